"""While an expert draws: findings come and go, the price moves, and both say where they are from."""

import re

import pytest
from playwright.sync_api import expect

from server.accounts import service as accounts
from server.actor import SYSTEM
from server.demo import world as demo
from server.drafts import service as drafts

EMAIL = {user.role.value: user.email for user in demo.USERS}
SOON = 20_000
TASK = "m.get('elementRegistry').get('survey')"
CARD = f"{TASK}.businessObject.extensionElements.values.find((each) => each.$type === 'run:Task')"


@pytest.fixture
def window(site, open_window):
    """A window with the page of a draft that is a copy of the shipped service, in the hands of an expert."""
    token = site.session_of(EMAIL["expert"])
    expert = site.runtime.read(SYSTEM, accounts.actor_of_session, token)
    source = drafts.FromVersion("community_profile", "1.1.0")
    row = site.runtime.run(expert, drafts.make, source).row
    window = open_window(email=EMAIL["expert"])
    # the page hands its modeler over only to tests
    window.page.route(
        re.compile(r"/modeler$"),
        lambda route: route.fulfill(
            response=(answer := route.fetch()),
            body=answer.text().replace('"testing": false', '"testing": true'),
        ),
    )
    window.page.goto(f"/drafts/{row.id}/modeler")
    expect(window.page.locator("#modeler")).to_have_attribute("data-ready", "true")
    return window


@pytest.fixture
def modeler(window):
    return window.page


def change(page, what):
    page.evaluate(f"() => {{ const m = window.modeler; const card = {CARD}; const task = {TASK}; {what} }}")


def update(properties, element="card"):
    return f"m.get('modeling').updateModdleProperties(task, {element}, {properties});"


def problems(page, code=""):
    return page.locator(f'.ml-line[data-code="{code}"]' if code else ".ml-line")


def amount(page, column=0):
    return page.locator(".mc-expected b").nth(column)


def test_a_finding_appears_is_marked_leads_to_its_element_and_vanishes(modeler):
    expect(modeler.locator(".ml-state")).to_have_text("Checked by the server")
    expect(problems(modeler)).to_have_count(0)
    change(modeler, f"window.title = card.title; {update('{title: []}')}")
    expect(problems(modeler, "missing-title")).to_be_visible()
    expect(modeler.locator('.djs-overlays[data-container-id="survey"] .ml-badge')).to_be_visible()
    expect(modeler.locator(".ml-state")).to_have_text("Checked by the server")
    problems(modeler, "missing-title").get_by_role("button").click()
    assert modeler.evaluate("window.modeler.get('selection').get().map((each) => each.id)") == ["survey"]
    modeler.evaluate("window.modeler.get('commandStack').undo()")
    expect(problems(modeler)).to_have_count(0)
    expect(modeler.locator(".ml-badge")).to_have_count(0)


def test_what_only_the_server_knows_comes_from_it(modeler):
    change(modeler, update("{body: 'househalds / 20'}", "card.honorarium.quantity"))
    expect(problems(modeler, "unknown-parameter")).to_be_visible(timeout=SOON)


def test_without_a_connection_the_browser_checks_alone_and_the_price_keeps_its_age(modeler, window):
    modeler.locator("#tab-pricePanel").click()
    expect(amount(modeler)).to_be_visible(timeout=SOON)
    before = amount(modeler).inner_text()
    modeler.context.set_offline(True)
    change(modeler, update("{title: []}"))
    modeler.locator("#tab-lintPanel").click()
    expect(problems(modeler, "missing-title")).to_be_visible()
    expect(modeler.locator(".ml-state")).to_contain_text("Checked here only")
    modeler.locator("#tab-pricePanel").click()
    expect(modeler.locator(".mc-state")).to_contain_text("The server cannot be reached")
    assert amount(modeler).inner_text() == before
    modeler.context.set_offline(False)
    expect(modeler.locator(".mc-state")).to_have_text("", timeout=SOON)
    assert {error for error in window.errors if "ERR_INTERNET_DISCONNECTED" not in error} == set()
    window.errors.clear()


def test_the_price_moves_with_the_drawing_and_says_by_how_much(modeler):
    modeler.locator("#tab-pricePanel").click()
    expect(modeler.locator(".mc-trend").first).to_have_text("As when you opened it", timeout=SOON)
    before = amount(modeler).inner_text()
    change(modeler, update("{body: '20'}", "card.honorarium.quantity"))
    expect(amount(modeler)).not_to_have_text(before, timeout=SOON)
    expect(modeler.locator(".mc-trend").first).to_have_text(re.compile(r"^\+[\d.,]+ since you opened it$"))
    expect(modeler.locator(".mc-band")).to_have_count(3)


