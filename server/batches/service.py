"""Payment batches: collect, submit, approve by another person, export as a frozen file, read the answer.

The database has the same rules: nothing is allocated beyond what is owed, nobody approves an own batch, and
the steps of batches and payments are those of payments.batches.TRANSITIONS.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import cast

from sqlalchemy import func, select

from payments import batches as rules
from payments import identifiers, posting_rules
from payments import ledger as accounts
from payments.answers import mobile_money as mobile_money_answers
from payments.answers import pain002
from payments.answers.iso20022 import MINOR_MAX
from payments.answers.matching import Answer, AnswerItem, distinct_keys, match_answer
from payments.batches import CreditTransfer
from payments.errors import InvalidRib, RefusedTransfers
from payments.rails import mobile_money, pain001, table_file
from payments.rails.profiles import BankProfile, MobileMoneyProfile, TableProfile, profile
from pricing.money import Money
from server.actor import Action, Object, can, require
from server.batches import approvals, cover
from server.batches.models import (
    Allocation as Allocation,
)
from server.batches.models import (
    BankDecision as BankDecision,
)
from server.batches.models import (
    BankEntry as BankEntry,
)
from server.batches.models import (
    BankFile as BankFile,
)
from server.batches.models import (
    BatchRow as BatchRow,
)
from server.batches.models import (
    PayingAccount as PayingAccount,
)
from server.batches.models import (
    PaymentRow as PaymentRow,
)
from server.errors import Conflict, NotFound, SamePerson, WrongState
from server.findings import Finding
from server.instances import service as instances
from server.journal import service as journal
from server.journal.service import Event
from server.ledger import claims
from server.ledger import service as ledger
from server.people import service as people
from server.projects import service as projects
from server.regions import service as regions
from server.runtime import Tx
from workflows.errors import InvalidInput, RunError
from workflows.problems import Problem, blocking

NEW_ACCOUNT = timedelta(days=14)
"""How long a payee's changed account is pointed out to those who prepare and approve."""


class NothingToPay(Conflict):
    code = "nothing-to-pay"
    message = (
        "There is nothing to pay on this rail: everything owed is on its way or below the rail's minimum."
    )


class ContentChanged(Conflict):
    code = "batch-changed"
    message = "The batch is not the one that was submitted. Cancel it and collect it again."


class FileKnown(Conflict):
    code = "file-known"
    message = "This file was read on %(when)s already. Nothing was booked twice."


def add_paying_account(
    tx: Tx, *, code: str, profile_name: str, currency: str, holder_name: str, identifier: str, agent: str,
    country: str, town: str,
) -> str:  # fmt: skip
    """Register an account of the franchise that batches are paid from. Raises UnknownProfile."""
    require(tx.actor, Action.BATCH_PREPARE, Object(region_path=f"{country}/"))
    found = profile(profile_name)
    is_bank = isinstance(found, BankProfile) or (
        isinstance(found, TableProfile) and found.accounts != {"wallet"}
    )
    rail = "bank" if is_bank else "mobile_money"
    row = PayingAccount(
        id=tx.new_id(), code=code, rail=rail, profile=profile_name, currency=currency,
        holder_name=holder_name, identifier=identifier, agent=agent, country=country, town=town,
    )  # fmt: skip
    tx.session.add(row)
    tx.session.flush()
    return row.id


def place(account: PayingAccount) -> Object:
    """A paying account as an object of `can`: it belongs to its country."""
    return Object(region_path=f"{account.country}/")


def paying_account(tx: Tx, account_id: str) -> PayingAccount:
    """Raises NotFound."""
    row = tx.session.get(PayingAccount, account_id)
    if row is None:
        raise NotFound(what="paying account", key=account_id)
    return row


def paying_accounts(tx: Tx) -> list[PayingAccount]:
    """The accounts money is paid from, by code."""
    return list(tx.session.scalars(select(PayingAccount).order_by(PayingAccount.code)))


# Collecting -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Selection:
    """Which part of what is owed on a rail a batch takes. The rail's own limits hold beside it.

    fund: None = of every fund, "" = of what belongs to none (advances, tax). until: owed on that day or before.
    minimum: of a payment, most: of the batch, in minor units; whose payment does not fit waits, oldest debts first.
    """

    fund: str | None = None
    until: date | None = None
    minimum: int = 1
    most: int | None = None


EVERYTHING = Selection()


@dataclass(frozen=True, slots=True)
class LeftOut:
    """What a batch would leave owed to somebody, minor units, and why.

    why: held (a changed account nobody has checked), small (below the minimum), rest (the rail's maximum or
    multiple, or the batch's limit).
    """

    person_id: str
    minor: int
    why: str


@dataclass(frozen=True, slots=True)
class Plan:
    """What a batch would hold. not_chosen: what is owed on the rail of other funds or later, minor units."""

    payments: tuple[rules.PlannedPayment, ...]
    carried_over: tuple[rules.Allocation, ...]
    left_out: tuple[LeftOut, ...]
    not_chosen: int

    @property
    def total(self) -> int:
        """In minor units."""
        return sum(payment.amount.minor for payment in self.payments)


