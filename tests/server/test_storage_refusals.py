"""What the database itself refuses, whoever writes to it: direct SQL, past every service function.

Each attack is one transaction on a world with batches in several states; it must fail at a statement or at
COMMIT with the message (or the name of the constraint) given. Source: findings, 28 attacks on the ledger.
"""

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from payments.batches import TRANSITIONS
from server.db.tables import metadata

NEW = "'00000000-0000-7000-8000-000000000001'"
OTHER = "'00000000-0000-7000-8000-000000000002'"
ZEROS, ONES = "'" + "0" * 64 + "'", "'" + "1" * 64 + "'"
DRAFT_PAYMENT = (
    "(SELECT max(p.id) FROM payment p JOIN payment_batch b ON b.id = p.batch_id WHERE b.state = 'draft')"
)


def copy_row(table: str, where: str, **changes: str) -> str:
    """INSERT of a copy of the first row that fits, with other values in some columns."""
    columns = [c.name for c in metadata.tables[table].columns]
    values = ", ".join(changes.get(c, f'"{c}"') for c in columns)
    names = ", ".join(f'"{c}"' for c in columns)
    return f"INSERT INTO {table} ({names}) SELECT {values} FROM {table} WHERE {where} LIMIT 1"


def entry(
    *lines: tuple[str, int], key: str = "attack", kind: str = "grant", reverses: str = "NULL", new: str = NEW
):
    """The inserts of an entry without its seal; lines: condition on the account, amount."""
    inserted = [
        "INSERT INTO ledger_entry (id, kind, idempotency_key, reverses_id, posted_at, actor, memo) "
        f"VALUES ({new}, '{kind}', '{key}', {reverses}, '2026-03-02 10:00:00+00', 'x', '')"
    ]
    for number, (account, amount) in enumerate(lines, start=1):
        inserted.append(
            "INSERT INTO ledger_posting (entry_id, line, account_id, amount) "
            f"SELECT {new}, {number}, min(id), {amount} FROM ledger_account WHERE {account}"
        )
    return inserted


def seal(digest: str = ONES, previous: str = "hash", step: int = 1, new: str = NEW) -> str:
    """The seal of an entry, on the present head of the chain."""
    return (
        "INSERT INTO ledger_seal (entry_id, seq, previous_hash, hash) "
        f"SELECT {new}, seq + {step}, {previous}, {digest} FROM ledger_head"
    )


def statement(kind: str = "'statement'") -> str:
    """A bank's statement of one of our accounts, in the file NEW_FILE."""
    return (
        "INSERT INTO bank_statement (id, file_sha256, paying_account_id, number, kind, currency, moved) "
        f"SELECT {NEW}, 'x', min(id), '1', {kind}, 'XOF', 0 FROM paying_account"
    )


def decision(verdict: str) -> str:
    """What a person decided about a line of a bank's report."""
    return (
        "INSERT INTO bank_decision (entry_id, verdict, note, decided_at, decided_by) "
        f"SELECT min(id), {verdict}, '', '2026-03-02 10:00:00+00', 'x' FROM bank_entry"
    )


NEW_FILE = (
    "INSERT INTO bank_file (sha256, kind, name, received_at, received_by) "
    "VALUES ('x', 'camt.053', 'x', '2026-03-02 10:00:00+00', 'x')"
)
STATEMENT_LINE = (
    f"INSERT INTO bank_statement_line (statement_id, entry_id) SELECT {NEW}, min(id) FROM bank_entry"
)
LINE = (
    "INSERT INTO bank_entry (id, file_sha256, natural_key, status, reason, verdict, paying_account_id, amount) "
    f"SELECT {NEW}, 'x', 'x', 'BOOK', '', 'unmatched', max(paying_account_id), -{10**12} FROM payment_batch "
    "WHERE state = 'exported'"
)


def decided(verdict: str, **about: str) -> str:
    """What a person decided about LINE."""
    columns, values = (", ".join(part) for part in (about, about.values()))
    return (
        f"INSERT INTO bank_decision (entry_id, verdict, note, decided_at, decided_by, {columns}) "
        f"VALUES ({NEW}, '{verdict}', '', '2026-03-02 10:00:00+00', 'x', {values})"
    )


SETTLEMENT = "(SELECT min(id) FROM ledger_entry WHERE kind = 'settlement')"


def reversal(of: str = SETTLEMENT, key: str = "attack", new: str = NEW) -> list[str]:
    """The inserts of a right reversal without its seal."""
    return [
        *entry(key=key, kind="reversal", reverses=of, new=new),
        "INSERT INTO ledger_posting (entry_id, line, account_id, amount) "
        f"SELECT {new}, line, account_id, -amount FROM ledger_posting WHERE entry_id = {of}",
    ]


FUND = "kind = 'fund' AND currency = 'XOF'"
RESERVED = "kind = 'reservation' AND currency = 'XOF'"
APPROPRIATED = "kind = 'appropriation' AND currency = 'XOF'"
BANK = "kind = 'bank' AND currency = 'XOF'"
HUGE = 10**15

