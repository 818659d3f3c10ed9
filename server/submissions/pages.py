"""The facilitator's pages: what to do, what it pays and when, the form, and the money.

Also the files of a submission, for everybody who may see it. A file came from a phone we do not know: it is
shown inline only when its bytes are those of a picture type browsers draw safely, never by its name.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from typing import Any
from urllib.parse import quote as url_quote

from flask import Blueprint, Response, g, jsonify, make_response, render_template, request, url_for
from PIL import Image, ImageOps
from werkzeug.wrappers import Response as BaseResponse

from forms.prefill import prefill
from pricing.quotes import Due, QuoteLine
from server.actor import Action, can
from server.batches import service as batches
from server.catalogue import service as catalogue
from server.deliveries import service as deliveries
from server.deliveries.service import DeliveryRow
from server.errors import NotFound
from server.http import locale, problems
from server.http.frame import go
from server.http.locale import gettext
from server.http.navigation import N_
from server.http.security import content_policy, permission
from server.instances import service as instances
from server.instances.service import TaskRow
from server.ledger import claims
from server.ledger import service as ledger
from server.ledger.claims import Claim
from server.projects import service as projects
from server.quotes import service as quotes
from server.regions import service as regions
from server.runtime import Tx
from server.submissions import service as submissions
from server.submissions.models import SubmissionFileRow, SubmissionRow
from service_library.package import ServicePackage
from workflows.definitions.model import TaskCard
from workflows.errors import RunError

pages = Blueprint("submissions", __name__)

XML_PART = "xml_submission_file"
PICTURES = {"image/jpeg": "JPEG", "image/png": "PNG", "image/webp": "WEBP"}
"""Picture types shown inline, and Pillow's names of them."""
FILE_POLICY = "default-src 'none'; sandbox"
THUMBNAIL_WIDTH = 480
MAX_PIXELS = 50_000_000
MAX_FILE_NAME = 200
MAX_FREE = 50
"""Free tasks shown at once, the longest free first."""


STATES = {
    "ready": N_("To do"), "late": N_("Late"), "sent_back": N_("To be corrected"),
    "incomplete": N_("Files are missing"), "faulty": N_("To be corrected"), "in_review": N_("Being checked"),
    "accepted": N_("Accepted"), "cancelled": N_("Not needed any more"),
}  # fmt: skip
MONEY = {
    "owed": N_("Owed"), "collected": N_("Being prepared"), "sent": N_("On its way"), "paid": N_("Paid"),
    "failed": N_("Failed, paid again soon"),
}  # fmt: skip


@pages.app_context_processor
def _words() -> dict[str, Any]:
    """Words of the facilitator's pages."""
    return {
        "job_word": lambda state: gettext(STATES[state]),
        "money_word": lambda state: gettext(MONEY[state]),
        "review_day": lambda at: instances.add_working_days(at, deliveries.REVIEW_DAYS).date(),
    }


@dataclass(frozen=True, slots=True)
class Job:
    """A task as its facilitator sees it.

    state: ready, late, sent_back, incomplete, faulty, in_review, accepted or cancelled.
    pay_day: by when the money is sent at the latest, if the work is delivered in time and right.
    language: in which the region's people read the service.
    """

    task: TaskRow
    card: TaskCard
    title: str
    service: str
    village: str
    state: str
    due: Due
    currency: str
    pay_day: date
    reason: str
    delivery: DeliveryRow | None
    submission: SubmissionRow | None
    language: str

    def say(self, text: object) -> str:
        """A text of the service in the language of the region, else in the reader's."""
        return locale.localised_in(self.language, text)


