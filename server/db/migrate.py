"""Create and upgrade the schema. Alembic is imported when it is needed: that takes longer than a short command."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import Engine

if TYPE_CHECKING:
    from alembic.config import Config


def config() -> Config:
    """Alembic's configuration; the caller puts a connection into `attributes["connection"]`."""
    from alembic.config import Config

    made = Config()
    made.set_main_option("script_location", "server:migrations")
    made.set_main_option("path_separator", "os")
    made.set_main_option(
        "file_template", "%%(year)d%%(month).2d%%(day).2d_%%(hour).2d%%(minute).2d_%%(slug)s"
    )
    return made


def upgrade(engine: Engine, revision: str = "head") -> None:
    """Bring the schema to `revision`; does nothing when it is there."""
    from alembic import command

    with engine.begin() as connection:
        made = config()
        made.attributes["connection"] = connection
        command.upgrade(made, revision)
