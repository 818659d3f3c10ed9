"""One evaluation: its bounds, its warnings, the caller's values.

Every loop, call and built-in counts steps, so that a hostile expression ends early whatever its shape. Work
is counted, not time: the same expression on the same values always ends the same way.
"""

from __future__ import annotations

import datetime
import itertools
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final

from workflows.feel.errors import FeelLimitExceeded, FeelValueUnsupported
from workflows.feel.nulls import unknown_name
from workflows.feel.temporal import Date, DateTime, DaysDuration, MonthsDuration, Time, from_standard
from workflows.feel.values import DECIMAL128, FeelValue, FunctionValue, Range
from workflows.problems import Problem


@dataclass(frozen=True, slots=True)
class Limits:
    """What one evaluation may use.

    steps: iterations, calls and elements touched, weighted by the size of what is repeated.
    depth: calls within calls, in levels of the expression.
    text: characters of a string; items: elements of a list, entries of a context, parts of the result.
    pattern_steps: steps of one match of a regular expression.
    """

    steps: int = 500_000
    depth: int = 400
    text: int = 100_000
    items: int = 50_000
    pattern_steps: int = 200_000


DEFAULT_LIMITS: Final = Limits()
_WARNINGS_LIMIT: Final = 50
_INTEGER_BITS: Final = 20_000
_CONTEXT_DEPTH: Final = 64
_MISSING: Final = object()
_WITH_PARTS: Final = frozenset({list, dict, Range})
_FEEL_SCALARS: Final = frozenset(
    {str, bool, type(None), Date, Time, DateTime, DaysDuration, MonthsDuration, FunctionValue}
)


