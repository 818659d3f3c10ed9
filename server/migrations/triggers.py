"""Runs a migration's trigger file: server/migrations/sql/<number>_<dialect>.sql, frozen with that migration."""

from __future__ import annotations

from pathlib import Path

from alembic import op

SQL = Path(__file__).parent / "sql"


def run_sql(number: str) -> None:
    """Execute the statements of the file for the connection's dialect, one after the other."""
    bind = op.get_bind()
    text = (SQL / f"{number}_{bind.dialect.name}.sql").read_text("utf-8")
    # the driver's own cursor: SQLAlchemy would take '%' and ':' in the bodies for parameters
    cursor = bind.connection.cursor()
    for statement in text.split("\n--;\n"):
        cursor.execute(statement.strip())
    cursor.close()
