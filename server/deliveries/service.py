"""Deliveries: handing over, reviewing, and accepting, which is what pays.

A task completes in the engine when its submission is complete and checked, so the work in the village flows
on; payment is owed when the delivery is accepted. A gated task completes at acceptance. Sending back reopens
the delivery, not the token: the same run-time task, the same payable key.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import func, select

from payments import ledger as accounts
from payments.ledger import Entry
from payments.posting_rules import Component, Contribution, Source, delivery_accepted
from payments.tax import withholding
from pricing.money import Money
from pricing.quotes import Due
from server.actor import Action, Actor, Object, can, require
from server.catalogue import service as catalogue
from server.deliveries.models import (
    DeliveryRow as DeliveryRow,
)
from server.deliveries.models import (
    ReviewRow as ReviewRow,
)
from server.errors import Conflict, NotFound, SamePerson, ServerError, WrongState
from server.instances import service as instances
from server.instances.service import InstanceRow, TaskRow
from server.journal import service as journal
from server.journal.service import Event
from server.ledger import claims
from server.ledger import service as ledger
from server.ledger.service import Debt
from server.people import service as people
from server.projects import service as projects
from server.quotes import service as quotes
from server.regions import service as regions
from server.runtime import Runtime, Tx
from server.submissions import service as submissions
from server.submissions.service import SubmissionRow
from workflows.definitions.model import Verification

MAX_DISTANCE_KM = 10
REVIEW_DAYS = 5
"""Working days in which a delivery is looked at; silence longer than that is a fault of ours."""
PAYMENT_DAYS = 5
"""Working days from acceptance to the payment file."""
FLAG_RISK = {
    "second_check_drawn": 20,
    "same_file": 60,
    "far_from_village": 40,
    "late": 10,
    "sent_back_before": 15,
}


class DeliveryChanged(Conflict):
    code = "delivery-changed"
    message = "This delivery has changed since you opened it. Look at it again before you decide."


class ReasonMissing(ServerError):
    code = "reason-missing"
    message = "Say what must be corrected: the facilitator reads it."


class ReworkExhausted(Conflict):
    code = "rework-exhausted"
    message = "This was sent back %(times)s times already. Talk to the facilitator before deciding."


@dataclass(frozen=True, slots=True)
class Handover:
    """What sending a submission led to.

    status: of the submission (incomplete, faulty, complete, superseded); outcome: received, replayed or
    files_added. refused_files: names that were received before, with other content; problems tells them too.
    """

    submission_id: str
    outcome: str
    status: str
    problems: tuple[Mapping[str, Any], ...]
    delivery_id: str | None
    refused_files: tuple[str, ...] = ()


def submit(
    runtime: Runtime, actor: Actor, *, task_id: str, xml: bytes, files: Mapping[str, bytes]
) -> Handover:
    """Receive a submission, then check it and hand it over: two transactions, so that it is never lost."""
    receipt = runtime.run(actor, submissions.receive, task_id=task_id, xml=xml, files=files)
    return runtime.run(
        actor, hand_over, receipt.submission_id, outcome=receipt.outcome, refused_files=receipt.refused_files
    )


def hand_over(
    tx: Tx, submission_id: str, *, outcome: str = "received", refused_files: Sequence[str] = ()
) -> Handover:
    """Check a submission; when it is complete, make or renew the task's delivery and complete the task.

    What comes for a task that was accepted already is kept and superseded, and says so.
    """
    # locked before it is looked at: the same submission may arrive twice at the same moment
    found = submissions.submission(tx, submission_id, locked=True)
    before, delivery = found.status, _of_task(tx, found.task_id, locked=True)
    accepted = delivery is not None and delivery.state == "accepted"
    row = submissions.check_submission(tx, submission_id, accepted=accepted)
    if row.status == "complete" and before != "complete":
        delivery = _deliver(tx, row, delivery)
    refused = [submissions.kept_problem(submissions.file_differs(name)) for name in refused_files]
    return Handover(
        row.id, outcome, row.status, (*row.problems, *refused),
        delivery.id if delivery is not None else None, tuple(refused_files),
    )  # fmt: skip


def _deliver(tx: Tx, row: SubmissionRow, delivery: DeliveryRow | None) -> DeliveryRow:
    task = instances.task_row(tx, row.task_id)
    instance = instances.instance(tx, task.instance_id)
    rules = _verification(tx, instance, task.node_id)
    if delivery is None:
        delivery = _new_delivery(tx, row, task, instance)
    else:
        delivery.submission_id, delivery.delivered_at = row.id, tx.now
    _judge(tx, delivery, row, task, instance, rules)
    delivery.state, delivery.since = "waiting", tx.now
    tx.session.flush()
    journal.record(
        tx, Event.DELIVERY_MADE, delivery.id, region=instance.region_code,
        public={
            "task": task.id, "node": task.node_id, "submission": row.xml_sha256,
            "files": sorted(f.sha256 for f in submissions.files_of(tx, row.id)),
            "flags": [f["code"] for f in delivery.flags],
        },
    )  # fmt: skip
    if task.state == "ready":
        if rules.gate:
            instances.mark_waiting_review(tx, task.id)
        else:
            instances.complete(tx, task.id, row.answers, by=row.submitted_by)
    return delivery


def _new_delivery(tx: Tx, row: SubmissionRow, task: TaskRow, instance: InstanceRow) -> DeliveryRow:
    delivery = DeliveryRow(
        id=tx.new_id(), task_id=task.id, instance_id=instance.id, node_id=task.node_id,
        region_code=instance.region_code, person_id=_performer(tx, row, task),
        submission_id=row.id, flags=[], delivered_at=tx.now, since=tx.now,
    )  # fmt: skip
    tx.session.add(delivery)
    tx.session.flush()
    return delivery


def _performer(tx: Tx, row: SubmissionRow, task: TaskRow) -> str:
    """Who sent it did it, and is paid, even where the task was given to somebody else before all had arrived."""
    known = people.people(tx, [row.submitted_by])
    return row.submitted_by if known or task.assignee_id is None else task.assignee_id


def _verification(tx: Tx, instance: InstanceRow, node_id: str) -> Verification:
    card = catalogue.package(tx, instance.service_version_id).definition.node(node_id).task
    return card.verification if card else Verification()


# Automatic checks -------------------------------------------------------------------------------------


def _judge(
    tx: Tx, delivery: DeliveryRow, row: SubmissionRow, task: TaskRow, instance: InstanceRow,
    rules: Verification,
) -> None:  # fmt: skip
    """Put down what the machine sees: place, files used before, time, the rule's draw for a second check."""
    flags = [{"code": "same_file", "detail": name} for name in sorted(submissions.other_uses(tx, row.id))]
    far = _farthest_km(tx, instance.region_code, row.answers)
    if far is not None and far > MAX_DISTANCE_KM:
        flags.append({"code": "far_from_village", "detail": f"{far:.0f} km"})
    if task.due_at is not None and tx.now > task.due_at and delivery.times_sent_back == 0:
        flags.append({"code": "late", "detail": task.due_at.date().isoformat()})
    if delivery.times_sent_back:
        flags.append({"code": "sent_back_before", "detail": str(delivery.times_sent_back)})
    drawn = rules.policy == "counter_visit" or is_drawn(delivery.id, rules.second_check)
    if drawn:
        flags.append({"code": "second_check_drawn", "detail": ""})
    suspicious = any(f["code"] in ("same_file", "far_from_village") for f in flags)
    # a check that was passed speaks for what was sent then, not for suspicious files or places sent since
    needed = suspicious or (drawn and delivery.second_checked_by is None)
    if needed and not delivery.second_check_required:
        delivery.second_check_required = True
        journal.record(
            tx, Event.SECOND_CHECK_ASKED, delivery.id, region=instance.region_code, public={"drawn": drawn}
        )
    delivery.flags = flags
    delivery.risk = min(100, sum(FLAG_RISK[f["code"]] for f in flags))


