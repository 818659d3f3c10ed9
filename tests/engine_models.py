"""Random structured diagrams, what they mean, and the ways to run them: for tests that compare.

Idea: a diagram is grown from blocks with one way in and one way out, and its meaning beside it. `Oracle` plays the
meaning by structure alone: no tokens, no joins, no graph. The runs play the diagram: `AtRest` (a document between
any two commands), `Live` (in memory all along), `Rows` (only what the engine said had changed is kept, and the
instance is made anew from those rows for every command) and `Stock` (SpiffWorkflow as it comes, on the
same clock). A step that waits is known by its kind, its node and its path: the rounds of the repetitions around
it, outermost first.

A decision is always made by the task before it and under its own name, so that it does not matter to whom data
belongs. Timers have durations of their own to the second, so that two fall due together only in copies of one.
"""

from __future__ import annotations

import json
import random
import sys
import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Protocol

from SpiffWorkflow.bpmn.parser.BpmnParser import BpmnParser
from SpiffWorkflow.bpmn.script_engine import PythonScriptEngine
from SpiffWorkflow.bpmn.specs.event_definitions import timer as stock_timer
from SpiffWorkflow.bpmn.specs.event_definitions.item_aware_event import SignalEventDefinition
from SpiffWorkflow.bpmn.specs.event_definitions.message import MessageEventDefinition
from SpiffWorkflow.bpmn.util import BpmnEvent
from SpiffWorkflow.bpmn.workflow import BpmnWorkflow
from SpiffWorkflow.util.task import TaskState

from workflows import engine, feel
from workflows.definitions.read import read
from workflows.engine import (
    Changes,
    Instance,
    Records,
    ScopeRecord,
    Status,
    Subscription,
    TaskRecord,
    Timer,
    WorkItem,
)
from workflows.xml import parse

NOW = datetime(2027, 3, 1, 8, 0, tzinfo=UTC)
STEPS = 60
"""Steps after which a run that loops on is left."""

Path = tuple[int, ...]
Answers = Mapping[str, bool]
Block = tuple[str, str, str, tuple[Any, ...]]
"""First node, last node, XML, and what it means (see `Oracle`)."""


# Growing diagrams -------------------------------------------------------------------------------------


