"""Following an instance or a project: what the stream says, whom it tells it to, and when it ends."""

import json
import threading
import time
from contextlib import contextmanager

import pytest
from sqlalchemy import text

from server.accounts import service as accounts
from server.actor import SYSTEM, Grant, Role
from server.app import create_app
from server.http.security import SESSION_COOKIE
from server.instances import service as instances
from server.tracking.states import Subject
from server.tracking.streams import MOST_OF_A_PERSON, Streams, TooManyStreams

SOON = 20


class Follower:
    """Somebody who follows a diagram; reads the stream's events one by one."""

    def __init__(self, world, role="coordinator", *, heartbeat=60.0, longest=600.0, most=8):
        self.world = world
        self.app = create_app(world.runtime)
        self.app.extensions["tracking"] = Streams(world.runtime, most, pause=0.02)
        self.app.config.update(TRACKING_HEARTBEAT=heartbeat, TRACKING_LONGEST=longest)
        self.client = self.app.test_client()
        self.client.set_cookie("language", "en")
        self.token = ""
        if role:
            self.token = world.runtime.run(SYSTEM, accounts.open_session, world.actor(role).user_id)
            self.client.set_cookie(SESSION_COOKIE, self.token)

    @contextmanager
    def follow(self, address, **headers):
        answer = self.client.get(address, headers=headers, buffered=False)
        try:
            yield answer, events_of(answer)
        finally:
            answer.close()
            self.end_looking()

    def end_looking(self):
        """With the last stream its thread ends; the test's database must outlive it."""
        if not len(self.app.extensions["tracking"]):
            for thread in threading.enumerate():
                if thread.name == "tracking":
                    thread.join(SOON)

    def status(self, address):
        with self.follow(address, Accept="application/json") as (answer, _):
            return answer.status_code


def events_of(answer):
    """The events of a stream: (name, id, data); comments as ("", "", None)."""
    for chunk in answer.iter_encoded():
        fields = dict(line.split(": ", 1) for line in chunk.decode().strip().split("\n") if ": " in line)
        if "retry" not in fields:
            data = fields.get("data")
            yield fields.get("event", ""), fields.get("id", ""), json.loads(data) if data else None


def told(events):
    """The next state of a stream, past the signs that it is there."""
    return next((id_, data["nodes"]) for name, id_, data in events if name == "state")


def first(world):
    return world.instance_ids[0], world.task()


def test_a_stream_begins_with_the_state_that_the_page_asks_for_too(started):
    follower, (instance, task) = Follower(started), first(started)
    with follower.follow(f"/instances/{instance}/events") as (answer, events):
        _, nodes = told(events)
        assert answer.mimetype == "text/event-stream"
        assert answer.headers["Cache-Control"] == "no-store, no-transform"
        assert answer.headers["X-Accel-Buffering"] == "no"
    assert nodes == follower.client.get(f"/instances/{instance}/state.json").get_json()["nodes"]
    assert nodes[task.node_id]["state"] == "waiting"


def test_the_badge_says_who_has_the_task_and_since_when(started):
    instance, task = first(started)
    address = f"/instances/{instance}/state.json"
    labels = [
        Follower(started, role).client.get(address).get_json()["nodes"][task.node_id]["label"]
        for role in ("coordinator", "expert")
    ]
    name = started.read(lambda tx: instances.people.people(tx, [task.assignee_id]))[task.assignee_id].name
    assert labels[0].startswith(f"1 under way: {name}, since ")
    assert labels[1].startswith("1 under way: since ")


def test_the_timeline_of_a_village_follows_the_work_and_that_of_a_project_has_none(started):
    instance, _ = first(started)
    page = Follower(started)
    address = f"/instances/{instance}"
    before = page.client.get(f"{address}/state.json").json["timeline"]
    assert [line["words"] for line in before][-1] == "The village asked for the service"
    with page.follow(f"{address}/events") as (_, events):
        assert next(data for name, _, data in events if name == "state")["timeline"] == before
        started.deliver()
        after = next(data for name, _, data in events if name == "state")["timeline"]
    assert "Delivered" in {line["words"].partition(":")[0] for line in after}
    assert after[-len(before) :] == before
    shown = page.client.get(address).text
    assert all(f'<time datetime="{line["at"]}">{line["moment"]}</time>' in shown for line in after)
    assert "timeline" not in page.client.get(f"/projects/{started.project_id}/state.json").json


def test_a_delivery_is_told_without_being_asked_for(started):
    follower, (instance, task) = Follower(started), first(started)
    with follower.follow(f"/instances/{instance}/events") as (_, events):
        before, _ = told(events)
        delivery = started.deliver(task)
        after, nodes = told(events)
        assert after != before
        assert nodes[task.node_id]["state"] in ("in_review", "late", "waiting")
        started.accept(delivery)
        while nodes[task.node_id]["state"] != "done":
            _, nodes = told(events)


def test_a_project_counts_its_villages_and_warms_where_they_are_held_up(started):
    follower, (_, task) = Follower(started), first(started)
    with follower.follow(f"/projects/{started.project_id}/events") as (_, events):
        _, nodes = told(events)
    node = nodes[task.node_id]
    assert (node["state"], node["count"], node["heat"]) == ("waiting", 3, 5)
    assert node["label"] == "3 under way"


