"""`franchise verify` names what was bent behind the triggers' back, and where: each damage, on both databases."""

from datetime import date
from fractions import Fraction

import pytest
from sqlalchemy import text

from pricing.money import Money
from server.actor import SYSTEM
from server.batches import approvals, reports
from server.batches import service as batches
from server.demo.world import FUND
from server.ledger import claims
from server.transparency import service as transparency
from tests.server.conftest import World
from tests.server.test_bank_reports import entry, report


def xof(minor):
    return Money(minor, "XOF")


def decide(runtime, clock, made):
    """A `paying` world in which finance has decided everything there is to decide."""
    world = World(runtime, clock, **made)
    advance = world.run(
        "finance", claims.propose_advance, person_id=world.members[1], amount=xof(500), share=Fraction(1, 2),
        reason="Fuel",
    )  # fmt: skip
    world.run("approver", claims.approve, advance)
    paid = next(p for p in world.payables() if p.settled == p.amount and p.delivery_id)
    clawback = world.run(
        "finance", claims.propose_clawback, payable_id=paid.id, amount=xof(100), reason="Counted twice",
        project=world.project_id, fund=FUND, region=world.villages[0],
    )  # fmt: skip
    world.run("approver", claims.approve, clawback)
    policy = world.run(
        "finance", approvals.propose_policy, currency="XOF", fund="", valid_from=date(2027, 1, 1),
        steps=[(0, ["any"])], note="",
    )  # fmt: skip
    world.run("approver", approvals.approve_policy, policy)
    exported = next(
        b for b in world.read(batches.batches) if b.state == "exported" and b.paying_account_id == world.bank_account
    )  # fmt: skip
    first = world.payments(exported.id)[0]
    for number, lines in enumerate(
        ([entry(first, ref="A"), entry(amount=250, ref="F")], [entry(amount=9, ref="G")])
    ):
        data = report(world, *lines, number=f"S{number}")
        world.run("finance", reports.read_file, world.bank_account, data, name=f"S{number}.xml")
    for number, line in enumerate(world.read(reports.open_lines, who="finance")):
        world.run("finance", reports.decide, line.entry.id, payment_id=None, note=f"fee {number}", fee=True)
    world.run(SYSTEM, transparency.seal)
    return world.state()


@pytest.fixture
def decided(templates, installations, copied):
    templates("paying")
    installations.template("decided", "paying", decide)
    runtime, clock, made = copied("decided")
    return World(runtime, clock, **made)


