"""Lint and engine agree about every construct: what hinders the one is refused by the other, and nothing else."""

import itertools
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workflows import engine
from workflows.definitions.lint import LINT_RULES, lint
from workflows.definitions.lint.events import EXECUTED
from workflows.definitions.read import read

NOW = datetime(2027, 3, 1, 8, tzinfo=UTC)
BPMN = (
    'xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:run="https://w3id.org/run-services/bpmn/1.0"'
)
DECLARED = (
    '<message id="news" name="news"/><signal id="alarm" name="alarm"/><error id="refused" errorCode="refused"/>'
    '<escalation id="late" escalationCode="late"/>'
    '<process id="other"><startEvent id="os"/><userTask id="ot"/><endEvent id="oe"/>'
    '<sequenceFlow id="of1" sourceRef="os" targetRef="ot"/>'
    '<sequenceFlow id="of2" sourceRef="ot" targetRef="oe"/></process>'
    '<globalUserTask id="global"/>'
)
EVENTS = {
    "none": "",
    "message": '<messageEventDefinition messageRef="news"/>',
    "timer": "<timerEventDefinition><timeDuration>P1D</timeDuration></timerEventDefinition>",
    "signal": '<signalEventDefinition signalRef="alarm"/>',
    "error": '<errorEventDefinition errorRef="refused"/>',
    "escalation": '<escalationEventDefinition escalationRef="late"/>',
    "conditional": "<conditionalEventDefinition><condition>n = 1</condition></conditionalEventDefinition>",
    "terminate": "<terminateEventDefinition/>",
    "cancel": "<cancelEventDefinition/>",
    "compensate": "<compensateEventDefinition/>",
    "link": '<linkEventDefinition name="l"/>',
    "multiple": "<terminateEventDefinition/><terminateEventDefinition/>",
}
NAMELESS = {
    "message": "<messageEventDefinition/>",
    "timer": "<timerEventDefinition/>",
    "cycle": "<timerEventDefinition><timeCycle>R3/P1D</timeCycle></timerEventDefinition>",
    "endless": "<timerEventDefinition><timeCycle>R/soon</timeCycle></timerEventDefinition>",
    "feel": "<timerEventDefinition><timeDate>deadline</timeDate></timerEventDefinition>",
    "number": "<timerEventDefinition><timeDate>5</timeDate></timerEventDefinition>",
    "signal": "<signalEventDefinition/>",
    "error": "<errorEventDefinition/>",
    "escalation": "<escalationEventDefinition/>",
    "conditional": "<conditionalEventDefinition/>",
    "wrong": "<conditionalEventDefinition><condition>n ==</condition></conditionalEventDefinition>",
}


def element(tag, own_id, inside="", **attributes):
    pairs = "".join(f' {name}="{value}"' for name, value in attributes.items())
    return f'<{tag} id="{own_id}"{pairs}>{inside}</{tag}>'


def flow(source, target, condition=""):
    inside = f"<conditionExpression>{condition}</conditionExpression>" if condition else ""
    return element("sequenceFlow", f"{source}_{target}", inside, sourceRef=source, targetRef=target)


def chain(*ids):
    return "".join(itertools.starmap(flow, itertools.pairwise(ids)))


def scope(prefix="", start="", end="", attributes=None, task=None):
    """Start, user task, end."""
    return (
        element("startEvent", f"{prefix}s", start, **(attributes or {}))
        + (task or element("userTask", f"{prefix}t"))
        + element("endEvent", f"{prefix}e", end)
        + chain(f"{prefix}s", f"{prefix}t", f"{prefix}e")
    )


def document(*parts):
    process = f'<process id="p" isExecutable="true">{"".join(parts)}</process>'
    return f"<definitions {BPMN}>{process}{DECLARED}</definitions>"


def between(*parts):
    """An element “x” between start and end."""
    return document('<startEvent id="s"/>', *parts, '<endEvent id="e"/>', chain("s", "x", "e"))


def extended(tag, extension, inside="", **attributes):
    return element(tag, "x", f"<extensionElements>{extension}</extensionElements>{inside}", **attributes)


def definition_of(text):
    reading = read(text.encode())
    assert reading.definition is not None, reading.problems
    return reading.definition


def hindering(definition):
    """The codes for which lint refuses to publish, as far as they concern the engine."""
    found = lint(definition, level="executable")
    return {problem.code for problem in found if LINT_RULES[problem.code].hinders}


class Graded:
    """A decision that always gives the same."""

    inputs: frozenset[str] = frozenset()

    def evaluate(self, context, *, now):
        return "good"


