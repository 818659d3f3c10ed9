"""Booking what a bank says of one of our accounts: status reports, statements, notifications, over all batches.

An item is matched by UETR, EndToEndId, InstrId, or as a whole batch by its reference with count and sum; what
fits nothing waits for a person, with candidates. The same movement in another file, in another order, or in a
statement after its notification, books nothing twice: its key is known, or its payment is where it should be.

A statement is not compared with a balance of ours alone, which knows only payments: what moved on the account is
divided into what is ours, what waits for a person and what is not ours, and that explains the difference.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from sqlalchemy import func, select

from payments import ledger as accounts
from payments.answers import bank_files, camt, continuity, pain002
from payments.answers.camt import Entry, Statement
from payments.answers.continuity import StatementTold
from payments.answers.iso20022 import MINOR_MAX
from payments.answers.matching import AnswerItem, Match, TransferIndex, distinct_keys, match
from payments.batches import CreditTransfer
from payments.rails.profiles import MobileMoneyProfile, Outcome, profile
from pricing.money import Money
from server.actor import Action, can, require
from server.batches import service as batches
from server.batches.models import (
    BankDecision,
    BankEntry,
    BankFile,
    BankStatement,
    BankStatementLine,
    BatchRow,
    PayingAccount,
    PaymentRow,
)
from server.errors import Conflict, NotFound, WrongState
from server.findings import Finding
from server.journal import service as journal
from server.journal.service import Event
from server.ledger import claims
from server.ledger import reports as ledger_lines
from server.ledger import service as ledger
from server.ledger.reports import Booking
from server.runtime import Tx
from workflows.errors import InvalidInput, RunError
from workflows.problems import Problem, blocking

SENT = ("in_transit", "settled", "rejected", "returned")


class OtherAccount(Conflict):
    code = "other-account"
    message = (
        "The file says nothing about this account, only about %(accounts)s. Choose the account it is for."
    )


@dataclass(frozen=True, slots=True)
class FileRead:
    """What reading a file did: numbers of payments, and lines for a person. problems: warnings of the file."""

    sha256: str
    settled: int
    rejected: int
    returned: int
    pending: int
    already_known: int
    unmatched: int
    problems: tuple[Problem, ...]


@dataclass(frozen=True, slots=True)
class _Said:
    """One item of a file. key: tells it from every other, in whatever file it comes. direction: of the entry.

    is_doubtful: it says nothing about a payment; where it names one of ours all the same, a person must look.
    is_other: it is a whole movement that says nothing about a payment. movement: of these two, which movement.
    """

    item: AnswerItem
    key: str
    statement_id: str | None = None
    direction: int = 0
    is_doubtful: bool = False
    is_other: bool = False
    movement: str = ""
    booked_on: date | None = None


def read_file(tx: Tx, account_id: str, data: bytes, *, name: str) -> FileRead:
    """Book what a bank's file says about payments from an account, whichever batches they are in.

    Raises FileKnown, InvalidInput (nothing of it is stored), OtherAccount.
    """
    account = tx.session.get(PayingAccount, account_id, with_for_update=True)
    if account is None:
        raise NotFound(what="paying account", key=account_id)
    require(tx.actor, Action.ANSWER_IMPORT, batches.place(account))
    digest = hashlib.sha256(data).hexdigest()
    known = tx.session.get(BankFile, digest)
    if known is not None:
        raise batches.FileKnown(when=known.received_at.isoformat(timespec="minutes"))
    rail = profile(account.profile)
    mobile = {account.profile: rail} if isinstance(rail, MobileMoneyProfile) else {}
    found = bank_files.read(data, profiles=mobile)
    problems = found.report.problems if found.report else found.answer.problems
    if blocking(problems):
        raise InvalidInput(problems)
    statements = _of_account(found.report.statements, account) if found.report else ()
    tx.session.add(
        BankFile(
            sha256=tx.files.put(data), kind=found.message, name=name[:200], received_at=tx.now,
            received_by=tx.actor.user_id,
        )
    )  # fmt: skip
    tx.session.flush()
    told = () if found.report else found.answer.items
    said = [_Said(item, key) for item, key in zip(told, distinct_keys(told), strict=True)]
    for statement in statements:
        said += _statement(tx, digest, account, statement)
    counts = _book(tx, account, digest, said)
    journal.record(tx, Event.BANK_FILE_READ, account_id, public={"file": digest, **counts})
    return FileRead(digest, **counts, problems=tuple(problems))


def _of_account(found: Iterable[Statement], account: PayingAccount) -> tuple[Statement, ...]:
    """The statements of the account; banks name it by IBAN, or by the RIB that is in its IBAN."""
    every = tuple(found)
    ours = tuple(s for s in every if s.account and is_same_account(s.account, account.identifier))
    if not ours:
        raise OtherAccount(accounts=", ".join(sorted({s.account[:40] or "?" for s in every})) or "none")
    return ours


def is_same_account(one: str, other: str) -> bool:
    """Whether two numbers are of one account: banks name it by IBAN, or by the RIB that is in its IBAN."""
    return one == other or (min(len(one), len(other)) >= 20 and (one.endswith(other) or other.endswith(one)))


def _statement(tx: Tx, digest: str, account: PayingAccount, statement: Statement) -> Iterator[_Said]:
    row = _statement_row(tx.new_id(), digest, account, statement)
    tx.session.add(row)
    tx.session.flush()
    for entry in statement.entries:
        sign, day = _sign(entry), entry.booked_on
        items = list(camt.items(entry))
        for number, item in enumerate(items):
            key = _digest(f"{entry.key}:{number}:{item.status}")
            yield _Said(item, key, row.id, sign, booked_on=day)
        for number, item in enumerate(camt.doubtful(entry)):
            key = _digest(f"{entry.key}:{number}:{item.status}:doubtful")
            yield _Said(item, key, row.id, sign, is_doubtful=True, movement=entry.key, booked_on=day)
        if not items and entry.status == "BOOK" and entry.amount.currency == account.currency:
            key = _digest(f"{entry.key}:other")
            yield _Said(_other(entry), key, row.id, sign, is_other=True, movement=entry.key, booked_on=day)


def _digest(said: str) -> str:
    return hashlib.sha256(said.encode()).hexdigest()


def _other(entry: Entry) -> AnswerItem:
    """A movement that is no payment, in the words that tell a person what it may be."""
    first = entry.transactions[0] if entry.transactions else None
    return AnswerItem(
        level="transaction", status=entry.status, outcome="settled",
        end_to_end_id=first.end_to_end_id if first else "",
        registered_name=first.counterparty if first else "",
        reason_text=" ".join(p for p in (first.remittance if first else "", entry.information) if p),
        amount=entry.amount,
    )  # fmt: skip


def _statement_row(row_id: str, digest: str, account: PayingAccount, statement: Statement) -> BankStatement:
    opening, closing = statement.balance("OPBD", "PRCD"), statement.balance("CLBD")
    booked = [e for e in statement.entries if e.status == "BOOK" and e.amount.currency == account.currency]
    days = [e.booked_on for e in booked if e.booked_on]
    return BankStatement(
        id=row_id, file_sha256=digest, paying_account_id=account.id, number=statement.id[:100],
        kind=statement.kind, currency=account.currency,
        day=closing.on if closing and closing.on else max(days, default=None),
        opening=opening.amount.minor if opening else None, closing=closing.amount.minor if closing else None,
        moved=sum(camt.signed(e).minor for e in booked), sequence=statement.sequence[:40],
    )  # fmt: skip


def _sign(entry: Entry) -> int:
    return -1 if entry.direction == "debit" else 1


# Matching and booking ---------------------------------------------------------------------------------


def _book(tx: Tx, account: PayingAccount, digest: str, said: list[_Said]) -> dict[str, int]:
    sent = _sent(tx, account)
    matches = _matches(said, sent)
    touched = {sent[t.payment_id][0].id for _, m in matches for t in m.transfers}
    for batch_id in sorted(touched):
        tx.session.get(BatchRow, batch_id, with_for_update=True, populate_existing=True)
    counts = dict.fromkeys(("settled", "rejected", "returned", "pending", "already_known", "unmatched"), 0)
    debited: set[tuple[str, str]] = set()
    for each, found in matches:
        if not found.transfers:
            verdict = "unmatched" if each.item.outcome != "pending" else "pending"
            told = _remember(tx, account, digest, each, found, None, "other" if each.is_other else verdict)
            if not each.is_other:
                counts[told] += 1
        for transfer in found.transfers:
            payment = sent[transfer.payment_id][1]
            if _paid_twice(each, payment, debited):
                verdict = "unmatched"
            else:
                verdict = batches.apply_answer(tx, account, payment, each.item)
            counts[_remember(tx, account, digest, each, found, payment, verdict)] += 1
    for batch_id in sorted(touched):
        batches.follow(tx, batches.batch(tx, batch_id))
    return counts


def _paid_twice(said: _Said, payment: PaymentRow, debited: set[tuple[str, str]]) -> bool:
    """Whether one statement says twice that a payment left the account: the second is a person's to ask about.

    In another file the same debit may be told in other words, so only within one statement is it told apart.
    """
    if said.statement_id is None or said.direction >= 0 or said.item.outcome != "settled":
        return False
    told = (said.statement_id, payment.id)
    if told in debited:
        return True
    debited.add(told)
    return False


def _sent(tx: Tx, account: PayingAccount) -> dict[str, tuple[BatchRow, PaymentRow]]:
    rows = tx.session.execute(
        select(BatchRow, PaymentRow)
        .join(PaymentRow, PaymentRow.batch_id == BatchRow.id)
        .where(BatchRow.paying_account_id == account.id, PaymentRow.state.in_(SENT))
        .order_by(PaymentRow.id)
        .with_for_update(of=PaymentRow)
        .execution_options(populate_existing=True)
    )
    return {payment.id: (row, payment) for row, payment in rows}


def _matches(said: list[_Said], sent: dict[str, tuple[BatchRow, PaymentRow]]) -> list[tuple[_Said, Match]]:
    """What is said about one payment first; what is said about its batch then covers the others."""
    moved = [batches.transfer(payment) for _, payment in sent.values()]
    index = TransferIndex(moved)
    by_batch: dict[str, list[CreditTransfer]] = {}
    for transfer in moved:
        by_batch.setdefault(sent[transfer.payment_id][0].reference, []).append(transfer)
    single = [
        (s, match(s.item, index))
        for s in said if s.item.level == "transaction" and not s.is_doubtful and not s.is_other
    ]  # fmt: skip
    named = index.named(s.item for s, _ in single)
    asked = set()
    for each in said:
        named_one = index.find(each.item)[1] if each.is_doubtful else None
        if named_one is not None:
            single.append((each, Match(each.item, "unmatched", candidates=(named_one,))))
            asked.add(each.movement)
    single += [(s, Match(s.item, "unmatched")) for s in said if s.is_other and s.movement not in asked]
    whole = []
    for each in said:
        if each.item.level == "transaction":
            continue
        reference = next(
            (r for r in (each.item.payment_information_id, each.item.original_message_id) if r in by_batch),
            "",
        )
        found = _whole(each.item, by_batch.get(reference, []), sent)
        rest = tuple(t for t in found.transfers if t.payment_id not in named)
        if found.transfers and not rest:
            continue  # each of its payments spoke for itself
        whole.append((each, Match(found.item, found.by, rest, found.candidates)))
    return [*single, *whole]


def _whole(
    item: AnswerItem, moved: list[CreditTransfer], sent: dict[str, tuple[BatchRow, PaymentRow]]
) -> Match:
    """The batch that an item is about, all of it or (where some were refused before) what is left of it."""
    found = match(item, moved, message_id=item.original_message_id)
    if found.transfers:
        return found
    left = [t for t in moved if sent[t.payment_id][1].state in ("in_transit", "settled")]
    rest = match(item, left, message_id=item.original_message_id)
    return rest if rest.transfers else found


def _remember(
    tx: Tx, account: PayingAccount, digest: str, said: _Said, found: Match, payment: PaymentRow | None,
    verdict: str,
) -> str:  # fmt: skip
    """Keep what an item said; `verdict`, or "already_known" when another file said the same of it."""
    about = payment.end_to_end_id if payment else ""
    key = hashlib.sha256(f"{said.key}:{about}".encode()).hexdigest()
    known = tx.session.scalar(select(BankEntry.id).where(BankEntry.natural_key == key))
    entry_id = known or _new_entry(tx, account, digest, said, found, payment, verdict, key)
    link = (said.statement_id, entry_id)
    if said.statement_id and tx.session.get(BankStatementLine, link) is None:
        tx.session.add(BankStatementLine(statement_id=said.statement_id, entry_id=entry_id))
        tx.session.flush()
    return "already_known" if known else verdict


def _minor(account: PayingAccount, item: AnswerItem) -> int | None:
    """What a line that fits no payment is over; 0 for another currency, so that no payment is taken for it."""
    if item.amount is not None:
        ours = item.amount.currency == account.currency and abs(item.amount.minor) <= MINOR_MAX
        return item.amount.minor if ours else 0
    if item.control_sum is None:
        return None
    whole = Money.from_major(item.control_sum, account.currency).minor
    return whole if whole <= MINOR_MAX else 0


def _new_entry(
    tx: Tx, account: PayingAccount, digest: str, said: _Said, found: Match, payment: PaymentRow | None,
    verdict: str, key: str,
) -> str:  # fmt: skip
    item = said.item
    minor = payment.amount if payment else _minor(account, item)
    candidate = found.candidates[0].payment_id if len(found.candidates) == 1 else None
    named = (
        item.end_to_end_id or item.payment_information_id or item.original_message_id,
        item.registered_name,
        "" if item.amount is None or item.amount.currency == account.currency else str(item.amount),
    )
    entry_id = tx.new_id()
    tx.session.add(
        BankEntry(
            id=entry_id, file_sha256=digest, natural_key=key,
            payment_id=payment.id if payment else candidate, status=item.status,
            reason=" ".join(p for p in (*named, item.reason, item.reason_text) if p)[:300],
            verdict="rejected" if verdict == "returned" else verdict, paying_account_id=account.id,
            amount=None if minor is None else minor * (said.direction or -1), booked_on=said.booked_on,
            transactions=None if payment or item.count is None else min(item.count, MINOR_MAX),
        )
    )  # fmt: skip
    tx.session.flush()
    return entry_id


# A person's queue -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class OpenBatch:
    """A batch that the bank may have booked as one sum: how many of its payments are open."""

    batch: BatchRow
    payments: int


@dataclass(frozen=True, slots=True)
class OpenLine:
    """A line that fits no payment, its file, and the payments, batches and bookings it may be about."""

    entry: BankEntry
    file: BankFile
    account: PayingAccount
    candidates: tuple[PaymentRow, ...]
    batches: tuple[OpenBatch, ...] = ()
    bookings: tuple[Booking, ...] = ()

    @property
    def may_be_fee(self) -> bool:
        return _may_be_fee(self.entry, self.file)


_CANDIDATES: Final = 10
BOOKED_WITHIN: Final = timedelta(days=10)
"""How far from the line's day its booking may be to be offered."""


