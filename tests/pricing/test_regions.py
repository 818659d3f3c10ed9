import pytest

from pricing.errors import UnknownRegion
from pricing.regions import Region, RegionTree
from workflows.errors import InvalidInput


def places(*pairs):
    return [Region(code, parent, "level") for code, parent in pairs]


def test_the_chain_goes_from_the_place_up_to_the_country():
    tree = RegionTree(places(("BJ-DO-COP", "BJ-DO"), ("BJ", None), ("BJ-DO", "BJ"), ("V", "BJ-DO-COP")))
    assert [r.code for r in tree.chain("V")] == ["V", "BJ-DO-COP", "BJ-DO", "BJ"]
    assert [r.code for r in tree.children("BJ")] == ["BJ-DO"]
    assert "V" in tree
    assert len(tree) == 4


def test_an_unknown_place_is_said():
    with pytest.raises(UnknownRegion, match="X is not a known region"):
        RegionTree(places(("BJ", None))).chain("X")


@pytest.mark.parametrize(
    ("regions", "codes"),
    [
        (places(("A", None), ("A", None)), ["duplicate-region"]),
        (places(("A", "B"), ("C", "D")), ["unknown-parent-region", "unknown-parent-region"]),
        (places(("A", "B"), ("B", "C"), ("C", "A"), ("D", "C")), ["region-circle"]),
        (places(("A", "A")), ["region-circle"]),
    ],
)
def test_a_broken_tree_names_all_its_mistakes(regions, codes):
    with pytest.raises(InvalidInput) as refused:
        RegionTree(regions)
    assert [p.code for p in refused.value.problems] == codes


def test_a_deep_tree_is_no_recursion():
    tree = RegionTree([Region(str(i), str(i - 1) if i else None, "x") for i in range(5000)])
    assert len(tree.chain("4999")) == 5000
