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
from workflows.definitions.model import Node, TaskCard
from workflows.definitions.scripts import split_script
from workflows.problems import Problem

_EXPRESSIONS: Final = (
    "conditionExpression", "condition", "completionCondition", "loopCondition", "loopCardinality",
    "timeDate", "timeDuration", "timeCycle",
)  # fmt: skip
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
        texts += [(node.id, shown(node), text) for text in _evaluated(node)]
    for place, name, text in texts:
        reason = feel.fault(text) if text else ""
        if reason:
            yield Problem(
                "invalid-condition",
                "The expression of “%(name)s” cannot be read: %(text)s. %(reason)s Example: attendance >= 30",
                place=place,
                params={"name": name, "text": text[:80], "reason": reason},
            )


def _evaluated(node: Node) -> Iterator[str]:
    """Every text of a node that the engine evaluates, besides scripts and timers."""
    many = node.multi_instance
    if many is not None:
        yield from (many.cardinality, many.collection, many.completion)
    if node.ad_hoc is not None:
        yield node.ad_hoc.completion
    if node.event == "conditional":
        yield node.detail
    yield from (node.payload, node.key)


def condition_languages(subject: Subject) -> Iterator[Problem]:
    """Conditions, counts and times do not claim to be in another language."""
    known = {*subject.definition.nodes, *subject.definition.flows}
    for expression in subject.process.iter(*(bpmn.tag(name) for name in _EXPRESSIONS)):
        language = expression.get("language") or ""
        if language and not _is_feel_language(language):
            owner = next((each for each in expression.iterancestors() if each.get("id") in known), None)
            yield Problem(
                "condition-language",
                "The condition is written in %(language)s. Write it in FEEL, for example: attendance >= 30",
                place="" if owner is None else str(owner.get("id")),
                params={"language": language[:60]},
            )


def _is_feel_language(language: str) -> bool:
    name = language.rstrip("/").lower()
    return (
        bool(_LANGUAGE.fullmatch(name)) or ("/dmn/" in name and name.endswith("feel")) or "/dmn/feel" in name
    )


def quantities(subject: Subject) -> Iterator[Problem]:
    """Quantities are FEEL over the service's parameters."""
    parameters = {parameter.id for parameter in subject.main.service.parameters}
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
    for output in () if subject.is_called else definition.service.outputs:
        yield _Quantity(definition.process_id, f"output {output.id}", output.quantity)
    for node in definition.own_tasks():
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
        lines = split_script(node.script)
        if not lines:
            yield Problem(
                "script-missing",
                "The script task “%(name)s” has no script. Write lines like: total = adults + children",
                place=node.id,
                params={"name": shown(node)},
            )
        for line in lines:
            if line.expression is None or not feel.is_feel(line.expression):
                yield Problem(
                    "invalid-script",
                    "Line %(number)s of the script “%(name)s” is not “name = expression”: %(line)s. "
                    "Nothing else can be run.",
                    place=node.id,
                    params={"number": line.number, "name": shown(node), "line": line.text[:80]},
                )


EXECUTION_RULES: Final = (conditions, condition_languages, scripts)
COST_RULES: Final = (quantities,)
