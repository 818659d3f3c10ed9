import json
from dataclasses import replace
from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pricing.canonical import canonical_json
from pricing.compare import compare_quotes
from pricing.contributions import Contribution, Overhead
from pricing.errors import NotPriceable, UnknownCurrency, UnreadableValue
from pricing.price_lists import Item, PriceBook, PriceRow
from pricing.quotes import Due, Quote, QuotedTask, build_quote
from pricing.regions import Region, RegionTree
from pricing.service_costs import compile_service
from workflows.definitions.model import (
    Estimate,
    Expense,
    Honorarium,
    Parameter,
    ServiceCard,
    TaskCard,
    Verification,
)

DAY = date(2026, 3, 1)
PLACES = RegionTree(
    [Region("BJ", None, "country"), Region("BJ-DO", "BJ", "department"), Region("V", "BJ-DO", "village")]
)
ITEMS = [
    Item("FEE", "DAY", "honorarium"), Item("FUEL", "LTR", "transport"), Item("MEAL", "C62", "catering"),
    Item("HALL", "DAY", "venue"), Item("PEN", "C62", "material"),
]  # fmt: skip
PRICES = {
    "FEE": ("DAY", 15000),
    "FUEL": ("LTR", 700),
    "MEAL": ("C62", 1500),
    "HALL": ("DAY", 10000),
    "PEN": ("C62", 100),
}


def prices(region="BJ", currency="XOF", scale=1, spread=0, without=(), **changed):
    rows = []
    for number, (item, (unit, amount)) in enumerate(PRICES.items(), start=1):
        typical = Fraction(changed.get(item, amount)) * scale
        if item not in without:
            low, high = typical * (1 - Fraction(spread) / 2), typical * (1 + Fraction(spread))
            rows.append(
                PriceRow(
                    "BJ-2026", number, region, item, unit, low, typical, high, currency, date(2026, 1, 1)
                )
            )
    return PriceBook(rows, PLACES, ITEMS)


def expense(item, number, *, unit="C62", **more):
    return Expense(f"e_{item.lower()}", item, str(number), unit, {"en": item}, **more)


def card(*expenses, days=None, charge="execution", rework="none", **more):
    work = Honorarium("FEE", str(days), "DAY", charge) if days is not None else None
    return TaskCard(expenses=expenses, honorarium=work, verification=Verification(rework=rework, **more))


def quote(definition, book=None, **options):
    fields = {"region": "V", "on": DAY, "currency": "XOF", "basis": "expected", "draws": 500, **options}
    return build_quote(definition, book or prices(), **fields)


@pytest.fixture(scope="session")
def meeting(diagram):
    """Announce; hold a meeting, again with probability 2/25; report."""

    def build(**cards):
        tasks = {
            "t1": card(expense("FUEL", 2, unit="LTR"), days="0.5"),
            "t2": card(expense("MEAL", "participants * 0.5"), expense("HALL", 1, unit="DAY"), days=1),
            "t3": card(days="0.5"),
            **cards,
        }
        service = ServiceCard(
            "S01", parameters=(Parameter("participants", {"en": "participants"}, default=Decimal(60)),)
        )
        return diagram(
            "s>t1 t1>x1 x1>t2 t2>x2 x2>x1:0.08 x2>t3:0.92 t3>e",
            nodes={task: {"task": found} for task, found in tasks.items()},
            service=service,
        )

    return build


@pytest.fixture(scope="session")
def single(diagram):
    def build(task_card, **fields):
        return diagram("s>t1 t1>e", nodes={"t1": {"task": task_card, **fields}})

    return build


# --- amounts ------------------------------------------------------------------------------------------------


def test_an_amount_is_executions_times_quantity_times_price(meeting):
    found = quote(meeting())
    meals = next(line for line in found.lines if line.item == "MEAL")
    assert (meals.executions, meals.quantity, meals.price.typical) == (Fraction(25, 23), 30, 1500)
    assert meals.amount == Fraction(25, 23) * 30 * 1500
    exact = Fraction(7500 + 1400 + 7500) + Fraction(25, 23) * (15000 + 45000 + 10000)
    assert found.expected_minor == round(exact) == found.charged_minor == found.fund_minor
    assert found.tasks["t2"].executions == Fraction(25, 23)


