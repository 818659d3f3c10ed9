"""The expressions of a form: XPath 1.0 with the comparison rules of ODK, compiled to Python closures.

Source: XPath 1.0 (W3C 1999), ODK XForms specification, section "XPath Expressions". Where they differ from
XPath 1.0: an empty node-set compares as "", dates compare as days since 1970-01-01, functions of ODK (see
forms.functions), and an absolute path inside a repeat means the entry the expression stands in (JavaRosa's
contextualisation): "/submission/household/age" within household 3 is household[3]/age.

An expression is parsed once (Pratt parser) and compiled once; evaluation keeps its state in a `Context`, so
expressions are shared between threads. Every visited node is paid from the context's budget: no expression of
an author can stop the server.
"""

from __future__ import annotations

import re
import typing
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from forms.errors import XPathError, XPathLimit
from forms.evaluation import ARITHMETIC, ORDER, Context, Value, atoms, equal, to_boolean, to_number, to_string
from forms.functions import FUNCTIONS
from forms.tree import Node

Kind = typing.Literal["number", "boolean", "string", "nodes"]

MAX_LENGTH = 20_000
MAX_DEPTH = 60
MAX_OPERATORS = 300

# ---------------------------------------------------------------- syntax tree


@dataclass(frozen=True, slots=True)
class Number:
    value: float


@dataclass(frozen=True, slots=True)
class Literal:
    value: str


@dataclass(frozen=True, slots=True)
class Negation:
    operand: Tree


@dataclass(frozen=True, slots=True)
class Binary:
    operator: str
    left: Tree
    right: Tree


@dataclass(frozen=True, slots=True)
class Call:
    name: str
    arguments: tuple[Tree, ...]


@dataclass(frozen=True, slots=True)
class Step:
    axis: str
    test: str
    predicates: tuple[Tree, ...] = ()


@dataclass(frozen=True, slots=True)
class Path:
    absolute: bool
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Filter:
    primary: Tree
    predicates: tuple[Tree, ...]
    steps: tuple[Step, ...]


Tree = Number | Literal | Negation | Binary | Call | Path | Filter

# ---------------------------------------------------------------- parser

_TOKEN = re.compile(
    r"\s*(?:(?P<number>\d+(?:\.\d*)?|\.\d+)"
    r"|(?P<string>\"[^\"]*\"|'[^']*')"
    r"|(?P<sign>::|//|!=|<=|>=|\.\.|[()\[\].@,/|+\-=<>*])"
    r"|(?P<name>[^\W\d][\w.\-\u00b7]*(?::(?!:)[^\W\d][\w.\-]*)?))"
)
_PRECEDENCE = {
    "or": 1, "and": 2, "=": 3, "!=": 3, "<": 4, "<=": 4, ">": 4, ">=": 4,
    "+": 5, "-": 5, "*": 6, "div": 6, "mod": 6, "|": 8,
}  # fmt: skip
_NEGATION = 7
_NODE_TESTS = ("text", "node", "comment")
_AXES = (
    "child", "parent", "self", "attribute", "ancestor", "ancestor-or-self", "descendant",
    "descendant-or-self", "following-sibling", "preceding-sibling",
)  # fmt: skip
_WILD = ("*", "node()", "text()", "comment()")
_ANYWHERE = Step("descendant-or-self", "node()")


