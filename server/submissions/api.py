"""A facilitator's tasks over the API, and sending submissions.

Sending is idempotent by the submission's instanceID: a phone may send as often as it likes.
"""

from __future__ import annotations

from typing import Any

from flask import Response, g, url_for

from server.actor import Action
from server.catalogue import service as catalogue
from server.catalogue.api import form_address, task_card
from server.deliveries import service as deliveries
from server.deliveries.service import DeliveryRow
from server.errors import NotFound
from server.http import paging
from server.http.documents import PageQuery, Values, page_of
from server.http.operations import ApiBlueprint, Part, Parts, attachment
from server.http.security import permission
from server.http.visibility import require_visible
from server.instances import service as instances
from server.instances.api import command_id, run_time_task
from server.instances.schemas import Command
from server.instances.service import TaskRow
from server.projects import service as projects
from server.regions import service as regions
from server.runtime import Tx
from server.submissions import schemas
from server.submissions import service as submissions
from workflows.errors import InvalidInput
from workflows.problems import Problem

api = ApiBlueprint(
    "submissions_api", __name__, tag="Tasks", description="A facilitator's tasks and submissions."
)
_XML = "xml_submission_file"
_TASKS = page_of(schemas.TaskLine)
_PARTS = (
    Part(_XML, "The filled form: XML as an ODK client writes it."),
    Part("files", "An attachment, named as the form's answer names it.", required=False, several=True),
)


@api.operation("GET", "/tasks", query=PageQuery, answer=_TASKS)
@permission(Action.TASK_READ)
def list_my_tasks(query: Values) -> Values:
    """List one's own tasks that are not finished, in the order they were given out."""
    return g.runtime.read(g.actor, _my_tasks, query)  # type: ignore[no-any-return]


def _my_tasks(tx: Tx, query: Values) -> Values:
    person = tx.actor.person_id
    rows = instances.tasks_of_person(tx, person) if person else []
    return paging.document(rows, lambda row: (row.id,), lambda row: _line(tx, row), **query)


@api.operation("GET", "/tasks/<uuid:task_id>", answer=schemas.Task)
@permission(Action.TASK_READ)
def read_task(task_id: str) -> Values:
    """Read a task: its card, its forms, what was sent for it, and why it was sent back."""
    return g.runtime.read(g.actor, _task, task_id)  # type: ignore[no-any-return]


def _task(tx: Tx, task_id: str) -> Values:
    task = _find(tx, task_id, Action.TASK_READ)
    row = instances.instance(tx, task.instance_id)
    version = catalogue.version(tx, row.service_version_id)
    package = catalogue.package(tx, version.id)
    card = task_card(package, package.definition.node(task.node_id))
    return {
        **_line(tx, task), "card": card,
        "forms": [
            {"role": f["role"], "form_id": f["form_id"], "version": f["version"],
             "href": form_address(version, f["ref"])}
            for f in card["forms"]
        ],
        "sent_back_because": _reason(tx, _delivery(tx, task)),
        "submissions": [
            {"id": s.id, "status": s.status, "received_at": s.received_at}
            for s in submissions.submissions_of_tasks(tx, [task_id])
        ],
    }  # fmt: skip


@api.operation("GET", "/tasks/free", query=PageQuery, answer=_TASKS)
@permission(Action.TASK_CLAIM)
def list_free_tasks(query: Values) -> Values:
    """List the tasks nobody has that one could take: of one's projects, with one's skills."""
    return g.runtime.read(g.actor, _free_tasks, query)  # type: ignore[no-any-return]


def _free_tasks(tx: Tx, query: Values) -> Values:
    rows = projects.free_tasks(tx)
    return paging.document(rows, lambda row: (row.id,), lambda row: _line(tx, row), **query)


@api.operation("POST", "/tasks/<uuid:task_id>/claim", body=Command, answer=schemas.TaskLine)
@permission(Action.TASK_CLAIM)
def claim_task(task_id: str, body: Values) -> Values:
    """Take a free task for oneself; who comes second is told who has it."""
    return g.runtime.run(g.actor, _claim, task_id, command_id(body))  # type: ignore[no-any-return]


def _claim(tx: Tx, task_id: str, command: str | None) -> Values:
    projects.claim(tx, task_id, command_id=command)
    return _line(tx, instances.task_row(tx, task_id))


@api.operation("POST", "/tasks/<uuid:task_id>/return", body=Command, answer=schemas.TaskLine)
@permission(Action.TASK_SUBMIT)
def return_task(task_id: str, body: Values) -> Values:
    """Give a task back that one cannot do: it is free again."""
    return g.runtime.run(g.actor, _return, task_id, command_id(body))  # type: ignore[no-any-return]


def _return(tx: Tx, task_id: str, command: str | None) -> Values:
    instances.give_back(tx, task_id, command_id=command)
    return _line(tx, instances.task_row(tx, task_id))


