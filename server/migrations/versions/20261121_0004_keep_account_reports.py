"""keep account reports

What a bank's account report says of an account: its statements, the amount of each line, and what a person
decided about a line that fits no payment.

Revision ID: 0004
Revises: 0003
Create Date: 2026-11-21 12:30:00
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from server.migrations.triggers import run_sql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "bank_statement",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("file_sha256", sa.String(), nullable=False),
        sa.Column("paying_account_id", sa.String(), nullable=False),
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("day", sa.Date(), nullable=True),
        sa.Column("opening", sa.BigInteger(), nullable=True),
        sa.Column("closing", sa.BigInteger(), nullable=True),
        sa.Column("moved", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('report','statement','notification')", name=op.f("ck_bank_statement_kind")
        ),
        sa.ForeignKeyConstraint(
            ["file_sha256"], ["bank_file.sha256"], name=op.f("fk_bank_statement_file_sha256_bank_file")
        ),
        sa.ForeignKeyConstraint(
            ["paying_account_id"],
            ["paying_account.id"],
            name=op.f("fk_bank_statement_paying_account_id_paying_account"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bank_statement")),
    )
    op.create_index(op.f("ix_bank_statement_paying_account_id"), "bank_statement", ["paying_account_id"])
    for column in (
        sa.Column("paying_account_id", sa.String(), nullable=True),
        sa.Column("amount", sa.BigInteger(), nullable=True),
    ):
        op.add_column("bank_entry", column)
    op.create_table(
        "bank_statement_line",
        sa.Column("statement_id", sa.String(), nullable=False),
        sa.Column("entry_id", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["statement_id"],
            ["bank_statement.id"],
            name=op.f("fk_bank_statement_line_statement_id_bank_statement"),
        ),
        sa.ForeignKeyConstraint(
            ["entry_id"], ["bank_entry.id"], name=op.f("fk_bank_statement_line_entry_id_bank_entry")
        ),
        sa.PrimaryKeyConstraint("statement_id", "entry_id", name=op.f("pk_bank_statement_line")),
    )
    op.create_table(
        "bank_decision",
        sa.Column("entry_id", sa.String(), nullable=False),
        sa.Column("verdict", sa.String(), nullable=False),
        sa.Column("payment_id", sa.String(), nullable=True),
        sa.Column("note", sa.String(), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_by", sa.String(), nullable=False),
        sa.CheckConstraint(
            "(verdict = 'assigned' AND payment_id IS NOT NULL) OR (verdict = 'not_ours' AND payment_id IS NULL)",
            name=op.f("ck_bank_decision_verdict"),
        ),
        sa.ForeignKeyConstraint(
            ["entry_id"], ["bank_entry.id"], name=op.f("fk_bank_decision_entry_id_bank_entry")
        ),
        sa.ForeignKeyConstraint(
            ["payment_id"], ["payment.id"], name=op.f("fk_bank_decision_payment_id_payment")
        ),
        sa.PrimaryKeyConstraint("entry_id", name=op.f("pk_bank_decision")),
    )
    run_sql("0004")


def downgrade() -> None:
    raise NotImplementedError("Decisions about bank lines would be lost: restore a backup.")
