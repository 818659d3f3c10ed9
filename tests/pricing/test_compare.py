from dataclasses import replace
from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest

from pricing.compare import compare_quotes
from pricing.contributions import Contribution, Overhead
from pricing.errors import CurrencyMismatch
from pricing.price_lists import Item, PriceBook, PriceRow
from pricing.quotes import build_quote
from pricing.regions import Region, RegionTree
from workflows.definitions.model import Expense, Honorarium, Parameter, ServiceCard, TaskCard

PLACES = RegionTree([Region("BJ", None, "country")])
ITEMS = [Item("FEE", "DAY", "honorarium"), Item("FORM", "C62", "material")]


def book(fee=15000):
    day = date(2026, 1, 1)
    return PriceBook(
        [
            PriceRow("L", 1, "BJ", "FEE", "DAY", *[Fraction(fee)] * 3, "XOF", day),
            PriceRow("L", 2, "BJ", "FORM", "C62", *[Fraction(100)] * 3, "XOF", day),
        ],
        PLACES,
        ITEMS,
    )


@pytest.fixture(scope="session")
def survey(diagram):
    def build(*expenses):
        service = ServiceCard("S", parameters=(Parameter("households", {}, default=Decimal(20)),))
        task = TaskCard(honorarium=Honorarium("FEE", "households / 10"), expenses=expenses)
        return diagram("s>t1 t1>e", nodes={"t1": {"task": task}}, service=service)

    return build


def quote(definition, prices=None, **options):
    overheads = [Overhead("coordination", "percent", Fraction(10))]
    fields = {"region": "BJ", "on": date(2026, 3, 1), "currency": "XOF", "basis": "expected", "draws": 0}
    return build_quote(definition, prices or book(), overheads=overheads, **fields, **options)


def test_equal_quotes_have_no_difference(survey):
    assert compare_quotes(quote(survey()), quote(survey())).is_empty


def test_fewer_households_cost_less_and_the_reason_is_the_quantity(survey):
    difference = compare_quotes(quote(survey()), quote(survey(), parameters={"households": 15}))
    (line,) = difference.lines
    assert (line.change, line.causes, line.amount.difference) == ("changed", ("quantity",), -7500)
    assert difference.tasks["t1"].difference == -7500
    assert difference.overheads["coordination"].difference == -750
    assert difference.totals["expected_minor"].difference == -8250


def test_a_new_price_is_the_reason(survey):
    (line,) = compare_quotes(quote(survey()), quote(survey(), book(16000))).lines
    assert (line.causes, line.amount.difference) == (("price",), 2000)


def test_lines_come_and_go(survey):
    paper = Expense("paper", "FORM", "households", "C62", {})
    added = compare_quotes(quote(survey()), quote(survey(paper)))
    assert [(x.line, x.change, x.amount.difference) for x in added.lines] == [("paper", "added", 2000)]
    assert [x.change for x in compare_quotes(quote(survey(paper)), quote(survey())).lines] == ["removed"]


def test_another_payer_is_said(survey):
    theirs = Expense("paper", "FORM", "10", "C62", {}, payer="commune")
    difference = compare_quotes(quote(survey(replace(theirs, payer="fund"))), quote(survey(theirs)))
    assert difference.lines[0].causes == ("payer",)
    assert difference.parties["commune"].difference == 1000
    assert difference.totals["fund_minor"].difference == -1000


def test_a_contribution_shows_in_the_parties(survey):
    rules = [Contribution("ngo", "fixed", "service", Fraction(500))]
    difference = compare_quotes(quote(survey()), quote(survey(), contributions=rules))
    assert difference.parties["ngo"].difference == 500
    assert not difference.is_empty


def test_quotes_in_two_currencies_cannot_be_compared(survey):
    one = quote(survey())
    with pytest.raises(CurrencyMismatch):
        compare_quotes(one, replace(one, currency="EUR"))
