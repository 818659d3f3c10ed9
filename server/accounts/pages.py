"""Signing in and out, the language, and the accounts an administrator sees."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from flask import Blueprint, g, render_template, request, url_for
from werkzeug.wrappers import Response

from server.accounts import service as accounts
from server.actor import Action, Grant, Role
from server.demo import world
from server.http import locale, problems
from server.http.frame import go, local_address
from server.http.locale import gettext
from server.http.security import clear_session_cookie, permission, set_session_cookie
from server.regions import service as regions
from server.runtime import Tx
from translations import LOCALES
from workflows.errors import RunError

pages = Blueprint("accounts", __name__)
Page = str | tuple[str, int]


@pages.get("/sign-in")
@permission(Action.PUBLIC)
def sign_in() -> Page | Response:
    """The sign-in page; in the demonstration, one person per role."""
    if g.actor.signed_in:
        return go(_next())
    return _sign_in_page()


@pages.post("/sign-in")
@permission(Action.PUBLIC)
def open_session() -> Page | Response:
    """Check e-mail and password and start a session."""
    email, password = request.form.get("email", "")[:320], request.form.get("password", "")[:1000]
    account_id = g.runtime.run(g.actor, accounts.check_password, email=email, password=password)
    if account_id is None:
        wrong = problems.message_of(accounts.WrongCredentials(), locale.current_catalogue())
        return _sign_in_page(email, wrong), 401
    token = g.runtime.run(g.actor, accounts.open_session, account_id)
    response = go(_next())
    set_session_cookie(response, g.runtime, token)  # type: ignore[arg-type]
    return response


@pages.post("/sign-out")
@permission(Action.SIGNED_IN)
def sign_out() -> Response:
    """End the session here and on the server."""
    g.runtime.run(g.actor, accounts.close_session, g.session_token)
    response = go(url_for("accounts.sign_in"), gettext("You are signed out."))
    clear_session_cookie(response)  # type: ignore[arg-type]
    return response


@pages.post("/language")
@permission(Action.PUBLIC)
def choose_language() -> Response:
    """Keep the chosen language in a cookie and, for people with an account, in the account."""
    chosen = request.form.get("language", "")
    response = go(_next())
    if chosen not in LOCALES:
        return response
    if g.actor.signed_in:
        g.runtime.run(g.actor, accounts.set_locale, g.actor.user_id, chosen)
    response.set_cookie(
        locale.COOKIE, chosen, max_age=365 * 86400, samesite="Lax", httponly=True, path="/",
        secure=g.runtime.settings.secure_cookies,
    )  # fmt: skip
    return response


@pages.get("/accounts", endpoint="accounts")
@permission(Action.ADMIN)
def list_accounts() -> Page:
    """Who may sign in, with which roles and where."""
    return _accounts_page()


@pages.post("/accounts")
@permission(Action.ADMIN)
def create_account() -> Page | Response:
    """Create an account with one role."""
    asked = {name: request.form.get(name, "").strip()[:320] for name in ("email", "name", "role", "region")}
    password = request.form.get("password", "")[:1000]
    wrong = _wrong(asked)
    if wrong:
        return _accounts_page(asked, wrong), 422
    try:
        g.runtime.run(g.actor, _create, asked, password)
    except RunError as refused:
        field = "password" if isinstance(refused, accounts.WeakPassword) else "email"
        text = problems.message_of(refused, locale.current_catalogue())
        return _accounts_page(asked, {field: text}), problems.status_of(refused)
    words = gettext("%(name)s can sign in now. Give them the password in person.", name=asked["name"])
    return go(url_for("accounts.accounts"), words)


def _sign_in_page(email: str = "", wrong: str = "") -> str:
    people = world.OFFERED if g.runtime.settings.demo else ()
    return render_template(
        "accounts/sign_in.html", email=email, wrong=wrong, people=people, password=world.PASSWORD,
        next=_next(), problems=[("email", "error", wrong)] if wrong else [],
    )  # fmt: skip


def _wrong(asked: dict[str, str]) -> dict[str, str]:
    """What is wrong with an account asked for, by field."""
    wrong = {}
    if not asked["name"]:
        wrong["name"] = gettext("Enter the person’s name.")
    if "@" not in asked["email"].strip("@"):
        wrong["email"] = gettext("Enter an e-mail address, for example afi@example.org.")
    if asked["role"] not in {role.value for role in Role if role is not Role.FACILITATOR}:
        wrong["role"] = gettext("Choose a role.")
    return wrong


def _create(tx: Tx, asked: dict[str, str], password: str) -> None:
    path = regions.region(tx, asked["region"]).path if asked["region"] else ""
    accounts.create_account(
        tx, email=asked["email"], name=asked["name"], password=password,
        grants=[Grant(Role(asked["role"]), path)], locale=locale.current_locale(),
    )  # fmt: skip


def _accounts_page(asked: dict[str, str] | None = None, wrong: dict[str, str] | None = None) -> str:
    rows, places = g.runtime.read(g.actor, _accounts_and_places)
    return render_template(
        "accounts/accounts.html", accounts=rows, places=places, asked=asked or {}, wrong=wrong or {},
        problems=[(field, "error", text) for field, text in (wrong or {}).items()],
    )  # fmt: skip


def _accounts_and_places(tx: Tx) -> tuple[list[AccountLine], list[tuple[str, str]]]:
    """The accounts, and the places a role can be given for: those with somebody's prices or people below."""
    places = regions.regions(tx)
    names = {row.path: regions.name(row, locale.current_locale()) for row in places.values()}
    lines = [
        AccountLine(
            name=a.name, email=a.email, created=a.created_at, disabled=a.disabled_at is not None,
            roles=[(grant.role, names.get(grant.region_path, "")) for grant in a.grants],
        )
        for a in accounts.accounts(tx)
    ]  # fmt: skip
    options = [
        (row.code, "\u2003" * (row.path.count("/") - 1) + regions.name(row, locale.current_locale()))
        for row in places.values()
        if row.level != "village"
    ]
    return lines, options


@dataclass(frozen=True, slots=True)
class AccountLine:
    """An account as the list shows it. roles: (role, name of the region or "" for everywhere)."""

    name: str
    email: str
    created: datetime
    disabled: bool
    roles: list[tuple[str, str]]


def _next() -> str:
    return local_address(request.values.get("next", ""), url_for("start.today"))
