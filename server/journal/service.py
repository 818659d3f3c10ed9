"""Writing down what happened, sealing it into blocks, and checking that nobody changed it.

A row is written in the transaction of the thing it tells. Rows hold codes and amounts; whoever did it, and
anything personal, appears only as a salted commitment, so erasing a person's salts keeps the chain valid.
A sweep seals the rows since the last block; each block names the block before it and the ledger's head.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple

import orjson
from sqlalchemy import func, select, text

from server.findings import Finding
from server.journal.models import (
    JournalBlock as JournalBlock,
)
from server.journal.models import (
    JournalRow as JournalRow,
)
from server.journal.models import (
    JournalSecret as JournalSecret,
)
from server.runtime import Tx

GENESIS_HASH = "0" * 64
_ROW, _SECRET = (JournalRow.metadata.tables[name] for name in ("journal", "journal_secret"))
_LOCK = 7_263_001
"""Key of the PostgreSQL advisory lock: shared by writers, exclusive while sealing."""


class Event(StrEnum):
    """What can be written down, as object:verb."""

    DRAFT_APPROVED = "draft:approved"
    SERVICE_PUBLISHED = "service_version:published"
    SERVICE_DEPRECATED = "service_version:deprecated"
    SERVICE_RECALLED = "service_version:recalled"
    ADOPTION_PROPOSED = "service_adoption:proposed"
    ADOPTION_ADOPTED = "service_adoption:adopted"
    ADOPTION_WITHDRAWN = "service_adoption:withdrawn"
    PRICES_IMPORTED = "price_list:imported"
    PRICES_APPROVED = "price_list:approved"
    PRICES_RETIRED = "price_list:retired"
    TERMS_PROPOSED = "terms:proposed"
    TERMS_APPROVED = "terms:approved"
    TERMS_RETIRED = "terms:retired"
    REQUEST_MADE = "request:made"
    QUOTE_MADE = "quote:made"
    QUOTE_ACCEPTED = "quote:accepted"
    PROJECT_QUOTED = "project_quote:made"
    GRANT_RECEIVED = "grant:received"
    MONEY_EXCHANGED = "grant:exchanged"
    RESERVE_SET_ASIDE = "grant:set_aside"
    OBLIGATION_MADE = "project:unfunded"
    OBLIGATION_FUNDED = "project:obligation_funded"
    PROJECT_CREATED = "project:created"
    PROJECT_STARTED = "project:started"
    PROJECT_DONE = "project:done"
    PROJECT_MIGRATED = "project:migrated"
    INSTANCE_STARTED = "instance:started"
    TASK_READY = "task:ready"
    TASK_ASSIGNED = "task:assigned"
    TASK_RETURNED = "task:returned"
    TASK_COMPLETED = "task:completed"
    INSTANCE_WORK_DONE = "instance:work_done"
    INSTANCE_ACCEPTED = "instance:accepted"
    INSTANCE_CANCELLED = "instance:cancelled"
    INSTANCE_MIGRATED = "instance:migrated"
    INSTANCE_NOTE = "instance:note"
    INCIDENT = "instance:incident"
    SUBMISSION_RECEIVED = "submission:received"
    SUBMISSION_FAULTY = "submission:faulty"
    DELIVERY_MADE = "delivery:made"
    DELIVERY_SENT_BACK = "delivery:sent_back"
    SECOND_CHECK_ASKED = "delivery:second_check_asked"
    SECOND_CHECK_MADE = "delivery:second_check_made"
    DELIVERY_ACCEPTED = "delivery:accepted"
    BATCH_COLLECTED = "batch:collected"
    BATCH_SUBMITTED = "batch:submitted"
    BATCH_APPROVED = "batch:approved"
    BATCH_EXPORTED = "batch:exported"
    BATCH_CANCELLED = "batch:cancelled"
    ANSWER_READ = "batch:answer_read"
    PAYMENT_SETTLED = "payment:settled"
    PAYMENT_FAILED = "payment:failed"
    PAYMENT_RETURNED = "payment:returned"
    BANK_FILE_READ = "paying_account:file_read"
    BANK_LINE_DECIDED = "bank_entry:decided"
    PAYEE_ACCOUNT_CHANGED = "person:payee_account_changed"
    PAYEE_ACCOUNT_CHECKED = "payee_account:checked"
    CLAIM_PROPOSED = "claim:proposed"
    CLAIM_APPROVED = "claim:approved"
    CLAIM_REFUSED = "claim:refused"
    RECOVERY_PLANNED = "claim:recovery_planned"
    RECOVERED = "claim:recovered"
    RECOVERY_DROPPED = "claim:recovery_dropped"
    REPAID = "claim:repaid"
    CONTRIBUTION_RECEIVED = "paying_account:contribution_received"
    CONTRIBUTION_IN_KIND = "project:contribution_in_kind"
    ENTRY_REVERSED = "ledger_entry:reversed"
    TAX_DUE = "ledger_entry:tax_due"
    OVERHEAD_DUE = "project:overhead_due"
    FEE_BOOKED = "paying_account:fee_booked"
    POLICY_PROPOSED = "approval_policy:proposed"
    POLICY_APPROVED = "approval_policy:approved"
    BATCH_APPROVED_IN_PART = "batch:approved_in_part"
    PAYING_ACCOUNT_ADDED = "paying_account:added"
    EXCHANGE_RATE_ADDED = "exchange_rate:added"
    REGION_ADDED = "region:added"


def commitment(salt: str, value: str) -> str:
    """SHA-256 of salt and value: says nothing about the value, yet pins it."""
    return hashlib.sha256(f"{salt}:{value}".encode()).hexdigest()


def canonical_row(
    at: str, event: str, object_type: str, object_id: str, region: str | None, public: Mapping[str, Any],
    commitments: Mapping[str, Any],
) -> bytes:  # fmt: skip
    """The bytes that are hashed: JSON with sorted keys; `at` in ISO 8601 with microseconds, UTC."""
    document = {
        "format": "run-journal-row-1", "at": at, "event": event, "object": [object_type, object_id],
        "region": region, "public": public, "commitments": commitments,
    }  # fmt: skip
    return orjson.dumps(document, option=orjson.OPT_SORT_KEYS)


def _row_hash(
    id_: str, at: datetime, event: str, object_type: str, object_id: str, region: str | None,
    public: Mapping[str, Any], commitments: Mapping[str, Any],
) -> str:  # fmt: skip
    moment = at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    content = canonical_row(moment, event, object_type, object_id, region, public, commitments)
    # the id makes two equal events two rows
    return hashlib.sha256(id_.encode() + b"\n" + content).hexdigest()


def _hash_of(row: JournalRow) -> str:
    """What the hash of a row must be."""
    return _row_hash(
        row.id,
        row.at,
        row.event,
        row.object_type,
        row.object_id,
        row.region_code,
        row.public,
        row.commitments,
    )


class Entry(NamedTuple):
    """Something that happened to an object.

    public: codes, amounts, digests; never a name, a number of a telephone or an exact place.
    private: personal values; only their commitments are public. The actor is always one of them.
    """

    event: Event
    object_id: str
    region: str | None = None
    public: Mapping[str, Any] = {}
    private: Mapping[str, str] = {}


def record(
    tx: Tx,
    event: Event,
    object_id: str,
    *,
    region: str | None = None,
    public: Mapping[str, Any] | None = None,
    private: Mapping[str, str] | None = None,
) -> None:
    """Write down that `event` happened to the object, by the transaction's actor; see `Entry`."""
    record_all(tx, [Entry(event, object_id, region, public or {}, private or {})])


