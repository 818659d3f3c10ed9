from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pricing.visits import analyse
from workflows.definitions.model import Estimate, MultiInstance
from workflows.definitions.read import read


def within(scope, *ids):
    return {node: {"parent": scope} for node in ids}


def chance(value):
    return Estimate(probability=Decimal(value))


def expected(definition, *tasks, **options):
    analysis = analyse(definition, **options)
    assert analysis.usable, [p.text() for p in analysis.problems]
    return [analysis.expected[t] for t in tasks]


def codes(definition, **options):
    return [p.code for p in analyse(definition, **options).problems]


# --- analytic models ----------------------------------------------------------------------------------------


def test_a_sequence_runs_once(diagram):
    assert expected(diagram("s>t1 t1>t2 t2>e"), "t1", "t2") == [1, 1]


def test_an_exclusive_gateway_divides(diagram):
    xor = diagram("s>x1 x1>t1:0.9 x1>t2:0.1 t1>x2 t2>x2 x2>t3 t3>e")
    assert expected(xor, "t1", "t2", "t3") == [Fraction(9, 10), Fraction(1, 10), 1]


def test_parallel_branches_all_run(diagram):
    both = diagram("s>p1 p1>t1 p1>t2 t1>p2 t2>p2 p2>t3 t3>e")
    assert expected(both, "t1", "t2", "t3") == [1, 1, 1]


def test_a_loop_is_a_geometric_series(diagram):
    loop = diagram("s>x1 x1>t1 t1>x2 x2>x1:0.1 x2>e:0.9")
    assert expected(loop, "t1") == [Fraction(10, 9)]
    visits = analyse(loop).visits("t1")
    assert (visits.at_least_once, visits.minimum, visits.maximum) == (1, 1, None)


def test_a_meeting_without_quorum_is_held_again(diagram):
    quorum = diagram("s>t1 t1>x1 x1>t2 t2>x2 x2>x1:0.08 x2>t3:0.92 t3>e")
    assert expected(quorum, "t1", "t2", "t3") == [1, Fraction(25, 23), 1]


def test_nested_loops_multiply(diagram):
    nested = diagram("s>x1 x1>t1 t1>x2 x2>t2 t2>x3 x3>x2:0.25 x3>t3:0.75 t3>x4 x4>x1:0.5 x4>e:0.5")
    assert expected(nested, "t1", "t2", "t3") == [2, Fraction(8, 3), 2]


def test_two_entries_of_a_loop_are_no_difficulty(diagram):
    crossing = diagram("s>x0 x0>x1:0.5 x0>x2:0.5 x1>t1 t1>x2 x2>t2 t2>x3 x3>x1:0.2 x3>x2:0.3 x3>e:0.5")
    assert expected(crossing, "t1", "t2") == [Fraction(9, 10), 2]
    assert analyse(crossing).at_least_once("t1") == Fraction(9, 14)
    assert analyse(crossing).visits("t1").minimum == 0


def test_a_parallel_block_in_a_loop_repeats_whole(diagram):
    model = diagram("s>x1 x1>p1 p1>t1 p1>t2 t1>p2 t2>p2 p2>x2 x2>x1:0.75 x2>e:0.25")
    assert expected(model, "t1", "t2") == [4, 4]


def test_an_inclusive_gateway_takes_at_least_one(diagram):
    model = diagram("s>o1 o1>t1:0.5 o1>t2:0.2 o1>t3:0.1 t1>o2 t2>o2 t3>o2 o2>t4 t4>e")
    assert expected(model, "t1", "t2", "t3", "t4") == [
        Fraction(29, 40), Fraction(29, 100), Fraction(29, 200), 1,
    ]  # fmt: skip


def test_the_default_flow_is_taken_when_nothing_else_is(diagram):
    model = diagram(
        "s>o1 o1>t1:0.5 o1>t2:0.2 o1>t3 t1>o2 t2>o2 t3>o2 o2>t4 t4>e", nodes={"o1": {"default": "o1>t3"}}
    )
    assert expected(model, "t1", "t2", "t3", "t4") == [Fraction(1, 2), Fraction(1, 5), Fraction(2, 5), 1]


