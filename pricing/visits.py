"""How often each activity of a diagram is done: expected, at least once, at least and at most. All exact.

A scope is solved once; what happens in a sub-process is multiplied by how often the sub-process is entered
(Wald's identity, exact because its inside does not know the past). Expected numbers are fractions such as
25/23, never floats. A diagram that can get stuck or never end is refused with the place.

Where an inclusive join is not block-structured, the order of parallel work decides how often it fires: there is
no one exact number. What lies behind such a join is estimated by playing cases in the order of time, is marked
so, and comes with a standard error.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from math import floor, inf, isqrt
from typing import Final, Literal

from pricing.bounds import Bound, Occurrence, greatest_totals, least_totals, occurrences
from pricing.elimination import Elimination
from pricing.graph import ACTIVITIES, FlowGraph, Scope, Step, build_graph
from pricing.markings import Chain, Explorer, Move, Outcome, solve
from workflows.definitions.model import Definition
from workflows.problems import Problem, blocking

_ZERO: Final = Fraction(0)
_ONE: Final = Fraction(1)
MOST_EXACT_REPETITIONS: Final = 1_000
MOST_STATES_TOGETHER: Final = 12
ESTIMATE_CASES: Final = 20_000
ESTIMATE_SEED: Final = 1
Ends = Mapping[Outcome, Fraction]
Method = Literal["exact", "monte-carlo"]


@dataclass(frozen=True, slots=True)
class Visits:
    """How often one node is executed in one instance.

    expected: mean. at_least_once: probability. maximum None = without bound (a loop). All are exact, but where
    method is "monte-carlo": then the first two are estimates (standard_error is that of `expected`), and minimum
    and maximum are the safe 0 and None.
    """

    node: str
    expected: Fraction
    at_least_once: Fraction
    minimum: Fraction
    maximum: Fraction | None
    method: Method = "exact"
    standard_error: Fraction = _ZERO


@dataclass(frozen=True, slots=True)
class Estimated:
    """What playing cases gave for a node: cases, total executions, cases with any, and sum of squares."""

    cases: int
    executions: int
    reached: int
    squares: int

    @property
    def expected(self) -> Fraction:
        return Fraction(self.executions, self.cases)

    @property
    def at_least_once(self) -> Fraction:
        return Fraction(self.reached, self.cases)

    @property
    def standard_error(self) -> Fraction:
        """Of `expected`, rounded down to a millionth."""
        spread = self.squares * self.cases - self.executions**2
        return Fraction(isqrt(spread * 10**12 // self.cases**3), 10**6)


class Analysis:
    """What can be said about the paths of one definition; make it with `analyse`."""

    def __init__(
        self,
        graph: FlowGraph,
        chains: Mapping[str, Chain],
        factors: Mapping[str, Elimination],
        states: Mapping[str, Sequence[Fraction]],
        ends: Mapping[str, Ends],
        interrupted_share: Fraction,
        estimated: Mapping[str, Estimated],
        problems: tuple[Problem, ...],
    ) -> None:
        self.graph = graph
        self.chains = chains
        self.ends = ends
        """Of each scope: how it ends and with which probability."""
        self.problems = problems
        self._usable = not blocking(problems)
        self.activities = graph.activities
        """Ids of the tasks and call activities, those of called processes too, in file order."""
        self.interrupted_share = interrupted_share
        self.estimated = estimated
        """Nodes whose numbers are no exact ones but estimates."""
        self._factors, self._states = factors, states
        self._home = {step: scope.id for scope in graph.scopes.values() for step in scope.steps}
        self._steps: dict[str, list[str]] = {}
        """Node -> the steps that stand for it."""
        for scope in graph.scopes.values():
            for step in scope.steps.values():
                self._steps.setdefault(step.node, []).append(step.id)
        self._once: dict[str, Fraction] = {}
        self._firing: dict[str, dict[str, list[int]]] = {}
        self._occurrences: dict[str, dict[str, Occurrence]] = {}
        self.expected: Mapping[str, Fraction] = {}
        """Expected executions of every node in one instance; interrupted ones are counted whole."""
        self.charged: Mapping[str, Fraction] = {}
        """The same, interrupted executions counted by `interrupted_share`."""
        self.expected, self.charged = self._totals()

    @property
    def usable(self) -> bool:
        """False when the diagram is not sound or its estimates are wrong: see `problems`."""
        return self._usable

    @property
    def playable(self) -> bool:
        """Whether the chains of all scopes are known; else only cases played one by one say something."""
        return self.usable and len(self.chains) == len(self.graph.scopes)

    def visits(self, node: str) -> Visits:
        """All that is known about one node."""
        found = self.estimated.get(node)
        if found is not None:
            error = found.standard_error
            return Visits(node, found.expected, found.at_least_once, _ZERO, None, "monte-carlo", error)
        least, most = self.count_bounds(node)
        return Visits(node, self.expected[node], self.at_least_once(node), least, most)

    def table(self) -> tuple[Visits, ...]:
        """The visits of all activities, in file order."""
        return tuple(self.visits(node) for node in self.activities)

    # --- expected -------------------------------------------------------------------------------------------

    def _totals(self) -> tuple[dict[str, Fraction], dict[str, Fraction]]:
        expected = dict.fromkeys(self._steps, _ZERO)
        charged = dict(expected)
        if not self.usable:
            return expected, charged
        entered, factor = {"": _ONE}, {"": _ONE}
        for scope in reversed(list(self.graph.scopes.values())):  # an outer scope before those in it
            fired, stopped = self._fired(scope.id)
            kept = factor.get(scope.id, _ONE) * (1 - scope.cut * (1 - self.interrupted_share))
            for step in scope.steps.values():
                times = entered.get(scope.id, _ZERO) * fired.get(step.id, _ZERO)
                if times:
                    times *= self.repetitions(step)
                part = factor.get(scope.id, _ONE) if step.id in scope.events else kept
                share = stopped.get(step.id, _ZERO)
                part *= 1 - share * (1 - self.interrupted_share)
                if times:
                    expected[step.node] += times
                    charged[step.node] += times * part if part != 1 else times
                if step.scope:
                    entered[step.scope], factor[step.scope] = times, part
        for node, found in self.estimated.items():
            kept = charged[node] / expected[node] if expected.get(node) else _ONE
            expected[node], charged[node] = found.expected, found.expected * kept
        return expected, charged

    def repetitions(self, step: Step) -> Fraction:
        """How often a step is repeated on average; a sequential sub-process stops when one ends abnormally."""
        normal = self.ends.get(step.scope, {}).get("", _ZERO) if step.scope else _ONE
        times = step.repetition.expected
        if normal == 1 or times == 1 or not step.sequential:
            return times
        return sum((weight * _series(normal, number) for number, weight in _mixture(times)), _ZERO)

    def _fired(self, scope: str) -> tuple[dict[str, Fraction], dict[str, Fraction]]:
        """Of each step: how often it fires in one run of the scope, and which share of that is interrupted."""
        fired: dict[str, Fraction] = {}
        stopped: dict[str, Fraction] = {}
        if scope not in self.chains:
            return fired, stopped
        chain = self.chains[scope]
        for step, often, moves in zip(chain.fired, self._states[scope], chain.moves, strict=True):
            fired[step] = fired[step] + often if step in fired else often
            for move in moves:
                if move.interrupted:
                    stopped[step] = stopped.get(step, _ZERO) + often * move.probability
        return fired, {step: part / fired[step] for step, part in stopped.items() if part}

    # --- at least once --------------------------------------------------------------------------------------

    def at_least_once(self, node: str) -> Fraction:
        """The probability that the node is executed at all in one instance."""
        if node in self.estimated:
            return self.estimated[node].at_least_once
        if node not in self._once:
            self._once[node] = self._probability_of_reaching(node)
        return self._once[node]

    def _probability_of_reaching(self, node: str) -> Fraction:
        steps = self._steps.get(node, [])
        if len(steps) == 1:
            found = self._hit_upwards(steps[0])
            if found is not None:
                return found
        targets = set(steps)
        around: set[str] = set()
        for step in steps:
            while (scope := self._home[step]) != "":
                around.add(scope)
                step = scope
        return _ONE - sum(self._missed("", targets, around).values(), _ZERO)

    def _hit_upwards(self, step: str) -> Fraction | None:
        """From the inside out, where every scope around ends normally: a few entries of the factors suffice."""
        chance = min(_ONE, self._step(step).repetition.expected)
        while True:
            scope = self._home[step]
            if self.ends.get(scope) != {"": _ONE}:
                return None
            hit = self._hit(scope, step, chance)
            if hit is None or scope == "":
                return hit
            missed = repeated_ends({"": 1 - hit}, self._step(scope))
            step, chance = scope, 1 - sum(missed.values(), _ZERO)

    def _hit(self, scope: str, step: str, chance: Fraction) -> Fraction | None:
        """The probability that a run of the scope hits, when each firing of the step hits with `chance`.

        With x the expected firings in the states of the step and N how often one follows from another:
        y = (chance N + (1 - chance) I)^-1 chance 1, and x y. None when there are too many states.
        """
        states = self._states_of(scope, step)
        if not states or not chance:
            return _ZERO
        expected, factors = self._states[scope], self._factors[scope]
        if len(states) > 1:
            found = self._occurrence(scope)[step]
            if not found.repeats and not found.several:  # one of the states at most
                return chance * sum((expected[state] for state in states), _ZERO)
        if len(states) > MOST_STATES_TOGETHER:
            return None
        rest = 1 - chance
        if len(states) == 1:
            (state,) = states
            return expected[state] * chance / (chance * factors.entry(state, state) + rest)
        rows = [[chance * factors.entry(a, b) + (rest if a == b else 0) for b in states] for a in states]
        ways = _solve_square(rows, [chance] * len(states))
        return sum((expected[s] * y for s, y in zip(states, ways, strict=True)), _ZERO)

    def _states_of(self, scope: str, step: str) -> list[int]:
        if scope not in self._firing:
            firing: dict[str, list[int]] = {}
            for state, fired in enumerate(self.chains[scope].fired):
                firing.setdefault(fired, []).append(state)
            self._firing[scope] = firing
        return self._firing[scope].get(step, [])

    def _missed(self, scope: str, targets: set[str], around: set[str]) -> dict[Outcome, Fraction]:
        """How the scope ends without a target having been hit. around: the scopes that have targets inside.

        Cases that hit a target leave the count there, so each is counted once.
        """
        missed: dict[str, Ends] = {}
        whole: dict[str, Ends] = {}
        for step in self.graph.scopes[scope].steps.values():
            times = step.repetition
            if step.id in targets:
                missed[step.id] = {} if times.expected >= 1 else {"": 1 - times.expected}
            elif step.scope in around:
                missed[step.id] = repeated_ends(self._missed(step.scope, targets, around), step)
            if step.id in missed:
                whole[step.id] = repeated_ends(self.ends[step.scope], step) if step.scope else {"": _ONE}
        chain = self.chains[scope]

        def share(state: int, move: Move) -> Fraction:
            step = chain.fired[state]
            if step not in missed:
                return move.probability
            every = whole[step].get(move.inner, _ZERO)
            return move.probability * missed[step].get(move.inner, _ZERO) / every if every else _ZERO

        return solve(chain, share)[1]

    def _step(self, step: str) -> Step:
        return self.graph.scopes[self._home[step]].steps[step]

    # --- bounds ---------------------------------------------------------------------------------------------

    def count_bounds(self, node: str) -> tuple[Fraction, Fraction | None]:
        """The least and the greatest number of executions over all possible paths; None = without bound."""
        steps = self._steps.get(node, [])
        if len(steps) != 1 or not self.playable:
            return self.bounds({node: _ONE}, whole=True)
        least: Fraction = _ONE
        most: Bound = _ONE
        step = steps[0]
        while True:
            scope, times = self._home[step], self._step(step).repetition
            found = self._occurrence(scope).get(step, Occurrence(False, False, False))
            stops = times.expected != 1 and self.repetitions(self._step(step)) != times.expected
            if self.graph.scopes[scope].rounds or found.several or stops or self.ends[scope] != {"": _ONE}:
                return self.bounds({node: _ONE}, whole=True)
            fires = bool(self._states_of(scope, step))
            least = least * times.minimum if found.always else _ZERO
            most = _times(most, inf if times.maximum is None else times.maximum) if fires else _ZERO
            if found.repeats and most:
                most = inf
            if scope == "":
                return least, None if most == inf else Fraction(most)
            step = scope

    def _occurrence(self, scope: str) -> dict[str, Occurrence]:
        if scope not in self._occurrences:
            self._occurrences[scope] = occurrences(self.chains[scope])
        return self._occurrences[scope]

    def bounds(
        self, weights: Mapping[str, Fraction], *, whole: bool = False
    ) -> tuple[Fraction, Fraction | None]:
        """The least and the greatest total of `weights` (per execution of a node) over all possible paths.

        The greatest is None when it has no bound: something with a weight lies in a loop without a maximum of
        rounds. whole: interrupted executions weigh as much as finished ones, whatever `interrupted_share`.
        """
        if not self.usable:
            return _ZERO, _ZERO
        if any(weight and node in self.estimated for node, weight in weights.items()):
            return _ZERO, None
        share = _ONE if whole else self.interrupted_share
        least, most = self._scope_bounds("", weights, share)
        highest = max(most.values(), default=_ZERO)
        return min(least.values(), default=_ZERO), None if highest == inf else Fraction(highest)

    def _scope_bounds(
        self, scope_id: str, weights: Mapping[str, Fraction], share: Fraction
    ) -> tuple[dict[Outcome, Fraction], dict[Outcome, Bound]]:
        """By how the scope ends."""
        scope, chain = self.graph.scopes[scope_id], self.chains[scope_id]
        least: dict[str, dict[Outcome, Fraction]] = {}
        most: dict[str, dict[Outcome, Bound]] = {}
        for step in scope.steps.values():
            own = weights.get(step.node, _ZERO)
            low: dict[Outcome, Fraction] = {"": own}
            high: dict[Outcome, Bound] = {"": own}
            if step.scope:
                inner_low, inner_high = self._scope_bounds(step.scope, weights, share)
                low = {end: own + total for end, total in inner_low.items()}
                high = {end: own + total for end, total in inner_high.items()}
            least[step.id], most[step.id] = _repeated_bounds(low, high, step)

        def lowest(state: int, move: Move) -> Fraction:
            weight = least[chain.fired[state]].get(move.inner, _ZERO)
            return weight * share if move.interrupted else weight

        def highest(state: int, move: Move) -> Bound:
            weight = most[chain.fired[state]].get(move.inner, _ZERO)
            return _times(weight, share) if move.interrupted else weight

        rounds = scope.rounds
        lows = least_totals(chain, lowest) if any(map(_any, least.values())) else _nothing(chain)
        highs = greatest_totals(chain, highest, rounds) if any(map(_any, most.values())) else _nothing(chain)
        if scope.cut:
            # what the event sub-processes interrupt counts by the share at least
            lows = {end: total * share for end, total in lows.items()}
        return lows, dict(highs)


def analyse(
    definition: Definition,
    *,
    probabilities: Mapping[str, Fraction] | None = None,
    repetitions: Mapping[str, Fraction] | None = None,
    cardinality: Callable[[str], Fraction | None] = lambda _: None,
    interrupted_share: Fraction = _ONE,
) -> Analysis:
    """Analyse the paths of a definition; the first arguments are those of `graph.build_graph`.

    interrupted_share: which part of interrupted work is charged, 0 to 1; the default charges all of it.
    When the diagram cannot be used (`usable` is False) every expected number is zero.
    """
    if not 0 <= interrupted_share <= 1:
        raise ValueError("interrupted_share must be between 0 and 1")
    graph = build_graph(
        definition, probabilities=probabilities, repetitions=repetitions, cardinality=cardinality
    )
    problems = list(graph.problems)
    chains: dict[str, Chain] = {}
    ends: dict[str, Ends] = {}
    states: dict[str, Sequence[Fraction]] = {}
    factors: dict[str, Elimination] = {}
    unordered: list[str] = []
    for scope in graph.scopes.values():
        explorer = Explorer(scope, _ends_by_step(scope, ends))
        chain = explorer.explore()
        unordered += sorted(explorer.unordered)
        problems += _located([*explorer.warnings, *explorer.problems], scope)
        if chain is None:
            ends[scope.id] = {"": _ONE}
            continue
        chains[scope.id] = chain
        states[scope.id], found, factors[scope.id] = solve(chain)
        ends[scope.id] = {outcome: p for outcome, p in found.items() if p}
    problems, estimated = _estimates(graph, unordered, problems)
    analysis = Analysis(graph, chains, factors, states, ends, interrupted_share, estimated, tuple(problems))
    if analysis.usable:
        analysis.problems += tuple(_unreached(definition, analysis.expected))
    return analysis


def _located(problems: Iterable[Problem], scope: Scope) -> list[Problem]:
    """The problems with the diagram's node as their place, also where a copy of a called process has them."""
    found = []
    for problem in problems:
        step = scope.steps.get(problem.place)
        if step is not None and step.node != step.id:
            params = {key: step.node if v == step.id else v for key, v in problem.params.items()}
            problem = replace(problem, place=step.node, params=params)
        found.append(problem)
    return found


