"""Posting: money in, money committed, and what the ledger refuses in the business's words."""

from datetime import date
from fractions import Fraction

import pytest

from payments import ledger as accounts
from payments import posting_rules
from payments.ledger import Entry, Posting
from pricing.money import Money
from pricing.price_lists import ExchangeRate
from server.actor import SYSTEM
from server.demo.world import FUND
from server.errors import Forbidden, NotFound, Unfunded
from server.ledger import service as ledger
from server.ledger.service import AlreadyPosted
from server.price_lists import service as price_lists
from server.transparency import service as transparency


def xof(amount):
    return Money(amount, "XOF")


def free(runtime):
    return runtime.read(SYSTEM, ledger.available, accounts.fund(FUND, "XOF")).minor


def grant(runtime, amount=1000, who=SYSTEM):
    return runtime.run(who, ledger.receive_grant, funder="alfter", fund=FUND, amount=xof(amount))


def commit_money(runtime, amount, *, quote="q", contingency=0, project="p"):
    return runtime.run(
        SYSTEM, ledger.commit_money, quote_id=quote, fund=FUND, project=project, amount=xof(amount),
        contingency=xof(contingency),
    )  # fmt: skip


def verified(runtime):
    assert runtime.read(SYSTEM, transparency.verify) == []
    assert runtime.read(SYSTEM, ledger.postings_sum) == 0


def test_a_grant_is_free_money(runtime):
    grant(runtime, 1000)
    grant(runtime, 500)
    assert free(runtime) == 1500
    assert runtime.read(SYSTEM, ledger.funds) == [(FUND, "XOF", 1500)]
    verified(runtime)


def test_committing_sets_money_aside_for_one_project(runtime):
    grant(runtime)
    commit_money(runtime, 600, contingency=100)
    assert free(runtime) == 300
    assert runtime.read(SYSTEM, ledger.available, accounts.reservation("p", "XOF")) == xof(600)
    assert runtime.read(SYSTEM, ledger.available, accounts.contingency("p", "XOF")) == xof(100)
    verified(runtime)


def test_exactly_all_the_money_may_be_committed(runtime):
    grant(runtime)
    commit_money(runtime, 900, contingency=100)
    assert free(runtime) == 0
    with pytest.raises(Unfunded):
        commit_money(runtime, 1, quote="another")
    verified(runtime)


def test_one_franc_too_much_is_refused_with_what_is_missing_and_nothing_posted(runtime):
    grant(runtime)
    head = runtime.read(SYSTEM, ledger.head)
    with pytest.raises(Unfunded) as refused:
        commit_money(runtime, 900, contingency=101)
    assert refused.value.params == {"available": "1000", "needed": "1001", "currency": "XOF"}
    assert runtime.read(SYSTEM, ledger.head) == head
    assert free(runtime) == 1000


def test_the_same_commitment_twice_is_refused(runtime):
    grant(runtime)
    commit_money(runtime, 100)
    with pytest.raises(AlreadyPosted):
        commit_money(runtime, 100)
    assert free(runtime) == 900


def test_a_fund_in_another_currency_pays_nothing_here(runtime):
    runtime.run(SYSTEM, ledger.receive_grant, funder="alfter", fund=FUND, amount=Money(100_000, "EUR"))
    with pytest.raises(Unfunded):
        commit_money(runtime, 1)


def test_eight_committing_at_once_commit_no_more_than_there_is(runtime, race):
    grant(runtime, 1000)
    done = race(8, lambda n: commit_money(runtime, 300, quote=f"q{n}", project=f"p{n}"))
    refused = [d for d in done if isinstance(d, Exception)]
    assert (len(refused), {type(d) for d in refused}) == (5, {Unfunded})
    assert all(d.params["available"].isdigit() and d.params["needed"] == "300" for d in refused)
    assert free(runtime) == 100
    verified(runtime)


def test_one_entry_posted_by_eight_at_once_is_posted_once(runtime, race):
    entry = posting_rules.grant(grant_id="once", funder="alfter", fund=FUND, amount=xof(10))
    done = race(8, lambda _: runtime.run(SYSTEM, ledger.post, entry))
    assert sorted(type(d).__name__ for d in done) == ["AlreadyPosted"] * 7 + ["str"]
    assert free(runtime) == 10
    verified(runtime)


def test_many_posting_at_once_make_one_unbroken_chain(runtime, race):
    def post_five(number):
        for step in range(5):
            entry = posting_rules.grant(
                grant_id=f"{number}-{step}", funder="alfter", fund=FUND, amount=xof(7)
            )
            runtime.run(SYSTEM, ledger.post, entry)

    assert race(6, post_five) == [None] * 6
    found = runtime.read(SYSTEM, ledger.entries, limit=100)
    assert [e.seq for e in found] == list(range(30, 0, -1))
    assert free(runtime) == 210
    verified(runtime)


