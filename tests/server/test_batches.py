"""Paying: collected once, approved by another person, exported once, answered, and never more than is owed."""

from dataclasses import replace

import pytest
from sqlalchemy import text

from payments.batches import PayeeAccount, batch_state
from payments.errors import InvalidIdentifier
from payments.rails import mobile_money, pain001
from payments.rails.profiles import mobile_money_profile
from server.batches import service as batches
from server.batches.service import ContentChanged, FileKnown, NothingToPay
from server.demo.world import other_account
from server.errors import Forbidden, NotFound, SamePerson, WrongState
from server.ledger import service as ledger
from server.people import service as people
from workflows.errors import InvalidInput


def paid_by_person(world):
    """Settled payments by person, minor units."""
    sums = {}
    for batch in world.read(batches.batches):
        for payment in world.payments(batch.id):
            if payment.state == "settled":
                sums[payment.person_id] = sums.get(payment.person_id, 0) + payment.amount
    return sums


def owed_by_person(world):
    sums = {}
    for payable in world.payables():
        sums[payable.person_id] = sums.get(payable.person_id, 0) + payable.amount
    return sums


def kind_of(world, person_id):
    return world.read(people.payee_account, person_id).kind


def change_account(world, person_id, account):
    """By the coordinator, and the finance officer has asked the payee."""
    holder = world.read(people.person, person_id).name
    changed = world.run("coordinator", people.set_payee_account, person_id, account, holder_name=holder)
    world.run("finance", people.check_payee_account, changed, confirmed=True, note="Asked by telephone.")


# Collecting -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("rail", "kind"), [("bank_account", "rib"), ("momo_account", "wallet")])
def test_a_batch_collects_what_is_owed_on_its_rail_one_payment_a_person(owing, rail, kind):
    owed = {p: a for p, a in owed_by_person(owing).items() if kind_of(owing, p) == kind}
    payments = owing.payments(owing.collect(getattr(owing, rail)))
    assert {p.person_id: p.amount for p in payments} == owed
    assert len(payments) == len(owed) > 1


def test_both_rails_together_pay_everything_owed(owing):
    for account in (owing.bank_account, owing.momo_account):
        owing.collect(account)
    assert all(p.allocated == p.amount for p in owing.payables())
    for account in (owing.bank_account, owing.momo_account):
        with pytest.raises(NothingToPay):
            owing.collect(account)


def test_nothing_to_pay_makes_no_batch(started):
    with pytest.raises(NothingToPay):
        started.collect()
    assert started.read(batches.batches) == []


def test_limits_leave_the_remainder_owed(owing, monkeypatch):
    from dataclasses import replace

    from payments.batches import Limits
    from payments.rails import profiles

    profile = profiles.profile("mobile_money")
    limited = replace(profile, limits=Limits(minimum=15_000, maximum=40_000, multiple=500))
    before = {p: a for p, a in owed_by_person(owing).items() if kind_of(owing, p) == "wallet"}
    monkeypatch.setattr(
        batches, "profile", lambda name: limited if name == "mobile_money" else profiles.profile(name)
    )
    payments = owing.payments(owing.collect(owing.momo_account))
    for payment in payments:
        assert 15_000 <= payment.amount <= 40_000
        assert payment.amount % 500 == 0
    left = {}
    for p in owing.payables():
        left[p.person_id] = left.get(p.person_id, 0) + p.amount - p.allocated
    paid = {p.person_id: p.amount for p in payments}
    assert {p: paid.get(p, 0) + left[p] for p in before} == before
    assert any(left[p] > 0 for p in paid)
    assert any(p not in paid for p in before), "somebody is below the minimum and waits"
    assert owing.verify() == []


def test_two_people_collecting_at_once_collect_everything_once(owing, race):
    done = race(4, lambda n: owing.collect((owing.bank_account, owing.momo_account)[n % 2]))
    refused = [d for d in done if isinstance(d, Exception)]
    assert all(isinstance(d, NothingToPay) for d in refused), refused
    assert len(refused) == 2
    assert all(p.allocated == p.amount for p in owing.payables())
    assert len({b.reference for b in owing.read(batches.batches)}) == 2


