"""While an expert draws: what lint finds, what it costs in three places, what a formula gives; and what is refused."""

import json
import re
from datetime import UTC, datetime

import pytest

from server.accounts import service as accounts
from server.actor import SYSTEM
from server.app import create_app
from server.demo import world as demo
from server.drafts import service as drafts
from server.drafts.formulas import ask
from server.http.security import SESSION_COOKIE
from server.quotes import service as quotes
from service_library import library
from tests.lint_corpus import FOLDER

XML = "application/xml"
NOW = datetime(2026, 11, 21, 9, tzinfo=UTC)
MISSING = "01900000-0000-7000-8000-000000000000"
DOCTYPE = b'<?xml version="1.0"?><!DOCTYPE d [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;&a;">]><d>&b;</d>'


class Expert:
    """Somebody at the modeler: sends what its scripts send."""

    def __init__(self, world, role="expert", language="en"):
        self.client = create_app(world.runtime).test_client()
        self.client.set_cookie("language", language)
        if role:
            actor = world.actor(role)
            token = world.runtime.run(SYSTEM, accounts.open_session, actor.user_id)
            self.client.set_cookie(SESSION_COOKIE, token)
        self.csrf = re.search(r'name="csrf-token" content="(\w+)"', self.client.get("/docs/problems").text)[1]

    def post(self, address, body, kind=XML, **headers):
        sent = {"X-CSRFToken": self.csrf, "Accept": "application/json", **headers}
        return self.client.post(address, data=body, content_type=kind, headers=sent)

    def feel(self, draft, text, kind, **more):
        body = json.dumps({"text": text, "kind": kind, **more})
        return self.post(f"/drafts/{draft}/feel", body, "application/json").get_json()


@pytest.fixture(scope="module")
def world(attacked):
    """One installation for all: nothing here changes it."""
    return attacked


@pytest.fixture(scope="module")
def draft(world):
    """A draft that holds the shipped service as it was published."""
    version = world.read(lambda tx: quotes.catalogue.version(tx, world.version_id))
    source = drafts.FromVersion(version.service_code, version.version)
    return world.run("expert", drafts.make, source).row.id


def diagram(world, draft):
    return world.read(drafts.content, draft, who="expert").bpmn


# Lint ----------------------------------------------------------------------------------------------------


def test_the_report_is_that_of_publishing_in_the_readers_language(world, draft):
    body = (FOLDER / "card-empty.bpmn").read_bytes()
    answer = Expert(world, language="fr").post(f"/drafts/{draft}/lint", body)
    report = answer.get_json()
    expected = json.loads((FOLDER / "card-empty.json").read_text("utf-8"))["executable"]
    assert answer.status_code == 200
    assert (report["ok"], report["level"]) == (False, "executable")
    found = [{k: p[k] for k in ("code", "severity", "element")} for p in report["problems"]]
    assert found[: len(expected)] == expected
    assert {p["code"] for p in found[len(expected) :]} <= {
        "missing-form-file",
        "form-version-differs",
        "unused-form",
    }
    assert "n’a pas de titre" in report["problems"][0]["message"]
    assert report["problems"][0]["page"] == "docs/reference/lint/missing-title.md"


def test_a_form_that_the_draft_does_not_hold_is_told_while_it_is_drawn(world, draft):
    body = diagram(world, draft).replace(b'ref="announce"', b'ref="pasted"')
    report = Expert(world).post(f"/drafts/{draft}/lint", body).get_json()
    assert not report["ok"]
    assert any("“pasted” is not in the package" in p["message"] for p in report["problems"])


def test_a_preview_is_milder_and_nothing_is_stored(world, draft):
    body = (FOLDER / "untyped-task.bpmn").read_bytes()
    report = Expert(world).post(f"/drafts/{draft}/lint?level=preview", body).get_json()
    assert report["ok"]
    assert {p["severity"] for p in report["problems"]} == {"info", "warning"}
    assert world.read(drafts.draft, draft, who="expert").revision == 1


def test_a_shipped_service_has_nothing_to_mend(world, draft):
    assert Expert(world).post(f"/drafts/{draft}/lint", diagram(world, draft)).get_json() == {
        "ok": True, "level": "executable", "problems": [],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("body", "code"),
    [(b"", "xml-malformed"), (b"hello", "xml-malformed"), (DOCTYPE, "xml-doctype"), (b"<html/>", "not-bpmn")],
)
def test_what_is_no_diagram_is_told_as_a_problem(world, draft, body, code):
    expert = Expert(world)
    report = expert.post(f"/drafts/{draft}/lint", body).get_json()
    assert not report["ok"]
    assert [p["code"] for p in report["problems"]] == [code]
    priced = expert.post(f"/drafts/{draft}/price?region=BJ", body).get_json()
    assert priced["regions"] == []
    assert [p["code"] for p in priced["problems"]] == [code]


# Price ---------------------------------------------------------------------------------------------------


