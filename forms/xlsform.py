"""From an XLSForm to an ODK XForm.

An author writes a form in a spreadsheet (xlsx, xls), as CSV, or as Markdown tables: the services we ship keep
their forms as Markdown, because a change of a form must be readable in a comparison. pyxform converts; this
module guards it: the content decides what a file is, not its name; archives are measured before they are
opened; what pyxform says about a row becomes a `Problem` with that row as its place.

Source: XLSForm reference (xlsform.org/en/ref-table), pyxform 4.5.0.
"""

from __future__ import annotations

import hashlib
import io
import re
import warnings
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pyxform import xls2json_backends as sheets_of
from pyxform.errors import PyXFormError, PyXFormReadError
from pyxform.xls2xform import convert

from forms.errors import InvalidForm, RegexError
from forms.regex import compile_regex
from forms.xform import Form, read
from forms.xpath import Call, Expression, Literal, walk
from workflows.problems import Problem, blocking
from workflows.xml import XmlRefused

ROOT = "submission"
"""Name of the root node of every form: pyxform's "data" would clash with a question called data."""

MAX_SIZE = 5_000_000
MAX_UNPACKED = 20_000_000
MAX_MEMBERS = 500
MAX_ROWS = 10_000

_SHEETS = ("survey", "choices", "settings", "external_choices", "entities", "osm")
_OURS = ("form_id", "id_string", "version", "form_title", "title", "name")
_ROW = re.compile(r"\[row : (\d+)\]\s*")
_SHEET = re.compile(r"[Oo]n the '(\w+)' sheet")
_FORM_ID = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")
SEPARATOR = re.compile(r"[\s|:-]+")
_PIPE = re.compile(r"(?<!\\)\|")

Row = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class FormVersion:
    """A published form: its bytes never change.

    md5: hexadecimal, the hash OpenRosa names a form by. sha256: hexadecimal. languages: codes, as in `Form`.
    """

    form_id: str
    version: str
    xform: bytes
    md5: str
    sha256: str
    languages: tuple[str, ...]
    title: str


@dataclass(frozen=True, slots=True)
class Build:
    """form: None when a problem forbids it. problems: all, also warnings."""

    form: FormVersion | None
    problems: tuple[Problem, ...]


@dataclass(slots=True)
class Workbook:
    """The sheets of an XLSForm: their rows, headers in their order; lines: for Markdown, the line of each row."""

    rows: dict[str, list[Row]] = field(default_factory=dict)
    headers: dict[str, list[str]] = field(default_factory=dict)
    lines: dict[str, list[int]] = field(default_factory=dict)

    def place(self, sheet: str, row: int) -> str:
        """Where a row is; row: as pyxform counts, the first below the header is 2."""
        place = f"sheet {sheet}, row {row}"
        lines = self.lines.get(sheet, [])
        return f"{place}, line {lines[row - 2]}" if 0 <= row - 2 < len(lines) else place

    def place_of(self, path: str) -> str:
        """Where the question of a path is written; the path itself when it has no row."""
        name = path.rpartition("/")[2]
        for index, row in enumerate(self.rows.get("survey", [])):
            if row.get("name") == name:
                return self.place("survey", index + 2)
        return path


