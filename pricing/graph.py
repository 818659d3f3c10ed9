"""The diagram as a flow graph: who passes tokens to whom, with which probability, how often repeated.

Source: BPMN 2.0.2 (OMG formal/2013-12-09) clause 13, execution semantics. A process and each sub-process is a
scope of its own. Every split is written out as branches (a probability and the flows that get a token), so
exclusive, inclusive and conditional splits, boundary events and implicit parallel splits all look the same to
the analysis.

Probabilities come from the expert's estimates (the reader also puts those of BPSim there). Without one, the
flows of an exclusive gateway get equal shares, those of an inclusive gateway are all taken, and a boundary
event or an event sub-process never happens; each time with a warning. An error that a sub-process throws is
caught as often as it is thrown, when the probabilities inside are all stated. An interruption is taken to
come when the work is done; which part of interrupted work is charged is the analysis' policy.

A call activity whose process is in the same file is expanded like a sub-process. The second call of a process
is a copy of its own: its steps are named "call/node" and know the node they stand for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from math import ceil, floor
from typing import Final, Literal

from workflows.definitions.model import Definition, Flow, Node
from workflows.problems import Problem, Severity

Join = Literal["any", "all", "inclusive", "last"]
"""any: each token fires it; all: one per flow; inclusive: when no more can come; last: when all is done."""

SUB_PROCESSES: Final = frozenset({"subProcess", "transaction", "adHocSubProcess"})
ACTIVITIES: Final = SUB_PROCESSES | {
    "task", "userTask", "manualTask", "serviceTask", "scriptTask", "sendTask", "receiveTask",
    "businessRuleTask", "callActivity",
}  # fmt: skip
WIDEST_INCLUSIVE_SPLIT: Final = 10
_ONE: Final = Fraction(1)
_ZERO: Final = Fraction(0)


@dataclass(frozen=True, slots=True)
class Branch:
    """What a node may do when it is done: with this probability it puts a token on each of these flows.

    interrupted: an interrupting boundary event took over, so the work was not finished.
    """

    probability: Fraction
    flows: tuple[str, ...]
    interrupted: bool = False


@dataclass(frozen=True, slots=True)
class Repetition:
    """How often an activity is done each time a token reaches it; maximum None = without bound.

    A fractional expectation is taken as the mixture of the whole numbers next to it.
    """

    expected: Fraction = _ONE
    minimum: Fraction = _ONE
    maximum: Fraction | None = _ONE


@dataclass(frozen=True, slots=True)
class Step:
    """A flow node of the graph.

    node: id of the diagram's node; differs from `id` in a further copy of a called process.
    scope: id of the scope it opens (a sub-process or an expanded call), else "".
    throws: how its scope ends when this end event fires: "error:name"; "" = it just ends.
    catches: how the opened scope ends -> the branches that then replace the normal ones.
    """

    id: str
    join: Join
    incoming: tuple[str, ...]
    branches: tuple[Branch, ...]
    repetition: Repetition = field(default_factory=Repetition)
    node: str = ""
    activity: bool = False
    sequential: bool = False
    """Its repetitions follow one another."""
    scope: str = ""
    throws: str = ""
    catches: Mapping[str, tuple[Branch, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Scope:
    """The process ("") or a sub-process: its steps, where tokens go, and how it may begin."""

    id: str
    steps: Mapping[str, Step]
    targets: Mapping[str, str]
    """Flow -> the step its token goes to."""
    start: tuple[Branch, ...]
    rounds: Mapping[str, int] = field(default_factory=dict)
    """Flow -> how often it is taken at most in one run of the scope, where that is declared."""
    cut: Fraction = _ZERO
    """Probability that an interrupting event sub-process takes over from the scope's own work."""
    events: tuple[str, ...] = ()
    """The event sub-processes in the scope; their own work is not cut."""


@dataclass(frozen=True, slots=True)
class FlowGraph:
    """All scopes, an inner one before the one it lies in, and what had to be assumed or cannot be used.

    activities: ids of the diagram's tasks, also those of called processes, in file order.
    """

    scopes: Mapping[str, Scope]
    problems: tuple[Problem, ...]
    activities: tuple[str, ...] = ()


