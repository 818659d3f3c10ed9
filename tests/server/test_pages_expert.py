"""The site's frame and the expert's pages: who may see them, in which language, and what they show."""

import io
import json
import re
from dataclasses import replace
from decimal import Decimal
from html import unescape

import pytest
from flask import Flask

from forms.xlsform import FormVersion
from server.accounts import service as accounts
from server.actor import SYSTEM, Role
from server.app import create_app
from server.batches import service as batches
from server.catalogue import completeness
from server.catalogue import service as catalogue
from server.catalogue.comparison import path_in_words, word_by_word
from server.demo import world as demo
from server.http.blueprints import PAGE_BLUEPRINTS
from server.http.docs import error_kinds
from server.http.frame import local_address
from server.instances import service as instances
from server.price_lists import service as price_lists
from server.quotes import service as quotes
from service_library import library
from workflows.errors import RunError

EMAILS = {user.role.value: user.email for user in (*demo.USERS, demo.FACILITATOR)}
MINE = ("start", "docs", "accounts", "catalogue", "quotes", "price_lists")
SERVICE = "/services/community_profile"
PRICE = "/quotes/price?service=community_profile&region=BJ-DO-COPARGO"
PAGES = {
    "start.today": ("/", "expert"),
    "start.search": ("/search?q=cop", "expert"),
    "docs.api": ("/api/v1/docs", ""),
    "docs.problems": ("/docs/problems", ""),
    "accounts.sign_in": ("/sign-in", ""),
    "accounts.accounts": ("/accounts", "administrator"),
    "catalogue.services": ("/services", "expert"),
    "catalogue.service": (f"{SERVICE}/1.0.0", "expert"),
    "catalogue.diagram": (f"{SERVICE}/1.0.0/diagram", "expert"),
    "catalogue.compare_versions": (f"{SERVICE}/compare?old=1.0.0&new=1.0.0", "expert"),
    "quotes.quotes": ("/quotes", "expert"),
    "quotes.price": (PRICE, "expert"),
    "quotes.quote": ("/quotes/{quote}", "expert"),
    "price_lists.history": ("/prices/history?region=BJ-DO-COPARGO", "coordinator"),
    "price_lists.lists": ("/prices?region=BJ-DO-COPARGO", "coordinator"),
    "price_lists.price_list": ("/prices/lists/{list}", "coordinator"),
    "price_lists.choose_file": ("/prices/import", "coordinator"),
    "price_lists.minimum_wages": ("/prices/minimum-wages", "coordinator"),
    "price_lists.exchange_rates": ("/prices/exchange-rates", "coordinator"),
}
FILES = {
    "quotes.document": ("/quotes/{quote}/document", "expert"),
    "catalogue.compare_document": (f"{SERVICE}/compare/print?old=1.0.0&new=1.0.0", "expert"),
    "catalogue.newest": (SERVICE, "expert"),
    "catalogue.bpmn": (f"{SERVICE}/1.0.0/diagram.bpmn", "expert"),
    "catalogue.form_xml": (f"{SERVICE}/1.0.0/forms/survey.xml", "expert"),
    "price_lists.file": ("/prices/lists/{list}/file", "coordinator"),
    "price_lists.workbook": ("/prices/template.xlsx?region=BJ-DO-COPARGO", "coordinator"),
}
POSTS = {
    "accounts.open_session": ("/sign-in", ""),
    "accounts.choose_language": ("/language", ""),
    "accounts.sign_out": ("/sign-out", "expert"),
    "accounts.create_account": ("/accounts", "administrator"),
    "quotes.make": ("/quotes", "expert"),
    "quotes.ask_again": ("/quotes/{quote}/again", "expert"),
    "price_lists.marked_file": ("/prices/import/marked", "coordinator"),
    "price_lists.add_minimum_wage": ("/prices/minimum-wages", "coordinator"),
    "price_lists.add_exchange_rate": ("/prices/exchange-rates", "coordinator"),
    "price_lists.withdraw": ("/prices/lists/{list}/withdraw", "coordinator"),
    "price_lists.retire": ("/prices/lists/{list}/retire", "expert"),
    "price_lists.check_file": ("/prices/import", "coordinator"),
    "price_lists.import_file": ("/prices/import/confirm", "coordinator"),
    "price_lists.approve": ("/prices/lists/{list}/approve", "expert"),
}


