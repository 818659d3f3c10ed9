"""Several services together: their price, when the money is needed, and who pays it.

A project asks each service for a number of villages, one after another or side by side: a service begins when
all it comes `after` have ended, and a `lag` of days has passed. Its cash is spread evenly over its days and
summed by month, so that the months sum to the price. The P80 of a project is that of the sum, which is less
than the sum of the P80s: ways differ independently from service to service, while a price of one row of a list
is the same for all of them. Ways are simulated at typical prices; prices then vary with the expected amounts.

Like a quote it is a value: canonical JSON with a SHA-256, the quotes of its services inside.
"""

from __future__ import annotations

import hashlib
from calendar import monthrange
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from graphlib import CycleError, TopologicalSorter
from typing import Final

import numpy as np

from pricing.canonical import LATER, CanonicalValue
from pricing.contributions import Contribution, Overhead
from pricing.draws import Draws
from pricing.errors import NotPriceable
from pricing.money import minor_digits, split_minor
from pricing.price_lists import PriceBook, Resolved
from pricing.quoted import Basis, Notice, Quote, p80_notices, sum_by_party
from pricing.quotes import build_quote
from pricing.service_costs import ServiceCosts
from pricing.simulate import Amounts, CostLine, Distribution, PriceRange, Risk, simulate_cost, summarise
from workflows.problems import Problem

FORMAT: Final = "run-project-quote/1"
MOST_DAYS: Final = 10_000


@dataclass(frozen=True, slots=True)
class Component:
    """A service of a project.

    key: how the others name it. count: villages. duration_days: calendar days from its first to its last day.
    after: keys of the services that must have ended; lag_days: days between their end and this one's start.
    price_book: where other prices count for it than for the project; None = the project's.
    """

    key: str
    service: ServiceCosts
    region: str
    count: int
    duration_days: int
    after: tuple[str, ...] = ()
    lag_days: int = 0
    parameters: Mapping[str, Decimal | int] = field(default_factory=dict)
    contributions: Sequence[Contribution] = ()
    overheads: Sequence[Overhead] = ()
    service_version_digest: str = ""
    price_book: PriceBook | None = None


@dataclass(frozen=True, slots=True)
class QuotedComponent:
    """A service of the project with its quote (basis expected) and its days, the last one included."""

    key: str
    after: tuple[str, ...]
    lag_days: int
    starts_on: date
    ends_on: date
    quote: Quote


@dataclass(frozen=True, slots=True)
class Month:
    """What is needed in a calendar month, in whole minor units. first: its first day.

    fund_minor without the contingency, which the fund holds from the start. party_minor: third parties' cash.
    """

    first: date
    fund_minor: int
    party_minor: Mapping[str, int]

    @property
    def cash_minor(self) -> int:
        return self.fund_minor + sum(self.party_minor.values())


@dataclass(frozen=True, slots=True)
class ProjectQuote(CanonicalValue):
    """The price of a project; all amounts in whole minor units of `currency`.

    expected_minor: the sum of its services' expected costs. contingency_minor: what the fund holds on top by the
    basis, for the project as a whole. charged_minor = expected + contingency = fund + parties + in kind.
    """

    format: str
    name: str
    on: date
    valid_until: date | None
    starts_on: date
    ends_on: date
    currency: str
    basis: Basis
    expected_minor: int
    contingency_minor: int
    rounding_minor: int
    charged_minor: int
    fund_minor: int
    party_minor: Mapping[str, int]
    in_kind_minor: Mapping[str, int]
    minimum_minor: int
    maximum_minor: int | None
    risk: Risk | None
    components: tuple[QuotedComponent, ...]
    months: tuple[Month, ...]
    warnings: tuple[Notice, ...] = field(default=(), metadata=LATER)
    """Of the project as a whole; each service's are with its quote."""

    def inconsistency(self) -> str:
        """Which sum does not hold; "" when all do."""
        quotes = [component.quote for component in self.components]
        paid, given = sum(self.party_minor.values()), sum(self.in_kind_minor.values())
        by_month = sum(month.fund_minor for month in self.months)
        sums = {
            "format": self.format == FORMAT,
            "expected": sum(q.expected_minor for q in quotes) == self.expected_minor,
            "charged": self.expected_minor + self.contingency_minor == self.charged_minor,
            "fund": self.fund_minor + paid + given == self.charged_minor,
            "parties": sum_by_party(q.party_minor for q in quotes) == dict(self.party_minor),
            "in kind": sum_by_party(q.in_kind_minor for q in quotes) == dict(self.in_kind_minor),
            "months": by_month + self.contingency_minor == self.fund_minor,
            "parties by month": sum_by_party(m.party_minor for m in self.months) == dict(self.party_minor),
        }
        return next((name for name, holds in sums.items() if not holds), "")


