"""What a service charges, worked out once per version: its paths, its lines, its formulas.

A quote asks a service three things that do not depend on the place: how often each line is charged, how many
units one execution needs, and what is wrong with the diagram. Paths depend on the project's numbers only
through the cardinalities of multi-instance activities, quantities only through the formulas; both are kept for
the last few sets of numbers, so that the same service in a thousand villages is analysed once.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from typing import Final, Literal

from pricing.quantities import quantity
from pricing.visits import Analysis, analyse
from workflows.definitions.model import Charge, Definition, Node, Rework, TaskCard
from workflows.problems import Problem

LineKind = Literal["honorarium", "expense"]
KEPT: Final = 32
"""Sets of numbers whose paths and quantities are remembered."""
_ZERO: Final = Fraction(0)
ONCE: Final = Fraction(1)
"""The one object that `Paths.executions` holds for exactly one execution, which most lines have."""


@dataclass(frozen=True, slots=True)
class CardLine:
    """One cost of a task card.

    rework: the factor for paid repetitions, 1/(1 - share) where the rework policy pays for them. paid_share,
    most_paid: share of deliveries redone and paid, and how often at most; zero where nothing is paid again.
    """

    task: str
    id: str
    kind: LineKind
    label: Mapping[str, str]
    item: str
    quantity: str
    unit: str
    charge: Charge
    payer: str
    in_kind: bool
    rework: Fraction
    paid_share: Fraction
    most_paid: int


@dataclass(frozen=True, slots=True)
class CardTask:
    """A task with its lines, `lines[first:last]` of the service. rework_share: deliveries sent back, 0 to 1."""

    id: str
    title: Mapping[str, str]
    skill: str
    rework_share: Fraction
    rework_policy: Rework
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Paths:
    """How often each line is charged in one instance, expected and exact; zero in an unusable diagram."""

    analysis: Analysis
    executions: tuple[Fraction, ...]


class ServiceCosts:
    """The compiled costs of one definition; make it with `compile_service`, keep it with the version."""

    def __init__(
        self,
        definition: Definition,
        probabilities: Mapping[str, Fraction] | None,
        interrupted_share: Fraction,
        kept: int,
    ) -> None:
        self.definition, self.interrupted_share = definition, interrupted_share
        self.nodes = definition.every_node()
        """Those of the definition and of the processes it calls, by id."""
        self.digest = hashlib.sha256(definition.xml).hexdigest()
        self.problems: list[Problem] = []
        """What is wrong with the cards, whatever the project's numbers."""
        self.lines: tuple[CardLine, ...] = ()
        self.tasks: tuple[CardTask, ...] = ()
        self._read_cards()
        self._probabilities = probabilities
        self._cardinalities: set[str] = {
            n.multi_instance.cardinality for n in self.nodes.values() if n.multi_instance
        } - {""}
        self._paths = lru_cache(maxsize=kept)(self._find_paths)
        self._quantities = lru_cache(maxsize=kept)(self._find_quantities)

    def paths(self, values: Mapping[str, Decimal]) -> Paths:
        """The paths for a project's numbers."""
        return self._paths(tuple((text, _cardinality(text, values)) for text in sorted(self._cardinalities)))

    def quantities(self, values: Mapping[str, Decimal]) -> tuple[Fraction | Problem, ...]:
        """Units of each line in one execution, or what is wrong with its formula."""
        return self._quantities(tuple(sorted(values.items())))

    def _find_paths(self, cardinalities: tuple[tuple[str, Fraction | None], ...]) -> Paths:
        known = dict(cardinalities)
        analysis = analyse(
            self.definition, probabilities=self._probabilities, cardinality=known.get,
            interrupted_share=self.interrupted_share,
        )  # fmt: skip
        return Paths(analysis, tuple(_executions(analysis, line) for line in self.lines))

    def _find_quantities(self, values: tuple[tuple[str, Decimal], ...]) -> tuple[Fraction | Problem, ...]:
        given = dict(values)
        found: dict[tuple[str, str], Fraction | Problem] = {}
        by_text: dict[str, Fraction] = {}
        for line in self.lines:
            key = (line.quantity, line.task)
            if key not in found:
                amount = by_text.get(line.quantity) or quantity(line.quantity, given, line.task)
                found[key] = amount
                if isinstance(amount, Fraction):
                    by_text[line.quantity] = amount
        return tuple(found[line.quantity, line.task] for line in self.lines)

    def _read_cards(self) -> None:
        lines: list[CardLine] = []
        tasks: list[CardTask] = []
        for node in self.nodes.values():
            card = node.task
            if card is None:
                continue
            share, first = self._rework_share(node), len(lines)
            lines += _lines(node.id, card, share)
            tasks.append(
                CardTask(
                    node.id, dict(card.title), card.skill, share, card.verification.rework, first, len(lines)
                )
            )
        self.lines, self.tasks = tuple(lines), tuple(tasks)

    def _rework_share(self, node: Node) -> Fraction:
        stated = node.estimate.rework if node.estimate else None
        share = _ZERO if stated is None else Fraction(stated)
        if not 0 <= share < 1:
            self.problems.append(_rework_range(node, share))
            return _ZERO
        return share


