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
from types import MappingProxyType
from typing import Any, ClassVar, Final, Literal, NamedTuple
from uuid import uuid4  # noqa: TID251 - a task is known by it within its instance only

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


class Waiting(NamedTuple):
    """What a task waits for. key: which message, "" = any."""

    kind: Literal["message", "signal"]
    name: str
    key: str = ""


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
    users: int = 0


_MANUAL_EVENTS: Final[Mapping[int, type[TaskReady | TaskCompleted | TaskCancelled]]] = {
    READY: TaskReady,
    COMPLETED: TaskCompleted,
    CANCELLED: TaskCancelled,
}


class RunTask(Task):
    """One execution of a node: SpiffWorkflow's task with the scope it sees, without copies of data.

    stored: whether whoever keeps the rows was given this task. seen: inner scopes that count it as a user.
    counted: whether it keeps its process from ending. moves: whether it can move by itself or from outside.
    awaits: the message or signal it waits for now.
    """

    triggered = False
    thread_id = 0
    data: Mapping[str, Any] = MappingProxyType({})
    chosen: Collection[Node] | None = None
    stored = False
    seen: tuple[int, ...] = ()
    counted = False
    moves = False
    awaits: Waiting | None = None
    _key = ""
    last_state_change = 0
    _state: int

    def __init__(
        self,
        workflow: Untyped,
        task_spec: Untyped,
        parent: Untyped = None,
        state: int = FUTURE,
        id: str | None = None,  # noqa: A002 - SpiffWorkflow's name
    ) -> None:
        # SpiffWorkflow's own constructor is left out: it asks the clock and copies what is not used here
        self.id: str = id or workflow.top_workflow.new_id()
        self.workflow = workflow
        self.task_spec = task_spec
        self.internal_data: dict[str, Any] = {}
        self._children: dict[str, None] = {}
        self._parent: str | None = None
        self._state = FUTURE
        workflow.tasks[self.id] = self
        if parent is None:
            self.scope: int = workflow.scope
        else:
            self.scope = parent.scope
            self._parent = parent.id
            parent._children[self.id] = None
        if state != FUTURE:
            self._set_state(state)

    @property
    def key(self) -> str:
        """The id as the text of a UUID: the name of the task outside the engine."""
        key = self._key
        if not key:
            text = self.id
            key = self._key = f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"
        return key

    def _set_state(self, value: int) -> None:
        was = self._state
        if value != was:
            self._state = value
            # a counter, not a clock: order is all that is needed, and it is the same in every replay
            running = self.workflow.top_workflow
            running.clock += 1
            self.last_state_change = running.clock
            running.note_state(self, was)

    def _ready(self) -> None:
        if not self._state & (COMPLETED | CANCELLED):
            self._set_state(READY)

    def _add_child(self, task_spec: Untyped, state: int = FUTURE) -> RunTask:
        return RunTask(self.workflow, task_spec, self, state=state)

    def _inherit_data(self) -> None:
        """Data is the scope's, not the token's."""

    @property
    def parent(self) -> RunTask | None:
        """The task it came from; the root of its process when that one is over and forgotten."""
        workflow = self.workflow
        found: RunTask | None = workflow.tasks.get(self._parent)
        if found is None:
            root: RunTask = workflow.task_tree
            found = None if root is self else root
        return found

    @property
    def children(self) -> list[RunTask]:
        tasks = self.workflow.tasks
        return [tasks[child] for child in self._children]

    def run(self) -> bool | None:
        """Do what the node does; None from the node = it rests until something happens."""
        outcome: bool | None = self.task_spec._run_hook(self)
        if self._state & FINISHED:
            return outcome  # what it threw interrupted itself
        if outcome is None:
            self._set_state(self.task_spec.resting)
        else:  # without SpiffWorkflow's error state: a failed step stays ready
            self._set_state(COMPLETED)
            self.task_spec._on_complete(self)
        return outcome

    @property
    def notes(self) -> Mapping[str, Any]:
        """What the node remembers about this execution, in JSON's types; changed by `note` only."""
        return self.internal_data

    def note(self, **notes: Untyped) -> None:
        """Remember: only what is noted (or put in another state) is written when the instance is kept."""
        self.internal_data.update(notes)
        self.workflow.top_workflow.touch(self)

    def unnote(self, name: str) -> None:
        """Forget one note."""
        if name in self.internal_data:
            del self.internal_data[name]
            self.workflow.top_workflow.touch(self)

    def add_child(self, spec: Node, scope: int | None = None) -> RunTask:
        """A next task, not yet told to do anything. scope: what it sees, None = what this one sees."""
        child = self._add_child(spec)
        if scope is not None:
            child.scope = scope
        return child

    def move_under(self, parent: RunTask) -> None:
        """Belong to another task than before."""
        tasks = self.workflow.tasks
        if self._parent in tasks:
            del tasks[self._parent]._children[self.id]
        self._parent = parent.id
        parent._children[self.id] = None
        self.workflow.top_workflow.touch(self)

    def start(self) -> None:
        """Let the new task be ready, or wait."""
        self.task_spec._update(self)

    def rest(self) -> None:
        """Wait for something to happen."""
        self._set_state(WAITING)

    def make_ready(self) -> None:
        """Let a waiting task run."""
        self._ready()

    def occur(self) -> None:
        """Let what the waiting task waits for happen."""
        self.note(occurred=True)
        self.task_spec._on_occur(self)
        self._ready()

    def withdraw(self) -> None:
        """Take away this token only: it became part of another one."""
        self._set_state(CANCELLED)

    def cancel(self) -> None:
        """Withdraw this task, all that came from it and still lives, and what is inside it."""
        inside = self.workflow.top_workflow.subprocesses
        waiting: list[RunTask] = [self]
        while waiting:
            task = waiting.pop()
            waiting.extend(reversed(task.children))
            if not task._state & FINISHED:
                inner = inside.pop(task.id, None)
                if inner is not None:
                    waiting.extend(reversed(inner.living_inside()))
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
        self.merges: list[Node] = []
        """The joins that ask whether a token can still come."""
        self.begin = ""
        """Name of the usual entry, "" = all entries."""
        # no BPMN id can hold a parenthesis
        self.start = Opening(self, "(start)", "")

    def node(self, name: str) -> Node:
        found: Node = self.task_specs[name]
        return found


