"""Dates, times and durations of FEEL (DMN 1.5, 10.3.2.2.8 to 10.3.2.2.11; ISO 8601, XML Schema part 2).

The standard library's types end at the year 9999 and know microseconds only; FEEL has years to 999,999,999,
nanoseconds and named time zones. `str` and `isoformat` give ISO 8601; a named zone follows as @Europe/Paris.
`as_date`, `as_time`, `as_datetime`, `as_timedelta` lead back to the standard library.
"""

from __future__ import annotations

import datetime as standard
import re
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

YEAR_LIMIT: Final = 999_999_999
SECOND: Final = 1_000_000_000
"""Nanoseconds."""
DAY: Final = 86_400 * SECOND
MONTHS_LIMIT: Final = YEAR_LIMIT * 12 * 2
NANOSECONDS_LIMIT: Final = YEAR_LIMIT * 2 * 366 * DAY

_ZONE: Final = re.compile(r"[A-Za-z][A-Za-z0-9_+-]*(?:/[A-Za-z0-9_+-]+){0,2}")
_NO_ZONES: Final = frozenset({"localtime", "posixrules", "leapseconds", "Factory"})
_DATE: Final = r"(-?(?:[1-9][0-9]{4,8}|[0-9]{4}))-([0-9]{2})-([0-9]{2})"
_TIME: Final = (
    r"([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.([0-9]+))?([Zz]|[+-][0-9]{2}:[0-9]{2}(?::[0-9]{2})?|@[\w/+-]+)?"
)
_DATE_PATTERN: Final = re.compile(_DATE, re.ASCII)
_TIME_PATTERN: Final = re.compile(_TIME, re.ASCII)
_DATE_TIME_PATTERN: Final = re.compile(f"{_DATE}T{_TIME}", re.ASCII)
_DURATION_PATTERN: Final = re.compile(
    r"(-?)P(?:([0-9]+)D)?(?:T(?:([0-9]+)H)?(?:([0-9]+)M)?(?:([0-9]+)(?:\.([0-9]*))?S)?)?", re.ASCII
)
_MONTHS_PATTERN: Final = re.compile(r"(-?)P(?:([0-9]+)Y)?(?:([0-9]+)M)?", re.ASCII)
_LONGEST: Final = 64
"""Characters of a date, time or duration; no digits without end reach `int`."""


