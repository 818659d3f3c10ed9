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


# Advances, clawbacks, tax, overheads, fees --------------------------------------------------------------


class Books:
    """Balances under the floors and ceilings of the accounts: what the database would refuse raises."""

    def __init__(self):
        self.balance = {}

    def post(self, entry):
        after = dict(self.balance)
        for account, change in entry.net().items():
            after[account] = after.get(account, 0) + change
            if account.ceiling is not None and after[account] > account.ceiling:
                raise OverflowError(account.code)
            if account.floor is not None and after[account] < account.floor:
                raise OverflowError(account.code)
        self.balance = after

    def of(self, account):
        return self.balance.get(account, 0)


def funded(amount=10**9):
    """Books in which the project has money reserved."""
    books, money = Books(), xof(amount)
    books.post(posting_rules.grant(grant_id="g", funder="alfter", fund="benin", amount=money))
    books.post(posting_rules.commitment(commitment_id="q", fund="benin", project="copargo", amount=money))
    return books


def advance(amount=5_000, **changes):
    return posting_rules.advance(**({"advance_id": "a", "payee": "sena", "amount": xof(amount)} | changes))


def recover(amount, owed_back=None, **changes):
    given = {"recovery_id": f"r{amount}", "payee": "sena", "amount": xof(amount)}
    return posting_rules.recovery(
        **(given | {"owed_back": owed_back or ledger.advance("sena", "XOF")} | changes)
    )


def test_an_advance_is_owed_to_the_payee_and_by_the_payee():
    assert lines(advance()) == [("advance:sena", 5_000), ("payable:sena", -5_000)]


def test_a_recovery_settles_what_is_owed_both_ways():
    assert lines(recover(900)) == [("payable:sena", 900), ("advance:sena", -900)]


def test_no_more_is_recovered_than_was_advanced():
    books = funded()
    books.post(accept())
    books.post(advance(500))
    books.post(recover(500))
    with pytest.raises(OverflowError, match="advance"):
        books.post(recover(1))


def test_no_more_is_recovered_than_is_owed():
    books = Books()
    books.post(advance(500))
    paid = posting_rules.exported(batch_id="b", rail_account="boa", payments=[("sena", xof(500))])
    books.post(paid)
    with pytest.raises(OverflowError, match="payable"):
        books.post(recover(1))


def test_a_repayment_is_money_on_the_account_and_frees_the_fund_of_a_clawback():
    given = {"claim_id": "c", "repayment_id": "1", "rail_account": "boa", "amount": xof(30)}
    entry = posting_rules.repayment(**given, owed_back=ledger.advance("sena", "XOF"))
    assert entry.idempotency_key == "repayment:c:1"
    assert lines(entry) == [("bank:boa", 30), ("advance:sena", -30)]
    budget = (ledger.consumed("copargo", "XOF"), ledger.fund("benin", "XOF"), xof(20))
    entry = posting_rules.repayment(**given, owed_back=ledger.payee_receivable("sena", "XOF"), budget=budget)
    assert lines(entry)[2:] == [("consumed:copargo", 20), ("fund:benin", -20)]
    with pytest.raises(errors.NotPositive):
        posting_rules.repayment(**given | {"amount": xof(0)}, owed_back=ledger.advance("sena", "XOF"))


def test_what_is_given_in_kind_moves_no_money():
    given = {"contribution_id": "k", "project": "copargo", "party": "farmers"}
    entry = posting_rules.contribution_in_kind(**given, amount=xof(700))
    assert lines(entry) == [("in_kind_use:copargo", 700), ("in_kind_contribution:farmers", -700)]
    with pytest.raises(errors.NotPositive):
        posting_rules.contribution_in_kind(**given, amount=xof(-1))


def test_a_clawback_takes_back_a_cost_and_its_recovery_frees_the_fund():
    books = funded(20_000)
    books.post(accept(left=20_000))
    books.post(posting_rules.clawback(clawback_id="c", project="copargo", payee="sena", amount=xof(2_000)))
    owed_back, fund = ledger.payee_receivable("sena", "XOF"), ledger.fund("benin", "XOF")
    assert (books.of(owed_back), books.of(ledger.expense("copargo", "XOF"))) == (2_000, 10_000)
    assert books.of(fund) == 0, "what was not got back is not free"
    used = ledger.consumed("copargo", "XOF")
    books.post(recover(1_500, owed_back, budget=(used, fund, xof(1_500))))
    assert (books.of(owed_back), books.of(used), books.of(fund)) == (500, -10_500, -1_500)


def test_tax_that_was_kept_back_becomes_owed_to_the_tax_office_and_no_more():
    books = funded()
    books.post(accept())
    due = posting_rules.withholding_due(release_id="w", tax="AIB", office="dgi", amount=xof(300))
    assert lines(due) == [("withholding:AIB", 300), ("payable:dgi", -300)]
    books.post(due)
    again = posting_rules.withholding_due(release_id="x", tax="AIB", office="dgi", amount=xof(1))
    with pytest.raises(OverflowError, match="withholding"):
        books.post(again)


def test_an_overhead_comes_out_of_what_is_reserved():
    due = posting_rules.overhead_due(overhead_id="o", project="copargo", payee="office", amount=xof(70))
    assert lines(due) == [
        ("reservation:copargo", 70), ("consumed:copargo", -70), ("expense:copargo", 70), ("payable:office", -70),
    ]  # fmt: skip
    with pytest.raises(OverflowError, match="reservation"):
        Books().post(due)


