"""For programs: the operations of the API, and every error code with its status and meaning."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, current_app, render_template

from server.actor import Action
from server.http import locale, problems
from server.http.security import permission
from workflows.errors import RunError

pages = Blueprint("docs", __name__)
_PLACE = re.compile(r"%\(\w+\)s")
"""What a message fills in when it happens."""
_METHODS = ("get", "post", "put", "patch", "delete")


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of the API as the page lists it."""

    id: str
    method: str
    path: str
    summary: str
    description: str
    tag: str
    parameters: list[dict[str, Any]]
    responses: list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class ErrorKind:
    """An error code, its HTTP status and what it says."""

    code: str
    status: int
    meaning: str


@pages.get("/api/v1/docs", endpoint="api")
@permission(Action.PUBLIC)
def list_operations() -> str:
    """Every operation of the API, from its OpenAPI document."""
    by_tag: dict[str, list[Operation]] = {}
    for operation in operations():
        by_tag.setdefault(operation.tag, []).append(operation)
    return render_template("docs/api.html", by_tag=by_tag)


@pages.get("/docs/problems", endpoint="problems")
@permission(Action.PUBLIC)
def list_problems() -> str:
    """Every error code with its status and meaning."""
    return render_template("docs/problems.html", kinds=error_kinds())


def operations() -> list[Operation]:
    """The operations of the OpenAPI document, by path."""
    document: dict[str, Any] = current_app.extensions["flask-smorest"]["apis"][""]["ext_obj"].spec.to_dict()
    return [
        _operation(path, method, item, operation)
        for path, item in sorted(document.get("paths", {}).items())
        for method, operation in item.items()
        if method in _METHODS
    ]


def _operation(path: str, method: str, item: dict[str, Any], operation: dict[str, Any]) -> Operation:
    parameters = [*item.get("parameters", []), *operation.get("parameters", [])]
    responses = [
        (str(code), str(answer.get("description", "")))
        for code, answer in sorted(operation.get("responses", {}).items())
        if str(code).isdigit()
    ]
    return Operation(
        id=f"{method}-{path}".replace("/", "-").replace("{", "").replace("}", ""), method=method.upper(),
        path=path, summary=operation.get("summary", ""), description=operation.get("description", ""),
        tag=(operation.get("tags") or [""])[0], parameters=[p for p in parameters if "name" in p],
        responses=responses,
    )  # fmt: skip


def error_kinds() -> list[ErrorKind]:
    """Every class of error of the house, by code."""
    catalogue = locale.current_catalogue()
    kinds: list[type[RunError]] = [RunError, *_below(RunError)]
    found = {kind.code: kind for kind in kinds}
    return [
        ErrorKind(code, next(problems.STATUS[c] for c in kind.__mro__ if c in problems.STATUS),
                  _PLACE.sub("…", catalogue.gettext(kind.message)))
        for code, kind in sorted(found.items())
    ]  # fmt: skip


def _below(kind: type[RunError]) -> Iterator[type[RunError]]:
    for child in kind.__subclasses__():
        yield child
        yield from _below(child)
