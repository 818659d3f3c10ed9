"""Lint finds gaps and overlaps of decision tables exactly, and says them as FEEL."""

import itertools
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workflows import feel
from workflows.decisions import DecisionFailed, read
from workflows.decisions.lint import DECISION_RULES, READING_CODES, lint
from workflows.decisions.lint.geometry import Geometry, TooComplexError

ROOT = Path(__file__).parents[2]
PAGES = ROOT / "docs/reference/lint"


def escaped(text):
    return text.replace("&", "&amp;").replace("<", "&lt;")


def model_of(inputs, rules, *, policy="UNIQUE", aggregation="", values="", default="", more=""):
    """inputs: name, or (name, type) or (name, type, allowed); rules: rows of cells, the result last."""
    inputs = [(each, "", "") if isinstance(each, str) else (*each, "")[:3] for each in inputs]
    declared = "".join(
        f'<inputData id="{name}" name="{name}"><variable name="{name}" typeRef="{kind or "Any"}"/></inputData>'
        for name, kind, _ in inputs
    )
    needs = "".join(
        f'<informationRequirement><requiredInput href="#{name}"/></informationRequirement>'
        for name, *_ in inputs
    )
    columns = "".join(
        f'<input id="i_{name}" label="{name}"><inputExpression><text>{name}</text></inputExpression>'
        + (f"<inputValues><text>{escaped(allowed)}</text></inputValues>" if allowed else "")
        + "</input>"
        for name, _, allowed in inputs
    )
    output = '<output id="o">'
    output += f"<outputValues><text>{values}</text></outputValues>" if values else ""
    output += f"<defaultOutputEntry><text>{default}</text></defaultOutputEntry>" if default else ""
    rows = "".join(
        f'<rule id="r{n}">'
        + "".join(f"<inputEntry><text>{escaped(cell)}</text></inputEntry>" for cell in row[:-1])
        + f"<outputEntry><text>{row[-1]}</text></outputEntry></rule>"
        for n, row in enumerate(rules, start=1)
    )
    collects = f' aggregation="{aggregation}"' if aggregation else ""
    reading = read(
        '<definitions xmlns="https://www.omg.org/spec/DMN/20230324/MODEL/" id="m" name="m" namespace="urn:m">'
        f'{more}{declared}<decision id="d" name="d"><variable name="d"/>{needs}'
        f'<decisionTable id="t" hitPolicy="{policy}"{collects}>{columns}{output}</output>{rows}</decisionTable>'
        "</decision></definitions>".encode()
    )
    assert not reading.problems, [problem.text() for problem in reading.problems]
    return reading.model


def told(*args, level="executable", **kwargs):
    return [
        (problem.code, problem.place, problem.params.get("values", ""))
        for problem in lint(model_of(*args, **kwargs), level=level)
    ]


def gaps(*args, **kwargs):
    return [values for code, place, values in told(*args, **kwargs) if code == "dmn-gap"]


# Gaps


@pytest.mark.parametrize(
    ("inputs", "rules", "expected"),
    [
        ([("x", "number")], [("< 18", 1), (">= 18", 2)], []),
        ([("x", "number")], [("< 18", 1), ("> 18", 2)], ["x: 18"]),
        ([("x", "number")], [("<= 17", 1), (">= 18", 2)], ["x: (17..18)"]),
        ([("x", "number")], [("[0..18)", 1), (">= 21", 2)], ["x: < 0, [18..21)"]),
        ([("x", "number", ">= 0")], [("[0..18)", 1), (">= 21", 2)], ["x: [18..21)"]),
        ([("x", "date")], [('<= date("2026-12-31")', 1), ('>= date("2027-01-01")', 2)], []),
        ([("x", "date")], [('< date("2026-12-31")', 1), ('>= date("2027-01-01")', 2)], ["x: 2026-12-31"]),
        ([("x", "boolean")], [("true", 1)], ["x: false"]),
        ([("x", "boolean")], [("true", 1), ("not(true)", 2)], []),
        ([("x", "string")], [('"a"', 1), ('"b"', 2)], ['x: not("a", "b")']),
        ([("x", "string", '"a", "b"')], [('"a"', 1)], ['x: "b"']),
        ([("x", "string", '"a", "b"')], [('"a"', 1), ('not("a")', 2)], []),
        ([("x", "days and time duration")], [('< duration("P1D")', 1)], ["x: >= P1D"]),
        (
            [("x", "number"), ("y", "boolean")],
            [("< 1", "-", 1), (">= 1", "true", 2)],
            ["x: >= 1; y: false"],
        ),
        (["x"], [("-", 1)], []),
        (["x"], [], ["-"]),
    ],
)
def test_gaps_are_the_values_that_no_rule_has(inputs, rules, expected):
    assert gaps(inputs, rules) == expected


