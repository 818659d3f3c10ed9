"""A service is drawn, filled, priced and kept in a real browser; what happens to it when things go wrong."""

import json
import re

import pytest
from playwright.sync_api import Page, expect

from server.drafts import review
from server.drafts import service as drafts
from tests import browser_support as support
from tests.browser import modeler
from tests.browser.modeler import saved_xml
from translations import extract

pytestmark = pytest.mark.browser

NOTHING = b"""<?xml version="1.0" encoding="UTF-8"?>
<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL"
 xmlns:bpmndi="http://www.omg.org/spec/BPMN/20100524/DI" xmlns:dc="http://www.omg.org/spec/DD/20100524/DC"
 id="file" targetNamespace="https://example.org/service">
 <bpmn:process id="well_repair" name="Well repair" isExecutable="true"><bpmn:startEvent id="start" name="Asked for" />
 </bpmn:process>
 <bpmndi:BPMNDiagram id="diagram"><bpmndi:BPMNPlane id="plane" bpmnElement="well_repair">
  <bpmndi:BPMNShape id="start_di" bpmnElement="start"><dc:Bounds x="120" y="100" width="36" height="36" />
  </bpmndi:BPMNShape></bpmndi:BPMNPlane></bpmndi:BPMNDiagram>
</bpmn:definitions>"""
SERVICE = drafts.FromVersion("community_profile", "1.0.0")
EMPTY = drafts.FromFile("well.bpmn", NOTHING)
STATE = "#save-state"


def choose(page: Page, element: str) -> None:
    """Select an element in the list beside the canvas."""
    page.locator(f'.mo-row[data-id="{element}"]').click()


def group(page: Page, name: str):
    """A group of the card, opened."""
    found = page.locator(f'.mp-group[data-group="{name}"]')
    if found.get_attribute("open") is None:
        found.locator("> summary").click()
    return found


def expect_saved(page: Page) -> None:
    expect(page.locator(STATE)).to_have_attribute("data-save-state", "saved")
    expect(page.locator(STATE)).to_contain_text("Saved")


def title(page: Page):
    return group(page, "work").get_by_label("Title")


def add_sentence(page: Page, kind: str, words: str, text: str) -> None:
    """One more activity or criterion."""
    found = page.locator(f'[data-list="Task.{kind}"]')
    found.get_by_role("button", name=words).click()
    found.get_by_label("Sentence").fill(text)


def fill_work_and_evidence(page: Page) -> None:
    """What the task in hand is and what shows that it was done; the finding that this was missing vanishes."""
    title(page).fill("Repair the well")
    group(page, "work").get_by_label("Outcome").fill("The pump gives water.")
    add_sentence(page, "activity", "Add an activity", "Change the seal")
    add_sentence(page, "criterion", "Add a criterion", "The seal is new")
    findings = page.locator(".mp-findings")
    expect(findings).to_contain_text("evidence")
    evidence = group(page, "evidence")
    evidence.get_by_role("button", name="Add evidence").click()
    evidence.get_by_label("What it shows").fill("The new seal")
    evidence.get_by_label("The seal is new").check()
    expect(findings).not_to_contain_text("evidence")


def tasks(page: Page) -> list[str]:
    return page.locator('.mo-row[data-type="bpmn:UserTask"]').evaluate_all(
        "rows => rows.map(row => row.dataset.id)"
    )


# Drawing -------------------------------------------------------------------------------------------------


def test_a_service_is_drawn_from_nothing_and_priced(open_modeler_window):
    page = open_modeler_window(EMPTY)
    choose(page, "start")
    page.get_by_title("Then a task of a person").click()
    page.keyboard.type("Repair the well")
    page.locator(".mo-row").first.click()
    (task,) = tasks(page)
    choose(page, task)
    page.get_by_title("Then the end").click()
    choose(page, task)

    fill_work_and_evidence(page)

    skill = group(page, "skill").get_by_role("combobox")
    skill.click()
    skill.press("ArrowDown")
    skill.press("Enter")

    money = group(page, "money")
    money.get_by_role("button", name="Add an expense").click()
    item = money.get_by_role("combobox", name="Item of the price list")
    item.fill("moto")
    item.press("Enter")
    money.get_by_label("Quantity").fill("2 * 12")
    expect(money).to_contain_text("24 kilometres at the usual values")
    price = page.locator('.mm-drawer__tab [data-note="pricePanel"]')
    expect(price).to_contain_text(re.compile(r"\d"))
    cheap = price.inner_text()
    money.get_by_label("Quantity").fill("20 * 12")
    expect(price).not_to_have_text(cheap)

    page.get_by_role("button", name="Undo").click()
    expect(money.get_by_label("Quantity")).to_have_value("2 * 12")
    expect(price).to_have_text(cheap)
    page.get_by_role("button", name="Redo").click()
    expect_saved(page)

    page.reload()
    page.wait_for_selector(modeler.KNOWING)
    choose(page, task)
    expect(title(page)).to_have_value("Repair the well")
    xml = saved_xml(page)
    assert "<run:quantity>20 * 12</run:quantity>" in xml
    assert 'item="MOTO.KM"' in xml
    assert f'<bpmn:userTask id="{task}" name="Repair the well">' in xml


