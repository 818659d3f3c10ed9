"""The number of the next version follows from what changed."""

import pytest

from service_library import starters
from service_library.compare import compare
from service_library.numbering import kind_of_change, next_number
from service_library.package import assemble

FILES = starters.make("village_meeting", code="x", names={}, version="1.0.0")


def package(bpmn=FILES.bpmn, **forms):
    assembly = assemble(bpmn, {**FILES.forms, **forms}, version="1.0.0")
    assert assembly.package is not None, assembly.problems
    return assembly.package


def changed(old, new):
    assert old in FILES.bpmn
    return package(FILES.bpmn.replace(old, new))


def form(ref, old, new):
    assert old in FILES.forms[ref]
    return package(**{ref: FILES.forms[ref].replace(old, new)})


@pytest.mark.parametrize(
    ("new", "kind"),
    [
        (package(), "none"),
        (changed(b'x="160"', b'x="150"'), "none"),
        (changed(b">Village meeting<", b">Meeting of the village<"), "words"),
        (changed(b'name="Enough people?"', b'name="Enough adults?"'), "words"),
        (changed(b'deadlineDays="5"', b'deadlineDays="6"'), "means"),
        (changed(b"<run:quantity>2 * distance_km<", b"<run:quantity>3 * distance_km<"), "means"),
        (changed(b'default="50"', b'default="60"'), "means"),
        (changed(b'probability="0.8"', b'probability="0.7"'), "means"),
        (changed(b"present_adults &gt;= quorum", b"present_adults &gt; quorum"), "protocol"),
        (changed(b'policy="coordinator"', b'policy="counter_visit"'), "protocol"),
        (form("hold", b"How many adults were present?", b"How many adults came?"), "words"),
        (form("hold", b". <= 2000", b". <= 3000"), "protocol"),
    ],
)
def test_the_kind_of_a_change(new, kind):
    assert kind_of_change(compare(package(), new)) == kind


def test_the_next_number():
    assert [next_number("1.4.2", k) for k in ("none", "words", "means", "protocol")] == [
        "1.4.3", "1.4.3", "1.5.0", "2.0.0",
    ]  # fmt: skip
