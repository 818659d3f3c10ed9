"""What is owed without a delivery, and what payees and third parties owe: advances, clawbacks, tax, contributions.

A claim is proposed by one person and approved by another. An advance is then kept back out of what later deliveries
earn, of each payable at most the agreed share; of what was paid too much only those parts of payables are kept back
that two people named. The database holds the bounds: never more than is owed back, than is owed, than the share.
What somebody pays back in money has no row of its own: its ledger entry, whose key names the claim, is the record.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from fractions import Fraction

from sqlalchemy import func, select

from payments import ledger as accounts
from payments import posting_rules
from payments.ledger import Account
from pricing.money import Money
from server.actor import Action, require
from server.errors import CommandTaken, Conflict, NotFound, SamePerson, WrongState
from server.findings import Finding
from server.journal import service as journal
from server.journal.service import Event
from server.ledger.models import Claim as Claim
from server.ledger.models import LedgerAccount, LedgerEntry, LedgerPosting, Payable
from server.ledger.models import Recovery as Recovery
from server.ledger.service import (
    account_id,
    available,
    balance,
    entry_value,
    owe_without_delivery,
    post,
    require_new,
)
from server.people import service as people
from server.regions import service as regions
from server.runtime import Tx

WHOLE = 10_000
"""A share of one, in hundredths of a percent."""


class TooMuchClaimed(Conflict):
    code = "too-much-claimed"
    message = "At most %(amount)s can be claimed back: that is what was paid and not claimed before."


class TooMuchKeptBack(Conflict):
    code = "too-much-kept-back"
    message = "At most %(amount)s of this payable can be kept back. Choose less, or another payable."


class ShareOutOfRange(Conflict):
    code = "share-out-of-range"
    message = "Of each payable at least one percent and at most all of it can be kept back."


class MoreThanOwed(Conflict):
    code = "more-than-owed"
    message = "Only %(amount)s is owed. Enter what arrived for this; the rest belongs to somebody else, or goes back."


class NothingWithheld(Conflict):
    code = "nothing-withheld"
    message = "No more than %(amount)s of this tax was kept back and not paid over yet."


class OverheadExceeded(Conflict):
    code = "overhead-exceeded"
    message = "The overheads of this project have %(amount)s left that nobody is owed yet."


class NotAnOrganisation(Conflict):
    code = "not-an-organisation"
    message = "Tax and overheads are paid to organisations. Register %(name)s as one first."


def _reason(text: str) -> str:
    if not text.strip():
        raise people.ReasonMissing
    return text.strip()[:300]


# Proposing --------------------------------------------------------------------------------------------


def propose_advance(
    tx: Tx, *, person_id: str, amount: Money, share: Fraction, reason: str, claim_id: str | None = None
) -> str:
    """Propose to pay somebody before the work; share: how much of each later payable is kept back for it.

    claim_id: the client's; the same proposal under the same id is made once. Returns the claim's id. Raises
    NotPositive, ShareOutOfRange, ReasonMissing, CommandTaken.
    """
    person = people.person(tx, person_id)
    require(tx.actor, Action.CLAIM_PROPOSE, regions.place(tx, person.region_code))
    posting_rules.advance(advance_id="0", payee=person_id, amount=amount)
    if _made_before(tx, claim_id, person_id=person_id, kind="advance", currency=amount.currency,
                    amount=amount.minor, share=_share(share), reason=_reason(reason)):  # fmt: skip
        return str(claim_id)
    row = Claim(
        id=claim_id or tx.new_id(), person_id=person_id, kind="advance", currency=amount.currency,
        amount=amount.minor,
        share=_share(share), reason=_reason(reason), region_code=person.region_code, fund="",
        proposed_by=tx.actor.user_id, proposed_at=tx.now,
    )  # fmt: skip
    return _proposed(tx, row)


def _share(share: Fraction) -> int:
    found = int(share * WHOLE)
    if not 100 <= found <= WHOLE:
        raise ShareOutOfRange
    return found


def propose_clawback(
    tx: Tx, *, payable_id: str, amount: Money, reason: str, project: str, fund: str, region: str,
    kept_back: Mapping[str, int] = {}, claim_id: str | None = None,
) -> str:  # fmt: skip
    """Propose to claim back part of what was paid for a delivery.

    kept_back: of which payables, and how much (minor units), is kept back once it is approved; more can be planned
    later. claim_id: as of propose_advance. Raises TooMuchClaimed, TooMuchKeptBack, ReasonMissing, CommandTaken.
    """
    require(tx.actor, Action.CLAIM_PROPOSE, regions.place(tx, region))
    paid = tx.session.get(Payable, payable_id, with_for_update=True)
    if paid is None or paid.delivery_id is None or paid.currency != amount.currency:
        raise NotFound(what="payable", key=payable_id)
    posting_rules.clawback(clawback_id="0", project=project, payee=paid.person_id, amount=amount)
    if _made_before(tx, claim_id, payable_id=payable_id, currency=amount.currency, amount=amount.minor,
                    reason=_reason(reason)):  # fmt: skip
        return str(claim_id)
    most = Money(paid.settled - _claimed(tx, payable_id), paid.currency)
    if amount > most:
        raise TooMuchClaimed(amount=most)
    row = Claim(
        id=claim_id or tx.new_id(), person_id=paid.person_id, kind="clawback", currency=amount.currency,
        amount=amount.minor,
        share=WHOLE, reason=_reason(reason), region_code=region, payable_id=payable_id, project_id=project, fund=fund,
        proposed_by=tx.actor.user_id, proposed_at=tx.now,
    )  # fmt: skip
    claim_id = _proposed(tx, row)
    for other, minor in sorted(kept_back.items()):
        _plan(tx, row, other, minor)
    return claim_id


def _claimed(tx: Tx, payable_id: str) -> int:
    query = select(func.coalesce(func.sum(Claim.amount), 0))
    return int(tx.session.scalar(query.where(Claim.payable_id == payable_id, Claim.state != "refused")) or 0)


def _proposed(tx: Tx, row: Claim) -> str:
    tx.session.add(row)
    tx.session.flush()
    journal.record(
        tx, Event.CLAIM_PROPOSED, row.id, region=row.region_code,
        public={"kind": row.kind, "amount": row.amount, "currency": row.currency, "share": row.share},
        private={"person": row.person_id, "reason": row.reason},
    )  # fmt: skip
    return row.id


def _made_before(tx: Tx, claim_id: str | None, **said: object) -> bool:
    """Whether the actor proposed exactly this under this id before. Raises CommandTaken for anything else."""
    known = None if claim_id is None else tx.session.get(Claim, claim_id)
    if known is None:
        return False
    if known.proposed_by != tx.actor.user_id or any(getattr(known, k) != v for k, v in said.items()):
        raise CommandTaken
    return True


def plan_recovery(
    tx: Tx, claim_id: str, *, payable_id: str, amount: Money, recovery_id: str | None = None
) -> str:
    """Propose to keep part of a payable back for a clawback; another person approves. Returns its id.

    recovery_id: the client's; the same plan under the same id is made once. Raises TooMuchKeptBack, WrongState,
    CommandTaken.
    """
    row = _locked(tx, claim_id)
    require(tx.actor, Action.CLAIM_PROPOSE, regions.place(tx, row.region_code))
    known = None if recovery_id is None else tx.session.get(Recovery, recovery_id)
    if known is not None:
        said = (known.claim_id, known.payable_id, known.amount, known.planned_by)
        if said != (row.id, payable_id, amount.minor, tx.actor.user_id):
            raise CommandTaken
        return known.id
    if row.state == "refused" or amount.currency != row.currency:
        raise WrongState(what="claim", state=row.state)
    return _plan(tx, row, payable_id, amount.minor, recovery_id)


def _plan(tx: Tx, row: Claim, payable_id: str, minor: int, recovery_id: str | None = None) -> str:
    payable = tx.session.get(Payable, payable_id, with_for_update=True)
    if payable is None or (payable.person_id, payable.currency) != (row.person_id, row.currency):
        raise NotFound(what="payable", key=payable_id)
    planned = select(func.coalesce(func.sum(Recovery.amount), 0)).where(Recovery.state == "planned")
    of_claim = int(tx.session.scalar(planned.where(Recovery.claim_id == row.id)) or 0)
    of_payable = int(tx.session.scalar(planned.where(Recovery.payable_id == payable_id)) or 0)
    had = row.amount if row.kind == "clawback" else _arrived(tx, row)
    most = min(
        had - row.recovered - of_claim, payable.amount - payable.allocated - of_payable,
        _share_left(tx, row, payable),
    )  # fmt: skip
    if not 0 < minor <= most:
        raise TooMuchKeptBack(amount=Money(max(0, most), row.currency))
    recovery = Recovery(
        id=recovery_id or tx.new_id(), claim_id=row.id, payable_id=payable_id, amount=minor,
        planned_by=tx.actor.user_id, planned_at=tx.now,
    )  # fmt: skip
    tx.session.add(recovery)
    tx.session.flush()
    journal.record(
        tx, Event.RECOVERY_PLANNED, row.id, region=row.region_code,
        public={"amount": minor, "currency": row.currency},
    )  # fmt: skip
    return recovery.id


def _share_left(tx: Tx, row: Claim, payable: Payable) -> int:
    taken = tx.session.scalar(
        select(func.coalesce(func.sum(Recovery.amount), 0)).where(
            Recovery.claim_id == row.id, Recovery.payable_id == payable.id, Recovery.state == "posted"
        )
    )
    whole = Money(payable.amount, payable.currency)
    return posting_rules.recoverable(
        payable=whole, taken=Money(int(taken or 0), payable.currency),
        outstanding=Money(row.amount - row.recovered, row.currency), share=Fraction(row.share, WHOLE),
    ).minor  # fmt: skip


# Deciding ---------------------------------------------------------------------------------------------


def approve(tx: Tx, claim_id: str) -> None:
    """Approve a claim that another person proposed, with what it plans to keep back. Raises SamePerson."""
    row = _decided(tx, claim_id)
    amount = Money(row.amount, row.currency)
    if row.kind == "advance":
        row.entry_id = owe_without_delivery(
            tx, posting_rules.advance(advance_id=row.id, payee=row.person_id, amount=amount),
            person_id=row.person_id, component="advance", amount=amount, region=row.region_code,
        )  # fmt: skip
    else:
        row.entry_id = post(
            tx,
            posting_rules.clawback(
                clawback_id=row.id, project=row.project_id or "", payee=row.person_id, amount=amount
            ),
        )
    row.state = "approved"
    tx.session.flush()
    journal.record(tx, Event.CLAIM_APPROVED, row.id, region=row.region_code, public={"amount": row.amount})
    for recovery in recoveries(tx, [row.id]):
        if recovery.state == "planned" and recovery.planned_by != tx.actor.user_id:
            _post_recovery(tx, row, recovery, decided_by=tx.actor.user_id)


def refuse(tx: Tx, claim_id: str) -> None:
    """Refuse a claim that another person proposed; nothing is booked. Raises SamePerson."""
    row = _decided(tx, claim_id)
    row.state = "refused"
    for recovery in recoveries(tx, [row.id]):
        recovery.state, recovery.decided_by, recovery.decided_at = "dropped", tx.actor.user_id, tx.now
    tx.session.flush()
    journal.record(tx, Event.CLAIM_REFUSED, row.id, region=row.region_code)


def _decided(tx: Tx, claim_id: str) -> Claim:
    row = _locked(tx, claim_id)
    require(tx.actor, Action.CLAIM_APPROVE, regions.place(tx, row.region_code))
    if row.state != "proposed":
        raise WrongState(what="claim", state=row.state)
    _refuse_same_person(tx, row, row.proposed_by)
    row.decided_by, row.decided_at = tx.actor.user_id, tx.now
    return row


def _refuse_same_person(tx: Tx, row: Claim, first: str) -> None:
    if tx.actor.user_id == first or tx.actor.person_id == row.person_id:
        raise SamePerson(first="proposing a claim", second="deciding about it")


def decide_recovery(tx: Tx, recovery_id: str, *, approved: bool) -> None:
    """Approve or drop what another person planned to keep back of a payable. Raises SamePerson, NotCovered."""
    recovery = tx.session.get(Recovery, recovery_id, with_for_update=True)
    if recovery is None:
        raise NotFound(what="recovery", key=recovery_id)
    row = _locked(tx, recovery.claim_id)
    require(tx.actor, Action.CLAIM_APPROVE, regions.place(tx, row.region_code))
    if recovery.state != "planned" or (approved and row.state != "approved"):
        raise WrongState(what="claim", state=row.state if recovery.state == "planned" else recovery.state)
    _refuse_same_person(tx, row, recovery.planned_by)
    if approved:
        _post_recovery(tx, row, recovery, decided_by=tx.actor.user_id)
        return
    recovery.state, recovery.decided_by, recovery.decided_at = "dropped", tx.actor.user_id, tx.now
    tx.session.flush()
    journal.record(tx, Event.RECOVERY_DROPPED, row.id, region=row.region_code)


def _post_recovery(tx: Tx, row: Claim, recovery: Recovery, *, decided_by: str) -> None:
    payable = tx.session.get(Payable, recovery.payable_id, with_for_update=True, populate_existing=True)
    assert payable is not None, "a foreign key"
    if payable.amount - payable.allocated < recovery.amount:  # it went into a batch meanwhile
        raise TooMuchKeptBack(amount=Money(payable.amount - payable.allocated, row.currency))
    amount = Money(recovery.amount, row.currency)
    entry = posting_rules.recovery(
        recovery_id=recovery.id, payee=row.person_id, amount=amount, owed_back=owed_back_account(row),
        budget=_freed(tx, row, amount), memo=row.kind,
    )  # fmt: skip
    recovery.entry_id = post(tx, entry)
    recovery.state, recovery.decided_by, recovery.decided_at = "posted", decided_by, tx.now
    tx.session.flush()
    tx.session.refresh(row)
    tx.session.refresh(payable)
    journal.record(
        tx, Event.RECOVERED, row.id, region=row.region_code,
        public={"amount": amount.minor, "currency": row.currency}, private={"person": row.person_id},
    )  # fmt: skip


def _freed(tx: Tx, row: Claim, amount: Money) -> tuple[Account, Account, Money] | None:
    """What a clawback gives back to its fund: no more than the project's deliveries have used of it."""
    if row.kind != "clawback" or not row.fund:
        return None
    used = accounts.consumed(row.project_id or "", row.currency)
    return used, accounts.fund(row.fund, row.currency), min(amount, available(tx, used, locked=True))