def test_the_palette_draws_by_mouse(open_modeler_window):
    page = open_modeler_window(EMPTY)
    page.locator('.djs-palette [data-action="create.task"]').click()
    page.locator(".djs-container > svg").click(position={"x": 500, "y": 250})
    page.keyboard.press("Escape")
    assert len(tasks(page)) == 1
    page.locator('.djs-palette [data-action="more"]').click()
    menu = page.locator(".djs-popup")
    expect(menu).to_contain_text("Drawn only, not executed")
    page.keyboard.type("script")
    expect(menu.locator(".entry")).to_have_count(1)


def test_the_change_menu_says_what_is_not_executed(open_modeler_window):
    page = open_modeler_window(SERVICE)
    page.locator('.mo-row[data-type="bpmn:ExclusiveGateway"]').click()
    page.locator('.djs-context-pad [data-action="replace"]').click()
    drawn = page.locator(".djs-popup [data-group=drawn]")
    expect(drawn).to_contain_text("Complex gateway")
    expect(page.locator(".djs-popup [data-group=default]")).not_to_contain_text("Complex gateway")


def test_a_name_on_the_canvas_is_the_title_of_the_card(open_modeler_window):
    page = open_modeler_window(SERVICE)
    task = tasks(page)[0]
    page.evaluate(
        "id => modeler.get('modeling').updateLabel(modeler.get('elementRegistry').get(id), 'Call everybody')",
        task,
    )
    choose(page, task)
    expect(title(page)).to_have_value("Call everybody")
    title(page).fill("Invite everybody")
    title(page).press("Enter")
    assert (
        page.evaluate("id => modeler.get('elementRegistry').get(id).businessObject.name", task)
        == "Invite everybody"
    )
    page.get_by_role("button", name="Undo").click()
    assert (
        page.evaluate("id => modeler.get('elementRegistry').get(id).businessObject.name", task)
        == "Call everybody"
    )


def test_texts_are_written_in_one_language_at_a_time_and_counted(open_modeler_window):
    page = open_modeler_window(SERVICE)
    choose(page, tasks(page)[0])
    french = page.locator(".mp-languages button", has_text="FR")
    whole = french.inner_text().split()[-1]
    assert whole.split("/")[0] == whole.split("/")[1]
    french.click()
    expect(page.locator(".mp-source").first).to_contain_text("Announce the meeting")
    title(page).fill("")
    title(page).press("Enter")
    count, total = map(int, whole.split("/"))
    expect(french).to_contain_text(f"{count - 1}/{total}")
    title(page).fill("Annoncer l’assemblée")
    title(page).press("Enter")
    assert '<run:title lang="fr">Annoncer l’assemblée</run:title>' in saved_xml(page)
    assert '<run:title lang="en">Announce the meeting</run:title>' in saved_xml(page)


def test_a_formula_that_is_wrong_is_told_at_its_field(open_modeler_window):
    page = open_modeler_window(SERVICE)
    choose(page, tasks(page)[0])
    money = group(page, "money")
    money.locator('[data-list="Task.expense"] .mp-item__title').first.click()
    quantity = money.get_by_label("Quantity").first
    quantity.fill("2 * (distance_km")
    expect(quantity).to_have_attribute("aria-invalid", "true")
    quantity.fill("2 * distance_km")
    expect(quantity).not_to_have_attribute("aria-invalid", "true")


# By keyboard, by eye ----------------------------------------------------------------------------------------


