"""Quotes: building one from approved prices, and accepting it, which commits the fund's money."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from functools import lru_cache

from sqlalchemy import select

from pricing.contributions import Contribution, Overhead
from pricing.money import Money
from pricing.quotes import Due, Quote, build_quote
from server.actor import Action, require
from server.catalogue import service as catalogue
from server.errors import NotFound, ServerError, WrongState
from server.journal import service as journal
from server.journal.service import Event
from server.ledger import service as ledger
from server.price_lists import service as price_lists
from server.quotes.models import (
    QuoteRow as QuoteRow,
)
from server.regions import service as regions
from server.runtime import Tx

VALID_DAYS = 30
MOST_DAYS_AHEAD = 31
DEFAULT_SEED = 20_261_121
"""Of the simulation; part of the quote, so that anybody can repeat it."""


class NoInstances(ServerError):
    code = "no-instances"
    message = "Say for how many villages the price is: at least one."


class TooFarAhead(ServerError):
    code = "too-far-ahead"
    message = "A price is given for a day until %(last)s at the latest: later prices are not known yet."


def calculate(
    tx: Tx, *, version_id: str, region: str, instances: int = 1, on: date | None = None,
    parameters: Mapping[str, Decimal] | None = None, contributions: Sequence[Contribution] = (),
    overheads: Sequence[Overhead] = (), seed: int = DEFAULT_SEED,
) -> Quote:  # fmt: skip
    """What `instances` of a service version cost in a region on a day; stores nothing.

    on: whose prices count, at most 31 days ahead; the offer holds 30 days from the day it is made. Raises
    NoInstances, TooFarAhead, and pricing.errors.NotPriceable with every price that is missing.
    """
    require(tx.actor, Action.PRICE_READ, regions.place(tx, region))
    if instances < 1:
        raise NoInstances
    last = tx.now.date() + timedelta(days=MOST_DAYS_AHEAD)
    if on is not None and on > last:
        raise TooFarAhead(last=last.isoformat())
    package = catalogue.package(tx, version_id)
    day = on or tx.now.date()
    return build_quote(
        package.definition, price_lists.price_book(tx), region=region, on=day,
        parameters=dict(parameters or {}), contributions=tuple(contributions), overheads=tuple(overheads),
        count=instances, seed=seed, currency=regions.currency(tx, region),
        service_version_digest=catalogue.version(tx, version_id).digest,
        valid_until=tx.now.date() + timedelta(days=VALID_DAYS),
    )  # fmt: skip


def make_quote(
    tx: Tx, *, version_id: str, region: str, instances: int, project_id: str | None = None,
    on: date | None = None, parameters: Mapping[str, Decimal] | None = None,
    contributions: Sequence[Contribution] = (), overheads: Sequence[Overhead] = (), seed: int = DEFAULT_SEED,
) -> QuoteRow:  # fmt: skip
    """Offer a price for `instances` of a service version in a region. Raises NotPriceable."""
    require(tx.actor, Action.QUOTE_MAKE, regions.place(tx, region))
    quote = calculate(
        tx, version_id=version_id, region=region, instances=instances, on=on, parameters=parameters,
        contributions=contributions, overheads=overheads, seed=seed,
    )  # fmt: skip
    valid_until = quote.valid_until or quote.on
    row = QuoteRow(
        id=tx.new_id(), service_version_id=version_id, region_code=region, project_id=project_id,
        currency=quote.currency, instances=instances, charged_minor=quote.charged_minor,
        fund_minor=quote.fund_minor, snapshot=quote.canonical(), digest=quote.digest(),
        valid_until=valid_until, made_at=tx.now, made_by=tx.actor.user_id,
    )  # fmt: skip
    tx.session.add(row)
    tx.session.flush()
    journal.record(
        tx, Event.QUOTE_MADE, row.id, region=region,
        public={"digest": row.digest, "charged": row.charged_minor, "currency": row.currency},
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
    found = quote(tx, quote_id).parameters
    return {name: Decimal(value.numerator) / Decimal(value.denominator) for name, value in found.items()}


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