def test_the_allowed_values_of_a_type_bound_the_search():
    more = (
        '<itemDefinition name="tArea"><typeRef>string</typeRef><allowedValues><text>"rural", "urban"</text>'
        "</allowedValues></itemDefinition>"
    )
    assert gaps([("area", "tArea")], [('"rural"', 1)], more=more) == ['area: "urban"']
    assert gaps([("area", "tArea")], [('"rural"', 1), ('"urban"', 2)], more=more) == []


def test_a_default_closes_every_gap_and_a_list_of_hits_may_be_empty():
    assert gaps([("x", "number")], [("< 1", 1)], default="0") == []
    assert gaps([("x", "number")], [("< 1", 1)], policy="COLLECT") == []
    assert gaps([("x", "number")], [("< 1", 1)], policy="COLLECT", aggregation="SUM") == ["x: >= 1"]


# Overlaps


def test_an_overlap_names_the_rules_and_the_values():
    found = told(
        [("x", "number"), ("y", "boolean")], [("< 18", "-", 1), (">= 10", "true", 2), (">= 18", "false", 3)]
    )
    assert ("dmn-overlap", "r2", "x: [10..18); y: true") in found


def test_an_overlap_with_the_same_result_is_milder():
    assert [code for code, *_ in told([("x", "number")], [("-", "1.0"), ("< 3", "1.0")])] == [
        "dmn-overlap-agreeing"
    ]


def test_an_any_table_may_overlap_where_it_agrees():
    assert told([("x", "number")], [("-", 1), ("< 3", 1)], policy="ANY") == []
    assert [code for code, *_ in told([("x", "number")], [("-", 1), ("< 3", 2)], policy="ANY")] == [
        "dmn-overlap"
    ]
    assert told([("x", "number")], [("< 3", 1), ("-", 2)], policy="FIRST") == []


CELLS = [
    "-",
    "< 2",
    "<= 2",
    "[1..3)",
    "(1..3]",
    "2",
    "not(2)",
    "1, 3",
    "> 3",
    "!= 1",
    "[2..1]",
    "? > 1",
    "< y",
]
POINTS = [number / 2 for number in range(9)]
rows = st.tuples(st.sampled_from(CELLS), st.sampled_from(CELLS), st.integers(1, 2))


@settings(max_examples=120, deadline=None)
@given(st.lists(rows, min_size=1, max_size=5))
def test_what_is_told_is_true_and_without_opaque_cells_complete(rules):
    """Against every point of a grid finer than the constants."""
    model = model_of([("x", "number"), ("y", "number")], rules)
    problems = lint(model, level="executable")
    asked = model.decisions["d"]
    hits = {}
    for x, y in itertools.product(POINTS, POINTS):
        try:
            (hit,) = asked.explain({"x": x, "y": y}).tables
            hits[x, y] = {number for number, _ in hit.rules}
        except DecisionFailed as failed:
            hits[x, y] = {int(number) for number in failed.problem.params["rules"].split(",")}
    exact = not any(problem.code == "dmn-not-analysed" for problem in problems)
    empty = {point for point, found in hits.items() if not found}
    assert _points([p for p in problems if p.code == "dmn-gap"]) <= empty
    pairs = {pair for found in hits.values() for pair in itertools.combinations(sorted(found), 2)}
    named = {(p.params["first"], p.params["second"]) for p in problems if p.code.startswith("dmn-overlap")}
    assert named <= pairs
    if exact:
        assert bool(empty) == any(problem.code == "dmn-gap" for problem in problems)
        assert named == pairs


def _points(found):
    """The points of the grid within the gaps that are told, read back as unary tests."""
    inside = set()
    for problem in found:
        cells = dict(re.findall(r"(\w): ([^;]+)", problem.params["values"]))
        tests = [feel.unary_tests(cells.get(name, "-")) for name in "xy"]
        inside |= {
            (x, y)
            for x, y in itertools.product(POINTS, POINTS)
            if tests[0].matches(x) and tests[1].matches(y)
        }
    return inside


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from(CELLS[:11]), st.sampled_from(CELLS[:11]), st.integers(1, 2)), max_size=6
    )
)
def test_a_rule_is_unreachable_exactly_when_it_never_decides(rules):
    model = model_of([("x", "number"), ("y", "number")], rules, policy="FIRST")
    dead = {p.params["rule"] for p in lint(model, level="executable") if p.code == "dmn-unreachable-rule"}
    grid = itertools.product(POINTS, POINTS)
    first = {
        tables[0].rules[0][0]
        for x, y in grid
        if (tables := model.decisions["d"].explain({"x": x, "y": y}).tables)[0].rules
    }
    assert dead == set(range(1, len(rules) + 1)) - first


