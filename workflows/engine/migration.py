"""Letting a running instance go on with another version of its definition.

Idea: what was done stays as it was done and what is open stays as it was offered, so a version is refused when it
changes a node the instance has been through or is at, when it puts a step between or before such nodes, which
would be skipped in silence, and when a token would wait in vain at a join. Everything else may change: what lies
ahead, texts and translations, estimates, coordinates, and the expressions of a step that has not run yet - the
way to mend one that fails. All reasons are given at once. Rows need no change: names of nodes are those of the
diagram; so a migration is the same rows with another definition.
Boundary events that the new version adds to an activity which is open do not watch it by themselves: they are
listed, and `Instance.add_deadline` attaches one.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Final

import orjson

from workflows.definitions.model import Definition, Flow, Node
from workflows.engine import gateways, scopes, spiff
from workflows.engine.programs import Program
from workflows.engine.records import Records, TaskRecord
from workflows.problems import Problem, blocking

_FREE: Final = frozenset({"name", "estimate", "incoming", "outgoing", "default"})
"""Fields of a node that an instance at it, or past it, does not depend on; flows are looked at by themselves."""
_CHOICES: Final = frozenset({"exclusiveGateway", "inclusiveGateway", "eventBasedGateway"})
_AHEAD: Final = frozenset({"script", "operation", "decision", "payload", "result", "key", "detail"})
"""What a step reads only when it runs."""


@dataclass(frozen=True, slots=True)
class Unattached:
    """A boundary event of the new version that an open activity does not have. task_id: 32 hex digits."""

    task_id: str
    node_id: str


@dataclass(frozen=True, slots=True)
class Migration:
    """Whether an instance can go on with another version.

    problems: all that forbids it, each with the id of the node. attachable: see `Unattached`. records: the rows
    under the new definition, None when there are problems.
    """

    problems: tuple[Problem, ...]
    attachable: tuple[Unattached, ...]
    records: Records | None

    @property
    def unattached(self) -> tuple[str, ...]:
        """The ids of the boundary events that open activities do not have."""
        return tuple(dict.fromkeys(each.node_id for each in self.attachable))


def migrate(records: Records, old: Program, new: Program, finished: Collection[str]) -> Migration:
    """Try to move an instance to another version; nothing is changed.

    finished: ids of the nodes that the instance has been through, as the history tells.
    """
    if old.definition.process_id != new.definition.process_id:
        problem = Problem(
            "migration-other-process",
            "The version has the process %(new)s, the instance runs %(old)s. Choose a version of the same service.",
            params={"new": new.definition.process_id, "old": old.definition.process_id},
        )
        return Migration((problem,), (), None)
    check = _Check(records, old, new, finished)
    problems = _once(check.problems())
    if blocking(problems):
        return Migration(problems, (), None)
    return Migration(problems, tuple(check.attachable()), check.moved())


def _once(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """Each problem of a place once, however many tasks are there."""
    return tuple({(each.code, each.place): each for each in problems}.values())


class _Check:
    """One instance against one version."""

    def __init__(self, records: Records, old: Program, new: Program, finished: Collection[str]) -> None:
        self._records = records
        self._old, self._new = old, new
        self._flows_before, self._flows_after = _flows(old.definition), _flows(new.definition)
        self._finished = frozenset(finished)
        self._graphs = _graphs(records.tasks, old)
        self._places = [_Place(row, self._graphs[row.workflow], old) for row in records.tasks]
        self._living = [place for place in self._places if place.row.state & spiff.LIVE]
        self._been = self._finished | {place.node_id for place in self._living}

    def problems(self) -> Iterator[Problem]:
        for place in self._living:
            yield from self._live(place)
        for node_id in sorted(self._finished & self._old.nodes.keys()):
            yield from self._past(node_id)
        for workflow, graph in self._graphs.items():
            if graph in self._new.scopes:
                yield from self._starved(workflow, graph)
                yield from self._deaf(graph)

    # what is open

    def _live(self, place: _Place) -> Iterator[Problem]:
        node_id = place.node_id
        if not node_id:
            return  # the root of a process, which was not left yet
        before, after = self._old.nodes.get(node_id), self._new.nodes.get(node_id)
        if not self._is_drawn(place) or (before is None) != (after is None):
            yield Problem(
                "migration-open-vanished",
                "The instance is at this step, and the version does not have it there. Put it back.",
                place=node_id,
            )
        elif before is not None and after is not None:
            changed = _differences(before, after, _FREE | self._not_read_yet(place))
            if changed:
                yield Problem(
                    "migration-open-changed",
                    "The instance is at this step, and the version changes it (%(fields)s). Undo that, "
                    "or let the instance end on its version.",
                    place=node_id,
                    params={"fields": ", ".join(changed)},
                )
            yield from self._before(before, after)
            yield from self._tokens(place)
            yield from self._not_heard(before)
            yield from self._not_offered(place)

    def _is_drawn(self, place: _Place) -> bool:
        graph = self._new.scopes.get(place.graph)
        return graph is not None and place.row.node in graph.task_specs

    def _not_read_yet(self, place: _Place) -> frozenset[str]:
        """A step that is ready and is nobody's task reads the definition when it runs, perhaps again."""
        if place.row.state != spiff.READY or place.spec.manual:
            return frozenset()
        return _AHEAD if '"total"' in place.row.notes else _AHEAD | {"multi_instance"}

    def _before(self, before: Node, after: Node) -> Iterator[Problem]:
        came = self._sources(before, self._flows_before)
        known = came & self._finished or came
        if not known <= self._sources(after, self._flows_after):
            yield self._skipped(before.id)

    def _tokens(self, place: _Place) -> Iterator[Problem]:
        """A token that waits at a join is counted by the flow it came by."""
        if not place.spec.gathers:
            return
        before, after = _inputs(place.spec), _inputs(self._new.scopes[place.graph].node(place.row.node))
        come_by = orjson.loads(place.row.notes)["from"]
        if come_by not in after or (isinstance(place.spec, gateways.ParallelGateway) and before != after):
            yield Problem(
                "migration-join-changed",
                "A branch of the instance waits at this gateway, and the version changes what it waits for. "
                "Leave its incoming flows as they are.",
                place=place.node_id,
            )

    # what was done

    def _past(self, node_id: str) -> Iterator[Problem]:
        before, after = self._old.nodes[node_id], self._new.nodes.get(node_id)
        if after is None:
            yield Problem(
                "migration-past-vanished",
                "The instance has been through this step, and the version does not have it. Put it back.",
                place=node_id,
            )
            return
        changed = _differences(before, after, _FREE | {"lane"})
        if changed:
            yield Problem(
                "migration-past-changed",
                "The instance has been through this step, and the version changes it (%(fields)s). Undo that, "
                "or let the instance end on its version.",
                place=node_id,
                params={"fields": ", ".join(changed)},
            )
        went, goes = self._targets(before, self._flows_before), self._targets(after, self._flows_after)
        if before.kind in _CHOICES:
            went, goes = went & self._been, went & goes  # another way out was not taken, and may come or go
        if went - goes or goes - went - self._been:
            yield self._skipped(node_id)

    def _skipped(self, node_id: str) -> Problem:
        return Problem(
            "migration-step-skipped",
            "The version puts something before or after this step, or leaves something out, where the instance "
            "has passed already: it would be skipped in silence. Put new steps where the instance still has to go.",
            place=node_id,
        )

    # what would wait in vain

    def _starved(self, workflow: str, graph: str) -> Iterator[Problem]:
        """Parallel joins that tokens would come to, but not by every flow."""
        inside = [place for place in self._living if place.row.workflow == workflow]
        waited = _starved_joins(self._old.scopes[graph], inside)
        for name in _starved_joins(self._new.scopes[graph], inside) - waited:
            yield Problem(
                "migration-join-starved",
                "This gateway would wait for branches that the instance has no token for any more. "
                "Join only what is split where the instance still has to go.",
                place=self._new.scopes[graph].node(name).node_id,
            )

    def _deaf(self, graph: str) -> Iterator[Problem]:
        """Event sub-processes that the version adds where the instance is in already."""
        before = {spec.name for spec in self._old.scopes[graph].listeners}
        for spec in self._new.scopes[graph].listeners:
            if spec.name not in before:
                yield Problem(
                    "migration-not-listening",
                    "The version adds an event sub-process where the instance is already: it will not start.",
                    place=spec.node_id,
                    severity="warning",
                )

    def _not_heard(self, waiting: Node) -> Iterator[Problem]:
        """Ways out that the version adds to the event-based gateway this event waits behind."""
        for source in self._sources(waiting, self._flows_before):
            before, after = self._old.nodes.get(source), self._new.nodes.get(source)
            if before is None or after is None or before.kind != "eventBasedGateway":
                continue
            if self._targets(after, self._flows_after) - self._targets(before, self._flows_before):
                yield Problem(
                    "migration-not-listening",
                    "The version adds an event to a gateway that waits already: it will not be heard.",
                    place=source,
                    severity="warning",
                )

    def _not_offered(self, place: _Place) -> Iterator[Problem]:
        """Activities that the version adds to an open ad hoc sub-process; in sequence, the last are offered."""
        if not isinstance(place.spec, scopes.AdHocSubProcess) or place.spec.inside not in self._new.scopes:
            return
        before = [each.name for each in self._old.scopes[place.spec.inside].entries]
        after = [each.name for each in self._new.scopes[place.spec.inside].entries]
        appended = place.spec.sequential and after[: len(before)] == before
        if '"entered"' in place.row.notes and set(after) - set(before) and not appended:
            yield Problem(
                "migration-not-listening",
                "The version adds an activity to an ad hoc sub-process that is open: it may not be offered.",
                place=place.node_id,
                severity="warning",
            )

    def _sources(self, node: Node, flows: Mapping[str, Flow]) -> set[str]:
        return {flows[each].source for each in node.incoming if each in flows}

    def _targets(self, node: Node, flows: Mapping[str, Flow]) -> set[str]:
        return {flows[each].target for each in node.outgoing if each in flows}

    # what goes on

    def attachable(self) -> Iterator[Unattached]:
        added: dict[str, list[str]] = {}
        for node in self._new.nodes.values():
            if node.kind == "boundaryEvent" and node.attached_to and node.id not in self._old.nodes:
                added.setdefault(node.attached_to, []).append(node.id)
        for place in self._living:
            if place.row.node == place.node_id:  # the activity as a whole, not one of its instances
                for boundary in added.get(place.node_id, ()):
                    yield Unattached(place.row.task_id, boundary)

    def moved(self) -> Records:
        """The rows, without what only held together boundary events that are no more."""
        kept = {place.row.task_id for place in self._places if self._is_drawn(place)}
        rows = [
            row if not row.parent or row.parent in kept else row._replace(parent="")
            for row in self._records.tasks
            if row.task_id in kept
        ]
        return replace(self._records, tasks=tuple(rows), definition=self._new.sha256)


