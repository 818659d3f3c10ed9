"""Expected visits of an absorbing Markov chain, in exact fractions, from one factorisation.

States leave one after the other; what a state passed on goes from those before it straight to those after it.
Rows are whole numbers over one denominator, so a step is a few products and one gcd. Every pivot is a
probability of leaving, so nothing is subtracted but a return to the same state. The state with the fewest
neighbours leaves first (Markowitz 1957). From the factors come the expected visits, and any single entry of
the fundamental matrix by following only the neighbours that were left (Takahashi 1973; Erisman, Tinney 1975).
Source: Kemeny, Snell, Finite Markov Chains (1960), chapter 3.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from math import gcd, lcm
from typing import Final

_ZERO: Final = Fraction(0)
_ONE: Final = Fraction(1)
Row = Mapping[int, Fraction]
"""State -> probability of going there next."""


class Elimination:
    """The factors of I - P. Every state must be able to leave the chain."""

    def __init__(self, rows: Sequence[Row]) -> None:
        self._ahead: list[list[tuple[int, Fraction]]] = [[] for _ in rows]
        """Of each state: the later ones it goes to, and with which probability, when it left."""
        self._behind: list[list[tuple[int, Fraction]]] = [[] for _ in rows]
        """Of each state: the later ones that go to it."""
        self._stay: list[Fraction] = [_ONE] * len(rows)
        """Of each state: how often it happens in a row, on average."""
        self._place = [0] * len(rows)
        self._order: list[int] = []
        self._entries: dict[tuple[int, int], Fraction] = {}
        self._eliminate(rows)

    def visits(self, start: Mapping[int, Fraction]) -> list[Fraction]:
        """How often each state is expected when a case begins in `start` (state -> probability)."""
        weight = [_ZERO] * len(self._order)
        for state, probability in start.items():
            weight[state] += probability
        for state in self._order:
            if weight[state]:
                passed = _product(weight[state], self._stay[state])
                for later, probability in self._ahead[state]:
                    share = _product(passed, probability)
                    weight[later] = weight[later] + share if weight[later] else share
        for state in reversed(self._order):
            total = weight[state]
            for later, probability in self._behind[state]:
                if weight[later]:
                    more = _product(weight[later], probability)
                    total = total + more if total else more
            weight[state] = _product(total, self._stay[state])
        return weight

    def entry(self, start: int, state: int) -> Fraction:
        """How often `state` is expected when a case begins in `start`, the beginning counted."""
        todo = [(start, state)]
        while todo:
            pair = todo[-1]
            if pair in self._entries:
                todo.pop()
                continue
            needed = self._needed(*pair)
            missing = [p for p, _ in needed if p not in self._entries]
            if missing:
                todo += missing
                continue
            todo.pop()
            self._entries[pair] = self._combined(pair, needed)
        return self._entries[start, state]

    def _needed(self, start: int, state: int) -> list[tuple[tuple[int, int], Fraction]]:
        if start != state and self._place[start] < self._place[state]:
            return [((later, state), p) for later, p in self._ahead[start]]
        return [((start, later), p) for later, p in self._behind[state]]

    def _combined(
        self, pair: tuple[int, int], needed: Iterable[tuple[tuple[int, int], Fraction]]
    ) -> Fraction:
        start, state = pair
        total = _ONE if start == state else _ZERO
        for other, probability in needed:
            total += self._entries[other] * probability
        pivot = start if self._place[start] < self._place[state] else state
        return total * self._stay[pivot]

    # --- factors --------------------------------------------------------------------------------------------

    def _eliminate(self, rows: Sequence[Row]) -> None:
        whole, denominators = _whole_numbers(rows)
        users: list[set[int]] = [set() for _ in rows]
        for state, row in enumerate(whole):
            for follower in row:
                users[follower].add(state)
        heap = [(len(row) * len(users[state]), state) for state, row in enumerate(whole)]
        heapq.heapify(heap)
        left = [False] * len(rows)
        while heap:
            cost, state = heapq.heappop(heap)
            if left[state]:
                continue
            actual = len(whole[state]) * len(users[state])
            if actual > cost:
                heapq.heappush(heap, (actual, state))
                continue
            left[state] = True
            self._leave(state, whole, denominators, users)
            for follower in whole[state]:
                heapq.heappush(heap, (len(whole[follower]) * len(users[follower]), follower))

    def _leave(
        self, state: int, whole: list[dict[int, int]], denominators: list[int], users: list[set[int]]
    ) -> None:
        """Take a state out: those before it now go to those after it."""
        self._place[state] = len(self._order)
        self._order.append(state)
        row, below = whole[state], denominators[state]
        leaving = below - row.pop(state, 0)
        users[state].discard(state)
        self._stay[state] = _fraction(below, leaving)
        self._ahead[state] = [(follower, _fraction(n, below)) for follower, n in row.items()]
        for follower in row:
            users[follower].discard(state)
        for before in users[state]:
            theirs = whole[before]
            passed = theirs.pop(state)
            self._behind[state].append((before, _fraction(passed, denominators[before])))
            common = gcd(passed, leaving)
            passed, factor = passed // common, leaving // common
            if factor != 1:
                for follower in theirs:
                    theirs[follower] *= factor
                denominators[before] *= factor
            for follower, n in row.items():
                theirs[follower] = theirs.get(follower, 0) + passed * n
                users[follower].add(before)
            common = gcd(denominators[before], *theirs.values())
            if common > 1:
                denominators[before] //= common
                for follower in theirs:
                    theirs[follower] //= common


def _fraction(numerator: int, denominator: int) -> Fraction:
    return _ONE if numerator == denominator else Fraction(numerator, denominator)


def _product(one: Fraction, other: Fraction) -> Fraction:
    """Most factors are one, and multiplying by it takes as long as by any other."""
    if other is _ONE:
        return one
    return other if one is _ONE else one * other


def _whole_numbers(rows: Sequence[Row]) -> tuple[list[dict[int, int]], list[int]]:
    whole, denominators = [], []
    for row in rows:
        below = lcm(*(p.denominator for p in row.values())) if row else 1
        whole.append({s: p.numerator * (below // p.denominator) for s, p in row.items()})
        denominators.append(below)
    return whole, denominators
