"""Errors raised by forms.

RunError
└── FormError
    ├── InvalidForm       an XForm cannot be used; carries all its problems
    ├── XPathError        an expression cannot be parsed or evaluated
    │   └── XPathLimit    an expression costs more than one submission may cost
    ├── RegexError        a regular expression is not one of ours
    ├── UnknownQuestion   an answer or a prefilled value names no question of the form
    └── AnswerRefused     an answer cannot be written into a submission
"""

from __future__ import annotations

from collections.abc import Iterable

from workflows.errors import RunError
from workflows.problems import Problem


class FormError(RunError):
    code = "form"
    message = "The form could not be used."


class InvalidForm(FormError):
    """The XForm has mistakes that forbid to use it; `problems` has them all."""

    code = "invalid-form"
    message = "The form has %(count)s problem(s) that must be fixed first: %(first)s"

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        first = self.problems[0].text() if self.problems else ""
        super().__init__(count=len(self.problems), first=first)


class XPathError(FormError):
    code = "xpath"
    message = "The expression %(expression)s cannot be evaluated: %(reason)s"


class XPathLimit(XPathError):
    code = "xpath-limit"
    message = "The expression %(expression)s costs too much to evaluate: %(reason)s"


class RegexError(FormError):
    code = "regex"
    message = "The regular expression %(pattern)s cannot be used: %(reason)s"


class UnknownQuestion(FormError):
    code = "unknown-question"
    message = "The form %(form)s has no question %(question)s; check its name."


class AnswerRefused(FormError):
    code = "answer-refused"
    message = "The answer to %(question)s cannot be written into the form: %(reason)s"