def test_somebody_without_an_account_waits_and_the_others_are_paid(owing):
    payee = owing.payables()[0].person_id
    owing.tamper(f"DELETE FROM payee_account WHERE person_id = '{payee}'")
    paid = {
        p.person_id
        for a in (owing.bank_account, owing.momo_account)
        for p in owing.payments(owing.collect(a))
    }
    assert payee not in paid
    assert paid == set(owed_by_person(owing)) - {payee}


# Approving --------------------------------------------------------------------------------------------


def test_nobody_approves_the_batch_they_prepared(owing):
    from server.actor import Actor, Grant, Role

    both = Actor("both", grants=(Grant(Role.FINANCE, ""), Grant(Role.APPROVER, "")))
    day = owing.clock.now().date()
    batch_id = owing.run(both, batches.collect, owing.bank_account, execution_date=day)
    content = owing.run(both, batches.submit, batch_id)
    with pytest.raises(SamePerson):
        owing.run(both, batches.approve, batch_id, content=content)
    owing.run("approver", batches.approve, batch_id, content=content)


def test_an_approval_binds_to_the_content_that_was_seen(owing):
    batch_id = owing.collect()
    content = owing.run("finance", batches.submit, batch_id)
    with pytest.raises(ContentChanged):
        owing.run("approver", batches.approve, batch_id, content="0" * 64)
    assert owing.read(batches.batch, batch_id).state == "submitted"
    owing.run("approver", batches.approve, batch_id, content=content)
    assert owing.read(batches.batch, batch_id).content_sha256 == content


def test_a_batch_whose_rows_were_changed_is_neither_approved_nor_exported(owing):
    first, second = owing.collect(), owing.collect(owing.momo_account)
    contents = [owing.run("finance", batches.submit, b) for b in (first, second)]
    owing.run("approver", batches.approve, second, content=contents[1])
    owing.tamper("UPDATE payment SET amount = amount + 1")
    with pytest.raises(ContentChanged):
        owing.run("approver", batches.approve, first, content=contents[0])
    with pytest.raises(ContentChanged):
        owing.run("finance", batches.export, second)


@pytest.mark.parametrize(
    ("who", "step"),
    [("approver", "collect"), ("coordinator", "collect"), ("coordinator", "submit"), ("auditor", "submit"),
     ("coordinator", "approve"), ("auditor", "approve"), ("approver", "export"), ("coordinator", "export")],
)  # fmt: skip
def test_each_step_of_a_batch_needs_its_role(owing, who, step):
    batch_id = owing.collect() if step != "collect" else ""
    if step in ("approve", "export"):
        content = owing.run("finance", batches.submit, batch_id)
    if step == "export":
        owing.run("approver", batches.approve, batch_id, content=content)
    given = {
        "collect": lambda: owing.run(
            who, batches.collect, owing.bank_account, execution_date=owing.clock.now().date()
        ),
        "submit": lambda: owing.run(who, batches.submit, batch_id),
        "approve": lambda: owing.run(who, batches.approve, batch_id, content=content),
        "export": lambda: owing.run(who, batches.export, batch_id),
    }
    with pytest.raises(Forbidden):
        given[step]()


def test_steps_out_of_order_are_refused(owing):
    batch_id = owing.collect()
    with pytest.raises(WrongState):
        owing.run("approver", batches.approve, batch_id, content="x")
    with pytest.raises(WrongState):
        owing.run("finance", batches.export, batch_id)
    with pytest.raises(WrongState):
        owing.read(batches.file_of, batch_id, who="finance")
    with pytest.raises(WrongState):
        owing.read_answer(batch_id, b"x")
    owing.run("finance", batches.submit, batch_id)
    with pytest.raises(WrongState):
        owing.run("finance", batches.submit, batch_id)
    with pytest.raises(NotFound):
        owing.run("finance", batches.submit, "nothing")


