"""The coordinator's pages: requests of villages, a project from its price to its last delivery.

Pages stand above all services: a page may read several features, always through their service functions.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation

from flask import Blueprint, Response, g, jsonify, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from payments import ledger as accounts
from pricing.errors import NotPriceable
from server.actor import Action, Object, can, require
from server.catalogue import service as catalogue
from server.catalogue.service import ServiceVersionRow
from server.deliveries import service as deliveries
from server.deliveries.service import DeliveryRow
from server.errors import NotFound, Unfunded, WrongState
from server.http import locale, problems, words
from server.http.frame import go
from server.http.locale import gettext, ngettext
from server.http.security import content_policy, permission
from server.instances import service as instances
from server.instances.service import IncidentRow, InstanceRow, TaskRow
from server.instances.words import incident_text
from server.ledger import service as ledger
from server.people import service as people
from server.projects import service as projects
from server.projects.models import ProjectRow
from server.quotes import service as quotes
from server.quotes.prices import terms_of
from server.quotes.service import QuoteRow
from server.regions import service as regions
from server.regions.service import RegionRow
from server.requests import service as requests
from server.runtime import Tx
from server.tracking.states import Subject
from server.tracking.states import state as tracked
from workflows.definitions.model import Parameter
from workflows.errors import RunError

pages = Blueprint("projects", __name__)
Page = str | tuple[str, int]
MAX_VILLAGES = 500
VIEWS = ("villages", "map", "diagram", "people")


# What the pages show ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Progress:
    """Tasks of one or many villages by where they are; total also counts those that are not reached yet."""

    done: int = 0
    waiting: int = 0
    sent_back: int = 0
    late: int = 0
    open: int = 0
    total: int = 0

    def plus(self, other: Progress) -> Progress:
        return Progress(
            self.done + other.done, self.waiting + other.waiting, self.sent_back + other.sent_back,
            self.late + other.late, self.open + other.open, self.total + other.total,
        )  # fmt: skip

    @property
    def parts(self) -> list[tuple[str, int]]:
        """The strip: (tone, count), the rest stays grey."""
        return [
            ("done", self.done), ("going", self.waiting + self.open), ("needs", self.sent_back),
            ("fail", self.late),
        ]  # fmt: skip

    def words(self) -> str:
        """The strip in words: "3 done, 1 to be checked"; "not started" when nothing is known."""
        said = [
            ngettext("%(number)s done", "%(number)s done", self.done) if self.done else "",
            ngettext("%(number)s to be checked", "%(number)s to be checked", self.waiting)
            if self.waiting
            else "",
            ngettext("%(number)s under way", "%(number)s under way", self.open) if self.open else "",
            ngettext("%(number)s sent back", "%(number)s sent back", self.sent_back)
            if self.sent_back
            else "",
            ngettext("%(number)s late", "%(number)s late", self.late) if self.late else "",
        ]
        return ", ".join(s for s in said if s) or gettext("Not started")


def progress_of(
    tasks: Iterable[TaskRow], by_task: Mapping[str, DeliveryRow], planned: int, now: datetime
) -> Progress:
    """Count the tasks of one instance. planned: how many the diagram has."""
    done = waiting = sent_back = late = going = 0
    for task in tasks:
        delivery = by_task.get(task.id)
        if task.state == "cancelled":
            continue
        if delivery is None:
            overdue = task.due_at is not None and task.due_at < now
            late, going = late + overdue, going + (not overdue)
        elif delivery.state == "accepted":
            done += 1
        elif delivery.state == "sent_back":
            sent_back += 1
        else:
            waiting += 1
    known = done + waiting + sent_back + late + going
    return Progress(done, waiting, sent_back, late, going, max(planned, known))


@dataclass(frozen=True, slots=True)
class Village:
    """A village of a project. owed: minor units, net of what is withheld."""

    code: str
    name: str
    place: RegionRow
    instance: InstanceRow | None
    progress: Progress
    owed: int

    @property
    def tone(self) -> str:
        """Of its point on the map."""
        p = self.progress
        if self.instance is None:
            return "quiet"
        if p.late:
            return "fail"
        if p.sent_back:
            return "needs"
        return "done" if p.total and p.done == p.total else "going"


@dataclass(frozen=True, slots=True)
class Strip:
    """The money of a project in minor units. committed: set aside and not used yet."""

    currency: str
    budget: int
    committed: int
    owed: int
    on_the_way: int
    paid: int


@dataclass(frozen=True, slots=True)
class Overview:
    """A project as its page shows it."""

    row: ProjectRow
    version: ServiceVersionRow
    region: RegionRow
    villages: list[Village]
    progress: Progress
    strip: Strip
    quote: QuoteRow | None
    offers: list[QuoteRow]
    members: list[people.Person]
    load: dict[str, int]
    skills: Mapping[str, Mapping[str, str]]
    incidents: list[IncidentRow]
    unassigned: int
    waiting: int
    may_start: bool
    recalled: str = ""
    """Why the version was recalled; "" when it was not."""


def overview(tx: Tx, project_id: str) -> Overview:
    """Everything a project's page shows. Raises NotFound."""
    row = projects.visible(tx, project_id)
    found = _villages(tx, row)
    ids = [v.instance.id for v in found if v.instance]
    quote = quotes.quote_row(tx, row.quote_id) if row.quote_id else None
    members = projects.members(tx, project_id)
    total = Progress()
    for village in found:
        total = total.plus(village.progress)
    return Overview(
        row=row, version=catalogue.version(tx, row.service_version_id),
        region=regions.region(tx, row.region_code), villages=found, progress=total,
        strip=_strip(tx, row, quote, ids), quote=quote,
        offers=quotes.offers_of_project(tx, project_id),
        members=members, load=instances.open_tasks_by_person(tx, [m.id for m in members]),
        skills=people.skills(tx), incidents=instances.incidents(tx, ids),
        unassigned=len(instances.unassigned(tx, ids)), waiting=total.waiting,
        may_start=can(tx.actor, Action.PROJECT_START, regions.place(tx, row.region_code)),
        recalled=catalogue.recall_reason(tx, row.service_version_id),
    )  # fmt: skip


