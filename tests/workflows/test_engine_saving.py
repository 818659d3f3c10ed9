"""Whether an instance is kept in memory or loaded from its rows before every command changes nothing.

Each construct is run on random paths, twice at once. What is seen from outside must be equal after every command,
and the rows made from changes alone must be those of the whole instance (`engine_runs.Live`). The document that
snapshots use must give the same instance as the rows.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

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
    escalation,
    event_sub_process,
    flow,
    keyed,
    many,
    message,
    operation,
    program,
    run,
    script,
    signal,
    start,
    sub_process,
    timer,
    users,
    while_,
)
from workflows import engine
from workflows.engine.instance import Instance

FORK, JOIN = element("parallelGateway", "f"), element("parallelGateway", "j")
COUNT = "numberOfCompletedInstances >= 2"


class Bigger:
    inputs = frozenset({"n"})

    def evaluate(self, context: Mapping[str, Any], *, now: datetime) -> Any:
        return (context.get("n") or 0) + 1


def beside(*elements: str) -> str:
    """Start, the elements with x among them beside a task a, join, user task z, end."""
    return (
        start() + FORK + users("a", "z") + JOIN + end() + "".join(elements)
        + chain("s", "f", "x", "j", "z", "e") + chain("f", "a", "j")
    )  # fmt: skip


def inside(*elements: str, more: str = "", kind: str = "subProcess", last: str = "") -> str:
    body = start("s2") + users("b", "c") + element("inclusiveGateway", "i", default="i_c") + end("e2", last)
    body += chain("s2", "b", "i", "c", "e2") + flow("i", "e2", "y") + "".join(elements)
    return sub_process("x", body, more, kind=kind)


def caught(trigger: str, *, interrupting: bool = False, host: str = "x") -> str:
    return boundary("k", host, trigger, interrupting=interrupting) + users("h") + chain("k", "h", "e")


RULE = element("businessRuleTask", "x", run('<run:decision ref="bigger" result="n"/>'))
SERVICE = element("serviceTask", "x", operation("notify", "n", "{n: n}"))
CALLED = start("qs") + script("qc", "n = n + 1") + users("qb") + end("qe") + chain("qs", "qc", "qb", "qe")
OFFERED = users("b", "c", "l") + chain("b", "l")

CONSTRUCTS: dict[str, Callable[[], str]] = {
    "operation": lambda: beside(SERVICE),
    "operation with error": lambda: beside(SERVICE, caught(error(""), interrupting=True)),
    "decision": lambda: beside(RULE),
    "message": lambda: beside(element("intermediateCatchEvent", "x", keyed("7") + message())),
    "signal": lambda: beside(element("intermediateCatchEvent", "x", signal())),
    "condition": lambda: beside(element("intermediateCatchEvent", "x", condition("y"))),
    "condition beside": lambda: beside(users("x"), caught(condition("y"))),
    "cycle beside": lambda: beside(users("x"), caught(cycle("R3/P1D"))),
    "computed cycle": lambda: beside(users("x"), caught(cycle('"R/P1D"'))),
    "escalation": lambda: beside(inside(last=escalation()), caught(escalation())),
    "escalation that interrupts": lambda: beside(inside(last=escalation()), caught(escalation(), interrupting=True)),
    "error": lambda: beside(inside(last=error()), caught(error(), interrupting=True)),
    "transaction": lambda: beside(
        inside(kind="transaction", last="<cancelEventDefinition/>"), caught("<cancelEventDefinition/>", interrupting=True)
    ),
    "event by message": lambda: beside(inside(event_sub_process("es", message(), "m", interrupting=False))),
    "event by message that interrupts": lambda: beside(inside(event_sub_process("es", keyed("n") + message(), "m"))),
    "event by signal": lambda: beside(inside(event_sub_process("es", signal(), "m"))),
    "event by cycle": lambda: beside(inside(event_sub_process("es", cycle("R/P1D"), "m", interrupting=False))),
    "event by condition": lambda: beside(inside(event_sub_process("es", condition("y"), "m", interrupting=False))),
    "event by error": lambda: beside(inside(event_sub_process("es", error(), "m"), last=error())),
    "event by escalation": lambda: beside(
        inside(event_sub_process("es", escalation(), "m", interrupting=False), last=escalation())
    ),
    "two events": lambda: beside(
        inside(event_sub_process("es", message(), "m"), event_sub_process("et", timer("P2D"), "o", interrupting=False))
    ),
    "event of the process": lambda: beside(users("x")) + event_sub_process("es", signal(), "m", interrupting=False),
    "terminate": lambda: beside(
        inside(event_sub_process("es", message(), "m", interrupting=False), last="<terminateEventDefinition/>")
    ),
    "call": lambda: beside(element("callActivity", "x", calledElement="q")),
    "calls": lambda: beside(
        element("callActivity", "x", many("3", output="all", output_item="n"), calledElement="q"), caught(timer("P2D"))
    ),
    "ad hoc": lambda: beside(sub_process("x", OFFERED, kind="adHocSubProcess")),
    "ad hoc with an end": lambda: beside(
        sub_process("x", OFFERED, "<completionCondition>y</completionCondition>", kind="adHocSubProcess")
    ),
    "ad hoc in sequence": lambda: beside(
        sub_process(
            "x", '<dataObject id="o" name="y"/>', OFFERED, event_sub_process("es", message(), "m", interrupting=False),
            "<completionCondition>y</completionCondition>", kind="adHocSubProcess", ordering="Sequential",
            cancelRemainingInstances="false",
        )
    ),
    "data objects": lambda: beside(
        inside('<dataObject id="o" name="n"/>', more=many("2", sequential=True, output="all", output_item="n"))
    ),
    "instances": lambda: beside(inside(more=many("3", completion=COUNT, output="all", output_item="n"))),
    "loop": lambda: beside(inside(more=while_("y", testBefore="true", loopMaximum="3"))),
    "operations": lambda: beside(
        element("serviceTask", "x", operation("notify", "n", "{i: loopCounter}") + many("3", completion=COUNT))
    ),
    "event gateway": lambda: beside(
        element("eventBasedGateway", "x"), element("intermediateCatchEvent", "m", message()),
        element("intermediateCatchEvent", "t", timer("P2D")), element("intermediateCatchEvent", "c", condition("y")),
        element("receiveTask", "r", messageRef="answer"),
        *(chain("x", each, "xm") for each in "mtcr"), element("exclusiveGateway", "xm"), chain("xm", "j"),
    ).replace(flow("x", "j"), ""),
}  # fmt: skip


def made(name: str) -> engine.Program:
    return program(CONSTRUCTS[name](), processes={"q": CALLED}, decisions={"bigger": Bigger()})


Act = Callable[[Live], Any]


def actions(live: Live) -> list[Act]:
    """What can be done with the instance now."""
    found: list[Act] = [lambda each, i=i: at_ready(each, i) for i in range(len(live.ready))]  # type: ignore[misc]
    for waiting in sorted({(each.kind, each.name, each.key) for each in live.instance.subscriptions}):
        kind, name, key = waiting
        if kind == "message":
            found.append(lambda each, n=name, k=key: each.deliver(n, k))  # type: ignore[misc]
        else:
            found.append(lambda each, n=name: each.signal(n))  # type: ignore[misc]
    if live.due is not None:
        found.append(lambda each: each.wait(days=1))
        found.append(lambda each: each.wait(days=3, hours=5))
    open_requests = [k for k, each in enumerate(live.requests) if is_asked(live, each.task_id)]
    for k in open_requests:
        found.append(lambda each, k=k: answer(each, k, "done"))  # type: ignore[misc]
        found.append(lambda each, k=k: answer(each, k, "failed"))  # type: ignore[misc]
        found.append(lambda each, k=k: answer(each, k, "erred"))  # type: ignore[misc]
    if live.incidents:
        found.append(lambda each: each.retry())
    return found


def at_ready(live: Live, index: int) -> Live:
    task_id = live.instance.ready[index].task_id
    data = {"n": live.answers.randrange(3), "y": live.answers.random() < 0.4}  # type: ignore[attr-defined]
    return live._do(lambda instance: instance.complete(task_id, data, live.now))


def is_asked(live: Live, task_id: str) -> bool:
    rows = {row.task_id: row for row in live.instance.records().tasks}
    row = rows.get(task_id.replace("-", ""))
    return row is not None and row.state == 8


def answer(live: Live, number: int, how: str) -> Live:
    task_id = live.requests[number].task_id
    return live._do(
        {
            "done": lambda instance: instance.operation_done(task_id, number, live.now),
            "failed": lambda instance: instance.operation_failed(task_id, "why", live.now),
            "erred": lambda instance: instance.operation_error(task_id, "E", live.now),
        }[how]
    )


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("name", CONSTRUCTS)
def test_loading_before_every_command_changes_nothing(name: str, seed: int) -> None:
    choose = random.Random(seed)
    runs = [Live(made(name), {"n": 1, "y": False}, saved=saved) for saved in (True, False)]
    for each in runs:
        each.answers = random.Random(seed)  # type: ignore[attr-defined]
    for step in range(40):
        saved, held = runs
        assert saved.picture() == held.picture(), (seed, step)
        assert documented(saved) == documented(held), (seed, step)
        assert not {"step-failed", "endless-loop"} & {code for _, code in held.incidents}, (seed, step)
        possible = actions(held)
        if not possible:
            break
        act = choose.choice(possible)
        for each in runs:
            act(each)
    assert held.now <= Live(made(name)).now + timedelta(days=200)


def documented(live: Live) -> Any:
    """What an instance made from the document shows."""
    if live.status != "running":
        return live.status
    again = Instance.from_document(live.program, live.instance.document(), now=live.now)
    assert sorted(again.records().tasks) == sorted(live.instance.records().tasks)
    return (
        [(item.node_id, item.loop_index) for item in again.ready],
        sorted((each.node_id, each.due) for each in again.timers),
        sorted((each.node_id, each.name, each.key) for each in again.subscriptions),
        again.data,
    )


@pytest.mark.parametrize("name", CONSTRUCTS)
def test_running_instances_never_change_the_graph_they_share(name: str) -> None:
    def fingerprint() -> list[Any]:
        return [
            (
                scope.name,
                spec.name,
                list(spec._inputs),
                list(spec._outputs),
                dict(spec.flow_ids),
                len(spec.__dict__),
            )
            for scope in made(name).scopes.values()
            for spec in scope.task_specs.values()
        ]

    before = fingerprint()
    live = Live(made(name), {"n": 1, "y": True})
    live.answers = random.Random(1)  # type: ignore[attr-defined]
    for step in range(6):
        possible = actions(live)
        if live.status != "running" or not possible:
            break
        possible[step % len(possible)](live)
    assert fingerprint() == before