class _Parser:
    def __init__(self, text: str) -> None:
        self.text = text
        if len(text) > MAX_LENGTH:
            raise XPathLimit(expression=text[:60] + "…", reason=f"it has more than {MAX_LENGTH} characters")
        self.tokens = list(self._tokens())
        self.at = 0
        self.depth = 0
        self.operators = 0

    def _tokens(self) -> Iterator[tuple[str, str]]:
        text, at = self.text.rstrip(), 0
        while at < len(text):
            match = _TOKEN.match(text, at)
            if match is None or match.lastgroup is None:
                raise self.refuse(f"{text[at : at + 10].strip()} is not understood")
            yield match.lastgroup, match[match.lastgroup]
            at = match.end()
        yield "end", ""

    def refuse(self, reason: str) -> XPathError:
        return XPathError(expression=self.text.strip()[:200], reason=reason)

    @property
    def token(self) -> tuple[str, str]:
        return self.tokens[self.at]

    def next_is(self, sign: str) -> bool:
        return self.at + 1 < len(self.tokens) and self.tokens[self.at + 1] == ("sign", sign)

    def is_sign(self, *signs: str) -> bool:
        kind, text = self.tokens[self.at]
        return kind == "sign" and text in signs

    def take(self) -> str:
        text = self.tokens[self.at][1]
        self.at += 1
        return text

    def expect(self, sign: str) -> None:
        if not self.is_sign(sign):
            raise self.refuse(f"{sign} is missing before {self.token[1] or 'the end'}")
        self.at += 1

    def parse(self) -> Tree:
        tree = self.expression(0)
        if self.token[0] != "end":
            raise self.refuse(f"{self.token[1]} is unexpected")
        return tree

    def operator(self) -> str:
        kind, text = self.token
        return text if kind in ("sign", "name") and text in _PRECEDENCE else ""

    def expression(self, minimum: int) -> Tree:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise self.refuse("it is nested too deeply")
        if self.is_sign("-"):
            self.at += 1
            left: Tree = Negation(self.expression(_NEGATION))
        else:
            left = self.path()
        while (operator := self.operator()) and _PRECEDENCE[operator] > minimum:
            self.at += 1
            self.operators += 1
            if self.operators > MAX_OPERATORS:
                raise self.refuse(f"it has more than {MAX_OPERATORS} operators; compute a part of it before")
            left = Binary(operator, left, self.expression(_PRECEDENCE[operator]))
        self.depth -= 1
        return left

    def path(self) -> Tree:
        kind, text = self.token
        if kind == "number":
            return self.filtered(Number(float(self.take())))
        if kind == "string":
            return self.filtered(Literal(self.take()[1:-1]))
        if self.is_sign("("):
            self.at += 1
            inner = self.expression(0)
            self.expect(")")
            return self.filtered(inner)
        if kind == "name" and self.next_is("(") and text not in _NODE_TESTS:
            return self.filtered(self.call())
        if self.is_sign("/", "//"):
            if text == "/" and not self.starts_step(self.at + 1):
                self.at += 1
                return Path(absolute=True, steps=())
            return Path(absolute=True, steps=self.steps())
        return Path(absolute=False, steps=(self.step(), *self.steps()))

    def starts_step(self, at: int) -> bool:
        kind, text = self.tokens[at]
        return kind == "name" or (kind == "sign" and text in (".", "..", "@", "*"))

    def filtered(self, primary: Tree) -> Tree:
        predicates, steps = self.predicates(), self.steps()
        return Filter(primary, predicates, steps) if predicates or steps else primary

    def call(self) -> Tree:
        name = self.take()
        self.expect("(")
        arguments: list[Tree] = []
        if not self.is_sign(")"):
            arguments.append(self.expression(0))
            while self.is_sign(","):
                self.at += 1
                arguments.append(self.expression(0))
        self.expect(")")
        return Call(name, tuple(arguments))

    def predicates(self) -> tuple[Tree, ...]:
        found: list[Tree] = []
        while self.is_sign("["):
            self.at += 1
            found.append(self.expression(0))
            self.expect("]")
        return tuple(found)

    def steps(self) -> tuple[Step, ...]:
        found: list[Step] = []
        while self.is_sign("/", "//"):
            if self.take() == "//":
                found.append(_ANYWHERE)
            found.append(self.step())
        return tuple(found)

    def step(self) -> Step:
        if self.is_sign(".", ".."):
            axis = "self" if self.take() == "." else "parent"
            return Step(axis, "node()", self.predicates())
        axis = "child"
        if self.is_sign("@"):
            self.at += 1
            axis = "attribute"
        elif self.next_is("::"):
            axis = self.take()
            self.at += 1
            if axis not in _AXES:
                raise self.refuse(f"the axis {axis} is not supported")
        return Step(axis, self.node_test(), self.predicates())

    def node_test(self) -> str:
        kind, text = self.token
        if self.is_sign("*"):
            self.at += 1
            return "*"
        if kind != "name":
            raise self.refuse(f"a name is missing before {text or 'the end'}")
        self.at += 1
        if text in _NODE_TESTS and self.is_sign("("):
            self.at += 1
            self.expect(")")
            return f"{text}()"
        return text.rpartition(":")[2]


# ---------------------------------------------------------------- evaluation

Evaluate = Callable[[Context, Node, int, int], Value]
"""(context, node, position, size of the node list) -> value."""


