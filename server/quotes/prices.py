"""Prices of a service version to look at: where price lists exist, and with the terms of a place."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from pricing.errors import NotPriceable
from pricing.quotes import Quote
from server.actor import Action, can
from server.adoptions.service import ServiceAdoptionRow
from server.price_lists import service as price_lists
from server.quotes import service as quotes
from server.quotes import terms
from server.regions import service as regions
from server.runtime import Tx
from workflows.problems import Problem

MOST_REGIONS = 3


@dataclass(frozen=True, slots=True)
class RegionPrice:
    """The price of one instance in a region; quote None = prices are missing, named in `problems`."""

    region: regions.RegionRow
    quote: Quote | None
    problems: tuple[Problem, ...]


def terms_of(tx: Tx, region: str) -> terms.Terms:
    """The terms in force in a region today."""
    return terms.terms_in_force(tx, region, tx.now.date())


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


def in_regions(
    tx: Tx, version_id: str, codes: Sequence[str] | None = None, *, on: date | None = None,
    parameters: Mapping[str, Decimal] | None = None, instances: int = 1, draws: int = quotes.DRAWS,
) -> list[RegionPrice]:  # fmt: skip
    """What a service costs in several regions, side by side, each under its own terms.

    codes: None = up to three regions that have prices of their own. draws: 0 leaves the simulation out.
    """
    chosen = None if codes is None else [regions.region(tx, code) for code in codes]
    return [
        in_region(tx, version_id, row, on=on, parameters=parameters, instances=instances, draws=draws)
        for row in chosen or priced_regions(tx)[:MOST_REGIONS]
    ]


def in_region(
    tx: Tx, version_id: str, region: regions.RegionRow, *, on: date | None = None,
    parameters: Mapping[str, Decimal] | None = None, instances: int = 1, draws: int = quotes.DRAWS,
    adoption: ServiceAdoptionRow | None = None,
) -> RegionPrice:  # fmt: skip
    """What a service costs in a region, today without `on`, under the terms in force there.

    adoption: None = the one in force there.
    """
    try:
        quote = quotes.calculate(
            tx, version_id=version_id, region=region.code, on=on, parameters=parameters, instances=instances,
            draws=draws, basis="p80" if draws else "expected", adoption=adoption,
        )  # fmt: skip
    except NotPriceable as refused:
        return RegionPrice(region, None, refused.problems)
    return RegionPrice(region, quote, ())
