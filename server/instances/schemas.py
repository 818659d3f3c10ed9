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
    message = d.plain("What happened.", required=True)
    at = d.moment("When.", required=True)


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
