"""Timers are rows: fired when due, once, by one sweep, however many there are and whoever else sweeps."""

import time

import pytest
from sqlalchemy import func, insert, select

from server.actor import SYSTEM
from server.instances import models
from server.instances import service as instances
from server.jobs.sweep import sweep
from server.journal import service as journal
from server.requests.models import RequestRow
from service_library import library
from tests.conftest import open_runtime
from tests.server.test_sweep import BOUNDARY, with_timer


@pytest.fixture
def timed(started):
    """An instance whose first task has a timer of two days."""
    [started.timed] = started.start_service("TIMED", with_timer(), "9.0.0")
    return started


def multiply(world, count):
    """Clone the timed instance, with its rows."""

    def rows(tx, model, **where):
        query = select(model.__table__)
        for name, value in where.items():
            query = query.where(model.__table__.c[name] == value)
        return [dict(row) for row in tx.session.execute(query).mappings()]

    def clone(tx):
        [instance] = rows(tx, models.InstanceRow, id=world.timed)
        [request] = rows(tx, RequestRow, id=instance["request_id"])
        keys = [(tx.new_id(), tx.new_id()) for _ in range(count)]
        run = tx.session.execute
        run(insert(RequestRow.__table__), [{**request, "id": r} for _, r in keys])
        run(insert(models.InstanceRow.__table__), [{**instance, "id": i, "request_id": r} for i, r in keys])
        for model in (models.EngineTaskRow, models.EngineScopeRow, models.TimerRow):
            found = rows(tx, model, instance_id=world.timed)
            run(insert(model.__table__), [{**row, "instance_id": i} for i, _ in keys for row in found])
        tasks = rows(tx, models.TaskRow, instance_id=world.timed)
        run(
            insert(models.TaskRow.__table__),
            [{**t, "id": tx.new_id(), "instance_id": i} for i, _ in keys for t in tasks],
        )
        return [i for i, _ in keys]

    return world.runtime.run(SYSTEM, clone)


def waiting(world):
    return world.read(lambda tx: tx.session.scalar(select(func.count()).select_from(models.TimerRow)))


def fired(world, keys):
    """How often the timer fired, by instance."""
    found = {}
    for key in keys:
        happened = [
            e for c in world.read(instances.history, key) for e in c.events if e["event"] == "event_occurred"
        ]
        found[key] = len(happened)
    return found


def test_a_timer_is_a_row_while_it_waits(timed):
    [timer] = timed.read(instances.timers, timed.timed)
    assert timer.node_id == "too_late"
    assert timed.read(lambda tx: instances.next_due(tx, instances.instance(tx, timed.timed))) == timer.due_at
    timed.deliver(timed.task(timed.timed))
    assert timed.read(instances.timers, timed.timed) == []


def test_more_timers_than_fit_into_a_batch_all_fire_in_one_sweep(timed, monkeypatch):
    keys = [timed.timed, *multiply(timed, 8)]
    monkeypatch.setattr(instances.due, "__defaults__", (None, 2))
    timed.clock.advance(days=3)
    sweep(timed.runtime)
    assert set(fired(timed, keys).values()) == {1}
    assert waiting(timed) == 0


def test_one_that_cannot_fire_is_passed_over_and_the_sweep_ends(timed, monkeypatch):
    keys = [timed.timed, *multiply(timed, 4)]
    fire = instances.fire_timers

    def failing(tx, instance_id):
        if instance_id == keys[2]:
            raise ZeroDivisionError
        fire(tx, instance_id)

    monkeypatch.setattr(instances, "fire_timers", failing)
    monkeypatch.setattr(instances.due, "__defaults__", (None, 1))
    timed.clock.advance(days=3)
    sweep(timed.runtime)
    assert [fired(timed, keys)[k] for k in keys] == [1, 1, 0, 1, 1]


