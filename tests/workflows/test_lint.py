"""Lint finds each mistake by its code, at its element, and leaves a complete service alone."""

import re
import time
from pathlib import Path

import pytest

from workflows.decisions.lint import DECISION_RULES
from workflows.decisions.lint import READING_CODES as DECISION_READING_CODES
from workflows.definitions.lint import LINT_RULES, lint
from workflows.definitions.lint.events import EXECUTED
from workflows.definitions.read import READING_CODES, read

DECISION_CODES = set(DECISION_RULES) | DECISION_READING_CODES
PAGES = Path(__file__).parents[2] / "docs/reference/lint"
SHARED = Path(__file__).parents[3] / "shared/data"
COMMAND_CODES = {"unreadable", "lint-failed"}
"""What the command line says of a file that cannot be looked at."""
BPMN = (
    'xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" '
    'xmlns:run="https://w3id.org/run-services/bpmn/1.0" xmlns:v="urn:vendor"'
)


def text(name, words="x"):
    languages = ("en", "fr", "es")
    return "".join(f'<run:{name} lang="{code}">{words} {code}</run:{name}>' for code in languages)


SERVICE = f"""<extensionElements><run:service code="VM">
{text("name")}{text("justification")}{text("purpose")}
<run:output id="minutes" unit="C62" quantity="1">{text("label")}</run:output>
<run:parameter id="households" default="20" minimum="10" maximum="40">{text("label")}</run:parameter>
<run:form role="request" ref="request" version="1"/><run:form role="evaluation" ref="evaluation" version="1"/>
</run:service></extensionElements>"""

CARD = f"""<run:task skill="FAC" deadlineDays="5">
{text("title")}{text("outcome")}{text("instructions")}
<run:activity id="a1">{text("label")}</run:activity>
<run:criterion id="c1">{text("label")}</run:criterion>
<run:evidence id="e1" kind="photo" min="1" max="3" criteria="c1">{text("label")}</run:evidence>
<run:expense id="x1" item="RICE" unit="KGM" payer="fund">
<run:quantity>households * 2</run:quantity>{text("label")}</run:expense>
<run:honorarium item="FEE" unit="DAY"><run:quantity>1.5</run:quantity></run:honorarium>
<run:form role="response" ref="visit" version="1"/>
<run:verification policy="coordinator" secondCheck="0.1"/></run:task>"""

MEET = f'<userTask id="meet" name="Meet"><extensionElements>{CARD}</extensionElements></userTask>'


def label(words):
    """The translations of a name."""
    names = "".join(f'<run:name lang="{language}">{words}</run:name>' for language in ("fr", "es"))
    return f"<extensionElements><run:label>{names}</run:label></extensionElements>"


CHOICE = (
    f'<exclusiveGateway id="quorum" name="Quorum?" default="enough">{label("Quorum ?")}</exclusiveGateway>'
)
AGAIN = (
    '<sequenceFlow id="again" sourceRef="quorum" targetRef="meet"><extensionElements>'
    '<run:estimate probability="0.2"/></extensionElements>'
    "<conditionExpression>attendance &lt; 30</conditionExpression></sequenceFlow>"
)
ENOUGH = (
    '<sequenceFlow id="enough" sourceRef="quorum" targetRef="end"><extensionElements>'
    '<run:estimate probability="0.8"/></extensionElements></sequenceFlow>'
)
GOOD = f"""<definitions {BPMN} id="d" targetNamespace="urn:t">
<process id="p" name="Village meeting" isExecutable="true">{SERVICE}
<startEvent id="start"/>{MEET}{CHOICE}<endEvent id="end"/>
<sequenceFlow id="f1" sourceRef="start" targetRef="meet"/>
<sequenceFlow id="f2" sourceRef="meet" targetRef="quorum"/>{AGAIN}{ENOUGH}
</process></definitions>"""

LOOSE_TASK = '<serviceTask id="loose" name="Loose"/>'
END = '<endEvent id="end"/>'


def instead(old, new):
    """The good service with one thing exchanged."""
    assert old in GOOD
    return GOOD.replace(old, new, 1)


def also(*elements):
    """The good service with more elements in its process."""
    return instead(END, END + "".join(elements))


def inserted(element, declared=""):
    """The good service with an element between start and meeting."""
    flow = '<sequenceFlow id="f0" sourceRef="start" targetRef="new"/>'
    found = instead('sourceRef="start"', 'sourceRef="new"').replace(END, END + flow + element)
    return found.replace("</definitions>", declared + "</definitions>")


def bare(*elements):
    """A process of these elements only, without metadata."""
    process = f'<process id="p" isExecutable="true">{"".join(elements)}</process>'
    return f"<definitions {BPMN}>{process}</definitions>"


def flow(source, target, condition=""):
    inner = f"<conditionExpression>{condition}</conditionExpression>" if condition else ""
    ends = f'id="{source}_{target}" sourceRef="{source}" targetRef="{target}"'
    return f"<sequenceFlow {ends}>{inner}</sequenceFlow>"


def event(tag, definition, attributes=""):
    return f'<{tag} id="new" name="New" {attributes}>{label("Neu")}{definition}</{tag}>'


def problems(document, level="executable"):
    reading = read(document.encode())
    assert reading.definition is not None, reading.problems
    found = lint(reading.definition, level=level)
    for problem in found:
        problem.text()  # every place in the message is filled
    return found


