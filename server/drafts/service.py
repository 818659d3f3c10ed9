"""Drafts of services: making one, saving it, its forms and decision models, its revisions.

A draft is edited by any expert, one save after the other: whoever saves says which diagram they changed, and is
refused when somebody saved meanwhile. Every save is a revision that can be brought back. What a save holds is
stored in one normalised form, so saving what is there already is no revision.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from threading import Lock
from typing import Final, Literal

from sqlalchemy import func, select

from server.accounts import service as accounts
from server.actor import Action, require
from server.catalogue import service as catalogue
from server.drafts import contents
from server.drafts.contents import Content, Kind, NamedFile
from server.drafts.models import (
    DraftAuthorRow,
    DraftCommentRow,
    DraftReviewRow,
)
from server.drafts.models import (
    DraftRevisionRow as DraftRevisionRow,
)
from server.drafts.models import (
    DraftRow as DraftRow,
)
from server.errors import CommandTaken as CommandTaken
from server.errors import Conflict, NotFound, WrongState
from server.runtime import Tx
from service_library import starters
from service_library.editing import with_form_version, with_identity
from service_library.importing import BpmnImport, code_of, import_bpmn
from service_library.package import CODE, MAX_FORMS, VERSION, Assembly, assemble
from translations import catalogue as catalogue_of
from workflows.definitions.model import LANGUAGES, Definition, Text
from workflows.definitions.read import read
from workflows.errors import InvalidInput
from workflows.problems import Problem, blocking

FIRST_VERSION: Final = "1.0.0"
MAX_FILE: Final = 5_000_000
"""Bytes of a form or decision model."""
EDITABLE: Final = ("draft", "approved")
"""States in which content may change; an approved draft is a draft again then."""


_LONGEST_NAME: Final = 200
"""Letters of a code or name that lists show; the diagram keeps all of them."""
_KEPT: Final = 32
_opened: OrderedDict[str, Opened] = OrderedDict()
_opened_lock = Lock()
"""Drafts that were assembled, by the digest of their content: forms take a third of a second."""


class DraftChanged(Conflict):
    """Somebody saved the diagram after it was loaded: by, at and etag say what is there now."""

    code = "draft-changed"
    message = "%(by)s saved this draft at %(at)s. Look at what changed before you save yours."


@dataclass(frozen=True, slots=True)
class Draft:
    """A draft with its content. by: id of the account that saved the newest revision."""

    row: DraftRow
    content: Content


@dataclass(frozen=True, slots=True)
class Opened:
    """What reading a draft's files gave: its definition as far as it can be read, its package if it has no mistakes."""

    definition: Definition | None
    assembly: Assembly


# Reading ----------------------------------------------------------------------------------------------


def draft(tx: Tx, draft_id: str) -> DraftRow:
    """Raises NotFound."""
    require(tx.actor, Action.SERVICE_TRANSLATE)
    row = tx.session.get(DraftRow, draft_id)
    if row is None:
        raise NotFound(what="draft", key=draft_id)
    return row


def drafts(tx: Tx, service_code: str | None = None) -> list[DraftRow]:
    """All drafts, those changed last first."""
    require(tx.actor, Action.SERVICE_TRANSLATE)
    query = select(DraftRow).order_by(DraftRow.changed_at.desc(), DraftRow.id.desc())
    if service_code is not None:
        query = query.where(DraftRow.service_code == service_code)
    return list(tx.session.scalars(query))


def content(tx: Tx, draft_id: str, number: int | None = None) -> Content:
    """What a draft holds now, or held at a revision. Raises NotFound."""
    return contents.load(tx, revision(tx, draft_id, number))


def revision(tx: Tx, draft_id: str, number: int | None = None) -> DraftRevisionRow:
    """A revision, the newest without a number. Raises NotFound, also for one that was thinned out."""
    row = draft(tx, draft_id)
    wanted = row.revision if number is None else number
    possible = 0 < wanted <= row.revision
    found = tx.session.get(DraftRevisionRow, (draft_id, wanted)) if possible else None
    if found is None:
        raise NotFound(what="revision", key=str(wanted))
    return found


