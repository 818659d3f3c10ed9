"""Prices for people: what a service costs in a place, line by line, and quotes as they were promised."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation

from flask import Blueprint, Response, g, make_response, render_template, request, url_for
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response as BaseResponse

from pricing.compare import QuoteDifference
from pricing.errors import NotPriceable
from pricing.quantities import is_usable
from pricing.quotes import Quote, QuotedTask, QuoteLine
from pricing.simulate import Driver
from server.actor import Action, can
from server.adoptions import service as adoptions
from server.catalogue import service as catalogue
from server.documents import CONTENT_SECURITY_POLICY, quote_document
from server.errors import NotFound
from server.http.frame import go
from server.http.locale import current_locale, format_day, format_number, gettext, localised
from server.http.security import permission
from server.http.words import party_word, problem_text, unit_word
from server.people import service as people
from server.price_lists import service as price_lists
from server.quotes import figures, prices, words
from server.quotes import service as quotes
from server.quotes.models import QuoteRow
from server.regions import service as regions
from server.runtime import Tx
from workflows.definitions.model import Parameter, Text
from workflows.problems import Problem

pages = Blueprint("quotes", __name__)
pages.app_template_filter("precise")(words.precise)
pages.app_template_filter("percentage")(words.percentage)
pages.app_template_filter("month")(words.month)
pages.app_context_processor(
    lambda: {
        "contribution_words": words.contribution_words, "payer_words": words.payer_words,
        "change_share": words.change_share, "overhead_word": words.overhead_word, "scope_words": words.scope_words,
    }
)  # fmt: skip
MOST_VILLAGES = 10_000
MOST_DRIVERS = 6
Shown = tuple[str, str, str]
"""A problem as pages show it: (place, severity, text)."""


@dataclass(slots=True)
class Asked:
    """The price asked for, as typed; `problems` say what is no number or no day."""

    service: str
    version: str
    region: str
    on: str
    villages: str
    parameters: dict[str, str]
    problems: list[Shown] = field(default_factory=list)

    def as_query(self) -> dict[str, str]:
        """The numbers typed as they stand in an address."""
        return {f"p_{name}": typed for name, typed in self.parameters.items()}

    def count(self) -> int:
        """How many villages; 1 where nothing is typed."""
        try:
            number = int(self.villages or "1")
        except ValueError:
            number = 0
        if not 1 <= number <= MOST_VILLAGES:
            text = gettext("Enter how many villages, from 1 to %(most)s.", most=MOST_VILLAGES)
            self.problems.append(("villages", "error", text))
            return 1
        return number

    def day(self, today: date) -> date | None:
        """The day asked for; None = today."""
        if not self.on:
            return None
        try:
            found = date.fromisoformat(self.on)
        except ValueError:
            self.problems.append(("on", "error", gettext("Enter a day, for example 2027-03-14.")))
            return None
        last = today + timedelta(days=quotes.MOST_DAYS_AHEAD)
        if found > last:
            text = gettext("A price is given for a day until %(last)s at the latest.", last=format_day(last))
            self.problems.append(("on", "error", text))
        return found

    def numbers(self, known: tuple[Parameter, ...]) -> dict[str, Decimal]:
        """The parameters typed; those left empty take their default."""
        found = {}
        for parameter in known:
            typed = self.parameters.get(parameter.id, "").replace("\u202f", "").replace(" ", "")
            if not typed:
                continue
            try:
                found[parameter.id] = Decimal(typed.replace(",", "."))
                if not is_usable(found[parameter.id]):
                    raise InvalidOperation
            except InvalidOperation:
                text = gettext("Enter a number: %(name)s.", name=localised(parameter.label))
                self.problems.append((f"p_{parameter.id}", "error", text))
                found.pop(parameter.id, None)
        return found


@dataclass(frozen=True, slots=True)
class TaskGroup:
    """A task of a quote with its lines."""

    task: QuotedTask
    lines: list[QuoteLine]


@dataclass(frozen=True, slots=True)
class MissingLine:
    """A price that is missing: who needs it and what was tried."""

    task: str
    item: str
    unit: str
    tried: list[str]


@dataclass(frozen=True, slots=True)
class QuotePage:
    """A quote as it is shown. lists: id of the approved price list by its code.

    drivers: (words, share of the spread), the greatest first. warnings: (place, text).
    """

    quote: Quote
    version: catalogue.ServiceVersionRow
    region: regions.RegionRow
    regions: Mapping[str, regions.RegionRow]
    groups: list[TaskGroup]
    items: Mapping[str, Text]
    lists: Mapping[str, str]
    payers: list[tuple[str, int]]
    figure: figures.Distribution | None
    drivers: list[tuple[str, float]]
    warnings: list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Change:
    """A number of a quote beside that of the quote before; why: which of its factors changed."""

    words: str
    before: int | None
    after: int | None
    why: str = ""

    @property
    def difference(self) -> int:
        return (self.after or 0) - (self.before or 0)


@dataclass(frozen=True, slots=True)
class Changes:
    """What changed from the quote that another one replaces: its totals, then its lines."""

    before: str
    totals: list[Change]
    lines: list[Change]


@dataclass(frozen=True, slots=True)
class KeptPage:
    """A quote that was kept, with what came before and after it. may_ask: whether it can be asked for again."""

    row: QuoteRow
    shown: QuotePage
    chosen: list[tuple[str, str]]
    changes: Changes | None
    successor: QuoteRow | None
    may_ask: bool


@dataclass(frozen=True, slots=True)
class PricePage:
    """The form and what it found: a quote, or prices that are missing, or nothing asked yet."""

    asked: Asked
    version: catalogue.ServiceVersionRow
    parameters: tuple[Parameter, ...]
    places: list[tuple[str, str]]
    shown: QuotePage | None
    missing: list[MissingLine]
    elsewhere: list[prices.RegionPrice]


@pages.get("/quotes", endpoint="quotes")
@permission(Action.PRICE_READ)
def list_quotes() -> str:
    """The quotes made, newest first."""
    return render_template("quotes/quotes.html", lines=g.runtime.read(g.actor, _quote_lines))


@pages.get("/quotes/price")
@permission(Action.PRICE_READ)
def price() -> str | tuple[str, int]:
    """What a service costs in a place on a day; nothing is stored."""
    page = g.runtime.read(g.actor, _price, asked_from(request.args))
    if page is None:
        return _choose_page()
    status = 422 if page.asked.problems else 200
    return _price_page(page), status


@pages.post("/quotes")
@permission(Action.QUOTE_MAKE)
def make() -> BaseResponse | tuple[str, int]:
    """Keep the price as a quote: from now on it never changes."""
    asked = asked_from(request.form)
    page = g.runtime.read(g.actor, _price, asked)
    if page is None or page.shown is None:
        return _price_page(page) if page else _choose_page(), 422
    quote_id = g.runtime.run(g.actor, _make, asked, page.version.id)
    return go(url_for("quotes.quote", quote_id=quote_id), gettext("The quote is kept. It never changes."))


@pages.get("/quotes/<quote_id>")
@permission(Action.PRICE_READ)
def quote(quote_id: str) -> str:
    """A quote exactly as it was promised, and what changed since the one before."""
    return render_template("quotes/quote.html", page=g.runtime.read(g.actor, _kept, quote_id))


@pages.get("/quotes/<quote_id>/document")
@permission(Action.PRICE_READ)
def document(quote_id: str) -> Response:
    """The quote as one file to print or to send: in ?lang=, else in the language the region has adopted."""
    asked = current_locale() if request.args.get("lang") else ""
    response = make_response(g.runtime.read(g.actor, _document, quote_id, asked))
    response.content_type = "text/html; charset=utf-8"
    response.headers["Content-Security-Policy"] = CONTENT_SECURITY_POLICY
    return response


@pages.post("/quotes/<quote_id>/again")
@permission(Action.QUOTE_MAKE)
def ask_again(quote_id: str) -> BaseResponse:
    """The same at today's prices and terms: a new number, and the old quote is superseded."""
    try:
        made = g.runtime.run(g.actor, _ask_again, quote_id)
    except NotPriceable as refused:
        text = gettext(
            "It cannot be asked for again today: %(reason)s", reason=problem_text(refused.problems[0])
        )
        return go(url_for("quotes.quote", quote_id=quote_id), text, "fail")
    return go(
        url_for("quotes.quote", quote_id=made), gettext("This is the new quote. The old one is superseded.")
    )