def codes(document, level="executable"):
    return {problem.code for problem in problems(document, level)}


def boundary(own_id, host, definition, *, interrupting=True):
    solid = str(interrupting).lower()
    return f'<boundaryEvent id="{own_id}" attachedToRef="{host}" cancelActivity="{solid}">{definition}</boundaryEvent>'


def task(task_id):
    return f'<userTask id="{task_id}"/>'


TIMER = "<timerEventDefinition><timeDuration>{}</timeDuration></timerEventDefinition>"
MANY = "<multiInstanceLoopCharacteristics>{}</multiInstanceLoopCharacteristics>"
DATA = '<dataInputAssociation id="da"><targetRef>x</targetRef></dataInputAssociation>'
CONDITION = "<conditionExpression>{}</conditionExpression>"
ALWAYS = CONDITION.format("1 = 1")
IN_JAVASCRIPT = '<conditionExpression language="javascript">'
EVIDENCE_ATTRIBUTES = ' kind="photo" min="1" max="3" criteria="c1"'

NEWS = '<message id="news" name="News"/>'
KEYED = '<sendTask id="new" messageRef="news"><extensionElements>{}</extensionElements></sendTask>'
CANCEL = "<cancelEventDefinition/>"
ERROR = '<errorEventDefinition errorRef="r"/>'
ESCALATION = '<escalationEventDefinition escalationRef="x"/>'
ERRORS = '<error id="r" errorCode="refused"/><escalation id="x" escalationCode="late"/>'
COUNT = "<loopCardinality>3</loopCardinality>"


def service(extension):
    return f'<serviceTask id="new"><extensionElements>{extension}</extensionElements></serviceTask>'


def inner(ending="", starting="", attributes=""):
    """What is in a sub-process: start, task, end."""
    return (
        f'<startEvent id="inner_start" {attributes}>{starting}</startEvent>{task("inner_task")}'
        f'<endEvent id="inner_end">{ending}</endEvent>'
        + flow("inner_start", "inner_task") + flow("inner_task", "inner_end")
    )  # fmt: skip


def handler(starting, ending="", attributes=""):
    return f'<subProcess id="new" triggeredByEvent="true">{inner(ending, starting, attributes)}</subProcess>'


