"""Quotes: building one from approved prices, and accepting it, which commits the fund's money.

A price is asked under the terms of its region (`server.quotes.terms`) unless others are given. A quote never
changes: asking again makes the next number, which names the one it replaces.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Final

from sqlalchemy import select

from pricing.compare import QuoteDifference, compare_quotes
from pricing.contributions import Contribution, Overhead
from pricing.explanations import Explanation, explain
from pricing.matrix import Matrix, compile_catalogue, price_matrix
from pricing.money import Money
from pricing.price_lists import PriceBook
from pricing.project_quotes import Component, ProjectQuote, build_project_quote
from pricing.quotes import Basis, Due, Quote, build_quote, quote_drivers
from pricing.service_costs import ServiceCosts, compile_service
from pricing.simulate import Driver, check_amount
from server.actor import Action, require
from server.adoptions import service as adoptions
from server.catalogue import service as catalogue
from server.errors import NotFound, ServerError, WrongState
from server.journal import service as journal
from server.journal.service import Event
from server.ledger import service as ledger
from server.price_lists import service as price_lists
from server.quotes import terms as terms_of_prices
from server.quotes.models import (
    ProjectQuoteRow as ProjectQuoteRow,
)
from server.quotes.models import (
    QuoteRow as QuoteRow,
)
from server.regions import service as regions
from server.runtime import Tx

VALID_DAYS = 30
MOST_DAYS_AHEAD = 31
DEFAULT_SEED = 20_261_121
"""Of the simulation; part of the quote, so that anybody can repeat it."""
DRAWS = 10_000
_KEPT_SERVICES: Final = 512
_COSTS: Final[OrderedDict[str, ServiceCosts]] = OrderedDict()
"""What service versions charge, by the digest of the version, which never changes."""


class NoInstances(ServerError):
    code = "no-instances"
    message = "Say for how many villages the price is: at least one."


class TooFarAhead(ServerError):
    code = "too-far-ahead"
    message = "A price is given for a day until %(last)s at the latest: later prices are not known yet."


def service_costs(tx: Tx, version_id: str) -> ServiceCosts:
    """What a version charges, compiled once per process. Raises NotFound."""
    digest = catalogue.version(tx, version_id).digest
    found = _COSTS.get(digest)
    if found is None:
        found = _COSTS[digest] = compile_service(catalogue.package(tx, version_id).definition)
        while len(_COSTS) > _KEPT_SERVICES:
            _COSTS.popitem(last=False)
    return found


def calculate(
    tx: Tx, *, version_id: str, region: str, instances: int = 1, on: date | None = None,
    parameters: Mapping[str, Decimal] | None = None, contributions: Sequence[Contribution] | None = None,
    overheads: Sequence[Overhead] | None = None, fund: str = "", basis: Basis = "p80", draws: int = DRAWS,
    seed: int = DEFAULT_SEED, previous: Quote | None = None, adoption: adoptions.ServiceAdoptionRow | None = None,
) -> Quote:  # fmt: skip
    """What `instances` of a service version cost in a region on a day; stores nothing.

    on: whose prices count, at most 31 days ahead; the offer holds 30 days from the day it is made.
    contributions, overheads: None = those in force in the region that day, agreed with `fund` or with any.
    Where the region has adopted the version, the price list and the rates of its overlay count; with `adoption`,
    those of that one, as if it were in force.
    draws: of the simulation; 0 (with a basis other than p80) answers in milliseconds, for what-if sliders.
    Raises NoInstances, TooFarAhead, and pricing.errors.NotPriceable with every price that is missing.
    """
    adopted = adoption or adoptions.in_force(tx, version_id, region)
    agreed = None if adopted is None else _rates_of(tx, adopted, fund)
    if agreed is not None:
        contributions = agreed.contributions if contributions is None else contributions
        overheads = agreed.overheads if overheads is None else overheads
    return price_of(
        tx, service_costs(tx, version_id), region=region, instances=instances, on=on, parameters=parameters,
        contributions=contributions, overheads=overheads, fund=fund, basis=basis, draws=draws, seed=seed,
        previous=previous, digest=catalogue.version(tx, version_id).digest, book=_book_of(tx, adopted),
    )  # fmt: skip


def _rates_of(tx: Tx, adopted: adoptions.ServiceAdoptionRow, fund: str) -> terms_of_prices.Terms | None:
    """The rates that the adopting region named, while they are approved and agreed with this fund or any."""
    if adopted.terms_id is None:
        return None
    row = terms_of_prices.terms_row(tx, adopted.terms_id)
    counts = row.status == "approved" and row.fund in ("", fund)
    return terms_of_prices.content(tx, row.id) if counts else None


def _book_of(tx: Tx, adopted: adoptions.ServiceAdoptionRow | None) -> PriceBook | None:
    """The prices that count under an adoption; None = all approved ones."""
    if adopted is None or not adopted.price_list:
        return None
    return price_lists.book_with(tx, adopted.region_code, adopted.price_list)


def adoption_of(tx: Tx, quote_id: str) -> str | None:
    """Id of the adoption that a quote was made under; None where the region had adopted nothing. Raises NotFound."""
    known = tx.session.info.setdefault("adoptions of quotes", {})
    if quote_id not in known:
        known[quote_id] = quote_row(tx, quote_id).adoption_id
    found: str | None = known[quote_id]
    return found


def language_of(tx: Tx, quote_id: str) -> str:
    """The language in which the region that a quote is for has adopted the service; "" = it has not adopted it."""
    adopted = adoption_of(tx, quote_id)
    return adoptions.adoption(tx, adopted).language if adopted else ""


def price_of(
    tx: Tx, costs: ServiceCosts, *, region: str, instances: int = 1, on: date | None = None,
    parameters: Mapping[str, Decimal] | None = None, contributions: Sequence[Contribution] | None = None,
    overheads: Sequence[Overhead] | None = None, fund: str = "", basis: Basis = "p80", draws: int = DRAWS,
    seed: int = DEFAULT_SEED, previous: Quote | None = None, digest: str = "", book: PriceBook | None = None,
) -> Quote:  # fmt: skip
    """What `calculate` says of a published version, of any compiled diagram: of a draft, for example.

    digest: of the version, "" for what is not published. book: None = all approved prices.
    """
    require(tx.actor, Action.PRICE_READ, regions.place(tx, region))
    if instances < 1:
        raise NoInstances
    day = _day(tx, on)
    if contributions is None or overheads is None:
        agreed = terms_of_prices.terms_in_force(tx, region, day, fund)
        contributions = agreed.contributions if contributions is None else contributions
        overheads = agreed.overheads if overheads is None else overheads
    return build_quote(
        costs, book or price_lists.price_book(tx), region=region, on=day,
        parameters=dict(parameters or {}), contributions=tuple(contributions), overheads=tuple(overheads),
        basis=basis, count=instances, seed=seed, draws=draws, currency=regions.currency(tx, region),
        service_version_digest=digest,
        valid_until=tx.now.date() + timedelta(days=VALID_DAYS), previous=previous,
    )  # fmt: skip


def _day(tx: Tx, on: date | None) -> date:
    last = tx.now.date() + timedelta(days=MOST_DAYS_AHEAD)
    if on is not None and on > last:
        raise TooFarAhead(last=last.isoformat())
    return on or tx.now.date()


def make_quote(
    tx: Tx, *, version_id: str, region: str, instances: int, project_id: str | None = None,
    on: date | None = None, parameters: Mapping[str, Decimal] | None = None,
    contributions: Sequence[Contribution] | None = None, overheads: Sequence[Overhead] | None = None,
    fund: str = "", basis: Basis = "p80", seed: int = DEFAULT_SEED,
) -> QuoteRow:  # fmt: skip
    """Offer a price for `instances` of a service version in a region; see `calculate`. Raises NotPriceable."""
    require(tx.actor, Action.QUOTE_MAKE, regions.place(tx, region))
    catalogue.usable_version(tx, version_id)
    quote = calculate(
        tx, version_id=version_id, region=region, instances=instances, on=on, parameters=parameters,
        contributions=contributions, overheads=overheads, fund=fund, basis=basis, seed=seed,
    )  # fmt: skip
    return _keep(tx, quote, version_id, project_id)


@dataclass(frozen=True, slots=True)
class Requote:
    """A quote asked for again, and what changed since."""

    row: QuoteRow
    before: Quote
    after: Quote
    difference: QuoteDifference


def requote(
    tx: Tx, quote_id: str, *, on: date | None = None, parameters: Mapping[str, Decimal] | None = None,
    fund: str = "",
) -> Requote:  # fmt: skip
    """Offer the same again at the prices and terms of another day, today's without `on`; the old one is superseded.

    parameters: None = those of the old quote. Raises NotFound, WrongState (accepted, or superseded already),
    NotPriceable, and pricing.errors.CurrencyMismatch when the region's currency has changed.
    """
    row = tx.session.get(QuoteRow, quote_id, with_for_update=True, populate_existing=True)
    if row is None:
        raise NotFound(what="quote", key=quote_id)
    require(tx.actor, Action.QUOTE_MAKE, regions.place(tx, row.region_code))
    if row.status != "offered":
        raise WrongState(what="quote", state=row.status)
    catalogue.usable_version(tx, row.service_version_id)
    before = _parsed(row.snapshot)
    after = calculate(
        tx, version_id=row.service_version_id, region=row.region_code, instances=row.instances, on=on,
        parameters=_decimals(before) if parameters is None else parameters, fund=fund, basis=before.basis,
        seed=before.risk.seed if before.risk else DEFAULT_SEED, previous=before,
    )  # fmt: skip
    difference = compare_quotes(before, after)
    row.status = "superseded"
    made = _keep(tx, after, row.service_version_id, row.project_id, replaces=quote_id)
    return Requote(made, before, after, difference)


def difference(tx: Tx, quote_id: str) -> QuoteDifference | None:
    """What changed from the quote that this one replaces; None for a first quote. Raises NotFound."""
    row = quote_row(tx, quote_id)
    if row.replaces is None:
        return None
    return compare_quotes(quote(tx, row.replaces), _parsed(row.snapshot))


def explanation(tx: Tx, quote_id: str, number: str) -> Explanation:
    """How a number of a quote came about; `number` as `pricing.explanations.explain` takes it. Raises NotFound."""
    row = quote_row(tx, quote_id)
    require(tx.actor, Action.PRICE_READ, regions.place(tx, row.region_code))
    try:
        return explain(_parsed(row.snapshot), number)
    except KeyError:
        raise NotFound(what="number of the quote", key=number) from None


def drivers(tx: Tx, version_id: str, value: Quote) -> tuple[Driver, ...]:
    """Which prices and ways the spread of a quote comes from, the greatest first. Raises NotFound."""
    return quote_drivers(service_costs(tx, version_id), value)


def replaced_by(tx: Tx, quote_id: str) -> QuoteRow | None:
    """The quote that took this one's place; None when none did."""
    return tx.session.scalar(
        select(QuoteRow).where(QuoteRow.replaces == quote_id).order_by(QuoteRow.id.desc()).limit(1)
    )