def open_lines(tx: Tx) -> list[OpenLine]:
    """Lines that fit no payment and that nobody decided about yet, oldest first; of accounts the actor may see."""
    return _lines_to_decide(tx, "unmatched")


def other_movements(tx: Tx) -> list[OpenLine]:
    """Booked movements that say nothing about a payment and are tied to no booking yet, oldest first."""
    return _lines_to_decide(tx, "other")


def _lines_to_decide(tx: Tx, verdict: str) -> list[OpenLine]:
    seen = batches.visible_accounts(tx)
    rows = tx.session.execute(
        select(BankEntry, BankFile)
        .join(BankFile, BankFile.sha256 == BankEntry.file_sha256)
        .where(
            BankEntry.verdict == verdict, BankEntry.paying_account_id.in_(seen),
            BankEntry.id.not_in(select(BankDecision.entry_id)),
        )
        .order_by(BankEntry.id)
    )  # fmt: skip
    tied = _tied_entries(tx)
    return [
        OpenLine(
            entry, file, account := seen[entry.paying_account_id or ""], _candidates(tx, entry),
            _batches_of_sum(tx, entry), _bookings(tx, account, entry, file.received_at.date(), tied),
        )
        for entry, file in rows
    ]  # fmt: skip


def _tied_entries(tx: Tx) -> set[str]:
    """The ledger entries that a line is tied to.

    Fees decided before migration 0009 do not name theirs: it was posted in the decision's transaction, with its note.
    """
    named = tx.session.scalars(
        select(BankDecision.ledger_entry_id).where(BankDecision.ledger_entry_id.is_not(None))
    )
    old = tx.session.execute(
        select(BankDecision.decided_at, BankDecision.note).where(
            BankDecision.verdict == "fee", BankDecision.ledger_entry_id.is_(None)
        )
    )
    return {each for each in named if each} | ledger_lines.fees_posted(
        tx, {(at, note[:100].strip()) for at, note in old}
    )


