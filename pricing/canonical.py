"""Values as canonical JSON and back, so that equal values have equal bytes and one SHA-256.

Keys are sorted, no white space, UTF-8, whole numbers and texts only: exact fractions are written "25/23",
days "2026-03-01". A float is refused. For such values this is the form of RFC 8785 (JSON Canonicalization
Scheme). Dataclasses become objects; reading back follows the type hints of the class.
"""

from __future__ import annotations

import hashlib
import json
import types
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from datetime import date
from fractions import Fraction
from functools import cache
from typing import Any, Literal, TypeVar, Union, cast, get_args, get_origin, get_type_hints

from pricing.errors import UnreadableValue

T = TypeVar("T")


def canonical_json(value: object) -> bytes:
    """The canonical bytes of a value made by `encode`."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return text.encode()


def sha256(value: object) -> str:
    """Hexadecimal SHA-256 of the canonical bytes of a value made by `encode`."""
    return hashlib.sha256(canonical_json(value)).hexdigest()


def encode(value: object) -> object:
    """A value as JSON objects, lists, texts and whole numbers. Raises TypeError for a float."""
    kind = type(value)
    if value is None or kind is str or kind is bool or kind is int:
        return value
    if isinstance(value, Fraction | date):
        return str(value)
    if isinstance(value, Mapping):
        return {str(key): encode(inner) for key, inner in value.items()}
    if isinstance(value, tuple | list):
        return [encode(inner) for inner in value]
    if is_dataclass(value):
        return {name: encode(getattr(value, name)) for name in _names(cast(Any, kind))}
    raise TypeError(f"{kind.__name__} has no canonical form")


def decode(kind: type[T], value: object) -> T:
    """Read what `encode` wrote as the given type. Raises UnreadableValue when it does not fit."""
    try:
        return cast(T, _reader(cast(Any, kind))(value))
    except (KeyError, ValueError, TypeError, AttributeError, ZeroDivisionError) as reason:
        raise UnreadableValue(kind=kind.__name__, reason=str(reason)) from reason


@cache
def _names(kind: Any) -> tuple[str, ...]:  # noqa: ANN401 - any dataclass
    return tuple(f.name for f in fields(kind))


@cache
def _reader(kind: Any) -> Callable[[object], object]:  # noqa: ANN401 - any type hint
    origin, inner = get_origin(kind), get_args(kind)
    if origin in (Union, types.UnionType):
        some = _reader(next(k for k in inner if k is not type(None)))
        return lambda value: None if value is None else some(value)
    if origin is Literal:
        return lambda value: _one_of(value, inner)
    if origin is tuple:
        each = _reader(inner[0])
        return lambda value: tuple(each(v) for v in _exactly(list, value))
    if origin is not None and issubclass(origin, Mapping):
        each = _reader(inner[1])
        return lambda value: {key: each(v) for key, v in _exactly(dict, value).items()}
    if is_dataclass(kind):
        return lambda value: _read_object(cast(type[object], kind), value)
    if kind is Fraction:
        return lambda value: Fraction(_exactly(str, value))
    if kind is date:
        return lambda value: date.fromisoformat(_exactly(str, value))
    return lambda value: _exactly(cast(type[object], kind), value)


@cache
def _hints(kind: Any) -> Mapping[str, object]:  # noqa: ANN401 - any dataclass
    return get_type_hints(kind)


def _read_object(kind: type[T], value: object) -> T:
    names, hints = _names(cast(Any, kind)), _hints(cast(Any, kind))
    found = _exactly(dict, value)
    unknown = set(found) - set(names)
    if unknown:
        raise ValueError(f"unknown {', '.join(sorted(unknown))}")
    return kind(**{name: _reader(hints[name])(found[name]) for name in names})


def _exactly(kind: type[T], value: object) -> T:
    if type(value) is not kind:
        raise TypeError(f"{value!r} is not {kind.__name__}")
    return value


def _one_of(value: object, allowed: tuple[object, ...]) -> object:
    if value not in allowed:
        raise ValueError(f"{value!r} is not one of {allowed}")
    return value
