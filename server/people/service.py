"""The register of facilitators and where they are paid."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import select

from payments.batches import PayeeAccount as AccountValue
from payments.batches import check_account
from server.actor import Action, require
from server.errors import Conflict, NotFound
from server.journal import service as journal
from server.journal.service import Event
from server.people.models import (
    PayeeAccount as PayeeAccount,
)
from server.people.models import (
    Person as Person,
)
from server.people.models import (
    PersonSkill as PersonSkill,
)
from server.people.models import (
    Skill as Skill,
)
from server.regions import service as regions
from server.runtime import Tx


def add_skills(tx: Tx, skills: Mapping[str, Mapping[str, str]]) -> None:
    """Add skills (code -> names by language); known codes are left as they are."""
    require(tx.actor, Action.PERSON_EDIT)
    known = set(tx.session.scalars(select(Skill.code)))
    tx.session.add_all(Skill(code=c, names=dict(n)) for c, n in skills.items() if c not in known)
    tx.session.flush()


def skills(tx: Tx) -> dict[str, Mapping[str, str]]:
    """Names by language of every skill."""
    return {s.code: s.names for s in tx.session.scalars(select(Skill).order_by(Skill.code))}


class AccountInUse(Conflict):
    code = "account-in-use"
    message = "Somebody else is paid on this account already. Ask for an account of the person's own."


@dataclass(frozen=True, slots=True)
class NewPerson:
    """A facilitator to be registered. phone: E.164; skills: codes."""

    name: str
    phone: str
    region: str
    skills: Sequence[str]
    tax_id: str | None = None


def register(tx: Tx, new: NewPerson) -> str:
    """Add a facilitator to the register; returns the id. Raises NotFound for unknown regions and skills."""
    place = regions.region(tx, new.region)
    require(tx.actor, Action.PERSON_EDIT, regions.place(tx, new.region))
    known = set(tx.session.scalars(select(Skill.code)))
    for skill in new.skills:
        if skill not in known:
            raise NotFound(what="skill", key=skill)
    person = Person(
        id=tx.new_id(), name=new.name, phone=new.phone, region_code=new.region, tax_id=new.tax_id,
        country=regions.country(tx, new.region), town=regions.name(place, "fr"), created_at=tx.now,
        skills=[PersonSkill(skill=s) for s in sorted(set(new.skills))],
    )  # fmt: skip
    tx.session.add(person)
    tx.session.flush()
    return person.id


def set_payee_account(tx: Tx, person_id: str, account: AccountValue, *, holder_name: str) -> str:
    """Say where a person is paid from now on; earlier accounts are kept. Returns the new row's id.

    Raises InvalidIban, InvalidRib, InvalidMsisdn, and AccountInUse where somebody else is paid on it.
    """
    found = person(tx, person_id)
    require(tx.actor, Action.PERSON_EDIT, regions.place(tx, found.region_code))
    account = check_account(account)
    _refuse_shared(tx, person_id, account)
    row = PayeeAccount(
        id=tx.new_id(), person_id=person_id, kind=account.kind, identifier=account.identifier,
        holder_name=holder_name, agent=account.agent, valid_from=tx.now, created_by=tx.actor.user_id,
    )  # fmt: skip
    tx.session.add(row)
    tx.session.flush()
    journal.record(
        tx, Event.PAYEE_ACCOUNT_CHANGED, person_id, public={"kind": account.kind},
        private={"account": account.identifier},
    )  # fmt: skip
    return row.id


def _refuse_shared(tx: Tx, person_id: str, account: AccountValue) -> None:
    """Two people paid on one account could be one person paid twice. What somebody used before is free again."""
    wanted = _account_number(account.kind, account.identifier)
    for other, rows in payee_accounts(tx).items():
        if other != person_id and _account_number(rows[-1].kind, rows[-1].identifier) == wanted:
            raise AccountInUse


def _account_number(kind: str, identifier: str) -> str:
    """What makes two accounts one: a UEMOA IBAN is its RIB behind a country and two check digits."""
    return identifier[4:] if kind == "iban" and len(identifier) == 28 else identifier


def person(tx: Tx, person_id: str) -> Person:
    """Raises NotFound."""
    found = tx.session.get(Person, person_id)
    if found is None:
        raise NotFound(what="person", key=person_id)
    return found


def people(tx: Tx, ids: Sequence[str] | None = None) -> dict[str, Person]:
    """People by id, in the order they were registered; all without `ids`."""
    query = select(Person).order_by(Person.id)
    if ids is not None:
        query = query.where(Person.id.in_(ids))
    return {p.id: p for p in tx.session.scalars(query)}


def skills_of(tx: Tx, ids: Sequence[str]) -> dict[str, set[str]]:
    """The skills of these people, without those who have left."""
    found: dict[str, set[str]] = {}
    query = (
        select(Person.id, PersonSkill.skill)
        .outerjoin(PersonSkill, PersonSkill.person_id == Person.id)
        .where(Person.id.in_(ids), Person.left_at.is_(None))
    )
    for person_id, skill in tx.session.execute(query):
        found.setdefault(person_id, set()).add(skill)
    return found


def payee_account(tx: Tx, person_id: str) -> PayeeAccount | None:
    """Where the person is paid now; None when nothing is known yet."""
    return tx.session.scalar(
        select(PayeeAccount)
        .where(PayeeAccount.person_id == person_id)
        .order_by(PayeeAccount.valid_from.desc(), PayeeAccount.id.desc())
        .limit(1)
    )


def payee_accounts(tx: Tx, ids: Sequence[str] | None = None) -> dict[str, list[PayeeAccount]]:
    """Every account people were ever paid on, by person, oldest first; of all people without `ids`."""
    found: dict[str, list[PayeeAccount]] = {}
    query = select(PayeeAccount).order_by(PayeeAccount.valid_from, PayeeAccount.id)
    if ids is not None:
        query = query.where(PayeeAccount.person_id.in_(ids))
    for row in tx.session.scalars(query):
        found.setdefault(row.person_id, []).append(row)
    return found
