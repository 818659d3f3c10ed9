"""Receiving what phones send, and checking it against its form.

A submission is kept the moment it arrives, in a transaction of its own: nothing that follows can lose it.
Phones send twice, late, in pieces and out of order; the client's instanceID makes that harmless.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from typing import Any, Literal

import puremagic
from sqlalchemy import select

from forms import envelope, xform
from forms.check import check
from forms.xlsform import FormVersion
from server.actor import Action, can, require
from server.catalogue import service as catalogue
from server.errors import Conflict, NotFound, WrongState
from server.instances import service as instances
from server.journal import service as journal
from server.journal.service import Event
from server.quotes import service as quotes
from server.runtime import Tx
from server.submissions import answers
from server.submissions.models import (
    SubmissionFileRow as SubmissionFileRow,
)
from server.submissions.models import (
    SubmissionRow as SubmissionRow,
)
from workflows.problems import Problem, blocking

Outcome = Literal["received", "replayed", "files_added"]
MAX_FILES = 200
FORGOTTEN_AFTER = timedelta(minutes=1)


class SubmissionDiffers(Conflict):
    code = "submission-differs"
    message = (
        "A submission with this id was received before, with other content. Send the correction as a new one."
    )


class WrongForm(Conflict):
    code = "wrong-form"
    message = "This task is not reported with the form %(form)s. Open the task again and use its form."


class UnknownForm(NotFound):
    code = "unknown-form"
    message = "The form %(what)s %(key)s is not known here. Get the forms again."


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a sending did. refused_files: names that were received before, with other content."""

    submission_id: str
    outcome: Outcome
    refused_files: tuple[str, ...] = ()


def receive(tx: Tx, *, task_id: str, xml: bytes, files: Mapping[str, bytes]) -> Receipt:
    """Keep a submission for a task, with the files that came with it; a repetition changes nothing.

    The same id with the same XML adds the files that were missing; of a file that differs the first is kept.
    Raises SubmissionDiffers, WrongForm, UnknownForm, WrongState (the task is cancelled), XmlRefused,
    NotASubmission.
    """
    task = instances.task_row(tx, task_id)
    head = envelope.read(xml)
    digest = hashlib.sha256(xml).hexdigest()
    known = tx.session.get(SubmissionRow, head.instance_id, with_for_update=True)
    # late pictures of what was begun belong to who began it, whoever has the task now
    if known is None or tx.actor.person_id is None or known.submitted_by != tx.actor.person_id:
        require(tx.actor, Action.TASK_SUBMIT, instances.task_object(tx, task))
    if known is not None:
        return _repeat(tx, known, task_id, digest, files)
    if task.state == "cancelled":
        raise WrongState(what="task", state=task.state)
    _check_form_of_task(tx, task.instance_id, task.node_id, head)
    tx.files.put(xml)
    row = SubmissionRow(
        id=head.instance_id, task_id=task_id, form_id=head.form_id, form_version=head.version,
        xml_sha256=digest, problems=[], answers={}, deprecates_id=head.deprecated_id,
        submitted_by=tx.actor.person_id or tx.actor.user_id, received_at=tx.now,
    )  # fmt: skip
    tx.session.add(row)
    tx.session.flush()
    _keep_files(tx, row.id, files)
    journal.record(
        tx, Event.SUBMISSION_RECEIVED, row.id,
        public={"task": task_id, "form": head.form_id, "version": head.version, "sha256": digest},
    )  # fmt: skip
    return Receipt(row.id, "received")


def _repeat(tx: Tx, known: SubmissionRow, task_id: str, digest: str, files: Mapping[str, bytes]) -> Receipt:
    if known.task_id != task_id or known.xml_sha256 != digest:
        raise SubmissionDiffers
    known.times_received += 1
    added, refused = _keep_files(tx, known.id, files)
    return Receipt(known.id, "files_added" if added else "replayed", refused)