def site(world):
    """The application of a world, made once."""
    if "site" not in world.__dict__:
        world.__dict__["site"] = create_app(world.runtime)
    return world.__dict__["site"]


class Browser:
    """A person at a browser: keeps cookies, and sends the token of the page it looks at."""

    def __init__(self, world, role=""):
        self.world = world
        self.client = site(world).test_client()
        self.client.set_cookie("language", "en")
        if role:
            assert self.sign_in(EMAILS[role]).status_code == 303

    def address(self, address):
        if "{" not in address:
            return address
        lists = self.world.read(price_lists.price_lists)
        return address.format(quote=self.world.quote_id, list=lists[0].id)

    def get(self, address, **given):
        return self.client.get(self.address(address), **given)

    def token(self):
        return re.search(r'name="csrf-token" content="(\w+)"', self.get("/docs/problems").text)[1]

    def post(self, address, **given):
        data = {"csrf_token": self.token(), **given.pop("data", {})}
        return self.client.post(self.address(address), data=data, **given)

    def sign_in(self, email, password=demo.PASSWORD, **more):
        return self.post("/sign-in", data={"email": email, "password": password, **more})


@pytest.fixture
def visitor(attacked):
    return Browser(attacked)


def told(answer):
    """The page's text as a person reads it."""
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", answer.text)).split())


# Every page --------------------------------------------------------------------------------------------


def test_no_page_of_the_expert_is_untested(attacked):
    rules = site(attacked).url_map.iter_rules()
    mine = {rule.endpoint for rule in rules if rule.endpoint.split(".")[0] in MINE}
    assert mine == {*PAGES, *FILES, *POSTS}
    assert {blueprint.name for blueprint in PAGE_BLUEPRINTS} >= set(MINE)


@pytest.mark.parametrize("role", ["expert", "coordinator", "administrator", ""])
def test_every_page_answers_in_three_languages_without_inline_script_or_style(attacked, role):
    browser = Browser(attacked, role)
    for address, by in PAGES.values():
        if by != role:
            continue
        for language in ("en", "fr", "es"):
            answer = browser.get(address + ("&" if "?" in address else "?") + f"lang={language}")
            assert answer.status_code == 200, (address, told(answer)[:300])
            assert f'<html lang="{language}">' in answer.text
            assert answer.text.count("<h1>") == 1, address
            assert "%(" not in answer.text, address
            assert not re.search(r"<style|<script(?! type=\"module\" src=)|\sstyle=|\son\w+=", answer.text), (
                address
            )
            assert len(re.findall(r'btn btn-primary"', answer.text)) <= 2, address


@pytest.mark.parametrize(("address", "by"), [*PAGES.values(), *FILES.values()])
def test_a_visitor_is_asked_to_sign_in_first_and_comes_back(attacked, visitor, address, by):
    answer = visitor.get(address)
    if not by or address == "/":
        assert answer.status_code == 200
        return
    assert answer.status_code == 302
    assert answer.headers["Location"].startswith("/sign-in?next=/")


def test_the_files_are_given_to_who_may_have_them(attacked):
    for address, by in FILES.values():
        assert Browser(attacked, by).get(address).status_code in (200, 303), address


