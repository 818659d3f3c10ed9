"""Security headers, sessions and protection against forged requests.

A page says which of three content security policies it needs. A state-changing request needs the token of
its session (field csrf_token or header X-CSRFToken) and, when the browser sends one, our own Origin. A Bearer
token proves by itself that no browser was tricked.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from typing import Literal, ParamSpec, TypeVar
from urllib.parse import urlsplit

from flask import Flask, Response, g, request

from server.accounts import service as accounts
from server.actor import VISITOR, Action, can
from server.errors import Forbidden, Misconfigured, NotSignedIn, ServerError
from server.runtime import Runtime

SESSION_COOKIE = "session"
VISITOR_COOKIE = "visitor"
P = ParamSpec("P")
T = TypeVar("T")

Policy = Literal["strict", "diagram", "form"]
_BASE = (
    "default-src 'none'; script-src 'self'{script}; style-src 'self'{style}; style-src-attr {attr}; "
    "img-src 'self' data: blob:; font-src 'self'{font}; connect-src 'self'{connect}; worker-src {worker}; "
    "manifest-src 'self'; media-src 'self' blob:; form-action 'self'; frame-ancestors 'none'; "
    "base-uri 'none'; object-src 'none'"
)
_NOTHING = {"script": "", "style": "", "font": "", "connect": "", "worker": "'none'"}
POLICIES: dict[str, str] = {
    "strict": _BASE.format(attr="'none'", **_NOTHING),
    # diagram-js sets positions as style attributes
    "diagram": _BASE.format(attr="'unsafe-inline'", **_NOTHING),
    # ODK Web Forms: its XPath parser is WebAssembly, its styles and fonts are inlined, and pica, which reduces
    # pictures before they are sent, works in workers made of blobs and waits for ever where they are refused
    "form": _BASE.format(
        script=" 'wasm-unsafe-eval'", style=" 'unsafe-inline'", attr="'unsafe-inline'", font=" data:",
        connect=" data: blob:", worker="blob: data:",
    ),
}  # fmt: skip


class ForgedRequest(ServerError):
    code = "forged-request"
    message = "The page was open too long or was not ours. Load it again and repeat what you did."


def permission(action: Action) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """Mark a view with the action it needs; the check runs before the view."""

    def mark(view: Callable[P, T]) -> Callable[P, T]:
        view.permission = action  # type: ignore[attr-defined]
        return view

    return mark


def cookieless(view: Callable[P, T]) -> Callable[P, T]:
    """Mark a view that neither uses nor sets a cookie and takes JSON only: nothing to forge, so no token."""
    view.cookieless = True  # type: ignore[attr-defined]
    return view


def content_policy(policy: Policy) -> None:
    """Say that the page being made needs another content security policy than the strict one."""
    g.content_policy = policy


def permission_of(app: Flask, endpoint: str | None) -> Action | None:
    """The action an endpoint is marked with; static files are public."""
    if endpoint is None or endpoint == "static":
        return Action.PUBLIC
    view = app.view_functions[endpoint]
    found = getattr(view, "permission", None)
    if found is None and hasattr(view, "view_class"):
        method = getattr(view.view_class, request.method.lower(), None)
        found = getattr(method, "permission", None)
    return found


def check_every_route_is_marked(app: Flask) -> None:
    """Refuse to start when a route has no permission mark."""
    unmarked = []
    for rule in app.url_map.iter_rules():
        if rule.endpoint == "static":
            continue
        view = app.view_functions[rule.endpoint]
        view_class = getattr(view, "view_class", None)
        if view_class is None:
            marked = hasattr(view, "permission")
        else:
            methods = [m for m in (rule.methods or set()) if m not in ("HEAD", "OPTIONS")]
            marked = all(hasattr(getattr(view_class, m.lower()), "permission") for m in methods)
        if not marked:
            unmarked.append(str(rule))
    if unmarked:
        raise Misconfigured(what=f"These routes have no permission mark: {', '.join(sorted(unmarked))}.")


def csrf_token() -> str:
    """The token of this session; a visitor's hangs on a cookie of its own, so sign-in cannot be forged either."""
    holder = g.session_token
    if not holder:
        if "visitor" not in g:
            g.visitor = request.cookies.get(VISITOR_COOKIE, "")[:100]
        if not g.visitor:
            g.visitor = g.new_visitor = g.runtime.ids.new_token()
        holder = g.visitor
    return hmac.new(
        g.runtime.settings.secret_key.encode(), b"csrf:" + holder.encode(), hashlib.sha256
    ).hexdigest()