def repay(
    tx: Tx, claim_id: str, *, rail_account: str, amount: Money, memo: str, repayment_id: str | None = None
) -> str:
    """Book that a payee has paid back in money; rail_account: the code of the account it came in on.

    memo: how one knows (the line of the statement, the receipt). repayment_id: the client's; the same amount under
    the same id is booked once. Returns the entry's id. Raises MoreThanOwed, ReasonMissing, WrongState, CommandTaken,
    and SamePerson for who owes it.
    """
    row = _locked(tx, claim_id)
    require(tx.actor, Action.ANSWER_IMPORT, regions.place(tx, row.region_code))
    if row.state != "approved":
        raise WrongState(what="claim", state=row.state)
    if tx.actor.person_id == row.person_id:
        raise SamePerson(first="owing money", second="booking that it was paid back")
    known = _repaid_before(tx, row, repayment_id, amount)
    if known is not None:
        return known
    had = row.amount if row.kind == "clawback" else _arrived(tx, row)
    most = Money(max(0, had - row.recovered), row.currency)
    if amount > most:
        raise MoreThanOwed(amount=most)
    entry = posting_rules.repayment(
        claim_id=row.id, repayment_id=repayment_id or tx.new_id(), rail_account=rail_account, amount=amount,
        owed_back=owed_back_account(row), budget=_freed(tx, row, amount), memo=_reason(memo)[:100],
    )  # fmt: skip
    entry_id = post(tx, entry)
    row.recovered += amount.minor
    tx.session.flush()
    journal.record(
        tx, Event.REPAID, row.id, region=row.region_code,
        public={"entry": entry_id, "amount": amount.minor, "currency": amount.currency},
        private={"person": row.person_id},
    )  # fmt: skip
    return entry_id


