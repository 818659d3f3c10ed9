"""A report as a file: CSV, XLSX, PDF, JSON. The same report gives the same bytes.

No cell is a formula to a spreadsheet: texts that begin like one get an apostrophe, and the workbook is told to take
texts as texts. Amounts are numbers in a workbook, exact texts in CSV and JSON; a currency has its own column there.

Sources: RFC 4180; OWASP CSV injection; xlsxwriter's constant_memory; reportlab's `invariant` mode. Letters beyond
Windows-1252 are spelled in basic Latin on paper.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from fractions import Fraction
from typing import Any, Final
from xml.sax.saxutils import escape

import orjson
import xlsxwriter
from reportlab.lib import colors
from reportlab.lib.pagesizes import A4, landscape
from reportlab.lib.styles import getSampleStyleSheet
from reportlab.lib.units import mm
from reportlab.platypus import CondPageBreak, LongTable, Paragraph, SimpleDocTemplate, Spacer, TableStyle

from payments.identifiers import latin_text
from payments.rails.mobile_money import neutralised
from pricing.money import Money, minor_digits
from server import formatting
from server.errors import NotFound
from server.reports.tables import Cell, Column, Report, Table, Value
from server.reports.words import N_, Words

TYPES: Final = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "pdf": "application/pdf",
    "json": "application/json",
}
"""Media types by the ending of the file."""
_CREATED: Final = datetime(2026, 1, 1)  # noqa: DTZ001  (xlsxwriter wants none); fixed, for equal bytes
_SHEET_MAX: Final = 31


def known(form: str) -> str:
    """The form, when it is one of TYPES. Raises NotFound."""
    if form not in TYPES:
        raise NotFound(what="format", key=form[:20])
    return form


def write(report: Report, form: str, locale: str) -> bytes:
    """The report in one of the forms of TYPES."""
    if form == "csv":
        return _csv(report)
    if form == "xlsx":
        return _xlsx(report, locale)
    if form == "pdf":
        return _pdf(report, locale)
    return orjson.dumps(document(report), option=orjson.OPT_INDENT_2)


# CSV and JSON -----------------------------------------------------------------------------------------


def plain(value: Value) -> str:
    """A value for a program: exact, without grouping; a share as a decimal number."""
    if isinstance(value, Money):
        return value.text()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Fraction):
        return f"{float(value):.6f}".rstrip("0").rstrip(".")
    return "" if value is None else str(value)


def _csv(report: Report) -> bytes:
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    for number, table in enumerate(report.tables):
        if number:
            writer.writerow([])
        writer.writerow([*(c.key for c in table.columns), "currency"])
        for row in table.rows:
            writer.writerow([*(_text_cell(cell.value) for cell in row), currency_of(row)])
    return out.getvalue().encode("utf-8-sig")


def _text_cell(value: Value) -> str:
    # a negative amount is a number and stays one
    return plain(value) if isinstance(value, (Money, int)) else neutralised(plain(value))


def currency_of(row: Sequence[Cell]) -> str:
    """The currency of a row's amounts; "" where it has none."""
    return next((cell.value.currency for cell in row if isinstance(cell.value, Money)), "")


def document(report: Report) -> dict[str, Any]:
    """The report as JSON has it: amounts as whole minor units with their exact text."""
    return {
        "name": report.name, "title": report.title, "facts": [list(fact) for fact in report.facts],
        "tables": [
            {
                "title": table.title,
                "columns": [{"key": c.key, "title": c.words, "kind": c.kind} for c in table.columns],
                "rows": [_record(table.columns, row) for row in table.rows],
                "totals": [_record(table.columns, row) for row in table.totals],
            }
            for table in report.tables
        ],
    }  # fmt: skip


def _record(columns: Sequence[Column], row: Sequence[Cell]) -> dict[str, Any]:
    return {column.key: _json(cell) for column, cell in zip(columns, row, strict=True)}


