"""Process instances: starting them, every command on them, and who has which task.

The engine decides; this module asks who may, hands the command on, and says it in the words of the business.
Each command takes the client's `command_id` where there is one: the same id is carried out once, and asking
again is answered as the first time.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.orm.attributes import set_committed_value

from server.actor import Action, require
from server.catalogue import service as catalogue
from server.errors import Conflict, Forbidden, NotFound, WrongState
from server.instances import commands
from server.instances.commands import follow_up as follow_up
from server.instances.commands import proceed as proceed
from server.instances.conditions import recheck as recheck
from server.instances.conditions import waiting_for_time as waiting_for_time
from server.instances.history import Change as Change
from server.instances.history import given_back_by as given_back_by
from server.instances.history import history as history
from server.instances.migration import Report as Report
from server.instances.migration import migrate as migrate
from server.instances.models import ChangeRow as ChangeRow
from server.instances.models import IncidentRow as IncidentRow
from server.instances.models import InstanceRow as InstanceRow
from server.instances.models import OutboxRow as OutboxRow
from server.instances.models import TaskRow as TaskRow
from server.instances.models import TimerRow
from server.instances.outbox import due_requests as due_requests
from server.instances.outbox import perform as perform
from server.instances.outbox import try_again
from server.instances.rows import NodeState as NodeState
from server.instances.rows import add_working_days as add_working_days
from server.instances.rows import all_accepted as all_accepted
from server.instances.rows import due_timers as due_timers
from server.instances.rows import incidents as incidents
from server.instances.rows import instance as instance
from server.instances.rows import instances as instances
from server.instances.rows import newest_versions as newest_versions
from server.instances.rows import next_due as next_due
from server.instances.rows import node_states as node_states
from server.instances.rows import open_tasks_by_person as open_tasks_by_person
from server.instances.rows import subscriptions as subscriptions
from server.instances.rows import task_object as task_object
from server.instances.rows import task_row as task_row
from server.instances.rows import tasks_of_instance as tasks_of_instance
from server.instances.rows import tasks_of_instances as tasks_of_instances
from server.instances.rows import tasks_of_person as tasks_of_person
from server.instances.rows import timers as timers
from server.instances.rows import unassigned as unassigned
from server.instances.rows import undone_requests as undone_requests
from server.instances.rows import visible as visible
from server.instances.rows import visible_task as visible_task
from server.instances.store import Command, Outcome
from server.journal import service as journal
from server.journal.service import Event
from server.people import service as people
from server.quotes import service as quotes
from server.regions import service as regions
from server.requests import service as requests
from server.runtime import Tx
from workflows import engine

_TIMERS_LOCK = 7_263_002
"""First key of the PostgreSQL advisory lock of a sweep that fires an instance's timers."""


class PersonLeft(Conflict):
    code = "person-left"
    message = "%(name)s has left and takes no more tasks. Choose somebody else."


class NotFunded(Conflict):
    code = "not-funded"
    message = "The quote is %(state)s. Accept a quote first: nothing runs unfunded."


class AlreadyCompleted(Conflict):
    code = "task-completed"
    message = "This task was completed by %(who)s on %(when)s already."


class TaskTaken(Conflict):
    code = "task-taken"
    message = "%(who)s has this task already. Choose another one."


# Starting and completing ------------------------------------------------------------------------------


def start(
    tx: Tx, *, request_id: str, version_id: str, quote_id: str, project_id: str | None,
    parameters: Mapping[str, Any], command_id: str | None = None,
) -> str:  # fmt: skip
    """Start the service a request asked for, under an accepted quote. Returns the instance's id.

    A request is started once. Raises NotFunded, WrongState.
    """
    request = requests.request(tx, request_id)
    require(tx.actor, Action.PROJECT_START, regions.place(tx, request.region_code))
    command = commands.ask(
        tx, "start", request_id, version_id, quote_id, dict(parameters), command_id=command_id
    )
    known = commands.work(tx).known(command) if command_id else None
    if known is not None:
        return known.instance_id
    quote = quotes.quote_row(tx, quote_id)
    if quote.status != "accepted" or quote.service_version_id != version_id:
        raise NotFunded(state=quote.status)
    catalogue.usable_version(tx, version_id)
    requests.accept(tx, request_id)
    package = catalogue.package(tx, version_id)
    made = engine.Instance.new(commands.programs(tx)(version_id), dict(parameters), now=tx.now)
    row = InstanceRow(
        id=tx.new_id(), project_id=project_id, request_id=request_id, service_version_id=version_id,
        quote_id=quote_id, region_code=request.region_code, state=b"", engine="", data={}, started_at=tx.now,
    )  # fmt: skip
    tx.session.add(row)
    tx.session.flush()
    journal.record(
        tx, Event.INSTANCE_STARTED, row.id, region=row.region_code,
        public={"service": package.code, "version": package.version, "quote": quote.digest},
    )  # fmt: skip
    commands.begin(tx, row, made, command)
    return row.id


