"""The geometry of a column of conditions: one axis, cut at every constant that its cells name.

Idea: n constants cut an axis into 2n + 1 segments, in order: what is below the first, the first, what is
between, ... A cell is then a set of segments, a rule is a box, and everything about the table is exact: which
rules a value can hit (a binary search), which two rules overlap, which values no rule has. Sets of segments
and sets of rules are the bits of whole numbers. Numbers are dense, days and durations go step by step: between
31 December and 1 January there is no gap.
"""

from __future__ import annotations

import itertools
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from workflows.decisions.unary import Test
from workflows.feel.temporal import DAY, Date, DateTime, DaysDuration, MonthsDuration, Time
from workflows.feel.values import UNBOUNDED, FeelValue, FunctionValue, Range, plain_number

Key = Any
"""What values of one kind are ordered by: a Decimal, a string or a whole number."""
Kind = tuple[type, bool]
"""The type of an axis, and whether its times have a zone: the two have no order together."""

_POINTS_LIMIT: Final = 12_000
"""Constants of one axis; beyond, the cells are tested one by one."""
_SHOWN: Final = 5
"""Elements of a list or context that a message shows, at each of its levels."""
_SHOWN_DEPTH: Final = 1
"""Below the first, a list is […]."""
_DENSE: Final = frozenset({Decimal, str})


def kind_of(value: FeelValue) -> Kind | None:
    """The kind of axis on which the value is a point; None for lists, contexts, functions, null."""
    kind = type(value)
    if kind is DateTime or kind is Time:
        return kind, value.zone is not None
    return (kind, False) if kind in _KEYS else None


_KEYS: Final[dict[type, Callable[[FeelValue], Key]]] = {
    Decimal: lambda value: value,
    str: lambda value: value,
    bool: int,
    Date: lambda value: value.days,
    DateTime: lambda value: value.value,
    Time: lambda value: value.value,
    DaysDuration: lambda value: value.nanoseconds,
    MonthsDuration: lambda value: value.months,
}


