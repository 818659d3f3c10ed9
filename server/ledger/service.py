"""Posting entries, opening accounts, what is owed, and checking the whole ledger.

The rules are the core's (payments.posting_rules); this module writes their entries. The seal, inserted last,
makes the database check balance, floors, ceilings and the chain, so a wrong entry cannot be committed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from itertools import groupby
from operator import itemgetter
from typing import Any

from sqlalchemy import Engine, Row, TextClause, func, insert, select, text
from sqlalchemy.dialects.postgresql import insert as insert_postgresql
from sqlalchemy.dialects.sqlite import insert as insert_sqlite
from sqlalchemy.exc import IntegrityError

from payments import ledger as rules
from payments import posting_rules
from payments.errors import LedgerError
from payments.ledger import Account, Entry, Posting
from pricing.money import Money
from server.actor import Action, require
from server.errors import Conflict, NotFound, Unfunded
from server.findings import Finding
from server.journal import service as journal
from server.journal.service import Event
from server.ledger.models import (
    LedgerAccount as LedgerAccount,
)
from server.ledger.models import (
    LedgerEntry as LedgerEntry,
)
from server.ledger.models import (
    LedgerHead as LedgerHead,
)
from server.ledger.models import (
    LedgerPosting as LedgerPosting,
)
from server.ledger.models import (
    LedgerSeal as LedgerSeal,
)
from server.ledger.models import (
    Payable as Payable,
)
from server.price_lists import service as price_lists
from server.regions import service as regions
from server.runtime import Tx


class AlreadyPosted(Conflict):
    code = "already-posted"
    message = "This was booked already (%(key)s). Nothing was booked twice."


class NotCovered(Unfunded):
    code = "not-covered"
    message = (
        "The account %(account)s holds %(available)s %(currency)s, this needs %(needed)s. Nothing was booked."
    )


class ObligationUnfunded(Unfunded):
    code = "obligation-unfunded"
    message = (
        "Work that was accepted is owed without a budget (%(amounts)s). Nothing new starts from this fund until a "
        "fund takes that over."
    )


def account_id(account: Account) -> str:
    """The row of an account: its currency and code."""
    return f"{account.currency}/{account.code}"


def balance(tx: Tx, account: Account, *, locked: bool = False) -> int:
    """The balance in minor units, debit positive; 0 for an account not opened yet.

    locked: nobody else posts to the account until this transaction ends.
    """
    row = tx.session.get(
        LedgerAccount, account_id(account), populate_existing=True,
        with_for_update={"key_share": True} if locked else None,
    )  # fmt: skip
    return row.balance if row else 0


def available(tx: Tx, account: Account, *, locked: bool = False) -> Money:
    """What a credit account of the budget book still holds, as a positive amount. locked: see `balance`."""
    return Money(max(0, -balance(tx, account, locked=locked)), account.currency)


def post(tx: Tx, entry: Entry) -> str:
    """Write an entry and seal it; returns its id.

    Raises AlreadyPosted when its idempotency key is known, and Unfunded when an account would pass its bound:
    in both cases the caller's transaction must be given up.
    """
    require_new(tx, entry.idempotency_key)
    _open_accounts(tx, entry.accounts())
    entry_id = tx.new_id()
    tx.session.flush()
    session = tx.session
    try:
        session.execute(
            insert(LedgerEntry).values(
                id=entry_id, kind=entry.kind, idempotency_key=entry.idempotency_key,
                reverses_id=entry.reverses, posted_at=tx.now, actor=tx.actor.user_id, memo=entry.memo,
            )
        )  # fmt: skip
        session.execute(
            insert(LedgerPosting),
            [
                {"entry_id": entry_id, "line": n, "account_id": account_id(p.account), "amount": p.minor}
                for n, p in enumerate(entry.postings, start=1)
            ],
        )
        _seal(tx, entry_id, entry)
    except IntegrityError as error:
        raise _refusal(tx, entry, error) from error
    return entry_id


def require_new(tx: Tx, key: str) -> None:
    """Raise AlreadyPosted when an entry has this idempotency key."""
    if tx.session.scalar(select(LedgerEntry.id).where(LedgerEntry.idempotency_key == key)):
        raise AlreadyPosted(key=key)


def _seal(tx: Tx, entry_id: str, entry: Entry) -> None:
    last = tx.session.execute(
        select(LedgerHead.seq, LedgerHead.hash).where(LedgerHead.id == 1).with_for_update()
    ).one()
    seq = last.seq + 1
    digest = rules.hash_entry(seq, last.hash, entry_id, entry, tx.now, tx.actor.user_id)
    tx.session.execute(
        insert(LedgerSeal).values(entry_id=entry_id, seq=seq, previous_hash=last.hash, hash=digest)
    )


def _refusal(tx: Tx, entry: Entry, error: IntegrityError) -> Exception:
    """Say in the business's words why the database refused."""
    said = str(error.orig)
    if "idempotency_key" in said:
        return AlreadyPosted(key=entry.idempotency_key)
    if "ceiling" in said or "floor" in said:
        return _not_covered(tx, entry)
    return error


