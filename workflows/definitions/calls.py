"""Which process of a file calls which, and that no chain of calls leads back to where it began.

Source: BPMN 2.0.2, 10.3.6 (call activity). Only calls within the file are known here.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Final

from lxml import etree

from workflows.definitions import bpmn

Calls = Mapping[str, tuple[str, ...]]
"""Process id -> ids of the processes of the same file that its call activities name, in file order."""
_OPEN: Final = 1
_DONE: Final = 2


def graph(root: etree._Element) -> Calls:
    """The calls between the processes of a file."""
    known = {str(each.get("id")) for each in bpmn.processes(root) if each.get("id")}
    found: dict[str, tuple[str, ...]] = {}
    for process in bpmn.processes(root):
        targets = (
            _target(each.get("calledElement"), known) for each in process.iter(bpmn.tag("callActivity"))
        )
        found.setdefault(
            str(process.get("id")), tuple(dict.fromkeys(each for each in targets if each in known))
        )
    return found


def _target(text: str | None, known: Collection[str]) -> str:
    return text if text is not None and text in known else bpmn.reference(text)


def without_cycles(calls: Calls, start: str) -> tuple[list[str], Calls]:
    """Every process that `start` reaches, a called one before its callers, and the calls that lead on.

    Of the calls, those are left out that lead back to a process which is waiting for its end. Not recursive.
    """
    state = {start: _OPEN}
    order: list[str] = []
    kept: dict[str, list[str]] = {start: []}
    stack = [(start, iter(calls.get(start, ())))]
    while stack:
        process, targets = stack[-1]
        target = next(targets, None)
        if target is None:
            stack.pop()
            state[process] = _DONE
            order.append(process)
        elif state.get(target) != _OPEN:
            kept[process].append(target)
            if target not in state:
                state[target] = _OPEN
                kept[target] = []
                stack.append((target, iter(calls.get(target, ()))))
    return order, {process: tuple(targets) for process, targets in kept.items()}


def on_cycles(calls: Calls) -> frozenset[tuple[str, str]]:
    """The calls (caller, called) through which a process starts itself again."""
    reach = {process: _reached(calls, process) for process in calls}
    return frozenset(
        (process, target)
        for process, targets in calls.items()
        for target in targets
        if process in reach[target]
    )


def _reached(calls: Calls, start: str) -> frozenset[str]:
    """`start` and every process that is called from it on."""
    seen: set[str] = set()
    todo = [start]
    while todo:
        process = todo.pop()
        if process not in seen:
            seen.add(process)
            todo += calls.get(process, ())
    return frozenset(seen)
