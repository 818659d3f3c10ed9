"""Franchise: a region adopts a published version of a service, with an overlay of its own.

Idea: the protocol is the same everywhere. What a region may choose is exactly what `Overlay` has fields for: which
of its price lists and rates count, the language people work in, how long tasks may take within the version's bounds,
and on which days is worked. Conformance is checked as a whole at adoption, and everything that is wrong is told at
once. It changes what is paid, so who adopts is somebody else than who proposed, as with prices and rates; the
database keeps that too. An adoption never changes: another overlay, or a newer version, is another adoption that
supersedes it, and quotes that were made keep the one they were made under.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from types import MappingProxyType
from typing import Final

from sqlalchemy import select

from pricing.calendars import MONDAY_TO_FRIDAY, Calendar
from pricing.errors import NotPriceable
from pricing.quotes import build_quote
from server.actor import Action, Object, can, require
from server.adoptions.models import (
    CalendarHolidayRow as CalendarHolidayRow,
)
from server.adoptions.models import (
    ServiceAdoptionRow as ServiceAdoptionRow,
)
from server.adoptions.models import (
    WorkCalendarRow as WorkCalendarRow,
)
from server.catalogue import service as catalogue
from server.errors import Conflict, NotFound, SamePerson, WrongState
from server.journal import service as journal
from server.journal.service import Event
from server.price_lists import service as price_lists
from server.quotes import terms as rates
from server.regions import service as regions
from server.runtime import Tx
from service_library import texts
from workflows.definitions.model import LANGUAGES, Definition, Node
from workflows.errors import InvalidInput
from workflows.problems import Problem, blocking

LONGEST_DEADLINE: Final = 365
"""Working days, for tasks whose expert has named neither a deadline nor a duration."""
MOST_HOLIDAYS: Final = 1000
_CODE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
DEFAULT_CALENDAR: Final = Calendar(MONDAY_TO_FRIDAY)


class CalendarExists(Conflict):
    code = "calendar-exists"
    message = "There is a calendar %(calendar)s already. Choose another code."


@dataclass(frozen=True, slots=True)
class Overlay:
    """What a region may choose; there is no field for anything of the protocol, and must not be.

    price_list: code of the list that alone counts inside the region, "" = all approved ones. terms_id: agreed
    overheads and contributions, None = those in force. calendar: None = Monday to Friday. deadlines: task id ->
    working days.
    """

    language: str
    price_list: str = ""
    terms_id: str | None = None
    calendar: str | None = None
    deadlines: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True)
class Bounds:
    """How long a task may be given, in working days; own: what the version says, None = nothing."""

    shortest: int
    longest: int
    own: int | None


# Conformance ------------------------------------------------------------------------------------------


def bounds(node: Node) -> Bounds:
    """Between the shortest time the expert thinks possible and the version's deadline or longest expected time."""
    own = node.task.deadline_days if node.task else None
    expected = node.estimate.duration_days if node.estimate else None
    shortest = max(1, math.ceil(expected[0])) if expected else 1
    known = [days for days in (own, math.ceil(expected[2]) if expected else None) if days]
    return Bounds(shortest, max([shortest, *known]) if known else LONGEST_DEADLINE, own)


def conformance(tx: Tx, version_id: str, region: str, overlay: Overlay) -> tuple[Problem, ...]:
    """Everything that keeps a region from adopting a version so; () = it conforms. Raises NotFound."""
    row = catalogue.version(tx, version_id)
    package = catalogue.package(tx, version_id)
    return (
        *_version_problems(row.status, row.service_code, row.version),
        *_language_problems(texts.entries_of(package), overlay.language),
        *_deadline_problems(package.definition, overlay.deadlines),
        *_calendar_problems(tx, region, overlay.calendar),
        *_list_problems(tx, region, overlay.price_list),
        *_rate_problems(tx, region, overlay.terms_id),
        *_price_problems(tx, package.definition, region, overlay),
    )


def _version_problems(status: str, service: str, version: str) -> Iterable[Problem]:
    if status == "recalled":
        yield Problem(
            "adoption-of-recalled",
            "%(service)s %(version)s is recalled: no region takes it over any more. Choose a newer version.",
            place="version",
            params={"service": service, "version": version},
        )
    elif status == "deprecated":
        yield Problem(
            "adoption-of-deprecated",
            "%(service)s %(version)s is deprecated. Look whether a newer version suits the region.",
            place="version",
            severity="warning",
            params={"service": service, "version": version},
        )


