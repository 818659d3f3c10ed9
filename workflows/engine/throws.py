"""What throws: end events, throwing events, send tasks, and who catches it.

Errors and escalations go outwards: to the event sub-processes of the scope, then to the boundary of the activity
around, and so on; the nearest catcher takes it, one that names it before one for any. What is thrown inside an
event sub-process is not caught by that one again. A signal is for all who wait in the instance, and for others.
A thrower that interrupts itself ends there: its path does not go on (`RunTask.run`).
Source: BPMN 2.0.2 (OMG formal/2013-12-09), clauses 10.5.1, 10.5.4, 13.5.3 to 13.5.5.
"""

# mypy: disable-error-code="misc"

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from workflows.engine.errors import EngineError, ErrorNotCaught
from workflows.engine.expressions import Expression, context_of, key_of
from workflows.engine.spiff import WAITING, InnerWorkflow, Node, ProcessSpec, RunTask, Untyped
from workflows.engine.steps import EventOccurred, Requested


class MessageThrow(Node):
    """Sends a message and goes on: send tasks, throwing events and end events."""

    def __init__(
        self,
        scope: ProcessSpec,
        name: str,
        node_id: str,
        message: str,
        *,
        key: Expression | None,
        payload: Expression | None,
    ) -> None:
        super().__init__(scope, name, node_id)
        self.message = message
        self.key = key
        self.payload = payload

    def evaluates(self, my_task: RunTask) -> bool:
        return self.key is not None or self.payload is not None

    def _run_hook(self, my_task: RunTask) -> bool:
        running = my_task.workflow.top_workflow
        context = running.context(my_task.scope)
        key = "" if self.key is None else key_of(self.key, context)
        payload = {} if self.payload is None else context_of(self.payload, context)
        running.events.append(Requested(my_task.key, self.node_id, "message", self.message, key, payload))
        return True


class SignalThrow(Node):
    """Tells all who wait for the signal; what it carries is set where each of them is."""

    def __init__(
        self, scope: ProcessSpec, name: str, node_id: str, signal: str, payload: Expression | None
    ) -> None:
        super().__init__(scope, name, node_id)
        self.signal = signal
        self.payload = payload

    def evaluates(self, my_task: RunTask) -> bool:
        return self.payload is not None

    def _run_hook(self, my_task: RunTask) -> bool:
        running = my_task.workflow.top_workflow
        payload = {} if self.payload is None else context_of(self.payload, running.context(my_task.scope))
        running.events.append(Requested(my_task.key, self.node_id, "signal", self.signal, "", payload))
        for catching in running.waiting_for("signal", self.signal):
            if catching.state == WAITING:  # one before may have interrupted it
                running.assign(catching.scope, payload)
                catching.occur()
        return True


class EscalationThrow(Node):
    """Says that something is to be looked at; goes on when nobody does."""

    def __init__(self, scope: ProcessSpec, name: str, node_id: str, escalation: str) -> None:
        super().__init__(scope, name, node_id)
        self.escalation = escalation

    def _run_hook(self, my_task: RunTask) -> bool:
        my_task.workflow.top_workflow.events.append(EventOccurred(self.node_id))
        caught = _catcher(my_task, "escalation", self.escalation)
        if caught is not None:
            caught.occur()
        return True


class ErrorEnd(Node):
    def __init__(self, scope: ProcessSpec, name: str, node_id: str, error: str) -> None:
        super().__init__(scope, name, node_id)
        self.error = error

    def _run_hook(self, my_task: RunTask) -> bool:
        uncaught = throw_error(my_task, self.error)
        if uncaught is not None:
            raise uncaught
        return True


class TerminateEnd(Node):
    """Ends its scope: the process, the called process or the sub-process it stands in."""

    def _run_hook(self, my_task: RunTask) -> bool:
        my_task.workflow.end()
        return True


class CancelEnd(Node):
    """Cancels the transaction around; the event on its boundary goes on (BPMN 2.0.2, 10.3.5)."""

    def _run_hook(self, my_task: RunTask) -> bool:
        for activity in _around(my_task):
            if activity.task_spec.transaction:
                caught = _best(_attached(activity), "cancel", "")
                if caught is None:
                    break
                caught.occur()
                return True
        raise ErrorNotCaught(node=self.node_id, name="cancel")


def throw_error(thrower: RunTask, name: str, *, from_activity: bool = False) -> EngineError | None:
    """Hand an error to the nearest catcher, which interrupts at once; gives why not, and has changed nothing.

    from_activity: the thrower is an activity, which may have a catcher on its own boundary.
    """
    caught = _best(_attached(thrower), "error", name) if from_activity else None
    caught = caught or _catcher(thrower, "error", name)
    if caught is None:
        return ErrorNotCaught(node=thrower.task_spec.node_id, name=name)
    caught.occur()
    return None


def _catcher(thrower: RunTask, kind: str, name: str) -> RunTask | None:
    caught = _best(_listening(thrower), kind, name)
    for activity in _around(thrower):
        caught = caught or _best(_attached(activity), kind, name) or _best(_listening(activity), kind, name)
        if caught is not None:
            return caught
    return caught


def _around(task: RunTask) -> Iterator[RunTask]:
    """The sub-processes and calls it is in, the innermost first."""
    workflow: Untyped = task.workflow
    while isinstance(workflow, InnerWorkflow):
        activity = workflow.top_workflow.live.get(workflow.parent_task_id)
        if activity is None:
            return
        yield activity
        workflow = activity.workflow


def _listening(task: RunTask) -> Iterator[RunTask]:
    """The event sub-processes that wait in its scope, without the one that it is itself."""
    for each in task.workflow.listeners():
        if task.task_spec not in each.task_spec.outputs:
            yield each


def _attached(activity: RunTask) -> Iterable[RunTask]:
    """What stands beside the activity, or beside all instances of it."""
    if activity.parent is not None and activity.parent.task_spec.repeats:
        activity = activity.parent
    parent = activity.parent
    return parent.children if parent is not None and parent.task_spec.keeps_siblings else ()


def _best(candidates: Iterable[RunTask], kind: str, name: str) -> RunTask | None:
    """The waiting event that names it, else one for any."""
    found: dict[Any, RunTask] = {}
    for each in candidates:
        trigger = getattr(each.task_spec, "trigger", None)
        if trigger is not None and trigger.kind == kind and each.state == WAITING:
            found.setdefault(trigger.name, each)
    return found.get(name) or found.get("")
