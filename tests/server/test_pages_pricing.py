"""The pages of pricing: why a price is what it is, what if it were asked otherwise, everywhere, of a whole project."""

import base64
import csv
import io
import re
from dataclasses import replace
from datetime import date
from fractions import Fraction
from html import unescape

import openpyxl
import pytest

from pricing.contributions import Contribution, Overhead
from pricing.price_lists import MinimumWage
from server.app import create_app
from server.demo import world as demo
from server.errors import SamePerson
from server.http.blueprints import PAGE_BLUEPRINTS
from server.price_lists import service as price_lists
from server.quotes import service as quotes
from server.quotes import terms

EMAILS = {user.role.value: user.email for user in (*demo.USERS, demo.FACILITATOR)}
MINE = ("explore", "project_quotes", "terms")
SERVICE = "service=community_profile&region=BJ-DO-COPARGO"
PLAN = "/project-quotes/new?name=Two+steps&region=BJ-DO-COPARGO&starts_on=2026-07-01&service_1=community_profile&villages_1=3&days_1=45&service_2=community_profile&villages_2=2&days_2=30&after_2=1&lag_2=10"
PAGES = {
    "explore.what_if": (f"/quotes/what-if?{SERVICE}", "expert"),
    "explore.side_by_side": (
        f"/quotes/side-by-side?{SERVICE}&place=BJ&place=BJ-DO-COPARGO&place=DE",
        "expert",
    ),
    "explore.matrix": ("/quotes/matrix?region=BJ-DO-COPARGO", "expert"),
    "project_quotes.project_quotes": ("/project-quotes", "expert"),
    "project_quotes.plan": (PLAN, "expert"),
    "project_quotes.project_quote": ("/project-quotes/{project}", "expert"),
    "terms.terms": ("/terms", "expert"),
    "terms.new": ("/terms/new", "coordinator"),
    "terms.one": ("/terms/{terms}", "expert"),
}
FILES = {"explore.matrix_csv": ("/quotes/matrix.csv?region=BJ-DO-COPARGO", "expert")}
POSTS = {
    "project_quotes.make": ("/project-quotes", "expert"),
    "terms.propose": ("/terms", "coordinator"),
    "terms.approve": ("/terms/{terms}/approve", "finance"),
    "terms.withdraw": ("/terms/{terms}/withdraw", "coordinator"),
    "terms.retire": ("/terms/{terms}/retire", "finance"),
}


class Browser:
    """A person at a browser: keeps cookies, and sends the token of the page it looks at."""

    def __init__(self, world, role=""):
        self.world = world
        self.client = create_app(world.runtime).test_client()
        self.client.set_cookie("language", "en")
        if role:
            given = {"email": EMAILS[role], "password": demo.PASSWORD}
            assert self.post("/sign-in", data=given).status_code == 303

    def address(self, address):
        if "{project}" in address:
            address = address.format(project=project_quote(self.world))
        if "{terms}" in address:
            address = address.format(terms=self.world.read(terms.all_terms)[0].id)
        return address

    def get(self, address, **given):
        return self.client.get(self.address(address), **given)

    def post(self, address, **given):
        token = re.search(r'name="csrf-token" content="(\w+)"', self.get("/docs/problems").text)[1]
        data = {"csrf_token": token, **given.pop("data", {})}
        return self.client.post(self.address(address), data=data, **given)


def told(answer):
    """The page's text as a person reads it."""
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", answer.text)).split())


def number(amount):
    return f"{amount:,}"


def project_quote(world):
    planned = [
        quotes.PlannedService("1", world.version_id, 3, 45),
        quotes.PlannedService("2", world.version_id, 2, 30, ("1",), 10),
    ]
    return world.run(
        "expert", quotes.make_project_quote, name="Two steps", region=demo.COMMUNE, services=planned,
        starts_on=date(2026, 7, 1),
    ).id  # fmt: skip


def quote_of(world):
    return world.run(
        "expert", quotes.make_quote, version_id=world.version_id, region=demo.COMMUNE, instances=3
    ).id


# Every page --------------------------------------------------------------------------------------------