# Exporting --------------------------------------------------------------------------------------------


def test_the_bank_file_says_what_the_ledger_says(owing):
    batch_id, file = owing.exported()
    import io

    totals = pain001.read_totals(io.BytesIO(file))
    payments = owing.payments(batch_id)
    assert (totals.count, totals.total_minor) == (len(payments), {"XOF": sum(p.amount for p in payments)})
    assert {p.state for p in payments} == {"in_transit"}
    [entry] = owing.entries("export")
    clearing = [minor for code, _, minor in entry.lines if code.startswith("clearing:")]
    assert -sum(clearing) == totals.total_minor["XOF"]
    assert owing.verify() == []


def test_the_mobile_money_file_says_what_the_ledger_says(owing):
    batch_id, file = owing.exported(owing.momo_account)
    totals = mobile_money.read_totals(file, mobile_money_profile("mobile_money"))
    payments = owing.payments(batch_id)
    assert (totals.count, totals.total_minor) == (len(payments), {"XOF": sum(p.amount for p in payments)})


def test_the_file_is_frozen_under_its_digest(owing):
    import hashlib

    batch_id, file = owing.exported()
    row = owing.read(batches.batch, batch_id)
    assert row.file_sha256 == hashlib.sha256(file).hexdigest()
    assert owing.runtime.files.get(row.file_sha256) == file


def test_exporting_twice_is_refused(owing):
    batch_id, _ = owing.exported()
    with pytest.raises(WrongState):
        owing.run("finance", batches.export, batch_id)
    assert len(owing.entries("export")) == 1


def test_four_people_exporting_at_once_export_once(owing, race):
    batch_id = owing.approved()
    done = race(4, lambda _: owing.run("finance", batches.export, batch_id))
    assert sorted(type(d).__name__ for d in done) == ["WrongState"] * 3 + ["str"]
    assert len(owing.entries("export")) == 1
    assert owing.verify() == []


def test_an_export_that_fails_leaves_nothing_booked(owing, monkeypatch):
    batch_id = owing.approved()
    head = owing.read(ledger.head)

    def fail(*_args, **_kwargs):
        raise RuntimeError("on purpose")

    with monkeypatch.context() as patched:
        patched.setattr(batches.journal, "record", fail)
        with pytest.raises(RuntimeError, match="on purpose"):
            owing.run("finance", batches.export, batch_id)
    assert owing.read(batches.batch, batch_id).state == "approved"
    assert {p.state for p in owing.payments(batch_id)} == {"draft"}
    assert owing.read(ledger.head) == head
    owing.run("finance", batches.export, batch_id)
    assert owing.verify() == []


# Cancelling -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", ["draft", "submitted", "approved"])
def test_a_cancelled_batch_owes_everything_again(owing, state):
    batch_id = owing.collect() if state != "approved" else owing.approved()
    if state == "submitted":
        owing.run("finance", batches.submit, batch_id)
    total = sum(p.amount for p in owing.payments(batch_id))
    owing.run("finance", batches.cancel, batch_id)
    assert {p.state for p in owing.payments(batch_id)} == {"cancelled"}
    again = owing.payments(owing.collect())
    assert sum(p.amount for p in again) == total
    assert owing.verify() == []


def test_what_left_the_house_is_not_cancelled(owing):
    batch_id, _ = owing.exported()
    with pytest.raises(WrongState):
        owing.run("finance", batches.cancel, batch_id)
    assert {p.state for p in owing.payments(batch_id)} == {"in_transit"}


# Answers ----------------------------------------------------------------------------------------------


