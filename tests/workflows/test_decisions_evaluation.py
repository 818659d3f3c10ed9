"""A decision model is read once and decides as DMN says, or says which rule or input stands in the way."""

import datetime
from decimal import Decimal

import pytest

from workflows.decisions import DecisionFailed, read
from workflows.feel.evaluation import Limits
from workflows.feel.temporal import parse_temporal

MODEL = "https://www.omg.org/spec/DMN/20230324/MODEL/"
NOW = datetime.datetime(2026, 11, 21, 12, tzinfo=datetime.UTC)


def definitions(*parts, namespace=MODEL, own="urn:m"):
    return f'<definitions xmlns="{namespace}" id="m" name="m" namespace="{own}">{"".join(parts)}</definitions>'.encode()


def escaped(text):
    return text.replace("&", "&amp;").replace("<", "&lt;")


def literal(text, type_ref=""):
    kind = f' typeRef="{type_ref}"' if type_ref else ""
    return f"<literalExpression{kind}><text>{escaped(text)}</text></literalExpression>"


def data(name, type_ref="", id_=""):
    kind = f' typeRef="{type_ref}"' if type_ref else ""
    return f'<inputData id="{id_ or name}" name="{name}"><variable name="{name}"{kind}/></inputData>'


def decision(name, logic, *, inputs=(), decisions=(), knowledge=(), type_ref=""):
    needs = "".join(
        f'<informationRequirement><requiredInput href="#{each}"/></informationRequirement>' for each in inputs
    )
    needs += "".join(
        f'<informationRequirement><requiredDecision href="#{each}"/></informationRequirement>'
        for each in decisions
    )
    needs += "".join(
        f'<knowledgeRequirement><requiredKnowledge href="#{each}"/></knowledgeRequirement>'
        for each in knowledge
    )
    kind = f' typeRef="{type_ref}"' if type_ref else ""
    return f'<decision id="{name}" name="{name}"><variable name="{name}"{kind}/>{needs}{logic}</decision>'


def knowledge(name, parameters, body, needs=""):
    formal = "".join(f'<formalParameter name="{each}"/>' for each in parameters)
    return (
        f'<businessKnowledgeModel id="{name}" name="{name}"><encapsulatedLogic>{formal}{body}'
        f"</encapsulatedLogic>{needs}</businessKnowledgeModel>"
    )


def clause(kind, text):
    return f"<{kind}><text>{escaped(text)}</text></{kind}>" if text else ""


def table(inputs, outputs, rules, policy="UNIQUE", aggregation=""):
    """inputs: (expression, values); outputs: (name, values, default); rules: rows of cells."""
    columns = "".join(
        f'<input id="in{n}" label="{text}"><inputExpression><text>{text}</text></inputExpression>'
        f"{clause('inputValues', values)}</input>"
        for n, (text, values) in enumerate(inputs)
    )
    columns += "".join(
        f'<output id="out{n}" name="{name}">{clause("outputValues", values)}'
        f"{clause('defaultOutputEntry', default)}</output>"
        for n, (name, values, default) in enumerate(outputs)
    )
    rows = "".join(
        f'<rule id="rule{n}">'
        + "".join(f"<inputEntry><text>{escaped(cell)}</text></inputEntry>" for cell in row[: len(inputs)])
        + "".join(f"<outputEntry><text>{escaped(cell)}</text></outputEntry>" for cell in row[len(inputs) :])
        + "<annotationEntry><text>why</text></annotationEntry></rule>"
        for n, row in enumerate(rules, start=1)
    )
    more = f' aggregation="{aggregation}"' if aggregation else ""
    return f'<decisionTable id="t" hitPolicy="{policy}"{more}>{columns}{rows}</decisionTable>'


def model_of(*parts, **more):
    reading = read(definitions(*parts, **more))
    assert not reading.problems, [problem.text() for problem in reading.problems]
    return reading.model


def decided(logic, context=None, *, inputs=(), type_ref=""):
    declared = [data(name) for name in inputs]
    model = model_of(*declared, decision("d", logic, inputs=inputs, type_ref=type_ref))
    return model.decisions["d"].run(context or {}, now=NOW)


