"""The site that `franchise serve --demo` shows: each page of finance has something true to show."""

import pytest

from server.actor import SYSTEM
from server.app import create_app
from server.batches import reports as bank
from server.batches import service as batches
from server.ledger import claims
from server.ledger import service as ledger
from server.transparency import service as transparency
from tests import browser_support as support


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The loaded demonstration, only read; shared with the browser's tests where both run."""
    base = tmp_path_factory.getbasetemp()
    base = base.parent if base.name.startswith("popen-") else base
    runtime = support.open_installation(support.load_showcase(base / "showcase"))
    yield support.Site(runtime)
    runtime.engine.dispose()


@pytest.fixture(scope="module")
def finance(site):
    client = create_app(site.runtime).test_client()
    client.set_cookie("session", site.session_of("finance@demo.example"))
    client.set_cookie("language", "en")
    return client


def read(site, query, *args):
    return site.runtime.read(SYSTEM, query, *args)


def test_everything_is_as_it_was_promised(site):
    assert read(site, transparency.verify) == []


def test_an_advance_is_partly_worked_off_and_another_waits(site):
    found = {row.state: row for row in read(site, claims.claims) if row.kind == "advance"}
    assert 0 < found["approved"].recovered < found["approved"].amount
    assert found["proposed"].recovered == 0


def test_money_paid_too_much_is_owed_back_and_partly_paid_back(site):
    [row] = [row for row in read(site, claims.claims) if row.kind == "clawback"]
    [(_, minor, _)] = read(site, claims.repayments, [row.id])[row.id]
    assert 0 < minor == row.recovered < row.amount


def test_payments_were_settled_refused_and_returned_and_a_batch_waits_for_its_second_approver(site):
    rows = read(site, batches.batches)
    states = {p.state for row in rows for p in read(site, batches.payments, row.id)}
    assert {"draft", "settled", "rejected", "returned"} <= states
    [waiting] = [row for row in rows if row.state == "submitted"]
    assert waiting.approval_roles == "approver,approver"


def test_a_project_overran_its_budget_and_the_reserve_of_its_commune(site):
    [gap] = read(site, ledger.obligations)
    assert gap.amount.minor > 0
    entries = read(site, lambda tx: ledger.entries(tx, limit=10_000))
    drawn = {code for entry in entries if entry.kind == "delivery" for code, _, _ in entry.lines}
    assert {"reserve:BJ-DO-COPARGO", f"unfunded:{gap.project}"} <= drawn


def test_tax_overheads_and_contributions_have_gone_part_of_their_way(site):
    kinds = {row.component for row in read(site, ledger.all_payables)}
    assert kinds == {"honorarium", "expenses", "advance", "tax", "overhead"}
    assert read(site, claims.withheld)
    [commune] = [(left, whole) for party, left, whole in read(site, claims.promised) if party == "commune"]
    assert 0 < commune[0].minor < commune[1].minor
    assert [line.entry.amount for line in read(site, bank.open_lines)] == [-12_000]


PAGES = {
    "/finance": ["without a budget", "changed account waits", "fits no payment", "failed", "kept back"],
    "/finance/claims": ["Blaise Kouagou", "Rachidatou Bio", "Paid back"],
    "/finance/contributions": ["Commune", "Village"],
    "/finance/reserves": ["Donga", "250,000"],
    "/finance/approvers": ["Fonds solidaire de Copargo", "1,000,000", "Waits for approval"],
    "/payees": ["Direction générale des impôts", "Coordination régionale", "It is theirs"],
    "/finance/dues": ["AIB", "COPARGO-2026"],
    "/payables": ["REUNION-2026 owes", "Direction générale des impôts"],
    "/batches/new": ["What stays owed, and why", "waits for a check"],
    "/bank-files": ["PRELEVEMENT REF 4471", "RELEVE-001"],
    "/finance/reports/payables": ["By payee"],
    "/finance/reports/tax": ["AIB", "By payee"],
    "/finance/reports/overheads": ["COPARGO-2026"],
    "/finance/reports/exceptions": ["Owed without a budget", "Payments that failed", "Batches that do not move"],
    "/finance/reports/reconciliation": ["bank-xof"],
}  # fmt: skip


@pytest.mark.parametrize("address", PAGES)
def test_each_page_of_finance_has_something_to_show(finance, address):
    page = finance.get(address)
    assert page.status_code == 200
    assert [words for words in PAGES[address] if words not in page.text] == []
