"""Adoptions for people: what regions have adopted, proposing one, and the calendars they work by."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from flask import Blueprint, Response, g, render_template, request, url_for
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response as BaseResponse

from server.accounts import service as accounts
from server.actor import Action, Object, can
from server.adoptions import service as adoptions
from server.adoptions.service import Bounds, Overlay, ServiceAdoptionRow, WorkCalendarRow
from server.catalogue import service as catalogue
from server.catalogue.lifecycle import handbook_of_version
from server.catalogue.service import ServiceVersionRow
from server.errors import Conflict
from server.http.frame import go
from server.http.locale import current_catalogue, current_locale, gettext, localised
from server.http.navigation import N_
from server.http.operations import attachment
from server.http.problems import message_of
from server.http.security import permission
from server.http.words import problem_text
from server.quotes import prices
from server.regions import service as regions
from server.runtime import Tx
from service_library import texts
from workflows.definitions.model import LANGUAGES, Text
from workflows.errors import InvalidInput
from workflows.problems import Problem

pages = Blueprint("adoptions", __name__)
Shown = tuple[str, str, str]
WEEKDAYS = (
    N_("Monday"), N_("Tuesday"), N_("Wednesday"), N_("Thursday"), N_("Friday"), N_("Saturday"), N_("Sunday"),
)  # fmt: skip
MOST_DAYS = 400


@dataclass(frozen=True, slots=True)
class Line:
    """An adoption in the list. upgrade: a newer version that is published. opens: the actor may read it."""

    row: ServiceAdoptionRow
    version: ServiceVersionRow
    place: str
    upgrade: ServiceVersionRow | None
    opens: bool


@dataclass(frozen=True, slots=True)
class Deadline:
    """A task whose deadline a region may set. days: as chosen, "" = as the version says."""

    task: str
    title: Text
    bounds: Bounds
    days: str
    problem: str


@dataclass(frozen=True, slots=True)
class Form:
    """What the form offers for a version and a region."""

    version: ServiceVersionRow
    services: list[tuple[str, str]]
    numbers: list[tuple[str, str]]
    region: str
    places: list[tuple[str, str]]
    lists: list[tuple[str, str]]
    rates: list[tuple[str, str]]
    calendars: list[tuple[str, str]]
    languages: list[tuple[str, str]]
    deadlines: list[Deadline]
    before: ServiceAdoptionRow | None
    before_version: ServiceVersionRow | None
    passed_over: str = ""


@dataclass(frozen=True, slots=True)
class AdoptionPage:
    """One adoption with everything that is known of it.

    price: under its overlay; while it is proposed, `price_now` is what counts there today. may_adopt: the actor
    decides there and is not who proposed it.
    """

    row: ServiceAdoptionRow
    version: ServiceVersionRow
    place: str
    titles: Mapping[str, Text]
    calendar: WorkCalendarRow | None
    rates: str
    people: Mapping[str, str]
    problems: Sequence[Problem]
    price: prices.RegionPrice
    price_now: prices.RegionPrice | None
    upgrade: ServiceVersionRow | None
    before: ServiceVersionRow | None
    may_decide: bool
    may_adopt: bool


@pages.get("/adoptions")
@permission(Action.SERVICE_READ)
def list_adoptions() -> str:
    """What regions have adopted, newest first."""
    lines, may = g.runtime.read(g.actor, _lines)
    return render_template("adoptions/adoptions.html", lines=lines, may_adopt=may)


def _lines(tx: Tx) -> tuple[list[Line], bool]:
    known = regions.regions(tx)
    lines = [
        Line(row, catalogue.version(tx, row.service_version_id), _name(known[row.region_code]),
             adoptions.upgrade_of(tx, row),
             can(tx.actor, Action.PRICE_READ, Object(region_path=known[row.region_code].path)))
        for row in adoptions.adoptions(tx)
    ]  # fmt: skip
    return lines, can(tx.actor, Action.SERVICE_ADOPT)


def _name(row: regions.RegionRow) -> str:
    return localised(row.names) or row.code


@pages.get("/adoptions/new")
@permission(Action.SERVICE_ADOPT)
def new() -> str:
    """Choose what a region overlays; ?service, ?version, ?region; ?from= begins from another adoption's overlay."""
    return _form(request.args)


