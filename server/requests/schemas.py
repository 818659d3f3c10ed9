"""Documents of requests for a service."""

from __future__ import annotations

from server.http import documents as d


class NewRequest(d.Document):
    """A village asks for a service."""

    service = d.code("Code of the service.", required=True)
    region = d.code("Code of the village.", required=True)
    requester = d.line(200, "Who asks; personal data, never public.", required=True)
    note = d.text(2000, "What they said.", load_default="")


class Request(d.Document):
    """A request; every instance of a service starts from one."""

    id = d.plain("The request's id.", required=True)
    service = d.plain("Code of the service.", required=True)
    region = d.plain("Code of the village.", required=True)
    requester = d.plain(
        "Who asked; null for those who do not answer requests.", required=True, allow_none=True
    )
    note = d.plain(
        "What they said; null for those who do not answer requests.", required=True, allow_none=True
    )
    status = d.plain("received, accepted or declined.", required=True)
    made_at = d.moment("When it was made.", required=True)
