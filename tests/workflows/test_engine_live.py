"""A live instance: two phases, exact changes at a constant cost, refusals that change nothing, failures half-way."""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from tests.engine_runs import (
    NOW,
    Live,
    boundary,
    chain,
    condition,
    element,
    end,
    event_sub_process,
    flow,
    many,
    message,
    program,
    script,
    signal,
    start,
    sub_process,
    timer,
    users,
)
from workflows import engine
from workflows.engine import Instance, Records, nodes
from workflows.engine.records import Changes


def begun(made: engine.Program, **data: Any) -> Instance:
    """A new instance that has gone as far as it goes alone."""
    instance = Instance.new(made, data, now=NOW)
    if instance.start(NOW).pending:
        instance.proceed(NOW)
    return instance


def id_of(instance: Instance, node_id: str) -> str:
    return next(item.task_id for item in instance.ready if item.node_id == node_id)


def complete(instance: Instance, node_id: str, **data: Any) -> Changes:
    return instance.complete(id_of(instance, node_id), data, NOW)


def ready(instance: Instance) -> list[str]:
    return [item.node_id for item in instance.ready]


def reloaded(instance: Instance) -> Instance:
    return Instance.load(instance.program, instance.records(), now=NOW)


def two_tasks() -> engine.Program:
    return program(start(), users("a", "b"), end(), chain("s", "a", "b", "e"))


def choosing(text: str = "x > 1") -> engine.Program:
    """a, then b when the condition holds, else c."""
    return program(
        start(), users("a", "b", "c"), element("exclusiveGateway", "g", default="g_c"), end(),
        chain("s", "a", "g"), flow("g", "b", text), flow("g", "c"), flow("b", "e"), flow("c", "e"),
    )  # fmt: skip


def repeated(number: int) -> engine.Program:
    return program(start(), element("userTask", "a", many(str(number))), end(), chain("s", "a", "e"))


# Two phases


def test_a_persons_step_waits_for_nothing_that_evaluates() -> None:
    instance = begun(choosing())
    changes = complete(instance, "a", x=2)
    assert (changes.pending, changes.opened, ready(instance)) == (True, (), [])
    assert [type(each) for each in changes.events] == [engine.TaskCompleted, engine.FlowTaken]
    changes = instance.proceed(NOW)
    assert (changes.pending, ready(instance)) == (False, ["b"])


def test_what_a_person_did_stays_when_the_condition_after_it_fails() -> None:
    made = program(
        start(), users("a"), element("exclusiveGateway", "g"), end(), chain("s", "a", "g"), flow("g", "e", "x > 1"),
        end("e2"), flow("g", "e2", "x < 1"),
    )  # fmt: skip
    instance = begun(made)
    assert complete(instance, "a", x=1).closed
    changes = instance.proceed(NOW)
    assert [(each.node_id, each.code) for each in instance.incidents] == [("g", "no-flow-taken")]
    assert [type(each) for each in changes.events] == [engine.Incident]
    assert instance.data["x"] == 1


def test_a_step_that_evaluates_nothing_is_one_command() -> None:
    instance = begun(two_tasks())
    before = instance.records().tasks
    changes = complete(instance, "a")
    assert (changes.added, changes.tasks) == (instance.records().tasks, ())
    assert changes.removed == tuple(row.task_id for row in before)
    assert (changes.pending, [item.node_id for item in changes.opened]) == (False, ["b"])


