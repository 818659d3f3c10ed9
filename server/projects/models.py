"""Projects: one service version for many villages, with its quote and its roster."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from server.db.base import Base


class ProjectRow(Base):
    __tablename__ = "project"
    id: Mapped[str] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    service_version_id: Mapped[str] = mapped_column(ForeignKey("service_version.id"))
    region_code: Mapped[str] = mapped_column(ForeignKey("region.code"), index=True)
    fund: Mapped[str]
    quote_id: Mapped[str | None] = mapped_column(ForeignKey("quote.id"))
    status: Mapped[str] = mapped_column(default="planned")
    created_at: Mapped[datetime]
    created_by: Mapped[str]
    __table_args__ = (CheckConstraint("status IN ('planned','running','done','cancelled')", name="status"),)


class ProjectVillageRow(Base):
    """A village of a project; instance_id is set when it is started, once."""

    __tablename__ = "project_village"
    project_id: Mapped[str] = mapped_column(ForeignKey("project.id"), primary_key=True)
    region_code: Mapped[str] = mapped_column(ForeignKey("region.code"), primary_key=True)
    request_id: Mapped[str] = mapped_column(ForeignKey("service_request.id"), unique=True)
    instance_id: Mapped[str | None] = mapped_column(ForeignKey("process_instance.id"), unique=True)


class ProjectMemberRow(Base):
    """The roster: who may be given the project's tasks of a skill."""

    __tablename__ = "project_member"
    project_id: Mapped[str] = mapped_column(ForeignKey("project.id"), primary_key=True)
    person_id: Mapped[str] = mapped_column(ForeignKey("person.id"), primary_key=True)
