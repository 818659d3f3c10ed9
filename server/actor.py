"""Who acts, and the one function that decides what they may do.

Roles are granted for a region and hold for its whole subtree. Nothing else decides: routes carry the name of
the action they need, service functions ask `require` with the object at hand.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from server.errors import Forbidden


class Role(StrEnum):
    EXPERT = "expert"
    COORDINATOR = "coordinator"
    FACILITATOR = "facilitator"
    VERIFIER = "verifier"
    FINANCE = "finance"
    APPROVER = "approver"
    AUDITOR = "auditor"
    ADMINISTRATOR = "administrator"


class Action(StrEnum):
    """What can be done, named `<object>.<verb>`."""

    PUBLIC = "public"
    SIGNED_IN = "signed_in"
    SERVICE_READ = "service.read"
    SERVICE_DRAFT = "service.draft"
    SERVICE_TRANSLATE = "service.translate"
    SERVICE_REVIEW = "service.review"
    SERVICE_PUBLISH = "service.publish"
    SERVICE_ADOPT = "service.adopt"
    PRICE_READ = "price.read"
    PRICE_IMPORT = "price.import"
    PRICE_APPROVE = "price.approve"
    QUOTE_MAKE = "quote.make"
    QUOTE_ACCEPT = "quote.accept"
    REQUEST_MAKE = "request.make"
    PROJECT_READ = "project.read"
    PROJECT_START = "project.start"
    INSTANCE_READ = "instance.read"
    INSTANCE_CHANGE = "instance.change"
    TASK_ASSIGN = "task.assign"
    TASK_CLAIM = "task.claim"
    TASK_READ = "task.read"
    TASK_SUBMIT = "task.submit"
    DELIVERY_READ = "delivery.read"
    DELIVERY_REVIEW = "delivery.review"
    DELIVERY_SECOND_CHECK = "delivery.second_check"
    MONEY_OWN = "money.own"
    FUND_GRANT = "fund.grant"
    LEDGER_READ = "ledger.read"
    LEDGER_REVERSE = "ledger.reverse"
    CLAIM_PROPOSE = "claim.propose"
    CLAIM_APPROVE = "claim.approve"
    POLICY_CHANGE = "policy.change"
    BATCH_READ = "batch.read"
    BATCH_PREPARE = "batch.prepare"
    BATCH_APPROVE = "batch.approve"
    BATCH_EXPORT = "batch.export"
    ANSWER_IMPORT = "answer.import"
    PAYEE_CONFIRM = "payee.confirm"
    PERSON_READ = "person.read"
    PERSON_EDIT = "person.edit"
    REGION_EDIT = "region.edit"
    VERIFY = "verify"
    ADMIN = "admin"


_R, _A = Role, Action
_STAFF = frozenset({_R.EXPERT, _R.COORDINATOR, _R.VERIFIER, _R.FINANCE, _R.APPROVER, _R.AUDITOR})
_EVERYBODY = frozenset(Role)

RULES: dict[Action, frozenset[Role]] = {
    _A.SERVICE_READ: _EVERYBODY,
    _A.SERVICE_DRAFT: frozenset({_R.EXPERT}),
    _A.SERVICE_TRANSLATE: frozenset({_R.EXPERT, _R.COORDINATOR}),
    _A.SERVICE_REVIEW: frozenset({_R.EXPERT}),
    _A.SERVICE_PUBLISH: frozenset({_R.EXPERT}),
    _A.SERVICE_ADOPT: frozenset({_R.EXPERT, _R.COORDINATOR}),
    _A.PRICE_READ: _STAFF,
    _A.PRICE_IMPORT: frozenset({_R.COORDINATOR}),
    _A.PRICE_APPROVE: frozenset({_R.EXPERT, _R.FINANCE, _R.APPROVER}),
    _A.QUOTE_MAKE: frozenset({_R.EXPERT, _R.COORDINATOR}),
    _A.QUOTE_ACCEPT: frozenset({_R.COORDINATOR}),
    _A.REQUEST_MAKE: frozenset({_R.COORDINATOR, _R.FACILITATOR}),
    _A.PROJECT_READ: _STAFF,
    _A.PROJECT_START: frozenset({_R.COORDINATOR}),
    _A.INSTANCE_READ: _STAFF,
    _A.INSTANCE_CHANGE: frozenset({_R.COORDINATOR}),
    _A.TASK_ASSIGN: frozenset({_R.COORDINATOR}),
    _A.TASK_CLAIM: frozenset({_R.FACILITATOR}),
    _A.TASK_READ: frozenset({_R.COORDINATOR, _R.FACILITATOR}),
    _A.TASK_SUBMIT: frozenset({_R.FACILITATOR}),
    _A.DELIVERY_READ: frozenset({_R.COORDINATOR, _R.VERIFIER, _R.FINANCE, _R.APPROVER, _R.AUDITOR}),
    _A.DELIVERY_REVIEW: frozenset({_R.COORDINATOR, _R.VERIFIER}),
    _A.DELIVERY_SECOND_CHECK: frozenset({_R.VERIFIER}),
    _A.MONEY_OWN: frozenset({_R.FACILITATOR}),
    _A.FUND_GRANT: frozenset({_R.FINANCE}),
    _A.LEDGER_READ: frozenset({_R.FINANCE, _R.APPROVER, _R.AUDITOR}),
    _A.LEDGER_REVERSE: frozenset({_R.FINANCE, _R.APPROVER}),
    _A.CLAIM_PROPOSE: frozenset({_R.FINANCE}),
    _A.CLAIM_APPROVE: frozenset({_R.APPROVER, _R.FINANCE}),
    _A.POLICY_CHANGE: frozenset({_R.APPROVER, _R.FINANCE}),
    _A.BATCH_READ: frozenset({_R.FINANCE, _R.APPROVER, _R.AUDITOR}),
    _A.BATCH_PREPARE: frozenset({_R.FINANCE}),
    _A.BATCH_APPROVE: frozenset({_R.APPROVER, _R.FINANCE}),
    _A.BATCH_EXPORT: frozenset({_R.FINANCE}),
    _A.ANSWER_IMPORT: frozenset({_R.FINANCE}),
    _A.PAYEE_CONFIRM: frozenset({_R.COORDINATOR, _R.FINANCE, _R.APPROVER}),
    _A.PERSON_READ: frozenset({_R.COORDINATOR, _R.FINANCE, _R.APPROVER, _R.VERIFIER}),
    _A.PERSON_EDIT: frozenset({_R.COORDINATOR}),
    _A.REGION_EDIT: frozenset({_R.COORDINATOR}),
    _A.VERIFY: frozenset({_R.AUDITOR, _R.FINANCE, _R.APPROVER}),
    _A.ADMIN: frozenset({_R.ADMINISTRATOR}),
}
"""Which roles may do what. The administrator administers accounts and sees no money."""


@dataclass(frozen=True, slots=True)
class Grant:
    """A role for a region and all below it.

    path: region codes from the root, each ended by "/" ("BJ/BJ-DO/"); "" = everywhere.
    """

    role: Role
    path: str


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts.

    user_id: account id, "system" for the machine itself, "" for a visitor.
    person_id: the facilitator's entry in the register.
    """

    user_id: str
    name: str = ""
    grants: tuple[Grant, ...] = ()
    person_id: str | None = None
    locale: str = "en"

    def has(self, role: Role) -> bool:
        return any(g.role is role for g in self.grants)

    @property
    def signed_in(self) -> bool:
        return bool(self.user_id)


