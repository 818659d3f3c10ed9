"""What a draft holds at a revision, and how revisions are kept.

A revision names its files by their SHA-256, so a hundred autosaves of one diagram share its forms. Every save is
kept for a while: all of the last hour, then one in ten minutes for a day, then one a day; what somebody decided
about, the first and the newest are kept for good.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy import ColumnElement, delete, select

from server.drafts.models import DraftFileRow, DraftReviewRow, DraftRevisionRow
from server.runtime import Tx

Kind = Literal["forms", "decisions"]
_ALL_OF = timedelta(hours=1)
_STEPS = ((timedelta(days=1), timedelta(minutes=10)), (timedelta(days=36_500), timedelta(days=1)))
"""(up to that age, one revision in that span)"""


@dataclass(frozen=True, slots=True)
class NamedFile:
    """A form or decision model. name: of the file as it was sent."""

    name: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Content:
    """Everything of a draft that is published with it. languages: those its texts must be complete in."""

    bpmn: bytes
    version: str
    languages: tuple[str, ...]
    forms: Mapping[str, NamedFile] = field(default_factory=dict)
    decisions: Mapping[str, NamedFile] = field(default_factory=dict)

    @property
    def form_sources(self) -> dict[str, bytes]:
        return {ref: file.content for ref, file in self.forms.items()}

    @property
    def decision_sources(self) -> dict[str, bytes]:
        return {ref: file.content for ref, file in self.decisions.items()}

    def with_file(self, kind: Kind, ref: str, file: NamedFile) -> Content:
        """The content with that form or decision model, added or replaced."""
        if kind == "forms":
            return replace(self, forms={**self.forms, ref: file})
        return replace(self, decisions={**self.decisions, ref: file})

    def without_file(self, kind: Kind, ref: str) -> Content:
        """The content without that form or decision model."""
        kept = {key: file for key, file in getattr(self, kind).items() if key != ref}
        return replace(self, forms=kept) if kind == "forms" else replace(self, decisions=kept)


def sha256(content: bytes) -> str:
    """In hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def content_digest(content: Content) -> str:
    """The SHA-256 of lines that name each part, as `service_library.package.manifest` does for a package."""
    lines = [
        "run-service-draft 1",
        f"version {content.version}",
        f"languages {' '.join(content.languages)}",
        f"diagram {sha256(content.bpmn)}",
        *(f"form {ref} {sha256(file.content)}" for ref, file in sorted(content.forms.items())),
        *(f"decisions {ref} {sha256(file.content)}" for ref, file in sorted(content.decisions.items())),
    ]
    return sha256("".join(f"{line}\n" for line in lines).encode())


def store(tx: Tx, content: Content) -> dict[str, dict[str, dict[str, str]]]:
    """Keep the bytes of all files; returns what a revision says of its forms and decision models."""
    kept = {sha256(each): each for each in _all_bytes(content)}
    known = set(tx.session.scalars(select(DraftFileRow.sha256).where(DraftFileRow.sha256.in_(kept))))
    tx.session.add_all(
        DraftFileRow(sha256=key, content=each) for key, each in kept.items() if key not in known
    )
    tx.session.flush()
    return {"forms": _named(content.forms), "decisions": _named(content.decisions)}


def load(tx: Tx, row: DraftRevisionRow) -> Content:
    """The content of a revision."""
    named = {kind: row.files.get(kind, {}) for kind in ("forms", "decisions")}
    wanted = {row.bpmn_sha256, *(f["sha256"] for files in named.values() for f in files.values())}
    found = {
        each.sha256: each.content
        for each in tx.session.scalars(select(DraftFileRow).where(DraftFileRow.sha256.in_(wanted)))
    }
    forms, decisions = (
        {ref: NamedFile(f["name"], found[f["sha256"]]) for ref, f in sorted(named[kind].items())}
        for kind in ("forms", "decisions")
    )
    return Content(found[row.bpmn_sha256], row.version, tuple(row.languages), forms, decisions)


def thin(tx: Tx, draft_id: str, newest: int) -> int:
    """Leave out old revisions nobody decided about; returns how many."""
    rows = tx.session.execute(
        select(DraftRevisionRow.number, DraftRevisionRow.saved_at)
        .where(DraftRevisionRow.draft_id == draft_id)
        .order_by(DraftRevisionRow.number)
    ).all()
    decided = set(
        tx.session.scalars(select(DraftReviewRow.revision).where(DraftReviewRow.draft_id == draft_id))
    )
    gone = surplus([(row.number, row.saved_at) for row in rows], {*decided, newest, rows[0].number}, tx.now)
    if gone:
        theirs = (DraftRevisionRow.draft_id == draft_id, DraftRevisionRow.number.in_(gone))
        unused = _files_of(tx, *theirs)
        tx.session.execute(delete(DraftRevisionRow).where(*theirs))
        unused -= _files_of(tx, DraftRevisionRow.draft_id == draft_id)
        if unused:
            unused -= _files_of(tx, DraftRevisionRow.draft_id != draft_id)
            tx.session.execute(delete(DraftFileRow).where(DraftFileRow.sha256.in_(unused)))
    return len(gone)


def surplus(revisions: Sequence[tuple[int, datetime]], kept: Iterable[int], now: datetime) -> list[int]:
    """The numbers of the revisions to leave out: of each span the newest stays, and those in `kept`.

    revisions: (number, when it was saved), oldest first.
    """
    always = set(kept)
    spans: set[tuple[timedelta, int]] = set()
    gone = []
    for number, saved_at in reversed(revisions):
        age = now - saved_at
        if age <= _ALL_OF or number in always:
            continue
        span = next(span for limit, span in _STEPS if age <= limit)
        place = (span, int(saved_at.timestamp() // span.total_seconds()))
        if place in spans:
            gone.append(number)
        spans.add(place)
    return sorted(gone)


def _files_of(tx: Tx, *which: ColumnElement[bool]) -> set[str]:
    """The files that those revisions are made of."""
    used: set[str] = set()
    query = select(DraftRevisionRow.bpmn_sha256, DraftRevisionRow.files).where(*which)
    for bpmn, files in tx.session.execute(query):
        used.add(bpmn)
        used.update(f["sha256"] for kind in files.values() for f in kind.values())
    return used


def _all_bytes(content: Content) -> Iterator[bytes]:
    yield content.bpmn
    for file in (*content.forms.values(), *content.decisions.values()):
        yield file.content


def _named(files: Mapping[str, NamedFile]) -> dict[str, dict[str, str]]:
    return {ref: {"sha256": sha256(f.content), "name": f.name} for ref, f in sorted(files.items())}
