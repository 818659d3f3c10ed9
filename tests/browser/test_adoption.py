"""Translating side by side and adopting a version, in a real browser."""

import re

import pytest
from playwright.sync_api import expect

from server.actor import SYSTEM
from server.catalogue import service as catalogue
from server.drafts import service as drafts
from server.texts import service as texts
from service_library import texts as service_texts
from tests.browser.crawl import WHO

pytestmark = pytest.mark.browser
CODE = "community_profile"
TITLE = "diagram:announce:title"


@pytest.fixture
def draft(site):
    """A draft whose first title has changed in English, and whose survey lacks its French title."""
    version = site.runtime.read(SYSTEM, catalogue.find_version, CODE).version
    row = site.runtime.run(SYSTEM, drafts.make, drafts.FromVersion(CODE, version)).row
    held = site.runtime.read(SYSTEM, drafts.content, row.id)
    changes = {TITLE: {"en": "Call everybody to the meeting"}, "diagram:survey:title": {"fr": ""}}
    new = service_texts.apply(held.bpmn, held.form_sources, changes)
    site.runtime.run(SYSTEM, drafts.save_diagram, row.id, new.bpmn, expected=row.diagram_revision)
    return row.id


def text_of(site, draft, key, language="fr"):
    entries = site.runtime.read(SYSTEM, texts.sheet, draft).entries
    return next(e for e in entries if e.key == key).texts.get(language, "")


def field(page, key):
    return page.locator("form[data-text]").filter(has=page.locator(f'input[name=key][value="{key}"]'))


@pytest.mark.parametrize("width", [1280, 360])
def test_a_text_is_translated_by_keyboard_and_the_next_one_is_reached(open_window, site, draft, width):
    page = open_window(email=WHO["coordinator"], width=width).page
    page.goto(f"/drafts/{draft}/texts/fr")
    title, survey = field(page, TITLE), field(page, "diagram:survey:title")
    expect(title.locator(".run-badge")).to_have_text("Original changed")
    expect(title.locator("ins").first).to_contain_text("Call")
    title.locator("textarea").focus()
    page.keyboard.press("Control+Enter")  # it still says the same
    expect(title.locator(".run-badge")).to_have_text("Translated")
    expect(survey.locator("textarea")).to_be_focused()
    page.keyboard.type("Enquêter auprès des ménages")
    page.keyboard.press("Control+Enter")
    expect(survey.locator("[data-said]")).to_contain_text("Saved.")
    assert text_of(site, draft, "diagram:survey:title") == "Enquêter auprès des ménages"
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.goto(f"/drafts/{draft}/texts/fr?show=todo")
    expect(page.locator(".run-empty")).to_contain_text("Nothing to do here")


def test_two_translators_see_each_others_text_and_choose(open_window, site, draft):
    one = open_window(email=WHO["coordinator"])
    other = open_window(email=WHO["expert"]).page
    for page in (one.page, other):
        page.goto(f"/drafts/{draft}/texts/fr")
    field(other, TITLE).locator("textarea").fill("Convoquer")
    field(other, TITLE).locator("textarea").press("Control+Enter")
    expect(field(other, TITLE).locator("[data-said]")).to_contain_text("Saved.")
    mine = field(one.page, TITLE)
    mine.locator("textarea").fill("Appeler")
    mine.locator("textarea").press("Control+Enter")
    expect(mine.locator("[data-said]")).to_contain_text("changed this translation")
    expect(mine.locator("[data-said]")).to_contain_text("Convoquer")
    assert text_of(site, draft, TITLE) == "Convoquer"
    mine.get_by_role("button", name="Save mine all the same").click()
    expect(mine.locator("[data-said]")).to_contain_text("Saved.")
    assert text_of(site, draft, TITLE) == "Appeler"
    # the browser itself logs the refusal
    one.errors[:] = [told for told in one.errors if "409" not in told]


def test_a_region_adopts_a_version_with_its_overlay(open_window, site):
    window = open_window(email=WHO["coordinator"])
    page = window.page
    page.goto("/services")
    page.get_by_role("link", name="Adoptions").click()
    page.get_by_role("link", name="Adopt a service").first.click()
    page.get_by_label("Service", exact=True).select_option(CODE)
    expect(page).to_have_url(re.compile("service="))
    page.get_by_label("Language people work in").select_option("fr")
    page.get_by_label("Announce the meeting").fill("99")
    page.get_by_role("button", name="Propose").click()
    expect(page.locator(".run-errors")).to_contain_text("99 working days")
    page.get_by_label("Announce the meeting").fill("3")
    page.get_by_role("button", name="Propose").click()
    expect(page.locator("main")).to_contain_text("It conforms")
    expect(page.get_by_role("button", name="Adopt", exact=True)).to_have_count(0)
    other = open_window(email=WHO["expert"]).page
    other.goto(page.url)
    other.get_by_role("button", name="Adopt", exact=True).click()
    expect(other.locator(".run-title .run-badge")).to_have_text("Adopted")
    page.goto(f"/services?region=BJ-DO-COPARGO&q={CODE}")
    expect(page.locator(".run-grid")).to_contain_text("Copargo")
    # the browser itself logs the refusal of 99 days
    window.errors[:] = [told for told in window.errors if "422" not in told]


def test_a_draft_is_compared_with_what_is_published(open_window, draft):
    page = open_window(email=WHO["expert"]).page
    page.goto(f"/drafts/{draft}/compare?language=en")
    expect(page.locator("h1")).to_contain_text("What does the draft change")
    expect(page.locator("#element-announce del")).to_contain_text("Announce")
    expect(page.locator(".run-drawing svg").first).to_be_visible()
    expect(page.locator("#stale")).to_be_visible()
