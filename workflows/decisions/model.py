"""A decision model, compiled once: `read` a file, then ask its decisions.

    reading = read(data)
    reading.model.decisions["d_1"].evaluate({"Age": 30}, now=now)

Idea: the requirements are a graph without circles, so each decision has a plan: all it requires, in an order
in which everything is there before it is needed. An evaluation goes through the plan once; every decision is
made at most once, and sees its own requirements only.

Source: DMN 1.5, chapter 6 (requirements), 10.4 (execution semantics of decision services).
"""

from __future__ import annotations

import datetime
import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, is_dataclass
from functools import cached_property
from types import MappingProxyType
from typing import Any, Final

from workflows import xml
from workflows.decisions import problems
from workflows.decisions.boxed import Builder, Names, TableSource, fitted, function_value, null
from workflows.decisions.columns import written
from workflows.decisions.declarations import (
    DecisionElement,
    DecisionService,
    Declarations,
    Element,
    InputData,
    ItemDefinition,
    KnowledgeModel,
    Reference,
)
from workflows.decisions.errors import CannotDecide, DecisionFailed
from workflows.decisions.evaluation import DecisionRun, Source, TableHit
from workflows.decisions.ordering import ordered
from workflows.decisions.reader import LIMITS, read_declarations
from workflows.decisions.types import Type
from workflows.feel.compiler import Code
from workflows.feel.errors import FeelError
from workflows.feel.evaluation import DEFAULT_LIMITS, Evaluation, Scope
from workflows.feel.evaluation import Limits as FeelLimits
from workflows.feel.expression import Outcome
from workflows.feel.nulls import wrong_arguments
from workflows.feel.parser import canonical_name, needs_to_be_known
from workflows.feel.values import FeelValue, FunctionValue
from workflows.problems import Problem, blocking