def test_no_page_of_pricing_is_untested(world):
    rules = create_app(world.runtime).url_map.iter_rules()
    assert {r.endpoint for r in rules if r.endpoint.split(".")[0] in MINE} == {*PAGES, *FILES, *POSTS}
    assert {blueprint.name for blueprint in PAGE_BLUEPRINTS} >= set(MINE)


@pytest.mark.parametrize("role", ["expert", "coordinator"])
def test_every_page_answers_in_three_languages_without_inline_script_or_style(world, role):
    browser = Browser(world, role)
    for address, by in PAGES.values():
        if by != role:
            continue
        address = browser.address(address)
        for language in ("en", "fr", "es"):
            answer = browser.get(address + ("&" if "?" in address else "?") + f"lang={language}")
            assert answer.status_code == 200, (address, told(answer)[:300])
            assert answer.text.count("<h1>") == 1, address
            assert "%(" not in answer.text, address
            assert not re.search(r"<style|<script(?! type=\"module\" src=)|\sstyle=|\son\w+=", answer.text), (
                address
            )
            assert len(re.findall(r'btn btn-primary"', answer.text)) <= 2, address


@pytest.mark.parametrize(("address", "by"), [*PAGES.values(), *FILES.values()])
def test_a_visitor_is_asked_to_sign_in_first(world, address, by):
    assert Browser(world).get(address).status_code == 302


@pytest.mark.parametrize(("address", "by"), POSTS.values())
def test_a_forged_request_changes_nothing(world, address, by):
    browser = Browser(world, by)
    assert browser.client.post(browser.address(address)).status_code == 403


@pytest.mark.parametrize(
    ("role", "address"),
    [
        ("facilitator", PAGES["explore.matrix"][0]), ("expert", "/terms/new"),
        ("coordinator", f"/quotes/side-by-side?{SERVICE}&place=DE"),
        ("coordinator", "/quotes/matrix?region=DE"), ("coordinator", "/prices/history?region=DE"),
    ],
)  # fmt: skip
def test_a_page_of_another_role_or_region_is_refused_in_words(world, role, address):
    answer = Browser(world, role).get(address)
    assert answer.status_code in (403, 404)
    assert "<h1>" in answer.text


# The quote ---------------------------------------------------------------------------------------------


def test_a_quote_says_what_is_charged_who_pays_and_what_makes_it_uncertain(world):
    quote_id = quote_of(world)
    value = world.read(quotes.quote, quote_id)
    page = told(Browser(world, "expert").get(f"/quotes/{quote_id}"))
    for amount in (value.charged_minor, value.expected_minor, value.contingency_minor, value.fund_minor):
        assert number(amount) in page
    for amount in (value.risk.p50_minor, value.risk.p95_minor):
        assert page.count(number(amount)) >= 2
    assert "What makes it uncertain" in page
    assert "How often: Hold the meeting" in page


def test_every_line_of_a_quote_opens_down_to_the_row_of_a_list(world):
    quote_id = quote_of(world)
    value = world.read(quotes.quote, quote_id)
    answer = Browser(world, "expert").get(f"/quotes/{quote_id}")
    page = told(answer)
    for line in value.lines:
        assert f"{line.price.list}, row {line.price.row}" in page
        assert f"#row-{line.price.row}" in answer.text
    assert "Copargo (Commune)" in page
    assert re.search(r"3 villages × 1\.176471 times × 1 working day × 11,500 = [\d,.]+ XOF", page)


def test_a_quote_lists_its_tasks_in_the_order_of_the_diagram(world):
    page = told(Browser(world, "expert").get(f"/quotes/{quote_of(world)}"))
    breakdown = page[page.index("Line by line") :]
    order = [breakdown.index(t) for t in ("Announce the meeting", "Hold the meeting", "Write the profile")]
    assert order == sorted(order)


def test_a_wage_below_the_minimum_is_said_on_the_quote(world):
    wage = MinimumWage("BJ", Fraction(520_000), "XOF", date(2026, 1, 1))
    world.run("national", price_lists.add_minimum_wage, wage)
    page = told(Browser(world, "expert").get(f"/quotes/{quote_of(world)}"))
    assert "To look at" in page
    assert "below the statutory minimum" in page


