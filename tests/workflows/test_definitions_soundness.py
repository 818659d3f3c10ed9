"""The token game finds what can stop, go round or multiply, and leaves sound diagrams alone."""

import pytest

from workflows.definitions import sequence
from workflows.definitions.read import read
from workflows.definitions.soundness import check

MODEL = 'xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL"'
KINDS = {
    "s": "startEvent",
    "e": "endEvent",
    "x": "exclusiveGateway",
    "p": "parallelGateway",
    "o": "inclusiveGateway",
}


def definition(flows, extra=""):
    """Nodes from "a>b a>c": the first letter of an id says its kind, another letter is a task."""
    pairs = [tuple(each.split(">")) for each in flows.split()]
    ids = dict.fromkeys(node for pair in pairs for node in pair)
    declared = {node for node in ids if f'id="{node}"' in extra}
    nodes = "".join(
        f'<{KINDS.get(node[0], "userTask")} id="{node}"/>' for node in ids if node not in declared
    )
    arrows = "".join(
        f'<sequenceFlow id="f{number}" sourceRef="{source}" targetRef="{target}"/>'
        for number, (source, target) in enumerate(pairs)
    )
    text = f'<definitions {MODEL}><process id="p">{nodes}{extra}{arrows}</process></definitions>'
    return read(text.encode()).definition


def faults(flows, extra=""):
    result = check(definition(flows, extra))
    assert result.complete
    return {finding.fault for finding in result.findings}


@pytest.mark.parametrize(
    "flows",
    [
        "s>a a>e",
        "s>x1 x1>a x1>b a>x2 b>x2 x2>e",
        "s>p1 p1>a p1>b a>p2 b>p2 p2>e",
        "s>o1 o1>a o1>b o1>c a>o2 b>o2 c>o2 o2>e",
        "s>x1 x1>a a>x2 x2>x1 x2>e",
        "s>x1 x1>p1 p1>a p1>b a>p2 b>p2 p2>x2 x2>x1 x2>e",
        "s>p1 p1>a p1>b a>e1 b>e2",
        "s>o1 o1>p1 o1>c p1>a p1>b a>p2 b>p2 p2>o2 c>o2 o2>e",
        "s>a a>b",
    ],
)
def test_sound_diagrams_have_no_finding(flows):
    assert faults(flows) == set()


@pytest.mark.parametrize(
    ("flows", "fault"),
    [
        ("s>x1 x1>a x1>b a>p1 b>p1 p1>e", "deadlock"),
        ("s>o1 o1>a o1>b a>p1 b>p1 p1>e", "deadlock"),
        ("s>p1 p1>a p1>b a>c b>c c>e", "unsynchronised"),
        ("s>x1 x1>a a>b b>a x1>e", "livelock"),
        ("s>a a>a", "livelock"),
        ("s>x1 x1>x2 x1>p2 x2>p1 p1>x2 p1>p2 p2>e", "unbounded"),
    ],
)
def test_unsound_diagrams_are_found(flows, fault):
    assert fault in faults(flows)


SUB = '<subProcess id="sub"><startEvent id="s2"/>{}</subProcess>'
INNER = '<task id="a"/><task id="b"/><endEvent id="e2"/><{0} id="g1"/><{1} id="g2"/>' + "".join(
    f'<sequenceFlow id="i{number}" sourceRef="{source}" targetRef="{target}"/>'
    for number, (source, target) in enumerate(
        [("s2", "g1"), ("g1", "a"), ("g1", "b"), ("a", "g2"), ("b", "g2"), ("g2", "e2")]
    )
)


def test_a_deadlock_inside_a_sub_process_is_found():
    good = SUB.format(INNER.format("parallelGateway", "parallelGateway"))
    bad = SUB.format(INNER.format("exclusiveGateway", "parallelGateway"))
    assert faults("s>sub sub>e", good) == set()
    assert faults("s>sub sub>e", bad) == {"deadlock"}


