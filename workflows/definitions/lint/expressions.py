"""Rules for conditions, quantities and scripts: all are FEEL, and quantities read declared parameters only.

Source: DMN 1.5 clause 10.3 (FEEL). A script is lines `name = FEEL`, nothing else can run.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from workflows.definitions import bpmn
from workflows.definitions.lint import feel
from workflows.definitions.lint.registry import Subject, shown
from workflows.definitions.model import TaskCard
from workflows.problems import Problem

_ASSIGNMENT: Final = re.compile(r"([^\W\d]\w*)\s*=(?!=)\s*(\S.*)")
_LANGUAGE: Final = re.compile(r"feel|dmn/\d+/feel|dmn/feel", re.IGNORECASE)


class _Quantity(NamedTuple):
    place: str
    what: str
    text: str


def conditions(subject: Subject) -> Iterator[Problem]:
    """Conditions of flows, loops, repetitions and conditional events are FEEL."""
    definition = subject.definition
    texts = [(flow.id, flow.name or flow.id, flow.condition) for flow in definition.flows.values()]
    for node in definition.nodes.values():
        many = node.multi_instance
        if many is not None:
            texts += [(node.id, shown(node), text) for text in (many.cardinality, many.completion)]
        if node.event == "conditional":
            texts.append((node.id, shown(node), node.detail))
    for place, name, text in texts:
        reason = feel.fault(text) if text else ""
        if reason:
            yield Problem(
                "invalid-condition",
                "The expression of “%(name)s” cannot be read: %(text)s. %(reason)s Example: attendance >= 30",
                place=place,
                params={"name": name, "text": text[:80], "reason": reason},
            )


def condition_languages(subject: Subject) -> Iterator[Problem]:
    """Conditions do not claim to be in another language."""
    for flow in subject.process.iter(bpmn.tag("sequenceFlow")):
        condition = flow.find(bpmn.tag("conditionExpression"))
        language = "" if condition is None else condition.get("language") or ""
        if language and not _is_feel_language(language):
            yield Problem(
                "condition-language",
                "The condition is written in %(language)s. Write it in FEEL, for example: attendance >= 30",
                place=flow.get("id") or "",
                params={"language": language[:60]},
            )


def _is_feel_language(language: str) -> bool:
    name = language.rstrip("/").lower()
    return (
        bool(_LANGUAGE.fullmatch(name)) or ("/dmn/" in name and name.endswith("feel")) or "/dmn/feel" in name
    )


def quantities(subject: Subject) -> Iterator[Problem]:
    """Quantities are FEEL over the service's parameters."""
    parameters = {parameter.id for parameter in subject.definition.service.parameters}
    for quantity in _quantities(subject):
        if not quantity.text:
            yield Problem(
                "missing-quantity",
                "%(what)s has no quantity. Write a number, or one computed from parameters: households / 20",
                place=quantity.place,
                params={"what": quantity.what},
            )
            continue
        reason = feel.fault(quantity.text)
        if reason:
            yield Problem(
                "invalid-quantity",
                "The quantity of %(what)s cannot be read: %(text)s. %(reason)s",
                place=quantity.place,
                params={"what": quantity.what, "text": quantity.text[:80], "reason": reason},
            )
            continue
        for name in sorted(feel.names(quantity.text) - parameters):
            yield Problem(
                "unknown-parameter",
                "The quantity of %(what)s uses “%(name)s”, which is no parameter of the service. "
                "Declare it on the service's card, or correct the name.",
                place=quantity.place,
                params={"what": quantity.what, "name": name},
            )


def _quantities(subject: Subject) -> Iterator[_Quantity]:
    definition = subject.definition
    for output in definition.service.outputs:
        yield _Quantity(definition.process_id, f"output {output.id}", output.quantity)
    for node in definition.tasks():
        yield from _quantities_of_task(node.id, node.task or TaskCard())


def _quantities_of_task(place: str, card: TaskCard) -> Iterator[_Quantity]:
    for expense in card.expenses:
        yield _Quantity(place, f"expense {expense.id or expense.item}", expense.quantity)
    if card.honorarium is not None:
        yield _Quantity(place, "honorarium", card.honorarium.quantity)


def scripts(subject: Subject) -> Iterator[Problem]:
    """Scripts are lines `name = FEEL`."""
    for node in subject.definition.nodes.values():
        if node.kind != "scriptTask":
            continue
        lines = [line.strip() for line in node.script.splitlines()]
        if not any(lines):
            yield Problem(
                "script-missing",
                "The script task “%(name)s” has no script. Write lines like: total = adults + children",
                place=node.id,
                params={"name": shown(node)},
            )
        for number, line in enumerate(lines, start=1):
            assignment = _ASSIGNMENT.fullmatch(line)
            if line and (assignment is None or not feel.is_feel(assignment.group(2))):
                yield Problem(
                    "invalid-script",
                    "Line %(number)s of the script “%(name)s” is not “name = expression”: %(line)s. "
                    "Nothing else can be run.",
                    place=node.id,
                    params={"number": number, "name": shown(node), "line": line[:80]},
                )


RULES: Final = (conditions, condition_languages, quantities, scripts)
