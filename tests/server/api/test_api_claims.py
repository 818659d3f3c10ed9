"""Claims and approval policies through HTTP: two people, regions of one's own, and the same id is done once."""

import uuid

import pytest

from tests.server.test_claims import pay_all, work_by

pytestmark = pytest.mark.parametrize("databases", ["sqlite"], indirect=True, scope="session")


@pytest.fixture
def site(paying, site_of):
    return site_of(paying)


def advance(site, **changes):
    return {
        "person_id": site.world.members[1], "amount": {"minor": 6_000, "currency": "XOF"},
        "share_percent": "12.5", "reason": "Fuel for the first visit",
    } | changes  # fmt: skip


def settled(site):
    return next(p for p in site.world.payables() if p.settled == p.amount and p.delivery_id)


def clawback(**changes):
    return {"amount": {"minor": 500, "currency": "XOF"}, "reason": "Counted twice"} | changes


def test_an_advance_is_proposed_by_one_and_approved_by_another(site):
    made = site.finance.post("/advances", advance(site), 201)
    assert (made["kind"], made["state"], made["share_percent"]) == ("advance", "proposed", "12.5")
    assert made["amount"] == {"minor": 6_000, "currency": "XOF", "text": "6000"}
    site.finance.refused(f"/claims/{made['id']}/approval", "same-person", 403)
    agreed = site.approver.post(f"/claims/{made['id']}/approval")
    assert (agreed["state"], bool(agreed["entry_id"])) == ("approved", True)
    site.approver.refused(f"/claims/{made['id']}/approval", "wrong-state", 409)
    assert site.auditor.get(f"/claims/{made['id']}") == agreed
    assert [c["id"] for c in site.auditor.get("/claims")["items"]] == [made["id"]]
    assert site.world.verify() == []


def test_the_same_proposal_under_one_id_is_made_once(site):
    own = str(uuid.uuid4())
    first = site.finance.post("/advances", advance(site, id=own), 201)
    assert site.finance.post("/advances", advance(site, id=own), 201) == first
    assert first["id"] == own
    other = advance(site, id=own, amount={"minor": 6_001, "currency": "XOF"})
    site.finance.refused("/advances", "command-taken", 409, other)
    claimed, paid = str(uuid.uuid4()), settled(site).id
    site.finance.refused(f"/payables/{paid}/claims", "command-taken", 409, clawback(id=own))
    again = [site.finance.post(f"/payables/{paid}/claims", clawback(id=claimed), 201) for _ in range(2)]
    assert again[0] == again[1]
    assert len(site.finance.get("/claims")["items"]) == 2


@pytest.mark.parametrize(
    ("changes", "code", "status"),
    [
        ({"share_percent": "0.5"}, "share-out-of-range", 409), ({"share_percent": "101"}, "share-out-of-range", 409),
        ({"reason": "   "}, "explanation-missing", 409), ({"amount": {"minor": 0, "currency": "XOF"}}, None, 422),
        ({"amount": {"minor": 1.5, "currency": "XOF"}}, None, 422), ({"amount": {"minor": 10**16, "currency": "XOF"}}, None, 422),
        ({"amount": {"minor": 1, "currency": "XXX"}}, None, 422), ({"person_id": str(uuid.UUID(int=1))}, "not-found", 404),
        ({"share": "1"}, None, 422),
    ],
)  # fmt: skip
def test_an_advance_that_makes_no_sense_is_refused(site, changes, code, status):
    answer = site.finance.post("/advances", advance(site, **changes), status)
    assert code in (None, answer["code"])
    assert site.finance.get("/claims")["items"] == []


def test_what_was_paid_too_much_is_kept_back_of_what_two_people_named(started, site_of):
    site, world = site_of(started), started
    (paid, *_) = work_by(world, world.task().assignee_id)
    pay_all(world)
    paid = next(p for p in world.payables() if p.id == paid.id)
    (owed, *_) = work_by(world, paid.person_id)
    part = {"payable_id": owed.id, "minor": 200}
    site.finance.refused(
        f"/payables/{paid.id}/claims", "too-much-claimed", 409,
        clawback(amount={"minor": paid.amount + 1, "currency": "XOF"}),
    )  # fmt: skip
    made = site.finance.post(f"/payables/{paid.id}/claims", clawback(kept_back=[part]), 201)
    assert [r["state"] for r in made["recoveries"]] == ["planned"]
    agreed = site.approver.post(f"/claims/{made['id']}/approval")
    assert ([r["state"] for r in agreed["recoveries"]], agreed["recovered"]["minor"]) == (["posted"], 200)

    own = str(uuid.uuid4())
    more = {"id": own, "payable_id": owed.id, "minor": 100}
    planned = [site.finance.post(f"/claims/{made['id']}/recoveries", more, 201) for _ in range(2)]
    assert planned[0] == planned[1]
    site.finance.refused(f"/claims/{made['id']}/recoveries", "command-taken", 409, more | {"minor": 101})
    site.finance.refused(f"/recoveries/{own}/approval", "same-person", 403)
    dropped = site.approver.post(f"/recoveries/{own}/refusal")
    assert dropped["recovered"]["minor"] == 200
    now = site.finance.post(f"/claims/{made['id']}/recoveries", part, 201)["recoveries"]
    last = next(r for r in now if r["state"] == "planned")
    assert site.approver.post(f"/recoveries/{last['id']}/approval")["recovered"]["minor"] == 400
    too_much = {"payable_id": owed.id, "minor": 101}
    site.finance.refused(f"/claims/{made['id']}/recoveries", "too-much-kept-back", 409, too_much)
    assert world.verify() == []