def ages(policy, rules, outputs=(("", "", ""),), aggregation=""):
    logic = table([("age", "")], outputs, rules, policy, aggregation)
    return model_of(data("age"), decision("d", logic, inputs=["age"])).decisions["d"]


# Hit policies


def test_a_unique_table_gives_the_result_of_the_one_rule_that_hits():
    asked = ages("UNIQUE", [("< 18", '"child"'), (">= 18", '"adult"')])
    assert [asked.evaluate({"age": age}) for age in (17, 18, Decimal("17.9"))] == ["child", "adult", "child"]


def test_a_unique_table_with_several_hits_fails_and_names_the_rules():
    asked = ages("UNIQUE", [("< 18", "1"), ("-", "2"), ("> 10", "3")])
    with pytest.raises(DecisionFailed) as failed:
        asked.evaluate({"age": 12})
    assert failed.value.problem.code == "dmn-several-hits"
    assert failed.value.element == "t"
    assert "1, 2, 3" in str(failed.value)


def test_an_any_table_asks_the_rules_to_agree():
    asked = ages("ANY", [("< 18", "1"), ("-", "1"), ("> 60", "2")])
    assert asked.evaluate({"age": 12}) == 1
    with pytest.raises(DecisionFailed, match="2, 3"):
        asked.evaluate({"age": 70})


def test_a_first_table_takes_the_first():
    asked = ages("FIRST", [("> 60", "3"), ("> 18", "2"), ("-", "1")])
    assert [asked.evaluate({"age": age}) for age in (70, 30, 5)] == [3, 2, 1]


OUTPUTS = [("who", '"elder", "adult", "child"', "")]
PEOPLE = [("> 18", '"adult"'), ("-", '"child"'), ("> 60", '"elder"')]


def test_a_priority_table_takes_the_highest_output_value():
    assert ages("PRIORITY", PEOPLE, OUTPUTS).evaluate({"age": 70}) == "elder"


def test_output_order_sorts_by_priority_and_rule_order_does_not():
    assert ages("OUTPUT ORDER", PEOPLE, OUTPUTS).evaluate({"age": 70}) == ["elder", "adult", "child"]
    assert ages("RULE ORDER", PEOPLE, OUTPUTS).evaluate({"age": 70}) == ["adult", "child", "elder"]


def test_priorities_of_several_outputs_go_from_left_to_right():
    outputs = [("a", '"x", "y"', ""), ("b", "1, 2", "")]
    asked = ages("OUTPUT ORDER", [("-", '"y"', "1"), ("-", '"x"', "2"), ("-", '"x"', "1")], outputs)
    assert asked.evaluate({"age": 1}) == [{"a": "x", "b": 1}, {"a": "x", "b": 2}, {"a": "y", "b": 1}]


@pytest.mark.parametrize(
    ("aggregation", "expected"), [("", [10, 5, 10]), ("SUM", 25), ("MIN", 5), ("MAX", 10), ("COUNT", 3)]
)
def test_a_collect_table_aggregates(aggregation, expected):
    asked = ages(
        "COLLECT", [("> 1", "10"), ("> 2", "5"), ("> 3", "10"), ("> 90", "1000")], aggregation=aggregation
    )
    assert asked.evaluate({"age": 50}) == expected


def test_what_cannot_be_aggregated_is_null_with_a_warning():
    asked = ages("COLLECT", [("-", '"a"'), ("-", "1")], aggregation="SUM")
    outcome = asked.run({"age": 1})
    assert outcome.value is None
    assert [warning.code for warning in outcome.warnings] == ["dmn-not-aggregable"]


def test_several_outputs_make_a_context_and_defaults_stand_in():
    outputs = [("fee", "", "0"), ("note", "", "")]
    asked = ages("UNIQUE", [("< 18", "5", '"reduced"')], outputs)
    assert asked.evaluate({"age": 3}) == {"fee": 5, "note": "reduced"}
    assert asked.evaluate({"age": 30}) == {"fee": 0, "note": None}


def test_no_hit_and_no_default_is_null_with_a_warning_at_the_table():
    outcome = ages("UNIQUE", [("< 18", "1")]).run({"age": 20})
    assert outcome.value is None
    assert [(warning.code, warning.place) for warning in outcome.warnings] == [("dmn-no-hit", "t")]


# Cells