class _Running:
    """What the whole process and a sub-process in it have in common.

    scope: what its inside sees. live_count: live tasks that keep it from ending: all but event sub-processes that
    wait to be started. by_node: live tasks by the name of their spec. gathering: tokens that wait at joins, in order.
    reports: whether the activity around wants to know of every task that completes inside.
    """

    scope: int
    live_count: int
    by_node: dict[str, dict[str, RunTask]]
    gathering: dict[str, RunTask]
    reports: bool
    tasks: dict[str, RunTask]
    spec: ProcessSpec
    _root: RunTask | None = None

    def prepare(self, scope: int, *, reports: bool) -> None:
        """Begin with nothing in it."""
        self.scope = scope
        self.reports = reports
        self.live_count = 0
        self.by_node = {}
        self.gathering = {}

    def plant(self, begin: str = "") -> None:
        """Begin: the root of the tree, ready to run. begin: name of the only entry to take, "" = all."""
        self._root = RunTask(self, self.spec.start, state=READY)
        if begin:
            self._root.note(begin=begin)

    def begin(self, entry: Node) -> None:
        """Begin at one more entry."""
        RunTask(self, entry).start()

    def living_inside(self) -> list[RunTask]:
        """Its own live tasks, without those of sub-processes, in the order of their last change."""
        return sorted([task for tasks in self.by_node.values() for task in tasks.values()], key=order)

    def listeners(self) -> list[RunTask]:
        """The event sub-processes that wait in it to be started."""
        named = [self.by_node.get(spec.name, {}) for spec in self.spec.listeners]
        return [task for tasks in named for task in tasks.values() if task._state == WAITING]

    def end(self) -> None:
        """Cancel all that lives in it."""
        for task in self.living_inside():
            task.cancel()

    @property
    def task_tree(self) -> RunTask:
        """The root; it is not kept when it is over, and made up again where one is asked for."""
        if self._root is None:
            self._root = remade(self, self.spec.start, "0" * 32, COMPLETED, 0, self.scope, {})
        return self._root

    @task_tree.setter
    def task_tree(self, task: RunTask) -> None:
        self._root = task


class InnerWorkflow(_Running, BpmnSubWorkflow):
    """A running sub-process."""

    def __init__(self, spec: ProcessSpec, parent: RunTask, top: Running) -> None:
        self._deeper: int = parent.workflow.depth + 1
        super().__init__(spec, parent.id, top, deserializing=True)
        self.prepare(parent.scope, reports=parent.task_spec.wants_reports)

    def _calculate_depth(self) -> int:
        return self._deeper