LEDGER = {
    "an entry that does not balance": (
        "balance", *entry((APPROPRIATED, 5), (FUND, -4)), seal()),
    "an entry that balances only across the two books": (
        "balance", *entry((APPROPRIATED, 5), (BANK, -5)), seal()),
    "an entry of one line": ("two lines", *entry((APPROPRIATED, 5)), seal()),
    "an entry without a seal": ("", *entry((APPROPRIATED, 5), (FUND, -5))),
    "a seal without an entry's lines": ("two lines", *entry(), seal()),
    "a line after the seal": (
        "sealed", *entry((APPROPRIATED, 5), (FUND, -5)), seal(),
        f"INSERT INTO ledger_posting (entry_id, line, account_id, amount) "
        f"SELECT {NEW}, 9, min(id), 1 FROM ledger_account"),
    "a line into an old entry": (
        "sealed",
        "INSERT INTO ledger_posting (entry_id, line, account_id, amount) "
        "SELECT min(entry_id), 90, min(account_id), 1 FROM ledger_posting"),
    "a seal that names another predecessor": (
        "chain", *entry((APPROPRIATED, 5), (FUND, -5)), seal(previous="'" + "2" * 64 + "'")),
    "a seal that leaves a number out": ("chain", *entry((APPROPRIATED, 5), (FUND, -5)), seal(step=2)),
    "a line of zero": ("ledger_posting_amount", *entry((APPROPRIATED, 0), (FUND, 0))),
    "an overdrawn fund": ("ceiling", *entry((FUND, HUGE), (RESERVED, -HUGE)), seal()),
    "an overdrawn reservation": (
        "ceiling", *entry((RESERVED, HUGE), ("kind = 'consumed' AND currency = 'XOF'", -HUGE)), seal()),
    "a payee ordered more than is owed": (
        "ceiling", *entry(("kind = 'payable'", HUGE), ("kind = 'clearing'", -HUGE)), seal()),
    "an idempotency key again": (
        "idempotency_key", copy_row("ledger_entry", "kind = 'delivery'", id=NEW)),
    "a second reversal of one entry": (
        "reverses_id",
        *reversal(),
        seal(),
        *reversal(new=OTHER, key="again")),
    "a reversal of other lines": (
        "takes every line back",
        *entry((APPROPRIATED, 5), (FUND, -5), kind="reversal", reverses=SETTLEMENT), seal()),
    "a reversal of half the amount": (
        "takes every line back",
        *entry(("kind = 'bank' AND currency = 'XOF'", 1), ("kind = 'clearing' AND currency = 'XOF'", -1),
               kind="reversal", reverses=SETTLEMENT), seal()),
    "a reversal of a reversal": (
        "is not reversed",
        *reversal(), seal(),
        *reversal(new=OTHER, key="again", of=NEW), seal(digest="'" + "3" * 64 + "'", new=OTHER)),
    "a reversal of nothing": (
        "ledger_entry_reversal", *entry((APPROPRIATED, 5), (FUND, -5), kind="reversal"), seal()),
    "an edited entry": ("append-only", "UPDATE ledger_entry SET memo = 'x'"),
    "a deleted entry": ("append-only", "DELETE FROM ledger_entry"),
    "an edited line": ("append-only", "UPDATE ledger_posting SET amount = amount + 1"),
    "a deleted line": ("append-only", "DELETE FROM ledger_posting"),
    "an edited seal": ("append-only", "UPDATE ledger_seal SET hash = hash"),
    "a deleted seal": ("append-only", "DELETE FROM ledger_seal"),
    "a deleted account": ("ledger_account: is ", "DELETE FROM ledger_account"),
    "an account without its bound": ("bounds", "UPDATE ledger_account SET ceiling = NULL"),
    "an account of another currency": ("bounds", "UPDATE ledger_account SET currency = 'EUR'"),
    "a deleted head of the chain": ("", "DELETE FROM ledger_head"),
    "a second head of the chain": (
        "single", f"INSERT INTO ledger_head (id, seq, hash) VALUES (2, 0, {ZEROS})"),
    "an account of a third book": (
        "ledger_account_book", copy_row("ledger_account", "1 = 1", id=NEW, code="'x'", book="'x'")),
    "an account of no currency": (
        "ledger_account_currency", copy_row("ledger_account", "1 = 1", id=NEW, code="'x'", currency="'FRANC'")),
    "an account below its floor": (
        "ledger_account_floor",
        copy_row("ledger_account", "1 = 1", id=NEW, code="'x'", balance="-1", floor="0", ceiling="NULL")),
    "an account twice": (
        "code", copy_row("ledger_account", "1 = 1", id=NEW, balance="0", floor="NULL", ceiling="NULL")),
    "a seal before the first": (
        "ledger_seal_seq", *entry((APPROPRIATED, 5), (FUND, -5)),
        # the number before the head's is refused by the chain: the head is put back to the beginning first
        "UPDATE ledger_head SET seq = -1", seal()),
    "a seal of a number that is taken": (
        "seq", *entry((APPROPRIATED, 5), (FUND, -5)), "UPDATE ledger_head SET seq = seq - 1", seal()),
    "a seal of a hash that is taken": (
        "hash", *entry((APPROPRIATED, 5), (FUND, -5)), seal(digest="hash")),
    "a second seal after the same one": (
        "previous_hash", *entry((APPROPRIATED, 5), (FUND, -5)),
        "UPDATE ledger_head SET hash = (SELECT max(previous_hash) FROM ledger_seal)", seal()),
}  # fmt: skip