def _language_problems(entries: Sequence[texts.Entry], language: str) -> Iterable[Problem]:
    if language not in LANGUAGES:
        yield Problem(
            "adoption-language",
            "“%(language)s” is not a language of services. Choose one of: %(known)s.",
            place="language",
            params={"language": language, "known": ", ".join(LANGUAGES)},
        )
        return
    (progress,) = texts.progress(entries, languages=[language])
    if progress.missing:
        yield Problem(
            "adoption-language-incomplete",
            "%(missing)s of %(total)s texts are not there in the language %(language)s. Choose another language, or "
            "ask for a version that is translated.",
            place="language",
            params={"language": language, "missing": progress.missing, "total": progress.total},
        )


def _deadline_problems(definition: Definition, deadlines: Mapping[str, int]) -> Iterable[Problem]:
    tasks = {node.id: node for node in definition.tasks()}
    for task, days in deadlines.items():
        if task not in tasks:
            yield Problem(
                "adoption-unknown-task",
                "The version has no task “%(task)s”, so it can have no deadline of its own. Leave it out.",
                place=f"deadline-{task}",
                params={"task": task},
            )
            continue
        allowed = bounds(tasks[task])
        if not allowed.shortest <= days <= allowed.longest:
            yield Problem(
                "adoption-deadline",
                "%(days)s working days for “%(task)s” are outside what the version allows: %(shortest)s to "
                "%(longest)s.",
                place=f"deadline-{task}",
                params={"task": task, "days": days, "shortest": allowed.shortest, "longest": allowed.longest},
            )


def _calendar_problems(tx: Tx, region: str, code: str | None) -> Iterable[Problem]:
    if code is None:
        return
    if code not in {row.code for row in calendars(tx, region)}:
        yield Problem(
            "adoption-calendar",
            "There is no calendar “%(calendar)s” for this region or one above it. Make it first, or choose another.",
            place="calendar",
            params={"calendar": code},
        )


def _list_problems(tx: Tx, region: str, price_list: str) -> Iterable[Problem]:
    if price_list and price_list not in lists_of(tx, region):
        yield Problem(
            "adoption-price-list",
            "There is no approved price list “%(list)s” with prices of this region. Have it approved, or choose "
            "another.",
            place="price_list",
            params={"list": price_list},
        )


def _rate_problems(tx: Tx, region: str, terms_id: str | None) -> Iterable[Problem]:
    if terms_id is not None and terms_id not in {row.id for row in rates_of(tx, region)}:
        yield Problem(
            "adoption-rates",
            "These rates are not approved for this region or one above it. Have them approved, or choose others.",
            place="terms",
        )


def _price_problems(tx: Tx, definition: Definition, region: str, overlay: Overlay) -> Iterable[Problem]:
    """Every item of the version has a price in the region today; the same check as for a quote."""
    book = price_lists.price_book(tx)
    if overlay.price_list:
        book = price_lists.book_with(tx, region, overlay.price_list)
    try:
        build_quote(
            definition, book, region=region, on=tx.now.date(), currency=regions.currency(tx, region),
            basis="expected", draws=0,
        )  # fmt: skip
    except NotPriceable as refused:
        yield from refused.problems


def lists_of(tx: Tx, region: str) -> list[str]:
    """Codes of the approved price lists that have prices of the region or of a place in it."""
    inside = {row.code for row in regions.below(tx, region)}
    listed = set(price_lists.approved_lists(tx))
    found = {
        row.list
        for place, _, rows in price_lists.price_book(tx).all_rows()
        if place in inside
        for row in rows
        if row.list in listed
    }
    return sorted(found)


def rates_of(tx: Tx, region: str) -> list[rates.TermsRow]:
    """The approved terms of the region and of those above it, newest first."""
    above = set(regions.region(tx, region).path.strip("/").split("/"))
    return [row for row in rates.all_terms(tx) if row.status == "approved" and row.region_code in above]


# Proposing, adopting, withdrawing ---------------------------------------------------------------------


