"""The engine's instances in the database: kept as rows, held in memory, changed once, and never ahead of it."""

import uuid
from contextlib import closing

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError

from server.actor import SYSTEM
from server.instances import commands, models
from server.instances import service as instances
from server.instances.live import Live, LiveInstances
from server.instances.service import AlreadyCompleted
from server.instances.store import Command, CommandDiffers, InstanceBusy, Work, digest, read_events
from tests.conftest import open_runtime
from workflows import engine


def other_process(world):
    """A second process on the same database: the same installation with an empty memory."""
    return open_runtime(world.runtime.settings.database_url, world.runtime.files.root, world.clock, seed=77)


def count(world, model, instance_id=None):
    query = select(func.count()).select_from(model)
    if instance_id is not None:
        query = query.where(model.instance_id == instance_id)
    return world.read(lambda tx: tx.session.scalar(query))


def complete(tx, task_id, answers=None, *, by="p1", **given):
    instances.complete(tx, task_id, answers or {}, by=by, **given)


def stored(tx, instance_id):
    """The document of what the database has."""
    _, found = commands.work(tx).open(instance_id, commands.programs(tx), tx.now)
    return found.document().document


def test_a_new_instance_is_kept_as_rows_and_not_as_a_document(started):
    row = started.read(instances.instance, started.instance_ids[0])
    assert (row.engine, row.state, row.pending) == (models.ROWS, b"", False)
    assert count(started, models.EngineTaskRow, row.id) > 0
    assert row.definition


def test_what_is_in_memory_equals_what_is_in_the_database_after_every_step(started):
    key = started.instance_ids[0]
    for _ in range(40):
        tasks = started.ready_tasks(key)
        if not tasks:
            break
        started.deliver(tasks[0], quorum_fails=False)
        held = started.runtime.live.take(key)
        if held is None:
            break
        assert held.version == started.read(instances.instance, key).version
        assert held.instance.document().document == started.read(stored, key)
        started.runtime.live.put(held)
    assert started.read(instances.instance, key).status == "work_done"


def test_nothing_lives_on_in_an_instance_that_is_over(started):
    key = started.instance_ids[0]
    started.finish(key)
    assert [
        count(started, m, key) for m in (models.EngineTaskRow, models.TimerRow, models.SubscriptionRow)
    ] == [0] * 3
    assert key not in started.runtime.live
    assert started.read(instances.history, key)[-1].version == started.read(instances.instance, key).version


def test_every_command_is_one_row_of_history(started):
    task = started.task()
    before = started.read(instances.instance, task.instance_id).version
    started.runtime.run(SYSTEM, complete, task.id)
    found = [c for c in started.read(instances.history, task.instance_id) if c.version > before]
    assert found[0].command == "complete"
    assert found[0].actor == "p1"
    assert {"task_completed", "task_ready"} <= {e["event"] for e in found[0].events}
    assert [c.version for c in started.read(instances.history, task.instance_id)] == list(
        range(1, found[-1].version + 1)
    )


def test_history_cannot_be_changed(started):
    for statement in (
        "UPDATE instance_change SET actor = 'x'", "DELETE FROM instance_change", "TRUNCATE instance_change",
    ):  # fmt: skip
        if "TRUNCATE" in statement and started.runtime.engine.dialect.name == "sqlite":
            continue
        with pytest.raises(DBAPIError, match="append-only"), started.runtime.engine.begin() as connection:
            connection.execute(text(statement))


# Repeating --------------------------------------------------------------------------------------------


def test_a_command_sent_twice_is_carried_out_once(started):
    task, command_id = started.task(), str(uuid.uuid4())
    for _ in range(3):
        started.runtime.run(SYSTEM, complete, task.id, command_id=command_id)
    found = [c for c in started.read(instances.history, task.instance_id) if c.command_id == command_id]
    assert len(found) == 1
    assert count(started, models.TaskRow, task.instance_id) == 2