def _choose_page() -> str:
    return render_template("quotes/choose.html", services=g.runtime.read(g.actor, catalogue.versions))


def _price_page(page: PricePage) -> str:
    by_field = {place: text for place, _, text in page.asked.problems}
    return render_template(
        "quotes/price.html", page=page, problems=page.asked.problems, fields=tuple(by_field),
        problem_of=lambda name: by_field.get(name, ""),
    )  # fmt: skip


def _parameters(tx: Tx, version_id: str) -> dict[str, Text]:
    service = catalogue.package(tx, version_id).definition.service
    return {parameter.id: parameter.label for parameter in service.parameters}


def asked_from(values: MultiDict[str, str]) -> Asked:
    """What is asked for in a query or a form, cut to lengths that make sense."""

    def text(name: str) -> str:
        return values.get(name, "").strip()[:100]

    parameters = {name[2:]: values[name].strip()[:40] for name in values if name.startswith("p_")}
    return Asked(text("service"), text("version"), text("region"), text("on"), text("villages"), parameters)


def _price(tx: Tx, asked: Asked) -> PricePage | None:
    """None when no service is chosen yet."""
    if not asked.service:
        return None
    version = catalogue.find_version(tx, asked.service, asked.version or None)
    definition = catalogue.package(tx, version.id).definition
    places = visible_places(tx)
    asked.region = asked.region or default_place(tx, places)
    shown, missing = None, []
    numbers, day, count = (
        asked.numbers(definition.service.parameters),
        asked.day(tx.now.date()),
        asked.count(),
    )
    if not asked.problems and asked.region:
        try:
            shown = _calculated(tx, version, asked.region, day, count, numbers)
        except NotPriceable as refused:
            missing = [
                missing_line(tx, definition.nodes, p) for p in refused.problems if p.code == "missing-price"
            ]
            asked.problems = [
                (field_of(p, definition.service.parameters), p.severity, problem_text(p))
                for p in refused.problems
                if p.code != "missing-price"
            ]
    return PricePage(
        asked, version, definition.service.parameters, places, shown, missing,
        prices.in_regions(tx, version.id),
    )  # fmt: skip