@pytest.mark.parametrize(
    ("role", "address"),
    [
        ("facilitator", PRICE), ("facilitator", "/prices"), ("administrator", "/prices"),
        ("expert", "/prices/import"), ("expert", "/accounts"), ("coordinator", "/accounts"),
        ("finance", "/accounts"), ("finance", "/prices/template.xlsx?region=BJ"),
        ("coordinator", "/prices?region=DE"), ("coordinator", f"{PRICE[:-13]}DE"),
    ],
)  # fmt: skip
def test_a_page_of_another_role_or_region_is_refused_in_words(attacked, role, address):
    answer = Browser(attacked, role).get(address)
    assert answer.status_code in (403, 404)
    assert "<h1>" in answer.text
    assert re.search(r"/docs/problems#(forbidden|not-found)", answer.text)


@pytest.mark.parametrize(("address", "by"), POSTS.values())
def test_a_forged_request_changes_nothing(attacked, address, by):
    browser = Browser(attacked, by)
    for token, headers in (
        ("", {}), ("0" * 64, {}), (browser.token(), {"Origin": "https://evil.example"}),
    ):  # fmt: skip
        answer = browser.client.post(browser.address(address), data={"csrf_token": token}, headers=headers)
        assert answer.status_code == 403
        assert "forged-request" in answer.text


@pytest.mark.parametrize(("address", "by"), [(a, by) for a, by in POSTS.values() if by])
def test_a_visitor_can_post_nothing(visitor, address, by):
    assert visitor.post(address).status_code == 401


def test_the_policy_allows_style_attributes_on_diagrams_only(attacked):
    browser = Browser(attacked, "expert")
    for address, by in PAGES.values():
        if by in ("", "expert"):
            policy = browser.get(address).headers["Content-Security-Policy"]
            diagram = address.startswith(f"{SERVICE}/1.0.0")
            assert ("style-src-attr 'unsafe-inline'" in policy) == diagram, address
            assert "script-src 'self';" in policy


def test_what_people_type_is_shown_as_text(attacked):
    browser = Browser(attacked, "expert")
    for address in ("/search?q=", "/services?q=", f"{PRICE}&villages="):
        answer = browser.get(address + "<script>alert(1)</script>")
        assert "<script>alert" not in answer.text
        assert "&lt;script&gt;" in answer.text


# Signing in --------------------------------------------------------------------------------------------


def test_signing_in_leads_to_where_one_wanted_and_signing_out_ends_the_session(attacked):
    browser = Browser(attacked)
    answer = browser.sign_in(EMAILS["expert"], next="/services?q=x")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/services?q=x")
    cookie = browser.client.get_cookie("session").value
    answer = browser.post("/sign-out")
    assert "You are signed out." in told(browser.get(answer.headers["Location"]))
    browser.client.set_cookie("session", cookie)
    assert browser.get("/services").status_code == 302


def test_a_wrong_password_is_told_without_saying_which_was_wrong(visitor):
    known, unknown = (visitor.sign_in(mail, "not this one") for mail in (EMAILS["expert"], "no@body.example"))
    assert known.status_code == unknown.status_code == 401
    words = "The e-mail address or the password is not right."
    assert words in told(known)
    assert words in told(unknown)
    assert 'role="alert"' in known.text
    assert visitor.get("/services").status_code == 302


@pytest.mark.parametrize(
    "address",
    ["//evil.example", "https://evil.example", "/\\evil.example", "javascript:alert(1)", "/a\nb", ""],
)
def test_nobody_is_led_to_another_site(address):
    assert local_address(address, "/") == "/"
    assert local_address("/services?q=%2F", "/") == "/services?q=%2F"


def test_the_demonstration_offers_one_person_for_each_role(visitor):
    page = visitor.get("/sign-in")
    for role in Role:
        assert f'name="person" value="{role.value}"' in page.text
    assert page.text.count(demo.PASSWORD) == len(demo.OFFERED) + 1  # and in the words above them


def test_a_real_installation_shows_no_demo_people(attacked):
    settings = replace(attacked.runtime.settings, demo=False, secret_key="x" * 40)
    real = create_app(replace(attacked.runtime, settings=settings)).test_client()
    assert demo.PASSWORD not in real.get("/sign-in").text
    assert 'name="person"' not in real.get("/sign-in").text


