"""Advances, money paid too much, tax and overheads: two people decide, and nobody loses more than was agreed."""

from fractions import Fraction

import pytest

from payments import ledger as accounts
from payments.batches import PayeeAccount
from pricing.money import Money
from server.batches.service import NothingToPay
from server.demo.world import FUND
from server.errors import Forbidden, NotFound, SamePerson, Unfunded, WrongState
from server.ledger import claims
from server.ledger import service as ledger
from server.people import service as people


def xof(minor):
    return Money(minor, "XOF")


def payee(world):
    """Somebody who has the next open task and is paid by mobile money or the bank."""
    return world.task().assignee_id


def rail_of(world, person):
    kind = world.read(people.payee_account, person).kind
    return world.momo_account if kind == "wallet" else world.bank_account


def propose(world, person, amount=6_000, share=Fraction(1, 4), **changes):
    given = {"person_id": person, "amount": xof(amount), "share": share, "reason": "Fuel for the first visit"}
    return world.run("finance", claims.propose_advance, **(given | changes))


def pay_all(world):
    """Everything owed goes out and arrives."""
    for account in (world.bank_account, world.momo_account):
        try:
            batch_id, file = world.exported(account)
        except NothingToPay:
            continue
        answer = world.bank_answer if account == world.bank_account else world.momo_answer
        world.read_answer(batch_id, answer(file))


def claim(world, claim_id):
    return next(row for row in world.read(claims.claims) if row.id == claim_id)


def work_by(world, person):
    """The payables of the next delivery that a person has accepted; the others do their work meanwhile."""
    before = {p.id for p in world.payables()}
    while tasks := [t for i in world.instance_ids for t in world.ready_tasks(i)]:
        for task in sorted(tasks, key=lambda t: t.assignee_id != person):
            world.accept(world.deliver(task))
            owed = [p for p in world.payables() if p.id not in before and p.person_id == person]
            if owed:
                return owed
    raise AssertionError("nothing is left to do")


def advanced(world, **changes):
    """A person with an approved advance that has arrived."""
    person = payee(world)
    claim_id = propose(world, person, **changes)
    world.run("approver", claims.approve, claim_id)
    pay_all(world)
    return person, claim_id


# Advances ---------------------------------------------------------------------------------------------


def test_an_advance_needs_another_person(started):
    claim_id = propose(started, payee(started))
    with pytest.raises(SamePerson):
        started.run("finance", claims.approve, claim_id)
    assert started.payables() == []
    started.run("approver", claims.approve, claim_id)
    (owed,) = started.payables()
    assert (owed.component, owed.amount, owed.delivery_id) == ("advance", 6_000, None)
    with pytest.raises(WrongState):
        started.run("approver", claims.approve, claim_id)
    assert started.verify() == []


@pytest.mark.parametrize("who", ["coordinator", "verifier", "auditor", "approver"])
def test_only_finance_proposes(started, who):
    with pytest.raises(Forbidden):
        started.run(
            who,
            claims.propose_advance,
            person_id=payee(started),
            amount=xof(5),
            share=Fraction(1, 2),
            reason="x",
        )


@pytest.mark.parametrize("share", [Fraction(0), Fraction(1, 1000), Fraction(101, 100), Fraction(-1)])
def test_a_share_is_from_one_percent_to_all(started, share):
    with pytest.raises(claims.ShareOutOfRange):
        propose(started, payee(started), share=share)


def test_a_refused_advance_books_nothing(started):
    claim_id = propose(started, payee(started))
    before = started.entries()
    started.run("approver", claims.refuse, claim_id)
    assert started.entries() == before
    assert claim(started, claim_id).state == "refused"