def build_graph(
    definition: Definition,
    *,
    probabilities: Mapping[str, Fraction] | None = None,
    repetitions: Mapping[str, Fraction] | None = None,
    cardinality: Callable[[str], Fraction | None] = lambda _: None,
) -> FlowGraph:
    """The flow graph of a definition.

    probabilities: of sequence flows, boundary events, start events or event sub-processes by id; they win
    over the estimates in the diagram. repetitions: of activities by id, likewise.
    cardinality: evaluates a FEEL cardinality (over the project's parameters), None if it cannot.
    """
    return _Builder(definition, probabilities or {}, repetitions or {}, cardinality).build()


class _Builder:
    def __init__(
        self,
        definition: Definition,
        probabilities: Mapping[str, Fraction],
        repetitions: Mapping[str, Fraction],
        cardinality: Callable[[str], Fraction | None],
    ) -> None:
        self.problems: list[Problem] = []
        self._alike: dict[tuple[str, str], list[Problem]] = {}
        self.nodes: dict[str, Node] = {}
        self.flows: dict[str, Flow] = {}
        self.origin: dict[str, str] = {}
        """Step or flow of a further copy of a called process -> its id in the diagram."""
        self.expanded: set[str] = set()
        """Call activities whose process is known."""
        self.copies: set[str] = set()
        self._add(definition, "", "", (definition.process_id,))
        self.probabilities = probabilities
        self.repetitions = repetitions
        self.cardinality = cardinality
        self.assumed: set[str] = set()
        """Scopes in which a probability had to be assumed."""
        self.inside: dict[str, list[Node]] = {"": []}
        self.outgoing: dict[str, list[Flow]] = {}
        self.incoming: dict[str, list[str]] = {}
        self.boundary: dict[str, list[Node]] = {}
        self.cut: dict[str, Fraction] = {}

    def build(self) -> FlowGraph:
        for node in self.nodes.values():
            self.inside.setdefault(node.parent or "", []).append(node)
            if node.kind == "boundaryEvent" and node.attached_to:
                self.boundary.setdefault(node.attached_to, []).append(node)
        for flow in self.flows.values():
            if flow.source in self.nodes and flow.target in self.nodes:
                self._connect(flow)
        scopes = {scope: self._scope(scope) for scope in self._innermost_first()}
        tasks = [n.id for n in self.nodes.values() if n.kind in ACTIVITIES - SUB_PROCESSES]
        activities = tuple(dict.fromkeys(self.origin.get(task, task) for task in tasks))
        return FlowGraph(scopes, tuple(self.problems), activities)

    def _add(self, definition: Definition, prefix: str, call: str, calls: tuple[str, ...]) -> None:
        """Take a process in; `call` is the call activity it stands for, "" for the outermost process."""
        self.copies.add(definition.process_id)
        for node in definition.nodes.values():
            own = (
                node
                if not call
                else replace(
                    node,
                    id=prefix + node.id,
                    parent=prefix + node.parent if node.parent else call or None,
                    attached_to=prefix + node.attached_to if node.attached_to else None,
                    default=prefix + node.default if node.default else None,
                    outgoing=tuple(prefix + flow for flow in node.outgoing),
                    incoming=tuple(prefix + flow for flow in node.incoming),
                )
            )
            self.nodes[own.id] = own
            if prefix:
                self.origin[own.id] = node.id
            if node.kind != "callActivity":
                continue
            if node.called_element in calls:
                self._problem(_call_cycle(node))
                continue
            called = definition.processes.get(node.called_element)
            if called is None:
                self._problem(_not_expanded(node))
                continue
            self.expanded.add(own.id)
            inner = f"{own.id}/" if called.process_id in self.copies else prefix
            self._add(called, inner, own.id, (*calls, called.process_id))
        if not prefix:
            self.flows.update(definition.flows)
            return
        for flow in definition.flows.values():
            copy = replace(
                flow, id=prefix + flow.id, source=prefix + flow.source, target=prefix + flow.target
            )
            self.flows[copy.id] = copy
            self.origin[copy.id] = flow.id

    def _connect(self, flow: Flow) -> None:
        source, target = self.nodes[flow.source], self.nodes[flow.target]
        if source.parent != target.parent:
            # a flow to an end event elsewhere ends there as it would here: it can be left out
            self._problem(_crossing(flow, "warning" if target.kind == "endEvent" else "error"))
            return
        self.outgoing.setdefault(flow.source, []).append(flow)
        self.incoming.setdefault(flow.target, []).append(flow.id)

    def _opens(self, node: Node) -> bool:
        return node.kind in SUB_PROCESSES or node.id in self.expanded

    def _innermost_first(self) -> list[str]:
        order, todo = [], [""]
        while todo:
            scope = todo.pop()
            order.append(scope)
            todo += [n.id for n in self.inside.get(scope, ()) if self._opens(n)]
        return order[::-1]

    def _scope(self, scope: str) -> Scope:
        nodes = self.inside.get(scope, [])
        targets = {f.id: f.target for n in nodes for f in self.outgoing.get(n.id, ())}
        links = self._links(nodes)
        for throw, catch in links.items():
            targets[f"link {throw}"] = catch
            self.incoming.setdefault(catch, []).append(f"link {throw}")
        for node in nodes:
            if node.kind == "boundaryEvent":
                targets[f"boundary {node.id}"] = node.id
                self.incoming.setdefault(node.id, []).append(f"boundary {node.id}")
        start = self._start(scope, nodes)
        for branch in start:
            targets.update({flow: flow.removeprefix("start ") for flow in branch.flows})
        reached = self._reached(nodes, links)
        steps = {n.id: self._step(n, links, reached) for n in nodes}
        for node in nodes:
            self._pass_on(node, steps, targets)
        rounds = {
            f.id: f.estimate.max_rounds
            for n in nodes
            for f in self.outgoing.get(n.id, ())
            if f.estimate is not None and f.estimate.max_rounds is not None and f.estimate.max_rounds >= 0
        }
        events = tuple(n.id for n in nodes if n.triggered_by_event)
        return Scope(scope, steps, targets, start, rounds, self.cut.get(scope, _ZERO), events)

    def _reached(self, nodes: Sequence[Node], links: Mapping[str, str]) -> set[str]:
        """The nodes that something leads to, whatever the probabilities."""
        todo = [n.id for n in nodes if n.kind == "startEvent" or n.triggered_by_event]
        todo = todo or [n.id for n in nodes if self._is_free(n, nodes)]
        seen = set(todo)
        while todo:
            node = todo.pop()
            followers = [f.target for f in self.outgoing.get(node, ())]
            followers += [e.id for e in self.boundary.get(node, ())]
            followers += [links[node]] if node in links else []
            todo += [f for f in followers if f not in seen]
            seen.update(followers)
        return seen

    def _is_free(self, node: Node, nodes: Sequence[Node]) -> bool:
        """Whether the node begins with its scope when that has no start event (BPMN 2.0.2, 13.3.2)."""
        if self.incoming.get(node.id) or _is_triggered(node):
            return False
        compensated = any(n.kind == "boundaryEvent" and n.event == "compensate" for n in nodes)
        return bool(self.outgoing.get(node.id)) or not compensated

    def _links(self, nodes: Sequence[Node]) -> dict[str, str]:
        catches = {n.detail: n.id for n in nodes if n.event == "link" and n.kind == "intermediateCatchEvent"}
        throws = [n for n in nodes if n.event == "link" and n.kind == "intermediateThrowEvent"]
        return {n.id: catches[n.detail] for n in throws if n.detail in catches}

    # --- beginnings -----------------------------------------------------------------------------------------

    def _start(self, scope: str, nodes: Sequence[Node]) -> tuple[Branch, ...]:
        starts = [n for n in nodes if n.kind == "startEvent"]
        if starts:
            branches = self._alternatives(scope, starts)
        else:
            free = [n for n in nodes if self._is_free(n, nodes)]
            branches = [Branch(_ONE, tuple(f"start {n.id}" for n in free))]
            if not free and (nodes or not scope):
                self._problem(_no_start(scope))
        for node in nodes:
            if node.triggered_by_event:
                branches = self._event_sub_process(node, branches)
        return tuple(branches)

    def _alternatives(self, scope: str, starts: Sequence[Node]) -> list[Branch]:
        """Several start events are alternatives: each instance begins at one of them."""
        if len(starts) == 1:
            return [Branch(_ONE, (f"start {starts[0].id}",))]
        given = [self._given(n) for n in starts]
        shares = self._shares(scope or starts[0].id, [n.id for n in starts], given)
        return [Branch(p, (f"start {n.id}",)) for n, p in zip(starts, shares, strict=True) if p]

    def _event_sub_process(self, node: Node, branches: Sequence[Branch]) -> list[Branch]:
        inner = [n for n in self.inside.get(node.id, ()) if n.kind == "startEvent"]
        given = self._given(node)
        if given is None and inner:
            given = self._given(inner[0])
        if given is None:
            self._problem(_never(node))
        probability = given or _ZERO
        if probability and any(n.interrupting for n in inner):
            self._problem(_added(node))
            scope = node.parent or ""
            self.cut[scope] = 1 - (1 - self.cut.get(scope, _ZERO)) * (1 - probability)
        return _with_extra(branches, f"start {node.id}", probability)

    # --- a step ---------------------------------------------------------------------------------------------

    def _step(self, node: Node, links: Mapping[str, str], reached: set[str]) -> Step:
        # A join does not wait for what nothing leads to.
        arriving = self.incoming.get(node.id, ())
        incoming = tuple(f for f in arriving if f not in self.flows or self.flows[f].source in reached)
        branches = self._split(node)
        if node.id in links:
            branches = [Branch(_ONE, (f"link {node.id}",))]
        catches: dict[str, tuple[Branch, ...]] = {}
        if node.id in self.boundary:
            branches, catches = self._boundaries(node, branches)
        throws = ""
        if node.kind == "endEvent" and node.event in ("error", "cancel", "escalation"):
            throws = f"{node.event}:{node.detail}"
        return Step(
            id=node.id,
            join=_join(node, incoming),
            incoming=incoming,
            branches=tuple(branches),
            repetition=self._repetition(node),
            node=self.origin.get(node.id, node.id),
            activity=node.kind in ACTIVITIES,
            sequential=node.multi_instance is not None
            and (node.multi_instance.sequential or node.multi_instance.standard_loop),
            scope=node.id if self._opens(node) else "",
            throws=throws,
            catches=catches,
        )

    def _split(self, node: Node) -> list[Branch]:
        flows = self.outgoing.get(node.id, [])
        if not flows:
            return [Branch(_ONE, ())]
        if node.kind in ("exclusiveGateway", "eventBasedGateway") and len(flows) > 1:
            return self._exclusive(node, flows)
        if node.kind in ("inclusiveGateway", "complexGateway") and len(flows) > 1:
            return self._inclusive(node, flows, flows)
        if node.kind in ACTIVITIES:
            conditional = [f for f in flows if f.condition or f.id == node.default]
            if conditional:
                return self._inclusive(node, flows, conditional)
        return [Branch(_ONE, tuple(f.id for f in flows))]

    def _exclusive(self, node: Node, flows: Sequence[Flow]) -> list[Branch]:
        given = [self._given_flow(f, node) for f in flows]
        shares = self._shares(node.id, [f.id for f in flows], given)
        return [Branch(p, (f.id,)) for f, p in zip(flows, shares, strict=True) if p]

    def _inclusive(self, node: Node, flows: Sequence[Flow], optional: Sequence[Flow]) -> list[Branch]:
        """Each optional flow by itself; if none is taken the default, else one in proportion."""
        if len(optional) > WIDEST_INCLUSIVE_SPLIT:
            self._problem(_too_wide(node, len(optional)))
            return [Branch(_ONE, tuple(f.id for f in flows))]
        chances = {f.id: self._chance(f, node) for f in optional}
        always = tuple(f.id for f in flows if f.id not in chances)
        default = node.default if node.default in chances else None
        taken: dict[tuple[str, ...], Fraction] = {(): _ONE}
        for flow, chance in chances.items():
            step: dict[tuple[str, ...], Fraction] = {}
            for chosen, weight in taken.items():
                for follow, share in (((*chosen, flow), chance), (chosen, 1 - chance)):
                    if share:
                        step[follow] = step.get(follow, _ZERO) + weight * share
            taken = step
        none = taken.pop((), _ZERO)
        if none and default is not None:
            taken[(default,)] = taken.get((default,), _ZERO) + none
        elif none and not always and any(chances.values()):
            whole = sum(chances.values())
            for flow, chance in chances.items():
                if chance:
                    taken[(flow,)] = taken.get((flow,), _ZERO) + none * chance / whole
        elif none:
            taken[()] = none
        return [Branch(p, (*always, *chosen)) for chosen, p in taken.items()]

    def _chance(self, flow: Flow, node: Node) -> Fraction:
        given = self._given_flow(flow, node)
        if given is not None:
            return given
        if flow.id == node.default:
            return _ZERO
        self._problem(_assumed(node.id, flow.id, "1"))
        return _ONE

    def _boundaries(
        self, node: Node, normal: Sequence[Branch]
    ) -> tuple[list[Branch], dict[str, tuple[Branch, ...]]]:
        catches: dict[str, tuple[Branch, ...]] = {}
        stops: list[tuple[str, Fraction]] = []
        branches = list(normal)
        thrown = self._thrown_inside(node) if self._opens(node) else set()
        for event in self.boundary[node.id]:
            flow = f"boundary {event.id}"
            caught = [t for t in sorted(thrown) if _catches(event, t)]
            chance = self._given(event)
            if caught and (chance is not None or node.id in self.assumed):
                catches = {**dict.fromkeys(caught, tuple(normal)), **catches}
            elif caught:
                handled = [Branch(_ONE, (flow,))] if event.interrupting else _with_extra(normal, flow, _ONE)
                catches = {**dict.fromkeys(caught, tuple(handled)), **catches}
                continue
            if chance is None and event.event != "compensate":
                self._problem(_never(event))
            if event.interrupting and event.event != "compensate":
                stops.append((flow, chance or _ZERO))
            else:
                branches = _with_extra(branches, flow, chance or _ZERO)
        total = sum((p for _, p in stops), _ZERO)
        if total > 1:
            self._problem(_sum(node.id, total))
            stops, total = [(flow, p / total) for flow, p in stops], _ONE
        branches = [Branch(b.probability * (1 - total), b.flows) for b in branches if total < 1]
        branches += [Branch(p, (flow,), interrupted=True) for flow, p in stops if p]
        if total and self._opens(node):
            self._problem(_interrupted(node))
        return branches, catches

    def _thrown_inside(self, node: Node) -> set[str]:
        """What end events in the sub-process throw that nothing inside catches."""
        thrown: set[str] = set()
        for inner in self.inside.get(node.id, ()):
            if inner.kind == "endEvent" and inner.event in ("error", "cancel", "escalation"):
                thrown.add(f"{inner.event}:{inner.detail}")
            elif self._opens(inner):
                events = self.boundary.get(inner.id, [])
                thrown |= {t for t in self._thrown_inside(inner) if not any(_catches(e, t) for e in events)}
        return thrown

    def _pass_on(self, node: Node, steps: dict[str, Step], targets: dict[str, str]) -> None:
        """What is thrown in a sub-process and caught by none of its events ends the scope it lies in, last."""
        step = steps[node.id]
        if not step.scope:
            return
        catches = dict(step.catches)
        for thrown in sorted(self._thrown_inside(node) - set(catches)):
            end, flow = f"{node.id} {thrown}", f"thrown {node.id} {thrown}"
            catches[thrown] = (Branch(_ONE, (flow,)),)
            targets[flow] = end
            steps[end] = Step(end, "last", (flow,), (Branch(_ONE, ()),), node=end, throws=thrown)
        steps[node.id] = replace(step, catches=catches)

    def _repetition(self, node: Node) -> Repetition:
        loop = node.multi_instance
        if loop is None:
            return Repetition()
        given = self.repetitions.get(self.origin.get(node.id, node.id))
        if given is None and node.estimate is not None and node.estimate.repetitions is not None:
            given = Fraction(node.estimate.repetitions)
        if loop.standard_loop:
            if given is None:
                self._problem(_repetition_assumed(node))
            most = None if loop.loop_maximum is None else Fraction(loop.loop_maximum)
            expected = _ONE if given is None else given
            least = Fraction(floor(min(_ONE, expected)))
            return Repetition(expected, least, None if most is None else max(most, Fraction(ceil(expected))))
        if given is None and loop.cardinality:
            given = _number(loop.cardinality)
            given = self.cardinality(loop.cardinality) if given is None else given
        if given is None:
            self._problem(_repetition_assumed(node))
            return Repetition()
        if given < 0:
            self._problem(_negative_repetition(node, given))
            return Repetition()
        return Repetition(given, Fraction(floor(given)), Fraction(ceil(given)))

    # --- probabilities --------------------------------------------------------------------------------------

    def _given(self, node: Node) -> Fraction | None:
        stated = self.probabilities.get(self.origin.get(node.id, node.id))
        if stated is None and node.estimate is not None and node.estimate.probability is not None:
            stated = Fraction(node.estimate.probability)
        return self._in_range(node.id, stated)

    def _given_flow(self, flow: Flow, node: Node) -> Fraction | None:
        stated = self.probabilities.get(self.origin.get(flow.id, flow.id))
        if stated is None and flow.estimate is not None and flow.estimate.probability is not None:
            stated = Fraction(flow.estimate.probability)
        if stated is None and node.kind == "eventBasedGateway":
            return self._given(self.nodes[flow.target])
        return self._in_range(flow.id, stated)

    def _in_range(self, place: str, stated: Fraction | None) -> Fraction | None:
        if stated is not None and not 0 <= stated <= 1:
            self._problem(_out_of_range(place, stated))
            return None
        return stated

    def _shares(self, place: str, ids: Sequence[str], given: Sequence[Fraction | None]) -> list[Fraction]:
        """Shares that sum to one; the unstated ones divide what the stated ones leave."""
        unstated = sum(p is None for p in given)
        stated = sum((p for p in given if p is not None), _ZERO)
        if unstated:
            rest = max(_ZERO, 1 - stated) / unstated
            if unstated > 1 or rest == 0:
                missing = ", ".join(i for i, p in zip(ids, given, strict=True) if p is None)
                self._problem(_assumed(place, missing, str(rest)))
            stated += rest * unstated
        else:
            rest = _ZERO
        if stated == 0:
            self._problem(_sum(place, stated))
            return [Fraction(1, len(ids))] * len(ids)
        if stated != 1:
            self._problem(_sum(place, stated))
        return [(rest if p is None else p) / stated for p in given]

    def _problem(self, problem: Problem) -> None:
        if problem.code == "probability-assumed" and problem.place in self.nodes:
            self.assumed.add(self.nodes[problem.place].parent or "")
        if problem.place in self.origin:
            problem = replace(problem, place=self.origin[problem.place])
        alike = self._alike.setdefault((problem.code, problem.place), [])
        if problem not in alike:  # a search among all would take time with the square
            alike.append(problem)
            self.problems.append(problem)


