"""Prices of a service version to look at: where price lists exist, and with the terms of a place."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pricing.contributions import Contribution, Overhead
from pricing.errors import NotPriceable
from pricing.quotes import Quote
from server.actor import Action, can
from server.demo import world
from server.price_lists import service as price_lists
from server.quotes import service as quotes
from server.regions import service as regions
from server.runtime import Tx
from workflows.problems import Problem

MOST_REGIONS = 3


@dataclass(frozen=True, slots=True)
class Terms:
    """What is added to the direct cost in a place, and what third parties bear beside the task cards."""

    overheads: Sequence[Overhead] = ()
    contributions: Sequence[Contribution] = ()


@dataclass(frozen=True, slots=True)
class RegionPrice:
    """The price of one instance in a region; quote None = prices are missing, named in `problems`."""

    region: regions.RegionRow
    quote: Quote | None
    problems: tuple[Problem, ...]


def terms_of(tx: Tx, region: str) -> Terms:
    """The terms of a region: those of the demonstration in its country, none elsewhere."""
    if tx.settings.demo and regions.region(tx, region).path.startswith(world.COUNTRY_PATH):
        return Terms(world.overheads(), world.contributions())
    return Terms()


def item_names(tx: Tx) -> dict[str, Mapping[str, str]]:
    """The names by language of every item of the price catalogue."""
    return {item.code: item.names for item in price_lists.items(tx)}


def priced_regions(tx: Tx) -> list[regions.RegionRow]:
    """For each approved list, newest first, the region it has most prices of; those the actor may see."""
    found: dict[str, regions.RegionRow] = {}
    known = regions.regions(tx)
    for row in price_lists.price_lists(tx):
        if row.status != "approved":
            continue
        by_region = Counter(price.region_code for price in price_lists.prices_of_list(tx, row.id))
        code = by_region.most_common(1)[0][0]
        found.setdefault(code, known[code])
    return [row for row in found.values() if can(tx.actor, Action.PRICE_READ, regions.place(tx, row.code))]


def in_regions(tx: Tx, version_id: str) -> list[RegionPrice]:
    """What one instance costs today in up to three regions."""
    return [in_region(tx, version_id, row) for row in priced_regions(tx)[:MOST_REGIONS]]


def in_region(tx: Tx, version_id: str, region: regions.RegionRow) -> RegionPrice:
    """What one instance costs today in a region."""
    terms = terms_of(tx, region.code)
    try:
        quote = quotes.calculate(
            tx, version_id=version_id, region=region.code, overheads=terms.overheads,
            contributions=terms.contributions,
        )  # fmt: skip
    except NotPriceable as refused:
        return RegionPrice(region, None, refused.problems)
    return RegionPrice(region, quote, ())