def test_a_repeated_command_is_answered_with_the_first_result(started):
    key, command_id = started.instance_ids[0], str(uuid.uuid4())

    def cancel(tx):
        return instances.cancel(tx, key, reason="flood", command_id=command_id)

    first = started.run("coordinator", cancel)
    started.clock.advance(hours=3)
    again = started.run("coordinator", cancel)
    assert (first.repeated, again.repeated) == (False, True)
    assert (again.version, again.command.at) == (first.version, first.command.at)
    assert read_events(again.events) == read_events(first.events) != ()


def test_a_command_id_is_not_used_for_something_else(started):
    one, two = (started.task(key) for key in started.instance_ids[:2])
    command_id = str(uuid.uuid4())
    started.runtime.run(SYSTEM, complete, one.id, command_id=command_id)
    for step in (
        lambda: started.runtime.run(SYSTEM, complete, two.id, command_id=command_id),
        lambda: started.run("coordinator", instances.retry, two.instance_id, command_id=command_id),
    ):
        with pytest.raises(CommandDiffers):
            step()
    assert started.read(instances.task_row, two.id).state == "ready"


def test_a_command_that_is_repeated_at_the_same_moment_is_carried_out_once(started, race):
    task, command_id = started.task(), str(uuid.uuid4())
    done = race(6, lambda _: started.runtime.run(SYSTEM, complete, task.id, command_id=command_id))
    assert done == [None] * 6
    assert count(started, models.TaskRow, task.instance_id) == 2


# Races ------------------------------------------------------------------------------------------------


def test_one_of_many_wins_and_the_others_learn_who_and_when(started, race):
    task = started.task()
    people = started.members[:4]
    with_memory = [started.runtime, other_process(started), started.runtime, other_process(started)]

    def attempt(number):
        return with_memory[number].run(SYSTEM, complete, task.id, by=people[number])

    try:
        done = race(4, attempt)
    finally:
        for runtime in with_memory[1::2]:
            runtime.engine.dispose()
    [winner] = [n for n, result in enumerate(done) if result is None]
    losers = [result for result in done if result is not None]
    assert all(isinstance(loser, AlreadyCompleted) for loser in losers), losers
    row = started.read(instances.task_row, task.id)
    assert row.completed_by == people[winner]
    from server.people import service as register

    name = started.read(register.person, people[winner]).name
    assert {(loser.params["who"], loser.params["when"]) for loser in losers} == {(name, row.completed_at)}


def test_a_process_goes_on_with_what_another_one_left(started):
    key = started.instance_ids[0]
    first = started.task(key)
    other = other_process(started)
    try:
        started.runtime.run(SYSTEM, complete, first.id)  # in this memory now
        second = started.task(key)
        other.run(SYSTEM, complete, second.id)
        third = started.task(key)
        started.runtime.run(SYSTEM, complete, third.id)  # this memory is one step behind
        with pytest.raises(AlreadyCompleted):
            other.run(SYSTEM, complete, third.id)
    finally:
        other.engine.dispose()
    versions = [c.version for c in started.read(instances.history, key)]
    assert versions == list(range(1, len(versions) + 1))


def test_what_only_old_memory_believes_is_not_told(started):
    """A refusal that comes from a stale copy is asked again of the database."""
    key = started.instance_ids[0]
    first = started.task(key)
    stale = started.read(lambda tx: commands.work(tx).open(key, commands.programs(tx), tx.now))
    started.runtime.run(SYSTEM, complete, first.id)
    second = started.task(key)
    started.runtime.live.clear()
    started.runtime.live.put(Live(key, *stale))  # the second task is not there yet
    started.runtime.run(SYSTEM, complete, second.id)
    assert started.read(instances.task_row, second.id).state == "completed"


# Never ahead of the database --------------------------------------------------------------------------