def test_a_missing_price_is_told_with_what_to_do_and_the_rest_is_priced(modeler):
    modeler.locator("#tab-pricePanel").click()
    expect(amount(modeler)).to_be_visible(timeout=SOON)
    change(modeler, update("{item: 'MOON.DUST'}", "card.honorarium"))
    expect(modeler.locator(".mc-missing")).to_contain_text("MOON.DUST has no price per", timeout=SOON)
    expect(modeler.locator(".mc-partial").first).to_be_visible()
    line = modeler.locator(".mc-missing li").filter(has_text="MOON.DUST").first
    line.get_by_role("button", name="Show the task").click()
    assert modeler.evaluate("window.modeler.get('selection').get().map((each) => each.id)") == ["survey"]


def test_the_diagram_is_coloured_by_cost_and_a_line_selects_its_task(modeler):
    modeler.locator("#tab-pricePanel").click()
    modeler.get_by_label("Colour the diagram by cost").check()
    expect(modeler.locator(".djs-element.heat-5")).to_have_count(1)
    expect(modeler.locator(".mc-legend li")).to_have_count(5)
    modeler.locator('tr[data-task="survey"]').get_by_role("button").click()
    assert modeler.evaluate("window.modeler.get('selection').get().map((each) => each.id)") == ["survey"]
    modeler.get_by_label("Colour the diagram by cost").uncheck()
    expect(modeler.locator('.djs-element[class*="heat-"]')).to_have_count(0)


def test_the_places_a_person_chose_are_kept(modeler):
    modeler.locator("#tab-pricePanel").click()
    first = modeler.get_by_label("Place 1")
    expect(first.locator("option")).not_to_have_count(1, timeout=SOON)
    free = first.locator("option:not([disabled]):not(:checked)").first.get_attribute("value")
    first.select_option(free)
    chosen = first.input_value()
    modeler.reload()
    expect(modeler.locator("#modeler")).to_have_attribute("data-ready", "true")
    assert modeler.evaluate("JSON.parse(localStorage.getItem('run.modeler.price')).regions[0]") == chosen
    expect(modeler.get_by_label("Place 1")).to_have_value(chosen)


def test_typing_asks_once_not_at_every_key(modeler):
    asked = []
    modeler.on("request", lambda request: asked.append(request.url) if "/price?" in request.url else None)
    modeler.locator("#tab-pricePanel").click()
    for number in range(12):
        change(modeler, update(f"{{body: '{number + 1}'}}", "card.honorarium.quantity"))
        modeler.wait_for_timeout(60)
    modeler.wait_for_timeout(1_500)
    assert 1 <= len(asked) <= 3


def test_an_arrow_is_named_in_each_language_and_the_map_leaves_the_palette_free(modeler):
    """The name of the drawing is that of the service's language; the others are its translations."""
    choose = (
        "(id) => { const m = window.modeler; m.get('selection').select(m.get('elementRegistry').get(id)); }"
    )
    modeler.evaluate(choose, "flow_quorum")
    modeler.locator(".mp-languages button", has_text="FR").click()
    name = modeler.locator(".mp").get_by_label("Name", exact=False).first
    expect(modeler.locator(".mp-source").first).to_contain_text("yes")
    name.fill("oui")
    with modeler.expect_response(lambda answer: answer.request.method == "PUT") as saved:
        name.press("Enter")
    assert '<run:name lang="fr">oui</run:name>' in saved.value.request.post_data
    assert 'name="yes"' in saved.value.request.post_data
    expect(modeler.locator(".mp-languages button", has_text="FR")).to_contain_text("1/1")

    modeler.set_viewport_size({"width": 360, "height": 740})
    modeler.get_by_role("button", name="Overview map").click()
    boxes = [modeler.locator(part).bounding_box() for part in (".djs-minimap .map", ".djs-palette")]
    assert not overlap(*boxes)
    modeler.locator('.djs-palette [data-action="more"]').click()
    expect(modeler.locator(".djs-popup")).to_be_visible()
    expect(modeler.locator(".djs-minimap")).to_be_hidden()


def overlap(one, other):
    return all(
        one[side] < other[side] + other[size] and other[side] < one[side] + one[size]
        for side, size in (("x", "width"), ("y", "height"))
    )
