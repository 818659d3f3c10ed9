"""The double-entry ledger. The database itself refuses what must not happen: see migrations/sql/0001_*.sql.

Amounts are whole minor units; debit is positive, credit negative.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from server.db.base import Base


class LedgerAccount(Base):
    """An account with its materialised balance; floor and ceiling make "nothing runs unfunded" a database rule."""

    __tablename__ = "ledger_account"
    id: Mapped[str] = mapped_column(primary_key=True)
    code: Mapped[str]
    book: Mapped[str]
    kind: Mapped[str]
    currency: Mapped[str]
    balance: Mapped[int] = mapped_column(default=0)
    floor: Mapped[int | None]
    ceiling: Mapped[int | None]
    __table_args__ = (
        UniqueConstraint("code", "currency"),
        CheckConstraint("book IN ('budget','actual')", name="book"),
        CheckConstraint("length(currency) = 3", name="currency"),
        CheckConstraint("floor IS NULL OR balance >= floor", name="floor"),
        CheckConstraint("ceiling IS NULL OR balance <= ceiling", name="ceiling"),
    )


class LedgerEntry(Base):
    """An entry; it cannot be committed without its seal (deferred foreign key)."""

    __tablename__ = "ledger_entry"
    id: Mapped[str] = mapped_column(
        ForeignKey("ledger_seal.entry_id", deferrable=True, initially="DEFERRED"),
        primary_key=True,
    )
    kind: Mapped[str]
    idempotency_key: Mapped[str] = mapped_column(unique=True)
    reverses_id: Mapped[str | None] = mapped_column(ForeignKey("ledger_entry.id"), unique=True)
    posted_at: Mapped[datetime]
    actor: Mapped[str]
    memo: Mapped[str]
    __table_args__ = (CheckConstraint("kind <> 'reversal' OR reverses_id IS NOT NULL", name="reversal"),)


class LedgerSeal(Base):
    """The entry's link in the hash chain."""

    __tablename__ = "ledger_seal"
    entry_id: Mapped[str] = mapped_column(primary_key=True)
    seq: Mapped[int] = mapped_column(unique=True)
    previous_hash: Mapped[str] = mapped_column(unique=True)
    hash: Mapped[str] = mapped_column(unique=True)
    __table_args__ = (CheckConstraint("seq > 0", name="seq"),)


class LedgerPosting(Base):
    __tablename__ = "ledger_posting"
    entry_id: Mapped[str] = mapped_column(ForeignKey("ledger_entry.id"), primary_key=True)
    line: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    account_id: Mapped[str] = mapped_column(ForeignKey("ledger_account.id"))
    amount: Mapped[int]
    __table_args__ = (
        CheckConstraint("amount <> 0", name="amount"),
        Index("ix_ledger_posting_account_id_entry_id", "account_id", "entry_id"),
    )


class LedgerHead(Base):
    """The newest link of the chain; one row."""

    __tablename__ = "ledger_head"
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    seq: Mapped[int]
    hash: Mapped[str]
    __table_args__ = (CheckConstraint("id = 1", name="single"),)


class Payable(Base):
    """Owed to a payee: for an accepted delivery, or because of something else that `cause` names.

    Never for the same run-time task and component twice, nor for the same cause.
    """

    __tablename__ = "payable"
    id: Mapped[str] = mapped_column(primary_key=True)
    delivery_id: Mapped[str | None] = mapped_column(ForeignKey("delivery.id"), index=True)
    instance_id: Mapped[str | None] = mapped_column(ForeignKey("process_instance.id"))
    task_id: Mapped[str | None] = mapped_column(ForeignKey("task.id"))
    person_id: Mapped[str] = mapped_column(ForeignKey("person.id"), index=True)
    component: Mapped[str]
    part: Mapped[int] = mapped_column(default=1)
    currency: Mapped[str]
    gross: Mapped[int]
    withheld: Mapped[int] = mapped_column(default=0)
    amount: Mapped[int]
    """What is paid out: gross - withheld."""
    allocated: Mapped[int] = mapped_column(default=0)
    """In payments that are on their way or settled, or kept back for what the payee owes."""
    settled: Mapped[int] = mapped_column(default=0)
    entry_id: Mapped[str] = mapped_column(ForeignKey("ledger_entry.id"))
    created_at: Mapped[datetime]
    region_code: Mapped[str | None] = mapped_column(ForeignKey("region.code"))
    """Where it is paid, of what belongs to no delivery."""
    cause: Mapped[str | None]
    """What no delivery owes: the idempotency key of its entry."""
    __table_args__ = (
        UniqueConstraint("instance_id", "task_id", "person_id", "component", "part"),
        Index("uq_payable_cause", "cause", unique=True),
        CheckConstraint(
            "component IN ('honorarium','expenses','advance','tax','overhead')", name="component"
        ),
        CheckConstraint(
            "CASE WHEN component IN ('honorarium','expenses') THEN delivery_id IS NOT NULL AND instance_id IS NOT NULL "
            "AND task_id IS NOT NULL AND cause IS NULL "
            "ELSE delivery_id IS NULL AND region_code IS NOT NULL AND cause IS NOT NULL END",
            name="origin",
        ),
        CheckConstraint("amount > 0 AND withheld >= 0 AND gross = amount + withheld", name="amount"),
        CheckConstraint("allocated >= 0 AND allocated <= amount", name="allocated"),
        CheckConstraint("settled >= 0 AND settled <= allocated", name="settled"),
    )


