"""The pages of money and proof: payables, batches, the ledger, a village's public record, verification."""

import io
import re
from html import unescape
from pathlib import Path

import pytest
from sqlalchemy import text

from payments import ledger as ledger_accounts
from payments.ledger import Entry, Posting
from server import findings
from server.accounts import service as accounts
from server.actor import SYSTEM, Action, can
from server.app import create_app
from server.batches import service as batches
from server.demo.world import FUND
from server.http import words
from server.http.security import SESSION_COOKIE
from server.ledger import service as ledger
from server.people import service as people
from server.transparency import service as transparency


class Browser:
    """A person at a browser; a role's name, or "" for a visitor."""

    def __init__(self, world, role=""):
        self.client = create_app(world.runtime).test_client()
        self.client.set_cookie("language", "en")
        if role:
            token = world.runtime.run(SYSTEM, accounts.open_session, world.actors[role].user_id)
            self.client.set_cookie(SESSION_COOKIE, token)

    def get(self, address):
        return self.client.get(address)

    def post(self, address, data=None):
        found = re.search(r'name="csrf-token" content="(\w+)"', self.get("/docs/problems").text)
        return self.client.post(address, data={"csrf_token": found[1], **(data or {})})


def told(answer):
    """The page as a person reads it."""
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", answer.text)).split())


def draft(world, page):
    """A draft batch made on the site; its address."""
    day = world.clock.now().date().isoformat()
    answer = page.post("/batches", {"account": world.momo_account, "execution_date": day})
    assert answer.status_code == 303
    return answer.location


def digest_of(page, address):
    return re.search(r'name="content" value="([0-9a-f]{64})"', page.get(address).text)[1]


def test_money_goes_from_payable_to_paid_through_two_people(opened):
    world = opened("owing")
    finance, approver = Browser(world, "finance"), Browser(world, "approver")
    batch = draft(world, finance)
    assert finance.post(f"{batch}/submit").status_code == 303
    assert "Somebody else than Florence Agossa has to approve it." in told(finance.get(batch))
    content = digest_of(approver, batch)
    assert approver.post(f"{batch}/approve", {"content": content}).status_code == 303
    assert finance.post(f"{batch}/export").status_code == 303
    file = finance.get(f"{batch}/file")
    assert "attachment" in file.headers["Content-Disposition"]
    assert file.data == finance.get(f"{batch}/file").data
    refused = world.payments(batch.rsplit("/", 1)[1])[0].end_to_end_id
    answer = world.momo_answer(file.data, failures={refused: "NAME_MISMATCH"})
    read = finance.post(f"{batch}/answer", {"answer": (io.BytesIO(answer), "answer.csv")})
    assert read.status_code == 303
    shown = told(finance.get(batch))
    assert "1 was refused and is owed again." in shown
    assert "Paid, except failures" in shown
    again = finance.post(f"{batch}/answer", {"answer": (io.BytesIO(answer), "answer.csv")})
    assert again.status_code == 409
    assert "Nothing was booked twice." in told(again)


def test_the_preparer_cannot_approve(opened):
    world = opened("owing")
    finance = Browser(world, "finance")
    batch = draft(world, finance)
    finance.post(f"{batch}/submit")
    shown = finance.get(batch)
    assert f"{batch}/approve" not in shown.text
    content = world.read(batches.batch, batch.rsplit("/", 1)[1]).content_sha256
    answer = finance.post(f"{batch}/approve", {"content": content})
    assert answer.status_code == 403
    assert world.read(batches.batch, batch.rsplit("/", 1)[1]).state == "submitted"


def test_an_approval_of_another_content_is_refused(opened):
    world = opened("owing")
    finance, approver = Browser(world, "finance"), Browser(world, "approver")
    batch = draft(world, finance)
    finance.post(f"{batch}/submit")
    answer = approver.post(f"{batch}/approve", {"content": "0" * 64})
    assert answer.status_code == 409
    assert "The batch is not the one that was submitted." in told(answer)


def test_a_file_is_written_once(opened):
    world = opened("owing")
    batch, _ = world.exported(world.momo_account)
    answer = Browser(world, "finance").post(f"/batches/{batch}/export")
    assert answer.status_code == 409
    assert "There is a problem" in told(answer)


def test_a_cancelled_batch_is_owed_again(opened):
    world = opened("owing")
    finance = Browser(world, "finance")
    before = told(finance.get("/payables"))
    batch = draft(world, finance)
    assert finance.post(f"{batch}/cancel").status_code == 303
    assert "Everything in it is owed again." in told(finance.get(batch))
    assert told(finance.get("/payables")) == before