def _repaid_before(tx: Tx, row: Claim, repayment_id: str | None, amount: Money) -> str | None:
    """The entry that was booked under the client's id; None when there is none. Raises CommandTaken."""
    if repayment_id is None:
        return None
    key = f"repayment:{row.id}:{repayment_id}"
    known = tx.session.scalar(select(LedgerEntry.id).where(LedgerEntry.idempotency_key == key))
    if known and not any(
        (entry, minor) == (known, amount.minor) for entry, minor, _ in repayments(tx, [row.id])[row.id]
    ):
        raise CommandTaken
    return known


def repayments(tx: Tx, claim_ids: Sequence[str]) -> dict[str, list[tuple[str, int, datetime]]]:
    """By claim, what was paid back in money: the entry's id, minor units and when; not what was taken back."""
    taken_back = select(LedgerEntry.reverses_id).where(LedgerEntry.reverses_id.is_not(None))
    rows = tx.session.execute(
        select(LedgerEntry.id, LedgerEntry.idempotency_key, LedgerEntry.posted_at, LedgerPosting.amount)
        .join(LedgerPosting, LedgerPosting.entry_id == LedgerEntry.id)
        .join(LedgerAccount, LedgerAccount.id == LedgerPosting.account_id)
        .where(
            LedgerEntry.kind == "repayment", LedgerAccount.kind == "bank", LedgerEntry.id.not_in(taken_back),
        )
        .order_by(LedgerEntry.id)
    )  # fmt: skip
    found: dict[str, list[tuple[str, int, datetime]]] = {claim_id: [] for claim_id in claim_ids}
    for entry_id, key, at, minor in rows:
        claim_id = key.split(":")[1]
        if claim_id in found:
            found[claim_id].append((entry_id, minor, at))
    return found