def revisions(tx: Tx, draft_id: str) -> list[DraftRevisionRow]:
    """The revisions that are kept, newest first."""
    draft(tx, draft_id)
    return list(
        tx.session.scalars(
            select(DraftRevisionRow)
            .where(DraftRevisionRow.draft_id == draft_id)
            .order_by(DraftRevisionRow.number.desc())
        )
    )


def authors(tx: Tx, draft_id: str) -> set[str]:
    """The ids of the accounts that ever changed a draft: they do not decide about it."""
    return set(tx.session.scalars(select(DraftAuthorRow.user_id).where(DraftAuthorRow.draft_id == draft_id)))


def opened(held: Content) -> Opened:
    """The draft's files read and assembled, with all problems."""
    key = contents.content_digest(held)
    with _opened_lock:
        if key in _opened:
            _opened.move_to_end(key)
            return _opened[key]
    assembly = assemble(
        held.bpmn, held.form_sources, version=held.version, decision_sources=held.decision_sources
    )
    found = Opened(read(held.bpmn).definition, assembly)
    with _opened_lock:
        _opened[key] = found
        while len(_opened) > _KEPT:
            _opened.popitem(last=False)
    return found


def etag(row: DraftRow) -> str:
    """The entity tag of the diagram: the number of the revision it changed in last."""
    return f'"{row.diagram_revision}"'


# Making -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class FromStarter:
    """A starter as a new service. code: "" = made from the name."""

    starter: str
    names: Text
    code: str = ""


@dataclass(frozen=True, slots=True)
class FromVersion:
    """A published version, to be changed. code: of another service, "" = the next version of the same."""

    service: str
    version: str
    code: str = ""
    names: Text | None = None


@dataclass(frozen=True, slots=True)
class FromDraft:
    """Another draft, as it is now."""

    draft_id: str


@dataclass(frozen=True, slots=True)
class FromFile:
    """A BPMN file of any tool."""

    filename: str
    data: bytes


Source = FromStarter | FromVersion | FromDraft | FromFile


@dataclass(frozen=True, slots=True)
class Made:
    """A new draft; problems: what the import changed, left out or could not read."""

    row: DraftRow
    problems: tuple[Problem, ...] = ()


def make(tx: Tx, source: Source, *, draft_id: str | None = None) -> Made:
    """Begin a draft. draft_id: the client's; the same id again gives the draft that it made.

    Raises InvalidInput for a file that cannot be read, and for a code or name that cannot be used; NotFound.
    """
    require(tx.actor, Action.SERVICE_DRAFT)
    if draft_id is not None:
        known = tx.session.get(DraftRow, draft_id)
        if known is not None:
            if known.created_by != tx.actor.user_id:
                raise CommandTaken
            return Made(known)
    match source:
        case FromStarter():
            origin: Literal["starter", "copy", "import"] = "starter"
            held, name, base, problems = _from_starter(tx, source)
        case FromVersion():
            origin = "copy"
            held, name, base, problems = _from_version(tx, source)
        case FromDraft():
            origin = "copy"
            held, name, base, problems = _from_draft(tx, source)
        case FromFile():
            origin = "import"
            held, name, base, problems = _from_file(source)
    row = DraftRow(
        id=draft_id or tx.new_id(), origin=origin, origin_name=name, base_version_id=base, version=held.version,
        languages=list(held.languages), revision=0, diagram_revision=0, content_sha256="", service_code="",
        names={}, created_at=tx.now, created_by=tx.actor.user_id, changed_at=tx.now,
        changed_by=tx.actor.user_id,
    )  # fmt: skip
    row.service_code, row.names = _identity(held.bpmn)
    _number(row, held, diagram_changed=True)
    tx.session.add(row)
    tx.session.flush()
    _keep(tx, row, held, "made", name)
    if isinstance(source, FromDraft):
        _take_authors(tx, source.draft_id, row.id)
    _note(tx, row, problems)
    return Made(row, problems)


