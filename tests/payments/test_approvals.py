from datetime import date
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payments.approvals import (
    ANY,
    ONE,
    ApprovalPolicy,
    Step,
    check_policy,
    missing_roles,
    required_roles,
)
from payments.errors import InvalidApprovalPolicy
from pricing.money import Money

DAY = date(2026, 3, 1)
KNOWN = {"finance", "approver"}
TWO = ("approver", "finance")


def policy(*steps, currency="XOF", fund="", valid_from=DAY):
    return ApprovalPolicy(currency, fund, valid_from, tuple(Step(*step) for step in steps))


def roles(policies, total, funds=(), on=DAY):
    return required_roles(policies, Money(total, "XOF"), set(funds), on)


def test_without_a_policy_one_person_approves():
    assert roles([], 10**12) == ONE


def test_from_an_amount_on_more_people_approve():
    found = [policy((0, ONE), (5_000_000, TWO))]
    assert roles(found, 4_999_999) == ONE
    assert roles(found, 5_000_000) == TWO


def test_another_currency_has_its_own_policy():
    assert roles([policy((0, TWO), currency="EUR")], 10**9) == ONE


def test_the_newest_policy_in_force_counts_as_a_whole():
    found = [policy((0, TWO)), policy((900, TWO), valid_from=date(2026, 4, 1))]
    assert roles(found, 100) == TWO
    assert roles(found, 100, on=date(2026, 4, 1)) == ONE
    assert roles(found, 100, on=date(2026, 2, 28)) == ONE


def test_a_funds_own_policy_counts_before_that_for_all():
    found = [policy((0, TWO)), policy((0, ONE), fund="small")]
    assert roles(found, 100, ["small"]) == ONE
    assert roles(found, 100, ["other"]) == TWO


def test_a_batch_from_several_funds_needs_what_the_most_demanding_asks():
    found = [policy((0, ONE)), policy((0, TWO), fund="careful")]
    assert roles(found, 100, ["careful", "other"]) == TWO


@pytest.mark.parametrize(
    "steps",
    [
        [],
        [(10, ONE), (10, TWO)],
        [(10, TWO), (5, TWO)],
        [(0, TWO), (10, ONE)],
        [(0, ())],
        [(0, (ANY,) * 6)],
        [(0, ("administrator",))],
        [(-1, ONE)],
    ],
)
def test_a_policy_that_makes_no_sense_is_refused(steps):
    with pytest.raises(InvalidApprovalPolicy):
        check_policy(policy(*steps), KNOWN)


def test_a_policy_that_makes_sense_is_taken():
    assert check_policy(policy((0, ONE), (10, TWO)), KNOWN)


@pytest.mark.parametrize(
    ("required", "approvers", "missing"),
    [
        (ONE, [], ONE),
        (ONE, [{"finance"}], ()),
        (TWO, [{"finance"}], ("approver",)),
        (TWO, [{"finance"}, {"finance"}], ("approver",)),
        (TWO, [{"approver", "finance"}], ("finance",)),
        (TWO, [{"approver", "finance"}, {"approver"}], ()),
        (("approver", ANY), [{"finance"}, {"finance"}], ("approver",)),
        ((ANY, "approver"), [{"approver"}, {"finance"}], ()),
    ],
)
def test_each_place_needs_a_person_of_its_role(required, approvers, missing):
    assert missing_roles(required, approvers) == missing


role_sets = st.sets(st.sampled_from(["finance", "approver"]), min_size=1)


@given(
    st.lists(st.sampled_from([ANY, "finance", "approver"]), min_size=1, max_size=4),
    st.lists(role_sets, max_size=4),
)
def test_no_place_stays_open_that_somebody_could_take(required, approvers):
    """Against all ways of seating them."""
    people = [*approvers, *([set()] * len(required))]
    best = max(
        sum(bool(who) and (role == ANY or role in who) for role, who in zip(required, seated, strict=False))
        for seated in permutations(people, len(required))
    )
    assert len(missing_roles(required, approvers)) == len(required) - best
