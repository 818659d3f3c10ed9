"""The texts of a definition that are computed, compiled once: conditions, scripts, repetitions, timers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from workflows.definitions.model import Definition, Node
from workflows.engine.errors import ExpressionFailed
from workflows.engine.expressions import (
    Assignment,
    Expression,
    Script,
    compiled,
    is_cycle,
    is_iso_timer,
    shortened,
    split_script,
)
from workflows.engine.triggers import TimerTrigger
from workflows.feel.errors import FeelError
from workflows.problems import Problem

MANUAL: Final = frozenset({"task", "userTask", "manualTask"})
"""Kinds of nodes that a person completes."""


@dataclass(frozen=True, slots=True)
class Sources:
    """What was compiled, and the problems of what could not be.

    expressions: by element id and role: "condition" (flow), "cardinality", "collection", "completion" (node).
    """

    expressions: Mapping[tuple[str, str], Expression]
    scripts: Mapping[str, Script]
    timers: Mapping[str, TimerTrigger]
    problems: tuple[Problem, ...]
    names: frozenset[str]


def read_sources(definition: Definition) -> Sources:
    """Compile every text of the definition that the engine evaluates."""
    return _Reader(definition).read()


class _Reader:
    def __init__(self, definition: Definition) -> None:
        self._definition = definition
        self._expressions: dict[tuple[str, str], Expression] = {}
        self._scripts: dict[str, Script] = {}
        self._timers: dict[str, TimerTrigger] = {}
        self._problems: list[Problem] = []
        self._names: set[str] = set()

    def read(self) -> Sources:
        for flow in self._definition.flows.values():
            self._read(flow.id, "condition", flow.condition)
        for node in self._definition.nodes.values():
            self._read_node(node)
        return Sources(
            self._expressions, self._scripts, self._timers, tuple(self._problems), frozenset(self._names)
        )

    def _read_node(self, node: Node) -> None:
        many = node.multi_instance
        if many is not None:
            self._read(node.id, "cardinality", many.cardinality)
            self._read(node.id, "collection", many.collection)
            self._read(node.id, "completion", many.completion)
        if node.kind == "scriptTask":
            self._read_script(node)
        if node.event == "timer":
            self._read_timer(node)

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
        for number, name, text in split_script(node.script):
            if text is None:
                self._problems.append(
                    Problem(
                        "script-line",
                        "Line %(line)s of the script is not “name = FEEL expression”: “%(text)s”. "
                        "Other scripts are not run.",
                        place=node.id,
                        params={"line": number, "text": shortened(name)},
                    )
                )
                continue
            expression = self._compiled(node.id, text)
            if expression is not None:
                assignments.append(Assignment(name, expression))
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
            self._problems.append(
                Problem(
                    "timer-cycle",
                    "Repeating timers (“%(text)s”) are not executed yet. "
                    "Use a duration, and a loop in the diagram.",
                    place=node.id,
                    params={"text": shortened(text)},
                )
            )
        else:
            expression = None if is_iso_timer(text) else self._compiled(node.id, text)
            self._timers[node.id] = TimerTrigger(node.id, text, expression)