def is_drawn(delivery_id: str, share: Decimal) -> bool:
    """Whether the rule draws this delivery for a second check: by its id, so nobody can influence it."""
    draw = int.from_bytes(hashlib.sha256(delivery_id.encode()).digest()[:8], "big")
    return Decimal(draw) < share * Decimal(2**64)


def _farthest_km(tx: Tx, region_code: str, answers: Mapping[str, Any]) -> float | None:
    """Kilometres from the village to the farthest place in the answers; None when either is unknown."""
    village = regions.region(tx, region_code)
    points = list(_points(answers))
    if village.latitude is None or village.longitude is None or not points:
        return None
    here = (float(village.latitude), float(village.longitude))
    return max(_distance_km(here, point) for point in points)


def _points(value: Any) -> Sequence[tuple[float, float]]:  # noqa: ANN401  (any answer)
    if isinstance(value, Mapping):
        if {"latitude", "longitude"} <= value.keys():
            return [(float(value["latitude"]), float(value["longitude"]))]
        return [p for v in value.values() for p in _points(v)]
    if isinstance(value, list):
        return [p for v in value for p in _points(v)]
    return []


def _distance_km(a: tuple[float, float], b: tuple[float, float]) -> float:
    """Great-circle distance (haversine) on a sphere of 6371 km."""
    (lat1, lon1), (lat2, lon2) = ([math.radians(x) for x in p] for p in (a, b))
    h = math.sin((lat2 - lat1) / 2) ** 2
    h += math.cos(lat1) * math.cos(lat2) * math.sin((lon2 - lon1) / 2) ** 2
    return 6371 * 2 * math.asin(math.sqrt(h))