def _is_triggered(node: Node) -> bool:
    """Whether something else than a token starts the node."""
    is_link_catch = node.kind == "intermediateCatchEvent" and node.event == "link"
    return node.kind == "boundaryEvent" or node.triggered_by_event or is_link_catch


def _join(node: Node, incoming: Sequence[str]) -> Join:
    if node.kind == "endEvent" and node.event in ("terminate", "error", "cancel", "escalation"):
        return "last"
    if len(incoming) > 1 and node.kind == "parallelGateway":
        return "all"
    if len(incoming) > 1 and node.kind in ("inclusiveGateway", "complexGateway"):
        return "inclusive"
    return "any"


def _catches(event: Node, thrown: str) -> bool:
    kind, _, name = thrown.partition(":")
    return event.event == kind and event.detail in ("", name)


def _with_extra(branches: Iterable[Branch], flow: str, chance: Fraction) -> list[Branch]:
    """Each branch twice: with the extra token, by its chance, and without."""
    found = []
    for branch in branches:
        if chance:
            found.append(Branch(branch.probability * chance, (*branch.flows, flow)))
        if chance < 1:
            found.append(Branch(branch.probability * (1 - chance), branch.flows))
    return found


def _number(text: str) -> Fraction | None:
    try:
        value = Decimal(text.strip())
    except InvalidOperation:
        return None
    return Fraction(value) if value.is_finite() else None


