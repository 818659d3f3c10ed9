"""The shipped services are found and loaded by code and version."""

from __future__ import annotations

import pytest

from service_library import library
from service_library.errors import UnknownService


def test_versions_are_in_the_order_of_their_numbers() -> None:
    assert sorted(["1.10.0", "1.9.0", "1.2.11"], key=library._order) == ["1.2.11", "1.9.0", "1.10.0"]


def test_a_service_is_loaded_once() -> None:
    assert library.load("village_meeting", "1.0.0") is library.load("village_meeting", "1.0.0")


@pytest.mark.parametrize(
    ("code", "version"),
    [("village_meeting", "9.9.9"), ("nothing", "1.0.0"), ("../services/village_meeting", "1.0.0"), ("", "")],
)
def test_an_unknown_service_is_refused_with_what_there_is(code: str, version: str) -> None:
    with pytest.raises(UnknownService, match=r"community_profile 1\.1\.0"):
        library.load(code, version)
