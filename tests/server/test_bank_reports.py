"""Account reports: matched over all batches, booked once, and what fits nothing is a person's to decide."""

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from payments import ledger as accounts
from server.batches import reports
from server.batches import service as batches
from server.errors import Forbidden, WrongState
from server.ledger import service as ledger
from workflows.errors import InvalidInput

SPACE = "urn:iso:std:iso:20022:tech:xsd:camt"
NAMES = {
    "053": ("BkToCstmrStmt", "Stmt"),
    "054": ("BkToCstmrDbtCdtNtfctn", "Ntfctn"),
    "052": ("BkToCstmrAcctRpt", "Rpt"),
}


def entry(payment=None, *, amount=None, credit=False, ref="", status="BOOK", returned="", refs="", batch=""):
    """A movement; of a payment unless told otherwise."""
    amount = payment.amount if amount is None else amount
    refs = refs or (f"<EndToEndId>{payment.end_to_end_id}</EndToEndId>" if payment else "")
    back = f"<RtrInf><Rsn><Cd>{returned}</Cd></Rsn></RtrInf>" if returned else ""
    details = f"<TxDtls><Refs>{refs}</Refs>{back}</TxDtls>" if refs or returned else ""
    inside = f"<NtryDtls>{batch}{details}</NtryDtls>" if batch or details else ""
    servicer = f"<AcctSvcrRef>{ref}</AcctSvcrRef>" if ref else ""
    sign = "CRDT" if credit or returned else "DBIT"
    return (
        f'<Ntry><Amt Ccy="XOF">{amount}</Amt><CdtDbtInd>{sign}</CdtDbtInd><Sts><Cd>{status}</Cd></Sts>'
        f"<BookgDt><Dt>2026-04-03</Dt></BookgDt>{servicer}<BkTxCd/>{inside}</Ntry>"
    )


def report(world, *entries, kind="053", number="S1", account=None, balances=""):
    identifier = account or world.read(batches.paying_account, world.bank_account).identifier
    body, part = NAMES[kind]
    return (
        f'<Document xmlns="{SPACE}.{kind}.001.08"><{body}><GrpHdr><MsgId>{number}</MsgId></GrpHdr><{part}>'
        f"<Id>{number}</Id><Acct><Id><Othr><Id>{identifier}</Id></Othr></Id><Ccy>XOF</Ccy></Acct>{balances}"
        f"{''.join(entries)}</{part}></{body}></Document>"
    ).encode()


def read(world, data, who="finance"):
    return world.run(who, reports.read_file, world.bank_account, data, name="file.xml")


def states(world, batch_id):
    return [p.state for p in world.payments(batch_id)]


@pytest.fixture
def sent(owing):
    """An exported bank batch: (world, its id, its payments)."""
    batch_id, _ = owing.exported()
    return owing, batch_id, owing.payments(batch_id)


def test_a_statement_settles_what_left_the_account(sent):
    world, batch_id, moved = sent
    found = read(world, report(world, *(entry(p, ref=f"R{n}") for n, p in enumerate(moved))))
    assert (found.settled, found.unmatched) == (len(moved), 0)
    assert world.read(batches.batch, batch_id).state == "settled"
    assert world.verify() == []


@pytest.mark.parametrize("refs", ["<UETR>{0.uetr}</UETR>", "<InstrId>{1}</InstrId>"])
def test_a_payment_is_found_by_any_of_its_identifications(sent, refs):
    world, batch_id, moved = sent
    said = refs.format(moved[0], moved[0].id.replace("-", "")[:35])
    assert read(world, report(world, entry(moved[0], refs=said))).settled == 1
    assert states(world, batch_id)[0] == "settled"


def test_a_batch_booked_as_one_is_found_by_its_count_and_sum(sent):
    world, batch_id, moved = sent
    reference = world.read(batches.batch, batch_id).reference
    total = sum(p.amount for p in moved)
    head = "<Btch><PmtInfId>{}</PmtInfId><NbOfTxs>{}</NbOfTxs></Btch>"
    wrong = head.format(reference, len(moved) + 1)
    assert read(world, report(world, entry(amount=total, batch=wrong, ref="X"))).unmatched == 1
    right = head.format(reference, len(moved))
    assert read(world, report(world, entry(amount=total, batch=right, ref="Y"))).settled == len(moved)
    assert set(states(world, batch_id)) == {"settled"}
    assert world.verify() == []