# Decisions --------------------------------------------------------------------------------------------


def _open(tx: Tx, delivery_id: str, action: Action, version: int | None, *states: str) -> DeliveryRow:
    """The delivery, locked, if the actor may decide about it in its present version and state."""
    row = tx.session.get(DeliveryRow, delivery_id, with_for_update=True, populate_existing=True)
    if row is None:
        raise NotFound(what="delivery", key=delivery_id)
    require(tx.actor, action, regions.place(tx, row.region_code))
    if tx.actor.person_id is not None and tx.actor.person_id == row.person_id:
        raise SamePerson(first="doing the work", second="checking it")
    if row.state not in states:
        raise WrongState(what="delivery", state=row.state)
    if version is not None and version != row.version:
        raise DeliveryChanged
    return row


def send_back(tx: Tx, delivery_id: str, *, reason: str, version: int | None = None) -> None:
    """Ask the facilitator to correct a delivery. Raises ReasonMissing, ReworkExhausted, DeliveryChanged."""
    row = _open(tx, delivery_id, Action.DELIVERY_REVIEW, version, "waiting")
    if not reason.strip():
        raise ReasonMissing
    rules = _verification(tx, instances.instance(tx, row.instance_id), row.node_id)
    if row.times_sent_back >= rules.max_rework:
        raise ReworkExhausted(times=row.times_sent_back)
    row.times_sent_back += 1
    row.state, row.since = "sent_back", tx.now
    _review(tx, row, "sent_back", reason=reason.strip())
    journal.record(
        tx, Event.DELIVERY_SENT_BACK, row.id, region=row.region_code, public={"times": row.times_sent_back},
        private={"reason": reason.strip()},
    )  # fmt: skip


def record_second_check(
    tx: Tx, delivery_id: str, *, passed: bool, note: str, version: int | None = None
) -> None:
    """Put down what a second look found (a call, a counter-visit); by another person than the performer.

    A failed check sends the delivery back with the note as the reason; what comes next is checked again.
    """
    row = _open(tx, delivery_id, Action.DELIVERY_SECOND_CHECK, version, "waiting")
    if not row.second_check_required:
        raise WrongState(what="delivery", state="not drawn for a second check")
    if not passed and not note.strip():
        raise ReasonMissing
    row.second_checked_by = tx.actor.user_id
    row.second_check_required = not passed  # the correction is checked again
    _review(tx, row, "second_check_passed" if passed else "second_check_failed", reason=note.strip())
    journal.record(
        tx, Event.SECOND_CHECK_MADE, row.id, region=row.region_code, public={"passed": passed},
        private={"note": note.strip()},
    )  # fmt: skip
    if not passed:
        row.times_sent_back += 1
        row.state, row.since = "sent_back", tx.now
    tx.session.flush()