class Model:
    """A structured diagram; `decisions` tells which names a task answers, `messages` what it waits for.

    stock: leave out what stock SpiffWorkflow 3.2 is known to do wrongly: a join in the second round of a loop goes on
    too early; timers after one event-based gateway share one moment; an error reaches what does not surround it.
    settled: names that are decided at most once and by no copy.
    """

    def __init__(self, seed: int, *, stock: bool = False, depth: int = 4) -> None:
        self.random = random.Random(seed)
        self.stock = stock
        self.decisions: dict[str, list[str]] = {}
        self.messages: list[str] = []
        self.errors: list[str] = []
        self.settled: set[str] = set()
        self.kinds: Counter[str] = Counter()
        self.count = 0
        self.copies = 0
        self.others = ""
        """Processes that this one calls, and other elements of the file."""
        xml, self.meaning = self.scope(depth, in_loop=False)
        declared = "".join(f'<message id="m_{name}" name="{name}"/>' for name in self.messages)
        declared += "".join(f'<error id="{name}" errorCode="{name}"/>' for name in sorted(set(self.errors)))
        self.xml = (
            '<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" id="d" targetNamespace="t">'
            f'{declared}<process id="p" isExecutable="true">{xml}</process>{self.others}</definitions>'
        ).encode()

    def oracle(self) -> Oracle:
        return Oracle(self)

    # parts

    def id(self, prefix: str) -> str:
        self.count += 1
        return f"{prefix}{self.count}"

    def flow(self, source: str, target: str, condition: str = "") -> str:
        inner = f"<conditionExpression>{condition}</conditionExpression>" if condition else ""
        attributes = f'id="{self.id("f")}" sourceRef="{source}" targetRef="{target}"'
        return f"<sequenceFlow {attributes}>{inner}</sequenceFlow>"

    def gateway(self, kind: str, default: str = "") -> tuple[str, str]:
        id_ = self.id("g")
        chosen = f' default="{default}"' if default else ""
        return id_, f'<{kind}Gateway id="{id_}"{chosen}/>'

    def scope(self, depth: int, *, in_loop: bool) -> tuple[str, tuple[Any, ...]]:
        start, end = self.id("s"), self.id("e")
        first, last, xml, meaning = self.sequence(depth, in_loop)
        flows = self.flow(start, first) + self.flow(last, end)
        return f'<startEvent id="{start}"/>{xml}<endEvent id="{end}"/>{flows}', ("scope", meaning)

    def block(self, depth: int, in_loop: bool) -> Block:
        makers: list[Callable[[int, bool], Block]] = [self.task]
        if depth > 0:
            makers += [self.sequence, self.sequence, self.exclusive, self.loop, self.sub_process]
            makers += [self.instances, self.repeat]
            if not (self.stock and in_loop):
                makers += [self.parallel, self.parallel, self.inclusive]
            makers += [self.attached, self.attached, self.race, self.catch, self.pause, self.stop, self.throw]
            makers += self.more(in_loop)
        made = self.random.choice(makers)
        self.kinds[made.__name__] += 1
        return made(depth - 1, in_loop)

    def more(self, in_loop: bool) -> list[Callable[[int, bool], Block]]:
        """Makers of other blocks, for a model that has more."""
        return []

    def task(self, _depth: int, _in_loop: bool, inner: str = "") -> Block:
        id_ = self.id("t")
        return id_, id_, f'<userTask id="{id_}">{inner}</userTask>', ("task", id_)

    def deciding(self, names: list[str], in_loop: bool, inner: str = "") -> tuple[str, str]:
        id_, _, xml, _ = self.task(0, False, inner)
        self.decisions[id_] = names
        if not in_loop and not self.copies:
            self.settled |= set(names)
        return id_, xml

    def choice(self, in_loop: bool) -> tuple[str, str, str, str, str]:
        """A task that decides and the gateway after it: ids of both, name, default flow, XML."""
        name, default = self.id("c"), self.id("f")
        decide, xml = self.deciding([name], in_loop)
        split, split_xml = self.gateway("exclusive", default)
        return decide, split, name, default, xml + split_xml + self.flow(decide, split)

    # blocks

    def sequence(self, depth: int, in_loop: bool) -> Block:
        one, two = self.block(depth, in_loop), self.block(depth, in_loop)
        xml = one[2] + two[2] + self.flow(one[1], two[0])
        return one[0], two[1], xml, ("sequence", one[3], two[3])

    def exclusive(self, depth: int, in_loop: bool) -> Block:
        decide, split, name, default, xml = self.choice(in_loop)
        one, two = self.block(depth, in_loop), self.block(depth, in_loop)
        join, join_xml = self.gateway("exclusive")
        xml += join_xml + one[2] + two[2] + self.flow(split, one[0], name)
        xml += f'<sequenceFlow id="{default}" sourceRef="{split}" targetRef="{two[0]}"/>'
        xml += self.flow(one[1], join) + self.flow(two[1], join)
        return decide, join, xml, ("exclusive", decide, name, one[3], two[3])

    def loop(self, depth: int, _in_loop: bool) -> Block:
        body = self.block(depth, True)
        decide, again, name, default, xml = self.choice(True)
        begin, begin_xml = self.gateway("exclusive")
        after = self.task(0, False)
        xml += begin_xml + body[2] + after[2] + self.flow(begin, body[0]) + self.flow(body[1], decide)
        xml += self.flow(again, begin, name)
        xml += f'<sequenceFlow id="{default}" sourceRef="{again}" targetRef="{after[0]}"/>'
        return begin, after[1], xml, ("loop", body[3], decide, name, after[3])

    def parallel(self, depth: int, in_loop: bool) -> Block:
        split, xml = self.gateway("parallel")
        join, join_xml = self.gateway("parallel")
        branches = [self.block(depth, in_loop) for _ in range(self.random.randint(2, 3))]
        for branch in branches:
            xml += branch[2] + self.flow(split, branch[0]) + self.flow(branch[1], join)
        return split, join, xml + join_xml, ("parallel", [branch[3] for branch in branches])

    def inclusive(self, depth: int, in_loop: bool) -> Block:
        names, default = [self.id("c"), self.id("c")], self.id("f")
        decide, xml = self.deciding(names, in_loop)
        split, split_xml = self.gateway("inclusive", default)
        join, join_xml = self.gateway("inclusive")
        xml += split_xml + join_xml + self.flow(decide, split)
        branches = [self.block(depth, in_loop) for _ in names]
        for name, branch in zip(names, branches, strict=True):
            xml += branch[2] + self.flow(split, branch[0], name) + self.flow(branch[1], join)
        otherwise = self.task(0, False)
        xml += f'{otherwise[2]}<sequenceFlow id="{default}" sourceRef="{split}" targetRef="{otherwise[0]}"/>'
        xml += self.flow(otherwise[1], join)
        choices = [(name, branch[3]) for name, branch in zip(names, branches, strict=True)]
        return decide, join, xml, ("inclusive", decide, choices, otherwise[3])

    def sub_process(self, depth: int, in_loop: bool, inner: str = "") -> Block:
        id_ = self.id("sp")
        xml, meaning = self.scope(depth, in_loop=in_loop)
        return id_, id_, f'<subProcess id="{id_}">{inner}{xml}</subProcess>', meaning

    def instances(self, depth: int, in_loop: bool) -> Block:
        sequential = self.random.choice(["true", "false"])
        number = self.random.randint(0, 3)
        many = "multiInstanceLoopCharacteristics"
        inner = f'<{many} isSequential="{sequential}"><loopCardinality>{number}</loopCardinality></{many}>'
        made = self.random.choice([self.task, self.sub_process])
        self.copies += 1
        first, last, xml, meaning = made(depth, in_loop, inner)
        self.copies -= 1
        return first, last, xml, ("instances", sequential == "true", number, meaning)

    def repeat(self, _depth: int, _in_loop: bool) -> Block:
        name, maximum = self.id("c"), self.random.randint(1, 4)
        loop = "standardLoopCharacteristics"
        inner = f'<{loop} loopMaximum="{maximum}"><loopCondition>{name}</loopCondition></{loop}>'
        id_, xml = self.deciding([name], True, inner)
        return id_, id_, xml, ("repeat", id_, name, maximum)

    # blocks with events

    def trigger(self, *, timer: bool = True) -> tuple[str, tuple[str, Any]]:
        """The definition of an event and what it waits for."""
        if timer and self.random.random() < 0.5:
            seconds = self.random.randint(60, 90_000_000)
            text = f'<timeDuration>"PT{seconds}S"</timeDuration>'
            return f"<timerEventDefinition>{text}</timerEventDefinition>", ("timer", seconds)
        name = self.id("m")
        self.messages.append(name)
        return f'<messageEventDefinition messageRef="m_{name}"/>', ("message", name)

    def attached(self, depth: int, in_loop: bool) -> Block:
        """An activity with one or two boundary events; what interrupts meets the activity's way again."""
        made = self.random.choice([self.task, self.sub_process, self.instances])
        id_, _, xml, meaning = made(depth, in_loop)
        events = []
        join, join_xml = self.gateway("exclusive")
        for _ in range(self.random.randint(1, 2)):
            definition, waits = self.trigger()
            interrupting = self.random.random() < 0.5
            event = self.id("b")
            xml += f'<boundaryEvent id="{event}" attachedToRef="{id_}" cancelActivity="{str(interrupting).lower()}">'
            xml += f"{definition}</boundaryEvent>"
            if interrupting:
                handler = self.block(depth - 1, in_loop)
                xml += handler[2] + self.flow(event, handler[0]) + self.flow(handler[1], join)
            else:  # may run twice at once: without joins of the same scope
                self.copies += 1
                handler = self.random.choice([self.task, self.sub_process])(depth - 1, in_loop)
                self.copies -= 1
                end = self.id("e")
                xml += handler[2] + self.flow(event, handler[0]) + self.flow(handler[1], end)
                xml += f'<endEvent id="{end}"/>'
            events.append((event, waits, interrupting, handler[3]))
        xml += join_xml + self.flow(id_, join)
        return id_, join, xml, ("attached", meaning, events)

    def race(self, depth: int, in_loop: bool) -> Block:
        """An event-based gateway."""
        gate, xml = self.gateway("eventBased")
        join, join_xml = self.gateway("exclusive")
        events = []
        for _ in range(self.random.randint(2, 3)):
            timed = any(waits[0] == "timer" for _, waits, _ in events)
            definition, waits = self.trigger(timer=not (self.stock and timed))
            event = self.id("i")
            after = self.block(depth, in_loop)
            xml += f'<intermediateCatchEvent id="{event}">{definition}</intermediateCatchEvent>{after[2]}'
            xml += self.flow(gate, event) + self.flow(event, after[0]) + self.flow(after[1], join)
            events.append((event, waits, after[3]))
        return gate, join, xml + join_xml, ("race", events)

    def catch(self, _depth: int, _in_loop: bool) -> Block:
        definition, waits = self.trigger()
        id_ = self.id("i")
        xml = f'<intermediateCatchEvent id="{id_}">{definition}</intermediateCatchEvent>'
        return id_, id_, xml, ("catch", id_, waits)

    def pause(self, _depth: int, _in_loop: bool) -> Block:
        """A receive task."""
        name, id_ = self.id("m"), self.id("r")
        self.messages.append(name)
        return id_, id_, f'<receiveTask id="{id_}" messageRef="m_{name}"/>', ("catch", id_, ("message", name))

    def stop(self, _depth: int, in_loop: bool) -> Block:
        """A decision to end the scope at once."""
        return self.perhaps("stop", "<terminateEventDefinition/>", in_loop)

    def perhaps(self, meaning: str, definition: str, in_loop: bool) -> Block:
        decide, split, name, default, xml = self.choice(in_loop)
        end = self.id("e")
        on, on_xml = self.gateway("exclusive")
        xml += f'<endEvent id="{end}">{definition}</endEvent>{on_xml}{self.flow(split, end, name)}'
        xml += f'<sequenceFlow id="{default}" sourceRef="{split}" targetRef="{on}"/>'
        return decide, on, xml, (meaning, decide, name)

    def throw(self, depth: int, in_loop: bool) -> Block:
        """A sub-process that may end by an error, which is caught on it."""
        id_, event, start, end = self.id("sp"), self.id("b"), self.id("s"), self.id("e")
        error = self.id("x") if self.stock else "x"
        self.errors.append(error)
        before = self.block(depth, in_loop)
        inside = self.perhaps("throw", f'<errorEventDefinition errorRef="{error}"/>', in_loop)
        if self.random.random() < 0.4 and not (self.stock and in_loop):
            beside = self.block(depth, in_loop)
            split, split_xml = self.gateway("parallel")
            join, join_xml = self.gateway("parallel")
            xml = before[2] + inside[2] + beside[2] + split_xml + join_xml + self.flow(before[1], inside[0])
            xml += self.flow(split, before[0]) + self.flow(split, beside[0])
            xml += self.flow(inside[1], join) + self.flow(beside[1], join)
            body = (split, join, xml, ("parallel", [("sequence", before[3], inside[3]), beside[3]]))
        else:
            xml = before[2] + inside[2] + self.flow(before[1], inside[0])
            body = (before[0], inside[1], xml, ("sequence", before[3], inside[3]))
        handler = self.block(depth, in_loop)
        join, join_xml = self.gateway("exclusive")
        xml = f'<subProcess id="{id_}"><startEvent id="{start}"/>{body[2]}<endEvent id="{end}"/>'
        xml += self.flow(start, body[0]) + self.flow(body[1], end) + "</subProcess>"
        xml += f'<boundaryEvent id="{event}" attachedToRef="{id_}"><errorEventDefinition errorRef="{error}"/>'
        xml += "</boundaryEvent>"
        xml += handler[2] + join_xml + self.flow(id_, join) + self.flow(event, handler[0])
        xml += self.flow(handler[1], join)
        return id_, join, xml, ("caught", body[3], handler[3])

    def answers(self, node_id: str) -> dict[str, bool]:
        return {name: self.random.random() < 0.5 for name in self.decisions.get(node_id, [])}


