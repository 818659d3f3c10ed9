"""Why a decision could not be made.

RunError
└── WorkflowError
    └── DecisionFailed    the model, the input or the limits forbid a value; `problem` says which element and why

What DMN calls null is no error: the value is null and the outcome carries a warning.
"""

from __future__ import annotations

from workflows.errors import WorkflowError
from workflows.problems import Problem


class DecisionFailed(WorkflowError):
    """The decision has no value: several rules hit where one may, an input that is not allowed, a limit.

    problem: its code (`dmn-several-hits`, `dmn-input-not-allowed`, ...), the id of the element as place, and the
    message with the rules or the input.
    """

    code = "decision-failed"
    message = "The decision “%(decision)s” could not be made: %(reason)s"

    def __init__(self, decision: str, problem: Problem) -> None:
        super().__init__(decision=decision, reason=problem.text())
        self.decision = decision
        self.problem = problem

    @property
    def element(self) -> str:
        """The id of the element that failed."""
        return self.problem.place


class CannotDecide(Exception):
    """Raised within an evaluation; becomes DecisionFailed at its edge."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.code)
        self.problem = problem
