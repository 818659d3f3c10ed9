"""The order of work as a graph: what follows what, what can be reached, what must come before.

Plain graph questions over a `Definition`, shared by lint, soundness and pricing. An edge list is a mapping
node id -> ids that follow; every node is a key; orders are those of the file.
Source: Cooper, Harvey, Kennedy, "A Simple, Fast Dominance Algorithm" (2001) for `dominators`;
Tarjan (1972) for `components`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from workflows.definitions.bpmn import SUB_PROCESSES
from workflows.definitions.model import Definition, Node

Edges = Mapping[str, tuple[str, ...]]


def members(definition: Definition, scope: str | None) -> tuple[Node, ...]:
    """The nodes directly in a sub-process, or in the process (None)."""
    return tuple(node for node in definition.nodes.values() if node.parent == scope)


def scopes(definition: Definition) -> tuple[str | None, ...]:
    """None for the process, then its sub-processes, outer before inner."""
    return (None, *(node.id for node in definition.nodes.values() if node.kind in SUB_PROCESSES))


def entries(definition: Definition, scope: str | None) -> tuple[Node, ...]:
    """Where work begins in a scope: its start events, else (BPMN 13.3.2) every node without incoming flow."""
    nodes = members(definition, scope)
    starts = tuple(node for node in nodes if node.kind == "startEvent")
    return starts or tuple(node for node in nodes if not node.incoming and not is_triggered(definition, node))


def is_triggered(definition: Definition, node: Node) -> bool:
    """Whether the node begins by an event, not a flow: boundary event, event sub-process, link target."""
    return (
        node.kind == "boundaryEvent"
        or node.triggered_by_event
        or (node.kind == "intermediateCatchEvent" and node.event == "link")
        or is_compensation_handler(definition, node)
    )


def is_compensation_handler(definition: Definition, node: Node) -> bool:
    """A task without any flow beside a compensation event is its handler (joined by an association)."""
    return (
        not node.incoming
        and not node.outgoing
        and any(
            each.kind == "boundaryEvent" and each.event == "compensate"
            for each in _siblings(definition, node)
        )
    )


def _siblings(definition: Definition, node: Node) -> Iterable[Node]:
    return (each for each in definition.nodes.values() if each.parent == node.parent)


def followers(definition: Definition, scope: str | None) -> Edges:
    """What follows what in one scope: sequence flows, host -> boundary event, link throw -> link catch."""
    nodes = {node.id: node for node in members(definition, scope)}
    edges: dict[str, list[str]] = {node_id: [] for node_id in nodes}
    for node in nodes.values():
        targets = (definition.flows[flow].target for flow in node.outgoing)
        edges[node.id] += [target for target in targets if target in nodes]
        if node.attached_to in nodes:
            edges[str(node.attached_to)].append(node.id)
        if node.kind == "intermediateThrowEvent" and node.event == "link":
            edges[node.id] += [each.id for each in link_targets(definition, node)]
    return {node_id: tuple(dict.fromkeys(targets)) for node_id, targets in edges.items()}


def link_targets(definition: Definition, throw: Node) -> tuple[Node, ...]:
    """The catching link events with the name of the throwing one, in the same scope."""
    return tuple(
        node
        for node in _siblings(definition, throw)
        if node.kind == "intermediateCatchEvent" and node.event == "link" and node.detail == throw.detail
    )


def reversed_edges(edges: Edges) -> Edges:
    """The same edges seen from their ends."""
    found: dict[str, list[str]] = {node: [] for node in edges}
    for node, targets in edges.items():
        for target in targets:
            found.setdefault(target, []).append(node)
    return {node: tuple(sources) for node, sources in found.items()}


def reachable(edges: Edges, starts: Iterable[str], *, without: str | None = None) -> frozenset[str]:
    """Every node that can be reached from `starts` (themselves included), never passing `without`."""
    found: set[str] = set()
    todo = [start for start in starts if start != without]
    while todo:
        node = todo.pop()
        if node not in found:
            found.add(node)
            todo += [each for each in edges.get(node, ()) if each != without]
    return frozenset(found)


def dominators(edges: Edges, root: str) -> Mapping[str, str]:
    """For each node reachable from `root` the last node every way to it passes; the root is its own."""
    order = _postorder(edges, root, set())
    number = {node: index for index, node in enumerate(order)}
    before = reversed_edges({node: edges.get(node, ()) for node in order})
    last = {root: root}
    changed = True
    while changed:
        changed = False
        for node in reversed(order):
            if node == root:
                continue
            known = [each for each in before[node] if each in last]
            common = known[0]
            for other in known[1:]:
                common = _common(last, number, common, other)
            if last.get(node) != common:
                last[node] = common
                changed = True
    return last


def _common(last: Mapping[str, str], number: Mapping[str, int], one: str, other: str) -> str:
    while one != other:
        while number[one] < number[other]:
            one = last[one]
        while number[other] < number[one]:
            other = last[other]
    return one


def _postorder(edges: Edges, root: str, seen: set[str]) -> list[str]:
    """Depth-first over what is not `seen`, a node after what follows it; not recursive."""
    order: list[str] = []
    seen.add(root)
    stack = [(root, iter(edges.get(root, ())))]
    while stack:
        node, targets = stack[-1]
        for target in targets:
            if target not in seen:
                seen.add(target)
                stack.append((target, iter(edges.get(target, ()))))
                break
        else:
            stack.pop()
            order.append(node)
    return order


def components(edges: Edges) -> Sequence[frozenset[str]]:
    """The strongly connected components; one of several nodes is a loop, or several loops that meet."""
    order: list[str] = []
    seen: set[str] = set()
    for node in edges:
        if node not in seen:
            order += _postorder(edges, node, seen)
    back = reversed_edges(edges)
    placed: set[str] = set()
    return [frozenset(_postorder(back, node, placed)) for node in reversed(order) if node not in placed]
