"""Errors of FEEL, the expression language of DMN.

FeelError
├── FeelSyntaxError        the text is no FEEL; says where and what was expected
├── FeelLimitExceeded      the expression asks for more than it may: steps, depth, sizes, regular expressions
└── FeelValueUnsupported   the caller's context holds a value FEEL has no type for

What DMN calls an error at evaluation (a wrong type, an unknown name) is no exception: the result is null and
the outcome carries a warning.
"""

from __future__ import annotations

from workflows.errors import WorkflowError


class FeelError(WorkflowError):
    code = "feel"
    message = "The expression could not be used."


class FeelSyntaxError(FeelError):
    """The text is not an expression; `line` and `column` count from 1."""

    code = "feel-syntax"
    message = "Line %(line)s, column %(column)s: expected %(expected)s, found %(found)s."

    def __init__(self, *, line: int, column: int, expected: str, found: str) -> None:
        super().__init__(line=line, column=column, expected=expected, found=found)
        self.line = line
        self.column = column
        self.expected = expected
        self.found = found


class FeelLimitExceeded(FeelError):
    """The expression asks for more than `maximum` of `limit`."""

    code = "feel-limit"
    message = "The expression asks for too much: at most %(maximum)s %(limit)s are allowed. Make it simpler."

    def __init__(self, *, limit: str, maximum: int) -> None:
        super().__init__(limit=limit, maximum=maximum)
        self.limit = limit
        self.maximum = maximum


class FeelValueUnsupported(FeelError):
    code = "feel-value"
    message = "The value of %(name)s cannot be used in an expression: %(kind)s is not a type of FEEL."