BLOCKS = (
    "task", "sequence", "exclusive", "loop", "sub_process", "instances", "repeat", "parallel", "inclusive",
    "attached", "race", "catch", "pause", "stop", "throw",
)  # fmt: skip
"""The blocks by name; `Model.kinds` counts them."""


# What they mean ---------------------------------------------------------------------------------------


class Life:
    """What can be ended as a whole: it lives while it and all around it was not ended."""

    def __init__(self, around: Life | None = None) -> None:
        self.around = around
        self.ended = False

    def __bool__(self) -> bool:
        at: Life | None = self
        while at is not None:
            if at.ended:
                return False
            at = at.around
        return True

    def end(self) -> None:
        self.ended = True


class Frame:
    """One execution of a process or sub-process: over when its last token is.

    names: the data of a process, which its sub-processes share.
    """

    def __init__(
        self,
        life: Life,
        around: Frame | None,
        then: Callable[[], None],
        names: dict[str, bool] | None = None,
    ) -> None:
        self.life, self.around, self.then = life, around, then
        self.names: dict[str, bool] = names if names is not None else around.names if around else {}
        self.tokens = 1
        self.catch: Callable[[], None] | None = None

    def done(self) -> None:
        self.tokens -= 1
        if self.tokens == 0:
            self.then()

    def terminate(self) -> None:
        self.life.end()
        self.then()

    def throw(self) -> None:
        frame: Frame | None = self
        while frame is not None and frame.catch is None:
            frame = frame.around
        assert frame is not None
        assert frame.catch is not None
        frame.catch()