def test_the_same_file_is_refused_and_the_same_movement_in_another_books_nothing(sent):
    world, _, moved = sent
    entries = [entry(p, ref=f"R{n}") for n, p in enumerate(moved)]
    first = report(world, *entries, kind="054", number="N1")
    read(world, first)
    head = world.read(ledger.head)
    with pytest.raises(batches.FileKnown):
        read(world, first)
    shuffled = read(world, report(world, *entries[::-1], kind="054", number="N2"))
    after = read(world, report(world, *entries, kind="053", number="S1"))
    unnamed = read(world, report(world, *(entry(p) for p in moved), kind="053", number="S2"))
    for found in (shuffled, after, unnamed):
        assert (found.settled, found.unmatched, found.already_known) == (0, 0, len(moved))
    assert world.read(ledger.head) == head


def test_money_that_comes_back_is_owed_again(sent):
    world, batch_id, moved = sent
    read(world, report(world, entry(moved[0], ref="R1")))
    found = read(world, report(world, entry(moved[0], ref="R2", returned="AC04"), number="S2"))
    assert found.returned == 1
    payment = world.payments(batch_id)[0]
    assert (payment.state, payment.failure_reason[:4]) == ("returned", "AC04")
    open_ = [p for p in world.payables() if p.person_id == payment.person_id]
    assert sum(p.amount - p.allocated for p in open_) == payment.amount
    again = read(world, report(world, entry(moved[0], ref="R2", returned="AC04"), number="S3"))
    assert (again.returned, again.already_known) == (0, 1)
    assert world.verify() == []


def test_a_return_that_is_read_before_its_payment_ends_the_same(sent):
    world, batch_id, moved = sent
    read(world, report(world, entry(moved[0], ref="R2", returned="AC04"), number="S2"))
    late = read(world, report(world, entry(moved[0], ref="R1"), number="S1"))
    assert (late.settled, late.already_known) == (0, 1)
    assert states(world, batch_id)[0] == "returned"
    assert world.read(ledger.balance, accounts.bank(bank_code(world), "XOF")) == 0
    assert world.verify() == []


def bank_code(world):
    return world.read(batches.paying_account, world.bank_account).code


def test_what_is_only_announced_books_nothing_yet(sent):
    world, batch_id, moved = sent
    found = read(world, report(world, entry(moved[0], status="PDNG"), kind="052"))
    assert (found.pending, found.settled) == (1, 0)
    assert states(world, batch_id)[0] == "in_transit"


def test_a_rejected_payment_that_the_bank_debits_is_for_a_person(sent):
    world, batch_id, moved = sent
    file = world.read(batches.file_of, batch_id, who="finance")[1]
    world.read_answer(batch_id, world.bank_answer(file, rejections={moved[0].end_to_end_id: "AC04"}))
    head = world.read(ledger.head)
    assert read(world, report(world, entry(moved[0], ref="R1"))).unmatched == 1
    assert world.read(ledger.head) == head


def test_a_report_on_another_account_or_a_broken_one_changes_nothing(sent):
    world, batch_id, moved = sent
    with pytest.raises(reports.OtherAccount):
        read(world, report(world, entry(moved[0]), account="DE89370400440532013000"))
    for data in (b"", b"<a/>", b"\xff", b"<!DOCTYPE a><a/>"):
        with pytest.raises(InvalidInput):
            read(world, data)
    assert set(states(world, batch_id)) == {"in_transit"}
    assert world.read(batches.bank_files) == []


def test_only_who_may_read_answers_reads_a_report(sent):
    world, _, moved = sent
    with pytest.raises(Forbidden):
        read(world, report(world, entry(moved[0])), who="verifier")


# The queue --------------------------------------------------------------------------------------------


def unknown(world, moved):
    """A statement with a movement that names nothing and has the first payment's amount, and a fee."""
    fee = entry(amount=150, refs="<EndToEndId>FEE</EndToEndId>", ref="F")
    read(world, report(world, entry(amount=moved[0].amount, refs="<EndToEndId>?</EndToEndId>", ref="U"), fee))
    return world.read(reports.open_lines)


def test_a_line_that_fits_nothing_waits_with_its_candidates(sent):
    world, _, moved = sent
    line, fee = unknown(world, moved)
    assert moved[0].id in {c.id for c in line.candidates}
    assert {c.amount for c in line.candidates} == {moved[0].amount}
    assert fee.candidates == ()