def test_the_language_stays_chosen_in_the_browser_and_in_the_account(world):
    browser = Browser(world, "expert")
    answer = browser.post("/language", data={"language": "es", "next": "/services"})
    assert answer.headers["Location"] == "/services"
    assert '<html lang="es">' in browser.get("/services").text
    assert world.read(accounts.actor_of_email, EMAILS["expert"]).locale == "es"
    browser.post("/language", data={"language": "xx"})
    assert '<html lang="es">' in browser.get("/services").text


# Accounts ----------------------------------------------------------------------------------------------

NEW = {"email": "Ali@Example.org", "name": "Ali Bio", "role": "verifier", "region": "BJ-DO-COPARGO"}


def test_an_administrator_creates_an_account_that_can_sign_in(world):
    browser = Browser(world, "administrator")
    answer = browser.post("/accounts", data={**NEW, "password": "a long enough one"})
    assert answer.status_code == 303
    page = browser.get("/accounts")
    assert "Ali Bio can sign in now" in told(page)
    assert "Verifier (Copargo)" in told(page)
    assert "can sign in now" not in told(browser.get("/accounts"))
    assert Browser(world).sign_in("ali@example.org", "a long enough one").status_code == 303


def test_all_that_is_wrong_with_an_account_is_told_at_once_and_nothing_typed_is_lost(world):
    browser = Browser(world, "administrator")
    answer = browser.post("/accounts", data={"email": "nobody", "name": "", "role": "king", "password": "x"})
    assert answer.status_code == 422
    assert answer.text.count("run-question--wrong") == 3
    assert 'value="nobody"' in answer.text
    answer = browser.post("/accounts", data={**NEW, "password": "short"})
    assert (answer.status_code, "at least 10 characters" in told(answer)) == (400, True)
    answer = browser.post(
        "/accounts", data={**NEW, "email": EMAILS["expert"], "password": "a long enough one"}
    )
    assert (answer.status_code, "There is an account for" in told(answer)) == (409, True)
    assert world.read(accounts.actor_of_email, NEW["email"]) is None


# Start pages -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("role", "words"),
    [
        ("coordinator", "1 delivery waits for your decision"), ("coordinator", "LATER has no accepted price yet"),
        ("verifier", "1 delivery waits for your decision"), ("finance", "is approved: send its file"),
        ("finance", "is not yet handed over"), ("expert", "Nothing is waiting for you"),
        ("administrator", "Nothing is waiting for you"),
    ],
)  # fmt: skip
def test_the_start_page_begins_with_what_waits_for_that_person(attacked, role, words):
    page = told(Browser(attacked, role).get("/?lang=en"))
    assert "What do I have to decide today?" in page
    assert words in page


def test_the_start_page_of_a_facilitator_is_the_list_of_tasks_with_pay_and_pay_day(started):
    answer = Browser(started, "facilitator").get("/", follow_redirects=True)
    assert answer.request.path == "/my/tasks"
    tasks = started.read(instances.tasks_of_person, started.members[0])
    assert told(answer).count("at the latest") == len(tasks)


def test_a_facilitator_has_tabs_under_the_thumb_and_nothing_to_search(started):
    phone, desk = (
        Browser(started, "facilitator").get("/my/tasks").text,
        Browser(started, "expert").get("/").text,
    )
    assert '<body class="run-field">' in phone
    tabs = re.search(r'<ul class="run-phonetabs">(.*?)</ul>', phone, re.DOTALL)[1]
    assert re.findall(r'href="([^"]+)"', tabs) == ["/my/tasks", "/my/money"]
    assert 'role="search"' not in phone
    assert "run-phonetabs" not in desk
    assert 'role="search"' in desk


def test_a_batch_waits_for_its_approver_and_for_nobody_else(owing):
    owing.run("finance", batches.submit, owing.collect(owing.bank_account))
    assert "waits for your approval" in told(Browser(owing, "approver").get("/"))
    assert "waits for your approval" not in told(Browser(owing, "finance").get("/"))


