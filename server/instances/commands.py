"""Carrying a command out: the engine acts, the store keeps it, and the rows that people see follow.

Idea: a command comes from anywhere - a person, a timer, another instance's message - and what has to follow is
the same: tasks open and close, incidents are written down, other features take their turn (`follow_up`). What
evaluates something waits until the command is committed and then runs in a transaction of its own; while it
waits the instance is `pending`, so that the sweep finds it after a crash.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm.attributes import set_committed_value

from server.catalogue import service as catalogue
from server.instances.consequences import Consequences
from server.instances.models import ROWS, IncidentRow, InstanceRow
from server.instances.store import Act as Act
from server.instances.store import Command, Outcome, Programs, Work, digest
from server.journal import service as journal
from server.journal.service import Event
from server.runtime import Tx
from service_library.package import ServicePackage
from workflows import engine
from workflows.engine import Changes as Changes

FollowUp = Callable[[Tx, Sequence[str]], None]
_follow_ups: list[FollowUp] = []
_ENGINE_COLUMNS = (
    "service_version_id", "status", "state", "engine", "definition", "pending", "data", "due_at", "version",
)  # fmt: skip


def follow_up(step: FollowUp) -> FollowUp:
    """Have `step(tx, instance ids)` called whenever instances have come to rest; a feature's own part."""
    _follow_ups.append(step)
    return step


def work(tx: Tx) -> Work:
    """The instances that this transaction changes."""
    found = tx.session.info.get("instances")
    if found is None:
        found = tx.session.info["instances"] = Work(tx.session.connection(), tx.live)
        tx.on_commit.append(found.committed)
    assert isinstance(found, Work)
    return found


def package(tx: Tx, version_id: str) -> ServicePackage:
    """The service version; asked for once in a transaction."""
    known = tx.session.info.setdefault("packages", {})
    if version_id not in known:
        known[version_id] = catalogue.package(tx, version_id)
    found: ServicePackage = known[version_id]
    return found


def programs(tx: Tx) -> Programs:
    """The program of a service version."""

    def program(version_id: str) -> engine.Program:
        found = package(tx, version_id)
        return engine.program(found.definition, found.decisions)

    return program


def ask(tx: Tx, name: str, *content: object, command_id: str | None = None, by: str = "") -> Command:
    """A command. command_id: the client's; without it one is made. by: who did it, else the actor."""
    return Command(command_id or tx.new_id(), name, by or tx.actor.user_id, tx.now, digest(name, *content))


def carry_out(tx: Tx, row: InstanceRow, command: Command, act: Act) -> Outcome:
    """Let the engine act and write what follows; a command that is repeated changes nothing."""
    outcome = execute(tx, row, command, act)
    if outcome.changes is not None:
        settle(tx, row, outcome.changes)
    return outcome


def execute(tx: Tx, row: InstanceRow, command: Command, act: Act) -> Outcome:
    """Let the engine act and keep its state; `settle` is still to come."""
    outcome = work(tx).command(row.id, programs(tx), command, act)
    changes = outcome.changes
    if changes is None or changes.data_changed or changes.status != "running" or row.engine != ROWS:
        refresh(tx, row)
        return outcome
    for name, value in (("version", outcome.version), ("pending", changes.pending)):
        set_committed_value(row, name, value)
    return outcome


def begin(tx: Tx, row: InstanceRow, instance: engine.Instance, command: Command) -> None:
    """Start a new instance, whose row was just added."""
    outcome = work(tx).begin(row.id, instance, command, lambda live: live.start(tx.now))
    refresh(tx, row)
    assert outcome.changes is not None
    settle(tx, row, outcome.changes)


def refresh(tx: Tx, row: InstanceRow) -> None:
    """Read again what the store wrote past the session."""
    tx.session.refresh(row, _ENGINE_COLUMNS)


