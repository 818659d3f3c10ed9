"""Documents of running services."""

from __future__ import annotations

from marshmallow import fields

from server.http import documents as d


class NodeState(d.Document):
    """What the live diagram shows at a task."""

    node = d.plain("The task's id in the diagram.", required=True)
    state = d.plain("waiting, late or done.", required=True)
    count = d.number("How many run-time tasks are in that state.", required=True)


class RunTimeTask(d.Document):
    """One execution of a task."""

    id = d.plain("The run-time task's id.", required=True)
    node = d.plain("The task's id in the diagram.", required=True)
    round = d.number("1 for the first execution in the instance, then 2, 3 …", required=True)
    skill = d.plain("Who can do it.", required=True)
    state = d.plain("ready, waiting_review, completed or cancelled.", required=True)
    assignee_id = d.plain("Who has it.", required=True, allow_none=True)
    ready_at = d.moment("Since when it can be done.", required=True)
    due_at = d.moment("Until when it should be done.", required=True, allow_none=True)
    completed_at = d.moment("When it was done.", required=True, allow_none=True)


class DeliveryLine(d.Document):
    """What was handed over for a task."""

    id = d.plain("The delivery's id.", required=True)
    task_id = d.plain("The run-time task.", required=True)
    node = d.plain("The task's id in the diagram.", required=True)
    state = d.plain("waiting, sent_back or accepted.", required=True)
    risk = d.number("0 clean … 100.", required=True)
    delivered_at = d.moment("When it was handed over.", required=True)
    accepted_at = d.moment("When it was accepted.", required=True, allow_none=True)
    times_sent_back = d.number("How often it was sent back.", required=True)
    version = d.number("Name it when you decide.", required=True)


class Incident(d.Document):
    """An automatic step that failed."""

    node = d.plain("Where in the diagram.", required=True)
    code = d.plain("The problem's code; empty for one of an early release.", required=True)
    message = d.plain("What happened.", required=True)
    at = d.moment("When.", required=True)


class Waiting(d.Document):
    """A message or signal that an instance waits for."""

    kind = d.plain("message or signal.", required=True)
    name = d.plain("Its name in the diagram.", required=True)
    key = d.plain("Which one is meant; empty: any.", required=True)
    node = d.plain("Where in the diagram.", required=True)


class OpenRequest(d.Document):
    """What an instance asked of the outside that is not done."""

    id = d.plain("The request's id; a webhook is told it each time.", required=True)
    kind = d.plain("service, message or signal.", required=True)
    name = d.plain("The operation, message or signal.", required=True)
    key = d.plain("Which instance the message is for; empty: any.", required=True)
    node = d.plain("Where in the diagram.", required=True)
    made_at = d.moment("When it was asked.", required=True)
    attempts = d.number("How often it was tried.", required=True)
    next_try_at = d.moment("When it is tried next; null: given up.", required=True, allow_none=True)
    last_error = d.plain("Why the last attempt did not work.", required=True)


class Change(d.Document):
    """One change of an instance."""

    version = d.number("Of the instance after the change.", required=True)
    command_id = d.plain("The command that changed it.", required=True)
    command = d.plain(
        "start, complete, claim, return, assign, proceed, retry, cancel, migrate …", required=True
    )
    at = d.moment("When.", required=True)
    actor = d.plain("Account or person; system: the machine.", required=True)
    events = fields.List(
        fields.Dict(), required=True,
        metadata={"description": "What happened, in its order; `event` names the kind of each."},
    )  # fmt: skip


class Outcome(d.Document):
    """What a command did; a command that is sent again is answered as the first time."""

    instance_id = d.plain("The instance.", required=True)
    version = d.number("Of the instance after the command.", required=True)
    command_id = d.plain("The command's id.", required=True)
    at = d.moment("When it was carried out.", required=True)
    repeated = d.yes_no("Whether it was carried out before, and nothing was done now.", required=True)
    events = fields.List(fields.Dict(), required=True, metadata={"description": "What happened."})


_COMMAND_ID = (
    "A new id (UUID) that you make: sent again with the same content, the command is carried out once."
)


class Command(d.Document):
    """A command without further content."""

    command_id = d.identifier(_COMMAND_ID, load_default=None)


class Cancellation(Command):
    """Ending an instance."""

    reason = d.text(1000, "Why; those who may read the work are told.", required=True)


class Message(Command):
    """A message for an instance."""

    name = d.line(200, "The message's name in the diagram.", required=True)
    key = d.line(200, "Which one is meant.", minimum=0, load_default="")
    values = fields.Dict(
        load_default=dict, keys=fields.String(),
        metadata={"description": "Names and values; kept is what the diagram reads. Decimal numbers as text."},
    )  # fmt: skip


class Signal(Command):
    """A signal for an instance."""

    name = d.line(200, "The signal's name in the diagram.", required=True)
    values = fields.Dict(
        load_default=dict, keys=fields.String(),
        metadata={"description": "Names and values; kept is what the diagram reads. Decimal numbers as text."},
    )  # fmt: skip


class Deadline(Command):
    """A boundary event for a task that is open already."""

    node = d.code("The boundary event's id in the diagram.", required=True)


class MigrationOrder(Command):
    """Going on with another version."""

    version_id = d.identifier("A published version of the same service.", required=True)


class MigrationReport(d.Document):
    """How an instance fits a version."""

    instance_id = d.plain("The instance.", required=True)
    region = d.plain("Code of the village.", required=True)
    from_version = d.plain("The version it ran.", required=True)
    to_version = d.plain("The version asked for.", required=True)
    possible = d.yes_no("Whether it can be done.", required=True)
    done = d.yes_no("Whether it was done.", required=True)
    unattached = fields.List(
        fields.String(), required=True,
        metadata={"description": "New boundary events of tasks that are open: add them as deadlines."},
    )  # fmt: skip
    problems = d.many(d.SingleProblem, "What is in the way.", required=True)


class Instance(d.Document):
    """A service running in a village."""

    id = d.plain("The instance's id.", required=True)
    project_id = d.plain("Its project.", required=True, allow_none=True)
    request_id = d.plain("The request it started from.", required=True)
    service_version_id = d.plain("The version it runs, to its end.", required=True)
    quote_id = d.plain("The accepted quote that pays it.", required=True)
    region = d.plain("Code of the village.", required=True)
    status = d.plain("running, work_done, accepted, evaluated, closed or cancelled.", required=True)
    started_at = d.moment("When it started.", required=True)
    ended_at = d.moment("When it ended.", required=True, allow_none=True)
    due_at = d.moment("When its next timer is due.", required=True, allow_none=True)
    data = fields.Dict(required=True, metadata={"description": "What conditions and quantities read."})
    states = d.many(NodeState, "The state of the diagram.", required=True)
    tasks = d.many(RunTimeTask, "All run-time tasks, in the order they became ready.", required=True)
    deliveries = d.many(DeliveryLine, "What was handed over, oldest first.", required=True)
    incidents = d.many(Incident, "What failed and is not resolved.", required=True)
    version = d.number("How many changes it went through.", required=True)
    pending = d.yes_no("Whether automatic steps are about to follow.", required=True)
    waiting_for = d.many(Waiting, "Messages and signals it waits for.", required=True)
    requests = d.many(OpenRequest, "What it asked of the outside that is not done.", required=True)
