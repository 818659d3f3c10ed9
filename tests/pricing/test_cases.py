"""Cases played one by one: equal to the exact analysis, and in the right time."""

from datetime import date
from decimal import Decimal

import numpy as np
import pytest

from pricing.calendars import MONDAY_TO_FRIDAY, Calendar
from pricing.cases import Duration, Schedule, mean_and_error, play_cases
from pricing.visits import analyse
from workflows.definitions.model import Estimate, MultiInstance

CASES = 20_000


def chance(value):
    return Estimate(probability=Decimal(value))


def days(model, durations, *, cases=1, seed=1, **more):
    """Days of each case; durations are fixed."""
    schedule = Schedule({t: Duration(d, d, d) for t, d in durations.items()}, distribution="fixed", **more)
    return play_cases(analyse(model).graph, cases=cases, seed=seed, schedule=schedule).days


def assert_equal_to_the_exact_analysis(model, **options):
    analysis = analyse(model, **options)
    assert analysis.usable, [p.text() for p in analysis.problems]
    played = play_cases(analysis.graph, cases=CASES, seed=46)
    for task, times in played.executions.items():
        for values, exact in ((times, analysis.expected[task]), (times > 0, analysis.at_least_once(task))):
            mean, error = mean_and_error(values)
            assert abs(mean - float(exact)) <= 4 * error + 1e-9, task
        least, most = analysis.count_bounds(task)
        assert least <= times.min()
        assert most is None or times.max() <= most


STRUCTURED = [
    "s>x1 x1>t1 t1>x2 x2>x1:0.1 x2>t2:0.9 t2>e",
    "s>p1 p1>t1 p1>t2 t1>p2 t2>p2 p2>t3 t3>e",
    "s>o1 o1>t1:0.5 o1>t2:0.2 o1>t3:0.1 t1>o2 t2>o2 t3>o2 o2>t4 t4>e",
    "s>x1 x1>t1 t1>x2 x2>t2 t2>x3 x3>x2:0.25 x3>t3:0.75 t3>x4 x4>x1:0.5 x4>e:0.5",
    "s>x0 x0>x1:0.5 x0>x2:0.5 x1>t1 t1>x2 x2>t2 t2>x3 x3>x1:0.2 x3>x2:0.3 x3>e:0.5",
    "s>x1 x1>p1 p1>t1 p1>t2 t1>p2 t2>p2 p2>x2 x2>x1:0.75 x2>e:0.25",
    "s>p1 p1>t1 p1>t2 t1>t3 t2>t3 t3>e",
    "s>x5 x5>o1 o1>x1:0.6 o1>x2:0.3 x1>t1 t1>x3 x3>x1:0.4 x3>o2:0.6 x2>t2 t2>o2 o2>t3 t3>x4 x4>x5:0.3 x4>e:0.7",
    "s>o1 o1>p1:0.5 o1>t3:0.7 p1>t1 p1>t2 t1>o2 t2>o2 t3>o2 o2>t4 t4>e",
    "s>o1 o1>t1:0.5 o1>t2:0.5 t1>o2 t2>o2 o2>o3 o3>t3:0.4 o3>t4:0.7 t3>o4 t4>o4 o4>t5 t5>e",
    "s>p1 p1>t1 p1>t2 t1>p2 t2>p2 p2>o1 o1>t3:0.4 o1>t4:0.7 t3>o2 t4>o2 o2>t5 t5>e",
    "s>o5 o5>o1:0.9 o5>t6:0.4 o1>t1:0.5 o1>t2:0.5 t1>o2 t2>o2 o2>o3 o3>t3:0.4 o3>t4:0.7 t3>o4 t4>o4 o4>o6 t6>o6 o6>e",
]


@pytest.mark.parametrize("text", STRUCTURED)
def test_played_cases_agree_with_the_exact_analysis(diagram, text):
    assert_equal_to_the_exact_analysis(diagram(text))


