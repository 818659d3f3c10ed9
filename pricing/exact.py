"""Many exact fractions at once: their sum, and rounding them so that the parts still sum to the whole.

Adding fractions one by one costs a greatest common divisor each time; numerators over one common denominator
are added and compared as plain integers. Largest remainder: Hamilton's method of apportionment (1792).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from math import lcm


def exact_sum(parts: Iterable[Fraction]) -> Fraction:
    """The sum; zero for none."""
    by_denominator: dict[int, int] = {}
    for part in parts:
        numerator, denominator = part.as_integer_ratio()
        by_denominator[denominator] = by_denominator.get(denominator, 0) + numerator
    return _together(by_denominator)


def exact_product_sum(pairs: Iterable[tuple[Fraction, Fraction]]) -> Fraction:
    """The sum of the products of pairs; zero for none."""
    by_denominator: dict[int, int] = {}
    for left, right in pairs:
        n, d = left.as_integer_ratio()
        m, e = right.as_integer_ratio()
        by_denominator[d * e] = by_denominator.get(d * e, 0) + n * m
    return _together(by_denominator)


def _together(by_denominator: dict[int, int]) -> Fraction:
    if len(by_denominator) == 1:
        ((denominator, numerator),) = by_denominator.items()
        return Fraction(numerator, denominator)
    common = lcm(*by_denominator)
    return Fraction(sum(n * (common // d) for d, n in by_denominator.items()), common)


def product(left: Fraction, right: Fraction) -> Fraction:
    """`left * right`, in half the time: reduced once."""
    n, d = left.as_integer_ratio()
    m, e = right.as_integer_ratio()
    return Fraction(n * m, d * e)


def numerators(parts: Sequence[Fraction]) -> tuple[list[int], int]:
    """The parts as numerators over one denominator."""
    ratios = [part.as_integer_ratio() for part in parts]
    common = lcm(*{denominator for _, denominator in ratios})
    return [n * (common // d) for n, d in ratios], common


def apportion(whole: int, parts: Sequence[Fraction]) -> list[int]:
    """Round exact parts down or up so that they sum to `whole`, their rounded sum; largest remainders go up.

    Equal remainders: the earlier part. Unlike `money.split_minor` nothing is scaled: a part that is a whole
    number stays as it is.
    """
    exact, common = numerators(parts)
    rounded = [n // common for n in exact]
    missing = whole - sum(rounded)
    assert 0 <= missing <= len(parts), "the whole is not the rounded sum of its parts"
    if missing:
        remainders = [part * common - n for n, part in zip(exact, rounded, strict=True)]
        for i in sorted(range(len(parts)), key=remainders.__getitem__)[:missing]:
            rounded[i] += 1
    return rounded
