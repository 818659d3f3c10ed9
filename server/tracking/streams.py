"""Who follows what, and the one thread of a process that looks for news.

Idea (ADR 18): a stream is an answer that does not end; it holds a thread, so threads are kept for a bounded
number of streams beside those for pages. A stream sleeps until it is woken; whether there is news is looked up
once a second for all streams together, first by one number (the newest row of the journal), then, only when that
has moved, by the marks of what is followed.
"""

from __future__ import annotations

import threading
from collections import Counter
from typing import Final

import structlog

from server.actor import SYSTEM
from server.errors import ServerError
from server.journal import service as journal
from server.runtime import Runtime, Tx
from server.tracking.states import Subject, mark

log = structlog.get_logger()

PAUSE: Final = 1.0
"""Seconds between two looks."""
MOST_OF_A_PERSON: Final = 8
"""Streams of one account at the same moment: tabs beyond that ask again from time to time."""


class TooManyStreams(ServerError):
    code = "too-many-streams"
    message = "Too many people follow diagrams live at this moment. The page asks for news every few seconds instead."


class Ticket:
    """A place among the streams; to be left when the stream ends."""

    def __init__(self, streams: Streams, account: str, subject: Subject) -> None:
        self._streams, self.account, self.subject = streams, account, subject
        self._news = threading.Event()

    def wake(self) -> None:
        self._news.set()

    def wait(self, seconds: float) -> bool:
        """Sleep until there may be news, at most so long; whether there may be."""
        found = self._news.wait(seconds)
        self._news.clear()
        return found

    @property
    def is_closing(self) -> bool:
        """Whether the process is about to stop: the stream should end."""
        return self._streams.is_closing

    def leave(self) -> None:
        """Give the place back; again does nothing."""
        self._streams.leave(self)


class Streams:
    """The streams of a process.

    look: the watching thread, started by the first stream and ended with the last one.
    """

    def __init__(self, runtime: Runtime, most: int, *, pause: float = PAUSE) -> None:
        self._runtime, self._most, self._pause = runtime, most, pause
        self._tickets: set[Ticket] = set()
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._watcher: threading.Thread | None = None

    @property
    def is_closing(self) -> bool:
        return self._closing.is_set()

    def __len__(self) -> int:
        return len(self._tickets)

    def enter(self, account: str, subject: Subject) -> Ticket:
        """A place for one more stream. Raises TooManyStreams."""
        with self._lock:
            mine = Counter(ticket.account for ticket in self._tickets)[account]
            if self.is_closing or len(self._tickets) >= self._most or mine >= MOST_OF_A_PERSON:
                raise TooManyStreams
            ticket = Ticket(self, account, subject)
            self._tickets.add(ticket)
            if self._watcher is None:
                self._watcher = threading.Thread(target=self._watch, name="tracking", daemon=True)
                self._watcher.start()
        return ticket

    def leave(self, ticket: Ticket) -> None:
        with self._lock:
            self._tickets.discard(ticket)

    def close(self) -> None:
        """End all streams soon, since the process stops; safe in a signal's function."""
        self._closing.set()
        for ticket in tuple(self._tickets):
            ticket.wake()

    def _followed(self) -> dict[Subject, list[Ticket]]:
        with self._lock:
            found: dict[Subject, list[Ticket]] = {}
            for ticket in self._tickets:
                found.setdefault(ticket.subject, []).append(ticket)
            if not found:
                self._watcher = None
            return found

    def _watch(self) -> None:
        newest: int | None = None
        marks: dict[Subject, object] = {}
        while not self._closing.wait(self._pause):
            followed = self._followed()
            if not followed:
                return
            try:
                newest, changed = self._runtime.read(SYSTEM, _look, newest, marks, list(followed))
            except Exception as error:  # the database is away: the next look finds it again
                log.warning("tracking_look_failed", exc_info=error)
                continue
            for subject in changed:
                for ticket in followed[subject]:
                    ticket.wake()


def _look(
    tx: Tx, newest: int | None, marks: dict[Subject, object], followed: list[Subject]
) -> tuple[int, list[Subject]]:
    """The journal's newest row, and of the followed those that changed since their mark; updates the marks."""
    now = journal.latest(tx)
    for gone in marks.keys() - set(followed):
        del marks[gone]
    fresh = [subject for subject in followed if subject not in marks]
    todo = fresh if now == newest else followed
    changed = []
    for subject in todo:
        found = mark(tx, subject)
        if subject in marks and marks[subject] != found:
            changed.append(subject)
        marks[subject] = found
    # what happened between the page's own look and this first mark is not known: it looks once more
    return now, [*changed, *fresh]