@dataclass(frozen=True)
class At:
    """Where a block begins: whose part it is, and in which round of what repeats."""

    frame: Frame
    life: Life
    path: Path = ()


@dataclass(eq=False)
class Waiting:
    """kind: "task", "message" or "timer". what: the node's id, the message's name, or when it is due."""

    kind: str
    node: str
    at: At
    then: Callable[[Answers], None]
    what: Any = None
    again: bool = False


class Oracle:
    """Plays what a diagram means; its waiting steps are what must be seen of every run."""

    def __init__(self, model: Model) -> None:
        self.waiting: list[Waiting] = []
        self.data: dict[str, bool] = {}
        self.now = NOW
        self.ended = False
        life = Life()
        frame = Frame(life, None, self.end, self.data)
        self.begin(model.meaning[1], At(frame, life), frame.done)
        self.settle()

    def end(self) -> None:
        self.ended = True

    def open(self, kind: str) -> list[Waiting]:
        return [each for each in self.waiting if each.kind == kind and each.at.life]

    def ready(self) -> list[tuple[str, Path]]:
        return sorted((each.node, each.at.path) for each in self.open("task"))

    def messages(self) -> list[str]:
        return sorted(each.what for each in self.open("message"))

    def signals(self) -> list[str]:
        return sorted({each.what for each in self.open("signal")})

    def next_due(self) -> datetime | None:
        return min((each.what for each in self.open("timer")), default=None)

    # the outside world

    def complete(self, node: str, path: Path, answers: Answers) -> None:
        found = next(each for each in self.open("task") if (each.node, each.at.path) == (node, path))
        found.at.frame.names.update(answers)
        self.occur(found, answers)

    def deliver(self, name: str) -> None:
        self.occur(next(each for each in self.open("message") if each.what == name), {})

    def signal(self, name: str) -> None:
        """All who wait at this moment have it, as far as one does not end another."""
        for each in [waiting for waiting in self.open("signal") if waiting.what == name]:
            if each.at.life:
                self.occur(each, {})

    def fire(self, now: datetime) -> None:
        self.now = now
        while (due := self.next_due()) is not None and due <= now:
            self.occur(next(each for each in self.open("timer") if each.what == due), {})

    def occur(self, waiting: Waiting, answers: Answers) -> None:
        if not waiting.again:
            self.waiting.remove(waiting)
        waiting.then(answers)
        self.settle()

    def settle(self) -> None:
        """What happens as soon as a name is known."""
        while True:
            known = (each for each in self.open("condition") if each.what in each.at.frame.names)
            found = next(known, None)
            if found is None:
                return
            self.waiting.remove(found)
            found.then({})

    # meaning

    def wait(
        self, node: str, waits: tuple[str, Any], at: At, then: Callable[[], None], *, again: bool = False
    ) -> None:
        kind, what = waits
        due = self.now + timedelta(seconds=what) if kind == "timer" else what
        again = again and kind in ("message", "signal")
        self.waiting.append(Waiting(kind, node, at, lambda _: then(), due, again))

    def ask(self, node: str, at: At, then: Callable[[Answers], None]) -> None:
        self.waiting.append(Waiting("task", node, at, then))

    def begin(self, meaning: Any, at: At, then: Callable[[], None]) -> None:
        kind, *parts = meaning
        getattr(self, f"begin_{kind}")(*parts, at, then)

    def begin_task(self, node: str, at: At, then: Callable[[], None]) -> None:
        self.ask(node, at, lambda _: then())

    def begin_sequence(self, one: Any, two: Any, at: At, then: Callable[[], None]) -> None:
        self.begin(one, at, lambda: self.begin(two, at, then))

    def begin_exclusive(
        self, decide: str, name: str, one: Any, two: Any, at: At, then: Callable[[], None]
    ) -> None:
        self.ask(decide, at, lambda answers: self.begin(one if answers[name] else two, at, then))

    def begin_loop(
        self, body: Any, decide: str, name: str, after: Any, at: At, then: Callable[[], None]
    ) -> None:
        def decided(answers: Answers) -> None:
            if answers[name]:
                self.begin_loop(body, decide, name, after, at, then)
            else:
                self.begin(after, at, then)

        self.begin(body, at, lambda: self.ask(decide, at, decided))

    def begin_repeat(
        self, node: str, name: str, maximum: int, at: At, then: Callable[[], None], done: int = 0
    ) -> None:
        def answered(answers: Answers) -> None:
            if answers[name] and done + 1 < maximum:
                self.begin_repeat(node, name, maximum, at, then, done + 1)
            else:
                then()

        self.ask(node, At(at.frame, at.life, (*at.path, done)), answered)

    def begin_parallel(self, branches: list[Any], at: At, then: Callable[[], None]) -> None:
        self.all_of([(branch, at) for branch in branches], then)

    def begin_inclusive(
        self, decide: str, choices: list[Any], otherwise: Any, at: At, then: Callable[[], None]
    ) -> None:
        def decided(answers: Answers) -> None:
            chosen = [branch for name, branch in choices if answers[name]]
            self.all_of([(branch, at) for branch in chosen or [otherwise]], then)

        self.ask(decide, at, decided)

    def all_of(self, branches: list[tuple[Any, At]], then: Callable[[], None]) -> None:
        left = len(branches)

        def done() -> None:
            nonlocal left
            left -= 1
            if left == 0:
                then()

        for branch, at in branches:
            self.begin(branch, at, done)
        if not branches:
            then()

    def begin_instances(
        self, sequential: bool, number: int, body: Any, at: At, then: Callable[[], None]
    ) -> None:
        places = [At(at.frame, at.life, (*at.path, index)) for index in range(number)]
        if not sequential:
            self.all_of([(body, place) for place in places], then)
            return

        def next_one(index: int) -> None:
            if index == number:
                then()
            else:
                self.begin(body, places[index], lambda: next_one(index + 1))

        next_one(0)

    def begin_scope(self, body: Any, at: At, then: Callable[[], None]) -> Frame:
        life = Life(at.life)
        frame = Frame(life, at.frame, then)
        self.begin(body, At(frame, life, at.path), frame.done)
        return frame

    def begin_attached(self, body: Any, events: list[Any], at: At, then: Callable[[], None]) -> None:
        activity, listening = Life(at.life), Life(at.life)

        def completed() -> None:
            listening.end()
            then()

        def occurred(handler: Any, interrupting: bool) -> None:
            if interrupting:
                activity.end()
                listening.end()
                self.begin(handler, at, then)
            else:
                at.frame.tokens += 1
                self.begin(handler, at, at.frame.done)

        for node, waits, interrupting, handler in events:
            self.wait(
                node, waits, At(at.frame, listening, at.path),
                lambda handler=handler, interrupting=interrupting: occurred(handler, interrupting),
                again=not interrupting,
            )  # fmt: skip
        self.begin(body, At(at.frame, activity, at.path), completed)

    def begin_race(self, events: list[Any], at: At, then: Callable[[], None]) -> None:
        listening = Life(at.life)

        def occurred(after: Any) -> None:
            listening.end()
            self.begin(after, at, then)

        for node, waits, after in events:
            self.wait(node, waits, At(at.frame, listening, at.path), lambda after=after: occurred(after))

    def begin_catch(self, node: str, waits: tuple[str, Any], at: At, then: Callable[[], None]) -> None:
        self.wait(node, waits, at, then)

    def begin_stop(self, decide: str, name: str, at: At, then: Callable[[], None]) -> None:
        self.ask(decide, at, lambda answers: at.frame.terminate() if answers[name] else then())

    def begin_throw(self, decide: str, name: str, at: At, then: Callable[[], None]) -> None:
        self.ask(decide, at, lambda answers: at.frame.throw() if answers[name] else then())

    def begin_caught(self, body: Any, handler: Any, at: At, then: Callable[[], None]) -> None:
        life = Life(at.life)
        frame = Frame(life, at.frame, then)

        def caught() -> None:
            life.end()
            self.begin(handler, at, then)

        frame.catch = caught
        self.begin(body, At(frame, life, at.path), frame.done)