def test_a_person_assigns_a_line_once_and_the_payment_is_settled(sent):
    world, batch_id, moved = sent
    line, fee = unknown(world, moved)
    world.run("finance", reports.decide, line.entry.id, payment_id=moved[0].id, note="phoned the bank")
    assert states(world, batch_id)[0] == "settled"
    world.run("finance", reports.decide, fee.entry.id, payment_id=None, note="fee")
    assert world.read(reports.open_lines) == []
    for payment_id in (moved[0].id, None):
        with pytest.raises(WrongState):
            world.run("finance", reports.decide, line.entry.id, payment_id=payment_id, note="")
    assert world.verify() == []


def test_a_line_of_another_amount_is_not_about_a_payment(sent):
    world, batch_id, moved = sent
    _, fee = unknown(world, moved)
    with pytest.raises(InvalidInput):
        world.run("finance", reports.decide, fee.entry.id, payment_id=moved[0].id, note="")
    assert states(world, batch_id)[0] == "in_transit"
    assert len(world.read(reports.open_lines)) == 2


def test_what_was_decided_is_never_edited(sent):
    world, _, moved = sent
    line, _ = unknown(world, moved)
    world.run("finance", reports.decide, line.entry.id, payment_id=None, note="not ours")
    for table in ("bank_decision", "bank_statement", "bank_statement_line"):
        with pytest.raises(DBAPIError, match="append-only"), world.runtime.engine.begin() as connection:
            connection.execute(text(f"DELETE FROM {table}"))
    for statement in ("UPDATE bank_decision SET note = 'x'", "UPDATE bank_statement SET moved = 0"):
        with pytest.raises(DBAPIError, match="append-only"), world.runtime.engine.begin() as connection:
            connection.execute(text(statement))


def test_two_people_deciding_about_one_line_decide_once(sent, race):
    world, _, moved = sent
    line, _ = unknown(world, moved)
    done = race(
        2, lambda _: world.run("finance", reports.decide, line.entry.id, payment_id=moved[0].id, note="")
    )
    assert sorted(type(d).__name__ for d in done) == ["NoneType", "WrongState"]
    assert world.verify() == []


# Reconciliation ---------------------------------------------------------------------------------------


def test_a_statement_is_divided_into_ours_waiting_and_other(sent):
    world, _, moved = sent
    paid = [entry(p, ref=f"R{n}") for n, p in enumerate(moved[:2])]
    read(world, report(world, *paid, kind="054", number="N1"))
    fee, deposit = (
        entry(amount=150, refs="<EndToEndId>FEE</EndToEndId>", ref="F"),
        entry(amount=9_000, credit=True, ref="D"),
    )
    read(world, report(world, *paid, fee, deposit))
    found = world.read(reports.reconcile, world.bank_account)
    [line] = found.statements
    ours = -sum(p.amount for p in moved[:2])
    assert (line.ours, line.waiting, line.other) == (ours, -150, 9_000)
    assert line.statement.moved == ours - 150 + 9_000
    assert (found.books, found.not_on_a_statement) == (ours, 0)
    [waiting] = world.read(reports.open_lines)
    world.run("finance", reports.decide, waiting.entry.id, payment_id=None, note="fee")
    [line] = world.read(reports.reconcile, world.bank_account).statements
    assert (line.ours, line.waiting, line.other) == (ours, 0, 8_850)


def test_what_is_settled_but_on_no_statement_is_shown(sent):
    world, batch_id, moved = sent
    file = world.read(batches.file_of, batch_id, who="finance")[1]
    world.read_answer(batch_id, world.bank_answer(file))
    found = world.read(reports.reconcile, world.bank_account)
    assert found.not_on_a_statement == -sum(p.amount for p in moved)
    read(world, report(world, *(entry(p, ref=f"R{n}") for n, p in enumerate(moved))))
    read(
        world,
        report(world, *(entry(p, ref=f"R{n}") for n, p in enumerate(moved)), kind="053", number="S1") + b" ",
    )
    assert world.read(reports.reconcile, world.bank_account).not_on_a_statement == 0


def test_a_payment_that_left_twice_on_one_statement_is_for_a_person(sent):
    world, _, moved = sent
    twice = (entry(moved[0], ref="R1"), entry(moved[0], ref="R2"))
    found = read(world, report(world, *twice))
    assert (found.settled, found.unmatched) == (1, 1)
    [line] = world.read(reports.open_lines)
    assert (line.entry.amount, line.candidates[0].id) == (-moved[0].amount, moved[0].id)
    again = read(world, report(world, *twice[::-1], number="S2"))
    assert (again.settled, again.unmatched, again.already_known) == (0, 0, 2)
    assert len(world.read(reports.open_lines)) == 1
    assert world.verify() == []
