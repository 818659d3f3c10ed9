"""Importing price lists: a broken file stores nothing, a draft counts nothing, nobody approves the own list."""

import pytest
from sqlalchemy import text

from server.actor import Actor, Grant, Role
from server.demo import world as demo_world
from server.errors import Forbidden, NotFound, SamePerson, WrongState
from server.price_lists import service as price_lists
from server.quotes import service as quotes
from workflows.errors import InvalidInput

COPARGO = demo_world.file("price_list_copargo.xlsx")
HEADER = "list,region,item,unit,min,typical,max,currency,valid_from,valid_to,quality,source,observed_on"


def bring(world, data=COPARGO, filename="prices.xlsx", who="national"):
    return world.run(who, price_lists.import_price_list, data, filename=filename)


def stored(world):
    with world.runtime.engine.connect() as connection:
        return [
            connection.scalar(text(f"SELECT count(*) FROM {t}")) for t in ("price_list", "price", "journal")
        ]


@pytest.fixture
def without_prices(world):
    """The world's prices taken away, so that the same files can be brought again."""
    world.tamper("DELETE FROM price", "DELETE FROM price_list")
    return world


def test_every_row_is_stored_exactly_as_in_the_file(without_prices):
    row = bring(without_prices)
    prices = without_prices.read(price_lists.prices_of_list, row.id)
    assert (row.status, row.row_count, len(prices)) == ("draft", len(prices), row.row_count)
    assert row.row_count > 10
    assert without_prices.runtime.files.get(row.file_sha256) == COPARGO


def test_a_draft_prices_nothing_until_somebody_else_approves_it(without_prices):
    row = bring(without_prices)
    price = without_prices.read(price_lists.prices_of_list, row.id)[0]

    def known(tx):
        return price_lists.price_book(tx).rows(price.region_code, price.item_code)

    assert without_prices.read(known) == ()
    without_prices.run("expert", price_lists.approve_price_list, row.id)
    assert [found.row for found in without_prices.read(known)] == [price.row]


@pytest.mark.parametrize(
    ("name", "data"),
    [("x.xlsx", b""), ("x.xlsx", b"PK\x03\x04 not a workbook"), ("x.csv", b""), ("x.csv", b"\xff\xfe\x00\x01"),
     ("x.exe", b"MZ"), ("x.csv", b"item,price\nMEAL,1\n"), ("x.csv", HEADER.encode())],
)  # fmt: skip
def test_a_broken_file_is_refused_with_its_problems_and_stores_nothing(world, name, data):
    before = stored(world)
    files = sorted(world.runtime.files.root.rglob("*"))
    with pytest.raises(InvalidInput) as refused:
        bring(world, data, name)
    assert refused.value.problems
    assert stored(world) == before
    assert sorted(world.runtime.files.root.rglob("*")) == files


def test_one_wrong_cell_stores_no_row_and_is_named(without_prices):
    import io

    import openpyxl

    book = openpyxl.load_workbook(io.BytesIO(COPARGO))
    sheet = book.worksheets[0]
    row, cell = next(
        (cells[0].row, cell)
        for cells in sheet.iter_rows(min_row=4)
        for cell in cells
        if isinstance(cell.value, (int, float)) and not isinstance(cell.value, bool)
    )
    cell.value = "about three hundred"
    out = io.BytesIO()
    book.save(out)
    before = stored(without_prices)
    with pytest.raises(InvalidInput) as refused:
        bring(without_prices, out.getvalue())
    assert any(str(row) in p.place for p in refused.value.problems), [p.place for p in refused.value.problems]
    assert stored(without_prices) == before


def test_nobody_approves_the_list_they_imported(without_prices):
    both = Actor("both", grants=(Grant(Role.COORDINATOR, ""), Grant(Role.EXPERT, "")))
    row = bring(without_prices, who=both)
    with pytest.raises(SamePerson):
        without_prices.run(both, price_lists.approve_price_list, row.id)
    without_prices.run("expert", price_lists.approve_price_list, row.id)
    with pytest.raises(WrongState):
        without_prices.run("finance", price_lists.approve_price_list, row.id)


def test_coordinators_import_for_their_region_only(without_prices):
    with pytest.raises(Forbidden):
        bring(without_prices, demo_world.file("price_list_benin.xlsx"), who="coordinator")
    elsewhere = Actor("x", grants=(Grant(Role.COORDINATOR, "DE/"),))
    with pytest.raises(Forbidden):
        bring(without_prices, who=elsewhere)
    for who in ("expert", "finance", "auditor"):
        with pytest.raises(Forbidden):
            bring(without_prices, who=who)


def test_an_unknown_list_is_not_found(world):
    with pytest.raises(NotFound):
        world.run("expert", price_lists.approve_price_list, "nothing")


def test_a_quote_keeps_its_prices_when_the_list_changes(world):
    before = world.read(quotes.quote, world.quote_id)
    world.tamper("UPDATE price SET typical = '999999', maximum = '9999999'")
    assert world.read(quotes.quote, world.quote_id) == before
    assert world.read(lambda tx: quotes.quote_row(tx, world.quote_id)).charged_minor == before.charged_minor