VISITOR = Actor(user_id="")
SYSTEM = Actor(user_id="system", name="RUN")


@dataclass(frozen=True, slots=True)
class Object:
    """What the action is about. region_path: "BJ/…/"; None = belongs to no region. owner_id: person it belongs to."""

    region_path: str | None = None
    owner_id: str | None = None


NO_OBJECT = Object()
_OWN_ONLY = frozenset({_A.TASK_SUBMIT, _A.TASK_READ, _A.MONEY_OWN})


def can(actor: Actor, action: Action, subject: Object = NO_OBJECT) -> bool:
    """Whether `actor` may do `action` to `subject`. The only decision of its kind.

    A grant counts when its region contains the subject's region. A facilitator may read and submit own tasks only.
    """
    if action is Action.PUBLIC or actor.user_id == "system":
        return True
    if action is Action.SIGNED_IN:
        return actor.signed_in
    for grant in actor.grants:
        if grant.role not in RULES[action]:
            continue
        if grant.role is Role.FACILITATOR and action in _OWN_ONLY:
            # a facilitator's rights follow the task, wherever it is; a task nobody has is nobody's
            if subject == NO_OBJECT or (subject.owner_id and subject.owner_id == actor.person_id):
                return True
            continue
        if subject.region_path is None or subject.region_path.startswith(grant.path):
            return True
    return False


def require(actor: Actor, action: Action, subject: Object = NO_OBJECT) -> None:
    """Raise Forbidden unless `can`."""
    if not can(actor, action, subject):
        raise Forbidden(action=action.value)