def _not_covered(tx: Tx, entry: Entry) -> Exception:
    """Name the account whose bound the entry would pass, what it holds, and what was needed."""
    held = _balances_now(tx, [account_id(a) for a in entry.net()])
    bounded = [
        (a, change, held.get(account_id(a), 0)) for a, change in entry.net().items() if _bounded(a, change)
    ]
    passed = [(a, change, now) for a, change, now in bounded if _passes(a, now + change)]
    account, change, now = (passed or bounded)[0]
    limit = account.ceiling if change > 0 else account.floor
    available = Money(max(0, abs((limit or 0) - now)), account.currency).text()
    needed = Money(abs(change), account.currency).text()
    if account.kind == "fund":
        return Unfunded(available=available, needed=needed, currency=account.currency)
    return NotCovered(account=account.code, available=available, needed=needed, currency=account.currency)


def _bounded(account: Account, change: int) -> bool:
    return (account.ceiling if change > 0 else account.floor) is not None


def _passes(account: Account, balance_after: int) -> bool:
    over = account.ceiling is not None and balance_after > account.ceiling
    return over or (account.floor is not None and balance_after < account.floor)


def _balances_now(tx: Tx, ids: Sequence[str]) -> dict[str, int]:
    """Balances after a refusal. PostgreSQL answers nothing more in the refused transaction: it is asked anew."""
    query = select(LedgerAccount.id, LedgerAccount.balance).where(LedgerAccount.id.in_(ids))
    bind = tx.session.get_bind()
    if isinstance(bind, Engine) and bind.dialect.name == "postgresql":
        with bind.connect() as connection:
            return {row.id: row.balance for row in connection.execute(query)}
    return {row.id: row.balance for row in tx.session.execute(query)}


_ACCOUNTS_AT_ONCE = 10_000
"""Parameters of one question; SQLite takes 32,766."""


def _open_accounts(tx: Tx, accounts: Sequence[Account]) -> None:
    """Open those that are not there yet: mostly none, which one question finds out."""
    ids = [account_id(a) for a in accounts]
    known: set[str] = set()
    for start in range(0, len(ids), _ACCOUNTS_AT_ONCE):
        some = ids[start : start + _ACCOUNTS_AT_ONCE]
        known.update(tx.session.scalars(select(LedgerAccount.id).where(LedgerAccount.id.in_(some))))
    missing = [a for a in accounts if account_id(a) not in known]
    if not missing:
        return
    make = insert_postgresql if tx.session.get_bind().dialect.name == "postgresql" else insert_sqlite
    tx.session.execute(
        make(LedgerAccount).on_conflict_do_nothing(),
        [
            {
                "id": account_id(a), "code": a.code, "book": a.book, "kind": a.kind, "currency": a.currency,
                "balance": 0, "floor": a.floor, "ceiling": a.ceiling,
            }
            for a in missing
        ],
    )  # fmt: skip


def head(tx: Tx) -> tuple[int, str]:
    """Sequence number and hash of the newest entry; (0, zeros) for an empty ledger."""
    row = tx.session.execute(select(LedgerHead.seq, LedgerHead.hash)).one()
    return row.seq, row.hash


def seal_of(tx: Tx, key: str) -> tuple[int, str]:
    """Sequence number and hash of the entry with this idempotency key. Raises NotFound."""
    row = tx.session.execute(
        select(LedgerSeal.seq, LedgerSeal.hash)
        .join(LedgerEntry, LedgerEntry.id == LedgerSeal.entry_id)
        .where(LedgerEntry.idempotency_key == key)
    ).one_or_none()
    if row is None:
        raise NotFound(what="ledger entry", key=key)
    return row.seq, row.hash


