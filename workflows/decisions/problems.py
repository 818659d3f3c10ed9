"""What can be wrong with a decision model, and why a value is null: every message of the package."""

from __future__ import annotations

from workflows.problems import Problem

# Reading


def not_dmn(found: str) -> Problem:
    """The root element is none of DMN 1.1 to 1.5."""
    return Problem(
        "not-dmn",
        "The file is no decision model of DMN 1.1 to 1.5 (it begins with %(found)s). Export it as DMN again.",
        severity="fatal",
        params={"found": found},
    )


def other_version(namespace: str) -> Problem:
    """A decision model, but of a version that is not read."""
    return Problem(
        "dmn-version",
        "The file is a decision model of a version that is not known here (%(namespace)s). Export it as DMN 1.1 "
        "to 1.5.",
        severity="fatal",
        params={"namespace": namespace},
    )


def missing_part(place: str, part: str) -> Problem:
    """An element without what it cannot be without."""
    return Problem(
        "dmn-missing-part",
        "Here the file lacks %(part)s. Complete it in the modeler.",
        place=place,
        params={"part": part},
    )


def duplicate(place: str, name: str) -> Problem:
    """Two elements with one id or one name."""
    return Problem(
        "dmn-duplicate-name",
        "“%(name)s” is there twice. Give each element a name and an id of its own.",
        place=place,
        params={"name": name},
    )


def unresolved(place: str, target: str) -> Problem:
    """A requirement that leads nowhere."""
    return Problem(
        "dmn-unresolved-reference",
        "“%(target)s” is required here, but it is not in the file, nor in the models it imports. "
        "Draw the requirement again.",
        place=place,
        params={"target": target},
    )


def cycle(place: str, names: str) -> Problem:
    """Elements that require each other."""
    return Problem(
        "dmn-cycle",
        "These require each other in a circle: %(names)s. Remove one of the requirements.",
        place=place,
        params={"names": names},
    )


def unsupported(place: str, what: str) -> Problem:
    """An expression that cannot be run."""
    return Problem(
        "dmn-unsupported",
        "%(what)s cannot be run here. Write it in FEEL.",
        place=place,
        params={"what": what},
    )


def invalid_expression(place: str, where: str, text: str, reason: str) -> Problem:
    """A text that is no FEEL."""
    return Problem(
        "dmn-invalid-expression",
        "The expression %(where)s cannot be read: %(text)s. %(reason)s",
        place=place,
        params={"where": where, "text": text[:80], "reason": reason},
    )


def table_shape(place: str, what: str) -> Problem:
    """A decision table that does not fit together."""
    return Problem(
        "dmn-table-shape",
        "The decision table does not fit together: %(what)s.",
        place=place,
        params={"what": what},
    )


def too_many(place: str, what: str, limit: int) -> Problem:
    """More of something than is taken."""
    return Problem(
        "dmn-too-large",
        "There are more than %(limit)s %(what)s here. Divide it into several.",
        place=place,
        params={"limit": limit, "what": what},
    )


def unknown_type(place: str, name: str) -> Problem:
    """A type that neither DMN nor the file has."""
    return Problem(
        "dmn-unknown-type",
        "There is no type “%(name)s”; it is taken as any value. Choose a type of DMN or of this file.",
        place=place,
        severity="warning",
        params={"name": name},
    )


# Why a decision fails


def several_hits(place: str, rules: str) -> Problem:
    """A unique table with several hits."""
    return Problem(
        "dmn-several-hits",
        "The rules %(rules)s hit together, but the hit policy allows one only.",
        place=place,
        params={"rules": rules},
    )


def different_hits(place: str, rules: str) -> Problem:
    """An any table whose hits differ."""
    return Problem(
        "dmn-different-hits",
        "The rules %(rules)s hit together with different results, but the hit policy asks for one result.",
        place=place,
        params={"rules": rules},
    )


def input_not_allowed(place: str, name: str, value: str) -> Problem:
    """An input outside its allowed values."""
    return Problem(
        "dmn-input-not-allowed",
        "The value %(value)s of “%(name)s” is not among the allowed ones.",
        place=place,
        params={"name": name, "value": value},
    )


def output_not_allowed(place: str, name: str, value: str) -> Problem:
    """A result outside the output values of its column."""
    return Problem(
        "dmn-output-not-allowed",
        "The result %(value)s of “%(name)s” is not among the allowed ones.",
        place=place,
        params={"name": name, "value": value},
    )


def over_limit(place: str, reason: str) -> Problem:
    """More steps, levels or sizes than an evaluation may have."""
    return Problem("dmn-limit", "%(reason)s", place=place, params={"reason": reason})


# Why a value is null


def missing_input(place: str, name: str) -> Problem:
    """An input that the caller did not give."""
    return Problem(
        "dmn-missing-input",
        "The input “%(name)s” was not given; it is null.",
        place=place,
        severity="warning",
        params={"name": name},
    )


def wrong_type(place: str, name: str, kind: str, value: str) -> Problem:
    """A value that is not of its declared type."""
    return Problem(
        "dmn-wrong-type",
        "%(name)s must be of the type %(kind)s; %(value)s is not, so it is null.",
        place=place,
        severity="warning",
        params={"name": name, "kind": kind, "value": value},
    )


def no_hit(place: str) -> Problem:
    """No rule, no default."""
    return Problem(
        "dmn-no-hit",
        "No rule of the table hits and it has no default, so the result is null.",
        place=place,
        severity="warning",
    )


def not_aggregable(place: str) -> Problem:
    """A sum of something that has none."""
    return Problem(
        "dmn-not-aggregable",
        "The results of the rules that hit cannot be aggregated, so the result is null.",
        place=place,
        severity="warning",
    )


def no_logic(place: str) -> Problem:
    """A decision that says nothing of how it is made."""
    return Problem(
        "dmn-missing-logic",
        "The decision has no logic, so it is always null. Give it a decision table or an expression.",
        place=place,
        severity="warning",
    )
