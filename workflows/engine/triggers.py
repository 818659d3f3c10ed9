"""What a catching event waits for (BPMN 2.0.2, 10.5.5).

Idea: an event that needs the data to know what it waits for is armed in a step of its own, because that may
fail. What was found is noted with its task: `due` (and `cycle`) of a timer, `key` of a message, `held` of a
condition.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

from workflows.definitions.model import EventKind
from workflows.engine.cycles import Cycle, cycle, is_cycle
from workflows.engine.errors import ExpressionFailed
from workflows.engine.expressions import Context, Expression, due_at, key_of, shortened, timer_text

Notes = Mapping[str, Any]


class Trigger:
    """Base of all.

    kind: as in the model. name: of the message, signal, error or escalation.
    """

    kind: ClassVar[EventKind]
    name: str = ""

    @property
    def arms(self) -> bool:
        """Whether something is to be found before the waiting begins."""
        return False

    @property
    def evaluates(self) -> bool:
        """Whether finding it evaluates FEEL."""
        return False

    @property
    def watches(self) -> frozenset[str]:
        """The names whose change it looks at."""
        return frozenset()

    def armed(self, context: Context) -> dict[str, Any]:
        """What to note before waiting; raises ExpressionFailed."""
        return {}

    def again(self, notes: Notes, now: datetime) -> dict[str, Any] | None:
        """What to note to wait once more after it happened; None = it does not happen again."""
        return {}


@dataclass(frozen=True)
class TimerTrigger(Trigger):
    """A moment or a cycle: ISO 8601 text, or the FEEL expression that gives it."""

    node_id: str
    text: str
    expression: Expression | None
    kind = "timer"

    @property
    def arms(self) -> bool:
        return True

    @property
    def evaluates(self) -> bool:
        return self.expression is not None

    def armed(self, context: Context) -> dict[str, Any]:
        """When the timer falls due if it starts now."""
        value = self.text if self.expression is None else self.expression.value(context)
        text = timer_text(value)
        try:
            if not is_cycle(text):
                return {"due": due_at(value, context.now).isoformat()}
            first = cycle(text, context.now)
            return {"due": first.due.isoformat(), "cycle": first.noted()}
        except OverflowError as error:
            raise self._failure("it lies too far in the future") from error
        except ValueError as error:
            raise self._failure(str(error)) from error

    def _failure(self, why: str) -> ExpressionFailed:
        return ExpressionFailed(node=self.node_id, expression=shortened(self.text), why=why)

    def again(self, notes: Notes, now: datetime) -> dict[str, Any] | None:
        """The next occurrence of a cycle; a single moment does not come again."""
        if "cycle" not in notes:
            return None
        following = Cycle.from_noted(notes["cycle"]).after(now)
        return None if following is None else {"due": following.due.isoformat(), "cycle": following.noted()}


@dataclass(frozen=True)
class MessageTrigger(Trigger):
    """A message; key: tells which of its name is meant, None = any."""

    name: str
    key: Expression | None = None
    kind = "message"

    @property
    def arms(self) -> bool:
        return self.key is not None

    @property
    def evaluates(self) -> bool:
        return self.key is not None

    def armed(self, context: Context) -> dict[str, Any]:
        return {} if self.key is None else {"key": key_of(self.key, context)}

    def again(self, notes: Notes, now: datetime) -> dict[str, Any] | None:
        return {"key": notes["key"]} if "key" in notes else {}


@dataclass(frozen=True)
class SignalTrigger(Trigger):
    name: str
    kind = "signal"


@dataclass(frozen=True)
class ErrorTrigger(Trigger):
    """An error from inside, which always interrupts; name "" = any."""

    name: str
    kind = "error"


@dataclass(frozen=True)
class EscalationTrigger(Trigger):
    """An escalation from inside; name "" = any."""

    name: str
    kind = "escalation"


@dataclass(frozen=True)
class CancelTrigger(Trigger):
    """The cancelling of the transaction it is attached to."""

    kind = "cancel"


@dataclass(frozen=True)
class ConditionTrigger(Trigger):
    """The data come to fulfil a condition: at once when they do already, again after they did not."""

    condition: Expression
    kind = "conditional"

    @property
    def arms(self) -> bool:
        return True

    @property
    def evaluates(self) -> bool:
        return True

    @property
    def watches(self) -> frozenset[str]:
        return self.condition.names

    def again(self, notes: Notes, now: datetime) -> dict[str, Any] | None:
        return {"held": True}
