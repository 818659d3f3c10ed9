from dataclasses import replace
from datetime import date
from fractions import Fraction

import pytest

from pricing.minimum_wage import check_minimum_wage, hourly, minimum_wage
from pricing.price_lists import ExchangeRate, Item, MinimumWage, PriceBook, PriceRow
from pricing.quotes import build_quote
from pricing.regions import Region, RegionTree
from workflows.definitions.model import Honorarium, TaskCard

PLACES = RegionTree(
    [Region("BJ", None, "country"), Region("V", "BJ", "village"), Region("FR", None, "country")]
)
ON = date(2026, 3, 1)
SMIG = MinimumWage("BJ", Fraction(52000), "XOF", date(2023, 1, 1))


def book(fee, *wages, unit="DAY", currency="XOF"):
    rows = [PriceRow("L", 1, "BJ", "FEE", unit, *[Fraction(fee)] * 3, currency, date(2026, 1, 1))]
    rates = [ExchangeRate("EUR", "XOF", Fraction("655.957"), date(1999, 1, 1))]
    return PriceBook(rows, PLACES, [Item("FEE", unit, "honorarium")], (), rates, wages)


@pytest.fixture
def warnings(diagram):
    def build(prices, unit="DAY", currency="XOF"):
        model = diagram(
            "s>t1 t1>e", nodes={"t1": {"task": TaskCard(honorarium=Honorarium("FEE", "1", unit))}}
        )
        found = build_quote(model, prices, region="V", on=ON, currency=currency, basis="expected", draws=0)
        return [(w.code, w.place, w.params.get("least")) for w in found.warnings]

    return build


def test_a_monthly_wage_of_40_hours_a_week_is_2400_a_day():
    assert hourly(SMIG) * 8 == 2400


@pytest.mark.parametrize(
    ("fee", "expected"), [(2400, []), (2399, [("honorarium-below-minimum-wage", "t1", "2400")])]
)
def test_an_honorarium_below_the_minimum_wage_is_a_warning(warnings, fee, expected):
    assert warnings(book(fee, SMIG)) == expected


def test_a_price_per_hour_is_compared_with_the_hour(warnings):
    assert warnings(book(299, SMIG, unit="HUR"), unit="HUR") == [
        ("honorarium-below-minimum-wage", "t1", "300")
    ]


def test_work_that_is_not_paid_by_time_is_left_alone(warnings):
    assert warnings(book(1, SMIG, unit="C62"), unit="C62") == []


def test_the_wage_is_compared_in_the_currency_of_the_quote(warnings):
    [(_, _, least)] = warnings(book("3.65", SMIG, currency="EUR"), currency="EUR")
    assert least == "3.66"


def test_the_newest_wage_of_the_nearest_region_counts():
    older = MinimumWage("BJ", Fraction(40000), "XOF", date(2014, 1, 1))
    later = MinimumWage("BJ", Fraction(60000), "XOF", date(2027, 1, 1))
    ended = MinimumWage("V", Fraction(1), "XOF", date(2020, 1, 1), valid_to=date(2021, 1, 1))
    prices = book(1, older, SMIG, later, ended)
    assert minimum_wage(prices, "V", ON) == SMIG
    assert minimum_wage(prices, "V", date(2020, 6, 1)) == ended
    assert minimum_wage(prices, "FR", ON) is None


@pytest.mark.parametrize(
    "change", [{"amount": Fraction(0)}, {"amount": Fraction(-1)}, {"monthly_hours": Fraction(0)},
               {"monthly_hours": Fraction(-5)}, {"monthly_hours": Fraction(745)}, {"unit": "KGM"}]
)  # fmt: skip
def test_a_senseless_wage_is_told_and_breaks_no_price(change):
    wage = replace(MinimumWage("BJ", Fraction(52_000), "XOF", date(2023, 1, 1)), **change)
    assert [p.code for p in check_minimum_wage(wage)] == ["senseless-wage"]
    hourly(wage)
