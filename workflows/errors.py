"""Errors raised by workflows, and the base class all packages share.

RunError
├── WorkflowError
│   ├── InvalidInput        an author's input cannot be used; carries all its problems
│   ├── FeelError           (workflows.feel)
│   └── EngineError         (workflows.engine)
├── forms.errors.FormError
├── pricing.errors.PricingError
├── payments.errors.PaymentError
├── service_library.errors.LibraryError
└── server.errors.ServerError
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from workflows.problems import Problem


class RunError(Exception):
    """Root of every error of the house.

    code: stable machine name, also the last part of the RFC 9457 problem type.
    message: English gettext msgid with %(name)s places: what happened and what to do.
    params: values for the places; safe to show to the user.
    """

    code: ClassVar[str] = "error"
    message: ClassVar[str] = "Something went wrong."

    def __init__(self, **params: object) -> None:
        super().__init__(self.message % params if params else self.message)
        self.params = params


class WorkflowError(RunError):
    code = "workflow"
    message = "The workflow could not be used."


class InvalidInput(WorkflowError):
    """The input has mistakes that forbid to use it; `problems` has them all."""

    code = "invalid-input"
    message = "%(count)s problem(s) must be fixed first: %(first)s"

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        first = self.problems[0].text() if self.problems else ""
        super().__init__(count=len(self.problems), first=first)
