"""Rail profiles: what one bank or mobile-money company takes, as data in this folder.

There is no common profile of UEMOA banks and no common bulk file of mobile-money companies, so each is a JSON
file. Amounts of limits are in minor units of the profile's currencies.
"""

from __future__ import annotations

import codecs
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import Any, Final, Literal

from payments.batches import ACCOUNT_KINDS, AccountKind, Limits
from payments.errors import InvalidLimits, InvalidProfile, UnknownProfile
from payments.rails.pain001_versions import NEWEST, VERSIONS
from pricing.errors import UnknownCurrency
from pricing.money import minor_digits

Content = Literal[
    "country", "telco", "currency", "msisdn", "amount", "reference", "description", "name", "payment_id",
    "account", "account_kind", "agent", "town", "uetr",
]  # fmt: skip
TableForm = Literal["csv", "xlsx"]
Outcome = Literal["settled", "rejected", "returned", "pending"]

_CONTENTS: Final = (
    "country",
    "telco",
    "currency",
    "msisdn",
    "amount",
    "reference",
    "description",
    "name",
    "payment_id",
)
_OUTCOMES: Final[tuple[Outcome, ...]] = ("settled", "rejected", "pending")
_NEEDED_CONTENTS: Final = frozenset({"msisdn", "amount", "reference"})
_TABLE_CONTENTS: Final = (*_CONTENTS, "account", "account_kind", "agent", "town", "uetr")
_TABLE_NEEDED: Final = frozenset({"account", "amount", "reference"})


