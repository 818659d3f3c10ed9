"""The price of a project for people: several services with their order, month by month and party by party.

The form asks by GET and nothing is stored until the price is kept, like the price of one service.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date

from flask import Blueprint, g, render_template, request, url_for
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response as BaseResponse

from pricing.errors import NotPriceable
from pricing.project_quotes import MOST_DAYS, ProjectQuote
from server.actor import Action, can
from server.catalogue import service as catalogue
from server.errors import NotFound
from server.http.frame import go
from server.http.locale import gettext, localised
from server.http.security import permission
from server.http.words import party_word, problem_text
from server.quotes import figures
from server.quotes import service as quotes
from server.quotes.pages import MOST_VILLAGES, Shown, default_place, visible_places
from server.regions import service as regions
from server.runtime import Tx
from workflows.problems import Problem

pages = Blueprint("project_quotes", __name__)
ROWS = 6
"""Services that the form has room for; the API takes any number."""
_USUAL_DAYS = "30"


@dataclass(slots=True)
class Row:
    """A service of the form as typed. after: numbers of the rows that must have ended, "" = none."""

    number: int
    service: str
    villages: str
    days: str
    after: str
    lag: str


@dataclass(slots=True)
class Plan:
    """What is asked for, as typed."""

    name: str
    region: str
    starts_on: str
    rows: list[Row]
    problems: list[Shown] = field(default_factory=list)

    @property
    def is_empty(self) -> bool:
        return not any(row.service for row in self.rows)

    def number(self, name: str, typed: str, lowest: int, highest: int, usual: int) -> int:
        """A whole number of the form; what is none becomes a problem at its field."""
        try:
            value = int(typed) if typed else usual
        except ValueError:
            value = lowest - 1
        if lowest <= value <= highest:
            return value
        text = gettext("Enter a whole number from %(low)s to %(high)s.", low=lowest, high=highest)
        self.problems.append((name, "error", text))
        return usual

    def first_day(self, today: date) -> date:
        """The day it starts; today when nothing is typed."""
        try:
            return date.fromisoformat(self.starts_on) if self.starts_on else today
        except ValueError:
            self.problems.append(("starts_on", "error", gettext("Enter a day, for example 2027-03-14.")))
            return today


@dataclass(frozen=True, slots=True)
class Bar:
    """A service of the project on the line of time, in per cent."""

    key: str
    name: str
    place: str
    x: str
    width: str
    after: str


@dataclass(frozen=True, slots=True)
class ProjectPage:
    """A project's price as it is shown. parties: those who pay in cash beside the fund, by amount.

    warnings: of the project as a whole, in the reader's language.
    """

    quote: ProjectQuote
    region: str
    bars: list[Bar]
    payers: list[tuple[str, int]]
    parties: list[str]
    stacks: tuple[figures.Stack, ...]
    figure: figures.Distribution | None
    warnings: list[str]


@dataclass(frozen=True, slots=True)
class FormPage:
    """The form with what it found."""

    plan: Plan
    services: list[tuple[str, str]]
    places: list[tuple[str, str]]
    today: date
    shown: ProjectPage | None


@pages.get("/project-quotes", endpoint="project_quotes")
@permission(Action.PRICE_READ)
def list_project_quotes() -> str:
    """The prices of projects that were kept, newest first."""
    return render_template("quotes/project_quotes.html", lines=g.runtime.read(g.actor, _lines))


@pages.get("/project-quotes/new")
@permission(Action.PRICE_READ)
def plan() -> str | tuple[str, int]:
    """Choose services, villages and order; with a service chosen, the price."""
    page = g.runtime.read(g.actor, _planned, _plan_from(request.args))
    return _form(page), 422 if page.plan.problems else 200


@pages.post("/project-quotes")
@permission(Action.QUOTE_MAKE)
def make() -> BaseResponse | tuple[str, int]:
    """Keep the price: from now on it never changes."""
    asked = _plan_from(request.form)
    page = g.runtime.read(g.actor, _planned, asked)
    if page.shown is None:
        return _form(page), 422
    made = g.runtime.run(g.actor, _make, replace(asked, problems=[]))
    return go(
        url_for("project_quotes.project_quote", project_quote_id=made),
        gettext("The price of the project is kept. It never changes."),
    )


@pages.get("/project-quotes/<project_quote_id>")
@permission(Action.PRICE_READ)
def project_quote(project_quote_id: str) -> str:
    """The price of a project exactly as it was made."""
    row, page = g.runtime.read(g.actor, _kept, project_quote_id)
    return render_template("quotes/project_quote.html", row=row, page=page)


def _form(page: FormPage) -> str:
    by_field = {place: text for place, _, text in page.plan.problems}
    return render_template(
        "quotes/project_plan.html", page=page, problems=page.plan.problems, fields=tuple(by_field),
        problem_of=lambda name: by_field.get(name, ""),
    )  # fmt: skip


def _plan_from(values: MultiDict[str, str]) -> Plan:
    def text(name: str) -> str:
        return values.get(name, "").strip()[:100]

    rows = [
        Row(
            n,
            text(f"service_{n}"),
            text(f"villages_{n}"),
            text(f"days_{n}"),
            text(f"after_{n}"),
            text(f"lag_{n}"),
        )
        for n in range(1, ROWS + 1)
    ]
    return Plan(text("name"), text("region"), text("starts_on"), rows)


def _services(tx: Tx) -> dict[str, catalogue.ServiceVersionRow]:
    """The newest published version of each service, by the service's code."""
    found: dict[str, catalogue.ServiceVersionRow] = {}
    for row in catalogue.versions(tx):
        if row.status == "published":
            found.setdefault(row.service_code, row)
    return found


