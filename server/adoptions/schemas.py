"""Documents of adoptions and calendars."""

from __future__ import annotations

from marshmallow import fields, validate

from server.http import documents as d
from workflows.definitions.model import LANGUAGES

_DAYS = validate.Range(1, 9999)


def _deadlines() -> fields.Dict:
    return fields.Dict(
        keys=fields.String(validate=validate.Length(1, 200)), values=fields.Integer(strict=True, validate=_DAYS),
        load_default=dict, validate=validate.Length(max=500),
        metadata={"description": "Task id to working days, where they are not the version's."},
    )  # fmt: skip


class NewAdoption(d.Document):
    """What a region overlays; there is no field for anything of the protocol."""

    service = d.code("Code of the service.", required=True)
    version = d.code("The published version.", required=True)
    region = d.code("Code of the region.", required=True)
    language = d.word(LANGUAGES, "The language people work in.", required=True)
    price_list = d.line(
        100, "The list whose prices alone count inside the region; empty = all approved.", minimum=0, load_default=""
    )  # fmt: skip
    terms = d.identifier(
        "The agreed rates; null = those in force in the region.", load_default=None, allow_none=True
    )
    calendar = d.code("The calendar; null = Monday to Friday.", load_default=None, allow_none=True)
    deadlines = _deadlines()
    note = d.text(500, "A remark.", load_default="")


class Adoption(d.Document):
    """A region's adoption of a version. problems: what does not conform today, while it is open."""

    id = d.plain("The adoption's id.", required=True)
    service = d.plain("Code of the service.", required=True)
    version = d.plain("The version.", required=True)
    digest = d.plain("Of the version.", required=True)
    region = d.plain("Code of the region.", required=True)
    status = d.plain("proposed, adopted, superseded or withdrawn.", required=True)
    language = d.plain("The language people work in.", required=True)
    price_list = d.plain("The list that alone counts inside the region; empty = all approved.", required=True)
    terms = d.plain("Id of the agreed rates; null = those in force.", required=True, allow_none=True)
    calendar = d.plain("The calendar; null = Monday to Friday.", required=True, allow_none=True)
    deadlines = _deadlines()
    note = d.plain("A remark.", required=True)
    replaces = d.plain("Id of the adoption it supersedes.", required=True, allow_none=True)
    upgrade = d.plain("A newer published version.", required=True, allow_none=True)
    proposed_at = d.moment("When it was proposed.", required=True)
    adopted_at = d.moment("When it was adopted.", required=True, allow_none=True)
    ended_at = d.moment("When it was superseded or withdrawn.", required=True, allow_none=True)
    problems = d.many(d.SingleProblem, "What does not conform today.", required=True)


class Withdrawal(d.Document):
    """Why an adoption ends."""

    reason = d.line(500, "Why.", required=True)


def _holidays(**options: object) -> fields.List:  # type: ignore[type-arg]
    return fields.List(
        d.day("A day."), validate=validate.Length(max=400),
        metadata={"description": "Days on which nobody works."}, **options,  # type: ignore[arg-type]
    )  # fmt: skip


class NewCalendar(d.Document):
    """A calendar of a region and all below it."""

    code = d.code("Its code.", required=True)
    region = d.code("Code of the region.", required=True)
    names = d.texts("Its name by language.")
    weekdays = fields.List(
        fields.Integer(strict=True, validate=validate.Range(0, 6)), required=True, validate=validate.Length(1, 7),
        metadata={"description": "Days on which is worked: 0 = Monday to 6 = Sunday."},
    )  # fmt: skip
    holidays = _holidays(load_default=list)


class Holidays(d.Document):
    """Days to be added to a calendar."""

    holidays = _holidays(required=True)


class WorkCalendar(d.Document):
    """On which days a region works."""

    code = d.plain("Its code.", required=True)
    region = d.plain("Code of the region.", required=True)
    names = d.texts("Its name by language.")
    weekdays = fields.List(
        fields.Integer(), required=True, metadata={"description": "0 = Monday to 6 = Sunday."}
    )
    holidays = _holidays(required=True)