def test_every_line_says_where_its_price_came_from(meeting):
    line = quote(meeting(), prices("BJ-DO")).lines[0]
    assert (line.price.list, line.price.row, line.price.region, line.price.depth) == (
        "BJ-2026",
        1,
        "BJ-DO",
        1,
    )
    assert (line.price.listed, line.price.unit_factor, line.price.exchange_rate) == (15000, 1, 1)


def test_a_parameter_changes_the_quantity(meeting):
    found = quote(meeting(), parameters={"participants": 100})
    assert next(line for line in found.lines if line.item == "MEAL").quantity == 50
    assert found.parameters == {"participants": 100}


def test_a_project_of_46_is_46_instances_rounded_once(meeting):
    one, many = quote(meeting()), quote(meeting(), count=46)
    exact = sum(line.amount for line in one.lines)
    assert many.expected_minor == round(exact * 46)
    assert many.tasks["t2"].due == one.tasks["t2"].due


def test_euro_amounts_are_in_cents(single):
    found = quote(
        single(card(expense("PEN", "1.5"))), prices(currency="EUR", PEN=Fraction(33, 100)), currency="EUR"
    )
    assert found.expected_minor == 50  # 0.495 EUR


# --- charges and rework -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("charge", "executions"),
    [
        ("execution", Fraction(2)),
        ("acceptance", Fraction(2)),
        ("once", Fraction(1)),
        ("instance", Fraction(1)),
    ],
)
def test_charges_count_what_they_say(diagram, charge, executions):
    model = diagram(
        "s>x1 x1>t1 t1>x2 x2>x1:0.5 x2>e:0.5", nodes={"t1": {"task": card(expense("PEN", 1, charge=charge))}}
    )
    assert quote(model).lines[0].executions == executions


def test_once_is_the_chance_that_the_task_is_reached(diagram):
    lines = card(expense("PEN", 1, charge="once"), expense("MEAL", 1, charge="instance"))
    model = diagram("s>x1 x1>t1:0.25 x1>e:0.75 t1>e", nodes={"t1": {"task": lines}})
    assert [line.executions for line in quote(model).lines] == [Fraction(1, 4), 1]


@pytest.mark.parametrize(
    ("policy", "work", "costs"),
    [("none", 1, 1), ("expenses", 1, Fraction(25, 23)), ("full", Fraction(25, 23), Fraction(25, 23))],
)
def test_rework_is_priced_by_its_policy(single, policy, work, costs):
    sent_back = Estimate(rework=Decimal("0.08"))
    found = quote(single(card(expense("PEN", 1), days=1, rework=policy), estimate=sent_back))
    assert [line.executions for line in found.lines] == [work, costs]
    due = found.tasks["t1"].due
    assert (due.honorarium_minor, due.expenses_minor) == (15000, 100)
    again = found.tasks["t1"].due_rework
    assert (again.honorarium_minor, again.expenses_minor) == {
        "none": (0, 0), "expenses": (0, 100), "full": (15000, 100),
    }[policy]  # fmt: skip


def test_a_line_per_acceptance_never_pays_rework(single):
    model = single(card(days=1, charge="acceptance", rework="full"), estimate=Estimate(rework=Decimal("0.5")))
    assert quote(model).lines[0].executions == 1


# --- who pays -----------------------------------------------------------------------------------------------


def test_a_line_of_a_third_party_is_not_the_funds(single):
    found = quote(single(card(expense("MEAL", 10, payer="commune"), days=1)))
    assert (found.fund_minor, found.party_minor) == (15000, {"commune": 15000})
    due = found.tasks["t1"].due
    assert (due.fund_minor, due.party_minor, due.cash_minor) == (15000, {"commune": 15000}, 30000)


def test_what_is_given_is_shown_and_owed_to_nobody(single):
    found = quote(single(card(expense("HALL", 1, unit="DAY", payer="village", in_kind=True), days=1)))
    assert (found.expected_minor, found.fund_minor, found.in_kind_minor) == (25000, 15000, {"village": 10000})
    due = found.tasks["t1"].due
    assert (due.cash_minor, due.in_kind_minor, due.fund_minor, due.party_minor) == (
        15000,
        {"village": 10000},
        15000,
        {},
    )


