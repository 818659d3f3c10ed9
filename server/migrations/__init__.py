"""Alembic migrations; the schema they make is the same on SQLite and PostgreSQL."""
