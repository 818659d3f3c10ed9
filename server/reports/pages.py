"""Reports on pages and as files, statements of people, and the journal for accountants."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote as url_quote

from flask import Blueprint, Response, g, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from server.actor import Action
from server.errors import NotFound
from server.http import locale
from server.http.navigation import N_
from server.http.security import permission
from server.ledger import service as ledger
from server.people import service as people
from server.regions import service as regions
from server.reports import journal, writing
from server.reports import service as reports
from server.reports.tables import Ref, Report
from server.reports.words import Words
from server.runtime import Tx

pages = Blueprint("reports", __name__)
INDEX = (
    ("payables", N_("Aged payables"), N_("What is owed, and how long people have been waiting")),
    ("budget", N_("Budget: committed, consumed, paid"), N_("By project, region, fund, funder and month")),
    ("funds", N_("Statement of funds"), N_("Opening, grants, exchange, commitments, releases, closing")),
    ("tax", N_("Tax declaration"), N_("What was kept back of each payee, by month")),
    ("overheads", N_("Overhead share"), N_("How much of the money is not for work in villages")),
    ("reconciliation", N_("Reconciliation"), N_("The bank’s statements beside the ledger, day by day")),
    ("exceptions", N_("Exceptions"), N_("What does not go its way and needs somebody")),
)
FORMS = ("pdf", "xlsx", "csv", "json")


@pages.app_context_processor
def _cells() -> dict[str, Any]:
    return {
        "cell_words": lambda value: writing.shown(value, locale.current_locale()),
        "ref_url": _address,
    }


def _address(to: Ref) -> str:
    return url_for(to.to, **dict(to.values))  # type: ignore[arg-type]


@pages.get("/finance/reports")
@permission(Action.LEDGER_READ)
def index() -> str:
    """All reports, the journal for accountants, and whose statement one wants."""
    payees = g.runtime.read(g.actor, _payees)
    return render_template("reports/index.html", reports=INDEX, payees=payees, journal=journal.FORMS)


def _payees(tx: Tx) -> list[people.Person]:
    """Who was ever owed something and may be seen, by name."""
    known = people.people(tx, sorted({row.person_id for row in ledger.all_payables(tx)}))
    seen = [p for p in known.values() if reports.may_see(tx, p)]
    return sorted(seen, key=lambda p: p.name)


@pages.get("/finance/reports/<name>")
@permission(Action.LEDGER_READ)
def report(name: str) -> str | BaseResponse:
    """A report with its filters; as a file with `format`."""
    given = {key: request.args.get(key, "") for key in ("from", "to", "fund", "region", "by")}
    filters = reports.read_filters(given)
    made, choices = g.runtime.read(g.actor, _report, name, filters)
    if request.args.get("format"):
        return _file(made, request.args["format"])
    shown = {key: value for key, value in given.items() if value}
    return render_template(
        "reports/report.html", report=made, filters=filters, given=shown, forms=FORMS, **choices
    )


def _report(tx: Tx, name: str, filters: reports.Filters) -> tuple[Report, dict[str, Any]]:
    made = reports.report(tx, name, filters, locale.current_locale())
    language = locale.current_locale()
    places = [
        (code, "\u2003" * (row.path.count("/") - 1) + regions.name(row, language))
        for code, row in regions.regions(tx).items()
        if row.path.count("/") <= _DEEPEST and reports.may_see_place(tx, row.path)
    ]
    return made, {
        "funds": sorted({fund for fund, _, _ in ledger.funds(tx)}), "regions": places,
        "groups": reports.GROUPS if name == "budget" else (),
        "has_period": name in ("budget", "funds", "tax", "reconciliation"),
        "has_places": name in ("budget", "payables", "tax", "overheads"),
        "has_funds": name in ("budget", "payables", "tax", "overheads", "funds"),
        "group_word": Words(language).group,
    }  # fmt: skip


_DEEPEST = 4
"""Regions are offered down to communes."""


def _file(made: Report, form: str, stem: str = "") -> Response:
    if form not in FORMS:
        raise NotFound(what="format", key=form[:20])
    content = writing.write(made, form, locale.current_locale())
    return _attachment(
        content, f"{stem or made.name}-{g.runtime.clock.now():%Y-%m-%d}.{form}", writing.TYPES[form]
    )


def _attachment(content: bytes | Iterator[str], name: str, media_type: str) -> Response:
    response = Response(content, content_type=media_type)
    response.headers["Content-Disposition"] = f"attachment; filename*=UTF-8''{url_quote(name, safe='')}"
    return response


@pages.get("/finance/journal/<form>")
@permission(Action.LEDGER_READ)
def accounting_journal(form: str) -> Response:
    """The accounting journal of a period: CSV with account numbers, beancount, JSON."""
    filters = reports.read_filters({key: request.args.get(key, "") for key in ("from", "to")})
    content = g.runtime.read(g.actor, journal.text, form, filters.period)
    return _attachment(
        content.encode(), f"journal-{g.runtime.clock.now():%Y-%m-%d}.{form}", journal.FORMS[form]
    )


@pages.get("/finance/statements/<person_id>")
@permission(Action.LEDGER_READ)
def statement(person_id: str) -> str | BaseResponse:
    """What a person was owed and paid, each franc with its delivery, village and photos."""
    return _statement(person_id, own=False)


@pages.get("/my/statement")
@permission(Action.MONEY_OWN)
def my_statement() -> str | BaseResponse:
    """What I was owed and paid, line by line."""
    return _statement(g.actor.person_id or "", own=True)


def _statement(person_id: str, *, own: bool) -> str | BaseResponse:
    given = {key: request.args.get(key, "") for key in ("from", "to")}
    filters = reports.read_filters(given)
    made = g.runtime.read(
        g.actor, reports.statement, person_id, filters.period, locale.current_locale(), own=own
    )
    if request.args.get("format"):
        return _file(made, request.args["format"], f"statement-{person_id[-12:]}")
    shown = {key: value for key, value in given.items() if value}
    return render_template(
        "reports/report.html", report=made, filters=filters, given=shown, forms=FORMS, funds=[], regions=[],
        groups=(), has_period=True, has_places=False, has_funds=False, group_word=str, own=own,
    )  # fmt: skip
