"""What a stranger at the finance pages could do by mistake, or from another country, and no longer can."""

import re

import pytest

from payments import ledger as accounts
from payments.rails.profiles import mobile_money_profile
from pricing.money import Money
from server.accounts import service as sign_in
from server.actor import SYSTEM, Grant, Role
from server.batches import approvals, reach, reports, typed
from server.batches import service as batches
from server.demo.world import COMMUNE, FUND, MOMO
from server.errors import Forbidden
from server.ledger import claims
from server.ledger import service as ledger
from server.people import service as people
from server.runtime import Tx
from tests.server.test_pages_finance import Browser, told
from workflows.errors import InvalidInput


@pytest.mark.parametrize(
    ("said", "currency"),
    [
        ("5,000", "XOF"),
        ("25.000", "XOF"),
        ("1.000.000", "XOF"),
        ("5.0", "XOF"),
        ("1,000", "EUR"),
        ("1.5000", "EUR"),
    ],
)
def test_thousands_are_never_read_as_decimals(said, currency):
    with pytest.raises(InvalidInput):
        typed.amount(said, currency, "amount")


@pytest.mark.parametrize(
    ("said", "currency", "minor"),
    [("5000", "XOF", 5_000), ("1 000 000", "XOF", 1_000_000), ("1,50", "EUR", 150), ("1.5", "EUR", 150)],
)
def test_amounts_are_read_as_people_write_them(said, currency, minor):
    assert typed.amount(said, currency, "amount") == Money(minor, currency)


# Another country --------------------------------------------------------------------------------------


def officers_of(world, country):
    """A finance officer and an approver of another country, by name of their role in `actors`."""
    for role in (Role.FINANCE, Role.APPROVER):
        email = f"{role.value}@{country.lower()}.example"
        account_id = world.runtime.run(
            SYSTEM, sign_in.create_account, email=email, name=email, password="x" * 12,
            grants=[Grant(role, f"{country}/")], locale="en",
        )  # fmt: skip
        token = world.runtime.run(SYSTEM, sign_in.open_session, account_id)
        world.actors[f"{country}-{role.value}"] = world.runtime.read(SYSTEM, sign_in.actor_of_session, token)


def test_officers_of_another_country_set_no_reserve_and_take_nothing_back(owing):
    officers_of(owing, "DE")
    page = Browser(owing, "DE-finance")
    given = {"fund": f"{FUND}/XOF", "region": COMMUNE, "amount": "1000", "memo": "x"}
    assert page.post("/finance/reserves", given).status_code == 403
    assert (
        page.post(f"/payables/obligations/{owing.project_id}", {"fund": FUND, "currency": "XOF"}).status_code
        == 403
    )
    entry_id = owing.run(
        "finance",
        claims.receive_contribution,
        rail_account=MOMO,
        party="commune",
        amount=Money(300, "XOF"),
        memo="x",
    )
    for who in ("DE-finance", "DE-approver"):
        other = Browser(owing, who)
        assert "Take it back" not in told(other.get(f"/ledger/entries/{entry_id}"))
        other.post(f"/ledger/entries/{entry_id}/reverse", {"reason": "x"})
        assert owing.read(claims.reversal_of, entry_id) is None
    assert owing.read(ledger.balance, accounts.reserve(COMMUNE, "XOF")) == 0
    Browser(owing, "approver").post(f"/ledger/entries/{entry_id}/reverse", {"reason": "x"})
    assert owing.read(claims.reversal_of, entry_id) is not None


def test_officers_of_another_country_do_not_say_who_approves(owing):
    officers_of(owing, "DE")
    policy_id = owing.run(
        "finance", approvals.propose_policy, currency="XOF", fund="", steps=[(0, ["any"])], note="",
        valid_from=owing.clock.now().date(),
    )  # fmt: skip
    page = Browser(owing, "DE-approver")
    assert page.post(f"/finance/approvers/{policy_id}/approve").status_code == 403
    assert "in XOF waits for you" not in told(page.get("/finance"))
    assert owing.read(approvals.policy, policy_id).approved_by is None
    assert "in XOF waits for you" in told(Browser(owing, "approver").get("/finance"))


# What an answer says that fits nothing ----------------------------------------------------------------