def accept_delivery(
    tx: Tx, delivery_id: str, *, version: int | None = None, criteria: Sequence[str] | None = None
) -> DeliveryRow:
    """Accept a delivery: complete the task if gated, owe the money, write it down. All of it, or nothing.

    A second acceptance returns the accepted delivery unchanged and pays nothing. criteria: ids of those found
    met; None = all. Raises SamePerson, DeliveryChanged, WrongState.
    """
    known = tx.session.get(DeliveryRow, delivery_id, with_for_update=True, populate_existing=True)
    if known is not None and known.state == "accepted":
        require(tx.actor, Action.DELIVERY_REVIEW, regions.place(tx, known.region_code))
        return known
    row = _open(tx, delivery_id, Action.DELIVERY_REVIEW, version, "waiting")
    if row.second_check_required:
        raise WrongState(what="delivery", state="waiting for a second check")
    instance = instances.instance(tx, row.instance_id)
    task = instances.task_row(tx, row.task_id)
    if task.state == "waiting_review":
        answers = submissions.submission(tx, row.submission_id).answers
        instances.complete(tx, task.id, answers, by=row.person_id)
    owed = amounts(tx, row)
    entry_id = _owe(tx, row, instance, owed)
    row.state, row.since = "accepted", tx.now
    row.accepted_at, row.accepted_by = tx.now, tx.actor.user_id
    _review(tx, row, "accepted", criteria=criteria)
    journal.record(
        tx, Event.DELIVERY_ACCEPTED, row.id, region=row.region_code,
        public={
            "instance": row.instance_id, "task": row.task_id, "node": row.node_id, "entry": entry_id or "",
            "honorarium": owed.honorarium_minor, "expenses": owed.expenses_minor,
            "currency": quotes.quote_row(tx, instance.quote_id).currency,
        },
        private={"person": row.person_id},
    )  # fmt: skip
    if task.state == "completed":
        projects.assign_ready(tx, instance.id)
    close_instance(tx, row.instance_id)
    return row


def _owe(tx: Tx, row: DeliveryRow, instance: InstanceRow, owed: Due) -> str | None:
    """Post what the delivery owes: exactly the honorarium and expenses the accepted quote promised."""
    currency = quotes.quote_row(tx, instance.quote_id).currency
    person = people.person(tx, row.person_id)
    honorarium = Money(owed.honorarium_minor, currency)
    taxes = withholding(
        person.country, "services", person.tax_id is not None, "private", tx.now.date(), honorarium
    )
    components = (
        Component("honorarium", honorarium, (taxes,) if taxes else ()),
        Component("expenses", Money(owed.expenses_minor, currency)),
    )
    if owed.honorarium_minor + owed.expenses_minor == 0:
        return None  # everything in kind: nothing to post
    project = instance.project_id or instance.id
    entry = delivery_accepted(
        delivery_id=row.id, project=project, payee=row.person_id, components=components,
        sources=_sources(tx, project, row.region_code, _funds_share(owed, currency)),
        cash_contributions=[
            Contribution(party, Money(minor, currency)) for party, minor in owed.party_minor.items() if minor
        ],
        in_kind_contributions=[
            Contribution(party, Money(minor, currency))
            for party, minor in owed.in_kind_minor.items()
            if minor
        ],
        memo=row.node_id,
    )  # fmt: skip
    _tell_of_obligation(tx, row, entry, project, currency)
    debts = [Debt(c.kind, c.gross.minor, c.withheld.minor) for c in components if c.gross]
    entry_id = ledger.owe(
        tx, entry, delivery_id=row.id, instance_id=row.instance_id, task_id=row.task_id,
        person_id=row.person_id, currency=currency, debts=debts,
    )  # fmt: skip
    claims.keep_back(tx, ledger.payables_of_deliveries(tx, [row.id]))
    return entry_id