_SPECIAL_LIMIT: Final = 1000
"""Names with operators or keywords in them that are looked for in every expression."""
_EMPTY: Final[Mapping[str, Any]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Explanation:
    """How a value came about.

    inputs: the values of the input data that were read. decisions: the values of the required decisions and of
    the decision itself, by name, in the order in which they were made. tables: which rules hit, in that order.
    """

    value: FeelValue
    inputs: Mapping[str, FeelValue]
    decisions: Mapping[str, FeelValue]
    tables: tuple[TableHit, ...]
    warnings: tuple[Problem, ...]


class Frame:
    """The values of one evaluation: of inputs and of decisions already made, by node."""

    __slots__ = ("source", "values")

    def __init__(self, source: Source, values: dict[Node, FeelValue]) -> None:
        self.source = source
        self.values = values


@dataclass(eq=False, slots=True)
class Node:
    """A compiled element of the requirements graph.

    make: its value, of what the frame has. function: what callers call, of knowledge models and services.
    needs: what it requires, with the path of names under which it sees it.
    """

    id: str
    name: str
    type: Type | None
    is_input: bool = False
    code: Code = null
    function: FunctionValue | None = None
    needs: tuple[tuple[tuple[str, ...], Node], ...] = ()
    path: tuple[str, ...] = ()

    def make(self, run: DecisionRun, frame: Frame) -> FeelValue:
        run.place = self.id
        if self.is_input:
            value = frame.source.read(run, self.path, self.id)
            if self.type is None:
                return value
            fits, result = self.type.fit(run, value)
            if fits:
                return result
            name = f"The input “{self.name}”"
            return run.null(problems.wrong_type(self.id, name, self.type.name, written(value)))
        return self.code(Scope(run, self.visible(frame.values)))

    def visible(self, values: Mapping[Node, FeelValue]) -> dict[str, FeelValue]:
        """What it sees of the values that are made, by name; imported elements in a context of their model."""
        visible: dict[str, FeelValue] = {}
        for path, node in self.needs:
            value = values[node] if node.function is None else node.function
            within = visible
            for part in path[:-1]:
                within = within.setdefault(part, {})
            within[path[-1]] = value
        return visible


class Decision:
    """A decision of a model, with all it requires.

    inputs: the names of the input data it reads, also through the decisions it requires.
    sha256: of the file it stands in and of those that file imports: another one may decide otherwise.
    """

    def __init__(self, node: Node, sha256: str = "") -> None:
        self.id = node.id
        self.sha256 = sha256
        self.name = node.name
        self._node = node

    @cached_property
    def _plan(self) -> tuple[Node, ...]:
        return _plan([self._node])

    @cached_property
    def inputs(self) -> frozenset[str]:
        return frozenset(each.name for each in self._plan if each.is_input)

    def __repr__(self) -> str:
        return f"Decision({self.name!r})"

    def evaluate(
        self, context: Mapping[str, Any] = _EMPTY, *, now: datetime.datetime | None = None
    ) -> FeelValue:
        """The value alone; see `run`."""
        return self.run(context, now=now).value

    def run(
        self,
        context: Mapping[str, Any] = _EMPTY,
        *,
        now: datetime.datetime | None = None,
        limits: FeelLimits = DEFAULT_LIMITS,
    ) -> Outcome:
        """Decide, with the values of the input data by name; the warnings say why something is null.

        Raises DecisionFailed.
        """
        run = DecisionRun(limits, now, traced=False)
        value, _ = _evaluated(run, self._node, self._plan, context)
        return Outcome(value, tuple(run.warnings))

    def explain(
        self, context: Mapping[str, Any] = _EMPTY, *, now: datetime.datetime | None = None
    ) -> Explanation:
        """Decide, and tell what was read and which rules hit. Raises DecisionFailed."""
        run = DecisionRun(DEFAULT_LIMITS, now, traced=True)
        value, frame = _evaluated(run, self._node, self._plan, context)
        made = [node for node in self._plan if node.function is None]
        return Explanation(
            value=value,
            inputs=MappingProxyType({node.name: frame.values[node] for node in made if node.is_input}),
            decisions=MappingProxyType({node.name: frame.values[node] for node in made if not node.is_input}),
            tables=tuple(run.tables or ()),
            warnings=tuple(run.warnings),
        )


class Service:
    """A decision service: called with input data and input decisions by name."""

    __slots__ = ("_node", "id", "inputs", "name")

    def __init__(self, node: Node, inputs: tuple[str, ...]) -> None:
        self.id = node.id
        self.name = node.name
        self.inputs = inputs
        self._node = node

    def evaluate(
        self, context: Mapping[str, Any] = _EMPTY, *, now: datetime.datetime | None = None
    ) -> FeelValue:
        """The value of its output decision; a context of them when there are several. Raises DecisionFailed."""
        run = DecisionRun(DEFAULT_LIMITS, now, traced=False)
        source = Source(context, DEFAULT_LIMITS)
        function = self._node.function
        assert function is not None

        def call() -> FeelValue:
            arguments = [source.read(run, (name,), self.id) for name in self.inputs]
            return run.measured(function.call(run, arguments))

        return _guarded(run, self._node, call)


@dataclass(frozen=True, slots=True)
class Model:
    """What a file declares, compiled.

    decisions, services: by id (by name where the file gives no id); those that can be evaluated, without the
    ones a problem of severity error stands in the way of.
    """

    declarations: Declarations
    decisions: Mapping[str, Decision]
    services: Mapping[str, Service]
    tables: tuple[TableSource, ...] = field(repr=False)
    unknown_names: tuple[tuple[str, str], ...] = field(repr=False)
    nodes: Mapping[str, Node] = field(repr=False)
    types: Mapping[str, Type] = field(repr=False)
    imports: Mapping[str, Model] = field(repr=False)
    special_names: frozenset[str] = field(repr=False)
    sha256: str = ""
    """Of the file, and of those it imports."""

    @property
    def name(self) -> str:
        return self.declarations.name

    def named(self, name: str) -> Decision | None:
        """The decision with that name."""
        return next((each for each in self.decisions.values() if each.name == name), None)


@dataclass(frozen=True, slots=True)
class Reading:
    """model is None when the file is no decision model at all."""

    model: Model | None
    problems: tuple[Problem, ...]


def read(data: bytes, limits: xml.Limits = LIMITS, *, imports: Iterable[Model] = ()) -> Reading:
    """The decision model of a DMN file (1.1 to 1.5), and every mistake in it with the id of its element.

    imports: models the file may import, found by their namespace. Never raises for what is in the file.
    """
    declarations, found = read_declarations(data, limits)
    if declarations is None:
        return Reading(None, tuple(found))
    imports = tuple(imports)
    parts = [hashlib.sha256(data).hexdigest(), *sorted(model.sha256 for model in imports)]
    sha256 = hashlib.sha256("\n".join(parts).encode()).hexdigest()
    try:
        model = _Assembly(declarations, found, imports).model(sha256)
    except RecursionError:
        found.append(problems.unsupported(declarations.id, "Expressions nested so deeply"))
        return Reading(None, tuple(found))
    return Reading(model, tuple(found))


def _evaluated(
    run: DecisionRun, node: Node, plan: tuple[Node, ...], context: Mapping[str, Any]
) -> tuple[FeelValue, Frame]:
    frame = Frame(Source(context, run.limits), {})

    def decide() -> FeelValue:
        _make_all(run, plan, frame)
        return run.measured(frame.values[node])

    return _guarded(run, node, decide), frame


def _make_all(run: DecisionRun, plan: Iterable[Node], frame: Frame) -> None:
    values = frame.values
    for each in plan:
        if each not in values and each.function is None:
            values[each] = each.make(run, frame)


def _guarded(run: DecisionRun, node: Node, decide: Callable[[], FeelValue]) -> FeelValue:
    try:
        return decide()
    except CannotDecide as failed:
        raise DecisionFailed(node.name, failed.problem) from None
    except FeelError as error:
        raise DecisionFailed(node.name, problems.over_limit(run.place, str(error))) from error
    except (RecursionError, MemoryError):
        reason = "It is nested too deeply or uses too much memory."
        raise DecisionFailed(node.name, problems.over_limit(run.place, reason)) from None


# Assembling


class _Assembly:
    """From declarations to nodes, each after what it requires."""

    def __init__(self, declarations: Declarations, found: list[Problem], imports: Iterable[Model]) -> None:
        self._declared = declarations
        self._problems = found
        self._misread = {problem.place for problem in blocking(found)}
        self._builder = Builder(found)
        self._nodes: dict[str, Node] = {}
        self._broken: set[str] = set()
        offered = {model.declarations.namespace: model for model in imports}
        self._imports = {
            each.namespace: (each.name, offered[each.namespace])
            for each in declarations.imports
            if each.namespace in offered
        }

    def model(self, sha256: str) -> Model:
        declared = self._declared
        types = self._builder.types
        for prefix, imported in self._imports.values():
            for name, kind in imported.types.items():
                types.declared[f"{prefix}.{name}" if prefix else name] = kind
        types.declare(declared.types)
        self._builder.types_are_complete()
        special = frozenset(_special_names(declared)).union(
            *(imported.special_names for _, imported in self._imports.values())
        )
        self._special = frozenset(sorted(special)[:_SPECIAL_LIMIT])
        order = self._order()
        for element in order:
            self._compile(element)
        decisions, services = {}, {}
        for id_, element in declared.elements.items():
            if id_ in self._broken or id_ not in self._nodes:
                continue
            if isinstance(element, DecisionElement):
                decisions[id_] = Decision(self._nodes[id_], sha256)
            elif isinstance(element, DecisionService):
                references = (*element.input_data, *element.input_decisions)
                inputs = tuple(node.name for node in self._found(references))
                services[id_] = Service(self._nodes[id_], inputs)
        return Model(
            sha256=sha256,
            declarations=declared,
            decisions=MappingProxyType(decisions),
            services=MappingProxyType(services),
            tables=tuple(self._builder.tables),
            unknown_names=tuple(self._builder.unknown),
            nodes=MappingProxyType(self._nodes),
            types=MappingProxyType(dict(types.declared)),
            imports=MappingProxyType(dict(self._imports.values())),
            special_names=self._special,
        )

    # Order

    def _order(self) -> list[Element]:
        """Elements after those they require; those in a circle, and what requires them, are left out."""
        elements = self._declared.elements
        needs = {id_: self._required_here(element) for id_, element in elements.items()}
        order, circular = ordered(needs)
        if circular:
            self._report_circles({id_: needs[id_] for id_ in circular})
        return [elements[id_] for id_ in order]

    def _required_here(self, element: Element) -> set[str]:
        elements = self._declared.elements
        return {
            reference.id
            for reference in _references(element)
            if not reference.namespace and reference.id in elements
        }

    def _report_circles(self, waiting: Mapping[str, set[str]]) -> None:
        """One problem for each circle, found by following one open requirement after another."""
        seen: set[str] = set()
        for start in waiting:
            path: dict[str, None] = {}
            at = start
            while at not in seen and at not in path:
                path[at] = None
                at = next(need for need in sorted(waiting[at]) if need in waiting)
            if at in path and at not in seen:
                members = list(path)[list(path).index(at) :]
                names = ", ".join(self._declared.elements[id_].name for id_ in members[:10])
                self._problems.append(problems.cycle(at, names))
            seen.update(path)

    # Elements

    def _compile(self, element: Element) -> None:
        before = len(self._problems)
        if isinstance(element, InputData):
            kind = self._builder.types.find(element.type_ref, element.id)
            name = element.name
            self._nodes[element.id] = Node(element.id, name, kind, is_input=True, path=(name,))
            return
        needs, complete = self._needs(element)
        if isinstance(element, DecisionElement):
            node = self._decision(element, needs)
        elif isinstance(element, KnowledgeModel):
            node = self._knowledge(element, needs)
        else:
            node = self._service(element)
        self._nodes[element.id] = node
        if not complete or blocking(self._problems[before:]) or self._is_broken(element):
            self._broken.add(element.id)

    def _is_broken(self, element: Element) -> bool:
        """Whether a mistake of the reading lies in it, or it requires a broken element."""
        if any(not each.namespace and each.id in self._broken for each in _references(element)):
            return True
        return bool(self._misread) and not self._misread.isdisjoint(places_of(element))

    def _needs(self, element: Element) -> tuple[list[tuple[tuple[str, ...], Node]], bool]:
        needs, complete = [], True
        for reference in _references(element):
            found = self._find(reference)
            if found is not None and isinstance(element, KnowledgeModel) and found[1].function is None:
                found = None
            if found is None:
                target = f"{reference.namespace}#{reference.id}" if reference.namespace else reference.id
                self._problems.append(problems.unresolved(element.id, target))
                complete = False
            else:
                needs.append(found)
        return needs, complete

    def _find(self, reference: Reference) -> tuple[tuple[str, ...], Node] | None:
        """An element and the path of names under which it is seen."""
        if not reference.namespace:
            node = self._nodes.get(reference.id)
            return None if node is None else ((canonical_name(node.name),), node)
        prefix, imported = self._imports.get(reference.namespace, ("", None))
        if imported is None or reference.id not in imported.nodes:
            return None
        node = imported.nodes[reference.id]
        path = (canonical_name(prefix), canonical_name(node.name)) if prefix else (canonical_name(node.name),)
        return path, node

    def _found(self, references: Iterable[Reference]) -> list[Node]:
        return [found[1] for found in map(self._find, references) if found is not None]

    def _names(self, needs: Sequence[tuple[tuple[str, ...], Node]]) -> Names:
        kinds = {path[0]: node.type for path, node in needs if len(path) == 1 and node.type is not None}
        return Names.of((path[0] for path, _ in needs), self._special, kinds)

    def _decision(self, element: DecisionElement, needs: list[tuple[tuple[str, ...], Node]]) -> Node:
        kind = self._builder.types.find(element.type_ref, element.id)
        where = f"of “{element.name}”"
        code = (
            null if element.logic is None else self._builder.boxed(element.logic, self._names(needs), where)
        )
        if element.logic is None:
            code = _without_logic(element.id)
        if kind is not None:
            code = fitted(code, kind, where, element.id)
        return Node(element.id, element.name, kind, code=code, needs=tuple(needs))

    def _knowledge(self, element: KnowledgeModel, needs: list[tuple[tuple[str, ...], Node]]) -> Node:
        node = Node(element.id, element.name, None, needs=tuple(needs))
        where = f"of “{element.name}”"
        if element.function is None:
            node.function = FunctionValue(
                element.name, ((),), 0, lambda run, _: run.null(problems.no_logic(element.id))
            )
            return node
        code = self._builder.boxed(element.function, self._names(needs), where)
        functions = node.visible({})  # a knowledge model requires functions only
        prepared = code(Scope(DecisionRun(DEFAULT_LIMITS, None, traced=False), functions))
        kind = self._builder.types.find(element.type_ref, element.id)
        if type(prepared) is FunctionValue:
            node.function = _returning(prepared, kind, where, element.id)
        else:
            node.function = FunctionValue(
                element.name, ((),), 0, lambda run, _: run.null(wrong_arguments(element.name))
            )
        return node

    def _service(self, element: DecisionService) -> Node:
        node = Node(element.id, element.name, None)
        given = self._found((*element.input_data, *element.input_decisions))
        outputs = [each for each in self._found(element.outputs) if each.function is None]
        plan = _plan(outputs, given)
        kind = self._builder.types.find(element.type_ref, element.id)

        def decide(scope: Scope) -> FeelValue:
            run = scope.run
            assert isinstance(run, DecisionRun)
            values = {each: scope.values[f"{number}"] for number, each in enumerate(given)}
            frame = Frame(Source(_EMPTY, run.limits), values)
            _make_all(run, plan, frame)
            if len(outputs) == 1:
                return values[outputs[0]]
            return {each.name: values[each] for each in outputs}

        names = tuple(canonical_name(each.name) for each in given)
        inner = function_value(
            tuple(f"{number}" for number in range(len(given))),
            tuple(each.type for each in given),
            decide,
            Scope(Evaluation({}, DEFAULT_LIMITS, None), {}),
        )
        function = FunctionValue(element.name, (names,), len(names), inner.call)
        node.function = _returning(function, kind, f"of “{element.name}”", element.id)
        return node


def _without_logic(place: str) -> Code:
    return lambda scope: scope.run.null(problems.no_logic(place))


def _returning(function: FunctionValue, kind: Type | None, where: str, place: str) -> FunctionValue:
    """The function whose results are made to fit the type, which may be that of the function itself."""
    result = kind.returns if kind is not None and kind.made_of.name == "function" else kind
    if result is None:
        return function

    def call(run: Evaluation, arguments: list[FeelValue]) -> FeelValue:
        code = fitted(lambda _: function.call(run, arguments), result, where, place)
        return code(Scope(run, {}))

    return FunctionValue(function.name, function.overloads, function.required, call)


def _references(element: Element) -> tuple[Reference, ...]:
    """What an element requires; of a service what it is made of."""
    if isinstance(element, DecisionElement):
        return (*element.inputs, *element.decisions, *element.knowledge)
    if isinstance(element, KnowledgeModel):
        return element.knowledge
    if isinstance(element, DecisionService):
        return (*element.outputs, *element.encapsulated, *element.input_decisions, *element.input_data)
    return ()


def places_of(declared: object) -> Iterator[str]:
    """The ids of all elements and expressions in a declaration, in the order of the file."""
    if isinstance(declared, tuple):
        for part in declared:
            yield from places_of(part)
    elif isinstance(declared, Mapping):
        for part in declared.values():
            yield from places_of(part)
    elif is_dataclass(declared) and not isinstance(declared, Reference):
        yield from (getattr(declared, key) for key in ("id", "place") if hasattr(declared, key))
        for each in fields(declared):
            yield from places_of(getattr(declared, each.name))


def _plan(wanted: Iterable[Node], given: Iterable[Node] = ()) -> tuple[Node, ...]:
    """All that the wanted nodes need, each after what it needs; nothing behind what is given."""
    done: dict[Node, None] = dict.fromkeys(given)
    stack: list[tuple[Node, bool]] = [(node, False) for node in wanted]
    while stack:
        node, ready = stack.pop()
        if node in done:
            continue
        if ready or not node.needs:
            done[node] = None
            continue
        stack.append((node, True))
        stack.extend((need, False) for _, need in node.needs if need not in done)
    return tuple(done)


def _special_names(declared: Declarations) -> Iterator[str]:
    """Entries of types, and imported elements, with operators or keywords in their names."""
    parts: list[ItemDefinition] = list(declared.types)
    while parts:
        part = parts.pop()
        parts.extend(part.components)
        if needs_to_be_known(part.name):
            yield canonical_name(part.name)
    yield from (
        canonical_name(each.name) for each in declared.elements.values() if needs_to_be_known(each.name)
    )
