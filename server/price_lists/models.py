"""Price lists: items, packagings, dated lists of prices, exchange rates. Amounts are decimal texts, exact."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from server.db.base import Base


class ItemRow(Base):
    __tablename__ = "item"
    code: Mapped[str] = mapped_column(primary_key=True)
    unit: Mapped[str]
    category: Mapped[str]
    names: Mapped[dict[str, Any]]


class ItemUnitRow(Base):
    """A packaging of an item: one `unit` of it is `factor` `base_unit`s."""

    __tablename__ = "item_unit"
    item_code: Mapped[str] = mapped_column(ForeignKey("item.code"), primary_key=True)
    unit: Mapped[str] = mapped_column(primary_key=True)
    base_unit: Mapped[str]
    factor: Mapped[str]


class PriceListRow(Base):
    """A list of prices as a coordinator sent it. Never edited: draft, approved by another person, retired."""

    __tablename__ = "price_list"
    id: Mapped[str] = mapped_column(primary_key=True)
    code: Mapped[str]
    filename: Mapped[str]
    file_sha256: Mapped[str]
    row_count: Mapped[int]
    status: Mapped[str] = mapped_column(default="draft")
    imported_at: Mapped[datetime]
    imported_by: Mapped[str]
    approved_at: Mapped[datetime | None]
    approved_by: Mapped[str | None]
    retired_at: Mapped[datetime | None]
    retired_by: Mapped[str | None]
    __table_args__ = (
        CheckConstraint("status IN ('draft','approved','retired')", name="status"),
        CheckConstraint("approved_by IS NULL OR approved_by <> imported_by", name="four_eyes"),
    )


class PriceRowRow(Base):
    """One price, exactly as in the file. minimum, typical, maximum: decimal text in major units per `unit`."""

    __tablename__ = "price"
    price_list_id: Mapped[str] = mapped_column(ForeignKey("price_list.id"), primary_key=True)
    row: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    list_code: Mapped[str]
    region_code: Mapped[str] = mapped_column(ForeignKey("region.code"), index=True)
    item_code: Mapped[str] = mapped_column(ForeignKey("item.code"), index=True)
    unit: Mapped[str]
    minimum: Mapped[str]
    typical: Mapped[str]
    maximum: Mapped[str]
    currency: Mapped[str]
    valid_from: Mapped[date]
    valid_to: Mapped[date | None]
    quality: Mapped[str]
    source: Mapped[str]
    observed_on: Mapped[date | None]
    observer: Mapped[str] = mapped_column(default="", server_default="")


class ExchangeRateRow(Base):
    """1 `from_currency` = `rate` `to_currency` from that date on."""

    __tablename__ = "exchange_rate"
    id: Mapped[str] = mapped_column(primary_key=True)
    from_currency: Mapped[str]
    to_currency: Mapped[str]
    rate: Mapped[str]
    valid_from: Mapped[date]
    source: Mapped[str]
    __table_args__ = (UniqueConstraint("from_currency", "to_currency", "valid_from"),)


class MinimumWageRow(Base):
    """The statutory minimum wage of a region from a day until a newer one: decimal text per `unit`."""

    __tablename__ = "minimum_wage"
    region_code: Mapped[str] = mapped_column(ForeignKey("region.code"), primary_key=True)
    valid_from: Mapped[date] = mapped_column(primary_key=True)
    valid_to: Mapped[date | None]
    amount: Mapped[str]
    currency: Mapped[str]
    unit: Mapped[str]
    monthly_hours: Mapped[str]
    """Legal working hours of a month as an exact fraction ("520/3")."""
    source: Mapped[str]
    added_at: Mapped[datetime]
    added_by: Mapped[str]
