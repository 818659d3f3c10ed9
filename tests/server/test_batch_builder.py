"""What goes into a batch: chosen by fund, day, smallest payment and limit, with what stays owed and why."""

from datetime import timedelta

import pytest

from server.batches import service as batches
from server.batches.service import Selection
from server.demo.world import FUND, other_account
from server.people import service as people
from tests.server.test_pages_finance import Browser, told
from workflows.errors import InvalidInput


def plan(world, **chosen):
    return world.read(batches.preview, world.momo_account, Selection(**chosen), who="finance")


def refuse(world, person, why="He says he has no such wallet"):
    account = world.read(people.payee_account, person)
    world.run("approver", people.check_payee_account, account.id, confirmed=False, note=why)


def test_a_batch_takes_what_was_chosen_and_no_more(owing):
    everything = plan(owing)
    assert plan(owing, fund=FUND).payments == everything.payments
    other = plan(owing, fund="another")
    assert (other.payments, other.not_chosen) == ((), everything.total)
    before = min(p.created_at for p in owing.payables()).date() - timedelta(days=1)
    assert plan(owing, until=before).not_chosen == everything.total
    assert plan(owing, until=owing.clock.now().date()).total == everything.total


def test_small_sums_and_a_limit_leave_whole_payments_for_later(owing):
    everything = plan(owing)
    amounts = sorted(p.amount.minor for p in everything.payments)
    chosen = plan(owing, minimum=amounts[-1])
    assert [p.amount.minor for p in chosen.payments] == [a for a in amounts if a == amounts[-1]]
    assert {o.why for o in chosen.left_out} == {"small"}
    assert chosen.total + sum(o.minor for o in chosen.left_out) == everything.total
    limited = plan(owing, most=everything.total - 1)
    assert {p.amount.minor for p in limited.payments} < set(amounts) | {0}
    assert {o.why for o in limited.left_out} == {"rest"}
    assert limited.total + sum(o.minor for o in limited.left_out) == everything.total


def test_the_draft_holds_what_the_page_showed(owing):
    most = plan(owing).total - 1
    shown = plan(owing, most=most)
    batch_id = owing.collect(owing.momo_account, wanted=Selection(most=most))
    assert sum(p.amount for p in owing.payments(batch_id)) == shown.total
    assert owing.verify() == []


def test_a_changed_account_that_waits_is_named_among_what_stays(owing):
    person = plan(owing).payments[0].payee_id
    owing.run(
        "coordinator", people.set_payee_account, person, other_account(7, "wallet"), holder_name="Somebody"
    )
    assert ("held", person) in {(o.why, o.person_id) for o in plan(owing).left_out}


def test_finance_chooses_on_the_page_and_sees_the_total_move(owing):
    finance = Browser(owing, "finance")
    everything = plan(owing)
    account = owing.momo_account
    assert f"{everything.total:,}" in told(finance.get(f"/batches/new?account={account}"))
    most = everything.total - 1
    part = finance.client.get(f"/batches/new?account={account}&most={most}", headers={"HX-Request": "true"})
    shown = plan(owing, most=most)
    assert "<html" not in part.text
    assert f"{shown.total:,}" in told(part)
    assert "above a limit, or a remainder" in told(part)
    shown_again = finance.post("/batches", {"show": "yes", "account": account, "most": str(most)})
    assert (shown_again.status_code, owing.read(batches.batches)) == (200, [])
    assert f"{shown.total:,}" in told(shown_again)
    form = {"chosen": "yes", "account": account, "most": str(most), "execution_date": "2020-01-01"}
    late = finance.post("/batches", form)
    assert (late.status_code, "today or later" in told(late)) == (422, True)
    done = finance.post("/batches", form | {"execution_date": owing.clock.now().date().isoformat()})
    assert done.status_code == 303
    [row] = owing.read(batches.batches)
    assert sum(p.amount for p in owing.payments(row.id)) == shown.total


@pytest.mark.parametrize("wrong", ["most=0.5.5", "until=2026-99-99", "minimum=-3", "minimum=999999999999999"])
def test_what_makes_no_sense_is_said_beside_the_choice(owing, wrong):
    answer = Browser(owing, "finance").get(f"/batches/new?{wrong}")
    assert answer.status_code == 200
    assert "problem" in told(answer) or "Nothing is left to pay" in told(answer)


def test_only_who_prepares_batches_builds_one(owing):
    for role in ("approver", "auditor", "coordinator"):
        assert Browser(owing, role).get("/batches/new").status_code == 403


def test_a_first_account_that_is_refused_stops_its_batch_at_each_step(owing):
    draft = owing.collect(owing.momo_account)
    refuse(owing, owing.payments(draft)[0].person_id)
    with pytest.raises(InvalidInput) as refused:
        owing.run("finance", batches.submit, draft)
    assert [p.code for p in refused.value.problems] == ["account-refused"]
    owing.run("finance", batches.cancel, draft)
    assert owing.payments(draft)[0].person_id not in {p.payee_id for p in plan(owing).payments}


@pytest.mark.parametrize("step", ["approve", "export"])
def test_an_account_refused_after_the_submission_is_not_paid_either(owing, step):
    batch_id = owing.collect(owing.momo_account)
    content = owing.run("finance", batches.submit, batch_id)
    if step == "export":
        owing.run("approver", batches.approve, batch_id, content=content)
    refuse(owing, owing.payments(batch_id)[0].person_id)
    who, given = ("approver", {"content": content}) if step == "approve" else ("finance", {})
    with pytest.raises(InvalidInput):
        owing.run(who, getattr(batches, step), batch_id, **given)
    assert owing.verify() == []


def test_anybody_who_checks_accounts_says_on_the_page_that_one_is_not_theirs(owing):
    person = plan(owing).payments[0].payee_id
    form = {"person": person, "why": "He says he has no such wallet"}
    assert Browser(owing, "approver").post("/payees/accounts/refuse", form).status_code == 303
    assert person in owing.read(people.held_accounts)
    assert Browser(owing, "approver").post("/payees/accounts/refuse", {"person": "x"}).status_code == 404


# The day of execution ---------------------------------------------------------------------------------


@pytest.mark.parametrize("step", ["submit", "approve", "export"])
def test_a_file_that_names_a_day_that_is_over_goes_no_further(owing, step):
    batch_id = owing.collect()
    if step != "submit":
        content = owing.run("finance", batches.submit, batch_id)
    if step == "export":
        owing.run("approver", batches.approve, batch_id, content=content)
    owing.clock.advance(days=1)
    given = {"content": content} if step == "approve" else {}
    who = "approver" if step == "approve" else "finance"
    with pytest.raises(InvalidInput) as refused:
        owing.run(who, getattr(batches, step), batch_id, **given)
    assert [p.code for p in refused.value.problems] == ["day-passed"]
    answer = Browser(owing, who).post(f"/batches/{batch_id}/{step}", given)
    assert (answer.status_code, "is over" in told(answer)) == (422, True)
    owing.run("finance", batches.cancel, batch_id)
    assert "is over" not in told(Browser(owing, who).get(f"/batches/{batch_id}"))


def test_a_table_names_no_day_and_may_be_written_later(owing):
    batch_id = owing.approved(owing.momo_account)
    owing.clock.advance(days=2)
    assert owing.run("finance", batches.export, batch_id)


def test_nothing_is_collected_for_a_day_that_is_over(owing):
    day = owing.clock.now().date() - timedelta(days=1)
    with pytest.raises(InvalidInput):
        owing.run("finance", batches.collect, owing.bank_account, execution_date=day)
