"""A draft on its way to publication: comments, review by somebody else, approval of exactly this content.

draft -> in review -> approved -> published; withdrawn or sent back it is a draft again, and so is an approved one
whose content changes. Who ever changed a draft does not decide about it: here, and in the database. An approval
names the SHA-256 of the package; what is published is that package and no other. Each step has the id of its
command: repeated, it changes nothing.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

from sqlalchemy import and_, func, select

from server.actor import Action, require
from server.catalogue import completeness
from server.catalogue import service as catalogue
from server.catalogue.service import ServiceVersionRow
from server.drafts import service as drafts
from server.drafts.contents import Content
from server.drafts.models import DraftAuthorRow
from server.drafts.models import (
    DraftCommentRow as DraftCommentRow,
)
from server.drafts.models import (
    DraftReviewRow as DraftReviewRow,
)
from server.drafts.service import CommandTaken, DraftRow
from server.errors import NotFound, SamePerson, WrongState
from server.journal import service as journal
from server.journal.service import Event
from server.runtime import Tx
from server.texts.background import background
from service_library import texts
from service_library.compare import PackageComparison, compare
from service_library.numbering import KindOfChange, kind_of_change, next_number
from service_library.package import ServicePackage, digest
from workflows.definitions.lint import lint
from workflows.errors import InvalidInput
from workflows.problems import Problem, blocking

MAX_TEXT: Final = 4000
_MOST_STALE: Final = 3
"""Lagging texts of a language that are told one by one."""
_UNSTORABLE: Final = re.compile("[\x00\ud800-\udfff]")
Step = Literal["asked", "withdrawn", "sent_back", "approved", "voided", "published", "abandoned", "reopened"]
_FROM: Final[dict[Step, tuple[str, ...]]] = {
    "asked": ("draft",), "withdrawn": ("in_review",), "sent_back": ("in_review",), "approved": ("in_review",),
    "published": ("approved",), "abandoned": ("draft",), "reopened": ("abandoned",),
}  # fmt: skip
_TO: Final[dict[Step, str]] = {
    "asked": "in_review", "withdrawn": "draft", "sent_back": "draft", "approved": "approved",
    "published": "published", "abandoned": "abandoned", "reopened": "draft",
}  # fmt: skip


class ContentChanged(drafts.DraftChanged):
    """The decision is about other content than the draft has now."""

    code = "content-changed"
    message = "The draft is not what you looked at any more. Look at it again before you decide."


# What stands between a draft and publication ----------------------------------------------------------


@dataclass(frozen=True, slots=True)
class MissingTexts:
    """How many texts of a part a language lacks."""

    step: completeness.Step
    language: str
    count: int


@dataclass(frozen=True, slots=True)
class Readiness:
    """What must still be done. package: None while it has mistakes. problems: of files and lint, warnings too.

    published: all versions of the service, newest first. found: what changed against the newest.
    suggested: the number that fits the kind of change.
    """

    held: Content
    package: ServicePackage | None
    digest: str
    problems: tuple[Problem, ...]
    missing: tuple[MissingTexts, ...]
    published: tuple[ServiceVersionRow, ...]
    found: PackageComparison | None
    kind: KindOfChange | None
    suggested: str
    version_problem: Problem | None

    @property
    def mistakes(self) -> tuple[Problem, ...]:
        return blocking(self.problems)

    @property
    def hindrances(self) -> tuple[Problem, ...]:
        """Everything that forbids approval and publication, as problems."""
        version = (self.version_problem,) if self.version_problem else ()
        return (*self.mistakes, *version, *(_missing_problem(each) for each in self.missing))


def readiness(tx: Tx, draft_id: str) -> Readiness:
    """What a draft still needs before it can be published."""
    row = drafts.draft(tx, draft_id)
    held = drafts.content(tx, draft_id)
    found = drafts.opened(held)
    package, problems = found.assembly.package, found.assembly.problems
    if found.definition is not None:
        problems = (*problems, *lint(found.definition, level="executable", languages=held.languages))
    code = package.code if package else row.service_code
    published = tuple(catalogue.versions(tx, code)) if code else ()
    newest = catalogue.package(tx, published[0].id) if published else None
    change = compare(newest, package) if newest and package else None
    if package is not None:
        known = background(tx, draft_id, newest)
        problems = (*problems, *_lagging(texts.gate(package, known, languages=held.languages)))
    kind = kind_of_change(change) if change else None
    return Readiness(
        held=held, package=package, digest=digest(package) if package else "",
        problems=problems,
        missing=tuple(_missing(package, held.languages)) if package else (), published=published, found=change,
        kind=kind, suggested=_suggested(published, kind), version_problem=_version_problem(held.version, published),
    )  # fmt: skip


def _lagging(found: tuple[Problem, ...]) -> tuple[Problem, ...]:
    """Translations that lag or are broken; those that are missing are counted by `_missing`.

    Where many texts of a language lag, they are one problem: nobody reads a hundred lines that say the same.
    """
    stale = Counter(str(problem.params["language"]) for problem in found if problem.code == "text-stale")
    many = {language: count for language, count in stale.items() if count > _MOST_STALE}
    each = (
        problem
        for problem in found
        if problem.code != "text-untranslated"
        and not (problem.code == "text-stale" and problem.params["language"] in many)
    )
    return (*each, *(_stale_problem(language, count) for language, count in many.items()))


def _stale_problem(language: str, count: int) -> Problem:
    return Problem(
        "text-stale",
        "%(count)s texts have changed since they were translated into %(language)s. Adapt the translations, or "
        "confirm that they still say the same.",
        place=language,
        params={"count": count, "language": language},
    )


def _missing(package: ServicePackage, languages: tuple[str, ...]) -> Iterator[MissingTexts]:
    for state in completeness.steps(package):
        for language in languages:
            if state.missing.get(language):
                yield MissingTexts(state.step, language, state.missing[language])


def _missing_problem(each: MissingTexts) -> Problem:
    return Problem(
        "texts-missing",
        "%(count)s texts are missing in the language %(language)s (%(part)s). Translate them, or publish the "
        "service without that language.",
        place=each.language,
        params={"count": each.count, "language": each.language, "part": each.step},
    )


def _suggested(published: tuple[ServiceVersionRow, ...], kind: KindOfChange | None) -> str:
    if not published:
        return drafts.FIRST_VERSION
    highest = max((row.version for row in published), key=drafts.order)
    return next_number(highest, kind or "means")


def _version_problem(version: str, published: tuple[ServiceVersionRow, ...]) -> Problem | None:
    highest = max((row.version for row in published), key=drafts.order, default=None)
    if highest is None or drafts.order(version) > drafts.order(highest):
        return None
    return Problem(
        "version-not-higher",
        "Version %(version)s is not higher than %(highest)s, which is published. Choose a higher number.",
        place="version",
        params={"version": version, "highest": highest},
    )


# Steps ------------------------------------------------------------------------------------------------


def ask(tx: Tx, draft_id: str, *, note: str = "", command_id: str | None = None) -> DraftRow:
    """Hand a draft over for review; its content is closed until it comes back."""
    require(tx.actor, Action.SERVICE_DRAFT)
    return _step(tx, draft_id, "asked", note=note, command_id=command_id)


def withdraw(tx: Tx, draft_id: str, *, command_id: str | None = None) -> DraftRow:
    """Take a draft back from review, to change it."""
    require(tx.actor, Action.SERVICE_DRAFT)
    return _step(tx, draft_id, "withdrawn", command_id=command_id)


def send_back(
    tx: Tx, draft_id: str, *, note: str, content_sha256: str = "", command_id: str | None = None
) -> DraftRow:
    """Give a draft back to its authors with what has to change. Raises SamePerson for an author."""
    require(tx.actor, Action.SERVICE_REVIEW)
    _check_text(note, "note")
    return _step(tx, draft_id, "sent_back", note=note, looked_at=content_sha256, command_id=command_id)


def approve(
    tx: Tx, draft_id: str, *, content_sha256: str, note: str = "", command_id: str | None = None
) -> DraftRow:
    """Approve exactly the content with this SHA-256; a later change makes it void.

    Raises SamePerson for an author, ContentChanged for other content, InvalidInput with what hinders publication.
    """
    require(tx.actor, Action.SERVICE_REVIEW)
    return _step(tx, draft_id, "approved", note=note, looked_at=content_sha256, command_id=command_id)


def abandon(tx: Tx, draft_id: str, *, command_id: str | None = None) -> DraftRow:
    """Put a draft away; it is kept and can be taken up again."""
    require(tx.actor, Action.SERVICE_DRAFT)
    return _step(tx, draft_id, "abandoned", command_id=command_id)


def reopen(tx: Tx, draft_id: str, *, command_id: str | None = None) -> DraftRow:
    """Take up a draft again that was put away."""
    require(tx.actor, Action.SERVICE_DRAFT)
    return _step(tx, draft_id, "reopened", command_id=command_id)


def publish(tx: Tx, draft_id: str, *, command_id: str | None = None) -> ServiceVersionRow:
    """Publish an approved draft as the version it is to be: from now on it never changes.

    Raises WrongState unless it is approved, InvalidInput with what hinders it.
    """
    require(tx.actor, Action.SERVICE_PUBLISH)
    row = _step(tx, draft_id, "published", command_id=command_id)
    assert row.published_version_id is not None
    return catalogue.version(tx, row.published_version_id)


def steps(tx: Tx, draft_id: str) -> list[DraftReviewRow]:
    """The steps a draft took, oldest first."""
    drafts.draft(tx, draft_id)
    query = select(DraftReviewRow).where(DraftReviewRow.draft_id == draft_id)
    return list(tx.session.scalars(query.order_by(DraftReviewRow.number)))


def written_by(tx: Tx, user_id: str) -> set[str]:
    """The ids of the drafts that an account ever changed."""
    return set(tx.session.scalars(select(DraftAuthorRow.draft_id).where(DraftAuthorRow.user_id == user_id)))


def last_steps(tx: Tx) -> dict[str, str]:
    """The last step of every draft that took one, by the draft's id; one query."""
    newest = select(DraftReviewRow.draft_id, func.max(DraftReviewRow.number).label("number")).group_by(
        DraftReviewRow.draft_id
    )
    found = newest.subquery()
    query = select(DraftReviewRow.draft_id, DraftReviewRow.step).join(
        found, and_(found.c.draft_id == DraftReviewRow.draft_id, found.c.number == DraftReviewRow.number)
    )
    return {row.draft_id: row.step for row in tx.session.execute(query)}


