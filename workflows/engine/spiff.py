"""SpiffWorkflow as we use it: the only module of the house that imports it.

Idea: SpiffWorkflow gives the task, its states, its tree and the graph of specs; we decide what a node does,
for four reasons measured on 3.2 (tests/workflows/test_engine_contract.py holds the private names used here).
1. Its specs are shared by all instances, so nothing here writes to a spec after the graph is built.
2. It predicts future tasks, walks the whole tree at every step and stops at depth 1000. We predict nothing,
   keep an index of the live tasks, and prune finished ones, so the cost of a step does not grow with history.
3. Its data belongs to tokens and is merged at joins, where a stale copy may win over a newer value. Ours
   belongs to the instance (BPMN 2.0.2, 10.4.1), with local scopes for the items of multi-instance activities.
4. It evaluates Python. Here a node holds compiled FEEL, always evaluated first thing in a step of its own:
   when that fails nothing has changed, the step stays ready and can be tried again.
Source: BPMN 2.0.2 (OMG formal/2013-12-09), clause 13.
"""

# SpiffWorkflow has no type hints (its classes are Any to mypy), and its private names are what we build upon.
# mypy: disable-error-code="misc"
# ruff: noqa: SLF001

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar, Final
from uuid import UUID

from SpiffWorkflow.bpmn.specs.bpmn_process_spec import BpmnProcessSpec
from SpiffWorkflow.bpmn.specs.bpmn_task_spec import BpmnTaskSpec
from SpiffWorkflow.bpmn.util.subworkflow import BpmnSubWorkflow
from SpiffWorkflow.bpmn.workflow import BpmnWorkflow
from SpiffWorkflow.specs.WorkflowSpec import WorkflowSpec
from SpiffWorkflow.task import Task
from SpiffWorkflow.util.task import TaskState

from workflows.engine.errors import EngineError, TooManyTasks
from workflows.engine.expressions import Context
from workflows.engine.steps import (
    Event,
    FlowTaken,
    Incident,
    TaskCancelled,
    TaskCompleted,
    TaskReady,
)

FUTURE: Final[int] = TaskState.FUTURE
WAITING: Final[int] = TaskState.WAITING
READY: Final[int] = TaskState.READY
STARTED: Final[int] = TaskState.STARTED
COMPLETED: Final[int] = TaskState.COMPLETED
CANCELLED: Final[int] = TaskState.CANCELLED
LIVE: Final[int] = WAITING | READY | STARTED
FINISHED: Final[int] = TaskState.FINISHED_MASK

MAX_LIVE: Final = 3_000
"""Tasks, events and waiting tokens of one instance at a time."""

Untyped = Any
"""An object of SpiffWorkflow."""

LOOP_NAMES: Final = frozenset({"loopCounter"})
"""Names a loop or multi-instance gives to its inside: the number of the round, from 1."""
INSTANCE_NAMES: Final = frozenset(
    {"numberOfInstances", "numberOfCompletedInstances", "numberOfActiveInstances"}
)
"""Names a completion condition may read (BPMN 2.0.2, table 10.31)."""


class NoPython:
    """The script engine given to SpiffWorkflow: refuses everything, for no text may reach Python."""

    def evaluate(self, *_arguments: Untyped, **_named: Untyped) -> Untyped:
        raise EngineError

    execute = call_service = validate = evaluate

    @property
    def environment(self) -> NoPython:
        return self


@dataclass(slots=True)
class Scope:
    """Names visible in one part of an instance.

    up: the scope around it; None = the whole instance, or a called process, which sees nothing around it.
    index: 0-based round.
    """

    up: int | None
    index: int | None
    values: dict[str, Any] = field(default_factory=dict)