class Running(_Running, BpmnWorkflow):
    """A running process: the indices of its live tasks, its data, what happened and what changed.

    runnable, pending: automatic steps that are ready, oldest first: those that evaluate nothing, and those that
    do. held: tasks with an incident. waiting: waiting tasks by the kind and name of what they wait for. watching:
    those that wait for data to fulfil a condition. joins: tokens that wait at joins. movable: how many live tasks
    could still move by themselves or from outside. stirred: processes whose joins must be looked
    at. touched, touched_scopes: what to look at when the rows are brought up to date.
    """

    top_workflow: Running | None = None  # not SpiffWorkflow's property: each step asks for it several times

    def __init__(self, spec: ProcessSpec, inner_specs: Mapping[str, ProcessSpec], now: datetime) -> None:
        self.now = now
        self.clock = 0
        self._ids = uuid4().hex[:24]
        self._made = 0
        self.next_scope = 1
        self.scopes: dict[int, Scope] = {0: Scope(None, None)}
        self.live: dict[str, RunTask] = {}
        self.runnable: dict[str, RunTask] = {}
        self.pending: dict[str, RunTask] = {}
        self.held: dict[str, RunTask] = {}
        self.waiting: dict[tuple[str, str], dict[str, RunTask]] = {}
        self.watching: dict[str, RunTask] = {}
        self.joins: dict[str, RunTask] = {}
        self.movable = 0
        self.stirred: dict[_Running, None] = {}
        self.events: list[Event] = []
        self.touched: dict[str, RunTask] = {}
        self.touched_scopes: dict[int, None] = {}
        self.top_workflow = self
        super().__init__(spec, dict(inner_specs), script_engine=NoPython(), deserializing=True)
        self.prepare(0, reports=False)

    # index and events

    def new_id(self) -> str:
        """The id of a new task: a random beginning of this object's own, counted on; asking for chance costs time."""
        self._made += 1
        return f"{self._ids}{self._made:08x}"

    def note_state(self, task: RunTask, was: int) -> None:
        """Keep the indices in step with a state that just changed, and note what people will want to know."""
        self.touched[task.id] = task
        self._index(task, was)
        if task.task_spec.manual:
            made = _MANUAL_EVENTS.get(task._state)
            if made is not None:
                self.events.append(made(task.key, task.task_spec.node_id))

    def _index(self, task: RunTask, was: int) -> None:
        state, spec, workflow = task._state, task.task_spec, task.workflow
        if state & LIVE:
            if not was & LIVE:
                self._add_live(task)
        elif was & LIVE:
            self._forget_live(task)
        counted, moves = state & LIVE != 0, state == READY
        if state == WAITING:
            counted = not spec.listens
            moves = not (spec.gathers or spec.listens)
            self._note_waiting(task)
        elif was == WAITING:
            self._note_moving(task)
        if counted is not task.counted:
            task.counted = counted
            workflow.live_count += 1 if counted else -1
        if moves is not task.moves:
            task.moves = moves
            self.movable += 1 if moves else -1
        if workflow.gathering:
            self.stirred[workflow] = None
        if not spec.manual:
            self._note_step(task, was)

    def _add_live(self, task: RunTask) -> None:
        by_node, name = task.workflow.by_node, task.task_spec.name
        self.live[task.id] = task
        if name in by_node:
            by_node[name][task.id] = task
        else:
            by_node[name] = {task.id: task}

    def _forget_live(self, task: RunTask) -> None:
        by_node, name = task.workflow.by_node, task.task_spec.name
        del self.live[task.id]
        alike = by_node[name]
        del alike[task.id]
        if not alike:
            del by_node[name]

    def _note_waiting(self, task: RunTask) -> None:
        spec = task.task_spec
        if spec.gathers:
            task.workflow.gathering[task.id] = self.joins[task.id] = task
            return
        if spec.conditional:
            self.watching[task.id] = task
        awaits = task.awaits = spec.waits_for(task)
        if awaits is not None:
            self.waiting.setdefault(awaits[:2], {})[task.id] = task

    def _note_moving(self, task: RunTask) -> None:
        if self.joins.pop(task.id, None) is not None:
            del task.workflow.gathering[task.id]
            return
        self.watching.pop(task.id, None)
        if task.awaits is not None:
            name = task.awaits[:2]
            task.awaits = None
            del self.waiting[name][task.id]
            if not self.waiting[name]:
                del self.waiting[name]

    def _note_step(self, task: RunTask, was: int) -> None:
        if task._state == READY:
            ready = self.pending if task.task_spec.evaluates(task) else self.runnable
            ready[task.id] = task
        elif was & LIVE:
            self.runnable.pop(task.id, None)
            self.pending.pop(task.id, None)
            self.held.pop(task.id, None)

    def touch(self, task: RunTask) -> None:
        """Mark a task as to be written."""
        self.touched[task.id] = task

    def living(self) -> list[RunTask]:
        """The live tasks, in the order of their last change; costs time, so not for every step."""
        return sorted(self.live.values(), key=order)

    def waiting_for(self, kind: str, name: str) -> list[RunTask]:
        """The tasks that wait for this message or signal, the longest waiting first."""
        return sorted(self.waiting.get((kind, name), {}).values(), key=order)

    def make_room(self, node_id: str, more: int) -> None:
        """Refuse a step that would start too much at once; before it starts anything."""
        if len(self.live) + more > MAX_LIVE:
            raise TooManyTasks(node=node_id, maximum=MAX_LIVE)

    # data

    def open_scope(self, up: int | None, index: int | None, values: dict[str, Any]) -> int:
        """A new scope within `up`, None = it sees nothing else; it lives as long as a task or a scope is in it."""
        number = self.next_scope
        self.next_scope += 1
        self.scopes[number] = Scope(up, index, values)
        if up is not None:
            self.scopes[up].users += 1
        self.touched_scopes[number] = None
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
            self.touched_scopes[at] = None
        for task in list(self.watching.values()):
            if not task.task_spec.watches.isdisjoint(values):
                task.make_ready()

    # sub-processes

    def enter(self, task: RunTask, spec_name: str, *, begin: str = "") -> None:
        """Begin the sub-process of the task, which is `Node.inside` of its spec and sees what the task sees now.

        begin: as in `plant`.
        """
        assert spec_name == task.task_spec.inside
        self.reopen(task).plant(begin)

    def reopen(self, task: RunTask) -> InnerWorkflow:
        """The sub-process of a task, with nothing in it yet."""
        inner = InnerWorkflow(self.subprocess_specs[task.task_spec.inside], task, self)
        self.subprocesses[task.id] = inner
        return inner

    def leave(self, task: RunTask) -> None:
        """Forget the sub-process of the task; what lives in it is cancelled."""
        inner = self.subprocesses.pop(task.id, None)
        if inner is not None:
            inner.end()

    def settle(self, workflow: _Running) -> None:
        """After a step: a process or sub-process without live tasks is over; nothing starts its events now."""
        if workflow.live_count:
            return
        if not isinstance(workflow, InnerWorkflow):
            workflow.end()
        else:
            task = self.live.get(workflow.parent_task_id)
            if task is not None and self.subprocesses.get(task.id) is workflow:
                task.task_spec.inside_ended(task, workflow)

    def adopt(self, task: RunTask) -> None:
        """Take a task that was read back into the indices."""
        self._index(task, FUTURE)
        if "incident" in task.internal_data:
            incident_of(task)  # raises when it is none
            self.runnable.pop(task.id, None)
            self.pending.pop(task.id, None)
            self.held[task.id] = task

    # incidents

    def hold(self, task: RunTask, error: EngineError) -> None:
        """Keep a failed step where it is until `release`."""
        params = {key: str(value) for key, value in error.params.items()}
        task.note(incident=[error.code, error.message, params])
        self.runnable.pop(task.id, None)
        self.pending.pop(task.id, None)
        self.held[task.id] = task
        self.events.append(incident_of(task))

    def release(self) -> None:
        """Make all held steps runnable again, in their order among the others."""
        for task in self.held.values():
            task.unnote("incident")
            if task._state == READY:
                self._note_step(task, READY)
        self.held = {}
        self.runnable = {task.id: task for task in sorted(self.runnable.values(), key=order)}
        self.pending = {task.id: task for task in sorted(self.pending.values(), key=order)}