PAYABLES = {
    "a payable twice": ("payable", copy_row("payable", "1 = 1", id=NEW, allocated="0", settled="0")),
    "an edited amount": ("never edited", "UPDATE payable SET amount = amount + 1, gross = gross + 1"),
    "another payee": ("never edited", "UPDATE payable SET person_id = (SELECT max(id) FROM person)"),
    "another entry": ("never edited", "UPDATE payable SET entry_id = (SELECT max(id) FROM ledger_entry)"),
    "a deleted payable": ("payable: is ", "DELETE FROM payable"),
    "a payable of nothing": (
        "payable_amount", copy_row("payable", "1 = 1", id=NEW, part="2", amount="0", gross="0", withheld="0",
        allocated="0", settled="0")),
    "a payable whose parts do not sum": (
        "payable_amount", copy_row("payable", "1 = 1", id=NEW, part="2", amount="amount + 1")),
    "more allocated than owed": ("payable_allocated", "UPDATE payable SET allocated = amount + 1"),
    "more settled than allocated": ("payable_settled", "UPDATE payable SET settled = allocated + 1"),
    "an allocation of what is allocated already": (
        "payable_allocated",
        copy_row("payment", f"id = {DRAFT_PAYMENT}", id=NEW, end_to_end_id="'X'", uetr="'X'", retries_id="NULL"),
        f"INSERT INTO allocation (payment_id, payable_id, amount) SELECT {NEW}, min(payable_id), 1 "
        f"FROM allocation WHERE payment_id = {DRAFT_PAYMENT}"),
    "an allocation of what is owed to somebody else": (
        "payee or currency differ",
        "INSERT INTO allocation (payment_id, payable_id, amount) "
        f"SELECT p.id, (SELECT min(y.id) FROM payable y WHERE y.person_id <> p.person_id), 1 "
        f"FROM payment p WHERE p.id = {DRAFT_PAYMENT}"),
    "an allocation of less than nothing": (
        "allocation_amount",
        f"INSERT INTO allocation (payment_id, payable_id, amount) SELECT {DRAFT_PAYMENT}, min(id), -1 FROM payable"),
    "an allocation in a batch that was approved": (
        "not a draft",
        "INSERT INTO allocation (payment_id, payable_id, amount) "
        "SELECT p.id, y.id, 1 FROM payment p JOIN payment_batch b ON b.id = p.batch_id "
        "JOIN payable y ON y.person_id <> p.person_id WHERE b.state = 'approved' LIMIT 1"),
    "a payable of an unknown kind": (
        "payable_component", copy_row(
            "payable", "1 = 1", id=NEW, part="2", component="'bonus'", allocated="0", settled="0")),
    "an edited allocation": ("append-only", "UPDATE allocation SET amount = amount + 1"),
    "a deleted allocation": ("append-only", "DELETE FROM allocation"),
}  # fmt: skip