def test_conditional_flows_of_a_task_are_an_inclusive_split(diagram):
    model = diagram(
        "s>t1 t1>t2:0.3 t1>t3 t2>o2 t3>o2 o2>t4 t4>e",
        flows={"t1>t2": {"condition": "x"}},
        nodes={"t1": {"default": "t1>t3"}},
    )
    assert expected(model, "t2", "t3", "t4") == [Fraction(3, 10), Fraction(7, 10), 1]


def test_unconditional_flows_of_a_task_run_in_parallel(diagram):
    assert expected(diagram("s>t1 t1>t2 t1>t3 t2>e1 t3>e2"), "t2", "t3") == [1, 1]


def test_tokens_that_are_merged_without_a_join_run_twice(diagram):
    assert expected(diagram("s>p1 p1>t1 p1>t2 t1>t3 t2>t3 t3>e"), "t3") == [2]


def test_an_event_gateway_waits_for_one_of_its_events(diagram):
    catch = {"kind": "intermediateCatchEvent"}
    model = diagram(
        "s>v1 v1>c1 v1>c2 c1>t1 c2>t2 t1>e t2>e",
        nodes={"c1": {**catch, "estimate": chance("0.7")}, "c2": {**catch, "estimate": chance("0.3")}},
    )
    assert expected(model, "t1", "t2") == [Fraction(7, 10), Fraction(3, 10)]
    assert codes(model) == []


def test_link_events_carry_the_token_over_the_page(diagram):
    model = diagram(
        "s>l1 l2>t1 t1>e",
        nodes={
            "l1": {"kind": "intermediateThrowEvent", "event": "link", "detail": "A"},
            "l2": {"kind": "intermediateCatchEvent", "event": "link", "detail": "A"},
        },
    )
    assert expected(model, "t1") == [1]


# --- repetitions, sub-processes, boundary events ------------------------------------------------------------


def several(cardinality="", repetitions=None, **more):
    fields = {"multi_instance": MultiInstance(sequential=False, cardinality=cardinality, **more)}
    return (
        fields if repetitions is None else {**fields, "estimate": Estimate(repetitions=Decimal(repetitions))}
    )


def test_a_multi_instance_multiplies(diagram):
    model = diagram("s>t1 t1>t2 t2>e", nodes={"t1": several("12"), "t2": several("households")})
    options = {"cardinality": lambda text: Fraction(20) if text == "households" else None}
    assert expected(model, "t1", "t2", **options) == [12, 20]
    assert analyse(model, **options).visits("t1").maximum == 12
    assert codes(model) == ["repetitions-assumed"]


def test_a_standard_loop_has_the_bound_it_declares(diagram):
    loop = several(repetitions="1.5", standard_loop=True, loop_maximum=4)
    visits = analyse(diagram("s>t1 t1>e", nodes={"t1": loop})).visits("t1")
    assert (visits.expected, visits.minimum, visits.maximum) == (Fraction(3, 2), 1, 4)


def test_nested_sub_processes_multiply(diagram):
    model = diagram(
        "s>z1 z1>e s2>x1 x1>z2 z2>x2 x2>x1:0.5 x2>e2:0.5 s3>x4 x4>t1:0.25 x4>e3:0.75 t1>e3",
        nodes={
            "z1": several("3"),
            **within("z1", "s2", "x1", "z2", "x2", "e2"),
            **within("z2", "s3", "x4", "t1", "e3"),
        },
    )
    assert expected(model, "z1", "z2", "t1") == [3, 6, Fraction(3, 2)]
    # One instance of z1 misses t1 with q = sum 1/2^k (3/4)^k = 3/5; all three with q^3.
    assert analyse(model).at_least_once("t1") == 1 - Fraction(3, 5) ** 3
    assert analyse(model).visits("t1").maximum is None


def test_a_million_repetitions_of_a_sub_process_are_no_burden(diagram):
    model = diagram(
        "s>z1 z1>e s2>x2 x2>t1:0.00001 x2>e2:0.99999 t1>e2",
        nodes={"z1": several("1000000"), **within("z1", "s2", "x2", "t1", "e2")},
    )
    assert expected(model, "t1") == [10]
    assert float(analyse(model).at_least_once("t1")) == pytest.approx(1 - 4.54e-5, abs=1e-6)


