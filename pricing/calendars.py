"""Working calendars: from working days to days on the calendar.

Time is a floating number of days since the morning of the first day of a project; 1.5 is noon of the second
day, reckoned in parts of a working day. Work goes on only on working days, so 3 days of work that begin on a
Friday with free weekends are done on Tuesday evening. Dates come from the caller: there is no clock here.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Final

import numpy as np
from numpy.typing import NDArray

Days = NDArray[np.float64]
EVERY_DAY: Final = frozenset(range(7))
MONDAY_TO_FRIDAY: Final = frozenset(range(5))
LONGEST_DAYS: Final = 400 * 366
"""No project takes 400 years; what would is cut there."""


@dataclass(frozen=True, slots=True)
class Calendar:
    """When is worked. weekdays: 0 = Monday to 6 = Sunday; holidays: days on which nobody works all the same."""

    weekdays: frozenset[int] = EVERY_DAY
    holidays: frozenset[date] = frozenset()

    def __post_init__(self) -> None:
        if not self.weekdays or not self.weekdays <= EVERY_DAY:
            raise ValueError("a calendar needs working weekdays from 0 (Monday) to 6 (Sunday)")

    @property
    def is_continuous(self) -> bool:
        """Work goes on every day."""
        return self.weekdays == EVERY_DAY and not self.holidays

    def works_on(self, day: date) -> bool:
        return day.weekday() in self.weekdays and day not in self.holidays


@dataclass(slots=True)
class Timeline:
    """A calendar laid out from the first day of a project on; it grows with what it is asked."""

    calendar: Calendar
    first: date
    _worked: Days = field(default_factory=lambda: np.zeros(1))
    """Working days before each day; one entry more than days laid out."""
    _open: NDArray[np.bool_] = field(default_factory=lambda: np.zeros(0, dtype=np.bool_))
    _day_of: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    """The day on which each working day falls."""

    def finish(self, start: Days, work: Days) -> Days:
        """When work is done that can begin at `start` and takes `work` working days; no work takes no time."""
        if self.calendar.is_continuous:
            return start + work
        begun = self._worked_at(start)
        done = begun + work
        self._reach(float(done.max(initial=0.0)))
        whole = np.ceil(done).astype(np.int64) - 1
        last = np.clip(whole, 0, len(self._day_of) - 1)
        ended = self._day_of[last] + (done - last)
        return np.where(work > 0, np.maximum(ended, start), start)

    def _worked_at(self, moment: Days) -> Days:
        self._lay_out(int(moment.max(initial=0.0)) + 2)
        day = np.minimum(moment.astype(np.int64), len(self._open) - 1)
        return self._worked[day] + np.where(self._open[day], np.minimum(moment - day, 1.0), 0.0)

    def _reach(self, working_days: float) -> None:
        while len(self._day_of) < working_days + 1 and len(self._open) < LONGEST_DAYS:
            self._lay_out(2 * len(self._open) + 64)

    def _lay_out(self, days: int) -> None:
        known = len(self._open)
        days = min(days, LONGEST_DAYS)
        if days <= known:
            return
        works = [self.calendar.works_on(self.first + timedelta(days=d)) for d in range(known, days)]
        self._open = np.concatenate([self._open, np.array(works, dtype=np.bool_)])
        self._worked = np.concatenate([np.zeros(1), np.cumsum(self._open).astype(np.float64)])
        (self._day_of,) = np.nonzero(self._open)