@dataclass(frozen=True, slots=True)
class Axis:
    """An axis cut at `points`, in ascending order; `shown` are the points as FEEL values."""

    kind: Kind
    points: tuple[Key, ...]
    shown: tuple[FeelValue, ...]

    @property
    def count(self) -> int:
        """How many segments there are, empty ones included."""
        return 2 * len(self.points) + 1

    def segment(self, value: FeelValue) -> int:
        """The number of the segment where the value is."""
        key = _KEYS[self.kind[0]](value)
        position = bisect_left(self.points, key)
        at_point = position < len(self.points) and self.points[position] == key
        return 2 * position + at_point

    def segments_of(self, test: Test) -> int:
        """The segments whose values pass; the test has constants only, of this axis' kind."""
        everything = (1 << self.count) - 1
        if test.is_any:
            return everything
        found = 0
        for constant in test.constants or ():
            for atom in _atoms(constant):
                found |= self._segments_of_atom(atom)
        return everything & ~found if test.negated else found

    def _segments_of_atom(self, atom: FeelValue) -> int:
        if atom is None:
            return 0
        if type(atom) is not Range:
            return 1 << self.segment(atom)
        if atom.start is None:  # (= null), (!= null)
            return (1 << self.count) - 1 if atom.negated else 0
        if atom.negated:
            return ((1 << self.count) - 1) & ~(1 << self.segment(atom.start))
        low, high = 0, self.count - 1
        if atom.start is not UNBOUNDED:
            low = self.segment(atom.start) + (not atom.start_included)
        if atom.end is not UNBOUNDED:
            high = self.segment(atom.end) - (not atom.end_included)
        return (1 << (high + 1)) - (1 << low) if low <= high else 0

    def inhabited(self) -> int:
        """The segments that have values at all."""
        found = 0
        for number in range(self.count):
            if number % 2 or self._has_room(number // 2):
                found |= 1 << number
        return found

    def _has_room(self, position: int) -> bool:
        """Whether there is a value between the points before and at the position."""
        kind, zoned = self.kind
        if kind is bool:
            return False
        low = self.points[position - 1] if position > 0 else None
        high = self.points[position] if position < len(self.points) else None
        if kind is Time and not zoned:
            low, high = -1 if low is None else low, DAY if high is None else high
        if low is None or high is None:
            return kind is not str or low is not None or high != ""
        return kind in _DENSE or high - low > 1

    def text(self, segments: int) -> str:
        """The segments as unary tests of FEEL, such as `< 18, [21..65)`."""
        if self.kind[0] is str and not _is_ordered(segments, self.count):
            return self._texts_of_strings(segments)
        return ", ".join(self._text_of_run(low, high) for low, high in runs(segments))

    def _texts_of_strings(self, segments: int) -> str:
        """Strings are named, not ordered: those of the table, and any other."""
        named = [written(self.shown[n // 2]) for n in range(1, self.count, 2) if segments >> n & 1]
        if not segments & 1:
            return ", ".join(named)
        others = [written(self.shown[n // 2]) for n in range(1, self.count, 2) if not segments >> n & 1]
        return f"not({', '.join(others)})" if others else "-"

    def _text_of_run(self, low: int, high: int) -> str:
        if low == 0 and high == self.count - 1:
            return "-"
        if low == high and low % 2:
            return written(self.shown[low // 2])
        start = "" if low == 0 else written(self.shown[(low - 1) // 2])
        end = "" if high == self.count - 1 else written(self.shown[high // 2])
        if not start:
            return f"{'<=' if high % 2 else '<'} {end}"
        if not end:
            return f"{'>=' if low % 2 else '>'} {start}"
        return f"{'[' if low % 2 else '('}{start}..{end}{']' if high % 2 else ')'}"


def axis_of(tests: Iterable[Test], kind: Kind | None = None) -> Axis | None:
    """The axis of the constants of the tests; None where they are of several kinds, or none, or no points.

    kind: of the axis when it is known before. Tests that are not constant are left out.
    """
    found: dict[Key, FeelValue] = {}
    for test in tests:
        for constant in test.constants or ():
            for atom in _atoms(constant):
                if not _well_formed(atom):
                    return None
                for end in _ends(atom):
                    own = kind_of(end)
                    if own is None or (kind is not None and own != kind):
                        return None
                    kind = own
                    found.setdefault(_KEYS[own[0]](end), end)
    if kind is None or len(found) > _POINTS_LIMIT:
        return None
    if kind[0] is bool:
        found = {0: False, 1: True}
    points = tuple(sorted(found))
    return Axis(kind, points, tuple(found[key] for key in points))


def runs(bits: int) -> Iterator[tuple[int, int]]:
    """The runs of ones, as the numbers of their first and last bit, from the lowest up."""
    offset = 0
    while bits:
        zeros = (bits & -bits).bit_length() - 1
        bits >>= zeros
        ones = (bits ^ (bits + 1)).bit_length() - 1
        yield offset + zeros, offset + zeros + ones - 1
        bits >>= ones
        offset += zeros + ones


def rules_by_segment(axis: Axis, cells: Sequence[tuple[int, int]]) -> tuple[int, ...]:
    """For each segment the rules that have it; `cells` are pairs of segments and rules."""
    toggles = [0] * (axis.count + 1)
    for segments, rules in cells:
        for low, high in runs(segments):
            toggles[low] ^= rules
            toggles[high + 1] ^= rules
    found, current = [], 0
    for toggle in toggles[:-1]:
        current ^= toggle
        found.append(current)
    return tuple(found)


def written(value: FeelValue) -> str:
    """A value as FEEL, for messages: only the beginning of what is long or deep."""
    return _shown(value, _SHOWN_DEPTH)


def _shown(value: FeelValue, depth: int) -> str:
    if type(value) not in (list, dict, Range):
        return _scalar(value)
    if not depth:
        return {list: "[…]", dict: "{…}", Range: "[…]"}[type(value)]
    if type(value) is Range:
        start, end = (
            "" if each is UNBOUNDED else _shown(each, depth - 1) for each in (value.start, value.end)
        )
        return f"{'[' if value.start_included else '('}{start}..{end}{']' if value.end_included else ')'}"
    if type(value) is list:
        parts = [_shown(item, depth - 1) for item in value[:_SHOWN]]
    else:
        entries = itertools.islice(value.items(), _SHOWN)
        parts = [f"{key[:60]}: {_shown(item, depth - 1)}" for key, item in entries]
    parts += ["…"] if len(value) > _SHOWN else []
    return f"[{', '.join(parts)}]" if type(value) is list else f"{{{', '.join(parts)}}}"


def _scalar(value: FeelValue) -> str:
    if value is None:
        return "null"
    if type(value) is bool:
        return "true" if value else "false"
    if type(value) is Decimal:
        return plain_number(value) if -30 < value.adjusted() < 30 else str(value)
    if type(value) is str:
        return f'"{value[:60]}"'
    return "function" if type(value) is FunctionValue else str(value)[:80]


def _atoms(constant: FeelValue) -> Iterator[FeelValue]:
    if type(constant) is list:
        yield from constant
    else:
        yield constant


def _ends(atom: FeelValue) -> Iterator[FeelValue]:
    if type(atom) is Range:
        yield from (end for end in (atom.start, atom.end) if end is not UNBOUNDED and end is not None)
    elif atom is not None:
        yield atom


def _well_formed(atom: FeelValue) -> bool:
    """Whether the atom is a set of points: an end that is null, or a boolean with an order, is none."""
    if type(atom) is not Range:
        return True
    is_point = atom.start is atom.end and atom.start_included and atom.end_included
    return is_point or not any(end is None or type(end) is bool for end in (atom.start, atom.end))


def _is_ordered(segments: int, count: int) -> bool:
    """Whether the strings between the named ones are not all in or all out."""
    between = sum(1 << number for number in range(0, count, 2)) & segments
    return bool(between) and between != sum(1 << number for number in range(0, count, 2))
