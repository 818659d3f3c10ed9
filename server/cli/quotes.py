"""`franchise price`: what a service costs in a place on a day, without an installation."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from pathlib import Path
from typing import Any, Final, get_args

import click
import orjson

from pricing.errors import NotPriceable
from pricing.money import Money, minor_digits
from pricing.price_lists import PriceBook
from pricing.quotes import Basis, Quote, QuoteLine, build_quote
from pricing.service_costs import ServiceCosts, compile_service
from server.cli.tables import table
from service_library import library
from service_library.package import digest as package_digest
from workflows.definitions.model import Definition
from workflows.definitions.read import read
from workflows.errors import InvalidInput
from workflows.problems import Problem, blocking

_SIZE_MAX: Final = 30_000_000
_PAID_BY: Final = "fund"


@click.command()
@click.argument("service")
@click.option("--region", required=True, help="Code of the place, such as BJ-DO-COPARGO.")
@click.option(
    "--on",
    required=True,
    type=click.DateTime(["%Y-%m-%d"]),
    help="The day whose prices count, such as 2026-03-01.",
)
@click.option(
    "--param",
    "given",
    multiple=True,
    metavar="NAME=NUMBER",
    help="A number of the service, such as households=20.",
)
@click.option(
    "--count", type=click.IntRange(1, 10_000), default=1, show_default=True, help="How many instances."
)
@click.option("--basis", type=click.Choice(get_args(Basis)), default="p80", show_default=True)
@click.option("--seed", type=int, default=1, show_default=True, help="Of the simulation.")
@click.option(
    "--prices", "files", multiple=True, type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A price list to use instead of the demonstration's; may be repeated.",
)  # fmt: skip
@click.option("--currency", default=None, help="ISO 4217 code; without it that of the place.")
@click.option(
    "--without-terms", is_flag=True, help="Leave out the demonstration's overheads and contributions."
)
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
def price(
    service: str, region: str, on: datetime, given: tuple[str, ...], count: int, basis: Basis, seed: int,
    files: tuple[Path, ...], currency: str | None, without_terms: bool, form: str,
) -> None:  # fmt: skip
    """Say what a service costs in a place on a day, line by line, and where each price comes from.

    SERVICE is the code of a service we ship (community_profile, or community_profile@1.0.0) or a BPMN file.
    Needs no database. Exit code 1 when it cannot be priced, with every reason.
    """
    # imported here: the other commands need not wait for the demonstration
    from server.demo import prices, world

    try:
        costs, name, digest = _service(service)
        book = prices.book([(path.name, path.read_bytes()) for path in files])
        money = currency or prices.currency(book.regions, region)
        if not money:
            raise click.ClickException(f"The currency of {region} is not known. State it with --currency.")
        in_benin = book.regions.chain(region)[-1].code == world.COUNTRY and not without_terms
        quote = build_quote(
            costs, book, region=region, on=on.date(), currency=money, parameters=_numbers(given), count=count,
            basis=basis, seed=seed, overheads=world.overheads() if in_benin else (),
            contributions=world.contributions() if in_benin else (), service_version_digest=digest,
        )  # fmt: skip
    except InvalidInput as refused:
        _refuse(refused.problems, form)
        raise click.exceptions.Exit(1) from refused
    if form == "json":
        document = {"ok": True, "digest": quote.digest(), "quote": quote.as_json(), "problems": []}
        click.echo(orjson.dumps(document, option=orjson.OPT_INDENT_2).decode())
    else:
        _show(quote, name, book)


def _service(text: str) -> tuple[ServiceCosts, str, str]:
    """The costs, the name, and the digest of the version ("" for a file)."""
    path = Path(text)
    if path.suffix.lower() in (".bpmn", ".xml"):
        definition = _definition(path)
        return compile_service(definition), definition.name or path.name, ""
    code, _, version = text.partition("@")
    versions = dict(library.available())
    if code not in versions:
        raise click.ClickException(
            f"There is no service {code}. Choose one of {', '.join(versions)}, or name a file that ends in .bpmn."
        )
    package = library.load(code, version or versions[code][-1])
    label = package.definition.service.name.get("en", code)
    return compile_service(package.definition), f"{label} {package.version}", package_digest(package)


def _definition(path: Path) -> Definition:
    if not path.is_file():
        raise click.ClickException(f"There is no file {path}.")
    if path.stat().st_size > _SIZE_MAX:
        raise click.ClickException(f"{path} is too large.")
    reading = read(path.read_bytes())
    if reading.definition is None:
        raise NotPriceable(blocking(reading.problems))
    return reading.definition


def _numbers(given: Sequence[str]) -> dict[str, Decimal]:
    found = {}
    for text in given:
        name, sign, value = text.partition("=")
        try:
            found[name.strip()] = Decimal(value.strip())
        except InvalidOperation:
            sign = ""
        if not sign or not found[name.strip()].is_finite():
            raise click.ClickException(f"--param {text}: write NAME=NUMBER, such as households=20.")
    return found


def _refuse(problems: Sequence[Problem], form: str) -> None:
    if form == "json":
        document = {"ok": False, "problems": [p.as_json() for p in problems]}
        click.echo(orjson.dumps(document, option=orjson.OPT_INDENT_2).decode())
        return
    click.echo("This cannot be priced:", err=True)
    for problem in problems:
        place = f" [{problem.place}]" if problem.place else ""
        click.echo(f"  {problem.code}{place}: {problem.text()}", err=True)


def _show(quote: Quote, name: str, book: PriceBook) -> None:
    def money(minor: int) -> str:
        return f"{Money(minor, quote.currency).major():,f}"

    place = book.regions.get(quote.region)
    where = next(iter(place.names.values()), quote.region) if place else quote.region
    click.secho(
        f"{name} in {where} ({quote.region}) on {quote.on.isoformat()}, in {quote.currency}", bold=True
    )
    numbers = ", ".join(f"{key} = {_plain(value)}" for key, value in quote.parameters.items())
    click.echo(f"{quote.count} instance(s)" + (f", with {numbers}" if numbers else "") + "\n")
    rows = [_row(quote, line, book, money) for line in quote.lines]
    click.echo(
        table(["task", "what", "quantity", "times", "price of one", "from", "paid by", "amount"], rows)
    )
    click.echo()
    click.echo(table(["", ""], _totals(quote, money)))
    for warning in quote.warnings:
        about = f" [{warning.place}]" if warning.place else ""
        click.echo(f"warning: {warning.code}{about}: {warning.message % warning.params}", err=True)
    click.echo(f"\nSHA-256 of the quote: {quote.digest()}")


def _row(quote: Quote, line: QuoteLine, book: PriceBook, money: Any) -> list[str]:  # noqa: ANN401
    item = book.items[line.item]
    what = line.label.get("en") or item.names.get("en") or line.item
    source = f"{line.price.list} row {line.price.row}, {line.price.region}"
    payers = [*(["fund"] if line.fund_minor else []), *line.party_minor]
    payers += [f"{party} (in kind)" for party in line.in_kind_minor]
    return [
        line.task, what[:40], f"{_plain(line.quantity)} {line.unit}", _plain(line.executions * quote.count),
        _plain(line.price.typical, minor_digits(quote.currency) + 2), source, ", ".join(payers) or "fund",
        money(line.amount_minor),
    ]  # fmt: skip


def _totals(quote: Quote, money: Any) -> list[list[str]]:  # noqa: ANN401
    rows = [["direct cost", money(quote.direct_minor)]]
    for o in quote.overheads:
        rate = f" {_plain(o.value)} %" if o.kind == "percent" else ""
        rows.append([f"{o.names.get('en', o.code)}{rate}", money(o.amount_minor)])
    rows.append(["expected, at typical prices", money(quote.expected_minor)])
    basis = {
        "p80": "contingency to P80",
        "maximum": "contingency to the maximum",
        "expected": "rounding of payments",
    }
    rows += [[basis[quote.basis], money(quote.contingency_minor)], ["PRICE", money(quote.charged_minor)]]
    rows += [[f"  of it {party} pays", money(minor)] for party, minor in quote.party_minor.items()]
    rows += [[f"  of it {party} gives", money(minor)] for party, minor in quote.in_kind_minor.items()]
    rows.append([f"  of it the {_PAID_BY} pays", money(quote.fund_minor)])
    highest = "without bound" if quote.maximum_minor is None else money(quote.maximum_minor)
    rows += [["least possible", money(quote.minimum_minor)], ["most possible", highest]]
    if quote.risk:
        risk = quote.risk
        rows.append([f"simulated mean ({risk.draws:,} cases, seed {risk.seed})", money(risk.mean_minor)])
        for label in ("p10", "p50", "p80", "p95"):
            rows.append([f"simulated {label.upper()}", money(getattr(risk, f"{label}_minor"))])
    return rows


def _plain(value: Fraction, places: int = 4) -> str:
    """A number for reading: exact where the places are enough, else rounded to them."""
    text = f"{Decimal(round(value * 10**places)).scaleb(-places):f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


COMMANDS = (price,)
