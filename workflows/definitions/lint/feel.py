"""Asking FEEL about a text, for the rules."""

from __future__ import annotations

from typing import Final

from workflows import feel

LONGEST: Final = 10_000
"""Characters of an expression that the engine compiles."""


def fault(text: str) -> str:
    """Why `text` is no FEEL expression, in English; "" when it is one."""
    if len(text) > LONGEST:
        return "It is too long."
    try:
        feel.compile(text)
    except feel.FeelError as error:
        return str(error)
    return ""


def is_feel(text: str) -> bool:
    """Whether `text` is a FEEL expression."""
    return not fault(text)


def names(text: str) -> frozenset[str]:
    """The variables a valid expression reads."""
    return frozenset(feel.compile(text).names)