BATCH = "(SELECT {} FROM payment_batch WHERE state = '{}')"
FILE = "(SELECT sha256 FROM bank_file WHERE name = '{}')"
FEE = "(SELECT min(entry_id) FROM bank_decision WHERE note = 'fee {}')"
# what is done -> the finding's code, and a query of what its place names
LEDGER = {
    "UPDATE ledger_posting SET amount = amount * 2 WHERE entry_id = (SELECT max(id) FROM ledger_entry WHERE kind = 'export')": (
        "ledger-entry-changed", "SELECT idempotency_key FROM ledger_entry WHERE id = (SELECT max(id) FROM ledger_entry WHERE kind = 'export')"),
    "UPDATE ledger_account SET balance = balance - 1 WHERE id = (SELECT max(id) FROM ledger_account WHERE kind = 'expense')": (
        "ledger-balance", "SELECT max(code) FROM ledger_account WHERE kind = 'expense'"),
    "UPDATE ledger_account SET ceiling = NULL WHERE kind = 'clearing'": (
        "ledger-account-changed", "SELECT max(code) FROM ledger_account WHERE kind = 'clearing'"),
    "UPDATE ledger_head SET seq = seq - 1": ("ledger-head", "SELECT 'ledger'"),
    "UPDATE payable SET allocated = allocated - 1 WHERE id = (SELECT max(id) FROM payable WHERE allocated = amount AND settled < amount)": (
        "payable-projection", "SELECT max(id) FROM payable WHERE allocated = amount - 1"),
}  # fmt: skip
DECISIONS = {
    "UPDATE claim SET decided_by = 'thief' WHERE kind = 'advance'": (
        "claim-told-otherwise", "SELECT id FROM claim WHERE kind = 'advance'"),
    "UPDATE claim SET share = 1 WHERE kind = 'clawback'": (
        "claim-told-otherwise", "SELECT id FROM claim WHERE kind = 'clawback'"),
    "UPDATE claim SET recovered = 1 WHERE kind = 'clawback'": (
        "claim-recovered", "SELECT id FROM claim WHERE kind = 'clawback'"),
    "UPDATE approval_policy SET valid_from = '2026-01-01'": (
        "policy-told-otherwise", "SELECT id FROM approval_policy"),
    "UPDATE batch_approval SET approved_by = 'thief' WHERE batch_id = " + BATCH.format("max(id)", "approved"): (
        "batch-told-otherwise", "SELECT " + BATCH.format("max(reference)", "approved")),
    f"UPDATE bank_decision SET verdict = 'not_ours', ledger_entry_id = NULL WHERE entry_id = {FEE.format(0)}": (
        "bank-line-told-otherwise", f"SELECT {FEE.format(0)}"),
    f"UPDATE bank_decision SET decided_by = 'thief' WHERE entry_id = {FEE.format(1)}": (
        "bank-line-told-otherwise", f"SELECT {FEE.format(1)}"),
}  # fmt: skip
WAITING = "(SELECT max({}) FROM payment_batch WHERE approved_by IS NOT NULL AND exported_at IS NULL)"
PAYMENTS = {
    f"UPDATE payment_batch SET state = 'draft' WHERE id = {WAITING.format('id')}": (
        "batch-state", f"SELECT {WAITING.format('reference')}"),
    f"UPDATE payment SET state = 'in_transit' WHERE id = (SELECT max(id) FROM payment WHERE batch_id = {WAITING.format('id')})": (
        "payment-state", f"SELECT end_to_end_id FROM payment WHERE state = 'in_transit' AND batch_id = {WAITING.format('id')}"),
    "UPDATE payment SET settled_at = NULL WHERE id = (SELECT max(id) FROM payment WHERE state = 'settled')": (
        "payment-state", "SELECT end_to_end_id FROM payment WHERE id = (SELECT max(id) FROM payment WHERE state = 'settled')"),
    "UPDATE bank_entry SET amount = amount - 1 WHERE verdict = 'settled' AND amount IS NOT NULL": (
        "bank-line-changed", "SELECT max(id) FROM bank_entry WHERE verdict = 'settled' AND amount IS NOT NULL"),
    "UPDATE bank_statement SET moved = moved + 5 WHERE number = 'S0'": (
        "bank-statement-changed", "SELECT 'S0.xml'"),
    f"DELETE FROM bank_statement_line WHERE statement_id = (SELECT id FROM bank_statement WHERE file_sha256 = {FILE.format('S1.xml')})": None,
    f"DELETE FROM bank_statement WHERE file_sha256 = {FILE.format('S1.xml')}": (
        "bank-statement-changed", "SELECT 'S1.xml'"),
}  # fmt: skip


@pytest.mark.parametrize("damages", [LEDGER, DECISIONS, PAYMENTS], ids=["ledger", "decisions", "payments"])
def test_each_damage_is_named_with_its_place(decided, damages):
    assert decided.read(transparency.verify) == []
    decided.tamper(*damages)
    found = decided.read(transparency.verify)
    with decided.runtime.engine.connect() as connection:
        for code, query in filter(None, damages.values()):
            place = str(connection.scalar(text(query)))
            named = [f.place for f in found if f.code == code and place in f.place]
            assert named, (code, place, sorted((f.code, f.place) for f in found))


def test_a_file_that_is_gone_or_another_is_named(decided):
    file = decided.read(batches.bank_files)[-1]
    decided.runtime.files.path(file.sha256).write_bytes(b"another")
    decided.tamper("DELETE FROM bank_statement_line", "DELETE FROM bank_statement", "DELETE FROM bank_decision",
                   "DELETE FROM bank_entry", f"DELETE FROM bank_file WHERE name = '{file.name}'")  # fmt: skip
    found = {(f.code, f.place) for f in decided.read(transparency.verify)}
    assert ("bank-file-told-otherwise", f"bank file {file.sha256[:12]}…") in found
    assert "bank-line-told-otherwise" in {code for code, _ in found}
