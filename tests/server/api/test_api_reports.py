"""Reports and bank files through HTTP."""

import pytest

from pricing.money import Money
from server.ledger import service as ledger
from server.reports import service as reports
from tests.server.test_bank_reports import entry, report
from tests.server.test_tied_lines import contribution, credit, now

pytestmark = pytest.mark.parametrize("databases", ["sqlite"], indirect=True, scope="session")


@pytest.fixture
def site(owing, site_of):
    return site_of(owing)


def test_a_report_is_read_and_downloaded(attacked_site):
    for name in reports.REPORTS:
        found = attacked_site.finance.get(f"/reports/{name}")
        assert found["name"] == name
        keys = [{c["key"] for c in table["columns"]} for table in found["tables"]]
        assert all(
            set(row) == of for table, of in zip(found["tables"], keys, strict=True) for row in table["rows"]
        )
    assert attacked_site.auditor.download("/reports/budget/pdf?by=month").startswith(b"%PDF")
    assert attacked_site.finance.get("/reports/nothing", 404)["code"] == "not-found"
    attacked_site.finance.get("/reports/budget/exe", 404)
    attacked_site.finance.get("/reports/budget?from=never", 422)
    attacked_site.finance.get("/reports/budget?form=1", 422)


def test_the_sum_of_statements_is_what_is_owed(attacked_site):
    world = attacked_site.world
    owed = {a.code.partition(":")[2]: -a.balance for a in world.read(ledger.accounts) if a.kind == "payable"}
    for person_id, minor in owed.items():
        [table] = attacked_site.finance.get(f"/people/{person_id}/statement")["tables"]
        assert table["totals"][0]["balance"]["minor"] == minor
    stranger = attacked_site.stranger("finance")
    stranger.get(f"/people/{person_id}/statement", 404)


def test_a_facilitator_reads_the_own_statement(site):
    row = site.world.payables()[0]
    [table] = site.person(row.person_id).get("/my/statement")["tables"]
    assert table["totals"][0]["balance"]["minor"] > 0


def test_the_journal_is_downloaded(attacked_site):
    assert attacked_site.finance.download("/ledger/journal/csv").startswith(b"entry,date,kind")
    assert b" open " in attacked_site.finance.download("/ledger/journal/beancount")
    attacked_site.finance.get("/ledger/journal/exe", 404)


def test_a_bank_file_is_read_listed_and_its_open_line_decided(site):
    world = site.world
    world.exported()
    batch = next(b for b in site.finance.get("/batches")["items"] if b["state"] == "exported")
    first, second, *_ = world.payments(batch["id"])
    lost = entry(second, refs="<EndToEndId>NOTPROVIDED</EndToEndId>", ref="L1")
    fee = entry(amount=250, ref="F1")
    data = report(world, entry(first, ref="A1"), lost, fee)
    path = f"/paying-accounts/{world.bank_account}/bank-files"
    read = site.finance.upload(path, [("file", (data, "camt.xml"))])
    assert (read["settled"], read["unmatched"]) == (1, 2)
    assert site.finance.upload(path, [("file", (data, "again.xml"))], 409)["code"] == "file-known"
    assert [f["sha256"] for f in site.finance.get("/bank-files")["items"]] == [read["sha256"]]
    lines = {line["amount"]["minor"]: line for line in site.finance.get("/bank-lines")["items"]}
    waiting = lines[-second.amount]
    assert second.id in {c["id"] for c in waiting["candidates"]}
    site.finance.post(f"/bank-lines/{waiting['id']}/decision", {"verdict": "assigned"}, 422)
    body = {"verdict": "assigned", "payment_id": second.id, "note": "asked the bank"}
    site.finance.send("POST", f"/bank-lines/{waiting['id']}/decision", 204, json=body)
    site.finance.post(f"/bank-lines/{waiting['id']}/decision", body, 404)
    site.finance.send("POST", f"/bank-lines/{lines[-250]['id']}/decision", 204, json={"verdict": "fee"})
    assert site.finance.get("/bank-lines")["items"] == []
    assert world.verify() == []
    assert Money(250, "XOF").minor == next(a.balance for a in world.read(ledger.accounts) if a.kind == "fee")


def test_a_line_is_tied_to_its_booking_and_a_sum_to_its_batch(site):
    world = site.world
    paid_in, (batch_id, _) = contribution(world), world.exported()
    total = sum(p.amount for p in world.payments(batch_id))
    data = now(report(world, credit(300, "C1"), entry(amount=total, ref="B")), world)
    path = f"/paying-accounts/{world.bank_account}/bank-files"
    site.finance.upload(path, [("file", (data, "camt.xml"))])
    lines = {line["amount"]["minor"]: line for line in site.finance.get("/bank-lines")["items"]}
    assert [b["id"] for b in lines[300]["bookings"]] == [paid_in]
    assert [b["id"] for b in lines[-total]["batches"]] == [batch_id]
    tie, whole = (f"/bank-lines/{lines[minor]['id']}/decision" for minor in (300, -total))
    site.finance.post(tie, {"verdict": "booked"}, 422)
    site.finance.post(tie, {"verdict": "fee", "ledger_entry_id": paid_in}, 422)
    other = {"verdict": "booked", "ledger_entry_id": batch_id}
    assert site.finance.post(tie, other, 409)["code"] == "other-booking"
    site.finance.send("POST", tie, 204, json={"verdict": "booked", "ledger_entry_id": paid_in})
    site.finance.post(whole, {"verdict": "batch"}, 422)
    site.finance.send("POST", whole, 204, json={"verdict": "batch", "batch_id": batch_id})
    assert site.finance.get("/bank-lines")["items"] == []
    assert {p.state for p in world.payments(batch_id)} == {"settled"}
    assert world.verify() == []


def test_a_stranger_reads_no_bank_file(site):
    stranger = site.stranger("finance")
    path = f"/paying-accounts/{site.world.bank_account}/bank-files"
    assert stranger.upload(path, [("file", (b"<a/>", "x.xml"))], 404)["code"] == "not-found"
    assert stranger.get("/bank-lines")["items"] == []
    assert stranger.get("/bank-files")["items"] == []
