"""The token game finds what can stop, go round or multiply, and leaves sound diagrams alone."""

import random

import pytest

from workflows.definitions import sequence
from workflows.definitions.read import read
from workflows.definitions.reduction import reduced
from workflows.definitions.soundness import BOUND, check, explore

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


def test_inclusive_joins_that_are_too_many_to_follow_are_said_and_not_tried():
    """Who may still come to each of them would fill the memory and take minutes to find."""
    count = 400
    flows = [f"o{each}>o{(7 * each + 13 * way + 1) % count}" for each in range(count) for way in range(4)]
    result = check(definition(" ".join(["s>o0", *flows])))
    assert (result.complete, result.markings, result.findings) == (False, 0, ())


def test_lint_says_that_a_diagram_is_too_complex():
    from workflows.definitions.lint import lint

    flows = "s>p1 p2>e " + " ".join(f"p1>x{n} x{n}>a{n} x{n}>b{n} a{n}>p2 b{n}>p2" for n in range(40))
    assert "too-complex" in {problem.code for problem in lint(definition(flows), level="preview")}


# what is sound by its form is not tried


def test_parallel_blocks_of_choices_are_decided_however_many():
    flows = "s>p1 p2>e " + " ".join(
        f"p1>x{n} x{n}>a{n} x{n}>b{n} a{n}>xx{n} b{n}>xx{n} xx{n}>p2" for n in range(60)
    )
    result = check(definition(flows))
    assert result.complete
    assert result.findings == ()
    assert result.markings < 10


@pytest.mark.parametrize("seed", range(20))
def test_every_diagram_of_blocks_within_blocks_is_decided(seed):
    """Parallel, exclusive and inclusive blocks, loops and sub-processes, eight deep: up to about 1,500 nodes."""
    grown = Blocks(seed)
    result = check(grown.definition)
    assert result.complete
    assert result.findings == ()
    assert result.markings < 10


class Blocks:
    def __init__(self, seed, depth=8):
        self.random = random.Random(seed)
        self.count = 0
        first, last, xml = self.block(depth)
        text = f'<startEvent id="s"/><endEvent id="e"/>{xml}{self.flow("s", first)}{self.flow(last, "e")}'
        self.definition = read(
            f'<definitions {MODEL}><process id="p">{text}</process></definitions>'.encode()
        ).definition

    def id(self, prefix):
        self.count += 1
        return f"{prefix}{self.count}"

    def flow(self, source, target):
        return f'<sequenceFlow id="{self.id("f")}" sourceRef="{source}" targetRef="{target}"/>'

    def block(self, depth):
        kinds = ["parallel", "exclusive", "inclusive", "sequence", "loop", "inside"]
        kind = self.random.choice(kinds) if depth and self.count < 3_500 else "task"
        if kind == "task":
            id_ = self.id("t")
            return id_, id_, f'<userTask id="{id_}"/>'
        one = self.block(depth - 1)
        if kind == "sequence":
            two = self.block(depth - 1)
            return one[0], two[1], one[2] + two[2] + self.flow(one[1], two[0])
        if kind == "inside":
            id_, start, end = self.id("u"), self.id("s"), self.id("e")
            inner = f'<startEvent id="{start}"/>{one[2]}<endEvent id="{end}"/>'
            inner += self.flow(start, one[0]) + self.flow(one[1], end)
            return id_, id_, f'<subProcess id="{id_}">{inner}</subProcess>'
        is_loop = kind == "loop"
        kind = "exclusive" if is_loop else kind
        first, last = self.id("g"), self.id("g")
        xml = f'<{kind}Gateway id="{first}"/><{kind}Gateway id="{last}"/>'
        others = 0 if is_loop else self.random.randint(1, 3)
        for branch in (one, *(self.block(depth - 1) for _ in range(others))):
            xml += branch[2] + self.flow(first, branch[0]) + self.flow(branch[1], last)
        if is_loop:
            xml += self.flow(last, first)
        return first, last, xml


@pytest.mark.parametrize("seed", range(100))
def test_what_is_found_in_a_random_diagram_is_found_in_what_is_left_of_it(seed):
    """Any gateways and arrows at random; work that only runs to an end may be taken out."""
    drawn = scribbled(seed)
    whole, small = explore(drawn, bound=1_000), explore(reduced(drawn), bound=1_000)
    assert small.complete or not whole.complete
    if whole.complete:
        lost = {each.fault for each in whole.findings} - {each.fault for each in small.findings}
        assert lost <= {"unbounded"}
        assert len(reduced(drawn).nodes) <= len(drawn.nodes)


