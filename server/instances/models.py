"""Process instances, their run-time tasks, and the commands already carried out."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from server.db.base import Base


class InstanceRow(Base):
    """A running service in a village. `version` makes two writers meet: the second is told."""

    __tablename__ = "process_instance"
    id: Mapped[str] = mapped_column(primary_key=True)
    project_id: Mapped[str | None] = mapped_column(ForeignKey("project.id"), index=True)
    request_id: Mapped[str] = mapped_column(ForeignKey("service_request.id"), unique=True)
    service_version_id: Mapped[str] = mapped_column(ForeignKey("service_version.id"))
    quote_id: Mapped[str] = mapped_column(ForeignKey("quote.id"))
    region_code: Mapped[str] = mapped_column(ForeignKey("region.code"), index=True)
    status: Mapped[str] = mapped_column(default="running")
    state: Mapped[bytes]
    """The engine's state at rest; opaque."""
    engine: Mapped[str]
    """Version of the engine that wrote `state`."""
    data: Mapped[dict[str, Any]]
    """What conditions and quantities read: parameters and answers, nothing else."""
    due_at: Mapped[datetime | None] = mapped_column(index=True)
    """Of the next timer."""
    started_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column()
    __mapper_args__ = {"version_id_col": version}
    __table_args__ = (
        CheckConstraint(
            "status IN ('running','work_done','accepted','evaluated','closed','cancelled')", name="status"
        ),
    )


class TaskRow(Base):
    """A run-time task: one execution of a node in an instance (a loop makes a new one each round).

    round: 1 for the first execution of the node in the instance, then 2, 3 …
    """

    __tablename__ = "task"
    id: Mapped[str] = mapped_column(primary_key=True)
    instance_id: Mapped[str] = mapped_column(ForeignKey("process_instance.id"))
    engine_task_id: Mapped[str]
    node_id: Mapped[str]
    round: Mapped[int]
    skill: Mapped[str]
    state: Mapped[str] = mapped_column(default="ready")
    assignee_id: Mapped[str | None] = mapped_column(ForeignKey("person.id"))
    ready_at: Mapped[datetime]
    due_at: Mapped[datetime | None]
    completed_at: Mapped[datetime | None]
    completed_by: Mapped[str | None]
    __table_args__ = (
        UniqueConstraint("instance_id", "engine_task_id"),
        UniqueConstraint("instance_id", "node_id", "round"),
        CheckConstraint("state IN ('ready','waiting_review','completed','cancelled')", name="state"),
        Index("ix_task_assignee_id_state", "assignee_id", "state"),
    )


class IncidentRow(Base):
    """An automatic step that failed: visible, and retryable from the last good state."""

    __tablename__ = "incident"
    id: Mapped[str] = mapped_column(primary_key=True)
    instance_id: Mapped[str] = mapped_column(ForeignKey("process_instance.id"), index=True)
    node_id: Mapped[str]
    message: Mapped[str]
    at: Mapped[datetime]
    resolved_at: Mapped[datetime | None]
