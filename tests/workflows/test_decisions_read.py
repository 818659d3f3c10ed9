"""Every mistake in a DMN file is told with its element; nothing in a file makes a traceback."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workflows import xml
from workflows.decisions import read
from workflows.decisions.reader import NAMESPACES

MODEL = "https://www.omg.org/spec/DMN/20230324/MODEL/"


def definitions(inside, namespace=MODEL, more=""):
    return f'<definitions xmlns="{namespace}" id="m" name="m" namespace="urn:m"{more}>{inside}</definitions>'.encode()


def literal(text, more=""):
    return f"<literalExpression{more}><text>{text}</text></literalExpression>"


def decision(name, logic, needs=""):
    return f'<decision id="{name}" name="{name}"><variable name="{name}"/>{needs}{logic}</decision>'


def needs(*names):
    return "".join(
        f'<informationRequirement><requiredDecision href="#{name}"/></informationRequirement>'
        for name in names
    )


def table(inside, more=""):
    return f'<decisionTable id="t"{more}>{inside}</decisionTable>'


IN = '<input id="i" label="x"><inputExpression><text>1</text></inputExpression></input>'
OUT = '<output id="o"/>'


def rule(*cells, results=("1",)):
    inside = "".join(f"<inputEntry><text>{cell}</text></inputEntry>" for cell in cells)
    inside += "".join(f"<outputEntry><text>{cell}</text></outputEntry>" for cell in results)
    return f'<rule id="r">{inside}</rule>'


@pytest.mark.parametrize("slash", ["", "/"])
@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("namespace", sorted(NAMESPACES))
def test_every_version_is_read(namespace, scheme, slash):
    reading = read(definitions(decision("d", literal("1 + 1")), f"{scheme}://{namespace}{slash}"))
    assert not reading.problems
    assert reading.model.decisions["d"].evaluate() == 2
    assert reading.model.declarations.version == NAMESPACES[namespace]


@pytest.mark.parametrize(("encoding", "declared"), [("cp1252", "windows-1252"), ("utf-16", "UTF-16")])
def test_a_model_in_the_encoding_of_an_older_tool_is_read(encoding, declared):
    text = (
        f'<?xml version="1.0" encoding="{declared}"?>' + definitions(decision("d", literal('"été"'))).decode()
    )
    reading = read(text.encode(encoding))
    assert not reading.problems
    assert reading.model.decisions["d"].evaluate() == "été"


CASES = {
    "xml-malformed": (b"<definitions", "1:1"),
    "xml-doctype": (b"<!DOCTYPE x><x/>", "1:12"),
    "not-dmn": (b'<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL"/>', ""),
    "dmn-version": (b'<definitions xmlns="https://www.omg.org/spec/DMN/20301231/MODEL/"/>', ""),
    "dmn-missing-part": (definitions(decision("d", "<list><invocation/></list>")), "d"),
    "dmn-duplicate-name": (definitions(decision("d", literal("1")) + decision("d", literal("2"))), "d"),
    "dmn-unresolved-reference": (definitions(decision("d", literal("1"), needs("gone"))), "d"),
    "dmn-cycle": (
        definitions(
            decision("a", literal("b"), needs("b")) + decision("b", literal("a"), needs("a"))
            + decision("c", literal("a"), needs("a"))
        ),
        "a",
    ),
    "dmn-unsupported": (definitions(decision("d", literal("1", ' id="x" expressionLanguage="groovy"'))), "x"),
    "dmn-invalid-expression": (definitions(decision("d", literal("1 +", ' id="x"'))), "x"),
    "dmn-table-shape": (definitions(decision("d", table(IN + OUT + rule()))), "r"),
    "dmn-too-large": (definitions(decision("d", table(IN + OUT + rule("1") * 5001))), "t"),
    "dmn-unknown-type": (definitions(decision("d", literal("1", ' id="x" typeRef="tGone"'))), "x"),
}  # fmt: skip


@pytest.mark.parametrize("code", sorted(CASES))
def test_each_mistake_is_found_at_its_element(code):
    document, place = CASES[code]
    found = [problem for problem in read(document).problems if problem.code == code]
    assert [problem.place for problem in found] == [place]
    assert found[0].text()


@pytest.mark.parametrize(
    ("logic", "why"),
    [
        (table(IN + rule("-", results=())), "no output"),
        (table(IN + OUT + OUT + rule("-", results=("1", "2"))), "a name of its own"),
        (table(IN + OUT, ' hitPolicy="WHATEVER"'), "hit policy"),
        (
            table(
                IN + '<output name="a"/><output name="b"/>' + rule("-", results=("1", "2")),
                ' hitPolicy="COLLECT" aggregation="SUM"',
            ),
            "aggregated",
        ),
    ],
)
def test_a_table_that_does_not_fit_together_says_why(logic, why):
    (problem,) = read(definitions(decision("d", logic))).problems
    assert problem.code == "dmn-table-shape"
    assert why in problem.text()


def test_a_mistake_in_a_cell_names_the_rule_and_the_column():
    (problem,) = read(definitions(decision("d", table(IN + OUT + rule("1 to 5"))))).problems
    assert problem.place == "r"
    assert "rule 1" in problem.text()
    assert "“x”" in problem.text()


def test_a_mistake_keeps_out_what_it_is_in_and_what_requires_it_only():
    inside = decision("bad", literal("1 +")) + decision("user", literal("bad"), needs("bad"))
    reading = read(definitions(inside + decision("good", literal("1"))))
    assert set(reading.model.decisions) == {"good"}


def test_a_circle_of_types_is_told():
    types = "".join(
        f'<itemDefinition name="{one}"><typeRef>{other}</typeRef></itemDefinition>'
        for one, other in ("ab", "ba")
    )
    assert [problem.code for problem in read(definitions(types)).problems] == ["dmn-cycle"]


def test_a_long_ladder_of_decisions_is_no_recursion():
    steps = decision("d0", literal("1"))
    steps += "".join(decision(f"d{n}", literal(f"d{n - 1} + 1"), needs(f"d{n - 1}")) for n in range(1, 3000))
    reading = read(definitions(steps))
    assert not reading.problems
    assert reading.model.decisions["d2999"].evaluate() == 3000


def test_large_files_are_read_in_time_that_grows_with_their_size():
    """Many types in a row, a context of many entries, many names with operators: nothing is squared."""
    types = "".join(
        f'<itemDefinition name="t{n}"><itemComponent name="a-{n}"><typeRef>t{n + 1}</typeRef></itemComponent>'
        "</itemDefinition>"
        for n in range(5000)
    )
    types += '<itemDefinition name="t5000"><typeRef>number</typeRef></itemDefinition>'
    many = "".join(decision(f"d{n}", literal("1 + 1")) for n in range(3000))
    assert not read(definitions(types + many)).problems


def test_nesting_ends_at_the_limit_of_the_reader():
    deep = "<list>" * 200 + literal("1") + "</list>" * 200
    reading = read(definitions(decision("d", deep)))
    assert [problem.code for problem in reading.problems] == ["xml-too-large"]


def test_the_limits_are_the_callers():
    reading = read(definitions(decision("d", literal("1"))), xml.Limits(size=20))
    assert [problem.code for problem in reading.problems] == ["xml-too-large"]


ELEMENTS = [
    "decision",
    "decisionTable",
    "input",
    "inputExpression",
    "output",
    "rule",
    "inputEntry",
    "outputEntry",
    "text",
    "literalExpression",
    "context",
    "contextEntry",
    "variable",
    "invocation",
    "binding",
    "parameter",
    "functionDefinition",
    "formalParameter",
    "relation",
    "column",
    "row",
    "list",
    "for",
    "in",
    "return",
    "some",
    "every",
    "satisfies",
    "filter",
    "match",
    "conditional",
    "if",
    "then",
    "else",
    "businessKnowledgeModel",
    "encapsulatedLogic",
    "knowledgeRequirement",
    "requiredKnowledge",
    "informationRequirement",
    "requiredDecision",
    "requiredInput",
    "inputData",
    "decisionService",
    "outputDecision",
    "inputDecision",
    "itemDefinition",
    "itemComponent",
    "typeRef",
    "allowedValues",
    "import",
    "functionItem",
    "defaultOutputEntry",
    "outputValues",
    "inputValues",
]
ATTRIBUTES = (
    "id",
    "name",
    "href",
    "typeRef",
    "hitPolicy",
    "aggregation",
    "isCollection",
    "iteratorVariable",
    "kind",
)
VALUES = (
    "a",
    "b",
    "#a",
    "#b",
    "a b",
    "number",
    "UNIQUE",
    "PRIORITY",
    "COLLECT",
    "SUM",
    "true",
    "",
    "x" * 300,
)
TEXTS = ("", "a", "1", "-", "&lt; 1", "a.b", "((", '"a", "b"', "[1..", "f(1)", "-" * 500, "not(a)", "?")


@st.composite
def trees(draw, depth=3):
    name = draw(st.sampled_from(ELEMENTS))
    chosen = draw(st.dictionaries(st.sampled_from(ATTRIBUTES), st.sampled_from(VALUES), max_size=3))
    attributes = "".join(f' {key}="{value}"' for key, value in chosen.items())
    inside = draw(st.sampled_from(TEXTS))
    if depth:
        inside += "".join(draw(st.lists(trees(depth=depth - 1), max_size=3)))
    return f"<{name}{attributes}>{inside}</{name}>"


@settings(max_examples=60, deadline=None)
@given(st.lists(trees(), max_size=5))
def test_whatever_is_in_a_file_is_read_without_a_traceback(inside):
    from workflows.decisions import DecisionFailed
    from workflows.decisions.lint import lint

    reading = read(definitions("".join(inside)))
    if reading.model is None:
        return
    lint(reading.model, level="executable")
    for asked in reading.model.decisions.values():
        try:
            asked.explain({"a": 1})
        except DecisionFailed:
            continue
