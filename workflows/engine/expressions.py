"""Expressions of a diagram: conditions, scripts of `name = FEEL` lines, cardinalities and timers.

Everything a diagram can compute goes through `workflows.feel`; no text of a diagram ever reaches Python.
Timers: ISO 8601 text or FEEL that gives a duration, a date, a date and time, or such text. A local date and
time is UTC; a date is its midnight UTC.
Source: BPMN 2.0.2, 10.5.5.4 (timer), 10.3.5 (script); ISO 8601-1:2019, 5.4 and 5.5.2.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from workflows import feel
from workflows.engine.errors import DataRefused, ExpressionFailed
from workflows.engine.values import kept
from workflows.errors import WorkflowError
from workflows.feel.temporal import parse_date_time
from workflows.feel.values import FeelValue

MAX_INSTANCES: Final = 1_000
"""Instances of one multi-instance activity or rounds of one standard loop."""
MAX_KEY: Final = 200
"""Characters of the key of a message."""
MAX_EXPRESSION: Final = 10_000
"""Characters of an expression."""

_DURATION: Final = re.compile(
    r"P(?=[0-9T])(?:([0-9]{1,4})Y)?(?:([0-9]{1,4})M)?(?:([0-9]{1,4})W)?(?:([0-9]{1,6})D)?"
    r"(?:T(?=[0-9])(?:([0-9]{1,7})H)?(?:([0-9]{1,8})M)?(?:([0-9]{1,9}(?:\.[0-9]{1,9})?)S)?)?",
    re.ASCII,
)


@dataclass(frozen=True, slots=True)
class Context:
    """What an expression sees.

    values: by name, not to be changed. now: the time of now() and today().
    """

    values: Mapping[str, Any]
    now: datetime

    def also(self, more: Mapping[str, Any]) -> Context:
        """The context with more names."""
        return Context({**self.values, **more}, self.now)


@dataclass(frozen=True, slots=True)
class Expression:
    """A compiled FEEL expression and the id of the element it stands in."""

    node_id: str
    text: str
    names: frozenset[str]
    compiled: feel.Expression

    def value(self, context: Context) -> FeelValue:
        """The value in the context; raises ExpressionFailed, never anything of the author's making."""
        try:
            return self.compiled.evaluate(context.values, now=context.now)
        except WorkflowError as error:
            raise self.failure(str(error)) from error

    def holds(self, context: Context) -> bool:
        """Whether the value is true; null and what is no boolean are not true."""
        return self.value(context) is True

    def failure(self, why: str) -> ExpressionFailed:
        return ExpressionFailed(node=self.node_id, expression=shortened(self.text), why=why)


def compiled(node_id: str, text: str) -> Expression:
    """Compile FEEL; raises FeelError when it is none."""
    text = text.strip()
    if len(text) > MAX_EXPRESSION:
        raise ExpressionFailed(node=node_id, expression=shortened(text), why="it is too long")
    expression = feel.compile(text)
    return Expression(node_id, text, frozenset(expression.names), expression)


def shortened(text: str) -> str:
    """The text for a message: one line, at most 80 characters."""
    line = " ".join(text.split())
    return line if len(line) <= 80 else line[:79] + "…"


@dataclass(frozen=True, slots=True)
class Assignment:
    name: str
    expression: Expression


@dataclass(frozen=True, slots=True)
class Script:
    """Lines `name = FEEL`, run in order, each seeing the results of those before it."""

    assignments: tuple[Assignment, ...]

    def results(self, context: Context) -> dict[str, Any]:
        """The assigned values; raises ExpressionFailed before anything is assigned."""
        results: dict[str, Any] = {}
        for assignment in self.assignments:
            try:
                value = kept({assignment.name: assignment.expression.value(context)})
            except DataRefused as refused:
                raise assignment.expression.failure(str(refused)) from refused
            context = context.also(value)
            results.update(value)
        return results


def is_iso_timer(text: str) -> bool:
    """Whether the text is an ISO 8601 duration, date or date and time as it stands."""
    return _DURATION.fullmatch(text) is not None or parse_date_time(text) is not None