def verdict(text):
    """Whether lint lets it pass; the engine must say the same, and start what it accepts."""
    definition = definition_of(text)
    codes = hindering(definition)
    if codes:
        with pytest.raises(engine.NotExecutable):
            engine.program(definition, {"grade": Graded()})
        return False
    program = engine.program(definition, {"grade": Graded()})
    started = engine.start(program, {"n": 2, "deadline": "2027-04-01", "houses": [1, 2]}, now=NOW)
    assert [each for each in started.incidents if each.code == "step-failed"] == []
    return True


def events_by_place(inside):
    """Every place where an event may be drawn, with an event there."""
    border = element("boundaryEvent", "b", inside, attachedToRef="x") + flow("b", "e")
    border_of = element("userTask", "x") + border
    transaction = element("transaction", "x", scope("i")) + border
    handler = element("subProcess", "h", scope("h", inside), triggeredByEvent="true")
    yield "start of the process", document(scope(start=inside))
    yield "start of a sub-process", between(element("subProcess", "x", scope("i", inside)))
    yield "start of an event sub-process", document(scope(), handler)
    yield "start of an event sub-process", between(element("subProcess", "x", scope("i") + handler))
    yield "end", document(scope(end=inside))
    yield "end of a transaction", between(element("transaction", "x", scope("i", end=inside)))
    yield "catching", between(element("intermediateCatchEvent", "x", inside))
    yield "throwing", between(element("intermediateThrowEvent", "x", inside))
    yield "border", between(border_of)
    yield "border of a transaction", between(transaction)
    called = between(element("callActivity", "x", calledElement="other"))
    yield (
        "start of a called process",
        called.replace('<startEvent id="os"/>', element("startEvent", "os", inside)),
    )


@pytest.mark.parametrize("event", EVENTS)
def test_each_event_is_executed_where_it_is_declared_to_be(event):
    for place, text in events_by_place(EVENTS[event]):
        needs_catcher = event in ("error", "cancel") and place in ("end", "end of a transaction")
        assert verdict(text) == (event in EXECUTED[place] and not needs_catcher), place


@pytest.mark.parametrize("event", NAMELESS)
def test_lint_and_engine_agree_about_events_that_say_too_little_or_too_much(event):
    for _place, text in events_by_place(NAMELESS[event]):
        verdict(text)