def _step(
    tx: Tx, draft_id: str, step: Step, *, note: str = "", looked_at: str = "", command_id: str | None
) -> DraftRow:
    """Take a step: check it, write it down, and let the draft's state follow."""
    row = drafts.locked(tx, draft_id)
    if command_id is not None and _is_repeated(tx, row, step, command_id):
        return row
    if row.state not in _FROM[step]:
        raise WrongState(what="draft", state=row.state)
    if step in ("approved", "sent_back"):
        _check_reviewer(tx, row)
        if looked_at != row.content_sha256 and (looked_at or step == "approved"):
            raise ContentChanged(by="", at="", etag=drafts.etag(row))
    package_digest = _checked_digest(tx, row) if step in ("approved", "published") else ""
    if note.strip():
        _check_text(note, "note")
    tx.session.add(
        DraftReviewRow(
            id=command_id or tx.new_id(), draft_id=row.id, number=drafts.next_step(tx, row.id), step=step,
            revision=row.revision,
            content_sha256=row.content_sha256, digest=package_digest, note=note.strip(), done_at=tx.now,
            done_by=tx.actor.user_id,
        )
    )  # fmt: skip
    tx.session.flush()
    if step == "published":
        row.published_version_id = _published(tx, row, package_digest).id
    row.state = _TO[step]
    tx.session.flush()
    if step == "approved":
        journal.record(
            tx, Event.DRAFT_APPROVED, row.id,
            public={"service": row.service_code, "version": row.version, "digest": package_digest},
        )  # fmt: skip
    return row


