"""Finance beside the batches, as people meet it: the list of the day, claims, reserves, approvers, payees, dues."""

import re
from html import unescape

import pytest

from payments import ledger as accounts
from payments.ledger import Entry, Posting
from pricing.money import Money
from server.accounts import service as sign_in
from server.actor import SYSTEM, Grant, Role
from server.app import create_app
from server.batches import service as batches
from server.demo.world import FUND, other_account
from server.http.security import SESSION_COOKIE
from server.ledger import claims
from server.ledger import service as ledger
from server.people import service as people


class Browser:
    """A person at a browser; a role's name."""

    def __init__(self, world, role, language="en"):
        self.client = create_app(world.runtime).test_client()
        self.client.set_cookie("language", language)
        token = world.runtime.run(SYSTEM, sign_in.open_session, world.actors[role].user_id)
        self.client.set_cookie(SESSION_COOKIE, token)

    def get(self, address):
        return self.client.get(address)

    def post(self, address, data=None):
        found = re.search(r'name="csrf-token" content="(\w+)"', self.get("/docs/problems").text)
        return self.client.post(address, data={"csrf_token": found[1], **(data or {})})


def told(answer):
    """The page as a person reads it."""
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", answer.text)).split())


PAGES = [
    "/finance",
    "/finance/claims",
    "/finance/contributions",
    "/finance/reserves",
    "/finance/approvers",
    "/payees",
    "/finance/dues",
]


@pytest.mark.parametrize("address", PAGES)
@pytest.mark.parametrize("role", ["finance", "approver"])
def test_every_page_opens_for_who_handles_money(attacked, address, role):
    assert Browser(attacked, role).get(address).status_code == 200


@pytest.mark.parametrize("address", [a for a in PAGES if a != "/payees"])
def test_money_is_nobody_elses_business(attacked, address):
    assert Browser(attacked, "coordinator").get(address).status_code == 403


def test_the_list_of_the_day_says_what_waits_for_whom(opened):
    world = opened("paying")
    batch_id = next(b.id for b in world.read(batches.batches) if b.state == "draft")
    assert "is not yet handed over" in told(Browser(world, "finance").get("/finance"))
    world.run("finance", batches.submit, batch_id)
    assert "waits for your approval" in told(Browser(world, "approver").get("/finance"))
    assert "waits for your approval" not in told(Browser(world, "finance").get("/finance"))
    assert "waits for your approval" in told(Browser(world, "approver").get("/"))


def test_an_unfunded_obligation_is_the_first_thing_finance_reads(opened):
    world = opened("started")
    gap = Entry(
        "delivery", "delivery:gap",
        (Posting(accounts.unfunded(world.project_id, "XOF"), 700), Posting(accounts.consumed(world.project_id, "XOF"), -700)),
    )  # fmt: skip
    world.runtime.run(SYSTEM, ledger.post, gap)
    page = told(Browser(world, "finance").get("/finance"))
    assert "without a budget" in page
    assert page.index("Look at this first") < page.index("without a budget")


def test_an_advance_goes_from_proposal_to_the_facilitators_own_page(opened):
    world = opened("started")
    person = world.task().assignee_id
    known = world.runtime.read(SYSTEM, sign_in.accounts)
    account = next((a.id for a in known if a.person_id == person), None) or world.runtime.run(
        SYSTEM, sign_in.create_account, email="f@demo.example", name="F", password="copargo-demo",
        grants=[Grant(Role.FACILITATOR, "")], person_id=person,
    )  # fmt: skip
    world.actors["facilitator"] = world.runtime.read(SYSTEM, sign_in.actor_of_account, account)
    finance, approver = Browser(world, "finance"), Browser(world, "approver")
    given = {"person": person, "amount": "6 000", "currency": "XOF", "share": "25", "reason": "Fuel"}
    assert finance.post("/finance/advances", given).status_code == 303
    (row,) = world.read(claims.claims)
    assert (row.amount, row.share) == (6_000, 2_500)
    assert finance.post(f"/finance/claims/{row.id}/approve").status_code == 403
    assert "1 advance or claim waits" in told(approver.get("/finance"))
    assert approver.post(f"/finance/claims/{row.id}/approve").status_code == 303
    said = told(Browser(world, "facilitator").get("/my/money"))
    assert "What I owe back" in said
    assert "6,000 of 6,000 XOF are left" in said
    assert re.search(r"25\s?%", said)


