"""Tables from files of unknown hands: CSV in any usual encoding and delimiter, and XLSX.

The content decides what a file is, not its name. A spreadsheet is measured before it is opened, because a few
kilobytes can unpack to gigabytes (nested deflate), address a cell a billion cells away, or repeat one long
text a million times. Hidden sheets are not read. A cell whose formula failed or was never calculated is not
taken for an empty one: it holds its error (#REF!) or its formula as text, which no reader takes for a number.
Sources: RFC 4180 (CSV); ECMA-376 (Office Open XML), part 1 clause 18.
"""

from __future__ import annotations

import csv
import html
import io
import posixpath
import re
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final

from python_calamine import CalamineError, CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

from workflows.problems import Problem

Cell = str | int | float | bool | date | datetime | None
Row = Sequence[Any]

MOST_BYTES: Final = 20_000_000
MOST_UNPACKED: Final = 120_000_000
MOST_PARTS: Final = 2_000
MOST_CELLS: Final = 5_000_000
MOST_ROWS: Final = 200_000
MOST_TEXT: Final = 200_000_000
MOST_MERGED: Final = 20_000
_DELIMITERS: Final = (";", ",", "\t", "|")
_REFERENCE: Final = re.compile(rb"\br\s*=\s*[\"']([A-Za-z]{1,4})([0-9]{1,10})[\"']")
_TEXT_END: Final = re.compile(rb"</(?:\w+:)?si\s*>")
_SHEET: Final = re.compile(rb"<(?:\w+:)?sheet\s[^<>]{1,2000}>")
_RELATION: Final = re.compile(rb"<(?:\w+:)?Relationship\s[^<>]{1,2000}>")
_ATTRIBUTE: Final = re.compile(rb"([\w:]+)\s*=\s*[\"']([^\"']*)[\"']")
_1904: Final = re.compile(rb"<(?:\w+:)?workbookPr\s[^<>]{0,2000}date1904\s*=\s*[\"'](?:1|true)[\"']")
_FAILED: Final = re.compile(
    rb"<(?:\w+:)?c\s([^<>]{0,300}\bt=[\"']e[\"'][^<>]{0,300})>(?:<(?:\w+:)?f\b[^<>]{0,300}(?:/>|>[^<]*</(?:\w+:)?f>))?"
    rb"<(?:\w+:)?v>([^<]*)</"
)
_UNCALCULATED: Final = re.compile(
    rb"<(?:\w+:)?c(\s[^<>]{0,300}|)>\s*<(?:\w+:)?f\b[^<>]{0,300}(?:/>|>([^<]*)</(?:\w+:)?f>)\s*"
    rb"(?:<(?:\w+:)?v\s*/>|<(?:\w+:)?v></(?:\w+:)?v>)?\s*</(?:\w+:)?c>"
)


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of cells; row 1 of the file is rows[0]. name: of the sheet, "" for CSV. delimiter: "" for XLSX.

    since_1904: numbers of days count from 1 January 1904.
    """

    name: str
    rows: Sequence[Row]
    delimiter: str = ""
    since_1904: bool = False


class _RefusedError(Exception):
    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.code)
        self.problem = problem


def read_tables(data: bytes, score: Callable[[Sequence[Row]], int]) -> list[Table] | Problem:
    """The tables of a file: every sheet of a workbook, or the one table of a CSV file.

    score: how well the first rows of a table look; chooses the delimiter of a CSV file.
    Never raises for what is in `data`: a file that cannot be used is a fatal problem.
    """
    try:
        if len(data) > MOST_BYTES:
            raise _RefusedError(_too_large(MOST_BYTES // 1_000_000))
        if data[:4] == b"PK\x03\x04":
            return _read_workbook(data)
        if data[:4] == b"\xd0\xcf\x11\xe0":
            raise _RefusedError(_old_workbook())
        return [_read_csv(_decode(data), score)]
    except _RefusedError as refused:
        return refused.problem


# --- CSV ----------------------------------------------------------------------------------------------------


def _decode(data: bytes) -> str:
    """Byte order mark, else UTF-8, else Windows-1252 (what spreadsheets write in West Africa and Europe)."""
    if not data.strip():
        raise _RefusedError(_empty())
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        text = data.decode("utf-16", errors="replace")
    else:
        try:
            text = data.decode("utf-8-sig")
        except UnicodeDecodeError:
            text = data.decode("cp1252", errors="replace")
    if "\0" in text:
        raise _RefusedError(_no_table())
    return text


def _read_csv(text: str, score: Callable[[Sequence[Row]], int]) -> Table:
    head = text[:200_000]
    first = {delimiter: _records(head, delimiter, 40) for delimiter in _DELIMITERS}
    # where no row looks like headings, the sign that divides most
    delimiter = max(_DELIMITERS, key=lambda d: (score(first[d]), sum(map(len, first[d]))))
    return Table("", _records(text, delimiter, MOST_ROWS + 1), delimiter)


def _records(text: str, delimiter: str, most: int) -> list[list[str]]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    rows: list[list[str]] = []
    try:
        for row in reader:
            rows.append(row)
            if len(rows) >= most:
                break
    except csv.Error as reason:
        raise _RefusedError(_broken_csv(reader.line_num, str(reason))) from reason
    return rows


# --- XLSX ---------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Parts:
    """What is read from the parts of a workbook while they are measured.

    broken: by the part of a sheet, the text that a cell without a value gets.
    """

    sheets: list[Mapping[str, str]] = field(default_factory=list)
    targets: dict[str, str] = field(default_factory=dict)
    broken: dict[str, dict[tuple[int, int], str]] = field(default_factory=dict)
    since_1904: bool = False

    def of_sheet(self, name: str) -> Mapping[tuple[int, int], str]:
        """Cells of a sheet whose formula has no value."""
        relation = next((s.get("r:id", s.get("id", "")) for s in self.sheets if s.get("name") == name), "")
        return self.broken.get(self.targets.get(relation, ""), {})


def _read_workbook(data: bytes) -> list[Table]:
    parts = _measure(data)
    try:
        workbook = CalamineWorkbook.from_filelike(io.BytesIO(data))
        sheets = [s for s in workbook.sheets_metadata if s.typ == SheetTypeEnum.WorkSheet]
        seen = [s.name for s in sheets if s.visible == SheetVisibleEnum.Visible]
        return [_read_sheet(workbook, name, parts) for name in seen]
    except (CalamineError, ValueError, OSError, OverflowError) as reason:
        raise _RefusedError(_broken_workbook(str(reason))) from reason


def _read_sheet(workbook: CalamineWorkbook, name: str, parts: _Parts) -> Table:
    sheet = workbook.get_sheet_by_name(name)
    rows = [list(row) for row in sheet.to_python(skip_empty_area=False)]
    _fill_merged(rows, sheet.merged_cell_ranges or ())
    for (row, column), text in parts.of_sheet(name).items():
        rows.extend([] for _ in range(row + 1 - len(rows)))
        rows[row].extend("" for _ in range(column + 1 - len(rows[row])))
        rows[row][column] = rows[row][column] or text
    return Table(name, rows, since_1904=parts.since_1904)


def _measure(data: bytes) -> _Parts:
    """Unpack everything once, counting, before any of it is believed."""
    left, texts, cells, found = MOST_UNPACKED, 0, 0, _Parts()
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            parts = archive.infolist()
            if len(parts) > MOST_PARTS:
                raise _RefusedError(_bomb())
            if not any(p.filename.endswith("workbook.xml") for p in parts):
                raise _RefusedError(_no_table())
            for part in parts:
                with archive.open(part) as stream:
                    content = stream.read(left + 1)
                left -= len(content)
                if left < 0:
                    raise _RefusedError(_bomb())
                if part.filename.endswith("sharedStrings.xml"):
                    texts = max((len(t) for t in _TEXT_END.split(content)), default=0)
                elif "worksheets/" in part.filename:
                    cells += _check_area(content)
                    found.broken[part.filename] = _without_value(content)
                else:
                    _read_names(part.filename, content, found)
    except (zipfile.BadZipFile, RuntimeError, OSError, EOFError, ValueError, NotImplementedError) as reason:
        raise _RefusedError(_broken_workbook(str(reason))) from reason
    except Exception as reason:  # zlib.error has no common base with the above
        if isinstance(reason, _RefusedError):
            raise
        raise _RefusedError(_broken_workbook(type(reason).__name__)) from reason
    if texts * cells > MOST_TEXT:
        raise _RefusedError(_bomb())
    return found


def _read_names(filename: str, content: bytes, found: _Parts) -> None:
    """Which part holds which sheet (ECMA-376 part 1, 18.2.19; part 2, 9.3)."""
    if filename.endswith("workbook.xml"):
        found.sheets = [_attributes(tag) for tag in _SHEET.findall(content)]
        found.since_1904 = _1904.search(content) is not None
    elif filename.endswith("workbook.xml.rels"):
        folder = posixpath.dirname(posixpath.dirname(filename))
        for tag in _RELATION.findall(content):
            relation = _attributes(tag)
            target = posixpath.join("/" + folder, relation.get("Target", ""))
            found.targets[relation.get("Id", "")] = posixpath.normpath(target).lstrip("/")


def _attributes(tag: bytes) -> dict[str, str]:
    return {
        name.decode(): html.unescape(value.decode("utf-8", errors="replace"))
        for name, value in _ATTRIBUTE.findall(tag)
    }


def _without_value(sheet: bytes) -> dict[tuple[int, int], str]:
    """The cells whose formula failed, with the error, and those never calculated, with their formula.

    A formula that gives an empty text (t="str") has a value.
    """
    found: dict[tuple[int, int], str] = {}
    for attributes, error in _FAILED.findall(sheet) if b'"e"' in sheet or b"'e'" in sheet else ():
        _note_cell(found, attributes, error or b"#N/A")
    for attributes, formula in _UNCALCULATED.findall(sheet) if b"<f" in sheet or b":f" in sheet else ():
        if _attributes(attributes).get("t", "n") == "n":
            _note_cell(found, attributes, b"=" + formula)
    return found


def _note_cell(found: dict[tuple[int, int], str], attributes: bytes, text: bytes) -> None:
    reference = _REFERENCE.search(b" " + attributes)
    if reference and int(reference[2]) and len(found) < MOST_ROWS:
        cell = (int(reference[2]) - 1, _column(reference[1]) - 1)
        found[cell] = html.unescape(text.decode("utf-8", errors="replace"))[:100]


def _column(letters: bytes) -> int:
    """The number of a column; A is 1."""
    column = 0
    for letter in letters.upper():
        column = column * 26 + letter - 64
    return column


def _check_area(sheet: bytes) -> int:
    """The number of cells of a sheet; refuses one that spans too large an area."""
    columns = rows = found = 0
    for letters, digits in _REFERENCE.findall(sheet):
        columns, rows, found = max(columns, _column(letters)), max(rows, int(digits)), found + 1
    if columns * rows > MOST_CELLS or columns > 16_384 or rows > 1_048_576:
        raise _RefusedError(_bomb())
    return found


def _fill_merged(rows: list[list[Any]], ranges: Sequence[Any]) -> None:
    """Every cell of a merged range gets the value of its first one."""
    left = MOST_MERGED
    for (top, first), (bottom, last) in ranges:
        if top >= len(rows) or first >= len(rows[top]):
            continue
        value = rows[top][first]
        for row in rows[top : bottom + 1]:
            for column in range(first, min(last + 1, len(row))):
                left -= 1
                if left < 0:
                    raise _RefusedError(_bomb())
                row[column] = value


def _too_large(megabytes: int) -> Problem:
    return Problem(
        "file-too-large",
        "The file is larger than %(megabytes)s megabytes. Divide it.",
        severity="fatal",
        params={"megabytes": megabytes},
    )


def _old_workbook() -> Problem:
    return Problem(
        "old-workbook",
        "This is an old XLS workbook, or one with a password. Save it as XLSX without a password.",
        severity="fatal",
    )


def _empty() -> Problem:
    return Problem("empty-file", "The file is empty. Choose the file with the prices.", severity="fatal")


def _no_table() -> Problem:
    return Problem(
        "no-table",
        "This file holds no table. Send a CSV file or an XLSX workbook, best the template.",
        severity="fatal",
    )


def _broken_csv(line: int, reason: str) -> Problem:
    return Problem(
        "broken-csv",
        "The file cannot be read from line %(line)s on: %(reason)s. Save it again from the spreadsheet.",
        place=f"line {line}",
        severity="fatal",
        params={"line": line, "reason": reason},
    )


def _broken_workbook(reason: str) -> Problem:
    return Problem(
        "broken-workbook",
        "The workbook is damaged: %(reason)s. Open it in a spreadsheet and save it again as XLSX.",
        severity="fatal",
        params={"reason": reason[:200]},
    )


def _bomb() -> Problem:
    return Problem(
        "workbook-too-large",
        "The workbook unpacks to far more than a price list needs. Copy the table to a new workbook.",
        severity="fatal",
    )