def complete(
    tx: Tx, task_id: str, answers: Mapping[str, Any], *, by: str, command_id: str | None = None
) -> None:
    """Complete a run-time task with what its form answered.

    What follows without evaluating anything is there at once; the rest runs when this is committed.
    answers: only what conditions and quantities name is kept in the instance. by: person id.
    Raises AlreadyCompleted, which says who did it and when.
    """
    task = _locked_task(tx, task_id)
    row = instance(tx, task.instance_id)
    # of all answers: what is kept of them depends on the version, which a migration changes
    command = commands.ask(tx, "complete", task_id, dict(answers), command_id=command_id, by=by)
    if command_id and commands.work(tx).known(command) is not None:
        return
    _check_open(tx, task, row)
    names = commands.programs(tx)(row.service_version_id).names
    named = {name: value for name, value in answers.items() if name in names}
    try:
        outcome = commands.execute(
            tx, row, command, lambda live: live.complete(task.engine_task_id, named, tx.now)
        )
    except engine.TaskNotReady:
        tx.session.refresh(task)
        _check_open(tx, task, row)
        raise
    if outcome.changes is None:
        return
    task.state, task.completed_at, task.completed_by = "completed", tx.now, by
    tx.session.flush()
    journal.record(
        tx, Event.TASK_COMPLETED, task.id, region=row.region_code,
        public={"instance": row.id, "node": task.node_id, "round": task.round},
    )  # fmt: skip
    commands.settle(tx, row, outcome.changes)


def _check_open(tx: Tx, task: TaskRow, row: InstanceRow) -> None:
    if task.state == "completed":
        raise AlreadyCompleted(who=_name(tx, task.completed_by), when=task.completed_at)
    if task.state == "cancelled" or row.status == "cancelled":
        raise WrongState(what="task", state="cancelled")


def _locked_task(tx: Tx, task_id: str) -> TaskRow:
    row = tx.session.get(TaskRow, task_id, with_for_update=True, populate_existing=True)
    if row is None:
        raise NotFound(what="task", key=task_id)
    return row


def _name(tx: Tx, person_id: str | None) -> str:
    known = people.people(tx, [person_id]) if person_id else {}
    return known[person_id].name if person_id in known else "RUN"


# Time, messages, failures -----------------------------------------------------------------------------


def due(tx: Tx, after: tuple[datetime, str] | None = None, limit: int = 500) -> list[tuple[datetime, str]]:
    """When timers fell due, and of which instance: the longest overdue first, from after `after`.

    An instance comes as often as it has timers that are due.
    """
    waiting = select(TimerRow.due_at.label("due_at"), TimerRow.instance_id.label("id")).where(
        TimerRow.due_at <= tx.now
    )
    # a document of release 0.1.0 has its timers inside
    kept = select(InstanceRow.due_at, InstanceRow.id).where(
        InstanceRow.status == "running", InstanceRow.due_at <= tx.now
    )
    both = waiting.union_all(kept).subquery()
    query = select(both.c.due_at, both.c.id).order_by(both.c.due_at, both.c.id).limit(limit)
    if after is not None:
        at, key = after
        query = query.where((both.c.due_at > at) | ((both.c.due_at == at) & (both.c.id > key)))
    return [(at, key) for at, key in tx.session.execute(query)]