class RunTask(Task):
    """One execution of a node: SpiffWorkflow's task with the scope it sees, without copies of data."""

    def __init__(
        self,
        workflow: Untyped,
        task_spec: Untyped,
        parent: Untyped = None,
        state: int = FUTURE,
        id: UUID | None = None,  # noqa: A002 - SpiffWorkflow's name
    ) -> None:
        self.scope: int = workflow.scope if parent is None else parent.scope
        self.chosen: Collection[Node] | None = None
        self.counted = False
        super().__init__(workflow, task_spec, parent, state=state, id=id)
        self._note_state()

    @property
    def key(self) -> str:
        return str(self.id)

    def _note_state(self) -> None:
        # a counter, not a clock: order is all that is needed, and it is the same in every replay
        self.last_state_change = self.workflow.top_workflow.tick()
        self.workflow.top_workflow.note_state(self)

    _state: int

    def _set_state(self, value: int) -> None:
        if value != self._state:
            self._state = value
            self._note_state()

    def _add_child(self, task_spec: Untyped, state: int = FUTURE) -> RunTask:
        return RunTask(self.workflow, task_spec, self, state=state)

    def _inherit_data(self) -> None:
        """Data is the scope's, not the token's."""

    def run(self) -> bool | None:
        """Do what the node does; None from the node = it rests until something happens."""
        outcome: bool | None = self.task_spec._run(self)
        if outcome is None:
            self._set_state(self.task_spec.resting)
        else:
            self.complete()
        return outcome

    @property
    def evaluates(self) -> bool:
        """Whether its next run evaluates something, which may fail; what has occurred only goes on."""
        return self.task_spec.evaluates and not self.notes.get("occurred")

    @property
    def notes(self) -> Mapping[str, Any]:
        """What the node remembers about this execution, in JSON's types; changed by `note` only."""
        notes: Mapping[str, Any] = self.internal_data
        return notes

    def note(self, **notes: Untyped) -> None:
        """Remember: only what is noted (or put in another state) is written when the instance is kept."""
        self.internal_data.update(notes)
        self.workflow.top_workflow.touch(self)

    def unnote(self, name: str) -> None:
        """Forget one note."""
        if self.internal_data.pop(name, None) is not None:
            self.workflow.top_workflow.touch(self)

    def add_child(self, spec: Node) -> RunTask:
        """A next task, not yet told to do anything."""
        return self._add_child(spec)

    def rest(self) -> None:
        """Wait for something to happen."""
        self._set_state(WAITING)

    def make_ready(self) -> None:
        """Let a waiting task run."""
        self._ready()

    def withdraw(self) -> None:
        """Take away this token only: it became part of another one."""
        self._set_state(CANCELLED)

    def cancel(self) -> None:
        """Withdraw this task and all that came from it and still lives."""
        waiting: list[RunTask] = [self]
        while waiting:
            task = waiting.pop()
            waiting.extend(task.children)
            if not task.has_state(FINISHED):
                task._set_state(CANCELLED)
                task.task_spec._on_cancel(task)


class ProcessSpec(BpmnProcessSpec):
    """The graph of one process or sub-process."""

    def __init__(self, name: str) -> None:
        WorkflowSpec.__init__(self, name=name)
        self.io_specification = None
        self.data_objects: dict[str, Any] = {}
        self.data_stores: dict[str, Any] = {}
        self.correlation_keys: dict[str, Any] = {}
        self.bpmn_start_events: list[Any] = []
        self.entries: list[Node] = []
        """What begins with it: its start events, or what an ad hoc sub-process offers."""
        self.listeners: list[Node] = []
        """The starts of its event sub-processes."""
        # no BPMN id can hold a parenthesis
        self.start = Opening(self, "(start)", "")

    def node(self, name: str) -> Node:
        found: Node = self.task_specs[name]
        return found


class _Running:
    """What the whole process and a sub-process in it have in common."""

    scope: int
    live_count: int
    """Live tasks that keep it from ending: all but event sub-processes that wait to be started."""
    by_node: dict[str, dict[UUID, RunTask]]
    """Live tasks by the name of their spec."""
    reports: bool
    """Whether the activity around wants to know of every task that completes inside."""
    tasks: dict[UUID, RunTask]
    task_tree: RunTask

    def plant(self, begin: str = "") -> None:
        """Begin: the root of the tree, ready to run. begin: name of the only entry to take, "" = all."""
        spec: Any = self.spec  # type: ignore[attr-defined]
        self.task_tree = RunTask(self, spec.start, state=READY)
        if begin:
            self.task_tree.note(begin=begin)

    def living_inside(self) -> list[RunTask]:
        """Its own live tasks, without those of sub-processes, in the order of their last change."""
        found = [task for tasks in self.by_node.values() for task in tasks.values()]
        return sorted(found, key=lambda task: task.last_state_change)

    def end(self) -> None:
        """Cancel all that lives in it."""
        for task in self.living_inside():
            task.cancel()

    def prune(self) -> None:
        """Forget finished tasks but the root and those whose living children are alternatives."""
        kept: dict[UUID, RunTask] = {self.task_tree.id: self.task_tree}
        for task in self.tasks.values():
            if task.has_state(LIVE):
                parent = task.parent
                if parent is not None and parent.task_spec.keeps_siblings:
                    kept[parent.id] = parent
                kept[task.id] = task
        for task in kept.values():
            task._children = []
        for task in kept.values():
            if task is not self.task_tree:
                if task._parent not in kept:
                    task._parent = self.task_tree.id
                kept[task._parent]._children.append(task.id)
        self.tasks = kept


