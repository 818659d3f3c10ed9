"""The public record of a village, and the verification of the whole installation."""

from __future__ import annotations

import io
from typing import Any

import segno
from flask import Blueprint, g, render_template, request, url_for
from markupsafe import Markup

from server.actor import Action
from server.http import locale
from server.http.navigation import N_
from server.http.security import permission
from server.journal import service as journal
from server.journal.service import Event
from server.ledger import service as ledger
from server.people import service as people
from server.runtime import Tx
from server.transparency import service as transparency

pages = Blueprint("transparency", __name__)

PARTS = {
    "ledger": (N_("Ledger"), N_("Every entry fits its seal, the chain has no gap, both books balance.")),
    "payables": (
        N_("Payables"),
        N_("Each accepted delivery owes what its quote promised, and nothing else is owed."),
    ),
    "batches": (N_("Payment files"), N_("Each file holds what was approved, and no money is paid twice.")),
    "journal": (N_("Journal"), N_("No row was changed, removed or added after it was sealed.")),
    "versions": (N_("Services"), N_("Diagrams and forms are those that were published.")),
    "quotes": (N_("Quotes"), N_("Each price is the one that was offered.")),
    "files": (N_("Evidence"), N_("Each photo and document is the one that was received.")),
}
"""The parts of `transparency.service.verify`, and what each proves."""
EVENTS = {
    Event.REQUEST_MADE: N_("Asked for"), Event.INSTANCE_STARTED: N_("Started"),
    Event.TASK_READY: N_("Task opened"), Event.TASK_ASSIGNED: N_("Task given"),
    Event.TASK_COMPLETED: N_("Work done"), Event.DELIVERY_MADE: N_("Delivered"),
    Event.DELIVERY_SENT_BACK: N_("Sent back"), Event.SECOND_CHECK_MADE: N_("Second check"),
    Event.DELIVERY_ACCEPTED: N_("Accepted"), Event.INSTANCE_WORK_DONE: N_("All work done"),
    Event.INSTANCE_ACCEPTED: N_("Everything accepted"), Event.INCIDENT: N_("Incident"),
    Event.TASK_RETURNED: N_("Task given back"), Event.INSTANCE_CANCELLED: N_("Cancelled"),
    Event.INSTANCE_MIGRATED: N_("Goes on with another version"), Event.INSTANCE_NOTE: N_("Note"),
}  # fmt: skip


@pages.get("/villages/<instance_id>")
@permission(Action.PUBLIC)
def village(instance_id: str) -> str:
    """What the public may know: what was asked, what it cost, who paid, where it stands, and the proof."""
    record, skills, head = g.runtime.read(g.actor, _record, instance_id)
    address = g.runtime.settings.base_url.rstrip("/") + url_for(
        "transparency.village", instance_id=instance_id
    )
    return render_template(
        "transparency/village.html", record=record, skills=skills, head=head, address=address,
        code=qr_code(address), events=EVENTS,
    )  # fmt: skip


def _record(tx: Tx, instance_id: str) -> tuple[transparency.VillageRecord, dict[str, Any], tuple[int, str]]:
    record = transparency.village_record(tx, instance_id, locale.current_locale())
    return record, dict(people.skills(tx)), ledger.head(tx)


def qr_code(address: str) -> Markup:
    """An address as a QR code, an SVG picture without style of its own."""
    out = io.BytesIO()
    segno.make(address, error="m").save(
        out, kind="svg", scale=4, border=2, xmldecl=False, svgns=True, svgclass=None, lineclass=None,
        omitsize=False, dark="#1c2420", light="#ffffff",
    )  # fmt: skip
    return Markup(out.getvalue().decode())  # noqa: S704  (made of our own address by segno)


@pages.get("/verify")
@permission(Action.VERIFY)
def verify() -> str:
    """Recompute everything that was promised, and say what does not fit."""
    run = "run" in request.args
    results, facts = g.runtime.read(g.actor, _verify, run)
    return render_template("transparency/verify.html", parts=PARTS, results=results, run=run, **facts)


def _verify(tx: Tx, run: bool) -> tuple[dict[str, list[Any]], dict[str, Any]]:
    results = {name: transparency.verify(tx, name) for name in PARTS} if run else {}
    return results, {"head": ledger.head(tx), "block": journal.head(tx), "rows": journal.count(tx)}
