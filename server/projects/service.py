"""Projects: one service version for many villages, priced, funded and started in one go."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from uuid import UUID, uuid5

from sqlalchemy import select

from pricing.contributions import Contribution, Overhead
from pricing.money import Money
from server.actor import SYSTEM, Action, Actor, Object, can, require
from server.catalogue import service as catalogue
from server.errors import Conflict, NotFound, WrongState
from server.instances import service as instances
from server.journal import service as journal
from server.journal.service import Event
from server.ledger import service as ledger
from server.people import service as people
from server.projects.models import (
    ProjectMemberRow as ProjectMemberRow,
)
from server.projects.models import (
    ProjectRow as ProjectRow,
)
from server.projects.models import (
    ProjectVillageRow as ProjectVillageRow,
)
from server.quotes import service as quotes
from server.quotes.service import QuoteRow
from server.regions import service as regions
from server.requests import service as requests
from server.runtime import Runtime, Tx
from workflows.errors import RunError
from workflows.problems import Problem


class ProjectExists(Conflict):
    code = "project-exists"
    message = "There is a project %(project)s already. Choose another code."


class MissingSkills(Conflict):
    code = "missing-skills"
    message = "Nobody in the project has: %(skills)s. Add a facilitator with that skill."


@dataclass(frozen=True, slots=True)
class NewProject:
    """A project to be set up. requests: ids of the villages' requests; members: person ids."""

    code: str
    name: str
    version_id: str
    region: str
    fund: str
    requests: Sequence[str]
    members: Sequence[str]


def create(tx: Tx, new: NewProject) -> str:
    """Set a project up, not yet funded. Returns its id."""
    require(tx.actor, Action.PROJECT_START, regions.place(tx, new.region))
    version = catalogue.usable_version(tx, new.version_id)
    if tx.session.scalar(select(ProjectRow.id).where(ProjectRow.code == new.code)):
        raise ProjectExists(project=new.code)
    row = ProjectRow(
        id=tx.new_id(), code=new.code, name=new.name, service_version_id=new.version_id,
        region_code=new.region, fund=new.fund, created_at=tx.now, created_by=tx.actor.user_id,
    )  # fmt: skip
    tx.session.add(row)
    tx.session.flush()
    inside = regions.region(tx, new.region).path
    if tx.session.scalar(
        select(ProjectVillageRow.request_id).where(ProjectVillageRow.request_id.in_(new.requests)).limit(1)
    ):
        raise WrongState(what="request", state="in a project already")
    for request_id in new.requests:
        request = requests.request(tx, request_id)
        # a village elsewhere has other prices and is not the actor's to start
        there = regions.region(tx, request.region_code).path.startswith(inside)
        if request.service_code != version.service_code or not there:
            raise NotFound(what=f"request for {version.service_code} in {new.region}", key=request_id)
        tx.session.add(
            ProjectVillageRow(project_id=row.id, region_code=request.region_code, request_id=request_id)
        )
    found = people.people(tx, list(new.members))
    for person_id in new.members:
        if person_id not in found:
            raise NotFound(what="person", key=person_id)
    tx.session.add_all(ProjectMemberRow(project_id=row.id, person_id=person_id) for person_id in found)
    tx.session.flush()
    journal.record(
        tx, Event.PROJECT_CREATED, row.id, region=new.region,
        public={"service": version.service_code, "version": version.version, "villages": len(new.requests)},
    )  # fmt: skip
    return row.id


def make_quote(
    tx: Tx, project_id: str, *, on: date | None = None, parameters: Mapping[str, Decimal] | None = None,
    contributions: Sequence[Contribution] | None = None, overheads: Sequence[Overhead] | None = None,
) -> QuoteRow:  # fmt: skip
    """Offer a price for all villages of a project together. Raises NotPriceable.

    contributions, overheads: None = those in force in the region, agreed with the project's fund or with any.
    """
    row = project(tx, project_id)
    return quotes.make_quote(
        tx, version_id=row.service_version_id, region=row.region_code, instances=len(villages(tx, project_id)),
        project_id=project_id, on=on, parameters=parameters, contributions=contributions, overheads=overheads,
        fund=row.fund,
    )  # fmt: skip


def accept_quote(tx: Tx, project_id: str, quote_id: str) -> QuoteRow:
    """Accept the price of a project: the money is committed to it, or nothing happens. Raises Unfunded."""
    row = _locked(tx, project_id)
    if row.quote_id is not None:
        raise WrongState(what="project", state="funded")
    quote = quotes.quote_row(tx, quote_id)
    if quote.project_id != project_id:
        raise NotFound(what="quote of this project", key=quote_id)
    accepted = quotes.accept(tx, quote_id, fund=row.fund, project=project_id)
    row.quote_id = quote_id
    tx.session.flush()
    return accepted