def _check_form_of_task(tx: Tx, instance_id: str, node_id: str, head: envelope.Envelope) -> None:
    form = catalogue.form(tx, head.form_id, head.version)
    if form is None:
        raise UnknownForm(what=head.form_id, key=head.version)
    row = instances.instance(tx, instance_id)
    package = catalogue.package(tx, row.service_version_id)
    card = package.definition.node(node_id).task
    refs = {f.ref for f in card.forms if f.role == "response"} if card else set()
    if head.form_id not in {package.forms[ref].form_id for ref in refs if ref in package.forms}:
        raise WrongForm(form=head.form_id)


def _keep_files(tx: Tx, submission_id: str, files: Mapping[str, bytes]) -> tuple[int, tuple[str, ...]]:
    """Keep the files not yet known; returns how many, and the names known with other content.

    One that differs does not keep the others out: what a phone sent over a bad network is not thrown away.
    """
    have = {
        f.name: f.sha256
        for f in tx.session.scalars(
            select(SubmissionFileRow).where(SubmissionFileRow.submission_id == submission_id)
        )
    }
    added, refused = 0, []
    for name, content in files.items():
        if name in have:
            if have[name] != hashlib.sha256(content).hexdigest():
                refused.append(name)
            continue
        tx.session.add(
            SubmissionFileRow(
                submission_id=submission_id, name=name, sha256=tx.files.put(content), mime=_mime(content),
                size=len(content), received_at=tx.now,
            )
        )  # fmt: skip
        added += 1
    tx.session.flush()
    return added, tuple(refused)


def file_differs(name: str) -> Problem:
    """What is said of a file that was received before, with other content."""
    return Problem(
        "file-differs", "The file %(name)s was received before, with other content. The first one was kept.",
        name, "warning", {"name": name},
    )  # fmt: skip


def kept_problem(found: Problem) -> dict[str, Any]:
    """A problem as it is kept: with the msgid beside the text, so that every reader has it in their language."""
    return {**found.as_json(), "template": found.message}


def _mime(content: bytes) -> str:
    """What the bytes are; phones send photos without a type, and a name proves nothing."""
    try:
        found = puremagic.from_string(content[:4096], mime=True)
    except (puremagic.PureError, ValueError):
        return "application/octet-stream"
    return str(found) or "application/octet-stream"


@lru_cache(maxsize=128)
def _form(md5: str, xform_bytes: bytes) -> xform.Form:
    return xform.read(xform_bytes)


def read_form(form: FormVersion) -> xform.Form:
    """A built form as its checker and its readers need it; kept in memory."""
    return _form(form.md5, form.xform)


def form_of(tx: Tx, row: SubmissionRow) -> xform.Form:
    """The form a submission was made with, in its own version. Raises UnknownForm."""
    found = catalogue.form(tx, row.form_id, row.form_version)
    if found is None:
        raise UnknownForm(what=row.form_id, key=row.form_version)
    return _form(found.md5, found.xform)


def order_values(tx: Tx, task_id: str, form: xform.Form) -> dict[str, str]:
    """What the order fills in before the facilitator does: read-only questions named like a parameter.

    An order for 30 households makes the question `households` of its forms say 30, not the form's own 20.
    """
    task = instances.task_row(tx, task_id)
    parameters = quotes.parameters(tx, instances.instance(tx, task.instance_id).quote_id)
    values = {}
    for question in form.questions.values():
        bind = form.binds.get(question.path)
        if question.name in parameters and bind is not None and bind.readonly and not question.repeat:
            values[question.key] = f"{parameters[question.name]:f}"
    return values


