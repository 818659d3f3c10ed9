"""Services for people: the list, a service's sheet, its diagram with the cards, two versions compared."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Blueprint, Response, g, make_response, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from server.accounts import service as accounts
from server.actor import Action
from server.catalogue import completeness
from server.catalogue import service as catalogue
from server.catalogue.comparison import Change, ChangedElement, changed_elements, form_changes
from server.catalogue.models import ServiceVersionRow
from server.errors import NotFound
from server.http.frame import go, new_id
from server.http.security import content_policy, permission
from server.people import service as people
from server.quotes import prices
from server.runtime import Tx
from service_library.compare import PackageComparison, compare
from service_library.package import ServicePackage
from workflows.definitions.lint import lint
from workflows.definitions.model import Text
from workflows.problems import Problem

pages = Blueprint("catalogue", __name__)


@dataclass(frozen=True, slots=True)
class ServiceLine:
    """A service in the list: its newest version."""

    row: ServiceVersionRow
    purpose: Text
    outputs: tuple[Text, ...]
    tasks: int
    versions: int


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
    out_of_use: list[catalogue.ServiceVersionStepRow]
    people: dict[str, str]


@dataclass(frozen=True, slots=True)
class Cards:
    """The diagram of a version and what its task cards speak of."""

    row: ServiceVersionRow
    package: ServicePackage
    skills: dict[str, Text]
    items: dict[str, Text]


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two versions side by side."""

    old: ServiceVersionRow
    new: ServiceVersionRow
    versions: list[ServiceVersionRow]
    packages: tuple[ServicePackage, ServicePackage]
    found: PackageComparison
    elements: list[ChangedElement]
    forms: dict[str, list[Change]]
    prices: list[tuple[prices.RegionPrice, prices.RegionPrice]]


@pages.get("/services")
@permission(Action.SERVICE_READ)
def services() -> str:
    """Every service with its newest version; ?q= searches names, codes and outputs."""
    words = request.args.get("q", "").strip()[:100]
    return render_template(
        "catalogue/services.html", words=words, services=g.runtime.read(g.actor, _services, words)
    )


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
    """What changed from ?old= to ?new= (the newest two without them)."""
    old, new = request.args.get("old", ""), request.args.get("new", "")
    found = g.runtime.read(g.actor, _compare, code, old, new)
    return render_template("catalogue/compare.html", code=code, both=found)


def _services(tx: Tx, words: str) -> list[ServiceLine]:
    by_code: dict[str, list[ServiceVersionRow]] = {}
    for row in catalogue.versions(tx):
        by_code.setdefault(row.service_code, []).append(row)
    lines = []
    for code, rows in by_code.items():
        definition = catalogue.package(tx, rows[0].id).definition
        outputs = tuple(output.label for output in definition.service.outputs)
        texts = (code, *rows[0].names.values(), *(text for label in outputs for text in label.values()))
        if not words or any(words.casefold() in text.casefold() for text in texts):
            lines.append(
                ServiceLine(rows[0], definition.service.purpose, outputs, len(definition.tasks()), len(rows))
            )
    return lines


def _sheet(tx: Tx, code: str, version: str) -> Sheet:
    row = catalogue.find_version(tx, code, version)
    package, gone = catalogue.package(tx, row.id), catalogue.out_of_use(tx, row.id)
    return Sheet(
        row=row, package=package, versions=catalogue.versions(tx, code), steps=completeness.steps(package),
        problems=lint(package.definition, level="executable"), skills=people.skills(tx),
        items=prices.item_names(tx), prices=prices.in_regions(tx, row.id),
        out_of_use=gone, people=accounts.names(tx, [step.done_by for step in gone]),
    )  # fmt: skip


def _cards(tx: Tx, code: str, version: str) -> Cards:
    row = catalogue.find_version(tx, code, version)
    return Cards(row, catalogue.package(tx, row.id), people.skills(tx), prices.item_names(tx))


def _form_xml(tx: Tx, code: str, version: str, ref: str) -> bytes:
    forms = catalogue.package(tx, catalogue.find_version(tx, code, version).id).forms
    if ref not in forms:
        raise NotFound(what="form", key=ref)
    return forms[ref].xform


def _compare(tx: Tx, code: str, old: str, new: str) -> Comparison | None:
    """None when the service has only one version, so that nothing can be compared."""
    rows = catalogue.versions(tx, code)
    if not rows:
        raise NotFound(what="service", key=code)
    if len(rows) < 2 and not (old and new):
        return None
    after = catalogue.find_version(tx, code, new) if new else rows[0]
    before = catalogue.find_version(tx, code, old) if old else rows[1]
    packages = (catalogue.package(tx, before.id), catalogue.package(tx, after.id))
    found = compare(*packages)
    both = zip(prices.in_regions(tx, before.id), prices.in_regions(tx, after.id), strict=True)
    return Comparison(
        before, after, rows, packages, found, changed_elements(found, *packages), form_changes(found), list(both)
    )  # fmt: skip
