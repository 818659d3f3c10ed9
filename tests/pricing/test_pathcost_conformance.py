"""The models of ../shared/data/pathcost and the services of ../shared/data/domain, fraction by fraction."""

import csv
import re
from fractions import Fraction
from pathlib import Path

import pytest

from pricing.cases import mean_and_error, play_cases
from pricing.visits import analyse
from workflows.definitions.read import read

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"
PATHCOST, DOMAIN = SHARED / "pathcost", SHARED / "domain"

pytestmark = [
    pytest.mark.conformance,
    pytest.mark.skipif(not PATHCOST.is_dir(), reason="../shared is not here"),
]
FIXED_COST = re.compile(r'elementRef="([^"]+)"><bpsim:CostParameters>.*?value="([^"]+)"')


def rows(path):
    return list(csv.DictReader(path.read_text(encoding="utf-8").splitlines())) if path.is_file() else []


def definition(path):
    return read(path.read_bytes()).definition


@pytest.mark.parametrize("model", sorted({r["model"] for r in rows(PATHCOST / "expected_visits.csv")}))
def test_expected_visits_are_equal_as_fractions(model):
    analysis = analyse(definition(PATHCOST / model))
    for row in (r for r in rows(PATHCOST / "expected_visits.csv") if r["model"] == model):
        assert analysis.expected[row["task"]] == Fraction(row["expected_executions_exact"]), row["task"]
        if row["p_at_least_once"]:
            reached = analysis.at_least_once(row["task"])
            assert float(reached) == pytest.approx(float(row["p_at_least_once"]), abs=1e-9)


@pytest.mark.parametrize("row", rows(PATHCOST / "analytic" / "expected.csv"), ids=lambda r: r["model"])
def test_costs_and_bounds_of_the_analytic_models(row):
    path = PATHCOST / "analytic" / f"{row['model']}.bpmn"
    special = {}
    if row["model"] == "mi_boundary":
        special = {"repetitions": {"v": Fraction(12)}, "probabilities": {"bt": Fraction(1, 10)}}
    analysis = analyse(definition(path), **special)
    if row["expected_cost"] == "ERROR":
        assert not analysis.usable
        return
    costs = {task: Fraction(cost) for task, cost in FIXED_COST.findall(path.read_text(encoding="utf-8"))}
    assert sum(analysis.expected[t] * c for t, c in costs.items()) == Fraction(row["expected_cost"])
    least, most = analysis.bounds(costs)
    assert least == Fraction(row["min"])
    assert most == (None if row["max"] == "inf" else Fraction(row["max"]))


@pytest.mark.parametrize("row", rows(PATHCOST / "expected_errors.csv"), ids=lambda r: r["model"])
def test_refused_models_are_refused_with_their_node(row):
    problems = [p for p in analyse(definition(PATHCOST / row["model"])).problems if p.severity == "error"]
    assert problems
    assert not row["node"] or problems[0].place == row["node"]


@pytest.mark.parametrize("service", sorted({r["service"] for r in rows(DOMAIN / "expected_visits.csv")}))
def test_visits_of_the_domain_services(service):
    analysis = analyse(definition(DOMAIN / "bpmn" / f"{service}.bpmn"))
    for row in (r for r in rows(DOMAIN / "expected_visits.csv") if r["service"] == service):
        assert analysis.expected[row["task"]] == Fraction(row["expected_executions"])


@pytest.mark.parametrize("path", sorted(p for p in PATHCOST.glob("*/*.bpmn*")), ids=lambda p: p.stem)
def test_played_cases_agree_with_the_exact_numbers(path):
    analysis = analyse(definition(path))
    if not analysis.usable:
        return
    played = play_cases(analysis.graph, cases=20_000, seed=46)
    for task in analysis.activities:
        times = played.executions[task]
        for values, exact in ((times, analysis.expected[task]), (times > 0, analysis.at_least_once(task))):
            mean, error = mean_and_error(values)
            assert abs(mean - float(exact)) <= 4 * error + 1e-9, task