BATCHES = {
    "a batch born approved": ("begins as a draft", copy_row(
        "payment_batch", "state = 'approved'", id=NEW, reference="'X'")),
    "a payment born settled": ("begins as a draft", copy_row(
        "payment", f"id = {DRAFT_PAYMENT}", id=NEW, end_to_end_id="'X'", uetr="'X'", retries_id="NULL",
        state="'settled'")),
    "a payment slipped into an approved batch": ("not a draft", copy_row(
        "payment", "state = 'draft'", id=NEW, end_to_end_id="'X'", uetr="'X'", retries_id="NULL",
        batch_id="(SELECT min(id) FROM payment_batch WHERE state = 'approved')")),
    "an EndToEndId twice": ("end_to_end_id", copy_row(
        "payment", f"id = {DRAFT_PAYMENT}", id=NEW, uetr="'X'", retries_id="NULL")),
    "a failed payment retried twice": ("retries_id", copy_row(
        "payment", "retries_id IS NOT NULL AND state = 'draft'", id=NEW, end_to_end_id="'X'", uetr="'X'")),
    "an approval of the own batch": (
        "four_eyes",
        "UPDATE payment_batch SET approved_by = prepared_by WHERE state = 'draft'"),
    "a batch submitted without its digest": (
        "submitted_content", "UPDATE payment_batch SET state = 'submitted' WHERE state = 'draft'"),
    "a batch approved by nobody": (
        "payment_batch_approved",
        "UPDATE payment_batch SET content_sha256 = 'x', state = 'submitted' WHERE state = 'draft'",
        "UPDATE payment_batch SET state = 'approved' WHERE content_sha256 = 'x'"),
    "a batch exported without a file": (
        "payment_batch_exported", "UPDATE payment_batch SET state = 'exported' WHERE state = 'approved'"),
    "an approval of a payment to oneself": (
        "to themselves",
        "UPDATE user_account SET person_id = NULL WHERE person_id IS NOT NULL",
        f"UPDATE user_account SET person_id = (SELECT person_id FROM payment WHERE id = {DRAFT_PAYMENT}) "
        "WHERE id = (SELECT min(id) FROM user_account)",
        "UPDATE payment_batch SET approved_by = (SELECT id FROM user_account WHERE person_id IS NOT NULL), "
        f"prepared_by = 'x' WHERE id = (SELECT batch_id FROM payment WHERE id = {DRAFT_PAYMENT})"),
    "an approval as the payee": (
        "to themselves",
        f"UPDATE payment_batch SET approved_by = (SELECT person_id FROM payment WHERE id = {DRAFT_PAYMENT}) "
        f"WHERE id = (SELECT batch_id FROM payment WHERE id = {DRAFT_PAYMENT})"),
    "an approval by who accepted the work": (
        "what they accepted",
        "UPDATE payment_batch SET prepared_by = 'x', approved_by = (SELECT accepted_by FROM delivery d "
        "JOIN payable y ON y.delivery_id = d.id JOIN allocation a ON a.payable_id = y.id "
        f"WHERE a.payment_id = {DRAFT_PAYMENT} LIMIT 1) "
        f"WHERE id = (SELECT batch_id FROM payment WHERE id = {DRAFT_PAYMENT})"),
    "another content after submission": (
        "frozen", "UPDATE payment_batch SET content_sha256 = 'x' WHERE state = 'approved'"),
    "another paying account after submission": (
        "frozen", "UPDATE payment_batch SET paying_account_id = "
        "(SELECT max(id) FROM paying_account) WHERE state = 'approved' AND paying_account_id <> "
        "(SELECT max(id) FROM paying_account)"),
    "another approver": ("approval is final", "UPDATE payment_batch SET approved_by = 'x' WHERE state = 'exported'"),
    "another file": ("file is frozen", "UPDATE payment_batch SET file_sha256 = 'x' WHERE state = 'exported'"),
    "a deleted batch": ("payment_batch: is ", "DELETE FROM payment_batch WHERE state = 'draft'"),
    "a deleted payment": ("payment: is ", "DELETE FROM payment"),
    **{
        f"a payment with another {column}": ("is frozen", f"UPDATE payment SET {column} = {value}")
        for column, value in {
            "amount": "amount + 1", "currency": "'EUR'", "account_identifier": "'2290197999999'",
            "account_kind": "'iban'", "account_agent": "'X'", "payee_name": "'X'", "payee_town": "'X'",
            "payee_country": "'XX'", "reference": "'X'", "uetr": "'X'", "retries_id": "id",
            "end_to_end_id": "end_to_end_id || 'X'", "person_id": "(SELECT max(id) FROM person)",
            "payee_account_id": "(SELECT max(id) FROM payee_account)",
        }.items()
    },
    "a payment sent for more than it allocates": (
        "do not sum",
        copy_row("payment", f"id = {DRAFT_PAYMENT}", id=NEW, end_to_end_id="'X'", uetr="'X'", retries_id="NULL"),
        f"UPDATE payment SET state = 'in_transit' WHERE id = {NEW}"),
    "a payment of nothing": (
        "payment_amount", copy_row("payment", f"id = {DRAFT_PAYMENT}", id=NEW, end_to_end_id="'X'", uetr="'X'",
        retries_id="NULL", amount="0")),
    "an EndToEndId longer than a bank takes": (
        "payment_end_to_end_id", copy_row("payment", f"id = {DRAFT_PAYMENT}", id=NEW, uetr="'X'",
        retries_id="NULL", end_to_end_id="'" + "X" * 36 + "'")),
    "a UETR twice": ("uetr", copy_row(
        "payment", f"id = {DRAFT_PAYMENT}", id=NEW, end_to_end_id="'X'", retries_id="NULL")),
    "a payment in an unknown state": (
        "payment_state",
        "INSERT INTO payment_transition (from_state, to_state) VALUES ('draft', 'lost')",
        f"UPDATE payment SET state = 'lost' WHERE id = {DRAFT_PAYMENT}"),
    "a payment settled beyond what it allocates": (
        "payable_settled",
        "UPDATE payable SET settled = allocated WHERE id IN (SELECT a.payable_id FROM allocation a "
        "JOIN payment p ON p.id = a.payment_id WHERE p.state = 'in_transit')",
        "UPDATE payment SET state = 'settled' WHERE id = (SELECT min(id) FROM payment WHERE state = 'in_transit')"),
    "a batch in an unknown state": (
        "payment_batch_state",
        "INSERT INTO batch_transition (from_state, to_state) VALUES ('draft', 'lost')",
        "UPDATE payment_batch SET state = 'lost', content_sha256 = 'x', approved_by = 'x', file_sha256 = 'x' "
        "WHERE state = 'draft'"),
    "a batch reference twice": ("reference", copy_row("payment_batch", "state = 'draft'", id=NEW)),
    "a paying account of an unknown rail": (
        "paying_account_rail", copy_row("paying_account", "1 = 1", id=NEW, code="'x'", rail="'cash'")),
    "a paying account twice": ("code", copy_row("paying_account", "1 = 1", id=NEW)),
    "a payee account of an unknown kind": (
        "payee_account_kind", copy_row("payee_account", "1 = 1", id=NEW, kind="'cash'")),
    "a bank answer twice": ("natural_key", copy_row("bank_entry", "1 = 1", id=NEW)),
    "a bank answer of an unknown verdict": (
        "bank_entry_verdict", copy_row("bank_entry", "1 = 1", id=NEW, natural_key="'x'", verdict="'maybe'")),
    "a deleted bank file": (
        "bank_file: is append-only", NEW_FILE, "DELETE FROM bank_file WHERE sha256 = 'x'"),
    "a statement of an unknown kind": ("bank_statement_kind", NEW_FILE, statement("'x'")),
    "an edited statement": (
        "append-only", NEW_FILE, statement(), f"UPDATE bank_statement SET moved = 1 WHERE id = {NEW}"),
    "a deleted statement": (
        "append-only", NEW_FILE, statement(), f"DELETE FROM bank_statement WHERE id = {NEW}"),
    "an edited line of a statement": (
        "append-only", NEW_FILE, statement(), STATEMENT_LINE, "UPDATE bank_statement_line SET entry_id = entry_id"),
    "a deleted line of a statement": (
        "append-only", NEW_FILE, statement(), STATEMENT_LINE, "DELETE FROM bank_statement_line"),
    "a decision that assigns nothing": ("bank_decision_verdict", decision("'assigned'")),
    "a line tied to an entry of another kind": (
        "the booking is not of this line", NEW_FILE, LINE, decided("booked", ledger_entry_id=SETTLEMENT)),
    "a line tied to a smaller batch": (
        "the batch is not of this line", NEW_FILE, LINE,
        decided("batch", batch_id="(SELECT max(id) FROM payment_batch WHERE state = 'exported')")),
    "an edited decision": ("append-only", decision("'not_ours'"), "UPDATE bank_decision SET note = 'x'"),
    "a deleted decision": ("append-only", decision("'not_ours'"), "DELETE FROM bank_decision"),
    "an edited bank file": ("append-only", "UPDATE bank_file SET name = 'x'"),
    "an edited bank answer": ("append-only", "UPDATE bank_entry SET verdict = 'settled'"),
    "a deleted bank answer": ("append-only", "DELETE FROM bank_entry"),
}  # fmt: skip

