"""A quote: what a service costs in a place on a day, line by line, and who pays it.

Amount of a line = expected executions x quantity x local price, exact; the total is rounded once at the
currency's digits and its parts are made to sum to it (first by payer, then by line; largest remainder). Every
number says where it came from. *Expected* means expected quantities at typical prices, exactly; the mean of
the simulation, in which prices vary, is another number with its own name (ADR 15).

Charges: `execution` counts every execution, times 1/(1-r) where a share r of deliveries is sent back and the
rework policy pays for it; `acceptance` counts accepted deliveries; `once` counts the chance that the task is
reached at all; `instance` counts one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from fractions import Fraction
from math import ceil
from typing import Final

from pricing.contributions import (
    FUND,
    Contribution,
    Overhead,
    Payer,
    apply_contributions,
    apply_overheads,
    check_overheads,
)
from pricing.errors import NotPriceable
from pricing.exact import apportion, exact_product_sum, exact_sum, product
from pricing.minimum_wage import below_minimum_wage
from pricing.money import minor_digits, round_half_up, split_minor
from pricing.price_lists import MissingPrice, PriceBook, Resolved
from pricing.quantities import read_parameters
from pricing.quoted import (
    FORMAT,
    only_present,
    p80_notices,
)
from pricing.quoted import Basis as Basis
from pricing.quoted import Due as Due
from pricing.quoted import Notice as Notice
from pricing.quoted import Quote as Quote
from pricing.quoted import QuotedContribution as QuotedContribution
from pricing.quoted import QuotedOverhead as QuotedOverhead
from pricing.quoted import QuotedTask as QuotedTask
from pricing.quoted import QuoteLine as QuoteLine
from pricing.service_costs import ONCE, CardLine, CardTask, Paths, ServiceCosts, compile_service, pays_again
from pricing.service_costs import LineKind as LineKind
from pricing.simulate import (
    Amounts,
    CostLine,
    Distribution,
    Driver,
    PriceRange,
    cost_drivers,
    simulate_cost,
    summarise,
)
from workflows.definitions.model import Charge, Definition
from workflows.problems import Problem, blocking

_ZERO: Final = Fraction(0)
_ONE: Final = Fraction(1)
_EACH_DELIVERY: Final = frozenset({"execution", "acceptance"})


def build_quote(
    service: Definition | ServiceCosts,
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
    previous: Quote | None = None,
) -> Quote:
    """The price of `count` independent instances of a service in a region on a day.

    service: its definition, or what `compile_service` made of it once (then `probabilities` are those).
    parameters: the project's numbers; a missing one takes its default.
    draws: of the simulation; 0 leaves the risk out, which basis p80 does not allow.
    previous: the quote this one replaces; see `compare.compare_quotes` for their difference.
    Raises NotPriceable with every problem at once (missing prices with all that was tried, parameters,
    quantities, unsound diagram), UnknownCurrency, ValueError for a senseless count or number of draws.
    """
    if count < 1 or draws < 0 or (basis == "p80" and draws == 0):
        raise ValueError("count must be 1 or more; basis p80 needs draws")
    costs = (
        service
        if isinstance(service, ServiceCosts)
        else compile_service(service, probabilities=probabilities)
    )
    work = _Work(costs, price_book, region, on, currency, count, parameters or {})
    amounts, problems = apply_contributions(contributions, work.drafts)
    work.problems += [*problems, *check_overheads(overheads)]
    least, most = work.bounds()
    if basis == "maximum" and most is None:
        work.problems.append(_no_maximum(costs.definition))
    if blocking(work.problems):
        raise NotPriceable(blocking(work.problems))

    def whole(direct: Fraction) -> Fraction:
        return exact_sum([direct, *apply_overheads(overheads, direct)])

    risk = None
    if draws:
        direct = work.simulate(seed, draws, distribution)
        risk = summarise(work.with_overheads(whole, direct), seed=seed, distribution=distribution)
    rounded = _Rounded(work, overheads)
    quoted = [work.task(task, rounded) for task in costs.tasks]
    rounding = sum(ceil(excess * count) for _, excess in quoted if excess)
    maximum = None if most is None else work.minor(whole(most))
    target = {"expected": 0, "p80": risk.p80_minor if risk else 0, "maximum": maximum or 0}[basis]
    contingency = max(0, target - rounded.expected) + rounding
    cash, given = rounded.parties(in_kind=False), rounded.parties(in_kind=True)
    charged = rounded.expected + contingency
    quote = Quote(
        format=FORMAT,
        service=costs.definition.service.code,
        service_version_digest=service_version_digest,
        definition_digest=costs.digest,
        process=costs.definition.process_id,
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
        tasks={task.id: task for task, _ in quoted},
        overheads=rounded.overheads,
        contributions=rounded.contributions(contributions, amounts),
        warnings=(
            *(_notice(p) for p in work.problems),
            *p80_notices(risk, basis, currency),
        ),
        number=previous.number + 1 if previous else 1,
        replaces=previous.digest() if previous else "",
        interrupted_share=costs.interrupted_share,
    )
    wrong = quote.inconsistency()
    assert not wrong, f"the parts of the quote do not sum: {wrong}"
    return quote


def quote_drivers(service: ServiceCosts, quote: Quote) -> tuple[Driver, ...]:
    """Which prices and which ways the spread of a quote comes from; () without a simulation.

    service: of the version that was quoted. The key of a price is its item.
    """
    if quote.risk is None:
        return ()
    values = {name: Decimal(v.numerator) / Decimal(v.denominator) for name, v in quote.parameters.items()}
    lines = [
        CostLine(
            line.task, line.charge, float(line.quantity), _price_range(line.price), float(1 - 1 / line.rework)
        )
        for line in quote.lines
    ]
    found = cost_drivers(
        service.paths(values).analysis, lines, instances=quote.count, draws=quote.risk.draws,
        seed=quote.risk.seed, distribution=quote.risk.distribution,
    )  # fmt: skip
    return tuple(replace(d, key=d.key.split("\0")[3]) if d.kind == "price" else d for d in found)


@dataclass(slots=True)
class _Draft:
    """A line before rounding. parts: who bears which exact part of `amount`."""

    line: CardLine
    category: str
    quantity: Fraction
    price: Resolved
    executions: Fraction
    unit_amount: Fraction
    amount: Fraction
    parts: dict[Payer, Fraction]
    _unit_parts: list[tuple[Payer, Fraction]] | None = None

    @property
    def task(self) -> str:
        return self.line.task

    @property
    def id(self) -> str:
        return self.line.id

    @property
    def item(self) -> str:
        return self.line.item

    @property
    def is_funds(self) -> bool:
        """Whether the fund bears all of it."""
        return len(self.parts) == 1 and FUND in self.parts

    def unit_parts(self) -> list[tuple[Payer, Fraction]]:
        """Who bears which part of one execution; they sum to `unit_amount`."""
        if self._unit_parts is None:
            if len(self.parts) == 1:
                self._unit_parts = [(payer, self.unit_amount) for payer in self.parts]
            elif not self.amount:
                self._unit_parts = [(_default_payer(self.line), self.unit_amount)]
            else:
                one = self.unit_amount / self.amount
                self._unit_parts = [(payer, product(part, one)) for payer, part in self.parts.items()]
        return self._unit_parts


def _default_payer(line: CardLine) -> Payer:
    return FUND if line.payer == "fund" and not line.in_kind else Payer(line.payer, line.in_kind)


class _Work:
    """The calculation of one quote up to the rounding."""

    def __init__(
        self, costs: ServiceCosts, book: PriceBook, region: str, on: date, currency: str, count: int,
        given: Mapping[str, Decimal | int],
    ) -> None:  # fmt: skip
        self.costs, self.count = costs, count
        self.scale = 10 ** minor_digits(currency)
        self.values, problems = read_parameters(costs.definition.service.parameters, given)
        self.paths: Paths = costs.paths(self.values)
        self.problems: list[Problem] = [*problems, *self.paths.analysis.problems, *costs.problems]
        self.drafts: list[_Draft] = []
        self._place: dict[str, slice] = {}
        self._price(book, region, on, currency)
        if not costs.lines:
            self.problems.append(_no_lines())
        if book.minimum_wages:
            paid = [(d.task, d.price) for d in self.drafts if d.line.kind == "honorarium"]
            self.problems += below_minimum_wage(paid, book, region, on)

    def _price(self, book: PriceBook, region: str, on: date, currency: str) -> None:
        local = book.local(region, on, currency)
        quantities = self.costs.quantities(self.values)
        drafts, count, seen = self.drafts, self.count, set[tuple[str, str]]()
        for task in self.costs.tasks:
            start = len(drafts)
            for i in range(task.first, task.last):
                line, amount = self.costs.lines[i], quantities[i]
                price = local.price(line.item, line.unit)
                if isinstance(amount, Problem):
                    self._problem(amount)
                if isinstance(price, MissingPrice):
                    if (line.task, line.item + "\0" + line.unit) not in seen:
                        seen.add((line.task, line.item + "\0" + line.unit))
                        self.problems.append(price.problem(line.task))
                elif isinstance(amount, Fraction):
                    executions = self.paths.executions[i]
                    unit_amount = product(amount, price.typical)
                    often = executions if count == 1 else executions * count
                    exact = unit_amount if often is ONCE else product(unit_amount, often)
                    drafts.append(
                        _Draft(
                            line, book.items[line.item].category, amount, price, executions, unit_amount, exact,
                            {_default_payer(line): exact},
                        )
                    )  # fmt: skip
            self._place[task.id] = slice(start, len(drafts))

    def minor(self, major: Fraction) -> int:
        return round_half_up(major * self.scale)

    def _problem(self, problem: Problem) -> None:
        if problem not in self.problems:
            self.problems.append(problem)

    # --- bounds and risk ------------------------------------------------------------------------------------

    def bounds(self) -> tuple[Fraction, Fraction | None]:
        """The least and the greatest direct cost of all instances, over ways, rework and price ranges."""
        if not self.paths.analysis.usable:
            return _ZERO, _ZERO
        weights, fixed = self._extremes(lowest=True)
        least, most = self.paths.analysis.bounds(weights)
        if most is not None:  # what has no bound at the lowest prices has none at the highest either
            at_most, more = self._extremes(lowest=False)
            _, most = self.paths.analysis.bounds(at_most)
            most = None if most is None else (most + more) * self.count
        return (least + fixed) * self.count, most

    def _extremes(self, *, lowest: bool) -> tuple[dict[str, Fraction], Fraction]:
        """Cost of one execution of each task at the lowest or highest prices, and what is charged besides."""
        weights: dict[str, list[tuple[Fraction, Fraction]]] = {}
        fixed: list[tuple[Fraction, Fraction]] = []
        for draft in self.drafts:
            line, price = draft.line, draft.price
            extreme = price.minimum if lowest else price.maximum
            if line.most_paid and not lowest:
                extreme *= 1 + line.most_paid
            if line.charge in _EACH_DELIVERY:
                weights.setdefault(line.task, []).append((draft.quantity, extreme))
            elif line.charge == "instance" or draft.executions == 1 or (draft.executions and not lowest):
                fixed.append((draft.quantity, extreme))
        return {task: exact_product_sum(pairs) for task, pairs in weights.items()}, exact_product_sum(fixed)

    def simulate(self, seed: int, draws: int, distribution: Distribution) -> Amounts:
        """The direct cost of all instances in major units, one number per draw."""
        lines = [
            CostLine(
                d.task, d.line.charge, float(d.quantity), _price_range(d.price), float(d.line.paid_share)
            )
            for d in self.drafts
        ]
        return simulate_cost(
            self.paths.analysis,
            lines,
            instances=self.count,
            draws=draws,
            seed=seed,
            distribution=distribution,
        )

    def with_overheads(self, whole: Callable[[Fraction], Fraction], direct: Amounts) -> Amounts:
        """Direct costs in major units as totals in minor units; overheads are linear in the direct cost."""
        fixed = whole(_ZERO)
        return direct * float((whole(_ONE) - fixed) * self.scale) + float(fixed * self.scale)

    # --- dues -----------------------------------------------------------------------------------------------

    def task(self, task: CardTask, rounded: _Rounded) -> tuple[QuotedTask, Fraction]:
        """The task, and by how much the fund's payments for it exceed their exact price, in minor units."""
        place = self._place[task.id]
        drafts = self.drafts[place]
        by_charge: dict[Charge, list[_Draft]] = {}
        for draft in drafts:
            by_charge.setdefault(draft.line.charge, []).append(draft)
        redone = [d for d in by_charge.get("execution", ()) if pays_again(task.rework_policy, d.line.kind)]
        executions = self.paths.analysis.expected[task.id]
        each = self._due([d for d in drafts if d.line.charge in _EACH_DELIVERY])
        once, always = self._due(by_charge.get("once", ())), self._due(by_charge.get("instance", ()))
        chance = by_charge["once"][0].executions if "once" in by_charge else _ZERO
        # payments are whole numbers; what they are more than exact the fund must hold
        excess = exact_product_sum(
            (more, often)
            for (_, more), often in ((each, executions), (once, chance), (always, _ONE))
            if more > 0
        )
        quoted = QuotedTask(
            id=task.id,
            title=task.title,
            skill=task.skill,
            executions=executions,
            amount_minor=sum(line.amount_minor for line in rounded.lines[place]),
            rework_share=task.rework_share,
            rework_policy=task.rework_policy,
            due=each[0],
            due_once=once[0],
            due_instance=always[0],
            due_rework=self._due(redone)[0],
        )
        return quoted, excess

    def _due(self, drafts: Sequence[_Draft]) -> tuple[Due, Fraction]:
        """What is owed, and how many minor units the fund's part is more than its exact price."""
        if not drafts:
            return _NOTHING, _ZERO
        cash: dict[LineKind, list[Fraction]] = {"honorarium": [], "expense": []}
        given: dict[str, list[Fraction]] = {}
        payers: dict[Payer, list[Fraction]] = {FUND: []}
        for draft in drafts:
            for payer, part in draft.unit_parts():
                if payer.in_kind:
                    given.setdefault(payer.party, []).append(part)
                else:
                    cash[draft.line.kind].append(part)
                    payers.setdefault(payer, []).append(part)
        exact = [exact_sum(cash["honorarium"]), exact_sum(cash["expense"])]
        honorarium, expenses = self.minor(exact[0]), self.minor(exact[1])
        weights, parts = [exact_sum(exact)], [honorarium + expenses]
        if len(payers) > 1:
            weights = [exact_sum(theirs) for theirs in payers.values()]
            parts = split_minor(parts[0], weights)
        by_payer = dict(zip(payers, parts, strict=True))
        fund = by_payer.pop(FUND)
        due = Due(
            honorarium_minor=honorarium,
            expenses_minor=expenses,
            in_kind_minor=only_present({party: self.minor(exact_sum(p)) for party, p in given.items()}),
            fund_minor=fund,
            party_minor={payer.party: minor for payer, minor in by_payer.items() if minor},
        )
        return due, fund - weights[0] * self.scale