# code -> (document that has the mistake, element it is reported at)
CASES = {
    "boundary-without-host": (also('<boundaryEvent id="b"><errorEventDefinition/></boundaryEvent>'), "b"),
    "dangling-flow": (instead('targetRef="quorum"', 'targetRef="nowhere"'), "f2"),
    "default-with-condition": (
        instead('targetRef="end">', f'targetRef="end">{ALWAYS}'),
        "enough",
    ),
    "duplicate-id": (also('<userTask id="meet"/>'), "meet"),
    "empty-process": (bare('<startEvent id="s"/>', END, flow("s", "end")), "p"),
    "empty-subprocess": (inserted('<subProcess id="new"/>'), "new"),
    "end-event-with-outgoing": (also(flow("end", "meet")), "end"),
    "event-gateway-target": (inserted('<eventBasedGateway id="new"/>'), "meet"),
    "flow-without-condition": (instead(CONDITION.format("attendance &lt; 30"), ""), "again"),
    "gateway-without-default": (instead(' default="enough"', ""), "quorum"),
    "implicit-end": (also(LOOSE_TASK), "loose"),
    "implicit-split": (also(flow("meet", "end")), "meet"),
    "invalid-id": (GOOD.replace('"quorum"', '"q°"'), "q°"),
    "no-end-event": (instead(END, '<intermediateThrowEvent id="end"/>'), "p"),
    "no-start-event": (instead("startEvent", "intermediateThrowEvent"), "p"),
    "no-way-to-end": (
        also(
            LOOSE_TASK,
            '<serviceTask id="back"/>',
            flow("meet", "loose"),
            flow("loose", "back"),
            flow("back", "loose"),
        ),
        "loose",
    ),
    "not-executable": (instead(' isExecutable="true"', ""), "p"),
    "several-start-events": (also('<startEvent id="other"/>', flow("other", "meet")), "p"),
    "start-event-with-incoming": (also(flow("meet", "start")), "start"),
    "start-event-with-trigger": (
        instead('<startEvent id="start"/>', f'<startEvent id="start">{TIMER.format("P1D")}</startEvent>'),
        "start",
    ),
    "unknown-default": (instead('default="enough"', 'default="f1"'), "quorum"),
    "unreachable": (also(LOOSE_TASK, flow("loose", "end")), "loose"),
    "call-cycle": (inserted('<callActivity id="new" calledElement="p"/>'), "new"),
    "call-outside-file": (inserted('<callActivity id="new" calledElement="other"/>'), "new"),
    "call-without-process": (inserted('<callActivity id="new"/>'), "new"),
    "event-without-name": (
        inserted(event("intermediateCatchEvent", "<messageEventDefinition/>")),
        "new",
    ),
    "event-without-trigger": (inserted(event("intermediateCatchEvent", "")), "new"),
    "ignored-data": (
        instead("</userTask>", DATA + "</userTask>"),
        "meet",
    ),
    "invalid-timer": (inserted(event("intermediateCatchEvent", TIMER.format("soon!"))), "new"),
    "loop-without-bound": (instead("</userTask>", "<standardLoopCharacteristics/></userTask>"), "meet"),
    "multi-instance-without-count": (instead("</userTask>", MANY.format("") + "</userTask>"), "meet"),
    "timer-too-short": (inserted(event("intermediateCatchEvent", TIMER.format("PT1S"))), "new"),
    "timer-without-time": (inserted(event("intermediateCatchEvent", "<timerEventDefinition/>")), "new"),
    "unsupported-element": (inserted('<complexGateway id="new"/>'), "new"),
    "unsupported-event": (inserted(event("intermediateThrowEvent", "<compensateEventDefinition/>")), "new"),
    "ad-hoc-with-start-or-end": (
        inserted(f'<adHocSubProcess id="new">{task("a")}<endEvent id="e2"/></adHocSubProcess>'),
        "e2",
    ),
    "cancel-not-caught": (inserted(f"<transaction id='new'>{inner(CANCEL)}</transaction>"), "inner_end"),
    "cancel-outside-transaction": (
        inserted(f"<subProcess id='new'>{inner(CANCEL)}</subProcess>"),
        "inner_end",
    ),
    "data-object-name": (also('<dataObject id="do" name="List of houses"/>'), "p"),
    "decision-missing": (inserted('<businessRuleTask id="new"/>'), "new"),
    "error-not-caught": (inserted(f"<subProcess id='new'>{inner(ERROR)}</subProcess>", ERRORS), "inner_end"),
    "error-not-interrupting": (
        also(
            '<boundaryEvent id="b" attachedToRef="meet" cancelActivity="false"><errorEventDefinition/>'
            "</boundaryEvent>",
            flow("b", "end"),
        ),
        "b",
    ),
    "escalation-not-caught": (
        inserted(event("intermediateThrowEvent", ESCALATION), ERRORS),
        "new",
    ),
    "event-gateway-with-one-way": (inserted('<eventBasedGateway id="new"/>'), "new"),
    "event-never-thrown": (
        also('<boundaryEvent id="b" attachedToRef="meet"><errorEventDefinition/></boundaryEvent>'),
        "b",
    ),
    "event-subprocess-with-flow": (inserted(handler(TIMER.format("P1D"))), "new"),
    "event-subprocess-without-trigger": (also(handler("")), "inner_start"),
    "never-followed": (
        also(
            '<subProcess id="loose"><startEvent id="ls"/><intermediateThrowEvent id="lt">'
            f'{ESCALATION}</intermediateThrowEvent><userTask id="lu"/><endEvent id="le"/>'
            f"{flow('ls', 'lt')}{flow('lt', 'lu')}{flow('lu', 'le')}</subProcess>"
            f'<boundaryEvent id="lb" attachedToRef="loose">{ESCALATION}</boundaryEvent>'
        ),
        "lt",
    ),
    "event-without-condition": (
        inserted(event("intermediateCatchEvent", "<conditionalEventDefinition/>")),
        "new",
    ),
    "flow-into-boundary-event": (
        also('<boundaryEvent id="b" attachedToRef="meet"><errorEventDefinition/></boundaryEvent>').replace(
            'sourceRef="meet" targetRef="quorum"', 'sourceRef="meet" targetRef="b"'
        ),
        "b",
    ),
    "invalid-name": (inserted(service('<run:operation ref="notify" result="the answer"/>')), "new"),
    "misplaced-condition": (
        instead('targetRef="quorum"/>', f'targetRef="quorum">{ALWAYS}</sequenceFlow>'),
        "f2",
    ),
    "multi-instance-output": (
        instead(
            "</userTask>", MANY.format(COUNT + "<loopDataOutputRef>x</loopDataOutputRef>") + "</userTask>"
        ),
        "meet",
    ),
    "multi-instance-with-two-counts": (
        instead("</userTask>", MANY.format(COUNT + "<loopDataInputRef>x</loopDataInputRef>") + "</userTask>"),
        "meet",
    ),
    "nested-too-deep": (
        inserted("<subProcess id='new'>" + "<subProcess>" * 20 + task("deep") + "</subProcess>" * 21),
        "deep",
    ),
    "service-without-operation": (inserted('<serviceTask id="new"/>'), "new"),
    "shared-id": (also('<dataObject id="do"/><dataObjectReference id="do" dataObjectRef="do"/>'), "do"),
    "vendor-meaning": (
        inserted('<businessRuleTask id="new" v:decisionRef="grade"/>'),
        "new",
    ),
    "untyped-task": (GOOD.replace("userTask", "task"), "meet"),
    "vendor-extension": (instead("</run:service>", '</run:service><v:thing a="1"/>'), "p"),
    "condition-language": (instead("<conditionExpression>", IN_JAVASCRIPT), "again"),
    "condition-not-boolean": (instead("attendance &lt; 30", '"yes"'), "again"),
    "constant-condition": (instead("attendance &lt; 30", "1 &lt; 30"), "again"),
    "impossible-count": (
        inserted(f'<userTask id="new">{MANY.format("<loopCardinality>0</loopCardinality>")}</userTask>'),
        "new",
    ),
    "impossible-key": (inserted(KEYED.format('<run:message key="null"/>'), NEWS), "new"),
    "impossible-timer": (
        inserted(event("intermediateCatchEvent", TIMER.format('date("2027-02-30")'))),
        "new",
    ),
    "payload-not-context": (
        inserted(KEYED.format("<run:message><run:payload>5</run:payload></run:message>"), NEWS),
        "new",
    ),
    "script-without-value": (inserted('<scriptTask id="new"><script>a = 1 / 0</script></scriptTask>'), "new"),
    "invalid-condition": (instead("attendance &lt; 30", "__import__('os')"), "again"),
    "invalid-quantity": (instead("households * 2", "2 kg;"), "meet"),
    "invalid-script": (inserted('<scriptTask id="new"><script>import os</script></scriptTask>'), "new"),
    "missing-quantity": (instead("households * 2", ""), "meet"),
    "script-missing": (inserted('<scriptTask id="new"/>'), "new"),
    "unknown-parameter": (instead("households * 2", "farmers * 2"), "meet"),
    "deadlock": (
        bare(
            '<startEvent id="s"/><exclusiveGateway id="x"/><parallelGateway id="j"/>',
            task("a"),
            task("b"),
            END,
            flow("s", "x"),
            flow("x", "a", "n = 1"),
            flow("x", "b", "n = 2"),
            flow("a", "j"),
            flow("b", "j"),
            flow("j", "end"),
        ),
        "j",
    ),
    "invalid-probability": (instead('probability="0.2"', 'probability="1.2"'), "again"),
    "lack-of-synchronisation": (
        bare(
            '<startEvent id="s"/><parallelGateway id="split"/>',
            task("a"),
            task("b"),
            task("c"),
            END,
            flow("s", "split"),
            flow("split", "a"),
            flow("split", "b"),
            flow("a", "c"),
            flow("b", "c"),
            flow("c", "end"),
        ),
        "end",
    ),
    "livelock": (instead('probability="0.2"', 'probability="1"').replace('"0.8"', '"0"'), "quorum"),
    "missing-probability": (
        instead('<run:estimate probability="0.2"/>', "").replace('<run:estimate probability="0.8"/>', ""),
        "quorum",
    ),
    "probability-sum": (instead('probability="0.2"', 'probability="0.3"'), "quorum"),
    "unbounded": (
        bare(
            '<startEvent id="s"/><exclusiveGateway id="x"/><exclusiveGateway id="m"/>',
            '<parallelGateway id="split"/><parallelGateway id="join"/>',
            END,
            flow("s", "x"),
            flow("x", "m", "a = 1"),
            flow("x", "join", "a = 2"),
            flow("m", "split"),
            flow("split", "m"),
            flow("split", "join"),
            flow("join", "end"),
        ),
        "join",
    ),
    "criterion-without-evidence": (instead('criteria="c1"', ""), "meet"),
    "evidence-without-criterion": (instead('criteria="c1"', ""), "meet"),
    "imported-without-reason": (instead('payer="fund"', 'procurement="imported"'), "meet"),
    "incomplete-service": (instead(text("purpose"), ""), "p"),
    "invalid-range": (instead('default="20"', 'default="50"'), "p"),
    "invalid-skill": (instead('skill="FAC"', 'skill="Énum"'), "meet"),
    "missing-activities": (instead(f'<run:activity id="a1">{text("label")}</run:activity>', ""), "meet"),
    "missing-criteria": (instead(f'<run:criterion id="c1">{text("label")}</run:criterion>', ""), "meet"),
    "missing-evidence": (
        GOOD.replace("run:evidence", "run:activity").replace(EVIDENCE_ATTRIBUTES, ""),
        "meet",
    ),
    "missing-form": (instead('<run:form role="response" ref="visit" version="1"/>', ""), "meet"),
    "missing-honorarium": (
        instead(
            '<run:honorarium item="FEE" unit="DAY"><run:quantity>1.5</run:quantity></run:honorarium>', ""
        ),
        "meet",
    ),
    "repeated-part": (
        instead(
            '<run:activity id="a1">',
            f'<run:activity id="a1">{text("label")}</run:activity><run:activity id="a1">',
        ),
        "meet",
    ),
    "missing-id": (instead('<run:activity id="a1">', "<run:activity>"), "meet"),
    "missing-item": (instead('item="RICE"', ""), "meet"),
    "missing-outcome": (instead(text("outcome"), ""), "meet"),
    "missing-skill": (instead(' skill="FAC"', ""), "meet"),
    "missing-title": (instead(text("title"), ""), "meet"),
    "missing-translation": (instead('<run:title lang="fr">x fr</run:title>', ""), "meet"),
    "several-agents": (instead('skill="FAC"', 'skill="FAC, ENUM"'), "meet"),
    "task-without-card": (instead(CARD, ""), "meet"),
    "unknown-criterion": (instead('criteria="c1"', 'criteria="c1 c9"'), "meet"),
}