def collect(
    tx: Tx, account_id: str, *, execution_date: date, reference: str | None = None,
    wanted: Selection = EVERYTHING,
) -> str:  # fmt: skip
    """Collect what is owed on a paying account's rail into a draft batch: one payment a payee.

    What a rail's limits or the selection leave out stays owed. Raises NothingToPay, InvalidInput (a day that is over).
    Returns the batch's id.
    """
    account = paying_account(tx, account_id)
    require(tx.actor, Action.BATCH_PREPARE, place(account))
    if execution_date < tx.now.date():
        raise InvalidInput(
            [Problem("day-of-execution", "Choose a day of execution, today or later.", "execution_date")]
        )
    plan = preview(tx, account_id, wanted)
    if not plan.payments:
        raise NothingToPay
    batch = BatchRow(
        id=tx.new_id(), reference=reference or _next_reference(tx, execution_date),
        paying_account_id=account_id, currency=account.currency, execution_date=execution_date,
        prepared_by=tx.actor.user_id, prepared_at=tx.now,
    )  # fmt: skip
    tx.session.add(batch)
    tx.session.flush()
    for number, planned in enumerate(plan.payments, start=1):
        _add_payment(tx, batch, number, planned)
    journal.record(
        tx, Event.BATCH_COLLECTED, batch.id,
        public={"reference": batch.reference, "payments": len(plan.payments), "currency": batch.currency},
    )  # fmt: skip
    return batch.id


def preview(tx: Tx, account_id: str, wanted: Selection = EVERYTHING) -> Plan:
    """What a batch on this paying account would hold now of what is owed in its country, and what stays."""
    account = paying_account(tx, account_id)
    rail = profile(account.profile)
    open_ones, held, not_chosen = [], people.held_accounts(tx), 0
    unchecked: dict[str, int] = {}
    owed = _of_country(tx, ledger.open_payables(tx, account.currency), account.country)
    funds = payable_funds(tx, owed) if wanted.fund is not None else {}
    for payable in owed:
        payee = people.payee_account(tx, payable.person_id)
        if payee is None or payee.kind not in rail.accounts or _prefers_other(account, payee.kind):
            continue
        left = payable.amount - payable.allocated
        if (wanted.until and payable.created_at.date() > wanted.until) or (
            wanted.fund is not None and funds[payable.id] != wanted.fund
        ):
            not_chosen += left
            continue
        if payable.person_id in held:  # nobody has checked the changed account: it stays owed
            unchecked[payable.person_id] = unchecked.get(payable.person_id, 0) + left
            continue
        open_ones.append(
            rules.Payable(
                payable.id, payable.person_id, _account(payee.kind, payee.identifier, payee.agent),
                Money(left, payable.currency), payable.created_at.date(),
            )
        )  # fmt: skip
    found = rules.collect(open_ones, _limits(rail.limits, wanted), most=wanted.most)
    left_out = [LeftOut(person_id, minor, "held") for person_id, minor in unchecked.items()]
    left_out += _remainders(found, open_ones, max(rail.limits.minimum, wanted.minimum))
    return Plan(found.payments, found.carried_over, tuple(left_out), not_chosen)


def _limits(rail: rules.Limits, wanted: Selection) -> rules.Limits:
    """The rail's limits with a higher minimum. Raises InvalidLimits where no amount is left between them."""
    return rules.Limits(max(rail.minimum, wanted.minimum), rail.maximum, rail.multiple)


def _remainders(found: rules.Collection, owed: Sequence[rules.Payable], minimum: int) -> Iterator[LeftOut]:
    payees = {p.payable_id: p.payee_id for p in owed}
    total: dict[str, int] = {}
    carried: dict[str, int] = {}
    for p in owed:
        total[p.payee_id] = total.get(p.payee_id, 0) + p.amount.minor
    for part in found.carried_over:
        payee = payees[part.payable_id]
        carried[payee] = carried.get(payee, 0) + part.amount.minor
    for payee, minor in carried.items():
        yield LeftOut(payee, minor, "small" if total[payee] < minimum else "rest")


def payable_funds(tx: Tx, rows: Sequence[ledger.Payable]) -> dict[str, str]:
    """The fund each payable is paid out of, by payable: its project's; "" for what belongs to no project."""
    known = instances.instances(tx, sorted({row.instance_id for row in rows if row.instance_id}))
    funds = {row.id: row.fund for row in projects.projects(tx)}
    found = {}
    for row in rows:
        project = known[row.instance_id].project_id if row.instance_id else None
        if row.component == "overhead":
            project = (row.cause or "").split(":")[1]
        found[row.id] = funds.get(project or "", "")
    return found


def _of_country(tx: Tx, rows: Sequence[ledger.Payable], country: str) -> list[ledger.Payable]:
    """What work in a country owes: countries that share a currency share neither money nor officers."""
    paths = payable_paths(tx, rows)
    return [row for row in rows if paths[row.id].startswith(f"{country}/")]


def payable_paths(tx: Tx, rows: Sequence[ledger.Payable]) -> dict[str, str]:
    """The path of the region each payable belongs to, by payable: its instance's, else its own."""
    found = instances.instances(tx, sorted({row.instance_id for row in rows if row.instance_id}))
    codes = {
        row.id: found[row.instance_id].region_code if row.instance_id else row.region_code or ""
        for row in rows
    }
    known = regions.regions(tx, sorted(set(codes.values())))
    return {payable_id: known[code].path for payable_id, code in codes.items()}


def visible_payables(tx: Tx, rows: Sequence[ledger.Payable]) -> list[ledger.Payable]:
    """Those of the payables that the actor may see."""
    paths = payable_paths(tx, rows)
    return [row for row in rows if can(tx.actor, Action.BATCH_READ, Object(paths[row.id]))]


def _account(kind: str, identifier: str, agent: str) -> rules.PayeeAccount:
    """The core's value of an account; the column's check keeps the kind to those there are."""
    return rules.PayeeAccount(cast(rules.AccountKind, kind), identifier, agent)


def _prefers_other(account: PayingAccount, kind: str) -> bool:
    """A wallet is paid by mobile money, even where a bank would also take it."""
    return account.rail == "bank" and kind == "wallet"