def hash_at(tx: Tx, seq: int) -> str | None:
    """The hash of the entry with that sequence number; None when there is none."""
    if seq == 0:
        return rules.GENESIS_HASH
    return tx.session.scalar(select(LedgerSeal.hash).where(LedgerSeal.seq == seq))


# Money in ---------------------------------------------------------------------------------------------


def receive_grant(
    tx: Tx, *, funder: str, fund: str, amount: Money, memo: str = "", grant_id: str | None = None
) -> str:
    """A funder's money enters a fund. grant_id: the client's, booked once. Returns the entry's id."""
    require(tx.actor, Action.FUND_GRANT)
    entry = posting_rules.grant(
        grant_id=grant_id or tx.new_id(), funder=funder, fund=fund, amount=amount, memo=memo
    )
    entry_id = post(tx, entry)
    journal.record(
        tx, Event.GRANT_RECEIVED, entry_id,
        public={"funder": funder, "fund": fund, "amount": amount.minor, "currency": amount.currency},
    )  # fmt: skip
    return entry_id


def exchange(tx: Tx, *, fund: str, given: Money, currency: str, exchange_id: str | None = None) -> Money:
    """Change a fund's money into another currency, at the rate of the day in the table; returns what it gave.

    Nobody names a rate: it comes from the dated table, and is written down. exchange_id: the client's, booked once.
    Raises NotFound (no rate), Unfunded.
    """
    require(tx.actor, Action.FUND_GRANT)
    rate = price_lists.exchange_rate(tx, given.currency, currency, tx.now.date())
    exact = Fraction(given.major()) * rate.rate
    received = Money.from_major(exact, currency)
    said = f"{rate.base}/{rate.counter} {Decimal(rate.rate.numerator) / Decimal(rate.rate.denominator)} {rate.source}"
    entry_id = post(
        tx,
        posting_rules.exchange(
            exchange_id=exchange_id or tx.new_id(), fund=fund, given=given, received=received, memo=said[:200]
        ),
    )
    journal.record(
        tx, Event.MONEY_EXCHANGED, entry_id,
        public={"fund": fund, "given": str(given), "received": str(received), "rate": said[:200]},
    )  # fmt: skip
    return received


def release_money(tx: Tx, *, project: str, fund: str, currency: str, keep: Money) -> Money:
    """What a finished project did not use goes back to its fund, once; returns how much.

    keep: stays reserved (overheads that are paid later).
    """
    left = available(tx, rules.reservation(project, currency))
    unused = Money(max(0, left.minor - keep.minor), currency)
    contingency = available(tx, rules.contingency(project, currency))
    if not unused and not contingency:
        return unused
    entry = posting_rules.release(
        release_id=project, fund=fund, project=project, amount=unused,
        contingency=contingency or None,
    )  # fmt: skip
    post(tx, entry)
    return unused + contingency


def commit_money(tx: Tx, *, quote_id: str, fund: str, project: str, amount: Money, contingency: Money) -> str:
    """Set the fund's share of a price aside for a project, or raise Unfunded with what is missing."""
    free = available(tx, rules.fund(fund, amount.currency))
    needed = amount + contingency
    if free < needed:
        raise Unfunded(available=free.text(), needed=needed.text(), currency=amount.currency)
    entry = posting_rules.commitment(
        commitment_id=quote_id, fund=fund, project=project, amount=amount,
        contingency=contingency or None,
    )  # fmt: skip
    return post(tx, entry)


def set_reserve_aside(
    tx: Tx, *, fund: str, region: str, amount: Money, memo: str = "", reserve_id: str | None = None
) -> str:
    """Keep part of a fund for what projects of a region overrun beyond their contingency.

    reserve_id: the client's, booked once. Raises Unfunded, AlreadyPosted.
    """
    require(tx.actor, Action.FUND_GRANT, regions.place(tx, region))
    entry = posting_rules.reserve(
        reserve_id=reserve_id or tx.new_id(), fund=fund, region=region, amount=amount, memo=memo
    )
    entry_id = post(tx, entry)
    journal.record(
        tx, Event.RESERVE_SET_ASIDE, entry_id, region=region,
        public={"fund": fund, "amount": amount.minor, "currency": amount.currency},
    )  # fmt: skip
    return entry_id


@dataclass(frozen=True, slots=True)
class Obligation:
    """What a project owes although no budget covers it."""

    project: str
    amount: Money