def job(tx: Tx, task: TaskRow) -> Job:
    """The task with its amount and what came of it."""
    row = instances.instance(tx, task.instance_id)
    version = catalogue.version(tx, row.service_version_id)
    card = catalogue.package(tx, version.id).definition.node(task.node_id).task or TaskCard()
    delivery = deliveries.of_task(tx, task.id)
    sent = submissions.submissions_of_tasks(tx, [task.id])
    last = sent[-1] if sent else None
    state = _state(task, delivery, last, tx.now)
    due = (
        deliveries.amounts(tx, delivery)
        if delivery
        else quotes.owed(tx, row.quote_id, task.node_id, round_=task.round)
    )
    delivered = (
        delivery.delivered_at if delivery and state == "in_review" else max(tx.now, task.due_at or tx.now)
    )
    if delivery is not None and delivery.accepted_at is not None:
        pay_day = instances.add_working_days(delivery.accepted_at, deliveries.PAYMENT_DAYS).date()
    else:
        pay_day = deliveries.latest_pay_day(delivered)
    language = locale.service_locale(quotes.language_of(tx, row.quote_id))
    return Job(
        task=task, card=card, title=locale.localised_in(language, card.title) or task.node_id,
        service=locale.localised_in(language, version.names), language=language,
        village=regions.name(regions.region(tx, row.region_code), locale.current_locale()), state=state,
        due=due, currency=quotes.quote_row(tx, row.quote_id).currency, pay_day=pay_day,
        reason=_reason(tx, delivery) if state == "sent_back" else "", delivery=delivery, submission=last,
    )  # fmt: skip


def _state(task: TaskRow, delivery: DeliveryRow | None, last: SubmissionRow | None, now: datetime) -> str:
    newer = last is not None and last.status in ("incomplete", "faulty")
    if newer and last is not None and (delivery is None or delivery.state != "accepted"):
        return last.status
    if delivery is not None:
        return {"waiting": "in_review"}.get(delivery.state, delivery.state)
    if task.state != "ready":
        return "cancelled" if task.state == "cancelled" else "in_review"
    return "late" if task.due_at is not None and task.due_at < now else "ready"


def _reason(tx: Tx, delivery: DeliveryRow | None) -> str:
    """What the reviewer said when the delivery was sent back last."""
    made = deliveries.reviews(tx, delivery.id) if delivery else []
    back = [r for r in made if r.verdict in ("sent_back", "second_check_failed")]
    return back[-1].reason if back else ""


# What I have to do --------------------------------------------------------------------------------------


@pages.get("/my/tasks")
@permission(Action.MONEY_OWN)
def my_tasks() -> str:
    """What I have to do, what it pays, and by when."""
    jobs, free = g.runtime.read(g.actor, _jobs), g.runtime.read(g.actor, _free)
    groups = {
        "back": [j for j in jobs if j.state in ("sent_back", "faulty", "incomplete")],
        "todo": [j for j in jobs if j.state in ("ready", "late")],
        "checking": [j for j in jobs if j.state == "in_review"],
    }
    return render_template("submissions/my_tasks.html", groups=groups, jobs=jobs, free=free)


def _jobs(tx: Tx) -> list[Job]:
    person = tx.actor.person_id
    if person is None:
        return []
    open_ones = {t.id: t for t in instances.tasks_of_person(tx, person)}
    for delivery in deliveries.deliveries_of_person(tx, person):
        if delivery.state != "accepted" and delivery.task_id not in open_ones:
            open_ones[delivery.task_id] = instances.task_row(tx, delivery.task_id)
    return [job(tx, task) for task in open_ones.values()]


def _free(tx: Tx) -> list[Job]:
    """Tasks that nobody has and that I could take."""
    return [job(tx, task) for task in projects.free_tasks(tx)[:MAX_FREE]]


@pages.post("/my/tasks/<task_id>/claim")
@permission(Action.TASK_CLAIM)
def claim(task_id: str) -> BaseResponse:
    """Take a free task for myself; whoever comes second is told who has it."""
    g.runtime.run(g.actor, projects.claim, task_id)
    return go(url_for("submissions.task", task_id=task_id), gettext("This task is yours now."))


@pages.post("/my/tasks/<task_id>/give-back")
@permission(Action.TASK_SUBMIT)
def give_back(task_id: str) -> BaseResponse:
    """Give a task back that I cannot do: others can take it."""
    g.runtime.run(g.actor, instances.give_back, task_id)
    return go(url_for("submissions.my_tasks"), gettext("You gave the task back. Others can take it now."))


@pages.get("/my/tasks/<task_id>")
@permission(Action.TASK_READ)
def task(task_id: str) -> str:
    """One task: the money and the pay day first, then what to do, what proves it, and what was wrong."""
    return render_template("submissions/task.html", **g.runtime.read(g.actor, _task, task_id))


