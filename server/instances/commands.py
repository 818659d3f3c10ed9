"""Carrying a command out: the engine acts, the store keeps it, and the rows that people see follow.

Idea: a command comes from anywhere - a person, a timer, another instance's message - and what has to follow is
the same: tasks open and close, incidents are written down, other features take their turn (`follow_up`). What
evaluates something waits until the command is committed and then runs in a transaction of its own; while it
waits the instance is `pending`, so that the sweep finds it after a crash.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.orm.attributes import set_committed_value

from server.adoptions import service as adoptions
from server.catalogue import service as catalogue
from server.instances.models import ROWS, IncidentRow, InstanceRow, TaskRow
from server.instances.statements import table_of
from server.instances.store import Act as Act
from server.instances.store import Command, Outcome, Programs, Work, digest
from server.journal import service as journal
from server.journal.service import Event
from server.quotes import service as quotes
from server.runtime import Tx
from service_library.package import ServicePackage
from workflows import engine
from workflows.definitions.model import Definition
from workflows.engine import Changes as Changes

_TASK, _INCIDENT = table_of(TaskRow), table_of(IncidentRow)
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
    row = tx.session.get(InstanceRow, instance_id, populate_existing=True)
    if row is not None and row.pending and row.status == "running":
        carry_out(tx, row, ask(tx, "proceed"), lambda live: live.proceed(tx.now))


def settle(tx: Tx, row: InstanceRow, changes: Changes) -> None:
    """Write what a step of the engine means for people: tasks, incidents, the end of the work."""
    definition = package(tx, row.service_version_id).definition
    for item in changes.opened:
        open_task(tx, row, definition, item)
    if changes.closed:
        _close_tasks(tx, row.id, changes)
    if changes.removed:
        _resolve_incidents(tx, row.id, changes)
    for event in changes.events:
        if isinstance(event, engine.Incident):
            _open_incident(tx, row, event)
    if changes.status == "completed":
        journal.record(tx, Event.INSTANCE_WORK_DONE, row.id, region=row.region_code)
    tx.session.flush()
    if changes.pending:
        tx.after(proceed, row.id)
    else:
        _at_rest(tx, row.id)


def _at_rest(tx: Tx, instance_id: str) -> None:
    """Let the other features take their turn, now or for all instances of the transaction `together`."""
    gathered: dict[str, None] | None = tx.session.info.get("at_rest")
    if gathered is None:
        _run_follow_ups(tx, [instance_id])
    else:
        gathered[instance_id] = None


@contextmanager
def together(tx: Tx) -> Iterator[None]:
    """What follows from the commands inside is done once for all their instances, at the end."""
    gathered: dict[str, None] = {}
    tx.session.info["at_rest"] = gathered
    try:
        yield
    finally:
        del tx.session.info["at_rest"]
    _run_follow_ups(tx, list(gathered))


def _run_follow_ups(tx: Tx, instance_ids: Sequence[str]) -> None:
    for step in _follow_ups:
        step(tx, instance_ids)


def open_task(tx: Tx, row: InstanceRow, definition: Definition, item: engine.WorkItem) -> None:
    """A task has become ready: it gets its row, its deadline and its line in the journal."""
    card = definition.node(item.node_id).task
    rounds = tx.session.scalar(
        select(func.count())
        .select_from(TaskRow)
        .where(TaskRow.instance_id == row.id, TaskRow.node_id == item.node_id)
    )
    days = card.deadline_days if card else None
    adoption = quotes.adoption_of(tx, row.quote_id)
    task = TaskRow(
        id=tx.new_id(), instance_id=row.id, engine_task_id=item.task_id, node_id=item.node_id,
        round=(rounds or 0) + 1, skill=card.skill if card else "", ready_at=tx.now,
        due_at=adoptions.due(tx, adoption, item.node_id, days, tx.now),
    )  # fmt: skip
    tx.session.add(task)
    tx.session.flush()
    journal.record(
        tx, Event.TASK_READY, task.id, region=row.region_code,
        public={"instance": row.id, "node": task.node_id, "round": task.round},
    )  # fmt: skip


def _close_tasks(tx: Tx, instance_id: str, changes: Changes) -> None:
    """Withdraw the tasks that nobody completed."""
    tx.session.flush()
    states, closed = ("ready", "waiting_review"), changes.closed
    tx.session.execute(
        update(_TASK)
        .where(
            _TASK.c.instance_id == instance_id, _TASK.c.engine_task_id.in_(closed), _TASK.c.state.in_(states)
        )
        .values(state="cancelled")
    )  # fmt: skip
    for task in tx.session.identity_map.values():
        if isinstance(task, TaskRow) and task.engine_task_id in closed and task.state in states:
            set_committed_value(task, "state", "cancelled")


def _resolve_incidents(tx: Tx, instance_id: str, changes: Changes) -> None:
    """A step that failed and is gone, done or withdrawn, is no incident any more."""
    gone = [str(UUID(hex=task_id)) for task_id in changes.removed]
    tx.session.execute(
        update(_INCIDENT)
        .where(
            _INCIDENT.c.instance_id == instance_id, _INCIDENT.c.resolved_at.is_(None),
            _INCIDENT.c.engine_task_id.in_(gone),
        )
        .values(resolved_at=tx.now)
    )  # fmt: skip


def _open_incident(tx: Tx, row: InstanceRow, event: engine.Incident) -> None:
    tx.session.add(
        IncidentRow(
            id=tx.new_id(), instance_id=row.id, node_id=event.node_id, engine_task_id=event.task_id,
            code=event.code, message=event.message, params=dict(event.params), at=tx.now,
        )
    )  # fmt: skip
    journal.record(tx, Event.INCIDENT, row.id, region=row.region_code, public={"node": event.node_id})