@pytest.mark.parametrize("loaded", [False, True], ids=["in memory", "loaded"])
def test_a_row_that_is_newer_than_the_history_is_not_overwritten(started, loaded):
    """Somebody wrote past the history: what this process knows is not the truth, and it says so."""
    key = started.instance_ids[0]
    before = started.read(instances.instance, key)
    if loaded:
        started.runtime.live.clear()
    started.tamper(f"UPDATE process_instance SET version = {before.version + 1} WHERE id = '{key}'")
    with pytest.raises(InstanceBusy):
        started.run("coordinator", instances.cancel, key, reason="flood")
    assert started.read(instances.instance, key).status == "running"
    assert started.read(instances.history, key)[-1].version == before.version
    assert {t.state for t in started.read(instances.tasks_of_instance, key)} == {"ready"}
    started.tamper(f"UPDATE process_instance SET version = {before.version} WHERE id = '{key}'")
    started.run("coordinator", instances.cancel, key, reason="flood")
    assert started.read(instances.instance, key).status == "cancelled"


def test_a_task_whose_row_is_gone_is_not_written_over(started):
    """A step in memory takes over the row of the task it ends: when that is not there, nothing is written."""
    key = started.instance_ids[0]
    started.deliver(started.ready_tasks(key)[0])
    (task,) = started.ready_tasks(key)
    assert key in started.runtime.live
    before = started.read(instances.instance, key).version
    rows = count(started, models.EngineTaskRow, key)
    started.tamper(f"UPDATE engine_task SET task_id = 'elsewhere' WHERE instance_id = '{key}'")
    with pytest.raises(InstanceBusy):
        started.runtime.run(SYSTEM, complete, task.id)
    assert key not in started.runtime.live
    assert started.read(instances.instance, key).version == before
    assert count(started, models.EngineTaskRow, key) == rows
    assert started.read(instances.task_row, task.id).state == "ready"
    given_back = f"UPDATE engine_task SET task_id = '{task.engine_task_id.replace('-', '')}' WHERE instance_id = '{key}'"
    started.tamper(given_back)
    started.runtime.run(SYSTEM, complete, task.id)
    assert started.read(instances.task_row, task.id).state == "completed"


def test_what_rolls_back_is_not_kept_in_memory(started):
    task = started.task()

    def complete_and_fail(tx):
        complete(tx, task.id)
        raise RuntimeError("on purpose")

    started.runtime.run(SYSTEM, instances.proceed, task.instance_id)
    with pytest.raises(RuntimeError, match="on purpose"):
        started.runtime.run(SYSTEM, complete_and_fail)
    assert task.instance_id not in started.runtime.live
    assert started.read(instances.task_row, task.id).state == "ready"
    started.runtime.run(SYSTEM, complete, task.id)
    assert started.read(instances.task_row, task.id).state == "completed"


def test_what_only_reads_keeps_nothing_in_memory(started):
    started.runtime.live.clear()
    started.read(stored, started.instance_ids[0])
    assert len(started.runtime.live) == 0


def test_a_defect_in_a_step_leaves_neither_memory_nor_database_behind(started, monkeypatch):
    task = started.task()
    before = started.read(stored, task.instance_id)

    def broken(*_given, **_more):
        raise ZeroDivisionError

    with monkeypatch.context() as patch:
        patch.setattr(engine.Instance, "complete", broken)
        with pytest.raises(ZeroDivisionError):
            started.runtime.run(SYSTEM, complete, task.id)
    assert task.instance_id not in started.runtime.live
    assert started.read(stored, task.instance_id) == before
    started.runtime.run(SYSTEM, complete, task.id)


