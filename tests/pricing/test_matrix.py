from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pricing.contributions import Contribution, Overhead
from pricing.errors import NotPriceable
from pricing.matrix import NO_PRICE, cells, compile_catalogue, price_matrix
from pricing.price_lists import ExchangeRate, Item, PriceBook, PriceRow
from pricing.quotes import build_quote
from pricing.regions import Region, RegionTree
from pricing.service_costs import compile_service
from pricing.units import Packaging
from workflows.definitions.model import Estimate, Expense, Parameter, ServiceCard, TaskCard, Verification

ON = date(2026, 3, 1)
PLACES = RegionTree(
    [
        Region("BJ-DO-COP", "BJ-DO", "commune"),  # before its parent: the order must not matter
        Region("BJ", None, "country"),
        Region("BJ-DO", "BJ", "department"),
        Region("V", "BJ-DO-COP", "village"),
        Region("DE", None, "country"),
        Region("ALF", "DE", "commune"),
    ]
)
CURRENCIES = {"BJ": "XOF", "BJ-DO": "XOF", "BJ-DO-COP": "XOF", "V": "XOF", "DE": "EUR", "ALF": "EUR"}
ITEMS = [Item("FEE", "DAY", "honorarium"), Item("RICE", "KGM", "catering"), Item("PEN", "C62", "material")]
PACKAGES = [Packaging("RICE", "XBG", "KGM", Fraction(50))]
RATES = [ExchangeRate("EUR", "XOF", Fraction("655.957"), date(1999, 1, 1))]
ENDED, STARTED = date(2025, 12, 31), date(2025, 1, 1)
OVERHEADS = (
    Overhead("coordination", "percent", Fraction(10)),
    Overhead("franchise_fee", "percent", Fraction(5)),
    Overhead("contingency", "percent", Fraction(7), "running"),
    Overhead("tax", "percent", Fraction(18), "running"),
    Overhead("bank", "fixed", Fraction(500)),
)


def row(region, item, amount, unit, currency="XOF", number=1, until=None):
    return PriceRow(
        f"L-{region}", number, region, item, unit, *[Fraction(amount)] * 3, currency, STARTED, until
    )


def book(*rows):
    return PriceBook(rows, PLACES, ITEMS, PACKAGES, RATES)


def service(diagram, *lines, again="0.08", rework="0"):
    """Two tasks, the first done again with a probability; lines of (item, quantity, unit, charge)."""
    expenses = tuple(
        Expense(f"e{i}", item, q, unit, {}, charge=c) for i, (item, q, unit, c) in enumerate(lines)
    )
    card = TaskCard(expenses=expenses, verification=Verification(rework="full"))
    return compile_service(
        diagram(
            f"s>x1 x1>t1 t1>x2 x2>x1:{again} x2>t2:{1 - Decimal(again)} t2>e",
            nodes={
                "t1": {"task": card, "estimate": Estimate(rework=Decimal(rework))},
                "t2": {"task": TaskCard(expenses=expenses[:1])},
            },
            service=ServiceCard("S", parameters=(Parameter("people", {}, default=Decimal(60)),)),
        )
    )


USUAL = [
    ("FEE", "0.5", "DAY", "acceptance"),
    ("RICE", "people * 0.15", "KGM", "execution"),
    ("PEN", "3", "C62", "once"),
]


@pytest.fixture
def everywhere(diagram):
    return {"S1": service(diagram, *USUAL), "S2": service(diagram, *USUAL[:2], again="0.19", rework="0.1")}


def check(services, prices, overheads=OVERHEADS):
    """The matrix, after comparing each of its cells with the quote."""
    regions = list(CURRENCIES)
    found = price_matrix(
        compile_catalogue(services), prices, regions, on=ON, currencies=CURRENCIES,
        overheads=dict.fromkeys(regions, overheads),
    )  # fmt: skip
    gift = [Contribution("commune", "percent", value=Fraction(40))]
    for name, region, minor in cells(found):
        try:
            quote = build_quote(
                services[name], prices, region=region, on=ON, currency=CURRENCIES[region], basis="expected",
                draws=0, overheads=overheads, contributions=gift, count=3,
            )  # fmt: skip
        except NotPriceable as refused:
            assert minor is None
            items = [p.params["item"] for p in refused.problems]
            assert [item for item, _ in found.missing(name, region)] == list(dict.fromkeys(items))
        else:
            assert minor == quote.catalogue_minor, (name, region)
    return found


