"""What a service function needs from the outside, and the one place where transactions begin and end.

A service function takes a `Tx` first and is one step of the business. `Runtime.run` gives it a transaction,
commits, and repeats it when the database asks for that. A service function that calls another hands its `Tx`
on, so accepting a delivery and posting its entry are one transaction. Views never commit.

What need not, or must not, be in the same transaction comes `after` it: a person's step is committed before the
automatic steps that follow from it, and their failure is never the person's.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Concatenate, ParamSpec, TypeVar

import structlog
from sqlalchemy import Engine
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.orm import Session

from server.actor import SYSTEM, Actor
from server.clock import Clock
from server.files.store import FileStore
from server.ids import Ids
from server.instances.live import LiveInstances
from server.settings import Settings

log = structlog.get_logger()
P = ParamSpec("P")
T = TypeVar("T")

_TRIES = 8
_UNIQUE_VIOLATION = "23505"
_RETRYABLE_SQLSTATES = ("40001", "40P01")  # serialization failure, deadlock


@dataclass(frozen=True, slots=True)
class Tx:
    """A running transaction: who, when, and the means. Never kept after the function returns."""

    session: Session
    actor: Actor
    now: datetime
    ids: Ids
    files: FileStore
    settings: Settings
    live: LiveInstances
    """The engine's instances in memory, of this installation."""
    on_commit: list[Callable[[], None]] = field(default_factory=list)
    """Called right after the commit, and not after a rollback; must not fail."""
    _later: list[Callable[[Tx], Any]] = field(default_factory=list)

    def new_id(self) -> str:
        return self.ids.new_id(self.now)

    def after(
        self, operation: Callable[Concatenate[Tx, P], object], *args: P.args, **kwargs: P.kwargs
    ) -> None:
        """Carry out `operation` once this transaction is committed: as the machine, in one of its own.

        Whoever called `run` gets its answer afterwards, whether that worked or not: a failure is logged, and what
        was to be done must be found again by the sweep.
        """
        self._later.append(lambda tx: operation(tx, *args, **kwargs))


@dataclass(frozen=True, slots=True)
class Runtime:
    """An installation: its database, clock, files and settings."""

    engine: Engine
    clock: Clock
    ids: Ids
    files: FileStore
    settings: Settings
    live: LiveInstances = field(init=False)
    # One writer at a time keeps SQLite's tail short (p99 11 ms instead of 80 ms); PostgreSQL needs no lock.
    _write: threading.RLock = field(default_factory=threading.RLock)

    def __post_init__(self) -> None:
        object.__setattr__(self, "live", LiveInstances(self.settings.live_instances))

    def run(
        self, actor: Actor, operation: Callable[Concatenate[Tx, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Carry out `operation` as `actor` in one transaction: all of it, or nothing.

        Serialization failures, deadlocks and a busy SQLite are retried; any other exception rolls back. A
        unique key that was taken is tried once more: whoever lost a race then sees what the winner wrote.
        What comes `after` it has been tried when this returns.
        """
        tx, result = self._committed(actor, lambda tx: operation(tx, *args, **kwargs))
        for later in tx._later:  # noqa: SLF001  (ours)
            self._follow(later)
        return result

    def _follow(self, operation: Callable[[Tx], object]) -> None:
        try:
            self.run(SYSTEM, operation)
        except Exception as error:  # whatever it is, what came before it is committed
            log.error("follow_up_failed", exc_info=error)

    def _committed(self, actor: Actor, operation: Callable[[Tx], T]) -> tuple[Tx, T]:
        """The operation's result, and its transaction, which is over."""
        sqlite = self.engine.dialect.name == "sqlite"
        for attempt in range(_TRIES):
            try:
                with (
                    self._write if sqlite else nullcontext(),
                    # rows that an operation returns stay readable after the commit
                    Session(self.engine, expire_on_commit=False) as session,
                    session.begin(),
                ):
                    tx = self._tx(session, actor)
                    result = operation(tx)
                for done in tx.on_commit:
                    done()
                return tx, result
            except OperationalError as error:
                if attempt + 1 == _TRIES or not _is_retryable(error):
                    raise
            except IntegrityError as error:
                if attempt > 0 or getattr(error.orig, "sqlstate", None) != _UNIQUE_VIOLATION:
                    raise
        raise AssertionError("unreachable")

    def read(
        self, actor: Actor, query: Callable[Concatenate[Tx, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Carry out a query that changes nothing, without blocking writers; always rolled back."""
        engine = self.engine.execution_options(read_only=True)
        with Session(engine) as session:
            try:
                return query(self._tx(session, actor), *args, **kwargs)
            finally:
                session.expunge_all()
                session.rollback()

    def _tx(self, session: Session, actor: Actor) -> Tx:
        return Tx(session, actor, self.clock.now(), self.ids, self.files, self.settings, self.live)


def _is_retryable(error: OperationalError) -> bool:
    state = getattr(error.orig, "sqlstate", None)
    return state in _RETRYABLE_SQLSTATES or "database is locked" in str(error.orig)
