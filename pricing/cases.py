"""Cases played through a diagram, many thousands side by side: how often what is done, and when all is done.

Idea: tokens are kept by the step they wait at, as arrays (which case, when). The earliest step in the order of
the diagram that has tokens fires for all of them at once, so the work grows with the steps that are done, not with
cases times nodes. Without scarce people the order in which steps are looked at changes nothing: each token
carries its own time. Work that needs a person of a limited pool waits until nothing else can go on; then the
request that was ready first is served in each case (no request that comes later can have been ready earlier).
A sub-process is an activation of its own, as many at a time as it has parallel instances.

Two ways to join what is inclusive: `wait` lets such a join wait for all that may still come, as the exact
analysis does; `time` lets every activity take its time and asks the rule of BPMN 2.0.2, 13.4.3, at each moment.

Cases are independent of one another: each has the pools for itself, as a project has its own facilitators.
Terminate and error ends come when other work is done, as in the exact analysis. All numbers come from
`pricing.draws`, so equal input gives equal numbers everywhere.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from math import floor
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from pricing.calendars import Calendar, Timeline
from pricing.draws import Amounts, Counts, Distribution, Draws, quantiles
from pricing.graph import Branch, FlowGraph, Scope, Step
from pricing.markings import arrivals, preceding, topological_order

Joining = Literal["wait", "time"]
Index = NDArray[np.int64]
CHUNK: Final = 16_384
MOST_FIRINGS: Final = 20_000
"""Steps per case on average; beyond, the diagram is taken as one that does not end."""
MOST_ACTIVATIONS: Final = 4_000_000
MOST_SEPARATE: Final = 100
"""Repetitions of one task whose durations are drawn one by one; more stand for one another."""
_SOME_DAY: Final = (0.0, 1.0, 2.0)


@dataclass(frozen=True, slots=True)
class Duration:
    """Working days of one execution."""

    minimum: float
    typical: float
    maximum: float


@dataclass(frozen=True, slots=True)
class Schedule:
    """How long work takes and who does it.

    durations, skills: by node; a node without a duration takes no time. pools: skill -> people of one case;
    a skill without a pool is never scarce. calendars: skill -> when its people work; `calendar` for all others.
    first: the first day of each case. rework: by node, the share of deliveries that are sent back and redone; that
    takes time, but is no execution of its own.
    """

    durations: Mapping[str, Duration] = field(default_factory=dict)
    skills: Mapping[str, str] = field(default_factory=dict)
    pools: Mapping[str, int] = field(default_factory=dict)
    calendars: Mapping[str, Calendar] = field(default_factory=dict)
    calendar: Calendar = field(default_factory=Calendar)
    first: date = date(2001, 1, 1)
    distribution: Distribution = "pert"
    rework: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Played:
    """executions: of each node, one number per case. days: calendar days until all is done, per case."""

    executions: Mapping[str, Counts]
    days: Amounts


def play_cases(
    graph: FlowGraph,
    *,
    cases: int,
    seed: int,
    schedule: Schedule | None = None,
    joining: Joining = "wait",
) -> Played | None:
    """Play independent cases of a sound diagram; None when they do not come to an end.

    The same seed gives the same cases, whatever the machine or the version of numpy.
    """
    plan = _Plan(graph, schedule or Schedule(), joining)
    executions = {node: np.zeros(cases, dtype=np.int64) for node in plan.nodes}
    days = np.zeros(cases)
    for number, first in enumerate(range(0, cases, CHUNK)):
        count = min(CHUNK, cases - first)
        game = _Game(plan, count, Draws(seed, f"cases {number}"))
        if not game.run():
            return None
        for place, node in enumerate(plan.nodes):
            executions[node][first : first + count] = game.counts[place]
        days[first : first + count] = game.finish[:count]
    return Played(executions, days)


# --- the plan -----------------------------------------------------------------------------------------------

Goal = tuple[int, int]
"""The step a flow leads to, and which of its flows this is."""


@dataclass(slots=True)
class _Choice:
    """The branches of a step: from where on the uniform number takes each, and where its tokens go."""

    upto: Amounts
    goals: list[tuple[Goal, ...]]


@dataclass(slots=True)
class _Place:
    """A step with all that is asked while playing. node: row of the counts, -1 = not counted."""

    step: Step
    scope: int
    node: int
    width: int
    choice: _Choice
    catches: dict[str, _Choice]
    inner: int = -1
    whole: int = 1
    part: float = 0.0
    duration: Duration | None = None
    timeline: Timeline | None = None
    skill: str = ""
    event: bool = False
    """It takes part in the order of time: a request for a person, or any work when joins ask for the time."""


@dataclass(slots=True)
class _Inside:
    """A scope. host: the place that opens it. ways: join -> place -> over which flows it comes to the join."""

    start: _Choice
    host: int = -1
    outer: int = -1
    depth: int = 0
    joins: list[int] = field(default_factory=list)
    lasts: list[int] = field(default_factory=list)
    ways: dict[int, dict[int, int]] = field(default_factory=dict)


class _Plan:
    """The graph with numbers for names; places in the order in which they are looked at."""

    def __init__(self, graph: FlowGraph, schedule: Schedule, joining: Joining) -> None:
        self.graph, self.schedule, self.joining = graph, schedule, joining
        self.nodes = list(
            dict.fromkeys(s.node for c in graph.scopes.values() for s in c.steps.values() if s.activity)
        )
        self.places: list[_Place] = []
        self.insides: list[_Inside] = []
        self._number: dict[str, int] = {}
        self._order("")
        self._row = {node: row for row, node in enumerate(self.nodes)}
        self._scope_number = {scope: number for number, scope in enumerate(self._scopes)}
        self._timelines: dict[Calendar, Timeline] = {}
        for name in self._scopes:
            self._lay_inside(graph.scopes[name])
        for name in self._names:
            self.places.append(self._lay(name))
        for number, name in enumerate(self._scopes):
            self._finish_inside(number, graph.scopes[name])
        self.pools = {
            skill: schedule.pools[skill] for skill in {p.skill for p in self.places} & set(schedule.pools)
        }

    _scopes: list[str]
    _names: list[str]

    def _order(self, outermost: str) -> None:
        """Number the steps so that what is inside a step comes right after it."""
        self._scopes, self._names = [], []
        self._home: dict[str, Scope] = {}
        todo: list[tuple[str, str]] = [("scope", outermost)]
        while todo:
            kind, name = todo.pop()
            if kind == "step":
                self._number[name] = len(self._names)
                self._names.append(name)
                continue
            scope = self.graph.scopes[name]
            self._scopes.append(name)
            order = topological_order(scope)
            inside: list[tuple[str, str]] = []
            for step in sorted(scope.steps, key=lambda s: order[s]):
                self._home[step] = scope
                inside.append(("step", step))
                if scope.steps[step].scope:
                    inside.append(("scope", scope.steps[step].scope))
            todo += reversed(inside)

    def _goal(self, scope: Scope, flow: str) -> Goal:
        step = scope.steps[scope.targets[flow]]
        return self._number[step.id], step.incoming.index(flow) if flow in step.incoming else 0

    def _choice(self, scope: Scope, branches: Iterable[Branch]) -> _Choice:
        upto, total = [], 0.0
        goals = []
        for branch in branches:
            total += float(branch.probability)
            upto.append(total)
            goals.append(tuple(self._goal(scope, flow) for flow in branch.flows))
        return _Choice(np.array(upto[:-1]), goals)

    def _lay_inside(self, scope: Scope) -> None:
        self.insides.append(_Inside(self._choice(scope, scope.start)))

    def _lay(self, name: str) -> _Place:
        scope = self._home[name]
        step = scope.steps[name]
        node = self._row.get(step.node, -1)
        whole = floor(step.repetition.expected)
        found = _Place(
            step=step, scope=self._scope_number[scope.id], node=node, width=len(step.incoming),
            choice=self._choice(scope, step.branches),
            catches={end: self._choice(scope, branches) for end, branches in step.catches.items()},
            inner=self._scope_number[step.scope] if step.scope else -1,
            whole=whole, part=float(step.repetition.expected - whole),
            skill=self.schedule.skills.get(step.node, ""),
        )  # fmt: skip
        found.duration = self.schedule.durations.get(step.node)
        if found.duration is not None and found.inner < 0:
            calendar = self.schedule.calendars.get(found.skill, self.schedule.calendar)
            found.timeline = self._timelines.setdefault(calendar, Timeline(calendar, self.schedule.first))
            found.event = found.skill in self.schedule.pools
        if self.joining == "time" and found.inner < 0 and step.activity:
            found.event = True
        return found

    def _finish_inside(self, number: int, scope: Scope) -> None:
        inside = self.insides[number]
        for step in scope.steps.values():
            place = self._number[step.id]
            if step.scope:
                inner = self.insides[self._scope_number[step.scope]]
                inner.host, inner.outer, inner.depth = place, number, inside.depth + 1
            if step.join == "inclusive":
                inside.joins.append(place)
            elif step.join == "last":
                inside.lasts.append(place)
        inside.joins.sort()
        inside.lasts.sort(key=lambda place: self.places[place].step.id)
        before = preceding(scope) if inside.joins else {}
        for join in inside.joins:
            by_flow = arrivals(scope, self.places[join].step, before=before)
            inside.ways[join] = {
                self._number[step.id]: _ways_after(step, by_flow) for step in scope.steps.values()
            }


def _ways_after(step: Step, by_flow: Mapping[str, int]) -> int:
    ways = 0
    for branches in (step.branches, *step.catches.values()):
        for branch in branches:
            for flow in branch.flows:
                ways |= by_flow.get(flow, 0)
    return ways


# --- the game -----------------------------------------------------------------------------------------------


class _Grown:
    """Columns of numbers that grow together."""

    def __init__(self, size: int, **kinds: type) -> None:
        self.size = 0
        self.columns: dict[str, NDArray[Any]] = {
            name: np.zeros(max(size, 16), dtype=kind) for name, kind in kinds.items()
        }

    def add(self, count: int, **values: NDArray[np.generic] | float) -> Index:
        """Add rows; the rest is zero. Returns their numbers."""
        first, self.size = self.size, self.size + count
        capacity = len(next(iter(self.columns.values())))
        if self.size > capacity:
            for name, column in self.columns.items():
                grown = np.zeros(max(self.size, 2 * capacity), dtype=column.dtype)
                grown[:first] = column[:first]
                self.columns[name] = grown
        for name, value in values.items():
            self.columns[name][first : self.size] = value
        return np.arange(first, self.size, dtype=np.int64)

    def __getitem__(self, name: str) -> NDArray[np.generic]:
        return self.columns[name]


Tokens = tuple[Index, Amounts, int]
"""Activations, times, and which flow of the step they came by."""


class _Game:
    """A chunk of cases in play. The activations of the process itself are the first, one per case."""

    def __init__(self, plan: _Plan, cases: int, draws: Draws) -> None:
        self.plan, self.cases, self.draws = plan, cases, draws
        self.counts = np.zeros((len(plan.nodes), cases), dtype=np.int64)
        self.case: Index = np.arange(cases, dtype=np.int64)
        self.call: Index = np.full(cases, -1, dtype=np.int64)
        self.live: Index = np.zeros(cases, dtype=np.int64)
        self.finish: Amounts = np.zeros(cases)
        self.over: NDArray[np.bool_] = np.zeros(cases, dtype=np.bool_)
        self.acts = cases
        self.calls = _Grown(0, act=np.int64, left=np.int64, todo=np.int64, ended=np.int64)
        self.call_finish = np.zeros(16)
        self.tokens: list[list[Tokens]] = [[] for _ in plan.places]
        self.heap: list[int] = []
        self.held: dict[int, Index] = {}
        """Parallel join -> tokens held per flow and activation."""
        self.latest: dict[int, Amounts] = {}
        self.waiting: dict[int, list[Tokens]] = {}
        """Inclusive joins and last ends -> tokens."""
        self.requests: list[tuple[int, Index, Amounts, Counts, bool]] = []
        """Place, activations, times, repetitions, and whether the work is done and only to be reported."""
        self.completed: list[tuple[int, Index, str]] = []
        self.outcomes: list[str] = [""]
        self.free = {skill: np.zeros((people, cases)) for skill, people in plan.pools.items()}
        self.firings = 0

    def run(self) -> bool:
        """Play to the end; False when there is none in sight."""
        everyone = np.arange(self.cases, dtype=np.int64)
        self._go(self.plan.insides[0].start, 0, everyone, np.zeros(self.cases))
        while self._drain():
            if not (self._join() or self._serve() or self._end() or self._join(anyhow=True)):
                return True
        return False

    def _drain(self) -> bool:
        """Fire all that can fire at once; False when it takes too long."""
        while self.heap or self.completed:
            if self.completed:
                self._complete(*self.completed.pop())
                continue
            place = heapq.heappop(self.heap)
            bag, self.tokens[place] = self.tokens[place], []
            self._arrive(place, bag)
            if self.firings > MOST_FIRINGS * self.cases or self.acts > MOST_ACTIVATIONS:
                return False
        return True

    def _arrive(self, place: int, bag: list[Tokens]) -> None:
        step = self.plan.places[place]
        join = step.step.join
        if join in ("inclusive", "last"):
            self.waiting.setdefault(place, []).extend(bag)
        elif join == "all":
            self._hold(place, step, bag)
        else:
            acts = bag[0][0] if len(bag) == 1 else np.concatenate([b[0] for b in bag])
            times = bag[0][1] if len(bag) == 1 else np.concatenate([b[1] for b in bag])
            self._use(step, acts, 1)
            self._fire(place, step, acts, times)

    def _hold(self, place: int, step: _Place, bag: list[Tokens]) -> None:
        held = self.held.get(place)
        if held is None or held.shape[1] < len(self.case):
            grown = np.zeros((step.width, len(self.case)), dtype=np.int64)
            latest = np.zeros(len(self.case))
            if held is not None:
                grown[:, : held.shape[1]], latest[: held.shape[1]] = held, self.latest[place]
            held = self.held[place] = grown
            self.latest[place] = latest
        for acts, times, slot in bag:
            np.add.at(held[slot], acts, 1)
            np.maximum.at(self.latest[place], acts, times)
        ready = bag[0][0] if len(bag) == 1 else np.concatenate([b[0] for b in bag])
        while True:
            ready = np.unique(ready[(held[:, ready] > 0).all(axis=0)])
            if not len(ready):
                return
            held[:, ready] -= 1
            self._use(step, ready, step.width)
            self._fire(place, step, ready, self.latest[place][ready])

    def _use(self, step: _Place, acts: Index, tokens: int) -> None:
        if step.scope:
            np.subtract.at(self.live, acts, tokens)

    # --- firing ---------------------------------------------------------------------------------------------

    def _fire(self, place: int, step: _Place, acts: Index, times: Amounts) -> None:
        self.firings += len(acts)
        plain = step.whole == 1 and not step.part
        repeated: Counts | None = None
        if not plain:
            repeated = np.full(len(acts), step.whole, dtype=np.int64)
            if step.part:
                repeated += self.draws.uniform(len(acts)) < step.part
        if step.inner >= 0:
            self._enter(place, step, acts, times, repeated)
            return
        if step.node >= 0:
            self._count(step, acts, 1 if repeated is None else repeated)
        if step.event:
            if step.scope:
                np.add.at(self.live, acts, 1)
            many = np.ones(len(acts), dtype=np.int64) if repeated is None else repeated
            if step.skill in self.free:
                self.requests.append((place, acts, times, many, False))
            else:
                self.requests.append((place, acts, self._worked(step, times, many), many, True))
            return
        if step.duration is not None:
            times = self._worked(step, times, repeated)
        self._go(step.choice, step.scope, acts, times)

    def _count(self, step: _Place, acts: Index, times: int | Counts) -> None:
        if step.scope or step.step.join == "any":  # a case can have several tokens here
            np.add.at(self.counts[step.node], self.case[acts], times)
        else:
            self.counts[step.node][self.case[acts]] += times

    def _worked(self, step: _Place, times: Amounts, repeated: Counts | None) -> Amounts:
        """When work is done that begins at `times`, with nobody to wait for."""
        range_ = step.duration
        if range_ is None:
            range_, line = Duration(*_SOME_DAY), None
        else:
            line = step.timeline
        if repeated is None:
            days = self._days(range_, len(times))
        elif not step.step.sequential:
            days = self._longest(range_, repeated)
        else:
            days = np.zeros(len(times))
            for number, part in self._rounds(repeated):
                days[number] += self._days(range_, len(number)) * part
        for number, part in self._rounds(self._redone(step, repeated, len(times))):
            days[number] += self._days(range_, len(number)) * part
        return times + days if line is None else line.finish(times, days)

    def _redone(self, step: _Place, repeated: Counts | None, count: int) -> Counts:
        """How often work is done again because it was sent back."""
        many = np.ones(count, dtype=np.int64) if repeated is None else repeated
        return self.draws.failures(many, self.plan.schedule.rework.get(step.step.node, 0.0))

    def _days(self, range_: Duration, count: int) -> Amounts:
        kind = self.plan.schedule.distribution
        return self.draws.between(range_.minimum, range_.typical, range_.maximum, kind, count)

    def _longest(self, range_: Duration, repeated: Counts) -> Amounts:
        """The longest of so many: its share of the distribution is a root of a uniform number."""
        width = range_.maximum - range_.minimum
        if self.plan.schedule.distribution == "fixed" or width <= 0:
            return np.where(repeated > 0, range_.typical, 0.0)
        # rounded, because a power is not rounded alike everywhere
        shares = np.round(self.draws.uniform(len(repeated)) ** (1.0 / np.maximum(repeated, 1)), 12)
        mode = (range_.typical - range_.minimum) / width
        days = range_.minimum + width * quantiles(shares, mode, self.plan.schedule.distribution)
        return np.where(repeated > 0, days, 0.0)

    def _rounds(self, repeated: Counts) -> Iterator[tuple[Index, Amounts]]:
        """Which of the tokens go through a first, second ... repetition, and how many each stands for."""
        drawn = np.minimum(repeated, MOST_SEPARATE)
        for number in range(int(drawn.max(initial=0))):
            (chosen,) = np.nonzero(drawn > number)
            yield chosen, repeated[chosen] / drawn[chosen]

    def _go(self, choice: _Choice, scope: int, acts: Index, times: Amounts) -> None:
        """Choose a branch for each and put the tokens on its flows."""
        if len(choice.goals) == 1:
            self._put(choice.goals[0], scope, acts, times)
            return
        draws = self.draws.uniform(len(acts))
        if len(choice.goals) == 2:
            second = draws >= choice.upto[0]
            for goals, chosen in zip(choice.goals, (~second, second), strict=True):
                self._put(goals, scope, acts[chosen], times[chosen])
            return
        branch = np.searchsorted(choice.upto, draws, side="right")
        for number, goals in enumerate(choice.goals):
            (chosen,) = np.nonzero(branch == number)
            if len(chosen):
                self._put(goals, scope, acts[chosen], times[chosen])

    def _put(self, goals: tuple[Goal, ...], scope: int, acts: Index, times: Amounts) -> None:
        if not len(acts):
            return
        for place, slot in goals:
            if not self.tokens[place]:
                heapq.heappush(self.heap, place)
            self.tokens[place].append((acts, times, slot))
        if goals and scope:
            np.add.at(self.live, acts, len(goals))
        elif not goals:
            np.maximum.at(self.finish, acts, times)
            if scope:
                done = np.unique(acts[self.live[acts] == 0])
                self.completed.append((scope, done, ""))

    # --- sub-processes --------------------------------------------------------------------------------------

    def _enter(self, place: int, step: _Place, acts: Index, times: Amounts, repeated: Counts | None) -> None:
        if step.scope:
            np.add.at(self.live, acts, 1)
        if repeated is None:
            repeated = np.ones(len(acts), dtype=np.int64)
        begun = np.minimum(repeated, 1) if step.step.sequential else repeated
        calls = self.calls.add(len(acts), act=acts, left=repeated, todo=repeated - begun)
        if len(self.call_finish) < self.calls.size:
            self.call_finish = np.concatenate([self.call_finish, np.zeros(self.calls.size)])
        self.call_finish[calls] = times
        none = repeated == 0
        if none.any():
            self._leave(step, acts[none], times[none], "")
        self._activate(step.inner, np.repeat(calls, begun), np.repeat(times, begun))

    def _activate(self, scope: int, calls: Index, times: Amounts) -> None:
        count = len(calls)
        if not count:
            return
        first, self.acts = self.acts, self.acts + count
        if self.acts > len(self.case):
            more = max(self.acts, 2 * len(self.case)) - len(self.case)
            self.case = np.concatenate([self.case, np.zeros(more, dtype=np.int64)])
            self.call = np.concatenate([self.call, np.zeros(more, dtype=np.int64)])
            self.live = np.concatenate([self.live, np.zeros(more, dtype=np.int64)])
            self.finish = np.concatenate([self.finish, np.zeros(more)])
            self.over = np.concatenate([self.over, np.zeros(more, dtype=np.bool_)])
        acts = np.arange(first, self.acts, dtype=np.int64)
        self.case[acts] = self.case[self._calls("act")[calls]]
        self.call[acts] = calls
        self.finish[acts] = times
        inside = self.plan.insides[scope]
        host = self.plan.places[inside.host]
        if host.node >= 0:
            np.add.at(self.counts[host.node], self.case[acts], 1)
        self._go(inside.start, scope, acts, times)

    def _calls(self, name: str) -> Index:
        return self.calls.columns[name]

    def _complete(self, scope: int, acts: Index, outcome: str) -> None:
        """Activations are done; go on with the next repetition, or outside when it was the last."""
        acts = acts[~self.over[acts]]
        if not len(acts):
            return
        self.over[acts] = True
        step = self.plan.places[self.plan.insides[scope].host]
        calls = self.call[acts]
        np.maximum.at(self.call_finish, calls, self.finish[acts])
        if outcome:
            if outcome not in self.outcomes:
                self.outcomes.append(outcome)
            fresh = calls[self._calls("ended")[calls] == 0]
            self._calls("ended")[fresh] = self.outcomes.index(outcome)
            if step.step.sequential:  # the next repetitions are not begun
                self._calls("todo")[calls] = 0
                self._calls("left")[calls] = 1
        np.subtract.at(self._calls("left"), calls, 1)
        more = self._calls("todo")[calls] > 0
        if more.any():
            self._calls("todo")[calls[more]] -= 1
            self._activate(scope, calls[more], self.finish[acts[more]])
        done = np.unique(calls[self._calls("left")[calls] == 0])
        ended = self._calls("ended")[done]
        for number in np.unique(ended):
            chosen = done[ended == number]
            self._leave(
                step, self._calls("act")[chosen], self.call_finish[chosen], self.outcomes[int(number)]
            )

    def _leave(self, step: _Place, acts: Index, times: Amounts, outcome: str) -> None:
        if step.scope:
            np.subtract.at(self.live, acts, 1)
        self._go(step.catches[outcome] if outcome else step.choice, step.scope, acts, times)

    # --- when nothing can go on at once -----------------------------------------------------------------------

    def _serve(self) -> bool:
        """In each case the request or the end of work that is first in time."""
        if not self.requests:
            return False
        places = np.concatenate([np.full(len(r[1]), r[0], dtype=np.int64) for r in self.requests])
        acts = np.concatenate([r[1] for r in self.requests])
        times = np.concatenate([r[2] for r in self.requests])
        many = np.concatenate([r[3] for r in self.requests])
        worked = np.concatenate([np.full(len(r[1]), r[4]) for r in self.requests])
        cases = self.case[acts]
        order = np.lexsort((acts, places, times, cases))
        first = np.ones(len(order), dtype=np.bool_)
        first[1:] = cases[order[1:]] != cases[order[:-1]]
        chosen, rest = order[first], order[~first]
        self.requests = []
        for done in (False, True):
            for place in np.unique(places[rest[worked[rest] == done]]):
                of = rest[(places[rest] == place) & (worked[rest] == done)]
                self.requests.append((int(place), acts[of], times[of], many[of], done))
        for place in np.unique(places[chosen]):
            step = self.plan.places[int(place)]
            of = chosen[places[chosen] == place]
            ready, waits = of[worked[of]], of[~worked[of]]
            if len(waits):
                ended = self._employ(step, cases[waits], times[waits], many[waits])
                if self.plan.joining == "time":
                    self.requests.append((int(place), acts[waits], ended, many[waits], True))
                else:
                    self._report(step, acts[waits], ended)
            if len(ready):
                self._report(step, acts[ready], times[ready])
        return True

    def _report(self, step: _Place, acts: Index, times: Amounts) -> None:
        self._use(step, acts, 1)
        self._go(step.choice, step.scope, acts, times)

    def _employ(self, step: _Place, cases: Index, times: Amounts, many: Counts) -> Amounts:
        """When the work is done by the people of the pool who are free first."""
        free, ended, ready = self.free[step.skill], times.copy(), times.copy()
        assert step.duration is not None
        assert step.timeline is not None
        for chosen, part in self._rounds(many):
            who = free[:, cases[chosen]].argmin(axis=0)
            begin = np.maximum(ready[chosen], free[who, cases[chosen]])
            days = self._days(step.duration, len(chosen)) * part
            done = step.timeline.finish(begin, days)
            free[who, cases[chosen]] = done
            ended[chosen] = np.maximum(ended[chosen], done)
            if step.step.sequential:
                ready[chosen] = done
        for chosen, part in self._rounds(self._redone(step, many, len(times))):
            who = free[:, cases[chosen]].argmin(axis=0)
            begin = np.maximum(ended[chosen], free[who, cases[chosen]])
            ended[chosen] = step.timeline.finish(begin, self._days(step.duration, len(chosen)) * part)
            free[who, cases[chosen]] = ended[chosen]
        return ended

    def _busy(self) -> NDArray[np.bool_]:
        """Activations in which, or inside which, an inclusive join still holds tokens."""
        busy = np.zeros(len(self.case), dtype=np.bool_)
        for place, bag in self.waiting.items():
            if self.plan.places[place].step.join == "inclusive":
                for acts, _, _ in bag:
                    scope = self.plan.places[place].scope
                    busy[acts] = True
                    while scope:
                        acts, scope = self._calls("act")[self.call[acts]], self.plan.insides[scope].outer
                        busy[acts] = True
        return busy

    def _join(self, *, anyhow: bool = False) -> bool:
        """Fire the inclusive joins that need not wait; `anyhow`: the first, because they wait for each other."""
        ready: list[tuple[int, list[Tokens], Index]] = []
        for number, inside in enumerate(self.plan.insides):
            for join in inside.joins:
                bag = self.waiting.get(join)
                if not bag:
                    continue
                present = np.unique(np.concatenate([b[0] for b in bag]))
                if not anyhow:
                    present = present[~self._awaited(number, inside, join, bag)[present]]
                if len(present):
                    ready.append((join, bag, present))
        # only now: what the first of them lets go on could still come to the next
        for join, bag, present in ready[:1] if anyhow else ready:
            self._fire_join(join, bag, present)
        return bool(ready)

    def _awaited(self, number: int, inside: _Inside, join: int, bag: list[Tokens]) -> NDArray[np.bool_]:
        """Activations in which something may still come to the join that it has to wait for."""
        arrived = np.zeros(len(self.case), dtype=np.int64)
        for acts, _, slot in bag:
            np.bitwise_or.at(arrived, acts, 1 << slot)
        blocked = np.zeros(len(self.case), dtype=np.bool_)
        for place, acts in self._elsewhere(join):
            found = self._lifted(number, place, acts)
            ways = inside.ways[join].get(found[0], 0) if found else 0
            if not found or not ways:
                continue
            there = arrived[found[1]]
            if self.plan.joining == "wait":
                blocked[found[1]] = True
            else:
                blocked[found[1][((ways & ~there) != 0) & ((ways & there) == 0)]] = True
        return blocked

    def _elsewhere(self, join: int) -> Iterator[tuple[int, Index]]:
        for place, acts, *_ in self.requests:
            yield place, acts
        for place, bag in self.waiting.items():
            if place != join:
                for acts, _, _ in bag:
                    yield place, acts

    def _lifted(self, number: int, place: int, acts: Index) -> tuple[int, Index] | None:
        """A place and activations as seen from a scope around them; None when it is not around them."""
        scope = self.plan.places[place].scope
        while scope != number:
            inside = self.plan.insides[scope]
            if inside.host < 0:
                return None
            place, acts, scope = inside.host, self._calls("act")[self.call[acts]], inside.outer
        return place, acts

    def _fire_join(self, join: int, bag: list[Tokens], present: Index) -> None:
        """Take one token of each flow; what came twice over one flow stays."""
        acts = np.concatenate([b[0] for b in bag])
        times = np.concatenate([b[1] for b in bag])
        slots = np.concatenate([np.full(len(b[0]), b[2], dtype=np.int64) for b in bag])
        order = np.lexsort((times, slots, acts))
        acts, times, slots = acts[order], times[order], slots[order]
        first = np.ones(len(acts), dtype=np.bool_)
        first[1:] = (acts[1:] != acts[:-1]) | (slots[1:] != slots[:-1])
        taken = first & np.isin(acts, present)
        self.waiting[join] = [
            (acts[left], times[left], int(slot))
            for slot in np.unique(slots[~taken])
            if len(left := np.nonzero(~taken & (slots == slot))[0])
        ]
        latest = np.zeros(len(self.case))
        np.maximum.at(latest, acts[taken], times[taken])
        step = self.plan.places[join]
        self._use(step, acts[taken], 1)
        self._fire(join, step, present, latest[present])

    def _end(self) -> bool:
        """Fire the ends that wait for all else: the innermost scopes first, one end per activation."""
        busy = self._busy()
        for number in sorted(range(len(self.plan.insides)), key=lambda n: -self.plan.insides[n].depth):
            ended = np.zeros(len(self.case), dtype=np.bool_)
            for place in self.plan.insides[number].lasts:
                bag = self.waiting.pop(place, [])
                later = [(a[busy[a]], t[busy[a]], slot) for a, t, slot in bag if busy[a].any()]
                if later:
                    self.waiting[place] = later
                for acts, times in ((a[~busy[a]], t[~busy[a]]) for a, t, _ in bag):
                    np.maximum.at(self.finish, acts, times)
                    fresh = np.unique(acts[~ended[acts]])
                    ended[fresh] = True
                    if number:
                        self.completed.append((number, fresh, self.plan.places[place].step.throws))
            if ended.any():
                return True
        return False


def mean_and_error(values: Sequence[float] | Amounts | Counts) -> tuple[float, float]:
    """The mean of a sample and its standard error."""
    sample = np.asarray(values, dtype=np.float64)
    return float(sample.mean()), float(sample.std(ddof=1) / np.sqrt(len(sample)))
