"""Reports on pages: each figure opens, each report is a file, filters of anybody are refused in words."""

import re
from html import unescape

import pytest

from server.reports import service as reports
from server.reports import writing
from tests.server.test_pages_money import Browser
from tests.server.test_pages_work import browser


@pytest.fixture(scope="module")
def finance(attacked):
    return Browser(attacked, "finance")


def links(answer):
    return [unescape(link) for link in re.findall(r'href="(/(?!static/)[^"]*)"', answer.text)]


def test_the_index_leads_to_every_report_and_every_statement(finance, attacked):
    page = finance.get("/finance/reports")
    found = links(page)
    assert {f"/finance/reports/{name}" for name in reports.REPORTS} <= set(found)
    assert sum(link.startswith("/finance/statements/") for link in found) == len(
        {row.person_id for row in attacked.payables()}
    )


@pytest.mark.parametrize("name", reports.REPORTS)
def test_every_link_of_a_report_leads_somewhere(finance, name):
    page = finance.get(f"/finance/reports/{name}")
    assert page.status_code == 200
    for link in sorted(set(links(page))):
        assert finance.get(link).status_code == 200, link


def test_two_clicks_lead_from_a_franc_to_its_village_and_its_photo(finance, attacked):
    person_id = attacked.payables()[0].person_id
    first = finance.get(f"/finance/statements/{person_id}")
    assert any(link.startswith("/villages/") for link in links(first))
    assert any("/files/" in link for link in links(first))
    entry = next(link for link in links(first) if re.fullmatch(r"/ledger/entries/[0-9a-f-]{36}", link))
    second = finance.get(entry)
    assert any(link.startswith("/villages/") for link in links(second))
    delivery = next(link for link in links(second) if link.startswith("/deliveries/"))
    assert "/files/" in finance.get(delivery).text


@pytest.mark.parametrize("form", writing.TYPES)
def test_a_report_is_downloaded_in_each_form(finance, form):
    answer = finance.get(f"/finance/reports/budget?by=month&format={form}")
    assert answer.status_code == 200
    assert answer.headers["Content-Disposition"].endswith(f".{form}")
    assert answer.content_type == writing.TYPES[form]


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("from=2026-99-01", 422), ("from=2026-02-02&to=2026-02-01", 422), ("by='--", 422), ("fund=%00", 404),
        ("region=%3Cscript%3E", 404), ("format=exe", 404), ("from=" + "9" * 3000, 422), ("by=month&by=fund", 200),
    ],
)  # fmt: skip
def test_hostile_filters_are_refused_in_words(finance, query, status):
    answer = finance.get(f"/finance/reports/budget?{query}")
    assert answer.status_code == status
    assert "<script>" not in answer.text.partition("<main")[2]
    assert "Traceback" not in answer.text


def test_the_journal_is_downloaded(finance):
    for form in ("csv", "beancount", "json"):
        answer = finance.get(f"/finance/journal/{form}")
        assert answer.status_code == 200
        assert answer.data
    assert finance.get("/finance/journal/exe").status_code == 404
    assert finance.get("/finance/journal/json").get_json()[0]["seq"] == 1


def test_a_facilitator_has_the_own_statement_and_no_report(owing):
    person_id = owing.payables()[0].person_id
    mine = browser(owing, person_id)
    page = mine.get("/my/statement")
    assert page.status_code == 200
    assert mine.get("/my/statement?format=pdf").data.startswith(b"%PDF")
    for address in (
        "/finance/reports",
        "/finance/reports/tax",
        f"/finance/statements/{person_id}",
        "/finance/journal/csv",
    ):
        assert mine.get(address).status_code == 403
    for link in links(page):
        assert mine.get(link).status_code in (200, 303), link
