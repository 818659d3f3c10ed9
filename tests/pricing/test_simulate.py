from datetime import date
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest

from pricing.calendars import MONDAY_TO_FRIDAY, Calendar
from pricing.cases import Duration, Schedule
from pricing.draws import Draws
from pricing.simulate import (
    CostLine,
    PriceRange,
    cost_drivers,
    mean_price,
    schedule_of,
    simulate_cases,
    simulate_cost,
    simulate_executions,
    summarise,
    summarise_days,
)
from pricing.visits import analyse
from workflows.definitions.model import Estimate, MultiInstance, TaskCard

MODELS = [
    "s>x1 x1>t1 t1>x2 x2>x1:0.1 x2>t2:0.9 t2>e",
    "s>p1 p1>t1 p1>t2 t1>p2 t2>p2 p2>t3 t3>e",
    "s>o1 o1>t1:0.5 o1>t2:0.2 o1>t3:0.1 t1>o2 t2>o2 t3>o2 o2>t4 t4>e",
    "s>x1 x1>t1 t1>x2 x2>t2 t2>x3 x3>x2:0.25 x3>t3:0.75 t3>x4 x4>x1:0.5 x4>e:0.5",
    "s>x0 x0>x1:0.5 x0>x2:0.5 x1>t1 t1>x2 x2>t2 t2>x3 x3>x1:0.2 x3>x2:0.3 x3>e:0.5",
    "s>x1 x1>p1 p1>t1 p1>t2 t1>p2 t2>p2 p2>x2 x2>x1:0.75 x2>e:0.25",
]
FIXED = PriceRange("p", 10, 10, 10)


@pytest.mark.parametrize("text", MODELS)
@pytest.mark.parametrize("instances", [1, 46])
def test_the_mean_is_the_exact_expectation(diagram, text, instances):
    analysis = analyse(diagram(text))
    counts = simulate_executions(analysis, instances=instances, draws=20_000, random=Draws(46))
    for task in analysis.activities:
        error = counts[task].std() / np.sqrt(20_000)
        exact = float(instances * analysis.expected[task])
        assert abs(counts[task].mean() - exact) <= 4 * error + 1e-9, task


def test_sub_processes_and_fractional_repetitions_keep_the_mean(diagram):
    inside = {n: {"parent": "z1"} for n in ("s2", "x1", "t1", "e2")}
    loop = {"multi_instance": MultiInstance(True, standard_loop=True)}
    again = {"z1": {**loop, "estimate": Estimate(repetitions=Decimal("2.5"))}}
    model = diagram("s>z1 z1>e s2>x1 x1>t1:0.3 x1>e2:0.7 t1>e2", nodes={**inside, **again})
    analysis = analyse(model)
    counts = simulate_executions(analysis, instances=3, draws=20_000, random=Draws(46))["t1"]
    exact = float(3 * analysis.expected["t1"])
    assert abs(counts.mean() - exact) <= 4 * counts.std() / np.sqrt(20_000)


def test_equal_seeds_give_equal_draws_and_other_seeds_others(diagram):
    analysis = analyse(diagram(MODELS[0]))
    lines = [CostLine("t1", "execution", 2.0, PriceRange("p", 8, 10, 15), 0.08)]
    first, again = (simulate_cost(analysis, lines, draws=500, seed=7) for _ in range(2))
    assert (first == again).all()
    assert (first != simulate_cost(analysis, lines, draws=500, seed=8)).any()


@pytest.mark.parametrize("distribution", ["pert", "triangular", "fixed"])
def test_prices_keep_the_mean_of_their_distribution(diagram, distribution):
    analysis = analyse(diagram("s>t1 t1>e"))
    price = PriceRange("p", 600, 700, 1100)
    cost = simulate_cost(
        analysis, [CostLine("t1", "execution", 1.0, price)], draws=40_000, distribution=distribution
    )
    assert abs(cost.mean() - mean_price(price, distribution)) <= 4 * cost.std() / 200 + 1e-9
    assert cost.min() >= 600
    assert cost.max() <= 1100