class Expression:
    """A compiled expression; `evaluate` may be called from several threads with different contexts.

    functions: names of the functions it calls, for static questions such as "does it depend on the clock".
    """

    __slots__ = ("_evaluate", "functions", "source", "tree")

    def __init__(self, source: str, tree: Tree, evaluate: Evaluate, functions: frozenset[str]) -> None:
        self.source = source
        self.tree = tree
        self.functions = functions
        self._evaluate = evaluate

    def __repr__(self) -> str:
        return f"Expression({self.source!r})"

    def evaluate(self, context: Context, node: Node, origin: Node | None = None) -> Value:
        """The value at a node; origin: `current()`, if another. Raises XPathError, XPathLimit."""
        context.origin = node if origin is None else origin
        context.expression = self.source
        context.spend(1)
        try:
            return self._evaluate(context, node, 1, 1)
        except (ArithmeticError, ValueError, RecursionError) as error:
            raise XPathError(expression=self.source[:200], reason=type(error).__name__) from error

    def boolean(self, context: Context, node: Node) -> bool:
        return to_boolean(self.evaluate(context, node))

    def string(self, context: Context, node: Node) -> str:
        return to_string(self.evaluate(context, node))

    def number(self, context: Context, node: Node) -> float:
        return to_number(self.evaluate(context, node))


@lru_cache(maxsize=8192)
def compile_expression(source: str) -> Expression:
    """Parse and compile an expression; raises XPathError with the reason, for an author."""
    return compile_tree(_Parser(source).parse(), source.strip())


def compile_tree(tree: Tree, source: str) -> Expression:
    """Compile a syntax tree; source: what to show of it in errors."""
    names = frozenset(part.name for part in walk(tree) if isinstance(part, Call))
    return Expression(source, tree, _Compiler(source).compile(tree), names)


def walk(tree: Tree) -> Iterator[Tree]:
    """The tree and everything below it."""
    yield tree
    below: list[Tree] = []
    steps: tuple[Step, ...] = ()
    if isinstance(tree, Negation):
        below = [tree.operand]
    elif isinstance(tree, Binary):
        below = [tree.left, tree.right]
    elif isinstance(tree, Call):
        below = list(tree.arguments)
    elif isinstance(tree, Path):
        steps = tree.steps
    elif isinstance(tree, Filter):
        below, steps = [tree.primary, *tree.predicates], tree.steps
    below += [predicate for step in steps for predicate in step.predicates]
    for part in below:
        yield from walk(part)


# ---------------------------------------------------------------- compiler

_POSITIONAL = ("position", "last")
_NUMERIC_CALLS = frozenset({
    "position", "last", "count", "number", "sum", "floor", "ceiling", "round", "int", "string-length", "abs",
    "pow", "sqrt", "exp", "exp10", "log", "log10", "sin", "cos", "tan", "asin", "acos", "atan", "atan2", "pi",
    "max", "min", "count-selected", "count-non-empty", "decimal-date-time", "decimal-date", "decimal-time",
    "random", "distance", "area",
})  # fmt: skip
_BOOLEAN_CALLS = frozenset({
    "not", "boolean", "true", "false", "selected", "is-selected", "regex", "starts-with", "ends-with",
    "contains", "checklist", "weighted-checklist", "boolean-from-string",
})  # fmt: skip
_NODE_CALLS = frozenset(("instance", "current", "indexed-repeat", "randomize"))


def kind_of(tree: Tree) -> Kind:
    """The type an expression gives whatever the answers are."""
    if isinstance(tree, Number | Negation):
        return "number"
    if isinstance(tree, Binary):
        if tree.operator == "|":
            return "nodes"
        return "number" if tree.operator in ARITHMETIC else "boolean"
    if isinstance(tree, Path):
        return "nodes"
    if isinstance(tree, Filter):
        return "nodes" if tree.steps else kind_of(tree.primary)
    return _kind_of_call(tree) if isinstance(tree, Call) else "string"


def _kind_of_call(call: Call) -> Kind:
    results = {"if": call.arguments[1:], "coalesce": call.arguments, "once": call.arguments}.get(call.name)
    if results:
        kinds = {kind_of(result) for result in results if result != Literal("")}
        return kinds.pop() if len(kinds) == 1 else "string"
    if call.name in _NUMERIC_CALLS:
        return "number"
    if call.name in _BOOLEAN_CALLS:
        return "boolean"
    return "nodes" if call.name in _NODE_CALLS else "string"