def test_a_complete_service_has_no_problem():
    assert problems(GOOD) == ()
    assert problems(GOOD, "preview") == ()


@pytest.mark.parametrize("code", sorted(CASES))
def test_each_mistake_is_found_at_its_element(code):
    document, place = CASES[code]
    found = [problem for problem in problems(document) if problem.code == code]
    assert found, codes(document)
    assert place in {problem.place for problem in found}
    assert {problem.severity for problem in found} == {LINT_RULES[code].executable}


def test_every_code_is_tested():
    assert set(CASES) | {"too-complex", "unknown-decision"} == set(LINT_RULES)


def test_every_code_has_a_page_that_says_its_severity_and_every_page_a_code():
    assert {page.stem for page in PAGES.glob("*.md")} - DECISION_CODES == set(
        LINT_RULES
    ) | READING_CODES | COMMAND_CODES
    for code, rule in LINT_RULES.items():
        page = (PAGES / f"{code}.md").read_text("utf-8")
        assert page.startswith(f"# {code}\n")
        assert f"Severity: {rule.preview} in a preview, {rule.executable} for publishing." in page


def test_every_code_in_the_sources_is_registered():
    sources = Path(__file__).parents[2] / "workflows/definitions/lint"
    emitted = {
        code
        for source in sources.glob("*.py")
        for code in re.findall(r'Problem\(\s*"([a-z-]+)"', source.read_text("utf-8"))
    }
    assert emitted == set(LINT_RULES)


