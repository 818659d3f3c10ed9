"""What activities and events do; each class is one kind of node of the graph.

Idea: a node acts only through the names of `spiff` (Node, RunTask, Running), never through SpiffWorkflow's own.
Whatever a node remembers goes through `RunTask.note`, so that what is kept is what changed.
Source: BPMN 2.0.2 (OMG formal/2013-12-09), clauses 10.3, 10.5, 13.
"""

# mypy: disable-error-code="misc"
# ruff: noqa: SLF001

from __future__ import annotations

from decimal import Decimal
from typing import Any

from workflows.engine.expressions import Expression, Script, instances, items
from workflows.engine.spiff import (
    FINISHED,
    WAITING,
    InnerWorkflow,
    Node,
    ProcessSpec,
    Running,
    RunTask,
    Untyped,
)
from workflows.engine.steps import EventOccurred
from workflows.engine.triggers import ErrorTrigger, TimerTrigger, Trigger
from workflows.engine.values import from_json, to_json


class ScriptNode(Node):
    def __init__(self, scope: ProcessSpec, name: str, node_id: str, script: Script) -> None:
        super().__init__(scope, name, node_id)
        self.script = script

    def _run_hook(self, my_task: RunTask) -> bool:
        running = my_task.workflow.top_workflow
        running.assign(my_task.scope, self.script.results(running.context(my_task.scope)))
        return True


class BoundarySplit(Node):
    """Stands before an activity with boundary events; its children are the activity and the events."""

    keeps_siblings = True

    def __init__(self, scope: ProcessSpec, name: str, node_id: str, main: str) -> None:
        super().__init__(scope, name, node_id)
        self.main = main

    def child_completed(self, my_task: RunTask, child: RunTask) -> None:
        spec = child.task_spec
        if spec.name == self.main or spec.interrupting:
            _cancel_others(my_task, child)
        elif not isinstance(spec.trigger, TimerTrigger):
            spec._update(my_task.add_child(spec))  # may happen again


class EventGateway(Node):
    """The first of the following events to happen decides."""

    keeps_siblings = True

    def child_completed(self, my_task: RunTask, child: RunTask) -> None:
        _cancel_others(my_task, child)


def _cancel_others(my_task: RunTask, child: RunTask) -> None:
    for other in my_task.children:
        if other is not child and not other.has_state(FINISHED):
            other.cancel()


class CatchEvent(Node):
    """Waits for its trigger: intermediate and boundary events, receive tasks."""

    resting = WAITING

    def __init__(
        self, scope: ProcessSpec, name: str, node_id: str, trigger: Trigger, *, interrupting: bool = False
    ) -> None:
        super().__init__(scope, name, node_id)
        self.trigger = trigger
        self.interrupting = interrupting

    def _update_hook(self, my_task: RunTask) -> bool:
        if isinstance(self.trigger, TimerTrigger):
            return True  # its moment is computed in a step of its own, which may fail and be retried
        my_task.rest()
        return False

    def _run_hook(self, my_task: RunTask) -> bool | None:
        running = my_task.workflow.top_workflow
        if not my_task.notes.get("occurred") and isinstance(self.trigger, TimerTrigger):
            due = self.trigger.due(running.context(my_task.scope))
            my_task.note(due=due.isoformat())
            return None
        running.events.append(EventOccurred(self.node_id))
        return True


class EndEvent(Node):
    """kind: "none", "terminate" (ends its scope) or "error" (`error` is its name)."""

    def __init__(self, scope: ProcessSpec, name: str, node_id: str, kind: str, error: str) -> None:
        super().__init__(scope, name, node_id)
        self.kind = kind
        self.error = error

    def _on_complete_hook(self, my_task: RunTask) -> None:
        super()._on_complete_hook(my_task)
        running = my_task.workflow.top_workflow
        if self.kind == "terminate":
            for task in [each for each in running.living() if each.workflow is my_task.workflow]:
                task.cancel()
        elif self.kind == "error":
            throw_error(running, my_task.workflow, self.error)


class SubProcess(Node):
    def __init__(self, scope: ProcessSpec, name: str, node_id: str) -> None:
        super().__init__(scope, name, node_id)

    def _run_hook(self, my_task: RunTask) -> bool | None:
        if my_task.notes.get("entered"):
            return True
        my_task.workflow.top_workflow.enter(my_task, self.node_id)
        my_task.note(entered=True)
        return None

    def _on_cancel(self, my_task: RunTask) -> None:
        my_task.workflow.top_workflow.leave(my_task)