class _Place:
    """Where a row is in the graphs of a program."""

    __slots__ = ("graph", "row", "spec")

    def __init__(self, row: TaskRecord, graph: str, program: Program) -> None:
        self.row = row
        self.graph = graph
        self.spec = program.scopes[graph].node(row.node)

    @property
    def node_id(self) -> str:
        return str(self.spec.node_id)


def _graphs(rows: Sequence[TaskRecord], program: Program) -> dict[str, str]:
    """Task id of a sub-process, "" = the process -> name of the graph of its inside."""
    inside: dict[str, list[TaskRecord]] = {}
    for row in rows:
        inside.setdefault(row.workflow, []).append(row)
    found = {"": program.definition.process_id}
    waiting = [""]
    while waiting:
        workflow = waiting.pop()
        for row in inside.get(workflow, ()):
            if row.task_id in inside:
                found[row.task_id] = program.scopes[found[workflow]].node(row.node).inside
                waiting.append(row.task_id)
    return found


def _flows(definition: Definition) -> dict[str, Flow]:
    """All sequence flows, those of called processes too."""
    found: dict[str, Flow] = {}
    waiting = [definition]
    seen: set[str] = set()
    while waiting:
        process = waiting.pop()
        if process.process_id not in seen:
            seen.add(process.process_id)
            found.update(process.flows)
            waiting.extend(process.processes.values())
    return found


