"""Values as canonical JSON and back, so that equal values have equal bytes and one SHA-256.

Keys are sorted, no white space, UTF-8, whole numbers and texts only: exact fractions are written "25/23",
days "2026-03-01". A float is refused. For such values this is the form of RFC 8785 (JSON Canonicalization
Scheme). Dataclasses become objects; writing and reading back follow the type hints of the class.

A field that was added after documents had been written is marked `metadata=LATER`: while it has its default it
is left out, so that old documents keep their bytes and their digest.
"""

from __future__ import annotations

import hashlib
import json
import types
from abc import abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from datetime import date
from fractions import Fraction
from functools import cache
from operator import attrgetter
from typing import Any, Final, Literal, Self, TypeVar, Union, cast, get_args, get_origin, get_type_hints

import orjson

from pricing.errors import UnreadableValue

T = TypeVar("T")
Writer = Callable[[Any, dict[int, object]], object]
"""Turns a value of one type into JSON; the dictionary keeps what was written of objects met again."""
KEPT: Final = 8_192
"""Lasting objects whose bytes are remembered."""
LATER: Final = types.MappingProxyType({"later": True})
"""Marks a field that documents written before it do not have."""


class CanonicalValue:
    """A frozen dataclass that is kept as canonical JSON, known by its SHA-256, and whose parts must agree."""

    __slots__ = ()

    def as_json(self) -> dict[str, Any]:
        """Texts, whole numbers, lists and objects only; exact fractions as "25/23", days as ISO 8601."""
        return cast(dict[str, Any], encode(self))

    def canonical(self) -> bytes:
        """The one byte sequence of this value."""
        return canonical_bytes(self)

    def digest(self) -> str:
        """Hexadecimal SHA-256 of `canonical()`."""
        return hashlib.sha256(self.canonical()).hexdigest()

    @classmethod
    def from_json(cls, document: bytes | str | Mapping[str, Any]) -> Self:
        """Read one back. Raises UnreadableValue when it is none or its parts do not agree."""
        try:
            data = json.loads(document) if isinstance(document, bytes | str) else dict(document)
        except (ValueError, TypeError, RecursionError) as reason:
            raise UnreadableValue(kind=cls.__name__, reason=str(reason)) from reason
        found = decode(cls, data)
        wrong = found.inconsistency()
        if wrong:
            raise UnreadableValue(kind=cls.__name__, reason=wrong)
        return found

    @abstractmethod
    def inconsistency(self) -> str:
        """Which sum does not hold; "" when all do."""


def canonical_json(value: object) -> bytes:
    """The canonical bytes of a value made by `encode`."""
    try:
        return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    except TypeError:  # a number beyond 64 bits; what has no form at all is refused here as there
        text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
        return text.encode()


def canonical_bytes(value: object) -> bytes:
    """The canonical bytes of a value: `canonical_json(encode(value))`.

    Of objects marked as `lasting` (prices of a price book, which stand in thousands of quotes) the bytes are kept.
    """
    try:
        return orjson.dumps(
            _object_writer(cast(Any, type(value)))(value, _Pieces()), option=orjson.OPT_SORT_KEYS
        )
    except TypeError:  # a number beyond 64 bits, or what has no canonical form
        return canonical_json(encode(value))


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
        return _object_writer(cast(Any, kind))(value, {})
    raise TypeError(f"{kind.__name__} has no canonical form")


def decode(kind: type[T], value: object) -> T:
    """Read what `encode` wrote as the given type. Raises UnreadableValue when it does not fit."""
    try:
        return cast(T, _reader(cast(Any, kind))(value))
    except (KeyError, ValueError, TypeError, AttributeError, ZeroDivisionError) as reason:
        raise UnreadableValue(kind=kind.__name__, reason=str(reason)) from reason


# --- writing ------------------------------------------------------------------------------------------------


class _Pieces(dict[int, object]):
    """What was written, where lasting objects may stand as finished bytes."""


_LASTING: Final[dict[int, tuple[object, orjson.Fragment]]] = {}
"""By identity, with the object itself, so that the identity stays its own."""


def lasting(kind: type[T]) -> type[T]:
    """Mark a frozen dataclass whose objects live long and are written often."""
    _LASTING_KINDS.add(kind)
    return kind


_LASTING_KINDS: Final[set[type]] = set()


def _piece(value: object, write: Writer) -> orjson.Fragment:
    known = _LASTING.get(id(value))
    if known is not None and known[0] is value:
        return known[1]
    if len(_LASTING) >= KEPT:
        _LASTING.clear()
    piece = orjson.Fragment(canonical_json(write(value, {})))
    _LASTING[id(value)] = (value, piece)
    return piece


