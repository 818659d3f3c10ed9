"""Errors raised by service_library.

RunError
└── LibraryError
    ├── UnknownService   no such service or version is shipped
    ├── UnknownStarter   no such starter is shipped
    └── BrokenService    a shipped service does not assemble; carries all its problems
"""

from __future__ import annotations

from collections.abc import Iterable

from workflows.errors import RunError
from workflows.problems import Problem


class LibraryError(RunError):
    code = "library"
    message = "The service could not be used."


class UnknownService(LibraryError):
    code = "unknown-service"
    message = "There is no service %(service)s in version %(version)s. Choose one of: %(available)s."


class UnknownStarter(LibraryError):
    code = "unknown-starter"
    message = "There is no starter %(name)s. Choose one of: %(available)s."


class BrokenService(LibraryError):
    """A service of the library has mistakes; `problems` has them all."""

    code = "broken-service"
    message = "The service %(service)s %(version)s has %(count)s problem(s): %(first)s"

    def __init__(self, *, service: str, version: str, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        first = self.problems[0].text() if self.problems else ""
        super().__init__(service=service, version=version, count=len(self.problems), first=first)