def _villages(tx: Tx, row: ProjectRow) -> list[Village]:
    links = projects.villages(tx, row.id)
    ids = [link.instance_id for link in links if link.instance_id]
    known = instances.instances(tx, ids)
    places = regions.regions(tx, [link.region_code for link in links])
    by_instance: dict[str, list[TaskRow]] = {}
    for task in instances.tasks_of_instances(tx, ids):
        by_instance.setdefault(task.instance_id, []).append(task)
    by_task = {d.task_id: d for d in deliveries.deliveries_of_instances(tx, ids)}
    owed: dict[str, int] = {}
    for payable in ledger.payables_of_instances(tx, ids):
        instance_id = payable.instance_id or ""
        owed[instance_id] = owed.get(instance_id, 0) + payable.amount
    planned = len(catalogue.package(tx, row.service_version_id).definition.tasks())
    return [
        Village(
            link.region_code, regions.name(places[link.region_code], locale.current_locale()),
            places[link.region_code], known.get(link.instance_id or ""),
            progress_of(by_instance.get(link.instance_id or "", ()), by_task, planned, tx.now),
            owed.get(link.instance_id or "", 0),
        )
        for link in links
    ]  # fmt: skip


def _strip(tx: Tx, row: ProjectRow, quote: QuoteRow | None, ids: Sequence[str]) -> Strip:
    currency = quote.currency if quote else regions.currency(tx, row.region_code)
    sums = ledger.totals(tx, currency, ids)
    held = (accounts.reservation(row.id, currency), accounts.contingency(row.id, currency))
    return Strip(
        currency=currency, budget=quote.fund_minor if quote else 0,
        committed=sum(ledger.available(tx, a).minor for a in held), owed=sums.net - sums.allocated,
        on_the_way=sums.allocated - sums.settled, paid=sums.settled,
    )  # fmt: skip


# All projects -------------------------------------------------------------------------------------------


@pages.get("/projects", endpoint="projects")
@permission(Action.PROJECT_READ)
def projects_page() -> str:
    """Projects of the reader's regions, and the requests that wait for one."""
    return render_template("projects/projects.html", **g.runtime.read(g.actor, _list))


def _list(tx: Tx) -> dict[str, object]:
    rows = projects.visible_projects(tx)
    shown = []
    for row in rows:
        found = _villages(tx, row)
        total = Progress()
        for village in found:
            total = total.plus(village.progress)
        quote = quotes.quote_row(tx, row.quote_id) if row.quote_id else None
        shown.append(
            (row, catalogue.version(tx, row.service_version_id), regions.region(tx, row.region_code), found,
             total, _strip(tx, row, quote, [v.instance.id for v in found if v.instance]))
        )  # fmt: skip
    return {"shown": shown, "waiting": _open_requests(tx), "may_start": _may_start_somewhere(tx)}


