"""Issue 5 in one story: drawn from nothing, filled, priced, reviewed, published, changed, compared, adopted.

They do it by the pages alone: two experts, and a coordinator whose proposal to adopt another confirms. No page may
complain or break the content policy on the way, and nobody may publish what the other has not approved.
"""

import io
import re

import pytest
from babel.messages.pofile import read_po, write_po
from playwright.sync_api import expect

from server.demo.world import REVIEWER
from service_library import starters
from tests import browser_support as support
from tests.browser import modeler
from tests.browser.crawl import WHO
from tests.browser.test_modeler import (
    NOTHING,
    choose,
    expect_saved,
    fill_work_and_evidence,
    group,
    tasks,
    title,
)

pytestmark = pytest.mark.browser
FORMS = {"request": "the request", "evaluation": "the evaluation", "deliver": "the delivery"}


@pytest.fixture
def person(chromium, drawing_site):
    """person(email): their window; at the end no page may have complained or broken the security policy."""
    windows = []

    def open_one(email):
        windows.append(support.open_window(chromium, drawing_site, email=email))
        return windows[-1].page

    yield open_one
    told = [window.wrong() for window in windows]
    for window in windows:
        window.context.close()
    assert told == [[]] * len(windows)


def begin(page):
    """A draft from a file that holds one event, and its three forms; the address of the draft."""
    page.goto("/drafts/new")
    page.get_by_label("BPMN file", exact=True).set_input_files(
        {"name": "well.bpmn", "mimeType": "application/xml", "buffer": NOTHING}
    )
    page.get_by_role("button", name="Import").click()
    expect(page.get_by_role("heading", name="Well repair", level=1)).to_be_visible()
    expect(page.get_by_text("There is no end event.")).to_be_visible()
    draft = page.url
    made = starters.make("single_delivery", code="well_repair", names={"en": "Well repair"}, version="1.0.0")
    for ref in FORMS:
        page.get_by_text("Add a form or a decision model").click()
        adding = page.locator("details.run-open form")
        adding.get_by_label("File", exact=True).set_input_files(
            {"name": f"{ref}.md", "mimeType": "text/markdown", "buffer": made.forms[ref]}
        )
        adding.get_by_role("button", name="Add").click()
        expect(page.get_by_role("row", name=re.compile(ref))).to_have_count(1)
    return draft


def add_form(page, groups, ref, role=""):
    """A form on the card that is open."""
    forms = group(page, groups)
    forms.get_by_role("button", name="Add a form").click()
    last = forms.locator("[data-item]").last
    if role:
        last.get_by_label("Used for").select_option(label=role)
    name = last.get_by_role("combobox", name="Form", exact=True)
    name.fill(ref)
    name.press("Enter")
    last.get_by_label("Version").fill("1.0.0")


def fill_service(page):
    """The card of the service."""
    page.locator(".mo-row").first.click()
    card = group(page, "service")
    card.get_by_label("Name").fill("Well repair")
    card.get_by_label("Purpose").fill("The village has water again.")
    card.get_by_label("Justification").fill("A broken pump sends people to the river.")
    outputs = group(page, "outputs")
    outputs.get_by_role("button", name="Add an output").click()
    outputs.get_by_role("textbox", name="Output").fill("One pump that gives water")
    outputs.get_by_label("Quantity").fill("1")
    unit = outputs.get_by_role("combobox", name="Unit")
    unit.fill("C62")
    unit.press("Enter")
    add_form(page, "service-forms", "request", "the request")
    add_form(page, "service-forms", "evaluation", "the evaluation")


