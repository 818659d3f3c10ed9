"""keep drafts, reviews and adoptions

Revision ID: 0005
Revises: 0004
Create Date: 2026-11-21 14:10:00
"""

from __future__ import annotations

from server.migrations.triggers import run_sql

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("0005")


def downgrade() -> None:
    raise NotImplementedError("RUN's schema only moves forward")