def test_an_advance_is_kept_back_out_of_later_work_at_most_by_its_share(started):
    person, claim_id = advanced(started)
    owed = work_by(started, person)
    assert owed
    kept = started.read(claims.kept_back, [p.id for p in owed])
    assert kept == {p.id: p.amount // 4 for p in owed if p.amount // 4}
    assert claim(started, claim_id).recovered == sum(kept.values()) > 0
    left = started.read(ledger.balance, accounts.advance(person, "XOF"))
    assert left == 6_000 - sum(kept.values())
    assert started.verify() == []


def test_no_more_is_kept_back_than_was_advanced_and_the_rest_is_paid(started):
    person, claim_id = advanced(started, amount=100, share=Fraction(1))
    owed = work_by(started, person)
    assert claim(started, claim_id).recovered == 100
    pay_all(started)
    assert all(p.settled == p.amount for p in started.payables())
    paid = sum(p.amount for b in started.read(_batches) for p in started.payments(b) if p.person_id == person)
    assert paid == sum(p.amount for p in owed)
    assert started.read(ledger.balance, accounts.payable(person, "XOF")) == 0
    assert started.verify() == []


def _batches(tx):
    from server.batches import service as batches

    return [row.id for row in batches.batches(tx)]


def test_nothing_is_kept_back_before_the_advance_has_arrived(started):
    person = payee(started)
    claim_id = propose(started, person)
    started.run("approver", claims.approve, claim_id)
    work_by(started, person)
    assert claim(started, claim_id).recovered == 0


def test_nobody_plans_to_keep_back_an_advance_that_has_not_arrived(started):
    person = payee(started)
    claim_id = propose(started, person)
    started.run("approver", claims.approve, claim_id)
    owed = work_by(started, person)
    with pytest.raises(claims.TooMuchKeptBack):
        started.run("finance", claims.plan_recovery, claim_id, payable_id=owed[0].id, amount=xof(1))


# Paid too much ----------------------------------------------------------------------------------------


def paid_too_much(world, amount=500, kept=None, **changes):
    pay_all(world)
    waiting = {t.assignee_id for i in world.instance_ids for t in world.ready_tasks(i)}
    paid = min(
        (p for p in world.payables() if p.settled == p.amount and p.amount > 1_000),
        key=lambda p: (p.person_id not in waiting, p.id),
    )
    given = {
        "payable_id": paid.id, "amount": xof(amount), "reason": "One household counted twice",
        "project": world.project_id, "fund": FUND, "region": world.villages[0], "kept_back": kept or {},
    }  # fmt: skip
    return paid, world.run("finance", claims.propose_clawback, **(given | changes))


def test_what_was_paid_too_much_is_owed_back_once_another_person_agrees(owing):
    paid, claim_id = paid_too_much(owing)
    receivable = accounts.payee_receivable(paid.person_id, "XOF")
    assert owing.read(ledger.balance, receivable) == 0
    with pytest.raises(SamePerson):
        owing.run("finance", claims.approve, claim_id)
    owing.run("approver", claims.approve, claim_id)
    assert owing.read(ledger.balance, receivable) == 500
    assert owing.verify() == []


def test_no_more_is_claimed_back_than_was_paid(owing):
    paid, _ = paid_too_much(owing)
    with pytest.raises(claims.TooMuchClaimed):
        paid_too_much(owing, amount=paid.amount - 499)


def test_it_is_kept_back_only_out_of_what_two_people_named(owing):
    paid, claim_id = paid_too_much(owing)
    owing.run("approver", claims.approve, claim_id)
    owed = work_by(owing, paid.person_id)
    assert all(p.allocated == 0 for p in owed)
    target = max(owed, key=lambda p: p.amount)
    free = owing.read(ledger.available, accounts.fund(FUND, "XOF"))
    recovery = owing.run("finance", claims.plan_recovery, claim_id, payable_id=target.id, amount=xof(200))
    with pytest.raises(SamePerson):
        owing.run("finance", claims.decide_recovery, recovery, approved=True)
    owing.run("approver", claims.decide_recovery, recovery, approved=True)
    assert claim(owing, claim_id).recovered == 200
    assert owing.read(ledger.available, accounts.fund(FUND, "XOF")) == free + xof(200)
    with pytest.raises(claims.TooMuchKeptBack):
        owing.run("finance", claims.plan_recovery, claim_id, payable_id=target.id, amount=xof(301))
    assert owing.verify() == []


def test_a_plan_that_is_dropped_books_nothing(owing):
    paid, claim_id = paid_too_much(owing)
    owing.run("approver", claims.approve, claim_id)
    owed = work_by(owing, paid.person_id)
    recovery = owing.run("finance", claims.plan_recovery, claim_id, payable_id=owed[0].id, amount=xof(1))
    owing.run("approver", claims.decide_recovery, recovery, approved=False)
    assert claim(owing, claim_id).recovered == 0
    with pytest.raises(WrongState):
        owing.run("approver", claims.decide_recovery, recovery, approved=True)


# Tax and overheads ------------------------------------------------------------------------------------


def organisation(world, kind="rib", number="BJ0610100100144390000769"):
    who = world.run(
        "national", people.register_organisation, name="Direction des impôts", region="BJ", town="Cotonou"
    )
    account = world.run(
        "national", people.set_payee_account, who, PayeeAccount(kind, number, "ECOCBJBJ"), holder_name="DGI"
    )
    return who, account


def test_tax_is_owed_to_the_tax_office_at_most_as_kept_back(owing):
    office, _ = organisation(owing)
    (tax, held), *_ = owing.read(claims.withheld)
    with pytest.raises(claims.NothingWithheld):
        owing.run("finance", claims.owe_tax, tax=tax, office=office, amount=held + xof(1))
    owing.run("finance", claims.owe_tax, tax=tax, office=office, amount=held)
    assert owing.read(claims.withheld) == []
    assert next(p for p in owing.payables() if p.component == "tax").amount == held.minor
    assert owing.verify() == []


def test_an_organisation_is_paid_once_its_account_is_confirmed(owing):
    office, account = organisation(owing)
    (tax, held), *_ = owing.read(claims.withheld)
    owing.run("finance", claims.owe_tax, tax=tax, office=office, amount=held)
    assert office not in {p.person_id for p in owing.payments(owing.collect(owing.bank_account))}
    with pytest.raises(SamePerson):
        owing.run("national", people.check_payee_account, account, confirmed=True, note="by me")
    owing.run("finance", people.check_payee_account, account, confirmed=True, note="Decree 2022-307")
    assert {p.person_id for p in owing.payments(owing.collect(owing.bank_account))} == {office}
    assert owing.verify() == []


def test_tax_is_not_paid_to_a_person(owing):
    (tax, held), *_ = owing.read(claims.withheld)
    with pytest.raises(claims.NotAnOrganisation):
        owing.run("finance", claims.owe_tax, tax=tax, office=owing.members[0], amount=held)


def test_overheads_are_owed_out_of_the_reservation_and_no_more_than_promised(started):
    bearer, _ = organisation(started)
    given = {"project": started.project_id, "region": "BJ", "payee": bearer, "memo": ""}
    reserved = started.read(ledger.available, accounts.reservation(started.project_id, "XOF"))
    started.run("finance", claims.owe_overhead, amount=xof(1_000), left=xof(1_500), **given)
    assert started.read(claims.overheads_owed, started.project_id, "XOF") == xof(1_000)
    assert started.read(ledger.available, accounts.reservation(started.project_id, "XOF")) == reserved - xof(
        1_000
    )
    with pytest.raises(claims.OverheadExceeded):
        started.run("finance", claims.owe_overhead, amount=xof(501), left=xof(500), **given)
    assert started.verify() == []


# Taking back ------------------------------------------------------------------------------------------


def grant_of(world, amount=1_000):
    return world.run("finance", ledger.receive_grant, funder="alfter", fund=FUND, amount=xof(amount))


def test_an_entry_is_taken_back_once_by_another_person_and_restores_every_balance(world):
    before = {a.id: a.balance for a in world.read(ledger.accounts)}
    entry = grant_of(world)
    with pytest.raises(SamePerson):
        world.run("finance", claims.reverse, entry, reason="typed twice")
    world.run("approver", claims.reverse, entry, reason="typed twice")
    assert {a.id: a.balance for a in world.read(ledger.accounts)} == before
    with pytest.raises(claims.ReversedAlready):
        world.run("approver", claims.reverse, entry, reason="typed twice")
    assert world.verify() == []


def test_money_that_is_used_cannot_be_taken_back(started):
    (entry,) = started.entries("grant")
    with pytest.raises(Unfunded):
        started.run("approver", claims.reverse, entry.id, reason="wrong")


def test_a_delivery_is_not_taken_back_by_hand(owing):
    with pytest.raises(claims.NotReversible):
        owing.run("approver", claims.reverse, owing.entries("delivery")[0].id, reason="wrong")
    with pytest.raises(NotFound):
        owing.run("approver", claims.reverse, "no-such-entry", reason="wrong")


def test_verify_sees_a_claim_that_was_edited(started):
    person, claim_id = advanced(started)
    assert person
    started.tamper(f"UPDATE claim SET recovered = 5 WHERE id = '{claim_id}'")
    assert "claim-recovered" in started.verify()


def test_verify_sees_a_debt_that_vanished(started):
    _, claim_id = advanced(started)
    started.tamper(f"UPDATE claim SET state = 'refused', entry_id = NULL WHERE id = '{claim_id}'")
    assert started.verify() != []
