"""Syntax tree to closures: each node becomes a Python function of the scope, composed once and called often.

Nothing of Python is reachable from an expression: names are looked up in dictionaries of FEEL values, paths
in contexts and in tables of properties; calls only reach built-ins and functions of the expression itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final

from workflows.feel import syntax
from workflows.feel.errors import FeelLimitExceeded
from workflows.feel.evaluation import Evaluation, Scope
from workflows.feel.functions import BUILTINS
from workflows.feel.functions.registry import bind
from workflows.feel.nulls import (
    duplicate_entry,
    no_entry,
    no_function,
    not_boolean,
    not_iterable,
    out_of_range,
    unknown_type,
    unusable,
    wrong_arguments,
    wrong_types,
)
from workflows.feel.operators import OPERATIONS, PROPERTIES, equal, is_in, negate
from workflows.feel.temporal import Date, civil_from_days, parse_temporal
from workflows.feel.types import conforms, converted, is_known, resolved
from workflows.feel.values import UNBOUNDED, FeelValue, FunctionValue, Range, type_name

Code = Callable[[Scope], FeelValue]
_Iterate = Callable[[Scope], Iterator[Scope]]

DEPTH_LIMIT: Final = 120
"""Levels of the tree."""
_MISSING: Final = object()


@dataclass(frozen=True, slots=True)
class _Names:
    """What the compiler knows of the names at a place of the tree.

    local: declared in the expression; dynamic: within a filter, where entries of the item are names too.
    """

    local: frozenset[str] = frozenset()
    dynamic: bool = False

    def declaring(self, *names: str) -> _Names:
        return _Names(self.local | set(names), self.dynamic)

    def in_filter(self) -> _Names:
        return _Names(self.local | {"item"}, dynamic=True)


NO_NAMES: Final = _Names()


@dataclass(slots=True)
class Compiler:
    """Compiles one expression.

    free: names the caller's context is asked for.
    filtered: those in filters, where they may be entries of the filtered items instead.
    types: what the types are made of that a decision model declares.
    """

    free: set[str] = field(default_factory=set)
    filtered: set[str] = field(default_factory=set)
    size: int = 0
    types: Mapping[str, syntax.FeelType] = field(default_factory=dict)

    def compile(self, node: syntax.Node, names: _Names = NO_NAMES, depth: int = 0) -> Code:
        if depth > DEPTH_LIMIT:
            raise FeelLimitExceeded(limit="levels of nesting", maximum=DEPTH_LIMIT)
        self.size += 1
        return _COMPILE[type(node)](self, node, names, depth + 1)

    def sized(self, node: syntax.Node, names: _Names, depth: int) -> tuple[Code, int]:
        """The code and how many steps one run of it counts."""
        before = self.size
        code = self.compile(node, names, depth)
        return code, self.size - before


def references(node: object, name: str) -> bool:
    """Whether the tree reads the name anywhere."""
    parts: list[object] = [node]
    while parts:
        part = parts.pop()
        if isinstance(part, syntax.Name) and part.name == name:
            return True
        if isinstance(part, tuple):
            parts.extend(part)
        elif isinstance(part, syntax.Node | syntax.Iterator):
            parts.extend(getattr(part, slot) for slot in part.__slots__)
    return False


# Values


def _literal(_: Compiler, node: syntax.Literal, _names: _Names, _depth: int) -> Code:
    value = node.value
    return lambda scope: value


def _temporal(_: Compiler, node: syntax.Temporal, _names: _Names, _depth: int) -> Code:
    value = parse_temporal(node.text)
    if value is None:
        text = node.text
        return lambda scope: scope.run.null(unusable("date, time or duration", text))
    return lambda scope: value


def _name(compiler: Compiler, node: syntax.Name, names: _Names, _depth: int) -> Code:
    name = node.name
    builtin = BUILTINS.get(name, _MISSING)
    if name in names.local or names.dynamic:
        if name not in names.local and builtin is _MISSING:
            compiler.filtered.add(name)
        return _local_name(name, builtin)
    compiler.free.add(name)

    def read(scope: Scope) -> FeelValue:
        try:
            return scope.run.values[name]
        except KeyError:
            return scope.run.load(name) if builtin is _MISSING else scope.run.load(name, builtin)

    return read


def _local_name(name: str, builtin: object) -> Code:
    def read(scope: Scope) -> FeelValue:
        value = scope.find(name, _MISSING)
        if value is not _MISSING:
            return value
        run = scope.run
        if name in run.values:
            return run.values[name]
        return run.load(name) if builtin is _MISSING else run.load(name, builtin)

    return read


def _list(compiler: Compiler, node: syntax.ListLiteral, names: _Names, depth: int) -> Code:
    items = [compiler.compile(item, names, depth) for item in node.items]
    return lambda scope: [item(scope) for item in items]


def _context(compiler: Compiler, node: syntax.ContextLiteral, names: _Names, depth: int) -> Code:
    entries: list[tuple[str, Code]] = []
    seen: set[str] = set()
    every = names.declaring(*(key for key, _ in node.entries))
    for key, value in node.entries:
        if key in seen:
            return lambda scope: scope.run.null(duplicate_entry(key))
        # A function may call itself and those behind it; any other entry sees the entries before it.
        visible = every if isinstance(value, syntax.Function) else names.declaring(*seen)
        seen.add(key)
        entries.append((key, compiler.compile(value, visible, depth)))

    def build(scope: Scope) -> FeelValue:
        values: dict[str, FeelValue] = {}
        inner = scope.inner(values)
        for key, code in entries:
            values[key] = code(inner)
        return values

    return build


def _range(compiler: Compiler, node: syntax.RangeLiteral, names: _Names, depth: int) -> Code:
    start = compiler.compile(node.start, names, depth) if node.start is not None else None
    end = compiler.compile(node.end, names, depth) if node.end is not None else None
    start_included, end_included = node.start_included, node.end_included

    def build(scope: Scope) -> FeelValue:
        low = UNBOUNDED if start is None else start(scope)
        high = UNBOUNDED if end is None else end(scope)
        ends = [value for value in (low, high) if value is not None and value is not UNBOUNDED]
        if len(ends) == 2 and type(low) is not type(high):
            return scope.run.null(wrong_types("..", type_name(low), type_name(high)))
        return Range(low, high, start_included, end_included)

    return build


def _equality_test(compiler: Compiler, node: syntax.EqualityTest, names: _Names, depth: int) -> Code:
    operand = compiler.compile(node.operand, names, depth)
    negated = node.negated

    def build(scope: Scope) -> FeelValue:
        value = operand(scope)
        return Range(value, value, start_included=True, end_included=True, negated=negated)

    return build


# Operators


def _negation(compiler: Compiler, node: syntax.Negation, names: _Names, depth: int) -> Code:
    operand = compiler.compile(node.operand, names, depth)
    return lambda scope: negate(scope.run, operand(scope))


def _chain(compiler: Compiler, node: syntax.Chain, names: _Names, depth: int) -> Code:
    first = compiler.compile(node.first, names, depth)
    operators = [operator for operator, _ in node.rest]
    operands = [compiler.compile(operand, names, depth) for _, operand in node.rest]
    if operators[0] == "and":
        return _logic([first, *operands], decisive=False)
    if operators[0] == "or":
        return _logic([first, *operands], decisive=True)
    operations = [OPERATIONS[operator] for operator in operators]
    if len(operations) == 1:
        operation, operand = operations[0], operands[0]
        return lambda scope: operation(scope.run, first(scope), operand(scope))
    pairs = list(zip(operations, operands, strict=True))

    def run_chain(scope: Scope) -> FeelValue:
        value = first(scope)
        for operation, operand in pairs:
            value = operation(scope.run, value, operand(scope))
        return value

    return run_chain


def _logic(operands: list[Code], *, decisive: bool) -> Code:
    """Three-valued and (decided by false) or or (decided by true); anything but a boolean counts as null."""

    def decide(scope: Scope) -> FeelValue:
        unknown = False
        for operand in operands:
            value = operand(scope)
            if value is decisive:
                return decisive
            if value is not True and value is not False:
                unknown = True
                if value is not None:
                    scope.run.null(not_boolean(type_name(value)))
        return None if unknown else not decisive

    return decide


def _between(compiler: Compiler, node: syntax.Between, names: _Names, depth: int) -> Code:
    value, low, high = (compiler.compile(part, names, depth) for part in (node.value, node.low, node.high))
    at_least, at_most = OPERATIONS[">="], OPERATIONS["<="]

    def test(scope: Scope) -> bool | None:
        tested = value(scope)
        above = at_least(scope.run, tested, low(scope))
        below = at_most(scope.run, tested, high(scope))
        if above is False or below is False:
            return False
        return None if above is None or below is None else True

    return test


def _in(compiler: Compiler, node: syntax.In, names: _Names, depth: int) -> Code:
    value = compiler.compile(node.value, names, depth)
    tests = [compile_test(compiler, test, names, depth) for test in node.tests]
    if len(tests) == 1:
        only = tests[0]
        return lambda scope: only(scope, value(scope))

    def test(scope: Scope) -> bool | None:
        tested = value(scope)
        return any_of([alternative(scope, tested) for alternative in tests])

    return test


def any_of(outcomes: list[bool | None]) -> bool | None:
    """True when one of them is, null when none is and one of them is null."""
    if True in outcomes:
        return True
    return None if None in outcomes else False


def compile_test(
    compiler: Compiler, node: syntax.Node, names: _Names, depth: int
) -> Callable[[Scope, FeelValue], bool | None]:
    """A unary test as a function of the scope and the tested value."""
    if isinstance(node, syntax.EqualityTest):
        operand, negated = compiler.compile(node.operand, names, depth), node.negated

        def test_equality(scope: Scope, value: FeelValue) -> bool | None:
            outcome = equal(scope.run, value, operand(scope))
            return outcome if outcome is None or not negated else not outcome

        return test_equality
    code = compiler.compile(node, names, depth)
    return lambda scope, value: is_in(scope.run, value, code(scope))


def _instance_of(compiler: Compiler, node: syntax.InstanceOf, names: _Names, depth: int) -> Code:
    value = compiler.compile(node.value, names, depth)
    tested = resolved(node.type, compiler.types)
    if not is_known(tested):
        return lambda scope: scope.run.null(unknown_type(tested.name))
    return lambda scope: conforms(scope.run, value(scope), tested)


# Paths, filters


def _path(compiler: Compiler, node: syntax.Path, names: _Names, depth: int) -> Code:
    source = compiler.compile(node.source, names, depth)
    name = node.name

    def read(scope: Scope) -> FeelValue:
        value = source(scope)
        if type(value) is dict and name in value:
            return value[name]
        if type(value) is list:
            scope.run.step(len(value))
            return [_entry(scope.run, item, name) for item in value]
        return _entry(scope.run, value, name)

    return read


def _entry(run: Evaluation, value: FeelValue, name: str) -> FeelValue:
    kind = type(value)
    if kind is dict:
        if name in value:
            return value[name]
    elif kind in PROPERTIES and name in PROPERTIES[kind]:
        return PROPERTIES[kind][name](value)
    if value is None:
        return None
    return run.null(no_entry(name, type_name(value)))


def _filter(compiler: Compiler, node: syntax.Filter, names: _Names, depth: int) -> Code:
    source = compiler.compile(node.source, names, depth)
    condition, size = compiler.sized(node.condition, names.in_filter(), depth)
    if isinstance(node.condition, syntax.Literal) and isinstance(node.condition.value, Decimal):
        index = node.condition.value
        return lambda scope: _element(scope.run, source(scope), index)

    def select(scope: Scope) -> FeelValue:
        value = source(scope)
        if value is None:
            return None
        items = value if type(value) is list else [value]
        if not items:
            outcome = condition(scope.inner({"item": None}))
            return _element(scope.run, items, outcome) if type(outcome) is Decimal else []
        selected: list[FeelValue] = []
        for item in items:
            scope.run.step(size)
            outcome = condition(_item_scope(scope, item))
            if outcome is True:
                selected.append(item)
            elif type(outcome) is Decimal:
                return _element(scope.run, items, outcome)
        return selected

    return select


def _item_scope(scope: Scope, item: FeelValue) -> Scope:
    inner = scope.inner({"item": item})
    return inner.inner(item) if type(item) is dict else inner


def _element(run: Evaluation, value: FeelValue, index: Decimal) -> FeelValue:
    """The element at an index from 1, or from the end when negative."""
    if value is None:
        return None
    items = value if type(value) is list else [value]
    if abs(index) > len(items) or index == 0 or index != index.to_integral_value():
        return run.null(out_of_range("[]"))
    position = int(index)
    return items[position - 1 if position > 0 else position]


# Calls


def _call(compiler: Compiler, node: syntax.Call, names: _Names, depth: int) -> Code:
    arguments = [compiler.compile(argument, names, depth) for argument in node.arguments]
    keys = node.names
    if isinstance(node.function, syntax.Name):
        name = node.function.name
        builtin = BUILTINS.get(name)
        if builtin is not None and name not in names.local:
            return lambda scope: invoke(scope.run, builtin, [code(scope) for code in arguments], keys)
        fallback, title = builtin, name
    else:
        fallback, title = None, ""
    function = compiler.compile(node.function, names, depth)

    def call(scope: Scope) -> FeelValue:
        called = function(scope)
        if type(called) is not FunctionValue:
            if fallback is None:
                return scope.run.null(no_function(title or type_name(called)))
            called = fallback
        return invoke(scope.run, called, [code(scope) for code in arguments], keys)

    return call


def invoke(
    run: Evaluation, function: FunctionValue, arguments: list[FeelValue], names: tuple[str, ...]
) -> FeelValue:
    """Call a function with positional or named arguments."""
    run.step()
    bound = bind(function, arguments, names) if names else arguments
    if bound is None:
        return run.null(wrong_arguments(function.name))
    return function.call(run, bound)


def _function(compiler: Compiler, node: syntax.Function, names: _Names, depth: int) -> Code:
    parameters = tuple(name for name, _ in node.parameters)
    types = tuple(kind and resolved(kind, compiler.types) for _, kind in node.parameters)
    if node.external or len(set(parameters)) != len(parameters):
        return lambda scope: scope.run.null(no_function("external" if node.external else "function"))
    body, size = compiler.sized(node.body, names.declaring(*parameters), depth)
    levels = 3 + _levels(node.body)

    def define(scope: Scope) -> FunctionValue:
        def call(run: Evaluation, arguments: list[FeelValue]) -> FeelValue:
            if len(arguments) != len(parameters):
                return run.null(wrong_arguments("function"))
            values: dict[str, FeelValue] = {}
            for name, kind, argument in zip(parameters, types, arguments, strict=True):
                accepted, value = converted(run, argument, kind)
                if not accepted:
                    return run.null(wrong_arguments("function"))
                values[name] = value
            run.step(size)
            run.enter(levels)
            outcome = body(scope.inner(values))
            run.leave(levels)
            return outcome

        return FunctionValue("function", (parameters,), len(parameters), call, types=types)

    return define


def _levels(node: object) -> int:
    """The height of a tree."""
    height = 0
    level: list[object] = [node]
    while level:
        height += 1
        following: list[object] = []
        for part in level:
            if isinstance(part, tuple):
                following.extend(part)
            elif isinstance(part, syntax.Node | syntax.Iterator):
                following.extend(getattr(part, slot) for slot in part.__slots__)
        level = following
    return height


# if, for, some, every


def _if(compiler: Compiler, node: syntax.If, names: _Names, depth: int) -> Code:
    condition = compiler.compile(node.condition, names, depth)
    then = compiler.compile(node.then, names, depth)
    otherwise = compiler.compile(node.otherwise, names, depth)

    def choose(scope: Scope) -> FeelValue:
        outcome = condition(scope)
        if outcome is True:
            return then(scope)
        if outcome is not False:
            scope.run.null(not_boolean(type_name(outcome)))
        return otherwise(scope)

    return choose


class _NotIterableError(Exception):
    """The source of a for, some or every is no list and no range of whole numbers or dates."""


def _for(compiler: Compiler, node: syntax.For, names: _Names, depth: int) -> Code:
    iterate, inner, size = _compile_iterators(compiler, node.iterators, names, depth)
    body, body_size = compiler.sized(node.body, inner.declaring("partial"), depth)
    size += body_size
    partial = references(node.body, "partial")

    def collect(scope: Scope) -> FeelValue:
        collected: list[FeelValue] = []
        run = scope.run
        try:
            for item in iterate(scope):
                run.step(size)
                if partial:
                    run.room_for(len(collected))
                    item.values["partial"] = list(collected)
                collected.append(body(item))
                if len(collected) > run.limits.items:
                    run.room_for(len(collected))
        except _NotIterableError:
            return run.null(not_iterable())
        return collected

    return collect


def _quantified(compiler: Compiler, node: syntax.Quantified, names: _Names, depth: int) -> Code:
    iterate, inner, size = _compile_iterators(compiler, node.iterators, names, depth)
    condition, condition_size = compiler.sized(node.condition, inner, depth)
    size += condition_size
    decisive = not node.every

    def decide(scope: Scope) -> FeelValue:
        unknown = False
        try:
            for item in iterate(scope):
                scope.run.step(size)
                outcome = condition(item)
                if outcome is decisive:
                    return decisive
                if outcome is not (not decisive):
                    unknown = True
        except _NotIterableError:
            return scope.run.null(not_iterable())
        return None if unknown else not decisive

    return decide


def _compile_iterators(
    compiler: Compiler, iterators: tuple[syntax.Iterator, ...], names: _Names, depth: int
) -> tuple[_Iterate, _Names, int]:
    """Nested loops, the first one outermost."""
    before = compiler.size
    sources: list[tuple[str, Code, Code | None]] = []
    for iterator in iterators:
        source = compiler.compile(iterator.source, names, depth)
        end = compiler.compile(iterator.end, names, depth) if iterator.end is not None else None
        sources.append((iterator.name, source, end))
        names = names.declaring(iterator.name)
    if depth + len(sources) > DEPTH_LIMIT:
        raise FeelLimitExceeded(limit="levels of nesting", maximum=DEPTH_LIMIT)

    def nest(scope: Scope, level: int) -> Iterator[Scope]:
        name, source, end = sources[level]
        items = _domain(
            scope.run, source(scope), end(scope) if end is not None else None, bare=end is not None
        )
        for item in items:
            inner = scope.inner({name: item})
            if level + 1 == len(sources):
                yield inner
            else:
                scope.run.step()
                yield from nest(inner, level + 1)

    return lambda scope: nest(scope, 0), names, compiler.size - before


def _domain(
    run: Evaluation, source: FeelValue, end: FeelValue, *, bare: bool
) -> Iterator[FeelValue] | list[FeelValue]:
    if bare:
        return _steps(source, end, 0, 0)
    if type(source) is Range:
        return _steps(source.start, source.end, not source.start_included, not source.end_included)
    if source is None:
        raise _NotIterableError
    return source if type(source) is list else [source]


def _steps(start: FeelValue, end: FeelValue, skip_first: int, skip_last: int) -> Iterator[FeelValue]:
    """Whole numbers or days from start to end, upwards or downwards."""
    if type(start) is Decimal and type(end) is Decimal:
        if start != start.to_integral_value() or end != end.to_integral_value() or start.adjusted() > 30:
            raise _NotIterableError
        first, last, make = int(start), int(end.min(Decimal(10) ** 31).max(-(Decimal(10) ** 31))), Decimal
    elif type(start) is Date and type(end) is Date:
        first, last, make = start.days, end.days, civil_from_days  # type: ignore[assignment]
    else:
        raise _NotIterableError
    direction = 1 if first <= last else -1
    first += direction * skip_first
    last -= direction * skip_last
    return (make(number) for number in range(first, last + direction, direction))


_COMPILE: Final[dict[type, Callable[[Compiler, Any, _Names, int], Code]]] = {
    syntax.Literal: _literal,
    syntax.Temporal: _temporal,
    syntax.Name: _name,
    syntax.ListLiteral: _list,
    syntax.ContextLiteral: _context,
    syntax.RangeLiteral: _range,
    syntax.EqualityTest: _equality_test,
    syntax.Negation: _negation,
    syntax.Chain: _chain,
    syntax.Between: _between,
    syntax.In: _in,
    syntax.InstanceOf: _instance_of,
    syntax.Path: _path,
    syntax.Filter: _filter,
    syntax.Call: _call,
    syntax.Function: _function,
    syntax.If: _if,
    syntax.For: _for,
    syntax.Quantified: _quantified,
}
