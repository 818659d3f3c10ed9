"""The ledger's lines as the core's reports read them: in the order of the chain, streamed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta

from sqlalchemy import select

from payments.reports import Line
from server.ledger.models import LedgerAccount, LedgerEntry, LedgerPosting, LedgerSeal
from server.runtime import Tx

_CHUNK = 2_000


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


def _midnight(now: datetime, day: date) -> datetime:
    return datetime.combine(day, time(), now.tzinfo)