RECORDS = {
    "an edited journal row": ("append-only", "UPDATE journal SET public = '{}'"),
    "a deleted journal row": ("", "DELETE FROM journal"),
    "an edited block": ("append-only", "UPDATE journal_block SET hash = hash"),
    "a deleted block": ("append-only", "DELETE FROM journal_block"),
    "an edited review": ("append-only", "UPDATE review SET reason = 'x'"),
    "a deleted review": ("append-only", "DELETE FROM review"),
    "a review without a reason": ("review_reason", copy_row(
        "review", "1 = 1", id=NEW, verdict="'sent_back'", reason="''")),
    "an edited price": ("append-only", "UPDATE price SET typical = '1'"),
    "a deleted price": ("append-only", "DELETE FROM price"),
    "an approval of the own price list": (
        "price_list_four_eyes",
        "INSERT INTO price_list (id, code, filename, file_sha256, row_count, status, imported_by, imported_at, "
        "approved_by, approved_at) SELECT 'x', 'x', filename, 'x', row_count, 'approved', imported_by, imported_at, "
        "imported_by, imported_at FROM price_list LIMIT 1"),
    "another approver of a price list": ("never edited", "UPDATE price_list SET approved_by = 'x'"),
    "an edited payee account": ("append-only", "UPDATE payee_account SET identifier = 'x'"),
    "a deleted payee account": ("", "DELETE FROM payee_account"),
    "an edited published diagram": ("never changes", "UPDATE service_version SET bpmn = (SELECT snapshot FROM quote LIMIT 1)"),
    "a renumbered version": ("never changes", "UPDATE service_version SET version = '9.9.9'"),
    "a deleted version": ("", "DELETE FROM service_version"),
    "an edited form": ("append-only", "UPDATE service_form SET form_version = 'x'"),
    "a version twice": ("service_version", copy_row("service_version", "1 = 1", id=NEW, digest="'x'")),
    "an edited quote": ("never edited", "UPDATE quote SET fund_minor = fund_minor - 1"),
    "an edited snapshot": ("never edited", "UPDATE quote SET digest = 'x'"),
    "another acceptor of a quote": ("never edited", "UPDATE quote SET accepted_by = 'x' WHERE status = 'accepted'"),
    "a deleted quote": ("", "DELETE FROM quote"),
    "an edited submission": ("as it was received", "UPDATE submission SET xml_sha256 = 'x'"),
    "a submission of somebody else": ("as it was received", "UPDATE submission SET submitted_by = 'x'"),
    "a deleted submission": ("", "DELETE FROM submission"),
    "an edited attachment": ("append-only", "UPDATE submission_file SET sha256 = 'x'"),
    "an accepted delivery reopened": ("final", "UPDATE delivery SET state = 'waiting' WHERE state = 'accepted'"),
    "a deleted delivery": ("", "DELETE FROM delivery"),
    "a delivery accepted by nobody": (
        "delivery_accepted_by", "UPDATE delivery SET state = 'accepted' WHERE state = 'waiting'"),
    "own work accepted as the person": (
        "not_own_work", "UPDATE delivery SET accepted_by = person_id WHERE state = 'waiting'"),
    "own work accepted through the account": (
        "own work",
        "UPDATE delivery SET person_id = (SELECT person_id FROM user_account WHERE person_id IS NOT NULL), "
        "accepted_by = (SELECT id FROM user_account WHERE person_id IS NOT NULL) WHERE state = 'waiting'"),
    "own work reviewed": ("own work", copy_row(
        "review", "1 = 1", id=NEW, by="(SELECT person_id FROM delivery WHERE id = delivery_id)")),
    "two deliveries of one task": ("task_id", copy_row("delivery", "1 = 1", id=NEW)),
    "an instance twice for one request": ("request_id", copy_row("process_instance", "1 = 1", id=NEW)),
}  # fmt: skip

NOW = "'2026-03-02 10:00:00+00'"
FREED = "UPDATE payment SET state = 'cancelled' WHERE batch_id IN (SELECT id FROM payment_batch WHERE state = 'draft')"
"""Makes what the draft would pay free again."""
OPEN = "(SELECT min(id) FROM payable WHERE amount >= 1000 AND allocated = 0)"


def claim(**changes: str) -> str:
    """The insert of a right claim on who is owed an open payable."""
    values = {
        "id": NEW, "person_id": "y.person_id", "kind": "'advance'", "currency": "y.currency", "amount": "900",
        "recovered": "0", "share": "5000", "reason": "'x'", "region_code": "(SELECT min(code) FROM region)",
        "payable_id": "NULL", "project_id": "NULL", "fund": "''", "state": "'proposed'", "proposed_by": "'one'",
        "proposed_at": NOW, "decided_by": "NULL", "decided_at": "NULL", "entry_id": "NULL",
    } | changes  # fmt: skip
    return f"INSERT INTO claim ({', '.join(values)}) SELECT {', '.join(values.values())} FROM payable y WHERE y.id = {OPEN}"


def recovery(**changes: str) -> str:
    """The insert of a right plan to keep part of the open payable back."""
    values = {
        "id": OTHER, "claim_id": NEW, "payable_id": OPEN, "amount": "100", "state": "'planned'", "planned_by": "'one'",
        "planned_at": NOW, "decided_by": "NULL", "decided_at": "NULL", "entry_id": "NULL",
    } | changes  # fmt: skip
    return f"INSERT INTO recovery ({', '.join(values)}) SELECT {', '.join(values.values())}"


