"""The people, places, prices and accounts of the demonstration."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from fractions import Fraction
from importlib import resources

from payments.batches import PayeeAccount, check_account
from payments.identifiers import rib_key
from pricing.contributions import Contribution, ContributionKind, Overhead
from pricing.price_lists import ExchangeRate, Item, MinimumWage
from pricing.units import Packaging
from server.accounts import service as accounts
from server.actor import SYSTEM, Actor, Grant, Role
from server.batches import service as batches
from server.http.navigation import N_
from server.people import service as people
from server.price_lists import service as price_lists
from server.quotes import terms
from server.regions import service as regions
from server.runtime import Runtime, Tx

PASSWORD = "copargo-demo"  # noqa: S105  (printed on the demo's sign-in page)
COMMUNE = "BJ-DO-COPARGO"
COUNTRY = "BJ"
COUNTRY_PATH = "BJ/"
COMMUNE_PATH = "BJ/BJ-DO/BJ-DO-COPARGO/"
MINIMUM_WAGES = (
    MinimumWage(COUNTRY, Fraction(52_000), "XOF", date(2023, 1, 1), source="SMIG, decree of 7 December 2022"),
)
FUND = "transformation-fund"
FUNDER = "alfter"
BANK, MOMO = "bank-xof", "momo-xof"


@dataclass(frozen=True, slots=True)
class DemoUser:
    """Somebody who can sign in. title: what the sign-in page says about them (a msgid)."""

    email: str
    name: str
    role: Role
    path: str
    locale: str
    title: str


USERS = (
    DemoUser("expert@demo.example", "Elise Kponton", Role.EXPERT, "", "en", N_("Expert: designs services")),
    DemoUser("coordinator@demo.example", "Adjara Orou", Role.COORDINATOR, COMMUNE_PATH, "fr",
             N_("Coordinator of Copargo")),
    DemoUser("verifier@demo.example", "Basile Tamou", Role.VERIFIER, COMMUNE_PATH, "fr",
             N_("Verifier: checks deliveries")),
    DemoUser("finance@demo.example", "Florence Agossa", Role.FINANCE, COUNTRY_PATH, "fr",
             N_("Finance officer: prepares payments")),
    DemoUser("approver@demo.example", "Moussa Idrissou", Role.APPROVER, COUNTRY_PATH, "fr",
             N_("Approver: the second pair of eyes")),
    DemoUser("auditor@demo.example", "Ursula Berger", Role.AUDITOR, "", "en", N_("Auditor of the funder")),
    DemoUser("admin@demo.example", "Ines Soglo", Role.ADMINISTRATOR, "", "es", N_("Administrator: accounts and roles")),
)  # fmt: skip
REVIEWER = DemoUser(
    "reviewer@demo.example",
    "Rosine Ahossi",
    Role.EXPERT,
    "",
    "fr",
    N_("Expert: reviews the services of others"),
)
SECOND_APPROVER = DemoUser(
    "approver2@demo.example",
    "Pascaline Toko",
    Role.APPROVER,
    COUNTRY_PATH,
    "fr",
    N_("Second approver: for large sums"),
)
NATIONAL = DemoUser(
    "national@demo.example", "Désiré Hounkpatin", Role.COORDINATOR, "", "fr", "National coordinator"
)

# name, skills, has a tax id, how paid
_PEOPLE = (
    ("Afi Dossou", "ANIM FAC", True, "wallet"), ("Rachidatou Bio", "ANIM", False, "wallet"),
    ("Séverin Kassa", "ANIM", True, "rib"), ("Mariam Sabi", "ANIM", True, "wallet"),
    ("Gaston N’Tcha", "ANIM", False, "wallet"), ("Bernadette Yarou", "FAC", True, "rib"),
    ("Issifou Alassane", "FAC", True, "rib"), ("Clarisse Houéto", "FAC", True, "wallet"),
    ("Yacoubou Seidou", "FAC", False, "wallet"), ("Pélagie Tchando", "FAC", True, "rib"),
    ("Orou Guera", "FAC", True, "wallet"), ("Nafissatou Imorou", "ENUM", False, "wallet"),
    ("Blaise Kouagou", "ENUM", True, "wallet"), ("Zénabou Tidjani", "ENUM", True, "rib"),
    ("Prosper Sambieni", "ENUM", False, "wallet"), ("Awaou Boukari", "ENUM", True, "wallet"),
    ("Edmond Natta", "ENUM", True, "rib"), ("Léontine Kpètonou", "ENUM", False, "wallet"),
    ("Abdoulaye Mama", "ENUM", True, "wallet"), ("Justine Adéoti", "DATA", True, "rib"),
    ("Romaric Zinsou", "DATA", True, "wallet"), ("Chantal Ahouansou", "DATA", False, "rib"),
    ("Théophile Bagnan", "SFAC FAC", True, "rib"), ("Solange Dè-Gbo", "SFAC", True, "rib"),
    ("Kabirou Zakari", "INTP", False, "wallet"),
)  # fmt: skip


@dataclass(slots=True)
class World:
    """What the story needs to know of the world it plays in."""

    actors: dict[str, Actor] = field(default_factory=dict)
    """By role name; "national", "reviewer" and "second_approver" beside them; facilitators by person id."""
    villages: list[str] = field(default_factory=list)
    members: list[str] = field(default_factory=list)
    bank_account: str = ""
    momo_account: str = ""


def table(name: str) -> Iterator[dict[str, str]]:
    """The rows of one of the demonstration's CSV files."""
    text = (resources.files("server.demo.data") / name).read_text("utf-8")
    return csv.DictReader(io.StringIO(text))


