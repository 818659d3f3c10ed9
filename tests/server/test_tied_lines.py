"""Lines of the bank that are no payment of ours: tied to their booking, to a whole batch, and counted."""

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from pricing.money import Money
from server.actor import SYSTEM
from server.batches import reports
from server.batches import service as batches
from server.batches.reports import About
from server.demo.world import FUND
from server.errors import WrongState
from server.ledger import claims
from server.ledger import service as ledger
from tests.server.test_bank_reports import bank_code, entry, read, report, sent, states  # noqa: F401
from tests.server.test_pages_finance import Browser, told


def xof(minor):
    return Money(minor, "XOF")


def credit(amount, ref):
    return entry(amount=amount, credit=True, refs=f"<EndToEndId>{ref}</EndToEndId>", ref=ref)


def contribution(world, minor=300, party="commune"):
    """Booked by finance on the bank account that the statements are of."""
    return world.run(
        "finance", claims.receive_contribution, rail_account=bank_code(world), party=party, amount=xof(minor),
        memo="Statement 7",
    )  # fmt: skip


def grant(world, minor=9_000):
    return world.run(SYSTEM, ledger.receive_grant, funder="donor", fund=FUND, amount=xof(minor))


def now(data, world):
    """The statement, told on the day of the world's clock."""
    return data.replace(b"2026-04-03", world.clock.now().date().isoformat().encode())


def decide(world, line, about, note=""):
    world.run("finance", reports.decide_about, line.entry.id, about, note=note)


def movements(world):
    return {line.entry.amount: line for line in world.read(reports.other_movements)}


def test_a_contribution_and_a_grant_are_tied_to_their_lines_once(owing):
    world = owing
    paid_in, granted = contribution(world), grant(world)
    data = report(world, credit(300, "C1"), credit(300, "C2"), credit(9_000, "G1"), credit(5, "X"))
    assert read(world, now(data, world)).unmatched == 0
    before = world.read(reports.reconcile, world.bank_account)
    assert (before.statements[0].other, before.not_on_a_statement) == (9_605, 300)
    found = world.read(reports.other_movements)
    assert [[b.id for b in line.bookings] for line in found] == [[paid_in], [paid_in], [granted], []]
    head = world.read(ledger.head)
    decide(world, found[0], About(ledger_entry_id=paid_in))
    decide(world, found[2], About(ledger_entry_id=granted))
    assert world.read(ledger.head) == head, "it is booked already"
    after = world.read(reports.reconcile, world.bank_account)
    assert (after.statements[0].booked, after.statements[0].other) == (9_300, 305)
    assert after.not_on_a_statement == 0, "the grant is in the budget book alone"
    assert [line.bookings for line in world.read(reports.other_movements)] == [(), ()]
    for line, about in ((found[1], paid_in), (found[3], granted), (found[3], "no-such-entry")):
        with pytest.raises(reports.OtherBooking):
            decide(world, line, About(ledger_entry_id=about))
    with pytest.raises(WrongState):
        decide(world, found[0], About())
    assert world.verify() == []

    # taken back, the booking no longer explains its line
    world.run("approver", claims.reverse, paid_in, reason="Another party paid")
    last = world.read(reports.reconcile, world.bank_account)
    assert (last.statements[0].booked, last.statements[0].other, last.not_on_a_statement) == (9_000, 605, 0)
    with pytest.raises(reports.OtherBooking):
        decide(world, found[1], About(ledger_entry_id=paid_in))
    assert world.verify() == []


def test_the_database_ties_no_line_to_what_is_not_its_booking(owing):
    world = owing
    wrong, right = contribution(world, 299), contribution(world, 300)
    tied = contribution(world, 300)
    read(world, now(report(world, credit(300, "C1"), credit(300, "C2")), world))
    first, second = world.read(reports.other_movements)
    decide(world, first, About(ledger_entry_id=tied))
    line = second.entry.id
    insert = (
        "INSERT INTO bank_decision (entry_id, verdict, note, decided_at, decided_by, ledger_entry_id, batch_id) "
        "VALUES (:line, :verdict, '', '2026-03-02 10:00:00+00', 'x', :entry, :batch)"
    )

    def attack(said, **given):
        row = {"line": line, "verdict": "booked", "entry": None, "batch": None} | given
        with pytest.raises(DBAPIError, match=said), world.runtime.engine.begin() as connection:
            connection.execute(text(insert), row)

    attack("booking is not of this line", entry=wrong)
    attack("ledger_entry_id", entry=tied)
    attack("bank_decision_verdict")
    attack("bank_decision_verdict", verdict="not_ours", entry=right)
    attack("bank_decision_verdict", verdict="batch")
    other = world.exported()[0]
    attack("batch is not of this line", verdict="batch", batch=other)
    world.run("approver", claims.reverse, right, reason="Another party paid")
    attack("taken back", entry=right)


