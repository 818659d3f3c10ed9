"""Can the work always be finished? Found by playing the token game on every way through the diagram.

Idea: a marking says how many tokens wait where. From the start every possible step is tried, up to `bound`
markings. A marking with tokens and no step is a deadlock; a marking that grew out of a smaller one grows for
ever; a marking from which nothing leads to the end is a livelock. Simple nodes (one way out, no waiting) are
melted with their flows first, which keeps the number of markings small without hiding two tokens that meet.
Choices are free (only a way with estimated probability 0 is never taken): conditions are not evaluated, so a
finding may need a combination that the expert excludes.
Source: BPMN 2.0.2 clause 13 (execution semantics; 13.4.3 for the inclusive join); van der Aalst,
"Verification of workflow nets" (1997) for soundness.

An event sub-process is explored by itself, and so is a sub-process in an ad hoc one; a called process is checked
as the definition it is. For what is around them each is one step, so that parts do not multiply: an event
sub-process that interrupts is a way out of its scope, one that does not changes nothing there; an ad hoc
sub-process is done when a person says so. A way out by an event is no excuse for a deadlock, but for a round
without end it is.
Not modelled: compensation, the order within an ad hoc sub-process. Work that runs to an end of its own, joining
nothing, is taken as done at once.
"""

from __future__ import annotations

import itertools
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Literal, TypeVar

from workflows.definitions import sequence
from workflows.definitions.bpmn import SUB_PROCESSES
from workflows.definitions.model import Definition, Node
from workflows.definitions.reduction import reduced

Fault = Literal["deadlock", "livelock", "unbounded", "unsynchronised"]
BOUND: Final = 20_000
_EFFORT: Final = 15
"""Average tokens per marking that the bound allows; wide diagrams stop earlier."""
_ANCESTORS: Final = 100
"""How far back a smaller marking is looked for; growth repeats, so it is found a round later at most."""
_JOINS: Final = 200_000
"""Incoming flows of inclusive joins, times all flows: what it takes to know who may still come to which."""
_MANY: Final = 4
"""Above this many branches only single branches, pairs and all together are tried."""

_WITH_ORDER: Final = frozenset({"subProcess", "transaction"})
_THROWN: Final = frozenset({"error", "cancel"})
"""Ends that leave their sub-process for the event that catches them."""

_T = TypeVar("_T")
Marking = tuple[str, ...]
"""The places of all tokens, sorted; a place twice = two tokens."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A fault and the nodes where it shows, in file order."""

    fault: Fault
    nodes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Soundness:
    """findings: at most one per fault and place. complete: False when `bound` markings did not suffice."""

    findings: tuple[Finding, ...]
    complete: bool
    markings: int


def check(definition: Definition, *, bound: int = BOUND) -> Soundness:
    """Explore every way through the process and through each part that is a step for what is around it.

    Blocks that are sound by their form are taken out first. Where something is found in what is left, the whole
    diagram is tried for the names of its nodes, if `bound` suffices.
    """
    small = explore(reduced(definition), bound=bound)
    if not small.complete or not small.findings:
        return small  # what did not suffice for what is left does not suffice for the whole
    whole = explore(definition, bound=bound)
    return whole if whole.complete else small


def explore(definition: Definition, *, bound: int = BOUND) -> Soundness:
    """The same, trying everything that is drawn; nothing is tried when inclusive joins are too many to follow."""
    waiting = sum(len(node.incoming) for node in definition.nodes.values() if _is_waiting_or(node))
    if waiting * len(definition.flows) > _JOINS:
        return Soundness((), complete=False, markings=0)
    roots: list[str | None] = [None]
    roots += [node.id for node in definition.nodes.values() if _is_apart(definition, node)]
    net = _Net(definition)
    findings: dict[Finding, None] = {}
    complete, markings = True, 0
    for root in roots:
        exploration = _Exploration(net, root, bound - markings)
        exploration.run()
        findings |= dict.fromkeys(exploration.findings())
        complete = complete and exploration.complete
        markings += len(exploration.before)
    return Soundness(tuple(findings), complete, markings)


def _is_waiting_or(node: Node) -> bool:
    return node.kind in ("inclusiveGateway", "complexGateway") and len(node.incoming) > 1


