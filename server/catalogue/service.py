"""Services and their versions: publishing, and loading a version as the library's value."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Collection, Mapping
from threading import Lock
from types import MappingProxyType
from typing import Final, Literal

from sqlalchemy import case, select

from server.actor import Action, require
from server.catalogue.models import ServiceDecisionRow
from server.catalogue.models import (
    ServiceFormRow as ServiceFormRow,
)
from server.catalogue.models import (
    ServiceRow as ServiceRow,
)
from server.catalogue.models import (
    ServiceVersionRow as ServiceVersionRow,
)
from server.catalogue.models import (
    ServiceVersionStepRow as ServiceVersionStepRow,
)
from server.errors import Conflict, NotFound, SamePerson, WrongState
from server.journal import service as journal
from server.journal.service import Event
from server.runtime import Tx
from service_library.package import Assembly, ServicePackage, assemble, digest
from workflows.definitions.lint import lint
from workflows.definitions.model import LANGUAGES
from workflows.errors import InvalidInput
from workflows.problems import Problem, blocking


class VersionRecalled(Conflict):
    code = "version-recalled"
    message = "%(service)s %(version)s was recalled and is not used for anything new: %(reason)s"


class VersionExists(Conflict):
    code = "version-exists"
    message = "%(service)s %(version)s is published and never changes. Publish the change as a new version."


_NO_DECISIONS: Final[Mapping[str, bytes]] = MappingProxyType({})
_CACHE_SIZE = 32
_cache: OrderedDict[str, ServicePackage] = OrderedDict()
_cache_lock = Lock()


def _assembled(
    bpmn: bytes,
    form_sources: Mapping[str, bytes],
    decision_sources: Mapping[str, bytes],
    version: str,
    languages: Collection[str],
) -> Assembly:
    """The package and all problems of its files, those of the lint among them."""
    assembly = assemble(bpmn, form_sources, version=version, decision_sources=decision_sources)
    if assembly.package is None:
        return assembly
    found = lint(assembly.package.definition, level="executable", languages=languages)
    return Assembly(assembly.package, (*assembly.problems, *found))


def publish(
    tx: Tx,
    bpmn: bytes,
    form_sources: Mapping[str, bytes],
    *,
    version: str,
    decision_sources: Mapping[str, bytes] = _NO_DECISIONS,
    languages: Collection[str] = LANGUAGES,
) -> ServiceVersionRow:
    """Publish a version: from now on it never changes. The same files again give the version back.

    languages: those that every text must be there in.

    Raises InvalidInput with all problems, VersionExists when the version is taken by other content.
    """
    require(tx.actor, Action.SERVICE_PUBLISH)
    assembly = _assembled(bpmn, form_sources, decision_sources, version, languages)
    package, problems = assembly.package, assembly.problems
    if package is None or blocking(problems):
        raise InvalidInput(blocking(problems) or problems)
    content = digest(package)
    known = tx.session.scalar(
        select(ServiceVersionRow).where(
            ServiceVersionRow.service_code == package.code, ServiceVersionRow.version == version
        )
    )
    if known is not None:
        if known.digest == content:
            return known
        raise VersionExists(service=package.code, version=version)
    return _store(tx, package, content)


def _store(tx: Tx, package: ServicePackage, content: str) -> ServiceVersionRow:
    if tx.session.get(ServiceRow, package.code) is None:
        tx.session.add(ServiceRow(code=package.code, created_at=tx.now))
        tx.session.flush()
    row = ServiceVersionRow(
        id=tx.new_id(), service_code=package.code, version=package.version, digest=content,
        names=dict(package.definition.service.name), bpmn=package.bpmn, published_at=tx.now,
        published_by=tx.actor.user_id,
    )  # fmt: skip
    tx.session.add(row)
    tx.session.flush()
    tx.session.add_all(
        ServiceFormRow(
            service_version_id=row.id, ref=ref, form_id=form.form_id, form_version=form.version,
            source=package.form_sources[ref], xform=form.xform, md5=form.md5,
        )
        for ref, form in sorted(package.forms.items())
    )  # fmt: skip
    tx.session.add_all(
        ServiceDecisionRow(service_version_id=row.id, ref=ref, source=source)
        for ref, source in sorted(package.decision_sources.items())
    )
    tx.session.flush()
    journal.record(
        tx, Event.SERVICE_PUBLISHED, row.id,
        public={"service": package.code, "version": package.version, "digest": content},
    )  # fmt: skip
    return row


# Out of use -------------------------------------------------------------------------------------------


OutOfUse = Literal["deprecated", "recalled"]
_MAX_REASON: Final = 1000
_EVENTS: Final[Mapping[OutOfUse, Event]] = MappingProxyType(
    {"deprecated": Event.SERVICE_DEPRECATED, "recalled": Event.SERVICE_RECALLED}
)


def deprecate(tx: Tx, version_id: str, *, reason: str, command_id: str | None = None) -> ServiceVersionRow:
    """Say that a version is no longer recommended: it can still be used, and nobody is led to it any more.

    command_id: the client's; repeated, it changes nothing. Raises InvalidInput without a reason, WrongState.
    """
    return _take_out_of_use(tx, version_id, "deprecated", ("published",), reason, command_id)


def recall(tx: Tx, version_id: str, *, reason: str, command_id: str | None = None) -> ServiceVersionRow:
    """Forbid a version for anything new: no price is offered and no village starts under it any more.

    What runs goes on; its coordinators see that the version was recalled, and why. By somebody else than who
    published it. command_id: as for `deprecate`. Raises InvalidInput without a reason, SamePerson, WrongState.
    """
    return _take_out_of_use(tx, version_id, "recalled", ("published", "deprecated"), reason, command_id)


def _take_out_of_use(
    tx: Tx, version_id: str, step: OutOfUse, possible: tuple[str, ...], reason: str, command_id: str | None
) -> ServiceVersionRow:
    require(tx.actor, Action.SERVICE_PUBLISH)
    row = tx.session.get(ServiceVersionRow, version_id, with_for_update=True, populate_existing=True)
    if row is None:
        raise NotFound(what="service version", key=version_id)
    known = tx.session.get(ServiceVersionStepRow, command_id) if command_id else None
    if known is not None:
        if (known.service_version_id, known.step) != (version_id, step):
            raise Conflict
        return row
    if row.status not in possible:
        raise WrongState(what="service version", state=row.status)
    if not 0 < len(reason.strip()) <= _MAX_REASON:
        raise InvalidInput([_no_reason()])
    if step == "recalled" and row.published_by == tx.actor.user_id:
        raise SamePerson(first="publishing a version", second="recalling it")
    tx.session.add(
        ServiceVersionStepRow(
            id=command_id or tx.new_id(), service_version_id=row.id, step=step, reason=reason.strip(),
            done_at=tx.now, done_by=tx.actor.user_id,
        )
    )  # fmt: skip
    tx.session.flush()
    row.status = step
    tx.session.flush()
    journal.record(
        tx, _EVENTS[step], row.id,
        public={"service": row.service_code, "version": row.version, "reason": reason.strip()},
    )  # fmt: skip
    return row


def _no_reason() -> Problem:
    return Problem(
        "reason-missing",
        "Say why, in at most %(limit)s letters: people who work with this version read it.",
        place="reason",
        params={"limit": _MAX_REASON},
    )


def out_of_use(tx: Tx, version_id: str) -> list[ServiceVersionStepRow]:
    """Why a version went out of use, step by step, oldest first."""
    query = select(ServiceVersionStepRow).where(ServiceVersionStepRow.service_version_id == version_id)
    return list(tx.session.scalars(query.order_by(ServiceVersionStepRow.done_at, ServiceVersionStepRow.id)))


def usable_version(tx: Tx, version_id: str) -> ServiceVersionRow:
    """A version for something new. Raises NotFound, VersionRecalled."""
    row = version(tx, version_id)
    if row.status == "recalled":
        reason = recall_reason(tx, version_id)
        raise VersionRecalled(service=row.service_code, version=row.version, reason=reason)
    return row


def recall_reason(tx: Tx, version_id: str) -> str:
    """Why a version was recalled; "" when it was not."""
    return next((step.reason for step in out_of_use(tx, version_id) if step.step == "recalled"), "")


def version(tx: Tx, version_id: str) -> ServiceVersionRow:
    """Raises NotFound."""
    row = tx.session.get(ServiceVersionRow, version_id)
    if row is None:
        raise NotFound(what="service version", key=version_id)
    return row


def find_version(tx: Tx, service: str, number: str | None = None) -> ServiceVersionRow:
    """A version by number, or the newest one that is in use, else the newest. Raises NotFound."""
    query = select(ServiceVersionRow).where(ServiceVersionRow.service_code == service)
    if number is not None:
        query = query.where(ServiceVersionRow.version == number)
    rank = case(
        (ServiceVersionRow.status == "published", 0), (ServiceVersionRow.status == "deprecated", 1), else_=2
    )
    row = tx.session.scalar(query.order_by(rank, ServiceVersionRow.id.desc()).limit(1))
    if row is None:
        raise NotFound(what="service", key=f"{service} {number or ''}".strip())
    return row


def versions(tx: Tx, service: str | None = None) -> list[ServiceVersionRow]:
    """All versions, by service and newest first."""
    query = select(ServiceVersionRow).order_by(ServiceVersionRow.service_code, ServiceVersionRow.id.desc())
    if service is not None:
        query = query.where(ServiceVersionRow.service_code == service)
    return list(tx.session.scalars(query))


def package(tx: Tx, version_id: str) -> ServicePackage:
    """The version as the library's value; kept in memory, since a published version never changes."""
    row = version(tx, version_id)
    with _cache_lock:
        if row.digest in _cache:
            _cache.move_to_end(row.digest)
            return _cache[row.digest]
    sources = {form.ref: form.source for form in forms(tx, version_id)}
    assembly = assemble(
        row.bpmn, sources, version=row.version, decision_sources=_decision_sources(tx, version_id)
    )
    if assembly.package is None:
        raise InvalidInput(assembly.problems)
    with _cache_lock:
        _cache[row.digest] = assembly.package
        while len(_cache) > _CACHE_SIZE:
            _cache.popitem(last=False)
    return assembly.package


def _decision_sources(tx: Tx, version_id: str) -> dict[str, bytes]:
    rows = tx.session.scalars(
        select(ServiceDecisionRow).where(ServiceDecisionRow.service_version_id == version_id)
    )
    return {row.ref: row.source for row in rows}


def forget(content: str) -> None:
    """Drop a version from memory, so that the next use reads the database again."""
    with _cache_lock:
        _cache.pop(content, None)


def forms(tx: Tx, version_id: str) -> list[ServiceFormRow]:
    """The forms of a version as they were published, by reference."""
    query = select(ServiceFormRow).where(ServiceFormRow.service_version_id == version_id)
    return list(tx.session.scalars(query.order_by(ServiceFormRow.ref)))


def form(tx: Tx, form_id: str, form_version: str) -> ServiceFormRow | None:
    """A form as it was published, whatever newer versions there are."""
    return tx.session.scalar(
        select(ServiceFormRow).where(
            ServiceFormRow.form_id == form_id, ServiceFormRow.form_version == form_version
        )
    )