LOOPS = {
    "none": "",
    "count": "<multiInstanceLoopCharacteristics><loopCardinality>n</loopCardinality>"
    "</multiInstanceLoopCharacteristics>",
    "list": "<multiInstanceLoopCharacteristics isSequential='true'><loopDataInputRef>houses</loopDataInputRef>"
    "<inputDataItem id='i' name='house'/><loopDataOutputRef>found</loopDataOutputRef>"
    "<outputDataItem id='o' name='result'/></multiInstanceLoopCharacteristics>",
    "nothing": "<multiInstanceLoopCharacteristics/>",
    "both": "<multiInstanceLoopCharacteristics><loopCardinality>n</loopCardinality>"
    "<loopDataInputRef>houses</loopDataInputRef></multiInstanceLoopCharacteristics>",
    "output": "<multiInstanceLoopCharacteristics><loopCardinality>n</loopCardinality>"
    "<loopDataOutputRef>found</loopDataOutputRef></multiInstanceLoopCharacteristics>",
    "complex": "<multiInstanceLoopCharacteristics><loopCardinality>n</loopCardinality>"
    "<complexBehaviorDefinition/></multiInstanceLoopCharacteristics>",
    "thrown": "<multiInstanceLoopCharacteristics oneBehaviorEventRef='news'><loopCardinality>n</loopCardinality>"
    "</multiInstanceLoopCharacteristics>",
    "loop": "<standardLoopCharacteristics testBefore='true' loopMaximum='3'><loopCondition>n = 2</loopCondition>"
    "</standardLoopCharacteristics>",
    "endless": "<standardLoopCharacteristics/>",
    "wrong": "<standardLoopCharacteristics><loopCondition>n ==</loopCondition></standardLoopCharacteristics>",
}
OPERATION = '<run:operation ref="notify" result="answer"><run:payload>{n: n}</run:payload></run:operation>'
ACTIVITIES = {
    "user": lambda more: element("userTask", "x", more),
    "manual": lambda more: element("manualTask", "x", more),
    "untyped": lambda more: element("task", "x", more),
    "script": lambda more: element("scriptTask", "x", more + "<script>total = n + 1</script>"),
    "bad script": lambda more: element("scriptTask", "x", more + "<script>import os</script>"),
    "empty script": lambda more: element("scriptTask", "x", more),
    "service": lambda more: extended("serviceTask", OPERATION, more),
    "bad payload": lambda more: extended("serviceTask", OPERATION.replace("{n: n}", "{n:"), more),
    "service of nothing": lambda more: element("serviceTask", "x", more),
    "rule": lambda more: extended("businessRuleTask", '<run:decision ref="grade" result="g"/>', more),
    "rule of nothing": lambda more: element("businessRuleTask", "x", more),
    "send": lambda more: extended("sendTask", '<run:message key="n"/>', more, messageRef="news"),
    "send nothing": lambda more: element("sendTask", "x", more),
    "receive": lambda more: element("receiveTask", "x", more, messageRef="news"),
    "bad key": lambda more: extended("receiveTask", '<run:message key="n +"/>', more, messageRef="news"),
    "receive nothing": lambda more: element("receiveTask", "x", more),
    "instantiating": lambda more: element("receiveTask", "x", more, messageRef="news", instantiate="true"),
    "call": lambda more: element("callActivity", "x", more, calledElement="other"),
    "call itself": lambda more: element("callActivity", "x", more, calledElement="p"),
    "call nothing": lambda more: element("callActivity", "x", more),
    "call a global task": lambda more: element("callActivity", "x", more, calledElement="global"),
    "sub": lambda more: element("subProcess", "x", more + scope("i")),
    "empty sub": lambda more: element("subProcess", "x", more),
    "transaction": lambda more: element("transaction", "x", more + scope("i")),
    "ad hoc": lambda more: element("adHocSubProcess", "x", more + '<userTask id="it"/><userTask id="iu"/>'),
    "ad hoc in order": lambda more: element(
        "adHocSubProcess", "x", more + '<userTask id="it"/><completionCondition>n = 2</completionCondition>',
        ordering="Sequential", cancelRemainingInstances="false",
    ),
    "ad hoc with start": lambda more: element("adHocSubProcess", "x", more + scope("i")),
    "empty ad hoc": lambda more: element("adHocSubProcess", "x", more),
    "for compensation": lambda more: element("userTask", "x", more, isForCompensation="true"),
    "quantities": lambda more: element("userTask", "x", more, startQuantity="2"),
    "choreography": lambda more: element("choreographyTask", "x", more),
}  # fmt: skip
REFUSED = {
    "bad script", "bad payload", "service of nothing", "rule of nothing", "send nothing", "bad key",
    "receive nothing", "instantiating", "call itself", "call nothing", "call a global task", "empty sub",
    "ad hoc with start", "empty ad hoc", "for compensation", "quantities", "choreography",
}  # fmt: skip
BOUNDS = {"none", "count", "list", "loop"}


@pytest.mark.parametrize("kind", ACTIVITIES)
def test_lint_and_engine_agree_about_each_activity_and_its_repetition(kind):
    for loop, characteristics in LOOPS.items():
        expected = kind not in REFUSED and loop in BOUNDS
        assert verdict(between(ACTIVITIES[kind](characteristics))) == expected, loop


@pytest.mark.parametrize("kind", ACTIVITIES)
def test_lint_and_engine_agree_about_what_is_on_the_border_of_each_activity(kind):
    for event, interrupting in itertools.product(EVENTS, ("true", "false")):
        border = element("boundaryEvent", "b", EVENTS[event], attachedToRef="x", cancelActivity=interrupting)
        verdict(between(ACTIVITIES[kind](""), border, flow("b", "e")))


GATEWAYS = [
    "exclusiveGateway", "inclusiveGateway", "parallelGateway", "eventBasedGateway", "complexGateway",
]  # fmt: skip


@pytest.mark.parametrize("kind", GATEWAYS)
@pytest.mark.parametrize(
    "attributes",
    [
        {},
        {"default": "x_a"},
        {"default": "nowhere"},
        {"instantiate": "true"},
        {"eventGatewayType": "Parallel"},
    ],
)
def test_lint_and_engine_agree_about_gateways(kind, attributes):
    targets = {
        "tasks": element("userTask", "a") + element("userTask", "b"),
        "events": element("intermediateCatchEvent", "a", EVENTS["timer"])
        + element("receiveTask", "b", messageRef="news"),
        "repeated": element("intermediateCatchEvent", "a", EVENTS["timer"])
        + element("receiveTask", "b", LOOPS["count"], messageRef="news"),
    }
    for target, condition, second in itertools.product(targets.values(), ("", "n = 1", "n ="), (True, False)):
        parts = [element(kind, "x", **attributes), target, flow("x", "a", condition), flow("a", "e")]
        parts += [flow("x", "b"), flow("b", "e")] if second else []
        verdict(document('<startEvent id="s"/>', *parts, '<endEvent id="e"/>', flow("s", "x")))


