"""The values of the double-entry ledger and the rules an entry obeys before any database sees it.

Two books are kept side by side, each balanced in every entry and currency:

* *budget* says what may be spent: appropriation -> fund -> reservation (a commitment) -> consumed;
* *actual* says what happened: expense, payable, withholding, clearing, bank, contributions.

A posting to the debit is positive, to the credit negative, in whole minor units. `floor` and `ceiling` bound
the balance of an account in minor units; the database enforces them, so a fund (ceiling 0) cannot be
committed beyond what it was given and a payee (ceiling 0) cannot be paid more than is owed.

An account's code is `<kind>:<name>`, for instance `payable:0197…`; code and currency together are unique, for
one payee may be owed in two currencies. Nothing is ever edited; a correction is a reversal plus a new entry.

Sources: double entry (Pacioli); account floors and two-phase reserve/consume as in TigerBeetle and pgledger.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from json.encoder import encode_basestring_ascii as _quoted
from typing import Final, Literal

from payments.errors import (
    AmountOutOfRange,
    InvalidAccount,
    InvalidEntry,
    NaiveTime,
    TooFewPostings,
    UnbalancedEntry,
    ZeroPosting,
)
from pricing.money import Money, minor_digits

Book = Literal["budget", "actual"]

GENESIS_HASH: Final = "0" * 64
"""The previous hash of the first entry."""

_MINOR_MAX: Final = 2**63 - 1
_NAME_MAX: Final = 120
_TEXT_MAX: Final = 200


@dataclass(frozen=True, slots=True)
class Account:
    """An account of one book in one currency.

    code: `<kind>:<name>`; unique in the ledger together with the currency.
    floor, ceiling: bounds of the balance in minor units, debit positive; None = unbounded.
    """

    code: str
    book: Book
    kind: str
    currency: str
    floor: int | None = None
    ceiling: int | None = None

    def __post_init__(self) -> None:
        minor_digits(self.currency)
        if self.book not in ("budget", "actual") or not _is_printable(self.code):
            raise InvalidAccount(account=self.code)


def _is_printable(text: str) -> bool:
    return 0 < len(text) <= _TEXT_MAX and text.isprintable() and text == text.strip()


def _account(
    kind: str, name: str, currency: str, book: Book, floor: int | None = None, ceiling: int | None = None
) -> Account:
    if not _is_printable(name) or len(name) > _NAME_MAX or ":" in name:
        raise InvalidAccount(account=name)
    return Account(f"{kind}:{name}", book, kind, currency, floor, ceiling)


# Budget book: credit balances are money that may still be spent, so their ceiling is zero.


def appropriation(funder: str, currency: str) -> Account:
    """What a funder has given to spend (debit)."""
    return _account("appropriation", funder, currency, "budget", floor=0)


def fund(fund_id: str, currency: str) -> Account:
    """What a fund can still commit (credit); cannot be overdrawn."""
    return _account("fund", fund_id, currency, "budget", ceiling=0)


def reservation(project: str, currency: str) -> Account:
    """What is committed to a project and not yet consumed (credit); cannot be overdrawn."""
    return _account("reservation", project, currency, "budget", ceiling=0)


def contingency(project: str, currency: str) -> Account:
    """What is kept for a project's overruns (credit); cannot be overdrawn."""
    return _account("contingency", project, currency, "budget", ceiling=0)


def reserve(region: str, currency: str) -> Account:
    """What a region keeps for overruns beyond the contingencies (credit); cannot be overdrawn."""
    return _account("reserve", region, currency, "budget", ceiling=0)


def consumed(project: str, currency: str) -> Account:
    """What accepted deliveries have used of the budget (credit)."""
    return _account("consumed", project, currency, "budget", ceiling=0)


def unfunded(project: str, currency: str) -> Account:
    """What is owed although no budget covers it (debit); a balance here blocks new starts."""
    return _account("unfunded", project, currency, "budget", floor=0)


def exchange_position(pair: str, currency: str) -> Account:
    """One side of a currency exchange between funds; with its counterpart it says what rate was had."""
    return _account("exchange", pair, currency, "budget")


# Actual book.


def expense(project: str, currency: str) -> Account:
    """The gross cost of accepted deliveries (debit)."""
    return _account("expense", project, currency, "actual", floor=0)


