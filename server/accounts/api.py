"""Sessions of programs: a Bearer token for e-mail and password."""

from __future__ import annotations

from datetime import timedelta

from flask import Response, g

from server.accounts import schemas
from server.accounts import service as accounts
from server.actor import Action, Actor
from server.http.documents import Values
from server.http.operations import ApiBlueprint
from server.http.security import cookieless, permission
from server.runtime import Tx

api = ApiBlueprint("accounts_api", __name__, tag="Session", description="Signing in and out.")


@api.operation("POST", "/session", body=schemas.Credentials, answer=schemas.Session, status=201)
@cookieless
@permission(Action.PUBLIC)
def create_session(body: Values) -> Values:
    """Sign in.

    After several failures the account waits 15 minutes. The answer is the same for an unknown address.
    """
    account_id = g.runtime.run(
        g.actor, accounts.check_password, email=body["email"], password=body["password"]
    )
    if account_id is None:
        raise accounts.WrongCredentials
    return g.runtime.run(g.actor, _open, account_id)  # type: ignore[no-any-return]


def _open(tx: Tx, account_id: str) -> Values:
    token = accounts.open_session(tx, account_id)
    actor = accounts.actor_of_account(tx, account_id)
    assert actor is not None, "its password was checked"
    return {
        "token": token, "token_type": "Bearer", "account": _signed_in(actor),
        "expires_at": tx.now + timedelta(hours=tx.settings.session_hours),
    }  # fmt: skip


@api.operation("GET", "/session", answer=schemas.SignedIn)
@permission(Action.SIGNED_IN)
def read_session() -> Values:
    """Tell who is signed in, with which roles and where."""
    return _signed_in(g.actor)


@api.operation("DELETE", "/session")
@permission(Action.SIGNED_IN)
def delete_session() -> Response:
    """Sign out: the token is worth nothing from now on."""
    g.runtime.run(g.actor, accounts.close_session, g.session_token)
    return Response(status=204)


def _signed_in(actor: Actor) -> Values:
    return {
        "id": actor.user_id, "name": actor.name, "locale": actor.locale, "person_id": actor.person_id,
        "roles": [{"role": grant.role.value, "region_path": grant.path} for grant in actor.grants],
    }  # fmt: skip