def _calculated(
    tx: Tx,
    version: catalogue.ServiceVersionRow,
    region: str,
    day: date | None,
    count: int,
    numbers: dict[str, Decimal],
) -> QuotePage:
    found = quotes.calculate(
        tx, version_id=version.id, region=region, instances=count, on=day, parameters=numbers
    )
    return page_of(tx, found, version)


def _make(tx: Tx, asked: Asked, version_id: str) -> str:
    definition = catalogue.package(tx, version_id).definition
    return quotes.make_quote(
        tx, version_id=version_id, region=asked.region, instances=asked.count(), on=asked.day(tx.now.date()),
        parameters=asked.numbers(definition.service.parameters),
    ).id  # fmt: skip


def _kept(tx: Tx, quote_id: str) -> KeptPage:
    row = _seen(tx, quote_id)
    shown = page_of(tx, quotes.quote(tx, quote_id), catalogue.version(tx, row.service_version_id))
    labels = _parameters(tx, row.service_version_id)
    chosen = [
        (localised(labels.get(name, {})) or name, format_number(n))
        for name, n in shown.quote.parameters.items()
    ]
    found = quotes.difference(tx, quote_id)
    return KeptPage(
        row, shown, chosen, _changes(tx, shown, found, row.replaces) if found and row.replaces else None,
        quotes.replaced_by(tx, quote_id),
        row.status == "offered" and can(tx.actor, Action.QUOTE_MAKE, regions.place(tx, row.region_code)),
    )  # fmt: skip