def strange_answer(world):
    """The company refused a payment under a reference that is not ours: (batch, payment, the file)."""
    batch_id, file = world.exported(world.momo_account)
    refused = world.payments(batch_id)[0]
    said = world.momo_answer(file, failures={refused.end_to_end_id: "NAME_MISMATCH"}).decode()
    head, *rows = said.splitlines(keepends=True)
    [row] = [row for row in rows if refused.end_to_end_id in row]
    return batch_id, refused, (head + row.replace(refused.end_to_end_id, "SOMETHING-ELSE")).encode()


def read_with_the_batch(world, batch_id, data):
    world.read_answer(batch_id, data)


def read_with_the_account(world, batch_id, data):
    world.run("finance", reports.read_file, world.momo_account, data, name="x.csv")


@pytest.mark.parametrize("read", [read_with_the_batch, read_with_the_account])
def test_a_refusal_that_fits_nothing_is_a_persons_to_decide_and_stays_a_refusal(owing, read):
    batch_id, refused, data = strange_answer(owing)
    read(owing, batch_id, data)
    [line] = owing.read(reports.open_lines)
    with pytest.raises(reports.NoFee):
        owing.run("finance", reports.decide, line.entry.id, payment_id=None, note="x", fee=True)
    owing.run("finance", reports.decide, line.entry.id, payment_id=refused.id, note="by telephone")
    assert owing.read(batches.payment, refused.id).state == "rejected"
    assert owing.read(reports.open_lines) == []
    assert owing.read(batches.unmatched_entries) == []
    assert owing.verify() == []


@pytest.mark.parametrize("read", [read_with_the_batch, read_with_the_account])
def test_an_amount_beyond_all_money_is_kept_for_a_person_and_fits_nothing(owing, read):
    batch_id, refused, _ = strange_answer(owing)
    columns = mobile_money_profile("mobile_money").result_columns
    said = {"reference": "SOMETHING-ELSE", "status": "FAILED", "amount": "9" * 19}
    rows = (columns.values(), [said.get(name, "") for name in columns])
    read(owing, batch_id, "".join(",".join(row) + "\n" for row in rows).encode())
    [line] = owing.read(reports.open_lines)
    with pytest.raises(InvalidInput):
        owing.run("finance", reports.decide, line.entry.id, payment_id=refused.id, note="x")
    assert owing.read(batches.payment, refused.id).state == "in_transit"


def test_lines_of_another_countrys_account_are_not_shown(owing):
    batch_id, _, data = strange_answer(owing)
    owing.read_answer(batch_id, data)
    officers_of(owing, "DE")

    def lines(tx: Tx) -> int:
        return len(batches.unmatched_lines(tx))

    assert owing.read(lines, who="finance") == 1
    assert owing.read(lines, who="DE-finance") == 0


# Money that comes in ----------------------------------------------------------------------------------


def booked_from(page, **changes):
    once = re.search(r'name="once" value="([^"]+)"', page.get("/finance/funds").text)[1]
    form = {
        "funder": "alfter",
        "fund": "wells",
        "amount": "1 000",
        "currency": "EUR",
        "memo": "S 7",
        "once": once,
    }
    return form | changes


def free(world, fund, currency):
    return world.read(ledger.available, accounts.fund(fund, currency)).minor


def test_a_grant_is_booked_once_and_changed_at_the_rate_of_the_table(owing):
    page = Browser(owing, "finance")
    form = booked_from(page)
    assert page.post("/finance/grants", form).status_code == 303
    assert page.post("/finance/grants", form).status_code == 409
    assert free(owing, "wells", "EUR") == 100_000
    for wrong in ({"memo": " "}, {"amount": "0"}, {"currency": "?"}, {"fund": "a:b"}, {"funder": ""}):
        assert page.post("/finance/grants", booked_from(page, **wrong)).status_code in (409, 422), wrong
    given = {"fund": "wells/EUR", "given": "100", "into": "XOF", "once": form["once"]}
    assert page.post("/finance/exchanges", given).status_code == 303
    assert page.post("/finance/exchanges", given).status_code == 409
    assert (free(owing, "wells", "EUR"), free(owing, "wells", "XOF")) == (90_000, 65_596)
    too_much = page.post("/finance/exchanges", given | {"given": "901", "once": ""})
    assert too_much.status_code == 409
    assert Browser(owing, "approver").post("/finance/grants", booked_from(page)).status_code == 403
    assert owing.verify() == []