@pytest.mark.parametrize(
    ("cell", "value", "hits"),
    [
        ("-", None, True),
        ("", 7, True),
        ("< 10", 9, True),
        ("< 10", None, False),
        ("< 10", "nine", False),
        ("[1..5)", 5, False),
        ("]1..5]", 1, False),
        ("1, 3, [7..9]", 8, True),
        ("not(1, 3)", 3, False),
        ("not(1, 3)", 2, True),
        ("not(1, 3)", "x", False),
        ('"a", "b"', "b", True),
        ('["a".."f"]', "e", True),
        ("null", None, True),
        ("null", 1, False),
        ("not(null)", 1, True),
        ("!= 4", 4, False),
        ("!= 4", 5, True),
        ("true", True, True),
        ("false", True, False),
        ("? > 3 and ? < 9", 5, True),
        ("< limit", 5, True),
        ("[limit..20]", 5, False),
        ('date("2026-01-01")', datetime.date(2026, 1, 1), True),
        ('< @"2026-01-01"', datetime.date(2025, 12, 31), True),
        ('> duration("P1D")', datetime.timedelta(days=2), True),
        ('> duration("P1M")', parse_temporal("P2M"), True),
        ("[1, 2]", [1, 2], True),
        ("[5..1]", 3, False),
        ('< today() + duration("P1D")', datetime.date(2026, 11, 21), True),
    ],
)
def test_cells_are_unary_tests(cell, value, hits):
    logic = table([("x", "")], [("", "", "false")], [(cell, "true")])
    asked = model_of(data("x"), data("limit"), decision("d", logic, inputs=["x", "limit"])).decisions["d"]
    assert asked.evaluate({"x": value, "limit": 6}, now=NOW) is hits


def test_the_search_of_an_axis_finds_what_the_tests_find():
    """Every cell is also asked through `?`, which is no constant and so tested one by one."""
    cells = [
        "< 0",
        "<= 0",
        "[0..10)",
        "(3..7]",
        "5",
        "not(5)",
        "2, 4, 8",
        "!= 3",
        "> 10",
        "not([2..8])",
        "null",
    ]
    fast = [(cell, str(n)) for n, cell in enumerate(cells)]
    slow = [
        ("? in (" + cell + ")" if not cell.startswith("not") else f"not(? in {cell[3:]})", str(n))
        for n, cell in enumerate(cells)
    ]
    slow = [(cell.replace("? in (!= 3)", "? != 3").replace("? in (null)", "? = null"), n) for cell, n in slow]
    asked = [ages("COLLECT", rules) for rules in (fast, slow)]
    for twentieth in range(-20, 240):
        value = Decimal(twentieth) / 20
        assert asked[0].evaluate({"age": value}) == asked[1].evaluate({"age": value}), value


def test_an_input_outside_its_values_fails_and_names_the_input():
    logic = table([("area", '"rural", "urban"')], [("", "", "")], [("-", "1")])
    asked = model_of(data("area"), decision("d", logic, inputs=["area"])).decisions["d"]
    assert asked.evaluate({"area": "rural"}) == 1
    with pytest.raises(DecisionFailed) as failed:
        asked.evaluate({"area": "lunar"})
    assert failed.value.problem.code == "dmn-input-not-allowed"
    assert "lunar" in str(failed.value)
    assert "area" in str(failed.value)


def test_a_result_outside_the_output_values_fails():
    logic = table([("x", "")], [("", '"a", "b"', "")], [("-", "x")])
    asked = model_of(data("x"), decision("d", logic, inputs=["x"])).decisions["d"]
    assert asked.evaluate({"x": "a"}) == "a"
    with pytest.raises(DecisionFailed) as failed:
        asked.evaluate({"x": "c"})
    assert failed.value.problem.code == "dmn-output-not-allowed"


# Boxed expressions


