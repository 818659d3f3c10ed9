"""Prices over the API: terms, re-quotes, explanations, history, catalogue, project quotes."""

import io
import re

import openpyxl
import pytest

from server.demo import world as demo_world

REGION = demo_world.COMMUNE
RULES = {
    "region": REGION,
    "valid_from": "2026-01-01",
    "source": "council, 12 January",
    "overheads": [{"code": "coordination", "kind": "percent", "value": "12.5"}],
    "contributions": [
        {"party": "village", "kind": "fixed", "scope": "task:survey", "value": "4000", "memo": True}
    ],
}


@pytest.fixture
def site(site_of, world):
    return site_of(world)


def test_terms_are_proposed_approved_by_another_person_and_retired(site):
    made = site.coordinator.post("/terms", RULES, 201)
    assert (made["status"], made["overheads"][0]["value"]) == ("draft", "25/2")
    site.coordinator.post(f"/terms/{made['id']}/approval", {}, 403)
    assert site.finance.post(f"/terms/{made['id']}/approval")["status"] == "approved"
    assert site.auditor.get("/terms")["items"][0]["id"] == made["id"]
    assert site.finance.post(f"/terms/{made['id']}/retirement")["status"] == "retired"
    wrong = RULES | {"overheads": [], "contributions": [RULES["contributions"][0] | {"party": "fund"}]}
    assert [p["code"] for p in site.coordinator.post("/terms", wrong, 422)["problems"]] == [
        "contribution-unusable"
    ]


def test_a_quote_is_asked_again_explained_and_compared(site):
    quote = f"/quotes/{site.world.quote_id}"
    assert site.auditor.get(f"{quote}/difference") == {"replaces": None, "difference": None}
    found = site.auditor.get(f"{quote}/explanation?number=expected")
    assert sum(part["amount_minor"] for part in found["parts"]) == found["amount_minor"]
    made = site.coordinator.post(f"{quote}/requote", {}, 201)
    assert (made["number"], made["replaces"]) == (2, site.world.quote_id)
    assert site.auditor.get(f"/quotes/{made['id']}/difference")["difference"]["totals"]
    site.coordinator.post(f"{quote}/requote", {}, 409)


def test_prices_have_a_history_and_lists_retire(site):
    line = site.coordinator.get(f"/quotes/{site.world.quote_id}")["snapshot"]["lines"][0]
    history = f"/regions/{REGION}/prices/{line['item']}"
    assert site.expert.get(history)["prices"][-1]["status"] == "approved"
    for found in site.expert.get("/price-lists")["items"]:
        assert site.expert.post(f"/price-lists/{found['id']}/retirement")["status"] == "retired"
    assert {p["status"] for p in site.expert.get(history)["prices"]} == {"retired"}


def test_the_catalogue_has_a_price_or_what_is_missing(site):
    found = site.expert.get("/regions/BJ/catalogue")["prices"]
    assert {price["region"] for price in found} == {"BJ"}
    assert all((price["price"] is None) == bool(price["missing"]) for price in found)


def test_minimum_wages_are_added_once(site):
    wage = {"region": "BJ", "amount": "52000", "currency": "XOF", "valid_from": "2023-01-01"}
    for _ in range(2):
        made = site.national.post("/minimum-wages", wage, 201)["minimum_wages"]
    assert made == site.auditor.get("/minimum-wages")["minimum_wages"]
    assert [w["region"] for w in made].count("BJ") == 1


def test_several_services_are_priced_together(site):
    service = {"service": "community_profile", "duration_days": 30, "instances": 2}
    ask = {
        "name": "Two", "region": REGION, "starts_on": "2026-12-01",
        "services": [service | {"key": "a"}, service | {"key": "b", "after": ["a"], "lag_days": 5}],
    }  # fmt: skip
    made = site.coordinator.post("/project-quotes", ask, 201)
    assert len(made["snapshot"]["months"]) >= 2
    assert site.auditor.get(f"/project-quotes/{made['id']}") == made
    assert site.auditor.get("/project-quotes")["items"][0]["id"] == made["id"]
    circle = ask | {"services": [service | {"key": "a", "after": ["a"]}]}
    assert site.coordinator.post("/project-quotes", circle, 422)["problems"][0]["code"] == "component-circle"


def sent(content, name="own.csv"):
    return [("file", (content.encode() if isinstance(content, str) else content, name))]


WRONG = f"item,region,prix (XOF),valid_from\nMOTO.KM,{REGION},cher,2027-01-01\n"


def test_a_dry_run_tells_each_problem_at_its_cell_in_three_languages(site):
    (problem,) = site.coordinator.upload("/price-lists?dry_run=true", sent(WRONG), 200)["problems"]
    assert (problem["row"], problem["column"], problem["field"], problem["code"], problem["value"]) == (
        2, "prix (XOF)", "typical", "not-a-number", "cher",
    )  # fmt: skip
    assert problem["messages"].keys() == {"en", "fr", "es"}
    assert len(set(problem["messages"].values())) == 3
    assert problem["message"] == problem["messages"]["fr"]  # the language of the account


def test_a_marked_workbook_is_corrected_and_sent_again(site):
    answer = site.coordinator.send(
        "POST", "/price-lists/marked", 200, content_type="multipart/form-data",
        data={"file": (io.BytesIO(WRONG.encode()), "own.csv")},
    )  # fmt: skip
    assert answer.content_type == "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    name = re.search(r'filename="?([^";]+)', answer.headers["Content-Disposition"])[1]
    book = openpyxl.load_workbook(io.BytesIO(answer.data))
    assert "cher" in book["prices"]["C2"].comment.text
    book["prices"]["C2"] = 80
    stream = io.BytesIO()
    book.save(stream)
    made = site.coordinator.upload("/price-lists", sent(stream.getvalue(), name))
    assert (made["price_list"]["code"], made["prices"]) == ("own", 1)
    withdrawal = f"/price-lists/{made['price_list']['id']}/withdrawal"
    assert site.coordinator.post(withdrawal)["status"] == "retired"
    site.coordinator.post(withdrawal, {}, 409)


def test_a_price_that_begins_like_one_that_counts_is_a_warning(site):
    price = site.expert.get(f"/regions/{REGION}/prices/FEE.FAC")["prices"][-1]
    row = f"item,region,price,currency,valid_from\nFEE.FAC,{price['region']},{price['typical']},XOF,{price['valid_from']}\n"
    found = site.national.upload("/price-lists?dry_run=true", sent(row), 200)
    assert [p["code"] for p in found["problems"]] == ["listed-already"]
    assert found["prices"] == 1


def test_a_month_without_hours_is_no_minimum_wage(site):
    wage = {"region": REGION, "amount": "60000", "currency": "XOF", "valid_from": "2026-01-01"}
    for hours in ("0", "0.0", "9999"):
        refused = site.coordinator.post("/minimum-wages", {**wage, "monthly_hours": hours}, 422)
        assert [p["code"] for p in refused["problems"]] == ["senseless-wage"]
    site.coordinator.post("/minimum-wages", wage, 201)