@contextmanager
def together(tx: Tx, instance_ids: Sequence[str]) -> Iterator[None]:
    """Fire the timers of these instances: what is read, and what follows, is read and done once for all of them."""
    alone = _alone(tx, instance_ids)
    with commands.together(tx, alone) as batch:
        batch.due = due_timers(tx, alone)
        yield


def fire_timers(tx: Tx, instance_id: str) -> None:
    """Fire the timers of an instance that are due, each once, and all that follows.

    Two sweeps at once do not both fire: the second one finds the first at work, or nothing due any more.
    """
    batch = commands.batch_of(tx)
    if batch is None:
        with together(tx, [instance_id]):
            fire_timers(tx, instance_id)
        return
    row = batch.rows.get(instance_id)
    if row is None or row.status != "running":
        return
    due_now = batch.due.get(instance_id, ())
    if row.due_at is not None and row.due_at <= tx.now:
        _fire_document(tx, row)
        due_now = due_timers(tx, [instance_id]).get(instance_id, ())
    for engine_task_id in due_now:
        if row.status == "running":
            _fire(tx, row, engine_task_id)


def _fire_document(tx: Tx, row: InstanceRow) -> None:
    """The timers of a state that is a document: found in it, and rows from the first one on."""
    _, live = commands.work(tx).open(row.id, commands.programs(tx), tx.now)
    for timer in sorted((t for t in live.timers if t.due <= tx.now), key=lambda t: t.due):
        _fire(tx, row, timer.task_id)


def _fire(tx: Tx, row: InstanceRow, engine_task_id: str) -> None:
    command = commands.ask(tx, "fire timer", engine_task_id)
    try:
        commands.carry_out(tx, row, command, lambda live: live.fire_timer(engine_task_id, tx.now))
    except engine.TaskNotReady:
        return  # what fired before it in this sweep withdrew it
    if row.pending:
        proceed(tx, row.id)


def _alone(tx: Tx, instance_ids: Sequence[str]) -> list[str]:
    """The instances at which no other sweep is; for the rest of the transaction."""
    if tx.session.get_bind().dialect.name != "postgresql":
        return list(instance_ids)  # one writer at a time
    query = text(
        "SELECT id FROM unnest(CAST(:ids AS text[])) AS id WHERE pg_try_advisory_xact_lock(:one, hashtext(id))"
    )
    return list(tx.session.scalars(query, {"one": _TIMERS_LOCK, "ids": list(instance_ids)}))


def pending(tx: Tx, limit: int = 500) -> list[str]:
    """Instances whose automatic steps wait: something stopped between a person's step and what follows."""
    query = select(InstanceRow.id).where(text("pending"), InstanceRow.status == "running")
    return list(tx.session.scalars(query.order_by(InstanceRow.id).limit(limit)))


def deliver_message(
    tx: Tx, instance_id: str, name: str, values: Mapping[str, Any], *, key: str = "",
    command_id: str | None = None,
) -> Outcome:  # fmt: skip
    """Hand a message to what waits for it in the instance. Raises MessageNotExpected."""
    row = _changeable(tx, instance_id)
    command = commands.ask(tx, "deliver", instance_id, name, key, dict(values), command_id=command_id)
    return commands.carry_out(
        tx, row, command, lambda live: live.deliver(name, commands.named(live, values), tx.now, key=key)
    )


def signal(
    tx: Tx, instance_id: str, name: str, values: Mapping[str, Any], *, command_id: str | None = None
) -> Outcome:
    """Let everything in the instance that waits for a signal have it."""
    row = _changeable(tx, instance_id)
    command = commands.ask(tx, "signal", instance_id, name, dict(values), command_id=command_id)
    return commands.carry_out(
        tx, row, command, lambda live: live.signal(name, commands.named(live, values), tx.now)
    )


def retry(tx: Tx, instance_id: str, *, command_id: str | None = None) -> Outcome:
    """Try the automatic steps that failed, and messages nobody waited for, again.

    It happens when this is committed; what fails again is a new incident.
    """
    row = _changeable(tx, instance_id)
    command = commands.ask(tx, "retry", instance_id, command_id=command_id)
    known = commands.work(tx).known(command) if command_id else None
    if known is not None:
        return known
    if row.status != "running":
        raise WrongState(what="instance", state=row.status)
    for incident in incidents(tx, [instance_id]):
        incident.resolved_at = tx.now
    try_again(tx, instance_id)
    return commands.carry_out(tx, row, command, lambda live: live.retry(tx.now))