def test_the_instances_of_a_project_share_their_prices(diagram):
    analysis = analyse(diagram("s>t1 t1>e"))
    line = CostLine("t1", "execution", 1.0, PriceRange("p", 600, 700, 1100))
    one, many = (simulate_cost(analysis, [line], instances=n, draws=2000, seed=3) for n in (1, 46))
    assert np.allclose(one * 46, many)


def test_the_risk_of_ways_evens_out_over_instances(diagram):
    analysis = analyse(diagram(MODELS[0]))
    line = CostLine("t1", "execution", 1.0, FIXED)
    one, many = (simulate_cost(analysis, [line], instances=n, draws=20_000, seed=3) for n in (1, 46))
    assert many.std() / many.mean() < 0.25 * one.std() / one.mean()


def test_each_charge_counts_what_it_says(diagram):
    analysis = analyse(diagram("s>x1 x1>x2:0.5 x1>e:0.5 x2>t1 t1>x3 x3>x2:0.5 x3>e:0.5"))

    def mean(charge, rework=0.0, instances=3):
        line = CostLine("t1", charge, 1.0, FIXED, rework)
        return simulate_cost(analysis, [line], instances=instances, draws=40_000, seed=5).mean() / 10

    assert mean("execution") == pytest.approx(3 * 1.0, rel=0.03)
    assert mean("acceptance", rework=0.5) == pytest.approx(3 * 1.0, rel=0.03)
    assert mean("execution", rework=0.2) == pytest.approx(3 * 1.25, rel=0.03)
    assert mean("once") == pytest.approx(3 * 0.5, rel=0.03)
    assert mean("instance") == 3


def test_percentiles_and_histogram_are_whole_and_complete():
    risk = summarise(np.arange(1, 101, dtype=float), seed=1, distribution="fixed")
    assert (risk.p10_minor, risk.p50_minor, risk.p80_minor, risk.p95_minor) == (10, 50, 80, 95)
    assert risk.mean_minor == 51
    assert sum(risk.counts) == risk.draws == 100
    assert (risk.edges[0], risk.edges[-1]) == (1, 100)
    assert list(risk.edges) == sorted(risk.edges)


def test_a_certain_total_is_one_bin():
    risk = summarise(np.full(10, 5.0), seed=1, distribution="fixed")
    assert (risk.counts, risk.edges, risk.p95_minor) == ((10,), (5, 5), 5)


# --- drivers, time, stability -------------------------------------------------------------------------------


def test_the_drivers_of_the_variance_sum_to_one_and_name_what_varies(diagram):
    analysis = analyse(diagram("s>x1 x1>t1 t1>x2 x2>x1:0.3 x2>t2:0.7 t2>e"))
    lines = [
        CostLine("t1", "execution", 1.0, PriceRange("labour", 90, 100, 110)),
        CostLine("t2", "execution", 1.0, PriceRange("hall", 10, 100, 400)),
        CostLine("t2", "execution", 1.0, FIXED),
    ]
    drivers = {(d.kind, d.key): d.share for d in cost_drivers(analysis, lines, draws=40_000)}
    assert sum(drivers.values()) == pytest.approx(1, abs=0.001)
    assert set(drivers) >= {("ways", "t1"), ("price", "hall"), ("price", "labour")}
    # variances: ways 0.3 / 0.7^2 * 100^2, hall (390/6)^2 * about 0.97, labour small
    ways, hall = 0.3 / 0.49 * 1e4, 390**2 * (1 + 4 * 90 / 390) * (5 - 4 * 90 / 390) / 252
    assert drivers["ways", "t1"] == pytest.approx(ways / (ways + hall), abs=0.03)
    assert drivers["price", "hall"] == pytest.approx(hall / (ways + hall), abs=0.03)
    assert drivers["price", "labour"] < 0.02


