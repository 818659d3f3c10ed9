"""For authors, without an installation: lint a diagram, evaluate an expression."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from decimal import Decimal
from pathlib import Path
from typing import Any, BinaryIO

import click
import orjson

from workflows import feel
from workflows.decisions import read as read_decisions
from workflows.decisions.lint import lint as lint_decisions
from workflows.definitions.lint import Level
from workflows.definitions.lint import lint as lint_definition
from workflows.definitions.read import read
from workflows.feel.values import UNBOUNDED
from workflows.problems import Problem, blocking

_FORMAT = click.option(
    "--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True
)
_SIZE_MAX = 30_000_000
"""Bytes that are read of a file; what may be linted is much less (`workflows.xml`)."""
_LONGEST_INTEGER = 18
"""Digits of a whole number that 64 bits hold; a longer one is printed as text."""
_LINE_AND_COLUMN = re.compile(r"[0-9]+:[0-9]+")


def _lint_bytes(data: bytes, level: Level) -> tuple[Problem, ...]:
    """The problems of a decision model or a diagram; what a file is stands in its root element."""
    decisions = read_decisions(data)
    if decisions.model is not None:
        return (*decisions.problems, *lint_decisions(decisions.model, level=level))
    if any(problem.code == "dmn-version" for problem in decisions.problems):
        return decisions.problems
    reading = read(data)
    if reading.definition is None:
        return reading.problems
    return (*reading.problems, *lint_definition(reading.definition, level=level))


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--level", type=click.Choice(["preview", "executable"]), default="executable", show_default=True
)
@_FORMAT
def lint(files: tuple[Path, ...], level: Level, form: str) -> None:
    """Check BPMN diagrams and DMN decision models: can they be drawn and costed (preview), or run (executable)?

    The file - is what stands on standard input.
    """
    reports = [_report(path, level) for path in files]
    if form == "json":
        click.echo(orjson.dumps(reports, option=orjson.OPT_INDENT_2))
    else:
        for report in reports:
            _say(f"{report['file']}: {'ok' if report['ok'] else 'not ' + level}")
            for problem in report["problems"]:
                element = f" [{problem['element']}]" if problem["element"] else ""
                _say(f"  {problem['severity']}: {problem['code']}{element}: {problem['message']}")
    if not all(report["ok"] for report in reports):
        raise click.exceptions.Exit(1)


def _say(text: str) -> None:
    """Print, also where the terminal has no such letters."""
    encoding = sys.stdout.encoding or "utf-8"
    click.echo(text.encode(encoding, "replace").decode(encoding))


def _report(path: Path, level: Level) -> dict[str, Any]:
    problems = _problems(path, level)
    return {
        # a name that is no UTF-8 is shown with question marks: JSON cannot hold it
        "file": os.fsencode(path).decode("utf-8", "replace"), "level": level, "ok": not blocking(problems),
        "problems": [_told(problem) for problem in problems],
    }  # fmt: skip


def _told(problem: Problem) -> dict[str, Any]:
    """element: its id, None = the whole file, or its XML, where the message begins with line:column."""
    is_position = _LINE_AND_COLUMN.fullmatch(problem.place) is not None
    return {
        "code": problem.code, "severity": problem.severity,
        "element": None if is_position else problem.place or None,
        "message": f"{problem.place}: {problem.text()}" if is_position else problem.text(),
    }  # fmt: skip


def _opened(path: Path) -> AbstractContextManager[BinaryIO]:
    """The file, or standard input, which stays open: the program's own."""
    return nullcontext(sys.stdin.buffer) if str(path) == "-" else path.open("rb")


def _problems(path: Path, level: Level) -> tuple[Problem, ...]:
    """Every problem of a file; also that it cannot be read, and that this program fails at it."""
    try:
        with _opened(path) as file:
            data = file.read(_SIZE_MAX + 1)
    except OSError as error:
        return (
            Problem("unreadable", "The file cannot be read: %(reason)s", severity="fatal",
                    params={"reason": error.strerror or str(error)}),
        )  # fmt: skip
    try:
        return _lint_bytes(data, level)
    except Exception as error:  # noqa: BLE001 (whatever a file brings, the other files get their report)
        return (
            Problem("lint-failed", "RUN failed to read the file (%(reason)s). Please send it to us.",
                    severity="fatal", params={"reason": type(error).__name__}),
        )  # fmt: skip


@click.command("feel")
@click.argument("expression")
@click.option("--context", default="{}", help='Values as JSON, such as {"households": 20}.')
def feel_command(expression: str, context: str) -> None:
    """Evaluate a FEEL expression."""
    try:
        values = json.loads(context, parse_float=Decimal, parse_constant=_refuse)  # exact, as FEEL is
        json.dumps(values, default=str, ensure_ascii=False).encode()  # half a character has no UTF-8
    except (ValueError, RecursionError) as error:
        raise click.ClickException(f"--context is not JSON: {error}") from error
    if not isinstance(values, dict):
        raise click.ClickException("--context must be a JSON object.")
    outcome = feel.compile(expression, known=frozenset(values)).run(values)
    click.echo(orjson.dumps(_plain(outcome.value), option=orjson.OPT_INDENT_2).decode())
    for warning in outcome.warnings:
        click.echo(f"warning: {warning.text()}", err=True)


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is not a number in JSON")


def _plain(value: Any) -> Any:  # noqa: ANN401  (any FEEL value)
    """Numbers stay numbers where JSON has them exactly; anything without a JSON form is its text."""
    if isinstance(value, Mapping):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(v) for v in value]
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, Decimal) and value.adjusted() < _LONGEST_INTEGER and value == int(value):
        return int(value)
    if isinstance(value, feel.FunctionValue):
        return "function"
    return _range(value) if isinstance(value, feel.Range) else str(value)


def _range(value: feel.Range) -> str:
    """The range as it is written in FEEL; an end that is not there is infinite, as in (< 10)."""
    start, end = (_end(each) for each in (value.start, value.end))
    if value.negated:
        return f"(!= {start})"
    if value.start is UNBOUNDED:
        return f"({'<=' if value.end_included else '<'} {end})"
    if value.end is UNBOUNDED:
        return f"({'>=' if value.start_included else '>'} {start})"
    return f"{'[' if value.start_included else '('}{start}..{end}{']' if value.end_included else ')'}"


def _end(value: Any) -> str:  # noqa: ANN401  (any FEEL value)
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    return str(_plain(value)) if isinstance(value, Decimal) else f'@"{value}"'


COMMANDS = (lint, feel_command)
