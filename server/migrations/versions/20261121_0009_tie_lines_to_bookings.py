"""tie lines to bookings

A line of a bank's report can be tied to the ledger entry that booked it (a grant, a contribution, a repayment, a fee)
or to a whole batch that the bank booked as one sum. Lines that are no payments are kept too, with the day they were
booked; statements keep their sequence number, so that a missing one is told.

Revision ID: 0009
Revises: 0008
Create Date: 2026-11-21 18:15:00
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from server.migrations.triggers import run_sql

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_DECIDED = "(verdict = 'assigned') = (payment_id IS NOT NULL) AND verdict IN ('assigned','not_ours','fee')"
_DECIDED_NOW = (
    "(verdict = 'assigned') = (payment_id IS NOT NULL) AND (verdict = 'batch') = (batch_id IS NOT NULL) "
    "AND CASE verdict WHEN 'booked' THEN ledger_entry_id IS NOT NULL WHEN 'fee' THEN 1 = 1 "
    "ELSE ledger_entry_id IS NULL END "
    "AND verdict IN ('assigned','not_ours','fee','booked','batch')"
)
_ENTRY = "verdict IN ('settled','rejected','pending','unmatched','already_known')"
_ENTRY_NOW = "verdict IN ('settled','rejected','pending','unmatched','already_known','other')"


def upgrade() -> None:
    op.add_column("bank_statement", sa.Column("sequence", sa.String(), nullable=True))
    op.add_column("bank_entry", sa.Column("booked_on", sa.Date(), nullable=True))
    op.add_column("bank_entry", sa.Column("transactions", sa.BigInteger(), nullable=True))
    for column, table in (("ledger_entry_id", "ledger_entry"), ("batch_id", "payment_batch")):
        op.execute(
            f"ALTER TABLE bank_decision ADD COLUMN {column} VARCHAR"
            f" CONSTRAINT fk_bank_decision_{column}_{table} REFERENCES {table} (id)"
        )
    if op.get_bind().dialect.name == "postgresql":
        for table, rule in (("bank_decision", _DECIDED_NOW), ("bank_entry", _ENTRY_NOW)):
            op.drop_constraint(op.f(f"ck_{table}_verdict"), table)
            op.create_check_constraint(op.f(f"ck_{table}_verdict"), table, rule)
    else:
        _edit_table("bank_decision", _DECIDED, _DECIDED_NOW)
        _edit_table("bank_entry", _ENTRY, _ENTRY_NOW)
    op.create_index("uq_bank_decision_ledger_entry_id", "bank_decision", ["ledger_entry_id"], unique=True)
    run_sql("0009")


def _edit_table(table: str, old: str, new: str) -> None:
    """SQLite cannot change a constraint; see migration 0006 for why its text is edited."""
    cursor = op.get_bind().connection.cursor()
    (sql,) = cursor.execute(
        "SELECT sql FROM sqlite_master WHERE type = 'table' AND name = ?", (table,)
    ).fetchone()
    if sql.count(old) != 1:
        raise RuntimeError(f"the table {table} is not the one migration 0009 knows: {old}")
    cursor.execute("PRAGMA writable_schema=ON")
    cursor.execute(
        "UPDATE sqlite_master SET sql = ? WHERE type = 'table' AND name = ?", (sql.replace(old, new), table)
    )
    cursor.execute("PRAGMA writable_schema=RESET")
    cursor.close()


def downgrade() -> None:
    raise NotImplementedError("What lines were tied to would be lost: restore a backup.")
