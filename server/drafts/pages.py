"""Drafts for people: the list, a draft's overview, the modeler."""

from __future__ import annotations

import re
from typing import Any, Final

from flask import Blueprint, Response, current_app, g, render_template, request, url_for
from werkzeug.exceptions import BadRequest
from werkzeug.wrappers import Response as BaseResponse

from server.actor import Action, can
from server.catalogue import service as catalogue
from server.documents.handbook import handbook as handbook_of
from server.drafts import contents, files, views
from server.drafts import service as drafts
from server.drafts.service import DraftRow
from server.http.frame import go, new_id
from server.http.locale import current_locale, gettext, localised, ngettext
from server.http.navigation import N_
from server.http.operations import attachment
from server.http.security import content_policy, csrf_token, permission
from server.people import service as people
from server.quotes import prices
from server.runtime import Tx
from service_library.importing import code_of
from translations import script_words
from workflows.definitions.model import LANGUAGES
from workflows.errors import InvalidInput
from workflows.problems import blocking

pages = Blueprint("drafts", __name__)
_UUID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
STARTERS: Final = (
    ("single_delivery", N_("Single delivery"), N_("One person brings a thing to a place and has it confirmed.")),
    ("village_meeting", N_("Village meeting"), N_("Announce, hold, report; again when too few people come.")),
    ("two_skills", N_("Survey and report"), N_("One person asks the households, another one writes the report.")),
)  # fmt: skip
"""(name, title, what it is)"""


@pages.get("/drafts")
@permission(Action.SERVICE_TRANSLATE)
def drafts_list() -> str:
    """The drafts: what waits for the reader, the reader's own, the others."""
    return render_template("drafts/drafts.html", page=g.runtime.read(g.actor, views.draft_list))


@pages.get("/drafts/new")
@permission(Action.SERVICE_DRAFT)
def new() -> str:
    """What a new service begins from: a starter, a version that exists, a file; ?service= chooses a copy."""
    chosen = request.args.get("service", "")[:100]
    return render_template(
        "drafts/new.html", starters=STARTERS, chosen=chosen, languages=LANGUAGES,
        version=request.args.get("version", "")[:40], versions=g.runtime.read(g.actor, catalogue.versions),
    )  # fmt: skip


@pages.post("/drafts")
@permission(Action.SERVICE_DRAFT)
def make() -> BaseResponse:
    """Begin a draft from a starter, a copy or a file, and open it in the modeler."""
    chosen = request.form.get("id", "")
    draft_id = chosen if _UUID.fullmatch(chosen) else None
    made = g.runtime.run(g.actor, drafts.make, _source(), draft_id=draft_id)
    if made.problems:
        words = ngettext(
            "The file was imported. %(number)s thing is worth a look.",
            "The file was imported. %(number)s things are worth a look.", len(made.problems),
        )  # fmt: skip
        return go(url_for("drafts.overview", draft_id=made.row.id), words, "needs")
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
        service, _, version = sent.get("of", "")[:150].partition(" ")
        return drafts.FromVersion(service, version, code, names or None)
    file = request.files.get("file")
    if kind != "import" or file is None:
        raise BadRequest
    return drafts.FromFile((file.filename or "")[:200], file.read())


@pages.get("/drafts/<uuid:draft_id>")
@permission(Action.SERVICE_TRANSLATE)
def overview(draft_id: object) -> str:
    """A draft: where it is on its way to publication, and what is the next step."""
    page = g.runtime.read(g.actor, views.draft_page, str(draft_id))
    return render_template("drafts/draft.html", page=page, languages=LANGUAGES, new_id=new_id)


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
            "version": row.version, "person": tx.actor.user_id,
        },
        "language": current_locale(),
        "languages": list(LANGUAGES),
        "addresses": {
            "diagram": url_for("draft_files.diagram", **here),
            "lint": url_for("draft_live.lint_diagram", **here),
            "price": url_for("draft_live.price", **here),
            "feel": url_for("draft_live.feel", **here),
            "vocabulary": url_for("draft_files.vocabulary", **here),
            "overview": url_for("drafts.overview", **here),
            "handbook": url_for("drafts.handbook", **here),
            "forms": url_for("draft_files.forms", **here),
            "decisions": url_for("draft_files.decisions", **here),
            "comments": url_for("draft_reviews.comments_json", **here),
        },
        "csrf": csrf_token(),
        "regions": [region.path for region in prices.priced_regions(tx)[: prices.MOST_REGIONS]],
        "words": script_words(current_locale()),
        "testing": current_app.testing,
    }  # fmt: skip
    return row, config


