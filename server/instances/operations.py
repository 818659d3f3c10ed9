"""What service tasks may ask of the outside: an allow-list. A diagram names an operation, never an address.

`note` writes a public line into the journal. `webhook:NAME` sends the payload as JSON to the address that the
administrators have given that name (FRANCHISE_WEBHOOKS); what it answers is the task's result, and an answer
with a text `error` is a business error of that code, for an error event to catch.
"""

from __future__ import annotations

import http.client
import json
import socket
import threading
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
"""How long may pass between two bytes."""
DEADLINE_SECONDS: Final = 20
"""How long a call may take in all: who answers a byte at a time does not hold the sweep."""
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


class _Deadline:
    """Cuts the connection when a call takes too long, wherever in it that is: handshake, headers, answer."""

    def __init__(self, seconds: float) -> None:
        self._timer = threading.Timer(seconds, self._cut)
        self._timer.daemon = True
        self._lock = threading.Lock()
        self._connection: socket.socket | None = None
        self.passed = False

    def __enter__(self) -> _Deadline:
        self._timer.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()
        with self._lock:
            if self._connection is not None:
                self._connection.close()

    def connected(self, connection: socket.socket) -> None:
        """From now on this is cut. A second name of the connection stays valid whoever wraps or closes the first."""
        with self._lock:
            self._connection = connection.dup()
            is_late = self.passed
        if is_late:
            self._cut()

    def _cut(self) -> None:
        with self._lock:
            self.passed = True
            if self._connection is not None:
                try:
                    self._connection.shutdown(socket.SHUT_RDWR)
                except OSError:  # it is closed already
                    return


class _Plain(http.client.HTTPConnection):
    deadline: _Deadline

    def connect(self) -> None:
        super().connect()
        self.deadline.connected(self.sock)


class _Secure(http.client.HTTPSConnection, _Plain):
    """Connected by `_Plain` before the handshake."""


class _Connecting(urllib.request.HTTPHandler, urllib.request.HTTPSHandler):
    def __init__(self, deadline: _Deadline) -> None:
        super().__init__()
        self._deadline = deadline

    def http_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
        return self._open(_Plain, req)

    def https_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
        return self._open(_Secure, req)

    def _open(
        self, kind: type[http.client.HTTPConnection], req: urllib.request.Request
    ) -> http.client.HTTPResponse:
        def connection(*arguments: Any, **more: Any) -> http.client.HTTPConnection:  # noqa: ANN401  (urllib's)
            made = kind(*arguments, **more)
            made.deadline = self._deadline  # type: ignore[attr-defined]
            return made

        return self.do_open(connection, req)


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
    with _Deadline(DEADLINE_SECONDS) as deadline:
        opener = urllib.request.build_opener(_NoRedirect, _Connecting(deadline))
        try:
            with opener.open(request, timeout=TIMEOUT_SECONDS) as answer:
                result = _read(name, answer)
        except urllib.error.HTTPError as error:
            error.close()
            raise CallFailed(operation=name, why=f"it answered with status {error.code}") from error
        except (OSError, http.client.HTTPException, CallFailed) as error:
            if deadline.passed:
                raise CallFailed(operation=name, why=f"it took more than {DEADLINE_SECONDS} s") from error
            if isinstance(error, CallFailed):
                raise
            raise CallFailed(operation=name, why=type(error).__name__) from error
        if deadline.passed:  # a connection that was cut looks like the end of the answer
            raise CallFailed(operation=name, why=f"it took more than {DEADLINE_SECONDS} s")
        return result


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
