"""append the history

On SQLite the history of instances becomes a table in the order of its rows: a step then writes at the end of it
instead of in the middle of a tree of wide rows, which was two and a half pages for each step. PostgreSQL keeps
tables so already.

Revision ID: 0007
Revises: 0006
Create Date: 2026-11-21 16:05:00
"""

from __future__ import annotations

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    bind = op.get_bind()
    if bind.dialect.name != "sqlite":
        return
    # the driver's own cursor: SQLAlchemy would take ':' in the triggers for parameters
    cursor = bind.connection.cursor()
    cursor.execute("SELECT sql FROM sqlite_master WHERE type = 'table' AND name = 'instance_change'")
    ((table,),) = cursor.fetchall()
    cursor.execute("SELECT sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'instance_change'")
    triggers = [text for (text,) in cursor.fetchall()]
    made = table.replace("instance_change", "instance_change_new", 1).replace("WITHOUT ROWID", "")
    cursor.execute(made)
    cursor.execute("INSERT INTO instance_change_new SELECT * FROM instance_change ORDER BY at, version")
    cursor.execute("DROP TABLE instance_change")
    cursor.execute("ALTER TABLE instance_change_new RENAME TO instance_change")
    for trigger in triggers:
        cursor.execute(trigger)
    cursor.close()


def downgrade() -> None:
    raise NotImplementedError("Nothing would be gained: restore a backup.")
