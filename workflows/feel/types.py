"""Types of FEEL: `instance of` and conversions of arguments (DMN 1.5, 10.3.2.9)."""

from __future__ import annotations

from collections.abc import Mapping

from workflows.feel.evaluation import Evaluation
from workflows.feel.syntax import FeelType
from workflows.feel.values import SIMPLE_TYPES, UNBOUNDED, FeelValue, FunctionValue, Range, type_name

_ALIASES = {
    "any": "Any",
    "null": "Null",
    "dateTime": "date and time",
    "dayTimeDuration": "days and time duration",
}


def is_known(kind: FeelType) -> bool:
    """Whether the type and all types in it exist."""
    return _canonical(kind.name) in SIMPLE_TYPES and all(is_known(argument) for argument in kind.arguments)


def resolved(kind: FeelType, declared: Mapping[str, FeelType]) -> FeelType:
    """The type with the declared types in it replaced by what they are made of."""
    if not declared:
        return kind
    own = declared.get(kind.name)
    if own is not None:
        return own
    return FeelType(kind.name, tuple(resolved(part, declared) for part in kind.arguments), kind.fields)


def conforms(run: Evaluation, value: FeelValue, kind: FeelType) -> bool:
    """Whether the value is an instance of the type; null is one of Null only."""
    run.step()
    name = _canonical(kind.name)
    if value is None:
        return name == "Null"
    if name == "Any":
        return True
    if type_name(value) != name:
        return False
    return not kind.arguments or _arguments_conform(run, value, kind)


def _canonical(name: str) -> str:
    return _ALIASES.get(name.removeprefix("feel:").removeprefix("feel."), name)


def _arguments_conform(run: Evaluation, value: FeelValue, kind: FeelType) -> bool:
    if isinstance(value, list):
        return all(_element_conforms(run, item, kind.arguments[0]) for item in value)
    if isinstance(value, dict):
        return all(
            name in value and _element_conforms(run, value[name], argument)
            for name, argument in zip(kind.fields, kind.arguments, strict=True)
        )
    if isinstance(value, Range):
        ends = [end for end in (value.start, value.end) if end is not UNBOUNDED]
        return all(conforms(run, end, kind.arguments[0]) for end in ends)
    return isinstance(value, FunctionValue) and _function_conforms(value, kind)


def _element_conforms(run: Evaluation, value: FeelValue, kind: FeelType) -> bool:
    """Null may stand in a list or an entry of any type."""
    return value is None or conforms(run, value, kind)


def _function_conforms(function: FunctionValue, kind: FeelType) -> bool:
    """The same number of parameters; a parameter with a type must be of the asked type."""
    asked = kind.arguments[:-1]
    if not any(len(names) == len(asked) for names in function.overloads):
        return False
    return all(
        own is None or own == other or _canonical(other.name) == "Any"
        for own, other in zip(function.types, asked, strict=False)
    )


def converted(run: Evaluation, value: FeelValue, kind: FeelType | None) -> tuple[bool, FeelValue]:
    """Whether an argument fits a parameter's type, and the argument, as or out of a list of one."""
    if kind is None or value is None or not is_known(kind) or conforms(run, value, kind):
        return True, value
    name = _canonical(kind.name)
    if name == "list" and not isinstance(value, list) and conforms(run, [value], kind):
        return True, [value]
    if isinstance(value, list) and len(value) == 1 and conforms(run, value[0], kind):
        return True, value[0]
    return False, None