def test_contributions_apply_in_order_to_what_is_left(single):
    rules = [
        Contribution("commune", "percent", "category:catering", Fraction(50)),
        Contribution("partner", "percent", "item:MEAL", Fraction(50), cap=Fraction(1000)),
        Contribution("farmers", "in_kind", "item:PEN"),
        Contribution("ministry", "fixed", "service", Fraction(5000)),
    ]
    found = quote(single(card(expense("MEAL", 10), expense("PEN", 5), days=1)), contributions=rules)
    assert [c.amount for c in found.contributions] == [7500, 1000, 500, 5000]
    assert found.party_minor == {"commune": 7500, "partner": 1000, "ministry": 5000}
    assert found.in_kind_minor == {"farmers": 500}
    assert found.fund_minor == 30500 - 7500 - 1000 - 500 - 5000
    due = found.tasks["t1"].due
    assert due.in_kind_minor == {"farmers": 500}
    assert (
        due.fund_minor + sum(due.party_minor.values()) == due.honorarium_minor + due.expenses_minor == 30000
    )


def test_a_contribution_never_takes_more_than_is_left(single):
    rules = [
        Contribution("a", "fixed", "service", Fraction(10**9)),
        Contribution("b", "percent", value=Fraction(50)),
    ]
    found = quote(single(card(days=1)), contributions=rules)
    assert (found.fund_minor, found.party_minor["a"]) == (0, 15000)


def test_overheads_apply_in_order_and_contributions_do_not_reduce_their_base(single):
    overheads = [
        Overhead("coordination", "percent", Fraction(10)),
        Overhead("contingency", "percent", Fraction(5), "running"),
        Overhead("bank", "fixed", Fraction(99)),
    ]
    rules = [Contribution("commune", "percent", value=Fraction(100))]
    found = quote(single(card(days=1)), overheads=overheads, contributions=rules)
    assert [o.amount_minor for o in found.overheads] == [1500, 825, 99]
    assert (found.expected_minor, found.fund_minor) == (17424, 2424)


def test_a_contribution_without_lines_is_a_warning(single):
    found = quote(
        single(card(days=1)), contributions=[Contribution("a", "percent", "item:GOLD", Fraction(1))]
    )
    assert [w.code for w in found.warnings] == ["contribution-without-lines"]


@pytest.mark.parametrize(
    "rule",
    [
        Contribution("a", "percent", value=Fraction(101)),
        Contribution("a", "percent"),
        Contribution("a", "fixed", value=Fraction(-1)),
        Contribution("fund", "percent", value=Fraction(1)),
    ],
)
def test_a_senseless_contribution_is_refused(single, rule):
    with pytest.raises(NotPriceable) as refused:
        quote(single(card(days=1)), contributions=[rule])
    assert [p.code for p in refused.value.problems] == ["contribution-unusable"]


# --- basis and risk -----------------------------------------------------------------------------------------


def test_by_default_the_fund_holds_the_way_to_p80(meeting):
    found = build_quote(meeting(), prices(spread=1), region="V", on=DAY, currency="XOF", draws=4000)
    assert found.basis == "p80"
    assert found.risk is not None
    assert (
        found.contingency_minor
        == max(0, found.risk.p80_minor - found.expected_minor) + found.rounding_minor
        > 0
    )
    assert found.risk.p10_minor <= found.risk.p50_minor <= found.risk.p80_minor <= found.risk.p95_minor
    assert found.fund_minor == found.charged_minor


def test_the_simulated_mean_is_the_expected_cost_at_fixed_prices(meeting):
    overheads = [Overhead("o", "percent", Fraction(15)), Overhead("f", "fixed", Fraction(500))]
    found = quote(meeting(), draws=20_000, overheads=overheads)
    again = 70000 * 1.15 * (2 / 23 + 4 / 529) ** 0.5
    assert abs(found.risk.mean_minor - found.expected_minor) <= 4 * again / 20_000**0.5


def test_the_p80_of_a_project_is_that_of_the_sum(meeting):
    one, many = quote(meeting(), draws=4000), quote(meeting(), draws=4000, count=46)
    assert many.risk.p95_minor < 46 * one.risk.p95_minor


def test_the_maximum_is_charged_where_it_exists(single, meeting):
    found = quote(single(card(days=1)), prices(spread=1), basis="maximum")
    assert (found.minimum_minor, found.maximum_minor, found.charged_minor) == (7500, 30000, 30000)
    assert quote(meeting()).maximum_minor is None
    with pytest.raises(NotPriceable) as refused:
        quote(meeting(), basis="maximum")
    assert [p.code for p in refused.value.problems] == ["no-maximum"]