def test_an_interrupting_boundary_event_takes_the_other_way(diagram):
    boundary = {"attached_to": "t1", "event": "timer", "estimate": chance("0.1")}
    model = diagram("s>t1 t1>t2 t2>e b1>t3 t3>e2", nodes={"b1": boundary})
    assert expected(model, "t1", "t2", "t3") == [1, Fraction(9, 10), Fraction(1, 10)]


def test_a_non_interrupting_boundary_event_adds_work(diagram):
    boundary = {"attached_to": "t1", "event": "timer", "interrupting": False, "estimate": chance("0.25")}
    model = diagram("s>t1 t1>t2 t2>e b1>t3 t3>e2", nodes={"b1": boundary})
    assert expected(model, "t2", "t3") == [1, Fraction(1, 4)]
    assert analyse(model).at_least_once("t3") == Fraction(1, 4)


def test_a_boundary_event_without_estimate_never_happens_and_is_said(diagram):
    model = diagram("s>t1 t1>e b1>t3 t3>e2", nodes={"b1": {"attached_to": "t1", "event": "timer"}})
    assert expected(model, "t3") == [0]
    assert codes(model) == ["event-assumed-never", "never-reached"]


def test_an_error_thrown_inside_is_caught_outside_as_often_as_it_is_thrown(diagram):
    inside = within("z1", "s2", "x2", "t2", "e2")
    model = diagram(
        "s>z1 z1>t1 t1>e s2>x2 x2>t2:0.6 t2>e2 x2>e3:0.4 b1>t3 t3>e4",
        nodes={
            **inside,
            "e3": {"parent": "z1", "event": "error", "detail": "none"},
            "b1": {"attached_to": "z1", "event": "error", "detail": "none"},
        },
    )
    assert expected(model, "t1", "t2", "t3") == [Fraction(3, 5), Fraction(3, 5), Fraction(2, 5)]
    assert analyse(model).at_least_once("t3") == Fraction(2, 5)


def test_an_uncaught_error_ends_the_process(diagram):
    inside = within("z1", "s2", "x2", "e2")
    model = diagram(
        "s>z1 z1>t1 t1>e s2>x2 x2>e2:0.6 x2>e3:0.4",
        nodes={**inside, "e3": {"parent": "z1", "event": "error", "detail": "none"}},
    )
    assert expected(model, "t1") == [Fraction(3, 5)]


def test_a_terminate_end_counts_parallel_work_as_done_and_says_so(diagram):
    model = diagram("s>p1 p1>t1 p1>t2 t1>e1 t2>e2", nodes={"e1": {"event": "terminate"}})
    assert expected(model, "t1", "t2") == [1, 1]
    assert "ends-while-working" in {p.code for p in analyse(model).problems} or expected(model, "t2") == [1]


def test_an_event_sub_process_adds_its_share(diagram):
    model = diagram(
        "s>t1 t1>e s2>t2 t2>e2",
        nodes={
            "z1": {"triggered_by_event": True, "estimate": chance("0.2")},
            "s2": {"parent": "z1", "interrupting": False},
            **within("z1", "t2", "e2"),
        },
    )
    assert expected(model, "t1", "t2") == [1, Fraction(1, 5)]


def test_an_ad_hoc_sub_process_does_each_of_its_activities(diagram):
    model = diagram(
        "s>z1 z1>e",
        nodes={"z1": {"kind": "adHocSubProcess"}, **within("z1", "t1", "t2")},
    )
    assert expected(model, "t1", "t2") == [1, 1]


def test_several_start_events_are_alternatives(diagram):
    model = diagram("s1>t1 s2>t2 t1>x1 t2>x1 x1>t3 t3>e", nodes={"s1": {"estimate": chance("0.25")}})
    assert expected(model, "t1", "t2", "t3") == [Fraction(1, 4), Fraction(3, 4), 1]