def _form(sent: MultiDict[str, str], problems: Sequence[Shown] = ()) -> str:
    form, values = g.runtime.read(g.actor, _read_form, sent, {place: text for place, _, text in problems})
    return render_template(
        "adoptions/new.html", form=form, values=values, problems=list(problems),
        fields=tuple(place for place, _, _ in problems),
    )  # fmt: skip


def _read_form(
    tx: Tx, sent: MultiDict[str, str], wrong: Mapping[str, str]
) -> tuple[Form | None, Mapping[str, str]]:
    """None when no service is published, or the actor adopts nowhere."""
    places = [
        (row.code, "\u2003" * (row.path.count("/") - 1) + _name(row))
        for row in regions.regions(tx).values()
        if row.level != "village" and can(tx.actor, Action.SERVICE_ADOPT, Object(region_path=row.path))
    ]
    versions = [v for v in catalogue.versions(tx) if v.status == "published"]
    if not versions or not places:
        return None, {}
    values = _values(tx, sent)
    version = next(
        (v for v in versions if (v.service_code, v.version) == (values["service"], values["version"])),
        next((v for v in versions if v.service_code == values["service"]), versions[0]),
    )
    region = values["region"] if values["region"] in {code for code, _ in places} else places[0][0]
    package = catalogue.package(tx, version.id)
    progress = {p.language: p for p in texts.progress(texts.entries_of(package))}
    named = {"en": gettext("English"), "fr": gettext("French"), "es": gettext("Spanish")}
    before = adoptions.adopted_in(tx, version.service_code, region)
    known = regions.regions(tx)
    form = Form(
        version=version,
        services=list({v.service_code: localised(v.names) or v.service_code for v in versions}.items()),
        numbers=[(v.version, v.version) for v in versions if v.service_code == version.service_code],
        region=region, places=places, lists=[(code, code) for code in adoptions.lists_of(tx, region)],
        rates=[
            (row.id, f"{_name(known[row.region_code])}, {row.valid_from.isoformat()}"
                     + (f", {row.source}" if row.source else ""))
            for row in adoptions.rates_of(tx, region)
        ],
        calendars=[(row.code, localised(row.names) or row.code) for row in adoptions.calendars(tx, region)],
        languages=[
            (code, named[code] if not progress[code].missing else gettext(
                "%(language)s (%(missing)s texts missing)", language=named[code], missing=progress[code].missing))
            for code in LANGUAGES
        ],
        deadlines=[
            Deadline(node.id, node.task.title, adoptions.bounds(node), values.get(f"deadline-{node.id}", ""),
                     wrong.get(f"deadline-{node.id}", ""))
            for node in package.definition.tasks() if node.task is not None
        ],
        before=before, before_version=catalogue.version(tx, before.service_version_id) if before else None,
        passed_over=_passed_over(catalogue.versions(tx), values["service"], values["version"]),
    )  # fmt: skip
    return form, values


def _passed_over(versions: Sequence[ServiceVersionRow], service: str, number: str) -> str:
    """What was asked for and cannot be adopted any more: nobody adopts another service in its place unseen."""
    asked = [v for v in versions if v.service_code == service]
    offered = any(v.status == "published" for v in asked)
    for version in asked:
        if version.status != "published" and (version.version == number or not offered):
            return f"{localised(version.names) or service} {version.version}"
    return ""


def _values(tx: Tx, sent: MultiDict[str, str]) -> dict[str, str]:
    """What was chosen so far; from another adoption, what that one overlays."""
    values = {"service": "", "version": "", "region": "", "language": current_locale()}
    begun = sent.get("from", "")
    if begun:
        row = adoptions.visible(tx, begun)
        values |= {
            "service": row.service_code, "region": row.region_code, "language": row.language,
            "price_list": row.price_list, "terms": row.terms_id or "", "calendar": row.calendar_code or "",
            **{f"deadline-{task}": str(days) for task, days in row.deadlines.items()},
        }  # fmt: skip
    return values | {name: value.strip()[:500] for name, value in sent.items() if value.strip()}


@pages.post("/adoptions")
@permission(Action.SERVICE_ADOPT)
def propose() -> BaseResponse | tuple[str, int]:
    """Keep a proposal; its page says what does not conform yet."""
    sent = request.form
    overlay, problems = _overlay(sent)
    if not problems:
        try:
            row = g.runtime.run(g.actor, _propose, sent, overlay)
        except InvalidInput as refused:
            problems = [(p.place, p.severity, problem_text(p)) for p in refused.problems]
        else:
            words = gettext("The adoption is proposed. It counts when somebody else adopts it.")
            return go(url_for("adoptions.one", adoption_id=row.id), words, "needs")
    return _form(sent, problems), 422