@pytest.mark.parametrize("amount", ["", "abc", "1e9", "-5", "NaN", "1.5", "9" * 30])
def test_what_is_no_amount_is_refused_in_words(opened, amount):
    world = opened("started")
    given = {
        "person": world.task().assignee_id,
        "amount": amount,
        "currency": "XOF",
        "share": "25",
        "reason": "x",
    }
    answer = Browser(world, "finance").post("/finance/advances", given)
    assert answer.status_code == 422
    assert world.read(claims.claims) == []


def test_what_was_paid_too_much_is_claimed_back_on_the_persons_page(opened):
    world = opened("owing")
    batch_id, file = world.exported(world.bank_account)
    world.read_answer(batch_id, world.bank_answer(file))
    paid = next(p for p in world.payables() if p.settled)
    finance, approver = Browser(world, "finance"), Browser(world, "approver")
    assert f"/finance/payables/{paid.id}/claim" in finance.get(f"/payables/{paid.person_id}").text
    assert finance.get(f"/finance/payables/{paid.id}/claim").status_code == 200
    form = {"amount": "100", "reason": "One visit counted twice"}
    assert finance.post(f"/finance/payables/{paid.id}/claim", form).status_code == 303
    assert (
        finance.post(f"/finance/payables/{paid.id}/claim", {**form, "amount": str(paid.amount)}).status_code
        == 409
    )
    (row,) = world.read(claims.claims)
    assert approver.post(f"/finance/claims/{row.id}/approve").status_code == 303
    assert "owed back" in told(finance.get(f"/payables/{paid.person_id}"))
    assert world.verify() == []


def test_a_reserve_is_set_aside_from_a_fund(opened):
    world = opened("world")
    form = {"fund": f"{FUND}/XOF", "region": "BJ", "amount": "50 000", "memo": "Board"}
    assert Browser(world, "finance").post("/finance/reserves", form).status_code == 303
    assert world.read(ledger.available, accounts.reserve("BJ", "XOF")) == Money(50_000, "XOF")
    assert "50,000 XOF" in told(Browser(world, "finance").get("/finance/reserves"))
    too_much = Browser(world, "finance").post("/finance/reserves", {**form, "amount": "999999999999"})
    assert too_much.status_code == 409
    assert Browser(world, "approver").post("/finance/reserves", form).status_code == 403


def test_a_rule_for_approvers_is_proposed_and_approved_by_another(opened):
    world = opened("owing")
    form = {
        "currency": "XOF", "fund": "", "valid_from": world.clock.now().date().isoformat(), "from-1": "0",
        "roles-1": ["any"], "from-2": "1000", "roles-2": ["any", "approver"], "note": "Board",
    }  # fmt: skip
    finance, approver = Browser(world, "finance"), Browser(world, "approver")
    assert finance.post("/finance/approvers", form).status_code == 303
    address = re.search(r"/finance/approvers/[\w-]+/approve", approver.get("/finance/approvers").text)[0]
    assert finance.post(address).status_code == 403
    assert approver.post(address).status_code == 303
    batch_id = world.collect(world.bank_account)
    content = world.run("finance", batches.submit, batch_id)
    assert approver.post(f"/batches/{batch_id}/approve", {"content": content}).status_code == 303
    page = told(approver.get(f"/batches/{batch_id}"))
    assert "Still to approve" in page
    assert "It waits for the approval of somebody else" in page