class _Compiler:
    """One method per kind of tree; each gives a closure."""

    def __init__(self, source: str) -> None:
        self.source = source

    def refuse(self, reason: str) -> XPathError:
        return XPathError(expression=self.source.strip()[:200], reason=reason)

    def compile(self, tree: Tree) -> Evaluate:
        if isinstance(tree, Number | Literal):
            constant = tree.value
            return lambda _c, _n, _p, _s: constant
        if isinstance(tree, Negation):
            operand = self.compile(tree.operand)
            return lambda c, n, p, s: -to_number(operand(c, n, p, s))
        if isinstance(tree, Binary):
            return self.binary(tree)
        if isinstance(tree, Call):
            return self.call(tree)
        if isinstance(tree, Path):
            return self.path(tree)
        return self.filter(tree)

    def binary(self, tree: Binary) -> Evaluate:
        left, right = self.compile(tree.left), self.compile(tree.right)
        operator = tree.operator
        if operator == "or":
            return lambda c, n, p, s: to_boolean(left(c, n, p, s)) or to_boolean(right(c, n, p, s))
        if operator == "and":
            return lambda c, n, p, s: to_boolean(left(c, n, p, s)) and to_boolean(right(c, n, p, s))
        if operator in ARITHMETIC:
            compute = ARITHMETIC[operator]
            return lambda c, n, p, s: compute(to_number(left(c, n, p, s)), to_number(right(c, n, p, s)))
        if operator == "|":
            return self.union(left, right)
        compare = self.equality(operator) if operator in ("=", "!=") else self.order(operator)
        return lambda c, n, p, s: compare(c, left(c, n, p, s), right(c, n, p, s))

    def equality(self, operator: str) -> Callable[[Context, Value, Value], bool]:
        wanted = operator == "="

        def compare(context: Context, left: Value, right: Value) -> bool:
            if not isinstance(left, list) and not isinstance(right, list):
                return equal(left, right) == wanted
            lefts, rights = atoms(left), atoms(right)
            context.spend(len(lefts) * len(rights))
            return any(equal(a, b) == wanted for a in lefts for b in rights)

        return compare

    def order(self, operator: str) -> Callable[[Context, Value, Value], bool]:
        test = ORDER[operator]

        def compare(context: Context, left: Value, right: Value) -> bool:
            lefts, rights = atoms(left), atoms(right)
            context.spend(len(lefts) * len(rights))
            return any(test(to_number(a), to_number(b)) for a in lefts for b in rights)

        return compare

    def union(self, left: Evaluate, right: Evaluate) -> Evaluate:
        def evaluate(context: Context, node: Node, position: int, size: int) -> Value:
            first = _nodes(context, left(context, node, position, size))
            second = _nodes(context, right(context, node, position, size))
            return _unique([*first, *second])

        return evaluate

    def call(self, tree: Call) -> Evaluate:
        arguments = [self.compile(argument) for argument in tree.arguments]
        if tree.name in _POSITIONAL and not arguments:
            return (
                (lambda _c, _n, p, _s: float(p))
                if tree.name == "position"
                else lambda _c, _n, _p, s: float(s)
            )
        if tree.name == "if":
            return self.choice(arguments)
        function = FUNCTIONS.get(tree.name)
        if function is None:
            raise self.refuse(f"the function {tree.name}() is not known")
        if not function.least <= len(arguments) <= function.most:
            raise self.refuse(f"{tree.name}() has {len(arguments)} argument(s)")
        run = function.run

        def evaluate(context: Context, node: Node, position: int, size: int) -> Value:
            value = run(context, node, *[argument(context, node, position, size) for argument in arguments])
            if isinstance(value, str) and len(value) > 64:  # long texts made again and again cost, too
                context.spend(len(value) // 64)
            return value

        return evaluate

    def choice(self, arguments: list[Evaluate]) -> Evaluate:
        if len(arguments) != 3:
            raise self.refuse(f"if() has {len(arguments)} argument(s)")
        condition, then, otherwise = arguments
        return lambda c, n, p, s: (
            then(c, n, p, s) if to_boolean(condition(c, n, p, s)) else otherwise(c, n, p, s)
        )

    def path(self, tree: Path) -> Evaluate:
        if tree == Path(absolute=False, steps=(Step("self", "node()"),)):
            return lambda _c, n, _p, _s: [n]
        if not tree.absolute:
            walk_steps = self.steps(tree.steps)
            return lambda c, n, _p, _s: walk_steps(c, [n])
        return self.absolute(tree.steps)

    def absolute(self, steps: tuple[Step, ...]) -> Evaluate:
        """An absolute path follows the origin's ancestors as far as it names them, but for its last step."""
        shared: list[str] = []
        for step in steps[:-1]:
            if step.axis != "child" or step.predicates or step.test in _WILD:
                break
            shared.append(step.test)
        rests = [self.steps(steps[start:]) for start in range(len(shared) + 1)]

        def evaluate(context: Context, _node: Node, _position: int, _size: int) -> Value:
            chain = context.origin.chain()
            if chain[0] is not context.document:  # an item of a secondary instance
                return rests[0](context, [context.document])
            taken = 0
            while taken < len(shared) and taken + 1 < len(chain) and chain[taken + 1].name == shared[taken]:
                taken += 1
            return rests[taken](context, [chain[taken]])

        return evaluate

    def filter(self, tree: Filter) -> Evaluate:
        primary = self.compile(tree.primary)
        keep = self.predicates(tree.predicates)
        walk_steps = self.steps(tree.steps)

        def evaluate(context: Context, node: Node, position: int, size: int) -> Value:
            nodes = _nodes(context, primary(context, node, position, size))
            return walk_steps(context, keep(context, list(nodes)))

        return evaluate

    def steps(self, steps: tuple[Step, ...]) -> Callable[[Context, list[Node]], list[Node]]:
        walkers = [self.step(step) for step in steps]

        def evaluate(context: Context, nodes: list[Node]) -> list[Node]:
            for walker in walkers:
                if len(nodes) == 1:
                    nodes = walker(context, nodes[0])
                else:
                    nodes = _unique([found for node in nodes for found in walker(context, node)])
            return nodes

        return evaluate

    def step(self, step: Step) -> Callable[[Context, Node], list[Node]]:
        axis, test = _AXIS_NODES[step.axis], step.test
        keep = self.predicates(step.predicates)
        if (
            step.axis == "child"
            and test not in ("*", "node()", "text()", "comment()")
            and not step.predicates
        ):
            return _named_children(test)

        def evaluate(context: Context, node: Node) -> list[Node]:
            found = axis(node)
            context.spend(len(found) + 1)
            if test == "text()":  # mixed content does not exist here: a leaf's text is the leaf
                found = [node] if not node.children and node.text else []
            elif test == "comment()":
                found = []
            elif test not in ("*", "node()"):
                wanted = f"@{test}" if step.axis == "attribute" else test
                found = [other for other in found if other.name == wanted]
            return keep(context, found)

        return evaluate

    def predicates(self, predicates: tuple[Tree, ...]) -> Callable[[Context, list[Node]], list[Node]]:
        tests = [self.compile(predicate) for predicate in predicates]

        def keep(context: Context, nodes: list[Node]) -> list[Node]:
            for test in tests:
                size = len(nodes)
                context.spend(size)
                kept = []
                for position, node in enumerate(nodes, start=1):
                    value = test(context, node, position, size)
                    if value == position if isinstance(value, float) else to_boolean(value):
                        kept.append(node)
                nodes = kept
            return nodes

        return keep


def _position(_context: Context, _node: Node, position: int, _size: int) -> Value:
    return float(position)


def _last(_context: Context, _node: Node, _position: int, size: int) -> Value:
    return float(size)


def _named_children(name: str) -> Callable[[Context, Node], list[Node]]:
    def evaluate(context: Context, node: Node) -> list[Node]:
        context.spend(len(node.children) + 1)
        return [child for child in node.children if child.name == name]

    return evaluate


def _nodes(context: Context, value: Value) -> list[Node]:
    if not isinstance(value, list):
        raise context.refuse("a path starts with a value that is no question")
    return value


def _unique(nodes: list[Node]) -> list[Node]:
    return list({id(node): node for node in nodes}.values())


def _siblings(node: Node, *, after: bool) -> list[Node]:
    if node.parent is None:
        return []
    index = node.parent.children.index(node)
    return node.parent.children[index + 1 :] if after else node.parent.children[:index][::-1]


_AXIS_NODES: Mapping[str, Callable[[Node], list[Node]]] = {
    "child": lambda node: node.children,
    "parent": lambda node: [] if node.parent is None else [node.parent],
    "self": lambda node: [node],
    "attribute": lambda node: [Node(f"@{key}", node, text) for key, text in node.attributes.items()],
    "ancestor": lambda node: node.chain()[-2::-1],
    "ancestor-or-self": lambda node: node.chain()[::-1],
    "descendant": lambda node: list(node.descendants()),
    "descendant-or-self": lambda node: [node, *node.descendants()],
    "following-sibling": lambda node: _siblings(node, after=True),
    "preceding-sibling": lambda node: _siblings(node, after=False),
}
