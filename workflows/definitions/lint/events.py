"""Rules for events: where which kind may stand, what it must say, who catches what is thrown.

Idea: `EXECUTED` is the one list of the events that are executed, by their place; what is not in it is refused,
so that nothing is passed as if it were not there.
Source: BPMN 2.0.2 clause 10.5 (tables 10.84, 10.86, 10.88, 10.90), 10.3.5 (event sub-process, transaction),
10.5.7 (propagation of errors and escalations); measured on SpiffWorkflow 3.2: compensation and links pass as if
they were nothing, terminate and cancel on an intermediate event too.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from workflows.definitions import bpmn
from workflows.definitions.lint.registry import Subject, shown
from workflows.definitions.model import Definition, Node
from workflows.problems import Problem

EXECUTED: Final[Mapping[str, frozenset[str]]] = {
    "start of the process": frozenset({"none", "message", "timer", "signal", "conditional"}),
    "start of a called process": frozenset({"none"}),
    "start of a sub-process": frozenset({"none"}),
    "start of an event sub-process": frozenset(
        {"message", "timer", "signal", "error", "escalation", "conditional"}
    ),
    "end": frozenset({"none", "message", "signal", "error", "escalation", "terminate"}),
    "end of a transaction": frozenset(
        {"none", "message", "signal", "error", "escalation", "terminate", "cancel"}
    ),
    "catching": frozenset({"message", "timer", "signal", "conditional"}),
    "throwing": frozenset({"none", "message", "signal", "escalation"}),
    "border": frozenset({"message", "timer", "signal", "error", "escalation", "conditional"}),
    "border of a transaction": frozenset(
        {"message", "timer", "signal", "error", "escalation", "conditional", "cancel"}
    ),
}
_NAMED: Final = frozenset({"message", "signal", "error", "escalation"})
_CAUGHT: Final = frozenset({"error", "escalation"})
"""Kinds that travel outwards through the scopes until something catches them."""
_ALWAYS_INTERRUPTING: Final = frozenset({"error", "cancel"})


def place_of(subject: Subject, node: Node) -> str:
    """The key of `EXECUTED` for an event."""
    nodes = subject.definition.nodes
    if node.kind == "intermediateCatchEvent":
        return "catching"
    if node.kind == "intermediateThrowEvent":
        return "throwing"
    if node.kind == "boundaryEvent":
        host = nodes.get(node.attached_to or "")
        return "border of a transaction" if host is not None and host.kind == "transaction" else "border"
    scope = None if node.parent is None else nodes[node.parent]
    if node.kind == "endEvent":
        return "end of a transaction" if scope is not None and scope.kind == "transaction" else "end"
    if scope is None:
        return "start of a called process" if subject.is_called else "start of the process"
    return "start of an event sub-process" if scope.triggered_by_event else "start of a sub-process"


def places(subject: Subject) -> Iterator[Problem]:
    """Each event is of a kind that is executed at its place, and says what it waits for or gives."""
    for node in subject.definition.nodes.values():
        if node.kind in ("sendTask", "receiveTask"):
            if not node.detail:
                yield _without_name(node, "message")
        elif node.kind in bpmn.EVENTS:
            yield from _event(subject, node)


def _event(subject: Subject, node: Node) -> Iterator[Problem]:
    place = place_of(subject, node)
    if (
        node.event == "cancel"
        and node.event not in EXECUTED[place]
        and node.kind in ("endEvent", "boundaryEvent")
    ):
        yield Problem(
            "cancel-outside-transaction",
            "The cancel event “%(name)s” does not belong to a transaction, which alone can be cancelled. "
            "Make its sub-process a transaction, or use an error event.",
            place=node.id,
            params={"name": shown(node)},
        )
    elif node.event == "none" and node.event not in EXECUTED[place]:
        yield _without_trigger(node, place)
    elif node.event not in EXECUTED[place]:
        yield Problem(
            "unsupported-event",
            "The %(event)s event “%(name)s” is not executed at this place (%(place)s). Draw it otherwise.",
            place=node.id,
            params={"event": node.event, "name": shown(node), "place": place},
        )
    elif node.event in _NAMED and not node.detail and not _may_be_nameless(node):
        yield _without_name(node, node.event)
    elif node.event == "conditional" and not node.detail:
        yield Problem(
            "event-without-condition",
            "The event “%(name)s” does not say which condition it waits for. Write it, for example: stock < 10",
            place=node.id,
            params={"name": shown(node)},
        )
    elif node.event in _ALWAYS_INTERRUPTING and node.kind in ("startEvent", "boundaryEvent"):
        yield from _interrupting(node)


def _without_trigger(node: Node, place: str) -> Problem:
    if place == "start of an event sub-process":
        return Problem(
            "event-subprocess-without-trigger",
            "The start event “%(name)s” of an event sub-process does not say what starts it. Choose a message, "
            "a timer or another type.",
            place=node.id,
            params={"name": shown(node)},
        )
    return Problem(
        "event-without-trigger",
        "The event “%(name)s” does not say what it waits for. Choose timer, message or another type.",
        place=node.id,
        params={"name": shown(node)},
    )


def _may_be_nameless(node: Node) -> bool:
    """An event that catches errors or escalations without a code catches every one of its scope."""
    return node.kind in ("boundaryEvent", "startEvent") and node.event in _CAUGHT


def _without_name(node: Node, event: str) -> Problem:
    return Problem(
        "event-without-name",
        "“%(name)s” does not name its %(event)s. Choose or create it in the properties.",
        place=node.id,
        params={"name": shown(node), "event": event},
    )


def _interrupting(node: Node) -> Iterator[Problem]:
    if not node.interrupting:
        yield Problem(
            "error-not-interrupting",
            "The %(event)s event “%(name)s” always ends what it catches, but is drawn as if it did not. "
            "Draw it with solid lines.",
            place=node.id,
            params={"event": node.event, "name": shown(node)},
        )


def event_sub_processes(subject: Subject) -> Iterator[Problem]:
    """An event sub-process is started by its event alone: no arrow, no repetition, nothing on its border."""
    for node in subject.definition.nodes.values():
        if not node.triggered_by_event:
            continue
        if node.kind != "subProcess" or node.multi_instance is not None:
            what = node.kind if node.kind != "subProcess" else "repetition"
            yield Problem(
                "unsupported-element",
                "“%(name)s” is a %(what)s, which RUN cannot run. Draw it with tasks and simple gateways.",
                place=node.id,
                params={"name": shown(node), "what": f"{what} started by an event"},
            )
        if node.incoming or node.outgoing:
            yield Problem(
                "event-subprocess-with-flow",
                "An arrow joins the event sub-process “%(name)s”, which is started by its event. "
                "Remove the arrow.",
                place=node.id,
                params={"name": shown(node)},
            )


def top_level_starts(subject: Subject) -> Iterator[Problem]:
    """Work begins with the request; whoever draws another trigger should mean it."""
    definition = subject.definition
    for node in definition.nodes.values():
        if (
            node.kind == "startEvent"
            and node.parent is None
            and node.event != "none"
            and not subject.is_called
        ):
            yield Problem(
                "start-event-with-trigger",
                "The start event “%(name)s” has a trigger (%(event)s), but a service starts from a request. "
                "Use a plain start event, unless work begins that way too.",
                place=node.id,
                params={"name": shown(node), "event": node.event},
            )


def thrown_and_caught(subject: Subject) -> Iterator[Problem]:
    """Each error and escalation that is thrown is caught, and what is to be caught can be thrown."""
    definition = subject.definition
    for node in definition.nodes.values():
        if node.event == "cancel" and node.kind == "endEvent":
            yield from _cancel(definition, node)
        elif node.event == "cancel" and node.kind == "boundaryEvent":
            yield from _never_cancelled(definition, node)
        elif node.event not in _CAUGHT:
            continue
        elif node.kind in ("endEvent", "intermediateThrowEvent"):
            if not subject.thrown.is_caught(definition, node):
                yield _not_caught(node)
        elif node.kind in ("boundaryEvent", "startEvent") and not subject.thrown.can_reach(definition, node):
            yield _never_thrown(node)


def _never_thrown(node: Node) -> Problem:
    if not node.detail:
        return Problem(
            "event-never-thrown",
            "“%(name)s” catches every %(event)s, but nothing inside gives one. Draw what gives it, or remove the "
            "event.",
            place=node.id,
            params={"name": shown(node), "event": node.event},
        )
    return Problem(
        "event-never-thrown",
        "“%(name)s” waits for the %(event)s “%(detail)s”, which nothing inside gives. Correct the name, "
        "or remove the event.",
        place=node.id,
        params={"name": shown(node), "event": node.event, "detail": node.detail},
    )


def _not_caught(node: Node) -> Problem:
    params = {"name": shown(node), "detail": node.detail}
    if node.event == "error":
        return Problem(
            "error-not-caught",
            "Nothing around “%(name)s” catches the error “%(detail)s”, so all work would end. Attach an error "
            "event to the sub-process around it.",
            place=node.id,
            params=params,
        )
    return Problem(
        "escalation-not-caught",
        "Nothing around “%(name)s” catches the escalation “%(detail)s”, so nobody would learn of it. "
        "Attach an escalation event to the sub-process around it.",
        place=node.id,
        params=params,
    )


def _cancel(definition: Definition, node: Node) -> Iterator[Problem]:
    caught = any(
        each.attached_to == node.parent and each.event == "cancel" for each in definition.nodes.values()
    )
    if not caught:
        yield Problem(
            "cancel-not-caught",
            "“%(name)s” cancels its transaction, but no cancel event on its border says how work goes on. "
            "Attach one.",
            place=node.id,
            params={"name": shown(node)},
        )


def _never_cancelled(definition: Definition, node: Node) -> Iterator[Problem]:
    host = definition.nodes.get(node.attached_to or "")
    ends = (each for each in definition.nodes.values() if each.kind == "endEvent" and each.event == "cancel")
    if host is not None and host.kind == "transaction" and all(each.parent != host.id for each in ends):
        yield Problem(
            "event-never-thrown",
            "“%(name)s” waits for its transaction to be cancelled, which no cancel end event in it does. Draw "
            "one, or remove the event.",
            place=node.id,
            params={"name": shown(node)},
        )


def ways_behind(subject: Subject) -> Iterator[Problem]:
    """What is thrown does not always end the way it is thrown on, with more drawn behind."""
    definition = subject.definition
    for node in definition.nodes.values():
        if node.kind != "intermediateThrowEvent" or not node.outgoing:
            continue
        if subject.thrown.always_interrupts(definition, node):
            flows = (definition.flows[flow].target for flow in node.outgoing)
            behind = [definition.nodes[target] for target in flows if target in definition.nodes]
            yield Problem(
                "never-followed",
                "“%(name)s” always ends the work it belongs to, because what catches it interrupts, so “%(behind)s” "
                "is never reached. Make the catching event one that does not interrupt, or end the way here.",
                place=node.id,
                params={"name": shown(node), "behind": ", ".join(shown(each) for each in behind)},
            )


RULES: Final = (places, event_sub_processes, top_level_starts, thrown_and_caught, ways_behind)
