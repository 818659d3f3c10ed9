"""Boundary events of activities that are open already.

An activity that is entered gets its boundary events from the node before it (`nodes.BoundarySplit`). One that was
open when its definition changed has none of the new ones, and perhaps no such node: it is put under one here.
Source: BPMN 2.0.2 (OMG formal/2013-12-09), clauses 10.5.4 and 13.5.3.
"""

# mypy: disable-error-code="misc"
# ruff: noqa: SLF001

from __future__ import annotations

from workflows.engine.errors import NotAttachable
from workflows.engine.nodes import BoundaryEvent, BoundarySplit
from workflows.engine.spiff import COMPLETED, LIVE, Node, RunTask


def activity_of(task: RunTask) -> RunTask:
    """The task whose boundary a task's events stand on: that of the whole, for an instance of a repeated one."""
    parent = task.parent
    return parent if parent is not None and parent.task_spec.repeats else task


def event_for(activity: RunTask, node_id: str) -> Node:
    """The spec of a boundary event of the activity that it does not have yet; raises NotAttachable."""
    for spec in _split_spec(activity, node_id).outputs:
        if isinstance(spec, BoundaryEvent) and spec.node_id == node_id:
            present = activity.parent.children if activity.parent is not None else ()
            if not any(each.task_spec is spec and each._state & LIVE for each in present):
                return spec
    raise NotAttachable(event=node_id)


def attach(activity: RunTask, event: Node) -> None:
    """Let the event wait beside the activity."""
    split = activity.parent
    if split is None or not isinstance(split.task_spec, BoundarySplit):
        split = _split(activity, event.node_id)
    split.add_child(event).start()


def _split(activity: RunTask, node_id: str) -> RunTask:
    """The task that holds the activity and its events together, as if it had gone before."""
    split = RunTask(activity.workflow, _split_spec(activity, node_id))
    split.scope = activity.notes.get("outer", activity.scope)
    split._set_state(COMPLETED)
    activity.move_under(split)
    return split


def _split_spec(activity: RunTask, node_id: str) -> BoundarySplit:
    for spec in activity.task_spec.inputs:
        if isinstance(spec, BoundarySplit) and spec.main == activity.task_spec.name:
            return spec
    raise NotAttachable(event=node_id)
