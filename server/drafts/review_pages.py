"""The review of a draft: what changed, what is said about it, and the decision."""

from __future__ import annotations

import re
from typing import Any, Final

from flask import Blueprint, Response, g, jsonify, render_template, request, url_for
from werkzeug.exceptions import BadRequest
from werkzeug.wrappers import Response as BaseResponse

from server.actor import Action
from server.documents.diagram_svg import Mark, diagram_svg
from server.drafts import review, views
from server.drafts.pages import title_of
from server.http import json_body
from server.http.frame import go, new_id
from server.http.locale import gettext
from server.http.security import permission
from server.http.words import node_titles
from server.runtime import Tx

pages = Blueprint("draft_reviews", __name__)
_UUID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@pages.get("/drafts/<uuid:draft_id>/review")
@permission(Action.SERVICE_TRANSLATE)
def review_page(draft_id: object) -> str:
    """The diagram with its comments, what changed against the last published version, lint, the price."""
    page, lines = g.runtime.read(g.actor, _review, str(draft_id))
    marks: dict[str, Mark] = {e.id: e.kind for e in page.elements}
    drawn = diagram_svg(
        page.ready.held.bpmn, title=title_of(page.row), marks=marks,
        names=node_titles(page.definition) if page.definition else None,
    )  # fmt: skip
    return render_template("drafts/review.html", page=page, lines=lines, drawing=drawn, new_id=new_id)


def _review(tx: Tx, draft_id: str) -> tuple[views.DraftPage, list[views.PriceLine]]:
    page = views.draft_page(tx, draft_id)
    return page, views.price_lines(tx, page)


@pages.post("/drafts/<uuid:draft_id>/review")
@permission(Action.SERVICE_TRANSLATE)
def step(draft_id: object) -> BaseResponse:
    """Take a step: ask, withdraw, approve, send_back, abandon, reopen."""
    sent, own_id = request.form, str(draft_id)
    note = sent.get("note", "")[: review.MAX_TEXT + 1]
    command: dict[str, Any] = {"command_id": _command()}
    looked_at = sent.get("content_sha256", "")[:64]
    match sent.get("step"):
        case "ask":
            g.runtime.run(g.actor, review.ask, own_id, note=note, **command)
            words = gettext("Your draft waits for a review. Another expert sees it on the page Today.")
        case "withdraw":
            g.runtime.run(g.actor, review.withdraw, own_id, **command)
            words = gettext("The draft is back with you.")
        case "approve":
            g.runtime.run(g.actor, review.approve, own_id, content_sha256=looked_at, note=note, **command)
            words = gettext("The draft is approved. A change would make that void.")
        case "send_back":
            g.runtime.run(g.actor, review.send_back, own_id, content_sha256=looked_at, note=note, **command)
            words = gettext("The draft is sent back with your words.")
        case "abandon":
            g.runtime.run(g.actor, review.abandon, own_id, **command)
            words = gettext("The draft is put away. It can be taken up again.")
        case "reopen":
            g.runtime.run(g.actor, review.reopen, own_id, **command)
            words = gettext("The draft is open again.")
        case _:
            raise BadRequest
    return go(url_for("drafts.overview", draft_id=own_id), words)


@pages.post("/drafts/<uuid:draft_id>/publish")
@permission(Action.SERVICE_PUBLISH)
def publish(draft_id: object) -> BaseResponse:
    """Publish the approved draft, for good."""
    row = g.runtime.run(g.actor, review.publish, str(draft_id), command_id=_command())
    words = gettext("Version %(version)s is published. From now on it never changes.", version=row.version)
    return go(url_for("catalogue.service", code=row.service_code, version=row.version), words)


def _command() -> str | None:
    chosen = request.form.get("command", "")
    return chosen if _UUID.fullmatch(chosen) else None


@pages.post("/drafts/<uuid:draft_id>/comments")
@permission(Action.SERVICE_TRANSLATE)
def comment(draft_id: object) -> BaseResponse | Response:
    """Say something; a script (Accept: application/json) gets the comment, a page goes back where it came from."""
    sent = json_body.read(request.get_data(cache=False)) if request.is_json else request.form
    if not isinstance(sent, dict) and sent is not request.form:
        raise BadRequest
    words = {name: sent.get(name) or "" for name in ("text", "element", "answers", "command")}
    if not all(isinstance(word, str) for word in words.values()):
        raise BadRequest
    made = g.runtime.run(
        g.actor, review.comment, str(draft_id), words["text"], element=words["element"][:200],
        answers=words["answers"] if _UUID.fullmatch(words["answers"]) else None,
        comment_id=words["command"] if _UUID.fullmatch(words["command"]) else None,
    )  # fmt: skip
    if request.is_json:
        return jsonify({"id": made.id, **g.runtime.read(g.actor, _comments, str(draft_id))})
    return go(
        f"{_origin(str(draft_id))}#comment-{made.answers or made.id}", gettext("Your comment is there.")
    )


@pages.post("/drafts/<uuid:draft_id>/comments/<uuid:comment_id>/resolve")
@permission(Action.SERVICE_DRAFT)
def resolve(draft_id: object, comment_id: object) -> BaseResponse | Response:
    """Say that what a comment asks for is done."""
    g.runtime.run(g.actor, review.resolve, str(draft_id), str(comment_id))
    if request.is_json:
        return jsonify(g.runtime.read(g.actor, _comments, str(draft_id)))
    return go(f"{_origin(str(draft_id))}#comment-{comment_id}", gettext("The comment is resolved."))


def _origin(draft_id: str) -> str:
    """The page a form was on: the review, else the overview."""
    endpoint = "draft_reviews.review_page" if request.form.get("from") == "review" else "drafts.overview"
    return url_for(endpoint, draft_id=draft_id)


@pages.get("/drafts/<uuid:draft_id>/comments.json")
@permission(Action.SERVICE_TRANSLATE)
def comments_json(draft_id: object) -> Response:
    """All comments, as the modeler shows them at their elements."""
    return jsonify(g.runtime.read(g.actor, _comments, str(draft_id)))


def _comments(tx: Tx, draft_id: str) -> dict[str, Any]:
    page_people = views.draft_people(tx, draft_id)
    return {
        "comments": [
            {
                "id": row.id, "element": row.element, "name": row.element_name, "text": row.text,
                "answers": row.answers, "at": row.said_at.isoformat(), "by": page_people.get(row.said_by, ""),
                "mine": row.said_by == tx.actor.user_id, "resolved": row.resolved_at is not None,
            }
            for row in review.comments(tx, draft_id)
        ]
    }  # fmt: skip