# --- where probabilities come from --------------------------------------------------------------------------


def test_without_probabilities_equal_shares_are_assumed_and_said(diagram):
    model = diagram("s>x1 x1>t1 x1>t2 x1>t3 t1>e t2>e t3>e")
    assert expected(model, "t1") == [Fraction(1, 3)]
    assert codes(model) == ["probability-assumed"]


def test_the_last_flow_takes_what_the_others_leave(diagram):
    model = diagram("s>x1 x1>t1:0.3 x1>t2 t1>e t2>e")
    assert expected(model, "t2") == [Fraction(7, 10)]
    assert codes(model) == []


def test_given_probabilities_win_over_the_diagram(diagram):
    model = diagram("s>x1 x1>t1:0.3 x1>t2:0.7 t1>e t2>e")
    given_here = {"x1>t1": Fraction(1, 8), "x1>t2": Fraction(7, 8)}
    assert expected(model, "t1", probabilities=given_here) == [Fraction(1, 8)]


def test_shares_that_do_not_sum_to_one_are_scaled_and_said(diagram):
    model = diagram("s>x1 x1>t1:0.3 x1>t2:0.3 t1>e t2>e")
    assert expected(model, "t1") == [Fraction(1, 2)]
    assert codes(model) == ["probability-sum"]


def test_a_probability_beyond_one_is_an_error(diagram):
    model = diagram("s>x1 x1>t1:1.5 x1>t2 t1>e t2>e")
    assert not analyse(model).usable
    assert "probability-range" in codes(model)


# --- what cannot be priced ----------------------------------------------------------------------------------


def test_a_parallel_join_behind_an_exclusive_split_is_refused_with_its_place(diagram):
    problems = analyse(diagram("s>x1 x1>t1:0.5 x1>t2:0.5 t1>p1 t2>p1 p1>e")).problems
    assert [(p.code, p.place) for p in problems] == [("deadlock", "p1")]


@pytest.mark.parametrize("text", ["s>x1 x1>t1 t1>x2 x2>x1:1 x2>e:0", "s>x1 x1>t1 t1>x1"])
def test_a_loop_without_a_way_out_is_refused(diagram, text):
    problems = analyse(diagram(text)).problems
    assert [(p.code, p.place) for p in problems] == [("never-ends", "x1")]


def test_work_that_piles_up_is_refused(diagram):
    model = diagram("s>x1 x1>p1 p1>t1 p1>x2 t1>e x2>x1:0.5 x2>e2:0.5 p1>p2 x2>p2 p2>e3")
    assert not analyse(model).usable


def test_a_diagram_without_beginning_is_refused(diagram):
    model = diagram("t1>t2 t2>t1")
    assert not analyse(model).usable
    assert "no-start" in codes(model)


def test_an_inclusive_gateway_with_too_many_flows_is_refused(diagram):
    text = "s>o1 " + " ".join(f"o1>t{i}:0.5 t{i}>o2" for i in range(14)) + " o2>e"
    assert codes(diagram(text)) == ["inclusive-split-too-wide"]


def test_many_inclusive_joins_are_refused_soon(diagram):
    """The time must not grow with the square of what is told, nor of the joins."""
    count = 1200
    flows = [f"o{each}>o{(7 * each + 13 * way + 1) % count}" for each in range(count) for way in range(4)]
    model = diagram(" ".join(["s>o0", *flows]))
    began = process_time()
    assert not analyse(model).usable
    assert process_time() - began < 5


# --- properties ---------------------------------------------------------------------------------------------


def test_parallel_branches_add_states_instead_of_multiplying_them(diagram):
    text = " ".join(f"p1>x{b} x{b}>t{b}:0.5 x{b}>u{b}:0.5 t{b}>m{b} u{b}>m{b} m{b}>p2" for b in range(12))
    kinds = {f"m{b}": {"kind": "exclusiveGateway"} for b in range(12)}
    analysis = analyse(diagram(f"s>p1 {text} p2>e", nodes=kinds))
    assert analysis.expected["t3"] == Fraction(1, 2)
    assert len(analysis.chains[""].fired) < 80


