"""The ledger and payment batches without a browser: journals, statements, files out and answers in."""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

import click

from payments.answers import bank_files
from payments.rails.profiles import MobileMoneyProfile, names, profile
from payments.reports import Period
from server import installation, logs, settings
from server.accounts import service as accounts
from server.actor import SYSTEM, Actor
from server.batches import reports as bank_reports
from server.batches import service as batches
from server.cli.operation import require_database
from server.cli.tables import table
from server.errors import NotFound
from server.people import service as people
from server.reports import journal, writing
from server.reports import service as reports
from server.reports.tables import Report
from server.runtime import Runtime, Tx

F = TypeVar("F", bound=Callable[..., Any])
_SIZE_MAX = 100_000_000
_DAY = click.DateTime(["%Y-%m-%d"])


def _runtime() -> Runtime:
    require_database()
    chosen = settings.load()
    logs.configure(chosen)
    return installation.open_runtime(chosen)


def _period_options(command: F) -> F:
    command = click.option("--to", "last", type=_DAY, default=None, help="Last day, included.")(command)
    return click.option("--from", "first", type=_DAY, default=None, help="First day.")(command)


def _period(first: datetime | None, last: datetime | None) -> Period:
    return Period(first.date() if first else None, last.date() if last else None)


_locale = click.option(
    "--locale", type=click.Choice(["en", "fr", "es"]), default="en", show_default=True, help="Language."
)


def _give(content: bytes, out: Path | None) -> None:
    """To a file that is not there yet, or to standard output."""
    if out is None:
        sys.stdout.buffer.write(content)
        return
    try:
        with out.open("xb") as file:
            file.write(content)
    except FileExistsError:
        raise click.ClickException(
            f"{out} exists already. Nothing was overwritten; name a new file."
        ) from None


# The ledger -------------------------------------------------------------------------------------------


@click.group()
def ledger() -> None:
    """The ledger: its journal, and statements of people."""


@ledger.command("export")
@click.option("--format", "form", type=click.Choice(list(journal.FORMS)), default="csv", show_default=True)
@_period_options
@click.option(
    "--out", type=click.Path(path_type=Path), default=None, help="A new file; else standard output."
)
def export_ledger(form: str, first: datetime | None, last: datetime | None, out: Path | None) -> None:
    """Write the accounting journal: CSV with SYSCOHADA account numbers, beancount, or JSON."""
    text = _runtime().read(SYSTEM, journal.text, form, _period(first, last))
    _give(text.encode(), out)


def _statement(
    person: str, form: str, first: datetime | None, last: datetime | None, out: Path | None, locale: str
) -> None:
    made = _runtime().read(SYSTEM, _of_person, person, _period(first, last), locale)
    if form == "text":
        _give(_as_text(made, locale).encode(), out)
    else:
        _give(writing.write(made, form, locale), out)


def _of_person(tx: Tx, person: str, period: Period, locale: str) -> Report:
    """By id, or by a name that only one person has."""
    known = people.people(tx)
    found = [p.id for p in known.values() if person in (p.id, p.name)]
    if len(found) != 1:
        raise NotFound(what="person (give the id where names are equal)", key=person[:80])
    return reports.statement(tx, found[0], period, locale)


def _as_text(made: Report, locale: str) -> str:
    lines = [made.title, *(f"{words}: {said}" for words, said in made.facts)]
    for each in made.tables:
        rows = [[writing.shown(c.value, locale) for c in row] for row in (*each.rows, *each.totals)]
        lines += ["", each.title, table([c.words for c in each.columns], rows)]
    return "\n".join(lines) + "\n"


def _statement_options(command: F) -> F:
    command = _locale(command)
    command = click.option(
        "--out", type=click.Path(path_type=Path), default=None, help="A new file; else standard output."
    )(command)
    command = _period_options(command)
    forms = click.Choice(["text", *writing.TYPES])
    command = click.option("--format", "form", type=forms, default="text", show_default=True)(command)
    return click.argument("person")(command)


@ledger.command("statement")
@_statement_options
def ledger_statement(
    person: str, form: str, first: datetime | None, last: datetime | None, out: Path | None, locale: str
) -> None:
    """Write what a person was owed and paid. PERSON is an id, or a name that only one person has."""
    _statement(person, form, first, last, out, locale)


@click.command()
@_statement_options
def statement(
    person: str, form: str, first: datetime | None, last: datetime | None, out: Path | None, locale: str
) -> None:
    """Write what a person was owed and paid: `franchise ledger statement` for short."""
    _statement(person, form, first, last, out, locale)


# Batches ----------------------------------------------------------------------------------------------


@click.group()
def batch() -> None:
    """Payment batches: their file, and what the bank answered."""


