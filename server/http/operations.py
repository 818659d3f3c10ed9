"""An operation of the API: its route, what it takes and answers, and its part of the OpenAPI document.

All in one decorator over flask-smorest, so that none of them can be forgotten. Path parameters reach a view
as text, a JSON body as `body`, query parameters as `query`, a multipart body as `parts`. What a view returns
is dumped with its schema; (value, status) sets the status.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import wraps
from typing import Any, Literal, TypeVar, cast

import flask_smorest
import marshmallow as ma
from flask import Flask, Response, request
from werkzeug.datastructures import FileStorage
from werkzeug.exceptions import UnsupportedMediaType
from werkzeug.routing import BaseConverter

from server.actor import Action
from server.http.documents import MoneyText, ProblemDocument, is_line
from server.http.json_body import RequestParser
from workflows.errors import InvalidInput
from workflows.problems import Problem

View = TypeVar("View", bound=Callable[..., Any])
Method = Literal["GET", "POST", "DELETE"]
PROBLEM_TYPE = "application/problem+json"
MAX_PARTS = 250
_REFUSALS = {
    400: "The request cannot be read, or refers to something that makes no sense.",
    401: "Nobody is signed in, or the token has expired.",
    403: "The role does not allow this, or the request was forged.",
    404: "There is no such thing, or none that this person may see.",
    409: "The thing's state forbids the step, it was done before, or it has changed in the meantime.",
    413: "The request is too large.",
    415: "The body has another media type than the one asked for.",
    422: "Values are missing or not right; `problems` names each.",
}


class CodeConverter(BaseConverter):
    """A code in an address: letters, digits and : . _ - only."""

    regex = r"[A-Za-z0-9][A-Za-z0-9:._-]{0,99}"


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a multipart body. text: a value, not a file; several: any number of files of that name."""

    name: str
    description: str
    text: bool = False
    required: bool = True
    several: bool = False


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts of a request, read and bounded. files: part -> [(file name, bytes)]."""

    values: Mapping[str, str]
    files: Mapping[str, Sequence[tuple[str, bytes]]]

    def file(self, name: str) -> tuple[str, bytes]:
        """Name and bytes of a required file."""
        return self.files[name][0]


class ApiBlueprint(flask_smorest.Blueprint):  # type: ignore[misc]  # not typed
    """The operations of a feature; tag: the heading they have in the documentation."""

    ARGUMENTS_PARSER = RequestParser()

    def __init__(self, name: str, import_name: str, *, tag: str, description: str) -> None:
        super().__init__(name, import_name, description=description)
        self.tag = tag

    def operation(
        self, method: Method, rule: str, *, answer: type[ma.Schema] | None = None, status: int = 200,
        also: Mapping[int, str] | None = None, query: type[ma.Schema] | None = None,
        body: type[ma.Schema] | None = None, parts: Sequence[Part] = (), produces: Sequence[str] = (),
    ) -> Callable[[View], View]:  # fmt: skip
        """Register a view marked with @permission.

        also: other good statuses with the same answer, and what they mean. produces: media types of an answer
        that is a file. Without `answer` and `produces` nothing is answered (204).
        """

        def decorate(view: View) -> View:
            action: Action = view.permission  # type: ignore[attr-defined]
            made: Any = _with_text_ids(view)
            if parts:
                made = self.doc(requestBody=_multipart(parts))(_with_parts(made, parts))
            if body is not None:
                made = self.arguments(body, location="json", arg_name="body")(made)
            if query is not None:
                made = self.arguments(query, location="query", arg_name="query")(made)
            made = self._with_answers(made, answer, status, also or {}, produces)
            made = self._with_refusals(
                made, method, rule, action, takes_body=bool(body or parts), query=bool(query)
            )
            made = self.doc(operationId=view.__name__, security=_security(method, action))(made)
            made.permission = action
            self.add_url_rule(rule, view.__name__, made, methods=[method], tags=[self.tag])
            return view

        return decorate

    def _with_answers(
        self, view: Any, answer: type[ma.Schema] | None, status: int, also: Mapping[int, str],  # noqa: ANN401
        produces: Sequence[str],
    ) -> Any:  # fmt: skip  # noqa: ANN401
        for media_type in produces:
            is_json = media_type == "application/json"
            schema = {"type": "object"} if is_json else {"type": "string", "format": "binary"}
            view = self.response(status, schema, content_type=media_type, description="The file.")(view)
        if produces:
            return view
        if answer is None:
            return self.response(204, description="Done.")(view)
        for other, meaning in also.items():
            view = self.alt_response(other, schema=answer, description=meaning, success=True)(view)
        return self.response(status, answer)(view)

    def _with_refusals(
        self, view: Any, method: Method, rule: str, action: Action, *, takes_body: bool, query: bool  # noqa: ANN401
    ) -> Any:  # fmt: skip  # noqa: ANN401
        statuses = {400}
        if action is not Action.PUBLIC:
            statuses |= {401, 403}
        if "<" in rule or takes_body:
            statuses.add(404)
        if method != "GET":
            statuses |= {403, 409, 422}
        if takes_body:
            statuses |= {401, 413, 415}
        if query:
            statuses.add(422)
        for status in sorted(statuses):
            view = self.alt_response(
                status, schema=ProblemDocument, content_type=PROBLEM_TYPE, description=_REFUSALS[status]
            )(view)
        return view


def _with_text_ids(view: View) -> View:
    """Ids in addresses are UUIDs to the router and text everywhere else."""

    @wraps(view)
    def wrapper(**values: Any) -> Any:  # noqa: ANN401
        ids = request.view_args or {}
        return view(**{k: str(v) if k in ids else v for k, v in values.items()})

    return cast(View, wrapper)


def _with_parts(view: View, parts: Sequence[Part]) -> View:
    @wraps(view)
    def wrapper(**values: Any) -> Any:  # noqa: ANN401
        return view(**values, parts=_read_parts(parts))

    return cast(View, wrapper)


def _read_parts(parts: Sequence[Part]) -> Parts:
    """The multipart body. Raises UnsupportedMediaType; InvalidInput with all that is wrong with its parts."""
    if request.mimetype != "multipart/form-data":
        raise UnsupportedMediaType
    problems = [*_unknown_parts(parts), *(p for part in parts for p in _part_problems(part))]
    values: dict[str, str] = {}
    files: dict[str, list[tuple[str, bytes]]] = {}
    for part in parts:
        if part.text:
            values[part.name] = request.form.get(part.name, "")
        else:
            sent = request.files.getlist(part.name)[:MAX_PARTS]
            files[part.name] = [(_file_name(file, problems), file.read()) for file in sent]
    if problems:
        raise InvalidInput(problems)
    return Parts(values, files)


def _unknown_parts(parts: Sequence[Part]) -> list[Problem]:
    known = {part.name for part in parts} | {"csrf_token"}
    return [
        Problem("unknown-part", "The part “%(name)s” is not known here. Leave it out.", n, params={"name": n})
        for n in sorted({*request.form, *request.files} - known)
    ]


def _part_problems(part: Part) -> Iterator[Problem]:
    """What is wrong with how often and as what a part was sent."""
    params = {"name": part.name, "what": part.description}
    sent: Sequence[object] = (request.form if part.text else request.files).getlist(part.name)
    if part.required and not sent:
        yield Problem("part-missing", "The part “%(name)s” is missing: %(what)s", part.name, params=params)
    if len(sent) > (MAX_PARTS if part.several else 1):
        yield Problem("part-twice", "The part “%(name)s” is there too often.", part.name, params=params)
    if part.text and part.name in request.files:
        yield Problem(
            "part-kind", "The part “%(name)s” must be a text, not a file.", part.name, params=params
        )
    if not part.text and part.name in request.form:
        yield Problem(
            "part-kind", "The part “%(name)s” must be a file, with a name.", part.name, params=params
        )
    if part.text and any("\x00" in str(text) for text in sent):
        yield Problem("invalid-text", "The part “%(name)s” has a NUL character.", part.name, params=params)


def _file_name(file: FileStorage, problems: list[Problem]) -> str:
    """The last part of the file's name, whatever folder a browser or a phone puts before it."""
    name = (file.filename or "").replace("\\", "/").rpartition("/")[2]
    if not 0 < len(name) <= 255 or not is_line(name):
        problems.append(
            Problem("invalid-file-name", "A file has no name, or one that cannot be used.", name[:100])
        )
    return name


