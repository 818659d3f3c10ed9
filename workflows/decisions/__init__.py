"""Decision models: DMN 1.1 to 1.5 on our own FEEL.

    >>> reading = read(data)
    >>> reading.model.decisions["discount"].evaluate({"Households": 40}, now=now)
    Decimal('0.1')

A file is read and compiled once, then its decisions are asked often. Nothing raises for an author's mistakes:
`Reading.problems` has them all. `lint` adds what can be read and is still wrong or doubtful, above all the gaps
and overlaps of decision tables.
"""

from __future__ import annotations

from workflows.decisions.errors import DecisionFailed
from workflows.decisions.evaluation import TableHit
from workflows.decisions.model import Decision, Explanation, Model, Reading, Service, read
from workflows.decisions.reader import LIMITS

__all__ = [
    "LIMITS",
    "Decision",
    "DecisionFailed",
    "Explanation",
    "Model",
    "Reading",
    "Service",
    "TableHit",
    "read",
]
