"""A quote: what a service costs in a place on a day, line by line, and who pays it.

Amount of a line = expected executions x quantity x local price, exact; the total is rounded once at the
currency's digits and its parts are made to sum to it (first by payer, then by line; largest remainder). Every
number says where it came from. A quote is a value: canonical JSON with a SHA-256, never changed; the quote of
another day is another quote.

Charges: `execution` counts every execution, times 1/(1-r) where a share r of deliveries is sent back and the
rework policy pays for it; `acceptance` counts accepted deliveries; `once` counts the chance that the task is
reached at all; `instance` counts one.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from math import ceil, floor
from typing import Any, Final, Literal, cast

from pricing.canonical import canonical_json, decode, encode
from pricing.contributions import (
    FUND,
    Contribution,
    ContributionKind,
    Overhead,
    Payer,
    apply_contributions,
    apply_overheads,
    check_overheads,
)
from pricing.errors import NotPriceable, UnreadableValue
from pricing.money import minor_digits, round_half_up, split_minor
from pricing.price_lists import MissingPrice, PriceBook, Resolved
from pricing.quantities import quantity, read_parameters
from pricing.simulate import CostLine, Distribution, PriceRange, Risk, simulate_cost, summarise
from pricing.visits import Analysis, analyse
from workflows.definitions.model import Charge, Definition, Node, Rework, TaskCard
from workflows.problems import Problem, blocking

Basis = Literal["expected", "p80", "maximum"]
"""What is charged: the expected cost; that plus a contingency to P80; that plus one to the greatest cost."""
LineKind = Literal["honorarium", "expense"]
FORMAT: Final = "run-quote/1"
_ZERO: Final = Fraction(0)
_ONE: Final = Fraction(1)


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
            _by_party([self.in_kind_minor, *[other.in_kind_minor] * times]),
            self.fund_minor + times * other.fund_minor,
            _by_party([self.party_minor, *[other.party_minor] * times]),
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


@dataclass(frozen=True, slots=True)
class Notice:
    """A warning kept with the quote: message is an English msgid with places, params fill it."""

    code: str
    place: str
    message: str
    params: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Quote:
    """The price of `count` instances of a service; all amounts in whole minor units of `currency`.

    expected_minor = direct_minor + overheads: at typical prices, contributions in kind at their value.
    contingency_minor: what the fund holds on top by the basis; of it, rounding_minor covers the rounding of
    payments to whole units. charged_minor = expected_minor + contingency_minor.
    fund_minor: the fund's share, to be committed = charged - parties in cash - in kind.
    minimum_minor, maximum_minor: over all ways and price ranges; None = without bound.
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

    def as_json(self) -> dict[str, Any]:
        """Texts, whole numbers, lists and objects only; exact fractions as "25/23", days as ISO 8601."""
        return cast(dict[str, Any], encode(self))

    def canonical(self) -> bytes:
        """The one byte sequence of this quote."""
        return canonical_json(self.as_json())

    def digest(self) -> str:
        """Hexadecimal SHA-256 of `canonical()`."""
        return hashlib.sha256(self.canonical()).hexdigest()

    @classmethod
    def from_json(cls, document: bytes | str | Mapping[str, Any]) -> Quote:
        """Read a quote back. Raises UnreadableValue when it is none or its parts do not sum."""
        try:
            data = json.loads(document) if isinstance(document, bytes | str) else dict(document)
        except (ValueError, RecursionError) as reason:
            raise UnreadableValue(kind="Quote", reason=str(reason)) from reason
        quote = decode(cls, data)
        wrong = quote.inconsistency()
        if wrong:
            raise UnreadableValue(kind="Quote", reason=wrong)
        return quote

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
            "parties": _by_party(line.party_minor for line in self.lines) == _present(self.party_minor),
            "in kind": _by_party(line.in_kind_minor for line in self.lines) == _present(self.in_kind_minor),
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


def _by_party(parts: Iterable[Mapping[str, int]]) -> dict[str, int]:
    found: dict[str, int] = {}
    for part in parts:
        for party, minor in part.items():
            found[party] = found.get(party, 0) + minor
    return _present(found)


def _present(amounts: Mapping[str, int]) -> dict[str, int]:
    return {party: minor for party, minor in amounts.items() if minor}


