"""What automatic tasks and catching events do; each class is one kind of node of the graph.

Idea: a node acts only through the names of `spiff` (Node, RunTask, Running), never through SpiffWorkflow's own.
Whatever a node remembers goes through `RunTask.note`, so that what is kept is what changed.
An event that happens interrupts what it interrupts at that very moment (`occur`); its token goes on in a step.
Source: BPMN 2.0.2 (OMG formal/2013-12-09), clauses 10.3.3, 10.5.4, 13.3 and 13.5.
"""

# mypy: disable-error-code="misc"

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any, Protocol

from workflows.engine.errors import DecisionNotMade
from workflows.engine.expressions import Expression, Script, context_of
from workflows.engine.spiff import FINISHED, WAITING, Node, ProcessSpec, RunTask, Waiting
from workflows.engine.steps import EventOccurred, Requested
from workflows.engine.throws import throw_error
from workflows.engine.triggers import ConditionTrigger, Trigger
from workflows.engine.values import kept
from workflows.errors import WorkflowError


class Decision(Protocol):
    """A decision of a DMN model (`workflows.decisions`).

    evaluate: its value for the names and values, at a time; raises a WorkflowError when it cannot be made.
    inputs: the names it reads.
    """

    @property
    def inputs(self) -> Collection[str]: ...

    def evaluate(self, context: Mapping[str, Any], *, now: datetime) -> Any: ...  # noqa: ANN401


class ScriptNode(Node):
    def __init__(self, scope: ProcessSpec, name: str, node_id: str, script: Script) -> None:
        super().__init__(scope, name, node_id)
        self.script = script

    def evaluates(self, my_task: RunTask) -> bool:
        return True

    def _run_hook(self, my_task: RunTask) -> bool:
        running = my_task.workflow.top_workflow
        running.assign(my_task.scope, self.script.results(running.context(my_task.scope)))
        return True


class DecisionNode(Node):
    """A business-rule task: asks a decision and keeps its answer."""

    def __init__(
        self, scope: ProcessSpec, name: str, node_id: str, *, decision: Decision, ref: str, result: str
    ) -> None:
        super().__init__(scope, name, node_id)
        self.decision = decision
        self.ref = ref
        self.result = result

    def evaluates(self, my_task: RunTask) -> bool:
        return True

    def _run_hook(self, my_task: RunTask) -> bool:
        running = my_task.workflow.top_workflow
        context = running.context(my_task.scope)
        try:
            answer = self.decision.evaluate(context.values, now=context.now)
        except WorkflowError as error:
            raise DecisionNotMade(node=self.node_id, decision=self.ref, why=str(error)) from error
        if self.result:
            running.assign(my_task.scope, kept({self.result: answer}))
        return True


class ServiceNode(Node):
    """Asks for an operation and waits until it was done or has failed.

    The engine does nothing itself: the request is an event, carried out after the commit that keeps it.
    """

    resting = WAITING
    answers = True

    def __init__(
        self,
        scope: ProcessSpec,
        name: str,
        node_id: str,
        *,
        operation: str,
        payload: Expression | None,
        result: str,
    ) -> None:
        super().__init__(scope, name, node_id)
        self.operation = operation
        self.payload = payload
        self.result = result

    def evaluates(self, my_task: RunTask) -> bool:
        return self.payload is not None and not my_task.notes.get("occurred")

    def _run_hook(self, my_task: RunTask) -> bool | None:
        if my_task.notes.get("occurred"):
            return True
        running = my_task.workflow.top_workflow
        payload = {} if self.payload is None else context_of(self.payload, running.context(my_task.scope))
        running.events.append(Requested(my_task.key, self.node_id, "service", self.operation, "", payload))
        return None

    def result_of(self, my_task: RunTask, result: Any) -> Mapping[str, Any]:  # noqa: ANN401
        return {self.result: result} if self.result else {}


def throw_from(my_task: RunTask, code: str) -> None:
    """Throw what an operation gave as an error of BPMN; when nothing catches it, it is an incident."""
    uncaught = throw_error(my_task, code, from_activity=True)
    if uncaught is not None:
        my_task.make_ready()
        my_task.workflow.top_workflow.hold(my_task, uncaught)


# Events


class BoundarySplit(Node):
    """Stands before an activity with boundary events; its children are the activity and the events."""

    keeps_siblings = True

    def __init__(self, scope: ProcessSpec, name: str, node_id: str, main: str) -> None:
        super().__init__(scope, name, node_id)
        self.main = main

    def child_completed(self, my_task: RunTask, child: RunTask) -> None:
        if child.task_spec.name == self.main:
            _cancel_others(my_task, child)