def test_asking_again_makes_a_new_quote_with_the_difference(world):
    quote_id = quote_of(world)
    coordination = Overhead("coordination", "percent", Fraction(50))
    made = world.run(
        "coordinator",
        terms.propose_terms,
        region=demo.COMMUNE,
        valid_from=date(2026, 1, 1),
        overheads=[coordination],
    )
    world.run("finance", terms.approve_terms, made.id)
    browser = Browser(world, "expert")
    assert "Ask again today" in browser.get(f"/quotes/{quote_id}").text
    answer = browser.post(f"/quotes/{quote_id}/again")
    assert answer.status_code == 303
    page = told(browser.get(answer.headers["Location"]))
    before = world.read(quotes.quote, quote_id)
    after = world.read(quotes.quote, answer.headers["Location"].rsplit("/", 1)[1])
    assert "What changed" in page
    assert f"+{number(after.expected_minor - before.expected_minor)}" in page
    old = browser.get(f"/quotes/{quote_id}")
    assert answer.headers["Location"] in old.text
    assert "Ask again today" not in old.text
    assert browser.post(f"/quotes/{quote_id}/again").status_code == 409


def test_a_quote_is_given_as_a_document_of_its_own(world):
    answer = Browser(world, "expert").get(f"/quotes/{quote_of(world)}/document")
    assert answer.status_code == 200
    assert "script-src" not in answer.headers["Content-Security-Policy"] or "<script" not in answer.text
    assert "Every line and where its price comes from" in told(answer)


# What if -----------------------------------------------------------------------------------------------


def test_sliders_have_the_declared_bounds_and_the_usual_number(world):
    text = Browser(world, "expert").get(PAGES["explore.what_if"][0]).text
    slider = re.search(r'<input class="form-range"[^>]*name="p_distance_km"[^>]*>', text)[0]
    assert all(part in slider for part in ('min="0"', 'max="150"', 'value="25"', 'step="1"'))
    assert "This is the price at the usual numbers." in text


def test_moving_a_slider_asks_for_the_price_only_and_stores_nothing(world):
    count = len(world.read(quotes.quotes))
    asked = f"{PAGES['explore.what_if'][0]}&p_distance_km=100"
    browser = Browser(world, "expert")
    part = browser.get(asked, headers={"HX-Request": "true"})
    assert part.status_code == 200
    assert "<html" not in part.text
    assert 'hx-swap-oob="true"' in part.text
    given = {"version_id": world.version_id, "region": demo.COMMUNE, "parameters": {"distance_km": 100}}
    value = world.read(quotes.calculate, **given, who="expert")
    assert number(value.charged_minor) in told(part)
    assert re.search(r"\+\d+\s%", told(part))
    assert number(value.charged_minor) in told(browser.get(asked)), "without a script it is a form"
    assert len(world.read(quotes.quotes)) == count


@pytest.mark.parametrize("typed", ["p_distance_km=151", "p_distance_km=many", "villages=0", "on=tomorrow"])
def test_numbers_out_of_bounds_are_said_beside_the_sliders(world, typed):
    asked = f"{PAGES['explore.what_if'][0]}&{typed}"
    browser = Browser(world, "expert")
    assert browser.get(asked).status_code == 422
    part = browser.get(asked, headers={"HX-Request": "true"})
    assert part.status_code == 422
    assert "run-notice" in part.text


# Side by side, and everywhere --------------------------------------------------------------------------


def test_places_stand_side_by_side_with_what_is_missing(world):
    page = told(Browser(world, "expert").get(PAGES["explore.side_by_side"][0]))
    for code in ("BJ", demo.COMMUNE):
        value = world.read(quotes.calculate, version_id=world.version_id, region=code, who="expert")
        assert number(value.charged_minor) in page
        for task in value.tasks.values():
            assert number(task.amount_minor) in page
    assert re.search(r"Germany: \d+ prices are missing", page)