def _ends_by_step(scope: Scope, ends: Mapping[str, Ends]) -> dict[str, Ends]:
    """How each sub-process of the scope ends, all its repetitions together."""
    return {s.scope: repeated_ends(ends[s.scope], s) for s in scope.steps.values() if s.scope}


# --- estimates ----------------------------------------------------------------------------------------------


def _estimates(
    graph: FlowGraph, unordered: Sequence[str], problems: list[Problem]
) -> tuple[list[Problem], dict[str, Estimated]]:
    """Estimates of what lies behind joins that depend on the order of work; all nodes if states are too many."""
    too_many = any(p.code == "too-many-states" for p in problems)
    others = [p for p in problems if p.code != "too-many-states"]
    if not unordered or blocking(others):
        return problems, {}
    from pricing.cases import play_cases  # only here: what is exact needs no numpy

    played = play_cases(graph, cases=ESTIMATE_CASES, seed=ESTIMATE_SEED, joining="time")
    if played is None:
        return problems, {}
    behind = set(played.executions) if too_many else _behind(graph, unordered)
    place = {step.id: step.node for scope in graph.scopes.values() for step in scope.steps.values()}
    estimates = {
        node: Estimated(len(times), int(times.sum()), int((times > 0).sum()), int((times * times).sum()))
        for node, times in played.executions.items()
        if node in behind
    }
    return [*others, *(_order_matters(place[join]) for join in unordered)], estimates


