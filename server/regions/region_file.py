"""Regions from a CSV file: how the places of a country come into an installation.

One region a line: code, parent, level, name_en, name_fr, name_es, currency, latitude, longitude, illustrative. The
first three and one name are needed. A country (no parent) has the two letters of ISO 3166-1, and its currency.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Final

from pricing.errors import UnknownCurrency
from pricing.money import minor_digits
from server.actor import Action, Object, require
from server.journal import service as journal
from server.journal.service import Event
from server.regions import service as regions
from server.regions.service import NewRegion
from server.runtime import Tx
from workflows.errors import InvalidInput
from workflows.problems import Problem, blocking

MOST_REGIONS: Final = 200_000
COLUMNS: Final = (
    "code", "parent", "level", "name_en", "name_fr", "name_es", "currency", "latitude", "longitude", "illustrative",
)  # fmt: skip
_NEEDED: Final = ("code", "parent", "level")
_CODE: Final = re.compile(r"[A-Z0-9][A-Z0-9._-]{0,79}")
_COUNTRY: Final = re.compile(r"[A-Z]{2}")
_LEVEL: Final = re.compile(r"[a-z][a-z0-9_-]{0,39}")
_BOUNDS: Final = {"latitude": 90, "longitude": 180}


@dataclass(frozen=True, slots=True)
class RegionFile:
    """What a file says. regions: parents first, only those that are not known yet; known: how many are."""

    regions: tuple[NewRegion, ...]
    known: int
    problems: tuple[Problem, ...]


def check_regions(tx: Tx, data: bytes) -> RegionFile:
    """Read a file and say everything that is wrong with it, by line; nothing is stored."""
    rows, problems = _read(data)
    there = regions.regions(tx)
    found: dict[str, tuple[int, NewRegion]] = {}
    for line, row in rows:
        region = _region(row)
        problems += _wrong(line, row, region)
        if region.code in found:
            problems.append(
                _problem("region-twice", "%(code)s stands in the file twice.", line, "code", region)
            )
        found[region.code] = (line, region)
    problems += [
        _problem("unknown-parent", "%(code)s lies in %(parent)s, which is neither in the file nor known.",
                 line, "parent", region)
        for line, region in found.values()
        if region.parent is not None and region.parent not in found and region.parent not in there
    ]  # fmt: skip
    problems += [
        _problem("region-differs", "%(code)s is known with other facts. It stays as it is.", line, "code", region,
                 severity="warning")
        for line, region in found.values()
        if region.code in there and _differs(region, there[region.code])
    ]  # fmt: skip
    ordered = _parents_first({code: region for code, (_, region) in found.items()})
    problems += [
        _problem("region-circle", "%(code)s lies in itself, by way of its parents.", line, "parent", region)
        for code, (line, region) in found.items()
        if code not in ordered
    ]
    new = tuple(found[code][1] for code in ordered if code not in there)
    return RegionFile(new, len(found.keys() & there.keys()), tuple(problems))


def import_regions(tx: Tx, data: bytes) -> RegionFile:
    """Add the regions of a file that are not known yet: all of them or none. Raises InvalidInput, Forbidden."""
    require(tx.actor, Action.REGION_EDIT)
    found = check_regions(tx, data)
    if blocking(found.problems):
        raise InvalidInput(blocking(found.problems))
    paths = {code: row.path for code, row in regions.regions(tx).items()}
    for region in found.regions:
        paths[region.code] = paths.get(region.parent or "", "") + region.code + "/"
        require(tx.actor, Action.REGION_EDIT, Object(region_path=paths[region.code]))
    regions.add_regions(tx, list(found.regions))
    journal.record_all(
        tx,
        [
            journal.Entry(Event.REGION_ADDED, region.code, region=region.code, public={"level": region.level})
            for region in found.regions
        ],
    )
    return found


def _read(data: bytes) -> tuple[list[tuple[int, dict[str, str]]], list[Problem]]:
    """The rows with their lines, each with every column."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return [], [
            Problem("not-utf-8", "The file is not text in UTF-8. Save it as CSV in UTF-8.", severity="fatal")
        ]
    head = text.partition("\n")[0]
    reader = csv.DictReader(
        io.StringIO(text, newline=""), delimiter=";" if head.count(";") > head.count(",") else ","
    )
    rows: list[tuple[int, dict[str, str]]] = []
    try:
        titles = [title.strip() for title in reader.fieldnames or ()]
        missing = [name for name in _NEEDED if name not in titles]
        if missing or len(set(titles)) < len(titles):
            return [], [
                Problem(
                    "columns", "The first line must name the columns %(names)s, each once.", "line 1", "fatal",
                    {"names": ", ".join(COLUMNS)},
                )
            ]  # fmt: skip
        reader.fieldnames = titles
        for row in reader:
            if len(rows) == MOST_REGIONS:
                return [], [
                    Problem(
                        "too-many-regions", "The file has more than %(most)s regions. Split it.", "", "fatal",
                        {"most": MOST_REGIONS},
                    )
                ]  # fmt: skip
            rows.append((reader.line_num, {name: (row.get(name) or "").strip() for name in COLUMNS}))
    except csv.Error:
        line = f"line {reader.line_num}"
        return [], [Problem("not-csv", "The file cannot be read as CSV from here on.", line, "fatal")]
    return rows, []


