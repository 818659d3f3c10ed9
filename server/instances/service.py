"""Process instances: starting them, completing their tasks, and who has which task.

The engine decides; this module keeps its state, one row per run-time task, and writes what happened.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

from sqlalchemy import func, select

from server.actor import Action, Object, can, require
from server.catalogue import service as catalogue
from server.errors import Conflict, NotFound, WrongState
from server.instances.models import (
    IncidentRow as IncidentRow,
)
from server.instances.models import (
    InstanceRow as InstanceRow,
)
from server.instances.models import (
    TaskRow as TaskRow,
)
from server.journal import service as journal
from server.journal.service import Event
from server.people import service as people
from server.quotes import service as quotes
from server.regions import service as regions
from server.requests import service as requests
from server.runtime import Tx
from workflows import engine
from workflows.definitions.model import Definition
from workflows.engine import InstanceState, Program, Step


class Command(Protocol):
    """An engine command that needs nothing but the instance's state."""

    def __call__(self, program: Program, state: InstanceState, *, now: datetime) -> Step: ...


class PersonLeft(Conflict):
    code = "person-left"
    message = "%(name)s has left and takes no more tasks. Choose somebody else."


class NotFunded(Conflict):
    code = "not-funded"
    message = "The quote is %(state)s. Accept a quote first: nothing runs unfunded."


class AlreadyCompleted(Conflict):
    code = "task-completed"
    message = "This task was completed on %(when)s already."


def start(
    tx: Tx, *, request_id: str, version_id: str, quote_id: str, project_id: str | None,
    parameters: Mapping[str, Any],
) -> str:  # fmt: skip
    """Start the service a request asked for, under an accepted quote. Returns the instance's id.

    A request is started once. Raises NotFunded, WrongState.
    """
    request = requests.request(tx, request_id)
    require(tx.actor, Action.PROJECT_START, regions.place(tx, request.region_code))
    quote = quotes.quote_row(tx, quote_id)
    if quote.status != "accepted" or quote.service_version_id != version_id:
        raise NotFunded(state=quote.status)
    requests.accept(tx, request_id)
    package = catalogue.package(tx, version_id)
    program = engine.program(package.definition)
    step = engine.start(program, dict(parameters), now=tx.now)
    row = InstanceRow(
        id=tx.new_id(), project_id=project_id, request_id=request_id, service_version_id=version_id,
        quote_id=quote_id, region_code=request.region_code, state=step.state.document,
        engine=step.state.engine, data=_plain(step.data), due_at=step.next_due, started_at=tx.now,
    )  # fmt: skip
    tx.session.add(row)
    tx.session.flush()
    journal.record(
        tx, Event.INSTANCE_STARTED, row.id, region=row.region_code,
        public={"service": package.code, "version": package.version, "quote": quote.digest},
    )  # fmt: skip
    _apply(tx, row, step, package.definition)
    return row.id


def complete(tx: Tx, task_id: str, answers: Mapping[str, Any], *, by: str) -> None:
    """Complete a run-time task with what its form answered; the engine goes on to the next tasks.

    answers: only what conditions and quantities name is kept in the instance. by: person id.
    Raises AlreadyCompleted.
    """
    task = task_row(tx, task_id)
    row = _locked(tx, task.instance_id)
    if task.state == "completed":
        raise AlreadyCompleted(when=task.completed_at)
    if task.state == "cancelled" or row.status == "cancelled":
        raise WrongState(what="task", state="cancelled")
    definition, program = _program(tx, row)
    named = {name: value for name, value in answers.items() if name in program.names}
    state = InstanceState(row.state, row.engine)
    step = engine.complete(program, state, task.engine_task_id, named, now=tx.now)
    task.state, task.completed_at, task.completed_by = "completed", tx.now, by
    _keep(row, step)
    tx.session.flush()
    journal.record(
        tx, Event.TASK_COMPLETED, task.id, region=row.region_code,
        public={"instance": row.id, "node": task.node_id, "round": task.round},
    )  # fmt: skip
    _apply(tx, row, step, definition)


def due(tx: Tx, limit: int = 200) -> list[str]:
    """Ids of running instances whose next timer is due, the longest overdue first."""
    return list(
        tx.session.scalars(
            select(InstanceRow.id)
            .where(InstanceRow.status == "running", InstanceRow.due_at <= tx.now)
            .order_by(InstanceRow.due_at, InstanceRow.id)
            .limit(limit)
        )
    )


def fire_timers(tx: Tx, instance_id: str) -> None:
    """Fire the timers of an instance that are due; one that a paused server missed fires once."""
    row = _locked(tx, instance_id)
    if row.status == "running" and row.due_at is not None and row.due_at <= tx.now:
        _step(tx, row, engine.fire_timers)


def retry(tx: Tx, instance_id: str) -> None:
    """Try the automatic steps that failed again; what fails again is a new incident."""
    row = _locked(tx, instance_id)
    require(tx.actor, Action.PROJECT_START, regions.place(tx, row.region_code))
    if row.status != "running":
        raise WrongState(what="instance", state=row.status)
    for incident in incidents(tx, [instance_id]):
        incident.resolved_at = tx.now
    _step(tx, row, engine.retry)


def _locked(tx: Tx, instance_id: str) -> InstanceRow:
    row = tx.session.get(InstanceRow, instance_id, with_for_update=True, populate_existing=True)
    if row is None:
        raise NotFound(what="instance", key=instance_id)
    return row