def _behind(graph: FlowGraph, joins: Iterable[str]) -> set[str]:
    """The nodes whose executions may depend on the joins: reached from them, inside or outside."""
    home = {step: scope for scope in graph.scopes.values() for step in scope.steps}
    found: set[str] = set()
    todo = list(joins)
    while todo:
        step_id = todo.pop()
        if step_id in found:
            continue
        found.add(step_id)
        scope = home[step_id]
        step = scope.steps[step_id]
        branches = [*step.branches, *(b for caught in step.catches.values() for b in caught)]
        todo += [scope.targets[flow] for branch in branches for flow in branch.flows]
        if step.scope:
            todo += list(graph.scopes[step.scope].steps)
        if step.throws and scope.id:
            todo.append(scope.id)
    return {home[step].steps[step].node for step in found}


def _order_matters(join: str) -> Problem:
    return Problem(
        "estimated-by-simulation",
        "How often %(node)s goes on depends on which parallel work is done first. What follows it is estimated by "
        "a simulation, not calculated. Let each branch end in a flow of its own to the gateway.",
        place=join,
        severity="warning",
        params={"node": join},
    )


# --- repetitions --------------------------------------------------------------------------------------------


def repeated_ends(ends: Ends, step: Step) -> dict[Outcome, Fraction]:
    """How the independent repetitions of a step end together: normally if all do, else as the first that does not.

    Those that follow one another stop there; those side by side are all done. A fractional number of
    repetitions is the mixture of the whole numbers next to it. `ends` may sum to less than one (cases that left
    the count): then so does the result.
    """
    times = step.repetition.expected
    if times == 1 or (len(ends) == 1 and ends.get("") == 1):
        return dict(ends)
    normal, every = ends.get("", _ZERO), sum(ends.values(), _ZERO)
    found: dict[Outcome, Fraction] = {}
    for number, weight in _mixture(times):
        found[""] = found.get("", _ZERO) + weight * _power(normal, number)
        if every == normal:
            continue
        if step.sequential:
            first = _series(normal, number)
        else:
            first = (_power(every, number) - _power(normal, number)) / (every - normal)
        for outcome, probability in ends.items():
            if outcome:
                found[outcome] = found.get(outcome, _ZERO) + weight * probability * first
    return {outcome: p for outcome, p in found.items() if p}