def close_if_done(tx: Tx, project_id: str) -> None:
    """When every village is accepted the project is done, and what it did not use goes back to the fund.

    The overheads' share of the price stays reserved: they are paid to others than facilitators.
    """
    row = _locked(tx, project_id)  # two last acceptances at once: the second one sees the first
    ids = [v.instance_id for v in villages(tx, project_id) if v.instance_id]
    if row.status != "running" or row.quote_id is None or not instances.all_accepted(tx, ids):
        return
    row.status = "done"
    quote = quotes.quote(tx, row.quote_id)
    overheads = Money(sum(o.amount_minor for o in quote.overheads), quote.currency)
    released = ledger.release_money(
        tx, project=project_id, fund=row.fund, currency=quote.currency, keep=overheads
    )
    journal.record(
        tx, Event.PROJECT_DONE, project_id, region=row.region_code,
        public={"released": released.minor, "currency": quote.currency},
    )  # fmt: skip


def start(tx: Tx, project_id: str) -> list[str]:
    """Start the service in every village of a funded project, and give out the first tasks.

    All villages start, or none. Raises NotFunded, MissingSkills, WrongState (started already), and
    ObligationUnfunded while work paid from the same fund is owed without a budget.
    """
    row = _locked(tx, project_id)
    require(tx.actor, Action.PROJECT_START, regions.place(tx, row.region_code))
    if row.status != "planned":
        raise WrongState(what="project", state=row.status)
    if row.quote_id is None:
        raise instances.NotFunded(state="missing")
    ledger.require_no_obligation(tx, _of_fund(tx, row.fund))
    _check_skills(tx, row)
    parameters = quotes.parameters(tx, row.quote_id)
    started = []
    for village in villages(tx, project_id):
        village.instance_id = instances.start(
            tx, request_id=village.request_id, version_id=row.service_version_id, quote_id=row.quote_id,
            project_id=project_id, parameters=parameters,
        )  # fmt: skip
        started.append(village.instance_id)
    row.status = "running"
    tx.session.flush()
    journal.record(
        tx, Event.PROJECT_STARTED, project_id, region=row.region_code, public={"villages": len(started)}
    )
    _assign(tx, project_id, started)
    return started


def _of_fund(tx: Tx, fund: str) -> list[str]:
    return list(tx.session.scalars(select(ProjectRow.id).where(ProjectRow.fund == fund)))


def _check_skills(tx: Tx, row: ProjectRow) -> None:
    definition = catalogue.package(tx, row.service_version_id).definition
    needed = {n.task.skill for n in definition.tasks() if n.task and n.task.skill}
    have = {s.skill for person in members(tx, row.id) for s in person.skills}
    if needed - have:
        raise MissingSkills(skills=", ".join(sorted(needed - have)))


@instances.follow_up
def _assign_all(tx: Tx, instance_ids: Sequence[str]) -> None:
    by_project: dict[str, list[str]] = {}
    for instance_id in instance_ids:
        row = instances.instance(tx, instance_id)
        if row.project_id is not None:
            by_project.setdefault(row.project_id, []).append(instance_id)
    for project_id, own in by_project.items():
        _assign(tx, project_id, own)


def assign_ready(tx: Tx, instance_id: str) -> None:
    """Give the ready tasks of an instance to its project's people."""
    _assign_all(tx, [instance_id])


def _assign(tx: Tx, project_id: str, instance_ids: Sequence[str]) -> None:
    """Each unassigned task goes to the member with its skill who has the fewest tasks in hand."""
    waiting = instances.unassigned(tx, instance_ids)
    if not waiting:
        return
    chosen_from = select(ProjectMemberRow.person_id).where(ProjectMemberRow.project_id == project_id)
    skills = people.skills_of(tx, list(tx.session.scalars(chosen_from)))
    load = instances.open_tasks_by_person(tx, list(skills))
    given = []
    for task in waiting:
        # what has just opened nobody can have given back
        known = instances.given_back_by(tx, task.instance_id) if task.ready_at < tx.now else {}
        refused = known.get(task.engine_task_id, set())
        able = [p for p, has in skills.items() if task.skill in has and p not in refused]
        if not able:
            continue
        chosen = min(able, key=lambda p: (load[p], p))
        given.append((task, chosen))
        load[chosen] += 1
    if given:
        instances.give_by_rule(replace(tx, actor=SYSTEM), given)


def claim(tx: Tx, task_id: str, *, command_id: str | None = None) -> None:
    """Take a free task of a project one belongs to. Raises what `instances.claim` raises."""
    row = instances.instance(tx, instances.task_row(tx, task_id).instance_id)
    if row.project_id is None or tx.actor.person_id not in {p.id for p in members(tx, row.project_id)}:
        raise NotFound(what="task", key=task_id)
    instances.claim(tx, task_id, command_id=command_id)


def free_tasks(tx: Tx) -> list[instances.TaskRow]:
    """The free tasks that the actor could take: of own projects, with an own skill; oldest first."""
    if tx.actor.person_id is None:
        return []
    person = people.person(tx, tx.actor.person_id)
    mine = select(ProjectMemberRow.project_id).where(ProjectMemberRow.person_id == person.id)
    return instances.free_tasks(tx, list(tx.session.scalars(mine)), {s.skill for s in person.skills})