@pytest.mark.parametrize(
    ("step", "waits"),
    [
        (script("x", "y = 1"), True),
        (element("userTask", "x", many("3")), True),
        (element("intermediateCatchEvent", "x", timer("due")), True),
        (element("intermediateCatchEvent", "x", condition("y = 1")), True),
        (element("intermediateCatchEvent", "x", timer("P7D")), False),
        (element("intermediateCatchEvent", "x", timer("2027-05-01", "timeDate")), False),
        (element("intermediateCatchEvent", "x", message()), False),
        (element("intermediateCatchEvent", "x", signal()), False),
        (element("exclusiveGateway", "x"), False),
        (element("inclusiveGateway", "x"), False),
        (element("parallelGateway", "x"), False),
        (sub_process("x", start("s2"), users("b"), end("e2"), chain("s2", "b", "e2")), False),
        (users("x") + boundary("slow", "x", timer("P7D")) + end("e3") + flow("slow", "e3"), False),
        (users("x") + boundary("slow", "x", timer("due")) + end("e3") + flow("slow", "e3"), True),
    ],
)
def test_only_what_evaluates_waits_for_proceed(step: str, waits: bool) -> None:
    instance = begun(program(start(), users("a"), step, end(), chain("s", "a", "x", "e")), due="P1D")
    assert complete(instance, "a").pending is waits
    assert instance.pending is waits


def test_nothing_is_evaluated_before_proceed(monkeypatch: pytest.MonkeyPatch) -> None:
    instance = begun(choosing())
    monkeypatch.setattr(engine.expressions.Expression, "value", lambda *_: pytest.fail("evaluated"))
    assert complete(instance, "a", x=2).pending


def test_steps_that_wait_are_found_again_after_loading() -> None:
    instance = begun(choosing())
    complete(instance, "a", x=2)
    again = reloaded(instance)
    assert again.pending
    again.proceed(NOW)
    assert ready(again) == ["b"]


# Changes


def test_a_task_that_came_and_went_in_one_command_is_in_no_row() -> None:
    both = program(
        start(), users("a", "b"), element("parallelGateway", "g"), end(),
        element("endEvent", "t", "<terminateEventDefinition/>"),
        chain("s", "a", "g", "b", "e"), chain("g", "t"),
    )  # fmt: skip
    instance = begun(both)
    known = {row.task_id for row in instance.records().tasks}
    changes = complete(instance, "a")
    assert [type(each).__name__ for each in changes.events if "Task" in type(each).__name__] == [
        "TaskCompleted", "TaskReady", "TaskCancelled",
    ]  # fmt: skip
    assert (changes.opened, len(changes.closed), set(changes.removed)) == ((), 1, known)
    assert (changes.added, changes.tasks, changes.status) == ((), (), "completed")


def test_timers_and_messages_are_told_when_they_begin_and_end_to_wait() -> None:
    made = program(
        start(), users("a"), boundary("slow", "a", timer("P7D")), boundary("told", "a", message()),
        end(), end("e2"), end("e3"), chain("s", "a", "e"), chain("slow", "e2"), chain("told", "e3"),
    )  # fmt: skip
    instance = Instance.new(made, {}, now=NOW)
    changes = instance.start(NOW)
    assert [(each.node_id, each.due - NOW) for each in changes.timers] == [("slow", timedelta(days=7))]
    assert [(each.kind, each.name, each.key) for each in changes.subscriptions] == [("message", "News", "")]
    ended = complete(instance, "a")
    assert ended.removed_timers == (changes.timers[0].task_id,)
    assert ended.removed_subscriptions == (changes.subscriptions[0].task_id,)


def test_data_has_changed_only_when_it_has() -> None:
    instance = begun(two_tasks(), x=1)
    assert not complete(instance, "a", x=1).data_changed
    assert complete(instance, "b", x=2).data_changed


def test_scopes_end_with_the_last_task_that_sees_them() -> None:
    instance = begun(repeated(3))
    for left in (3, 2, 1, 0):
        assert len(instance.records().scopes) == 1 + left
        if left:
            changes = instance.complete(instance.ready[0].task_id, {}, NOW)
            assert len(changes.removed_scopes) == 1


def test_both_forms_of_a_tasks_id_are_taken() -> None:
    instance = begun(two_tasks())
    row = instance.records().tasks[0]
    assert instance.ready[0].task_id.replace("-", "") == row.task_id
    instance.complete(row.task_id, {}, NOW)
    assert ready(instance) == ["b"]