def test_everything_settled_settles_the_batch(owing):
    batch_id, file = owing.exported()
    read = owing.read_answer(batch_id, owing.bank_answer(file))
    assert (read.settled, read.rejected, read.unmatched) == (len(owing.payments(batch_id)), 0, ())
    assert owing.read(batches.batch, batch_id).state == "settled"
    rib = {p for p in owed_by_person(owing) if kind_of(owing, p) == "rib"}
    assert all(p.settled == p.amount for p in owing.payables() if p.person_id in rib)
    assert owing.verify() == []


def test_the_same_answer_file_twice_is_refused(owing):
    batch_id, file = owing.exported()
    answer = owing.bank_answer(file)
    owing.read_answer(batch_id, answer)
    head = owing.read(ledger.head)
    with pytest.raises(FileKnown):
        owing.read_answer(batch_id, answer)
    assert owing.read(ledger.head) == head


def test_the_same_answer_in_other_bytes_is_counted_as_known(owing):
    batch_id, file = owing.exported()
    owing.read_answer(batch_id, owing.bank_answer(file))
    head = owing.read(ledger.head)
    again = owing.read_answer(batch_id, owing.bank_answer(file, message_id="BANK-2"))
    assert (again.settled, again.already_known) == (0, len(owing.payments(batch_id)))
    assert owing.read(ledger.head) == head
    assert owing.verify() == []


def test_a_mobile_money_answer_may_come_shuffled_and_in_parts(owing):
    batch_id, file = owing.exported(owing.momo_account)
    head, *rows = owing.momo_answer(file).decode().splitlines(keepends=True)
    first = owing.read_answer(batch_id, "".join([head, rows[-1], rows[0]]).encode())
    assert (first.settled, owing.read(batches.batch, batch_id).state) == (2, "acknowledged")
    rest = owing.read_answer(batch_id, "".join([head, *reversed(rows)]).encode())
    assert (rest.settled, rest.already_known) == (len(rows) - 2, 2)
    assert owing.read(batches.batch, batch_id).state == "settled"
    assert owing.verify() == []


def test_no_answer_yet_settles_nothing(owing):
    batch_id, file = owing.exported()
    ids = [p.end_to_end_id for p in owing.payments(batch_id)]
    read = owing.read_answer(batch_id, owing.bank_answer(file, pending=ids))
    assert (read.pending, read.settled) == (len(ids), 0)
    assert {p.state for p in owing.payments(batch_id)} == {"in_transit"}
    assert owing.read(batches.batch, batch_id).state == "exported"
    later = owing.read_answer(batch_id, owing.bank_answer(file, message_id="BANK-2"))
    assert later.settled == len(ids)


def test_an_answer_to_another_batch_books_nothing_here(owing):
    _momo, momo_file = owing.exported(owing.momo_account)
    bank, _ = owing.exported()
    head = owing.read(ledger.head)
    try:
        read = owing.read_answer(bank, owing.momo_answer(momo_file))
    except InvalidInput:
        read = None
    assert read is None or read.settled == read.rejected == 0
    assert owing.read(ledger.head) == head
    assert {p.state for p in owing.payments(bank)} == {"in_transit"}


def test_an_answer_about_unknown_payments_is_kept_for_a_person(owing):
    batch_id, file = owing.exported(owing.momo_account)
    head, *rows = owing.momo_answer(file).decode().splitlines(keepends=True)
    strange = rows[0].replace(owing.payments(batch_id)[0].end_to_end_id, "SOMETHING-ELSE")
    read = owing.read_answer(batch_id, (head + strange).encode())
    assert (read.settled, len(read.unmatched)) == (0, 1)
    assert [e.verdict for e in owing.read(batches.unmatched_entries)] == ["unmatched"]


@pytest.mark.parametrize(
    "answer", [b"", b"\xff\x00garbage", b"<html></html>", b"<!DOCTYPE a><a/>", b"a,b\n1,2\n"]
)
def test_a_file_that_cannot_be_used_is_refused_with_its_problems_and_not_kept(owing, answer):
    for account in (owing.bank_account, owing.momo_account):
        batch_id, _ = owing.exported(account)
        with pytest.raises(InvalidInput) as refused:
            owing.read_answer(batch_id, answer)
        assert refused.value.problems
        assert {p.state for p in owing.payments(batch_id)} == {"in_transit"}
    with owing.runtime.engine.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM bank_file")) == 0


