"""Decision models against the DMN TCK, and the speed of a table of 50 rules.

Run: .venv/bin/python -m bench.decisions [--tck FOLDER] [--failing]. FOLDER is a checkout of
https://github.com/dmn-tck/tck (nothing of it is in this repository); without it only the speed is measured.
A case is right when its expected value comes out: numbers to 1e-8, everything else exactly. Where the TCK expects
an error or null, a null, a decision that is refused at reading and DecisionFailed are all right.
"""

from __future__ import annotations

import argparse
import datetime
import statistics
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from lxml import etree

from workflows import xml
from workflows.decisions import Decision, DecisionFailed, Model, read
from workflows.feel.temporal import parse_temporal

LEVELS: Final = ("compliance-level-2", "compliance-level-3")
NOW: Final = datetime.datetime(2026, 11, 21, 12, tzinfo=datetime.UTC)
ROUNDS: Final = 7
_TYPE: Final = "{http://www.w3.org/2001/XMLSchema-instance}type"
_NIL: Final = "{http://www.w3.org/2001/XMLSchema-instance}nil"
_NUMBERS: Final = frozenset({"decimal", "double", "integer", "int", "float", "number", "long"})
_TOLERANCE: Final = Decimal("1e-8")


@dataclass(frozen=True, slots=True)
class Case:
    """One expected result; `target` is the name of a decision, or of a service or knowledge model."""

    folder: str
    number: str
    target: str
    kind: str
    result: str
    inputs: Mapping[str, Any]
    expected: Any
    is_error: bool


@dataclass(frozen=True, slots=True)
class Answer:
    """What came out: a value, or why there is none."""

    value: Any
    why: str


def local(node: etree._Element) -> str:
    return etree.QName(node).localname


def value_of(node: etree._Element) -> Any:
    """The value of an input or of an expected result."""
    for child in node:
        kind = local(child)
        if kind == "value":
            return scalar(child)
        if kind == "list":
            return None if child.get(_NIL) == "true" else [value_of(item) for item in child]
        if kind == "component":
            return {each.get("name"): value_of(each) for each in node if local(each) == "component"}
    return None


def scalar(node: etree._Element) -> Any:
    """A simple value by its XML schema type."""
    if node.get(_NIL) == "true":
        return None
    text, kind = node.text or "", (node.get(_TYPE) or "string").rpartition(":")[2]
    if kind in _NUMBERS:
        return Decimal(text) if text.strip() not in ("NaN", "INF", "-INF") else None
    if kind == "boolean":
        return text.strip() == "true"
    if kind in ("date", "time", "dateTime", "duration"):
        return parse_temporal(text.strip())
    return text


def cases_of(path: Path) -> Iterator[Case]:
    """The cases of one test file."""
    root = xml.parse(path.read_bytes())
    for case in (node for node in root if local(node) == "testCase"):
        inputs = {str(node.get("name")): value_of(node) for node in case if local(node) == "inputNode"}
        for node in (each for each in case if local(each) == "resultNode"):
            expected = next((value_of(each) for each in node if local(each) == "expected"), None)
            yield Case(
                folder=path.parent.name,
                number=case.get("id") or "",
                target=case.get("invocableName") or str(node.get("name")),
                kind=case.get("type") or "decision",
                result=str(node.get("name")),
                inputs=inputs,
                expected=expected,
                is_error=node.get("errorResult") == "true",
            )


def models_of(folder: Path) -> dict[str, Model]:
    """The models of a folder by the name of their file, each read with the others it imports."""
    models: dict[str, Model] = {}
    paths = sorted(folder.glob("*.dmn"))
    for _ in paths:
        for path in paths:
            others = [model for name, model in models.items() if name != path.name]
            reading = read(path.read_bytes(), imports=others)
            if reading.model is not None:
                models[path.name] = reading.model
    return models


def answer(model: Model, case: Case) -> Answer:
    """What our model says in a case."""
    asked: Any = model.named(case.target)
    if case.kind != "decision":
        asked = next((each for each in model.services.values() if each.name == case.target), None)
    if asked is None:
        return Answer(None, "cannot be evaluated")
    try:
        value = asked.evaluate(case.inputs, now=NOW)
    except DecisionFailed as failed:
        return Answer(None, str(failed))
    if case.kind != "decision" and isinstance(value, dict) and case.result in value:
        value = value[case.result]
    return Answer(value, "")


def agrees(value: Any, expected: Any) -> bool:
    """Whether a value is the expected one."""
    if isinstance(expected, Decimal):
        return isinstance(value, Decimal) and abs(value - expected) < _TOLERANCE
    if isinstance(expected, list):
        return (
            isinstance(value, list)
            and len(value) == len(expected)
            and all(agrees(own, other) for own, other in zip(value, expected, strict=True))
        )
    if isinstance(expected, dict):
        return (
            isinstance(value, dict)
            and value.keys() == expected.keys()
            and all(agrees(value[key], expected[key]) for key in expected)
        )
    return type(value) is type(expected) and bool(value == expected)


