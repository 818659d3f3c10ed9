"""What happened on an account: camt.052 (report), camt.053 (statement), camt.054 (notification).

Versions .02 to .12. An entry is one movement; it may hold many transactions (batch booking) or none. Banks
leave out almost every identification, so nothing is required that the arithmetic does not need. The
statement is checked against itself: opening balance plus booked entries must be the closing balance, an
entry must be the sum of its transactions, the counts of the summary must be right.

Signs: amounts of entries are positive, `direction` says which way; balances are negative when overdrawn.
Source: ISO 20022 camt.052/053/054.001.02, .04, .08; CGI-MP and EBICS users' practice for batch booking.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Final, Literal, cast

from lxml import etree

from payments.answers.iso20022 import (
    COUNT,
    LIMITS,
    PROBLEMS_MAX,
    child,
    children,
    day,
    first_text,
    message_type,
    money,
    text,
)
from payments.answers.matching import Answer, AnswerItem, without_repetition
from payments.rails.profiles import Outcome
from pricing.money import Money, total
from workflows import xml
from workflows.problems import Problem

Direction = Literal["credit", "debit"]
Kind = Literal["report", "statement", "notification"]

_KINDS: Final[dict[str, tuple[str, str, Kind]]] = {
    "camt.052": ("BkToCstmrAcctRpt", "Rpt", "report"),
    "camt.053": ("BkToCstmrStmt", "Stmt", "statement"),
    "camt.054": ("BkToCstmrDbtCdtNtfctn", "Ntfctn", "notification"),
}
"""Message -> its element, the element of one account, and our word for it."""
_OPENING: Final = ("OPBD", "PRCD")
"""Opening booked; previously closed booked is the same under another name."""
_CLOSING: Final = "CLBD"
_RETURN: Final = "-RRTN"
"""Sub-family of reimbursements and returns in the external code set of bank transactions."""


@dataclass(frozen=True, slots=True)
class Balance:
    """kind: ISO code (OPBD, CLBD, CLAV ...) or the bank's own word."""

    kind: str
    amount: Money
    on: date | None


@dataclass(frozen=True, slots=True)
class Transaction:
    """One payment within an entry.

    counterparty, counterparty_account: the other side: the creditor of a debit, the debtor of a credit.
    return_reason: code (AC06) or the bank's word; "" = it is no return.
    """

    amount: Money | None
    direction: Direction
    message_id: str = ""
    payment_information_id: str = ""
    instruction_id: str = ""
    end_to_end_id: str = ""
    uetr: str = ""
    account_servicer_reference: str = ""
    counterparty: str = ""
    counterparty_account: str = ""
    remittance: str = ""
    is_return: bool = False
    return_reason: str = ""
    return_text: str = ""


@dataclass(frozen=True, slots=True)
class BatchReference:
    """What an entry says about the batch it books. count, total: None where it does not say them."""

    message_id: str = ""
    payment_information_id: str = ""
    count: int | None = None
    total: Money | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """One movement of the account.

    status: BOOK, PDNG, INFO or FUTR. key: SHA-256 (hex) that tells the movement from every other one of the
    account and is the same in every file that reports it in the same words. place: line of the file.
    """

    amount: Money
    direction: Direction
    is_reversal: bool
    status: str
    booked_on: date | None
    value_on: date | None
    reference: str
    account_servicer_reference: str
    code: str
    information: str
    batches: tuple[BatchReference, ...]
    transactions: tuple[Transaction, ...]
    key: str
    place: str


@dataclass(frozen=True, slots=True)
class Statement:
    """What one message part says about one account."""

    kind: Kind
    id: str
    account: str
    currency: str
    owner: str
    sequence: str
    balances: tuple[Balance, ...]
    entries: tuple[Entry, ...]

    def balance(self, *kinds: str) -> Balance | None:
        """The first balance of one of these kinds, in their order."""
        return next((b for kind in kinds for b in self.balances if b.kind == kind), None)


@dataclass(frozen=True, slots=True)
class AccountReport:
    """A file that was read; with a fatal problem there are no statements.

    message: camt.053; version: 001.08.
    """

    message: str
    version: str
    message_id: str
    created_at: str
    statements: tuple[Statement, ...]
    problems: tuple[Problem, ...]