def _batches_of_sum(tx: Tx, entry: BankEntry) -> tuple[OpenBatch, ...]:
    """Batches of the account whose open payments, two or more, are the line's sum, and its count where it says one."""
    if not entry.status.startswith("BOOK") or not entry.amount or entry.amount > 0:
        return ()
    count = func.count(PaymentRow.id)
    rows = tx.session.execute(
        select(BatchRow, count)
        .join(PaymentRow, PaymentRow.batch_id == BatchRow.id)
        .where(BatchRow.paying_account_id == entry.paying_account_id, PaymentRow.state == "in_transit")
        .group_by(BatchRow.id)
        .having(func.sum(PaymentRow.amount) == -entry.amount, count > 1)
        .order_by(BatchRow.id)
        .limit(_CANDIDATES)
    )
    return tuple(OpenBatch(row, n) for row, n in rows if entry.transactions in (None, n))


def _bookings(
    tx: Tx, account: PayingAccount, entry: BankEntry, received: date, tied: Collection[str | None]
) -> tuple[Booking, ...]:
    """Bookings of the line's amount within ten days of it that no line is tied to."""
    if not entry.status.startswith("BOOK") or not entry.amount:
        return ()
    day = entry.booked_on or received
    found = ledger_lines.bookings(
        tx, rail_account=account.code, amount=Money(entry.amount, account.currency),
        first=day - BOOKED_WITHIN, last=day + BOOKED_WITHIN,
    )  # fmt: skip
    return tuple(each for each in found if each.id not in tied)[:_CANDIDATES]