def install(app: Flask, runtime: Runtime) -> None:
    """Hook sessions, permissions, CSRF and headers into the application."""

    def before() -> None:
        g.runtime = runtime
        g.session_token, g.bearer = _token()
        found = runtime.read(VISITOR, accounts.actor_of_session, g.session_token) if g.session_token else None
        g.actor = found or VISITOR
        action = permission_of(app, request.endpoint)
        _check_permission(action)
        if _could_be_forged(app):
            _check_not_forged()

    def after(response: Response) -> Response:
        response.headers.setdefault("Content-Security-Policy", POLICIES[g.get("content_policy", "strict")])
        response.headers.setdefault("X-Content-Type-Options", "nosniff")
        response.headers.setdefault("Referrer-Policy", "same-origin")
        response.headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
        response.headers.setdefault(
            "Permissions-Policy", "geolocation=(self), camera=(self), microphone=(self)"
        )
        if "new_visitor" in g:
            response.set_cookie(
                VISITOR_COOKIE, g.new_visitor, httponly=True, samesite="Lax",
                secure=runtime.settings.secure_cookies, path="/",
            )  # fmt: skip
        if runtime.settings.secure_cookies:
            response.headers.setdefault("Strict-Transport-Security", "max-age=31536000; includeSubDomains")
        if g.get("actor", VISITOR).signed_in and request.endpoint != "static":
            response.headers.setdefault("Cache-Control", "no-store")
        return response

    app.before_request(before)
    app.after_request(after)


def _token() -> tuple[str, bool]:
    """The session's token and whether it came as a Bearer token."""
    header = request.headers.get("Authorization", "")
    if header.startswith("Bearer "):
        return header.removeprefix("Bearer ").strip()[:100], True
    return request.cookies.get(SESSION_COOKIE, "")[:100], False


def _check_permission(action: Action | None) -> None:
    """The role check; the object's region and owner are checked by the service function."""
    if action is None or action is Action.PUBLIC:
        return
    if not g.actor.signed_in:
        raise NotSignedIn
    if not can(g.actor, action):
        raise Forbidden(action=action.value)


def _could_be_forged(app: Flask) -> bool:
    """Whether a browser could have been tricked into sending this: it changes something, on a cookie's word."""
    if request.method in ("GET", "HEAD", "OPTIONS") or request.endpoint is None or g.bearer:
        return False
    return not getattr(app.view_functions[request.endpoint], "cookieless", False)


def _check_not_forged() -> None:
    origin = request.headers.get("Origin")
    if origin and origin != "null" and urlsplit(origin).netloc != request.host:
        raise ForgedRequest
    sent = request.headers.get("X-CSRFToken") or request.form.get("csrf_token", "")
    if not hmac.compare_digest(sent.encode(), csrf_token().encode()):
        raise ForgedRequest


def set_session_cookie(response: Response, runtime: Runtime, token: str) -> None:
    """Give the browser the token of its session."""
    response.set_cookie(
        SESSION_COOKIE, token, httponly=True, samesite="Lax", secure=runtime.settings.secure_cookies,
        max_age=runtime.settings.session_hours * 3600, path="/",
    )  # fmt: skip


def clear_session_cookie(response: Response) -> None:
    """Take the session's token from the browser."""
    response.delete_cookie(SESSION_COOKIE, path="/", httponly=True, samesite="Lax")