def cancel(tx: Tx, instance_id: str, *, reason: str, command_id: str | None = None) -> Outcome:
    """End an instance: its open tasks are withdrawn; what was delivered stays and is paid when accepted."""
    row = _changeable(tx, instance_id)
    require(tx.actor, Action.INSTANCE_CHANGE, regions.place(tx, row.region_code))
    command = commands.ask(tx, "cancel", instance_id, reason, command_id=command_id)
    outcome = commands.execute(tx, row, command, lambda live: live.cancel(tx.now))
    if outcome.changes is not None:
        row.ended_at = tx.now
        for incident in incidents(tx, [instance_id]):
            incident.resolved_at = tx.now
        journal.record(
            tx, Event.INSTANCE_CANCELLED, instance_id, region=row.region_code, private={"reason": reason}
        )
        commands.settle(tx, row, outcome.changes)
    return outcome


def add_deadline(tx: Tx, task_id: str, node_id: str, *, command_id: str | None = None) -> Outcome:
    """Attach a boundary event of the diagram to a task that is open already, as after a migration."""
    task = task_row(tx, task_id)
    row = _changeable(tx, task.instance_id)
    command = commands.ask(tx, "add deadline", task_id, node_id, command_id=command_id)
    return commands.carry_out(
        tx, row, command, lambda live: live.add_deadline(task.engine_task_id, node_id, tx.now)
    )


def _changeable(tx: Tx, instance_id: str) -> InstanceRow:
    """The instance, if the actor may change its course. Raises NotFound, Forbidden."""
    row = instance(tx, instance_id)
    require(tx.actor, Action.INSTANCE_CHANGE, regions.place(tx, row.region_code))
    return row


# Who has a task ---------------------------------------------------------------------------------------


def assign(tx: Tx, task_id: str, person_id: str, *, command_id: str | None = None) -> None:
    """Give a ready task to a facilitator who has its skill; also to another one than before.

    Raises PersonLeft, WrongState, NotFound (not the skill).
    """
    task = _locked_task(tx, task_id)
    row = instance(tx, task.instance_id)
    require(tx.actor, Action.TASK_ASSIGN, regions.place(tx, row.region_code))
    command = commands.ask(tx, "assign", task_id, person_id, command_id=command_id)
    if command_id and commands.work(tx).known(command) is not None:
        return
    if task.state != "ready":
        raise WrongState(what="task", state=task.state)
    _check_able(tx, task, person_id)
    _assigned(tx, task, row, person_id, command)


def give_by_rule(tx: Tx, given: Sequence[tuple[TaskRow, str]]) -> None:
    """Give free tasks, each to somebody whom the rule has found able; for `projects`, which knows the rule."""
    for task, person_id in given:
        task.assignee_id = person_id
    tx.session.flush()
    entries = []
    for task, person_id in given:
        row = instance(tx, task.instance_id)
        command = commands.ask(tx, "assign", task.id, person_id)
        _note_holder(tx, task, row, person_id, command)
        entries.append(_assignment(task, row, person_id))
    journal.record_all(tx, entries)


def _assigned(tx: Tx, task: TaskRow, row: InstanceRow, person_id: str, command: Command) -> None:
    _give(tx, task, row, person_id, command)
    journal.record_all(tx, [_assignment(task, row, person_id)])


def _assignment(task: TaskRow, row: InstanceRow, person_id: str) -> journal.Entry:
    return journal.Entry(
        Event.TASK_ASSIGNED, task.id, row.region_code, {"skill": task.skill}, {"person": person_id}
    )


