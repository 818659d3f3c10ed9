"""The texts of an XLSForm by language: finding them, and writing translations into the columns they belong in.

A form in Markdown tables keeps every line that no translation touches, byte by byte. A workbook or CSV file is
first laid out as Markdown tables (`as_markdown`), which hold the same rows and columns; its colours and column
widths are not kept.

Source: XLSForm reference (xlsform.org/en/#multiple-language-support): "label::Français (fr)".
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from forms import xlsform
from forms.errors import InvalidForm
from forms.xform import language_code
from workflows.problems import Problem

COLUMNS: Final = ("label", "hint", "guidance_hint", "constraint_message", "required_message")
"""The columns of the survey sheet that people read; of the choices sheet it is the label."""
CHOICES: Final = "choices"
DEFAULT_LANGUAGE: Final = "en"
_NAMES: Final = {"en": "English (en)", "fr": "Français (fr)", "es": "Español (es)"}
_PIPE: Final = re.compile(r"(?<!\\)\|")
_OPENS: Final = re.compile(r"begin[ _](group|repeat)")
_CLOSES: Final = re.compile(r"end[ _](group|repeat)")

Change = tuple[str, str]
"""(path, column): which text of a form."""


@dataclass(frozen=True, slots=True)
class FormText:
    """A text of a form. path: of the question ("household/size"), or "choices/<list>/<value>". texts: by language."""

    path: str
    column: str
    texts: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class _Line:
    """A row of a sheet. number: the line of the Markdown file it is on."""

    sheet: str
    cells: Mapping[str, str]
    number: int = -1


def texts(source: bytes) -> tuple[FormText, ...]:
    """Every text of a form that has a word in any language, in the order of its rows. Raises InvalidForm."""
    sheets = _sheets(source)
    headers, lines = sheets
    default = _default_language(lines)
    found = []
    for line, path in _paths(lines):
        for column in _columns(line.sheet):
            named = _headers(headers.get(line.sheet, ()), column, default)
            words = {lang: line.cells[name] for lang, name in named.items() if line.cells.get(name)}
            if words:
                found.append(FormText(path, column, words))
    return tuple(found)


def with_texts(source: bytes, changes: Mapping[Change, Mapping[str, str]]) -> bytes:
    """The form with other texts: (path, column) -> language -> text; "" takes one out.

    Only lines with a changed text differ; a language that has no column yet gets one. What is no workbook stays
    the file it was. Raises InvalidForm for a path that is nowhere, or a text with a line break.
    """
    wanted = {key: dict(words) for key, words in changes.items() if words}
    if not wanted:
        return source
    problems = [_line_break(key) for key, words in wanted.items() if any("\n" in w for w in words.values())]
    if problems:
        raise InvalidForm(problems)
    text = (source if is_markdown(source) else as_markdown(source)).decode("utf-8-sig")
    table = _Table(text)
    default = _default_language(table.lines)
    for line, path in _paths(table.lines):
        for column in _columns(line.sheet):
            for language, words in wanted.pop((path, column), {}).items():
                table.put(line, column, language, words, default)
    if wanted:
        raise InvalidForm([_unknown(key) for key in wanted])
    return table.bytes(bom=source.startswith(b"\xef\xbb\xbf"))


def is_markdown(source: bytes) -> bool:
    """Whether the form is written as Markdown tables."""
    if source.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        return False
    return any(line.lstrip().startswith(b"|") for line in source.splitlines())


def as_markdown(source: bytes) -> bytes:
    """The same form as Markdown tables. Raises InvalidForm when it cannot be read, or has line breaks in cells."""
    headers, lines = _sheets(source)
    rows: list[str] = []
    for sheet, columns in headers.items():
        own = [line for line in lines if line.sheet == sheet]
        broken = [cell for line in own for cell in line.cells.values() if "\n" in cell]
        if broken:
            raise InvalidForm([_line_break((sheet, broken[0][:40]))])
        rows += [f"| {sheet} |", _row(["", *columns])]
        rows += [_row(["", *(line.cells.get(name, "") for name in columns)]) for line in own]
    return "".join(f"{row}\n" for row in rows).encode()


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", r"\|") for cell in cells) + " |"


def _sheets(source: bytes) -> tuple[Mapping[str, Sequence[str]], list[_Line]]:
    try:
        workbook = xlsform.read_workbook(source)
    except xlsform.Unreadable as error:
        raise InvalidForm([error.problem]) from None
    lines = [_Line(sheet, row) for sheet, rows in workbook.rows.items() for row in rows]
    return workbook.headers, lines


def _default_language(lines: Sequence[_Line]) -> str:
    for line in lines:
        if line.sheet == "settings" and line.cells.get("default_language"):
            return language_code(line.cells["default_language"])
    return DEFAULT_LANGUAGE


def _columns(sheet: str) -> Sequence[str]:
    return COLUMNS if sheet == "survey" else ("label",) if sheet == CHOICES else ()


def _headers(names: Sequence[str], column: str, default: str) -> dict[str, str]:
    """Language -> the header that holds the column in it; a header without language is the form's own language."""
    found: dict[str, str] = {}
    for name in names:
        base, _, language = name.partition("::")
        if base.strip().lower().replace(" ", "_") == column:
            found.setdefault(language_code(language.strip()) if language else default, name)
    return found