def test_the_matrix_is_that_of_the_quotes(world):
    answer = Browser(world, "expert").get(FILES["explore.matrix_csv"][0])
    rows = list(csv.DictReader(io.StringIO(answer.data.decode("utf-8-sig"))))
    assert len(rows) == 5
    page = told(Browser(world, "expert").get(PAGES["explore.matrix"][0]))
    for row in rows:
        value = world.read(quotes.calculate, version_id=world.version_id, region=row["region"], who="expert")
        assert int(row["expected"]) == value.catalogue_minor
        assert number(value.catalogue_minor) in page


def test_a_cell_without_a_price_is_marked_and_leads_to_what_is_missing(world):
    answer = Browser(world, "expert").get("/quotes/matrix?region=DE")
    assert 'data-state="price_missing"' in answer.text
    assert "region=DE" in answer.text


def test_a_spreadsheet_runs_nothing_of_the_matrix():
    from server.quotes.explore import _harmless

    assert _harmless("=1+1") == "'=1+1"
    assert _harmless("Copargo") == "Copargo"


# Projects ----------------------------------------------------------------------------------------------


def test_a_project_is_priced_month_by_month_and_kept(world):
    browser = Browser(world, "expert")
    page = told(browser.get(PLAN))
    planned = world.read(quotes.project_quote, project_quote(world))
    assert number(planned.charged_minor) in page
    for month in planned.months:
        assert number(month.cash_minor) in page
    assert "after: Community profile" in page
    before = len(world.read(quotes.project_quotes))
    given = dict(part.split("=") for part in PLAN.partition("?")[2].split("&"))
    answer = browser.post("/project-quotes", data=given)
    assert answer.status_code == 303
    assert len(world.read(quotes.project_quotes)) == before + 1
    assert number(planned.charged_minor) in told(browser.get(answer.headers["Location"]))


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ("villages_1=0", "Enter a whole number"), ("days_1=x", "Enter a whole number"),
        ("after_2=5", "Row 5 has no service"), ("after_1=2", "wait for each other"),
        ("service_1=nothing", "Choose a service of the list"), ("starts_on=soon", "Enter a day"),
    ],
)  # fmt: skip
def test_a_plan_that_makes_no_sense_is_said_and_keeps_what_was_typed(world, changed, words):
    name = changed.partition("=")[0]
    asked = re.sub(rf"{name}=[^&]*", changed, PLAN) if f"{name}=" in PLAN else f"{PLAN}&{changed}"
    answer = Browser(world, "expert").get(asked)
    assert answer.status_code == 422
    assert words in told(answer)
    assert 'value="Two steps"' in answer.text


# Terms -------------------------------------------------------------------------------------------------


def test_terms_are_proposed_by_one_and_approved_by_another(world):
    given = {
        "region": demo.COMMUNE, "valid_from": "2026-01-01", "source": "Decision 7", "o_code_1": "coordination",
        "o_value_1": "12,5", "o_kind_1": "percent", "c_party_1": "commune", "c_kind_1": "fixed",
        "c_value_1": "5 000", "c_scope_1": "task:hold_meeting", "c_memo_1": "yes",
    }  # fmt: skip
    answer = Browser(world, "coordinator").post("/terms", data=given)
    assert answer.status_code == 303
    address = answer.headers["Location"]
    found = world.read(terms.content, address.rsplit("/", 1)[1])
    assert found.overheads == (Overhead("coordination", "percent", Fraction(25, 2)),)
    assert found.contributions == (
        Contribution("commune", "fixed", "task:hold_meeting", Fraction(5000), None, memo=True),
    )
    finance = Browser(world, "finance")
    page = told(finance.get(address))
    assert "12.5 %" in page
    assert "5,000 XOF of the task hold_meeting; shown, not paid" in page
    assert finance.post(f"{address}/approve").status_code == 303
    assert world.read(terms.terms_in_force, demo.COMMUNE, date(2026, 6, 1)).id == found.id
    assert finance.post(f"{address}/retire").status_code == 303
    assert "Retired" in told(finance.get(address))


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"valid_from": "", "o_code_1": "tax", "o_value_1": "18"}, "Enter a day"),
        ({"o_code_1": "tax"}, "Enter how much"), ({"o_code_1": "tax", "o_value_1": "NaN"}, "Enter a number"),
        ({}, "Enter an overhead or a contribution"), ({"o_code_1": "tax", "o_value_1": "-3"}, "overhead"),
    ],
)  # fmt: skip
def test_terms_that_make_no_sense_are_refused_at_their_field(world, given, words):
    data = {"region": demo.COMMUNE, "valid_from": "2026-01-01", "source": "Decision 7", **given}
    answer = Browser(world, "coordinator").post("/terms", data=data)
    assert answer.status_code == 422
    assert words in told(answer)
    assert 'value="Decision 7"' in answer.text


