"""Accounts of people who sign in, their roles, and their sessions."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from server.db.base import Base


class Account(Base):
    """Somebody who may sign in. email is lower case."""

    __tablename__ = "user_account"
    id: Mapped[str] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    password_hash: Mapped[str]
    locale: Mapped[str] = mapped_column(default="en")
    person_id: Mapped[str | None] = mapped_column(ForeignKey("person.id"), unique=True)
    created_at: Mapped[datetime]
    disabled_at: Mapped[datetime | None]
    failed_sign_ins: Mapped[int] = mapped_column(default=0)
    locked_until: Mapped[datetime | None]
    grants: Mapped[list[RoleGrant]] = relationship(order_by="RoleGrant.role", lazy="selectin")


class RoleGrant(Base):
    """A role for a region and all below it; region_path "" = everywhere."""

    __tablename__ = "role_grant"
    id: Mapped[str] = mapped_column(primary_key=True)
    account_id: Mapped[str] = mapped_column(ForeignKey("user_account.id"), index=True)
    role: Mapped[str]
    region_path: Mapped[str] = mapped_column(default="")
    __table_args__ = (
        UniqueConstraint("account_id", "role", "region_path"),
        CheckConstraint(
            "role IN ('expert','coordinator','facilitator','verifier','finance','approver','auditor','administrator')",
            name="role",
        ),
    )


class SignIn(Base):
    """A session: only the hash of its token is kept."""

    __tablename__ = "sign_in"
    token_sha256: Mapped[str] = mapped_column(primary_key=True)
    account_id: Mapped[str] = mapped_column(ForeignKey("user_account.id"), index=True)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