def _candidates(tx: Tx, entry: BankEntry) -> tuple[PaymentRow, ...]:
    """The payment it named, then those of its amount that could still take the step."""
    named = [p] if entry.payment_id and (p := batches.payment(tx, entry.payment_id)) else []
    state = "settled" if (entry.amount or 0) > 0 else "in_transit"
    rows = tx.session.scalars(
        select(PaymentRow)
        .join(BatchRow, BatchRow.id == PaymentRow.batch_id)
        .where(
            BatchRow.paying_account_id == entry.paying_account_id, PaymentRow.state == state,
            PaymentRow.amount == abs(entry.amount or 0),
        )
        .order_by(PaymentRow.id)
        .limit(_CANDIDATES)
    )  # fmt: skip
    return (*named, *(row for row in rows if row not in named))


@dataclass(frozen=True, slots=True)
class About:
    """What a person found a line to be about: one of these, or (nothing) that it is none of ours."""

    payment_id: str | None = None
    batch_id: str | None = None
    ledger_entry_id: str | None = None
    fee: bool = False

    @property
    def verdict(self) -> str:
        """The word that is kept."""
        named = (
            ("assigned", self.payment_id), ("batch", self.batch_id), ("booked", self.ledger_entry_id),
            ("fee", self.fee),
        )  # fmt: skip
        return next((word for word, said in named if said), "not_ours")


