"""keep advances and thresholds

What is owed without a delivery (advances, tax, overheads), what payees owe back and how it is recovered, checks of
changed accounts, several approvers of a batch by dated policies, and cover sheets.

Revision ID: 0006
Revises: 0005
Create Date: 2026-11-21 14:10:00
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from server.migrations.triggers import run_sql

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_ORIGIN = (
    "CASE WHEN component IN ('honorarium','expenses') THEN delivery_id IS NOT NULL AND instance_id IS NOT NULL "
    "AND task_id IS NOT NULL AND cause IS NULL "
    "ELSE delivery_id IS NULL AND region_code IS NOT NULL AND cause IS NOT NULL END"
)
_COMPONENTS = "component IN ('honorarium','expenses','advance','tax','overhead')"
_VERDICTS = "(verdict = 'assigned') = (payment_id IS NOT NULL) AND verdict IN ('assigned','not_ours','fee')"


def upgrade() -> None:
    _add_columns()
    if op.get_bind().dialect.name == "postgresql":
        _widen_on_postgresql()
    else:
        _widen_on_sqlite()
    op.create_index("uq_payable_cause", "payable", ["cause"], unique=True)
    _create_claims()
    _create_approvals()
    _keep_what_was_decided()
    run_sql("0006")


def _add_columns() -> None:
    op.execute(
        "ALTER TABLE payable ADD COLUMN region_code VARCHAR"
        " CONSTRAINT fk_payable_region_code_region REFERENCES region (code)"
    )
    op.add_column("payable", sa.Column("cause", sa.String(), nullable=True))
    op.execute(
        "ALTER TABLE person ADD COLUMN kind VARCHAR DEFAULT 'individual' NOT NULL"
        " CONSTRAINT ck_person_kind CHECK (kind IN ('individual','organisation'))"
    )
    op.execute(
        "ALTER TABLE payment_batch ADD COLUMN approval_roles VARCHAR DEFAULT 'any' NOT NULL"
        " CONSTRAINT ck_payment_batch_approval_roles CHECK (length(approval_roles) > 0)"
    )
    op.add_column("payment_batch", sa.Column("cover_sha256", sa.String(), nullable=True))
    op.add_column("payment_batch", sa.Column("signers", sa.JSON(), nullable=True))


def _widen_on_postgresql() -> None:
    for column in ("delivery_id", "instance_id", "task_id"):
        op.alter_column("payable", column, nullable=True)
    op.drop_constraint(op.f("ck_payable_component"), "payable")
    op.create_check_constraint(op.f("ck_payable_component"), "payable", _COMPONENTS)
    op.create_check_constraint(op.f("ck_payable_origin"), "payable", _ORIGIN)
    op.drop_constraint(op.f("ck_bank_decision_verdict"), "bank_decision")
    op.create_check_constraint(op.f("ck_bank_decision_verdict"), "bank_decision", _VERDICTS)


def _widen_on_sqlite() -> None:
    """SQLite cannot change a constraint. Making the table anew would drop triggers that refuse exactly that; its
    text may be edited where, as here, everything stored fits the new one (sqlite.org/lang_altertable.html, 7).
    """
    old = "CHECK (component IN ('honorarium','expenses'))"
    _edit_table(
        "payable",
        ("delivery_id VARCHAR NOT NULL", "delivery_id VARCHAR"),
        ("instance_id VARCHAR NOT NULL", "instance_id VARCHAR"),
        ("task_id VARCHAR NOT NULL", "task_id VARCHAR"),
        (old, f"CHECK ({_COMPONENTS}), CONSTRAINT ck_payable_origin CHECK ({_ORIGIN})"),
    )
    _edit_table(
        "bank_decision",
        (
            "(verdict = 'assigned' AND payment_id IS NOT NULL) OR (verdict = 'not_ours' AND payment_id IS NULL)",
            _VERDICTS,
        ),
    )


def _edit_table(table: str, *changes: tuple[str, str]) -> None:
    cursor = op.get_bind().connection.cursor()
    (sql,) = cursor.execute(
        "SELECT sql FROM sqlite_master WHERE type = 'table' AND name = ?", (table,)
    ).fetchone()
    for old, new in changes:
        if sql.count(old) != 1:
            raise RuntimeError(f"the table {table} is not the one migration 0006 knows: {old}")
        sql = sql.replace(old, new)
    cursor.execute("PRAGMA writable_schema=ON")
    cursor.execute("UPDATE sqlite_master SET sql = ? WHERE type = 'table' AND name = ?", (sql, table))
    cursor.execute("PRAGMA writable_schema=RESET")
    cursor.close()


def _person(column: str, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(column, sa.String(), nullable=nullable)


def _moment(column: str, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(column, sa.DateTime(timezone=True), nullable=nullable)


def _text(*columns: str) -> list[sa.Column[str]]:
    return [sa.Column(column, sa.String(), nullable=False) for column in columns]


def _minor(*columns: str) -> list[sa.Column[int]]:
    return [sa.Column(column, sa.BigInteger(), nullable=False) for column in columns]


def _reference(table: str, column: str, to: str, key: str = "id") -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{to}.{key}"], name=op.f(f"fk_{table}_{column}_{to}"))


def _checks(table: str, **rules: str) -> list[sa.CheckConstraint]:
    return [sa.CheckConstraint(rule, name=op.f(f"ck_{table}_{name}")) for name, rule in rules.items()]


def _create_claims() -> None:
    op.create_table(
        "claim",
        *_text("id", "person_id", "kind", "currency", "reason", "region_code", "fund", "state"),
        *_minor("amount", "recovered", "share"),
        _person("payable_id", True), _person("project_id", True), _person("entry_id", True),
        _person("proposed_by"), _moment("proposed_at"), _person("decided_by", True), _moment("decided_at", True),
        *_checks(
            "claim",
            kind="kind IN ('advance','clawback')",
            clawback="kind <> 'clawback' OR (payable_id IS NOT NULL AND project_id IS NOT NULL)",
            state="state IN ('proposed','approved','refused')", amount="amount > 0",
            recovered="recovered >= 0 AND recovered <= amount", share="share BETWEEN 1 AND 10000",
            reason="length(reason) > 0", four_eyes="decided_by IS NULL OR decided_by <> proposed_by",
            decided="state = 'proposed' OR decided_by IS NOT NULL",
            posted="(state = 'approved') = (entry_id IS NOT NULL)",
        ),
        _reference("claim", "person_id", "person"), _reference("claim", "region_code", "region", "code"),
        _reference("claim", "payable_id", "payable"), _reference("claim", "entry_id", "ledger_entry"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_claim")),
        sa.UniqueConstraint("entry_id", name=op.f("uq_claim_entry_id")),
    )  # fmt: skip
    op.create_index(op.f("ix_claim_person_id"), "claim", ["person_id"])
    op.create_table(
        "recovery",
        *_text("id", "claim_id", "payable_id", "state"), *_minor("amount"), _person("entry_id", True),
        _person("planned_by"), _moment("planned_at"), _person("decided_by", True), _moment("decided_at", True),
        *_checks(
            "recovery",
            amount="amount > 0", state="state IN ('planned','posted','dropped')",
            four_eyes="decided_by IS NULL OR decided_by <> planned_by",
            decided="state = 'planned' OR decided_by IS NOT NULL",
            posted="(state = 'posted') = (entry_id IS NOT NULL)",
        ),
        _reference("recovery", "claim_id", "claim"), _reference("recovery", "payable_id", "payable"),
        _reference("recovery", "entry_id", "ledger_entry"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recovery")),
        sa.UniqueConstraint("entry_id", name=op.f("uq_recovery_entry_id")),
    )  # fmt: skip
    op.create_index(op.f("ix_recovery_claim_id"), "recovery", ["claim_id"])
    op.create_index(op.f("ix_recovery_payable_id"), "recovery", ["payable_id"])


def _create_approvals() -> None:
    op.create_table(
        "payee_account_check",
        *_text("payee_account_id", "verdict", "note"), _person("checked_by"), _moment("checked_at"),
        *_checks("payee_account_check", verdict="verdict IN ('confirmed','refused')", note="length(note) > 0"),
        _reference("payee_account_check", "payee_account_id", "payee_account"),
        sa.PrimaryKeyConstraint("payee_account_id", name=op.f("pk_payee_account_check")),
    )  # fmt: skip
    op.create_table(
        "batch_approval",
        *_text("batch_id", "approved_by", "content_sha256", "roles"), _moment("approved_at"),
        _reference("batch_approval", "batch_id", "payment_batch"),
        sa.PrimaryKeyConstraint("batch_id", "approved_by", "content_sha256", name=op.f("pk_batch_approval")),
    )  # fmt: skip
    op.create_table(
        "approval_policy",
        *_text("id", "currency", "fund", "note"), sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("steps", sa.JSON(), nullable=False), _person("proposed_by"), _moment("proposed_at"),
        _person("approved_by", True), _moment("approved_at", True),
        *_checks(
            "approval_policy", four_eyes="approved_by IS NULL OR approved_by <> proposed_by",
            approved="(approved_by IS NULL) = (approved_at IS NULL)",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_approval_policy")),
    )  # fmt: skip


def _keep_what_was_decided() -> None:
    """Batches approved before had one approver; an account that money arrived on needs no check."""
    op.execute(
        "INSERT INTO batch_approval (batch_id, approved_by, content_sha256, roles, approved_at)"
        " SELECT id, approved_by, content_sha256, '', approved_at FROM payment_batch"
        " WHERE approved_by IS NOT NULL AND approved_at IS NOT NULL AND content_sha256 IS NOT NULL"
    )
    op.execute(
        "INSERT INTO payee_account_check (payee_account_id, verdict, note, checked_by, checked_at)"
        " SELECT payee_account_id, 'confirmed', 'Paid before.', 'system', min(settled_at) FROM payment"
        " WHERE state = 'settled' AND settled_at IS NOT NULL GROUP BY payee_account_id"
    )


def downgrade() -> None:
    raise NotImplementedError("Claims and approvals would be lost: restore a backup.")
