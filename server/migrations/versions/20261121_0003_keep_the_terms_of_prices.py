"""keep the terms of prices, and decision models

Overheads and third parties' contributions by region, fund and date (terms, overhead, contribution); the
statutory minimum wage; the decision models of a service version; who observed a price; when a list was retired; the quote that a quote replaces; project
quotes.

Revision ID: 0003
Revises: 0002
Create Date: 2026-11-21 12:00:00
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

from server.migrations.triggers import run_sql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("price_list", sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("price_list", sa.Column("retired_by", sa.String(), nullable=True))
    op.add_column("price", sa.Column("observer", sa.String(), nullable=False, server_default=""))
    op.add_column("quote", sa.Column("number", sa.BigInteger(), nullable=False, server_default="1"))
    op.add_column("quote", sa.Column("replaces", sa.String(), nullable=True))
    _create_minimum_wage()
    _create_terms()
    _create_project_quote()
    _create_service_decision()
    run_sql("0003")


def _region(table: str) -> tuple[sa.Column[str], sa.ForeignKeyConstraint]:
    return (
        sa.Column("region_code", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["region_code"], ["region.code"], name=op.f(f"fk_{table}_region_code_region")
        ),
    )


def _create_minimum_wage() -> None:
    op.create_table(
        "minimum_wage",
        *_region("minimum_wage"),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("amount", sa.String(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("unit", sa.String(), nullable=False),
        sa.Column("monthly_hours", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("added_by", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("region_code", "valid_from", name=op.f("pk_minimum_wage")),
    )


def _create_terms() -> None:
    op.create_table(
        "terms",
        sa.Column("id", sa.String(), nullable=False),
        *_region("terms"),
        sa.Column("fund", sa.String(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("proposed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("proposed_by", sa.String(), nullable=False),
        sa.Column("approved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("approved_by", sa.String(), nullable=True),
        sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("retired_by", sa.String(), nullable=True),
        sa.CheckConstraint("status IN ('draft','approved','retired')", name=op.f("ck_terms_status")),
        sa.CheckConstraint(
            "approved_by IS NULL OR approved_by <> proposed_by", name=op.f("ck_terms_four_eyes")
        ),
        sa.CheckConstraint(
            "status <> 'approved' OR approved_by IS NOT NULL", name=op.f("ck_terms_approved_by")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_terms")),
    )
    op.create_index(op.f("ix_terms_region_code"), "terms", ["region_code"])
    op.create_table(
        "overhead",
        *_of_terms("overhead"),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("value", sa.String(), nullable=False),
        sa.Column("base", sa.String(), nullable=False),
        sa.Column("names", sa.JSON(), nullable=False),
        sa.CheckConstraint("kind IN ('percent','fixed')", name=op.f("ck_overhead_kind")),
        sa.CheckConstraint("base IN ('direct','running')", name=op.f("ck_overhead_base")),
    )
    op.create_table(
        "contribution",
        *_of_terms("contribution"),
        sa.Column("party", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("scope", sa.String(), nullable=False),
        sa.Column("value", sa.String(), nullable=True),
        sa.Column("cap", sa.String(), nullable=True),
        sa.Column("memo", sa.Boolean(), nullable=False),
        sa.CheckConstraint("kind IN ('percent','fixed','in_kind')", name=op.f("ck_contribution_kind")),
    )


def _of_terms(table: str) -> tuple[Any, ...]:
    return (
        sa.Column("terms_id", sa.String(), nullable=False),
        sa.Column("position", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(["terms_id"], ["terms.id"], name=op.f(f"fk_{table}_terms_id_terms")),
        sa.PrimaryKeyConstraint("terms_id", "position", name=op.f(f"pk_{table}")),
    )


def _create_project_quote() -> None:
    op.create_table(
        "project_quote",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        *_region("project_quote"),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("charged_minor", sa.BigInteger(), nullable=False),
        sa.Column("fund_minor", sa.BigInteger(), nullable=False),
        sa.Column("snapshot", sa.LargeBinary(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("made_by", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_project_quote")),
    )
    op.create_index(op.f("ix_project_quote_region_code"), "project_quote", ["region_code"])


def _create_service_decision() -> None:
    op.create_table(
        "service_decision",
        sa.Column("service_version_id", sa.String(), nullable=False),
        sa.Column("ref", sa.String(), nullable=False),
        sa.Column("source", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["service_version_id"],
            ["service_version.id"],
            name=op.f("fk_service_decision_service_version_id_service_version"),
        ),
        sa.PrimaryKeyConstraint("service_version_id", "ref", name=op.f("pk_service_decision")),
    )


def downgrade() -> None:
    raise NotImplementedError("Quotes made since name terms that would be lost: restore a backup.")
