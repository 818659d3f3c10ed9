"""Documents of claims (advances, clawbacks, what is kept back) and of approval policies."""

from __future__ import annotations

from marshmallow import fields, validate

from pricing.money import MINOR_UNIT_DIGITS
from server.batches.approvals import APPROVING
from server.http import documents as d

MINOR_MAX = 10**15
"""More than any fund holds, and exact in every program that reads JSON's numbers as doubles."""
_ID = "An id (UUID) that you make: the same again under it is done once."


def _minor(description: str, *, least: int = 1) -> fields.Integer:
    return fields.Integer(
        required=True, strict=True, validate=validate.Range(least, MINOR_MAX),
        metadata={"description": description},
    )  # fmt: skip


class GivenAmount(d.Document):
    """An amount that is asked for."""

    minor = _minor("Whole minor units of the currency.")
    currency = d.word(sorted(MINOR_UNIT_DIGITS), "ISO 4217 code.", required=True)


class NewAdvance(d.Document):
    """Money before the work, kept back out of what later work earns."""

    id = d.identifier(_ID, load_default=None, allow_none=True)
    person_id = d.identifier("Who gets it.", required=True)
    amount = d.one(GivenAmount, "How much.", required=True)
    share_percent = d.decimal("How much of each later payable is kept back: 1 to 100.", required=True)
    reason = d.line(300, "What it is for.", required=True)


class PartKept(d.Document):
    """Part of a payable that is to be kept back."""

    payable_id = d.identifier("Of which payable; of the same person and currency.", required=True)
    minor = _minor("How much of it, in minor units of its currency.")


class NewClawback(d.Document):
    """What was paid too much for a delivery is claimed back."""

    id = d.identifier(_ID, load_default=None, allow_none=True)
    amount = d.one(GivenAmount, "How much, at most what was paid and not claimed before.", required=True)
    reason = d.line(300, "Why.", required=True)
    kept_back = fields.List(
        fields.Nested(PartKept), load_default=list, validate=validate.Length(0, 50),
        metadata={"description": "Of what it is kept back once the claim is approved; more can be planned later."},
    )  # fmt: skip


class NewRecovery(PartKept):
    """Something more is to be kept back for a claim."""

    id = d.identifier(_ID, load_default=None, allow_none=True)


class NewRepayment(d.Document):
    """Money that somebody paid back."""

    id = d.identifier(_ID, load_default=None, allow_none=True)
    paying_account_id = d.identifier("The account of ours that it came in on.", required=True)
    minor = _minor("How much, in minor units of the claim's currency.")
    note = d.line(300, "How one knows: the line of the statement, the receipt.", required=True)


class Repayment(d.Document):
    """Money that was paid back for a claim."""

    entry_id = d.plain("Its ledger entry.", required=True)
    amount = d.one(d.Amount, "How much.", required=True)
    booked_at = d.moment("When it was booked.", required=True)


class Recovery(d.Document):
    """What is kept back of a payable for a claim."""

    id = d.plain("Its id.", required=True)
    payable_id = d.plain("Of which payable.", required=True)
    amount = d.one(d.Amount, "How much.", required=True)
    state = d.plain("planned, posted or dropped.", required=True)
    planned_by = d.plain("The account that planned it.", required=True)
    planned_at = d.moment("When.", required=True)
    decided_by = d.plain("The account that decided.", required=True, allow_none=True)
    decided_at = d.moment("When.", required=True, allow_none=True)


class Claim(d.Document):
    """What somebody owes back: an advance, or money that was paid too much."""

    id = d.plain("The claim's id.", required=True)
    kind = d.plain("advance or clawback.", required=True)
    person_id = d.plain("Who owes it back.", required=True)
    amount = d.one(d.Amount, "How much.", required=True)
    recovered = d.one(d.Amount, "What was kept back or paid back for it so far.", required=True)
    share_percent = d.plain("How much of one payable may be kept back.", required=True)
    reason = d.plain("Why.", required=True)
    region = d.plain("Code of the region it belongs to.", required=True)
    payable_id = d.plain("Of a clawback: what was paid too much.", required=True, allow_none=True)
    project_id = d.plain("Of a clawback: the project.", required=True, allow_none=True)
    state = d.plain("proposed, approved or refused.", required=True)
    proposed_by = d.plain("The account that proposed it.", required=True)
    proposed_at = d.moment("When.", required=True)
    decided_by = d.plain("The account that decided.", required=True, allow_none=True)
    decided_at = d.moment("When.", required=True, allow_none=True)
    entry_id = d.plain("The ledger entry of its approval.", required=True, allow_none=True)
    recoveries = d.many(Recovery, "What is kept back for it, oldest first.", required=True)
    repayments = d.many(Repayment, "What was paid back in money, oldest first.", required=True)


class PolicyStep(d.Document):
    """Who approves from an amount on."""

    from_minor = _minor("From this total of a batch on, in minor units of the currency.", least=0)
    roles = fields.List(
        d.word(("any", *APPROVING), "A role; `any` is a place for whoever may approve."),
        required=True, validate=validate.Length(1, 5),
        metadata={"description": "One person each approves."},
    )  # fmt: skip


class NewPolicy(d.Document):
    """How many people are to approve batches of a currency."""

    id = d.identifier(_ID, load_default=None, allow_none=True)
    currency = d.word(sorted(MINOR_UNIT_DIGITS), "ISO 4217 code.", required=True)
    fund = d.line(
        100, "The fund it is for; empty for every fund without one of its own.", minimum=0, load_default=""
    )
    valid_from = d.day("The day from which it counts, today or later.", required=True)
    steps = fields.List(
        fields.Nested(PolicyStep), required=True, validate=validate.Length(1, 20),
        metadata={"description": "With rising amounts; a larger one never needs fewer people."},
    )  # fmt: skip
    note = d.line(300, "Why.", minimum=0, load_default="")


class Policy(d.Document):
    """How many people approve batches of a currency, from a day on."""

    id = d.plain("The policy's id.", required=True)
    currency = d.plain("ISO 4217 code.", required=True)
    fund = d.plain("The fund it is for; empty for every fund without one of its own.", required=True)
    valid_from = d.day("The day from which it counts.", required=True)
    steps = d.many(PolicyStep, "Rising in amount.", required=True)
    note = d.plain("Why.", required=True)
    proposed_by = d.plain("The account that proposed it.", required=True)
    proposed_at = d.moment("When.", required=True)
    approved_by = d.plain(
        "The account that approved it; null while it waits.", required=True, allow_none=True
    )
    approved_at = d.moment("When.", required=True, allow_none=True)
