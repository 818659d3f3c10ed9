"""Monte-Carlo: what a service costs and how long it takes when chance decides about ways, rework, prices, days.

All draws advance together. For the cost of many instances these are not followed one by one: the number of them
in each state of the token game is kept and divided by binomial draws, so a project of 46 villages costs no more
than one. For cost and time together, and where no chain of states is known, cases are played (`pricing.cases`).
The prices of a draw hold for all its instances (they share the region), the ways are independent. A price
between minimum, typical and maximum is a PERT (default) or triangular variable.

The seed is part of a quote: equal input gives equal numbers, with any version of numpy (`pricing.draws`). What
is done with the numbers here is only what is rounded alike everywhere.
Sources: Malcolm et al. 1959 (PERT); for the drivers the covariance (Euler) allocation, Tasche 1999.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import ceil, floor
from typing import Final, Literal

import numpy as np

from pricing.calendars import Calendar
from pricing.cases import Duration, Schedule, play_cases
from pricing.draws import Amounts as Amounts
from pricing.draws import Counts, Draws
from pricing.draws import Distribution as Distribution
from pricing.errors import NotPriceable
from pricing.markings import Move
from pricing.visits import Analysis
from workflows.definitions.model import Charge, Definition
from workflows.problems import Problem

MOST_MINOR: Final = 10**14
"""Minor units of one price; tens of thousands of them still sum within 64 bits."""

HISTOGRAM_BINS: Final = 24
MOST_WALKERS: Final = 2_000_000
MOST_PLAYED: Final = 200_000
"""Cases played where no chain is known; more instances are drawn from these."""


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


@dataclass(frozen=True, slots=True)
class TimeRisk:
    """The distribution of calendar days until all is done, in hundredths of a day, rounded up.

    p10 to p95: nearest-rank percentiles. edges, counts: as in `Risk`.
    """

    draws: int
    seed: int
    distribution: Distribution
    mean_hundredths: int
    p10_hundredths: int
    p50_hundredths: int
    p80_hundredths: int
    p95_hundredths: int
    edges: tuple[int, ...]
    counts: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Driver:
    """Where the variance of the cost comes from.

    kind: "price" (key: of the price range) or "ways" (key: the task; how often it is done). share: part of the
    variance; all sum to one. Negative where something is done instead of what costs more.
    """

    kind: Literal["price", "ways"]
    key: str
    share: float


@dataclass(frozen=True, slots=True)
class CaseSample:
    """Cost in major units and calendar days of the same cases, shape (draws,)."""

    cost: Amounts
    days: Amounts


def simulate_executions(
    analysis: Analysis, *, instances: int, draws: int, random: Draws
) -> dict[str, Counts]:
    """Executions of every activity over all instances, one number per draw (arrays of shape (draws,))."""
    if analysis.estimated:
        return _play_executions(analysis, instances, draws, random)
    tokens = np.full(draws, instances, dtype=np.int64)
    found: dict[str, Counts] = {}
    _run_scope(analysis, "", tokens, random, found)
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
    return _total(_cost_parts(analysis, lines, instances, draws, seed, distribution), draws)


def cost_drivers(
    analysis: Analysis,
    lines: Sequence[CostLine],
    *,
    instances: int = 1,
    draws: int = 10_000,
    seed: int = 1,
    distribution: Distribution = "pert",
) -> tuple[Driver, ...]:
    """Which prices and which ways the spread of `simulate_cost` with the same arguments comes from.

    Each line's cost N p (N units at price p) is divided into E(N) p, which only its price moves, and
    (N - E(N)) p, which the ways move. The share of a part is its covariance with the total over the variance
    of the total, so shares sum to one; they are rounded to 4 places. The greatest come first; () when
    nothing varies.
    """
    parts = _cost_parts(analysis, lines, instances, draws, seed, distribution)
    total = _total(parts, draws)
    spread = total - total.mean()
    variance = float((spread * spread).mean())
    if variance <= 1e-18 * float(total.mean()) ** 2:
        return ()
    shares: dict[tuple[Literal["price", "ways"], str], float] = {}
    for part in parts:
        usual = float(part.units.mean())
        for kind, key, amount in (
            ("price", part.line.price.key, usual * part.prices),
            ("ways", part.line.task, (part.units - usual) * part.prices),
        ):
            share = float((amount * spread).mean()) / variance
            place: tuple[Literal["price", "ways"], str] = ("price" if kind == "price" else "ways", key)
            shares[place] = shares.get(place, 0.0) + share
    found = (Driver(kind, key, round(share, 4)) for (kind, key), share in shares.items())
    return tuple(sorted((d for d in found if d.share), key=lambda d: (-d.share, d.kind, d.key)))


def simulate_cases(
    analysis: Analysis,
    lines: Sequence[CostLine] = (),
    *,
    schedule: Schedule,
    draws: int = 10_000,
    seed: int = 1,
    distribution: Distribution = "pert",
) -> CaseSample:
    """Cost and calendar days of single independent instances, drawn together.

    The days are those of `schedule`: durations, pools of people, calendars. Raises ValueError when the diagram
    is not usable.
    """
    joining: Literal["wait", "time"] = "time" if analysis.estimated else "wait"
    played = play_cases(analysis.graph, cases=draws, seed=seed, schedule=schedule, joining=joining)
    if played is None or not analysis.usable:
        raise ValueError("only a diagram that comes to an end can be played")
    random = Draws(seed, "prices")
    times = _LineTimes(analysis, played.executions, played.executions, 1, draws, Draws(seed, "rework"))
    parts = _parts(lines, times, draws, random, distribution)
    return CaseSample(_total(parts, draws), played.days)


def schedule_of(
    definition: Definition,
    *,
    pools: Mapping[str, int] | None = None,
    calendars: Mapping[str, Calendar] | None = None,
    **more: object,
) -> Schedule:
    """The schedule of a definition: durations from its estimates, skills from its task cards.

    pools: skill -> people. calendars: skill -> calendar, "" for all others. more: other fields of `Schedule`.
    """
    durations: dict[str, Duration] = {}
    skills: dict[str, str] = {}
    rework: dict[str, float] = {}
    for process in (definition, *definition.processes.values()):
        for node in process.nodes.values():
            if node.estimate is not None and node.estimate.duration_days is not None:
                least, typical, most = (float(days) for days in sorted(node.estimate.duration_days))
                durations[node.id] = Duration(least, typical, most)
            if node.estimate is not None and node.estimate.rework and 0 < node.estimate.rework < 1:
                rework[node.id] = float(node.estimate.rework)
            if node.task is not None and node.task.skill:
                skills[node.id] = node.task.skill
    own = dict(calendars or {})
    usual = own.pop("", Calendar())
    return Schedule(durations, skills, pools or {}, own, usual, rework=rework, **more)  # type: ignore[arg-type]


def check_amount(minor: float) -> None:
    """Raise NotPriceable for an amount of more than MOST_MINOR: it comes of a slip, and sums of it overflow."""
    if not minor <= MOST_MINOR:
        raise NotPriceable([_too_large(minor)])


def _too_large(minor: float) -> Problem:
    return Problem(
        "price-too-large",
        "The price is about %(amount)s in the smallest unit of its currency, more than can be booked. Look for a slip "
        "in the prices, the numbers or the terms.",
        params={"amount": f"{minor:.0e}"},
    )


def summarise(total_minor: Amounts, *, seed: int, distribution: Distribution) -> Risk:
    """Percentiles and histogram of totals in minor units (rounded to whole ones here), shape (draws,).

    Raises NotPriceable for totals beyond MOST_MINOR.
    """
    check_amount(float(total_minor.max(initial=0)))
    ordered = np.sort(np.floor(total_minor + 0.5).astype(np.int64))
    p10, p50, p80, p95 = _percentiles(ordered)
    edges, counts = _histogram(ordered)
    return Risk(
        draws=len(ordered),
        seed=seed,
        distribution=distribution,
        mean_minor=_mean(ordered),
        p10_minor=p10,
        p50_minor=p50,
        p80_minor=p80,
        p95_minor=p95,
        edges=edges,
        counts=counts,
    )


def summarise_days(days: Amounts, *, seed: int, distribution: Distribution) -> TimeRisk:
    """Percentiles and histogram of calendar days, shape (draws,); nothing is sooner than it is rounded to."""
    # 3.0000000001 from adding parts of days is 3
    ordered = np.sort(np.ceil(days * 100 - 1e-6).astype(np.int64))
    p10, p50, p80, p95 = _percentiles(ordered)
    edges, counts = _histogram(ordered)
    return TimeRisk(
        draws=len(ordered),
        seed=seed,
        distribution=distribution,
        mean_hundredths=_mean(ordered),
        p10_hundredths=p10,
        p50_hundredths=p50,
        p80_hundredths=p80,
        p95_hundredths=p95,
        edges=edges,
        counts=counts,
    )


def _mean(ordered: Counts) -> int:
    """The mean, rounded half up."""
    return (2 * int(ordered.sum()) + len(ordered)) // (2 * len(ordered))


def _percentiles(ordered: Counts) -> tuple[int, int, int, int]:
    """P10, P50, P80 and P95 by the nearest rank."""

    def rank(percent: int) -> int:
        return int(ordered[ceil(Fraction(percent * len(ordered), 100)) - 1])

    return rank(10), rank(50), rank(80), rank(95)


def _histogram(ordered: Counts) -> tuple[tuple[int, ...], tuple[int, ...]]:
    low, high = int(ordered[0]), int(ordered[-1])
    bins = min(HISTOGRAM_BINS, high - low + 1)
    edges = [low + (high + 1 - low) * i // bins for i in range(bins)] + [high + 1]
    places = np.searchsorted(ordered, np.array(edges[:-1]), side="left")
    counts = np.diff(np.append(places, len(ordered)))
    edges[-1] = high
    return tuple(edges), tuple(int(c) for c in counts)


def mean_price(price: PriceRange, distribution: Distribution) -> float:
    """The mean of the distribution the price is drawn from."""
    if distribution == "fixed":
        return price.typical
    weight = 4 if distribution == "pert" else 1
    return (price.minimum + weight * price.typical + price.maximum) / (weight + 2)


# --- lines --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Part:
    """A line's draws: units bought in all instances, and the price of each."""

    line: CostLine
    units: Amounts
    prices: Amounts