def decide(tx: Tx, entry_id: str, *, payment_id: str | None, note: str, fee: bool = False) -> None:
    """A person says which payment a line is about, or (None) that it is none of ours, or a fee; see `decide_about`."""
    decide_about(tx, entry_id, About(payment_id=payment_id, fee=fee and not payment_id), note=note)


def decide_about(tx: Tx, entry_id: str, about: About, *, note: str) -> None:
    """Keep what a person found out about a line; once. What it is about must be over the line's amount.

    A payment, or all open payments of a batch, take the step that the line says, by the same rules as if the bank had
    named them. A booking is tied to the line: nothing is booked again. Raises WrongState, NotFound, InvalidInput,
    NoFee, OtherBooking, OtherBatch.
    """
    entry = tx.session.get(BankEntry, entry_id, with_for_update=True)
    if entry is None or entry.paying_account_id is None:
        raise NotFound(what="bank line", key=entry_id)
    account = batches.paying_account(tx, entry.paying_account_id)
    require(tx.actor, Action.ANSWER_IMPORT, batches.place(account))
    if entry.verdict not in ("unmatched", "other") or tx.session.get(BankDecision, entry_id) is not None:
        raise WrongState(what="bank line", state="decided")
    verdict = about.verdict
    booked = _take(tx, account, entry, about, note)
    payment_id = about.payment_id if verdict == "assigned" else None
    batch_id = about.batch_id if verdict == "batch" else None
    tx.session.add(
        BankDecision(
            entry_id=entry_id, verdict=verdict, payment_id=payment_id, note=note.strip()[:300],
            decided_at=tx.now, decided_by=tx.actor.user_id, ledger_entry_id=booked, batch_id=batch_id,
        )
    )  # fmt: skip
    tx.session.flush()
    journal.record(
        tx, Event.BANK_LINE_DECIDED, entry_id,
        public={
            "ours": verdict in ("assigned", "batch"), "verdict": verdict, "entry": booked or "",
            "batch": batch_id or "",
        },
        private={"payment": payment_id or "", "note": note.strip()[:300]},
    )  # fmt: skip