def test_publishing_is_never_milder_than_a_preview():
    rank = {None: 0, "info": 1, "warning": 2, "error": 3, "fatal": 4}
    assert all(rank[rule.executable] >= rank[rule.preview] for rule in LINT_RULES.values())


def test_problems_come_in_the_order_of_the_diagram():
    document = instead(CARD, "").replace('default="enough"', "")
    places = [problem.place for problem in problems(document)]
    assert places.index("meet") < places.index("quorum")


@pytest.mark.parametrize(
    "skill", ["FAC, ENUM", "FAC;ENUM", "FAC/ENUM", "FAC + ENUM", "FAC and ENUM", "FAC ENUM", "FAC et ENUM"]
)
def test_two_skills_are_several_agents(skill):
    assert "several-agents" in codes(instead('skill="FAC"', f'skill="{skill}"'))


def test_two_lanes_are_several_agents_but_a_lane_in_a_lane_is_not():
    two = "".join(f'<lane id="l{n}"><flowNodeRef>meet</flowNodeRef></lane>' for n in "12")
    assert "several-agents" in codes(also(f'<laneSet id="ls">{two}</laneSet>'))
    nested = (
        '<lane id="l1"><flowNodeRef>meet</flowNodeRef><childLaneSet id="cs"><lane id="l2">'
        "<flowNodeRef>meet</flowNodeRef></lane></childLaneSet></lane>"
    )
    assert codes(also(f'<laneSet id="ls">{nested}</laneSet>')) == set()


def test_two_performers_are_several_agents():
    two = "".join(f'<potentialOwner id="o{n}"/>' for n in "12")
    assert "several-agents" in codes(instead("</userTask>", two + "</userTask>"))


def test_the_same_task_done_by_many_alone_is_fine():
    many = MANY.format("<loopCardinality>households</loopCardinality>")
    assert codes(instead("</userTask>", many + "</userTask>")) == set()


@pytest.mark.parametrize(
    "time", ["P5D", "PT12H", "P1Y2M3DT4H5M6S", "2027-03-01", "2027-03-01T08:00:00Z", "R3/P7D", '"P5D"']
)
def test_times_of_timers_are_iso_8601(time):
    document = inserted(event("intermediateCatchEvent", TIMER.format(time)))
    assert not codes(document) & {"invalid-timer", "timer-too-short", "timer-without-time"}


@pytest.mark.parametrize(
    ("tag", "definition"),
    [
        ("intermediateThrowEvent", "<compensateEventDefinition/>"),
        ("intermediateThrowEvent", "<linkEventDefinition name='x'/>"),
        ("intermediateCatchEvent", "<linkEventDefinition name='x'/>"),
        ("intermediateThrowEvent", "<terminateEventDefinition/>"),
        ("intermediateThrowEvent", "<cancelEventDefinition/>"),
        ("intermediateThrowEvent", "<errorEventDefinition/>"),
        ("intermediateCatchEvent", "<errorEventDefinition/>"),
        ("intermediateCatchEvent", "<cancelEventDefinition/>"),
        ("intermediateThrowEvent", TIMER.format("P1D")),
        ("intermediateCatchEvent", TIMER.format("P1D") + "<messageEventDefinition/>"),
    ],
)
def test_events_that_would_pass_silently_are_refused(tag, definition):
    assert "unsupported-event" in codes(inserted(event(tag, definition)))


@pytest.mark.parametrize(
    "script", ["x", "import os", "x = __import__('os')", "x == 1", "a = 1\nprint(a)", "x.y = 1"]
)
def test_scripts_are_assignments_of_feel(script):
    assert "invalid-script" in codes(inserted(f'<scriptTask id="new"><script>{script}</script></scriptTask>'))


def test_a_script_of_assignments_is_fine():
    script = "total = adults + children\n\nhalf = total / 2"
    assert codes(inserted(f'<scriptTask id="new"><script>{script}</script></scriptTask>')) == set()


def test_a_call_that_comes_back_through_another_process_is_a_cycle():
    other = '<process id="other"><callActivity id="back" calledElement="p"/></process>'
    document = inserted('<callActivity id="new" calledElement="other"/>').replace(
        "</definitions>", other + "</definitions>"
    )
    assert "call-cycle" in codes(document)


def calling(inside, attributes='isExecutable="true"'):
    """The good service calling a process with this inside."""
    called = f'<process id="called" {attributes}>{inside}</process>'
    return inserted('<callActivity id="new" calledElement="called"/>', called)


def test_a_called_process_is_looked_at_too():
    assert codes(calling(inner())) == {"task-without-card"}
    found = problems(calling(inner() + '<complexGateway id="cg"/>'))
    assert "cg" in {problem.place for problem in found if problem.code == "unsupported-element"}