@given(
    st.lists(st.fractions(min_value=0, max_value=Fraction(9, 10), max_denominator=50), min_size=1, max_size=6)
)
def test_a_chain_of_loops_has_the_product_free_closed_form(diagram, shares):
    parts, here = [], "s"
    for i, _ in enumerate(shares):
        parts += [f"{here}>xa{i}", f"xa{i}>t{i}", f"t{i}>xb{i}", f"xb{i}>xa{i}"]
        here = f"xb{i}"
    model = diagram(" ".join([*parts, f"{here}>e"]))
    ways = {f"xb{i}>xa{i}": share for i, share in enumerate(shares)}
    found = expected(model, *(f"t{i}" for i in range(len(shares))), probabilities=ways)
    assert found == [1 / (1 - share) for share in shares]


# --- called processes ---------------------------------------------------------------------------------------


def called(diagram, text, name, *, nodes=(), processes=()):
    """A process that can be called: its ids are unique in the file."""
    return replace(
        diagram(text, nodes=nodes), process_id=name, processes={p.process_id: p for p in processes}
    )


def calling(diagram, text, calls, *processes):
    """A process whose call activities (id -> process id) call the others."""
    nodes = {node: {"kind": "callActivity", "called_element": name} for node, name in calls.items()}
    return replace(diagram(text, nodes=nodes), processes={p.process_id: p for p in processes})


def test_a_called_process_is_done_inside_its_call(diagram):
    survey = called(diagram, "s5>x5 x5>t5 t5>x6 x6>x5:0.2 x6>e5:0.8", "survey")
    model = calling(diagram, "s>x1 x1>c1:0.4 x1>t1:0.6 c1>x2 t1>x2 x2>e", {"c1": "survey"}, survey)
    assert expected(model, "c1", "t5") == [Fraction(2, 5), Fraction(1, 2)]
    assert analyse(model).activities == ("c1", "t5", "t1")
    visits = analyse(model).visits("t5")
    assert (visits.at_least_once, visits.minimum, visits.maximum) == (Fraction(2, 5), 0, None)


def test_a_process_that_is_called_twice_adds_up(diagram):
    survey = called(diagram, "s5>x5 x5>t5:0.5 x5>e5:0.5 t5>e5", "survey")
    model = calling(diagram, "s>c1 c1>c2 c2>e", {"c1": "survey", "c2": "survey"}, survey)
    assert expected(model, "t5") == [1]
    visits = analyse(model).visits("t5")
    assert (visits.at_least_once, visits.minimum, visits.maximum) == (Fraction(3, 4), 0, 2)
    assert analyse(model).bounds({"t5": Fraction(5)}) == (0, 10)
    certain = analyse(model, probabilities={"x5>t5": Fraction(1), "x5>e5": Fraction(0)})
    assert (certain.visits("t5").expected, certain.visits("t5").minimum) == (2, 2)


def test_called_processes_call_others(diagram):
    inner = called(diagram, "s7>x7 x7>t7:0.5 x7>e7:0.5 t7>e7", "inner")
    middle = calling(diagram, "s5>c5 c5>e5", {"c5": "inner"}, inner)
    middle = replace(middle, process_id="middle")
    model = calling(diagram, "s>c1 c1>c2 c2>e", {"c1": "middle", "c2": "inner"}, middle, inner)
    assert expected(model, "c5", "t7") == [1, 1]
    assert analyse(model).at_least_once("t7") == Fraction(3, 4)


def test_a_process_that_calls_itself_is_refused_with_the_call(diagram):
    survey = replace(calling(diagram, "s5>c5 c5>e5", {"c5": "survey"}), process_id="survey")
    survey = replace(survey, processes={"survey": survey})
    model = calling(diagram, "s>c1 c1>e", {"c1": "survey"}, survey)
    assert [(p.code, p.place) for p in analyse(model).problems] == [("call-cycle", "c5")]


def test_a_fault_in_a_called_process_has_the_place_of_the_diagram(diagram):
    bad = called(diagram, "s5>x5 x5>t5:0.5 x5>t6:0.5 t5>p5 t6>p5 p5>e5", "bad")
    model = calling(diagram, "s>c1 c1>c2 c2>e", {"c1": "bad", "c2": "bad"}, bad)
    assert {(p.code, p.place) for p in analyse(model).problems} == {("deadlock", "p5")}