def _propose(tx: Tx, sent: Mapping[str, str], overlay: Overlay) -> ServiceAdoptionRow:
    version = catalogue.find_version(tx, sent.get("service", ""), sent.get("version", ""))
    return adoptions.propose(
        tx, version_id=version.id, region=sent.get("region", ""), overlay=overlay,
        note=sent.get("note", "").strip()[:500],
    )  # fmt: skip


def _overlay(sent: Mapping[str, str]) -> tuple[Overlay, list[Shown]]:
    """The overlay typed, and what in it is no number."""
    deadlines: dict[str, int] = {}
    problems: list[Shown] = []
    for name, typed in sent.items():
        if not name.startswith("deadline-") or not typed.strip():
            continue
        if typed.strip().isascii() and typed.strip().isdigit() and len(typed.strip()) <= 4:
            deadlines[name.removeprefix("deadline-")] = int(typed)
        else:
            problems.append((name, "error", gettext("Enter a number of working days, for example 5.")))
    overlay = Overlay(
        sent.get("language", ""), sent.get("price_list", "").strip(), sent.get("terms", "").strip() or None,
        sent.get("calendar", "").strip() or None, deadlines,
    )  # fmt: skip
    return overlay, problems


@pages.get("/adoptions/<uuid:adoption_id>")
@permission(Action.PRICE_READ)
def one(adoption_id: object) -> str:
    """An adoption: what is overlaid, whether it conforms, what it costs there, what comes next."""
    page = g.runtime.read(g.actor, _one, str(adoption_id))
    return render_template("adoptions/adoption.html", page=page)


def _one(tx: Tx, adoption_id: str) -> AdoptionPage:
    row = adoptions.visible(tx, adoption_id)
    version = catalogue.version(tx, row.service_version_id)
    region = regions.region(tx, row.region_code)
    definition = catalogue.package(tx, version.id).definition
    overlay = adoptions.overlay_of(row)
    is_open = row.status in ("proposed", "adopted")
    calendar = next((c for c in adoptions.calendars(tx) if c.code == row.calendar_code), None)
    rates = next((r for r in adoptions.rates_of(tx, row.region_code) if r.id == row.terms_id), None)
    before = adoptions.adoption(tx, row.replaces) if row.replaces else None
    may = is_open and can(tx.actor, Action.SERVICE_ADOPT, Object(region_path=region.path))
    return AdoptionPage(
        row=row, version=version, place=_name(region),
        titles={node.id: node.task.title for node in definition.tasks() if node.task is not None},
        calendar=calendar, rates=rates.source or rates.valid_from.isoformat() if rates else "",
        people=accounts.names(
            tx, {by for by in (row.proposed_by, row.adopted_by, row.ended_by) if by}
        ),
        problems=adoptions.conformance(tx, version.id, row.region_code, overlay) if is_open else (),
        price=prices.in_region(tx, version.id, region, adoption=row),
        price_now=prices.in_region(tx, version.id, region) if row.status == "proposed" else None,
        upgrade=adoptions.upgrade_of(tx, row),
        before=catalogue.version(tx, before.service_version_id) if before else None,
        may_decide=may, may_adopt=may and row.status == "proposed" and row.proposed_by != tx.actor.user_id,
    )  # fmt: skip


@pages.get("/adoptions/<uuid:adoption_id>/handbook.pdf")
@permission(Action.PRICE_READ)
def handbook(adoption_id: object) -> Response:
    """The handbook for the region's people: in the language they work in, with their deadlines."""
    name, content = g.runtime.read(g.actor, _handbook, str(adoption_id))
    return attachment(content, name, "application/pdf")


def _handbook(tx: Tx, adoption_id: str) -> tuple[str, bytes]:
    row = adoptions.visible(tx, adoption_id)
    version = catalogue.version(tx, row.service_version_id)
    content = handbook_of_version(tx, row.service_code, version.version, row.language, row.deadlines)
    return f"{row.service_code}-{version.version}-{row.region_code}-{row.language}.pdf", content