def build_project_quote(
    components: Sequence[Component],
    price_book: PriceBook,
    *,
    name: str,
    starts_on: date,
    on: date,
    currency: str,
    basis: Basis = "p80",
    seed: int = 1,
    draws: int = 10_000,
    distribution: Distribution = "pert",
    valid_until: date | None = None,
) -> ProjectQuote:
    """The price of several services together, with the prices of a day.

    Services of other regions are priced in `currency` too, by the exchange rates of the day. Raises
    NotPriceable with the problems of all services at once (place "key: …"), and of their order.
    """
    if basis == "p80" and draws == 0:
        raise ValueError("basis p80 needs draws")
    problems, days = _check_plan(components), dict[str, tuple[date, date]]()
    if not problems:
        try:
            days = _days(components, starts_on)
        except OverflowError:
            problems.append(_too_late(name, starts_on))
    quotes: list[Quote] = []
    for component in components:
        try:
            quotes.append(_quote(component, price_book, on, currency, valid_until))
        except NotPriceable as refused:
            problems += [replace(p, place=f"{component.key}: {p.place}") for p in refused.problems]
    if basis == "maximum":
        problems += [
            _no_maximum(c.key) for c, q in zip(components, quotes, strict=False) if q.maximum_minor is None
        ]
    if problems:
        raise NotPriceable(problems)
    quoted = tuple(
        QuotedComponent(c.key, c.after, c.lag_days, *days[c.key], quote)
        for c, quote in zip(components, quotes, strict=True)
    )
    risk = None
    if draws:
        totals = _simulate(components, quotes, minor_digits(currency), seed, draws, distribution)
        risk = summarise(totals, seed=seed, distribution=distribution)
    return _assemble(quoted, risk, name, starts_on, on, currency, basis, valid_until)


def _assemble(
    quoted: tuple[QuotedComponent, ...], risk: Risk | None, name: str, starts_on: date, on: date, currency: str,
    basis: Basis, valid_until: date | None,
) -> ProjectQuote:  # fmt: skip
    quotes = [component.quote for component in quoted]
    expected = sum(q.expected_minor for q in quotes)
    rounding = sum(q.rounding_minor for q in quotes)
    highest = [q.maximum_minor for q in quotes if q.maximum_minor is not None]
    maximum = sum(highest) if len(highest) == len(quotes) else None
    target = {"expected": 0, "p80": risk.p80_minor if risk else 0, "maximum": maximum or 0}[basis]
    contingency = max(0, target - expected) + rounding
    paid, given = sum_by_party(q.party_minor for q in quotes), sum_by_party(q.in_kind_minor for q in quotes)
    found = ProjectQuote(
        format=FORMAT,
        name=name,
        on=on,
        valid_until=valid_until,
        starts_on=starts_on,
        ends_on=max((c.ends_on for c in quoted), default=starts_on),
        currency=currency,
        basis=basis,
        expected_minor=expected,
        contingency_minor=contingency,
        rounding_minor=rounding,
        charged_minor=expected + contingency,
        fund_minor=expected + contingency - sum(paid.values()) - sum(given.values()),
        party_minor=paid,
        in_kind_minor=given,
        minimum_minor=sum(q.minimum_minor for q in quotes),
        maximum_minor=maximum,
        risk=risk,
        components=quoted,
        months=_months(quoted),
        warnings=p80_notices(risk, basis, currency),
    )
    wrong = found.inconsistency()
    assert not wrong, f"the parts of the project quote do not sum: {wrong}"
    return found


def _quote(
    component: Component, book: PriceBook, on: date, currency: str, valid_until: date | None
) -> Quote:  # fmt: skip
    return build_quote(
        component.service, component.price_book or book, region=component.region, on=on, currency=currency,
        parameters=component.parameters, contributions=component.contributions, overheads=component.overheads,
        basis="expected", count=component.count, draws=0, valid_until=valid_until,
        service_version_digest=component.service_version_digest,
    )  # fmt: skip


# --- time ---------------------------------------------------------------------------------------------------


def _check_plan(components: Sequence[Component]) -> list[Problem]:
    known = [component.key for component in components]
    problems = [_twice(key) for key in dict.fromkeys(known) if known.count(key) > 1]
    for component in components:
        problems += [_unknown(component.key, key) for key in component.after if key not in known]
        if not 1 <= component.duration_days <= MOST_DAYS or not 0 <= component.lag_days <= MOST_DAYS:
            problems.append(_senseless_days(component))
    if not problems:
        try:
            list(_order(components))
        except CycleError as circle:
            problems.append(_circle(circle.args[1]))
    return problems


def _order(components: Sequence[Component]) -> Iterable[str]:
    return TopologicalSorter({c.key: c.after for c in components}).static_order()


def _days(components: Sequence[Component], starts_on: date) -> dict[str, tuple[date, date]]:
    """First and last day of each service."""
    by_key = {component.key: component for component in components}
    found: dict[str, tuple[date, date]] = {}
    for key in _order(components):
        component = by_key[key]
        ends = [found[before][1] + timedelta(days=1) for before in component.after]
        first = max(ends, default=starts_on) + timedelta(days=component.lag_days)
        found[key] = (first, first + timedelta(days=component.duration_days - 1))
    return found