def _may_start_somewhere(tx: Tx) -> bool:
    return can(tx.actor, Action.PROJECT_START)


def _free_requests(tx: Tx, service: str | None = None) -> list[requests.RequestRow]:
    """Requests of the actor's regions that no project has taken up."""
    taken = projects.taken_requests(tx)
    known = regions.regions(tx)
    return [
        r
        for r in requests.open_requests(tx, service)
        if r.id not in taken
        and can(tx.actor, Action.PROJECT_START, Object(region_path=known[r.region_code].path))
    ]


def _open_requests(tx: Tx) -> list[tuple[ServiceVersionRow, int, datetime]]:
    """Per service: its newest version, how many requests wait, the oldest one's time."""
    counts: dict[str, list[datetime]] = {}
    for row in _free_requests(tx):
        counts.setdefault(row.service_code, []).append(row.made_at)
    return [(catalogue.find_version(tx, code), len(at), min(at)) for code, at in sorted(counts.items())]


# Requests -----------------------------------------------------------------------------------------------


@pages.get("/requests/new")
@permission(Action.PROJECT_START)
def new_requests() -> Page:
    """Ask for a service for many villages at once."""
    return _requests_page()


def _requests_page(said: Sequence[tuple[str, str, str]] = (), status: int = 200) -> Page:
    chosen = {"service": request.values.get("service", ""), "region": request.values.get("region", "")}
    page = g.runtime.read(g.actor, _requests_choices, chosen["service"], chosen["region"])
    picked = request.form.getlist("village")
    return render_template(
        "projects/requests.html", **page, problems=list(said), picked=picked, fields=("villages", "requester")
    ), status  # fmt: skip


def _requests_choices(tx: Tx, service: str, region: str) -> dict[str, object]:
    services = _services(tx)
    service = service if service in services else next(iter(services), "")
    places = _places(tx)
    region = region if region in {p.code for p in places} else (places[0].code if places else "")
    asked = requests.places_that_asked(tx, service) if service else set()
    villages = regions.below(tx, region, level="village")[:MAX_VILLAGES] if region else []
    return {
        "services": services, "service": service, "places": places, "region": region, "villages": villages,
        "asked": asked,
    }  # fmt: skip


def _services(tx: Tx) -> dict[str, ServiceVersionRow]:
    """The newest published version of each service."""
    newest: dict[str, ServiceVersionRow] = {}
    for row in catalogue.versions(tx):
        if row.status == "published":
            newest.setdefault(row.service_code, row)
    return newest


def _places(tx: Tx) -> list[RegionRow]:
    """Where the actor may start projects: the regions above villages."""
    return [
        row
        for row in regions.regions(tx).values()
        if row.level != "village" and can(tx.actor, Action.PROJECT_START, Object(region_path=row.path))
    ]


@pages.post("/requests")
@permission(Action.PROJECT_START)
def make_requests() -> Page | BaseResponse:
    """Write the requests down, all of them or none."""
    villages = request.form.getlist("village")[:MAX_VILLAGES]
    requester = request.form.get("requester", "").strip()[:200]
    service = request.form.get("service", "")
    said = []
    if not villages:
        said.append(("villages", "error", gettext("Choose at least one village.")))
    if not requester:
        said.append(("requester", "error", gettext("Say who asks for the service.")))
    if said:
        return _requests_page(said, 422)
    made = g.runtime.run(
        g.actor, requests.make_requests, service=service, regions_=villages, requester=requester,
        note=request.form.get("note", "").strip()[:1000],
    )  # fmt: skip
    notice = ngettext(
        "%(number)s request was written down.", "%(number)s requests were written down.", len(made)
    )
    return go(url_for("projects.new", service=service, region=request.form.get("region", "")), notice)


# A new project ------------------------------------------------------------------------------------------


@pages.get("/projects/new")
@permission(Action.PROJECT_START)
def new() -> Page:
    """Make one project of the requests of many villages."""
    return _new_page()


def _new_page(said: Sequence[tuple[str, str, str]] = (), status: int = 200) -> Page:
    page = g.runtime.read(
        g.actor, _new_choices, request.values.get("service", ""), request.values.get("region", "")
    )
    return render_template(
        "projects/new.html", **page, problems=list(said), form=request.form,
        fields=("code", "name", "requests", "members", "fund"),
    ), status  # fmt: skip


