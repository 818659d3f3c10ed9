"""A quote as a value: what was promised, to the last minor unit, with where every number came from.

It is canonical JSON with a SHA-256 and never changes; the quote of another day is another quote. Reading one
back checks that its parts still sum.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from typing import Final, Literal

from pricing.canonical import LATER, CanonicalValue
from pricing.contributions import ContributionKind, Overhead, catalogue_factor
from pricing.exact import exact_sum
from pricing.money import Money, minor_digits, round_half_up
from pricing.price_lists import Resolved
from pricing.service_costs import LineKind
from pricing.simulate import Risk
from workflows.definitions.model import Charge, Rework

Basis = Literal["expected", "p80", "maximum"]
"""What is charged: the expected cost; that plus a contingency to P80; that plus one to the greatest cost."""
FORMAT: Final = "run-quote/1"


@dataclass(frozen=True, slots=True)
class QuoteLine:
    """One cost of one task.

    executions: how often it is charged in one instance, expected. rework: the factor for repetitions in it.
    unit_amount: exact major units for one execution (quantity x price).
    amount: exact major units for all instances. The minor amounts are its rounded parts; they sum.
    """

    task: str
    id: str
    kind: LineKind
    label: Mapping[str, str]
    item: str
    category: str
    quantity_text: str
    quantity: Fraction
    unit: str
    charge: Charge
    executions: Fraction
    rework: Fraction
    price: Resolved
    unit_amount: Fraction
    amount: Fraction
    payer: str
    in_kind: bool
    amount_minor: int
    fund_minor: int
    party_minor: Mapping[str, int]
    in_kind_minor: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Due:
    """What a facilitator is owed, in whole minor units: fund_minor and party_minor sum to the cash owed.

    in_kind_minor, by party, is given, not paid, and owed to nobody.
    """

    honorarium_minor: int
    expenses_minor: int
    in_kind_minor: Mapping[str, int]
    fund_minor: int
    party_minor: Mapping[str, int]

    @property
    def cash_minor(self) -> int:
        return self.honorarium_minor + self.expenses_minor

    def plus(self, other: Due, times: int = 1) -> Due:
        """This and `times` the other."""
        return Due(
            self.honorarium_minor + times * other.honorarium_minor,
            self.expenses_minor + times * other.expenses_minor,
            sum_by_party([self.in_kind_minor, *[other.in_kind_minor] * times]),
            self.fund_minor + times * other.fund_minor,
            sum_by_party([self.party_minor, *[other.party_minor] * times]),
        )


@dataclass(frozen=True, slots=True)
class QuotedTask:
    """A task of the quote.

    executions: expected in one instance. amount_minor: of all instances, its lines' sum.
    due: owed for each accepted delivery. due_once: owed besides with the first one of an instance.
    due_instance: owed once per instance, whether or not the task is reached.
    due_rework: owed besides for each repetition after a rejection, by the rework policy.
    """

    id: str
    title: Mapping[str, str]
    skill: str
    executions: Fraction
    amount_minor: int
    rework_share: Fraction
    rework_policy: Rework
    due: Due
    due_once: Due
    due_instance: Due
    due_rework: Due

    def owed(self, *, first: bool, sent_back: int) -> Due:
        """What one accepted delivery owes in all.

        first: it is of the task's first execution in its instance, which bears what is charged once.
        sent_back: how often it was rejected before; 0 for most.
        """
        owed = self.due.plus(self.due_rework, sent_back)
        return owed.plus(self.due_once).plus(self.due_instance) if first else owed


@dataclass(frozen=True, slots=True)
class QuotedOverhead:
    """An overhead as it applied. amount: exact major units for the quote."""

    code: str
    kind: Literal["percent", "fixed"]
    base: Literal["direct", "running"]
    value: Fraction
    names: Mapping[str, str]
    amount: Fraction
    amount_minor: int


@dataclass(frozen=True, slots=True)
class QuotedContribution:
    """A contribution rule as it applied. amount: exact major units for the quote."""

    party: str
    kind: ContributionKind
    scope: str
    value: Fraction | None
    cap: Fraction | None
    amount: Fraction
    amount_minor: int
    memo: bool = field(default=False, metadata=LATER)
    """True: shown, not paid, although it is not in kind."""


@dataclass(frozen=True, slots=True)
class Notice:
    """A warning kept with the quote: message is an English msgid with places, params fill it."""

    code: str
    place: str
    message: str
    params: Mapping[str, str]


def p80_notices(risk: Risk | None, basis: Basis, currency: str) -> tuple[Notice, ...]:
    """A warning where a price to P80 is less than the simulated mean, because rare cases are very dear."""
    if risk is None or basis != "p80" or risk.p80_minor >= risk.mean_minor:
        return ()
    params = {
        "p80": f"{Money(risk.p80_minor, currency).major():f}",
        "mean": f"{Money(risk.mean_minor, currency).major():f}",
        "currency": currency,
    }
    return (
        Notice(
            "p80-below-mean",
            "",
            "P80 is %(p80)s %(currency)s, but the simulated mean is %(mean)s, because a few cases cost far more. "
            "Over many orders more is spent than is held: keep a reserve, or bound what is repeated.",
            params,
        ),
    )


@dataclass(frozen=True, slots=True)
class Quote(CanonicalValue):
    """The price of `count` instances of a service; all amounts in whole minor units of `currency`.

    expected_minor = direct_minor + overheads: at typical prices, contributions in kind at their value.
    contingency_minor: what the fund holds on top by the basis; of it, rounding_minor covers the rounding of
    payments to whole units. charged_minor = expected_minor + contingency_minor.
    fund_minor: the fund's share, to be committed = charged - parties in cash - in kind.
    minimum_minor, maximum_minor: over all ways and price ranges; None = without bound.
    risk: of the simulation with its seed; its mean_minor is the *simulated mean*, not the expected cost (ADR 15).
    interrupted_share: which part of interrupted work is charged.
    number, replaces: a quote asked for again is number 2 and names the digest of the one before.
    """

    format: str
    service: str
    service_version_digest: str
    definition_digest: str
    process: str
    region: str
    on: date
    valid_until: date | None
    currency: str
    parameters: Mapping[str, Fraction]
    count: int
    basis: Basis
    expected_minor: int
    direct_minor: int
    contingency_minor: int
    rounding_minor: int
    charged_minor: int
    fund_minor: int
    party_minor: Mapping[str, int]
    in_kind_minor: Mapping[str, int]
    minimum_minor: int
    maximum_minor: int | None
    risk: Risk | None
    lines: tuple[QuoteLine, ...]
    tasks: Mapping[str, QuotedTask]
    overheads: tuple[QuotedOverhead, ...]
    contributions: tuple[QuotedContribution, ...]
    warnings: tuple[Notice, ...]
    number: int = field(default=1, metadata=LATER)
    replaces: str = field(default="", metadata=LATER)
    interrupted_share: Fraction = field(default=Fraction(1), metadata=LATER)

    @property
    def catalogue_minor(self) -> int:
        """What one instance costs with the percentage overheads, before contributions and contingency.

        The cell of the catalogue price matrix (`pricing.matrix`), rounded once like it.
        """
        rules = [Overhead(o.code, o.kind, o.value, o.base) for o in self.overheads]
        direct = exact_sum(line.amount for line in self.lines) / self.count
        return round_half_up(direct * catalogue_factor(rules) * 10 ** minor_digits(self.currency))

    def inconsistency(self) -> str:
        """Which sum does not hold; "" when all do."""
        cash, given = sum(self.party_minor.values()), sum(self.in_kind_minor.values())
        overheads = sum(o.amount_minor for o in self.overheads)
        sums = {
            "format": self.format == FORMAT,
            "direct": sum(line.amount_minor for line in self.lines) == self.direct_minor,
            "expected": self.direct_minor + overheads == self.expected_minor,
            "charged": self.expected_minor + self.contingency_minor == self.charged_minor,
            "fund": self.fund_minor + cash + given == self.charged_minor,
            "lines": all(_line_sums(line) for line in self.lines),
            "parties": sum_by_party(line.party_minor for line in self.lines)
            == only_present(self.party_minor),
            "in kind": sum_by_party(line.in_kind_minor for line in self.lines)
            == only_present(self.in_kind_minor),
            "dues": all(_due_sums(d) for t in self.tasks.values() for d in _dues(t)),
        }
        return next((name for name, holds in sums.items() if not holds), "")


def _line_sums(line: QuoteLine) -> bool:
    parts = line.fund_minor + sum(line.party_minor.values()) + sum(line.in_kind_minor.values())
    return parts == line.amount_minor


def _due_sums(due: Due) -> bool:
    return due.fund_minor + sum(due.party_minor.values()) == due.cash_minor


def _dues(task: QuotedTask) -> tuple[Due, ...]:
    return (task.due, task.due_once, task.due_instance, task.due_rework)


def sum_by_party(parts: Iterable[Mapping[str, int]]) -> dict[str, int]:
    """Amounts of the same party added up; those of zero left out."""
    found: dict[str, int] = {}
    for part in parts:
        for party, minor in part.items():
            found[party] = found.get(party, 0) + minor
    return only_present(found)


def only_present(amounts: Mapping[str, int]) -> dict[str, int]:
    """The amounts that are not zero."""
    return {party: minor for party, minor in amounts.items() if minor}
