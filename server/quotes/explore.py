"""Prices to explore: what if the numbers were others, places side by side, all services in all places.

Nothing here is stored. The sliders ask for the price again as they are moved (a part of the page, by htmx);
without a script they are a form with a button.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from flask import Blueprint, Response, g, make_response, render_template, request
from werkzeug.datastructures import MultiDict

from pricing.errors import NotPriceable
from pricing.money import minor_digits
from pricing.quotes import Quote
from server.actor import Action, can
from server.catalogue import service as catalogue
from server.errors import NotFound
from server.http.locale import gettext, localised
from server.http.security import permission
from server.http.words import level_word, party_word, problem_text
from server.quotes import prices
from server.quotes import service as quotes
from server.quotes.pages import (
    Asked,
    MissingLine,
    QuotePage,
    asked_from,
    default_place,
    field_of,
    missing_line,
    page_of,
    visible_places,
)
from server.regions import service as regions
from server.runtime import Tx
from workflows.definitions.model import Definition, Parameter

pages = Blueprint("explore", __name__)
MOST_PLACES = 4
STEPS = 100
"""Positions of a slider, roughly."""


@dataclass(frozen=True, slots=True)
class Slider:
    """A number of the service with its place on the scale; without bounds it is a field to type in."""

    parameter: Parameter
    value: str
    step: str
    bounded: bool
    is_usual: bool


@dataclass(frozen=True, slots=True)
class WhatIf:
    """The price for the numbers chosen, and for the usual ones."""

    asked: Asked
    version: catalogue.ServiceVersionRow
    places: list[tuple[str, str]]
    sliders: list[Slider]
    shown: QuotePage | None
    usual: Quote | None
    missing: list[MissingLine]


@dataclass(frozen=True, slots=True)
class Column:
    """A place of the comparison; quote None = prices are missing, named in `missing`."""

    region: regions.RegionRow
    quote: Quote | None
    missing: list[MissingLine]
    others: list[str]


@dataclass(frozen=True, slots=True)
class SideBySide:
    """A service in up to four places. tasks: (id, title); payers: (key, words)."""

    asked: Asked
    version: catalogue.ServiceVersionRow
    places: list[tuple[str, str]]
    chosen: list[str]
    columns: list[Column]
    tasks: list[tuple[str, str]]
    payers: list[tuple[str, str]]
    amounts: Mapping[tuple[str, str], int]
    """By (region, task or payer), in minor units of the region's currency."""


@dataclass(frozen=True, slots=True)
class Cell:
    """What a service costs in a place. minor None = prices are missing or the service has none (`missing`)."""

    version: catalogue.ServiceVersionRow
    region: regions.RegionRow
    minor: int | None
    currency: str
    missing: list[str]


@dataclass(frozen=True, slots=True)
class MatrixPage:
    """The catalogue's prices. rows: as they are shown, the longer side down; by_place: whether rows are places."""

    region: str
    on: str
    wrong: str
    places: list[tuple[str, str]]
    heads: list[str]
    rows: list[tuple[str, list[Cell]]]
    by_place: bool
    currency: str
    """"" = several."""
    missing: int


@pages.get("/quotes/what-if")
@permission(Action.PRICE_READ)
def what_if() -> str | tuple[str, int]:
    """The price as the numbers change; htmx asks for the part with the price only."""
    page = g.runtime.read(g.actor, _what_if, asked_from(request.args))
    part = request.headers.get("HX-Request") == "true"
    status = 422 if page.asked.problems else 200
    by_field = {place: text for place, _, text in page.asked.problems}
    return render_template(
        "quotes/_what_if.html" if part else "quotes/what_if.html", page=page, problems=page.asked.problems,
        fields=tuple(by_field), problem_of=lambda name: by_field.get(name, ""),
    ), status  # fmt: skip


@pages.get("/quotes/side-by-side")
@permission(Action.PRICE_READ)
def side_by_side() -> str | tuple[str, int]:
    """One instance of a service in up to four places on a day."""
    asked = asked_from(request.args)
    page = g.runtime.read(g.actor, _side_by_side, asked, _codes(request.args))
    return render_template(
        "quotes/side_by_side.html", page=page, problems=asked.problems, fields=("on",)
    ), 422 if asked.problems else 200  # fmt: skip


