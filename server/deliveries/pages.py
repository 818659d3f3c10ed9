"""Verification: the queue by risk, and one delivery with its criteria beside their evidence."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import Blueprint, g, render_template, request, url_for
from werkzeug.wrappers import Response

from pricing.quotes import Due
from server.accounts import service as accounts
from server.actor import Action, can
from server.catalogue import service as catalogue
from server.deliveries import service as deliveries
from server.deliveries.models import DeliveryRow, ReviewRow
from server.errors import ServerError
from server.http import locale, problems
from server.http.frame import go
from server.http.locale import gettext
from server.http.navigation import N_
from server.http.security import permission
from server.instances import service as instances
from server.instances.service import TaskRow
from server.ledger import service as ledger
from server.people import service as people
from server.quotes import service as quotes
from server.regions import service as regions
from server.regions.service import RegionRow
from server.runtime import Tx
from server.submissions import answers
from server.submissions import service as submissions
from server.submissions.answers import Answer, Repeat
from server.submissions.service import SubmissionFileRow, SubmissionRow
from workflows.definitions.model import Evidence, Labelled, TaskCard

pages = Blueprint("deliveries", __name__)
Page = str | tuple[str, int]
MAX_QUEUE = 60

FLAGS: Mapping[str, str] = {
    "same_file": N_("The file %(detail)s was sent for another task before."),
    "far_from_village": N_("A place in the answers is %(detail)s from the village."),
    "late": N_("It was due on %(detail)s."),
    "sent_back_before": N_("It was sent back %(detail)s times before."),
    "second_check_drawn": N_("The rule has drawn it for a second check."),
}
"""What the automatic checks say, in words."""
SHORT_FLAGS: Mapping[str, str] = {
    "same_file": N_("Same file"), "far_from_village": N_("Far away"), "late": N_("Late"),
    "sent_back_before": N_("Corrected"), "second_check_drawn": N_("Second check"),
}  # fmt: skip
VERDICTS: Mapping[str, str] = {
    "accepted": N_("Accepted by %(who)s"),
    "sent_back": N_("Sent back by %(who)s"),
    "second_check_asked": N_("%(who)s asked for a second check"),
    "second_check_passed": N_("Second check by %(who)s: in order"),
    "second_check_failed": N_("Second check by %(who)s: not in order"),
}


@dataclass(frozen=True, slots=True)
class Waiting:
    """A line of the queue."""

    row: DeliveryRow
    title: str
    village: str
    flags: list[str]


@dataclass(frozen=True, slots=True)
class Proof:
    """A piece of evidence the card asks for, with what came: files and answers."""

    evidence: Evidence
    files: list[SubmissionFileRow]
    answers: list[Answer]
    inside: int
    """How many entries of a repeat answer it."""


@dataclass(frozen=True, slots=True)
class Detail:
    """A delivery as its reviewer sees it."""

    row: DeliveryRow
    task: TaskRow
    card: TaskCard
    title: str
    village: str
    service: str
    who: str
    project_id: str | None
    submission: SubmissionRow
    criteria: list[tuple[Labelled, list[Proof]]]
    other: list[SubmissionFileRow]
    answers: list[Answer]
    repeats: list[Repeat]
    flags: list[str]
    due: Due
    currency: str
    payables: list[Any]
    timeline: list[tuple[datetime, str, str]]
    points: list[tuple[float, float]]
    scale_km: float
    far_km: float | None
    may_review: bool
    may_check: bool
    personal_hidden: bool


# The queue ----------------------------------------------------------------------------------------------


@pages.get("/verification")
@permission(Action.DELIVERY_REVIEW)
def queue() -> str:
    """What waits for a decision, the riskiest first; the first one is open."""
    waiting = g.runtime.read(g.actor, _queue, request.args.get("project", ""))
    first = g.runtime.read(g.actor, detail, waiting[0].row.id) if waiting else None
    return render_template("deliveries/queue.html", **_panes(waiting, first))


def _queue(tx: Tx, project_id: str = "") -> list[Waiting]:
    rows = deliveries.visible_queue(tx)
    known = instances.instances(tx, list({r.instance_id for r in rows}))
    if project_id:
        rows = [r for r in rows if known[r.instance_id].project_id == project_id]
    places = regions.regions(tx, list({r.region_code for r in rows}))
    found = []
    for row in rows:
        version = known[row.instance_id].service_version_id
        card = catalogue.package(tx, version).definition.node(row.node_id).task or TaskCard()
        found.append(
            Waiting(
                row, locale.localised(card.title) or row.node_id,
                regions.name(places[row.region_code], locale.current_locale()),
                [gettext(SHORT_FLAGS[f["code"]]) for f in row.flags if f["code"] in SHORT_FLAGS],
            )
        )  # fmt: skip
    return found


def _panes(waiting: Sequence[Waiting], shown: Detail | None) -> dict[str, object]:
    """The list, the open one, and the one after it."""
    ids = [w.row.id for w in waiting]
    following = None
    if shown is not None and shown.row.id in ids:
        rest = ids[ids.index(shown.row.id) + 1 :] + ids[: ids.index(shown.row.id)]
        following = rest[0] if rest else None
    elif ids:
        following = ids[0]
    return {
        "waiting": waiting[:MAX_QUEUE], "count": len(waiting), "page": shown, "next_id": following,
        "project": request.values.get("project", ""),
    }  # fmt: skip


@pages.get("/deliveries/<delivery_id>")
@permission(Action.DELIVERY_READ)
def delivery(delivery_id: str) -> Page:
    """One delivery: criteria beside their evidence, what the machine saw, the amount, the decision."""
    return _delivery_page(delivery_id)


def _delivery_page(delivery_id: str, said: str = "", status: int = 200) -> Page:
    shown = g.runtime.read(g.actor, detail, delivery_id)
    waiting = g.runtime.read(g.actor, _queue, request.values.get("project", "")) if shown.may_review else []
    found = [("", "error", said)] if said else []
    page = render_template(
        "deliveries/queue.html", **_panes(waiting, shown), problems=found, form=request.form
    )
    return page, status


def detail(tx: Tx, delivery_id: str) -> Detail:
    """Everything a delivery's page shows. Raises NotFound."""
    row = deliveries.visible(tx, delivery_id)
    instance = instances.instance(tx, row.instance_id)
    version = catalogue.version(tx, instance.service_version_id)
    card = catalogue.package(tx, version.id).definition.node(row.node_id).task or TaskCard()
    submission = submissions.submission(tx, row.submission_id)
    place = deliveries.delivery_object(tx, row)
    may_review = can(tx.actor, Action.DELIVERY_REVIEW, place)
    own = tx.actor.person_id is not None and tx.actor.person_id == row.person_id
    form = submissions.form_of(tx, submission)
    personal = submissions.personal_of(tx, submission)
    given, repeats = answers.read(
        form, submission.answers, locale=locale.current_locale(), personal=personal, reviewer=may_review
    )
    files = submissions.shown_files(tx, submission)
    known = submissions.shown_answers(tx, submission)
    proofs = _proofs(card, files, given, known)
    village = regions.region(tx, row.region_code)
    points, scale, far = _map(village, known)
    shown = {f.name for proof in proofs for f in proof.files}
    return Detail(
        row=row, task=instances.task_row(tx, row.task_id), card=card,
        title=locale.localised(card.title) or row.node_id,
        village=regions.name(village, locale.current_locale()), service=locale.localised(version.names),
        who=people.person(tx, row.person_id).name, project_id=instance.project_id, submission=submission,
        criteria=_criteria(card, proofs), other=[f for f in files if f.name not in shown], answers=given,
        repeats=repeats, flags=[_flag(f) for f in row.flags if f["code"] in FLAGS],
        due=deliveries.amounts(tx, row), currency=quotes.quote_row(tx, instance.quote_id).currency,
        payables=ledger.payables_of_deliveries(tx, [row.id]), timeline=_timeline(tx, row),
        points=points, scale_km=scale, far_km=far, may_review=may_review and not own,
        may_check=can(tx.actor, Action.DELIVERY_SECOND_CHECK, place) and not own,
        personal_hidden=bool(personal) and not may_review,
    )  # fmt: skip


