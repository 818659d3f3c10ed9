"""The organisation's own accounts, which batches are paid from: checked as those of payees are, and never edited.

The account in the ledger is opened by its first entry. A changed account is a new one with a code of its own.
"""

from __future__ import annotations

import re
from typing import Final, get_args

from payments import identifiers
from payments.batches import AccountKind, PayeeAccount, check_account
from payments.errors import InvalidIdentifier
from payments.rails.profiles import BankProfile, Profile, profile
from pricing.money import minor_digits
from server.actor import Action, Object, require
from server.batches import service as batches
from server.errors import Conflict
from server.journal import service as journal
from server.journal.service import Event
from server.regions import service as regions
from server.runtime import Tx
from workflows.errors import InvalidInput
from workflows.problems import Problem

_CODE: Final = re.compile(r"[a-z0-9][a-z0-9-]{1,39}")
_BIC: Final = re.compile(r"[A-Z]{6}[A-Z0-9]{2}([A-Z0-9]{3})?")


class AccountKnown(Conflict):
    code = "paying-account-known"
    message = "The paying account %(code)s is there already, with this code or this number."


def register(
    tx: Tx, *, code: str, profile_name: str, currency: str, holder_name: str, identifier: str, agent: str,
    country: str, town: str,
) -> str:  # fmt: skip
    """Register an account that batches are paid from. Returns its id.

    Raises UnknownProfile, UnknownCurrency, InvalidIdentifier, InvalidInput, AccountKnown, NotFound for a country that
    is no region.
    """
    require(tx.actor, Action.BATCH_PREPARE, Object(region_path=f"{country}/"))
    regions.region(tx, country)
    found = profile(profile_name)
    minor_digits(currency)
    holder_name, agent, town = (" ".join(text.split()) for text in (holder_name, agent, town))
    problems = _wrong(found, code, currency, holder_name, agent, town)
    if problems:
        raise InvalidInput(problems)
    checked = _checked(found, identifier, agent, country)
    for known in batches.paying_accounts(tx):
        if known.code == code or (known.identifier, known.currency) == (checked.identifier, currency):
            # the code of another country's account is not told
            raise AccountKnown(code=code)
    account_id = batches.add_paying_account(
        tx, code=code, profile_name=profile_name, currency=currency, holder_name=holder_name,
        identifier=checked.identifier, agent=agent, country=country, town=town,
    )  # fmt: skip
    journal.record(
        tx, Event.PAYING_ACCOUNT_ADDED, account_id, region=country,
        public={"code": code, "profile": profile_name, "currency": currency},
        private={"identifier": checked.identifier, "holder_name": holder_name},
    )  # fmt: skip
    return account_id


def _wrong(rail: Profile, code: str, currency: str, holder_name: str, agent: str, town: str) -> list[Problem]:
    found = []
    if not _CODE.fullmatch(code):
        words = "A code is of 2 to 40 small letters, digits and dashes, such as bank-xof."
        found.append(Problem("account-code", words, "code"))
    if rail.currencies and currency not in rail.currencies:
        words = "The rail %(rail)s pays in %(known)s, not in %(currency)s."
        shown = {"rail": rail.name, "known": ", ".join(sorted(rail.currencies)), "currency": currency}
        found.append(Problem("rail-currency", words, "currency", params=shown))
    if isinstance(rail, BankProfile) and not _BIC.fullmatch(agent):
        words = "A bank is named by its BIC of 8 or 11 characters, such as RUNBBJBJ."
        found.append(Problem("account-agent", words, "agent"))
    for name, text, most in (("holder_name", holder_name, 140), ("agent", agent, 40), ("town", town, 35)):
        if not text or len(text) > most or not text.isprintable():
            words = "Fill this in, with at most %(most)s characters."
            found.append(Problem("account-text", words, name, params={"most": most}))
    return found


def _checked(rail: Profile, identifier: str, agent: str, country: str) -> PayeeAccount:
    """The account by the first kind of the rail that its number is right for. Raises what the check raises."""
    refused: InvalidIdentifier | None = None
    kinds: list[AccountKind] = [kind for kind in get_args(AccountKind) if kind in rail.accounts]
    if kinds != ["wallet"]:
        kinds = [kind for kind in kinds if kind != "wallet"]
    compact = "".join(identifier.split())
    # what has the length of a RIB is told what is wrong with it as one
    kinds.sort(key=lambda kind: (kind == "rib") == (len(compact) == 24))
    for kind in kinds:
        try:
            number = identifiers.check_msisdn(identifier, country) if kind == "wallet" else identifier
            return check_account(PayeeAccount(kind, number, agent))
        except InvalidIdentifier as error:
            refused = error
    assert refused is not None, "every rail takes some kind of account"
    raise refused
