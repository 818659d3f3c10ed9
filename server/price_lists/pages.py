"""Price lists for people: what a place pays, importing what a coordinator filled in, approving it."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from fractions import Fraction
from pathlib import PurePosixPath
from typing import Final

from flask import Blueprint, Response, g, make_response, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from pricing.importers import Import
from pricing.minimum_wage import MOST_MONTHLY_HOURS
from pricing.price_lists import MinimumWage, PriceRow
from pricing.reports import CellProblem, annotated, marked_name, report
from pricing.templates import template
from server.accounts import service as accounts
from server.actor import Action, can
from server.errors import NotFound
from server.http.frame import go
from server.http.locale import current_locale, gettext, localised
from server.http.security import permission
from server.http.words import problem_text
from server.price_lists import rates as exchange_rate_book
from server.price_lists import service as price_lists
from server.price_lists.models import PriceListRow, PriceRowRow
from server.quotes import figures, prices
from server.quotes.pages import default_place, visible_places
from server.quotes.terms_pages import Draft
from server.regions import service as regions
from server.runtime import Tx
from workflows.definitions.model import Text
from workflows.errors import InvalidInput

pages = Blueprint("price_lists", __name__)
MOST_KEPT = 1_000_000
"""Bytes of a checked file that the page carries to the next step; a larger one is chosen again."""
WAGE_UNITS: Final = ("MON", "DAY", "HUR")


@dataclass(frozen=True, slots=True)
class ListPage:
    """A price list with its rows, and who did what. seen: the regions whose prices the actor may see."""

    row: PriceListRow
    prices: list[PriceRowRow]
    items: Mapping[str, Text]
    regions: Mapping[str, regions.RegionRow]
    people: Mapping[str, str]
    seen: frozenset[str]
    may_approve: bool
    may_retire: bool
    may_withdraw: bool


@dataclass(frozen=True, slots=True)
class HistoryPage:
    """The prices of an item in a place and above it. left_out: how many are in another unit or currency."""

    item: str
    region: str
    items: list[tuple[str, str]]
    places: list[tuple[str, str]]
    name: str
    points: list[price_lists.PricePoint]
    regions: Mapping[str, regions.RegionRow]
    chart: figures.Course | None
    left_out: int
    unit: str
    currency: str


@dataclass(frozen=True, slots=True)
class PlacePage:
    """The prices that count in a place, each with the region it comes from."""

    region: regions.RegionRow
    prices: list[PriceRow]
    unpriced: list[str]


@pages.get("/prices")
@permission(Action.PRICE_READ)
def lists() -> str:
    """The price lists, and with ?region= the prices that count there."""
    rows, names, places, place, items, known = g.runtime.read(
        g.actor, _lists, request.args.get("region", "").strip()[:100]
    )
    return render_template(
        "price_lists/lists.html", lists=rows, names=names, places=places, place=place, items=items,
        regions=known,
    )  # fmt: skip


@pages.get("/prices/lists/<list_id>")
@permission(Action.PRICE_READ)
def price_list(list_id: str) -> str:
    """One list, row by row."""
    return render_template("price_lists/list.html", page=g.runtime.read(g.actor, _list, list_id))


@pages.get("/prices/lists/<list_id>/file")
@permission(Action.PRICE_READ)
def file(list_id: str) -> Response:
    """The file as it was sent."""
    row, data = g.runtime.read(g.actor, _file, list_id)
    return _download(data, PurePosixPath(row.filename.replace("\\", "/")).name or "prices.xlsx")


@pages.post("/prices/lists/<list_id>/approve")
@permission(Action.PRICE_APPROVE)
def approve(list_id: str) -> BaseResponse:
    """Let the list count from now on."""
    g.runtime.run(g.actor, price_lists.approve_price_list, list_id)
    return go(
        url_for("price_lists.price_list", list_id=list_id),
        gettext("The list is approved: new prices and quotes use it from now on."),
    )


@pages.post("/prices/lists/<list_id>/retire")
@permission(Action.PRICE_APPROVE)
def retire(list_id: str) -> BaseResponse:
    """Let the list no longer count; a draft is withdrawn."""
    g.runtime.run(g.actor, price_lists.retire_price_list, list_id)
    return go(
        url_for("price_lists.price_list", list_id=list_id),
        gettext("The list is retired: new prices do without it, quotes that were made keep theirs."),
    )


@pages.post("/prices/lists/<list_id>/withdraw")
@permission(Action.PRICE_IMPORT)
def withdraw(list_id: str) -> BaseResponse:
    """Take a draft back."""
    g.runtime.run(g.actor, price_lists.withdraw_price_list, list_id)
    return go(
        url_for("price_lists.price_list", list_id=list_id),
        gettext("The draft is withdrawn. Its prices never counted."),
    )


@pages.get("/prices/history")
@permission(Action.PRICE_READ)
def history() -> str:
    """How the price of an item went in a place and above it."""
    item, region = request.args.get("item", "")[:100], request.args.get("region", "")[:100]
    return render_template("price_lists/history.html", page=g.runtime.read(g.actor, _history, item, region))


@pages.get("/prices/minimum-wages")
@permission(Action.PRICE_READ)
def minimum_wages() -> str:
    """The statutory minimum wages; honoraria below them are warned of."""
    return _wages_page(Draft(request.args.to_dict()))


@pages.post("/prices/minimum-wages")
@permission(Action.PRICE_IMPORT)
def add_minimum_wage() -> BaseResponse | tuple[str, int]:
    """Add the minimum wage of a region from a day on."""
    draft = Draft(request.form.to_dict())
    region, since, amount, hours = (
        draft.text("region"), draft.day("valid_from"), draft.number("amount"), draft.number("monthly_hours"),
    )  # fmt: skip
    missing = {"region": region, "valid_from": since, "amount": amount}
    told = {place for place, _, _ in draft.problems}
    draft.problems += [
        (name, "error", gettext("Fill this in."))
        for name, value in missing.items()
        if not value and name not in told
    ]
    if (amount is not None and amount < 0) or (hours is not None and not 0 < hours <= MOST_MONTHLY_HOURS):
        wrong = "amount" if amount is not None and amount < 0 else "monthly_hours"
        draft.problems.append((wrong, "error", gettext("This cannot be. Look at the law again.")))
    if draft.problems or since is None or amount is None:
        return _wages_page(draft), 422
    unit = draft.text("unit")
    wage = (region, amount, since, unit if unit in WAGE_UNITS else WAGE_UNITS[0], hours, draft.text("source"))
    added = g.runtime.run(g.actor, _add_wage, *wage)
    words = (
        gettext("The minimum wage is added. New prices warn of honoraria below it.")
        if added
        else gettext("There is a minimum wage from that day already; it stays. Add one from a later day.")
    )
    return go(url_for("price_lists.minimum_wages"), words, "done" if added else "needs")


@pages.get("/prices/exchange-rates")
@permission(Action.PRICE_READ)
def exchange_rates() -> str:
    """The dated exchange rates with their sources."""
    return _rates_page(Draft({}))


@pages.post("/prices/exchange-rates")
@permission(Action.PRICE_IMPORT)
def add_exchange_rate() -> BaseResponse | tuple[str, int]:
    """Add an exchange rate from a day on."""
    draft = Draft(request.form.to_dict())
    since = draft.day("valid_from")
    if since is None and not draft.problems:
        draft.problems.append(("valid_from", "error", gettext("Fill this in.")))
    if since is None:
        return _rates_page(draft), 422
    try:
        added = g.runtime.run(
            g.actor, exchange_rate_book.record_rate, base=draft.text("base").upper(),
            counter=draft.text("counter").upper(), rate=draft.text("rate").replace(",", "."), valid_from=since,
            source=draft.text("source"),
        )  # fmt: skip
    except InvalidInput as refused:
        draft.problems += [(p.place, "error", problem_text(p)) for p in refused.problems]
        return _rates_page(draft), 422
    words = gettext("The rate is added.") if added else gettext("This rate is known already.")
    return go(url_for("price_lists.exchange_rates"), words)


def _rates_page(draft: Draft) -> str:
    by_field = {place: text for place, _, text in draft.problems}
    return render_template(
        "price_lists/exchange_rates.html", rates=g.runtime.read(g.actor, price_lists.exchange_rates)[::-1],
        draft=draft, problems=draft.problems, fields=tuple(by_field),
        problem_of=lambda name: by_field.get(name, ""),
    )  # fmt: skip


@pages.get("/prices/import")
@permission(Action.PRICE_IMPORT)
def choose_file() -> str:
    """Choose a file, or get an empty workbook to fill in."""
    return _import_page()


@pages.post("/prices/import")
@permission(Action.PRICE_IMPORT)
def check_file() -> str | tuple[str, int]:
    """A dry run: everything wrong with every cell, and nothing stored."""
    sent = request.files.get("file")
    data = sent.read() if sent else b""
    if sent is None or not data:
        return _import_page(wrong=gettext("Choose a file.")), 422
    filename = (sent.filename or "prices.xlsx")[:200]
    found = g.runtime.read(g.actor, _check, data, filename)
    status = 200 if found.usable else 422
    return _import_page(filename=filename, found=found, data=data), status


@pages.post("/prices/import/confirm")
@permission(Action.PRICE_IMPORT)
def import_file() -> BaseResponse | tuple[str, int]:
    """Import the checked file as a draft; all of it, or nothing."""
    sent = request.files.get("file")
    filename = (request.form.get("filename") or (sent.filename if sent else "") or "prices.xlsx")[:200]
    try:
        data = sent.read() if sent else base64.b64decode(request.form.get("content", ""), validate=True)
    except (binascii.Error, ValueError):
        data = b""
    if not data:
        return _import_page(wrong=gettext("Choose a file.")), 422
    try:
        list_id = g.runtime.run(g.actor, _import, data, filename)
    except InvalidInput:
        found = g.runtime.read(g.actor, _check, data, filename)
        return _import_page(filename=filename, found=found, data=data), 422
    words = gettext("The list is imported as a draft. Somebody else has to approve it before it counts.")
    return go(url_for("price_lists.price_list", list_id=list_id), words, "needs")


@pages.post("/prices/import/marked")
@permission(Action.PRICE_IMPORT)
def marked_file() -> Response | tuple[str, int]:
    """The checked file as a workbook with every faulty cell coloured and explained, to correct and send again."""
    sent = request.files.get("file")
    filename = (request.form.get("filename") or (sent.filename if sent else "") or "prices.xlsx")[:200]
    try:
        data = sent.read() if sent else base64.b64decode(request.form.get("content", ""), validate=True)
    except (binascii.Error, ValueError):
        data = b""
    if not data:
        return _import_page(wrong=gettext("Choose a file.")), 422
    found = g.runtime.read(g.actor, _check, data, filename)
    marked = annotated(data, found.problems, problem_text, current_locale())
    return _download(marked, marked_name(filename, current_locale()))


@pages.get("/prices/template.xlsx")
@permission(Action.PRICE_IMPORT)
def workbook() -> Response:
    """An empty workbook for a place, with a row for every item."""
    code = request.args.get("region", "")[:100]
    return _download(g.runtime.read(g.actor, _workbook, code), f"prices-{code}.xlsx")


def _wages_page(draft: Draft) -> str:
    by_field = {place: text for place, _, text in draft.problems}
    wages, known, places = g.runtime.read(g.actor, _wages)
    return render_template(
        "price_lists/minimum_wages.html", wages=wages, regions=known, places=places,
        units=WAGE_UNITS, draft=draft, problems=draft.problems, fields=tuple(by_field),
        problem_of=lambda name: by_field.get(name, ""),
    )  # fmt: skip


def _wages(
    tx: Tx,
) -> tuple[list[MinimumWage], Mapping[str, regions.RegionRow], list[tuple[str, str]]]:
    """Those of the regions that the actor may see, and the places the actor may add one for."""
    wages = [
        wage
        for wage in price_lists.minimum_wages(tx)
        if can(tx.actor, Action.PRICE_READ, regions.place(tx, wage.region))
    ]
    return wages, regions.regions(tx), _places_to_fill(tx)


def _add_wage(
    tx: Tx, region: str, amount: Fraction, since: date, unit: str, hours: Fraction | None, source: str
) -> bool:
    wage = MinimumWage(region, amount, regions.currency(tx, region), since, unit, source=source)
    return price_lists.add_minimum_wage(tx, replace(wage, monthly_hours=hours) if hours else wage)


def _import_page(wrong: str = "", filename: str = "", found: Import | None = None, data: bytes = b"") -> str:
    kept = base64.b64encode(data).decode() if found and len(data) <= MOST_KEPT else ""
    lines: list[CellProblem] = report(found.problems, problem_text) if found else []
    return render_template(
        "price_lists/import.html", wrong=wrong, filename=filename, found=found, kept=kept, report=lines,
        places=g.runtime.read(g.actor, _places_to_fill), fields=("file",),
        problems=[("file", "error", wrong)] if wrong else [],
    )  # fmt: skip


def _download(data: bytes, name: str) -> Response:
    response = make_response(data)
    response.content_type = "application/octet-stream"
    response.headers.set("Content-Disposition", "attachment", filename=name)
    return response


def _check(tx: Tx, data: bytes, filename: str) -> Import:
    return price_lists.check_price_list(tx, data, filename=filename)


def _import(tx: Tx, data: bytes, filename: str) -> str:
    return price_lists.import_price_list(tx, data, filename=filename).id


def _lists(
    tx: Tx, code: str
) -> tuple[
    list[PriceListRow], Mapping[str, str], list[tuple[str, str]], PlacePage | None, Mapping[str, Text],
    Mapping[str, regions.RegionRow],
]:  # fmt: skip
    rows = price_lists.price_lists(tx)
    place = _place(tx, code) if code else None
    return rows, _people(tx, rows), visible_places(tx), place, prices.item_names(tx), regions.regions(tx)


def _place(tx: Tx, code: str) -> PlacePage:
    """The price of each item that a quote of today would use, before unit and currency are converted."""
    row = regions.region(tx, code)
    if not can(tx.actor, Action.PRICE_READ, regions.place(tx, code)):
        raise NotFound(what="region", key=code)
    book, day = price_lists.price_book(tx), tx.now.date()
    found, unpriced = [], []
    for item in book.items:
        valid = [
            price
            for region in book.regions.chain(code)
            for price in book.rows(region.code, item)
            if price.valid_on(day)
        ]
        if valid:
            found.append(valid[0])
        else:
            unpriced.append(item)
    return PlacePage(row, found, unpriced)


def _list(tx: Tx, list_id: str) -> ListPage:
    row, rows = price_lists.price_list(tx, list_id), price_lists.prices_of_list(tx, list_id)
    codes = sorted({price.region_code for price in rows})
    may, brings = (
        all(can(tx.actor, action, regions.place(tx, code)) for code in codes)
        for action in (Action.PRICE_APPROVE, Action.PRICE_IMPORT)
    )
    other = row.imported_by != tx.actor.user_id
    return ListPage(
        row, rows, prices.item_names(tx), regions.regions(tx), _people(tx, [row]),
        frozenset(code for code in codes if can(tx.actor, Action.PRICE_READ, regions.place(tx, code))),
        may and other and row.status == "draft", may and (other or row.status == "draft") and row.status != "retired",
        brings and row.status == "draft",
    )  # fmt: skip


def _history(tx: Tx, item: str, region: str) -> HistoryPage:
    names, places, known = prices.item_names(tx), visible_places(tx), regions.regions(tx)
    item, region = item or next(iter(names), ""), region or default_place(tx, places)
    points = price_lists.price_history(tx, item, region) if item and region else []
    chart, drawn = None, list[price_lists.PricePoint]()
    unit, currency = (points[-1].price.unit, points[-1].price.currency) if points else ("", "")
    if points:
        drawn = [p for p in points if (p.price.unit, p.price.currency) == (unit, currency)]
        by_region: dict[str, list[figures.Span]] = {}
        for code in reversed(regions.region(tx, region).path.strip("/").split("/")):
            spans = [_span(p) for p in drawn if p.price.region == code]
            if spans:
                by_region[code] = spans
        chart = figures.course(by_region, tx.now.date())
    return HistoryPage(
        item, region, [(code, localised(words) or code) for code, words in names.items()], places,
        localised(names.get(item, {})) or item, points, known, chart, len(points) - len(drawn), unit, currency,
    )  # fmt: skip


def _span(point: price_lists.PricePoint) -> figures.Span:
    price = point.price
    last: date | None = price.valid_to + timedelta(days=1) if price.valid_to else None
    return figures.Span(
        price.valid_from, last, float(price.minimum), float(price.typical), float(price.maximum)
    )


def _people(tx: Tx, rows: list[PriceListRow]) -> dict[str, str]:
    """The names of who imported and approved."""
    return accounts.names(
        tx, {by for row in rows for by in (row.imported_by, row.approved_by, row.retired_by) if by}
    )


def _file(tx: Tx, list_id: str) -> tuple[PriceListRow, bytes]:
    row = price_lists.price_list(tx, list_id)
    return row, tx.files.get(row.file_sha256)


def _places_to_fill(tx: Tx) -> list[tuple[str, str]]:
    return [
        (code, words)
        for code, words in visible_places(tx)
        if can(tx.actor, Action.PRICE_IMPORT, regions.place(tx, code))
    ]


def _workbook(tx: Tx, code: str) -> bytes:
    return template(
        price_lists.items(tx), code, list_code=code.lower(), currency=regions.currency(tx, code),
        valid_from=tx.now.date(), language=current_locale(),
    )  # fmt: skip