def _take(tx: Tx, account: PayingAccount, entry: BankEntry, about: About, note: str) -> str | None:
    """Carry a decision out; the ledger entry that is the line's booking, of a fee and of what is booked."""
    match about.verdict:
        case "assigned":
            _assign(tx, account, entry, about.payment_id or "")
        case "batch":
            _assign_batch(tx, account, entry, about.batch_id or "")
        case "booked":
            return _tied(tx, account, entry, about.ledger_entry_id or "")
        case "fee":
            return _book_fee(tx, account, entry, note)
    return None


class OtherBooking(Conflict):
    code = "other-booking"
    message = (
        "This booking is not of this line: its account, currency, amount or sign differ, it was taken back, or another "
        "line is tied to it. Choose one that is offered."
    )


class OtherBatch(Conflict):
    code = "other-batch"
    message = (
        "The open payments of this batch are not the sum and count of this line. Choose a batch that is offered, or "
        "single payments."
    )


def _tied(tx: Tx, account: PayingAccount, entry: BankEntry, ledger_entry_id: str) -> str:
    if ledger_entry_id in _tied_entries(tx) or not entry.amount or not entry.status.startswith("BOOK"):
        raise OtherBooking
    amount = Money(entry.amount, account.currency)
    found = ledger_lines.bookings(tx, rail_account=account.code, amount=amount, entry_id=ledger_entry_id)
    if not found:
        raise OtherBooking
    return ledger_entry_id


def _assign_batch(tx: Tx, account: PayingAccount, entry: BankEntry, batch_id: str) -> None:
    row = tx.session.get(BatchRow, batch_id, with_for_update=True)
    if row is None or row.paying_account_id != account.id:
        raise NotFound(what="payment batch", key=batch_id)
    moved = list(
        tx.session.scalars(
            select(PaymentRow)
            .where(PaymentRow.batch_id == batch_id, PaymentRow.state == "in_transit")
            .order_by(PaymentRow.id)
            .with_for_update()
            .execution_options(populate_existing=True)
        )
    )
    is_whole = entry.transactions in (None, len(moved)) and entry.amount == -sum(p.amount for p in moved)
    if not moved or not is_whole or _outcome(tx, account, entry) != "settled":
        raise OtherBatch
    item = AnswerItem("transaction", entry.status, "settled", reason_text=entry.reason)
    for payment in moved:
        batches.apply_answer(tx, account, payment, item)
    batches.follow(tx, row)


class NoFee(Conflict):
    code = "no-fee"
    message = "A fee is money that left the account, with its amount. This line says something else."


def _may_be_fee(entry: BankEntry, file: BankFile) -> bool:
    """Money left the account; a result file speaks of payments, it moves none."""
    return (entry.amount or 0) < 0 and file.kind.startswith("camt")


def _book_fee(tx: Tx, account: PayingAccount, entry: BankEntry, note: str) -> str:
    if entry.amount is None or not _may_be_fee(entry, tx.session.get_one(BankFile, entry.file_sha256)):
        raise NoFee
    amount = Money(-entry.amount, account.currency)
    posted = claims.book_fee(tx, rail_account=account.code, amount=amount, memo=note.strip())
    journal.record(
        tx, Event.FEE_BOOKED, account.id,
        public={"entry": posted, "amount": amount.minor, "currency": amount.currency},
    )  # fmt: skip
    return posted


def _assign(tx: Tx, account: PayingAccount, entry: BankEntry, payment_id: str) -> None:
    payment = batches.payment(tx, payment_id)
    row = None if payment is None else tx.session.get(BatchRow, payment.batch_id, with_for_update=True)
    if payment is None or row is None or row.paying_account_id != account.id:
        raise NotFound(what="payment", key=payment_id)
    if entry.amount is not None and abs(entry.amount) != payment.amount:
        raise InvalidInput(
            [
                Problem(
                    "amounts-differ",
                    "The line is over %(line)s, the payment over %(payment)s. Only a line of the same amount is "
                    "about a payment.",
                    payment.end_to_end_id,
                    params={
                        "line": Money(abs(entry.amount), payment.currency),
                        "payment": Money(payment.amount, payment.currency),
                    },
                )
            ]
        )
    outcome = _outcome(tx, account, entry)
    item = AnswerItem("transaction", entry.status, outcome, reason_text=entry.reason)
    if batches.apply_answer(tx, account, payment, item) == "unmatched":
        raise WrongState(what="payment", state=payment.state)
    batches.follow(tx, row)


