"""The engine runs diagrams: people, gateways, repetition, time, messages, errors, incidents."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any
from xml.sax.saxutils import escape, quoteattr

import orjson
import pytest

from workflows import engine
from workflows.definitions.lint import LINT_RULES
from workflows.definitions.read import read
from workflows.feel.temporal import parse_temporal

NOW = datetime(2027, 3, 1, 8, 0, tzinfo=UTC)


def diagram(*elements: str, declared: str = "") -> bytes:
    return (
        '<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" id="d" targetNamespace="t">'
        f'{declared}<process id="p" isExecutable="true">{"".join(elements)}</process></definitions>'
    ).encode()


def program(*elements: str, declared: str = "") -> engine.Program:
    reading = read(diagram(*elements, declared=declared))
    assert reading.definition is not None, reading.problems
    return engine.program(reading.definition)


def problems(*elements: str, declared: str = "") -> dict[str, set[str]]:
    """Codes -> places of what forbids the execution."""
    with pytest.raises(engine.NotExecutable) as refused:
        program(*elements, declared=declared)
    found: dict[str, set[str]] = {}
    for problem in refused.value.problems:
        found.setdefault(problem.code, set()).add(problem.place)
        assert problem.text()
    return found


def element(kind: str, id_: str, inner: str = "", **attributes: str) -> str:
    more = "".join(f" {name}={quoteattr(value)}" for name, value in attributes.items())
    return f'<{kind} id="{id_}"{more}>{inner}</{kind}>'


def start(id_: str = "s") -> str:
    return element("startEvent", id_)


def end(id_: str = "e", inner: str = "") -> str:
    return element("endEvent", id_, inner)


def users(*ids: str) -> str:
    return "".join(element("userTask", id_) for id_ in ids)


def flow(source: str, target: str, condition: str = "", id_: str = "") -> str:
    inner = f"<conditionExpression>{escape(condition)}</conditionExpression>" if condition else ""
    return element("sequenceFlow", id_ or f"{source}_{target}", inner, sourceRef=source, targetRef=target)


def chain(*ids: str) -> str:
    return "".join(flow(source, target) for source, target in pairwise(ids))


def script(id_: str, *lines: str) -> str:
    return element("scriptTask", id_, f"<script>{escape(chr(10).join(lines))}</script>")


def timer(text: str, kind: str = "timeDuration") -> str:
    return f"<timerEventDefinition><{kind}>{escape(text)}</{kind}></timerEventDefinition>"


def message(ref: str) -> str:
    return f'<messageEventDefinition messageRef="{ref}"/>'


def many(**inner: str) -> str:
    """cardinality, collection, item, completion; sequential as an attribute."""
    sequential = inner.pop("sequential", "false")
    tags = {
        "cardinality": "loopCardinality",
        "completion": "completionCondition",
        "collection": "loopDataInputRef",
    }
    texts = "".join(
        f'<inputDataItem id="i" name="{text}"/>'
        if name == "item"
        else f"<{tags[name]}>{escape(text)}</{tags[name]}>"
        for name, text in inner.items()
    )
    name = "multiInstanceLoopCharacteristics"
    return f'<{name} isSequential="{sequential}">{texts}</{name}>'


def while_(condition: str, maximum: int) -> str:
    name = "standardLoopCharacteristics"
    return f'<{name} loopMaximum="{maximum}"><loopCondition>{escape(condition)}</loopCondition></{name}>'


def sub_process(id_: str, *elements: str) -> str:
    return element("subProcess", id_, "".join(elements))


class Run:
    """An instance that is saved and loaded at every command."""

    def __init__(self, made: engine.Program, data: Mapping[str, Any] | None = None) -> None:
        self.program = made
        self.now = NOW
        self.step = engine.start(made, data or {}, now=NOW)

    @property
    def ready(self) -> list[str]:
        return [item.node_id for item in self.step.ready]

    @property
    def happened(self) -> list[str]:
        return [type(event).__name__ for event in self.step.events]

    def id_of(self, node_id: str) -> str:
        return next(item.task_id for item in self.step.ready if item.node_id == node_id)

    def complete(self, node_id: str, **data: Any) -> Run:
        self.step = engine.complete(self.program, self.step.state, self.id_of(node_id), data, now=self.now)
        return self

    def deliver(self, name: str, **data: Any) -> Run:
        self.step = engine.deliver(self.program, self.step.state, name, data, now=self.now)
        return self

    def wait(self, **time: int) -> Run:
        self.now += timedelta(**time)
        self.step = engine.fire_timers(self.program, self.step.state, now=self.now)
        return self

    def retry(self) -> Run:
        self.step = engine.retry(self.program, self.step.state, now=self.now)
        return self


# People


def test_tasks_follow_one_another_until_the_process_is_completed() -> None:
    run = Run(program(start(), users("a", "b"), end(), chain("s", "a", "b", "e")))
    assert run.ready == ["a"]
    assert run.complete("a").ready == ["b"]
    assert run.step.status == "running"
    run.complete("b")
    assert (run.ready, run.step.status) == ([], "completed")
    assert run.happened == ["TaskCompleted", "FlowTaken", "ProcessCompleted"]


def test_events_say_what_happened_in_order() -> None:
    run = Run(program(start(), users("a", "b"), end(), chain("s", "a", "b", "e")))
    first = run.step.ready[0].task_id
    run.complete("a")
    assert run.step.events == (
        engine.TaskCompleted(first, "a"),
        engine.FlowTaken("a_b"),
        engine.TaskReady(run.step.ready[0].task_id, "b"),
    )


def test_manual_and_plain_tasks_wait_for_a_person_too() -> None:
    made = program(
        start(), element("task", "a"), element("manualTask", "b"), end(), chain("s", "a", "b", "e")
    )
    assert Run(made).complete("a").complete("b").step.status == "completed"


def test_a_work_item_has_the_lane_of_its_task_or_of_the_sub_process_around() -> None:
    lanes = '<laneSet id="ls"><lane id="l1" name="Facilitator"><flowNodeRef>sp</flowNodeRef></lane></laneSet>'
    inner = sub_process("sp", start("s2"), users("a"), end("e2"), chain("s2", "a", "e2"))
    run = Run(program(lanes, start(), inner, end(), chain("s", "sp", "e")))
    assert run.step.ready[0].lane == "l1"


def test_a_task_is_completed_once() -> None:
    run = Run(program(start(), users("a", "b"), end(), chain("s", "a", "b", "e")))
    first = run.id_of("a")
    run.complete("a")
    with pytest.raises(engine.TaskNotReady) as refused:
        engine.complete(run.program, run.step.state, first, {}, now=NOW)
    assert first in str(refused.value)


@pytest.mark.parametrize("task_id", ["", "a", "00000000-0000-0000-0000-000000000000", "{0}", "é" * 99])
def test_an_unknown_task_is_not_ready(task_id: str) -> None:
    run = Run(program(start(), users("a"), end(), chain("s", "a", "e")))
    with pytest.raises(engine.TaskNotReady):
        engine.complete(run.program, run.step.state, task_id, {}, now=NOW)


def test_a_waiting_event_cannot_be_completed_as_a_task() -> None:
    run = Run(
        program(start(), element("intermediateCatchEvent", "t", timer("P1D")), end(), chain("s", "t", "e"))
    )
    waiting = orjson.loads(run.step.state.document)["workflows"][0][1][-1][0]
    with pytest.raises(engine.TaskNotReady):
        engine.complete(run.program, run.step.state, waiting, {}, now=NOW)


def test_a_task_id_is_the_same_after_every_reload() -> None:
    fork = element("parallelGateway", "g")
    run = Run(program(start(), fork, users("a", "b"), end(), chain("s", "g", "a", "e"), chain("g", "b", "e")))
    kept = run.id_of("b")
    run.complete("a")
    assert run.id_of("b") == kept


# Data


def test_data_is_kept_exactly() -> None:
    data = {
        "amount": Decimal("12500.50"),
        "count": 3,
        "on": date(2027, 1, 31),
        "at": datetime(2027, 1, 31, 10, 30, tzinfo=UTC),
        "village": "Ñañá",
        "nested": {"list": [Decimal("0.1"), None, True, {"n": ["n", "1"]}]},
    }
    run = Run(program(start(), users("a", "b"), end(), chain("s", "a", "b", "e")), data)
    first = run.step.data
    run.complete("a")
    assert run.step.data == first
    assert run.step.data["amount"] == Decimal("12500.50")
    assert str(run.step.data["amount"]) == "12500.50"
    assert run.step.data["on"] == parse_temporal("2027-01-31")
    assert run.step.data["at"] == parse_temporal("2027-01-31T10:30:00Z")
    assert run.step.data["nested"] == {"list": [Decimal("0.1"), None, True, {"n": ["n", "1"]}]}


@pytest.mark.parametrize(
    "value",
    [
        1.5,
        {"a": [1.5]},
        float("nan"),
        object(),
        {1: 2},
        b"x",
        Decimal("NaN"),
        Decimal("Infinity"),
        10**700,
        Decimal("1e999"),
        "\ud800",
        {"a"},
        "x" * 100_001,
        list(range(10_001)),
    ],
)
def test_data_that_cannot_be_kept_exactly_is_refused(value: Any) -> None:
    run = Run(program(start(), users("a"), end(), chain("s", "a", "e")))
    with pytest.raises(engine.DataRefused) as refused:
        run.complete("a", photo=value)
    assert "photo" in str(refused.value)
    assert run.ready == ["a"]


def test_data_nested_without_end_is_refused() -> None:
    endless: list[Any] = []
    endless.append(endless)
    run = Run(program(start(), users("a"), end(), chain("s", "a", "e")))
    with pytest.raises(engine.DataRefused):
        run.complete("a", x=endless)


def test_nested_data_changed_by_the_caller_does_not_change_what_was_kept() -> None:
    given = {"photos": ["a.jpg"]}
    run = Run(program(start(), users("a", "b"), end(), chain("s", "a", "b", "e")))
    run.complete("a", evidence=given)
    earlier = run.step
    given["photos"].append("INJECTED")
    run.step.data["evidence"]["photos"].append("INJECTED")
    later = engine.complete(run.program, earlier.state, run.id_of("b"), {"other": 1}, now=NOW)
    assert later.data["evidence"] == {"photos": ["a.jpg"]}


def test_data_may_grow_over_many_steps_beyond_what_one_step_may_bring() -> None:
    run = Run(loop())
    for number in range(4):
        run.complete("visit", more=True, **{f"list{number}": list(range(4_000))})
    assert len(run.step.data) == 5


def test_later_data_does_not_change_an_earlier_state() -> None:
    run = Run(program(start(), users("a", "b"), end(), chain("s", "a", "b", "e")), {"x": {"y": [1]}})
    earlier = run.step.state
    run.complete("a", x={"y": [2]})
    again = engine.complete(
        run.program, earlier, engine.retry(run.program, earlier, now=NOW).ready[0].task_id, {}, now=NOW
    )
    assert again.data["x"] == {"y": [1]}


def test_a_branch_that_did_not_touch_a_value_does_not_bring_back_its_old_one() -> None:
    made = program(
        start(),
        element("parallelGateway", "f"),
        users("a", "b", "c"),
        element("parallelGateway", "j"),
        end(),
        chain("s", "f", "a", "j"),
        chain("f", "b", "j"),
        chain("j", "c", "e"),
    )
    run = Run(made, {"x": 1}).complete("a", x=2).complete("b")
    assert run.ready == ["c"]
    assert run.step.data == {"x": 2}


# Choices


def choice(default: bool = True) -> engine.Program:
    gateway = element("exclusiveGateway", "g", **({"default": "g_c"} if default else {}))
    last = flow("g", "c") if default else flow("g", "c", "size = 3")
    return program(
        start(),
        gateway,
        users("a", "b", "c"),
        end(),
        chain("s", "g"),
        flow("g", "a", "size = 1"),
        flow("g", "b", "size < 3"),
        last,
        chain("a", "e"),
        chain("b", "e"),
        chain("c", "e"),
    )


@pytest.mark.parametrize(("size", "taken"), [(1, "a"), (2, "b"), (9, "c")])
def test_the_first_true_condition_of_an_exclusive_gateway_wins_else_the_default(
    size: int, taken: str
) -> None:
    run = Run(choice(), {"size": size})
    assert run.ready == [taken]
    assert engine.FlowTaken(f"g_{taken}") in run.step.events


@pytest.mark.parametrize("size", [None, "three", True, [1]])
def test_a_condition_that_gives_null_or_no_boolean_is_not_true(size: Any) -> None:
    run = Run(choice(), {"size": size})
    assert run.ready == ["c"]
    told = [event.condition for event in run.step.events if isinstance(event, engine.ConditionUndecided)]
    assert told == (
        ["size < 3"] if size is None else ["size = 1", "size < 3"]
    )  # null is not 1, a text unlike 1
    assert Run(choice(), {}).ready == ["c"]


def test_a_condition_that_is_not_a_boolean_is_not_true() -> None:
    gateway = element("exclusiveGateway", "g", default="g_b")
    made = program(
        start(),
        gateway,
        users("a", "b"),
        end(),
        chain("s", "g"),
        flow("g", "a", "word"),
        flow("g", "b"),
        chain("a", "e"),
        chain("b", "e"),
    )
    assert Run(made, {"word": "true"}).ready == ["b"]
    assert Run(made, {"word": True}).ready == ["a"]


def test_no_true_flow_and_no_default_is_an_incident_that_names_the_gateway_and_the_data() -> None:
    run = Run(choice(default=False), {"size": 7})
    (incident,) = run.step.incidents
    assert (incident.code, incident.node_id) == ("no-flow-taken", "g")
    assert "size" in incident.text()
    assert incident in run.step.events
    assert (run.ready, run.step.status) == ([], "running")


def test_an_inclusive_gateway_takes_all_true_flows_and_its_join_waits_for_exactly_those() -> None:
    made = program(
        start(),
        element("inclusiveGateway", "f", default="f_c"),
        users("a", "b", "c", "z"),
        element("inclusiveGateway", "j"),
        end(),
        chain("s", "f"),
        flow("f", "a", "x"),
        flow("f", "b", "y"),
        flow("f", "c"),
        chain("a", "j"),
        chain("b", "j"),
        chain("c", "j"),
        chain("j", "z", "e"),
    )
    both = Run(made, {"x": True, "y": True})
    assert both.ready == ["a", "b"]
    assert both.complete("b").ready == ["a"]
    assert both.complete("a").ready == ["z"]
    assert both.complete("z").step.status == "completed"
    assert Run(made, {"x": True, "y": False}).complete("a").ready == ["z"]
    assert Run(made, {}).complete("c").ready == ["z"]


def test_an_inclusive_join_goes_on_when_the_awaited_branch_ends_elsewhere() -> None:
    made = program(
        start(),
        element("parallelGateway", "f"),
        users("a", "b", "z"),
        element("exclusiveGateway", "x", default="x_e2"),
        element("inclusiveGateway", "j"),
        end(),
        end("e2"),
        chain("s", "f", "a", "j"),
        chain("f", "b", "x"),
        flow("x", "j", "come"),
        flow("x", "e2"),
        chain("j", "z", "e"),
    )
    run = Run(made).complete("a")
    assert run.ready == ["b"]
    assert run.complete("b", come=False).ready == ["z"]


# Parallel branches


def test_a_parallel_join_waits_for_every_branch() -> None:
    made = program(
        start(),
        element("parallelGateway", "f"),
        users("a", "b", "c"),
        element("parallelGateway", "j"),
        end(),
        chain("s", "f", "a", "j"),
        chain("f", "b", "j"),
        chain("j", "c", "e"),
    )
    run = Run(made)
    assert run.ready == ["a", "b"]
    assert run.complete("b").ready == ["a"]
    assert run.complete("a").ready == ["c"]


@pytest.mark.parametrize("order", ["ab", "ba"])
def test_a_parallel_join_in_a_loop_waits_for_every_branch_in_every_round(order: str) -> None:
    made = program(
        start(),
        element("exclusiveGateway", "m"),
        element("parallelGateway", "f"),
        users("a", "b"),
        element("parallelGateway", "j"),
        element("exclusiveGateway", "x", default="x_e"),
        end(),
        chain("s", "m", "f", "a", "j"),
        chain("f", "b", "j"),
        chain("j", "x"),
        flow("x", "m", "again"),
        flow("x", "e"),
    )
    run = Run(made)
    for again in (True, True, False):
        assert run.ready == ["a", "b"]
        run.complete(order[0])
        assert run.ready == [order[1]]
        run.complete(order[1], again=again)
    assert run.step.status == "completed"


def test_two_flows_between_the_same_gateways_are_two_branches() -> None:
    made = program(
        start(),
        element("parallelGateway", "f"),
        element("parallelGateway", "j"),
        users("a"),
        end(),
        chain("s", "f"),
        flow("f", "j", id_="one"),
        flow("f", "j", id_="two"),
        chain("j", "a", "e"),
    )
    assert Run(made).ready == ["a"]


def test_an_activity_with_several_flows_out_starts_them_all() -> None:
    made = program(
        start(), users("a", "b", "c"), end(), chain("s", "a", "b", "e"), flow("a", "c"), flow("c", "e")
    )
    assert Run(made).complete("a").ready == ["b", "c"]


def test_a_join_that_waits_in_vain_is_an_incident() -> None:
    made = program(
        start(),
        element("exclusiveGateway", "x", default="x_a"),
        users("a", "b"),
        element("parallelGateway", "j"),
        end(),
        chain("s", "x"),
        flow("x", "a"),
        flow("x", "b", "false"),
        chain("a", "j"),
        chain("b", "j", "e"),
    )
    run = Run(made).complete("a")
    assert [incident.code for incident in run.step.incidents] == ["deadlock"]
    assert run.step.status == "running"


# Loops


def loop() -> engine.Program:
    return program(
        start(),
        element("exclusiveGateway", "m"),
        users("visit"),
        element("exclusiveGateway", "x", default="x_e"),
        end(),
        chain("s", "m", "visit", "x"),
        flow("x", "m", "more"),
        flow("x", "e"),
    )


def test_a_loop_of_500_rounds_is_not_lost_and_every_round_has_its_own_id_and_the_same_cost() -> None:
    run = Run(loop())
    seen = set()
    for number in range(500):
        assert run.ready == ["visit"], number
        seen.add(run.step.ready[0].task_id)
        run.complete("visit", more=number < 499)
        if number == 10:
            early = len(run.step.state.document)
    assert run.step.status == "completed"
    assert len(seen) == 500
    assert len(run.step.state.document) <= early + 50


def test_a_standard_loop_repeats_while_its_condition_holds_at_most_so_many_times() -> None:
    characteristics = while_("more", 3)
    made = program(
        start(), element("userTask", "a", characteristics), users("b"), end(), chain("s", "a", "b", "e")
    )
    run = Run(made)
    assert run.step.ready[0].loop_index == 0
    assert run.complete("a", more=True).step.ready[0].loop_index == 1
    assert run.complete("a", more=False).ready == ["b"]
    run = Run(made)
    for _ in range(3):
        run.complete("a", more=True)
    assert run.ready == ["b"]


def test_automatic_steps_in_a_circle_end_as_an_incident() -> None:
    made = program(
        start(),
        element("exclusiveGateway", "m"),
        script("x", "n = n + 1"),
        chain("s", "m", "x", "m"),
    )
    run = Run(made, {"n": 0})
    assert [incident.code for incident in run.step.incidents] == ["endless-loop"]


# Multi-instance


def test_parallel_instances_are_open_at_once_each_with_its_index() -> None:
    made = program(
        start(), element("userTask", "a", many(cardinality="n")), users("b"), end(), chain("s", "a", "b", "e")
    )
    run = Run(made, {"n": 3})
    assert [item.loop_index for item in run.step.ready] == [0, 1, 2]
    assert len({item.task_id for item in run.step.ready}) == 3
    run.complete("a").complete("a")
    assert run.ready == ["a"]
    assert run.complete("a").ready == ["b"]


def test_sequential_instances_come_one_after_the_other() -> None:
    repeated = element("userTask", "a", many(cardinality="2", sequential="true"))
    run = Run(program(start(), repeated, users("b"), end(), chain("s", "a", "b", "e")))
    assert [item.loop_index for item in run.step.ready] == [0]
    assert [item.loop_index for item in run.complete("a").step.ready] == [1]
    assert run.complete("a").ready == ["b"]


def test_no_instances_is_no_work() -> None:
    made = program(start(), element("userTask", "a", many(cardinality="0")), end(), chain("s", "a", "e"))
    assert Run(made).step.status == "completed"


def test_a_completion_condition_withdraws_the_other_instances() -> None:
    characteristics = many(cardinality="3", completion="numberOfCompletedInstances = 2")
    made = program(
        start(), element("userTask", "a", characteristics), users("b"), end(), chain("s", "a", "b", "e")
    )
    run = Run(made).complete("a").complete("a")
    assert run.ready == ["b"]
    assert "TaskCancelled" in run.happened


@pytest.mark.parametrize("sequential", ["true", "false"])
def test_each_instance_sees_its_own_item_and_nobody_else_does(sequential: str) -> None:
    inner = sub_process(
        "sp",
        start("s2"),
        script("x", "total = total + household.size", "household = null"),
        users("a"),
        end("e2"),
        chain("s2", "x", "a", "e2"),
    )
    inner = inner.replace(
        "</subProcess>",
        many(collection="households", item="household", sequential=sequential) + "</subProcess>",
    )
    run = Run(
        program(start(), inner, end(), chain("s", "sp", "e")),
        {"households": [{"size": 4}, {"size": 5}, {"size": 6}], "total": 0},
    )
    while run.ready:
        run.complete("a")
    assert run.step.status == "completed"
    assert run.step.data["total"] == 15
    assert "household" not in run.step.data


@pytest.mark.parametrize("number", [-1, Decimal("1.5"), 1001, None, "2", True])
def test_a_number_of_instances_that_makes_no_sense_is_an_incident(number: Any) -> None:
    made = program(start(), element("userTask", "a", many(cardinality="n")), end(), chain("s", "a", "e"))
    run = Run(made, {"n": number})
    assert [(each.code, each.node_id) for each in run.step.incidents] == [("expression-failed", "a")]


def test_a_collection_that_is_no_list_is_an_incident() -> None:
    made = program(start(), element("userTask", "a", many(collection="who")), end(), chain("s", "a", "e"))
    assert [each.code for each in Run(made, {"who": "me"}).step.incidents] == ["expression-failed"]


# Sub-processes and errors


def test_a_sub_process_ends_when_nothing_in_it_is_left() -> None:
    inner = sub_process(
        "sp",
        start("s2"),
        element("parallelGateway", "g"),
        users("a", "b"),
        end("e2"),
        chain("s2", "g", "a", "e2"),
        chain("g", "b", "e2"),
    )
    run = Run(program(start(), inner, users("c"), end(), chain("s", "sp", "c", "e")))
    assert run.ready == ["a", "b"]
    assert run.complete("a").ready == ["b"]
    assert run.complete("b").ready == ["c"]


def test_terminate_ends_its_scope_only() -> None:
    inner = sub_process(
        "sp",
        start("s2"),
        element("parallelGateway", "g"),
        users("a", "b"),
        end("e2", "<terminateEventDefinition/>"),
        chain("s2", "g", "a", "e2"),
        chain("g", "b"),
    )
    run = Run(program(start(), inner, users("c"), end(), chain("s", "sp", "c", "e")))
    withdrawn = run.id_of("b")
    run.complete("a")
    assert run.ready == ["c"]
    assert engine.TaskCancelled(withdrawn, "b") in run.step.events


def test_terminate_of_the_process_completes_it() -> None:
    made = program(
        start(),
        element("parallelGateway", "g"),
        users("a", "b"),
        end("e", "<terminateEventDefinition/>"),
        chain("s", "g", "a", "e"),
        chain("g", "b"),
    )
    assert Run(made).complete("a").step.status == "completed"


ERRORS = '<error id="r1" name="Too dry" errorCode="DRY"/><error id="r2" name="Flood" errorCode="WET"/>'


def erring(caught: str) -> engine.Program:
    inner = sub_process(
        "sp",
        start("s2"),
        element("parallelGateway", "g"),
        users("a", "b"),
        end("e2"),
        end("err", '<errorEventDefinition errorRef="r1"/>'),
        chain("s2", "g", "a", "err"),
        chain("g", "b", "e2"),
    )
    return program(
        start(),
        inner,
        element("boundaryEvent", "be", caught, attachedToRef="sp"),
        users("ok", "help"),
        end(),
        chain("s", "sp", "ok", "e"),
        chain("be", "help", "e"),
        declared=ERRORS,
    )


@pytest.mark.parametrize("caught", ['<errorEventDefinition errorRef="r1"/>', "<errorEventDefinition/>"])
def test_an_error_ends_the_sub_process_and_is_caught_at_its_boundary(caught: str) -> None:
    run = Run(erring(caught))
    withdrawn = run.id_of("b")
    run.complete("a")
    assert run.ready == ["help"]
    assert engine.TaskCancelled(withdrawn, "b") in run.step.events
    assert engine.EventOccurred("be") in run.step.events
    assert run.complete("help").step.status == "completed"


def test_an_error_that_does_not_happen_leaves_the_normal_path() -> None:
    inner = sub_process(
        "sp",
        start("s2"),
        element("exclusiveGateway", "x", default="x_e2"),
        users("a"),
        end("e2"),
        end("err", '<errorEventDefinition errorRef="r1"/>'),
        chain("s2", "a", "x"),
        flow("x", "err", "dry"),
        flow("x", "e2"),
    )
    made = program(
        start(),
        inner,
        element("boundaryEvent", "be", "<errorEventDefinition/>", attachedToRef="sp"),
        users("ok", "help"),
        end(),
        chain("s", "sp", "ok", "e"),
        chain("be", "help", "e"),
        declared=ERRORS,
    )
    assert Run(made).complete("a", dry=False).ready == ["ok"]
    assert Run(made).complete("a", dry=True).ready == ["help"]


def test_an_error_nobody_catches_is_refused_before_it_can_happen() -> None:
    with pytest.raises(engine.NotExecutable) as refused:
        erring('<errorEventDefinition errorRef="r2"/>')
    assert [(problem.code, problem.place) for problem in refused.value.problems] == [
        ("error-not-caught", "err")
    ]


def test_an_error_in_one_instance_ends_all_instances() -> None:
    inner = sub_process(
        "sp",
        start("s2"),
        users("a"),
        end("err", '<errorEventDefinition errorRef="r1"/>'),
        chain("s2", "a", "err"),
    ).replace("</subProcess>", many(cardinality="3") + "</subProcess>")
    event = element("boundaryEvent", "be", "<errorEventDefinition/>", attachedToRef="sp")
    flows = chain("s", "sp", "e") + chain("be", "help", "e")
    run = Run(program(start(), inner, event, users("help"), end(), flows, declared=ERRORS))
    assert run.ready == ["a", "a", "a"]
    assert run.complete("a").ready == ["help"]


def test_terminate_in_one_instance_ends_that_instance_only() -> None:
    inner = sub_process(
        "sp", start("s2"), users("a"), end("e2", "<terminateEventDefinition/>"), chain("s2", "a", "e2")
    ).replace("</subProcess>", many(cardinality="2") + "</subProcess>")
    run = Run(program(start(), inner, end(), chain("s", "sp", "e"))).complete("a")
    assert run.ready == ["a"]
    assert run.complete("a").step.status == "completed"


def test_an_error_passes_sub_processes_that_do_not_catch_it() -> None:
    innermost = sub_process(
        "sp2",
        start("s3"),
        users("a"),
        end("err", '<errorEventDefinition errorRef="r1"/>'),
        chain("s3", "a", "err"),
    )
    middle = sub_process("sp", start("s2"), innermost, end("e2"), chain("s2", "sp2", "e2"))
    made = program(
        start(),
        middle,
        element("boundaryEvent", "be", "<errorEventDefinition/>", attachedToRef="sp"),
        users("help"),
        end(),
        chain("s", "sp", "e"),
        chain("be", "help", "e"),
        declared=ERRORS,
    )
    assert Run(made).complete("a").ready == ["help"]


# Scripts


def test_a_script_assigns_in_order_and_later_lines_see_earlier_ones() -> None:
    made = program(
        start(),
        script("x", "// count", "a = 2", "", "b = a * 2.50"),
        users("u"),
        end(),
        chain("s", "x", "u", "e"),
    )
    assert Run(made).step.data == {"a": Decimal(2), "b": Decimal("5.00")}


def test_names_are_those_the_diagram_reads() -> None:
    made = program(
        start(),
        script("x", "area = length * width"),
        element("userTask", "a", many(collection="people", item="person")),
        element("exclusiveGateway", "g", default="g_e"),
        element("intermediateCatchEvent", "t", timer("deadline")),
        end(),
        chain("s", "x", "a", "t", "g"),
        flow("g", "a", "retry and loopCounter < 3"),
        flow("g", "e"),
    )
    assert made.names >= {"length", "width", "people", "deadline", "retry"}
    assert "loopCounter" not in made.names


# Time


def catching(text: str, kind: str = "timeDuration") -> engine.Program:
    return program(
        start(),
        element("intermediateCatchEvent", "t", timer(text, kind)),
        users("a"),
        end(),
        chain("s", "t", "a", "e"),
    )


@pytest.mark.parametrize(
    ("text", "due"),
    [
        ("P7D", datetime(2027, 3, 8, 8, tzinfo=UTC)),
        ("P1M", datetime(2027, 4, 1, 8, tzinfo=UTC)),
        ("P1Y2M3DT4H5M6.5S", datetime(2028, 5, 4, 12, 5, 6, 500_000, tzinfo=UTC)),
        ("P2W", datetime(2027, 3, 15, 8, tzinfo=UTC)),
        ("PT90M", datetime(2027, 3, 1, 9, 30, tzinfo=UTC)),
        ("2027-03-05", datetime(2027, 3, 5, tzinfo=UTC)),
        ("2027-03-05T10:00:00", datetime(2027, 3, 5, 10, tzinfo=UTC)),
        ("2027-03-05T10:00:00+02:00", datetime(2027, 3, 5, 8, tzinfo=UTC)),
        ('duration("P2D")', datetime(2027, 3, 3, 8, tzinfo=UTC)),
        ("wait", datetime(2027, 3, 3, 8, tzinfo=UTC)),
        ('date("2027-03-05")', datetime(2027, 3, 5, tzinfo=UTC)),
        ('"P2D"', datetime(2027, 3, 3, 8, tzinfo=UTC)),
    ],
)
def test_a_timer_says_when_it_falls_due(text: str, due: datetime) -> None:
    run = Run(catching(text), {"wait": timedelta(days=2)})
    assert run.step.next_due == due
    before = engine.fire_timers(run.program, run.step.state, now=due - timedelta(microseconds=1))
    assert (before.events, before.ready) == ((), ())
    after = engine.fire_timers(run.program, run.step.state, now=due)
    assert [item.node_id for item in after.ready] == ["a"]
    assert after.next_due is None


def test_a_month_added_to_the_last_of_january_is_the_last_of_february() -> None:
    step = engine.start(catching("P1M"), {}, now=datetime(2027, 1, 31, tzinfo=UTC))
    assert step.next_due == datetime(2027, 2, 28, tzinfo=UTC)


@pytest.mark.parametrize(
    "value",
    [None, 5, True, "soon", "R3/P", "R0/P1D", "R/PT0S", "P", "PT", "-P1D", "P9999Y", "2027-02-30", [1]],
)
def test_a_timer_without_a_usable_moment_is_an_incident(value: Any) -> None:
    run = Run(catching("wait"), {"wait": value})
    assert [(each.code, each.node_id) for each in run.step.incidents] == [("expression-failed", "t")]


def boundary(interrupting: str, definition: str, declared: str = "") -> engine.Program:
    event = element("boundaryEvent", "b", definition, attachedToRef="a", cancelActivity=interrupting)
    return program(
        start(),
        users("a", "late", "after"),
        event,
        end(),
        chain("s", "a", "after", "e"),
        chain("b", "late", "e"),
        declared=declared,
    )


def test_an_interrupting_timer_withdraws_the_task() -> None:
    run = Run(boundary("true", timer("P3D")))
    withdrawn = run.id_of("a")
    assert run.step.next_due == NOW + timedelta(days=3)
    run.wait(days=3)
    assert run.ready == ["late"]
    assert engine.TaskCancelled(withdrawn, "a") in run.step.events
    assert run.complete("late").step.status == "completed"


def test_a_timer_that_does_not_interrupt_leaves_the_task_and_fires_once() -> None:
    run = Run(boundary("false", timer("P3D"))).wait(days=30)
    assert run.ready == ["a", "late"]
    assert run.wait(days=30).ready == ["a", "late"]
    assert run.complete("late").complete("a").complete("after").step.status == "completed"


def test_a_completed_task_stops_its_timer() -> None:
    run = Run(boundary("true", timer("P3D"))).complete("a")
    assert (run.ready, run.step.next_due) == (["after"], None)
    assert run.wait(days=9).ready == ["after"]


def test_a_timer_on_a_sub_process_withdraws_everything_in_it() -> None:
    inner = sub_process(
        "sp",
        start("s2"),
        element("parallelGateway", "g"),
        users("a", "b"),
        end("e2"),
        chain("s2", "g", "a", "e2"),
        chain("g", "b", "e2"),
    )
    event = element("boundaryEvent", "be", timer("P1D"), attachedToRef="sp")
    run = Run(
        program(start(), inner, event, users("late"), end(), chain("s", "sp", "e"), chain("be", "late", "e"))
    )
    run.complete("a").wait(days=1)
    assert run.ready == ["late"]
    assert run.happened.count("TaskCancelled") == 1


def test_a_server_that_was_off_fires_what_it_missed_once_and_in_order() -> None:
    made = program(
        start(),
        element("intermediateCatchEvent", "t1", timer("P1D")),
        element("intermediateCatchEvent", "t2", timer("2027-03-04")),
        users("a"),
        end(),
        chain("s", "t1", "t2", "a", "e"),
    )
    run = Run(made).wait(days=30)
    assert run.ready == ["a"]
    assert [event.node_id for event in run.step.events if isinstance(event, engine.EventOccurred)] == [
        "t1",
        "t2",
    ]


def test_now_must_know_its_time_zone() -> None:
    with pytest.raises(ValueError, match="aware"):
        engine.start(loop(), {}, now=NOW.replace(tzinfo=None))


# Messages


MESSAGES = '<message id="m1" name="Complaint"/><message id="m2" name="Answer"/>'


def test_a_message_wakes_the_event_that_waits_for_it_and_brings_data() -> None:
    made = program(
        start(),
        element("intermediateCatchEvent", "m", message("m1")),
        users("a"),
        end(),
        chain("s", "m", "a", "e"),
        declared=MESSAGES,
    )
    run = Run(made)
    assert run.step.messages == ("Complaint",)
    with pytest.raises(engine.MessageNotExpected):
        run.deliver("Answer")
    run.deliver("Complaint", text="no water")
    assert (run.ready, run.step.data, run.step.messages) == (["a"], {"text": "no water"}, ())


def test_a_receive_task_waits_for_its_message() -> None:
    made = program(
        start(), element("receiveTask", "m", messageRef="m1"), end(), chain("s", "m", "e"), declared=MESSAGES
    )
    assert Run(made).deliver("Complaint").step.status == "completed"


def test_one_message_wakes_one_of_several_that_wait() -> None:
    made = program(
        start(),
        element("receiveTask", "m", many(cardinality="2"), messageRef="m1"),
        end(),
        chain("s", "m", "e"),
        declared=MESSAGES,
    )
    run = Run(made).deliver("Complaint")
    assert run.step.status == "running"
    assert run.deliver("Complaint").step.status == "completed"


def test_now_and_today_are_the_time_of_the_command() -> None:
    made = program(
        start(), script("x", "today = today()", "at = now()"), users("a"), end(), chain("s", "x", "a", "e")
    )
    assert Run(made).step.data == {
        "today": parse_temporal("2027-03-01"),
        "at": parse_temporal("2027-03-01T08:00:00Z"),
    }


def test_a_message_event_that_does_not_interrupt_may_happen_again() -> None:
    run = Run(boundary("false", message("m1"), MESSAGES)).deliver("Complaint").deliver("Complaint")
    assert run.ready == ["a", "late", "late"]
    assert run.complete("a").step.messages == ()


def waiting_for_the_first() -> engine.Program:
    return program(
        start(),
        element("eventBasedGateway", "g"),
        element("intermediateCatchEvent", "m", message("m1")),
        element("intermediateCatchEvent", "t", timer("P2D")),
        users("a", "b"),
        end(),
        chain("s", "g", "m", "a", "e"),
        chain("g", "t", "b", "e"),
        declared=MESSAGES,
    )


def test_the_first_event_after_an_event_based_gateway_decides() -> None:
    run = Run(waiting_for_the_first()).deliver("Complaint")
    assert (run.ready, run.step.next_due) == (["a"], None)
    run = Run(waiting_for_the_first()).wait(days=2)
    assert (run.ready, run.step.messages) == (["b"], ())


# Incidents


def failing() -> engine.Program:
    return program(
        start(),
        users("a"),
        script("x", "wait = limit"),
        element("intermediateCatchEvent", "t", timer("wait")),
        users("b"),
        end(),
        chain("s", "a", "x", "t", "b", "e"),
    )


def test_a_failing_automatic_step_does_not_lose_the_persons_step() -> None:
    run = Run(failing())
    done = run.id_of("a")
    run.complete("a", report="finished")
    assert run.step.events[0] == engine.TaskCompleted(done, "a")
    assert run.step.data["report"] == "finished"
    assert [(each.node_id, each.code) for each in run.step.incidents] == [("t", "expression-failed")]
    assert run.step.status == "running"


def test_an_incident_stays_until_retry_and_is_gone_when_it_works() -> None:
    both = element("parallelGateway", "g")
    made = program(
        start(),
        both,
        users("fix"),
        element("intermediateCatchEvent", "t", timer("wait")),
        users("b"),
        end(),
        chain("s", "g", "t", "b", "e"),
        chain("g", "fix", "e"),
    )
    run = Run(made)
    assert len(run.step.incidents) == 1
    run.retry()
    assert (len(run.step.incidents), run.happened) == (1, ["Incident"])
    run.complete("fix", wait="P1D")
    assert len(run.step.incidents) == 1
    run.retry()
    assert (run.step.incidents, run.step.next_due) == ((), NOW + timedelta(days=1))


def test_retry_without_an_incident_changes_nothing() -> None:
    run = Run(failing())
    before = run.step
    assert run.retry().step == engine.Step(before.state, before.ready, (), before.data, "running", None)


def test_a_step_that_fails_in_an_unforeseen_way_is_kept_as_an_incident(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from workflows.engine import nodes

    run = Run(failing())
    original = nodes.ScriptNode._run_hook

    def broken(self: Any, my_task: Any) -> Any:
        my_task.workflow.top_workflow.assign(0, {"half": True})
        raise RuntimeError("boom")

    monkeypatch.setattr(nodes.ScriptNode, "_run_hook", broken)
    run.complete("a", limit="P1D")
    assert [(each.node_id, each.code) for each in run.step.incidents] == [("x", "step-failed")]
    assert run.step.data == {"limit": "P1D"}
    monkeypatch.setattr(nodes.ScriptNode, "_run_hook", original)
    assert run.retry().step.next_due == NOW + timedelta(days=1)


# States


def test_cancel_withdraws_every_task_and_nothing_can_follow() -> None:
    run = Run(boundary("true", timer("P3D")))
    step = engine.cancel(run.program, run.step.state, now=NOW)
    assert [type(event).__name__ for event in step.events] == ["TaskCancelled", "ProcessCancelled"]
    assert (step.status, step.ready, step.next_due) == ("cancelled", (), None)
    for again in (
        lambda: engine.cancel(run.program, step.state, now=NOW),
        lambda: engine.retry(run.program, step.state, now=NOW),
        lambda: engine.fire_timers(run.program, step.state, now=NOW),
        lambda: engine.complete(run.program, step.state, run.id_of("a"), {}, now=NOW),
        lambda: engine.deliver(run.program, step.state, "Complaint", {}, now=NOW),
    ):
        with pytest.raises(engine.InstanceEnded):
            again()


@pytest.mark.parametrize(
    "document",
    [b"", b"{", b"[]", b"null", b'{"definition":1}', b"\xff", b"[" * 10_000],
)
def test_a_damaged_state_is_refused(document: bytes) -> None:
    made = loop()
    with pytest.raises(engine.StateUnreadable):
        engine.retry(made, engine.InstanceState(document, Run(made).step.state.engine), now=NOW)


@pytest.mark.parametrize("part", ["status", "scopes", "workflows"])
@pytest.mark.parametrize("value", [None, "x", [], {}, [[1]], 3])
def test_a_state_with_a_damaged_part_is_refused(part: str, value: Any) -> None:
    run = Run(loop())
    document = orjson.loads(run.step.state.document)
    document[part] = value
    state = engine.InstanceState(orjson.dumps(document), run.step.state.engine)
    with pytest.raises((engine.StateUnreadable, engine.InstanceEnded)):
        engine.retry(run.program, state, now=NOW)


def test_a_state_of_another_format_or_definition_is_refused() -> None:
    run = Run(loop())
    with pytest.raises(engine.StateUnreadable, match="format"):
        engine.retry(run.program, engine.InstanceState(run.step.state.document, "camunda"), now=NOW)
    with pytest.raises(engine.StateUnreadable, match="definition"):
        engine.retry(failing(), run.step.state, now=NOW)


def test_a_state_holds_no_part_of_the_definition() -> None:
    run = Run(loop())
    assert b"sequenceFlow" not in run.step.state.document
    assert b"more" not in run.step.state.document
    assert len(run.step.state.document) < 700


# Programs


def test_a_program_is_made_once_per_definition() -> None:
    assert loop() is loop()
    assert loop().sha256 == hashlib.sha256(loop().definition.xml).hexdigest()


def test_running_instances_do_not_change_the_program_they_share() -> None:
    def fingerprint(made: engine.Program) -> list[Any]:
        return [
            (
                name,
                spec.name,
                tuple(spec._inputs),
                tuple(spec._outputs),
                dict(spec.flow_ids),
                spec.completed_event.n_subscribers(),
            )
            for name, scope in made.scopes.items()
            for spec in scope.task_specs.values()
        ]

    made = boundary("false", message("m1"), MESSAGES)
    before = fingerprint(made)
    first = Run(made).deliver("Complaint").complete("a")
    assert fingerprint(made) == before
    assert Run(made).ready == ["a"]
    assert first.ready == ["late", "after"]


def test_two_instances_of_one_program_share_nothing() -> None:
    one, two = Run(loop(), {"x": {"y": []}}), Run(loop(), {"x": {"y": []}})
    assert one.step.ready[0].task_id != two.step.ready[0].task_id
    one.complete("visit", more=True, x={"y": ["changed"]})
    assert two.complete("visit", more=True).step.data["x"] == {"y": []}


# Refusals


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        ("serviceTask", "service-without-operation"),
        ("sendTask", "event-without-name"),
        ("businessRuleTask", "decision-missing"),
        ("callActivity", "call-without-process"),
        ("transaction", "empty-subprocess"),
        ("adHocSubProcess", "empty-subprocess"),
        ("complexGateway", "unsupported-element"),
    ],
)
def test_what_cannot_be_executed_is_refused(kind: str, code: str) -> None:
    assert problems(start(), element(kind, "x"), end(), chain("s", "x", "e"))[code] == {"x"}


@pytest.mark.parametrize(
    ("kind", "definition", "code"),
    [
        ("intermediateThrowEvent", "<compensateEventDefinition/>", "unsupported-event"),
        ("intermediateThrowEvent", '<linkEventDefinition name="l"/>', "unsupported-event"),
        ("intermediateThrowEvent", "<terminateEventDefinition/>", "unsupported-event"),
        (
            "intermediateCatchEvent",
            timer("P1D") + '<messageEventDefinition messageRef="m1"/>',
            "unsupported-event",
        ),
        ("intermediateCatchEvent", "", "event-without-trigger"),
        ("endEvent", "<cancelEventDefinition/>", "cancel-outside-transaction"),
    ],
)
def test_events_that_other_engines_would_pass_silently_are_refused(
    kind: str, definition: str, code: str
) -> None:
    flows = chain("s", "x") if kind == "endEvent" else chain("s", "x", "e")
    found = problems(start(), element(kind, "x", definition), end(), flows, declared=MESSAGES)
    assert found[code] == {"x"}


def test_event_sub_processes_without_an_event_are_refused() -> None:
    inner = sub_process("es", start("s2"), users("b"), end("e2"), chain("s2", "b", "e2")).replace(
        "<subProcess ", '<subProcess triggeredByEvent="true" '
    )
    found = problems(start(), users("a"), inner, end(), chain("s", "a", "e"))
    assert found["event-subprocess-without-trigger"] == {"s2"}


def test_boundary_events_must_be_attached_to_something_executed() -> None:
    found = problems(
        start(),
        users("a"),
        element("boundaryEvent", "b", timer("P1D"), attachedToRef="nowhere"),
        end(),
        chain("s", "a", "e"),
    )
    assert found["boundary-without-host"] == {"b"}


def test_everything_wrong_is_said_at_once() -> None:
    found = problems(
        start(),
        start("s9"),
        element("serviceTask", "x"),
        element("exclusiveGateway", "g"),
        users("a", "island"),
        script("y", "import os"),
        end(),
        chain("s", "x", "g", "a", "y", "e"),
        flow("g", "e"),
        flow("a", "nowhere"),
        flow("x", "e", "true"),
        element("intermediateCatchEvent", "t", timer("R3/soon")),
        chain("a", "t", "e"),
    )
    assert {code: places for code, places in found.items() if code in LINT_RULES} == {
        "several-start-events": {"p"},
        "service-without-operation": {"x"},
        "flow-without-condition": {"g_a", "g_e"},
        "invalid-script": {"y"},
        "dangling-flow": {"a_nowhere"},
        "misplaced-condition": {"x_e"},
        "invalid-timer": {"t"},
        "unreachable": {"island"},
    }


@pytest.mark.parametrize(
    ("part", "code"),
    [
        (
            element(
                "userTask",
                "a",
                many(cardinality="3").replace("</multi", "<loopDataOutputRef>x</loopDataOutputRef></multi"),
            ),
            "multi-instance-output",
        ),
        (element("userTask", "a", isForCompensation="true"), "unsupported-element"),
    ],
)
def test_what_changes_the_execution_is_refused_not_ignored(part: str, code: str) -> None:
    assert problems(start(), part, end(), chain("s", "a", "e"))[code] == {"a"}


def test_a_diagram_of_thousands_of_nodes_is_read_and_run() -> None:
    ids = [f"n{number}" for number in range(1500)]
    made = program(
        start(),
        *(element("intermediateThrowEvent", id_) for id_ in ids),
        users("a"),
        end(),
        chain("s", *ids, "a", "e"),
    )
    assert Run(made).ready == ["a"]


# Hostile texts


HOSTILE = [
    "__import__('os').system('touch {path}') == 0",
    "(__import__('pathlib').Path('{path}').write_text('x'), 'P1D')[1]",
    "[c for c in ().__class__.__base__.__subclasses__()]",
    "open('{path}', 'w')",
    "exec('import os')",
    "().__class__",
]


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize(
    "place", ["condition", "script", "line", "timer", "cardinality", "completion", "loop", "collection"]
)
def test_no_text_of_a_diagram_reaches_python(text: str, place: str, tmp_path: Any) -> None:
    path = tmp_path / "pwned"
    text = text.replace("{path}", str(path))
    middle = {
        "condition": element("exclusiveGateway", "x", default="x_e"),
        "script": script("x", text),
        "line": script("x", f"a = {text}"),
        "timer": element("intermediateCatchEvent", "x", timer(text)),
        "cardinality": element("userTask", "x", many(cardinality=text)),
        "collection": element("userTask", "x", many(collection=text)),
        "completion": element("userTask", "x", many(cardinality="2", completion=text)),
        "loop": element("userTask", "x", while_(text, 2)),
    }[place]
    more = flow("x", "e", text, id_="hostile") if place == "condition" else ""
    try:
        run = Run(program(start(), middle, end(), chain("s", "x", "e"), more), {"a": 1})
        while run.ready:
            run.complete("x")
    except engine.NotExecutable:
        pass
    assert not path.exists()


@pytest.mark.parametrize("name", ["__class__", "__globals__", "a.__init__", "os", "open", "eval"])
def test_names_of_python_mean_nothing_in_a_condition(name: str) -> None:
    made = program(
        start(),
        element("exclusiveGateway", "g", default="g_b"),
        users("a", "b"),
        end(),
        chain("s", "g"),
        flow("g", "a", f"{name} != null"),
        flow("g", "b"),
        chain("a", "e"),
        chain("b", "e"),
    )
    assert Run(made, {"a": {"x": 1}}).ready == ["b"]


def test_what_a_service_task_says_is_never_called(tmp_path: Any) -> None:
    path = tmp_path / "pwned"
    namespace = "http://spiffworkflow.org/bpmn/schema/1.0/core"
    operator = f"<f:serviceTaskOperator xmlns:f='{namespace}' id=\"open('{path}','w')\"/>"
    call = f"<extensionElements>{operator}</extensionElements>"
    found = problems(start(), element("serviceTask", "x", call), end(), chain("s", "x", "e"))
    assert "service-without-operation" in found
    assert not path.exists()


def test_correlation_expressions_are_never_evaluated(tmp_path: Any) -> None:
    path = tmp_path / "pwned"
    declared = (
        MESSAGES
        + '<correlationProperty id="c" name="c"><correlationPropertyRetrievalExpression messageRef="m1">'
        f"<messagePath>open('{path}', 'w')</messagePath>"
        "</correlationPropertyRetrievalExpression></correlationProperty>"
    )
    made = program(
        start(),
        element("intermediateCatchEvent", "m", message("m1")),
        end(),
        chain("s", "m", "e"),
        declared=declared,
    )
    assert Run(made).deliver("Complaint", x=1).step.status == "completed"
    assert not path.exists()


def test_instances_within_instances_end_at_a_bound_as_incidents() -> None:
    repeated = element("scriptTask", "x", "<script>n = 1</script>" + many(cardinality="1000"))
    inner = sub_process("sp", start("s2"), repeated, end("e2"), chain("s2", "x", "e2")).replace(
        "</subProcess>", many(cardinality="1000") + "</subProcess>"
    )
    run = Run(program(start(), inner, end(), chain("s", "sp", "e")))
    assert run.step.incidents
    assert len(run.step.incidents) <= 3_000
    assert len(run.step.state.document) < 2_000_000


def test_branches_that_double_again_and_again_end_at_a_bound_as_incidents() -> None:
    parts, before = [start(), users("u"), end(), flow("u", "e")], "s"
    for n in range(40):
        fork, merge = f"f{n}", f"m{n}"
        parts += [element("parallelGateway", fork), element("exclusiveGateway", merge), flow(before, fork)]
        parts += [flow(fork, merge, id_=f"one{n}"), flow(fork, merge, id_=f"two{n}")]
        before = merge
    run = Run(program(*parts, flow(before, "u")))
    assert run.step.incidents
    assert len(run.step.state.document) < 2_000_000


def test_an_expression_that_asks_for_too_much_is_an_incident() -> None:
    bomb = "x = count(for a in 1..1000, b in 1..1000, c in 1..1000, d in 1..1000 return a)"
    run = Run(program(start(), script("x", bomb), end(), chain("s", "x", "e")))
    assert [each.node_id for each in run.step.incidents] == ["x"]