def _proofs(
    card: TaskCard, files: Sequence[SubmissionFileRow], given: Sequence[Answer], values: Mapping[str, Any]
) -> list[Proof]:
    """Each piece of evidence the card asks for with the files and answers that its form's question holds."""
    by_name = {f.name: f for f in files}
    kinds = {"photo": "image/", "audio": "audio/", "signature": "image/", "document": ""}
    found = []
    for wanted in card.evidence:
        held = [a for a in given if wanted.field and a.name == wanted.field]
        entries = _in_repeats(values, wanted.field) if wanted.field else []
        names = [a.file for a in held] + [str(e) for e in entries]
        came = [by_name[name] for name in names if name in by_name]
        if not wanted.field and wanted.kind in kinds:
            came = [f for f in files if f.mime.startswith(kinds[wanted.kind])]
        inside = 0 if came else len(entries)
        found.append(Proof(wanted, came, [a for a in held if not a.file], inside))
    return found


def _in_repeats(values: Mapping[str, Any], name: str) -> list[Any]:
    """What the entries of repeats answer to a question, without the blanks."""
    entries = [e for v in values.values() if isinstance(v, list) for e in v if isinstance(e, Mapping)]
    own = [e[name] for e in entries if e.get(name) not in (None, "", [])]
    return own + [x for e in entries for x in _in_repeats(e, name)]


def _criteria(card: TaskCard, proofs: Sequence[Proof]) -> list[tuple[Labelled, list[Proof]]]:
    return [(c, [p for p in proofs if c.id in p.evidence.criteria]) for c in card.criteria]


def _flag(flag: Mapping[str, str]) -> str:
    return gettext(FLAGS[flag["code"]], detail=flag["detail"])


