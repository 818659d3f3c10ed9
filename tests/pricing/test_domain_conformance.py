"""The quotes of ../shared/data/domain: 12 services in 78 places, equal to the minor unit."""

import csv
import json
from dataclasses import replace
from datetime import date
from decimal import Decimal
from fractions import Fraction
from functools import cache
from pathlib import Path

import pytest

from pricing.contributions import Contribution, Overhead
from pricing.errors import NotPriceable
from pricing.price_lists import ExchangeRate, Item, PriceBook, PriceRow
from pricing.quotes import build_quote
from pricing.regions import Region, RegionTree
from pricing.units import Packaging
from workflows.definitions.model import Expense, Parameter, ServiceCard, TaskCard
from workflows.definitions.read import read

DOMAIN = Path(__file__).resolve().parents[3] / "shared" / "data" / "domain"
ON = date(2024, 8, 1)

pytestmark = [
    pytest.mark.conformance,
    pytest.mark.skipif(not DOMAIN.is_dir(), reason="../shared is not here"),
]
CONTRIBUTIONS = [
    Contribution("Commune", "percent", "category:venue", Fraction(100)),
    Contribution("Farmers", "in_kind", "item:LABOUR.DAY"),
    Contribution("NGO partner", "percent", "category:catering", Fraction(50), cap=Fraction(75000)),
    Contribution("Transformation Fund", "fixed", "service", Fraction(50000)),
]
OVERHEADS = [
    Overhead("coordination", "percent", Fraction(10)),
    Overhead("franchise", "percent", Fraction(5)),
    Overhead("contingency", "percent", Fraction(5), "running"),
    Overhead("mobile money", "percent", Fraction(1), "running"),
]


def rows(name):
    path = DOMAIN / name
    return list(csv.DictReader(path.read_text(encoding="utf-8").splitlines())) if path.is_file() else []


def day(text):
    return date.fromisoformat(text) if text else None


@cache
def book():
    regions = RegionTree(Region(r["code"], r["parent"] or None, r["level"]) for r in rows("regions.csv"))
    items = [Item(i["code"], i["uom_rec20"], i["category"]) for i in rows("items.csv")]
    packages = [
        Packaging(p["item"], p["uom"], p["base_uom"], Fraction(p["factor"])) for p in rows("item_uom.csv")
    ]
    rates = [
        ExchangeRate(r["from"], r["to"], Fraction(r["rate"]), day(r["valid_from"]))
        for r in rows("exchange_rates.csv")
    ]
    prices = [
        PriceRow(
            p["list"], int(p["row"]), p["region"], p["item"], p["uom"], *[Fraction(p["amount"])] * 3,
            p["currency"], day(p["valid_from"]), day(p["valid_to"]), p["quality"], p["source"],
        )
        for p in rows("price_lists.csv")
    ]  # fmt: skip
    return PriceBook(prices, regions, items, packages, rates)


@cache
def service(code):
    found = next(
        s
        for s in json.loads((DOMAIN / "services.json").read_text(encoding="utf-8"))["services"]
        if s["code"] == code
    )
    definition = read((DOMAIN / "bpmn" / f"{code}.bpmn").read_bytes()).definition
    lines = [r for r in rows("task_lines.csv") if r["service"] == code]
    nodes = {
        node.id: replace(
            node, task=card_of(node.id, lines) if any(r["task"] == node.id for r in lines) else None
        )
        for node in definition.nodes.values()
    }
    parameters = tuple(Parameter(name, {}, default=Decimal(str(v))) for name, v in found["params"].items())
    return replace(definition, nodes=nodes, service=ServiceCard(code, parameters=parameters))


def card_of(task, lines):
    return TaskCard(
        expenses=tuple(
            Expense(str(i), r["item"], r["qty_expression"].replace("ceil(", "ceiling("), r["uom_rec20"], {})
            for i, r in enumerate(lines)
            if r["task"] == task
        )
    )


@pytest.mark.parametrize("code", sorted({r["service"] for r in rows("expected_prices_2024-08-01.csv")}))
def test_quotes_equal_the_expected_prices_to_the_minor_unit(code):
    for row in (r for r in rows("expected_prices_2024-08-01.csv") if r["service"] == code):
        euro = row["currency"] == "EUR"
        found = build_quote(
            service(code), book(), region=row["region"], on=ON, currency=row["currency"], basis="expected",
            draws=0, contributions=() if euro else CONTRIBUTIONS, overheads=OVERHEADS,
        )  # fmt: skip
        outside = sum(found.party_minor.values()) + sum(found.in_kind_minor.values())
        assert found.expected_minor == int(row["gross_minor"]), row["region"]
        assert found.fund_minor - found.contingency_minor == int(row["price_minor"]), row["region"]
        assert outside == int(row["contributions_minor"]), row["region"]


def test_a_village_meeting_in_alfter_fails_because_nobody_cries_news_there():
    with pytest.raises(NotPriceable) as refused:
        build_quote(service("S01"), book(), region="DE-NW-ALF", on=ON, currency="EUR")
    assert {p.params["item"] for p in refused.value.problems} >= {"CRIER"}
