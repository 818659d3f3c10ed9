"""Reading instances and their tasks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select

from server.actor import Action, Object, can
from server.errors import NotFound
from server.instances.models import (
    ChangeRow,
    IncidentRow,
    InstanceRow,
    OutboxRow,
    SubscriptionRow,
    TaskRow,
    TimerRow,
)
from server.regions import service as regions
from server.runtime import Tx


def unassigned(tx: Tx, instance_ids: Sequence[str]) -> list[TaskRow]:
    """Ready tasks nobody has, oldest first."""
    return list(
        tx.session.scalars(
            select(TaskRow)
            .where(
                TaskRow.instance_id.in_(instance_ids), TaskRow.state == "ready", TaskRow.assignee_id.is_(None)
            )
            .order_by(TaskRow.id)
        )
    )


def open_tasks_by_person(tx: Tx, person_ids: Sequence[str]) -> dict[str, int]:
    """How many tasks each person has in hand."""
    counted = dict.fromkeys(person_ids, 0)
    rows = tx.session.execute(
        select(TaskRow.assignee_id, func.count())
        .where(TaskRow.assignee_id.in_(person_ids), TaskRow.state == "ready")
        .group_by(TaskRow.assignee_id)
    )
    counted.update({person: number for person, number in rows if person})
    return counted


def all_accepted(tx: Tx, ids: Sequence[str]) -> bool:
    """Whether there are instances and all of them are accepted (or further)."""
    done = ("accepted", "evaluated", "closed", "cancelled")
    open_ones = tx.session.scalar(
        select(func.count())
        .select_from(InstanceRow)
        .where(InstanceRow.id.in_(ids), InstanceRow.status.not_in(done))
    )
    return bool(ids) and not open_ones


def add_working_days(start: datetime, days: int) -> datetime:
    """The same hour, `days` working days (Monday to Friday) later."""
    day = start
    while days > 0:
        day += timedelta(days=1)
        if day.weekday() < 5:
            days -= 1
    return day


def instance(tx: Tx, instance_id: str) -> InstanceRow:
    """Raises NotFound."""
    row = tx.session.get(InstanceRow, instance_id)
    if row is None:
        raise NotFound(what="instance", key=instance_id)
    return row


def visible(tx: Tx, instance_id: str) -> InstanceRow:
    """The instance, if the actor may see it. Raises NotFound."""
    row = instance(tx, instance_id)
    if not can(tx.actor, Action.INSTANCE_READ, regions.place(tx, row.region_code)):
        raise NotFound(what="instance", key=instance_id)
    return row


def visible_task(tx: Tx, task_id: str) -> TaskRow:
    """The run-time task, if the actor may see it: a facilitator the own ones. Raises NotFound."""
    row = task_row(tx, task_id)
    if not can(tx.actor, Action.TASK_READ, task_object(tx, row)):
        raise NotFound(what="task", key=task_id)
    return row


def instances(tx: Tx, ids: Sequence[str]) -> dict[str, InstanceRow]:
    """Instances by id, oldest first; unknown ids are left out."""
    rows = tx.session.scalars(select(InstanceRow).where(InstanceRow.id.in_(ids)).order_by(InstanceRow.id))
    return {row.id: row for row in rows}


def task_row(tx: Tx, task_id: str) -> TaskRow:
    """Raises NotFound."""
    row = tx.session.get(TaskRow, task_id)
    if row is None:
        raise NotFound(what="task", key=task_id)
    return row


def task_object(tx: Tx, task: TaskRow) -> Object:
    """The task as an object of `can`: its region and whose it is."""
    row = instance(tx, task.instance_id)
    return Object(regions.region(tx, row.region_code).path, task.assignee_id)


def tasks_of_instance(tx: Tx, instance_id: str) -> list[TaskRow]:
    """All run-time tasks, in the order they became ready."""
    return list(
        tx.session.scalars(select(TaskRow).where(TaskRow.instance_id == instance_id).order_by(TaskRow.id))
    )


def tasks_of_instances(tx: Tx, instance_ids: Sequence[str]) -> list[TaskRow]:
    """The run-time tasks of these instances, in the order they became ready."""
    return list(
        tx.session.scalars(select(TaskRow).where(TaskRow.instance_id.in_(instance_ids)).order_by(TaskRow.id))
    )


def tasks_of_person(tx: Tx, person_id: str) -> list[TaskRow]:
    """Tasks given to a person that are not finished, the most urgent first."""
    rows = tx.session.scalars(
        select(TaskRow)
        .where(TaskRow.assignee_id == person_id, TaskRow.state.in_(("ready", "waiting_review")))
        .order_by(TaskRow.due_at, TaskRow.id)
    )
    return list(rows)


@dataclass(frozen=True, slots=True)
class NodeState:
    """What the live diagram shows at a node. state: waiting, late, done; count: run-time tasks in it."""

    state: str
    count: int


def node_states(tx: Tx, instance_ids: Sequence[str]) -> dict[str, NodeState]:
    """The state of each task node over these instances: late before waiting before done."""
    order = {"late": 0, "waiting": 1, "done": 2}
    found: dict[str, dict[str, int]] = {}
    for task in tasks_of_instances(tx, instance_ids):
        if task.state == "cancelled":
            continue
        state = "done" if task.state == "completed" else "waiting"
        if state == "waiting" and task.due_at is not None and task.due_at < tx.now:
            state = "late"
        counts = found.setdefault(task.node_id, {})
        counts[state] = counts.get(state, 0) + 1
    result = {}
    for node, counts in found.items():
        worst = min(counts, key=lambda s: order[s])
        result[node] = NodeState(worst, counts[worst])
    return result


def incidents(tx: Tx, instance_ids: Sequence[str]) -> list[IncidentRow]:
    """Incidents nobody has resolved."""
    return list(
        tx.session.scalars(
            select(IncidentRow)
            .where(IncidentRow.instance_id.in_(instance_ids), IncidentRow.resolved_at.is_(None))
            .order_by(IncidentRow.id)
        )
    )


def next_due(tx: Tx, row: InstanceRow) -> datetime | None:
    """When the instance's next timer falls due."""
    found = tx.session.scalar(select(func.min(TimerRow.due_at)).where(TimerRow.instance_id == row.id))
    return found or row.due_at


