"""What a person may not see does not exist for them: answers 404, like a thing that is not there."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

from server.actor import Action, Object, can
from server.errors import NotFound
from server.regions import service as regions
from server.runtime import Tx

T = TypeVar("T")


def require_visible(tx: Tx, action: Action, subject: Object, *, what: str, key: str) -> None:
    """Raise NotFound unless the actor may do `action` to `subject`."""
    if not can(tx.actor, action, subject):
        raise NotFound(what=what, key=key)


def visible(tx: Tx, action: Action, rows: Iterable[T], region: Callable[[T], str]) -> list[T]:
    """Those of the rows in whose region the actor may do `action`; region: a row's region code."""
    known = regions.regions(tx)
    return [row for row in rows if can(tx.actor, action, Object(known[region(row)].path))]