def _funds_share(owed: Due, currency: str) -> Money:
    contributed = sum(owed.party_minor.values())
    return Money(owed.honorarium_minor + owed.expenses_minor - contributed, currency)


def _tell_of_obligation(tx: Tx, row: DeliveryRow, entry: Entry, project: str, currency: str) -> None:
    """Write down, for finance to see, that no budget covers part of a delivery."""
    minor = entry.net().get(accounts.unfunded(project, currency), 0)
    if minor:
        journal.record(
            tx, Event.OBLIGATION_MADE, project, region=row.region_code,
            public={"delivery": row.id, "amount": minor, "currency": currency},
        )  # fmt: skip


def _sources(tx: Tx, project: str, region: str, share: Money) -> list[Source]:
    """Where the fund's share is drawn: the project's reservation, its contingency, the reserves of its region.

    A region's reserve is its own, then that of the regions above. What is needed is locked, in this order: two
    acceptances at once would else draw the same last francs, and one be refused. A reserve is not even looked at
    before the project's own money is used up, for a whole country shares it.
    """
    currency = share.currency
    codes = regions.region(tx, region).path.strip("/").split("/")[::-1]
    made = (
        accounts.reservation(project, currency), accounts.contingency(project, currency),
        *(accounts.reserve(code, currency) for code in codes),
    )  # fmt: skip
    found: list[Source] = []
    for account in made:
        if share.minor <= 0 and len(found) > 1:
            break
        source = Source(account, ledger.available(tx, account, locked=True))
        share -= source.available
        found.append(source)
    return found


def _review(
    tx: Tx, row: DeliveryRow, verdict: str, *, reason: str = "", criteria: Sequence[str] | None = None
) -> None:
    if criteria is None and verdict == "accepted":
        instance = instances.instance(tx, row.instance_id)
        card = catalogue.package(tx, instance.service_version_id).definition.node(row.node_id).task
        criteria = [c.id for c in card.criteria] if card else []
    tx.session.add(
        ReviewRow(
            id=tx.new_id(), delivery_id=row.id, submission_id=row.submission_id, verdict=verdict,
            reason=reason, criteria=list(criteria or []), by=tx.actor.user_id, at=tx.now,
        )
    )  # fmt: skip
    tx.session.flush()


@instances.follow_up
def _close_all(tx: Tx, instance_ids: Sequence[str]) -> None:
    for instance_id in instance_ids:
        close_instance(tx, instance_id)


def close_instance(tx: Tx, instance_id: str) -> None:
    """When the work is done and every delivery accepted, the instance is accepted, and its project may be done."""
    row = instances.instance(tx, instance_id)
    if row.status == "cancelled" and row.project_id is not None:
        projects.close_if_done(tx, row.project_id)
    if row.status != "work_done":
        return
    open_ones = tx.session.scalar(
        select(func.count())
        .select_from(DeliveryRow)
        .where(DeliveryRow.instance_id == instance_id, DeliveryRow.state != "accepted")
    )
    if open_ones:
        return
    instances.mark_accepted(tx, instance_id)
    if row.project_id is not None:
        projects.close_if_done(tx, row.project_id)


# Reading ----------------------------------------------------------------------------------------------


def _of_task(tx: Tx, task_id: str, *, locked: bool = False) -> DeliveryRow | None:
    query = select(DeliveryRow).where(DeliveryRow.task_id == task_id)
    if locked:
        query = query.with_for_update().execution_options(populate_existing=True)
    return tx.session.scalar(query)


def delivery(tx: Tx, delivery_id: str) -> DeliveryRow:
    """Raises NotFound, also for one the actor may not see."""
    row = tx.session.get(DeliveryRow, delivery_id)
    if row is None:
        raise NotFound(what="delivery", key=delivery_id)
    return row


def visible(tx: Tx, delivery_id: str) -> DeliveryRow:
    """The delivery, if the actor may see it. Raises NotFound."""
    row = delivery(tx, delivery_id)
    if not can(tx.actor, Action.DELIVERY_READ, delivery_object(tx, row)):
        raise NotFound(what="delivery", key=delivery_id)
    return row