def timers(tx: Tx, instance_id: str) -> list[TimerRow]:
    """The timers that wait, the earliest first."""
    query = select(TimerRow).where(TimerRow.instance_id == instance_id)
    return list(tx.session.scalars(query.order_by(TimerRow.due_at, TimerRow.task_id)))


def due_timers(tx: Tx, instance_ids: Sequence[str]) -> dict[str, list[str]]:
    """The engine's tasks of the timers of these instances that have fallen due, the earliest first."""
    query = select(TimerRow.instance_id, TimerRow.task_id).where(
        TimerRow.instance_id.in_(instance_ids), TimerRow.due_at <= tx.now
    )
    found: dict[str, list[str]] = {}
    for instance_id, task_id in tx.session.execute(query.order_by(TimerRow.due_at, TimerRow.task_id)):
        found.setdefault(instance_id, []).append(task_id)
    return found


def subscriptions(tx: Tx, instance_id: str) -> list[SubscriptionRow]:
    """The messages and signals the instance waits for."""
    query = select(SubscriptionRow).where(SubscriptionRow.instance_id == instance_id)
    return list(tx.session.scalars(query.order_by(SubscriptionRow.node_id, SubscriptionRow.task_id)))


def changes(tx: Tx, instance_id: str) -> list[ChangeRow]:
    """Everything that changed the instance since it is kept as rows, oldest first."""
    query = select(ChangeRow).where(ChangeRow.instance_id == instance_id).order_by(ChangeRow.version)
    return list(tx.session.scalars(query))


def newest_versions(tx: Tx, instance_ids: Sequence[str]) -> dict[str, int]:
    """The number of the newest change of each instance; an instance without a history is left out."""
    newest = func.max(ChangeRow.version).label("newest")
    query = select(ChangeRow.instance_id, newest).where(ChangeRow.instance_id.in_(instance_ids))
    rows = tx.session.execute(query.group_by(ChangeRow.instance_id))
    return {row.instance_id: row.newest for row in rows}


def undone_requests(tx: Tx, instance_ids: Sequence[str]) -> list[OutboxRow]:
    """What these instances asked of the outside that is not done, oldest first; given up: no `next_try_at`."""
    return list(
        tx.session.scalars(
            select(OutboxRow)
            .where(OutboxRow.instance_id.in_(instance_ids), OutboxRow.done_at.is_(None))
            .order_by(OutboxRow.made_at, OutboxRow.id)
        )
    )
