"""What happened in an instance: the rows of `instance_change` as values.

The history begins with the first change after release 0.1.0; what an instance did before is in the journal.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from server.instances import rows
from server.instances.models import ChangeRow, InstanceRow
from server.instances.store import read_events
from server.runtime import Tx
from workflows.definitions.model import Definition


@dataclass(frozen=True, slots=True)
class Change:
    """One change. actor: account or person, "system". events: each with its kind in "event"."""

    version: int
    command_id: str
    at: datetime
    actor: str
    command: str
    events: tuple[Mapping[str, Any], ...]


def history(tx: Tx, instance_id: str) -> list[Change]:
    """All changes of an instance, oldest first."""
    return [_change(row) for row in rows.changes(tx, instance_id)]


def _change(row: ChangeRow) -> Change:
    return Change(row.version, row.command_id, row.at, row.actor, row.command, read_events(row.events))


def finished(tx: Tx, row: InstanceRow, definition: Definition) -> frozenset[str]:
    """The nodes that the instance has been through, as far as its history and its tasks tell."""
    found = {task.node_id for task in rows.tasks_of_instance(tx, row.id) if task.state == "completed"}
    processes = (definition, *definition.processes.values())
    sources = {flow.id: flow.source for process in processes for flow in process.flows.values()}
    for change in history(tx, row.id):
        for event in change.events:
            if event["event"] == "flow_taken":
                found |= {sources[event["flow_id"]]} if event["flow_id"] in sources else set()
            elif event["event"] in ("event_occurred", "task_completed"):
                found.add(event["node_id"])
    return frozenset(found)


def given_back_by(tx: Tx, instance_id: str) -> dict[str, set[str]]:
    """Engine's task -> the people who gave it back, so that the rule does not give it to them again."""
    found: dict[str, set[str]] = {}
    query = select(ChangeRow.events).where(
        ChangeRow.instance_id == instance_id, ChangeRow.command == "return"
    )
    for events in tx.session.scalars(query):
        for event in read_events(events):
            found.setdefault(event["task_id"], set()).add(event["person"])
    return found