def owed_back_account(row: Claim) -> Account:
    """The ledger's account of what the payee owes back."""
    kind = accounts.advance if row.kind == "advance" else accounts.payee_receivable
    return kind(row.person_id, row.currency)


def keep_back(tx: Tx, payables: Sequence[Payable]) -> None:
    """Of newly earned payables, keep back what their payee's advances may take: at most the agreed share of each.

    Only of an advance that has arrived, so nobody works something off before having it.
    """
    for payable in payables:
        if payable.component not in ("honorarium", "expenses"):
            continue
        query = select(Claim).where(
            Claim.person_id == payable.person_id, Claim.currency == payable.currency, Claim.kind == "advance",
            Claim.state == "approved", Claim.recovered < Claim.amount,
        )  # fmt: skip
        for row in tx.session.scalars(query.order_by(Claim.id).with_for_update()).all():
            most = min(
                _share_left(tx, row, payable), payable.amount - payable.allocated,
                _arrived(tx, row) - row.recovered,
            )  # fmt: skip
            if most <= 0:
                continue
            recovery = Recovery(
                id=tx.new_id(), claim_id=row.id, payable_id=payable.id, amount=most, planned_by=row.proposed_by,
                planned_at=tx.now,
            )  # fmt: skip
            tx.session.add(recovery)
            tx.session.flush()
            _post_recovery(tx, row, recovery, decided_by=row.decided_by or "")


