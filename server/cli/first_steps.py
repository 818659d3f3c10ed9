"""What a new installation needs before its first price and its first batch: regions, exchange rates, own accounts."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from pathlib import Path

import click

from payments.identifiers import mask
from payments.rails.profiles import names
from server import installation, logs, settings
from server.accounts import service as accounts
from server.actor import SYSTEM, Actor
from server.batches import paying_accounts
from server.batches import service as batches
from server.cli.tables import table
from server.errors import NotFound
from server.price_lists import rates as exchange_rates
from server.price_lists import service as price_lists
from server.regions import region_file
from server.runtime import Runtime
from workflows.errors import InvalidInput
from workflows.problems import Problem, blocking

_SIZE_MAX = 50_000_000
_SHOWN = 60
_as = click.option(
    "--as", "email", default=None,
    help="E-mail address of who does it, with their rights; else the machine does, and the journal says so.",
)  # fmt: skip


def _opened(email: str | None) -> tuple[Runtime, Actor]:
    chosen = settings.load()
    logs.configure(chosen)
    runtime = installation.open_runtime(chosen)
    # a connection that nobody closes is a warning, and several commands may run in one process
    click.get_current_context().call_on_close(runtime.engine.dispose)
    if email is None:
        return runtime, SYSTEM
    actor = runtime.read(SYSTEM, accounts.actor_of_email, email)
    if actor is None:
        raise NotFound(what="account", key=email[:80])
    return runtime, actor


# Regions ----------------------------------------------------------------------------------------------


@click.group("regions")
def regions_group() -> None:
    """The places of an installation."""


@regions_group.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--dry-run", is_flag=True, help="Check only, against the places that are known; store nothing.")
@_as
def import_regions(file: Path, dry_run: bool, email: str | None) -> None:
    """Add the regions of a CSV file that are not known yet: all of them, or none when a line is wrong.

    Exit code 1 when an error forbids to use the file.
    """
    if file.stat().st_size > _SIZE_MAX:
        raise click.UsageError("The file is too large.")
    runtime, actor = _opened(email)
    data = file.read_bytes()
    try:
        step = runtime.read if dry_run else runtime.run
        found = step(actor, region_file.check_regions if dry_run else region_file.import_regions, data)
        problems = found.problems
    except InvalidInput as refused:
        found, problems = None, refused.problems
    _show(problems)
    if found is None or blocking(problems):
        click.echo(f"{file.name}: nothing was imported")
        raise click.exceptions.Exit(1)
    done = "would be added" if dry_run else "added"
    click.echo(f"{file.name}: {len(found.regions)} region(s) {done}, {found.known} known already")


def _show(problems: tuple[Problem, ...]) -> None:
    for problem in problems[:_SHOWN]:
        click.echo(f"  {problem.severity}: {problem.place}: {problem.text()}", err=True)
    if len(problems) > _SHOWN:
        click.echo(f"  … and {len(problems) - _SHOWN} more", err=True)


# Exchange rates ---------------------------------------------------------------------------------------


@click.group("rates")
def rates_group() -> None:
    """Exchange rates."""


@rates_group.command("add")
@click.argument("base")
@click.argument("counter")
@click.argument("rate")
@click.option("--from", "valid_from", type=click.DateTime(["%Y-%m-%d"]), required=True, help="First day.")
@click.option("--source", required=True, help="Where the rate comes from.")
@_as
def add_rate(
    base: str, counter: str, rate: str, valid_from: datetime, source: str, email: str | None
) -> None:
    """Write down that 1 BASE is RATE of COUNTER from a day on. It is never changed; a newer day takes over."""
    runtime, actor = _opened(email)
    added = runtime.run(
        actor, exchange_rates.record_rate, base=base, counter=counter, rate=rate, valid_from=valid_from.date(),
        source=source,
    )  # fmt: skip
    click.echo(
        f"1 {base} = {rate} {counter} from {valid_from.date()}" + ("" if added else " (known already)")
    )


@rates_group.command("list")
def list_rates() -> None:
    """Show all exchange rates, oldest first."""
    runtime, actor = _opened(None)
    rows = [
        [
            r.base,
            r.counter,
            f"{Decimal(r.rate.numerator) / r.rate.denominator:f}",
            r.valid_from.isoformat(),
            r.source,
        ]
        for r in runtime.read(actor, price_lists.exchange_rates)
    ]
    click.echo(table(["one", "in", "rate", "from", "source"], rows))


# Our own accounts -------------------------------------------------------------------------------------


@click.group("paying-account")
def paying_account_group() -> None:
    """The organisation's own accounts, which batches are paid from."""


@paying_account_group.command("add")
@click.option("--code", required=True, help="A short name, such as bank-xof.")
@click.option("--profile", "profile_name", type=click.Choice(list(names())), required=True, help="The rail.")
@click.option("--currency", required=True)
@click.option("--holder", "holder_name", required=True, help="Our name as the bank knows it.")
@click.option("--number", "identifier", required=True, help="IBAN, RIB, or the wallet's telephone number.")
@click.option("--agent", required=True, help="BIC of the bank, or the telephone company.")
@click.option("--country", required=True, help="Code of the country's region, such as BJ.")
@click.option("--town", required=True)
@_as
def add_paying_account(
    code: str, profile_name: str, currency: str, holder_name: str, identifier: str, agent: str, country: str,
    town: str, email: str | None,
) -> None:  # fmt: skip
    """Register an account that batches are paid from. It is never edited; a changed one is a new one."""
    runtime, actor = _opened(email)
    runtime.run(
        actor, paying_accounts.register, code=code, profile_name=profile_name, currency=currency,
        holder_name=holder_name, identifier=identifier, agent=agent, country=country, town=town,
    )  # fmt: skip
    click.echo(f"Batches may be paid from {code} now.")


@paying_account_group.command("list")
def list_paying_accounts() -> None:
    """Show the accounts that batches are paid from, their numbers masked."""
    runtime, actor = _opened(None)
    rows = [
        [a.code, a.profile, a.currency, a.holder_name, mask(a.identifier), a.agent, a.country, a.town]
        for a in runtime.read(actor, batches.paying_accounts)
    ]
    click.echo(table(["code", "rail", "in", "holder", "number", "agent", "country", "town"], rows))


COMMANDS = (regions_group, rates_group, paying_account_group)