def test_each_cell_equals_its_quote_before_contributions_and_contingency(everywhere):
    found = check(
        everywhere,
        book(
            row("BJ", "FEE", 15000, "DAY"), row("BJ-DO", "RICE", 27500, "XBG"), row("BJ", "RICE", 650, "KGM"),
            row("BJ", "PEN", 100, "C62"), row("V", "PEN", 75, "DZN"), row("DE", "FEE", "310.05", "DAY", "EUR"),
            row("ALF", "RICE", "1.995", "KGM", "EUR"), row("DE", "PEN", 300, "C62"),
        ),
    )  # fmt: skip
    assert [code for code, priced in zip(found.regions, found.priced.T, strict=True) if not priced.all()] == [
        "DE"
    ]
    assert found.amount("S1", "V") != found.amount("S1", "BJ")


def test_a_missing_price_marks_only_the_cells_that_need_it(everywhere):
    prices = book(
        row("BJ", "FEE", 15000, "DAY"), row("BJ", "RICE", 650, "KGM"), row("BJ-DO", "PEN", 100, "C62"),
        row("DE", "FEE", 300, "DAY", "EUR"), row("DE", "RICE", 2, "LTR", "EUR"),
        row("DE", "PEN", 1, "C62", "EUR", until=ENDED),
    )  # fmt: skip
    found = check(everywhere, prices)
    assert found.amount("S1", "BJ") is None
    assert found.missing("S1", "BJ") == (("PEN", "C62"),)
    assert (found.amount("S2", "BJ"), found.amount("S1", "V")) != (None, None)
    assert not found.priced[:, 4:].any()
    assert (found.minor[:, 4:] == NO_PRICE).all()


def test_a_service_that_cannot_be_priced_has_an_empty_row_and_a_reason(diagram, everywhere):
    lost = service(diagram, ("FEE", "nobody * 2", "DAY", "execution"))
    catalogue = compile_catalogue({**everywhere, "BAD": lost})
    found = price_matrix(catalogue, book(row("BJ", "FEE", 1, "DAY")), ["BJ"], on=ON, currencies=CURRENCIES)
    assert {p.code for p in found.problems["BAD"]} == {"quantity-not-a-number"}
    assert found.amount("BAD", "BJ") is None


def test_a_tie_is_rounded_up_as_in_the_quote(diagram):
    half = {"S": service(diagram, ("PEN", "0.5", "C62", "instance"), again="0")}
    found = check(
        half, book(row("BJ", "PEN", 1, "C62"), row("DE", "PEN", "0.01", "C62", "EUR")), overheads=()
    )
    assert found.amount("S", "BJ") == 1  # 0.5 for each of two tasks


@pytest.mark.parametrize("amount", [10**15, Fraction(10**15, 3), Fraction(1, 10**12)])
def test_numbers_beyond_64_bits_are_as_exact(everywhere, amount):
    check(everywhere, book(*(row("BJ", item.code, amount, item.unit) for item in ITEMS)))


amounts = st.one_of(
    st.integers(0, 10**6), st.decimals(0, 10**6, places=2), st.fractions(0, 10**4, max_denominator=12)
)
places = st.sampled_from(sorted(CURRENCIES))


@settings(max_examples=60, deadline=None)
@given(
    prices=st.lists(st.tuples(places, st.sampled_from([i.code for i in ITEMS]), amounts), max_size=14),
    quantities=st.lists(st.sampled_from(["0.5", "1", "people / 7", "0.000001", "3"]), min_size=3, max_size=3),
    over=st.fractions(0, 40, max_denominator=4), again=st.sampled_from(["0", "0.08", "0.5", "0.19"]),
)  # fmt: skip
def test_the_matrix_equals_the_quotes(diagram, prices, quantities, over, again):
    units = {item.code: item.unit for item in ITEMS}
    rows = [
        row(region, item, Fraction(amount), units[item], "XOF" if region[0] in "BV" else "EUR", number)
        for number, (region, item, amount) in enumerate(prices)
    ]
    lines = [(item.code, q, item.unit, "execution") for item, q in zip(ITEMS, quantities, strict=True)]
    rules = (Overhead("coordination", "percent", over), Overhead("tax", "percent", over, "running"))
    check({"S": service(diagram, *lines, again=again, rework="0.1")}, book(*rows), rules)


def test_sums_a_hair_beside_a_half_are_rounded_to_their_own_side(diagram):
    """Two weights whose floats do not sum to one, and prices a whole number apart from 10**12 and a half."""
    lines = [("PEN", "0.333333", "C62", "instance"), ("FEE", "0.166667", "DAY", "instance")]
    model = {"S": service(diagram, *lines, again="0")}
    for nudge in (-1, 0, 1):
        pen, fee = 3 * 10**9 + nudge, 3 * 10**9 + 1
        check(model, book(row("BJ", "PEN", pen, "C62"), row("BJ", "FEE", fee, "DAY")), overheads=())
