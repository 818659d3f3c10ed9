"""Documents of deliveries and of decisions about them."""

from __future__ import annotations

from marshmallow import fields, validate

from server.catalogue.schemas import Labelled
from server.http import documents as d
from server.instances.schemas import DeliveryLine
from server.submissions.schemas import Submission


class QueuedDelivery(DeliveryLine):
    """A delivery waiting for review."""

    instance_id = d.plain("The instance it belongs to.", required=True)
    region = d.plain("Code of the village.", required=True)
    person_id = d.plain("Who did the work.", required=True)
    second_check_required = d.yes_no("Whether a second check must be recorded first.", required=True)
    since = d.moment("Since when it is in its state.", required=True)


class Flag(d.Document):
    """What the automatic checks noticed."""

    code = d.plain(
        "same_file, far_from_village, late, sent_back_before or second_check_drawn.", required=True
    )
    detail = d.plain("A file, a distance, a day.", required=True)


class Review(d.Document):
    """A decision; never changed."""

    verdict = d.plain("accepted, sent_back, second_check_passed or second_check_failed.", required=True)
    reason = d.plain("What must be corrected, or what the second check found.", required=True)
    criteria = fields.List(fields.String(), required=True, metadata={"description": "Criteria found met."})
    by = d.plain("The account that decided.", required=True)
    at = d.moment("When.", required=True)


class Delivery(QueuedDelivery):
    """A delivery with what a reviewer needs."""

    criteria = d.many(Labelled, "What is to be checked.", required=True)
    flags = d.many(Flag, "What the automatic checks noticed.", required=True)
    honorarium = d.one(d.Amount, "What the work earns when it is accepted.", required=True)
    expenses = d.one(d.Amount, "What is paid for expenses.", required=True)
    submission = d.one(Submission, "What was sent.", required=True)
    reviews = d.many(Review, "What was decided, oldest first.", required=True)
    accepted_by = d.plain("The account that accepted it.", required=True, allow_none=True)


def _version() -> fields.Integer:
    return fields.Integer(
        strict=True, required=True, validate=validate.Range(1, 2**31),
        metadata={"description": "`version` of the delivery you looked at; a newer one refuses the decision."},
    )  # fmt: skip


class DeliveryAcceptance(d.Document):
    """The delivery is accepted."""

    version = _version()
    criteria = fields.List(
        d.code("A criterion."), load_default=None, allow_none=True, validate=validate.Length(max=100),
        metadata={"description": "Ids of the criteria found met; all when left out."},
    )  # fmt: skip


class SendBack(d.Document):
    """The delivery must be corrected."""

    version = _version()
    reason = d.text(2000, "What must be corrected; the facilitator reads it.", required=True)


class SecondCheck(d.Document):
    """What a second look found."""

    version = _version()
    passed = d.yes_no("Whether the work is there as reported.", required=True)
    note = d.text(2000, "What was found; needed when it did not pass.", load_default="")