def test_money_that_is_paid_back_is_booked_once(site):
    world = site.world
    made = site.finance.post(f"/payables/{settled(site).id}/claims", clawback(), 201)
    site.approver.post(f"/claims/{made['id']}/approval")
    body = {
        "id": str(uuid.uuid4()), "paying_account_id": world.bank_account, "minor": 300, "note": "Statement 7",
    }  # fmt: skip
    path = f"/claims/{made['id']}/repayments"
    back = [site.finance.post(path, body, 201) for _ in range(2)]
    assert back[0] == back[1]
    assert ([r["amount"]["minor"] for r in back[0]["repayments"]], back[0]["recovered"]["minor"]) == (
        [300],
        300,
    )
    site.finance.refused(path, "command-taken", 409, body | {"minor": 200})
    site.finance.post(path, body | {"id": None, "minor": 201}, 409)
    site.finance.post(path, body | {"id": None, "paying_account_id": str(uuid.UUID(int=1))}, 404)
    assert site.finance.post(path, body | {"id": None, "minor": 200}, 201)["recovered"]["minor"] == 500
    site.finance.post(path, body, 201)  # the answer was lost: it stays booked once
    assert len(site.auditor.get(f"/claims/{made['id']}")["repayments"]) == 2
    assert world.verify() == []


def test_a_refused_claim_books_nothing(site):
    before = len(site.world.entries())
    made = site.finance.post(f"/payables/{settled(site).id}/claims", clawback(), 201)
    assert site.approver.post(f"/claims/{made['id']}/refusal")["state"] == "refused"
    assert len(site.world.entries()) == before


def test_claims_of_another_region_are_not_there(site):
    made = site.finance.post("/advances", advance(site), 201)
    paid = settled(site)
    finance, approver = site.stranger("finance"), site.stranger("approver")
    assert finance.get("/claims")["items"] == []
    finance.get(f"/claims/{made['id']}", 404)
    finance.post("/advances", advance(site), 404)
    finance.post(f"/payables/{paid.id}/claims", clawback(), 404)
    finance.post(f"/claims/{made['id']}/recoveries", {"payable_id": paid.id, "minor": 1}, 404)
    approver.post(f"/claims/{made['id']}/approval", status=404)
    approver.post(f"/claims/{made['id']}/refusal", status=404)


def test_a_policy_is_proposed_by_one_and_approved_by_another(site):
    given = {
        "id": str(uuid.uuid4()), "currency": "XOF", "valid_from": "2099-01-01", "note": "Two from a million on",
        "steps": [{"from_minor": 0, "roles": ["any"]}, {"from_minor": 1_000_000, "roles": ["approver", "any"]}],
    }  # fmt: skip
    made = [site.finance.post("/approval-policies", given, 201) for _ in range(2)]
    assert made[0] == made[1]
    assert (made[0]["steps"], made[0]["approved_by"]) == (given["steps"], None)
    site.finance.refused("/approval-policies", "command-taken", 409, given | {"currency": "EUR"})
    site.finance.refused(f"/approval-policies/{given['id']}/approval", "same-person", 403)
    agreed = site.approver.post(f"/approval-policies/{given['id']}/approval")
    assert agreed["approved_by"]
    assert site.auditor.get("/approval-policies")["items"] == [agreed]
    site.approver.refused(f"/approval-policies/{given['id']}/approval", "wrong-state", 409)


def test_a_policy_that_makes_no_sense_is_refused(site):
    steps = [{"from_minor": 0, "roles": ["any", "any"]}, {"from_minor": 5, "roles": ["any"]}]
    good = {"currency": "XOF", "valid_from": "2099-01-01", "steps": steps[:1]}
    site.finance.post("/approval-policies", good | {"steps": steps}, 422)
    site.finance.refused("/approval-policies", "policy-in-the-past", 409, good | {"valid_from": "2020-01-01"})
    for wrong in ({"steps": []}, {"steps": [{"from_minor": -1, "roles": ["any"]}]}, {"fund": "a\nb"},
                  {"steps": [{"from_minor": 0, "roles": ["coordinator"]}]}):  # fmt: skip
        site.finance.post("/approval-policies", good | wrong, 422)
    assert site.finance.get("/approval-policies")["items"] == []
