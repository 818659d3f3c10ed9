"""What a diagram shows of an instance or of a project now: at each task how many are where, who, since when.

A task's worst state comes first, the others are counted beside it. Names are told to those who may know people.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

from server.actor import Action, can
from server.deliveries import service as deliveries
from server.deliveries.service import DeliveryRow
from server.http.locale import format_day, gettext, ngettext
from server.http.navigation import N_
from server.instances import service as instances
from server.instances.service import TaskRow
from server.people import service as people
from server.projects import service as projects
from server.runtime import Tx
from server.tracking.timeline import timeline_lines

LABELS: Final = {
    "waiting": (N_("%(number)s under way"), N_("%(number)s under way")),
    "late": (N_("%(number)s late"), N_("%(number)s late")),
    "done": (N_("%(number)s done"), N_("%(number)s done")),
    "sent_back": (N_("%(number)s sent back"), N_("%(number)s sent back")),
    "in_review": (N_("%(number)s to be checked"), N_("%(number)s to be checked")),
}
WORST: Final = ("late", "sent_back", "waiting", "in_review", "done")
OPEN: Final = frozenset(WORST) - {"done"}
HEAT_LEVELS: Final = 5


@dataclass(frozen=True, slots=True)
class Subject:
    """What is followed: an instance or a project, by its id."""

    kind: Literal["instance", "project"]
    id: str


@dataclass(frozen=True, slots=True)
class _Run:
    """A run-time task: its state, and who has had it since when."""

    state: str
    who: str
    since: datetime


def check(tx: Tx, subject: Subject) -> None:
    """Raise NotFound unless the actor may see it."""
    if subject.kind == "instance":
        instances.visible(tx, subject.id)
    else:
        projects.visible(tx, subject.id)


def state(tx: Tx, subject: Subject) -> dict[str, Any]:
    """{"nodes": {id: {"state", "count", "label", "counts", "heat"}}}; of an instance also its "timeline".

    Raises NotFound for what may not be seen.
    """
    check(tx, subject)
    ids = instances_of(tx, subject)
    if subject.kind == "project":
        return {"nodes": node_labels(tx, ids, with_heat=True)}
    return {"nodes": node_labels(tx, ids), "timeline": timeline_lines(tx, subject.id)}


def instances_of(tx: Tx, subject: Subject) -> list[str]:
    """The ids of the instances that are shown."""
    if subject.kind == "instance":
        return [subject.id]
    return [v.instance_id for v in projects.villages(tx, subject.id) if v.instance_id]


def mark(tx: Tx, subject: Subject) -> object:
    """Something small that is another one when the state changed by what people or the engine did."""
    ids = instances_of(tx, subject)
    return len(ids), instances.newest_versions(tx, ids), deliveries.versions_of_instances(tx, ids)


def node_labels(tx: Tx, instance_ids: Sequence[str], *, with_heat: bool = False) -> dict[str, object]:
    """The state of each task node over these instances. with_heat: 1 to 5 where many of them are held up."""
    runs = _runs(tx, instance_ids)
    return {node: _node(found, len(instance_ids), with_heat=with_heat) for node, found in runs.items()}


def _runs(tx: Tx, instance_ids: Sequence[str]) -> dict[str, list[_Run]]:
    made = {d.task_id: d for d in deliveries.deliveries_of_instances(tx, instance_ids)}
    rows = [t for t in instances.tasks_of_instances(tx, instance_ids) if t.state != "cancelled"]
    names = _names(tx, rows)
    found: dict[str, list[_Run]] = {}
    for task in rows:
        found.setdefault(task.node_id, []).append(_run(tx, task, made.get(task.id), names))
    return found


def _names(tx: Tx, rows: Sequence[TaskRow]) -> Mapping[str, str]:
    if not can(tx.actor, Action.PERSON_READ):
        return {}
    known = people.people(tx, sorted({t.assignee_id for t in rows if t.assignee_id}))
    return {id_: person.name for id_, person in known.items()}


def _run(tx: Tx, task: TaskRow, delivery: DeliveryRow | None, names: Mapping[str, str]) -> _Run:
    who = names.get(task.assignee_id or "", "")
    found = task_state(task, delivery.state if delivery else None, tx.now)
    return _Run(found, who, delivery.since if delivery else task.ready_at)


def task_state(task: TaskRow, delivery_state: str | None, now: datetime) -> str:
    """A run-time task as people see it: late, waiting (work), in_review, sent_back or done."""
    if delivery_state == "accepted":
        return "done"
    if delivery_state is not None:
        return "sent_back" if delivery_state == "sent_back" else "in_review"
    return "late" if task.due_at is not None and task.due_at < now else "waiting"


def _node(runs: Sequence[_Run], total: int, *, with_heat: bool) -> dict[str, object]:
    by_state = {state: [run for run in runs if run.state == state] for state in WORST}
    badges = [
        {"state": state, "count": len(found), "label": _label(state, found)}
        for state, found in by_state.items()
        if found
    ]
    held_up = sum(run.state in OPEN for run in runs)
    node: dict[str, object] = {**badges[0], "counts": badges[1:]}
    if with_heat and held_up:
        node["heat"] = min(HEAT_LEVELS, -(-HEAT_LEVELS * held_up // max(1, total)))
    return node


def _label(state: str, runs: Sequence[_Run]) -> str:
    """How many are in a state; of one that is open also who has it since when."""
    words = ngettext(*LABELS[state], len(runs))
    if len(runs) > 1 or state == "done":
        return words
    since = gettext("since %(when)s", when=format_day(runs[0].since))
    detail = f"{runs[0].who}, {since}" if runs[0].who else since
    return gettext("%(label)s: %(text)s", label=words, text=detail)
