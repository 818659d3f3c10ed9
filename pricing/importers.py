"""Price lists from CSV and XLSX files as people fill them in, with a report for every cell that is wrong.

All or nothing: when a problem of severity error exists, no row is usable. Headings may be English, French or
Spanish, stand below a banner, and the table may end with a line that states the number of rows. Numbers may
be written 1 234,56 or 1,234.56; what could be read in two ways is asked back instead of guessed.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from fractions import Fraction
from statistics import median
from typing import Any, Final

from pricing.cells import (
    LONGEST,
    amount_of,
    currency_in,
    currency_of,
    day_of,
    decimal_sign,
    heading_currency,
    is_filled,
    normal,
    text_of,
    unit_of,
)
from pricing.price_lists import Item, PriceRow
from pricing.regions import Region, RegionTree
from pricing.tables import MOST_ROWS, Row, Table, read_tables
from pricing.templates import COLUMNS, HEADINGS, MARKED, PROBLEMS_HEADING, template
from pricing.units import Packaging, factor
from workflows.problems import Problem, blocking

__all__ = ["Import", "ImportCounts", "read_price_list", "template"]

MOST_PROBLEMS: Final = 2_000
OUTLIER: Final = 3
_MOST_AMOUNT: Final = 10**15
_SYNONYMS: Final[Mapping[str, str]] = {
    "list": "price list, liste, liste de prix, lista, lista de precios, code liste",
    "region": "place, location, market, market or region, mkt name, marché, mercado, municipality, code region, "
    "région, lieu, commune, localité, región, lugar",
    "item": "item code, code, commodity, cm name, denrée, producto básico, article, code article, artículo, código, "
    "producto, product, produit, ítem",
    "name": "label, description, designation, désignation, libellé, nom, nombre, descripción, etiqueta",
    "unit": "uom, um name, unité, unidad, unit of measure, unité de mesure, unidad de medida",
    "minimum": "min, min price, prix min, prix minimum, precio mínimo, mínimo, low, bas, lowest price",
    "typical": "amount, price, mp price, unit price, typical price, montant, prix, prix unitaire, prix courant, "
    "typique, prix typique, precio, precio unitario, importe, típico, precio típico, mode",
    "maximum": "max, max price, prix max, prix maximum, precio máximo, máximo, high, haut, highest price",
    "currency": "cur name, devise, monnaie, moneda, divisa",
    "valid_from": "valid from, from, since, valable du, valable à partir du, valide du, à partir du, début, "
    "válido desde, desde",
    "valid_to": "valid to, valid until, until, to, valable jusqu'au, valide jusqu'au, jusqu'au, fin, "
    "válido hasta, hasta",
    "quality": "qualité, calidad",
    "source": "origin, source url, mp commoditysource, origine, fuente",
    "observed_on": "observed on, observed, date, date of observation, observé le, relevé le, date du relevé, "
    "observado el, fecha de observación, fecha",
    "observer": "observed by, enumerator, relevé par, observateur, enquêteur, observado por, observador",
}
_COUNT: Final = r"(\d{1,3}(?:[\s,.'’]\d{3})+|\d+)(?![\d,.])"
# "see row 12" refers to a row; what states a number of rows before the number says "rows"
_FOOTER: Final = re.compile(
    rf"\b(?:rows|lines|records|lignes|enregistrements|filas|l[ií]neas|registros)\b\D{{0,40}}{_COUNT}"
    rf"|(?<![\d,.]){_COUNT}\s*(?:rows?|lines?|records?|lignes?|enregistrements?|filas?|l[ií]neas?|registros?)\b",
    re.IGNORECASE,
)
PRICES: Final = ("minimum", "typical", "maximum")
_ONE: Final = Fraction(1)
_REQUIRED: Final = ("region", "item", "typical", "currency", "valid_from")


@dataclass(frozen=True, slots=True)
class ImportCounts:
    """read: rows with content below the header; unpriced: rows left empty; prices: rows understood."""

    read: int = 0
    unpriced: int = 0
    prices: int = 0
    errors: int = 0
    warnings: int = 0


@dataclass(frozen=True, slots=True)
class Import:
    """What a file gave. rows is empty when a problem forbids to use the file: all or nothing."""

    rows: tuple[PriceRow, ...]
    problems: tuple[Problem, ...]
    counts: ImportCounts

    @property
    def usable(self) -> bool:
        return not blocking(self.problems)


def read_price_list(
    data: bytes,
    *,
    filename: str,
    items: Iterable[Item],
    regions: RegionTree,
    packaging: Iterable[Packaging] = (),
    existing: Iterable[PriceRow] = (),
    defaults: Mapping[str, str] | None = None,
    currency: str | None = None,
) -> Import:
    """Read a price list; every mistake is a problem at its cell, none is raised.

    defaults: values for columns or cells that are left out, by column name ("list", "region", "currency",
    "valid_from", ...); without one the list is named after the file and the unit is the item's.
    currency: the only one this list may use, None = any. existing: prices to compare with (outliers).
    """
    tables = price_tables(data)
    if isinstance(tables, Problem):
        return Import((), (tables,), ImportCounts(errors=1))
    reader = _Reader(tables[0], filename, items, regions, packaging, existing, defaults or {}, currency)
    for other in tables[1:]:
        if _has_prices(other.rows):
            reader.problems.append(_other_sheet(tables[0].name, other.name))
    return reader.read()


def price_tables(data: bytes) -> list[Table] | Problem:
    """The tables of a file, first the one that looks most like a price list, or why it cannot be read."""
    found = read_tables(data, lambda rows: _find_header(rows)[1])
    if isinstance(found, Problem):
        return found
    best = sorted(found, key=lambda t: (not _has_prices(t.rows), -_find_header(t.rows)[1]))
    return best or [Table("", ())]


def _has_prices(rows: Sequence[Row]) -> bool:
    header, named = _find_header(rows)
    if not named:
        return False
    column = header_of(rows)[1]["typical"]
    return any(len(row) > column and is_filled(row[column]) for row in rows[header + 1 :])


# --- header -------------------------------------------------------------------------------------------------


def _headings() -> dict[str, str]:
    words = {normal(column): column for column in COLUMNS}
    for column, names in _SYNONYMS.items():
        words.update({normal(name): column for name in names.split(",")})
    for headings in HEADINGS.values():
        words.update({normal(heading): column for column, heading in headings.items()})
    words.update({normal(heading): "problems" for heading in PROBLEMS_HEADING.values()})
    return words


_WORDS: Final = _headings()


def _column_of(cell: object) -> tuple[str, str]:
    """The column a heading names, and the currency it states ("Prix (FCFA)"); both "" when it names none."""
    if not isinstance(cell, str):
        return "", ""
    column = _WORDS.get(normal(cell))
    if column:
        return column, ""
    words, currency = heading_currency(cell)
    column = _WORDS.get(words, "")
    return (column, currency) if column in PRICES else ("", "")


def _find_header(rows: Sequence[Row]) -> tuple[int, int]:
    """Index of the heading row among the first 40, and how many columns it names (0: there is none)."""
    best = (0, 0)
    for index, row in enumerate(rows[:40]):
        named = {_column_of(cell)[0] for cell in row} - {""}
        if len(named) > best[1] and {"item", "typical"} <= named:
            best = (index, len(named))
    return best


def header_of(rows: Sequence[Row]) -> tuple[int, dict[str, int]]:
    """Index of the heading row, and the index of each column it names; the first row when there is none."""
    header, _ = _find_header(rows)
    names = enumerate(_column_of(cell)[0] for cell in rows[header]) if rows else ()
    columns: dict[str, int] = {}
    for index, name in names:
        if name:
            columns.setdefault(name, index)
    return header, columns


def decimal_of_file(table: Table, columns: Mapping[str, int], rows: Iterable[Row]) -> str:
    """The decimal sign of a file, from amounts that can be read in one way only; "" = unknown.

    columns: index of each column. Where no amount proves it, cells divided by ";" mean a comma.
    """
    places = [columns[column] for column in PRICES if column in columns]
    cells = (row[place] for row in rows for place in places if place < len(row))
    found = {decimal_sign(cell) for cell in cells if isinstance(cell, str)} - {""}
    if len(found) == 1:
        return found.pop()
    return "," if not found and table.delimiter == ";" else ""


# --- rows ---------------------------------------------------------------------------------------------------


class _Reader:
    def __init__(
        self,
        table: Table,
        filename: str,
        items: Iterable[Item],
        regions: RegionTree,
        packaging: Iterable[Packaging],
        existing: Iterable[PriceRow],
        defaults: Mapping[str, str],
        currency: str | None,
    ) -> None:
        self.table, self.regions, self.currency = table, regions, currency
        self.defaults = dict(defaults)
        self.list = defaults.get("list") or list_code(filename)
        self.items = {item.code: item for item in items}
        self.item_names = _names({i.code: i.names for i in self.items.values()})
        self.region_names = _names({r.code: r.names for r in regions})
        self.packaging: dict[str, list[Packaging]] = {}
        for package in packaging:
            self.packaging.setdefault(package.item, []).append(package)
        self.existing = tuple(existing)
        self.factors: dict[tuple[str, str], Fraction | None] = {}
        self.absent: set[str] = set()
        """Needed columns that are missing: said once, not in every row."""
        self.chains: dict[str, tuple[Region, ...]] = {}
        self.codes: dict[tuple[str, str], tuple[str, str]] = {}
        self.problems: list[Problem] = []
        self.dropped = 0
        self.columns: dict[str, int] = {}
        self.titles: dict[str, str] = {}
        self.rows: list[PriceRow] = []
        self.decimal = ""
        self.width = self.beside = 0

    def read(self) -> Import:
        header, named = _find_header(self.table.rows)
        if not named:
            self._add(_no_header(self.table.rows))
            return self._result(0, 0)
        self.width = len(self.table.rows[header])
        self.beside = _width(self.table.rows[header])
        self._name_columns(self.table.rows[header])
        body = list(enumerate(self.table.rows[header + 1 :], start=header + 2))
        if len(self.table.rows) > MOST_ROWS:
            self._add(_too_many_rows())
            return self._result(0, 0)
        content, stated = self._cut_footer([(n, r) for n, r in body if any(is_filled(c) for c in r)])
        self.decimal = decimal_of_file(self.table, self.columns, [row for _, row in content])
        unpriced = 0
        headings = [text_of(cell) for cell in self.table.rows[header][: self.beside]]
        repeated = 0
        for number, row in content:
            if self.table.delimiter and len(row) != self.width:
                self._add(_row_shape(number, len(row), self.width))
            elif self._is_unpriced(row):
                unpriced += 1
            elif self._repeats(row, headings):
                repeated += 1
                self._add(_repeated_heading(number))
            else:
                self._row(number, row)
        if stated is not None and stated[1] not in (len(content), len(content) - repeated):
            self._add(_count_mismatch(stated[0], stated[1], len(content)))
        self._check_repetitions()
        self._check_listed()
        self._check_outliers()
        if not content or (unpriced == len(content) and not blocking(self.problems)):
            self._add(_no_prices())
        return self._result(len(content), unpriced)

    def _repeats(self, row: Row, headings: list[str]) -> bool:
        """Whether a row is the headings once more."""
        item = self.columns["item"]
        if item >= len(row) or row[item] != self.titles["item"]:
            return False
        return [text_of(cell) for cell in row[: self.beside]] == headings

    def _result(self, read: int, unpriced: int) -> Import:
        if self.dropped:
            self._add(_more(self.dropped), force=True)
        wrong = blocking(self.problems)
        warnings = sum(p.severity == "warning" for p in self.problems)
        counts = ImportCounts(read, unpriced, len(self.rows), len(wrong), warnings)
        return Import(() if wrong else tuple(self.rows), tuple(self.problems), counts)

    def _name_columns(self, row: Row) -> None:
        for index, cell in enumerate(row):
            column, currency = _column_of(cell)
            if column in self.columns:
                self._add(_column_twice(str(cell), column))
            elif column:
                self.columns[column], self.titles[column] = index, str(cell).strip()
                if currency:
                    self.defaults.setdefault("currency", currency)
            elif is_filled(cell):
                self._add(_column_unknown(str(cell)))
        for column in _REQUIRED:
            if column not in self.columns and not self.defaults.get(column):
                self.absent.add(column)
                self._add(_column_missing(column))

    def _cut_footer(
        self, rows: list[tuple[int, Row]]
    ) -> tuple[list[tuple[int, Row]], tuple[int, int] | None]:
        """Rows up to a line that states their number; what follows it are notes."""
        for place, (number, row) in enumerate(rows):
            cells = [c for c in row if is_filled(c)]
            text = " ".join(text_of(c) for c in cells)
            match = _FOOTER.search(text[:LONGEST]) if len(cells) <= 2 else None
            if match and not self._known_item(row):
                self._check_below(number, rows[place + 1 :])
                digits = re.sub(r"\D", "", match.group(1) or match.group(2))
                return rows[:place], (number, int(digits[:12]))
        return rows, None

    def _check_below(self, footer: int, rows: Sequence[tuple[int, Row]]) -> None:
        """Below the line with the number of rows there may be notes, but no prices that nobody would read."""
        for number, row in rows:
            if self._known_item(row) and not self._is_unpriced(row):
                self._add(_below_footer(number, footer))

    def _known_item(self, row: Row) -> bool:
        text = text_of(self._cell(row, "item"))
        return text in self.items or normal(text) in self.item_names

    def _cell(self, row: Row, column: str) -> Any:  # noqa: ANN401 - what a cell holds
        index = self.columns.get(column)
        value = row[index] if index is not None and index < len(row) else None
        if value is None or value == "" or (type(value) is str and not value.strip()):
            return self.defaults.get(column)
        return value

    def _is_unpriced(self, row: Row) -> bool:
        return not any(is_filled(self._cell(row, column)) for column in PRICES)

    def _row(self, number: int, row: Row) -> None:
        before = self._errors()
        self._check_unnamed(number, row)
        item = self._code(number, row, "item", self.items, self.item_names)
        region = self._code(number, row, "region", self.regions, self.region_names)
        unit, several = self._unit(number, row, self.items.get(item))
        low, typical, high = self._amounts(number, row, several)
        currency = self._currency(number, row)
        since, until = (
            self._date(number, row, "valid_from", required=True),
            self._date(number, row, "valid_to"),
        )
        observed = self._date(number, row, "observed_on")
        if since and until and until < since:
            self._cell_problem(number, "valid_to", until.isoformat(), _ENDS_BEFORE)
        if self._errors() > before or since is None or self.absent:
            return
        self.rows.append(
            PriceRow(
                list=text_of(self._cell(row, "list")) or self.list, row=number, region=region, item=item,
                unit=unit, minimum=low, typical=typical, maximum=high, currency=currency, valid_from=since,
                valid_to=until, quality=text_of(self._cell(row, "quality")),
                source=text_of(self._cell(row, "source")), observed_on=observed,
                observer=text_of(self._cell(row, "observer")),
            )
        )  # fmt: skip

    def _check_unnamed(self, number: int, row: Row) -> None:
        """A number beside the table is a price that slipped (1,500 in a list divided by commas), words are a note."""
        for cell in row[self.beside :]:
            if is_filled(cell) and text_of(cell)[:1].isdigit():
                self._add(_without_heading(number, text_of(cell)))

    def _errors(self) -> int:
        return len(self.problems) + self.dropped

    # --- cells ----------------------------------------------------------------------------------------------

    def _code(
        self,
        number: int,
        row: Row,
        column: str,
        known: Mapping[str, object] | RegionTree,
        names: Mapping[str, str],
    ) -> str:
        if column in self.absent:
            return ""
        text = text_of(self._cell(row, column))
        if text in known:
            return text
        if (column, text) not in self.codes:
            code = names.get(normal(text), "")
            near = "" if code else _nearest(text, names)
            self.codes[column, text] = (code, near)
        code, hint = self.codes[column, text]
        if code:
            return code
        if hint:
            unknown = _UNKNOWN_ITEM if column == "item" else _UNKNOWN_REGION
            self._cell_problem(number, column, text, unknown, hint=hint)
        else:
            self._cell_problem(number, column, text, _NO_ITEM if column == "item" else _NO_REGION)
        return ""

    def _unit(self, number: int, row: Row, item: Item | None) -> tuple[str, Fraction]:
        """The unit of a price, and how many of it the price is of ("5 KG")."""
        text = text_of(self._cell(row, "unit"))
        if not text:
            return (item.unit if item else ""), _ONE
        found = unit_of(text)
        if found is None:
            self._cell_problem(number, "unit", text, _UNKNOWN_UNIT)
            return "", _ONE
        if item is not None and self._factor(item, found[0]) is None:
            self._cell_problem(number, "unit", text, _NOT_CONVERTIBLE, item_unit=item.unit)
        return found

    def _factor(self, item: Item, unit: str) -> Fraction | None:
        """How many of an item's own units one `unit` is."""
        if unit == item.unit:
            return _ONE
        key = (item.code, unit)
        if key not in self.factors:
            self.factors[key] = factor(unit, item.unit, self.packaging.get(item.code, ()))
        return self.factors[key]

    def _amounts(self, number: int, row: Row, several: Fraction) -> tuple[Fraction, Fraction, Fraction]:
        found: dict[str, Fraction] = {}
        for column in PRICES:
            value = self._cell(row, column)
            if is_filled(value):
                amount = self._amount(number, column, value)
                if amount is not None:
                    found[column] = amount if several == 1 else amount / several
            elif column == "typical" and column not in self.absent:
                self._cell_problem(number, column, "", _MISSING_VALUE)
        typical = found.get("typical", Fraction(0))
        low, high = found.get("minimum", typical), found.get("maximum", typical)
        if "typical" in found and not low <= typical <= high:
            column = "minimum" if low > typical else "maximum"
            text = text_of(self._cell(row, column))
            self._cell_problem(number, column, text, _RANGE_ORDER)
        return low, typical, high

    def _amount(self, number: int, column: str, value: Any) -> Fraction | None:  # noqa: ANN401
        amount = amount_of(value, self.decimal)
        if isinstance(amount, str):
            wrong = _AMBIGUOUS if amount == "ambiguous-number" else _NOT_A_NUMBER
            self._cell_problem(number, column, text_of(value), wrong)
            return None
        if amount < 0:
            self._cell_problem(number, column, text_of(value), _NEGATIVE)
            return None
        if amount > _MOST_AMOUNT:
            self._cell_problem(number, column, text_of(value), _NOT_A_NUMBER)
            return None
        return amount

    def _currency(self, number: int, row: Row) -> str:
        text = text_of(self._cell(row, "currency"))
        code = currency_of(text)
        if "currency" in self.absent:
            return code
        if not code:
            self._cell_problem(number, "currency", text, _UNKNOWN_CURRENCY)
        elif self.currency is not None and code != self.currency:
            self._cell_problem(number, "currency", text, _OTHER_CURRENCY, currency=self.currency)
        for column in PRICES:
            value = self._cell(row, column)
            written = currency_in(value)
            if written and written != code:
                self._cell_problem(number, column, text_of(value), _OTHER_CURRENCY, currency=code or text)
        return code

    def _date(self, number: int, row: Row, column: str, *, required: bool = False) -> date | None:
        value = self._cell(row, column)
        if not is_filled(value):
            if required and column not in self.absent:
                self._cell_problem(number, column, "", _MISSING_VALUE)
            return None
        day = day_of(value, since_1904=self.table.since_1904)
        if day is None:
            self._cell_problem(number, column, text_of(value), _BAD_DATE)
        return day

    # --- the list as a whole --------------------------------------------------------------------------------

    def _check_repetitions(self) -> None:
        by_key: dict[tuple[str, str, str], list[PriceRow]] = {}
        for row in self.rows:
            by_key.setdefault((row.list, row.region, row.item), []).append(row)
        for rows in by_key.values():
            rows.sort(key=lambda r: (r.valid_from, r.row))
            latest = rows[0]
            for row in rows[1:]:
                if row.valid_from == latest.valid_from:
                    self._cell_problem(row.row, "item", row.item, _DUPLICATE, first=latest.row)
                elif latest.valid_to is None or row.valid_from <= latest.valid_to:
                    day = row.valid_from.isoformat()
                    self._cell_problem(row.row, "valid_from", day, _OVERLAP, first=latest.row)
                latest = max(latest, row, key=lambda r: r.valid_to or date.max)

    def _check_listed(self) -> None:
        """A price that begins on the same day as one that counts already: only one of them can be used."""
        listed = {(row.region, row.item, row.valid_from): row for row in self.existing}
        for row in self.rows:
            other = listed.get((row.region, row.item, row.valid_from))
            if other is not None:
                since = row.valid_from.isoformat()
                self._cell_problem(
                    row.row, "valid_from", since, _LISTED, list=other.list, listed_row=other.row
                )

    def _check_outliers(self) -> None:
        """Far from what the item cost here in the last list, or from the middle of what it costs above."""
        known: dict[tuple[str, str, str], list[tuple[PriceRow, float]]] = {}
        for row in (*self.existing, *self.rows):
            price = self._per_item_unit(row)
            if price is not None:
                known.setdefault((row.item, row.region, row.currency), []).append((row, price))
        listed = {id(row) for row in self.existing}
        for row in self.rows:
            price = self._per_item_unit(row)
            here, *above = (known.get((row.item, p.code, row.currency), ()) for p in self._chain(row.region))
            last = max((both for both in here if id(both[0]) in listed), key=_by_age, default=None)
            others = [p for level in above for _, p in level]
            usual = last[1] if last else median(others) if others else 0.0
            if price is None or not usual or usual / OUTLIER <= price <= usual * OUTLIER:
                continue
            listed_units = price / float(row.typical) if row.typical else 1.0
            problem = _OUTLIER_LAST if last else _OUTLIER_PRICE
            text = f"{usual / listed_units:.6g}"
            self._cell_problem(row.row, "typical", f"{float(row.typical):.10g}", problem, usual=text)

    def _chain(self, region: str) -> tuple[Region, ...]:
        if region not in self.chains:
            self.chains[region] = self.regions.chain(region)
        return self.chains[region]

    def _per_item_unit(self, row: PriceRow) -> float | None:
        """The price of one of the item's own units, roughly: it only has to show what is far away."""
        item = self.items.get(row.item)
        units = self._factor(item, row.unit) if item else None
        return None if units is None else float(row.typical) / float(units)

    # --- problems -------------------------------------------------------------------------------------------

    def _cell_problem(self, row: int, column: str, value: str, problem: Problem, **more: object) -> None:
        params = {"row": row, "column": self.titles.get(column, column), "value": value[:100], **more}
        self._add(replace(problem, place=f"row {row}, column {column}", params=params))

    def _add(self, problem: Problem, *, force: bool = False) -> None:
        if len(self.problems) >= MOST_PROBLEMS and not force:
            self.dropped += 1
        else:
            self.problems.append(problem)


