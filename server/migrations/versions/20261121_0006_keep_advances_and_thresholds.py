"""keep advances and thresholds

Revision ID: 0006
Revises: 0005
Create Date: 2026-11-21 14:10:00
"""

from __future__ import annotations

from server.migrations.triggers import run_sql

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("0006")


def downgrade() -> None:
    raise NotImplementedError("RUN's schema only moves forward")