class _Rounded:
    """The exact amounts as whole minor units: the total once, by payer, then each payer's part by line."""

    def __init__(self, work: _Work, overheads: Sequence[Overhead]) -> None:
        drafts, scale = work.drafts, work.scale
        direct = exact_sum(d.amount for d in drafts)
        extra = apply_overheads(overheads, direct)
        self.expected = work.minor(exact_sum([direct, *extra]))
        columns: dict[Payer, list[Fraction]] = {}
        for payer in dict.fromkeys(p for d in drafts for p in d.parts if p != FUND):
            columns[payer] = [d.parts.get(payer, _ZERO) for d in drafts]
        columns[FUND] = [d.parts.get(FUND, _ZERO) for d in drafts] + extra
        if scale != 1:
            columns = {payer: [part * scale for part in column] for payer, column in columns.items()}
        totals = apportion(self.expected, [exact_sum(c) for c in columns.values()])
        self.total = dict(zip(columns, totals, strict=True))
        parts = {payer: apportion(self.total[payer], column) for payer, column in columns.items()}
        fund, others = parts[FUND], {payer: part for payer, part in parts.items() if payer != FUND}
        self.lines = tuple(
            # a payer that bears nothing of a line has no part of its rounding either
            _rounded_line(
                d, fund[i], _NO_PARTS if d.is_funds else {p: others[p][i] for p in d.parts if p != FUND}
            )
            for i, d in enumerate(drafts)
        )
        self.exact, self.scale = columns, scale
        self.overheads = tuple(
            QuotedOverhead(o.code, o.kind, o.base, o.value, dict(o.names), amount, part)
            for o, amount, part in zip(overheads, extra, fund[len(drafts) :], strict=True)
        )

    def parties(self, *, in_kind: bool) -> dict[str, int]:
        return {p.party: minor for p, minor in self.total.items() if p.party and p.in_kind == in_kind}

    def contributions(
        self, rules: Sequence[Contribution], amounts: Sequence[Fraction]
    ) -> tuple[QuotedContribution, ...]:
        """Each rule's rounded amount; with what a party pays by its own lines they sum to its part."""
        minor = [0] * len(rules)
        for payer, whole in self.total.items():
            mine = [i for i, r in enumerate(rules) if r.payer == payer]
            if not mine:
                continue
            by_rules = [amounts[i] * self.scale for i in mine]
            own = exact_sum(self.exact[payer]) - exact_sum(by_rules)
            for i, part in zip(mine, apportion(whole, [*by_rules, own]), strict=False):
                minor[i] = part
        return tuple(
            QuotedContribution(r.party, r.kind, r.scope, r.value, r.cap, amount, part, r.memo)
            for r, amount, part in zip(rules, amounts, minor, strict=True)
        )