def test_a_called_process_needs_neither_card_nor_mark():
    assert (
        codes(calling(inner().replace(task("inner_task"), MEET.replace('"meet"', '"inner_task"')), ""))
        == set()
    )


@pytest.mark.parametrize(("levels", "is_too_deep"), [(19, False), (20, True)])
def test_calls_and_sub_processes_in_each_other_are_counted_together(levels, is_too_deep):
    inside = "<subProcess>" * levels + task("deep") + "</subProcess>" * levels
    assert ("nested-too-deep" in codes(calling(inside))) is is_too_deep


def test_an_error_leaves_a_called_process_to_its_callers():
    caught = (
        '<boundaryEvent id="b" attachedToRef="new"><extensionElements><run:estimate probability="0.1"/>'
        '</extensionElements><errorEventDefinition errorRef="r"/></boundaryEvent>'
    )
    document = calling(inner(ERROR)).replace("</definitions>", ERRORS + "</definitions>")
    assert "error-not-caught" in codes(document)
    document = document.replace(END, END + caught + flow("b", "end"))
    assert not codes(document) & {"error-not-caught", "event-never-thrown"}


@pytest.mark.parametrize("definition", [ERROR, "<errorEventDefinition/>"])
def test_an_error_is_caught_by_an_event_sub_process_beside_it(definition):
    inside = (
        f'<subProcess id="new">{inner(ERROR)}'
        + handler(definition).replace("inner_", "handler_").replace('"new"', '"handler"')
        + "</subProcess>"
    )
    found = codes(inserted(inside, ERRORS))
    assert not found & {"error-not-caught", "event-never-thrown"}


def test_an_error_of_an_event_sub_process_is_not_caught_by_itself():
    inside = f'<subProcess id="new">{inner(ERROR)}' + (
        handler(ERROR, ERROR).replace("inner_", "handler_").replace('"new"', '"handler"') + "</subProcess>"
    )
    found = [each.place for each in problems(inserted(inside, ERRORS)) if each.code == "error-not-caught"]
    assert found == ["handler_end"]


def test_an_error_with_another_code_is_not_caught():
    caught = '<boundaryEvent id="b" attachedToRef="new"><errorEventDefinition errorRef="o"/></boundaryEvent>'
    errors = ERRORS + '<error id="o" errorCode="other"/>'
    document = inserted(f'<subProcess id="new">{inner(ERROR)}</subProcess>', errors)
    assert codes(document.replace(END, END + caught)) >= {"error-not-caught", "event-never-thrown"}


def test_an_event_that_catches_every_error_is_told_in_its_own_words():
    document = also('<boundaryEvent id="b" attachedToRef="meet"><errorEventDefinition/></boundaryEvent>')
    (found,) = [each for each in problems(document) if each.code == "event-never-thrown"]
    assert "catches every error, but nothing inside gives one" in found.text()


def test_an_operation_may_raise_an_error():
    caught = (
        '<boundaryEvent id="b" attachedToRef="new"><extensionElements><run:estimate probability="0.1"/>'
        '</extensionElements><errorEventDefinition errorRef="r"/></boundaryEvent>'
    )
    document = inserted(service('<run:operation ref="notify"/>'), ERRORS)
    assert codes(document.replace(END, END + caught + flow("b", "end"))) == set()


def test_one_arrow_of_a_choice_may_be_left_to_what_the_others_leave():
    assert codes(instead('<run:estimate probability="0.2"/>', "")) == set()


def test_an_event_at_a_border_says_how_often_it_happens():
    timer = (
        '<boundaryEvent id="b" attachedToRef="meet"><timerEventDefinition><timeDuration>P3D</timeDuration>'
        "</timerEventDefinition></boundaryEvent>"
    )
    assert "missing-probability" in codes(also(timer, flow("b", "end")))


def test_a_start_event_that_waits_may_stand_beside_the_plain_one():
    waiting = '<startEvent id="w"><messageEventDefinition messageRef="m"/></startEvent>'
    document = also(waiting, flow("w", "meet")).replace(
        "</definitions>", '<message id="m" name="n"/></definitions>'
    )
    assert codes(document) == {"start-event-with-trigger"}
    assert "several-start-events" in codes(
        document.replace('<startEvent id="start"/>', waiting.replace("w", "start"))
    )


def test_a_decision_must_be_in_the_package_when_that_is_known():
    rule = '<businessRuleTask id="new"><extensionElements><run:decision ref="grade"/></extensionElements></businessRuleTask>'
    definition = read(inserted(rule).encode()).definition
    assert lint(definition, level="executable") == ()
    assert lint(definition, level="executable", decisions={"grade"}) == ()
    (found,) = lint(definition, level="executable", decisions=())
    assert (found.code, found.place, found.severity) == ("unknown-decision", "new", "error")


def test_what_hinders_the_engine_hinders_publishing():
    for rule in LINT_RULES.values():
        assert not rule.hinders or rule.executable == "error"