def propose(tx: Tx, *, version_id: str, region: str, overlay: Overlay, note: str = "") -> ServiceAdoptionRow:
    """Propose that a region adopts a version; nothing counts before it is adopted.

    What does not conform yet is kept as it is proposed, so that prices or texts can be brought; `adopt` refuses
    it. Raises NotFound, InvalidInput for what can never be right: unknown languages, tasks, lists and calendars.
    """
    require(tx.actor, Action.SERVICE_ADOPT, regions.place(tx, region))
    version = catalogue.version(tx, version_id)
    package = catalogue.package(tx, version_id)
    problems = [
        *(p for p in _language_problems((), overlay.language)),
        *_deadline_problems(package.definition, overlay.deadlines),
        *_calendar_problems(tx, region, overlay.calendar),
        *_list_problems(tx, region, overlay.price_list),
        *_rate_problems(tx, region, overlay.terms_id),
    ]
    if problems:
        raise InvalidInput(problems)
    before = adopted_in(tx, version.service_code, region)
    row = ServiceAdoptionRow(
        id=tx.new_id(), service_code=version.service_code, service_version_id=version_id, region_code=region,
        language=overlay.language, price_list=overlay.price_list, terms_id=overlay.terms_id,
        calendar_code=overlay.calendar, deadlines=dict(sorted(overlay.deadlines.items())), note=note,
        replaces=before.id if before else None, proposed_at=tx.now, proposed_by=tx.actor.user_id,
    )  # fmt: skip
    tx.session.add(row)
    tx.session.flush()
    _record(tx, Event.ADOPTION_PROPOSED, row, version.version, version.digest)
    return row


def adopt(tx: Tx, adoption_id: str) -> ServiceAdoptionRow:
    """Let a proposal count in its region from now on; what was adopted there before is superseded.

    By somebody other than who proposed it. Raises WrongState, SamePerson, InvalidInput with everything that does
    not conform.
    """
    row = adoption(tx, adoption_id)
    require(tx.actor, Action.SERVICE_ADOPT, regions.place(tx, row.region_code))
    # one region adopts one thing after the other
    tx.session.get(regions.RegionRow, row.region_code, with_for_update=True, populate_existing=True)
    row = _locked(tx, adoption_id)
    if row.status != "proposed":
        raise WrongState(what="adoption", state=row.status)
    if row.proposed_by == tx.actor.user_id:
        raise SamePerson(first="proposing an adoption", second="adopting")
    problems = conformance(tx, row.service_version_id, row.region_code, overlay_of(row))
    if blocking(problems):
        raise InvalidInput(blocking(problems))
    before = adopted_in(tx, row.service_code, row.region_code)
    if before is not None:
        before = _locked(tx, before.id)
        before.status, before.ended_at, before.ended_by = "superseded", tx.now, tx.actor.user_id
        tx.session.flush()  # only one may be in force
    row.status, row.adopted_at, row.adopted_by = "adopted", tx.now, tx.actor.user_id
    tx.session.flush()
    version = catalogue.version(tx, row.service_version_id)
    _record(tx, Event.ADOPTION_ADOPTED, row, version.version, version.digest)
    return row


def withdraw(tx: Tx, adoption_id: str, *, reason: str) -> None:
    """Take a proposal back, or end an adoption: new quotes do without it, those that were made keep it."""
    row = _locked(tx, adoption_id)
    require(tx.actor, Action.SERVICE_ADOPT, regions.place(tx, row.region_code))
    if row.status not in ("proposed", "adopted"):
        raise WrongState(what="adoption", state=row.status)
    row.status, row.ended_at, row.ended_by = "withdrawn", tx.now, tx.actor.user_id
    row.ended_reason = reason
    tx.session.flush()
    version = catalogue.version(tx, row.service_version_id)
    _record(tx, Event.ADOPTION_WITHDRAWN, row, version.version, version.digest)


def _record(tx: Tx, event: Event, row: ServiceAdoptionRow, version: str, digest: str) -> None:
    journal.record(
        tx, event, row.id, region=row.region_code,
        public={"service": row.service_code, "version": version, "digest": digest, "language": row.language},
    )  # fmt: skip


def _locked(tx: Tx, adoption_id: str) -> ServiceAdoptionRow:
    row = tx.session.get(ServiceAdoptionRow, adoption_id, with_for_update=True, populate_existing=True)
    if row is None:
        raise NotFound(what="adoption", key=adoption_id)
    return row


# Reading ----------------------------------------------------------------------------------------------


def adoption(tx: Tx, adoption_id: str) -> ServiceAdoptionRow:
    """Raises NotFound."""
    row = tx.session.get(ServiceAdoptionRow, adoption_id)
    if row is None:
        raise NotFound(what="adoption", key=adoption_id)
    return row