_NOTHING: Final = Due(0, 0, {}, 0, {})
_NO_PARTS: Final[Mapping[Payer, int]] = {}


def _rounded_line(draft: _Draft, fund: int, parts: Mapping[Payer, int]) -> QuoteLine:
    line = draft.line
    return QuoteLine(
        task=line.task, id=line.id, kind=line.kind, label=line.label, item=line.item,
        category=draft.category, quantity_text=line.quantity, quantity=draft.quantity, unit=line.unit,
        charge=line.charge, executions=draft.executions, rework=line.rework, price=draft.price,
        unit_amount=draft.unit_amount, amount=draft.amount, payer=line.payer, in_kind=line.in_kind,
        amount_minor=fund + sum(parts.values()),
        fund_minor=fund,
        party_minor={p.party: minor for p, minor in parts.items() if not p.in_kind} if parts else {},
        in_kind_minor={p.party: minor for p, minor in parts.items() if p.in_kind} if parts else {},
    )  # fmt: skip


def _price_range(price: Resolved) -> PriceRange:
    key = f"{price.list}\0{price.row}\0{price.region}\0{price.item}\0{price.unit}"
    return PriceRange(key, float(price.minimum), float(price.typical), float(price.maximum))


def _notice(problem: Problem) -> Notice:
    params = {key: str(value) for key, value in problem.params.items()}
    return Notice(problem.code, problem.place, problem.message, params)


def _no_lines() -> Problem:
    return Problem(
        "no-costs",
        "No task of the diagram says what it costs, so the price is zero. Give its tasks an honorarium or expenses.",
        severity="warning",
    )


def _no_maximum(definition: Definition) -> Problem:
    return Problem(
        "no-maximum",
        "The greatest cost has no bound because a loop has none. Choose another basis, or bound the loop.",
        place=definition.process_id,
    )
