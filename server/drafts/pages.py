"""Drafts for people: the list, a draft's overview, the modeler."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import Blueprint, current_app, g, render_template, request, url_for
from werkzeug.exceptions import BadRequest
from werkzeug.wrappers import Response as BaseResponse

from server.actor import Action, can
from server.drafts import files
from server.drafts import service as drafts
from server.drafts.service import DraftRow
from server.http.frame import go
from server.http.locale import current_locale, gettext, localised
from server.http.security import content_policy, csrf_token, permission
from server.quotes import prices
from server.runtime import Tx
from workflows.definitions.model import LANGUAGES

pages = Blueprint("drafts", __name__)


@dataclass(frozen=True, slots=True)
class Overview:
    """Everything the overview says."""

    row: DraftRow


@pages.get("/drafts")
@permission(Action.SERVICE_TRANSLATE)
def drafts_list() -> str:
    """The drafts."""
    return render_template("drafts/drafts.html", rows=g.runtime.read(g.actor, drafts.drafts))


@pages.post("/drafts")
@permission(Action.SERVICE_DRAFT)
def make() -> BaseResponse:
    """Begin a draft from a starter, a copy or a file, and open it in the modeler."""
    made = g.runtime.run(g.actor, drafts.make, _source())
    return go(url_for("drafts.modeler", draft_id=made.row.id))


def _source() -> drafts.Source:
    """What the form says to begin from."""
    sent = request.form
    kind = sent.get("kind", "")
    code = sent.get("code", "").strip()[:64]
    names = {language: sent.get(f"name_{language}", "").strip()[:200] for language in LANGUAGES}
    names = {language: text for language, text in names.items() if text}
    if kind == "starter":
        return drafts.FromStarter(sent.get("starter", "")[:64], names, code)
    if kind == "copy" and sent.get("draft"):
        return drafts.FromDraft(sent["draft"][:36])
    if kind == "copy":
        return drafts.FromVersion(
            sent.get("service", "")[:100], sent.get("version", "")[:40], code, names or None
        )
    file = request.files.get("file")
    if kind != "import" or file is None:
        raise BadRequest
    return drafts.FromFile((file.filename or "")[:200], file.read())


@pages.get("/drafts/<uuid:draft_id>")
@permission(Action.SERVICE_TRANSLATE)
def overview(draft_id: object) -> str:
    """A draft: where it is on its way to publication."""
    return render_template("drafts/draft.html", row=g.runtime.read(g.actor, drafts.draft, str(draft_id)))


@pages.get("/drafts/<uuid:draft_id>/modeler")
@permission(Action.SERVICE_TRANSLATE)
def modeler(draft_id: object) -> str:
    """The modeler."""
    content_policy("diagram")
    row, config = g.runtime.read(g.actor, _modeler, str(draft_id))
    return render_template("drafts/modeler.html", row=row, config=config)


def _modeler(tx: Tx, draft_id: str) -> tuple[DraftRow, dict[str, Any]]:
    row = drafts.draft(tx, draft_id)
    here: dict[str, Any] = {"draft_id": row.id}
    read_only = row.state not in drafts.EDITABLE or not can(tx.actor, Action.SERVICE_DRAFT)
    config = {
        "draft": {
            "id": row.id, "code": row.service_code, "title": localised(row.names) or row.service_code,
            "etag": drafts.etag(row), "state": row.state, "readOnly": read_only, "by": files.saver(tx, row),
            "version": row.version,
        },
        "language": current_locale(),
        "languages": list(LANGUAGES),
        "addresses": {
            "diagram": url_for("draft_files.diagram", **here),
            "lint": f"/drafts/{row.id}/lint",
            "price": f"/drafts/{row.id}/price",
            "feel": f"/drafts/{row.id}/feel",
            "vocabulary": url_for("draft_files.vocabulary", **here),
            "overview": url_for("drafts.overview", **here),
            "handbook": f"/drafts/{row.id}/handbook.pdf",
            "forms": url_for("draft_files.forms", **here),
            "decisions": url_for("draft_files.decisions", **here),
            "comments": f"/drafts/{row.id}/comments.json",
        },
        "csrf": csrf_token(),
        "regions": [region.path for region in prices.priced_regions(tx)[: prices.MOST_REGIONS]],
        "words": {},
        "testing": current_app.testing,
    }  # fmt: skip
    return row, config


def title_of(row: DraftRow) -> str:
    """What a draft is called in the reader's language."""
    return localised(row.names) or row.service_code or gettext("Service without a name")