def visible(tx: Tx, adoption_id: str) -> ServiceAdoptionRow:
    """The adoption, if the actor may see prices of its region. Raises NotFound."""
    row = adoption(tx, adoption_id)
    if not can(tx.actor, Action.PRICE_READ, regions.place(tx, row.region_code)):
        raise NotFound(what="adoption", key=adoption_id)
    return row


def adoptions(tx: Tx, *, service: str | None = None, status: str | None = None) -> list[ServiceAdoptionRow]:
    """Adoptions, newest first."""
    query = select(ServiceAdoptionRow).order_by(ServiceAdoptionRow.id.desc())
    if service is not None:
        query = query.where(ServiceAdoptionRow.service_code == service)
    if status is not None:
        query = query.where(ServiceAdoptionRow.status == status)
    return list(tx.session.scalars(query))


def overlay_of(row: ServiceAdoptionRow) -> Overlay:
    """What the region has chosen."""
    return Overlay(
        row.language, row.price_list, row.terms_id, row.calendar_code, MappingProxyType(dict(row.deadlines))
    )


def adopted_in(tx: Tx, service: str, region: str) -> ServiceAdoptionRow | None:
    """What exactly this region has adopted of a service."""
    return tx.session.scalar(
        select(ServiceAdoptionRow).where(
            ServiceAdoptionRow.service_code == service, ServiceAdoptionRow.region_code == region,
            ServiceAdoptionRow.status == "adopted",
        )
    )  # fmt: skip


def in_force(tx: Tx, version_id: str, region: str) -> ServiceAdoptionRow | None:
    """The adoption that a region works under: its own or that of the nearest one above, if it is of this version."""
    return in_force_in(tx, [version_id], [region]).get((version_id, region))


def in_force_in(
    tx: Tx, version_ids: Iterable[str], region_codes: Iterable[str]
) -> dict[tuple[str, str], ServiceAdoptionRow]:
    """The adoption that each region works under for each version, by both; what has none is left out.

    Two queries for any number of regions. Raises NotFound.
    """
    codes = list(dict.fromkeys(region_codes))
    services = {id_: catalogue.version(tx, id_).service_code for id_ in version_ids}
    query = select(ServiceAdoptionRow).where(
        ServiceAdoptionRow.service_code.in_(set(services.values())), ServiceAdoptionRow.status == "adopted"
    )
    adopted = {(row.service_code, row.region_code): row for row in tx.session.scalars(query)}
    if not adopted:
        return {}
    known, found = regions.regions(tx, codes), {}
    for code in codes:
        row = known.get(code) or regions.region(tx, code)
        upwards = row.path.strip("/").split("/")[::-1]
        for id_, service in services.items():
            nearest = next((adopted[service, up] for up in upwards if (service, up) in adopted), None)
            if nearest is not None and nearest.service_version_id == id_:
                found[id_, code] = nearest
    return found


def upgrade_of(tx: Tx, row: ServiceAdoptionRow) -> catalogue.ServiceVersionRow | None:
    """The newest published version, when it is newer than the one adopted."""
    published = [v for v in catalogue.versions(tx, row.service_code) if v.status == "published"]
    if not published or row.status != "adopted":
        return None
    newest = max(published, key=lambda v: _number(v.version))
    adopted = catalogue.version(tx, row.service_version_id)
    return newest if _number(newest.version) > _number(adopted.version) else None


def _number(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))


def to_confirm(tx: Tx) -> list[tuple[ServiceAdoptionRow, catalogue.ServiceVersionRow]]:
    """Proposals of others for regions the actor adopts for, the longest waiting first."""
    known = regions.regions(tx)
    return [
        (row, catalogue.version(tx, row.service_version_id))
        for row in reversed(adoptions(tx, status="proposed"))
        if row.proposed_by != tx.actor.user_id
        and can(tx.actor, Action.SERVICE_ADOPT, Object(region_path=known[row.region_code].path))
    ]


def to_look_at(tx: Tx) -> list[tuple[ServiceAdoptionRow, catalogue.ServiceVersionRow]]:
    """Adoptions in force, of regions the actor adopts for, whose version is recalled or deprecated."""
    known = regions.regions(tx)
    found = []
    for row in adoptions(tx, status="adopted"):
        version = catalogue.version(tx, row.service_version_id)
        there = Object(region_path=known[row.region_code].path)
        if version.status != "published" and can(tx.actor, Action.SERVICE_ADOPT, there):
            found.append((row, version))
    return found