def _assumed(place: str, flows: str, share: str) -> Problem:
    return Problem(
        "probability-assumed",
        "No probability is given for %(flows)s; %(share)s is assumed for each. State the probabilities.",
        place=place,
        severity="warning",
        params={"flows": flows, "share": share},
    )


def _sum(place: str, total: Fraction) -> Problem:
    return Problem(
        "probability-sum",
        "The probabilities sum to %(total)s instead of 1 and are scaled. Correct them.",
        place=place,
        severity="warning",
        params={"total": str(total)},
    )


def _out_of_range(place: str, value: Fraction) -> Problem:
    return Problem(
        "probability-range",
        "The probability %(value)s is not between 0 and 1. Correct it.",
        place=place,
        params={"value": str(value)},
    )


def _never(node: Node) -> Problem:
    return Problem(
        "event-assumed-never",
        "No probability is given for the event %(node)s; it is assumed never to happen. State one.",
        place=node.id,
        severity="warning",
        params={"node": node.name or node.id},
    )


def _added(node: Node) -> Problem:
    return Problem(
        "event-sub-process-added",
        "%(node)s interrupts its process; its cost is added to the whole cost of what it interrupts, "
        "which is an upper estimate.",
        place=node.id,
        severity="warning",
        params={"node": node.name or node.id},
    )


