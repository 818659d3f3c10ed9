"""The chain of ARCHITECTURE.md through the real pages: everybody signs in and does their part.

From a drawn service to a paid facilitator and a proof that anybody can check, with the amounts of the quote on
every page between. One story, because each person needs what the one before has done.
"""

import io
import re
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
from PIL import Image
from playwright.sync_api import Locator, Page, expect

from payments import simulated_bank
from payments.rails import mobile_money, pain001
from payments.rails.profiles import mobile_money_profile
from server.demo.world import COMMUNE, PASSWORD
from tests.browser_support import Site, Window

pytestmark = pytest.mark.browser

FACILITATOR = "Afi Dossou"
PLACE = {"latitude": 9.84, "longitude": 1.55, "accuracy": 8}
PROJECT = "Profiles walked in a browser"
TASK = "Announce the meeting"
SERVICE = "Community profile"
ARRONDISSEMENT = "BJ-DO-COPARGO-PABEGOU"
MEETING_PLACE = "Under the tree at the market"
REASON = "The notice in the picture cannot be read. Take the picture again, nearer."


@dataclass
class Story:
    """What one person leaves for the next."""

    site: Site
    open_window: Callable[..., Window]
    windows: dict[str, Window] = field(default_factory=dict)
    villages: list[str] = field(default_factory=list)
    project: str = ""
    instance: str = ""
    task: str = ""
    delivery: str = ""
    pay: int = 0
    net: int = 0

    def page(self, role: str) -> Page:
        """The window of the person with that role; the first time they sign in on the sign-in page."""
        if role not in self.windows:
            phone = {"width": 390, "height": 800, "geolocation": PLACE, "permissions": ["geolocation"]}
            window = self.open_window(**(phone if role == "facilitator" else {}))
            page = window.page
            page.goto("/sign-in")
            labelled(page, "E-mail address").fill(f"{role}@demo.example")
            labelled(page, "Password").fill(PASSWORD)
            page.locator("main form").first.get_by_role("button", name="Sign in").click()
            expect(page.get_by_role("heading", level=1)).to_have_text(re.compile("decide today|My tasks"))
            self.windows[role] = window
        return self.windows[role].page

    def later(self, **delta: float) -> None:
        """Time passes on the site and in every window."""
        now = self.site.clock.advance(**delta)
        for window in self.windows.values():
            window.context.clock.set_fixed_time(now)


def heading(page: Page) -> Locator:
    return page.get_by_role("heading", level=1)


def go_to(page: Page, place: str) -> None:
    """By the rail, or by the tabs of a phone."""
    page.get_by_role("navigation", name="Main").get_by_role("link", name=place).locator(
        "visible=true"
    ).click()


def labelled(page: Page, label: str) -> Locator:
    return page.locator("main").get_by_label(label, exact=True)


def button(page: Page, name: str | re.Pattern[str]) -> Locator:
    return page.locator("main").get_by_role("button", name=name)


def number(text: str) -> int:
    """The amount in a text like "Accept and commit 1,234,567 XOF"."""
    found = re.search(r"\d[\d,]*", text)
    assert found, text
    return int(found[0].replace(",", ""))


def picture(colour: tuple[int, int, int]) -> dict:
    Image.new("RGB", (640, 480), colour).save(out := io.BytesIO(), "JPEG")
    return {"name": "notice.jpg", "mimeType": "image/jpeg", "buffer": out.getvalue()}


def test_everybody_does_their_part_from_the_drawing_to_the_proof(site, open_window) -> None:
    story = Story(site, open_window)
    expert_reads_the_service_and_its_price(story)
    coordinator_starts_two_villages(story)
    facilitator_does_a_task(story)
    verifier_sends_it_back(story)
    story.later(hours=2)
    facilitator_corrects(story)
    verifier_accepts(story)
    money_is_owed(story)
    story.later(hours=1)
    people_are_paid_by_mobile_money(story)
    people_are_paid_by_bank(story)
    facilitator_sees_the_money(story)
    visitor_reads_the_village_page(story)
    auditor_checks_everything(story)


# The expert -------------------------------------------------------------------------------------------


def expert_reads_the_service_and_its_price(story: Story) -> None:
    page = story.page("expert")
    go_to(page, "Services")
    page.locator("main").get_by_role("link", name=SERVICE).first.click()
    expect(page.locator("#steps + ol > li")).to_have_count(7)
    page.get_by_role("link", name="Open Diagram").click()
    drawn = page.locator(".diagram")
    expect(drawn.locator(".djs-shape .djs-label", has_text="Announce")).to_be_visible()
    watermark_is_not_covered(page)
    page.locator("#outline").get_by_role("link", name=TASK).click()
    expect(page.locator("#card-announce")).to_be_visible()
    expect(page.locator("#card-announce")).to_contain_text("Village animator")
    page.locator(".breadcrumb").get_by_role("link", name=SERVICE).click()
    page.get_by_role("link", name="What does it cost?").click()
    labelled(page, "Where").select_option(COMMUNE)
    button(page, "Calculate").click()
    expect(heading(page)).to_contain_text("cost in Copargo")