def _region(row: Mapping[str, str]) -> NewRegion:
    names = {language: row[f"name_{language}"] for language in ("en", "fr", "es") if row[f"name_{language}"]}
    return NewRegion(
        code=row["code"], parent=row["parent"] or None, level=row["level"], names=names,
        currency=row["currency"] or None, latitude=row["latitude"] or None, longitude=row["longitude"] or None,
        illustrative=row["illustrative"] == "yes",
    )  # fmt: skip


def _wrong(line: int, row: Mapping[str, str], region: NewRegion) -> list[Problem]:
    found = []
    if not _CODE.fullmatch(region.code) or (region.parent is None and not _COUNTRY.fullmatch(region.code)):
        words = (
            "A code is of capitals, digits, point, dash and underscore; that of a country is of two letters."
        )
        found.append(_problem("region-code", words, line, "code", region))
    if not _LEVEL.fullmatch(region.level):
        words = "A level is one word in small letters, such as country, department, commune or village."
        found.append(_problem("region-level", words, line, "level", region))
    if not region.names or any(len(name) > 200 or not name.isprintable() for name in region.names.values()):
        words = "%(code)s needs a name in English, French or Spanish, of at most 200 characters."
        found.append(_problem("region-name", words, line, "name", region))
    if not _is_currency(region):
        words = "A country needs the currency it is paid in, by its code of ISO 4217, such as XOF."
        found.append(_problem("region-currency", words, line, "currency", region))
    for name, most in _BOUNDS.items():
        if row[name] and not _is_degrees(row[name], most):
            words = "A latitude and a longitude are decimal degrees with a point, such as 9.84."
            found.append(_problem("region-coordinates", words, line, name, region))
    if row["illustrative"] not in ("", "yes", "no"):
        words = "Write yes where a place is made up, else no."
        found.append(_problem("region-illustrative", words, line, "illustrative", region))
    return found


def _is_currency(region: NewRegion) -> bool:
    if region.currency is None:
        return region.parent is not None
    try:
        minor_digits(region.currency)
    except UnknownCurrency:
        return False
    return True


def _is_degrees(text: str, most: int) -> bool:
    try:
        value = Decimal(text)
    except InvalidOperation:
        return False
    return value.is_finite() and abs(value) <= most and len(text) <= 20


def _differs(region: NewRegion, row: regions.RegionRow) -> bool:
    told = (region.parent, region.level, dict(region.names), region.currency)
    return told != (row.parent_code, row.level, dict(row.names), row.currency)


def _parents_first(found: Mapping[str, NewRegion]) -> dict[str, None]:
    """The codes, each after its parent; those in a circle of parents are left out."""
    ordered: dict[str, None] = {}
    for code in found:
        walked: dict[str, None] = {}
        step: str | None = code
        while step is not None and step in found and step not in ordered and step not in walked:
            walked[step] = None
            step = found[step].parent
        if step is None or step not in walked:
            ordered.update(dict.fromkeys(reversed(walked)))
    return ordered


def _problem(
    code: str, message: str, line: int, column: str, region: NewRegion, severity: str = "error"
) -> Problem:
    shown = {"code": region.code[:80], "parent": (region.parent or "")[:80]}
    place = f"line {line}, {column}"
    return Problem(code, message, place, "warning" if severity == "warning" else "error", shown)