def _is_apart(definition: Definition, node: Node) -> bool:
    parent = definition.nodes.get(node.parent or "")
    is_free = parent is not None and parent.kind == "adHocSubProcess" and node.kind in _WITH_ORDER
    return node.triggered_by_event or is_free


class _Net:
    """The diagram as places and steps.

    A place is ">id" (a melted group of flows, by its last one), "@id" (work begins at the node) or "#id" (inside
    the sub-process); an id may begin with such a sign itself.
    """

    def __init__(self, definition: Definition) -> None:
        self.definition = definition
        self._entries = {scope: sequence.entries(definition, scope) for scope in sequence.scopes(definition)}
        self.boundaries: dict[str, list[Node]] = defaultdict(list)
        for node in definition.nodes.values():
            if node.kind == "boundaryEvent" and node.attached_to and node.event != "compensate":
                self.boundaries[node.attached_to].append(node)
        self._handlers: dict[str | None, list[Node]] = defaultdict(list)
        """Scope -> interrupting start events of the event sub-processes in it."""
        for node in definition.nodes.values():
            around = definition.nodes.get(node.parent or "")
            if node.kind == "startEvent" and node.interrupting and around and around.triggered_by_event:
                self._handlers[around.parent].append(node)
        self._melted: dict[str, str] = {}
        self._in_ring: set[str] = set()
        self._melt()
        self.consumer: dict[str, Node] = {}
        for node in definition.nodes.values():
            self.consumer[f"@{node.id}"] = node
            if not self._is_simple(node):
                self.consumer |= {self.place(flow): node for flow in node.incoming}
        self._meeting = {
            self.place(node.outgoing[0])
            for node in definition.nodes.values()
            if len(node.incoming) > 1 and self._is_simple(node)
        }
        self._inside = self._places_by_scope()
        self._blockers = {
            node.id: self._upstream(node) for node in definition.nodes.values() if _is_waiting_or(node)
        }

    def place(self, flow: str) -> str:
        """The place of a flow: the last flow of its melted group."""
        seen = []
        while flow in self._melted:
            seen.append(flow)
            flow = self._melted[flow]
        for each in seen:
            self._melted[each] = flow
        return f">{flow}"

    def _is_simple(self, node: Node) -> bool:
        """Passes each token on at once and alone: nothing to wait for, nothing to choose."""
        if len(node.outgoing) != 1 or node.id in self.boundaries or node.kind in SUB_PROCESSES:
            return False
        if node.id in self._in_ring:
            return False
        return node.kind not in ("parallelGateway", "inclusiveGateway", "complexGateway") or (
            len(node.incoming) <= 1
        )

    def _melt(self) -> None:
        for node in self.definition.nodes.values():
            if not self._is_simple(node):
                continue
            out = node.outgoing[0]
            if any(self.place(out) == f">{flow}" for flow in node.incoming):
                self._in_ring.add(node.id)  # melting the last node of a ring would hide the ring
            else:
                self._melted |= dict.fromkeys(node.incoming, out)

    def _places_by_scope(self) -> Mapping[str | None, frozenset[str]]:
        found: dict[str | None, set[str]] = defaultdict(set)
        for flow in self.definition.flows.values():
            found[flow.parent].add(self.place(flow.id))
        for node in self.definition.nodes.values():
            found[node.parent].update((f"@{node.id}", f"#{node.id}"))
        for node in reversed(list(self.definition.nodes.values())):
            if node.kind in SUB_PROCESSES and not node.triggered_by_event:
                found[node.parent] |= found[node.id]
        return {scope: frozenset(places) for scope, places in found.items()}

    def inside(self, scope: str | None) -> frozenset[str]:
        """Every place in a scope and in its sub-processes."""
        return self._inside.get(scope, frozenset())

    def initial(self, root: str | None) -> Iterator[Marking]:
        """Where a case may begin: each start event is an alternative."""
        begin = self._entries[root]
        if all(node.kind == "startEvent" for node in begin):
            for node in begin:
                yield self._settled([f"@{node.id}"])
        else:
            yield self._settled(f"@{node.id}" for node in begin)

    def _settled(self, places: Iterable[str]) -> Marking:
        """Tokens that only have to be passed on are where they will wait, or gone when nothing follows."""
        waiting = []
        for place in places:
            node = self.consumer.get(place)
            while place.startswith("@") and node is not None and self._is_simple(node):
                place = self.place(node.outgoing[0])
                node = self.consumer.get(place)
            # where ways meet, tokens are kept to see whether two can be there at once
            if node is None or place in self._meeting or not self._is_sink(node):
                waiting.append(place)
        return tuple(sorted(waiting))

    def _is_sink(self, node: Node) -> bool:
        """Takes the token and nothing else happens."""
        return (
            not node.outgoing
            and node.event not in ("terminate", *_THROWN)
            and not self._links(node)
            and not self._has_inside(node)
            and node.id not in self.boundaries
        )

    def _links(self, node: Node) -> tuple[Node, ...]:
        is_throw = node.kind == "intermediateThrowEvent" and node.event == "link"
        return sequence.link_targets(self.definition, node) if is_throw else ()

    def _has_inside(self, node: Node) -> bool:
        return node.kind in _WITH_ORDER and bool(self._entries[node.id])

    # steps

    def steps(self, marking: Marking) -> Iterator[Marking]:
        """Every marking that one step leads to."""
        count = Counter(marking)
        by_node: dict[str, list[str]] = defaultdict(list)
        for place in count:
            if not place.startswith("#") and place in self.consumer:
                by_node[self.consumer[place].id].append(place)
        for node_id, places in by_node.items():
            node = self.definition.nodes[node_id]
            for used in self._uses(node, places, count):
                rest = count.copy()
                rest.subtract(used)
                yield from self._fire(node, rest)
        for place in count:
            if place.startswith("#"):
                yield from self._leave(self.definition.nodes[place[1:]], count)

    def _uses(self, node: Node, places: list[str], count: Mapping[str, int]) -> Iterator[list[str]]:
        if len(node.incoming) > 1 and node.kind == "parallelGateway":
            needed = Counter(self.place(flow) for flow in node.incoming)
            if all(count.get(place, 0) >= times for place, times in needed.items()):
                yield list(needed.elements())
        elif node.id in self._blockers:
            if self._or_join_may_fire(node, count):
                yield places
        else:
            for place in places:
                yield [place]

    def _upstream(self, join: Node) -> Mapping[str, frozenset[str]]:
        """Place of each incoming flow of an inclusive join -> places a token may still come to it from."""
        nodes = self.definition.nodes
        edges: dict[str, list[str]] = defaultdict(list)
        for node in nodes.values():
            into = {self.place(flow) for flow in node.incoming} | {f"@{node.id}", f"#{node.id}"}
            out = [self.place(flow) for flow in node.outgoing]
            out += [self.place(flow) for event in self.boundaries[node.id] for flow in event.outgoing]
            out += [f"@{target.id}" for target in self._links(node)]
            out.append(f"#{node.id}")
            for place in into:
                edges[place] += out if node.id != join.id else []
        back = sequence.reversed_edges({place: tuple(targets) for place, targets in edges.items()})
        return {self.place(flow): sequence.reachable(back, [self.place(flow)]) for flow in join.incoming}

    def _or_join_may_fire(self, join: Node, count: Mapping[str, int]) -> bool:
        upstream = self._blockers[join.id]
        arrived = [place for place in upstream if count.get(place, 0)]
        covered = frozenset().union(*(upstream[place] for place in arrived))
        return not any(
            count.get(place, 0) and place not in covered
            for waiting in upstream
            if waiting not in arrived
            for place in upstream[waiting]
        )

    def _fire(self, node: Node, rest: Counter[str]) -> Iterator[Marking]:
        if node.kind == "endEvent" and node.event == "terminate":
            yield self._without(rest, node.parent)
        elif node.kind == "endEvent" and node.event in _THROWN:
            yield from self._throw(node, rest)
        elif self._has_inside(node):
            begin = self._entries[node.id]
            groups = [[each] for each in begin] if begin[0].kind == "startEvent" else [list(begin)]
            for group in groups:
                yield self._with(rest, [f"#{node.id}", *(f"@{each.id}" for each in group)])
        else:
            for produced in self._outcomes(node):
                yield self._with(rest, produced)

    def _leave(self, node: Node, count: Counter[str]) -> Iterator[Marking]:
        """Out of a sub-process: when nothing is left inside, or by an interrupting event at any moment."""
        inside = self.inside(node.id)
        rest = count.copy()
        rest[f"#{node.id}"] -= 1
        sides = [[self.place(f) for f in event.outgoing] for event in self._sides(node)]
        mains: list[tuple[Counter[str], list[str]]] = []
        if not any(times and place in inside for place, times in count.items()):
            mains += [(rest, produced) for produced in self._forward(node)]
        cleared = Counter({place: times for place, times in rest.items() if place not in inside})
        for event in self.boundaries[node.id]:
            if event.interrupting:
                mains.append((cleared, [self.place(flow) for flow in event.outgoing]))
        for left, produced in mains:
            for chosen in _subsets(sides):
                yield self._with(left, [*produced, *(place for side in chosen for place in side)])

    def _sides(self, node: Node) -> list[Node]:
        """The boundary events that start something beside."""
        return [event for event in self.boundaries[node.id] if not event.interrupting]

    def interrupted(self, marking: Marking, root: str | None) -> Iterator[Marking]:
        """Where an event sub-process leads that ends what it finds; an error is thrown, it does not come so."""
        if any(event.event != "error" for event in self._handlers[root]):
            yield ()
        for place in dict.fromkeys(marking):
            host = self.definition.nodes.get(place[1:]) if place.startswith("#") else None
            if host is not None and any(event.event != "error" for event in self._handlers[host.id]):
                yield from self._handled(host, Counter(marking))

    def _handled(self, host: Node, count: Counter[str]) -> Iterator[Marking]:
        """The sub-process is over when the event sub-process in it is."""
        for produced in self._forward(host):
            yield self._with(self._outside(host.id, count), produced)

    def _outside(self, scope: str, count: Counter[str]) -> Counter[str]:
        inside = self.inside(scope)
        rest = Counter({place: times for place, times in count.items() if place not in inside})
        rest[f"#{scope}"] = max(0, rest[f"#{scope}"] - 1)
        return rest

    def _throw(self, end: Node, rest: Counter[str]) -> Iterator[Marking]:
        """An error ends its sub-process and goes on at the event that catches it, else ends everything."""
        scope = end.parent
        while scope is not None and rest[f"#{scope}"]:
            host = self.definition.nodes[scope]
            if any(_catches(event, end) for event in self._handlers[scope]):
                yield from self._handled(host, rest)
                return
            rest = self._outside(scope, rest)
            catching = [event for event in self.boundaries[scope] if _catches(event, end)]
            for event in catching:
                yield self._with(rest, [self.place(flow) for flow in event.outgoing])
            if end.event == "cancel" and not catching:
                yield self._with(rest, [])  # a transaction that is cancelled is over
            if catching or end.event == "cancel":
                return
            scope = host.parent
        yield ()

    def _without(self, rest: Counter[str], scope: str | None) -> Marking:
        if scope is None:
            return ()
        inside = self.inside(scope)
        return self._with(Counter({p: n for p, n in rest.items() if p not in inside}), [])

    def _with(self, rest: Counter[str], produced: Iterable[str]) -> Marking:
        return self._settled([*rest.elements(), *produced])

    def _outcomes(self, node: Node) -> Iterator[list[str]]:
        """What a node may give: its own ways on, or an interrupting event's, each with side events or not."""
        events = self.boundaries[node.id]
        mains = list(self._forward(node))
        mains += [[self.place(f) for f in event.outgoing] for event in events if event.interrupting]
        sides = [[self.place(f) for f in event.outgoing] for event in self._sides(node)]
        for main in mains:
            for chosen in _subsets(sides):
                yield main + [place for side in chosen for place in side]

    def _forward(self, node: Node) -> Iterator[list[str]]:
        """The ways on of a node: one, any or all of its outgoing flows."""
        places = [self.place(flow) for flow in node.outgoing]
        if self._links(node):
            yield [f"@{self._links(node)[0].id}"]
        elif node.kind in ("exclusiveGateway", "eventBasedGateway") and places:
            flows = [self.definition.flows[flow] for flow in node.outgoing]
            never = [flow for flow in flows if flow.estimate and flow.estimate.probability == 0]
            for flow in flows if len(never) == len(flows) else (each for each in flows if each not in never):
                yield [self.place(flow.id)]
        elif node.kind in ("inclusiveGateway", "complexGateway") and len(places) > 1:
            yield from (list(chosen) for chosen in _subsets(places) if chosen)
        elif node.kind in ("inclusiveGateway", "complexGateway", "parallelGateway"):
            yield places
        else:
            yield from self._implicit_split(node)

    def _implicit_split(self, node: Node) -> Iterator[list[str]]:
        flows = [self.definition.flows[flow] for flow in node.outgoing]
        always = [self.place(flow.id) for flow in flows if not flow.condition and flow.id != node.default]
        maybe = [self.place(flow.id) for flow in flows if flow.condition and flow.id != node.default]
        for chosen in _subsets(maybe):
            if chosen or always or not maybe:
                yield always + list(chosen)
        if node.default in self.definition.flows:
            yield [*always, self.place(str(node.default))]


