"""Random quotes beside the same sum worked out by hand: charges, rework, overheads and contributions in order."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from math import floor
from random import Random

import pytest

from pricing.contributions import Contribution, Overhead
from pricing.price_lists import Item, PriceBook, PriceRow
from pricing.quotes import build_quote
from pricing.regions import Region, RegionTree
from workflows.definitions.model import (
    Estimate,
    Expense,
    Honorarium,
    Parameter,
    ServiceCard,
    TaskCard,
    Verification,
)

ON = date(2026, 3, 1)
PRICES = {"FEE": ("DAY", 15000), "MEAL": ("C62", 1500), "HALL": ("DAY", 10001), "PEN": ("C62", 99)}
CATEGORIES = {"FEE": "honorarium", "MEAL": "catering", "HALL": "venue", "PEN": "material"}
CHARGES = ("execution", "acceptance", "once", "instance")
# formula -> its value to six places, with n = 10
QUANTITIES = {"1": "1", "2.5": "2.5", "n / 3": "3.333333", "0.1234567": "0.123457", "ceiling(n / 4)": "3"}
TASKS = ("t1", "t2", "t3")


@dataclass
class Line:
    task: str
    item: str
    quantity: str
    charge: str
    kind: str
    payer: str = "fund"
    in_kind: bool = False
    amount: Fraction = Fraction(0)


class Case:
    """What is asked: t1, then t2 until it succeeds, then perhaps t3; and what it costs by hand."""

    def __init__(self, seed):
        random = self.random = Random(seed)
        self.policy = random.choice(["none", "expenses", "full"])
        self.rework = random.choice(["0", "0.1", "0.25", "0.5"])
        self.again, self.last = random.choice(["0.08", "0.3"]), random.choice(["0.2", "0.5"])
        self.currency, self.scale = random.choice([("XOF", 1), ("EUR", 100)])
        self.count = random.choice([1, 1, 3, 46])
        self.lines = [line for task in TASKS for line in self.lines_of(task)]
        self.overheads = [self.overhead(n) for n in range(random.randint(0, 3))]
        self.contributions = [self.contribution() for _ in range(random.randint(0, 3))]

    def lines_of(self, task):
        choice, random = self.random.choice, self.random
        quantities = sorted(QUANTITIES)
        if random.random() < 0.7:
            yield Line(task, "FEE", choice(quantities), choice(CHARGES), "honorarium")
        for item in ("MEAL", "HALL", "PEN"):
            if random.random() < 0.7:
                payer, given = choice(["fund", "fund", "village"]), random.random() < 0.2
                yield Line(task, item, choice(quantities), choice(CHARGES), "expense", payer, given)

    def overhead(self, number):
        value = Fraction(self.random.randint(0, 300), 7)
        kind, base = self.random.choice(["percent", "fixed"]), self.random.choice(["direct", "running"])
        return Overhead(f"o{number}", kind, value, base)

    def contribution(self):
        random = self.random
        kind = random.choice(["percent", "fixed", "in_kind"])
        value = Fraction(random.randint(0, 40_000), 3) if kind == "fixed" else Fraction(random.randint(0, 60))
        cap = Fraction(random.randint(0, 5_000)) if random.random() < 0.3 else None
        scope = random.choice(["service", "category:catering", "category:venue", "item:PEN", "task:t2"])
        memo = kind != "in_kind" and random.random() < 0.2
        return Contribution(random.choice(["village", "commune"]), kind, scope, value, cap, memo)

    def quote(self, diagram):
        cards = {
            task: TaskCard(
                honorarium=next(
                    (Honorarium("FEE", line.quantity, "DAY", line.charge) for line in self.of(task, "honorarium")), None
                ),
                expenses=tuple(
                    Expense(
                        line.item, line.item, line.quantity, PRICES[line.item][0], {}, charge=line.charge,
                        payer=line.payer, in_kind=line.in_kind,
                    )
                    for line in self.of(task, "expense")
                ),
                verification=Verification(rework=self.policy),
            )
            for task in TASKS
        }  # fmt: skip
        model = diagram(
            f"s>t1 t1>x1 x1>t2 t2>x2 x2>x1:{self.again} x2>x3:{1 - Decimal(self.again)} x3>t3:{self.last} "
            f"x3>e:{1 - Decimal(self.last)} t3>e",
            nodes={
                task: {"task": card, "estimate": Estimate(rework=Decimal(self.rework))}
                for task, card in cards.items()
            },
            service=ServiceCard("S", parameters=(Parameter("n", {}, default=Decimal(10)),)),
        )
        items = [Item(code, unit, CATEGORIES[code]) for code, (unit, _) in PRICES.items()]
        rows = [
            PriceRow("L", number, "BJ", code, unit, Fraction(price), Fraction(price), Fraction(price), self.currency,
                     date(2026, 1, 1))
            for number, (code, (unit, price)) in enumerate(PRICES.items())
        ]  # fmt: skip
        book = PriceBook(rows, RegionTree([Region("BJ", None, "country")]), items)
        return build_quote(
            model, book, region="BJ", on=ON, currency=self.currency, overheads=self.overheads,
            contributions=self.contributions, count=self.count, basis="expected", draws=0,
        )  # fmt: skip

    def of(self, task, kind):
        return [line for line in self.lines if (line.task, line.kind) == (task, kind)]

    # by hand

    def price(self):
        rounds = 1 / (1 - Fraction(self.again))
        expected = {"t1": Fraction(1), "t2": rounds, "t3": Fraction(self.last)}
        reached = {"t1": Fraction(1), "t2": Fraction(1), "t3": Fraction(self.last)}
        for line in self.lines:
            times = {"once": reached[line.task], "instance": Fraction(1)}.get(
                line.charge, expected[line.task]
            )
            pays_again = self.policy == "full" or (self.policy == "expenses" and line.kind == "expense")
            if line.charge == "execution" and pays_again:
                times /= 1 - Fraction(self.rework)
            line.amount = Fraction(QUANTITIES[line.quantity]) * PRICES[line.item][1] * times * self.count
        direct = total = sum((line.amount for line in self.lines), Fraction(0))
        for rule in self.overheads:
            base = direct if rule.base == "direct" else total
            total += base * rule.value / 100 if rule.kind == "percent" else rule.value
        return total

    def shares(self):
        """What each party bears, exactly, by (party, whether it is no cash)."""
        found = {}

        def add(party, apart, amount):
            found[party, apart] = found.get((party, apart), Fraction(0)) + amount

        left = {}
        for place, line in enumerate(self.lines):
            if line.payer == "fund" and not line.in_kind:
                left[place] = line.amount
            else:
                add(line.payer, line.in_kind, line.amount)
        for rule in self.contributions:
            chosen = [place for place in left if self.is_meant(rule.scope, self.lines[place])]
            base = sum((left[place] for place in chosen), Fraction(0))
            part = rule.value if rule.kind == "fixed" else base * rule.value / 100
            part = min(part, base) if rule.cap is None else min(part, rule.cap, base)
            for place in chosen:
                left[place] -= part * left[place] / base if base else 0
            add(rule.party, rule.kind == "in_kind" or rule.memo, part)
        return found

    @staticmethod
    def is_meant(scope, line):
        kind, _, name = scope.partition(":")
        own = {"category": CATEGORIES[line.item], "item": line.item, "task": line.task}
        return kind == "service" or own[kind] == name


@pytest.mark.parametrize("seed", range(250))
def test_a_quote_is_the_sum_by_hand(diagram, seed):
    case = Case(seed)
    found = case.quote(diagram)
    assert found.expected_minor == floor(case.price() * case.scale + Fraction(1, 2))
    for (party, apart), exact in case.shares().items():
        stated = (found.in_kind_minor if apart else found.party_minor).get(party, 0)
        assert abs(stated - exact * case.scale) < 1, party
