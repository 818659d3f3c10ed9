"""What a formula of a diagram gives, tried with example values, while it is being typed.

A quantity must give a number that can be priced and may read parameters only; a condition gives true or false
and may read answers that nobody has given yet; a timer is a time as ISO 8601 writes it, or FEEL that gives one; a value
is anything (a payload, a key).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final

from pricing.quantities import quantity
from workflows import feel
from workflows.definitions.lint import feel as lint_feel
from workflows.definitions.lint import timers
from workflows.definitions.lint.registry import Subject
from workflows.definitions.model import Definition, Node, ServiceCard
from workflows.problems import Problem

LONGEST: Final = 10_000
KINDS: Final = ("quantity", "condition", "timer", "value")
_EFFORT: Final = feel.Limits(steps=20_000, depth=100, text=20_000, items=5_000, pattern_steps=20_000)
"""Asked at every key: what takes longer has no example."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a formula gives. value: as a person reads it, None where it is not known yet.

    position: where the mistake is, counted from 0 in the text. names: what it reads.
    """

    ok: bool
    value: str | None = None
    problem: Problem | None = None
    position: int | None = None
    names: tuple[str, ...] = ()


def ask(text: str, kind: str, given: Mapping[str, Decimal], *, now: datetime) -> Answer:
    """Try a formula of a kind of `KINDS` with example values."""
    text = text.strip()
    if kind == "timer":
        return _timer(text, given, now)
    if not text:
        return Answer(ok=True)
    if len(text) > LONGEST:
        return Answer(ok=False, problem=Problem("feel", "It is too long."))
    try:
        expression = feel.compile(text)
    except feel.FeelSyntaxError as error:
        return Answer(ok=False, problem=_told(text, error), position=_position(text, error))
    except feel.FeelError as error:
        return Answer(ok=False, problem=Problem("feel", error.message, params=error.params))
    names = tuple(sorted(expression.names))
    if kind == "quantity":
        return _quantity(text, names, given)
    if kind == "condition" and lint_feel.is_never_boolean(text):
        problem = Problem(
            "condition-not-boolean",
            'This gives no true or false. Compare with something, for example: answer = "yes"',
        )
        return Answer(ok=False, problem=problem, names=names)
    return _value(expression, names, given, now)


def _quantity(text: str, names: tuple[str, ...], given: Mapping[str, Decimal]) -> Answer:
    unknown = next((name for name in names if name not in given), None)
    if unknown is not None:
        problem = Problem(
            "unknown-parameter",
            "“%(name)s” is no parameter of the service. Declare it on the service's card, or correct the name.",
            params={"name": unknown},
        )
        return Answer(ok=False, problem=problem, position=max(0, text.find(unknown)), names=names)
    found = quantity(text, given, "")
    if isinstance(found, Fraction):
        return Answer(ok=True, value=_number(found), names=names)
    return Answer(ok=False, problem=found, names=names)


def _number(value: Fraction) -> str:
    return f"{Decimal(value.numerator) / Decimal(value.denominator):f}"


def _value(
    expression: feel.Expression, names: tuple[str, ...], given: Mapping[str, Decimal], now: datetime
) -> Answer:
    if not set(names) <= set(given):
        return Answer(ok=True, names=names)
    value, problem = _run(expression, given, now)
    return Answer(ok=problem is None, value=value, problem=problem, names=names)


def _run(
    expression: feel.Expression, given: Mapping[str, Decimal], now: datetime
) -> tuple[str | None, Problem | None]:
    try:
        outcome = expression.run(dict(given), now=now, limits=_EFFORT)
    except feel.FeelError as error:
        return None, Problem("feel", error.message, params=error.params)
    if outcome.value is None:
        return None, outcome.warnings[0] if outcome.warnings else None
    return _shown(outcome.value), None


def _shown(value: Any) -> str:  # noqa: ANN401  (any value of FEEL)
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"{value:f}" if isinstance(value, Decimal) else str(value)[:200]


def _timer(text: str, given: Mapping[str, Decimal], now: datetime) -> Answer:
    node = Node(id="timer", kind="intermediateCatchEvent", event="timer", detail=text, name=text[:60])
    alone = Definition("", "", ServiceCard(), {node.id: node}, {}, {}, b"")
    problem = next(timers.timers(Subject(alone)), None)
    if problem is not None:
        return Answer(ok=False, problem=problem)
    try:
        expression = feel.compile(text)
    except feel.FeelError:
        return Answer(ok=True, value=text)  # ISO 8601, which is no FEEL
    names = tuple(sorted(expression.names))
    if not names or not set(names) <= set(given):
        is_iso = not names or names == (text,)
        return Answer(ok=True, value=text if is_iso and text[:1] in "PR0123456789" else None, names=names)
    value, problem = _run(expression, given, now)
    return Answer(ok=problem is None, value=value, problem=problem, names=names)


def _told(text: str, error: feel.FeelSyntaxError) -> Problem:
    hint = lint_feel.fault(text)
    if hint and hint != str(error):
        return Problem("feel-syntax", hint)
    return Problem("feel-syntax", error.message, params=error.params)


def _position(text: str, error: feel.FeelSyntaxError) -> int:
    before = text.split("\n")[: error.line - 1]
    return min(len(text), sum(len(line) + 1 for line in before) + error.column - 1)
