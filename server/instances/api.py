"""Running services over the API."""

from __future__ import annotations

from collections.abc import Callable

from flask import g

from server.actor import Action
from server.deliveries import service as deliveries
from server.deliveries.service import DeliveryRow
from server.http import paging
from server.http.documents import DryRunQuery, PageQuery, Values, page_of, problem
from server.http.operations import ApiBlueprint
from server.http.security import permission
from server.http.visibility import require_visible
from server.instances import schemas
from server.instances import service as instances
from server.instances.outbox import describe, exact
from server.instances.service import InstanceRow, Report, TaskRow
from server.instances.store import Outcome, read_events
from server.instances.words import incident_text
from server.regions import service as regions
from server.runtime import Tx

api = ApiBlueprint("instances_api", __name__, tag="Instances", description="Services running in villages.")


@api.operation("GET", "/instances/<uuid:instance_id>", answer=schemas.Instance)
@permission(Action.INSTANCE_READ)
def read_instance(instance_id: str) -> Values:
    """Read an instance: the state of its diagram, its tasks, its deliveries."""
    return g.runtime.read(g.actor, _instance, instance_id)  # type: ignore[no-any-return]


def _instance(tx: Tx, instance_id: str) -> Values:
    row = _find(tx, instance_id)
    return {
        "id": row.id, "project_id": row.project_id, "request_id": row.request_id,
        "service_version_id": row.service_version_id, "quote_id": row.quote_id, "region": row.region_code,
        "status": row.status, "started_at": row.started_at, "ended_at": row.ended_at,
        "due_at": instances.next_due(tx, row), "data": row.data, "version": row.version,
        "pending": row.pending,
        "states": [
            {"node": node, "state": found.state, "count": found.count}
            for node, found in instances.node_states(tx, [instance_id]).items()
        ],
        "tasks": [run_time_task(task) for task in instances.tasks_of_instance(tx, instance_id)],
        "deliveries": [delivery_line(d) for d in deliveries.deliveries_of_instances(tx, [instance_id])],
        "incidents": [
            {"node": i.node_id, "code": i.code, "message": incident_text(i), "at": i.at}
            for i in instances.incidents(tx, [instance_id])
        ],
        "waiting_for": [
            {"kind": s.kind, "name": s.name, "key": s.key, "node": s.node_id}
            for s in instances.subscriptions(tx, instance_id)
        ],
        "requests": [describe(r) for r in instances.undone_requests(tx, [instance_id])],
    }  # fmt: skip


def _find(tx: Tx, instance_id: str) -> InstanceRow:
    row = instances.instance(tx, instance_id)
    where = regions.place(tx, row.region_code)
    require_visible(tx, Action.INSTANCE_READ, where, what="instance", key=instance_id)
    return row


@api.operation(
    "GET", "/instances/<uuid:instance_id>/changes", query=PageQuery, answer=page_of(schemas.Change)
)
@permission(Action.INSTANCE_READ)
def list_instance_changes(instance_id: str, query: Values) -> Values:
    """List all that changed an instance, oldest first; what release 0.1.0 did is not among it."""
    return g.runtime.read(g.actor, _changes, instance_id, query)  # type: ignore[no-any-return]


def _changes(tx: Tx, instance_id: str, query: Values) -> Values:
    _find(tx, instance_id)
    return paging.document(
        instances.history(tx, instance_id), lambda change: (change.version,),
        lambda change: {
            "version": change.version, "command_id": change.command_id, "command": change.command,
            "at": change.at, "actor": change.actor, "events": list(change.events),
        },
        **query,
    )  # fmt: skip


# Commands ---------------------------------------------------------------------------------------------


@api.operation("POST", "/instances/<uuid:instance_id>/retry", body=schemas.Command, answer=schemas.Outcome)
@permission(Action.INSTANCE_CHANGE)
def retry_instance(instance_id: str, body: Values) -> Values:
    """Try the automatic steps that failed again; what fails again is a new incident."""
    return _command(instances.retry, instance_id, body)


@api.operation(
    "POST", "/instances/<uuid:instance_id>/cancellation", body=schemas.Cancellation, answer=schemas.Outcome
)
@permission(Action.INSTANCE_CHANGE)
def cancel_instance(instance_id: str, body: Values) -> Values:
    """End an instance: its open tasks are withdrawn; what was delivered stays and is paid when accepted."""
    return _command(instances.cancel, instance_id, body, reason=body["reason"])