def _task(tx: Tx, task_id: str) -> dict[str, Any]:
    row = instances.visible_task(tx, task_id)
    found = job(tx, row)
    instance = instances.instance(tx, row.instance_id)
    sent = submissions.submissions_of_tasks(tx, [task_id])
    parameters = quotes.parameters(tx, instance.quote_id)
    service = catalogue.package(tx, instance.service_version_id).definition.service
    texts = locale.current_catalogue().texts
    said = found.submission.problems if found.submission and found.state == "faulty" else []
    return {
        "job": found, "sent": sent, "missing": _missing(tx, found.submission),
        "faults": [
            (p["place"], p["severity"], _text(p, texts)) for p in said if p["severity"] in ("error", "fatal")
        ],
        "lines": _lines(tx, instance.quote_id, row.node_id),
        "numbers": [(p.label, parameters[p.id]) for p in service.parameters if p.id in parameters],
        "mine": tx.actor.person_id is not None and tx.actor.person_id == row.assignee_id,
        "may_send": found.state in ("ready", "late", "sent_back", "faulty", "incomplete")
        and can(tx.actor, Action.TASK_SUBMIT, instances.task_object(tx, row)),
        "may_give_back": found.state in ("ready", "late") and not sent
        and can(tx.actor, Action.TASK_SUBMIT, instances.task_object(tx, row)),
        "payments": _payments(tx, found.delivery),
    }  # fmt: skip


def _text(problem: Mapping[str, Any], texts: Mapping[str, str]) -> str:
    """A kept problem in the reader's language, where the catalogue has it."""
    template = texts.get(problem.get("template", ""), "")
    return template % problem["params"] if template else str(problem["message"])


def _lines(tx: Tx, quote_id: str, node_id: str) -> list[QuoteLine]:
    """What the task's amount is made of."""
    return [line for line in quotes.quote(tx, quote_id).lines if line.task == node_id]


def _missing(tx: Tx, row: SubmissionRow | None) -> list[str]:
    """Names of files a submission waits for."""
    if row is None or row.status != "incomplete":
        return []
    return [p["params"].get("value", p["place"]) for p in row.problems if p["code"] == "attachment-missing"]


def _payments(tx: Tx, delivery: DeliveryRow | None) -> list[Any]:
    owed = ledger.payables_of_deliveries(tx, [delivery.id]) if delivery else []
    paid = batches.payments_of_payables(tx, [p.id for p in owed])
    return [(p, paid[p.id]) for p in owed]


# The form -----------------------------------------------------------------------------------------------


@pages.get("/my/tasks/<task_id>/form")
@permission(Action.TASK_SUBMIT)
def form(task_id: str) -> str:
    """The form of a task, drawn by ODK Web Forms; after "sent back" with the earlier answers in it."""
    content_policy("form")
    found, earlier, files = g.runtime.read(g.actor, _form, task_id)
    return render_template("submissions/form.html", job=found, earlier=earlier, files=files)


def _form(tx: Tx, task_id: str) -> tuple[Job, SubmissionRow | None, list[str]]:
    row = _own_task(tx, task_id)
    found = job(tx, row)
    if found.state in ("accepted", "cancelled"):
        raise NotFound(what="open task", key=task_id)
    earlier = found.submission if found.state in ("faulty", "incomplete") else None
    if found.state == "sent_back" and found.delivery is not None:
        earlier = submissions.submission(tx, found.delivery.submission_id)
    return found, earlier, [f.name for f in submissions.files_of(tx, earlier.id)] if earlier else []


def _own_task(tx: Tx, task_id: str) -> TaskRow:
    row = instances.task_row(tx, task_id)
    if not can(tx.actor, Action.TASK_SUBMIT, instances.task_object(tx, row)):
        raise NotFound(what="task", key=task_id)
    return row


@pages.get("/my/tasks/<task_id>/form.xml")
@permission(Action.TASK_SUBMIT)
def xform(task_id: str) -> Response:
    """The XForm of a task, with what the order says already filled in."""
    response = make_response(g.runtime.read(g.actor, _xform, task_id))
    response.content_type = "text/xml; charset=utf-8"
    return response


def _xform(tx: Tx, task_id: str) -> bytes:
    row = _own_task(tx, task_id)
    instance = instances.instance(tx, row.instance_id)
    package = catalogue.package(tx, instance.service_version_id)
    built = package.forms[_response_ref(package, row)]
    values = submissions.order_values(tx, task_id, submissions.read_form(built))
    return prefill(built.xform, values) if values else built.xform


def _response_ref(package: ServicePackage, row: TaskRow) -> str:
    card = package.definition.node(row.node_id).task or TaskCard()
    ref = next((f.ref for f in card.forms if f.role == "response" and f.ref in package.forms), None)
    if ref is None:
        raise NotFound(what="form of the task", key=row.node_id)
    return ref


