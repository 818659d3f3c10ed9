"""Documents of the public record and of the auditor's verification."""

from __future__ import annotations

from marshmallow import fields

from server.http import documents as d
from server.transparency.service import PARTS


class VerificationQuery(d.Document):
    """What is to be verified."""

    part = d.word(PARTS, "One part; all when left out.", load_default=None)


class TaskRecord(d.Document):
    """A task as the public sees it: the skill of who did it, never the name."""

    node = d.plain("Its id in the diagram.", required=True)
    title = d.plain("Its title.", required=True)
    outcome = d.plain("What is there when it is done.", required=True)
    skill = d.plain("Who did it.", required=True)
    round = d.number("Which execution.", required=True)
    state = d.plain("Its state.", required=True)
    accepted_at = d.moment("When it was accepted.", required=True, allow_none=True)
    honorarium = d.one(d.Amount, "For the work.", required=True)
    expenses = d.one(d.Amount, "For what was bought.", required=True)
    paid = d.one(d.Amount, "Paid so far, as the bank confirmed.", required=True)
    evidence = d.number("How many pieces of evidence are kept.", required=True)


class Share(d.Document):
    """Who bears how much of what was accepted."""

    party = d.plain("fund, or a third party.", required=True)
    amount = d.one(d.Amount, "How much.", required=True)


class Row(d.Document):
    """A row of the journal. Personal values are in it as salted commitments only."""

    id = d.plain("The row's id.", required=True)
    seq = d.number("Its number.", required=True)
    at = d.moment("When it happened.", required=True)
    event = d.plain("object:verb.", required=True)
    object_id = d.plain("What it happened to.", required=True)
    region = d.plain("Where.", required=True, allow_none=True)
    public = fields.Dict(required=True, metadata={"description": "Codes, amounts and digests."})
    commitments = fields.Dict(
        keys=fields.String(), values=fields.String(), required=True,
        metadata={"description": "SHA-256 of a salt and each personal value."},
    )  # fmt: skip
    row_hash = d.plain("SHA-256 of the canonical row.", required=True)


class Block(d.Document):
    """A sealed run of the journal."""

    number = d.number("Its number in the chain.", required=True)
    first_seq = d.number("Its first row.", required=True)
    last_seq = d.number("Its last row.", required=True)
    rows_hash = d.plain("SHA-256 over its rows' hashes.", required=True)
    ledger_seq = d.number("The ledger's newest entry at that moment.", required=True)
    ledger_hash = d.plain("That entry's hash.", required=True)
    previous_hash = d.plain("The block before.", required=True)
    hash = d.plain("The block's own hash.", required=True)
    sealed_at = d.moment("When it was sealed.", required=True)


class VillageRecord(d.Document):
    """What the public may know about a service in a village."""

    instance_id = d.plain("The instance.", required=True)
    service = d.plain("Name of the service.", required=True)
    service_version = d.plain("Its version.", required=True)
    service_digest = d.plain("SHA-256 over the version's diagram and forms.", required=True)
    village = d.plain("Name of the village.", required=True)
    region = d.plain("Code of the village.", required=True)
    illustrative = d.yes_no("Whether the village is an example, not a real place.", required=True)
    status = d.plain("How far it is.", required=True)
    requested_at = d.moment("When the village asked.", required=True)
    started_at = d.moment("When the work began.", required=True)
    ended_at = d.moment("When it ended.", required=True, allow_none=True)
    tasks = d.many(TaskRecord, "The tasks, in the order they became ready.", required=True)
    payers = d.many(Share, "Who bears it.", required=True)
    total = d.one(d.Amount, "What was accepted so far.", required=True)
    journal = d.many(Row, "What happened, oldest first, to be checked by anybody.", required=True)
    block = d.one(Block, "The newest sealed block with one of these rows.", required=True, allow_none=True)


class Finding(d.Document):
    """Something is not what it should be."""

    code = d.plain("Stable name.", required=True)
    place = d.plain("Where.", required=True)
    detail = d.plain("What.", required=True)


class Verification(d.Document):
    """What recomputing everything found."""

    verified = fields.List(fields.String(), required=True, metadata={"description": "The parts verified."})
    sound = d.yes_no("Whether nothing was found.", required=True)
    findings = d.many(Finding, "What is not as it should be.", required=True)
