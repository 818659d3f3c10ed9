"""What happened in an instance, in words and without names: the page and the stream tell the same.

The journal knows it; which of its events people are told is said here once.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from server.catalogue import service as catalogue
from server.deliveries import service as deliveries
from server.http.locale import format_moment, gettext
from server.http.navigation import N_
from server.http.words import node_title
from server.instances import service as instances
from server.journal import service as journal
from server.journal.service import Event
from server.runtime import Tx

MOST: Final = 40
"""Lines that are shown, the newest."""
EVENTS: Mapping[str, str] = {
    Event.REQUEST_MADE: N_("The village asked for the service"),
    Event.INSTANCE_STARTED: N_("Started"),
    Event.TASK_READY: N_("Task opened: %(task)s"),
    Event.TASK_ASSIGNED: N_("Given to a facilitator: %(task)s"),
    Event.TASK_COMPLETED: N_("Work done: %(task)s"),
    Event.DELIVERY_MADE: N_("Delivered: %(task)s"),
    Event.DELIVERY_SENT_BACK: N_("Sent back: %(task)s"),
    Event.SECOND_CHECK_MADE: N_("Checked a second time: %(task)s"),
    Event.DELIVERY_ACCEPTED: N_("Accepted, money owed: %(task)s"),
    Event.INSTANCE_WORK_DONE: N_("All work is done"),
    Event.INSTANCE_ACCEPTED: N_("Everything is accepted"),
    Event.TASK_RETURNED: N_("Given back: %(task)s"),
    Event.INSTANCE_MIGRATED: N_("Goes on with another version of the service"),
    Event.INSTANCE_CANCELLED: N_("Cancelled"),
    Event.INSTANCE_NOTE: N_("Noted: %(task)s"),
    Event.INCIDENT: N_("Incident at %(task)s"),
}


def timeline(tx: Tx, instance_id: str) -> list[tuple[datetime, str]]:
    """What happened in an instance, newest first, without names."""
    row = instances.instance(tx, instance_id)
    definition = catalogue.package(tx, row.service_version_id).definition
    tasks = {t.id: t.node_id for t in instances.tasks_of_instance(tx, instance_id)}
    made = {d.id: d.node_id for d in deliveries.deliveries_of_instances(tx, [instance_id])}
    nodes, drawn = {**tasks, **made}, definition.every_node()

    def words(event: str, object_id: str, public: Mapping[str, Any]) -> str:
        node = drawn.get(nodes.get(object_id) or str(public.get("node", "")))
        title = node_title(node) if node is not None else ""
        return (
            gettext(EVENTS[event], task=title or object_id)
            if "%(" in EVENTS[event]
            else gettext(EVENTS[event])
        )

    rows = journal.of_objects(tx, [instance_id, row.request_id, *nodes])
    return [(r.at, words(r.event, r.object_id, r.public)) for r in reversed(rows) if r.event in EVENTS]


def timeline_lines(tx: Tx, instance_id: str) -> list[dict[str, str]]:
    """The newest lines as the page shows them, in the reader's language: `at` (ISO 8601), `moment` and `words`."""
    return [
        {"at": at.isoformat(), "moment": format_moment(at), "words": words}
        for at, words in timeline(tx, instance_id)[:MOST]
    ]
