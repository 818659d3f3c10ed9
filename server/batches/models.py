"""Payment batches: prepared by one person, approved by another, frozen as a file, answered by the bank."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from server.db.base import Base


class PayingAccount(Base):
    """An account of the franchise that money leaves from, and the rail's profile."""

    __tablename__ = "paying_account"
    id: Mapped[str] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(unique=True)
    rail: Mapped[str]
    profile: Mapped[str]
    """Name of a profile in payments/rails/profiles."""
    currency: Mapped[str]
    holder_name: Mapped[str]
    identifier: Mapped[str]
    """IBAN, RIB, or the wallet's MSISDN."""
    agent: Mapped[str]
    """BIC of the bank, or the telephone company."""
    country: Mapped[str]
    town: Mapped[str]
    __table_args__ = (CheckConstraint("rail IN ('bank','mobile_money')", name="rail"),)


class BatchRow(Base):
    """A batch. content_sha256: digest of its transfers, which the approval binds to; file_sha256: the frozen file."""

    __tablename__ = "payment_batch"
    id: Mapped[str] = mapped_column(primary_key=True)
    reference: Mapped[str] = mapped_column(unique=True)
    paying_account_id: Mapped[str] = mapped_column(ForeignKey("paying_account.id"))
    currency: Mapped[str]
    execution_date: Mapped[date]
    state: Mapped[str] = mapped_column(default="draft")
    prepared_by: Mapped[str]
    prepared_at: Mapped[datetime]
    submitted_at: Mapped[datetime | None]
    approved_by: Mapped[str | None]
    approved_at: Mapped[datetime | None]
    content_sha256: Mapped[str | None]
    file_sha256: Mapped[str | None]
    file_name: Mapped[str | None]
    exported_at: Mapped[datetime | None]
    approval_roles: Mapped[str] = mapped_column(default="any", server_default="any")
    """Whose approval it needs, one person each, with commas; frozen when it is submitted."""
    cover_sha256: Mapped[str | None]
    """The cover sheet, stored beside the file."""
    signers: Mapped[list[dict[str, str]] | None] = mapped_column(JSON)
    """Names and roles on the cover sheet: who prepared it, then who approved."""
    __table_args__ = (
        CheckConstraint("length(approval_roles) > 0", name="approval_roles"),
        CheckConstraint(
            "state IN ('draft','submitted','approved','exported','acknowledged','partly_settled','settled',"
            "'failed','cancelled')",
            name="state",
        ),
        CheckConstraint("approved_by IS NULL OR approved_by <> prepared_by", name="four_eyes"),
        CheckConstraint(
            "state IN ('draft','cancelled') OR content_sha256 IS NOT NULL", name="submitted_content"
        ),
        CheckConstraint(
            "state IN ('draft','submitted','cancelled') OR approved_by IS NOT NULL", name="approved"
        ),
        CheckConstraint(
            "state IN ('draft','submitted','approved','cancelled') OR file_sha256 IS NOT NULL",
            name="exported",
        ),
    )


class BatchApproval(Base):
    """One person's approval of exactly this content; append-only. The batch is approved when enough have."""

    __tablename__ = "batch_approval"
    batch_id: Mapped[str] = mapped_column(ForeignKey("payment_batch.id"), primary_key=True)
    approved_by: Mapped[str] = mapped_column(primary_key=True)
    content_sha256: Mapped[str] = mapped_column(primary_key=True)
    roles: Mapped[str]
    """The approver's roles that may approve, with commas."""
    approved_at: Mapped[datetime]


class ApprovalPolicyRow(Base):
    """How many people, of which roles, approve a batch of a currency and fund from a day on; never edited.

    steps: [[from, in minor units, [role, …]], …].
    """

    __tablename__ = "approval_policy"
    id: Mapped[str] = mapped_column(primary_key=True)
    currency: Mapped[str]
    fund: Mapped[str]
    valid_from: Mapped[date]
    steps: Mapped[list[Any]] = mapped_column(JSON)
    note: Mapped[str]
    proposed_by: Mapped[str]
    proposed_at: Mapped[datetime]
    approved_by: Mapped[str | None]
    approved_at: Mapped[datetime | None]
    __table_args__ = (
        CheckConstraint("approved_by IS NULL OR approved_by <> proposed_by", name="four_eyes"),
        CheckConstraint("(approved_by IS NULL) = (approved_at IS NULL)", name="approved"),
    )


class BatchTransition(Base):
    """The legal steps of a batch; anything else is refused by a trigger."""

    __tablename__ = "batch_transition"
    from_state: Mapped[str] = mapped_column(primary_key=True)
    to_state: Mapped[str] = mapped_column(primary_key=True)