class MultiInstance(Node):
    """Repeats its child: so many times, for each item, or (a loop) while a condition holds.

    It runs to open, rests while its instances live, and runs again after each of them.
    """

    def __init__(
        self,
        scope: ProcessSpec,
        name: str,
        node_id: str,
        *,
        sequential: bool,
        cardinality: Expression | None = None,
        collection: Expression | None = None,
        item: str = "",
        completion: Expression | None = None,
    ) -> None:
        super().__init__(scope, name, node_id)
        self.child: Node | None = None
        self.sequential = sequential
        self.cardinality = cardinality
        self.collection = collection
        self.item = item
        self.completion = completion

    def _run_hook(self, my_task: RunTask) -> bool | None:
        rounds = my_task.notes
        if "total" not in rounds:
            total, found = self._size(my_task)
            my_task.workflow.top_workflow.make_room(self.node_id, 1 if self.sequential else total)
            my_task.note(total=total, started=0, done=0, items=found)
        elif self._is_enough(my_task):
            for child in my_task.children:
                if not child.has_state(FINISHED):
                    child.cancel()
            return True
        total = rounds["total"]
        if rounds["done"] >= total:
            return True
        last = min(total, rounds["done"] + 1) if self.sequential else total
        for index in range(rounds["started"], last):
            self._begin(my_task, index)
        return None

    def _size(self, my_task: RunTask) -> tuple[int, list[Any] | None]:
        context = my_task.workflow.top_workflow.context(my_task.scope)
        if self.collection is not None:
            found = items(self.collection, context)
            return len(found), [to_json(each) for each in found]
        assert self.cardinality is not None
        return instances(self.cardinality, context), None

    def _is_enough(self, my_task: RunTask) -> bool:
        if self.completion is None:
            return False
        rounds = my_task.notes
        counts = {
            "numberOfInstances": Decimal(rounds["total"]),
            "numberOfCompletedInstances": Decimal(rounds["done"]),
            "numberOfActiveInstances": Decimal(rounds["started"] - rounds["done"]),
        }
        return self.completion.holds(my_task.workflow.top_workflow.context(my_task.scope).also(counts))

    def _begin(self, my_task: RunTask, index: int) -> None:
        rounds = my_task.notes
        local: dict[str, Any] = {"loopCounter": Decimal(index + 1)}
        if self.item and rounds.get("items") is not None:
            local[self.item] = from_json(rounds["items"][index])
        assert self.child is not None
        child = my_task.add_child(self.child)
        child.scope = my_task.workflow.top_workflow.open_scope(my_task.scope, index, local)
        my_task.note(started=index + 1)
        child.task_spec._update(child)

    def child_completed(self, my_task: RunTask, child: RunTask) -> None:
        if child.task_spec is self.child:
            my_task.note(done=my_task.notes.get("done", 0) + 1)
            my_task.make_ready()


class StandardLoop(MultiInstance):
    """Repeats its child while `completion` (here the loop condition) holds, at most `maximum` times."""

    def __init__(
        self,
        scope: ProcessSpec,
        name: str,
        node_id: str,
        *,
        condition: Expression | None,
        maximum: int | None,
    ) -> None:
        super().__init__(scope, name, node_id, sequential=True, completion=condition)
        self.maximum = maximum

    def _run_hook(self, my_task: RunTask) -> bool | None:
        rounds = my_task.notes
        done = rounds.get("done", 0)
        if done:
            context = my_task.workflow.top_workflow.context(my_task.scope)
            if self.maximum is not None and done >= self.maximum:
                return True
            if self.completion is not None and not self.completion.holds(
                context.also({"loopCounter": Decimal(done)})
            ):
                return True
        self._begin(my_task, done)
        return None


def throw_error(running: Running, workflow: Untyped, name: str) -> None:
    """Hand an error to the nearest boundary event around; what it interrupts ends at once."""
    while isinstance(workflow, InnerWorkflow):
        activity = running.live.get(workflow.parent_task_id)
        if activity is None:
            return
        if isinstance(activity.parent.task_spec, MultiInstance):
            activity = activity.parent
        caught = _catcher(activity, name)
        workflow = activity.workflow
        if caught is not None:
            caught.note(occurred=True)
            caught.make_ready()
        activity.cancel()
        if caught is not None:
            return


def _catcher(activity: RunTask, name: str) -> RunTask | None:
    """The error event on the activity that catches the name; one that names it before one for any."""
    catchers = {
        sibling.task_spec.trigger.name: sibling
        for sibling in activity.parent.children
        if isinstance(sibling.task_spec, CatchEvent)
        and isinstance(sibling.task_spec.trigger, ErrorTrigger)
        and sibling.state == WAITING
    }
    return catchers.get(name) or catchers.get("")