def _step(tx: Tx, row: InstanceRow, command: Command) -> None:
    """Let the engine go on from the instance's state, and write what it changed."""
    definition, program = _program(tx, row)
    step = command(program, InstanceState(row.state, row.engine), now=tx.now)
    _keep(row, step)
    tx.session.flush()
    _apply(tx, row, step, definition)


def _keep(row: InstanceRow, step: Step) -> None:
    row.state, row.engine, row.due_at = step.state.document, step.state.engine, step.next_due
    row.data = _plain(step.data)


def _program(tx: Tx, row: InstanceRow) -> tuple[Definition, Program]:
    definition = catalogue.package(tx, row.service_version_id).definition
    return definition, engine.program(definition)


def _plain(data: Mapping[str, Any]) -> dict[str, Any]:
    """Values as JSON keeps them: decimals and dates as text."""
    return {
        k: v if isinstance(v, (bool, int, str, type(None), list, dict)) else str(v) for k, v in data.items()
    }


def _apply(tx: Tx, row: InstanceRow, step: Step, definition: Definition) -> None:
    """Write what an engine step changed: new tasks, cancelled ones, incidents, the end of the work."""
    known = {t.engine_task_id: t for t in tasks_of_instance(tx, row.id)}
    for item in step.ready:
        if item.task_id not in known:
            _open_task(tx, row, definition, item)
    open_now = {item.task_id for item in step.ready}
    for engine_id, task in known.items():
        if task.state in ("ready", "waiting_review") and engine_id not in open_now:
            task.state = "cancelled"
    for event in step.events:
        if isinstance(event, engine.Incident):
            _open_incident(tx, row, event)
    if step.status == "completed" and row.status == "running":
        row.status = "work_done"
        journal.record(tx, Event.INSTANCE_WORK_DONE, row.id, region=row.region_code)
    tx.session.flush()


def _open_task(tx: Tx, row: InstanceRow, definition: Definition, item: engine.WorkItem) -> None:
    card = definition.nodes[item.node_id].task
    rounds = tx.session.scalar(
        select(func.count())
        .select_from(TaskRow)
        .where(TaskRow.instance_id == row.id, TaskRow.node_id == item.node_id)
    )
    days = card.deadline_days if card else None
    task = TaskRow(
        id=tx.new_id(), instance_id=row.id, engine_task_id=item.task_id, node_id=item.node_id,
        round=(rounds or 0) + 1, skill=card.skill if card else "", ready_at=tx.now,
        due_at=add_working_days(tx.now, days) if days else None,
    )  # fmt: skip
    tx.session.add(task)
    tx.session.flush()
    journal.record(
        tx, Event.TASK_READY, task.id, region=row.region_code,
        public={"instance": row.id, "node": task.node_id, "round": task.round},
    )  # fmt: skip


def _open_incident(tx: Tx, row: InstanceRow, event: engine.Incident) -> None:
    tx.session.add(
        IncidentRow(
            id=tx.new_id(), instance_id=row.id, node_id=event.node_id, message=event.text(), at=tx.now
        )
    )
    journal.record(tx, Event.INCIDENT, row.id, region=row.region_code, public={"node": event.node_id})


def add_working_days(start: datetime, days: int) -> datetime:
    """The same hour, `days` working days (Monday to Friday) later."""
    day = start
    while days > 0:
        day += timedelta(days=1)
        if day.weekday() < 5:
            days -= 1
    return day


def assign(tx: Tx, task_id: str, person_id: str) -> None:
    """Give a ready task to a facilitator who has its skill; also to another one than before.

    Raises PersonLeft, WrongState, NotFound (not the skill).
    """
    task = task_row(tx, task_id)
    row = instance(tx, task.instance_id)
    require(tx.actor, Action.TASK_ASSIGN, regions.place(tx, row.region_code))
    if task.state != "ready":
        raise WrongState(what="task", state=task.state)
    person = people.person(tx, person_id)
    if person.left_at is not None:
        raise PersonLeft(name=person.name)
    if task.skill and task.skill not in {s.skill for s in person.skills}:
        raise NotFound(what=f"person with the skill {task.skill}", key=person.name)
    task.assignee_id = person_id
    tx.session.flush()
    journal.record(
        tx, Event.TASK_ASSIGNED, task_id, region=row.region_code, public={"skill": task.skill},
        private={"person": person_id},
    )  # fmt: skip


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


def mark_waiting_review(tx: Tx, task_id: str) -> None:
    """The task's work is handed over and its token waits for the acceptance."""
    task = task_row(tx, task_id)
    if task.state == "ready":
        task.state = "waiting_review"
        tx.session.flush()


def mark_accepted(tx: Tx, instance_id: str) -> None:
    """The instance's work is done and all its deliveries are accepted."""
    row = tx.session.get(InstanceRow, instance_id, with_for_update=True)
    if row is not None and row.status == "work_done":
        row.status, row.ended_at = "accepted", tx.now
        tx.session.flush()
        journal.record(tx, Event.INSTANCE_ACCEPTED, instance_id, region=row.region_code)


def all_accepted(tx: Tx, ids: Sequence[str]) -> bool:
    """Whether there are instances and all of them are accepted (or further)."""
    done = ("accepted", "evaluated", "closed", "cancelled")
    open_ones = tx.session.scalar(
        select(func.count())
        .select_from(InstanceRow)
        .where(InstanceRow.id.in_(ids), InstanceRow.status.not_in(done))
    )
    return bool(ids) and not open_ones


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