class _LineTimes:
    """How often a line is charged in each draw."""

    def __init__(
        self, analysis: Analysis, executions: Mapping[str, Counts], reached: Mapping[str, Counts],
        instances: int, draws: int, random: Draws,
    ) -> None:  # fmt: skip
        self._analysis, self._random = analysis, random
        self._executions, self._reached = executions, reached
        self._instances, self._nothing = instances, np.zeros(draws, dtype=np.int64)
        self._reworked: dict[tuple[str, float], Counts] = {}

    def of(self, line: CostLine) -> Amounts:
        if line.charge == "instance":
            return np.full(len(self._nothing), float(self._instances))
        if line.charge == "once":
            reached = self._reached.get(line.task, self._nothing)
            return np.minimum(reached, self._instances).astype(np.float64)
        times = self._executions.get(line.task, self._nothing)
        if line.charge == "execution" and line.rework:
            again = (line.task, line.rework)
            if again not in self._reworked:
                self._reworked[again] = times + self._random.failures(times, line.rework)
            times = self._reworked[again]
        expected, charged = (
            numbers.get(line.task) for numbers in (self._analysis.expected, self._analysis.charged)
        )
        part = float(charged / expected) if expected and charged is not None else 1.0
        return np.asarray(times * part, dtype=np.float64)