def _multipart(parts: Sequence[Part]) -> dict[str, Any]:
    properties = {}
    for part in parts:
        one: dict[str, Any] = {"type": "string", "description": part.description}
        if not part.text:
            one["format"] = "binary"
        properties[part.name] = (
            {"type": "array", "items": one, "maxItems": MAX_PARTS, "description": part.description}
            if part.several
            else one
        )
    schema = {
        "type": "object", "properties": properties, "required": [p.name for p in parts if p.required],
        "additionalProperties": False,
    }  # fmt: skip
    return {"required": True, "content": {"multipart/form-data": {"schema": schema}}}


def _security(method: Method, action: Action) -> list[dict[str, list[str]]]:
    if action is Action.PUBLIC:
        return []
    cookie: dict[str, list[str]] = {"cookie": []} if method == "GET" else {"cookie": [], "csrf": []}
    return [{"bearer": []}, cookie]


class Api(flask_smorest.Api):  # type: ignore[misc]  # not typed
    """The OpenAPI document of all operations."""

    DEFAULT_ERROR_RESPONSE_NAME = None
    ERROR_SCHEMA = ProblemDocument

    def __init__(self, app: Flask) -> None:
        app.config["API_SPEC_OPTIONS"] = {
            "info": {
                "description": "Define, price, deliver and pay franchised services. Amounts are whole "
                "minor units; times are UTC; lists are paged with a cursor; refusals are problem documents "
                "(RFC 9457).",
                "license": {"name": "Apache-2.0", "url": "https://www.apache.org/licenses/LICENSE-2.0"},
            },
            "servers": [{"url": "/"}],
        }
        super().__init__(app)
        self.register_field(MoneyText, "string", None)
        app.url_map.converters["code"] = CodeConverter
        self.register_converter(CodeConverter, lambda c: {"type": "string", "pattern": f"^{c.regex}$"})
        schemes = self.spec.components
        schemes.security_scheme(
            "bearer",
            {"type": "http", "scheme": "bearer", "description": "The token of POST /api/v1/session."},
        )
        schemes.security_scheme(
            "cookie",
            {"type": "apiKey", "in": "cookie", "name": "session", "description": "A browser's session."},
        )
        schemes.security_scheme(
            "csrf", {"type": "apiKey", "in": "header", "name": "X-CSRFToken",
                     "description": "With the cookie only: proves that the request came from our own page."}
        )  # fmt: skip

    def register_blueprint(self, blp: ApiBlueprint, **options: Any) -> None:  # noqa: ANN401
        """Register operations under the blueprint's own tag."""
        self._app.extensions["flask-smorest"]["blp_name_to_api"][blp.name] = self
        self._app.register_blueprint(blp, **options)
        blp.register_views_in_doc(self, self._app, self.spec, name=blp.name, parameters=None)
        self.spec.tag({"name": blp.tag, "description": blp.description})


def attachment(content: bytes, name: str, media_type: str) -> Response:
    """A file to be saved, never shown by a browser as a page of ours."""
    response = Response(content, content_type=media_type)
    response.headers.set("Content-Disposition", "attachment", filename=name)
    response.headers["Content-Security-Policy"] = "sandbox; default-src 'none'"
    return response