@pytest.mark.parametrize("sequential", [True, False])
def test_sub_processes_in_sub_processes_agree(diagram, sequential):
    inner = {n: {"parent": "z2"} for n in ("s3", "x4", "t1", "e3")}
    outer = {n: {"parent": "z1"} for n in ("s2", "x1", "x2", "e2", "z2")}
    several = {"multi_instance": MultiInstance(sequential), "estimate": Estimate(repetitions=Decimal("2.5"))}
    model = diagram(
        "s>z1 z1>t2 t2>e s2>x1 x1>z2 z2>x2 x2>x1:0.5 x2>e2:0.5 s3>x4 x4>t1:0.25 x4>e3:0.75 t1>e3",
        nodes={"z1": several, **outer, **inner},
    )
    assert_equal_to_the_exact_analysis(model)


def test_errors_thrown_and_caught_or_not_agree(diagram):
    inside = {n: {"parent": "z1"} for n in ("s2", "p5", "x2", "t2", "t5", "e2", "e5", "e3")}
    nodes = {**inside, "e3": {"parent": "z1", "event": "error", "detail": "none"}}
    caught = {"b1": {"attached_to": "z1", "event": "error", "detail": "none"}}
    text = "s>p3 p3>z1 p3>t4 z1>p4 t4>p4 p4>t1 t1>e s2>p5 p5>x2 p5>t5 t5>e5 x2>t2:0.6 t2>e2 x2>e3:0.4"
    assert_equal_to_the_exact_analysis(diagram(text, nodes=nodes))
    handled = diagram(text + " b1>t3 t3>p4", nodes={**nodes, **caught})
    # two flows of z1 and b1 cannot both come to a parallel join: let them meet before
    assert not analyse(handled).usable
    meeting = text.replace("z1>p4", "z1>x9 x9>p4") + " b1>t3 t3>x9"
    assert_equal_to_the_exact_analysis(diagram(meeting, nodes={**nodes, **caught}))


def test_boundary_events_and_event_sub_processes_agree(diagram):
    late = {"attached_to": "t1", "event": "timer", "estimate": chance("0.3")}
    remind = {"attached_to": "t1", "event": "timer", "interrupting": False, "estimate": chance("0.25")}
    model = diagram(
        "s>t1 t1>t2 t2>e b1>t3 t3>e2 b2>t4 t4>e3 s2>t5 t5>e4",
        nodes={
            "b1": late,
            "b2": remind,
            "z1": {"triggered_by_event": True, "estimate": chance("0.2")},
            "s2": {"parent": "z1", "interrupting": False},
            **{n: {"parent": "z1"} for n in ("t5", "e4")},
        },
    )
    assert_equal_to_the_exact_analysis(model)


def test_equal_seeds_give_equal_cases(diagram):
    graph = analyse(diagram(STRUCTURED[3])).graph
    first, again, other = (play_cases(graph, cases=40_000, seed=seed) for seed in (5, 5, 6))
    assert (first.executions["t2"] == again.executions["t2"]).all()
    assert (first.executions["t2"] != other.executions["t2"]).any()


def test_the_first_cases_are_the_same_whatever_the_library(diagram):
    played = play_cases(analyse(diagram(STRUCTURED[3])).graph, cases=6, seed=5)
    assert played.executions["t2"].tolist() == FIRST_CASES


FIRST_CASES = [7, 3, 1, 4, 1, 2]


def test_what_does_not_come_to_an_end_is_not_played(diagram):
    graph = analyse(diagram("s>x1 x1>t1 t1>x2 x2>x1:1 x2>e:0")).graph
    assert play_cases(graph, cases=10, seed=1) is None


# --- time ---------------------------------------------------------------------------------------------------


def test_a_sequence_takes_the_sum_and_parallel_work_the_longest(diagram):
    assert days(diagram("s>t1 t1>t2 t2>e"), {"t1": 2, "t2": 3}) == [5]
    both = diagram("s>t0 t0>p1 p1>t1 p1>t2 t1>p2 t2>p2 p2>t3 t3>e")
    assert days(both, {"t0": 1, "t1": 2, "t2": 7, "t3": 1}) == [9]


