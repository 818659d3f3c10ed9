"""Where errors and escalations go: outwards through the scopes, and out of a called process to its callers.

Source: BPMN 2.0.2, 10.5.7 (event handling): the nearest event sub-process or boundary event with the same code,
or without a code, catches.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Final

from workflows.definitions.model import Definition, Node

_MAY_FAIL: Final = frozenset({"serviceTask"})
"""What may raise an error of its own: the operation's answer names it."""


def family(definition: Definition) -> Mapping[str, Definition]:
    """The process and all it calls, by id; itself first."""
    return {definition.process_id: definition, **definition.processes}


class Thrown:
    """The ways of errors and escalations in a process and all it calls."""

    def __init__(self, main: Definition) -> None:
        self._family = family(main)
        self._on_border: dict[tuple[str, str, str], list[str]] = defaultdict(list)
        """(process, activity, kind) -> codes that its boundary events catch."""
        self._within: dict[tuple[str, str | None, str], list[tuple[str, str]]] = defaultdict(list)
        """(process, scope, kind) -> its event sub-processes that catch that kind, with the code they catch."""
        self._catchers: dict[tuple[str, str, str | None, str], list[tuple[str, Node]]] = defaultdict(list)
        """(process, "border" or "within", activity or scope, kind) -> event sub-process or "", catching event."""
        self._callers: dict[str, list[tuple[Definition, Node]]] = defaultdict(list)
        self._members: dict[tuple[str, str | None], list[Node]] = defaultdict(list)
        for definition in self._family.values():
            for node in definition.nodes.values():
                self._note(definition, node)

    def _note(self, definition: Definition, node: Node) -> None:
        process = definition.process_id
        self._members[process, node.parent].append(node)
        if node.called_element in self._family:
            self._callers[node.called_element].append((definition, node))
        if node.kind == "boundaryEvent" and node.attached_to is not None:
            self._on_border[process, node.attached_to, node.event].append(node.detail)
            self._catchers[process, "border", node.attached_to, node.event].append(("", node))
        scope = definition.nodes.get(node.parent or "")
        if node.kind == "startEvent" and scope is not None and scope.triggered_by_event:
            self._within[process, scope.parent, node.event].append((scope.id, node.detail))
            self._catchers[process, "within", scope.parent, node.event].append((scope.id, node))

    def is_caught(self, definition: Definition, node: Node) -> bool:
        """Whether every way of what `node` throws comes to an event that catches it.

        What an event sub-process throws is not caught by itself.
        """
        todo: list[tuple[Definition, str | None, str]] = [(definition, node.parent, "")]
        seen: set[tuple[str, str | None, str]] = set()
        while todo:
            where, scope, handler = todo.pop()
            if (where.process_id, scope, handler) in seen or self._is_handled(where, scope, node, handler):
                continue
            seen.add((where.process_id, scope, handler))
            outside = self._outside(where, scope, node)
            if outside is None:
                return False
            todo += outside
        return True

    def _outside(
        self, where: Definition, scope: str | None, thrown: Node
    ) -> list[tuple[Definition, str | None, str]] | None:
        """(process, scope, event sub-process that is left) to look at next; None when there is nothing around."""
        inner = where.nodes.get(scope or "")
        if inner is not None:
            if self._is_on_border(where, inner.id, thrown):
                return []
            return [(where, inner.parent, inner.id if inner.triggered_by_event else "")]
        calls = self._callers[where.process_id]
        around = [
            (caller, call.parent, "")
            for caller, call in calls
            if not self._is_on_border(caller, call.id, thrown)
        ]
        return around if calls else None

    def _is_on_border(self, where: Definition, activity: str, thrown: Node) -> bool:
        codes = self._on_border.get((where.process_id, activity, thrown.event), ())
        return "" in codes or thrown.detail in codes

    def _is_handled(self, where: Definition, scope: str | None, thrown: Node, handler: str) -> bool:
        found = self._within.get((where.process_id, scope, thrown.event), ())
        return any(each != handler and code in ("", thrown.detail) for each, code in found)

    def always_interrupts(self, definition: Definition, thrown: Node) -> bool:
        """Whether throwing ends the path it is thrown on, wherever the process was called from.

        An escalation does when its nearest catcher interrupts, a signal when any around it does.
        """
        if thrown.event not in ("escalation", "signal"):
            return False
        todo = [(definition, thrown.parent)]
        seen: set[tuple[str, str | None]] = set()
        while todo:
            where, scope = todo.pop()
            if (where.process_id, scope) in seen:
                continue
            seen.add((where.process_id, scope))
            verdict = self._in_process(where, scope, thrown)
            calls = self._callers[where.process_id]
            if verdict is False or (verdict is None and not calls):
                return False
            for caller, call in calls if verdict is None else ():
                at_call = self._verdict(caller, "border", call.id, thrown)
                if at_call is False:
                    return False
                if at_call is None:
                    todo.append((caller, call.parent))
        return True

    def _in_process(self, where: Definition, scope: str | None, thrown: Node) -> bool | None:
        """What is decided from a scope outwards to the border of its process."""
        handler = ""
        while True:
            verdict = self._verdict(where, "within", scope, thrown, handler)
            inner = where.nodes.get(scope or "")
            if inner is None or verdict is not None:
                return verdict
            verdict = self._verdict(where, "border", inner.id, thrown)
            if verdict is not None:
                return verdict
            scope, handler = inner.parent, inner.id if inner.triggered_by_event else ""

    def _verdict(
        self, where: Definition, how: str, at: str | None, thrown: Node, handler: str = ""
    ) -> bool | None:
        """Whether what catches it here interrupts; None = nothing here decides."""
        found = [
            event
            for within, event in self._catchers.get((where.process_id, how, at, thrown.event), ())
            if event.detail in ("", thrown.detail) and (not within or within != handler)
        ]
        if thrown.event == "signal":
            return True if any(event.interrupting for event in found) else None
        # one that names it comes before one for any
        nearest = next((event for event in found if event.detail), next(iter(found), None))
        return None if nearest is None else nearest.interrupting

    def can_reach(self, definition: Definition, catching: Node) -> bool:
        """Whether something in the scope of a catching event may throw what it waits for."""
        if catching.kind == "boundaryEvent":
            host = definition.nodes.get(catching.attached_to or "")
            inside = [] if host is None else [host]
        else:
            handler = definition.nodes.get(catching.parent or "")
            if handler is None:
                return True  # no event sub-process: it may not stand there at all
            inside = [
                each for each in self._members[definition.process_id, handler.parent] if each.id != handler.id
            ]
        return any(_throws(node, catching) for node in self._inside(definition, inside))

    def _inside(self, definition: Definition, nodes: list[Node]) -> Iterator[Node]:
        """The nodes given and all in them, through sub-processes and calls."""
        todo = [(definition, node) for node in nodes]
        seen: set[str] = set()
        while todo:
            where, node = todo.pop()
            yield node
            todo += [(where, each) for each in self._members.get((where.process_id, node.id), ())]
            called = self._family.get(node.called_element)
            if called is not None and called.process_id not in seen:
                seen.add(called.process_id)
                todo += [(called, each) for each in self._members.get((called.process_id, None), ())]


def _throws(node: Node, catching: Node) -> bool:
    if catching.event == "error" and node.kind in _MAY_FAIL:
        return True
    is_throwing = node.kind in ("endEvent", "intermediateThrowEvent")
    return is_throwing and node.event == catching.event and catching.detail in ("", node.detail)