def read(data: bytes) -> AccountReport:
    """What the file says; its mistakes are in `problems`, nothing is raised for a bad file."""
    try:
        root = xml.parse(data, limits=LIMITS)
    except xml.XmlRefused as refused:
        return AccountReport("", "", "", "", (), tuple(refused.problems))
    message, version = message_type(root)
    kinds = _KINDS.get(message)
    body = None if kinds is None else child(root, kinds[0])
    if kinds is None or body is None:
        return AccountReport(message, version, "", "", (), (_not_an_account_report(root),))
    reading = _Reading(kinds[2])
    statements = tuple(reading.statement(part) for part in children(body, kinds[1]))
    if not statements:
        reading.problems.append(
            Problem("no-statement", "The file reports on no account. Ask the bank.", severity="warning")
        )
    return AccountReport(
        message=message,
        version=version,
        message_id=text(body, "GrpHdr", "MsgId"),
        created_at=text(body, "GrpHdr", "CreDtTm"),
        statements=statements,
        problems=tuple(reading.problems[:PROBLEMS_MAX]),
    )


def _not_an_account_report(root: etree._Element) -> Problem:
    return Problem(
        "not-camt",
        "The file is no account report (camt.052, .053 or .054) but %(found)s. Ask the bank for one.",
        severity="fatal",
        params={"found": str(root.tag)[:100]},
    )


