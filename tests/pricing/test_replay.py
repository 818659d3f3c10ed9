"""The exact numbers are those of the real engine: instances run with random choices, their tasks counted."""

from collections import Counter
from datetime import UTC, datetime
from fractions import Fraction
from math import sqrt
from random import Random
from statistics import fmean, stdev

import pytest

from pricing.visits import analyse
from workflows import engine
from workflows.definitions.read import read

RUNS = 120
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
KINDS = {
    "s": "startEvent",
    "e": "endEvent",
    "x": "exclusiveGateway",
    "p": "parallelGateway",
    "o": "inclusiveGateway",
}

# every choice follows a task, because the choice of the next gateways is drawn when a task is completed
MODELS = {
    "rework": "s1>x1 x1>t1 t1>x2 x2>x1:0.3 x2>t2:0.7 t2>e1",
    "exclusive": "s1>t1 t1>x1 x1>t2:0.9 x1>t3:0.1 t2>x2 t3>x2 x2>t4 t4>e1",
    "parallel with a loop inside": "s1>p1 p1>t1 p1>x1 x1>t2 t2>x2 x2>x1:0.4 x2>t3:0.6 t1>p2 t3>p2 p2>t4 t4>e1",
    "nested loops": "s1>x1 x1>t1 t1>x2 x2>t2 t2>x3 x3>x2:0.25 x3>t3:0.75 t3>x4 x4>x1:0.5 x4>e1:0.5",
    "inclusive": "s1>t0 t0>o1 o1>t1:0.5 o1>t2:0.3 o1>t3:0.2 t1>o2 t2>o2 t3>o2 o2>t4 t4>e1",
    "parallel block in a loop": "s1>x1 x1>p1 p1>t1 p1>t2 t1>p2 t2>p2 p2>t3 t3>x2 x2>x1:0.4 x2>e1:0.6",
    "two ways into a loop": "s1>t0 t0>x0 x0>x1:0.5 x0>x2:0.5 x1>t1 t1>x2 x2>t2 t2>x3 x3>x1:0.2 x3>x2:0.3 x3>e1:0.5",
    "inclusive with a loop inside": "s1>t0 t0>o1 o1>x1:0.6 o1>t2:0.7 x1>t1 t1>x2 x2>x1:0.3 x2>o2:0.7 t2>o2 o2>t3 "
    "t3>e1",
    "sub-process in a loop": "s1>x1 x1>z1 z1>t9 t9>x2 x2>x1:0.3 x2>e1:0.7 | s2>t1 t1>x3 x3>t2:0.6 x3>e2:0.4 t2>e2",
}  # fmt: skip


class Diagram:
    """A model as BPMN; a flow with a probability has the condition that its choice was drawn."""

    def __init__(self, text):
        self.chances = {}
        self.gateways = {}
        outer, _, inner = text.partition("|")
        content = self.content(outer).replace(
            '<task id="z1"/>', f'<subProcess id="z1">{self.content(inner)}</subProcess>'
        )
        self.xml = (
            '<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" targetNamespace="urn:test">'
            f'<process id="p" isExecutable="true">{content}</process></definitions>'
        ).encode()

    def content(self, text):
        names, flows = {}, []
        for part in text.split():
            arrow, _, chance = part.partition(":")
            source, target = arrow.split(">")
            names |= {source: None, target: None}
            flow, condition = f"{source}_{target}", ""
            if chance:
                self.chances[flow] = chance
                self.gateways.setdefault(source, []).append((flow, float(chance)))
                condition = f"<conditionExpression>{flow} = true</conditionExpression>"
            flows.append(
                f'<sequenceFlow id="{flow}" sourceRef="{source}" targetRef="{target}">{condition}</sequenceFlow>'
            )
        return "".join(self.node(name) for name in names) + "".join(flows)

    @staticmethod
    def node(name):
        kind = "task" if name[0] == "z" else KINDS.get(name[0], "userTask")
        return f'<{kind} id="{name}"/>'

    def drawn(self, random):
        """One flow of each exclusive gateway; any of an inclusive one, at least one."""
        data = {}
        for gateway, ways in self.gateways.items():
            flows, weights = [f for f, _ in ways], [w for _, w in ways]
            if gateway[0] == "o":
                chosen = {f for f, w in ways if random.random() < w} or {*random.choices(flows, weights)}
            else:
                chosen = {*random.choices(flows, weights)}
            data |= {flow: flow in chosen for flow in flows}
        return data


def run(program, diagram, random):
    """Executions of each task in one instance."""
    done = Counter()
    step = engine.start(program, diagram.drawn(random), now=NOW)
    while step.ready:
        item = random.choice(step.ready)
        done[item.node_id] += 1
        step = engine.complete(program, step.state, item.task_id, diagram.drawn(random), now=NOW)
        assert not step.incidents
    assert step.status == "completed"
    return done


@pytest.mark.parametrize("name", MODELS)
def test_expected_executions_are_those_of_the_engine(name):
    diagram = Diagram(MODELS[name])
    definition = read(diagram.xml).definition
    program = engine.program(definition)
    random = Random(46)
    counts = [run(program, diagram, random) for _ in range(RUNS)]
    analysis = analyse(definition, probabilities={f: Fraction(p) for f, p in diagram.chances.items()})
    assert analysis.usable, [p.text() for p in analysis.problems]
    for row in analysis.table():
        found = [times[row.node] for times in counts]
        for values, exact in ((found, row.expected), ([n > 0 for n in found], row.at_least_once)):
            error = stdev(map(float, values)) / sqrt(RUNS)
            assert abs(fmean(map(float, values)) - float(exact)) <= 4 * error + 1e-9, row.node
        assert row.minimum <= min(found)
        assert row.maximum is None or max(found) <= row.maximum
