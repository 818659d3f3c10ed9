"""The journal: audit log, public record and outbox in one. Append-only, no personal data."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Identity, Integer
from sqlalchemy.orm import Mapped, mapped_column

from server.db.base import Base


class JournalRow(Base):
    """Something that happened. `public` holds codes and amounts; a person appears in `commitments` only.

    row_hash: SHA-256 over the canonical row; journal_block chains them.
    """

    __tablename__ = "journal"
    seq: Mapped[int] = mapped_column(Integer, Identity(), primary_key=True)
    id: Mapped[str] = mapped_column(unique=True)
    at: Mapped[datetime]
    event: Mapped[str]
    """object:verb, past tense, from journal.service.Event."""
    object_type: Mapped[str]
    object_id: Mapped[str] = mapped_column(index=True)
    region_code: Mapped[str | None] = mapped_column(index=True)
    public: Mapped[dict[str, Any]]
    commitments: Mapped[dict[str, Any]]
    """{field: SHA-256(salt + value)}."""
    row_hash: Mapped[str] = mapped_column(unique=True)


class JournalSecret(Base):
    """The salts. Deleting a person's rows makes the commitments unopenable while the chain stays valid."""

    __tablename__ = "journal_secret"
    journal_id: Mapped[str] = mapped_column(ForeignKey("journal.id"), primary_key=True)
    field: Mapped[str] = mapped_column(primary_key=True)
    salt: Mapped[str]
    value: Mapped[str]


class JournalBlock(Base):
    """A sealed run of journal rows; names the ledger's head at that moment."""

    __tablename__ = "journal_block"
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    first_seq: Mapped[int] = mapped_column(unique=True)
    last_seq: Mapped[int] = mapped_column(unique=True)
    rows_hash: Mapped[str]
    ledger_seq: Mapped[int]
    ledger_hash: Mapped[str]
    previous_hash: Mapped[str] = mapped_column(unique=True)
    hash: Mapped[str] = mapped_column(unique=True)
    sealed_at: Mapped[datetime]