@api.operation(
    "POST", "/tasks/<uuid:task_id>/submissions", parts=_PARTS, answer=schemas.Receipt, status=201,
    also={200: "Received before: nothing was done twice. Files that were missing were added.",
          202: "Kept, but attachments are still missing: send the same again with them."},
)  # fmt: skip
@permission(Action.TASK_SUBMIT)
def create_submission(task_id: str, parts: Parts) -> tuple[Values, int]:
    """Send a filled form with its files, as often as the network needs.

    It is kept the moment it arrives. When it is complete and checked, it becomes a delivery and the work goes
    on. A faulty one is kept and answered with its problems: send the correction as a new submission. A file that
    was received before with other content is named in `problems`; the first one is kept, and so are the other
    files. What comes after the task was accepted is kept as `superseded`.
    """
    g.runtime.read(g.actor, _find, task_id, Action.TASK_SUBMIT)
    files = dict(parts.files["files"])
    if len(parts.files["files"]) > submissions.MAX_FILES or len(files) < len(parts.files["files"]):
        raise InvalidInput(
            [
                Problem(
                    "attachments", "Send each attachment once, at most %(limit)s of them.", "files",
                    params={"limit": submissions.MAX_FILES},
                )
            ]
        )  # fmt: skip
    done = deliveries.submit(g.runtime, g.actor, task_id=task_id, xml=parts.file(_XML)[1], files=files)
    status = 202 if done.status == "incomplete" else 201 if done.outcome == "received" else 200
    return {
        "submission_id": done.submission_id, "outcome": done.outcome, "status": done.status,
        "delivery_id": done.delivery_id, "problems": [_stored_problem(p) for p in done.problems],
    }, status  # fmt: skip


@api.operation("GET", "/submissions/<code:submission_id>", answer=schemas.Submission)
@permission(Action.SIGNED_IN)
def read_submission(submission_id: str) -> Values:
    """Read a submission as it was received and checked: the facilitator's own, or one to be checked."""
    return g.runtime.read(g.actor, submission_document, submission_id)  # type: ignore[no-any-return]


def submission_document(tx: Tx, submission_id: str) -> Values:
    """A submission as the API answers it. Raises NotFound, also for one the actor may not see."""
    row = submissions.visible(tx, submission_id)
    return {
        "id": row.id, "status": row.status, "received_at": row.received_at, "task_id": row.task_id,
        "form_id": row.form_id, "form_version": row.form_version, "xml_sha256": row.xml_sha256,
        "deprecates_id": row.deprecates_id, "times_received": row.times_received,
        "answers": row.answers if submissions.knows_answers(tx, row) else None,
        "problems": [_stored_problem(p) for p in row.problems],
        "files": [
            {"name": f.name, "sha256": f.sha256, "mime": f.mime, "size": f.size,
             "href": url_for("submissions_api.download_file", submission_id=row.id, sha256=f.sha256)}
            for f in submissions.files_of(tx, row.id)
        ],
    }  # fmt: skip


@api.operation(
    "GET", "/submissions/<code:submission_id>/files/<code:sha256>", produces=("application/octet-stream",)
)
@permission(Action.SIGNED_IN)
def download_file(submission_id: str, sha256: str) -> Response:
    """Download an attachment by its SHA-256; one of a personal question if one's own, or one checks the work."""
    name, content = g.runtime.read(g.actor, _file, submission_id, sha256)
    return attachment(content, name, "application/octet-stream")


def _file(tx: Tx, submission_id: str, sha256: str) -> tuple[str, bytes]:
    row = submissions.visible(tx, submission_id)
    found = next((f for f in submissions.shown_files(tx, row) if f.sha256 == sha256), None)
    if found is None:
        raise NotFound(what="file", key=sha256)
    return found.name, tx.files.get(found.sha256)


def _find(tx: Tx, task_id: str, action: Action) -> TaskRow:
    task = instances.task_row(tx, task_id)
    require_visible(tx, action, instances.task_object(tx, task), what="task", key=task_id)
    return task


def _line(tx: Tx, task: TaskRow) -> Values:
    row = instances.instance(tx, task.instance_id)
    card = catalogue.package(tx, row.service_version_id).definition.node(task.node_id).task
    delivery = _delivery(tx, task)
    return {
        **run_time_task(task), "instance_id": row.id, "title": dict(card.title) if card else {},
        "region": row.region_code, "region_names": regions.region(tx, row.region_code).names,
        "delivery_state": delivery.state if delivery else None,
    }  # fmt: skip


def _delivery(tx: Tx, task: TaskRow) -> DeliveryRow | None:
    made = deliveries.deliveries_of_instances(tx, [task.instance_id])
    return next((d for d in made if d.task_id == task.id), None)


def _reason(tx: Tx, delivery: DeliveryRow | None) -> str | None:
    """Why the delivery was sent back, while it is."""
    if delivery is None or delivery.state != "sent_back":
        return None
    decided = [r for r in deliveries.reviews(tx, delivery.id) if r.reason]
    return decided[-1].reason if decided else None


def _stored_problem(found: Any) -> Values:  # noqa: ANN401  (as it was kept in the row)
    return {key: found[key] for key in ("code", "severity", "place", "message")}
