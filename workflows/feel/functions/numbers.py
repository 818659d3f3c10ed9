"""Numeric functions (DMN 1.5, 10.3.4.5)."""

from __future__ import annotations

from decimal import (
    ROUND_CEILING,
    ROUND_DOWN,
    ROUND_FLOOR,
    ROUND_HALF_DOWN,
    ROUND_HALF_EVEN,
    ROUND_HALF_UP,
    ROUND_UP,
    Context,
    Decimal,
)
from typing import Final

from workflows.feel.evaluation import Evaluation
from workflows.feel.functions.registry import builtin
from workflows.feel.nulls import out_of_range
from workflows.feel.temporal import DaysDuration, MonthsDuration
from workflows.feel.values import DECIMAL128, FeelValue

_LOWEST_SCALE: Final = -6111
_HIGHEST_SCALE: Final = 6176
_ROOT_STEPS: Final = 4
_TRANSCENDENTAL_STEPS: Final = 40
"""What a logarithm costs beside a sum."""
_EXACT: Final = Context(prec=80, Emin=-13_000, Emax=13_000, traps=[])


def _rounded(run: Evaluation, name: str, number: Decimal, scale: Decimal, rounding: str) -> FeelValue:
    digits = int(scale)
    if not _LOWEST_SCALE <= digits <= _HIGHEST_SCALE:
        return run.null(out_of_range(name))
    exponent = number.as_tuple().exponent
    assert isinstance(exponent, int)
    if exponent >= -digits:
        return number
    rounded = number.quantize(Decimal((0, (1,), -digits)), rounding, _EXACT)
    return DECIMAL128.plus(rounded) if rounded else rounded.copy_abs()


def _checked(run: Evaluation, name: str, number: Decimal) -> FeelValue:
    return number if number.is_finite() else run.null(out_of_range(name))


@builtin("decimal", "n: number, scale: number")
def _decimal(run: Evaluation, number: Decimal, scale: Decimal) -> FeelValue:
    return _rounded(run, "decimal", number, scale, ROUND_HALF_EVEN)


@builtin("floor", "n: number, scale?: number")
def _floor(run: Evaluation, number: Decimal, scale: Decimal = Decimal(0)) -> FeelValue:
    return _rounded(run, "floor", number, scale, ROUND_FLOOR)


@builtin("ceiling", "n: number, scale?: number")
def _ceiling(run: Evaluation, number: Decimal, scale: Decimal = Decimal(0)) -> FeelValue:
    return _rounded(run, "ceiling", number, scale, ROUND_CEILING)


@builtin("round up", "n: number, scale: number")
def _round_up(run: Evaluation, number: Decimal, scale: Decimal) -> FeelValue:
    return _rounded(run, "round up", number, scale, ROUND_UP)


@builtin("round down", "n: number, scale: number")
def _round_down(run: Evaluation, number: Decimal, scale: Decimal) -> FeelValue:
    return _rounded(run, "round down", number, scale, ROUND_DOWN)


@builtin("round half up", "n: number, scale: number")
def _round_half_up(run: Evaluation, number: Decimal, scale: Decimal) -> FeelValue:
    return _rounded(run, "round half up", number, scale, ROUND_HALF_UP)


@builtin("round half down", "n: number, scale: number")
def _round_half_down(run: Evaluation, number: Decimal, scale: Decimal) -> FeelValue:
    return _rounded(run, "round half down", number, scale, ROUND_HALF_DOWN)


@builtin("abs", "n: number")
def _absolute(_: Evaluation, number: Decimal) -> FeelValue:
    return number.copy_abs()


@builtin("abs", "n: duration")
def _absolute_duration(_: Evaluation, duration: DaysDuration | MonthsDuration) -> FeelValue:
    if isinstance(duration, DaysDuration):
        return DaysDuration(abs(duration.nanoseconds))
    return MonthsDuration(abs(duration.months))


@builtin("modulo", "dividend: number, divisor: number")
def _modulo(run: Evaluation, dividend: Decimal, divisor: Decimal) -> FeelValue:
    """With the sign of the divisor."""
    remainder = DECIMAL128.remainder(dividend, divisor)
    if remainder.is_finite() and remainder and remainder.is_signed() != divisor.is_signed():
        remainder = DECIMAL128.add(remainder, divisor)
    return _checked(run, "modulo", remainder)


@builtin("sqrt", "number: number")
def _sqrt(run: Evaluation, number: Decimal) -> FeelValue:
    run.step(_ROOT_STEPS)
    return _checked(run, "sqrt", DECIMAL128.sqrt(number))


@builtin("log", "number: number")
def _log(run: Evaluation, number: Decimal) -> FeelValue:
    """The natural logarithm."""
    run.step(_TRANSCENDENTAL_STEPS)
    return _checked(run, "log", DECIMAL128.ln(number))


@builtin("exp", "number: number")
def _exp(run: Evaluation, number: Decimal) -> FeelValue:
    run.step(_TRANSCENDENTAL_STEPS)
    return _checked(run, "exp", DECIMAL128.exp(number))


@builtin("even", "number: number")
def _even(run: Evaluation, number: Decimal) -> FeelValue:
    return _is_multiple_of_two(run, "even", number, Decimal(0))


@builtin("odd", "number: number")
def _odd(run: Evaluation, number: Decimal) -> FeelValue:
    return _is_multiple_of_two(run, "odd", number, Decimal(1))


def _is_multiple_of_two(run: Evaluation, name: str, number: Decimal, rest: Decimal) -> FeelValue:
    remainder = _EXACT.remainder(number.copy_abs(), Decimal(2))
    if remainder.is_nan():
        return run.null(out_of_range(name))
    return bool(remainder == rest)
