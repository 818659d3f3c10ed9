"""Adoptions of service versions by regions, and the calendars they work by.

An adoption holds what a region may choose and has no column for anything of the protocol: tasks, criteria,
evidence, forms and quantities are the version's, everywhere the same.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from server.db.base import Base


class WorkCalendarRow(Base):
    """On which weekdays a region works (0 = Monday to 6 = Sunday). Never edited; holidays are added to it."""

    __tablename__ = "work_calendar"
    code: Mapped[str] = mapped_column(primary_key=True)
    region_code: Mapped[str] = mapped_column(ForeignKey("region.code"), index=True)
    names: Mapped[dict[str, Any]]
    weekdays: Mapped[list[Any]]
    made_at: Mapped[datetime]
    made_by: Mapped[str]


class CalendarHolidayRow(Base):
    """A day on which nobody works, in a calendar; it counts for deadlines that are set after it was added."""

    __tablename__ = "calendar_holiday"
    calendar_code: Mapped[str] = mapped_column(ForeignKey("work_calendar.code"), primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    added_at: Mapped[datetime]
    added_by: Mapped[str]


class ServiceAdoptionRow(Base):
    """A region's adoption of a version. What it overlays never changes; another overlay is another adoption.

    price_list: code of the list whose prices count inside the region, "" = all approved ones. terms_id: the
    rates (overheads and contributions) agreed for it, None = those in force. calendar_code: None = Monday to
    Friday. deadlines: task id -> working days, where they are not the version's. replaces: the adoption that this
    one supersedes.
    """

    __tablename__ = "service_adoption"
    id: Mapped[str] = mapped_column(primary_key=True)
    service_code: Mapped[str] = mapped_column(ForeignKey("service.code"), index=True)
    service_version_id: Mapped[str] = mapped_column(ForeignKey("service_version.id"), index=True)
    region_code: Mapped[str] = mapped_column(ForeignKey("region.code"), index=True)
    language: Mapped[str]
    price_list: Mapped[str] = mapped_column(default="")
    terms_id: Mapped[str | None] = mapped_column(ForeignKey("terms.id"))
    calendar_code: Mapped[str | None] = mapped_column(ForeignKey("work_calendar.code"))
    deadlines: Mapped[dict[str, Any]]
    note: Mapped[str] = mapped_column(default="")
    status: Mapped[str] = mapped_column(default="proposed")
    replaces: Mapped[str | None] = mapped_column(ForeignKey("service_adoption.id"))
    proposed_at: Mapped[datetime]
    proposed_by: Mapped[str]
    adopted_at: Mapped[datetime | None]
    adopted_by: Mapped[str | None]
    ended_at: Mapped[datetime | None]
    ended_by: Mapped[str | None]
    ended_reason: Mapped[str] = mapped_column(default="")
    __table_args__ = (
        CheckConstraint("status IN ('proposed','adopted','superseded','withdrawn')", name="status"),
        CheckConstraint("status NOT IN ('adopted','superseded') OR adopted_by IS NOT NULL", name="adopted_by"),
        CheckConstraint("(status IN ('superseded','withdrawn')) = (ended_by IS NOT NULL)", name="ended_by"),
        Index(
            "uq_service_adoption_in_force", "region_code", "service_code", unique=True,
            sqlite_where=text("status = 'adopted'"), postgresql_where=text("status = 'adopted'"),
        ),
    )  # fmt: skip