class Unreadable(Exception):
    """A source from which no sheet can be read; `problem` says why."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.code)
        self.problem = problem


def build(
    source: bytes | str | Mapping[str, Any], *, form_id: str, version: str, title: str | None = None
) -> Build:
    """Convert an XLSForm; the same input gives the same bytes.

    source: the bytes of an xlsx, xls, Markdown or CSV file; the text of the last two; or a mapping from sheet
    name to rows, each a mapping from column to cell. form_id, version and title win over the settings sheet.
    """
    problems = _identity_problems(form_id, version)
    try:
        workbook = read_workbook(source)
    except Unreadable as error:
        return Build(None, (*problems, error.problem))
    if problems:
        return Build(None, tuple(problems))
    settings = _settings(workbook, form_id, version, title)
    xform, found = _convert(workbook, settings)
    if xform is None:
        return Build(None, tuple(found))
    try:
        form = read(xform)
    except (InvalidForm, XmlRefused) as error:
        return Build(None, (*found, *_placed(error.problems, workbook)))
    found += _placed(_lint(form), workbook)
    if blocking(found):
        return Build(None, tuple(found))
    published = FormVersion(
        form_id=form.form_id,
        version=form.version,
        xform=xform,
        md5=hashlib.md5(xform, usedforsecurity=False).hexdigest(),
        sha256=hashlib.sha256(xform).hexdigest(),
        languages=form.languages,
        title=form.title,
    )
    return Build(published, tuple(found))


def _identity_problems(form_id: str, version: str) -> list[Problem]:
    problems = []
    if not _FORM_ID.fullmatch(form_id):
        problems.append(
            Problem(
                "form-id-invalid",
                "The form id %(form_id)s is not possible: begin with a letter, then letters, digits, _ . "
                "and -.",
                params={"form_id": form_id},
            )
        )
    if not version.strip():
        problems.append(Problem("form-version-missing", "The form needs a version, as in 1.0.0."))
    return problems


# ---------------------------------------------------------------- reading


def read_workbook(source: bytes | str | Mapping[str, Any]) -> Workbook:
    """The sheets of a form as rows of cells, whatever it is written in. Raises Unreadable."""
    if isinstance(source, Mapping):
        workbook = _from_mapping(source)
    else:
        workbook = _from_text(source) if isinstance(source, str) else _from_bytes(source)
    rows = sum(len(sheet) for sheet in workbook.rows.values())
    if rows > MAX_ROWS:
        raise Unreadable(
            Problem(
                "form-too-large",
                "The form has %(rows)s rows; at most %(most)s are read. Make several forms of it.",
                severity="fatal",
                params={"rows": rows, "most": MAX_ROWS},
            )
        )
    if not workbook.rows.get("survey"):
        raise Unreadable(
            Problem(
                "survey-missing",
                "The form asks nothing: it needs a sheet named survey with the columns type, name and label.",
                severity="fatal",
            )
        )
    return workbook


def _from_bytes(source: bytes) -> Workbook:
    _check_size(len(source))
    if source.startswith(b"PK\x03\x04"):
        _check_archive(source)
        return _from_backend(sheets_of.xlsx_to_dict, source)
    if source.startswith(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"):
        return _from_backend(sheets_of.xls_to_dict, source)
    try:
        text = source.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Unreadable(_not_a_form()) from None
    return _from_text(text)


def _check_size(size: int) -> None:
    if size > MAX_SIZE:
        raise Unreadable(
            Problem(
                "form-too-large",
                "The file has %(size)s bytes; at most %(most)s are read. Remove pictures and empty rows.",
                severity="fatal",
                params={"size": size, "most": MAX_SIZE},
            )
        )


def _not_a_form() -> Problem:
    return Problem(
        "not-an-xlsform",
        "The file is not an XLSForm. Send an Excel workbook, Markdown tables or CSV in UTF-8.",
        severity="fatal",
    )


def _check_archive(source: bytes) -> None:
    """Refuse archives that unpack to more than a form can need, and XML that declares entities."""
    try:
        with zipfile.ZipFile(io.BytesIO(source)) as archive:
            members = archive.infolist()
            unpacked = sum(member.file_size for member in members)
            if len(members) > MAX_MEMBERS or unpacked > MAX_UNPACKED:
                raise Unreadable(_bomb(unpacked))
            for member in members:
                if member.filename.endswith((".xml", ".rels")):
                    with archive.open(member) as stream:
                        _check_member(stream.read(MAX_UNPACKED + 1))
    except (zipfile.BadZipFile, OSError, NotImplementedError, RuntimeError, EOFError, ValueError):
        raise Unreadable(_not_a_form()) from None


def _check_member(data: bytes) -> None:
    if len(data) > MAX_UNPACKED:
        raise Unreadable(_bomb(len(data)))
    if b"<!DOCTYPE" in data or b"<!ENTITY" in data or b"\0" in data:
        raise Unreadable(_not_a_form())


def _bomb(unpacked: int) -> Problem:
    return Problem(
        "form-too-large",
        "The workbook unpacks to %(size)s bytes; at most %(most)s are read. Remove pictures and empty rows.",
        severity="fatal",
        params={"size": unpacked, "most": MAX_UNPACKED},
    )


def _from_backend(read_sheets: Any, source: bytes) -> Workbook:  # noqa: ANN401 - pyxform has no types
    """Read by one of pyxform's backends, whatever it raises about a broken file."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter(
                "ignore"
            )  # openpyxl warns about extensions of Excel that a form does not need
            return _from_sheets(read_sheets(source))
    except PyXFormReadError:
        raise Unreadable(_not_a_form()) from None
    except PyXFormError as error:
        raise Unreadable(_conversion_problem(str(error), Workbook())) from None
    except Exception:  # noqa: BLE001 - xlrd and openpyxl raise anything on a damaged workbook
        raise Unreadable(_not_a_form()) from None