@dataclass(frozen=True, slots=True)
class Zone:
    """A fixed offset in seconds, or the name of a region; then `seconds` is None."""

    seconds: int | None
    region: str = ""

    def __str__(self) -> str:
        if self.seconds is None:
            return "@" + self.region
        if self.seconds == 0:
            return "Z"
        hours, rest = divmod(abs(self.seconds), 3600)
        minutes, seconds = divmod(rest, 60)
        sign = "-" if self.seconds < 0 else "+"
        return f"{sign}{hours:02}:{minutes:02}" + (f":{seconds:02}" if seconds else "")

    def offset_at(self, days: int, nanoseconds: int) -> int:
        """Offset in seconds at a local date and time (the earlier one where a clock was put back)."""
        if self.seconds is not None:
            return self.seconds
        return _offset(self.region, _in_supported_years(days), nanoseconds // SECOND, local=True)

    def offset_at_instant(self, days: int, nanoseconds: int) -> int:
        """Offset in seconds at a date and time in UTC."""
        if self.seconds is not None:
            return self.seconds
        return _offset(self.region, _in_supported_years(days), nanoseconds // SECOND, local=False)


UTC: Final = Zone(0)


@dataclass(frozen=True, slots=True)
class Date:
    """A day of the proleptic Gregorian calendar."""

    year: int
    month: int
    day: int

    def __str__(self) -> str:
        sign = "-" if self.year < 0 else ""
        return f"{sign}{abs(self.year):04}-{self.month:02}-{self.day:02}"

    isoformat = __str__

    @property
    def days(self) -> int:
        """Days since 1970-01-01."""
        return days_from_civil(self.year, self.month, self.day)

    @property
    def weekday(self) -> int:
        """1 is Monday, 7 is Sunday."""
        return (self.days + 3) % 7 + 1

    def as_date(self) -> standard.date:
        """Raises ValueError outside the years 1 to 9999."""
        return standard.date(self.year, self.month, self.day)


@dataclass(frozen=True, slots=True)
class Time:
    """A time of day in nanoseconds since midnight."""

    nanoseconds: int
    zone: Zone | None = None

    def __str__(self) -> str:
        return _clock(self.nanoseconds) + (str(self.zone) if self.zone else "")

    isoformat = __str__

    @property
    def value(self) -> int:
        """Nanoseconds since midnight in UTC when there is a zone; may be before or after that day."""
        if self.zone is None:
            return self.nanoseconds
        return self.nanoseconds - self.zone.offset_at(0, self.nanoseconds) * SECOND

    def as_time(self) -> standard.time:
        """To the microsecond, without the zone."""
        return _standard_time(self.nanoseconds)


@dataclass(frozen=True, slots=True)
class DateTime:
    """A date and a time of day in nanoseconds since midnight."""

    date: Date
    nanoseconds: int
    zone: Zone | None = None

    def __str__(self) -> str:
        return f"{self.date}T{_clock(self.nanoseconds)}" + (str(self.zone) if self.zone else "")

    isoformat = __str__

    @property
    def value(self) -> int:
        """Nanoseconds since 1970-01-01T00:00:00, in UTC when there is a zone."""
        days = self.date.days
        value = days * DAY + self.nanoseconds
        if self.zone is None:
            return value
        return value - self.zone.offset_at(days, self.nanoseconds) * SECOND

    @property
    def offset(self) -> int | None:
        """Offset from UTC in seconds."""
        return None if self.zone is None else self.zone.offset_at(self.date.days, self.nanoseconds)

    def as_datetime(self) -> standard.datetime:
        """To the microsecond, with the zone as `datetime.timezone` or `ZoneInfo`; without a zone naive.

        Raises ValueError outside the years 1 to 9999.
        """
        zone: standard.tzinfo | None = None
        if self.zone is not None:
            seconds = self.zone.seconds
            if seconds is None:
                zone = ZoneInfo(self.zone.region)
            else:
                zone = standard.timezone(standard.timedelta(seconds=seconds)) if seconds else standard.UTC
        return standard.datetime.combine(self.date.as_date(), _standard_time(self.nanoseconds), zone)


@dataclass(frozen=True, slots=True)
class DaysDuration:
    """A days and time duration in nanoseconds."""

    nanoseconds: int

    def __str__(self) -> str:
        rest = abs(self.nanoseconds)
        days, rest = divmod(rest, DAY)
        hours, rest = divmod(rest, 3600 * SECOND)
        minutes, rest = divmod(rest, 60 * SECOND)
        seconds, fraction = divmod(rest, SECOND)
        text = f"{days}D" if days else ""
        clock = f"{hours}H" if hours else ""
        clock += f"{minutes}M" if minutes else ""
        if seconds or fraction:
            clock += f"{seconds}{_fraction(fraction)}S"
        if clock:
            text += "T" + clock
        return ("-P" if self.nanoseconds < 0 else "P") + (text or "T0S")

    isoformat = __str__

    @property
    def seconds(self) -> Decimal:
        return Decimal(self.nanoseconds).scaleb(-9)

    def as_timedelta(self) -> standard.timedelta:
        """Rounded to the microsecond. Raises OverflowError beyond 999,999,999 days."""
        return standard.timedelta(microseconds=round(self.nanoseconds / 1000))


@dataclass(frozen=True, slots=True)
class MonthsDuration:
    """A years and months duration in months."""

    months: int

    def __str__(self) -> str:
        years, months = divmod(abs(self.months), 12)
        text = (f"{years}Y" if years else "") + (f"{months}M" if months else "")
        return ("-P" if self.months < 0 else "P") + (text or "0M")

    isoformat = __str__


Temporal = Date | Time | DateTime | DaysDuration | MonthsDuration


def days_from_civil(year: int, month: int, day: int) -> int:
    """Days from 1970-01-01 to a day of the proleptic Gregorian calendar (eras of 400 years from 1 March)."""
    if month <= 2:
        year -= 1
    era, year_of_era = divmod(year, 400)
    day_of_year = (153 * (month - 3 if month > 2 else month + 9) + 2) // 5 + day - 1
    return era * 146_097 + year_of_era * 365 + year_of_era // 4 - year_of_era // 100 + day_of_year - 719_468


def civil_from_days(days: int) -> Date | None:
    """The day so many days after 1970-01-01; None beyond the years FEEL has."""
    era, day_of_era = divmod(days + 719_468, 146_097)
    year_of_era = (day_of_era - day_of_era // 1460 + day_of_era // 36_524 - day_of_era // 146_096) // 365
    day_of_year = day_of_era - (365 * year_of_era + year_of_era // 4 - year_of_era // 100)
    month_from_march = (5 * day_of_year + 2) // 153
    day = day_of_year - (153 * month_from_march + 2) // 5 + 1
    month = month_from_march + 3 if month_from_march < 10 else month_from_march - 9
    return make_date(year_of_era + era * 400 + (1 if month <= 2 else 0), month, day)


def days_in_month(year: int, month: int) -> int:
    """28 to 31."""
    if month == 2:
        return 29 if year % 4 == 0 and (year % 100 != 0 or year % 400 == 0) else 28
    return 30 if month in (4, 6, 9, 11) else 31


def make_date(year: int, month: int, day: int) -> Date | None:
    """The date, or None when there is no such day."""
    if abs(year) > YEAR_LIMIT or not 1 <= month <= 12 or not 1 <= day <= days_in_month(year, month):
        return None
    return Date(year, month, day)


def make_offset(seconds: int) -> Zone | None:
    """A fixed offset, at most 18 hours."""
    return Zone(seconds) if abs(seconds) <= 18 * 3600 else None


def add_months(day: Date, months: int) -> Date | None:
    """So many months later, on the last day of the month where the day does not exist."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return make_date(year, month + 1, min(day.day, days_in_month(year, month + 1)))


def from_value(value: int, zone: Zone | None) -> DateTime | None:
    """The date and time of `DateTime.value` in a zone."""
    if zone is not None:
        days, nanoseconds = divmod(value, DAY)
        value += zone.offset_at_instant(days, nanoseconds) * SECOND
    days, nanoseconds = divmod(value, DAY)
    day = civil_from_days(days)
    return None if day is None else DateTime(day, nanoseconds, zone)


def parse_date(text: str) -> Date | None:
    """A date of ISO 8601: 2020-01-31, -0044-03-15."""
    match = _DATE_PATTERN.fullmatch(text)
    return _date(*match.groups()) if match and len(text) <= _LONGEST else None


def parse_time(text: str) -> Time | None:
    """A time of day: 12:30:00, 12:30:00.5Z, 12:30:00+02:00, 12:30:00@Europe/Paris."""
    match = _TIME_PATTERN.fullmatch(text)
    if match is None or len(text) > _LONGEST:
        return None
    return _time(*match.groups())


def parse_date_time(text: str) -> DateTime | None:
    """Also a date alone, at midnight; 24:00:00 is midnight of the next day."""
    match = _DATE_TIME_PATTERN.fullmatch(text)
    if match is None or len(text) > _LONGEST:
        day = parse_date(text)
        return None if day is None else DateTime(day, 0)
    day, rest = _date(*match.groups()[:3]), match.groups()[3:]
    clock = _time(*rest) or _midnight_of_the_next_day(rest)
    if day is None or clock is None:
        return None
    if clock.nanoseconds == DAY:
        next_day = civil_from_days(day.days + 1)
        return None if next_day is None else DateTime(next_day, 0, clock.zone)
    return DateTime(day, clock.nanoseconds, clock.zone)


def parse_duration(text: str) -> DaysDuration | MonthsDuration | None:
    """A duration: P1DT2H, -PT0.5S, P1Y6M; years and months do not mix with days and times."""
    if len(text) > _LONGEST or not text or not (text[-1].isalpha() and text[-1] not in "PT"):
        return None
    match = _DURATION_PATTERN.fullmatch(text)
    if match:
        sign, days, hours, minutes, seconds, fraction = match.groups(default="0")
        total = ((int(days) * 24 + int(hours)) * 60 + int(minutes)) * 60 + int(seconds)
        nanoseconds = total * SECOND + _nanoseconds(fraction)
        return days_duration(-nanoseconds if sign == "-" else nanoseconds)
    match = _MONTHS_PATTERN.fullmatch(text)
    if match:
        sign, years, months = match.groups(default="0")
        total = int(years) * 12 + int(months)
        return months_duration(-total if sign == "-" else total)
    return None


def parse_temporal(text: str) -> Temporal | None:
    """What an at-literal says: a date, date and time, time or duration."""
    return parse_date(text) or parse_date_time(text) or parse_time(text) or parse_duration(text)


def parse_zone(text: str) -> Zone | None:
    """`Z` (or `z`, as the examples of the standard have it), an offset or `@` and the name of a region."""
    if text.startswith("@"):
        return Zone(None, text[1:]) if is_region(text[1:]) else None
    if text in ("Z", "z"):
        return UTC
    hours, minutes, seconds = int(text[1:3]), int(text[4:6]), int(text[7:9] or "0")
    if minutes > 59 or seconds > 59:
        return None
    total = hours * 3600 + minutes * 60 + seconds
    return make_offset(-total if text[0] == "-" else total)


def days_duration(nanoseconds: int) -> DaysDuration | None:
    """The duration, or None when it is too long."""
    return DaysDuration(nanoseconds) if abs(nanoseconds) <= NANOSECONDS_LIMIT else None


def months_duration(months: int) -> MonthsDuration | None:
    """The duration, or None when it is too long."""
    return MonthsDuration(months) if abs(months) <= MONTHS_LIMIT else None


def from_standard(value: standard.date | standard.time | standard.timedelta) -> Temporal:
    """The FEEL value of a date, datetime, time or timedelta of the standard library."""
    if isinstance(value, standard.datetime):
        return DateTime(
            Date(value.year, value.month, value.day), _since_midnight(value.time()), _zone_of(value)
        )
    if isinstance(value, standard.date):
        return Date(value.year, value.month, value.day)
    if isinstance(value, standard.timedelta):
        microseconds = (value.days * 86_400 + value.seconds) * 1_000_000 + value.microseconds
        return DaysDuration(microseconds * 1000)
    return Time(_since_midnight(value), _zone_of(value))


@lru_cache(maxsize=1024)
def is_region(name: str) -> bool:
    """Whether the time zone database has the name."""
    if not _ZONE.fullmatch(name) or name in _NO_ZONES or name.startswith(("posix/", "right/")):
        return False
    try:
        ZoneInfo(name)
    except (KeyError, OSError, ValueError):  # unknown names, and folders of the database
        return False
    return True


def _zone_of(value: standard.datetime | standard.time) -> Zone | None:
    zone = value.tzinfo
    if zone is None:
        return None
    key = getattr(zone, "key", None)
    if isinstance(key, str) and is_region(key):
        return Zone(None, key)
    offset = value.utcoffset()
    return None if offset is None else Zone(offset.days * 86_400 + offset.seconds)


def _since_midnight(value: standard.time) -> int:
    return ((value.hour * 60 + value.minute) * 60 + value.second) * SECOND + value.microsecond * 1000


def _standard_time(nanoseconds: int) -> standard.time:
    seconds, rest = divmod(nanoseconds, SECOND)
    return standard.time(seconds // 3600, seconds // 60 % 60, seconds % 60, rest // 1000)


def _date(year: str, month: str, day: str) -> Date | None:
    return make_date(int(year), int(month), int(day)) if year != "-0000" else None


def _time(hour: str, minute: str, second: str, fraction: str | None, zone: str | None) -> Time | None:
    if int(hour) > 23 or int(minute) > 59 or int(second) > 59:
        return None
    parsed = parse_zone(zone) if zone else None
    if zone and parsed is None:
        return None
    total = (int(hour) * 60 + int(minute)) * 60 + int(second)
    return Time(total * SECOND + _nanoseconds(fraction or ""), parsed)


def _midnight_of_the_next_day(parts: tuple[str | None, ...]) -> Time | None:
    hour, minute, second, fraction, zone = parts
    if (hour, minute, second) != ("24", "00", "00") or _nanoseconds(fraction or ""):
        return None
    parsed = parse_zone(zone) if zone else None
    return None if zone and parsed is None else Time(DAY, parsed)


def _nanoseconds(fraction: str) -> int:
    return int(fraction[:9].ljust(9, "0"))


def _clock(nanoseconds: int) -> str:
    seconds, fraction = divmod(nanoseconds, SECOND)
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}{_fraction(fraction)}"


def _fraction(nanoseconds: int) -> str:
    return f".{nanoseconds:09}".rstrip("0") if nanoseconds else ""


def _in_supported_years(days: int) -> int:
    """A day of the same place in the calendar's cycle of 400 years that the standard library can hold."""
    first, last = -719_100, 2_900_000
    if first < days < last:
        return days
    return first + 365 if days < first else (days - last) % 146_097 + last - 146_097


@lru_cache(maxsize=4096)
def _offset(region: str, days: int, seconds: int, *, local: bool) -> int:
    moment = standard.datetime(1970, 1, 1) + standard.timedelta(days=days, seconds=seconds)  # noqa: DTZ001
    zone = ZoneInfo(region)
    if local:
        offset = moment.replace(tzinfo=zone).utcoffset()
    else:
        offset = moment.replace(tzinfo=standard.UTC).astimezone(zone).utcoffset()
    return 0 if offset is None else offset.days * 86_400 + offset.seconds
