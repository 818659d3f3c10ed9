"""What waits for a person, by what they may do: the list that every start page begins with."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from flask import url_for

from server.actor import Action, Actor, Role, can
from server.adoptions import service as adoptions
from server.batches import worklist
from server.deliveries import service as deliveries
from server.drafts import views
from server.http.locale import format_number, format_since, gettext, localised, ngettext
from server.instances import service as instances
from server.price_lists import service as price_lists
from server.projects import service as projects
from server.regions import service as regions
from server.runtime import Tx

Need = tuple[str, str, str]
"""(words, address, how long it has waited)"""


@dataclass(frozen=True, slots=True)
class ProjectStrip:
    """A project at a glance: its tasks by what happens to them now."""

    name: str
    address: str
    status: str
    villages: int
    done: int
    checking: int
    to_do: int
    late: int

    @property
    def total(self) -> int:
        return self.done + self.checking + self.to_do + self.late


def needs_of(tx: Tx) -> tuple[list[Need], list[ProjectStrip]]:
    """What the actor has to do, the most urgent kind first, and how the projects they may see are going."""
    needs = [
        *_incidents_and_orders(tx), *_reviews(tx), *_tasks(tx), *_drafts(tx), *_payments(tx), *_prices(tx),
        *_adoptions(tx)
    ]  # fmt: skip
    return needs, _strips(tx) if can(tx.actor, Action.PROJECT_READ) else []


def home_path(actor: Actor) -> str:
    """The region path the person works in: that of their first role; "" = everywhere."""
    return actor.grants[0].path if actor.grants else ""


def _oldest(tx: Tx, moments: Sequence[datetime]) -> str:
    return gettext("oldest: %(time)s", time=format_since(min(moments), tx.now)) if moments else ""


def _reviews(tx: Tx) -> Iterator[Need]:
    if not can(tx.actor, Action.DELIVERY_REVIEW):
        return
    waiting = deliveries.queue(tx, home_path(tx.actor))
    if waiting:
        words = ngettext(
            "%(number)s delivery waits for your decision", "%(number)s deliveries wait for your decision",
            len(waiting),
        )  # fmt: skip
        yield words, url_for("deliveries.queue"), _oldest(tx, [row.since for row in waiting])


def _tasks(tx: Tx) -> Iterator[Need]:
    if tx.actor.person_id is None or not tx.actor.has(Role.FACILITATOR):
        return
    tasks = instances.tasks_of_person(tx, tx.actor.person_id)
    if tasks:
        words = ngettext("%(number)s task to do", "%(number)s tasks to do", len(tasks))
        yield words, url_for("submissions.my_tasks"), ""


def _payments(tx: Tx) -> Iterator[Need]:
    """What finance has to decide, of which the page of the day says more."""
    if can(tx.actor, Action.BATCH_READ):
        for item in worklist.items(tx):
            yield item.words, item.address, format_since(item.since, tx.now) if item.since else ""


def _drafts(tx: Tx) -> Iterator[Need]:
    """Drafts of services that wait for the actor: to be reviewed, corrected or published."""
    if not can(tx.actor, Action.SERVICE_DRAFT):
        return
    for line in views.draft_list(tx).waiting:
        row = line.row
        name = localised(row.names) or row.service_code
        words = {
            "review": gettext("The draft of %(service)s waits for your review", service=name),
            "publish": gettext("The draft of %(service)s is approved: publish it", service=name),
        }.get(line.step, gettext("The draft of %(service)s was sent back to you", service=name))
        page = "draft_reviews.review_page" if line.step == "review" else "drafts.overview"
        yield words, url_for(page, draft_id=row.id), format_since(row.changed_at, tx.now)


def _prices(tx: Tx) -> Iterator[Need]:
    if not can(tx.actor, Action.PRICE_APPROVE):
        return
    for row in price_lists.price_lists(tx):
        if row.status == "draft" and row.imported_by != tx.actor.user_id:
            words = gettext(
                "Price list %(list)s waits for approval (%(rows)s prices)",
                list=row.code, rows=format_number(row.row_count),
            )  # fmt: skip
            address = url_for("price_lists.price_list", list_id=row.id)
            yield words, address, format_since(row.imported_at, tx.now)


def _adoptions(tx: Tx) -> Iterator[Need]:
    """Proposals of others to confirm; versions that were adopted and may, or should, no longer be used."""
    if not can(tx.actor, Action.SERVICE_ADOPT):
        return
    for row, version in adoptions.to_confirm(tx):
        words = gettext(
            "%(service)s %(version)s is proposed for %(place)s: somebody else has to adopt it",
            service=localised(version.names), version=version.version,
            place=localised(regions.region(tx, row.region_code).names) or row.region_code,
        )  # fmt: skip
        yield words, url_for("adoptions.one", adoption_id=row.id), format_since(row.proposed_at, tx.now)
    for row, version in adoptions.to_look_at(tx):
        params = {"service": localised(version.names), "version": version.version}
        if version.status == "recalled":
            words = gettext(
                "%(service)s %(version)s is recalled: your region has to adopt another version", **params
            )
        else:
            words = gettext("%(service)s %(version)s is deprecated: look for a newer version", **params)
        yield words, url_for("adoptions.one", adoption_id=row.id), ""


def _incidents_and_orders(tx: Tx) -> Iterator[Need]:
    """What a coordinator decides: projects that are not running yet, tasks that nobody has, incidents."""
    if not can(tx.actor, Action.PROJECT_START):
        return
    for project in projects.projects(tx):
        address = url_for("projects.project", project_id=project.id)
        if project.status == "planned":
            words = (
                gettext("%(project)s has no accepted price yet", project=project.name)
                if project.quote_id is None
                else gettext("%(project)s is funded: start its villages", project=project.name)
            )
            yield words, address, format_since(project.created_at, tx.now)
            continue
        ids = [v.instance_id for v in projects.villages(tx, project.id) if v.instance_id]
        late = [t.due_at for t in instances.tasks_of_instances(tx, ids) if t.due_at and is_late(tx, t)]
        if late:
            words = ngettext("%(number)s task is late", "%(number)s tasks are late", len(late))
            yield _about(project.name, words), address, _oldest(tx, late)
        incidents, nobody = instances.incidents(tx, ids), instances.unassigned(tx, ids)
        if incidents:
            words = ngettext("%(number)s incident", "%(number)s incidents", len(incidents))
            yield _about(project.name, words), address, _oldest(tx, [row.at for row in incidents])
        if nobody:
            words = ngettext("%(number)s task has nobody", "%(number)s tasks have nobody", len(nobody))
            yield _about(project.name, words), address, _oldest(tx, [row.ready_at for row in nobody])


def _about(project: str, words: str) -> str:
    return gettext("%(label)s: %(text)s", label=project, text=words)


def is_late(tx: Tx, task: instances.TaskRow) -> bool:
    """Whether a task should have been handed over by now."""
    return task.state == "ready" and task.due_at is not None and task.due_at < tx.now


def _strips(tx: Tx) -> list[ProjectStrip]:
    return [_strip(tx, row) for row in projects.projects(tx)]


def _strip(tx: Tx, row: projects.ProjectRow) -> ProjectStrip:
    villages = projects.villages(tx, row.id)
    ids = [v.instance_id for v in villages if v.instance_id]
    tasks = instances.tasks_of_instances(tx, ids)
    open_tasks = sum(t.state == "ready" for t in tasks)
    late = sum(is_late(tx, t) for t in tasks)
    # the work of a task that is not gated goes on while its delivery is checked
    waiting = {d.task_id for d in deliveries.deliveries_of_instances(tx, ids) if d.state == "waiting"}
    return ProjectStrip(
        name=row.name, address=url_for("projects.project", project_id=row.id), status=row.status,
        villages=len(villages), done=sum(t.state == "completed" and t.id not in waiting for t in tasks),
        checking=len(waiting), to_do=open_tasks - late, late=late,
    )  # fmt: skip