def _new_choices(tx: Tx, service: str, region: str) -> dict[str, object]:
    waiting = _open_requests(tx)
    codes = [version.service_code for version, _, _ in waiting]
    service = service if service in codes else (codes[0] if codes else "")
    places = _places(tx)
    region = region if region in {p.code for p in places} else (places[0].code if places else "")
    inside = regions.region(tx, region).path if region else ""
    known = regions.regions(tx)
    found = [r for r in _free_requests(tx, service) if known[r.region_code].path.startswith(inside)]
    versions = [v for v in catalogue.versions(tx, service) if v.status == "published"] if service else []
    needed = _skills_of(tx, versions[0].id) if versions else set()
    able = [
        p
        for p in people.people(tx).values()
        if p.left_at is None and _near(inside, known[p.region_code].path)
    ]
    return {
        "waiting": waiting, "service": service, "places": places, "region": region, "known": known,
        "requests": found, "versions": versions, "people": able, "needed": needed,
        "skills": people.skills(tx),
        # the fund that can pay most is offered first
        "funds": sorted(
            (f for f in ledger.funds(tx) if region and f[1] == regions.currency(tx, region)), key=lambda f: -f[2]
        ),
    }  # fmt: skip


def _near(project: str, person: str) -> bool:
    """Whether somebody of a place may be asked for a project: their place lies in the project's, or around it."""
    return person.startswith(project) or project.startswith(person)


def _skills_of(tx: Tx, version_id: str) -> set[str]:
    definition = catalogue.package(tx, version_id).definition
    return {n.task.skill for n in definition.tasks() if n.task and n.task.skill}


@pages.post("/projects")
@permission(Action.PROJECT_START)
def create() -> Page | BaseResponse:
    """Set the project up; nothing is paid or started yet."""
    form = request.form
    wanted = projects.NewProject(
        code=form.get("code", "").strip()[:60], name=form.get("name", "").strip()[:200],
        version_id=form.get("version", ""), region=form.get("region", ""), fund=form.get("fund", ""),
        requests=form.getlist("request")[:MAX_VILLAGES], members=form.getlist("member")[:MAX_VILLAGES],
    )  # fmt: skip
    said = [
        (field, "error", text)
        for field, missing, text in (
            ("code", not wanted.code, gettext("Give the project a code.")),
            ("name", not wanted.name, gettext("Give the project a name.")),
            ("requests", not wanted.requests, gettext("Choose at least one village.")),
            ("members", not wanted.members, gettext("Choose who works in the project.")),
            ("fund", not wanted.fund, gettext("Choose the fund that pays.")),
        )
        if missing
    ]
    if said:
        return _new_page(said, 422)
    try:
        project_id = g.runtime.run(g.actor, projects.create, wanted)
    except projects.ProjectExists as error:
        return _new_page([("code", "error", _words(error))], 409)
    return go(
        url_for("projects.price", project_id=project_id), gettext("The project is set up. Now its price.")
    )


def _words(error: RunError) -> str:
    return problems.message_of(error, locale.current_catalogue())


# One project --------------------------------------------------------------------------------------------


@pages.get("/projects/<project_id>")
@permission(Action.PROJECT_READ)
def project(project_id: str) -> str:
    """A project: what needs me, its money, its villages."""
    view = request.args.get("v", VIEWS[0])
    view = view if view in VIEWS else VIEWS[0]
    page = g.runtime.read(g.actor, overview, project_id)
    if view == "diagram":
        content_policy("diagram")
    return render_template(
        "projects/project.html", page=page, view=view, views=VIEWS, needs=_needs(page),
        incident_text=incident_text, may_migrate=page.may_start and page.row.status == "running"
        and bool(g.runtime.read(g.actor, projects.other_versions, project_id)),
        cards=g.runtime.read(g.actor, node_cards, page.version.id) if view == "diagram" else [],
        points=_points(page.villages) if view == "map" else [],
        definition=g.runtime.read(g.actor, catalogue.package, page.version.id).definition,
    )  # fmt: skip