# Running them -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Seen:
    """What can be told of a run. data, signals: None = not compared."""

    ready: list[tuple[str, Path]]
    messages: list[str]
    next_due: datetime | None
    ended: bool
    data: Mapping[str, Any] | None = field(default=None)
    signals: list[str] | None = field(default=None)


class Run(Protocol):
    """One way to run a model."""

    def seen(self) -> Seen: ...
    def complete(self, node: str, path: Path, answers: Answers) -> None: ...
    def deliver(self, name: str) -> None: ...
    def signal(self, name: str) -> None: ...
    def fire(self, now: datetime) -> None: ...


def program_of(model: Model) -> engine.Program:
    reading = read(model.xml)
    assert reading.definition is not None, reading.problems
    return engine.program(reading.definition)


class AtRest:
    """Saved as a document and loaded at every command."""

    def __init__(self, model: Model) -> None:
        self.program = program_of(model)
        self.now = NOW
        self.step = engine.start(self.program, {}, now=NOW)

    def paths(self) -> dict[str, Path]:
        """The path of each ready task."""
        document = json.loads(self.step.state.document)
        scopes = {number: (up, index) for number, up, index, *_ in document["scopes"]}
        scope_of = {record[0]: record[5] for _, records in document["workflows"] for record in records}
        return {
            item.task_id: path_of(scopes, scope_of[item.task_id.replace("-", "")]) for item in self.step.ready
        }

    def seen(self) -> Seen:
        step = self.step
        assert not step.incidents, step.incidents
        paths = self.paths()
        ready = sorted((item.node_id, paths[item.task_id]) for item in step.ready)
        return Seen(ready, sorted(step.messages), step.next_due, step.status == "completed", dict(step.data))

    def complete(self, node: str, path: Path, answers: Answers) -> None:
        paths = self.paths()
        chosen = next(i for i in self.step.ready if (i.node_id, paths[i.task_id]) == (node, path))
        self.step = engine.complete(self.program, self.step.state, chosen.task_id, answers, now=self.now)

    def deliver(self, name: str) -> None:
        self.step = engine.deliver(self.program, self.step.state, name, {}, now=self.now)

    def signal(self, name: str) -> None:
        self.step = engine.signal(self.program, self.step.state, name, {}, now=self.now)

    def fire(self, now: datetime) -> None:
        self.now = now
        self.step = engine.fire_timers(self.program, self.step.state, now=now)


