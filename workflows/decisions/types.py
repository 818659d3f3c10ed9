"""Types of a decision model: what a typeRef accepts, and how a value is made to fit (DMN 1.5, 7.3.2, 10.3.2.9).

A value fits when it conforms to the type, or after one of the conversions of DMN: a list of one element and
that element stand for each other, a date is the beginning of its day. Anything else becomes null.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final

from workflows.decisions import problems
from workflows.decisions.declarations import ItemDefinition
from workflows.decisions.ordering import ordered
from workflows.decisions.unary import Test
from workflows.feel.evaluation import Evaluation, Scope
from workflows.feel.parser import canonical_name
from workflows.feel.syntax import FeelType
from workflows.feel.temporal import UTC, Date, DateTime, DaysDuration, MonthsDuration, Time
from workflows.feel.values import FeelValue, FunctionValue, Range
from workflows.problems import Problem

Conforms = Callable[[Evaluation, FeelValue], bool]

_SIMPLE: Final[dict[str, tuple[str, type]]] = {
    "number": ("number", Decimal),
    "string": ("string", str),
    "boolean": ("boolean", bool),
    "date": ("date", Date),
    "time": ("time", Time),
    "date and time": ("date and time", DateTime),
    "dateTime": ("date and time", DateTime),
    "days and time duration": ("days and time duration", DaysDuration),
    "dayTimeDuration": ("days and time duration", DaysDuration),
    "years and months duration": ("years and months duration", MonthsDuration),
    "yearMonthDuration": ("years and months duration", MonthsDuration),
    "list": ("list", list),
    "context": ("context", dict),
    "function": ("function", FunctionValue),
    "range": ("range", Range),
    # what some modelers write
    "integer": ("number", Decimal),
    "long": ("number", Decimal),
    "double": ("number", Decimal),
}
_ANYTHING: Final = frozenset({"", "Any", "any"})


@dataclass(frozen=True, slots=True)
class Type:
    """A type that can be asked whether it has a value other than null.

    made_of: the same type without its allowed values, which is what `instance of` asks for.
    allowed: the allowed values of a value (no list), for the geometry of decision tables.
    returns: of the type of a function, what its calls give.
    """

    name: str
    conforms: Conforms
    made_of: FeelType
    allowed: Test | None = None
    returns: Type | None = None

    @property
    def is_list(self) -> bool:
        return self.made_of.name == "list"

    def fit(self, run: Evaluation, value: FeelValue) -> tuple[bool, FeelValue]:
        """Whether the value fits, and what it is then; null always fits."""
        if value is None or self.conforms(run, value):
            return True, value
        if self.is_list:
            return (True, [value]) if self.conforms(run, [value]) else (False, None)
        if type(value) is list and len(value) == 1:
            only = value[0]
            return (True, only) if only is None or self.conforms(run, only) else (False, None)
        if self.made_of.name == "date and time" and type(value) is Date:
            moment = DateTime(value, 0, UTC)
            return (True, moment) if self.conforms(run, moment) else (False, None)
        return False, None


def simple(name: str) -> Type | None:
    """The built-in type of that name; None when there is none."""
    found = _SIMPLE.get(name)
    if found is None:
        return None
    title, kind = found

    def conforms(_: Evaluation, value: FeelValue) -> bool:
        return type(value) is kind

    return Type(title, conforms, FeelType(title))


@dataclass(slots=True)
class Types:
    """The types of one model, those it imports among them with their prefix.

    compile_test: makes unary tests of the text of allowed values; reports what is wrong with it.
    """

    compile_test: Callable[[str, str, str], Test]
    problems: list[Problem]
    declared: dict[str, Type] = field(default_factory=dict)
    _told: set[str] = field(default_factory=set)

    def find(self, type_ref: str, place: str) -> Type | None:
        """The type; None where any value will do, also when the type is unknown, which is reported once."""
        name = _plain(type_ref)
        if name in _ANYTHING:
            return None
        found = self.declared.get(name) or self.declared.get(name.rpartition(":")[2]) or simple(name)
        if found is None and name not in self._told:
            self._told.add(name)
            self.problems.append(problems.unknown_type(place, name))
        return found

    def declare(self, items: Iterable[ItemDefinition]) -> None:
        """Add the item definitions of a file, each after those it uses."""
        by_name = {_plain(item.name): item for item in items}
        order, circular = ordered({name: _uses(item) & by_name.keys() for name, item in by_name.items()})
        for name in order:
            self.declared[name] = self._type(by_name[name], by_name[name].name)
        if circular:
            self.problems.append(problems.cycle(by_name[circular[0]].place, ", ".join(circular[:10])))

    @property
    def made_of(self) -> Mapping[str, FeelType]:
        """For `instance of` in expressions."""
        return {name: kind.made_of for name, kind in self.declared.items()}

    def _type(self, item: ItemDefinition, title: str) -> Type:
        if item.is_function:
            returns = self.find(item.type_ref, item.place)
            return Type(title, _is_function, FeelType("function"), returns=returns)
        own = self._structure(item, title) if item.components else self.find(item.type_ref, item.place)
        own = own or Type(title, _is_anything, FeelType("Any"))
        test = self._test(item.allowed, item.place)
        if test is not None:
            own = _restricted(own, test, title)
        if item.is_collection:
            own = Type(title, _list_of(own), FeelType("list", (own.made_of,)))
        constraint = self._test(item.constraint, item.place)
        return own if constraint is None else _restricted(own, constraint, title)

    def _test(self, text: str, place: str) -> Test | None:
        return self.compile_test(text, place, "of the allowed values") if text else None

    def _structure(self, item: ItemDefinition, title: str) -> Type:
        parts = {
            canonical_name(part.name): self._type(part, f"{item.name}.{part.name}")
            for part in item.components
        }

        def conforms(run: Evaluation, value: FeelValue) -> bool:
            run.step(len(parts))
            return type(value) is dict and all(
                name in value and (value[name] is None or part.conforms(run, value[name]))
                for name, part in parts.items()
            )

        entries = tuple(part.made_of for part in parts.values())
        return Type(title, conforms, FeelType("context", entries, tuple(parts)))


def _plain(type_ref: str) -> str:
    return canonical_name(type_ref).removeprefix("feel:").removeprefix("feel.")


def _uses(item: ItemDefinition) -> set[str]:
    """The names of the types that a type is made of."""
    found: set[str] = set()
    parts = [item]
    while parts:
        part = parts.pop()
        found.add(_plain(part.type_ref))
        found.add(_plain(part.type_ref).rpartition(":")[2])
        parts.extend(part.components)
    return found


def _is_anything(_: Evaluation, __: FeelValue) -> bool:
    return True


def _is_function(_: Evaluation, value: FeelValue) -> bool:
    return type(value) is FunctionValue


def _list_of(element: Type) -> Conforms:
    def conforms(run: Evaluation, value: FeelValue) -> bool:
        if type(value) is not list:
            return False
        run.step(len(value))
        return all(item is None or element.conforms(run, item) for item in value)

    return conforms


def _restricted(base: Type, test: Test, title: str) -> Type:
    def conforms(run: Evaluation, value: FeelValue) -> bool:
        return base.conforms(run, value) and test.passes(Scope(run, {}), value) is True

    return Type(title, conforms, base.made_of, None if base.is_list else test, base.returns)