# Going over to another version ------------------------------------------------------------------------


def migrate(
    runtime: Runtime, actor: Actor, project_id: str, version_id: str, *, dry_run: bool,
    command_id: str | None = None,
) -> list[instances.Report]:  # fmt: skip
    """Let all running instances of a project go on with another version; one report each, by age.

    Each goes in a transaction of its own, so that one that cannot does not keep the others back. When none is
    left behind, the project itself goes over. Raises NotFound, Forbidden.
    """
    ids = runtime.read(actor, _running, project_id)
    reports = []
    for instance_id in ids:
        own_id = str(uuid5(UUID(command_id), instance_id)) if command_id else None
        carry_out = runtime.read if dry_run else runtime.run
        try:
            reports.append(
                carry_out(
                    actor, instances.migrate, instance_id, version_id, dry_run=dry_run, command_id=own_id
                )
            )
        except RunError as error:
            reports.append(runtime.read(actor, _not_migrated, instance_id, version_id, error))
    if not dry_run and reports and all(report.done for report in reports):
        runtime.run(actor, _go_over, project_id, version_id)
    return reports


def _running(tx: Tx, project_id: str) -> list[str]:
    row = visible(tx, project_id)
    require(tx.actor, Action.INSTANCE_CHANGE, regions.place(tx, row.region_code))
    ids = [v.instance_id for v in villages(tx, project_id) if v.instance_id]
    return [found.id for found in instances.running(tx, ids)]


def _not_migrated(tx: Tx, instance_id: str, version_id: str, error: RunError) -> instances.Report:
    """What was in the way of one that could not go."""
    row = instances.instance(tx, instance_id)
    problems = getattr(error, "problems", None) or (Problem(error.code, error.message, params=error.params),)
    return instances.Report(
        instance_id, row.region_code, catalogue.version(tx, row.service_version_id).version,
        catalogue.version(tx, version_id).version, tuple(problems), (), done=False,
    )  # fmt: skip


def _go_over(tx: Tx, project_id: str, version_id: str) -> None:
    row = _locked(tx, project_id)
    if row.service_version_id == version_id:
        return
    old, new = catalogue.version(tx, row.service_version_id), catalogue.version(tx, version_id)
    row.service_version_id = version_id
    tx.session.flush()
    journal.record(
        tx, Event.PROJECT_MIGRATED, project_id, region=row.region_code,
        public={"from": old.version, "to": new.version, "digest": new.digest},
    )  # fmt: skip


def other_versions(tx: Tx, project_id: str) -> list[catalogue.ServiceVersionRow]:
    """The other published versions of the project's service, newest first."""
    row = project(tx, project_id)
    service = catalogue.version(tx, row.service_version_id).service_code
    return [
        v
        for v in catalogue.versions(tx, service)
        if v.status == "published" and v.id != row.service_version_id
    ]


def project(tx: Tx, project_id: str) -> ProjectRow:
    """Raises NotFound."""
    row = tx.session.get(ProjectRow, project_id)
    if row is None:
        raise NotFound(what="project", key=project_id)
    return row


def visible(tx: Tx, project_id: str) -> ProjectRow:
    """The project, if the actor may see it. Raises NotFound."""
    row = project(tx, project_id)
    if not can(tx.actor, Action.PROJECT_READ, regions.place(tx, row.region_code)):
        raise NotFound(what="project", key=project_id)
    return row


def _locked(tx: Tx, project_id: str) -> ProjectRow:
    row = tx.session.get(ProjectRow, project_id, with_for_update=True, populate_existing=True)
    if row is None:
        raise NotFound(what="project", key=project_id)
    return row


def projects(tx: Tx) -> list[ProjectRow]:
    """All projects, newest first."""
    return list(tx.session.scalars(select(ProjectRow).order_by(ProjectRow.id.desc())))


def visible_projects(tx: Tx) -> list[ProjectRow]:
    """The projects the actor may see, newest first."""
    found = projects(tx)
    known = regions.regions(tx, list({row.region_code for row in found}))
    return [
        row
        for row in found
        if can(tx.actor, Action.PROJECT_READ, Object(region_path=known[row.region_code].path))
    ]


def villages(tx: Tx, project_id: str) -> list[ProjectVillageRow]:
    """The project's villages, by region code."""
    return list(
        tx.session.scalars(
            select(ProjectVillageRow)
            .where(ProjectVillageRow.project_id == project_id)
            .order_by(ProjectVillageRow.region_code)
        )
    )


def taken_requests(tx: Tx) -> set[str]:
    """The requests that are in a project already."""
    return set(tx.session.scalars(select(ProjectVillageRow.request_id)))


def members(tx: Tx, project_id: str) -> list[people.Person]:
    """The roster, in the order of registration."""
    ids = tx.session.scalars(
        select(ProjectMemberRow.person_id)
        .where(ProjectMemberRow.project_id == project_id)
        .order_by(ProjectMemberRow.person_id)
    )
    return list(people.people(tx, list(ids)).values())