def obligations(tx: Tx, projects: Iterable[str] | None = None) -> list[Obligation]:
    """Unfunded obligations, of all projects or of these, by project."""
    query = select(LedgerAccount).where(LedgerAccount.kind == "unfunded", LedgerAccount.balance > 0)
    if projects is not None:
        query = query.where(LedgerAccount.code.in_([f"unfunded:{project}" for project in projects]))
    return [
        Obligation(row.code.partition(":")[2], Money(row.balance, row.currency))
        for row in tx.session.scalars(query.order_by(LedgerAccount.id))
    ]


def require_no_obligation(tx: Tx, projects: Iterable[str]) -> None:
    """Raise ObligationUnfunded when one of the projects owes what no budget covers: nothing new may start."""
    found = obligations(tx, projects)
    if found:
        raise ObligationUnfunded(amounts=", ".join(str(each.amount) for each in found))


def fund_obligation(tx: Tx, *, project: str, region: str, fund: str, amount: Money) -> str:
    """A fund takes over what a project owes without a budget; region: the project's.

    Raises Unfunded, NotCovered (more than is owed).
    """
    require(tx.actor, Action.FUND_GRANT, regions.place(tx, region))
    entry_id = post(
        tx,
        posting_rules.obligation_funded(funding_id=tx.new_id(), fund=fund, project=project, amount=amount),
    )
    journal.record(
        tx, Event.OBLIGATION_FUNDED, project,
        public={"fund": fund, "amount": amount.minor, "currency": amount.currency},
    )  # fmt: skip
    return entry_id


# What is owed -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Debt:
    """One component of what an accepted delivery owes its facilitator; amounts in minor units."""

    component: str
    gross: int
    withheld: int


def owe(
    tx: Tx, entry: Entry, *, delivery_id: str, instance_id: str, task_id: str, person_id: str, currency: str,
    debts: Sequence[Debt],
) -> str:  # fmt: skip
    """Post an accepted delivery and write down each payable; the same run-time task is never owed twice."""
    entry_id = post(tx, entry)
    tx.session.add_all(
        Payable(
            id=tx.new_id(), delivery_id=delivery_id, instance_id=instance_id, task_id=task_id,
            person_id=person_id, component=d.component, part=1, currency=currency, gross=d.gross,
            withheld=d.withheld, amount=d.gross - d.withheld, entry_id=entry_id, created_at=tx.now,
        )
        for d in debts
        if d.gross - d.withheld > 0
    )  # fmt: skip
    tx.session.flush()
    return entry_id


def owe_without_delivery(
    tx: Tx, entry: Entry, *, person_id: str, component: str, amount: Money, region: str
) -> str:
    """Post what is owed for another cause than a delivery, and write its payable down. Returns the entry's id.

    component: advance, tax or overhead. region: where it is paid.
    """
    entry_id = post(tx, entry)
    tx.session.add(
        Payable(
            id=tx.new_id(), person_id=person_id, component=component, part=1, currency=amount.currency,
            gross=amount.minor, withheld=0, amount=amount.minor, entry_id=entry_id, created_at=tx.now,
            region_code=region, cause=entry.idempotency_key,
        )
    )  # fmt: skip
    tx.session.flush()
    return entry_id


def open_payables(tx: Tx, currency: str | None = None) -> list[Payable]:
    """What is owed and not on its way, oldest first; locked for update on PostgreSQL."""
    query = select(Payable).where(Payable.allocated < Payable.amount)
    if currency:
        query = query.where(Payable.currency == currency)
    return list(tx.session.scalars(query.order_by(Payable.person_id, Payable.id).with_for_update()))


def payables_of_person(tx: Tx, person_id: str) -> list[Payable]:
    """What a person was ever owed, oldest first."""
    return list(
        tx.session.scalars(select(Payable).where(Payable.person_id == person_id).order_by(Payable.id))
    )


def payables_of_deliveries(tx: Tx, delivery_ids: Sequence[str]) -> list[Payable]:
    """What these deliveries owe, oldest first."""
    return list(
        tx.session.scalars(select(Payable).where(Payable.delivery_id.in_(delivery_ids)).order_by(Payable.id))
    )


def payables_of_entry(tx: Tx, entry_id: str) -> list[Payable]:
    """What an entry owes to people, oldest first."""
    return list(tx.session.scalars(select(Payable).where(Payable.entry_id == entry_id).order_by(Payable.id)))