def _json(cell: Cell) -> Any:  # noqa: ANN401
    value = cell.value
    if isinstance(value, Money):
        return {"minor": value.minor, "currency": value.currency, "text": value.text()}
    return value if isinstance(value, (int, type(None))) else plain(value)


# XLSX -------------------------------------------------------------------------------------------------


def _xlsx(report: Report, locale: str) -> bytes:
    out = io.BytesIO()
    options = {
        "in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False,
    }  # fmt: skip
    with xlsxwriter.Workbook(out, options) as book:
        book.set_properties({"title": report.title[:200], "created": _CREATED})
        formats = _Formats(book)
        names: set[str] = set()
        for table in report.tables:
            _sheet(book, formats, report, table, _sheet_name(table.title, names), locale)
    return out.getvalue()


class _Formats:
    """The workbook's cell formats; one a number of decimals."""

    def __init__(self, book: Any) -> None:  # noqa: ANN401  (of xlsxwriter)
        self._book, self._made = book, {}  # type: ignore[var-annotated]

    def of(self, pattern: str, *, bold: bool = False) -> Any:  # noqa: ANN401
        key = (pattern, bold)
        if key not in self._made:
            self._made[key] = self._book.add_format({"num_format": pattern, "bold": bold})
        return self._made[key]


def _sheet_name(title: str, names: set[str]) -> str:
    """A name Excel takes, unique without regard to case."""
    kept = "".join(" " if c in "[]:*?/\\'" else c for c in title).strip()[:_SHEET_MAX] or "1"
    name, number = kept, 1
    while name.casefold() in names:
        number += 1
        name = f"{kept[: _SHEET_MAX - 4]} {number}"
    names.add(name.casefold())
    return name


def _sheet(
    book: Any, formats: _Formats, report: Report, table: Table, name: str, locale: str  # noqa: ANN401
) -> None:  # fmt: skip
    sheet = book.add_worksheet(name)
    sheet.set_column(0, len(table.columns), 18)
    sheet.write_string(0, 0, neutralised(report.title), formats.of("@", bold=True))
    for number, (words, said) in enumerate(report.facts, start=1):
        sheet.write_string(number, 0, neutralised(f"{words}: {said}"))
    top = len(report.facts) + 2
    heads = [*(c.words for c in table.columns), "ISO 4217"]
    for column, words in enumerate(heads):
        sheet.write_string(top, column, neutralised(words), formats.of("@", bold=True))
    sheet.freeze_panes(top + 1, 1)
    for number, row in enumerate((*table.rows, *table.totals), start=top + 1):
        bold = number > top + len(table.rows)
        for column, cell in enumerate(row):
            _xlsx_cell(sheet, formats, number, column, cell.value, bold=bold)
        sheet.write_string(number, len(table.columns), currency_of(row))


def _xlsx_cell(
    sheet: Any, formats: _Formats, row: int, column: int, value: Value, *, bold: bool  # noqa: ANN401
) -> None:  # fmt: skip
    if isinstance(value, Money):
        digits = minor_digits(value.currency)
        pattern = "#,##0" + ("." + "0" * digits if digits else "")
        sheet.write_number(row, column, value.major(), formats.of(pattern, bold=bold))
    elif isinstance(value, Fraction):
        sheet.write_number(row, column, float(value), formats.of("0.0 %", bold=bold))
    elif isinstance(value, int):
        sheet.write_number(row, column, value, formats.of("0", bold=bold))
    elif isinstance(value, date):
        moment = datetime(value.year, value.month, value.day)  # noqa: DTZ001
        sheet.write_datetime(row, column, moment, formats.of("yyyy-mm-dd", bold=bold))
    elif value:
        sheet.write_string(row, column, neutralised(value[:32_000]), formats.of("@", bold=bold))


# PDF --------------------------------------------------------------------------------------------------