def catalogue_prices(
    tx: Tx, *, version_ids: Sequence[str], region_codes: Sequence[str], on: date | None = None, fund: str = "",
) -> Matrix:  # fmt: skip
    """What one instance of each version costs in each region, with the percentage overheads in force there.

    The keys of the matrix are the ids of the versions. Before contributions and contingency; equal to
    `Quote.catalogue_minor` of the quotes, also where a region has adopted a version with prices or rates of its
    own. Raises NotFound, TooFarAhead.
    """
    day = _day(tx, on)
    for code in region_codes:
        require(tx.actor, Action.PRICE_READ, regions.place(tx, code))
    agreed = terms_of_prices.terms_of_regions(tx, region_codes, day, fund)
    services = compile_catalogue({id_: service_costs(tx, id_) for id_ in version_ids})
    currencies = {code: regions.currency(tx, code) for code in region_codes}
    overheads = {code: terms.overheads for code, terms in agreed.items()}
    found = price_matrix(
        services, price_lists.price_book(tx), list(region_codes), on=day, currencies=currencies, overheads=overheads
    )  # fmt: skip
    others = []
    for (version_id, _), (adopted, codes) in _overlaid(tx, version_ids, region_codes).items():
        own, book = _rates_of(tx, adopted, fund), _book_of(tx, adopted)
        others.append(
            price_matrix(
                compile_catalogue({version_id: service_costs(tx, version_id)}), book or price_lists.price_book(tx),
                codes, on=day, currencies=currencies,
                overheads=overheads if own is None else dict.fromkeys(codes, own.overheads),
            )
        )  # fmt: skip
    return found.with_cells(others) if others else found


