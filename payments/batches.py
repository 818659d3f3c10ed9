"""Batches of payments: what goes into which transfer, what an approval binds to, which steps are legal.

A batch is collected from payables, submitted by one person, approved by another, exported as one frozen file
and then follows the bank's answers. An approval binds to `content_sha256`: change one franc, one account or
one name and it no longer holds. A payment that may have left the house is never cancelled; only definitive
evidence (a rejection or a return) makes the payable payable again.

Source: ISO 20022 payment initiation (customer credit transfer); findings of OCA bank-payment's cancel2draft
and CommCare's duplicate exports, which these transitions do not allow.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import Final, Literal

from payments import identifiers
from payments.errors import (
    IllegalTransition,
    InvalidEndToEndId,
    InvalidIdentifier,
    InvalidLimits,
    InvalidUetr,
)
from pricing.money import Money
from workflows.problems import Problem

AccountKind = Literal["iban", "rib", "wallet"]
ACCOUNT_KINDS: Final = ("iban", "rib", "wallet")


# Values ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class PayeeAccount:
    """A snapshot of where a payee is paid; later changes of the payee do not change a payment.

    identifier: IBAN or RIB without spaces, or the wallet's MSISDN without plus.
    agent: BIC of the bank ("" where the IBAN says it), or the wallet's company such as MTN.
    """

    kind: AccountKind
    identifier: str
    agent: str = ""

    def masked(self) -> str:
        return identifiers.mask(self.identifier)


def check_account(account: PayeeAccount) -> PayeeAccount:
    """The account in its normal form. Raises InvalidIban, InvalidRib or InvalidMsisdn.

    A wallet's number needs its country code here; ask identifiers.check_msisdn when the country is known.
    """
    if account.kind == "iban":
        identifier = identifiers.check_iban(account.identifier)
    elif account.kind == "rib":
        identifier = identifiers.check_rib(account.identifier)
    else:
        identifier = identifiers.check_msisdn("+" + account.identifier.removeprefix("+"), "ZZ")
    return PayeeAccount(account.kind, identifier, account.agent)


@dataclass(frozen=True, slots=True)
class CreditTransfer:
    """One payment to one account, as it will stand in the file.

    end_to_end_id, uetr: made once and kept, so the same batch gives the same bytes.
    reference: what the payee sees; an ISO 11649 RF reference travels structured.
    town, country: of the payee; an address needs at least these since November 2026 (SEPA, CBPR+).
    """

    payment_id: str
    end_to_end_id: str
    uetr: str
    payee_id: str
    payee_name: str
    account: PayeeAccount
    amount: Money
    reference: str
    town: str
    country: str

    @property
    def instruction_id(self) -> str:
        """The InstrId: the payment's id without hyphens, at most 35 characters."""
        return self.payment_id.replace("-", "")[:35]


_COUNTRY: Final = re.compile(r"[A-Z]{2}")


def check_transfers(transfers: Iterable[CreditTransfer]) -> tuple[Problem, ...]:
    """All mistakes of the transfers of one batch, each with its payment id as place; () when none.

    Amounts, identifiers, account numbers with their check digits, names, addresses, one currency, nothing
    twice. A rail adds its own rules (payments.rails).
    """
    problems: list[Problem] = []
    seen: dict[str, set[str]] = {"payment id": set(), "EndToEndId": set(), "UETR": set()}
    currency = ""
    for transfer in transfers:
        currency = currency or transfer.amount.currency
        problems += _transfer_problems(transfer, currency)
        ids = {
            "payment id": transfer.payment_id,
            "EndToEndId": transfer.end_to_end_id,
            "UETR": transfer.uetr,
        }
        for name, value in ids.items():
            if value in seen[name]:
                problems.append(_repeated(transfer, name, value))
            seen[name].add(value)
    return tuple(problems)


def _repeated(transfer: CreditTransfer, name: str, value: str) -> Problem:
    return Problem(
        "repeated-identifier",
        "The %(name)s %(value)s occurs twice. Each payment has its own.",
        place=transfer.payment_id,
        params={"name": name, "value": value},
    )


