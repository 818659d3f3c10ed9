"""Repeating timers: ISO 8601 repeating intervals.

R3/PT1H: three times, an hour apart, the first an hour from now. R/P1D: every day without end.
R3/2027-03-01T08:00:00Z/P1D: three times, the first at that moment. Every occurrence is counted from the start,
so that a month's end does not drift. Occurrences that were missed while nobody looked count as one: the next
is the first that lies ahead, and those passed over are used up.
Source: ISO 8601-1:2019, 5.6; BPMN 2.0.2, 10.5.5.4 (timeCycle).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from workflows.engine.expressions import due_at, is_duration, later

_CYCLE: Final = re.compile(r"R([0-9]{0,6})/(?:([^/]+)/)?([^/]+)", re.ASCII)


def is_cycle(text: str) -> bool:
    """Whether the text means to be an ISO 8601 repeating interval."""
    return re.match(r"R[0-9]*/", text.strip(), re.ASCII) is not None


@dataclass(frozen=True, slots=True)
class Cycle:
    """A repeating timer that waits for an occurrence.

    number: of the awaited one, which is due at start + number * every. last: of the last one, None = no end.
    """

    start: datetime
    every: str
    number: int
    last: int | None

    @property
    def due(self) -> datetime:
        """When the awaited occurrence falls due; raises OverflowError."""
        return later(self.start, self.every, self.number)

    def after(self, now: datetime) -> Cycle | None:
        """Waiting for the first occurrence that lies ahead; None when there is none."""
        first = self.number + 1
        reach = 1
        while not self._is_ahead(first + reach - 1, now):
            reach *= 2
        low, high = first + reach // 2 - 1, first + reach - 1
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (low, middle) if self._is_ahead(middle, now) else (middle, high)
        if self.last is not None and high > self.last:
            return None
        following = replace(self, number=high)
        return following if following.is_in_time() else None

    def is_in_time(self) -> bool:
        """Whether the awaited occurrence lies in the time that can be told, before the year 10000."""
        try:
            later(self.start, self.every, self.number)
        except OverflowError:
            return False
        return True

    def _is_ahead(self, number: int, now: datetime) -> bool:
        try:
            return later(self.start, self.every, number) > now
        except OverflowError:
            return True

    def noted(self) -> list[Any]:
        """As JSON, for what a task remembers."""
        return [self.start.isoformat(), self.every, self.number, self.last]

    @classmethod
    def from_noted(cls, noted: list[Any]) -> Cycle:
        start, every, number, last = noted
        return cls(datetime.fromisoformat(start), every, number, last)


def cycle(text: str, now: datetime) -> Cycle:
    """The cycle of a text, begun now; raises ValueError with the reason."""
    match = _CYCLE.fullmatch(text.strip())
    if match is None:
        raise ValueError("it is not like R3/PT1H, R/P1D or R3/2027-03-01T08:00:00Z/P1D")
    count, start, every = match.groups()
    times = int(count) if count else None
    if times == 0:
        raise ValueError("it repeats not once")
    if not is_duration(every):
        raise ValueError(f"“{every}” is no duration of ISO 8601")
    if start is not None and is_duration(start):
        raise ValueError(f"“{start}” is no date of ISO 8601")
    first = 1 if start is None else 0
    begun = now if start is None else due_at(start, now)
    made = Cycle(begun, every, first, None if times is None else first + times - 1)
    try:
        if later(begun, every) <= begun:
            raise ValueError("its duration is nothing")
    except OverflowError as error:
        raise ValueError("it lies too far in the future") from error
    return made