def record_all(tx: Tx, entries: Sequence[Entry]) -> None:
    """Write down what happened, in this order, by the transaction's actor.

    What the session has not written yet is written first.
    """
    tx.session.flush()
    if not entries:
        return
    if tx.session.get_bind().dialect.name == "postgresql":
        tx.session.execute(text("SELECT pg_advisory_xact_lock_shared(:key)"), {"key": _LOCK})
    rows: list[dict[str, Any]] = []
    secrets: list[dict[str, Any]] = []
    for entry in entries:
        private = {"actor": tx.actor.user_id, **entry.private}
        salts = {field: tx.ids.new_salt() for field in private}
        row: dict[str, Any] = {
            "id": tx.new_id(), "at": tx.now, "event": entry.event.value,
            "object_type": entry.event.value.partition(":")[0], "object_id": entry.object_id,
            "region_code": entry.region, "public": dict(entry.public),
            "commitments": {f: commitment(salts[f], private[f]) for f in sorted(private)},
        }  # fmt: skip
        rows.append({**row, "row_hash": _row_hash(*row.values())})
        secrets += [
            {"journal_id": row["id"], "field": f, "salt": salts[f], "value": private[f]}
            for f in sorted(private)
        ]
    # past the session: nobody keeps these rows, and a flush for each would take most of a step's time
    tx.session.execute(_ROW.insert(), rows)
    tx.session.execute(_SECRET.insert(), secrets)


def _block_hash(
    number: int, previous: str, rows_hash: str, span: tuple[int, int], head: tuple[int, str], at: str
) -> str:
    document = ["run-journal-block-1", number, previous, rows_hash, *span, *head, at]
    return hashlib.sha256(orjson.dumps(document)).hexdigest()


def seal(tx: Tx, ledger_head: tuple[int, str]) -> JournalBlock | None:
    """Seal the rows since the last block into a new one; None when there are none.

    ledger_head: sequence number and hash of the ledger's newest entry, which the block names.
    """
    if tx.session.get_bind().dialect.name == "postgresql":
        # waits for rows still being written, so that a block never has a gap filled later
        tx.session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
    last = tx.session.scalar(select(JournalBlock).order_by(JournalBlock.number.desc()).limit(1))
    after = last.last_seq if last else 0
    rows = tx.session.execute(
        select(JournalRow.seq, JournalRow.row_hash).where(JournalRow.seq > after).order_by(JournalRow.seq)
    ).all()
    if not rows:
        return None
    number, previous = (last.number + 1, last.hash) if last else (1, GENESIS_HASH)
    rows_hash = hashlib.sha256("".join(r.row_hash for r in rows).encode()).hexdigest()
    span = (rows[0].seq, rows[-1].seq)
    at = tx.now.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    block = JournalBlock(
        number=number, first_seq=span[0], last_seq=span[1], rows_hash=rows_hash, ledger_seq=ledger_head[0],
        ledger_hash=ledger_head[1], previous_hash=previous, sealed_at=tx.now,
        hash=_block_hash(number, previous, rows_hash, span, ledger_head, at),
    )  # fmt: skip
    tx.session.add(block)
    tx.session.flush()
    return block


