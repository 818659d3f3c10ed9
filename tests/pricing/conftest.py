"""Builders shared by the tests of pricing: a definition from one line of text."""

from dataclasses import replace
from decimal import Decimal

import pytest

from workflows.definitions.model import Definition, Estimate, Flow, Node, ServiceCard

KINDS = {
    "s": "startEvent",
    "e": "endEvent",
    "x": "exclusiveGateway",
    "p": "parallelGateway",
    "o": "inclusiveGateway",
    "v": "eventBasedGateway",
    "z": "subProcess",
    "b": "boundaryEvent",
}


def build_diagram(text, *, nodes=(), flows=(), service=None):
    """'s>a a>x1 x1>b:0.9': flows with their probability; the first letter of an id tells its kind.

    Any other letter is a task. nodes, flows: {id: {field: value}} to change or add.
    """
    nodes, flows = dict(nodes), dict(flows)
    found, arrows = {}, {}
    for part in text.split():
        arrow, _, chance = part.partition(":")
        source, target = arrow.split(">")
        estimate = Estimate(probability=Decimal(chance)) if chance else None
        arrows[arrow] = Flow(arrow, source, target, estimate=estimate)
        for node in (source, target):
            found.setdefault(node, Node(node, KINDS.get(node[0], "userTask"), name=node))
    for node, fields in nodes.items():
        found[node] = replace(found.get(node) or Node(node, KINDS.get(node[0], "userTask")), **fields)
    for flow, fields in flows.items():
        arrows[flow] = replace(arrows[flow], **fields)
    for arrow in arrows.values():
        source, target = found[arrow.source], found[arrow.target]
        found[arrow.source] = replace(source, outgoing=(*source.outgoing, arrow.id))
        found[arrow.target] = replace(found[arrow.target], incoming=(*found[arrow.target].incoming, arrow.id))
    return Definition("proc", "Process", service or ServiceCard(code="S"), found, arrows, {}, b"<xml/>")


@pytest.fixture(scope="session")
def diagram():
    return build_diagram