class Evaluation:
    """The state of one evaluation."""

    __slots__ = ("_context", "_depth", "_steps", "limits", "now", "values", "warnings")

    def __init__(self, context: Mapping[str, Any], limits: Limits, now: datetime.datetime | None) -> None:
        self._context = context
        self._steps = limits.steps
        self._depth = 0
        self.limits = limits
        self.now = now
        self.values: dict[str, FeelValue] = {}
        self.warnings: list[Problem] = []

    # Bounds

    def step(self, count: int = 1) -> None:
        """Count work; raises FeelLimitExceeded when it is too much."""
        self._steps -= count
        if self._steps < 0:
            raise FeelLimitExceeded(limit="steps", maximum=self.limits.steps)

    def text(self, text: str) -> str:
        """The text, when it is not too long."""
        if len(text) > self.limits.text:
            raise FeelLimitExceeded(limit="characters of a text", maximum=self.limits.text)
        self.step(len(text) // 64)
        return text

    def room_for(self, length: int) -> None:
        """Count the elements of a new list or context of this length."""
        if length > self.limits.items:
            raise FeelLimitExceeded(limit="items of a list", maximum=self.limits.items)
        self.step(length // 8)

    def enter(self, levels: int) -> None:
        self._depth += levels
        if self._depth > self.limits.depth:
            raise FeelLimitExceeded(limit="levels of calls", maximum=self.limits.depth)

    def leave(self, levels: int) -> None:
        self._depth -= levels

    # Warnings

    def null(self, problem: Problem) -> Any:  # noqa: ANN401 - so that callers can return it as their null
        """Record why the value is null."""
        if len(self.warnings) < _WARNINGS_LIMIT:
            self.warnings.append(problem)
        return None

    # The caller's values

    def load(self, name: str, otherwise: FeelValue = _MISSING) -> FeelValue:
        """The context's value, converted on first use; when missing `otherwise`, or null and a warning."""
        value = self._context.get(name, _MISSING)
        if value is _MISSING:
            value = self._context.get(self._spelling(name), _MISSING)
        if value is _MISSING:
            if otherwise is not _MISSING:
                return otherwise
            return self.null(unknown_name(name))
        converted = self.convert(value, name)
        self.values[name] = converted
        return converted

    def _spelling(self, name: str) -> str:
        """The key that differs only in white space, apostrophes or composed accents."""
        for key in self._context:
            if key != name and _folded(key) == name:
                return key
        return name

    def convert(self, value: object, name: str, depth: int = 0) -> FeelValue:
        """The FEEL value of a Python value. Raises FeelValueUnsupported."""
        kind = type(value)
        if kind in _FEEL_SCALARS:
            return value
        if kind is Decimal:
            return _finite(value, name)
        if isinstance(value, Mapping | list | tuple | set | frozenset):
            return self._convert_many(value, name, depth)
        if isinstance(value, Range):
            return value
        return _convert_scalar(value, name)

    def _convert_many(self, value: object, name: str, depth: int) -> FeelValue:
        if depth > _CONTEXT_DEPTH:
            raise FeelLimitExceeded(limit="levels of the context", maximum=_CONTEXT_DEPTH)
        if isinstance(value, Mapping):
            self.step(len(value))
            return {str(key): self.convert(item, name, depth + 1) for key, item in value.items()}
        assert isinstance(value, list | tuple | set | frozenset)
        self.step(len(value))
        return [self.convert(item, name, depth + 1) for item in value]

    def measured(self, value: FeelValue) -> FeelValue:
        """The result, when it is small enough even where the same list stands in it many times over.

        Its depth is bounded too: whoever writes it as JSON or compares it does so level within level.
        """
        if type(value) not in _WITH_PARTS:
            return value
        level, left, depth = [value], self.limits.items, 0
        while level:
            left -= len(level)
            depth += 1
            if left < 0:
                raise FeelLimitExceeded(limit="parts of the result", maximum=self.limits.items)
            if depth > _CONTEXT_DEPTH:
                raise FeelLimitExceeded(limit="levels of the result", maximum=_CONTEXT_DEPTH)
            level = list(itertools.islice(itertools.chain.from_iterable(map(_parts, level)), left + 1))
        return value


class Scope:
    """The names of one level of the expression, within an outer level."""

    __slots__ = ("outer", "run", "values")

    def __init__(self, run: Evaluation, values: dict[str, FeelValue], outer: Scope | None = None) -> None:
        self.run = run
        self.values = values
        self.outer = outer

    def inner(self, values: dict[str, FeelValue]) -> Scope:
        return Scope(self.run, values, self)

    def find(self, name: str, missing: object) -> FeelValue:
        """The value of the innermost level that has the name."""
        scope: Scope | None = self
        while scope is not None:
            value = scope.values.get(name, missing)
            if value is not missing:
                return value
            scope = scope.outer
        return missing


def _parts(value: FeelValue) -> Iterable[FeelValue]:
    """What a value is made of."""
    if type(value) is Range:
        return (value.start, value.end)
    if type(value) is list:
        return value
    return value.values() if type(value) is dict else ()


def _folded(key: object) -> str:
    if not isinstance(key, str):
        return ""
    return " ".join(unicodedata.normalize("NFC", key).replace("’", "'").split())


def _finite(value: object, name: str) -> Decimal:
    assert isinstance(value, Decimal)
    if not value.is_finite() or value.adjusted() > DECIMAL128.Emax:
        raise FeelValueUnsupported(name=name, kind=str(value)[:20])
    return value


def _convert_scalar(value: object, name: str) -> FeelValue:
    if isinstance(value, bool):
        return bool(value)
    if isinstance(value, int):
        if value.bit_length() > _INTEGER_BITS:
            raise FeelLimitExceeded(limit="bits of a number", maximum=_INTEGER_BITS)
        return Decimal(value)
    if isinstance(value, float):
        return _finite(Decimal(repr(value)), name)
    if isinstance(value, Decimal):
        return _finite(Decimal(value), name)
    if isinstance(value, Fraction):
        return DECIMAL128.divide(Decimal(value.numerator), Decimal(value.denominator))
    if isinstance(value, str):
        return str(value)
    if isinstance(value, datetime.date | datetime.time | datetime.timedelta):
        return from_standard(value)
    raise FeelValueUnsupported(name=name, kind=type(value).__name__)
