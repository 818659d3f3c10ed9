"""An instance at rest as rows, and what one command changes in them.

Idea: a row is a living task or a scope of data; what is finished has no row, its trace is the history. Whoever
keeps the rows inserts or replaces what `Changes` names, deletes what it calls removed, and then has exactly the
rows that `Instance.load` needs; a new task may be written over the row of one that is gone. Ids of tasks are 32
hex digits in rows, timers and subscriptions; work items and events show the same id as the text of a UUID.
Commands take both.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, NamedTuple

from workflows.engine.steps import Event, Status, WorkItem


class TaskRecord(NamedTuple):
    """A living task of the engine, or a finished one whose living children are alternatives.

    workflow: id of the task of the sub-process or call it is in, "" = the process itself. parent: id of the task
    it belongs to (multi-instance, activity with boundary events, event gateway), "" = none. node: name of the
    spec in the graph. order: of the last change of state, within the instance. notes: JSON object, "" = none.
    """

    task_id: str
    workflow: str
    parent: str
    node: str
    state: int
    order: int
    scope: int
    notes: str


@dataclass(frozen=True, slots=True)
class ScopeRecord:
    """Data of a part of an instance; 0 = of the whole. index: 0-based round. values: JSON object (`values`)."""

    number: int
    up: int | None
    index: int | None
    values: str


@dataclass(frozen=True, slots=True)
class Timer:
    """A timer that waits. due: aware, UTC."""

    task_id: str
    node_id: str
    due: datetime


@dataclass(frozen=True, slots=True)
class Subscription:
    """A message or signal that is waited for. key: which one, "" = any."""

    task_id: str
    node_id: str
    kind: Literal["message", "signal"]
    name: str
    key: str


@dataclass(frozen=True, slots=True)
class Records:
    """A whole instance, its rows in any order. definition: sha256 of the program."""

    tasks: Sequence[TaskRecord]
    scopes: Sequence[ScopeRecord]
    status: Status
    definition: str


class Changes(NamedTuple):
    """What one command changed.

    added: rows of new tasks. tasks: changed rows of tasks that were given before. scopes, timers, subscriptions:
    new or changed rows. removed*: ids of rows that were given before and are gone. opened: work items that became
    ready, oldest first. closed: task ids of work items given before that are completed or withdrawn. events: all
    that happened, in order. pending: automatic steps wait that evaluate something: call `Instance.proceed`.
    data_changed: whether `Instance.data` changed.
    """

    added: tuple[TaskRecord, ...]
    tasks: tuple[TaskRecord, ...]
    removed: tuple[str, ...]
    scopes: tuple[ScopeRecord, ...]
    removed_scopes: tuple[int, ...]
    timers: tuple[Timer, ...]
    removed_timers: tuple[str, ...]
    subscriptions: tuple[Subscription, ...]
    removed_subscriptions: tuple[str, ...]
    opened: tuple[WorkItem, ...]
    closed: tuple[str, ...]
    events: tuple[Event, ...]
    status: Status
    pending: bool
    data_changed: bool
