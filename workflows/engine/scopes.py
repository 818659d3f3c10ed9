"""Activities with an inside: sub-processes, transactions, calls and ad hoc sub-processes.

Data objects declared in a sub-process live and end with it (BPMN 2.0.2, 10.4.1). A called process sees nothing of
its caller: it starts with a copy of every name the caller sees, as if it were started with them, and at its end
the names it has changed are set where the caller has them; what the caller does not know ends with the call.
Source: BPMN 2.0.2 (OMG formal/2013-12-09), clauses 10.3.5, 10.3.6, 13.3.4 and 13.3.5.
"""

# mypy: disable-error-code="misc"

from __future__ import annotations

from collections.abc import Sequence

from workflows.engine.expressions import Expression
from workflows.engine.spiff import InnerWorkflow, Node, ProcessSpec, RunTask
from workflows.engine.values import copied, to_json


class SubProcess(Node):
    """own: names declared in it. transaction: a cancel end event inside ends it."""

    def __init__(
        self,
        scope: ProcessSpec,
        name: str,
        node_id: str,
        *,
        inside: str,
        own: Sequence[str] = (),
        transaction: bool = False,
    ) -> None:
        super().__init__(scope, name, node_id)
        self.inside = inside
        self.own = own
        self.transaction = transaction

    def _run_hook(self, my_task: RunTask) -> bool | None:
        if my_task.notes.get("entered"):
            return True
        self._enter(my_task)
        return None

    def _enter(self, my_task: RunTask, begin: str = "") -> None:
        """Begin its inside; while that lives the task itself is in the scope of its inside."""
        running = my_task.workflow.top_workflow
        my_task.note(entered=True)
        if self.own:
            outer = my_task.scope
            my_task.scope = running.open_scope(outer, running.scopes[outer].index, dict.fromkeys(self.own))
            my_task.note(outer=outer)
        running.enter(my_task, self.inside, begin=begin)

    def _leave(self, my_task: RunTask) -> None:
        """End its inside, and be again in the scope around."""
        my_task.workflow.top_workflow.leave(my_task)
        if "outer" in my_task.notes:
            my_task.scope = my_task.notes["outer"]

    def inside_ended(self, my_task: RunTask, inner: InnerWorkflow) -> None:
        self._leave(my_task)
        my_task.make_ready()

    def _on_cancel(self, my_task: RunTask) -> None:
        my_task.workflow.top_workflow.leave(my_task)


class CallActivity(SubProcess):
    """Runs another process of the file; `own` are the data objects declared there."""

    def _enter(self, my_task: RunTask, begin: str = "") -> None:
        running = my_task.workflow.top_workflow
        seen = running.context(my_task.scope).values
        given = {**dict.fromkeys(self.own), **{name: copied(value) for name, value in seen.items()}}
        scope = running.open_scope(None, running.scopes[my_task.scope].index, given)
        noted = {name: to_json(value) for name, value in given.items()}
        my_task.note(entered=True, within=scope, given=noted)
        running.enter(my_task, self.inside, begin=running.subprocess_specs[self.inside].begin)
        inner: InnerWorkflow = running.subprocesses[my_task.id]
        inner.task_tree.scope = scope

    def inside_ended(self, my_task: RunTask, inner: InnerWorkflow) -> None:
        running = my_task.workflow.top_workflow
        given, values = my_task.notes["given"], running.scopes[my_task.notes["within"]].values
        super().inside_ended(my_task, inner)
        my_task.unnote("given")
        known = running.context(my_task.scope).values
        changed = {
            name: value
            for name, value in values.items()
            if name in known and (name not in given or to_json(value) != given[name])
        }
        running.assign(my_task.scope, changed)


class AdHocSubProcess(SubProcess):
    """Offers the activities that no flow leads to, in no order or (sequential) one after the other.

    Each is offered once; those that flows lead to follow it. Sequential: the next one of the file is offered
    when the one before and all that followed it is over. The completion condition is looked at when an activity
    inside completes: when it holds, the rest is withdrawn, or (cancel_remaining false) what is open is still
    done and nothing more is offered. When all is done and it does not hold, all is offered again. Without a
    condition the sub-process ends when all is done.
    """

    def __init__(
        self,
        scope: ProcessSpec,
        name: str,
        node_id: str,
        *,
        inside: str,
        own: Sequence[str] = (),
        sequential: bool,
        completion: Expression | None,
        cancel_remaining: bool,
    ) -> None:
        super().__init__(scope, name, node_id, inside=inside, own=own)
        self.sequential = sequential
        self.completion = completion
        self.cancel_remaining = cancel_remaining
        self.wants_reports = completion is not None

    def evaluates(self, my_task: RunTask) -> bool:
        return self.completion is not None and bool(my_task.notes.get("entered"))

    def _run_hook(self, my_task: RunTask) -> bool | None:
        if not my_task.notes.get("entered"):
            entries = self._entries(my_task)
            my_task.note(offered=1 if self.sequential else len(entries))
            self._enter(my_task, entries[0].name if self.sequential and entries else "")
            return None
        running = my_task.workflow.top_workflow
        inner: InnerWorkflow = running.subprocesses.get(my_task.id) or running.reopen(my_task)
        if not my_task.notes.get("ending") and self._is_enough(my_task):
            if self.cancel_remaining:
                self._leave(my_task)
                return True
            my_task.note(ending=True)
        if inner.live_count:
            return None
        following = self._following(my_task)
        if not following:
            self._leave(my_task)
            return True
        for each in following:
            inner.begin(each)
        return None

    def _entries(self, my_task: RunTask) -> list[Node]:
        entries: list[Node] = my_task.workflow.top_workflow.subprocess_specs[self.inside].entries
        return entries

    def _is_enough(self, my_task: RunTask) -> bool:
        if self.completion is None:
            return False
        return self.completion.holds(my_task.workflow.top_workflow.context(my_task.scope))

    def _following(self, my_task: RunTask) -> list[Node]:
        """What is offered when nothing is open; nothing = it is over."""
        entries, offered = self._entries(my_task), my_task.notes["offered"]
        if my_task.notes.get("ending") or (offered >= len(entries) and self.completion is None):
            return []
        if not self.sequential:
            return entries
        at = offered % len(entries)
        my_task.note(offered=at + 1)
        return [entries[at]]

    def inside_completed(self, my_task: RunTask, inner: RunTask) -> None:
        if inner.task_spec.activity:
            my_task.make_ready()

    def inside_ended(self, my_task: RunTask, inner: InnerWorkflow) -> None:
        my_task.make_ready()