def _next_reference(tx: Tx, day: date) -> str:
    prefix = f"RUN-{day:%Y%m%d}-"
    count = tx.session.scalar(
        select(func.count()).select_from(BatchRow).where(BatchRow.reference.startswith(prefix))
    )
    return f"{prefix}{(count or 0) + 1:02d}"


def _add_payment(tx: Tx, batch: BatchRow, number: int, planned: rules.PlannedPayment) -> None:
    person = people.person(tx, planned.payee_id)
    account = people.payee_account(tx, planned.payee_id)
    assert account is not None, "it was collected with one"
    row = PaymentRow(
        id=tx.new_id(), batch_id=batch.id, person_id=person.id, payee_account_id=account.id,
        account_kind=planned.account.kind, account_identifier=planned.account.identifier,
        account_agent=planned.account.agent, payee_name=account.holder_name, payee_country=person.country,
        payee_town=person.town, currency=batch.currency, amount=planned.amount.minor,
        end_to_end_id=f"{batch.reference}-{number:04d}", uetr=tx.ids.new_uetr(),
        reference=identifiers.creditor_reference(f"{batch.reference}{number:04d}".replace("-", "")),
        retries_id=_failed_before(tx, [a.payable_id for a in planned.allocations]),
    )  # fmt: skip
    tx.session.add(row)
    tx.session.flush()
    tx.session.add_all(
        Allocation(payment_id=row.id, payable_id=a.payable_id, amount=a.amount.minor)
        for a in planned.allocations
    )
    tx.session.flush()


def _failed_before(tx: Tx, payable_ids: Sequence[str]) -> str | None:
    """The failed payment this one makes good; each is retried by one payment only."""
    retried = select(PaymentRow.retries_id).where(PaymentRow.retries_id.is_not(None))
    return tx.session.scalar(
        select(PaymentRow.id)
        .join(Allocation, Allocation.payment_id == PaymentRow.id)
        .where(
            Allocation.payable_id.in_(payable_ids), PaymentRow.state.in_(("rejected", "returned")),
            PaymentRow.id.not_in(retried),
        )
        .order_by(PaymentRow.id)
        .limit(1)
    )  # fmt: skip


# Submitting and approving -----------------------------------------------------------------------------


def batch(tx: Tx, batch_id: str) -> BatchRow:
    """Raises NotFound."""
    row = tx.session.get(BatchRow, batch_id)
    if row is None:
        raise NotFound(what="batch", key=batch_id)
    return row


def visible(tx: Tx, batch_id: str) -> BatchRow:
    """The batch, if the actor may see it. Raises NotFound."""
    row = batch(tx, batch_id)
    if not can(tx.actor, Action.BATCH_READ, place(paying_account(tx, row.paying_account_id))):
        raise NotFound(what="batch", key=batch_id)
    return row


def visible_accounts(tx: Tx) -> dict[str, PayingAccount]:
    """The accounts the actor may see batches of, by id, in the order of their codes."""
    return {row.id: row for row in paying_accounts(tx) if can(tx.actor, Action.BATCH_READ, place(row))}


def _locked(tx: Tx, batch_id: str) -> BatchRow:
    row = tx.session.get(BatchRow, batch_id, with_for_update=True, populate_existing=True)
    if row is None:
        raise NotFound(what="batch", key=batch_id)
    return row


def _may(row: BatchRow, wanted: str) -> None:
    if wanted not in rules.TRANSITIONS["batch"].get(row.state, frozenset()):
        raise WrongState(what="batch", state=row.state)


def _step(row: BatchRow, wanted: str) -> None:
    _may(row, wanted)
    row.state = wanted


def transfers(tx: Tx, batch_id: str) -> list[CreditTransfer]:
    """The batch's payments as the core's values, in the order of the file."""
    return [transfer(p) for p in payments(tx, batch_id)]


def transfer(row: PaymentRow) -> CreditTransfer:
    """A payment as the core's value."""
    return CreditTransfer(
        payment_id=row.id, end_to_end_id=row.end_to_end_id, uetr=row.uetr, payee_id=row.person_id,
        payee_name=row.payee_name,
        account=_account(row.account_kind, row.account_identifier, row.account_agent),
        amount=Money(row.amount, row.currency), reference=row.reference, town=row.payee_town,
        country=row.payee_country,
    )  # fmt: skip


def content_sha256(tx: Tx, row: BatchRow) -> str:
    """Digest of everything an approval binds to."""
    account = paying_account(tx, row.paying_account_id)
    terms = {
        "reference": row.reference, "account": account.identifier, "profile": account.profile,
        "execution_date": row.execution_date.isoformat(),
    }  # fmt: skip
    return rules.content_sha256(transfers(tx, row.id), terms)


def check(tx: Tx, batch_id: str) -> tuple[Problem, ...]:
    """What would keep the batch from being exported, and whose account is new; each place is a payment's id."""
    row = batch(tx, batch_id)
    found = profile(paying_account(tx, row.paying_account_id).profile)
    moved = transfers(tx, batch_id)
    problems = list(rules.check_transfers(moved))
    if isinstance(found, MobileMoneyProfile):
        known = {(p.code, p.place) for p in problems}
        problems += [p for p in mobile_money.check(moved, found) if (p.code, p.place) not in known]
    return (*problems, *_found_since(tx, row), *_changed_accounts(tx, batch_id))


def _found_since(tx: Tx, row: BatchRow) -> Iterator[Problem]:
    """What may have become wrong about a batch since it was collected: its day, and accounts of its payees."""
    yield from _passed_day(tx, row)
    yield from _held_accounts(tx, row.id)


