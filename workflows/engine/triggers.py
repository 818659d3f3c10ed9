"""What a catching event waits for (BPMN 2.0.2, 10.5.5)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from workflows.engine.errors import ExpressionFailed
from workflows.engine.expressions import Context, Expression, due_at, shortened


@dataclass(frozen=True, slots=True)
class TimerTrigger:
    """A moment: ISO 8601 text, or the FEEL expression that gives it."""

    node_id: str
    text: str
    expression: Expression | None

    def due(self, context: Context) -> datetime:
        """When the timer falls due if it starts now; raises ExpressionFailed."""
        value = self.text if self.expression is None else self.expression.value(context)
        try:
            return due_at(value, context.now)
        except ValueError as error:
            raise ExpressionFailed(
                node=self.node_id, expression=shortened(self.text), why=str(error)
            ) from error


@dataclass(frozen=True, slots=True)
class MessageTrigger:
    name: str


@dataclass(frozen=True, slots=True)
class ErrorTrigger:
    """An error of the sub-process it is attached to; name "" = any."""

    name: str


Trigger = TimerTrigger | MessageTrigger | ErrorTrigger
