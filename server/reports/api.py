"""Reports over the API, and the bank's files: read, list, decide about what fits nothing."""

from __future__ import annotations

from flask import Response, g

from server.actor import Action
from server.batches import reports as bank_reports
from server.batches import service as batches
from server.batches.reports import OpenLine
from server.batches.service import PaymentRow
from server.errors import NotFound
from server.http import locale, paging
from server.http.documents import PageQuery, Values, amount, page_of, problem
from server.http.operations import ApiBlueprint, Part, Parts, attachment
from server.http.security import permission
from server.reports import journal, schemas, writing
from server.reports import service as reports
from server.runtime import Tx

api = ApiBlueprint("reports_api", __name__, tag="Reports", description="Reports, the journal, bank files.")


def _filters(query: Values) -> reports.Filters:
    given = {"from": query["first"], "to": query["last"]}
    return reports.read_filters(given | {name: query.get(name, "") for name in ("fund", "region", "by")})


@api.operation("GET", "/reports/<code:name>", query=schemas.ReportQuery, answer=schemas.Report)
@permission(Action.LEDGER_READ)
def read_report(name: str, query: Values) -> Values:
    """Read a report: payables, budget, funds, tax, overheads, reconciliation or exceptions."""
    made = g.runtime.read(g.actor, reports.report, name, _filters(query), locale.current_locale())
    return writing.document(made)


@api.operation(
    "GET", "/reports/<code:name>/<code:form>", query=schemas.ReportQuery,
    produces=("text/csv", writing.TYPES["xlsx"], "application/pdf", "application/json"),
)  # fmt: skip
@permission(Action.LEDGER_READ)
def download_report(name: str, form: str, query: Values) -> Response:
    """Download a report as csv, xlsx, pdf or json."""
    language = locale.current_locale()
    made = g.runtime.read(g.actor, reports.report, name, _filters(query), language)
    return attachment(
        writing.write(made, writing.known(form), language), f"{name}.{form}", writing.TYPES[form]
    )


@api.operation("GET", "/people/<uuid:person_id>/statement", query=schemas.PeriodQuery, answer=schemas.Report)
@permission(Action.LEDGER_READ)
def read_statement(person_id: str, query: Values) -> Values:
    """Read what a person was owed and paid, line by line with the running balance."""
    period, language = _filters(query).period, locale.current_locale()
    return writing.document(g.runtime.read(g.actor, reports.statement, person_id, period, language))


@api.operation("GET", "/my/statement", query=schemas.PeriodQuery, answer=schemas.Report)
@permission(Action.MONEY_OWN)
def read_my_statement(query: Values) -> Values:
    """Read what I was owed and paid, line by line with the running balance."""
    period, language = _filters(query).period, locale.current_locale()
    mine = g.actor.person_id or ""
    return writing.document(g.runtime.read(g.actor, reports.statement, mine, period, language, own=True))


@api.operation(
    "GET", "/ledger/journal/<code:form>", query=schemas.PeriodQuery,
    produces=("text/csv", "text/plain", "application/json"),
)  # fmt: skip
@permission(Action.LEDGER_READ)
def download_journal(form: str, query: Values) -> Response:
    """Download the accounting journal as csv (with SYSCOHADA account numbers), beancount or json."""
    text = g.runtime.read(g.actor, journal.text, form, _filters(query).period)
    return attachment(text.encode(), f"journal.{form}", journal.FORMS[form])


# Bank files -------------------------------------------------------------------------------------------


@api.operation("GET", "/bank-files", query=PageQuery, answer=page_of(schemas.BankFile))
@permission(Action.BATCH_READ)
def list_bank_files(query: Values) -> Values:
    """List the files that banks and companies sent and that were read, newest first."""
    return g.runtime.read(g.actor, _files, query)  # type: ignore[no-any-return]


