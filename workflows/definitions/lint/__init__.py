"""All that an expert should mend in a definition, at once, each with its element.

Idea: rules are plain functions `(Subject) -> problems`; what is bad at which level is one table
(`LINT_RULES`), so that a diagram of any tool can be looked at and priced (`preview`) and only a complete one
is published (`executable`). The engine refuses what the same rules find (`hindrances`), so that the two
cannot disagree. Each code has a page in docs/reference/lint.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import replace
from typing import Final

from workflows.definitions.lint import (
    constants,
    constructs,
    drawing,
    events,
    expressions,
    progress,
    task_cards,
    timers,
)
from workflows.definitions.lint.registry import LINT_RULES, Level, LintRule, Rule, Subject, subjects
from workflows.definitions.lint.thrown import family
from workflows.definitions.model import LANGUAGES, Definition
from workflows.problems import Problem

__all__ = ["LINT_RULES", "Level", "LintRule", "hindrances", "lint"]

_EXECUTION: Final[tuple[Rule, ...]] = (
    *drawing.RULES,
    *constructs.RULES,
    *events.RULES,
    *timers.RULES,
    *expressions.EXECUTION_RULES,
)
"""What decides whether the engine can run a process."""
_RULES: Final[tuple[Rule, ...]] = (
    *_EXECUTION,
    *constants.RULES,
    *expressions.COST_RULES,
    *progress.RULES,
    *task_cards.RULES,
)
"""Looked at in the main process and in every process it calls."""
_ONCE: Final[tuple[Rule, ...]] = (*drawing.FILE_RULES, *constructs.FILE_RULES)
_MAIN: Final[tuple[Rule, ...]] = (*drawing.MAIN_RULES, *task_cards.MAIN_RULES)


def lint(
    definition: Definition,
    *,
    level: Level,
    decisions: Collection[str] | None = None,
    languages: Collection[str] = LANGUAGES,
) -> tuple[Problem, ...]:
    """Every problem of the definition and of what it calls, in the order of the diagram; place = element id.

    decisions: ids of the decisions of the package, to know those that are asked for in vain. languages: those that
    every text must be there in.
    """
    order: dict[str, int] = {}
    for each in family(definition).values():
        for element in (each.process_id, *each.nodes, *each.flows):
            order.setdefault(element, len(order))
    found = list(_found(subjects(definition, decisions=decisions, languages=languages), level))
    return tuple(sorted(found, key=lambda problem: order.get(problem.place, len(order))))


def hindrances(definition: Definition) -> tuple[Problem, ...]:
    """What the engine cannot run in the definition and what it calls; empty when it can be run."""
    everything = subjects(definition)
    found = [problem for rule in _ONCE for problem in rule(everything[0])]
    found += [problem for each in everything for rule in _EXECUTION for problem in rule(each)]
    return tuple(replace(problem, severity="error") for problem in found if LINT_RULES[problem.code].hinders)


def _found(everything: tuple[Subject, ...], level: Level) -> Iterator[Problem]:
    main = everything[0]
    rules = [(rule, main) for rule in (*_ONCE, *_MAIN)]
    rules += [(rule, subject) for subject in everything for rule in _RULES]
    for rule, subject in rules:
        for problem in rule(subject):
            severity = LINT_RULES[problem.code].severity(level)
            if severity is not None:
                yield replace(problem, severity=severity)