def test_a_sum_without_a_name_is_a_whole_batch_when_a_person_says_so(sent):  # noqa: F811
    world, batch_id, moved = sent
    total = sum(p.amount for p in moved)
    head = "<Btch><NbOfTxs>{}</NbOfTxs></Btch>"
    wrong = entry(amount=total, batch=head.format(len(moved) + 1), ref="W")
    right = entry(amount=total, batch=head.format(len(moved)), ref="R")
    assert read(world, report(world, wrong, right, entry(amount=total - 1, ref="L"))).unmatched == 3
    first, second, third = world.read(reports.open_lines)
    assert [[b.payments for b in line.batches] for line in (first, second, third)] == [[], [len(moved)], []]
    for line in (first, third):
        with pytest.raises(reports.OtherBatch):
            decide(world, line, About(batch_id=batch_id))
    decide(world, second, About(batch_id=batch_id), note="the bank's letter")
    assert set(states(world, batch_id)) == {"settled"}
    assert world.read(batches.batch, batch_id).state == "settled"
    with pytest.raises(reports.OtherBatch):
        decide(world, first, About(batch_id=batch_id))
    [line] = world.read(reports.reconcile, world.bank_account).statements
    assert (line.ours, line.waiting) == (-total, 1 - 2 * total)
    again = read(world, report(world, *(entry(p, ref=f"N{n}") for n, p in enumerate(moved)), kind="054"))
    assert (again.settled, again.already_known) == (0, len(moved))
    assert world.verify() == []


def balance(kind, amount):
    return (
        f'<Bal><Tp><CdOrPrtry><Cd>{kind}</Cd></CdOrPrtry></Tp><Amt Ccy="XOF">{amount}</Amt>'
        "<CdtDbtInd>CRDT</CdtDbtInd><Dt><Dt>2026-04-03</Dt></Dt></Bal>"
    )


def test_the_page_ties_in_one_click_and_says_which_statements_lack(owing):
    world = owing
    paid_in = contribution(world)
    first = report(
        world, credit(300, "C1"), number="S1", balances=balance("OPBD", 1_000) + balance("CLBD", 1_300)
    )
    later = report(
        world, credit(7, "C7"), number="S2", balances=balance("OPBD", 2_000) + balance("CLBD", 2_008)
    )
    for data in (now(first, world), now(later, world)):
        read(world, data)
    page = Browser(world, "finance")
    shown = page.get("/bank-files")
    assert "S1 closes with" in told(shown)
    assert "Statement S2 opens with" in told(shown)
    assert f"booking:{paid_in}" in shown.text
    line = movements(world)[300].entry.id
    address = f"/bank-files/lines/{line}"
    assert Browser(world, "verifier").post(address, {"payment": f"booking:{paid_in}"}).status_code in (
        403,
        404,
    )
    assert page.post(address, {"payment": f"booking:{paid_in}"}).status_code == 303
    assert f"booking:{paid_in}" not in page.get("/bank-files").text
    assert page.post(address, {"payment": f"booking:{paid_in}"}).status_code == 409
    assert page.get("/finance/reports/reconciliation").status_code == 200


def test_a_fee_decided_before_lines_named_their_booking_is_not_offered_for_another_line(owing):
    world = owing
    read(world, now(report(world, entry(amount=150, refs="<EndToEndId>F1</EndToEndId>", ref="F1")), world))
    [line] = [*world.read(reports.open_lines), *world.read(reports.other_movements)]
    decide(world, line, About(fee=True), "Fee of March")
    [fee] = world.entries("fee")
    world.tamper(f"UPDATE bank_decision SET ledger_entry_id = NULL WHERE ledger_entry_id = '{fee.id}'")
    second = entry(amount=150, refs="<EndToEndId>F2</EndToEndId>", ref="F2")
    read(world, now(report(world, second).replace(b"<Id>S1<", b"<Id>S2<"), world))
    [line] = [*world.read(reports.open_lines), *world.read(reports.other_movements)]
    assert line.bookings == ()
    assert line.may_be_fee
    with pytest.raises(reports.OtherBooking):
        decide(world, line, About(ledger_entry_id=fee.id))
