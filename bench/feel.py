"""FEEL against the DMN TCK and against npm feelin, the best known implementation: share of cases, and speed.

Run: .venv/bin/python -m bench.feel [--cases FILE]. Both read the same cases and are judged by one comparison:
numbers to 1e-8; dates, times and durations by value and time zone; everything else exactly. Speed is one
parse and one evaluation per case, nothing cached, the median of several rounds. Prints one line per figure.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import subprocess
import time
from decimal import Decimal
from pathlib import Path
from typing import Any

from workflows import feel
from workflows.feel.expression import Expression
from workflows.feel.temporal import parse_temporal

ROOT = Path(__file__).resolve().parents[1]
CASES = ROOT.parent / "shared" / "data" / "feel_tck" / "literal_cases.json"
FRONTEND = ROOT / "server" / "frontend"
ROUNDS = 5
_NUMBERS = {"decimal", "double", "integer", "int", "float", "number"}

FEELIN = """
import { readFileSync } from 'node:fs';
import { evaluate, FeelDate, FeelDateTime, FeelDuration, FeelTime } from 'feelin';
const [file, rounds] = process.argv.slice(1);
const cases = JSON.parse(readFileSync(file, 'utf8'));
const temporal = [FeelDate, FeelDateTime, FeelDuration, FeelTime];
const tag = (value) => {
  if (value === null || value === undefined) return { t: 'null' };
  if (typeof value === 'number')
    return Number.isFinite(value) ? { t: 'decimal', v: String(value) } : { t: 'other' };
  if (typeof value === 'boolean') return { t: 'boolean', v: value };
  if (typeof value === 'string') return { t: 'string', v: value };
  if (temporal.some((kind) => value instanceof kind)) return { t: 'temporal', v: String(value.iso) };
  if (Array.isArray(value)) return { t: 'list', v: value.map(tag) };
  if (Object.getPrototypeOf(value) === Object.prototype)
    return { t: 'ctx', v: Object.fromEntries(Object.entries(value).map(([k, v]) => [k, tag(v)])) };
  return { t: 'other' };
};
const results = cases.map(({ expr }) => {
  try { return tag(evaluate(expr, {}).value); } catch { return { t: 'error' }; }
});
const times = [];
for (let round = 0; round < Number(rounds); round++) {
  const start = performance.now();
  for (const { expr } of cases) { try { evaluate(expr, {}); } catch { /* counted above */ } }
  times.push((performance.now() - start) * 1000 / cases.length);
}
console.log(JSON.stringify({ results, times }));
"""


def tagged(value: Any) -> dict[str, Any]:
    """Our value in the form of the cases."""
    if value is None:
        return {"t": "null"}
    if isinstance(value, bool):
        return {"t": "boolean", "v": value}
    if isinstance(value, Decimal):
        return {"t": "decimal", "v": str(value)}
    if isinstance(value, str):
        return {"t": "string", "v": value}
    if isinstance(value, list):
        return {"t": "list", "v": [tagged(item) for item in value]}
    if isinstance(value, dict):
        return {"t": "ctx", "v": {key: tagged(item) for key, item in value.items()}}
    if hasattr(value, "isoformat"):
        return {"t": "temporal", "v": value.isoformat()}
    return {"t": "other"}


def agrees(result: dict[str, Any], expected: dict[str, Any]) -> bool:
    """Whether a tagged result is what the TCK expects."""
    kind = expected["t"]
    if kind == "null":
        return result["t"] == "null"
    if kind in _NUMBERS:
        return result["t"] == "decimal" and abs(Decimal(result["v"]) - Decimal(expected["v"])) < Decimal(
            "1e-8"
        )
    if kind == "boolean":
        return result["t"] == "boolean" and result["v"] is (expected["v"] == "true")
    if kind == "list":
        if result["t"] != "list" or len(result["v"]) != len(expected["v"]):
            return False
        return all(agrees(ours, theirs) for ours, theirs in zip(result["v"], expected["v"], strict=True))
    if kind == "ctx":
        if result["t"] != "ctx" or result["v"].keys() != expected["v"].keys():
            return False
        return all(agrees(result["v"][key], expected["v"][key]) for key in expected["v"])
    if kind == "string":
        return result["t"] == "string" and result["v"] == expected["v"]
    if result["t"] != "temporal":
        return False
    return result["v"] == expected["v"] or parse_temporal(result["v"]) == parse_temporal(expected["v"])


def ours(text: str) -> dict[str, Any]:
    """Our tagged result; an error is no result."""
    try:
        return tagged(feel.evaluate(text))
    except feel.FeelError:
        return {"t": "error"}


def our_times(cases: list[dict[str, Any]], rounds: int, *, cached: bool) -> list[float]:
    """Microseconds per case of each round, with or without parsing."""
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        for case in cases:
            try:
                expression = feel.compile(case["expr"]) if cached else Expression(case["expr"], frozenset())
                expression.evaluate()
            except feel.FeelError:
                continue
        times.append((time.perf_counter() - start) * 1e6 / len(cases))
    return times


def feelin(path: Path, rounds: int) -> dict[str, Any] | None:
    """The results and times of npm feelin, or None where it is not installed."""
    node = shutil.which("node")
    if node is None or not (FRONTEND / "node_modules" / "feelin").is_dir():
        return None
    run = subprocess.run(
        [node, "--input-type=module", "-e", FEELIN, "--", str(path), str(rounds)],
        cwd=FRONTEND,
        capture_output=True,
        text=True,
        timeout=300,
        check=True,
    )
    answer: dict[str, Any] = json.loads(run.stdout)
    return answer


def share(results: list[dict[str, Any]], cases: list[dict[str, Any]], *, null: bool) -> float:
    """The share of the cases with (or without) an expected null that are right, 0 to 1."""
    chosen = [
        agrees(result, case["exp"])
        for result, case in zip(results, cases, strict=True)
        if (case["exp"]["t"] == "null") is null
    ]
    return sum(chosen) / len(chosen)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=Path, default=CASES)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    options = parser.parse_args()
    if not options.cases.exists():
        print(f"bench feel skipped: {options.cases} is missing")
        return
    cases = json.loads(options.cases.read_text(encoding="utf-8"))
    results = [ours(case["expr"]) for case in cases]
    print(f"bench feel-tck-nonnull ratio {share(results, cases, null=False):.4f} bar 0.95")
    print(f"bench feel-tck-null ratio {share(results, cases, null=True):.4f}")
    own = statistics.median(our_times(cases, options.rounds, cached=False))
    cached = statistics.median(our_times(cases, options.rounds, cached=True))
    print(f"bench feel-case us {own:.1f}")
    print(f"bench feel-case-compiled us {cached:.1f}")
    peer = feelin(options.cases, options.rounds)
    if peer is None:
        print("bench feel-speed-vs-feelin skipped: node or server/frontend/node_modules/feelin is missing")
        return
    print(f"bench feelin-tck-nonnull ratio {share(peer['results'], cases, null=False):.4f}")
    print(f"bench feelin-tck-null ratio {share(peer['results'], cases, null=True):.4f}")
    theirs = statistics.median(peer["times"])
    print(f"bench feelin-case us {theirs:.1f}")
    print(f"bench feel-speed-vs-feelin ratio {theirs / own:.2f}")
    print(f"bench feel-compiled-speed-vs-feelin ratio {theirs / cached:.2f}")


if __name__ == "__main__":
    main()