# Price lists -------------------------------------------------------------------------------------------


def test_the_course_of_a_price_has_a_line_for_each_level_and_the_table(world):
    answer = Browser(world, "coordinator").get("/prices/history?item=MOTO.KM&region=BJ-DO-COPARGO")
    assert answer.status_code == 200
    assert answer.text.count('<g class="run-chart__series-') == 2
    assert re.search(r"price-list\S*, row \d+|\w+, row \d+", told(answer))


def test_a_list_is_retired_by_somebody_else_than_who_imported_it(world):
    row = world.read(price_lists.price_lists)[0]
    expert = Browser(world, "expert")
    assert "Retire this list" in expert.get(f"/prices/lists/{row.id}").text
    importer = replace(world.actors["expert"], user_id=row.imported_by)
    with pytest.raises(SamePerson):
        world.run(importer, price_lists.retire_price_list, row.id)
    assert expert.post(f"/prices/lists/{row.id}/retire").status_code == 303
    page = told(expert.get(f"/prices/lists/{row.id}"))
    assert "retired" in page
    assert "Elise Kponton" in page


def test_a_file_with_faults_comes_back_marked(world):
    data = demo.file("price_list_copargo.xlsx")
    book = openpyxl.load_workbook(io.BytesIO(data))
    sheet = book.worksheets[0]
    place = next(
        c for row in sheet.iter_rows() for c in row if isinstance(c.value, int | float) and c.row > 1
    )
    place.value = "cheap"
    stream = io.BytesIO()
    book.save(stream)
    browser = Browser(world, "coordinator")
    checked = browser.post("/prices/import", data={"file": (io.BytesIO(stream.getvalue()), "faults.xlsx")})
    assert checked.status_code == 422
    assert "Marked workbook" in checked.text
    kept = re.search(r'name="content" value="([^"]+)"', checked.text)[1]
    assert base64.b64decode(kept) == stream.getvalue()
    answer = browser.post("/prices/import/marked", data={"filename": "faults.xlsx", "content": kept})
    assert answer.status_code == 200
    assert "faults-marked.xlsx" in answer.headers["Content-Disposition"]
    assert "report" in openpyxl.load_workbook(io.BytesIO(answer.data)).sheetnames


# Minimum wages and drafts taken back ---------------------------------------------------------------------


def test_a_minimum_wage_is_added_on_its_page_and_never_edited(world):
    coordinator = Browser(world, "coordinator")
    typed = {"region": demo.COMMUNE, "valid_from": "2026-07-01", "amount": "60 000,5", "unit": "MON",
             "monthly_hours": "169", "source": "Decree 46"}  # fmt: skip
    assert coordinator.post("/prices/minimum-wages", data=typed).status_code == 303
    (wage,) = (w for w in world.read(price_lists.minimum_wages) if w.region == demo.COMMUNE)
    assert (wage.amount, wage.currency, wage.monthly_hours, wage.source) == (
        Fraction(120001, 2), "XOF", 169, "Decree 46",
    )  # fmt: skip
    page = told(coordinator.get("/prices/minimum-wages"))
    assert "Decree 46" in page
    assert "60,000.5" in page
    coordinator.post("/prices/minimum-wages", data={**typed, "amount": "1"})
    assert "it stays" in told(coordinator.get("/prices/minimum-wages"))
    assert world.read(price_lists.minimum_wages)[-1].amount != 1


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"amount": "much"}, "amount"),
        ({"amount": "-1"}, "amount"),
        ({"amount": ""}, "amount"),
        ({"valid_from": "soon"}, "valid_from"),
        ({"monthly_hours": "0"}, "monthly_hours"),
        ({"monthly_hours": "1e9"}, "monthly_hours"),
        ({"region": ""}, "region"),
    ],
)
def test_a_senseless_minimum_wage_is_asked_back_at_its_field(world, change, field):
    typed = {"region": demo.COMMUNE, "valid_from": "2026-07-01", "amount": "60000", **change}
    before = world.read(price_lists.minimum_wages)
    answer = Browser(world, "coordinator").post("/prices/minimum-wages", data=typed)
    assert answer.status_code == 422
    assert f'id="{field}-error"' in answer.text
    assert world.read(price_lists.minimum_wages) == before


