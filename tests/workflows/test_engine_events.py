"""Events: who catches what is thrown, event sub-processes, conditions, signals, transactions, starts.

Source: BPMN 2.0.2 (OMG formal/2013-12-09), clauses 10.3.5, 10.5 and 13.5.
"""

from __future__ import annotations

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
    error,
    escalation,
    event_sub_process,
    flow,
    keyed,
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

FORK = element("parallelGateway", "g")


def one_task(*elements: str, **named: Any) -> engine.Program:
    """Start, user task a, end, and what else there is."""
    return program(start(), users("a"), end(), chain("s", "a", "e"), *elements, **named)


def scope(*elements: str, kind: str = "subProcess", last: str = "") -> str:
    """A sub-process sp: start, user task b, end (with `last`), and what else there is."""
    return sub_process(
        "sp", start("s2"), users("b"), end("e2", last), chain("s2", "b", "e2"), *elements, kind=kind
    )


def with_scope(inner: str, *elements: str, **named: Any) -> engine.Program:
    """Start, the sub-process sp, user task after, end, and what else there is."""
    return program(start(), inner, users("after"), end(), chain("s", "sp", "after", "e"), *elements, **named)


# Signals (10.5.5.10)


def test_a_signal_reaches_all_who_wait_for_it_in_the_instance_and_is_told_to_others() -> None:
    live = Live(
        program(
            start(), FORK, users("a", "b", "c"), end(),
            element("intermediateThrowEvent", "t", keyed("", "{why: reason}") + signal()),
            element("intermediateCatchEvent", "one", signal()),
            element("intermediateCatchEvent", "two", signal()),
            chain("s", "g", "a", "t", "e"), chain("g", "one", "b", "e"), chain("g", "two", "c", "e"),
        )
    )  # fmt: skip
    assert {each.name for each in live.instance.subscriptions} == {"Alarm"}
    live.complete("a", reason="fire")
    assert live.ready == ["b", "c"]
    assert live.data["why"] == "fire"
    assert [(each.kind, each.name, each.payload) for each in live.requests] == [
        ("signal", "Alarm", {"why": "fire"})
    ]


def test_a_signal_from_outside_wakes_all_and_one_that_nobody_waits_for_does_nothing() -> None:
    made = program(
        start(), FORK, users("b", "c"), end(),
        element("intermediateCatchEvent", "one", signal()), element("intermediateCatchEvent", "two", signal()),
        chain("s", "g", "one", "b", "e"), chain("g", "two", "c", "e"),
    )  # fmt: skip
    live = Live(made).signal("Alarm", why="storm")
    assert (live.ready, live.data["why"]) == (["b", "c"], "storm")
    assert live.signal("Alarm").events == []


def test_a_signal_that_interrupts_its_own_thrower_ends_that_path() -> None:
    inner = sub_process(
        "sp", start("s2"), users("b", "never"), end("e2"),
        element("intermediateThrowEvent", "t", signal()), chain("s2", "b", "t", "never", "e2"),
    )  # fmt: skip
    live = Live(
        with_scope(inner, boundary("caught", "sp", signal()), users("help"), chain("caught", "help", "e"))
    )
    assert live.complete("b").ready == ["help"]
    assert live.complete("help").status == "completed"


def test_a_signal_boundary_that_does_not_interrupt_happens_every_time() -> None:
    live = Live(one_task(boundary("x", "a", signal(), interrupting=False), users("b"), chain("x", "b", "e")))
    live.signal("Alarm").signal("Alarm")
    assert live.ready == ["a", "b", "b"]


# Messages (10.5.5.6)


@pytest.mark.parametrize("kind", ["intermediateThrowEvent", "endEvent"])
def test_a_message_event_sends_with_its_key_and_payload(kind: str) -> None:
    thrown = element(kind, "t", keyed("n", "{n: n + 1}") + message())
    more = chain("t", "e") if kind != "endEvent" else ""
    live = Live(program(start(), thrown, end(), chain("s", "t"), more, users("u"), chain("u", "e"), FORK,
                        chain("s", "g", "u")), {"n": 1})  # fmt: skip
    assert [(each.kind, each.key, each.payload) for each in live.requests] == [("message", "1", {"n": 2})]


def test_a_message_boundary_keeps_its_key_each_time_it_waits_again() -> None:
    made = one_task(
        boundary("x", "a", keyed("n") + message(), interrupting=False), users("b"), chain("x", "b", "e")
    )
    live = Live(made, {"n": "k"}).deliver("News", "k", n="other").deliver("News", "k")
    assert live.ready == ["a", "b", "b"]
    with pytest.raises(engine.MessageNotExpected):
        live.deliver("News", "other")