def test_the_list_is_used_by_keyboard(open_modeler_window):
    page = open_modeler_window(SERVICE)
    page.locator('.mo-row[tabindex="0"]').focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.locator(".mp-head h2")).to_have_text("Announce the meeting")
    expect(page.locator(".mm-properties :focus")).to_have_count(1)
    assert page.evaluate("modeler.get('selection').get().map(({ id }) => id)") == [tasks(page)[0]]
    expect(page.locator('.mo-row[aria-selected="true"]')).to_have_text(re.compile("Announce the meeting"))


def test_search_undo_and_save_have_keys_wherever_the_focus_is(open_modeler_window):
    page = open_modeler_window(SERVICE)
    page.locator(".mo-row").nth(1).focus()
    page.keyboard.press("Control+f")
    page.keyboard.type("Interview")
    expect(page.locator(".djs-search-result")).to_have_count(1)
    page.keyboard.press("Enter")
    expect(page.locator(".mp-head h2")).to_have_text("Interview the households")


MARK_IS_SEEN = """mark => {
    const box = mark.getBoundingClientRect();
    const inside = box.left >= 0 && box.top >= 0 && box.right <= innerWidth && box.bottom <= innerHeight;
    const points = [0.2, 0.5, 0.8].flatMap(x => [0.3, 0.7].map(y => [box.left + x * box.width, box.top + y * box.height]));
    return box.width > 40 && box.height > 15 && inside && mark.checkVisibility({opacityProperty: true, visibilityProperty: true})
      && points.every(([x, y]) => mark.contains(document.elementFromPoint(x, y)));
}"""


@pytest.mark.parametrize("width", [1280, 360])
def test_the_mark_of_bpmn_io_is_visible_and_uncovered(open_modeler_window, width):
    """The licence of bpmn-js asks for it, whatever is open beside and above the canvas."""
    page = open_modeler_window(SERVICE, width=width)
    mark = page.locator(".bjs-powered-by")

    def seen(opened: str) -> None:
        assert mark.evaluate(MARK_IS_SEEN), f"covered while there is: {opened}"

    seen("nothing but the page")
    page.get_by_role("button", name="Overview map").click()
    seen("the overview map")
    page.get_by_role("button", name="Overview map").click()
    if width == 1280:
        page.get_by_role("tab", name="Price").click()
        seen("the price")
        choose(page, tasks(page)[0])
        seen("the card of a task and its pad")
    page.locator('.djs-palette [data-action="more"]').click()
    seen("the menu of all elements")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Try it out with tokens").click()
    seen("the simulation")


@pytest.mark.parametrize("language", ["en", "fr", "es"])
@pytest.mark.parametrize("width", [1280, 360])
def test_nothing_keeps_a_reader_or_a_keyboard_out(open_modeler_window, width, language, photograph_modeler):
    page = open_modeler_window(SERVICE, width=width, language=language)
    photograph_modeler(page, f"modeler-{width}-{language}")
    page.evaluate((support.ROOT / "server/frontend/node_modules/axe-core/axe.min.js").read_text("utf-8"))
    found = serious(page)
    if width == 1280:
        choose(page, tasks(page)[0])
        for name in ("work", "evidence", "money", "instructions", "verification", "estimates"):
            group(page, name)
        page.locator('[data-list="Task.evidence"] .mp-item__title').first.click()
        page.locator('[data-list="Task.expense"] .mp-item__title').first.click()
        photograph_modeler(page, f"modeler-task-{width}-{language}")
    else:
        for name in ("outline", "properties", "lintPanel", "pricePanel"):
            page.locator(f'.mm-phone [data-pane="{name}"]').click()
            photograph_modeler(page, f"modeler-{name}-{width}-{language}")
            found += serious(page)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert found + serious(page) == []


def serious(page: Page) -> list[str]:
    """What axe finds that is serious or critical, said so that a report can name it."""
    violations = page.evaluate("axe.run().then(({ violations }) => violations)")
    return [
        f"{v['id']}: {v['nodes'][0]['html'][:200]} ({v['nodes'][0]['failureSummary'][:200]})"
        for v in violations
        if v["impact"] in ("serious", "critical")
    ]


@pytest.fixture
def photograph_modeler():
    import os
    from pathlib import Path

    folder = os.environ.get("SCREENSHOTS")
    return lambda page, name: folder and page.screenshot(path=Path(folder) / f"{name}.png")