def test_rounding_of_payments_to_whole_units_is_reserved(single):
    model = single(card(expense("PEN", "0.015"), days=1))  # 1.5 XOF, paid as 2
    found = quote(model, count=46)
    assert (found.rounding_minor, found.expected_minor) == (23, 690069)
    assert found.fund_minor >= 46 * found.tasks["t1"].due.fund_minor


def test_without_draws_there_is_no_risk_but_a_price(meeting):
    assert quote(meeting(), draws=0).risk is None
    with pytest.raises(ValueError, match="draws"):
        quote(meeting(), draws=0, basis="p80")


# --- refusals -----------------------------------------------------------------------------------------------


def test_all_missing_prices_come_at_once_with_what_was_tried(meeting):
    with pytest.raises(NotPriceable) as refused:
        quote(meeting(), prices(without=("MEAL", "HALL", "FUEL")))
    problems = refused.value.problems
    assert [(p.place, p.params["item"]) for p in problems] == [("t1", "FUEL"), ("t2", "MEAL"), ("t2", "HALL")]
    assert problems[0].params["tried"] == "V: none; BJ-DO: none; BJ: none"


def test_mistakes_of_every_kind_come_together(diagram):
    bad = card(
        expense("PEN", "households *"), expense("MEAL", "nobody"), expense("HALL", "-1", unit="DAY"), days=1
    )
    service = ServiceCard(
        "S", parameters=(Parameter("households", {}), Parameter("n", {}, maximum=Decimal(5)))
    )
    model = diagram(
        "s>x1 x1>t1:0.5 x1>t2:0.5 t1>p1 t2>p1 p1>e",
        nodes={"t1": {"task": bad, "estimate": Estimate(rework=Decimal(1))}},
        service=service,
    )
    with pytest.raises(NotPriceable) as refused:
        quote(model, prices(without=("FEE",)), parameters={"n": 9, "x": 1})
    assert {p.code for p in refused.value.problems} == {
        "deadlock", "missing-parameter", "missing-price", "parameter-out-of-bounds", "quantity-impossible",
        "quantity-not-a-number", "quantity-unusable", "rework-range", "unknown-parameter",
    }  # fmt: skip


@pytest.mark.parametrize("value", ["-1e30", "7", "1e999999", "1e-999999", "NaN", "Infinity", "0." + "1" * 40])
def test_a_number_that_cannot_be_used_is_told_once_and_not_again_for_each_formula(single, value):
    work = card(
        expense("MEAL", "n * 2"), expense("PEN", "n - 9"), expense("HALL", "10 / n", unit="DAY"), days=1
    )
    model = replace(
        single(work),
        service=ServiceCard("S", parameters=(Parameter("n", {}, minimum=Decimal(9), maximum=Decimal(20)),)),
    )
    with pytest.raises(NotPriceable) as refused:
        quote(model, parameters={"n": Decimal(value)})
    assert [p.place for p in refused.value.problems] == ["n"]
    with pytest.raises(NotPriceable) as refused:
        quote(model)
    assert [p.code for p in refused.value.problems] == ["missing-parameter"]


def test_a_diagram_that_costs_nothing_says_so(diagram):
    found = quote(diagram("s>t1 t1>e"))
    assert (found.expected_minor, [n.code for n in found.warnings]) == (0, ["no-costs"])


def test_a_price_to_p80_below_the_simulated_mean_is_a_warning(diagram):
    rare = diagram(
        "s>t1 t1>x1 x1>t2:0.1 x1>e:0.9 t2>e",
        nodes={"t1": {"task": card(days="0.5")}, "t2": {"task": card(days=100)}},
    )
    (notice,) = quote(rare, basis="p80").warnings
    assert notice.code == "p80-below-mean"
    assert notice.params["p80"] == "7500"
    assert int(notice.params["mean"]) > 100_000
    assert quote(rare, basis="expected").warnings == ()
    assert quote(rare, basis="p80", count=500).warnings == ()


def test_an_unknown_currency_is_refused(single):
    with pytest.raises(UnknownCurrency):
        quote(single(card(days=1)), currency="CFA")


@pytest.mark.parametrize("count", [0, -1])
def test_a_quote_is_for_one_or_more(single, count):
    with pytest.raises(ValueError, match="count"):
        quote(single(card(days=1)), count=count)