def file(name: str) -> bytes:
    """The bytes of one of the demonstration's files."""
    return (resources.files("server.demo.data") / name).read_bytes()


def names(row: dict[str, str]) -> dict[str, str]:
    """The texts of a row by language, from its columns name_en, name_fr, name_es."""
    return {
        language: row[f"name_{language}"] for language in ("en", "fr", "es") if row.get(f"name_{language}")
    }


def build(runtime: Runtime) -> World:
    """Fill an empty installation: regions, skills, items, rates, people, accounts. No prices, no services yet."""
    world = World()
    runtime.run(SYSTEM, _places)
    runtime.run(SYSTEM, _catalogues)
    world.members = runtime.run(SYSTEM, _people)
    for user in (*USERS, NATIONAL):
        world.actors["national" if user is NATIONAL else user.role.value] = _account(runtime, user)
    _facilitator_account(runtime, world)
    _terms(runtime, world)
    world.bank_account, world.momo_account = runtime.run(world.actors["finance"], _paying_accounts)
    for person_id in world.members:
        world.actors[person_id] = Actor(
            f"person:{person_id}", "", (Grant(Role.FACILITATOR, ""),), person_id, "fr"
        )
    world.villages = runtime.read(SYSTEM, _villages)
    world.actors["reviewer"] = _account(runtime, REVIEWER)
    world.actors["second_approver"] = _account(runtime, SECOND_APPROVER)
    return world


def _account(runtime: Runtime, user: DemoUser) -> Actor:
    account = runtime.run(
        SYSTEM, accounts.create_account, email=user.email, name=user.name, password=PASSWORD,
        grants=[Grant(user.role, user.path)], locale=user.locale,
    )  # fmt: skip
    actor = runtime.read(SYSTEM, accounts.actor_of_account, account)
    assert actor is not None
    return actor


def _places(tx: Tx) -> None:
    regions.add_regions(
        tx,
        [
            regions.NewRegion(
                code=row["code"], parent=row["parent"] or None, level=row["level"], names=names(row),
                currency={"BJ": "XOF", "DE": "EUR"}.get(row["code"]), latitude=row["latitude"] or None,
                longitude=row["longitude"] or None, illustrative=row["illustrative"] == "yes",
            )
            for row in table("regions.csv")
        ],
    )  # fmt: skip


def _catalogues(tx: Tx) -> None:
    people.add_skills(tx, {row["code"]: names(row) for row in table("skills.csv")})
    price_lists.add_items(
        tx,
        [Item(row["code"], row["unit"], row["category"], names(row)) for row in table("items.csv")],
        [
            Packaging(row["item"], row["unit"], row["base"], Fraction(row["factor"]))
            for row in table("item_units.csv")
        ],
    )
    for row in table("exchange_rates.csv"):
        rate = Fraction(Decimal(row["rate"]))
        day = date.fromisoformat(row["valid_from"])
        price_lists.add_exchange_rate(
            tx, ExchangeRate(row["base"], row["counter"], rate, day, None, row["source"])
        )


