"""Rules for decision tables: no gaps, no overlaps, no rule in vain, every result allowed."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Final

from workflows.decisions.boxed import TableSource
from workflows.decisions.columns import written
from workflows.decisions.declarations import LiteralExpression
from workflows.decisions.lint.geometry import Geometry, TooComplexError
from workflows.decisions.lint.registry import Rule
from workflows.decisions.model import Model
from workflows.decisions.tables import Output
from workflows.feel import syntax
from workflows.feel.errors import FeelError
from workflows.feel.evaluation import DEFAULT_LIMITS, Evaluation, Scope
from workflows.feel.parser import parse_expression
from workflows.problems import Problem

_TOLD: Final = 10
"""Gaps, and overlaps, told of one table."""


def gaps_and_overlaps(model: Model) -> Iterator[Problem]:
    """Exactly one rule where one is asked for, at least one where there is no default."""
    for source in model.tables:
        if len(source.table.rules) and not _fits_together(source):
            continue
        geometry = Geometry(source)
        yield from _impossible(geometry)
        try:
            yield from _overlaps(geometry)
            yield from _gaps(geometry)
            yield from _masked(geometry)
        except TooComplexError:
            yield Problem(
                "dmn-too-complex",
                "The decision table is too complex to look for all gaps and overlaps. Divide it into several.",
                place=source.table.place,
            )
        if geometry.opaque:
            yield Problem(
                "dmn-not-analysed",
                "Cells of %(columns)s are computed or of several types, so gaps and overlaps that depend on them "
                "are not found. Compare with constants where you can.",
                place=source.table.place,
                params={"columns": ", ".join(f"“{label}”" for label in geometry.opaque)},
            )


def _fits_together(source: TableSource) -> bool:
    return all(len(cells) == len(source.table.rules) for cells in source.cells)


def _impossible(geometry: Geometry) -> Iterator[Problem]:
    rules = geometry.source.table.rules
    for rule, label in geometry.impossible():
        yield Problem(
            "dmn-unreachable-rule",
            "Rule %(rule)s can never hit: no allowed value of “%(column)s” passes its cell. Correct the cell, or "
            "remove the rule.",
            place=rules[rule].place,
            params={"rule": rule + 1, "column": label},
        )


def _overlaps(geometry: Geometry) -> Iterator[Problem]:
    table = geometry.source.table
    if table.hit_policy not in ("U", "A"):
        return
    meanings = [tuple(_meaning(cell) for cell in rule.conclusions) for rule in table.rules]
    found = (
        overlap
        for overlap in geometry.overlaps()
        if table.hit_policy == "U" or meanings[overlap[0]] != meanings[overlap[1]]
    )
    for first, second, box in islice(found, _TOLD):
        agree = meanings[first] == meanings[second]
        params = {"first": first + 1, "second": second + 1, "values": geometry.text(box)}
        place = table.rules[second].place
        if agree:
            yield Problem(
                "dmn-overlap-agreeing",
                "The rules %(first)s and %(second)s both hit for %(values)s, with the same result. Merge them, or "
                "choose the hit policy Any.",
                place=place,
                params=params,
            )
        else:
            yield Problem(
                "dmn-overlap",
                "The rules %(first)s and %(second)s both hit for %(values)s, with different results. Change one of "
                "them, or choose another hit policy.",
                place=place,
                params=params,
            )


def _meaning(cell: LiteralExpression) -> syntax.Node | str:
    try:
        return parse_expression(cell.text)
    except (FeelError, RecursionError):
        return cell.text


def _gaps(geometry: Geometry) -> Iterator[Problem]:
    table = geometry.source.table
    has_default = any(output.default is not None for output in table.outputs)
    may_miss = table.hit_policy in ("R", "O") or (table.hit_policy == "C" and not table.aggregation)
    if has_default or may_miss:
        return
    for box in geometry.gaps(_TOLD):
        yield Problem(
            "dmn-gap",
            "No rule hits for %(values)s, and there is no default: the result is null. Add a rule, or a default.",
            place=table.place,
            params={"values": geometry.text(box)},
        )


def _masked(geometry: Geometry) -> Iterator[Problem]:
    table = geometry.source.table
    if table.hit_policy != "F":
        return
    impossible = {rule for rule, _ in geometry.impossible()}
    for rule in range(1, geometry.count):
        if rule not in impossible and geometry.is_covered(rule):
            yield Problem(
                "dmn-unreachable-rule",
                "Rule %(rule)s can never hit: the rules before it have all its values. Move it up, or remove it.",
                place=table.rules[rule].place,
                params={"rule": rule + 1},
            )


def results(model: Model) -> Iterator[Problem]:
    """Results are among the output values; priorities are there where they are asked for."""
    for source in model.tables:
        table = source.table
        if table.hit_policy in ("P", "O") and not any(len(output.values) > 1 for output in source.outputs):
            yield Problem(
                "dmn-without-priority",
                "The hit policy asks for priorities, but no output lists its values. List them, the highest "
                "priority first.",
                place=table.place,
            )
        for rule in table.rules:
            for output, cell in zip(source.outputs, rule.conclusions, strict=False):
                value = _not_allowed(output, cell)
                if value:
                    yield Problem(
                        "dmn-result-not-allowed",
                        "The result %(value)s of rule %(rule)s is not among the values of its output. Correct it, "
                        "or add it to them.",
                        place=rule.place,
                        params={"value": value, "rule": rule.number},
                    )


def _not_allowed(output: Output, cell: LiteralExpression) -> str:
    """A constant that the output does not allow, as written; "" for any other."""
    if not output.values:
        return ""
    meaning = _meaning(cell)
    if not isinstance(meaning, syntax.Literal) or meaning.value is None:
        return ""
    scope = Scope(Evaluation({}, DEFAULT_LIMITS, None), {})
    is_allowed = output.rank(scope, meaning.value) < len(output.values)
    return "" if is_allowed else written(meaning.value)


RULES: Final[tuple[Rule, ...]] = (gaps_and_overlaps, results)