def _overlaid(
    tx: Tx, version_ids: Sequence[str], region_codes: Sequence[str]
) -> dict[tuple[str, str], tuple[adoptions.ServiceAdoptionRow, list[str]]]:
    """The regions in which an overlay's prices or rates count, by version and adoption."""
    found: dict[tuple[str, str], tuple[adoptions.ServiceAdoptionRow, list[str]]] = {}
    for (version_id, code), adopted in adoptions.in_force_in(tx, version_ids, region_codes).items():
        if adopted.price_list or adopted.terms_id:
            found.setdefault((version_id, adopted.id), (adopted, []))[1].append(code)
    return found


@dataclass(frozen=True, slots=True)
class PlannedService:
    """A service of a project to be priced. key: how the others name it in `after`. See `project_quotes`."""

    key: str
    version_id: str
    instances: int
    duration_days: int
    after: tuple[str, ...] = ()
    lag_days: int = 0
    parameters: Mapping[str, Decimal] | None = None
    region: str = ""
    """"" = the project's."""


def calculate_project(
    tx: Tx, *, name: str, region: str, starts_on: date, services: Sequence[PlannedService],
    on: date | None = None, fund: str = "", basis: Basis = "p80", seed: int = DEFAULT_SEED,
) -> ProjectQuote:  # fmt: skip
    """What several services cost together, month by month and party by party; stores nothing.

    Each under what its region has adopted, as a quote of its own would be. Raises NotPriceable with what is wrong
    with every one of them, NoInstances, TooFarAhead, NotFound.
    """
    day, places = _day(tx, on), {service.region or region for service in services} | {region}
    for code in sorted(places):
        require(tx.actor, Action.PRICE_READ, regions.place(tx, code))
    if any(service.instances < 1 for service in services):
        raise NoInstances
    agreed = terms_of_prices.terms_of_regions(tx, sorted(places), day, fund)
    components = []
    for s in services:
        under = adoptions.in_force(tx, s.version_id, s.region or region)
        own = None if under is None else _rates_of(tx, under, fund)
        terms = own or agreed[s.region or region]
        components.append(
            Component(
                key=s.key, service=service_costs(tx, s.version_id), region=s.region or region, count=s.instances,
                duration_days=s.duration_days, after=s.after, lag_days=s.lag_days,
                parameters=dict(s.parameters or {}), contributions=terms.contributions,
                overheads=terms.overheads, service_version_digest=catalogue.version(tx, s.version_id).digest,
                price_book=_book_of(tx, under),
            )
        )  # fmt: skip
    return build_project_quote(
        components, price_lists.price_book(tx), name=name, starts_on=starts_on, on=day, basis=basis, seed=seed,
        currency=regions.currency(tx, region), draws=DRAWS,
        valid_until=tx.now.date() + timedelta(days=VALID_DAYS),
    )  # fmt: skip