def _too_wide(node: Node, count: int) -> Problem:
    return Problem(
        "inclusive-split-too-wide",
        "%(node)s has %(count)s optional flows; at most %(most)s can be priced. Divide the gateway.",
        place=node.id,
        params={"node": node.name or node.id, "count": count, "most": WIDEST_INCLUSIVE_SPLIT},
    )


def _repetition_assumed(node: Node) -> Problem:
    return Problem(
        "repetitions-assumed",
        "How often %(node)s is repeated is not known; once is assumed. State the expected repetitions.",
        place=node.id,
        severity="warning",
        params={"node": node.name or node.id},
    )


def _negative_repetition(node: Node, value: Fraction) -> Problem:
    return Problem(
        "repetitions-negative",
        "%(node)s would be repeated %(value)s times. Repetitions cannot be negative; correct the number.",
        place=node.id,
        params={"node": node.name or node.id, "value": str(value)},
    )


def _no_start(scope: str) -> Problem:
    return Problem(
        "no-start",
        "The process or sub-process has nowhere to begin. Add a start event.",
        place=scope,
    )


def _not_expanded(node: Node) -> Problem:
    return Problem(
        "call-not-expanded",
        "What %(node)s calls is not in the file, so its tasks are neither counted nor priced. Add the process.",
        place=node.id,
        severity="warning",
        params={"node": node.name or node.id},
    )


def _call_cycle(node: Node) -> Problem:
    return Problem(
        "call-cycle",
        "%(node)s calls the process it is part of; that never ends. Call another process.",
        place=node.id,
        params={"node": node.name or node.id},
    )


def _crossing(flow: Flow, severity: Severity) -> Problem:
    return Problem(
        "flow-crosses-border",
        "The flow %(flow)s from %(source)s to %(target)s crosses the border of a sub-process. End the work inside "
        "and go on from the sub-process.",
        place=flow.source,
        severity=severity,
        params={"flow": flow.id, "source": flow.source, "target": flow.target},
    )


def _interrupted(node: Node) -> Problem:
    return Problem(
        "interrupted-work-counted",
        "%(node)s can be interrupted; the work in it is counted as done, which is an upper estimate. Throw an "
        "error inside where the work really stops.",
        place=node.id,
        severity="warning",
        params={"node": node.name or node.id},
    )