# Words ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", ["fr", "es"])
def test_every_text_of_a_session_is_in_the_catalogues(open_modeler_window, language):
    """What is asked for and has no translation must at least be known to `make messages`."""
    page = open_modeler_window(SERVICE, language=language)
    elements = page.evaluate(
        "modeler.get('elementRegistry').filter(({ labelTarget }) => !labelTarget).map(({ id }) => id)"
    )
    for element in elements:
        page.evaluate(
            "id => modeler.get('selection').select(modeler.get('elementRegistry').get(id))", element
        )
        page.wait_for_timeout(60)
        page.locator(".mp-group:not([open]) > summary").evaluate_all(
            "all => all.forEach(each => each.click())"
        )
        pad = page.locator('.djs-context-pad [data-action="replace"]')
        if pad.count():
            pad.first.click()
            page.keyboard.press("Escape")
    page.locator('.djs-palette [data-action="more"]').click()
    page.keyboard.press("Escape")
    page.evaluate("modeler.get('toggleMode').toggleMode()")
    page.wait_for_timeout(200)
    page.evaluate("modeler.get('toggleMode').toggleMode()")
    known = {text if isinstance(text, str) else text[0] for text in extract.messages()}
    asked = set(page.evaluate("[...untranslated]"))
    assert sorted(asked - known) == []


# Files ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("entry", "name", "begins"),
    [
        ("Download BPMN", "community_profile-1.0.1.bpmn", b"<?xml"),
        ("Download picture (SVG)", "community_profile-1.0.1.svg", b"<?xml"),
        ("Download picture (PNG)", "community_profile-1.0.1.png", b"\x89PNG"),
    ],
)
def test_the_diagram_is_downloaded(open_modeler_window, entry, name, begins):
    page = open_modeler_window(SERVICE)
    page.locator(".mm-files summary").click()
    with page.expect_download() as told:
        page.get_by_role("button", name=entry).click()
    assert re.sub(r"\d+\.\d+\.\d+", "1.0.1", told.value.suggested_filename) == name
    assert told.value.path().read_bytes().startswith(begins)


def test_a_dropped_file_becomes_a_draft(open_modeler_window, drawing_site):
    page = open_modeler_window(SERVICE)
    here = page.url
    page.evaluate(
        """(xml) => {
             const transfer = new DataTransfer();
             transfer.items.add(new File([xml], 'well.bpmn', { type: 'application/xml' }));
             document.body.dispatchEvent(new DragEvent('drop', { dataTransfer: transfer, bubbles: true, cancelable: true }));
           }""",
        NOTHING.decode(),
    )
    page.wait_for_url(lambda url: url != here)
    expect(page.get_by_role("heading", level=1)).to_contain_text("Well repair")


def test_a_file_without_a_drawing_gets_one_and_loses_nothing(open_modeler_window, drawing_site):
    page = open_modeler_window(SERVICE)
    bare = re.sub(r"<bpmndi:BPMNDiagram.*</bpmndi:BPMNDiagram>", "", saved_xml(page), flags=re.DOTALL)
    draft_id = page.url.split("/")[-2]
    page.route("**/diagram.bpmn", lambda route: serve_instead(route, bare))
    page.goto(f"/drafts/{draft_id}/modeler")
    page.wait_for_selector(modeler.READY)
    expect(page.locator(".mm-banners")).to_contain_text("The file held no drawing")
    assert bare.split("</bpmn:process>")[0].count("<run:") == saved_xml(page).count("<run:")
    assert page.locator(".djs-shape").count() >= 8


def serve_instead(route, xml: str) -> None:
    if route.request.method == "GET":
        route.fulfill(body=xml, headers={"ETag": '"1"', "Content-Type": "application/xml"})
    else:
        route.fulfill(status=204, headers={"ETag": '"2"'})


# When things go wrong -----------------------------------------------------------------------------------------


def test_what_a_newer_version_made_is_shown_and_never_written(open_modeler_window):
    page = open_modeler_window(SERVICE)
    newer = saved_xml(page).replace("<run:outcome", "<run:risk level='3' /><run:outcome", 1)
    sent = []
    page.route(
        "**/diagram.bpmn", lambda route: (sent.append(route.request.method), serve_instead(route, newer))
    )
    page.reload()
    page.wait_for_selector(modeler.KNOWING)
    expect(page.locator(".mm-banners")).to_contain_text("newer version of RUN")
    expect(page.locator(STATE)).to_contain_text("Read only")
    choose(page, tasks(page)[0])
    expect(title(page)).to_be_disabled()
    expect(page.locator(".djs-palette")).to_be_hidden()
    page.keyboard.press("Delete")
    page.wait_for_timeout(1800)
    assert sent.count("PUT") == 0
    assert len(tasks(page)) >= 5