def _seen(tx: Tx, quote_id: str) -> QuoteRow:
    row = quotes.quote_row(tx, quote_id)
    if not can(tx.actor, Action.PRICE_READ, regions.place(tx, row.region_code)):
        raise NotFound(what="quote", key=quote_id)
    return row


def _ask_again(tx: Tx, quote_id: str) -> str:
    return quotes.requote(tx, quote_id).row.id


def _document(tx: Tx, quote_id: str, locale: str) -> str:
    row = _seen(tx, quote_id)
    if not locale:
        locale = adoptions.adoption(tx, row.adoption_id).language if row.adoption_id else current_locale()
    version, known = catalogue.version(tx, row.service_version_id), regions.regions(tx)
    return quote_document(
        quotes.quote(tx, quote_id), service_names=version.names, locale=locale, service_version=version.version,
        region_name=localised(known[row.region_code].names) or row.region_code,
        skill_names=people.skills(tx),
        region_names={code: localised(region.names) for code, region in known.items()},
        parameter_names=_parameters(tx, row.service_version_id),
    )  # fmt: skip


def _changes(tx: Tx, shown: QuotePage, found: QuoteDifference, before: str) -> Changes:
    rules = (*quotes.quote(tx, before).overheads, *shown.quote.overheads)
    overheads = {o.code: localised(o.names) or words.overhead_word(o.code) for o in rules}
    names = {
        "expected_minor": gettext("Expected cost"), "direct_minor": gettext("Direct cost"),
        "contingency_minor": gettext("Cover for risk"), "charged_minor": gettext("Charged"),
        "fund_minor": party_word("fund"),
    }  # fmt: skip
    totals = [Change(names[name], pair.before, pair.after) for name, pair in found.totals.items()]
    totals += [Change(overheads[code], pair.before, pair.after) for code, pair in found.overheads.items()]
    totals += [Change(party_word(party), pair.before, pair.after) for party, pair in found.parties.items()]
    titles = {group.task.id: localised(group.task.title) or group.task.id for group in shown.groups}
    why = {
        "executions": gettext("how often"), "quantity": gettext("quantity"), "price": gettext("price"),
        "charge": gettext("when it is charged"), "payer": gettext("who pays"), "count": gettext("villages"),
        "added": gettext("new"), "removed": gettext("no longer there"),
    }  # fmt: skip
    lines = []
    for line in found.lines:
        item = localised(shown.items.get(line.item, {})) or line.item
        label = gettext("%(label)s: %(text)s", label=titles.get(line.task, line.task), text=item)
        causes = [why[cause] for cause in line.causes] or [why.get(line.change, "")]
        lines.append(Change(label, line.amount.before, line.amount.after, ", ".join(causes)))
    return Changes(before, totals, lines)


def page_of(tx: Tx, found: Quote, version: catalogue.ServiceVersionRow) -> QuotePage:
    """A quote with the names, links and drawings that its page shows."""
    by_task: dict[str, list[QuoteLine]] = {}
    for line in found.lines:
        by_task.setdefault(line.task, []).append(line)
    known, names = regions.regions(tx), prices.item_names(tx)
    titles = {task.id: localised(task.title) or task.id for task in found.tasks.values()}
    return QuotePage(
        quote=found, version=version, region=known[found.region], regions=known,
        groups=[
            TaskGroup(found.tasks[id_], by_task.get(id_, []))
            for id_ in dict.fromkeys([*(task for task in by_task if task in found.tasks), *found.tasks])
        ],
        items=names, payers=payers_of(found), lists=price_lists.approved_lists(tx),
        figure=figures.distribution(found.risk, found.charged_minor, gettext("Charged")) if found.risk else None,
        drivers=_drivers(quotes.drivers(tx, version.id, found), titles, names),
        warnings=[
            (titles.get(n.place, n.place), problem_text(Problem(n.code, n.message, n.place, "warning", n.params)))
            for n in found.warnings
        ],
    )  # fmt: skip


