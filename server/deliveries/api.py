"""Verification over the API: the queue, and the decisions."""

from __future__ import annotations

from flask import g

from server.actor import Action
from server.catalogue import service as catalogue
from server.deliveries import schemas
from server.deliveries import service as deliveries
from server.deliveries.service import DeliveryRow
from server.http import paging
from server.http.documents import PageQuery, Values, amount, page_of
from server.http.operations import ApiBlueprint
from server.http.security import permission
from server.http.visibility import require_visible, visible
from server.instances import service as instances
from server.instances.api import delivery_line
from server.quotes import service as quotes
from server.runtime import Tx
from server.submissions.api import submission_document

api = ApiBlueprint("deliveries_api", __name__, tag="Deliveries", description="Checking what was handed over.")


@api.operation("GET", "/deliveries", query=PageQuery, answer=page_of(schemas.QueuedDelivery))
@permission(Action.DELIVERY_READ)
def list_deliveries(query: Values) -> Values:
    """List the deliveries waiting for review: the riskiest first, then the oldest."""
    return g.runtime.read(g.actor, _queue, query)  # type: ignore[no-any-return]


def _queue(tx: Tx, query: Values) -> Values:
    rows = visible(tx, Action.DELIVERY_READ, deliveries.queue(tx), lambda row: row.region_code)
    return paging.document(rows, lambda row: (-row.risk, row.since.isoformat(), row.id), _line, **query)


@api.operation("GET", "/deliveries/<uuid:delivery_id>", answer=schemas.Delivery)
@permission(Action.DELIVERY_READ)
def read_delivery(delivery_id: str) -> Values:
    """Read a delivery: what was sent, what is to be checked, what it earns."""
    return g.runtime.read(  # type: ignore[no-any-return]
        g.actor, lambda tx: _document(tx, _find(tx, delivery_id))
    )


@api.operation(
    "POST",
    "/deliveries/<uuid:delivery_id>/acceptance",
    body=schemas.DeliveryAcceptance,
    answer=schemas.Delivery,
)
@permission(Action.DELIVERY_REVIEW)
def accept_delivery(delivery_id: str, body: Values) -> Values:
    """Accept a delivery: its honorarium and expenses are owed from now on, exactly once.

    Accepting it again changes nothing and answers the accepted delivery.
    """
    return g.runtime.run(g.actor, _accept, delivery_id, body)  # type: ignore[no-any-return]


def _accept(tx: Tx, delivery_id: str, body: Values) -> Values:
    _find(tx, delivery_id)
    row = deliveries.accept_delivery(tx, delivery_id, version=body["version"], criteria=body["criteria"])
    return _document(tx, row)


@api.operation(
    "POST", "/deliveries/<uuid:delivery_id>/send-back", body=schemas.SendBack, answer=schemas.Delivery
)
@permission(Action.DELIVERY_REVIEW)
def send_back_delivery(delivery_id: str, body: Values) -> Values:
    """Ask the facilitator to correct a delivery; nothing is owed."""
    return g.runtime.run(g.actor, _send_back, delivery_id, body)  # type: ignore[no-any-return]


def _send_back(tx: Tx, delivery_id: str, body: Values) -> Values:
    row = _find(tx, delivery_id)
    deliveries.send_back(tx, delivery_id, reason=body["reason"], version=body["version"])
    return _document(tx, row)


@api.operation(
    "POST", "/deliveries/<uuid:delivery_id>/second-check", body=schemas.SecondCheck, answer=schemas.Delivery
)
@permission(Action.DELIVERY_SECOND_CHECK)
def record_second_check(delivery_id: str, body: Values) -> Values:
    """Put down what a second look found (a call, a counter-visit); one that failed sends the delivery back."""
    return g.runtime.run(g.actor, _second_check, delivery_id, body)  # type: ignore[no-any-return]


def _second_check(tx: Tx, delivery_id: str, body: Values) -> Values:
    row = _find(tx, delivery_id)
    deliveries.record_second_check(
        tx, delivery_id, passed=body["passed"], note=body["note"], version=body["version"]
    )
    return _document(tx, row)


def _find(tx: Tx, delivery_id: str) -> DeliveryRow:
    row = deliveries.delivery(tx, delivery_id)
    subject = deliveries.delivery_object(tx, row)
    require_visible(tx, Action.DELIVERY_READ, subject, what="delivery", key=delivery_id)
    return row


def _line(row: DeliveryRow) -> Values:
    return {
        **delivery_line(row), "instance_id": row.instance_id, "region": row.region_code,
        "person_id": row.person_id, "second_check_required": row.second_check_required, "since": row.since,
    }  # fmt: skip


def _document(tx: Tx, row: DeliveryRow) -> Values:
    tx.session.flush()  # the version counts the change just made
    instance = instances.instance(tx, row.instance_id)
    card = catalogue.package(tx, instance.service_version_id).definition.node(row.node_id).task
    currency = quotes.quote_row(tx, instance.quote_id).currency
    due = deliveries.amounts(tx, row)
    return {
        **_line(row),
        "criteria": [{"id": c.id, "label": dict(c.label)} for c in card.criteria] if card else [],
        "flags": row.flags, "accepted_by": row.accepted_by,
        "honorarium": amount(due.honorarium_minor, currency),
        "expenses": amount(due.expenses_minor, currency),
        "submission": submission_document(tx, row.submission_id),
        "reviews": [
            {"verdict": r.verdict, "reason": r.reason, "criteria": r.criteria, "by": r.by, "at": r.at}
            for r in deliveries.reviews(tx, row.id)
        ],
    }  # fmt: skip
