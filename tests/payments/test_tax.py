from datetime import date
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payments import errors
from payments.tax import read_table, shipped_table, withholding
from pricing.money import Money

DAY = date(2026, 11, 21)
HEADER = "country,tax,nature,payer_type,payee_has_tax_id,rate_percent,valid_from,valid_to,source,note\n"


def table(*rows):
    return read_table(HEADER + "\n".join(rows))


@pytest.mark.parametrize(
    ("nature", "has_tax_id", "payer", "percent"),
    [
        ("services", True, "private", 3),
        ("services", True, "state", 1),
        ("works", True, "private", 1),
        ("services", False, "private", 5),
        ("works", False, "state", 5),
    ],
)
def test_benin_withholds_by_nature_payer_and_tax_number(nature, has_tax_id, payer, percent):
    found = withholding("BJ", nature, has_tax_id, payer, DAY, Money(10_000, "XOF"))
    assert found.tax == "AIB"
    assert found.rate == Fraction(percent, 100)
    assert found.amount == Money(100 * percent, "XOF")


def test_what_the_table_does_not_know_is_not_withheld():
    base = Money(10_000, "XOF")
    assert withholding("BJ", "reimbursement", False, "private", DAY, base) is None
    assert withholding("TG", "services", True, "private", DAY, base) is None
    assert withholding("BJ", "services", True, "private", date(2021, 12, 31), base) is None


def test_a_rate_holds_on_its_first_and_last_day_only():
    rows = table(
        "BJ,AIB,services,private,yes,3,2022-01-01,2025-12-31,s,n",
        "BJ,AIB,services,private,yes,2.5,2026-01-01,,s,n",
    )

    def rate(day):
        found = withholding("BJ", "services", True, "private", day, Money(1000, "XOF"), table=rows)
        return found and found.rate

    assert rate(date(2021, 12, 31)) is None
    assert rate(date(2022, 1, 1)) == rate(date(2025, 12, 31)) == Fraction(3, 100)
    assert rate(date(2026, 1, 1)) == Fraction(25, 1000)


def test_tax_is_rounded_half_up_to_whole_francs():
    assert withholding("BJ", "services", True, "private", DAY, Money(1_650, "XOF")).amount.minor == 50
    assert withholding("BJ", "services", True, "private", DAY, Money(1_649, "XOF")).amount.minor == 49


def test_a_base_is_not_negative():
    with pytest.raises(errors.NotPositive):
        withholding("BJ", "services", True, "private", DAY, Money(-1, "XOF"))


@given(st.integers(0, 10**15), st.sampled_from(["XOF", "EUR", "TND"]))
def test_tax_is_within_half_a_minor_unit_of_the_rate(minor, currency):
    found = withholding("BJ", "services", True, "private", DAY, Money(minor, currency))
    assert abs(found.amount.minor - minor * found.rate) <= Fraction(1, 2)


def test_every_shipped_row_names_its_source_and_waits_for_the_accountant():
    assert all(row.source and "accountant" in row.note for row in shipped_table())


@pytest.mark.parametrize(
    "row",
    [
        "BJ,AIB,services,private,yes,300,2022-01-01,,s,n",
        "BJ,AIB,services,private,yes,-1,2022-01-01,,s,n",
        "BJ,AIB,services,private,yes,1/0,2022-01-01,,s,n",
        "BJ,AIB,services,private,maybe,3,2022-01-01,,s,n",
        "BJ,AIB,services,private,yes,3,01/02/2022,,s,n",
        "BJ,AIB,services,private,yes,3,2022-01-01,2021-01-01,s,n",
        "BJ,AIB,dance,private,yes,3,2022-01-01,,s,n",
        "BJ,AIB,services",
    ],
)
def test_a_bad_row_is_refused_with_its_line(row):
    with pytest.raises(errors.InvalidTaxTable, match="line 2"):
        table(row)


def test_two_rules_at_the_same_time_are_refused():
    with pytest.raises(errors.InvalidTaxTable, match="line 3"):
        table(
            "BJ,AIB,services,private,yes,3,2022-01-01,,s,n",
            "BJ,TPS,services,private,yes,5,2026-01-01,,s,n",
        )