def _needs(page: Overview) -> list[tuple[str, str, str]]:
    """What a person has to do for this project, the blocking thing first: (words, address, since)."""
    found = []
    project_id = page.row.id
    if page.may_start and page.row.status == "planned":
        if page.quote is not None:
            words = ngettext("Start %(number)s village", "Start %(number)s villages", len(page.villages))
            found.append((words, url_for("projects.check_start", project_id=project_id), ""))
        elif page.offers:
            offer = url_for("projects.offer", project_id=project_id, quote_id=page.offers[0].id)
            found.append((gettext("Look at the price and accept it"), offer, ""))
        else:
            found.append((gettext("Get the price"), url_for("projects.price", project_id=project_id), ""))
    if page.incidents:
        words = ngettext("%(number)s incident", "%(number)s incidents", len(page.incidents))
        found.append((words, "#incidents", ""))
    if page.unassigned:
        words = ngettext("%(number)s task has nobody", "%(number)s tasks have nobody", page.unassigned)
        found.append((words, url_for("projects.project", project_id=project_id, v="people"), ""))
    if page.waiting and can(g.actor, Action.DELIVERY_REVIEW, Object(region_path=page.region.path)):
        words = ngettext(
            "%(number)s delivery waits for your decision",
            "%(number)s deliveries wait for your decision",
            page.waiting,
        )
        found.append((words, url_for("deliveries.queue", project=page.row.id), ""))
    if page.progress.late:
        words = ngettext("%(number)s task is late", "%(number)s tasks are late", page.progress.late)
        found.append((words, url_for("projects.project", project_id=project_id, only="late"), ""))
    return found


def _points(villages: Sequence[Village]) -> list[tuple[Village, float, float]]:
    """Villages as points: x and y from 0 to 100, north up, the same scale in both directions."""
    placed = [v for v in villages if v.place.latitude and v.place.longitude]
    if not placed:
        return []
    xs, ys = ([float(getattr(v.place, axis)) for v in placed] for axis in ("longitude", "latitude"))
    span = max(max(xs) - min(xs), max(ys) - min(ys), 0.01)
    middle = ((max(xs) + min(xs)) / 2, (max(ys) + min(ys)) / 2)
    return [
        (v, 50 + (x - middle[0]) / span * 88, 50 - (y - middle[1]) / span * 88)
        for v, x, y in zip(placed, xs, ys, strict=True)
    ]


@pages.get("/projects/<project_id>/state.json")
@permission(Action.PROJECT_READ)
def state(project_id: str) -> Response:
    """How many villages are where, for the diagram."""
    return jsonify(g.runtime.read(g.actor, tracked, Subject("project", project_id)))


def node_cards(tx: Tx, version_id: str) -> list[tuple[str, object, str]]:
    """The tasks of a version: (id, card, skill in the reader's language)."""
    definition = catalogue.package(tx, version_id).definition
    names = people.skills(tx)
    return [
        (n.id, n.task, locale.localised(names.get(n.task.skill, n.task.skill)))
        for n in definition.tasks()
        if n.task
    ]


# Its money ----------------------------------------------------------------------------------------------


@pages.get("/projects/<project_id>/money")
@permission(Action.PROJECT_READ)
def money(project_id: str) -> str:
    """What the project owes and has paid, each amount beside its delivery."""
    return render_template("projects/money.html", **g.runtime.read(g.actor, _money, project_id))


def _money(tx: Tx, project_id: str) -> dict[str, object]:
    page = overview(tx, project_id)
    ids = [v.instance.id for v in page.villages if v.instance]
    titles = {node_id: card for node_id, card, _ in node_cards(tx, page.version.id)}
    nodes = {d.id: d.node_id for d in deliveries.deliveries_of_instances(tx, ids)}
    lines: dict[str, list[object]] = {}
    for payable in ledger.payables_of_instances(tx, ids):
        card = titles[nodes[payable.delivery_id or ""]]
        lines.setdefault(payable.instance_id or "", []).append((payable, card))
    return {"page": page, "lines": lines}


# Price, acceptance, start -------------------------------------------------------------------------------


@pages.get("/projects/<project_id>/price")
@permission(Action.PROJECT_START)
def price(project_id: str) -> Page:
    """Choose the numbers the price depends on."""
    return _price_page(project_id)


def _price_page(project_id: str, said: Sequence[tuple[str, str, str]] = (), status: int = 200) -> Page:
    page, parameters = g.runtime.read(g.actor, _priced, project_id)
    return (
        render_template(
            "projects/price.html", page=page, parameters=parameters, problems=list(said), form=request.form
        ),
        status,
    )


