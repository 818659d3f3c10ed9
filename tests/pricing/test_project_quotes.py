from datetime import date
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pricing.contributions import Contribution, Overhead
from pricing.errors import NotPriceable, UnreadableValue
from pricing.price_lists import Item, PriceBook, PriceRow
from pricing.project_quotes import Component, ProjectQuote, build_project_quote
from pricing.regions import Region, RegionTree
from pricing.service_costs import compile_service
from workflows.definitions.model import Expense, Honorarium, TaskCard

ON = date(2026, 3, 1)
PLACES = RegionTree([Region("BJ", None, "country"), Region("V", "BJ", "village")])
ITEMS = [Item("FEE", "DAY", "honorarium"), Item("HALL", "DAY", "venue")]


def book(spread=0, without=()):
    rows = [
        PriceRow(
            "L", number, "BJ", item, "DAY", Fraction(amount) * (1 - Fraction(spread) / 2), Fraction(amount),
            Fraction(amount) * (1 + Fraction(spread)), "XOF", date(2026, 1, 1),
        )
        for number, (item, amount) in enumerate([("FEE", 15000), ("HALL", 9999)], start=1)
        if item not in without
    ]  # fmt: skip
    return PriceBook(rows, PLACES, ITEMS)


@pytest.fixture(scope="session")
def service(diagram):
    def build(again="0", days="1"):
        hall = Expense("hall", "HALL", "1", "DAY", {}, payer="village", in_kind=True)
        card = TaskCard(honorarium=Honorarium("FEE", days), expenses=(hall,))
        chance = float(Fraction(again))
        text = f"s>x1 x1>t1 t1>x2 x2>x1:{chance} x2>e:{1 - chance}" if chance else "s>t1 t1>e"
        return compile_service(diagram(text, nodes={"t1": {"task": card}}))

    return build


def component(key, service, **more):
    return Component(
        **{"key": key, "service": service, "region": "V", "count": 2, "duration_days": 30, **more}
    )


def project(*components, prices=None, **more):
    fields = {"name": "P", "starts_on": date(2026, 1, 20), "on": ON, "currency": "XOF", "draws": 2000, **more}
    return build_project_quote(components, prices or book(), **fields)


def test_a_service_begins_when_those_before_it_have_ended_and_its_lag_has_passed(service):
    one = service()
    found = project(
        component("train", one, after=("meet", "survey"), lag_days=3), component("meet", one, duration_days=10),
        component("survey", one, duration_days=5, lag_days=2), basis="expected",
    )  # fmt: skip
    days = {c.key: (c.starts_on, c.ends_on) for c in found.components}
    assert days["meet"] == (date(2026, 1, 20), date(2026, 1, 29))
    assert days["survey"] == (date(2026, 1, 22), date(2026, 1, 26))
    assert days["train"] == (date(2026, 2, 2), date(2026, 3, 3))
    assert (found.starts_on, found.ends_on) == (date(2026, 1, 20), date(2026, 3, 3))


def test_the_months_sum_to_the_price_and_to_each_party(service):
    gift = Contribution("commune", "percent", "category:honorarium", Fraction(100, 3))
    tax = Overhead("tax", "percent", Fraction(18))
    found = project(
        component("a", service(), contributions=(gift,), overheads=(tax,)),
        component("b", service(days="0.5"), after=("a",), lag_days=40), basis="expected",
    )  # fmt: skip
    assert [m.first for m in found.months] == [date(2026, month, 1) for month in (1, 2, 3, 4)]
    assert sum(m.fund_minor for m in found.months) == found.fund_minor - found.contingency_minor
    assert sum(m.party_minor.get("commune", 0) for m in found.months) == found.party_minor["commune"] == 10000
    assert found.in_kind_minor == {"village": 4 * 9999}
    assert found.charged_minor == found.fund_minor + 10000 + 4 * 9999


def test_a_month_gets_the_share_of_its_days(service):
    found = project(component("a", service(), count=1, duration_days=24), basis="expected")  # 12 days in each
    assert [m.fund_minor for m in found.months] == [7500, 7500]


