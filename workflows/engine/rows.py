"""The rows of a running instance: made from what was touched, and read back.

Idea: nothing here walks over all that lives. Each task and scope that was touched since the last time is looked
at once: it is a row, or it is gone. What was given out is remembered, so that a row is called removed only when
it was given, and so that an instance can be set back to its last rows when something unforeseen fails.
"""

# mypy: disable-error-code="misc"
# ruff: noqa: SLF001

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from operator import attrgetter
from typing import Final, Generic, TypeVar

import orjson

from workflows.engine import spiff
from workflows.engine.records import Changes, Records, ScopeRecord, Subscription, TaskRecord, Timer
from workflows.engine.steps import Status, WorkItem
from workflows.engine.values import from_json, to_json

_STATES: Final = frozenset({spiff.WAITING, spiff.READY, spiff.STARTED, spiff.COMPLETED})
_MAX_NESTED: Final = 10
"""Tasks that belong to one another: an instance of a repeated activity with boundary events is the third."""
_by_order: Final = attrgetter("order")
Row = TypeVar("Row")


class _Derived(Generic[Row]):
    """Rows that follow from tasks, by the task's id, and what became of them since `taken`."""

    def __init__(self) -> None:
        self.rows: dict[str, Row] = {}
        self._changed: list[Row] = []
        self._removed: list[str] = []

    def put(self, key: str, row: Row | None) -> None:
        known = self.rows.get(key)
        if row is None:
            if known is not None:
                del self.rows[key]
                self._removed.append(key)
        elif row != known:
            self.rows[key] = row
            self._changed.append(row)

    def taken(self) -> tuple[tuple[Row, ...], tuple[str, ...]]:
        if not self._changed and not self._removed:
            return (), ()
        taken = tuple(self._changed), tuple(self._removed)
        self._changed, self._removed = [], []
        return taken


