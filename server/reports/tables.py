"""A report as a value: facts, tables with typed cells, charts. Pages and files are written from the same one.

A cell is text, an amount (Money), a day, a number, a share (Fraction) or empty (None); a reference says what it opens
to, so that every amount leads to its entry, its delivery, its village.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from typing import Literal

from pricing.money import Money

Value = str | int | Money | date | Fraction | None
Kind = Literal["text", "money", "day", "number", "share"]


@dataclass(frozen=True, slots=True)
class Ref:
    """What a cell opens to. to: an endpoint's short name in server.reports.pages. values: of its address."""

    to: str
    values: tuple[tuple[str, str], ...]


def ref(to: str, **values: str) -> Ref:
    """A reference; values: the parts of its address."""
    return Ref(to, tuple(sorted(values.items())))


@dataclass(frozen=True, slots=True)
class Cell:
    """A value with what it opens to. more: further references with their words, such as photos."""

    value: Value
    ref: Ref | None = None
    more: tuple[tuple[str, Ref], ...] = ()


@dataclass(frozen=True, slots=True)
class Column:
    """key: its name in files and in JSON. words: its heading in the reader's language."""

    key: str
    words: str
    kind: Kind = "text"


@dataclass(frozen=True, slots=True)
class Table:
    """The first column names the row. totals: rows below, one for each currency."""

    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    totals: tuple[tuple[Cell, ...], ...] = ()

    @property
    def currency(self) -> str:
        """The currency of all its amounts; "" where there are several or none."""
        found = {
            cell.value.currency
            for row in (*self.rows, *self.totals)
            for cell in row
            if isinstance(cell.value, Money)
        }
        return found.pop() if len(found) == 1 else ""


@dataclass(frozen=True, slots=True)
class Chart:
    """Stacked bars, one a row; the table beside it says the same in figures. bars: label and its parts."""

    title: str
    currency: str
    series: tuple[str, ...]
    bars: tuple[tuple[str, tuple[int, ...]], ...]

    @property
    def most(self) -> int:
        return max((sum(max(0, p) for p in parts) for _, parts in self.bars), default=0)


@dataclass(frozen=True, slots=True)
class Report:
    """name: in addresses and file names. facts: what holds for all of it, such as its period."""

    name: str
    title: str
    lead: str
    facts: tuple[tuple[str, str], ...] = ()
    tables: tuple[Table, ...] = ()
    charts: tuple[Chart, ...] = field(default=())


def cells(*values: Value | Cell) -> tuple[Cell, ...]:
    """A row; what is not a cell yet becomes one."""
    return tuple(value if isinstance(value, Cell) else Cell(value) for value in values)


def with_totals(title: str, columns: Sequence[Column], rows: Sequence[tuple[Cell, ...]], words: str) -> Table:
    """A table with the sum of each column of amounts, a row for each currency. words: "Total"."""
    sums: dict[str, list[int]] = {}
    for row in rows:
        for number, cell in enumerate(row):
            if isinstance(cell.value, Money):
                total = sums.setdefault(cell.value.currency, [0] * len(columns))
                total[number] += cell.value.minor
    totals = [
        tuple(
            Cell(f"{words} {currency}") if number == 0
            else Cell(Money(total[number], currency) if column.kind == "money" else None)
            for number, column in enumerate(columns)
        )
        for currency, total in sorted(sums.items())
    ]  # fmt: skip
    return Table(title, tuple(columns), tuple(rows), tuple(totals))
