"""Two people at the same village: what one does, the other sees on the diagram without loading the page."""

import re

import pytest
from playwright.sync_api import expect

from server.accounts import service as accounts
from server.actor import SYSTEM
from server.demo import world as demo
from server.instances import service as instances
from server.projects import service as projects

EMAIL = {user.role.value: user.email for user in demo.USERS}
SOON = 15_000


def village_with_open_task(site):
    """An instance of the demonstration, and one of its tasks that waits for somebody."""

    def find(tx):
        for project in projects.projects(tx):
            for village in projects.villages(tx, project.id):
                found = instances.tasks_of_instance(tx, village.instance_id) if village.instance_id else []
                for task in found:
                    if task.state == "ready" and task.assignee_id:
                        return project.id, village.instance_id, task
        raise AssertionError("the demonstration has no open task")

    return site.runtime.read(SYSTEM, find)


def badge(page, node):
    return page.locator(f'.djs-overlays[data-container-id="{node}"] .run-badge').first


def members_able(site, project_id, task):
    def able(tx):
        found = projects.members(tx, project_id)
        return [m for m in found if m.id != task.assignee_id and task.skill in {s.skill for s in m.skills}]

    return site.runtime.read(SYSTEM, able)


def asked(page):
    """Counts how often the page asks for the state."""
    found = []
    page.on("request", lambda request: found.append(request.url) if "state.json" in request.url else None)
    return found


def test_what_another_person_does_appears_on_the_diagram_by_itself(site, open_window):
    project_id, instance_id, task = village_with_open_task(site)
    watching, acting = open_window(email=EMAIL["coordinator"]), open_window(email=EMAIL["coordinator"])
    questions = asked(watching.page)
    watching.page.goto(f"/instances/{instance_id}")
    diagram = watching.page.locator(".diagram")
    expect(diagram).to_have_attribute("data-live", "live")
    expect(watching.page.locator(".diagram-live")).to_have_text("Live: changes appear by themselves")
    before = badge(watching.page, task.node_id).inner_text()
    told = watching.page.locator("[data-timeline] li")
    lines = told.count()
    watching.page.evaluate("window.notLoadedAgain = true")

    able = members_able(site, project_id, task)
    assert able, "nobody else could do the task"
    acting.page.goto(f"/instances/{instance_id}#card-{task.node_id}")
    acting.page.locator(f"#person-{task.node_id}").select_option(able[0].id)
    acting.page.get_by_role("button", name="Give", exact=True).first.click()
    expect(acting.page.get_by_text("The task has a new owner.")).to_be_visible()

    expect(badge(watching.page, task.node_id)).to_contain_text(able[0].name, timeout=SOON)
    assert badge(watching.page, task.node_id).inner_text() != before
    expect(told).to_have_count(lines + 1)
    expect(told.first).to_contain_text("Given to a facilitator")
    assert watching.page.evaluate("window.notLoadedAgain") is True
    assert len(questions) == 1, "beside the stream nothing is asked"


def test_a_project_shows_counts_heat_and_its_legend_live(site, open_window):
    project_id, instance_id, task = village_with_open_task(site)
    window = open_window(email=EMAIL["coordinator"])
    window.page.goto(f"/projects/{project_id}?v=diagram")
    expect(window.page.locator(".diagram")).to_have_attribute("data-live", "live")
    expect(badge(window.page, task.node_id)).to_be_visible()
    expect(window.page.locator('.djs-element[class*="heat-"]').first).to_be_visible()
    expect(window.page.locator(".diagram-heat li")).to_have_count(5)
    before = window.page.locator(".diagram").get_attribute("data-changes")
    reason = "The village moved"
    site.runtime.run(SYSTEM, instances.cancel, instance_id, reason=reason)
    expect(window.page.locator(".diagram")).not_to_have_attribute("data-changes", before, timeout=SOON)


def test_a_hidden_tab_neither_follows_nor_asks(site, open_window):
    _, instance_id, _ = village_with_open_task(site)
    window = open_window(email=EMAIL["coordinator"])
    page = window.page
    page.add_init_script(
        "Object.defineProperty(document, 'hidden', {get: () => window.pretendHidden === true, configurable: true});"
        "window.turn = (hidden) => { window.pretendHidden = hidden; document.dispatchEvent(new Event('visibilitychange')); }"
    )
    page.clock.install(time=site.clock.now())
    questions = asked(page)
    page.goto(f"/instances/{instance_id}")
    expect(page.locator(".diagram")).to_have_attribute("data-live", "live")
    page.evaluate("turn(true)")
    expect(page.locator(".diagram")).to_have_attribute("data-live", "paused")
    questions.clear()
    page.clock.run_for(120_000)
    assert questions == []
    page.evaluate("turn(false)")
    expect(page.locator(".diagram")).to_have_attribute("data-live", "live")
    assert len(questions) == 1


def test_without_the_stream_the_page_asks_every_ten_seconds(site, open_window):
    _, instance_id, _ = village_with_open_task(site)
    window = open_window(email=EMAIL["coordinator"])
    page = window.page
    page.clock.install(time=site.clock.now())
    page.route(re.compile(r"/events$"), lambda route: route.fulfill(status=204))
    questions = asked(page)
    page.goto(f"/instances/{instance_id}")
    expect(page.locator(".diagram")).to_have_attribute("data-live", "polling")
    first = len(questions)
    page.clock.run_for(31_000)
    page.wait_for_timeout(300)
    assert 2 <= len(questions) - first <= 4


@pytest.mark.parametrize("width", [1280, 360])
def test_a_signed_out_person_is_told(site, open_window, width):
    _, instance_id, _ = village_with_open_task(site)
    window = open_window(email=EMAIL["coordinator"], width=width)
    window.page.goto(f"/instances/{instance_id}")
    expect(window.page.locator(".diagram")).to_have_attribute("data-live", "live")
    token = next(c["value"] for c in window.context.cookies() if c["name"] == "session")
    site.runtime.run(SYSTEM, accounts.close_session, token)
    expect(window.page.locator(".diagram")).to_have_attribute("data-live", "ended", timeout=30_000)
