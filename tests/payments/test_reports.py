"""Reports are sums of the ledger: whatever was posted, they add up to its accounts."""

import csv
import io
import re
from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payments import posting_rules as rules
from payments.accounting_journal import (
    HEADER,
    beancount,
    beancount_account,
    journal_csv,
    mapped,
    read_map,
    shipped_map,
)
from payments.errors import InvalidAccountMap
from payments.ledger import consumed, fund, payee_receivable, reservation, reserve
from payments.reports import (
    BANDS,
    COME,
    GONE,
    Flow,
    Line,
    OpenAmount,
    OverheadShare,
    Period,
    TaxedPart,
    aged,
    band,
    budget,
    flows,
    fund_statement,
    statement,
    tax_lines,
)
from payments.tax import Withholding
from pricing.money import Money

START = datetime(2026, 1, 5, 9, tzinfo=UTC)
FUNDS = {"P1": "seed", "P2": "seed", "P3": "other"}


def xof(minor):
    return Money(minor, "XOF")


def lines_of(*entries, days=9):
    """The entries as lines of a ledger, one every `days` days."""
    return [
        Line(
            f"e{seq}", seq, entry.kind, entry.idempotency_key, entry.memo, START + timedelta(days=days * seq),
            posting.account.book, posting.account.code, posting.account.currency, posting.minor,
        )
        for seq, entry in enumerate(entries, start=1)
        for posting in entry.postings
    ]  # fmt: skip


def delivery(number, project="P1", payee="ada", minor=10_000, withheld=300, sources=None):
    tax = (Withholding("AIB", Fraction(3, 100), xof(withheld)),) if withheld else ()
    source = rules.Source(reservation(project, "XOF"), xof(minor))
    return rules.delivery_accepted(
        delivery_id=str(number), project=project, payee=payee,
        components=[rules.Component("honorarium", xof(minor), tax)],
        sources=[source] if sources is None else sources,
    )  # fmt: skip


def small_ledger():
    return lines_of(
        rules.grant(grant_id="1", funder="alfter", fund="seed", amount=xof(500_000)),
        rules.commitment(commitment_id="q", fund="seed", project="P1", amount=xof(80_000), contingency=xof(8_000)),
        delivery(1),
        delivery(2, payee="bio", minor=20_000, withheld=1_000),
        rules.exported(batch_id="b", rail_account="bank-1", payments=[("ada", xof(9_700))]),
        rules.settled(payment_id="p", rail_account="bank-1", amount=xof(9_700)),
        delivery(3, minor=70_000, withheld=0, sources=[rules.Source(reservation("P1", "XOF"), xof(50_000))]),
        rules.grant(grant_id="2", funder="alfter", fund="seed", amount=xof(1_000)),
    )  # fmt: skip


def total_of(lines, kind):
    return sum(x.minor for x in lines if x.account_kind == kind)


# Statements -------------------------------------------------------------------------------------------


@given(st.integers(0, 80), st.integers(0, 80))
def test_a_statement_opens_where_the_period_before_closed(first, length):
    lines = [x for x in small_ledger() if x.account == "payable:ada"]
    day = (START + timedelta(days=first)).date()
    before = statement(lines, "XOF", Period(None, day - timedelta(days=1)))
    within = statement(lines, "XOF", Period(day, day + timedelta(days=length)))
    after = statement(lines, "XOF", Period(day + timedelta(days=length + 1), None))
    assert (before.closing, within.closing) == (within.opening, after.opening)
    assert after.closing == -sum(x.minor for x in lines)
    for each in (before, within, after):
        assert each.opening + sum(m.minor for m in each.movements) == each.closing
        assert [m.balance for m in each.movements][-1:] in ([], [each.closing])


def test_a_statement_counts_what_is_owed_as_positive():
    lines = [x for x in small_ledger() if x.account == "payable:ada"]
    found = statement(lines, "XOF", Period())
    assert [(m.line.kind, m.minor, m.balance) for m in found.movements] == [
        ("delivery", 9_700, 9_700), ("export", -9_700, 0), ("delivery", 70_000, 70_000),
    ]  # fmt: skip


def test_a_statement_of_another_currency_is_empty():
    assert statement(small_ledger(), "EUR", Period()).movements == ()


def test_a_fund_adds_up_and_names_what_was_spent_and_set_aside():
    found = fund_statement(small_ledger(), "seed", "XOF", Period(), FUNDS)
    assert found.movements == {"grant": 501_000, "commitment": -88_000}
    assert found.opening + sum(found.movements.values()) == found.closing == 413_000
    assert (found.spent, found.committed) == (100_000, 8_000)


# Aged payables ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("days", "number"),
    [(-3, 0), (0, 0), (7, 0), (8, 1), (14, 1), (15, 2), (30, 2), (31, 3), (60, 3), (61, 4), (9_999, 4)],
)
def test_the_bands_have_no_gap(days, number):
    assert band(days) == number