class Rows:
    """What the keeper of an instance has, as of the last `changes`.

    lanes: node id -> lane. ready: tasks that wait for a person, oldest first.
    """

    def __init__(self, running: spiff.Running, lanes: Mapping[str, str | None]) -> None:
        self._running = running
        self._lanes = lanes
        self.tasks: dict[str, TaskRecord] = {}
        self.scopes: dict[int, ScopeRecord] = {}
        self.ready: dict[str, spiff.RunTask] = {}
        self._timers: _Derived[Timer] = _Derived()
        self._subscriptions: _Derived[Subscription] = _Derived()
        self._opened: list[spiff.RunTask] = []

    @property
    def timers(self) -> Mapping[str, Timer]:
        return self._timers.rows

    @property
    def subscriptions(self) -> Mapping[str, Subscription]:
        return self._subscriptions.rows

    def adopt(self, task: spiff.RunTask) -> None:
        """Take in a task that was read from its row."""
        self._running.adopt(task)
        self._see(task)
        if task.task_spec.manual:
            if task._state == spiff.READY:
                self.ready[task.id] = task
        else:
            self._derive(task)

    def settle(self) -> None:
        """What was adopted is no change."""
        self._timers.taken()
        self._subscriptions.taken()

    # Writing

    def changes(self, status: Status) -> Changes:
        """Bring the rows up to date and tell what that changed."""
        running = self._running
        removed, closed = [], []
        for task in _prune(running):
            removed.append(task.id)
            if self._remove(task):
                closed.append(task.key)
        added: list[TaskRecord] = []
        tasks: list[TaskRecord] = []
        for task in running.touched.values():
            if task.id in task.workflow.tasks:
                (tasks if task.stored else added).append(self._put(task))
        running.touched = {}
        opened = self._open()
        scopes, removed_scopes = self._put_scopes()
        timers, removed_timers = self._timers.taken()
        subscriptions, removed_subscriptions = self._subscriptions.taken()
        return Changes(
            tuple(added),
            tuple(tasks),
            tuple(removed),
            scopes,
            removed_scopes,
            timers,
            removed_timers,
            subscriptions,
            removed_subscriptions,
            opened,
            tuple(closed),
            tuple(running.events),
            status,
            bool(running.pending),
            bool(scopes) and any(row.number == 0 for row in scopes),
        )

    def _remove(self, task: spiff.RunTask) -> bool:
        """Forget a row; whether it was a work item."""
        key = task.id
        del self.tasks[key]
        if task.seen:
            self._leave(task)
        if task.task_spec.manual:
            return self.ready.pop(key, None) is not None
        self._timers.put(key, None)
        self._subscriptions.put(key, None)
        return False

    def _put(self, task: spiff.RunTask) -> TaskRecord:
        key = task.id
        row = self.tasks[key] = record_of(task)
        if task.scope or task.seen:
            self._see(task)
        task.stored = True
        if task.task_spec.manual:
            if task._state == spiff.READY and key not in self.ready:
                self._opened.append(task)
        else:
            self._derive(task)
        return row

    def _derive(self, task: spiff.RunTask) -> None:
        timer = subscription = None
        if task._state == spiff.WAITING:
            node_id, due = task.task_spec.node_id, task.internal_data.get("due")
            if due is not None:
                timer = Timer(task.id, node_id, datetime.fromisoformat(due))
            if task.awaits is not None:
                subscription = Subscription(task.id, node_id, *task.awaits)
        self._timers.put(task.id, timer)
        self._subscriptions.put(task.id, subscription)

    def _open(self) -> tuple[WorkItem, ...]:
        """Take in the tasks that became ready."""
        opened = self._opened
        if not opened:
            return ()
        self._opened = []
        if len(opened) > 1:
            opened.sort(key=spiff.order)
        for task in opened:
            self.ready[task.id] = task
        return tuple(map(self.item, opened))

    def item(self, task: spiff.RunTask) -> WorkItem:
        """The work item of a ready task."""
        node_id = task.task_spec.node_id
        return WorkItem(task.key, node_id, self._lanes[node_id], self._running.scopes[task.scope].index)

    # Scopes

    def _see(self, task: spiff.RunTask) -> None:
        """Count the task as a user of the scopes that it sees now, and outside its inside; 0 always stays."""
        seen = tuple([number for number in (task.scope, task.internal_data.get("outer", 0)) if number])
        if seen != task.seen:
            for number in seen:
                self._running.scopes[number].users += 1
            self._leave(task)
            task.seen = seen

    def _leave(self, task: spiff.RunTask) -> None:
        for number in task.seen:
            scope = self._running.scopes[number]
            scope.users -= 1
            if not scope.users:
                self._running.touched_scopes[number] = None

    def _put_scopes(self) -> tuple[tuple[ScopeRecord, ...], tuple[int, ...]]:
        running = self._running
        touched = running.touched_scopes
        if not touched:
            return (), ()
        running.touched_scopes = {}
        removed = [
            number for number in self._close(list(touched)) if self.scopes.pop(number, None) is not None
        ]
        rows = []
        for number in touched:
            scope = running.scopes.get(number)
            if scope is not None:
                row = scope_record(number, scope)
                if row != self.scopes.get(number):
                    self.scopes[number] = row
                    rows.append(row)
        return tuple(rows), tuple(removed)

    def _close(self, numbers: list[int]) -> Iterable[int]:
        """Forget those of the scopes that nobody is in, and what is around them likewise."""
        scopes = self._running.scopes
        while numbers:
            number = numbers.pop()
            scope = scopes.get(number)
            if number and scope is not None and not scope.users:
                del scopes[number]
                yield number
                if scope.up is not None:
                    scopes[scope.up].users -= 1
                    numbers.append(scope.up)


def record_of(task: spiff.RunTask) -> TaskRecord:
    """The row of a task."""
    notes = task.internal_data
    workflow = task.workflow
    return TaskRecord(
        task.id,
        workflow.parent_task_id or "",
        task._parent or "",
        task.task_spec.name,
        task._state,
        task.last_state_change,
        task.scope,
        orjson.dumps(notes).decode() if notes else "",
    )


def scope_record(number: int, scope: spiff.Scope) -> ScopeRecord:
    """The row of a scope."""
    return ScopeRecord(number, scope.up, scope.index, orjson.dumps(to_json(scope.values)[1]).decode())


def _prune(running: spiff.Running) -> list[spiff.RunTask]:
    """Forget what is finished among the touched tasks; gives those of them that have rows.

    Kept are live tasks, and finished ones whose living children are alternatives of each other.
    """
    gone: list[spiff.RunTask] = []
    splits: list[spiff.RunTask] = []
    for task in list(running.touched.values()):
        if not task._state & spiff.LIVE:
            if task.task_spec.keeps_siblings:
                splits.append(task)
            else:
                _drop(running, task, gone, splits)
    while splits:
        split = splits.pop()
        if not split._children:
            _drop(running, split, gone, splits)
    return gone