class InnerWorkflow(_Running, BpmnSubWorkflow):
    """A running sub-process."""

    def __init__(self, spec: ProcessSpec, parent: RunTask, top: Running) -> None:
        self.scope = parent.scope
        self.live_count = 0
        self.by_node = {}
        self.reports = parent.task_spec.wants_reports
        super().__init__(spec, parent.id, top, deserializing=True)


class Running(_Running, BpmnWorkflow):
    """A running process: the index of its live tasks, its data, its events since it was loaded."""

    def __init__(self, spec: ProcessSpec, inner_specs: Mapping[str, ProcessSpec], now: datetime) -> None:
        self.now = now
        self.scope = 0
        self.live_count = 0
        self.by_node = {}
        self.reports = False
        self.clock = 0
        self.next_scope = 1
        self.scopes: dict[int, Scope] = {0: Scope(None, None)}
        self.live: dict[UUID, RunTask] = {}
        self.runnable: dict[UUID, RunTask] = {}
        self.held: dict[UUID, RunTask] = {}
        self.waiting: dict[str, dict[UUID, RunTask]] = {}
        """Waiting tasks by what they wait for (`Node.waits_for`)."""
        self.events: list[Event] = []
        self.touched: dict[UUID, RunTask] = {}
        super().__init__(spec, dict(inner_specs), script_engine=NoPython(), deserializing=True)

    # index and events

    def tick(self) -> int:
        self.clock += 1
        return self.clock

    def note_state(self, task: RunTask) -> None:
        """Keep the index in step with a state that just changed."""
        self.touch(task)
        self._index(task)
        manual = task.task_spec.manual
        if task.state == READY and not manual:
            self.runnable[task.id] = task
        else:
            self.runnable.pop(task.id, None)
            self.held.pop(task.id, None)
        if manual:
            self._record_manual(task)

    def _index(self, task: RunTask) -> None:
        spec, workflow = task.task_spec, task.workflow
        alike = workflow.by_node.setdefault(spec.name, {})
        if task.has_state(LIVE):
            self.live[task.id] = alike[task.id] = task
        elif self.live.pop(task.id, None) is not None:
            del alike[task.id]
        if not alike:
            del workflow.by_node[spec.name]
        counted = task.has_state(LIVE) and not (spec.listens and task.state == WAITING)
        workflow.live_count += counted - task.counted
        task.counted = counted
        if spec.waits_for:
            waiting = self.waiting.setdefault(spec.waits_for, {})
            if task.state == WAITING:
                waiting[task.id] = task
            else:
                waiting.pop(task.id, None)

    def _record_manual(self, task: RunTask) -> None:
        kinds: dict[int, type[TaskReady | TaskCompleted | TaskCancelled]] = {
            READY: TaskReady,
            COMPLETED: TaskCompleted,
            CANCELLED: TaskCancelled,
        }
        made = kinds.get(task.state)
        if made is not None:
            self.events.append(made(task.key, task.task_spec.node_id))

    def touch(self, task: RunTask) -> None:
        """Mark a task as to be written."""
        self.touched[task.id] = task

    def living(self) -> list[RunTask]:
        """The live tasks, in the order of their last change."""
        return sorted(self.live.values(), key=lambda task: task.last_state_change)

    def waiting_for(self, what: str) -> list[RunTask]:
        """The tasks that wait for this (see `Node.waits_for`), the longest waiting first."""
        return sorted(self.waiting.get(what, {}).values(), key=lambda task: task.last_state_change)

    def make_room(self, node_id: str, more: int) -> None:
        """Refuse a step that would start too much at once; before it starts anything."""
        if len(self.live) + more > MAX_LIVE:
            raise TooManyTasks(node=node_id, maximum=MAX_LIVE)

    # data

    def open_scope(self, up: int, index: int, values: dict[str, Any]) -> int:
        number = self.next_scope
        self.next_scope += 1
        self.scopes[number] = Scope(up, index, values)
        return number

    def context(self, scope: int) -> Context:
        """What an expression sees in the scope: inner names before outer ones."""
        at: int | None = scope
        layers = []
        while at is not None:
            layers.append(self.scopes[at].values)
            at = self.scopes[at].up
        values = (
            layers[0] if len(layers) == 1 else {k: v for each in reversed(layers) for k, v in each.items()}
        )
        return Context(values, self.now)

    def assign(self, scope: int, values: Mapping[str, Any]) -> None:
        """Set names: in the innermost scope that has them, else in the outermost; wakes their conditions."""
        for name, value in values.items():
            at = scope
            while (up := self.scopes[at].up) is not None and name not in self.scopes[at].values:
                at = up
            self.scopes[at].values[name] = value
        for task in self.waiting_for("condition"):
            if not task.task_spec.watches.isdisjoint(values):
                task.make_ready()

    def forget_scopes(self) -> None:
        """Drop scopes that no kept task sees."""
        used = {0}
        for workflow in (self, *self.subprocesses.values()):
            for task in workflow.tasks.values():
                at: int | None = task.scope
                while at is not None and at not in used:
                    used.add(at)
                    at = self.scopes[at].up
        self.scopes = {number: scope for number, scope in self.scopes.items() if number in used}

    def prune_all(self) -> None:
        for workflow in (self, *self.subprocesses.values()):
            workflow.prune()
        self.forget_scopes()

    # sub-processes and joins

    def enter(self, task: RunTask, spec_name: str, *, scope: int | None = None, begin: str = "") -> None:
        """Begin the sub-process of the task. scope: what its inside sees, None = what the task sees."""
        inner = InnerWorkflow(self.subprocess_specs[spec_name], task, self)
        if scope is not None:
            inner.scope = scope
        self.subprocesses[task.id] = inner
        inner.plant(begin)

    def leave(self, task: RunTask) -> None:
        """Cancel what lives in the sub-process of the task."""
        inner = self.subprocesses.pop(task.id, None)
        if inner is not None:
            inner.end()

    def settle(self, workflow: _Running) -> None:
        """After a step: a process or sub-process without live tasks is over; nothing starts its events now."""
        if workflow.live_count:
            return
        workflow.end()
        if isinstance(workflow, InnerWorkflow):
            task = self.live.get(workflow.parent_task_id)
            if task is not None and self.subprocesses.get(task.id) is workflow:
                task.task_spec.inside_ended(task, workflow)

    # incidents

    def hold(self, task: RunTask, error: EngineError) -> None:
        """Keep a failed step where it is until `release`."""
        params = {key: str(value) for key, value in error.params.items()}
        task.note(incident=[error.code, error.message, params])
        self.runnable.pop(task.id, None)
        self.held[task.id] = task
        self.events.append(incident_of(task))

    def release(self) -> None:
        """Make all held steps runnable again."""
        for task in self.held.values():
            task.unnote("incident")
            if task.state == READY:
                self.runnable[task.id] = task
        self.held = {}


