"""Why a value is null: the warnings of an evaluation, for the author of the expression."""

from __future__ import annotations

from workflows.problems import Problem


def unknown_name(name: str) -> Problem:
    """A name that neither the context nor the expression has."""
    return Problem("feel-unknown-name", "There is no value named “%(name)s”.", "", "warning", {"name": name})


def wrong_types(operation: str, left: str, right: str) -> Problem:
    """An operation on two types that do not go together."""
    return Problem(
        "feel-wrong-type",
        "“%(operation)s” has no meaning for %(left)s and %(right)s.",
        "",
        "warning",
        {"operation": operation, "left": left, "right": right},
    )


def not_boolean(kind: str) -> Problem:
    """A condition that is neither true nor false."""
    return Problem(
        "feel-not-boolean", "A condition must be true or false, not %(kind)s.", "", "warning", {"kind": kind}
    )


def not_iterable() -> Problem:
    """The source of a for, some or every is no list and no range of whole numbers or dates."""
    return Problem(
        "feel-not-iterable",
        "Only a list, or a range of whole numbers or dates, can be gone through one by one.",
        "",
        "warning",
    )


def out_of_range(operation: str) -> Problem:
    """A result that does not exist (1 / 0), an index outside the list, a number that is too large."""
    return Problem(
        "feel-out-of-range",
        "The result of “%(operation)s” does not exist or is too large.",
        "",
        "warning",
        {"operation": operation},
    )


def no_entry(name: str, kind: str) -> Problem:
    """A path or key that the value does not have."""
    return Problem(
        "feel-no-entry",
        "A value of type %(kind)s has no “%(name)s”.",
        "",
        "warning",
        {"name": name, "kind": kind},
    )


def no_function(name: str) -> Problem:
    """A call of something that is no function."""
    return Problem("feel-no-function", "There is no function “%(name)s”.", "", "warning", {"name": name})


def wrong_arguments(name: str) -> Problem:
    """A call with arguments the function does not take."""
    return Problem(
        "feel-wrong-arguments",
        "The function “%(name)s” cannot be called with these arguments.",
        "",
        "warning",
        {"name": name},
    )


def unusable(kind: str, text: str) -> Problem:
    """A text that does not say what it should."""
    return Problem(
        "feel-unusable-text", "“%(text)s” is no %(kind)s.", "", "warning", {"kind": kind, "text": text[:80]}
    )


def duplicate_entry(name: str) -> Problem:
    """A context with the same entry twice."""
    return Problem(
        "feel-duplicate-entry", "The entry “%(name)s” is there twice.", "", "warning", {"name": name}
    )


def unknown_type(name: str) -> Problem:
    """A type that FEEL does not have."""
    return Problem("feel-unknown-type", "There is no type “%(name)s”.", "", "warning", {"name": name})


def no_clock() -> Problem:
    """now() or today() where the caller gave no time."""
    return Problem("feel-no-clock", "now() and today() are not known here.", "", "warning")