def decided(table: str, state: str, number: int = 0, who: str = "'two'") -> str:
    """The update that decides about a claim or a plan."""
    found = f"(SELECT id FROM ledger_entry ORDER BY id LIMIT 1 OFFSET {number})"
    return (
        f"UPDATE {table} SET state = '{state}', decided_by = {who}, decided_at = {NOW}, entry_id = {found} "
        f"WHERE id = {NEW if table == 'claim' else OTHER}"
    )


APPROVED = (FREED, claim(), decided("claim", "approved"))
POSTED = (*APPROVED, recovery(), decided("recovery", "posted", 1))
CLAIMS = {
    "a claim born approved": ("begins as proposed", FREED, claim(
        state="'approved'", decided_by="'two'", entry_id="(SELECT min(id) FROM ledger_entry)")),
    "a claim of another kind": ("claim_kind", FREED, claim(kind="'fine'")),
    "a clawback of nothing": ("claim_clawback", FREED, claim(kind="'clawback'")),
    "a claim in another state": ("claim_state", FREED, claim(),
        f"UPDATE claim SET state = 'paid', decided_by = 'two' WHERE id = {NEW}"),
    "a claim of less than nothing": ("claim_amount", FREED, claim(amount="-1")),
    "a claim on more than all of a payable": ("claim_share", FREED, claim(share="10001")),
    "a claim without a reason": ("claim_reason", FREED, claim(reason="''")),
    "a claim approved by who proposed it": (
        "claim_four_eyes", FREED, claim(), decided("claim", "approved", who="'one'")),
    "a claim refused by nobody": (
        "claim_decided", FREED, claim(), f"UPDATE claim SET state = 'refused' WHERE id = {NEW}"),
    "a claim approved without an entry": (
        "claim_posted", FREED, claim(),
        f"UPDATE claim SET state = 'approved', decided_by = 'two' WHERE id = {NEW}"),
    "two claims of one entry": (
        "entry_id", *APPROVED, claim(id=OTHER),
        decided("claim", "approved").replace(NEW, OTHER)),
    "a claim approved by who owes": (
        "own debt", FREED, claim(),
        "UPDATE user_account SET person_id = NULL WHERE person_id IS NOT NULL",
        f"UPDATE user_account SET person_id = (SELECT person_id FROM claim WHERE id = {NEW}) "
        "WHERE id = (SELECT min(id) FROM user_account)",
        decided("claim", "approved", who="(SELECT min(id) FROM user_account)")),
    "a larger claim": ("never edited", FREED, claim(), f"UPDATE claim SET amount = amount + 1 WHERE id = {NEW}"),
    "a claim decided twice": ("never edited", *APPROVED, f"UPDATE claim SET decided_by = 'three' WHERE id = {NEW}"),
    "a claim recovered before it was approved": (
        "is not approved", FREED, claim(), f"UPDATE claim SET recovered = 1 WHERE id = {NEW}"),
    "more recovered than claimed": ("claim_recovered", *APPROVED, f"UPDATE claim SET recovered = 901 WHERE id = {NEW}"),
    "a deleted claim": ("claim", FREED, claim(), f"DELETE FROM claim WHERE id = {NEW}"),
    "a plan born posted": ("begins as planned", *APPROVED, recovery(
        state="'posted'", decided_by="'two'", entry_id="(SELECT min(id) FROM ledger_entry)")),
    "a plan on somebody else's payable": (
        "payee or currency differ", *APPROVED,
        recovery(payable_id=f"(SELECT min(id) FROM payable WHERE person_id <> (SELECT person_id FROM claim WHERE id = {NEW}))")),
    "a plan of less than nothing": ("recovery_amount", *APPROVED, recovery(amount="0")),
    "a plan in another state": ("recovery_state", *APPROVED, recovery(),
        f"UPDATE recovery SET state = 'gone', decided_by = 'two' WHERE id = {OTHER}"),
    "a plan approved by who made it": (
        "recovery_four_eyes", *APPROVED, recovery(), decided("recovery", "posted", 1, who="'one'")),
    "a plan dropped by nobody": (
        "recovery_decided", *APPROVED, recovery(), f"UPDATE recovery SET state = 'dropped' WHERE id = {OTHER}"),
    "a plan posted without an entry": (
        "recovery_posted", *APPROVED, recovery(),
        f"UPDATE recovery SET state = 'posted', decided_by = 'two' WHERE id = {OTHER}"),
    "two plans of one entry": (
        "entry_id", *POSTED, recovery(id="'third'"),
        decided("recovery", "posted", 1).replace(OTHER, "'third'")),
    "a plan on a claim nobody approved": (
        "is not approved", FREED, claim(), recovery(), decided("recovery", "posted", 1)),
    "more kept back than the share": (
        "share that was agreed", FREED, claim(share="100"), decided("claim", "approved"), recovery(amount="800"),
        decided("recovery", "posted", 1)),
    "a posted plan edited": ("never edited", *POSTED, f"UPDATE recovery SET decided_by = 'three' WHERE id = {OTHER}"),
    "a deleted plan": ("recovery", *APPROVED, recovery(), f"DELETE FROM recovery WHERE id = {OTHER}"),
    "an advance that belongs to a delivery": (
        "payable_origin", copy_row("payable", "1 = 1", id=NEW, component="'advance'", allocated="0", settled="0")),
    "a payable of another kind": (
        "payable_component", copy_row("payable", "1 = 1", id=NEW, component="'gift'", allocated="0", settled="0",
        delivery_id="NULL", instance_id="NULL", task_id="NULL", cause="'x'",
        region_code="(SELECT min(code) FROM region)")),
    "a cause that owes twice": (
        "cause", *(copy_row("payable", "1 = 1", id=key, component="'tax'", allocated="0", settled="0",
        delivery_id="NULL", instance_id="NULL", task_id="NULL", cause="'x'",
        region_code="(SELECT min(code) FROM region)") for key in (NEW, OTHER))),
    "another cause": (
        "never edited", copy_row("payable", "1 = 1", id=NEW, component="'tax'", allocated="0", settled="0",
        delivery_id="NULL", instance_id="NULL", task_id="NULL", cause="'x'",
        region_code="(SELECT min(code) FROM region)"), f"UPDATE payable SET cause = 'y' WHERE id = {NEW}"),
}  # fmt: skip

