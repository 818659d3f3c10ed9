"""Taking running instances to another published version of their service: tried first, then done and recorded.

The engine says whether an instance fits the other diagram; this module adds what the franchise asks: the same
service, and no task that the accepted price does not pay.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from server.actor import Action, require
from server.catalogue import service as catalogue
from server.errors import NotFound, WrongState
from server.instances import commands, history, rows
from server.instances.models import InstanceRow
from server.journal import service as journal
from server.journal.service import Event
from server.quotes import service as quotes
from server.regions import service as regions
from server.runtime import Tx
from workflows import engine
from workflows.definitions.model import Definition, Node
from workflows.errors import InvalidInput
from workflows.problems import Problem, blocking


class MigrationRefused(InvalidInput):
    """The instance does not fit the version; `problems` says why."""

    code = "migration-refused"
    message = "The instance cannot go on with this version, for %(count)s reason(s): %(first)s"


@dataclass(frozen=True, slots=True)
class Report:
    """How an instance fits a version. problems: what forbids it; warnings and hints are among them.

    unattached: new boundary events of tasks that are open already: they do not watch them by themselves.
    """

    instance_id: str
    region: str
    from_version: str
    to_version: str
    problems: tuple[Problem, ...]
    unattached: tuple[str, ...]
    done: bool

    @property
    def possible(self) -> bool:
        return not blocking(self.problems)


def migrate(
    tx: Tx, instance_id: str, version_id: str, *, dry_run: bool, command_id: str | None = None
) -> Report:
    """Let an instance go on with another version of its service; dry_run: say only whether it could.

    Raises MigrationRefused, WrongState (it is over), NotFound (not a version of its service).
    """
    row = rows.instance(tx, instance_id)
    require(tx.actor, Action.INSTANCE_CHANGE, regions.place(tx, row.region_code))
    old, new = catalogue.version(tx, row.service_version_id), catalogue.version(tx, version_id)
    command = commands.ask(tx, "migrate", instance_id, version_id, command_id=command_id)
    if command_id and not dry_run and commands.work(tx).known(command) is not None:
        return Report(instance_id, row.region_code, new.version, new.version, (), (), done=True)
    if old.service_code != new.service_code or new.status != "published":
        raise NotFound(what=f"published version of {old.service_code}", key=new.version)
    if row.status != "running":
        raise WrongState(what="instance", state=row.status)
    programs = commands.programs(tx)
    before, after = programs(old.id), programs(new.id)
    at_version, instance = commands.work(tx).open(instance_id, programs, tx.now)
    been = history.finished(tx, row, before.definition)
    found = engine.migrate(instance.records(), _plain_forms(before), _plain_forms(after), finished=been)
    problems = (*_same(old.id, new.id), *found.problems, *_unpriced(tx, row, after.definition))
    report = Report(
        instance_id, row.region_code, old.version, new.version, problems, tuple(found.unattached), done=False
    )
    if dry_run:
        return report
    if not report.possible or found.records is None:
        raise MigrationRefused(blocking(problems))
    migrated = engine.Instance.load(after, found.records, now=tx.now)
    event = ("migrated", {"from": old.version, "to": new.version})
    commands.work(tx).replace(
        instance_id, new.id, migrated, command, [event], at_version=at_version, pending=row.pending
    )
    commands.refresh(tx, row)
    journal.record(
        tx, Event.INSTANCE_MIGRATED, instance_id, region=row.region_code,
        public={"from": old.version, "to": new.version, "digest": new.digest},
    )  # fmt: skip
    return Report(
        instance_id, row.region_code, old.version, new.version, problems, report.unattached, done=True
    )


def _plain_forms(program: engine.Program) -> engine.Program:
    """The program with cards that name forms without their versions.

    The forms of a service have the version of the service, so those always differ; what was sent with an older
    form of a task is taken, whatever newer ones there are.
    """

    def plain(node: Node) -> Node:
        if node.task is None:
            return node
        forms = tuple(replace(form, version="") for form in node.task.forms)
        return replace(node, task=replace(node.task, forms=forms))

    definition = program.definition
    own = {key: plain(node) for key, node in definition.nodes.items()}
    every = {key: plain(node) for key, node in program.nodes.items()}
    return replace(program, definition=replace(definition, nodes=own), nodes=every)


def _same(old: str, new: str) -> Iterator[Problem]:
    if old == new:
        yield Problem("migration-same-version", "The instance runs on this version already.")


def _unpriced(tx: Tx, row: InstanceRow, definition: Definition) -> Iterator[Problem]:
    """A task that the quote does not know would be done and never paid."""
    priced = quotes.quote(tx, row.quote_id).tasks
    for node in definition.tasks():
        if node.id not in priced:
            yield Problem(
                "migration-unpriced",
                "The task %(task)s is not in the accepted price: nobody would be paid for it. "
                "Let this village end on its version, and price the new one for others.",
                node.id,
                params={"task": node.name or node.id},
            )