@dataclass(frozen=True, slots=True)
class BankProfile:
    """What a bank takes in a pain.001 file.

    version: of the message, such as "pain.001.001.09". currencies: empty = any.
    service_level: SvcLvl/Cd, "" = none. charge_bearer: ChrgBr.
    address: "minimal" writes town and country, "none" nothing.
    """

    name: str
    description: str
    currencies: frozenset[str]
    accounts: frozenset[AccountKind]
    limits: Limits
    service_level: str
    charge_bearer: str
    address: str
    batch_booking: bool
    version: str


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a mobile-money file."""

    header: str
    content: Content


@dataclass(frozen=True, slots=True)
class MobileMoneyProfile:
    """What a mobile-money company takes in its bulk CSV and what it answers.

    rows_max: payments in one file. description_max, name_max: characters.
    result_columns: headers of the answer by meaning (reference, status, reason, registered_name, amount, currency).
    result_statuses: the company's words, in capitals, and what they mean; any other word is pending.
    """

    name: str
    description: str
    currencies: frozenset[str]
    accounts: frozenset[AccountKind]
    limits: Limits
    columns: tuple[Column, ...]
    delimiter: str
    line_end: str
    encoding: str
    rows_max: int
    description_max: int
    name_max: int
    result_columns: Mapping[str, str]
    result_statuses: Mapping[str, Outcome]


@dataclass(frozen=True, slots=True)
class TableProfile(MobileMoneyProfile):
    """What a bank or company takes that wants a table, and what it answers: as of a mobile-money company.

    form: of the file that is written; the answer may be either. delimiter, line_end, encoding count for a CSV.
    """

    form: TableForm


Profile = BankProfile | MobileMoneyProfile


@cache
def names() -> tuple[str, ...]:
    """The profiles that come with the product, in alphabetical order."""
    files = resources.files("payments.rails.profiles").iterdir()
    return tuple(sorted(f.name.removesuffix(".json") for f in files if f.name.endswith(".json")))


@cache
def profile(name: str) -> Profile:
    """The profile of that name. Raises UnknownProfile."""
    if name not in names():
        raise UnknownProfile(profile=name[:60], known=", ".join(names()))
    file = resources.files("payments.rails.profiles") / f"{name}.json"
    return read_profile(name, file.read_text(encoding="utf-8"))


def bank_profile(name: str) -> BankProfile:
    """The bank profile of that name. Raises UnknownProfile, also for one of a mobile-money company."""
    found = profile(name)
    if not isinstance(found, BankProfile):
        raise UnknownProfile(profile=name, known=", ".join(names()))
    return found


def mobile_money_profile(name: str) -> MobileMoneyProfile:
    """The mobile-money profile of that name. Raises UnknownProfile, also for one of a bank."""
    found = profile(name)
    if not isinstance(found, MobileMoneyProfile):
        raise UnknownProfile(profile=name, known=", ".join(names()))
    return found


def read_profile(name: str, text: str) -> Profile:
    """Read a profile from JSON. Raises InvalidProfile with the reason."""
    try:
        document = json.loads(text)
        if document["rail"] == "bank":
            return _bank(name, document)
        if document["rail"] == "mobile_money":
            return _mobile_money(name, document)
        if document["rail"] == "table":
            return _table(name, document)
        raise ValueError("rail is bank, mobile_money or table")
    except (AttributeError, KeyError, LookupError, TypeError, ValueError) as error:
        raise InvalidProfile(profile=name, reason=str(error)) from error
    except (InvalidLimits, UnknownCurrency) as error:
        raise InvalidProfile(profile=name, reason=str(error)) from error


def _common(document: Mapping[str, Any]) -> dict[str, Any]:
    for currency in document["currencies"]:
        minor_digits(currency)
    _require(set(document["accounts"]) <= set(ACCOUNT_KINDS), "accounts are iban, rib or wallet")
    return {
        "description": str(document["description"]),
        "currencies": frozenset(document["currencies"]),
        "accounts": frozenset(document["accounts"]),
        "limits": Limits(**document["limits"]),
    }


def _bank(name: str, document: Mapping[str, Any]) -> BankProfile:
    _require(document["charge_bearer"] in {"SLEV", "DEBT", "SHAR", "CRED"}, "unknown charge_bearer")
    _require(document["address"] in {"none", "minimal"}, "address is none or minimal")
    service_level = str(document["service_level"])
    _require(len(service_level) <= 4 and (not service_level or service_level.isalnum()), "bad service_level")
    version = document.get("version", NEWEST)
    _require(version in VERSIONS, f"version is {' or '.join(VERSIONS)}")
    wallets = VERSIONS[version].has_proxy or "wallet" not in document["accounts"]
    _require(wallets, "this version cannot name a wallet")
    return BankProfile(
        name=name,
        version=version,
        service_level=service_level,
        charge_bearer=document["charge_bearer"],
        address=document["address"],
        batch_booking=bool(document["batch_booking"]),
        **_common(document),
    )


def _mobile_money(name: str, document: Mapping[str, Any]) -> MobileMoneyProfile:
    _require(set(document["accounts"]) == {"wallet"}, "mobile money pays to wallets")
    return MobileMoneyProfile(**_columns(name, document, _CONTENTS, _NEEDED_CONTENTS))


def _table(name: str, document: Mapping[str, Any]) -> TableProfile:
    _require(document["form"] in {"csv", "xlsx"}, "form is csv or xlsx")
    return TableProfile(
        **_columns(name, document, _TABLE_CONTENTS, _TABLE_NEEDED), form=document["form"]
    )  # fmt: skip


def _columns(
    name: str, document: Mapping[str, Any], known: tuple[str, ...], needed: frozenset[str]
) -> dict[str, Any]:
    """What a file of columns needs; raises ValueError and its like with the reason."""
    columns = tuple(Column(str(c["header"]), c["content"]) for c in document["columns"])
    contents = {c.content for c in columns}
    _require(contents <= set(known), "unknown content of a column")
    _require(contents >= needed, f"columns need {', '.join(sorted(needed))}")
    _require(len({c.header for c in columns}) == len(columns), "two columns have one header")
    _require(document["delimiter"] in {",", ";", "\t", "|"}, "delimiter is , ; tab or |")
    _require(document["line_end"] in {"\n", "\r\n"}, "line_end is LF or CRLF")
    codecs.lookup(document["encoding"])
    statuses = {
        str(word).upper(): outcome for outcome in _OUTCOMES for word in document["result_statuses"][outcome]
    }
    result_columns = {str(key): str(header) for key, header in document["result_columns"].items()}
    _require({"reference", "status"} <= set(result_columns), "result_columns need reference and status")
    return {
        "name": name,
        "columns": columns,
        "delimiter": document["delimiter"],
        "line_end": document["line_end"],
        "encoding": document["encoding"],
        "rows_max": int(document["rows_max"]),
        "description_max": int(document["description_max"]),
        "name_max": int(document["name_max"]),
        "result_columns": MappingProxyType(result_columns),
        "result_statuses": MappingProxyType(statuses),
        **_common(document),
    }


def _require(condition: object, reason: str) -> None:
    if not condition:
        raise ValueError(reason)
