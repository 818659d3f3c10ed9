"""A database of release 0.1.0 with running instances is upgraded, and nothing in it has to be converted."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import MetaData, Table, insert, inspect, select

from server.db import migrate
from server.db.engine import open_engine
from server.instances import models

NOW = datetime(2026, 3, 2, 7, 0, tzinfo=UTC)
INSTANCE = {
    "id": "i1", "project_id": None, "request_id": "r1", "service_version_id": "v1", "quote_id": "q1",
    "region_code": "BJ", "status": "running", "state": b'{"definition": "x"}', "engine": "spiffworkflow-3.2/1",
    "data": {"households": "20"}, "due_at": NOW, "started_at": NOW, "ended_at": None, "version": 7,
}  # fmt: skip
INCIDENT = {
    "id": "n1", "instance_id": "i1", "node_id": "survey", "message": "100 % wrong", "at": NOW,
    "resolved_at": None,
}  # fmt: skip


@pytest.fixture
def of_release_0_1_0(databases):
    """A database of migration 0001 with an instance that runs and an incident, without what they belong to."""
    engine = open_engine(databases.create("old", None))
    migrate.upgrade(engine, "0001")
    with engine.connect() as connection:
        for_rows_alone = {
            "sqlite": "PRAGMA foreign_keys = OFF",
            "postgresql": "SET session_replication_role = replica",
        }
        connection.connection.driver_connection.execute(for_rows_alone[engine.dialect.name])
        connection.rollback()
        for name, row in (("process_instance", INSTANCE), ("incident", INCIDENT)):
            table = Table(name, MetaData(), autoload_with=connection)
            connection.execute(insert(table).values(row))
        connection.commit()
        connection.invalidate()  # nobody else gets a connection without its keys
    yield engine
    engine.dispose()
    databases.drop("old")


def test_running_instances_survive_the_upgrade_as_they_are(of_release_0_1_0):
    migrate.upgrade(of_release_0_1_0)
    with of_release_0_1_0.connect() as connection:
        row = connection.execute(select(models.InstanceRow.__table__)).mappings().one()
        assert {name: row[name] for name in INSTANCE} == INSTANCE
        assert (row["definition"], row["pending"]) == ("", False)
        incident = connection.execute(select(models.IncidentRow.__table__)).mappings().one()
        assert {name: incident[name] for name in INCIDENT} == INCIDENT
        assert (incident["code"], incident["params"]) == ("", None)
        assert "engine_task" in inspect(connection).get_table_names()