@pages.get("/quotes/matrix")
@permission(Action.PRICE_READ)
def matrix() -> str | tuple[str, int]:
    """Every service in every place directly below one: expected cost with percentage overheads."""
    page = g.runtime.read(
        g.actor, _matrix, request.args.get("region", "")[:100], request.args.get("on", "")[:10]
    )
    problems = [("on", "error", page.wrong)] if page.wrong else []
    return render_template(
        "quotes/matrix.html", page=page, problems=problems, fields=("on",)
    ), 422 if problems else 200  # fmt: skip


@pages.get("/quotes/matrix.csv")
@permission(Action.PRICE_READ)
def matrix_csv() -> Response:
    """The same as a table for a spreadsheet: a row for each service and place."""
    page = g.runtime.read(
        g.actor, _matrix, request.args.get("region", "")[:100], request.args.get("on", "")[:10]
    )
    response = make_response(csv_of(page).encode("utf-8-sig"))
    response.content_type = "text/csv; charset=utf-8"
    response.headers.set("Content-Disposition", "attachment", filename=f"prices-{page.region}-{page.on}.csv")
    return response


def csv_of(page: MatrixPage) -> str:
    """RFC 4180; amounts in major units with a point, texts that a spreadsheet would run are made harmless."""
    stream = io.StringIO(newline="")
    writer = csv.writer(stream)
    writer.writerow(["service", "version", "service_name", "region", "region_name", "on", "currency", "expected",
                     "missing"])  # fmt: skip
    for _, cells in page.rows:
        for cell in cells:
            amount = "" if cell.minor is None else Decimal(cell.minor).scaleb(-minor_digits(cell.currency))
            writer.writerow(
                [cell.version.service_code, cell.version.version, _harmless(localised(cell.version.names)),
                 cell.region.code, _harmless(localised(cell.region.names)), page.on, cell.currency, amount,
                 _harmless("; ".join(cell.missing))]
            )  # fmt: skip
    return stream.getvalue()


def _harmless(text: str) -> str:
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text


# --- what if ------------------------------------------------------------------------------------------------


def _what_if(tx: Tx, asked: Asked) -> WhatIf:
    version, definition, places = _service(tx, asked)
    known = definition.service.parameters
    day, count, numbers = asked.day(tx.now.date()), asked.count(), asked.numbers(known)
    shown, usual, missing = None, None, []
    if not asked.problems and asked.region:
        try:
            found = quotes.calculate(
                tx, version_id=version.id, region=asked.region, instances=count, on=day, parameters=numbers
            )
            shown = page_of(tx, found, version)
            usual = quotes.calculate(tx, version_id=version.id, region=asked.region, instances=count, on=day)
        except NotPriceable as refused:
            missing = [
                missing_line(tx, definition.nodes, p) for p in refused.problems if p.code == "missing-price"
            ]
            asked.problems += [
                (field_of(p, known), p.severity, problem_text(p))
                for p in refused.problems
                if p.code != "missing-price"
            ]
    sliders = [_slider(parameter, numbers) for parameter in known]
    return WhatIf(asked, version, places, sliders, shown, usual, missing)


def _service(tx: Tx, asked: Asked) -> tuple[catalogue.ServiceVersionRow, Definition, list[tuple[str, str]]]:
    version = catalogue.find_version(tx, asked.service, asked.version or None)
    places = visible_places(tx)
    asked.region = asked.region or default_place(tx, places)
    return version, catalogue.package(tx, version.id).definition, places


def _slider(parameter: Parameter, numbers: Mapping[str, Decimal]) -> Slider:
    low, high = parameter.minimum, parameter.maximum
    value = numbers.get(parameter.id, parameter.default if parameter.default is not None else low)
    bounded = low is not None and high is not None and low < high
    step = "any"
    if bounded and low is not None and high is not None:
        whole = all(n == n.to_integral_value() for n in (low, high, parameter.default or low))
        width = (high - low) / STEPS
        step = "1" if whole else f"{Decimal(1).scaleb(width.adjusted()):f}"
    shown = "" if value is None else f"{value.normalize():f}"
    return Slider(parameter, shown, step, bounded, value == parameter.default)


# --- side by side -------------------------------------------------------------------------------------------


def _codes(values: MultiDict[str, str]) -> list[str]:
    given = [value.strip()[:100] for value in values.getlist("place")]
    return list(dict.fromkeys(code for code in given if code))[:MOST_PLACES]