@pytest.mark.parametrize(
    "text",
    [
        document(),
        document('<userTask id="t"/>'),
        document(scope(), '<startEvent id="s9"/>', flow("s9", "t")),
        document(scope(), element("startEvent", "s9", EVENTS["message"]), flow("s9", "t")),
        document(scope(start=EVENTS["message"]), element("startEvent", "s9", EVENTS["timer"]), flow("s9", "t")),
        document(scope(), flow("t", "s")),
        document(scope(), flow("e", "t")),
        document(scope(), flow("t", "nowhere")),
        document(scope(), '<userTask id="t"/>'),
        document(scope(), '<userTask id="p"/>'),
        document(scope(), '<userTask id="island"/>', flow("island", "e")),
        document(scope(), '<userTask id="a"/><userTask id="b"/>', chain("a", "b", "a")),
        document(scope(), element("subProcess", "u", scope("u"))),
        document(scope(), flow("t", "e", "n = 1").replace("t_e", "second")),
        document(scope(), flow("t", "e").replace("t_e", "second")),
        document(scope(), element("subProcess", "h", scope("h", EVENTS["timer"]), triggeredByEvent="true"),
                 flow("t", "h")),
        document(scope(), element("subProcess", "h", LOOPS["count"] + scope("h", EVENTS["timer"]),
                                  triggeredByEvent="true")),
        document(scope(), element("adHocSubProcess", "h", '<userTask id="i"/>', triggeredByEvent="true")),
        document(scope(), '<dataObject id="d" name="a b"/>'),
        document(scope(), "<conditionalThing/>"),
        document(scope().replace("<userTask", '<userTask default="nowhere"')),
        between(element("subProcess", "x", scope("i", end=EVENTS["error"])),
                element("boundaryEvent", "b", EVENTS["error"], attachedToRef="x"), flow("b", "e")),
        between(element("transaction", "x", scope("i", end=EVENTS["cancel"])),
                element("boundaryEvent", "b", EVENTS["cancel"], attachedToRef="x"), flow("b", "e")),
        between(element("subProcess", "x", scope("i", end=EVENTS["error"])
                        + element("subProcess", "h", scope("h", EVENTS["error"]), triggeredByEvent="true"))),
    ],
)  # fmt: skip
def test_lint_and_engine_agree_about_other_drawings(text):
    verdict(text)


PIECES = st.sampled_from(
    [
        *(element("userTask", own_id) for own_id in "abst"),
        *(flow(*pair) for pair in itertools.product("sabxge", "abxge")),
        *(flow(*pair, "n = 1") for pair in (("g", "a"), ("a", "b"), ("s", "x"))),
        *(element(kind, "g") for kind in GATEWAYS),
        *(element("boundaryEvent", "v", EVENTS[event], attachedToRef="x") for event in EVENTS),
        *(made("") for made in ACTIVITIES.values()),
        *(element("subProcess", "h", scope("h", EVENTS[event]), triggeredByEvent="true") for event in EVENTS),
        '<startEvent id="s"/>', '<endEvent id="e"/>',
    ]
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(st.lists(PIECES, max_size=10, unique=True))
def test_lint_and_engine_agree_about_anything_drawn(pieces):
    verdict(document('<startEvent id="s"/>', *pieces, '<endEvent id="e"/>'))


@pytest.mark.parametrize("levels", [19, 20, 21, 22])
def test_lint_and_engine_agree_about_depth(levels):
    text = '<userTask id="x"/>'
    for n in range(levels):
        text = element("subProcess", "x", scope(f"i{n}", task=text.replace('"x"', f'"i{n}t"')))
    assert verdict(between(text)) == (levels <= 20)


@pytest.mark.parametrize("calls", [19, 20, 21, 22])
def test_lint_and_engine_agree_about_calls_in_calls(calls):
    called = "".join(
        f'<process id="c{n}">{scope(f"c{n}", task=element("callActivity", f"c{n}t", calledElement=f"c{n + 1}"))}'
        "</process>"
        for n in range(calls)
    )
    text = between(element("callActivity", "x", calledElement="c0"))
    text = text.replace(
        "</definitions>", f'{called}<process id="c{calls}">{scope("last")}</process></definitions>'
    )
    verdict(text)