@pages.post("/my/tasks/<task_id>/send")
@permission(Action.TASK_SUBMIT)
def send(task_id: str) -> tuple[Response, int]:
    """Take a submission as OpenRosa clients send it: the XML and its files as parts of one form.

    It is kept whatever the check says; 201 with `problems` means received, and to be corrected.
    """
    parts = request.files.getlist(XML_PART)
    if len(parts) != 1:
        return _refused(gettext("The submission has no form in it. Load the form again and send it."), 422)
    files = {
        name: part.read()
        for name, part in request.files.items(multi=True)
        if name != XML_PART and 0 < len(name) <= MAX_FILE_NAME and name.isprintable()
    }
    try:
        done = deliveries.submit(g.runtime, g.actor, task_id=task_id, xml=parts[0].read(), files=files)
    except RunError as error:
        return _refused(problems.message_of(error, locale.current_catalogue()), problems.status_of(error))
    texts = locale.current_catalogue().texts
    mistakes = [p for p in done.problems if p["code"] != "attachment-missing" and p["severity"] != "info"]
    missing = [
        p["params"].get("value", p["place"]) for p in done.problems if p["code"] == "attachment-missing"
    ]
    shown = [{"place": p["place"], "message": _text(p, texts)} for p in mistakes]
    if done.status == "incomplete":
        shown += [{"place": "", "message": gettext("%(name)s is still missing.", name=n)} for n in missing]
    return jsonify(status=done.status, problems=shown, missing=missing), 201


def _refused(message: str, status: int) -> tuple[Response, int]:
    return jsonify(status="refused", problems=[{"place": "", "message": message}], missing=[]), status


# Files of a submission ----------------------------------------------------------------------------------


@pages.get("/submissions/<submission_id>/submission.xml")
@permission(Action.TASK_READ)
def xml(submission_id: str) -> Response:
    """A submission as it was sent, for correcting it."""
    content = g.runtime.read(g.actor, _xml, submission_id)
    response = make_response(content)
    response.content_type = "text/xml; charset=utf-8"
    response.headers["Content-Security-Policy"] = FILE_POLICY
    return response


def _xml(tx: Tx, submission_id: str) -> bytes:
    row = submissions.visible(tx, submission_id)
    if not submissions.knows_answers(tx, row):
        raise NotFound(what="submission", key=submission_id)
    return tx.files.get(row.xml_sha256)


@pages.get("/submissions/<submission_id>/files/<path:name>")
@permission(Action.SIGNED_IN)
def evidence(submission_id: str, name: str) -> Response:
    """A file of a submission: pictures of known types inline (`?small=1`: reduced), all else to be saved."""
    row, content = g.runtime.read(g.actor, _file, submission_id, name)
    small = "small" in request.args and row.mime in PICTURES
    shown = thumbnail(row.sha256, content, PICTURES[row.mime]) if small else content
    if not shown:
        small, shown = False, content
    response = make_response(shown)
    inline = row.mime in PICTURES
    response.content_type = "image/jpeg" if small else (row.mime if inline else "application/octet-stream")
    kind = "inline" if inline else "attachment"
    response.headers["Content-Disposition"] = f"{kind}; filename*=UTF-8''{url_quote(row.name, safe='')}"
    response.headers["Content-Security-Policy"] = FILE_POLICY
    response.headers["Cache-Control"] = "private, max-age=3600"
    response.headers["Cross-Origin-Resource-Policy"] = "same-origin"
    return response


def _file(tx: Tx, submission_id: str, name: str) -> tuple[SubmissionFileRow, bytes]:
    shown = submissions.shown_files(tx, submissions.visible(tx, submission_id))
    row = next((f for f in shown if f.name == name), None)
    if row is None:
        raise NotFound(what="file", key=name[:80])
    return row, tx.files.get(row.sha256)


def thumbnail(sha256: str, content: bytes, kind: str) -> bytes:
    """A reduced JPEG of a picture, without its metadata; b"" for one that cannot be read or is too large."""
    return _thumbnail(_Picture(sha256, content, kind))


@dataclass(frozen=True, slots=True)
class _Picture:
    sha256: str
    content: bytes
    kind: str

    def __hash__(self) -> int:
        return hash(self.sha256)


