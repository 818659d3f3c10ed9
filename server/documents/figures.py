"""The geometry of the drawings: who pays as a bar, the distribution of a price as a histogram.

Numbers of a drawing are texts with one decimal, so that the same input gives the same bytes everywhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from pricing.simulate import Risk

_GAP: Final = 0.35
"""Per cent of the bar's width between two segments."""
_LABELLED: Final = Fraction(12, 100)
"""The least share whose segment is wide enough for its label, on a telephone too."""
WIDTH, HEIGHT, TOP, BASE = 400, 190, 40, 160
"""Of the histogram, in its own units: all of it, the highest bar, the foot of the bars."""


@dataclass(frozen=True, slots=True)
class Segment:
    """A part of a bar. tone: class of its colour. x, width: per cent of the bar. label: whether one fits."""

    party: str
    in_kind: bool
    minor: int
    share: Fraction
    tone: str
    x: str
    width: str
    middle: str
    labelled: bool


@dataclass(frozen=True, slots=True)
class Bar:
    x: str
    y: str
    width: str
    height: str
    covered: bool
    """Whether what is charged covers it."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A percentile. label: "P80"; y: foot of the label."""

    label: str
    minor: int
    x: str
    y: str
    strong: bool


@dataclass(frozen=True, slots=True)
class Histogram:
    bars: tuple[Bar, ...]
    marks: tuple[Mark, ...]
    low: int
    high: int
    band: tuple[str, str]
    """x and width of the band from P10 to P95."""


def payers(fund: int, cash: Mapping[str, int], in_kind: Mapping[str, int]) -> tuple[Segment, ...]:
    """Who pays which share, in minor units: the fund, then in kind, then cash of others, the greatest first."""
    others = [(party, True, minor) for party, minor in in_kind.items()]
    others += [(party, False, minor) for party, minor in cash.items()]
    others.sort(key=lambda part: (not part[1], -part[2], part[0]))
    parts = [part for part in [("fund", False, fund), *others] if part[2] > 0]
    whole = sum(minor for _, _, minor in parts)
    return tuple(_segments(parts, whole))


def _segments(parts: Iterable[tuple[str, bool, int]], whole: int) -> Iterable[Segment]:
    at = 0.0
    for party, in_kind, minor in parts:
        share = Fraction(minor, whole)
        width = float(share) * 100
        yield Segment(
            party=party, in_kind=in_kind, minor=minor, share=share, tone=tone(party, in_kind=in_kind),
            x=f"{at:.2f}%", width=f"{max(width - _GAP, 0.4):.2f}%", middle=f"{at + width / 2:.2f}%",
            labelled=share >= _LABELLED,
        )  # fmt: skip
        at += width


def tone(party: str, *, in_kind: bool) -> str:
    """The class of a party's colour."""
    if in_kind:
        return "kind"
    return party if party in ("fund", "commune", "village") else "partner"


def histogram(risk: Risk, charged_minor: int, strong: str) -> Histogram | None:
    """The simulated totals with their percentiles; None when there is nothing to draw.

    strong: label of the percentile the price rests on ("P80"), "" for none.
    """
    low, high = (risk.edges[0], risk.edges[-1]) if risk.edges else (0, 0)
    most = max(risk.counts, default=0)
    if high <= low or most <= 0:
        return None

    def x(minor: int) -> float:
        return max(0.0, min(1.0, (minor - low) / (high - low))) * WIDTH

    bars = tuple(
        Bar(
            x=f"{x(left) + 0.5:.1f}", y=f"{BASE - count / most * (BASE - TOP):.1f}",
            width=f"{max(x(right) - x(left) - 1, 0.5):.1f}", height=f"{count / most * (BASE - TOP):.1f}",
            covered=(left + right) / 2 <= charged_minor,
        )
        for left, right, count in zip(risk.edges, risk.edges[1:], risk.counts, strict=False)
    )  # fmt: skip
    percentiles = (
        ("P10", risk.p10_minor), ("P50", risk.p50_minor), ("P80", risk.p80_minor), ("P95", risk.p95_minor),
    )  # fmt: skip
    marks, before, y = [], -100.0, 12
    for label, minor in percentiles:
        here = x(minor)
        # a label that would touch the one before stands a row lower
        y = 26 if here - before < 34 and y == 12 else 12
        marks.append(Mark(label, minor, f"{min(max(here, 12), WIDTH - 12):.1f}", str(y), label == strong))
        before = here
    band = (f"{x(risk.p10_minor):.1f}", f"{x(risk.p95_minor) - x(risk.p10_minor):.1f}")
    return Histogram(bars, tuple(marks), low, high, band)