def check_submission(tx: Tx, submission_id: str, *, accepted: bool = False) -> SubmissionRow:
    """Check a received submission and mark it: incomplete, faulty with its problems, or complete.

    A complete one replaces what it corrects; one that was corrected before it arrived is superseded at once,
    as is all that comes after the work was accepted. Checking a complete one again changes nothing.
    """
    row = tx.session.get(SubmissionRow, submission_id, with_for_update=True)
    if row is None:
        raise NotFound(what="submission", key=submission_id)
    if row.status in ("complete", "superseded"):
        return row
    names = [f.name for f in files_of(tx, submission_id)]
    form = form_of(tx, row)
    ordered = order_values(tx, row.task_id, form)
    found = check(form, tx.files.get(row.xml_sha256), names, now=row.received_at, defaults=ordered)
    mistakes = blocking(p for p in found.problems if p.code != "attachment-missing")
    row.problems = [kept_problem(p) for p in found.problems]
    row.answers = _json_values(found.values)
    if accepted:
        row.status = "superseded"
        row.problems = [kept_problem(_too_late())]
    elif mistakes:
        row.status = "faulty"
        journal.record(
            tx, Event.SUBMISSION_FAULTY, row.id, public={"problems": sorted({p.code for p in mistakes})}
        )
    elif found.missing_attachments:
        row.status = "incomplete"
    elif _was_corrected(tx, row):
        row.status = "superseded"  # the correction overtook it on the way
    else:
        row.status = "complete"
        _supersede(tx, row)
    tx.session.flush()
    return row


def _too_late() -> Problem:
    return Problem(
        "already-accepted",
        "This task was accepted before this arrived. It is kept, but changes nothing. If something in it matters, "
        "tell your coordinator.",
        severity="warning",
    )


def _was_corrected(tx: Tx, row: SubmissionRow) -> bool:
    """Whether a complete submission for the task says that it corrects this one."""
    later = select(SubmissionRow.id).where(
        SubmissionRow.task_id == row.task_id, SubmissionRow.deprecates_id == row.id,
        SubmissionRow.status.in_(("complete", "superseded")),
    )  # fmt: skip
    return tx.session.scalar(later.limit(1)) is not None


def unchecked(tx: Tx) -> list[str]:
    """Ids of submissions that were received and then forgotten, because the machine stopped in between.

    Checking one leaves answers or problems behind; only those a minute old count, the others are at work.
    """
    rows = tx.session.scalars(
        select(SubmissionRow)
        .where(SubmissionRow.status == "incomplete", SubmissionRow.received_at < tx.now - FORGOTTEN_AFTER)
        .order_by(SubmissionRow.received_at)
    )
    return [row.id for row in rows if not row.problems and not row.answers]


def _supersede(tx: Tx, row: SubmissionRow) -> None:
    earlier = tx.session.scalars(
        select(SubmissionRow).where(
            SubmissionRow.task_id == row.task_id, SubmissionRow.id != row.id,
            SubmissionRow.status != "superseded",
        )
    )  # fmt: skip
    for other in earlier:
        other.status = "superseded"


def _json_values(values: Mapping[str, Any]) -> dict[str, Any]:
    return {key: _json_value(value) for key, value in values.items()}


def _json_value(value: Any) -> Any:  # noqa: ANN401  (any answer)
    if isinstance(value, Mapping):
        return _json_values(value)
    if isinstance(value, (list, tuple)):
        return [_json_value(v) for v in value]
    if value is None or isinstance(value, (bool, int, str)):
        return value
    return str(value)


def submission(tx: Tx, submission_id: str, *, locked: bool = False) -> SubmissionRow:
    """Raises NotFound. locked: nobody else changes it until this transaction ends."""
    row = tx.session.get(
        SubmissionRow, submission_id, with_for_update=locked or None, populate_existing=locked
    )
    if row is None:
        raise NotFound(what="submission", key=submission_id)
    return row


def submissions_of_tasks(tx: Tx, task_ids: Sequence[str]) -> list[SubmissionRow]:
    """All submissions for these tasks, oldest first."""
    return list(
        tx.session.scalars(
            select(SubmissionRow)
            .where(SubmissionRow.task_id.in_(task_ids))
            .order_by(SubmissionRow.received_at, SubmissionRow.id)
        )
    )