def _width(heading: Row) -> int:
    """Columns up to the last with a heading; that of a report does not count."""
    named = (i for i, c in enumerate(heading) if is_filled(c) and _column_of(c)[0] != "problems")
    return max(named, default=-1) + 1


def list_code(filename: str) -> str:
    """A file's name without its ending, and without what a marked workbook adds to it."""
    stem = re.sub(r"\.[^.]*$", "", re.split(r"[/\\]", filename)[-1])
    for word in MARKED.values():
        stem = re.sub(rf"-{re.escape(word)}(?: ?\(\d{{1,3}}\))?$", "", stem)
    return stem or "list"


def _names(texts: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
    """Code by normalised code or name; a name that means two things means nothing."""
    found: dict[str, str] = {}
    twice: set[str] = set()
    for code, names in texts.items():
        for name in {normal(n) for n in names.values()}:
            if name in found and found[name] != code:
                twice.add(name)
            found[name] = code
    for name in twice:
        del found[name]
    found.update({normal(code): code for code in texts})
    return found


def _nearest(text: str, names: Mapping[str, str]) -> str:
    """The code whose name is most like a text that nothing is called; "" when none is."""
    near = difflib.get_close_matches(normal(text)[:60], list(names)[:3000], 1, 0.7) if text else []
    return names.get(near[0], "") if near else ""


# --- problems of a cell: place and params are filled in where they occur ------------------------------------

_UNKNOWN_ITEM: Final = Problem(
    "unknown-item",
    "%(value)s is not an item we know. Did you mean %(hint)s? Use the code of the template.",
)
_UNKNOWN_REGION: Final = Problem(
    "unknown-region",
    "%(value)s is not a region we know, or there are several. Did you mean %(hint)s?",
)
_NO_ITEM: Final = Problem(
    "unknown-item", "“%(value)s” is not an item we know. Use a code of the template, written out."
)
_NO_REGION: Final = Problem(
    "unknown-region", "“%(value)s” is not a region we know. Use a code or a name from the list of regions."
)
_UNKNOWN_UNIT: Final = Problem(
    "unknown-unit",
    "%(value)s is not a unit we know. Use a UNECE code such as KGM, LTR, KMT, DAY or C62.",
)
_NOT_CONVERTIBLE: Final = Problem(
    "unit-not-convertible",
    "The unit %(value)s does not convert to %(item_unit)s, the unit of the item. "
    "Use that unit, or define how much one %(value)s holds.",
)
_NOT_A_NUMBER: Final = Problem(
    "not-a-number",
    "%(value)s is not a number. Write only the amount, for instance 1500 or 12,50.",
)
_AMBIGUOUS: Final = Problem(
    "ambiguous-number",
    "%(value)s can be read in two ways. Write it without a separator of thousands.",
)
_NEGATIVE: Final = Problem(
    "negative",
    "The price %(value)s is negative. Write a price of zero or more.",
)
_MISSING_VALUE: Final = Problem(
    "missing-value",
    "The column %(column)s is empty here. Fill it in.",
)
_RANGE_ORDER: Final = Problem(
    "range-order",
    "The %(column)s %(value)s does not fit: minimum, typical and maximum must rise.",
)
_UNKNOWN_CURRENCY: Final = Problem(
    "unknown-currency",
    "%(value)s is not a currency of ISO 4217. Use a code such as XOF or EUR.",
)
_OTHER_CURRENCY: Final = Problem(
    "currency-mismatch",
    "%(value)s is not in %(currency)s. Use one currency, or correct the column.",
)
_BAD_DATE: Final = Problem(
    "bad-date",
    "%(value)s is not a date. Write it as 2026-12-31 or 31/12/2026.",
)
_ENDS_BEFORE: Final = Problem(
    "bad-date",
    "The price ends on %(value)s, before it begins. Correct one of the two dates.",
)
_DUPLICATE: Final = Problem(
    "duplicate",
    "%(value)s has the same region and first day as in row %(first)s. Remove one of the rows.",
)
_OVERLAP: Final = Problem(
    "overlap",
    "From %(value)s on, row %(first)s gives a price too. End that one the day before.",
)
_LISTED: Final = Problem(
    "listed-already",
    "%(list)s, row %(listed_row)s, has a price from %(value)s on too, and only one of them can count. Let this "
    "one begin later, or have that list retired.",
    severity="warning",
)
_OUTLIER_PRICE: Final = Problem(
    "outlier",
    "The price %(value)s is far from the usual %(usual)s. Check it, and the unit.",
    severity="warning",
)
_OUTLIER_LAST: Final = Problem(
    "outlier",
    "The price %(value)s is far from %(usual)s, the price in the last list. Check it, and the unit.",
    severity="warning",
)


def _by_age(known: tuple[PriceRow, float]) -> tuple[date, int]:
    return known[0].valid_from, known[0].row


def _no_header(rows: Sequence[Row]) -> Problem:
    """Says what the fullest of the first rows has, so that a stranger sees what was taken for headings."""
    fullest = max(rows[:40], key=lambda row: sum(is_filled(c) for c in row), default=())
    seen = ", ".join(text_of(cell)[:30] for cell in fullest if is_filled(cell))
    return Problem(
        "no-header",
        "No row names the columns item and price. The first rows have: %(seen)s. Rename two of them, or use the "
        "template.",
        severity="fatal",
        params={"seen": seen[:300]},
    )


def _no_prices() -> Problem:
    return Problem("no-prices", "The file has no price. Fill in the amounts and send it again.")


def _too_many_rows() -> Problem:
    return Problem(
        "too-many-rows",
        "The table has more than %(most)s rows. Divide the file.",
        severity="fatal",
        params={"most": MOST_ROWS},
    )


def _column_missing(column: str) -> Problem:
    return Problem(
        "missing-column",
        "The column %(column)s is missing. Add it.",
        place=f"column {column}",
        params={"column": column},
    )


def _column_twice(title: str, column: str) -> Problem:
    return Problem(
        "duplicate-column",
        "The column %(title)s stands for %(column)s, which another column gives already. Remove one.",
        place=f"column {column}",
        params={"title": title[:100], "column": column},
    )


def _column_unknown(title: str) -> Problem:
    return Problem(
        "unknown-column",
        "The column %(title)s is not known and was not read.",
        place=f"column {title[:100]}",
        severity="info",
        params={"title": title[:100]},
    )


def _row_shape(number: int, cells: int, columns: int) -> Problem:
    return Problem(
        "row-shape",
        "The row has %(cells)s cells instead of %(columns)s. Check quotation marks and separators.",
        place=f"row {number}",
        params={"row": number, "cells": cells, "columns": columns},
    )


def _count_mismatch(number: int, stated: int, found: int) -> Problem:
    return Problem(
        "count-mismatch",
        "The last line states %(stated)s rows, but the file has %(found)s. Send the complete file.",
        place=f"row {number}",
        params={"row": number, "stated": stated, "found": found},
    )


def _below_footer(number: int, footer: int) -> Problem:
    return Problem(
        "below-footer",
        "This price stands below row %(footer)s, which ends the table with its number of rows. Move it above.",
        place=f"row {number}",
        params={"row": number, "footer": footer},
    )


def _other_sheet(name: str, other: str) -> Problem:
    return Problem(
        "other-sheet",
        "Only the sheet %(name)s is read, but %(other)s holds prices too. Put all prices into one sheet, and "
        "hide or remove the others.",
        params={"name": name[:100], "other": other[:100]},
    )


def _repeated_heading(number: int) -> Problem:
    return Problem(
        "repeated-heading",
        "This row repeats the headings and was not read.",
        place=f"row {number}",
        severity="info",
        params={"row": number},
    )


def _without_heading(number: int, value: str) -> Problem:
    return Problem(
        "without-heading",
        "%(value)s stands in a column without a heading. Give the column a heading, or empty the cell.",
        place=f"row {number}",
        params={"row": number, "value": value[:100]},
    )


def _more(count: int) -> Problem:
    return Problem(
        "more-problems",
        "There are %(count)s more problems. Correct the first ones and send the file again.",
        params={"count": count},
    )