def _passed_day(tx: Tx, row: BatchRow) -> Iterator[Problem]:
    """A bank refuses an order for a day that is over. Tables name no day: the company pays them as they come."""
    if row.state not in ("draft", "submitted", "approved") or row.execution_date >= tx.now.date():
        return
    if isinstance(profile(paying_account(tx, row.paying_account_id).profile), BankProfile):
        yield Problem(
            "day-passed",
            "The day of execution, %(day)s, is over: the bank would refuse the file. Cancel the batch and collect it "
            "again for today or a later day. The day is part of what is approved.",
            "execution_date", params={"day": row.execution_date.isoformat()},
        )  # fmt: skip


def _held_accounts(tx: Tx, batch_id: str) -> Iterator[Problem]:
    """What was found out about an account after its payment was put into the batch."""
    if batch(tx, batch_id).exported_at is not None:
        return
    for payment in payments(tx, batch_id):
        found = people.account_check(tx, payment.payee_account_id)
        if found is not None and found.verdict == "refused":
            yield Problem(
                "account-refused",
                "Somebody has found out that this account is not the payee’s: nothing is paid to it. Cancel the "
                "batch and collect it again, once another account is known.",
                payment.id,
            )


def _changed_accounts(tx: Tx, batch_id: str) -> Iterator[Problem]:
    """Who steals a payment changes the account first: a warning where one is new, unless it is the first."""
    moved = payments(tx, batch_id)
    known = people.payee_accounts(tx, [p.person_id for p in moved])
    for payment in moved:
        rows = known.get(payment.person_id, [])
        at = next((n for n, row in enumerate(rows) if row.id == payment.payee_account_id), 0)
        if at == 0 or rows[at - 1].identifier == rows[at].identifier:
            continue
        if rows[at].valid_from > tx.now - NEW_ACCOUNT:
            yield Problem(
                "account-changed",
                "This account was changed on %(day)s. Ask the payee in person, or by the phone number known before, "
                "whether it is theirs.",
                payment.id, "warning", {"day": rows[at].valid_from.date().isoformat()},
            )  # fmt: skip


def _refuse_own_work(tx: Tx, batch_id: str) -> None:
    """Performer, verifier and payer are three people: raise SamePerson for who did or accepted what is paid."""
    moved = payments(tx, batch_id)
    if tx.actor.person_id is not None and tx.actor.person_id in {p.person_id for p in moved}:
        raise SamePerson(first="doing the work", second="paying for it")
    paid = [a.payable_id for rows in allocations(tx, [p.id for p in moved]).values() for a in rows]
    if tx.actor.user_id in ledger.accepted_by(tx, paid):
        raise SamePerson(first="accepting a delivery", second="paying for it")


def _refuse_what_was_found_since(tx: Tx, row: BatchRow) -> None:
    """Between the submission and the file an account may be found not to be the payee's, and the day may pass."""
    problems = tuple(_found_since(tx, row))
    if problems:
        raise InvalidInput(problems)


def submit(tx: Tx, batch_id: str) -> str:
    """Hand a draft over for approval; its content is frozen. Returns its digest.

    Raises InvalidInput, and SamePerson for who did or accepted what it pays.
    """
    row = _locked(tx, batch_id)
    require(tx.actor, Action.BATCH_PREPARE, place(paying_account(tx, row.paying_account_id)))
    _may(row, "submitted")
    _refuse_own_work(tx, batch_id)
    problems = check(tx, batch_id)
    if blocking(problems):
        raise InvalidInput(problems)
    row.approval_roles = ",".join(_required_roles(tx, row))
    row.content_sha256, row.submitted_at, row.state = content_sha256(tx, row), tx.now, "submitted"
    tx.session.flush()
    journal.record(tx, Event.BATCH_SUBMITTED, batch_id, public={"content": row.content_sha256})
    return row.content_sha256


def _required_roles(tx: Tx, row: BatchRow) -> tuple[str, ...]:
    total = Money(sum(p.amount for p in payments(tx, row.id)), row.currency)
    return approvals.required_roles(tx, total, funds_of(tx, row.id))


def funds_of(tx: Tx, batch_id: str) -> set[str]:
    """The funds of the projects whose work a batch pays."""
    paid = [
        a.payable_id
        for rows in allocations(tx, [p.id for p in payments(tx, batch_id)]).values()
        for a in rows
    ]
    rows = [found for payable_id in paid if (found := ledger.payable(tx, payable_id)) is not None]
    return set(payable_funds(tx, rows).values()) - {""}


class ApprovedBefore(Conflict):
    code = "approved-before"
    message = "You have approved this batch already. It still needs the approval of somebody else."


def approve(tx: Tx, batch_id: str, *, content: str) -> bool:
    """Approve a submitted batch, by somebody who neither prepared it nor did or accepted what it pays.

    content: the digest the approver saw. Returns whether the batch is approved now; otherwise others have to. Raises
    SamePerson, ContentChanged, WrongState, ApprovedBefore, InvalidInput (an account was refused meanwhile, the day of
    execution is over).
    """
    row = _locked(tx, batch_id)
    subject = place(paying_account(tx, row.paying_account_id))
    require(tx.actor, Action.BATCH_APPROVE, subject)
    if row.prepared_by == tx.actor.user_id:
        raise SamePerson(first="preparing a batch", second="approving it")
    _may(row, "approved")
    _refuse_own_work(tx, batch_id)
    if content != row.content_sha256 or content_sha256(tx, row) != row.content_sha256:
        raise ContentChanged
    _refuse_what_was_found_since(tx, row)
    before = approvals.of_batch(tx, row)
    if tx.actor.user_id in {a.approved_by for a in before.given}:
        raise ApprovedBefore
    now = approvals.give(tx, row, subject)
    if now.missing:
        journal.record(
            tx, Event.BATCH_APPROVED_IN_PART, batch_id, public={"content": content, "open": list(now.missing)}
        )
        return False
    row.approved_by, row.approved_at, row.state = tx.actor.user_id, tx.now, "approved"
    tx.session.flush()
    journal.record(
        tx, Event.BATCH_APPROVED, batch_id, public={"content": content},
        private={"prepared_by": row.prepared_by},
    )  # fmt: skip
    return True