def test_the_p80_of_a_project_is_that_of_the_sum(service):
    again = service("1/2")
    parts = [component(key, again, count=1) for key in "abcdef"]
    alone = [project(part, draws=4000).risk for part in parts]
    together = project(*parts, draws=4000)
    assert together.risk.p80_minor < sum(risk.p80_minor for risk in alone)
    assert abs(together.risk.mean_minor / sum(risk.mean_minor for risk in alone) - 1) < 0.02
    assert together.contingency_minor >= together.risk.p80_minor - together.expected_minor


def test_a_price_of_one_row_is_the_same_for_all_services(service):
    """Without other chance the spread of two equal services is twice that of one, not the root of two."""
    one = project(component("a", service()), prices=book(spread=1), draws=8000)
    two = project(component("a", service()), component("b", service()), prices=book(spread=1), draws=8000)
    assert (
        abs((two.risk.p95_minor - two.risk.p10_minor) / (one.risk.p95_minor - one.risk.p10_minor) - 2) < 0.01
    )


def test_a_service_alone_costs_what_its_quote_says(service):
    found = project(component("a", service(), count=7), basis="expected")
    quote = found.components[0].quote
    assert (found.expected_minor, found.fund_minor) == (quote.expected_minor, quote.fund_minor)


def test_all_that_is_wrong_with_all_services_comes_at_once(service):
    with pytest.raises(NotPriceable) as refused:
        project(
            component("a", service()), component("b", service(), after=("c",)), prices=book(without=("HALL",))
        )
    assert [(p.code, p.place) for p in refused.value.problems] == [
        ("unknown-component", "b"), ("missing-price", "a: t1"), ("missing-price", "b: t1"),
    ]  # fmt: skip


def test_a_plan_beyond_the_calendar_is_refused(service):
    with pytest.raises(NotPriceable) as refused:
        project(component("a", service()), starts_on=date(9999, 12, 20))
    assert [p.code for p in refused.value.problems] == ["senseless-days"]


def test_a_project_to_p80_below_its_simulated_mean_warns(service):
    rare = component("a", service(again="1/8"), count=1)
    assert [n.code for n in project(rare, basis="p80").warnings] == ["p80-below-mean"]
    assert project(rare, basis="expected").warnings == ()
    assert project(component("a", service()), basis="expected").warnings == ()


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ([{"key": "a"}, {"key": "a"}], "duplicate-component"),
        ([{"key": "a", "after": ("b",)}, {"key": "b", "after": ("a",)}], "component-circle"),
        ([{"key": "a", "duration_days": 0}], "senseless-days"),
        ([{"key": "a", "lag_days": -1}], "senseless-days"),
    ],
)
def test_a_senseless_plan_is_refused(service, fields, code):
    with pytest.raises(NotPriceable) as refused:
        project(*(component(service=service(), **f) for f in fields))
    assert code in {p.code for p in refused.value.problems}


def test_it_is_read_back_equal_and_a_change_is_noticed(service):
    found = project(component("a", service()), component("b", service(), after=("a",)), prices=book(spread=1))
    assert ProjectQuote.from_json(found.canonical()) == found
    document = found.as_json()
    document["months"][0]["fund_minor"] += 1
    with pytest.raises(UnreadableValue, match="months"):
        ProjectQuote.from_json(document)


@settings(max_examples=40, deadline=None)
@given(
    counts=st.lists(st.integers(1, 50), min_size=1, max_size=4), days=st.integers(1, 400),
    lag=st.integers(0, 90), share=st.fractions(0, 100, max_denominator=7), fixed=st.integers(0, 10**6),
)  # fmt: skip
def test_parts_always_sum(service, counts, days, lag, share, fixed):
    rules = (Contribution("a", "percent", value=share), Contribution("b", "fixed", value=Fraction(fixed)))
    parts = [
        component(f"k{i}", service(), count=count, duration_days=days, lag_days=lag,
                  after=(f"k{i - 1}",) if i else (), contributions=rules)
        for i, count in enumerate(counts)
    ]  # fmt: skip
    assert project(*parts, draws=0, basis="expected").inconsistency() == ""