def due_at(value: FeelValue, now: datetime) -> datetime:
    """When a timer of this value, started `now`, falls due; raises ValueError with the reason."""
    text = timer_text(value)
    try:
        if is_duration(text):
            return later(now, text)
        moment = parse_date_time(text)
        if moment is None:
            raise ValueError("it gives no duration, date or date and time of ISO 8601")
        due = moment.as_datetime()
        return (due if due.tzinfo is not None else due.replace(tzinfo=UTC)).astimezone(UTC)
    except OverflowError as error:
        raise ValueError("it lies too far in the future") from error


def timer_text(value: FeelValue) -> str:
    """The value of a timer as text; "" when it is of no type a timer can have."""
    return "" if value is None or isinstance(value, (bool, Decimal, list, dict)) else str(value).strip()


def is_duration(text: str) -> bool:
    """Whether the text is an ISO 8601 duration."""
    return _DURATION.fullmatch(text) is not None


def later(start: datetime, duration: str, times: int = 1) -> datetime:
    """So many durations after the start; raises OverflowError, and ValueError when it is no duration."""
    match = _DURATION.fullmatch(duration)
    if match is None:
        raise ValueError("it is no duration")
    years, months, weeks, days, hours, minutes = (int(part or 0) * times for part in match.groups()[:6])
    begun = _months_later(start.astimezone(UTC), years * 12 + months)
    microseconds = int(Decimal(match[7] or 0) * 1_000_000) * times
    return begun + timedelta(weeks=weeks, days=days, hours=hours, minutes=minutes, microseconds=microseconds)


def _months_later(moment: datetime, months: int) -> datetime:
    """The same day some months later, or the last of the month when it is shorter."""
    year, month = divmod(moment.year * 12 + moment.month - 1 + months, 12)
    if year > 9999:
        raise OverflowError
    return moment.replace(year=year, month=month + 1, day=min(moment.day, monthrange(year, month + 1)[1]))


def context_of(expression: Expression, context: Context) -> dict[str, Any]:
    """The context (names and values) an expression gives, as it is kept; raises ExpressionFailed."""
    value = expression.value(context)
    if not isinstance(value, dict):
        raise expression.failure("it must give a context, such as {amount: total}")
    try:
        return kept(value)
    except DataRefused as refused:
        raise expression.failure(str(refused)) from refused


def key_of(expression: Expression, context: Context) -> str:
    """The text by which a message is told from others of its name; raises ExpressionFailed when it has none.

    A number is written without an exponent and without zeros at its end, so that 7 and 7.0 are one key.
    """
    value = expression.value(context)
    if isinstance(value, Decimal):
        text = f"{value:f}"
        return text.rstrip("0").rstrip(".") if "." in text else text
    text = "" if value is None or isinstance(value, (bool, list, dict)) else str(value)
    if not 0 < len(text) <= MAX_KEY:
        raise expression.failure(f"it must give a text of 1 to {MAX_KEY} characters, a number or a date")
    return text


def instances(expression: Expression, context: Context) -> int:
    """The number of instances of a cardinality; raises ExpressionFailed unless it is 0 to MAX_INSTANCES."""
    value = expression.value(context)
    if not isinstance(value, Decimal) or value != value.to_integral_value():
        raise expression.failure("it must give a whole number")
    if not 0 <= value <= MAX_INSTANCES:
        raise expression.failure(f"it must give a number from 0 to {MAX_INSTANCES}")
    return int(value)


def items(expression: Expression, context: Context) -> list[Any]:
    """The items of a collection; raises ExpressionFailed unless it is a list of at most MAX_INSTANCES."""
    value = expression.value(context)
    if not isinstance(value, list):
        raise expression.failure("it must give a list")
    if len(value) > MAX_INSTANCES:
        raise expression.failure(f"the list must have at most {MAX_INSTANCES} items")
    try:
        return list(kept({"items": value})["items"])
    except DataRefused as refused:
        raise expression.failure(str(refused)) from refused
