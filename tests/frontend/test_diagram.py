"""The diagram: drawn, marked with the instance's state, usable with mouse and keyboard, its licence kept."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser
DRAWING = (Path(__file__).parent / "meeting.bpmn").read_text("utf-8")
NAMES = {"announce": "Announce the meeting", "hold": "Hold the meeting", "report": "Write the report"}
STATE = {
    "nodes": {
        "announce": {"state": "done", "count": 46, "label": "46 done", "heat": 1},
        "hold": {
            "state": "ready",
            "count": 3,
            "label": "3 wait for Afi",
            "heat": 5,
            "counts": [{"state": "late", "count": 1, "label": "1 late"}],
        },
        "gone": {"state": "ready", "label": "no such element"},
    }
}


def diagram_page(state: str = 'data-state-url="/state.json"') -> str:
    lines = "".join(
        f'<li><a href="#card-{each}">{name}</a> '
        '<span class="run-badge" data-state="planned">Planned</span></li>'
        for each, name in NAMES.items()
    )
    cards = "".join(
        f'<section class="run-card" id="card-{each}"><h2>{name}</h2><p>Card of {each}</p></section>'
        for each, name in NAMES.items()
    )
    return (
        '<main class="run-main"><h1>Village meeting</h1><div class="run-diagram">'
        f'<div class="diagram" data-bpmn-url="/d.bpmn" {state} data-cards-id="cards"'
        ' data-outline-id="outline" data-label="Diagram of the village meeting"></div>'
        f'<div class="run-diagram__side"><ol class="run-tasks" id="outline">{lines}</ol>'
        f'<div id="cards">{cards}</div></div></div></main>'
    )


def open_diagram(pages: Any, visit: Callable[..., Page], width: int = 1280) -> Page:
    pages.put("/d.bpmn", DRAWING, "application/xml")
    pages.put("/state.json", json.dumps(STATE), "application/json")
    pages.put_page("/", diagram_page(), "diagram")
    page = visit("/", width)
    expect(page.locator(".diagram[data-ready=true]")).to_be_visible()
    return page


def test_its_tasks_are_named_in_the_readers_language(pages: Any, visit: Callable[..., Page]) -> None:
    pages.put("/d.bpmn", DRAWING, "application/xml")
    names = """data-names='{"hold": "Tenir la réunion", "gone": "Rien"}'"""
    pages.put_page("/", diagram_page(names), "diagram")
    page = visit("/", 1280)
    expect(page.locator(".diagram[data-ready=true]")).to_be_visible()
    expect(page.get_by_role("button", name="Tenir la réunion")).to_be_visible()
    expect(page.get_by_role("button", name="Hold the meeting")).to_have_count(0)
    expect(page.get_by_role("button", name="Write the report")).to_be_visible()


@pytest.mark.parametrize("width", [1280, 360])
def test_it_shows_the_tasks_and_their_state_in_words(
    pages: Any, visit: Callable[..., Page], photograph: Callable[..., None], width: int
) -> None:
    page = open_diagram(pages, visit, width)
    photograph(page, f"diagram-{width}")
    hold = page.get_by_role("button", name="Hold the meeting: 3 wait for Afi, 1 late")
    expect(hold).to_be_in_viewport()
    expect(hold).to_have_class(re.compile(r"\btone-needs\b.*\bheat-5\b|\bheat-5\b.*\btone-needs\b"))
    expect(page.locator(".diagram-badges .run-badge")).to_have_count(3)
    expect(page.locator(".diagram-badges [title='1 late']")).to_be_visible()
    expect(page.locator("#outline li", has_text="Hold").locator(".run-badge")).to_have_text(
        "3 wait for Afi, 1 late"
    )
    expect(page.locator("#card-hold")).to_be_visible()
    expect(page.locator("#card-report")).to_be_hidden()
    assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("width", [1280, 360])
def test_the_mark_of_bpmn_io_is_visible_and_uncovered(
    pages: Any, visit: Callable[..., Page], width: int
) -> None:
    page = open_diagram(pages, visit, width)
    mark = page.locator(".bjs-powered-by")
    mark.scroll_into_view_if_needed()
    expect(mark).to_be_in_viewport(ratio=1)
    assert mark.evaluate("""mark => {
        const box = mark.getBoundingClientRect();
        const style = getComputedStyle(mark);
        const points = [[0.1, 0.1], [0.9, 0.1], [0.5, 0.5], [0.1, 0.9], [0.9, 0.9]];
        return box.width > 40 && box.height > 15 && style.opacity === '1' && points.every(([x, y]) =>
            mark.contains(document.elementFromPoint(box.left + x * box.width, box.top + y * box.height)));
    }""")


def test_a_click_shows_the_card_of_the_task(pages: Any, visit: Callable[..., Page]) -> None:
    page = open_diagram(pages, visit)
    page.locator("[data-element-id=report] .djs-hit").first.click()
    expect(page.locator("#card-report")).to_be_visible()
    expect(page.locator("#card-hold")).to_be_hidden()
    expect(page.locator("#outline a[aria-current=true]")).to_have_text("Write the report")


def test_it_works_by_the_keyboard_alone(pages: Any, visit: Callable[..., Page]) -> None:
    page = open_diagram(pages, visit)
    page.locator("[data-element-id=announce]").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#card-announce")).to_be_focused()
    page.get_by_role("link", name="Write the report").press("Enter")
    expect(page.locator("#card-report")).to_be_focused()
    expect(page.locator("[data-element-id=report]")).to_have_class(re.compile("diagram-selected"))


def test_the_state_follows_the_server(pages: Any, visit: Callable[..., Page]) -> None:
    pages.put("/d.bpmn", DRAWING, "application/xml")
    pages.put("/state.json", json.dumps(STATE), "application/json")
    pages.put_page("/start", "<h1>Start</h1>")
    pages.put_page("/", diagram_page(), "diagram")
    page = visit("/start")
    page.clock.install()
    page.goto(pages.address + "/")
    expect(page.locator(".diagram[data-ready=true]")).to_be_visible()
    later = {"nodes": {"hold": {"state": "done", "count": 4, "label": "4 done"}}}
    pages.put("/state.json", json.dumps(later), "application/json")
    page.clock.fast_forward(11_000)
    expect(page.get_by_role("button", name="Hold the meeting: 4 done")).to_be_visible()
    expect(page.locator(".diagram-badges .run-badge")).to_have_count(1)
    pages.put("/state.json", "<html>broken", "text/html")
    page.clock.fast_forward(11_000)
    expect(page.locator(".diagram-badges .run-badge")).to_have_count(1)


@pytest.mark.parametrize("broken", ["<html>not found</html>", "", DRAWING[:900]])
def test_a_drawing_that_cannot_be_read_is_said_and_the_cards_stay(
    pages: Any, visit: Callable[..., Page], broken: str
) -> None:
    pages.put("/d.bpmn", broken, "application/xml")
    pages.put_page("/", diagram_page(), "diagram", language="fr")
    page = visit("/")
    expect(page.get_by_role("alert")).to_contain_text("n’a pas pu être dessiné")
    for each in NAMES:
        expect(page.locator(f"#card-{each}")).to_be_visible()


def test_names_from_the_drawing_stay_text(pages: Any, visit: Callable[..., Page]) -> None:
    hostile = "&lt;img src=x onerror=alert(1)&gt;"
    pages.put("/d.bpmn", DRAWING.replace("Hold the meeting", hostile), "application/xml")
    words = {"nodes": {"hold": {"state": "ready", "count": 1, "label": "<img src=x onerror=alert(1)>"}}}
    pages.put("/state.json", json.dumps(words), "application/json")
    pages.put_page(
        "/",
        '<h1>D</h1><div class="diagram" data-bpmn-url="/d.bpmn" data-state-url="/state.json"></div>',
        "diagram",
    )
    page = visit("/")
    expect(page.locator(".diagram-outline a").nth(1)).to_have_text("<img src=x onerror=alert(1)>")
    assert page.locator("img").count() == 0