# The other codes


def test_an_impossible_cell_makes_its_rule_unreachable():
    assert ("dmn-unreachable-rule", "r1", "") in told([("x", "number")], [("[5..1]", 1), ("-", 2)])
    assert ("dmn-unreachable-rule", "r1", "") in told([("x", "string", '"a"')], [('"b"', 1), ("-", 2)])


def test_a_rule_behind_all_its_values_is_unreachable():
    rules = [("< 5", 1), (">= 5", 2), ("3", 3)]
    assert told([("x", "number")], rules, policy="FIRST") == [("dmn-unreachable-rule", "r3", "")]


def test_results_and_priorities():
    assert ("dmn-result-not-allowed", "r1", "") in told(["x"], [("-", '"c"')], values='"a", "b"')
    assert told(["x"], [("-", '"a"')], values='"a", "b"') == []
    assert ("dmn-without-priority", "t", "") in told(["x"], [("-", 1)], policy="PRIORITY")


def test_computed_cells_are_told_once_and_prove_nothing():
    rules = [("< y", "-", 1), (">= y", "-", 2)]
    assert told(["x", "y"], rules) == [("dmn-not-analysed", "t", "")]


def test_what_is_read_is_required_and_what_is_required_is_read():
    reading = read(
        b'<definitions xmlns="https://www.omg.org/spec/DMN/20230324/MODEL/" id="m" name="m" namespace="urn:m">'
        b'<inputData id="a" name="a"/><decision id="d" name="d"><literalExpression id="l"><text>a + count([1])</text>'
        b'</literalExpression></decision><decision id="e" name="e"/></definitions>'
    )
    found = {
        (problem.code, problem.place, problem.severity) for problem in lint(reading.model, level="executable")
    }
    assert found == {
        ("dmn-unknown-name", "l", "error"),
        ("dmn-missing-logic", "e", "warning"),
        ("dmn-unused-input", "a", "info"),
    }
    assert [p.place for p in lint(reading.model, level="preview")] == ["a", "l", "e"]


def test_a_hostile_table_ends_at_the_budget():
    """Ten columns of ten values, each rule wide in most: the rest is another one for every combination."""
    names = [f"x{n}" for n in range(12)]
    rules = [
        (*("-" if (n * 7 + c * 5) % 3 else f"[{(n + c) % 9}..{(n + c) % 9 + 3}]" for c in range(12)), "1")
        for n in range(150)
    ]
    model = model_of([(name, "number") for name in names], rules, policy="ANY")
    codes = {problem.code for problem in lint(model, level="executable")}
    assert "dmn-too-complex" in codes or "dmn-gap" in codes
    with pytest.raises(TooComplexError):
        Geometry(model.tables[0], budget=10).gaps(10)


def test_a_table_of_a_thousand_rules_is_looked_through():
    rules = [(f"[{n}..{n + 1})", "-", n) for n in range(1000)]
    assert told([("x", "number"), "y"], rules) == [("dmn-gap", "t", "x: < 0, >= 1000")]


# Documents


def test_every_code_has_a_page_with_its_severity():
    for code, rule in DECISION_RULES.items():
        page = (PAGES / f"{code}.md").read_text("utf-8")
        assert page.startswith(f"# {code}\n")
        assert f"Severity: {rule.preview} in a preview, {rule.executable} for publishing." in page
    for code in READING_CODES:
        page = (PAGES / f"{code}.md").read_text("utf-8")
        assert page.startswith(f"# {code}\n")
        assert ", found while reading the file." in page


def test_every_code_in_the_sources_is_registered():
    lint_sources = list((ROOT / "workflows/decisions/lint").glob("*.py"))
    emitted = {
        code
        for source in lint_sources
        for code in re.findall(r'Problem\(\s*"([a-z-]+)"', source.read_text("utf-8"))
    }
    assert emitted | {"dmn-missing-logic"} == set(DECISION_RULES)
    reported = (ROOT / "workflows/decisions/problems.py").read_text("utf-8")
    assert set(re.findall(r'Problem\(\s*"([a-z-]+)"', reported)) >= READING_CODES


def test_publishing_is_never_milder_than_a_preview():
    rank = {None: 0, "info": 1, "warning": 2, "error": 3, "fatal": 4}
    assert all(rank[rule.executable] >= rank[rule.preview] for rule in DECISION_RULES.values())