def _planned(tx: Tx, asked: Plan) -> FormPage:
    known, places = _services(tx), visible_places(tx)
    asked.region = asked.region or default_place(tx, places)
    shown = None
    if not asked.is_empty:
        services, first = _planned_services(asked, known), asked.first_day(tx.now.date())
        if not asked.problems:
            try:
                found = quotes.calculate_project(
                    tx, name=asked.name, region=asked.region, starts_on=first, services=services
                )
                shown = _page(tx, found, asked.region)
            except NotPriceable as refused:
                asked.problems += [(p.place, p.severity, problem_text(p)) for p in refused.problems]
    words = [(code, localised(row.names) or code) for code, row in known.items()]
    return FormPage(asked, words, places, tx.now.date(), shown)


def _planned_services(
    asked: Plan, known: Mapping[str, catalogue.ServiceVersionRow]
) -> list[quotes.PlannedService]:
    chosen = {str(row.number) for row in asked.rows if row.service in known}
    found = []
    for row in asked.rows:
        if not row.service:
            continue
        if row.service not in known:
            asked.problems.append(
                (f"service_{row.number}", "error", gettext("Choose a service of the list."))
            )
            continue
        if row.after and row.after not in chosen:
            text = gettext(
                "Row %(number)s has no service. Choose one there, or another row.", number=row.after
            )
            asked.problems.append((f"after_{row.number}", "error", text))
        found.append(
            quotes.PlannedService(
                key=str(row.number), version_id=known[row.service].id,
                instances=asked.number(f"villages_{row.number}", row.villages, 1, MOST_VILLAGES, 1),
                duration_days=asked.number(f"days_{row.number}", row.days, 1, MOST_DAYS, int(_USUAL_DAYS)),
                after=(row.after,) if row.after else (),
                lag_days=asked.number(f"lag_{row.number}", row.lag, 0, MOST_DAYS, 0),
            )
        )  # fmt: skip
    return found


def _make(tx: Tx, asked: Plan) -> str:
    return quotes.make_project_quote(
        tx, name=asked.name or gettext("Project"), region=asked.region, starts_on=asked.first_day(tx.now.date()),
        services=_planned_services(asked, _services(tx)),
    ).id  # fmt: skip


def _kept(tx: Tx, project_quote_id: str) -> tuple[quotes.ProjectQuoteRow, ProjectPage]:
    row = quotes.project_quote_row(tx, project_quote_id)
    if not can(tx.actor, Action.PRICE_READ, regions.place(tx, row.region_code)):
        raise NotFound(what="project quote", key=project_quote_id)
    return row, _page(tx, quotes.project_quote(tx, project_quote_id), row.region_code)


def _page(tx: Tx, found: ProjectQuote, region: str) -> ProjectPage:
    known = regions.regions(tx)
    titles = {row.service_code: localised(row.names) for row in reversed(catalogue.versions(tx))}
    days = (found.ends_on - found.starts_on).days + 1
    names = {c.key: titles.get(c.quote.service) or c.quote.service for c in found.components}
    bars = [
        Bar(
            c.key, names[c.key], localised(known[c.quote.region].names) if c.quote.region in known else c.quote.region,
            figures.percent((c.starts_on - found.starts_on).days * 100 / days),
            figures.percent(((c.ends_on - c.starts_on).days + 1) * 100 / days),
            ", ".join(names.get(key, key) for key in c.after),
        )
        for c in found.components
    ]  # fmt: skip
    parties = sorted(found.party_minor, key=lambda party: -found.party_minor[party])
    payers = [(party_word("fund"), found.fund_minor)]
    payers += [(party_word(party), found.party_minor[party]) for party in parties]
    payers += [
        (gettext("%(party)s, in kind", party=party_word(party)), minor)
        for party, minor in found.in_kind_minor.items()
    ]
    return ProjectPage(
        found, localised(known[region].names) if region in known else region, bars, payers, parties,
        figures.months(found.months, parties),
        figures.distribution(found.risk, found.charged_minor, gettext("Charged")) if found.risk else None,
        [problem_text(Problem(n.code, n.message, n.place, "warning", n.params)) for n in found.warnings],
    )  # fmt: skip


def _lines(tx: Tx) -> list[tuple[quotes.ProjectQuoteRow, str]]:
    known = regions.regions(tx)
    return [
        (row, localised(known[row.region_code].names))
        for row in quotes.project_quotes(tx)
        if can(tx.actor, Action.PRICE_READ, regions.place(tx, row.region_code))
    ]
