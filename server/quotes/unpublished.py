"""What a diagram that is being drawn costs in several places: as far as it can be said already.

While an expert writes, prices, quantities and arrows are often missing. A line without a price does not hide the
others: it is left out, named, and the rest is priced as if it cost nothing; only a diagram whose ways make no
sense has no price. The numbers are those that the published version will have: the same draws, the same seed.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Final

from pricing.errors import NotPriceable
from pricing.price_lists import PriceBook
from pricing.quantities import read_parameters
from pricing.quotes import Basis, Quote
from pricing.service_costs import CardLine, ServiceCosts, compile_service
from server.price_lists import service as price_lists
from server.quotes import service as quotes
from server.quotes import terms
from server.regions import service as regions
from server.runtime import Tx
from workflows.definitions.model import Definition, Node
from workflows.problems import Problem

MISSING_PRICE: Final = "missing-price"


@dataclass(frozen=True, slots=True)
class UnpublishedPrice:
    """The price of one instance in a region.

    quote: None where the diagram cannot be priced at all, `problems` says why. missing: what has no price
    there; then the quote is of the rest. problems: what else is wrong with the costs.
    """

    region: regions.RegionRow
    quote: Quote | None
    missing: tuple[Problem, ...] = ()
    problems: tuple[Problem, ...] = ()


def in_regions(
    tx: Tx, definition: Definition, codes: Sequence[str], *, draws: int = quotes.DRAWS
) -> list[UnpublishedPrice]:
    """What one instance of a diagram costs in several regions today. Raises NotFound, Forbidden."""
    costs, rows = compile_service(definition), [regions.region(tx, code) for code in codes]
    # asked at every pause of typing: prices and terms are looked up once for all places
    agreed = terms.terms_of_regions(tx, [row.code for row in rows], tx.now.date())
    today = _Today(price_lists.price_book(tx), agreed, draws)
    return [_in_region(tx, costs, row, today) for row in rows]


@dataclass(frozen=True, slots=True)
class _Today:
    """What counts today: the approved prices, the terms by region; and how much is simulated."""

    book: PriceBook
    terms: Mapping[str, terms.Terms]
    draws: int


def _in_region(tx: Tx, costs: ServiceCosts, region: regions.RegionRow, today: _Today) -> UnpublishedPrice:
    try:
        return UnpublishedPrice(region, _quote(tx, costs, region, today))
    except NotPriceable as refused:
        missing = tuple(p for p in refused.problems if p.code == MISSING_PRICE)
        others = tuple(p for p in refused.problems if p.code != MISSING_PRICE)
    rest = _without(costs, missing)
    try:
        quote = None if rest is None else _quote(tx, rest, region, today)
    except NotPriceable:
        quote = None
    return UnpublishedPrice(region, quote, missing, others)


def _quote(tx: Tx, costs: ServiceCosts, region: regions.RegionRow, today: _Today) -> Quote:
    basis: Basis = "p80" if today.draws else "expected"
    agreed = today.terms[region.code]
    return quotes.price_of(
        tx, costs, region=region.code, draws=today.draws, basis=basis, book=today.book,
        contributions=agreed.contributions, overheads=agreed.overheads,
    )  # fmt: skip


def _without(costs: ServiceCosts, missing: Collection[Problem]) -> ServiceCosts | None:
    """The costs without the lines that have no price or no quantity; None when there is no such line."""
    unpriced = {(p.place, str(p.params["item"]), str(p.params["unit"])) for p in missing}
    values, _ = read_parameters(costs.definition.service.parameters, {})
    amounts = costs.quantities(values)
    dropped = {
        (line.task, line.kind, line.id)
        for line, amount in zip(costs.lines, amounts, strict=True)
        if not isinstance(amount, Fraction) or _key(line) in unpriced
    }
    return compile_service(_pruned(costs.definition, dropped)) if dropped else None


def _key(line: CardLine) -> tuple[str, str, str]:
    return line.task, line.item, line.unit


def _pruned(definition: Definition, dropped: Collection[tuple[str, str, str]]) -> Definition:
    def node(each: Node) -> Node:
        card = each.task
        if card is None:
            return each
        kept = tuple(e for e in card.expenses if (each.id, "expense", e.id) not in dropped)
        work = None if (each.id, "honorarium", "honorarium") in dropped else card.honorarium
        return replace(each, task=replace(card, expenses=kept, honorarium=work))

    return replace(
        definition,
        nodes={id_: node(each) for id_, each in definition.nodes.items()},
        processes={id_: _pruned(each, dropped) for id_, each in definition.processes.items()},
    )