def named(instance: engine.Instance, values: Mapping[str, Any]) -> dict[str, Any]:
    """Of the values those that the diagram reads: nothing else is kept."""
    return {name: value for name, value in values.items() if name in instance.program.names}


def proceed(tx: Tx, instance_id: str) -> None:
    """Carry out the automatic steps that wait; one that fails is an incident. Does nothing when none waits."""
    batch = batch_of(tx)
    if batch is not None and instance_id in batch.rows:
        row: InstanceRow | None = batch.rows[instance_id]
    else:
        row = tx.session.get(InstanceRow, instance_id, populate_existing=True)
    if row is not None and row.pending and row.status == "running":
        carry_out(tx, row, ask(tx, "proceed"), lambda live: live.proceed(tx.now))


def settle(tx: Tx, row: InstanceRow, changes: Changes) -> None:
    """Write what a step of the engine means for people: tasks, incidents, the end of the work."""
    definition = package(tx, row.service_version_id).definition
    batch = batch_of(tx)
    consequences = Consequences() if batch is None else batch.consequences
    consequences.add(row, definition, changes)
    incidents = [event for event in changes.events if isinstance(event, engine.Incident)]
    if batch is None or incidents or changes.status == "completed":
        consequences.write(tx)
    for event in incidents:
        _open_incident(tx, row, event)
    if changes.status == "completed":
        journal.record(tx, Event.INSTANCE_WORK_DONE, row.id, region=row.region_code)
    if batch is not None:
        batch.settled(row.id, pending=changes.pending)
        return
    tx.session.flush()
    if changes.pending:
        tx.after(proceed, row.id)
    else:
        _run_follow_ups(tx, [row.id])


@dataclass(slots=True)
class Batch:
    """Instances on which a transaction works one after the other, and what is left to do for them at its end.

    rows: read for all of them at once; kept here, since a session forgets what nobody holds. due: the engine's
    tasks of timers that have fallen due, the earliest first.
    """

    rows: dict[str, InstanceRow]
    due: Mapping[str, Sequence[str]] = field(default_factory=dict)
    consequences: Consequences = field(default_factory=Consequences)
    at_rest: dict[str, None] = field(default_factory=dict)
    pending: dict[str, None] = field(default_factory=dict)

    def settled(self, instance_id: str, *, pending: bool) -> None:
        """Note whether the instance has come to rest, or automatic steps wait."""
        self.at_rest.pop(instance_id, None)
        self.pending.pop(instance_id, None)
        (self.pending if pending else self.at_rest)[instance_id] = None


@contextmanager
def together(tx: Tx, instance_ids: Sequence[str]) -> Iterator[Batch]:
    """Commands on these instances: what follows from them is done once for all of them, at the end."""
    query = select(InstanceRow).where(InstanceRow.id.in_(instance_ids))
    found = tx.session.scalars(query.execution_options(populate_existing=True))
    batch = tx.session.info["batch"] = Batch({row.id: row for row in found})
    try:
        yield batch
    finally:
        del tx.session.info["batch"]
    batch.consequences.write(tx)
    for instance_id in batch.pending:
        tx.after(proceed, instance_id)
    _run_follow_ups(tx, list(batch.at_rest))


def batch_of(tx: Tx) -> Batch | None:
    """The instances that the transaction works on `together`."""
    found: Batch | None = tx.session.info.get("batch")
    return found


def _run_follow_ups(tx: Tx, instance_ids: Sequence[str]) -> None:
    for step in _follow_ups:
        step(tx, instance_ids)


def _open_incident(tx: Tx, row: InstanceRow, event: engine.Incident) -> None:
    tx.session.add(
        IncidentRow(
            id=tx.new_id(), instance_id=row.id, node_id=event.node_id, engine_task_id=event.task_id,
            code=event.code, message=event.message, params=dict(event.params), at=tx.now,
        )
    )  # fmt: skip
    journal.record(tx, Event.INCIDENT, row.id, region=row.region_code, public={"node": event.node_id})
