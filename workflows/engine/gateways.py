"""What gateways do, and when tokens that wait at a join go on.

Idea: a join asks only the tokens that wait at joins of its own process or sub-process, and of the others only at
which nodes they are: what it costs does not grow with the number of living tasks.
Source: BPMN 2.0.2 (OMG formal/2013-12-09), clauses 10.6 and 13.4.
"""

# mypy: disable-error-code="misc"
# ruff: noqa: SLF001

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from workflows.engine.errors import NoFlowTaken
from workflows.engine.expressions import Expression, shortened
from workflows.engine.spiff import WAITING, Node, ProcessSpec, Running, RunTask, order
from workflows.engine.steps import ConditionUndecided


class ChoiceNode(Node):
    """A gateway with conditions. choices: condition and name of the next spec, in the order of the file."""

    def __init__(self, scope: ProcessSpec, name: str, node_id: str) -> None:
        super().__init__(scope, name, node_id)
        self.choices: list[tuple[Expression, str]] = []
        self.default: str | None = None

    def evaluates(self, my_task: RunTask) -> bool:
        return bool(self.choices)

    def _true(self, my_task: RunTask) -> Iterable[str]:
        running = my_task.workflow.top_workflow
        context = running.context(my_task.scope)
        for condition, target in self.choices:
            value = condition.value(context)
            if value is True:
                yield target
            elif value is not False:
                running.events.append(ConditionUndecided(self.node_id, shortened(condition.text)))

    def _choose(self, my_task: RunTask, targets: list[str]) -> None:
        if not self._outputs:
            return  # the path ends here
        if not targets:
            if self.default is None:
                names = sorted({name for condition, _ in self.choices for name in condition.names})
                raise NoFlowTaken(node=self.node_id, names=", ".join(names) or "-")
            targets = [self.default]
        my_task.chosen = [self._wf_spec.task_specs[name] for name in targets]


class ExclusiveGateway(ChoiceNode):
    """The first true condition wins."""

    def _run_hook(self, my_task: RunTask) -> bool:
        first = next(iter(self._true(my_task)), None)
        self._choose(my_task, [] if first is None else [first])
        return True


@dataclass(frozen=True, slots=True)
class Arrived:
    """Tokens that wait at a join: the oldest of each incoming flow, by the name of the spec it came from."""

    oldest: Mapping[str, RunTask]

    def consume_all(self) -> None:
        """Make one token of them, ready to go on."""
        *merged, last = sorted(self.oldest.values(), key=order)
        for task in merged:
            task.withdraw()
        last.make_ready()


class JoinNode(Node):
    """A gateway that may wait for several tokens."""

    gathers = True

    def _update_hook(self, my_task: RunTask) -> bool:
        if len(self._inputs) <= 1:
            return True
        assert my_task.parent is not None
        my_task.note(**{"from": my_task.parent.task_spec.name})
        my_task.rest()
        self._token_arrived(my_task)
        return False

    def _token_arrived(self, my_task: RunTask) -> None:
        """Decide whether the join goes on."""

    def arrived(self, my_task: RunTask) -> Arrived:
        oldest: dict[str, RunTask] = {}
        for task in sorted(my_task.workflow.by_node[self.name].values(), key=order):
            if task.state == WAITING:
                oldest.setdefault(task.notes["from"], task)
        return Arrived(oldest)


class ParallelGateway(JoinNode):
    """Goes on as soon as every incoming flow has a token; others wait for the next round."""

    def _token_arrived(self, my_task: RunTask) -> None:
        if len(my_task.workflow.by_node[self.name]) < len(self._inputs):
            return  # each flow comes from a node of its own, so there are too few
        arrived = self.arrived(my_task)
        if len(arrived.oldest) == len(set(self._inputs)):
            arrived.consume_all()


class InclusiveGateway(JoinNode, ChoiceNode):
    """Joins what can arrive; takes every true flow.

    reaches: name of an incoming spec -> names of all specs from which a token can come to it without passing
    this gateway.
    """

    def __init__(self, scope: ProcessSpec, name: str, node_id: str) -> None:
        super().__init__(scope, name, node_id)
        self.reaches: dict[str, frozenset[str]] = {}

    def _run_hook(self, my_task: RunTask) -> bool:
        self._choose(my_task, list(self._true(my_task)))
        return True

    def may_still_arrive(self, my_task: RunTask, arrived: Arrived) -> bool:
        """Whether a token elsewhere can reach an empty incoming flow and no full one (BPMN 2.0.2, 13.4.3)."""
        empty = [name for name in self.reaches if name not in arrived.oldest]
        full = list(arrived.oldest)
        return any(
            name != self.name
            and any(name in self.reaches[each] for each in empty)
            and not any(name in self.reaches[each] for each in full)
            for name in my_task.workflow.by_node
        )

    def find_reaches(self) -> None:
        """Compute `reaches` when the graph is complete."""
        for start in set(self._inputs):
            found = {start}
            waiting = [start]
            while waiting:
                for name in self._wf_spec.task_specs[waiting.pop()]._inputs:
                    if name not in found and name != self.name:
                        found.add(name)
                        waiting.append(name)
            self.reaches[start] = frozenset(found)


def settle_joins(running: Running) -> bool:
    """Let one inclusive join go on for which no other token can arrive; only when nothing can run."""
    while running.stirred:
        workflow = next(iter(running.stirred))
        for spec in workflow.spec.merges:
            alike = workflow.by_node.get(spec.name, {})
            waiting = next((each for each in alike.values() if each.state == WAITING), None)
            if waiting is not None:
                arrived = waiting.task_spec.arrived(waiting)
                if not waiting.task_spec.may_still_arrive(waiting, arrived):
                    arrived.consume_all()
                    return True
        del running.stirred[workflow]
    return False