@pytest.mark.parametrize(
    ("time", "code"),
    [
        ('duration("PT1S")', "timer-too-short"), ('@"PT59S"', "timer-too-short"), ("R3/PT59S", "timer-too-short"),
        ("R/2027-03-01T08:00:00Z/PT5S", "timer-too-short"), ("2027-13-45", "invalid-timer"),
        ("2027-03-01T25:00:00", "invalid-timer"), ("R0/P1D", "invalid-timer"), ("R3/soon", "invalid-timer"),
        ("R3/P1D/P1D", "invalid-timer"), ("PT", "invalid-timer"), ("P1S", "invalid-timer"), ("5", "invalid-timer"),
        ("true", "invalid-timer"), ('"soon"', "invalid-timer"), ("", "timer-without-time"),
        ("-PT5M", "invalid-timer"), ("p5d", "invalid-timer"), ("pt1h", "invalid-timer"),
        ("R-1/PT1H", "invalid-timer"), ("R3", "invalid-timer"), ("R3 / PT1H", "invalid-timer"),
        ("r3/PT1H", "invalid-timer"), ("patience", None), ("pt_due", None), ("R", None),
        ("now() +", "invalid-timer"), ("R3/P7D", None), ("R/2027-03-01T08:00:00Z/P1D", None),
        ('date("2027-03-01")', None), ('now() + duration("P1D")', None), ("deadline", None),
        ('duration("P" + string(days) + "D")', None), ('@"P1D"', None),
    ],
)  # fmt: skip
def test_a_time_can_be_read_and_is_not_too_short(time, code):
    found = codes(inserted(event("intermediateCatchEvent", TIMER.format(time.replace('"', "&quot;")))))
    assert found & {"timer-too-short", "invalid-timer", "timer-without-time"} == ({code} if code else set())


def test_a_comment_in_a_script_is_no_line():
    script = "// what is counted\ntotal = adults + children"
    assert codes(inserted(f'<scriptTask id="new"><script>{script}</script></scriptTask>')) == set()


def test_thirds_sum_to_one():
    third = AGAIN.replace('id="again"', 'id="third"').replace('"0.2"', '"0.333333"')
    document = also(third).replace('"0.2"', '"0.333333"').replace('"0.8"', '"0.333334"')
    assert "probability-sum" not in codes(document)


def test_probabilities_above_one_are_found_even_when_one_is_missing():
    third = flow("quorum", "meet", "a = 1")
    assert "probability-sum" in codes(also(third).replace('"0.2"', '"0.9"'))


def test_other_tools_diagrams_can_be_previewed():
    document = bare(task("a"), task("b"), flow("a", "b"))
    assert not any(problem.severity in ("fatal", "error") for problem in problems(document, "preview"))


@pytest.mark.conformance
@pytest.mark.parametrize("folder", ["miwg", "domain/bpmn", "pathcost/jbpm", "pathcost/analytic"])
def test_diagrams_of_other_tools_are_read_and_can_be_previewed(folder):
    files = sorted((SHARED / folder).glob("*.bpmn*"))
    if not files:
        pytest.skip("no ../shared")
    for file in files:
        reading = read(file.read_bytes())
        assert reading.definition is not None, file
        again = read(reading.definition.xml)
        assert (again.definition, again.definition.xml) == (reading.definition, reading.definition.xml)
        found = (*reading.problems, *lint(reading.definition, level="preview"))
        assert {each.code for each in found if each.severity in ("fatal", "error")} <= {"livelock"}, file
        lint(reading.definition, level="executable")


def test_the_reference_says_which_event_is_executed_where():
    page = (PAGES.parent / "bpmn.md").read_text("utf-8")
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")] for line in page.splitlines() if "|" in line
    ]
    documented = {
        row[0]: frozenset(row[1].replace("–", "").split(", ")) for row in rows if row[0] in EXECUTED
    }
    assert documented == EXECUTED


# what is known before anything has run


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("attendance &gt; 3", ""), ("true or good", ""), ("good", ""), ("f(x)", ""), ("if good then 1 else good", ""),
        ('="yes"', "invalid-condition"), ("${{good}}", "invalid-condition"),
        ('"yes"', "condition-not-boolean"), ("attendance + 1", "condition-not-boolean"), ("null", "condition-not-boolean"),
        ("count(households)", "condition-not-boolean"), ("-attendance", "condition-not-boolean"),
        ('if good then "yes" else "no"', "condition-not-boolean"), ("[good]", "condition-not-boolean"),
        ("1 / 0 &gt; 2", "condition-not-boolean"), ('date("2027-02-30")', "condition-not-boolean"),
        ("true", "constant-condition"), ("1 &gt; 2", "constant-condition"), ("not(false)", "constant-condition"),
        ("today() &gt; date(2050, 1, 1)", ""), ("every x in 1..100000 satisfies x &gt; 0", ""),
    ],
)  # fmt: skip
def test_a_condition_that_is_none_or_never_changes_is_told(text, code):
    found = codes(instead("attendance &lt; 30", text.replace("{{", "{").replace("}}", "}")))
    assert found & {"invalid-condition", "condition-not-boolean", "constant-condition"} == (
        {code} if code else set()
    )


def test_signs_that_other_tools_write_around_an_expression_are_named():
    for text, sign in (("= attendance &lt; 30", "sign ="), ("${attendance &lt; 30}", "${ }")):
        (found,) = [p for p in problems(instead("attendance &lt; 30", text)) if p.code == "invalid-condition"]
        assert (
            f"Leave out the sign{'' if sign[0] == 's' else 's'} {sign.removeprefix('sign ')}" in found.text()
        )


