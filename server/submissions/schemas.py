"""Documents of a facilitator's tasks and of what is sent for them."""

from __future__ import annotations

from marshmallow import fields

from server.catalogue.schemas import TaskCard
from server.http import documents as d
from server.instances.schemas import RunTimeTask


class TaskLine(RunTimeTask):
    """A task somebody has in hand."""

    instance_id = d.plain("The instance it belongs to.", required=True)
    title = d.texts("Its title.")
    region = d.plain("Code of the village.", required=True)
    region_names = d.texts("Name of the village.")
    delivery_state = d.plain(
        "waiting, sent_back or accepted; null before anything was handed over.",
        required=True,
        allow_none=True,
    )


class FormLink(d.Document):
    """A form of the task's version."""

    role = d.plain("request, response or evaluation.", required=True)
    form_id = d.plain("Its id on phones.", required=True)
    version = d.plain("Its version.", required=True)
    href = d.plain("Where the XForm is.", required=True)


class SubmissionLine(d.Document):
    """Something that was sent for a task."""

    id = d.plain("The client's instanceID, without “uuid:”.", required=True)
    status = d.plain("incomplete, faulty, complete or superseded.", required=True)
    received_at = d.moment("When it came first.", required=True)


class Task(TaskLine):
    """A task with its card, its forms and what was sent for it."""

    card = d.one(TaskCard, "What the expert wrote about the task.", required=True)
    forms = d.many(FormLink, "Its forms.", required=True)
    sent_back_because = d.plain(
        "What must be corrected, when it was sent back.", required=True, allow_none=True
    )
    submissions = d.many(SubmissionLine, "What was sent, oldest first.", required=True)


class SubmissionFile(d.Document):
    """An attachment."""

    name = d.plain("The name the form's answer gives.", required=True)
    sha256 = d.plain("SHA-256 of its bytes.", required=True)
    mime = d.plain("What the bytes are.", required=True)
    size = d.number("Bytes.", required=True)
    href = d.plain("Where it is.", required=True)


class Submission(SubmissionLine):
    """A submission as it was received and checked."""

    task_id = d.plain("The run-time task.", required=True)
    form_id = d.plain("The form it was made with.", required=True)
    form_version = d.plain("The form's version.", required=True)
    xml_sha256 = d.plain("SHA-256 of the XML as it was sent.", required=True)
    deprecates_id = d.plain("The submission it corrects.", required=True, allow_none=True)
    times_received = d.number("How often it was sent.", required=True)
    answers = fields.Dict(
        required=True, allow_none=True,
        metadata={"description": "The answers; null for those who do not check deliveries."},
    )  # fmt: skip
    problems = d.many(d.SingleProblem, "What the check found.", required=True)
    files = d.many(SubmissionFile, "Its attachments.", required=True)


class Receipt(d.Document):
    """What sending led to."""

    submission_id = d.plain("The client's instanceID, without “uuid:”.", required=True)
    outcome = d.plain("received, replayed or files_added.", required=True)
    status = d.plain(
        "incomplete (files are missing), faulty (correct it), complete, or superseded (a correction came first, "
        "or the task was accepted already).",
        required=True,
    )
    delivery_id = d.plain("The delivery it became.", required=True, allow_none=True)
    problems = d.many(d.SingleProblem, "What the check found.", required=True)