def _paths(lines: Sequence[_Line]) -> Iterator[tuple[_Line, str]]:
    """Each row people read with its path; the second of two equal paths is "…~2"."""
    groups: list[str] = []
    seen: dict[str, int] = {}
    for line in lines:
        kind, name = line.cells.get("type", "").strip().lower(), line.cells.get("name", "").strip()
        if line.sheet == "survey":
            if _CLOSES.match(kind):
                del groups[-1:]
                continue
            path = "/".join([*groups, name])
            if _OPENS.match(kind):
                groups.append(name)
        elif line.sheet == CHOICES:
            path = f"{CHOICES}/{line.cells.get('list_name', line.cells.get('list name', ''))}/{name}"
        else:
            continue
        seen[path] = seen.get(path, 0) + 1
        yield line, path if seen[path] == 1 else f"{path}~{seen[path]}"


class _Table:
    """A form in Markdown tables whose lines are changed one by one."""

    def __init__(self, text: str) -> None:
        self._text = text.splitlines(keepends=True)
        self._headers: dict[str, tuple[int, list[str]]] = {}
        self.lines: list[_Line] = []
        sheet = ""
        for number, line in enumerate(self._text):
            cells = self._cells(line)
            if cells is None:
                continue
            if cells[0]:
                sheet = cells[0].lower()
                self._headers.pop(sheet, None)
            if not any(cells[1:]):
                continue
            if sheet not in self._headers:
                self._headers[sheet] = (number, cells[1:])
                continue
            named = zip(self._headers[sheet][1], cells[1:], strict=False)
            self.lines.append(_Line(sheet, {n: c for n, c in named if n and c}, number))

    @staticmethod
    def _cells(line: str) -> list[str] | None:
        """As `forms.xlsform` divides a line: None for remarks and separators."""
        stripped = line.strip()
        if not stripped.startswith("|") or xlsform.SEPARATOR.fullmatch(stripped):
            return None
        return [cell.strip().replace(r"\|", "|") for cell in _PIPE.split(stripped[1:])]

    def put(self, line: _Line, column: str, language: str, words: str, default: str) -> None:
        """Write one text into its cell, making the column when there is none."""
        named = _headers(self._headers[line.sheet][1], column, default)
        if language not in named:
            if not words:
                return
            named[language] = self._add_column(line.sheet, column, language)
        self._set(line.number, self._headers[line.sheet][1].index(named[language]), words.strip())

    def _add_column(self, sheet: str, column: str, language: str) -> str:
        """A column at the end of the table, called as the form calls the language elsewhere."""
        number, header = self._headers[sheet]
        known = [h.partition("::")[2].strip() for _, other in self._headers.values() for h in other]
        said = next((n for n in known if n and language_code(n) == language), _NAMES.get(language, language))
        while header and not header[-1]:
            header = header[:-1]
        name = f"{column}::{said}"
        self._set(number, len(header), name)
        self._headers[sheet] = (number, [*header, name])
        return name

    def _set(self, number: int, index: int, words: str) -> None:
        """Replace cell `index` (the first after the sheet's) of a line; the others stay as they are."""
        line = self._text[number]
        body = line.rstrip("\r\n")
        cut = [match.start() for match in _PIPE.finditer(body)]
        cell = words.replace("|", r"\|")
        while len(cut) < index + 3:  # cell i lies between bars i + 1 and i + 2
            body = body.rstrip() + "  |"
            cut = [match.start() for match in _PIPE.finditer(body)]
        start, end = cut[index + 1] + 1, cut[index + 2]
        self._text[number] = f"{body[:start]} {cell} {body[end:]}" + line[len(line.rstrip("\r\n")) :]

    def bytes(self, *, bom: bool) -> bytes:
        """The file as it is now."""
        return (b"\xef\xbb\xbf" if bom else b"") + "".join(self._text).encode()


def _unknown(key: Change) -> Problem:
    return Problem(
        "form-text-not-found",
        "The form has no question “%(path)s” with a %(column)s. It may have been renamed: export the texts again.",
        place=key[0],
        params={"path": key[0], "column": key[1]},
    )


def _line_break(key: Change) -> Problem:
    return Problem(
        "form-text-line-break",
        "The text of “%(path)s” has a line break, which forms cannot hold here. Write it on one line.",
        place=key[0],
        params={"path": key[0]},
    )