def payables_of_instances(tx: Tx, instance_ids: Sequence[str]) -> list[Payable]:
    """What these instances owe, oldest first."""
    return list(
        tx.session.scalars(select(Payable).where(Payable.instance_id.in_(instance_ids)).order_by(Payable.id))
    )


def all_payables(tx: Tx) -> list[Payable]:
    """Everything that was ever owed, oldest first."""
    return list(tx.session.scalars(select(Payable).order_by(Payable.id)))


def accepted_by(tx: Tx, payable_ids: Sequence[str]) -> set[str]:
    """The accounts that accepted the deliveries these payables come from."""
    query = (
        select(LedgerEntry.actor)
        .join(Payable, Payable.entry_id == LedgerEntry.id)
        .where(LedgerEntry.kind == "delivery")
    )
    return set(tx.session.scalars(query.where(Payable.id.in_(payable_ids)).distinct()))


def payable(tx: Tx, payable_id: str) -> Payable | None:
    """One payable; None when there is none."""
    return tx.session.get(Payable, payable_id)


@dataclass(frozen=True, slots=True)
class Owed:
    """Sums of payables in one currency, minor units."""

    gross: int
    withheld: int
    net: int
    allocated: int
    settled: int


def totals(tx: Tx, currency: str, instance_ids: Sequence[str] | None = None) -> Owed:
    """What was ever owed in a currency, in all or for these instances."""
    columns = (Payable.gross, Payable.withheld, Payable.amount, Payable.allocated, Payable.settled)
    query = select(*(func.coalesce(func.sum(c), 0) for c in columns)).where(Payable.currency == currency)
    if instance_ids is not None:
        query = query.where(Payable.instance_id.in_(instance_ids))
    return Owed(*(int(v) for v in tx.session.execute(query).one()))


def accounts(tx: Tx) -> list[LedgerAccount]:
    """The chart of accounts with balances, by book and code."""
    return list(
        tx.session.scalars(select(LedgerAccount).order_by(LedgerAccount.book.desc(), LedgerAccount.id))
    )


def funds(tx: Tx) -> list[tuple[str, str, int]]:
    """Each fund's id, currency and what it has free, in minor units."""
    return [
        (a.code.partition(":")[2], a.currency, max(0, -a.balance)) for a in accounts(tx) if a.kind == "fund"
    ]


def postings_sum(tx: Tx) -> int:
    """The sum of all postings; zero in a ledger that is right."""
    return int(tx.session.scalar(select(func.coalesce(func.sum(LedgerPosting.amount), 0))) or 0)


@dataclass(frozen=True, slots=True)
class EntryView:
    """An entry with its seal and lines, for reading."""

    id: str
    seq: int
    kind: str
    key: str
    memo: str
    posted_at: object
    actor: str
    lines: tuple[tuple[str, str, int], ...]
    """(account code, currency, minor)."""


def entries(
    tx: Tx, *, limit: int = 100, before_seq: int | None = None, account: str | None = None
) -> list[EntryView]:
    """Entries, newest first; with `account` (its row's id) only those that touch it."""
    query = select(LedgerEntry, LedgerSeal.seq).join(LedgerSeal, LedgerSeal.entry_id == LedgerEntry.id)
    if before_seq is not None:
        query = query.where(LedgerSeal.seq < before_seq)
    if account is not None:
        touching = select(LedgerPosting.entry_id).where(LedgerPosting.account_id == account)
        query = query.where(LedgerEntry.id.in_(touching))
    found = tx.session.execute(query.order_by(LedgerSeal.seq.desc()).limit(limit)).all()
    lines = _lines(tx, [e.id for e, _ in found])
    return [
        EntryView(e.id, seq, e.kind, e.idempotency_key, e.memo, e.posted_at, e.actor, tuple(lines[e.id]))
        for e, seq in found
    ]


def entry(tx: Tx, entry_id: str) -> tuple[EntryView, LedgerSeal]:
    """An entry with its link in the chain. Raises NotFound."""
    row, seal = tx.session.get(LedgerEntry, entry_id), tx.session.get(LedgerSeal, entry_id)
    if row is None or seal is None:
        raise NotFound(what="ledger entry", key=entry_id)
    lines = tuple(_lines(tx, [entry_id])[entry_id])
    view = EntryView(
        row.id, seal.seq, row.kind, row.idempotency_key, row.memo, row.posted_at, row.actor, lines
    )
    return view, seal