def cancel(tx: Tx, batch_id: str) -> None:
    """Give up a batch that has not left the house; everything in it is owed again."""
    row = _locked(tx, batch_id)
    require(tx.actor, Action.BATCH_PREPARE, place(paying_account(tx, row.paying_account_id)))
    _step(row, "cancelled")
    for payment in payments(tx, batch_id):
        payment.state = "cancelled"
    tx.session.flush()
    journal.record(tx, Event.BATCH_CANCELLED, batch_id, public={"reference": row.reference})


# Exporting --------------------------------------------------------------------------------------------


def export(tx: Tx, batch_id: str) -> str:
    """Write the file of an approved batch, once, and freeze it. Returns its SHA-256.

    The file is on disk before the row that names it is committed. Raises WrongState (exported already),
    RefusedTransfers, ContentChanged, InvalidInput (as approve).
    """
    row = _locked(tx, batch_id)
    require(tx.actor, Action.BATCH_EXPORT, place(paying_account(tx, row.paying_account_id)))
    _may(row, "exported")
    if content_sha256(tx, row) != row.content_sha256:
        raise ContentChanged
    _refuse_what_was_found_since(tx, row)
    account = paying_account(tx, row.paying_account_id)
    moved = transfers(tx, batch_id)
    name, content = _write(row, account, moved)
    row.file_sha256, row.file_name, row.exported_at = tx.files.put(content), name, tx.now
    row.state = "exported"
    for payment in payments(tx, batch_id):
        payment.state = "in_transit"
    tx.session.flush()
    ledger.post(
        tx,
        posting_rules.exported(
            batch_id=batch_id, rail_account=account.code,
            payments=[(t.payee_id, t.amount) for t in moved], memo=row.reference,
        ),
    )  # fmt: skip
    seq, head = ledger.head(tx)
    row.signers = cover.signers(tx, row)
    row.cover_sha256 = tx.files.put(cover.write(tx, row, account, content, seq=seq, head=head))
    tx.session.flush()
    journal.record(
        tx, Event.BATCH_EXPORTED, batch_id,
        public={
            "reference": row.reference, "file": row.file_sha256, "payments": len(moved),
            "total": sum(t.amount.minor for t in moved), "currency": row.currency, "cover": row.cover_sha256,
        },
    )  # fmt: skip
    return row.file_sha256


def _write(row: BatchRow, account: PayingAccount, moved: list[CreditTransfer]) -> tuple[str, bytes]:
    found = profile(account.profile)
    if isinstance(found, TableProfile):
        return f"{row.reference}.{found.form}", table_file.write(moved, found).content
    if isinstance(found, MobileMoneyProfile):
        return f"{row.reference}.momo.csv", mobile_money.write(moved, found).content
    assert row.approved_at is not None, "an approved batch has a time of approval"
    out = io.BytesIO()
    head = pain001.payment_information(
        row.reference, moved, execution_date=row.execution_date,
        debtor=pain001.Debtor(
            account.holder_name,
            rules.PayeeAccount(_kind_of(account.identifier), account.identifier, account.agent),
            account.town, account.country,
        ),
        profile=found,
    )  # fmt: skip
    pain001.write(
        out, message_id=row.reference, created_at=row.approved_at, initiator=account.holder_name,
        groups=[(head, moved)],
    )  # fmt: skip
    out.seek(0)
    problems = pain001.validate(out)
    if blocking(problems):
        raise RefusedTransfers(problems)
    return f"{row.reference}.pain001.xml", out.getvalue()


def _kind_of(identifier: str) -> rules.AccountKind:
    """A RIB is known by its key; anything else a bank's file takes is an IBAN."""
    try:
        identifiers.check_rib(identifier)
    except InvalidRib:
        return "iban"
    return "rib"


def file_of(tx: Tx, batch_id: str) -> tuple[str, bytes]:
    """Name and bytes of an exported batch's frozen file. Raises WrongState before the export."""
    row = batch(tx, batch_id)
    require(tx.actor, Action.BATCH_READ, place(paying_account(tx, row.paying_account_id)))
    if row.file_sha256 is None or row.file_name is None:
        raise WrongState(what="batch", state=row.state)
    return row.file_name, tx.files.get(row.file_sha256)


def cover_of(tx: Tx, batch_id: str) -> tuple[str, bytes]:
    """Name and bytes of an exported batch's cover sheet. Raises WrongState where there is none."""
    row = batch(tx, batch_id)
    require(tx.actor, Action.BATCH_READ, place(paying_account(tx, row.paying_account_id)))
    if row.cover_sha256 is None:
        raise WrongState(what="batch", state=row.state)
    return f"{row.reference}.cover.pdf", tx.files.get(row.cover_sha256)


# Answers ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class AnswerRead:
    """What reading an answer did: numbers of payments, and items that need a person."""

    settled: int
    rejected: int
    pending: int
    already_known: int
    unmatched: tuple[AnswerItem, ...]


