"""How many people approve a batch: dated policies by currency and fund, proposed by one and approved by another.

A batch's approvers are settled when it is submitted, and frozen with it: a policy that comes later changes nothing
about what waits. Each approval is a row of its own, bound to the content it approves (payments.approvals).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select

from payments import approvals as rules
from payments.approvals import ApprovalPolicy, Step
from pricing.money import Money
from server.actor import RULES, Action, Actor, Object, can, require
from server.batches.models import ApprovalPolicyRow as ApprovalPolicyRow
from server.batches.models import BatchApproval as BatchApproval
from server.batches.models import BatchRow, PayingAccount
from server.errors import CommandTaken, Conflict, NotFound, SamePerson, WrongState
from server.journal import service as journal
from server.journal.service import Event
from server.runtime import Tx

APPROVING = tuple(sorted(role.value for role in RULES[Action.BATCH_APPROVE]))
"""The roles a policy can ask for."""


class InThePast(Conflict):
    code = "policy-in-the-past"
    message = "A policy counts from today or a later day on: what was approved before stays as it was."


def propose_policy(
    tx: Tx,
    *,
    currency: str,
    fund: str,
    valid_from: date,
    steps: Sequence[tuple[int, Sequence[str]]],
    note: str,
    policy_id: str | None = None,
) -> str:
    """Propose how many people approve batches of a currency (fund "": of every fund without a policy of its own).

    steps: from an amount in minor units on, the roles of which one person each approves (or `any`). policy_id: the
    client's; the same policy under the same id is proposed once. Returns its id. Raises InvalidApprovalPolicy,
    InThePast, CommandTaken.
    """
    _require_change(tx, currency)
    if valid_from < tx.now.date():
        raise InThePast
    policy = ApprovalPolicy(
        currency, fund, valid_from, tuple(Step(minor, tuple(roles)) for minor, roles in steps)
    )
    rules.check_policy(policy, APPROVING)
    if _proposed_before(tx, policy_id, policy):
        return str(policy_id)
    row = ApprovalPolicyRow(
        id=policy_id or tx.new_id(), currency=currency, fund=fund, valid_from=valid_from,
        steps=[[step.from_minor, list(step.roles)] for step in policy.steps], note=note.strip()[:300],
        proposed_by=tx.actor.user_id, proposed_at=tx.now,
    )  # fmt: skip
    tx.session.add(row)
    tx.session.flush()
    journal.record(
        tx, Event.POLICY_PROPOSED, row.id,
        public={
            "currency": currency, "fund": fund, "steps": row.steps, "valid_from": valid_from.isoformat(),
        },
    )  # fmt: skip
    return row.id


def may_change(tx: Tx, currency: str) -> bool:
    """Whether the actor may say who approves in a currency: in every country that pays out of an account in it."""
    return all(can(tx.actor, Action.POLICY_CHANGE, each) for each in _countries(tx, currency))


def _countries(tx: Tx, currency: str) -> list[Object]:
    paying = select(PayingAccount.country).where(PayingAccount.currency == currency).distinct()
    return [Object(f"{country}/") for country in tx.session.scalars(paying)] or [Object()]


def _require_change(tx: Tx, currency: str) -> None:
    for each in _countries(tx, currency):
        require(tx.actor, Action.POLICY_CHANGE, each)


def _proposed_before(tx: Tx, policy_id: str | None, policy: ApprovalPolicy) -> bool:
    known = None if policy_id is None else tx.session.get(ApprovalPolicyRow, policy_id)
    if known is None:
        return False
    if known.proposed_by != tx.actor.user_id or _value(known) != policy:
        raise CommandTaken
    return True


def policy(tx: Tx, policy_id: str) -> ApprovalPolicyRow:
    """Raises NotFound."""
    row = tx.session.get(ApprovalPolicyRow, policy_id)
    if row is None:
        raise NotFound(what="approval policy", key=policy_id)
    return row


def approve_policy(tx: Tx, policy_id: str) -> None:
    """Approve a policy that another person proposed. Raises SamePerson, WrongState, InThePast."""
    row = tx.session.get(ApprovalPolicyRow, policy_id, with_for_update=True, populate_existing=True)
    if row is None:
        raise NotFound(what="approval policy", key=policy_id)
    _require_change(tx, row.currency)
    if row.proposed_by == tx.actor.user_id:
        raise SamePerson(first="proposing a policy", second="approving it")
    if row.approved_by is not None:
        raise WrongState(what="approval policy", state="approved")
    row.approved_by, row.approved_at = tx.actor.user_id, tx.now
    tx.session.flush()
    journal.record(tx, Event.POLICY_APPROVED, policy_id)


def policies(tx: Tx) -> list[ApprovalPolicyRow]:
    """All policies, proposals included, newest first."""
    newest = (ApprovalPolicyRow.proposed_at.desc(), ApprovalPolicyRow.id.desc())
    return list(tx.session.scalars(select(ApprovalPolicyRow).order_by(*newest)))


def required_roles(tx: Tx, total: Money, funds: Collection[str]) -> tuple[str, ...]:
    """Whose approval a batch needs that is submitted now."""
    rows = tx.session.scalars(
        select(ApprovalPolicyRow)
        .where(ApprovalPolicyRow.approved_by.is_not(None), ApprovalPolicyRow.currency == total.currency)
        .order_by(ApprovalPolicyRow.approved_at, ApprovalPolicyRow.id)
    )
    return rules.required_roles([_value(row) for row in rows], total, funds, tx.now.date())


def _value(row: ApprovalPolicyRow) -> ApprovalPolicy:
    steps = tuple(Step(minor, tuple(roles)) for minor, roles in row.steps)
    return ApprovalPolicy(row.currency, row.fund, row.valid_from, steps)


# Approvals of a batch ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Approvals:
    """Who approved what was submitted, the oldest first, and which places are still open."""

    given: tuple[BatchApproval, ...]
    required: tuple[str, ...]
    missing: tuple[str, ...]


def of_batch(tx: Tx, row: BatchRow) -> Approvals:
    """The approvals of a batch's present content."""
    given = tx.session.scalars(
        select(BatchApproval)
        .where(BatchApproval.batch_id == row.id, BatchApproval.content_sha256 == row.content_sha256)
        .order_by(BatchApproval.approved_at, BatchApproval.approved_by)
    ).all()
    required = tuple(row.approval_roles.split(","))
    missing = rules.missing_roles(required, [frozenset(a.roles.split(",")) for a in given])
    return Approvals(tuple(given), required, missing)


def roles_of(actor: Actor, place: Object) -> tuple[str, ...]:
    """The actor's roles that may approve batches of a place."""
    return tuple(
        sorted(
            {
                grant.role.value
                for grant in actor.grants
                if grant.role.value in APPROVING
                and can(Actor(actor.user_id, grants=(grant,)), Action.BATCH_APPROVE, place)
            }
        )
    )


def give(tx: Tx, row: BatchRow, place: Object) -> Approvals:
    """Write down the actor's approval of a batch's content; the caller has asked whether they may."""
    tx.session.add(
        BatchApproval(
            batch_id=row.id, approved_by=tx.actor.user_id, content_sha256=row.content_sha256 or "",
            roles=",".join(roles_of(tx.actor, place)), approved_at=tx.now,
        )
    )  # fmt: skip
    tx.session.flush()
    return of_batch(tx, row)
