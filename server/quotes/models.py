"""Quotes: a price promised for a project. A quote never changes; accepting it commits the money."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from server.db.base import Base


class QuoteRow(Base):
    """snapshot: the quote's canonical JSON; digest: its SHA-256. Amounts in minor units of `currency`."""

    __tablename__ = "quote"
    id: Mapped[str] = mapped_column(primary_key=True)
    service_version_id: Mapped[str] = mapped_column(ForeignKey("service_version.id"))
    region_code: Mapped[str] = mapped_column(ForeignKey("region.code"), index=True)
    project_id: Mapped[str | None] = mapped_column(index=True)
    currency: Mapped[str]
    instances: Mapped[int]
    """How many instances (villages) it is for."""
    charged_minor: Mapped[int]
    fund_minor: Mapped[int]
    """The Transformation Fund's share: what accepting commits."""
    snapshot: Mapped[bytes]
    digest: Mapped[str]
    status: Mapped[str] = mapped_column(default="offered")
    valid_until: Mapped[date]
    made_at: Mapped[datetime]
    made_by: Mapped[str]
    accepted_at: Mapped[datetime | None]
    accepted_by: Mapped[str | None]
    __table_args__ = (
        CheckConstraint("status IN ('offered','accepted','expired','superseded')", name="status"),
        CheckConstraint("status <> 'accepted' OR accepted_by IS NOT NULL", name="accepted_by"),
        CheckConstraint("fund_minor >= 0 AND fund_minor <= charged_minor", name="fund_share"),
    )
