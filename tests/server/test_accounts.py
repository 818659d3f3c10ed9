"""Signing in: passwords, locks, sessions."""

import pytest
from sqlalchemy import text

from server.accounts import service as accounts
from server.accounts.service import AccountExists, WeakPassword
from server.actor import SYSTEM, VISITOR, Grant, Role
from server.errors import Forbidden

EMAIL, PASSWORD = "ana@run.example", "a long enough one"


@pytest.fixture
def quick(monkeypatch):
    """Argon2 with the least effort: these tests are about rules, not about cost."""
    from argon2 import PasswordHasher

    hasher = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    monkeypatch.setattr(accounts, "_hasher", hasher)
    monkeypatch.setattr(accounts, "_UNKNOWN", hasher.hash("nobody"))


@pytest.fixture
def site(quick, copied):
    runtime, clock, _ = copied("empty")
    return Site(runtime, clock)


class Site:
    def __init__(self, runtime, clock):
        self.runtime, self.clock = runtime, clock
        self.account = self.create()

    def create(self, email=EMAIL, password=PASSWORD, actor=SYSTEM, **given):
        given = {"name": "Ana", "grants": [Grant(Role.VERIFIER, "BJ/")], **given}
        return self.runtime.run(actor, accounts.create_account, email=email, password=password, **given)

    def try_(self, password=PASSWORD, email=EMAIL):
        return self.runtime.run(VISITOR, accounts.check_password, email=email, password=password)

    def who(self, token):
        return self.runtime.read(VISITOR, accounts.actor_of_session, token)

    def sign_in(self):
        return self.runtime.run(VISITOR, accounts.open_session, self.account)


def test_the_right_password_signs_in_whatever_the_case_of_the_address(site):
    assert site.try_() == site.try_(email="  ANA@run.example ") == site.account


@pytest.mark.parametrize("password", ["", "a long enough On", PASSWORD + " ", "x" * 100_000, "\x00"])
def test_a_wrong_password_does_not(site, password):
    assert site.try_(password) is None


def test_an_unknown_address_does_not_and_is_checked_as_long(site, monkeypatch):
    asked = []
    real = accounts._hasher

    class Spy:
        def verify(self, stored, password):
            asked.append(stored)
            return real.verify(stored, password)

    monkeypatch.setattr(accounts, "_hasher", Spy())
    assert site.try_(email="nobody@run.example") is None
    assert asked == [accounts._UNKNOWN]


def test_failures_lock_the_account_for_a_while_even_for_the_right_password(site):
    for _ in range(accounts.MAX_FAILURES):
        assert site.try_("wrong") is None
    assert site.try_() is None
    site.clock.advance(minutes=accounts.LOCK_MINUTES, seconds=1)
    assert site.try_() == site.account


def test_a_success_forgets_earlier_failures(site):
    for _ in range(3):
        for _ in range(accounts.MAX_FAILURES - 1):
            site.try_("wrong")
        assert site.try_() == site.account


def test_a_disabled_account_neither_signs_in_nor_stays_in(site):
    token = site.sign_in()
    with site.runtime.engine.begin() as connection:
        connection.execute(text("UPDATE user_account SET disabled_at = '2026-01-01 00:00:00+00'"))
    assert site.try_() is None
    assert site.who(token) is None


def test_a_session_carries_the_roles_and_ends(site):
    token = site.sign_in()
    actor = site.who(token)
    assert (actor.user_id, actor.grants) == (site.account, (Grant(Role.VERIFIER, "BJ/"),))
    site.clock.advance(hours=site.runtime.settings.session_hours, seconds=1)
    assert site.who(token) is None


def test_signing_out_ends_this_session_only(site):
    one, two = site.sign_in(), site.sign_in()
    site.runtime.run(VISITOR, accounts.close_session, one)
    assert site.who(one) is None
    assert site.who(two) is not None


@pytest.mark.parametrize("token", ["", "x", "0" * 64, "' OR 1=1 --"])
def test_an_unknown_token_is_nobody(site, token):
    site.sign_in()
    assert site.who(token) is None


def test_neither_password_nor_token_is_stored(site):
    token = site.sign_in()
    with site.runtime.engine.connect() as connection:
        rows = [
            *connection.execute(text("SELECT * FROM user_account")),
            *connection.execute(text("SELECT * FROM sign_in")),
        ]
    assert token not in str(rows)
    assert PASSWORD not in str(rows)
    assert "$argon2id$" in str(rows)


def test_a_short_password_is_refused(site):
    with pytest.raises(WeakPassword):
        site.create(email="b@run.example", password="short")


def test_one_account_an_address(site):
    with pytest.raises(AccountExists):
        site.create(email=EMAIL.upper())


def test_only_administrators_create_accounts(site):
    token = site.sign_in()
    for actor in (VISITOR, site.who(token)):
        with pytest.raises(Forbidden):
            site.create(email="b@run.example", actor=actor)


def test_the_first_administrator_is_noticed(site):
    assert not site.runtime.read(SYSTEM, accounts.has_administrator)
    site.create(email="b@run.example", grants=[Grant(Role.ADMINISTRATOR, "")])
    assert site.runtime.read(SYSTEM, accounts.has_administrator)
