"""Services for people: the list, a service's sheet, its diagram with the cards, two versions compared."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Blueprint, Response, g, make_response, render_template, request, url_for
from markupsafe import Markup
from werkzeug.wrappers import Response as BaseResponse

from server.accounts import service as accounts
from server.actor import Action
from server.catalogue import compared, completeness, listing
from server.catalogue import service as catalogue
from server.catalogue.models import ServiceVersionRow
from server.documents import CONTENT_SECURITY_POLICY
from server.errors import NotFound
from server.http.frame import go, new_id
from server.http.locale import current_locale
from server.http.security import content_policy, permission
from server.people import service as people
from server.quotes import prices
from server.runtime import Tx
from service_library import texts
from service_library.package import ServicePackage
from service_library.texts import Progress
from workflows.definitions.lint import lint
from workflows.definitions.model import LANGUAGES, Text
from workflows.problems import Problem

pages = Blueprint("catalogue", __name__)


@dataclass(frozen=True, slots=True)
class Sheet:
    """Everything the sheet says about one version."""

    row: ServiceVersionRow
    package: ServicePackage
    versions: list[ServiceVersionRow]
    steps: tuple[completeness.StepState, ...]
    problems: tuple[Problem, ...]
    skills: dict[str, Text]
    items: dict[str, Text]
    prices: list[prices.RegionPrice]
    usage: listing.Usage
    progress: tuple[Progress, ...]
    thumbnail: Markup
    out_of_use: list[catalogue.ServiceVersionStepRow]
    people: dict[str, str]


@dataclass(frozen=True, slots=True)
class Cards:
    """The diagram of a version and what its task cards speak of."""

    row: ServiceVersionRow
    package: ServicePackage
    skills: dict[str, Text]
    items: dict[str, Text]


@pages.get("/services")
@permission(Action.SERVICE_READ)
def services() -> str:
    """Every service with its newest version; ?q=, ?output=, ?skill=, ?region=, ?language=, ?state= filter."""
    wanted = listing.Filters.of(request.args)
    found, choices = g.runtime.read(g.actor, _services, wanted)
    return render_template(
        "catalogue/services.html", wanted=wanted, services=found, choices=choices, states=listing.STATES
    )


def _services(tx: Tx, wanted: listing.Filters) -> tuple[list[listing.ServiceLine], listing.Choices]:
    return listing.services(tx, wanted), listing.choices(tx)


@pages.get("/services/<code>")
@permission(Action.SERVICE_READ)
def newest(code: str) -> BaseResponse:
    """The sheet of the newest version."""
    row = g.runtime.read(g.actor, catalogue.find_version, code)
    return go(url_for("catalogue.service", code=code, version=row.version))


@pages.get("/services/<code>/<version>")
@permission(Action.SERVICE_READ)
def service(code: str, version: str) -> str:
    """What a service is, step by step, and what it costs in three places."""
    content_policy("diagram")
    sheet = g.runtime.read(g.actor, _sheet, code, version)
    return render_template("catalogue/service.html", sheet=sheet, new_id=new_id)


@pages.get("/services/<code>/<version>/diagram")
@permission(Action.SERVICE_READ)
def diagram(code: str, version: str) -> str:
    """The diagram, with the card of each task beside it."""
    content_policy("diagram")
    return render_template("catalogue/diagram.html", sheet=g.runtime.read(g.actor, _cards, code, version))


@pages.get("/services/<code>/<version>/diagram.bpmn")
@permission(Action.SERVICE_READ)
def bpmn(code: str, version: str) -> Response:
    """The BPMN file exactly as it was published; ?download=1 saves it."""
    row = g.runtime.read(g.actor, catalogue.find_version, code, version)
    response = make_response(row.bpmn)
    response.content_type = "application/xml; charset=utf-8"
    response.headers["Cache-Control"] = "private, max-age=86400"
    response.set_etag(row.digest)
    if request.args.get("download"):
        response.headers["Content-Disposition"] = f'attachment; filename="{code}-{row.version}.bpmn"'
    response.make_conditional(request)
    return response


@pages.get("/services/<code>/<version>/forms/<ref>.xml")
@permission(Action.SERVICE_READ)
def form_xml(code: str, version: str, ref: str) -> Response:
    """A form as phones get it (XForm)."""
    response = make_response(g.runtime.read(g.actor, _form_xml, code, version, ref))
    response.content_type = "application/xml; charset=utf-8"
    response.headers["Content-Disposition"] = f'attachment; filename="{code}-{ref}.xml"'
    return response


@pages.get("/services/<code>/compare")
@permission(Action.SERVICE_READ)
def compare_versions(code: str) -> str:
    """What changed from ?old= to ?new= (the newest two without them), texts in ?language=."""
    old, new = request.args.get("old", ""), request.args.get("new", "")
    both = g.runtime.read(g.actor, compared.compare_versions, code, old, new)
    return render_template(
        "catalogue/compare.html", code=code, both=both, shown=shown_language(), draft_id=""
    )


@pages.get("/services/<code>/compare/print")
@permission(Action.SERVICE_READ)
def compare_document(code: str) -> Response:
    """The comparison as one file to print or to send."""
    old, new = request.args.get("old", ""), request.args.get("new", "")
    response = make_response(g.runtime.read(g.actor, compared.document_of, code, old, new, current_locale()))
    response.content_type = "text/html; charset=utf-8"
    response.headers["Content-Security-Policy"] = CONTENT_SECURITY_POLICY
    return response


def shown_language() -> str:
    """In which language a comparison shows texts: ?language=, else the reader's."""
    asked = request.args.get("language", "")
    return asked if asked in (*LANGUAGES, "all") else current_locale()


def _sheet(tx: Tx, code: str, version: str) -> Sheet:
    row = catalogue.find_version(tx, code, version)
    package, gone = catalogue.package(tx, row.id), catalogue.out_of_use(tx, row.id)
    found = prices.in_regions(tx, row.id)
    quote = next((price.quote for price in found if price.quote), None)
    return Sheet(
        row=row, package=package, versions=catalogue.versions(tx, code), steps=completeness.steps(package),
        problems=lint(package.definition, level="executable"), skills=people.skills(tx),
        items=prices.item_names(tx), prices=found,
        usage=listing.usage(tx, row, package), progress=texts.progress(texts.entries_of(package)),
        thumbnail=listing.thumbnail(package, quote), out_of_use=gone,
        people=accounts.names(tx, [step.done_by for step in gone]),
    )  # fmt: skip


def _cards(tx: Tx, code: str, version: str) -> Cards:
    row = catalogue.find_version(tx, code, version)
    return Cards(row, catalogue.package(tx, row.id), people.skills(tx), prices.item_names(tx))


def _form_xml(tx: Tx, code: str, version: str, ref: str) -> bytes:
    forms = catalogue.package(tx, catalogue.find_version(tx, code, version).id).forms
    if ref not in forms:
        raise NotFound(what="form", key=ref)
    return forms[ref].xform
