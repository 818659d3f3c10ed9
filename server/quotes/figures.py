"""The geometry of the price pages: what a simulation found, months of cash, the course of a price.

Places are per cent of the drawing as texts, because the pages draw in SVG whose attributes carry percentages:
they stay readable at any width without a script.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Final

from pricing.project_quotes import Month
from pricing.simulate import Risk

_LABEL: Final = 31
"""Per cent of a telephone's width that a label with its amount takes."""
_NEAR_EDGE: Final = 16
_ROW: Final = 20
"""Pixels from one row of labels to the next."""


def percent(value: float) -> str:
    """A place or length as an SVG attribute."""
    return f"{value:.2f}%"


@dataclass(frozen=True, slots=True)
class Bin:
    """A bar of the histogram. covered: whether what is charged is enough for it."""

    x: str
    y: str
    width: str
    height: str
    covered: bool


@dataclass(frozen=True, slots=True)
class Mark:
    """An amount on the axis with its label. anchor: of the text; y: its base line in pixels."""

    name: str
    minor: int
    x: str
    anchor: str
    y: int


@dataclass(frozen=True, slots=True)
class Distribution:
    """A histogram with its percentiles. band: x and width from P10 to P95; height: of the labels, in pixels."""

    bins: tuple[Bin, ...]
    band: tuple[str, str]
    marks: tuple[Mark, ...]
    charged: str
    height: int


def distribution(risk: Risk, charged_minor: int, charged_word: str) -> Distribution | None:
    """The simulated totals and what is charged; None when nothing varies."""
    low, high = (risk.edges[0], max(risk.edges[-1], charged_minor)) if risk.edges else (0, 0)
    most = max(risk.counts, default=0)
    if high <= low or most <= 0:
        return None

    def at(minor: int) -> float:
        return max(0.0, min(100.0, (minor - low) * 100 / (high - low)))

    bins = tuple(
        Bin(
            percent(at(left)), percent(100 - count * 100 / most), percent(at(right) - at(left)),
            percent(count * 100 / most), (left + right) / 2 <= charged_minor,
        )
        for left, right, count in zip(risk.edges, risk.edges[1:], risk.counts, strict=False)
    )  # fmt: skip
    together = abs(charged_minor - risk.p80_minor) * 100 < high - low
    named = [("P10", risk.p10_minor), ("P50", risk.p50_minor), ("P95", risk.p95_minor)]
    if together:
        named.append((f"P80, {charged_word.lower()}", charged_minor))
    else:
        named += [("P80", risk.p80_minor), (charged_word, charged_minor)]
    marks = _labelled([(name, minor, at(minor)) for name, minor in named])
    band = (percent(at(risk.p10_minor)), percent(at(risk.p95_minor) - at(risk.p10_minor)))
    height = max(mark.y for mark in marks) + 6
    return Distribution(bins, band, marks, percent(at(charged_minor)), height)


def _labelled(named: Iterable[tuple[str, int, float]]) -> tuple[Mark, ...]:
    """Each label in the first row in which it touches no other."""
    rows: list[list[tuple[float, float]]] = []
    marks = []
    for name, minor, x in named:
        anchor = "start" if x < _NEAR_EDGE else "end" if x > 100 - _NEAR_EDGE else "middle"
        left = {"start": x, "middle": x - _LABEL / 2, "end": x - _LABEL}[anchor]
        span = (left, left + _LABEL)
        free = (n for n, row in enumerate(rows) if all(span[1] <= a or span[0] >= b for a, b in row))
        row = next(free, len(rows))
        if row == len(rows):
            rows.append([])
        rows[row].append(span)
        marks.append(Mark(name, minor, percent(x), anchor, 16 + row * _ROW))
    return tuple(marks)


@dataclass(frozen=True, slots=True)
class Stack:
    """A month of the cash calendar. parts: (fill, y, height) from the fund upwards. labelled: whether one fits."""

    month: Month
    x: str
    width: str
    middle: str
    top: str
    parts: tuple[tuple[int, str, str], ...]
    labelled: bool
    largest: bool