def scribbled(seed):
    chance = random.Random(seed)
    letters = "ttxxppo"
    ids = [f"{chance.choice(letters)}{number}" for number in range(chance.randint(3, 11))]
    flows = [f"s>{chance.choice(ids)}"]
    for number, source in enumerate(ids):
        for _ in range(1 if source[0] == "t" else chance.choice([1, 2, 2, 3])):
            onwards = [*ids[number + 1 :], "e1", "e2"]
            flows.append(f"{source}>{chance.choice(onwards if chance.random() < 0.8 else ids)}")
    return definition(" ".join(flows))


def test_work_beside_the_way_that_runs_to_its_own_end_is_done_at_once():
    timer = "<timerEventDefinition/>"
    event = f'<boundaryEvent id="late" attachedToRef="a" cancelActivity="false">{timer}</boundaryEvent>'
    around = "s>x1 x1>a a>x2 x2>x1 x2>e late>p1 p1>b p1>c b>p2 c>p2 p2>e2"
    assert faults(around, event) == set()


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


# parts of a diagram

HANDLER = (
    '<subProcess id="h" triggeredByEvent="true"><startEvent id="hs" isInterrupting="{interrupting}">'
    '{trigger}</startEvent>{inside}<endEvent id="he">{ending}</endEvent></subProcess>'
)
MESSAGE = '<messageEventDefinition messageRef="m"/>'
ANY_ERROR = "<errorEventDefinition/>"


def handler(trigger=MESSAGE, inside="", ending="", *, interrupting=True, arrows=None):
    arrows = arrows or '<sequenceFlow id="hf" sourceRef="hs" targetRef="he"/>'
    return HANDLER.format(
        interrupting=str(interrupting).lower(), trigger=trigger, inside=inside + arrows, ending=ending
    )


def sub(inside, tag="subProcess", own_id="a"):
    return f'<{tag} id="{own_id}">{inside}</{tag}>'


def inside(flows, extra=""):
    """The content of the process that `definition` would make, for a sub-process."""
    text = definition(flows, extra).xml.decode()
    return text[text.index("<process") : text.index("</process>")].split(">", 1)[1]


LOOP = inside("is>ib ib>ic ic>ib").replace('id="f', 'id="if')
"""Goes round without end."""


@pytest.mark.parametrize("interrupting", [True, False])
def test_an_event_sub_process_beside_sound_work_is_no_fault(interrupting):
    assert faults("s>p1 p1>a p1>b a>p2 b>p2 p2>e", handler(interrupting=interrupting)) == set()


def test_an_event_that_ends_a_round_is_a_way_out():
    assert faults("s>a a>b b>a") == {"livelock"}
    assert faults("s>a a>b b>a", handler()) == set()
    assert faults("s>a a>b b>a", handler(interrupting=False)) == {"livelock"}
    assert faults("s>a a>b b>a", handler(ANY_ERROR)) == {"livelock"}


def test_an_event_that_ends_a_round_in_a_sub_process_is_a_way_out():
    assert faults("s>a a>e", sub(LOOP)) == {"livelock"}
    assert faults("s>a a>e", sub(LOOP + handler())) == set()


def test_an_event_sub_process_is_no_excuse_for_a_deadlock():
    assert "deadlock" in faults("s>x1 x1>b x1>c b>p1 c>p1 p1>e", handler())


def test_the_inside_of_an_event_sub_process_is_looked_at():
    gateways = '<exclusiveGateway id="hx"/><parallelGateway id="hp"/><task id="ha"/><task id="hb"/>'
    pairs = ["hs>hx", "hx>ha", "hx>hb", "ha>hp", "hb>hp", "hp>he"]
    arrows = "".join(
        '<sequenceFlow id="h{}" sourceRef="{}" targetRef="{}"/>'.format(number, *pair.split(">"))
        for number, pair in enumerate(pairs)
    )
    assert faults("s>a a>e", handler(inside=gateways, arrows=arrows)) == {"deadlock"}


def test_an_error_that_an_event_sub_process_catches_ends_its_scope_only():
    part = '<startEvent id="is"/><endEvent id="ie"><errorEventDefinition/></endEvent>'
    part += '<sequenceFlow id="if" sourceRef="is" targetRef="ie"/>' + handler(ANY_ERROR)
    assert faults("s>p1 p1>a p1>b a>p2 b>p2 p2>e", sub(part)) == set()