def build_quote(
    definition: Definition,
    price_book: PriceBook,
    *,
    region: str,
    on: date,
    currency: str,
    parameters: Mapping[str, Decimal | int] | None = None,
    contributions: Sequence[Contribution] = (),
    overheads: Sequence[Overhead] = (),
    basis: Basis = "p80",
    count: int = 1,
    seed: int = 1,
    draws: int = 10_000,
    distribution: Distribution = "pert",
    probabilities: Mapping[str, Fraction] | None = None,
    service_version_digest: str = "",
    valid_until: date | None = None,
) -> Quote:
    """The price of `count` independent instances of a service in a region on a day.

    parameters: the project's numbers; a missing one takes its default. probabilities: of `graph.build_graph`.
    draws: of the simulation; 0 leaves the risk out, which basis p80 does not allow.
    Raises NotPriceable with every problem at once (missing prices with all that was tried, parameters,
    quantities, unsound diagram), UnknownCurrency, ValueError for a senseless count or number of draws.
    """
    if count < 1 or draws < 0 or (basis == "p80" and draws == 0):
        raise ValueError("count must be 1 or more; basis p80 needs draws")
    digits = minor_digits(currency)
    work = _Work(definition, price_book, region, on, currency, digits, count)
    work.prepare(parameters or {}, probabilities)
    amounts, problems = apply_contributions(contributions, work.drafts)
    work.problems += [*problems, *check_overheads(overheads)]
    least, most = work.bounds()
    if basis == "maximum" and most is None:
        work.problems.append(_no_maximum(definition))
    if blocking(work.problems):
        raise NotPriceable(blocking(work.problems))

    def whole(direct: Fraction) -> Fraction:
        return direct + sum(apply_overheads(overheads, direct), _ZERO)

    risk = work.risk(whole, seed, draws, distribution) if draws else None
    rounded = _Rounded(work, overheads)
    tasks = {n.id: work.task(n, rounded) for n in definition.tasks()}
    rounding = sum(_rounding_reserve(work, tasks[n.id]) for n in definition.tasks())
    maximum = None if most is None else work.minor(whole(most))
    target = {"expected": 0, "p80": risk.p80_minor if risk else 0, "maximum": maximum or 0}[basis]
    contingency = max(0, target - rounded.expected) + rounding
    cash, given = rounded.parties(in_kind=False), rounded.parties(in_kind=True)
    charged = rounded.expected + contingency
    quote = Quote(
        format=FORMAT,
        service=definition.service.code,
        service_version_digest=service_version_digest,
        definition_digest=hashlib.sha256(definition.xml).hexdigest(),
        process=definition.process_id,
        region=region,
        on=on,
        valid_until=valid_until,
        currency=currency,
        parameters={name: Fraction(value) for name, value in work.values.items()},
        count=count,
        basis=basis,
        expected_minor=rounded.expected,
        direct_minor=sum(line.amount_minor for line in rounded.lines),
        contingency_minor=contingency,
        rounding_minor=rounding,
        charged_minor=charged,
        fund_minor=charged - sum(cash.values()) - sum(given.values()),
        party_minor=cash,
        in_kind_minor=given,
        minimum_minor=work.minor(whole(least)),
        maximum_minor=maximum,
        risk=risk,
        lines=rounded.lines,
        tasks=tasks,
        overheads=rounded.overheads,
        contributions=rounded.contributions(contributions, amounts),
        warnings=tuple(_notice(p) for p in work.problems),
    )
    wrong = quote.inconsistency()
    assert not wrong, f"the parts of the quote do not sum: {wrong}"
    return quote


@dataclass(slots=True)
class _Draft:
    """A line before rounding. parts: who bears which exact part of `amount`."""

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
    payer: str
    in_kind: bool
    price: Resolved
    executions: Fraction
    rework: Fraction
    rework_share: Fraction
    most_rework: int
    amount: Fraction
    parts: dict[Payer, Fraction]

    @property
    def unit_amount(self) -> Fraction:
        return self.quantity * self.price.typical

    def shares(self) -> dict[Payer, Fraction]:
        """Who bears which share of the line; they sum to one."""
        if not self.amount:
            return {_default_payer(self.payer, self.in_kind): _ONE}
        return {payer: part / self.amount for payer, part in self.parts.items()}


def _pays_again(policy: Rework, kind: LineKind) -> bool:
    return policy == "full" or (policy == "expenses" and kind == "expense")


def _default_payer(payer: str, in_kind: bool) -> Payer:
    return Payer("" if payer == "fund" and not in_kind else payer, in_kind)


