"""Boxed expressions as closures of a FEEL scope (DMN 1.5, 7.3 and 10.2.2).

Each becomes `Code`, like any FEEL expression, so that tables, contexts, functions and FEEL call each other
without knowing which is which, and count into one budget of steps.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from types import MappingProxyType
from typing import Any, Final

from workflows.decisions import problems
from workflows.decisions.columns import written
from workflows.decisions.declarations import (
    Boxed,
    BoxedContext,
    BoxedFilter,
    BoxedList,
    BoxedLoop,
    Conditional,
    DecisionTable,
    FunctionDefinition,
    InputClause,
    Invocation,
    LiteralExpression,
    OutputClause,
    Relation,
    Variable,
)
from workflows.decisions.tables import Column, Input, Output, Table
from workflows.decisions.types import Type, Types
from workflows.decisions.unary import ANY, CHANGING, Test, compile_unary, names_in
from workflows.feel.compiler import NO_NAMES, Code, Compiler, invoke
from workflows.feel.errors import FeelError
from workflows.feel.evaluation import Evaluation, Limits, Scope
from workflows.feel.functions import BUILTINS
from workflows.feel.nulls import no_function, not_boolean, out_of_range, wrong_arguments
from workflows.feel.operators import is_in
from workflows.feel.parser import canonical_name, needs_to_be_known, parse_expression, parse_unary_tests
from workflows.feel.syntax import FeelType
from workflows.feel.values import FeelValue, FunctionValue, type_name
from workflows.problems import Problem

_CALL_LEVELS: Final = 6
"""How many levels of calls one call of a boxed function counts."""
_LISTED: Final = Compiler().compile(
    parse_expression("for item in source return item"), NO_NAMES.declaring("source")
)
"""A list, or the whole numbers or dates of a range, one by one: as in a loop of FEEL."""
_PREPARING: Final = Limits(steps=10_000, items=2_000)


_NO_KINDS: Final[Mapping[str, Type]] = MappingProxyType({})
_ENTRIES_LIMIT: Final = 500
"""Entries of one context."""
_RULES_LIMIT: Final = 5000


def null(_: Scope) -> FeelValue:
    """The code of what could not be compiled, which is reported."""
    return None


@dataclass(frozen=True)
class Names:
    """The names an expression may read: those of its requirements, entries before it, parameters.

    special: those with operators or keywords in them, and such entries of the model's types: they are recognised
    only when known. kinds: the types of those names that have one.
    """

    visible: frozenset[str]
    special: frozenset[str]
    kinds: Mapping[str, Type]

    @classmethod
    def of(
        cls, visible: Iterable[str], entries: frozenset[str], kinds: Mapping[str, Type] = _NO_KINDS
    ) -> Names:
        """The names an element of the model sees; `entries` are those of its types."""
        names = frozenset(visible)
        return cls(names, entries | frozenset(name for name in names if needs_to_be_known(name)), kinds)

    def declaring(self, *names: str) -> Names:
        """With more names, which hide others."""
        added = {canonical_name(name) for name in names}
        special = self.special | {name for name in added if needs_to_be_known(name)}
        kinds = self.kinds
        if not added.isdisjoint(kinds):
            kinds = {name: kind for name, kind in kinds.items() if name not in added}
        return Names(self.visible | added, special, kinds)

    def typed(self, name: str, kind: Type | None) -> Names:
        """With one more name, and its type when it has one."""
        names = self.declaring(name)
        return names if kind is None else replace(names, kinds={**names.kinds, canonical_name(name): kind})

    def known(self, text: str) -> frozenset[str]:
        """The special names that are in the text."""
        written = canonical_name(text)
        return frozenset(name for name in self.special if name in written)


@dataclass(frozen=True, slots=True)
class TableSource:
    """A decision table and what its columns accept, for lint.

    cells: one test per rule, for each input. allowed: the tests that an input's values have passed before.
    kinds: the type of each input, None = unknown.
    """

    table: DecisionTable
    cells: tuple[tuple[Test, ...], ...]
    allowed: tuple[tuple[Test, ...], ...]
    kinds: tuple[Type | None, ...]
    outputs: tuple[Output, ...]


class Builder:
    """Compiles the expressions of one model; `problems` are its author's mistakes.

    unknown: (place, name) of every name that is read but given by nothing.
    """

    def __init__(self, found: list[Problem]) -> None:
        self.problems = found
        self.unknown: list[tuple[str, str]] = []
        self.tables: list[TableSource] = []
        self.types = Types(self._allowed_values, found)
        self._made_of: Mapping[str, FeelType] = {}

    def types_are_complete(self) -> None:
        """Let expressions ask `instance of` for the types declared so far."""
        self._made_of = self.types.made_of

    def boxed(self, expression: Boxed, names: Names, where: str) -> Code:
        """The code of any boxed expression, its result made to fit its type."""
        code = _COMPILE[type(expression)](self, expression, names, where)
        kind = self.types.find(expression.type_ref, expression.place)
        return code if kind is None else fitted(code, kind, where, expression.place)

    # FEEL

    def literal(self, expression: LiteralExpression, names: Names, where: str) -> Code:
        if not expression.text:
            return null
        if not self._is_feel(expression):
            return null
        compiler = Compiler(types=self._made_of)
        try:
            node = parse_expression(expression.text, names.known(expression.text))
            code = compiler.compile(node, NO_NAMES.declaring(*names.visible))
        except (FeelError, RecursionError) as error:
            self._invalid(expression.place, where, expression.text, error)
            return null
        self._note_unknown(expression.place, compiler.free - BUILTINS.keys())
        mentioned = names_in(node)
        if mentioned <= BUILTINS.keys() and not mentioned & (names.visible | CHANGING):
            return _constant(code)
        size = compiler.size

        def run(scope: Scope) -> FeelValue:
            scope.run.step(size)
            return code(scope)

        return run

    def test(self, expression: LiteralExpression, names: Names, where: str) -> Test:
        """The unary tests of a cell; what is wrong with them is reported, and they pass everything."""
        if not self._is_feel(expression):
            return ANY
        try:
            known = names.known(expression.text)
            test = compile_unary(expression.text, names.visible, known, self._made_of)
        except (FeelError, RecursionError) as error:
            self._invalid(expression.place, where, expression.text, error)
            return ANY
        self._note_unknown(expression.place, test.names - names.visible)
        return test

    def _allowed_values(self, text: str, place: str, where: str) -> Test:
        return self.test(LiteralExpression(place, "", text), Names.of((), frozenset()), where)

    def _is_feel(self, expression: LiteralExpression) -> bool:
        language = expression.language.rstrip("/").lower()
        if not language or language.endswith("feel"):
            return True
        self.problems.append(problems.unsupported(expression.place, f"“{expression.language[:60]}”"))
        return False

    def _invalid(self, place: str, where: str, text: str, error: Exception) -> None:
        reason = str(error) if isinstance(error, FeelError) else "It is nested too deeply."
        self.problems.append(problems.invalid_expression(place, where, text, reason))

    def _note_unknown(self, place: str, names: Iterable[str]) -> None:
        self.unknown.extend((place, name) for name in sorted(names))

    # Contexts, lists, relations

    def context(self, expression: BoxedContext, names: Names, where: str) -> Code:
        entries: list[tuple[str, Code]] = []
        result: Code | None = None
        keys = [entry.variable.name for entry in expression.entries if entry.variable is not None]
        if len(set(keys)) < len(keys):
            twice = Counter(keys).most_common(1)[0][0]
            self.problems.append(problems.duplicate(expression.place, twice))
        if len(keys) > _ENTRIES_LIMIT:
            self.problems.append(problems.too_many(expression.place, "entries of a context", _ENTRIES_LIMIT))
            return null
        for entry in expression.entries:
            # A function may call itself and those behind it, as in a context of FEEL.
            is_function = isinstance(entry.value, FunctionDefinition)
            visible = names.declaring(*keys) if is_function else names
            if entry.variable is None or not entry.variable.name:
                result = self.boxed(entry.value, visible, where)
                continue
            code = self._typed(entry.variable, entry.value, visible)
            entries.append((canonical_name(entry.variable.name), code))
            names = names.declaring(entry.variable.name)

        def build(scope: Scope) -> FeelValue:
            values: dict[str, FeelValue] = {}
            inner = scope.inner(values)
            for key, code in entries:
                values[key] = code(inner)
            return values if result is None else result(inner)

        return build

    def _typed(self, variable: Variable, value: Boxed, names: Names) -> Code:
        """The code of a value that has a name and perhaps a type there."""
        where = f"of “{variable.name}”"
        code = self.boxed(value, names, where)
        kind = self.types.find(variable.type_ref, value.place)
        return code if kind is None else fitted(code, kind, where, value.place)

    def list(self, expression: BoxedList, names: Names, where: str) -> Code:
        items = [self.boxed(item, names, where) for item in expression.items]
        return lambda scope: [item(scope) for item in items]

    def relation(self, expression: Relation, names: Names, _where: str) -> Code:
        rows = [
            [
                (canonical_name(column.name), self._typed(column, cell, names))
                for column, cell in zip(expression.columns, row, strict=True)
            ]
            for row in expression.rows
        ]
        return lambda scope: [{key: code(scope) for key, code in row} for row in rows]

    # Functions

    def invocation(self, expression: Invocation, names: Names, where: str) -> Code:
        function = self.boxed(expression.function, names, where)
        title = expression.function.text if isinstance(expression.function, LiteralExpression) else "function"
        parameters, arguments = [], []
        for binding in expression.bindings:
            assert binding.variable is not None
            parameters.append(canonical_name(binding.variable.name))
            arguments.append(self._typed(binding.variable, binding.value, names))
        keys = tuple(parameters)

        def call(scope: Scope) -> FeelValue:
            called = function(scope)
            if type(called) is not FunctionValue:
                return scope.run.null(no_function(title))
            return invoke(scope.run, called, [code(scope) for code in arguments], keys)

        return call

    def function(self, expression: FunctionDefinition, names: Names, where: str) -> Code:
        if expression.kind.upper() != "FEEL" or expression.body is None:
            if expression.body is not None:
                problem = problems.unsupported(expression.place, f"a function of {expression.kind[:20]}")
                self.problems.append(problem)
            return lambda scope: scope.run.null(no_function("external"))
        parameters = tuple(canonical_name(parameter.name) for parameter in expression.parameters)
        if len(set(parameters)) < len(parameters):
            self.problems.append(problems.duplicate(expression.place, ", ".join(parameters)))
        kinds = tuple(
            self.types.find(parameter.type_ref, expression.place) for parameter in expression.parameters
        )
        for name, kind in zip(parameters, kinds, strict=True):
            names = names.typed(name, kind)
        body = self.boxed(expression.body, names, where)

        def define(scope: Scope) -> FunctionValue:
            return function_value(parameters, kinds, body, scope)

        return define

    # Conditions and loops

    def conditional(self, expression: Conditional, names: Names, where: str) -> Code:
        condition, then, otherwise = (
            self.boxed(part, names, where)
            for part in (expression.condition, expression.then, expression.otherwise)
        )

        def choose(scope: Scope) -> FeelValue:
            outcome = condition(scope)
            if outcome is True:
                return then(scope)
            if outcome is False or outcome is None:
                return otherwise(scope)
            return scope.run.null(not_boolean(type_name(outcome)))

        return choose

    def filter(self, expression: BoxedFilter, names: Names, where: str) -> Code:
        source = self.boxed(expression.source, names, where)
        condition = self._condition_of_items(expression.condition, names.declaring("item"), where)

        def select(scope: Scope) -> FeelValue:
            value = source(scope)
            if value is None:
                return None
            selected = []
            items = value if type(value) is list else [value]
            for item in items:
                scope.run.step()
                outcome = condition(_item_scope(scope, item))
                if outcome is True:
                    selected.append(item)
                elif type(outcome) is Decimal:
                    return _element(scope, items, outcome)
                elif outcome is not False and outcome is not None:
                    return scope.run.null(not_boolean(type_name(outcome)))
            return selected

        return select

    def _condition_of_items(self, condition: Boxed, names: Names, where: str) -> Code:
        """What no requirement gives may be an entry of the items: compiled once to learn those names."""
        trial = Builder([])
        trial.types, trial._made_of = self.types, self._made_of
        trial.boxed(condition, names, where)
        return self.boxed(condition, names.declaring(*(name for _, name in trial.unknown)), where)

    def loop(self, expression: BoxedLoop, names: Names, where: str) -> Code:
        source = self.boxed(expression.source, names, where)
        variable = canonical_name(expression.variable)
        is_for = expression.kind == "for"
        inner = names.declaring(variable, "partial") if is_for else names.declaring(variable)
        body = self.boxed(expression.body, inner, where)
        decisive = expression.kind == "some"

        def collect(scope: Scope) -> FeelValue:
            items = _LISTED(Scope(scope.run, {"source": source(scope)}))
            if items is None:
                return None
            collected: list[FeelValue] = []
            for item in items:
                scope.run.step()
                scope.run.room_for(len(collected))
                collected.append(body(scope.inner({variable: item, "partial": list(collected)})))
            return collected

        def decide(scope: Scope) -> FeelValue:
            items = _LISTED(Scope(scope.run, {"source": source(scope)}))
            if items is None:
                return None
            unknown = False
            for item in items:
                scope.run.step()
                outcome = body(scope.inner({variable: item}))
                if outcome is decisive:
                    return decisive
                if outcome is not None and type(outcome) is not bool:
                    return scope.run.null(not_boolean(type_name(outcome)))
                unknown = unknown or outcome is None
            return None if unknown else not decisive

        return collect if is_for else decide

    # Decision tables

    def table(self, expression: DecisionTable, names: Names, where: str) -> Code:
        if len(expression.rules) > _RULES_LIMIT:
            self.problems.append(problems.too_many(expression.place, "rules of a table", _RULES_LIMIT))
            return null
        columns = tuple(
            tuple(
                self.test(rule.conditions[position], names, f"of rule {rule.number}, “{clause.label}”")
                for rule in expression.rules
                if position < len(rule.conditions)
            )
            for position, clause in enumerate(expression.inputs)
        )
        inputs = tuple(
            self._input(clause, names, cells)
            for clause, cells in zip(expression.inputs, columns, strict=True)
        )
        outputs = tuple(self._output(clause, expression, names, where) for clause in expression.outputs)
        self._remember(expression, names, columns, inputs, outputs)
        return Table(
            place=expression.place,
            label=expression.label,
            inputs=inputs,
            outputs=outputs,
            conclusions=tuple(
                tuple(
                    self.boxed(cell, names, f"of the result of rule {rule.number}")
                    for cell in rule.conclusions
                )
                for rule in expression.rules
            ),
            rule_ids=tuple(rule.place for rule in expression.rules),
            hit_policy=expression.hit_policy,
            aggregation=expression.aggregation,
        )

    def _remember(
        self,
        table: DecisionTable,
        names: Names,
        cells: tuple[tuple[Test, ...], ...],
        inputs: tuple[Input, ...],
        outputs: tuple[Output, ...],
    ) -> None:
        kinds = [
            self.types.find(clause.expression.type_ref, clause.place)
            or names.kinds.get(canonical_name(clause.expression.text))
            for clause in table.inputs
        ]
        allowed = [
            tuple(test for test in (each.allowed, None if kind is None else kind.allowed) if test is not None)
            for each, kind in zip(inputs, kinds, strict=True)
        ]
        self.tables.append(TableSource(table, cells, tuple(allowed), tuple(kinds), outputs))

    def _input(self, clause: InputClause, names: Names, cells: tuple[Test, ...]) -> Input:
        where = f"of the input “{clause.label}”"
        allowed = (
            self.test(LiteralExpression(clause.place, "", clause.values), names, where)
            if clause.values
            else None
        )
        value = self.boxed(clause.expression, names, where)
        return Input(clause.place, clause.label, value, allowed, Column(cells))

    def _output(self, clause: OutputClause, table: DecisionTable, names: Names, where: str) -> Output:
        kind = self.types.find(clause.type_ref, clause.place)
        values = self._separate(clause.values, clause.place, names)
        if not values and kind is not None and kind.allowed is not None:
            values = self._separate(kind.allowed.text, clause.place, names)
        default = None if clause.default is None else self.boxed(clause.default, names, where)
        label = clause.label or table.label or where
        return Output(clause.place, canonical_name(clause.name), label, kind, values, default)

    def _separate(self, text: str, place: str, names: Names) -> tuple[Test, ...]:
        """One test for each of the output values: their order is their priority."""
        if not text:
            return ()
        test = self.test(LiteralExpression(place, "", text), names, "of the output values")
        if test.negated or test.is_any or not test.constants:
            return (test,) if not test.is_any else ()
        nodes, _ = parse_unary_tests(text, names.known(text))
        if len(nodes) == 1:
            return (test,)
        return tuple(_one_of(constant, test) for constant in test.constants)


def function_value(
    parameters: tuple[str, ...], kinds: tuple[Type | None, ...], body: Code, scope: Scope
) -> FunctionValue:
    """A function of FEEL whose body is a boxed expression; an argument that does not fit gives null."""

    def call(run: Evaluation, arguments: list[FeelValue]) -> FeelValue:
        if len(arguments) != len(parameters):
            return run.null(wrong_arguments("function"))
        values: dict[str, FeelValue] = {}
        for name, kind, argument in zip(parameters, kinds, arguments, strict=True):
            if kind is not None:
                fits, argument = kind.fit(run, argument)
                if not fits:
                    return run.null(wrong_arguments("function"))
            values[name] = argument
        run.step()
        run.enter(_CALL_LEVELS)
        outcome = body(Scope(run, values, scope))
        run.leave(_CALL_LEVELS)
        return outcome

    return FunctionValue("function", (parameters,), len(parameters), call)


def fitted(code: Code, kind: Type, where: str, place: str) -> Code:
    """The code whose result is made to fit the type, or is null with a warning."""

    def run(scope: Scope) -> FeelValue:
        value = code(scope)
        fits, result = kind.fit(scope.run, value)
        if fits:
            return result
        name = f"The value {where}"
        return scope.run.null(problems.wrong_type(place, name, kind.name, written(value)))

    return run


def _constant(code: Code) -> Code:
    """The code of an expression that reads nothing, evaluated once."""
    run = Evaluation({}, _PREPARING, None)
    try:
        value = code(Scope(run, {}))
    except FeelError:
        return code
    if run.warnings or type(value) in (list, dict, FunctionValue):
        return code
    return lambda scope: value


def _one_of(constant: FeelValue, test: Test) -> Test:
    def passes(scope: Scope, value: FeelValue) -> bool | None:
        outcome: bool | None = is_in(scope.run, value, constant)
        return outcome

    return Test(test.text, passes, (constant,), negated=False, names=frozenset())


def _item_scope(scope: Scope, item: FeelValue) -> Scope:
    inner = scope.inner({"item": item})
    return inner.inner(item) if type(item) is dict else inner


def _element(scope: Scope, items: list[FeelValue], index: Decimal) -> FeelValue:
    """The element at an index from 1, or from the end when negative."""
    if abs(index) > len(items) or index == 0 or index != index.to_integral_value():
        return scope.run.null(out_of_range("[]"))
    position = int(index)
    return items[position - 1 if position > 0 else position]


_COMPILE: Final[dict[type, Callable[[Builder, Any, Names, str], Code]]] = {
    LiteralExpression: Builder.literal,
    BoxedContext: Builder.context,
    BoxedList: Builder.list,
    Relation: Builder.relation,
    Invocation: Builder.invocation,
    FunctionDefinition: Builder.function,
    Conditional: Builder.conditional,
    BoxedFilter: Builder.filter,
    BoxedLoop: Builder.loop,
    DecisionTable: Builder.table,
}
