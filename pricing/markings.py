"""The token game of one scope as a Markov chain over its markings, solved with exact fractions.

A marking is where the tokens are. In a diagram without races the order in which independent tokens move
changes nothing that is counted, so one order is enough: the token furthest down the diagram moves first. The
number of markings then grows with the sum of parallel branches, not with their product. Joins that wait for
something that may never come (inclusive joins, terminate and error ends) fire only when nothing else can.

That is not enough for an inclusive join two tokens can reach over the same flow: whether it waits for the
second (BPMN 2.0.2, 13.4.3) depends on which comes first. Such joins are named in `unordered`.
Sources: BPMN 2.0.2 clause 13; persistent sets (Godefroid 1996); absorbing Markov chains (Kemeny, Snell 1960).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import count
from typing import Final

from pricing.elimination import Elimination
from pricing.graph import Branch, Scope, Step
from workflows.problems import Problem

MOST_MARKINGS: Final = 60_000
MOST_TOKENS: Final = 200
_ZERO: Final = Fraction(0)

Marking = tuple[str, ...]
"""The flows that carry a token, sorted; a flow with two tokens is named twice."""
Outcome = str
"""How a scope ended: "" normally, else what was thrown, "error:name"."""


@dataclass(frozen=True, slots=True)
class Move:
    """From one state to the next. target: index of a state; None = the scope ends with `outcome`.

    inner: how the sub-process that fired in this state ended. interrupted: what fired was interrupted.
    rounds: the flows taken that have a declared maximum.
    """

    probability: Fraction
    target: int | None
    outcome: Outcome = ""
    inner: Outcome = ""
    interrupted: bool = False
    rounds: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Chain:
    """The states of a scope.

    fired: the step that fires in each state. start: how the scope begins.
    components: the strongly connected components in the order of time, each a tuple of states.
    """

    scope: str
    fired: tuple[str, ...]
    moves: tuple[tuple[Move, ...], ...]
    start: tuple[Move, ...]
    components: tuple[tuple[int, ...], ...]

    def is_loop(self, component: Sequence[int]) -> bool:
        """Whether a state of the component can come again."""
        return len(component) > 1 or any(m.target == component[0] for m in self.moves[component[0]])


class Explorer:
    """Explores one scope. outcomes: of each sub-process in it, how it ends and with which probability."""

    def __init__(self, scope: Scope, outcomes: Mapping[str, Mapping[Outcome, Fraction]]) -> None:
        self.scope = scope
        self.outcomes = outcomes
        self.problems: list[Problem] = []
        self.warnings: list[Problem] = []
        self.order = topological_order(scope)
        self.reach: dict[str, frozenset[str]] = {}
        self.index: dict[Marking, int] = {}
        self.todo: list[Marking] = []
        self.unordered: set[str] = set()
        """Inclusive joins whose firing depends on the order in which parallel work is done."""
        self.lasts = {flow for flow, target in scope.targets.items() if scope.steps[target].join == "last"}
        joins = [s for s in scope.steps.values() if s.join == "inclusive"]
        before = preceding(scope) if joins else {}
        self.arrivals = {join.id: arrivals(scope, join, alone=True, before=before) for join in joins}

    def explore(self) -> Chain | None:
        """The chain, or None and `problems` when the scope is not sound."""
        start = self._moves(self.scope.start, (), "")
        fired: list[str] = []
        moves: list[tuple[Move, ...]] = []
        for marking in self.todo:  # grows while it is read: breadth first, states in order of discovery
            if self.arrivals and len(marking) > 1:
                self._check_order(marking)
            step = self._choose(marking)
            if step is None:
                self._problem(_deadlock(self._waiting(marking)))
                fired.append("")
                moves.append((Move(Fraction(1), None),))
                continue
            fired.append(step.id)
            moves.append(tuple(self._fire(step, marking)))
            if len(self.index) > MOST_MARKINGS:
                self._problem(_too_large(self.scope.id))
                return None
        components = tuple(
            strongly_connected([[m.target for m in row if m.target is not None] for row in moves])
        )
        self._check_ends(fired, moves, components)
        if self.problems:
            return None
        return Chain(self.scope.id, tuple(fired), tuple(moves), tuple(start), components)

    # --- one state ------------------------------------------------------------------------------------------

    def _choose(self, marking: Marking) -> Step | None:
        """The step that fires: the enabled one furthest down; those that wait for all else, last."""
        held: dict[str, set[str]] = {}
        for flow in marking:
            held.setdefault(self.scope.targets[flow], set()).add(flow)
        enabled, waiting = [], []
        for target, flows in held.items():
            step = self.scope.steps[target]
            if step.join == "any" or (step.join == "all" and len(flows) == len(step.incoming)):
                enabled.append(target)
            elif step.join in ("inclusive", "last"):
                waiting.append(target)
        if enabled:
            for ending in waiting:
                if self.scope.steps[ending].join == "last" and _cut_short(ending) not in self.warnings:
                    self.warnings.append(_cut_short(ending))
            return self.scope.steps[max(enabled, key=lambda n: self.order[n])]
        if not waiting:
            return None
        joins = [n for n in waiting if self.scope.steps[n].join == "inclusive"]
        return self.scope.steps[self._first_join(joins) if joins else min(waiting)]

    def _first_join(self, joins: Sequence[str]) -> str:
        """Of several waiting inclusive joins, one that no other can still send a token to."""
        free = [n for n in joins if not any(n in self._reachable(other) for other in joins if other != n)]
        return min(free or joins, key=lambda n: self.order[n])

    def _reachable(self, step: str) -> frozenset[str]:
        if step not in self.reach:
            seen: set[str] = set()
            todo = [step]
            while todo:
                for follower in _followers(self.scope, todo.pop()):
                    if follower not in seen:
                        seen.add(follower)
                        todo.append(follower)
            self.reach[step] = frozenset(seen)
        return self.reach[step]

    def _fire(self, step: Step, marking: Marking) -> list[Move]:
        if step.join == "last":
            return [Move(Fraction(1), None, step.throws)]
        rest = list(marking)
        if step.join == "any":
            rest.remove(next(f for f in marking if self.scope.targets[f] == step.id))
        else:
            for flow in {f for f in marking if self.scope.targets[f] == step.id}:
                rest.remove(flow)
        if not step.scope or step.scope not in self.outcomes:
            return self._moves(step.branches, rest, step.id)
        moves: list[Move] = []
        for inner, weight in self.outcomes[step.scope].items():
            if inner and inner not in step.catches:
                moves.append(Move(weight, None, inner, inner))
                continue
            branches = step.catches[inner] if inner else step.branches
            scaled = [Branch(b.probability * weight, b.flows, b.interrupted) for b in branches]
            moves += self._moves(scaled, rest, step.id, inner)
        return moves

    def _moves(
        self, branches: Iterable[Branch], rest: Sequence[str], place: str, inner: Outcome = ""
    ) -> list[Move]:
        merged: dict[tuple[int | None, bool, tuple[str, ...]], Fraction] = {}
        for branch in branches:
            marking = tuple(sorted((*rest, *branch.flows)))
            if self.lasts and not self.lasts.isdisjoint(marking):
                # one token that waits to end the scope does as much as several
                marking = tuple(
                    f for i, f in enumerate(marking) if f not in self.lasts or f not in marking[:i]
                )
            target: int | None = None
            if len(marking) > MOST_TOKENS:
                self._problem(_piling_up(place))
            elif marking:
                target = self.index.setdefault(marking, len(self.index))
                if target == len(self.todo):
                    self.todo.append(marking)
            rounds = tuple(f for f in branch.flows if f in self.scope.rounds) if self.scope.rounds else ()
            key = (target, branch.interrupted, rounds)
            merged[key] = merged[key] + branch.probability if key in merged else branch.probability
        return [Move(p, to, "", inner, stopped, rounds) for (to, stopped, rounds), p in merged.items()]

    def _check_order(self, marking: Marking) -> None:
        """Note the inclusive joins that two of the tokens may reach over the same flow, or another."""
        for join, arrivals in self.arrivals.items():
            seen = several = 0
            for flow in marking:
                ways = arrivals.get(flow, 0)
                is_several = ways & (ways - 1)
                if ways & (seen if is_several else several):
                    self.unordered.add(join)
                    break
                seen |= ways
                several |= ways if is_several else 0

    # --- soundness ------------------------------------------------------------------------------------------

    def _waiting(self, marking: Marking) -> str:
        return min((self.scope.targets[f] for f in marking), key=lambda n: self.order[n])

    def _check_ends(
        self,
        fired: Sequence[str],
        moves: Sequence[Sequence[Move]],
        components: Sequence[Sequence[int]],
    ) -> None:
        """Every loop must have a way out: else the process never ends and costs without bound."""
        for component in components:
            members = set(component)
            if all(m.target in members for state in component for m in moves[state]):
                self._problem(_never_ends(min((fired[s] for s in component), key=lambda n: self.order[n])))

    def _problem(self, problem: Problem) -> None:
        if problem not in self.problems:
            self.problems.append(problem)


def _followers(scope: Scope, step: str) -> list[str]:
    found = scope.steps[step]
    branches = [*found.branches, *(b for caught in found.catches.values() for b in caught)]
    return [scope.targets[flow] for branch in branches for flow in branch.flows]


def topological_order(scope: Scope) -> dict[str, int]:
    """Reverse postorder: a step comes before what follows it, except over the back flow of a loop."""
    finished: list[str] = []
    seen: set[str] = set()
    roots = [scope.targets[f] for b in scope.start for f in b.flows]
    for root in [*roots, *scope.steps]:
        if root in seen:
            continue
        seen.add(root)
        stack = [(root, iter(_followers(scope, root)))]
        while stack:
            step, followers = stack[-1]
            follower = next((f for f in followers if f not in seen), None)
            if follower is None:
                finished.append(step)
                stack.pop()
            else:
                seen.add(follower)
                stack.append((follower, iter(_followers(scope, follower))))
    return {step: place for place, step in enumerate(reversed(finished))}


def strongly_connected(targets: Sequence[Sequence[int]]) -> list[tuple[int, ...]]:
    """Strongly connected components, earlier before later (Tarjan 1972, without recursion)."""
    number: dict[int, int] = {}
    low: dict[int, int] = {}
    stack: list[int] = []
    on_stack: set[int] = set()
    found: list[tuple[int, ...]] = []
    ticket = count()
    for root in range(len(targets)):
        if root in number:
            continue
        work = [(root, iter(targets[root]))]
        number[root] = low[root] = next(ticket)
        stack.append(root)
        on_stack.add(root)
        while work:
            state, rest = work[-1]
            follower = next((t for t in rest if t not in number or t in on_stack), None)
            if follower is None:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[state])
                if low[state] == number[state]:
                    found.append(_pop_component(state, stack, on_stack))
            elif follower in number:
                low[state] = min(low[state], number[follower])
            else:
                number[follower] = low[follower] = next(ticket)
                stack.append(follower)
                on_stack.add(follower)
                work.append((follower, iter(targets[follower])))
    return found[::-1]


def _pop_component(root: int, stack: list[int], on_stack: set[int]) -> tuple[int, ...]:
    members = []
    while True:
        state = stack.pop()
        on_stack.discard(state)
        members.append(state)
        if state == root:
            return tuple(sorted(members))


# --- solving ------------------------------------------------------------------------------------------------


def solve(
    chain: Chain, share: Callable[[int, Move], Fraction] = lambda _, move: move.probability
) -> tuple[list[Fraction], dict[Outcome, Fraction], Elimination]:
    """Expected number of times each state occurs, the probability of each outcome, and the factors.

    share: the probability of a move; less than the diagram's where a case is to leave the count.
    """
    rows: list[dict[int, Fraction]] = []
    for state, moves in enumerate(chain.moves):
        row: dict[int, Fraction] = {}
        for move in moves:
            weight = share(state, move)
            if move.target is not None and weight:
                row[move.target] = row[move.target] + weight if move.target in row else weight
        rows.append(row)
    start: dict[int, Fraction] = {}
    ends: dict[Outcome, Fraction] = {}
    for move in chain.start:
        if move.target is None:
            ends[move.outcome] = ends.get(move.outcome, _ZERO) + move.probability
        else:
            start[move.target] = start.get(move.target, _ZERO) + move.probability
    factors = Elimination(rows)
    expected = factors.visits(start)
    for state, moves in enumerate(chain.moves):
        for move in moves:
            if move.target is None and expected[state]:
                weight = expected[state] * share(state, move)
                ends[move.outcome] = ends.get(move.outcome, _ZERO) + weight
    return expected, ends, factors


Preceding = Mapping[str, Sequence[tuple[str, Sequence[str]]]]
"""Flow -> the steps it may come from, each with the flows that lead into it."""


def preceding(scope: Scope) -> Preceding:
    """What precedes each flow of the scope."""
    entering: dict[str, list[str]] = {}
    for flow, target in scope.targets.items():
        entering.setdefault(target, []).append(flow)
    sources: dict[str, list[tuple[str, Sequence[str]]]] = {}
    for step in scope.steps.values():
        branches = [*step.branches, *(b for caught in step.catches.values() for b in caught)]
        for flow in {flow for branch in branches for flow in branch.flows}:
            sources.setdefault(flow, []).append((step.id, entering.get(step.id, ())))
    return sources


def arrivals(scope: Scope, join: Step, *, alone: bool = False, before: Preceding) -> dict[str, int]:
    """Flow -> over which of the join's flows its token may come to it, as bits; without passing the join.

    alone: nor passing any other join, where it would become one with other tokens. before: `preceding(scope)`,
    made once for all joins.
    """
    found: dict[str, int] = {}
    for bit, last in enumerate(join.incoming):
        seen = {last}
        todo = [last]
        while todo:
            flow = todo.pop()
            found[flow] = found.get(flow, 0) | 1 << bit
            for step_id, entering in before.get(flow, ()):
                if step_id == join.id or (alone and scope.steps[step_id].join in ("all", "inclusive")):
                    continue
                new = [each for each in entering if each not in seen]
                seen.update(new)
                todo += new
    return found


def _deadlock(place: str) -> Problem:
    return Problem(
        "deadlock",
        "%(place)s can wait forever: it joins branches that are not all taken. "
        "Join them with a gateway of the kind that divided them.",
        place=place,
        params={"place": place},
    )


def _never_ends(place: str) -> Problem:
    return Problem(
        "never-ends",
        "From %(place)s the process can never end: a loop has no way out, or one of probability 0. "
        "Give the loop a way out.",
        place=place,
        params={"place": place},
    )


def _piling_up(place: str) -> Problem:
    return Problem(
        "tokens-pile-up",
        "At %(place)s more and more work runs at the same time without bound. "
        "Join the parallel branches before the loop.",
        place=place,
        params={"place": place},
    )


def _cut_short(place: str) -> Problem:
    return Problem(
        "ends-while-working",
        "%(place)s ends the process while other work may be going on; that work is counted as done.",
        place=place,
        severity="warning",
        params={"place": place},
    )


def _too_large(place: str) -> Problem:
    return Problem(
        "too-many-states",
        "The diagram has more than %(most)s different states and cannot be priced. "
        "Divide it into sub-processes, or join parallel branches earlier.",
        place=place,
        params={"most": MOST_MARKINGS},
    )
