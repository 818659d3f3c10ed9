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
