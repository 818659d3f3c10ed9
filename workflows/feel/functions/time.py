"""Date and time functions (DMN 1.5, 10.3.4.7 and 10.3.4.10).

_now() and _today() tell the time the caller gives to the evaluation; without one they are null.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from workflows.feel.evaluation import Evaluation
from workflows.feel.functions.registry import builtin
from workflows.feel.nulls import no_clock
from workflows.feel.temporal import Date, DateTime, civil_from_days, days_from_civil, from_standard
from workflows.feel.values import FeelValue

_DAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS: Final = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)


def _day(point: Date | DateTime) -> Date:
    return point.date if isinstance(point, DateTime) else point


@builtin("now", "")
def _now(run: Evaluation) -> FeelValue:
    return run.null(no_clock()) if run.now is None else from_standard(run.now)


@builtin("today", "")
def _today(run: Evaluation) -> FeelValue:
    return run.null(no_clock()) if run.now is None else from_standard(run.now.date())


@builtin("day of year", "date: day")
def _day_of_year(_: Evaluation, point: Date | DateTime) -> FeelValue:
    day = _day(point)
    return Decimal(day.days - days_from_civil(day.year, 1, 1) + 1)


@builtin("day of week", "date: day")
def _day_of_week(_: Evaluation, point: Date | DateTime) -> FeelValue:
    return _DAYS[_day(point).weekday - 1]


@builtin("month of year", "date: day")
def _month_of_year(_: Evaluation, point: Date | DateTime) -> FeelValue:
    return _MONTHS[_day(point).month - 1]


@builtin("week of year", "date: day")
def _week_of_year(_: Evaluation, point: Date | DateTime) -> FeelValue:
    """The number of the ISO 8601 week: the week belongs to the year of its Thursday."""
    day = _day(point)
    thursday = civil_from_days(day.days - day.weekday + 4) or day
    return Decimal((thursday.days - days_from_civil(thursday.year, 1, 1)) // 7 + 1)
