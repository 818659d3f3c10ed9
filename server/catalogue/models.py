"""Services and their versions. A published version never changes."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from server.db.base import Base


class ServiceRow(Base):
    __tablename__ = "service"
    code: Mapped[str] = mapped_column(primary_key=True)
    created_at: Mapped[datetime]


class ServiceVersionRow(Base):
    """A version: its diagram and, through `service_form`, its forms; `digest` is over all of them."""

    __tablename__ = "service_version"
    id: Mapped[str] = mapped_column(primary_key=True)
    service_code: Mapped[str] = mapped_column(ForeignKey("service.code"), index=True)
    version: Mapped[str]
    digest: Mapped[str] = mapped_column(unique=True)
    names: Mapped[dict[str, Any]]
    bpmn: Mapped[bytes]
    status: Mapped[str] = mapped_column(default="published")
    published_at: Mapped[datetime]
    published_by: Mapped[str]
    __table_args__ = (
        UniqueConstraint("service_code", "version"),
        CheckConstraint("status IN ('published','deprecated','recalled')", name="status"),
    )


class ServiceDecisionRow(Base):
    """A decision model (DMN) of a version, as it was sent."""

    __tablename__ = "service_decision"
    service_version_id: Mapped[str] = mapped_column(ForeignKey("service_version.id"), primary_key=True)
    ref: Mapped[str] = mapped_column(primary_key=True)
    source: Mapped[bytes]


class ServiceFormRow(Base):
    __tablename__ = "service_form"
    service_version_id: Mapped[str] = mapped_column(ForeignKey("service_version.id"), primary_key=True)
    ref: Mapped[str] = mapped_column(primary_key=True)
    form_id: Mapped[str]
    form_version: Mapped[str]
    source: Mapped[bytes]
    xform: Mapped[bytes]
    md5: Mapped[str]
    __table_args__ = (UniqueConstraint("form_id", "form_version"),)


class ServiceVersionStepRow(Base):
    """A version is no longer recommended (deprecated) or may no longer be used for anything new (recalled)."""

    __tablename__ = "service_version_step"
    id: Mapped[str] = mapped_column(primary_key=True)
    service_version_id: Mapped[str] = mapped_column(ForeignKey("service_version.id"), index=True)
    step: Mapped[str]
    reason: Mapped[str]
    done_at: Mapped[datetime]
    done_by: Mapped[str]
    __table_args__ = (
        UniqueConstraint("service_version_id", "step"),
        CheckConstraint("step IN ('deprecated','recalled')", name="step"),
        CheckConstraint("reason <> ''", name="reason"),
    )