def shown(value: Value, locale: str) -> str:
    """A value for a reader of that language; an amount with its currency."""
    if isinstance(value, Money):
        return formatting.money(locale, value)
    if isinstance(value, Fraction):
        return formatting.share(locale, value, decimals=1)
    if isinstance(value, date):
        return formatting.day(locale, value)
    if isinstance(value, int):
        return formatting.number(locale, value)
    return value or ""


def _latin(text: str) -> str:
    """The text in the letters of the built-in fonts."""
    text = text.replace("\u202f", "\u00a0").replace("\u2212", "-")
    try:
        text.encode("cp1252")
    except UnicodeEncodeError:
        text = latin_text(text, 500) or "?"
    return escape("".join(c for c in text if c.isprintable() or c == "\u00a0"))


def _pdf(report: Report, locale: str) -> bytes:
    out = io.BytesIO()
    page = SimpleDocTemplate(
        out, pagesize=landscape(A4), invariant=1, title=_latin(report.title), leftMargin=12 * mm,
        rightMargin=12 * mm, topMargin=12 * mm, bottomMargin=14 * mm,
    )  # fmt: skip
    page.build(list(_story(report, locale)), onFirstPage=_foot, onLaterPages=_foot)
    return out.getvalue()


def _foot(canvas: Any, page: Any) -> None:  # noqa: ANN401  (of reportlab)
    canvas.setFont("Helvetica", 7)
    canvas.drawRightString(landscape(A4)[0] - 12 * mm, 8 * mm, f"{page.title}  {page.page}")


def _story(report: Report, locale: str) -> Iterator[Any]:
    styles, say = getSampleStyleSheet(), Words(locale).say
    small = styles["BodyText"].clone("small", fontSize=7.5, leading=9)
    right = small.clone("right", alignment=2)
    yield Paragraph(_latin(report.title), styles["Title"])
    for words, said in report.facts:
        yield Paragraph(_latin(say(N_("%(label)s: %(text)s")) % {"label": words, "text": said}), small)
    for table in report.tables:
        yield Spacer(1, 5 * mm)
        yield CondPageBreak(_WITH_HEADING)
        currency = table.currency
        named = not currency or currency in table.title
        yield Paragraph(_latin(table.title if named else f"{table.title}, {currency}"), styles["Heading2"])
        head = [Paragraph(f"<b>{_latin(c.words)}</b>", _side(c, small, right)) for c in table.columns]
        body = [
            [Paragraph(_printed(cell.value, locale, currency, bold=at >= len(table.rows)), _side(column, small, right))
             for column, cell in zip(table.columns, row, strict=True)]
            for at, row in enumerate((*table.rows, *table.totals))
        ]  # fmt: skip
        grid = LongTable([head, *body], repeatRows=1)
        grid.setStyle(_style(len(table.totals)))
        yield grid


_WITH_HEADING: Final = 32 * mm
"""A heading does not stand alone at the end of a page: its table's head and some rows follow it."""


def _printed(value: Value, locale: str, currency: str, *, bold: bool) -> str:
    """A cell of a table; where all amounts are of one currency, its heading has said it."""
    if isinstance(value, Money) and currency:
        words = formatting.minor(locale, value.minor, value.currency)
    else:
        words = shown(value, locale)
    return f"<b>{_latin(words)}</b>" if bold and words else _latin(words)


def _side(column: Column, left: Any, right: Any) -> Any:  # noqa: ANN401
    return left if column.kind in ("text", "day") else right


def _style(totals: int) -> TableStyle:
    commands: list[Any] = [
        ("LINEBELOW", (0, 0), (-1, 0), 0.7, colors.black), ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ("LINEBELOW", (0, 1), (-1, -1), 0.2, colors.lightgrey),
    ]  # fmt: skip
    if totals:
        commands.append(("LINEABOVE", (0, -totals), (-1, -totals), 0.7, colors.black))
    return TableStyle(commands)