OFFLINE = """() => {
  const fetched = window.fetch;
  window.online = () => { window.fetch = fetched; return modelerPage.saveNow(); };
  window.fetch = (address, how) => how?.method === 'PUT' ? Promise.reject(new TypeError('offline')) : fetched(address, how);
}"""
"""Nothing that is saved arrives any more, neither while the page is left; `online()` ends it."""


def test_without_the_server_the_work_is_kept_and_comes_back(open_modeler_window):
    page = open_modeler_window(SERVICE)
    task = tasks(page)[0]
    page.evaluate(OFFLINE)
    choose(page, task)
    title(page).fill("Written on the road")
    expect(page.locator(STATE)).to_have_text(re.compile("Offline: kept on this computer"))
    page.on("dialog", lambda dialog: dialog.accept())
    page.reload()
    page.wait_for_selector(modeler.KNOWING)
    expect(page.locator(".mm-banners")).to_contain_text("is back")
    choose(page, task)
    expect(title(page)).to_have_value("Written on the road")
    expect_saved(page)


def test_a_save_whose_answer_was_lost_is_no_conflict_with_oneself(open_modeler_window, drawing_site):
    page = open_modeler_window(SERVICE)
    drawing_site.lost.append("/diagram.bpmn")
    choose(page, tasks(page)[0])
    title(page).fill("It arrived")
    expect(page.locator(STATE)).to_have_text(re.compile("Offline: kept on this computer"))
    title(page).fill("And this comes after it")
    page.evaluate("modelerPage.saveNow()")
    expect_saved(page)
    page.evaluate(OFFLINE)
    title(page).fill("Kept here")
    expect(page.locator(STATE)).to_have_text(re.compile("Offline: kept on this computer"))
    page.on("dialog", lambda dialog: dialog.accept())
    page.evaluate("void (window.fetch = () => new Promise(() => {}))")
    page.reload()
    page.wait_for_selector(modeler.KNOWING)
    expect(page.locator("dialog")).to_have_count(0)
    expect_saved(page)
    assert '"Kept here"' in saved_xml(page)


def test_a_page_with_unsaved_work_asks_before_it_is_left(open_modeler_window):
    page = open_modeler_window(SERVICE)
    page.route("**/diagram.bpmn", lambda route: route.abort())
    choose(page, tasks(page)[0])
    title(page).fill("Not yet saved")
    asked = []
    page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.accept()))
    page.goto("/drafts")
    assert asked == ["beforeunload"]


@pytest.mark.parametrize("choice", ["Keep mine as a copy", "Take theirs"])
def test_two_people_who_save_the_same_draft_lose_nothing(open_modeler_window, drawing_site, choice):
    mine = open_modeler_window(SERVICE)
    draft_id = mine.url.split("/")[-2]
    theirs = open_modeler_window(None, draft_id=draft_id)
    task = tasks(mine)[0]
    choose(theirs, task)
    title(theirs).fill("Theirs")
    expect_saved(theirs)
    choose(mine, task)
    title(mine).fill("Mine")
    dialog = mine.locator("dialog")
    expect(dialog).to_contain_text("Somebody else saved this draft")
    dialog.get_by_role("button", name="See theirs").click()
    expect(dialog.locator(".djs-shape").first).to_be_visible()
    dialog.get_by_role("button", name=choice).click()
    if choice == "Take theirs":
        expect(mine.locator(".mm-banners")).to_contain_text("This is their version.")
        choose(mine, task)
        expect(title(mine)).to_have_value("Theirs")
        with mine.expect_download() as told:
            mine.get_by_role("button", name="Download mine").click()
        assert ">Mine<" in told.value.path().read_text("utf-8")
    else:
        mine.wait_for_url(lambda url: draft_id not in url)
        mine.wait_for_selector(modeler.READY)
        assert '"Mine"' in saved_xml(mine)
        theirs.reload()
        theirs.wait_for_selector(modeler.READY)
        assert '"Theirs"' in saved_xml(theirs)
        forms = [page.request.get(page.url.replace("/modeler", "/forms")).json() for page in (mine, theirs)]
        assert forms[0] == forms[1]


