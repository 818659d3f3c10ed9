"""Running services over the API."""

from __future__ import annotations

from flask import g

from server.actor import Action
from server.deliveries import service as deliveries
from server.deliveries.service import DeliveryRow
from server.http.documents import Values
from server.http.operations import ApiBlueprint
from server.http.security import permission
from server.http.visibility import require_visible
from server.instances import schemas
from server.instances import service as instances
from server.instances.service import TaskRow
from server.regions import service as regions
from server.runtime import Tx

api = ApiBlueprint("instances_api", __name__, tag="Instances", description="Services running in villages.")


@api.operation("GET", "/instances/<uuid:instance_id>", answer=schemas.Instance)
@permission(Action.INSTANCE_READ)
def read_instance(instance_id: str) -> Values:
    """Read an instance: the state of its diagram, its tasks, its deliveries."""
    return g.runtime.read(g.actor, _instance, instance_id)  # type: ignore[no-any-return]


def _instance(tx: Tx, instance_id: str) -> Values:
    row = instances.instance(tx, instance_id)
    where = regions.place(tx, row.region_code)
    require_visible(tx, Action.INSTANCE_READ, where, what="instance", key=instance_id)
    return {
        "id": row.id, "project_id": row.project_id, "request_id": row.request_id,
        "service_version_id": row.service_version_id, "quote_id": row.quote_id, "region": row.region_code,
        "status": row.status, "started_at": row.started_at, "ended_at": row.ended_at, "due_at": row.due_at,
        "data": row.data,
        "states": [
            {"node": node, "state": found.state, "count": found.count}
            for node, found in instances.node_states(tx, [instance_id]).items()
        ],
        "tasks": [run_time_task(task) for task in instances.tasks_of_instance(tx, instance_id)],
        "deliveries": [delivery_line(d) for d in deliveries.deliveries_of_instances(tx, [instance_id])],
        "incidents": [
            {"node": i.node_id, "message": i.message, "at": i.at}
            for i in instances.incidents(tx, [instance_id])
        ],
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
