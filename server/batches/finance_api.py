"""Claims and approval policies over the API: propose, and decide about what somebody else proposed.

What the pages of finance do, by the same functions. A client that saw no answer sends again under the same id.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

from flask import g

from pricing.money import Money
from server.actor import Action
from server.batches import approvals, finance_schemas
from server.batches import service as batches
from server.batches.approvals import ApprovalPolicyRow
from server.errors import NotFound
from server.http import paging
from server.http.documents import PageQuery, Values, amount, page_of
from server.http.operations import ApiBlueprint
from server.http.security import permission
from server.http.visibility import require_visible, visible
from server.instances import service as instances
from server.ledger import claims as owing
from server.ledger import service as ledger
from server.ledger.claims import Claim, Recovery
from server.people import service as people
from server.projects import service as projects
from server.regions import service as regions
from server.runtime import Tx

api = ApiBlueprint(
    "finance_api", __name__, tag="Claims and approvals", description="Advances, clawbacks, who approves."
)


def _given(value: object) -> str | None:
    """The client's own id, where there is one."""
    return None if value is None else str(value)


# Claims -----------------------------------------------------------------------------------------------


@api.operation("GET", "/claims", query=PageQuery, answer=page_of(finance_schemas.Claim))
@permission(Action.BATCH_READ)
def list_claims(query: Values) -> Values:
    """List advances and clawbacks in regions one may see, newest first."""
    return g.runtime.read(g.actor, _claims, query)  # type: ignore[no-any-return]


def _claims(tx: Tx, query: Values) -> Values:
    rows = visible(tx, Action.BATCH_READ, owing.claims(tx), lambda row: row.region_code)
    return paging.document(rows, _since, lambda row: _claim(tx, row), descending=True, **query)


def _since(row: Claim | ApprovalPolicyRow) -> tuple[str, str]:
    """By when it was proposed: an id may be the client's and says nothing about that."""
    return row.proposed_at.isoformat(timespec="microseconds"), row.id


@api.operation("GET", "/claims/<uuid:claim_id>", answer=finance_schemas.Claim)
@permission(Action.BATCH_READ)
def read_claim(claim_id: str) -> Values:
    """Read a claim with what is kept back for it."""
    return g.runtime.read(g.actor, lambda tx: _claim(tx, _find(tx, claim_id)))  # type: ignore[no-any-return]


@api.operation("POST", "/advances", body=finance_schemas.NewAdvance, answer=finance_schemas.Claim, status=201)
@permission(Action.CLAIM_PROPOSE)
def propose_advance(body: Values) -> Values:
    """Propose to pay somebody before the work; another person approves it."""
    return g.runtime.run(g.actor, _propose_advance, body)  # type: ignore[no-any-return]


def _propose_advance(tx: Tx, body: Values) -> Values:
    person_id = str(body["person_id"])
    place = regions.place(tx, people.person(tx, person_id).region_code)
    require_visible(tx, Action.BATCH_READ, place, what="person", key=person_id)
    claim_id = owing.propose_advance(
        tx, person_id=person_id, amount=Money(body["amount"]["minor"], body["amount"]["currency"]),
        share=Fraction(body["share_percent"]) / 100, reason=body["reason"], claim_id=_given(body["id"]),
    )  # fmt: skip
    return _claim(tx, owing.claim(tx, claim_id))


@api.operation(
    "POST", "/payables/<uuid:payable_id>/claims", body=finance_schemas.NewClawback, answer=finance_schemas.Claim,
    status=201,
)  # fmt: skip
@permission(Action.CLAIM_PROPOSE)
def propose_clawback(payable_id: str, body: Values) -> Values:
    """Propose to claim back part of what was paid for a delivery; another person approves it."""
    return g.runtime.run(g.actor, _propose_clawback, payable_id, body)  # type: ignore[no-any-return]


