"""Documents of reports, bank files and their lines."""

from __future__ import annotations

import marshmallow as ma
from marshmallow import fields

from server.http import documents as d


class ReportQuery(d.Document):
    """What a report is about."""

    first = fields.String(
        data_key="from", load_default="", metadata={"description": "First day, 2026-01-31."}
    )
    last = fields.String(data_key="to", load_default="", metadata={"description": "Last day, included."})
    fund = fields.String(load_default="", metadata={"description": "Only this fund; all without it."})
    region = fields.String(load_default="", metadata={"description": "Only this region and all below it."})
    by = fields.String(
        load_default="", metadata={"description": "Of the budget: project, region, fund, funder or month."}
    )


class PeriodQuery(d.Document):
    """A period."""

    first = fields.String(
        data_key="from", load_default="", metadata={"description": "First day, 2026-01-31."}
    )
    last = fields.String(data_key="to", load_default="", metadata={"description": "Last day, included."})


class ReportColumn(d.Document):
    """A column of a table."""

    key = d.plain("Its name in the rows.", required=True)
    title = d.plain("Its heading.", required=True)
    kind = d.plain("text, money, day, number or share.", required=True)


class ReportTable(d.Document):
    """A table. Rows: key of the column -> text, number, null, or an amount (minor, currency, text)."""

    title = d.plain("What it is of.", required=True)
    columns = d.many(ReportColumn, "Its columns, the first names the row.", required=True)
    rows = fields.List(fields.Dict(), required=True, metadata={"description": "Its rows."})
    totals = fields.List(
        fields.Dict(), required=True, metadata={"description": "Sums, one for each currency."}
    )


class Report(d.Document):
    """A report of the ledger, made now."""

    name = d.plain("Which report.", required=True)
    title = d.plain("Its title in the reader's language.", required=True)
    facts = fields.List(
        fields.List(fields.String()),
        required=True,
        metadata={"description": "What it is about: name and value."},
    )
    tables = d.many(ReportTable, "Its tables.", required=True)


class BankFile(d.Document):
    """A file that a bank or a mobile-money company sent and that was read."""

    sha256 = d.plain("Its SHA-256.", required=True)
    kind = d.plain("pain.002, camt.052, camt.053, camt.054, csv or mobile_money.", required=True)
    name = d.plain("As it was called.", required=True)
    received_at = d.moment("When it was read.", required=True)


class BankFileRead(d.Document):
    """What reading a file did: numbers of payments."""

    sha256 = d.plain("The file's SHA-256.", required=True)
    settled = d.number("Arrived.", required=True)
    rejected = d.number("Refused, and owed again.", required=True)
    returned = d.number("Came back, and owed again.", required=True)
    pending = d.number("Not an answer yet.", required=True)
    already_known = d.number("Told before.", required=True)
    unmatched = d.number("Lines that wait for a person.", required=True)
    problems = fields.List(
        fields.Nested(d.SingleProblem), required=True, metadata={"description": "What to ask the bank."}
    )


class Candidate(d.Document):
    """A payment that a line may be about."""

    id = d.plain("The payment's id.", required=True)
    end_to_end_id = d.plain("Its reference.", required=True)
    amount = d.one(d.Amount, "Its amount.", required=True)
    state = d.plain("Where it is.", required=True)


class CandidateBatch(d.Document):
    """A batch that the bank may have booked as one sum."""

    id = d.plain("The batch's id.", required=True)
    reference = d.plain("Its reference.", required=True)
    payments = d.number("How many of its payments are open.", required=True)


class CandidateBooking(d.Document):
    """An entry of the ledger that a line may show."""

    id = d.plain("The entry's id.", required=True)
    kind = d.plain("Its kind: grant, contribution, repayment or fee.", required=True)
    memo = d.plain("What was written down.", required=True)
    day = d.plain("When it was booked (UTC).", required=True)


class BankLine(d.Document):
    """A line that fits no payment and waits for a person."""

    id = d.plain("The line's id.", required=True)
    file_sha256 = d.plain("The file it came in.", required=True)
    paying_account = d.plain("Code of the account.", required=True)
    status = d.plain("As the bank wrote it.", required=True)
    text = d.plain("What it says.", required=True)
    amount = fields.Nested(
        d.Amount, required=True, allow_none=True,
        metadata={"description": "As it moves the account, negative for what left it; null where it says none."},
    )  # fmt: skip
    candidates = d.many(Candidate, "Payments it may be about, the likeliest first.", required=True)
    batches = d.many(CandidateBatch, "Batches of its sum.", required=True)
    bookings = d.many(CandidateBooking, "Bookings of its amount within ten days.", required=True)


class LineDecision(d.Document):
    """What a person found out about a line."""

    verdict = d.word(("assigned", "batch", "booked", "fee", "not_ours"), "What it is.", required=True)
    payment_id = d.identifier("Of an assigned line: the payment.", load_default=None, allow_none=True)
    batch_id = d.identifier("Of a batch booked as one sum: the batch.", load_default=None, allow_none=True)
    ledger_entry_id = d.identifier(
        "Of a booked line: the ledger's entry.", load_default=None, allow_none=True
    )
    note = d.line(300, "How one knows.", minimum=0, load_default="")

    @ma.validates_schema
    def _named_by_its_verdict(self, data: d.Values, **_: object) -> None:
        named = {"assigned": "payment_id", "batch": "batch_id", "booked": "ledger_entry_id"}
        for verdict, field in named.items():
            if (data["verdict"] == verdict) != (data.get(field) is not None):
                raise ma.ValidationError(
                    "A payment, batch or entry is named when, and only when, the line is about it.", field
                )
