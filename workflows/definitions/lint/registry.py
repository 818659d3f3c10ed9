"""The codes of lint and how bad each is. One page each: docs/reference/lint/<code>.md.

preview: the diagram is looked at, discussed, priced for orientation; whatever another tool draws is admitted,
and only what cannot be priced at all is an error. executable: it is published and run.
None: not reported at that level.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from types import MappingProxyType
from typing import Final, Literal

from lxml import etree

from workflows.definitions import bpmn, calls
from workflows.definitions.lint.thrown import Thrown, family
from workflows.definitions.model import LANGUAGES, Definition, Node
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
    hinders: bool = False
    """Whether the engine refuses to run a definition that has it."""

    def severity(self, level: Level) -> Severity | None:
        return self.preview if level == "preview" else self.executable


@dataclass(frozen=True)
class Subject:
    """What a rule looks at: the definition, and its file for what the model does not hold.

    caller: the main process, when it calls this one. depth: in how many sub-processes and calls this one lies.
    decisions: ids of the decisions that business-rule tasks may ask; None = not known. languages: those that
    every text must be there in.
    """

    definition: Definition
    caller: Subject | None = None
    depth: int = 0
    decisions: Collection[str] | None = None
    languages: Collection[str] = LANGUAGES

    @property
    def is_called(self) -> bool:
        return self.caller is not None

    @property
    def main(self) -> Definition:
        """The process that is linted with all it calls."""
        return self.definition if self.caller is None else self.caller.definition

    @cached_property
    def root(self) -> etree._Element:
        return parse(self.definition.xml, limits=_ACCEPTED) if self.caller is None else self.caller.root

    @cached_property
    def calls(self) -> calls.Calls:
        """Which process of the file calls which."""
        return calls.graph(self.root) if self.caller is None else self.caller.calls

    @cached_property
    def circles(self) -> frozenset[tuple[str, str]]:
        """The calls by which a process starts itself again."""
        if self.caller is not None:
            return self.caller.circles
        return calls.on_cycles({each: self.calls.get(each, ()) for each in family(self.definition)})

    @cached_property
    def thrown(self) -> Thrown:
        return Thrown(self.definition) if self.caller is None else self.caller.thrown

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


def subjects(
    definition: Definition,
    *,
    decisions: Collection[str] | None = None,
    languages: Collection[str] = LANGUAGES,
) -> tuple[Subject, ...]:
    """The process and every process it calls, callers first."""
    main = Subject(definition, decisions=decisions, languages=languages)
    everything = family(definition)
    order, calling = calls.without_cycles(
        {name: _called(each, everything) for name, each in everything.items()}, definition.process_id
    )
    depth = dict.fromkeys(order, 0)
    found = [main]
    for name in reversed(order):
        if name != definition.process_id:
            found.append(replace(main, definition=everything[name], caller=main, depth=depth[name]))
        for call in everything[name].nodes.values():
            if call.called_element in calling[name]:
                inside = depth[name] + _around(everything[name], call) + 1
                depth[call.called_element] = max(depth[call.called_element], inside)
    return tuple(found)


def _called(definition: Definition, everything: Mapping[str, Definition]) -> tuple[str, ...]:
    targets = (node.called_element for node in definition.nodes.values())
    return tuple(dict.fromkeys(each for each in targets if each in everything))


def _around(definition: Definition, node: Node) -> int:
    count = 0
    while node.parent is not None:
        node = definition.nodes[node.parent]
        count += 1
    return count


Rule = Callable[[Subject], Iterator[Problem]]
"""Looks for some kinds of mistakes; the severity of what it yields is set by `LINT_RULES`."""


def shown(node: Node) -> str:
    """What an expert calls a node, on one line: many tools break the lines of names."""
    return " ".join(node.name.split()) or node.id


_E: Final = "error"
_W: Final = "warning"
_I: Final = "info"

_TABLE: Final[Mapping[str, tuple[Severity | None, Severity | None]]] = {
    # the drawing
    "boundary-without-host": (_W, _E),
    "dangling-flow": (_W, _E),
    "default-with-condition": (_W, _W),
    "duplicate-id": (_W, _E),
    "empty-process": (_W, _E),
    "empty-subprocess": (_W, _E),
    "end-event-with-outgoing": (_W, _E),
    "event-gateway-target": (_W, _E),
    "event-gateway-with-one-way": (_W, _E),
    "event-subprocess-with-flow": (_W, _E),
    "flow-into-boundary-event": (_W, _E),
    "flow-without-condition": (_W, _E),
    "gateway-without-default": (_W, _E),
    "implicit-end": (_I, _E),
    "implicit-split": (_I, _E),
    "invalid-id": (_W, _E),
    "misplaced-condition": (_W, _E),
    "no-end-event": (_W, _E),
    "no-start-event": (_W, _E),
    "no-way-to-end": (_W, _E),
    "not-executable": (_I, _E),
    "several-start-events": (_W, _E),
    "shared-id": (_W, _W),
    "start-event-with-incoming": (_W, _E),
    "start-event-with-trigger": (_I, _W),
    "unknown-default": (_W, _E),
    "unreachable": (_W, _E),
    # what runs wrong or not at all
    "ad-hoc-with-start-or-end": (_W, _E),
    "call-cycle": (_W, _E),
    "call-outside-file": (_I, _E),
    "call-without-process": (_W, _E),
    "cancel-not-caught": (_W, _E),
    "cancel-outside-transaction": (_W, _E),
    "data-object-name": (_I, _W),
    "decision-missing": (_I, _E),
    "error-not-caught": (_W, _E),
    "error-not-interrupting": (_W, _E),
    "escalation-not-caught": (_W, _W),
    "event-never-thrown": (_I, _W),
    "event-subprocess-without-trigger": (_W, _E),
    "event-without-condition": (_W, _E),
    "event-without-name": (_W, _E),
    "event-without-trigger": (_W, _E),
    "ignored-data": (_I, _W),
    "invalid-name": (_W, _E),
    "invalid-timer": (_W, _E),
    "loop-without-bound": (_W, _E),
    "multi-instance-output": (_W, _E),
    "multi-instance-with-two-counts": (_W, _E),
    "multi-instance-without-count": (_W, _E),
    "nested-too-deep": (_W, _E),
    "never-followed": (_W, _E),
    "service-without-operation": (_I, _E),
    "timer-too-short": (_W, _E),
    "timer-without-time": (_W, _E),
    "unknown-decision": (_W, _E),
    "unsupported-element": (_W, _E),
    "unsupported-event": (_W, _E),
    "untyped-task": (_I, _E),
    "vendor-extension": (_I, _I),
    "vendor-meaning": (_I, _W),
    # expressions
    "condition-language": (_W, _E),
    "condition-not-boolean": (_W, _E),
    "constant-condition": (_I, _W),
    "impossible-count": (_W, _E),
    "impossible-key": (_W, _E),
    "impossible-timer": (_W, _E),
    "invalid-condition": (_W, _E),
    "invalid-quantity": (_E, _E),
    "invalid-script": (_W, _E),
    "missing-quantity": (_W, _E),
    "payload-not-context": (_W, _E),
    "script-missing": (_W, _E),
    "script-without-value": (_W, _W),
    "unknown-parameter": (_E, _E),
    # the way of the work
    "deadlock": (_W, _E),
    "invalid-probability": (_E, _E),
    "lack-of-synchronisation": (_W, _W),
    "livelock": (_E, _E),
    "missing-probability": (_W, _E),
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
    "repeated-part": (_E, _E),
    "several-agents": (_W, _E),
    "task-without-card": (_W, _E),
    "unknown-criterion": (_E, _E),
}
_HINDERING: Final = frozenset(
    {
        "ad-hoc-with-start-or-end", "boundary-without-host", "call-cycle", "call-outside-file",
        "call-without-process", "cancel-not-caught", "cancel-outside-transaction",
        "dangling-flow",
        "decision-missing", "duplicate-id", "empty-subprocess", "end-event-with-outgoing", "error-not-caught",
        "error-not-interrupting", "event-gateway-target", "event-gateway-with-one-way",
        "event-subprocess-with-flow", "event-subprocess-without-trigger", "event-without-condition",
        "event-without-name", "event-without-trigger", "flow-into-boundary-event", "flow-without-condition",
        "invalid-condition", "invalid-script", "invalid-timer", "loop-without-bound",
        "misplaced-condition", "multi-instance-output", "multi-instance-with-two-counts",
        "multi-instance-without-count", "nested-too-deep", "no-start-event", "service-without-operation",
        "several-start-events", "start-event-with-incoming", "timer-without-time", "unknown-decision",
        "unknown-default", "unreachable", "unsupported-element", "unsupported-event",
    }
)  # fmt: skip
"""Codes of what the engine refuses: it cannot run it, or would run it other than drawn.

What an earlier release published must not be refused by a later one: running instances could not resume.
"""
LINT_RULES: Final[Mapping[str, LintRule]] = MappingProxyType(
    {
        code: LintRule(code, preview, executable, hinders=code in _HINDERING)
        for code, (preview, executable) in _TABLE.items()
    }
)