class _Reading:
    """One pass over the file; each method reads one kind of thing."""

    def __init__(self, kind: Kind) -> None:
        self._kind = kind
        self.problems: list[Problem] = []

    def _problem(
        self, code: str, message: str, place: str, severity: str = "warning", **params: object
    ) -> None:
        self.problems.append(
            Problem(code, message, place=place, severity=cast(Literal["warning"], severity), params=params)
        )

    def statement(self, part: etree._Element) -> Statement:
        balances = tuple(b for each in children(part, "Bal") if (b := self._balance(each)) is not None)
        account = first_text(
            part, ("Acct", "Id", "IBAN"), ("Acct", "Id", "Othr", "Id"), ("Acct", "Id", "PrtryAcct", "Id")
        ).replace(" ", "")
        entries = tuple(e for each in children(part, "Ntry") if (e := self._entry(each, account)) is not None)
        made = Statement(
            kind=self._kind,
            id=text(part, "Id"),
            account=account,
            currency=self._currency(part, balances, entries),
            owner=first_text(part, ("Acct", "Ownr", "Nm"), ("Acct", "Nm")),
            sequence=first_text(part, ("ElctrncSeqNb",), ("LglSeqNb",)),
            balances=balances,
            entries=_with_distinct_keys(entries),
        )
        if not account:
            self._problem("no-account", "The statement %(id)s names no account.", made.id, id=made.id)
        self._check_sum(made)
        self._check_summary(part, made)
        return made

    def _currency(
        self, part: etree._Element, balances: tuple[Balance, ...], entries: tuple[Entry, ...]
    ) -> str:
        stated = text(part, "Acct", "Ccy")
        used = [*(b.amount.currency for b in balances), *(e.amount.currency for e in entries)]
        return stated or (used[0] if used else "")

    def _balance(self, element: etree._Element) -> Balance | None:
        kind = first_text(element, ("Tp", "CdOrPrtry", "Cd"), ("Tp", "CdOrPrtry", "Prtry"), ("Tp", "Cd"))
        place = f"line {element.sourceline}"
        read = self._money(element, place)
        if read is None:
            return None
        if text(element, "CdtDbtInd") not in ("CRDT", "DBIT"):
            self._problem("no-direction", "A balance does not say credit or debit and is left out.", place)
            return None
        return Balance(kind, -read if _direction(element) == "debit" else read, day(element, "Dt"))

    def _money(self, element: etree._Element, place: str) -> Money | None:
        written = child(element, "Amt")
        if written is None:
            self._problem("no-amount", "An entry or balance has no amount and is left out.", place, "error")
            return None
        try:
            return money(written)
        except ValueError:
            self._problem(
                "unreadable-amount",
                "The amount %(amount)s cannot be read; what it belongs to is left out. Ask the bank.",
                place,
                "error",
                amount=f"{text(written)[:40]} {written.get('Ccy', '')[:10]}",
            )
            return None

    def _entry(self, element: etree._Element, account: str) -> Entry | None:
        place = f"line {element.sourceline}"
        amount = self._money(element, place)
        if amount is None:
            return None
        if text(element, "CdtDbtInd") not in ("CRDT", "DBIT"):
            self._problem(
                "no-direction", "An entry does not say credit or debit and is left out.", place, "error"
            )
            return None
        direction = _direction(element)
        status = first_text(element, ("Sts", "Cd"), ("Sts", "Prtry"), ("Sts",)) or "BOOK"
        details = list(children(element, "NtryDtls"))
        transactions = tuple(
            self._transaction(each, direction) for detail in details for each in children(detail, "TxDtls")
        )
        batches = tuple(self._batch(each) for detail in details for each in children(detail, "Btch"))
        entry = Entry(
            amount=amount,
            direction=direction,
            is_reversal=text(element, "RvslInd") in ("true", "1"),
            status=status,
            booked_on=day(element, "BookgDt"),
            value_on=day(element, "ValDt"),
            reference=text(element, "NtryRef"),
            account_servicer_reference=text(element, "AcctSvcrRef"),
            code=_bank_code(element),
            information=text(element, "AddtlNtryInf"),
            batches=batches,
            transactions=transactions,
            key="",
            place=place,
        )
        self._check_parts(entry)
        return replace(entry, key=_key(entry, account))

    def _batch(self, element: etree._Element) -> BatchReference:
        count = text(element, "NbOfTxs")
        written = child(element, "TtlAmt")
        whole: Money | None = None
        if written is not None:
            with contextlib.suppress(ValueError):  # it is only a cross-check
                whole = money(written)
        return BatchReference(
            message_id=text(element, "MsgId"),
            payment_information_id=text(element, "PmtInfId"),
            count=int(count) if COUNT.fullmatch(count) else None,
            total=whole,
        )

    def _transaction(self, element: etree._Element, direction: Direction) -> Transaction:
        if text(element, "CdtDbtInd") in ("CRDT", "DBIT"):
            direction = _direction(element)
        other = "Cdtr" if direction == "debit" else "Dbtr"
        returned = child(element, "RtrInf")
        return Transaction(
            amount=self._transaction_amount(element),
            direction=direction,
            message_id=text(element, "Refs", "MsgId"),
            payment_information_id=text(element, "Refs", "PmtInfId"),
            instruction_id=text(element, "Refs", "InstrId"),
            end_to_end_id=text(element, "Refs", "EndToEndId"),
            uetr=text(element, "Refs", "UETR"),
            account_servicer_reference=text(element, "Refs", "AcctSvcrRef"),
            counterparty=first_text(element, ("RltdPties", other, "Pty", "Nm"), ("RltdPties", other, "Nm")),
            counterparty_account=first_text(
                element,
                ("RltdPties", f"{other}Acct", "Id", "IBAN"),
                ("RltdPties", f"{other}Acct", "Id", "Othr", "Id"),
            ),
            remittance=_remittance(element),
            is_return=returned is not None,
            return_reason=""
            if returned is None
            else first_text(returned, ("Rsn", "Cd"), ("Rsn", "Prtry"), ("RtrRsn", "Cd"), ("RtrRsn", "Prtry")),
            return_text="" if returned is None else text(returned, "AddtlInf"),
        )

    def _transaction_amount(self, element: etree._Element) -> Money | None:
        """The amount in the account's currency, where the file says it."""
        for path in (("Amt",), ("AmtDtls", "TxAmt", "Amt"), ("AmtDtls", "InstdAmt", "Amt")):
            written = child(element, *path)
            if written is not None:
                try:
                    return money(written)
                except ValueError:
                    # without its amount it would be matched by its reference alone
                    self._problem(
                        "unreadable-amount",
                        "The amount %(amount)s cannot be read; what it belongs to is left out. Ask the bank.",
                        f"line {element.sourceline}",
                        "error",
                        amount=f"{text(written)[:40]} {written.get('Ccy', '')[:10]}",
                    )
                    return None
        return None

    # the file against itself

    def _check_parts(self, entry: Entry) -> None:
        """An entry is the sum of its transactions, or of its batches, as far as they say amounts in its currency."""
        totals = [b.total for b in entry.batches]
        if not entry.transactions and totals and not _is_sum(totals, entry.amount) and None not in totals:
            self._problem(
                "batch-does-not-add-up",
                "The entry is over %(whole)s, the batches it books are over %(parts)s. A person must look.",
                entry.place,
                whole=str(entry.amount),
                parts=", ".join(str(t) for t in totals),
            )
        parts = [t.amount for t in entry.transactions]
        if len(parts) < 2 or any(part is None or part.currency != entry.amount.currency for part in parts):
            return
        whole = total(
            [
                t.amount if t.direction == entry.direction else -t.amount
                for t in entry.transactions
                if t.amount is not None
            ],
            entry.amount.currency,
        )
        if whole != entry.amount:
            self._problem(
                "entry-does-not-add-up",
                "The transactions of the entry sum to %(parts)s, the entry says %(whole)s.",
                entry.place,
                parts=str(whole),
                whole=str(entry.amount),
            )

    def _check_sum(self, statement: Statement) -> None:
        """Opening balance and booked entries give the closing balance."""
        opening, closing = statement.balance(*_OPENING), statement.balance(_CLOSING)
        booked = [e for e in statement.entries if e.status == "BOOK"]
        if opening is None or closing is None:
            if self._kind == "statement":
                self._problem(
                    "no-balance",
                    "The statement %(id)s lacks an opening or a closing balance, so it cannot be checked.",
                    statement.id,
                    id=statement.id,
                )
            return
        currencies = {opening.amount.currency, closing.amount.currency, *(e.amount.currency for e in booked)}
        if len(currencies) > 1:
            self._problem(
                "several-currencies",
                "The statement %(id)s mixes currencies (%(found)s), so it cannot be checked.",
                statement.id,
                id=statement.id,
                found=", ".join(sorted(currencies)),
            )
            return
        moved = total([signed(e) for e in booked], opening.amount.currency)
        if opening.amount + moved != closing.amount:
            self._problem(
                "statement-does-not-add-up",
                "Statement %(id)s: opening balance %(opening)s and entries %(moved)s give %(computed)s, but the "
                "closing balance says %(closing)s. Entries may be missing: ask the bank.",
                statement.id,
                id=statement.id,
                opening=str(opening.amount),
                moved=str(moved),
                computed=str(opening.amount + moved),
                closing=str(closing.amount),
            )

    def _check_summary(self, part: etree._Element, statement: Statement) -> None:
        stated = text(part, "TxsSummry", "TtlNtries", "NbOfNtries")
        found = sum(1 for _ in children(part, "Ntry"))
        if COUNT.fullmatch(stated) and int(stated) != found:
            self._problem(
                "entries-missing",
                "Statement %(id)s says that it has %(stated)s entries; the file has %(found)s.",
                statement.id,
                id=statement.id,
                stated=int(stated),
                found=found,
            )


