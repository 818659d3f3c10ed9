"""Equality, order, membership and arithmetic (DMN 1.5, 10.3.2.13 to 10.3.2.15, tables 42, 50 to 58).

Every function gives null, with a warning, where the types do not go together.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import Final

from workflows.feel.evaluation import Evaluation
from workflows.feel.nulls import out_of_range, wrong_types
from workflows.feel.temporal import (
    DAY,
    SECOND,
    UTC,
    Date,
    DateTime,
    DaysDuration,
    MonthsDuration,
    Time,
    Zone,
    add_months,
    civil_from_days,
    days_duration,
    from_value,
    months_duration,
)
from workflows.feel.values import DECIMAL128, UNBOUNDED, FeelValue, Range, type_name

_WIDE: Final = Context(prec=80, rounding=ROUND_HALF_EVEN, traps=[])
_POWER_STEPS: Final = 60
"""What a large or broken power costs beside a sum; powers up to _SMALL_POWER are a few products."""
_SMALL_POWER: Final = 16
_SHIFT_STEPS: Final = 6
_Operation = Callable[[Evaluation, FeelValue, FeelValue], FeelValue]


def equal(run: Evaluation, left: FeelValue, right: FeelValue) -> FeelValue:
    """Null when the types differ; null equals null only."""
    if left is None or right is None:
        return left is right
    kind = type(left)
    if kind is not type(right):
        return run.null(wrong_types("=", type_name(left), type_name(right)))
    if kind is list:
        return _equal_lists(run, left, right)
    if kind is dict:
        run.step(len(left))
        return left.keys() == right.keys() and all(same(run, left[key], right[key]) for key in left)
    if kind is Time or kind is DateTime:
        return (left.zone is None) == (right.zone is None) and bool(left.value == right.value)
    if kind is Range:
        return _equal_ranges(run, left, right)
    if kind is str:
        run.step(len(left) // 256)
    return bool(left == right)


def same(run: Evaluation, left: FeelValue, right: FeelValue) -> bool:
    """Whether the two are of one type and equal; no warning when they are not."""
    run.step()
    if left is None or right is None:
        return left is right
    return type(left) is type(right) and equal(run, left, right) is True


def _equal_lists(run: Evaluation, left: list[FeelValue], right: list[FeelValue]) -> bool:
    run.step(len(left))
    return len(left) == len(right) and all(same(run, a, b) for a, b in zip(left, right, strict=True))


def _equal_ranges(run: Evaluation, left: Range, right: Range) -> bool:
    flags = (left.start_included, left.end_included, left.negated)
    if flags != (right.start_included, right.end_included, right.negated):
        return False
    return all(
        a is b if a is UNBOUNDED or b is UNBOUNDED else same(run, a, b)
        for a, b in ((left.start, right.start), (left.end, right.end))
    )


def identical(run: Evaluation, left: FeelValue, right: FeelValue) -> bool:
    """The built-in is(): the same type and the same components, time zones included."""
    run.step()
    kind = type(left)
    if kind is not type(right):
        return False
    if kind is Time or kind is DateTime:
        return str(left) == str(right)
    if kind is list:
        pairs = zip(left, right, strict=False)
        return len(left) == len(right) and all(identical(run, a, b) for a, b in pairs)
    if kind is dict:
        return left.keys() == right.keys() and all(identical(run, left[key], right[key]) for key in left)
    if kind is Range:
        ends = ((left.start, right.start), (left.end, right.end))
        flags = (left.start_included, left.end_included, left.negated)
        return flags == (right.start_included, right.end_included, right.negated) and all(
            identical(run, a, b) for a, b in ends
        )
    if kind is str:
        run.step(len(left) // 256)
    return bool(left == right)


def compare(left: FeelValue, right: FeelValue) -> int | None:
    """-1, 0 or 1; None when the two have no order."""
    kind = type(left)
    if kind is not type(right):
        return None
    if kind is Decimal or kind is str:
        low, high = left, right
    elif kind is DaysDuration:
        low, high = left.nanoseconds, right.nanoseconds
    elif kind is MonthsDuration:
        low, high = left.months, right.months
    elif kind is Date:
        low, high = left.days, right.days
    elif kind is Time or kind is DateTime:
        if (left.zone is None) != (right.zone is None):
            return None
        low, high = left.value, right.value
    else:
        return None
    return int(low > high) - int(low < high)


def _ordering(symbol: str, holds: frozenset[int]) -> _Operation:
    def test(run: Evaluation, left: FeelValue, right: FeelValue) -> FeelValue:
        order = compare(left, right)
        if order is None:
            return run.null(wrong_types(symbol, type_name(left), type_name(right)))
        return order in holds

    return test


def contains(run: Evaluation, interval: Range, value: FeelValue) -> FeelValue:
    """Whether the range has the value; null where they cannot be compared."""
    if interval.start is interval.end and interval.start_included and interval.end_included:
        outcome = equal(run, value, interval.start)
        return outcome if outcome is None or not interval.negated else not outcome
    lower = upper = True
    if interval.start is not UNBOUNDED:
        order = compare(value, interval.start)
        if order is None:
            return run.null(wrong_types("in", type_name(value), type_name(interval.start)))
        lower = order > 0 or (order == 0 and interval.start_included)
    if interval.end is not UNBOUNDED:
        order = compare(value, interval.end)
        if order is None:
            return run.null(wrong_types("in", type_name(value), type_name(interval.end)))
        upper = order < 0 or (order == 0 and interval.end_included)
    return lower and upper


def is_in(run: Evaluation, value: FeelValue, test: FeelValue) -> FeelValue:
    """`value in test`: in the range, in the list or in a range of the list, or equal."""
    if type(test) is Range:
        return contains(run, test, value)
    if type(test) is list:
        if type(value) is list and same(run, value, test):
            return True
        run.step(len(test))
        return any(_element_has(run, value, element) for element in test)
    return equal(run, value, test)


def _element_has(run: Evaluation, value: FeelValue, element: FeelValue) -> bool:
    if type(element) is Range and type(value) is not Range:
        return contains(run, element, value) is True
    return same(run, value, element)


# Arithmetic


def _number(run: Evaluation, symbol: str, value: Decimal) -> FeelValue:
    return value if value.is_finite() else run.null(out_of_range(symbol))


def _checked(run: Evaluation, symbol: str, value: FeelValue) -> FeelValue:
    return run.null(out_of_range(symbol)) if value is None else value


def add(run: Evaluation, left: FeelValue, right: FeelValue) -> FeelValue:
    """Sum of numbers or durations, a later date or time, or two strings joined."""
    a, b = type(left), type(right)
    if a is Decimal and b is Decimal:
        return _number(run, "+", DECIMAL128.add(left, right))
    if a is str and b is str:
        if len(left) + len(right) > run.limits.text:
            run.text(" " * (run.limits.text + 1))
        return run.text(left + right)
    if a in _DURATIONS and b in _POINTS:
        left, right = right, left
        a, b = b, a
    if a in _POINTS and b in _DURATIONS:
        run.step(_SHIFT_STEPS)
        return _checked(run, "+", _shift(left, right, 1))
    if a is b is DaysDuration:
        return _checked(run, "+", days_duration(left.nanoseconds + right.nanoseconds))
    if a is b is MonthsDuration:
        return _checked(run, "+", months_duration(left.months + right.months))
    return run.null(wrong_types("+", type_name(left), type_name(right)))


def subtract(run: Evaluation, left: FeelValue, right: FeelValue) -> FeelValue:
    """Difference of numbers or durations, an earlier date or time, or the time between two."""
    a, b = type(left), type(right)
    if a is Decimal and b is Decimal:
        return _number(run, "-", DECIMAL128.subtract(left, right))
    if a in _POINTS and b in _DURATIONS:
        run.step(_SHIFT_STEPS)
        return _checked(run, "-", _shift(left, right, -1))
    if a is b is DaysDuration:
        return _checked(run, "-", days_duration(left.nanoseconds - right.nanoseconds))
    if a is b is MonthsDuration:
        return _checked(run, "-", months_duration(left.months - right.months))
    difference = _difference(left, right)
    if difference is None:
        return run.null(wrong_types("-", type_name(left), type_name(right)))
    return difference


def multiply(run: Evaluation, left: FeelValue, right: FeelValue) -> FeelValue:
    """Product of numbers, or of a number and a duration."""
    a, b = type(left), type(right)
    if a is Decimal and b is Decimal:
        return _number(run, "*", DECIMAL128.multiply(left, right))
    if a is Decimal and b in _DURATIONS:
        return _checked(run, "*", _scale(right, _WIDE.multiply(_amount(right), left)))
    if a in _DURATIONS and b is Decimal:
        return _checked(run, "*", _scale(left, _WIDE.multiply(_amount(left), right)))
    return run.null(wrong_types("*", type_name(left), type_name(right)))


def divide(run: Evaluation, left: FeelValue, right: FeelValue) -> FeelValue:
    """Quotient of numbers or of durations of one kind, or a part of a duration."""
    a, b = type(left), type(right)
    if a is Decimal and b is Decimal:
        return _number(run, "/", DECIMAL128.divide(left, right))
    if a in _DURATIONS and b is Decimal:
        return _checked(run, "/", _scale(left, _WIDE.divide(_amount(left), right)))
    if a in _DURATIONS and a is b:
        return _number(run, "/", DECIMAL128.divide(_amount(left), _amount(right)))
    return run.null(wrong_types("/", type_name(left), type_name(right)))


def power(run: Evaluation, left: FeelValue, right: FeelValue) -> FeelValue:
    """A number to the power of another."""
    if type(left) is not Decimal or type(right) is not Decimal:
        return run.null(wrong_types("**", type_name(left), type_name(right)))
    if right == 0:
        return Decimal(1)
    run.step(_POWER_STEPS if right.copy_abs() > _SMALL_POWER or right != int(right) else 1)
    return _number(run, "**", DECIMAL128.power(left, right))


def negate(run: Evaluation, value: FeelValue) -> FeelValue:
    """A number or duration with the other sign."""
    if type(value) is Decimal:
        return DECIMAL128.minus(value)
    if type(value) is DaysDuration:
        return DaysDuration(-value.nanoseconds)
    if type(value) is MonthsDuration:
        return MonthsDuration(-value.months)
    return run.null(wrong_types("-", type_name(value), type_name(value)))


_DURATIONS: Final = frozenset({DaysDuration, MonthsDuration})
_POINTS: Final = frozenset({Date, DateTime, Time})


def _amount(duration: FeelValue) -> Decimal:
    return Decimal(duration.nanoseconds if type(duration) is DaysDuration else duration.months)


def _scale(duration: FeelValue, amount: Decimal) -> FeelValue:
    if not amount.is_finite() or amount.adjusted() > 40:
        return None
    if type(duration) is DaysDuration:
        return days_duration(int(amount.to_integral_value(ROUND_HALF_EVEN)))
    return months_duration(int(amount))


def _shift(point: FeelValue, duration: FeelValue, sign: int) -> FeelValue:
    """The date or time so much later; None when there is none."""
    if type(duration) is MonthsDuration:
        if type(point) is Time:
            return None
        if type(point) is Date:
            return add_months(point, sign * duration.months)
        day = add_months(point.date, sign * duration.months)
        return None if day is None else DateTime(day, point.nanoseconds, point.zone)
    nanoseconds = sign * duration.nanoseconds
    if type(point) is Date:
        return civil_from_days(point.days + nanoseconds // DAY)
    if type(point) is Time:
        return Time((point.nanoseconds + nanoseconds) % DAY, point.zone)
    return from_value(point.value + nanoseconds, point.zone)


def _difference(left: FeelValue, right: FeelValue) -> DaysDuration | None:
    """From right to left; a date is midnight UTC beside a date and time."""
    if type(left) is Time and type(right) is Time:
        if (left.zone is None) != (right.zone is None):
            return None
        return DaysDuration(left.value - right.value)
    if type(left) is Date and type(right) is Date:
        return days_duration((left.days - right.days) * DAY)
    start, end = _moment(right), _moment(left)
    if start is None or end is None or (start[1] is None) != (end[1] is None):
        return None
    return days_duration(end[0] - start[0])


def _moment(point: FeelValue) -> tuple[int, Zone | None] | None:
    if type(point) is Date:
        return point.days * DAY, UTC
    return (point.value, point.zone) if type(point) is DateTime else None


def _unequal(run: Evaluation, left: FeelValue, right: FeelValue) -> FeelValue:
    outcome = equal(run, left, right)
    return None if outcome is None else not outcome


OPERATIONS: Final[dict[str, _Operation]] = {
    "=": equal,
    "!=": _unequal,
    "<": _ordering("<", frozenset({-1})),
    "<=": _ordering("<=", frozenset({-1, 0})),
    ">": _ordering(">", frozenset({1})),
    ">=": _ordering(">=", frozenset({0, 1})),
    "+": add,
    "-": subtract,
    "*": multiply,
    "/": divide,
    "**": power,
}

# Properties


def _whole_seconds(point: FeelValue) -> int:
    return int(point.nanoseconds // SECOND)


def _offset(point: FeelValue) -> FeelValue:
    if point.zone is None:
        return None
    days = point.date.days if type(point) is DateTime else 0
    return DaysDuration(point.zone.offset_at(days, point.nanoseconds) * SECOND)


def _parts(duration: DaysDuration, unit: int, modulus: int) -> Decimal:
    amount = abs(duration.nanoseconds) // SECOND // unit
    amount = amount % modulus if modulus else amount
    return Decimal(-amount if duration.nanoseconds < 0 else amount)


def _months_part(duration: MonthsDuration, *, years: bool) -> Decimal:
    parts = divmod(abs(duration.months), 12)
    amount = parts[0] if years else parts[1]
    return Decimal(-amount if duration.months < 0 else amount)


def _bound(value: FeelValue) -> FeelValue:
    return None if value is UNBOUNDED else value


_CLOCK: Final[dict[str, Callable[[FeelValue], FeelValue]]] = {
    "hour": lambda point: Decimal(_whole_seconds(point) // 3600),
    "minute": lambda point: Decimal(_whole_seconds(point) // 60 % 60),
    "second": lambda point: Decimal(_whole_seconds(point) % 60),
    "time offset": _offset,
    "timezone": lambda point: point.zone.region or None if point.zone else None,
}

PROPERTIES: Final[dict[type, dict[str, Callable[[FeelValue], FeelValue]]]] = {
    Date: {
        "year": lambda point: Decimal(point.year),
        "month": lambda point: Decimal(point.month),
        "day": lambda point: Decimal(point.day),
        "weekday": lambda point: Decimal(point.weekday),
    },
    Time: _CLOCK,
    DateTime: {
        "year": lambda point: Decimal(point.date.year),
        "month": lambda point: Decimal(point.date.month),
        "day": lambda point: Decimal(point.date.day),
        "weekday": lambda point: Decimal(point.date.weekday),
        **_CLOCK,
    },
    DaysDuration: {
        "days": lambda value: _parts(value, 86_400, 0),
        "hours": lambda value: _parts(value, 3600, 24),
        "minutes": lambda value: _parts(value, 60, 60),
        "seconds": lambda value: _parts(value, 1, 60),
    },
    MonthsDuration: {
        "years": lambda value: _months_part(value, years=True),
        "months": lambda value: _months_part(value, years=False),
    },
    Range: {
        "start": lambda value: _bound(value.start),
        "end": lambda value: _bound(value.end),
        "start included": lambda value: value.start_included,
        "end included": lambda value: value.end_included,
    },
}
