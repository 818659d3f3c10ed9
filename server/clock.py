"""The only place that reads the clock; everything else takes `now`."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """Tells the time, as aware UTC."""

    def now(self) -> datetime: ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)  # noqa: TID251  (here, and only here)


class SetClock:
    """A clock that stands still until it is moved: for tests and for the demo's story."""

    def __init__(self, start: datetime) -> None:
        assert start.utcoffset() is not None, "an aware datetime"
        self._now = start.astimezone(UTC)

    def now(self) -> datetime:
        return self._now

    def advance(self, **delta: float) -> datetime:
        """Move on by timedelta(**delta); never back."""
        step = timedelta(**delta)
        assert step >= timedelta(0), "time does not go back"
        self._now += step
        return self._now