class Live:
    """In memory all along, never loaded."""

    def __init__(self, model: Model) -> None:
        self.program = program_of(model)
        self.now = NOW
        instance = Instance.new(self.program, {}, now=NOW)
        self.keep(instance)
        self.apply(lambda live: live.start(self.now))

    def instance(self) -> Instance:
        """The instance to give a command."""
        return self.live

    def keep(self, instance: Instance) -> None:
        self.live = instance

    def written(self, changes: Changes) -> None:
        """The changes of a command."""

    def apply(self, act: Callable[[Instance], Changes]) -> None:
        """A command, and the automatic steps that it leaves."""
        changes = self.command(act)
        if changes.pending:
            changes = self.command(lambda live: live.proceed(self.now))
        assert not changes.pending

    def command(self, act: Callable[[Instance], Changes]) -> Changes:
        instance = self.instance()
        changes = act(instance)
        assert not instance.broken
        self.written(changes)
        self.keep(instance)
        return changes

    def items(self) -> list[tuple[str, Path, str]]:
        """Node, path and id of each ready task."""
        records = self.live.records()
        scopes = {row.number: (row.up, row.index) for row in records.scopes}
        scope_of = {row.task_id: row.scope for row in records.tasks}
        return [
            (item.node_id, path_of(scopes, scope_of[item.task_id.replace("-", "")]), item.task_id)
            for item in self.live.ready
        ]

    def seen(self) -> Seen:
        live = self.live
        assert not live.incidents, live.incidents
        ready = sorted((node, path) for node, path, _ in self.items())
        messages = sorted(each.name for each in live.subscriptions if each.kind == "message")
        signals = sorted({each.name for each in live.subscriptions if each.kind == "signal"})
        due = min((each.due for each in live.timers), default=None)
        return Seen(ready, messages, due, live.status == "completed", dict(live.data), signals)

    def complete(self, node: str, path: Path, answers: Answers) -> None:
        chosen = next(key for *at, key in self.items() if at == [node, path])
        self.apply(lambda live: live.complete(chosen, answers, self.now))

    def deliver(self, name: str) -> None:
        self.apply(lambda live: live.deliver(name, {}, self.now))

    def signal(self, name: str) -> None:
        self.apply(lambda live: live.signal(name, {}, self.now))

    def fire(self, now: datetime) -> None:
        self.now = now
        while True:
            due = min(
                (each for each in self.live.timers if each.due <= now), key=lambda t: t.due, default=None
            )
            if due is None:
                return
            self.apply(lambda live, key=due.task_id: live.fire_timer(key, now))


class Rows(Live):
    """Nothing is kept but rows, brought up to date by what each command said had changed."""

    def __init__(self, model: Model) -> None:
        self.tasks: dict[str, TaskRecord] = {}
        self.scopes: dict[int, ScopeRecord] = {}
        self.timers: dict[str, Timer] = {}
        self.subscriptions: dict[str, Subscription] = {}
        self.open: dict[str, WorkItem] = {}
        self.status: Status = "running"
        super().__init__(model)

    def instance(self) -> Instance:
        return self.loaded() if self.tasks else self.live

    def loaded(self) -> Instance:
        # in another order than it was written in: rows have none
        tasks = sorted(self.tasks.values(), key=lambda row: row.task_id)
        records = Records(tasks, list(self.scopes.values()), self.status, self.program.sha256)
        return Instance.load(self.program, records, now=self.now)

    def written(self, changes: Changes) -> None:
        self.status = changes.status
        added, again = ({row.task_id: row for row in rows} for rows in (changes.added, changes.tasks))
        assert not added.keys() & self.tasks.keys()
        assert again.keys() <= self.tasks.keys()
        _write(self.tasks, added | again, changes.removed)
        _write(self.scopes, {row.number: row for row in changes.scopes}, changes.removed_scopes)
        _write(self.timers, {row.task_id: row for row in changes.timers}, changes.removed_timers)
        _write(
            self.subscriptions,
            {row.task_id: row for row in changes.subscriptions},
            changes.removed_subscriptions,
        )
        _write(self.open, {item.task_id: item for item in changes.opened}, changes.closed)

    def keep(self, instance: Instance) -> None:
        """What is in memory must be what is in the rows, and what they are loaded as."""
        super().keep(instance)
        if self.tasks:
            self.check(instance)
            if self.status == "running":
                self.check(self.loaded())

    def check(self, instance: Instance) -> None:
        records = instance.records()
        assert {row.task_id: row for row in records.tasks} == self.tasks
        assert {row.number: row for row in records.scopes} == self.scopes
        assert {row.task_id: row for row in instance.timers} == self.timers
        assert {row.task_id: row for row in instance.subscriptions} == self.subscriptions
        assert {item.task_id: item for item in instance.ready} == self.open
        assert records.status == self.status