def test_a_visitor_learns_what_this_is_and_which_services_there_are(visitor):
    page = told(visitor.get("/"))
    assert "Community profile" in page
    assert "Sign in" in page


def test_the_search_finds_services_and_places_one_may_see(attacked):
    page = told(Browser(attacked, "expert").get("/search?q=copargo"))
    assert "Commune, Donga, Benin" in page
    assert "Community profile" in told(Browser(attacked, "facilitator").get("/search?q=PROFILE"))
    assert "Nothing found" in told(Browser(attacked, "facilitator").get("/search?q=copargo"))


# Services ----------------------------------------------------------------------------------------------


def test_the_list_finds_a_service_by_its_output(attacked):
    browser = Browser(attacked, "expert")
    assert f'href="{SERVICE}/1.0.0"' in browser.get("/services?q=households+interviewed").text
    assert "No service fits" in told(browser.get("/services?q=bakery"))


def test_the_sheet_shows_the_seven_steps_by_language_and_the_digest(attacked):
    page = Browser(attacked, "expert").get(f"{SERVICE}/1.0.0")
    steps = page.text.split('id="steps"')[1].split("</ol>")[0]
    assert steps.count("<li>") == 7
    assert steps.count('data-state="done"') == 6 * 3 + 2
    row = attacked.read(catalogue.find_version, "community_profile", "1.0.0")
    assert row.digest in page.text


def test_the_sheet_names_the_language_that_lacks_texts():
    package = library.load("community_profile", "1.0.0")
    before = completeness.steps(package)
    assert all(not any(step.missing.values()) for step in before)
    card = package.definition.tasks()[0].task
    without = {"en": "x", "es": "x"}
    state = completeness._state("tasks", 1, [card.title, without])
    assert state.missing == {"en": 0, "fr": 1, "es": 0}
    assert completeness.untranslated(package.definition, "fr") == ()


def test_the_diagram_page_has_the_whole_card_of_every_task(attacked):
    package = library.load("community_profile", "1.0.0")
    page = Browser(attacked, "expert").get(f"{SERVICE}/1.0.0/diagram?lang=fr")
    text = told(page)
    for node in package.definition.tasks():
        card = node.task
        assert f'id="card-{node.id}"' in page.text
        labels = (*card.activities, *card.criteria, *card.evidence, *card.expenses)
        for words in (card.title["fr"], card.outcome["fr"], *(each.label["fr"] for each in labels)):
            assert " ".join(words.split()) in text
    assert "<h3>Avant" in page.text  # Markdown of the instructions, below the page's own headings
    assert "**" not in text


def test_the_bpmn_file_is_given_as_it_was_published(attacked):
    browser = Browser(attacked, "expert")
    answer = browser.get(f"{SERVICE}/1.0.0/diagram.bpmn")
    assert answer.data == library.load("community_profile", "1.0.0").bpmn
    assert answer.content_type.startswith("application/xml")
    again = browser.get(f"{SERVICE}/1.0.0/diagram.bpmn", headers={"If-None-Match": answer.headers["ETag"]})
    assert again.status_code == 304
    saved = browser.get(f"{SERVICE}/1.0.0/diagram.bpmn?download=1")
    assert "community_profile-1.0.0.bpmn" in saved.headers["Content-Disposition"]


def test_a_form_is_given_as_phones_get_it(attacked):
    form: FormVersion = library.load("community_profile", "1.0.0").forms["survey"]
    assert Browser(attacked, "expert").get(f"{SERVICE}/1.0.0/forms/survey.xml").data == form.xform


@pytest.mark.parametrize(
    "address",
    ["/services/none", "/services/none/1.0.0", f"{SERVICE}/9.9.9", f"{SERVICE}/1.0.0/forms/none.xml",
     "/services/none/compare", f"{SERVICE}/compare?old=9.9.9&new=1.0.0", "/quotes/none", "/prices/lists/none",
     "/prices?region=NOWHERE", f"{PRICE}XX", "/quotes/price?service=none", "/nothing/here"],
)  # fmt: skip
def test_what_is_not_there_is_told_in_words(attacked, address):
    answer = Browser(attacked, "expert").get(address)
    assert answer.status_code == 404
    assert "Not found" in told(answer)