def make_project_quote(
    tx: Tx, *, name: str, region: str, starts_on: date, services: Sequence[PlannedService],
    on: date | None = None, fund: str = "", basis: Basis = "p80", seed: int = DEFAULT_SEED,
) -> ProjectQuoteRow:  # fmt: skip
    """Keep the price of several services together; see `calculate_project`."""
    require(tx.actor, Action.QUOTE_MAKE, regions.place(tx, region))
    for planned in services:
        catalogue.usable_version(tx, planned.version_id)
    made = calculate_project(
        tx, name=name, region=region, starts_on=starts_on, services=services, on=on, fund=fund, basis=basis,
        seed=seed,
    )  # fmt: skip
    check_amount(made.charged_minor)
    row = ProjectQuoteRow(
        id=tx.new_id(), name=name, region_code=region, currency=made.currency, charged_minor=made.charged_minor,
        fund_minor=made.fund_minor, snapshot=made.canonical(), digest=made.digest(), made_at=tx.now,
        made_by=tx.actor.user_id,
    )  # fmt: skip
    tx.session.add(row)
    tx.session.flush()
    adopted = (adoptions.in_force(tx, s.version_id, s.region or region) for s in services)
    ids = sorted({each.id for each in adopted if each is not None})
    under = {"adoptions": ids} if ids else {}
    journal.record(
        tx, Event.PROJECT_QUOTED, row.id, region=region,
        public={"digest": row.digest, "charged": row.charged_minor, "currency": row.currency, **under},
    )  # fmt: skip
    return row


def project_quote_row(tx: Tx, project_quote_id: str) -> ProjectQuoteRow:
    """Raises NotFound."""
    row = tx.session.get(ProjectQuoteRow, project_quote_id)
    if row is None:
        raise NotFound(what="project quote", key=project_quote_id)
    return row


def project_quote(tx: Tx, project_quote_id: str) -> ProjectQuote:
    """The project quote as the core's value. Raises NotFound."""
    return ProjectQuote.from_json(project_quote_row(tx, project_quote_id).snapshot)


def project_quotes(tx: Tx, limit: int = 50) -> list[ProjectQuoteRow]:
    """Project quotes, newest first."""
    return list(tx.session.scalars(select(ProjectQuoteRow).order_by(ProjectQuoteRow.id.desc()).limit(limit)))


