"""The pages of an instance's course: its history in words, ending it, and going over to another version."""

import pytest

from server.app import create_app
from server.catalogue import service as catalogue
from server.instances import service as instances
from server.instances.history import Change
from server.instances.words import consequences
from server.people import service as people
from server.projects import service as projects
from service_library import library
from tests.server.test_pages_work import browser, told

pytestmark = pytest.mark.parametrize("databases", ["sqlite"], indirect=True, scope="session")


def new_version(world, version="1.0.1", change=lambda bpmn: bpmn):
    shipped, number = library.load("community_profile", "1.0.0"), version.encode()
    forms = {ref: source.replace(b"1.0.0", number) for ref, source in shipped.form_sources.items()}
    bpmn = change(shipped.bpmn.replace(b"1.0.0", number))
    return world.run("expert", catalogue.publish, bpmn, forms, version=version).id


def test_the_page_of_an_instance_tells_who_did_what_in_words(started):
    task = started.task()
    started.deliver(task)
    address = f"/instances/{task.instance_id}"
    shown = told(browser(started, "coordinator").get(address))
    name = started.read(people.person, task.assignee_id).name
    assert f"{name}: Did: " in shown
    assert "Opened: " in shown
    to_others = told(browser(started, "auditor").get(address))
    assert f"{name}: Did: " not in to_others
    assert "somebody: Did: " in to_others


def test_the_history_names_a_condition_that_was_neither_true_nor_false(started):
    what = {"event": "condition_undecided", "node_id": "enough", "condition": "size > 3"}
    change = Change(2, "c", started.clock.now(), "system", "proceed", ({"event": "flow_taken"}, what))
    with create_app(started.runtime).test_request_context("/?lang=en"):
        lines = list(consequences(change, str.title))
    assert lines == ["Neither true nor false at Enough: size > 3"]


def test_ending_the_work_asks_for_a_reason(started):
    address, page = f"/instances/{started.instance_ids[0]}", browser(started, "coordinator")
    page.post(f"{address}/cancel", data={"reason": " "})
    assert started.read(instances.instance, started.instance_ids[0]).status == "running"
    page.post(f"{address}/cancel", data={"reason": "Flood."})
    assert started.read(instances.instance, started.instance_ids[0]).status == "cancelled"
    assert "End the work in this village" not in told(page.get(address))


def test_a_project_goes_over_to_another_version_after_a_look(started):
    page, project = browser(started, "coordinator"), f"/projects/{started.project_id}"
    assert "another version" not in told(page.get(project))
    assert "no other published version" in told(page.get(f"{project}/migration"))
    target = new_version(started)
    assert "Go on with another version of the service" in told(page.get(project))
    shown = told(page.get(f"{project}/migration"))
    assert shown.count("Can go on") == 1  # villages at the same point share a row
    assert "Let 3 villages go on with 1.0.1" in shown
    page.post(f"{project}/migration", data={"version": target})
    rows = started.read(instances.instances, started.instance_ids)
    assert {row.service_version_id for row in rows.values()} == {target}
    assert started.read(projects.project, started.project_id).service_version_id == target


def test_a_village_that_does_not_fit_stays_and_the_page_says_why(started):
    page, project = browser(started, "coordinator"), f"/projects/{started.project_id}"
    target = new_version(started, change=lambda b: b.replace(b'maxRework="', b'maxRework="1', 1))
    shown = told(page.get(f"{project}/migration"))
    assert shown.count("Stays") == 1
    assert "The instance is at this step" in shown
    assert "go on with 1.0.1" not in shown
    page.post(f"{project}/migration", data={"version": target})
    rows = started.read(instances.instances, started.instance_ids)
    assert {row.service_version_id for row in rows.values()} == {started.version_id}


def test_only_a_coordinator_of_the_place_may(started):
    for who, status in (("verifier", 403), ("auditor", 403)):
        assert browser(started, who).get(f"/projects/{started.project_id}/migration").status_code == status
