"""Random diagrams of everything else: calls, signals, conditions, escalations, transactions, ad hoc, event sub-processes.

The same idea as `tests.engine_models`, whose blocks they are mixed with: `WideOracle` plays what the structure
means, and every way in which we run the diagram must show the same after every step.

Nothing is thrown but behind a task of its own, a condition is for a name that another path decides, and a signal
that interrupts has a name of its own: so the order in which one step's consequences come makes no difference.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from tests import engine_models
from tests.engine_models import At, Block, Frame, Life, Live, Model, Oracle, Rows, Run
from workflows.engine import Instance

POOL = ("s_one", "s_two")
"""Signals that several wait for and that are thrown."""
CANCEL = "<cancelEventDefinition/>"


class WideModel(Model):
    """stock: as in `Model`, and without what stock SpiffWorkflow has otherwise (ad hoc, cancel, conditions)."""

    def __init__(self, seed: int, *, stock: bool = False, depth: int = 4) -> None:
        self.names: list[str] = []
        super().__init__(seed, stock=stock, depth=depth)

    def oracle(self) -> Oracle:
        return WideOracle(self)

    def more(self, in_loop: bool) -> list[Callable[[int, bool], Block]]:
        makers: list[Callable[[int, bool], Block]] = [
            self.call, self.call, self.hear, self.tell, self.escalate, self.escalate, self.handled, self.handled,
            self.failing,
        ]  # fmt: skip
        if not self.stock:
            makers += [self.cancel, self.ad_hoc, self.ad_hoc]
            if not in_loop:
                makers += [self.until, self.until]
        return makers

    # parts

    def declare(self, kind: str, name: str, code: str = "") -> None:
        named = f'{code}="{name}"' if code else f'name="{name}"'
        self.others = f'<{kind} id="d_{name}" {named}/>{self.others}'

    def trigger(self, *, timer: bool = True) -> tuple[str, tuple[str, Any]]:
        if self.random.random() < 0.7:
            return super().trigger(timer=timer)
        name = self.id("n")
        self.declare("signal", name)
        return f'<signalEventDefinition signalRef="d_{name}"/>', ("signal", name)

    def pooled(self) -> tuple[str, str]:
        name = self.random.choice(POOL)
        if name not in self.names:
            self.names.append(name)
            self.declare("signal", name)
        return name, f'<signalEventDefinition signalRef="d_{name}"/>'

    def beside(self, depth: int, in_loop: bool) -> Block:
        """What may run twice at once: without joins of the scope around."""
        self.copies += 1
        made = self.random.choice([self.task, self.sub_process, self.call])(depth - 1, in_loop)
        self.copies -= 1
        return made

    def on_border(
        self,
        host: str,
        xml: str,
        event: str,
        definition: str,
        depth: int,
        in_loop: bool,
        *,
        interrupting: bool,
    ) -> tuple[str, str, Any]:
        """The join behind an activity with one boundary event, all XML, and what the handler means."""
        join, join_xml = self.gateway("exclusive")
        solid = str(interrupting).lower()
        xml += f'<boundaryEvent id="{event}" attachedToRef="{host}" cancelActivity="{solid}">{definition}</boundaryEvent>'
        xml += join_xml + self.flow(host, join)
        if interrupting:
            handler = self.block(depth, in_loop)
            xml += handler[2] + self.flow(handler[1], join)
        else:
            handler, end = self.beside(depth, in_loop), self.id("e")
            xml += f'{handler[2]}<endEvent id="{end}"/>{self.flow(handler[1], end)}'
        return join, xml + self.flow(event, handler[0]), handler[3]

    # blocks

    def call(self, depth: int, in_loop: bool, inner: str = "") -> Block:
        id_, process = self.id("ca"), self.id("p")
        self.copies += 1  # what it decides may end with it
        xml, meaning = self.scope(depth, in_loop=in_loop)
        self.copies -= 1
        self.others += f'<process id="{process}" isExecutable="true">{xml}</process>'
        activity = f'<callActivity id="{id_}" calledElement="{process}">{inner}</callActivity>'
        return id_, id_, activity, ("call", meaning[1])

    def hear(self, _depth: int, _in_loop: bool) -> Block:
        """An event that catches a signal others wait for too."""
        name, definition = self.pooled()
        id_ = self.id("i")
        xml = f'<intermediateCatchEvent id="{id_}">{definition}</intermediateCatchEvent>'
        return id_, id_, xml, ("catch", id_, ("signal", name))

    def tell(self, _depth: int, _in_loop: bool) -> Block:
        """A task, and then a signal to all who wait."""
        name, definition = self.pooled()
        before, id_ = self.task(0, False), self.id("i")
        xml = f'{before[2]}<intermediateThrowEvent id="{id_}">{definition}</intermediateThrowEvent>'
        return before[0], id_, xml + self.flow(before[0], id_), ("sequence", before[3], ("tell", name))

    def until(self, depth: int, in_loop: bool) -> Block:
        """A path that decides, beside one that waits until it is decided, or works until then."""
        name = self.id("c")
        decide, decide_xml = self.deciding([name], in_loop)
        after = self.block(depth, in_loop)
        definition = (
            f"<conditionalEventDefinition><condition>{name} = true or {name} = false</condition>"
            "</conditionalEventDefinition>"
        )
        split, xml = self.gateway("parallel")
        join, join_xml = self.gateway("parallel")
        event = self.id("b")
        if self.random.random() < 0.5:
            first = last = event
            xml += f'<intermediateCatchEvent id="{event}">{definition}</intermediateCatchEvent>'
            waits: Any = ("catch", event, ("condition", name))
        else:
            first, _, host_xml, host = self.task(0, False)
            interrupting = self.random.random() < 0.5
            last, more, handler = self.on_border(
                first, host_xml, event, definition, depth, in_loop, interrupting=interrupting
            )
            xml += more
            waits = ("attached", host, [(event, ("condition", name), interrupting, handler)])
        xml += join_xml + decide_xml + after[2] + self.flow(split, decide) + self.flow(decide, after[0])
        xml += self.flow(after[1], join) + self.flow(split, first) + self.flow(last, join)
        return split, join, xml, ("parallel", [("sequence", ("task", decide), after[3]), waits])

    def escalate(self, depth: int, in_loop: bool) -> Block:
        """A sub-process or call that escalates, by an event on its way or at its end."""
        code, event = self.id("y"), self.id("b")
        self.declare("escalation", code, "escalationCode")
        definition = f'<escalationEventDefinition escalationRef="d_{code}"/>'
        called = self.random.random() < 0.4
        if called:
            self.copies += 1
        before, asked = self.block(depth, in_loop), self.task(0, False)
        throw, start, end = self.id("i"), self.id("s"), self.id("e")
        inside = f'<startEvent id="{start}"/>{before[2]}{asked[2]}'
        inside += self.flow(start, before[0]) + self.flow(before[1], asked[0]) + self.flow(asked[1], throw)
        meaning = ("sequence", ("sequence", before[3], asked[3]), ("escalate", code))
        if self.random.random() < 0.5:
            inside += f'<endEvent id="{throw}">{definition}</endEvent>'
        else:
            after = self.block(depth, in_loop)
            inside += f'<intermediateThrowEvent id="{throw}">{definition}</intermediateThrowEvent>{after[2]}'
            inside += f'<endEvent id="{end}"/>{self.flow(throw, after[0])}{self.flow(after[1], end)}'
            meaning = ("sequence", meaning, after[3])
        if called:
            self.copies -= 1
            host, process = self.id("ca"), self.id("p")
            self.others += f'<process id="{process}" isExecutable="true">{inside}</process>'
            xml = f'<callActivity id="{host}" calledElement="{process}"/>'
        else:
            host = self.id("sp")
            xml = f'<subProcess id="{host}">{inside}</subProcess>'
        interrupting = self.random.random() < 0.5
        join, xml, handler = self.on_border(
            host, xml, event, definition, depth, in_loop, interrupting=interrupting
        )
        body = ("call" if called else "scope", meaning)
        return host, join, xml, ("escalated", body, code, interrupting, handler)

    def cancel(self, depth: int, in_loop: bool) -> Block:
        """A transaction that may be cancelled."""
        host, event, start, end = self.id("tr"), self.id("b"), self.id("s"), self.id("e")
        before, inside = self.block(depth, in_loop), self.perhaps("throw", CANCEL, in_loop)
        xml = f'<startEvent id="{start}"/>{before[2]}{inside[2]}<endEvent id="{end}"/>{self.flow(start, before[0])}'
        xml += self.flow(before[1], inside[0]) + self.flow(inside[1], end)
        xml = f'<transaction id="{host}">{xml}</transaction>'
        join, xml, handler = self.on_border(host, xml, event, CANCEL, depth, in_loop, interrupting=True)
        return host, join, xml, ("caught", ("sequence", before[3], inside[3]), handler)

    def ad_hoc(self, depth: int, in_loop: bool) -> Block:
        """Chains of activities, offered at once or one after the other; some until a decision."""
        host, xml, entries = self.id("ah"), "", []
        sequential, remaining = self.random.random() < 0.5, self.random.random() < 0.5
        name = self.id("c") if self.random.random() < 0.6 else ""
        for number in range(self.random.randint(1, 3)):
            if name and number == 0:
                id_, first_xml = self.deciding([name], True)
                first: Block = (id_, id_, first_xml, ("task", id_))
            else:
                first = self.task(0, False)
            xml += first[2]
            chain = [first[3]]
            if self.random.random() < 0.5:
                made = self.random.choice([self.task, self.sub_process, self.call])
                then = made(depth, in_loop)
                xml += then[2] + self.flow(first[1], then[0])
                chain.append(then[3])
            entries.append(chain)
        condition = f"<completionCondition>{name}</completionCondition>" if name else ""
        order = "Sequential" if sequential else "Parallel"
        rest = str(remaining).lower()
        xml = (
            f'<adHocSubProcess id="{host}" ordering="{order}" cancelRemainingInstances="{rest}">'
            f"{xml}{condition}</adHocSubProcess>"
        )
        return host, host, xml, ("ad_hoc", entries, sequential, name, remaining)

    def handled(self, depth: int, in_loop: bool) -> Block:
        """A sub-process with event sub-processes in it."""
        host = self.id("sp")
        xml, meaning = self.scope(depth, in_loop=in_loop)
        events = []
        for _ in range(self.random.randint(1, 2)):
            definition, waits = self.trigger()
            interrupting = self.random.random() < 0.5
            more, handler, event = self.handler(definition, depth, in_loop, interrupting=interrupting)
            xml += more
            events.append((event, waits, interrupting, handler))
        return host, host, f'<subProcess id="{host}">{xml}</subProcess>', ("handled", meaning[1], events)

    def handler(
        self, definition: str, depth: int, in_loop: bool, *, interrupting: bool
    ) -> tuple[str, Any, str]:
        """An event sub-process: XML, meaning, id of its start event."""
        id_, start, end = self.id("es"), self.id("s"), self.id("e")
        if not interrupting:
            self.copies += 1
        first, last, xml, meaning = self.block(depth - 1, in_loop)
        if not interrupting:
            self.copies -= 1
        solid = str(interrupting).lower()
        xml = f'<startEvent id="{start}" isInterrupting="{solid}">{definition}</startEvent>{xml}<endEvent id="{end}"/>'
        xml += self.flow(start, first) + self.flow(last, end)
        return f'<subProcess id="{id_}" triggeredByEvent="true">{xml}</subProcess>', meaning, start

    def failing(self, depth: int, in_loop: bool) -> Block:
        """A sub-process that may end by an error, which an event sub-process in it catches."""
        host, start, end = self.id("sp"), self.id("s"), self.id("e")
        error = self.id("x") if self.stock else "x"
        self.errors.append(error)
        definition = f'<errorEventDefinition errorRef="{error}"/>'
        before, inside = self.block(depth, in_loop), self.perhaps("throw", definition, in_loop)
        more, handler, _ = self.handler(definition, depth, in_loop, interrupting=True)
        xml = f'<startEvent id="{start}"/>{before[2]}{inside[2]}<endEvent id="{end}"/>{self.flow(start, before[0])}'
        xml += self.flow(before[1], inside[0]) + self.flow(inside[1], end)
        meaning = ("failing", ("sequence", before[3], inside[3]), handler)
        return host, host, f'<subProcess id="{host}">{xml}{more}</subProcess>', meaning


BLOCKS = (
    *engine_models.BLOCKS, "call", "hear", "tell", "until", "escalate", "cancel", "ad_hoc", "handled", "failing",
)  # fmt: skip


class WideOracle(Oracle):
    """Plays these blocks too."""

    def __init__(self, model: Model) -> None:
        self.catchers: dict[int, tuple[str, Callable[[], None]]] = {}
        """Life of an activity, by identity -> the escalation caught on its border, and what then happens."""
        self.lives: list[Life] = []
        """Those whose identity is used: not to be forgotten."""
        super().__init__(model)

    def begin_call(self, body: Any, at: At, then: Callable[[], None]) -> Frame:
        given = dict(at.frame.names)
        names = dict(given)

        def over() -> None:
            outside = at.frame.names
            outside.update({n: v for n, v in names.items() if n in outside and given.get(n) != v})
            then()

        life = Life(at.life)
        frame = Frame(life, at.frame, over, names)
        # the data of a call begin anew: they lie in no repetition but the innermost around it
        self.begin(body, At(frame, life, at.path[-1:]), frame.done)
        return frame

    def begin_tell(self, name: str, at: At, then: Callable[[], None]) -> None:
        self.signal(name)
        if at.life:
            then()

    def begin_escalate(self, code: str, at: At, then: Callable[[], None]) -> None:
        self.catcher(at, code)()
        if at.life:
            then()

    def catcher(self, at: At, code: str) -> Callable[[], None]:
        life: Life | None = at.life
        while life is not None:
            caught = self.catchers.get(id(life))
            if caught is not None and caught[0] == code:
                return caught[1]
            life = life.around
        raise AssertionError("nothing catches the escalation")

    def begin_escalated(
        self, body: Any, code: str, interrupting: bool, handler: Any, at: At, then: Callable[[], None]
    ) -> None:
        activity = Life(at.life)

        def caught() -> None:
            if interrupting:
                activity.end()
                self.begin(handler, at, then)
            else:
                at.frame.tokens += 1
                self.begin(handler, at, at.frame.done)

        self.catchers[id(activity)] = (code, caught)
        self.lives.append(activity)
        self.begin(body, At(at.frame, activity, at.path), then)

    def begin_handled(self, body: Any, events: list[Any], at: At, then: Callable[[], None]) -> None:
        inside = Life(at.life)
        frame = Frame(inside, at.frame, self.ending(inside, then))
        place = At(frame, inside, at.path)

        def occurred(handler: Any, interrupting: bool) -> None:
            if interrupting:
                self.handle(handler, inside, at, then)
            else:
                frame.tokens += 1
                self.begin_scope(handler, place, frame.done)

        for node, waits, interrupting, handler in events:
            self.wait(
                node, waits, place,
                lambda handler=handler, interrupting=interrupting: occurred(handler, interrupting),
                again=not interrupting,
            )  # fmt: skip
        self.begin(body, place, frame.done)

    def begin_failing(self, body: Any, handler: Any, at: At, then: Callable[[], None]) -> None:
        inside = Life(at.life)
        frame = Frame(inside, at.frame, self.ending(inside, then))
        frame.catch = lambda: self.handle(handler, inside, at, then)
        self.begin(body, At(frame, inside, at.path), frame.done)

    def ending(self, life: Life, then: Callable[[], None]) -> Callable[[], None]:
        """What listens in a sub-process ends with it."""

        def over() -> None:
            life.end()
            then()

        return over

    def handle(self, handler: Any, inside: Life, at: At, then: Callable[[], None]) -> None:
        """All else in the sub-process ends, and it is over when the handler is."""
        inside.end()
        self.begin_scope(handler, at, then)

    def begin_ad_hoc(
        self,
        entries: list[Any],
        sequential: bool,
        name: str,
        remaining: bool,
        at: At,
        then: Callable[[], None],
    ) -> None:
        AdHoc(self, entries, sequential, name, remaining, at, then).offer()


class AdHoc:
    """The offering and completing of one ad hoc sub-process."""

    def __init__(
        self,
        oracle: Oracle,
        entries: list[Any],
        sequential: bool,
        name: str,
        remaining: bool,
        at: At,
        then: Callable[[], None],
    ) -> None:
        self.oracle, self.entries, self.sequential = oracle, entries, sequential
        self.name, self.remaining, self.at, self.then = name, remaining, at, then
        self.life = Life(at.life)
        self.frame = Frame(self.life, at.frame, self.nothing)
        self.open = self.offered = 0
        self.ending = False

    def nothing(self) -> None:
        """Its end is not that of its tokens."""

    def offer(self) -> None:
        if self.sequential:
            number = self.offered % len(self.entries)
            self.offered = number + 1
            chosen = [self.entries[number]]
        else:
            self.offered = len(self.entries)
            chosen = self.entries
        self.open += len(chosen)
        for chain in chosen:
            self.follow(chain)

    def follow(self, chain: list[Any]) -> None:
        place = At(self.frame, self.life, self.at.path)
        self.oracle.begin(chain[0], place, lambda: self.completed(chain[1:]))

    def completed(self, chain: list[Any]) -> None:
        if chain:
            self.follow(chain)
        else:
            self.open -= 1
        if not self.life:
            return
        if self.name and not self.ending and self.at.frame.names.get(self.name):
            if self.remaining:
                self.over()
                return
            self.ending = True
        if not self.open:
            is_last = self.ending or (self.offered >= len(self.entries) and not self.name)
            self.over() if is_last else self.offer()

    def over(self) -> None:
        self.life.end()
        self.then()


# Running ----------------------------------------------------------------------------------------------


class Documents(Live):
    """Saved as a document after every command, and loaded from it for the next."""

    def keep(self, instance: Instance) -> None:
        begun = hasattr(self, "live") and instance.status == "running"
        if begun:
            instance = Instance.from_document(self.program, instance.document(), now=self.now)
        super().keep(instance)


def ours(model: Model) -> list[Run]:
    """All ways in which we run a diagram."""
    return [Documents(model), Live(model), Rows(model)]


def model_of(seed: int) -> Model:
    """Every second diagram has only what stock SpiffWorkflow has too."""
    return WideModel(seed, stock=seed % 2 == 0)


if __name__ == "__main__":
    print(engine_models.report(range(int(sys.argv[1])), ours, model_of))