def test_a_call_outside_the_file_is_an_activity(diagram):
    model = calling(diagram, "s>c1 c1>e", {"c1": "elsewhere"})
    assert expected(model, "c1") == [1]


# --- interrupted work, borders of sub-processes -------------------------------------------------------------


def test_interrupted_work_is_charged_by_its_share(diagram):
    boundary = {"attached_to": "t1", "event": "timer", "estimate": chance("0.1")}
    model = diagram("s>t1 t1>t2 t2>e b1>t3 t3>e2", nodes={"b1": boundary})
    whole, half = analyse(model), analyse(model, interrupted_share=Fraction(1, 2))
    assert whole.charged == whole.expected
    assert half.expected == whole.expected
    assert [half.charged[t] for t in ("t1", "t2", "t3")] == [
        Fraction(95, 100), Fraction(9, 10), Fraction(1, 10),
    ]  # fmt: skip


def test_the_share_holds_for_all_that_is_in_an_interrupted_sub_process(diagram):
    boundary = {"attached_to": "z1", "event": "timer", "estimate": chance("0.2")}
    model = diagram(
        "s>z1 z1>e b1>t3 t3>e3 s2>t1 t1>t2 t2>e2",
        nodes={
            "b1": boundary,
            **within("z1", "s2", "t1", "t2", "e2"),
            "t2": {"parent": "z1", **several("3")},
        },
    )
    found = analyse(model, interrupted_share=Fraction(1, 4))
    assert [found.charged[t] for t in ("t1", "t2", "t3")] == [
        Fraction(85, 100), Fraction(255, 100), Fraction(1, 5),
    ]  # fmt: skip
    assert "interrupted-work-counted" in codes(model)


def test_an_interrupting_event_sub_process_cuts_the_work_around_it_by_the_share(diagram):
    model = diagram(
        "s>t1 t1>e s2>t2 t2>e2",
        nodes={
            "z1": {"triggered_by_event": True, "estimate": chance("0.2")},
            "s2": {"parent": "z1"},
            **within("z1", "t2", "e2"),
        },
    )
    found = analyse(model, interrupted_share=Fraction(0))
    assert [found.charged[t] for t in ("t1", "t2")] == [Fraction(4, 5), Fraction(1, 5)]
    assert "event-sub-process-added" in codes(model)


@pytest.mark.parametrize("share", [Fraction(-1, 10), Fraction(11, 10)])
def test_a_share_outside_0_and_1_is_refused(diagram, share):
    with pytest.raises(ValueError, match="interrupted_share"):
        analyse(diagram("s>t1 t1>e"), interrupted_share=share)


def test_an_empty_sub_process_is_passed_through(diagram):
    assert expected(diagram("s>z1 z1>t1 t1>e"), "z1", "t1") == [1, 1]


def test_a_flow_over_the_border_of_a_sub_process_is_refused_with_its_node(diagram):
    model = diagram("s>z1 z1>e s2>t1 t1>t2 t2>e", nodes=within("z1", "s2", "t1"))
    assert ("flow-crosses-border", "t1") in [(p.code, p.place) for p in analyse(model).problems]
    assert not analyse(model).usable


def test_a_flow_to_an_end_over_the_border_only_ends_the_work(diagram):
    model = diagram("s>z1 s2>t1 t1>e2 z1>e3", nodes=within("z1", "s2", "t1", "e2", "e3"))
    assert expected(model, "t1") == [1]
    assert codes(model) == ["flow-crosses-border"]


def test_what_is_thrown_and_caught_nowhere_lets_other_work_be_done_first(diagram):
    inside = within("z1", "s2", "x2", "e2")
    model = diagram(
        "s>p1 p1>z1 p1>t1 z1>t2 t2>e t1>t3 t3>e4 s2>x2 x2>e2:0.6 x2>e3:0.4",
        nodes={**inside, "e3": {"parent": "z1", "event": "error", "detail": "none"}},
    )
    assert expected(model, "t1", "t2", "t3") == [1, Fraction(3, 5), 1]


