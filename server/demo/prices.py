"""The demonstration's items, places and prices as values, for commands that need no database."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Final

from pricing.importers import Import, read_price_list
from pricing.price_lists import ExchangeRate, Item, PriceBook, PriceRow
from pricing.regions import Region, RegionTree
from pricing.units import Packaging
from server.demo import world
from workflows.errors import InvalidInput
from workflows.problems import blocking

LISTS: Final = ("price_list_benin.xlsx", "price_list_copargo.xlsx", "price_list_alfter.xlsx")


def items() -> list[Item]:
    """The price catalogue."""
    return [Item(r["code"], r["unit"], r["category"], world.names(r)) for r in world.table("items.csv")]


def packagings() -> list[Packaging]:
    """What packages of items hold."""
    return [
        Packaging(r["item"], r["unit"], r["base"], Fraction(r["factor"]))
        for r in world.table("item_units.csv")
    ]


def regions() -> RegionTree:
    """The places, from the countries to the villages of Copargo."""
    return RegionTree(
        Region(r["code"], r["parent"] or None, r["level"], world.names(r)) for r in world.table("regions.csv")
    )


def rates() -> list[ExchangeRate]:
    """The exchange rates."""
    return [
        ExchangeRate(
            r["base"], r["counter"], Fraction(Decimal(r["rate"])), date.fromisoformat(r["valid_from"]), None,
            r["source"],
        )
        for r in world.table("exchange_rates.csv")
    ]  # fmt: skip


def currency(places: RegionTree, region: str) -> str:
    """The currency of a place, "" when nobody knows it. Raises UnknownRegion."""
    return {"BJ": "XOF", "DE": "EUR"}.get(places.chain(region)[-1].code, "")


def read(name: str, data: bytes) -> Import:
    """A price list, checked against the demonstration's items and places."""
    return read_price_list(data, filename=name, items=items(), regions=regions(), packaging=packagings())


def book(lists: Sequence[tuple[str, bytes]] = ()) -> PriceBook:
    """The prices of some lists (name, content), those of the demonstration without any.

    Raises InvalidInput with the problems of a list that cannot be used.
    """
    rows: list[PriceRow] = []
    for name, data in lists or [(name, world.file(name)) for name in LISTS]:
        found = read(name, data)
        if blocking(found.problems):
            raise InvalidInput(blocking(found.problems))
        rows += found.rows
    return PriceBook(rows, regions(), items(), packagings(), rates(), world.MINIMUM_WAGES)