def _arrived(tx: Tx, row: Claim) -> int:
    """How much of an advance its payee has had, minor units; what came back was not had."""
    if row.entry_id is None:
        return 0
    return int(tx.session.scalar(select(Payable.settled).where(Payable.entry_id == row.entry_id)) or 0)


# Owed without a delivery ------------------------------------------------------------------------------


def withheld(tx: Tx) -> list[tuple[str, Money]]:
    """Each tax, and what was kept back of it and not paid over yet."""
    rows = tx.session.scalars(
        select(LedgerAccount).where(LedgerAccount.kind == "withholding", LedgerAccount.balance < 0)
    )
    return [
        (row.code.partition(":")[2], Money(-row.balance, row.currency))
        for row in sorted(rows, key=lambda r: r.id)
    ]


def owe_tax(
    tx: Tx, *, tax: str, office: str, amount: Money, memo: str = "", due_id: str | None = None
) -> str:
    """Owe a tax that was kept back to the tax office, an organisation. due_id: the client's, booked once.

    Raises NothingWithheld, AlreadyPosted.
    """
    payee = people.person(tx, office)
    require(tx.actor, Action.BATCH_PREPARE, regions.place(tx, payee.region_code))
    _organisation(payee)
    release_id = due_id or tx.new_id()
    require_new(tx, f"withholding:{release_id}")
    held = available(tx, accounts.withholding(tax, amount.currency), locked=True)
    if amount > held:
        raise NothingWithheld(amount=held)
    entry_id = owe_without_delivery(
        tx,
        posting_rules.withholding_due(release_id=release_id, tax=tax, office=office, amount=amount, memo=memo[:100]),
        person_id=office, component="tax", amount=amount, region=payee.region_code,
    )  # fmt: skip
    journal.record(
        tx, Event.TAX_DUE, entry_id, public={"tax": tax, "amount": amount.minor, "currency": amount.currency}
    )
    return entry_id