def test_two_pages_of_a_draft_that_lose_the_network_keep_their_work_apart(open_modeler_window, drawing_site):
    first = open_modeler_window(SERVICE)
    draft_id = first.url.split("/")[-2]
    second = first.context.new_page()
    modeler.open_modeler(second, draft_id)
    one, other = tasks(first)[:2]
    for page, task, words in ((first, one, "Of the first"), (second, other, "Of the second")):
        page.evaluate(OFFLINE)
        choose(page, task)
        title(page).fill(words)
        expect(page.locator(STATE)).to_have_text(re.compile("Offline: kept on this computer"))
    first.evaluate("online()")
    expect_saved(first)
    second.evaluate("void online()")
    expect(second.locator("dialog")).to_contain_text("Somebody else saved this draft")
    second.close(run_before_unload=False)  # the computer goes out before anybody chose
    third = first.context.new_page()
    modeler.open_modeler(third, draft_id)
    third.get_by_role("button", name="Keep mine as a copy").click()
    third.wait_for_url(lambda url: draft_id not in url)
    third.wait_for_selector(modeler.READY)
    assert '"Of the second"' in saved_xml(third)


def test_work_on_a_draft_that_takes_no_more_changes_becomes_a_copy(open_modeler_window, drawing_site):
    page = open_modeler_window(SERVICE)
    draft_id = page.url.split("/")[-2]
    drawing_site.runtime.run(modeler.actor(drawing_site), review.ask, draft_id)
    choose(page, tasks(page)[0])
    title(page).fill("Too late")
    offer = page.locator(".mm-banners")
    expect(offer.get_by_role("button", name="Download mine")).to_be_visible()
    page.on("dialog", lambda dialog: dialog.accept())
    page.reload()
    page.wait_for_selector(modeler.KNOWING)
    expect(offer).to_contain_text("could not be saved here any more")
    offer.get_by_role("button", name="Keep mine as a copy").click()
    page.wait_for_url(lambda url: draft_id not in url)
    page.wait_for_selector(modeler.READY)
    assert '"Too late"' in saved_xml(page)


def test_tasks_are_copied_to_another_service(open_modeler_window, drawing_site):
    page = open_modeler_window(SERVICE)
    task = tasks(page)[0]
    page.evaluate("id => modeler.get('copyPaste').copy([modeler.get('elementRegistry').get(id)])", task)
    other = page.context.new_page()
    modeler.open_modeler(other, modeler.make_draft(drawing_site, EMPTY))
    other.evaluate(
        """() => modeler.get('copyPaste').paste({ element: modeler.get('canvas').getRootElement(), point: { x: 400, y: 200 } })"""
    )
    (pasted,) = tasks(other)
    xml = saved_xml(other)
    assert "<run:instructions" in xml
    assert f'<bpmn:userTask id="{pasted}" name="Announce the meeting">' in xml
    other.get_by_role("button", name="Undo").click()
    assert tasks(other) == []


def test_a_task_is_added_named_and_removed_by_keyboard_alone(open_modeler_window):
    page = open_modeler_window(SERVICE)
    before = len(tasks(page))
    page.locator(".mo-row").nth(2).focus()
    page.keyboard.press("a")
    expect(page.get_by_text("What comes then?")).to_be_visible()
    page.keyboard.press("Enter")
    expect(page.locator(".mp-scroll summary").first).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.type("Count the wells")
    row = page.locator(".mo-row").filter(has_text="Count the wells")
    expect(row).to_have_count(1)
    row.focus()
    page.keyboard.press("Delete")
    expect(row).to_have_count(0)
    expect(page.locator(".mo-row:focus")).to_have_count(1)
    assert len(tasks(page)) == before


def test_tokens_try_the_service_out(open_modeler_window):
    page = open_modeler_window(SERVICE)
    play = page.get_by_role("button", name="Try it out with tokens")
    play.click()
    expect(play).to_have_attribute("aria-pressed", "true")
    expect(page.locator(".djs-palette")).to_be_hidden()
    page.locator(".bts-context-pad[title='Trigger Event']").first.click()
    expect(page.locator(".bts-scope").first).to_be_visible()
    play.click()
    expect(page.locator(".djs-palette")).to_be_visible()
    assert json.loads(page.evaluate("JSON.stringify(modelerPage.autosave.unsaved)")) is False