def test_one_version_alone_cannot_be_compared(attacked):
    assert "only one version" in told(Browser(attacked, "expert").get(f"{SERVICE}/compare"))


def test_two_versions_are_compared_in_price_texts_and_forms(world):
    shipped = library.load("community_profile", "1.1.0")
    world.run("expert", catalogue.publish, shipped.bpmn, shipped.form_sources, version="1.1.0")
    page = Browser(world, "expert").get(f"{SERVICE}/compare")
    text = told(page)
    assert "What changed from 1.0.0 to 1.1.0?" in text
    assert "<del>20</del><ins>15</ins>" in page.text
    assert "Order of the activities" in text
    assert "Parameter households, default" in text
    for version in ("1.0.0", "1.1.0"):
        row = world.read(catalogue.find_version, "community_profile", version)
        cost = world.read(
            quotes.calculate, version_id=row.id, region=demo.COMMUNE, overheads=demo.overheads(),
            contributions=demo.contributions(), who="expert",
        )  # fmt: skip
        assert f"{cost.charged_minor:,}" in text


def test_a_very_long_text_is_compared_as_a_whole():
    assert word_by_word("a b", "a c") == [("same", "a "), ("removed", "b"), ("added", "c")]
    assert word_by_word("a " * 5000, "b " * 5000) == [("removed", "a " * 5000), ("added", "b " * 5000)]
    assert " … " in word_by_word("a " * 100, "a " * 100 + "b")[0][1]
    with Flask("texts").app_context():
        assert path_in_words("task.expenses[rice].quantity") == "Expense rice, quantity"
        assert path_in_words("output[profile].label") == "Output profile, text"  # the key of a translation


def test_a_quantity_has_its_unit_in_the_right_number(attacked):
    page = told(Browser(attacked, "expert").get("/services/community_profile/1.0.0/diagram?lang=fr"))
    assert "2 jours de travail" in page.replace("\u00a0", " ")
    assert "2 jour de travail" not in page


def test_the_diagram_gets_the_names_of_its_tasks_in_the_readers_language(attacked):
    page = Browser(attacked, "expert").get("/services/community_profile/1.0.0/diagram?lang=fr").text
    names = json.loads(unescape(re.search(r'data-names="([^"]+)"', page)[1]))
    assert names["survey"] == re.search(r'href="#card-survey">([^<]+)<', page)[1].replace("&#39;", "'")


# Prices ------------------------------------------------------------------------------------------------


def test_the_price_page_says_what_the_service_calculates(attacked):
    page = Browser(attacked, "expert").get(f"{PRICE}&villages=3&p_households=25&p_distance_km=12,5")
    row = attacked.read(catalogue.find_version, "community_profile", "1.0.0")
    cost = attacked.read(
        quotes.calculate, version_id=row.id, region=demo.COMMUNE, instances=3, overheads=demo.overheads(),
        contributions=demo.contributions(), who="expert",
        parameters={"households": Decimal(25), "distance_km": Decimal("12.5")},
    )  # fmt: skip
    text = told(page)
    for minor in (
        cost.charged_minor, cost.expected_minor, cost.contingency_minor, cost.fund_minor, cost.risk.p80_minor,
        *(line.amount_minor for line in cost.lines), *(o.amount_minor for o in cost.overheads),
    ):  # fmt: skip
        assert f"{minor:,}" in text
    assert cost.digest() in text
    assert page.text.count("<details>") >= len(cost.lines)
    assert "BJ-DO-COPARGO-2026, row" in text
    # every price opens to its row in the list it came from, also where one file has several lists
    rows = re.findall(r'href="(/prices/lists/[\w-]+)#(row-\d+)"', page.text)
    assert len(rows) == len(cost.lines)
    listed = {address: Browser(attacked, "expert").get(address).text for address, _ in set(rows)}
    assert all(f'id="{row}"' in listed[address] for address, row in rows)
    assert "Found in Copargo (Commune)" in text


