from datetime import UTC, datetime
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payments import errors, ledger, posting_rules
from payments.ledger import balances
from payments.posting_rules import Component, Contribution, Source, delivery_accepted, draw
from payments.tax import Withholding
from pricing.errors import CurrencyMismatch
from pricing.money import Money

NOW = datetime(2026, 11, 21, tzinfo=UTC)


def xof(minor):
    return Money(minor, "XOF")


def aib(amount):
    return Withholding("AIB", Fraction(3, 100), xof(amount))


def lines(entry):
    return [(p.account.code, p.minor) for p in entry.postings]


def accept(components=None, left=100_000, **changes):
    values = {
        "delivery_id": "d1",
        "project": "copargo",
        "payee": "sena",
        "components": components
        or [Component("honorarium", xof(10_000), (aib(300),)), Component("expenses", xof(2_000))],
        "sources": [Source(ledger.reservation("copargo", "XOF"), xof(left))],
    }
    return delivery_accepted(**(values | changes))


def test_a_grant_fills_a_fund():
    entry = posting_rules.grant(grant_id="g", funder="alfter", fund="benin", amount=xof(900))
    assert lines(entry) == [("appropriation:alfter", 900), ("fund:benin", -900)]
    assert entry.idempotency_key == "grant:g"


def test_an_earmark_moves_money_to_its_purpose():
    entry = posting_rules.earmark(earmark_id="e", fund="benin", purpose_fund="meetings", amount=xof(5))
    assert lines(entry) == [("fund:benin", 5), ("fund:meetings", -5)]


def test_a_commitment_takes_its_contingency_from_the_fund_too():
    entry = posting_rules.commitment(
        commitment_id="q", fund="benin", project="copargo", amount=xof(100), contingency=xof(20)
    )
    assert lines(entry) == [("fund:benin", 120), ("reservation:copargo", -100), ("contingency:copargo", -20)]
    plain = posting_rules.commitment(commitment_id="q", fund="benin", project="copargo", amount=xof(100))
    assert lines(plain) == [("fund:benin", 100), ("reservation:copargo", -100)]


def test_a_release_gives_back_what_was_not_used():
    entry = posting_rules.release(
        release_id="r", fund="benin", project="copargo", amount=xof(0), contingency=xof(20)
    )
    assert lines(entry) == [("contingency:copargo", 20), ("fund:benin", -20)]
    with pytest.raises(errors.NotPositive):
        posting_rules.release(release_id="r", fund="benin", project="copargo", amount=xof(0))
    with pytest.raises(errors.NotPositive):
        posting_rules.release(
            release_id="r", fund="benin", project="copargo", amount=xof(30), contingency=xof(-20)
        )


def test_an_accepted_delivery_is_owed_with_its_tax_set_aside():
    assert lines(accept()) == [
        ("reservation:copargo", 12_000),
        ("consumed:copargo", -12_000),
        ("expense:copargo", 10_000),
        ("withholding:AIB", -300),
        ("payable:sena", -9_700),
        ("expense:copargo", 2_000),
        ("payable:sena", -2_000),
    ]
    assert accept().idempotency_key == "delivery:d1"


def test_an_overrun_draws_contingency_then_reserve_then_stands_unfunded():
    sources = [
        Source(ledger.reservation("copargo", "XOF"), xof(5_000)),
        Source(ledger.contingency("copargo", "XOF"), xof(3_000)),
        Source(ledger.reserve("atacora", "XOF"), xof(1_000)),
    ]
    entry = accept(sources=sources)
    assert lines(entry)[:5] == [
        ("reservation:copargo", 5_000),
        ("contingency:copargo", 3_000),
        ("reserve:atacora", 1_000),
        ("unfunded:copargo", 3_000),
        ("consumed:copargo", -12_000),
    ]


def test_a_delivery_without_any_budget_is_still_owed():
    entry = accept(left=0)
    assert lines(entry)[0] == ("unfunded:copargo", 12_000)
    assert entry.net()[ledger.payable("sena", "XOF")] == -11_700