def _differences(before: Node, after: Node, free: Collection[str]) -> list[str]:
    """Names of the fields that differ in more than texts."""
    return [
        each.name
        for each in fields(Node)
        if each.name not in free
        and each.type != "Text"
        and _bare(getattr(before, each.name)) != _bare(getattr(after, each.name))
    ]


def _bare(value: object) -> object:
    """The value without its texts, which may be said better at any time."""
    if is_dataclass(value) and not isinstance(value, type):
        return tuple(_bare(getattr(value, each.name)) for each in fields(value) if each.type != "Text")
    if isinstance(value, tuple):
        return tuple(_bare(each) for each in value)
    return value


def _inputs(spec: spiff.Node) -> set[str]:
    return {each.name for each in spec.inputs}


def _starved_joins(graph: spiff.ProcessSpec, inside: Sequence[_Place]) -> set[str]:
    """Names of the parallel joins some token can come to, with a flow that none can come by."""
    starved = set()
    for name, spec in graph.task_specs.items():
        if isinstance(spec, gateways.ParallelGateway) and len(_inputs(spec)) > 1:
            waiting = {
                orjson.loads(place.row.notes)["from"]
                for place in inside
                if place.row.node == name and place.row.notes and place.spec.gathers
            }
            elsewhere = {place.row.node for place in inside if place.row.node != name}
            fed = [
                each.name in waiting or not elsewhere.isdisjoint(_leading_to(each, name))
                for each in spec.inputs
            ]
            if any(fed) and not all(fed):
                starved.add(name)
    return starved


def _leading_to(spec: spiff.Node, without: str) -> set[str]:
    """Names of the specs from which a token can come to this one, itself included, not through `without`."""
    found = {spec.name}
    waiting = [spec]
    while waiting:
        for each in waiting.pop().inputs:
            if each.name not in found and each.name != without:
                found.add(each.name)
                waiting.append(each)
    return found