def _files(tx: Tx, query: Values) -> Values:
    def view(row: batches.BankFile) -> Values:
        return {"sha256": row.sha256, "kind": row.kind, "name": row.name, "received_at": row.received_at}

    rows = batches.bank_files(tx) if batches.visible_accounts(tx) else []
    return paging.document(
        rows, lambda row: (row.received_at.isoformat(), row.sha256), view, descending=True, **query
    )


@api.operation(
    "POST", "/paying-accounts/<uuid:account_id>/bank-files", answer=schemas.BankFileRead, status=201,
    parts=(Part("file", "A camt.052, .053, .054 or pain.002 of the bank, or a company's result file."),),
)  # fmt: skip
@permission(Action.ANSWER_IMPORT)
def import_bank_file(account_id: str, parts: Parts) -> Values:
    """Read what a bank says of an account, over all its batches. Nothing is booked twice."""
    name, content = parts.file("file")
    return g.runtime.run(g.actor, _import, account_id, name, content)  # type: ignore[no-any-return]


def _import(tx: Tx, account_id: str, name: str, content: bytes) -> Values:
    if account_id not in batches.visible_accounts(tx):
        raise NotFound(what="paying account", key=account_id)
    read = bank_reports.read_file(tx, account_id, content, name=name)
    return {
        "sha256": read.sha256, "settled": read.settled, "rejected": read.rejected, "returned": read.returned,
        "pending": read.pending, "already_known": read.already_known, "unmatched": read.unmatched,
        "problems": [problem(p) for p in read.problems],
    }  # fmt: skip


@api.operation("GET", "/bank-lines", query=PageQuery, answer=page_of(schemas.BankLine))
@permission(Action.BATCH_READ)
def list_bank_lines(query: Values) -> Values:
    """List the lines that fit no payment and that nobody has decided about, oldest first."""
    return g.runtime.read(g.actor, _lines, query)  # type: ignore[no-any-return]


def _lines(tx: Tx, query: Values) -> Values:
    return paging.document(_undecided(tx), lambda line: (line.entry.id,), _line, **query)


def _undecided(tx: Tx) -> list[OpenLine]:
    every = [*bank_reports.open_lines(tx), *bank_reports.other_movements(tx)]
    return sorted(every, key=lambda line: line.entry.id)


def _line(line: OpenLine) -> Values:
    entry, currency = line.entry, line.account.currency
    return {
        "id": entry.id, "file_sha256": entry.file_sha256, "paying_account": line.account.code,
        "status": entry.status, "text": entry.reason,
        "amount": None if entry.amount is None else amount(entry.amount, currency),
        "candidates": [_candidate(p) for p in line.candidates],
        "batches": [
            {"id": each.batch.id, "reference": each.batch.reference, "payments": each.payments}
            for each in line.batches
        ],
        "bookings": [
            {"id": each.id, "kind": each.kind, "memo": each.memo, "day": each.day.isoformat()}
            for each in line.bookings
        ],
    }  # fmt: skip


def _candidate(row: PaymentRow) -> Values:
    return {
        "id": row.id, "end_to_end_id": row.end_to_end_id, "amount": amount(row.amount, row.currency),
        "state": row.state,
    }  # fmt: skip


@api.operation("POST", "/bank-lines/<uuid:line_id>/decision", body=schemas.LineDecision)
@permission(Action.ANSWER_IMPORT)
def decide_bank_line(line_id: str, body: Values) -> None:
    """Say which payment, batch or booking a line is about, that it is a fee, or that it is not ours; once."""
    g.runtime.run(g.actor, _decide, line_id, body)


def _decide(tx: Tx, line_id: str, body: Values) -> None:
    if line_id not in {line.entry.id for line in _undecided(tx)}:
        raise NotFound(what="bank line", key=line_id)
    named = {
        field: str(body[field]) for field in ("payment_id", "batch_id", "ledger_entry_id") if body[field]
    }
    about = bank_reports.About(**named, fee=body["verdict"] == "fee")
    bank_reports.decide_about(tx, line_id, about, note=body["note"])