def test_the_textbook_process_takes_its_cycle_time(diagram):
    # the check may be repeated, then the longer of two works, the decision, and one of two letters
    text = (
        "s>x0 x0>tc tc>x1 x1>x0:0.2 x1>p1:0.8 p1>th p1>ti th>p2 ti>p2 p2>ta ta>x2 x2>to:0.6 x2>tr:0.4 "
        "to>x3 tr>x3 x3>e"
    )
    taken = days(diagram(text), {"tc": 1, "th": 1, "ti": 3, "ta": 3, "to": 1, "tr": 2}, cases=CASES)
    mean, error = mean_and_error(taken)
    assert abs(mean - 8.65) < 4 * error


def test_an_inclusive_join_goes_on_with_the_last_of_those_taken(diagram):
    model = diagram("s>o1 o1>t1:1 o1>t2:1 o1>t3:0 t1>o2 t2>o2 t3>o2 o2>t4 t4>e")
    assert days(model, {"t1": 1, "t2": 5, "t3": 50, "t4": 1}) == [6]


def test_one_person_does_one_thing_after_the_other(diagram):
    model = diagram("s>p1 p1>t1 p1>t2 p1>t3 t1>p2 t2>p2 t3>p2 p2>e")
    durations = {"t1": 2, "t2": 3, "t3": 4}
    skills = dict.fromkeys(durations, "measure")
    assert days(model, durations) == [4]
    assert days(model, durations, skills=skills, pools={"measure": 1}) == [9]
    assert days(model, dict.fromkeys(durations, 3), skills=skills, pools={"measure": 2}) == [6]
    assert days(model, durations, skills=skills, pools={"other": 1}) == [4]


def test_who_was_ready_first_is_served_first(diagram):
    # ta waits from day 1 for the one person, tb from day 2: tb comes second, whatever the diagram's order
    text = "s>p1 p1>t1 p1>t2 t1>tb tb>p2 t2>ta ta>p2 p2>e"
    durations = {"t1": 2, "t2": 1, "ta": 10, "tb": 1}
    skills = {"ta": "m", "tb": "m"}
    assert days(diagram(text), durations, skills=skills, pools={"m": 1}) == [12]
    assert days(diagram(text), {**durations, "t2": 2.5}, skills=skills, pools={"m": 1}) == [13]


def test_a_scarce_person_works_in_sub_processes_too(diagram):
    inside = {n: {"parent": "z1"} for n in ("s2", "t1", "e2")}
    three = {"multi_instance": MultiInstance(False, cardinality="3")}
    model = diagram("s>p1 p1>z1 p1>t2 z1>p2 t2>p2 p2>e s2>t1 t1>e2", nodes={**inside, "z1": three})
    durations, skills = {"t1": 2, "t2": 1}, {"t1": "m", "t2": "m"}
    assert days(model, durations) == [2]
    assert days(model, durations, skills=skills, pools={"m": 1}) == [7]


@pytest.mark.parametrize(("sequential", "alone", "unlimited"), [(True, 12, 12), (False, 12, 3)])
def test_repetitions_follow_or_accompany_one_another(diagram, sequential, alone, unlimited):
    again = {"multi_instance": MultiInstance(sequential, cardinality="4")}
    model = diagram("s>t1 t1>e", nodes={"t1": again})
    assert days(model, {"t1": 3}) == [unlimited]
    assert days(model, {"t1": 3}, skills={"t1": "m"}, pools={"m": 1}) == [alone]


def test_the_longest_of_several_takes_longer_than_one(diagram):
    model = diagram("s>t1 t1>e", nodes={"t1": {"multi_instance": MultiInstance(False, cardinality="5")}})
    schedule = Schedule({"t1": Duration(0, 1, 2)})
    taken = play_cases(analyse(model).graph, cases=CASES, seed=1, schedule=schedule).days
    one = play_cases(analyse(diagram("s>t1 t1>e")).graph, cases=5 * CASES, seed=2, schedule=schedule).days
    mean, error = mean_and_error(taken)
    assert abs(mean - one.reshape(-1, 5).max(axis=1).mean()) < 6 * error


