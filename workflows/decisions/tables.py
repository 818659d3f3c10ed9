"""Decision tables as closures (DMN 1.5, chapter 8).

Idea: the cells of a column are compiled once per different text. Where they are constants, the column is an
axis, and the rules of a value are found by a binary search; other cells are tested one by one, each text once
for all its rules. The rules that hit are the bits common to all columns.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from workflows.decisions import problems
from workflows.decisions.columns import Axis, axis_of, kind_of, rules_by_segment, written
from workflows.decisions.declarations import Aggregation, HitPolicy
from workflows.decisions.errors import CannotDecide
from workflows.decisions.evaluation import DecisionRun, TableHit
from workflows.decisions.types import Type
from workflows.decisions.unary import Test
from workflows.feel.compiler import Code
from workflows.feel.evaluation import Scope
from workflows.feel.operators import add, compare, same
from workflows.feel.temporal import Date, DateTime, DaysDuration, MonthsDuration, Time
from workflows.feel.values import FeelValue

_SUMMED: Final = frozenset({Decimal, DaysDuration, MonthsDuration})
_ORDERED: Final = _SUMMED | {str, Date, DateTime, Time}


class Column:
    """The cells of one input, for all rules."""

    __slots__ = ("_always", "_axis", "_constant", "_others", "_rules")

    def __init__(self, cells: Sequence[Test]) -> None:
        by_text: dict[str, tuple[Test, int]] = {}
        self._always = 0
        for number, test in enumerate(cells):
            if test.is_any:
                self._always |= 1 << number
            else:
                _, rules = by_text.get(test.text, (test, 0))
                by_text[test.text] = test, rules | 1 << number
        different = list(by_text.values())
        self._constant = [each for each in different if each[0].constants is not None]
        self._others = [each for each in different if each[0].constants is None]
        self._axis: Axis | None = axis_of(test for test, _ in self._constant)
        self._rules: tuple[int, ...] = ()
        if self._axis is not None:
            spans = [(self._axis.segments_of(test), rules) for test, rules in self._constant]
            self._rules = rules_by_segment(self._axis, spans)

    def hits(self, scope: Scope, value: FeelValue, alive: int) -> int:
        """The rules among those alive whose cell the value passes."""
        found = self._always
        if self._axis is not None and kind_of(value) == self._axis.kind:
            found |= self._rules[self._axis.segment(value)]
        else:
            found |= _tested(self._constant, scope, value, alive)
        if self._others:
            found |= _tested(self._others, scope, value, alive)
        return found & alive


def _tested(cells: list[tuple[Test, int]], scope: Scope, value: FeelValue, alive: int) -> int:
    found = 0
    scope.run.step(len(cells))
    for test, rules in cells:
        if rules & alive and test.passes(scope, value) is True:
            found |= rules
    return found


@dataclass(frozen=True, slots=True)
class Input:
    """`allowed`: the input values, None = any."""

    place: str
    label: str
    value: Code
    allowed: Test | None
    column: Column


@dataclass(frozen=True, slots=True)
class Output:
    """`values`: one test per output value, from the highest priority down; none = any value."""

    place: str
    name: str
    label: str
    type: Type | None
    values: tuple[Test, ...]
    default: Code | None

    def checked(self, scope: Scope, value: FeelValue) -> FeelValue:
        """The value, when it is of the type and among the output values."""
        run = scope.run
        if self.type is not None:
            fits, fitted = self.type.fit(run, value)
            if not fits:
                problem = problems.wrong_type(self.place, self.label, self.type.name, written(value))
                return run.null(problem)
            value = fitted
        if self.values and value is not None and self.rank(scope, value) == len(self.values):
            raise CannotDecide(problems.output_not_allowed(self.place, self.label, written(value)))
        return value

    def rank(self, scope: Scope, value: FeelValue) -> int:
        """The place among the output values; behind all of them when it is none."""
        for number, test in enumerate(self.values):
            if test.passes(scope, value) is True:
                return number
        return len(self.values)


Row = tuple[FeelValue, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """A compiled decision table: called with a scope, it gives the result."""

    place: str
    label: str
    inputs: tuple[Input, ...]
    outputs: tuple[Output, ...]
    conclusions: tuple[tuple[Code, ...], ...]
    rule_ids: tuple[str, ...]
    hit_policy: HitPolicy
    aggregation: Aggregation

    def __call__(self, scope: Scope) -> FeelValue:
        run = scope.run
        assert isinstance(run, DecisionRun)
        run.step(1 + len(self.inputs))
        values = [self._input(scope, each) for each in self.inputs]
        hits = self._hits(scope, values)
        if run.tables is not None:
            labels = (each.label for each in self.inputs)
            rules = tuple((number + 1, self.rule_ids[number]) for number in hits)
            run.trace(TableHit(self.place, tuple(zip(labels, values, strict=True)), rules))
        if not hits:
            return self._default(scope)
        return _RESULTS[self.hit_policy](self, scope, hits)

    def _input(self, scope: Scope, clause: Input) -> FeelValue:
        value = clause.value(scope)
        allowed = clause.allowed
        if allowed is not None and value is not None and allowed.passes(scope, value) is not True:
            raise CannotDecide(problems.input_not_allowed(clause.place, clause.label, written(value)))
        return value

    def _hits(self, scope: Scope, values: list[FeelValue]) -> list[int]:
        alive = (1 << len(self.conclusions)) - 1
        for clause, value in zip(self.inputs, values, strict=True):
            alive = clause.column.hits(scope, value, alive)
            if not alive:
                return []
        found = []
        while alive:
            lowest = alive & -alive
            found.append(lowest.bit_length() - 1)
            alive ^= lowest
        return found

    def _default(self, scope: Scope) -> FeelValue:
        if all(output.default is None for output in self.outputs):
            return scope.run.null(problems.no_hit(self.place))
        row = tuple(
            None if output.default is None else output.checked(scope, output.default(scope))
            for output in self.outputs
        )
        return self._shaped(row)

    def _row(self, scope: Scope, rule: int) -> Row:
        return tuple(
            output.checked(scope, code(scope))
            for output, code in zip(self.outputs, self.conclusions[rule], strict=True)
        )

    def _shaped(self, row: Row) -> FeelValue:
        if len(row) == 1:
            return row[0]
        return {output.name: value for output, value in zip(self.outputs, row, strict=True)}

    def _numbers(self, hits: list[int]) -> str:
        return ", ".join(str(number + 1) for number in hits[:20])

    # Hit policies

    def unique(self, scope: Scope, hits: list[int]) -> FeelValue:
        """The one rule that hits. Raises CannotDecide when there are several."""
        if len(hits) > 1:
            raise CannotDecide(problems.several_hits(self.place, self._numbers(hits)))
        return self.first(scope, hits)

    def first(self, scope: Scope, hits: list[int]) -> FeelValue:
        """The first rule that hits."""
        return self._shaped(self._row(scope, hits[0]))

    def agreed(self, scope: Scope, hits: list[int]) -> FeelValue:
        """What all rules that hit agree on. Raises CannotDecide when they do not."""
        rows = [self._shaped(self._row(scope, rule)) for rule in hits]
        if not all(same(scope.run, rows[0], row) for row in rows[1:]):
            raise CannotDecide(problems.different_hits(self.place, self._numbers(hits)))
        return rows[0]

    def by_priority(self, scope: Scope, hits: list[int]) -> FeelValue:
        """The result of the highest priority."""
        return self._shaped(self._ordered(scope, hits)[0])

    def in_output_order(self, scope: Scope, hits: list[int]) -> FeelValue:
        """All results, from the highest priority down."""
        return [self._shaped(row) for row in self._ordered(scope, hits)]

    def _ordered(self, scope: Scope, hits: list[int]) -> list[Row]:
        """By the priority of the first output, then of the second, ...; rules of one priority stay in order."""

        def priority(row: Row) -> tuple[int, ...]:
            return tuple(output.rank(scope, value) for output, value in zip(self.outputs, row, strict=True))

        return sorted((self._row(scope, rule) for rule in hits), key=priority)

    def in_rule_order(self, scope: Scope, hits: list[int]) -> FeelValue:
        """All results in the order of the rules."""
        return [self._shaped(self._row(scope, rule)) for rule in hits]

    def collected(self, scope: Scope, hits: list[int]) -> FeelValue:
        """All results, or their sum, smallest, largest or number."""
        rows = self.in_rule_order(scope, hits)
        if not self.aggregation:
            return rows
        if self.aggregation == "#":
            return Decimal(len(rows))
        allowed = _SUMMED if self.aggregation == "+" else _ORDERED
        if not all(type(row) in allowed for row in rows):
            return scope.run.null(problems.not_aggregable(self.place))
        total = rows[0]
        for value in rows[1:]:
            total = self._aggregate(scope, total, value)
        return total

    def _aggregate(self, scope: Scope, total: FeelValue, value: FeelValue) -> FeelValue:
        if self.aggregation == "+":
            return add(scope.run, total, value)
        order = compare(value, total)
        if order is None:
            return scope.run.null(problems.not_aggregable(self.place))
        return value if order == (-1 if self.aggregation == "<" else 1) else total


_RESULTS: Final[dict[HitPolicy, Callable[[Table, Scope, list[int]], FeelValue]]] = {
    "U": Table.unique,
    "A": Table.agreed,
    "P": Table.by_priority,
    "F": Table.first,
    "R": Table.in_rule_order,
    "O": Table.in_output_order,
    "C": Table.collected,
}
