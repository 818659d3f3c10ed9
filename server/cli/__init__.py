"""The command `franchise`."""

from __future__ import annotations

import sys

import click
from sqlalchemy.exc import SQLAlchemyError

from server import installation
from server.cli import authoring, bank, demo, ledger, operation, price_lists, pricing, quotes
from workflows.errors import RunError


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(installation.version(), prog_name="franchise")
def cli() -> None:
    """RUN: define, price, deliver and pay franchised services."""


_PARTS = (demo, operation, authoring, pricing, quotes, price_lists, bank, ledger)
for _command in (command for part in _PARTS for command in part.COMMANDS):
    cli.add_command(_command)


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
    except (OSError, SQLAlchemyError, ImportError) as error:
        # no permission, no such folder, no database or no driver for it: the first line says which
        click.echo(f"franchise: {str(error).partition(chr(10))[0]}", err=True)
        sys.exit(1)
