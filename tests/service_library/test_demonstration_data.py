"""The demonstration's places and prices are whole: every shipped service can be priced in Copargo."""

from __future__ import annotations

import csv
import importlib.util
import sys
from collections import Counter
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from types import ModuleType

import pytest
from python_calamine import CalamineWorkbook

import server
from pricing.importers import read_price_list
from pricing.price_lists import ExchangeRate, Item, MissingPrice, PriceBook, PriceRow, Resolved
from pricing.quotes import build_quote
from pricing.regions import Region, RegionTree
from pricing.units import Packaging
from service_library.library import available, load
from workflows.definitions.model import LANGUAGES

FOLDER = Path(server.__file__).parent / "demo" / "data"
TODAY = date(2026, 11, 21)


def rows(name: str) -> list[dict[str, str]]:
    with (FOLDER / name).open(encoding="utf-8", newline="") as source:
        return list(csv.DictReader(source))


def names(row: dict[str, str]) -> dict[str, str]:
    return {language: row[f"name_{language}"] for language in LANGUAGES}


def regions() -> RegionTree:
    return RegionTree(
        Region(row["code"], row["parent"] or None, row["level"], names(row)) for row in rows("regions.csv")
    )


def price_row(number: int, row: dict[str, str]) -> PriceRow:
    return PriceRow(
        list=row["list"],
        row=number,
        region=row["region"],
        item=row["item"],
        unit=row["unit"],
        minimum=Fraction(row["min"]),
        typical=Fraction(row["typical"]),
        maximum=Fraction(row["max"]),
        currency=row["currency"],
        valid_from=date.fromisoformat(row["valid_from"]),
        valid_to=date.fromisoformat(row["valid_to"]),
        quality=row["quality"],
    )


def price_book() -> PriceBook:
    return PriceBook(
        (price_row(number, row) for number, row in enumerate(rows("prices.csv"), start=2)),
        regions(),
        [Item(row["code"], row["unit"], row["category"], names(row)) for row in rows("items.csv")],
        [
            Packaging(row["item"], row["unit"], row["base"], Fraction(row["factor"]))
            for row in rows("item_units.csv")
        ],
        [
            ExchangeRate(
                row["base"], row["counter"], Fraction(row["rate"]), date.fromisoformat(row["valid_from"])
            )
            for row in rows("exchange_rates.csv")
        ],
    )


def needed() -> Iterator[tuple[str, str]]:
    """(item, unit) of all expenses and honoraria of all shipped services."""
    for code, versions in available():
        for version in versions:
            for node in load(code, version).definition.tasks():
                assert node.task is not None
                assert node.task.honorarium is not None
                yield node.task.honorarium.item, node.task.honorarium.unit
                yield from ((expense.item, expense.unit) for expense in node.task.expenses)


def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_price_lists", FOLDER / "make_price_lists.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["make_price_lists"] = module
    spec.loader.exec_module(module)
    return module


def cells(path: Path) -> list[list[object]]:
    return CalamineWorkbook.from_path(path).get_sheet_by_index(0).to_python()


def test_copargo_has_46_villages_in_its_arrondissements() -> None:
    tree = regions()
    arrondissements = tree.children("BJ-DO-COPARGO")
    assert [each.level for each in arrondissements] == ["arrondissement"] * 4
    villages = [village for each in arrondissements for village in tree.children(each.code)]
    assert len(villages) == 46
    assert len({village.names["en"] for village in villages}) == 46


def test_only_villages_are_made_up_and_all_of_them_are_marked() -> None:
    for row in rows("regions.csv"):
        assert (row["illustrative"] == "yes") == (row["level"] == "village")
        assert bool(row["latitude"]) == (row["level"] == "village")


def test_alfter_lies_in_its_district_state_and_country() -> None:
    chain = [region.code for region in regions().chain("DE-NW-ALF")]
    assert chain == ["DE-NW-ALF", "DE-NW-RSK", "DE-NW", "DE"]


def test_every_skill_of_a_service_has_its_honorarium_among_the_items() -> None:
    items = {row["code"] for row in rows("items.csv")}
    skills = {row["code"]: row["item"] for row in rows("skills.csv")}
    assert set(skills.values()) <= items
    used = {
        node.task.skill
        for code, versions in available()
        for version in versions
        for node in load(code, version).definition.tasks()
        if node.task is not None
    }
    assert used <= set(skills)