def test_a_message_that_came_is_not_lost_when_the_activity_ends_before_its_path_goes_on() -> None:
    made = one_task(
        boundary("x", "a", message(), interrupting=False),
        script("c", "n = 1"),
        users("b"),
        chain("x", "c", "b", "e"),
    )
    live = Live(made)
    live.instance.deliver("News", {}, NOW)
    live.instance.complete(live.id_of("a"), {}, NOW)
    live.instance.proceed(NOW)
    assert live.ready == ["b"]


# Errors (10.5.5.3, 13.5.5)


def failing_inside(*elements: str, thrown: str = "dry") -> engine.Program:
    return with_scope(scope(*elements, last=error(thrown)), users("help"), boundary("caught", "sp", error("")),
                      chain("caught", "help", "e"))  # fmt: skip


def test_an_error_is_caught_by_the_event_sub_process_of_its_scope_before_the_boundary() -> None:
    live = Live(failing_inside(event_sub_process("es", error(), "mend"))).complete("b")
    assert (live.ready, live.occurred) == (["mend"], ["es_s"])
    assert live.complete("mend").ready == ["after"]


def test_an_event_sub_process_for_another_error_lets_it_pass_to_the_boundary() -> None:
    live = Live(failing_inside(event_sub_process("es", error("wet"), "mend"))).complete("b")
    assert live.ready == ["help"]


def test_the_catcher_that_names_an_error_comes_before_the_one_for_any() -> None:
    both = event_sub_process("any", error(""), "mend1") + event_sub_process("dry1", error(), "mend2")
    assert Live(failing_inside(both)).complete("b").ready == ["mend2"]


def test_an_error_thrown_while_an_error_is_handled_goes_on_outwards() -> None:
    live = Live(failing_inside(event_sub_process("es", error(), "mend", last=error())))
    assert live.complete("b").complete("mend").ready == ["help"]


def test_an_error_event_sub_process_of_the_process_ends_all_other_work() -> None:
    made = program(
        start(), FORK, users("a", "b"), end(), end("bad", error()),
        chain("s", "g", "a", "bad"), chain("g", "b", "e"), event_sub_process("es", error(), "mend"),
    )  # fmt: skip
    live = Live(made)
    withdrawn = live.id_of("b")
    live.complete("a")
    assert live.ready == ["mend"]
    assert engine.TaskCancelled(withdrawn, "b") in live.events
    assert live.complete("mend").status == "completed"


# Escalations (10.5.5.4, 13.5.5)


def escalating(*elements: str, boundary_of: str = "", interrupting: bool = False) -> engine.Program:
    """sp: user task b, escalation LATE, user task c."""
    inner = sub_process(
        "sp", start("s2"), users("b", "c"), end("e2"), element("intermediateThrowEvent", "t", escalation()),
        chain("s2", "b", "t", "c", "e2"), *elements,
    )  # fmt: skip
    caught = (
        boundary("caught", "sp", escalation(boundary_of), interrupting=interrupting) if boundary_of else ""
    )
    more = caught + users("look") + chain("caught", "look", "e") if caught else ""
    return with_scope(inner, more)


def test_an_escalation_that_nobody_catches_goes_on_and_is_told() -> None:
    live = Live(escalating()).complete("b")
    assert (live.ready, live.occurred) == (["c"], ["t"])


def test_an_escalation_caught_without_interrupting_leaves_the_work_going() -> None:
    live = Live(escalating(boundary_of="late")).complete("b")
    assert sorted(live.ready) == ["c", "look"]
    assert live.complete("look").complete("c").complete("after").status == "completed"


def test_an_escalation_that_interrupts_ends_the_path_that_threw_it() -> None:
    assert Live(escalating(boundary_of="late", interrupting=True)).complete("b").ready == ["look"]


def test_an_escalation_of_another_name_is_not_caught() -> None:
    assert Live(escalating(boundary_of="lost")).complete("b").ready == ["c"]


def test_the_nearest_event_sub_process_takes_an_escalation() -> None:
    live = Live(
        escalating(event_sub_process("es", escalation(), "see", interrupting=False), boundary_of="late")
    ).complete("b")
    assert sorted(live.ready) == ["c", "see"]
    live.complete("c")
    assert live.ready == ["see"]
    assert live.complete("see").ready == ["after"]


def test_an_escalation_end_event_escalates() -> None:
    made = with_scope(
        scope(last=escalation()), boundary("caught", "sp", escalation(), interrupting=False), users("look"),
        chain("caught", "look", "e"),
    )  # fmt: skip
    assert sorted(Live(made).complete("b").ready) == ["after", "look"]


def test_an_escalation_from_an_event_sub_process_does_not_start_it_again() -> None:
    again = event_sub_process("es", escalation(), "see", interrupting=False, last=escalation())
    live = Live(escalating(again))
    live.complete("b").complete("see")
    assert live.ready == ["c"]