@given(st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 100), st.integers(1, 10**12)), max_size=40))
def test_every_amount_is_in_one_band(given_):
    on = date(2026, 6, 1)
    amounts = [OpenAmount(payee, "P1", "XOF", on - timedelta(days), minor) for payee, days, minor in given_]
    found = aged(amounts, on, lambda each: each.payee)
    assert sum(sum(row) for row in found.values()) == sum(a.minor for a in amounts)
    assert all(len(row) == len(BANDS) for row in found.values())


# Budget -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "key", [lambda f: f.project, lambda f: f.fund, lambda f: f.month.isoformat(), lambda f: ""]
)
def test_a_budget_has_the_same_sums_however_it_is_grouped(key):
    lines = small_ledger()
    found = budget(flows(lines, FUNDS), key).values()
    sums = Counter()
    for row in found:
        sums.update(row)
    assert sums["granted"] == total_of(lines, "appropriation")
    assert sums["consumed"] == -total_of(lines, "consumed") == 100_000
    assert sums["unfunded"] == total_of(lines, "unfunded") == 20_000
    assert sums["open"] == -total_of(lines, "reservation") - total_of(lines, "contingency")
    assert (sums["committed"], sums["released"]) == (88_000, 0)


def test_a_release_gives_back_and_a_reversed_grant_is_none():
    grant = rules.grant(grant_id="1", funder="alfter", fund="seed", amount=xof(500))
    lines = lines_of(
        grant, rules.commitment(commitment_id="q", fund="seed", project="P1", amount=xof(300)),
        rules.release(release_id="P1", fund="seed", project="P1", amount=xof(300)),
        rules.reversal(grant, entry_id="e1", reason="typed twice"),
    )  # fmt: skip
    [row] = budget(flows(lines, FUNDS), lambda f: f.fund).values()
    assert (row["granted"], row["committed"], row["released"], row["open"]) == (0, 300, 300, 0)


def moved_every_way():
    back = (consumed("P1", "XOF"), fund("seed", "XOF"), xof(1_000))
    repaid = rules.repayment(
        claim_id="c", repayment_id="1", rail_account="bank-1", amount=xof(1_000),
        owed_back=payee_receivable("ada", "XOF"), budget=back,
    )  # fmt: skip
    taken_over = rules.obligation_funded(funding_id="1", fund="seed", project="P1", amount=xof(12_000))
    sources = [rules.Source(reserve("BJ", "XOF"), xof(20_000))]
    return lines_of(
        rules.grant(grant_id="1", funder="alfter", fund="seed", amount=xof(500_000)),
        rules.commitment(commitment_id="q", fund="seed", project="P1", amount=xof(30_000), contingency=xof(8_000)),
        rules.reserve(reserve_id="r", fund="seed", region="BJ", amount=xof(50_000)),
        delivery(1), delivery(2, minor=35_000, sources=sources), taken_over,
        rules.overhead_due(overhead_id="P1:1", project="P1", payee="office", amount=xof(4_000)),
        rules.clawback(clawback_id="c", project="P1", payee="ada", amount=xof(3_000)), repaid,
        rules.recovery(
            recovery_id="k", payee="ada", amount=xof(1_000), owed_back=payee_receivable("ada", "XOF"), budget=back,
        ),
        rules.reversal(repaid, entry_id="e9", reason="x"), rules.reversal(taken_over, entry_id="e6", reason="x"),
        rules.obligation_funded(funding_id="2", fund="seed", project="P1", amount=xof(5_000)),
        rules.release(release_id="P1", fund="seed", project="P1", amount=xof(2_000)),
    )  # fmt: skip


@pytest.mark.parametrize("key", [lambda f: f.project, lambda f: f.fund, lambda f: f.month.isoformat()])
def test_what_a_budget_came_from_is_what_became_of_it_in_each_row(key):
    rows = budget(flows(moved_every_way(), FUNDS), key)
    for name, row in rows.items():
        assert sum(row[m] for m in COME) == sum(row[m] for m in GONE), name
    whole = Counter()
    for row in rows.values():
        whole.update(row)
    assert (whole["from_reserve"], whole["taken_over"], whole["unfunded"]) == (20_000, 5_000, 10_000)
    assert (whole["repaid"], whole["consumed"]) == (1_000, 48_000)
    assert (whole["committed"], whole["released"], whole["open"]) == (38_000, 2_000, 22_000)


def test_what_is_paid_is_added_by_who_knows_it():
    paid = Flow("paid", "P1", "seed", date(2026, 1, 1), "XOF", 700)
    assert budget([paid], lambda f: f.project)["P1", "XOF"]["paid"] == 700


# Tax and overheads ------------------------------------------------------------------------------------