def test_a_draft_costs_what_its_published_version_will(world, draft):
    body = diagram(world, draft)
    answer = Expert(world).post(f"/drafts/{draft}/price?region=BJ/BJ-DO/{demo.COMMUNE}/&region=BJ", body)
    found = answer.get_json()
    quote = world.read(quotes.calculate, version_id=world.version_id, region=demo.COMMUNE, who="expert")
    column = found["regions"][0]
    assert (found["currency"], found["minor_digits"]) == ("XOF", 0)
    assert (column["code"], column["currency"], column["missing"]) == (demo.COMMUNE, "XOF", [])
    assert column["expected_minor"] == quote.expected_minor
    risk = quote.risk
    assert (column["p50_minor"], column["p80_minor"], column["p95_minor"]) == (
        risk.p50_minor, risk.p80_minor, risk.p95_minor,
    )  # fmt: skip
    assert column["tasks"] == {id_: task.amount_minor for id_, task in quote.tasks.items()}
    assert len(found["regions"]) == 2
    assert found["problems"] == []


def test_without_regions_those_that_have_prices_are_chosen(world, draft):
    found = Expert(world).post(f"/drafts/{draft}/price", diagram(world, draft)).get_json()
    assert 1 <= len(found["regions"]) <= 3


def test_a_line_without_a_price_is_named_and_the_rest_is_priced(world, draft):
    body = diagram(world, draft)
    whole = Expert(world).post(f"/drafts/{draft}/price?region={demo.COMMUNE}", body).get_json()["regions"][0]
    item = re.search(rb'<run:expense [^>]*item="([^"]+)"', body)[1]
    changed = body.replace(b'item="' + item + b'"', b'item="MOON.DUST"', 1)
    part = (
        Expert(world).post(f"/drafts/{draft}/price?region={demo.COMMUNE}", changed).get_json()["regions"][0]
    )
    (missing,) = part["missing"]
    assert (missing["item"], missing["element"] in part["tasks"]) == ("MOON.DUST", True)
    assert missing["message"].startswith("MOON.DUST has no price per")
    assert "Add it to the price list" in missing["message"]
    assert part["partial"]
    assert not whole["partial"]
    assert 0 < part["expected_minor"] < whole["expected_minor"]
    assert part["p95_minor"] >= part["p80_minor"] >= part["p50_minor"] > 0


def test_a_formula_that_is_half_written_does_not_hide_the_price(world, draft):
    body = diagram(world, draft)
    changed = re.sub(rb"(<run:quantity>)([^<]+)(</run:quantity>)", rb"\1\2 *\3", body, count=1)
    found = Expert(world).post(f"/drafts/{draft}/price?region={demo.COMMUNE}", changed).get_json()
    assert found["regions"][0]["partial"]
    assert found["regions"][0]["expected_minor"] > 0
    (problem,) = found["problems"]
    assert problem["element"] in found["regions"][0]["tasks"]


def test_a_diagram_whose_ways_make_no_sense_has_no_price_and_says_why(world, draft):
    body = (FOLDER / "livelock.bpmn").read_bytes()
    found = Expert(world).post(f"/drafts/{draft}/price?region={demo.COMMUNE}", body).get_json()
    assert found["regions"][0]["expected_minor"] is None
    assert found["problems"]


def test_an_unknown_place_and_too_many_places_are_refused_in_words(world, draft):
    expert, body = Expert(world), diagram(world, draft)
    answer = expert.post(f"/drafts/{draft}/price?region=ATLANTIS", body)
    assert (answer.status_code, answer.get_json()["code"]) == (404, "not-found")
    assert expert.post(f"/drafts/{draft}/price?region=ATLANTIS", b"hello").status_code == 404
    many = "&".join(f"region={code}" for code in ("BJ", "BJ-DO", "DE", demo.COMMUNE))
    answer = expert.post(f"/drafts/{draft}/price?{many}", body)
    assert (answer.status_code, answer.get_json()["code"]) == (400, "too-many-regions")


def test_a_place_without_prices_names_every_item(world, draft):
    found = Expert(world).post(f"/drafts/{draft}/price?region=DE", diagram(world, draft)).get_json()
    column = found["regions"][0]
    assert column["currency"] == "EUR"
    assert len(column["missing"]) > 3
    assert column["expected_minor"] in (None, 0) or column["partial"]


# Formulas ------------------------------------------------------------------------------------------------


def test_a_quantity_is_tried_with_the_defaults_of_the_parameters(world, draft):
    expert = Expert(world)
    assert expert.feel(draft, "households / 20", "quantity")["value"] == "1"
    given = expert.feel(draft, "households / 20", "quantity", context={"households": 50})
    assert (given["ok"], given["value"], given["names"]) == (True, "2.5", ["households"])
    unknown = expert.feel(draft, "2 * farmers", "quantity")
    assert (unknown["ok"], unknown["position"]) == (False, 4)
    assert "farmers" in unknown["message"]


