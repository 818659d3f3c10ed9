"""Quantities of a service: FEEL expressions over the numbers a project chooses.

FEEL computes in decimals (DMN 1.5 clause 10); a quantity is rounded to six places, half away from zero, and
is an exact fraction from there on.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from fractions import Fraction
from typing import Final

from workflows import feel
from workflows.definitions.model import Parameter
from workflows.errors import RunError
from workflows.problems import Problem

_SIX_PLACES: Final = Decimal("0.000001")
_DIGITS: Final = 28


def read_parameters(
    declared: Iterable[Parameter], given: Mapping[str, Decimal | int]
) -> tuple[dict[str, Decimal], list[Problem]]:
    """The value of every declared parameter (given, else its default), and all that is wrong with them.

    Where a value cannot be used, the nearest one that can stands in for it, so that formulas do not repeat what
    is said already.
    """
    values: dict[str, Decimal] = {}
    problems: list[Problem] = []
    known = {p.id: p for p in declared}
    problems += [_unknown(name) for name in given if name not in known]
    for name, parameter in known.items():
        value = given.get(name, parameter.default)
        if value is None:
            problems.append(_missing(parameter))
            values[name] = _nearest(Decimal(1), parameter)
            continue
        values[name] = Decimal(value)
        if not is_usable(values[name]):
            problems.append(_unusable(parameter, values[name]))
            values[name] = _nearest(Decimal(1), parameter)
        elif _outside(values[name], parameter):
            problems.append(_out_of_bounds(parameter, values[name]))
            values[name] = _nearest(values[name], parameter)
    return values, problems


def quantity(text: str, values: Mapping[str, Decimal], place: str) -> Fraction | Problem:
    """Evaluate a FEEL quantity to an exact number of at most six places, or say what is wrong with it."""
    try:
        result: object = Decimal(text)  # most quantities are plain numbers
    except InvalidOperation:
        try:
            result = feel.evaluate(text, values)
        except RunError as error:
            return _not_evaluated(place, text, str(error))
    if isinstance(result, bool) or not isinstance(result, int | Decimal):
        return _not_a_number(place, text)
    number = Decimal(result)
    if not number.is_finite() or number < 0 or number > 10**12:
        return _impossible(place, text, str(number))
    return Fraction(number.quantize(_SIX_PLACES, rounding=ROUND_HALF_UP))


def is_usable(value: Decimal) -> bool:
    """Whether formulas hold the number exactly, and so does a quote: at most 28 digits, the precision of Decimal."""
    if not value.is_finite():
        return False
    _, digits, exponent = value.as_tuple()
    return len(digits) <= _DIGITS and isinstance(exponent, int) and -_DIGITS <= exponent <= _DIGITS


def _nearest(value: Decimal, parameter: Parameter) -> Decimal:
    if parameter.minimum is not None and value < parameter.minimum:
        return parameter.minimum
    return parameter.maximum if parameter.maximum is not None and value > parameter.maximum else value


def _outside(value: Decimal, parameter: Parameter) -> bool:
    too_small = parameter.minimum is not None and value < parameter.minimum
    return too_small or (parameter.maximum is not None and value > parameter.maximum)


def _unknown(name: str) -> Problem:
    return Problem(
        "unknown-parameter",
        "The service has no parameter %(parameter)s. Remove it or correct its name.",
        place=name,
        params={"parameter": name},
    )


def _missing(parameter: Parameter) -> Problem:
    return Problem(
        "missing-parameter",
        "The service needs a value for %(parameter)s. State it.",
        place=parameter.id,
        params={"parameter": parameter.id},
    )


def _unusable(parameter: Parameter, value: Decimal) -> Problem:
    return Problem(
        "parameter-unusable",
        "%(parameter)s is %(value)s. State a number of at most %(digits)s digits.",
        place=parameter.id,
        params={"parameter": parameter.id, "value": str(value)[:60], "digits": _DIGITS},
    )


def _out_of_bounds(parameter: Parameter, value: Decimal) -> Problem:
    low = "-∞" if parameter.minimum is None else str(parameter.minimum)
    high = "∞" if parameter.maximum is None else str(parameter.maximum)
    return Problem(
        "parameter-out-of-bounds",
        "%(parameter)s is %(value)s, but must lie between %(minimum)s and %(maximum)s.",
        place=parameter.id,
        params={"parameter": parameter.id, "value": str(value), "minimum": low, "maximum": high},
    )


def _not_evaluated(place: str, text: str, reason: str) -> Problem:
    return Problem(
        "quantity-unusable",
        "The quantity %(text)s cannot be calculated: %(reason)s",
        place=place,
        params={"text": text, "reason": reason},
    )


def _not_a_number(place: str, text: str) -> Problem:
    return Problem(
        "quantity-not-a-number",
        "The quantity %(text)s does not give a number. Check the names of the parameters in it.",
        place=place,
        params={"text": text},
    )


def _impossible(place: str, text: str, value: str) -> Problem:
    return Problem(
        "quantity-impossible",
        "The quantity %(text)s gives %(value)s. A quantity must be zero or more, and not absurdly large.",
        place=place,
        params={"text": text, "value": value},
    )