def _timeline(tx: Tx, row: DeliveryRow) -> list[tuple[datetime, str, str]]:
    """What happened to the delivery, newest first: (when, what, the reason given)."""
    made = deliveries.reviews(tx, row.id)
    names = accounts.names(tx, {r.by for r in made})
    sent = submissions.submissions_of_tasks(tx, [row.task_id])
    steps = [(s.received_at, _received(s), "") for s in sent]
    steps += [(r.at, gettext(VERDICTS[r.verdict], who=names.get(r.by, "RUN")), _said(r)) for r in made]
    steps.append((instances.task_row(tx, row.task_id).ready_at, gettext("The task opened"), ""))
    return sorted(steps, key=lambda s: s[0], reverse=True)


def _said(review: ReviewRow) -> str:
    return review.reason


def _received(row: SubmissionRow) -> str:
    if row.deprecates_id:
        return gettext("A correction was received (sent %(times)s times)", times=row.times_received)
    return gettext("Received (sent %(times)s times)", times=row.times_received)


def _map(
    village: RegionRow, given: Mapping[str, Any]
) -> tuple[list[tuple[float, float]], float, float | None]:
    """The answers' places around the village, x and y in percent of the picture.

    Then half the picture's width, and the distance of the farthest, in km; None without places.
    """
    places = deliveries.places_in(given)
    if village.latitude is None or village.longitude is None or not places:
        return [], 0.0, None
    here = (float(village.latitude), float(village.longitude))
    shifts = [
        ((lon - here[1]) * 111.32 * math.cos(math.radians(here[0])), (lat - here[0]) * 110.57)
        for lat, lon in places
    ]
    far = max(math.hypot(x, y) for x, y in shifts)
    scale = next((s for s in (0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0) if far <= s * 0.95), far * 1.1)
    return [(50 + x / scale * 50, 50 - y / scale * 50) for x, y in shifts], scale, far


# Decisions ----------------------------------------------------------------------------------------------


@pages.post("/deliveries/<delivery_id>/accept")
@permission(Action.DELIVERY_REVIEW)
def accept(delivery_id: str) -> Page | Response:
    """Accept: from here the money is owed."""
    try:
        g.runtime.run(g.actor, deliveries.accept_delivery, delivery_id, version=_version())
    except ServerError as error:
        return _told(delivery_id, error)
    return _next(delivery_id, gettext("Accepted. The money is owed."))


@pages.post("/deliveries/<delivery_id>/send-back")
@permission(Action.DELIVERY_REVIEW)
def send_back(delivery_id: str) -> Page | Response:
    """Ask the facilitator to correct it, saying what."""
    wrong = g.runtime.read(g.actor, _labels, delivery_id, request.form.getlist("criterion"))
    text = request.form.get("reason", "").strip()[:2000]
    # a criterion alone does not say what to do: the reviewer's own words are asked for
    reason = "\n".join([text, *(f"- {label}" for label in wrong)]) if text else ""
    try:
        g.runtime.run(g.actor, deliveries.send_back, delivery_id, reason=reason, version=_version())
    except ServerError as error:
        return _told(delivery_id, error)
    return _next(delivery_id, gettext("Sent back. The facilitator sees what you wrote."))


def _labels(tx: Tx, delivery_id: str, criteria: Sequence[str]) -> list[str]:
    row = deliveries.visible(tx, delivery_id)
    instance = instances.instance(tx, row.instance_id)
    card = catalogue.package(tx, instance.service_version_id).definition.node(row.node_id).task or TaskCard()
    return [locale.localised(c.label) for c in card.criteria if c.id in criteria]


@pages.post("/deliveries/<delivery_id>/second-check")
@permission(Action.DELIVERY_SECOND_CHECK)
def second_check(delivery_id: str) -> Page | Response:
    """Put down what a call or a visit found."""
    passed = request.form.get("found") == "passed"
    note = request.form.get("note", "").strip()[:2000]
    try:
        if request.form.get("found") not in ("passed", "failed"):
            raise NothingChosen
        g.runtime.run(
            g.actor, deliveries.record_second_check, delivery_id, passed=passed, note=note, version=_version()
        )
    except ServerError as error:
        return _told(delivery_id, error)
    if passed:
        address = url_for(
            "deliveries.delivery", delivery_id=delivery_id, project=request.form.get("project") or None
        )
        return go(address, gettext("The second check is written down. Now decide."))
    return _next(delivery_id, gettext("Sent back. The facilitator sees what you wrote."))


class NothingChosen(ServerError):
    code = "nothing-chosen"
    message = "Say whether the second check found everything in order."


def _version() -> int:
    """The version the reviewer saw; one that is missing or no number fits none."""
    text = request.form.get("version", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else -1


def _told(delivery_id: str, error: ServerError) -> Page:
    """The same page again, with what is in the way; what was typed is kept."""
    said = problems.message_of(error, locale.current_catalogue())
    return _delivery_page(delivery_id, said, problems.status_of(error))


def _next(delivery_id: str, notice: str) -> Response:
    """On to the riskiest one that waits, else to the empty queue."""
    project = request.form.get("project", "")
    waiting = g.runtime.read(g.actor, _queue, project)
    rest = [w.row.id for w in waiting if w.row.id != delivery_id]
    if rest:
        return go(url_for("deliveries.delivery", delivery_id=rest[0], project=project or None), notice)
    return go(url_for("deliveries.queue", project=project or None), notice)
