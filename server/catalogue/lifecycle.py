"""A version out of use, its handbook and its drawing: the pages around a published version."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Final

from flask import Blueprint, Response, g, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from server.actor import Action
from server.catalogue import service as catalogue
from server.catalogue.models import ServiceVersionRow
from server.documents.diagram_svg import diagram_svg
from server.documents.handbook import handbook as handbook_of
from server.http.frame import go
from server.http.locale import current_locale, gettext, localised
from server.http.operations import attachment
from server.http.security import permission
from server.http.words import node_titles
from server.people import service as people
from server.price_lists import service as price_lists
from server.runtime import Tx
from service_library.package import manifest as manifest_of

pages = Blueprint("versions", __name__)
_UUID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@pages.post("/services/<code>/<version>/deprecate")
@permission(Action.SERVICE_PUBLISH)
def deprecate(code: str, version: str) -> BaseResponse:
    """Say that the version is no longer recommended."""
    return _out_of_use(catalogue.deprecate, code, version, gettext("This version is no longer recommended."))


@pages.post("/services/<code>/<version>/recall")
@permission(Action.SERVICE_PUBLISH)
def recall(code: str, version: str) -> BaseResponse:
    """Forbid the version for anything new."""
    return _out_of_use(
        catalogue.recall, code, version, gettext("This version is recalled: nothing new begins with it.")
    )


def _out_of_use(step: Callable[..., ServiceVersionRow], code: str, version: str, words: str) -> BaseResponse:
    chosen = request.form.get("command", "")

    def carry_out(tx: Tx) -> ServiceVersionRow:
        row = catalogue.find_version(tx, code, version)
        return step(
            tx, row.id, reason=request.form.get("reason", "")[:2000],
            command_id=chosen if _UUID.fullmatch(chosen) else None,
        )  # fmt: skip

    g.runtime.run(g.actor, carry_out)
    return go(url_for("catalogue.service", code=code, version=version), words, "needs")


@pages.get("/services/<code>/<version>/handbook.pdf")
@permission(Action.SERVICE_READ)
def handbook(code: str, version: str) -> Response:
    """The handbook of a version in the reader's language."""
    content = g.runtime.read(g.actor, handbook_of_version, code, version, current_locale())
    return attachment(content, f"{code}-{version}-{current_locale()}.pdf", "application/pdf")


def handbook_of_version(
    tx: Tx, code: str, version: str, locale: str, deadlines: Mapping[str, int] | None = None
) -> bytes:
    """The handbook of a version in a language, with a region's deadlines where it has set some. Raises NotFound."""
    row = catalogue.find_version(tx, code, version)
    return handbook_of(
        catalogue.package(tx, row.id), locale=locale, skills=people.skills(tx),
        items={item.code: item.names for item in price_lists.items(tx)},
        state=row.status, base_url=tx.settings.base_url, deadlines=deadlines or {},
    )  # fmt: skip


@pages.get("/services/<code>/<version>/diagram.svg")
@permission(Action.SERVICE_READ)
def drawing(code: str, version: str) -> Response:
    """The diagram as a drawing, its tasks named in the reader's language."""
    content = g.runtime.read(g.actor, drawing_of_version, code, version)
    return attachment(content.encode(), f"{code}-{version}.svg", "image/svg+xml")


def drawing_of_version(tx: Tx, code: str, version: str) -> str:
    """The diagram of a version as SVG. Raises NotFound."""
    row = catalogue.find_version(tx, code, version)
    definition = catalogue.package(tx, row.id).definition
    return str(diagram_svg(row.bpmn, title=localised(row.names), names=node_titles(definition)))


@pages.get("/services/<code>/<version>/manifest.txt")
@permission(Action.SERVICE_READ)
def manifest(code: str, version: str) -> Response:
    """The lines that the digest of a version is the SHA-256 of: sha256sum of this file gives the digest."""
    content = g.runtime.read(g.actor, manifest_of_version, code, version)
    return attachment(content, f"{code}-{version}-manifest.txt", "text/plain; charset=utf-8")


def manifest_of_version(tx: Tx, code: str, version: str) -> bytes:
    """The canonical lines of a version. Raises NotFound."""
    return manifest_of(catalogue.package(tx, catalogue.find_version(tx, code, version).id))
