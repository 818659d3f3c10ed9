"""How built-in functions are declared and called.

A declaration lists the parameters as DMN 1.5, 10.3.4 names them: "string: string, start position: number,
length?: number". `?` behind a name: may be left out; `?` behind a type: may be null; `...` behind the last
name: one list, or its elements as arguments of their own; `*` behind the last name: all further arguments.
Several declarations of one name are tried in order.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from workflows.feel.evaluation import Evaluation
from workflows.feel.nulls import wrong_arguments
from workflows.feel.temporal import Date, DateTime, DaysDuration, MonthsDuration, Time
from workflows.feel.values import FeelValue, FunctionValue, Range

Implementation = Callable[..., FeelValue]

_KINDS: Final[dict[str, tuple[type, ...]]] = {
    "number": (Decimal,),
    "string": (str,),
    "boolean": (bool,),
    "list": (list,),
    "context": (dict,),
    "date": (Date,),
    "date and time": (DateTime,),
    "day": (Date, DateTime),
    "time": (Time,),
    "duration": (DaysDuration, MonthsDuration),
    "days duration": (DaysDuration,),
    "range": (Range,),
    "function": (FunctionValue,),
    "point": (Decimal, str, Date, DateTime, Time, DaysDuration, MonthsDuration),
    "any": (),
}


@dataclass(frozen=True, slots=True)
class Parameter:
    name: str
    kinds: tuple[type, ...]
    optional: bool
    nullable: bool
    variadic: bool
    rest: bool

    def accept(self, value: FeelValue) -> tuple[bool, FeelValue]:
        """Whether the argument fits, and the argument, converted from or to a singleton list."""
        if not self.kinds:
            return value is not None or self.nullable, value
        if value is None:
            return self.nullable, None
        if type(value) in self.kinds:
            return True, value
        if self.kinds == (list,):
            return True, [value]
        if type(value) is list and len(value) == 1 and type(value[0]) in self.kinds:
            return True, value[0]
        return False, None


@dataclass(frozen=True, slots=True)
class Overload:
    parameters: tuple[Parameter, ...]
    implementation: Implementation

    def fit(self, arguments: list[FeelValue]) -> list[FeelValue] | None:
        """The converted arguments, or None when they do not fit."""
        parameters = self.parameters
        if parameters and parameters[-1].variadic:
            arguments = _gathered(arguments, len(parameters) - 1)
        elif parameters and parameters[-1].rest and len(arguments) >= len(parameters):
            arguments = [*arguments[: len(parameters) - 1], arguments[len(parameters) - 1 :]]
        if len(arguments) > len(parameters):
            return None
        if any(not parameter.optional for parameter in parameters[len(arguments) :]):
            return None
        fitted: list[FeelValue] = []
        for parameter, argument in zip(parameters, arguments, strict=False):
            if argument is ABSENT:
                if not parameter.optional:
                    return None
                fitted.append(None)
                continue
            accepted, value = parameter.accept(argument)
            if not accepted:
                return None
            fitted.append(value)
        return fitted


class _Absent:
    """The place of a named argument that was left out."""

    __slots__ = ()


ABSENT: Final = _Absent()
_OVERLOADS: Final[dict[str, list[Overload]]] = {}
BUILTINS: Final[dict[str, FunctionValue]] = {}


def builtin(name: str, parameters: str) -> Callable[[Implementation], Implementation]:
    """Declare the decorated function, which takes the evaluation and the arguments, as a built-in."""
    declared = tuple(_parameter(part) for part in parameters.split(", ")) if parameters else ()

    def register(implementation: Implementation) -> Implementation:
        overloads = _OVERLOADS.setdefault(name, [])
        overloads.append(Overload(declared, implementation))
        BUILTINS[name] = _function(name, overloads)
        return implementation

    return register


def bind(
    function: FunctionValue, arguments: list[FeelValue], names: tuple[str, ...]
) -> list[FeelValue] | None:
    """Named arguments in the order of the parameters; None when a name is unknown, missing or given twice."""
    given = dict(zip(names, arguments, strict=True))
    if len(given) != len(names) or len(given) < function.required:
        return None
    for parameters in function.overloads:
        if given.keys() <= set(parameters):
            ordered = [given.get(name, ABSENT) for name in parameters]
            while ordered and ordered[-1] is ABSENT:
                ordered.pop()
            return ordered
    return None


def _function(name: str, overloads: list[Overload]) -> FunctionValue:
    def call(run: Evaluation, arguments: list[FeelValue]) -> FeelValue:
        for overload in overloads:
            fitted = overload.fit(arguments)
            if fitted is not None:
                return overload.implementation(run, *fitted)
        return run.null(wrong_arguments(name))

    names = tuple(tuple(parameter.name for parameter in overload.parameters) for overload in overloads)
    return FunctionValue(name, names, 0, call)


def _parameter(declaration: str) -> Parameter:
    name, _, kind = declaration.partition(": ")
    variadic = name.endswith("...")
    optional = name.endswith("?")
    nullable = kind.endswith("?")
    rest = name.endswith("*")
    return Parameter(name.rstrip(".?*"), _KINDS[kind.rstrip("?")], optional, nullable, variadic, rest)


def _gathered(arguments: list[FeelValue], position: int) -> list[FeelValue]:
    """The arguments from the position on as one list, unless they are one list already."""
    rest = arguments[position:]
    if len(rest) == 1 and (type(rest[0]) is list or rest[0] is None):
        return arguments
    return [*arguments[:position], rest] if rest else arguments