class Claim(Base):
    """What a payee owes back: an advance, or money that was paid too much. It counts once another person approved."""

    __tablename__ = "claim"
    id: Mapped[str] = mapped_column(primary_key=True)
    person_id: Mapped[str] = mapped_column(ForeignKey("person.id"), index=True)
    kind: Mapped[str]
    currency: Mapped[str]
    amount: Mapped[int]
    recovered: Mapped[int] = mapped_column(default=0)
    share: Mapped[int]
    """How much of one payable may be kept back, in hundredths of a percent."""
    reason: Mapped[str]
    region_code: Mapped[str] = mapped_column(ForeignKey("region.code"))
    payable_id: Mapped[str | None] = mapped_column(ForeignKey("payable.id"))
    """Of a clawback: what was paid too much."""
    project_id: Mapped[str | None]
    fund: Mapped[str]
    """Of a clawback: the fund that is free again with what is recovered."""
    state: Mapped[str] = mapped_column(default="proposed")
    proposed_by: Mapped[str]
    proposed_at: Mapped[datetime]
    decided_by: Mapped[str | None]
    decided_at: Mapped[datetime | None]
    entry_id: Mapped[str | None] = mapped_column(ForeignKey("ledger_entry.id"), unique=True)
    __table_args__ = (
        CheckConstraint("kind IN ('advance','clawback')", name="kind"),
        CheckConstraint(
            "kind <> 'clawback' OR (payable_id IS NOT NULL AND project_id IS NOT NULL)", name="clawback"
        ),
        CheckConstraint("state IN ('proposed','approved','refused')", name="state"),
        CheckConstraint("amount > 0", name="amount"),
        CheckConstraint("recovered >= 0 AND recovered <= amount", name="recovered"),
        CheckConstraint("share BETWEEN 1 AND 10000", name="share"),
        CheckConstraint("length(reason) > 0", name="reason"),
        CheckConstraint("decided_by IS NULL OR decided_by <> proposed_by", name="four_eyes"),
        CheckConstraint("state = 'proposed' OR decided_by IS NOT NULL", name="decided"),
        CheckConstraint("(state = 'approved') = (entry_id IS NOT NULL)", name="posted"),
    )


class Recovery(Base):
    """How much of a payable is kept back for a claim: planned by one person, posted when another has approved."""

    __tablename__ = "recovery"
    id: Mapped[str] = mapped_column(primary_key=True)
    claim_id: Mapped[str] = mapped_column(ForeignKey("claim.id"), index=True)
    payable_id: Mapped[str] = mapped_column(ForeignKey("payable.id"), index=True)
    amount: Mapped[int]
    state: Mapped[str] = mapped_column(default="planned")
    planned_by: Mapped[str]
    planned_at: Mapped[datetime]
    decided_by: Mapped[str | None]
    decided_at: Mapped[datetime | None]
    entry_id: Mapped[str | None] = mapped_column(ForeignKey("ledger_entry.id"), unique=True)
    __table_args__ = (
        CheckConstraint("amount > 0", name="amount"),
        CheckConstraint("state IN ('planned','posted','dropped')", name="state"),
        CheckConstraint("decided_by IS NULL OR decided_by <> planned_by", name="four_eyes"),
        CheckConstraint("state = 'planned' OR decided_by IS NOT NULL", name="decided"),
        CheckConstraint("(state = 'posted') = (entry_id IS NOT NULL)", name="posted"),
    )
