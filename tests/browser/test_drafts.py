"""A draft's way in a browser: begun, drawn, reviewed by somebody else, published, compared, recalled."""

import pytest
from playwright.sync_api import expect

from server.demo.world import REVIEWER
from tests import browser_support as support
from tests.browser.crawl import WHO
from tests.browser.modeler import KNOWING
from tests.browser.test_every_page import AXE, CHECK_AXE

pytestmark = pytest.mark.browser


@pytest.fixture
def person(chromium, drawing_site):
    """person(email): their window; at the end no page may have complained or broken the security policy."""
    windows = []

    def open_one(email, **given):
        windows.append(support.open_window(chromium, drawing_site, email=email, **given))
        return windows[-1].page

    yield open_one
    told = [window.wrong() for window in windows]
    for window in windows:
        window.context.close()
    assert told == [[]] * len(windows)


def ask_for_review(page, name, note):
    """Begin a service from a starter by the pages, look at it in the modeler, hand it over; its address."""
    page.goto("/services")
    page.get_by_role("link", name="New service").click()
    page.get_by_label("Village meeting").check()
    starter = page.get_by_role("region", name="From a starter")
    for language in ("English", "French", "Spanish"):
        starter.get_by_label(f"Name in {language}").fill(name)
    starter.get_by_role("button", name="Begin").click()
    page.wait_for_selector(KNOWING, timeout=20_000)
    page.goto(page.url.removesuffix("/modeler"))
    page.get_by_label("What should the reviewer look at?").fill(note)
    page.get_by_role("button", name="Ask for a review").click()
    expect(page.get_by_text("Your draft waits for a review.")).to_be_visible()
    return page.url


def test_a_draft_is_reviewed_by_another_person_published_and_compared(person):
    author, reviewer = person(WHO["expert"]), person(REVIEWER.email)
    draft = ask_for_review(author, "Meeting at the well", "Is 50 the right quorum?")
    expect(author.get_by_role("button", name="Approve")).to_have_count(0)

    reviewer.goto("/")
    reviewer.get_by_role("link", name="The draft of Meeting at the well waits for your review").click()
    expect(reviewer.get_by_text("Is 50 the right quorum?")).to_be_visible()
    reviewer.get_by_label("About").select_option(label="Hold the meeting")
    reviewer.get_by_label("Comment", exact=True).fill("Forty are enough here.")
    reviewer.get_by_role("button", name="Comment", exact=True).click()
    expect(reviewer.get_by_text("Your comment is there.")).to_be_visible()

    author.goto(draft)
    expect(author.get_by_text("Forty are enough here.")).to_be_visible()
    author.get_by_role("button", name="Resolved").click()

    reviewer.goto(f"{draft}/review")
    reviewer.get_by_role("button", name="Approve").click()
    expect(reviewer.get_by_text("The draft is approved.")).to_be_visible()

    author.goto(draft)
    author.get_by_role("button", name="Publish version 1.0.0").click()
    expect(author.get_by_text("Version 1.0.0 is published.")).to_be_visible()
    expect(author.get_by_role("heading", name="Meeting at the well", level=1)).to_be_visible()

    # the next version: only the name of its number differs yet
    author.get_by_role("link", name="Change this service").click()
    author.get_by_role("button", name="Copy").click()
    author.wait_for_selector(KNOWING, timeout=20_000)
    author.goto(author.url.removesuffix("/modeler"))
    expect(author.get_by_role("heading", name="Changed since version 1.0.0")).to_be_visible()
    expect(author.get_by_text("Nothing but the position of shapes.")).to_be_visible()


def test_a_draft_that_is_sent_back_is_open_again_with_the_reviewer_s_words(person):
    author, reviewer = person(WHO["expert"]), person(REVIEWER.email)
    draft = ask_for_review(author, "Meeting at the school", "")
    author.goto(f"{draft}/modeler")
    author.wait_for_selector(KNOWING, timeout=20_000)

    reviewer.goto(f"{draft}/review")
    reviewer.get_by_label("Words for the authors").fill("The report is missing a date.")
    reviewer.get_by_role("button", name="Send back").click()
    expect(reviewer.get_by_text("The draft is sent back with your words.")).to_be_visible()

    author.goto("/")
    author.get_by_role("link", name="The draft of Meeting at the school was sent back to you").click()
    expect(author.get_by_text("The report is missing a date.")).to_be_visible()
    expect(author.get_by_role("button", name="Ask for a review")).to_be_visible()


def test_a_recalled_version_says_so_and_is_not_offered(person):
    reviewer = person(REVIEWER.email)
    reviewer.goto("/services/community_profile/1.0.0")
    reviewer.get_by_text("Take out of use").click()
    recall = reviewer.locator("form", has=reviewer.get_by_role("button", name="Recall"))
    recall.get_by_label("Why?").fill("The consent form is wrong.")
    recall.get_by_role("button", name="Recall").click()
    expect(reviewer.get_by_text("nothing new begins with it. The consent form is wrong.")).to_be_visible()


@pytest.mark.parametrize("width", [1280, 360])
def test_the_pages_of_a_draft_are_accessible_and_fit(person, width):
    page = person(WHO["expert"], width=width)
    draft = ask_for_review(page, "Meeting at the mill", "Look.")
    for address in ("/drafts", "/drafts/new", draft, f"{draft}/review"):
        page.goto(address)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, address
        page.evaluate(AXE.read_text("utf-8"))
        assert page.evaluate(CHECK_AXE) == [], address
