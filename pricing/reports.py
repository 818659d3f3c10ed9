"""What is wrong with a price list, cell by cell: as rows, and as the workbook to correct and send again.

The workbook is the file that was sent, row for row, with the faulty cells marked, a note on each, and a last
column that says the same in words; the importer knows that column and does not read it. Another sheet lists
every problem; what else the file has in visible sheets follows unchanged. Texts stay texts, also where they look
like formulas. Equal input gives equal bytes.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from math import isfinite
from typing import Any, Final

import xlsxwriter

from pricing.cells import amount_of, currency_in, decimal_sign, is_filled, text_of
from pricing.importers import PRICES, decimal_of_file, header_of, list_code, price_tables
from pricing.tables import Table
from pricing.templates import CREATED, MARKED, PROBLEMS_HEADING
from workflows.problems import Problem

MOST_MARKED: Final = 2_000
_FIRST_YEAR: Final = 1900
_OTHER_SHEET: Final = "sheet"
_PLACE: Final = re.compile(r"(?:row (\d+))?(?:, )?(?:column (.+))?")
_SHEET_NAMES: Final = {"en": "report", "fr": "rapport", "es": "informe"}
_HEADINGS: Final = {
    "en": ("Row", "Column", "Code", "What is wrong", "Value"),
    "fr": ("Ligne", "Colonne", "Code", "Ce qui ne va pas", "Valeur"),
    "es": ("Fila", "Columna", "Código", "Qué está mal", "Valor"),
}
_COLOURS: Final = {"fatal": "#f6c7c3", "error": "#f6c7c3", "warning": "#fbe3b5", "info": "#dbe5f6"}


@dataclass(frozen=True, slots=True)
class CellProblem:
    """One problem of a price list. row: of the file, 1 is the first; None = the whole file. column: as titled.

    field: name of the column as the format calls it ("typical"); "" when it concerns no column.
    """

    row: int | None
    column: str
    field: str
    code: str
    severity: str
    message: str
    value: str


def report(problems: Sequence[Problem], text: Callable[[Problem], str] = Problem.text) -> list[CellProblem]:
    """The problems with their cells. text: says a problem in the reader's language."""
    found = []
    for problem in problems:
        match = _PLACE.fullmatch(problem.place)
        row, field = (match[1], match[2] or "") if match else (None, "")
        value = problem.params.get("value", "")
        column = str(problem.params.get("column", field)) if field else ""
        found.append(
            CellProblem(
                int(row) if row else None,
                column,
                field,
                problem.code,
                problem.severity,
                text(problem),
                str(value),
            )
        )
    return found


def marked_name(filename: str, language: str = "en") -> str:
    """What the marked workbook of a file is called; read again, it is the same list."""
    return f"{list_code(filename)}-{MARKED.get(language, MARKED['en'])}.xlsx"


def annotated(
    data: bytes,
    problems: Sequence[Problem],
    text: Callable[[Problem], str] = Problem.text,
    language: str = "en",
) -> bytes:
    """The file as an XLSX workbook with its problems marked, to correct and send again.

    A file that could not be read at all gives a workbook with the report alone.
    """
    found = price_tables(data)
    tables = [] if isinstance(found, Problem) else [_as_read(table) for table in found]
    lines = report(problems, text)
    stream = io.BytesIO()
    workbook = xlsxwriter.Workbook(
        stream, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    )
    workbook.set_properties({"created": CREATED})
    marks = {severity: workbook.add_format({"bg_color": colour}) for severity, colour in _COLOURS.items()}
    day = workbook.add_format({"num_format": "yyyy-mm-dd"})
    if tables and tables[0]:
        rows = tables[0]
        header, columns = header_of(rows)
        sheet = workbook.add_worksheet("prices")
        _copy(sheet, rows, day)
        _mark(sheet, rows, lines, columns, marks)
        _words(sheet, lines, header, max(len(row) for row in rows), language)
    _list(workbook, lines, language)
    for number, rows in enumerate(tables[1:], start=2):
        _copy(workbook.add_worksheet(f"{_OTHER_SHEET} {number}"), rows, day)
    workbook.close()
    return stream.getvalue()


