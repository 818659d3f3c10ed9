"""What steps of the engine mean for people: tasks open and close, incidents are resolved, the journal tells it.

Idea: one step or many, what follows from them is gathered and then written with one statement for each table,
not one for each instance. So a sweep that fires the timers of many instances in a transaction asks the database
a dozen things, not a dozen for each of them.
"""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from sqlalchemy import bindparam, func, or_, select, update
from sqlalchemy.orm.attributes import set_committed_value

from server.adoptions import service as adoptions
from server.instances.models import IncidentRow, InstanceRow, TaskRow
from server.instances.statements import table_of
from server.journal import service as journal
from server.journal.service import Event
from server.quotes import service as quotes
from server.runtime import Tx
from workflows.definitions.model import Definition
from workflows.engine import Changes, WorkItem

_TASK, _INCIDENT = table_of(TaskRow), table_of(IncidentRow)
_OPEN = ("ready", "waiting_review")
_CLOSE = (
    update(_TASK)
    .where(
        _TASK.c.instance_id == bindparam("in_instance"), _TASK.c.engine_task_id == bindparam("task"),
        or_(*(_TASK.c.state == state for state in _OPEN)),
    )
    .values(state="cancelled")
)  # fmt: skip
_RESOLVE = (
    update(_INCIDENT)
    .where(
        _INCIDENT.c.instance_id == bindparam("in_instance"), _INCIDENT.c.engine_task_id == bindparam("task"),
        _INCIDENT.c.resolved_at.is_(None),
    )
    .values(resolved_at=bindparam("now"))
)  # fmt: skip


class Consequences:
    """What follows from steps and is not written yet."""

    def __init__(self) -> None:
        self._opened: list[tuple[InstanceRow, Definition, WorkItem]] = []
        self._closed: list[tuple[str, str]] = []
        self._gone: list[tuple[str, str]] = []

    def add(self, row: InstanceRow, definition: Definition, changes: Changes) -> None:
        """Gather what follows from one step of an instance."""
        self._opened += ((row, definition, item) for item in changes.opened)
        self._closed += ((row.id, task_id) for task_id in changes.closed)
        self._gone += ((row.id, task_id) for task_id in changes.removed)

    def write(self, tx: Tx) -> None:
        """Write all that was gathered, in the order in which it happened, and what the session holds."""
        tx.session.flush()
        if self._opened:
            self._open_tasks(tx)
        if self._closed:
            self._close_tasks(tx)
        if self._gone:
            self._resolve_incidents(tx)
        for gathered in (self._opened, self._closed, self._gone):
            gathered.clear()

    def _open_tasks(self, tx: Tx) -> None:
        """Tasks have become ready: each gets its row, its deadline and its line in the journal."""
        rounds = _rounds(tx, {row.id for row, _, _ in self._opened})
        rows, entries = [], []
        for row, definition, item in self._opened:
            card = definition.node(item.node_id).task
            number = rounds[row.id, item.node_id] = rounds.get((row.id, item.node_id), 0) + 1
            days = card.deadline_days if card else None
            adoption = quotes.adoption_of(tx, row.quote_id)
            task_id = tx.new_id()
            rows.append(
                {
                    "id": task_id, "instance_id": row.id, "engine_task_id": item.task_id,
                    "node_id": item.node_id, "round": number, "skill": card.skill if card else "",
                    "state": "ready", "ready_at": tx.now,
                    "due_at": adoptions.due(tx, adoption, item.node_id, days, tx.now),
                }
            )  # fmt: skip
            public = {"instance": row.id, "node": item.node_id, "round": number}
            entries.append(journal.Entry(Event.TASK_READY, task_id, row.region_code, public))
        tx.session.execute(_TASK.insert(), rows)
        journal.record_all(tx, entries)

    def _close_tasks(self, tx: Tx) -> None:
        """Withdraw the tasks that nobody completed."""
        closed = set(self._closed)
        tx.session.connection().execute(_CLOSE, _keys(self._closed))
        held = (each for each in tx.session.identity_map.values() if isinstance(each, TaskRow))
        for task in held:
            if task.state in _OPEN and (task.instance_id, task.engine_task_id) in closed:
                set_committed_value(task, "state", "cancelled")

    def _resolve_incidents(self, tx: Tx) -> None:
        """A step that failed and is gone, done or withdrawn, is no incident any more."""
        query = select(_INCIDENT.c.instance_id).where(
            _INCIDENT.c.instance_id.in_({key for key, _ in self._gone}), _INCIDENT.c.resolved_at.is_(None)
        )
        held = set(tx.session.scalars(query))
        gone = [(key, str(UUID(hex=task_id))) for key, task_id in self._gone if key in held]
        if gone:
            tx.session.connection().execute(_RESOLVE, [{**key, "now": tx.now} for key in _keys(gone)])


def _keys(pairs: Iterable[tuple[str, str]]) -> list[dict[str, object]]:
    return [{"in_instance": instance_id, "task": task_id} for instance_id, task_id in pairs]


def _rounds(tx: Tx, instance_ids: set[str]) -> dict[tuple[str, str], int]:
    """How often each node of these instances was carried out already."""
    query = (
        select(_TASK.c.instance_id, _TASK.c.node_id, func.count())
        .where(_TASK.c.instance_id.in_(instance_ids))
        .group_by(_TASK.c.instance_id, _TASK.c.node_id)
    )
    return {(instance_id, node_id): count for instance_id, node_id, count in tx.session.execute(query)}