@pytest.mark.parametrize(
    ("logic", "expected"),
    [
        (literal("1 + 1"), 2),
        (
            "<context><contextEntry><variable name='a b'/>" + literal("2") + "</contextEntry><contextEntry>"
            "<variable name='c'/>" + literal("a b * 3") + "</contextEntry></context>",
            {"a b": 2, "c": 6},
        ),
        (
            "<context><contextEntry><variable name='a'/>" + literal("2") + "</contextEntry><contextEntry>"
            + literal("a + 1") + "</contextEntry></context>",
            3,
        ),
        ("<list>" + literal("1") + literal('"x"') + "</list>", [1, "x"]),
        (
            "<relation><column name='n'/><column name='unit-price'/><row>" + literal("1") + literal("2")
            + "</row></relation>",
            [{"n": 1, "unit-price": 2}],
        ),
        (
            "<context><contextEntry><variable name='fact'/><functionDefinition><formalParameter name='n'/>"
            + literal("if n <= 1 then 1 else n * fact(n - 1)") + "</functionDefinition></contextEntry>"
            "<contextEntry>" + literal("fact(5)") + "</contextEntry></context>",
            120,
        ),
        (
            "<conditional><if>" + literal("1 > 2") + "</if><then>" + literal("1") + "</then><else>" + literal("2")
            + "</else></conditional>",
            2,
        ),
        (
            "<filter><in>" + literal("[{age: 3}, {age: 30}]") + "</in><match>" + literal("age > 18")
            + "</match></filter>",
            [{"age": 30}],
        ),
        (
            "<for iteratorVariable='i'><in>" + literal("1..3") .replace("1..3", "[1..3]") + "</in><return>"
            + literal("i * i + count(partial)") + "</return></for>",
            [1, 5, 11],
        ),
        (
            "<some iteratorVariable='i'><in>" + literal("[1, 2]") + "</in><satisfies>" + literal("i > 1")
            + "</satisfies></some>",
            True,
        ),
        (
            "<every iteratorVariable='i'><in>" + literal("[1, 2]") + "</in><satisfies>" + literal("i > 1")
            + "</satisfies></every>",
            False,
        ),
    ],
)  # fmt: skip
def test_boxed_expressions(logic, expected):
    assert decided(logic).value == expected


def test_an_invocation_binds_by_name():
    call = "<invocation>" + literal("minus") + "".join(
        f"<binding><parameter name='{name}'/>{literal(value)}</binding>" for name, value in (("b", "1"), ("a", "5"))
    ) + "</invocation>"  # fmt: skip
    model = model_of(
        knowledge("minus", ["a", "b"], literal("a - b")), decision("d", call, knowledge=["minus"])
    )
    assert model.decisions["d"].evaluate() == 4


def test_a_knowledge_model_sees_its_parameters_and_not_the_callers_values():
    model = read(
        definitions(
            data("secret"),
            knowledge("spy", [], literal("secret")),
            decision("d", literal("[secret, spy()]"), inputs=["secret"], knowledge=["spy"]),
        )
    ).model
    assert model.decisions["d"].evaluate({"secret": 7}) == [7, None]


# Requirements


def test_a_decision_lists_all_inputs_it_reads_and_no_others():
    model = model_of(
        data("a"), data("b"), data("c"),
        decision("first", literal("a"), inputs=["a"]),
        decision("second", literal("first + b"), inputs=["b"], decisions=["first"]),
    )  # fmt: skip
    assert model.decisions["second"].inputs == {"a", "b"}
    assert model.decisions["second"].evaluate({"a": 1, "b": 2, "c": 3}) == 3


def test_a_required_decision_is_made_once():
    """A ladder of decisions, each requiring the one below twice over, ends at once."""
    steps = [decision("d0", literal("1")), decision("e0", literal("1"))]
    for n in range(1, 40):
        both = [f"d{n - 1}", f"e{n - 1}"]
        steps += [decision(f"{kind}{n}", literal(" + ".join(both)), decisions=both) for kind in "de"]
    model = model_of(*steps)
    assert model.decisions["d39"].evaluate() == 2**39
    assert len(model.decisions["d39"].explain().decisions) == 79


def test_only_what_is_required_is_seen():
    reading = read(definitions(data("a"), decision("d", literal("a"))))
    outcome = reading.model.decisions["d"].run({"a": 1})
    assert outcome.value is None
    assert [(warning.code, warning.place) for warning in outcome.warnings] == [("feel-unknown-name", "d")]


def test_a_missing_input_is_null_with_a_warning():
    model = model_of(data("a", "number"), decision("d", literal("a"), inputs=["a"]))
    outcome = model.decisions["d"].run({})
    assert outcome.value is None
    assert [(warning.code, warning.place) for warning in outcome.warnings] == [("dmn-missing-input", "a")]