def claim(tx: Tx, task_id: str, *, command_id: str | None = None) -> None:
    """Take a free task for oneself, with the skill for it; taking one's own again changes nothing.

    Raises TaskTaken, AlreadyCompleted, PersonLeft, WrongState, NotFound (not the skill).
    """
    task = _locked_task(tx, task_id)
    row = instance(tx, task.instance_id)
    require(tx.actor, Action.TASK_CLAIM, regions.place(tx, row.region_code))
    person_id = tx.actor.person_id
    if person_id is None:
        raise Forbidden(action=Action.TASK_CLAIM.value)
    command = commands.ask(tx, "claim", task_id, person_id, command_id=command_id, by=person_id)
    if command_id and commands.work(tx).known(command) is not None:
        return
    _check_open(tx, task, row)
    if task.assignee_id == person_id:
        return
    if task.assignee_id is not None:
        raise TaskTaken(who=_name(tx, task.assignee_id))
    if task.state != "ready":
        raise WrongState(what="task", state=task.state)
    _check_able(tx, task, person_id)
    _assigned(tx, task, row, person_id, command)


def give_back(tx: Tx, task_id: str, *, command_id: str | None = None) -> None:
    """Give a task back that one cannot do: it is free again, and not given to the same person by the rule."""
    task = _locked_task(tx, task_id)
    row = instance(tx, task.instance_id)
    command = commands.ask(
        tx, "return", task_id, command_id=command_id, by=tx.actor.person_id or tx.actor.user_id
    )
    if command_id and commands.work(tx).known(command) is not None:
        return
    require(tx.actor, Action.TASK_SUBMIT, task_object(tx, task))
    _check_open(tx, task, row)
    if task.state != "ready":
        raise WrongState(what="task", state=task.state)
    _give(tx, task, row, None, command)
    journal.record(tx, Event.TASK_RETURNED, task_id, region=row.region_code, public={"skill": task.skill})


def _check_able(tx: Tx, task: TaskRow, person_id: str) -> None:
    person = people.person(tx, person_id)
    if person.left_at is not None:
        raise PersonLeft(name=person.name)
    if task.skill and task.skill not in {s.skill for s in person.skills}:
        raise NotFound(what=f"person with the skill {task.skill}", key=person.name)


def _give(tx: Tx, task: TaskRow, row: InstanceRow, person_id: str | None, command: Command) -> None:
    task.assignee_id = person_id
    tx.session.flush()
    _note_holder(tx, task, row, person_id, command)


def _note_holder(tx: Tx, task: TaskRow, row: InstanceRow, person_id: str | None, command: Command) -> None:
    """Write into the history who has a task now, or who gave it back."""
    content = {
        "task_id": task.engine_task_id, "node_id": task.node_id, "person": person_id or command.actor,
    }  # fmt: skip
    name = "task_assigned" if person_id else "task_returned"
    outcome = commands.work(tx).note(row.id, command, [(name, content)])
    set_committed_value(row, "version", outcome.version)


def free_tasks(tx: Tx, project_ids: list[str], skills: set[str]) -> list[TaskRow]:
    """Ready tasks of these projects that nobody has and that one of these skills can do, oldest first."""
    query = (
        select(TaskRow)
        .join(InstanceRow, InstanceRow.id == TaskRow.instance_id)
        .where(
            InstanceRow.project_id.in_(project_ids), TaskRow.state == "ready", TaskRow.assignee_id.is_(None),
            TaskRow.skill.in_({*skills, ""}),
        )
        .order_by(TaskRow.id)
    )  # fmt: skip
    return list(tx.session.scalars(query))


# What follows from deliveries -------------------------------------------------------------------------


def mark_waiting_review(tx: Tx, task_id: str) -> None:
    """The task's work is handed over and its token waits for the acceptance."""
    task = task_row(tx, task_id)
    if task.state == "ready":
        task.state = "waiting_review"
        tx.session.flush()


def mark_accepted(tx: Tx, instance_id: str) -> None:
    """The instance's work is done and all its deliveries are accepted."""
    tx.session.flush()
    row = tx.session.get(InstanceRow, instance_id, with_for_update=True, populate_existing=True)
    if row is not None and row.status == "work_done":
        row.status, row.ended_at = "accepted", tx.now
        tx.session.flush()
        journal.record(tx, Event.INSTANCE_ACCEPTED, instance_id, region=row.region_code)


def running(tx: Tx, instance_ids: list[str]) -> list[InstanceRow]:
    """Those of the instances that run, oldest first."""
    query = select(InstanceRow).where(InstanceRow.id.in_(instance_ids), InstanceRow.status == "running")
    return list(tx.session.scalars(query.order_by(InstanceRow.id)))
