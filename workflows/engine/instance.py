"""A running instance in memory: one command applied, automatic steps run, the outcome read off.

Idea: after each command everything that needs no person and no waiting runs at once, oldest first. A step
that fails is held as an incident and the others go on. Should SpiffWorkflow or we fail half-way through a
step, the whole command is replayed from the state before it, up to that step, which is then held: no half
step is kept.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final, get_args
from uuid import UUID

import orjson

from workflows.engine import gateways, nodes, spiff
from workflows.engine.errors import (
    Deadlock,
    EndlessLoop,
    EngineError,
    InstanceEnded,
    MessageNotExpected,
    StateUnreadable,
    StepFailed,
    TaskNotReady,
)
from workflows.engine.programs import Program
from workflows.engine.steps import (
    InstanceState,
    ProcessCancelled,
    ProcessCompleted,
    Status,
    Step,
    WorkItem,
)
from workflows.engine.triggers import MessageTrigger
from workflows.engine.values import copied, from_json, kept, to_json

FORMAT: Final = "spiffworkflow-3.2/1"
"""Name of the format of the state at rest; a new one when older states would be read otherwise."""
MAX_STEPS: Final = 5_000
"""Automatic steps of one command."""
_PRUNE_EVERY: Final = 250
_MAX_REPLAYS: Final = 20


class _HalfStep(Exception):
    """An unforeseen failure in the automatic step of this number; a signal, never seen outside."""

    def __init__(self, number: int, cause: Exception) -> None:
        super().__init__(number)
        self.number = number
        self.cause = cause


def execute(open_instance: Callable[[], Instance], command: Callable[[Instance], None]) -> Step:
    """Apply a command to a freshly opened instance and give the outcome."""
    held: dict[int, Exception] = {}
    while True:
        instance = open_instance()
        instance.replayed = held
        try:
            command(instance)
            return instance.step()
        except _HalfStep as half:
            if len(held) >= _MAX_REPLAYS:
                raise half.cause from None
            held[half.number] = half.cause


class Instance:
    """A process instance, opened for one command.

    replayed: numbers of automatic steps to hold instead of running them, with the reason.
    """

    def __init__(self, program: Program, now: datetime) -> None:
        if now.tzinfo is None:
            raise ValueError("now must be an aware time")
        self.program = program
        self.running = spiff.Running(program.root, program.scopes, now.astimezone(UTC))
        self.status: Status = "running"
        self.replayed: Mapping[int, Exception] = {}
        self.steps = 0

    @classmethod
    def new(cls, program: Program, data: Mapping[str, Any], now: datetime) -> Instance:
        """An instance that has not done anything yet."""
        instance = cls(program, now)
        instance.running.assign(0, kept(data))
        instance.running.plant()
        return instance

    # commands

    def complete(self, task_id: str, data: Mapping[str, Any]) -> None:
        task = self._task(task_id)
        if task is None or task.state != spiff.READY or not task.task_spec.manual:
            raise TaskNotReady(task_id=task_id)
        self.running.assign(task.scope, kept(data))
        task.run()
        self.running.settle(task.workflow)
        self.proceed()

    def cancel(self) -> None:
        for task in self.running.living():
            task.cancel()
        self.status = "cancelled"
        self.running.events.append(ProcessCancelled())

    def deliver(self, message: str, data: Mapping[str, Any]) -> None:
        for task in self._waiting_for_messages():
            if task.task_spec.trigger.name == message:
                self.running.assign(task.scope, kept(data))
                self._occur(task)
                self.proceed()
                return
        raise MessageNotExpected(message=message)

    def fire_timers(self) -> None:
        """Fire what is due, oldest first, each with all that follows; also timers that this makes due."""
        self.proceed()
        while self.status == "running" and self.steps < MAX_STEPS:
            due = min(self._timers(), default=None, key=lambda each: (each[0], each[1].last_state_change))
            if due is None or due[0] > self.running.now:
                return
            self._occur(due[1])
            self.proceed()

    def retry(self) -> None:
        self.running.release()
        self.proceed()

    def proceed(self) -> None:
        """Run all automatic steps."""
        running = self.running
        while True:
            task = next(iter(running.runnable.values()), None)
            if task is None:
                if not gateways.settle_joins(running):
                    break
                continue
            self.steps += 1
            if self.steps > MAX_STEPS:
                running.hold(task, EndlessLoop(steps=MAX_STEPS, node=task.task_spec.node_id))
                continue
            self._run(task)
            if self.steps % _PRUNE_EVERY == 0:
                running.prune_all()
        for join in gateways.stuck(running):
            if join.id not in running.held:
                running.hold(join, Deadlock(node=join.task_spec.node_id))
        if not running.live and self.status == "running":
            self.status = "completed"
            running.events.append(ProcessCompleted())

    def _run(self, task: spiff.RunTask) -> None:
        known = self.replayed.get(self.steps)
        if known is not None:
            why = type(known).__name__
            self.running.hold(task, StepFailed(node=task.task_spec.node_id, why=why))
            return
        try:
            self.running.make_room(task.task_spec.node_id, len(task.task_spec.outputs) - 1)
            task.run()
            self.running.settle(task.workflow)
        except EngineError as error:
            self.running.hold(task, error)
        except Exception as error:  # whatever it is, the person's step before it must be kept
            raise _HalfStep(self.steps, error) from error

    # reading

    def step(self) -> Step:
        """The outcome of the command."""
        running = self.running
        running.prune_all()
        return Step(
            state=InstanceState(self._document(), FORMAT),
            ready=tuple(self._work_item(task) for task in running.living() if _is_ready(task)),
            events=tuple(running.events),
            data=copied(running.scopes[0].values),
            status=self.status,
            next_due=min((due for due, _ in self._timers()), default=None),
            messages=tuple(sorted({task.task_spec.trigger.name for task in self._waiting_for_messages()})),
            incidents=tuple(spiff.incident_of(task) for task in running.held.values()),
        )

    def _work_item(self, task: spiff.RunTask) -> WorkItem:
        node_id = task.task_spec.node_id
        scope = self.running.scopes[task.scope]
        return WorkItem(task.key, node_id, self.program.lanes[node_id], scope.index)

    def _task(self, task_id: str) -> spiff.RunTask | None:
        try:
            task = self.running.live.get(UUID(task_id))
        except (ValueError, AttributeError, TypeError):
            return None
        return task if task is not None and task.key == task_id else None

    def _waiting_for_messages(self) -> list[spiff.RunTask]:
        return [
            task
            for task in self.running.living()
            if task.state == spiff.WAITING
            and isinstance(task.task_spec, nodes.CatchEvent)
            and isinstance(task.task_spec.trigger, MessageTrigger)
        ]

    def _timers(self) -> list[tuple[datetime, spiff.RunTask]]:
        return [
            (datetime.fromisoformat(task.notes["due"]), task)
            for task in self.running.live.values()
            if task.state == spiff.WAITING and "due" in task.notes
        ]

    def _occur(self, task: spiff.RunTask) -> None:
        task.note(occurred=True)
        task.make_ready()

    # at rest

    def _document(self) -> bytes:
        running = self.running
        workflows = [(None, running), *((key.hex, inner) for key, inner in running.subprocesses.items())]
        return orjson.dumps(
            {
                "definition": self.program.sha256,
                "status": self.status,
                "scopes": [
                    [number, scope.up, scope.index, to_json(scope.values)[1]]
                    for number, scope in running.scopes.items()
                ],
                "workflows": [[parent, spiff.records(workflow)] for parent, workflow in workflows],
            }
        )

    @classmethod
    def load(cls, program: Program, state: InstanceState, now: datetime) -> Instance:
        """The instance of a state at rest; raises StateUnreadable, or InstanceEnded when it is over."""
        if state.engine != FORMAT:
            raise StateUnreadable(why=f"its format is {state.engine[:40]}, this engine reads {FORMAT}")
        instance = cls(program, now)
        try:
            document = orjson.loads(state.document)
            if document["definition"] != program.sha256:
                raise StateUnreadable(why="it belongs to another version of the definition")
            instance._restore(document)
        except (ValueError, KeyError, TypeError, IndexError, AttributeError) as error:
            raise StateUnreadable(why="it is damaged") from error
        if instance.status != "running":
            raise InstanceEnded(status=instance.status)
        return instance

    def _restore(self, document: dict[str, Any]) -> None:
        running = self.running
        self.status = document["status"]
        if self.status not in get_args(Status) or [parent for parent, _ in document["workflows"]][:1] != [
            None
        ]:
            raise ValueError("not a state")
        running.scopes = {
            number: spiff.Scope(up, index, from_json(["m", values]))
            for number, up, index, values in document["scopes"]
        }
        running.next_scope = max(running.scopes) + 1
        incidents = []
        for parent_id, records in document["workflows"]:
            workflow: spiff.InnerWorkflow | spiff.Running = running
            if parent_id is not None:
                parent = running.live[UUID(hex=parent_id)]
                workflow = spiff.InnerWorkflow(self.program.scopes[parent.task_spec.node_id], parent, running)
                running.subprocesses[parent.id] = workflow
            incidents += spiff.restore(workflow, records)
        ordered = running.living()
        running.live = {task.id: task for task in ordered}
        running.runnable = {task.id: task for task in ordered if task.id in running.runnable}
        for task in incidents:
            running.runnable.pop(task.id, None)
            running.held[task.id] = task
        running.clock = max(task.last_state_change for task in ordered) if ordered else 0
        running.events.clear()


def _is_ready(task: spiff.RunTask) -> bool:
    return task.state == spiff.READY and bool(task.task_spec.manual)
