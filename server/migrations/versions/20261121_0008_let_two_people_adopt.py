"""let two people adopt

An adoption changes what is paid in a region: who adopts a proposal is somebody else than who made it. Adoptions that
one person made before stay as they are.

Revision ID: 0008
Revises: 0007
Create Date: 2026-11-21 17:10:00
"""

from __future__ import annotations

from server.migrations.triggers import run_sql

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("0008")


def downgrade() -> None:
    raise NotImplementedError("RUN's schema only moves forward")