@pytest.fixture
def with_rate(runtime):
    """A dated exchange rate, as the price catalogue has it."""
    rate = ExchangeRate("EUR", "XOF", Fraction("655.957"), date(1999, 1, 1), None, "BCEAO")
    runtime.run(SYSTEM, price_lists.add_exchange_rate, rate)
    runtime.run(SYSTEM, ledger.receive_grant, funder="alfter", fund=FUND, amount=Money(100_00, "EUR"))
    return runtime


def test_money_is_exchanged_at_the_tables_rate_which_is_written_down(with_rate):
    received = with_rate.run(SYSTEM, ledger.exchange, fund=FUND, given=Money(60_00, "EUR"), currency="XOF")
    assert received == xof(39_357)
    assert sorted(with_rate.read(SYSTEM, ledger.funds)) == [(FUND, "EUR", 40_00), (FUND, "XOF", 39_357)]
    assert "655.957" in with_rate.read(SYSTEM, ledger.entries, limit=1)[0].memo
    verified(with_rate)


def test_without_a_rate_nothing_is_exchanged(with_rate):
    with pytest.raises(NotFound):
        with_rate.run(SYSTEM, ledger.exchange, fund=FUND, given=Money(60_00, "EUR"), currency="USD")
    assert with_rate.read(SYSTEM, ledger.funds) == [(FUND, "EUR", 100_00)]


def test_more_than_there_is_cannot_be_exchanged(with_rate):
    with pytest.raises(Unfunded):
        with_rate.run(SYSTEM, ledger.exchange, fund=FUND, given=Money(100_01, "EUR"), currency="XOF")
    assert with_rate.read(SYSTEM, ledger.funds) == [(FUND, "EUR", 100_00)]


def test_an_entry_posted_past_the_core_is_refused_by_the_database(runtime):
    """Unfunded comes from the account's bound too, not only from looking first."""
    grant(runtime, 10)
    fund, reserved = accounts.fund(FUND, "XOF"), accounts.reservation("p", "XOF")
    entry = Entry("commitment", "x", (Posting(fund, 11), Posting(reserved, -11)))
    with pytest.raises(Unfunded) as refused:
        runtime.run(SYSTEM, ledger.post, entry)
    assert refused.value.params == {"available": "10", "needed": "11", "currency": "XOF"}
    assert free(runtime) == 10


def test_what_another_account_than_the_fund_cannot_cover_is_named(runtime):
    grant(runtime, 10)
    commit_money(runtime, 10, project="p")
    reserved, used = accounts.reservation("p", "XOF"), accounts.consumed("p", "XOF")
    entry = Entry("delivery", "x", (Posting(reserved, 11), Posting(used, -11)))
    with pytest.raises(ledger.NotCovered) as refused:
        runtime.run(SYSTEM, ledger.post, entry)
    assert refused.value.params == {
        "account": "reservation:p", "available": "10", "needed": "11", "currency": "XOF",
    }  # fmt: skip


def test_only_finance_receives_grants(world):
    for who in ("coordinator", "approver", "auditor", "expert", world.members[0]):
        with pytest.raises(Forbidden):
            grant(world.runtime, who=world.actor(who))


def test_entries_are_read_newest_first_by_page_and_by_account(owing):
    found = owing.entries()
    assert [e.seq for e in found] == list(range(len(found), 0, -1))
    page = owing.read(ledger.entries, limit=3, before_seq=5)
    assert [e.seq for e in page] == [4, 3, 2]
    fund = next(a.id for a in owing.read(ledger.accounts) if a.kind == "fund")
    touching = owing.read(ledger.entries, account=fund)
    assert {e.kind for e in touching} == {"grant", "commitment"}
    view, seal = owing.read(ledger.entry, found[0].id)
    assert (view, seal.seq) == (found[0], found[0].seq)
    with pytest.raises(NotFound):
        owing.read(ledger.entry, "nothing")


def test_totals_are_the_sums_of_the_payables(owing):
    rows = owing.payables()
    totals = owing.read(ledger.totals, "XOF")
    assert (totals.gross, totals.withheld, totals.net) == (
        sum(p.gross for p in rows), sum(p.withheld for p in rows), sum(p.amount for p in rows),
    )  # fmt: skip
    one = owing.read(ledger.totals, "XOF", owing.instance_ids[:1])
    assert 0 < one.net < totals.net
    assert owing.read(ledger.totals, "EUR").net == 0


def test_the_tax_withheld_is_set_aside_and_never_paid_to_the_worker(owing):
    withheld = sum(p.withheld for p in owing.payables())
    found = {a.kind: a.balance for a in owing.read(ledger.accounts) if a.kind == "withholding"}
    assert withheld > 0
    assert found == {"withholding": -withheld}


def test_who_has_no_tax_number_pays_the_higher_rate(owing):
    from server.people import service as people

    shares = {}
    for p in owing.payables():
        if p.component == "honorarium":
            has = owing.read(people.person, p.person_id).tax_id is not None
            shares.setdefault(has, set()).add(round(100 * p.withheld / p.gross))
    assert shares == {True: {3}, False: {5}}