# --- the document -------------------------------------------------------------------------------------------


def test_a_quote_is_read_back_equal_with_the_same_digest(meeting):
    rules = [Contribution("commune", "percent", "category:venue", Fraction(100, 3))]
    overheads = [Overhead("o", "percent", Fraction(10), names={"fr": "Coordination régionale"})]
    found = quote(meeting(), prices(spread=1), contributions=rules, overheads=overheads, valid_until=DAY)
    again = Quote.from_json(json.dumps(found.as_json(), indent=2))
    assert again == found
    assert again.digest() == found.digest()
    assert Quote.from_json(found.canonical()) == found


def test_equal_input_gives_an_equal_digest_and_any_change_another(meeting):
    assert quote(meeting()).digest() == quote(meeting()).digest()
    changed = [{"seed": 2}, {"parameters": {"participants": 61}}, {"on": date(2026, 3, 2)}, {"count": 2}]
    digests = {quote(meeting(), **change).digest() for change in ({}, *changed)}
    assert len(digests) == 5


def test_the_digest_of_a_quote_is_the_same_in_every_release(meeting):
    found = quote(
        meeting(), prices(spread=1), basis="p80", draws=2_000, seed=46, parameters={"participants": 41}
    )
    assert found.digest() == "1046a805f2e25c02d454465503d2ad9ae19e1d238d27579075f6914bf1fba6bb"


def test_the_document_has_no_floats(meeting):
    def walk(value):
        assert not isinstance(value, float)
        for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
            walk(inner)

    walk(json.loads(quote(meeting(), prices(spread=1)).canonical()))


def test_a_changed_amount_is_noticed_at_reading(meeting):
    document = quote(meeting()).as_json()
    document["lines"][0]["amount_minor"] += 1
    with pytest.raises(UnreadableValue, match="direct"):
        Quote.from_json(document)


@pytest.mark.parametrize("document", [b"", b"[]", b"{}", b'{"format": 1}', b"\xff", b"[" * 100_000, b"null"])
def test_what_is_no_quote_is_refused(document):
    with pytest.raises(UnreadableValue):
        Quote.from_json(document)


# --- properties ---------------------------------------------------------------------------------------------

amounts = st.fractions(min_value=0, max_value=10**6, max_denominator=100)
shares = st.fractions(min_value=0, max_value=100, max_denominator=7)


@settings(max_examples=60, deadline=None)
@given(
    fee=amounts, meal=amounts, pen=amounts, first=shares, second=shares, over=shares, count=st.integers(1, 50)
)
def test_parts_always_sum(meeting, fee, meal, pen, first, second, over, count):
    rules = [
        Contribution("a", "percent", "category:catering", first),
        Contribution("b", "in_kind", "service", second),
        Contribution("a", "fixed", "task:t2", first * 100, cap=second),
    ]
    overheads = [Overhead("o", "percent", over), Overhead("p", "percent", over, "running")]
    model, book = meeting(t3=card(expense("PEN", 3), days=1)), prices(FEE=fee, MEAL=meal, PEN=pen)
    found = quote(model, book, draws=0, count=count, contributions=rules, overheads=overheads)
    assert found.inconsistency() == ""
    assert found.fund_minor >= 0
    exact = sum(line.amount for line in found.lines) + sum(o.amount for o in found.overheads)
    assert abs(found.expected_minor - exact) <= Fraction(1, 2)
    for party, minor in found.party_minor.items():
        by_rule = sum(c.amount for c in found.contributions if c.party == party and c.kind != "in_kind")
        assert abs(minor - by_rule) < 1


@settings(max_examples=30, deadline=None)
@given(scale=st.integers(1, 1000))
def test_scaled_prices_scale_the_price(meeting, scale):
    one, scaled = quote(meeting(), draws=0), quote(meeting(), prices(scale=scale), draws=0)
    assert sum(line.amount for line in scaled.lines) == scale * sum(line.amount for line in one.lines)


@settings(max_examples=30, deadline=None)
@given(item=st.sampled_from(sorted(PRICES)), more=amounts)
def test_a_higher_price_never_lowers_the_quote(meeting, item, more):
    higher = prices(**{item: PRICES[item][1] + more})
    assert quote(meeting(), higher, draws=0).expected_minor >= quote(meeting(), draws=0).expected_minor


