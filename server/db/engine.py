"""Opening the database: the same guarantees on SQLite and PostgreSQL.

SQLite: WAL, synchronous=FULL (a payment file at the bank must not outlive its row), foreign keys, and every
transaction BEGIN IMMEDIATE, since a deferred one loses increments without an error under threads.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError

BUSY_TIMEOUT_MS = 60_000


def open_engine(url: str) -> Engine:
    """An engine for `url`; makes the folder of a SQLite file."""
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        if parsed.database and parsed.database != ":memory:":
            Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
        engine = create_engine(parsed)
        event.listen(engine, "connect", _set_pragmas)
        event.listen(engine, "begin", _begin)
        event.listen(engine, "checkin", _give_up)
        return engine
    if parsed.drivername == "postgresql":
        parsed = parsed.set(drivername="postgresql+psycopg")
    return create_engine(parsed, isolation_level="READ COMMITTED", pool_pre_ping=True)


def _set_pragmas(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None  # SQLAlchemy's begin event starts transactions, not the driver
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        "recursive_triggers=ON",  # INSERT OR REPLACE deletes a row: let the triggers refuse it
        f"busy_timeout={BUSY_TIMEOUT_MS}",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _give_up(connection: sqlite3.Connection | None, _record: object) -> None:
    """A COMMIT that a deferred key refused leaves SQLite's transaction, and its write lock, open."""
    if connection is not None and connection.in_transaction:
        connection.rollback()


def _begin(connection: Connection) -> None:
    options = connection.get_execution_options()
    if options.get("isolation_level") == "AUTOCOMMIT":
        return
    # the driver itself: this is done for every step, and SQLAlchemy's cursor would take a third of its time
    driver = connection.connection.dbapi_connection
    assert driver is not None
    try:
        driver.execute("BEGIN" if options.get("read_only") else "BEGIN IMMEDIATE")
    except sqlite3.Error as error:
        translated = DBAPIError.instance(None, None, error, sqlite3.Error, dialect=connection.dialect)
        raise translated from error