def order(task: RunTask) -> int:
    """For sorting: when the task last changed its state."""
    return task.last_state_change


def incident_of(task: RunTask) -> Incident:
    """What holds a held task."""
    code, message, params = task.internal_data["incident"]
    return Incident(task.key, task.task_spec.node_id, code, message, params)


def remade(
    workflow: _Running, spec: Node, key: str, state: int, order: int, scope: int, notes: dict[str, Any]
) -> RunTask:
    """A task as it was; not in any index yet."""
    task = RunTask.__new__(RunTask)
    task.id = key
    task.workflow = workflow
    task.task_spec = spec
    task.internal_data = notes
    task._children = {}
    task._parent = None
    task._state = state
    task.scope = scope
    task.last_state_change = order
    return task


# What the nodes do


class Node(BpmnTaskSpec):
    """A node that passes its token on at once; base of all others.

    manual: a person does it. targets: the next specs. flow_ids: name of the next spec -> id of the sequence flow.
    inside: name of the graph that `Running.enter` begins for it.
    """

    resting: ClassVar[int] = STARTED
    """State of a task whose `_run_hook` gave None. STARTED: it cannot move before its inside or children do."""
    keeps_siblings: ClassVar[bool] = False
    """Whether the living children of the finished task are alternatives of each other."""
    gathers: ClassVar[bool] = False
    """Whether tokens wait here for each other, until no other can come."""
    answers: ClassVar[bool] = False
    """Whether a waiting task takes what an operation outside gave (`Instance.operation_done`)."""
    listens: ClassVar[bool] = False
    """Whether it waits beside the scope: what starts an event sub-process keeps no scope from ending."""
    wants_reports: bool = False
    """Whether it is told of every task that completes in its sub-process (`inside_completed`)."""
    repeats: ClassVar[bool] = False
    """Whether its children are instances of one activity."""
    activity: bool = False
    """Whether it is one task or sub-process of the diagram."""
    transaction: bool = False
    """Whether a cancel end event inside ends it."""
    conditional: bool = False
    """Whether it waits for the data, or the time, to fulfil a condition."""
    watches: frozenset[str] = frozenset()
    """The names whose change makes it look at its condition again."""

    def __init__(self, scope: ProcessSpec, name: str, node_id: str, *, manual: bool = False) -> None:
        super().__init__(scope, name, manual=manual)
        self.node_id = node_id
        self.bpmn_id = node_id
        self.inside = node_id
        self.targets: list[Node] = []
        self.flow_ids: dict[str, str] = {}

    def lead_to(self, target: Node, flow_id: str = "") -> None:
        """Connect while the graph is built."""
        self.connect(target)
        self.targets.append(target)
        if flow_id:
            self.flow_ids[target.name] = flow_id

    def _predict(self, my_task: RunTask, *_arguments: Untyped, **_named: Untyped) -> None:
        """Nothing: the next tasks are made when this one completes."""

    def evaluates(self, my_task: RunTask) -> bool:
        """Whether running the ready task evaluates anything, and so waits for `Instance.proceed`."""
        return False

    def waits_for(self, my_task: RunTask) -> Waiting | None:
        """The message or signal that the waiting task waits for; asked when it begins to wait."""
        return None

    def result_of(self, my_task: RunTask, result: Untyped) -> Mapping[str, Any]:
        """The data to set when the operation asked for gave `result`."""
        return {}

    def _update(self, my_task: RunTask) -> None:
        if self._update_hook(my_task):
            my_task._ready()

    def _update_hook(self, my_task: RunTask) -> bool:
        return True

    def _run_hook(self, my_task: RunTask) -> bool | None:
        return True

    def _on_complete(self, my_task: RunTask) -> None:
        self._on_complete_hook(my_task)
        running = my_task.workflow.top_workflow
        for spec in self.targets if my_task.chosen is None else my_task.chosen:
            flow_id = self.flow_ids.get(spec.name)
            if flow_id:
                running.events.append(FlowTaken(flow_id))
            child = my_task._add_child(spec)
            spec._update(child)

    def _on_complete_hook(self, my_task: RunTask) -> None:
        parent = my_task.workflow.tasks.get(my_task._parent)
        if parent is not None:
            parent.task_spec.child_completed(parent, my_task)
        if my_task.workflow.reports:
            around = my_task.workflow.top_workflow.live.get(my_task.workflow.parent_task_id)
            if around is not None:
                around.task_spec.inside_completed(around, my_task)

    def _on_occur(self, my_task: RunTask) -> None:
        """Told when what it waited for happens, before it goes on."""

    def child_completed(self, my_task: RunTask, child: RunTask) -> None:
        """Told by a child; matters to nodes whose children belong to them."""

    def inside_completed(self, my_task: RunTask, inner: RunTask) -> None:
        """Told by a task of its sub-process; matters to ad hoc sub-processes."""

    def inside_ended(self, my_task: RunTask, inner: InnerWorkflow) -> None:
        """Told when nothing lives in its sub-process but listeners; forget it and go on."""
        my_task.workflow.top_workflow.leave(my_task)
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
