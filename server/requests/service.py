"""Requests: every instance of a service starts from one."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select

from server.actor import Action, require
from server.catalogue import service as catalogue
from server.errors import NotFound, WrongState
from server.journal import service as journal
from server.journal.service import Event
from server.regions import service as regions
from server.requests.models import (
    RequestRow as RequestRow,
)
from server.runtime import Tx


def make_request(tx: Tx, *, service: str, region: str, requester: str, note: str = "") -> str:
    """A village asks for a service, itself or through a coordinator or facilitator. Returns the request's id."""
    require(tx.actor, Action.REQUEST_MAKE, regions.place(tx, region))
    catalogue.find_version(tx, service)
    row = RequestRow(
        id=tx.new_id(), service_code=service, region_code=region, requester=requester, note=note,
        made_at=tx.now, made_by=tx.actor.user_id,
    )  # fmt: skip
    tx.session.add(row)
    tx.session.flush()
    journal.record(
        tx, Event.REQUEST_MADE, row.id, region=region, public={"service": service},
        private={"requester": requester},
    )  # fmt: skip
    return row.id


def make_requests(
    tx: Tx, *, service: str, regions_: Sequence[str], requester: str, note: str = ""
) -> list[str]:  # fmt: skip
    """The same request for each of these villages, all of them or none. Returns their ids."""
    return [
        make_request(tx, service=service, region=code, requester=requester, note=note) for code in regions_
    ]


def request(tx: Tx, request_id: str) -> RequestRow:
    """Raises NotFound."""
    row = tx.session.get(RequestRow, request_id)
    if row is None:
        raise NotFound(what="request", key=request_id)
    return row


def accept(tx: Tx, request_id: str) -> None:
    """Take a request on; a second time is refused."""
    row = request(tx, request_id)
    if row.status != "received":
        raise WrongState(what="request", state=row.status)
    row.status = "accepted"
    tx.session.flush()


def open_requests(tx: Tx, service: str | None = None) -> list[RequestRow]:
    """Requests nobody has answered yet, oldest first."""
    query = select(RequestRow).where(RequestRow.status == "received").order_by(RequestRow.id)
    if service is not None:
        query = query.where(RequestRow.service_code == service)
    return list(tx.session.scalars(query))


def places_that_asked(tx: Tx, service: str) -> set[str]:
    """The regions with a request for the service that was not declined."""
    query = select(RequestRow.region_code).where(
        RequestRow.service_code == service, RequestRow.status != "declined"
    )
    return set(tx.session.scalars(query))