def test_a_fee_leaves_the_account_it_was_taken_from():
    assert lines(posting_rules.fee(fee_id="f", rail_account="boa", amount=xof(250))) == [
        ("fee:boa", 250),
        ("bank:boa", -250),
    ]


def test_a_third_party_pays_no_more_than_it_promised():
    books = funded()
    books.post(accept(cash_contributions=[Contribution("commune", xof(1_000))]))
    paid = posting_rules.contribution_received(
        contribution_id="k", rail_account="boa", party="commune", amount=xof(1_000)
    )
    books.post(paid)
    assert books.of(ledger.contribution_receivable("commune", "XOF")) == 0
    with pytest.raises(OverflowError, match="contribution_receivable"):
        books.post(paid)


@pytest.mark.parametrize(
    ("payable", "taken", "outstanding", "share", "kept"),
    [
        (10_000, 0, 50_000, Fraction(3, 10), 3_000),
        (10_000, 0, 1_000, Fraction(3, 10), 1_000),
        (10_000, 2_500, 50_000, Fraction(3, 10), 500),
        (10_000, 3_000, 50_000, Fraction(3, 10), 0),
        (10_000, 4_000, 50_000, Fraction(3, 10), 0),
        (9_999, 0, 50_000, Fraction(1, 3), 3_333),
        (1, 0, 50_000, Fraction(1, 3), 0),
    ],
)
def test_at_most_the_agreed_share_of_a_payable_is_kept_back(payable, taken, outstanding, share, kept):
    assert posting_rules.recoverable(
        payable=xof(payable), taken=xof(taken), outstanding=xof(outstanding), share=share
    ) == xof(kept)


def every_rule(amount, other):
    """An entry of each rule that moves an amount."""
    fund, used = ledger.fund("benin", "XOF"), ledger.consumed("copargo", "XOF")
    owed_back, paid = ledger.payee_receivable("sena", "XOF"), {"rail_account": "boa", "amount": amount}
    rules = posting_rules
    return [
        rules.grant(grant_id="1", funder="alfter", fund="benin", amount=amount),
        rules.earmark(earmark_id="1", fund="benin", purpose_fund="meetings", amount=amount),
        rules.reserve(reserve_id="1", fund="benin", region="BJ", amount=amount),
        rules.commitment(
            commitment_id="1", fund="benin", project="copargo", amount=amount, contingency=other
        ),
        rules.release(release_id="1", fund="benin", project="copargo", amount=amount, contingency=other),
        rules.obligation_funded(funding_id="1", fund="benin", project="copargo", amount=amount),
        rules.exchange(exchange_id="1", fund="benin", given=amount, received=Money(other.minor, "EUR")),
        accept([Component("honorarium", amount), Component("expenses", other)]),
        rules.contribution_received(contribution_id="1", party="commune", **paid),
        advance(amount.minor),
        rules.clawback(clawback_id="1", project="copargo", payee="sena", amount=amount),
        recover(amount.minor),
        recover(amount.minor, owed_back, budget=(used, fund, other)),
        rules.withholding_due(release_id="1", tax="AIB", office="dgi", amount=amount),
        rules.overhead_due(overhead_id="1", project="copargo", payee="office", amount=amount),
        rules.fee(fee_id="1", **paid),
        rules.exported(batch_id="1", rail_account="boa", payments=[("sena", amount), ("abou", other)]),
        rules.settled(payment_id="1", **paid),
        rules.rejected(payment_id="1", payee="sena", **paid),
        rules.returned(payment_id="1", payee="sena", **paid),
    ]


amounts = st.integers(1, 10**15).map(xof)


@given(amounts, amounts)
def test_every_rule_balances_per_book_and_currency_and_its_reversal_restores_every_balance(amount, other):
    for entry in every_rule(amount, other):
        assert not any(balances(entry.postings).values())
        undone = posting_rules.reversal(entry, entry_id="e", reason="wrong")
        after = entry.net()
        for account, change in undone.net().items():
            after[account] += change
        assert not any(after.values()), entry.kind


@given(
    st.lists(
        st.tuples(st.sampled_from(["work", "advance", "recover", "pay"]), st.integers(1, 5_000)), max_size=30
    )
)
def test_whatever_the_order_nobody_owes_back_less_than_nothing_or_is_paid_more_than_owed(steps):
    books, owed, advanced = funded(), 0, 0
    for kind, minor in steps:
        entry, possible = {
            "work": (accept([Component("expenses", xof(minor))]), True),
            "advance": (advance(minor), True),
            "recover": (recover(minor), minor <= owed and minor <= advanced),
            "pay": (
                posting_rules.exported(batch_id="b", rail_account="boa", payments=[("sena", xof(minor))]),
                minor <= owed,
            ),
        }[kind]
        if not possible:
            with pytest.raises(OverflowError):
                books.post(entry)
            continue
        books.post(entry)
        owed += minor if kind in ("work", "advance") else -minor
        advanced += {"advance": minor, "recover": -minor}.get(kind, 0)
        assert (-books.of(ledger.payable("sena", "XOF")), books.of(ledger.advance("sena", "XOF"))) == (
            owed,
            advanced,
        )
