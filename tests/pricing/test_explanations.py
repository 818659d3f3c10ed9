from datetime import date
from fractions import Fraction

import pytest

from pricing.contributions import Contribution, Overhead
from pricing.explanations import explain
from pricing.price_lists import Item, PriceBook, PriceRow
from pricing.quotes import build_quote
from pricing.regions import Region, RegionTree
from workflows.definitions.model import Expense, Honorarium, TaskCard


@pytest.fixture(scope="module")
def quote(diagram):
    places = RegionTree([Region("BJ", None, "country"), Region("V", "BJ", "village")])
    items = [Item("FEE", "DAY", "honorarium"), Item("MEAL", "C62", "catering")]
    rows = [
        PriceRow(
            "L-2026", number, "BJ", code, unit, *[Fraction(price)] * 3, "XOF", date(2026, 1, 1), source="shop"
        )
        for number, (code, unit, price) in enumerate([("FEE", "DAY", 15000), ("MEAL", "C62", 1499)], start=7)
    ]
    card = TaskCard(
        honorarium=Honorarium("FEE", "0.5"), expenses=(Expense("meals", "MEAL", "30", "C62", {}),)
    )
    return build_quote(
        diagram("s>x1 x1>t1 t1>x2 x2>x1:0.08 x2>e:0.92", nodes={"t1": {"task": card}}),
        PriceBook(rows, places, items), region="V", on=date(2026, 3, 1), currency="XOF", draws=200, count=3,
        overheads=[Overhead("coordination", "percent", Fraction(10)),
                   Overhead("tax", "percent", Fraction(18), "running")],
        contributions=[Contribution("commune", "percent", "category:catering", Fraction(50))],
    )  # fmt: skip


def test_every_number_opens_down_to_the_row_of_a_list(quote):
    waiting, seen = ["charged", "fund", "party:commune", "contribution:1"], set()
    while waiting:
        number = waiting.pop()
        if number in seen:
            continue
        seen.add(number)
        found = explain(quote, number)
        assert found.number == number
        assert found.message % found.params
        amounts = [part.amount_minor for part in found.parts]
        if amounts and None not in amounts:
            assert sum(amounts) == found.amount_minor, number
        waiting += [part.number for part in found.parts]
    assert {"price:t1/honorarium", "price:t1/meals", "quantity:t1/meals", "executions:t1/meals"} <= seen


def test_a_price_says_list_row_place_day_and_factors(quote):
    params = explain(quote, "price:t1/meals").params
    assert (params["list"], params["row"], params["region"], params["depth"]) == ("L-2026", "8", "BJ", "1")
    assert (params["valid_from"], params["listed"], params["unit_factor"], params["source"]) == (
        "2026-01-01", "1499", "1", "shop",
    )  # fmt: skip


@pytest.mark.parametrize(
    "number", ["", "nothing", "line:t1/nobody", "party:me", "task:", "contribution:2", "contribution:x"]
)
def test_a_number_that_is_not_in_the_quote_is_an_error(quote, number):
    with pytest.raises(KeyError):
        explain(quote, number)