def owe_overhead(
    tx: Tx,
    *,
    project: str,
    region: str,
    payee: str,
    amount: Money,
    left: Money,
    memo: str,
    due_id: str | None = None,
) -> str:
    """Owe part of a project's overheads to an organisation, out of what is reserved for the project.

    left: of the quote's overheads, what is not owed to anybody yet. due_id: the client's, booked once. Raises
    NotCovered, OverheadExceeded, AlreadyPosted.
    """
    found = people.person(tx, payee)
    require(tx.actor, Action.BATCH_PREPARE, regions.place(tx, region))
    _organisation(found)
    overhead_id = f"{project}:{due_id or tx.new_id()}"
    require_new(tx, f"overhead:{overhead_id}")
    if amount > left:
        raise OverheadExceeded(amount=left)
    entry_id = owe_without_delivery(
        tx,
        posting_rules.overhead_due(
            overhead_id=overhead_id, project=project, payee=payee, amount=amount, memo=memo[:100]
        ),
        person_id=payee, component="overhead", amount=amount, region=region,
    )  # fmt: skip
    journal.record(
        tx, Event.OVERHEAD_DUE, project, region=region,
        public={"amount": amount.minor, "currency": amount.currency},
    )  # fmt: skip
    return entry_id


def _organisation(payee: people.Person) -> None:
    if payee.kind != "organisation":
        raise NotAnOrganisation(name=payee.name)


def overheads_owed(tx: Tx, project: str, currency: str) -> Money:
    """What was owed of a project's overheads so far."""
    owed = tx.session.scalar(
        select(func.coalesce(func.sum(Payable.amount), 0)).where(
            Payable.component == "overhead", Payable.currency == currency,
            Payable.cause.startswith(f"overhead:{project}:", autoescape=True),
        )
    )  # fmt: skip
    return Money(int(owed or 0), currency)


# What third parties give ------------------------------------------------------------------------------


def promised(tx: Tx) -> list[tuple[str, Money, Money]]:
    """Each third party that promised cash, what it owes still, and what it has promised in all."""
    rows = tx.session.scalars(
        select(LedgerAccount).where(
            LedgerAccount.kind.in_(("contribution_receivable", "contribution_income")),
            LedgerAccount.balance != 0,
        )
    )
    found: dict[tuple[str, str], list[int]] = {}
    for row in rows:
        pair = found.setdefault((row.code.partition(":")[2], row.currency), [0, 0])
        pair[row.kind == "contribution_income"] = abs(row.balance)
    return [
        (party, Money(open_, currency), Money(whole, currency))
        for (party, currency), (open_, whole) in sorted(found.items())
    ]


def given_in_kind(tx: Tx) -> list[tuple[str, Money]]:
    """Each third party that gave something in kind, and its value so far."""
    rows = tx.session.scalars(
        select(LedgerAccount).where(LedgerAccount.kind == "in_kind_contribution", LedgerAccount.balance < 0)
    )
    return [
        (row.code.partition(":")[2], Money(-row.balance, row.currency))
        for row in sorted(rows, key=lambda r: r.id)
    ]


def receive_contribution(
    tx: Tx, *, rail_account: str, party: str, amount: Money, memo: str, contribution_id: str | None = None
) -> str:
    """Book that a third party paid what it promised; the caller has asked who may. Returns the entry's id.

    memo: how one knows. contribution_id: the client's, booked once. Raises MoreThanOwed, ReasonMissing, AlreadyPosted.
    """
    contribution_id = contribution_id or tx.new_id()
    require_new(tx, f"contribution:{contribution_id}")
    owed = Money(
        max(0, balance(tx, accounts.contribution_receivable(party, amount.currency), locked=True)),
        amount.currency,
    )
    if amount > owed:
        raise MoreThanOwed(amount=owed)
    entry_id = post(
        tx,
        posting_rules.contribution_received(
            contribution_id=contribution_id, rail_account=rail_account, party=party, amount=amount,
            memo=_reason(memo)[:100],
        ),
    )  # fmt: skip
    journal.record(
        tx, Event.CONTRIBUTION_RECEIVED, rail_account,
        public={"entry": entry_id, "party": party, "amount": amount.minor, "currency": amount.currency},
    )  # fmt: skip
    return entry_id


