"""Deliveries: what was handed over for a task, and how it was reviewed."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from server.db.base import Base


class DeliveryRow(Base):
    """One per run-time task. `version` is what a reviewer saw; a newer one refuses the decision.

    state: waiting (for review; owner: verifier), sent_back (owner: facilitator), accepted (final).
    """

    __tablename__ = "delivery"
    id: Mapped[str] = mapped_column(primary_key=True)
    task_id: Mapped[str] = mapped_column(ForeignKey("task.id"), unique=True)
    instance_id: Mapped[str] = mapped_column(ForeignKey("process_instance.id"), index=True)
    node_id: Mapped[str]
    region_code: Mapped[str] = mapped_column(ForeignKey("region.code"))
    person_id: Mapped[str] = mapped_column(ForeignKey("person.id"))
    submission_id: Mapped[str] = mapped_column(ForeignKey("submission.id"))
    state: Mapped[str] = mapped_column(default="waiting", index=True)
    flags: Mapped[list[Any]]
    """[{code, detail}] found by the automatic checks."""
    risk: Mapped[int] = mapped_column(default=0)
    """0 clean … 100; the queue's order."""
    second_check_required: Mapped[bool] = mapped_column(default=False)
    second_checked_by: Mapped[str | None]
    delivered_at: Mapped[datetime]
    since: Mapped[datetime]
    """When the present state began."""
    times_sent_back: Mapped[int] = mapped_column(default=0)
    accepted_at: Mapped[datetime | None]
    accepted_by: Mapped[str | None]
    version: Mapped[int] = mapped_column()
    __mapper_args__ = {"version_id_col": version}
    __table_args__ = (
        CheckConstraint("state IN ('waiting','sent_back','accepted')", name="state"),
        CheckConstraint("state <> 'accepted' OR accepted_by IS NOT NULL", name="accepted_by"),
        CheckConstraint("accepted_by IS NULL OR accepted_by <> person_id", name="not_own_work"),
    )


class ReviewRow(Base):
    """A decision about a delivery; append-only."""

    __tablename__ = "review"
    id: Mapped[str] = mapped_column(primary_key=True)
    delivery_id: Mapped[str] = mapped_column(ForeignKey("delivery.id"), index=True)
    submission_id: Mapped[str] = mapped_column(ForeignKey("submission.id"))
    verdict: Mapped[str]
    reason: Mapped[str] = mapped_column(default="")
    criteria: Mapped[list[Any]]
    """Ids of the criteria found met."""
    by: Mapped[str]
    at: Mapped[datetime]
    __table_args__ = (
        CheckConstraint(
            "verdict IN ('accepted','sent_back','second_check_asked','second_check_passed','second_check_failed')",
            name="verdict",
        ),
        CheckConstraint("verdict <> 'sent_back' OR reason <> ''", name="reason"),
    )