def _outcome(tx: Tx, account: PayingAccount, entry: BankEntry) -> Outcome:
    """What the line says of the payment that a person chose, in the words of its kind of file."""
    kind = tx.session.get_one(BankFile, entry.file_sha256).kind
    if kind == "pain.002":
        return pain002.outcome_of(entry.status)
    if not kind.startswith("camt"):
        rail = profile(account.profile)
        known = rail.result_statuses if isinstance(rail, MobileMoneyProfile) else {}
        return known.get(entry.status, "pending")
    if not entry.status.startswith("BOOK"):
        return "pending"
    return "returned" if (entry.amount or 0) > 0 else "settled"


# Reconciliation ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Reconciled:
    """A statement, and what its movements were: minor units, negative for what left the account.

    moved = ours + booked + waiting + other: our payments and fees, what is tied to another booking, lines that wait for
    a person, and what is tied to nothing. on_account: what of it our books have on the bank's account, which is all of
    ours, and what is booked and no grant; a line that another statement tells too counts once.
    """

    statement: BankStatement
    ours: int
    booked: int
    waiting: int
    other: int
    on_account: int


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """An account: its statements, and what our books have moved that no statement shows yet.

    problems: statements that do not add up, are missing or overlap.
    """

    account: PayingAccount
    statements: tuple[Reconciled, ...]
    books: int
    not_on_a_statement: int
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class _Line:
    """A line of a statement. kind: ours, booked, waiting or other. is_on_account: our books have it on the account."""

    id: str
    amount: int
    kind: str
    is_on_account: bool


def reconcile(tx: Tx, account_id: str) -> Reconciliation:
    """Compare the account's statements with the ledger, statement by statement, newest first. Raises NotFound."""
    account = batches.paying_account(tx, account_id)
    if not can(tx.actor, Action.BATCH_READ, batches.place(account)):
        raise NotFound(what="paying account", key=account_id)
    rows = tx.session.scalars(
        select(BankStatement)
        .where(BankStatement.paying_account_id == account_id, BankStatement.kind == "statement")
        .order_by(BankStatement.day.desc(), BankStatement.id.desc())
    )
    # a bank may send a statement again in another file
    unique = {(row.number, row.day, row.opening, row.closing, row.moved): row for row in rows}
    lines = _statement_lines(tx, account_id)
    found: list[Reconciled] = []
    told: list[StatementTold] = []
    seen: set[str] = set()
    for row in unique.values():
        its = lines.get(row.id, [])
        found.append(_reconciled(row, its, seen))
        told.append(_statement_told(row, its))
        seen |= {line.id for line in its}
    books = ledger.balance(tx, accounts.bank(account.code, account.currency))
    rest = books - sum(each.on_account for each in found)
    return Reconciliation(account, tuple(found), books, rest, tuple(continuity.check(told)))


def _statement_told(row: BankStatement, lines: list[_Line]) -> StatementTold:
    def money(minor: int | None) -> Money | None:
        return None if minor is None else Money(minor, row.currency)

    return StatementTold(
        row.number, row.sequence or "", row.day, money(row.opening), money(row.closing),
        Money(row.moved, row.currency), frozenset(line.id for line in lines),
    )  # fmt: skip


def _statement_lines(tx: Tx, account_id: str) -> dict[str, list[_Line]]:
    """The lines of each statement of the account, by its id, with what people decided about them."""
    rows = tx.session.execute(
        select(BankStatementLine.statement_id, BankEntry)
        .join(BankEntry, BankEntry.id == BankStatementLine.entry_id)
        .join(BankStatement, BankStatement.id == BankStatementLine.statement_id)
        .where(BankStatement.paying_account_id == account_id, BankEntry.verdict != "pending")
        .order_by(BankEntry.id)
    )
    decided = {
        row.entry_id: row
        for row in tx.session.scalars(
            select(BankDecision)
            .join(BankEntry, BankEntry.id == BankDecision.entry_id)
            .where(BankEntry.paying_account_id == account_id)
        )
    }
    tied = {row.ledger_entry_id for row in decided.values() if row.ledger_entry_id}
    standing = ledger_lines.standing(tx, tied)
    found: dict[str, list[_Line]] = {}
    for statement_id, entry in rows:
        decision = decided.get(entry.id)
        kind = _kind(entry, decision, standing)
        is_grant = decision is not None and standing.get(decision.ledger_entry_id or "") == "grant"
        is_on_account = kind == "ours" or (kind == "booked" and not is_grant)
        found.setdefault(statement_id, []).append(_Line(entry.id, entry.amount or 0, kind, is_on_account))
    return found


