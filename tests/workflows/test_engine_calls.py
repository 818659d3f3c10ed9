"""Activities with an inside: calls, ad hoc sub-processes, data objects, repetition of them.

Source: BPMN 2.0.2 (OMG formal/2013-12-09), clauses 10.3.5, 10.3.6, 10.4.1 and 13.3.
"""

from __future__ import annotations

import pytest

from tests.engine_runs import (
    Live,
    boundary,
    chain,
    element,
    end,
    error,
    escalation,
    event_sub_process,
    flow,
    many,
    message,
    program,
    script,
    start,
    sub_process,
    timer,
    users,
    while_,
)
from workflows import engine

LANES = '<laneSet id="{0}ls"><lane id="{0}l"><flowNodeRef>b</flowNodeRef></lane></laneSet>'


def call(more: str = "", called: str = "q") -> str:
    return element("callActivity", "x", more, calledElement=called)


def called(*elements: str, last: str = "") -> str:
    """Start, user task b, end, and what else there is."""
    return start("qs") + users("b") + end("qe", last) + chain("qs", "b", "qe") + "".join(elements)


def calling(process: str, *elements: str, more: str = "", **others: str) -> engine.Program:
    """Start, the call x of the process, user task z, end."""
    return program(
        start(), call(more), users("z"), end(), chain("s", "x", "z", "e"), *elements,
        processes={"q": process, **others},
    )  # fmt: skip


# Calls (10.3.6)


def test_a_call_runs_the_called_process_and_goes_on_when_that_is_over() -> None:
    live = Live(calling(called()))
    assert live.ready == ["b"]
    assert live.complete("b").ready == ["z"]
    assert live.complete("z").status == "completed"


def test_a_program_knows_the_nodes_and_lanes_of_what_it_calls() -> None:
    made = calling(LANES.format("q") + called())
    assert {"x", "z", "b"} <= set(made.nodes)
    assert Live(made).instance.ready[0].lane == "ql"


def test_a_called_process_sees_a_copy_of_the_data_and_gives_back_what_it_changed() -> None:
    inside = start("qs") + script("c", "n = n + 1", "own = n", "same = same") + users("b") + end("qe")
    live = Live(calling(inside + chain("qs", "c", "b", "qe")), {"n": 1, "same": 5, "kept": "k"})
    assert live.data == {"n": 1, "same": 5, "kept": "k"}
    live.complete("b", kept="changed", unknown=3)
    assert live.data == {"n": 2, "same": 5, "kept": "changed"}


def test_what_the_caller_changes_while_it_calls_is_not_undone_by_a_stale_copy() -> None:
    made = program(
        start(), element("parallelGateway", "g"), call(), users("a", "z"), end(),
        chain("s", "g", "x", "z", "e"), chain("g", "a", "e"), processes={"q": called()},
    )  # fmt: skip
    live = Live(made, {"n": 1, "m": 1}).complete("a", n=2)
    assert live.complete("b", m=3).data == {"n": 2, "m": 3}


def test_a_called_process_has_its_own_data_objects() -> None:
    inside = '<dataObject id="o" name="mine"/>' + called()
    live = Live(calling(inside)).complete("b", mine=1)
    assert live.data == {}


def test_calls_within_calls_are_inside_one_another() -> None:
    middle = (
        start("ms") + element("callActivity", "y", calledElement="r") + end("me") + chain("ms", "y", "me")
    )
    inner = start("rs") + script("c", "n = n * 10") + users("b") + end("re") + chain("rs", "c", "b", "re")
    live = Live(calling(middle, r=inner), {"n": 1})
    assert live.complete("b").data == {"n": 10}


def test_two_calls_of_one_process_at_once_do_not_touch_each_other() -> None:
    live = Live(
        calling(called(), more=many(collection="given", item="n", output="out", output_item="r")),
        {"given": [1, 2]},
    )
    assert live.ready == ["b", "b"]
    assert [item.loop_index for item in live.instance.ready] == [0, 1]
    live.complete("b", r="one").complete("b", r="two")
    assert (live.data["out"], live.ready) == (["one", "two"], ["z"])


def test_a_call_in_a_loop_runs_again_with_the_data_of_then() -> None:
    inside = start("qs") + script("c", "n = n + 1") + end("qe") + chain("qs", "c", "qe")
    live = Live(calling(inside, more=while_("n < 3", loopMaximum="9")), {"n": 0})
    assert (live.data["n"], live.ready) == (3, ["z"])


def test_an_error_of_the_called_process_is_caught_at_the_call() -> None:
    caught = boundary("caught", "x", error()) + users("help") + chain("caught", "help", "e")
    live = Live(calling(called(last=error()), caught)).complete("b")
    assert live.ready == ["help"]