def test_an_unfunded_obligation_is_taken_over_by_a_fund():
    entry = posting_rules.obligation_funded(funding_id="f", fund="benin", project="copargo", amount=xof(9))
    assert lines(entry) == [("fund:benin", 9), ("unfunded:copargo", -9)]


def test_the_budget_pays_only_the_funds_share():
    entry = accept(cash_contributions=[Contribution("commune", xof(4_000))])
    net = entry.net()
    assert net[ledger.consumed("copargo", "XOF")] == -8_000
    assert net[ledger.contribution_receivable("commune", "XOF")] == 4_000
    assert net[ledger.contribution_income("commune", "XOF")] == -4_000
    assert net[ledger.expense("copargo", "XOF")] == 12_000


def test_a_delivery_paid_by_others_uses_no_budget():
    entry = accept(cash_contributions=[Contribution("commune", xof(12_000))])
    assert not [p for p in entry.postings if p.account.book == "budget"]


def test_a_contribution_in_kind_is_a_memo_beside_the_gross():
    entry = accept(in_kind_contributions=[Contribution("farmers", xof(700))])
    assert lines(entry)[:-2] == lines(accept())
    assert lines(entry)[-2:] == [("in_kind_use:copargo", 700), ("in_kind_contribution:farmers", -700)]


def test_third_parties_cannot_give_more_than_the_delivery_costs():
    with pytest.raises(errors.ContributionTooLarge):
        accept(cash_contributions=[Contribution("commune", xof(12_001))])


def test_nobody_is_taxed_more_than_they_earn():
    with pytest.raises(errors.WithholdingTooLarge):
        accept([Component("honorarium", xof(100), (aib(101),))])
    with pytest.raises(errors.WithholdingTooLarge):
        accept([Component("honorarium", xof(100), (aib(-1),))])
    everything = accept([Component("honorarium", xof(100), (aib(100),))])
    assert ledger.payable("sena", "XOF") not in everything.net()


def test_a_component_of_zero_posts_nothing_but_one_must_be_positive():
    entry = accept([Component("honorarium", xof(100)), Component("expenses", xof(0))])
    assert lines(entry)[2:] == [("expense:copargo", 100), ("payable:sena", -100)]
    for nothing in ([Component("expenses", xof(0))], [Component("honorarium", xof(-1))]):
        with pytest.raises(errors.NotPositive):
            accept(nothing)
    with pytest.raises(errors.NotPositive):
        delivery_accepted(delivery_id="d", project="p", payee="s", components=[], sources=[])
    with pytest.raises(errors.NotPositive):
        accept([Component("honorarium", xof(100)), Component("expenses", xof(-1))])


def test_a_delivery_has_one_currency():
    with pytest.raises(CurrencyMismatch):
        accept([Component("honorarium", xof(100)), Component("expenses", Money(1, "EUR"))])
    with pytest.raises(CurrencyMismatch):
        accept(cash_contributions=[Contribution("x", Money(1, "EUR"))])


amounts = st.integers(0, 10**9)


@given(st.integers(1, 10**9), amounts, st.lists(amounts, max_size=4), st.integers(0, 100), st.data())
def test_every_accepted_delivery_balances_and_owes_gross_less_tax(honorarium, expenses, left, percent, data):
    tax = honorarium * percent // 100
    contributed = data.draw(st.integers(0, honorarium + expenses))
    sources = [Source(ledger.reserve(str(i), "XOF"), xof(n)) for i, n in enumerate(left)]
    entry = accept(
        [Component("honorarium", xof(honorarium), (aib(tax),)), Component("expenses", xof(expenses))],
        sources=sources,
        cash_contributions=[Contribution("commune", xof(contributed))] if contributed else [],
    )
    assert not any(balances(entry.postings).values())
    net = entry.net()
    gross = honorarium + expenses
    assert net.get(ledger.payable("sena", "XOF"), 0) == tax - gross
    assert net.get(ledger.unfunded("copargo", "XOF"), 0) == max(0, gross - contributed - sum(left))


