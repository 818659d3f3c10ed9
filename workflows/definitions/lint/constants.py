"""Rules for expressions whose value is known before anything has run.

Idea: what reads no names is evaluated, at two moments far apart; when both give the same value it is always that,
and what the engine would do with it can be said now. What a longer expression can never be (a sum is no
condition) is seen from its outermost operator.
Source: DMN 1.5 clause 10.3.2 (FEEL); BPMN 2.0.2, 10.3.8 (multi-instance), 13.3.6 and 13.3.7 (repetition).
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Final

from workflows.definitions import bpmn
from workflows.definitions.lint import feel
from workflows.definitions.lint.registry import Subject, shown
from workflows.definitions.model import MultiInstance, Node
from workflows.definitions.scripts import split_script
from workflows.problems import Problem

MAX_TIMES: Final = 1_000
"""Instances of a multi-instance activity that the engine opens at most."""
MAX_KEY: Final = 200
"""Characters of the key of a message."""


def conditions(subject: Subject) -> Iterator[Problem]:
    """A condition is true or false, and not always the same."""
    definition = subject.definition
    defaults = {node.default for node in definition.nodes.values()}
    for flow in definition.flows.values():
        if flow.id not in defaults:
            yield from _condition(flow.id, flow.name or flow.id, flow.condition)
    for node in definition.nodes.values():
        many = node.multi_instance
        if node.event == "conditional":
            yield from _condition(node.id, shown(node), node.detail)
        if node.ad_hoc is not None:
            yield from _condition(node.id, shown(node), node.ad_hoc.completion)
        if many is not None:
            yield from _condition(node.id, shown(node), many.completion, may_hold=_is_bounded(many))


def _is_bounded(many: MultiInstance) -> bool:
    """Whether “true” says something: as often as the maximum of a loop."""
    return many.standard_loop and many.loop_maximum is not None


def _condition(place: str, name: str, text: str, *, may_hold: bool = False) -> Iterator[Problem]:
    params = {"name": name, "text": text[:80]}
    constant = feel.constant(text)
    if feel.is_never_boolean(text) or (constant is not None and not isinstance(constant.value, bool)):
        yield Problem(
            "condition-not-boolean",
            "The condition of “%(name)s” gives no true or false, so it never holds: %(text)s. Compare with "
            'something, for example: answer = "yes"',
            place=place,
            params=params,
        )
    elif constant is not None and not (constant.value is True and may_hold):
        yield Problem(
            "constant-condition",
            "The condition of “%(name)s” is always %(value)s, whatever was answered: %(text)s. Let it depend on "
            "an answer, or remove it.",
            place=place,
            params={**params, "value": "true" if constant.value else "false"},
        )


def counts(subject: Subject) -> Iterator[Problem]:
    """What is done several times is done a possible number of times."""
    for node in subject.definition.nodes.values():
        many = node.multi_instance
        if many is None or many.standard_loop:
            continue
        number, several = feel.constant(many.cardinality), feel.constant(many.collection)
        if number is not None and not _is_count(number.value):
            yield _count(node, many.cardinality)
        elif several is not None and not (
            isinstance(several.value, list) and 0 < len(several.value) <= MAX_TIMES
        ):
            yield Problem(
                "impossible-count",
                "“%(name)s” is done once for each item of %(text)s, which is no list of 1 to %(maximum)s items. "
                "Name a list.",
                place=node.id,
                params={"name": shown(node), "text": many.collection[:80], "maximum": MAX_TIMES},
            )
    for loop in subject.process.iter(bpmn.tag("standardLoopCharacteristics")):
        maximum = (loop.get("loopMaximum") or "1").strip()
        activity = loop.getparent()
        if activity is not None and not (maximum.isascii() and maximum.isdigit() and int(maximum[:9]) > 0):
            own_id = activity.get("id") or ""
            yield _impossible(own_id, activity.get("name") or own_id, maximum)


def _is_count(value: object) -> bool:
    return isinstance(value, Decimal) and value == value.to_integral_value() and 1 <= value <= MAX_TIMES


def _count(node: Node, text: str) -> Problem:
    return _impossible(node.id, shown(node), text)


def _impossible(place: str, name: str, text: str) -> Problem:
    return Problem(
        "impossible-count",
        "“%(name)s” is to be done %(text)s times, which is no whole number from 1 to %(maximum)s. Correct it.",
        place=place,
        params={"name": name, "text": text[:80], "maximum": MAX_TIMES},
    )


def scripts(subject: Subject) -> Iterator[Problem]:
    """A line of a script gives a value; who means none writes null."""
    for node in subject.definition.nodes.values():
        for line in split_script(node.script) if node.kind == "scriptTask" else ():
            constant = feel.constant(line.expression or "")
            if constant is not None and constant.value is None and (line.expression or "").strip() != "null":
                yield Problem(
                    "script-without-value",
                    "Line %(number)s of the script “%(name)s” always gives null: %(line)s. %(reason)s Correct "
                    "it, or write null.",
                    place=node.id,
                    params={
                        "number": line.number, "name": shown(node), "line": line.text[:80],
                        "reason": constant.reason,
                    },
                )  # fmt: skip


def messages(subject: Subject) -> Iterator[Problem]:
    """A payload is a context, a key a text, a number or a date."""
    for node in subject.definition.nodes.values():
        if node.payload and feel.is_never_context(node.payload):
            yield Problem(
                "payload-not-context",
                "What “%(name)s” gives has no names: %(text)s. Write names and values, for example: "
                "{village: village}",
                place=node.id,
                params={"name": shown(node), "text": node.payload[:80]},
            )
        key = feel.constant(node.key)
        if key is not None and (
            key.value is None
            or isinstance(key.value, (bool, list, dict))
            or not 0 < len(str(key.value)) <= MAX_KEY
        ):
            yield Problem(
                "impossible-key",
                "The key of “%(name)s” is no text of 1 to %(maximum)s characters, number or date: %(text)s. "
                "Write one, for example: village",
                place=node.id,
                params={"name": shown(node), "text": node.key[:80], "maximum": MAX_KEY},
            )


RULES: Final = (conditions, counts, scripts, messages)
