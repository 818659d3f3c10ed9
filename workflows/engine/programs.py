"""A definition made ready to run: checked, its expressions compiled, kept in memory.

Idea: only what is listed as supported is built (`graphs`); everything else is refused with a problem, never run
wrongly. A program is made once per definition, shared by all its instances and never changed.
Source: BPMN 2.0.2 (OMG formal/2013-12-09), clause 13; 2.3.1 (what a conforming engine may leave out).
"""

from __future__ import annotations

import hashlib
import re
import threading
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from workflows.definitions.model import Definition, Node
from workflows.engine import spiff
from workflows.engine.checks import check
from workflows.engine.errors import NotExecutable, StartUnknown
from workflows.engine.graphs import graphs
from workflows.engine.nodes import Decision
from workflows.engine.sources import Sources, all_processes, read_sources
from workflows.problems import Problem, blocking

_CLOCK: Final = re.compile(r"\b(now|today)\s*\(")
CACHED: Final = 128
"""Programs kept in memory; the least recently used goes first."""


@dataclass(frozen=True, slots=True, eq=False)
class Program:
    """A definition ready to run, with the processes it calls.

    sha256: of `definition.xml`, and of the decision models that it asks. names: the data its conditions, scripts,
    decisions, multi-instances, timers and
    requests read, so that nothing else needs to be kept in an instance.
    """

    definition: Definition
    sha256: str
    names: frozenset[str]
    lanes: Mapping[str, str | None]
    """Node id -> lane id, inherited from the sub-process around."""
    scopes: Mapping[str, spiff.ProcessSpec]
    """Id of each process and of each sub-process -> its graph."""
    nodes: Mapping[str, Node] = field(default_factory=dict)
    """All nodes by id, those of called processes too."""
    asking_the_clock: frozenset[str] = frozenset()
    """Rows (`TaskRecord.node`) of events that wait for a condition which the passing of time may fulfil."""

    @property
    def root(self) -> spiff.ProcessSpec:
        return self.scopes[self.definition.process_id]

    def entry(self, start_event_id: str = "") -> str:
        """The name by which `Running.plant` begins at the start event; "" = the usual one. Raises StartUnknown.

        The usual one is the only start event without a trigger, else the only start event. One with a trigger may
        be named when what it waits for has happened.
        """
        known: dict[str, str] = {each.node_id: each.name for each in self.root.entries}
        if start_event_id in known:
            return known[start_event_id]
        usual: str = self.root.begin
        if start_event_id or (not usual and len(known) != 1):
            raise StartUnknown(start=start_event_id, known=", ".join(known))
        return usual


Key = tuple[object, ...]
_programs: OrderedDict[Key, Program] = OrderedDict()
_lock = threading.Lock()


def program(definition: Definition, decisions: Mapping[str, Decision] | None = None) -> Program:
    """The program of a definition, from memory when it was made before; raises NotExecutable.

    decisions: those that its business-rule tasks may ask, by id.
    """
    processes = all_processes(definition)
    asked = {ref: decisions[ref] for ref in _decisions_of(processes) if decisions and ref in decisions}
    sha256 = _sha256(definition, asked)
    # a decision is known by itself: the program that is remembered keeps it alive, so its id stays its own
    key = (sha256, definition.process_id, *((ref, id(asked[ref])) for ref in sorted(asked)))
    with _lock:
        known = _programs.get(key)
        if known is not None:
            _programs.move_to_end(key)
            return known
    made = _made(definition, processes, asked, sha256)
    with _lock:
        _programs[key] = made
        while len(_programs) > CACHED:
            _programs.popitem(last=False)
    return made


def _sha256(definition: Definition, asked: Mapping[str, Decision]) -> str:
    """What instances keep of their definition; without decisions it is what every release kept."""
    sha256 = hashlib.sha256(definition.xml).hexdigest()
    models = [f"{ref} {digest}" for ref in sorted(asked) if (digest := getattr(asked[ref], "sha256", ""))]
    return hashlib.sha256("\n".join([sha256, *models]).encode()).hexdigest() if models else sha256


def _decisions_of(processes: Mapping[str, Definition]) -> set[str]:
    return {
        node.decision
        for process in processes.values()
        for node in process.nodes.values()
        if node.kind == "businessRuleTask" and node.decision
    }


def _made(
    definition: Definition, processes: Mapping[str, Definition], asked: Mapping[str, Decision], sha256: str
) -> Program:
    sources = read_sources(definition)
    found = (*check(definition), *_decisions(processes, asked))
    told = {problem.place for problem in found}
    problems = blocking((*found, *(each for each in sources.problems if each.place not in told)))
    if problems:
        raise NotExecutable(problems)
    nodes = {node.id: node for process in processes.values() for node in process.nodes.values()}
    scopes = graphs(processes, sources, asked)
    return Program(
        definition=definition,
        sha256=sha256,
        names=_names(sources, asked),
        lanes={node_id: _lane(nodes, node_id) for node_id in nodes},
        scopes=scopes,
        nodes=nodes,
        asking_the_clock=frozenset(_asking_the_clock(scopes)),
    )


def _asking_the_clock(scopes: Mapping[str, spiff.ProcessSpec]) -> Iterator[str]:
    for scope in scopes.values():
        for name, spec in scope.task_specs.items():
            if getattr(spec, "conditional", False) and _CLOCK.search(spec.trigger.condition.text):
                yield name


def _names(sources: Sources, asked: Mapping[str, Decision]) -> frozenset[str]:
    read = sources.names.union(*(decision.inputs for decision in asked.values()))
    return read - spiff.LOOP_NAMES - spiff.INSTANCE_NAMES


def _lane(nodes: Mapping[str, Node], node_id: str | None) -> str | None:
    while node_id is not None:
        node = nodes[node_id]
        if node.lane is not None:
            return node.lane
        node_id = node.parent
    return None


def _decisions(processes: Mapping[str, Definition], asked: Mapping[str, Decision]) -> Iterator[Problem]:
    """What lint says of decisions that are not there; here they are known for certain."""
    for process in processes.values():
        for node in process.nodes.values():
            if node.kind == "businessRuleTask" and node.decision and node.decision not in asked:
                yield Problem(
                    "unknown-decision",
                    "“%(name)s” asks the decision “%(decision)s”, which is in no DMN file of the service. "
                    "Add it, or choose another.",
                    place=node.id,
                    params={"name": node.name or node.id, "decision": node.decision},
                )
