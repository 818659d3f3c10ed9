"""What was paid of each payable, and when: for reports."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from server.batches.models import Allocation, BatchRow, PaymentRow
from server.ledger.service import Payable
from server.runtime import Tx


@dataclass(frozen=True, slots=True)
class Paid:
    """A part of a payable that has arrived. minor: in the currency of the payable."""

    payable_id: str
    payment_id: str
    currency: str
    minor: int
    at: datetime


def settled(tx: Tx) -> Iterator[Paid]:
    """Everything that has arrived and did not come back, oldest payment first."""
    rows = tx.session.execute(
        select(
            Allocation.payable_id, PaymentRow.id, PaymentRow.currency, Allocation.amount,
            PaymentRow.settled_at,
        )
        .join(PaymentRow, PaymentRow.id == Allocation.payment_id)
        .where(PaymentRow.state == "settled")
        .order_by(PaymentRow.id, Allocation.payable_id)
    )  # fmt: skip
    for payable_id, payment_id, currency, minor, at in rows:
        assert at is not None, "it is settled"
        yield Paid(payable_id, payment_id, currency, minor, at)


def failed(tx: Tx, paying_accounts: Iterable[str]) -> list[PaymentRow]:
    """Payments of these accounts that were refused or came back, and whose payables are in no other one."""
    owed_again = (
        select(Allocation.payment_id)
        .join(Payable, Payable.id == Allocation.payable_id)
        .where(Payable.allocated < Payable.amount)
    )
    return list(
        tx.session.scalars(
            select(PaymentRow)
            .join(BatchRow, BatchRow.id == PaymentRow.batch_id)
            .where(
                PaymentRow.state.in_(("rejected", "returned")), PaymentRow.id.in_(owed_again),
                BatchRow.paying_account_id.in_(list(paying_accounts)),
            )
            .order_by(PaymentRow.id)
        )
    )  # fmt: skip
