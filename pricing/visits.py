"""How often each activity of a diagram is done: expected, at least once, at least and at most. All exact.

A scope is solved once; what happens in a sub-process is multiplied by how often the sub-process is entered
(Wald's identity, exact because its inside does not know the past). Expected numbers are fractions such as
25/23, never floats. A diagram that can get stuck or never end is refused with the place.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from math import floor, inf
from typing import Final

from pricing.graph import ACTIVITIES, FlowGraph, Repetition, Scope, Step, build_graph
from pricing.markings import Chain, Explorer, Move, Outcome, solve
from workflows.definitions.model import Definition
from workflows.problems import Problem, blocking

_ZERO: Final = Fraction(0)
_ONE: Final = Fraction(1)
MOST_EXACT_REPETITIONS: Final = 1_000
Ends = Mapping[Outcome, Fraction]


@dataclass(frozen=True, slots=True)
class Visits:
    """How often one node is executed in one instance.

    expected: exact mean. at_least_once: exact probability. maximum None = without bound (a loop).
    """

    node: str
    expected: Fraction
    at_least_once: Fraction
    minimum: Fraction
    maximum: Fraction | None


class Analysis:
    """What can be said about the paths of one definition; make it with `analyse`."""

    def __init__(
        self,
        graph: FlowGraph,
        chains: Mapping[str, Chain],
        ends: Mapping[str, Ends],
        expected: Mapping[str, Fraction],
        problems: tuple[Problem, ...],
        activities: tuple[str, ...],
    ) -> None:
        self.graph = graph
        self.chains = chains
        self.ends = ends
        """Of each scope: how it ends and with which probability."""
        self.expected = expected
        """Expected executions of every node in one instance."""
        self.problems = problems
        self.activities = activities
        """Ids of the tasks and call activities, in file order."""
        self._home = {step: scope.id for scope in graph.scopes.values() for step in scope.steps}
        self._once: dict[str, Fraction] = {}
        self._bounds: dict[str, tuple[Fraction, Fraction | None]] = {}

    @property
    def usable(self) -> bool:
        """False when the diagram is not sound or its estimates are wrong: see `problems`."""
        return not blocking(self.problems)

    def visits(self, node: str) -> Visits:
        """All that is known about one node."""
        least, most = self._count_bounds(node)
        return Visits(node, self.expected[node], self.at_least_once(node), least, most)

    def table(self) -> tuple[Visits, ...]:
        """The visits of all activities, in file order."""
        return tuple(self.visits(node) for node in self.activities)

    def _count_bounds(self, node: str) -> tuple[Fraction, Fraction | None]:
        if node not in self._bounds:
            self._bounds[node] = self.bounds({node: _ONE})
        return self._bounds[node]

    def at_least_once(self, node: str) -> Fraction:
        """The probability that the node is executed at all in one instance."""
        if node not in self._once:
            self._once[node] = self._probability_of_reaching(node)
        return self._once[node]

    def bounds(self, weights: Mapping[str, Fraction]) -> tuple[Fraction, Fraction | None]:
        """The least and the greatest total of `weights` (per execution of a node) over all possible paths.

        The greatest is None when it has no bound: something with a weight lies in a loop.
        """
        least, most = self._scope_bounds("", weights)
        return Fraction(least), (None if most == inf else Fraction(most))

    # --- at least once --------------------------------------------------------------------------------------

    def _probability_of_reaching(self, node: str) -> Fraction:
        least, most = self._count_bounds(node)
        if least >= 1:
            return _ONE
        if most is not None and most <= 1:
            return self.expected[node]
        missed = {"": _ONE - min(_ONE, self._step(node).repetition.expected)}
        if self._step(node).repetition.expected >= 1:
            missed = {}
        target, scope = node, self._home[node]
        while True:
            missed = self._missed_in(scope, target, missed)
            if scope == "":
                return _ONE - sum(missed.values(), _ZERO)
            missed = repeated_ends(missed, self._step(scope).repetition)
            target, scope = scope, self._home[scope]

    def _missed_in(self, scope: str, target: str, missed: Ends) -> dict[Outcome, Fraction]:
        """How the scope ends without the target having been hit. missed: the same for one firing of it.

        Cases that hit the target leave the count there, so each is counted once.
        """
        chain = self.chains[scope]
        ends = self._fired_ends(target)

        def share(state: int, move: Move) -> Fraction:
            if chain.fired[state] != target:
                return move.probability
            whole = ends.get(move.inner, _ZERO)
            return move.probability * missed.get(move.inner, _ZERO) / whole if whole else _ZERO

        return solve(chain, share)[1]

    def _fired_ends(self, node: str) -> Ends:
        if node in self.ends and node:
            return repeated_ends(self.ends[node], self._step(node).repetition)
        return {"": _ONE}

    def _step(self, node: str) -> Step:
        return self.graph.scopes[self._home[node]].steps[node]

    # --- bounds ---------------------------------------------------------------------------------------------

    def _scope_bounds(self, scope: str, weights: Mapping[str, Fraction]) -> tuple[Fraction, Fraction | float]:
        least: dict[str, Fraction] = {}
        most: dict[str, Fraction | float] = {}
        for step in self.graph.scopes[scope].steps.values():
            low, high = weights.get(step.id, _ZERO), weights.get(step.id, _ZERO)
            inner_low: Fraction = _ZERO
            inner_high: Fraction | float = _ZERO
            if step.scope:
                inner_low, inner_high = self._scope_bounds(step.scope, weights)
            times = step.repetition
            ceiling: Fraction | float = inf if times.maximum is None else times.maximum
            least[step.id] = (low + inner_low) * times.minimum
            most[step.id] = _times(high + inner_high, ceiling)
        chain = self.chains[scope]
        return _shortest(chain, least), _longest(chain, most)


def analyse(
    definition: Definition,
    *,
    probabilities: Mapping[str, Fraction] | None = None,
    repetitions: Mapping[str, Fraction] | None = None,
    cardinality: Callable[[str], Fraction | None] = lambda _: None,
) -> Analysis:
    """Analyse the paths of a definition; the arguments are those of `graph.build_graph`.

    When the diagram cannot be used (`usable` is False) every expected number is zero.
    """
    graph = build_graph(
        definition, probabilities=probabilities, repetitions=repetitions, cardinality=cardinality
    )
    problems = list(graph.problems)
    chains: dict[str, Chain] = {}
    ends: dict[str, Ends] = {}
    states: dict[str, list[Fraction]] = {}
    for scope in graph.scopes.values():
        explorer = Explorer(scope, _ends_by_step(scope, ends))
        chain = explorer.explore()
        problems += [*explorer.warnings, *explorer.problems]
        if chain is None:
            ends[scope.id] = {"": _ONE}
            continue
        chains[scope.id] = chain
        states[scope.id], ends[scope.id] = solve(chain)
    expected = {step: _ZERO for scope in graph.scopes.values() for step in scope.steps}
    if not blocking(problems):
        expected = _expected(graph, chains, states)
        problems += _unreached(definition, expected)
    tasks = [n.id for n in definition.nodes.values() if n.kind in ACTIVITIES and n.id not in graph.scopes]
    return Analysis(graph, chains, ends, expected, tuple(problems), tuple(tasks))


def _ends_by_step(scope: Scope, ends: Mapping[str, Ends]) -> dict[str, Ends]:
    """How each sub-process of the scope ends, all its repetitions together."""
    return {s.scope: repeated_ends(ends[s.scope], s.repetition) for s in scope.steps.values() if s.scope}


def repeated_ends(ends: Ends, repetition: Repetition) -> dict[Outcome, Fraction]:
    """How independent repetitions end together: normally if all do, else as the first that does not.

    A fractional number of repetitions is the mixture of the whole numbers next to it. `ends` may sum to less
    than one (cases that left the count): then so does the result.
    """
    times = repetition.expected
    if times == 1 or (len(ends) == 1 and ends.get("") == 1):
        return dict(ends)
    whole = floor(times)
    mixture = ((whole, 1 - (times - whole)), (whole + 1, times - whole))
    normal = ends.get("", _ZERO)
    found: dict[Outcome, Fraction] = {}
    for number, weight in mixture:
        if not weight:
            continue
        all_normal = _power(normal, number)
        found[""] = found.get("", _ZERO) + weight * all_normal
        series = Fraction(number) if normal == 1 else (1 - all_normal) / (1 - normal)
        for outcome, probability in ends.items():
            if outcome:
                found[outcome] = found.get(outcome, _ZERO) + weight * probability * series
    return {outcome: p for outcome, p in found.items() if p}


def _power(base: Fraction, exponent: int) -> Fraction:
    """Exact up to a thousand repetitions; beyond, the digits would outgrow any use: as a floating number."""
    return base**exponent if exponent <= MOST_EXACT_REPETITIONS else Fraction(float(base) ** exponent)


def _expected(
    graph: FlowGraph, chains: Mapping[str, Chain], states: Mapping[str, list[Fraction]]
) -> dict[str, Fraction]:
    expected = {step: _ZERO for scope in graph.scopes.values() for step in scope.steps}
    entered = {"": _ONE}
    for scope in reversed(list(graph.scopes.values())):  # an outer scope before those in it
        times = entered.get(scope.id, _ZERO)
        for state, step in enumerate(chains[scope.id].fired):
            expected[step] += times * states[scope.id][state]
        for step_id, step_found in scope.steps.items():
            expected[step_id] *= step_found.repetition.expected
            if step_found.scope:
                entered[step_found.scope] = expected[step_id]
    return expected


def _unreached(definition: Definition, expected: Mapping[str, Fraction]) -> list[Problem]:
    return [
        Problem(
            "never-reached",
            "%(node)s is never reached and costs nothing. Connect it, or state a probability.",
            place=node.id,
            severity="warning",
            params={"node": node.name or node.id},
        )
        for node in definition.nodes.values()
        if node.kind in ACTIVITIES and expected.get(node.id) == 0
    ]


# --- bounds over the chain ----------------------------------------------------------------------------------


def _times(weight: Fraction | float, factor: Fraction | float) -> Fraction | float:
    if not weight or not factor:
        return _ZERO
    return inf if inf in (weight, factor) else weight * factor


def _shortest(chain: Chain, weights: Mapping[str, Fraction]) -> Fraction:
    """The least total weight from the start to an end (Dijkstra 1959)."""
    if not any(weights.values()):
        return _ZERO
    queue = [(_ZERO, -1 if move.target is None else move.target) for move in chain.start]
    heapq.heapify(queue)
    settled: set[int] = set()
    while queue:
        weight, state = heapq.heappop(queue)
        if state == -1:
            return weight
        if state in settled:
            continue
        settled.add(state)
        further = weight + weights.get(chain.fired[state], _ZERO)
        for move in chain.moves[state]:
            heapq.heappush(queue, (further, -1 if move.target is None else move.target))
    return _ZERO


def _longest(chain: Chain, weights: Mapping[str, Fraction | float]) -> Fraction | float:
    """The greatest total weight from the start to an end; infinite when a loop carries any."""
    if not any(weights.values()):
        return _ZERO
    best: dict[int, Fraction | float] = {m.target: _ZERO for m in chain.start if m.target is not None}
    most: Fraction | float = _ZERO
    for component in chain.components:
        members = set(component)
        entered = max((best[s] for s in component if s in best), default=None)
        if entered is None:
            continue
        here = sum((weights.get(chain.fired[s], _ZERO) for s in component), _ZERO)
        if here and chain.is_loop(component):
            return inf
        total = entered + here
        for move in (m for s in component for m in chain.moves[s]):
            if move.target is None:
                most = max(most, total)
            elif move.target not in members:
                best[move.target] = max(best.get(move.target, _ZERO), total)
    return most