MOST_LABELS: Final = 6


def months(found: Sequence[Month], parties: Sequence[str]) -> tuple[Stack, ...]:
    """The months as stacked bars from zero; the fund has the first fill, `parties` the next ones."""
    most = max((month.cash_minor for month in found), default=0)
    if most <= 0:
        return ()
    step, every = 100 / len(found), -(-len(found) // MOST_LABELS)
    stacks = []
    for place, month in enumerate(found):
        amounts = [month.fund_minor, *(month.party_minor.get(party, 0) for party in parties)]
        parts, top = [], 100.0
        for fill, minor in enumerate(amounts, start=1):
            height = max(0.0, minor * 88 / most)
            top -= height
            parts.append((fill, percent(top), percent(height)))
        left, width = place * step + step * 0.12, min(step * 0.76, 14)
        stacks.append(
            Stack(
                month, percent(left), percent(width), percent(left + width / 2), percent(top), tuple(parts),
                place % every == 0, month.cash_minor == most,
            )
        )  # fmt: skip
    return tuple(stacks)


@dataclass(frozen=True, slots=True)
class Step:
    """A price from a day to another: (x1, x2, y) of the line, the band's (y, height), the riser's upper end."""

    x1: str
    x2: str
    width: str
    y: str
    band_y: str
    band_height: str
    riser: str


@dataclass(frozen=True, slots=True)
class Series:
    """The course of a price in one region; (x, y) of its label, which stands above or below its line."""

    region: str
    steps: tuple[Step, ...]
    x: str
    y: str
    above: bool


@dataclass(frozen=True, slots=True)
class Course:
    """A chart over time. ticks: (x, day); levels: (y, amount)."""

    series: tuple[Series, ...]
    ticks: tuple[tuple[str, date], ...]
    levels: tuple[tuple[str, float], ...]


@dataclass(frozen=True, slots=True)
class Span:
    """A price and the days it held. last None = until another follows."""

    first: date
    last: date | None
    minimum: float
    typical: float
    maximum: float
    key: object = field(default=None, compare=False)


def course(by_region: Mapping[str, Sequence[Span]], today: date) -> Course | None:
    """Steps over time from zero, a region each; None when there is nothing."""
    spans = [span for found in by_region.values() for span in found]
    top = max((span.maximum for span in spans), default=0)
    if not spans or top <= 0:
        return None
    first = min(span.first for span in spans)
    last = max([today, *(span.last or span.first for span in spans)])
    days = max((last - first).days, 1)
    ceiling = top * 1.15

    def x(day: date) -> float:
        return (min(day, last) - first).days * 100 / days

    def y(amount: float) -> float:
        return 100 - amount * 100 / ceiling

    series: list[Series] = []
    for region, found in by_region.items():
        ordered = sorted(found, key=lambda span: span.first)
        steps, before = [], None
        for place, span in enumerate(ordered):
            following = ordered[place + 1].first if place + 1 < len(ordered) else None
            ends = [end for end in (span.last, following) if end is not None]
            x1, x2 = x(span.first), x(min(ends, default=last))
            steps.append(
                Step(
                    percent(x1), percent(x2), percent(x2 - x1), percent(y(span.typical)), percent(y(span.maximum)),
                    percent(y(span.minimum) - y(span.maximum)), percent(y(before)) if before is not None else "",
                )
            )  # fmt: skip
            before = span.typical
        series.append(
            Series(region, tuple(steps), steps[-1].x2 if len(series) < 2 else "50%", steps[-1].y, True)
        )
    if len(series) > 1:
        lower = 0 if float(series[0].y.rstrip("%")) > float(series[1].y.rstrip("%")) else 1
        series[lower] = replace(series[lower], above=False)
    ticks = tuple(
        (percent(x(day)), day) for day in (first, date.fromordinal(first.toordinal() + days // 2), last)
    )
    levels = tuple((percent(y(top * part)), top * part) for part in (0, 0.5, 1))
    return Course(tuple(series), ticks, levels)