def _is_sum(parts: Sequence[Money | None], whole: Money) -> bool:
    return all(part is not None and part.currency == whole.currency for part in parts) and whole == total(
        [part for part in parts if part is not None], whole.currency
    )


def signed(entry: Entry) -> Money:
    """The amount as it moves the account: negative for a debit."""
    return -entry.amount if entry.direction == "debit" else entry.amount


def _direction(element: etree._Element) -> Direction:
    return "debit" if text(element, "CdtDbtInd") == "DBIT" else "credit"


def _bank_code(element: etree._Element) -> str:
    """Domain, family and sub-family (PMNT-ICDT-ESCT), else the bank's own code."""
    domain = child(element, "BkTxCd", "Domn")
    if domain is not None:
        parts = (text(domain, "Cd"), text(domain, "Fmly", "Cd"), text(domain, "Fmly", "SubFmlyCd"))
        return "-".join(part for part in parts if part)
    return text(element, "BkTxCd", "Prtry", "Cd")


def _remittance(element: etree._Element) -> str:
    """What the payment was for: references before free words."""
    found = [text(each, "CdtrRefInf", "Ref") for each in children(element, "RmtInf", "Strd")]
    found += [text(each) for each in children(element, "RmtInf", "Ustrd")]
    return " ".join(part for part in found if part)[:500]


def _key(entry: Entry, account: str) -> str:
    """The bank's own reference of the movement, else everything that is said about it."""
    if entry.account_servicer_reference:
        said: list[object] = [account, "servicer", entry.account_servicer_reference, entry.direction]
    else:
        first = entry.transactions[0] if entry.transactions else None
        said = [
            account,
            entry.reference,
            str(entry.booked_on),
            str(entry.value_on),
            str(entry.amount),
            entry.direction,
            entry.is_reversal,
            "" if first is None else first.end_to_end_id,
            "" if first is None else first.remittance,
        ]
    return hashlib.sha256(json.dumps(said).encode("ascii")).hexdigest()