def compile_service(
    definition: Definition,
    *,
    probabilities: Mapping[str, Fraction] | None = None,
    interrupted_share: Fraction = ONCE,
    kept: int = KEPT,
) -> ServiceCosts:
    """Work out what a definition charges; the same object serves every quote of that version.

    probabilities, interrupted_share: of `visits.analyse`. kept: how many sets of a project's numbers are
    remembered.
    """
    return ServiceCosts(definition, probabilities, interrupted_share, kept)


def pays_again(policy: Rework, kind: LineKind) -> bool:
    """Whether a repetition after a rejection pays lines of that kind again."""
    return policy == "full" or (policy == "expenses" and kind == "expense")


def _lines(task: str, card: TaskCard, share: Fraction) -> list[CardLine]:
    def line(
        id_: str, kind: LineKind, item: str, text: str, unit: str, charge: Charge,
        label: Mapping[str, str], payer: str = "fund", in_kind: bool = False,
    ) -> CardLine:  # fmt: skip
        again = share > 0 and charge == "execution" and pays_again(card.verification.rework, kind)
        return CardLine(
            task, id_, kind, label, item, text, unit, charge, payer, in_kind,
            rework=1 / (1 - share) if again else ONCE, paid_share=share if again else _ZERO,
            most_paid=card.verification.max_rework if again else 0,
        )  # fmt: skip

    found = []
    if card.honorarium is not None:
        work = card.honorarium
        found.append(
            line("honorarium", "honorarium", work.item, work.quantity, work.unit, work.charge, {})
        )  # fmt: skip
    found += [
        line(e.id, "expense", e.item, e.quantity, e.unit, e.charge, dict(e.label), e.payer, e.in_kind)
        for e in card.expenses
    ]
    return found


def _executions(analysis: Analysis, line: CardLine) -> Fraction:
    if line.charge == "instance":
        return ONCE
    if line.charge == "once":
        often = analysis.at_least_once(line.task) if analysis.usable else _ZERO
    else:
        often = analysis.charged.get(line.task, _ZERO) * line.rework
    return ONCE if often == 1 else often


def _cardinality(text: str, values: Mapping[str, Decimal]) -> Fraction | None:
    found = quantity(text, values, "")
    return found if isinstance(found, Fraction) else None


def _rework_range(node: Node, share: Fraction) -> Problem:
    return Problem(
        "rework-range",
        "The share of deliveries of %(task)s that are sent back is %(share)s; it must be at least 0 and less "
        "than 1.",
        place=node.id,
        params={"task": node.name or node.id, "share": str(share)},
    )
