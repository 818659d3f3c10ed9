"""An instance as one document: the form in which release 0.1.0 kept it, and that of snapshots.

A document is JSON: definition, status, the scopes of data, and per process (the root, then sub-processes after
the one they are in) its tasks with the root of the tree first; a parent is named by its place.
"""

from __future__ import annotations

from typing import Any, Final, get_args

import orjson

from workflows.engine.errors import StateUnreadable
from workflows.engine.records import Records, ScopeRecord, TaskRecord
from workflows.engine.steps import InstanceState, Status

FORMAT: Final = "spiffworkflow-3.2/1"
"""Name of the format; a new one when older documents would be read otherwise."""
_FINISHED: Final = 64
_ROOT: Final = ["0" * 32, -1, "(start)", 64, 0, 0, None]
"""The record of a root that is over, which has no row."""


def written(records: Records) -> InstanceState:
    """The document of these rows."""
    inside: dict[str, list[TaskRecord]] = {}
    for row in sorted(records.tasks, key=lambda row: row.order):
        inside.setdefault(row.workflow, []).append(row)
    workflows = []
    waiting = [""]
    while waiting:
        workflow = waiting.pop()
        tasks = inside.pop(workflow, [])
        workflows.append([workflow or None, _tasks(tasks)])
        waiting.extend(row.task_id for row in tasks if row.task_id in inside)
    document = {
        "definition": records.definition,
        "status": records.status,
        "scopes": [[row.number, row.up, row.index, orjson.loads(row.values)] for row in records.scopes],
        "workflows": workflows,
    }
    return InstanceState(orjson.dumps(document), FORMAT)


def _tasks(rows: list[TaskRecord]) -> list[list[Any]]:
    place = {row.task_id: number for number, row in enumerate(rows, start=1)}
    return [
        _ROOT,
        *(
            [
                row.task_id,
                place.get(row.parent, 0),
                row.node,
                row.state,
                row.order,
                row.scope,
                orjson.loads(row.notes) if row.notes else None,
            ]
            for row in rows
        ),
    ]


def read(state: InstanceState) -> Records:
    """The rows of a document; raises StateUnreadable."""
    if state.engine != FORMAT:
        raise StateUnreadable(why=f"its format is {state.engine[:40]}, this engine reads {FORMAT}")
    try:
        document = orjson.loads(state.document)
        if document["status"] not in get_args(Status) or document["workflows"][0][0] is not None:
            raise ValueError("not a state")
        return Records(
            tasks=tuple(row for parent, given in document["workflows"] for row in _rows(parent or "", given)),
            scopes=tuple(
                ScopeRecord(number, up, index, orjson.dumps(values).decode())
                for number, up, index, values in document["scopes"]
            ),
            status=document["status"],
            definition=document["definition"],
        )
    except (ValueError, KeyError, TypeError, IndexError, AttributeError) as error:
        raise StateUnreadable(why="it is damaged") from error


def _rows(workflow: str, given: list[list[Any]]) -> list[TaskRecord]:
    rows = []
    for key, parent, node, state, order, scope, notes in given:
        if parent >= 0 or state < _FINISHED:  # the root is the first, and not kept when it is over
            above = given[parent][0] if parent >= 0 and (parent or given[0][3] < _FINISHED) else ""
            text = orjson.dumps(notes).decode() if notes else ""
            rows.append(TaskRecord(key, workflow, above, node, state, order, scope, text))
    return rows
