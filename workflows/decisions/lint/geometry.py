"""A decision table as boxes: which rules overlap, which values no rule has; exact, and bounded.

Idea: each column is an axis cut at the constants of its cells (`workflows.decisions.columns`), so a rule is a
product of sets of segments. Two rules overlap when their sets meet in every column. The values that no rule has are
found column by column: segments with the same rules are one, what is left of the rules goes on to the next column,
and the same rest is looked at once. Cells that are no constants are taken for what proves nothing: they never
overlap, and leave no gap.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from workflows.decisions.boxed import TableSource
from workflows.decisions.columns import Axis, Kind, axis_of, rules_by_segment
from workflows.decisions.types import Type
from workflows.decisions.unary import Test
from workflows.feel.temporal import Date, DaysDuration, MonthsDuration

BUDGET: Final = 2_000_000
"""Segments and pairs looked at in one table."""
_KINDS: Final[dict[str, Kind]] = {
    "number": (Decimal, False),
    "string": (str, False),
    "boolean": (bool, False),
    "date": (Date, False),
    "days and time duration": (DaysDuration, False),
    "years and months duration": (MonthsDuration, False),
}
Box = tuple[int, ...]
"""Segments per column; columns behind the last one: any value."""


class TooComplexError(Exception):
    """The table needs more than `BUDGET`."""


@dataclass(frozen=True, slots=True)
class AnalysedColumn:
    """A column that has something to say.

    cells: the segments of each rule, None where the cell is no constant. domain: the segments with allowed values.
    """

    label: str
    axis: Axis
    cells: tuple[int | None, ...]
    domain: int


class Geometry:
    """The boxes of one table; every question costs some of one budget."""

    def __init__(self, source: TableSource, budget: int = BUDGET) -> None:
        self.source = source
        self.opaque: list[str] = []
        self._left = budget
        self.columns = tuple(self._columns())
        self.count = len(source.table.rules)
        known = [True] * self.count
        for position, cells in enumerate(source.cells):
            for rule, test in enumerate(cells):
                if not test.is_any and not self._is_analysed(position, test):
                    known[rule] = False
        self.known = tuple(known)

    def _columns(self) -> Iterator[AnalysedColumn]:
        source = self.source
        self._analysed: set[int] = set()
        for position, cells in enumerate(source.cells):
            label = source.table.inputs[position].label
            column = _column(label, cells, source.allowed[position], source.kinds[position])
            if column is not None:
                self._analysed.add(position)
                yield column
            if any(not test.is_any and (column is None or test.constants is None) for test in cells):
                self.opaque.append(label)

    def _is_analysed(self, position: int, test: Test) -> bool:
        return position in self._analysed and test.constants is not None

    def _spend(self, amount: int) -> None:
        self._left -= amount
        if self._left < 0:
            raise TooComplexError

    def impossible(self) -> Iterator[tuple[int, str]]:
        """(rule, column) of each cell that no allowed value passes."""
        for column in self.columns:
            for rule, segments in enumerate(column.cells):
                if segments == 0:
                    yield rule, column.label

    def overlaps(self) -> Iterator[tuple[int, int, Box]]:
        """Each two rules that can hit together, and for which values. Raises TooComplexError."""
        boxes = [tuple(column.cells[rule] for column in self.columns) for rule in range(self.count)]
        solid = [rule for rule in range(self.count) if self.known[rule]]
        for position, first in enumerate(solid):
            self._spend(position)
            for second in solid[:position]:
                common = _common(boxes[first], boxes[second])
                if common is not None:
                    yield second, first, common

    def gaps(self, limit: int) -> list[Box]:
        """Up to `limit` boxes of values that no rule has. Raises TooComplexError."""
        everything = tuple(column.domain for column in self.columns)
        return self._uncovered(everything, (1 << self.count) - 1, limit, unknown_covers=True)

    def is_covered(self, rule: int) -> bool:
        """Whether the rules before it have all its values. Raises TooComplexError."""
        if not self.known[rule]:
            return False
        box = tuple(column.cells[rule] or 0 for column in self.columns)
        earlier = sum(1 << number for number in range(rule) if self.known[number])
        return not self._uncovered(box, earlier, 1, unknown_covers=False)

    def _uncovered(self, within: Box, rules: int, limit: int, *, unknown_covers: bool) -> list[Box]:
        by_segment = []
        wide = [0] * len(self.columns) + [rules]
        for position in reversed(range(len(self.columns))):
            column, domain = self.columns[position], within[position]
            spans = [
                ((column.domain if unknown_covers else 0) if segments is None else segments, 1 << rule)
                for rule, segments in enumerate(column.cells)
                if rules >> rule & 1
            ]
            self._spend(column.axis.count + len(spans))
            by_segment.append(rules_by_segment(column.axis, spans))
            full = sum(bit for segments, bit in spans if domain & ~segments == 0)
            wide[position] = wide[position + 1] & full
        return _Search(self, within, by_segment[::-1], wide, limit).boxes(0, rules)

    def text(self, box: Box) -> str:
        """A box in words: `Age: < 18; Risk: "High"`."""
        parts = []
        for column, segments in zip(self.columns, box, strict=False):
            if segments & column.domain != column.domain:
                parts.append(f"{column.label}: {column.axis.text(_widened(column, segments))}")
        return "; ".join(parts) or "-"


class _Search:
    """The values that no rule has, column by column."""

    def __init__(
        self,
        geometry: Geometry,
        within: Box,
        by_segment: Sequence[tuple[int, ...]],
        wide: Sequence[int],
        limit: int,
    ) -> None:
        self._geometry = geometry
        self._within = within
        self._by_segment = by_segment
        self._wide = wide
        self._limit = limit
        self._seen: dict[tuple[int, int], list[Box]] = {}

    def boxes(self, position: int, alive: int) -> list[Box]:
        """What the rules alive leave open in the columns from the position on."""
        if alive & self._wide[position]:
            return []
        if not alive or position == len(self._within):
            return [()]
        key = position, alive
        if key not in self._seen:
            self._seen[key] = self._split(position, alive)
        return self._seen[key]

    def _split(self, position: int, alive: int) -> list[Box]:
        by_segment = self._by_segment[position]
        self._geometry._spend(len(by_segment))  # noqa: SLF001 (one budget)
        groups: dict[int, int] = {}
        domain = self._within[position]
        for segment, rules in enumerate(by_segment):
            if domain >> segment & 1:
                groups[rules & alive] = groups.get(rules & alive, 0) | 1 << segment
        found: dict[Box, int] = {}
        for rest, segments in groups.items():
            for box in self.boxes(position + 1, rest):
                found[box] = found.get(box, 0) | segments
        return [(segments, *box) for box, segments in found.items()][: self._limit]


def _column(
    label: str, cells: tuple[Test, ...], allowed: tuple[Test, ...], kind: Type | None
) -> AnalysedColumn | None:
    """The column, None when all its cells say nothing, or something that is no set of points."""
    known = [test for test in cells if test.constants is not None and not test.is_any]
    if not known:
        return None
    limits = [test for test in allowed if test.constants is not None]
    expected = None if kind is None else _KINDS.get(kind.made_of.name)
    axis = axis_of([*known, *limits], expected)
    if axis is None:
        return None
    domain = axis.inhabited()
    for test in limits:
        domain &= axis.segments_of(test)
    sets = tuple(axis.segments_of(test) & domain if test.constants is not None else None for test in cells)
    return AnalysedColumn(label, axis, sets, domain)


def _common(first: tuple[int | None, ...], second: tuple[int | None, ...]) -> Box | None:
    """What two boxes share; None when that is nothing."""
    found = []
    for one, other in zip(first, second, strict=True):
        assert one is not None
        assert other is not None
        if not one & other:
            return None
        found.append(one & other)
    return tuple(found)


def _widened(column: AnalysedColumn, segments: int) -> int:
    """With the segments without values between those with values, so that `[1..5]` reads as one."""
    empty = ((1 << column.axis.count) - 1) & ~column.axis.inhabited()
    return segments | empty & (segments << 1) & (segments >> 1)
