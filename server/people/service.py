"""The register of facilitators and where they are paid."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import select

from payments.batches import PayeeAccount as AccountValue
from payments.batches import check_account
from payments.identifiers import check_msisdn
from server.actor import Action, require
from server.errors import Conflict, NotFound, SamePerson
from server.journal import service as journal
from server.journal.service import Event
from server.people.models import (
    PayeeAccount as PayeeAccount,
)
from server.people.models import (
    PayeeAccountCheck as PayeeAccountCheck,
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


class NameMissing(Conflict):
    code = "name-missing"
    message = "A payee needs a name. Write it as the bank knows it."


class AccountChecked(Conflict):
    code = "account-checked"
    message = "Somebody has checked this account already."


class ReasonMissing(Conflict):
    code = "explanation-missing"
    message = "Write down how you know, or why: somebody will ask."


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


def register_organisation(tx: Tx, *, name: str, region: str, town: str) -> str:
    """Add somebody who is paid but does no tasks: a tax office, the bearer of an overhead. Returns the id."""
    place = regions.region(tx, region)
    require(tx.actor, Action.PERSON_EDIT, regions.place(tx, region))
    if not name.strip():
        raise NameMissing
    row = Person(
        id=tx.new_id(), name=name.strip()[:100], phone=None, region_code=region, tax_id=None, kind="organisation",
        country=regions.country(tx, region), town=town.strip()[:35] or regions.name(place, "fr"), created_at=tx.now,
        skills=[],
    )  # fmt: skip
    tx.session.add(row)
    tx.session.flush()
    return row.id


def organisations(tx: Tx) -> list[Person]:
    """Payees that are no facilitators, by name."""
    return list(tx.session.scalars(select(Person).where(Person.kind == "organisation").order_by(Person.name)))


def set_payee_account(tx: Tx, person_id: str, account: AccountValue, *, holder_name: str) -> str:
    """Say where a person is paid from now on; earlier accounts are kept. Returns the new row's id.

    A changed account waits for another person's check before anything is paid to it. Raises InvalidIban,
    InvalidRib, InvalidMsisdn, and AccountInUse where somebody else is paid on it.
    """
    found = person(tx, person_id)
    require(tx.actor, Action.PERSON_EDIT, regions.place(tx, found.region_code))
    if account.kind == "wallet":  # people write their number as they dial it at home
        number = "+" + check_msisdn(account.identifier, found.country or "ZZ")
        account = replace(account, identifier=number)
    account = check_account(account)
    if not holder_name.strip():
        raise NameMissing
    _refuse_shared(tx, person_id, account)
    row = PayeeAccount(
        id=tx.new_id(), person_id=person_id, kind=account.kind, identifier=account.identifier,
        holder_name=holder_name.strip()[:140], agent=account.agent, valid_from=tx.now, created_by=tx.actor.user_id,
    )  # fmt: skip
    tx.session.add(row)
    tx.session.flush()
    journal.record(
        tx, Event.PAYEE_ACCOUNT_CHANGED, person_id, public={"kind": account.kind},
        private={"account": account.identifier},
    )  # fmt: skip
    return row.id


def check_payee_account(tx: Tx, account_id: str, *, confirmed: bool, note: str) -> None:
    """Write down what another person found out about a changed account; once.

    Asked of the payee in person or by a number known before, never by the one that came with the change. Raises
    SamePerson for who entered it and for the payee, AccountChecked, ReasonMissing.
    """
    account = tx.session.get(PayeeAccount, account_id)
    if account is None:
        raise NotFound(what="payee account", key=account_id)
    found = person(tx, account.person_id)
    require(tx.actor, Action.PAYEE_CONFIRM, regions.place(tx, found.region_code))
    if tx.actor.user_id == account.created_by or tx.actor.person_id == account.person_id:
        raise SamePerson(first="entering an account", second="confirming it")
    if not note.strip():
        raise ReasonMissing
    if tx.session.get(PayeeAccountCheck, account_id) is not None:
        raise AccountChecked
    verdict = "confirmed" if confirmed else "refused"
    tx.session.add(
        PayeeAccountCheck(
            payee_account_id=account_id, verdict=verdict, note=note.strip()[:300], checked_by=tx.actor.user_id,
            checked_at=tx.now,
        )
    )  # fmt: skip
    tx.session.flush()
    journal.record(
        tx, Event.PAYEE_ACCOUNT_CHECKED, account_id, public={"verdict": verdict},
        private={"person": account.person_id, "note": note.strip()[:300]},
    )  # fmt: skip


def held_accounts(tx: Tx, ids: Sequence[str] | None = None) -> dict[str, PayeeAccount]:
    """By person, the present account that nothing may be paid to: changed (or an organisation's) and not confirmed."""
    latest = payee_accounts(tx, ids)
    checks = {c.payee_account_id: c.verdict for c in tx.session.scalars(select(PayeeAccountCheck))}
    organised = {p.id for p in organisations(tx)}
    return {
        person_id: rows[-1]
        for person_id, rows in latest.items()
        if checks.get(rows[-1].id) != "confirmed"
        and (
            any(row.id in checks for row in rows)  # what was refused is not made good by entering it again
            or person_id in organised
            or any(row.identifier != rows[-1].identifier for row in rows)
        )
    }


def account_check(tx: Tx, account_id: str) -> PayeeAccountCheck | None:
    """What somebody found out about an account; None before."""
    return tx.session.get(PayeeAccountCheck, account_id)


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
