"""Price lists over the API: importing, reading, approving."""

from __future__ import annotations

from fractions import Fraction
from typing import Final

from flask import Response, g

from pricing.price_lists import MinimumWage, PriceRow
from pricing.reports import CellProblem, annotated, marked_name, report
from server.actor import Action
from server.errors import NotFound
from server.http import paging
from server.http.documents import DryRunQuery, PageQuery, Values, page_of
from server.http.locale import current_locale
from server.http.operations import ApiBlueprint, Part, Parts, attachment
from server.http.security import permission
from server.http.words import problem_text
from server.price_lists import schemas
from server.price_lists import service as price_lists
from server.price_lists.service import PriceListRow, PriceRowRow
from server.runtime import Tx
from translations import LOCALES, catalogue
from workflows.problems import Problem

XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
api = ApiBlueprint("price_lists_api", __name__, tag="Prices", description="Price lists: import and approval.")


@api.operation("GET", "/price-lists", query=PageQuery, answer=page_of(schemas.PriceList))
@permission(Action.PRICE_READ)
def list_price_lists(query: Values) -> Values:
    """List the price lists, newest first."""
    return g.runtime.read(g.actor, _lists, query)  # type: ignore[no-any-return]


def _lists(tx: Tx, query: Values) -> Values:
    return paging.document(
        price_lists.price_lists(tx), lambda row: (row.id,), _view, descending=True, **query
    )


@api.operation("GET", "/price-lists/<uuid:list_id>", answer=schemas.PriceList)
@permission(Action.PRICE_READ)
def read_price_list(list_id: str) -> Values:
    """Read what a price list is and whether it counts."""
    return g.runtime.read(g.actor, lambda tx: _view(_find(tx, list_id)))  # type: ignore[no-any-return]


@api.operation("GET", "/price-lists/<uuid:list_id>/prices", query=PageQuery, answer=page_of(schemas.Price))
@permission(Action.PRICE_READ)
def list_prices(list_id: str, query: Values) -> Values:
    """List the prices of a list, in the order of the file."""
    return g.runtime.read(g.actor, _prices, list_id, query)  # type: ignore[no-any-return]


def _prices(tx: Tx, list_id: str, query: Values) -> Values:
    _find(tx, list_id)
    return paging.document(
        price_lists.prices_of_list(tx, list_id), lambda row: (row.row,), _price, **query
    )  # fmt: skip


@api.operation(
    "POST", "/price-lists", query=DryRunQuery, parts=(Part("file", "The price list: XLSX or CSV."),),
    answer=schemas.Import, status=201, also={200: "A dry run: nothing was stored."},
)  # fmt: skip
@permission(Action.PRICE_IMPORT)
def import_price_list(query: Values, parts: Parts) -> tuple[Values, int]:
    """Import a price list as a draft: all of it, or nothing.

    Another person approves it; until then its prices do not count. A dry run answers all problems.
    """
    name, content = parts.file("file")
    found = g.runtime.read(g.actor, price_lists.check_price_list, content, filename=name)
    answer: Values = {"imported": False, "price_list": None, "prices": len(found.rows)}
    answer["problems"] = [
        _problem(line, problem) for line, problem in zip(report(found.problems), found.problems, strict=True)
    ]
    if query["dry_run"]:
        return answer, 200
    made = g.runtime.run(g.actor, _import, content, name)
    return {**answer, "imported": True, "price_list": made, "prices": made["rows"]}, 201


def _import(tx: Tx, content: bytes, name: str) -> Values:
    return _view(price_lists.import_price_list(tx, content, filename=name))


def _problem(line: CellProblem, problem: Problem) -> Values:
    """A problem at its cell, in the reader's language and in all."""
    return {
        "row": line.row, "column": line.column, "field": line.field, "code": line.code,
        "severity": line.severity, "value": line.value, "place": problem.place,
        "message": problem_text(problem),
        "messages": {locale: problem.text(catalogue(locale).texts) for locale in LOCALES},
    }  # fmt: skip


@api.operation(
    "POST", "/price-lists/marked", parts=(Part("file", "The price list: XLSX or CSV."),), produces=(XLSX,)
)
@permission(Action.PRICE_IMPORT)
def mark_price_list(parts: Parts) -> Response:
    """Check a price list and give it back as a workbook with its faulty cells marked; nothing is stored.

    Each faulty cell is coloured and explained in a note and in the last column, in the reader's language
    (Accept-Language). Correct it there and send it again: the list keeps its name.
    """
    name, content = parts.file("file")
    found = g.runtime.read(g.actor, price_lists.check_price_list, content, filename=name)
    language = current_locale()
    marked = annotated(content, found.problems, problem_text, language)
    return attachment(marked, marked_name(name, language), XLSX)


@api.operation("POST", "/price-lists/<uuid:list_id>/approval", answer=schemas.PriceList)
@permission(Action.PRICE_APPROVE)
def approve_price_list(list_id: str) -> Values:
    """Approve a draft: its prices count from now on.

    By somebody other than who imported it; a second approval is refused.
    """
    return g.runtime.run(g.actor, _approve, list_id)  # type: ignore[no-any-return]


