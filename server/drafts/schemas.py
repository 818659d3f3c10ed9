"""Documents of drafts."""

from __future__ import annotations

from marshmallow import fields, validate

from server.drafts.review import MAX_TEXT
from server.http import documents as d
from service_library import starters
from workflows.definitions.model import LANGUAGES

_COMMAND_ID = "The client's id of this step: sent again, it changes nothing."


class Draft(d.Document):
    """A version of a service that is being written."""

    id = d.plain("The draft's id.", required=True)
    service = d.plain("The service's code, as the diagram has it now.", required=True)
    names = d.texts("The service's name, as the diagram has it now.")
    version = d.plain("The number it is to be published as.", required=True)
    languages = fields.List(
        fields.String(), required=True, metadata={"description": "Its texts must be complete in these."}
    )
    state = d.plain("draft, in_review, approved, published or abandoned.", required=True)
    origin = d.plain("starter, copy or import.", required=True)
    origin_name = d.plain("Of the starter, version or file it began from.", required=True)
    revision = d.number("Number of the newest revision.", required=True)
    diagram_revision = d.number("The revision in which the diagram changed last.", required=True)
    content_sha256 = d.plain("SHA-256 of the content; an approval names it.", required=True)
    created_at = d.moment("When it was begun.", required=True)
    changed_at = d.moment("When it was saved last.", required=True)


class DraftState(Draft):
    """A draft, and what stands between it and publication."""

    digest = d.plain("Of the package it would be; empty while it has mistakes.", required=True)
    suggested_version = d.plain("The number that fits what changed.", required=True)
    kind_of_change = d.plain(
        "none, words, means or protocol; empty without a version to compare with.", required=True
    )
    published_version_id = d.plain("The version it became.", required=True, allow_none=True)
    hindrances = d.many(d.SingleProblem, "What forbids approval and publication.", required=True)
    problems = d.many(d.SingleProblem, "Mistakes and advice of the checker.", required=True)


class DraftMade(d.Document):
    """A new draft."""

    draft = d.one(Draft, "The draft.", required=True)
    problems = d.many(d.SingleProblem, "What an import changed, and what of it cannot run.", required=True)


class NewDraft(d.Document):
    """What a draft begins from: a starter, a published version, or another draft."""

    kind = d.word(("starter", "version", "draft"), "What it begins from.", required=True)
    starter = d.word(starters.NAMES, "For kind starter: which.", load_default=starters.NAMES[0])
    service = d.code("For kind version: the service's code.", load_default="")
    version = d.code("For kind version: the version's number.", load_default="")
    draft_id = d.identifier("For kind draft: its id.", load_default=None)
    code = d.code("Code of a new service; without it, of the name or of the version.", load_default="")
    names = fields.Dict(
        keys=fields.String(validate=validate.OneOf(LANGUAGES)),
        values=fields.String(validate=[validate.Length(1, 200), d.Pattern(r"^[^\x00-\x1f\x7f]*$")]),
        load_default=dict, metadata={"description": "Name of a new service by language."},
    )  # fmt: skip
    id = d.identifier("The client's id for the draft: sent again, the same draft.", load_default=None)


class DraftSettings(d.Document):
    """As what a draft is to be published."""

    version = d.line(40, "Three numbers with dots.", required=True)
    languages = fields.List(
        fields.String(validate=validate.OneOf(LANGUAGES)), required=True, validate=validate.Length(1, 3),
        metadata={"description": "Its texts must be complete in these."},
    )  # fmt: skip


class Restoration(d.Document):
    """A revision to be brought back."""

    revision = fields.Integer(
        required=True, validate=validate.Range(1, 10**9), metadata={"description": "Its number."}
    )


class DraftRevision(d.Document):
    """A draft as it was saved."""

    number = d.number("Counting from 1.", required=True)
    reason = d.plain("made, diagram, form, decision, texts, restored or version.", required=True)
    detail = d.plain("Which form, decision model, revision or number.", required=True)
    version = d.plain("The number it was to be published as.", required=True)
    content_sha256 = d.plain("SHA-256 of the content.", required=True)
    saved_at = d.moment("When.", required=True)


class DraftFile(d.Document):
    """A form or decision model of a draft."""

    ref = d.plain("As the task cards name it.", required=True)
    name = d.plain("Name of the file.", required=True)
    sha256 = d.plain("SHA-256 of the file.", required=True)
    problems = d.many(d.SingleProblem, "What is wrong with it.", required=True)


class DraftFiles(d.Document):
    """The forms and decision models of a draft."""

    forms = d.many(DraftFile, "XLSForms.", required=True)
    decisions = d.many(DraftFile, "Decision models (DMN).", required=True)


class DraftStep(d.Document):
    """A step of a draft on its way to publication."""

    id = d.plain("The step's id.", required=True)
    step = d.plain(
        "asked, withdrawn, sent_back, approved, voided, published, abandoned or reopened.", required=True
    )
    note = d.plain("What was said with it.", required=True)
    revision = d.number("About which revision.", required=True)
    content_sha256 = d.plain("About which content.", required=True)
    digest = d.plain("Of the package, for approved and published.", required=True)
    done_at = d.moment("When.", required=True)


class StepOrder(d.Document):
    """A step to be taken."""

    note = d.text(MAX_TEXT, "What is said with it.", load_default="")
    command_id = d.identifier(_COMMAND_ID, load_default=None)


class DraftDecision(StepOrder):
    """A reviewer's decision about exactly this content."""

    content_sha256 = d.sha256("Of the content that was looked at.", required=True)


class DraftComment(d.Document):
    """What somebody says about a draft."""

    id = d.plain("The comment's id.", required=True)
    element = d.plain("Id in the diagram; empty for the whole draft.", required=True)
    element_name = d.plain("What it was called.", required=True)
    text = d.plain("The words.", required=True)
    answers = d.plain("The comment it answers.", required=True, allow_none=True)
    said_at = d.moment("When.", required=True)
    resolved_at = d.moment("When what it asks for was done.", required=True, allow_none=True)


class NewComment(d.Document):
    """Something to be said."""

    text = d.text(MAX_TEXT, "The words.", required=True)
    element = d.line(200, "Id in the diagram; empty for the whole draft.", minimum=0, load_default="")
    answers = d.identifier("The comment it answers.", load_default=None)
    command_id = d.identifier(_COMMAND_ID, load_default=None)
