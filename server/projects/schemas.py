"""Documents of projects."""

from __future__ import annotations

from marshmallow import fields, validate

from server.http import documents as d
from server.instances.schemas import MigrationReport
from server.quotes.schemas import QuoteLine


class NewProject(d.Document):
    """One service version for many villages."""

    code = d.code("The project's code, unique.", required=True)
    name = d.line(200, "Its name.", required=True)
    service = d.code("Code of the service.", required=True)
    version = d.code("Its version; the newest when left out.", load_default=None, allow_none=True)
    region = d.code("Code of the region whose prices count.", required=True)
    fund = d.code("The fund that pays.", required=True)
    requests = fields.List(
        d.identifier("A request."), required=True, validate=validate.Length(1, 5000),
        metadata={"description": "The villages' requests, each once."},
    )  # fmt: skip
    members = fields.List(
        d.identifier("A facilitator."), required=True, validate=validate.Length(1, 1000),
        metadata={"description": "Who may be given the project's tasks, each once."},
    )  # fmt: skip


class QuoteAcceptance(d.Document):
    """Which price is accepted."""

    quote_id = d.identifier("A quote made for this project.", required=True)


class ProjectLine(d.Document):
    """A project in a list."""

    id = d.plain("The project's id.", required=True)
    code = d.plain("Its code.", required=True)
    name = d.plain("Its name.", required=True)
    service_version_id = d.plain("What is delivered.", required=True)
    region = d.plain("Where.", required=True)
    fund = d.plain("The fund that pays.", required=True)
    status = d.plain("planned, running, done or cancelled.", required=True)
    quote_id = d.plain(
        "The accepted quote; null until the money is committed.", required=True, allow_none=True
    )
    created_at = d.moment("When it was set up.", required=True)


class Village(d.Document):
    """A village of a project."""

    region = d.plain("Code of the village.", required=True)
    request_id = d.plain("Its request.", required=True)
    instance_id = d.plain("The service running there; null until the start.", required=True, allow_none=True)
    status = d.plain("The instance's status; null until the start.", required=True, allow_none=True)


class Project(ProjectLine):
    """A project with its villages and quotes."""

    members = fields.List(fields.String(), required=True, metadata={"description": "The roster: person ids."})
    villages = d.many(Village, "The villages, by code.", required=True)
    quotes = d.many(QuoteLine, "The quotes made for it, newest first.", required=True)


class Migration(d.Document):
    """How the running villages of a project fit a version, or what going over to it did."""

    project_id = d.plain("The project.", required=True)
    instances = d.many(MigrationReport, "One report an instance, the oldest first.", required=True)


class Started(d.Document):
    """What starting a project did."""

    project_id = d.plain("The project.", required=True)
    instances = fields.List(
        fields.String(), required=True, metadata={"description": "One instance a village."}
    )
