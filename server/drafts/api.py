"""Drafts over the API: making, saving, reviewing, publishing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Response, g

from server.actor import Action
from server.drafts import contents, review, schemas
from server.drafts import service as drafts
from server.drafts.contents import Kind, NamedFile
from server.drafts.review import DraftCommentRow, DraftReviewRow
from server.drafts.service import DraftRevisionRow, DraftRow
from server.errors import NotFound
from server.http import paging
from server.http.documents import PageQuery, Values, page_of, problem
from server.http.operations import ApiBlueprint, Part, Parts, attachment
from server.http.security import permission
from server.runtime import Tx
from workflows.errors import InvalidInput
from workflows.problems import Problem

api = ApiBlueprint(
    "drafts_api", __name__, tag="Drafts", description="Drafts of services: editing, review, publication."
)
_REF = Part("ref", "As the task cards name it: small letters, digits and _.", text=True)


@api.operation("GET", "/drafts", query=PageQuery, answer=page_of(schemas.Draft))
@permission(Action.SERVICE_TRANSLATE)
def list_drafts(query: Values) -> Values:
    """List the drafts, newest first."""
    return g.runtime.read(g.actor, _drafts, query)  # type: ignore[no-any-return]


def _drafts(tx: Tx, query: Values) -> Values:
    rows = sorted(drafts.drafts(tx), key=lambda row: row.id, reverse=True)
    return paging.document(rows, lambda row: (row.id,), _view, descending=True, **query)


@api.operation("POST", "/drafts", body=schemas.NewDraft, answer=schemas.DraftMade, status=201)
@permission(Action.SERVICE_DRAFT)
def create_draft(body: Values) -> Values:
    """Begin a draft from a starter, a published version or another draft."""
    own_id = str(body["id"]) if body["id"] else None
    return g.runtime.run(g.actor, _make, _source(body), own_id)  # type: ignore[no-any-return]


def _source(body: Values) -> drafts.Source:
    if body["kind"] == "starter":
        return drafts.FromStarter(body["starter"], body["names"], body["code"])
    if body["kind"] == "version":
        _needed(body, "service", "version")
        return drafts.FromVersion(body["service"], body["version"], body["code"], body["names"] or None)
    _needed(body, "draft_id")
    return drafts.FromDraft(str(body["draft_id"]))


def _needed(body: Values, *names: str) -> None:
    missing = [name for name in names if not body[name]]
    if missing:
        raise InvalidInput(
            [
                Problem("field-missing", "This is needed for that kind of draft.", place=name)
                for name in missing
            ]
        )


def _make(tx: Tx, source: drafts.Source, own_id: str | None) -> Values:
    made = drafts.make(tx, source, draft_id=own_id)
    return {"draft": _view(made.row), "problems": [problem(p) for p in made.problems]}


@api.operation(
    "POST", "/drafts/import", parts=(Part("bpmn", "A BPMN file of any tool."),), answer=schemas.DraftMade, status=201
)  # fmt: skip
@permission(Action.SERVICE_DRAFT)
def import_draft(parts: Parts) -> Values:
    """Begin a draft from a BPMN file of any tool.

    Nothing of the file is lost; what was changed, and what RUN does not execute, is in `problems`.
    """
    name, content = parts.file("bpmn")
    return g.runtime.run(g.actor, _make, drafts.FromFile(name, content), None)  # type: ignore[no-any-return]


@api.operation("GET", "/drafts/<uuid:draft_id>", answer=schemas.DraftState)
@permission(Action.SERVICE_TRANSLATE)
def read_draft(draft_id: str) -> Values:
    """Read a draft, and what stands between it and publication."""
    return g.runtime.read(g.actor, _state, draft_id)  # type: ignore[no-any-return]


def _state(tx: Tx, draft_id: str) -> Values:
    row, ready = drafts.draft(tx, draft_id), review.readiness(tx, draft_id)
    return {
        **_view(row), "digest": ready.digest, "suggested_version": ready.suggested,
        "kind_of_change": ready.kind or "", "published_version_id": row.published_version_id,
        "hindrances": [problem(p) for p in ready.hindrances], "problems": [problem(p) for p in ready.problems],
    }  # fmt: skip


# Content ----------------------------------------------------------------------------------------------


@api.operation("GET", "/drafts/<uuid:draft_id>/bpmn", produces=("application/xml",))
@permission(Action.SERVICE_TRANSLATE)
def download_draft_bpmn(draft_id: str) -> Response:
    """Download the diagram as it was saved last; the ETag names its revision."""
    row, bpmn = g.runtime.read(g.actor, _bpmn, draft_id)
    response = attachment(bpmn, f"{row.service_code or 'service'}-draft.bpmn", "application/xml")
    response.headers["ETag"] = drafts.etag(row)
    return response


def _bpmn(tx: Tx, draft_id: str) -> tuple[DraftRow, bytes]:
    return drafts.draft(tx, draft_id), drafts.content(tx, draft_id).bpmn


@api.operation(
    "POST", "/drafts/<uuid:draft_id>/bpmn", answer=schemas.Draft,
    parts=(Part("bpmn", "The diagram, BPMN 2.0 XML."),
           Part("diagram_revision", "The revision of the diagram that was changed.", text=True)),
)  # fmt: skip
@permission(Action.SERVICE_DRAFT)
def save_draft_bpmn(draft_id: str, parts: Parts) -> Values:
    """Save the diagram; refused when somebody saved it meanwhile."""
    number = parts.values["diagram_revision"]
    if not number.isascii() or not number.isdigit() or len(number) > 15:
        raise InvalidInput([Problem("invalid-number", "Write a whole number.", place="diagram_revision")])
    row = g.runtime.run(g.actor, drafts.save_diagram, draft_id, parts.file("bpmn")[1], expected=int(number))
    return _view(row)


@api.operation("GET", "/drafts/<uuid:draft_id>/files", answer=schemas.DraftFiles)
@permission(Action.SERVICE_TRANSLATE)
def list_draft_files(draft_id: str) -> Values:
    """List the forms and decision models of a draft with what is wrong with each."""
    return g.runtime.read(g.actor, _files, draft_id)  # type: ignore[no-any-return]


def _files(tx: Tx, draft_id: str) -> Values:
    held = drafts.content(tx, draft_id)
    found = drafts.opened(held).assembly.problems
    return {
        kind: [
            {"ref": ref, "name": file.name, "sha256": contents.sha256(file.content),
             "problems": [problem(p) for p in drafts.problems_of_file(found, ref)]}
            for ref, file in sorted(files.items())
        ]
        for kind, files in (("forms", held.forms), ("decisions", held.decisions))
    }  # fmt: skip


@api.operation(
    "POST", "/drafts/<uuid:draft_id>/forms", answer=schemas.DraftFiles,
    parts=(_REF, Part("file", "The form (XLSForm: XLSX or Markdown).")),
)  # fmt: skip
@permission(Action.SERVICE_DRAFT)
def save_draft_form(draft_id: str, parts: Parts) -> Values:
    """Add or replace a form of a draft."""
    return _save_file(draft_id, "forms", parts)


@api.operation(
    "POST", "/drafts/<uuid:draft_id>/decisions", answer=schemas.DraftFiles,
    parts=(_REF, Part("file", "The decision model (DMN).")),
)  # fmt: skip
@permission(Action.SERVICE_DRAFT)
def save_draft_decision(draft_id: str, parts: Parts) -> Values:
    """Add or replace a decision model of a draft."""
    return _save_file(draft_id, "decisions", parts)


def _save_file(draft_id: str, kind: Kind, parts: Parts) -> Values:
    name, content = parts.file("file")
    g.runtime.run(g.actor, drafts.save_file, draft_id, kind, parts.values["ref"], NamedFile(name, content))
    return g.runtime.read(g.actor, _files, draft_id)  # type: ignore[no-any-return]


@api.operation("DELETE", "/drafts/<uuid:draft_id>/forms/<code:ref>")
@permission(Action.SERVICE_DRAFT)
def delete_draft_form(draft_id: str, ref: str) -> str:
    """Leave a form out; earlier revisions still have it."""
    g.runtime.run(g.actor, drafts.remove_file, draft_id, "forms", ref)
    return ""


@api.operation("DELETE", "/drafts/<uuid:draft_id>/decisions/<code:ref>")
@permission(Action.SERVICE_DRAFT)
def delete_draft_decision(draft_id: str, ref: str) -> str:
    """Leave a decision model out; earlier revisions still have it."""
    g.runtime.run(g.actor, drafts.remove_file, draft_id, "decisions", ref)
    return ""


@api.operation("GET", "/drafts/<uuid:draft_id>/forms/<code:ref>", produces=("application/octet-stream",))
@permission(Action.SERVICE_TRANSLATE)
def download_draft_form(draft_id: str, ref: str) -> Response:
    """Download a form as it was sent."""
    return _download(draft_id, "forms", ref)


@api.operation("GET", "/drafts/<uuid:draft_id>/decisions/<code:ref>", produces=("application/octet-stream",))
@permission(Action.SERVICE_TRANSLATE)
def download_draft_decision(draft_id: str, ref: str) -> Response:
    """Download a decision model as it was sent."""
    return _download(draft_id, "decisions", ref)


def _download(draft_id: str, kind: Kind, ref: str) -> Response:
    held = g.runtime.read(g.actor, drafts.content, draft_id)
    file = (held.forms if kind == "forms" else held.decisions).get(ref)
    if file is None:
        raise NotFound(what="form" if kind == "forms" else "decision model", key=ref)
    return attachment(file.content, file.name, "application/octet-stream")


@api.operation("POST", "/drafts/<uuid:draft_id>/settings", body=schemas.DraftSettings, answer=schemas.Draft)
@permission(Action.SERVICE_DRAFT)
def set_draft_publication(draft_id: str, body: Values) -> Values:
    """Say as which version a draft is to be published, and in which languages it must be complete."""
    row = g.runtime.run(
        g.actor, drafts.set_publication, draft_id, version=body["version"], languages=body["languages"]
    )
    return _view(row)


@api.operation(
    "GET", "/drafts/<uuid:draft_id>/revisions", query=PageQuery, answer=page_of(schemas.DraftRevision)
)
@permission(Action.SERVICE_TRANSLATE)
def list_draft_revisions(draft_id: str, query: Values) -> Values:
    """List the revisions that are kept, newest first."""
    return g.runtime.read(g.actor, _revisions, draft_id, query)  # type: ignore[no-any-return]


def _revisions(tx: Tx, draft_id: str, query: Values) -> Values:
    def view(row: DraftRevisionRow) -> Values:
        return {
            "number": row.number, "reason": row.reason, "detail": row.detail, "version": row.version,
            "content_sha256": row.content_sha256, "saved_at": row.saved_at,
        }  # fmt: skip

    return paging.document(
        drafts.revisions(tx, draft_id), lambda row: (row.number,), view, descending=True, **query
    )


@api.operation("POST", "/drafts/<uuid:draft_id>/restoration", body=schemas.Restoration, answer=schemas.Draft)
@permission(Action.SERVICE_DRAFT)
def restore_draft(draft_id: str, body: Values) -> Values:
    """Bring an earlier revision back, as a new one."""
    return _view(g.runtime.run(g.actor, drafts.restore, draft_id, body["revision"]))


# Review -----------------------------------------------------------------------------------------------


@api.operation("POST", "/drafts/<uuid:draft_id>/review-request", body=schemas.StepOrder, answer=schemas.Draft)
@permission(Action.SERVICE_DRAFT)
def request_draft_review(draft_id: str, body: Values) -> Values:
    """Hand a draft over for review; it is closed until it comes back."""
    return _step(review.ask, draft_id, body, note=body["note"])


@api.operation(
    "POST", "/drafts/<uuid:draft_id>/review-withdrawal", body=schemas.StepOrder, answer=schemas.Draft
)
@permission(Action.SERVICE_DRAFT)
def withdraw_draft(draft_id: str, body: Values) -> Values:
    """Take a draft back from review."""
    return _step(review.withdraw, draft_id, body)


@api.operation("POST", "/drafts/<uuid:draft_id>/approval", body=schemas.DraftDecision, answer=schemas.Draft)
@permission(Action.SERVICE_REVIEW)
def approve_draft(draft_id: str, body: Values) -> Values:
    """Approve exactly this content; by somebody who never changed the draft."""
    return _step(review.approve, draft_id, body, note=body["note"], content_sha256=body["content_sha256"])


@api.operation("POST", "/drafts/<uuid:draft_id>/send-back", body=schemas.DraftDecision, answer=schemas.Draft)
@permission(Action.SERVICE_REVIEW)
def send_back_draft(draft_id: str, body: Values) -> Values:
    """Give a draft back with what has to change; by somebody who never changed it."""
    return _step(review.send_back, draft_id, body, note=body["note"], content_sha256=body["content_sha256"])


@api.operation("POST", "/drafts/<uuid:draft_id>/publication", body=schemas.StepOrder, answer=schemas.Draft)
@permission(Action.SERVICE_PUBLISH)
def publish_draft(draft_id: str, body: Values) -> Values:
    """Publish an approved draft: from now on the version never changes."""

    def publish(tx: Tx, own_id: str, *, command_id: str | None) -> DraftRow:
        review.publish(tx, own_id, command_id=command_id)
        return drafts.draft(tx, own_id)

    return _step(publish, draft_id, body)


@api.operation("POST", "/drafts/<uuid:draft_id>/abandonment", body=schemas.StepOrder, answer=schemas.Draft)
@permission(Action.SERVICE_DRAFT)
def abandon_draft(draft_id: str, body: Values) -> Values:
    """Put a draft away; it is kept."""
    return _step(review.abandon, draft_id, body)


@api.operation("POST", "/drafts/<uuid:draft_id>/reopening", body=schemas.StepOrder, answer=schemas.Draft)
@permission(Action.SERVICE_DRAFT)
def reopen_draft(draft_id: str, body: Values) -> Values:
    """Take a draft up again that was put away."""
    return _step(review.reopen, draft_id, body)


def _step(step: Callable[..., DraftRow], draft_id: str, body: Values, **given: Any) -> Values:  # noqa: ANN401
    command = str(body["command_id"]) if body["command_id"] else None
    return _view(g.runtime.run(g.actor, step, draft_id, command_id=command, **given))


@api.operation("GET", "/drafts/<uuid:draft_id>/steps", query=PageQuery, answer=page_of(schemas.DraftStep))
@permission(Action.SERVICE_TRANSLATE)
def list_draft_steps(draft_id: str, query: Values) -> Values:
    """List the steps a draft took on its way, oldest first."""
    return g.runtime.read(g.actor, _steps, draft_id, query)  # type: ignore[no-any-return]


def _steps(tx: Tx, draft_id: str, query: Values) -> Values:
    def view(row: DraftReviewRow) -> Values:
        return {
            "id": row.id, "step": row.step, "note": row.note, "revision": row.revision,
            "content_sha256": row.content_sha256, "digest": row.digest, "done_at": row.done_at,
        }  # fmt: skip

    return paging.document(review.steps(tx, draft_id), lambda row: (row.number,), view, **query)


@api.operation(
    "GET", "/drafts/<uuid:draft_id>/comments", query=PageQuery, answer=page_of(schemas.DraftComment)
)
@permission(Action.SERVICE_TRANSLATE)
def list_draft_comments(draft_id: str, query: Values) -> Values:
    """List what was said about a draft, oldest first."""
    return g.runtime.read(g.actor, _comments, draft_id, query)  # type: ignore[no-any-return]


def _comments(tx: Tx, draft_id: str, query: Values) -> Values:
    numbered = dict(enumerate(review.comments(tx, draft_id), 1))
    return paging.document(numbered, lambda n: (n,), lambda n: _comment(numbered[n]), **query)


def _comment(row: DraftCommentRow) -> Values:
    return {
        "id": row.id, "element": row.element, "element_name": row.element_name, "text": row.text,
        "answers": row.answers, "said_at": row.said_at, "resolved_at": row.resolved_at,
    }  # fmt: skip


@api.operation(
    "POST",
    "/drafts/<uuid:draft_id>/comments",
    body=schemas.NewComment,
    answer=schemas.DraftComment,
    status=201,
)
@permission(Action.SERVICE_TRANSLATE)
def create_draft_comment(draft_id: str, body: Values) -> Values:
    """Say something about a draft or an element of its diagram."""
    made = g.runtime.run(
        g.actor, review.comment, draft_id, body["text"], element=body["element"],
        answers=str(body["answers"]) if body["answers"] else None,
        comment_id=str(body["command_id"]) if body["command_id"] else None,
    )  # fmt: skip
    return _comment(made)


@api.operation(
    "POST", "/drafts/<uuid:draft_id>/comments/<uuid:comment_id>/resolution", answer=schemas.DraftComment
)
@permission(Action.SERVICE_DRAFT)
def resolve_draft_comment(draft_id: str, comment_id: str) -> Values:
    """Say that what a comment asks for is done."""
    return _comment(g.runtime.run(g.actor, review.resolve, draft_id, comment_id))


def _view(row: DraftRow) -> Values:
    return {
        "id": row.id, "service": row.service_code, "names": row.names, "version": row.version,
        "languages": row.languages, "state": row.state, "origin": row.origin, "origin_name": row.origin_name,
        "revision": row.revision, "diagram_revision": row.diagram_revision,
        "content_sha256": row.content_sha256, "created_at": row.created_at, "changed_at": row.changed_at,
    }  # fmt: skip