def watermark_is_not_covered(page: Page) -> None:
    """bpmn.io's licence: its mark is seen, in front, and opens."""
    mark = page.locator(".bjs-powered-by")
    mark.scroll_into_view_if_needed()
    expect(mark).to_be_visible()
    expect(mark).to_be_in_viewport(ratio=1)
    mark.click(trial=True)  # refused if something lies over it


# The coordinator --------------------------------------------------------------------------------------


def coordinator_starts_two_villages(story: Story) -> None:
    page = story.page("coordinator")
    coordinator_writes_requests(story, page)
    coordinator_makes_the_project(page)
    coordinator_accepts_the_price(page)
    story.project = page.url
    page.locator(".run-title").get_by_role("link", name="Start 2 villages").click()
    for village in story.villages:
        expect(page.locator(".run-summary")).to_contain_text(village)
    button(page, "Start 2 villages").click()
    expect(page.get_by_role("status")).to_contain_text("2 villages are started")
    page.get_by_role("link", name=story.villages[0]).click()
    story.instance = page.url
    expect(page.locator(".diagram .djs-shape .djs-label", has_text="Announce")).to_be_visible()
    watermark_is_not_covered(page)


def coordinator_writes_requests(story: Story, page: Page) -> None:
    go_to(page, "Projects")
    page.get_by_role("link", name="Ask for villages").click()
    expect(labelled(page, "Service")).to_have_value("community_profile")
    labelled(page, "Region").select_option(ARRONDISSEMENT)
    page.wait_for_url(f"**region={ARRONDISSEMENT}*")
    boxes = page.locator("input[name=village]")
    for box in boxes.all():
        if box.is_enabled():
            box.uncheck()
    free = page.locator("input[name=village]:enabled")
    for at in range(2):
        free.nth(at).check()
        story.villages.append(page.locator(f"label[for={free.nth(at).get_attribute('id')}]").inner_text())
    labelled(page, "Who asks?").fill("Village council")
    button(page, "Write the requests down").click()
    expect(page.get_by_role("status")).to_contain_text("2 requests were written down.")


def coordinator_makes_the_project(page: Page) -> None:
    labelled(page, "Name").fill(PROJECT)
    labelled(page, "Code").fill("WALKED")
    animators = page.locator("#members li", has_text="animator")
    for box in animators.all():
        if FACILITATOR not in box.inner_text():
            box.get_by_role("checkbox").uncheck()
    button(page, "Set the project up").click()
    expect(heading(page)).to_have_text("What does it cost?")
    button(page, "Get the price").click()


def coordinator_accepts_the_price(page: Page) -> None:
    expect(heading(page)).to_have_text("Check before you accept")
    accept = button(page, re.compile("Accept and commit"))
    committed = number(accept.inner_text())
    accept.click()
    expect(page.get_by_role("status")).to_contain_text(f"{committed:,} XOF are set aside")
    expect(page.locator(".run-figures")).to_contain_text(f"{committed:,}")


# The facilitator --------------------------------------------------------------------------------------


def facilitator_does_a_task(story: Story) -> None:
    page = story.page("facilitator")
    go_to(page, "My tasks")
    job = page.locator(".run-job", has_text=story.villages[0])
    expect(job).to_contain_text("sent by")
    story.pay = number(job.locator(".run-amount").inner_text())
    job.click()
    story.task = page.url
    expect(page.locator(".run-price")).to_contain_text(f"{story.pay:,} XOF")
    expect(page.get_by_text("at the latest")).to_be_visible()
    page.get_by_role("link", name="Open the form").click()
    expect(page.locator(".odk-form")).to_be_visible(timeout=20_000)
    fill_form(page)
    story.site.lost.append("/send")
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_role("status")).to_contain_text(
        "Received. The verifier looks at it until", timeout=20_000
    )
    # the site took it, the answer was lost, the page sent it again: received once
    assert story.site.lost == []
    [told] = story.windows["facilitator"].wrong()
    assert "503" in told
    expect(page.locator(".run-timeline li")).to_have_count(1)


def question(page: Page, text: str) -> Locator:
    return page.locator(".question-container", has_text=text)