def receive_in_kind(
    tx: Tx,
    *,
    project: str,
    region: str,
    party: str,
    amount: Money,
    memo: str,
    contribution_id: str | None = None,
) -> str:
    """Write down what a third party gave to a project beside its deliveries, and its value; no money moves.

    memo: what it was, and how it was valued. contribution_id: the client's, booked once. Returns the entry's id.
    Raises ReasonMissing, NameMissing, AlreadyPosted.
    """
    require(tx.actor, Action.FUND_GRANT, regions.place(tx, region))
    if not party.strip():
        raise people.NameMissing
    entry_id = post(
        tx,
        posting_rules.contribution_in_kind(
            contribution_id=contribution_id or tx.new_id(), project=project, party=party.strip(), amount=amount,
            memo=_reason(memo)[:100],
        ),
    )  # fmt: skip
    journal.record(
        tx, Event.CONTRIBUTION_IN_KIND, project, region=region,
        public={"entry": entry_id, "party": party.strip(), "amount": amount.minor, "currency": amount.currency},
    )  # fmt: skip
    return entry_id


# Reversing --------------------------------------------------------------------------------------------

REVERSIBLE = frozenset(
    {
        "grant",
        "earmark",
        "reserve",
        "exchange",
        "obligation_funded",
        "fee",
        "contribution",
        "in_kind",
        "repayment",
    }
)
"""Kinds that nothing else hangs on: a person may take them back. The others have steps of their own."""


class NotReversible(Conflict):
    code = "not-reversible"
    message = "An entry of this kind is not taken back by hand: the step that follows it says what to do."


class ReversedAlready(Conflict):
    code = "reversed-already"
    message = "This entry was taken back already. Nothing was booked twice."


def reverse(tx: Tx, entry_id: str, *, reason: str) -> str:
    """Take an entry back by one with the other signs; another person than who posted it. Returns the new entry's id.

    Whose rights reach the entry's money is asked by `server.batches.reach.reverse`, which knows where it is. Raises
    NotReversible, ReversedAlready, SamePerson, Unfunded (its money is used already), ReasonMissing.
    """
    row = tx.session.get(LedgerEntry, entry_id)
    if row is None:
        raise NotFound(what="ledger entry", key=entry_id)
    require(tx.actor, Action.LEDGER_REVERSE)
    if row.kind not in REVERSIBLE:
        raise NotReversible
    if tx.session.scalar(select(LedgerEntry.id).where(LedgerEntry.reverses_id == entry_id)):
        raise ReversedAlready
    if row.actor == tx.actor.user_id:
        raise SamePerson(first="booking an entry", second="taking it back")
    if row.kind == "repayment":
        _owed_back_again(tx, entry_id)
    reversal = posting_rules.reversal(entry_value(tx, entry_id), entry_id=entry_id, reason=_reason(reason))
    new_id = post(tx, reversal)
    journal.record(tx, Event.ENTRY_REVERSED, entry_id, public={"kind": row.kind, "by": new_id})
    return new_id


def _owed_back_again(tx: Tx, entry_id: str) -> None:
    key = tx.session.scalar(select(LedgerEntry.idempotency_key).where(LedgerEntry.id == entry_id)) or ""
    claim = _locked(tx, key.split(":")[1])
    [minor] = [minor for found, minor, _ in repayments(tx, [claim.id])[claim.id] if found == entry_id]
    claim.recovered -= minor
    tx.session.flush()


def reversal_of(tx: Tx, entry_id: str) -> str | None:
    """The entry that takes this one back; None when there is none."""
    return tx.session.scalar(select(LedgerEntry.id).where(LedgerEntry.reverses_id == entry_id))


def book_fee(tx: Tx, *, rail_account: str, amount: Money, memo: str) -> str:
    """Book a fee that the bank or the company took from an account; the caller has asked who may."""
    return post(
        tx,
        posting_rules.fee(fee_id=tx.new_id(), rail_account=rail_account, amount=amount, memo=memo[:100]),
    )


