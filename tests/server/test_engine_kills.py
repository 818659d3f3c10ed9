"""Processes killed with SIGKILL between, before and after commits: nothing is lost and nothing happens twice."""

from __future__ import annotations

import random
import uuid

import pytest

from server.instances import models
from server.instances import service as instances
from server.jobs import sweep
from server.journal.service import Event
from server.transparency import service as transparency
from tests.engine_processes import Killed
from tests.server.test_engine_races import branching, history
from tests.server.test_instances_commands import events
from tests.server.test_instances_outbox import with_service
from tests.server.test_sweep import with_timer

POINTS = ("before commit", "after commit")


@pytest.fixture
def killed(processes, started):
    """killed(point, count, order, ...): whether a process that carries it out died there, for the count-th time."""

    def carry_out(point, count, order, **given):
        process = processes[0].open(started)
        process.ask("die_at", point=point, times=count)
        try:
            assert process.ask(order, **given) == {"result": None}
        except Killed:
            return True
        return False

    return carry_out


@pytest.fixture
def finish(processes, started):
    """finish(order, ...): a process that is not killed carries it out."""

    def carry_out(order, **given):
        assert processes[0].open(started).ask(order, **given) == {"result": None}

    return carry_out


@pytest.mark.parametrize(
    ("point", "count", "is_kept"),
    [("before commit", 1, False), ("after commit", 1, True), ("before commit", 2, True), ("after commit", 2, True)],
    ids=["before the step's commit", "between step and automatic steps", "in the automatic steps", "after all"],
)  # fmt: skip
def test_a_persons_step_is_kept_whole_or_not_at_all_and_goes_on_after_a_kill(
    started, killed, finish, point, count, is_kept
):
    [key] = started.start_service("BRANCH", branching(), "9.0.0")
    order = {
        "task": started.task(key).id, "by": started.members[0], "answers": {},
        "command_id": str(uuid.uuid4()),
    }  # fmt: skip
    assert killed(point, count, "complete", **order)
    assert (started.read(instances.task_row, order["task"]).state == "completed") == is_kept
    assert started.read(instances.instance, key).pending == (
        (point, count) in [(POINTS[1], 1), (POINTS[0], 2)]
    )
    finish("complete", **order)  # the phone sends it again
    finish("sweep")
    done = [c.command for c in history(started, key)]
    assert (done.count("complete"), done.count("proceed")) == (1, 1)
    assert sorted(t.node_id for t in started.ready_tasks(key)) == ["enter_data", "hold_meeting"]
    assert all(t.assignee_id for t in started.ready_tasks(key))


def waiting(world):
    return world.read(lambda tx: tx.session.query(models.TimerRow).all())


def request(world):
    """The only thing that was asked of the outside."""
    [asked] = world.read(lambda tx: tx.session.query(models.OutboxRow).all())
    return asked


@pytest.mark.parametrize("point", POINTS)
def test_a_sweep_that_is_killed_at_each_of_its_commits_fires_each_timer_once(started, killed, finish, point):
    keys = started.start_service("TIMED", with_timer(), "9.0.0", villages=2)
    started.clock.advance(days=3)
    assert killed("before commit", 1, "sweep")
    assert len(waiting(started)) == len(keys)
    while left := waiting(started):
        assert killed(point, 1 if point == "after commit" else 2, "sweep")
        # each process fires the timers of one transaction and dies
        assert len(waiting(started)) == max(0, len(left) - sweep.TOGETHER)
    finish("sweep")
    for key in keys:
        happened = [e["event"] for c in history(started, key) for e in c.events]
        assert happened.count("event_occurred") == 1
        assert [t.node_id for t in started.ready_tasks(key)] == ["hold_meeting"]
    assert started.verify() == []


def start_asking(world, ref):
    [key] = world.start_service("ASKS", with_service(ref), "9.0.0")
    world.deliver(world.task(key))
    return key


def test_an_operation_that_was_carried_out_before_a_kill_is_repeated_under_the_same_id(started, killed):
    key = start_asking(started, "webhook:stock")
    assert killed("outside", 1, "sweep")
    assert started.ready_tasks(key) == []
    started.clock.advance(minutes=2)
    assert not killed("outside", 2, "sweep"), "it was asked again, once"
    log = (started.runtime.files.root / "outside.log").read_text().split()
    assert len(log) == 2
    assert len(set(log)) == 1, "the same id lets the other side tell"
    assert [c.command for c in history(started, key)].count("operation done") == 1
    assert [t.node_id for t in started.ready_tasks(key)] == ["hold_meeting"]


@pytest.mark.parametrize("point", POINTS)
def test_what_is_done_inside_happens_once_however_often_the_process_is_killed(started, killed, finish, point):
    key = start_asking(started, "note")
    for times in (1, 2):  # it is taken, and then it is carried out
        assert killed(point, times, "sweep")
        started.clock.advance(minutes=90)
    assert (request(started).done_at is not None) == (point == "after commit")
    finish("sweep")
    assert events(started, key).count(Event.INSTANCE_NOTE) == 1
    assert [c.command for c in history(started, key)].count("operation done") == 1
    assert [t.node_id for t in started.ready_tasks(key)] == ["hold_meeting"]
    assert request(started).done_at is not None


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(3))
def test_processes_killed_at_any_moment_lose_nothing_they_have_answered(started, processes, finish, seed):
    """Work on branching instances through processes that are killed after a random time."""
    chance = random.Random(seed)
    keys = started.start_service("BRANCH", branching(), "9.0.0", villages=4)
    answered, deaths = set(), 0
    for _ in range(200):
        tasks = [task for key in keys for task in started.ready_tasks(key)]
        if not tasks and not started.read(instances.pending):
            break
        process = processes[0].open(started)
        timer = chance.uniform(0.0, 0.06)
        process.send("work", tasks=[t.id for t in tasks], by=started.members[0], die_after=timer)
        try:
            while (answer := process.answer()).get("result") != "end":
                answered.add(answer["result"])
        except Killed:
            deaths += 1
    finish("sweep")
    assert deaths > 3
    for key in keys:
        found = history(started, key)
        assert started.read(instances.instance, key).status in ("work_done", "accepted")
        assert [c.command for c in found].count("complete") == len(
            started.read(instances.tasks_of_instance, key)
        )
    for task in answered:
        assert started.read(instances.task_row, task).state == "completed"
    assert started.read(transparency.verify) == []
