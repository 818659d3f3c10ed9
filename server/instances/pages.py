"""One instance: its live diagram, what was delivered, what happened."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import Blueprint, Response, g, jsonify, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from pricing.quotes import Due
from server.accounts import service as accounts
from server.actor import SYSTEM, Action, can
from server.catalogue import service as catalogue
from server.deliveries import service as deliveries
from server.deliveries.service import DeliveryRow
from server.errors import NotFound
from server.http import locale
from server.http.frame import go
from server.http.locale import gettext
from server.http.security import content_policy, permission
from server.http.words import node_title
from server.instances import service as instances
from server.instances.models import TaskRow
from server.instances.words import change_words, consequences, incident_text
from server.ledger import service as ledger
from server.people import service as people
from server.projects import service as projects
from server.quotes import service as quotes
from server.regions import service as regions
from server.requests import service as requests
from server.runtime import Tx
from server.submissions import service as submissions
from server.tracking.states import Subject, task_state
from server.tracking.states import state as tracked
from server.tracking.timeline import MOST, timeline
from workflows.definitions.model import Definition, TaskCard

pages = Blueprint("instances", __name__)


@dataclass(frozen=True, slots=True)
class TaskView:
    """A run-time task with what came of it. due: what it owes, in minor units."""

    row: TaskRow
    card: TaskCard
    title: str
    state: str
    who: str
    delivery: DeliveryRow | None
    due: Due
    photos: list[tuple[str, str]]
    """(submission id, file name) of pictures, at most six."""
    files: int
    paid: int


@pages.get("/instances/<instance_id>")
@permission(Action.INSTANCE_READ)
def instance(instance_id: str) -> str:
    """A village's service: where it stands, what was delivered, what happened."""
    content_policy("diagram")
    return render_template("instances/instance.html", **g.runtime.read(g.actor, _view, instance_id))


def _view(tx: Tx, instance_id: str) -> dict[str, Any]:
    row = instances.visible(tx, instance_id)
    version = catalogue.version(tx, row.service_version_id)
    package = catalogue.package(tx, version.id)
    village = regions.region(tx, row.region_code)
    tasks = task_views(tx, instance_id)
    quote = quotes.quote_row(tx, row.quote_id)
    owed = ledger.totals(tx, quote.currency, [instance_id])
    skills = people.skills(tx)
    cards = [
        (n.id, n.task, locale.localised(skills.get(n.task.skill, n.task.skill)),
         [t for t in tasks if t.row.node_id == n.id])
        for n in package.definition.tasks() if n.task
    ]  # fmt: skip
    return {
        "row": row, "version": version, "definition": package.definition,
        "recalled": catalogue.recall_reason(tx, version.id),
        "village": regions.name(village, locale.current_locale()),
        "tasks": tasks, "cards": cards, "quote": quote, "owed": owed,
        "share": quote.charged_minor // max(1, quote.instances),
        "incidents": [
            (_node_title(package.definition, i.node_id), incident_text(i), i.at)
            for i in instances.incidents(tx, [instance_id])
        ],
        "requests": [
            (_node_title(package.definition, r.node_id), r)
            for r in instances.undone_requests(tx, [instance_id])
        ],
        "may_change": row.status == "running"
        and can(tx.actor, Action.INSTANCE_CHANGE, regions.place(tx, row.region_code)),
        "timeline": timeline(tx, instance_id)[:MOST], "history": history(tx, instance_id, package.definition),
        "asked": requests.request(tx, row.request_id),
        "members": projects.members(tx, row.project_id or ""),
        "may_assign": can(tx.actor, Action.TASK_ASSIGN, regions.place(tx, row.region_code)),
        "may_review": can(tx.actor, Action.DELIVERY_READ, regions.place(tx, row.region_code)),
        "parameters": [
            (p.label, row.data[p.id]) for p in package.definition.service.parameters if p.id in row.data
        ],
    }  # fmt: skip


def _node_title(definition: Definition, node_id: str) -> str:
    """A node's title in the reader's language, else the name on the diagram, else its id."""
    node = definition.every_node().get(node_id)
    return node_id if node is None else node_title(node)


def task_views(tx: Tx, instance_id: str) -> list[TaskView]:
    """The run-time tasks of an instance, in their order, without the cancelled ones."""
    row = instances.instance(tx, instance_id)
    definition = catalogue.package(tx, row.service_version_id).definition
    rows = [t for t in instances.tasks_of_instance(tx, instance_id) if t.state != "cancelled"]
    made = {d.task_id: d for d in deliveries.deliveries_of_instances(tx, [instance_id])}
    names = people.people(tx, [t.assignee_id for t in rows if t.assignee_id])
    settled: dict[str, int] = {}
    for payable in ledger.payables_of_instances(tx, [instance_id]):
        task_id = payable.task_id or ""
        settled[task_id] = settled.get(task_id, 0) + payable.settled
    return [
        _task_view(tx, row.quote_id, t, definition.node(t.node_id).task or TaskCard(), made.get(t.id),
                   names[t.assignee_id].name if t.assignee_id in names else "", settled.get(t.id, 0))
        for t in rows
    ]  # fmt: skip


