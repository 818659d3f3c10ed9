"""All that an expert should mend in a decision model, beyond what reading it tells.

Idea: rules are plain functions `(Model) -> problems`, how bad each is stands in one table (`DECISION_RULES`), as
for diagrams. Each code has a page in docs/reference/lint.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from workflows.decisions.lint import requirements, tables
from workflows.decisions.lint.registry import DECISION_RULES, READING_CODES, Level, LintRule, Rule
from workflows.decisions.model import Model, places_of
from workflows.problems import Problem

__all__ = ["DECISION_RULES", "READING_CODES", "Level", "LintRule", "lint"]

_RULES: Final[tuple[Rule, ...]] = (*requirements.RULES, *tables.RULES)


def lint(model: Model, *, level: Level) -> tuple[Problem, ...]:
    """Every problem of the model at that level, in the order of the file; place = element id."""
    order = {place: number for number, place in enumerate(places_of(model.declarations))}
    return tuple(sorted(_found(model, level), key=lambda problem: order.get(problem.place, len(order))))


def _found(model: Model, level: Level) -> Iterator[Problem]:
    for rule in _RULES:
        for problem in rule(model):
            severity = DECISION_RULES[problem.code].severity(level)
            if severity is not None:
                yield replace(problem, severity=severity)
