"""The public record of a village, and the auditor's verification, over the API."""

from __future__ import annotations

from flask import g

from server.actor import Action
from server.http import locale
from server.http.documents import Values, amount
from server.http.operations import ApiBlueprint
from server.http.security import permission
from server.journal.service import JournalBlock, JournalRow
from server.runtime import Tx
from server.transparency import schemas
from server.transparency import service as transparency

api = ApiBlueprint(
    "transparency_api", __name__, tag="Transparency", description="What everybody may see, and its proof."
)


@api.operation("GET", "/villages/<uuid:instance_id>", answer=schemas.VillageRecord)
@permission(Action.PUBLIC)
def read_village(instance_id: str) -> Values:
    """Read the public record of a service in a village, with the hashes that prove it."""
    return g.runtime.read(g.actor, _village, instance_id, locale.current_locale())  # type: ignore[no-any-return]


def _village(tx: Tx, instance_id: str, language: str) -> Values:
    found = transparency.village_record(tx, instance_id, language)
    money = found.currency
    return {
        "instance_id": found.instance_id, "service": found.service, "service_version": found.service_version,
        "service_digest": found.service_digest, "village": found.village, "region": found.region_code,
        "illustrative": found.illustrative, "status": found.status, "requested_at": found.requested_at,
        "started_at": found.started_at, "ended_at": found.ended_at,
        "tasks": [_task(task, money) for task in found.tasks],
        "payers": [
            {"party": party, "amount": amount(minor, money)} for party, minor in found.payers.items()
        ],
        "total": amount(found.total, money), "journal": [_row(row) for row in found.rows],
        "block": _block(found.block) if found.block else None,
    }  # fmt: skip


def _task(task: transparency.TaskRecord, currency: str) -> Values:
    return {
        "node": task.node_id, "title": task.title, "outcome": task.outcome, "skill": task.skill,
        "round": task.round, "state": task.state, "accepted_at": task.accepted_at,
        "honorarium": amount(task.honorarium, currency), "expenses": amount(task.expenses, currency),
        "paid": amount(task.paid, currency), "evidence": task.evidence,
    }  # fmt: skip


def _row(row: JournalRow) -> Values:
    return {
        "id": row.id, "seq": row.seq, "at": row.at, "event": row.event, "object_id": row.object_id,
        "region": row.region_code, "public": row.public, "commitments": row.commitments,
        "row_hash": row.row_hash,
    }  # fmt: skip


def _block(block: JournalBlock) -> Values:
    return {
        "number": block.number, "first_seq": block.first_seq, "last_seq": block.last_seq,
        "rows_hash": block.rows_hash, "ledger_seq": block.ledger_seq, "ledger_hash": block.ledger_hash,
        "previous_hash": block.previous_hash, "hash": block.hash, "sealed_at": block.sealed_at,
    }  # fmt: skip


@api.operation("GET", "/verification", query=schemas.VerificationQuery, answer=schemas.Verification)
@permission(Action.VERIFY)
def read_verification(query: Values) -> Values:
    """Recompute what was promised: the ledger, payables, batches, journal, versions, quotes, files."""
    found = g.runtime.read(g.actor, transparency.verify, query["part"])
    return {
        "verified": [query["part"]] if query["part"] else list(transparency.PARTS), "sound": not found,
        "findings": [{"code": f.code, "place": f.place, "detail": f.detail} for f in found],
    }  # fmt: skip
