"""Bank files as they never should be, through the service: nothing settles that did not move, nothing is lost."""

from itertools import permutations

import pytest

from payments import ledger as accounts
from server.batches import reports
from server.batches import service as batches
from server.ledger import service as ledger
from tests.server.test_bank_reports import bank_code, entry, read, report, states
from workflows.errors import InvalidInput, RunError

pytestmark = pytest.mark.parametrize("databases", ["sqlite"], indirect=True, scope="session")


@pytest.fixture
def sent(owing):
    """An exported bank batch: (world, its id, its payments)."""
    batch_id, _ = owing.exported()
    return owing, batch_id, owing.payments(batch_id)


def booked(reference, count, amount, total=None, ref="W1"):
    """One line for a whole batch."""
    said = "" if total is None else f'<TtlAmt Ccy="XOF">{total}</TtlAmt>'
    batch = f"<Btch><PmtInfId>{reference}</PmtInfId><NbOfTxs>{count}</NbOfTxs>{said}</Btch>"
    return entry(amount=amount, batch=batch, ref=ref)


def refuse_first(world, batch_id, moved):
    """The bank refuses the first payment and says nothing yet of the others."""
    file = world.read(batches.file_of, batch_id, who="finance")[1]
    others = [p.end_to_end_id for p in moved[1:]]
    answer = world.bank_answer(file, rejections={moved[0].end_to_end_id: "AC04"}, pending=others)
    assert world.read_answer(batch_id, answer).rejected == 1


def open_lines(world):
    return world.read(reports.open_lines, who="finance")


def test_a_batch_booked_without_its_refused_payment_settles_the_others(sent):
    world, batch_id, moved = sent
    refuse_first(world, batch_id, moved)
    reference = world.read(batches.batch, batch_id).reference
    whole, left = sum(p.amount for p in moved), sum(p.amount for p in moved[1:])
    wrong = read(world, report(world, booked(reference, len(moved), left, whole)))
    assert (wrong.settled, wrong.unmatched) == (0, 1)
    assert [p.code for p in wrong.problems if p.code != "no-balance"] == ["batch-does-not-add-up"]
    right = read(world, report(world, booked(reference, len(moved) - 1, left, left, ref="W2"), number="S2"))
    assert (right.settled, right.unmatched) == (len(moved) - 1, 0)
    assert states(world, batch_id) == ["rejected"] + ["settled"] * (len(moved) - 1)
    assert world.read(batches.batch, batch_id).state == "partly_settled"
    assert world.verify() == []


def test_a_batch_booked_whole_although_one_was_refused_asks_a_person_about_that_one(sent):
    world, batch_id, moved = sent
    refuse_first(world, batch_id, moved)
    reference = world.read(batches.batch, batch_id).reference
    found = read(world, report(world, booked(reference, len(moved), sum(p.amount for p in moved))))
    assert (found.settled, found.unmatched) == (len(moved) - 1, 1)
    assert open_lines(world)[0].candidates[0].id == moved[0].id
    assert world.verify() == []


def test_a_credit_that_names_a_payment_is_asked_about(sent):
    world, batch_id, moved = sent
    read(world, report(world, *(entry(p, ref=f"R{n}") for n, p in enumerate(moved))))
    found = read(world, report(world, entry(moved[0], credit=True, ref="C1"), number="S2"))
    assert (found.returned, found.unmatched) == (0, 1)
    (line,) = open_lines(world)
    assert (line.candidates[0].id, line.entry.amount) == (moved[0].id, moved[0].amount)
    world.run("finance", reports.decide, line.entry.id, payment_id=moved[0].id, note="it came back")
    assert states(world, batch_id)[0] == "returned"
    assert world.verify() == []


def test_a_credit_that_names_nobody_of_ours_is_no_line(sent):
    world, _, _ = sent
    grant = entry(amount=5_000, credit=True, refs="<EndToEndId>DONOR-7</EndToEndId>", ref="G1")
    assert read(world, report(world, grant)).unmatched == 0
    assert open_lines(world) == []


def test_a_reversed_debit_settles_nothing(sent):
    world, batch_id, moved = sent
    turned = entry(moved[0], ref="R1").replace("</CdtDbtInd>", "</CdtDbtInd><RvslInd>true</RvslInd>")
    found = read(world, report(world, turned))
    assert (found.settled, found.unmatched) == (0, 1)
    assert states(world, batch_id)[0] == "in_transit"


def test_money_of_another_currency_is_never_a_payment(sent):
    world, batch_id, moved = sent
    foreign = entry(moved[0], ref="R1").replace('Ccy="XOF"', 'Ccy="JPY"')
    cents = entry(amount=0, refs="<EndToEndId>X</EndToEndId>", ref="R2").replace(
        '<Amt Ccy="XOF">0</Amt>', f'<Amt Ccy="EUR">{moved[1].amount / 100:.2f}</Amt>'
    )
    found = read(world, report(world, foreign, cents))
    assert (found.settled, found.unmatched) == (0, 2)
    for line in open_lines(world):
        assert line.entry.amount == 0
        assert "JPY" in line.entry.reason or "EUR" in line.entry.reason
        for wrong in moved[:2]:
            with pytest.raises(InvalidInput):
                world.run("finance", reports.decide, line.entry.id, payment_id=wrong.id, note="x")
        world.run("finance", reports.decide, line.entry.id, payment_id=None, note="not ours")
    assert states(world, batch_id)[0] == "in_transit"


