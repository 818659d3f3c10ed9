"""The schema that migrations make is the one the code expects, on both databases."""

import pytest
from alembic import command
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect, text

from payments.batches import TRANSITIONS
from server.db import migrate
from server.db.engine import open_engine
from server.db.tables import metadata


@pytest.fixture
def unmigrated_url(databases):
    """A database without any table."""
    url = databases.create("unmigrated", None)
    yield url
    databases.drop("unmigrated")


def test_there_is_one_head():
    assert len(ScriptDirectory.from_config(migrate.config()).get_heads()) == 1


def test_an_empty_database_is_upgraded_to_the_models(unmigrated_url):
    engine = open_engine(unmigrated_url)
    try:
        assert inspect(engine).get_table_names() == []
        migrate.upgrade(engine)
        assert set(inspect(engine).get_table_names()) == {*metadata.tables, "alembic_version"}
        with engine.begin() as connection:
            configured = migrate.config()
            configured.attributes["connection"] = connection
            command.check(configured)
            at = MigrationContext.configure(connection).get_current_heads()
        assert at == tuple(ScriptDirectory.from_config(migrate.config()).get_heads())
    finally:
        engine.dispose()


def test_upgrading_twice_changes_nothing(database_url):
    engine = open_engine(database_url)
    try:
        migrate.upgrade(engine)
        migrate.upgrade(engine)
    finally:
        engine.dispose()


def test_the_databases_legal_steps_are_those_of_the_core(database_url):
    """docs/adr/0003: the migration has its own copy, so that an old migration never changes its meaning."""
    engine = open_engine(database_url)
    try:
        migrate.upgrade(engine)
        for subject, steps in TRANSITIONS.items():
            with engine.begin() as connection:
                rows = connection.execute(text(f"SELECT from_state, to_state FROM {subject}_transition"))
                assert {tuple(r) for r in rows} == {(old, new) for old, news in steps.items() for new in news}
    finally:
        engine.dispose()


def test_every_migration_has_its_triggers_for_both_databases(root):
    folder = root / "server" / "migrations" / "sql"
    by_system = {
        system: {path.name.removesuffix(f"_{system}.sql") for path in folder.glob(f"*_{system}.sql")}
        for system in ("sqlite", "postgresql")
    }
    assert by_system["sqlite"] == by_system["postgresql"] != set()