@pytest.mark.parametrize(
    ("text", "is_possible"),
    [
        ("3", True), ("1000", True), ("2 + 1", True), ("households", True), ("count([1, 2])", True),
        ("0", False), ("-1", False), ("2.5", False), ("1001", False), ("1e9", False), ("10 ** 30", False),
        ("null", False), ('"3"', False), ("true", False), ("[1]", False), ("1 / 0", False),
    ],
)  # fmt: skip
def test_a_number_of_repetitions_that_cannot_be_is_told(text, is_possible):
    many = MANY.format(f"<loopCardinality>{text}</loopCardinality>")
    found = codes(inserted(f'<userTask id="new">{many}</userTask>'))
    assert not found & {"invalid-condition"} or text == "1e9"
    assert bool(found & {"impossible-count", "invalid-condition"}) is not is_possible


@pytest.mark.parametrize(
    ("maximum", "is_possible"), [("3", True), ("0", False), ("-2", False), ("2.5", False), ("many", False)]
)
def test_a_maximum_of_a_loop_that_cannot_be_is_told(maximum, is_possible):
    loop = f'<standardLoopCharacteristics loopMaximum="{maximum}"><loopCondition>more</loopCondition></standardLoopCharacteristics>'
    found = codes(inserted(f'<userTask id="new">{loop}</userTask>'))
    assert ("impossible-count" in found) is not is_possible


def test_a_loop_that_is_always_done_its_maximum_of_times_is_no_mistake():
    for maximum, is_always in (('loopMaximum="3"', False), ("", True)):
        loop = f"<standardLoopCharacteristics {maximum}><loopCondition>true</loopCondition></standardLoopCharacteristics>"
        found = codes(inserted(f'<userTask id="new">{loop}</userTask>'))
        assert ("constant-condition" in found) is is_always


def test_a_list_to_repeat_for_is_a_list_of_some_items():
    reference = "<loopDataInputRef>{}</loopDataInputRef>"
    for text, is_possible in (
        ("households", True),
        ("[1, 2]", True),
        ("[]", False),
        ("7", False),
        ("null", False),
    ):
        many = MANY.format(reference.format(text))
        found = codes(inserted(f'<userTask id="new">{many}</userTask>'))
        assert ("impossible-count" in found) is not is_possible, text


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ('date("2027-02-30")', "impossible-timer"), ('duration("five days")', "impossible-timer"),
        ("null", "impossible-timer"), ("1 / 0", "impossible-timer"), ("P200Y", "impossible-timer"),
        ('duration("P101Y")', "impossible-timer"), ('@"P5D"', ""), ("deadline", ""), ("P99Y", ""),
        ('now() + duration("P1D")', ""), ("today()", ""), ('date("2027-02-28")', ""),
    ],
)  # fmt: skip
def test_a_timer_that_cannot_be_is_told(text, code):
    found = codes(inserted(event("intermediateCatchEvent", TIMER.format(text))))
    assert found & {"impossible-timer", "invalid-timer", "timer-too-short"} == ({code} if code else set())


def test_a_line_of_a_script_that_forgets_a_value_is_no_mistake():
    found = codes(inserted('<scriptTask id="new"><script>a = null\nb = a\nc = today()</script></scriptTask>'))
    assert "script-without-value" not in found


def test_expressions_that_take_long_do_not_hold_up_lint():
    slow = "count(for x in 1..1000, y in 1..1000 return x * y) &gt; 0"
    started = time.process_time()
    problems(instead("attendance &lt; 30", slow))
    assert time.process_time() - started < 2


SIGNAL_TWO = '<signalEventDefinition signalRef="two"/>'


@pytest.mark.parametrize(
    ("thrown", "around", "is_followed"),
    [
        (ESCALATION, boundary("lb", "loose", ESCALATION), False),
        (ESCALATION, boundary("lb", "loose", ESCALATION, interrupting=False), True),
        (ESCALATION, boundary("lb", "loose", "<escalationEventDefinition/>"), False),
        (ESCALATION, "", True),
        (SIGNAL_TWO, boundary("lb", "loose", SIGNAL_TWO), False),
        (SIGNAL_TWO, boundary("lb", "loose", SIGNAL_TWO, interrupting=False), True),
        (SIGNAL_TWO, boundary("lb", "loose", '<signalEventDefinition signalRef="three"/>'), True),
        (
            ESCALATION,
            boundary("lb", "loose", ESCALATION, interrupting=False)
            + boundary("lc", "loose", "<escalationEventDefinition/>"),
            True,
        ),
    ],
)
def test_what_lies_behind_a_throw_that_ends_its_own_way_is_told(thrown, around, is_followed):
    inside = (
        f'<startEvent id="ls"/><intermediateThrowEvent id="lt">{thrown}</intermediateThrowEvent>'
        f'<userTask id="lu"/><endEvent id="le"/>{flow("ls", "lt")}{flow("lt", "lu")}{flow("lu", "le")}'
    )
    found = codes(also(f'<subProcess id="loose">{inside}</subProcess>', around))
    assert ("never-followed" in found) is not is_followed


@pytest.mark.parametrize("cancels", [True, False])
def test_a_cancel_event_on_a_transaction_that_nothing_cancels_is_told(cancels):
    inside = (
        f'<startEvent id="ls"/><endEvent id="le">{CANCEL if cancels else ""}</endEvent>{flow("ls", "le")}'
    )
    document = also(f'<transaction id="loose">{inside}</transaction>', boundary("lb", "loose", CANCEL))
    found = {problem.place for problem in problems(document) if problem.code == "event-never-thrown"}
    assert found == (set() if cancels else {"lb"})