def delivery_object(tx: Tx, row: DeliveryRow) -> Object:
    """The delivery as an object of `can`: its region and whose work it is."""
    return Object(regions.region(tx, row.region_code).path, row.person_id)


def queue(tx: Tx, region_path: str = "") -> list[DeliveryRow]:
    """Deliveries waiting for review in a region and below, the riskiest first, then the oldest."""
    rows = tx.session.scalars(
        select(DeliveryRow)
        .where(DeliveryRow.state == "waiting")
        .order_by(DeliveryRow.risk.desc(), DeliveryRow.since, DeliveryRow.id)
    )
    known = regions.regions(tx)
    return [row for row in rows if known[row.region_code].path.startswith(region_path)]


def visible_queue(tx: Tx) -> list[DeliveryRow]:
    """The queue of all regions the actor reviews, the riskiest first, then the oldest."""
    known = regions.regions(tx)

    def mine(row: DeliveryRow) -> bool:
        place = Object(region_path=known[row.region_code].path, owner_id=row.person_id)
        return can(tx.actor, Action.DELIVERY_REVIEW, place)

    return [row for row in queue(tx) if mine(row)]


def of_task(tx: Tx, task_id: str) -> DeliveryRow | None:
    """The delivery of a run-time task; None before it was handed over."""
    return _of_task(tx, task_id)


def places_in(given: Mapping[str, Any]) -> list[tuple[float, float]]:
    """All places in a submission's answers: latitude and longitude in decimal degrees."""
    return list(_points(given))


def latest_pay_day(delivered: datetime) -> date:
    """By when the money of what is delivered at that time is sent at the latest, if nothing is sent back.

    The reviewers' and the finance officers' working days, Monday to Friday, one after the other.
    """
    return instances.add_working_days(delivered, REVIEW_DAYS + PAYMENT_DAYS).date()


def deliveries_of_instances(tx: Tx, instance_ids: Sequence[str]) -> list[DeliveryRow]:
    """Oldest first."""
    return list(
        tx.session.scalars(
            select(DeliveryRow).where(DeliveryRow.instance_id.in_(instance_ids)).order_by(DeliveryRow.id)
        )
    )


def versions_of_instances(tx: Tx, instance_ids: Sequence[str]) -> dict[str, tuple[int, int]]:
    """(deliveries, sum of their versions) of each instance that has some: other numbers, other deliveries."""
    query = select(DeliveryRow.instance_id, func.count(), func.sum(DeliveryRow.version)).where(
        DeliveryRow.instance_id.in_(instance_ids)
    )
    rows = tx.session.execute(query.group_by(DeliveryRow.instance_id))
    return {instance_id: (count, int(total)) for instance_id, count, total in rows}


def accepted(tx: Tx) -> list[DeliveryRow]:
    """Every accepted delivery, oldest first."""
    return list(
        tx.session.scalars(
            select(DeliveryRow).where(DeliveryRow.state == "accepted").order_by(DeliveryRow.id)
        )
    )


def deliveries_of_person(tx: Tx, person_id: str) -> list[DeliveryRow]:
    """Newest first."""
    return list(
        tx.session.scalars(
            select(DeliveryRow).where(DeliveryRow.person_id == person_id).order_by(DeliveryRow.id.desc())
        )
    )


def reviews(tx: Tx, delivery_id: str) -> list[ReviewRow]:
    """What was decided about a delivery, oldest first."""
    return list(
        tx.session.scalars(
            select(ReviewRow).where(ReviewRow.delivery_id == delivery_id).order_by(ReviewRow.id)
        )
    )


def amounts(tx: Tx, row: DeliveryRow) -> Due:
    """What the delivery owes when it is accepted (or owed, when it was)."""
    instance = instances.instance(tx, row.instance_id)
    round_ = instances.task_row(tx, row.task_id).round
    return quotes.owed(tx, instance.quote_id, row.node_id, round_=round_, sent_back=row.times_sent_back)
