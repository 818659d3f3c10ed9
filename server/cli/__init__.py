"""The command `franchise`."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Mapping
from typing import Final

import click

from server import version
from workflows.errors import RunError

PARTS: Final[Mapping[str, tuple[str, ...]]] = {
    "authoring": ("lint", "feel"),
    "bank": ("bank",),
    "demo": ("demo",),
    "first_steps": ("regions", "rates", "paying-account"),
    "ledger": ("ledger", "statement", "batch"),
    "operation": ("serve", "migrate", "admin", "settings", "doctor", "seal", "verify"),
    "price_lists": ("prices",),
    "pricing": ("visits",),
    "quotes": ("price",),
}
"""Module of this package -> the commands in it."""
_MODULES: Final = {name: module for module, names in PARTS.items() for name in names}


class _Commands(click.Group):
    """Commands whose modules are read when they are asked for: a linter should not wait for a database."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(_MODULES)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _MODULES:
            return None
        part = importlib.import_module(f"server.cli.{_MODULES[cmd_name]}")
        commands: tuple[click.Command, ...] = part.COMMANDS
        return next(command for command in commands if command.name == cmd_name)


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(version(), prog_name="franchise")
def cli() -> None:
    """RUN: define, price, deliver and pay franchised services."""


def main() -> None:
    """Run the command; an error of the house is one sentence and exit code 1, never a traceback."""
    try:
        code = cli.main(prog_name="franchise", standalone_mode=False)
        # click answers a command's Exit(1) with its number here, and does not leave by itself
        sys.exit(code if isinstance(code, int) else 0)
    except click.exceptions.Abort:
        sys.exit(130)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except RunError as error:
        click.echo(f"franchise: {error}", err=True)
        for problem in getattr(error, "problems", ()):
            click.echo(f"  {problem.severity}: {problem.place}: {problem.text()}", err=True)
        sys.exit(1)
    except BrokenPipeError:
        sys.exit(0)
    except Exception as error:
        if not _is_of_the_machine(error):
            raise
        # no permission, no such folder, no database or no driver for it: the first line says which
        click.echo(f"franchise: {str(error).partition(chr(10))[0]}", err=True)
        sys.exit(1)


def _is_of_the_machine(error: Exception) -> bool:
    database = sys.modules.get("sqlalchemy.exc")  # what was never read cannot have raised
    return isinstance(error, (OSError, ImportError)) or (
        database is not None and isinstance(error, database.SQLAlchemyError)
    )
