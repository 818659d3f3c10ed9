"""Probabilities from a BPSim scenario, for diagrams that have no `run:estimate`.

Source: BPSim 2.0 (WfMC). The text says probabilities are 0 to 1, jBPM writes 0 to 100, and one exporter
writes a broken namespace: so names are matched without namespace and everything is divided by 100 when one
value exceeds 1.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from lxml import etree

from workflows.definitions.cards import decimal


def probabilities(root: etree._Element) -> Mapping[str, Decimal]:
    """Element id -> probability (0..1) from the first scenario of the file; {} when there is none."""
    scenario = next(root.iter("{*}Scenario"), None)
    if scenario is None:
        return {}
    found: dict[str, Decimal] = {}
    for parameters in scenario.iter("{*}ElementParameters"):
        element_id = parameters.get("elementRef") or parameters.get("elementId")
        value = _probability(parameters)
        if element_id and value is not None and value >= 0:
            found[element_id] = value
    scale = 100 if any(value > 1 for value in found.values()) else 1
    return {element_id: value / scale for element_id, value in found.items()}


def _probability(parameters: etree._Element) -> Decimal | None:
    for probability in parameters.iter("{*}Probability"):
        for value in probability.iterchildren("*"):
            number = decimal(value.get("value") or "")
            if number is not None:
                return number
    return None
