"""What hinders the execution of a definition, as problems.

Idea: the engine runs what is allowed here and nothing else. Constructs which the definition model does not
carry (and which reading therefore drops) are looked for in the XML, so that they are refused and not ignored.
Soundness, style and the rules of RUN are the lint's affair (workflows.definitions).
Source: BPMN 2.0.2 (OMG formal/2013-12-09), clauses 10 and 13.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from lxml import etree

from workflows.definitions.model import Definition, Flow, Node
from workflows.engine.sources import MANUAL
from workflows.problems import Problem
from workflows.xml import XmlRefused, parse

_EVENTS: Final = {
    "startEvent": frozenset({"none"}),
    "endEvent": frozenset({"none", "terminate", "error"}),
    "intermediateCatchEvent": frozenset({"timer", "message"}),
    "intermediateThrowEvent": frozenset({"none"}),
    "boundaryEvent": frozenset({"timer", "message", "error"}),
}
"""The kinds of events that are executed, by kind of node."""
_ACTIVITIES: Final = MANUAL | {"scriptTask", "receiveTask", "subProcess"}
_GATEWAYS: Final = frozenset({"exclusiveGateway", "inclusiveGateway", "parallelGateway", "eventBasedGateway"})
_EXECUTED: Final = _ACTIVITIES | _GATEWAYS | frozenset(_EVENTS)
_CHOOSING: Final = frozenset({"exclusiveGateway", "inclusiveGateway"})
MAX_NODES: Final = 5_000
_MAX_NESTING: Final = 20
"""Sub-processes within sub-processes."""


def check(definition: Definition) -> tuple[Problem, ...]:
    """Everything that hinders the execution, except expressions (see `sources`)."""
    nodes = definition.nodes
    if len(nodes) > MAX_NODES:
        return (
            Problem(
                "too-many-nodes",
                "The diagram has %(count)s nodes; at most %(maximum)s are executed. Divide it.",
                params={"count": len(nodes), "maximum": MAX_NODES},
            ),
        )
    return (
        *_structure(definition),
        *(problem for node in nodes.values() for problem in _node(definition, node)),
        *(problem for flow in definition.flows.values() for problem in _flow(definition, flow)),
        *_dropped_by_reading(definition),
    )


def _structure(definition: Definition) -> Iterator[Problem]:
    nodes = definition.nodes
    scopes = [None, *(node.id for node in nodes.values() if node.kind == "subProcess")]
    if definition.process_id in nodes:
        yield Problem(
            "id-repeated",
            "The process and one of its elements have the same id. Change one.",
            place=definition.process_id,
        )
    for scope in scopes:
        starts = [node for node in nodes.values() if node.parent == scope and node.kind == "startEvent"]
        if len(starts) != 1:
            yield Problem(
                "start-events",
                "A process and each sub-process needs exactly one start event; this one has %(count)s.",
                place=scope or definition.process_id,
                params={"count": len(starts)},
            )


def _node(definition: Definition, node: Node) -> Iterator[Problem]:
    if node.kind not in _EXECUTED or node.triggered_by_event:
        kind = "event sub-process" if node.triggered_by_event else node.kind
        yield _not_executed(node, kind)
        return
    if node.parent is not None and not _is_sub_process(definition, node.parent):
        yield Problem("scope-unknown", "The element is in a sub-process that is not read.", place=node.id)
    if _nesting(definition, node) > _MAX_NESTING:
        yield Problem(
            "nested-too-deep",
            "The element is nested in more than %(maximum)s sub-processes. Flatten them.",
            place=node.id,
            params={"maximum": _MAX_NESTING},
        )
    if node.kind in _EVENTS:
        yield from _event(definition, node)
    elif node.kind == "receiveTask" and not node.detail:
        yield _without_message(node)
    if node.multi_instance is not None:
        yield from _repetition(node)
    if not node.incoming and node.kind not in ("startEvent", "boundaryEvent"):
        yield Problem(
            "not-reached",
            "No flow leads to the element, so it would never be done. Connect it.",
            place=node.id,
        )
    yield from _leaving(definition, node)


def _is_sub_process(definition: Definition, node_id: str) -> bool:
    return node_id in definition.nodes and definition.nodes[node_id].kind == "subProcess"


def _nesting(definition: Definition, node: Node) -> int:
    depth = 0
    parent = node.parent
    while parent is not None and parent in definition.nodes and depth <= _MAX_NESTING:
        parent = definition.nodes[parent].parent
        depth += 1
    return depth


def _not_executed(node: Node, kind: str) -> Problem:
    return Problem(
        "not-executed",
        "A %(kind)s can be drawn and priced but is not executed yet. Replace it to run the service.",
        place=node.id,
        params={"kind": kind},
    )


def _without_message(node: Node) -> Problem:
    return Problem(
        "message-missing", "The element names no message. Choose the message it waits for.", place=node.id
    )


def _event(definition: Definition, node: Node) -> Iterator[Problem]:
    if node.event not in _EVENTS[node.kind]:
        yield _not_executed(node, f"{node.event} {node.kind}")
        return
    if node.event == "message" and not node.detail:
        yield _without_message(node)
    if node.kind == "boundaryEvent":
        yield from _boundary(definition, node)
    if node.kind == "endEvent" and node.event == "error" and not _is_caught(definition, node):
        yield Problem(
            "error-not-caught",
            "No sub-process around catches the error “%(name)s”. Attach an error event to the sub-process.",
            place=node.id,
            params={"name": node.detail},
        )


def _boundary(definition: Definition, node: Node) -> Iterator[Problem]:
    activity = definition.nodes.get(node.attached_to or "")
    if activity is None or activity.kind not in _ACTIVITIES or activity.parent != node.parent:
        yield Problem(
            "boundary-detached",
            "The boundary event is not attached to a task or sub-process that is executed. Attach it.",
            place=node.id,
        )
    elif node.event == "error" and activity.kind != "subProcess":
        yield Problem(
            "error-without-source",
            "Only a sub-process can raise the error of this boundary event. Use a gateway after the task.",
            place=node.id,
        )
    elif node.event == "error" and not node.interrupting:
        yield Problem(
            "error-not-interrupting",
            "An error always interrupts. Draw the event with solid lines.",
            place=node.id,
        )


def _is_caught(definition: Definition, node: Node) -> bool:
    catchers = {
        (other.attached_to, other.detail)
        for other in definition.nodes.values()
        if other.kind == "boundaryEvent" and other.event == "error"
    }
    parent = node.parent
    for _ in range(_MAX_NESTING):
        if parent is None:
            return False
        if (parent, node.detail) in catchers or (parent, "") in catchers:
            return True
        around = definition.nodes.get(parent)
        parent = None if around is None else around.parent
    return False


def _repetition(node: Node) -> Iterator[Problem]:
    many = node.multi_instance
    assert many is not None
    if node.kind not in _ACTIVITIES:
        yield _not_executed(node, f"repeated {node.kind}")
    elif many.standard_loop:
        if not many.completion and many.loop_maximum is None:
            yield Problem(
                "loop-endless",
                "The loop says neither while what it goes on nor how often. "
                "Write a loop condition or a maximum.",
                place=node.id,
            )
    elif bool(many.cardinality) == bool(many.collection):
        yield Problem(
            "instances-unknown",
            "A multi-instance needs either a number of instances or a collection. Write one of them.",
            place=node.id,
        )


def _leaving(definition: Definition, node: Node) -> Iterator[Problem]:
    flows = [definition.flows[flow_id] for flow_id in node.outgoing]
    if node.default is not None and node.default not in {flow.id for flow in flows}:
        yield Problem(
            "default-unknown",
            "The default flow does not leave this element. Choose one that does.",
            place=node.id,
        )
    if node.kind in _CHOOSING and len(flows) > 1:
        for flow in flows:
            if not flow.condition and flow.id != node.default:
                yield Problem(
                    "condition-missing",
                    "A flow that leaves a choosing gateway needs a condition. "
                    "Write it, or make it the default.",
                    place=flow.id,
                )
    if node.kind == "eventBasedGateway":
        yield from _event_gateway(definition, node, flows)


def _event_gateway(definition: Definition, node: Node, flows: list[Flow]) -> Iterator[Problem]:
    for flow in flows:
        target = definition.nodes.get(flow.target)
        if target is None or target.kind not in ("intermediateCatchEvent", "receiveTask"):
            fits = False
        else:
            attached = any(each.attached_to == target.id for each in definition.nodes.values())
            fits = len(target.incoming) == 1 and not attached and target.multi_instance is None
        if not fits:
            yield Problem(
                "event-gateway-target",
                "After an event-based gateway only an event that waits (or a receive task) may come, "
                "with no other incoming flow. Redraw the flow.",
                place=flow.id,
            )
    if len(flows) < 2:
        yield Problem("event-gateway-flows", "An event-based gateway needs two flows or more.", place=node.id)


def _flow(definition: Definition, flow: Flow) -> Iterator[Problem]:
    source, target = definition.nodes.get(flow.source), definition.nodes.get(flow.target)
    if source is None or target is None or source.parent != target.parent:
        yield Problem(
            "flow-detached",
            "The flow does not connect two elements of the same process or sub-process. Redraw it.",
            place=flow.id,
        )
        return
    if source.kind == "endEvent" or target.kind in ("startEvent", "boundaryEvent"):
        yield Problem(
            "flow-direction",
            "No flow may leave an end event or lead to a start or boundary event. Redraw it.",
            place=flow.id,
        )
    if flow.condition and source.kind not in _CHOOSING:
        yield Problem(
            "condition-misplaced",
            "Only flows that leave an exclusive or inclusive gateway may have a condition. Add a gateway.",
            place=flow.id,
        )


_DROPPED: Final[tuple[tuple[str, str, str], ...]] = (
    ("standardLoopCharacteristics", "testBefore", "true"),
    ("eventBasedGateway", "eventGatewayType", "Parallel"),
    ("eventBasedGateway", "instantiate", "true"),
    ("receiveTask", "instantiate", "true"),
    ("*", "isForCompensation", "true"),
    ("*", "parallelMultiple", "true"),
)
"""Element, attribute and value that change the execution but are not in the model."""
_DROPPED_ELEMENTS: Final = ("loopDataOutputRef", "outputDataItem", "complexBehaviorDefinition")


def _dropped_by_reading(definition: Definition) -> Iterator[Problem]:
    try:
        root = parse(definition.xml)
    except XmlRefused as refused:
        yield from refused.problems
        return
    known = {definition.process_id, *definition.nodes}
    for element in root.iter("{http://www.omg.org/spec/BPMN/20100524/MODEL}*"):
        name = element.tag.rpartition("}")[2]
        found = [
            f"{attribute}={value}"
            for tag, attribute, value in _DROPPED
            if tag in ("*", name) and element.get(attribute, "").strip() == value
        ]
        if name in _DROPPED_ELEMENTS:
            found.append(name)
        owner: etree._Element | None = element
        while owner is not None and owner.get("id") not in known:
            owner = owner.getparent()
        if found and owner is not None:
            yield Problem(
                "construct-not-executed",
                "“%(construct)s” is not executed yet. Remove it, or draw it another way.",
                place=str(owner.get("id")),
                params={"construct": ", ".join(found)},
            )