# Event sub-processes (10.3.5, 13.5.4)

TRIGGERS = {
    "message": (message(), lambda live: live.deliver("News")),
    "signal": (signal(), lambda live: live.signal("Alarm")),
    "timer": (timer("P1D"), lambda live: live.wait(days=1)),
    "condition": (condition("flood"), lambda live: live.complete("tell", flood=True)),
}


def listening(trigger: str, interrupting: bool) -> engine.Program:
    inner = sub_process(
        "sp", start("s2"), users("b", "tell"), end("e2"), FORK, chain("s2", "g", "b", "e2"), chain("g", "tell", "e2"),
        event_sub_process("es", trigger, "act", interrupting=interrupting),
    )  # fmt: skip
    return with_scope(inner)


@pytest.mark.parametrize("name", TRIGGERS)
def test_an_interrupting_event_sub_process_replaces_the_work_of_its_scope(name: str) -> None:
    trigger, happen = TRIGGERS[name]
    live = happen(Live(listening(trigger, True)))
    assert (live.ready, live.occurred) == (["act"], ["es_s"])
    assert not live.instance.timers
    assert not live.instance.subscriptions
    assert live.complete("act").ready == ["after"]


@pytest.mark.parametrize("name", TRIGGERS)
def test_an_event_sub_process_that_does_not_interrupt_runs_beside_and_the_scope_waits_for_it(
    name: str,
) -> None:
    trigger, happen = TRIGGERS[name]
    live = happen(Live(listening(trigger, False)))
    assert "b" in live.ready
    assert "act" in live.ready
    for node_id in [each for each in live.ready if each != "act"]:
        live.complete(node_id)
    assert live.ready == ["act"]
    assert live.complete("act").ready == ["after"]


@pytest.mark.parametrize("name", TRIGGERS)
def test_an_event_sub_process_is_disarmed_when_its_scope_ends(name: str) -> None:
    live = Live(listening(TRIGGERS[name][0], False)).complete("b").complete("tell")
    assert live.ready == ["after"]
    assert (live.due, live.instance.subscriptions, len(live.instance.records().tasks)) == (None, (), 1)


def test_an_event_sub_process_that_does_not_interrupt_may_run_several_times_at_once() -> None:
    live = Live(listening(message(), False)).deliver("News").deliver("News")
    assert live.ready.count("act") == 2
    live.complete("b").complete("tell").complete("act")
    assert live.ready == ["act"]
    assert live.deliver("News").ready.count("act") == 2
    assert live.complete("act").complete("act").ready == ["after"]


def test_an_event_sub_process_of_the_process_does_not_keep_it_from_ending() -> None:
    live = Live(one_task(event_sub_process("es", message(), "act", interrupting=False)))
    assert live.complete("a").status == "completed"
    assert live.instance.records().tasks == ()


def test_instances_of_one_program_do_not_share_their_event_sub_processes() -> None:
    made = one_task(event_sub_process("es", message(), "act", interrupting=False))
    first = Live(made).deliver("News")
    second = Live(made)
    assert (first.ready, second.ready) == (["a", "act"], ["a"])


def test_an_interrupting_event_sub_process_ends_another_one_that_runs() -> None:
    made = one_task(
        event_sub_process("beside", message(), "look", interrupting=False),
        event_sub_process("instead", signal(), "act"),
    )
    live = Live(made).deliver("News")
    assert live.signal("Alarm").ready == ["act"]
    assert live.instance.subscriptions == ()


def test_a_terminate_end_event_ends_the_event_sub_processes_of_its_scope_too() -> None:
    inner = scope(
        event_sub_process("es", message(), "act", interrupting=False), last="<terminateEventDefinition/>"
    )
    live = Live(with_scope(inner)).deliver("News")
    assert live.complete("b").ready == ["after"]


def test_an_event_sub_process_sees_the_data_of_its_scope() -> None:
    inner = sub_process(
        "sp", '<dataObject id="o" name="n"/>', start("s2"), users("b"), end("e2"), chain("s2", "b", "e2"),
        event_sub_process("es", message(), "", interrupting=False, body=script("c", "seen = n") + chain("es_s", "c", "es_e")),
    )  # fmt: skip
    live = Live(with_scope(inner), {"seen": 0})
    live.deliver("News", n=5).complete("b")
    assert live.data == {"seen": 5}


def test_a_join_that_waits_in_vain_beside_an_armed_event_sub_process_is_an_incident() -> None:
    made = program(
        start(), element("exclusiveGateway", "x", default="x_a"), users("a", "b"), element("parallelGateway", "j"),
        end(), chain("s", "x"), flow("x", "a"), flow("x", "b", "false"), chain("a", "j"), chain("b", "j", "e"),
        event_sub_process("es", message(), "act"),
    )  # fmt: skip
    live = Live(made).complete("a")
    assert live.incidents == [("j", "deadlock")]
    assert live.deliver("News").ready == ["act"]
    assert live.incidents == []


