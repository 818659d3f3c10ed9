"""Lint says of each diagram of the corpus what its report says; vitest holds the browser's rules to the same reports."""

import json
import re
from pathlib import Path

import pytest

from tests.lint_corpus import FOLDER, diagrams, report, written
from workflows.definitions.lint import LINT_RULES
from workflows.definitions.lint.events import EXECUTED
from workflows.definitions.read import READING_CODES

ROOT = Path(__file__).parents[2]
RULES = ROOT / "server/frontend/src/modeler/lint/rules"
NOT_IN_A_SMALL_DIAGRAM = {"diagram-too-large", "too-complex", "xml-too-large"}
NOT_IN_A_DIAGRAM_ALONE = {"unknown-decision"}
"""Needs the DMN files beside it."""


@pytest.mark.parametrize("diagram", diagrams(), ids=lambda path: path.stem)
def test_a_diagram_is_reported_as_agreed(diagram: Path) -> None:
    kept = diagram.with_suffix(".json").read_text("utf-8")
    assert written(report(diagram)) == kept, "run `python -m tests.lint_corpus` and review the difference"


def test_every_diagram_has_its_report_and_every_report_its_diagram() -> None:
    assert {path.stem for path in FOLDER.glob("*.json")} == {path.stem for path in diagrams()}


def test_every_code_that_a_diagram_can_have_is_in_the_corpus() -> None:
    reports = [json.loads(path.read_text("utf-8")) for path in FOLDER.glob("*.json")]
    found = {problem["code"] for each in reports for problem in each["executable"]}
    assert found == (set(LINT_RULES) | READING_CODES) - NOT_IN_A_SMALL_DIAGRAM - NOT_IN_A_DIAGRAM_ALONE


def test_the_browser_knows_the_severities_of_the_server() -> None:
    severities = json.loads((RULES / "severities.json").read_text("utf-8"))
    assert severities == {
        code: [LINT_RULES[code].preview, LINT_RULES[code].executable] for code in sorted(severities)
    }


def test_the_browser_says_what_the_server_says() -> None:
    """So that one translation serves both."""
    sources = "".join(path.read_text("utf-8") for path in (ROOT / "workflows/definitions/lint").glob("*.py"))
    texts = re.sub(r'"\s*\n\s*"', "", sources)
    for rules in set(RULES.glob("*.js")) - {RULES / "words.js"}:
        for text in re.findall(r"N_\('((?:[^'\\]|\\.)*)'\)", rules.read_text("utf-8")):
            assert text.replace("\\'", "'") in texts, text


def test_the_words_of_the_findings_are_known_to_the_translators() -> None:
    words = set(re.findall(r"N_\('([^']+)'\)", (RULES / "words.js").read_text("utf-8")))
    assert words >= set(EXECUTED) | {"code", "request", "response", "evaluation", "title"}
    assert words >= {event for events in EXECUTED.values() for event in events} - {"none"}