def count(tx: Tx) -> int:
    """How many rows the journal has."""
    return tx.session.scalar(select(func.count()).select_from(JournalRow)) or 0


def latest(tx: Tx) -> int:
    """The number of the newest row; 0 for an empty journal. Whatever happens in the house changes it."""
    return tx.session.scalar(select(func.max(JournalRow.seq))) or 0


def head(tx: Tx) -> JournalBlock | None:
    """The newest sealed block."""
    return tx.session.scalar(select(JournalBlock).order_by(JournalBlock.number.desc()).limit(1))


def of_objects(tx: Tx, object_ids: list[str]) -> list[JournalRow]:
    """The rows about these objects, oldest first."""
    return list(
        tx.session.scalars(
            select(JournalRow).where(JournalRow.object_id.in_(object_ids)).order_by(JournalRow.seq)
        )
    )


@dataclass(frozen=True, slots=True)
class Told:
    """What a row tells. private: the values that can still be opened; an erased one is missing."""

    object_id: str
    event: str
    public: Mapping[str, Any]
    private: Mapping[str, str]


def told(tx: Tx, *events: Event) -> list[Told]:
    """What the rows of these events tell, oldest first."""
    wanted = JournalRow.event.in_([e.value for e in events])
    secrets: dict[str, dict[str, str]] = {}
    opened = select(JournalSecret).join(JournalRow, JournalRow.id == JournalSecret.journal_id).where(wanted)
    for secret in tx.session.scalars(opened):
        secrets.setdefault(secret.journal_id, {})[secret.field] = secret.value
    rows = tx.session.scalars(select(JournalRow).where(wanted).order_by(JournalRow.seq))
    return [Told(row.object_id, row.event, row.public, secrets.get(row.id, {})) for row in rows]


def block_of(tx: Tx, seq: int) -> JournalBlock | None:
    """The block a row is sealed in, None when it is not yet."""
    return tx.session.scalar(
        select(JournalBlock).where(JournalBlock.first_seq <= seq, JournalBlock.last_seq >= seq)
    )


def verify(tx: Tx, ledger_hash_at: Callable[[int], str | None]) -> Iterator[Finding]:
    """Recompute every row's hash, every opened commitment and the chain of blocks.

    ledger_hash_at: the hash of the ledger's entry with a sequence number, to compare with what a block names.
    """
    rows = tx.session.scalars(select(JournalRow).order_by(JournalRow.seq)).all()
    hashes: dict[int, str] = {}
    for row in rows:
        hashes[row.seq] = _hash_of(row)
        if hashes[row.seq] != row.row_hash:
            yield Finding("journal-row-changed", f"journal row {row.seq}", "The row is not what was written.")
    yield from _verify_secrets(tx, {row.id: row for row in rows})
    yield from _verify_blocks(tx, hashes, ledger_hash_at)


def _verify_secrets(tx: Tx, rows: Mapping[str, JournalRow]) -> Iterator[Finding]:
    for secret in tx.session.scalars(select(JournalSecret)):
        row = rows.get(secret.journal_id)
        if row is None or row.commitments.get(secret.field) != commitment(secret.salt, secret.value):
            yield Finding(
                "journal-secret-changed", f"journal row {secret.journal_id}",
                "The private value does not fit its commitment.",
            )  # fmt: skip


def _verify_blocks(
    tx: Tx, hashes: Mapping[int, str], ledger_hash_at: Callable[[int], str | None]
) -> Iterator[Finding]:
    previous, expected_first = GENESIS_HASH, None
    for block in tx.session.scalars(select(JournalBlock).order_by(JournalBlock.number)):
        place = f"journal block {block.number}"
        inside = [hashes[s] for s in sorted(hashes) if block.first_seq <= s <= block.last_seq]
        rows_hash = hashlib.sha256("".join(inside).encode()).hexdigest()
        at = block.sealed_at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        recomputed = _block_hash(
            block.number, previous, rows_hash, (block.first_seq, block.last_seq),
            (block.ledger_seq, block.ledger_hash), at,
        )  # fmt: skip
        if rows_hash != block.rows_hash or (expected_first and block.first_seq < expected_first):
            yield Finding("journal-rows-changed", place, "Rows were changed, removed or added after sealing.")
        elif recomputed != block.hash or block.previous_hash != previous:
            yield Finding("journal-chain-broken", place, "The chain of blocks is broken here.")
        if ledger_hash_at(block.ledger_seq) != block.ledger_hash:
            yield Finding("journal-ledger-mismatch", place, "The ledger is not the one this block names.")
        previous, expected_first = block.hash, block.last_seq + 1