def title_of(row: DraftRow) -> str:
    """What a draft is called in the reader's language."""
    return localised(row.names) or row.service_code or gettext("Service without a name")


@pages.get("/drafts/<uuid:draft_id>/handbook.pdf")
@permission(Action.SERVICE_TRANSLATE)
def handbook(draft_id: object) -> Response:
    """The handbook of the service as the draft says it, in the reader's language, marked as a draft."""
    row, content = g.runtime.read(g.actor, _handbook, str(draft_id))
    return attachment(content, f"{row.service_code or 'service'}-{row.version}-draft.pdf", "application/pdf")


def _handbook(tx: Tx, draft_id: str) -> tuple[DraftRow, bytes]:
    row = drafts.draft(tx, draft_id)
    found = drafts.opened(drafts.content(tx, draft_id))
    if found.assembly.package is None:
        raise InvalidInput(blocking(found.assembly.problems))
    return row, handbook_of(
        found.assembly.package, locale=current_locale(), skills=people.skills(tx), items=prices.item_names(tx),
        state="draft",
    )  # fmt: skip


# What the overview sends --------------------------------------------------------------------------------


@pages.post("/drafts/<uuid:draft_id>/settings")
@permission(Action.SERVICE_DRAFT)
def settings(draft_id: object) -> BaseResponse:
    """Which version it is to be, and which languages it must be complete in."""
    sent = request.form
    g.runtime.run(
        g.actor, drafts.set_publication, str(draft_id), version=sent.get("version", "").strip()[:40],
        languages=sent.getlist("language"),
    )  # fmt: skip
    return _back(draft_id, gettext("Saved."))


@pages.post("/drafts/<uuid:draft_id>/restore")
@permission(Action.SERVICE_DRAFT)
def restore(draft_id: object) -> BaseResponse:
    """Bring an earlier revision back."""
    number = request.form.get("revision", 0, type=int)
    g.runtime.run(g.actor, drafts.restore, str(draft_id), number)
    return _back(
        draft_id,
        gettext("Revision %(number)s is back. What was there is kept as a revision, too.", number=number),
    )


@pages.post("/drafts/<uuid:draft_id>/files")
@permission(Action.SERVICE_DRAFT)
def add_file(draft_id: object) -> BaseResponse:
    """Add or replace a form or decision model; its problems are on the overview then."""
    kind: contents.Kind = "decisions" if request.form.get("kind") == "decisions" else "forms"
    sent = request.files.get("file")
    if sent is None or not sent.filename:
        raise BadRequest
    name = sent.filename.replace("\\", "/").rpartition("/")[2][:200]
    ref = request.form.get("ref", "").strip()[:100] or code_of(name.rpartition(".")[0] or name)
    problems = g.runtime.run(
        g.actor, drafts.save_file, str(draft_id), kind, ref, contents.NamedFile(name, sent.read())
    )
    if problems:
        words = ngettext(
            "%(file)s is saved; %(number)s problem is shown beside it.",
            "%(file)s is saved; %(number)s problems are shown beside it.", len(problems), file=name,
        )  # fmt: skip
        return _back(draft_id, words, "needs", "files")
    return _back(draft_id, gettext("%(file)s is saved.", file=name), "done", "files")


@pages.post("/drafts/<uuid:draft_id>/files/remove")
@permission(Action.SERVICE_DRAFT)
def remove_file(draft_id: object) -> BaseResponse:
    """Leave a form or decision model out."""
    kind: contents.Kind = "decisions" if request.form.get("kind") == "decisions" else "forms"
    ref = request.form.get("ref", "")[:100]
    g.runtime.run(g.actor, drafts.remove_file, str(draft_id), kind, ref)
    return _back(
        draft_id, gettext("%(file)s is removed; an earlier revision still has it.", file=ref), "done", "files"
    )


def _back(draft_id: object, notice: str, tone: str = "done", anchor: str = "") -> BaseResponse:
    address = url_for("drafts.overview", draft_id=str(draft_id), _anchor=anchor or None)
    return go(address, notice, tone)
