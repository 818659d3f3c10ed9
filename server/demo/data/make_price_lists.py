"""Write the demonstration price lists (XLSX) from prices.csv.

The spreadsheets look as coordinators fill them in: a title above the table, one of them with French headings.
prices.csv is the source; after a change run `python server/demo/data/make_price_lists.py` and commit both.
The same prices.csv gives the same cells; a test compares them.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import xlsxwriter

HERE = Path(__file__).parent
COLUMNS = (
    "list", "region", "item", "unit", "min", "typical", "max", "currency",
    "valid_from", "valid_to", "quality", "source", "observed_on",
)  # fmt: skip
AMOUNTS = {"min", "typical", "max"}
DATES = {"valid_from", "valid_to", "observed_on"}
WIDTHS = (22, 26, 16, 7, 11, 11, 11, 10, 12, 12, 14, 40, 13)


@dataclass(frozen=True, slots=True)
class Sheet:
    """How one file is dressed: lines above the table, headings in the order of COLUMNS, sheet name."""

    banner: tuple[str, ...]
    headings: tuple[str, ...]
    name: str


SHEETS = {
    "price_list_benin.xlsx": Sheet(
        (
            "Benin and department of Donga: price list 2026",
            "Illustrative prices for the demonstration, not an official list.",
        ),
        (
            "List", "Region", "Item", "Unit", "Min", "Typical", "Max", "Currency",
            "Valid from", "Valid to", "Quality", "Source", "Observed on",
        ),
        "Prices",
    ),
    "price_list_copargo.xlsx": Sheet(
        (
            "Commune de Copargo : liste de prix 2026",
            "Prix illustratifs pour la démonstration. Sans prix ici, celui du pays vaut.",
        ),
        (
            "Liste", "Région", "Article", "Unité", "Minimum", "Prix courant", "Maximum", "Devise",
            "Valable du", "Valable jusqu'au", "Qualité", "Source", "Observé le",
        ),
        "Prix",
    ),
    "price_list_alfter.xlsx": Sheet(
        (
            "Alfter: price list 2026",
            "Illustrative prices for the demonstration. One price is missing on purpose: CRIER.",
        ),
        (
            "List", "Region", "Item", "Unit", "Min", "Typical", "Max", "Currency",
            "Valid from", "Valid to", "Quality", "Source", "Observed on",
        ),
        "Prices",
    ),
}  # fmt: skip


def read_prices() -> dict[str, list[dict[str, str]]]:
    """The rows of prices.csv by file, in their order."""
    rows: dict[str, list[dict[str, str]]] = {name: [] for name in SHEETS}
    with (HERE / "prices.csv").open(encoding="utf-8", newline="") as source:
        for row in csv.DictReader(source):
            rows[row["file"]].append(row)
    return rows


def write_sheet(path: Path, sheet: Sheet, rows: Sequence[dict[str, str]]) -> None:
    """One spreadsheet: banner, an empty line, headings, one line per price."""
    with xlsxwriter.Workbook(path) as book:
        book.set_properties({"created": datetime(2026, 1, 1, tzinfo=UTC), "author": "RUN demonstration"})
        page = book.add_worksheet(sheet.name)
        title = book.add_format({"bold": True, "font_size": 14})
        heading = book.add_format({"bold": True, "bg_color": "#E8EEF4", "bottom": 1})
        day = book.add_format({"num_format": "yyyy-mm-dd"})
        for number, line in enumerate(sheet.banner):
            page.write_string(number, 0, line, title if number == 0 else None)
        first = len(sheet.banner) + 1
        for column, text in enumerate(sheet.headings):
            page.write_string(first, column, text, heading)
            page.set_column(column, column, WIDTHS[column])
        page.freeze_panes(first + 1, 0)
        for number, row in enumerate(rows, first + 1):
            for column, name in enumerate(COLUMNS):
                text = row[name]
                if not text:
                    continue
                if name in AMOUNTS:
                    page.write_number(number, column, Decimal(text))
                elif name in DATES:
                    page.write_datetime(number, column, date.fromisoformat(text), day)
                else:
                    page.write_string(number, column, text)


def main(folder: Path = HERE) -> None:
    """Write all price lists into `folder`."""
    rows = read_prices()
    for name, sheet in SHEETS.items():
        write_sheet(folder / name, sheet, rows[name])


if __name__ == "__main__":
    main()
