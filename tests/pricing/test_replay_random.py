"""Random sound diagrams as BPMN files: exact numbers, played cases and the real engine agree on all of them.

The engine runs each diagram with choices drawn by their probabilities, in a random order of work, and counts what
begins. Where the order of work decides what is counted, it is that of the analysis: work beside an error is done
first, and a timer strikes a task that has begun.
"""

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction
from functools import cache
from random import Random
from xml.sax.saxutils import escape

import pytest

from pricing.cases import mean_and_error, play_cases
from pricing.visits import analyse
from tests.pricing.test_random_diagrams import RandomDiagram
from workflows import engine
from workflows.definitions.model import Estimate
from workflows.definitions.read import read

RUNS, CASES = 120, 4_000
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
SPACES = 'xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" targetNamespace="urn:test"'


class RunnableDiagram(RandomDiagram):
    """As random as the others, but every error is caught, and comes when the work beside it is done.

    Each round of a loop has work in it, because choices are drawn when work is completed.
    """

    failing = -1

    def task(self, before, parent, depth):
        name = super().task(before, parent, depth)
        estimate = self.nodes[name].estimate
        if estimate and estimate.repetitions < 1:
            self.nodes[name] = replace(self.nodes[name], estimate=Estimate(repetitions=Decimal("1.5")))
        return name

    def inside(self, before, parent, depth):
        name = super().inside(before, parent, depth)
        host = name if self.nodes[name].kind == "subProcess" else None
        if host and any(n.parent == host and n.event == "error" for n in self.nodes.values()):
            name = self.caught(host, parent, "error", "broken", None)
        for node in list(self.nodes.values()):
            if node.kind == "subProcess" and node.multi_instance:
                self.nodes[node.id] = replace(
                    node, multi_instance=replace(node.multi_instance, sequential=True)
                )
        return name

    def choice(self, before, parent, depth):
        """Half of them wait for one of two timers instead of asking a condition."""
        split = f"e{len(self.nodes)}"
        join = super().choice(before, parent, depth)
        if self.random.random() < 0.5:
            self.wait(split)
        return join

    def wait(self, split):
        self.nodes[split] = replace(self.nodes[split], kind="eventBasedGateway")
        for flow in [f for f in self.flows.values() if f.source == split]:
            event = self.node("intermediateCatchEvent", flow.parent, event="timer", detail="PT1H")
            self.flows[flow.id] = replace(flow, target=event)
            self.flow(event, flow.target)

    def watched(self, before, parent, depth):
        name = self.task(before, parent, depth)
        self.nodes[name] = replace(self.nodes[name], multi_instance=None, estimate=None)
        return self.caught(name, parent, "timer", "PT1H", Estimate(probability=self.chance(1, 5)))


@cache
def diagram(seed):
    return RunnableDiagram(seed).definition(12)


# --- as a file ----------------------------------------------------------------------------------------------


def as_bpmn(definition):
    return (
        f'<definitions {SPACES}><error id="broken" errorCode="broken"/><process id="random" isExecutable="true">'
        f"{content(definition, None)}</process></definitions>"
    ).encode()


def content(definition, parent):
    nodes = "".join(element(definition, n) for n in definition.nodes.values() if n.parent == parent)
    return nodes + "".join(arrow(definition, f) for f in definition.flows.values() if f.parent == parent)


def element(definition, node):
    inner, more = "", ""
    if node.event == "timer":
        inner = "<timerEventDefinition><timeDuration>PT1H</timeDuration></timerEventDefinition>"
    elif node.event == "error":
        inner = '<errorEventDefinition errorRef="broken"/>'
    if node.attached_to:
        more = f' attachedToRef="{node.attached_to}" cancelActivity="{str(node.interrupting).lower()}"'
    if node.multi_instance:
        inner += (
            f'<multiInstanceLoopCharacteristics isSequential="{str(node.multi_instance.sequential).lower()}">'
            f"<loopCardinality>{times(node)}</loopCardinality></multiInstanceLoopCharacteristics>"
        )
    return f'<{node.kind} id="{node.id}"{more}>{inner}{content(definition, node.id)}</{node.kind}>'


def times(node):
    return node.multi_instance.cardinality or f"times_{node.id}"


def arrow(definition, flow):
    asked = flow.estimate and definition.nodes[flow.source].kind != "eventBasedGateway"
    condition = f"<conditionExpression>{escape(flow.id)} = true</conditionExpression>" if asked else ""
    return f'<sequenceFlow id="{flow.id}" sourceRef="{flow.source}" targetRef="{flow.target}">{condition}</sequenceFlow>'


# --- the engine ---------------------------------------------------------------------------------------------


