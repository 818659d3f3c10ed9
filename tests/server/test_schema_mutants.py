"""Each guard of the money's tables is needed: with it dropped, some attack is no longer refused as it should be.

A mutant is the schema without one trigger, CHECK or unique key. SQLite drops triggers only (its constraints are
inside CREATE TABLE, and both dialects' come from one migration); PostgreSQL drops all three. Dropping, attacking
and undoing happen in one transaction. Source of the idea: mutation testing, DeMillo, Lipton, Sayward 1978.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from tests.server.test_storage_refusals import ATTACKS, REPLACED, TRUNCATED, replacing

MONEY = (
    "ledger_", "payable", "allocation", "payment", "batch_", "bank_", "payee_account", "paying_account",
    "claim", "recovery", "approval_policy",
)  # fmt: skip
"""Beginnings of the names of the tables whose guards are tried."""


@dataclass(frozen=True)
class Guard:
    """One trigger, CHECK or unique key of a table, and how to drop it."""

    table: str
    name: str
    drop: str

    def __str__(self) -> str:
        return f"{self.table}: {self.name}"


def guards(connection: Connection) -> Iterator[Guard]:
    """Every guard of the money's tables."""
    if connection.dialect.name == "sqlite":
        found = connection.execute(text("SELECT tbl_name, name FROM sqlite_master WHERE type = 'trigger'"))
        rows = [(table, name, f'DROP TRIGGER "{name}"') for table, name in found]
    else:
        triggers = connection.execute(
            text(
                "SELECT c.relname, t.tgname FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid "
                "WHERE NOT t.tgisinternal"
            )
        )
        rows = [(table, name, f'DROP TRIGGER "{name}" ON "{table}"') for table, name in triggers]
        constraints = connection.execute(
            text(
                "SELECT c.relname, k.conname FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid "
                "WHERE k.contype IN ('c', 'u')"
            )
        )
        rows += [
            (table, name, f'ALTER TABLE "{table}" DROP CONSTRAINT "{name}" CASCADE')
            for table, name in constraints
        ]
    yield from (Guard(*row) for row in sorted(rows) if row[0].startswith(MONEY))


def attacks(dialect: str) -> list[tuple[str, list[str]]]:
    """What is expected to be said, and the statements; those of this dialect too."""
    found = [(expected, list(statements)) for expected, statements in (p.values for p in ATTACKS)]
    if dialect == "sqlite":
        found += [("", [replacing(table)]) for table in REPLACED]
    else:
        found += [(f"{table}: ", [f"TRUNCATE {table} CASCADE"]) for table in TRUNCATED]
    return found


def refused_as_expected(connection: Connection, expected: str, statements: list[str]) -> bool:
    """Carry an attack out and undo it; whether the database refused it in the words expected."""
    attempt = connection.begin_nested()
    try:
        for statement in statements:
            connection.execute(text(statement.replace(":", "\\:")))
        if connection.dialect.name == "postgresql":
            connection.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))
    except DBAPIError as error:
        return expected in str(error.orig).replace("public.", "")
    else:
        return False
    finally:
        attempt.rollback()


def test_every_guard_of_the_money_is_missed_when_it_is_gone(attacked):
    engine = attacked.runtime.engine
    survived = []
    with engine.connect() as connection:
        found = list(guards(connection))
        tried = [a for a in attacks(engine.dialect.name) if refused_as_expected(connection, *a)]
        connection.rollback()
        assert len(found) > 30
        assert len(tried) > 100
        for guard in found:
            mutant = connection.begin()
            connection.execute(text(guard.drop))
            # most guards are noticed by the attacks that name their table
            nearest = sorted(tried, key=lambda a: guard.table not in a[1][-1])
            if all(refused_as_expected(connection, *a) for a in nearest):
                survived.append(str(guard))
            mutant.rollback()
    assert survived == [], "\n".join(survived)
