"""Process instances, what the engine keeps of them, their run-time tasks, and every change they went through.

The engine's part (`engine_task`, `engine_scope`, `timer`, `subscription`, `instance_change`, and the columns of
`process_instance` that follow them) is written by `server.instances.store` only.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, Text, UniqueConstraint, false, func, select, text
from sqlalchemy.orm import Mapped, column_property, mapped_column

from server.db.base import Base

ROWS = "rows/1"
"""Name of the form in which the engine's state is kept: a row for each living task."""
_CLUSTERED = {"sqlite_with_rowid": False}
"""SQLite keeps the rows of an instance together, so that a step costs the same in a large database."""


class ChangeRow(Base):
    """One change of an instance: its history, and the answer to a command that is sent twice."""

    __tablename__ = "instance_change"
    instance_id: Mapped[str] = mapped_column(ForeignKey("process_instance.id"), primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    """Of the instance after the change."""
    command_id: Mapped[str] = mapped_column(unique=True)
    at: Mapped[datetime]
    actor: Mapped[str]
    """Account or person; `system` for the machine itself."""
    command: Mapped[str]
    content: Mapped[str]
    """Digest of what was asked, so that an id that is used for something else is told."""
    events: Mapped[str] = mapped_column(Text)
    """JSON list of what happened, in its order."""


class InstanceRow(Base):
    """A running service in a village."""

    __tablename__ = "process_instance"
    id: Mapped[str] = mapped_column(primary_key=True)
    project_id: Mapped[str | None] = mapped_column(ForeignKey("project.id"), index=True)
    request_id: Mapped[str] = mapped_column(ForeignKey("service_request.id"), unique=True)
    service_version_id: Mapped[str] = mapped_column(ForeignKey("service_version.id"))
    quote_id: Mapped[str] = mapped_column(ForeignKey("quote.id"))
    region_code: Mapped[str] = mapped_column(ForeignKey("region.code"), index=True)
    status: Mapped[str] = mapped_column(default="running")
    state: Mapped[bytes]
    """The engine's state as release 0.1.0 kept it: one document; empty once it is kept as rows."""
    engine: Mapped[str]
    """Form of the state: `ROWS`, or the one that `state` is in."""
    definition: Mapped[str] = mapped_column(default="", server_default="")
    """SHA-256 of the diagram that the rows belong to."""
    pending: Mapped[bool] = mapped_column(default=False, server_default=false())
    """Automatic steps wait to be carried out."""
    data: Mapped[dict[str, Any]]
    """What conditions and quantities read: parameters and answers, nothing else."""
    due_at: Mapped[datetime | None] = mapped_column(index=True)
    """Of the next timer of a state that is a document; rows have theirs in `timer`."""
    started_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    row_version: Mapped[int] = mapped_column("version", default=0)
    """Of the change that last wrote this row: most steps change nothing that it says, and leave it alone."""
    version: Mapped[int] = column_property(
        select(func.coalesce(func.max(ChangeRow.version), row_version))
        .where(ChangeRow.instance_id == id)  # noqa: A003  (the column above)
        .correlate_except(ChangeRow)
        .scalar_subquery()
    )
    """Of the engine's state, one more with each change: the newest of `instance_change`."""
    __table_args__ = (
        CheckConstraint(
            "status IN ('running','work_done','accepted','evaluated','closed','cancelled')", name="status"
        ),
        Index(
            "ix_process_instance_pending",
            "id",
            sqlite_where=text("pending"),
            postgresql_where=text("pending"),
        ),
    )


class EngineTaskRow(Base):
    """A living task of the engine; a finished one leaves the table, its trace is in `instance_change`."""

    __tablename__ = "engine_task"
    instance_id: Mapped[str] = mapped_column(ForeignKey("process_instance.id"), primary_key=True)
    task_id: Mapped[str] = mapped_column(primary_key=True)
    workflow: Mapped[str]
    """task_id of the sub-process whose inside it is; "" = the process itself."""
    parent: Mapped[str]
    node: Mapped[str]
    state: Mapped[int]
    tick: Mapped[int]
    """Order of the last changes of state."""
    scope: Mapped[int]
    notes: Mapped[str] = mapped_column(Text)
    """JSON; "" = none."""
    __table_args__ = (_CLUSTERED,)


class EngineScopeRow(Base):
    """Names that conditions and quantities read, in the whole instance (number 0) or in a part of it."""

    __tablename__ = "engine_scope"
    instance_id: Mapped[str] = mapped_column(ForeignKey("process_instance.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    up: Mapped[int | None]
    position: Mapped[int | None]
    """0-based round of a loop or multi-instance."""
    content: Mapped[str] = mapped_column(Text)
    __table_args__ = (_CLUSTERED,)


class TimerRow(Base):
    """A timer of an instance that waits for its moment."""

    __tablename__ = "timer"
    instance_id: Mapped[str] = mapped_column(ForeignKey("process_instance.id"), primary_key=True)
    task_id: Mapped[str] = mapped_column(primary_key=True)
    node_id: Mapped[str]
    due_at: Mapped[datetime]
    __table_args__ = (Index("ix_timer_due_at_instance_id", "due_at", "instance_id"), _CLUSTERED)


class SubscriptionRow(Base):
    """A message or signal that an instance waits for. key: "" = any."""

    __tablename__ = "subscription"
    instance_id: Mapped[str] = mapped_column(ForeignKey("process_instance.id"), primary_key=True)
    task_id: Mapped[str] = mapped_column(primary_key=True)
    node_id: Mapped[str]
    kind: Mapped[str]
    name: Mapped[str]
    key: Mapped[str]
    __table_args__ = (
        CheckConstraint("kind IN ('message','signal')", name="kind"),
        Index("ix_subscription_kind_name_key", "kind", "name", "key"),
        _CLUSTERED,
    )


class OutboxRow(Base):
    """What an instance asked of the outside in a change that is committed: done by the sweep, after it."""

    __tablename__ = "outbox"
    id: Mapped[str] = mapped_column(primary_key=True)
    """<command id>/<number>."""
    instance_id: Mapped[str] = mapped_column(ForeignKey("process_instance.id"), index=True)
    task_id: Mapped[str]
    node_id: Mapped[str]
    kind: Mapped[str]
    name: Mapped[str]
    key: Mapped[str]
    payload: Mapped[str] = mapped_column(Text)
    """The engine's JSON of a value of FEEL."""
    made_at: Mapped[datetime]
    attempts: Mapped[int] = mapped_column(default=0)
    next_try_at: Mapped[datetime | None] = mapped_column(index=True)
    """None: done, or given up."""
    done_at: Mapped[datetime | None]
    last_error: Mapped[str] = mapped_column(Text, default="")
    __table_args__ = (CheckConstraint("kind IN ('service','message','signal')", name="kind"),)


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
    """English; a text for gettext with places for `params`, where those are not null."""
    engine_task_id: Mapped[str] = mapped_column(default="", server_default="")
    code: Mapped[str] = mapped_column(default="", server_default="")
    params: Mapped[dict[str, Any] | None]
    at: Mapped[datetime]
    resolved_at: Mapped[datetime | None]