def test_who_pays_adds_up_to_the_whole_bar(attacked):
    page = Browser(attacked, "expert").get(PRICE).text
    bar = page.split('class="run-bar"')[1].split("</svg>")[0]
    assert sum(float(w) for w in re.findall(r'width="([\d.]+)%"', bar)) == pytest.approx(100, abs=0.01)


def test_missing_prices_are_a_list_with_what_was_tried(world):
    answer = Browser(world, "expert").get(f"{PRICE[:-13]}DE-NW-ALF")
    text = told(answer)
    assert "prices are missing" in text
    assert "nothing is counted as zero" in text
    assert "Alfter: no price" in text
    assert "Germany: no price" in text
    assert "Who pays" not in text
    national = Browser(world)
    national.sign_in(demo.NATIONAL.email)
    assert 'href="/prices/import"' in national.get(f"{PRICE[:-13]}DE-NW-ALF").text


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ("villages=many", "villages"), ("villages=0", "villages"), ("villages=99999999", "villages"),
        ("on=yesterday", "on"), ("p_households=abc", "p_households"), ("p_households=NaN", "p_households"),
        ("p_households=1000000", "p_households"), ("p_households=-3", "p_households"),
    ],
)  # fmt: skip
def test_what_is_no_number_is_told_at_its_field(attacked, asked, field):
    answer = Browser(attacked, "expert").get(f"{PRICE}&{asked}")
    assert answer.status_code == 422
    assert f'href="#{field}"' in answer.text
    assert f'id="{field}-error"' in answer.text


def test_a_price_is_kept_as_a_quote_that_never_changes(world):
    browser = Browser(world, "coordinator")
    asked = {"service": "community_profile", "version": "1.0.0", "region": demo.COMMUNE, "villages": "2"}
    before = len(world.read(quotes.quotes))
    answer = browser.post("/quotes", data={**asked, "p_households": "30"})
    assert answer.status_code == 303
    page = browser.get(answer.headers["Location"] + "?lang=en")
    kept = world.read(quotes.quotes)
    assert len(kept) == before + 1
    assert kept[0].digest in page.text
    assert "Households to interview 30" in told(page)
    assert answer.headers["Location"] in browser.get("/quotes").text
    refused = browser.post("/quotes", data={**asked, "villages": "none"})
    assert (refused.status_code, len(world.read(quotes.quotes))) == (422, before + 1)
    assert browser.post("/quotes").status_code == 422


# Price lists -------------------------------------------------------------------------------------------

HEAD = "list,region,item,unit,minimum,typical,maximum,currency,valid_from,source"
GOOD = f"{HEAD}\nNEW-2026,BJ-DO-COPARGO,MOTO.KM,KMT,60,80,100,XOF,2026-02-01,survey\n"
BROKEN = (
    f"{HEAD}\nNEW-2026,BJ-DO-COPARGO,NOTHING,KMT,60,80,100,XOF,2026-02-01,s\n"
    "NEW,NOWHERE,MOTO.KM,KMT,9,x,1,XOF,soon,s\n"
)


def upload(text, name="prices.csv"):
    return {"file": (io.BytesIO(text.encode()), name)}


def test_a_broken_price_list_gets_a_report_per_cell_and_stores_nothing(world):
    browser = Browser(world, "coordinator")
    before = len(world.read(price_lists.price_lists))
    for address in ("/prices/import", "/prices/import/confirm"):
        answer = browser.post(address + "?lang=en", data=upload(BROKEN))
        assert answer.status_code == 422
        assert "Cannot be imported yet" in told(answer)
        report = answer.text.split("Cell by cell")[1].split("</table>")[0]
        assert report.count("<tr>") >= 1 + 4
        assert "NOWHERE" in report
    assert len(world.read(price_lists.price_lists)) == before