def test_a_decision_service_is_called_with_inputs_and_decisions():
    service = (
        '<decisionService id="s" name="s"><outputDecision href="#d"/><inputDecision href="#e"/>'
        '<inputData href="#a"/></decisionService>'
    )
    model = model_of(
        data("a"),
        decision("e", literal('"never made"')),
        decision("d", literal("a + e"), inputs=["a"], decisions=["e"]),
        decision("caller", literal("s(e: 1, a: 2)"), knowledge=["s"]),
        service,
    )
    assert model.decisions["caller"].evaluate() == 3
    assert model.services["s"].evaluate({"a": 3, "e": 4}) == 7


def test_another_model_is_imported_by_its_namespace():
    lower = model_of(
        '<itemDefinition name="tAge"><typeRef>number</typeRef></itemDefinition>', data("age", "tAge"),
        decision("double", literal("age * 2"), inputs=["age"]), own="urn:lower",
    )  # fmt: skip
    upper = (
        '<import namespace="urn:lower" name="low" importType="x"/><decision id="d" name="d"><variable name="d"/>'
        '<informationRequirement><requiredDecision href="urn:lower#double"/></informationRequirement>'
        + literal("low.double + 1") + "</decision>"
    )  # fmt: skip
    reading = read(definitions(upper), imports=[lower])
    assert not reading.problems
    assert reading.model.decisions["d"].evaluate({"age": 4}) == 9
    assert read(definitions(upper)).problems[0].code == "dmn-unresolved-reference"


# Types

TYPES = (
    '<itemDefinition name="tScores" isCollection="true"><typeRef>tScore</typeRef></itemDefinition>'
    '<itemDefinition name="tScore"><typeRef>number</typeRef><allowedValues><text>[0..10]</text></allowedValues>'
    "</itemDefinition>"
    '<itemDefinition name="tPerson"><itemComponent name="name"><typeRef>string</typeRef></itemComponent>'
    '<itemComponent name="best-of"><typeRef>tScores</typeRef></itemComponent></itemDefinition>'
)


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        ("number", 5, 5),
        ("number", "5", None),
        ("number", [5], 5),
        ("feel:number", 5, 5),
        ("tScore", 5, 5),
        ("tScore", 11, None),
        ("tScores", 5, [5]),
        ("tScores", [5, 11], None),
        ("tPerson", {"name": "Awa", "best-of": [1]}, {"name": "Awa", "best-of": [1]}),
        ("tPerson", {"name": "Awa"}, None),
        ("tPerson", {"name": "Awa", "best-of": None, "more": 1}, {"name": "Awa", "best-of": None, "more": 1}),
        ("Any", "x", "x"),
    ],
)
def test_inputs_are_made_to_fit_their_type_or_null(kind, value, expected):
    model = model_of(TYPES, data("x", kind), decision("d", literal("x"), inputs=["x"]))
    outcome = model.decisions["d"].run({"x": value})
    assert outcome.value == expected
    assert [warning.code for warning in outcome.warnings] == (["dmn-wrong-type"] if expected is None else [])


def test_a_date_is_the_beginning_of_its_day_where_a_moment_is_due():
    moment = decided(literal('date("2026-11-21")'), type_ref="dateTime").value
    assert moment == parse_temporal("2026-11-21T00:00:00Z")


def test_names_with_operators_are_recognised_behind_a_point_and_in_requirements():
    model = model_of(
        TYPES, data("who-is", "tPerson", "w"), decision("d", literal("who-is.best-of[1] - 1"), inputs=["w"])
    )
    assert model.decisions["d"].evaluate({"who-is": {"name": "Awa", "best-of": [9]}}) == 8


def test_instance_of_knows_the_types_of_the_file():
    model = model_of(TYPES, decision("d", literal("[[3] instance of tScores, 3 instance of tPerson]")))
    assert model.decisions["d"].evaluate() == [True, False]


# Bounds, explanations