def test_minimum_wages_are_read_by_staff_and_added_at_home_only(world):
    assert Browser(world, "expert").get("/prices/minimum-wages").status_code == 200
    typed = {"region": "DE", "valid_from": "2026-07-01", "amount": "9"}
    assert Browser(world, "coordinator").post("/prices/minimum-wages", data=typed).status_code in (403, 404)
    assert Browser(world, "expert").post("/prices/minimum-wages", data=typed).status_code == 403


HEAD = "item,region,price (XOF),valid_from\n"


def test_a_coordinator_takes_the_own_draft_back_but_no_approved_list(world):
    coordinator = Browser(world, "coordinator")
    data = (HEAD + f"MOTO.KM,{demo.COMMUNE},80,2027-01-01\n").encode()
    row = world.run("coordinator", price_lists.import_price_list, data, filename="own.csv")
    assert "Withdraw this list" in told(coordinator.get(f"/prices/lists/{row.id}"))
    assert coordinator.post(f"/prices/lists/{row.id}/withdraw").status_code == 303
    assert world.read(price_lists.price_list, row.id).status == "retired"
    row = world.run("coordinator", price_lists.import_price_list, data, filename="own.csv")
    world.run("expert", price_lists.approve_price_list, row.id)
    assert coordinator.post(f"/prices/lists/{row.id}/withdraw").status_code == 409
    assert coordinator.post(f"/prices/lists/{row.id}/retire").status_code == 403


def test_proposed_terms_are_taken_back_until_they_are_approved(world):
    coordinator = Browser(world, "coordinator")
    made = world.run(
        "coordinator", terms.propose_terms, region=demo.COMMUNE, fund="", valid_from=date(2027, 1, 1), overheads=(),
        contributions=(),
    ).id  # fmt: skip
    assert "Withdraw these terms" in told(coordinator.get(f"/terms/{made}"))
    assert coordinator.post(f"/terms/{made}/withdraw").status_code == 303
    assert world.read(terms.terms_row, made).status == "retired"
    assert coordinator.post(f"/terms/{made}/withdraw").status_code == 409


def test_a_dry_run_refuses_what_the_import_would_refuse(world):
    data = (HEAD + "MOTO.KM,BJ,80,2027-01-01\n").encode()
    answer = Browser(world, "coordinator").post(
        "/prices/import", data={"file": (io.BytesIO(data), "own.csv")}, content_type="multipart/form-data"
    )
    assert answer.status_code == 403


def test_the_report_of_a_file_names_row_column_and_value_in_the_readers_language(world):
    coordinator = Browser(world, "coordinator")
    coordinator.client.set_cookie("language", "fr")
    data = (HEAD + f"MOTO.KM,{demo.COMMUNE},cher,2027-01-01\n").encode()
    sent = {"file": (io.BytesIO(data), "own.csv")}
    page = told(coordinator.post("/prices/import", data=sent, content_type="multipart/form-data"))
    assert "price (XOF)" in page
    assert "cher" in page
    assert "not-a-number" in page
    assert "row 2, column typical" not in page


@pytest.mark.parametrize(
    "address",
    [
        f"/quotes/what-if?{SERVICE}&p_households=1e999999",
        f"/quotes/what-if?{SERVICE}&p_households=1e-999999",
        f"/quotes/price?{SERVICE}&p_households=1e999999",
        "/project-quotes/new?name=x&region=BJ-DO-COPARGO&starts_on=9999-12-01&service_1=community_profile"
        "&villages_1=1&days_1=9999",
    ],
)
def test_impossible_numbers_and_days_in_an_address_are_asked_back(world, address):
    assert Browser(world, "expert").get(address).status_code in (200, 422)