@lru_cache(maxsize=256)
def _thumbnail(picture: _Picture) -> bytes:
    try:
        with Image.open(io.BytesIO(picture.content), formats=(picture.kind,)) as image:
            if image.width * image.height > MAX_PIXELS:
                return b""
            image.draft("RGB", (THUMBNAIL_WIDTH * 2, THUMBNAIL_WIDTH * 2))
            turned = ImageOps.exif_transpose(image).convert("RGB")
            turned.thumbnail((THUMBNAIL_WIDTH, THUMBNAIL_WIDTH))
            out = io.BytesIO()
            turned.save(out, "JPEG", quality=75)
            return out.getvalue()
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return b""


# My money -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a statement, in minor units. state: owed, collected (in a batch), sent, paid or failed."""

    task_id: str
    """"" for an advance."""
    title: str
    village: str
    component: str
    on: datetime
    currency: str
    gross: int
    withheld: int
    net: int
    """What is or will be paid out: less tax, less what is kept back."""
    kept_back: int
    """For an advance, or for what was paid too much."""
    state: str
    paid_at: datetime | None
    pay_day: date
    reason: str
    """What the bank said when the last payment failed."""


@pages.get("/my/money")
@permission(Action.MONEY_OWN)
def my_money() -> str:
    """What I am owed, what is on its way, what was paid, and what was kept as tax."""
    lines, debts = g.runtime.read(g.actor, lambda tx: (_statement(tx), _debts(tx)))
    currencies = sorted({line.currency for line in lines})
    return render_template(
        "submissions/my_money.html", lines=lines, currencies=currencies, sums=_sums(lines), debts=debts
    )


def _debts(tx: Tx) -> list[Claim]:
    """What I owe back and how much of it is left: approved advances and claims."""
    if tx.actor.person_id is None:
        return []
    return [row for row in claims.claims(tx, person_id=tx.actor.person_id) if row.state == "approved"]


def _sums(lines: Sequence[Line]) -> dict[str, dict[str, int]]:
    """Per currency: owed, on its way, paid (net) and withheld."""
    sums: dict[str, dict[str, int]] = {}
    for line in lines:
        here = sums.setdefault(line.currency, {"owed": 0, "on_the_way": 0, "paid": 0, "withheld": 0})
        place = {"paid": "paid", "sent": "on_the_way", "collected": "on_the_way"}.get(line.state, "owed")
        here[place] += line.net
        here["withheld"] += line.withheld
    return sums


def _statement(tx: Tx) -> list[Line]:
    person = tx.actor.person_id
    if person is None:
        return []
    owed = ledger.payables_of_person(tx, person)
    paid = batches.payments_of_payables(tx, [p.id for p in owed])
    kept = claims.kept_back(tx, [p.id for p in owed])
    lines = []
    for payable in owed:
        title, code = _for_what(tx, payable)
        state, at = _paid_state([(p.state, p.settled_at) for p in paid[payable.id]])
        lines.append(
            Line(
                payable.task_id or "", title,
                regions.name(regions.region(tx, code), locale.current_locale()),
                payable.component, payable.created_at, payable.currency, payable.gross, payable.withheld,
                payable.amount - kept.get(payable.id, 0), kept.get(payable.id, 0),
                "paid" if kept.get(payable.id) == payable.amount else state, at,
                instances.add_working_days(payable.created_at, deliveries.PAYMENT_DAYS).date(),
                paid[payable.id][-1].failure_reason if state == "failed" else "",
            )
        )  # fmt: skip
    return lines[::-1]


def _for_what(tx: Tx, payable: ledger.Payable) -> tuple[str, str]:
    """What a payable is for, and the code of its place."""
    if payable.instance_id is None or payable.task_id is None:
        return gettext("Advance"), payable.region_code or ""
    row = instances.instance(tx, payable.instance_id)
    found = instances.task_row(tx, payable.task_id)
    card = catalogue.package(tx, row.service_version_id).definition.node(found.node_id).task or TaskCard()
    return locale.localised(card.title), row.region_code


def _paid_state(payments: Sequence[tuple[str, datetime | None]]) -> tuple[str, datetime | None]:
    """Where the money of a payable is, by its payments, oldest first."""
    if not payments:
        return "owed", None
    state, at = payments[-1]
    words = {"draft": "collected", "in_transit": "sent", "settled": "paid", "cancelled": "owed"}
    return words.get(state, "failed"), at
