"""How many people approve a batch, and of which roles: dated data by currency and fund, from an amount on.

A policy is a staircase: from each amount on, the roles of which one person each has to approve. The newest policy
in force counts as a whole, that of a fund before that for every fund; a batch that pays from several funds
needs what the most demanding of them asks. Without a policy one person approves.

Source: dual control and delegated authority limits, as banks keep them (FFIEC, Retail Payment Systems).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from payments.errors import InvalidApprovalPolicy
from pricing.money import Money, minor_digits

ANY: Final = "any"
"""A place that whoever may approve can take."""
ONE: Final[tuple[str, ...]] = (ANY,)
APPROVERS_MAX: Final = 5


@dataclass(frozen=True, slots=True)
class Step:
    """From this amount on (minor units), one approver of each of these roles."""

    from_minor: int
    roles: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ApprovalPolicy:
    """The steps for a currency from a day on. fund: "" = every fund without a policy of its own."""

    currency: str
    fund: str
    valid_from: date
    steps: tuple[Step, ...]

    def roles(self, total: Money) -> tuple[str, ...]:
        """Whose approval a batch of this total needs."""
        found = ONE
        for step in self.steps:
            if total.minor >= step.from_minor:
                found = step.roles
        return found


def check_policy(policy: ApprovalPolicy, known_roles: Collection[str]) -> ApprovalPolicy:
    """The policy, when it can be used. Raises InvalidApprovalPolicy.

    Steps rise in amount and never ask for fewer people: more money is not paid more easily.
    """
    minor_digits(policy.currency)
    if not policy.steps:
        raise InvalidApprovalPolicy(reason="it has no step")
    before = Step(-1, ())
    for step in policy.steps:
        if step.from_minor <= before.from_minor:
            raise InvalidApprovalPolicy(reason="the amounts do not rise")
        if not 1 <= len(step.roles) <= APPROVERS_MAX:
            raise InvalidApprovalPolicy(reason=f"a step has 1 to {APPROVERS_MAX} approvers")
        if len(step.roles) < len(before.roles):
            raise InvalidApprovalPolicy(reason="a larger amount would need fewer people")
        unknown = [role for role in step.roles if role != ANY and role not in known_roles]
        if unknown:
            raise InvalidApprovalPolicy(reason=f"nobody approves as {unknown[0]}")
        before = step
    return policy


def required_roles(
    policies: Iterable[ApprovalPolicy], total: Money, funds: Collection[str], on: date
) -> tuple[str, ...]:
    """Whose approval a batch needs: one person for each role, `any` for a place open to all.

    policies: approved ones, the later of two with the same day last.
    """
    in_force: dict[str, ApprovalPolicy] = {}
    for policy in sorted(policies, key=lambda p: p.valid_from):
        if policy.currency == total.currency and policy.valid_from <= on:
            in_force[policy.fund] = policy
    asked = [
        found.roles(total)
        for fund in sorted(funds or {""})
        if (found := in_force.get(fund) or in_force.get("")) is not None
    ]
    return max(asked, key=lambda roles: (len(roles), sum(role != ANY for role in roles)), default=ONE)


def missing_roles(required: Sequence[str], approvers: Sequence[Collection[str]]) -> tuple[str, ...]:
    """The places that are still open, when each approver takes at most one.

    approvers: the roles of each person who has approved. Places are filled as well as is possible (augmenting
    paths): somebody with two roles does not take the place that only they leave open.
    """
    taken: dict[int, int] = {}

    def place(person: int, tried: set[int]) -> bool:
        for number, role in enumerate(required):
            if number in tried or (role != ANY and role not in approvers[person]):
                continue
            tried.add(number)
            if number not in taken or place(taken[number], tried):
                taken[number] = person
                return True
        return False

    for person in range(len(approvers)):
        place(person, set())
    return tuple(role for number, role in enumerate(required) if number not in taken)
