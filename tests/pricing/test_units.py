from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pricing.units import UNITS, Packaging, canonical, factor, unit


@pytest.mark.parametrize(
    ("source", "target", "expected"),
    [
        ("KGM", "GRM", Fraction(1000)),
        ("GRM", "TNE", Fraction(1, 1000000)),
        ("HAR", "MTK", Fraction(10000)),
        ("DAY", "HUR", Fraction(8)),
        ("C62", "DZN", Fraction(1, 12)),
        ("DAY", "DAY", Fraction(1)),
        ("BG", "XBG", Fraction(1)),
    ],
)
def test_units_of_the_same_measure_convert_exactly(source, target, expected):
    assert factor(source, target) == expected


@pytest.mark.parametrize(
    ("source", "target"), [("KGM", "LTR"), ("XBG", "KGM"), ("MON", "DAY"), ("XXX", "KGM"), ("KGM", "")]
)
def test_units_of_different_measures_do_not_convert(source, target):
    assert factor(source, target) is None


def test_an_unknown_unit_still_converts_to_itself():
    assert factor("ZZ9", "ZZ9") == 1


def test_a_bag_converts_through_its_packaging_in_both_directions():
    bag = [Packaging("NPK", "BG", "KGM", Fraction(50))]
    assert factor("XBG", "TNE", bag) == Fraction(1, 20)
    assert factor("GRM", "BG", bag) == Fraction(1, 50000)


def test_packages_in_packages_are_opened_in_turn():
    packages = [Packaging("OIL", "XBX", "XBO", Fraction(12)), Packaging("OIL", "XBO", "MLT", Fraction(750))]
    assert factor("XBX", "LTR", packages) == 9
    assert factor("LTR", "XBX", packages) == Fraction(1, 9)


def test_a_package_without_content_is_no_way():
    assert factor("XBG", "KGM", [Packaging("X", "XBG", "KGM", Fraction(0))]) is None


def test_circular_packaging_ends():
    circle = [Packaging("X", "XBG", "XBX", Fraction(2)), Packaging("X", "XBX", "XBG", Fraction(3))]
    assert factor("XBG", "KGM", circle) is None


@given(st.sampled_from(sorted(UNITS)), st.sampled_from(sorted(UNITS)))
def test_there_and_back_is_one(left, right):
    there, back = factor(left, right), factor(right, left)
    assert (there is None) == (back is None)
    assert there is None or there * back == 1


def test_every_unit_is_named_in_three_languages():
    assert all(set(u.names) == {"en", "fr", "es"} and all(u.names.values()) for u in UNITS.values())


def test_every_unit_has_a_plural_with_the_same_synonyms():
    for known in UNITS.values():
        assert set(known.plurals) == set(known.names)
        for language, plural in known.plurals.items():
            assert plural.count(",") == known.names[language].count(","), known.code
    assert unit("DAY").plurals["fr"] == "jours de travail"


def test_old_package_codes_are_understood():
    assert canonical("BG") == "XBG"
    assert unit("BG") is UNITS["XBG"]
    assert unit("nonsense") is None
