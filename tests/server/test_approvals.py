"""Several approvers by dated policy, accounts that are checked before they are paid to, and the cover sheet."""

from dataclasses import replace
from datetime import timedelta

import pytest

from payments.batches import PayeeAccount
from payments.errors import InvalidApprovalPolicy
from server.actor import Actor, Grant, Role
from server.batches import approvals, cover
from server.batches import service as batches
from server.batches.service import ApprovedBefore
from server.demo.world import FUND, other_account
from server.errors import Conflict, Forbidden, SamePerson, WrongState
from server.people import service as people


def second(world, role=Role.FINANCE, name="second"):
    """Another person who may approve."""
    return Actor(f"user-{name}", name=name, grants=(Grant(role, "BJ/"),))


def policy(world, *steps, approve=True, **changes):
    given = {
        "currency": "XOF", "fund": "", "valid_from": world.clock.now().date(), "note": "Board, 3 March",
        "steps": steps or [(0, ["any", "any"])],
    }  # fmt: skip
    policy_id = world.run("finance", approvals.propose_policy, **(given | changes))
    if approve:
        world.run("approver", approvals.approve_policy, policy_id)
    return policy_id


def submitted(world, account=""):
    batch_id = world.collect(account or world.bank_account)
    return batch_id, world.run("finance", batches.submit, batch_id)


def state(world, batch_id):
    return world.read(batches.batch, batch_id).state


# Thresholds -------------------------------------------------------------------------------------------


def test_a_policy_counts_once_another_person_has_approved_it(owing):
    policy_id = policy(owing, approve=False)
    with pytest.raises(SamePerson):
        owing.run("finance", approvals.approve_policy, policy_id)
    batch_id, _ = submitted(owing)
    assert owing.read(batches.batch, batch_id).approval_roles == "any"
    owing.run("approver", approvals.approve_policy, policy_id)
    batch_id, _ = submitted(owing, owing.momo_account)
    assert owing.read(batches.batch, batch_id).approval_roles == "any,any"
    with pytest.raises(WrongState):
        owing.run("approver", approvals.approve_policy, policy_id)


def test_two_approvers_are_two_people_and_neither_the_preparer(owing):
    policy(owing)
    batch_id, content = submitted(owing)
    assert owing.run("approver", batches.approve, batch_id, content=content) is False
    assert state(owing, batch_id) == "submitted"
    with pytest.raises(ApprovedBefore):
        owing.run("approver", batches.approve, batch_id, content=content)
    with pytest.raises(SamePerson):
        owing.run("finance", batches.approve, batch_id, content=content)
    with pytest.raises(WrongState):
        owing.run("finance", batches.export, batch_id)
    assert owing.run(second(owing), batches.approve, batch_id, content=content) is True
    assert state(owing, batch_id) == "approved"
    owing.run("finance", batches.export, batch_id)
    assert owing.verify() == []


def test_a_place_for_a_role_needs_somebody_of_it(owing):
    policy(owing, (0, ["approver", "approver"]))
    batch_id, content = submitted(owing)
    owing.run("approver", batches.approve, batch_id, content=content)
    assert owing.run(second(owing), batches.approve, batch_id, content=content) is False
    other = second(owing, Role.APPROVER, "third")
    assert owing.run(other, batches.approve, batch_id, content=content) is True


def test_from_the_amount_on_and_not_below(owing):
    total = sum(p.amount for p in owing.payments(submitted(owing)[0]))
    for batch in owing.read(batches.batches):
        owing.run("finance", batches.cancel, batch.id)
    policy(owing, (0, ["any"]), (total + 1, ["any", "any"]))
    batch_id, content = submitted(owing)
    assert owing.run("approver", batches.approve, batch_id, content=content) is True


def test_the_fund_that_pays_has_its_own_policy(owing):
    policy(owing, (0, ["any"]))
    policy(owing, (0, ["any", "any", "any"]), fund=FUND)
    batch_id, _ = submitted(owing)
    assert owing.read(batches.batch, batch_id).approval_roles.count("any") == 3
    assert owing.read(batches.funds_of, batch_id) == {FUND}


def test_a_later_policy_changes_nothing_about_what_waits(owing):
    batch_id, content = submitted(owing)
    policy(owing)
    assert owing.run("approver", batches.approve, batch_id, content=content) is True


def test_a_policy_does_not_begin_in_the_past_or_make_no_sense(owing):
    with pytest.raises(Conflict):
        policy(owing, valid_from=owing.clock.now().date() - timedelta(days=1))
    with pytest.raises(InvalidApprovalPolicy):
        policy(owing, (0, ["coordinator"]))
    with pytest.raises(Forbidden):
        owing.run(
            "coordinator", approvals.propose_policy, currency="XOF", fund="", steps=[(0, ["any"])], note="",
            valid_from=owing.clock.now().date(),
        )  # fmt: skip


def test_an_approval_in_part_is_cancelled_with_its_batch(owing):
    policy(owing)
    batch_id, content = submitted(owing)
    owing.run("approver", batches.approve, batch_id, content=content)
    owing.run("finance", batches.cancel, batch_id)
    assert state(owing, batch_id) == "cancelled"
    assert all(p.allocated == 0 for p in owing.payables())


# Checked accounts -------------------------------------------------------------------------------------


def changed(world):
    """A person whose account was just changed, and the new row."""
    person = world.payables()[0].person_id
    kind = world.read(people.payee_account, person).kind
    account = world.run(
        "coordinator", people.set_payee_account, person, other_account(77, kind), holder_name="Somebody"
    )
    return person, account


