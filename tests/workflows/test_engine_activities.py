"""Automatic activities: operations, decisions, messages, repetition of every kind.

Source: BPMN 2.0.2 (OMG formal/2013-12-09), clauses 10.3.3, 10.3.7, 10.3.8 and 13.3.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import pytest

from tests.engine_runs import (
    Live,
    boundary,
    chain,
    condition,
    cycle,
    element,
    end,
    error,
    keyed,
    many,
    operation,
    program,
    run,
    script,
    start,
    sub_process,
    users,
    while_,
)
from workflows import engine
from workflows.engine.steps import Requested
from workflows.errors import WorkflowError


def around(*elements: str, **named: Any) -> engine.Program:
    """Start, the element x, user task z, end."""
    return program(start(), *elements, users("z"), end(), chain("s", "x", "z", "e"), **named)


# Service tasks (10.3.3.1)


def serving(result: str = "answer", given: str = "{to: village, n: 1}", more: str = "") -> engine.Program:
    return around(
        element("serviceTask", "x", operation("notify", result, given) + more),
        boundary("caught", "x", error("dry")),
        users("help"),
        chain("caught", "help", "e"),
    )


def test_a_service_task_asks_for_its_operation_and_waits_until_it_is_done() -> None:
    live = Live(serving(), {"village": "Ouahigouya"})
    (request,) = live.requests
    assert request == Requested(
        request.task_id, "x", "service", "notify", "", {"to": "Ouahigouya", "n": Decimal(1)}
    )
    assert (live.ready, live.status) == ([], "running")
    assert live.done({"id": 7}).ready == ["z"]
    assert live.data["answer"] == {"id": Decimal(7)}


def test_an_operation_without_a_payload_or_a_result_needs_neither() -> None:
    live = Live(serving("", ""))
    assert live.requests[0].payload == {}
    assert live.done("ignored").data == {}


def test_an_operation_is_done_once() -> None:
    live = Live(serving())
    asked = live.asked
    live.done()
    with pytest.raises(engine.TaskNotReady):
        live.instance.operation_done(asked, 1, live.now)


def test_a_result_that_cannot_be_kept_is_refused_and_the_task_still_waits() -> None:
    live = Live(serving())
    with pytest.raises(engine.DataRefused):
        live.done(1.5)
    assert live.done(1).ready == ["z"]


def test_an_operation_that_failed_is_an_incident_and_a_retry_asks_again() -> None:
    live = Live(serving(), {"village": "a"}).failed("no answer")
    assert live.incidents == [("x", "operation-not-done")]
    live.retry()
    assert [each.name for each in live.requests] == ["notify", "notify"]
    assert (live.incidents, live.done().ready) == ([], ["z"])


def test_a_business_error_of_an_operation_is_caught_at_its_boundary() -> None:
    live = Live(serving()).erred("DRY")
    assert live.ready == ["help"]
    assert live.occurred == ["caught"]


def test_a_business_error_that_nothing_catches_is_an_incident() -> None:
    live = Live(serving()).erred("WET")
    assert live.incidents == [("x", "error-uncaught")]
    assert live.retry().done().ready == ["z"]


@pytest.mark.parametrize("given", ["1", "null", "nothing"])
def test_a_payload_that_is_no_context_is_an_incident(given: str) -> None:
    assert Live(serving(given=given)).incidents == [("x", "expression-failed")]


# Send and receive tasks (10.3.3.2, 10.3.3.3)


def test_a_send_task_sends_and_goes_on() -> None:
    live = Live(
        around(element("sendTask", "x", keyed("household.id", "{text: word}"), messageRef="news")),
        {"household": {"id": Decimal("7.0")}, "word": "hello"},
    )
    (request,) = live.requests
    assert (request.kind, request.name, request.key, request.payload) == (
        "message",
        "News",
        "7",
        {"text": "hello"},
    )
    assert live.ready == ["z"]


@pytest.mark.parametrize("key", ["null", "[1]", "true", '""'])
def test_a_message_whose_key_says_nothing_is_an_incident(key: str) -> None:
    live = Live(around(element("sendTask", "x", keyed(key), messageRef="news")))
    assert (live.incidents, live.requests) == ([("x", "expression-failed")], [])


def test_a_receive_task_with_a_key_takes_only_its_own_message() -> None:
    live = Live(around(element("receiveTask", "x", keyed("number"), messageRef="news")), {"number": 7})
    assert [(each.name, each.key) for each in live.instance.subscriptions] == [("News", "7")]
    for key in ("8", ""):
        with pytest.raises(engine.MessageNotExpected):
            live.deliver("News", key)
    assert live.deliver("News", "7", seen=True).ready == ["z"]


def test_a_receive_task_without_a_key_takes_any_message_of_its_name() -> None:
    assert Live(around(element("receiveTask", "x", messageRef="news"))).deliver("News", "9").ready == ["z"]


# Business-rule tasks (10.3.3.5)


class Grade:
    """Stands for a decision of a DMN model."""

    inputs = frozenset({"area"})

    def evaluate(self, context: Mapping[str, Any], *, now: datetime) -> Any:
        if context.get("area") is None:
            raise WorkflowError
        return {"grade": "big" if context["area"] > 10 else "small", "on": now.date()}


RULE = element("businessRuleTask", "x", run('<run:decision ref="grade" result="g"/>'))


def test_a_business_rule_task_keeps_the_answer_of_its_decision() -> None:
    live = Live(around(RULE, decisions={"grade": Grade()}), {"area": 11})
    assert live.data["g"]["grade"] == "big"
    assert str(live.data["g"]["on"]) == "2027-03-01"
    assert live.ready == ["z"]


def test_a_decision_that_cannot_be_made_is_an_incident_until_the_data_are_there() -> None:
    live = Live(
        program(
            start(), element("parallelGateway", "f"), RULE, users("u", "z"), end(),
            chain("s", "f", "x", "z", "e"), chain("f", "u", "e"),
            decisions={"grade": Grade()},
        )
    )  # fmt: skip
    assert live.incidents == [("x", "decision-not-made")]
    assert live.complete("u", area=3).retry().data["g"]["grade"] == "small"


def test_what_a_decision_reads_is_among_the_names_that_are_kept() -> None:
    assert "area" in around(RULE, decisions={"grade": Grade()}).names


def test_a_decision_that_is_not_there_is_refused_and_another_one_makes_another_program() -> None:
    with pytest.raises(engine.NotExecutable, match="grade"):
        around(RULE)
    one, two = Grade(), Grade()
    first = around(RULE, decisions={"grade": one, "unused": two})
    assert around(RULE, decisions={"grade": one}) is first
    assert around(RULE, decisions={"grade": two}) is not first


# Repetition (10.3.7, 10.3.8)


def repeated(characteristics: str, kind: str = "script") -> str:
    inner = sub_process(
        "x", start("s2"), script("i", "r = item * 2"), end("e2"), chain("s2", "i", "e2"), characteristics
    )
    return {
        "script": script("x", "r = item * 2", more=characteristics),
        "sub-process": inner,
        "user": element("userTask", "x", characteristics),
    }[kind]


@pytest.mark.parametrize("kind", ["script", "sub-process"])
@pytest.mark.parametrize("sequential", [False, True])
def test_the_output_items_of_all_instances_are_collected_in_their_order(kind: str, sequential: bool) -> None:
    characteristics = many(
        sequential=sequential, collection="given", item="item", output="found", output_item="r"
    )
    live = Live(around(repeated(characteristics, kind)), {"given": [1, 2, 3]})
    assert (live.data["found"], live.ready) == ([2, 4, 6], ["z"])
    assert "r" not in live.data


def test_the_order_of_the_output_is_that_of_the_instances_not_of_their_completion() -> None:
    characteristics = many("3", output="found", output_item="r", completion="numberOfCompletedInstances = 2")
    live = Live(around(repeated(characteristics, "user")))
    third = live.instance.ready[2].task_id
    live._do(lambda instance: instance.complete(third, {"r": "third"}, live.now))
    live.complete("x", r="first")
    assert (live.data["found"], live.ready) == (["first", "third"], ["z"])


def test_no_instance_gives_an_empty_output() -> None:
    characteristics = many(collection="given", item="item", output="found", output_item="r")
    assert Live(around(repeated(characteristics)), {"given": []}).data["found"] == []


def test_what_output_items_are_called_is_among_the_names_that_are_kept() -> None:
    assert "r" in around(repeated(many("2", output="found", output_item="r"), "user")).names


@pytest.mark.parametrize(("test_before", "rounds"), [("true", 0), ("false", 1)])
def test_a_loop_that_tests_before_may_do_nothing(test_before: str, rounds: int) -> None:
    live = Live(around(script("x", "n = n + 1", more=while_("n < 0", testBefore=test_before))), {"n": 0})
    assert (live.data["n"], live.ready) == (rounds, ["z"])


def test_a_loop_that_tests_before_goes_on_while_its_condition_holds() -> None:
    looped = script("x", "n = n + 1", more=while_("n < 3", testBefore="true"))
    assert Live(around(looped), {"n": 0}).data["n"] == 3


def test_a_loop_without_a_condition_ends_at_its_maximum() -> None:
    assert Live(around(script("x", "n = n + 1", more=while_("", loopMaximum="4"))), {"n": 0}).data["n"] == 4


def test_each_instance_of_a_service_task_asks_with_its_own_item_and_keeps_its_own_answer() -> None:
    characteristics = many(collection="given", item="item", output="found", output_item="answer")
    live = Live(
        around(element("serviceTask", "x", operation("notify", "answer", "{n: item}") + characteristics)),
        {"given": [10, 20]},
    )
    assert [request.payload for request in live.requests] == [{"n": 10}, {"n": 20}]
    first, second = (request.task_id for request in live.requests)
    for task_id, result in ((second, "b"), (first, "a")):
        live._do(lambda instance, t=task_id, r=result: instance.operation_done(t, r, live.now))  # type: ignore[misc]
    assert (live.data["found"], live.ready) == (["a", "b"], ["z"])


def test_each_instance_of_a_business_rule_task_decides_on_its_own_item() -> None:
    characteristics = many(collection="given", item="area", output="found", output_item="g")
    rule = element("businessRuleTask", "x", run('<run:decision ref="grade" result="g"/>') + characteristics)
    live = Live(around(rule, decisions={"grade": Grade()}), {"given": [1, 20]})
    assert [each["grade"] for each in live.data["found"]] == ["small", "big"]


def test_each_instance_of_a_receive_task_waits_for_its_own_message() -> None:
    characteristics = many(collection="given", item="item", sequential=False)
    live = Live(
        around(element("receiveTask", "x", keyed("item") + characteristics, messageRef="news")),
        {"given": ["a", "b"]},
    )
    assert live.deliver("News", "b").ready == []
    assert live.deliver("News", "a").ready == ["z"]


def test_a_business_error_in_one_instance_ends_all() -> None:
    live = Live(serving(more=many("3")))
    live.erred("DRY")
    assert (live.ready, len(live.requests)) == (["help"], 3)
    assert live.instance.records().tasks[0].node == "help"


# Hostile texts


@pytest.mark.parametrize(
    "text", ["open('{path}', 'w')", "__import__('os').system('touch {path}') == 0", "().__class__.__base__"]
)
@pytest.mark.parametrize("place", ["payload", "key", "event condition", "ad hoc", "loop", "cycle"])
def test_no_newer_text_of_a_diagram_reaches_python(text: str, place: str, tmp_path: Path) -> None:
    path = tmp_path / "pwned"
    text = text.replace("{path}", str(path))
    hostile = {
        "payload": lambda: element("serviceTask", "x", operation("notify", "", text)),
        "key": lambda: element("sendTask", "x", keyed(text), messageRef="news"),
        "event condition": lambda: element("intermediateCatchEvent", "x", condition(text)),
        "ad hoc": lambda: sub_process(
            "x",
            users("u"),
            f"<completionCondition>{escape(text)}</completionCondition>",
            kind="adHocSubProcess",
        ),
        "loop": lambda: script("x", "n = 1", more=while_(text, testBefore="true")),
        "cycle": lambda: element("intermediateCatchEvent", "x", cycle(text)),
    }[place]
    try:
        live = Live(around(hostile()))
        if "u" in live.ready:
            live.complete("u")
    except engine.NotExecutable:
        pass
    assert not path.exists()
