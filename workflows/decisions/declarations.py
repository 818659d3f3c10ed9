"""A decision model as it is written: plain values, no behaviour.

Source: DMN 1.5, chapters 6 (requirements), 7 (types, boxed expressions) and 8 (decision tables).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

HitPolicy = Literal["U", "A", "P", "F", "R", "O", "C"]
Aggregation = Literal["", "+", "<", ">", "#"]


@dataclass(frozen=True, slots=True)
class Boxed:
    """A boxed expression; `place` is its id, or that of the element around it."""

    place: str
    type_ref: str


@dataclass(frozen=True, slots=True)
class LiteralExpression(Boxed):
    text: str
    language: str = ""


@dataclass(frozen=True, slots=True)
class Variable:
    """A name and its type; type_ref "" = anything."""

    name: str
    type_ref: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry of a context; without a variable it is the context's result."""

    variable: Variable | None
    value: Boxed


@dataclass(frozen=True, slots=True)
class BoxedContext(Boxed):
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class BoxedList(Boxed):
    items: tuple[Boxed, ...]


@dataclass(frozen=True, slots=True)
class Relation(Boxed):
    """A list of contexts: each row has a cell for each column."""

    columns: tuple[Variable, ...]
    rows: tuple[tuple[Boxed, ...], ...]


@dataclass(frozen=True, slots=True)
class Invocation(Boxed):
    function: Boxed
    bindings: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class FunctionDefinition(Boxed):
    """`kind` is FEEL; functions of Java or PMML are never run."""

    parameters: tuple[Variable, ...]
    body: Boxed | None
    kind: str = "FEEL"


@dataclass(frozen=True, slots=True)
class Conditional(Boxed):
    condition: Boxed
    then: Boxed
    otherwise: Boxed


@dataclass(frozen=True, slots=True)
class BoxedFilter(Boxed):
    source: Boxed
    condition: Boxed


@dataclass(frozen=True, slots=True)
class BoxedLoop(Boxed):
    """for ... return, some ... satisfies, every ... satisfies."""

    kind: Literal["for", "some", "every"]
    variable: str
    source: Boxed
    body: Boxed


@dataclass(frozen=True, slots=True)
class InputClause:
    """A column of conditions. `values` are the allowed values as unary tests, "" = any."""

    place: str
    label: str
    expression: LiteralExpression
    values: str


@dataclass(frozen=True, slots=True)
class OutputClause:
    """A column of results. `values`: allowed values as unary tests, for P and O from the highest priority down."""

    place: str
    label: str
    name: str
    type_ref: str
    values: str
    default: LiteralExpression | None


@dataclass(frozen=True, slots=True)
class Rule:
    """One row; its number counts from 1."""

    place: str
    number: int
    conditions: tuple[LiteralExpression, ...]
    conclusions: tuple[LiteralExpression, ...]


@dataclass(frozen=True, slots=True)
class DecisionTable(Boxed):
    inputs: tuple[InputClause, ...]
    outputs: tuple[OutputClause, ...]
    rules: tuple[Rule, ...]
    hit_policy: HitPolicy
    aggregation: Aggregation
    label: str = ""


@dataclass(frozen=True, slots=True)
class ItemDefinition:
    """A type of the model.

    type_ref: of a function, the type of its results.
    allowed: unary tests of the value, of each item when it is a collection. constraint: of the whole collection.
    """

    name: str
    place: str
    type_ref: str
    is_collection: bool
    allowed: str
    constraint: str
    components: tuple[ItemDefinition, ...]
    is_function: bool = False


@dataclass(frozen=True, slots=True)
class Reference:
    """Where an href leads: namespace "" = this model."""

    namespace: str
    id: str


@dataclass(frozen=True, slots=True)
class Import:
    """Another model whose elements are called `name.element` here; name "" = without a prefix."""

    name: str
    namespace: str


@dataclass(frozen=True, slots=True)
class InputData:
    id: str
    name: str
    type_ref: str


@dataclass(frozen=True, slots=True)
class DecisionElement:
    id: str
    name: str
    type_ref: str
    logic: Boxed | None
    inputs: tuple[Reference, ...]
    decisions: tuple[Reference, ...]
    knowledge: tuple[Reference, ...]


@dataclass(frozen=True, slots=True)
class KnowledgeModel:
    """A business knowledge model: a function that decisions call."""

    id: str
    name: str
    type_ref: str
    function: FunctionDefinition | None
    knowledge: tuple[Reference, ...]


@dataclass(frozen=True, slots=True)
class DecisionService:
    """Decisions called as one function, with input data and the values of input decisions as its parameters."""

    id: str
    name: str
    type_ref: str
    outputs: tuple[Reference, ...]
    encapsulated: tuple[Reference, ...]
    input_decisions: tuple[Reference, ...]
    input_data: tuple[Reference, ...]


Element = InputData | DecisionElement | KnowledgeModel | DecisionService


@dataclass(frozen=True, slots=True)
class Declarations:
    """All of a file; elements by id, in the order of the file."""

    id: str
    name: str
    namespace: str
    version: str
    types: tuple[ItemDefinition, ...]
    elements: Mapping[str, Element]
    imports: tuple[Import, ...]