def _propose_clawback(tx: Tx, payable_id: str, body: Values) -> Values:
    payable = ledger.payable(tx, payable_id)
    if payable is None or payable.instance_id is None:
        raise NotFound(what="payable", key=payable_id)
    instance = instances.instance(tx, payable.instance_id)
    place = regions.place(tx, instance.region_code)
    require_visible(tx, Action.BATCH_READ, place, what="payable", key=payable_id)
    kept: dict[str, int] = {}
    for part in body["kept_back"]:
        key = str(part["payable_id"])
        kept[key] = kept.get(key, 0) + part["minor"]
    claim_id = owing.propose_clawback(
        tx, payable_id=payable_id, amount=Money(body["amount"]["minor"], body["amount"]["currency"]),
        reason=body["reason"], project=instance.project_id or instance.id,
        fund=projects.project(tx, instance.project_id).fund if instance.project_id else "",
        region=instance.region_code, kept_back=kept, claim_id=_given(body["id"]),
    )  # fmt: skip
    return _claim(tx, owing.claim(tx, claim_id))


@api.operation("POST", "/claims/<uuid:claim_id>/approval", answer=finance_schemas.Claim)
@permission(Action.CLAIM_APPROVE)
def approve_claim(claim_id: str) -> Values:
    """Approve a claim that another person proposed, with what it plans to keep back."""
    return g.runtime.run(g.actor, _decide, claim_id, owing.approve)  # type: ignore[no-any-return]


@api.operation("POST", "/claims/<uuid:claim_id>/refusal", answer=finance_schemas.Claim)
@permission(Action.CLAIM_APPROVE)
def refuse_claim(claim_id: str) -> Values:
    """Refuse a claim that another person proposed; nothing is booked."""
    return g.runtime.run(g.actor, _decide, claim_id, owing.refuse)  # type: ignore[no-any-return]


def _decide(tx: Tx, claim_id: str, step: Callable[[Tx, str], None]) -> Values:
    _find(tx, claim_id)
    step(tx, claim_id)
    return _claim(tx, owing.claim(tx, claim_id))


@api.operation(
    "POST", "/claims/<uuid:claim_id>/recoveries", body=finance_schemas.NewRecovery, answer=finance_schemas.Claim,
    status=201,
)  # fmt: skip
@permission(Action.CLAIM_PROPOSE)
def plan_recovery(claim_id: str, body: Values) -> Values:
    """Propose to keep part of a payable back for a claim; another person approves it."""
    return g.runtime.run(g.actor, _plan, claim_id, body)  # type: ignore[no-any-return]


def _plan(tx: Tx, claim_id: str, body: Values) -> Values:
    row = _find(tx, claim_id)
    owing.plan_recovery(
        tx, claim_id, payable_id=str(body["payable_id"]), amount=Money(body["minor"], row.currency),
        recovery_id=_given(body["id"]),
    )  # fmt: skip
    return _claim(tx, row)


@api.operation("POST", "/recoveries/<uuid:recovery_id>/approval", answer=finance_schemas.Claim)
@permission(Action.CLAIM_APPROVE)
def approve_recovery(recovery_id: str) -> Values:
    """Approve what another person wants to keep back: it is booked."""
    return g.runtime.run(g.actor, _decide_recovery, recovery_id, True)  # type: ignore[no-any-return]


@api.operation("POST", "/recoveries/<uuid:recovery_id>/refusal", answer=finance_schemas.Claim)
@permission(Action.CLAIM_APPROVE)
def drop_recovery(recovery_id: str) -> Values:
    """Drop what another person wants to keep back: it stays owed."""
    return g.runtime.run(g.actor, _decide_recovery, recovery_id, False)  # type: ignore[no-any-return]


def _decide_recovery(tx: Tx, recovery_id: str, approved: bool) -> Values:
    row = owing.claim(tx, owing.recovery(tx, recovery_id).claim_id)
    place = regions.place(tx, row.region_code)
    require_visible(tx, Action.BATCH_READ, place, what="recovery", key=recovery_id)
    owing.decide_recovery(tx, recovery_id, approved=approved)
    return _claim(tx, owing.claim(tx, row.id))


@api.operation(
    "POST", "/claims/<uuid:claim_id>/repayments", body=finance_schemas.NewRepayment, answer=finance_schemas.Claim,
    status=201,
)  # fmt: skip
@permission(Action.ANSWER_IMPORT)
def book_repayment(claim_id: str, body: Values) -> Values:
    """Book that somebody paid back in money what they owe, at most that."""
    return g.runtime.run(g.actor, _repay, claim_id, body)  # type: ignore[no-any-return]


