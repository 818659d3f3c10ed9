"""Quotes of an installation: asked again, explained, side by side, in the catalogue's matrix, together."""

from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest

from pricing.contributions import Overhead
from pricing.errors import NotPriceable
from pricing.price_lists import MinimumWage
from server.demo import world as demo_world
from server.errors import Forbidden, NotFound, WrongState
from server.price_lists import service as price_lists
from server.quotes import prices
from server.quotes import service as quotes

REGION = demo_world.COMMUNE


def cheaper_list(world, factor="0.5"):
    """A newer list with one price halved; returns the item."""
    today = world.clock.now().date()
    book = world.read(price_lists.price_book)
    item = next(i for i in book.items if book.rows(REGION, i))
    row = book.rows(REGION, item)[0]
    data = (
        "list,region,item,unit,typical,currency,valid_from\n"
        f"NEW,{REGION},{item},{row.unit},{float(row.typical * Fraction(factor)):.2f},XOF,{today}\n"
    ).encode()
    made = world.run("national", price_lists.import_price_list, data, filename="new.csv")
    world.run("expert", price_lists.approve_price_list, made.id)
    return item, made.id


# --- asked again --------------------------------------------------------------------------------------------


def test_a_quote_asked_for_again_supersedes_the_old_one_and_says_what_changed(world):
    item, _ = cheaper_list(world)
    made = world.run("coordinator", quotes.requote, world.quote_id)
    assert (made.row.number, made.row.replaces) == (2, world.quote_id)
    assert made.after.replaces == made.before.digest()
    assert {line.item for line in made.difference.lines if "price" in line.causes} <= {item}
    assert world.read(quotes.quote_row, world.quote_id).status == "superseded"
    assert world.read(quotes.difference, made.row.id) == made.difference
    assert world.read(quotes.difference, world.quote_id) is None
    with pytest.raises(WrongState):
        world.run("coordinator", quotes.requote, world.quote_id)


def test_an_accepted_quote_is_not_asked_for_again(world):
    world.grant()
    world.accept_quote()
    with pytest.raises(WrongState):
        world.run("coordinator", quotes.requote, world.quote_id)


# --- prices -------------------------------------------------------------------------------------------------


def test_the_book_is_the_same_until_a_list_is_approved_or_retired(world):
    book = world.read(price_lists.price_book)
    assert world.read(price_lists.price_book) is book
    item, list_id = cheaper_list(world)
    newer = world.read(price_lists.price_book)
    assert newer.rows(REGION, item)[0].list == "NEW"
    world.run("expert", price_lists.retire_price_list, list_id)
    assert world.read(price_lists.price_book).rows(REGION, item)[0].list != "NEW"
    with pytest.raises(WrongState):
        world.run("expert", price_lists.retire_price_list, list_id)


def test_a_book_of_a_transaction_that_is_rolled_back_is_not_kept(world):
    def changed(tx):
        price_lists.add_minimum_wage(tx, MinimumWage("BJ", Fraction(1), "XOF", date(2001, 1, 1)))
        assert len(price_lists.price_book(tx).minimum_wages) == len(before) + 1
        raise LookupError

    before = world.read(price_lists.price_book).minimum_wages
    with pytest.raises(LookupError):
        world.run("national", changed)
    assert world.read(price_lists.price_book).minimum_wages == before


def test_the_history_of_a_price_has_retired_lists_and_the_regions_above(world):
    item, list_id = cheaper_list(world)
    world.run("expert", price_lists.retire_price_list, list_id)
    points = world.read(price_lists.price_history, item, REGION, who="expert")
    assert [p.price.valid_from for p in points] == sorted(p.price.valid_from for p in points)
    assert {p.status for p in points} == {"approved", "retired"}
    assert points[-1].list_id == list_id
    with pytest.raises(NotFound):
        world.read(price_lists.price_history, "NOTHING", REGION, who="expert")


def test_an_honorarium_below_the_minimum_wage_is_a_warning_of_the_quote(world):
    wage = MinimumWage("BJ", Fraction(10**6), "XOF", date(2026, 1, 1), "DAY")
    world.run("national", price_lists.add_minimum_wage, wage)
    found = world.read(
        quotes.calculate, version_id=world.version_id, region=REGION, basis="expected", draws=0
    )
    assert "honorarium-below-minimum-wage" in {w.code for w in found.warnings}
    with pytest.raises(Forbidden):
        world.run("expert", price_lists.add_minimum_wage, wage)


# --- many prices --------------------------------------------------------------------------------------------


def test_the_catalogues_matrix_equals_the_quotes(world):
    codes = [REGION, "BJ", *world.villages[:2], "DE"]
    found = world.read(quotes.catalogue_prices, version_ids=[world.version_id], region_codes=codes)
    for code in codes:
        try:
            quote = world.read(
                quotes.calculate, version_id=world.version_id, region=code, basis="expected", draws=0
            )
        except NotPriceable:
            assert found.amount(world.version_id, code) is None
        else:
            assert found.amount(world.version_id, code) == quote.catalogue_minor


def test_regions_side_by_side_each_have_their_own_terms(world):
    found = world.read(prices.in_regions, world.version_id, ["BJ", "DE"], draws=0)
    assert [bool(price.quote and price.quote.overheads) for price in found] == [True, False]
    assert all(price.quote or price.problems for price in found)


def test_a_number_of_a_quote_is_explained(world):
    found = world.read(quotes.explanation, world.quote_id, "expected")
    assert sum(part.amount_minor for part in found.parts) == found.amount_minor
    with pytest.raises(NotFound):
        world.read(quotes.explanation, world.quote_id, "line:nothing")


def planned(world, key, **more):
    fields = {"version_id": world.version_id, "instances": 2, "duration_days": 20, **more}
    return quotes.PlannedService(key, **fields)


def test_several_services_are_priced_together_month_by_month(world):
    first = world.clock.now().date() + timedelta(days=10)
    plan = [planned(world, "a"), planned(world, "b", after=("a",), parameters={"distance_km": Decimal(5)})]
    row = world.run(
        "coordinator", quotes.make_project_quote, name="Two", region=REGION, starts_on=first, services=plan
    )
    found = world.read(quotes.project_quote, row.id)
    assert (row.digest, row.charged_minor) == (found.digest(), found.charged_minor)
    assert sum(m.cash_minor for m in found.months) + found.contingency_minor == found.fund_minor + sum(
        found.party_minor.values()
    )
    assert found.components[1].starts_on == first + timedelta(days=20)
    assert [r.id for r in world.read(quotes.project_quotes)] == [row.id]


def test_a_project_quote_is_for_one_village_at_least(world):
    with pytest.raises(quotes.NoInstances):
        world.read(
            quotes.calculate_project, name="x", region=REGION, starts_on=date(2026, 1, 1),
            services=[planned(world, "a", instances=0)],
        )  # fmt: skip


def test_a_price_that_no_ledger_can_book_is_refused_and_nothing_is_kept(world):
    rules = [Overhead("tax", "percent", Fraction(10**18))]
    before = len(world.read(quotes.quotes))
    with pytest.raises(NotPriceable) as refused:
        world.run(
            "coordinator", quotes.make_quote, version_id=world.version_id, region=demo_world.COMMUNE, instances=1,
            overheads=rules, contributions=(),
        )  # fmt: skip
    assert [p.code for p in refused.value.problems] == ["price-too-large"]
    assert len(world.read(quotes.quotes)) == before