def _approve(tx: Tx, list_id: str) -> Values:
    price_lists.approve_price_list(tx, list_id)
    return _view(_find(tx, list_id))


@api.operation("POST", "/price-lists/<uuid:list_id>/retirement", answer=schemas.PriceList)
@permission(Action.PRICE_APPROVE)
def retire_price_list(list_id: str) -> Values:
    """Retire a list: its prices no longer count; quotes that were made keep theirs."""
    return g.runtime.run(g.actor, _retire, list_id)  # type: ignore[no-any-return]


def _retire(tx: Tx, list_id: str) -> Values:
    price_lists.retire_price_list(tx, list_id)
    return _view(_find(tx, list_id))


@api.operation("POST", "/price-lists/<uuid:list_id>/withdrawal", answer=schemas.PriceList)
@permission(Action.PRICE_IMPORT)
def withdraw_price_list(list_id: str) -> Values:
    """Withdraw a draft that nobody has approved yet."""
    return g.runtime.run(g.actor, _withdraw, list_id)  # type: ignore[no-any-return]


def _withdraw(tx: Tx, list_id: str) -> Values:
    price_lists.withdraw_price_list(tx, list_id)
    return _view(_find(tx, list_id))


@api.operation("GET", "/regions/<code:region>/prices/<code:item>", answer=schemas.PriceHistory)
@permission(Action.PRICE_READ)
def read_price_history(region: str, item: str) -> Values:
    """Read how the price of an item went in a region and above, oldest first."""
    return g.runtime.read(g.actor, _history, region, item)  # type: ignore[no-any-return]


def _history(tx: Tx, region: str, item: str) -> Values:
    points = price_lists.price_history(tx, item, region)
    return {
        "prices": [
            {
                **_of_row(p.price), "list": p.price.list, "list_id": p.list_id, "status": p.status,
            }
            for p in points
        ]
    }  # fmt: skip


@api.operation("GET", "/minimum-wages", answer=schemas.MinimumWages)
@permission(Action.PRICE_READ)
def list_minimum_wages() -> Values:
    """List the statutory minimum wages; a quote warns of an honorarium below the one in force."""
    return g.runtime.read(g.actor, _wages)  # type: ignore[no-any-return]


@api.operation("POST", "/minimum-wages", body=schemas.NewMinimumWage, answer=schemas.MinimumWages, status=201)
@permission(Action.PRICE_IMPORT)
def add_minimum_wage(body: Values) -> Values:
    """Add a region's minimum wage from a day on; the same region and day again changes nothing."""
    return g.runtime.run(g.actor, _add_wage, body)  # type: ignore[no-any-return]


def _add_wage(tx: Tx, body: Values) -> Values:
    hours = body["monthly_hours"]
    price_lists.add_minimum_wage(
        tx,
        MinimumWage(
            body["region"], Fraction(body["amount"]), body["currency"], body["valid_from"], body["unit"],
            Fraction(hours) if hours else Fraction(520, 3), None, body["source"],
        ),
    )  # fmt: skip
    return _wages(tx)


def _wages(tx: Tx) -> Values:
    return {
        "minimum_wages": [
            {
                "region": w.region, "amount": str(w.amount), "currency": w.currency, "unit": w.unit,
                "valid_from": w.valid_from, "source": w.source,
            }
            for w in price_lists.minimum_wages(tx)
        ]
    }  # fmt: skip


def _find(tx: Tx, list_id: str) -> PriceListRow:
    found = next((row for row in price_lists.price_lists(tx) if row.id == list_id), None)
    if found is None:
        raise NotFound(what="price list", key=list_id)
    return found


def _view(row: PriceListRow) -> Values:
    return {
        "id": row.id, "code": row.code, "filename": row.filename, "file_sha256": row.file_sha256,
        "rows": row.row_count, "status": row.status, "imported_at": row.imported_at,
        "approved_at": row.approved_at, "retired_at": row.retired_at,
    }  # fmt: skip


def _price(row: PriceRowRow) -> Values:
    return {
        "row": row.row, "region": row.region_code, "item": row.item_code, "unit": row.unit,
        "minimum": row.minimum, "typical": row.typical, "maximum": row.maximum, "currency": row.currency,
        "valid_from": row.valid_from, "valid_to": row.valid_to, "quality": row.quality, "source": row.source,
        "observed_on": row.observed_on, "observer": row.observer,
    }  # fmt: skip


def _of_row(price: PriceRow) -> Values:
    return {
        "row": price.row, "region": price.region, "item": price.item, "unit": price.unit,
        "minimum": str(price.minimum), "typical": str(price.typical), "maximum": str(price.maximum),
        "currency": price.currency, "valid_from": price.valid_from, "valid_to": price.valid_to,
        "quality": price.quality, "source": price.source, "observed_on": price.observed_on,
        "observer": price.observer,
    }  # fmt: skip
