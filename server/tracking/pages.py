"""The stream of news about an instance or a project: server-sent events for its diagram.

Each event is the whole state, so a lost one costs nothing; its id is the digest of the state, so who comes back
with Last-Event-ID is told only what is new. Session and permission are asked again before each event and at each
heartbeat: who is signed out, or may not see it any more, is told "end". Where there is no room the answer is
429, and the page asks for the state from time to time.
Source: WHATWG HTML, 9.2 (server-sent events).
"""

from __future__ import annotations

import hashlib
import socket
import ssl
from collections.abc import Iterator
from time import monotonic
from typing import Final

import orjson
from flask import Blueprint, Response, current_app, g, request, stream_with_context

from server.accounts import service as accounts
from server.actor import VISITOR, Action, Actor
from server.http.security import permission
from server.runtime import Tx
from server.tracking.states import Subject, check, state
from server.tracking.streams import Streams, Ticket
from workflows.errors import RunError

pages = Blueprint("tracking", __name__)
HEARTBEAT: Final = 15.0
"""Seconds after which a silent stream says that it is there."""
LONGEST: Final = 600.0
"""Seconds of a stream; the browser then opens the next one by itself, perhaps at another process."""
RETRY_MS: Final = 3_000
GLANCE: Final = 2.0
"""Seconds after which it is looked up whether the browser is still there, so that leafing through villages does
not use up a person's places."""
_SOCKETS: Final = ("gunicorn.socket", "werkzeug.socket")


@pages.get("/instances/<instance_id>/events")
@permission(Action.INSTANCE_READ)
def instance_events(instance_id: str) -> Response:
    """What happens in a village, as it happens."""
    return _stream(Subject("instance", instance_id))


@pages.get("/projects/<project_id>/events")
@permission(Action.PROJECT_READ)
def project_events(project_id: str) -> Response:
    """What happens in all villages of a project, as it happens."""
    return _stream(Subject("project", project_id))


def _stream(subject: Subject) -> Response:
    g.runtime.read(g.actor, check, subject)
    streams: Streams = current_app.extensions["tracking"]
    ticket = streams.enter(g.actor.user_id, subject)
    known = request.headers.get("Last-Event-ID", "")[:64]
    response = Response(stream_with_context(_events(ticket, known)), mimetype="text/event-stream")
    response.headers["Cache-Control"] = "no-store, no-transform"
    response.headers["X-Accel-Buffering"] = "no"  # nginx hands each event on at once
    response.call_on_close(ticket.leave)
    return response


def _events(ticket: Ticket, known: str) -> Iterator[bytes]:
    """The events of a stream, until the session or the permission ends, or it was long enough."""
    yield b"retry: %d\n\n" % RETRY_MS
    heartbeat = float(current_app.config.get("TRACKING_HEARTBEAT", HEARTBEAT))
    ends = monotonic() + float(current_app.config.get("TRACKING_LONGEST", LONGEST))
    while not ticket.is_closing and monotonic() < ends:
        said = _news(ticket.subject)
        if said is None:
            yield b"event: end\ndata: {}\n\n"
            return
        digest = hashlib.sha256(said).hexdigest()[:32]
        yield b":\n\n" if digest == known else _event(digest, said)
        known = digest
        if not _rested(ticket, heartbeat):
            return


def _rested(ticket: Ticket, seconds: float) -> bool:
    """Sleep until there may be news, at most so long; whether there is still somebody to tell them to."""
    until = monotonic() + seconds
    while (left := until - monotonic()) > 0:
        if ticket.wait(min(GLANCE, left)):
            break
        if _is_gone():
            return False
    return True


def _is_gone() -> bool:
    """Whether the browser has closed the connection, as far as the server lets it be seen."""
    found = next((request.environ[name] for name in _SOCKETS if name in request.environ), None)
    if not isinstance(found, socket.socket) or isinstance(found, ssl.SSLSocket):
        return False
    try:
        return not found.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
    except BlockingIOError:
        return False
    except OSError:
        return True


def _event(digest: str, said: bytes) -> bytes:
    return b"id: %s\nevent: state\ndata: %s\n\n" % (digest.encode(), said)


def _news(subject: Subject) -> bytes | None:
    """The state as the person may see it now; None when the session or the permission has ended."""
    actor = g.runtime.read(VISITOR, _actor, g.session_token)
    if actor is None:
        return None
    try:
        found = g.runtime.read(actor, state, subject)
    except RunError:
        return None
    return orjson.dumps(found, option=orjson.OPT_SORT_KEYS)


def _actor(tx: Tx, token: str) -> Actor | None:
    return accounts.actor_of_session(tx, token)