def _as_read(table: Table) -> Sequence[Sequence[Any]]:
    """The rows of a table; amounts of a CSV file as numbers, where its signs said how to read them."""
    header, columns = header_of(table.rows)
    body = table.rows[header + 1 :]
    sign = decimal_of_file(table, columns, body)
    if not table.delimiter or not sign:
        return table.rows
    places = {columns[column] for column in PRICES if column in columns}
    return [
        *table.rows[: header + 1],
        *([_number(c, sign) if i in places else c for i, c in enumerate(row)] for row in body),
    ]


def _number(cell: object, sign: str) -> object:
    """An amount that could be read in two ways as the number it was read as; anything else as it is."""
    if not isinstance(cell, str) or decimal_sign(cell) or currency_in(cell):
        return cell
    amount = amount_of(cell, sign)
    if isinstance(amount, str) or not ("," in cell or "." in cell):
        return cell
    return float(amount)


def _copy(sheet: Any, rows: Sequence[Sequence[Any]], day: Any) -> None:  # noqa: ANN401 - of xlsxwriter
    for number, row in enumerate(rows):
        for column, value in enumerate(row):
            _write(sheet, number, column, value, day)


def _write(sheet: Any, row: int, column: int, value: object, day: Any) -> None:  # noqa: ANN401 - of xlsxwriter
    if isinstance(value, datetime | date):
        moment = value if isinstance(value, datetime) else datetime(value.year, value.month, value.day)  # noqa: DTZ001
        if moment.year >= _FIRST_YEAR:
            sheet.write_datetime(row, column, moment, day)
        else:
            sheet.write_string(row, column, moment.date().isoformat())
    elif _is_number(value):
        sheet.write_number(row, column, value)
    elif is_filled(value):
        sheet.write_string(row, column, text_of(value)[:32_000])


def _is_number(value: object) -> bool:
    """Whether a workbook can hold it as a number: it has neither infinity nor NaN."""
    return isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value)


def _mark(
    sheet: Any,  # noqa: ANN401 - of xlsxwriter
    rows: Sequence[Sequence[Any]],
    lines: Sequence[CellProblem],
    columns: dict[str, int],
    marks: dict[str, Any],
) -> None:
    """Colour and note on each cell; the first problem of a cell gives the colour, all are in the note."""
    notes: dict[tuple[int, int], list[CellProblem]] = {}
    for line in lines:
        if line.row is not None and line.field in columns and len(notes) < MOST_MARKED:
            notes.setdefault((line.row - 1, columns[line.field]), []).append(line)
    for (row, column), found in notes.items():
        value = rows[row][column] if row < len(rows) and column < len(rows[row]) else None
        mark = marks[found[0].severity]
        if _is_number(value):
            sheet.write_number(row, column, value, mark)
        elif isinstance(value, date):  # the date keeps its format; the note says what is wrong
            pass
        elif is_filled(value):
            sheet.write_string(row, column, text_of(value)[:32_000], mark)
        else:
            sheet.write_blank(row, column, None, mark)
        sheet.write_comment(row, column, "\n".join(line.message for line in found)[:2_000])


def _words(sheet: Any, lines: Sequence[CellProblem], header: int, width: int, language: str) -> None:  # noqa: ANN401
    """The last column: all that is wrong with the row, for those who print it."""
    by_row: dict[int, list[str]] = {}
    for line in lines:
        if line.row is not None:
            by_row.setdefault(line.row - 1, []).append(line.message)
    sheet.write_string(header, width, PROBLEMS_HEADING.get(language, PROBLEMS_HEADING["en"]))
    sheet.set_column(width, width, 60)
    for row, messages in by_row.items():
        if row > header:
            sheet.write_string(row, width, " ".join(messages)[:32_000])


def _list(workbook: Any, lines: Sequence[CellProblem], language: str) -> None:  # noqa: ANN401 - of xlsxwriter
    sheet = workbook.add_worksheet(_SHEET_NAMES.get(language, "report"))
    bold = workbook.add_format({"bold": True, "bottom": 1})
    for column, heading in enumerate(_HEADINGS.get(language, _HEADINGS["en"])):
        sheet.write_string(0, column, heading, bold)
    for number, line in enumerate(lines, start=1):
        if line.row is not None:
            sheet.write_number(number, 0, line.row)
        for column, words in enumerate((line.column, line.code, line.message, line.value), start=1):
            sheet.write_string(number, column, words[:32_000])
    sheet.set_column(3, 3, 90)