def test_who_comes_back_with_the_last_event_is_told_only_what_is_new(started):
    follower, (instance, task) = Follower(started), first(started)
    with follower.follow(f"/instances/{instance}/events") as (_, events):
        known, _ = told(events)
    with follower.follow(f"/instances/{instance}/events", **{"Last-Event-ID": known}) as (_, events):
        assert next(events) == ("", "", None)
        started.deliver(task)
        assert told(events)[0] != known


def test_a_silent_stream_shows_that_it_is_there_and_ends_after_a_while(started):
    follower, (instance, _) = Follower(started, heartbeat=0.05, longest=0.5), first(started)
    with follower.follow(f"/instances/{instance}/events") as (_, events):
        names = [name for name, _, _ in events]
    assert names[0] == "state"
    assert len(names) > 3
    assert set(names[1:]) == {""}


def test_a_task_that_becomes_late_is_told_at_a_heartbeat(started):
    follower, (instance, task) = Follower(started, heartbeat=0.05), first(started)
    with follower.follow(f"/instances/{instance}/events") as (_, events):
        told(events)
        started.clock.advance(days=60)
        follower.world.runtime.run(SYSTEM, lambda tx: None)
        name, _, data = next(event for event in events if event[0])
        assert name in ("state", "end")  # the session may have ended by then
        assert data == {} or data["nodes"][task.node_id]["state"] == "late"


@pytest.mark.parametrize("ending", ["session", "account"])
def test_the_stream_ends_with_the_session(started, ending):
    follower, (instance, _) = Follower(started, heartbeat=0.05), first(started)
    with follower.follow(f"/instances/{instance}/events") as (_, events):
        told(events)
        if ending == "session":
            started.runtime.run(SYSTEM, accounts.close_session, follower.token)
        else:
            with started.runtime.engine.begin() as connection:
                connection.execute(text("DELETE FROM sign_in"))
        assert next(event for event in events if event[0]) == ("end", "", {})
        assert list(events) == []


def test_the_stream_ends_with_the_permission(started):
    follower, (instance, _) = Follower(started, heartbeat=0.05), first(started)
    with follower.follow(f"/instances/{instance}/events") as (_, events):
        told(events)
        with started.runtime.engine.begin() as connection:
            connection.execute(text("DELETE FROM role_grant"))
        assert next(event for event in events if event[0]) == ("end", "", {})


@pytest.mark.parametrize(
    ("role", "status"),
    [("", 401), ("expert", 200), ("coordinator", 200), ("verifier", 200), ("administrator", 403)],
)
def test_only_those_who_may_see_the_work_follow_it(started, role, status):
    follower = Follower(started, role)
    instance, _ = first(started)
    assert follower.status(f"/instances/{instance}/events") == status
    assert follower.status(f"/projects/{started.project_id}/events") == status


def test_a_coordinator_of_another_region_does_not_learn_that_there_is_anything(started):
    account = started.runtime.run(
        SYSTEM, accounts.create_account, email="far@demo.example", name="Far", password="far-away-and-long",
        grants=[Grant(Role.COORDINATOR, "BJ/BJ-BO/")],
    )  # fmt: skip
    follower = Follower(started, role="")
    follower.client.set_cookie(SESSION_COOKIE, started.runtime.run(SYSTEM, accounts.open_session, account))
    assert follower.status(f"/instances/{first(started)[0]}/events") == 404
    assert follower.status(f"/projects/{started.project_id}/events") == 404


def test_what_is_not_there_is_not_found_and_takes_no_place(started):
    follower = Follower(started)
    assert follower.status("/instances/nothing/events") == 404
    assert follower.status("/projects/nothing/events") == 404
    assert len(follower.app.extensions["tracking"]) == 0


def test_streams_are_bounded_for_the_process_and_the_person_and_give_their_place_back(started):
    follower = Follower(started, most=2)
    address = f"/instances/{first(started)[0]}/events"
    with follower.follow(address) as (_, one), follower.follow(address) as (_, other):
        told(one)
        told(other)
        assert follower.status(address) == 429
    assert follower.status(address) == 200
    streams = Streams(started.runtime, 100)
    held = [streams.enter("afi", Subject("instance", "x")) for _ in range(MOST_OF_A_PERSON)]
    with pytest.raises(TooManyStreams):
        streams.enter("afi", Subject("instance", "x"))
    streams.enter("bio", Subject("instance", "x")).leave()
    for ticket in held:
        ticket.leave()
    assert len(streams) == 0


def test_with_no_places_the_page_asks_instead(started):
    assert Follower(started, most=0).status(f"/instances/{first(started)[0]}/events") == 429


def test_a_head_request_takes_no_place(started):
    follower = Follower(started)
    follower.client.head(f"/instances/{first(started)[0]}/events").close()
    assert len(follower.app.extensions["tracking"]) == 0


def test_a_process_that_stops_ends_its_streams_at_once(started):
    follower, (instance, _) = Follower(started), first(started)
    with follower.follow(f"/instances/{instance}/events") as (_, events):
        told(events)
        threading.Timer(0.2, follower.app.extensions["tracking"].close).start()
        before = time.monotonic()
        assert [event for event in events if event[0]] == []
        assert time.monotonic() - before < SOON
    assert follower.status(f"/instances/{instance}/events") == 429


def test_nobody_looks_when_nobody_follows(started):
    streams = Streams(started.runtime, 4, pause=0.01)
    streams.enter("afi", Subject("instance", first(started)[0])).leave()
    deadline = time.monotonic() + SOON
    while any(thread.name == "tracking" for thread in threading.enumerate()):
        assert time.monotonic() < deadline
        time.sleep(0.01)