def payable(payee: str, currency: str) -> Account:
    """What a payee is owed (credit); nobody is paid more than owed."""
    return _account("payable", payee, currency, "actual", ceiling=0)


def withholding(tax: str, currency: str) -> Account:
    """Tax set aside and owed to the authority (credit)."""
    return _account("withholding", tax, currency, "actual", ceiling=0)


def clearing(rail_account: str, currency: str) -> Account:
    """Money ordered from a bank or wallet account and not yet answered (credit)."""
    return _account("clearing", rail_account, currency, "actual", ceiling=0)


def bank(rail_account: str, currency: str) -> Account:
    """The bank or wallet account itself as our books see it."""
    return _account("bank", rail_account, currency, "actual")


def advance(payee: str, currency: str) -> Account:
    """What a payee was advanced and has not worked off (debit); never below zero."""
    return _account("advance", payee, currency, "actual", floor=0)


def payee_receivable(payee: str, currency: str) -> Account:
    """What a payee was paid too much and owes back (debit); never below zero."""
    return _account("payee_receivable", payee, currency, "actual", floor=0)


def fee(rail_account: str, currency: str) -> Account:
    """What the bank or the mobile-money company took for its service (debit)."""
    return _account("fee", rail_account, currency, "actual", floor=0)


def contribution_receivable(party: str, currency: str) -> Account:
    """What a third party promised in cash and owes (debit)."""
    return _account("contribution_receivable", party, currency, "actual", floor=0)


def contribution_income(party: str, currency: str) -> Account:
    """What a third party contributes in cash (credit)."""
    return _account("contribution_income", party, currency, "actual", ceiling=0)


def in_kind_use(project: str, currency: str) -> Account:
    """Memo: the value of what a project received in kind (debit)."""
    return _account("in_kind_use", project, currency, "actual", floor=0)


def in_kind_contribution(party: str, currency: str) -> Account:
    """Memo: the value of what a third party gave in kind (credit)."""
    return _account("in_kind_contribution", party, currency, "actual", ceiling=0)


_MADE: Final = {
    example.kind: example
    for example in (
        make("x", "XOF")
        for make in (
            appropriation, fund, reservation, contingency, reserve, consumed, unfunded, exchange_position, expense,
            payable, withholding, clearing, bank, advance, payee_receivable, fee, contribution_receivable,
            contribution_income, in_kind_use, in_kind_contribution,
        )
    )
}  # fmt: skip
"""An account of each kind."""