def _mixture(times: Fraction) -> list[tuple[int, Fraction]]:
    """The whole numbers next to a fractional one, with their weights."""
    whole = floor(times)
    part = times - whole
    return [(n, weight) for n, weight in ((whole, 1 - part), (whole + 1, part)) if weight]


def _series(base: Fraction, number: int) -> Fraction:
    """1 + base + base^2 ... of so many terms."""
    return Fraction(number) if base == 1 else (1 - _power(base, number)) / (1 - base)


def _power(base: Fraction, exponent: int) -> Fraction:
    """Exact up to a thousand repetitions; beyond, the digits would outgrow any use: as a floating number."""
    return base**exponent if exponent <= MOST_EXACT_REPETITIONS else Fraction(float(base) ** exponent)


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


# --- small parts --------------------------------------------------------------------------------------------


def _solve_square(rows: list[list[Fraction]], right: list[Fraction]) -> list[Fraction]:
    """Gaussian elimination with pivoting, for a handful of unknowns."""
    size = len(rows)
    for column in range(size):
        pivot = next(i for i in range(column, size) if rows[i][column])
        rows[column], rows[pivot] = rows[pivot], rows[column]
        right[column], right[pivot] = right[pivot], right[column]
        for i in range(size):
            factor = rows[i][column] / rows[column][column] if i != column else _ZERO
            if factor:
                rows[i] = [a - factor * b for a, b in zip(rows[i], rows[column], strict=True)]
                right[i] -= factor * right[column]
    return [right[i] / rows[i][i] for i in range(size)]