def test_a_cancelled_transaction_goes_on_at_its_cancel_event(diagram):
    inside = within("z1", "s2", "x2", "t2", "e2", "e3")
    model = diagram(
        "s>z1 z1>t1 t1>e s2>x2 x2>t2:0.9 t2>e2 x2>e3:0.1 b1>t3 t3>e4",
        nodes={
            **inside,
            "z1": {"kind": "transaction"},
            "e3": {"parent": "z1", "event": "cancel"},
            "b1": {"attached_to": "z1", "event": "cancel"},
        },
    )
    assert expected(model, "t1", "t2", "t3") == [Fraction(9, 10), Fraction(9, 10), Fraction(1, 10)]


# --- at least once, also in many states ---------------------------------------------------------------------


def test_at_least_once_of_a_task_after_an_inclusive_block_in_a_loop(diagram):
    model = diagram(
        "s>x1 x1>o1 o1>t1:0.5 o1>t2:0.4 o1>t3:0.3 t1>o2 t2>o2 t3>o2 o2>x2 x2>x1:0.5 x2>e:0.5",
    )
    # a round takes t1 with q = 0.5 + 0.5 * 0.6 * 0.7 * 5/12; n rounds with 1/2^n
    q = Fraction(1, 2) + Fraction(1, 2) * Fraction(6, 10) * Fraction(7, 10) * Fraction(5, 12)
    assert analyse(model).at_least_once("t1") == 2 * q / (1 + q)


def test_repetitions_below_one_may_leave_a_task_out(diagram):
    maybe = several(repetitions="0.25", standard_loop=True, loop_maximum=3)
    visits = analyse(diagram("s>x1 x1>t1 t1>x2 x2>x1:0.5 x2>e:0.5", nodes={"t1": maybe})).visits("t1")
    # of n rounds, each with probability 1/2^n, all miss with (3/4)^n
    assert (visits.expected, visits.at_least_once) == (Fraction(1, 2), 1 - Fraction(3, 5))
    assert (visits.minimum, visits.maximum) == (0, None)


def test_fractional_repetitions_lie_between_whole_numbers(diagram):
    visits = analyse(diagram("s>t1 t1>e", nodes={"t1": several(repetitions="2.5")})).visits("t1")
    assert (visits.minimum, visits.expected, visits.maximum) == (2, Fraction(5, 2), 3)


def test_five_hundred_nodes_with_loops_are_analysed_exactly_and_soon(diagram):
    parts = ["s>x0"]
    for i in range(166):
        back = max(0, i - i % 7)
        parts += [f"x{i}>t{i}", f"t{i}>x{i}b", f"x{i}b>x{back}:0.1", f"x{i}b>x{i + 1}:0.9"]
    begun = process_time()
    analysis = analyse(diagram(" ".join([*parts, "x166>e"])))
    rows = analysis.table()
    assert process_time() - begun < 2  # measured: 0.04; the bench has the bar
    assert len(rows) == 166
    assert all(row.at_least_once == 1 and row.maximum is None for row in rows)
    assert rows[1].expected > 1


def test_the_main_process_that_calls_itself_is_refused_too():
    text = (
        '<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" id="d"><process id="p">'
        '<startEvent id="s"/><callActivity id="c" calledElement="p"/><endEvent id="e"/>'
        '<sequenceFlow id="a" sourceRef="s" targetRef="c"/><sequenceFlow id="b" sourceRef="c" targetRef="e"/>'
        "</process></definitions>"
    )
    assert [(p.code, p.place) for p in analyse(read(text.encode()).definition).problems] == [
        ("call-cycle", "c")
    ]


def test_a_call_of_a_process_that_is_not_in_the_file_is_said(diagram):
    analysis = analyse(
        diagram("s>c c>e", nodes={"c": {"kind": "callActivity", "called_element": "elsewhere"}})
    )
    assert analysis.usable
    assert [(p.code, p.place) for p in analysis.problems] == [("call-not-expanded", "c")]
