"""Rules for the drawing: events, flows, gateways, ids.

Source: BPMN 2.0.2 clauses 8.3.13 (sequence flow), 10.5 (events), 10.6 (gateways); measured behaviour of
SpiffWorkflow 3.2, which refuses or misreads most of what is reported here.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import Final

from workflows.definitions import bpmn, sequence
from workflows.definitions.lint.registry import Subject, shown
from workflows.definitions.lint.thrown import family
from workflows.definitions.model import Definition, Flow, Node
from workflows.problems import Problem

_ID: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,99}")
_AFTER_EVENT_GATEWAY: Final = frozenset({"intermediateCatchEvent", "receiveTask"})
_CHOOSING: Final = ("exclusiveGateway", "inclusiveGateway")


def process(subject: Subject) -> Iterator[Problem]:
    """The process as a whole can be run."""
    definition = subject.definition
    if not bpmn.is_true(subject.process, "isExecutable"):
        yield Problem(
            "not-executable",
            "The process is not marked as executable. Select the empty canvas and tick “Executable”.",
            place=definition.process_id,
        )
    if not any(node.kind in bpmn.ACTIVITIES for node in definition.nodes.values()):
        yield Problem(
            "empty-process",
            "The process has no task. Draw what has to be done.",
            place=definition.process_id,
        )


def unique_ids(subject: Subject) -> Iterator[Problem]:
    """Ids are unique in the file; it matters most for what is drawn."""
    drawn = {
        element
        for each in family(subject.main).values()
        for element in (each.process_id, *each.nodes, *each.flows)
    }
    counts = Counter(element.get("id") for element in subject.root.iter("*") if bpmn.local_name(element))
    for element_id, count in counts.items():
        if element_id is not None and count > 1:
            yield _repeated(element_id, count, is_drawn=element_id in drawn)


def _repeated(element_id: str, count: int, *, is_drawn: bool) -> Problem:
    params = {"id": element_id, "count": count}
    if is_drawn:
        return Problem(
            "duplicate-id",
            "The id “%(id)s” is used %(count)s times. Give each element its own.",
            place=element_id,
            params=params,
        )
    return Problem(
        "shared-id",
        "The id “%(id)s” is used %(count)s times beside the diagram; the first may be meant where the second "
        "was. Save the file with a BPMN tool that gives each its own.",
        place=element_id,
        params=params,
    )


def ids(subject: Subject) -> Iterator[Problem]:
    """Ids are plain."""
    definition = subject.definition
    for element_id in (definition.process_id, *definition.nodes, *definition.flows):
        if not _ID.fullmatch(element_id):
            yield Problem(
                "invalid-id",
                "The id “%(id)s” must begin with a letter and have only letters without accents, digits and "
                "_ - . (at most 100). Change it.",
                place=element_id,
                params={"id": element_id},
            )


def beginnings_and_ends(subject: Subject) -> Iterator[Problem]:
    """Every scope begins at one start event and ends at end events."""
    definition = subject.definition
    for scope in sequence.scopes(definition):
        nodes = sequence.members(definition, scope)
        owner = None if scope is None else definition.nodes[scope]
        if owner is not None and not nodes:
            yield Problem(
                "empty-subprocess",
                "The sub-process “%(name)s” is empty. Draw its tasks inside, or make it a task.",
                place=owner.id,
                params={"name": shown(owner)},
            )
        elif owner is None or owner.kind != "adHocSubProcess":
            yield from _scope_events(scope or definition.process_id, nodes, may_wait=owner is None)


def _scope_events(place: str, nodes: tuple[Node, ...], *, may_wait: bool) -> Iterator[Problem]:
    """may_wait: beside the plain start event others may be drawn that begin by an event."""
    starts = [node for node in nodes if node.kind == "startEvent"]
    if not starts:
        yield Problem(
            "no-start-event", "There is no start event. Draw one before the first task.", place=place
        )
    plain = [node for node in starts if node.event == "none"]
    if len(plain) > 1 or (len(starts) > 1 and (not plain or not may_wait)):
        yield Problem(
            "several-start-events",
            "There are %(count)s start events, and it is not clear where work begins. Keep one.",
            place=place,
            params={"count": len(starts)},
        )
    if nodes and not any(node.kind == "endEvent" for node in nodes):
        yield Problem("no-end-event", "There is no end event. Draw one after the last task.", place=place)


def flows(subject: Subject) -> Iterator[Problem]:
    """Every flow joins two nodes; start and end events have flows on one side only."""
    definition = subject.definition
    for flow in definition.flows.values():
        ends = [definition.nodes.get(flow.source), definition.nodes.get(flow.target)]
        if any(node is None or node.parent != flow.parent for node in ends):
            yield Problem(
                "dangling-flow",
                "The arrow “%(name)s” does not join two elements of the same process. Draw it again.",
                place=flow.id,
                params={"name": flow.name or flow.id},
            )
    for node in definition.nodes.values():
        if node.kind == "startEvent" and node.incoming:
            yield Problem(
                "start-event-with-incoming",
                "An arrow leads into the start event “%(name)s”. Lead it to the first task or to a gateway.",
                place=node.id,
                params={"name": shown(node)},
            )
        if node.kind == "boundaryEvent" and node.incoming:
            yield Problem(
                "flow-into-boundary-event",
                "An arrow leads into “%(name)s”, which is started by its event. Lead it to the task behind.",
                place=node.id,
                params={"name": shown(node)},
            )
        if node.kind == "endEvent" and node.outgoing:
            yield Problem(
                "end-event-with-outgoing",
                "An arrow leaves the end event “%(name)s”. Remove it, or use an intermediate event.",
                place=node.id,
                params={"name": shown(node)},
            )


def ways(subject: Subject) -> Iterator[Problem]:
    """Every node can be reached from the start and leads to an end."""
    definition = subject.definition
    for scope in sequence.scopes(definition):
        owner = None if scope is None else definition.nodes[scope]
        if owner is not None and owner.kind == "adHocSubProcess":
            continue  # its tasks are done in any order
        nodes = sequence.members(definition, scope)
        edges = sequence.followers(definition, scope)
        begins = [node.id for node in sequence.entries(definition, scope)]
        begins += [node.id for node in nodes if node.triggered_by_event]
        reached = sequence.reachable(edges, begins)
        last = [node.id for node in nodes if node.kind == "endEvent" or not edges[node.id]]
        ending = sequence.reachable(sequence.reversed_edges(edges), last)
        for node in nodes:
            yield from _way(definition, node, is_reached=node.id in reached, is_ending=node.id in ending)


def _way(definition: Definition, node: Node, *, is_reached: bool, is_ending: bool) -> Iterator[Problem]:
    handles_compensation = sequence.is_compensation_handler(definition, node)
    if not is_reached and not handles_compensation:
        yield Problem(
            "unreachable",
            "No way leads from the start to “%(name)s”. Draw an arrow to it, or remove it.",
            place=node.id,
            params={"name": shown(node)},
        )
    if not is_ending:
        yield Problem(
            "no-way-to-end",
            "No way leads from “%(name)s” to an end. Draw a way out of the loop.",
            place=node.id,
            params={"name": shown(node)},
        )
    is_last = not node.outgoing and node.kind != "endEvent" and not node.triggered_by_event
    if is_last and not handles_compensation and node.event not in ("link", "compensate"):
        parent = None if node.parent is None else definition.nodes[node.parent]
        if parent is None or parent.kind != "adHocSubProcess":
            yield Problem(
                "implicit-end",
                "Nothing follows “%(name)s”. Draw an arrow to an end event.",
                place=node.id,
                params={"name": shown(node)},
            )


def gateways(subject: Subject) -> Iterator[Problem]:
    """Every choice says when each way is taken."""
    for node in subject.definition.nodes.values():
        outgoing = [subject.definition.flows[flow] for flow in node.outgoing]
        yield from _default(node, outgoing)
        if node.kind in _CHOOSING and len(outgoing) > 1:
            yield from _choice(node, outgoing)
        elif node.kind == "eventBasedGateway":
            yield from _event_gateway(subject.definition, node, outgoing)
        elif node.kind not in bpmn.GATEWAYS and len(outgoing) > 1:
            yield Problem(
                "implicit-split",
                "Several arrows leave “%(name)s”. Draw a gateway behind it that says whether one or all of "
                "them are followed.",
                place=node.id,
                params={"name": shown(node)},
            )


def conditions(subject: Subject) -> Iterator[Problem]:
    """Only behind a gateway that chooses is a condition looked at."""
    nodes = subject.definition.nodes
    for flow in subject.definition.flows.values():
        source = nodes.get(flow.source)
        if flow.condition and source is not None and source.kind not in _CHOOSING:
            yield Problem(
                "misplaced-condition",
                "The arrow “%(flow)s” has a condition, but “%(name)s” does not choose. Draw an exclusive or "
                "inclusive gateway before it.",
                place=flow.id,
                params={"flow": flow.name or flow.id, "name": shown(source)},
            )


def _default(node: Node, outgoing: list[Flow]) -> Iterator[Problem]:
    if node.default is None:
        return
    default = next((flow for flow in outgoing if flow.id == node.default), None)
    if default is None:
        yield Problem(
            "unknown-default",
            "The default arrow “%(flow)s” of “%(name)s” does not leave it. Choose the default again.",
            place=node.id,
            params={"flow": node.default, "name": shown(node)},
        )
    elif default.condition:
        yield Problem(
            "default-with-condition",
            "The arrow “%(name)s” is the default, so its condition is never looked at. Remove the condition.",
            place=default.id,
            params={"name": default.name or default.id},
        )


def _choice(node: Node, outgoing: list[Flow]) -> Iterator[Problem]:
    for flow in outgoing:
        if not flow.condition and flow.id != node.default:
            yield Problem(
                "flow-without-condition",
                "The arrow “%(flow)s” behind “%(name)s” has no condition and is not the default. "
                "Say when it is followed.",
                place=flow.id,
                params={"flow": flow.name or flow.id, "name": shown(node)},
            )
    if node.default is None:
        yield Problem(
            "gateway-without-default",
            "“%(name)s” has no default arrow: if no condition is true, the work stops. Mark one as default.",
            place=node.id,
            params={"name": shown(node)},
        )


def _event_gateway(definition: Definition, node: Node, outgoing: list[Flow]) -> Iterator[Problem]:
    hosts = {each.attached_to for each in definition.nodes.values()}
    for flow in outgoing:
        target = definition.nodes.get(flow.target)
        if target is None:
            continue
        is_plain = len(target.incoming) == 1 and target.id not in hosts and target.multi_instance is None
        if target.kind not in _AFTER_EVENT_GATEWAY or not is_plain:
            yield Problem(
                "event-gateway-target",
                "“%(name)s” waits for events, but “%(target)s” is none, or can be reached another way, is "
                "repeated or has an event on its border. Put a catching event there.",
                place=target.id,
                params={"name": shown(node), "target": shown(target)},
            )
    if len(outgoing) < 2:
        yield Problem(
            "event-gateway-with-one-way",
            "“%(name)s” chooses by events, but has fewer than two arrows. Draw the others, or remove it.",
            place=node.id,
            params={"name": shown(node)},
        )


def boundary_events(subject: Subject) -> Iterator[Problem]:
    """A boundary event sits on an activity of the same scope."""
    nodes = subject.definition.nodes
    for node in nodes.values():
        if node.kind != "boundaryEvent":
            continue
        host = nodes.get(node.attached_to or "")
        is_activity = host is not None and host.kind in bpmn.ACTIVITIES and not host.triggered_by_event
        if host is None or not is_activity or host.parent != node.parent:
            yield Problem(
                "boundary-without-host",
                "The event “%(name)s” is attached to no task. Drag it onto the border of one.",
                place=node.id,
                params={"name": shown(node)},
            )


RULES: Final = (ids, beginnings_and_ends, flows, ways, gateways, conditions, boundary_events)
MAIN_RULES: Final = (process,)
FILE_RULES: Final = (unique_ids,)
