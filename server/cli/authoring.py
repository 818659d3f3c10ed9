"""For authors, without an installation: lint a diagram, evaluate an expression."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import click
import orjson

from workflows import feel
from workflows.decisions import read as read_decisions
from workflows.decisions.lint import lint as lint_decisions
from workflows.definitions.lint import lint as lint_definition
from workflows.definitions.read import read
from workflows.problems import Problem, blocking

_FORMAT = click.option(
    "--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True
)
_SIZE_MAX = 30_000_000


def _lint_bytes(data: bytes, level: Literal["preview", "executable"]) -> tuple[Problem, ...]:
    decisions = read_decisions(data)
    if decisions.model is not None:
        return (*decisions.problems, *lint_decisions(decisions.model, level=level))
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
def lint(files: tuple[Path, ...], level: Literal["preview", "executable"], form: str) -> None:
    """Check BPMN diagrams and DMN decision models: can they be drawn and costed (preview), or run (executable)?"""
    reports = [_report(path, level) for path in files]
    if form == "json":
        click.echo(orjson.dumps(reports, option=orjson.OPT_INDENT_2).decode())
    else:
        for report in reports:
            click.echo(f"{report['file']}: {'ok' if report['ok'] else 'not ' + level}")
            for problem in report["problems"]:
                element = f" [{problem['element']}]" if problem["element"] else ""
                click.echo(f"  {problem['severity']}: {problem['code']}{element}: {problem['message']}")
    if not all(report["ok"] for report in reports):
        raise click.exceptions.Exit(1)


def _report(path: Path, level: Literal["preview", "executable"]) -> dict[str, Any]:
    try:
        if path.stat().st_size > _SIZE_MAX:
            problems: tuple[Problem, ...] = (
                Problem("file-too-large", "The file is too large.", severity="fatal"),
            )
        else:
            problems = _lint_bytes(path.read_bytes(), level)
    except OSError as error:
        problems = (
            Problem("unreadable", "The file cannot be read: %(reason)s", severity="fatal",
                    params={"reason": error.strerror or str(error)}),
        )  # fmt: skip
    return {
        "file": str(path), "level": level, "ok": not blocking(problems),
        "problems": [
            {"code": p.code, "severity": p.severity, "element": p.place, "message": p.text()} for p in problems
        ],
    }  # fmt: skip


@click.command("feel")
@click.argument("expression")
@click.option("--context", default="{}", help='Values as JSON, such as {"households": 20}.')
def feel_command(expression: str, context: str) -> None:
    """Evaluate a FEEL expression."""
    try:
        values = orjson.loads(context)
    except orjson.JSONDecodeError as error:
        raise click.ClickException(f"--context is not JSON: {error}") from error
    if not isinstance(values, dict):
        raise click.ClickException("--context must be a JSON object.")
    outcome = feel.compile(expression, known=frozenset(values)).run(values)
    click.echo(orjson.dumps(_plain(outcome.value), option=orjson.OPT_INDENT_2).decode())
    for warning in outcome.warnings:
        click.echo(f"warning: {warning.text()}", err=True)


def _plain(value: Any) -> Any:  # noqa: ANN401  (any FEEL value)
    """Numbers stay numbers where JSON has them exactly; anything without a JSON form is its text."""
    if isinstance(value, Mapping):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(v) for v in value]
    if value is None or isinstance(value, (bool, int, str)):
        return value
    text = str(value)
    try:
        return int(text)
    except ValueError:
        return text


COMMANDS = (lint, feel_command)