def test_an_advance_is_proposed_once_however_often_the_button_is_pressed(owing):
    page, person = Browser(owing, "finance"), owing.members[0]
    once = re.search(r'name="once" value="([^"]+)"', page.get("/finance/claims").text)[1]
    form = {"person": person, "amount": "900", "currency": "XOF", "share": "30", "reason": "x", "once": once}
    for _ in range(2):
        assert page.post("/finance/advances", form).status_code == 303
    assert [c.amount for c in owing.read(claims.claims)] == [900]


@pytest.mark.parametrize("number", ["97 00 00 77", "0197000077", "+229 97000077", "2290197000077"])
def test_a_wallet_is_known_by_the_number_as_people_write_it_at_home(owing, number):
    form = {
        "person": owing.members[0],
        "kind": "wallet",
        "identifier": number,
        "agent": "MTN",
        "holder_name": "A B",
    }
    assert Browser(owing, "coordinator").post("/payees/accounts", form).status_code == 303
    assert owing.read(people.payee_account, owing.members[0]).identifier == "2290197000077"


def test_officers_of_another_country_book_on_no_fund_that_pays_here(owing):
    officers_of(owing, "DE")
    page = Browser(owing, "DE-finance")
    terms = {"fund": FUND, "currency": "XOF", "amount": "1000"}
    assert page.post("/finance/grants", booked_from(page, **terms)).status_code == 403
    given = {"fund": f"{FUND}/XOF", "given": "656", "into": "EUR", "once": ""}
    assert page.post("/finance/exchanges", given).status_code == 403
    assert page.post("/finance/grants", booked_from(page, fund="new", currency="XOF")).status_code == 403
    assert page.post("/finance/grants", booked_from(page, fund="new")).status_code == 303
    home = Browser(owing, "finance")
    assert home.post("/finance/grants", booked_from(home, **terms)).status_code == 303
    entry_id = owing.entries("grant")[-1].id
    assert "Take it back" not in told(Browser(owing, "DE-approver").get(f"/ledger/entries/{entry_id}"))
    with pytest.raises(Forbidden):
        owing.run("DE-approver", reach.reverse, entry_id, reason="x")


def test_services_ask_where_the_money_is(owing):
    officers_of(owing, "DE")
    given = {"fund": FUND, "region": COMMUNE, "amount": Money(1, "XOF")}
    with pytest.raises(Forbidden):
        owing.run("DE-finance", ledger.set_reserve_aside, **given)
    with pytest.raises(Forbidden):
        owing.run("DE-finance", ledger.fund_obligation, project=owing.project_id, **given)


def twice(world, page, form):
    """Post the first form of a page for this address twice; what was answered."""
    address, given = form
    once = re.search(r'name="once" value="([^"]+)"', world_page := page.get(given.pop("page")).text)[1]
    assert address in world_page
    return [page.post(address, given | {"once": once}).status_code for _ in range(2)]


def test_each_form_of_money_is_booked_once(owing):
    page = Browser(owing, "finance")
    [bank] = [a.id for a in owing.read(batches.paying_accounts) if a.code == MOMO]
    reserve = {"page": "/finance/reserves", "fund": f"{FUND}/XOF", "region": COMMUNE, "amount": "1000"}
    cash = {
        "page": "/finance/contributions",
        "account": bank,
        "party": "commune",
        "amount": "1",
        "memo": "S 7",
    }
    kind = {
        "page": "/finance/contributions", "project": owing.project_id, "party": "village", "value": "500",
        "currency": "XOF", "what": "Sand",
    }  # fmt: skip
    for form in (
        ("/finance/reserves", reserve), ("/finance/contributions", cash), ("/finance/contributions/in-kind", kind),
    ):  # fmt: skip
        assert twice(owing, page, form) == [303, 409], form[0]
    assert owing.read(ledger.balance, accounts.reserve(COMMUNE, "XOF")) == -1_000
    assert [len(owing.entries(kind)) for kind in ("reserve", "contribution", "in_kind")] == [1, 1, 1]
