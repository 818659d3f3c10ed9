"""Services over the API: reading versions with their cards, diagrams and forms; taking them out of use.

A version comes to be through `server.drafts.api` only: one person writes, another approves.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Response, g, url_for

from server.actor import Action
from server.catalogue import lifecycle, schemas
from server.catalogue import service as catalogue
from server.catalogue.service import ServiceVersionRow
from server.errors import NotFound
from server.http import paging
from server.http.documents import PageQuery, Values, page_of
from server.http.operations import ApiBlueprint, attachment
from server.http.security import permission
from server.runtime import Tx
from service_library.package import ServicePackage
from workflows.definitions.model import Node, Parameter

api = ApiBlueprint(
    "catalogue_api", __name__, tag="Services", description="Services, their versions and forms."
)


@api.operation("GET", "/services", query=PageQuery, answer=page_of(schemas.Service))
@permission(Action.SERVICE_READ)
def list_services(query: Values) -> Values:
    """List the services with their versions."""
    return g.runtime.read(g.actor, _services, query)  # type: ignore[no-any-return]


def _services(tx: Tx, query: Values) -> Values:
    by_code: dict[str, list[ServiceVersionRow]] = {}
    for row in catalogue.versions(tx):
        by_code.setdefault(row.service_code, []).append(row)

    def view(code: str) -> Values:
        rows = by_code[code]
        lines = [
            {"version": r.version, "status": r.status, "digest": r.digest, "published_at": r.published_at}
            for r in rows
        ]
        return {"code": code, "names": rows[0].names, "versions": lines}

    return paging.document(by_code, lambda code: (code,), view, **query)


@api.operation("GET", "/services/<code:code>/versions/<code:version>", answer=schemas.ServiceVersion)
@permission(Action.SERVICE_READ)
def read_service_version(code: str, version: str) -> Values:
    """Read a version: its card, its tasks' cards, its forms."""
    return g.runtime.read(g.actor, _find, code, version)  # type: ignore[no-any-return]


@api.operation("GET", "/services/<code:code>/versions/<code:version>/bpmn", produces=("application/xml",))
@permission(Action.SERVICE_READ)
def download_bpmn(code: str, version: str) -> Response:
    """Download the diagram as it was published."""
    content = g.runtime.read(g.actor, lambda tx: catalogue.find_version(tx, code, version).bpmn)
    return attachment(content, f"{code}-{version}.bpmn", "application/xml")


@api.operation(
    "GET", "/services/<code:code>/versions/<code:version>/forms/<code:ref>", produces=("application/xml",)
)
@permission(Action.SERVICE_READ)
def download_form(code: str, version: str, ref: str) -> Response:
    """Download a form of a version as an ODK XForm."""
    content = g.runtime.read(g.actor, _xform, code, version, ref)
    return attachment(content, f"{code}-{version}-{ref}.xml", "application/xml")


@api.operation(
    "GET", "/services/<code:code>/versions/<code:version>/handbook", query=schemas.LanguageQuery,
    produces=("application/pdf",),
)  # fmt: skip
@permission(Action.SERVICE_READ)
def download_handbook(code: str, version: str, query: Values) -> Response:
    """Download the handbook of a version: purpose, diagram, and each task with what it takes and proves."""
    language = query["language"]
    content = g.runtime.read(g.actor, lifecycle.handbook_of_version, code, version, language)
    return attachment(content, f"{code}-{version}-{language}.pdf", "application/pdf")


@api.operation("GET", "/services/<code:code>/versions/<code:version>/drawing", produces=("image/svg+xml",))
@permission(Action.SERVICE_READ)
def download_drawing(code: str, version: str) -> Response:
    """Download the diagram of a version as a drawing (SVG)."""
    content = g.runtime.read(g.actor, lifecycle.drawing_of_version, code, version)
    return attachment(content.encode(), f"{code}-{version}.svg", "image/svg+xml")


@api.operation("GET", "/services/<code:code>/versions/<code:version>/manifest", produces=("text/plain",))
@permission(Action.SERVICE_READ)
def download_manifest(code: str, version: str) -> Response:
    """Download the lines whose SHA-256 is the digest of a version."""
    content = g.runtime.read(g.actor, lifecycle.manifest_of_version, code, version)
    return attachment(content, f"{code}-{version}-manifest.txt", "text/plain; charset=utf-8")


