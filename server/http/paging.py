"""Cursor paging: a page goes on after the last thing seen.

So nothing is skipped or told twice when the list grows or shrinks between two pages. A cursor is the sort
key of the last item, opaque to programs.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

import orjson

from server.errors import ServerError

T = TypeVar("T")
DEFAULT_LIMIT, MAX_LIMIT = 50, 200
Key = tuple[str | int, ...]


class InvalidCursor(ServerError):
    code = "invalid-cursor"
    message = "This cursor is not one of this list. Begin again without it."


def page(
    rows: Iterable[T], key: Callable[[T], Key], *, cursor: str | None, limit: int, descending: bool = False
) -> tuple[list[T], str | None]:
    """The rows after the cursor, at most `limit`, and the cursor of the next page (None at the end).

    key: the sort key, unique among the rows; the rows are sorted by it here. Raises InvalidCursor.
    """
    ordered = sorted(rows, key=key, reverse=descending)
    if cursor is not None:
        after = _decode(cursor)
        try:
            ordered = [r for r in ordered if (key(r) < after if descending else key(r) > after)]
        except TypeError:
            raise InvalidCursor from None
    found = ordered[:limit]
    return found, _encode(key(found[-1])) if len(ordered) > limit else None


def document(
    rows: Iterable[T], key: Callable[[T], Key], view: Callable[[T], Any], *, cursor: str | None, limit: int,
    descending: bool = False,
) -> dict[str, Any]:  # fmt: skip
    """A page as the API answers it: {items, next}."""
    found, following = page(rows, key, cursor=cursor, limit=limit, descending=descending)
    return {"items": [view(row) for row in found], "next": following}


def _encode(key: Key) -> str:
    return base64.urlsafe_b64encode(orjson.dumps(key)).rstrip(b"=").decode()


def _decode(cursor: str) -> Key:
    try:
        found = orjson.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (binascii.Error, ValueError):
        raise InvalidCursor from None
    if not isinstance(found, list) or not all(type(part) in (str, int) for part in found):
        raise InvalidCursor
    return tuple(found)