class _Work:
    """The calculation of one quote up to the rounding."""

    def __init__(
        self,
        definition: Definition,
        book: PriceBook,
        region: str,
        on: date,
        currency: str,
        digits: int,
        count: int,
    ) -> None:
        self.definition, self.book = definition, book
        self.region, self.on, self.currency = region, on, currency
        self.scale = 10**digits
        self.count = count
        self.problems: list[Problem] = []
        self.values: dict[str, Decimal] = {}
        self.drafts: list[_Draft] = []
        self.analysis: Analysis

    def minor(self, major: Fraction) -> int:
        return round_half_up(major * self.scale)

    def prepare(
        self, given: Mapping[str, Decimal | int], probabilities: Mapping[str, Fraction] | None
    ) -> None:
        self.values, problems = read_parameters(self.definition.service.parameters, given)
        self.problems += problems
        self.analysis = analyse(self.definition, probabilities=probabilities, cardinality=self._cardinality)
        self.problems += self.analysis.problems
        for node in self.definition.tasks():
            if node.task is not None and node.id in self.analysis.expected:
                self._task_lines(node, node.task)

    def _cardinality(self, text: str) -> Fraction | None:
        found = quantity(text, self.values, "")
        return found if isinstance(found, Fraction) else None

    def _task_lines(self, node: Node, card: TaskCard) -> None:
        self._rework_share(node)  # said even when no line can be priced
        work = card.honorarium
        if work is not None:
            self._line(
                node, card, "honorarium", "honorarium", work.item, work.quantity, work.unit, work.charge
            )
        for e in card.expenses:
            self._line(
                node, card, e.id, "expense", e.item, e.quantity, e.unit, e.charge, e.label, e.payer, e.in_kind
            )

    def _line(
        self, node: Node, card: TaskCard, line: str, kind: LineKind, item: str, text: str, unit: str,
        charge: Charge, label: Mapping[str, str] | None = None, payer: str = "fund", in_kind: bool = False,
    ) -> None:  # fmt: skip
        amount = quantity(text, self.values, node.id)
        price = self.book.resolve(item, unit, self.region, self.on, self.currency)
        if isinstance(amount, Problem):
            self._problem(amount)
        if isinstance(price, MissingPrice):
            self._problem(price.problem(node.id))
        if isinstance(amount, Problem) or isinstance(price, MissingPrice):
            return
        share = self._rework_share(node)
        pays = charge == "execution" and _pays_again(card.verification.rework, kind)
        factor = 1 / (1 - share) if pays else _ONE
        executions = self._executions(node.id, charge) * factor
        exact = executions * amount * price.typical * self.count
        self.drafts.append(
            _Draft(
                task=node.id, id=line, kind=kind, label=label or {}, item=item,
                category=self.book.items[item].category, quantity_text=text, quantity=amount, unit=unit,
                charge=charge, payer=payer, in_kind=in_kind, price=price, executions=executions,
                rework=factor, rework_share=share if factor != 1 else _ZERO,
                most_rework=card.verification.max_rework if factor != 1 else 0,
                amount=exact, parts={_default_payer(payer, in_kind): exact},
            )
        )  # fmt: skip

    def _executions(self, node: str, charge: Charge) -> Fraction:
        if charge == "instance":
            return _ONE
        if charge == "once":
            return self.analysis.at_least_once(node) if self.analysis.usable else _ZERO
        return self.analysis.expected[node]

    def _rework_share(self, node: Node) -> Fraction:
        stated = node.estimate.rework if node.estimate else None
        share = _ZERO if stated is None else Fraction(stated)
        if not 0 <= share < 1:
            self._problem(_rework_range(node, share))
            return _ZERO
        return share

    def _problem(self, problem: Problem) -> None:
        if problem not in self.problems:
            self.problems.append(problem)

    # --- bounds and risk ------------------------------------------------------------------------------------

    def bounds(self) -> tuple[Fraction, Fraction | None]:
        """The least and the greatest direct cost of all instances, over ways, rework and price ranges."""
        if not self.analysis.usable:
            return _ZERO, _ZERO
        least, most = self._bound(lowest=True), self._bound(lowest=False)
        return (least or _ZERO) * self.count, None if most is None else most * self.count

    def _bound(self, *, lowest: bool) -> Fraction | None:
        weights: dict[str, Fraction] = {}
        fixed = _ZERO
        for draft in self.drafts:
            price = min(draft.price.minimum, draft.price.typical)
            if not lowest:
                price = max(draft.price.maximum, draft.price.typical) * (1 + draft.most_rework)
            cost = draft.quantity * price
            if draft.charge in ("execution", "acceptance"):
                weights[draft.task] = weights.get(draft.task, _ZERO) + cost
            elif draft.charge == "instance" or draft.executions == 1 or (draft.executions and not lowest):
                fixed += cost
        least, most = self.analysis.bounds(weights)
        if lowest:
            return least + fixed
        return None if most is None else most + fixed

    def risk(
        self, whole: Callable[[Fraction], Fraction], seed: int, draws: int, distribution: Distribution
    ) -> Risk:
        lines = [
            CostLine(d.task, d.charge, float(d.quantity), _price_range(d.price), float(d.rework_share))
            for d in self.drafts
        ]
        direct = simulate_cost(
            self.analysis, lines, instances=self.count, draws=draws, seed=seed, distribution=distribution
        )
        fixed = whole(_ZERO)  # overheads are linear in the direct cost
        total = direct * float((whole(_ONE) - fixed) * self.scale) + float(fixed * self.scale)
        return summarise(total, seed=seed, distribution=distribution)

    # --- dues -----------------------------------------------------------------------------------------------

    def task(self, node: Node, rounded: _Rounded) -> QuotedTask:
        drafts = [d for d in self.drafts if d.task == node.id]
        card = node.task or TaskCard()
        policy = card.verification.rework
        redone = [d for d in drafts if d.charge == "execution" and _pays_again(policy, d.kind)]
        return QuotedTask(
            id=node.id,
            title=dict(card.title),
            skill=card.skill,
            executions=self.analysis.expected[node.id],
            amount_minor=sum(line.amount_minor for line in rounded.lines if line.task == node.id),
            rework_share=self._rework_share(node),
            rework_policy=policy,
            due=self._due(d for d in drafts if d.charge in ("execution", "acceptance")),
            due_once=self._due(d for d in drafts if d.charge == "once"),
            due_instance=self._due(d for d in drafts if d.charge == "instance"),
            due_rework=self._due(redone),
        )

    def _due(self, drafts: Iterable[_Draft]) -> Due:
        cash: dict[LineKind, Fraction] = {"honorarium": _ZERO, "expense": _ZERO}
        given: dict[str, Fraction] = {}
        payers: dict[Payer, Fraction] = {FUND: _ZERO}
        for draft in drafts:
            for payer, share in draft.shares().items():
                part = draft.unit_amount * share
                if payer.in_kind:
                    given[payer.party] = given.get(payer.party, _ZERO) + part
                else:
                    cash[draft.kind] += part
                    payers[payer] = payers.get(payer, _ZERO) + part
        honorarium, expenses = self.minor(cash["honorarium"]), self.minor(cash["expense"])
        parts = split_minor(honorarium + expenses, list(payers.values()))
        by_payer = dict(zip(payers, parts, strict=True))
        return Due(
            honorarium_minor=honorarium,
            expenses_minor=expenses,
            in_kind_minor=_present({party: self.minor(value) for party, value in given.items()}),
            fund_minor=by_payer.pop(FUND),
            party_minor={payer.party: minor for payer, minor in by_payer.items() if minor},
        )

    def exact_fund_due(self, task: str, charges: tuple[Charge, ...]) -> Fraction:
        """What the fund pays for one execution, exact minor units."""
        drafts = [d for d in self.drafts if d.task == task and d.charge in charges]
        exact = sum((d.unit_amount * d.shares().get(FUND, _ZERO) for d in drafts), _ZERO)
        return Fraction(exact * self.scale)


