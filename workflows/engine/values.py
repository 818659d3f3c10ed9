"""The values an instance keeps, and their JSON.

Idea: an instance keeps FEEL values only, copied when they come in, so that nothing the caller changes later
reaches what was kept. JSON has no decimal and no date: a JSON array is always a tagged value, everything else
is itself. ["n", "1.50"] is a number, ["t", "2026-11-21"] a date, time or duration, ["l", ...] a list and
["m", {...}] a context.
Source: DMN 1.5, 10.3.2 (values of FEEL).
"""

from __future__ import annotations

import datetime as standard
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from workflows.engine.errors import DataRefused
from workflows.feel.temporal import (
    Date,
    DateTime,
    DaysDuration,
    MonthsDuration,
    Time,
    from_standard,
    parse_temporal,
)
from workflows.feel.values import FeelValue

MAX_DEPTH: Final = 30
MAX_PARTS: Final = 10_000
"""Values in one call's data, counted through lists and contexts."""
MAX_TEXT: Final = 100_000
"""Characters of one text."""
MAX_DIGITS: Final = 200

Json = Any
"""What orjson reads and writes."""

_TEMPORAL: Final = (Date, DateTime, Time, DaysDuration, MonthsDuration)
_STANDARD: Final = (standard.date, standard.time, standard.timedelta)


def kept(given: Mapping[Any, Any]) -> dict[str, Any]:
    """A copy of the data in the types of FEEL; raises DataRefused for what cannot be kept."""
    copier = _Copier()
    result: dict[str, Any] = {}
    for name, value in given.items():
        if not isinstance(name, str) or not name:
            raise DataRefused(name=repr(name)[:80], why="a name must be a text")
        copier.name = name
        result[name] = copier.copy(value, 0)
    return result


def copied(value: FeelValue) -> FeelValue:
    """A copy of a value that is already kept; what cannot change is shared."""
    if isinstance(value, list):
        return [copied(each) for each in value]
    if isinstance(value, dict):
        return {key: copied(each) for key, each in value.items()}
    return value


class _Copier:
    def __init__(self) -> None:
        self.name = ""
        self.parts = 0

    def copy(self, value: FeelValue, depth: int) -> FeelValue:
        self.parts += 1
        if depth > MAX_DEPTH:
            raise self.refusal(f"it is nested more than {MAX_DEPTH} deep")
        if self.parts > MAX_PARTS:
            raise self.refusal(f"the data has more than {MAX_PARTS} parts")
        if isinstance(value, Mapping):
            return {self._key(key): self.copy(each, depth + 1) for key, each in value.items()}
        if isinstance(value, (list, tuple)):
            return [self.copy(each, depth + 1) for each in value]
        return self._simple(value)

    def _key(self, key: object) -> str:
        if not isinstance(key, str):
            raise self.refusal("a name within it is not a text")
        return self._text(key)

    def _simple(self, value: FeelValue) -> FeelValue:
        if value is None or isinstance(value, (bool, *_TEMPORAL)):
            return value
        if isinstance(value, str):
            return self._text(value)
        if isinstance(value, (int, Decimal)):
            return self._number(value)
        if isinstance(value, _STANDARD):
            return from_standard(value)
        if isinstance(value, float):
            raise self.refusal("floating point numbers are not exact; give a Decimal")
        raise self.refusal(f"{type(value).__name__} is not a type of FEEL")

    def _text(self, text: str) -> str:
        if len(text) > MAX_TEXT:
            raise self.refusal(f"a text is longer than {MAX_TEXT} characters")
        if any("\ud800" <= letter <= "\udfff" for letter in text):
            raise self.refusal("a text holds half a character")
        return str(text)

    def _number(self, value: int | Decimal) -> Decimal:
        if isinstance(value, int) and value.bit_length() > MAX_DIGITS * 3:
            raise self.refusal("a number has too many digits")
        number = Decimal(value)
        if not number.is_finite():
            raise self.refusal("a number is not finite")
        _, digits, exponent = number.as_tuple()
        if len(digits) > MAX_DIGITS or not isinstance(exponent, int) or abs(exponent) > MAX_DIGITS:
            raise self.refusal("a number has too many digits")
        return number

    def refusal(self, why: str) -> DataRefused:
        return DataRefused(name=self.name, why=why)


def to_json(value: FeelValue) -> Json:
    """The JSON of a value that `kept` gave."""
    if isinstance(value, Decimal):
        return ["n", str(value)]
    if isinstance(value, list):
        return ["l", *map(to_json, value)]
    if isinstance(value, dict):
        return ["m", {key: to_json(each) for key, each in value.items()}]
    return ["t", str(value)] if isinstance(value, _TEMPORAL) else value


def from_json(given: Json) -> FeelValue:
    """The value of the JSON; raises ValueError when it is none."""
    if not isinstance(given, list):
        if given is None or isinstance(given, (str, bool)):
            return given
        raise ValueError("not a tagged value")
    tag, *rest = given
    if tag == "l":
        return [from_json(each) for each in rest]
    if tag == "m":
        return {key: from_json(each) for key, each in rest[0].items()}
    if tag == "n":
        return _decimal(rest[0])
    temporal = parse_temporal(rest[0]) if tag == "t" else None
    if temporal is None:
        raise ValueError("not a tagged value")
    return temporal


def _decimal(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation as error:
        raise ValueError("not a number") from error