def test_four_people_reading_one_answer_book_it_once(owing, race):
    batch_id, file = owing.exported()
    answer = owing.bank_answer(file)
    done = race(4, lambda _: owing.read_answer(batch_id, answer))
    assert sorted(type(d).__name__ for d in done) == ["AnswerRead"] + ["FileKnown"] * 3
    assert paid_by_person(owing).items() <= owed_by_person(owing).items()
    assert owing.verify() == []


# Failures and retries ---------------------------------------------------------------------------------


def refused_once(world):
    """An answered batch with its first payment rejected; returns that payment."""
    batch_id, file = world.exported(world.momo_account)
    failed = world.payments(batch_id)[0]
    world.read_answer(batch_id, world.momo_answer(file, failures={failed.end_to_end_id: "NAME_MISMATCH"}))
    return next(p for p in world.payments(batch_id) if p.id == failed.id)


def test_a_rejected_payment_is_owed_again(owing):
    failed = refused_once(owing)
    assert (failed.state, failed.failure_reason) == ("rejected", "NAME_MISMATCH")
    assert owing.read(batches.batch, failed.batch_id).state == "partly_settled"
    open_ = [p for p in owing.payables() if p.person_id == failed.person_id]
    assert sum(p.amount - p.allocated for p in open_) == failed.amount
    assert all(p.settled == 0 for p in open_)
    assert owing.verify() == []


def test_a_rejected_payment_is_retried_once_to_the_changed_account(owing):
    failed = refused_once(owing)
    account = other_account(1, "wallet")
    change_account(owing, failed.person_id, account)
    batch_id, file = owing.exported(owing.momo_account)
    [retry] = owing.payments(batch_id)
    assert (retry.retries_id, retry.amount, retry.account_identifier) == (
        failed.id,
        failed.amount,
        account.identifier,
    )
    assert account.identifier.encode() in file
    assert failed.account_identifier.encode() not in file
    assert len({retry.end_to_end_id, failed.end_to_end_id, retry.uetr, failed.uetr}) == 4
    owing.read_answer(batch_id, owing.momo_answer(file))
    with pytest.raises(NothingToPay):
        owing.collect(owing.momo_account)
    assert paid_by_person(owing)[failed.person_id] == owed_by_person(owing)[failed.person_id]
    assert owing.verify() == []


def test_a_changed_account_does_not_change_a_payment_under_way(owing):
    batch_id = owing.approved(owing.momo_account)
    payment = owing.payments(batch_id)[0]
    change_account(owing, payment.person_id, other_account(1, "wallet"))
    owing.run("finance", batches.export, batch_id)
    file = owing.read(batches.file_of, batch_id, who="finance")[1]
    assert payment.account_identifier.encode() in file
    assert owing.verify() == []


def test_somebody_who_changes_rail_is_retried_on_the_other_one(owing):
    failed = refused_once(owing)
    change_account(owing, failed.person_id, other_account(1, "rib"))
    with pytest.raises(NothingToPay):
        owing.collect(owing.momo_account)
    retry = next(p for p in owing.payments(owing.collect()) if p.person_id == failed.person_id)
    assert (retry.retries_id, retry.account_kind, retry.amount) == (failed.id, "rib", failed.amount)


def test_a_retry_that_fails_too_is_retried_in_its_turn(owing):
    failed = refused_once(owing)
    again = refused_once(owing)
    assert again.retries_id == failed.id
    third = owing.payments(owing.collect(owing.momo_account))[0]
    assert (third.retries_id, third.amount) == (again.id, failed.amount)


def test_a_retry_whose_batch_was_cancelled_can_be_made_again(owing):
    failed = refused_once(owing)
    owing.run("finance", batches.cancel, owing.collect(owing.momo_account))
    [again] = owing.payments(owing.collect(owing.momo_account))
    assert (again.person_id, again.amount) == (failed.person_id, failed.amount)
    assert owing.verify() == []