def _is_repeated(tx: Tx, row: DraftRow, step: Step, command_id: str) -> bool:
    """Whether this command was carried out before. Raises CommandTaken when its id was another's."""
    known = tx.session.get(DraftReviewRow, command_id)
    if known is None:
        return False
    if (known.draft_id, known.step, known.done_by) != (row.id, step, tx.actor.user_id):
        raise CommandTaken
    return True


def _check_reviewer(tx: Tx, row: DraftRow) -> None:
    if tx.actor.user_id in drafts.authors(tx, row.id):
        raise SamePerson(first="writing a draft", second="deciding about it")


def _checked_digest(tx: Tx, row: DraftRow) -> str:
    """The digest of the draft's package. Raises InvalidInput with everything that hinders publication."""
    ready = readiness(tx, row.id)
    if ready.hindrances:
        raise InvalidInput(ready.hindrances)
    return ready.digest


def _published(tx: Tx, row: DraftRow, package_digest: str) -> ServiceVersionRow:
    held = drafts.content(tx, row.id)
    approved = tx.session.scalar(
        select(DraftReviewRow.digest)
        .where(DraftReviewRow.draft_id == row.id, DraftReviewRow.step == "approved")
        .order_by(DraftReviewRow.number.desc())
        .limit(1)
    )
    if approved != package_digest:
        raise ContentChanged(by="", at="", etag=drafts.etag(row))
    version = catalogue.publish(
        tx,
        held.bpmn,
        held.form_sources,
        version=held.version,
        decision_sources=held.decision_sources,
        languages=held.languages,
    )
    assert version.digest == package_digest, "the approved package is the published one"
    return version


