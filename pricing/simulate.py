"""Monte-Carlo: what a service costs when chance decides about the way, the rework and the prices.

All draws advance together. Instances of a draw are not followed one by one: the number of them in each state
of the token game is kept and divided by binomial draws, so a project of 46 villages costs no more than one.
The prices of a draw hold for all its instances (they share the region), the ways are independent. A price
between minimum, typical and maximum is a PERT (default) or triangular variable.
Sources: Malcolm et al. 1959 (PERT); generator PCG64 of numpy with an explicit seed, so equal input gives
equal numbers (for one version of numpy, see NEP 19).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import ceil, floor
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from pricing.graph import Repetition
from pricing.markings import Move
from pricing.visits import Analysis
from workflows.definitions.model import Charge

Distribution = Literal["pert", "triangular", "fixed"]
Counts = NDArray[np.int64]
Amounts = NDArray[np.float64]
HISTOGRAM_BINS: Final = 24
MOST_WALKERS: Final = 2_000_000


@dataclass(frozen=True, slots=True)
class PriceRange:
    """A price that varies, in major units; lines with an equal range object share the drawn price."""

    key: str
    minimum: float
    typical: float
    maximum: float


@dataclass(frozen=True, slots=True)
class CostLine:
    """A line to be charged. quantity: units per execution. rework: share of deliveries redone and paid."""

    task: str
    charge: Charge
    quantity: float
    price: PriceRange
    rework: float = 0.0


@dataclass(frozen=True, slots=True)
class Risk:
    """The distribution of a total, in whole minor units.

    p10 to p95: nearest-rank percentiles. edges, counts: histogram; bin i is edges[i] <= x < edges[i + 1],
    the last one includes its upper edge.
    """

    draws: int
    seed: int
    distribution: Distribution
    mean_minor: int
    p10_minor: int
    p50_minor: int
    p80_minor: int
    p95_minor: int
    edges: tuple[int, ...]
    counts: tuple[int, ...]


def simulate_executions(
    analysis: Analysis, *, instances: int, draws: int, rng: np.random.Generator
) -> dict[str, Counts]:
    """Executions of every node over all instances, one number per draw (arrays of shape (draws,))."""
    tokens = np.full(draws, instances, dtype=np.int64)
    found: dict[str, Counts] = {}
    _run_scope(analysis, "", tokens, rng, found)
    return found


def simulate_cost(
    analysis: Analysis,
    lines: Sequence[CostLine],
    *,
    instances: int = 1,
    draws: int = 10_000,
    seed: int = 1,
    distribution: Distribution = "pert",
) -> Amounts:
    """The direct cost of `instances` independent instances in major units, shape (draws,)."""
    rng = np.random.Generator(np.random.PCG64(seed))
    executions, reached = _executions(analysis, lines, instances, draws, rng)
    prices = _prices(lines, draws, rng, distribution)
    reworked: dict[tuple[str, float], Counts] = {}
    cost = np.zeros(draws)
    for line in lines:
        nothing = np.zeros(draws, dtype=np.int64)
        times = executions.get(line.task, nothing)
        if line.charge == "instance":
            times = np.full(draws, instances, dtype=np.int64)
        elif line.charge == "once":
            times = reached.get(line.task, nothing)
        elif line.charge == "execution" and line.rework:
            again = (line.task, line.rework)
            if again not in reworked:
                reworked[again] = times + _repetitions(times, line.rework, rng)
            times = reworked[again]
        cost += times * line.quantity * prices[line.price.key]
    return cost


def summarise(total_minor: Amounts, *, seed: int, distribution: Distribution) -> Risk:
    """Percentiles and histogram of totals in minor units (rounded to whole ones here), shape (draws,)."""
    ordered = np.sort(np.floor(total_minor + 0.5).astype(np.int64))
    low, high = int(ordered[0]), int(ordered[-1])
    bins = min(HISTOGRAM_BINS, high - low + 1)
    edges = [low + (high + 1 - low) * i // bins for i in range(bins)] + [high + 1]
    places = np.searchsorted(ordered, np.array(edges[:-1]), side="left")
    counts = np.diff(np.append(places, len(ordered)))
    edges[-1] = high

    def rank(percent: int) -> int:
        return int(ordered[ceil(Fraction(percent * len(ordered), 100)) - 1])

    return Risk(
        draws=len(ordered),
        seed=seed,
        distribution=distribution,
        mean_minor=(2 * int(ordered.sum()) + len(ordered)) // (2 * len(ordered)),
        p10_minor=rank(10),
        p50_minor=rank(50),
        p80_minor=rank(80),
        p95_minor=rank(95),
        edges=tuple(edges),
        counts=tuple(int(c) for c in counts),
    )


def mean_price(price: PriceRange, distribution: Distribution) -> float:
    """The mean of the distribution the price is drawn from."""
    if distribution == "fixed":
        return price.typical
    weight = 4 if distribution == "pert" else 1
    return (price.minimum + weight * price.typical + price.maximum) / (weight + 2)


def _executions(
    analysis: Analysis, lines: Sequence[CostLine], instances: int, draws: int, rng: np.random.Generator
) -> tuple[dict[str, Counts], dict[str, Counts]]:
    """Executions per task, and instances that reach the task at all for lines charged once."""
    once = {line.task for line in lines if line.charge == "once"}
    chances = {task: analysis.at_least_once(task) for task in once}
    uncertain = {task for task, chance in chances.items() if 0 < chance < 1}
    if not uncertain or instances * draws > MOST_WALKERS:
        executions = simulate_executions(analysis, instances=instances, draws=draws, rng=rng)
        reached = {t: rng.binomial(instances, float(p), draws) for t, p in chances.items()}
        return executions, reached
    # Whether an instance reached a task is known only when each is followed by itself.
    single = simulate_executions(analysis, instances=1, draws=draws * instances, rng=rng)
    by_draw = {task: n.reshape(draws, instances) for task, n in single.items()}
    executions = {task: n.sum(axis=1) for task, n in by_draw.items()}
    return executions, {t: (by_draw[t] > 0).sum(axis=1) for t in once if t in by_draw}


def _prices(
    lines: Sequence[CostLine], draws: int, rng: np.random.Generator, distribution: Distribution
) -> dict[str, Amounts]:
    found: dict[str, Amounts] = {}
    for line in lines:
        price = line.price
        if price.key in found:
            continue
        width = price.maximum - price.minimum
        if distribution == "fixed" or width <= 0:
            found[price.key] = np.full(draws, price.typical)
        elif distribution == "triangular":
            found[price.key] = rng.triangular(price.minimum, price.typical, price.maximum, draws)
        else:
            left = 1 + 4 * (price.typical - price.minimum) / width
            right = 1 + 4 * (price.maximum - price.typical) / width
            found[price.key] = price.minimum + width * rng.beta(left, right, draws)
    return found


def _repetitions(accepted: Counts, rework: float, rng: np.random.Generator) -> Counts:
    """Deliveries sent back before that many are accepted, each sent back with the same chance."""
    again = np.zeros_like(accepted)
    some = accepted > 0
    again[some] = rng.negative_binomial(accepted[some], 1 - rework)
    return again


def _run_scope(
    analysis: Analysis, scope: str, entries: Counts, rng: np.random.Generator, found: dict[str, Counts]
) -> None:
    """Let `entries` tokens run through a scope and add up what they execute.

    How a sub-process that throws errors ends is drawn apart from its inside: means are exact.
    """
    chain = analysis.chains[scope]
    pending: dict[int, Counts] = {}
    fired: dict[str, Counts] = {}
    _divide(chain.start, entries, pending, rng)
    for component in chain.components:
        waiting = [s for s in component if s in pending]
        while waiting:
            for state in waiting:
                here = pending.pop(state)
                step = chain.fired[state]
                fired[step] = fired[step] + here if step in fired else here
                _divide(chain.moves[state], here, pending, rng)
            waiting = [s for s in component if s in pending and pending[s].any()]
    for step, times in fired.items():
        place = analysis.graph.scopes[scope].steps[step]
        repeated = _repeat(times, place.repetition, rng)
        found[step] = found[step] + repeated if step in found else repeated
        if place.scope:
            _run_scope(analysis, place.scope, repeated, rng, found)


def _divide(
    moves: Sequence[Move], tokens: Counts, pending: dict[int, Counts], rng: np.random.Generator
) -> None:
    """Divide tokens over the moves: a multinomial draw as a sequence of binomial ones."""
    rest, left = tokens, Fraction(1)
    for place, move in enumerate(moves):
        if place == len(moves) - 1:
            share = rest
        else:
            share = rng.binomial(rest, float(move.probability / left))
            rest = rest - share
            left -= move.probability
        if move.target is not None:
            pending[move.target] = pending[move.target] + share if move.target in pending else share


def _repeat(times: Counts, repetition: Repetition, rng: np.random.Generator) -> Counts:
    whole = floor(repetition.expected)
    part = repetition.expected - whole
    repeated = times * whole
    return repeated + rng.binomial(times, float(part)) if part else repeated