def _months(quoted: Sequence[QuotedComponent]) -> tuple[Month, ...]:
    """Every month from the first to the last day of the project; also those in which nothing is paid."""
    fund: dict[date, int] = {}
    parties: dict[date, list[dict[str, int]]] = {}
    for component in quoted:
        months = _days_by_month(component.starts_on, component.ends_on)
        quote = component.quote
        own = quote.fund_minor - quote.contingency_minor
        for month, minor in zip(months, split_minor(own, list(months.values())), strict=True):
            fund[month] = fund.get(month, 0) + minor
        for party, whole in quote.party_minor.items():
            for month, minor in zip(months, split_minor(whole, list(months.values())), strict=True):
                parties.setdefault(month, []).append({party: minor})
    if not fund:
        return ()
    every = _days_by_month(min(fund), max(fund))
    return tuple(Month(m, fund.get(m, 0), sum_by_party(parties.get(m, ()))) for m in every)


def _days_by_month(first: date, last: date) -> dict[date, int]:
    """First day of each calendar month from `first` to `last`, and how many of its days lie between them."""
    found: dict[date, int] = {}
    day = first
    while day <= last:
        end = min(last, date(day.year, day.month, monthrange(day.year, day.month)[1]))
        found[day.replace(day=1)] = (end - day).days + 1
        day = end + timedelta(days=1)
    return found


# --- risk ---------------------------------------------------------------------------------------------------


def _simulate(
    components: Sequence[Component], quotes: Sequence[Quote], digits: int, seed: int, draws: int,
    distribution: Distribution,
) -> Amounts:  # fmt: skip
    """The total of all services in minor units, one number per draw."""
    total, nothing = np.zeros(draws), np.zeros(draws)
    prices: dict[str, Amounts] = {}
    for component, quote in zip(components, quotes, strict=True):
        direct = sum((line.amount for line in quote.lines), Fraction(0))
        shares = [(line.price, float(line.amount / direct)) for line in quote.lines if direct]
        varied = sum(
            (share * _price(prices, price, seed, draws, distribution) for price, share in shares), nothing
        )
        fixed = sum((o.amount for o in quote.overheads if o.kind == "fixed"), Fraction(0))
        percent = sum((o.amount for o in quote.overheads if o.kind == "percent"), Fraction(0))
        # running overheads also take their percentage of fixed ones before them; that part does not vary
        factor = float(1 + percent / direct) if direct else 1.0
        ways = _ways(component, quote, seed, draws)
        total += (ways * varied * factor + float(fixed)) * 10**digits
    return total


def _price(
    known: dict[str, Amounts], price: Resolved, seed: int, draws: int, distribution: Distribution
) -> Amounts:
    """A price as multiples of the typical one; the same for every line and service that uses the row."""
    key = f"{price.list}\0{price.row}\0{price.region}\0{price.item}"
    if key not in known:
        low, high = (
            float(p / price.typical) if price.typical else 1.0 for p in (price.minimum, price.maximum)
        )
        known[key] = Draws(seed, f"price {key}").between(low, 1.0, high, distribution, draws)
    return known[key]


def _ways(component: Component, quote: Quote, seed: int, draws: int) -> Amounts:
    """The direct cost at typical prices; each service has ways of its own, also where two are the same."""
    values = {name: Decimal(v.numerator) / Decimal(v.denominator) for name, v in quote.parameters.items()}
    lines = [
        CostLine(
            line.task, line.charge, float(line.quantity), _fixed(float(line.price.typical)),
            float(1 - 1 / line.rework),
        )
        for line in quote.lines
    ]  # fmt: skip
    own = int.from_bytes(hashlib.sha256(f"{seed} {component.key}".encode()).digest()[:6])
    return simulate_cost(
        component.service.paths(values).analysis, lines, instances=component.count, draws=draws, seed=own,
        distribution="fixed",
    )  # fmt: skip


def _fixed(price: float) -> PriceRange:
    return PriceRange(repr(price), price, price, price)


# --- problems -----------------------------------------------------------------------------------------------


def _twice(key: str) -> Problem:
    return Problem(
        "duplicate-component",
        "Two services of the project are called %(key)s. Give each its own name.",
        place=key,
        params={"key": key},
    )


def _unknown(key: str, after: str) -> Problem:
    return Problem(
        "unknown-component",
        "%(key)s comes after %(after)s, which is not in the project. Add it or correct the name.",
        place=key,
        params={"key": key, "after": after},
    )


def _senseless_days(component: Component) -> Problem:
    return Problem(
        "senseless-days",
        "%(key)s needs a duration of at least one day and a lag that is not negative.",
        place=component.key,
        params={"key": component.key},
    )


def _too_late(name: str, starts_on: date) -> Problem:
    return Problem(
        "senseless-days",
        "A project that starts on %(day)s does not end within the calendar. Choose an earlier day or shorter services.",
        place=name,
        params={"day": starts_on.isoformat()},
    )


def _circle(keys: Sequence[str]) -> Problem:
    return Problem(
        "component-circle",
        "These services wait for each other: %(keys)s. Let one of them start first.",
        place=keys[0],
        params={"keys": ", ".join(keys)},
    )


def _no_maximum(key: str) -> Problem:
    return Problem(
        "no-maximum",
        "The greatest cost has no bound because a loop has none. Choose another basis, or bound the loop.",
        place=key,
    )