def _write_generic(value: Any, seen: dict[int, object]) -> object:  # noqa: ANN401 - any value
    return encode(value)


def _write_plain(value: Any, seen: dict[int, object]) -> object:  # noqa: ANN401 - texts, true and false
    return value


def _write_whole(value: Any, seen: dict[int, object]) -> object:  # noqa: ANN401 - a whole number
    if type(value) is not int:
        raise TypeError(f"{value!r} has no canonical form")
    return value


def _write_fraction(value: Any, seen: dict[int, object]) -> object:  # noqa: ANN401 - an exact fraction
    numerator, denominator = value.as_integer_ratio()
    return str(numerator) if denominator == 1 else f"{numerator}/{denominator}"


def _write_day(value: Any, seen: dict[int, object]) -> object:  # noqa: ANN401 - a date
    return str(value)


_SIMPLE: Final[Mapping[object, Writer]] = {
    str: _write_plain, bool: _write_plain, int: _write_whole, Fraction: _write_fraction, date: _write_day,
}  # fmt: skip


@cache
def _writer(kind: Any) -> Writer:  # noqa: ANN401 - any type hint
    origin, inner = get_origin(kind), get_args(kind)
    if kind in _SIMPLE:
        return _SIMPLE[kind]
    if origin is Literal:
        return _write_plain
    if origin in (Union, types.UnionType) and len(inner) == 2 and type(None) in inner:
        some = _writer(next(k for k in inner if k is not type(None)))
        return lambda value, seen: None if value is None else some(value, seen)
    if origin is tuple:
        each = _writer(inner[0])
        return lambda value, seen: [each(v, seen) for v in value]
    if origin is not None and isinstance(origin, type) and issubclass(origin, Mapping):
        each = _writer(inner[1])
        return lambda value, seen: {str(key): each(v, seen) for key, v in value.items()} if value else {}
    return _object_writer(cast(Any, kind)) if is_dataclass(kind) else _write_generic


@cache
def _object_writer(kind: Any) -> Writer:  # noqa: ANN401 - any dataclass
    hints = _hints(kind)
    every = fields(kind)
    writers = {f.name: _writer(hints[f.name]) for f in every}
    plain = tuple(f.name for f in every if writers[f.name] is _write_plain and not f.metadata.get("later"))
    others = tuple(
        (f.name, attrgetter(f.name), writers[f.name], _omitted(f)) for f in every if f.name not in plain
    )
    texts, kept = _texts(plain), kind in _LASTING_KINDS

    def write(value: Any, seen: dict[int, object]) -> object:  # noqa: ANN401 - of that dataclass
        done = seen.get(id(value))
        if done is not None:
            return done
        if kept and isinstance(seen, _Pieces):
            return _piece(value, write)
        found: dict[str, object] = dict(zip(plain, texts(value), strict=True))
        for name, get, each, omitted in others:
            inner = get(value)
            if omitted is MISSING or inner != omitted:
                found[name] = each(inner, seen)
        seen[id(value)] = found
        return found

    return write


def _texts(names: tuple[str, ...]) -> Callable[[Any], tuple[object, ...]]:
    """The values of some fields at once."""
    if len(names) > 1:
        return cast(Callable[[Any], tuple[object, ...]], attrgetter(*names))
    return lambda value: tuple(getattr(value, name) for name in names)


def _omitted(field: Field[Any]) -> object:
    """The value with which the field is left out; MISSING: never."""
    return field.default if field.metadata.get("later") else MISSING


# --- reading ------------------------------------------------------------------------------------------------


@cache
def _names(kind: Any) -> tuple[str, ...]:  # noqa: ANN401 - any dataclass
    return tuple(f.name for f in fields(kind))


@cache
def _later(kind: Any) -> frozenset[str]:  # noqa: ANN401 - any dataclass
    return frozenset(f.name for f in fields(kind) if f.metadata.get("later"))


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
    given = [n for n in names if n in found or n not in _later(cast(Any, kind))]
    return kind(**{name: _reader(hints[name])(found[name]) for name in given})


def _exactly(kind: type[T], value: object) -> T:
    if type(value) is not kind:
        raise TypeError(f"{value!r} is not {kind.__name__}")
    return value


def _one_of(value: object, allowed: tuple[object, ...]) -> object:
    if value not in allowed:
        raise ValueError(f"{value!r} is not one of {allowed}")
    return value
