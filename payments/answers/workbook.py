"""An answer that comes as a workbook (XLSX): its rows as the CSV reader has them, header -> text.

Every visible sheet with the profile's columns is read, wherever its headings stand; hidden sheets are not. Numbers are
read as a spreadsheet shows them (15 digits), dates as ISO 8601. A cell whose formula failed or was never calculated is
told, for a reader would take it for an empty one. What a file may unpack to is bounded before it is opened.
Source: ECMA-376 (Office Open XML); see pricing.tables.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

from payments.rails.profiles import MobileMoneyProfile
from pricing.tables import Table, read_tables
from workflows.problems import Problem

_SIGNS: Final = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
"""Of a ZIP file, which every XLSX is, and of an old or encrypted workbook."""
HEADINGS_WITHIN: Final = 30
"""Titles and addresses may stand above the headings; so many rows are searched."""
_UNCALCULATED: Final = ("=", "#")


@dataclass(frozen=True, slots=True)
class Row:
    """A row under the headings. cells: header -> text. broken: headers of cells whose formula has no value."""

    cells: Mapping[str, str]
    broken: tuple[str, ...]
    place: str


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows of all sheets; problems: fatal where there are none, warnings of sheets that were left out."""

    rows: tuple[Row, ...]
    problems: tuple[Problem, ...]


def is_workbook(data: bytes) -> bool:
    """Whether the file is a workbook, whatever its name."""
    return data.startswith(_SIGNS)


def open_workbook(data: bytes) -> Sequence[Table] | Problem:
    """The visible sheets, or the fatal problem that keeps the file from being read."""
    found = read_tables(data, lambda _: 0)
    if not isinstance(found, Problem):
        return found
    ours = {"no-table": _no_table, "workbook-too-large": _too_large}
    return ours[found.code]() if found.code in ours else found


def read_rows(sheets: Sequence[Table], profile: MobileMoneyProfile) -> Rows:
    """The rows of every sheet that has the columns of the profile's answer; a warning for each other one."""
    needed = [profile.result_columns[name] for name in ("reference", "status")]
    rows: list[Row] = []
    unread: list[str] = []
    for sheet in sheets:
        at = _headings(sheet, needed)
        if at is None:
            unread += [sheet.name] if any(_text(cell) for row in sheet.rows for cell in row) else []
            continue
        twice = _twice(sheet, at, profile)
        if twice:
            return Rows((), (column_twice(twice, _place(sheet, at)),))
        rows += _below(sheet, at, set(profile.result_columns.values()))
    if not rows:
        return Rows((), (missing_column(", ".join(sorted(needed)), profile.name, ""),))
    return Rows(tuple(rows), tuple(_unread(name) for name in unread))


def _headings(sheet: Table, needed: Sequence[str]) -> int | None:
    for number, row in enumerate(sheet.rows[:HEADINGS_WITHIN]):
        if set(needed) <= {_text(cell) for cell in row}:
            return number
    return None


def _twice(sheet: Table, at: int, profile: MobileMoneyProfile) -> str:
    headers = [_text(cell) for cell in sheet.rows[at]]
    return next((h for h in profile.result_columns.values() if headers.count(h) > 1), "")


def _below(sheet: Table, at: int, wanted: set[str]) -> Iterator[Row]:
    columns = {n: h for n, cell in enumerate(sheet.rows[at]) if (h := _text(cell)) in wanted}
    for number, row in enumerate(sheet.rows[at + 1 :], start=at + 1):
        cells = {header: _text(row[n]) if n < len(row) else "" for n, header in columns.items()}
        if any(_text(cell) for cell in row):
            broken = tuple(header for header, text in cells.items() if text.startswith(_UNCALCULATED))
            yield Row(cells, broken, _place(sheet, number))


def _place(sheet: Table, number: int) -> str:
    return f"{sheet.name[:40]} row {number + 1}"


def _text(cell: Any) -> str:  # noqa: ANN401  (of calamine)
    """A cell as a person sees it."""
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if isinstance(cell, int | float):
        exact = Decimal(f"{cell:.15g}")
        return f"{exact:f}" if exact.is_finite() and abs(exact.adjusted()) < 30 else str(cell)
    if isinstance(cell, datetime | date):
        return cell.isoformat()
    return str(cell).strip()


def missing_column(columns: str, rail: str, place: str) -> Problem:
    """The answer has not the columns that the profile names."""
    return Problem(
        "missing-column",
        "The column %(columns)s is missing. Is this the result file of %(rail)s?",
        place=place,
        severity="fatal",
        params={"columns": columns, "rail": rail},
    )


def column_twice(column: str, place: str) -> Problem:
    """Which of two columns counts is nobody's guess."""
    return Problem(
        "column-twice",
        "The column %(column)s is there twice. Delete the one that does not count.",
        place=place,
        severity="fatal",
        params={"column": column[:60]},
    )


def _unread(name: str) -> Problem:
    return Problem(
        "sheet-not-read",
        "The sheet %(name)s has not the columns of an answer and was not read.",
        place=name[:40],
        severity="warning",
        params={"name": name[:40]},
    )


def _no_table() -> Problem:
    return Problem(
        "no-table", "The file is no workbook. Ask for the answer as XLSX, CSV or XML.", severity="fatal"
    )


def _too_large() -> Problem:
    return Problem(
        "workbook-too-large",
        "The workbook unpacks to far more than an answer needs. Copy the table to a new workbook.",
        severity="fatal",
    )