@api.operation(
    "POST", "/services/<code:code>/versions/<code:version>/deprecation", body=schemas.OutOfUse,
    answer=schemas.ServiceVersion,
)  # fmt: skip
@permission(Action.SERVICE_PUBLISH)
def deprecate_service_version(code: str, version: str, body: Values) -> Values:
    """Say that a version is no longer recommended; it can still be used."""
    return g.runtime.run(g.actor, _out_of_use, catalogue.deprecate, code, version, body)  # type: ignore[no-any-return]


@api.operation(
    "POST", "/services/<code:code>/versions/<code:version>/recall", body=schemas.OutOfUse,
    answer=schemas.ServiceVersion,
)  # fmt: skip
@permission(Action.SERVICE_PUBLISH)
def recall_service_version(code: str, version: str, body: Values) -> Values:
    """Forbid a version for anything new; by somebody else than who published it. What runs goes on."""
    return g.runtime.run(g.actor, _out_of_use, catalogue.recall, code, version, body)  # type: ignore[no-any-return]


def _out_of_use(
    tx: Tx, step: Callable[..., ServiceVersionRow], code: str, version: str, body: Values
) -> Values:
    row = catalogue.find_version(tx, code, version)
    command = str(body["command_id"]) if body["command_id"] else None
    return _version(tx, step(tx, row.id, reason=body["reason"], command_id=command))


def _xform(tx: Tx, code: str, version: str, ref: str) -> bytes:
    package = catalogue.package(tx, catalogue.find_version(tx, code, version).id)
    if ref not in package.forms:
        raise NotFound(what="form", key=ref)
    return package.forms[ref].xform


def _find(tx: Tx, code: str, version: str) -> Values:
    return _version(tx, catalogue.find_version(tx, code, version))


def _version(tx: Tx, row: ServiceVersionRow) -> Values:
    package = catalogue.package(tx, row.id)
    card = package.definition.service
    return {
        "id": row.id, "service": row.service_code, "version": row.version, "status": row.status,
        "digest": row.digest, "published_at": row.published_at, "names": row.names,
        "justification": dict(card.justification), "purpose": dict(card.purpose),
        "parameters": [_parameter(p) for p in card.parameters],
        "tasks": [task_card(package, node) for node in package.definition.tasks()],
        "forms": [
            {"ref": ref, "form_id": form.form_id, "version": form.version, "md5": form.md5,
             "href": form_address(row, ref)}
            for ref, form in sorted(package.forms.items())
        ],
        "out_of_use": [
            {"step": s.step, "reason": s.reason, "done_at": s.done_at} for s in catalogue.out_of_use(tx, row.id)
        ],
        "bpmn": url_for("catalogue_api.download_bpmn", code=row.service_code, version=row.version),
    }  # fmt: skip


def form_address(row: ServiceVersionRow, ref: str) -> str:
    """Where a form of a version is."""
    return url_for("catalogue_api.download_form", code=row.service_code, version=row.version, ref=ref)


def _parameter(found: Parameter) -> Values:
    def number(value: Any) -> str | None:  # noqa: ANN401  (Decimal or None)
        return None if value is None else f"{value:f}"

    return {
        "id": found.id, "label": dict(found.label), "unit": found.unit, "default": number(found.default),
        "minimum": number(found.minimum), "maximum": number(found.maximum),
    }  # fmt: skip


def task_card(package: ServicePackage, node: Node) -> Values:
    """A task's card as the API answers it."""
    card = node.task
    assert card is not None, "only tasks with a card are shown"
    return {
        "id": node.id, "title": dict(card.title), "skill": card.skill, "outcome": dict(card.outcome),
        "instructions": dict(card.instructions),
        "activities": [{"id": a.id, "label": dict(a.label)} for a in card.activities],
        "criteria": [{"id": c.id, "label": dict(c.label)} for c in card.criteria],
        "evidence": [
            {"id": e.id, "kind": e.kind, "label": dict(e.label), "mandatory": e.mandatory, "minimum": e.min,
             "field": e.field}
            for e in card.evidence
        ],
        "expenses": [
            {"id": e.id, "item": e.item, "quantity": e.quantity, "unit": e.unit, "label": dict(e.label),
             "payer": e.payer, "in_kind": e.in_kind, "procurement": e.procurement, "charge": e.charge}
            for e in card.expenses
        ],
        "honorarium_item": card.honorarium.item if card.honorarium else None,
        "honorarium_quantity": card.honorarium.quantity if card.honorarium else None,
        "forms": [
            {"role": f.role, "ref": f.ref, "version": f.version, "form_id": package.forms[f.ref].form_id}
            for f in card.forms if f.ref in package.forms
        ],
        "verification": card.verification.policy, "gate": card.verification.gate,
        "deadline_days": card.deadline_days,
    }  # fmt: skip
