"""The ledger's lines as the core's reports read them: in the order of the chain, streamed."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from sqlalchemy import Select, and_, or_, select

from payments.reports import Line
from pricing.money import Money
from server.ledger.models import LedgerAccount, LedgerEntry, LedgerPosting, LedgerSeal
from server.runtime import Tx

_CHUNK = 2_000
_ON_ACCOUNT = ("contribution", "repayment", "fee")
"""Kinds of entries that move a bank's account and are no payment."""


def lines(
    tx: Tx, *, kinds: Sequence[str] = (), account: str = "", entry_kinds: Sequence[str] = (),
    first: date | None = None, last: date | None = None,
) -> Iterator[Line]:  # fmt: skip
    """The lines, oldest first; of these kinds of account, of one account's code, of these kinds of entry.

    first, last: days of posting (UTC), both included. No filter = every line.
    """
    query = (
        select(
            LedgerEntry.id, LedgerSeal.seq, LedgerEntry.kind, LedgerEntry.idempotency_key, LedgerEntry.memo,
            LedgerEntry.posted_at, LedgerAccount.book, LedgerAccount.code, LedgerAccount.currency,
            LedgerPosting.amount,
        )
        .join(LedgerEntry, LedgerEntry.id == LedgerPosting.entry_id)
        .join(LedgerSeal, LedgerSeal.entry_id == LedgerEntry.id)
        .join(LedgerAccount, LedgerAccount.id == LedgerPosting.account_id)
        .order_by(LedgerSeal.seq, LedgerPosting.line)
    )  # fmt: skip
    if kinds:
        query = query.where(LedgerAccount.kind.in_(kinds))
    if account:
        query = query.where(LedgerAccount.code == account)
    if entry_kinds:
        query = query.where(LedgerEntry.kind.in_(entry_kinds))
    if first is not None:
        query = query.where(LedgerEntry.posted_at >= _midnight(tx.now, first))
    if last is not None:
        query = query.where(LedgerEntry.posted_at < _midnight(tx.now, last + timedelta(days=1)))
    for row in tx.session.execute(query, execution_options={"yield_per": _CHUNK}):
        yield Line(*tuple(row))


@dataclass(frozen=True, slots=True)
class Booking:
    """An entry that a movement on an account may be about; day: of posting (UTC)."""

    id: str
    kind: str
    memo: str
    day: date


def bookings(
    tx: Tx, *, rail_account: str, amount: Money, first: date | None = None, last: date | None = None,
    entry_id: str | None = None,
) -> list[Booking]:  # fmt: skip
    """Entries over exactly this amount that a line of a bank's statement may show, oldest first.

    amount: as it moves the account, negative for what leaves it. A grant is in the budget book alone, so it is of any
    account. What was taken back is left out. entry_id: only this one.
    """
    query = (
        select(LedgerEntry.id, LedgerEntry.kind, LedgerEntry.memo, LedgerEntry.posted_at)
        .join(LedgerPosting, LedgerPosting.entry_id == LedgerEntry.id)
        .join(LedgerAccount, LedgerAccount.id == LedgerPosting.account_id)
        .where(
            LedgerPosting.amount == amount.minor, LedgerAccount.currency == amount.currency,
            or_(
                and_(LedgerEntry.kind.in_(_ON_ACCOUNT), LedgerAccount.code == f"bank:{rail_account}"),
                and_(LedgerEntry.kind == "grant", LedgerAccount.kind == "appropriation"),
            ),
            LedgerEntry.id.not_in(_taken_back()),
        )
        .order_by(LedgerEntry.posted_at, LedgerEntry.id)
    )  # fmt: skip
    if first is not None:
        query = query.where(LedgerEntry.posted_at >= _midnight(tx.now, first))
    if last is not None:
        query = query.where(LedgerEntry.posted_at < _midnight(tx.now, last + timedelta(days=1)))
    if entry_id is not None:
        query = query.where(LedgerEntry.id == entry_id)
    return [Booking(row.id, row.kind, row.memo, row.posted_at.date()) for row in tx.session.execute(query)]


def standing(tx: Tx, entry_ids: Collection[str]) -> dict[str, str]:
    """The kind of each of these entries that was not taken back, by its id."""
    rows = tx.session.execute(
        select(LedgerEntry.id, LedgerEntry.kind).where(
            LedgerEntry.id.in_(entry_ids), LedgerEntry.id.not_in(_taken_back())
        )
    )
    return {row.id: row.kind for row in rows}


def fees_posted(tx: Tx, known: Collection[tuple[datetime, str]]) -> set[str]:
    """The entries of fees that were posted at these moments with these memos."""
    if not known:
        return set()
    rows = tx.session.execute(
        select(LedgerEntry.id, LedgerEntry.posted_at, LedgerEntry.memo).where(
            LedgerEntry.kind == "fee", LedgerEntry.posted_at.in_({at for at, _ in known})
        )
    )
    return {row.id for row in rows if (row.posted_at, row.memo.strip()) in known}


def _taken_back() -> Select[str | None]:
    return select(LedgerEntry.reverses_id).where(LedgerEntry.reverses_id.is_not(None))


def _midnight(now: datetime, day: date) -> datetime:
    return datetime.combine(day, time(), now.tzinfo)