def paid_people(world):
    return {
        p.person_id
        for a in (world.bank_account, world.momo_account)
        for p in world.payments(world.collect(a))
    }


def test_nothing_is_paid_to_a_changed_account_before_somebody_else_has_checked_it(owing):
    person, account = changed(owing)
    assert person in owing.read(people.held_accounts)
    assert person not in paid_people(owing)
    owing.run("finance", people.check_payee_account, account, confirmed=True, note="Called the known number")
    assert owing.read(people.held_accounts) == {}
    batch_ids = [b.id for b in owing.read(batches.batches)]
    for batch_id in batch_ids:
        owing.run("finance", batches.cancel, batch_id)
    assert person in paid_people(owing)


def test_a_refused_account_is_never_paid_to(owing):
    person, account = changed(owing)
    owing.run("finance", people.check_payee_account, account, confirmed=False, note="Not hers")
    assert person not in paid_people(owing)
    with pytest.raises(people.AccountChecked):
        owing.run("approver", people.check_payee_account, account, confirmed=True, note="Sure")


def test_entering_a_refused_account_again_does_not_make_it_good(owing):
    person = next(p.person_id for p in owing.payables())
    first = owing.read(people.payee_account, person)
    owing.run("finance", people.check_payee_account, first.id, confirmed=False, note="Not hers")
    again = PayeeAccount(first.kind, first.identifier, first.agent)
    owing.run("coordinator", people.set_payee_account, person, again, holder_name="The same")
    assert person in owing.read(people.held_accounts)
    assert person not in paid_people(owing)


def test_who_entered_an_account_does_not_confirm_it_and_a_reason_is_needed(owing):
    _, account = changed(owing)
    with pytest.raises(SamePerson):
        owing.run("coordinator", people.check_payee_account, account, confirmed=True, note="I know")
    with pytest.raises(people.ReasonMissing):
        owing.run("finance", people.check_payee_account, account, confirmed=True, note="  ")


def test_the_same_account_entered_again_needs_no_check(owing):
    person = owing.payables()[0].person_id
    now = owing.read(people.payee_account, person)
    again = PayeeAccount(now.kind, now.identifier, now.agent)
    owing.run("coordinator", people.set_payee_account, person, again, holder_name="As the bank writes it")
    assert owing.read(people.held_accounts) == {}


def test_an_old_number_of_benin_is_written_down_with_its_new_digits(owing):
    person = next(p for p in owing.members if owing.read(people.payee_account, p).kind == "wallet")
    owing.run(
        "coordinator", people.set_payee_account, person, PayeeAccount("wallet", "22997123456", "MTN"),
        holder_name="Sena",
    )  # fmt: skip
    assert owing.read(people.payee_account, person).identifier == "2290197123456"


def test_an_account_needs_the_name_the_bank_knows(owing):
    person = owing.members[0]
    kind = owing.read(people.payee_account, person).kind
    with pytest.raises(people.NameMissing):
        owing.run("coordinator", people.set_payee_account, person, other_account(78, kind), holder_name=" ")


# Cover sheet ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rail", ["bank_account", "momo_account"])
def test_the_cover_sheet_says_what_the_frozen_file_says(owing, rail):
    batch_id, file = owing.exported(getattr(owing, rail))
    row = owing.read(batches.batch, batch_id)
    name, pdf = owing.read(batches.cover_of, batch_id, who="finance")
    assert name == f"{row.reference}.cover.pdf"
    assert pdf.startswith(b"%PDF")
    assert row.file_sha256.encode() in pdf
    account = owing.read(batches.paying_account, row.paying_account_id)
    count, (total,) = cover.file_totals(account, file)
    paid = owing.payments(batch_id)
    assert (count, total.minor) == (len(paid), sum(p.amount for p in paid))
    assert f"{total.minor:,}".replace(",", " ").encode() in pdf
    assert owing.verify() == []


def test_there_is_no_cover_sheet_before_the_export(owing):
    batch_id = owing.approved(owing.bank_account)
    with pytest.raises(WrongState):
        owing.read(batches.cover_of, batch_id, who="finance")


def test_another_cover_sheet_is_found(owing):
    batch_id, _ = owing.exported(owing.bank_account)
    row = owing.read(batches.batch, batch_id)
    forged = owing.runtime.files.put(b"%PDF-1.4 forged")
    owing.tamper(f"UPDATE payment_batch SET cover_sha256 = '{forged}' WHERE id = '{row.id}'")
    assert "batch-cover" in owing.verify()


def test_an_approval_that_vanished_is_found(owing):
    policy(owing)
    batch_id, content = submitted(owing)
    owing.run("approver", batches.approve, batch_id, content=content)
    owing.run(second(owing), batches.approve, batch_id, content=content)
    owing.tamper("DELETE FROM batch_approval WHERE approved_by = 'user-second'")
    assert "batch-approvals" in owing.verify()


def test_an_approver_with_two_roles_takes_the_place_only_they_can(owing):
    policy(owing, (0, ["finance", "approver"]))
    both = replace(second(owing), grants=(Grant(Role.FINANCE, "BJ/"), Grant(Role.APPROVER, "BJ/")))
    batch_id, content = submitted(owing)
    owing.run(both, batches.approve, batch_id, content=content)
    assert owing.run("approver", batches.approve, batch_id, content=content) is True
