"""Requests over the API: every instance of a service starts from one."""

from __future__ import annotations

from flask import g

from server.actor import Action, can
from server.http import paging
from server.http.documents import PageQuery, Values, page_of
from server.http.operations import ApiBlueprint
from server.http.security import permission
from server.http.visibility import visible
from server.regions import service as regions
from server.requests import schemas
from server.requests import service as requests
from server.requests.service import RequestRow
from server.runtime import Tx

api = ApiBlueprint("requests_api", __name__, tag="Requests", description="Villages asking for a service.")


@api.operation("GET", "/requests", query=PageQuery, answer=page_of(schemas.Request))
@permission(Action.PROJECT_READ)
def list_requests(query: Values) -> Values:
    """List the requests nobody has answered yet, oldest first."""
    return g.runtime.read(g.actor, _requests, query)  # type: ignore[no-any-return]


def _requests(tx: Tx, query: Values) -> Values:
    rows = visible(tx, Action.PROJECT_READ, requests.open_requests(tx), lambda row: row.region_code)
    return paging.document(rows, lambda row: (row.id,), lambda row: _view(tx, row), **query)


@api.operation("POST", "/requests", body=schemas.NewRequest, answer=schemas.Request, status=201)
@permission(Action.REQUEST_MAKE)
def create_request(body: Values) -> Values:
    """Put down that a village asks for a service."""
    return g.runtime.run(g.actor, _make, body)  # type: ignore[no-any-return]


def _make(tx: Tx, body: Values) -> Values:
    return _view(tx, requests.request(tx, requests.make_request(tx, **body)))


def _view(tx: Tx, row: RequestRow) -> Values:
    """Who asked is personal: shown to those who may put requests down there."""
    knows = can(tx.actor, Action.REQUEST_MAKE, regions.place(tx, row.region_code))
    return {
        "id": row.id, "service": row.service_code, "region": row.region_code, "status": row.status,
        "requester": row.requester if knows else None, "note": row.note if knows else None,
        "made_at": row.made_at,
    }  # fmt: skip