def test_a_dry_run_stores_nothing_and_the_import_waits_for_another_person(world):
    browser = Browser(world, "coordinator")
    before = len(world.read(price_lists.price_lists))
    checked = browser.post("/prices/import?lang=en", data=upload(GOOD))
    assert "Can be imported" in told(checked)
    assert len(world.read(price_lists.price_lists)) == before
    content = re.search(r'name="content" value="([^"]+)"', checked.text)[1]
    answer = browser.post("/prices/import/confirm", data={"filename": "prices.csv", "content": content})
    assert answer.status_code == 303
    page = browser.get(answer.headers["Location"] + "?lang=en")
    assert "Somebody else has to approve it" in told(page)
    assert "/approve" not in page.text
    assert browser.post(answer.headers["Location"] + "/approve").status_code == 403
    expert = Browser(world, "expert")
    assert "Price list NEW-2026 waits for approval" in told(expert.get("/"))
    assert expert.post(answer.headers["Location"] + "/approve").status_code == 303
    assert world.read(price_lists.price_lists)[0].status == "approved"
    assert expert.post(answer.headers["Location"] + "/approve").status_code == 409
    assert "NEW-2026" in told(expert.get("/prices?region=BJ-DO-COPARGO"))
    assert browser.get(answer.headers["Location"] + "/file").data == GOOD.encode()


@pytest.mark.parametrize(
    "data", [{}, {"content": "not base64!"}, {"content": ""}, {"file": (b"", "empty.csv")}]
)
def test_a_missing_file_is_told(attacked, data):
    browser = Browser(attacked, "coordinator")
    sent = {k: (io.BytesIO(v[0]), v[1]) if isinstance(v, tuple) else v for k, v in data.items()}
    answer = browser.post("/prices/import/confirm?lang=en", data=sent)
    assert answer.status_code == 422
    assert "Choose a file." in told(answer)
    assert browser.post("/prices/import").status_code == 422


def test_the_empty_workbook_is_read_back_by_the_importer(attacked):
    answer = Browser(attacked, "coordinator").get("/prices/template.xlsx?region=BJ-DO-COPARGO")
    found = attacked.read(price_lists.check_price_list, answer.data, filename="prices.xlsx", who="national")
    assert found.counts.unpriced == len(attacked.read(price_lists.items))


# For programs ------------------------------------------------------------------------------------------


def test_the_docs_list_every_operation_of_the_api(visitor):
    document = visitor.get("/api/v1/openapi.json").json
    page = visitor.get("/api/v1/docs").text
    assert document["paths"]
    for path, item in document["paths"].items():
        for method in item:
            if method in ("get", "post", "put", "patch", "delete"):
                assert f'<strong>{method.upper()}</strong> <code class="run-mono">{path}</code>' in page


def test_the_docs_explain_every_error_code(attacked, visitor):
    page = visitor.get("/docs/problems").text

    def below(kind):
        yield kind
        for child in kind.__subclasses__():
            yield from below(child)

    for kind in below(RunError):
        if kind.__module__.split(".")[0] in (
            "server",
            "workflows",
            "forms",
            "pricing",
            "payments",
            "service_library",
        ):
            assert f'id="{kind.code}"' in page
    with site(attacked).test_request_context():
        assert {e.code: e.status for e in error_kinds()}["not-found"] == 404


def test_a_refusal_names_its_code_and_links_to_its_meaning(attacked):
    page = Browser(attacked, "expert").get("/accounts").text
    assert 'href="/docs/problems#forbidden"' in page


def test_disabled_or_unknown_sessions_are_visitors(attacked):
    browser = Browser(attacked)
    browser.client.set_cookie("session", "made-up")
    assert browser.get("/services").status_code == 302
    assert attacked.runtime.read(SYSTEM, accounts.actor_of_session, "made-up") is None
