"""Texts of a service as a PO file, one per language, and back.

The context (msgctxt) is the key of the text, so equal words in two places are two entries. A stale translation is
`fuzzy` with the source it was made of as `previous` where it is known; Weblate and Poedit show that. Reading never
guesses: what is fuzzy, empty, unknown, there twice, or made of another source is reported, not applied over a text.

Source: GNU gettext manual, "The Format of PO Files"; Weblate and Poedit read and write the same.
"""

from __future__ import annotations

import codecs
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Literal, get_args

from babel.messages.catalog import Catalog
from babel.messages.pofile import PoFileError, read_po, write_po

from service_library.texts import SOURCE_LANGUAGE, Background, Entry, check, fingerprint, state
from workflows.errors import InvalidInput
from workflows.problems import Problem

MAX_SIZE: Final = 5_000_000
MAX_ENTRIES: Final = 20_000
TEAMS: Final = {"en": "English", "fr": "French", "es": "Spanish"}
_ENCODINGS: Final = re.compile(r"ascii|utf-(8|8-sig|16|16-le|16-be)|iso8859-\d+|cp125\d|koi8-[ru]")
"""Python's names of encodings that PO files are written in; decoding others (Punycode) may take hours."""
_CHARSET: Final = re.compile(rb'"Content-Type:\s*[^"\\]*charset=([A-Za-z0-9._:-]+)')
_CONTEXT: Final = re.compile(r'^msgctxt\s+((?:"(?:[^"\\\n]|\\.)*"\s*)+)', re.MULTILINE)
_PIECE: Final = re.compile(r'"((?:[^"\\\n]|\\.)*)"')
Outcome = Literal["applied", "unchanged", "empty", "fuzzy", "unknown", "duplicate", "other_source", "refused"]
OUTCOMES: Final[tuple[Outcome, ...]] = get_args(Outcome)


class InvalidPo(InvalidInput):
    """What is no PO file that can be used; `problems` says why."""

    code = "invalid-po"


@dataclass(frozen=True, slots=True)
class Line:
    """What became of an entry of a PO file. before: the translation there was."""

    key: str
    outcome: Outcome
    before: str = ""
    text: str = ""
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class Report:
    """What importing a PO file does. changes: key -> text to be written. lines: every entry, in the file's order."""

    language: str
    changes: Mapping[str, str] = field(default_factory=dict)
    lines: Sequence[Line] = ()
    problems: tuple[Problem, ...] = ()

    def of(self, *outcomes: Outcome) -> list[Line]:
        """The entries of which that became."""
        return [line for line in self.lines if line.outcome in outcomes]


def write(
    entries: Sequence[Entry], language: str, *, name: str, version: str, background: Background, now: datetime,
    template: bool = False,
) -> bytes:  # fmt: skip
    """The texts as a PO file in UTF-8; the same input gives the same bytes. template: without translations (POT).

    name, version: of the service, for the header.
    """
    catalog = Catalog(
        locale=None if template else language, project=name, version=version, charset="utf-8", msgid_bugs_address="-",
        creation_date=now,
        revision_date=now, language_team=TEAMS.get(language, language), fuzzy=False, last_translator="RUN",
        header_comment=f"# Texts of {name} {version}: the context of each is its place and stays the same.",
    )  # fmt: skip
    for entry in entries:
        original = entry.texts.get(SOURCE_LANGUAGE, "")
        if not original:
            continue
        found = state(entry, language, background)
        was = background.base.get(entry.key, {}).get(SOURCE_LANGUAGE, "") if found == "stale" else ""
        catalog.add(
            original, "" if template else entry.texts.get(language, ""), context=entry.key,
            locations=[(f"{'forms' if entry.in_form else 'diagram'}/{entry.place}", 1)],
            auto_comments=_comments(entry, language), flags={"fuzzy"} if found == "stale" and not template else (),
            previous_id=(was,) if was and was != original else (),
        )  # fmt: skip
    out = io.BytesIO()
    write_po(out, catalog, width=0, include_previous=True, include_lineno=False)
    return out.getvalue()


def _comments(entry: Entry, language: str) -> list[str]:
    """What a translator should know: where it stands, how it is shown, what other languages say."""
    kind = "form" if entry.in_form else "element of the diagram"
    told = [f"{kind} {entry.place}, {entry.part}"]
    if entry.format == "markdown":
        told.append("Markdown: keep headings, lists and links.")
    if entry.in_form:
        told.append("On one line; ${name} is filled in by the form.")
    if entry.format == "plain" and not entry.in_form:
        others = (lang for lang in entry.texts if lang not in (SOURCE_LANGUAGE, language))
        told += (f"{lang}: {' '.join(entry.texts[lang].split())[:200]}" for lang in others)
    return told


def read(data: bytes, entries: Sequence[Entry], language: str) -> Report:
    """What a PO file would change in a language; nothing that is there is lost without being told.

    A text is taken over when it was made of the source as it is now, or where there is none yet; fuzzy and empty
    ones are left out. Raises InvalidPo for what is no PO file, or one of another language.
    """
    text = _decoded(data)
    catalog = _parsed(text, language)
    _check_language(catalog, text, language)
    known = {entry.key: entry for entry in entries}
    twice = _twice(text)
    lines: list[Line] = []
    seen: set[str] = set()
    for message in catalog:
        if not message.id:
            continue  # the header
        source = message.id if isinstance(message.id, str) else message.id[0]
        words = message.string if isinstance(message.string, str) else ""
        key = message.context or source[:80]
        if key in seen:
            continue
        seen.add(key)
        if key in twice:
            lines.append(Line(key, "duplicate", text=words))
        elif key not in known:
            lines.append(Line(key, "unknown", text=words))
        else:
            lines.append(
                _line(known[key], language, source, words.replace("\r\n", "\n"), fuzzy=message.fuzzy)
            )
    changes = {line.key: line.text for line in lines if line.outcome == "applied"}
    return Report(language, changes, lines, tuple(p for line in lines for p in line.problems))