def test_an_escalation_of_the_called_process_is_caught_at_the_call() -> None:
    caught = (
        boundary("caught", "x", escalation(), interrupting=False)
        + users("look")
        + chain("caught", "look", "e")
    )
    assert sorted(Live(calling(called(last=escalation()), caught)).complete("b").ready) == ["look", "z"]


def test_a_terminate_end_event_ends_the_called_process_only() -> None:
    more = element("parallelGateway", "qg") + users("c")
    inside = start("qs") + users("b") + end("qe", "<terminateEventDefinition/>") + end("qe2") + more
    inside += chain("qs", "qg", "b", "qe") + chain("qg", "c", "qe2")
    assert Live(calling(inside)).complete("b").ready == ["z"]


def test_a_timer_at_a_call_ends_all_that_runs_inside() -> None:
    caught = boundary("due", "x", timer("P1D")) + users("help") + chain("due", "help", "e")
    live = Live(calling(called(event_sub_process("es", message(), "act", interrupting=False)), caught))
    live.deliver("News").wait(days=1)
    assert (live.ready, live.instance.subscriptions) == (["help"], ())


def test_an_event_sub_process_of_a_called_process_waits_again_with_its_data() -> None:
    body = script("c", "n = n + 1") + chain("es_s", "c", "es_e")
    live = Live(
        calling(called(event_sub_process("es", message(), "", interrupting=False, body=body))), {"n": 0}
    )
    live.deliver("News").deliver("News")
    assert live.data == {"n": 0}
    assert live.complete("b").data == {"n": 2}


def test_a_called_process_that_begins_at_an_event_is_refused() -> None:
    inside = called() + start("other", message()) + users("c") + chain("other", "c", "qe")
    with pytest.raises(engine.NotExecutable):
        calling(inside)


@pytest.mark.parametrize(
    "inside",
    [
        start("qs") + element("callActivity", "y", calledElement="q") + end("qe") + chain("qs", "y", "qe"),
        start("qs") + element("callActivity", "y", calledElement="p") + end("qe") + chain("qs", "y", "qe"),
    ],
)
def test_calls_in_a_circle_are_refused(inside: str) -> None:
    with pytest.raises(engine.NotExecutable):
        calling(inside)


def test_a_call_of_a_process_that_is_not_there_is_refused() -> None:
    with pytest.raises(engine.NotExecutable):
        program(start(), call("", "nowhere"), end(), chain("s", "x", "e"))


# Data objects (10.4.1)


def test_a_data_object_of_a_sub_process_lives_and_ends_with_it() -> None:
    inner = sub_process(
        "sp", '<dataObject id="o" name="n"/>', start("s2"), script("c", "before = n", "n = 5", "m = 6"), users("b"),
        script("k", "after = n"), end("e2"), chain("s2", "c", "b", "k", "e2"),
    )  # fmt: skip
    live = Live(program(start(), inner, users("z"), end(), chain("s", "sp", "z", "e")), {"n": 1})
    live.complete("b", n=7)
    assert live.data == {"n": 1, "m": 6, "before": None, "after": 7}
    assert len(live.instance.records().scopes) == 1


def test_each_instance_of_a_sub_process_has_its_own_data_objects_and_its_index() -> None:
    inner = sub_process(
        "sp", '<dataObject id="o" name="n"/>', start("s2"), users("b"), script("c", "r = n * 2"), end("e2"),
        chain("s2", "b", "c", "e2"), many("2", output="out", output_item="r"),
    )  # fmt: skip
    live = Live(program(start(), inner, users("z"), end(), chain("s", "sp", "z", "e")))
    assert [item.loop_index for item in live.instance.ready] == [0, 1]
    assert live.complete("b", n=1).complete("b", n=2).data["out"] == [2, 4]


# Ad hoc sub-processes (10.3.5, 13.3.5)


def ad_hoc(*elements: str, completion: str = "", more: str = "", **attributes: str) -> engine.Program:
    inside = "".join(elements) + (
        f"<completionCondition>{completion}</completionCondition>" if completion else ""
    )
    return program(
        start(), element("adHocSubProcess", "x", inside + more, **attributes), users("z"), end(),
        chain("s", "x", "z", "e"),
    )  # fmt: skip


def test_an_ad_hoc_sub_process_offers_all_at_once_in_no_order_and_ends_when_all_is_done() -> None:
    live = Live(ad_hoc(users("a", "b", "c"), chain("b", "c")))
    assert live.ready == ["a", "b"]
    assert live.complete("b").ready == ["a", "c"]
    assert live.complete("c").complete("a").ready == ["z"]


def test_a_sequential_one_offers_the_next_when_the_one_before_and_what_follows_it_is_over() -> None:
    live = Live(ad_hoc(users("a", "b", "c"), chain("a", "c"), ordering="Sequential"))
    seen = []
    while live.ready != ["z"]:
        seen += live.ready
        live.complete(live.ready[0])
    assert seen == ["a", "c", "b"]