@pytest.mark.parametrize("kind", ["camt", "pain"])
def test_sums_beyond_every_bank_are_refused_and_nothing_is_stored(sent, kind):
    world, batch_id, moved = sent
    reference = world.read(batches.batch, batch_id).reference
    if kind == "camt":
        data = report(world, entry(moved[0], ref="R1"), booked(reference, 2, "9" * 18))
        with pytest.raises(InvalidInput):
            read(world, data)
    else:
        data = (
            '<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.002.001.10"><CstmrPmtStsRpt><GrpHdr/>'
            f"<OrgnlGrpInfAndSts><OrgnlMsgId>{reference}</OrgnlMsgId><OrgnlCtrlSum>{'9' * 18}</OrgnlCtrlSum>"
            "<GrpSts>RJCT</GrpSts></OrgnlGrpInfAndSts></CstmrPmtStsRpt></Document>"
        ).encode()
        assert read(world, data).unmatched == 1
        assert open_lines(world)[0].entry.amount == 0
    assert set(states(world, batch_id)) == {"in_transit"}


def test_a_refusal_of_another_payment_information_refuses_nothing(sent):
    world, batch_id, _ = sent
    reference = world.read(batches.batch, batch_id).reference
    data = (
        '<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.002.001.10"><CstmrPmtStsRpt><GrpHdr/>'
        f"<OrgnlGrpInfAndSts><OrgnlMsgId>{reference}</OrgnlMsgId></OrgnlGrpInfAndSts><OrgnlPmtInfAndSts>"
        "<OrgnlPmtInfId>OTHER</OrgnlPmtInfId><PmtInfSts>RJCT</PmtInfSts></OrgnlPmtInfAndSts></CstmrPmtStsRpt></Document>"
    ).encode()
    answer = world.read_answer(batch_id, data)
    assert (answer.rejected, len(answer.unmatched)) == (0, 1)
    assert set(states(world, batch_id)) == {"in_transit"}


def test_a_fee_of_the_amount_of_a_payment_leaves_it_in_its_batch(sent):
    world, batch_id, moved = sent
    reference = world.read(batches.batch, batch_id).reference
    fee = entry(amount=moved[0].amount, ref="F1")
    whole = booked(reference, len(moved), sum(p.amount for p in moved))
    found = read(world, report(world, fee, whole))
    assert (found.settled, found.unmatched) == (len(moved), 1)


def test_two_lines_without_a_name_are_two_lines(sent):
    world, batch_id, _ = sent
    nameless = "<TxInfAndSts><OrgnlEndToEndId>NOTPROVIDED</OrgnlEndToEndId><TxSts>ACSC</TxSts></TxInfAndSts>"
    reference = world.read(batches.batch, batch_id).reference
    data = (
        '<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.002.001.10"><CstmrPmtStsRpt><GrpHdr/>'
        f"<OrgnlGrpInfAndSts><OrgnlMsgId>{reference}</OrgnlMsgId></OrgnlGrpInfAndSts><OrgnlPmtInfAndSts>"
        f"<OrgnlPmtInfId>{reference}</OrgnlPmtInfId>{nameless * 2}</OrgnlPmtInfAndSts></CstmrPmtStsRpt></Document>"
    ).encode()
    assert len(world.read_answer(batch_id, data).unmatched) == 2
    assert len(world.read(batches.unmatched_entries)) == 2


def test_statements_in_any_order_and_after_their_notifications_end_the_same(opened):
    """A notification, the statement of the day, the statement of a return, one of another account's day."""
    ends = set()
    for order in permutations(range(3)):
        world = opened("owing")
        batch_id, _ = world.exported()
        moved = world.payments(batch_id)
        files = (
            report(world, *(entry(p, ref=f"N{p.id[-4:]}") for p in moved), kind="054", number="N1"),
            report(world, *(entry(p, ref=f"R{p.id[-4:]}") for p in moved[::-1]), number="S1"),
            report(world, entry(moved[0], ref="B1", returned="AC04"), number="S2"),
        )
        for number in order:
            read(world, files[number])
        balance = world.read(ledger.balance, accounts.bank(bank_code(world), "XOF"))
        ends.add((tuple(states(world, batch_id)), balance, len(open_lines(world))))
        assert world.verify() == []
    assert len(ends) == 1


def test_a_statement_that_does_not_add_up_is_told_and_books_what_it_says(sent):
    world, batch_id, moved = sent
    balances = "".join(
        f'<Bal><Tp><CdOrPrtry><Cd>{kind}</Cd></CdOrPrtry></Tp><Amt Ccy="XOF">{amount}</Amt>'
        "<CdtDbtInd>CRDT</CdtDbtInd><Dt><Dt>2026-04-03</Dt></Dt></Bal>"
        for kind, amount in (("OPBD", 1_000_000), ("CLBD", 999_999))
    )
    found = read(world, report(world, entry(moved[0], ref="R1"), balances=balances))
    assert [p.code for p in found.problems] == ["statement-does-not-add-up"]
    assert found.settled == 1
    (row,) = world.read(reports.reconcile, world.read(lambda _: world.bank_account)).statements
    assert row.statement.opening + row.statement.moved != row.statement.closing
    assert states(world, batch_id)[0] == "settled"


@pytest.mark.parametrize("data", [b"", b"<", b"\x00" * 9, b"PK\x03\x04", "<é".encode("utf-16")])
def test_what_is_no_bank_file_is_refused_by_both_ways_in(sent, data):
    world, batch_id, _ = sent
    for step in (lambda: read(world, data), lambda: world.read_answer(batch_id, data)):
        with pytest.raises(RunError):
            step()
    assert world.read(batches.bank_files) == []
