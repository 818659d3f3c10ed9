"""Requests for a service: every instance starts from one."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from server.db.base import Base


class RequestRow(Base):
    """A village asks for a service. requester: personal data, never public."""

    __tablename__ = "service_request"
    id: Mapped[str] = mapped_column(primary_key=True)
    service_code: Mapped[str] = mapped_column(ForeignKey("service.code"))
    region_code: Mapped[str] = mapped_column(ForeignKey("region.code"), index=True)
    requester: Mapped[str]
    note: Mapped[str] = mapped_column(default="")
    status: Mapped[str] = mapped_column(default="received")
    made_at: Mapped[datetime]
    made_by: Mapped[str]
    __table_args__ = (CheckConstraint("status IN ('received','accepted','declined')", name="status"),)