def entry_value(tx: Tx, entry_id: str) -> Entry:
    """An entry as the core's value. Raises NotFound."""
    row = tx.session.get(LedgerEntry, entry_id)
    if row is None:
        raise NotFound(what="ledger entry", key=entry_id)
    lines = tx.session.execute(
        select(LedgerPosting.amount, LedgerAccount)
        .join(LedgerAccount, LedgerAccount.id == LedgerPosting.account_id)
        .where(LedgerPosting.entry_id == entry_id)
        .order_by(LedgerPosting.line)
    )
    postings = tuple(Posting(_account_value(account), amount) for amount, account in lines)
    return Entry(row.kind, row.idempotency_key, postings, row.memo, row.reverses_id)


def _lines(tx: Tx, entry_ids: Sequence[str]) -> dict[str, list[tuple[str, str, int]]]:
    rows = tx.session.execute(
        select(LedgerPosting.entry_id, LedgerAccount.code, LedgerAccount.currency, LedgerPosting.amount)
        .join(LedgerAccount, LedgerAccount.id == LedgerPosting.account_id)
        .where(LedgerPosting.entry_id.in_(entry_ids))
        .order_by(LedgerPosting.entry_id, LedgerPosting.line)
    )
    lines: dict[str, list[tuple[str, str, int]]] = {entry_id: [] for entry_id in entry_ids}
    for row in rows:
        lines[row.entry_id].append((row.code, row.currency, row.amount))
    return lines


# Checking ---------------------------------------------------------------------------------------------


def verify(tx: Tx) -> Iterator[Finding]:
    """Recompute the chain, the balances, both books and every payable from the postings."""
    yield from verify_chain(tx)
    yield from _verify_balances(tx)
    yield from _verify_payables(tx)


_CHUNK = 5_000
_SEALED_ENTRIES = text(
    "SELECT s.seq, s.previous_hash, s.hash, e.id, e.kind, e.idempotency_key, e.reverses_id, e.posted_at,"
    " e.actor, e.memo FROM ledger_seal s JOIN ledger_entry e ON e.id = s.entry_id ORDER BY s.seq"
)
_SEALED_LINES = text(
    "SELECT s.seq, p.account_id, p.amount FROM ledger_seal s JOIN ledger_posting p ON p.entry_id = s.entry_id"
    " ORDER BY s.seq, p.line"
)


def verify_chain(tx: Tx) -> Iterator[Finding]:
    """Recompute the seal of every entry.

    Two ordered streams side by side, entries and their lines: bounded memory, and no query per entry.
    """
    table = {a.id: _account_value(a) for a in accounts(tx)}
    for account in table.values():
        if not rules.is_as_made(account):
            yield Finding(
                "ledger-account-changed", f"account {account.code} {account.currency}",
                "Its kind, book or bounds are not those of such an account.",
            )  # fmt: skip
    prefixes = {key: rules.posting_prefix(account) for key, account in table.items()}
    previous, count = rules.GENESIS_HASH, 0
    lines = _lines_of(tx)
    for row in _streamed(tx, _SEALED_ENTRIES):
        count += 1
        found = lines(row.seq)
        place = f"ledger entry {row.seq} ({row.idempotency_key})"
        reason = _broken(row, found, table)
        digest = "" if reason else _digest(row, previous, found, prefixes)
        if reason:
            yield Finding(
                "ledger-entry-broken", place, f"The entry is not one that could be posted: {reason}"
            )
        if digest != row.hash or row.previous_hash != previous or row.seq != count:
            yield Finding("ledger-entry-changed", place, "The entry is not what was sealed.")
        previous = row.hash
    if head(tx) != (count, previous):
        yield Finding("ledger-head", "ledger", "The chain does not end at its head: entries are missing.")


def _streamed(tx: Tx, query: TextClause) -> Iterator[Row[Any]]:
    """Rows as they come, on PostgreSQL by a cursor of the server; values as the driver gives them."""
    return iter(tx.session.execute(query, execution_options={"yield_per": _CHUNK}))


def _lines_of(tx: Tx) -> Callable[[int], list[tuple[str, int]]]:
    """Gives the (account id, amount) lines of each entry, asked for in the order of the chain."""
    groups = groupby((tuple(line) for line in _streamed(tx, _SEALED_LINES)), key=itemgetter(0))
    ahead: list[tuple[int, list[tuple[str, int]]]] = []

    def lines(seq: int) -> list[tuple[str, int]]:
        if not ahead:
            for number, group in groups:
                ahead.append((number, [(account, amount) for _, account, amount in group]))
                break
        return ahead.pop()[1] if ahead and ahead[0][0] == seq else []

    return lines


