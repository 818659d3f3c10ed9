"""Submissions as phones sent them: kept as they are, marked, never changed."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from server.db.base import Base


class SubmissionRow(Base):
    """id: the client's instanceID, which makes a second sending harmless.

    status: incomplete (files are missing), faulty (the check found problems; who sent it corrects it),
    complete (checked and handed on), superseded (a correction took its place, or the task was accepted before).
    """

    __tablename__ = "submission"
    id: Mapped[str] = mapped_column(primary_key=True)
    task_id: Mapped[str] = mapped_column(ForeignKey("task.id"), index=True)
    form_id: Mapped[str]
    form_version: Mapped[str]
    xml_sha256: Mapped[str]
    status: Mapped[str] = mapped_column(default="incomplete")
    problems: Mapped[list[Any]]
    answers: Mapped[dict[str, Any]]
    deprecates_id: Mapped[str | None]
    submitted_by: Mapped[str]
    received_at: Mapped[datetime]
    times_received: Mapped[int] = mapped_column(default=1)
    __table_args__ = (
        CheckConstraint("status IN ('incomplete','faulty','complete','superseded')", name="status"),
    )


class SubmissionFileRow(Base):
    """An attachment; name is the one the form's answer gives."""

    __tablename__ = "submission_file"
    submission_id: Mapped[str] = mapped_column(ForeignKey("submission.id"), primary_key=True)
    name: Mapped[str] = mapped_column(primary_key=True)
    sha256: Mapped[str] = mapped_column(index=True)
    mime: Mapped[str]
    size: Mapped[int]
    received_at: Mapped[datetime]
