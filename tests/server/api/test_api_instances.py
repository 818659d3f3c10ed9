"""Commands over the API: sent twice they are carried out once; who loses learns why; history and dry runs."""

import uuid

import pytest

from server.catalogue import service as catalogue
from server.instances import service as instances
from server.projects import service as projects
from service_library import library

pytestmark = pytest.mark.parametrize("databases", ["sqlite"], indirect=True, scope="session")


@pytest.fixture
def site(site_of, started):
    return site_of(started)


def new_version(world, version="1.0.1", change=lambda bpmn: bpmn):
    """Publish the community profile once more, with the newer number and a change."""
    shipped, number = library.load("community_profile", "1.0.0"), version.encode()
    forms = {ref: source.replace(b"1.0.0", number) for ref, source in shipped.form_sources.items()}
    bpmn = change(shipped.bpmn.replace(b"1.0.0", number))
    return world.run("expert", catalogue.publish, bpmn, forms, version=version).id


def test_a_facilitator_gives_a_task_back_and_a_colleague_takes_it(site):
    world = site.world
    task = world.task()
    roster = [p.id for p in world.read(projects.members, world.project_id)
              if task.skill in {s.skill for s in p.skills} and p.id != task.assignee_id]  # fmt: skip
    returned = site.person(task.assignee_id).post(f"/tasks/{task.id}/return", {})
    assert returned["assignee_id"] is None
    first, second = site.person(roster[0]), site.person(roster[1])
    assert task.id in [t["id"] for t in first.get("/tasks/free")["items"]]
    command = {"command_id": str(uuid.uuid4())}
    for _ in range(2):
        assert first.post(f"/tasks/{task.id}/claim", command)["assignee_id"] == roster[0]
    second.refused(f"/tasks/{task.id}/claim", "task-taken", 409, {})
    assert first.get("/tasks/free")["items"] == []


def test_a_task_of_another_project_is_not_there_to_take(site):
    task = site.world.task()
    outsider = (
        next(
            m
            for m in site.world.members
            if m not in {p.id for p in site.world.read(projects.members, site.world.project_id)}
        )
        if len(site.world.members) > len(site.world.read(projects.members, site.world.project_id))
        else None
    )
    if outsider is not None:
        site.person(outsider).refused(f"/tasks/{task.id}/claim", "not-found", 404, {})


def test_an_instance_is_cancelled_once(site):
    key, command = site.world.instance_ids[0], str(uuid.uuid4())
    body = {"reason": "The village moved away.", "command_id": command}
    first = site.coordinator.post(f"/instances/{key}/cancellation", body)
    again = site.coordinator.post(f"/instances/{key}/cancellation", body)
    assert (first["repeated"], again["repeated"]) == (False, True)
    assert {**first, "repeated": True} == again
    assert site.coordinator.get(f"/instances/{key}")["status"] == "cancelled"
    other = {**body, "reason": "Something else."}
    site.coordinator.refused(f"/instances/{key}/cancellation", "command-differs", 409, other)


def test_a_message_nobody_waits_for_is_refused(site):
    key = site.world.instance_ids[0]
    body = {"name": "nothing", "values": {"amount": "1.5"}}
    site.coordinator.refused(f"/instances/{key}/messages", "message-not-expected", 409, body)


def test_a_signal_nobody_waits_for_changes_nothing(site):
    key = site.world.instance_ids[0]
    tasks = site.coordinator.get(f"/instances/{key}")["tasks"]
    site.coordinator.post(f"/instances/{key}/signals", {"name": "nothing"})
    assert site.coordinator.get(f"/instances/{key}")["tasks"] == tasks


def test_the_history_tells_who_did_what_in_order(site):
    world = site.world
    task = world.task()
    world.deliver(task)
    items = site.auditor.get(f"/instances/{task.instance_id}/changes?limit=200")["items"]
    assert [i["version"] for i in items] == list(range(1, len(items) + 1))
    assert [i["command"] for i in items][:3] == ["start", "assign", "complete"]
    assert items[2]["actor"] == task.assignee_id
    page = site.auditor.get(f"/instances/{task.instance_id}/changes?limit=2")
    rest = site.auditor.get(f"/instances/{task.instance_id}/changes?limit=200&cursor={page['next']}")
    assert page["items"] + rest["items"] == items


