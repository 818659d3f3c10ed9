"""Translations over the API: PO files out and in, and how far each language is."""

from __future__ import annotations

from flask import Response, g

from server.actor import Action
from server.catalogue import service as catalogue
from server.http.documents import DryRunQuery, Values, problem
from server.http.operations import ApiBlueprint, Part, Parts, attachment
from server.http.security import permission
from server.runtime import Tx
from server.texts import schemas
from server.texts import service as texts

api = ApiBlueprint(
    "texts_api", __name__, tag="Translations", description="The texts of services as PO files."
)
PO_TYPE = "text/x-gettext-translation"
_PARTS = (Part("file", "A PO file in that language, exported from here and translated."),)


@api.operation(
    "GET", "/services/<code:code>/versions/<code:version>/texts/<code:language>", produces=(PO_TYPE,)
)
@permission(Action.SERVICE_READ)
def download_version_texts(code: str, version: str, language: str) -> Response:
    """Download the texts of a published version in a language as a PO file."""
    content = g.runtime.read(g.actor, _version_texts, code, version, language)
    return attachment(content, f"{code}-{version}-{language}.po", PO_TYPE)


def _version_texts(tx: Tx, code: str, version: str, language: str) -> bytes:
    return texts.export_version(tx, catalogue.find_version(tx, code, version).id, language)


@api.operation("GET", "/drafts/<uuid:draft_id>/texts", answer=schemas.DraftProgress)
@permission(Action.SERVICE_TRANSLATE)
def read_draft_progress(draft_id: str) -> Values:
    """Read how far each language of a draft is."""
    found = g.runtime.read(g.actor, texts.sheet, draft_id)
    names = ("language", "total", "done", "stale", "missing", "names")
    return {"languages": [{name: getattr(each, name) for name in names} for each in found.progress]}


@api.operation("GET", "/drafts/<uuid:draft_id>/texts/<code:language>", produces=(PO_TYPE,))
@permission(Action.SERVICE_TRANSLATE)
def download_draft_texts(draft_id: str, language: str) -> Response:
    """Download the texts of a draft in a language as a PO file; stale ones are marked fuzzy."""
    content = g.runtime.read(g.actor, texts.export_draft, draft_id, language)
    return attachment(content, f"draft-{language}.po", PO_TYPE)


@api.operation(
    "POST", "/drafts/<uuid:draft_id>/texts/<code:language>", query=DryRunQuery, parts=_PARTS,
    answer=schemas.Imported,
)  # fmt: skip
@permission(Action.SERVICE_TRANSLATE)
def import_draft_texts(draft_id: str, language: str, query: Values, parts: Parts) -> Values:
    """Take over the translations of a PO file.

    Nothing that is there gets lost: entries that are empty, fuzzy, unknown, there twice or made of another original
    are reported and left out.
    """
    dry_run = query["dry_run"]
    carry_out = g.runtime.read if dry_run else g.runtime.run
    report = carry_out(g.actor, texts.import_po, draft_id, parts.file("file")[1], language, dry_run=dry_run)
    return {
        "changed": len(report.changes), "dry_run": dry_run,
        "entries": [
            {"key": each.key, "outcome": each.outcome, "before": each.before, "text": each.text}
            for each in report.lines
        ],
        "problems": [problem(each) for each in report.problems],
    }  # fmt: skip
