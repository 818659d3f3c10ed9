"""A definition made ready to run: checked, its expressions compiled, its graph of nodes built.

Idea: only what is listed here as supported is built; everything else is refused with a problem, never run
wrongly. A program is made once per definition, shared by all its instances and never changed.
Source: BPMN 2.0.2 (OMG formal/2013-12-09), clause 13; 2.3.1 (what a conforming engine may leave out).
"""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from workflows.definitions.model import Definition, Flow, MultiInstance, Node
from workflows.engine import gateways, nodes, spiff
from workflows.engine.checks import check
from workflows.engine.errors import NotExecutable
from workflows.engine.expressions import Expression
from workflows.engine.sources import MANUAL, Sources, read_sources
from workflows.engine.triggers import ErrorTrigger, MessageTrigger, Trigger
from workflows.problems import blocking

CACHED: Final = 128
"""Programs kept in memory; the least recently used goes first."""


@dataclass(frozen=True, slots=True, eq=False)
class Program:
    """A definition ready to run.

    sha256: of `definition.xml`. names: the data its conditions, scripts, multi-instances and timers read, so
    that nothing else needs to be kept in an instance.
    """

    definition: Definition
    sha256: str
    names: frozenset[str]
    lanes: Mapping[str, str | None]
    """Node id -> lane id, inherited from the sub-process around."""
    scopes: Mapping[str, spiff.ProcessSpec]
    """Id of the process and of each sub-process -> its graph."""

    @property
    def root(self) -> spiff.ProcessSpec:
        return self.scopes[self.definition.process_id]


_programs: OrderedDict[tuple[str, str], Program] = OrderedDict()
_lock = threading.Lock()


def program(definition: Definition) -> Program:
    """The program of a definition, from memory when it was made before; raises NotExecutable."""
    key = (hashlib.sha256(definition.xml).hexdigest(), definition.process_id)
    with _lock:
        known = _programs.get(key)
        if known is not None:
            _programs.move_to_end(key)
            return known
    made = _made(definition, key[0])
    with _lock:
        _programs[key] = made
        while len(_programs) > CACHED:
            _programs.popitem(last=False)
    return made


def _made(definition: Definition, sha256: str) -> Program:
    sources = read_sources(definition)
    problems = blocking((*sources.problems, *check(definition)))
    if problems:
        raise NotExecutable(problems)
    return Program(
        definition=definition,
        sha256=sha256,
        names=sources.names - spiff.LOOP_NAMES - spiff.INSTANCE_NAMES,
        lanes={node_id: _lane(definition, node_id) for node_id in definition.nodes},
        scopes=_Graph(definition, sources).scopes(),
    )


def _lane(definition: Definition, node_id: str | None) -> str | None:
    while node_id is not None:
        node = definition.nodes[node_id]
        if node.lane is not None:
            return node.lane
        node_id = node.parent
    return None


class _Graph:
    """Builds the specs of all scopes; each method builds one kind of thing."""

    def __init__(self, definition: Definition, sources: Sources) -> None:
        self._definition = definition
        self._sources = sources
        self._entries: dict[str, spiff.Node] = {}
        """Node id -> the spec that its incoming flows lead to."""
        self._exits: dict[str, spiff.Node] = {}
        """Node id -> the spec that its outgoing flows leave."""
        self._with_boundary = {node.attached_to for node in definition.nodes.values()}

    def scopes(self) -> dict[str, spiff.ProcessSpec]:
        drawn = self._definition.nodes.values()
        names = [self._definition.process_id, *(node.id for node in drawn if node.kind == "subProcess")]
        made = {name: spiff.ProcessSpec(name) for name in names}
        for node in drawn:
            self._build(made[node.parent or self._definition.process_id], node)
        for node in drawn:
            if node.kind == "boundaryEvent":
                assert node.attached_to is not None
                self._entries[node.attached_to].lead_to(self._exits[node.id])
        for flow in self._definition.flows.values():
            self._connect(flow)
        for scope in made.values():
            for spec in scope.task_specs.values():
                if isinstance(spec, gateways.InclusiveGateway):
                    spec.find_reaches()
        return made

    def _build(self, scope: spiff.ProcessSpec, node: Node) -> None:
        if node.multi_instance is None:
            main = self._simple(scope, node, node.id)
        else:
            repeated = self._repeated(scope, node, node.multi_instance)
            repeated.child = self._simple(scope, node, f"{node.id} (each)")
            main = repeated
        self._entries[node.id] = self._exits[node.id] = main
        if node.kind == "startEvent":
            scope.start.lead_to(main)
        if node.id in self._with_boundary:
            split = nodes.BoundarySplit(scope, f"{node.id} (split)", node.id, main.name)
            split.lead_to(main)
            self._entries[node.id] = split

    def _simple(self, scope: spiff.ProcessSpec, node: Node, name: str) -> spiff.Node:
        kind = node.kind
        if kind in MANUAL:
            return spiff.Node(scope, name, node.id, manual=True)
        if kind == "scriptTask":
            return nodes.ScriptNode(scope, name, node.id, self._sources.scripts[node.id])
        if kind == "subProcess":
            return nodes.SubProcess(scope, name, node.id)
        if kind in ("intermediateCatchEvent", "receiveTask", "boundaryEvent"):
            interrupting = kind == "boundaryEvent" and node.interrupting
            return nodes.CatchEvent(scope, name, node.id, self._trigger(node), interrupting=interrupting)
        if kind == "endEvent":
            return nodes.EndEvent(scope, name, node.id, node.event, node.detail)
        return self._gateway_or_pass(scope, node, name)

    def _gateway_or_pass(self, scope: spiff.ProcessSpec, node: Node, name: str) -> spiff.Node:
        made: dict[str, type[spiff.Node]] = {
            "exclusiveGateway": gateways.ExclusiveGateway,
            "inclusiveGateway": gateways.InclusiveGateway,
            "parallelGateway": gateways.ParallelGateway,
            "eventBasedGateway": nodes.EventGateway,
        }
        return made.get(node.kind, spiff.Node)(scope, name, node.id)

    def _trigger(self, node: Node) -> Trigger:
        if node.event == "timer":
            return self._sources.timers[node.id]
        if node.event == "error":
            return ErrorTrigger(node.detail)
        return MessageTrigger(node.detail)

    def _repeated(self, scope: spiff.ProcessSpec, node: Node, many: MultiInstance) -> nodes.MultiInstance:
        completion = self._expression(node.id, "completion")
        if many.standard_loop:
            return nodes.StandardLoop(
                scope, node.id, node.id, condition=completion, maximum=many.loop_maximum
            )
        return nodes.MultiInstance(
            scope,
            node.id,
            node.id,
            sequential=many.sequential,
            cardinality=self._expression(node.id, "cardinality"),
            collection=self._expression(node.id, "collection"),
            item=many.item,
            completion=completion,
        )

    def _expression(self, element_id: str, role: str) -> Expression | None:
        return self._sources.expressions.get((element_id, role))

    def _connect(self, flow: Flow) -> None:
        source, target = self._exits[flow.source], self._entries[flow.target]
        if target.name in source.flow_ids:
            # a second flow between the same two nodes needs a node of its own to be told from the first
            between = spiff.Node(source._wf_spec, f"{flow.id} (flow)", flow.id)  # noqa: SLF001
            between.lead_to(target)
            target = between
        source.lead_to(target, flow.id)
        if isinstance(source, gateways.ChoiceNode):
            condition = self._expression(flow.id, "condition")
            is_default = self._definition.nodes[flow.source].default == flow.id
            if condition is None or is_default:
                source.default = target.name
            else:
                source.choices.append((condition, target.name))