class _Rounded:
    """The exact amounts as whole minor units: the total once, by payer, then each payer's part by line."""

    def __init__(self, work: _Work, overheads: Sequence[Overhead]) -> None:
        drafts = work.drafts
        direct = sum((d.amount for d in drafts), _ZERO)
        extra = apply_overheads(overheads, direct)
        self.expected = work.minor(direct + sum(extra, _ZERO))
        others = dict.fromkeys(p for d in drafts for p in d.parts if p != FUND)
        columns = {payer: [d.parts.get(payer, _ZERO) * work.scale for d in drafts] for payer in others}
        fund = [d.parts.get(FUND, _ZERO) for d in drafts] + extra
        columns[FUND] = [part * work.scale for part in fund]
        totals = _apportion(self.expected, [sum(c, _ZERO) for c in columns.values()])
        self.total = dict(zip(columns, totals, strict=True))
        parts = {payer: _apportion(self.total[payer], column) for payer, column in columns.items()}
        self.lines = tuple(
            _rounded_line(d, {p: part[i] for p, part in parts.items()}) for i, d in enumerate(drafts)
        )
        self.exact, self.scale = columns, work.scale
        minor = parts[FUND][len(drafts) :]
        self.overheads = tuple(
            QuotedOverhead(o.code, o.kind, o.base, o.value, dict(o.names), amount, part)
            for o, amount, part in zip(overheads, extra, minor, strict=True)
        )

    def parties(self, *, in_kind: bool) -> dict[str, int]:
        return {p.party: minor for p, minor in self.total.items() if p.party and p.in_kind == in_kind}

    def contributions(
        self, rules: Sequence[Contribution], amounts: Sequence[Fraction]
    ) -> tuple[QuotedContribution, ...]:
        """Each rule's rounded amount; with what a party pays by its own lines they sum to its part."""
        minor = [0] * len(rules)
        for payer, whole in self.total.items():
            mine = [i for i, r in enumerate(rules) if Payer(r.party, r.kind == "in_kind") == payer]
            by_rules = [amounts[i] * self.scale for i in mine]
            own = sum(self.exact[payer], _ZERO) - sum(by_rules, _ZERO)
            for i, part in zip(mine, _apportion(whole, [*by_rules, own]), strict=False):
                minor[i] = part
        return tuple(
            QuotedContribution(r.party, r.kind, r.scope, r.value, r.cap, amount, part)
            for r, amount, part in zip(rules, amounts, minor, strict=True)
        )


