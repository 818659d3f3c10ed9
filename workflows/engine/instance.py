"""A live instance: kept in memory between its commands, each of which tells what changed.

Idea: a command does one thing and everything that follows from it without evaluating anything: tokens move
along flows, through parallel gateways, to people. Steps that evaluate - conditions, scripts, decisions, computed
timers - wait for `proceed`, so that what a person did can be committed before anything of the diagram's author
can fail. Moves that evaluate nothing always go first, so the order is the same whether or not there is a commit
in between. A step that fails is held as an incident and the others go on. Should SpiffWorkflow or we fail
half-way through a step, the instance is set back to its last rows, the command is done again up to that step,
and the step is held: no half step is kept.
Sources: BPMN 2.0.2 (OMG formal/2013-12-09), clause 13.
"""

# ruff: noqa: SLF001

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from workflows.engine import attachments, documents, gateways, nodes, rows, spiff
from workflows.engine.errors import (
    Deadlock,
    EndlessLoop,
    EngineError,
    InstanceEnded,
    MessageNotExpected,
    OperationNotDone,
    StateUnreadable,
    StepFailed,
    TaskNotReady,
)
from workflows.engine.expressions import Context, shortened
from workflows.engine.programs import Program
from workflows.engine.records import Changes, Records, Subscription, Timer
from workflows.engine.steps import (
    Incident,
    InstanceState,
    ProcessCancelled,
    ProcessCompleted,
    Status,
    WorkItem,
)
from workflows.engine.values import copied, kept

MAX_STEPS: Final = 5_000
"""Automatic steps of one command."""
_MAX_REPLAYS: Final = 20


class _HalfStep(Exception):
    """An unforeseen failure in the automatic step of this number; a signal, never seen outside."""

    def __init__(self, number: int, cause: Exception) -> None:
        super().__init__(number)
        self.number = number
        self.cause = cause


