"""`can`: the one decision. The table below is written out by hand; the rules must say the same."""

import itertools

import pytest

from server.actor import NO_OBJECT, RULES, SYSTEM, VISITOR, Action, Actor, Grant, Object, Role, can, require
from server.errors import Forbidden

OWN = "BJ/BJ-DO/BJ-DO-COPARGO/"
CHILD = OWN + "BJ-DO-COPARGO-ANANDANA/"
PARENT = "BJ/BJ-DO/"
SIBLING = "BJ/BJ-DO/BJ-DO-BASSILA/"
# begins with the same letters, is another region
LOOKALIKE = "BJ/BJ-DO/BJ-DO-COPARGO2/"

# one letter a role: eXpert Coordinator Facilitator Verifier fInance aPprover aUditor administrator(Z)
LETTERS = dict(zip("XCFVIPUZ", Role, strict=True))
TABLE = {
    "service.read": "XCFVIPUZ", "service.draft": "X", "service.translate": "XC",
    "service.review": "X", "service.publish": "X", "service.adopt": "XC",
    "price.read": "XCVIPU", "price.import": "C", "price.approve": "XIP",
    "quote.make": "XC", "quote.accept": "C", "request.make": "CF",
    "project.read": "XCVIPU", "project.start": "C", "instance.read": "XCVIPU",
    "instance.change": "C", "task.assign": "C", "task.claim": "F", "task.read": "CF", "task.submit": "F",
    "delivery.read": "CVIPU", "delivery.review": "CV", "delivery.second_check": "V",
    "money.own": "F", "fund.grant": "I", "ledger.read": "IPU", "ledger.reverse": "IP",
    "claim.propose": "I", "claim.approve": "IP", "policy.change": "IP", "payee.confirm": "CIP",
    "batch.read": "IPU", "batch.prepare": "I", "batch.approve": "PI", "batch.export": "I", "answer.import": "I",
    "person.read": "CIPV", "person.edit": "C", "region.edit": "C", "verify": "UIP", "admin": "Z",
}  # fmt: skip
FOLLOWS_THE_TASK = {"task.submit", "task.read", "money.own"}


def actor(role: Role, path: str = OWN, person: str | None = "me") -> Actor:
    return Actor("somebody", grants=(Grant(role, path),), person_id=person)


def test_the_table_names_every_action():
    assert set(TABLE) == {a.value for a in Action} - {"public", "signed_in"}
    assert set(RULES) == {Action(a) for a in TABLE}


@pytest.mark.parametrize(("action", "letter"), list(itertools.product(TABLE, LETTERS)))
def test_each_role_may_do_this_in_its_region_and_below_only(action, letter):
    role, allowed = LETTERS[letter], letter in TABLE[action]
    who = actor(role)
    if role is Role.FACILITATOR and action in FOLLOWS_THE_TASK:
        for path in (OWN, CHILD, SIBLING, PARENT):
            assert can(who, Action(action), Object(path, "me"))
            assert not can(who, Action(action), Object(path, "another"))
        return
    assert can(who, Action(action), NO_OBJECT) is allowed
    for path, inside in ((OWN, True), (CHILD, True), (PARENT, False), (SIBLING, False), (LOOKALIKE, False)):
        assert can(who, Action(action), Object(path, "another")) is (allowed and inside), path


@pytest.mark.parametrize("action", TABLE)
def test_a_visitor_may_do_nothing_that_is_not_public(action):
    for subject in (NO_OBJECT, Object(OWN), Object(OWN, "me"), Object(None, "me")):
        assert not can(VISITOR, Action(action), subject)
    assert can(VISITOR, Action.PUBLIC)
    assert not can(VISITOR, Action.SIGNED_IN)


@pytest.mark.parametrize("action", TABLE)
def test_who_has_signed_in_without_a_role_may_do_nothing(action):
    nobody = Actor("somebody", person_id="me")
    assert can(nobody, Action.SIGNED_IN)
    assert not can(nobody, Action(action), Object(OWN, "me"))


@pytest.mark.parametrize("role", Role)
def test_a_grant_of_everywhere_holds_everywhere(role):
    for action, letters in TABLE.items():
        if role is Role.FACILITATOR and action in FOLLOWS_THE_TASK:
            continue
        allowed = any(LETTERS[letter] is role for letter in letters)
        assert can(actor(role, ""), Action(action), Object("DE/", "x")) is allowed


def test_two_roles_add_up_each_in_its_own_region():
    both = Actor("x", grants=(Grant(Role.COORDINATOR, OWN), Grant(Role.FINANCE, SIBLING)))
    assert can(both, Action.PROJECT_START, Object(OWN))
    assert not can(both, Action.PROJECT_START, Object(SIBLING))
    assert can(both, Action.LEDGER_READ, Object(SIBLING))
    assert not can(both, Action.LEDGER_READ, Object(OWN))


def test_the_administrator_sees_no_money():
    money = ("ledger.read", "batch.read", "money.own", "delivery.read", "price.read", "verify")
    assert not any(can(actor(Role.ADMINISTRATOR, ""), Action(a), NO_OBJECT) for a in money)


def test_a_task_nobody_has_is_submitted_by_nobody():
    assert not can(actor(Role.FACILITATOR, ""), Action.TASK_SUBMIT, Object(OWN, None))
    assert not can(actor(Role.FACILITATOR, "", person=None), Action.TASK_SUBMIT, Object(OWN, None))
    assert can(actor(Role.FACILITATOR, ""), Action.TASK_SUBMIT, NO_OBJECT), "asked before the task is known"


def test_the_machine_itself_may_do_everything():
    assert all(can(SYSTEM, action, Object(OWN)) for action in Action)


def test_nobody_can_sign_in_as_the_machine(world):
    from server.accounts import service as accounts

    made = world.run(
        SYSTEM,
        accounts.create_account,
        email="system@x.example",
        name="system",
        password="0123456789",
        grants=[],
    )
    assert made != SYSTEM.user_id
    assert not can(world.read(accounts.actor_of_account, made), Action.ADMIN)


def test_require_says_what_was_refused():
    with pytest.raises(Forbidden) as refused:
        require(VISITOR, Action.BATCH_EXPORT)
    assert refused.value.params == {"action": "batch.export"}