def _apportion(whole: int, exact: Sequence[Fraction]) -> list[int]:
    """Round exact parts down or up so that they sum to their rounded sum; the largest remainders go up.

    Unlike `split_minor` nothing is scaled: a part that is a whole number stays as it is.
    """
    parts = [floor(part) for part in exact]
    missing = whole - sum(parts)
    assert 0 <= missing <= len(parts), "the whole is not the rounded sum of its parts"
    for i in sorted(range(len(parts)), key=lambda i: (parts[i] - exact[i], i))[:missing]:
        parts[i] += 1
    return parts


def _rounded_line(draft: _Draft, parts: Mapping[Payer, int]) -> QuoteLine:
    own = {p: minor for p, minor in parts.items() if p != FUND and p in draft.parts}
    fund = parts.get(FUND, 0)
    return QuoteLine(
        task=draft.task, id=draft.id, kind=draft.kind, label=dict(draft.label), item=draft.item,
        category=draft.category, quantity_text=draft.quantity_text, quantity=draft.quantity, unit=draft.unit,
        charge=draft.charge, executions=draft.executions, rework=draft.rework, price=draft.price,
        unit_amount=draft.unit_amount, amount=draft.amount, payer=draft.payer, in_kind=draft.in_kind,
        amount_minor=fund + sum(parts[p] for p in parts if p != FUND),
        fund_minor=fund,
        party_minor={p.party: minor for p, minor in own.items() if not p.in_kind},
        in_kind_minor={p.party: minor for p, minor in own.items() if p.in_kind},
    )  # fmt: skip


def _rounding_reserve(work: _Work, task: QuotedTask) -> int:
    """Minor units the fund pays more than the exact price because each payment is a whole number."""
    count, draft = work.count, {d.charge: d for d in work.drafts if d.task == task.id}
    often = task.executions * count
    steps: list[tuple[int, tuple[Charge, ...], Fraction]] = [
        (task.due.fund_minor, ("execution", "acceptance"), often),
        (task.due_once.fund_minor, ("once",), draft["once"].executions * count if "once" in draft else _ZERO),
        (task.due_instance.fund_minor, ("instance",), Fraction(count)),
    ]
    excess = sum((max(_ZERO, w - work.exact_fund_due(task.id, c)) * n for w, c, n in steps), _ZERO)
    return ceil(excess)


def _price_range(price: Resolved) -> PriceRange:
    low, high = min(price.minimum, price.typical), max(price.maximum, price.typical)
    key = f"{price.list}\0{price.row}\0{price.region}\0{price.item}\0{price.unit}"
    return PriceRange(key, float(low), float(price.typical), float(high))


def _notice(problem: Problem) -> Notice:
    params = {key: str(value) for key, value in problem.params.items()}
    return Notice(problem.code, problem.place, problem.message, params)


def _no_maximum(definition: Definition) -> Problem:
    return Problem(
        "no-maximum",
        "The greatest cost has no bound because a loop has none. Choose another basis, or bound the loop.",
        place=definition.process_id,
    )


def _rework_range(node: Node, share: Fraction) -> Problem:
    return Problem(
        "rework-range",
        "The share of deliveries of %(task)s that are sent back is %(share)s; it must be at least 0 and less "
        "than 1.",
        place=node.id,
        params={"task": node.name or node.id, "share": str(share)},
    )