def read_answer(tx: Tx, batch_id: str, data: bytes, *, name: str) -> AnswerRead:
    """Book what the bank or the mobile-money company answered to a batch.

    The same file twice is refused (FileKnown); the same answer in another file is counted as known. Raises
    InvalidInput for a file that cannot be used; then nothing is stored.
    """
    row = _locked(tx, batch_id)
    require(tx.actor, Action.ANSWER_IMPORT, place(paying_account(tx, row.paying_account_id)))
    if row.exported_at is None:
        raise WrongState(what="batch", state=row.state)
    digest = hashlib.sha256(data).hexdigest()
    known = tx.session.get(BankFile, digest)
    if known is not None:
        raise FileKnown(when=known.received_at.isoformat(timespec="minutes"))
    account = paying_account(tx, row.paying_account_id)
    answer = _read(account, data)
    if blocking(answer.problems):
        raise InvalidInput(answer.problems)
    tx.session.add(
        BankFile(
            sha256=tx.files.put(data),
            kind="pain.002" if isinstance(profile(account.profile), BankProfile) else "mobile_money",
            name=name[:200], received_at=tx.now, received_by=tx.actor.user_id,
        )
    )  # fmt: skip
    tx.session.flush()
    result = _book(tx, row, account, answer, digest)
    follow(tx, row)
    journal.record(
        tx, Event.ANSWER_READ, batch_id,
        public={"file": digest, "settled": result.settled, "rejected": result.rejected},
    )  # fmt: skip
    return result


def _read(account: PayingAccount, data: bytes) -> Answer:
    found = profile(account.profile)
    if isinstance(found, MobileMoneyProfile):
        return mobile_money_answers.read(data, found)
    return pain002.read(data)


def _book(tx: Tx, row: BatchRow, account: PayingAccount, answer: Answer, digest: str) -> AnswerRead:
    by_id = {p.id: p for p in payments(tx, row.id)}
    counts = {"settled": 0, "rejected": 0, "pending": 0, "already_known": 0}
    unmatched: list[AnswerItem] = []
    keys = dict(zip(map(id, answer.items), distinct_keys(answer.items), strict=True))
    sent = {"message_id": row.reference, "payment_information_id": row.reference}
    for match in match_answer(answer, transfers(tx, row.id), **sent):
        key = keys[id(match.item)]
        if match.by == "unmatched":
            unmatched.append(match.item)
            _remember(tx, account, digest, key, match.item, None, "unmatched", row.reference)
        for transfer in match.transfers:
            payment = by_id[transfer.payment_id]
            verdict = apply_answer(tx, account, payment, match.item)
            if verdict == "returned":
                verdict = "rejected"  # owed again, either way
            if verdict == "unmatched":
                unmatched.append(match.item)
            else:
                counts[verdict] += 1
            _remember(tx, account, digest, key, match.item, payment.id, verdict, payment.end_to_end_id)
    return AnswerRead(**counts, unmatched=tuple(unmatched))


def apply_answer(tx: Tx, account: PayingAccount, payment: PaymentRow, item: AnswerItem) -> str:
    """Take the step that an answer says of a payment, and post it; what became of it.

    settled, rejected, returned; pending; already_known (it is there already); unmatched (it contradicts).
    """
    outcome = item.outcome
    if outcome == "pending":
        return "pending"
    if payment.state == "returned" and outcome == "settled":
        return "already_known"  # files come in any order: it went out before it came back
    if payment.state == outcome:
        return "already_known"
    if outcome == "returned" and payment.state == "in_transit":
        _take_step(tx, account, payment, "settled", "")  # what came back had gone out
    if payment.state != ("settled" if outcome == "returned" else "in_transit"):
        # "made" after "refused" may be money sent twice, "refused" after "made" money that came back
        return "unmatched"
    _take_step(tx, account, payment, outcome, " ".join(p for p in (item.reason, item.reason_text) if p)[:300])
    return outcome


def _take_step(tx: Tx, account: PayingAccount, payment: PaymentRow, outcome: str, reason: str) -> None:
    amount = Money(payment.amount, payment.currency)
    payment.state = outcome
    if outcome == "settled":
        payment.settled_at = tx.now
        entry = posting_rules.settled(payment_id=payment.id, rail_account=account.code, amount=amount)
    else:
        payment.failure_reason = reason
        rule = posting_rules.rejected if outcome == "rejected" else posting_rules.returned
        entry = rule(
            payment_id=payment.id, rail_account=account.code, payee=payment.person_id, amount=amount,
            memo=reason[:100],
        )  # fmt: skip
    tx.session.flush()
    ledger.post(tx, entry)
    journal.record(
        tx, _STEPS[outcome], payment.id, public={"amount": payment.amount, "currency": payment.currency},
        private={"person": payment.person_id},
    )  # fmt: skip


_STEPS = {
    "settled": Event.PAYMENT_SETTLED, "rejected": Event.PAYMENT_FAILED, "returned": Event.PAYMENT_RETURNED,
}  # fmt: skip


def _remember(
    tx: Tx, account: PayingAccount, digest: str, key: str, item: AnswerItem, payment_id: str | None,
    verdict: str, about: str,
) -> None:  # fmt: skip
    """Keep what an item said; its key makes the same event told twice one row. What fits nothing is an account's."""
    key = hashlib.sha256(f"{key}:{about}".encode()).hexdigest()
    if tx.session.scalar(select(BankEntry.id).where(BankEntry.natural_key == key)):
        return
    tx.session.add(
        BankEntry(
            id=tx.new_id(), file_sha256=digest, natural_key=key, payment_id=payment_id, status=item.status,
            reason=" ".join(p for p in (*_named(item, verdict), item.reason, item.reason_text) if p)[:300],
            verdict=verdict, paying_account_id=account.id if verdict == "unmatched" else None,
            amount=_said_to_move(account, item) if verdict == "unmatched" else None,
        )
    )  # fmt: skip
    tx.session.flush()


