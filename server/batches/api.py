"""Payments over the API: what is owed, batches, the file, the bank's answer.

The number of an account is in the file and nowhere else.
"""

from __future__ import annotations

from flask import Response, g

from server.actor import Action, Object, can
from server.batches import schemas
from server.batches import service as batches
from server.batches.service import BatchRow, PayingAccount, PaymentRow
from server.http import paging
from server.http.documents import PageQuery, Values, amount, page_of, problem
from server.http.operations import ApiBlueprint, Part, Parts, attachment
from server.http.security import permission
from server.http.visibility import require_visible
from server.ledger import service as ledger
from server.ledger.service import Payable
from server.runtime import Tx

api = ApiBlueprint("batches_api", __name__, tag="Payments", description="Payables, batches, bank files.")


@api.operation("GET", "/paying-accounts", query=PageQuery, answer=page_of(schemas.PayingAccount))
@permission(Action.BATCH_READ)
def list_paying_accounts(query: Values) -> Values:
    """List the accounts that batches are paid from."""
    return g.runtime.read(g.actor, _accounts, query)  # type: ignore[no-any-return]


def _accounts(tx: Tx, query: Values) -> Values:
    rows = [a for a in batches.paying_accounts(tx) if can(tx.actor, Action.BATCH_READ, _object(a))]

    def view(row: PayingAccount) -> Values:
        return {
            "id": row.id, "code": row.code, "rail": row.rail, "currency": row.currency,
            "holder_name": row.holder_name, "country": row.country,
        }  # fmt: skip

    return paging.document(rows, lambda row: (row.id,), view, **query)


@api.operation("GET", "/payables", query=PageQuery, answer=page_of(schemas.Payable))
@permission(Action.BATCH_READ)
def list_payables(query: Values) -> Values:
    """List everything that was ever owed in regions one may see, oldest first."""
    return g.runtime.read(g.actor, _payables, query)  # type: ignore[no-any-return]


def _payables(tx: Tx, query: Values) -> Values:
    rows = ledger.all_payables(tx)
    return paging.document(batches.visible_payables(tx, rows), lambda row: (row.id,), _payable, **query)


@api.operation("GET", "/batches", query=PageQuery, answer=page_of(schemas.BatchLine))
@permission(Action.BATCH_READ)
def list_batches(query: Values) -> Values:
    """List the batches, newest first."""
    return g.runtime.read(g.actor, _batches, query)  # type: ignore[no-any-return]


def _batches(tx: Tx, query: Values) -> Values:
    accounts = {account.id: account for account in batches.paying_accounts(tx)}
    mine = [
        row for row in batches.batches(tx)
        if can(tx.actor, Action.BATCH_READ, _object(accounts[row.paying_account_id]))
    ]  # fmt: skip
    return paging.document(mine, lambda row: (row.id,), lambda row: _line(tx, row), descending=True, **query)


@api.operation("POST", "/batches", body=schemas.NewBatch, answer=schemas.Batch, status=201)
@permission(Action.BATCH_PREPARE)
def create_batch(body: Values) -> Values:
    """Collect what is owed on an account's rail into a draft batch, one payment a payee."""
    return g.runtime.run(g.actor, _collect, body)  # type: ignore[no-any-return]


def _collect(tx: Tx, body: Values) -> Values:
    account_id = str(body["paying_account_id"])
    subject = _object(batches.paying_account(tx, account_id))
    require_visible(tx, Action.BATCH_PREPARE, subject, what="paying account", key=account_id)
    return _document(tx, batches.collect(tx, account_id, execution_date=body["execution_date"]))


@api.operation("GET", "/batches/<uuid:batch_id>", answer=schemas.Batch)
@permission(Action.BATCH_READ)
def read_batch(batch_id: str) -> Values:
    """Read a batch with its payments."""
    return g.runtime.read(  # type: ignore[no-any-return]
        g.actor, lambda tx: _document(tx, _find(tx, batch_id).id)
    )


@api.operation("POST", "/batches/<uuid:batch_id>/submission", answer=schemas.Batch)
@permission(Action.BATCH_PREPARE)
def submit_batch(batch_id: str) -> Values:
    """Hand a draft over for approval: from now on its payments are frozen."""
    return g.runtime.run(g.actor, _submit, batch_id)  # type: ignore[no-any-return]


def _submit(tx: Tx, batch_id: str) -> Values:
    _find(tx, batch_id)
    batches.submit(tx, batch_id)
    return _document(tx, batch_id)


@api.operation("POST", "/batches/<uuid:batch_id>/approval", body=schemas.Approval, answer=schemas.Batch)
@permission(Action.BATCH_APPROVE)
def approve_batch(batch_id: str, body: Values) -> Values:
    """Approve a submitted batch, by somebody other than who prepared it."""
    return g.runtime.run(g.actor, _approve, batch_id, body)  # type: ignore[no-any-return]


def _approve(tx: Tx, batch_id: str, body: Values) -> Values:
    _find(tx, batch_id)
    batches.approve(tx, batch_id, content=body["content_sha256"])
    return _document(tx, batch_id)


