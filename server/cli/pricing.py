"""What a diagram costs, without an installation: how often each of its tasks is done."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import click
import orjson

from pricing.visits import Analysis, Visits, analyse
from workflows.definitions.read import read
from workflows.problems import Problem, blocking

_SIZE_MAX = 30_000_000
_PLACES = 10
_PLAIN = re.compile(r"-?[0-9]{1,30}(\.[0-9]{1,60}|/[0-9]{1,30})?([eE]-?[0-9]{1,2})?")
COLUMNS = (
    "model", "task", "expected_executions_exact", "expected_executions", "p_at_least_once", "minimum", "maximum",
)  # fmt: skip


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--probabilities",
    "given",
    default="{}",
    help='Probabilities by id, as JSON such as {"flow_yes": 0.3, "flow_no": "7/10"}, or a file with it.',
)
@click.option("--format", "form", type=click.Choice(["csv", "json"]), default="csv", show_default=True)
def visits(file: Path, given: str, form: str) -> None:
    """Say how often each task of a BPMN diagram is done: expected, at least once, at least, at most."""
    analysis, problems = _analyse(file, _probabilities(given))
    refused = analysis is None or bool(blocking(problems))
    if form == "json":
        found: Any = {"model": file.as_posix(), "ok": False, "problems": [p.as_json() for p in problems]}
        if analysis is not None and not refused:
            found = [_as_json(file, row) for row in analysis.table()]
        click.echo(orjson.dumps(found, option=orjson.OPT_INDENT_2).decode())
    elif analysis is not None and not refused:
        click.echo(_as_csv(file, analysis.table()), nl=False)
    for problem in problems:
        place = f" [{problem.place}]" if problem.place else ""
        click.echo(f"{problem.severity}: {problem.code}{place}: {problem.text()}", err=True)
    if refused:
        raise click.exceptions.Exit(1)


def _analyse(
    file: Path, probabilities: Mapping[str, Fraction]
) -> tuple[Analysis | None, tuple[Problem, ...]]:
    if file.stat().st_size > _SIZE_MAX:
        return None, (Problem("file-too-large", "The file is too large.", severity="fatal"),)
    reading = read(file.read_bytes())
    if reading.definition is None:
        return None, reading.problems
    analysis = analyse(reading.definition, probabilities=probabilities)
    known = {*reading.definition.nodes, *reading.definition.flows}
    for process in reading.definition.processes.values():
        known |= {*process.nodes, *process.flows}
    unknown = tuple(_unknown(name) for name in probabilities if name not in known)
    return analysis, (*analysis.problems, *unknown)


def _probabilities(given: str) -> dict[str, Fraction]:
    try:
        text = given if given.lstrip().startswith("{") else Path(given).read_text(encoding="utf-8-sig")
        values = json.loads(text, parse_float=Decimal)
    except OSError as error:
        raise click.ClickException(
            f"--probabilities is no JSON object and no file: {error.strerror}"
        ) from error
    except (ValueError, RecursionError) as error:
        raise click.ClickException(f"--probabilities is not JSON: {error}") from error
    if not isinstance(values, dict):
        raise click.ClickException("--probabilities must be a JSON object.")
    return {name: _probability(name, value) for name, value in values.items()}


def _probability(name: str, value: object) -> Fraction:
    # an exponent of a million would be a number of a million digits
    if (
        isinstance(value, str | int | Decimal)
        and not isinstance(value, bool)
        and _PLAIN.fullmatch(str(value))
    ):
        try:
            return Fraction(str(value))
        except ZeroDivisionError:
            pass
    raise click.ClickException(f"--probabilities: the value of {name} is not a number.")


def _as_csv(file: Path, rows: tuple[Visits, ...]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for row in rows:
        exact = str(row.expected) if row.method == "exact" else ""  # an estimate has no exact value
        most = "inf" if row.maximum is None else str(row.maximum)
        writer.writerow(
            [file.as_posix(), row.node, exact, _decimal(row.expected), _decimal(row.at_least_once),
             str(row.minimum), most]
        )  # fmt: skip
    return text.getvalue()


def _as_json(file: Path, row: Visits) -> dict[str, Any]:
    found = {
        "model": file.as_posix(),
        "task": row.node,
        "expected_executions_exact": str(row.expected) if row.method == "exact" else None,
        "expected_executions": float(row.expected),
        "p_at_least_once": float(row.at_least_once),
        "minimum": _number(row.minimum),
        "maximum": None if row.maximum is None else _number(row.maximum),
        "bounded": row.maximum is not None,
        "method": row.method,
    }
    return found if row.method == "exact" else {**found, "standard_error": float(row.standard_error)}


def _number(value: Fraction) -> int | float:
    return value.numerator if value.denominator == 1 else float(value)


def _decimal(value: Fraction) -> str:
    """With ten places, rounded half to even from the exact value."""
    digits = round(value * 10**_PLACES)
    return f"{digits // 10**_PLACES}.{digits % 10**_PLACES:0{_PLACES}d}"


def _unknown(name: str) -> Problem:
    return Problem(
        "unknown-id",
        "The diagram has no flow, event or task %(name)s; its probability is not used. Correct the id.",
        place=name,
        severity="warning",
        params={"name": name},
    )


COMMANDS = (visits,)