def test_a_changed_account_is_confirmed_by_somebody_else(opened):
    world = opened("owing")
    person = next(p for p in world.members if world.read(people.payee_account, p).kind == "wallet")
    number = other_account(77, "wallet")
    coordinator, finance = Browser(world, "coordinator"), Browser(world, "finance")
    form = {
        "person": person, "kind": "wallet", "identifier": number.identifier, "agent": number.agent, "holder_name": "S",
    }  # fmt: skip
    assert coordinator.post("/payees/accounts", {**form, "identifier": "12"}).status_code == 422
    assert coordinator.post("/payees/accounts", form).status_code == 303
    assert number.identifier not in finance.get("/payees").text, "numbers are masked"
    assert "1 changed account waits" in told(finance.get("/finance"))
    account = world.read(people.payee_account, person)
    address = f"/payees/accounts/{account.id}/confirm"
    assert coordinator.post(address, {"note": "me"}).status_code == 403
    assert finance.post(address, {"note": ""}).status_code == 409
    assert finance.post(address, {"note": "Called the known number"}).status_code == 303
    assert world.read(people.held_accounts) == {}


def test_tax_goes_to_the_tax_office(opened):
    world = opened("owing")
    national, finance = Browser(world, "national"), Browser(world, "finance")
    assert "Register the tax office" in told(finance.get("/finance/dues"))
    form = {"name": "Direction générale des impôts", "region": "BJ", "town": "Cotonou"}
    assert national.post("/payees/organisations", form).status_code == 303
    (office,) = world.read(people.organisations)
    (tax, held), *_ = world.read(claims.withheld)
    form = {"tax": f"{tax}/XOF", "office": office.id, "amount": held.text(), "memo": "March"}
    assert finance.post("/finance/dues/tax", form).status_code == 303
    assert office.name in told(finance.get("/payables"))
    assert finance.get(f"/payables/{office.id}").status_code == 200


def test_overheads_go_to_who_bears_them(opened):
    world = opened("started")
    finance = Browser(world, "finance")
    world.run("national", people.register_organisation, name="Office", region="BJ", town="")
    (office,) = world.read(people.organisations)
    assert "SMALL" in told(finance.get("/finance/dues"))
    address = f"/finance/dues/overheads/{world.project_id}"
    assert finance.post(address, {"payee": office.id, "amount": "1000"}).status_code == 303
    assert finance.post(address, {"payee": office.id, "amount": "99999999"}).status_code == 409
    assert world.read(claims.overheads_owed, world.project_id, "XOF") == Money(1_000, "XOF")


def test_the_cover_sheet_is_beside_the_file(opened):
    world = opened("owing")
    batch_id, _ = world.exported(world.bank_account)
    answer = Browser(world, "approver").get(f"/batches/{batch_id}/cover")
    assert (answer.status_code, answer.content_type) == (200, "application/pdf")
    assert answer.data == world.read(batches.cover_of, batch_id, who="finance")[1]


def test_an_entry_is_taken_back_on_its_page(opened):
    world = opened("world")
    entry = world.run("finance", ledger.receive_grant, funder="alfter", fund=FUND, amount=Money(7, "XOF"))
    approver = Browser(world, "approver")
    assert "Take it back" not in told(Browser(world, "finance").get(f"/ledger/entries/{entry}"))
    assert "Take it back" in told(approver.get(f"/ledger/entries/{entry}"))
    assert approver.post(f"/ledger/entries/{entry}/reverse", {"reason": "typed twice"}).status_code == 303
    assert "Taken back by" in told(approver.get(f"/ledger/entries/{entry}"))


@pytest.mark.parametrize(
    "address",
    [
        "/finance/claims/x/approve",
        "/finance/recoveries/x/drop",
        "/finance/payables/x/claim",
        "/finance/claims/x/recoveries",
        "/finance/approvers/x/approve",
    ],
)
def test_what_is_not_there_is_not_found(attacked, address):
    role = "finance" if address.endswith(("claim", "recoveries")) else "approver"
    assert Browser(attacked, role).post(address, {"amount": "1"}).status_code == 404