def _write(kept: dict[Any, Any], changed: Mapping[Any, Any], removed: Iterable[Any]) -> None:
    """Insert or replace, and remove; only what is there can be removed, and no row is both."""
    for key in removed:
        assert key not in changed
        del kept[key]
    kept |= changed


def path_of(scopes: Mapping[int, tuple[int | None, int | None]], scope: int) -> Path:
    """The indices of a scope and those around it, outermost first."""
    path: list[int] = []
    at: int | None = scope
    while at is not None:
        at, index = scopes[at]
        if index is not None:
            path.insert(0, index)
    return tuple(path)


class FeelForStock:
    """Lets stock SpiffWorkflow evaluate our expressions."""

    def evaluate(self, expression: str, context: dict[str, Any], _external: Any = None) -> Any:
        known = {key: value for key, value in context.items() if isinstance(value, bool)}
        value = feel.evaluate(expression, known)
        return int(value) if isinstance(value, Decimal) else value


@contextmanager
def stock_clock(now: datetime) -> Iterator[None]:
    """Let SpiffWorkflow's timers see another time than the computer's."""

    class Clock(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> datetime:
            return now.astimezone(tz)

    before = stock_timer.datetime
    stock_timer.datetime = Clock
    try:
        yield
    finally:
        stock_timer.datetime = before


class Stock:
    """The same diagram in SpiffWorkflow as it comes."""

    def __init__(self, model: Model) -> None:
        self.settled = model.settled
        self.now = NOW
        parser = BpmnParser()
        parser.add_bpmn_xml(parse(model.xml))
        with stock_clock(NOW):
            self.workflow = BpmnWorkflow(
                parser.get_spec("p"),
                parser.get_subprocess_specs("p"),
                script_engine=PythonScriptEngine(FeelForStock()),
            )
            self.workflow.do_engine_steps()

    def tasks(self) -> list[tuple[str, Path, Any]]:
        found = self.workflow.get_tasks(state=TaskState.READY, manual=True)
        return [(each.task_spec.name.removesuffix(" [child]"), self.path(each), each) for each in found]

    def path(self, task: Any) -> Path:
        path: list[int] = []
        while task is not None:
            notes = task.internal_data
            if task.task_spec.name.endswith(" [child]"):
                names = ("key_or_index", "item", "iteration")
                path.insert(0, next(notes[name] for name in names if notes.get(name) is not None))
            above = task.parent
            if above is None and task.workflow.parent_task_id is not None:
                above = self.workflow.get_task_from_id(task.workflow.parent_task_id)
            task = above
        return tuple(path)

    def events(self) -> list[Any]:
        return list(self.workflow.waiting_events())

    def seen(self) -> Seen:
        tasks = self.tasks()
        messages, dues = [], []
        for task in self.workflow.get_tasks(state=TaskState.WAITING):
            definition = getattr(task.task_spec, "event_definition", None)
            for each in getattr(definition, "event_definitions", None) or [definition]:
                if isinstance(each, MessageEventDefinition):
                    messages.append(each.name)
        dues = list(self.dues())
        ended = self.workflow.is_completed()
        data: dict[str, Any] = {}
        for _, _, task in tasks:
            data |= {name: value for name, value in task.data.items() if name in self.settled}
        return Seen(
            sorted((node, path) for node, path, _ in tasks),
            sorted(messages),
            min(dues, default=None),
            ended,
            data,
        )

    def dues(self) -> Iterator[datetime]:
        for task in self.workflow.get_tasks(state=TaskState.WAITING):
            value = task.internal_data.get("event_value")
            if isinstance(value, str):
                yield datetime.fromisoformat(value)

    def complete(self, node: str, path: Path, answers: Answers) -> None:
        task = next(task for at, where, task in self.tasks() if (at, where) == (node, path))
        with stock_clock(self.now):
            task.set_data(**answers)
            task.run()
            self.workflow.do_engine_steps()

    def deliver(self, name: str) -> None:
        with stock_clock(self.now):
            self.workflow.send_event(BpmnEvent(MessageEventDefinition(name), {}))
            self.workflow.do_engine_steps()

    def signal(self, name: str) -> None:
        with stock_clock(self.now):
            self.workflow.send_event(BpmnEvent(SignalEventDefinition(name)))
            self.workflow.do_engine_steps()

    def fire(self, now: datetime) -> None:
        self.now = now
        with stock_clock(now + timedelta(microseconds=1)):  # it fires after the moment, not at it
            self.workflow.refresh_timers()
        with stock_clock(now):
            self.workflow.do_engine_steps()


# Walking ----------------------------------------------------------------------------------------------


@dataclass
class Walk:
    """A random walk through a model: every run must show what the oracle shows, at every step.

    stock_left: why stock SpiffWorkflow was left behind, "" = it agreed to the end. spent: messages that came to an
    event that does not interrupt, which stock lets happen once only.
    """

    model: Model
    spent: set[str] = field(default_factory=set)
    steps: int = 0
    stock_steps: int = 0
    stock_left: str = ""


def walk(
    model: Model, runs: Callable[[Model], list[Run]], *, stock: bool = False, steps: int = STEPS
) -> Walk:
    """Walk; raises AssertionError where a run of ours differs from the oracle."""
    done = Walk(model)
    oracle = model.oracle()
    ours = runs(model)
    other = _left(done, lambda: Stock(model)) if stock else None
    for number in range(steps):
        for run in ours:
            _compare(oracle, run, f"step {number}, {type(run).__name__}: {model.xml.decode()}")
        if other is not None:
            other = _agreeing(done, oracle, other)
        move = _move(model, oracle, done.spent if stock else set())
        if move is None:
            return done
        name, arguments = move
        if name == "deliver":
            done.spent |= {each.what for each in oracle.open("message") if each.again} & set(arguments)
        getattr(oracle, name)(*arguments)
        for run in ours:
            getattr(run, name)(*arguments)
        if other is not None:
            other = _moved(done, other, name, arguments)
        done.steps += 1
    return done


def _compare(oracle: Oracle, run: Run, where: str) -> None:
    seen = run.seen()
    assert seen.ready == oracle.ready(), where
    assert sorted(set(seen.messages)) == sorted(set(oracle.messages())), where
    assert seen.next_due == oracle.next_due(), where
    assert seen.ended == oracle.ended, where
    if seen.data is not None:
        assert seen.data == oracle.data, where
    if seen.signals is not None:
        assert seen.signals == oracle.signals(), where


def _agreeing(done: Walk, oracle: Oracle, stock: Stock) -> Stock | None:
    """Stock, while it shows the same; where it does not, the oracle is right."""
    seen = _left(done, stock.seen)
    if seen is None:
        return None
    for what, theirs, right in (
        ("ready", seen.ready, oracle.ready()),
        ("ended", seen.ended, oracle.ended),
        ("messages", set(seen.messages) - done.spent, set(oracle.messages()) - done.spent),
        ("next due", seen.next_due, oracle.next_due()),
        ("data", {n: v for n, v in (seen.data or {}).items() if oracle.data.get(n) is not v}, {}),
    ):
        if theirs != right:
            done.stock_left = f"{what}: {theirs} instead of {right}"
            return None
    done.stock_steps += 1
    return stock


def _moved(done: Walk, stock: Stock, name: str, arguments: tuple[Any, ...]) -> Stock | None:
    return _left(done, lambda: getattr(stock, name)(*arguments) or stock)


def _left(done: Walk, act: Callable[[], Any]) -> Any:
    """What stock SpiffWorkflow gives; an exception of its own ends the comparison."""
    try:
        return act()
    except Exception as error:  # noqa: BLE001  (whatever it is, it is the other's)
        done.stock_left = f"{type(error).__name__}: {str(error)[:100]}"
        return None


def _move(model: Model, oracle: Oracle, spent: set[str]) -> tuple[str, tuple[Any, ...]] | None:
    """What happens next; only to what cannot be taken for another."""
    moves: list[tuple[str, tuple[Any, ...]]] = []
    ready = Counter(oracle.ready())
    tasks = sorted(each for each, count in ready.items() if count == 1)
    messages = sorted(
        name for name, count in Counter(oracle.messages()).items() if count == 1 and name not in spent
    )
    due = oracle.next_due()
    moves += [("task", each) for each in tasks for _ in range(3)]
    moves += [("deliver", (name,)) for name in messages]
    moves += [("signal", (name,)) for name in oracle.signals()]
    moves += [("fire", (due,))] if due is not None else []
    if not moves:
        return None
    name, arguments = model.random.choice(moves)
    if name == "task":
        return "complete", (*arguments, model.answers(arguments[0]))
    return name, arguments


# Reporting --------------------------------------------------------------------------------------------


@dataclass
class Report:
    """What came of many walks. left: why stock SpiffWorkflow was left, each with its seed."""

    seeds: int = 0
    steps: int = 0
    agreed: int = 0
    stock_steps: int = 0
    failures: list[str] = field(default_factory=list)
    left: list[tuple[int, str]] = field(default_factory=list)

    def __str__(self) -> str:
        reasons = Counter(why.split(":")[0] for _, why in self.left)
        lines = [
            f"{self.seeds} diagrams, {self.steps} steps, {len(self.failures)} failures of ours",
            f"stock SpiffWorkflow agreed on {self.agreed} to the end and on {self.stock_steps} steps; it differed by "
            + (", ".join(f"{why} {count}" for why, count in reasons.most_common()) or "nothing"),
            *(f"  seed {seed}: {why}" for seed, why in self.left),
            *self.failures,
        ]
        return "\n".join(lines)


def ours(model: Model) -> list[Run]:
    """All ways in which we run a diagram."""
    return [AtRest(model), Live(model), Rows(model)]


def model_of(seed: int) -> Model:
    """Every fifth diagram has what stock SpiffWorkflow is known to do wrongly."""
    return Model(seed, stock=seed % 5 != 0)


def report(
    seeds: range, runs: Callable[[Model], list[Run]], made_of: Callable[[int], Model] = model_of
) -> Report:
    """Walk through the diagrams of these seeds, with stock SpiffWorkflow beside."""
    made = Report()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        for seed in seeds:
            made.seeds += 1
            try:
                done = walk(made_of(seed), runs, stock=True)
            except Exception as error:  # noqa: BLE001  (all seeds are tried, and reported)
                made.failures.append(f"seed {seed}: {type(error).__name__}: {error}")
                continue
            made.steps += done.steps
            made.stock_steps += done.stock_steps
            if done.stock_left:
                made.left.append((seed, done.stock_left))
            else:
                made.agreed += 1
    return made


if __name__ == "__main__":
    print(report(range(int(sys.argv[1])), ours))