def _from_sheets(sheets: Mapping[str, Any]) -> Workbook:
    workbook = Workbook()
    for name in _SHEETS:
        if name in sheets:
            workbook.rows[name] = [_cells(row) for row in sheets[name] or ()]
            header = sheets.get(f"{name}_header") or [{}]
            workbook.headers[name] = list(header[0])
    return workbook


def _from_mapping(source: Mapping[str, Any]) -> Workbook:
    workbook = Workbook()
    for name in _SHEETS:
        rows = source.get(name) or ()
        if isinstance(rows, Mapping):  # settings are one row
            rows = [rows]
        if not isinstance(rows, Sequence) or not all(isinstance(row, Mapping) for row in rows):
            raise Unreadable(_not_a_form())
        if rows:
            workbook.rows[name] = [_cells(row) for row in rows]
            workbook.headers[name] = list(dict.fromkeys(key for row in workbook.rows[name] for key in row))
    return workbook


def _cells(row: Mapping[Any, Any]) -> Row:
    """The filled cells of a row as text; pyxform takes a blank cell for a value."""
    cells = {}
    for key, value in row.items():
        if value is None:
            continue
        text = ("TRUE" if value else "FALSE") if isinstance(value, bool) else str(value).strip()
        if text:
            cells[str(key).strip()] = text
    return cells


def _from_text(text: str) -> Workbook:
    _check_size(len(text))
    lines = [line.lstrip() for line in text.splitlines()]
    if any(line.startswith("|") for line in lines):
        return _from_markdown(text)
    if text.lstrip().startswith("<") or not any("," in line for line in lines):
        raise Unreadable(_not_a_form())
    return _from_backend(sheets_of.csv_to_dict, text.encode())


def _from_markdown(text: str) -> Workbook:
    r"""Tables as pyxform writes them: the first cell names the sheet, the next row is its header.

    Lines that do not start with "|" are remarks. "\|" is a bar within a cell.
    """
    workbook = Workbook()
    sheet, header = "", None
    for number, line in enumerate(text.splitlines(), start=1):
        stripped = line.strip()
        if not stripped.startswith("|") or SEPARATOR.fullmatch(stripped):
            continue
        cells = [cell.strip().replace(r"\|", "|") for cell in _PIPE.split(stripped[1:])]
        if cells[0]:
            sheet, header = cells[0].lower(), None
        if sheet not in _SHEETS or not any(cells[1:]):
            continue
        if header is None:
            header = cells[1:]
            workbook.headers[sheet] = [name for name in header if name]
            workbook.rows.setdefault(sheet, [])
            workbook.lines.setdefault(sheet, [])
            continue
        named = zip(header, cells[1:], strict=False)
        workbook.rows[sheet].append({name: cell for name, cell in named if name and cell})
        workbook.lines[sheet].append(number)
    return workbook


# ---------------------------------------------------------------- converting


def _settings(workbook: Workbook, form_id: str, version: str, title: str | None) -> dict[str, str]:
    own = dict(next(iter(workbook.rows.get("settings", [])), {}))
    given = title or own.get("form_title") or own.get("title") or form_id
    settings = {key: value for key, value in own.items() if key.strip().lower() not in _OURS}
    return settings | {"form_id": form_id, "version": version, "form_title": given}


