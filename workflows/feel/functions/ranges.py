"""Relations of points and ranges, after Allen's interval algebra (DMN 1.5, 10.3.4.8, table 78)."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Final

from workflows.feel.evaluation import Evaluation
from workflows.feel.functions.registry import builtin
from workflows.feel.nulls import wrong_arguments
from workflows.feel.operators import compare, contains
from workflows.feel.values import UNBOUNDED, FeelValue, Range


class _NoOrderError(Exception):
    """The ends cannot be compared."""


def _order(left: FeelValue, right: FeelValue) -> int:
    order = compare(left, right)
    if order is None:
        raise _NoOrderError
    return order


def _starts_order(a: Range, b: Range) -> int:
    """Which range begins first; a closed start comes before an open one at the same value."""
    if a.start is UNBOUNDED or b.start is UNBOUNDED:
        return (b.start is UNBOUNDED) - (a.start is UNBOUNDED)
    return _order(a.start, b.start) or b.start_included - a.start_included


def _ends_order(a: Range, b: Range) -> int:
    if a.end is UNBOUNDED or b.end is UNBOUNDED:
        return (a.end is UNBOUNDED) - (b.end is UNBOUNDED)
    return _order(a.end, b.end) or a.end_included - b.end_included


def _gap(a: Range, b: Range) -> int:
    """-1 when a ends before b starts, 0 when they share just the border, 1 when they have more in common."""
    if a.end is UNBOUNDED or b.start is UNBOUNDED:
        return 1
    order = _order(a.end, b.start)
    if order:
        return order
    return 0 if a.end_included and b.start_included else -1


def _includes(a: Range, b: Range) -> bool:
    return _starts_order(a, b) <= 0 and _ends_order(a, b) >= 0


def _overlap(a: Range, b: Range) -> bool:
    return _gap(a, b) >= 0 and _gap(b, a) >= 0


def _overlaps_before(a: Range, b: Range) -> bool:
    return _starts_order(a, b) < 0 and _gap(a, b) >= 0 and _ends_order(a, b) <= 0 and _end_within(a, b)


def _end_within(a: Range, b: Range) -> bool:
    return _ends_order(a, b) < 0 or (_ends_order(a, b) == 0)


def _same_end(a: Range, b: Range) -> bool:
    return a.end is not UNBOUNDED and _ends_order(a, b) == 0


def _same_start(a: Range, b: Range) -> bool:
    return a.start is not UNBOUNDED and _starts_order(a, b) == 0


def _before_point(a: Range, point: FeelValue) -> bool:
    if a.end is UNBOUNDED:
        return False
    order = _order(a.end, point)
    return order < 0 or (order == 0 and not a.end_included)


def _after_point(a: Range, point: FeelValue) -> bool:
    if a.start is UNBOUNDED:
        return False
    order = _order(a.start, point)
    return order > 0 or (order == 0 and not a.start_included)


_Relation = Callable[[FeelValue, FeelValue], bool]


def _swapped(relation: _Relation) -> _Relation:
    return lambda left, right: relation(right, left)


def _declare(name: str, parameters: str, relation: Callable[..., bool]) -> None:
    def test(run: Evaluation, left: FeelValue, right: FeelValue) -> FeelValue:
        try:
            return relation(left, right)
        except _NoOrderError:
            return run.null(wrong_arguments(name))

    builtin(name, parameters)(test)


def _point_in(run: Evaluation, interval: Range, point: FeelValue, name: str) -> FeelValue:
    outcome = contains(run, interval, point)
    return run.null(wrong_arguments(name)) if outcome is None else outcome


_TWO_RANGES: Final = "range1: range, range2: range"
_BEFORE: Final[_Relation] = lambda a, b: _gap(a, b) < 0  # noqa: E731
_MEETS: Final[_Relation] = lambda a, b: _gap(a, b) == 0  # noqa: E731

_declare("before", "point1: point, point2: point", lambda a, b: _order(a, b) < 0)
_declare("before", "point: point, range: range", lambda point, a: _after_point(a, point))
_declare("before", "range: range, point: point", _before_point)
_declare("before", _TWO_RANGES, _BEFORE)
_declare("after", "point1: point, point2: point", lambda a, b: _order(a, b) > 0)
_declare("after", "point: point, range: range", lambda point, a: _before_point(a, point))
_declare("after", "range: range, point: point", _after_point)
_declare("after", _TWO_RANGES, _swapped(_BEFORE))
_declare("meets", _TWO_RANGES, _MEETS)
_declare("met by", _TWO_RANGES, _swapped(_MEETS))
_declare("overlaps", _TWO_RANGES, _overlap)
_declare("overlaps before", _TWO_RANGES, _overlaps_before)
_declare("overlaps after", _TWO_RANGES, _swapped(_overlaps_before))
_declare(
    "finishes",
    "point: point, range: range",
    lambda point, a: bool(a.end_included) and _order(point, a.end) == 0,
)
_declare("finishes", _TWO_RANGES, lambda a, b: _same_end(a, b) and _starts_order(b, a) <= 0)
_declare(
    "finished by",
    "range: range, point: point",
    lambda a, point: bool(a.end_included) and _order(point, a.end) == 0,
)
_declare("finished by", _TWO_RANGES, lambda a, b: _same_end(a, b) and _starts_order(a, b) <= 0)
_declare(
    "starts",
    "point: point, range: range",
    lambda point, a: bool(a.start_included) and _order(point, a.start) == 0,
)
_declare("starts", _TWO_RANGES, lambda a, b: _same_start(a, b) and _ends_order(a, b) <= 0)
_declare(
    "started by",
    "range: range, point: point",
    lambda a, point: bool(a.start_included) and _order(point, a.start) == 0,
)
_declare("started by", _TWO_RANGES, lambda a, b: _same_start(a, b) and _ends_order(b, a) <= 0)
_declare("includes", _TWO_RANGES, _includes)
_declare("during", _TWO_RANGES, _swapped(_includes))
_declare("coincides", "point1: point, point2: point", lambda a, b: _order(a, b) == 0)
_declare("coincides", _TWO_RANGES, lambda a, b: _starts_order(a, b) == 0 and _ends_order(a, b) == 0)


@builtin("includes", "range: range, point: point")
def _includes_point(run: Evaluation, interval: Range, point: FeelValue) -> FeelValue:
    return _point_in(run, interval, point, "includes")


@builtin("during", "point: point, range: range")
def _point_during(run: Evaluation, point: FeelValue, interval: Range) -> FeelValue:
    return _point_in(run, interval, point, "during")


_ = partial
