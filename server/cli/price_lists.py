"""`franchise prices`: checking and importing price lists from a terminal."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import click
import orjson

from pricing.importers import read_price_list
from pricing.reports import CellProblem, annotated, report
from pricing.templates import COLUMNS
from server import installation, logs, settings
from server.accounts import service as accounts
from server.actor import SYSTEM
from server.cli.tables import table
from server.price_lists import service as price_lists
from translations import LOCALES, catalogue
from workflows.errors import InvalidInput
from workflows.problems import Problem, blocking

_SHOWN_ROWS: Final = 5
_SHOWN_PROBLEMS: Final = 60


@click.group()
def prices() -> None:
    """Price lists."""


@prices.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--dry-run", is_flag=True, help="Check only; needs no database.")
@click.option("--as", "email", default=None, help="E-mail address of the account that imports.")
@click.option(
    "--set", "defaults", multiple=True, metavar="COLUMN=VALUE",
    help="A value for a column that the file leaves out, such as valid_from=2026-01-01.",
)  # fmt: skip
@click.option(
    "--report", "marked", type=click.Path(dir_okay=False, path_type=Path), default=None,
    help="Write an XLSX workbook with every faulty cell marked, to correct and send again.",
)  # fmt: skip
@click.option("--language", type=click.Choice(list(LOCALES)), default="en", show_default=True)
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
def prices_import(
    file: Path, dry_run: bool, email: str | None, defaults: tuple[str, ...], marked: Path | None, language: str,
    form: str,
) -> None:  # fmt: skip
    """Import a price list as a draft, or say what is wrong with each cell.

    Exit code 1 when an error forbids to use the file; then nothing is imported.
    """
    if not dry_run and email is None:
        raise click.ClickException("Say who imports with --as E-MAIL, or check only with --dry-run.")
    data, chosen = file.read_bytes(), _chosen(defaults)
    if dry_run:
        count, problems = _dry_run(data, file.name, chosen)
    else:
        count, problems = _import(data, file.name, email or "", chosen)
    if marked is not None:
        texts = catalogue(language).texts
        marked.write_bytes(annotated(data, problems, lambda p: p.text(texts), language))
    usable = not blocking(problems)
    if form == "json":
        click.echo(orjson.dumps(_document(usable, count, problems), option=orjson.OPT_INDENT_2).decode())
    else:
        texts = catalogue(language).texts
        _show(report(problems, lambda p: p.text(texts)))
        click.echo(f"{count} price(s) in {file.name}" + ("" if usable else "; nothing was imported"))
        if marked is not None:
            click.echo(f"Faulty cells are marked in {marked}")
    if not usable:
        raise click.exceptions.Exit(1)


def _chosen(defaults: Sequence[str]) -> dict[str, str]:
    found = {}
    for text in defaults:
        column, sign, value = text.partition("=")
        if not sign or column not in COLUMNS:
            raise click.ClickException(f"--set {text}: write COLUMN=VALUE with one of {', '.join(COLUMNS)}.")
        found[column] = value
    return found


def _dry_run(data: bytes, name: str, defaults: dict[str, str]) -> tuple[int, tuple[Problem, ...]]:
    """Checked against the demonstration's items and places when there is no installation's."""
    from server.demo import prices as demonstration

    found = read_price_list(
        data, filename=name, items=demonstration.items(), regions=demonstration.regions(),
        packaging=demonstration.packagings(), defaults=defaults,
    )  # fmt: skip
    return len(found.rows), found.problems


def _import(
    data: bytes, name: str, email: str, defaults: dict[str, str]
) -> tuple[int, tuple[Problem, ...]]:  # fmt: skip
    chosen = settings.load()
    logs.configure(chosen)
    runtime = installation.open_runtime(chosen)
    actor = runtime.read(SYSTEM, accounts.actor_of_email, email)
    if actor is None:
        raise click.ClickException(f"There is no account for {email}.")
    found = runtime.read(actor, price_lists.check_price_list, data, filename=name, defaults=defaults)
    try:
        row = runtime.run(actor, price_lists.import_price_list, data, filename=name, defaults=defaults)
    except InvalidInput as refused:
        return 0, refused.problems
    return row.row_count, found.problems


def _document(usable: bool, count: int, problems: Sequence[Problem]) -> dict[str, Any]:
    """The report for a program: every cell with its message in each language of the interface."""
    lines = [dataclasses.asdict(line) for line in report(problems)]
    for line, problem in zip(lines, problems, strict=True):
        line["place"] = problem.place
        line["messages"] = {locale: problem.text(catalogue(locale).texts) for locale in LOCALES}
    return {"ok": usable, "prices": count, "problems": lines}


def _show(lines: Sequence[CellProblem]) -> None:
    """One line for each mistake; the same mistake in many rows is told once."""
    groups: dict[tuple[str, str, str], list[CellProblem]] = {}
    for line in lines:
        groups.setdefault((line.code, line.column, line.message), []).append(line)
    rows = []
    for found in list(groups.values())[:_SHOWN_PROBLEMS]:
        first = found[0]
        rows.append([first.severity, _where(found), first.column, first.code, first.message])
    if rows:
        click.echo(table(["", "row", "column", "code", "message"], rows))
    if len(groups) > _SHOWN_PROBLEMS:
        click.echo(
            f"… and {len(groups) - _SHOWN_PROBLEMS} other mistakes; --format json or --report tells all."
        )


def _where(found: Sequence[CellProblem]) -> str:
    rows = list(dict.fromkeys(line.row for line in found if line.row is not None))
    shown = ", ".join(str(row) for row in rows[:_SHOWN_ROWS])
    return shown + (f" … ({len(rows)} rows)" if len(rows) > _SHOWN_ROWS else "")


COMMANDS = (prices,)
