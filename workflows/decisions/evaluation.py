"""One evaluation of a decision: the bounds of FEEL for all of it, values only from where they are required.

A decision sees what its requirements give it and nothing else, so `load` finds no name: the caller's values
come in through `Source` only, as input data.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from workflows.decisions import problems
from workflows.feel.evaluation import Evaluation, Limits
from workflows.feel.nulls import unknown_name
from workflows.feel.values import FeelValue
from workflows.problems import Problem

_MISSING: Final = object()
_TRACED_LIMIT: Final = 200


@dataclass(frozen=True, slots=True)
class TableHit:
    """How a decision table was answered.

    place: the id of the table. inputs: label and value of each column. rules: numbers (from 1) and ids of
    the rules that hit, also where the hit policy then took one of them.
    """

    place: str
    inputs: tuple[tuple[str, FeelValue], ...]
    rules: tuple[tuple[int, str], ...]


class DecisionRun(Evaluation):
    """The state of one evaluation of a decision and all it requires."""

    __slots__ = ("place", "tables")

    def __init__(self, limits: Limits, now: datetime.datetime | None, *, traced: bool) -> None:
        super().__init__({}, limits, now)
        self.place = ""
        self.tables: list[TableHit] | None = [] if traced else None

    def load(self, name: str, otherwise: FeelValue = _MISSING) -> FeelValue:
        """No name is known but those of the requirements."""
        return otherwise if otherwise is not _MISSING else self.null(unknown_name(name))

    def null(self, problem: Problem) -> Any:  # noqa: ANN401 - so that callers can return it as their null
        """Record why the value is null, and where."""
        return super().null(problem if problem.place else replace(problem, place=self.place))

    def trace(self, hit: TableHit) -> None:
        """Remember how a table was answered, when somebody asked for it."""
        if self.tables is not None and len(self.tables) < _TRACED_LIMIT:
            self.tables.append(hit)


class Source:
    """The caller's values, converted where a decision reads them, each once."""

    __slots__ = ("_given", "_values")

    def __init__(self, context: Mapping[str, Any], limits: Limits) -> None:
        self._given = Evaluation(context, limits, None)
        self._values: dict[tuple[str, ...], FeelValue] = {}

    def read(self, run: DecisionRun, path: tuple[str, ...], place: str) -> FeelValue:
        """The value of an input; of an imported one from the context of its model, else by its name alone.

        Null and a warning when it is missing. Raises FeelValueUnsupported, FeelLimitExceeded.
        """
        if path not in self._values:
            self._values[path] = self._read(run, path, place)
        return self._values[path]

    def _read(self, run: DecisionRun, path: tuple[str, ...], place: str) -> FeelValue:
        value = self._given.load(path[0], _MISSING)
        for name in path[1:]:
            value = value.get(name, _MISSING) if type(value) is dict else _MISSING
        if value is _MISSING and len(path) > 1:
            value = self._given.load(path[-1], _MISSING)
        return run.null(problems.missing_input(place, path[-1])) if value is _MISSING else value