def test_things_of_another_region_are_not_there(site):
    key, task = site.world.instance_ids[0], site.world.task()
    stranger = site.stranger("coordinator")
    version = {"version_id": site.world.version_id}
    for path, body in (
        (f"/instances/{key}/retry", {}), (f"/instances/{key}/cancellation", {"reason": "x"}),
        (f"/instances/{key}/messages", {"name": "x"}), (f"/instances/{key}/signals", {"name": "x"}),
        (f"/instances/{key}/migration", version), (f"/tasks/{task.id}/deadlines", {"node": "x"}),
        (f"/projects/{site.world.project_id}/migration", version),
    ):  # fmt: skip
        stranger.post(path, body, 404)
    stranger.get(f"/instances/{key}/changes", 404)


def test_a_dry_run_of_a_migration_changes_nothing_and_the_real_one_is_recorded(site):
    world = site.world
    key, target = world.instance_ids[0], new_version(world)
    world.deliver(world.task(key))
    before = site.coordinator.get(f"/instances/{key}")
    path, body = f"/instances/{key}/migration", {"version_id": target, "command_id": str(uuid.uuid4())}
    tried = site.coordinator.post(f"{path}?dry_run=true", body)
    assert (tried["possible"], tried["done"], tried["problems"]) == (True, False, [])
    assert site.coordinator.get(f"/instances/{key}") == before
    for _ in range(2):
        assert site.coordinator.post(path, body)["done"] is True
    after = site.coordinator.get(f"/instances/{key}")
    assert after["service_version_id"] == target
    assert after["tasks"] == before["tasks"]
    commands = [i["command"] for i in site.coordinator.get(f"/instances/{key}/changes?limit=200")["items"]]
    assert commands.count("migrate") == 1
    world.deliver(world.task(key))
    assert len(site.coordinator.get(f"/instances/{key}")["tasks"]) > len(before["tasks"])


def test_an_instance_that_does_not_fit_stays_and_is_told_why(site):
    world = site.world
    key = world.instance_ids[0]
    target = new_version(world, "1.0.2", lambda b: b.replace(b'maxRework="', b'maxRework="1', 1))
    tried = site.coordinator.post(f"/instances/{key}/migration?dry_run=true", {"version_id": target})
    assert tried["possible"] is False
    assert "announce" in {p["place"] for p in tried["problems"]}
    refused = site.coordinator.post(f"/instances/{key}/migration", {"version_id": target}, 422)
    assert refused["code"] == "migration-refused"
    assert refused["problems"]
    assert site.coordinator.get(f"/instances/{key}")["service_version_id"] == world.version_id


def test_a_whole_project_goes_over_and_each_village_reports(site):
    world = site.world
    target = new_version(world)
    path = f"/projects/{world.project_id}/migration"
    tried = site.coordinator.post(f"{path}?dry_run=true", {"version_id": target})
    assert [r["possible"] for r in tried["instances"]] == [True] * 3
    command = {"version_id": target, "command_id": str(uuid.uuid4())}
    done = site.coordinator.post(path, command)
    assert [r["done"] for r in done["instances"]] == [True] * 3
    assert site.coordinator.get(f"/projects/{world.project_id}")["service_version_id"] == target
    for key in world.instance_ids:
        world.finish(key)
        assert world.read(instances.instance, key).status == "accepted"


def test_a_number_of_more_than_64_bits_is_a_number(site):
    key, command = site.world.instance_ids[0], str(uuid.uuid4())
    body = {"name": "nothing", "values": {"amount": 10**30}, "command_id": command}
    assert site.coordinator.post(f"/instances/{key}/signals", body)["repeated"] is False
    assert site.coordinator.post(f"/instances/{key}/signals", body)["repeated"] is True
    other = {**body, "values": {"amount": 10**30 + 1}}
    site.coordinator.refused(f"/instances/{key}/signals", "command-differs", 409, other)