# Cost


def calls_of(act: Callable[[], object]) -> int:
    """How many functions are called: what a step costs, whatever else the machine does."""
    count = 0

    def note(_frame: object, event: str, _argument: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    before = sys.getprofile()
    gc.disable()  # Hypothesis is told of collections, which would be counted
    sys.setprofile(note)
    try:
        act()
    finally:
        sys.setprofile(before)
        gc.enable()
    return count


def test_one_of_a_thousand_costs_what_one_of_ten_costs() -> None:
    costs = []
    for number in (10, 1_000):
        instance = begun(repeated(number))
        task_id = instance.ready[number // 2].task_id
        costs.append(calls_of(lambda: instance.complete(task_id, {}, NOW)))  # noqa: B023
    assert costs[0] == costs[1]


def test_one_of_a_thousand_items_costs_what_one_of_ten_costs() -> None:
    many_items = element("userTask", "a", many(collection="items", item="item"))
    costs, notes = [], []
    for number in (10, 1_000):
        instance = begun(program(start(), many_items, end(), chain("s", "a", "e")), items=list(range(number)))
        task_id = instance.ready[number // 2].task_id
        changed: list[Changes] = []
        costs.append(calls_of(lambda: changed.append(instance.complete(task_id, {}, NOW))))  # noqa: B023
        notes.append(sum(len(row.notes) for row in (*changed[0].added, *changed[0].tasks)))
    assert costs[0] == costs[1]
    assert notes[1] < notes[0] + 10


def test_one_of_a_thousand_sub_processes_costs_what_one_of_ten_costs() -> None:
    inner = (
        start("s2"), users("a", "b"), element("parallelGateway", "f"), element("inclusiveGateway", "j"), end("e2"),
        chain("s2", "f", "a", "j", "e2"), chain("f", "b", "j"),
    )  # fmt: skip
    costs = []
    for number in (10, 300):
        instance = begun(
            program(start(), sub_process("sp", *inner, many(str(number))), end(), chain("s", "sp", "e"))
        )
        for item in [each for each in instance.ready if each.node_id == "a"]:
            instance.complete(item.task_id, {}, NOW)
        task_id = instance.ready[number // 2].task_id
        costs.append(calls_of(lambda: instance.complete(task_id, {}, NOW)))  # noqa: B023
    assert costs[0] == costs[1]


def test_five_thousand_rounds_stay_flat() -> None:
    made = program(
        start(), users("a"), element("exclusiveGateway", "m"), element("exclusiveGateway", "g", default="g_e"), end(),
        chain("s", "m", "a", "g", "e"), flow("g", "m", "again"),
    )  # fmt: skip
    instance = begun(made)
    costs, rows = [], []
    for _ in range(5_000):
        task_id = instance.ready[0].task_id
        costs.append(calls_of(lambda: instance.complete(task_id, {"again": True}, NOW)))  # noqa: B023
        instance.proceed(NOW)
        rows.append(len(instance.records().tasks))
    assert set(costs[1:]) == {costs[1]}
    assert set(rows) == {1}
    complete(instance, "a", again=False)
    instance.proceed(NOW)
    assert instance.status == "completed"


def test_a_thousand_rows_are_loaded_without_one_within_another() -> None:
    deep = sub_process("x0", start("x0s"), users("a"), end("x0e"), chain("x0s", "a", "x0e"))
    for number in range(1, 15):
        name = f"x{number}"
        deep = sub_process(
            name, start(f"{name}s"), deep, end(f"{name}e"), chain(f"{name}s", f"x{number - 1}", f"{name}e")
        )
    instance = reloaded(begun(program(start(), deep, end(), chain("s", "x14", "e"))))
    complete(instance, "a")
    assert instance.status == "completed"


# Nothing is shared


def test_what_the_caller_changes_later_reaches_nothing() -> None:
    given = {"list": [1, {"deep": [2]}]}
    instance = begun(two_tasks(), **given)
    given["list"].append(3)
    given["list"][1]["deep"].append(4)
    assert instance.data == {"list": [Decimal(1), {"deep": [Decimal(2)]}]}


def test_what_was_read_is_a_copy() -> None:
    instance = begun(two_tasks(), list=[1])
    instance.data["list"].append(2)
    assert instance.data == {"list": [Decimal(1)]}


def picture_of(made: engine.Program) -> dict[str, Any]:
    return {
        f"{graph.name}/{spec.name}": (
            list(spec._inputs),
            list(spec._outputs),
            {name: repr(value) for name, value in vars(spec).items() if not name.endswith("_event")},
        )
        for graph in made.scopes.values()
        for spec in graph.task_specs.values()
    }


def test_what_happens_in_one_instance_is_unknown_to_another() -> None:
    made = program(
        start(), users("a"), end(), chain("s", "a", "e"),
        event_sub_process("es", message(), "b", interrupting=False),
    )  # fmt: skip
    before = picture_of(made)
    one, other = begun(made), begun(made)
    rows = other.records()
    one.deliver("News", {"x": 1}, NOW)
    assert ready(one) == ["a", "b"]
    assert other.records() == rows
    assert ready(begun(made)) == ["a"]
    assert picture_of(made) == before


# Refusals


@pytest.mark.parametrize(
    "task_id", ["", "a", "0" * 32, "00000000-0000-0000-0000-000000000000", "{0}", "é" * 99, "-", None, 5]
)
def test_a_task_that_is_not_ready_is_refused(task_id: Any) -> None:
    instance = begun(two_tasks())
    for command in (
        lambda: instance.complete(task_id, {}, NOW),
        lambda: instance.fire_timer(task_id, NOW),
        lambda: instance.operation_done(task_id, None, NOW),
        lambda: instance.operation_failed(task_id, "", NOW),
        lambda: instance.operation_error(task_id, "", NOW),
        lambda: instance.add_deadline(task_id, "slow", NOW),
    ):
        with pytest.raises(engine.TaskNotReady):
            command()


def test_ids_with_hyphens_elsewhere_are_not_those_of_a_task() -> None:
    instance = begun(two_tasks())
    task_id = instance.ready[0].task_id
    with pytest.raises(engine.TaskNotReady):
        instance.complete(task_id + "-", {}, NOW)


def test_a_refused_command_changes_nothing() -> None:
    made = program(
        start(), users("a"), boundary("slow", "a", timer("P7D")), end(), end("e2"), chain("s", "a", "e"),
        chain("slow", "e2"),
    )  # fmt: skip
    instance = begun(made)
    rows = instance.records()
    timer_id = instance.timers[0].task_id
    for refused, command in (
        (engine.TaskNotReady, lambda: instance.complete(timer_id, {}, NOW)),
        (engine.DataRefused, lambda: instance.complete(id_of(instance, "a"), {"x": 1.5}, NOW)),
        (engine.MessageNotExpected, lambda: instance.deliver("News", {}, NOW)),
        (engine.DataRefused, lambda: instance.signal("Alarm", {"x": object()}, NOW)),
        (engine.TaskNotReady, lambda: instance.fire_timer(timer_id, NOW)),
        (engine.TaskNotReady, lambda: instance.operation_done(timer_id, None, NOW)),
        (engine.NotAttachable, lambda: instance.add_deadline(id_of(instance, "a"), "slow", NOW)),
        (engine.NotAttachable, lambda: instance.add_deadline(id_of(instance, "a"), "e", NOW)),
    ):
        with pytest.raises(refused):
            command()
        assert (instance.records(), instance.broken) == (rows, False)
    complete(instance, "a")
    assert instance.status == "completed"


def test_an_instance_that_is_over_takes_no_command() -> None:
    instance = begun(two_tasks())
    instance.cancel(NOW)
    for command in (instance.start, instance.retry, instance.cancel, instance.proceed, instance.recheck):
        with pytest.raises(engine.InstanceEnded):
            command(NOW)
    with pytest.raises(engine.InstanceEnded):
        reloaded(instance)
    with pytest.raises(engine.InstanceEnded):
        Instance.from_document(instance.program, instance.document(), now=NOW)


def test_a_local_time_is_refused() -> None:
    with pytest.raises(ValueError, match="aware"):
        begun(two_tasks()).proceed(NOW.replace(tzinfo=None))


def test_a_signal_nobody_waits_for_changes_nothing() -> None:
    instance = begun(two_tasks())
    changes = instance.signal("Alarm", {"x": 1}, NOW)
    assert (changes.added, changes.tasks, changes.scopes, changes.events) == ((), (), (), ())


def test_a_timer_fires_when_it_is_due_and_not_before() -> None:
    made = program(start(), element("intermediateCatchEvent", "t", timer("P1D")), end(), chain("s", "t", "e"))
    instance = begun(made)
    task_id = instance.timers[0].task_id
    with pytest.raises(engine.TaskNotReady):
        instance.fire_timer(task_id, NOW + timedelta(days=1, microseconds=-1))
    instance.fire_timer(task_id, NOW + timedelta(days=1))
    assert instance.status == "completed"


def test_a_condition_on_the_time_is_looked_at_when_asked() -> None:
    made = program(
        start(), element("intermediateCatchEvent", "c", condition('now() > date and time("2027-03-02T00:00:00Z")')),
        users("a"), end(), chain("s", "c", "a", "e"),
    )  # fmt: skip
    instance = begun(made)
    instance.recheck(NOW)
    instance.proceed(NOW)
    assert ready(instance) == []
    assert instance.recheck(NOW + timedelta(days=1)).pending
    instance.proceed(NOW + timedelta(days=1))
    assert ready(instance) == ["a"]


# Rows and documents


def test_rows_in_any_order_are_the_same_instance() -> None:
    live = Live(
        program(
            start(),
            sub_process("sp", start("s2"), users("a"), end("e2"), chain("s2", "a", "e2"), many("3")),
            boundary("slow", "sp", timer("P7D")),
            end(),
            end("e3"),
            chain("s", "sp", "e"),
            chain("slow", "e3"),
        )
    )
    records = live.instance.records()
    backwards = Records(records.tasks[::-1], records.scopes[::-1], records.status, records.definition)
    again = Instance.load(live.program, backwards, now=NOW)
    assert (again.records(), again.ready, again.timers) == (
        records,
        live.instance.ready,
        live.instance.timers,
    )


def test_a_document_is_the_same_instance() -> None:
    live = Live(
        program(
            start(),
            sub_process("sp", start("s2"), users("a"), end("e2"), chain("s2", "a", "e2"), many("2")),
            boundary("slow", "sp", timer("P7D")),
            end(),
            end("e3"),
            chain("s", "sp", "e"),
            chain("slow", "e3"),
        )
    )
    state = live.instance.document()
    again = Instance.from_document(live.program, state, now=NOW)
    assert again.records() == live.instance.records()
    assert again.document() == state


def test_rows_of_another_definition_are_refused() -> None:
    with pytest.raises(engine.StateUnreadable, match="another version"):
        Instance.load(choosing(), begun(two_tasks()).records(), now=NOW)


@pytest.mark.parametrize(
    "changed",
    [
        {"node": "unknown"}, {"state": 4}, {"state": 64}, {"state": "ready"}, {"parent": "0" * 32}, {"scope": 7},
        {"workflow": "0" * 32}, {"notes": "{"}, {"notes": '{"incident": 5}'}, {"order": None},
    ],
)  # fmt: skip
def test_damaged_rows_are_refused(changed: dict[str, Any]) -> None:
    made = program(start(), users("a"), script("x", "y = 1"), element("parallelGateway", "g"), end(),
                   chain("s", "g", "a", "e"), chain("g", "x", "e"))  # fmt: skip
    instance = Instance.new(made, {}, now=NOW)
    instance.start(NOW)
    records = instance.records()
    rows = tuple(row._replace(**changed) for row in records.tasks)
    with pytest.raises(engine.StateUnreadable):
        Instance.load(made, Records(rows, records.scopes, "running", records.definition), now=NOW)


def test_tasks_that_belong_to_each_other_in_a_circle_are_refused() -> None:
    made = program(
        start(), users("a"), boundary("slow", "a", timer("P7D")), end(), end("e2"), chain("s", "a", "e"),
        chain("slow", "e2"),
    )  # fmt: skip
    records = begun(made).records()
    split = next(row for row in records.tasks if not row.parent)
    for parent in (split.task_id, next(row.task_id for row in records.tasks if row.parent)):
        rows = [row if row is not split else row._replace(parent=parent) for row in records.tasks]
        with pytest.raises(engine.StateUnreadable):
            Instance.load(made, Records(rows, records.scopes, "running", records.definition), now=NOW)


@pytest.mark.parametrize("changed", [{"task_id": None}, {"task_id": "a"}, {"order": None}, {"notes": "[]"}])
def test_a_row_without_its_parts_is_refused(changed: dict[str, Any]) -> None:
    records = begun(two_tasks()).records()
    rows = [row._replace(**changed) for row in records.tasks]
    with pytest.raises(engine.StateUnreadable):
        Instance.load(two_tasks(), Records(rows, records.scopes, "running", records.definition), now=NOW)


def test_rows_without_data_or_with_scopes_in_a_circle_are_refused() -> None:
    instance = begun(repeated(2))
    records = instance.records()
    one, two, *_ = records.scopes
    for scopes in ((), records.scopes[1:], (engine.ScopeRecord(0, 1, None, "{}"), two), (one, one)):
        with pytest.raises(engine.StateUnreadable):
            Instance.load(
                instance.program, Records(records.tasks, scopes, "running", records.definition), now=NOW
            )


# Failures half-way


def failing(original: Callable[..., Any], times: int = 1) -> Callable[..., Any]:
    """The method, failing after it has done its work."""

    def fail(*arguments: Any, **named: Any) -> Any:
        original(*arguments, **named)
        raise ZeroDivisionError("unforeseen")

    return fail


def branches() -> engine.Program:
    """a, then side by side: script x with task c after it, and task b."""
    return program(
        start(), users("a", "b", "c"), script("x", "y = 1"), element("parallelGateway", "g"), end(),
        chain("s", "a", "g", "x", "c", "e"), chain("g", "b", "e"),
    )  # fmt: skip


def test_a_step_that_fails_half_way_is_held_and_the_persons_step_stays(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    instance = begun(branches())
    changes = complete(instance, "a", z=1)
    assert (changes.pending, ready(instance)) == (True, ["b"])
    monkeypatch.setattr(nodes.ScriptNode, "_run_hook", failing(nodes.ScriptNode._run_hook))
    changes = instance.proceed(NOW)
    assert [(each.node_id, each.code, each.params["why"]) for each in instance.incidents] == [
        ("x", "step-failed", "ZeroDivisionError")
    ]
    assert instance.data == {"z": Decimal(1)}, "no half of the step is kept"
    assert (ready(instance), instance.broken) == (["b"], False)
    again = reloaded(instance)
    assert again.incidents == instance.incidents
    monkeypatch.undo()
    again.retry(NOW)
    again.proceed(NOW)
    assert (ready(again), again.data["y"]) == (["b", "c"], Decimal(1))


def test_a_step_that_fails_half_way_in_a_persons_command_is_held_too(monkeypatch: pytest.MonkeyPatch) -> None:
    instance = begun(branches())
    before = instance.records()
    with monkeypatch.context() as patch:
        patch.setattr(
            engine.gateways.ParallelGateway, "_run_hook", failing(engine.gateways.ParallelGateway._run_hook)
        )
        changes = complete(instance, "a")
    assert [each.node_id for each in instance.incidents] == ["g"]
    assert isinstance(changes.events[0], engine.TaskCompleted)
    assert set(changes.removed) == {row.task_id for row in before.tasks}
    given = {row.task_id for row in (*changes.added, *changes.tasks)}
    assert given == {row.task_id for row in instance.records().tasks}
    instance.retry(NOW)
    assert ready(instance) == ["b"]


def test_a_new_instance_that_fails_half_way_is_held_too(monkeypatch: pytest.MonkeyPatch) -> None:
    made = program(start(), element("parallelGateway", "g"), users("a"), end(), chain("s", "g", "a", "e"))
    instance = Instance.new(made, {"x": 1}, now=NOW)
    with monkeypatch.context() as patch:
        patch.setattr(
            engine.gateways.ParallelGateway, "_run_hook", failing(engine.gateways.ParallelGateway._run_hook)
        )
        changes = instance.start(NOW)
    assert {*changes.added, *changes.tasks} == set(instance.records().tasks)
    assert set(changes.scopes) == set(instance.records().scopes)
    instance.retry(NOW)
    assert ready(instance) == ["a"]


def test_every_one_of_several_failing_steps_is_held(monkeypatch: pytest.MonkeyPatch) -> None:
    made = program(
        start(), element("parallelGateway", "g"), script("x", "y = 1"), script("z", "y = 2"), users("a"), end(),
        chain("s", "g", "x", "e"), chain("g", "z", "e"), chain("g", "a", "e"),
    )  # fmt: skip
    instance = Instance.new(made, {}, now=NOW)
    instance.start(NOW)
    monkeypatch.setattr(nodes.ScriptNode, "_run_hook", failing(nodes.ScriptNode._run_hook))
    instance.proceed(NOW)
    assert sorted(each.node_id for each in instance.incidents) == ["x", "z"]
    assert (instance.data, ready(instance)) == ({}, ["a"])


@pytest.mark.parametrize("failure", [ZeroDivisionError, KeyboardInterrupt, MemoryError])
def test_an_instance_whose_own_step_failed_is_broken_and_its_rows_are_not(
    failure: type[BaseException], monkeypatch: pytest.MonkeyPatch
) -> None:
    instance = begun(two_tasks())
    rows = instance.records()

    def fail(*_: object) -> None:
        raise failure

    with monkeypatch.context() as patch:
        patch.setattr(engine.spiff.Node, "_on_complete", fail)
        with pytest.raises(failure):
            complete(instance, "a")
    assert instance.broken
    again = Instance.load(instance.program, rows, now=NOW)
    complete(again, "a")
    assert (ready(again), again.broken) == (["b"], False)


def test_an_interrupted_automatic_step_breaks_the_instance(monkeypatch: pytest.MonkeyPatch) -> None:
    instance = begun(branches())
    complete(instance, "a")
    rows = instance.records()

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(nodes.ScriptNode, "_run_hook", interrupted)
        with pytest.raises(KeyboardInterrupt):
            instance.proceed(NOW)
    assert instance.broken
    assert Instance.load(instance.program, rows, now=NOW).pending


def test_what_is_tried_again_runs_in_the_order_it_would_have_after_loading() -> None:
    wait = element("intermediateCatchEvent", "x", timer("due"))
    made = program(
        start(), users("a"), wait, script("y", "z = 1"), element("parallelGateway", "g"), end(),
        chain("s", "g", "x", "e"), chain("g", "a", "y", "e"),
    )  # fmt: skip
    outcomes = []
    for load in (False, True):
        instance = begun(made, due="never")
        complete(instance, "a")
        instance.retry(NOW)
        if load:
            instance = reloaded(instance)
        outcomes.append([type(each) for each in instance.proceed(NOW).events])
    assert outcomes[0] == outcomes[1]
    assert outcomes[0][0] is engine.Incident, "the older step first"
