"""Activities done several times: multi-instance and standard loop.

Source: BPMN 2.0.2 (OMG formal/2013-12-09), clauses 10.3.7, 10.3.8, 13.3.6 and 13.3.7.
"""

# mypy: disable-error-code="misc"

from __future__ import annotations

from decimal import Decimal
from typing import Any

from workflows.engine.expressions import Expression, instances, items
from workflows.engine.spiff import FINISHED, Node, ProcessSpec, RunTask
from workflows.engine.values import from_json, to_json


class MultiInstance(Node):
    """Repeats its child: so many times, or for each item.

    It runs to open, rests while its instances live, and runs again after each of them. Each instance sees names
    of its own: loopCounter (from 1), its item, and the output item, null at first, which is local to it. The
    output is the list of the output items of the instances that completed, in the order of the instances; it is
    set when all are over, also when the completion condition has withdrawn some.
    """

    repeats = True

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
        output: str = "",
        output_item: str = "",
    ) -> None:
        super().__init__(scope, name, node_id)
        self.child: Node | None = None
        self.sequential = sequential
        self.cardinality = cardinality
        self.collection = collection
        self.item = item
        self.completion = completion
        self.output = output
        self.output_item = output_item

    def evaluates(self, my_task: RunTask) -> bool:
        return "total" not in my_task.notes or self.completion is not None

    def _run_hook(self, my_task: RunTask) -> bool | None:
        rounds = my_task.notes
        if "total" not in rounds:
            self._open(my_task)
        elif self._is_enough(my_task):
            for child in my_task.children:
                if not child.has_state(FINISHED):
                    child.cancel()
            return self._finish(my_task)
        total = rounds["total"]
        if rounds["done"] >= total:
            return self._finish(my_task)
        last = min(total, rounds["done"] + 1) if self.sequential else total
        for index in range(rounds["started"], last):
            self._begin(my_task, index)
        if not self.sequential and rounds.get("items") is not None:
            my_task.unnote("items")  # every instance has its own
        return None

    def _open(self, my_task: RunTask) -> None:
        running = my_task.workflow.top_workflow
        context = running.context(my_task.scope)
        found = None
        if self.collection is not None:
            found = [to_json(each) for each in items(self.collection, context)]
            total = len(found)
        else:
            assert self.cardinality is not None
            total = instances(self.cardinality, context)
        running.make_room(self.node_id, 1 if self.sequential else total)
        my_task.note(total=total, started=0, done=0, items=found)

    def _finish(self, my_task: RunTask) -> bool:
        if self.output:
            given = my_task.notes.get("given", {})
            collected = [from_json(given[index]) for index in sorted(given, key=int)]
            my_task.workflow.top_workflow.assign(my_task.scope, {self.output: collected})
        return True

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
        if self.output_item:
            local[self.output_item] = None
        if self.item and rounds.get("items") is not None:
            local[self.item] = from_json(rounds["items"][index])
        assert self.child is not None
        scope = my_task.workflow.top_workflow.open_scope(my_task.scope, index, local)
        my_task.note(started=index + 1)
        my_task.add_child(self.child, scope).start()

    def child_completed(self, my_task: RunTask, child: RunTask) -> None:
        if child.task_spec is not self.child:
            return
        if self.output and self.output_item:
            scope = my_task.workflow.top_workflow.scopes[child.scope]
            given = my_task.notes.get("given", {})
            my_task.note(given={**given, str(scope.index): to_json(scope.values[self.output_item])})
        my_task.note(done=my_task.notes.get("done", 0) + 1)
        my_task.make_ready()


class StandardLoop(MultiInstance):
    """Repeats its child while `completion` (here the loop condition) holds, at most `maximum` times.

    test_before: the condition must hold for the first round too. loopCounter: rounds done, in the condition.
    """

    def __init__(
        self,
        scope: ProcessSpec,
        name: str,
        node_id: str,
        *,
        condition: Expression | None,
        maximum: int | None,
        test_before: bool = False,
    ) -> None:
        super().__init__(scope, name, node_id, sequential=True, completion=condition)
        self.maximum = maximum
        self.test_before = test_before

    def evaluates(self, my_task: RunTask) -> bool:
        return self.completion is not None and (self.test_before or bool(my_task.notes.get("done")))

    def _run_hook(self, my_task: RunTask) -> bool | None:
        done = my_task.notes.get("done", 0)
        if self.maximum is not None and done >= self.maximum:
            return True
        if self.completion is not None and (done or self.test_before):
            context = my_task.workflow.top_workflow.context(my_task.scope)
            if not self.completion.holds(context.also({"loopCounter": Decimal(done)})):
                return True
        self._begin(my_task, done)
        return None