def test_weekends_and_holidays_are_waited_out(diagram):
    calendar = Calendar(MONDAY_TO_FRIDAY, frozenset({date(2026, 11, 25)}))
    model = diagram("s>t1 t1>t2 t2>e")
    assert days(model, {"t1": 2, "t2": 2}, calendar=calendar, first=date(2026, 11, 20)) == [7]
    only_saturday = {"m": Calendar(frozenset({5}))}
    found = days(
        model, {"t1": 1, "t2": 1}, calendar=calendar, first=date(2026, 11, 20), skills={"t2": "m"},
        calendars=only_saturday,
    )  # fmt: skip
    assert found == [2]


@pytest.mark.parametrize("pools", [{}, {"m": 1}])
def test_work_that_is_sent_back_takes_its_time_again(diagram, pools):
    model = diagram("s>t1 t1>e")
    durations, skills = {"t1": 3}, {"t1": "m"}
    taken = days(model, durations, cases=CASES, skills=skills, pools=pools, rework={"t1": 0.25})
    mean, error = mean_and_error(taken)
    assert abs(mean - 4) < 4 * error
    assert taken.min() == 3


def test_each_case_has_its_people_for_itself(diagram):
    model = diagram("s>t1 t1>e")
    assert set(days(model, {"t1": 3}, cases=50, skills={"t1": "m"}, pools={"m": 1})) == {3.0}


# --- joins that depend on the order of work -----------------------------------------------------------------

# t1 may come to either flow of the join, t2 to one of them
CROSSED = "s>p1 p1>t1 p1>t2 t1>x1 x1>o2:0.5 x1>t4:0.5 t4>o2 t2>x3 x3>t4:0.5 x3>e1:0.5 o2>t3 t3>e"


def test_a_join_that_is_not_block_structured_is_estimated_and_says_so(diagram):
    analysis = analyse(diagram(CROSSED))
    assert analysis.usable
    assert [(p.code, p.place) for p in analysis.problems] == [("estimated-by-simulation", "o2")]
    found = {row.node: row for row in analysis.table()}
    assert found["t3"].method == "monte-carlo"
    assert found["t3"].standard_error > 0
    assert (found["t3"].minimum, found["t3"].maximum) == (0, None)
    assert {found[t].method for t in ("t1", "t2", "t4")} == {"exact"}
    assert analysis.bounds({"t3": 1}) == (0, None)


def test_the_estimate_depends_on_which_work_is_done_first(diagram):
    graph = analyse(diagram(CROSSED.replace("x3>t4:0.5", "x3>t4:1").replace("x3>e1:0.5", "x3>e1:0"))).graph

    def often(**durations):
        schedule = Schedule({t: Duration(d, d, d) for t, d in durations.items()}, distribution="fixed")
        played = play_cases(graph, cases=CASES, seed=1, schedule=schedule, joining="time")
        return played.executions["t3"].mean()

    # t1 comes first: half the time over the flow that t2 will not use, and is waited with
    assert np.isclose(often(t1=1, t2=9, t4=1), 1.5, atol=0.03)
    # t2 comes first: t1 may come over the same flow, so nobody waits for it
    assert often(t1=9, t2=1, t4=1) == 2


@pytest.mark.parametrize("text", [t for t in STRUCTURED if "o1" in t])
def test_a_block_structured_join_is_exact(diagram, text):
    assert {row.method for row in analyse(diagram(text)).table()} == {"exact"}


@pytest.mark.parametrize("text", [t for t in STRUCTURED if "o1" in t])
def test_time_changes_nothing_for_a_block_structured_join(diagram, text):
    analysis = analyse(diagram(text))
    schedule = Schedule({t: Duration(1, 3, 9) for t in analysis.activities})
    played = play_cases(analysis.graph, cases=5_000, seed=4, schedule=schedule, joining="time")
    waited = play_cases(analysis.graph, cases=5_000, seed=4, schedule=schedule)
    for task in analysis.activities:
        mean, error = mean_and_error(played.executions[task])
        assert abs(mean - float(analysis.expected[task])) <= 4 * error + 1e-9
    assert (
        abs(played.days.mean() - waited.days.mean()) < 4 * np.hypot(played.days.std(), waited.days.std()) / 70
    )
