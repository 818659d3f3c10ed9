"""The figures of the source document "Twin Regions Basics" (2022) for Copargo and Alfter, and two services there.

The document: population, emissions and the price of a tonne. The services, "Village meeting" and "Community
survey", are written for this project with illustrative prices of 2024; what they cost was worked out apart.
"""

import csv
from datetime import date
from decimal import Decimal
from fractions import Fraction
from functools import cache
from pathlib import Path

import pytest

from pricing.contributions import Contribution, Overhead
from pricing.errors import NotPriceable
from pricing.price_lists import Item, PriceBook, PriceRow
from pricing.quotes import build_quote
from pricing.regions import Region, RegionTree
from workflows.definitions.model import Expense, Parameter, ServiceCard, TaskCard

FOLDER = Path(__file__).parent / "data"
PLACES = RegionTree(
    [
        Region("BJ", None, "country"), Region("BJ-DO", "BJ", "department"), Region("BJ-DO-COPARGO", "BJ-DO", "commune"),
        Region("DE", None, "country"), Region("DE-NW", "DE", "land"), Region("DE-NW-RSK", "DE-NW", "district"),
        Region("DE-NW-ALF", "DE-NW-RSK", "commune"),
    ]
)  # fmt: skip
ON = date(2024, 8, 1)


def rows(name):
    return list(csv.DictReader((FOLDER / name).read_text(encoding="utf-8").splitlines()))


# --- the document -------------------------------------------------------------------------------------------


@pytest.fixture
def emissions(diagram):
    """A year's emissions of a place at 50 to 150 dollars a tonne of CO2, as a service of one line."""

    def quote(population, tonnes_each):
        line = Expense("fee", "CO2", "population * tonnes", "TNE", {"en": "Emission fee"})
        numbers = {"population": Decimal(population), "tonnes": Decimal(tonnes_each)}
        parameters = tuple(Parameter(name, {}, default=value) for name, value in numbers.items())
        model = diagram(
            "s>t1 t1>e", nodes={"t1": {"task": TaskCard(expenses=(line,))}},
            service=ServiceCard("FEE", parameters=parameters),
        )  # fmt: skip
        price = PriceRow("market", 1, "DE", "CO2", "TNE", Fraction(50), Fraction(100), Fraction(150), "USD",
                         date(2022, 1, 1), source="Twin Regions Basics, 2022")  # fmt: skip
        book = PriceBook([price], PLACES, [Item("CO2", "TNE", "emission")])
        return build_quote(model, book, region="DE-NW-ALF", on=ON, currency="USD", basis="expected", draws=0)

    return quote


@pytest.mark.parametrize(
    ("population", "each", "tonnes"), [(71_000, "0.4", 28_400), (24_000, "12.5", 300_000)]
)
def test_emissions_are_those_of_the_document(emissions, population, each, tonnes):
    assert emissions(population, each).lines[0].quantity == tonnes


def test_a_citizen_of_alfter_pays_1250_dollars_a_year_between_625_and_1875(emissions):
    found = emissions(1, "12.5")
    assert (found.expected_minor, found.minimum_minor, found.maximum_minor) == (125_000, 62_500, 187_500)


def test_thirty_million_dollars_a_year_are_2_8_percent_of_what_alfter_earns(emissions):
    paid = Fraction(emissions(24_000, "12.5").expected_minor, 100)
    assert paid == 30_000_000
    assert round(100 * paid / (24_000 * 45_000), 1) == Fraction(28, 10)


# --- two services in both places ----------------------------------------------------------------------------

FLOWS = {
    "S01": "s>t_prepare t_prepare>t_invite t_invite>x1 x1>p1 p1>t_hold p1>t_interpret t_hold>p2 t_interpret>p2 "
    "p2>x2 x2>x1:0.08 x2>t_report:0.92 t_report>e",
    "S03": "s>t_train_enum t_train_enum>p1 p1>t_survey p1>t_groups t_survey>p2 t_groups>p2 p2>x1 x1>t_analyse "
    "t_analyse>x2 x2>x1:0.15 x2>t_feedback:0.85 t_feedback>e",
}
NUMBERS = {"participants": 80, "households": 60, "distance_km": 25, "villages": 1}
CONTRIBUTIONS = [
    Contribution("Commune", "percent", "category:venue", Fraction(100)),
    Contribution("Farmers", "in_kind", "item:LABOUR.DAY"),
    Contribution("NGO partner", "percent", "category:catering", Fraction(50), cap=Fraction(75000)),
    Contribution("Transformation Fund", "fixed", "service", Fraction(50000)),
]
OVERHEADS = [
    Overhead("coordination", "percent", Fraction(10)), Overhead("franchise_fee", "percent", Fraction(5)),
    Overhead("contingency", "percent", Fraction(5), "running"), Overhead("mobile", "percent", Fraction(1), "running"),
]  # fmt: skip


@cache
def book():
    lines = rows("twin_regions_lines.csv")
    items = {line["item"]: Item(line["item"], line["unit"], line["category"]) for line in lines}
    prices = [
        PriceRow(
            r["list"], int(r["row"]), r["region"], r["item"], r["unit"], *[Fraction(r["amount"])] * 3, r["currency"],
            date.fromisoformat(r["valid_from"]),
        )
        for r in rows("twin_regions_prices.csv")
    ]  # fmt: skip
    return PriceBook(prices, PLACES, items.values())


def service(diagram, code):
    cards = {}
    for number, line in enumerate(rows("twin_regions_lines.csv")):
        if line["service"] == code:
            quantity = line["quantity"].replace("ceil(", "ceiling(")
            cost = Expense(f"e{number}", line["item"], quantity, line["unit"], {})
            cards.setdefault(f"t_{line['task']}", []).append(cost)
    parameters = tuple(Parameter(name, {}, default=Decimal(value)) for name, value in NUMBERS.items())
    nodes = {task: {"task": TaskCard(expenses=tuple(costs))} for task, costs in cards.items()}
    return diagram(FLOWS[code], nodes=nodes, service=ServiceCard(code, parameters=parameters))


@pytest.mark.parametrize(
    ("code", "region", "currency", "gross", "net"),
    [
        ("S01", "BJ-DO-COPARGO", "XOF", 177_557, 72_861),
        ("S03", "BJ-DO-COPARGO", "XOF", 388_010, 308_980),
        ("S03", "DE-NW-ALF", "EUR", 576_389, 576_389),
    ],
)
def test_a_service_costs_what_was_worked_out_apart(diagram, code, region, currency, gross, net):
    rules = CONTRIBUTIONS if currency == "XOF" else ()
    found = build_quote(
        service(diagram, code), book(), region=region, on=ON, currency=currency, basis="expected", draws=0,
        overheads=OVERHEADS, contributions=rules,
    )  # fmt: skip
    assert found.expected_minor == gross
    assert found.fund_minor - found.contingency_minor == net


def test_nobody_cries_news_in_alfter(diagram):
    with pytest.raises(NotPriceable) as refused:
        build_quote(service(diagram, "S01"), book(), region="DE-NW-ALF", on=ON, currency="EUR")
    assert {p.params["item"] for p in refused.value.problems} == {"CRIER"}
