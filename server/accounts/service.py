"""Accounts: signing in and out, roles, and the actor of a request."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import timedelta

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError
from sqlalchemy import delete, func, select

from server.accounts.models import (
    Account as Account,
)
from server.accounts.models import (
    RoleGrant as RoleGrant,
)
from server.accounts.models import (
    SignIn as SignIn,
)
from server.actor import Action, Actor, Grant, Role, require
from server.errors import Conflict, ServerError
from server.runtime import Tx

_hasher = PasswordHasher()  # argon2id; the library's defaults follow RFC 9106
_UNKNOWN = _hasher.hash("nobody has this password")
MAX_FAILURES = 8
LOCK_MINUTES = 15
MIN_PASSWORD = 10


class WrongCredentials(ServerError):
    code = "wrong-credentials"
    message = "The e-mail address or the password is not right. After several failures the account waits 15 minutes."


class WeakPassword(ServerError):
    code = "weak-password"
    message = "Choose a password of at least %(length)s characters."


class AccountExists(Conflict):
    code = "account-exists"
    message = "There is an account for %(email)s already."


def create_account(
    tx: Tx, *, email: str, name: str, password: str, grants: Iterable[Grant], locale: str = "en",
    person_id: str | None = None,
) -> str:  # fmt: skip
    """Create an account with its roles; returns its id. Administrators and the machine itself may do this."""
    require(tx.actor, Action.ADMIN)
    email = email.strip().lower()
    if len(password) < MIN_PASSWORD:
        raise WeakPassword(length=MIN_PASSWORD)
    if tx.session.scalar(select(Account.id).where(Account.email == email)):
        raise AccountExists(email=email)
    account = Account(
        id=tx.new_id(), email=email, name=name.strip(), password_hash=_hasher.hash(password), locale=locale,
        person_id=person_id, created_at=tx.now,
    )  # fmt: skip
    tx.session.add(account)
    tx.session.flush()
    tx.session.add_all(
        RoleGrant(id=tx.new_id(), account_id=account.id, role=g.role.value, region_path=g.path)
        for g in grants
    )
    tx.session.flush()
    return account.id


def has_administrator(tx: Tx) -> bool:
    """Whether anybody administers this installation."""
    return bool(
        tx.session.scalar(
            select(func.count()).select_from(RoleGrant).where(RoleGrant.role == Role.ADMINISTRATOR.value)
        )
    )


def check_password(tx: Tx, *, email: str, password: str) -> str | None:
    """The account's id when e-mail and password fit, else None; failures are counted and lock the account.

    Does not raise: the failure must be committed. An unknown address takes as long as a known one.
    """
    account = tx.session.scalar(
        select(Account).where(Account.email == email.strip().lower()).with_for_update()
    )
    locked = account is not None and account.locked_until is not None and account.locked_until > tx.now
    try:
        _hasher.verify(account.password_hash if account else _UNKNOWN, password[:1000])
        right = account is not None and not locked and account.disabled_at is None
    except (VerifyMismatchError, InvalidHashError):
        right = False
    if account is None:
        return None
    if right:
        account.failed_sign_ins, account.locked_until = 0, None
        return account.id
    if not locked:
        account.failed_sign_ins += 1
        if account.failed_sign_ins >= MAX_FAILURES:
            account.failed_sign_ins = 0
            account.locked_until = tx.now + timedelta(minutes=LOCK_MINUTES)
    return None


def open_session(tx: Tx, account_id: str) -> str:
    """Start a session; returns its token, of which only the hash is kept."""
    token = tx.ids.new_token()
    tx.session.add(
        SignIn(
            token_sha256=_hash(token), account_id=account_id, created_at=tx.now,
            expires_at=tx.now + timedelta(hours=tx.settings.session_hours),
        )
    )  # fmt: skip
    tx.session.execute(delete(SignIn).where(SignIn.expires_at < tx.now))
    return token


def close_session(tx: Tx, token: str) -> None:
    """End a session; an unknown token is ignored."""
    tx.session.execute(delete(SignIn).where(SignIn.token_sha256 == _hash(token)))


def actor_of_session(tx: Tx, token: str) -> Actor | None:
    """Who is signed in with this token; None when it is unknown, expired or the account is disabled."""
    account = tx.session.scalar(
        select(Account)
        .join(SignIn, SignIn.account_id == Account.id)
        .where(SignIn.token_sha256 == _hash(token), SignIn.expires_at > tx.now, Account.disabled_at.is_(None))
    )
    return _actor(account) if account else None


def actor_of_account(tx: Tx, account_id: str) -> Actor | None:
    """The actor an account stands for; None when unknown or disabled."""
    account = tx.session.get(Account, account_id)
    return _actor(account) if account and account.disabled_at is None else None


def actor_of_email(tx: Tx, email: str) -> Actor | None:
    """The actor of the account with that address; None when unknown or disabled."""
    account = tx.session.scalar(select(Account).where(Account.email == email.strip().lower()))
    return _actor(account) if account and account.disabled_at is None else None


def set_locale(tx: Tx, account_id: str, locale: str) -> None:
    """Keep the language somebody chose; an unknown one is ignored."""
    account = tx.session.get(Account, account_id)
    if account is not None and locale in ("en", "fr", "es"):
        account.locale = locale


def accounts(tx: Tx) -> list[Account]:
    """All accounts, by name."""
    return list(tx.session.scalars(select(Account).order_by(Account.name)))


def names(tx: Tx, account_ids: Iterable[str]) -> dict[str, str]:
    """The names of these accounts by id; unknown ones are left out."""
    wanted = set(account_ids)
    return {a.id: a.name for a in tx.session.scalars(select(Account).where(Account.id.in_(wanted)))}


def _actor(account: Account) -> Actor:
    grants = tuple(Grant(Role(g.role), g.region_path) for g in account.grants)
    return Actor(account.id, account.name, grants, account.person_id, account.locale)


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
