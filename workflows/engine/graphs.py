"""The graph of nodes of a program: one `ProcessSpec` for each process and for each sub-process in it.

Idea: everything a node needs is given to it here, once; a running instance never changes a graph.
Names of nodes are stored with instances and must stay: the id of the element, or that id with "(split)" before an
activity with boundary events, "(each)" for the repeated activity, "(event)" for what starts an event sub-process.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from workflows.definitions.model import Definition, Flow, MultiInstance, Node
from workflows.engine import gateways, nodes, repetition, scopes, spiff, throws
from workflows.engine.expressions import Expression
from workflows.engine.sources import MANUAL, Sources
from workflows.engine.triggers import (
    CancelTrigger,
    ConditionTrigger,
    ErrorTrigger,
    EscalationTrigger,
    MessageTrigger,
    SignalTrigger,
    Trigger,
)

_WITH_INSIDE: Final = frozenset({"subProcess", "transaction", "adHocSubProcess"})
_ACTIVITIES: Final = (
    MANUAL
    | _WITH_INSIDE
    | {"serviceTask", "scriptTask", "sendTask", "receiveTask", "businessRuleTask", "callActivity"}
)
_GATEWAYS: Final[Mapping[str, type[spiff.Node]]] = {
    "exclusiveGateway": gateways.ExclusiveGateway,
    "inclusiveGateway": gateways.InclusiveGateway,
    "parallelGateway": gateways.ParallelGateway,
    "eventBasedGateway": nodes.EventGateway,
}


def graphs(
    processes: Mapping[str, Definition], sources: Sources, decisions: Mapping[str, nodes.Decision]
) -> dict[str, spiff.ProcessSpec]:
    """Id of each process and sub-process -> its graph; of definitions without problems."""
    made: dict[str, spiff.ProcessSpec] = {}
    for process in processes.values():
        made.update(_Graph(process, processes, sources, decisions).scopes())
    return made


class _Graph:
    """Builds the specs of all scopes of a process; each method builds one kind of thing."""

    def __init__(
        self,
        definition: Definition,
        processes: Mapping[str, Definition],
        sources: Sources,
        decisions: Mapping[str, nodes.Decision],
    ) -> None:
        self._definition = definition
        self._processes = processes
        self._sources = sources
        self._decisions = decisions
        self._entries: dict[str, spiff.Node] = {}
        """Node id -> the spec that its incoming flows lead to."""
        self._exits: dict[str, spiff.Node] = {}
        """Node id -> the spec that its outgoing flows leave."""
        drawn = definition.nodes.values()
        self._with_boundary = {node.attached_to for node in drawn}
        self._event_scopes = {node.id for node in drawn if node.triggered_by_event}
        self._ad_hoc = {node.id for node in drawn if node.kind == "adHocSubProcess"}

    def scopes(self) -> dict[str, spiff.ProcessSpec]:
        drawn = self._definition.nodes.values()
        names = [self._definition.process_id, *(node.id for node in drawn if node.kind in _WITH_INSIDE)]
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
            self._open(scope)
        return made

    def _open(self, scope: spiff.ProcessSpec) -> None:
        """Lead from the root to what begins with the scope; the events that it listens to come first."""
        for spec in (*scope.listeners, *scope.entries):
            scope.start.lead_to(spec)
        if scope.name not in self._ad_hoc and len(scope.entries) > 1:
            plain = [each for each in scope.entries if self._definition.nodes[each.node_id].event == "none"]
            scope.begin = plain[0].name if len(plain) == 1 else ""
        for spec in scope.task_specs.values():
            if isinstance(spec, gateways.InclusiveGateway):
                spec.find_reaches()
                scope.merges.append(spec)

    def _build(self, scope: spiff.ProcessSpec, node: Node) -> None:
        if node.multi_instance is None:
            main = self._simple(scope, node, node.id)
        else:
            repeated = self._repeated(scope, node, node.multi_instance)
            repeated.child = self._simple(scope, node, f"{node.id} (each)")
            main = repeated
        main.activity = node.kind in _ACTIVITIES
        self._entries[node.id] = self._exits[node.id] = main
        if node.id in self._with_boundary:
            split = nodes.BoundarySplit(scope, f"{node.id} (split)", node.id, main.name)
            split.lead_to(main)
            self._entries[node.id] = split
        if node.id in self._event_scopes:
            self._listen(scope, node)
        elif node.kind == "startEvent" or (node.parent in self._ad_hoc and self._is_offered(node)):
            scope.entries.append(self._entries[node.id])

    def _is_offered(self, node: Node) -> bool:
        return not node.incoming and node.kind != "boundaryEvent"

    def _listen(self, scope: spiff.ProcessSpec, node: Node) -> None:
        """Build what starts an event sub-process."""
        start = next(
            each
            for each in self._definition.nodes.values()
            if each.parent == node.id and each.kind == "startEvent"
        )
        listener = nodes.ScopeEvent(
            scope, f"{node.id} (event)", start.id, self._trigger(start), interrupting=start.interrupting
        )
        listener.lead_to(self._entries[node.id])
        scope.listeners.append(listener)

    def _simple(self, scope: spiff.ProcessSpec, node: Node, name: str) -> spiff.Node:
        kind = node.kind
        if kind in MANUAL:
            return spiff.Node(scope, name, node.id, manual=True)
        if kind in ("intermediateCatchEvent", "receiveTask"):
            return nodes.CatchEvent(scope, name, node.id, self._trigger(node))
        if kind == "boundaryEvent":
            return nodes.BoundaryEvent(
                scope, name, node.id, self._trigger(node), interrupting=node.interrupting
            )
        if kind == "startEvent":
            triggered = node.event != "none" and node.parent not in self._event_scopes
            return nodes.StartEvent(scope, name, node.id, triggered=triggered)
        if kind in ("endEvent", "intermediateThrowEvent", "sendTask"):
            return self._throwing(scope, node, name)
        if kind in _GATEWAYS:
            return _GATEWAYS[kind](scope, name, node.id)
        return self._automatic(scope, node, name)

    def _automatic(self, scope: spiff.ProcessSpec, node: Node, name: str) -> spiff.Node:
        if node.kind == "scriptTask":
            return nodes.ScriptNode(scope, name, node.id, self._sources.scripts[node.id])
        if node.kind == "serviceTask":
            payload = self._expression(node.id, "payload")
            return nodes.ServiceNode(
                scope, name, node.id, operation=node.operation, payload=payload, result=node.result
            )
        if node.kind == "businessRuleTask":
            decision = self._decisions[node.decision]
            return nodes.DecisionNode(
                scope, name, node.id, decision=decision, ref=node.decision, result=node.result
            )
        return self._with_inside(scope, node, name)

    def _with_inside(self, scope: spiff.ProcessSpec, node: Node, name: str) -> spiff.Node:
        if node.kind == "callActivity":
            own = self._processes[node.called_element].data_objects
            return scopes.CallActivity(scope, name, node.id, inside=node.called_element, own=own)
        if node.kind == "adHocSubProcess":
            assert node.ad_hoc is not None
            return scopes.AdHocSubProcess(
                scope,
                name,
                node.id,
                inside=node.id,
                own=node.data_objects,
                sequential=node.ad_hoc.sequential,
                completion=self._expression(node.id, "ad hoc"),
                cancel_remaining=node.ad_hoc.cancel_remaining,
            )
        if node.kind not in _WITH_INSIDE:
            raise ValueError(f"{node.kind} is not executed")  # `checks` has refused it
        transaction = node.kind == "transaction"
        return scopes.SubProcess(
            scope, name, node.id, inside=node.id, own=node.data_objects, transaction=transaction
        )

    def _throwing(self, scope: spiff.ProcessSpec, node: Node, name: str) -> spiff.Node:
        payload = self._expression(node.id, "payload")
        if node.event == "message" or node.kind == "sendTask":
            key = self._expression(node.id, "key")
            return throws.MessageThrow(scope, name, node.id, node.detail, key=key, payload=payload)
        if node.event == "signal":
            return throws.SignalThrow(scope, name, node.id, node.detail, payload)
        if node.event == "escalation":
            return throws.EscalationThrow(scope, name, node.id, node.detail)
        if node.event == "error":
            return throws.ErrorEnd(scope, name, node.id, node.detail)
        if node.event == "terminate":
            return throws.TerminateEnd(scope, name, node.id)
        if node.event == "cancel":
            return throws.CancelEnd(scope, name, node.id)
        if node.event != "none":
            raise ValueError(f"{node.event} is not executed")  # `checks` has refused it
        return spiff.Node(scope, name, node.id)

    def _trigger(self, node: Node) -> Trigger:
        event = "message" if node.kind == "receiveTask" else node.event
        if event == "timer":
            return self._sources.timers[node.id]
        if event == "conditional":
            condition = self._expression(node.id, "condition")
            assert condition is not None
            return ConditionTrigger(condition)
        if event == "message":
            return MessageTrigger(node.detail, self._expression(node.id, "key"))
        if event == "cancel":
            return CancelTrigger()
        made = {"signal": SignalTrigger, "error": ErrorTrigger, "escalation": EscalationTrigger}.get(event)
        if made is None:
            raise ValueError(f"{event} is not executed")  # `checks` has refused it
        return made(node.detail)

    def _repeated(
        self, scope: spiff.ProcessSpec, node: Node, many: MultiInstance
    ) -> repetition.MultiInstance:
        completion = self._expression(node.id, "completion")
        if many.standard_loop:
            return repetition.StandardLoop(
                scope,
                node.id,
                node.id,
                condition=completion,
                maximum=many.loop_maximum,
                test_before=many.test_before,
            )
        return repetition.MultiInstance(
            scope,
            node.id,
            node.id,
            sequential=many.sequential,
            cardinality=self._expression(node.id, "cardinality"),
            collection=self._expression(node.id, "collection"),
            item=many.item,
            completion=completion,
            output=many.output,
            output_item=many.output_item,
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