def test_an_error_thrown_by_an_event_sub_process_does_not_reach_what_is_explored_apart():
    part = '<startEvent id="is"/><endEvent id="ie"/><sequenceFlow id="if" sourceRef="is" targetRef="ie"/>'
    boundary = '<boundaryEvent id="b" attachedToRef="a"><errorEventDefinition/></boundaryEvent>'
    extra = sub(part + handler(ending=ANY_ERROR)) + boundary
    assert faults("s>p1 p1>a p1>c a>p2 c>p2 p2>e b>e1", extra) <= {"deadlock"}
    assert faults("s>a a>e b>e1", extra) == set()


def test_a_cancelled_transaction_goes_on_at_its_cancel_event():
    part = '<startEvent id="is"/><endEvent id="ie"><cancelEventDefinition/></endEvent>'
    part += '<sequenceFlow id="if" sourceRef="is" targetRef="ie"/>'
    boundary = '<boundaryEvent id="b" attachedToRef="a"><cancelEventDefinition/></boundaryEvent>'
    assert faults("s>a a>e b>c c>e1", sub(part, "transaction") + boundary) == set()


def test_what_starts_beside_a_sub_process_is_followed():
    part = '<startEvent id="is"/><endEvent id="ie"/><sequenceFlow id="if" sourceRef="is" targetRef="ie"/>'
    boundary = f'<boundaryEvent id="b" attachedToRef="a" cancelActivity="false">{MESSAGE}</boundaryEvent>'
    assert faults("s>a a>e b>c c>e1", sub(part) + boundary) == set()
    assert faults("s>a a>p1 b>p1 p1>e", sub(part) + boundary) == {"deadlock"}


def test_an_ad_hoc_sub_process_is_one_step_and_its_parts_are_looked_at():
    free = '<userTask id="t1"/><userTask id="t2"/><parallelGateway id="t3"/>'
    assert faults("s>a a>e", sub(free, "adHocSubProcess")) == set()
    assert faults("s>a a>e", sub(sub(LOOP, own_id="part"), "adHocSubProcess")) == {"livelock"}


def test_calls_do_not_multiply_the_ways():
    text = "".join(
        f'<process id="p{n}"><startEvent id="s{n}"/><callActivity id="a{n}" calledElement="p{n + 1}"/>'
        f'<callActivity id="b{n}" calledElement="p{n + 1}"/><parallelGateway id="g{n}"/><endEvent id="e{n}"/>'
        f'<sequenceFlow id="w{n}" sourceRef="s{n}" targetRef="g{n}"/>'
        f'<sequenceFlow id="x{n}" sourceRef="g{n}" targetRef="a{n}"/>'
        f'<sequenceFlow id="y{n}" sourceRef="g{n}" targetRef="b{n}"/></process>'
        for n in range(15)
    )
    found = read(f"<definitions {MODEL}>{text}</definitions>".encode()).definition
    assert sum(check(each).markings for each in (found, *found.processes.values())) < 200


def test_many_event_sub_processes_and_side_events_stay_bounded():
    part = '<startEvent id="is{0}"/><endEvent id="ie{0}"/><sequenceFlow id="if{0}" sourceRef="is{0}" targetRef="ie{0}"/>'
    extra, flows = "", ["s>p1", "p2>e"]
    for n in range(12):
        inner_handler = handler().replace('"h', f'"h{n}')
        extra += sub(part.format(n) + inner_handler, own_id=f"a{n}")
        extra += (
            f'<boundaryEvent id="b{n}" attachedToRef="a{n}" cancelActivity="false">{MESSAGE}</boundaryEvent>'
        )
        flows += [f"p1>a{n}", f"a{n}>p2", f"b{n}>e{n}"]
    result = check(definition(" ".join(flows), extra))
    assert result.markings <= BOUND
    assert not result.complete or result.findings == ()


@pytest.mark.parametrize("sign", ["#", "@", ">"])
def test_ids_of_any_form_are_no_places_of_another_kind(sign):
    made = definition("s>x1 x1>a x1>b a>x2 b>x2 x2>e")
    text = made.xml.decode().replace('id="f', f'id="{sign}f').replace('id="x1"', f'id="{sign}x"')
    text = text.replace('Ref="x1"', f'Ref="{sign}x"')
    assert check(read(text.encode()).definition).findings == ()
