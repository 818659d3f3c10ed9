"""The decision models of a service package: read together, because they may import each other.

A file is found by its reference, the name of its decision by the ids in it: a business-rule task names a decision,
not a file, so an id stands in one file only.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Final

from workflows.decisions import Decision, Model
from workflows.decisions import read as read_model
from workflows.decisions.lint import lint
from workflows.definitions.model import Definition
from workflows.problems import Problem

REFERENCE: Final = re.compile(r"[a-z][a-z0-9_]{0,63}")
MAX_MODELS: Final = 20


def read(sources: Mapping[str, bytes]) -> tuple[dict[str, Model], list[Problem]]:
    """The models by reference, and every mistake in them; places are "<ref>: <element id>".

    sources: DMN files by reference.
    """
    problems = [_bad_reference(ref) for ref in sorted(sources) if not REFERENCE.fullmatch(ref)]
    if len(sources) > MAX_MODELS:
        problems.append(
            Problem(
                "too-many-decision-models",
                "The service has %(count)s decision models; at most %(limit)s are possible. Put several "
                "decisions into one.",
                params={"count": len(sources), "limit": MAX_MODELS},
            )
        )
    if problems:
        return {}, problems
    models, found = _read_with_imports(sources)
    for ref in sorted(sources):
        problems += (_placed(problem, ref) for problem in found[ref])
        if ref in models:
            problems += (_placed(problem, ref) for problem in lint(models[ref], level="executable"))
    problems += _repeated(models)
    return models, problems


def decisions_of(models: Mapping[str, Model]) -> dict[str, Decision]:
    """Every decision of the models by its id."""
    return {id_: decision for model in models.values() for id_, decision in model.decisions.items()}


def check(definition: Definition, decisions: Mapping[str, Decision]) -> Iterator[Problem]:
    """Every decision that the diagram asks is there."""
    for node in definition.every_node().values():
        if node.decision and node.decision not in decisions:
            yield Problem(
                "decision-not-found",
                "The decision “%(ref)s” is in no decision model of the package, or has mistakes. Add the model, or "
                "choose another decision.",
                place=node.id,
                params={"ref": node.decision},
            )


def _read_with_imports(
    sources: Mapping[str, bytes],
) -> tuple[dict[str, Model], dict[str, tuple[Problem, ...]]]:
    """Each file after those it imports; files that import each other in a circle lack each other."""
    first = {ref: read_model(data) for ref, data in sources.items()}
    found = {ref: reading.problems for ref, reading in first.items()}
    waiting = {ref: reading.model for ref, reading in first.items() if reading.model is not None}
    models: dict[str, Model] = {}
    while waiting:
        missing = {model.declarations.namespace for model in waiting.values()}
        ready = [
            ref
            for ref, model in waiting.items()
            if missing.isdisjoint(each.namespace for each in model.declarations.imports)
        ]
        for ref in sorted(ready or waiting):
            model = waiting.pop(ref)
            if model.declarations.imports:
                reading = read_model(sources[ref], imports=models.values())
                found[ref] = reading.problems
                assert reading.model is not None
                model = reading.model
            models[ref] = model
    return models, found


def _placed(problem: Problem, ref: str) -> Problem:
    return replace(problem, place=f"{ref}: {problem.place}" if problem.place else ref)


def _bad_reference(ref: str) -> Problem:
    return Problem(
        "invalid-decision-reference",
        "The name of the decision model, “%(ref)s”, must begin with a small letter and have only small letters, "
        "digits and _ (at most 64).",
        place=ref,
        params={"ref": ref},
    )


def _repeated(models: Mapping[str, Model]) -> Iterator[Problem]:
    seen: dict[str, str] = {}
    for ref in sorted(models):
        for id_ in models[ref].decisions:
            if id_ in seen:
                yield Problem(
                    "repeated-decision",
                    "The decision “%(id)s” is also in the decision model “%(other)s”. Give it another id.",
                    place=f"{ref}: {id_}",
                    params={"id": id_, "other": seen[id_]},
                )
            seen.setdefault(id_, ref)