# Conditions (10.5.5.2)


def test_a_condition_is_caught_when_data_come_to_fulfil_it() -> None:
    made = program(
        start(), FORK, users("a", "b", "other"), end(), element("intermediateCatchEvent", "c", condition("n > 2")),
        chain("s", "g", "a", "e"), chain("g", "c", "b", "e"), chain("g", "other", "e"),
    )  # fmt: skip
    live = Live(made, {"n": 1})
    assert live.complete("other", n=2).ready == ["a"]
    assert live.complete("a", n=3).ready == ["b"]


def test_a_condition_that_is_fulfilled_already_is_caught_at_once() -> None:
    made = program(
        start(),
        element("intermediateCatchEvent", "c", condition("n > 2")),
        users("b"),
        end(),
        chain("s", "c", "b", "e"),
    )
    assert Live(made, {"n": 3}).ready == ["b"]


def test_a_condition_happens_again_only_after_it_did_not_hold() -> None:
    made = program(
        start(), element("exclusiveGateway", "m"), users("a"), element("exclusiveGateway", "x", default="x_m"), end(),
        chain("s", "m", "a", "x", "m"), flow("x", "e", "over"),
        event_sub_process("es", condition("n > 2"), "act", interrupting=False),
    )  # fmt: skip
    live = Live(made, {"n": 1, "over": False})
    seen = []
    for n in (3, 4, 1, 5):
        live.complete("a", n=n)
        seen.append(live.ready.count("act"))
    assert seen == [1, 1, 1, 2]


def test_a_change_of_other_data_does_not_look_at_a_condition() -> None:
    made = one_task(boundary("x", "a", condition("n > 2")), users("b"), FORK, users("u"), chain("x", "b", "e"),
                    chain("s", "g", "u", "e"))  # fmt: skip
    live = Live(made)
    changes = live.instance.complete(live.id_of("u"), {"m": 3}, NOW)
    assert not changes.pending


def test_a_condition_that_cannot_be_evaluated_is_an_incident() -> None:
    bomb = "count(for a in 1..1000, b in 1..1000, c in 1..1000 return a) > n"
    assert Live(
        one_task(boundary("x", "a", condition(bomb)), users("b"), chain("x", "b", "e"))
    ).incidents == [("x", "expression-failed")]


# Transactions (10.3.5, 13.3.4)


def transaction() -> engine.Program:
    inner = sub_process(
        "sp", start("s2"), users("b", "c"), end("e2"), FORK, element("endEvent", "stop", "<cancelEventDefinition/>"),
        element("exclusiveGateway", "x", default="x_e2"), chain("s2", "g", "b", "x"), chain("g", "c", "e2"),
        flow("x", "stop", "wrong"), flow("x", "e2"), kind="transaction",
    )  # fmt: skip
    return with_scope(inner, boundary("cancelled", "sp", "<cancelEventDefinition/>"), users("undo"),
                      chain("cancelled", "undo", "e"))  # fmt: skip


def test_cancelling_a_transaction_ends_all_in_it_and_goes_on_at_its_cancel_event() -> None:
    live = Live(transaction()).complete("b", wrong=True)
    assert (live.ready, live.occurred) == (["undo"], ["cancelled"])
    assert live.complete("undo").status == "completed"


def test_a_transaction_that_is_not_cancelled_ends_as_a_sub_process() -> None:
    live = Live(transaction()).complete("b", wrong=False).complete("c")
    assert live.ready == ["after"]


# Start events (10.5.2)


def started() -> engine.Program:
    return program(
        start(), start("on_news", message()), start("on_time", timer("2027-03-05", "timeDate")),
        users("a", "b", "c"), end(), chain("s", "a", "e"), chain("on_news", "b", "e"), chain("on_time", "c", "e"),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("start_event", "ready"), [("", "a"), ("s", "a"), ("on_news", "b"), ("on_time", "c")]
)
def test_a_process_begins_at_the_start_event_that_is_chosen(start_event: str, ready: str) -> None:
    live = Live(started(), start_event=start_event)
    assert live.ready == [ready]
    assert live.occurred == ([start_event] if start_event.startswith("on_") else [])


def test_a_process_that_can_only_begin_at_an_event_begins_there() -> None:
    made = program(start("on_news", message()), users("a"), end(), chain("on_news", "a", "e"))
    assert Live(made).ready == ["a"]


def test_an_unknown_start_event_is_refused_with_those_that_are_known() -> None:
    with pytest.raises(engine.StartUnknown, match="on_news"):
        Live(started(), start_event="a")
