"""The schema: made from nothing, equal to the models, and with the steps of the core."""

import pytest
from alembic import command
from sqlalchemy import inspect, select, text
from sqlalchemy.exc import DBAPIError

from payments.batches import TRANSITIONS
from server.batches.models import BatchTransition, PaymentTransition
from server.db import migrate
from server.db.engine import open_engine
from server.db.tables import metadata


def test_an_empty_database_is_upgraded_to_the_models_tables(databases):
    engine = open_engine(databases.create("fresh", None))
    try:
        migrate.upgrade(engine)
        migrate.upgrade(engine)  # a second time does nothing
        made = set(inspect(engine).get_table_names())
    finally:
        engine.dispose()
        databases.drop("fresh")
    assert made == {table.name for table in metadata.sorted_tables} | {"alembic_version"}


def test_models_and_migrations_say_the_same(runtime):
    with runtime.engine.begin() as connection:
        config = migrate.config()
        config.attributes["connection"] = connection
        command.check(config)


@pytest.mark.parametrize(("subject", "model"), [("batch", BatchTransition), ("payment", PaymentTransition)])
def test_the_databases_steps_are_those_of_the_core(runtime, subject, model):
    with runtime.engine.connect() as connection:
        stored = {tuple(row) for row in connection.execute(select(model.from_state, model.to_state))}
    assert stored == {(old, new) for old, news in TRANSITIONS[subject].items() for new in news}


def test_both_databases_have_triggers_on_the_same_tables():
    from server.migrations.triggers import SQL

    def guarded(dialect):
        words = (SQL / f"0001_{dialect}.sql").read_text("utf-8").split()
        starts = [i for i, word in enumerate(words) if word == "TRIGGER" and words[i - 1] == "CREATE"]
        return {next(words[j + 1] for j in range(i, len(words)) if words[j] == "ON") for i in starts}

    assert guarded("sqlite") == guarded("postgresql")


def test_sqlite_is_opened_durable_and_strict(sqlite_databases):
    engine = open_engine(sqlite_databases.url("pragmas"))
    try:
        with engine.connect() as connection:
            found = {
                name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
                for name in ("journal_mode", "synchronous", "foreign_keys", "recursive_triggers")
            }
    finally:
        engine.dispose()
    assert found == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "recursive_triggers": 1}


def test_postgresql_reads_only_what_is_committed(postgresql_databases):
    postgresql_databases.create("isolation", None)
    engine = open_engine(postgresql_databases.url("isolation"))
    try:
        with engine.connect() as connection:
            assert connection.scalar(text("SHOW transaction_isolation")) == "read committed"
            assert engine.dialect.driver == "psycopg"
    finally:
        engine.dispose()
        postgresql_databases.drop("isolation")


def test_a_failure_rolls_everything_back(runtime):
    def insert_and_fail(tx):
        tx.session.execute(text("INSERT INTO skill (code, names) VALUES ('X', '{}')"))
        raise RuntimeError("on purpose")

    from server.actor import SYSTEM

    with pytest.raises(RuntimeError, match="on purpose"):
        runtime.run(SYSTEM, insert_and_fail)
    with runtime.engine.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM skill")) == 0


def test_reading_never_keeps_a_change(runtime):
    from server.actor import SYSTEM

    def insert(tx):
        tx.session.execute(text("INSERT INTO skill (code, names) VALUES ('X', '{}')"))

    runtime.read(SYSTEM, insert)
    with runtime.engine.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM skill")) == 0


def test_a_naive_time_is_refused(runtime):
    from datetime import datetime

    from server.catalogue.models import ServiceRow

    with pytest.raises(Exception, match="naive datetime"), runtime.engine.begin() as connection:
        connection.execute(ServiceRow.__table__.insert().values(code="x", created_at=datetime(2026, 1, 1)))


def test_what_others_refer_to_cannot_be_deleted(attacked):
    with pytest.raises(DBAPIError), attacked.runtime.engine.begin() as connection:
        connection.execute(text("DELETE FROM region WHERE code = 'BJ-DO-COPARGO'"))