def _terms(runtime: Runtime, world: World) -> None:
    """The country's minimum wage and terms, brought by its coordinator; finance approves the terms."""
    for wage in MINIMUM_WAGES:
        runtime.run(world.actors["national"], price_lists.add_minimum_wage, wage)
    proposed = runtime.run(
        world.actors["national"], terms.propose_terms, region=COUNTRY, valid_from=date(2024, 1, 1),
        overheads=overheads(), contributions=contributions(), source="illustrative",
    )  # fmt: skip
    runtime.run(world.actors["finance"], terms.approve_terms, proposed.id)


def _people(tx: Tx) -> list[str]:
    ids = []
    for number, (name, skills, has_tax_id, kind) in enumerate(_PEOPLE, start=1):
        phone = f"+22901970001{number:02d}"
        person_id = people.register(
            tx,
            people.NewPerson(
                name=name, phone=phone, region=COMMUNE, skills=skills.split(),
                tax_id=f"32011{number:08d}" if has_tax_id else None,
            ),
        )  # fmt: skip
        account = PayeeAccount("wallet", phone[1:], "MTN") if kind == "wallet" else illustrative_rib(number)
        people.set_payee_account(tx, person_id, check_account(account), holder_name=name)
        ids.append(person_id)
    return ids


def illustrative_rib(number: int) -> PayeeAccount:
    """An illustrative RIB with a right key; the bank code is nobody's."""
    stem = f"BJ999{1:05d}{number:012d}"
    return PayeeAccount("rib", stem + rib_key(stem), "RUNBBJBJ")


def other_account(number: int, kind: str) -> PayeeAccount:
    """Another illustrative account, for somebody whose first one failed."""
    if kind == "wallet":
        return check_account(PayeeAccount("wallet", f"22901950009{number:02d}", "Moov"))
    return check_account(illustrative_rib(900 + number))


def _facilitator_account(runtime: Runtime, world: World) -> None:
    """The first facilitator of the register can sign in, so that the site has one to show."""
    runtime.run(
        SYSTEM, accounts.create_account, email="facilitator@demo.example", name=_PEOPLE[0][0],
        password=PASSWORD, grants=[Grant(Role.FACILITATOR, "")], locale="fr", person_id=world.members[0],
    )  # fmt: skip


FACILITATOR = DemoUser(
    "facilitator@demo.example", _PEOPLE[0][0], Role.FACILITATOR, "", "fr", N_("Facilitator in the villages")
)
OFFERED = (*USERS, SECOND_APPROVER, REVIEWER, FACILITATOR)
"""Whom a visitor of the demonstration can be."""


def _paying_accounts(tx: Tx) -> tuple[str, str]:
    stem = "BJ99900001000000000001"
    bank = batches.add_paying_account(
        tx, code=BANK, profile_name="uemoa_bank", currency="XOF", holder_name="RUN Benin",
        identifier=stem + rib_key(stem), agent="RUNBBJBJ", country="BJ", town="Parakou",
    )  # fmt: skip
    momo = batches.add_paying_account(
        tx, code=MOMO, profile_name="mobile_money", currency="XOF", holder_name="RUN Benin",
        identifier="2290197000001", agent="MTN", country="BJ", town="Parakou",
    )  # fmt: skip
    return bank, momo


def _villages(tx: Tx) -> list[str]:
    return [row.code for row in regions.below(tx, COMMUNE, level="village")]


_KINDS: dict[str, ContributionKind] = {"percent": "percent", "fixed": "fixed", "in-kind": "in_kind"}


def overheads() -> tuple[Overhead, ...]:
    """The overheads of the demonstration's region, in their order."""
    return tuple(
        Overhead(
            code=row["code"], kind="percent", value=Fraction(Decimal(row["percent"])),
            base="running" if row["base"] == "running" else "direct", names=names(row),
        )
        for row in table("overheads.csv")
    )  # fmt: skip


def contributions() -> tuple[Contribution, ...]:
    """What third parties contribute beside what the task cards say."""
    return tuple(
        Contribution(
            party=row["contributor"], kind=_KINDS[row["kind"]], scope=row["scope"],
            value=Fraction(Decimal(row["value"])), cap=Fraction(Decimal(row["cap"])) if row["cap"] else None,
        )
        for row in table("contributions.csv")
    )  # fmt: skip
