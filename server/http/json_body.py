"""Reading what programs send: strict JSON, and query parameters that nobody ignores silently.

Stricter than Python's own reader, as I-JSON (RFC 7493) asks: UTF-8 only, no key twice, no NaN or Infinity, no
lone surrogates; besides, no NUL (PostgreSQL stores none), a bounded size and a bounded depth.
"""

from __future__ import annotations

import json
import re
from typing import Any, NoReturn

import flask
import marshmallow as ma
from webargs.core import missing
from webargs.flaskparser import FlaskParser
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import RequestEntityTooLarge, UnsupportedMediaType

from workflows.errors import InvalidInput
from workflows.problems import Problem

MAX_BYTES = 2_000_000
MAX_DEPTH = 64
_STRING = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)
_BRACKET = re.compile(r"[\[\]{}]")
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_FOR_EVERY_PAGE = ("lang",)
"""Query parameters every address takes: the language of messages."""


class MalformedJson(InvalidInput):
    """The body is not JSON we take; status 400, where other mistakes in values are 422."""

    code = "malformed-json"
    message = "The JSON in the request cannot be read: %(first)s"


def read(data: bytes) -> Any:  # noqa: ANN401  (any JSON value)
    """The JSON value in `data`. Raises MalformedJson with the place."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        _refuse(Problem("json-not-utf8", "The text is not UTF-8. Send it as UTF-8.", f"byte {error.start}"))
    if _depth(text) > MAX_DEPTH:
        _refuse(
            Problem(
                "json-too-deep", "It is nested more than %(limit)s levels deep.", params={"limit": MAX_DEPTH}
            )
        )
    try:
        value = json.loads(text, object_pairs_hook=_object, parse_constant=_constant)
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}:{error.colno}"
        _refuse(
            Problem(
                "json-syntax",
                "There is a mistake in its syntax: %(what)s.",
                place,
                params={"what": error.msg},
            )
        )
    except ValueError:  # Python's own bound on the digits of a whole number
        _refuse(Problem("json-number-too-long", "A number has too many digits."))
    _check_texts(value)
    return value


def _refuse(problem: Problem) -> NoReturn:
    raise MalformedJson([problem])


def _depth(text: str) -> int:
    """The deepest nesting, counted without building anything."""
    deepest = now = 0
    for found in _BRACKET.finditer(_STRING.sub("", text)):
        now += 1 if found[0] in "[{" else -1
        deepest = max(deepest, now)
    return deepest


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for key, value in pairs:
        if key in made:
            _refuse(
                Problem("json-key-twice", "An object has the key “%(key)s” twice.", params={"key": key[:100]})
            )
        made[key] = value
    return made


def _constant(name: str) -> NoReturn:
    _refuse(Problem("json-not-a-number", "%(name)s is not a number in JSON.", params={"name": name}))


def _check_texts(value: Any) -> None:  # noqa: ANN401
    if isinstance(value, str):
        if _UNSTORABLE.search(value):
            _refuse(Problem("json-character", "A text has a NUL character or half of a surrogate pair."))
    elif isinstance(value, list):
        for item in value:
            _check_texts(item)
    elif isinstance(value, dict):
        for key, item in value.items():
            _check_texts(key)
            _check_texts(item)


class RequestParser(FlaskParser):
    """webargs with strict JSON, 415 for another media type, and no unknown query parameter."""

    DEFAULT_UNKNOWN_BY_LOCATION = {
        **FlaskParser.DEFAULT_UNKNOWN_BY_LOCATION,
        "json": ma.RAISE,
        "query": ma.RAISE,
        "querystring": ma.RAISE,
    }

    def _raw_load_json(self, req: flask.Request) -> Any:  # noqa: ANN401
        if not req.mimetype and not req.content_length:
            return missing
        if req.mimetype != "application/json":
            raise UnsupportedMediaType
        if (req.content_length or 0) > MAX_BYTES:
            raise RequestEntityTooLarge
        data = req.get_data(cache=True)
        if len(data) > MAX_BYTES:
            raise RequestEntityTooLarge
        return read(data)

    def load_querystring(self, req: flask.Request, schema: ma.Schema) -> Any:  # noqa: ANN401
        kept = MultiDict((k, v) for k, v in req.args.items(multi=True) if k not in _FOR_EVERY_PAGE)
        return self._makeproxy(kept, schema)