def _broken(row: Row[Any], lines: list[tuple[str, int]], table: Mapping[str, Account]) -> str:
    """Why the entry could not have been posted; "" when it could."""
    sums: dict[tuple[str, str], int] = {}
    sound = len(lines) > 1 and (row.kind == "reversal") == (row.reverses_id is not None)
    for account_id_, amount in lines:
        account = table.get(account_id_)
        if account is None or not amount:
            sound = False
            continue
        key = (account.book, account.currency)
        sums[key] = sums.get(key, 0) + amount
    if sound and not any(sums.values()):
        return ""
    try:
        postings = tuple(Posting(table[key], amount) for key, amount in lines)
        Entry(row.kind, row.idempotency_key, postings, row.memo, row.reverses_id)
    except (LedgerError, KeyError) as error:
        return str(error)
    return "its lines do not add up"


def _digest(row: Row[Any], previous: str, lines: list[tuple[str, int]], prefixes: Mapping[str, str]) -> str:
    when = row.posted_at  # SQLite has text, in UTC as it was bound
    text_ = when.replace(" ", "T") + "Z" if isinstance(when, str) else rules.canonical_time(when)
    return hashlib.sha256(
        rules.canonical_text(
            seq=row.seq, previous_hash=previous, entry_id=row.id, kind=row.kind, key=row.idempotency_key,
            memo=row.memo, reverses=row.reverses_id, posted_at=text_, actor=row.actor,
            postings=[f"{prefixes[key]}{amount}]" for key, amount in lines],
        )
    ).hexdigest()  # fmt: skip


def _account_value(row: LedgerAccount) -> Account:
    book = "budget" if row.book == "budget" else "actual"
    return Account(row.code, book, row.kind, row.currency, row.floor, row.ceiling)  # type: ignore[arg-type]


def _verify_balances(tx: Tx) -> Iterator[Finding]:
    sums: Mapping[str, int] = {
        r.account_id: int(r.total)
        for r in tx.session.execute(
            select(LedgerPosting.account_id, func.sum(LedgerPosting.amount).label("total")).group_by(
                LedgerPosting.account_id
            )
        )
    }
    books: dict[tuple[str, str], int] = {}
    for account in accounts(tx):
        recomputed = sums.get(account.id, 0)
        if account.balance != recomputed:
            yield Finding(
                "ledger-balance", f"account {account.code} {account.currency}",
                f"The balance says {account.balance}, its postings sum to {recomputed}.",
            )  # fmt: skip
        key = (account.book, account.currency)
        books[key] = books.get(key, 0) + recomputed
    for (book, currency), rest in books.items():
        if rest:
            yield Finding(
                "ledger-book", f"{book} book {currency}", f"It does not balance: {rest} is left over."
            )


_OWING = ("delivery", "advance", "withholding_due", "overhead")
"""Kinds of entries that come with payables."""


def _verify_payables(tx: Tx) -> Iterator[Finding]:
    """Each payee's account must equal what the payables say is owed and not yet ordered from a bank."""
    credit: dict[tuple[str, str, str], int] = {}
    for row in tx.session.execute(
        select(LedgerEntry.id, LedgerAccount.code, LedgerAccount.currency, LedgerPosting.amount)
        .join(LedgerPosting, LedgerPosting.entry_id == LedgerEntry.id)
        .join(LedgerAccount, LedgerAccount.id == LedgerPosting.account_id)
        .where(LedgerEntry.kind.in_(_OWING), LedgerAccount.kind == "payable")
    ):
        key = (row.id, row.code, row.currency)
        credit[key] = credit.get(key, 0) - row.amount
    for payable_row in tx.session.scalars(select(Payable).order_by(Payable.id)):
        key = (payable_row.entry_id, f"payable:{payable_row.person_id}", payable_row.currency)
        credit[key] = credit.get(key, 0) - payable_row.amount
    for (entry_id, code, currency), rest in credit.items():
        if rest:
            yield Finding(
                "payable-changed", f"ledger entry {entry_id}, {code}",
                f"The ledger and the payables differ by {rest} {currency} (minor units).",
            )  # fmt: skip