def _kind(entry: BankEntry, decision: BankDecision | None, standing: Mapping[str, str]) -> str:
    """What a line is: ours, booked, waiting or other. standing: bookings that were not taken back."""
    if entry.verdict not in ("unmatched", "other"):
        return "ours"
    if decision is None:
        return "waiting" if entry.verdict == "unmatched" else "other"
    if decision.ledger_entry_id and decision.ledger_entry_id not in standing:
        return "other"  # a booking that was taken back explains nothing
    return {"assigned": "ours", "batch": "ours", "fee": "ours", "booked": "booked"}.get(
        decision.verdict, "other"
    )


def _reconciled(row: BankStatement, lines: list[_Line], seen: Collection[str]) -> Reconciled:
    """seen: lines that a newer statement told."""
    sums = dict.fromkeys(("ours", "booked", "waiting", "other"), 0)
    for line in lines:
        sums[line.kind] += line.amount
    other = row.moved - sums["ours"] - sums["booked"] - sums["waiting"]
    on_account = sum(line.amount for line in lines if line.is_on_account and line.id not in seen)
    return Reconciled(row, sums["ours"], sums["booked"], sums["waiting"], other, on_account)


# Checking ---------------------------------------------------------------------------------------------


def decisions(tx: Tx) -> list[BankDecision]:
    """What people decided about lines that fit no payment."""
    return list(tx.session.scalars(select(BankDecision).order_by(BankDecision.entry_id)))


def verify(tx: Tx) -> Iterator[Finding]:
    """Read every account report again: its statements are those that are kept, its lines over the payments' amounts."""
    kept: dict[str, list[BankStatement]] = {}
    for row in tx.session.scalars(select(BankStatement).order_by(BankStatement.id)):
        kept.setdefault(row.file_sha256, []).append(row)
    for file in batches.bank_files(tx):
        if file.kind.startswith("camt") or file.sha256 in kept:
            yield from _verify_statements(tx, file, kept.get(file.sha256, []))
    lines = tx.session.execute(
        select(BankEntry, PaymentRow)
        .join(PaymentRow, PaymentRow.id == BankEntry.payment_id)
        .where(BankEntry.verdict.in_(("settled", "rejected")), BankEntry.amount.is_not(None))
    )
    for entry, payment in lines:
        if entry.amount not in (payment.amount, -payment.amount):
            yield Finding(
                "bank-line-changed", f"bank line {entry.id}",
                f"It says {entry.amount} of a payment over {payment.amount} (minor units).",
            )  # fmt: skip


def _verify_statements(tx: Tx, file: BankFile, rows: list[BankStatement]) -> Iterator[Finding]:
    place = f"bank file {file.name} ({file.sha256[:12]}…)"
    try:
        found = bank_files.read(tx.files.get(file.sha256))
    except (RunError, ValueError, OSError) as error:
        yield Finding("bank-statement-changed", place, f"Its statements cannot be checked: {error}")
        return
    if not rows:
        yield Finding("bank-statement-changed", place, "The statements it holds are not kept.")
    for account_id in sorted({row.paying_account_id for row in rows}):
        account = batches.paying_account(tx, account_id)
        told = found.report.statements if found.report else ()
        ours = [s for s in told if s.account and is_same_account(s.account, account.identifier)]
        stored = [row for row in rows if row.paying_account_id == account_id]
        again = [_statement_row("", file.sha256, account, s) for s in ours]
        if any(row.sequence is None for row in stored):  # read before it was kept
            for row in again:
                row.sequence = None
        if sorted(map(_figures, again)) != sorted(map(_figures, stored)):
            yield Finding("bank-statement-changed", place, "What is kept of it is not what it says.")


def _figures(row: BankStatement) -> tuple[str, ...]:
    said = (row.number, row.kind, row.currency, row.day, row.opening, row.closing, row.moved, row.sequence)
    return tuple(map(str, said))