def _priced(tx: Tx, project_id: str) -> tuple[Overview, tuple[Parameter, ...]]:
    page = overview(tx, project_id)
    return page, catalogue.package(tx, page.version.id).definition.service.parameters


@pages.post("/projects/<project_id>/price")
@permission(Action.PROJECT_START)
def make_quote(project_id: str) -> Page | BaseResponse:
    """Make an offer from the approved prices of the region."""
    _, parameters = g.runtime.read(g.actor, _priced, project_id)
    values, said = _numbers(parameters)
    if said:
        return _price_page(project_id, said, 422)
    try:
        row = g.runtime.run(g.actor, _make_quote, project_id, values)
    except NotPriceable as error:
        texts = locale.current_catalogue().texts
        found = [(p.place, p.severity, p.text(texts)) for p in problems.problems_of(error)]
        return _price_page(project_id, found or [("", "error", _words(error))], 422)
    return go(url_for("projects.offer", project_id=project_id, quote_id=row.id))


def _make_quote(tx: Tx, project_id: str, values: Mapping[str, Decimal]) -> QuoteRow:
    """The offer with the terms of the project's region."""
    terms = terms_of(tx, projects.visible(tx, project_id).region_code)
    return projects.make_quote(
        tx, project_id, parameters=values, overheads=terms.overheads, contributions=terms.contributions
    )


def _numbers(parameters: Sequence[Parameter]) -> tuple[dict[str, Decimal], list[tuple[str, str, str]]]:
    values: dict[str, Decimal] = {}
    said = []
    for parameter in parameters:
        text = request.form.get(parameter.id, "").strip()[:30].replace(",", ".")
        try:
            value = Decimal(text)
        except InvalidOperation:
            value = Decimal("NaN")
        low, high = parameter.minimum, parameter.maximum
        if not value.is_finite():
            wrong = gettext("%(label)s: write a number.", label=locale.localised(parameter.label))
        elif (low is not None and value < low) or (high is not None and value > high):
            wrong = gettext(
                "%(label)s: from %(low)s to %(high)s.", label=locale.localised(parameter.label),
                low="" if low is None else locale.format_number(low),
                high="" if high is None else locale.format_number(high),
            )  # fmt: skip
        else:
            values[parameter.id] = value
            continue
        said.append((parameter.id, "error", wrong))
    return values, said


@pages.get("/projects/<project_id>/offer/<quote_id>")
@permission(Action.PROJECT_START)
def offer(project_id: str, quote_id: str) -> Page:
    """Exactly what accepting commits, and from where."""
    return _offer_page(project_id, quote_id)


def _offer_page(project_id: str, quote_id: str, said: str = "", status: int = 200) -> Page:
    page = g.runtime.read(g.actor, _offer, project_id, quote_id)
    return render_template(
        "projects/offer.html", **page, problems=[("", "error", said)] if said else []
    ), status


def _offer(tx: Tx, project_id: str, quote_id: str) -> dict[str, object]:
    page = overview(tx, project_id)
    row = quotes.quote_row(tx, quote_id)
    if row.project_id != project_id:
        raise NotFound(what="quote of this project", key=quote_id)
    value = quotes.quote(tx, quote_id)
    free = ledger.available(tx, accounts.fund(page.row.fund, row.currency)).minor
    payers = [("fund", row.fund_minor), *value.party_minor.items()]
    given = list(value.in_kind_minor.items())
    return {
        "page": page, "quote": row, "value": value, "free": free, "payers": payers, "given": given,
        "parameters": catalogue.package(tx, page.version.id).definition.service.parameters,
        "enough": free >= row.fund_minor,
    }  # fmt: skip


@pages.post("/projects/<project_id>/accept")
@permission(Action.QUOTE_ACCEPT)
def accept(project_id: str) -> Page | BaseResponse:
    """Accept the offer: the money is committed, or nothing happens."""
    quote_id = request.form.get("quote", "")
    try:
        row = g.runtime.run(g.actor, projects.accept_quote, project_id, quote_id)
    except (WrongState, Unfunded) as error:
        return _offer_page(project_id, quote_id, _words(error), problems.status_of(error))
    amount = locale.format_minor(row.fund_minor, row.currency)
    notice = gettext(
        "%(amount)s %(currency)s are set aside for this project.", amount=amount, currency=row.currency
    )
    return go(url_for("projects.project", project_id=project_id), notice)


