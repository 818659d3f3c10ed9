"""Money that comes in: contributions of third parties, what they give in kind, and what payees pay back."""

import pytest

from payments import ledger as accounts
from pricing.money import Money
from server.demo.world import COMMUNE, MOMO
from server.errors import Forbidden, SamePerson, WrongState
from server.ledger import claims
from server.ledger import service as ledger
from server.people import service as people
from tests.server.test_pages_finance import Browser, told


def xof(minor):
    return Money(minor, "XOF")


def balance(world, account):
    return world.read(ledger.balance, account)


def receive(world, amount, who="finance", **given):
    terms = {"rail_account": MOMO, "party": "partner", "amount": xof(amount), "memo": "Statement 7, line 3"}
    return world.run(who, claims.receive_contribution, **(terms | given))


def owed(world, party):
    return next(open_ for name, open_, _ in world.read(claims.promised) if name == party)


def clawback(world, amount=500):
    """Somebody was paid, and owes part of it back."""
    batch_id, file = world.exported(world.momo_account)
    world.read_answer(batch_id, world.momo_answer(file))
    paid = next(p for p in world.payables() if p.settled == p.amount >= amount and p.delivery_id)
    claim_id = world.run(
        "finance", claims.propose_clawback, payable_id=paid.id, amount=xof(amount), reason="A day too much",
        project=world.project_id, fund="", region=COMMUNE,
    )  # fmt: skip
    world.run("approver", claims.approve, claim_id)
    return claim_id, paid.person_id


def repay(world, claim_id, amount, who="finance", memo="Receipt 12"):
    return world.run(who, claims.repay, claim_id, rail_account=MOMO, amount=xof(amount), memo=memo)


def recovered(world, claim_id):
    return next(c.recovered for c in world.read(claims.claims) if c.id == claim_id)


def test_a_contribution_that_arrives_is_on_the_account_and_no_longer_owed(owing):
    before = owed(owing, "commune")
    assert before.minor > 0
    receive(owing, 300, party="commune")
    assert owed(owing, "commune") == before - xof(300)
    assert balance(owing, accounts.bank(MOMO, "XOF")) == 300
    assert owing.verify() == []


def test_no_more_is_received_than_was_promised_and_never_without_a_word(owing):
    left = owed(owing, "commune").minor
    for amount, party in ((left + 1, "commune"), (1, "nobody")):
        with pytest.raises(claims.MoreThanOwed):
            receive(owing, amount, party=party)
    with pytest.raises(people.ReasonMissing):
        receive(owing, 1, party="commune", memo=" ")
    receive(owing, left, party="commune")
    with pytest.raises(claims.MoreThanOwed):
        receive(owing, 1, party="commune")


def test_what_is_given_in_kind_is_a_memo_at_its_value(owing):
    before = dict(owing.read(claims.given_in_kind)).get("village", xof(0))
    given = {"project": owing.project_id, "region": COMMUNE, "party": "village", "memo": "Two tables"}
    owing.run("finance", claims.receive_in_kind, amount=xof(900), **given)
    assert dict(owing.read(claims.given_in_kind))["village"] == before + xof(900)
    with pytest.raises(people.NameMissing):
        owing.run("finance", claims.receive_in_kind, amount=xof(1), **given | {"party": " "})
    with pytest.raises(Forbidden):
        owing.run("approver", claims.receive_in_kind, amount=xof(1), **given)
    assert owing.verify() == []


def test_a_claim_is_paid_back_in_money_at_most_as_owed(owing):
    claim_id, person = clawback(owing)
    bank = balance(owing, accounts.bank(MOMO, "XOF"))
    repay(owing, claim_id, 200)
    assert recovered(owing, claim_id) == 200
    assert balance(owing, accounts.payee_receivable(person, "XOF")) == 300
    assert balance(owing, accounts.bank(MOMO, "XOF")) == bank + 200
    with pytest.raises(claims.MoreThanOwed):
        repay(owing, claim_id, 301)
    with pytest.raises(people.ReasonMissing):
        repay(owing, claim_id, 1, memo="")
    for who in ("approver", "coordinator", person):
        with pytest.raises(Forbidden):
            repay(owing, claim_id, 1, who=who)
    repay(owing, claim_id, 300)
    assert owing.verify() == []


def test_who_owes_does_not_book_that_it_was_paid_back(owing):
    from dataclasses import replace

    claim_id, person = clawback(owing)
    debtor = replace(owing.actors["finance"], person_id=person)
    with pytest.raises(SamePerson):
        owing.runtime.run(debtor, claims.repay, claim_id, rail_account=MOMO, amount=xof(1), memo="Receipt")


def test_an_advance_is_paid_back_only_once_it_has_arrived(owing):
    person = next(p.person_id for p in owing.payables())
    given = {"person_id": person, "amount": xof(6_000), "share": claims.Fraction(1, 4), "reason": "Fuel"}
    claim_id = owing.run("finance", claims.propose_advance, **given)
    with pytest.raises(WrongState):
        repay(owing, claim_id, 1)
    owing.run("approver", claims.approve, claim_id)
    with pytest.raises(claims.MoreThanOwed):
        repay(owing, claim_id, 1)


def test_a_repayment_that_was_a_mistake_is_owed_again(owing):
    claim_id, person = clawback(owing)
    entry_id = repay(owing, claim_id, 200)
    with pytest.raises(SamePerson):
        owing.run("finance", claims.reverse, entry_id, reason="Wrong person")
    owing.run("approver", claims.reverse, entry_id, reason="Wrong person")
    assert recovered(owing, claim_id) == 0
    assert balance(owing, accounts.payee_receivable(person, "XOF")) == 500
    assert owing.read(claims.repayments, [claim_id]) == {claim_id: []}
    assert owing.verify() == []


def test_verify_sees_a_repayment_that_nobody_made(owing):
    claim_id, _ = clawback(owing)
    owing.tamper(f"UPDATE claim SET recovered = 100 WHERE id = '{claim_id}'")
    assert "claim-recovered" in owing.verify()


def test_finance_books_what_came_in_on_the_pages(owing):
    finance = Browser(owing, "finance")
    account = owing.momo_account
    address = "/finance/contributions"
    wrong = finance.post(address, {"party": "commune", "account": account, "amount": "much", "memo": "S7"})
    assert (wrong.status_code, "is not an amount" in told(wrong)) == (422, True)
    done = finance.post(address, {"party": "commune", "account": account, "amount": "1 000", "memo": "S7"})
    assert done.status_code == 303
    form = {
        "project": owing.project_id,
        "party": "village",
        "what": "Chairs",
        "value": "2500",
        "currency": "XOF",
    }
    assert finance.post(f"{address}/in-kind", form).status_code == 303
    said = told(finance.get(address))
    assert "1,000" in said
    assert [e.memo for e in owing.entries("contribution") + owing.entries("in_kind")] == ["S7", "Chairs"]
    assert Browser(owing, "approver").post(address, {"party": "commune"}).status_code == 403


def test_a_repayment_is_booked_beside_its_claim(owing):
    claim_id, _ = clawback(owing)
    finance = Browser(owing, "finance")
    form = {"account": owing.momo_account, "amount": "200", "memo": "Receipt 12"}
    assert finance.post(f"/finance/claims/{claim_id}/repayments", form).status_code == 303
    said = told(finance.get("/finance/claims"))
    assert "Paid back" in said
    assert finance.post("/finance/claims/none/repayments", form).status_code == 404
    assert finance.post(f"/finance/claims/{claim_id}/repayments", form | {"account": "x"}).status_code == 404
