"""The least and the greatest total of weights over all ways through a scope, exact.

The least is a shortest path (Dijkstra 1959). The greatest is a longest path where nothing repeats, and without
bound where something with a weight can repeat, unless every way back has a declared maximum of rounds: then
how often each was taken is carried along. For a node that is only counted, sets of bits say for all nodes at
once whether it lies on every way, on some, or on one several times.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import inf, prod
from typing import Final

from pricing.markings import Chain, Move, Outcome, strongly_connected

Bound = Fraction | float
Weight = Callable[[int, Move], Bound]
"""Of a move out of a state; infinite when there is no bound."""
_ZERO: Final = Fraction(0)
MOST_COUNTED: Final = 4_000
"""Combinations of rounds carried along; beyond, only their sum is, which is never too small."""
_START: Final = -1


def least_totals(chain: Chain, weight: Weight) -> dict[Outcome, Fraction]:
    """The least total weight from the start to each way the scope can end. Weights are finite."""
    queue: list[tuple[Fraction, int, Outcome]] = [(_ZERO, *_goal(move)) for move in chain.start]
    heapq.heapify(queue)
    settled: set[int] = set()
    found: dict[Outcome, Fraction] = {}
    while queue:
        total, state, outcome = heapq.heappop(queue)
        if state == _START:
            found.setdefault(outcome, total)
        elif state not in settled:
            settled.add(state)
            for move in chain.moves[state]:
                more = weight(state, move)
                further = Fraction(total + more) if more else total
                heapq.heappush(queue, (further, *_goal(move)))
    return found


def _goal(move: Move) -> tuple[int, Outcome]:
    return (_START, move.outcome) if move.target is None else (move.target, "")


def greatest_totals(chain: Chain, weight: Weight, rounds: Mapping[str, int]) -> dict[Outcome, Bound]:
    """The greatest total weight to each way the scope can end. rounds: flow -> most times it is taken."""
    best: dict[int, Bound] = {}
    found: dict[Outcome, Bound] = {}
    for move in chain.start:
        _raise(best, found, move, _ZERO)
    for component in chain.components:
        entries = {state: best[state] for state in component if state in best}
        if not entries:
            continue
        if not chain.is_loop(component):
            (state,) = component
            for move in chain.moves[state]:
                _raise(best, found, move, entries[state] + weight(state, move))
            continue
        for move, total in _loop(chain, component, entries, weight, rounds):
            _raise(best, found, move, total)
    return found


def _raise(best: dict[int, Bound], found: dict[Outcome, Bound], move: Move, total: Bound) -> None:
    if move.target is None:
        found[move.outcome] = max(found.get(move.outcome, total), total)
    else:
        best[move.target] = max(best.get(move.target, total), total)


def _loop(
    chain: Chain,
    component: Sequence[int],
    entries: Mapping[int, Bound],
    weight: Weight,
    rounds: Mapping[str, int],
) -> list[tuple[Move, Bound]]:
    """The moves out of a loop with the greatest total on leaving by each."""
    members = set(component)
    inside = [(s, m, weight(s, m)) for s in component for m in chain.moves[s] if m.target in members]
    leaving = [(s, m) for s in component for m in chain.moves[s] if m.target not in members]
    if not any(more for _, _, more in inside):
        highest = max(entries.values())
        return [(move, highest + weight(state, move)) for state, move in leaving]
    counted = sorted({flow for _, move, _ in inside for flow in move.rounds})
    unrolled = _Unrolled(inside, [rounds[flow] for flow in counted], counted)
    highest_at = unrolled.highest(entries)
    return [(move, highest_at[state] + weight(state, move)) for state, move in leaving if state in highest_at]


@dataclass(slots=True)
class _Unrolled:
    """A loop with how often each bounded flow was taken as part of the state."""

    inside: Sequence[tuple[int, Move, Bound]]
    most: list[int]
    counted: Sequence[str]

    def highest(self, entries: Mapping[int, Bound]) -> dict[int, Bound]:
        """The greatest total on reaching each state of the loop."""
        if prod(n + 1 for n in self.most) > MOST_COUNTED:
            self.most = [min(sum(self.most), MOST_COUNTED)] if sum(self.most) <= MOST_COUNTED else []
        together = len(self.most) != len(self.counted)
        edges: dict[int, list[tuple[int, tuple[int, ...], Bound]]] = {}
        for state, move, more in self.inside:
            taken = tuple(move.rounds.count(flow) for flow in self.counted)
            if together:
                taken = (sum(taken),) if self.most else ()
            edges.setdefault(state, []).append((move.target or 0, taken, more))
        nodes: dict[tuple[int, tuple[int, ...]], int] = {}
        for state in entries:
            nodes[state, (0,) * len(self.most)] = len(nodes)
        steps: list[list[tuple[int, Bound]]] = []
        for state, used in (order := list(nodes)):
            steps.append([])
            for target, taken, more in edges.get(state, ()):
                now = tuple(a + b for a, b in zip(used, taken, strict=True))
                if any(n > most for n, most in zip(now, self.most, strict=True)):
                    continue
                if (target, now) not in nodes:
                    nodes[target, now] = len(nodes)
                    order.append((target, now))
                steps[-1].append((nodes[target, now], more))
        return _longest(order, steps, entries)


def _longest(
    order: Sequence[tuple[int, tuple[int, ...]]],
    steps: Sequence[Sequence[tuple[int, Bound]]],
    entries: Mapping[int, Bound],
) -> dict[int, Bound]:
    best: dict[int, Bound] = {node: entries[order[node][0]] for node in range(len(entries))}
    highest: dict[int, Bound] = {}
    for group in strongly_connected([[target for target, _ in row] for row in steps]):
        members = set(group)
        here = max((best[node] for node in group if node in best), default=None)
        if here is None:
            continue
        if any(more for node in group for target, more in steps[node] if target in members):
            here = inf
        for node in group:
            state = order[node][0]
            highest[state] = max(highest.get(state, here), here)
            for target, more in steps[node]:
                if target not in members:
                    best[target] = max(best.get(target, here + more), here + more)
    return highest


# --- counting nodes -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Occurrence:
    """Where a step lies. always: on every way. repeats: in a loop. several: more than once on a way, no loop."""

    always: bool
    repeats: bool
    several: bool


def occurrences(chain: Chain) -> dict[str, Occurrence]:
    """Of each step that fires in the scope: on every way, in a loop, several times."""
    bits = {step: 1 << place for place, step in enumerate(dict.fromkeys(chain.fired))}
    own = [bits[step] for step in chain.fired]
    followers = [[m.target for m in moves if m.target is not None] for moves in chain.moves]
    ends = [any(m.target is None for m in moves) for moves in chain.moves]
    every = (1 << len(bits)) - 1
    surely, later = [every] * len(own), [0] * len(own)
    looping = several = 0
    for component in reversed(chain.components):
        if not chain.is_loop(component):
            (state,) = component
            _look_ahead(state, own, followers, ends, surely, later)
            several |= later[state] & own[state]
            continue
        inside = 0
        for state in component:
            inside |= own[state]
        looping |= inside
        changed = True
        while changed:
            changed = False
            for state in reversed(component):
                before = (surely[state], later[state])
                _look_ahead(state, own, followers, ends, surely, later)
                changed = changed or before != (surely[state], later[state])
    sure = every
    for move in chain.start:
        sure &= 0 if move.target is None else surely[move.target]
    return {
        step: Occurrence(bool(sure & bit), bool(looping & bit), bool(several & bit))
        for step, bit in bits.items()
    }


def _look_ahead(
    state: int,
    own: Sequence[int],
    followers: Sequence[Sequence[int]],
    ends: Sequence[bool],
    surely: list[int],
    later: list[int],
) -> None:
    sure, after = (0 if ends[state] else -1), 0
    for follower in followers[state]:
        sure &= surely[follower]
        after |= later[follower] | own[follower]
    surely[state] = (own[state] | sure) if sure != -1 else own[state]
    later[state] = after