@pytest.mark.parametrize("day", ["", "soon", "2020-01-01", "99999-01-01"])
def test_a_batch_needs_a_day_to_come(opened, day):
    world = opened("owing")
    answer = Browser(world, "finance").post(
        "/batches", {"account": world.momo_account, "execution_date": day}
    )
    assert answer.status_code == 422
    assert "Choose a day of execution" in told(answer)
    assert world.read(batches.batches) == []


def test_there_is_nothing_to_collect_twice(opened):
    world = opened("owing")
    finance = Browser(world, "finance")
    draft(world, finance)
    day = world.clock.now().date().isoformat()
    answer = finance.post("/batches", {"account": world.momo_account, "execution_date": day})
    assert answer.status_code == 409
    assert "There is nothing to pay on this rail" in told(answer)


@pytest.mark.parametrize(
    "content",
    [b"", b"no bank file", b"<Document/>", b"\xff\xfe\x00", b'<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>'],
)
def test_a_wrong_answer_is_refused_with_its_problems_and_books_nothing(opened, content):
    world = opened("owing")
    batch, _ = world.exported(world.bank_account)
    answer = Browser(world, "finance").post(
        f"/batches/{batch}/answer", {"answer": (io.BytesIO(content), "<script>")}
    )
    assert answer.status_code == 422
    assert "There is a problem" in told(answer) or "There are" in told(answer)
    assert {p.state for p in world.payments(batch)} == {"in_transit"}


def test_payables_lead_to_what_each_amount_is_for(opened):
    world = opened("owing")
    finance = Browser(world, "finance")
    shown = finance.get("/payables")
    total = sum(p.amount for p in world.payables())
    assert f"{total:,} XOF" in told(shown)
    payee = re.search(r"/payables/[\w-]+", shown.text)[0]
    delivery = re.search(r"/deliveries/[\w-]+", finance.get(payee).text)[0]
    assert finance.get(delivery).status_code == 200


def test_account_numbers_are_masked(opened):
    world = opened("owing")
    finance = Browser(world, "finance")
    batch = draft(world, finance)
    account = world.payments(batch.rsplit("/", 1)[1])[0].account_identifier
    person = world.payables()[0].person_id
    own = world.read(people.payee_account, person).identifier
    for address in ("/payables", batch, "/batches", f"/payables/{person}"):
        page = finance.get(address).text
        assert account not in page
        assert own not in page


@pytest.mark.parametrize("role", ["coordinator", "verifier", "expert", "administrator"])
@pytest.mark.parametrize("address", ["/payables", "/batches", "/ledger", "/ledger/entries", "/verify"])
def test_money_is_for_those_who_handle_it(attacked, role, address):
    assert Browser(attacked, role).get(address).status_code == 403


def test_a_change_of_money_needs_the_pages_token(opened):
    world = opened("owing")
    finance = Browser(world, "finance")
    batch = draft(world, finance)
    assert finance.client.post(f"{batch}/submit").status_code == 403
    assert world.read(batches.batch, batch.rsplit("/", 1)[1]).state == "draft"


@pytest.mark.parametrize(
    "address", ["batches/none", "payables/none", "ledger/entries/none", "ledger/entries?account=no"]
)
def test_money_that_is_not_there_is_not_found(attacked, address):
    assert Browser(attacked, "finance").get(f"/{address}").status_code == 404


# The ledger --------------------------------------------------------------------------------------------


def test_both_books_balance_on_the_page(opened):
    world = opened("owing")
    shown = Browser(world, "auditor").get("/ledger").text
    totals = re.findall(r"<tfoot>.*?</tfoot>", shown, re.DOTALL)
    assert len(totals) >= 2
    for total in totals:
        debit, credit = re.findall(r'run-num">([\d.,]+)<', total)
        assert debit == credit


def test_an_entry_shows_its_lines_seal_and_delivery(opened):
    world = opened("owing")
    auditor = Browser(world, "auditor")
    entry = world.entries("delivery")[0]
    shown = auditor.get(f"/ledger/entries/{entry.id}")
    _, seal = world.read(ledger.entry, entry.id)
    assert seal.hash in told(shown)
    assert seal.previous_hash in told(shown)
    assert auditor.get(re.search(r"/deliveries/[\w-]+", shown.text)[0]).status_code == 200


@pytest.mark.parametrize("kind", ["export", "settlement", "rejection", "commitment", "delivery"])
def test_an_entry_leads_to_what_it_is_for(attacked, kind):
    auditor = Browser(attacked, "auditor")
    shown = auditor.get(f"/ledger/entries/{attacked.entries(kind)[0].id}").text
    found = re.search(r"<dt>For</dt><dd><a href=\"([^\"]+)\"", shown)
    assert auditor.get(found[1]).status_code == 200


