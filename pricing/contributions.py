"""Who pays which part of a cost: third-party contributions, and overheads on top.

Contributions apply in their order, each to what the fund would still pay of the lines in its scope; they
never take more than that, and never reduce the base of the overheads. Amounts are exact fractions of major
units.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Final, Literal, NamedTuple, Protocol

from pricing.exact import exact_sum
from workflows.problems import Problem

ContributionKind = Literal["percent", "fixed", "in_kind"]
CONTINGENCY: Final = "contingency"
"""Code of a flat contingency among the overheads."""
_ZERO = Fraction(0)


class Payer(NamedTuple):
    """Who bears a part of an amount, and whether money moves. party "" = the fund."""

    party: str
    in_kind: bool


FUND = Payer("", False)


@dataclass(frozen=True, slots=True)
class Contribution:
    """A rule: `party` bears a part of some lines.

    kind: percent = a share in cash; fixed = an amount in cash; in_kind = a share given, not paid.
    memo: a percent or fixed contribution that is shown, not paid (labour valued at an agreed amount).
    scope: "service", "item:CODE", "category:NAME", "task:ID" or "line:TASK/ID".
    value: percent (0 to 100) or major units of the quote's currency for the whole quote; in_kind may leave it
    out, which means all of it. cap: at most that much, in major units, for the whole quote.
    """

    party: str
    kind: ContributionKind
    scope: str = "service"
    value: Fraction | None = None
    cap: Fraction | None = None
    memo: bool = False

    @property
    def payer(self) -> Payer:
        """Who bears what this rule moves, and whether money moves."""
        return Payer(self.party, self.memo or self.kind == "in_kind")


@dataclass(frozen=True, slots=True)
class Overhead:
    """A cost on top: percent of the direct cost or of the running total, or a fixed amount for the quote.

    They apply in their order: coordination, franchise fee, contingency, tax. A contingency to P80 or to the
    greatest cost comes from the basis of the quote; a flat one is the overhead with the code "contingency".
    """

    code: str
    kind: Literal["percent", "fixed"]
    value: Fraction
    base: Literal["direct", "running"] = "direct"
    names: Mapping[str, str] = field(default_factory=dict)


class SharedLine(Protocol):
    """What a contribution must know of a line; `parts` says who bears which part of its amount."""

    @property
    def task(self) -> str: ...
    @property
    def id(self) -> str: ...
    @property
    def item(self) -> str: ...
    @property
    def category(self) -> str: ...
    @property
    def parts(self) -> dict[Payer, Fraction]: ...


def apply_contributions(
    rules: Sequence[Contribution], lines: Sequence[SharedLine]
) -> tuple[list[Fraction], list[Problem]]:
    """Move parts of the lines from the fund to the contributing parties; the amount of each rule."""
    amounts: list[Fraction] = []
    problems: list[Problem] = []
    for rule in rules:
        wrong, in_scope = _check(rule), _scope(rule.scope)
        problems += wrong
        covered = [line for line in lines if in_scope(line)]
        if not covered and not wrong:
            problems.append(_without_lines(rule))
        base = exact_sum(line.parts.get(FUND, _ZERO) for line in covered)
        wanted = _ZERO if wrong else _wanted(rule, base)
        payer = rule.payer
        for line in covered if base and wanted else ():
            left = line.parts.get(FUND, _ZERO)
            share = left * (wanted / base)
            line.parts[FUND] = left - share
            line.parts[payer] = line.parts.get(payer, _ZERO) + share
        amounts.append(wanted)
    return amounts, problems


def apply_overheads(rules: Sequence[Overhead], direct: Fraction) -> list[Fraction]:
    """The amount of each overhead, in their order."""
    amounts: list[Fraction] = []
    running = direct
    for rule in rules:
        base = direct if rule.base == "direct" else running
        amount = base * rule.value / 100 if rule.kind == "percent" else rule.value
        amounts.append(amount)
        running += amount
    return amounts


def catalogue_factor(rules: Sequence[Overhead]) -> Fraction:
    """What the percentage overheads make of one unit of direct cost; fixed amounts and contingency left out."""
    shown = [rule for rule in rules if rule.kind == "percent" and rule.code != CONTINGENCY]
    return 1 + exact_sum(apply_overheads(shown, Fraction(1)))


def check_overheads(rules: Sequence[Overhead]) -> list[Problem]:
    """All that is wrong with the overheads."""
    return [
        Problem(
            "overhead-negative",
            "The overhead %(code)s is negative. State a discount as a contribution.",
            place=rule.code,
            params={"code": rule.code},
        )
        for rule in rules
        if rule.value < 0
    ]


def check_contributions(rules: Sequence[Contribution]) -> list[Problem]:
    """All that is wrong with contributions, whatever they are applied to."""
    return [problem for rule in rules for problem in _check(rule)]


def _wanted(rule: Contribution, base: Fraction) -> Fraction:
    if rule.kind == "fixed":
        wanted = min(rule.value or _ZERO, base)
    else:
        wanted = base * (Fraction(100) if rule.value is None else rule.value) / 100
    return wanted if rule.cap is None else min(wanted, rule.cap)


def _scope(scope: str) -> Callable[[SharedLine], bool]:
    """Whether a line is in a scope; none is in one of a kind that does not exist."""
    kind, _, name = scope.partition(":")
    tests: dict[str, Callable[[SharedLine], bool]] = {
        "service": lambda line: True,
        "item": lambda line: line.item == name,
        "category": lambda line: line.category == name,
        "task": lambda line: line.task == name,
        "line": lambda line: f"{line.task}/{line.id}" == name,
    }
    return tests.get(kind, lambda line: False)


def _check(rule: Contribution) -> list[Problem]:
    share = rule.kind != "fixed" and rule.value is not None and not 0 <= rule.value <= 100
    without = rule.value is None and rule.kind != "in_kind"
    negative = (rule.value is not None and rule.value < 0) or (rule.cap is not None and rule.cap < 0)
    nobody = rule.party in ("", "fund")
    if not (share or without or negative or nobody):
        return []
    return [
        Problem(
            "contribution-unusable",
            "The contribution of %(party)s to %(scope)s needs a party other than the fund, and a value: "
            "0 to 100 percent, or an amount of zero or more.",
            place=rule.scope,
            params={"party": rule.party, "scope": rule.scope},
        )
    ]


def _without_lines(rule: Contribution) -> Problem:
    return Problem(
        "contribution-without-lines",
        "The contribution of %(party)s to %(scope)s matches no line of this service and has no effect.",
        place=rule.scope,
        severity="warning",
        params={"party": rule.party, "scope": rule.scope},
    )
