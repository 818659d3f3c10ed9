"""What the modeler's scripts fetch and send: the diagram, the forms and decision models, the vocabulary.

A diagram is saved with If-Match, the entity tag it was loaded with: two tabs or two people never overwrite each
other unseen (RFC 9110, 13.1.1; RFC 6585, 3 for 428). Refusals are problem documents.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final

from flask import Blueprint, Response, g, jsonify, make_response, request
from werkzeug.exceptions import (
    PreconditionRequired,
    RequestEntityTooLarge,
    UnsupportedMediaType,
)

from server.accounts import service as accounts
from server.actor import Action
from server.drafts import service as drafts
from server.drafts.contents import Content, Kind, NamedFile
from server.drafts.service import DraftChanged, DraftRow
from server.drafts.vocabulary import vocabulary as vocabulary_of
from server.errors import NotFound
from server.http.locale import current_catalogue
from server.http.security import permission
from server.runtime import Tx
from workflows import xml
from workflows.problems import Problem

pages = Blueprint("draft_files", __name__)
_TAG: Final = re.compile(r'(?:W/)?"([0-9]{1,15})"')
_XML: Final = frozenset({"application/xml", "text/xml", "application/octet-stream", "application/bpmn+xml"})


@dataclass(frozen=True, slots=True)
class Saved:
    """The answer to a save. by, at: who saved before, when it is refused."""

    etag: str
    by: str = ""
    at: str = ""


@pages.get("/drafts/<uuid:draft_id>/diagram.bpmn")
@permission(Action.SERVICE_TRANSLATE)
def diagram(draft_id: object) -> Response:
    """The diagram as it was saved last; ?revision= an earlier one, ?download=1 saves it as a file."""
    row, bpmn = g.runtime.read(g.actor, _diagram, str(draft_id), request.args.get("revision", type=int))
    response = make_response(bpmn)
    response.content_type = "application/xml; charset=utf-8"
    if "revision" not in request.args:
        response.headers["ETag"] = drafts.etag(row)
        response.headers["Cache-Control"] = "private, no-cache"
    if request.args.get("download"):
        name = f"{row.service_code or 'service'}-{row.version}-draft.bpmn"
        response.headers.set("Content-Disposition", "attachment", filename=name)
    return response


def _diagram(tx: Tx, draft_id: str, number: int | None) -> tuple[DraftRow, bytes]:
    return drafts.draft(tx, draft_id), drafts.content(tx, draft_id, number).bpmn


@pages.put("/drafts/<uuid:draft_id>/diagram.bpmn")
@permission(Action.SERVICE_DRAFT)
def save_diagram(draft_id: object) -> Response:
    """Save the diagram: 204 with its new ETag, 412 with who saved meanwhile, 428 without If-Match."""
    expected = _expected()
    body = _body()
    try:
        row = g.runtime.run(g.actor, drafts.save_diagram, str(draft_id), body, expected=expected)
    except DraftChanged as changed:
        response = jsonify({**changed.params, "code": changed.code, "title": str(changed)})
        response.status_code = 412
        response.headers["ETag"] = str(changed.params["etag"])
        return response
    return _no_content(drafts.etag(row))


def _expected() -> int:
    """The revision in If-Match; "*" is no answer to what was changed, so it is refused too."""
    found = _TAG.fullmatch(request.headers.get("If-Match", "").strip())
    if found is None:
        raise PreconditionRequired
    return int(found[1])


def _body() -> bytes:
    """The XML in the body; what is larger than a diagram may be is not even read."""
    if request.mimetype not in _XML:
        raise UnsupportedMediaType
    if (request.content_length or 0) > xml.DEFAULT.size:
        raise RequestEntityTooLarge
    request.max_content_length = xml.DEFAULT.size  # of a body that does not say its length
    return request.get_data(cache=False)


def _no_content(etag: str) -> Response:
    response = make_response(b"", 204)
    response.headers["ETag"] = etag
    return response


@pages.get("/drafts/<uuid:draft_id>/vocabulary.json")
@permission(Action.SERVICE_TRANSLATE)
def vocabulary(draft_id: object) -> Response:
    """What the modeler offers to choose from."""
    return jsonify(g.runtime.read(g.actor, vocabulary_of, str(draft_id)))


# Forms and decision models ------------------------------------------------------------------------------


@pages.get("/drafts/<uuid:draft_id>/forms")
@permission(Action.SERVICE_TRANSLATE)
def forms(draft_id: object) -> Response:
    """The forms of the draft with what is wrong with each."""
    return jsonify(g.runtime.read(g.actor, _list, str(draft_id), "forms"))


@pages.get("/drafts/<uuid:draft_id>/decisions")
@permission(Action.SERVICE_TRANSLATE)
def decisions(draft_id: object) -> Response:
    """The decision models of the draft with what is wrong with each."""
    return jsonify(g.runtime.read(g.actor, _list, str(draft_id), "decisions"))


@pages.get("/drafts/<uuid:draft_id>/<any(forms, decisions):kind>/<ref>")
@permission(Action.SERVICE_TRANSLATE)
def file(draft_id: object, kind: Kind, ref: str) -> Response:
    """A form or decision model as it was sent."""
    found = g.runtime.read(g.actor, _file, str(draft_id), kind, ref)
    response = make_response(found.content)
    response.content_type = "application/octet-stream"
    response.headers.set("Content-Disposition", "attachment", filename=found.name)
    response.headers["Content-Security-Policy"] = "sandbox; default-src 'none'"
    return response


@pages.put("/drafts/<uuid:draft_id>/<any(forms, decisions):kind>/<ref>")
@permission(Action.SERVICE_DRAFT)
def save_file(draft_id: object, kind: Kind, ref: str) -> Response:
    """Add or replace a form (XLSForm) or decision model (DMN); answers the problems it has."""
    if (request.content_length or 0) > drafts.MAX_FILE:
        raise RequestEntityTooLarge
    request.max_content_length = drafts.MAX_FILE  # of a body that does not say its length
    name = request.args.get("name", "")[:100] or f"{ref}.{'md' if kind == 'forms' else 'dmn'}"
    sent = NamedFile(name, request.get_data(cache=False))
    problems = g.runtime.run(g.actor, drafts.save_file, str(draft_id), kind, ref, sent)
    return jsonify({"ref": ref, "problems": problems_as_json(problems)})


@pages.delete("/drafts/<uuid:draft_id>/<any(forms, decisions):kind>/<ref>")
@permission(Action.SERVICE_DRAFT)
def remove_file(draft_id: object, kind: Kind, ref: str) -> Response:
    """Leave a form or decision model out."""
    g.runtime.run(g.actor, drafts.remove_file, str(draft_id), kind, ref)
    return make_response(b"", 204)


def _list(tx: Tx, draft_id: str, kind: Kind) -> dict[str, Any]:
    held = drafts.content(tx, draft_id)
    found = drafts.opened(held).assembly
    built = found.package.forms if found.package else {}
    return {
        kind: [
            {"ref": ref, "name": each.name, "size": len(each.content),
             "title": built[ref].title if kind == "forms" and ref in built else "",
             "problems": problems_as_json(drafts.problems_of_file(found.problems, ref))}
            for ref, each in sorted(_files(held, kind).items())
        ]
    }  # fmt: skip


def _files(held: Content, kind: Kind) -> dict[str, NamedFile]:
    return dict(held.forms if kind == "forms" else held.decisions)


def _file(tx: Tx, draft_id: str, kind: Kind, ref: str) -> NamedFile:
    found = _files(drafts.content(tx, draft_id), kind).get(ref)
    if found is None:
        raise NotFound(what="form" if kind == "forms" else "decision model", key=ref)
    return found


def problems_as_json(problems: tuple[Problem, ...]) -> list[dict[str, str]]:
    """Problems in the reader's language, as the lint panel shows them."""
    texts = current_catalogue().texts
    return [
        {"code": p.code, "severity": p.severity, "element": p.place, "message": p.text(texts)}
        for p in problems
    ]


def saver(tx: Tx, row: DraftRow) -> str:
    """The name of who saved a draft last."""
    return accounts.names(tx, [row.changed_by]).get(row.changed_by, "")
