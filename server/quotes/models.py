"""Quotes: a price promised for a project. A quote never changes; accepting it commits the money."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

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
    number: Mapped[int] = mapped_column(default=1, server_default="1")
    """1 for a first quote; a quote asked for again is one more than the one it `replaces` (its id)."""
    replaces: Mapped[str | None]
    adoption_id: Mapped[str | None]
    """The region's adoption whose overlay it was made under; None = the region has adopted no version."""
    __table_args__ = (
        CheckConstraint("status IN ('offered','accepted','expired','superseded')", name="status"),
        CheckConstraint("status <> 'accepted' OR accepted_by IS NOT NULL", name="accepted_by"),
        CheckConstraint("fund_minor >= 0 AND fund_minor <= charged_minor", name="fund_share"),
    )


class TermsRow(Base):
    """What is added to prices in a region from a day on, and who bears a part of them, as agreed with a fund.

    fund: code of the fund it was agreed with, "" = any. Never edited: draft, approved by another person, retired.
    """

    __tablename__ = "terms"
    id: Mapped[str] = mapped_column(primary_key=True)
    region_code: Mapped[str] = mapped_column(ForeignKey("region.code"), index=True)
    fund: Mapped[str] = mapped_column(default="")
    valid_from: Mapped[date]
    valid_to: Mapped[date | None]
    source: Mapped[str] = mapped_column(default="")
    """Where it was agreed: a decision, a letter, a contract."""
    status: Mapped[str] = mapped_column(default="draft")
    proposed_at: Mapped[datetime]
    proposed_by: Mapped[str]
    approved_at: Mapped[datetime | None]
    approved_by: Mapped[str | None]
    retired_at: Mapped[datetime | None]
    retired_by: Mapped[str | None]
    __table_args__ = (
        CheckConstraint("status IN ('draft','approved','retired')", name="status"),
        CheckConstraint("approved_by IS NULL OR approved_by <> proposed_by", name="four_eyes"),
        CheckConstraint("status <> 'approved' OR approved_by IS NOT NULL", name="approved_by"),
    )


class OverheadRow(Base):
    """An overhead of some terms; they apply in the order of `position`. value: percent or major units, exact."""

    __tablename__ = "overhead"
    terms_id: Mapped[str] = mapped_column(ForeignKey("terms.id"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    code: Mapped[str]
    kind: Mapped[str]
    value: Mapped[str]
    base: Mapped[str]
    names: Mapped[dict[str, Any]]
    __table_args__ = (
        CheckConstraint("kind IN ('percent','fixed')", name="kind"),
        CheckConstraint("base IN ('direct','running')", name="base"),
    )


class ContributionRow(Base):
    """A third party's contribution of some terms, in the order of `position`. value, cap: exact, None = all."""

    __tablename__ = "contribution"
    terms_id: Mapped[str] = mapped_column(ForeignKey("terms.id"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    party: Mapped[str]
    kind: Mapped[str]
    scope: Mapped[str]
    value: Mapped[str | None]
    cap: Mapped[str | None]
    memo: Mapped[bool]
    __table_args__ = (CheckConstraint("kind IN ('percent','fixed','in_kind')", name="kind"),)


class ProjectQuoteRow(Base):
    """The price of several services together. snapshot: canonical JSON; digest: its SHA-256."""

    __tablename__ = "project_quote"
    id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    region_code: Mapped[str] = mapped_column(ForeignKey("region.code"), index=True)
    currency: Mapped[str]
    charged_minor: Mapped[int]
    fund_minor: Mapped[int]
    snapshot: Mapped[bytes]
    digest: Mapped[str]
    made_at: Mapped[datetime]
    made_by: Mapped[str]