def _repay(tx: Tx, claim_id: str, body: Values) -> Values:
    row = _find(tx, claim_id)
    account_id = str(body["paying_account_id"])
    account = batches.visible_accounts(tx).get(account_id)
    if account is None or account.currency != row.currency:
        raise NotFound(what="paying account", key=account_id)
    owing.repay(
        tx, claim_id, rail_account=account.code, amount=Money(body["minor"], row.currency), memo=body["note"],
        repayment_id=_given(body["id"]),
    )  # fmt: skip
    return _claim(tx, row)


def _find(tx: Tx, claim_id: str) -> Claim:
    row = owing.claim(tx, claim_id)
    place = regions.place(tx, row.region_code)
    require_visible(tx, Action.BATCH_READ, place, what="claim", key=claim_id)
    return row


def _claim(tx: Tx, row: Claim) -> Values:
    return {
        "id": row.id, "kind": row.kind, "person_id": row.person_id, "amount": amount(row.amount, row.currency),
        "recovered": amount(row.recovered, row.currency),
        "share_percent": f"{row.share // 100}.{row.share % 100:02d}".rstrip("0").rstrip("."),
        "reason": row.reason, "region": row.region_code, "payable_id": row.payable_id,
        "project_id": row.project_id, "state": row.state, "proposed_by": row.proposed_by,
        "proposed_at": row.proposed_at, "decided_by": row.decided_by, "decided_at": row.decided_at,
        "entry_id": row.entry_id,
        "recoveries": [_recovery(each, row.currency) for each in owing.recoveries(tx, [row.id])],
        "repayments": [
            {"entry_id": entry_id, "amount": amount(minor, row.currency), "booked_at": at}
            for entry_id, minor, at in owing.repayments(tx, [row.id])[row.id]
        ],
    }  # fmt: skip


def _recovery(row: Recovery, currency: str) -> Values:
    return {
        "id": row.id, "payable_id": row.payable_id, "amount": amount(row.amount, currency), "state": row.state,
        "planned_by": row.planned_by, "planned_at": row.planned_at, "decided_by": row.decided_by,
        "decided_at": row.decided_at,
    }  # fmt: skip


# Who approves -----------------------------------------------------------------------------------------


@api.operation("GET", "/approval-policies", query=PageQuery, answer=page_of(finance_schemas.Policy))
@permission(Action.BATCH_READ)
def list_approval_policies(query: Values) -> Values:
    """List how many people approve batches, proposals included, newest first."""

    def read(tx: Tx) -> Values:
        return paging.document(
            approvals.policies(tx), lambda row: (row.id,), _policy, descending=True, **query
        )

    return g.runtime.read(g.actor, read)  # type: ignore[no-any-return]


@api.operation(
    "POST", "/approval-policies", body=finance_schemas.NewPolicy, answer=finance_schemas.Policy, status=201
)
@permission(Action.POLICY_CHANGE)
def propose_approval_policy(body: Values) -> Values:
    """Propose how many people approve batches from a day on; another person approves it."""
    return g.runtime.run(g.actor, _propose_policy, body)  # type: ignore[no-any-return]


def _propose_policy(tx: Tx, body: Values) -> Values:
    policy_id = approvals.propose_policy(
        tx, currency=body["currency"], fund=body["fund"], valid_from=body["valid_from"],
        steps=[(step["from_minor"], step["roles"]) for step in body["steps"]], note=body["note"],
        policy_id=_given(body["id"]),
    )  # fmt: skip
    return _policy(approvals.policy(tx, policy_id))


@api.operation("POST", "/approval-policies/<uuid:policy_id>/approval", answer=finance_schemas.Policy)
@permission(Action.POLICY_CHANGE)
def approve_approval_policy(policy_id: str) -> Values:
    """Approve a policy that another person proposed: it counts from its day on."""
    return g.runtime.run(g.actor, _approve_policy, policy_id)  # type: ignore[no-any-return]


def _approve_policy(tx: Tx, policy_id: str) -> Values:
    approvals.approve_policy(tx, policy_id)
    return _policy(approvals.policy(tx, policy_id))


def _policy(row: ApprovalPolicyRow) -> Values:
    return {
        "id": row.id, "currency": row.currency, "fund": row.fund, "valid_from": row.valid_from,
        "steps": [{"from_minor": minor, "roles": list(roles)} for minor, roles in row.steps], "note": row.note,
        "proposed_by": row.proposed_by, "proposed_at": row.proposed_at, "approved_by": row.approved_by,
        "approved_at": row.approved_at,
    }  # fmt: skip
