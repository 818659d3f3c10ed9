"""`franchise demo` and `franchise serve`: the story in a terminal, and the site."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import click

from server.cli.tables import table

_BAR = 40


class _Terminal:
    """Tells the story to a person: chapters, lines, tables, and a bar that moves where there is a terminal."""

    def __init__(self) -> None:
        self._bar_shown = False

    def title(self, number: int, words: str) -> None:
        click.echo()
        click.secho(f"{number}. {words}", bold=True)

    def say(self, line: str) -> None:
        self._end_bar()
        click.echo(f"   {line}")

    def table(self, head: list[str], rows: list[list[str]]) -> None:
        click.echo(table(head, rows, indent="   "))

    def progress(self, done: int, of: int) -> None:
        if not sys.stdout.isatty():
            return
        filled = _BAR * done // of
        click.echo(
            f"\r   [{'#' * filled}{'.' * (_BAR - filled)}] {done} of {of} villages accepted ", nl=False
        )
        self._bar_shown = True

    def _end_bar(self) -> None:
        if self._bar_shown:
            click.echo()
            self._bar_shown = False


@click.command()
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("demo-out"),
    show_default=True,
    help="Folder for the files the story makes.",
)
@click.option("--seed", type=int, default=46, show_default=True, help="The same seed tells the same story.")
@click.option("--villages", type=click.IntRange(1, 46), default=46, show_default=True)
@click.option(
    "--database", default=None, help="SQLAlchemy URL of an empty database; else a throw-away SQLite file."
)
def demo(out: Path, seed: int, villages: int, database: str | None) -> None:
    """Tell the story of 46 villages, from a diagram to a bank file and back."""
    # imported here: the other commands need not wait for the whole server
    from server.clock import SetClock
    from server.demo import run, story

    started = time.monotonic()
    clock = SetClock(story.START)
    terminal = _Terminal()
    click.echo("RUN demonstration. Places are real, villages, people and prices are illustrative.")
    with run.installation_for(database, clock, seed) as runtime:
        teller = run.Teller(terminal.title, terminal.say, terminal.table, terminal.progress)
        summary = run.tell(runtime, clock, teller, out=out, seed=seed, villages=villages)
    click.echo()
    click.secho("What came out", bold=True)
    rows = [[key, str(value)] for key, value in summary.items() if not isinstance(value, dict)]
    click.echo(table(["", ""], rows, indent="   "))
    for name in sorted(p.name for p in out.iterdir() if p.is_file()):
        click.echo(f"   {out / name}")
    click.echo(f"   in {time.monotonic() - started:.0f} seconds")


COMMANDS = (demo,)