def choose_day(page: Page, text: str, day: int) -> None:
    """Choose a day of the shown month; a press that comes while the calendar still moves is repeated."""
    box = question(page, text).get_by_role("combobox")
    panel = page.locator(".p-datepicker-panel")
    wanted = panel.locator(".p-datepicker-day-cell:not(.p-datepicker-other-month)").get_by_text(
        str(day), exact=True
    )
    for _ in range(4):
        if not panel.is_visible():
            box.click()
        expect(panel).not_to_have_class(re.compile("enter-active"))
        wanted.click()
        try:
            expect(panel).to_be_hidden(timeout=2_000)
        except AssertionError:
            page.keyboard.press("Escape")
            continue
        break
    expect(panel).to_be_hidden()
    expect(box).not_to_have_value("")


def choose_picture(page: Page, colour: tuple[int, int, int]) -> None:
    page.locator("input[type=file]").last.set_input_files(picture(colour))
    expect(page.locator("img[src^=blob]")).to_be_visible()


def fill_form(page: Page) -> None:
    choose_day(page, "announced first", 15)
    choose_day(page, "On which day is the meeting", 22)
    question(page, "Where").get_by_role("textbox").fill(MEETING_PLACE)
    times = page.get_by_role("spinbutton")
    times.press_sequentially("3")
    times.blur()
    page.get_by_text("Fulfulde", exact=True).click()
    choose_picture(page, (90, 120, 60))
    page.get_by_role("button", name="Get location").click()
    page.get_by_role("button", name="Save location").click()
    expect(question(page, "Place of the notice")).to_contain_text("9.84")


def facilitator_corrects(story: Story) -> None:
    page = story.page("facilitator")
    page.goto("/my/tasks")
    job = page.locator(".run-job", has_text=story.villages[0])
    expect(job).to_contain_text("To be corrected")
    expect(job).to_contain_text(REASON)
    job.click()
    expect(page.locator(".run-needs")).to_contain_text(REASON)
    page.get_by_role("link", name="Correct the form").click()
    expect(question(page, "Where").get_by_role("textbox")).to_have_value(MEETING_PLACE, timeout=20_000)
    choose_picture(page, (200, 180, 40))
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_role("status")).to_contain_text("Received")
    expect(page.get_by_text("Replaced by a correction")).to_be_visible()


def facilitator_sees_the_money(story: Story) -> None:
    page = story.page("facilitator")
    go_to(page, "My money")
    row = page.locator("#paid tr", has_text=story.villages[0])
    expect(row).to_have_count(2)  # honorarium and expenses
    amounts = [number(cell) for cell in row.locator("td:last-child").all_inner_texts()]
    assert sum(amounts) == story.net
    page.goto(story.task)
    expect(page.locator(".run-badge").first).to_contain_text("Accepted")


# The verifier -----------------------------------------------------------------------------------------


def verifier_sends_it_back(story: Story) -> None:
    page = story.page("verifier")
    go_to(page, "Verification")
    page.locator(".run-panes__list").get_by_role("link", name=story.villages[0]).click()
    story.delivery = page.url
    expect(page.locator(".run-price")).to_contain_text(f"{story.pay:,}")
    expect(page.locator(".run-criteria img").first).to_be_visible()
    expect(page.locator("#detail")).to_contain_text(MEETING_PLACE)
    page.keyboard.press("s")
    labelled(page, "What must be corrected?").fill(REASON)
    page.locator("#send-back").get_by_label("notice is readable").check()
    page.locator("#send-back").get_by_role("button", name="Send back").click()
    expect(page.get_by_role("status")).to_contain_text("Sent back")


def verifier_accepts(story: Story) -> None:
    page = story.page("verifier")
    page.goto(story.delivery)
    if page.locator("#second").is_visible():
        labelled(page, "What did the call or the visit find?").fill("The chief confirms it.")
        button(page, "Everything in order").click()
    expect(button(page, re.compile("^Accept"))).to_be_visible()
    page.wait_for_load_state("load")  # the key is heard by a script
    page.keyboard.press("a")
    expect(page.get_by_role("status")).to_contain_text(re.compile("accepted", re.IGNORECASE))
    page.goto(story.delivery)
    expect(page.locator(".run-card__head .run-badge").first).to_contain_text("Accepted")


def money_is_owed(story: Story) -> None:
    """The coordinator sees the live diagram move, and the amount of the quote owed."""
    page = story.page("coordinator")
    page.goto(story.instance)
    expect(page.locator(".diagram .djs-overlays")).not_to_have_count(0)
    page.goto(f"{story.project}/money")
    rows = page.locator("tbody", has_text=story.villages[0]).locator("tr:not(.run-group)")
    gross = sum(number(cell) for cell in rows.locator("td:nth-last-child(2)").all_inner_texts())
    story.net = sum(number(cell) for cell in rows.locator("td:last-child").all_inner_texts())
    assert gross == story.pay
    assert 0 < story.net <= gross


# Finance and the approver -----------------------------------------------------------------------------