class Replay:
    """One instance, run to its end; `done` counts what began."""

    def __init__(self, definition, program, random):
        self.definition, self.random, self.done = definition, random, Counter()
        self.seen, self.decided = set(), set()
        self.beside = {n.id for n in definition.nodes.values() if self.is_beside(n)}
        instance = engine.Instance.new(program, self.drawn(), now=NOW)
        self.instance = instance
        self.proceed(instance.start(NOW))
        while instance.status == "running":
            self.step()
        assert instance.status == "completed"

    def is_beside(self, node):
        """Whether it is what a timer that does not interrupt began."""
        sources = {self.definition.flows[f].source for f in node.incoming}
        return any(not self.definition.nodes[s].interrupting for s in sources)

    def drawn(self):
        """One flow of each exclusive gateway, any of an inclusive one but at least one, and numbers of repetitions."""
        data = {}
        for node in self.definition.nodes.values():
            flows = [f for f in map(self.definition.flows.get, node.outgoing) if f.estimate]
            weights = [float(f.estimate.probability) for f in flows]
            chosen = set()
            if node.kind == "inclusiveGateway":
                chosen = {f.id for f, w in zip(flows, weights, strict=True) if self.random.random() < w}
            if flows and not chosen:
                chosen = {f.id for f in self.random.choices(flows, weights)}
            data |= {f.id: f.id in chosen for f in flows}
            if node.multi_instance and not node.multi_instance.cardinality:
                whole, rest = divmod(node.estimate.repetitions, 1)
                data[times(node)] = int(whole) + (self.random.random() < rest)
        return data

    def proceed(self, changes):
        while changes.pending:
            changes = self.instance.proceed(NOW)
        assert not self.instance.incidents
        for item in self.instance.ready:
            if item.task_id not in self.seen:
                self.seen.add(item.task_id)
                self.done[item.node_id] += 1

    def step(self):
        timers = [t for t in self.instance.timers if t.task_id not in self.decided]
        if timers:
            first = timers[0]
            self.decided |= {t.task_id for t in timers if self.together(t) == self.together(first)}
            chosen = self.striking(timers, first)
            if chosen:
                self.proceed(self.instance.fire_timer(chosen.task_id, chosen.due))
            return
        ready = self.instance.ready
        beside = [item for item in ready if item.node_id in self.beside]
        self.proceed(self.instance.complete(self.random.choice(beside or ready).task_id, self.drawn(), NOW))

    def together(self, timer):
        """Timers of one gateway exclude each other; one at a border stands alone."""
        node = self.definition.nodes[timer.node_id]
        return timer.task_id if node.attached_to else self.definition.flows[node.incoming[0]].source

    def striking(self, timers, first):
        node = self.definition.nodes[first.node_id]
        if node.attached_to:
            return first if self.random.random() < float(node.estimate.probability) else None
        rivals = [t for t in timers if self.together(t) == self.together(first)]
        flows = [self.definition.flows[self.definition.nodes[t.node_id].incoming[0]] for t in rivals]
        return self.random.choices(rivals, [float(f.estimate.probability) for f in flows])[0]


def agree(values, exact, most):
    """Whether a sample has that mean, within 4 standard errors; where chance never struck, 3 in the sample."""
    mean, error = mean_and_error(values)
    return abs(mean - float(exact)) <= most * error + 3 / len(values)


@pytest.mark.parametrize("seed", range(400, 412))
def test_exact_numbers_played_cases_and_the_engine_agree(seed):
    drawn = diagram(seed)
    definition = read(as_bpmn(drawn)).definition
    program = engine.program(definition)
    random = Random(seed)
    counts = [Replay(drawn, program, random).done for _ in range(RUNS)]
    chances = {f.id: Fraction(f.estimate.probability) for f in drawn.flows.values() if f.estimate}
    chances |= {
        n.id: Fraction(n.estimate.probability)
        for n in drawn.nodes.values()
        if n.kind == "boundaryEvent" and n.estimate
    }
    repetitions = {
        n.id: Fraction(n.estimate.repetitions)
        for n in drawn.nodes.values()
        if n.multi_instance and n.estimate
    }
    analysis = analyse(definition, probabilities=chances, repetitions=repetitions)
    assert analysis.usable, [p.text() for p in analysis.problems]
    played = play_cases(analysis.graph, cases=CASES, seed=seed)
    for row in analysis.table():
        assert row.expected == analyse(drawn).expected[row.node]
        for values in ([times[row.node] for times in counts], list(played.executions[row.node])):
            assert agree(values, row.expected, 4), row.node
            assert agree([n > 0 for n in values], row.at_least_once, 4), row.node
            assert row.minimum <= min(values)
            assert row.maximum is None or max(values) <= row.maximum
