"""Scripts of script tasks: lines `name = FEEL`, nothing else.

A line that is empty or begins with // says nothing. Source: BPMN 2.0.2, 10.3.3 (script task), with FEEL alone.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

_ASSIGNMENT: Final = re.compile(r"([^\W\d]\w*)\s*=(?!=)\s*(\S.*)")


@dataclass(frozen=True, slots=True)
class ScriptLine:
    """One line that says something.

    number: counted from 1. name, expression: of an assignment; expression is None when the line is none.
    """

    number: int
    text: str
    name: str = ""
    expression: str | None = None


def split_script(text: str) -> tuple[ScriptLine, ...]:
    """The lines of a script that say something."""
    found: list[ScriptLine] = []
    for number, line in enumerate(map(str.strip, text.splitlines()), start=1):
        if line and not line.startswith("//"):
            match = _ASSIGNMENT.fullmatch(line)
            found.append(
                ScriptLine(number, line) if match is None else ScriptLine(number, line, match[1], match[2])
            )
    return tuple(found)