def _cost_parts(
    analysis: Analysis,
    lines: Sequence[CostLine],
    instances: int,
    draws: int,
    seed: int,
    distribution: Distribution,
) -> list[_Part]:
    executions, reached = _executions(analysis, lines, instances, draws, Draws(seed, "ways"))
    times = _LineTimes(analysis, executions, reached, instances, draws, Draws(seed, "rework"))
    return _parts(lines, times, draws, Draws(seed, "prices"), distribution)


def _parts(
    lines: Iterable[CostLine], times: _LineTimes, draws: int, random: Draws, distribution: Distribution
) -> list[_Part]:
    prices: dict[str, Amounts] = {}
    parts = []
    for line in lines:
        price = line.price
        if price.key not in prices:
            prices[price.key] = random.between(
                price.minimum, price.typical, price.maximum, distribution, draws
            )
        parts.append(_Part(line, times.of(line) * line.quantity, prices[price.key]))
    return parts


def _total(parts: Iterable[_Part], draws: int) -> Amounts:
    cost = np.zeros(draws)
    for part in parts:
        cost += part.units * part.prices
    return cost


# --- ways ---------------------------------------------------------------------------------------------------


def _executions(
    analysis: Analysis, lines: Sequence[CostLine], instances: int, draws: int, random: Draws
) -> tuple[dict[str, Counts], dict[str, Counts]]:
    """Executions per task, and instances that reach the task at all for lines charged once."""
    once = {line.task for line in lines if line.charge == "once"}
    chances = {task: analysis.at_least_once(task) for task in sorted(once)}
    uncertain = {task for task, chance in chances.items() if 0 < chance < 1}
    if not uncertain or instances * draws > MOST_WALKERS:
        executions = simulate_executions(analysis, instances=instances, draws=draws, random=random)
        every = np.full(draws, instances, dtype=np.int64)
        return executions, {t: random.binomial(every, float(p)) for t, p in chances.items()}
    # Whether an instance reached a task is known only when each is followed by itself.
    single = simulate_executions(analysis, instances=1, draws=draws * instances, random=random)
    by_draw = {task: n.reshape(draws, instances) for task, n in single.items()}
    executions = {task: n.sum(axis=1) for task, n in by_draw.items()}
    return executions, {t: (by_draw[t] > 0).sum(axis=1) for t in once if t in by_draw}


