"""All that an expert should mend in a definition, at once, each with its element.

Idea: rules are plain functions `(Subject) -> problems`; what is bad at which level is one table
(`LINT_RULES`), so that a diagram of any tool can be looked at and priced (`preview`) and only a complete one
is published (`executable`). Each code has a page in docs/reference/lint.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from workflows.definitions.lint import constructs, drawing, expressions, progress, task_cards
from workflows.definitions.lint.registry import LINT_RULES, Level, LintRule, Rule, Subject
from workflows.definitions.model import Definition
from workflows.problems import Problem

__all__ = ["LINT_RULES", "Level", "LintRule", "lint"]

_RULES: Final[tuple[Rule, ...]] = (
    *drawing.RULES,
    *constructs.RULES,
    *expressions.RULES,
    *progress.RULES,
    *task_cards.RULES,
)


def lint(definition: Definition, *, level: Level) -> tuple[Problem, ...]:
    """Every problem of the definition at that level, in the order of the diagram; place = element id."""
    order = {definition.process_id: -1}
    order |= {element: index for index, element in enumerate((*definition.nodes, *definition.flows))}
    found = list(_found(Subject(definition), level))
    return tuple(sorted(found, key=lambda problem: order.get(problem.place, len(order))))


def _found(subject: Subject, level: Level) -> Iterator[Problem]:
    for rule in _RULES:
        for problem in rule(subject):
            severity = LINT_RULES[problem.code].severity(level)
            if severity is not None:
                yield replace(problem, severity=severity)