def test_its_completion_condition_withdraws_the_rest() -> None:
    live = Live(ad_hoc(users("a", "b"), completion="enough"), {"enough": False})
    withdrawn = live.id_of("b")
    live.complete("a", enough=True)
    assert live.ready == ["z"]
    assert engine.TaskCancelled(withdrawn, "b") in live.events


def test_it_may_leave_what_is_open_to_be_done() -> None:
    live = Live(ad_hoc(users("a", "b"), completion="enough", cancelRemainingInstances="false"))
    assert live.complete("a", enough=True).ready == ["b"]
    assert live.complete("b", enough=False).ready == ["z"]


@pytest.mark.parametrize("ordering", ["Parallel", "Sequential"])
def test_it_offers_all_again_until_its_completion_condition_holds(ordering: str) -> None:
    live = Live(ad_hoc(users("a", "b"), completion="enough", ordering=ordering), {"enough": False})
    for _ in range(2):
        live.complete("a").complete("b")
    assert "a" in live.ready
    assert live.complete("a", enough=True).ready == ["z"]


def test_a_sequential_one_stops_offering_when_it_is_enough() -> None:
    live = Live(ad_hoc(users("a", "b", "c"), completion="enough", ordering="Sequential"))
    assert live.complete("a").ready == ["b"]
    assert live.complete("b", enough=True).ready == ["z"]


def test_its_completion_condition_sees_its_data_objects() -> None:
    declared = '<dataObject id="o" name="enough"/>'
    live = Live(ad_hoc(declared, users("a", "b"), completion="enough"), {"enough": True})
    assert live.complete("a").ready == ["b"]
    assert live.complete("b", enough=True).ready == ["z"]
    assert live.data == {"enough": True}


def test_its_completion_condition_is_not_looked_at_before_an_activity_is_done() -> None:
    assert Live(ad_hoc(users("a", "b"), completion="true")).ready == ["a", "b"]


def test_a_completion_condition_that_fails_is_an_incident_and_nothing_is_lost() -> None:
    bomb = "count(for a in 1..1000, b in 1..1000, c in 1..1000 return a) > n"
    live = Live(ad_hoc(users("a", "b"), completion=bomb.replace(">", "&gt;"))).complete("a")
    assert (live.incidents, live.ready) == ([("x", "expression-failed")], ["b"])


def test_an_automatic_one_whose_condition_never_holds_ends_as_an_incident() -> None:
    live = Live(ad_hoc(script("c", "n = 1"), completion="n = 2"), saved=False)
    assert [code for _, code in live.incidents] == ["endless-loop"]


def test_an_ad_hoc_sub_process_may_be_repeated_and_interrupted() -> None:
    live = Live(ad_hoc(users("a", "b"), more=many("2")))
    assert sorted(live.ready) == ["a", "a", "b", "b"]
    for node_id in ("a", "a", "b", "b"):
        live.complete(node_id)
    assert live.ready == ["z"]
    more = boundary("due", "x", timer("P1D")) + users("help") + chain("due", "help", "e")
    made = program(
        start(),
        element("adHocSubProcess", "x", users("a")),
        users("z"),
        end(),
        chain("s", "x", "z", "e"),
        more,
    )
    assert Live(made).wait(days=1).ready == ["help"]


def test_activities_in_it_may_have_boundary_events_and_event_sub_processes_stand_beside_them() -> None:
    inside = users("a", "b", "c") + boundary("t", "a", timer("P1D")) + chain("t", "c")
    live = Live(ad_hoc(inside, event_sub_process("es", message(), "act", interrupting=False)))
    assert sorted(live.ready) == ["a", "b"]
    live.wait(days=1).deliver("News")
    assert sorted(live.ready) == ["act", "b", "c"]
    for node_id in ("b", "c", "act"):
        live.complete(node_id)
    assert live.ready == ["z"]


def test_a_sequential_one_keeps_listening_between_its_activities() -> None:
    inside = users("a", "b") + event_sub_process("es", message(), "act", interrupting=False)
    live = Live(ad_hoc(inside, ordering="Sequential")).complete("a")
    assert live.deliver("News").ready == ["b", "act"]


def test_gateways_in_it_join_its_own_tokens() -> None:
    inside = users("a", "b", "c") + element("parallelGateway", "j") + chain("a", "j") + chain("b", "j", "c")
    live = Live(ad_hoc(inside)).complete("a")
    assert live.ready == ["b"]
    assert live.complete("b").complete("c").ready == ["z"]


def test_a_choice_in_it_leads_on() -> None:
    inside = users("a", "b", "c") + element("exclusiveGateway", "x1", default="x1_b")
    inside += chain("a", "x1") + flow("x1", "c", "far") + flow("x1", "b")
    assert Live(ad_hoc(inside)).complete("a", far=True).ready == ["c"]
