"""Values of FEEL and what they are called (DMN 1.5, 10.3.2).

Numbers are Decimal with 34 significant digits (IEEE 754-2008 decimal128); never float.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Context, Decimal
from typing import Any, Final

from workflows.feel.syntax import FeelType
from workflows.feel.temporal import Date, DateTime, DaysDuration, MonthsDuration, Time

DECIMAL128: Final = Context(prec=34, Emin=-6143, Emax=6144, traps=[])
"""Rounds half to even; an overflow gives an infinity, which becomes null."""

FeelValue = Any
"""Decimal, str, bool, None, list, dict, a date or time or duration, Range or FunctionValue."""


class Unbounded:
    """The missing end of a range such as (< 10)."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "UNBOUNDED"


UNBOUNDED: Final = Unbounded()


@dataclass(frozen=True, slots=True)
class Range:
    start: FeelValue
    end: FeelValue
    start_included: bool
    end_included: bool
    negated: bool = False
    """Every value outside: (!= 10)."""


@dataclass(frozen=True, slots=True, eq=False)
class FunctionValue:
    """A function: `call` takes the evaluation and the positional arguments.

    overloads: the possible lists of parameter names, for calls with named arguments; parameters behind
    `required` may be left out.
    """

    name: str
    overloads: tuple[tuple[str, ...], ...]
    required: int
    call: Callable[..., FeelValue]
    variadic: bool = False
    types: tuple[FeelType | None, ...] = ()


_TYPE_NAMES: Final[dict[type, str]] = {
    Decimal: "number",
    str: "string",
    bool: "boolean",
    type(None): "Null",
    list: "list",
    dict: "context",
    Date: "date",
    Time: "time",
    DateTime: "date and time",
    DaysDuration: "days and time duration",
    MonthsDuration: "years and months duration",
    Range: "range",
    FunctionValue: "function",
}
SIMPLE_TYPES: Final = frozenset(_TYPE_NAMES.values()) | {"Any"}


def type_name(value: FeelValue) -> str:
    """The FEEL name of the value's type."""
    return _TYPE_NAMES.get(type(value), "Any")


def plain_number(number: Decimal) -> str:
    """The number without exponent and without zeros at its end."""
    if number == 0:
        return "0"
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