def is_right(case: Case, given: Answer) -> bool:
    """Whether a case passes."""
    if case.is_error:
        return given.value is None
    return agrees(given.value, case.expected)


def run_level(folder: Path) -> list[tuple[Case, Answer, bool]]:
    """Every case of a level with its answer."""
    found = []
    for path in sorted(folder.glob("*/*-test-*.xml")):
        models = models_of(path.parent)
        name = next(node.text or "" for node in xml.parse(path.read_bytes()) if local(node) == "modelName")
        for case in cases_of(path):
            model = models.get(name.strip())
            given = Answer(None, "cannot be read") if model is None else answer(model, case)
            found.append((case, given, is_right(case, given)))
    return found


def report(level: str, results: list[tuple[Case, Answer, bool]], *, failing: bool) -> None:
    """One line for the level, one for its cases with tables and boxed expressions, and the failing ones."""
    right = sum(passed for *_, passed in results)
    folders = Counter(case.folder for case, _, passed in results if not passed)
    whole = len({case.folder for case, *_ in results})
    print(f"bench dmn-tck-{level} ratio {right / len(results):.4f} cases {right}/{len(results)}")
    print(f"bench dmn-tck-{level}-models ratio {(whole - len(folders)) / whole:.4f} of {whole}")
    if failing:
        for case, given, passed in results:
            if not passed:
                print(f"  {case.folder} {case.number} {case.result}: {case.expected!r}, not {given}")


# Speed


def table_of(rules: int) -> bytes:
    """A model with one unique table: a number, a text and a boolean decide a number."""
    rows = "".join(
        f'<rule id="r{n}"><inputEntry><text>[{n * 10}..{n * 10 + 10})</text></inputEntry>'
        f"<inputEntry><text>{'-' if n % 3 else chr(34) + 'rural' + chr(34)}</text></inputEntry>"
        f"<inputEntry><text>-</text></inputEntry><outputEntry><text>{n}</text></outputEntry></rule>"
        for n in range(rules)
    )
    inputs = "".join(
        f'<input id="i_{name}"><inputExpression typeRef="{kind}"><text>{name}</text></inputExpression></input>'
        for name, kind in (("households", "number"), ("area", "string"), ("remote", "boolean"))
    )
    needs = "".join(
        f'<informationRequirement><requiredInput href="#{name}"/></informationRequirement>'
        for name in ("households", "area", "remote")
    )
    declared = "".join(
        f'<inputData id="{name}" name="{name}"><variable name="{name}" typeRef="{kind}"/></inputData>'
        for name, kind in (("households", "number"), ("area", "string"), ("remote", "boolean"))
    )
    return (
        '<definitions xmlns="https://www.omg.org/spec/DMN/20230324/MODEL/" id="m" name="m" namespace="urn:m">'
        f'{declared}<decision id="d" name="rate"><variable name="rate" typeRef="number"/>{needs}'
        f'<decisionTable id="t" hitPolicy="UNIQUE">{inputs}<output id="o" typeRef="number"/>{rows}'
        "</decisionTable></decision></definitions>"
    ).encode()


def microseconds(decision: Decision, contexts: list[dict[str, Any]]) -> float:
    """The median time of one evaluation."""
    times = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        for context in contexts:
            decision.evaluate(context, now=NOW)
        times.append((time.perf_counter() - start) * 1e6 / len(contexts))
    return statistics.median(times)


def speed(rules: int) -> None:
    """Print how long reading a table and asking it take."""
    data = table_of(rules)
    start = time.perf_counter()
    model = read(data).model
    reading = (time.perf_counter() - start) * 1e3
    assert model is not None
    contexts = [
        {"households": number * 7 % (rules * 10), "area": "rural", "remote": number % 2 == 0}
        for number in range(1000)
    ]
    print(f"bench dmn-table-{rules}-read ms {reading:.1f}")
    print(f"bench dmn-table-{rules}-evaluate us {microseconds(model.decisions['d'], contexts):.1f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tck", type=Path, default=None)
    parser.add_argument("--failing", action="store_true", help="print every case that is not right")
    options = parser.parse_args()
    if options.tck is None or not (options.tck / "TestCases").is_dir():
        print("bench dmn-tck skipped: --tck FOLDER is missing")
    else:
        for level in LEVELS:
            report(level, run_level(options.tck / "TestCases" / level), failing=options.failing)
    for rules in (50, 1000):
        speed(rules)


if __name__ == "__main__":
    main()