def test_a_price_from_above_equals_its_explicit_copy(meeting):
    above, here = quote(meeting(), prices("BJ")), quote(meeting(), prices("V"))
    assert [line.amount_minor for line in above.lines] == [line.amount_minor for line in here.lines]
    assert replace(above.lines[0], price=here.lines[0].price) == here.lines[0]


def test_a_later_round_does_not_pay_again_what_is_charged_once():
    none = Due(0, 0, {}, 0, {})
    task = QuotedTask(
        "t", {}, "FAC", Fraction(1), 0, Fraction(0), "full", Due(10, 5, {"village": 2}, 12, {"commune": 3}),
        Due(0, 7, {}, 7, {}), none, Due(10, 0, {}, 10, {}),
    )  # fmt: skip
    assert task.owed(first=True, sent_back=0) == Due(10, 12, {"village": 2}, 19, {"commune": 3})
    assert task.owed(first=False, sent_back=2) == Due(30, 5, {"village": 2}, 32, {"commune": 3})


# --- versions, documents, agreements ------------------------------------------------------------------------


def test_the_canonical_bytes_are_those_of_the_plain_document(meeting):
    rules = [Contribution("commune", "percent", "category:venue", Fraction(100, 3), memo=True)]
    found = quote(meeting(), prices(spread=1), contributions=rules, count=7)
    assert found.canonical() == canonical_json(found.as_json())
    huge = quote(meeting(), prices(scale=10**20), draws=0)
    assert huge.charged_minor > 2**64
    assert huge.canonical() == canonical_json(huge.as_json())
    assert Quote.from_json(huge.canonical()) == huge


def test_a_quote_written_before_a_field_existed_keeps_its_digest(meeting):
    found = quote(meeting())
    document = found.as_json()
    for later in ("number", "replaces", "interrupted_share"):
        assert later not in document
    assert Quote.from_json(found.canonical()).digest() == found.digest()


def test_a_quote_asked_for_again_is_the_next_number_and_names_the_one_before(meeting):
    first = quote(meeting())
    second = quote(meeting(), prices(scale=2), previous=first)
    assert (second.number, second.replaces) == (2, first.digest())
    assert Quote.from_json(second.canonical()) == second
    assert compare_quotes(first, second).totals["direct_minor"].difference == first.direct_minor


def test_a_memo_contribution_is_shown_and_not_paid(single):
    rules = [
        Contribution("village", "fixed", "task:t1", Fraction(4000), memo=True),
        Contribution("partner", "percent", "line:t1/e_meal", Fraction(50)),
    ]
    found = quote(single(card(expense("MEAL", 10), days=1)), contributions=rules)
    assert (found.in_kind_minor, found.contributions[0].memo) == ({"village": 4000}, True)
    left = Fraction(15000) * (1 - Fraction(4000, 30000))
    assert found.party_minor == {"partner": round(left / 2)}
    assert found.tasks["t1"].due.cash_minor == 26000


def test_the_catalogue_price_leaves_out_contributions_contingency_and_fixed_overheads(single):
    overheads = [
        Overhead("coordination", "percent", Fraction(10)), Overhead("contingency", "percent", Fraction(5), "running"),
        Overhead("bank", "fixed", Fraction(99)), Overhead("tax", "percent", Fraction(10), "running"),
    ]  # fmt: skip
    rules = [Contribution("commune", "percent", value=Fraction(50))]
    found = quote(single(card(days=1)), overheads=overheads, contributions=rules, count=3)
    assert found.catalogue_minor == 18150  # 15000 x 1.1 x 1.1


def test_a_service_compiled_once_gives_the_same_quotes(meeting):
    costs = compile_service(meeting())
    for people in (20, 61, 20):
        given = {"participants": people}
        assert quote(costs, parameters=given).digest() == quote(meeting(), parameters=given).digest()


def test_the_tasks_of_a_called_process_are_charged(diagram):
    inner = diagram("s9>t9 t9>e9", nodes={"t9": {"task": card(days=1)}})
    inner = replace(inner, process_id="inner")
    outer = diagram("s>t1 t1>c1 c1>e", nodes={
        "t1": {"task": card(days=2)}, "c1": {"kind": "callActivity", "called_element": "inner"},
    })  # fmt: skip
    found = quote(replace(outer, processes={"inner": inner}))
    assert {task.id: task.amount_minor for task in found.tasks.values()} == {"t1": 30000, "t9": 15000}