def _catches(event: Node, end: Node) -> bool:
    return event.event == end.event and event.detail in ("", end.detail)


def _subsets(items: list[_T]) -> Iterator[tuple[_T, ...]]:
    sizes = range(len(items) + 1) if len(items) <= _MANY else (0, 1, 2, len(items))
    return itertools.chain.from_iterable(itertools.combinations(items, size) for size in sizes)


class _Exploration:
    """All markings from the beginning of one root, breadth first."""

    def __init__(self, net: _Net, root: str | None, bound: int) -> None:
        self._net = net
        self._root = root
        self._bound = bound
        self.before: dict[Marking, Marking | None] = {}
        self._edges: dict[Marking, list[Marking]] = {}
        self._dead: list[Marking] = []
        self._growing: list[str] = []
        self._doubled: list[str] = []
        self.complete = True
        self._effort = bound * _EFFORT

    def run(self) -> None:
        todo: list[Marking] = []
        for marking in self._net.initial(self._root):
            if marking not in self.before:
                self.before[marking] = None
                todo.append(marking)
        while todo:
            marking = todo.pop(0) if len(todo) < 64 else todo.pop()
            following = self._following(marking)
            if marking and not following:
                self._dead.append(marking)
            following += [each for each in self._net.interrupted(marking, self._root) if marking]
            self._edges[marking] = following
            for each in following:
                if each in self.before:
                    continue
                if len(self.before) >= self._bound or self._effort < 0:
                    self.complete = False
                    return
                self.before[each] = marking
                if not self._grows(each):
                    todo.append(each)

    def _following(self, marking: Marking) -> list[Marking]:
        found: dict[Marking, None] = {}
        for each in self._net.steps(marking) if marking else ():
            found[each] = None
            self._effort -= len(each) + 1
            if self._effort < 0:
                self.complete = False
                break
        return list(found)

    def _grows(self, marking: Marking) -> bool:
        """Note two tokens in one place; True when an earlier marking is part of this one: it only grows."""
        counts = Counter(marking)
        doubled = [place for place, times in counts.items() if times > 1]
        if not doubled:
            return False
        self._doubled += doubled
        earlier = self.before[marking]
        for _ in range(_ANCESTORS):
            if earlier is None:
                break
            is_part = len(earlier) < len(marking) and counts.keys() >= set(earlier)
            if is_part and not Counter(earlier) - counts:
                self._growing += (counts - Counter(earlier)).keys()
                return True
            earlier = self.before[earlier]
        return False

    def findings(self) -> Iterator[Finding]:
        for marking in self._dead:
            yield Finding("deadlock", self._nodes(marking))
        if self._growing:
            yield Finding("unbounded", self._nodes(self._growing))
        elif self._doubled:
            yield Finding("unsynchronised", self._nodes(self._doubled))
        if self.complete and not self._growing:
            endless = self._endless()
            if endless:
                yield Finding("livelock", self._nodes(min(endless)))

    def _endless(self) -> list[Marking]:
        back: dict[Marking, list[Marking]] = defaultdict(list)
        for marking, following in self._edges.items():
            for each in following:
                back[each].append(marking)
        finishing: set[Marking] = set()
        todo: list[Marking] = [(), *self._dead]
        while todo:
            marking = todo.pop()
            if marking not in finishing:
                finishing.add(marking)
                todo += back[marking]
        return [marking for marking in self._edges if marking not in finishing]

    def _nodes(self, places: Iterable[str]) -> tuple[str, ...]:
        waiting = {
            place[1:] if place[0] in "@#" else self._net.consumer[place].id
            for place in places
            if place[0] in "@#" or place in self._net.consumer
        }
        return tuple(node for node in self._net.definition.nodes if node in waiting)