class EventGateway(Node):
    """The first of the following events to happen decides."""

    keeps_siblings = True


def _cancel_others(parent: RunTask, child: RunTask) -> None:
    """Withdraw the other children; an event that has happened is not undone."""
    for other in parent.children:
        if other is not child and not other.has_state(FINISHED) and not other.notes.get("occurred"):
            other.cancel()


class CatchEvent(Node):
    """Waits for its trigger on a path: intermediate events and receive tasks."""

    resting = WAITING
    interrupting = True

    def __init__(self, scope: ProcessSpec, name: str, node_id: str, trigger: Trigger) -> None:
        super().__init__(scope, name, node_id)
        self.trigger = trigger
        self.conditional = isinstance(trigger, ConditionTrigger)
        self.watches = trigger.watches

    def evaluates(self, my_task: RunTask) -> bool:
        return self.trigger.evaluates and not my_task.notes.get("occurred")

    def _on_occur(self, my_task: RunTask) -> None:
        parent = my_task.parent
        if parent is not None and isinstance(parent.task_spec, EventGateway):
            _cancel_others(parent, my_task)

    def waits_for(self, my_task: RunTask) -> Waiting | None:
        kind = self.trigger.kind
        if kind != "message" and kind != "signal":
            return None
        return Waiting(kind, self.trigger.name, my_task.notes.get("key", ""))

    def _update_hook(self, my_task: RunTask) -> bool:
        if self.trigger.arms:
            return True  # in a step of its own, which may fail and be retried
        my_task.rest()
        return False

    def _run_hook(self, my_task: RunTask) -> bool | None:
        running = my_task.workflow.top_workflow
        if not my_task.notes.get("occurred"):
            context = running.context(my_task.scope)
            if not isinstance(self.trigger, ConditionTrigger):
                my_task.note(**self.trigger.armed(context))
                return None
            held = self.trigger.condition.holds(context)
            if not held or my_task.notes.get("held"):
                my_task.note(held=held)
                return None
            my_task.occur()
        running.events.append(EventOccurred(self.node_id))
        return True


class BoundaryEvent(CatchEvent):
    """Waits beside an activity; interrupts it, or happens again while it goes on (BPMN 2.0.2, 13.5.3)."""

    def __init__(
        self, scope: ProcessSpec, name: str, node_id: str, trigger: Trigger, *, interrupting: bool
    ) -> None:
        super().__init__(scope, name, node_id, trigger)
        self.interrupting = interrupting

    def _on_occur(self, my_task: RunTask) -> None:
        if self.interrupting and my_task.parent is not None:
            _cancel_others(my_task.parent, my_task)

    def _on_complete_hook(self, my_task: RunTask) -> None:
        super()._on_complete_hook(my_task)
        if self.interrupting:
            return
        notes = self.trigger.again(my_task.notes, my_task.workflow.top_workflow.now)
        following = None if notes is None else self._next(my_task)
        if notes is not None and following is not None:
            following.note(**notes)
            following.rest()

    def _next(self, my_task: RunTask) -> RunTask | None:
        """A task to wait again, beside the activity as long as that goes on."""
        split = my_task.parent
        if split is None or not isinstance(split.task_spec, BoundarySplit):
            return None
        main = split.task_spec.main
        goes_on = any(each.task_spec.name == main and not each.has_state(FINISHED) for each in split.children)
        return split.add_child(self) if goes_on else None


class ScopeEvent(BoundaryEvent):
    """The start of an event sub-process: waits beside the scope it stands in (BPMN 2.0.2, 13.5.4).

    An interrupting one ends all else in the scope, other event sub-processes too, which then ends with it.
    """

    listens = True

    def _on_occur(self, my_task: RunTask) -> None:
        if self.interrupting:
            for other in my_task.workflow.living_inside():
                if other is not my_task:
                    other.cancel()

    def _next(self, my_task: RunTask) -> RunTask | None:
        following = RunTask(my_task.workflow, self)
        following.scope = my_task.scope
        return following


class StartEvent(Node):
    """triggered: something has happened that starts the process, which is told."""

    def __init__(self, scope: ProcessSpec, name: str, node_id: str, *, triggered: bool) -> None:
        super().__init__(scope, name, node_id)
        self.triggered = triggered

    def _run_hook(self, my_task: RunTask) -> bool:
        if self.triggered:
            my_task.workflow.top_workflow.events.append(EventOccurred(self.node_id))
        return True