def _task_view(
    tx: Tx, quote_id: str, task: TaskRow, card: TaskCard, delivery: DeliveryRow | None, who: str, paid: int
) -> TaskView:
    if delivery is not None:
        due = deliveries.amounts(tx, delivery)
        files = submissions.files_of(tx, delivery.submission_id)
        shown = submissions.shown_files(tx, submissions.submission(tx, delivery.submission_id))
    else:
        due, files, shown = quotes.owed(tx, quote_id, task.node_id, round_=task.round), [], []
    photos = [(f.submission_id, f.name) for f in shown if f.mime.startswith("image/")]
    return TaskView(
        row=task, card=card, title=locale.localised(card.title) or task.node_id,
        state=task_state(task, delivery.state if delivery else None, tx.now), who=who, delivery=delivery,
        due=due, photos=photos[:6], files=len(files), paid=paid,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Step:
    """A change of an instance in words. by: who made it, "" = the machine. then: what followed."""

    at: datetime
    by: str
    words: str
    then: tuple[str, ...]


def history(tx: Tx, instance_id: str, definition: Definition) -> list[Step]:
    """Who changed what, newest first; names only for those who may know them."""
    found = instances.history(tx, instance_id)
    ids = {c.actor for c in found} | {str(e["person"]) for c in found for e in c.events if "person" in e}
    named = _names(tx, ids) if can(tx.actor, Action.PERSON_READ) else {}

    def person(key: str) -> str:
        return "" if key == SYSTEM.user_id else named.get(key) or gettext("somebody")

    def title(node_id: str) -> str:
        return _node_title(definition, node_id)

    return [
        Step(c.at, person(c.actor), change_words(c, title, person), tuple(consequences(c, title)))
        for c in reversed(found)
    ]


def _names(tx: Tx, ids: set[str]) -> dict[str, str]:
    """The names of people and of accounts."""
    return {**accounts.names(tx, ids), **{p.id: p.name for p in people.people(tx, sorted(ids)).values()}}


@pages.post("/tasks/<task_id>/assign")
@permission(Action.TASK_ASSIGN)
def assign(task_id: str) -> BaseResponse:
    """Give a task to somebody of the project."""
    task = g.runtime.run(g.actor, _assign, task_id, request.form.get("person", ""))
    return go(
        url_for("instances.instance", instance_id=task.instance_id), gettext("The task has a new owner.")
    )


def _assign(tx: Tx, task_id: str, person_id: str) -> TaskRow:
    task = instances.task_row(tx, task_id)
    row = instances.visible(tx, task.instance_id)
    roster = {m.id for m in projects.members(tx, row.project_id or "")}
    if person_id not in roster:
        raise NotFound(what="member of the project", key=person_id)
    instances.assign(tx, task_id, person_id)
    return task


@pages.post("/instances/<instance_id>/retry")
@permission(Action.INSTANCE_CHANGE)
def retry(instance_id: str) -> BaseResponse:
    """Try the automatic steps that failed again."""
    g.runtime.run(g.actor, _retry, instance_id)
    # they ran after that transaction
    failed = g.runtime.read(g.actor, lambda tx: len(instances.incidents(tx, [instance_id])))
    address = url_for("instances.instance", instance_id=instance_id)
    if failed:
        return go(address, gettext("It failed again. What went wrong is told below."), "fail")
    return go(address, gettext("It worked: the work goes on."))


def _retry(tx: Tx, instance_id: str) -> None:
    instances.visible(tx, instance_id)
    instances.retry(tx, instance_id)


@pages.post("/instances/<instance_id>/cancel")
@permission(Action.INSTANCE_CHANGE)
def cancel(instance_id: str) -> BaseResponse:
    """End the work in a village."""
    reason = request.form.get("reason", "").strip()[:1000]
    address = url_for("instances.instance", instance_id=instance_id)
    if not reason:
        return go(address, gettext("Say why the work ends: nothing was changed."), "fail")
    g.runtime.run(g.actor, _cancel, instance_id, reason)
    return go(address, gettext("The work in this village is cancelled. What was delivered stays."))


def _cancel(tx: Tx, instance_id: str, reason: str) -> None:
    instances.visible(tx, instance_id)
    instances.cancel(tx, instance_id, reason=reason)


@pages.get("/instances/<instance_id>/state.json")
@permission(Action.INSTANCE_READ)
def state(instance_id: str) -> Response:
    """The live state of the diagram's tasks."""
    return jsonify(g.runtime.read(g.actor, tracked, Subject("instance", instance_id)))