WAITING = (
    "UPDATE payment_batch SET content_sha256 = 'c', state = 'submitted', submitted_at = prepared_at "
    "WHERE state = 'draft'"
)
WAITS = "(SELECT max(id) FROM payment_batch WHERE content_sha256 = 'c')"


def approval(who: str = "'two'", content: str = "'c'") -> str:
    """The insert of somebody's approval of the batch that waits."""
    return (
        "INSERT INTO batch_approval (batch_id, approved_by, content_sha256, roles, approved_at) "
        f"SELECT {WAITS}, {who}, {content}, 'finance', {NOW}"
    )


PAYEE = f"(SELECT min(person_id) FROM payment WHERE batch_id = {WAITS})"
CHANGED = (
    "INSERT INTO payee_account (id, person_id, kind, identifier, holder_name, agent, valid_from, created_by) "
    f"SELECT 'zzz', person_id, account_kind, 'changed', payee_name, '', {NOW}, 'one' FROM payment WHERE id = {DRAFT_PAYMENT}"
)
TO_CHANGED = copy_row(
    "payment", f"id = {DRAFT_PAYMENT}", id=NEW, end_to_end_id="'X'", uetr="'X'", retries_id="NULL",
    payee_account_id="'zzz'",
)  # fmt: skip


def checked(who: str = "'two'", verdict: str = "'confirmed'", note: str = "'asked'") -> str:
    return (
        "INSERT INTO payee_account_check (payee_account_id, verdict, note, checked_by, checked_at) "
        f"VALUES ('zzz', {verdict}, {note}, {who}, {NOW})"
    )


def policy(**changes: str) -> str:
    values = {
        "id": NEW, "currency": "'XOF'", "fund": "''", "valid_from": "'2026-03-02'", "steps": "'[]'", "note": "''",
        "proposed_by": "'one'", "proposed_at": NOW, "approved_by": "NULL", "approved_at": "NULL",
    } | changes  # fmt: skip
    return f"INSERT INTO approval_policy ({', '.join(values)}) VALUES ({', '.join(values.values())})"


PEOPLE = {
    "an approval of another content": ("of another content", WAITING, approval(content="'d'")),
    "an approval by who prepared": (
        "their own batch", WAITING, approval(f"(SELECT prepared_by FROM payment_batch WHERE id = {WAITS})")),
    "an approval by a payee": ("payment to themselves", WAITING, approval(PAYEE)),
    "an approval by who accepted the delivery": (
        "paying what they accepted", WAITING,
        approval("(SELECT d.accepted_by FROM delivery d JOIN payable y ON y.delivery_id = d.id JOIN allocation a "
                 "ON a.payable_id = y.id JOIN payment p ON p.id = a.payment_id "
                 f"WHERE p.batch_id = {WAITS} AND d.accepted_by IS NOT NULL LIMIT 1)")),
    "an approval twice": ("batch_approval", WAITING, approval(), approval()),
    "a batch approved without an approval": (
        "not enough people", WAITING,
        f"UPDATE payment_batch SET state = 'approved', approved_by = 'two' WHERE id = {WAITS}"),
    "a batch approved by fewer than asked": (
        "not enough people", WAITING.replace("SET", "SET approval_roles = 'any,any',"), approval(),
        f"UPDATE payment_batch SET state = 'approved', approved_by = 'two' WHERE id = {WAITS}"),
    "fewer approvers asked of what waits": (
        "number of approvers", WAITING.replace("SET", "SET approval_roles = 'any,any',"),
        f"UPDATE payment_batch SET approval_roles = 'any' WHERE id = {WAITS}"),
    "a batch that asks nobody": (
        "approval_roles", "UPDATE payment_batch SET approval_roles = '' WHERE state = 'draft'"),
    "an edited approval": ("append-only", "UPDATE batch_approval SET approved_by = 'x'"),
    "a deleted approval": ("append-only", "DELETE FROM batch_approval"),
    "another cover sheet": (
        "cover sheet is frozen", "UPDATE payment_batch SET cover_sha256 = 'x' WHERE cover_sha256 IS NOT NULL"),
    "other signers": (
        "cover sheet is frozen", "UPDATE payment_batch SET signers = '[]' WHERE cover_sha256 IS NOT NULL"),
    "a payment to a changed account": ("nobody has checked it", CHANGED, TO_CHANGED),
    "a payment to a refused account": (
        "nobody has checked it", CHANGED, checked(verdict="'refused'"), TO_CHANGED),
    "a payment to an organisation nobody checked": (
        "nobody has checked it",
        f"UPDATE person SET kind = 'organisation' WHERE id = (SELECT person_id FROM payment WHERE id = {DRAFT_PAYMENT})",
        copy_row("payment", f"id = {DRAFT_PAYMENT}", id=NEW, end_to_end_id="'X'", uetr="'X'", retries_id="NULL")),
    "an account checked by who entered it": ("somebody else checks it", CHANGED, checked("'one'")),
    "an account checked without a reason": ("payee_account_check_note", CHANGED, checked(note="''")),
    "an account checked half": ("payee_account_check_verdict", CHANGED, checked(verdict="'maybe'")),
    "an edited check": ("append-only", CHANGED, checked(), "UPDATE payee_account_check SET note = 'y'"),
    "a deleted check": ("append-only", CHANGED, checked(), "DELETE FROM payee_account_check"),
    "a policy born approved": (
        "begins as a proposal", policy(approved_by="'two'", approved_at=NOW)),
    "a policy approved by who proposed it": (
        "approval_policy_four_eyes", policy(),
        f"UPDATE approval_policy SET approved_by = 'one', approved_at = {NOW} WHERE id = {NEW}"),
    "a policy approved at no time": (
        "approval_policy_approved", policy(), f"UPDATE approval_policy SET approved_by = 'two' WHERE id = {NEW}"),
    "an edited policy": ("never edited", policy(), f"UPDATE approval_policy SET steps = '[1]' WHERE id = {NEW}"),
    "a deleted policy": ("approval_policy", policy(), f"DELETE FROM approval_policy WHERE id = {NEW}"),
}  # fmt: skip