def _said_to_move(account: PayingAccount, item: AnswerItem) -> int | None:
    """The amount of a line that fits no payment, as it would move the account.

    0 for one of another currency, or beyond all money there is: no payment is taken for it.
    """
    if item.amount is None:
        return None
    ours = item.amount.currency == account.currency and abs(item.amount.minor) <= MINOR_MAX
    return -item.amount.minor if ours else 0


def _named(item: AnswerItem, verdict: str) -> tuple[str, ...]:
    """What a line that fits no payment speaks about, so that a person can look for it."""
    if verdict != "unmatched":
        return ()
    return (
        item.end_to_end_id or item.instruction_id or item.uetr or item.original_message_id,
        f"{item.amount.currency} {item.amount.text()}" if item.amount else "",
        item.registered_name,
    )  # fmt: skip


def follow(tx: Tx, row: BatchRow) -> None:
    """The batch's state is what its payments' states make it."""
    wanted = rules.batch_state(p.state for p in payments(tx, row.id))
    if wanted != row.state:
        _step(row, wanted)
    tx.session.flush()


# Reading ----------------------------------------------------------------------------------------------


def batches(tx: Tx) -> list[BatchRow]:
    """All batches, newest first."""
    return list(tx.session.scalars(select(BatchRow).order_by(BatchRow.id.desc())))


def payments(tx: Tx, batch_id: str) -> list[PaymentRow]:
    """The payments of a batch, in the order of the file."""
    return list(
        tx.session.scalars(
            select(PaymentRow).where(PaymentRow.batch_id == batch_id).order_by(PaymentRow.end_to_end_id)
        )
    )


def payment(tx: Tx, payment_id: str) -> PaymentRow | None:
    """One payment; None when there is none."""
    return tx.session.get(PaymentRow, payment_id)


def payments_of_payables(tx: Tx, payable_ids: Sequence[str]) -> dict[str, list[PaymentRow]]:
    """The payments that pay, or tried to pay, each payable; oldest first."""
    found: dict[str, list[PaymentRow]] = {payable_id: [] for payable_id in payable_ids}
    rows = tx.session.execute(
        select(Allocation.payable_id, PaymentRow)
        .join(PaymentRow, PaymentRow.id == Allocation.payment_id)
        .where(Allocation.payable_id.in_(payable_ids))
        .order_by(PaymentRow.id)
    )
    for payable_id, payment in rows:
        found[payable_id].append(payment)
    return found


def allocations(tx: Tx, payment_ids: Sequence[str]) -> Mapping[str, list[Allocation]]:
    """What each payment pays."""
    found: dict[str, list[Allocation]] = {payment_id: [] for payment_id in payment_ids}
    rows = tx.session.scalars(
        select(Allocation).where(Allocation.payment_id.in_(payment_ids)).order_by(Allocation.payable_id)
    )
    for row in rows:
        found[row.payment_id].append(row)
    return found


def bank_files(tx: Tx) -> list[BankFile]:
    """Every answer that was read, oldest first."""
    return list(tx.session.scalars(select(BankFile).order_by(BankFile.received_at, BankFile.sha256)))


def unmatched_entries(tx: Tx) -> list[BankEntry]:
    """What an answer said that fits no payment and nobody has decided about: for a person to look at."""
    decided = select(BankDecision.entry_id)
    return list(
        tx.session.scalars(
            select(BankEntry)
            .where(BankEntry.verdict == "unmatched", BankEntry.id.not_in(decided))
            .order_by(BankEntry.id)
        )
    )


def failed_and_owed(tx: Tx) -> int:
    """How many payments failed, of accounts the actor may see, whose payables are not in another payment."""
    rows = tx.session.execute(
        select(PaymentRow.id)
        .join(BatchRow, BatchRow.id == PaymentRow.batch_id)
        .join(Allocation, Allocation.payment_id == PaymentRow.id)
        .join(ledger.Payable, ledger.Payable.id == Allocation.payable_id)
        .where(
            PaymentRow.state.in_(("rejected", "returned")), BatchRow.paying_account_id.in_(visible_accounts(tx)),
            ledger.Payable.allocated < ledger.Payable.amount,
        )
        .distinct()
    )  # fmt: skip
    return len(rows.all())


@dataclass(frozen=True, slots=True)
class UnmatchedLine:
    """A line that fits no payment, the file it came in, and the payment and batch it spoke about, where known."""

    entry: BankEntry
    file: BankFile
    payment: PaymentRow | None
    batch: BatchRow | None


def unmatched_lines(tx: Tx) -> list[UnmatchedLine]:
    """The unmatched lines, newest first; not those of accounts the actor may not see."""
    files, seen, found = {f.sha256: f for f in bank_files(tx)}, visible_accounts(tx), []
    for entry in unmatched_entries(tx):
        about = payment(tx, entry.payment_id) if entry.payment_id else None
        row = batch(tx, about.batch_id) if about else None
        owner = row.paying_account_id if row else entry.paying_account_id
        if owner is None or owner in seen:
            found.append(UnmatchedLine(entry, files[entry.file_sha256], about, row))
    return found[::-1]


# Checking ---------------------------------------------------------------------------------------------