@api.operation("POST", "/instances/<uuid:instance_id>/messages", body=schemas.Message, answer=schemas.Outcome)
@permission(Action.INSTANCE_CHANGE)
def deliver_message(instance_id: str, body: Values) -> Values:
    """Hand a message to what waits for it in the instance."""
    values = exact(body["values"])
    return _command(instances.deliver_message, instance_id, body, body["name"], values, key=body["key"])


@api.operation("POST", "/instances/<uuid:instance_id>/signals", body=schemas.Signal, answer=schemas.Outcome)
@permission(Action.INSTANCE_CHANGE)
def signal_instance(instance_id: str, body: Values) -> Values:
    """Let everything in the instance that waits for a signal have it."""
    return _command(instances.signal, instance_id, body, body["name"], exact(body["values"]))


@api.operation("POST", "/tasks/<uuid:task_id>/deadlines", body=schemas.Deadline, answer=schemas.Outcome)
@permission(Action.INSTANCE_CHANGE)
def add_deadline(task_id: str, body: Values) -> Values:
    """Attach a boundary event of the diagram to a task that is open already, as after a migration."""

    def add(tx: Tx) -> Outcome:
        _find(tx, instances.task_row(tx, task_id).instance_id)
        return instances.add_deadline(tx, task_id, body["node"], command_id=command_id(body))

    return outcome_document(g.runtime.run(g.actor, add))


@api.operation(
    "POST",
    "/instances/<uuid:instance_id>/migration",
    query=DryRunQuery,
    body=schemas.MigrationOrder,
    answer=schemas.MigrationReport,
)
@permission(Action.INSTANCE_CHANGE)
def migrate_instance(instance_id: str, body: Values, query: Values) -> Values:
    """Let an instance go on with another version of its service, or say what is in the way of it."""

    def migrate(tx: Tx) -> Report:
        _find(tx, instance_id)
        return instances.migrate(
            tx, instance_id, str(body["version_id"]), dry_run=query["dry_run"], command_id=command_id(body)
        )

    carried_out = g.runtime.read if query["dry_run"] else g.runtime.run
    return report_document(carried_out(g.actor, migrate))


def _command(
    command: Callable[..., Outcome], instance_id: str, body: Values, *content: object, **more: object
) -> Values:
    def carry_out(tx: Tx) -> Outcome:
        _find(tx, instance_id)
        return command(tx, instance_id, *content, **more, command_id=command_id(body))

    return outcome_document(g.runtime.run(g.actor, carry_out))


def command_id(body: Values) -> str | None:
    """The client's id of a command, as text."""
    return str(body["command_id"]) if body["command_id"] else None


def outcome_document(outcome: Outcome) -> Values:
    """What a command did, as the API answers it."""
    return {
        "instance_id": outcome.instance_id, "version": outcome.version, "command_id": outcome.command.id,
        "at": outcome.command.at, "repeated": outcome.repeated, "events": list(read_events(outcome.events)),
    }  # fmt: skip


def report_document(report: Report) -> Values:
    """How an instance fits a version, as the API answers it."""
    return {
        "instance_id": report.instance_id, "region": report.region, "from_version": report.from_version,
        "to_version": report.to_version, "possible": report.possible, "done": report.done,
        "unattached": list(report.unattached), "problems": [problem(p) for p in report.problems],
    }  # fmt: skip


def run_time_task(task: TaskRow) -> Values:
    """A run-time task as the API answers it."""
    return {
        "id": task.id, "node": task.node_id, "round": task.round, "skill": task.skill, "state": task.state,
        "assignee_id": task.assignee_id, "ready_at": task.ready_at, "due_at": task.due_at,
        "completed_at": task.completed_at,
    }  # fmt: skip


def delivery_line(row: DeliveryRow) -> Values:
    """A delivery as lists show it."""
    return {
        "id": row.id, "task_id": row.task_id, "node": row.node_id, "state": row.state, "risk": row.risk,
        "delivered_at": row.delivered_at, "accepted_at": row.accepted_at,
        "times_sent_back": row.times_sent_back, "version": row.version,
    }  # fmt: skip