class Instance:
    """A process instance in memory; for one thread at a time.

    Every command raises InstanceEnded when the instance is over. A command that raises an EngineError has
    changed nothing. broken: another exception came out of a command; forget this object and load its rows.
    """

    def __init__(self, program: Program, running: spiff.Running, status: Status = "running") -> None:
        self.program = program
        self.status: Status = status
        self.broken = False
        self._running = running
        self._rows = rows.Rows(running, program.lanes)
        self._steps = 0
        self._failed: dict[int, Exception] = {}
        self._planted: tuple[dict[str, Any], str] | None = None

    @classmethod
    def new(
        cls, program: Program, data: Mapping[str, Any], *, now: datetime, start_event: str = ""
    ) -> Instance:
        """An instance that has not done anything yet: call `start`. Raises DataRefused, StartUnknown.

        start_event: id of the start event to begin at, "" = the usual one.
        """
        running = spiff.Running(program.root, program.scopes, _utc(now))
        instance = cls(program, running)
        instance._planted = kept(data), program.entry(start_event)
        _plant(running, *instance._planted)
        return instance

    @classmethod
    def load(cls, program: Program, records: Records, *, now: datetime) -> Instance:
        """The instance of these rows. Raises StateUnreadable, or InstanceEnded when it is over."""
        if records.definition != program.sha256:
            raise StateUnreadable(why="it belongs to another version of the definition")
        if records.status != "running":
            raise InstanceEnded(status=records.status)
        instance = cls(program, spiff.Running(program.root, program.scopes, _utc(now)))
        try:
            instance._rows = rows.restore(instance._running, program.lanes, records)
        except (ValueError, KeyError, TypeError, IndexError, AttributeError) as error:
            raise StateUnreadable(why="it is damaged") from error
        return instance

    @classmethod
    def from_document(cls, program: Program, state: InstanceState, *, now: datetime) -> Instance:
        """The instance of a document, also one of release 0.1.0; raises as `load`."""
        return cls.load(program, documents.read(state), now=now)

    # commands

    def start(self, now: datetime) -> Changes:
        """Go from the start to the first tasks, as far as nothing is evaluated."""
        return self._apply(now, _nothing)

    def complete(self, task_id: str, data: Mapping[str, Any], now: datetime) -> Changes:
        """Complete a ready task. Raises TaskNotReady, DataRefused."""

        def act() -> None:
            task = self._task(task_id)
            if task._state != spiff.READY or not task.task_spec.manual:
                raise TaskNotReady(task_id=task_id)
            if data:
                self._running.assign(task.scope, kept(data))
            task.run()
            self._running.settle(task.workflow)

        return self._apply(now, act)

    def deliver(self, name: str, data: Mapping[str, Any], now: datetime, key: str = "") -> Changes:
        """Hand a message to the event or task that has waited longest for it. Raises MessageNotExpected, DataRefused.

        key: which message it is; one with a key is also taken by who waits for any.
        """

        def act() -> None:
            for task in self._running.waiting_for("message", name):
                if task.awaits is not None and task.awaits.key in ("", key):
                    self._running.assign(task.scope, kept(data))
                    task.occur()
                    return
            raise MessageNotExpected(message=name)

        return self._apply(now, act)

    def signal(self, name: str, data: Mapping[str, Any], now: datetime) -> Changes:
        """Let everything that waits for the signal have it; nothing may wait for it. Raises DataRefused."""

        def act() -> None:
            values = kept(data)
            for task in self._running.waiting_for("signal", name):
                if task.state == spiff.WAITING:  # one before may have interrupted it
                    self._running.assign(task.scope, values)
                    task.occur()

        return self._apply(now, act)

    def fire_timer(self, task_id: str, now: datetime) -> Changes:
        """Fire a timer that is due. Raises TaskNotReady when it is not, or waits no longer."""

        def act() -> None:
            task = self._task(task_id)
            timer = self._rows.timers.get(task.id)
            if timer is None or timer.due > self._running.now:
                raise TaskNotReady(task_id=task_id)
            task.occur()

        return self._apply(now, act)

    def operation_done(self, task_id: str, result: object, now: datetime) -> Changes:
        """Take what the operation of a service task gave. Raises TaskNotReady, DataRefused."""

        def act() -> None:
            task = self._asked(task_id)
            self._running.assign(task.scope, kept(task.task_spec.result_of(task, result)))
            task.occur()

        return self._apply(now, act)

    def operation_failed(self, task_id: str, why: str, now: datetime) -> Changes:
        """The operation of a service task failed for good: an incident, `retry` asks again. Raises TaskNotReady."""

        def act() -> None:
            task = self._asked(task_id)
            task.make_ready()
            self._running.hold(
                task,
                OperationNotDone(
                    node=task.task_spec.node_id, operation=task.task_spec.operation, why=shortened(why)
                ),
            )

        return self._apply(now, act)

    def operation_error(self, task_id: str, code: str, now: datetime) -> Changes:
        """The operation of a service task gave a business error, caught by an error event. Raises TaskNotReady.

        One that nothing catches is an incident.
        """

        def act() -> None:
            task = self._asked(task_id)
            nodes.throw_from(task, code)

        return self._apply(now, act)

    def add_deadline(self, task_id: str, node_id: str, now: datetime) -> Changes:
        """Attach a boundary event of the diagram to an activity that is open already, as after a migration.

        task_id: of any living activity, also of a sub-process (`Unattached`). node_id: of the boundary event; its
        time begins now. Raises TaskNotReady, NotAttachable.
        """

        def act() -> None:
            activity = attachments.activity_of(self._task(task_id))
            attachments.attach(activity, attachments.event_for(activity, node_id))

        return self._apply(now, act)

    def recheck(self, now: datetime) -> Changes:
        """Look again at the conditions that are waited for, as they may depend on time."""
        return self._apply(now, self._recheck)

    def is_overtaken(self, now: datetime) -> bool:
        """Whether a condition that is waited for says something else now than when it was looked at last."""
        running = self._running
        for task in running.watching.values():
            context = Context(running.context(task.scope).values, _utc(now))
            try:
                holds = task.task_spec.trigger.condition.holds(context)
            except EngineError:
                return True  # to be held as an incident
            if holds != bool(task.notes.get("held")):
                return True
        return False

    def retry(self, now: datetime) -> Changes:
        """Try the steps that failed again; those that evaluate something in `proceed`."""
        return self._apply(now, self._running.release)

    def cancel(self, now: datetime) -> Changes:
        """End the instance; its open tasks are withdrawn."""

        def act() -> None:
            for task in self._running.living():
                task.cancel()
            self.status = "cancelled"
            self._running.events.append(ProcessCancelled())

        return self._apply(now, act)

    def proceed(self, now: datetime) -> Changes:
        """Run all automatic steps that wait, and what follows from them."""
        return self._apply(now, _nothing, evaluating=True)

    # reading

    @property
    def data(self) -> Mapping[str, Any]:
        """A copy of the data of the whole instance, in FEEL's types: numbers are Decimal."""
        values: Mapping[str, Any] = {
            name: copied(value) for name, value in self._running.scopes[0].values.items()
        }
        return values

    @property
    def ready(self) -> tuple[WorkItem, ...]:
        """The tasks that wait for a person, oldest first."""
        return tuple([self._rows.item(task) for task in self._rows.ready.values()])

    @property
    def timers(self) -> tuple[Timer, ...]:
        return tuple(self._rows.timers.values())

    @property
    def subscriptions(self) -> tuple[Subscription, ...]:
        return tuple(self._rows.subscriptions.values())

    @property
    def incidents(self) -> tuple[Incident, ...]:
        return tuple(spiff.incident_of(task) for task in self._running.held.values())

    @property
    def pending(self) -> bool:
        """Whether automatic steps wait for `proceed`."""
        return bool(self._running.pending)

    def records(self) -> Records:
        """All rows of the instance as it is now."""
        return rows.records_of(self._running, self.status, self.program.sha256)

    def document(self) -> InstanceState:
        """The instance as one document."""
        return documents.written(self.records())

    # one command

    def _apply(self, now: datetime, act: Callable[[], None], *, evaluating: bool = False) -> Changes:
        if self.status != "running":
            raise InstanceEnded(status=self.status)
        now = _utc(now)
        failed: dict[int, Exception] = {}
        while True:
            running = self._running
            running.now = now
            running.events = []
            self._steps = 0
            self._failed = failed
            self.broken = True
            try:
                act()
                self._advance(evaluating)
                changes = self._rows.changes(self.status)
            except _HalfStep as half:
                if len(failed) >= _MAX_REPLAYS:
                    raise half.cause from None
                failed[half.number] = half.cause
                self._go_back()
            except EngineError:
                if running.touched or running.touched_scopes:
                    self._go_back()
                self.broken = False
                raise
            else:
                self.broken = False
                return changes

    def _go_back(self) -> None:
        """Be again what the rows say that were given last; a new instance is planted again."""
        lanes, running = (
            self.program.lanes,
            spiff.Running(self.program.root, self.program.scopes, self._running.now),
        )
        if self._planted is not None and not self._rows.scopes:
            values, begin = self._planted
            _plant(running, values, begin)
            self._rows = rows.Rows(running, lanes)
        else:
            last = Records(
                tuple(self._rows.tasks.values()),
                tuple(self._rows.scopes.values()),
                "running",
                self.program.sha256,
            )
            self._rows = rows.restore(running, lanes, last)
        self._running = running
        self.status = "running"

    def _advance(self, evaluating: bool) -> None:
        """Move all that can move; what evaluates something only when `evaluating`."""
        running = self._running
        while True:
            if running.runnable:
                task = next(iter(running.runnable.values()))
            elif running.stirred and gateways.settle_joins(running):
                continue
            elif evaluating and running.pending:
                task = next(iter(running.pending.values()))
            else:
                break
            self._step(task)
        if running.movable == 0:
            self._end()

    def _end(self) -> None:
        """Nothing can move any more: it is over, or it is stuck."""
        running = self._running
        for join in list(running.joins.values()):
            if join.id not in running.held:
                running.hold(join, Deadlock(node=join.task_spec.node_id))
        if not running.live and self.status == "running":
            self.status = "completed"
            running.events.append(ProcessCompleted())

    def _step(self, task: spiff.RunTask) -> None:
        running, node_id = self._running, task.task_spec.node_id
        self._steps += 1
        if self._steps > MAX_STEPS:
            running.hold(task, EndlessLoop(steps=MAX_STEPS, node=node_id))
            return
        if self._steps in self._failed:
            why = type(self._failed[self._steps]).__name__
            running.hold(task, StepFailed(node=node_id, why=why))
            return
        try:
            running.make_room(node_id, len(task.task_spec._outputs) - 1)
            task.run()
            running.settle(task.workflow)
        except EngineError as error:
            running.hold(task, error)
        except Exception as error:  # whatever it is, the person's step before it must be kept
            raise _HalfStep(self._steps, error) from error

    def _recheck(self) -> None:
        for task in list(self._running.watching.values()):
            task.make_ready()

    # finding

    def _task(self, task_id: str) -> spiff.RunTask:
        """A living task; its id as 32 digits or as the text of a UUID. Raises TaskNotReady."""
        if isinstance(task_id, str):
            task = self._running.live.get(task_id.replace("-", ""))
            if task is not None and task_id in (task.id, task.key):
                return task
        raise TaskNotReady(task_id=task_id)

    def _asked(self, task_id: str) -> spiff.RunTask:
        """A task that waits for its operation."""
        task = self._task(task_id)
        if task.state != spiff.WAITING or not task.task_spec.answers:
            raise TaskNotReady(task_id=task_id)
        return task


def _plant(running: spiff.Running, values: dict[str, Any], begin: str) -> None:
    running.assign(0, {name: copied(value) for name, value in values.items()})
    running.touched_scopes[0] = None
    running.plant(begin)


def _nothing() -> None:
    """No step of its own: only what follows."""


def _utc(now: datetime) -> datetime:
    if now.tzinfo is UTC:
        return now
    if now.tzinfo is None:
        raise ValueError("now must be an aware time")
    return now.astimezone(UTC)
