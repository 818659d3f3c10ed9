"""The path part of `bench.pricing` (which calls `run`): exact visits, and Monte-Carlo beside prosimos.

Prints `bench pricing-visits limit MS ms bar 100`: a definition of 500 nodes with loops, from the reader's values to
every activity's expected executions, probability of at least one, minimum and maximum, all exact; the median over
seven diagrams of the best of three.

Prints `bench pricing-montecarlo ratio RATIO bar 100`: our cases per second over those of prosimos 2.1, the geometric
mean over six models. Both play the same diagrams with the same meaning: *independent* cases (prosimos gets so many
people and so much time between arrivals that cases never meet; with fewer it would also queue cases for each
other, which ours does not do), fixed durations, calendars of 24 hours on 7 days, cost = hours of work. Its time is
without writing a log; its means come from a second run that writes one. Ours is the time of all of it: counts,
cost and calendar days of every case. Means of cost and days must lie within 3 standard errors of each other.

prosimos is no dependency: it lives in its own virtual environment in ~/.cache/run-bench.
"""

from __future__ import annotations

import json
import math
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from random import Random
from typing import Any

from pricing.cases import Duration, mean_and_error
from pricing.simulate import CostLine, PriceRange, Schedule, simulate_cases
from pricing.visits import analyse
from workflows.definitions.model import Definition, Estimate, Flow, Node, ServiceCard
from workflows.definitions.read import read

VISITS_BAR = 100
MONTECARLO_BAR = 100
NODES = 500
ROUNDS = 7
PEER = "prosimos==2.1.0"
PEER_CASES = 1_000
OUR_CASES = 200_000
HOME = Path.home() / ".cache" / "run-bench"
KINDS = {
    "s": "startEvent", "e": "endEvent", "x": "exclusiveGateway", "p": "parallelGateway", "o": "inclusiveGateway",
}  # fmt: skip

# "a>b:0.3" is a flow with its probability; the first letter of an id tells the kind, any other is a task; each
# task takes as many minutes as the number in its id
MODELS = {
    "rework": "s1>t10 t10>x1 x1>t20 t20>x2 x2>x1:0.2 x2>t5:0.8 t5>e1",
    "credit": "s1>x1 x1>t11 t11>x2 x2>x1:0.2 x2>p1:0.8 p1>t12 p1>t31 t12>p2 t31>p2 p2>t32 t32>x3 x3>t13:0.6 "
    "x3>t21:0.4 t13>x4 t21>x4 x4>e1",
    "nested loops": "s1>x1 x1>t3 t3>x2 x2>t6 t6>x3 x3>x2:0.25 x3>t9:0.75 t9>x4 x4>x1:0.5 x4>e1:0.5",
    "inclusive": "s1>o1 o1>t10:0.5 o1>t20:0.3 o1>t40:0.2 t10>o2 t20>o2 t40>o2 o2>t1 t1>e1",
    "parallel in a loop": "s1>x1 x1>p1 p1>t7 p1>t8 p1>t9 t7>p2 t8>p2 t9>p2 p2>t5 t5>x2 x2>x1:0.4 x2>e1:0.6",
    "loan": "s1>x1 x1>t15 t15>x2 x2>x1:0.3 x2>p1:0.7 p1>t30 p1>x3 x3>t25 t25>x4 x4>x3:0.15 x4>t20:0.85 t30>p2 "
    "t20>p2 p2>t40 t40>x5 x5>t35:0.4 x5>t10:0.6 t35>x6 t10>x6 x6>t12 t12>x7 x7>x1:0.1 x7>e1:0.9",
}