# Comments ---------------------------------------------------------------------------------------------


def comments(tx: Tx, draft_id: str) -> list[DraftCommentRow]:
    """What was said about a draft, oldest first."""
    drafts.draft(tx, draft_id)
    query = select(DraftCommentRow).where(DraftCommentRow.draft_id == draft_id)
    return list(tx.session.scalars(query.order_by(DraftCommentRow.said_at, DraftCommentRow.id)))


def open_threads(tx: Tx) -> dict[str, int]:
    """How many comments of each draft are not resolved, answers not counted; those with none are left out."""
    query = (
        select(DraftCommentRow.draft_id, func.count().label("open"))
        .where(DraftCommentRow.answers.is_(None), DraftCommentRow.resolved_at.is_(None))
        .group_by(DraftCommentRow.draft_id)
    )
    return {row.draft_id: row.open for row in tx.session.execute(query)}


def comment(
    tx: Tx, draft_id: str, text: str, *, element: str = "", answers: str | None = None,
    comment_id: str | None = None,
) -> DraftCommentRow:  # fmt: skip
    """Say something about a draft, about an element of its diagram, or in answer to a comment.

    comment_id: the client's; the same id again says nothing new. Raises InvalidInput, NotFound, WrongState once it
    is published.
    """
    require(tx.actor, Action.SERVICE_TRANSLATE)
    row = drafts.locked(tx, draft_id)
    if comment_id is not None:
        known = tx.session.get(DraftCommentRow, comment_id)
        if known is not None:
            if (known.draft_id, known.said_by) != (row.id, tx.actor.user_id):
                raise CommandTaken
            return known
    if row.state == "published":
        raise WrongState(what="draft", state=row.state)
    _check_text(text, "text")
    if answers is not None:
        first = _comment(tx, draft_id, answers)
        element, answers = first.element, first.answers or first.id
    made = DraftCommentRow(
        id=comment_id or tx.new_id(), draft_id=row.id, answers=answers, revision=row.revision,
        element=element[:200], element_name=_element_name(tx, draft_id, element), text=text.strip(),
        said_at=tx.now, said_by=tx.actor.user_id, resolved_at=None, resolved_by=None,
    )  # fmt: skip
    tx.session.add(made)
    tx.session.flush()
    return made


def resolve(tx: Tx, draft_id: str, comment_id: str) -> DraftCommentRow:
    """Say that what a comment asks for is done; once more changes nothing. Raises NotFound."""
    require(tx.actor, Action.SERVICE_DRAFT)
    drafts.locked(tx, draft_id)
    found = _comment(tx, draft_id, comment_id)
    if found.resolved_at is None:
        found.resolved_at, found.resolved_by = tx.now, tx.actor.user_id
        tx.session.flush()
    return found


def _comment(tx: Tx, draft_id: str, comment_id: str) -> DraftCommentRow:
    found = tx.session.get(DraftCommentRow, comment_id)
    if found is None or found.draft_id != draft_id:
        raise NotFound(what="comment", key=comment_id)
    return found


def _element_name(tx: Tx, draft_id: str, element: str) -> str:
    """What the element is called now, so that the comment is understood when it is gone. Raises NotFound."""
    if not element:
        return ""
    definition = drafts.opened(drafts.content(tx, draft_id)).definition
    if definition is None or element == definition.process_id:
        return ""
    node, flow = definition.every_node().get(element), definition.flows.get(element)
    if node is None and flow is None and element not in definition.lanes:
        raise NotFound(what="element", key=element)
    named = node or flow
    return (named.name if named else definition.lanes[element])[:200]


def _check_text(text: str, place: str) -> None:
    if not text.strip() or len(text) > MAX_TEXT or _UNSTORABLE.search(text):
        raise InvalidInput(
            [
                Problem(
                    "invalid-text-length",
                    "Write something, at most %(limit)s letters.",
                    place=place,
                    params={"limit": MAX_TEXT},
                )
            ]
        )
