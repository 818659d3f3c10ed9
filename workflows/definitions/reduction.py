"""Makes a diagram smaller without changing whether its work can be finished, before every way is tried.

Idea: what is drawn as blocks (a split and the join that belongs to it, a loop with its way out, a sub-process that
ends) is sound by its form. Each rule takes one such form away; what is left is what only trying can judge. Nothing
is taken away that could deadlock, multiply or go round without end, so soundness and its findings stay.
Source: Murata, "Petri nets: properties, analysis and applications" (1989), 5 (reductions that keep liveness and
boundedness); Sadiq and Orlowska, "Analyzing process models using graph reduction techniques" (2000).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from workflows.definitions import sequence
from workflows.definitions.bpmn import SUB_PROCESSES
from workflows.definitions.model import Definition, Flow, Node

_CHOICES: Final = frozenset({"exclusiveGateway", "eventBasedGateway"})
_WAITING: Final = frozenset({"parallelGateway", "inclusiveGateway", "complexGateway"})
_LEAVING: Final = frozenset({"terminate", "error", "cancel"})
"""Ends that do more than to end their own way."""


def reduced(definition: Definition) -> Definition:
    """The definition without what is sound by its form; ids are those of the definition.

    A diagram with loose arrows is given back as it is.
    """
    ends = {end for flow in definition.flows.values() for end in (flow.source, flow.target)}
    if not ends <= definition.nodes.keys():
        return definition
    graph = _Graph(definition)
    for scope in reversed(sequence.scopes(definition)):
        graph.reduce(scope)
    return graph.definition()


class _Graph:
    """The nodes and flows that are left."""

    def __init__(self, definition: Definition) -> None:
        self._of = definition
        self.nodes = dict(definition.nodes)
        self.flows = dict(definition.flows)
        self.out = {node.id: list(node.outgoing) for node in definition.nodes.values()}
        self.into = {node.id: list(node.incoming) for node in definition.nodes.values()}
        self.events: dict[str, list[str]] = defaultdict(list)
        """Activity -> boundary events on it."""
        for node in definition.nodes.values():
            if node.kind == "boundaryEvent" and node.attached_to:
                self.events[node.attached_to].append(node.id)
        self.members: dict[str | None, list[str]] = defaultdict(list)
        for node in definition.nodes.values():
            self.members[node.parent].append(node.id)

    def definition(self) -> Definition:
        nodes = {
            node.id: replace(node, incoming=tuple(self.into[node.id]), outgoing=tuple(self.out[node.id]))
            for node in self.nodes.values()
        }
        return replace(self._of, nodes=nodes, flows=self.flows)

    def reduce(self, scope: str | None) -> None:
        """Apply every rule in one scope until none fits; then the scope itself may be one step."""
        rules = (self.series, self.collapse, self.loop, self.flatten, self.border)
        changed = True
        while changed:
            changed = False
            for node_id in self.members[scope]:
                node = self.nodes.get(node_id)
                while node is not None and any(rule(node) for rule in rules):
                    changed = True
                    node = self.nodes.get(node_id)
        if scope is not None and self._is_one_step(scope):
            self._close(scope)

    # changing

    def drop_flow(self, flow: Flow) -> None:
        del self.flows[flow.id]
        self.out[flow.source].remove(flow.id)
        self.into[flow.target].remove(flow.id)

    def drop_node(self, node_id: str) -> None:
        del self.nodes[node_id]

    def lead(self, flow: Flow, *, source: str | None = None, target: str | None = None) -> None:
        """Let a flow begin or end elsewhere."""
        if source is not None:
            self.out[flow.source].remove(flow.id)
            self.out[source].append(flow.id)
        if target is not None:
            self.into[flow.target].remove(flow.id)
            self.into[target].append(flow.id)
        self.flows[flow.id] = replace(
            flow,
            source=flow.source if source is None else source,
            target=flow.target if target is None else target,
        )

    # asking

    def outgoing(self, node_id: str) -> list[Flow]:
        return [self.flows[flow] for flow in self.out[node_id]]

    def incoming(self, node_id: str) -> list[Flow]:
        return [self.flows[flow] for flow in self.into[node_id]]

    def waits(self, node: Node) -> bool:
        """Whether it waits for more than one of its ways."""
        return node.kind in _WAITING and len(self.into[node.id]) > 1

    def is_plain(self, node: Node) -> bool:
        """Takes a token and gives it on: neither an inside, nor an event on its border, nor a choice."""
        is_inside = self.has_inside(node)
        is_end = node.kind in ("startEvent", "endEvent") or node.event == "link"
        return not is_inside and not self.events[node.id] and not is_end

    def has_inside(self, node: Node) -> bool:
        """Whether something in it is still to be judged; an ad hoc sub-process is a step, its parts may not be."""
        if node.kind == "adHocSubProcess":
            inside = (self.nodes.get(each) for each in self.members[node.id])
            return any(each is not None and each.kind in SUB_PROCESSES for each in inside)
        return node.kind in SUB_PROCESSES

    def is_sink(self, node: Node) -> bool:
        return node.kind == "endEvent" and node.event not in _LEAVING and not self.out[node.id]

    def never(self, flow: Flow) -> bool:
        return flow.estimate is not None and flow.estimate.probability == 0

    def kind_of_split(self, node: Node) -> str:
        """How many of its ways are followed: “one”, “some” or “all”; "" = it depends on more."""
        if node.kind in _CHOICES:
            return "one"
        if node.kind == "parallelGateway":
            return "all"
        if node.kind == "inclusiveGateway":
            return "some"
        is_split = node.kind not in _WAITING and self.is_plain(node)
        always = node.default is None and not any(flow.condition for flow in self.outgoing(node.id))
        return "all" if is_split and always else ""

    # rules: each gives whether it changed something

    def series(self, node: Node) -> bool:
        """A node between two flows is taken out."""
        if len(self.into[node.id]) != 1 or len(self.out[node.id]) != 1 or not self.is_plain(node):
            return False
        (before,), (after,) = self.incoming(node.id), self.outgoing(node.id)
        if before.source == node.id:
            return False
        self.drop_flow(after)
        self.lead(before, target=after.target)
        self.drop_node(node.id)
        return True

    def collapse(self, node: Node) -> bool:
        """Several flows of a split to the same join are one, where the join takes what the split gives."""
        split = self.kind_of_split(node)
        flows = self.outgoing(node.id)
        if not split or len(flows) < 2:
            return False
        by_target: dict[str, list[Flow]] = defaultdict(list)
        for flow in flows:
            by_target[self._target(flow)].append(flow)
        for target, several in by_target.items():
            if len(several) > 1 and self._fits(split, target, several):
                self._keep_one(several)
                return True
        return False

    def _target(self, flow: Flow) -> str:
        """Where a flow leads; all plain ends are the same."""
        return "" if self.is_sink(self.nodes[flow.target]) else flow.target

    def _fits(self, split: str, target: str, several: list[Flow]) -> bool:
        if not target:
            return True
        join = self.nodes[target]
        if join.kind == "parallelGateway":
            return split == "all" and len(self.into[target]) > 1
        if join.kind in _WAITING:
            return join.kind == "inclusiveGateway"
        return split == "one"

    def _keep_one(self, several: Iterable[Flow]) -> None:
        """One that may be followed, if there is one."""
        for flow in sorted(several, key=self.never)[1:]:
            target = self.nodes[flow.target]
            self.drop_flow(flow)
            if not self.into[target.id]:
                self.drop_node(target.id)

    def loop(self, node: Node) -> bool:
        """The way back of a choice right behind the join it leads to is taken out, if there is a way on."""
        if node.kind not in _CHOICES:
            return False
        flows = self.outgoing(node.id)
        back = [flow for flow in flows if self._leads_back(flow, node)]
        on = [flow for flow in flows if flow not in back and not self.never(flow)]
        if not back or not on:
            return False
        for flow in back:
            self.drop_flow(flow)
        return True

    def _leads_back(self, flow: Flow, choice: Node) -> bool:
        if flow.target == choice.id:
            return len(self.into[choice.id]) > 1
        join = self.nodes[flow.target]
        return (
            self.is_plain(join)
            and not self.waits(join)
            and [each.target for each in self.outgoing(join.id)] == [choice.id]
            and self.into[choice.id] == self.out[join.id]
            and len(self.into[join.id]) > 1
        )

    def flatten(self, node: Node) -> bool:
        """A choice right behind a choice is part of it, as a join right before a join is; so with parallel ones."""
        return self._flatten_split(node) or self._flatten_join(node)

    def _flatten_split(self, node: Node) -> bool:
        if len(self.into[node.id]) != 1 or len(self.out[node.id]) < 2:
            return False
        (before,) = self.incoming(node.id)
        source = self.nodes[before.source]
        same = node.kind == source.kind and node.kind in ("exclusiveGateway", "parallelGateway")
        if (
            not same
            or source.id == node.id
            or self.never(before)
            or all(map(self.never, self.outgoing(node.id)))
        ):
            return False
        for flow in self.outgoing(node.id):
            self.lead(flow, source=source.id)
        self.drop_flow(before)
        self.drop_node(node.id)
        return True

    def _flatten_join(self, node: Node) -> bool:
        if len(self.out[node.id]) != 1 or len(self.into[node.id]) < 2:
            return False
        (after,) = self.outgoing(node.id)
        target = self.nodes[after.target]
        if target.id == node.id or not self.is_plain(node):
            return False
        if node.kind == "parallelGateway":
            same = target.kind == node.kind and len(self.into[target.id]) > 1
        else:
            same = (
                not self.waits(node) and target.kind == "exclusiveGateway" and len(self.into[target.id]) > 1
            )
        if not same or any(flow.source == node.id for flow in self.incoming(node.id)) or self.never(after):
            return False
        for flow in self.incoming(node.id):
            self.lead(flow, target=target.id)
        self.drop_flow(after)
        self.drop_node(node.id)
        return True

    def border(self, node: Node) -> bool:
        """An event on the border is taken out when it leads to where its activity does, or beside it to an end."""
        if node.kind != "boundaryEvent" or node.attached_to not in self.nodes:
            return False
        host = self.nodes[node.attached_to]
        flows = self.outgoing(node.id)
        if node.event == "compensate" or len(flows) != 1 or self.into[node.id]:
            return False
        (flow,) = flows
        target = self.nodes[flow.target]
        if not node.interrupting:
            may_go = self.is_sink(target)
        else:
            own = self.outgoing(host.id)
            may_go = (
                not self.has_inside(host)
                and len(own) == 1
                and own[0].target == target.id
                and not self.waits(target)
            )
        if not may_go:
            return False
        self.drop_flow(flow)
        self.drop_node(node.id)
        self.events[host.id].remove(node.id)
        if not self.into[target.id]:
            self.drop_node(target.id)
        return True

    # sub-processes

    def _is_one_step(self, scope: str) -> bool:
        """Whether nothing is left of the inside but a way from its beginning to its end."""
        owner = self.nodes[scope]
        inside = [self.nodes[each] for each in self.members[scope] if each in self.nodes]
        if owner.kind == "adHocSubProcess" or owner.triggered_by_event:
            return False
        plain = [node for node in inside if not node.triggered_by_event]
        if len(plain) != 2:
            return False
        start, end = sorted(plain, key=lambda node: node.kind == "endEvent")
        is_end = end.kind == "endEvent" and end.event not in ("error", "cancel")
        return (
            start.kind == "startEvent"
            and is_end
            and self.out[start.id] == self.into[end.id]
            and len(self.out[start.id]) == 1
        )

    def _close(self, scope: str) -> None:
        for each in self.members[scope]:
            node = self.nodes.get(each)
            if node is not None and not node.triggered_by_event:
                for flow in self.outgoing(node.id):
                    self.drop_flow(flow)
                self.drop_node(each)
        self.nodes[scope] = replace(self.nodes[scope], kind="task")
