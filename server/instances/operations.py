"""What service tasks may ask of the outside: an allow-list. A diagram names an operation, never an address.

`note` writes a public line into the journal. `webhook:NAME` sends the payload as JSON to the address that the
administrators have given that name (FRANCHISE_WEBHOOKS); what it answers is the task's result, and an answer
with a text `error` is a business error of that code, for an error event to catch.
"""

from __future__ import annotations

import http.client
import json
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from server.errors import ServerError
from server.journal import service as journal
from server.journal.service import Event
from server.runtime import Tx
from server.settings import Settings

TIMEOUT_SECONDS: Final = 10
MAX_ANSWER: Final = 64 * 1024
MAX_NOTE: Final = 500


class CallFailed(ServerError):
    code = "call-failed"
    message = "The operation %(operation)s could not be carried out: %(why)s."


@dataclass(frozen=True, slots=True)
class Call:
    """A request of a service task. id: the same at each attempt. argument: what stands after the colon."""

    id: str
    instance_id: str
    region: str
    node_id: str
    operation: str
    argument: str
    payload: Any


@dataclass(frozen=True, slots=True)
class Operation:
    """outside: done without a transaction, may be repeated. inside: done in the transaction that records it."""

    outside: Callable[[Settings, Call], Any] | None = None
    inside: Callable[[Tx, Call], Any] | None = None


def find(name: str) -> Operation:
    """The operation of that name. Raises CallFailed."""
    known = OPERATIONS.get(name.partition(":")[0])
    if known is None:
        raise CallFailed(operation=name, why="this installation does not know it")
    return known


def _note(tx: Tx, call: Call) -> None:
    words = call.payload.get("text") if isinstance(call.payload, Mapping) else call.payload
    if not isinstance(words, str) or not words.strip():
        raise CallFailed(operation="note", why="its payload has no text")
    journal.record(
        tx, Event.INSTANCE_NOTE, call.instance_id, region=call.region,
        public={"node": call.node_id, "text": words.strip()[:MAX_NOTE]},
    )  # fmt: skip


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """An address is what the administrators wrote, not where it points to."""

    def redirect_request(self, *_: Any, **__: Any) -> None:  # noqa: ANN401  (urllib's)
        return None


def _webhook(settings: Settings, call: Call) -> Any:  # noqa: ANN401  (whatever JSON it answers)
    name = f"webhook:{call.argument}"
    address = dict(settings.webhooks).get(call.argument)
    if address is None:
        raise CallFailed(operation=name, why="no address has this name")
    body = {"id": call.id, "instance": call.instance_id, "node": call.node_id, "payload": call.payload}
    request = urllib.request.Request(  # noqa: S310  (http or https: settings are checked)
        address, json.dumps(body, default=str).encode(), method="POST",
        headers={"Content-Type": "application/json", "Idempotency-Key": call.id},
    )  # fmt: skip
    try:
        with urllib.request.build_opener(_NoRedirect).open(request, timeout=TIMEOUT_SECONDS) as answer:
            return _read(name, answer)
    except urllib.error.HTTPError as error:
        error.close()
        raise CallFailed(operation=name, why=f"it answered with status {error.code}") from error
    except (OSError, http.client.HTTPException) as error:
        raise CallFailed(operation=name, why=type(error).__name__) from error


def _read(name: str, answer: http.client.HTTPResponse) -> Any:  # noqa: ANN401
    content = answer.read(MAX_ANSWER + 1)
    if len(content) > MAX_ANSWER:
        raise CallFailed(operation=name, why=f"it answered more than {MAX_ANSWER} bytes")
    if answer.headers.get_content_type() != "application/json" or not content.strip():
        return None
    try:
        value = json.loads(content, parse_float=Decimal, parse_constant=_refuse)
        json.dumps(value, default=str, ensure_ascii=False).encode()  # half a character has no UTF-8
    except (ValueError, RecursionError) as error:
        raise CallFailed(operation=name, why="it did not answer with JSON") from error
    return value


def _refuse(constant: str) -> None:
    raise ValueError(constant)


OPERATIONS: Mapping[str, Operation] = {
    "note": Operation(inside=_note),
    "webhook": Operation(outside=_webhook),
}
