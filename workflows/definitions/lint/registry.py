"""The codes of lint and how bad each is. One page each: docs/reference/lint/<code>.md.

preview: the diagram is looked at, discussed, priced for orientation. executable: it is published and run.
None: not reported at that level.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType
from typing import Final, Literal

from lxml import etree

from workflows.definitions import bpmn
from workflows.definitions.model import Definition, Node
from workflows.problems import Problem, Severity
from workflows.xml import Limits, parse

Level = Literal["preview", "executable"]
_ACCEPTED: Final = Limits(2**31, 250, 2**31, 2**31, 2**31)
"""For a file that was read once already, under whatever limits."""


@dataclass(frozen=True, slots=True)
class LintRule:
    """A code and its severity at each level."""

    code: str
    preview: Severity | None
    executable: Severity | None

    def severity(self, level: Level) -> Severity | None:
        return self.preview if level == "preview" else self.executable


@dataclass(frozen=True)
class Subject:
    """What a rule looks at: the definition, and its file for what the model does not hold."""

    definition: Definition

    @cached_property
    def root(self) -> etree._Element:
        return parse(self.definition.xml, limits=_ACCEPTED)

    @cached_property
    def process(self) -> etree._Element:
        return bpmn.process_of(self.root, self.definition.process_id)

    @cached_property
    def human_tasks(self) -> tuple[Node, ...]:
        """The tasks a person does, and whatever else has a task card; those of compensation too."""
        return tuple(
            node
            for node in self.definition.nodes.values()
            if node.kind in bpmn.HUMAN_TASKS or node.task is not None
        )


Rule = Callable[[Subject], Iterator[Problem]]
"""Looks for some kinds of mistakes; the severity of what it yields is set by `LINT_RULES`."""


def shown(node: Node) -> str:
    """What an expert calls a node."""
    return node.name or node.id


_E: Final = "error"
_W: Final = "warning"
_I: Final = "info"

_TABLE: Final[Mapping[str, tuple[Severity | None, Severity | None]]] = {
    # the drawing
    "boundary-without-host": (_E, _E),
    "dangling-flow": (_E, _E),
    "default-with-condition": (_W, _W),
    "duplicate-id": (_E, _E),
    "empty-process": (_W, _E),
    "empty-subprocess": (_W, _E),
    "end-event-with-outgoing": (_W, _E),
    "event-gateway-target": (_W, _E),
    "flow-without-condition": (_W, _E),
    "gateway-without-default": (_W, _E),
    "implicit-end": (_I, _E),
    "implicit-split": (_I, _E),
    "invalid-id": (_W, _E),
    "no-end-event": (_W, _E),
    "no-start-event": (_W, _E),
    "no-way-to-end": (_W, _E),
    "not-executable": (_I, _E),
    "several-start-events": (_W, _E),
    "start-event-with-incoming": (_W, _E),
    "start-event-with-trigger": (_I, _E),
    "unknown-default": (_W, _E),
    "unreachable": (_W, _E),
    # what runs wrong or not at all
    "call-cycle": (_E, _E),
    "call-outside-file": (_I, _E),
    "call-without-process": (_W, _E),
    "event-without-name": (_W, _E),
    "event-without-trigger": (_W, _E),
    "ignored-data": (_I, _W),
    "invalid-timer": (_W, _E),
    "loop-without-bound": (_W, _E),
    "multi-instance-without-count": (_W, _E),
    "timer-too-short": (_W, _E),
    "timer-without-time": (_W, _E),
    "unsupported-element": (_W, _E),
    "unsupported-event": (_W, _E),
    "untyped-task": (_I, _E),
    "vendor-extension": (_I, _I),
    # expressions
    "condition-language": (_W, _E),
    "invalid-condition": (_W, _E),
    "invalid-quantity": (_E, _E),
    "invalid-script": (_W, _E),
    "missing-quantity": (_W, _E),
    "script-missing": (_W, _E),
    "unknown-parameter": (_E, _E),
    # the way of the work
    "deadlock": (_E, _E),
    "invalid-probability": (_E, _E),
    "lack-of-synchronisation": (_W, _W),
    "livelock": (_E, _E),
    "missing-probability": (_I, _W),
    "probability-sum": (_W, _E),
    "too-complex": (_W, _W),
    "unbounded": (_E, _E),
    # the cards
    "criterion-without-evidence": (_W, _E),
    "evidence-without-criterion": (_W, _E),
    "imported-without-reason": (_W, _E),
    "incomplete-service": (_W, _E),
    "invalid-range": (_E, _E),
    "invalid-skill": (_W, _E),
    "missing-activities": (_W, _E),
    "missing-criteria": (_W, _E),
    "missing-evidence": (_W, _E),
    "missing-form": (_W, _E),
    "missing-honorarium": (_W, _E),
    "missing-id": (_E, _E),
    "missing-item": (_W, _E),
    "missing-outcome": (_W, _E),
    "missing-skill": (_W, _E),
    "missing-title": (_W, _E),
    "missing-translation": (_W, _E),
    "several-agents": (_E, _E),
    "task-without-card": (_W, _E),
    "unknown-criterion": (_E, _E),
}
LINT_RULES: Final[Mapping[str, LintRule]] = MappingProxyType(
    {code: LintRule(code, preview, executable) for code, (preview, executable) in _TABLE.items()}
)
