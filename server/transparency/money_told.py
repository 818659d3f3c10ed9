"""What finance decided, compared with what the journal told: claims, policies, approvals, bank files and their lines.

The journal is a chain of its own that nobody changes unseen; a table that says otherwise was changed past it. What
was erased from the journal's secrets cannot be compared and counts as agreeing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import chain

from server.batches import approvals, reports
from server.batches import service as batches
from server.findings import Finding
from server.journal import service as journal
from server.journal.service import Event, Told
from server.ledger import claims
from server.runtime import Tx


def verify(tx: Tx) -> Iterator[Finding]:
    """Everything that two people decided, and every file a bank sent, is what the journal names."""
    yield from _claims(tx)
    yield from _policies(tx)
    yield from _approvals(tx)
    yield from _decisions(tx)
    yield from _files(tx)
    yield from reports.verify(tx)


def agree(row: Told, **values: str | None) -> bool:
    """Whether what the row's commitments open to is what the tables say."""
    return all(row.private.get(field, value) == value for field, value in values.items())


def _public(row: Told, **values: object) -> bool:
    """Whether what the row tells openly is what the tables say; an older row may tell less."""
    return all(row.public.get(field, value) == value for field, value in values.items())


def _by_object(rows: Iterable[Told]) -> dict[str, Told]:
    return {row.object_id: row for row in rows}


def _claims(tx: Tx) -> Iterator[Finding]:
    proposed = _by_object(journal.told(tx, Event.CLAIM_PROPOSED))
    decided = _by_object(journal.told(tx, Event.CLAIM_APPROVED, Event.CLAIM_REFUSED))
    known = {row.id: row for row in claims.claims(tx)}
    states: Mapping[str, str] = {Event.CLAIM_APPROVED: "approved", Event.CLAIM_REFUSED: "refused"}
    for claim_id in sorted({*known, *proposed}):
        row, said, then = known.get(claim_id), proposed.get(claim_id), decided.get(claim_id)
        if (
            row is None
            or said is None
            or not _public(said, kind=row.kind, amount=row.amount, currency=row.currency, share=row.share)
            or not agree(said, person=row.person_id, reason=row.reason, actor=row.proposed_by)
            or row.state != (states[then.event] if then else "proposed")
            or (then is not None and not agree(then, actor=row.decided_by))
        ):
            yield Finding("claim-told-otherwise", f"claim {claim_id}", "The journal tells it otherwise.")


def _policies(tx: Tx) -> Iterator[Finding]:
    proposed = _by_object(journal.told(tx, Event.POLICY_PROPOSED))
    approved = _by_object(journal.told(tx, Event.POLICY_APPROVED))
    known = {row.id: row for row in approvals.policies(tx)}
    for policy_id in sorted({*known, *proposed}):
        row, said, then = known.get(policy_id), proposed.get(policy_id), approved.get(policy_id)
        if (
            row is None
            or said is None
            or not _public(
                said,
                currency=row.currency,
                fund=row.fund,
                steps=row.steps,
                valid_from=row.valid_from.isoformat(),
            )
            or not agree(said, actor=row.proposed_by)
            or (then is None) != (row.approved_by is None)
            or (then is not None and not agree(then, actor=row.approved_by))
        ):
            yield Finding(
                "policy-told-otherwise", f"approval policy {policy_id}", "The journal tells it otherwise."
            )


def _approvals(tx: Tx) -> Iterator[Finding]:
    """Who approved the content that left, each of them."""
    told: dict[str, set[str]] = {}
    for row in journal.told(tx, Event.BATCH_APPROVED, Event.BATCH_APPROVED_IN_PART):
        told.setdefault(row.object_id, set()).add(row.private.get("actor", ""))
    for batch in batches.batches(tx):
        given = {a.approved_by for a in approvals.of_batch(tx, batch).given}
        said = told.get(batch.id, set())
        if "" not in said and given != said:
            yield Finding(
                "batch-told-otherwise",
                f"batch {batch.reference}",
                "Others approved it than the journal names.",
            )


def _decisions(tx: Tx) -> Iterator[Finding]:
    told = _by_object(journal.told(tx, Event.BANK_LINE_DECIDED))
    known = {row.entry_id: row for row in reports.decisions(tx)}
    for line_id in sorted({*known, *told}):
        row, said = known.get(line_id), told.get(line_id)
        if (
            row is None
            or said is None
            or not _public(
                said,
                ours=row.verdict in ("assigned", "batch"),
                verdict=row.verdict,
                entry=row.ledger_entry_id or "",
                batch=row.batch_id or "",
            )
            or not agree(said, payment=row.payment_id or "", note=row.note, actor=row.decided_by)
        ):
            yield Finding(
                "bank-line-told-otherwise",
                f"bank line {line_id}",
                "The journal tells its decision otherwise.",
            )


def _files(tx: Tx) -> Iterator[Finding]:
    read = chain(journal.told(tx, Event.BANK_FILE_READ), journal.told(tx, Event.ANSWER_READ))
    told = {str(row.public["file"]) for row in read}
    known = {row.sha256 for row in batches.bank_files(tx)}
    for sha in sorted(told ^ known):
        what = "The journal says it was read." if sha in told else "The journal does not say it was read."
        yield Finding("bank-file-told-otherwise", f"bank file {sha[:12]}…", what)