@api.operation("POST", "/batches/<uuid:batch_id>/export", answer=schemas.Batch)
@permission(Action.BATCH_EXPORT)
def export_batch(batch_id: str) -> Values:
    """Write the file of an approved batch, once, and freeze it."""
    return g.runtime.run(g.actor, _export, batch_id)  # type: ignore[no-any-return]


def _export(tx: Tx, batch_id: str) -> Values:
    _find(tx, batch_id)
    batches.export(tx, batch_id)
    return _document(tx, batch_id)


@api.operation("POST", "/batches/<uuid:batch_id>/cancellation", answer=schemas.Batch)
@permission(Action.BATCH_PREPARE)
def cancel_batch(batch_id: str) -> Values:
    """Give up a batch that has not left the house; everything in it is owed again."""
    return g.runtime.run(g.actor, _cancel, batch_id)  # type: ignore[no-any-return]


def _cancel(tx: Tx, batch_id: str) -> Values:
    _find(tx, batch_id)
    batches.cancel(tx, batch_id)
    return _document(tx, batch_id)


@api.operation("GET", "/batches/<uuid:batch_id>/file", produces=("application/xml", "text/csv"))
@permission(Action.BATCH_READ)
def download_batch_file(batch_id: str) -> Response:
    """Download the frozen file of an exported batch: pain.001 for a bank, CSV for mobile money."""
    name, content = g.runtime.read(g.actor, _file, batch_id)
    return attachment(content, name, "application/xml" if name.endswith(".xml") else "text/csv")


def _file(tx: Tx, batch_id: str) -> tuple[str, bytes]:
    _find(tx, batch_id)
    return batches.file_of(tx, batch_id)


@api.operation(
    "POST", "/batches/<uuid:batch_id>/answers", answer=schemas.AnswerRead, status=201,
    parts=(Part("file", "The bank's pain.002, or the result file of the mobile-money company."),),
)  # fmt: skip
@permission(Action.ANSWER_IMPORT)
def read_batch_answer(batch_id: str, parts: Parts) -> Values:
    """Read what the bank answered: payments are settled, or fail and are owed again.

    The same file twice is refused; nothing is ever booked twice.
    """
    name, content = parts.file("file")
    return g.runtime.run(g.actor, _answer, batch_id, name, content)  # type: ignore[no-any-return]


def _answer(tx: Tx, batch_id: str, name: str, content: bytes) -> Values:
    row = _find(tx, batch_id)
    read = batches.read_answer(tx, batch_id, content, name=name)
    return {
        "settled": read.settled, "rejected": read.rejected, "pending": read.pending,
        "already_known": read.already_known, "unmatched": len(read.unmatched), "batch": _line(tx, row),
    }  # fmt: skip


def _object(account: PayingAccount) -> Object:
    """Batches belong to the country of their paying account."""
    return Object(f"{account.country}/")


def _find(tx: Tx, batch_id: str) -> BatchRow:
    row = batches.batch(tx, batch_id)
    subject = _object(batches.paying_account(tx, row.paying_account_id))
    require_visible(tx, Action.BATCH_READ, subject, what="batch", key=batch_id)
    return row


def _payable(row: Payable) -> Values:
    sums = {
        "gross": row.gross, "withheld": row.withheld, "net": row.amount, "allocated": row.allocated,
        "settled": row.settled,
    }  # fmt: skip
    return {
        "id": row.id, "delivery_id": row.delivery_id, "instance_id": row.instance_id,
        "person_id": row.person_id, "component": row.component, "created_at": row.created_at,
        **{name: amount(minor, row.currency) for name, minor in sums.items()},
    }  # fmt: skip


def _line(tx: Tx, row: BatchRow) -> Values:
    paid = batches.payments(tx, row.id)
    return {
        "id": row.id, "reference": row.reference, "paying_account_id": row.paying_account_id,
        "state": row.state, "execution_date": row.execution_date, "payments_count": len(paid),
        "total": amount(sum(p.amount for p in paid), row.currency), "content_sha256": row.content_sha256,
        "file_sha256": row.file_sha256, "prepared_at": row.prepared_at, "approved_at": row.approved_at,
        "exported_at": row.exported_at,
    }  # fmt: skip


def _document(tx: Tx, batch_id: str) -> Values:
    row = batches.batch(tx, batch_id)
    found = batches.check(tx, batch_id) if row.state == "draft" else ()
    return {
        **_line(tx, row), "prepared_by": row.prepared_by, "approved_by": row.approved_by,
        "payments": [_payment(p) for p in batches.payments(tx, batch_id)],
        "problems": [problem(p) for p in found],
    }  # fmt: skip


def _payment(row: PaymentRow) -> Values:
    return {
        "id": row.id, "end_to_end_id": row.end_to_end_id, "person_id": row.person_id,
        "payee_name": row.payee_name, "account_kind": row.account_kind,
        "account_ending": row.account_identifier[-4:], "amount": amount(row.amount, row.currency),
        "state": row.state, "failure_reason": row.failure_reason, "settled_at": row.settled_at,
    }  # fmt: skip
