"""Documents of quotes."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any

from marshmallow import fields, validate

from pricing.contributions import Contribution, Overhead
from server.http import documents as d


class NewContribution(d.Document):
    """What a third party bears."""

    party = d.code("Who: “village”, “commune”, “partner” …", required=True)
    kind = d.word(
        ("percent", "fixed", "in_kind"), "A share in cash, an amount in cash, a share given.", required=True
    )
    scope = fields.String(
        load_default="service",
        validate=d.Pattern(r"^(service|(item|category|task|line):[A-Za-z0-9._ /-]{1,100})$"),
        metadata={"description": "Of what: service, item:CODE, category:NAME, task:ID or line:TASK/ID."},
    )
    value = d.decimal("Percent, or major units of the quote's currency.", load_default=None, allow_none=True)
    cap = d.decimal("At most that many major units.", load_default=None, allow_none=True)
    memo = d.yes_no("Shown, not paid; what is in kind always is.", load_default=False)


class NewOverhead(d.Document):
    """A cost on top."""

    code = d.code("Its code.", required=True)
    kind = d.word(("percent", "fixed"), "A percentage or a fixed amount.", required=True)
    value = d.decimal("Percent, or major units of the quote's currency.", required=True)
    base = d.word(("direct", "running"), "Of the direct cost or of the running total.", load_default="direct")


class Terms(d.Document):
    """What a price is asked under."""

    on = d.day("The day whose prices count; today when left out.", load_default=None, allow_none=True)
    parameters = fields.Dict(
        keys=d.code("Name of a parameter of the service."), values=d.decimal("Its value."),
        load_default=dict, validate=validate.Length(max=100),
        metadata={"description": "The project's numbers; a missing one takes its default."},
    )  # fmt: skip
    contributions = d.many(
        NewContribution, "Contributions, applied in this order; left out: those in force in the region.",
        load_default=None, allow_none=True, validate=validate.Length(max=100),
    )  # fmt: skip
    overheads = d.many(
        NewOverhead, "Overheads, in this order; left out: those in force in the region.",
        load_default=None, allow_none=True, validate=validate.Length(max=50),
    )  # fmt: skip


class NewQuote(Terms):
    """A price that is asked for."""

    service = d.code("Code of the service.", required=True)
    version = d.code("Its version; the newest when left out.", load_default=None, allow_none=True)
    region = d.code("Code of the region.", required=True)
    instances = fields.Integer(
        strict=True, load_default=1, validate=validate.Range(1, 10_000),
        metadata={"description": "How many instances (villages)."},
    )  # fmt: skip


class QuoteLine(d.Document):
    """A quote in a list."""

    id = d.plain("The quote's id.", required=True)
    service_version_id = d.plain("What it prices.", required=True)
    region = d.plain("Where.", required=True)
    project_id = d.plain("The project it was made for.", required=True, allow_none=True)
    instances = d.number("For how many instances.", required=True)
    charged = d.one(d.Amount, "The price: expected cost, overheads and contingency.", required=True)
    fund = d.one(d.Amount, "The fund's share, which accepting commits.", required=True)
    status = d.plain("offered, accepted, expired or superseded.", required=True)
    valid_until = d.day("Until when it can be accepted.", required=True)
    made_at = d.moment("When it was made.", required=True)
    digest = d.plain("SHA-256 of the canonical snapshot.", required=True)
    accepted_at = d.moment("When it was accepted.", required=True, allow_none=True)
    number = d.number("1 for a first quote, one more each time it is asked for again.", required=True)
    replaces = d.plain("Id of the quote it replaces.", required=True, allow_none=True)


class NewTerms(d.Document):
    """Overheads and contributions that are proposed for a region."""

    region = d.code("Code of the region; they hold for all below it that has none of its own.", required=True)
    fund = d.code("Code of the fund they are agreed with; left out: any.", load_default="")
    valid_from = d.day("From this day.", required=True)
    valid_to = d.day("To this day; open when left out.", load_default=None, allow_none=True)
    source = d.line(500, "Where they were agreed.", load_default="")
    contributions = d.many(
        NewContribution, "Contributions, applied in this order.", load_default=list,
        validate=validate.Length(max=100),
    )  # fmt: skip
    overheads = d.many(
        NewOverhead, "Overheads, in this order.", load_default=list, validate=validate.Length(max=50)
    )


class AgreedTerms(d.Document):
    """Terms with their state."""

    id = d.plain("The terms' id.", required=True)
    region = d.plain("Where they hold.", required=True)
    fund = d.plain("Agreed with which fund; empty: any.", required=True)
    valid_from = d.day("From this day.", required=True)
    valid_to = d.day("To this day.", required=True, allow_none=True)
    source = d.plain("Where they were agreed.", required=True)
    status = d.plain("draft, approved or retired; only approved terms count.", required=True)
    proposed_at = d.moment("When they were proposed.", required=True)
    approved_at = d.moment("When they were approved.", required=True, allow_none=True)
    overheads = fields.List(fields.Dict(), required=True, metadata={"description": "In their order."})
    contributions = fields.List(fields.Dict(), required=True, metadata={"description": "In their order."})


class RequoteTerms(d.Document):
    """The day whose prices count."""

    on = d.day("Today when left out.", load_default=None, allow_none=True)


class Difference(d.Document):
    """What changed from the quote that this one replaces."""

    replaces = d.plain("Id of the quote before; null for a first quote.", required=True, allow_none=True)
    difference = fields.Dict(
        required=True, allow_none=True,
        metadata={"description": "Totals, parties, overheads, tasks and lines, each before and after."},
    )  # fmt: skip


class ExplanationQuery(d.Document):
    """Which number."""

    number = d.line(
        200, "charged, expected, fund, task:ID, line:TASK/ID, price:TASK/ID …", load_default="charged"
    )


class Explanation(d.Document):
    """How a number came about; its parts can be asked for in turn."""

    number = d.plain("Its name.", required=True)
    amount_minor = d.number("Whole minor units; null for what is no money.", required=True, allow_none=True)
    exact = d.plain("Before rounding, as a fraction.", required=True, allow_none=True)
    text = d.plain("The reason, in the reader's language.", required=True)
    params = fields.Dict(required=True, metadata={"description": "List, row, place, day, factors …"})
    parts = fields.List(fields.Dict(), required=True, metadata={"description": "Names and amounts."})


class CataloguePricesQuery(d.Document):
    """Where and when."""

    level = d.code(
        "Level of the regions below, such as commune; left out: the region itself.", load_default=""
    )
    on = d.day("The day whose prices count; today when left out.", load_default=None, allow_none=True)


class CataloguePrice(d.Document):
    """What one instance of a service costs in a region, before contributions and contingency."""

    service = d.plain("Code of the service.", required=True)
    version = d.plain("Its newest version.", required=True)
    region = d.plain("Code of the region.", required=True)
    price = d.one(d.Amount, "Expected cost with percentage overheads; null when a price is missing.",
                  required=True, allow_none=True)  # fmt: skip
    missing = fields.List(
        fields.String(), required=True, metadata={"description": "Items without a price there."}
    )


class CataloguePrices(d.Document):
    """The newest version of every service in every region asked for."""

    prices = d.many(CataloguePrice, "By service, then by region.", required=True)


class NewPlannedService(d.Document):
    """A service of a project to be priced."""

    key = d.code("How the others name it.", required=True)
    service = d.code("Code of the service.", required=True)
    version = d.code("Its version; the newest when left out.", load_default=None, allow_none=True)
    region = d.code("Code of its region; that of the project when left out.", load_default="")
    instances = fields.Integer(
        strict=True, load_default=1, validate=validate.Range(1, 10_000),
        metadata={"description": "How many instances (villages)."},
    )  # fmt: skip
    duration_days = fields.Integer(
        strict=True, required=True, validate=validate.Range(1, 10_000),
        metadata={"description": "Calendar days from its first to its last."},
    )  # fmt: skip
    after = fields.List(
        d.code("Key of a service that must have ended."), load_default=list, validate=validate.Length(max=100),
        metadata={"description": "What it waits for."},
    )  # fmt: skip
    lag_days = fields.Integer(
        strict=True, load_default=0, validate=validate.Range(0, 10_000),
        metadata={"description": "Days between their end and its start."},
    )  # fmt: skip
    parameters = fields.Dict(
        keys=d.code("Name of a parameter of the service."), values=d.decimal("Its value."),
        load_default=dict, validate=validate.Length(max=100),
        metadata={"description": "The project's numbers; a missing one takes its default."},
    )  # fmt: skip


class NewProjectQuote(d.Document):
    """The price of several services together that is asked for."""

    name = d.line(200, "Name of the project.", required=True)
    region = d.code("Code of the region whose currency and terms count.", required=True)
    starts_on = d.day("The first day.", required=True)
    on = d.day("The day whose prices count; today when left out.", load_default=None, allow_none=True)
    fund = d.code("Code of the fund.", load_default="")
    services = d.many(NewPlannedService, "The services.", required=True, validate=validate.Length(1, 200))


class ProjectQuoteLine(d.Document):
    """A project quote in a list."""

    id = d.plain("Its id.", required=True)
    name = d.plain("Name of the project.", required=True)
    region = d.plain("Where.", required=True)
    charged = d.one(d.Amount, "The price of all services together.", required=True)
    fund = d.one(d.Amount, "The fund's share.", required=True)
    digest = d.plain("SHA-256 of the canonical snapshot.", required=True)
    made_at = d.moment("When it was made.", required=True)


class ProjectQuote(ProjectQuoteLine):
    """A project quote with the quotes of its services, its months and its risk."""

    snapshot = fields.Dict(required=True, metadata={"description": "Services, months, parties, risk."})


class Quote(QuoteLine):
    """A quote with everything it was calculated from."""

    snapshot = fields.Dict(
        required=True,
        metadata={
            "description": "Lines with their provenance, tasks with what is owed, overheads, contributions, risk. "
            "Its canonical bytes, of which the digest is, are at `canonical`."
        },
    )  # fmt: skip
    canonical = d.plain("Where the canonical bytes are.", required=True)


def terms(body: dict[str, Any]) -> dict[str, Any]:
    """The arguments of the service functions for `Terms`."""
    return {
        "on": body["on"],
        "parameters": {name: Decimal(value) for name, value in body["parameters"].items()},
        "contributions": contributions(body["contributions"]),
        "overheads": overheads(body["overheads"]),
    }


def contributions(sent: Sequence[dict[str, Any]] | None) -> list[Contribution] | None:
    """The rules of a document; None = left out."""
    return None if sent is None else [_contribution(c) for c in sent]


def overheads(sent: Sequence[dict[str, Any]] | None) -> list[Overhead] | None:
    """The rules of a document; None = left out."""
    if sent is None:
        return None
    return [
        Overhead(o["code"], o["kind"], Fraction(Decimal(o["value"])), o["base"], o.get("names") or {})
        for o in sent
    ]


def _contribution(sent: dict[str, Any]) -> Contribution:
    return Contribution(
        sent["party"], sent["kind"], sent["scope"], _exact(sent["value"]), _exact(sent["cap"]), sent["memo"]
    )  # fmt: skip


def _exact(value: str | None) -> Fraction | None:
    return None if value is None else Fraction(Decimal(value))