def finance_collects(story: Story, rail: str) -> str:
    """A batch of what is owed on a rail, handed to somebody else; returns its address."""
    page = story.page("finance")
    go_to(page, "Payables")
    card = page.locator(".run-card", has=page.get_by_role("heading", name=rail))
    total = number(card.locator(".run-price").inner_text())
    card.get_by_role("button", name="Make a batch").click()
    expect(page.locator(".run-price")).to_contain_text(f"{total:,}")
    button(page, "Submit for approval").click()
    expect(page.locator("main")).to_contain_text("Somebody else than Florence Agossa has to approve it.")
    expect(button(page, re.compile("^Approve"))).to_have_count(0)
    return page.url


def finance_may_not_approve(story: Story, batch: str) -> None:
    """Not by the button, which is not there, and not by sending what it would send."""
    page = story.page("finance")
    digest = page.locator("dt", has_text="Digest of the content").locator("+ dd").inner_text()
    token = page.locator("meta[name=csrf-token]").get_attribute("content") or ""
    form = {"csrf_token": token, "content": digest}
    assert page.request.post(f"{batch}/approve", form=form).status == 403
    page.reload()
    expect(page.locator(".run-title .run-badge")).to_contain_text("Waits for approval")


def approver_approves(story: Story, batch: str) -> None:
    page = story.page("approver")
    page.goto(batch)
    total = number(page.locator(".run-price").inner_text())
    button(page, f"Approve {total:,} XOF").click()
    expect(page.locator(".run-title .run-badge")).to_contain_text("Approved")


def finance_exports(story: Story, batch: str) -> bytes:
    """The file the bank gets; its sum is the page's."""
    page = story.page("finance")
    page.goto(batch)
    button(page, "Write the file").click()
    with page.expect_download() as download:
        page.get_by_role("link", name="Download the file").click()
    return download.value.path().read_bytes()


def finance_reads_the_answer(story: Story, batch: str, answer: bytes, name: str) -> None:
    page = story.page("finance")
    page.goto(batch)
    page.locator("input[type=file]").set_input_files(
        {"name": name, "mimeType": "application/octet-stream", "buffer": answer}
    )
    button(page, "Read the answer").click()
    expect(page.locator(".run-title .run-badge")).to_contain_text("Paid")


def people_are_paid_by_mobile_money(story: Story) -> None:
    batch = finance_collects(story, "Mobile money")
    finance_may_not_approve(story, batch)
    approver_approves(story, batch)
    file = finance_exports(story, batch)
    profile = mobile_money_profile("mobile_money")
    page = story.page("finance")
    total = number(page.locator(".run-price").inner_text())
    assert mobile_money.read_totals(file, profile).total_minor["XOF"] == total
    row = page.locator("tr", has_text=FACILITATOR)
    assert number(row.locator("td:last-child").inner_text()) >= story.net
    finance_reads_the_answer(story, batch, simulated_bank.mobile_money_result(file, profile), "answer.csv")
    expect(page.locator("tr", has_text=FACILITATOR).locator(".run-badge")).to_contain_text("Paid")


def people_are_paid_by_bank(story: Story) -> None:
    batch = finance_collects(story, "Bank")
    approver_approves(story, batch)
    file = finance_exports(story, batch)
    assert pain001.validate(io.BytesIO(file)) == ()
    total = number(story.page("finance").locator(".run-price").inner_text())
    assert pain001.read_totals(io.BytesIO(file)).total_minor["XOF"] == total
    answer = simulated_bank.status_report(file, message_id="BANK-WALK", created_at=story.site.clock.now())
    finance_reads_the_answer(story, batch, answer, "answer.xml")


# The public and the auditor ---------------------------------------------------------------------------


def visitor_reads_the_village_page(story: Story) -> None:
    page = story.open_window().page
    page.goto(story.instance.replace("/instances/", "/villages/"))
    expect(heading(page)).to_contain_text(story.villages[0])
    row = page.locator("tr", has_text=TASK)
    expect(row).to_contain_text("Village animator")
    expect(row).to_contain_text(f"{story.pay:,}")
    expect(row.locator("td:last-child")).to_contain_text(f"{story.net:,}")
    text = page.locator("body").inner_text()
    for name in (FACILITATOR, "Adjara", "Basile", "Village council"):
        assert name not in text


def auditor_checks_everything(story: Story) -> None:
    page = story.page("auditor")
    go_to(page, "Proof")
    page.get_by_role("link", name="Check now").click()
    expect(page.get_by_role("status")).to_contain_text("Everything fits: nothing was changed.")
    parts = page.locator(".run-tasks > li")
    assert parts.count() >= 5
    expect(page.locator(".run-tasks .run-badge[data-state=verified]")).to_have_count(parts.count())