def _side_by_side(tx: Tx, asked: Asked, codes: list[str]) -> SideBySide:
    version, definition, places = _service(tx, asked)
    if not codes:
        codes = list(dict.fromkeys([asked.region, *(row.code for row in prices.priced_regions(tx))]))[:3]
    day, columns, parties = asked.day(tx.now.date()), [], dict[str, str]()
    amounts: dict[tuple[str, str], int] = {}
    for code in codes if not asked.problems else ():
        region = regions.region(tx, code)
        if not can(tx.actor, Action.PRICE_READ, regions.place(tx, code)):
            raise NotFound(what="region", key=code)
        found = prices.in_region(tx, version.id, region, on=day)
        missing = [missing_line(tx, definition.nodes, p) for p in found.problems if p.code == "missing-price"]
        others = [problem_text(p) for p in found.problems if p.code != "missing-price"]
        columns.append(Column(region, found.quote, missing, others))
        if found.quote:
            amounts |= {(code, task.id): task.amount_minor for task in found.quote.tasks.values()}
            for key, words, minor in _shares(found.quote):
                parties.setdefault(key, words)
                amounts[code, key] = minor
    tasks = [
        (node.id, localised(node.task.title) or node.id)
        for node in definition.tasks()
        if node.task and any((code, node.id) in amounts for code in codes)
    ]
    return SideBySide(asked, version, places, codes, columns, tasks, list(parties.items()), amounts)


def _shares(quote: Quote) -> list[tuple[str, str, int]]:
    cash = [
        (f"cash:{party}", party_word(party), minor) for party, minor in quote.party_minor.items() if minor
    ]
    given = [
        (f"kind:{party}", gettext("%(party)s, in kind", party=party_word(party)), minor)
        for party, minor in quote.in_kind_minor.items()
        if minor
    ]
    return [("fund:", party_word("fund"), quote.fund_minor), *cash, *given]


# --- the catalogue ------------------------------------------------------------------------------------------


def _matrix(tx: Tx, code: str, on: str) -> MatrixPage:
    places = visible_places(tx)
    code = code or default_place(tx, places)
    asked = Asked("", "", code, on, "", {})
    day = asked.day(tx.now.date()) or tx.now.date()
    wrong = asked.problems[0][2] if asked.problems else ""
    newest = _newest(tx)
    here = _children(tx, code) if code else []
    if wrong or not newest or not here:
        return MatrixPage(code, on, wrong, places, [], [], False, "", 0)
    found = quotes.catalogue_prices(
        tx, version_ids=[v.id for v in newest], region_codes=[row.code for row in here], on=day
    )
    names = prices.item_names(tx)
    money = dict(zip(found.regions, found.currencies, strict=True))

    def cell(version: catalogue.ServiceVersionRow, region: regions.RegionRow) -> Cell:
        minor = found.amount(version.id, region.code)
        lacking = found.missing(version.id, region.code) if minor is None else ()
        items = [localised(names.get(item, {})) or item for item, _ in lacking]
        broken = [problem_text(p) for p in found.problems.get(version.id, ())]
        return Cell(version, region, minor, money[region.code], items or (broken if minor is None else []))

    by_place = len(here) > len(newest)
    if by_place:
        heads = [localised(v.names) for v in newest]
        rows = [(_named(r), [cell(v, r) for v in newest]) for r in here]
    else:
        heads = [_named(r) for r in here]
        rows = [(localised(v.names), [cell(v, r) for r in here]) for v in newest]
    one = set(money.values())
    return MatrixPage(
        code, day.isoformat(), wrong, places, heads, rows, by_place, one.pop() if len(one) == 1 else "",
        sum(cell.minor is None for _, cells in rows for cell in cells),
    )  # fmt: skip


def _newest(tx: Tx) -> Sequence[catalogue.ServiceVersionRow]:
    """The newest published version of each service."""
    found: dict[str, catalogue.ServiceVersionRow] = {}
    for row in catalogue.versions(tx):
        if row.status == "published":
            found.setdefault(row.service_code, row)
    return list(found.values())


def _named(region: regions.RegionRow) -> str:
    """With its level: a commune and its main arrondissement often have one name."""
    name = localised(region.names) or region.code
    return gettext("%(place)s (%(level)s)", place=name, level=level_word(region.level).lower())


def _children(tx: Tx, code: str) -> list[regions.RegionRow]:
    """The place itself and those directly below it whose prices the actor may see."""
    if not can(tx.actor, Action.PRICE_READ, regions.place(tx, code)):
        raise NotFound(what="region", key=code)
    return [row for row in regions.below(tx, code) if row.code == code or row.parent_code == code]