def _transfer_problems(transfer: CreditTransfer, currency: str) -> Iterator[Problem]:
    place = transfer.payment_id
    if not place or len(place.replace("-", "")) > 35:
        yield Problem(
            "invalid-payment-id",
            "The payment id %(id)s must have 1 to 35 characters.",
            place=place,
            params={"id": place[:60]},
        )
    if transfer.amount.minor <= 0:
        yield Problem(
            "amount-not-positive",
            "The amount is %(amount)s. A payment is more than zero.",
            place=place,
            params={"amount": transfer.amount},
        )
    if transfer.amount.currency != currency:
        yield Problem(
            "mixed-currencies",
            "The payment is in %(currency)s, the batch in %(batch)s. Make a batch for each currency.",
            place=place,
            params={"currency": transfer.amount.currency, "batch": currency},
        )
    yield from _identifier_problems(transfer)
    if not identifiers.latin_text(transfer.payee_name, 70):
        yield Problem(
            "invalid-name",
            "The name %(name)s cannot be written in a bank file. Give the payee's name in Latin letters as "
            "the account knows it.",
            place=place,
            params={"name": transfer.payee_name[:70]},
        )
    if not _COUNTRY.fullmatch(transfer.country) or not identifiers.latin_text(transfer.town, 35):
        yield Problem(
            "incomplete-address",
            "The payee's address needs a town and a two-letter country. Complete it.",
            place=place,
        )


def _identifier_problems(transfer: CreditTransfer) -> Iterator[Problem]:
    if not identifiers.is_end_to_end_id(transfer.end_to_end_id):
        yield _identifier_problem(transfer, InvalidEndToEndId(identifier=transfer.end_to_end_id[:60]))
    if not identifiers.is_uetr(transfer.uetr):
        yield _identifier_problem(transfer, InvalidUetr(uetr=transfer.uetr[:60]))
    try:
        account = check_account(transfer.account)
    except InvalidIdentifier as error:
        yield _identifier_problem(transfer, error)
        return
    if account != transfer.account:
        yield Problem(
            "account-not-normal",
            "The account %(account)s is not in its normal form. Save the payee's account again.",
            place=transfer.payment_id,
            params={"account": transfer.account.masked()},
        )


def _identifier_problem(transfer: CreditTransfer, error: InvalidIdentifier) -> Problem:
    return Problem(error.code, error.message, place=transfer.payment_id, params=error.params)


def content_sha256(transfers: Iterable[CreditTransfer], terms: Mapping[str, str] | None = None) -> str:
    """SHA-256 (hex) of what is approved; equal for the same transfers in any order.

    terms: what else the approval binds to, such as the paying account, the execution date and the rail.
    Form: UTF-8 JSON, keys sorted, no spaces, `{"format": "run-batch-content-1", "terms": {…}, "transfers":
    [[payment id, EndToEndId, UETR, payee id, payee name, account kind, identifier, agent, minor units,
    currency, reference, town, country], …]}` with transfers ordered as lists.
    """
    rows = sorted(
        [
            t.payment_id,
            t.end_to_end_id,
            t.uetr,
            t.payee_id,
            t.payee_name,
            t.account.kind,
            t.account.identifier,
            t.account.agent,
            t.amount.minor,
            t.amount.currency,
            t.reference,
            t.town,
            t.country,
        ]
        for t in transfers
    )
    document = {"format": "run-batch-content-1", "terms": dict(terms or {}), "transfers": rows}
    text = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode("ascii")).hexdigest()


# Collecting --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Payable:
    """What is still owed to a payee from one delivery.

    amount: what is not yet allocated to a payment; positive.
    due: the earlier is paid first where a limit does not allow all.
    """

    payable_id: str
    payee_id: str
    account: PayeeAccount
    amount: Money
    due: date


@dataclass(frozen=True, slots=True)
class Limits:
    """What a rail takes per transfer, in minor units; None = no limit."""

    minimum: int = 1
    maximum: int | None = None
    multiple: int = 1

    def __post_init__(self) -> None:
        if self.minimum < 1 or self.multiple < 1:
            raise InvalidLimits(reason="the minimum and the multiple are at least 1")
        if self.maximum is not None and self.payable_part(self.maximum) == 0:
            raise InvalidLimits(reason="no amount lies between the minimum and the maximum")

    def payable_part(self, minor: int) -> int:
        """The largest amount not above `minor` that the rail takes; 0 when there is none."""
        capped = minor if self.maximum is None else min(minor, self.maximum)
        part = capped - capped % self.multiple
        return part if part >= self.minimum else 0


@dataclass(frozen=True, slots=True)
class Allocation:
    """How much of a payable a payment pays; positive."""

    payable_id: str
    amount: Money


@dataclass(frozen=True, slots=True)
class PlannedPayment:
    """One transfer to be: the sum of its allocations, to one payee and account."""

    payee_id: str
    account: PayeeAccount
    amount: Money
    allocations: tuple[Allocation, ...]


@dataclass(frozen=True, slots=True)
class Collection:
    """The payments of a batch and what stays owed for a later one."""

    payments: tuple[PlannedPayment, ...]
    carried_over: tuple[Allocation, ...]