def _line(entry: Entry, language: str, source: str, words: str, *, fuzzy: bool) -> Line:
    before = entry.texts.get(language, "")
    if not words.strip():  # names of the diagram may stay in one language
        return Line(entry.key, "unchanged" if entry.is_only_a_name else "empty", before)
    if words == before:
        return Line(entry.key, "unchanged", before, words)
    if fuzzy:
        return Line(entry.key, "fuzzy", before, words)
    original = entry.texts.get(SOURCE_LANGUAGE, "")
    if fingerprint(source) != fingerprint(original):
        return Line(entry.key, "other_source", before, words)
    problems = tuple(check(original, words, place=entry.key, format=entry.format))
    if entry.in_form and "\n" in words:
        problems = (*problems, _line_break(entry.key))
    refused = any(problem.severity == "error" for problem in problems)
    return Line(entry.key, "refused" if refused else "applied", before, words, problems)


def _decoded(data: bytes) -> str:
    """The file's text, in whatever encoding its header, or its first bytes, name."""
    if len(data) > MAX_SIZE:
        raise InvalidPo([_problem_size(len(data))])
    charset = "utf-8"
    for mark, name in (
        (codecs.BOM_UTF8, "utf-8-sig"),
        (codecs.BOM_UTF16_LE, "utf-16"),
        (codecs.BOM_UTF16_BE, "utf-16"),
    ):
        if data.startswith(mark):
            charset = name
            break
    else:
        named = _CHARSET.search(data[:10_000])
        charset = named[1].decode("ascii") if named and named[1] != b"CHARSET" else "utf-8"
    try:
        if not _ENCODINGS.fullmatch(codecs.lookup(charset).name):
            raise LookupError(charset)
        text = data.decode(charset)
    except (LookupError, UnicodeError):
        raise InvalidPo([_problem_encoding(charset)]) from None
    if "\0" in text:
        raise InvalidPo([_problem_encoding(charset)])
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _parsed(text: str, language: str) -> Catalog:
    if text.count("\nmsgid") > MAX_ENTRIES:
        raise InvalidPo([_problem_size(len(text))])
    unified = re.sub(r'("Content-Type:[^"\\]*charset=)[A-Za-z0-9._:-]+', r"\1utf-8", text, count=1)
    try:
        catalog = read_po(io.BytesIO(unified.encode("utf-8", "replace")), abort_invalid=True)
    except PoFileError as error:
        line = getattr(error, "lineno", None)
        raise InvalidPo(
            [_problem_malformed(str(error), f"line {line + 1}" if line is not None else "")]
        ) from None
    except Exception as error:  # noqa: BLE001  (Babel raises anything on a damaged file)
        raise InvalidPo([_problem_malformed(f"{type(error).__name__}: {error}"[:200], "")]) from None
    if not len(catalog):
        raise InvalidPo([_problem_malformed("it has no entries", "")])
    return catalog


def _check_language(catalog: Catalog, text: str, language: str) -> None:
    named = re.search(r'^"Language:\s*([A-Za-z_@-]*)\s*\\n"', text, re.MULTILINE)
    said = (named[1] if named else str(catalog.locale_identifier or "")).replace("_", "-").lower()
    if said and said.split("-")[0].split("@")[0] != language:
        raise InvalidPo(
            [
                Problem(
                    "po-language",
                    "The file says that it is in the language %(said)s; here %(language)s is translated. Choose that "
                    "language, or correct the header of the file.",
                    place="Language",
                    params={"said": said, "language": language},
                )
            ]
        )


def _twice(text: str) -> frozenset[str]:
    """The contexts that more than one entry has; Babel would keep one of them in silence."""
    seen: set[str] = set()
    twice: set[str] = set()
    for context in _contexts(text):
        (twice if context in seen else seen).add(context)
    return frozenset(twice)


def _contexts(text: str) -> Iterator[str]:
    for match in _CONTEXT.finditer(text):
        yield "".join(
            piece[1].replace(r"\"", '"').replace(r"\n", "\n").replace(r"\\", "\\")
            for piece in _PIECE.finditer(match[1])
        )


def _line_break(key: str) -> Problem:
    return Problem(
        "form-text-line-break",
        "The text of “%(path)s” has a line break, which forms cannot hold here. Write it on one line.",
        place=key,
        params={"path": key},
    )


def _problem_size(size: int) -> Problem:
    return Problem(
        "po-too-large",
        "The file has %(size)s bytes or too many entries; at most %(limit)s bytes are read.",
        severity="fatal",
        params={"size": size, "limit": MAX_SIZE},
    )


def _problem_encoding(charset: str) -> Problem:
    return Problem(
        "po-encoding",
        "The file is not written in %(charset)s, as it says. Save it as UTF-8.",
        severity="fatal",
        params={"charset": charset[:40]},
    )


def _problem_malformed(reason: str, place: str) -> Problem:
    return Problem(
        "po-malformed",
        "The file is no PO file that can be read (%(reason)s). Export the texts again and send them back with "
        "translations.",
        place=place,
        severity="fatal",
        params={"reason": reason[:200]},
    )