# runs in prosimos' own environment: diagram, parameters, cases, where to log -> seconds without and means with log
PEER_SCRIPT = """
import csv, json, random, statistics, sys, time, warnings
warnings.filterwarnings('ignore')
import numpy as np
from datetime import datetime
from prosimos.simulation_engine import run_simulation
diagram, parameters, cases, log = sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4]
random.seed(46); np.random.seed(46)
start = '2026-01-05T00:00:00.000000+00:00'
run_simulation(diagram, parameters, 20, None, None, start)
begun = time.perf_counter()
run_simulation(diagram, parameters, cases, None, None, start)
seconds = time.perf_counter() - begun
run_simulation(diagram, parameters, cases, None, log, start)
work, first, last = {}, {}, {}
for row in csv.DictReader(open(log)):
    at = {name: datetime.fromisoformat(row[name]).timestamp() for name in ('enable_time', 'start_time', 'end_time')}
    case = row['case_id']
    work[case] = work.get(case, 0) + at['end_time'] - at['start_time']
    first[case] = min(first.get(case, 1e18), at['enable_time'])
    last[case] = max(last.get(case, 0), at['end_time'])
def summary(values):
    return [statistics.fmean(values), statistics.stdev(values) / len(values) ** 0.5]
print(json.dumps({'cases': cases, 'seconds': seconds, 'cost': summary([w / 3600 for w in work.values()]),
                  'days': summary([(last[c] - first[c]) / 86400 for c in last])}))
"""


def run() -> None:
    """Measure and print; called by bench.pricing."""
    print(f"bench pricing-visits limit {visits_milliseconds():.1f} ms bar {VISITS_BAR}", flush=True)
    montecarlo()


# --- exact visits -------------------------------------------------------------------------------------------


def visits_milliseconds() -> float:
    """The median over several diagrams of 500 nodes (branches, parallel blocks, loops in loops), best of three each."""
    times = []
    for seed in range(ROUNDS):
        definition = random_definition(NODES, seed)
        taken = []
        for _ in range(3):
            begun = time.perf_counter()
            analysis = analyse(definition)
            rows = analysis.table()
            taken.append((time.perf_counter() - begun) * 1000)
        times.append(min(taken))
        assert analysis.usable
        assert rows
        assert any(row.maximum is None for row in rows), "the diagram has loops"
    return statistics.median(times)