def fill_task(page, task):
    """The card of the task: work, evidence, skill, money, form. The finding vanishes, the price moves."""
    choose(page, task)
    fill_work_and_evidence(page)

    skill = group(page, "skill").get_by_role("combobox")
    skill.press("ArrowDown")  # by the arrows alone: typing nothing is no choice of nothing
    skill.press("ArrowDown")
    skill.press("Enter")
    chosen = skill.input_value()
    assert chosen
    skill.click()
    title(page).click()
    expect(skill).to_have_value(chosen)
    money = group(page, "money")
    money.get_by_role("button", name="Add an expense").click()
    item = money.get_by_role("combobox", name="Item of the price list")
    item.fill("moto")
    item.press("Enter")
    money.get_by_label("Quantity").fill("2 * 12")
    money.get_by_label("What it is for").fill("The way to the well")
    price = page.locator('.mm-drawer__tab [data-note="pricePanel"]')
    expect(price).to_contain_text(re.compile(r"\d"))
    cheap = price.inner_text()
    money.get_by_label("Quantity").fill("20 * 12")
    expect(price).not_to_have_text(cheap)
    money.get_by_role("button", name="Add an honorarium").click()
    fee = money.get_by_role("combobox", name="Item of the price list").last
    fee.fill("FEE.LOGI")
    fee.press("Enter")
    money.get_by_label("Quantity").last.fill("1")
    add_form(page, "forms", "deliver")
    instructions = group(page, "instructions")
    instructions.get_by_label("Instructions").last.fill("1. Close the pump\n2. Change the **seal**")
    findings = page.locator(".mp-findings")
    expect(findings).not_to_contain_text("skill")
    expect(findings).not_to_contain_text("honorarium")


def translate(page, draft):
    """The texts in French and Spanish by way of a PO file, as a translator sends it back."""
    for language in ("fr", "es"):
        file = page.context.request.get(f"{draft}/texts/{language}.po").body()
        words = read_po(io.BytesIO(file), locale=language)
        for message in words:
            if message.id and not message.string:
                message.string = f"{message.id} ({language})"
        out = io.BytesIO()
        write_po(out, words)
        page.goto(f"{draft}/texts/{language}")
        page.get_by_label("PO file in").set_input_files(
            {"name": f"{language}.po", "mimeType": "text/x-gettext-translation", "buffer": out.getvalue()}
        )
        page.get_by_role("button", name="Take it over").click()
        page.wait_for_load_state()


def publish(author, reviewer, draft, version):
    """Asked for by one, approved by the other, published by the first."""
    author.goto(draft)
    author.get_by_role("button", name="Ask for a review").click()
    expect(author.get_by_text("Your draft waits for a review.")).to_be_visible()
    expect(author.get_by_role("button", name="Approve")).to_have_count(0)
    reviewer.goto(f"{draft}/review")
    reviewer.get_by_role("button", name="Approve").click()
    expect(reviewer.get_by_text("The draft is approved.")).to_be_visible()
    author.goto(draft)
    author.get_by_role("button", name=f"Publish version {version}").click()
    expect(author.get_by_text(f"Version {version} is published.")).to_be_visible()


def test_a_service_from_nothing_to_a_region(person):
    page = person(WHO["expert"])
    draft = begin(page)
    page.goto(f"{draft}/modeler")
    page.wait_for_selector(modeler.KNOWING, timeout=20_000)
    choose(page, "start")
    page.get_by_title("Then a task of a person").click()
    page.keyboard.type("Repair the well")
    page.locator(".mo-row").first.click()
    (task,) = tasks(page)
    choose(page, task)
    page.get_by_title("Then the end").click()
    fill_service(page)
    fill_task(page, task)
    expect_saved(page)
    translate(page, draft)
    publish(page, person(REVIEWER.email), draft, "1.0.0")

    # the next version is changed, compared and published likewise
    page.get_by_role("link", name="Change this service").click()
    page.get_by_role("button", name="Copy").click()
    page.wait_for_selector(modeler.KNOWING, timeout=20_000)
    choose(page, task)
    money = group(page, "money")
    money.locator(".mp-item__title").first.click()
    with page.expect_response(lambda answer: answer.request.method == "PUT"):
        money.get_by_label("Quantity").first.fill("30 * 12")
    expect_saved(page)
    changed = page.url.removesuffix("/modeler")
    page.goto(f"{changed}/compare?language=en")
    expect(page.locator("main")).to_contain_text("30 * 12")
    page.goto(changed)
    publish(page, person(REVIEWER.email), changed, "1.1.0")

    coordinator = person(WHO["coordinator"])
    coordinator.goto("/adoptions/new?service=well_repair&version=1.1.0")
    coordinator.get_by_label("Language people work in").select_option("fr")
    coordinator.get_by_role("button", name="Propose").click()
    expect(coordinator.locator("main")).to_contain_text("It conforms")
    second = person(REVIEWER.email)
    second.goto(coordinator.url)
    second.get_by_role("button", name="Adopt", exact=True).click()
    expect(second.locator(".run-title .run-badge")).to_have_text("Adopted")
