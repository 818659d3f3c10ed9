"""What hinders the execution of a definition, as problems.

Idea: lint decides what is executed (`workflows.definitions.lint`, codes that hinder), and the engine runs that
and nothing else: what may be published is what can be run. Soundness, style and the domain's rules are looked
at before publishing only.
"""

from __future__ import annotations

from workflows.definitions.lint import hindrances
from workflows.definitions.model import Definition
from workflows.problems import Problem


def check(definition: Definition) -> tuple[Problem, ...]:
    """Everything that hinders the execution of the definition and of what it calls."""
    return hindrances(definition)
