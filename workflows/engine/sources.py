"""The texts of a definition that are computed, compiled once: conditions, scripts, repetitions, timers.

Those of the processes it calls are among them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from workflows.definitions.model import Definition, Node
from workflows.definitions.scripts import split_script
from workflows.engine.cycles import cycle, is_cycle
from workflows.engine.errors import ExpressionFailed
from workflows.engine.expressions import (
    Assignment,
    Expression,
    Script,
    compiled,
    is_iso_timer,
    shortened,
)
from workflows.engine.triggers import TimerTrigger
from workflows.feel.errors import FeelError
from workflows.problems import Problem

MANUAL: Final = frozenset({"task", "userTask", "manualTask"})
"""Kinds of nodes that a person completes."""


@dataclass(frozen=True, slots=True)
class Sources:
    """What was compiled, and the problems of what could not be.

    expressions: by element id and role: "condition" (flow, conditional event), "cardinality", "collection",
    "completion", "payload", "key" (node), "ad hoc" (completion of an ad hoc sub-process).
    names: what they read, and what the engine itself reads (items that a multi-instance collects).
    """

    expressions: Mapping[tuple[str, str], Expression]
    scripts: Mapping[str, Script]
    timers: Mapping[str, TimerTrigger]
    problems: tuple[Problem, ...]
    names: frozenset[str]


def all_processes(definition: Definition) -> dict[str, Definition]:
    """The definition and every process it calls, directly or not, by id; itself first."""
    found: dict[str, Definition] = {}
    waiting = [definition]
    while waiting:
        process = waiting.pop(0)
        if process.process_id not in found:
            found[process.process_id] = process
            waiting.extend(process.processes.values())
    return found


def read_sources(definition: Definition) -> Sources:
    """Compile every text of the definition, and of what it calls, that the engine evaluates."""
    reader = _Reader()
    for process in all_processes(definition).values():
        reader.read(process)
    return reader.sources()


class _Reader:
    def __init__(self) -> None:
        self._expressions: dict[tuple[str, str], Expression] = {}
        self._scripts: dict[str, Script] = {}
        self._timers: dict[str, TimerTrigger] = {}
        self._problems: list[Problem] = []
        self._names: set[str] = set()

    def sources(self) -> Sources:
        return Sources(
            self._expressions, self._scripts, self._timers, tuple(self._problems), frozenset(self._names)
        )

    def read(self, process: Definition) -> None:
        for flow in process.flows.values():
            self._read(flow.id, "condition", flow.condition)
        for node in process.nodes.values():
            self._read_node(node)

    def _read_node(self, node: Node) -> None:
        many = node.multi_instance
        if many is not None:
            self._read(node.id, "cardinality", many.cardinality)
            self._read(node.id, "collection", many.collection)
            self._read(node.id, "completion", many.completion)
            if many.output_item:
                self._names.add(many.output_item)
        if node.ad_hoc is not None:
            self._read(node.id, "ad hoc", node.ad_hoc.completion)
        self._read(node.id, "payload", node.payload)
        self._read(node.id, "key", node.key)
        if node.kind == "scriptTask":
            self._read_script(node)
        if node.event == "timer":
            self._read_timer(node)
        if node.event == "conditional":
            self._read(node.id, "condition", node.detail)

    def _read(self, element_id: str, role: str, text: str) -> None:
        expression = self._compiled(element_id, text) if text.strip() else None
        if expression is not None:
            self._expressions[element_id, role] = expression

    def _compiled(self, element_id: str, text: str) -> Expression | None:
        try:
            expression = compiled(element_id, text)
        except (FeelError, ExpressionFailed) as error:
            self._problems.append(
                Problem(
                    "expression-syntax",
                    "The expression “%(expression)s” is not FEEL: %(why)s Correct it.",
                    place=element_id,
                    params={"expression": shortened(text), "why": str(error)},
                )
            )
            return None
        self._names |= expression.names
        return expression

    def _read_script(self, node: Node) -> None:
        assignments = []
        for line in split_script(node.script):
            if line.expression is None:
                self._problems.append(
                    Problem(
                        "script-line",
                        "Line %(line)s of the script is not “name = FEEL expression”: “%(text)s”. "
                        "Other scripts are not run.",
                        place=node.id,
                        params={"line": line.number, "text": shortened(line.text)},
                    )
                )
                continue
            expression = self._compiled(node.id, line.expression)
            if expression is not None:
                assignments.append(Assignment(line.name, expression))
        self._scripts[node.id] = Script(tuple(assignments))

    def _read_timer(self, node: Node) -> None:
        text = node.detail.strip()
        if not text:
            self._problems.append(
                Problem(
                    "timer-missing",
                    "The timer says no duration and no date. Write one, such as P7D or 2027-01-31.",
                    place=node.id,
                )
            )
        elif is_cycle(text):
            self._read_cycle(node, text)
        else:
            expression = None if is_iso_timer(text) else self._compiled(node.id, text)
            self._timers[node.id] = TimerTrigger(node.id, text, expression)

    def _read_cycle(self, node: Node, text: str) -> None:
        try:
            cycle(text, datetime(2000, 1, 1, tzinfo=UTC))
        except ValueError as error:
            self._problems.append(
                Problem(
                    "timer-cycle",
                    "The repeating timer “%(text)s” cannot be used: %(why)s. Write it like R3/P1D or R/PT12H.",
                    place=node.id,
                    params={"text": shortened(text), "why": str(error)},
                )
            )
        self._timers[node.id] = TimerTrigger(node.id, text, None)