def _take_authors(tx: Tx, origin_id: str, draft_id: str) -> None:
    """Who wrote in a draft wrote in its copies too: nobody approves their own work by having it copied."""
    new = authors(tx, origin_id) - authors(tx, draft_id)
    tx.session.add_all(
        DraftAuthorRow(draft_id=draft_id, user_id=user_id, since=tx.now) for user_id in sorted(new)
    )
    tx.session.flush()


def _note(tx: Tx, row: DraftRow, problems: tuple[Problem, ...]) -> None:
    """Keep what an import changed as a comment; mistakes that are left are found again by lint."""
    texts = catalogue_of(tx.actor.locale).texts
    notes = [problem.text(texts) for problem in problems if problem.severity == "info"]
    if notes:
        tx.session.add(
            DraftCommentRow(
                id=tx.new_id(), draft_id=row.id, answers=None, revision=row.revision, element="",
                element_name="", text="\n".join(notes), said_at=tx.now, said_by=tx.actor.user_id,
                resolved_at=None, resolved_by=None,
            )
        )  # fmt: skip
        tx.session.flush()


_Begun = tuple[Content, str, str | None, tuple[Problem, ...]]


def _from_starter(tx: Tx, source: FromStarter) -> _Begun:
    names = {language: text.strip() for language, text in source.names.items() if text.strip()}
    code = source.code or code_of(names.get("en") or next(iter(names.values()), ""))
    _check_code(code)
    made = starters.make(source.starter, code=code, names=names, version=FIRST_VERSION)
    forms = {ref: NamedFile(f"{ref}.md", data) for ref, data in made.forms.items()}
    return Content(made.bpmn, FIRST_VERSION, LANGUAGES, forms), source.starter, None, ()


def _from_version(tx: Tx, source: FromVersion) -> _Begun:
    row = catalogue.find_version(tx, source.service, source.version)
    package = catalogue.package(tx, row.id)
    same = not source.code or source.code == row.service_code
    version = next_version(tx, row.service_code) if same else FIRST_VERSION
    if same:
        bpmn = with_form_version(row.bpmn, version)
    else:
        _check_code(source.code)
        bpmn = with_identity(row.bpmn, code=source.code, names=source.names or {}, version=version)
    forms = {ref: NamedFile(_file_name(ref, data), data) for ref, data in package.form_sources.items()}
    decisions = {ref: NamedFile(f"{ref}.dmn", data) for ref, data in package.decision_sources.items()}
    held = Content(bpmn, version, LANGUAGES, forms, decisions)
    return held, f"{row.service_code} {row.version}", row.id, ()


def _from_draft(tx: Tx, source: FromDraft) -> _Begun:
    other = draft(tx, source.draft_id)
    return (
        content(tx, source.draft_id),
        other.names.get("en") or other.service_code,
        other.base_version_id,
        (),
    )


def _from_file(source: FromFile) -> _Begun:
    found: BpmnImport = import_bpmn(source.data, version=FIRST_VERSION)
    if found.bpmn is None:
        raise InvalidInput(blocking(found.problems) or found.problems)
    return Content(found.bpmn, FIRST_VERSION, LANGUAGES), plain_name(source.filename), None, found.problems


def plain_name(name: str) -> str:
    """A file's name as it can be stored and sent in a header: printable, without folders, at most 100 letters."""
    last = name.replace("\\", "/").rpartition("/")[2]
    return "".join(letter for letter in last if letter.isprintable())[-100:] or "file"