def incident_of(task: RunTask) -> Incident:
    """What holds a held task."""
    code, message, params = task.internal_data["incident"]
    return Incident(task.key, task.task_spec.node_id, code, message, params)


# At rest


def records(workflow: _Running) -> list[list[Untyped]]:
    """One record per task, the root first: id, place of the parent, spec, state, order, scope, notes."""
    place = {task_id: number for number, task_id in enumerate(workflow.tasks)}
    return [
        [
            task.id.hex,
            place.get(task._parent, -1),
            task.task_spec.name,
            task.state,
            task.last_state_change,
            task.scope,
            task.internal_data or None,
        ]
        for task in workflow.tasks.values()
    ]


def restore(workflow: InnerWorkflow | Running, given: list[Untyped]) -> list[RunTask]:
    """Make the tasks of `records`; gives those that are held. Raises KeyError, TypeError, ValueError."""
    made = []
    for key, _, spec, state, order, scope, notes in given:
        task = RunTask(workflow, workflow.spec.node(spec), None, state, UUID(hex=key))
        task.last_state_change = order
        task.scope = scope
        task.internal_data = notes or {}
        made.append(task)
    workflow.task_tree = made[0]
    for task, record in zip(made, given, strict=True):
        if record[1] >= 0:
            parent = made[record[1]]
            task._parent = parent.id
            parent._children.append(task.id)
    return [task for task in made if "incident" in task.internal_data]


