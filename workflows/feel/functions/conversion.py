"""Conversion functions (DMN 1.5, 10.3.4.1)."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Final

from workflows.feel.evaluation import Evaluation
from workflows.feel.functions.registry import builtin
from workflows.feel.nulls import out_of_range, unusable, wrong_arguments
from workflows.feel.operators import compare
from workflows.feel.range_text import parse_range
from workflows.feel.temporal import (
    SECOND,
    Date,
    DateTime,
    DaysDuration,
    MonthsDuration,
    Time,
    Zone,
    from_value,
    make_date,
    make_offset,
    parse_date,
    parse_date_time,
    parse_duration,
    parse_time,
)
from workflows.feel.values import DECIMAL128, UNBOUNDED, FeelValue, Range, plain_number

_NUMBER: Final = re.compile(r"-?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,5})?")
_SIMPLE_KEY: Final = re.compile(r"[^\W\d]\w*")


@builtin("number", "from: string")
def _number_of_text(run: Evaluation, text: str) -> FeelValue:
    if not _NUMBER.fullmatch(text):
        return run.null(unusable("number", text))
    number = DECIMAL128.create_decimal(text)
    return number if number.is_finite() else run.null(unusable("number", text))


@builtin("number", "from: string, grouping separator: string?, decimal separator: string?")
def _number(run: Evaluation, text: str, grouping: str | None, point: str | None) -> FeelValue:
    """Grouping by blank, comma, point or null; the decimal separator is another one: point, comma or null."""
    if (
        grouping not in (None, " ", ",", ".")
        or point not in (None, ",", ".")
        or (grouping and grouping == point)
    ):
        return run.null(wrong_arguments("number"))
    if grouping:
        text = text.replace(grouping, "")
    if point == ",":
        if "." in text:
            return run.null(unusable("number", text))
        text = text.replace(",", ".")
    return _number_of_text(run, text)


@builtin("number", "from: number")
def _number_of_number(_: Evaluation, value: Decimal) -> FeelValue:
    return value


@builtin("string", "from: any?")
def _string(run: Evaluation, value: FeelValue) -> FeelValue:
    if value is None or type(value) is str:
        return value
    return run.text("".join(_written(run, value, 0)))


def _written(run: Evaluation, value: FeelValue, depth: int) -> list[str]:
    """The pieces of the value as FEEL text."""
    run.step()
    run.enter(1)
    kind = type(value)
    if kind is list:
        pieces = _written_list(run, value, depth)
    elif kind is dict:
        pieces = _written_context(run, value, depth)
    elif kind is Range:
        pieces = _written_range(run, value, depth)
    else:
        pieces = [_scalar(run, value, quoted=depth > 0)]
    run.leave(1)
    return pieces


def _scalar(run: Evaluation, value: FeelValue, *, quoted: bool) -> str:
    if value is None:
        return "null"
    if type(value) is bool:
        return "true" if value else "false"
    if type(value) is Decimal:
        return plain_number(value)
    if type(value) is str:
        run.step(len(value) // 64)
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    if isinstance(value, Date | Time | DateTime | DaysDuration | MonthsDuration):
        return str(value)
    return "function"


def _written_list(run: Evaluation, items: list[FeelValue], depth: int) -> list[str]:
    pieces = ["["]
    for number, item in enumerate(items):
        if number:
            pieces.append(", ")
        pieces.extend(_written(run, item, depth + 1))
    return [*pieces, "]"]


def _written_context(run: Evaluation, context: dict[str, FeelValue], depth: int) -> list[str]:
    pieces = ["{"]
    for number, (key, value) in enumerate(context.items()):
        if number:
            pieces.append(", ")
        pieces.append(key if _SIMPLE_KEY.fullmatch(key) else _scalar(run, key, quoted=True))
        pieces.append(": ")
        pieces.extend(_written(run, value, depth + 1))
    return [*pieces, "}"]


def _written_range(run: Evaluation, value: Range, depth: int) -> list[str]:
    if value.start is value.end and value.start_included and value.end_included:
        return ["(!= " if value.negated else "(= ", *_written(run, value.start, depth + 1), ")"]
    if value.start is UNBOUNDED:
        return ["(<= " if value.end_included else "(< ", *_written(run, value.end, depth + 1), ")"]
    if value.end is UNBOUNDED:
        return ["(>= " if value.start_included else "(> ", *_written(run, value.start, depth + 1), ")"]
    return [
        "[" if value.start_included else "(",
        *_written(run, value.start, depth + 1),
        "..",
        *_written(run, value.end, depth + 1),
        "]" if value.end_included else ")",
    ]


@builtin("date", "from: string")
def _date_of_text(run: Evaluation, text: str) -> FeelValue:
    return parse_date(text) or run.null(unusable("date", text))


@builtin("date", "from: date")
def _date_of_date(_: Evaluation, value: Date) -> FeelValue:
    return value


@builtin("date", "from: date and time")
def _date_of_date_time(_: Evaluation, value: DateTime) -> FeelValue:
    return value.date


@builtin("date", "year: number, month: number, day: number")
def _date(run: Evaluation, year: Decimal, month: Decimal, day: Decimal) -> FeelValue:
    if any(abs(part) > 10**9 for part in (year, month, day)):
        return run.null(out_of_range("date"))
    return make_date(int(year), int(month), int(day)) or run.null(out_of_range("date"))


@builtin("date and time", "from: string")
def _date_time_of_text(run: Evaluation, text: str) -> FeelValue:
    return parse_date_time(text) or run.null(unusable("date and time", text))


@builtin("date and time", "from: date and time")
def _date_time_of_date_time(_: Evaluation, value: DateTime) -> FeelValue:
    return value


@builtin("date and time", "from: date")
def _date_time_of_date(_: Evaluation, value: Date) -> FeelValue:
    return DateTime(value, 0)


@builtin("date and time", "date: day, time: time")
def _date_and_time(_: Evaluation, day: Date | DateTime, time_of_day: Time) -> FeelValue:
    return DateTime(day.date if isinstance(day, DateTime) else day, time_of_day.nanoseconds, time_of_day.zone)


@builtin("date and time", "date: date and time, timezone: string")
def _in_zone(run: Evaluation, value: DateTime, zone: str) -> FeelValue:
    """The same instant on the clock of another time zone."""
    return run.null(unusable("time zone", zone)) if _zone(zone) is None else _moved(run, value, _zone(zone))


def _zone(text: str) -> Zone | None:
    parsed = parse_time("00:00:00@" + text)
    return parsed.zone if parsed else None


def _moved(run: Evaluation, value: DateTime, zone: Zone | None) -> FeelValue:
    if value.zone is None:
        return DateTime(value.date, value.nanoseconds, zone)
    return from_value(value.value, zone) or run.null(out_of_range("date and time"))


@builtin("time", "from: string")
def _time_of_text(run: Evaluation, text: str) -> FeelValue:
    return parse_time(text) or run.null(unusable("time", text))


@builtin("time", "from: time")
def _time_of_time(_: Evaluation, value: Time) -> FeelValue:
    return value


@builtin("time", "from: date and time")
def _time_of_date_time(_: Evaluation, value: DateTime) -> FeelValue:
    return Time(value.nanoseconds, value.zone)


@builtin("time", "from: date")
def _time_of_date(_: Evaluation, _value: Date) -> FeelValue:
    return Time(0, Zone(0))


@builtin("time", "hour: number, minute: number, second: number, offset?: days duration?")
def _time(
    run: Evaluation, hour: Decimal, minute: Decimal, second: Decimal, offset: DaysDuration | None = None
) -> FeelValue:
    whole = (
        hour == int(hour) and minute == int(minute)
        if hour.adjusted() < 9 and minute.adjusted() < 9
        else False
    )
    if not whole or not (0 <= hour < 24 and 0 <= minute < 60 and 0 <= second < 60):
        return run.null(out_of_range("time"))
    zone = make_offset(offset.nanoseconds // SECOND) if offset else None
    if offset and zone is None:
        return run.null(out_of_range("time"))
    return Time((int(hour) * 60 + int(minute)) * 60 * SECOND + int(second * SECOND), zone)


@builtin("duration", "from: string")
def _duration_of_text(run: Evaluation, text: str) -> FeelValue:
    return parse_duration(text) or run.null(unusable("duration", text))


@builtin("duration", "from: duration")
def _duration_of_duration(_: Evaluation, value: DaysDuration | MonthsDuration) -> FeelValue:
    return value


@builtin("years and months duration", "from: day, to: day")
def _years_and_months_duration(_: Evaluation, start: Date | DateTime, end: Date | DateTime) -> FeelValue:
    """Whole months from one day to the other; the time of day does not count."""
    first, last = _day(start), _day(end)
    months = (last.year - first.year) * 12 + last.month - first.month
    if months > 0 and last.day < first.day:
        months -= 1
    elif months < 0 and last.day > first.day:
        months += 1
    return MonthsDuration(months)


def _day(point: Date | DateTime) -> Date:
    return point.date if isinstance(point, DateTime) else point


@builtin("range", "from: string")
def _range_of_text(run: Evaluation, text: str) -> FeelValue:
    """The range a text like "[1..3]" says; its ends are literals of one type, in order."""
    interval = parse_range(text)
    if interval is None or (compare(interval.start, interval.end) or 0) > 0:
        return run.null(unusable("range", text))
    return interval