ATTACKS = [
    pytest.param(expected, statements, id=name.replace(" ", "-"))
    for group in (LEDGER, PAYABLES, BATCHES, CLAIMS, PEOPLE, RECORDS)
    for name, (expected, *statements) in group.items()
]


def attack(world, statements) -> str:
    """Carry the statements out in one transaction; returns why the database refused."""
    connection = world.runtime.engine.connect()
    try:
        changed = []
        for statement in statements:
            changed.append(connection.execute(text(statement.replace(":", "\\:"))).rowcount)
        connection.commit()
    except DBAPIError as error:
        return str(error.orig)
    finally:
        connection.close()
    pytest.fail(f"the database allowed it; rows changed: {changed}")


@pytest.mark.parametrize(("expected", "statements"), ATTACKS)
def test_the_database_refuses(attacked, expected, statements):
    said = attack(attacked, statements)
    # SQLite names the columns of a unique key, PostgreSQL the constraint
    assert expected in said.replace("public.", ""), said


def test_nothing_was_changed_by_the_attacks(attacked):
    assert attacked.verify() == []


@pytest.mark.parametrize(("subject", "table"), [("batch", "payment_batch"), ("payment", "payment")])
def test_the_database_refuses_every_other_step(attacked, subject, table):
    steps = TRANSITIONS[subject]
    with attacked.runtime.engine.connect() as connection:
        rows = connection.execute(text(f"SELECT min(id), state FROM {table} GROUP BY state")).all()
    assert len({state for _, state in rows}) >= 4, "the world has too few states to try"
    for row_id, state in rows:
        for wanted in set(steps) - steps[state] - {state}:
            said = attack(attacked, [f"UPDATE {table} SET state = '{wanted}' WHERE id = '{row_id}'"])
            # SQLite finds a violated CHECK before the trigger speaks
            assert "not possible" in said or "CHECK" in said.upper(), (state, wanted, said)


TRUNCATED = (
    "ledger_account", "ledger_entry", "ledger_posting", "ledger_seal", "ledger_head", "payable", "allocation",
    "payment", "payment_batch", "payee_account", "bank_file", "bank_entry", "bank_statement",
    "bank_statement_line", "bank_decision", "claim", "recovery", "batch_approval",
    "payee_account_check", "approval_policy", "journal", "journal_block", "quote", "review",
)  # fmt: skip


def test_postgresql_refuses_to_truncate(attacked):
    if attacked.runtime.engine.dialect.name != "postgresql":
        pytest.skip("SQLite has no TRUNCATE")
    for table in TRUNCATED:
        assert f"{table}: " in attack(attacked, [f"TRUNCATE {table} CASCADE"])


REPLACED = {
    "ledger_entry": {"memo": "'x'"}, "payable": {"amount": "amount + 1", "gross": "gross + 1"},
    "journal": {"event": "'x'"}, "review": {"reason": "'x'"}, "price": {"typical": "'1'"},
    "payee_account": {"identifier": "'x'"}, "quote": {"digest": "'x'"}, "service_form": {"form_version": "'x'"},
    "payment_batch": {"state": "'draft'", "approved_by": "NULL", "file_sha256": "NULL"},
    "submission": {"xml_sha256": "'x'"}, "delivery": {"state": "'waiting'"},
}  # fmt: skip


def replacing(table: str) -> str:
    """SQLite's way to write over a row, which runs no trigger of deletion unless it is told to."""
    return copy_row(table, "1 = 1", **REPLACED[table]).replace("INSERT", "INSERT OR REPLACE", 1)


@pytest.mark.parametrize("table", REPLACED)
def test_sqlite_refuses_to_replace_a_row(attacked, table):
    if attacked.runtime.engine.dialect.name != "sqlite":
        pytest.skip("PostgreSQL has no INSERT OR REPLACE")
    assert "append-only" in (said := attack(attacked, [replacing(table)])) or "never" in said


def test_a_refused_commit_leaves_nothing_open(attacked):
    attack(attacked, LEDGER["an entry without a seal"][1:])
    # the connection that was refused comes back from the pool for these
    for _ in range(3):
        with attacked.runtime.engine.begin() as connection:
            assert (
                connection.scalar(text("SELECT count(*) FROM ledger_entry WHERE idempotency_key = 'attack'"))
                == 0
            )


def test_a_balance_edited_directly_is_not_refused_but_found(paying):
    with paying.runtime.engine.begin() as connection:
        connection.execute(text("UPDATE ledger_account SET balance = balance - 1 WHERE kind = 'fund'"))
    assert "ledger-balance" in paying.verify()