def _file_name(ref: str, data: bytes) -> str:
    """XLSX files begin as ZIP, older ones as OLE; Markdown and CSV are text."""
    if data.startswith(b"PK"):
        return f"{ref}.xlsx"
    if data.startswith(b"\xd0\xcf\x11\xe0"):
        return f"{ref}.xls"
    return f"{ref}.md" if data.lstrip().startswith(b"|") else f"{ref}.csv"


def _check_code(code: str) -> None:
    if not CODE.fullmatch(code):
        raise InvalidInput(
            [
                Problem(
                    "invalid-service-code",
                    "The code of the service, “%(code)s”, must begin with a small letter and have only small "
                    "letters, digits and _ (at most 64). Change it on the card of the process.",
                    place="code",
                    params={"code": code},
                )
            ]
        )


def next_version(tx: Tx, service_code: str) -> str:
    """The number after the highest published one, counting small changes; 1.0.0 for a new service."""
    known = [order(row.version) for row in catalogue.versions(tx, service_code)]
    if not known:
        return FIRST_VERSION
    major, minor, _ = max(known)
    return f"{major}.{minor + 1}.0"


def order(version: str) -> tuple[int, int, int]:
    """A version's three numbers, to be compared."""
    major, minor, patch = (int(part) for part in version.split("."))
    return major, minor, patch


# Saving -----------------------------------------------------------------------------------------------


def save_diagram(tx: Tx, draft_id: str, bpmn: bytes, *, expected: int, reason: str = "diagram") -> DraftRow:
    """Save the diagram. expected: the revision of the diagram that was changed.

    Raises InvalidInput with the places when it is no diagram; DraftChanged when somebody saved meanwhile;
    WrongState while it is reviewed, and when it is published.
    """
    row = _editable(tx, draft_id, Action.SERVICE_TRANSLATE if reason == "texts" else Action.SERVICE_DRAFT)
    reading = read(bpmn)
    if reading.definition is None:
        raise InvalidInput(blocking(reading.problems) or reading.problems)
    held = content(tx, draft_id)
    if row.diagram_revision != expected:
        if held.bpmn == reading.definition.xml:  # sent again because the answer was lost: RFC 9110, 13.1.1
            return row
        raise DraftChanged(
            by=_saver(tx, row), at=row.changed_at.strftime("%Y-%m-%d %H:%M UTC"), etag=etag(row)
        )
    return _save(tx, row, replace(held, bpmn=reading.definition.xml), reason, "")


def save_texts(
    tx: Tx, draft_id: str, *, bpmn: bytes, forms: Mapping[str, bytes], expected: int, detail: str = ""
) -> DraftRow:
    """Save translations: the diagram and forms as `service_library.texts.apply` wrote them, as one revision.

    expected: the revision they were written into. A form that was a workbook is Markdown now. Raises DraftChanged,
    WrongState.
    """
    row = _editable(tx, draft_id, Action.SERVICE_TRANSLATE)
    if row.revision != expected:
        raise DraftChanged(
            by=_saver(tx, row), at=row.changed_at.strftime("%Y-%m-%d %H:%M UTC"), etag=etag(row)
        )
    held = content(tx, draft_id)
    changed = {
        ref: file if file.content == forms[ref] else NamedFile(_file_name(ref, forms[ref]), forms[ref])
        for ref, file in held.forms.items()
    }
    diagram = read(bpmn).definition if bpmn != held.bpmn else None
    normal = diagram.xml if diagram is not None else held.bpmn
    return _save(tx, row, replace(held, bpmn=normal, forms=changed), "texts", detail)


def save_file(tx: Tx, draft_id: str, kind: Kind, ref: str, file: NamedFile) -> tuple[Problem, ...]:
    """Add or replace a form (XLSForm) or a decision model (DMN); returns the problems the draft then has with it.

    Raises InvalidInput for a name that cannot be one, and a file that is too large.
    """
    row = _editable(tx, draft_id)
    held = content(tx, draft_id)
    _check_file(held, kind, ref, file)
    held = held.with_file(kind, ref, NamedFile(plain_name(file.name), file.content))
    _save(tx, row, held, "form" if kind == "forms" else "decision", ref)
    return file_problems(held, ref)