def test_all_of_an_evaluation_counts_into_one_budget():
    burn = literal("count(for i in 1..40000 return i)")
    steps = [decision(f"d{n}", burn) for n in range(12)]
    last = decision("last", literal("d0"), decisions=[f"d{n}" for n in range(12)])
    model = model_of(*steps, last)
    assert model.decisions["d0"].evaluate() == 40000
    with pytest.raises(DecisionFailed) as failed:
        model.decisions["last"].run(limits=Limits(steps=200_000))
    assert failed.value.problem.code == "dmn-limit"


def test_a_message_shows_only_the_beginning_of_a_value_that_does_not_fit():
    nested = ['["x"]', *(f"[{', '.join([f'a{n}'] * 10)}]" for n in range(14))]
    steps = [
        decision(
            f"a{n}", literal(text), decisions=[f"a{n - 1}"] if n else [], type_ref="" if n < 14 else "number"
        )
        for n, text in enumerate(nested)
    ]
    outcome = model_of(*steps).decisions["a14"].run()
    assert outcome.value is None
    (warning,) = outcome.warnings
    assert "[[…], […], […], […], […], …]" in warning.text()


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ('[1, null, "a"]', '[1, null, "a"]'),
        ("{a: {b: {c: 1}}}", "{a: {…}}"),
        ("[1..3)", "[1..3)"),
        ("(< 5)", "(..5)"),
        ("function(x) x", "function"),
        ('@"P1D"', "P1D"),
    ],
)
def test_a_message_shows_the_value_as_feel(text, shown):
    (warning,) = decided(literal(text), type_ref="boolean").warnings
    assert shown in warning.text()


def test_a_value_no_type_of_feel_has_fails_without_a_traceback():
    model = model_of(data("a"), decision("d", literal("a"), inputs=["a"]))
    with pytest.raises(DecisionFailed, match="not a type of FEEL"):
        model.decisions["d"].evaluate({"a": object()})


def test_endless_recursion_fails():
    logic = (
        "<context><contextEntry><variable name='f'/><functionDefinition><formalParameter name='n'/>"
        + literal("f(n + 1)") + "</functionDefinition></contextEntry><contextEntry>" + literal("f(1)")
        + "</contextEntry></context>"
    )  # fmt: skip
    with pytest.raises(DecisionFailed):
        decided(logic)


def test_now_is_the_callers():
    assert decided(literal("string(today())")).value == "2026-11-21"


def test_an_explanation_has_inputs_decisions_and_the_rules_that_hit():
    logic = table([("age", ""), ("base", "")], [("", "", "")], [("< 18", "-", "1"), (">= 18", "> 1", "2")])
    model = model_of(
        data("age"), decision("base", literal("3")), decision("d", logic, inputs=["age"], decisions=["base"])
    )
    explained = model.decisions["d"].explain({"age": 40})
    assert explained.value == 2
    assert explained.inputs == {"age": 40}
    assert explained.decisions == {"base": 3, "d": 2}
    (hit,) = explained.tables
    assert (hit.place, hit.inputs, hit.rules) == ("t", (("age", 40), ("base", 3)), ((2, "rule2"),))


def test_a_program_is_another_when_a_decision_it_asks_is():
    from workflows import engine
    from workflows.decisions import read as read_model
    from workflows.definitions.read import read as read_diagram

    def model(text):
        return read_model(
            '<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" id="m" name="m" namespace="urn:m">'
            f'<decision id="rate" name="rate"><literalExpression><text>{text}</text></literalExpression></decision>'
            "</definitions>".encode()
        ).model

    def program(decisions):
        return engine.program(diagram, decisions).sha256

    diagram = read_diagram(
        b'<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" '
        b'xmlns:run="https://w3id.org/run-services/bpmn/1.0"><process id="p" isExecutable="true">'
        b'<startEvent id="s"/><businessRuleTask id="t"><extensionElements><run:decision ref="rate" result="r"/>'
        b'</extensionElements></businessRuleTask><endEvent id="e"/><sequenceFlow id="f" sourceRef="s" targetRef="t"/>'
        b'<sequenceFlow id="g" sourceRef="t" targetRef="e"/></process></definitions>'
    ).definition
    one, same, other = (model(text) for text in ("1", "1", "2"))
    assert program(one.decisions) == program(same.decisions) != program(other.decisions)
    assert program({"rate": one.decisions["rate"], "unasked": other.decisions["rate"]}) == program(
        one.decisions
    )
