"""Rules for the requirements graph: what is read is required, what is required is read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from workflows.decisions import problems
from workflows.decisions.declarations import DecisionElement, DecisionService, InputData, KnowledgeModel
from workflows.decisions.lint.registry import Rule
from workflows.decisions.model import Model
from workflows.problems import Problem


def unknown_names(model: Model) -> Iterator[Problem]:
    """An expression reads what its element requires, its parameters and the entries before it."""
    for place, name in dict.fromkeys(model.unknown_names):
        yield Problem(
            "dmn-unknown-name",
            "“%(name)s” is read here, but nothing gives it: draw a requirement from the input or decision of "
            "that name, correct the name, or put a text in quotation marks.",
            place=place,
            params={"name": name},
        )


def missing_logic(model: Model) -> Iterator[Problem]:
    """A decision says how it is made."""
    for element in model.declarations.elements.values():
        is_empty = (isinstance(element, DecisionElement) and element.logic is None) or (
            isinstance(element, KnowledgeModel)
            and (element.function is None or element.function.body is None)
        )
        if is_empty:
            yield problems.no_logic(element.id)


def unused_inputs(model: Model) -> Iterator[Problem]:
    """Input data is for a decision."""
    elements = model.declarations.elements
    used: set[str] = set()
    for element in elements.values():
        if isinstance(element, DecisionElement):
            used.update(each.id for each in element.inputs)
        elif isinstance(element, DecisionService):
            used.update(each.id for each in element.input_data)
    for element in elements.values():
        if isinstance(element, InputData) and element.id not in used:
            yield Problem(
                "dmn-unused-input",
                "No decision requires the input “%(name)s”. Draw the requirement, or remove the input.",
                place=element.id,
                params={"name": element.name},
            )


RULES: Final[tuple[Rule, ...]] = (unknown_names, missing_logic, unused_inputs)