def is_as_made(account: Account) -> bool:
    """Whether kind, book and bounds are those that an account of this code is made with."""
    kind = account.code.partition(":")[0]
    made = _MADE.get(kind)
    return made is not None and (account.kind, account.book, account.floor, account.ceiling) == (
        made.kind, made.book, made.floor, made.ceiling,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Posting:
    """One line of an entry: minor units to an account, debit positive, credit negative."""

    account: Account
    minor: int

    def __post_init__(self) -> None:
        if type(self.minor) is not int:
            raise TypeError(f"minor units are an int, not {self.minor!r}")
        if self.minor == 0:
            raise ZeroPosting(account=self.account.code)
        if abs(self.minor) > _MINOR_MAX:
            raise AmountOutOfRange(account=self.account.code)

    @property
    def amount(self) -> Money:
        return Money(self.minor, self.account.currency)


@dataclass(frozen=True, slots=True)
class Entry:
    """A balanced set of postings; one that is not balanced cannot be made.

    kind: what happened, such as `delivery` (see payments.posting_rules).
    idempotency_key: names the event; the same event posted twice is one entry.
    reverses: id of the entry this one takes back.

    Raises TooFewPostings, UnbalancedEntry, InvalidEntry.
    """

    kind: str
    idempotency_key: str
    postings: tuple[Posting, ...]
    memo: str = ""
    reverses: str | None = None

    def __post_init__(self) -> None:
        if not _is_printable(self.kind) or not _is_printable(self.idempotency_key):
            raise InvalidEntry
        if (self.kind == "reversal") != (self.reverses is not None):
            raise InvalidEntry
        if len(self.postings) < 2:
            raise TooFewPostings(key=self.idempotency_key, count=len(self.postings))
        for (book, currency), minor in balances(self.postings).items():
            if minor:
                raise UnbalancedEntry(key=self.idempotency_key, book=book, currency=currency, minor=minor)

    def accounts(self) -> tuple[Account, ...]:
        """The accounts touched, each once, by code and currency (the order in which to lock them)."""
        return tuple(sorted({p.account for p in self.postings}, key=lambda a: (a.code, a.currency)))

    def net(self) -> dict[Account, int]:
        """The change of each account in minor units, in the order of `accounts`; may be zero."""
        change: Counter[Account] = Counter()
        for posting in self.postings:
            change[posting.account] += posting.minor
        return {account: change[account] for account in self.accounts()}


def balances(postings: Iterable[Posting]) -> dict[tuple[Book, str], int]:
    """Debits minus credits in minor units per (book, currency); all zero for a balanced entry."""
    sums: dict[tuple[Book, str], int] = {}
    for posting in postings:
        key = (posting.account.book, posting.account.currency)
        sums[key] = sums.get(key, 0) + posting.minor
    return sums


def canonical_entry(
    seq: int, previous_hash: str, entry_id: str, entry: Entry, posted_at: datetime, actor: str
) -> bytes:
    r"""The bytes that are hashed: JSON, keys sorted, no spaces, everything beyond ASCII as `\uXXXX`.

    The object, whose form will not change without another `format`:

        {"actor": "…", "entry": "<entry id>", "format": "run-ledger-entry-1", "key": "<idempotency key>",
         "kind": "…", "memo": "…", "posted_at": "2026-11-21T08:00:00.000000Z",
         "postings": [["<book>", "<account code>", "<currency>", <minor>], …], "previous": "<64 hex digits>",
         "reverses": "<entry id>" or null, "seq": <from 1>}

    Postings are in the order of their line numbers; time is UTC with six digits of the second. Raises
    NaiveTime for a time without zone.
    """
    return canonical_text(
        seq=seq,
        previous_hash=previous_hash,
        entry_id=entry_id,
        kind=entry.kind,
        key=entry.idempotency_key,
        memo=entry.memo,
        reverses=entry.reverses,
        posted_at=canonical_time(posted_at),
        actor=actor,
        postings=[f"{posting_prefix(p.account)}{p.minor}]" for p in entry.postings],
    )


def canonical_text(
    *,
    seq: int,
    previous_hash: str,
    entry_id: str,
    kind: str,
    key: str,
    memo: str,
    reverses: str | None,
    posted_at: str,
    actor: str,
    postings: Iterable[str],
) -> bytes:
    """As `canonical_entry`, of the parts as they are stored: checking a whole ledger makes no `Entry` of each.

    posted_at: from `canonical_time`. postings: each from `posting_prefix`, with its minor units and a bracket.
    """
    return (
        f'{{"actor":{_quoted(actor)},"entry":{_quoted(entry_id)},"format":"run-ledger-entry-1",'
        f'"key":{_quoted(key)},"kind":{_quoted(kind)},"memo":{_quoted(memo)},"posted_at":"{posted_at}",'
        f'"postings":[{",".join(postings)}],"previous":{_quoted(previous_hash)},'
        f'"reverses":{"null" if reverses is None else _quoted(reverses)},"seq":{seq}}}'
    ).encode("ascii")


def canonical_time(posted_at: datetime) -> str:
    """UTC with six digits of the second. Raises NaiveTime."""
    if posted_at.tzinfo is None:
        raise NaiveTime(time=posted_at.isoformat())
    return posted_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def posting_prefix(account: Account) -> str:
    """A posting's canonical form up to its amount."""
    return f"[{_quoted(account.book)},{_quoted(account.code)},{_quoted(account.currency)},"


def hash_entry(
    seq: int, previous_hash: str, entry_id: str, entry: Entry, posted_at: datetime, actor: str
) -> str:
    """SHA-256 (hex) of `canonical_entry`: the seal of an entry and a link of the chain.

    seq counts from 1; the first entry's previous hash is GENESIS_HASH. Raises NaiveTime.
    """
    return hashlib.sha256(canonical_entry(seq, previous_hash, entry_id, entry, posted_at, actor)).hexdigest()