def test_the_tax_declaration_is_what_the_account_holds_and_names_the_rate_of_the_table():
    lines = small_ledger()
    parts = [
        TaxedPart("e3", "ada", "BJ", 10_000, 300), TaxedPart("e4", "bio", "BJ", 20_000, 1_000),
        TaxedPart("e7", "ada", "BJ", 70_000, 0),
    ]  # fmt: skip
    found = tax_lines((x for x in lines if x.account_kind == "withholding"), parts)
    assert sum(x.withheld.minor for x in found) == -total_of(lines, "withholding")
    assert [(x.payee, x.base.minor, x.rate, x.tax, x.month) for x in found] == [
        ("ada", 10_000, Fraction(3, 100), "AIB", date(2026, 2, 1)),
        ("bio", 20_000, Fraction(5, 100), "AIB", date(2026, 2, 1)),
    ]


def test_a_rate_no_table_has_is_what_it_comes_to():
    lines = [x for x in lines_of(delivery(1, withheld=777)) if x.account_kind == "withholding"]
    [found] = tax_lines(lines, [TaxedPart("e1", "ada", "BJ", 10_000, 777)])
    assert found.rate == Fraction(777, 10_000)


def test_shares_of_overheads_add_up():
    one, none = OverheadShare(1000, 100, 30, 300), OverheadShare(0, 0, 0, 0)
    assert (one.agreed, one.live, none.agreed, none.live) == (Fraction(1, 10), Fraction(1, 10), 0, 0)
    assert one + one == OverheadShare(2000, 200, 60, 600)


# The accountant's journal -----------------------------------------------------------------------------


def test_every_kind_of_account_has_a_number():
    source = (Path(__file__).parents[2] / "payments" / "ledger.py").read_text("utf-8")
    kinds = set(re.findall(r'_account\(\s*"([a-z_]+)"', source))
    assert kinds == {row.kind for row in shipped_map()}
    assert mapped("payable", date(2026, 1, 1))[0] == "4011"
    assert mapped("payable", date(2017, 12, 31)) == ("", "")


@pytest.mark.parametrize(
    "row", ["payable,1,x,nonsense,,,", "payable,1,x,2020-01-01,,,\npayable,2,y,2021-01-01,,,", "payable"]
)
def test_a_map_that_says_two_things_is_refused(row):
    with pytest.raises(InvalidAccountMap):
        read_map("kind,account,title,valid_from,valid_to,source,note\n" + row + "\n")


HOSTILE = ['=HYPERLINK("http://x")', "+1", "-1", "@SUM(A1)", "\tx", 'say "no"\\', "line\nfeed"]


@pytest.mark.parametrize("memo", HOSTILE)
def test_no_cell_of_the_journal_is_a_formula(memo):
    # the ledger refuses line feeds in a memo; a report does not rely on it
    lines = lines_of(rules.grant(grant_id="1", funder="=alfter", fund="seed", amount=xof(500)))
    lines = [replace(x, memo=memo) for x in lines]
    rows = list(csv.reader(io.StringIO("".join(journal_csv(lines)), newline="")))
    assert tuple(rows[0]) == HEADER
    assert all(not cell.startswith(("=", "+", "-", "@", "\t", "\r")) for row in rows for cell in row)
    assert rows[1][10].removeprefix("'") == memo
    assert all(text.count("\n") <= 5 for text in beancount(lines))


def read_beancount(text):
    """Sums of each transaction, and accounts used before they were opened; beancount's own grammar, in small."""
    opened, sums, unknown = set(), [], []
    for line in text.splitlines():
        if found := re.fullmatch(
            r"(\d{4}-\d\d-\d\d) open ([A-Z][A-Za-z0-9-]*(?::[A-Z0-9][A-Za-z0-9-]*)+)", line
        ):
            opened.add(found[2])
        elif re.fullmatch(r'\d{4}-\d\d-\d\d \* "[a-z_]+" "(?:[^"\\]|\\["\\])*"', line):
            sums.append(Counter())
        elif found := re.fullmatch(r"  ([A-Z][A-Za-z0-9:-]+)  (-?\d+(?:\.\d+)?) ([A-Z]{3})", line):
            if found[1] not in opened:
                unknown.append(found[1])
            sums[-1][found[3]] += Decimal(found[2])
        else:
            assert not line or line.startswith(("option ", "  entry: ", "  seq: ")), line
    return sums, unknown


def test_beancount_balances_each_transaction_and_opens_each_account():
    exchange = rules.exchange(exchange_id="1", fund="seed", given=Money(1000, "EUR"), received=xof(6560))
    lines = [*small_ledger(), *(replace(x, seq=99, memo='a "b" \\ c') for x in lines_of(exchange))]
    sums, unknown = read_beancount("".join(beancount(lines)))
    assert len(sums) == 9
    assert unknown == []
    assert all(not any(each.values()) for each in sums)


@given(st.text(min_size=1, max_size=20), st.text(min_size=1, max_size=20))
def test_two_accounts_never_have_one_name_in_beancount(one, other):
    line = small_ledger()[0]
    names = [beancount_account(replace(line, account=f"payable:{name}")) for name in (one, other)]
    assert (names[0] == names[1]) == (one == other)
    assert re.fullmatch(r"Liabilities:Payable:[A-Z0-9][A-Za-z0-9-]*", names[0])