def test_the_entries_of_an_account_are_its_own(opened):
    world = opened("owing")
    auditor = Browser(world, "auditor")
    person = world.payables()[0].person_id
    shown = auditor.get(f"/ledger/entries?account=XOF/payable:{person}")
    assert world.read(people.person, person).name in told(shown)
    own = [e for e in world.entries() if any(code == f"payable:{person}" for code, _, _ in e.lines)]
    assert shown.text.count('class="run-group"') == len(own)


@pytest.mark.parametrize("before", ["x", "-1", "9" * 30, "0"])
def test_a_wrong_place_in_the_entries_is_harmless(attacked, before):
    assert Browser(attacked, "auditor").get(f"/ledger/entries?before={before}").status_code == 200


# The public record and the proof -----------------------------------------------------------------------


def test_anybody_may_see_what_a_village_got_and_who_paid(opened):
    world = opened("owing")
    shown = Browser(world).get(f"/villages/{world.instance_ids[0]}")
    record = world.read(transparency.village_record, world.instance_ids[0])
    assert shown.status_code == 200
    for expected in (f"{record.total:,}", record.service_digest, record.block.hash, "Illustrative data"):
        assert expected in told(shown)
    assert "Village animator" in told(shown)
    assert f"/villages/{world.instance_ids[0]}" in shown.text
    assert "<svg" in shown.text


def test_no_person_is_named_in_public(opened):
    world = opened("owing")
    shown = Browser(world).get(f"/villages/{world.instance_ids[0]}").text
    for person in world.read(people.people).values():
        assert person.name not in shown
        assert person.phone not in shown
        assert person.id not in shown
    assert "Chief Sabi Orou" not in shown


def test_a_public_page_is_not_found_for_what_is_not_there(attacked):
    assert Browser(attacked).get("/villages/none").status_code == 404


def test_verification_ticks_every_part(opened):
    world = opened("owing")
    auditor = Browser(world, "auditor")
    assert "Not checked now" in told(auditor.get("/verify"))
    shown = told(auditor.get("/verify?run=1"))
    assert "Everything fits: nothing was changed." in shown
    assert shown.count("In order") == len(transparency.PARTS)


def test_verification_shows_what_was_changed(opened):
    world = opened("owing")

    def tamper(tx):
        tx.session.execute(
            text("UPDATE ledger_account SET balance = balance - 1 WHERE id = 'XOF/fund:transformation-fund'")
        )

    world.runtime.run(SYSTEM, tamper)
    shown = told(Browser(world, "auditor").get("/verify?run=1"))
    assert "does not fit" in shown or "do not fit" in shown
    assert "fund:transformation-fund" in shown


def test_every_finding_of_the_verification_has_its_sentence():
    services = Path(findings.__file__).parent.rglob("*.py")
    codes = {c for s in services for c in re.findall(r'Finding\(\s*"([a-z-]+)"', s.read_text("utf-8"))}
    assert codes == set(words.FINDINGS)


def test_a_finding_is_told_in_the_readers_language_with_the_technical_line_beside(opened):
    world = opened("owing")

    def tamper(tx):
        tx.session.execute(
            text("UPDATE ledger_account SET balance = balance - 1 WHERE id = 'XOF/fund:transformation-fund'")
        )

    world.runtime.run(SYSTEM, tamper)
    shown = told(Browser(world, "auditor").get("/verify?run=1&lang=fr"))
    assert "Le solde de ce compte" in shown
    assert "its postings sum to" in shown


def test_the_ledger_names_parties_and_paying_accounts(opened):
    shown = told(Browser(opened("owing"), "auditor").get("/ledger"))
    assert "Granted by Alfter" in shown
    entries = told(Browser(opened("owing"), "auditor").get("/ledger/entries"))
    assert "alfter" not in shown + entries


def test_why_the_bank_refused_is_told_in_words_with_its_code(opened):
    world = opened("owing")
    batch_id, file = world.exported()
    refused = {p.end_to_end_id: "AC04" for p in world.payments(batch_id)}
    world.read_answer(batch_id, world.bank_answer(file, message_id="B1", rejections=refused))
    finance = Browser(world, "finance")
    assert "the account is closed ( AC04 )" in told(finance.get(f"/batches/{batch_id}"))
    person = world.payments(batch_id)[0].person_id
    assert "the account is closed ( AC04 )" in told(finance.get(f"/payables/{person}"))


def test_a_code_of_the_bank_that_nobody_knows_is_shown_as_it_came(opened):
    assert words.bank_reason("ZZ99 who knows") == ("", "ZZ99 who knows")


def test_a_payees_page_belongs_to_the_payables(opened):
    world = opened("owing")
    person = world.read(ledger.open_payables)[0].person_id
    page = Browser(world, "finance").get(f"/payables/{person}").text
    assert re.findall(r'<a href="([^"]+)" aria-current="page">', page) == ["/payables"]