def verify(tx: Tx) -> Iterator[Finding]:
    """Recompute each batch's digest, file and state, each payable's sums and what each payee is owed."""
    for row in tx.session.scalars(select(BatchRow).order_by(BatchRow.id)):
        place = f"batch {row.reference}"
        if row.content_sha256 is not None and content_sha256(tx, row) != row.content_sha256:
            yield Finding("batch-changed", place, "Its payments are not those that were approved.")
        if row.file_sha256 is not None:
            yield from _verify_file(tx, row, place)
        if row.cover_sha256 is not None:
            yield from _verify_cover(tx, row, place)
        if row.approved_by is not None and approvals.of_batch(tx, row).missing:
            yield Finding("batch-approvals", place, "Fewer people approved it than its policy asks for.")
        yield from _verify_states(row, payments(tx, row.id), place)
    yield from _verify_allocations(tx)
    yield from _verify_payees(tx)


_IN_HOUSE = {"draft": {"draft"}, "submitted": {"draft"}, "approved": {"draft"}, "cancelled": {"cancelled"}}
"""The states of a batch before it leaves, and those of its payments then."""


def _verify_states(row: BatchRow, moved: Sequence[PaymentRow], place: str) -> Iterator[Finding]:
    """The batch's state follows from what was done with it, and each payment's from the batch's."""
    if row.exported_at is not None:
        states = {"in_transit", "settled", "rejected", "returned"}
        reached = rules.batch_state(p.state for p in moved)
        is_reached = row.state == reached
    else:
        states = _IN_HOUSE.get(row.state, {"draft"})
        reached = "approved" if row.approved_by else ("submitted" if row.content_sha256 else "draft")
        is_reached = row.state in (reached, "cancelled")
    if not is_reached:
        yield Finding("batch-state", place, f"It says {row.state}, its payments and approvals say {reached}.")
    for payment in moved:
        settled = payment.state in ("settled", "returned")
        if payment.state not in states or settled != (payment.settled_at is not None):
            yield Finding(
                "payment-state", f"payment {payment.end_to_end_id}",
                f"It cannot be {payment.state} in a batch that is {row.state}, or nothing says since when.",
            )  # fmt: skip


def _verify_payees(tx: Tx) -> Iterator[Finding]:
    """A payee's account in the ledger holds what is owed and in no payment that left the house."""
    owed: dict[tuple[str, str], int] = {}
    for payable in ledger.all_payables(tx):
        key = (payable.person_id, payable.currency)
        owed[key] = owed.get(key, 0) + payable.amount
    left = tx.session.execute(
        select(PaymentRow.person_id, PaymentRow.currency, func.sum(PaymentRow.amount))
        .where(PaymentRow.state.in_(("in_transit", "settled")))
        .group_by(PaymentRow.person_id, PaymentRow.currency)
    )
    for person_id, currency, amount in left:
        owed[person_id, currency] = owed.get((person_id, currency), 0) - int(amount)
    kept_back = claims.all_kept_back(tx)
    for payable in ledger.all_payables(tx):
        owed[payable.person_id, payable.currency] -= kept_back.get(payable.id, 0)
    for (person_id, currency), amount in sorted(owed.items()):
        held = -ledger.balance(tx, accounts.payable(person_id, currency))
        if held != amount:
            yield Finding(
                "payee-balance", f"payee {person_id}",
                f"The ledger owes {held} {currency}, payables and payments say {amount} (minor units).",
            )  # fmt: skip


def _verify_file(tx: Tx, row: BatchRow, place: str) -> Iterator[Finding]:
    account = paying_account(tx, row.paying_account_id)
    try:
        frozen = tx.files.get(row.file_sha256 or "")
        _, again = _write(row, account, transfers(tx, row.id))
    except (NotFound, ValueError, RefusedTransfers) as error:
        yield Finding("batch-file", place, f"Its file cannot be checked: {error}")
        return
    if frozen != again:
        yield Finding("batch-file", place, "Its payments do not give the file that was sent.")


def _verify_cover(tx: Tx, row: BatchRow, place: str) -> Iterator[Finding]:
    """The sheet, made again from the frozen file and the seal of the export, must be the one that was kept."""
    account = paying_account(tx, row.paying_account_id)
    try:
        kept, content = tx.files.get(row.cover_sha256 or ""), tx.files.get(row.file_sha256 or "")
        seq, head = ledger.seal_of(tx, f"batch:{row.id}:exported")
        again = cover.write(tx, row, account, content, seq=seq, head=head)
    except (RunError, ValueError, LookupError) as error:
        yield Finding("batch-cover", place, f"Its cover sheet cannot be checked: {error}")
        return
    if kept != again:
        yield Finding("batch-cover", place, "Its cover sheet does not say what the file and the ledger say.")


def _verify_allocations(tx: Tx) -> Iterator[Finding]:
    rows = tx.session.execute(
        select(Allocation.payable_id, PaymentRow.state, func.sum(Allocation.amount))
        .join(PaymentRow, PaymentRow.id == Allocation.payment_id)
        .group_by(Allocation.payable_id, PaymentRow.state)
    )
    allocated: dict[str, int] = {}
    settled: dict[str, int] = {}
    for payable_id, state, amount in rows:
        if state in ("draft", "in_transit", "settled"):
            allocated[payable_id] = allocated.get(payable_id, 0) + int(amount)
        if state == "settled":
            settled[payable_id] = settled.get(payable_id, 0) + int(amount)
    kept_back = claims.all_kept_back(tx)
    for payable in ledger.all_payables(tx):
        kept = kept_back.get(payable.id, 0)
        expected = (allocated.get(payable.id, 0) + kept, settled.get(payable.id, 0) + kept)
        if (payable.allocated, payable.settled) != expected:
            yield Finding(
                "payable-projection", f"payable {payable.id}",
                f"Allocated and settled are {payable.allocated} and {payable.settled}, "
                f"the payments say {expected[0]} and {expected[1]}.",
            )  # fmt: skip