def test_an_interrupting_event_leads_out_of_a_sub_process_at_any_moment():
    inner = SUB.format(INNER.format("parallelGateway", "parallelGateway"))
    event = '<boundaryEvent id="late" attachedToRef="sub"><timerEventDefinition/></boundaryEvent>'
    assert faults("s>sub sub>e late>c c>e", inner + event) == set()


def test_an_error_end_goes_on_at_the_event_that_catches_it():
    inner = (
        '<exclusiveGateway id="g"/><endEvent id="fail"><errorEventDefinition/></endEvent>'
        '<endEvent id="fine"/><sequenceFlow id="i1" sourceRef="s2" targetRef="g"/>'
        '<sequenceFlow id="i2" sourceRef="g" targetRef="fail"/>'
        '<sequenceFlow id="i3" sourceRef="g" targetRef="fine"/>'
    )
    event = '<boundaryEvent id="oops" attachedToRef="sub"><errorEventDefinition/></boundaryEvent>'
    assert faults("s>sub sub>x1 oops>x1 x1>e", SUB.format(inner) + event) == set()


def test_both_ways_of_an_interrupting_event_cannot_be_joined():
    event = '<boundaryEvent id="late" attachedToRef="a"><timerEventDefinition/></boundaryEvent>'
    assert faults("s>a a>p1 late>p1 p1>e", event) == {"deadlock"}
    assert faults("s>a a>x1 late>x1 x1>e", event) == set()


def test_a_side_event_that_meets_the_main_way_starts_work_twice():
    timer = "<timerEventDefinition/>"
    event = f'<boundaryEvent id="late" attachedToRef="a" cancelActivity="false">{timer}</boundaryEvent>'
    assert faults("s>a a>c late>c c>e", event) == {"unsynchronised"}
    assert faults("s>a a>e late>c c>e1", event) == set()


def test_a_terminate_end_clears_what_waits():
    end = '<endEvent id="stop"><terminateEventDefinition/></endEvent>'
    assert faults("s>p1 p1>a p1>b p1>c a>stop b>p2 c>p2 p2>e", end) == set()


def test_too_many_markings_are_said_and_not_waited_for():
    flows = "s>p1 p2>e " + " ".join(f"p1>x{n} x{n}>a{n} x{n}>b{n} a{n}>p2 b{n}>p2" for n in range(40))
    result = check(definition(flows))
    assert not result.complete


def test_lint_says_that_a_diagram_is_too_complex():
    from workflows.definitions.lint import lint

    flows = "s>p1 p2>e " + " ".join(
        f"p1>x{n} x{n}>a{n} x{n}>b{n} a{n}>xx{n} b{n}>xx{n} xx{n}>p2" for n in range(40)
    )
    assert "too-complex" in {problem.code for problem in lint(definition(flows), level="preview")}


# the graph


EDGES = {"s": ("a", "b"), "a": ("j",), "b": ("j", "b2"), "b2": ("b",), "j": ("e",), "e": ()}


def test_dominators_are_the_last_node_every_way_passes():
    assert sequence.dominators(EDGES, "s") == {"s": "s", "a": "s", "b": "s", "b2": "b", "j": "s", "e": "j"}


def test_reachable_never_passes_what_is_left_out():
    assert sequence.reachable(EDGES, ["b"]) == {"b", "b2", "j", "e"}
    assert sequence.reachable(EDGES, ["s"], without="j") == {"s", "a", "b", "b2"}


def test_components_find_loops():
    assert frozenset({"b", "b2"}) in sequence.components(EDGES)
    assert len(sequence.components(EDGES)) == 5


def test_a_long_diagram_needs_no_deep_recursion():
    edges = {str(n): (str(n + 1),) for n in range(20_000)} | {"20000": ()}
    assert sequence.dominators(edges, "0")["20000"] == "19999"
    assert len(sequence.components(edges)) == 20_001