def _convert(workbook: Workbook, settings: Mapping[str, str]) -> tuple[bytes | None, list[Problem]]:
    """The XForm, and pyxform's warnings or its error."""
    sheets: dict[str, Any] = {"sheet_names": list(workbook.rows)}
    for name, rows in workbook.rows.items():
        sheets[name] = [dict(row) for row in rows]
        sheets[f"{name}_header"] = [dict.fromkeys(workbook.headers[name])]
    sheets["settings"] = [dict(settings)]
    sheets["settings_header"] = [dict.fromkeys(settings)]
    said: list[str] = []
    try:
        result = convert(xlsform=sheets, warnings=said, validate=False, form_name=ROOT)
        xform = result.xform.encode("utf-8")
    except PyXFormError as error:
        return None, [_conversion_problem(str(error), workbook)]
    except Exception as error:  # noqa: BLE001 - whatever an author writes must not stop the house
        return None, [_conversion_problem(f"{type(error).__name__}: {error}"[:300], workbook)]
    return xform, [_conversion_problem(text, workbook, warning=True) for text in said]


def _conversion_problem(text: str, workbook: Workbook, *, warning: bool = False) -> Problem:
    """What pyxform says about a form, which is English only."""
    row, sheet = _ROW.search(text), _SHEET.search(text)
    place = workbook.place(sheet[1] if sheet else "survey", int(row[1])) if row else ""
    if not place and sheet:
        place = f"sheet {sheet[1]}"
    detail = _ROW.sub("", text).strip()
    if warning:
        return Problem(
            "xlsform-warning",
            "The form can be used, but look at this: %(detail)s",
            place=place,
            severity="warning",
            params={"detail": detail},
        )
    return Problem("xlsform", "The form cannot be built: %(detail)s", place=place, params={"detail": detail})


# ---------------------------------------------------------------- what pyxform does not look at


def _placed(problems: Iterable[Problem], workbook: Workbook) -> list[Problem]:
    return [
        Problem(p.code, p.message, workbook.place_of(p.place) if p.place else "", p.severity, p.params)
        for p in problems
    ]


def _lint(form: Form) -> list[Problem]:
    found = [*_untranslated(form), *_external_files(form)]
    for path, bind in form.binds.items():
        for expression in (bind.relevant, bind.constraint, bind.required, bind.calculate, bind.readonly):
            if expression is not None:
                found += _regex_problems(path, expression)
    return found


def _regex_problems(path: str, expression: Expression) -> list[Problem]:
    """A pattern our checker cannot run would let every answer pass on the server."""
    found = []
    for part in walk(expression.tree):
        if not isinstance(part, Call) or part.name != "regex" or len(part.arguments) != 2:
            continue
        pattern = part.arguments[1]
        try:
            compile_regex(pattern.value if isinstance(pattern, Literal) else "")
        except RegexError as error:
            found.append(
                Problem(
                    "regex-unsupported",
                    "The pattern of %(name)s cannot be checked on the server: %(reason)s. Write it without "
                    "that.",
                    place=path,
                    severity="warning",
                    params={"name": path.rpartition("/")[2], "reason": error.params["reason"]},
                )
            )
    return found


def _untranslated(form: Form) -> list[Problem]:
    """Questions shown to a person that lack a label in one of the form's languages."""
    found = []
    for question in form.questions.values():
        missing = [language for language in form.languages if language not in question.label]
        if question.label and missing:
            found.append(
                Problem(
                    "translation-missing",
                    "%(name)s has no label in: %(languages)s. Translate it.",
                    place=question.path,
                    severity="warning",
                    params={"name": question.name, "languages": ", ".join(missing)},
                )
            )
    return found


def _external_files(form: Form) -> list[Problem]:
    return [
        Problem(
            "external-choices",
            "The choices of %(name)s are in the file %(file)s; the server cannot check them. "
            "Write them on the choices sheet.",
            place=question.path,
            severity="warning",
            params={"name": question.name, "file": question.external},
        )
        for question in form.questions.values()
        if question.external
    ]