def files_of(tx: Tx, submission_id: str) -> list[SubmissionFileRow]:
    """The attachments of a submission that have arrived, by name."""
    return list(
        tx.session.scalars(
            select(SubmissionFileRow)
            .where(SubmissionFileRow.submission_id == submission_id)
            .order_by(SubmissionFileRow.name)
        )
    )


def kept_files(tx: Tx) -> dict[str, str]:
    """Every file that submissions name: SHA-256 -> where it is named."""
    kept: dict[str, str] = {}
    for sha, submission_id in tx.session.execute(select(SubmissionRow.xml_sha256, SubmissionRow.id)):
        kept[sha] = f"submission {submission_id}"
    for sha, name in tx.session.execute(select(SubmissionFileRow.sha256, SubmissionFileRow.name)):
        kept.setdefault(sha, f"evidence {name}")
    return kept


def other_uses(tx: Tx, submission_id: str) -> set[str]:
    """Names of the submission's files whose very bytes came with another task's submission before."""
    own = submission(tx, submission_id)
    hashes = {f.sha256: f.name for f in files_of(tx, submission_id)}
    if not hashes:
        return set()
    again = tx.session.scalars(
        select(SubmissionFileRow.sha256)
        .join(SubmissionRow, SubmissionRow.id == SubmissionFileRow.submission_id)
        .where(SubmissionFileRow.sha256.in_(hashes), SubmissionRow.task_id != own.task_id)
    )
    return {hashes[sha] for sha in again}


def personal_of(tx: Tx, row: SubmissionRow) -> frozenset[str]:
    """The paths of the personal questions of the submission's form. Raises UnknownForm."""
    found = catalogue.form(tx, row.form_id, row.form_version)
    if found is None:
        raise UnknownForm(what=row.form_id, key=row.form_version)
    return answers.personal_paths(found.xform)


def knows_answers(tx: Tx, row: SubmissionRow) -> bool:
    """Whether the actor may know every answer and see every file: who did the work, and who checks it."""
    if tx.actor.person_id is not None and tx.actor.person_id == row.submitted_by:
        return True
    place = instances.task_object(tx, instances.task_row(tx, row.task_id))
    return can(tx.actor, Action.TASK_READ, place) or can(tx.actor, Action.DELIVERY_REVIEW, place)


def visible(tx: Tx, submission_id: str) -> SubmissionRow:
    """The submission, if the actor may know of it. Raises NotFound."""
    row = submission(tx, submission_id)
    place = instances.task_object(tx, instances.task_row(tx, row.task_id))
    if not (knows_answers(tx, row) or can(tx.actor, Action.DELIVERY_READ, place)):
        raise NotFound(what="submission", key=submission_id)
    return row


def shown_answers(tx: Tx, row: SubmissionRow) -> Mapping[str, Any]:
    """The answers the actor may know: all, or those of questions that are not personal."""
    if knows_answers(tx, row):
        return row.answers
    return answers.without_personal(form_of(tx, row), row.answers, personal_of(tx, row))


def shown_files(tx: Tx, row: SubmissionRow) -> list[SubmissionFileRow]:
    """The files the actor may look at, by name: all, or those that questions hold which are not personal.

    What no question holds may show anything, so it is for those who know the answers.
    """
    files = files_of(tx, row.id)
    if knows_answers(tx, row):
        return files
    form, personal = form_of(tx, row), personal_of(tx, row)
    held = answers.files_in(form, answers.without_personal(form, row.answers, personal))
    hidden = answers.files_in(form, row.answers) - held
    return [f for f in files if f.name in held - hidden]


def problems_of(row: SubmissionRow) -> list[Problem]:
    """The problems kept with a submission, as values again."""
    return [
        Problem(p["code"], "%(message)s", p["place"], p["severity"], {"message": p["message"]})
        for p in row.problems
    ]