class _Diagram:
    def __init__(self, seed: int) -> None:
        self.random, self.nodes, self.flows = Random(seed), {}, []  # type: ignore[var-annotated]

    def node(self, kind: str) -> str:
        name = f"{kind[0]}{len(self.nodes)}"
        self.nodes[name] = kind
        return name

    def block(self, size: int, before: tuple[str, int | None]) -> tuple[str, int | None]:
        """About `size` nodes after a node and the percentage of its flow; returns where to go on."""
        while size > 0:
            kind = self.random.random()
            if size < 6 or kind < 0.45:
                before, size = self.after(before, "userTask"), size - 1
                continue
            inside = min(size - 2, self.random.randint(2, max(2, size // 3)))
            before, size = self.composed(kind, inside, before), size - inside - 2
        return before

    def after(self, before: tuple[str, int | None], kind: str) -> tuple[str, int | None]:
        name = self.node(kind)
        self.flows.append((before[0], name, before[1]))
        return name, None

    def composed(self, kind: float, size: int, before: tuple[str, int | None]) -> tuple[str, int | None]:
        parallel = kind >= 0.85
        first = self.after(before, "parallelGateway" if parallel else "exclusiveGateway")[0]
        if kind < 0.65:  # a loop
            last = self.after(self.block(size, (first, None)), "exclusiveGateway")[0]
            back = self.random.randint(5, 40)
            self.flows.append((last, first, back))
            return last, 100 - back
        share = None if parallel else self.random.randint(10, 90)
        one = self.block(size // 2, (first, share))
        other = self.block(size - size // 2, (first, None if share is None else 100 - share))
        last = self.after(one, "parallelGateway" if parallel else "exclusiveGateway")[0]
        self.flows.append((other[0], last, other[1]))
        return last, None


def random_definition(size: int, seed: int) -> Definition:
    """A sound diagram of `size` nodes."""
    diagram = _Diagram(seed)
    start = diagram.node("startEvent")
    diagram.after(diagram.block(size - 2, (start, None)), "endEvent")
    flows = {
        f"f{i}": Flow(f"f{i}", a, b, estimate=None if p is None else Estimate(probability=Decimal(p) / 100))
        for i, (a, b, p) in enumerate(diagram.flows)
    }
    nodes = {
        name: Node(
            name, kind, name=name,
            incoming=tuple(f.id for f in flows.values() if f.target == name),
            outgoing=tuple(f.id for f in flows.values() if f.source == name),
        )
        for name, kind in diagram.nodes.items()
    }  # fmt: skip
    return Definition("bench", "bench", ServiceCard(), nodes, flows, {}, b"")


# --- Monte-Carlo --------------------------------------------------------------------------------------------


def montecarlo() -> None:
    """Our cases per second beside those of prosimos, model by model."""
    peer = peer_python()
    ratios = []
    for name, text in MODELS.items():
        seconds, cost, days = ours(text)
        speed = OUR_CASES / seconds
        if peer is None:
            print(f"bench pricing-montecarlo-{name.replace(' ', '-')} cases/s {speed:.0f}")
            continue
        theirs = measure_peer(peer, text)
        ratios.append(speed * theirs["seconds"] / theirs["cases"])
        far = max(distance(cost, theirs["cost"]), distance(days, theirs["days"]))
        print(
            f"  {name}: {speed:,.0f} cases/s, prosimos {theirs['cases'] / theirs['seconds']:,.0f}, ratio "
            f"{ratios[-1]:.0f}; hours of work {cost[0]:.4f} and {theirs['cost'][0]:.4f}, days {days[0]:.5f} and "
            f"{theirs['days'][0]:.5f}, at most {far:.1f} standard errors apart",
            flush=True,
        )
        if far > 3:
            sys.exit(f"bench pricing-montecarlo: {name} differs by {far:.1f} standard errors")
    if peer is None:
        print(f"bench pricing-montecarlo SKIPPED: {PEER} cannot be installed in {HOME}", flush=True)
        return
    ratio = math.exp(statistics.fmean(map(math.log, ratios)))
    print(f"bench pricing-montecarlo ratio {ratio:.0f} bar {MONTECARLO_BAR}", flush=True)


def arrows(text: str) -> Iterator[tuple[str, str, Decimal | None]]:
    for part in text.split():
        flow, _, chance = part.partition(":")
        source, target = flow.split(">")
        yield source, target, Decimal(chance) if chance else None


def minutes(task: str) -> int:
    return int(task[1:])


def tasks(text: str) -> list[str]:
    names = dict.fromkeys(name for source, target, _ in arrows(text) for name in (source, target))
    return [name for name in names if name[0] == "t"]


def bpmn(text: str) -> str:
    """The diagram as BPMN; prosimos wants incoming and outgoing written out."""
    flows = list(arrows(text))
    names = dict.fromkeys(name for source, target, _ in flows for name in (source, target))
    parts = []
    for name in names:
        kind = KINDS.get(name[0], "task")
        inner = "".join(f"<incoming>f{i}</incoming>" for i, f in enumerate(flows) if f[1] == name)
        inner += "".join(f"<outgoing>f{i}</outgoing>" for i, f in enumerate(flows) if f[0] == name)
        parts.append(f'<{kind} id="{name}" name="{name}">{inner}</{kind}>')
    parts += [
        f'<sequenceFlow id="f{i}" sourceRef="{a}" targetRef="{b}"/>' for i, (a, b, _) in enumerate(flows)
    ]
    return (
        '<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" id="d" targetNamespace="urn:run:bench">'
        f'<process id="p" isExecutable="true">{"".join(parts)}</process></definitions>'
    )


def ours(text: str) -> tuple[float, tuple[float, float], tuple[float, float]]:
    """Seconds for all cases (the best of three), mean and error of hours of work, and of days."""
    definition = read(bpmn(text).encode()).definition
    assert definition is not None
    chances = {f"f{i}": Fraction(p) for i, (_, _, p) in enumerate(arrows(text)) if p is not None}
    analysis = analyse(definition, probabilities=chances)
    assert analysis.usable
    hours = {task: minutes(task) / 60 for task in tasks(text)}
    schedule = Schedule({task: Duration(h / 24, h / 24, h / 24) for task, h in hours.items()})
    lines = [CostLine(task, "execution", h, PriceRange("hour", 1, 1, 1)) for task, h in hours.items()]
    taken = []
    for seed in range(3):
        begun = time.perf_counter()
        sample = simulate_cases(analysis, lines, schedule=schedule, draws=OUR_CASES, seed=seed)
        taken.append(time.perf_counter() - begun)
    return min(taken), mean_and_error(sample.cost), mean_and_error(sample.days)


def distance(one: tuple[float, float], other: list[float]) -> float:
    """In standard errors of the difference."""
    error = math.hypot(one[1], other[1])
    return abs(one[0] - other[0]) / error if error > 1e-9 else float(abs(one[0] - other[0]) > 1e-6)


def peer_python() -> Path | None:
    """The interpreter of prosimos' environment, made when it is not there; None when it cannot be."""
    python = HOME / "prosimos" / "bin" / "python"
    try:
        if not python.exists():
            HOME.mkdir(parents=True, exist_ok=True)
            subprocess.run([sys.executable, "-m", "venv", str(HOME / "prosimos")], check=True)
        check = [str(python), "-c", "import prosimos"]
        if subprocess.run(check, capture_output=True).returncode:
            subprocess.run([str(python), "-m", "pip", "install", "-q", PEER], check=True, timeout=900)
            subprocess.run(check, check=True)
    except (OSError, subprocess.SubprocessError) as error:
        print(f"{PEER} cannot be installed: {error}", file=sys.stderr)
        return None
    return python


def measure_peer(python: Path, text: str) -> dict[str, Any]:
    """Seconds and means of prosimos."""
    with tempfile.TemporaryDirectory() as folder:
        diagram, parameters = Path(folder, "model.bpmn"), Path(folder, "model.json")
        diagram.write_text(bpmn(text), encoding="utf-8")
        parameters.write_text(json.dumps(peer_parameters(text)), encoding="utf-8")
        run = subprocess.run(
            [str(python), "-c", PEER_SCRIPT, str(diagram), str(parameters), str(PEER_CASES), f"{folder}/log.csv"],
            check=True, capture_output=True, text=True, timeout=600, cwd=folder,
        )  # fmt: skip
    found: dict[str, Any] = json.loads(run.stdout.strip().splitlines()[-1])
    return found


def peer_parameters(text: str) -> dict[str, Any]:
    """The same meaning for prosimos: everybody always there, and enough of them; a case a day."""
    always = [{"from": "MONDAY", "to": "SUNDAY", "beginTime": "00:00:00.000", "endTime": "23:59:59.999999"}]
    fixed = {"distribution_name": "fix"}
    splits: dict[str, list[dict[str, Any]]] = {}
    for i, (source, _, chance) in enumerate(arrows(text)):
        if chance is not None:
            splits.setdefault(source, []).append({"path_id": f"f{i}", "value": float(chance)})
    return {
        "resource_profiles": [
            {
                "id": f"profile {task}", "name": task,
                "resource_list": [
                    {"id": f"r_{task}", "name": task, "cost_per_hour": "1", "amount": 10, "calendar": "always",
                     "assignedTasks": [task]}
                ],
            }
            for task in tasks(text)
        ],
        "arrival_time_distribution": {**fixed, "distribution_params": [{"value": 86_400}]},
        "arrival_time_calendar": always,
        "gateway_branching_probabilities": [
            {"gateway_id": gateway, "probabilities": ways} for gateway, ways in splits.items()
        ],
        "task_resource_distribution": [
            {
                "task_id": task,
                "resources": [
                    {"resource_id": f"r_{task}", **fixed, "distribution_params": [{"value": 60 * minutes(task)}]}
                ],
            }
            for task in tasks(text)
        ],
        "resource_calendars": [{"id": "always", "name": "always", "time_periods": always}],
        "event_distribution": [],
    }  # fmt: skip