def test_every_item_of_a_service_has_a_price_in_every_village() -> None:
    book = price_book()
    villages = [region.code for region in book.regions if region.level == "village"]
    missing = {
        outcome.problem().text()
        for item, unit in set(needed())
        for village in villages
        if isinstance(outcome := book.resolve(item, unit, village, TODAY, "XOF"), MissingPrice)
    }
    assert missing == set()


def test_prices_are_found_on_every_level_from_arrondissement_to_country() -> None:
    book = price_book()
    found = [book.resolve(i, u, "BJ-DO-COPARGO-PABEGOU-01", TODAY, "XOF") for i, u in sorted(set(needed()))]
    levels = {each.level for each in found if isinstance(each, Resolved)}
    assert levels == {"arrondissement", "commune", "department", "country"}


def test_exactly_the_village_crier_has_no_price_in_alfter() -> None:
    book = price_book()
    missing = {
        item
        for item, unit in needed()
        if isinstance(book.resolve(item, unit, "DE-NW-ALF", TODAY, "EUR"), MissingPrice)
    }
    assert missing == {"CRIER"}


def test_prices_lie_between_lowest_and_highest_and_say_what_they_are_worth() -> None:
    for row in rows("prices.csv"):
        low, typical, high = (Decimal(row[name]) for name in ("min", "typical", "max"))
        assert 0 < low <= typical <= high
        assert row["quality"] == "illustrative" or (row["quality"] == "public" and row["source"])
        assert row["currency"] != "XOF" or typical == int(typical)


def test_no_price_of_a_place_stands_twice_for_one_day() -> None:
    starts = Counter((row["region"], row["item"], row["valid_from"]) for row in rows("prices.csv"))
    assert max(starts.values()) == 1


@pytest.mark.parametrize(
    ("name", "first_heading"),
    [
        ("price_list_benin.xlsx", "List"),
        ("price_list_copargo.xlsx", "Liste"),
        ("price_list_alfter.xlsx", "List"),
    ],
)
def test_the_spreadsheets_hold_the_prices_of_the_table(name: str, first_heading: str) -> None:
    page = cells(FOLDER / name)
    assert page[3][0] == first_heading
    expected = [row for row in rows("prices.csv") if row["file"] == name]
    assert len(page) == 4 + len(expected)
    for line, row in zip(page[4:], expected, strict=True):
        assert [line[0], line[1], line[2], line[3], line[7]] == [
            row[column] for column in ("list", "region", "item", "unit", "currency")
        ]
        assert [Decimal(str(line[column])) for column in (4, 5, 6)] == [
            Decimal(row[column]) for column in ("min", "typical", "max")
        ]
        assert [line[8], line[9]] == [date.fromisoformat(row[c]) for c in ("valid_from", "valid_to")]


@pytest.mark.parametrize(
    "name", ["price_list_benin.xlsx", "price_list_copargo.xlsx", "price_list_alfter.xlsx"]
)
def test_the_importer_reads_every_spreadsheet_without_a_remark(name: str) -> None:
    book = price_book()
    found = read_price_list(
        (FOLDER / name).read_bytes(), filename=name, items=book.items.values(), regions=book.regions
    )
    assert [problem.as_json() for problem in found.problems] == []
    expected = [
        (row["list"], row["item"], row["typical"]) for row in rows("prices.csv") if row["file"] == name
    ]
    assert [(row.list, row.item, row.typical) for row in found.rows] == [
        (list_, item, Fraction(typical)) for list_, item, typical in expected
    ]


def test_the_script_writes_the_spreadsheets_again(tmp_path: Path) -> None:
    script().main(tmp_path)
    for path in sorted(tmp_path.iterdir()):
        assert cells(path) == cells(FOLDER / path.name)
    assert len(list(tmp_path.iterdir())) == 3


@pytest.mark.parametrize(("code", "versions"), available())
def test_every_version_has_a_price_in_copargo(code: str, versions: tuple[str, ...]) -> None:
    book = price_book()
    quotes = [
        build_quote(
            load(code, version).definition, book, region="BJ-DO-COPARGO-SINGRE-03", on=TODAY, currency="XOF"
        )
        for version in versions
    ]
    totals = [quote.charged_minor for quote in quotes]
    assert all(total > 0 for total in totals)
    assert totals == sorted(totals, reverse=True)
