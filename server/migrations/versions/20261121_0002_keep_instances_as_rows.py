"""keep instances as rows

The state of a running instance becomes rows (engine_task, engine_scope, timer, subscription). Documents of
release 0.1.0 stay in process_instance.state until the instance's first command, which writes them as rows.

Revision ID: 0002
Revises: 0001
Create Date: 2026-11-21 11:00:00
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from server.migrations.triggers import run_sql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("process_instance", sa.Column("definition", sa.String(), nullable=False, server_default=""))
    op.add_column(
        "process_instance", sa.Column("pending", sa.Boolean(), nullable=False, server_default=sa.false())
    )
    op.create_index(
        "ix_process_instance_pending",
        "process_instance",
        ["id"],
        sqlite_where=sa.text("pending"),
        postgresql_where=sa.text("pending"),
    )
    op.add_column("incident", sa.Column("engine_task_id", sa.String(), nullable=False, server_default=""))
    op.add_column("incident", sa.Column("code", sa.String(), nullable=False, server_default=""))
    op.add_column("incident", sa.Column("params", sa.JSON(), nullable=True))
    _create_engine_tables()
    _create_timer_and_subscription()
    _create_change_and_outbox()
    run_sql("0002")


def _instance(table: str) -> tuple[sa.Column[str], sa.ForeignKeyConstraint]:
    return (
        sa.Column("instance_id", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["instance_id"],
            ["process_instance.id"],
            name=op.f(f"fk_{table}_instance_id_process_instance"),
        ),
    )


def _create_engine_tables() -> None:
    op.create_table(
        "engine_task",
        *_instance("engine_task"),
        sa.Column("task_id", sa.String(), nullable=False),
        sa.Column("workflow", sa.String(), nullable=False),
        sa.Column("parent", sa.String(), nullable=False),
        sa.Column("node", sa.String(), nullable=False),
        sa.Column("state", sa.BigInteger(), nullable=False),
        sa.Column("tick", sa.BigInteger(), nullable=False),
        sa.Column("scope", sa.BigInteger(), nullable=False),
        sa.Column("notes", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("instance_id", "task_id", name=op.f("pk_engine_task")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "engine_scope",
        *_instance("engine_scope"),
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("up", sa.BigInteger(), nullable=True),
        sa.Column("position", sa.BigInteger(), nullable=True),
        sa.Column("content", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("instance_id", "number", name=op.f("pk_engine_scope")),
        sqlite_with_rowid=False,
    )


def _create_timer_and_subscription() -> None:
    op.create_table(
        "timer",
        *_instance("timer"),
        sa.Column("task_id", sa.String(), nullable=False),
        sa.Column("node_id", sa.String(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("instance_id", "task_id", name=op.f("pk_timer")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_timer_due_at_instance_id", "timer", ["due_at", "instance_id"])
    op.create_table(
        "subscription",
        *_instance("subscription"),
        sa.Column("task_id", sa.String(), nullable=False),
        sa.Column("node_id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.CheckConstraint("kind IN ('message','signal')", name=op.f("ck_subscription_kind")),
        sa.PrimaryKeyConstraint("instance_id", "task_id", name=op.f("pk_subscription")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_subscription_kind_name_key", "subscription", ["kind", "name", "key"])


def _create_change_and_outbox() -> None:
    op.create_table(
        "instance_change",
        *_instance("instance_change"),
        sa.Column("version", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("command_id", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("command", sa.String(), nullable=False),
        sa.Column("content", sa.String(), nullable=False),
        sa.Column("events", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("instance_id", "version", name=op.f("pk_instance_change")),
        sa.UniqueConstraint("command_id", name=op.f("uq_instance_change_command_id")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "outbox",
        sa.Column("id", sa.String(), nullable=False),
        *_instance("outbox"),
        sa.Column("task_id", sa.String(), nullable=False),
        sa.Column("node_id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("attempts", sa.BigInteger(), nullable=False),
        sa.Column("next_try_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_error", sa.Text(), nullable=False),
        sa.CheckConstraint("kind IN ('service','message','signal')", name=op.f("ck_outbox_kind")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox")),
    )
    op.create_index(op.f("ix_outbox_instance_id"), "outbox", ["instance_id"])
    op.create_index(op.f("ix_outbox_next_try_at"), "outbox", ["next_try_at"])


def downgrade() -> None:
    raise NotImplementedError("Instances that ran since cannot be written as documents: restore a backup.")