@pages.post("/adoptions/<uuid:adoption_id>/adopt")
@permission(Action.SERVICE_ADOPT)
def adopt(adoption_id: object) -> BaseResponse:
    """Let it count from now on."""
    address = url_for("adoptions.one", adoption_id=adoption_id)
    try:
        g.runtime.run(g.actor, adoptions.adopt, str(adoption_id))
    except InvalidInput as refused:
        first = problem_text(refused.problems[0])
        words = gettext("It does not conform yet, so it was not adopted. %(first)s", first=first)
        return go(address, words, "fail")
    return go(
        address, gettext("The version is adopted: quotes and projects of the region follow it from now on.")
    )


@pages.post("/adoptions/<uuid:adoption_id>/withdraw")
@permission(Action.SERVICE_ADOPT)
def withdraw(adoption_id: object) -> BaseResponse:
    """End it, with a reason."""
    reason = request.form.get("reason", "").strip()[:500]
    g.runtime.run(g.actor, adoptions.withdraw, str(adoption_id), reason=reason)
    words = gettext("It is withdrawn. Quotes that were made under it keep it.")
    return go(url_for("adoptions.one", adoption_id=adoption_id), words)


# Calendars --------------------------------------------------------------------------------------------


@pages.get("/calendars")
@permission(Action.SERVICE_READ)
def calendars() -> str:
    """The calendars regions work by."""
    return _calendars()


def _calendars(values: Mapping[str, str] | None = None, problems: Sequence[Shown] = ()) -> str:
    lines, places = g.runtime.read(g.actor, _read_calendars)
    return render_template(
        "adoptions/calendars.html", lines=lines, places=places, values=values or {}, problems=list(problems),
        fields=tuple(place for place, _, _ in problems), wrong={place: text for place, _, text in problems},
        weekdays=[gettext(day) for day in WEEKDAYS],
    )  # fmt: skip


def _read_calendars(
    tx: Tx,
) -> tuple[list[tuple[WorkCalendarRow, str, list[date], bool]], list[tuple[str, str]]]:
    known = regions.regions(tx)

    def may(row: regions.RegionRow) -> bool:
        return can(tx.actor, Action.SERVICE_ADOPT, Object(region_path=row.path))

    lines = [
        (row, _name(known[row.region_code]), [h.day for h in adoptions.holidays_of(tx, row.code)],
         may(known[row.region_code]))
        for row in adoptions.calendars(tx)
    ]  # fmt: skip
    places = [
        (row.code, "\u2003" * (row.path.count("/") - 1) + _name(row))
        for row in known.values()
        if row.level != "village" and may(row)
    ]
    return lines, places


@pages.post("/calendars")
@permission(Action.SERVICE_ADOPT)
def make_calendar() -> BaseResponse | tuple[str, int]:
    """Make a calendar."""
    sent = request.form
    days, problems = _days(sent.get("holidays", ""))
    weekdays = [int(each) for each in sent.getlist("weekday") if each in {"0", "1", "2", "3", "4", "5", "6"}]
    name = sent.get("name", "").strip()[:100]
    if not problems:
        try:
            g.runtime.run(
                g.actor, adoptions.make_calendar, code=sent.get("code", "").strip(), weekdays=weekdays,
                region=sent.get("region", ""), names={current_locale(): name} if name else {}, holidays=days,
            )  # fmt: skip
        except InvalidInput as refused:
            problems = [(p.place, p.severity, problem_text(p)) for p in refused.problems]
        except Conflict as refused:
            problems = [("code", "error", message_of(refused, current_catalogue()))]
        else:
            return go(url_for("adoptions.calendars"), gettext("The calendar is made."))
    return _calendars(sent, problems), 422


@pages.post("/calendars/<code>/holidays")
@permission(Action.SERVICE_ADOPT)
def add_holidays(code: str) -> BaseResponse | tuple[str, int]:
    """Add days on which nobody works."""
    days, problems = _days(request.form.get("holidays", ""))
    if problems:
        return _calendars({}, problems), 422
    count = g.runtime.run(g.actor, adoptions.add_holidays, code, days)
    return go(url_for("adoptions.calendars"), gettext("Days added: %(count)s.", count=count))


def _days(typed: str) -> tuple[list[date], list[Shown]]:
    days, problems = [], []
    for word in typed.replace(",", " ").replace(";", " ").split()[:MOST_DAYS]:
        try:
            days.append(date.fromisoformat(word))
        except ValueError:
            problems.append(
                (
                    "holidays",
                    "error",
                    gettext("“%(word)s” is no day. Write days as 2027-12-25.", word=word[:20]),
                )
            )
    return days, problems
