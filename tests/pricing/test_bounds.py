"""Least and greatest totals, against all ways written out."""

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pricing.visits import analyse
from workflows.definitions.model import Estimate, MultiInstance

LOOP = "s>x1 x1>t1 t1>x2 x2>x1:0.5 x2>e:0.5"


def bounded(model, **rounds):
    """The same diagram with a maximum of rounds on some flows."""
    flows = dict(model.flows)
    for name, most in rounds.items():
        flow = name.replace("_", ">")
        estimate = flows[flow].estimate or Estimate()
        flows[flow] = replace(flows[flow], estimate=replace(estimate, max_rounds=most))
    return replace(model, flows=flows)


def bounds(model, **weights):
    return analyse(model).bounds({node: Fraction(weight) for node, weight in weights.items()})


def test_a_loop_has_no_greatest_cost_and_says_so(diagram):
    assert bounds(diagram(LOOP), t1=5) == (5, None)


def test_a_declared_maximum_of_rounds_bounds_a_loop(diagram):
    model = bounded(diagram(LOOP), x2_x1=3)
    visits = analyse(model).visits("t1")
    assert (visits.minimum, visits.maximum, visits.expected) == (1, 4, 2)
    assert bounds(model, t1=5) == (5, 20)


def test_no_round_at_all_is_once(diagram):
    assert bounds(bounded(diagram(LOOP), x2_x1=0), t1=5) == (5, 5)


def test_one_way_back_without_a_maximum_leaves_the_loop_unbounded(diagram):
    text = "s>x1 x1>t1 t1>x2 x2>x1:0.3 x2>t2:0.3 x2>e:0.4 t2>x1"
    assert bounds(bounded(diagram(text), x2_x1=3), t1=1) == (1, None)
    assert bounds(bounded(diagram(text), x2_x1=3, t2_x1=2), t1=1) == (1, 6)
    assert bounds(bounded(diagram(text), x2_x1=3, t2_x1=2), t1=1, t2=10) == (1, 26)


def test_rounds_of_loops_in_loops_are_counted_in_one_run_of_the_process(diagram):
    text = "s>x1 x1>t1 t1>x2 x2>t2 t2>x3 x3>x2:0.25 x3>t3:0.75 t3>x4 x4>x1:0.5 x4>e:0.5"
    model = bounded(diagram(text), x3_x2=2, x4_x1=3)
    assert [analyse(model).visits(t).maximum for t in ("t1", "t2", "t3")] == [4, 6, 4]


def test_very_many_rounds_are_bounded_from_above(diagram):
    text = "s>x1 x1>t1 t1>x2 x2>x1:0.3 x2>t2:0.3 x2>e:0.4 t2>x1"
    model = bounded(diagram(text), x2_x1=900, t2_x1=900)
    least, most = bounds(model, t1=1)
    assert least == 1
    assert most is not None
    assert most >= 1801


def test_rounds_in_a_sub_process_count_anew_in_each_run(diagram):
    inside = {n: {"parent": "z1"} for n in ("s2", "x1", "t1", "x2", "e2")}
    three = {"multi_instance": MultiInstance(False, cardinality="3")}
    model = diagram("s>z1 z1>e s2>x1 x1>t1 t1>x2 x2>x1:0.5 x2>e2:0.5", nodes={**inside, "z1": three})
    assert analyse(bounded(model, x2_x1=2)).visits("t1").maximum == 9


def test_what_ends_by_an_error_costs_what_was_done_until_then(diagram):
    inside = {n: {"parent": "z1"} for n in ("s2", "x2", "t2", "e2", "e3")}
    model = diagram(
        "s>z1 z1>t1 t1>e s2>x2 x2>t2:0.6 t2>e2 x2>e3:0.4 b1>t3 t3>e4",
        nodes={
            **inside,
            "e3": {"parent": "z1", "event": "error", "detail": "none"},
            "b1": {"attached_to": "z1", "event": "error", "detail": "none"},
        },
    )
    # t2 and t1, or t3: never t2 and t3
    assert bounds(model, t1=1, t2=10, t3=100) == (11, 100)
    assert bounds(model, t2=10, t3=7) == (7, 10)


def test_a_task_that_must_succeed_after_errors_is_done_at_least_once(diagram):
    inside = {n: {"parent": "z1"} for n in ("s2", "x2", "t2", "e2", "e3")}
    model = diagram(
        "s>x1 x1>z1 z1>e s2>x2 x2>t2:0.6 t2>e2 x2>e3:0.4 b1>x1",
        nodes={
            **inside,
            "e3": {"parent": "z1", "event": "error", "detail": "none"},
            "b1": {"attached_to": "z1", "event": "error", "detail": "none"},
        },
    )
    visits = analyse(model).visits("t2")
    assert (visits.minimum, visits.expected, visits.at_least_once) == (1, 1, 1)


def test_a_node_that_never_fires_has_no_bounds_but_zero(diagram):
    visits = analyse(diagram("s>x1 x1>t1:1 x1>t2:0 t1>e t2>e")).visits("t2")
    assert (visits.minimum, visits.maximum, visits.at_least_once) == (0, 0, 0)


@pytest.mark.parametrize("branches", [2, 3])
def test_an_inclusive_block_takes_one_way_at_least_and_all_at_most(diagram, branches):
    ways = " ".join(f"o1>t{i}:0.5 t{i}>o2" for i in range(branches))
    weights = {f"t{i}": 10**i for i in range(branches)}
    assert bounds(diagram(f"s>o1 {ways} o2>e"), **weights) == (1, sum(weights.values()))


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=1, max_size=5))
def test_the_bounds_are_those_of_all_ways(diagram, choices):
    text, weights = "s>x0", {}
    for i, (left, right) in enumerate(choices):
        text += f" x{i}>ta{i}:0.5 x{i}>tb{i}:0.5 ta{i}>x{i + 1}a tb{i}>x{i + 1}a x{i + 1}a>x{i + 1}"
        weights |= {f"ta{i}": left, f"tb{i}": right}
    model = diagram(text + f" x{len(choices)}>e")
    totals = [sum(way) for way in product(*choices)]
    assert bounds(model, **weights) == (min(totals), max(totals))


@given(st.integers(0, 6), st.integers(0, 6))
def test_rounds_bound_what_they_say(diagram, first, second):
    text = "s>x1 x1>t1 t1>x2 x2>x1:0.5 x2>x3:0.5 x3>t2 t2>x4 x4>x3:0.5 x4>e:0.5"
    model = bounded(diagram(text), x2_x1=first, x4_x3=second)
    assert bounds(model, t1=1, t2=100) == (101, first + 1 + 100 * (second + 1))


def test_the_share_of_interrupted_work_lowers_both_bounds(diagram):
    boundary = {"attached_to": "t1", "event": "timer", "estimate": Estimate(probability=Decimal("0.1"))}
    model = diagram("s>t1 t1>t2 t2>e b1>t3 t3>e2", nodes={"b1": boundary})
    half = analyse(model, interrupted_share=Fraction(1, 2))
    weights = {"t1": Fraction(100), "t2": Fraction(10), "t3": Fraction(30)}
    assert analyse(model).bounds(weights) == (110, 130)
    assert half.bounds(weights) == (80, 110)
    assert half.bounds({"t1": Fraction(1)}) == (Fraction(1, 2), 1)
    assert half.visits("t1").minimum == 1