# Reading ----------------------------------------------------------------------------------------------


def _locked(tx: Tx, claim_id: str) -> Claim:
    row = tx.session.get(Claim, claim_id, with_for_update=True, populate_existing=True)
    if row is None:
        raise NotFound(what="claim", key=claim_id)
    return row


def claim(tx: Tx, claim_id: str) -> Claim:
    """Raises NotFound."""
    row = tx.session.get(Claim, claim_id)
    if row is None:
        raise NotFound(what="claim", key=claim_id)
    return row


def recovery(tx: Tx, recovery_id: str) -> Recovery:
    """Raises NotFound."""
    row = tx.session.get(Recovery, recovery_id)
    if row is None:
        raise NotFound(what="recovery", key=recovery_id)
    return row


def claims(tx: Tx, *, person_id: str | None = None) -> list[Claim]:
    """All claims, newest first; of one person with `person_id`."""
    query = select(Claim)
    if person_id is not None:
        query = query.where(Claim.person_id == person_id)
    return list(tx.session.scalars(query.order_by(Claim.proposed_at.desc(), Claim.id.desc())))


def recoveries(tx: Tx, claim_ids: Sequence[str]) -> list[Recovery]:
    """What was or will be kept back for these claims, oldest first."""
    return list(
        tx.session.scalars(
            select(Recovery)
            .where(Recovery.claim_id.in_(claim_ids))
            .order_by(Recovery.planned_at, Recovery.id)
        )
    )


def planned_recoveries(tx: Tx) -> list[Recovery]:
    """What waits for another person's approval, oldest first."""
    query = select(Recovery).where(Recovery.state == "planned")
    return list(tx.session.scalars(query.order_by(Recovery.planned_at, Recovery.id)))


def kept_back(tx: Tx, payable_ids: Sequence[str]) -> dict[str, int]:
    """What was kept back of each payable, minor units; those without are left out."""
    rows = tx.session.execute(
        select(Recovery.payable_id, func.sum(Recovery.amount))
        .where(Recovery.state == "posted", Recovery.payable_id.in_(payable_ids))
        .group_by(Recovery.payable_id)
    )
    return {payable_id: int(amount) for payable_id, amount in rows}


def all_kept_back(tx: Tx) -> dict[str, int]:
    """What was kept back of every payable, minor units."""
    rows = tx.session.execute(
        select(Recovery.payable_id, func.sum(Recovery.amount))
        .where(Recovery.state == "posted")
        .group_by(Recovery.payable_id)
    )
    return {payable_id: int(amount) for payable_id, amount in rows}


# Checking ---------------------------------------------------------------------------------------------


def verify(tx: Tx) -> Iterator[Finding]:
    """Recompute what was recovered of each claim, and what each payee owes back in the ledger."""
    sums = {
        claim_id: int(amount)
        for claim_id, amount in tx.session.execute(
            select(Recovery.claim_id, func.sum(Recovery.amount))
            .where(Recovery.state == "posted")
            .group_by(Recovery.claim_id)
        )
    }
    every = list(tx.session.scalars(select(Claim).order_by(Claim.id)))
    for claim_id, paid in repayments(tx, [row.id for row in every]).items():
        sums[claim_id] = sums.get(claim_id, 0) + sum(minor for _, minor, _ in paid)
    kinds = ("advance", "payee_receivable")
    held = {
        account.id: account.balance
        for account in tx.session.scalars(select(LedgerAccount).where(LedgerAccount.kind.in_(kinds)))
    }
    owed_back = dict.fromkeys(held, 0)
    for row in every:
        recovered = sums.get(row.id, 0)
        if row.recovered != recovered:
            yield Finding(
                "claim-recovered", f"claim {row.id}",
                f"It says {row.recovered} was recovered, its recoveries and repayments sum to {recovered}.",
            )  # fmt: skip
        if row.state == "approved":
            account = account_id(owed_back_account(row))
            owed_back[account] = owed_back.get(account, 0) + row.amount - recovered
    for account, amount in sorted(owed_back.items()):
        if held.get(account, 0) != amount:
            yield Finding(
                "claim-balance", f"account {account}",
                f"The ledger says {held.get(account, 0)} is owed back, the claims say {amount} (minor units).",
            )  # fmt: skip
