"""Adoptions over the API: proposing, adopting, withdrawing; the calendars of regions."""

from __future__ import annotations

from flask import g

from server.actor import Action
from server.adoptions import schemas
from server.adoptions import service as adoptions
from server.adoptions.service import Overlay, ServiceAdoptionRow, WorkCalendarRow
from server.catalogue import service as catalogue
from server.http import paging
from server.http.documents import PageQuery, Values, page_of, problem
from server.http.operations import ApiBlueprint
from server.http.security import permission
from server.http.visibility import visible
from server.runtime import Tx

api = ApiBlueprint(
    "adoptions_api", __name__, tag="Adoptions", description="What regions have adopted, with which overlay."
)


@api.operation("GET", "/adoptions", query=PageQuery, answer=page_of(schemas.Adoption))
@permission(Action.PRICE_READ)
def list_adoptions(query: Values) -> Values:
    """List the adoptions of the regions one may see, oldest first."""
    return g.runtime.read(g.actor, _adoptions, query)  # type: ignore[no-any-return]


def _adoptions(tx: Tx, query: Values) -> Values:
    rows = visible(tx, Action.PRICE_READ, adoptions.adoptions(tx), lambda row: row.region_code)
    return paging.document(rows, lambda row: (row.id,), lambda row: _view(tx, row), **query)


@api.operation("POST", "/adoptions", body=schemas.NewAdoption, answer=schemas.Adoption, status=201)
@permission(Action.SERVICE_ADOPT)
def propose_adoption(body: Values) -> Values:
    """Propose that a region adopts a version; `problems` says what does not conform yet."""
    return g.runtime.run(g.actor, _propose, body)  # type: ignore[no-any-return]


def _propose(tx: Tx, body: Values) -> Values:
    version = catalogue.find_version(tx, body["service"], body["version"])
    terms = body["terms"]
    overlay = Overlay(
        body["language"],
        body["price_list"],
        str(terms) if terms else None,
        body["calendar"],
        body["deadlines"],
    )
    row = adoptions.propose(
        tx, version_id=version.id, region=body["region"], overlay=overlay, note=body["note"]
    )
    return _view(tx, row)


@api.operation("GET", "/adoptions/<uuid:adoption_id>", answer=schemas.Adoption)
@permission(Action.PRICE_READ)
def read_adoption(adoption_id: str) -> Values:
    """Read an adoption."""
    return g.runtime.read(  # type: ignore[no-any-return]
        g.actor, lambda tx: _view(tx, adoptions.visible(tx, adoption_id))
    )


@api.operation("POST", "/adoptions/<uuid:adoption_id>/adoption", answer=schemas.Adoption)
@permission(Action.SERVICE_ADOPT)
def adopt_version(adoption_id: str) -> Values:
    """Let a proposal count; refused with everything that does not conform."""
    return g.runtime.run(g.actor, lambda tx: _view(tx, adoptions.adopt(tx, adoption_id)))  # type: ignore[no-any-return]


@api.operation(
    "POST", "/adoptions/<uuid:adoption_id>/withdrawal", body=schemas.Withdrawal, answer=schemas.Adoption
)
@permission(Action.SERVICE_ADOPT)
def withdraw_adoption(adoption_id: str, body: Values) -> Values:
    """Take a proposal back, or end an adoption."""
    return g.runtime.run(g.actor, _withdraw, adoption_id, body["reason"])  # type: ignore[no-any-return]


def _withdraw(tx: Tx, adoption_id: str, reason: str) -> Values:
    adoptions.withdraw(tx, adoption_id, reason=reason)
    return _view(tx, adoptions.adoption(tx, adoption_id))


def _view(tx: Tx, row: ServiceAdoptionRow) -> Values:
    version = catalogue.version(tx, row.service_version_id)
    is_open = row.status in ("proposed", "adopted")
    found = (
        adoptions.conformance(tx, version.id, row.region_code, adoptions.overlay_of(row)) if is_open else ()
    )
    upgrade = adoptions.upgrade_of(tx, row)
    return {
        "id": row.id, "service": row.service_code, "version": version.version, "digest": version.digest,
        "region": row.region_code, "status": row.status, "language": row.language, "price_list": row.price_list,
        "terms": row.terms_id, "calendar": row.calendar_code, "deadlines": row.deadlines, "note": row.note,
        "replaces": row.replaces, "upgrade": upgrade.version if upgrade else None,
        "proposed_at": row.proposed_at, "adopted_at": row.adopted_at, "ended_at": row.ended_at,
        "problems": [problem(each) for each in found],
    }  # fmt: skip


@api.operation("GET", "/calendars", query=PageQuery, answer=page_of(schemas.WorkCalendar))
@permission(Action.SERVICE_READ)
def list_calendars(query: Values) -> Values:
    """List the calendars, by code."""
    return g.runtime.read(g.actor, _calendars, query)  # type: ignore[no-any-return]


def _calendars(tx: Tx, query: Values) -> Values:
    return paging.document(
        adoptions.calendars(tx), lambda row: (row.code,), lambda row: _calendar(tx, row), **query
    )


@api.operation("POST", "/calendars", body=schemas.NewCalendar, answer=schemas.WorkCalendar, status=201)
@permission(Action.SERVICE_ADOPT)
def create_calendar(body: Values) -> Values:
    """Make a calendar for a region and all below it."""
    return g.runtime.run(g.actor, _make_calendar, body)  # type: ignore[no-any-return]


def _make_calendar(tx: Tx, body: Values) -> Values:
    row = adoptions.make_calendar(
        tx, code=body["code"], region=body["region"], names=body.get("names", {}), weekdays=body["weekdays"],
        holidays=body["holidays"],
    )  # fmt: skip
    return _calendar(tx, row)


@api.operation("POST", "/calendars/<code:code>/holidays", body=schemas.Holidays, answer=schemas.WorkCalendar)
@permission(Action.SERVICE_ADOPT)
def add_holidays(code: str, body: Values) -> Values:
    """Add days on which nobody works; deadlines that were set stay."""
    return g.runtime.run(g.actor, _add_holidays, code, body["holidays"])  # type: ignore[no-any-return]


def _add_holidays(tx: Tx, code: str, days: list) -> Values:  # type: ignore[type-arg]
    adoptions.add_holidays(tx, code, days)
    return _calendar(tx, next(row for row in adoptions.calendars(tx) if row.code == code))


def _calendar(tx: Tx, row: WorkCalendarRow) -> Values:
    return {
        "code": row.code, "region": row.region_code, "names": row.names, "weekdays": row.weekdays,
        "holidays": [each.day for each in adoptions.holidays_of(tx, row.code)],
    }  # fmt: skip