def _with_distinct_keys(entries: tuple[Entry, ...]) -> tuple[Entry, ...]:
    """Two movements that look the same within one statement are two: the second gets its number."""
    seen: Counter[str] = Counter()
    made = []
    for entry in entries:
        seen[entry.key] += 1
        number = seen[entry.key]
        if number > 1:
            again = hashlib.sha256(f"{entry.key} {number}".encode("ascii")).hexdigest()
            entry = replace(entry, key=again)
        made.append(entry)
    return tuple(made)


# What it says about our payments


def answer(report: AccountReport, *, account: str = "") -> Answer:
    """What the report says about payments that left the account: settled, returned, or still pending.

    account: only statements of this account ("" = all). Money that came in and is no return says nothing
    about payments and makes no item.
    """
    found = [
        item
        for statement in report.statements
        if account in ("", statement.account)
        for entry in statement.entries
        for item in items(entry)
    ]
    kept, contradictions = without_repetition(found)
    return Answer(
        items=kept,
        problems=(*report.problems, *contradictions)[:PROBLEMS_MAX],
        message_id=report.message_id,
    )


def items(entry: Entry) -> Iterator[AnswerItem]:
    """What one movement says about payments of ours; in the same order each time."""
    for transaction in entry.transactions:
        outcome = _outcome(entry, transaction)
        if outcome is not None:
            yield AnswerItem(
                level="transaction",
                status=_status(entry, outcome),
                outcome=outcome,
                original_message_id=transaction.message_id,
                payment_information_id=transaction.payment_information_id,
                instruction_id=transaction.instruction_id,
                end_to_end_id=transaction.end_to_end_id,
                uetr=transaction.uetr,
                reason=transaction.return_reason,
                reason_text=transaction.return_text or transaction.remittance,
                amount=transaction.amount or (entry.amount if len(entry.transactions) == 1 else None),
            )
    if entry.transactions:
        return
    outcome = _outcome(entry, None)
    if outcome is None:
        return
    batches = entry.batches or (BatchReference(),)
    # money moved is the entry's amount: what the batches say beside it counts only where it agrees
    agrees = _is_sum([b.total for b in batches], entry.amount) or (len(batches) == 1 and not batches[0].total)
    for batch in batches if agrees else (BatchReference(),):
        named = batch.payment_information_id or batch.message_id
        whole = batch.total or entry.amount
        yield AnswerItem(
            level="payment_information" if named else "transaction",
            status=_status(entry, outcome),
            outcome=outcome,
            original_message_id=batch.message_id,
            payment_information_id=batch.payment_information_id,
            reason_text=" ".join(x for x in (entry.information, "" if agrees else _named(batches)) if x),
            amount=None if named else entry.amount,
            count=batch.count,
            control_sum=whole.major(),
        )


def _named(batches: Sequence[BatchReference]) -> str:
    """What the entry says it books, for the person who looks at it."""
    return " ".join(b.payment_information_id or b.message_id for b in batches)[:200]


def doubtful(entry: Entry) -> Iterator[AnswerItem]:
    """Booked movements that say nothing about a payment, although they may name one.

    A credit that is told as no return, a debit that undoes something: whoever knows the payments asks a person about
    those that are named.
    """
    for transaction in entry.transactions if entry.status == "BOOK" else ():
        named = transaction.end_to_end_id or transaction.uetr or transaction.instruction_id
        if named and _outcome(entry, transaction) is None:
            yield AnswerItem(
                level="transaction",
                status=f"{entry.status}-{transaction.direction.upper()}",
                outcome="returned" if transaction.direction == "credit" else "settled",
                instruction_id=transaction.instruction_id,
                end_to_end_id=transaction.end_to_end_id,
                uetr=transaction.uetr,
                reason=transaction.return_reason,
                reason_text=transaction.return_text or transaction.remittance,
                amount=transaction.amount or (entry.amount if len(entry.transactions) == 1 else None),
            )


def _status(entry: Entry, outcome: Outcome) -> str:
    """The word of the file; a return is told from the payment it undoes."""
    return f"{entry.status}-RETURN" if outcome == "returned" else entry.status


def _outcome(entry: Entry, transaction: Transaction | None) -> Outcome | None:
    """None = it says nothing about a payment of ours."""
    direction = entry.direction if transaction is None else transaction.direction
    is_back = (
        entry.is_reversal
        or entry.code.endswith(_RETURN)
        or (transaction is not None and transaction.is_return)
    )
    if direction == "credit":
        return ("returned" if entry.status == "BOOK" else "pending") if is_back else None
    if is_back:
        return None  # a direct debit of others that failed, or a credit that was taken back
    return "settled" if entry.status == "BOOK" else "pending"