def remove_file(tx: Tx, draft_id: str, kind: Kind, ref: str) -> None:
    """Leave a form or decision model out. Raises NotFound."""
    row = _editable(tx, draft_id)
    held = content(tx, draft_id)
    if ref not in getattr(held, kind):
        raise NotFound(what="form" if kind == "forms" else "decision model", key=ref)
    _save(tx, row, held.without_file(kind, ref), "form" if kind == "forms" else "decision", ref)


def file_problems(held: Content, ref: str) -> tuple[Problem, ...]:
    """The problems of a draft that are about one of its forms or decision models."""
    return problems_of_file(opened(held).assembly.problems, ref)


def problems_of_file(found: tuple[Problem, ...], ref: str) -> tuple[Problem, ...]:
    """Those of a draft's problems that are about one of its forms or decision models."""
    return tuple(
        p for p in found if p.place == ref or p.place.startswith(f"{ref}: ") or p.params.get("ref") == ref
    )


def set_publication(tx: Tx, draft_id: str, *, version: str, languages: list[str]) -> DraftRow:
    """Say as which version a draft is to be published, and in which languages its texts must be complete.

    Raises InvalidInput.
    """
    row = _editable(tx, draft_id)
    problems = []
    if not VERSION.fullmatch(version):
        problems.append(
            Problem(
                "invalid-version",
                "“%(version)s” is not a version. Write three numbers with dots, for example 1.0.0.",
                place="version",
                params={"version": version},
            )
        )
    if not languages or set(languages) - set(LANGUAGES):
        problems.append(
            Problem(
                "invalid-languages",
                "Choose at least one of these languages: %(languages)s.",
                place="languages",
                params={"languages": ", ".join(LANGUAGES)},
            )
        )
    if problems:
        raise InvalidInput(problems)
    held = content(tx, draft_id)
    chosen = tuple(language for language in LANGUAGES if language in languages)
    bpmn = with_form_version(held.bpmn, version) if version != held.version else held.bpmn
    return _save(tx, row, replace(held, bpmn=bpmn, version=version, languages=chosen), "version", version)


def restore(tx: Tx, draft_id: str, number: int) -> DraftRow:
    """Bring a revision back, as a new one; its version number and languages stay those of now. Raises NotFound."""
    row = _editable(tx, draft_id)
    now, then = content(tx, draft_id), content(tx, draft_id, number)
    bpmn = with_form_version(then.bpmn, now.version) if then.version != now.version else then.bpmn
    held = replace(then, bpmn=bpmn, version=now.version, languages=now.languages)
    return _save(tx, row, held, "restored", str(number))


def _editable(tx: Tx, draft_id: str, action: Action = Action.SERVICE_DRAFT) -> DraftRow:
    """The draft, locked, when its content may change. Raises NotFound, Forbidden, WrongState."""
    require(tx.actor, action)
    row = locked(tx, draft_id)
    if row.state not in EDITABLE:
        raise WrongState(what="draft", state=row.state)
    return row


def check_editable(tx: Tx, draft_id: str) -> None:
    """Raises WrongState while a draft's texts may not change, Forbidden for who may not translate."""
    _editable(tx, draft_id, Action.SERVICE_TRANSLATE)


def locked(tx: Tx, draft_id: str) -> DraftRow:
    """The draft, so that nobody else changes it before the end of the transaction. Raises NotFound."""
    row = tx.session.get(DraftRow, draft_id, with_for_update=True, populate_existing=True)
    if row is None:
        raise NotFound(what="draft", key=draft_id)
    return row


