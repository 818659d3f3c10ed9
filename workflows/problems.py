"""A mistake of an author, as a value.

A broken diagram, form, price list or bank file is not an exception of the program: its author wants all
mistakes at once, each with its place and what to do. Every checker of the house returns `Problem`s.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Severity = Literal["fatal", "error", "warning", "info"]
"""fatal: could not be read at all; error: cannot be used; warning: can be used, look at it; info: good to know."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake and where it is.

    code: stable machine name in kebab-case, the last part of its documentation page.
    message: English gettext msgid with %(name)s places that says what is wrong and what to do.
    params: values for the places; safe to show.
    place: where in the input: a BPMN element id, "row 12, column amount", an XPath, "line 3:14"; "" = the whole.
    severity: see `Severity`.
    """

    code: str
    message: str
    place: str = ""
    severity: Severity = "error"
    params: Mapping[str, Any] = field(default_factory=dict)

    def text(self, translate: Mapping[str, str] | None = None) -> str:
        """Fill the message; `translate` maps the English msgid to another language, also of the words in params."""
        if translate is None:
            return self.message % self.params if self.params else self.message
        template = translate.get(self.message, self.message)
        values = {k: translate.get(v, v) if isinstance(v, str) else v for k, v in self.params.items()}
        return template % values if values else template

    def as_json(self) -> dict[str, Any]:
        return {
            "code": self.code,
            "severity": self.severity,
            "place": self.place,
            "message": self.text(),
            "params": {key: str(value) for key, value in self.params.items()},
        }


def blocking(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """Those of the problems that forbid to use the input (fatal and error)."""
    return tuple(p for p in problems if p.severity in ("fatal", "error"))
