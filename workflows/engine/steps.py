"""What the engine gives: the next state of an instance and what happened, as immutable values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, NamedTuple

Status = Literal["running", "completed", "cancelled"]


@dataclass(frozen=True, slots=True)
class InstanceState:
    """A process instance at rest.

    document: opaque JSON; holds no part of the definition. engine: name of the format of `document`.
    """

    document: bytes
    engine: str


class WorkItem(NamedTuple):
    """A task that waits for its performer.

    task_id: UUID of this execution: a loop or a second instance has another one. node_id: of the diagram.
    lane: id of the lane, None = none. loop_index: 0-based index within the nearest multi-instance or loop.
    """

    task_id: str
    node_id: str
    lane: str | None
    loop_index: int | None


# The events have no slots: every step writes its events as JSON, and orjson is six times as fast with a __dict__.


@dataclass(frozen=True)
class TaskReady:
    task_id: str
    node_id: str


@dataclass(frozen=True)
class TaskCompleted:
    task_id: str
    node_id: str


@dataclass(frozen=True)
class TaskCancelled:
    """A ready task was withdrawn: by a boundary event, a terminate, a completion condition or `cancel`."""

    task_id: str
    node_id: str


@dataclass(frozen=True)
class FlowTaken:
    """A token went along a sequence flow."""

    flow_id: str


@dataclass(frozen=True)
class EventOccurred:
    """An event of the diagram happened: a timer fell due, a message arrived, an error was caught."""

    node_id: str


@dataclass(frozen=True)
class ConditionUndecided:
    """A condition of a gateway gave neither true nor false, mostly since a value is missing: no path for it.

    condition: its beginning.
    """

    node_id: str
    condition: str


@dataclass(frozen=True)
class Incident:
    """An automatic step failed; it stays where it was until `retry`.

    code, message, params: those of the EngineError, so that it can be shown in every language.
    """

    task_id: str
    node_id: str
    code: str
    message: str
    params: Mapping[str, str]

    def text(self) -> str:
        """Say in English what failed."""
        return self.message % self.params if self.params else self.message


@dataclass(frozen=True)
class Requested:
    """Something is asked of the world outside; it is carried out after the commit that keeps this event.

    kind: "service" waits for `operation_done` or `operation_failed` of the task; "message" and "signal" do not
    wait. name: of the operation, message or signal. key: which of the messages is meant, "" = any.
    payload: names and values in FEEL's types.
    """

    task_id: str
    node_id: str
    kind: Literal["service", "message", "signal"]
    name: str
    key: str
    payload: Mapping[str, Any]


@dataclass(frozen=True)
class ProcessCompleted:
    """Nothing is left to do."""


@dataclass(frozen=True)
class ProcessCancelled:
    """The instance was cancelled as a whole."""


Event = (
    TaskReady
    | TaskCompleted
    | TaskCancelled
    | FlowTaken
    | EventOccurred
    | ConditionUndecided
    | Incident
    | Requested
    | ProcessCompleted
    | ProcessCancelled
)


@dataclass(frozen=True, slots=True)
class Step:
    """Outcome of one command.

    ready: all tasks that wait for a person now, oldest first. events: what this command caused, in order.
    data: the data of the instance now, in FEEL's types: numbers are Decimal, dates those of workflows.feel.
    next_due: when the earliest timer falls due. messages: names of the messages waited for.
    incidents: all that are open.
    """

    state: InstanceState
    ready: tuple[WorkItem, ...]
    events: tuple[Event, ...]
    data: Mapping[str, Any]
    status: Status
    next_due: datetime | None
    messages: tuple[str, ...] = ()
    incidents: tuple[Incident, ...] = field(default=())
