from dataclasses import replace
from datetime import date
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pricing.price_lists import ExchangeRate, Item, MissingPrice, PriceBook, PriceRow, Resolved
from pricing.regions import Region, RegionTree
from pricing.units import Packaging

DAY = date(2026, 3, 1)
CHAIN = ["BJ-DO-COP-A-V", "BJ-DO-COP-A", "BJ-DO-COP", "BJ-DO", "BJ"]
LEVELS = ["village", "arrondissement", "commune", "department", "country"]


def benin():
    parents = [*CHAIN[1:], None]
    return RegionTree(Region(c, p, level) for c, p, level in zip(CHAIN, parents, LEVELS, strict=True))


def price(region="BJ", item="FUEL", amount=700, unit="LTR", currency="XOF", row=1, **more):
    typical = Fraction(amount)
    fields = {
        "list": "L1", "minimum": typical, "maximum": typical, "valid_from": date(2026, 1, 1), **more,
    }  # fmt: skip
    return PriceRow(
        region=region, item=item, unit=unit, typical=typical, currency=currency, row=row, **fields
    )


def book(*rows, packaging=(), rates=()):
    items = [Item("FUEL", "LTR", "transport"), Item("NPK", "KGM", "inputs")]
    return PriceBook(rows, benin(), items, packaging, rates)


def find(prices, item="FUEL", unit="LTR", region=CHAIN[0], on=DAY, currency="XOF"):
    return prices.resolve(item, unit, region, on, currency)


def test_the_nearest_level_wins_and_is_named():
    found = find(book(price("BJ", amount=700), price("BJ-DO", amount=650, row=7, list="DO", source="survey")))
    assert isinstance(found, Resolved)
    assert (found.typical, found.region, found.level, found.depth) == (650, "BJ-DO", "department", 3)
    assert (found.list, found.row, found.source) == ("DO", 7, "survey")


@pytest.mark.parametrize("depth", range(5))
def test_fallback_equals_an_explicit_copy(depth):
    above = find(book(price(CHAIN[depth], amount=123)))
    copy = find(book(price(CHAIN[0], amount=123)))
    assert (above.typical, above.minimum, above.maximum) == (copy.typical, copy.minimum, copy.maximum)
    assert above.depth == depth


def test_a_price_out_of_date_is_passed_over():
    old = price("BJ-DO", amount=1, valid_from=date(2025, 1, 1), valid_to=date(2026, 2, 28))
    future = price("BJ-DO-COP", amount=2, valid_from=date(2026, 3, 2))
    assert find(book(old, future, price("BJ"))).typical == 700


def test_both_ends_of_the_validity_count():
    row = price(valid_from=DAY, valid_to=DAY)
    assert isinstance(find(book(row)), Resolved)
    assert isinstance(find(book(row), on=date(2026, 3, 2)), MissingPrice)
    assert isinstance(find(book(row), on=date(2026, 2, 28)), MissingPrice)


def test_the_price_that_became_valid_last_is_used():
    newer = price(amount=720, valid_from=date(2026, 2, 1), row=2)
    assert find(book(price(), newer)).typical == find(book(newer, price())).typical == 720


def test_a_bag_price_becomes_a_price_per_kilogram_with_its_factor():
    bag = Packaging("NPK", "BG", "KGM", Fraction(50))
    found = find(book(price(item="NPK", unit="BG", amount=17000), packaging=[bag]), item="NPK", unit="KGM")
    assert found.typical == 340
    assert (found.listed, found.listed_unit, found.unit_factor) == (17000, "BG", Fraction(1, 50))


def test_a_foreign_price_is_converted_at_the_rate_of_the_day():
    rates = [
        ExchangeRate("EUR", "XOF", Fraction("655.957"), date(1999, 1, 1), source="BCEAO"),
        ExchangeRate("USD", "XOF", Fraction(500), date(2026, 1, 1)),
        ExchangeRate("USD", "XOF", Fraction(600), date(2026, 2, 1)),
        ExchangeRate("USD", "XOF", Fraction(900), date(2026, 4, 1)),
    ]
    euro = find(book(price(amount=150, currency="EUR"), rates=rates))
    assert euro.typical == 150 * Fraction("655.957")
    assert "EUR/XOF" in euro.exchange_source
    assert "BCEAO" in euro.exchange_source
    assert find(book(price(amount=1, currency="USD"), rates=rates)).typical == 600
    assert find(book(price(amount=600), rates=rates), currency="USD").typical == 1


def test_a_third_currency_may_stand_between():
    rates = [
        ExchangeRate("EUR", "XOF", Fraction(656), date(1999, 1, 1)),
        ExchangeRate("USD", "EUR", Fraction(1, 2), date(2026, 1, 1)),
    ]
    found = find(book(price(amount=2, currency="USD"), rates=rates))
    assert found.typical == 656
    assert "USD/EUR" in found.exchange_source


def test_a_missing_price_says_everything_that_was_tried_and_why():
    rows = [
        price("BJ-DO-COP", valid_from=date(2027, 1, 1)),
        price("BJ-DO", unit="XBG"),
        price("BJ", currency="USD"),
    ]
    missing = find(book(*rows))
    assert isinstance(missing, MissingPrice)
    assert [(a.region, a.reason) for a in missing.tried] == [
        ("BJ-DO-COP-A-V", "none"), ("BJ-DO-COP-A", "none"), ("BJ-DO-COP", "date"), ("BJ-DO", "unit"),
        ("BJ", "currency"),
    ]  # fmt: skip
    problem = missing.problem("task_1")
    assert (problem.code, problem.place, problem.params["item"]) == ("missing-price", "task_1", "FUEL")
    assert "BJ-DO-COP: date 2027-01-01.." in problem.text()


def test_unknown_items_and_regions_are_said_at_once():
    missing = find(book(price()), item="GOLD", region="MARS")
    assert [a.reason for a in missing.tried] == ["unknown-item", "unknown-region"]


@given(st.fractions(min_value=0, max_value=10**9, max_denominator=1000), st.integers(1, 1000))
def test_prices_scale(amount, scale):
    row = price(amount=amount)
    scaled = replace(row, typical=row.typical * scale)
    assert find(book(scaled)).typical == scale * find(book(row)).typical