@given(amounts, st.lists(st.integers(-5, 10**6), max_size=5))
def test_drawing_covers_the_amount_and_no_source_beyond_what_it_has(amount, left):
    sources = [Source(ledger.reserve(str(i), "XOF"), xof(n)) for i, n in enumerate(left)]
    drawing = draw(xof(amount), sources)
    available = {source.account: source.available.minor for source in sources}
    assert sum(part.minor for _, part in drawing.parts) + drawing.unfunded.minor == amount
    assert all(0 < part.minor <= available[account] for account, part in drawing.parts)
    assert drawing.unfunded.minor == max(0, amount - sum(max(0, n) for n in left))


def test_a_batch_moves_what_is_owed_to_clearing_in_one_entry():
    entry = posting_rules.exported(
        batch_id="b", rail_account="boa", payments=[("sena", xof(70)), ("kora", xof(30))]
    )
    assert lines(entry) == [("payable:sena", 70), ("payable:kora", 30), ("clearing:boa", -100)]
    assert entry.idempotency_key == "batch:b:exported"
    with pytest.raises(errors.NotPositive):
        posting_rules.exported(batch_id="b", rail_account="boa", payments=[])
    with pytest.raises(errors.NotPositive):
        posting_rules.exported(
            batch_id="b", rail_account="boa", payments=[("sena", xof(70)), ("kora", xof(-30))]
        )


def test_an_answer_settles_or_owes_again():
    paid = posting_rules.settled(payment_id="p", rail_account="boa", amount=xof(70))
    assert lines(paid) == [("clearing:boa", 70), ("bank:boa", -70)]
    refused = posting_rules.rejected(payment_id="p", rail_account="boa", payee="sena", amount=xof(70))
    assert lines(refused) == [("clearing:boa", 70), ("payable:sena", -70)]
    back = posting_rules.returned(payment_id="p", rail_account="boa", payee="sena", amount=xof(70))
    assert lines(back) == [("bank:boa", 70), ("payable:sena", -70)]
    assert {e.idempotency_key for e in (paid, refused, back)} == {
        "payment:p:settled",
        "payment:p:rejected",
        "payment:p:returned",
    }


def test_a_payment_that_is_returned_leaves_nothing_but_the_debt():
    steps = [
        accept([Component("expenses", xof(70))]),
        posting_rules.exported(batch_id="b", rail_account="boa", payments=[("sena", xof(70))]),
        posting_rules.settled(payment_id="p", rail_account="boa", amount=xof(70)),
        posting_rules.returned(payment_id="p", rail_account="boa", payee="sena", amount=xof(70)),
    ]
    balance = {}
    for step in steps:
        for account, minor in step.net().items():
            balance[account.kind] = balance.get(account.kind, 0) + minor
    assert (balance["clearing"], balance["bank"], balance["payable"]) == (0, 0, -70)


def test_a_reversal_undoes_every_line_once():
    entry = accept()
    undone = posting_rules.reversal(entry, entry_id="e1", reason="wrong village")
    assert [p.minor for p in undone.postings] == [-p.minor for p in entry.postings]
    assert (undone.idempotency_key, undone.reverses, undone.memo) == ("reversal:e1", "e1", "wrong village")
    with pytest.raises(errors.ReversalOfReversal):
        posting_rules.reversal(undone, entry_id="e2", reason="?")


def test_an_exchange_balances_in_each_currency_and_moves_the_fund():
    entry = posting_rules.exchange(
        exchange_id="x1", fund="tf", given=Money(1_000_00, "EUR"), received=Money(655_957, "XOF")
    )
    change = {(a.code, a.currency): minor for a, minor in entry.net().items()}
    assert change["fund:tf", "EUR"] == 100_000
    assert change["fund:tf", "XOF"] == -655_957
    assert set(ledger.balances(entry.postings).values()) == {0}


def test_an_exchange_within_one_currency_is_refused():
    with pytest.raises(errors.NotPositive):
        posting_rules.exchange(exchange_id="x", fund="tf", given=Money(1, "XOF"), received=Money(1, "XOF"))