@pytest.mark.parametrize(("language", "refusal"), [("en", "(read payments)"), ("fr", "(lire les paiements)")])
def test_a_refusal_names_what_one_may_not_do_in_words(attacked, language, refusal):
    answer = Browser(attacked, "expert").get(f"/batches?lang={language}")
    assert answer.status_code == 403
    assert refusal in told(answer)


def test_every_action_that_can_be_refused_has_its_words():
    assert set(words.ACTIONS) == set(Action) - {Action.PUBLIC, Action.SIGNED_IN}


def test_pages_carry_no_inline_script_or_style(opened):
    world = opened("paying")
    finance = Browser(world, "finance")
    rows = world.read(batches.batches)
    for address in (
        "/payables",
        "/batches",
        "/ledger",
        "/ledger/entries",
        "/verify?run=1",
        *(f"/batches/{b.id}" for b in rows),
        f"/villages/{world.instance_ids[0]}",
    ):
        answer = finance.get(address)
        assert answer.status_code == 200, address
        assert not re.search(r"<script(?![^>]*src=)|<style|\sstyle=|\son\w+=", answer.text), address


def test_lines_that_fit_no_payment_are_listed_with_what_they_say(opened):
    world = opened("owing")
    batch_id, file = world.exported(world.momo_account)
    head, *rows = world.momo_answer(file).decode().splitlines(keepends=True)
    payment = world.payments(batch_id)[0]
    strange = rows[0].replace(payment.end_to_end_id, "SOMETHING-ELSE")
    world.read_answer(batch_id, (head + strange).encode())
    shown = told(Browser(world, "finance").get("/batches"))
    assert "1 line of the bank fits no payment" in shown
    assert "SOMETHING-ELSE" in shown
    assert world.read(batches.bank_files)[0].name in shown


def test_finance_sees_what_no_budget_covers_and_a_fund_takes_it_over(opened):
    world = opened("started")
    unfunded = ledger_accounts.unfunded(world.project_id, "XOF")
    used = ledger_accounts.consumed(world.project_id, "XOF")
    gap = Entry("delivery", "delivery:gap", (Posting(unfunded, 700), Posting(used, -700)))
    world.runtime.run(SYSTEM, ledger.post, gap)
    assert "without a budget" in told(Browser(world, "finance").get("/payables"))
    funder = next(
        role
        for role, actor in world.actors.items()
        if can(actor, Action.FUND_GRANT) and can(actor, Action.BATCH_READ)
    )
    page = Browser(world, funder)
    address = f"/payables/obligations/{world.project_id}"
    page.post(address, {"fund": "no-such-fund", "currency": "XOF"})
    assert "without a budget" in told(page.get("/payables"))
    assert page.post(address, {"fund": FUND, "currency": "XOF"}).status_code == 303
    assert "without a budget" not in told(page.get("/payables"))


def test_finance_reads_a_statement_and_decides_about_what_fits_nothing(opened):
    world = opened("owing")
    batch_id, _ = world.exported()
    payment = world.payments(batch_id)[0]
    account = world.read(batches.paying_account, world.bank_account)
    page = Browser(world, "finance")
    assert "None waits for you." in told(page.get("/bank-files"))
    statement = (
        '<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"><BkToCstmrStmt><GrpHdr><MsgId>M</MsgId>'
        f"</GrpHdr><Stmt><Id>S1</Id><Acct><Id><Othr><Id>{account.identifier}</Id></Othr></Id></Acct><Ntry>"
        f'<Amt Ccy="XOF">{payment.amount}</Amt><CdtDbtInd>DBIT</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts></Ntry></Stmt>'
        "</BkToCstmrStmt></Document>"
    ).encode()
    form = {"account": account.id, "file": (io.BytesIO(statement), "april.xml")}
    assert page.post("/bank-files", form).status_code == 200, "it has no balances: the page says so"
    shown = page.get("/bank-files")
    assert "april.xml" in shown.text
    assert payment.end_to_end_id in shown.text
    assert "S1" in shown.text
    again = {"account": account.id, "file": (io.BytesIO(statement), "april.xml")}
    assert page.post("/bank-files", again).status_code == 409
    assert (
        page.post("/bank-files", {"account": account.id, "file": (io.BytesIO(b"x"), "x")}).status_code == 422
    )
    address = re.search(r"/bank-files/lines/[\w-]+", shown.text)[0]
    assert Browser(world, "verifier").post(address, {"payment": payment.id, "note": "n"}).status_code in (
        403,
        404,
    )
    assert page.post(address, {"payment": payment.id, "note": "the bank said so"}).status_code == 303
    assert world.payments(batch_id)[0].state == "settled"
    assert "None waits for you." in told(page.get("/bank-files"))
