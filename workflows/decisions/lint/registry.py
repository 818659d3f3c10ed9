"""The codes of lint for decision models and how bad each is. One page each: docs/reference/lint/<code>.md.

As for diagrams (`workflows.definitions.lint`): preview is a model that is looked at and discussed, executable one
that decides in a published service.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Final

from workflows.decisions.model import Model
from workflows.definitions.lint.registry import Level, LintRule
from workflows.problems import Problem, Severity

__all__ = ["DECISION_RULES", "READING_CODES", "Level", "LintRule", "Rule"]

Rule = Callable[[Model], Iterator[Problem]]
"""Looks for some kinds of mistakes; the severity of what it yields is set by `DECISION_RULES`."""

READING_CODES: Final = frozenset(
    {
        "not-dmn",
        "dmn-cycle",
        "dmn-duplicate-name",
        "dmn-invalid-expression",
        "dmn-missing-part",
        "dmn-table-shape",
        "dmn-too-large",
        "dmn-unknown-type",
        "dmn-unresolved-reference",
        "dmn-unsupported",
        "dmn-version",
    }
)
"""Told by `read`, at every level alike."""

_E: Final = "error"
_W: Final = "warning"
_I: Final = "info"

_TABLE: Final[Mapping[str, tuple[Severity | None, Severity | None]]] = {
    # decision tables
    "dmn-gap": (_W, _W),
    "dmn-not-analysed": (_I, _I),
    "dmn-overlap": (_W, _E),
    "dmn-overlap-agreeing": (_I, _W),
    "dmn-result-not-allowed": (_W, _E),
    "dmn-too-complex": (_W, _W),
    "dmn-unreachable-rule": (_W, _W),
    "dmn-without-priority": (_W, _E),
    # the model
    "dmn-missing-logic": (_I, _W),
    "dmn-unknown-name": (_W, _E),
    "dmn-unused-input": (_I, _I),
}
DECISION_RULES: Final[Mapping[str, LintRule]] = MappingProxyType(
    {code: LintRule(code, preview, executable) for code, (preview, executable) in _TABLE.items()}
)