@pages.get("/projects/<project_id>/start")
@permission(Action.PROJECT_START)
def check_start(project_id: str) -> Page:
    """What starting does, before it is done."""
    return _start_page(project_id)


def _start_page(project_id: str, said: str = "", status: int = 200) -> Page:
    page, first = g.runtime.read(g.actor, _start_check, project_id)
    shown = [("", "error", said)] if said else []
    return render_template("projects/start.html", page=page, first=first, problems=shown), status


def _start_check(tx: Tx, project_id: str) -> tuple[Overview, list[tuple[str, list[people.Person]]]]:
    """The project, and for each skill it needs the members who have it."""
    page = overview(tx, project_id)
    require(tx.actor, Action.PROJECT_START, regions.place(tx, page.row.region_code))
    needed = sorted(_skills_of(tx, page.version.id))
    return page, [(s, [m for m in page.members if s in {k.skill for k in m.skills}]) for s in needed]


@pages.post("/projects/<project_id>/start")
@permission(Action.PROJECT_START)
def start(project_id: str) -> Page | BaseResponse:
    """Start every village, or none."""
    try:
        started = g.runtime.run(g.actor, projects.start, project_id)
    except (WrongState, projects.MissingSkills, instances.NotFunded) as error:
        return _start_page(project_id, _words(error), problems.status_of(error))
    notice = ngettext(
        "%(number)s village is started, the first tasks are given out.",
        "%(number)s villages are started, the first tasks are given out.",
        len(started),
    )
    return go(url_for("projects.project", project_id=project_id), notice)


# Going over to another version ----------------------------------------------------------------------------


@pages.get("/projects/<project_id>/migration")
@permission(Action.INSTANCE_CHANGE)
def check_migration(project_id: str) -> Page:
    """Which villages can go on with another version, before anything is changed."""
    return _migration_page(project_id, request.args.get("version", ""))


@pages.post("/projects/<project_id>/migration")
@permission(Action.INSTANCE_CHANGE)
def migrate(project_id: str) -> Page | BaseResponse:
    """Let the villages that can go on with another version."""
    version_id = request.form.get("version", "")
    choices = g.runtime.read(g.actor, _migration_choices, project_id, version_id)
    if choices["chosen"] is None:
        raise NotFound(what="version of this service", key=version_id)
    reports = projects.migrate(g.runtime, g.actor, project_id, version_id, dry_run=False)
    done = sum(report.done for report in reports)
    notice = ngettext(
        "%(number)s village goes on with version %(version)s.",
        "%(number)s villages go on with version %(version)s.",
        done, version=choices["chosen"].version,
    )  # fmt: skip
    if done == len(reports):
        return go(url_for("projects.project", project_id=project_id), notice)
    return _migration_page(project_id, version_id, said=notice)


def _migration_page(project_id: str, version_id: str, said: str = "") -> Page:
    choices = g.runtime.read(g.actor, _migration_choices, project_id, version_id)
    chosen = choices["chosen"]
    reports = projects.migrate(g.runtime, g.actor, project_id, chosen.id, dry_run=True) if chosen else []
    groups: dict[tuple[object, ...], list[instances.Report]] = {}
    for report in reports:
        # villages at the same point are refused for the same reasons: said once
        reasons = tuple((p.place, words.problem_text(p)) for p in report.problems)
        key = (report.possible, report.from_version, reasons, report.unattached)
        groups.setdefault(key, []).append(report)
    found = sorted(groups.values(), key=lambda group: (group[0].possible, -len(group)))
    return render_template("projects/migration.html", **choices, groups=found, said=said), 200


def _migration_choices(tx: Tx, project_id: str, version_id: str) -> dict[str, object]:
    page = overview(tx, project_id)
    require(tx.actor, Action.INSTANCE_CHANGE, regions.place(tx, page.row.region_code))
    versions = projects.other_versions(tx, project_id)
    if page.row.status == "running" and any(
        v.instance and v.instance.status == "running" and v.instance.service_version_id != page.version.id
        for v in page.villages
    ):
        versions = [*versions, page.version]  # some went over, some did not: those may come back
    chosen = next((v for v in versions if v.id == version_id), versions[0] if versions else None)
    return {
        "page": page, "versions": versions, "chosen": chosen,
        "titles": words.node_titles(catalogue.package(tx, page.version.id).definition),
        "names": {v.instance.id: v.name for v in page.villages if v.instance},
    }  # fmt: skip
