"""Random numbers that are the same on every machine and with every version of numpy, and what is made of them.

The seed of a simulation is part of a quote, so its numbers must come out again years later. numpy promises that
of none of its distributions (NEP 19). So: SplitMix64, a counter with a mixing function, in 64-bit integer
arithmetic; uniform numbers are its upper 53 bits; all else is made of them by tables and by operations that
IEEE 754 rounds exactly (+ - * / square root, comparison). Tables come from Python's floats and are rounded.

Sources: Steele, Lea, Flood, Fast splittable pseudorandom number generators (2014); Malcolm et al. (1959) for the
PERT variable, a beta variable with shape 1 + 4 (mode - min) / (max - min) and its mirror.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import lru_cache
from itertools import pairwise
from math import log, sqrt
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

Distribution = Literal["pert", "triangular", "fixed"]
Amounts = NDArray[np.float64]
Counts = NDArray[np.int64]
_Table = Callable[[int, float], tuple[int, Amounts]]
"""(number, chance) -> the lowest count and the cumulated probabilities from it on."""

_GAMMA: Final = np.uint64(0x9E3779B97F4A7C15)
_FIRST: Final = np.uint64(0xBF58476D1CE4E5B9)
_SECOND: Final = np.uint64(0x94D049BB133111EB)
_SHAPES: Final = 64
"""Modes for which a table is made; between two of them the quantiles are interpolated, which keeps the mean."""
_CELLS: Final = 1024
_FINE: Final = 4096
_DIGITS: Final = 12
_WIDTH: Final = 12
"""Standard deviations kept on each side of a table of counts."""


class Draws:
    """One stream of uniform numbers; a name divides a seed into independent streams."""

    def __init__(self, seed: int, name: str = "") -> None:
        text = f"{seed} {name}".encode()
        self._state = int.from_bytes(hashlib.sha256(text).digest()[:8]) if name else seed % 2**64

    def whole(self, count: int) -> NDArray[np.uint64]:
        """The next numbers of SplitMix64, 0 to 2^64 - 1."""
        numbers = np.arange(1, count + 1, dtype=np.uint64)
        numbers *= _GAMMA
        numbers += np.uint64(self._state)
        self._state = (self._state + count * int(_GAMMA)) % 2**64
        numbers ^= numbers >> np.uint64(30)
        numbers *= _FIRST
        numbers ^= numbers >> np.uint64(27)
        numbers *= _SECOND
        numbers ^= numbers >> np.uint64(31)
        return numbers

    def uniform(self, count: int) -> Amounts:
        """Numbers from 0 to below 1, multiples of 2^-53."""
        return (self.whole(count) >> np.uint64(11)).astype(np.float64) * 2.0**-53

    def between(
        self, minimum: float, typical: float, maximum: float, distribution: Distribution, count: int
    ) -> Amounts:
        """Values of a PERT or triangular variable; `fixed`, or a range of no width, gives the typical one."""
        width = maximum - minimum
        if distribution == "fixed" or width <= 0:
            return np.full(count, typical, dtype=np.float64)
        return minimum + width * quantiles(self.uniform(count), (typical - minimum) / width, distribution)

    def binomial(self, trials: Counts, chance: float) -> Counts:
        """Successes of each number of trials."""
        if chance >= 1:
            return trials.copy()
        return self._by_bits(trials, chance, _binomial_table) if chance > 0 else np.zeros_like(trials)

    def failures(self, successes: Counts, failing: float) -> Counts:
        """Failures before that many successes, each trial failing with the same chance below 1."""
        return self._by_bits(successes, failing, _failures_table) if failing > 0 else np.zeros_like(successes)

    def _by_bits(self, numbers: Counts, chance: float, table: _Table) -> Counts:
        """A sum over n equal variables is drawn as sums over the powers of two that n is made of."""
        found = np.zeros_like(numbers)
        for bit in range(int(numbers.max(initial=0)).bit_length()):
            (chosen,) = np.nonzero((numbers >> bit) & 1)
            if len(chosen):
                lowest, upto = table(1 << bit, chance)
                found[chosen] += lowest + np.searchsorted(upto, self.uniform(len(chosen)), side="right")
        return found


def quantiles(shares: Amounts, mode: float, distribution: Distribution) -> Amounts:
    """The values between 0 and 1 below which these shares of a PERT or triangular variable lie."""
    if distribution == "triangular":
        left = np.sqrt(shares * mode)
        right = 1 - np.sqrt((1 - shares) * (1 - mode))
        return np.where(shares < mode, left, right)
    nodes = _pert_nodes(mode)
    places = shares * _CELLS
    cells = places.astype(np.int64)
    low = nodes[cells]
    return low + (places - cells) * (nodes[cells + 1] - low)


@lru_cache(maxsize=512)
def _pert_nodes(mode: float) -> Amounts:
    place = min(max(mode, 0.0), 1.0) * _SHAPES
    lower = min(int(place), _SHAPES - 1)
    part = place - lower
    nodes = (1 - part) * _pert_table(lower) + part * _pert_table(lower + 1)
    return np.append(nodes, nodes[-1])  # a share that rounds to 1 has a cell too


@lru_cache(maxsize=_SHAPES + 1)
def _pert_table(shape: int) -> Amounts:
    """Quantiles at equal steps of share; their mean as linear pieces is that of the variable, (1 + 4 m) / 6."""
    left, right = 4 * shape / _SHAPES, 4 - 4 * shape / _SHAPES
    density = [(i / _FINE) ** left * (1 - i / _FINE) ** right for i in range(_FINE + 1)]
    area = [0.0]
    for before, after in pairwise(density):
        area.append(area[-1] + (before + after) / 2)
    found, place = [0.0], 0
    for cell in range(1, _CELLS):
        wanted = area[-1] * cell / _CELLS
        while area[place + 1] < wanted:
            place += 1
        part = (wanted - area[place]) / (area[place + 1] - area[place])
        found.append((place + part) / _FINE)
    found.append(1.0)
    mean = (sum(found) - 0.5) / _CELLS
    missing = (1 + 4 * shape / _SHAPES) / 6 - mean
    bump = [6 * (i / _CELLS) * (1 - i / _CELLS) for i in range(_CELLS + 1)]
    return np.array([round(q + missing * b, _DIGITS) for q, b in zip(found, bump, strict=True)])


def _cumulated(weights: list[float]) -> Amounts:
    whole = sum(weights)
    upto, total = [], 0.0
    for weight in weights[:-1]:
        total += weight
        upto.append(round(total / whole, _DIGITS + 3))
    return np.array(upto)


@lru_cache(maxsize=4096)
def _binomial_table(trials: int, chance: float) -> tuple[int, Amounts]:
    spread = sqrt(trials * chance * (1 - chance))
    peak = int(trials * chance)
    low = max(0, int(peak - _WIDTH * spread - _WIDTH))
    high = min(trials, int(peak + _WIDTH * spread + _WIDTH))
    odds = chance / (1 - chance)
    weights = {peak: 1.0}
    for k in range(peak, high):
        weights[k + 1] = weights[k] * (trials - k) / (k + 1) * odds
    for k in range(peak, low, -1):
        weights[k - 1] = weights[k] * k / (trials - k + 1) / odds
    return low, _cumulated([weights[k] for k in range(low, high + 1)])


@lru_cache(maxsize=4096)
def _failures_table(successes: int, failing: float) -> tuple[int, Amounts]:
    mean = successes * failing / (1 - failing)
    spread = sqrt(mean / (1 - failing))
    # the tail falls like failing^k, slower than a normal one
    high = int(mean + _WIDTH * spread + 40 / -log(failing)) + 1
    peak = int(max(0.0, (successes - 1) * failing / (1 - failing)))
    weights = {peak: 1.0}
    for k in range(peak, high):
        weights[k + 1] = weights[k] * (successes + k) / (k + 1) * failing
    for k in range(peak, 0, -1):
        weights[k - 1] = weights[k] * k / (successes + k - 1) / failing
    return 0, _cumulated([weights[k] for k in range(high + 1)])