def _times(weight: Bound, factor: Bound) -> Bound:
    if not weight or not factor:
        return _ZERO
    return inf if inf in (weight, factor) else weight * factor


def _repeated_bounds(
    low: dict[Outcome, Fraction], high: dict[Outcome, Bound], step: Step
) -> tuple[dict[Outcome, Fraction], dict[Outcome, Bound]]:
    """The bounds of all repetitions together, by how the first that does not end normally ends."""
    times = step.repetition
    if times.minimum == times.maximum == 1:
        return low, high
    ceiling: Bound = inf if times.maximum is None else times.maximum
    # beside the one that ends abnormally: normal ones before it, or all of them side by side
    others = _times(
        max((high.get("", _ZERO), _ZERO) if step.sequential else high.values()), max(_ZERO, ceiling - 1)
    )
    fewest = _ZERO if step.sequential else min(low.values()) * max(_ZERO, times.minimum - 1)
    return (
        {end: total + fewest if end else total * times.minimum for end, total in low.items()},
        {end: total + others if end else _times(total, ceiling) for end, total in high.items()},
    )


def _any(totals: Mapping[Outcome, Bound]) -> bool:
    return any(totals.values())


def _nothing(chain: Chain) -> dict[Outcome, Fraction]:
    ends = (move.outcome for moves in (chain.start, *chain.moves) for move in moves if move.target is None)
    return dict.fromkeys(ends, _ZERO)