def _drivers(
    found: tuple[Driver, ...], titles: Mapping[str, str], items: Mapping[str, Text]
) -> list[tuple[str, float]]:
    """The greatest in words; the others as one, where they count."""
    said = [
        (
            gettext("Price: %(item)s", item=localised(items.get(d.key, {})) or d.key)
            if d.kind == "price"
            else gettext("How often: %(task)s", task=titles.get(d.key, d.key)),
            d.share,
        )
        for d in found
    ]
    rest = sum(share for _, share in said[MOST_DRIVERS:])
    more = [(gettext("All others"), rest)] if rest >= 0.005 else []
    return [*said[:MOST_DRIVERS], *more]


def payers_of(found: Quote) -> list[tuple[str, int]]:
    """Who bears what, the fund first."""
    cash = [(party_word(party), minor) for party, minor in found.party_minor.items() if minor]
    given = [
        (gettext("%(party)s, in kind", party=party_word(party)), minor)
        for party, minor in found.in_kind_minor.items()
        if minor
    ]
    return [(party_word("fund"), found.fund_minor), *cash, *given]


def missing_line(tx: Tx, nodes: Mapping[str, object], problem: Problem) -> MissingLine:
    """A missing price in words. nodes: of the diagram, by id."""
    names, known = prices.item_names(tx), regions.regions(tx)
    node = nodes.get(problem.place)
    task = getattr(node, "task", None)
    tried = [_attempt(known, text) for text in str(problem.params.get("tried", "")).split("; ") if text]
    item = str(problem.params.get("item", ""))
    return MissingLine(
        task=(localised(task.title) if task else "") or problem.place,
        item=localised(names.get(item, {})) or item, unit=str(problem.params.get("unit", "")), tried=tried,
    )  # fmt: skip


def field_of(problem: Problem, parameters: tuple[Parameter, ...]) -> str:
    """The field of the form a problem is about, else its place in the diagram."""
    known = {parameter.id for parameter in parameters}
    return f"p_{problem.place}" if problem.place in known else problem.place


def _attempt(known: Mapping[str, regions.RegionRow], told: str) -> str:
    """Say in words "BJ-DO: date 2024-01-01..2024-12-31"."""
    code, _, rest = told.partition(": ")
    reason, _, detail = rest.partition(" ")
    name = localised(known[code].names) if code in known else code
    text = {
        "none": gettext("no price"),
        "date": gettext("only valid %(period)s", period=detail.replace("..", " – ")),
        "unit": gettext("only per %(unit)s, which does not convert", unit=unit_word(detail)),
        "currency": gettext("only in %(currency)s, without an exchange rate", currency=detail),
        "unknown-item": gettext("the item is not in the catalogue"),
        "unknown-region": gettext("the place is not known"),
    }.get(reason, rest)
    return gettext("%(label)s: %(text)s", label=name, text=text)


def default_place(tx: Tx, places: list[tuple[str, str]]) -> str:
    """The place to begin with: one that has prices, else the first; "" when there is none."""
    priced = prices.priced_regions(tx)
    return priced[-1].code if priced else (places[0][0] if places else "")


def visible_places(tx: Tx) -> list[tuple[str, str]]:
    """The places whose prices the actor may see: (code, name indented by its level), country by country."""
    return [
        (row.code, "\u2003" * (row.path.count("/") - 1) + (localised(row.names) or row.code))
        for row in regions.regions(tx).values()
        if can(tx.actor, Action.PRICE_READ, regions.place(tx, row.code))
    ]


def _quote_lines(tx: Tx) -> list[tuple[QuoteRow, catalogue.ServiceVersionRow, regions.RegionRow]]:
    known = regions.regions(tx)
    return [
        (row, catalogue.version(tx, row.service_version_id), known[row.region_code])
        for row in quotes.quotes(tx)
        if can(tx.actor, Action.PRICE_READ, regions.place(tx, row.region_code))
    ]