def collect(payables: Iterable[Payable], limits: Limits, *, most: int | None = None) -> Collection:
    """Join payables into one payment per payee, account and currency, within the limits of the rail.

    A payee's payables are paid by due date, then id; what exceeds the maximum, is below the minimum or is the
    remainder of the multiple is carried over, per payable. The result does not depend on the order given;
    payments are ordered by payee and account. A payable that is given twice counts once.
    most: of all payments together, in minor units: who waits longest comes first, no payment is cut for it.
    """
    unique = {p.payable_id: p for p in payables if p.amount.minor > 0}
    groups: dict[tuple[str, str, str, str, str], list[Payable]] = {}
    for payable in sorted(unique.values(), key=lambda p: (p.due, p.payable_id)):
        account = payable.account
        key = (payable.payee_id, account.kind, account.identifier, account.agent, payable.amount.currency)
        groups.setdefault(key, []).append(payable)
    payments: list[PlannedPayment] = []
    carried: list[Allocation] = []
    for _, group in sorted(groups.items()):
        paid, rest = _allocate(group, limits)
        carried += rest
        if paid:
            currency = group[0].amount.currency
            amount = Money(sum(a.amount.minor for a in paid), currency)
            payments.append(PlannedPayment(group[0].payee_id, group[0].account, amount, tuple(paid)))
    if most is None:
        return Collection(tuple(payments), tuple(carried))
    chosen = _within(payments, most, {p.payable_id: p.due for p in unique.values()})
    kept = tuple(payment for number, payment in enumerate(payments) if number in chosen)
    carried += [
        a for number, payment in enumerate(payments) if number not in chosen for a in payment.allocations
    ]
    return Collection(kept, tuple(carried))


def _within(payments: list[PlannedPayment], most: int, due: Mapping[str, date]) -> set[int]:
    """The positions of those that fit into `most` together, the oldest debts chosen first."""
    chosen: set[int] = set()
    oldest = [min(due[a.payable_id] for a in payment.allocations) for payment in payments]
    for number in sorted(range(len(payments)), key=lambda n: (oldest[n], n)):
        minor = payments[number].amount.minor
        if minor <= most:
            most -= minor
            chosen.add(number)
    return chosen


def _allocate(group: list[Payable], limits: Limits) -> tuple[list[Allocation], list[Allocation]]:
    left = limits.payable_part(sum(p.amount.minor for p in group))
    paid: list[Allocation] = []
    carried: list[Allocation] = []
    for payable in group:
        part = min(left, payable.amount.minor)
        left -= part
        rest = payable.amount.minor - part
        if part:
            paid.append(Allocation(payable.payable_id, Money(part, payable.amount.currency)))
        if rest:
            carried.append(Allocation(payable.payable_id, Money(rest, payable.amount.currency)))
    return paid, carried


# States ------------------------------------------------------------------------------------------------

Subject = Literal["batch", "payment"]

TRANSITIONS: Final[Mapping[Subject, Mapping[str, frozenset[str]]]] = MappingProxyType(
    {
        "batch": MappingProxyType(
            {
                "draft": frozenset({"submitted", "cancelled"}),
                "submitted": frozenset({"draft", "approved", "cancelled"}),
                "approved": frozenset({"exported", "cancelled"}),
                "exported": frozenset({"acknowledged", "partly_settled", "settled", "failed"}),
                "acknowledged": frozenset({"partly_settled", "settled", "failed"}),
                # money may come back after it was settled
                "partly_settled": frozenset({"settled", "failed"}),
                "settled": frozenset({"partly_settled", "failed"}),
                "failed": frozenset(),
                "cancelled": frozenset(),
            }
        ),
        "payment": MappingProxyType(
            {
                "draft": frozenset({"in_transit", "cancelled"}),
                "in_transit": frozenset({"settled", "rejected"}),
                "settled": frozenset({"returned"}),
                "rejected": frozenset(),
                "returned": frozenset(),
                "cancelled": frozenset(),
            }
        ),
    }
)
"""The legal steps; the database has the same table and refuses any other."""


def next_state(subject: Subject, current: str, wanted: str) -> str:
    """`wanted`, when a batch or payment may go there from `current`. Raises IllegalTransition.

    Staying is no step: a second export of an exported batch is refused.
    """
    if wanted not in TRANSITIONS[subject].get(current, frozenset()):
        raise IllegalTransition(what=subject, current=current, wanted=wanted)
    return wanted


def batch_state(payment_states: Iterable[str]) -> str:
    """The state of an exported batch that its payments imply.

    exported: none answered; acknowledged: some answered, some still in transit; settled: all paid;
    failed: none paid; partly_settled: all answered, some paid. For no payments: failed.
    """
    count = Counter(payment_states)
    waiting = count["in_transit"]
    if waiting:
        return "exported" if waiting == count.total() else "acknowledged"
    if not count["settled"]:
        return "failed"
    return "settled" if count["settled"] == count.total() else "partly_settled"
