"""Projects over the API: set up, price, fund, start."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from flask import g

from server.actor import Action
from server.catalogue import service as catalogue
from server.http import paging
from server.http.documents import DryRunQuery, PageQuery, Values, page_of
from server.http.operations import ApiBlueprint
from server.http.security import permission
from server.http.visibility import require_visible, visible
from server.instances import service as instances
from server.instances.api import command_id, report_document
from server.instances.schemas import MigrationOrder
from server.projects import schemas
from server.projects import service as projects
from server.projects.service import ProjectRow
from server.quotes import service as quotes
from server.quotes.api import quote_document, quote_line
from server.quotes.schemas import Quote, Terms, terms
from server.regions import service as regions
from server.runtime import Tx
from workflows.errors import InvalidInput
from workflows.problems import Problem

api = ApiBlueprint(
    "projects_api", __name__, tag="Projects", description="One service version for many villages."
)
_ALL = 100_000


@api.operation("GET", "/projects", query=PageQuery, answer=page_of(schemas.ProjectLine))
@permission(Action.PROJECT_READ)
def list_projects(query: Values) -> Values:
    """List the projects in regions one may see, newest first."""
    return g.runtime.read(g.actor, _projects, query)  # type: ignore[no-any-return]


def _projects(tx: Tx, query: Values) -> Values:
    rows = visible(tx, Action.PROJECT_READ, projects.projects(tx), lambda row: row.region_code)
    return paging.document(rows, lambda row: (row.id,), _line, descending=True, **query)


@api.operation("POST", "/projects", body=schemas.NewProject, answer=schemas.Project, status=201)
@permission(Action.PROJECT_START)
def create_project(body: Values) -> Values:
    """Set a project up, not yet funded."""
    for name in ("requests", "members"):
        _check_once(name, [str(value) for value in body[name]])
    return g.runtime.run(g.actor, _create, body)  # type: ignore[no-any-return]


def _check_once(name: str, ids: Sequence[str]) -> None:
    twice = sorted(value for value, times in Counter(ids).items() if times > 1)
    if twice:
        raise InvalidInput(
            Problem(
                "named-twice", "%(id)s is in the list more than once. Name it once.", f"json.{name}",
                params={"id": value},
            )
            for value in twice
        )  # fmt: skip


def _create(tx: Tx, body: Values) -> Values:
    version = catalogue.find_version(tx, body["service"], body["version"])
    new = projects.NewProject(
        code=body["code"], name=body["name"], version_id=version.id, region=body["region"], fund=body["fund"],
        requests=[str(v) for v in body["requests"]], members=[str(v) for v in body["members"]],
    )  # fmt: skip
    return _document(tx, projects.project(tx, projects.create(tx, new)))


@api.operation("GET", "/projects/<uuid:project_id>", answer=schemas.Project)
@permission(Action.PROJECT_READ)
def read_project(project_id: str) -> Values:
    """Read a project with its villages and quotes."""
    return g.runtime.read(  # type: ignore[no-any-return]
        g.actor, lambda tx: _document(tx, _find(tx, project_id))
    )


@api.operation("POST", "/projects/<uuid:project_id>/quotes", body=Terms, answer=Quote, status=201)
@permission(Action.QUOTE_MAKE)
def create_project_quote(project_id: str, body: Values) -> Values:
    """Ask for the price of all villages of a project together."""
    return g.runtime.run(g.actor, _quote, project_id, body)  # type: ignore[no-any-return]


def _quote(tx: Tx, project_id: str, body: Values) -> Values:
    _find(tx, project_id)
    return quote_document(tx, projects.make_quote(tx, project_id, **terms(body)))


@api.operation(
    "POST", "/projects/<uuid:project_id>/acceptance", body=schemas.QuoteAcceptance, answer=schemas.Project
)
@permission(Action.QUOTE_ACCEPT)
def accept_project_quote(project_id: str, body: Values) -> Values:
    """Accept a price: the fund's share is committed to the project, or nothing happens."""
    return g.runtime.run(  # type: ignore[no-any-return]
        g.actor, _accept, project_id, str(body["quote_id"])
    )


def _accept(tx: Tx, project_id: str, quote_id: str) -> Values:
    row = _find(tx, project_id)
    projects.accept_quote(tx, project_id, quote_id)
    return _document(tx, row)


@api.operation("POST", "/projects/<uuid:project_id>/start", answer=schemas.Started)
@permission(Action.PROJECT_START)
def start_project(project_id: str) -> Values:
    """Start the service in every village of a funded project and give out the first tasks: all, or none."""
    return g.runtime.run(g.actor, _start, project_id)  # type: ignore[no-any-return]


def _start(tx: Tx, project_id: str) -> Values:
    _find(tx, project_id)
    return {"project_id": project_id, "instances": projects.start(tx, project_id)}


@api.operation(
    "POST", "/projects/<uuid:project_id>/migration", query=DryRunQuery, body=MigrationOrder,
    answer=schemas.Migration,
)  # fmt: skip
@permission(Action.INSTANCE_CHANGE)
def migrate_project(project_id: str, body: Values, query: Values) -> Values:
    """Let all running villages of a project go on with another version; each that cannot says why.

    Each is changed for itself: one that cannot go does not keep the others back.
    """
    g.runtime.read(g.actor, _find, project_id)
    reports = projects.migrate(
        g.runtime, g.actor, project_id, str(body["version_id"]), dry_run=query["dry_run"],
        command_id=command_id(body),
    )  # fmt: skip
    return {"project_id": project_id, "instances": [report_document(report) for report in reports]}


def _find(tx: Tx, project_id: str) -> ProjectRow:
    row = projects.project(tx, project_id)
    where = regions.place(tx, row.region_code)
    require_visible(tx, Action.PROJECT_READ, where, what="project", key=project_id)
    return row


def _line(row: ProjectRow) -> Values:
    return {
        "id": row.id, "code": row.code, "name": row.name, "service_version_id": row.service_version_id,
        "region": row.region_code, "fund": row.fund, "status": row.status, "quote_id": row.quote_id,
        "created_at": row.created_at,
    }  # fmt: skip


def _document(tx: Tx, row: ProjectRow) -> Values:
    villages = projects.villages(tx, row.id)
    running = instances.instances(tx, [v.instance_id for v in villages if v.instance_id])
    return {
        **_line(row), "members": [person.id for person in projects.members(tx, row.id)],
        "villages": [
            {
                "region": v.region_code, "request_id": v.request_id, "instance_id": v.instance_id,
                "status": running[v.instance_id].status if v.instance_id else None,
            }
            for v in villages
        ],
        "quotes": [quote_line(q) for q in quotes.quotes(tx, limit=_ALL) if q.project_id == row.id],
    }  # fmt: skip