def test_what_does_not_vary_has_no_drivers(diagram):
    analysis = analyse(diagram("s>t1 t1>e"))
    assert cost_drivers(analysis, [CostLine("t1", "execution", 1.0, FIXED)]) == ()


def test_cost_and_days_come_from_the_same_cases(diagram):
    analysis = analyse(diagram("s>x1 x1>t1 t1>x2 x2>x1:0.5 x2>e:0.5"))
    schedule = Schedule({"t1": Duration(2, 2, 2)})
    sample = simulate_cases(
        analysis, [CostLine("t1", "execution", 1.0, FIXED)], schedule=schedule, draws=5_000
    )
    assert np.allclose(sample.cost / 10, sample.days / 2)


def test_the_schedule_comes_from_estimates_and_cards(diagram):
    estimate = Estimate(duration_days=(Decimal(1), Decimal(2), Decimal("4.5")))
    model = diagram(
        "s>t1 t1>t2 t2>e", nodes={"t1": {"estimate": estimate, "task": TaskCard(skill="measure")}}
    )
    weekdays = Calendar(MONDAY_TO_FRIDAY)
    schedule = schedule_of(model, pools={"measure": 2}, calendars={"": weekdays}, first=date(2026, 11, 21))
    assert schedule.durations == {"t1": Duration(1, 2, 4.5)}
    assert (schedule.skills, schedule.calendar) == ({"t1": "measure"}, weekdays)
    days = simulate_cases(analyse(model), schedule=schedule, draws=100).days
    assert days.min() > 3  # it begins on a Saturday


def test_days_are_summarised_in_hundredths_rounded_up():
    risk = summarise_days(np.array([1.0, 2.001, 3.0000000001, 4.5]), seed=1, distribution="pert")
    assert (risk.p10_hundredths, risk.p50_hundredths, risk.p80_hundredths) == (100, 201, 450)
    assert sum(risk.counts) == risk.draws == 4


def test_a_cost_with_its_seed_is_the_same_for_ever(diagram):
    analysis = analyse(diagram(MODELS[3]))
    lines = [
        CostLine("t1", "execution", 1.5, PriceRange("a", 600, 700, 1100), 0.08),
        CostLine("t2", "once", 2.0, PriceRange("b", 50, 80, 90)),
        CostLine("t3", "acceptance", 1.0, PriceRange("c", 10, 10, 25)),
    ]
    risk = summarise(
        simulate_cost(analysis, lines, instances=46, draws=2_000, seed=46), seed=46, distribution="pert"
    )
    assert (risk.mean_minor, risk.p10_minor, risk.p50_minor, risk.p80_minor, risk.p95_minor) == FOR_EVER


FOR_EVER = (121296, 100210, 118698, 136141, 153767)  # alike with numpy 1.26 and 2.4


def test_interrupted_work_costs_its_share(diagram):
    boundary = {"attached_to": "t1", "event": "timer", "estimate": Estimate(probability=Decimal("0.5"))}
    model = diagram("s>t1 t1>e b1>e2", nodes={"b1": boundary})
    analysis = analyse(model, interrupted_share=Fraction(1, 5))
    cost = simulate_cost(analysis, [CostLine("t1", "execution", 1.0, FIXED)], draws=100)
    assert cost.mean() == pytest.approx(6)


def test_what_is_only_estimated_is_simulated_too(diagram):
    text = "s>p1 p1>t1 p1>t2 t1>x1 x1>o2:0.5 x1>t4:0.5 t4>o2 t2>x3 x3>t4:0.5 x3>e1:0.5 o2>t3 t3>e"
    analysis = analyse(diagram(text))
    assert analysis.estimated
    for instances in (1, 30):
        cost = simulate_cost(
            analysis, [CostLine("t3", "execution", 1.0, FIXED)], instances=instances, draws=20_000
        )
        error = cost.std() / np.sqrt(20_000) + 10 * instances * float(analysis.visits("t3").standard_error)
        assert abs(cost.mean() - 10 * instances * float(analysis.expected["t3"])) < 4 * error