def _keep(
    tx: Tx, quote: Quote, version_id: str, project_id: str | None, *, replaces: str | None = None
) -> QuoteRow:
    check_amount(quote.charged_minor)
    valid_until = quote.valid_until or quote.on
    adopted = adoptions.in_force(tx, version_id, quote.region)
    row = QuoteRow(
        id=tx.new_id(), service_version_id=version_id, region_code=quote.region, project_id=project_id,
        currency=quote.currency, instances=quote.count, number=quote.number, replaces=replaces,
        charged_minor=quote.charged_minor,
        fund_minor=quote.fund_minor, snapshot=quote.canonical(), digest=quote.digest(),
        valid_until=valid_until, made_at=tx.now, made_by=tx.actor.user_id,
        adoption_id=adopted.id if adopted else None,
    )  # fmt: skip
    tx.session.add(row)
    tx.session.flush()
    under = {"adoption": adopted.id} if adopted else {}
    journal.record(
        tx, Event.QUOTE_MADE, row.id, region=quote.region,
        public={"digest": row.digest, "charged": row.charged_minor, "currency": row.currency, **under},
    )  # fmt: skip
    return row


def quote_row(tx: Tx, quote_id: str) -> QuoteRow:
    """Raises NotFound."""
    row = tx.session.get(QuoteRow, quote_id)
    if row is None:
        raise NotFound(what="quote", key=quote_id)
    return row


def quote(tx: Tx, quote_id: str) -> Quote:
    """The quote as the core's value. Raises NotFound."""
    return _parsed(quote_row(tx, quote_id).snapshot)


def parameters(tx: Tx, quote_id: str) -> dict[str, Decimal]:
    """The numbers the quote was made for ("households"), as the engine takes them."""
    return _decimals(quote(tx, quote_id))


def _decimals(value: Quote) -> dict[str, Decimal]:
    return {name: Decimal(n.numerator) / Decimal(n.denominator) for name, n in value.parameters.items()}


@lru_cache(maxsize=64)
def _parsed(snapshot: bytes) -> Quote:
    return Quote.from_json(snapshot)


def quotes(tx: Tx, limit: int = 50) -> list[QuoteRow]:
    """Quotes, newest first."""
    return list(tx.session.scalars(select(QuoteRow).order_by(QuoteRow.id.desc()).limit(limit)))


def offers_of_project(tx: Tx, project_id: str) -> list[QuoteRow]:
    """The project's quotes that may still be accepted, newest first."""
    return list(
        tx.session.scalars(
            select(QuoteRow)
            .where(
                QuoteRow.project_id == project_id, QuoteRow.status == "offered",
                QuoteRow.valid_until >= tx.now.date(),
            )
            .order_by(QuoteRow.id.desc())
        )
    )  # fmt: skip


def accept(tx: Tx, quote_id: str, *, fund: str, project: str) -> QuoteRow:
    """Accept an offered quote: the fund's share is committed to the project, or nothing happens.

    project: id of the project the money is reserved for. Raises Unfunded, WrongState (accepted already,
    expired).
    """
    row = tx.session.get(QuoteRow, quote_id, with_for_update=True)
    if row is None:
        raise NotFound(what="quote", key=quote_id)
    require(tx.actor, Action.QUOTE_ACCEPT, regions.place(tx, row.region_code))
    if row.status != "offered":
        raise WrongState(what="quote", state=row.status)
    if row.valid_until < tx.now.date():
        raise WrongState(what="quote", state="expired")
    catalogue.usable_version(tx, row.service_version_id)
    value = _parsed(row.snapshot)
    contingency = Money(value.contingency_minor, row.currency)
    ledger.commit_money(
        tx, quote_id=quote_id, fund=fund, project=project,
        amount=Money(row.fund_minor, row.currency) - contingency, contingency=contingency,
    )  # fmt: skip
    row.status, row.accepted_at, row.accepted_by = "accepted", tx.now, tx.actor.user_id
    tx.session.flush()
    journal.record(
        tx, Event.QUOTE_ACCEPTED, quote_id, region=row.region_code,
        public={"digest": row.digest, "committed": row.fund_minor, "currency": row.currency},
    )  # fmt: skip
    return row


def owed(tx: Tx, quote_id: str, node_id: str, *, round_: int = 1, sent_back: int = 0) -> Due:
    """What a delivery owes when it is accepted, as the accepted quote promised.

    round_: which execution of the task in its instance it is; the first also bears what is paid once.
    sent_back: how often it was sent back; what that pays depends on the task's rework policy.
    """
    return quote(tx, quote_id).tasks[node_id].owed(first=round_ == 1, sent_back=sent_back)