def test_several_commands_in_one_transaction_are_kept_together_or_not_at_all(started):
    key = started.instance_ids[0]

    def two(tx, *, fail):
        for _ in range(2):
            [task, *_] = [t for t in instances.tasks_of_instance(tx, key) if t.state == "ready"]
            complete(tx, task.id)
        if fail:
            raise RuntimeError("on purpose")

    before = started.read(instances.instance, key).version
    with pytest.raises(RuntimeError):
        started.runtime.run(SYSTEM, two, fail=True)
    assert started.read(instances.instance, key).version == before
    started.runtime.run(SYSTEM, two, fail=False)
    found = [c.command for c in started.read(instances.history, key) if c.version > before]
    assert found.count("complete") == 2


def test_memory_is_bounded_and_the_least_used_goes_first():
    live = LiveInstances(2)
    for key in ("a", "b"):
        live.put(Live(key, 1, None))
    live.put(live.take("a"))
    live.put(Live("c", 1, None))
    assert [key in live for key in "abc"] == [True, False, True]
    assert len(live) == 2


def test_who_has_an_instance_has_it_alone(race):
    live = LiveInstances(10)
    live.put(Live("a", 1, None))
    taken = race(8, lambda _: live.take("a"))
    assert sum(found is not None for found in taken) == 1


def test_an_older_copy_makes_way_for_a_newer_one():
    live = LiveInstances(10)
    live.put(Live("a", 7, "new"))
    live.put(Live("a", 6, "old"))
    assert live.take("a").instance == "new"


def test_memory_of_size_nought_keeps_nothing_and_everything_works(started):
    runtime = other_process(started)
    object.__setattr__(runtime, "live", LiveInstances(0))
    task = started.task()
    with closing(runtime.engine.connect()):
        runtime.run(SYSTEM, complete, task.id)
    runtime.engine.dispose()
    assert len(runtime.live) == 0
    assert started.read(instances.task_row, task.id).state == "completed"


# The store by itself ----------------------------------------------------------------------------------


def test_the_store_works_on_a_bare_connection(started):
    """Nothing of the site is needed: a connection, a memory, a program, a command."""
    task = started.task()
    program = started.read(
        lambda tx: commands.programs(tx)(instances.instance(tx, task.instance_id).service_version_id)
    )
    live, now = LiveInstances(10), started.clock.now()
    command = Command(str(uuid.uuid4()), "complete", "p1", now, digest(task.id))
    with started.runtime.engine.begin() as connection:
        work = Work(connection, live)
        outcome = work.command(
            task.instance_id, lambda _: program, command, lambda i: i.complete(task.engine_task_id, {}, now)
        )
    work.committed()
    assert outcome.changes is not None
    assert task.instance_id in live
    assert (
        live.take(task.instance_id).version
        == outcome.version
        == started.read(instances.instance, task.instance_id).version
    )


# Documents of release 0.1.0 ---------------------------------------------------------------------------


def as_document(world, key):
    """Put an instance back into the form in which release 0.1.0 left it."""

    def write(tx):
        _, found = commands.work(tx).open(key, commands.programs(tx), tx.now)
        kept = found.document()
        due = min((timer.due for timer in found.timers), default=None)
        tx.session.execute(
            models.InstanceRow.__table__.update().where(models.InstanceRow.id == key).values(
                state=kept.document, engine=kept.engine, definition="", due_at=due
            )
        )  # fmt: skip
        for model in (models.EngineTaskRow, models.EngineScopeRow, models.TimerRow, models.SubscriptionRow):
            tx.session.execute(model.__table__.delete().where(model.instance_id == key))

    world.runtime.run(SYSTEM, write)
    world.runtime.live.clear()


def test_an_instance_of_release_0_1_0_goes_on_and_becomes_rows_at_its_first_command(started):
    key = started.instance_ids[0]
    started.deliver(started.task(key))
    as_document(started, key)
    assert count(started, models.EngineTaskRow, key) == 0
    started.deliver(started.task(key))
    row = started.read(instances.instance, key)
    assert (row.engine, row.state) == (models.ROWS, b"")
    assert count(started, models.EngineTaskRow, key) > 0
    started.finish(key)
    assert started.read(instances.instance, key).status in ("work_done", "accepted")
