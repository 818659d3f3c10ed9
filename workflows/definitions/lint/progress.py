"""Rules for the way of the work: it can always be finished, and its chances add up."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Final

from workflows.definitions import soundness
from workflows.definitions.lint.registry import Subject, shown
from workflows.definitions.model import Definition, Estimate, Node
from workflows.problems import Problem

_TOLERANCE: Final = Decimal("0.000001")
"""Thirds written with a few digits are accepted."""


def finishing(subject: Subject) -> Iterator[Problem]:
    """No deadlock, no endless loop, no growing crowd of tokens."""
    definition = subject.definition
    if not all(
        flow.source in definition.nodes and flow.target in definition.nodes
        for flow in definition.flows.values()
    ):
        return  # the drawing must be whole first
    result = soundness.check(definition)
    for finding in result.findings:
        names = ", ".join(shown(definition.nodes[node]) for node in finding.nodes)
        place = finding.nodes[0] if finding.nodes else definition.process_id
        yield _finding(finding.fault, place, names)
    if not result.complete:
        yield Problem(
            "too-complex",
            "The diagram has too many ways to try them all (%(markings)s tried), so it is not sure "
            "that work can always finish. Divide it into sub-processes.",
            place=definition.process_id,
            params={"markings": result.markings},
        )


def _finding(fault: soundness.Fault, place: str, names: str) -> Problem:
    params = {"names": names}
    if fault == "deadlock":
        return Problem(
            "deadlock",
            "Work can stop for ever at %(names)s: not every arrow it waits for is always followed. "
            "Join with the same kind of gateway that split.",
            place=place,
            params=params,
        )
    if fault == "livelock":
        return Problem(
            "livelock",
            "Work can go round for ever at %(names)s and never reach an end. Draw a way out.",
            place=place,
            params=params,
        )
    if fault == "unbounded":
        return Problem(
            "unbounded",
            "Work multiplies without end at %(names)s: each round starts more of it. "
            "Join parallel ways with a parallel gateway before the loop.",
            place=place,
            params=params,
        )
    return Problem(
        "lack-of-synchronisation",
        "The work at %(names)s can be started twice, because parallel ways meet before it. "
        "Join them with a parallel gateway.",
        place=place,
        params=params,
    )


def probabilities(subject: Subject) -> Iterator[Problem]:
    """Probabilities lie between 0 and 1 and sum to 1 at every choice."""
    definition = subject.definition
    for flow in definition.flows.values():
        yield from _range(flow.id, flow.name or flow.id, flow.estimate)
    for node in definition.nodes.values():
        yield from _range(node.id, shown(node), node.estimate)
        if node.kind in ("exclusiveGateway", "eventBasedGateway") and len(node.outgoing) > 1:
            yield from _sum(definition, node)
        elif node.kind == "inclusiveGateway" and len(node.outgoing) > 1:
            yield from _each(definition, node)
        elif node.kind == "boundaryEvent" and _unstated(node.estimate):
            yield _never(node)


def _range(place: str, name: str, estimate: Estimate | None) -> Iterator[Problem]:
    if estimate is None:
        return
    shares = [value for value in (estimate.probability, estimate.rework) if value is not None]
    durations = estimate.duration_days or (Decimal(0),) * 3
    if (
        any(not 0 <= share <= 1 for share in shares)
        or (estimate.rework is not None and estimate.rework >= 1)
        or (estimate.repetitions is not None and estimate.repetitions < 0)
        or durations[0] < 0
        or list(durations) != sorted(durations)
    ):
        yield Problem(
            "invalid-probability",
            "The estimate of “%(name)s” is impossible: shares lie between 0 and 1, repetitions and days are "
            "not negative, minimum ≤ typical ≤ maximum. Correct it.",
            place=place,
            params={"name": name},
        )


def _unstated(estimate: Estimate | None) -> bool:
    return estimate is None or estimate.probability is None


def _assumed(node: Node) -> Problem:
    return Problem(
        "missing-probability",
        "Not every arrow behind “%(name)s” says how often it is followed; equal chances are assumed. "
        "Estimate them.",
        place=node.id,
        params={"name": shown(node)},
    )


def _never(node: Node) -> Problem:
    return Problem(
        "missing-probability",
        "The event “%(name)s” does not say how often it happens; never is assumed. Estimate its chance.",
        place=node.id,
        params={"name": shown(node)},
    )


def _each(definition: Definition, node: Node) -> Iterator[Problem]:
    """The arrows behind an inclusive gateway are followed independently: each has its own chance."""
    if any(_unstated(definition.flows[flow].estimate) for flow in node.outgoing if flow != node.default):
        yield _assumed(node)


def _sum(definition: Definition, node: Node) -> Iterator[Problem]:
    estimates = [definition.flows[flow].estimate for flow in node.outgoing]
    if node.kind == "eventBasedGateway":
        # the chance may stand at the event itself
        targets = [definition.nodes.get(definition.flows[flow].target) for flow in node.outgoing]
        estimates = [
            target.estimate if _unstated(own) and target is not None else own
            for own, target in zip(estimates, targets, strict=True)
        ]
    known = [each.probability for each in estimates if each is not None and each.probability is not None]
    total = sum(known, Decimal(0))
    if len(known) < len(estimates) - 1 or (len(known) < len(estimates) and total >= 1):
        yield _assumed(node)
    if total > 1 + _TOLERANCE or (len(known) == len(estimates) and abs(total - 1) > _TOLERANCE):
        yield Problem(
            "probability-sum",
            "The chances of the arrows behind “%(name)s” sum to %(sum)s, not to 1. Correct them.",
            place=node.id,
            params={"name": shown(node), "sum": total},
        )


RULES: Final = (finishing, probabilities)
