"""The corpus of small diagrams with the report that lint must give of each, shared by pytest and vitest.

tests/fixtures/lint_corpus has for each `<name>.bpmn` a `<name>.json`: for both levels the problems in their order,
each with its code, severity and element. Whoever changes a rule writes the reports again with

    python -m tests.lint_corpus

and reviews the difference like code: a report that changed is a promise that changed.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, get_args

from workflows.definitions.lint import Level, lint
from workflows.definitions.read import read

FOLDER = Path(__file__).parent / "fixtures" / "lint_corpus"
LEVELS: tuple[Level, ...] = get_args(Level)


def diagrams() -> list[Path]:
    """Every diagram of the corpus, by name."""
    return sorted(FOLDER.glob("*.bpmn"))


def report(diagram: Path) -> dict[str, Any]:
    """What reading and lint find in a diagram, by level."""
    reading = read(diagram.read_bytes())
    found = {}
    for level in LEVELS:
        problems = reading.problems
        if reading.definition is not None:
            problems += lint(reading.definition, level=level)
        found[level] = [{"code": p.code, "severity": p.severity, "element": p.place} for p in problems]
    return found


def written(value: dict[str, Any]) -> str:
    """A report as it is kept: one problem on a line, so that a difference shows what changed."""
    levels = []
    for level, problems in value.items():
        lines = ",\n".join(f"    {json.dumps(each, ensure_ascii=False)}" for each in problems)
        levels.append(f'  "{level}": [\n{lines}\n  ]' if problems else f'  "{level}": []')
    return "{\n" + ",\n".join(levels) + "\n}\n"


def main() -> None:
    """Write every report again."""
    for diagram in diagrams():
        diagram.with_suffix(".json").write_text(written(report(diagram)), "utf-8")


if __name__ == "__main__":
    main()