class PaymentRow(Base):
    """One credit transfer, with a snapshot of the account it goes to. Frozen once the batch leaves draft."""

    __tablename__ = "payment"
    id: Mapped[str] = mapped_column(primary_key=True)
    batch_id: Mapped[str] = mapped_column(ForeignKey("payment_batch.id"), index=True)
    person_id: Mapped[str] = mapped_column(ForeignKey("person.id"), index=True)
    payee_account_id: Mapped[str] = mapped_column(ForeignKey("payee_account.id"))
    account_kind: Mapped[str]
    account_identifier: Mapped[str]
    account_agent: Mapped[str]
    payee_name: Mapped[str]
    payee_country: Mapped[str]
    payee_town: Mapped[str]
    currency: Mapped[str]
    amount: Mapped[int]
    end_to_end_id: Mapped[str] = mapped_column(unique=True)
    uetr: Mapped[str] = mapped_column(unique=True)
    reference: Mapped[str]
    state: Mapped[str] = mapped_column(default="draft")
    failure_reason: Mapped[str] = mapped_column(default="")
    retries_id: Mapped[str | None] = mapped_column(ForeignKey("payment.id"), unique=True)
    settled_at: Mapped[datetime | None]
    __table_args__ = (
        CheckConstraint("amount > 0", name="amount"),
        CheckConstraint("length(end_to_end_id) BETWEEN 1 AND 35", name="end_to_end_id"),
        CheckConstraint(
            "state IN ('draft','in_transit','settled','rejected','returned','cancelled')", name="state"
        ),
    )


class PaymentTransition(Base):
    __tablename__ = "payment_transition"
    from_state: Mapped[str] = mapped_column(primary_key=True)
    to_state: Mapped[str] = mapped_column(primary_key=True)


class Allocation(Base):
    """Which payable a payment pays, and how much of it; append-only."""

    __tablename__ = "allocation"
    payment_id: Mapped[str] = mapped_column(ForeignKey("payment.id"), primary_key=True)
    payable_id: Mapped[str] = mapped_column(ForeignKey("payable.id"), primary_key=True, index=True)
    amount: Mapped[int]
    __table_args__ = (CheckConstraint("amount > 0", name="amount"),)


class BankFile(Base):
    """A file the bank or the mobile-money company sent; the same bytes are read once."""

    __tablename__ = "bank_file"
    sha256: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str]
    name: Mapped[str]
    received_at: Mapped[datetime]
    received_by: Mapped[str]


class BankEntry(Base):
    """One answer of such a file. natural_key: the same event told twice is one row."""

    __tablename__ = "bank_entry"
    id: Mapped[str] = mapped_column(primary_key=True)
    file_sha256: Mapped[str] = mapped_column(ForeignKey("bank_file.sha256"), index=True)
    natural_key: Mapped[str]
    payment_id: Mapped[str | None] = mapped_column(ForeignKey("payment.id"))
    status: Mapped[str]
    reason: Mapped[str]
    verdict: Mapped[str]
    """Of a return: rejected, with a status that ends in -RETURN. Of what is no payment: other."""
    paying_account_id: Mapped[str | None]
    """Of account reports, and of what fits no payment."""
    amount: Mapped[int | None]
    """As it moves the account, negative for what left it."""
    booked_on: Mapped[date | None]
    transactions: Mapped[int | None]
    """How many payments it says it is the sum of."""
    __table_args__ = (
        UniqueConstraint("natural_key"),
        CheckConstraint(
            "verdict IN ('settled','rejected','pending','unmatched','already_known','other')", name="verdict"
        ),
    )


class BankStatement(Base):
    """What a report says of one of our accounts. Balances: debit negative; None where it says none."""

    __tablename__ = "bank_statement"
    id: Mapped[str] = mapped_column(primary_key=True)
    file_sha256: Mapped[str] = mapped_column(ForeignKey("bank_file.sha256"))
    paying_account_id: Mapped[str] = mapped_column(ForeignKey("paying_account.id"), index=True)
    number: Mapped[str]
    kind: Mapped[str]
    currency: Mapped[str]
    day: Mapped[date | None]
    opening: Mapped[int | None]
    closing: Mapped[int | None]
    moved: Mapped[int]
    """Sum of its booked entries."""
    sequence: Mapped[str | None]
    """The bank's number of the statement; None of those read before it was kept."""
    __table_args__ = (CheckConstraint("kind IN ('report','statement','notification')", name="kind"),)


class BankStatementLine(Base):
    """Which lines a statement has; a notification may have told of them before."""

    __tablename__ = "bank_statement_line"
    statement_id: Mapped[str] = mapped_column(ForeignKey("bank_statement.id"), primary_key=True)
    entry_id: Mapped[str] = mapped_column(ForeignKey("bank_entry.id"), primary_key=True)


class BankDecision(Base):
    """What a person decided about a line that fits no payment; once.

    ledger_entry_id: of a line that is booked, and of a fee, its entry; one entry is of one line.
    """

    __tablename__ = "bank_decision"
    entry_id: Mapped[str] = mapped_column(ForeignKey("bank_entry.id"), primary_key=True)
    verdict: Mapped[str]
    payment_id: Mapped[str | None] = mapped_column(ForeignKey("payment.id"))
    note: Mapped[str]
    decided_at: Mapped[datetime]
    decided_by: Mapped[str]
    ledger_entry_id: Mapped[str | None] = mapped_column(ForeignKey("ledger_entry.id"))
    batch_id: Mapped[str | None] = mapped_column(ForeignKey("payment_batch.id"))
    __table_args__ = (
        Index("uq_bank_decision_ledger_entry_id", "ledger_entry_id", unique=True),
        CheckConstraint(
            "(verdict = 'assigned') = (payment_id IS NOT NULL) AND (verdict = 'batch') = (batch_id IS NOT NULL) "
            "AND CASE verdict WHEN 'booked' THEN ledger_entry_id IS NOT NULL WHEN 'fee' THEN 1 = 1 "
            "ELSE ledger_entry_id IS NULL END "
            "AND verdict IN ('assigned','not_ours','fee','booked','batch')",
            name="verdict",
        ),
    )