def _drop(
    running: spiff.Running, task: spiff.RunTask, gone: list[spiff.RunTask], splits: list[spiff.RunTask]
) -> None:
    tasks = task.workflow.tasks
    if tasks.pop(task.id, None) is None:
        return
    for key in task._children:
        child = tasks[key]
        child._parent = None
        running.touched[key] = child
    task._children = {}
    parent = tasks.get(task._parent)
    if parent is not None:
        del parent._children[task.id]
        if parent.task_spec.keeps_siblings and not parent._state & spiff.LIVE:
            splits.append(parent)
    if task.stored:
        gone.append(task)


# Reading


def restore(running: spiff.Running, lanes: Mapping[str, str | None], records: Records) -> Rows:
    """Fill an empty process with its rows; raises KeyError, TypeError or ValueError when they are damaged."""
    rows = Rows(running, lanes)
    _restore_scopes(running, records.scopes)
    rows.scopes = {row.number: row for row in records.scopes}
    rows.tasks = {row.task_id: row for row in records.tasks}
    ordered = sorted(records.tasks, key=_by_order)
    made = _restore_tasks(running, ordered)
    for row in ordered:
        task = made[row.task_id]
        if row.parent:
            _put_under(task, task.workflow.tasks[row.parent])
        task.stored = True
        rows.adopt(task)
    rows.settle()
    running.clock = ordered[-1].order if ordered else 0
    running.touched.clear()
    running.touched_scopes.clear()
    running.events.clear()
    return rows


def _put_under(task: spiff.RunTask, parent: spiff.RunTask) -> None:
    task._parent = parent.id
    parent._children[task.id] = None
    tasks, above = task.workflow.tasks, parent._parent
    for _ in range(_MAX_NESTED):
        if above not in tasks:
            return
        above = tasks[above]._parent
    raise ValueError("tasks belong to each other in a circle")


def _restore_scopes(running: spiff.Running, records: Sequence[ScopeRecord]) -> None:
    scopes = {
        row.number: spiff.Scope(row.up, row.index, from_json(["m", orjson.loads(row.values)]))
        for row in records
    }
    for number, scope in scopes.items():
        if scope.up is not None:
            if scope.up >= number:
                raise ValueError("a scope is in one that was there before it")
            scopes[scope.up].users += 1
    if 0 not in scopes:
        raise ValueError("there is no data")
    running.scopes = scopes
    running.next_scope = max(scopes) + 1


def _restore_tasks(running: spiff.Running, ordered: Sequence[TaskRecord]) -> dict[str, spiff.RunTask]:
    """Make the tasks, those of a sub-process after the one it is in."""
    inside: dict[str, list[TaskRecord]] = {}
    for row in ordered:
        inside.setdefault(row.workflow, []).append(row)
    made: dict[str, spiff.RunTask] = {}
    waiting: list[tuple[spiff.InnerWorkflow | spiff.Running, list[TaskRecord]]] = [
        (running, inside.pop("", []))
    ]
    while waiting:
        workflow, rows = waiting.pop()
        for row in rows:
            task = made[row.task_id] = _restored(workflow, row)
            within = inside.pop(row.task_id, None)
            if within is not None:
                waiting.append((running.reopen(task), within))
    if inside or len(made) != len(ordered):
        raise ValueError("a task is inside one that is not there, or twice the same")
    return made


def _restored(workflow: spiff.InnerWorkflow | spiff.Running, row: TaskRecord) -> spiff.RunTask:
    spec = workflow.spec.node(row.node)
    if row.state not in _STATES or (row.state == spiff.COMPLETED and not spec.keeps_siblings):
        raise ValueError("a task is neither living nor needed")
    notes = orjson.loads(row.notes) if row.notes else {}
    order: object = row.order  # whatever the keeper has there
    if len(row.task_id) != 32 or not isinstance(order, int) or not isinstance(notes, dict):
        raise ValueError("a task has no id, no order or no notes")
    task = spiff.remade(workflow, spec, row.task_id, row.state, row.order, row.scope, notes)
    workflow.tasks[task.id] = task
    return task


def records_of(running: spiff.Running, status: Status, definition: str) -> Records:
    """All rows of a process as it is; after a command, what its `Changes` add up to."""
    tasks = [
        record_of(task)
        for workflow in (running, *running.subprocesses.values())
        for task in workflow.tasks.values()
    ]
    scopes = tuple([scope_record(number, scope) for number, scope in sorted(running.scopes.items())])
    return Records(tuple(sorted(tasks, key=_by_order)), scopes, status, definition)