# Calendars --------------------------------------------------------------------------------------------


def make_calendar(
    tx: Tx, *, code: str, region: str, names: Mapping[str, str], weekdays: Iterable[int],
    holidays: Iterable[date] = (),
) -> WorkCalendarRow:  # fmt: skip
    """Make a calendar for a region and all below it. weekdays: 0 = Monday to 6 = Sunday.

    Raises CalendarExists, InvalidInput.
    """
    require(tx.actor, Action.SERVICE_ADOPT, regions.place(tx, region))
    days = sorted(set(weekdays))
    problems = []
    if not _CODE.fullmatch(code):
        problems.append(
            Problem(
                "calendar-code",
                "The code of a calendar begins with a letter or digit and has only these and . _ - (at most 64).",
                place="code",
            )
        )
    if not days or not set(days) <= set(range(7)):
        problems.append(
            Problem("calendar-weekdays", "Choose at least one day on which is worked.", place="weekdays")
        )
    if problems:
        raise InvalidInput(problems)
    if tx.session.get(WorkCalendarRow, code) is not None:
        raise CalendarExists(calendar=code)
    row = WorkCalendarRow(
        code=code, region_code=region, names=dict(names), weekdays=days, made_at=tx.now,
        made_by=tx.actor.user_id,
    )  # fmt: skip
    tx.session.add(row)
    tx.session.flush()
    add_holidays(tx, code, holidays)
    return row


def add_holidays(tx: Tx, code: str, days: Iterable[date]) -> int:
    """Add days on which nobody works; known ones are left as they are. Returns how many were new.

    Deadlines that were set before stay as they were promised. Raises NotFound, InvalidInput.
    """
    row = tx.session.get(WorkCalendarRow, code)
    if row is None:
        raise NotFound(what="calendar", key=code)
    require(tx.actor, Action.SERVICE_ADOPT, regions.place(tx, row.region_code))
    known = {each.day for each in holidays_of(tx, code)}
    new = sorted(set(days) - known)
    if len(known) + len(new) > MOST_HOLIDAYS:
        raise InvalidInput(
            [
                Problem(
                    "calendar-too-large",
                    "A calendar has at most %(most)s holidays.",
                    place="holidays",
                    params={"most": MOST_HOLIDAYS},
                )
            ]
        )
    tx.session.add_all(
        CalendarHolidayRow(calendar_code=code, day=day, added_at=tx.now, added_by=tx.actor.user_id)
        for day in new
    )
    tx.session.flush()
    return len(new)


def calendars(tx: Tx, region: str | None = None) -> list[WorkCalendarRow]:
    """The calendars of a region and of those above it, by code; all without `region`."""
    query = select(WorkCalendarRow).order_by(WorkCalendarRow.code)
    if region is not None:
        above = regions.region(tx, region).path.strip("/").split("/")
        query = query.where(WorkCalendarRow.region_code.in_(above))
    return list(tx.session.scalars(query))


def holidays_of(tx: Tx, code: str) -> list[CalendarHolidayRow]:
    """The holidays of a calendar, in their order."""
    query = select(CalendarHolidayRow).where(CalendarHolidayRow.calendar_code == code)
    return list(tx.session.scalars(query.order_by(CalendarHolidayRow.day)))


def calendar(tx: Tx, code: str | None) -> Calendar:
    """A calendar as the core's value; Monday to Friday without code. Raises NotFound."""
    if code is None:
        return DEFAULT_CALENDAR
    row = tx.session.get(WorkCalendarRow, code)
    if row is None:
        raise NotFound(what="calendar", key=code)
    return Calendar(frozenset(row.weekdays), frozenset(each.day for each in holidays_of(tx, code)))


def due(tx: Tx, adoption_id: str | None, task: str, days: int | None, start: datetime) -> datetime | None:
    """When a task is due that was given at `start`: by the region's deadline and calendar, else the version's `days`.

    The same hour, that many working days later; None when nobody has said how many.
    """
    row = adoption(tx, adoption_id) if adoption_id else None
    given = row.deadlines.get(task, days) if row is not None else days
    if not given:
        return None
    works = calendar(tx, row.calendar_code if row is not None else None)
    end, left = start, int(given)
    while left > 0:
        end += timedelta(days=1)
        left -= works.works_on(end.date())
    return end