def test_a_late_rejection_of_what_was_settled_books_nothing(owing):
    """Only a return takes settled money back; a contradicting status report is for a person."""
    batch_id, file = owing.exported()
    owing.read_answer(batch_id, owing.bank_answer(file))
    head = owing.read(ledger.head)
    ids = {p.end_to_end_id: "AC04" for p in owing.payments(batch_id)}
    again = owing.read_answer(batch_id, owing.bank_answer(file, message_id="B2", rejections=ids))
    assert (again.rejected, again.already_known, len(again.unmatched)) == (0, 0, len(ids))
    assert owing.read(ledger.head) == head


def test_nobody_is_ever_paid_more_than_owed(owing):
    """Batches, failures, retries, cancellations and new work on both rails, until nothing is owed."""
    for step in range(4):
        for account in (owing.bank_account, owing.momo_account):
            try:
                batch_id, file = owing.exported(account)
            except NothingToPay:
                continue
            ids = [p.end_to_end_id for p in owing.payments(batch_id)]
            failing = ids[step % 2 :: 2] if step < 3 else []
            if account == owing.bank_account:
                answer = owing.bank_answer(file, f"B{step}", rejections=dict.fromkeys(failing, "AC04"))
            else:
                answer = owing.momo_answer(file, failures=dict.fromkeys(failing, "CLOSED"))
            owing.read_answer(batch_id, answer)
            states = [p.state for p in owing.payments(batch_id)]
            assert owing.read(batches.batch, batch_id).state == batch_state(states)
            paid, owed = paid_by_person(owing), owed_by_person(owing)
            assert all(paid[p] <= owed[p] for p in paid)
    assert paid_by_person(owing) == owed_by_person(owing)
    assert all(p.settled == p.amount for p in owing.payables())
    assert owing.verify() == []


# Payees' accounts -------------------------------------------------------------------------------------


def test_an_account_that_cannot_be_right_is_refused_when_it_is_entered(owing):
    person_id = owing.members[0]
    for account in (
        PayeeAccount("rib", "BJ9990000100000000000100", "X"),
        PayeeAccount("wallet", "hello", "MTN"),
    ):
        with pytest.raises(InvalidIdentifier):
            change_account(owing, person_id, account)


def test_two_people_are_not_paid_on_one_account(owing):
    one, two = [p for p in owing.members if kind_of(owing, p) == "wallet"][:2]
    row = owing.read(people.payee_account, one)
    shared = PayeeAccount("wallet", row.identifier, row.agent)
    with pytest.raises(people.AccountInUse):
        change_account(owing, two, replace(shared, identifier="+" + row.identifier.removeprefix("+")))
    change_account(owing, one, shared)  # the own one again
    change_account(owing, one, PayeeAccount("wallet", "2290197000999", "MTN"))
    change_account(owing, two, shared)  # who had it before is paid elsewhere now


def test_a_changed_account_is_pointed_out_for_two_weeks(owing):
    def warned(batch_id):
        return {
            p.place
            for p in owing.read(batches.check, batch_id)
            if (p.code, p.severity) == ("account-changed", "warning")
        }

    first = owing.collect(owing.momo_account)
    assert warned(first) == set()
    person_id = owing.payments(first)[0].person_id
    owing.run("finance", batches.cancel, first)
    change_account(owing, person_id, PayeeAccount("wallet", "2290197000999", "MTN"))
    batch_id = owing.collect(owing.momo_account)
    assert warned(batch_id) == {p.id for p in owing.payments(batch_id) if p.person_id == person_id}
    content = owing.run("finance", batches.submit, batch_id)  # a warning keeps nothing from being paid
    owing.run("approver", batches.approve, batch_id, content=content)
    owing.clock.advance(days=15)
    assert warned(batch_id) == set()