_as = click.option(
    "--as", "email", default=None,
    help="E-mail address of who does it, with their rights; else the machine does, and the journal says so.",
)  # fmt: skip


def _actor(runtime: Runtime, email: str | None) -> Actor:
    if email is None:
        return SYSTEM
    actor = runtime.read(SYSTEM, accounts.actor_of_email, email)
    if actor is None:
        raise NotFound(what="account", key=email[:80])
    return actor


@batch.command("export")
@click.argument("reference")
@click.option(
    "--out", type=click.Path(path_type=Path), default=None, help="A new file; else the batch's file name."
)
@_as
def export_batch(reference: str, out: Path | None, email: str | None) -> None:
    """Write the file of an approved batch, once, and freeze it; a frozen one is given again, the same bytes.

    REFERENCE is the batch's reference (RUN-20260401-01) or its id.
    """
    runtime = _runtime()
    actor = _actor(runtime, email)
    batch_id, state = runtime.read(actor, _find_batch, reference)
    if state == "approved":
        runtime.run(actor, batches.export, batch_id)
    name, content = runtime.read(actor, batches.file_of, batch_id)
    target = out or Path(name)
    _give(content, target)
    row = runtime.read(actor, batches.batch, batch_id)
    click.echo(f"{target}: SHA-256 {row.file_sha256}", err=True)


def _find_batch(tx: Tx, reference: str) -> tuple[str, str]:
    for row in batches.batches(tx):
        if reference in (row.reference, row.id):
            found = batches.visible(tx, row.id)
            return found.id, found.state
    raise NotFound(what="batch", key=reference[:80])


@batch.command("import")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option(
    "--batch", "reference", default=None, help="The batch it answers: for pain.002 and result files."
)
@click.option(
    "--account", "code", default=None, help="Code of our account it is about: for camt and pain.002."
)
@_as
def import_answer(file: Path, reference: str | None, code: str | None, email: str | None) -> None:
    """Book what a bank or company answered; nothing is booked twice.

    Which batch or account it is about is read from the file where it is not given. Exit code 1 when a line fits no
    payment and waits for a person.
    """
    if reference is not None and code is not None:
        raise click.UsageError("Give --batch or --account, not both.")
    if file.stat().st_size > _SIZE_MAX:
        raise click.UsageError("The file is too large.")
    runtime = _runtime()
    actor, data = _actor(runtime, email), file.read_bytes()
    if reference is None and code is None:
        reference, code = runtime.read(actor, _about, data)
    if reference is not None:
        batch_id, _ = runtime.read(actor, _find_batch, reference)
        answer = runtime.run(actor, batches.read_answer, batch_id, data, name=file.name)
        counts = {
            "settled": answer.settled, "rejected": answer.rejected, "pending": answer.pending,
            "already known": answer.already_known, "unmatched": len(answer.unmatched),
        }  # fmt: skip
    else:
        account = runtime.read(actor, _find_account, code or "")
        read = runtime.run(actor, bank_reports.read_file, account, data, name=file.name)
        counts = {
            "settled": read.settled, "rejected": read.rejected, "returned": read.returned, "pending": read.pending,
            "already known": read.already_known, "unmatched": read.unmatched,
        }  # fmt: skip
        for problem in read.problems:
            click.echo(f"  {problem.severity}: {problem.place}: {problem.text()}", err=True)
    click.echo(table(("what", "payments"), [(what, str(number)) for what, number in counts.items()]))
    if counts["unmatched"]:
        raise click.exceptions.Exit(1)


def _about(tx: Tx, data: bytes) -> tuple[str | None, str | None]:
    """The batch's reference or the account's code that a file speaks about. Raises NotFound."""
    profiles = {name: rail for name in names() if isinstance(rail := profile(name), MobileMoneyProfile)}
    found = bank_files.read(data, profiles=profiles)
    if found.report:
        told = {statement.account for statement in found.report.statements}
        for row in batches.visible_accounts(tx).values():
            if any(bank_reports.is_same_account(account, row.identifier) for account in told):
                return None, row.code
        raise NotFound(what="paying account", key=", ".join(sorted(told))[:80])
    items = found.answer.items
    said = {found.answer.original_message_id, *(item.original_message_id for item in items)}
    said |= {item.end_to_end_id.rpartition("-")[0] for item in items}
    known = [row.reference for row in batches.batches(tx) if row.reference in said]
    if len(known) != 1:
        raise NotFound(what="batch (name it with --batch)", key=", ".join(sorted(said - {""}))[:80])
    return known[0], None


def _find_account(tx: Tx, code: str) -> str:
    for row in batches.visible_accounts(tx).values():
        if row.code == code:
            return row.id
    raise NotFound(what="paying account", key=code[:80])


COMMANDS = (ledger, statement, batch)
