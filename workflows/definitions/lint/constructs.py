"""Rules for what the engine cannot run, or would run wrong without a word.

Source: measured on SpiffWorkflow 3.2: compensation and links pass as if they were nothing, terminate and
cancel on an intermediate event too, an event without a name breaks the parser, an abstract task passes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from lxml import etree

from workflows.definitions import bpmn
from workflows.definitions.lint.feel import is_feel
from workflows.definitions.lint.registry import Subject, shown
from workflows.definitions.model import Node
from workflows.problems import Problem
from workflows.schema.descriptor import is_run_namespace, namespace_of

_UNSUPPORTED_NODES: Final = frozenset({"complexGateway", "businessRuleTask"})
_UNSUPPORTED_ELEMENTS: Final = frozenset(
    {"choreographyTask", "subChoreography", "callChoreography", "callConversation", "subConversation"}
)
_NEVER: Final = frozenset({"compensate", "link", "multiple"})
_NAMED: Final = frozenset({"message", "signal", "error", "escalation"})
_ENDING: Final = frozenset({"terminate", "cancel", "error"})
_DATA: Final = ("ioSpecification", "dataInputAssociation", "dataOutputAssociation", "dataStoreReference")
_DURATION: Final = re.compile(
    r"P(?=.)(?:(\d{1,4})Y)?(?:(\d{1,4})M)?(?:(\d{1,4})W)?(?:(\d{1,5})D)?"
    r"(?:T(?=.)(?:(\d{1,6})H)?(?:(\d{1,7})M)?(?:(\d{1,9})(?:\.\d{1,6})?S)?)?"
)
_SECONDS: Final = (31_536_000, 2_592_000, 604_800, 86_400, 3_600, 60, 1)
_DATE: Final = re.compile(r"\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2})?)?")
_CYCLE: Final = re.compile(r"R\d{0,6}/(?:[^/]+/)?([^/]+)")
_SHORTEST_SECONDS: Final = 60


def elements(subject: Subject) -> Iterator[Problem]:
    """Elements that the engine has no answer for."""
    for element in subject.process.iter("*"):
        name = bpmn.local_name(element)
        if name in _UNSUPPORTED_NODES or name in _UNSUPPORTED_ELEMENTS:
            yield _unsupported(element, name)
        elif element.get("isForCompensation") == "true" and name in bpmn.ACTIVITIES:
            yield _unsupported(element, "isForCompensation")


def _unsupported(element: etree._Element, what: str) -> Problem:
    return Problem(
        "unsupported-element",
        "“%(name)s” is a %(what)s, which RUN cannot run. Draw it with tasks and simple gateways.",
        place=element.get("id") or "",
        params={"name": element.get("name") or element.get("id"), "what": what},
    )


def untyped_tasks(subject: Subject) -> Iterator[Problem]:
    """An abstract task would be passed without anybody doing it."""
    for node in subject.definition.nodes.values():
        if node.kind == "task":
            yield Problem(
                "untyped-task",
                "“%(name)s” is a task without a type and would be skipped. Make it a user task.",
                place=node.id,
                params={"name": shown(node)},
            )


def events(subject: Subject) -> Iterator[Problem]:
    """Events that are passed as if they were nothing, or cannot be read."""
    for node in subject.definition.nodes.values():
        if node.kind in ("sendTask", "receiveTask"):
            if not node.detail:
                yield _event_without_name(node, "message")
        elif node.kind in bpmn.EVENTS:
            yield from _event(node)


def _event(node: Node) -> Iterator[Problem]:
    if node.event in _NEVER or (node.kind == "intermediateThrowEvent" and node.event in _ENDING):
        yield Problem(
            "unsupported-event",
            "The %(event)s event “%(name)s” would be passed as if it were not there. Draw it otherwise.",
            place=node.id,
            params={"event": node.event, "name": shown(node)},
        )
    elif node.event == "none" and node.kind in ("intermediateCatchEvent", "boundaryEvent"):
        yield Problem(
            "event-without-trigger",
            "The event “%(name)s” does not say what it waits for. Choose timer, message or another type.",
            place=node.id,
            params={"name": shown(node)},
        )
    elif node.event in _NAMED and not node.detail and not _may_be_nameless(node):
        yield _event_without_name(node, node.event)
    elif node.event == "timer":
        yield from _timer(node)


def _may_be_nameless(node: Node) -> bool:
    """A boundary event without a code catches every error of its sub-process."""
    return node.kind == "boundaryEvent" and node.event in ("error", "escalation")


def _event_without_name(node: Node, event: str) -> Problem:
    return Problem(
        "event-without-name",
        "“%(name)s” does not name its %(event)s. Choose or create it in the properties.",
        place=node.id,
        params={"name": shown(node), "event": event},
    )


def _timer(node: Node) -> Iterator[Problem]:
    text = node.detail.strip('"')
    if not text:
        yield Problem(
            "timer-without-time",
            "The timer “%(name)s” has no time. Give a duration, for example P5D for five days.",
            place=node.id,
            params={"name": shown(node)},
        )
        return
    cycle = _CYCLE.fullmatch(text)
    duration = _DURATION.fullmatch(cycle.group(1) if cycle else text)
    if duration is not None:
        parts = zip(duration.groups(default="0"), _SECONDS, strict=True)
        if sum(int(part) * seconds for part, seconds in parts) < _SHORTEST_SECONDS:
            yield Problem(
                "timer-too-short",
                "The timer “%(name)s” rings after less than a minute (%(time)s). Use at least PT1M.",
                place=node.id,
                params={"name": shown(node), "time": text},
            )
    elif cycle or not (_DATE.fullmatch(text) or is_feel(node.detail)):
        yield Problem(
            "invalid-timer",
            "“%(time)s” of the timer “%(name)s” is no duration (P5D, PT12H), date (2027-03-01) or repetition "
            "(R3/P7D). Write one of these.",
            place=node.id,
            params={"name": shown(node), "time": text[:60]},
        )


def repetitions(subject: Subject) -> Iterator[Problem]:
    """Repetitions say how often."""
    for node in subject.definition.nodes.values():
        many = node.multi_instance
        if many is None:
            continue
        if many.standard_loop and not many.completion and many.loop_maximum is None:
            yield Problem(
                "loop-without-bound",
                "The loop “%(name)s” does not say how long it is repeated. Give a condition or a maximum.",
                place=node.id,
                params={"name": shown(node)},
            )
        elif not many.standard_loop and not many.cardinality and not many.collection:
            yield Problem(
                "multi-instance-without-count",
                "“%(name)s” is done several times, but not said how often. Give a number or a list.",
                place=node.id,
                params={"name": shown(node)},
            )


def calls(subject: Subject) -> Iterator[Problem]:
    """A call activity calls another process of the same file."""
    known = {process.get("id") for process in bpmn.processes(subject.root)}
    own = subject.definition.process_id
    calling = _calls_by_process(subject)
    for node in subject.definition.nodes.values():
        if node.kind != "callActivity":
            continue
        if not node.called_element:
            yield Problem(
                "call-without-process",
                "“%(name)s” does not say which process it calls. Choose one, or make it a task.",
                place=node.id,
                params={"name": shown(node)},
            )
        elif node.called_element not in known:
            yield Problem(
                "call-outside-file",
                "“%(name)s” calls “%(called)s”, which is not in this file. Draw it as a sub-process instead.",
                place=node.id,
                params={"name": shown(node), "called": node.called_element},
            )
        elif _comes_back(calling, node.called_element, own):
            yield Problem(
                "call-cycle",
                "“%(name)s” calls its own process again, without end. Use a loop instead.",
                place=node.id,
                params={"name": shown(node)},
            )


def _calls_by_process(subject: Subject) -> dict[str, set[str]]:
    return {
        process.get("id") or "": {
            bpmn.reference(call.get("calledElement")) for call in process.iter(bpmn.tag("callActivity"))
        }
        for process in bpmn.processes(subject.root)
    }


def _comes_back(calling: dict[str, set[str]], start: str, own: str) -> bool:
    seen: set[str] = set()
    todo = [start]
    while todo:
        process = todo.pop()
        if process not in seen:
            seen.add(process)
            todo += calling.get(process, ())
    return own in seen or any(each in _below(calling, each) for each in seen)


def _below(calling: dict[str, set[str]], process: str) -> set[str]:
    seen: set[str] = set()
    todo = list(calling.get(process, ()))
    while todo:
        each = todo.pop()
        if each not in seen:
            seen.add(each)
            todo += calling.get(each, ())
    return seen


def ignored(subject: Subject) -> Iterator[Problem]:
    """What is kept in the file and has no effect: data objects' wiring, other tools' extensions."""
    wired = (element for name in _DATA for element in subject.process.iter(bpmn.tag(name)))
    for place in dict.fromkeys(_owner(element) for element in wired):
        yield Problem(
            "ignored-data",
            "The data connections of “%(id)s” are shown, but nothing is read or written. Use form fields.",
            place=place,
            params={"id": place},
        )
    namespaces = {
        namespace_of(extension.tag)
        for holder in subject.process.iter(bpmn.tag("extensionElements"))
        for extension in holder.iterchildren("*")
    }
    for namespace in sorted(each for each in namespaces if each and not is_run_namespace(each)):
        yield Problem(
            "vendor-extension",
            "Extensions of another tool (%(namespace)s) are kept in the file, but not run.",
            params={"namespace": namespace},
        )


def _owner(element: etree._Element) -> str:
    owner: etree._Element | None = element
    while owner is not None and not (owner.get("id") and bpmn.local_name(owner) in bpmn.NODE_KINDS):
        owner = owner.getparent()
    return (element if owner is None else owner).get("id") or ""


RULES: Final = (elements, untyped_tasks, events, repetitions, calls, ignored)