def _save(tx: Tx, row: DraftRow, held: Content, reason: str, detail: str) -> DraftRow:
    """Keep a revision, unless nothing changed; voids an approval."""
    if contents.content_digest(held) == row.content_sha256:
        return row
    before = tx.session.get(DraftRevisionRow, (row.id, row.revision))
    assert before is not None, "the newest revision is never thinned out"
    if row.state == "approved":
        _void(tx, row)
    row.state = "draft"
    diagram_changed = contents.sha256(held.bpmn) != before.bpmn_sha256
    if diagram_changed:
        row.service_code, row.names = _identity(held.bpmn)
    _number(row, held, diagram_changed=diagram_changed)
    row.version, row.languages = held.version, list(held.languages)
    row.changed_at, row.changed_by = tx.now, tx.actor.user_id
    tx.session.flush()
    _keep(tx, row, held, reason, detail)
    contents.thin(tx, row.id, row.revision)
    return row


def _number(row: DraftRow, held: Content, *, diagram_changed: bool) -> None:
    row.revision += 1
    row.content_sha256 = contents.content_digest(held)
    if diagram_changed:
        row.diagram_revision = row.revision


def _keep(tx: Tx, row: DraftRow, held: Content, reason: str, detail: str) -> None:
    files = contents.store(tx, held)
    tx.session.add(
        DraftRevisionRow(
            draft_id=row.id, number=row.revision, diagram_revision=row.diagram_revision,
            bpmn_sha256=contents.sha256(held.bpmn), files=files, version=held.version,
            languages=list(held.languages), content_sha256=row.content_sha256, reason=reason,
            detail=detail[:200], saved_at=tx.now, saved_by=tx.actor.user_id,
        )
    )  # fmt: skip
    tx.session.flush()


def next_step(tx: Tx, draft_id: str) -> int:
    """The number of a draft's next step, while the draft is locked."""
    last = tx.session.scalar(
        select(func.max(DraftReviewRow.number)).where(DraftReviewRow.draft_id == draft_id)
    )
    return (last or 0) + 1


def _void(tx: Tx, row: DraftRow) -> None:
    """Write down that an approval no longer holds, since the content changes."""
    tx.session.add(
        DraftReviewRow(
            id=tx.new_id(), draft_id=row.id, number=next_step(tx, row.id), step="voided", revision=row.revision,
            content_sha256=row.content_sha256, digest="", note="", done_at=tx.now, done_by=tx.actor.user_id,
        )
    )  # fmt: skip


def _identity(bpmn: bytes) -> tuple[str, dict[str, str]]:
    """Code and names of the service a diagram describes; its process's name when the card has none."""
    definition = read(bpmn).definition
    if definition is None:
        return "", {}
    names = dict(definition.service.name) or ({"en": definition.name} if definition.name else {})
    return definition.service.code[:_LONGEST_NAME], {
        language: text[:_LONGEST_NAME] for language, text in names.items()
    }


def _saver(tx: Tx, row: DraftRow) -> str:
    return accounts.names(tx, [row.changed_by]).get(row.changed_by, "?")


def _check_file(held: Content, kind: Kind, ref: str, file: NamedFile) -> None:
    problems = []
    if not CODE.fullmatch(ref):
        problems.append(
            Problem(
                "invalid-form-reference",
                "The name of the form, “%(ref)s”, must begin with a small letter and have only small "
                "letters, digits and _ (at most 64).",
                place="ref",
                params={"ref": ref},
            )
        )
    if len(file.content) > MAX_FILE:
        problems.append(
            Problem(
                "file-too-large",
                "The file has %(size)s bytes; at most %(limit)s are taken. Make it smaller.",
                place=file.name,
                params={"size": len(file.content), "limit": MAX_FILE},
            )
        )
    if kind == "forms" and ref not in held.forms and len(held.forms) >= MAX_FORMS:
        problems.append(
            Problem(
                "too-many-forms",
                "The service uses %(count)s forms; at most %(limit)s are possible. Divide it into several.",
                params={"count": len(held.forms) + 1, "limit": MAX_FORMS},
            )
        )
    if problems:
        raise InvalidInput(problems)