@pytest.mark.parametrize(
    ("text", "kind", "ok", "value"),
    [
        ("", "quantity", True, None), ("3", "quantity", True, "3"), ("1 / 3", "quantity", True, "0.333333"),
        ("-1", "quantity", False, None), ('"two"', "quantity", False, None), ("1 / 0", "quantity", False, None),
        ("2 +", "quantity", False, None), ("attendance >= 30", "condition", True, None),
        ("1 < 2", "condition", True, "true"), ("attendance + 1", "condition", False, None),
        ("= 1 < 2", "condition", False, None), ("P5D", "timer", True, "P5D"), ("PT1S", "timer", False, None),
        ("soon!", "timer", False, None), ("", "timer", False, None), ("{a: 1}", "value", True, "{'a': Decimal('1')}"),
        ("x" * 20_000, "condition", False, None),
    ],
)  # fmt: skip
def test_each_kind_of_formula_is_judged_as_it_will_be_used(text, kind, ok, value):
    answer = ask(text, kind, {}, now=NOW)
    assert answer.ok is ok
    if kind != "value":
        assert answer.value == value
    assert (answer.problem is None) is ok


def test_a_mistake_of_syntax_has_its_position():
    answer = ask("2 + * 3", "quantity", {}, now=NOW)
    assert answer.position == 4


def test_what_takes_too_long_ends():
    slow = "count(for x in 1..100000, y in 1..100000 return x * y) > 0"
    assert not ask(slow, "condition", {}, now=NOW).ok


# Who may, and hostile bodies -----------------------------------------------------------------------------


@pytest.mark.parametrize("what", ["lint", "price", "feel"])
@pytest.mark.parametrize(
    ("role", "status"),
    [("", 401), ("verifier", 403), ("finance", 403), ("auditor", 403), ("coordinator", 200), ("expert", 200)],
)  # fmt: skip
def test_only_those_who_see_drafts_may_ask(world, draft, what, role, status):
    body, kind = (
        (b'{"text": "1", "kind": "quantity"}', "application/json") if what == "feel" else (b"<a/>", XML)
    )
    assert Expert(world, role).post(f"/drafts/{draft}/{what}", body, kind).status_code == status


@pytest.mark.parametrize("what", ["lint", "price", "feel"])
def test_a_draft_that_is_not_there_is_not_found(world, what):
    body, kind = (b'{"context": {}}', "application/json") if what == "feel" else (b"<a/>", XML)
    assert Expert(world).post(f"/drafts/{MISSING}/{what}", body, kind).status_code == 404


@pytest.mark.parametrize("what", ["lint", "price", "feel"])
def test_without_the_token_of_the_page_nothing_is_answered(world, draft, what):
    assert Expert(world).post(f"/drafts/{draft}/{what}", b"<a/>", **{"X-CSRFToken": ""}).status_code == 403


@pytest.mark.parametrize("what", ["lint", "price"])
def test_a_body_of_twenty_megabytes_or_of_another_kind_is_refused(world, draft, what):
    expert = Expert(world)
    assert expert.post(f"/drafts/{draft}/{what}", b"<a>" + b" " * 20_000_000 + b"</a>").status_code == 413
    assert expert.post(f"/drafts/{draft}/{what}", b"{}", "application/json").status_code == 415
    assert (
        expert.post(f"/drafts/{draft}/{what}", b"a=b", "application/x-www-form-urlencoded").status_code == 415
    )


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400), (b"{", 400), (b"[]", 400), (b"[1]", 400), (b'"x"', 400), (b"{}", 200), (b'{"text": 7}', 400), (b'{"text": "x", "context": [1]}', 400),
        (b'{"text": "1", "kind": "poem"}', 400), (b'{"text": "1", "kind": ["value"]}', 400),
        (b'{"text": "x", "context": null}', 200),
        (b'{"text": "x", "context": {"x": "NaN", "y": true, "z": "1e999999"}}', 200),
        (b'{"text": "' + b"x" * 60_000 + b'"}', 413), (b'{"a": 1, "a": 2}', 400),
    ],
)  # fmt: skip
def test_what_is_no_question_is_answered_without_a_trace(world, draft, body, status):
    answer = Expert(world).post(f"/drafts/{draft}/feel", body, "application/json")
    assert answer.status_code == status
    assert answer.mimetype == ("application/json" if status == 200 else "application/problem+json")


@pytest.mark.parametrize("language", ["en", "fr"])
def test_what_a_script_asks_in_vain_is_told_to_the_script(world, draft, language):
    """No page with HTML where the panel reads JSON, also without an Accept header; in the language of the page."""
    expert = Expert(world)
    expert.client.set_cookie("language", language)
    answer = expert.post(f"/drafts/{draft}/price?region=NOWHERE", b"<a/>", Accept="*/*")
    assert (answer.status_code, answer.mimetype) == (404, "application/problem+json")
    assert ("NOWHERE" in answer.json["title"]) or answer.json["code"] == "not-found"
    assert ("is not there" in answer.json["title"] or "There is no" in answer.json["title"]) is (
        language == "en"
    )
    wrong = expert.post(f"/drafts/{draft}/feel", b"[]", "application/json", Accept="*/*")
    assert "quantity, condition, timer, value" in wrong.json["title"]
    gone = expert.client.get(f"/drafts/{MISSING}/vocabulary.json")
    assert (gone.status_code, gone.mimetype) == (404, "application/problem+json")


def test_the_shipped_service_is_the_one_tested():
    assert library.load("community_profile", "1.0.0").code == "community_profile"