def test_one_whose_rows_are_spoilt_is_left_and_each_of_the_others_fires_once(timed):
    """The failure comes in the midst of a transaction in which others have fired already."""
    keys = sorted([timed.timed, *multiply(timed, 4)])
    timed.tamper(f"UPDATE engine_scope SET content = '{{' WHERE instance_id = '{keys[2]}'")
    timed.clock.advance(days=3)
    for _ in range(2):
        sweep(timed.runtime)
    assert [fired(timed, keys)[k] for k in keys] == [1, 1, 0, 1, 1]
    for key in keys:
        tasks = timed.read(instances.tasks_of_instance, key)
        new = [t for t in tasks if t.node_id == "hold_meeting"]
        assert [t.state for t in tasks if t.node_id == "announce"] == [
            "ready" if key == keys[2] else "cancelled"
        ]
        assert len(new) == (0 if key == keys[2] else 1)
        for task in new:
            assert task.assignee_id is not None
            told = [row.event for row in timed.read(journal.of_objects, [task.id])]
            assert told == ["task:ready", "task:assigned"]
    assert waiting(timed) == 1


def test_timers_of_one_instance_that_open_the_same_task_make_rounds_of_it(started):
    once = BOUNDARY.replace(b"<bpmn:boundaryEvent ", b'<bpmn:boundaryEvent cancelActivity="false" ')
    again = (
        once.replace(b"too_late", b"much_too_late").replace(b"two_days", b"again").replace(b"P2D", b"PT50H")
    )
    bpmn = library.load("community_profile", "1.0.0").bpmn
    both = once.strip().replace(b"</bpmn:process>", again.strip())
    keys = started.start_service("TIMED", bpmn.replace(b"</bpmn:process>", both, 1), "9.0.0", villages=2)
    started.clock.advance(days=3)
    sweep(started.runtime)
    for key in keys:
        tasks = started.read(instances.tasks_of_instance, key)
        assert [t.state for t in tasks if t.node_id == "announce"] == ["ready"]
        rounds = [(t.round, t.state) for t in tasks if t.node_id == "hold_meeting"]
        assert rounds == [(1, "ready"), (2, "ready")]
        assert all(t.assignee_id for t in tasks)


def test_several_sweeps_at_once_fire_each_timer_once(timed, race):
    keys = [timed.timed, *multiply(timed, 11)]
    other = open_runtime(timed.runtime.settings.database_url, timed.runtime.files.root, timed.clock, seed=99)
    timed.clock.advance(days=3)
    try:
        race(4, lambda n: sweep((timed.runtime, other)[n % 2]))
    finally:
        other.engine.dispose()
    assert set(fired(timed, keys).values()) == {1}
    assert waiting(timed) == 0


def test_a_timer_fires_against_a_person_who_is_at_it_and_one_of_them_wins(timed, race):
    task = timed.task(timed.timed)
    timed.clock.advance(days=3)

    def step(number):
        if number:
            return sweep(timed.runtime)
        return timed.runtime.run(SYSTEM, instances.complete, task.id, {}, by=task.assignee_id)

    done = race(2, step)
    states = [(t.node_id, t.state) for t in timed.read(instances.tasks_of_instance, timed.timed)]
    by_person = [("announce", "completed"), ("hold_meeting", "ready")]
    by_time = [("announce", "cancelled"), ("hold_meeting", "ready")]
    assert states == (by_person if done[0] is None else by_time)


def test_a_timer_inside_a_document_of_release_0_1_0_fires_too(timed):
    from tests.server.test_instances_store import as_document

    as_document(timed, timed.timed)
    assert waiting(timed) == 0
    timed.clock.advance(days=3)
    sweep(timed.runtime)
    sweep(timed.runtime)
    states = [(t.node_id, t.state) for t in timed.read(instances.tasks_of_instance, timed.timed)]
    assert states == [("announce", "cancelled"), ("hold_meeting", "ready")]


@pytest.mark.soak
def test_ten_thousand_due_timers_fire_within_a_minute(timed):
    multiply(timed, 9_999)
    timed.clock.advance(days=3)
    began = time.perf_counter()
    sweep(timed.runtime)
    took = time.perf_counter() - began
    print(f"10,000 timers in {took:.1f} s on {timed.runtime.engine.dialect.name}")
    assert waiting(timed) == 0
    assert took < 60