def _play_executions(analysis: Analysis, instances: int, draws: int, random: Draws) -> dict[str, Counts]:
    """From cases played in the order of time; beyond a number of them, instances are drawn from those played."""
    wanted = draws * instances
    seed = int(random.whole(1)[0])
    played = play_cases(analysis.graph, cases=min(wanted, MOST_PLAYED), seed=seed, joining="time")
    if played is None:
        raise ValueError("only a diagram that comes to an end can be played")
    if wanted <= MOST_PLAYED:
        return {node: n.reshape(draws, instances).sum(axis=1) for node, n in played.executions.items()}
    found = {node: np.zeros(draws, dtype=np.int64) for node in played.executions}
    for _ in range(instances):
        chosen = (random.uniform(draws) * MOST_PLAYED).astype(np.int64)
        for node, executions in played.executions.items():
            found[node] += executions[chosen]
    return found


def _run_scope(
    analysis: Analysis, scope: str, entries: Counts, random: Draws, found: dict[str, Counts]
) -> None:
    """Let `entries` tokens run through a scope and add up what they execute.

    How a sub-process that throws errors ends is drawn apart from its inside: means are exact.
    """
    chain = analysis.chains[scope]
    pending: dict[int, Counts] = {}
    fired: dict[str, Counts] = {}
    _divide(chain.start, entries, pending, random)
    for component in chain.components:
        waiting = [s for s in component if s in pending]
        while waiting:
            for state in waiting:
                here = pending.pop(state)
                step = chain.fired[state]
                fired[step] = fired[step] + here if step in fired else here
                _divide(chain.moves[state], here, pending, random)
            waiting = [s for s in component if s in pending and pending[s].any()]
    for step, times in fired.items():
        place = analysis.graph.scopes[scope].steps[step]
        repeated = _repeat(times, analysis.repetitions(place), random)
        found[place.node] = found[place.node] + repeated if place.node in found else repeated
        if place.scope:
            _run_scope(analysis, place.scope, repeated, random, found)


def _divide(moves: Sequence[Move], tokens: Counts, pending: dict[int, Counts], random: Draws) -> None:
    """Divide tokens over the moves: a multinomial draw as a sequence of binomial ones."""
    rest, left = tokens, Fraction(1)
    for place, move in enumerate(moves):
        if place == len(moves) - 1:
            share = rest
        else:
            share = random.binomial(rest, float(move.probability / left))
            rest = rest - share
            left -= move.probability
        if move.target is not None:
            pending[move.target] = pending[move.target] + share if move.target in pending else share


def _repeat(times: Counts, repetitions: Fraction, random: Draws) -> Counts:
    whole = floor(repetitions)
    part = repetitions - whole
    repeated = times * whole
    return repeated + random.binomial(times, float(part)) if part else repeated