# What the nodes do


class Node(BpmnTaskSpec):
    """A node that passes its token on at once; base of all others.

    manual: a person does it. flow_ids: name of the next spec -> id of the sequence flow.
    """

    resting: ClassVar[int] = STARTED
    keeps_siblings: ClassVar[bool] = False
    """Whether the living children of the finished task are alternatives of each other."""
    evaluates: bool = False
    """Whether running it evaluates FEEL, asks a decision or computes a moment: what may fail by the data."""
    listens: ClassVar[bool] = False
    """Whether it waits beside the scope: what starts an event sub-process keeps no scope from ending."""
    wants_reports: ClassVar[bool] = False
    """Whether it is told of every task that completes in its sub-process (`inside_completed`)."""
    waits_for: str = ""
    """The index it is in while it waits: "message", "signal", "condition", "join"; "" = none."""
    watches: frozenset[str] = frozenset()
    """The names whose change makes it look at its condition again."""

    def __init__(self, scope: ProcessSpec, name: str, node_id: str, *, manual: bool = False) -> None:
        super().__init__(scope, name, manual=manual)
        self.node_id = node_id
        self.bpmn_id = node_id
        self.flow_ids: dict[str, str] = {}

    def lead_to(self, target: Node, flow_id: str = "") -> None:
        """Connect while the graph is built."""
        self.connect(target)
        if flow_id:
            self.flow_ids[target.name] = flow_id

    def _predict(self, my_task: RunTask, *_arguments: Untyped, **_named: Untyped) -> None:
        """Nothing: the next tasks are made when this one completes."""

    def _update(self, my_task: RunTask) -> None:
        if self._update_hook(my_task):
            my_task._ready()

    def _update_hook(self, my_task: RunTask) -> bool:
        return True

    def _on_ready(self, my_task: RunTask) -> None:
        """Nothing to test: the graph was checked when it was built."""

    def _run(self, my_task: RunTask) -> bool | None:
        # without SpiffWorkflow's error state: a failed step stays ready
        return self._run_hook(my_task)

    def _run_hook(self, my_task: RunTask) -> bool | None:
        return True

    def _on_complete(self, my_task: RunTask) -> None:
        self._on_complete_hook(my_task)
        running = my_task.workflow.top_workflow
        for spec in self.outputs if my_task.chosen is None else my_task.chosen:
            flow_id = self.flow_ids.get(spec.name)
            if flow_id:
                running.events.append(FlowTaken(flow_id))
            child = my_task._add_child(spec)
            spec._update(child)

    def _on_complete_hook(self, my_task: RunTask) -> None:
        parent = my_task.parent
        if parent is not None:
            parent.task_spec.child_completed(parent, my_task)
        if my_task.workflow.reports:
            around = my_task.workflow.top_workflow.live.get(my_task.workflow.parent_task_id)
            if around is not None:
                around.task_spec.inside_completed(around, my_task)

    def child_completed(self, my_task: RunTask, child: RunTask) -> None:
        """Told by a child; matters to nodes whose children belong to them."""

    def inside_completed(self, my_task: RunTask, inner: RunTask) -> None:
        """Told by a task of its sub-process; matters to ad hoc sub-processes."""

    def inside_ended(self, my_task: RunTask, inner: InnerWorkflow) -> None:
        """Told when nothing lives in its sub-process any more; forget it and go on."""
        my_task.workflow.top_workflow.subprocesses.pop(my_task.id)
        my_task.make_ready()

    def _on_cancel(self, my_task: RunTask) -> None:
        """Told when withdrawn."""


class Opening(Node):
    """The root of every process and sub-process: leads to the entry that was chosen, or to all."""

    def _run_hook(self, my_task: RunTask) -> bool:
        begin = my_task.notes.get("begin")
        if begin:
            scope: Any = self._wf_spec
            my_task.chosen = [*scope.listeners, scope.node(begin)]
        return True
