"""Facilitators: their skills and where they are paid. Personal data stays in these tables."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column, relationship

from server.db.base import Base


class Person(Base):
    """A facilitator of the register."""

    __tablename__ = "person"
    id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    phone: Mapped[str | None]
    """E.164, +2290197000001."""
    region_code: Mapped[str] = mapped_column(ForeignKey("region.code"), index=True)
    tax_id: Mapped[str | None]
    """IFU in Benin; who has none pays a higher withholding."""
    country: Mapped[str]
    town: Mapped[str]
    created_at: Mapped[datetime]
    left_at: Mapped[datetime | None]
    kind: Mapped[str] = mapped_column(default="individual", server_default="individual")
    """An organisation (a tax office, the bearer of an overhead) is paid but does no tasks."""
    skills: Mapped[list[PersonSkill]] = relationship(order_by="PersonSkill.skill", lazy="selectin")
    __table_args__ = (CheckConstraint("kind IN ('individual','organisation')", name="kind"),)


class PersonSkill(Base):
    __tablename__ = "person_skill"
    person_id: Mapped[str] = mapped_column(ForeignKey("person.id"), primary_key=True)
    skill: Mapped[str] = mapped_column(primary_key=True)


class Skill(Base):
    """A skill of the register; names in three languages."""

    __tablename__ = "skill"
    code: Mapped[str] = mapped_column(primary_key=True)
    names: Mapped[dict[str, Any]]


class PayeeAccount(Base):
    """Where a person is paid. Never updated: a change is a new row, the newest counts."""

    __tablename__ = "payee_account"
    id: Mapped[str] = mapped_column(primary_key=True)
    person_id: Mapped[str] = mapped_column(ForeignKey("person.id"), index=True)
    kind: Mapped[str]
    identifier: Mapped[str]
    """RIB or IBAN without spaces, or MSISDN in E.164."""
    holder_name: Mapped[str]
    """As the bank or the wallet knows it."""
    agent: Mapped[str]
    """BIC or bank name; the telephone company for a wallet."""
    valid_from: Mapped[datetime]
    created_by: Mapped[str]
    __table_args__ = (CheckConstraint("kind IN ('rib','iban','wallet')", name="kind"),)


class PayeeAccountCheck(Base):
    """What another person found out about a new account: nothing is paid to a changed one before. Once."""

    __tablename__ = "payee_account_check"
    payee_account_id: Mapped[str] = mapped_column(ForeignKey("payee_account.id"), primary_key=True)
    verdict: Mapped[str]
    note: Mapped[str]
    checked_by: Mapped[str]
    checked_at: Mapped[datetime]
    __table_args__ = (
        CheckConstraint("verdict IN ('confirmed','refused')", name="verdict"),
        CheckConstraint("length(note) > 0", name="note"),
    )
