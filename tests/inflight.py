"""Running instances of a release, kept as fixtures, and how to go on with them.

Idea: whoever runs RUN has instances in mid-flight on the day of an upgrade. At each release
`python -m tests.inflight create` writes some of every kind into tests/fixtures/inflight/<release>/: for each
diagram its state at rest and, for each way to the end, what was seen after every step; and an installation's
database of which three villages are half done. tests/scenarios/test_inflight.py goes on with all of them, those
of all releases, for ever. docs/how-to/keep-running-instances-alive.md says when to run it.

The moves are played by the engine's commands over states at rest, so that this file runs on the code of every
release; data is written as FEEL.
"""

from __future__ import annotations

import argparse
import json
import lzma
import random
import sqlite3
import tempfile
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any

from workflows import engine, feel
from workflows.definitions.read import read

PROJECT = Path(__file__).parents[1] / "pyproject.toml"
FIXTURES = Path(__file__).parent / "fixtures" / "inflight"
NOW = datetime(2026, 11, 21, 8, 0, tzinfo=UTC)
VILLAGES = 3
DAYS = 3
"""Working days after which the villages' database is kept."""
SEED = 46

Move = Mapping[str, Any]
"""One step of the outside world: {"do": "complete" | "deliver" | "signal" | "wait" | "retry", ...}."""


def complete(node: str, index: int | None = None, **data: str) -> Move:
    """The oldest ready task of that node and round is completed; data as FEEL."""
    return {"do": "complete", "node": node, "index": index, "data": data}


def deliver(message: str, **data: str) -> Move:
    return {"do": "deliver", "message": message, "data": data}


def signal(name: str, **data: str) -> Move:
    return {"do": "signal", "signal": name, "data": data}


def wait(hours: int) -> Move:
    return {"do": "wait", "hours": hours}


def retry() -> Move:
    return {"do": "retry"}


# What is kept -----------------------------------------------------------------------------------------

_OPEN = (
    '<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" id="d" targetNamespace="t">'
    '<message id="m_letter" name="letter"/><message id="m_call" name="call"/><error id="x_no" errorCode="refused"/>'
    '<signal id="n_rain" name="rain"/><escalation id="y_late" escalationCode="late"/>'
    '<process id="p" isExecutable="true">'
)


def diagram(*elements: str, called: str = "") -> bytes:
    """called: the inside of a process “q” of the same file."""
    other = f'<process id="q" isExecutable="true">{called}</process>' if called else ""
    return f"{_OPEN}{''.join(elements)}</process>{other}</definitions>\n".encode()


def users(*ids: str) -> str:
    return "".join(f'<userTask id="{id_}"/>' for id_ in ids)


def flow(source: str, target: str, condition: str = "", *, default: bool = False) -> str:
    """default: named so that the gateway can refer to it as `<source>_default`."""
    id_ = f"{source}_default" if default else f"{source}_{target}"
    inner = f"<conditionExpression>{condition}</conditionExpression>" if condition else ""
    return f'<sequenceFlow id="{id_}" sourceRef="{source}" targetRef="{target}">{inner}</sequenceFlow>'


def chain(*ids: str) -> str:
    return "".join(flow(one, two) for one, two in pairwise(ids))


def node(kind: str, id_: str, inner: str = "", **attributes: str) -> str:
    more = "".join(f' {name}="{value}"' for name, value in attributes.items())
    return f'<{kind} id="{id_}"{more}>{inner}</{kind}>'


def ends(*ids: str) -> str:
    return "".join(node("endEvent", id_) for id_ in ids)


def timer(duration: str) -> str:
    return f"<timerEventDefinition><timeDuration>{duration}</timeDuration></timerEventDefinition>"


def message(ref: str) -> str:
    return f'<messageEventDefinition messageRef="{ref}"/>'


def raining() -> str:
    return '<signalEventDefinition signalRef="n_rain"/>'


def late() -> str:
    return '<escalationEventDefinition escalationRef="y_late"/>'


def waiting_for(condition: str) -> str:
    return f"<conditionalEventDefinition><condition>{condition}</condition></conditionalEventDefinition>"


def many(inner: str, *, sequential: bool = False) -> str:
    name = "multiInstanceLoopCharacteristics"
    return f'<{name} isSequential="{str(sequential).lower()}">{inner}</{name}>'


START = node("startEvent", "s")


@dataclass(frozen=True)
class Case:
    """An instance to bring into mid-flight by `moves`, and the `ways` on which it can end."""

    name: str
    bpmn: bytes
    moves: tuple[Move, ...]
    ways: Mapping[str, tuple[Move, ...]]
    data: Mapping[str, str] = field(default_factory=dict)


def cases() -> Iterator[Case]:
    """What every release keeps; a construct that becomes executable gets a case here."""
    yield Case(
        "every-type-of-value",
        diagram(
            START,
            users("first", "second", "third"),
            node("scriptTask", "script", "<script>sum = amount + 1\nlater = day + span</script>"),
            ends("e"),
            chain("s", "first", "second", "script", "third", "e"),
        ),
        (complete("first", note='"été"', amount="12.50"),),
        {"": (complete("second", amount="0.1"), complete("third"))},
        {
            "amount": "1", "day": 'date("2026-11-21")', "span": 'duration("P3D")', "month": 'duration("P1Y2M")',
            "at": 'date and time("2026-11-21T08:00:00Z")', "hour": 'time("08:30:00")', "none": "null",
            "flags": "[true, false, null]", "place": '{village: "Copargo", gps: [9.84, 1.55]}',
        },
    )  # fmt: skip
    yield Case(
        "exclusive-parallel-inclusive",
        diagram(
            START,
            users("ask", "yes", "no", "left", "right", "x", "y", "z", "last"),
            node("exclusiveGateway", "xor", default="xor_default"),
            node("exclusiveGateway", "xor_join"),
            node("parallelGateway", "fork"),
            node("parallelGateway", "join"),
            node("inclusiveGateway", "some", default="some_default"),
            node("inclusiveGateway", "some_join"),
            ends("e"),
            chain("s", "ask", "xor"),
            flow("xor", "yes", "good"),
            flow("xor", "no", default=True),
            chain("yes", "xor_join", "fork", "left", "join"),
            chain("no", "xor_join"),
            chain("fork", "right", "some"),
            flow("some", "x", "a"),
            flow("some", "y", "b"),
            flow("some", "z", default=True),
            chain("x", "some_join", "join", "last", "e"),
            chain("y", "some_join"),
            chain("z", "some_join"),
        ),
        (
            complete("ask", good="true", a="true", b="true"),
            complete("yes"),
            complete("left"),
            complete("right"),
            complete("x"),
        ),
        {"": (complete("y"), complete("last"))},
    )
    yield Case(
        "parallel-instances-with-a-completion-condition",
        diagram(
            START,
            node(
                "userTask",
                "survey",
                many(
                    "<loopDataInputRef>households</loopDataInputRef>"
                    '<inputDataItem id="i" name="household"/>'
                    "<completionCondition>numberOfCompletedInstances &gt;= 3</completionCondition>"
                ),
            ),
            users("last"),
            ends("e"),
            chain("s", "survey", "last", "e"),
        ),
        (complete("survey", 2),),
        {"": (complete("survey", 0), complete("survey", 3), complete("last"))},
        {"households": '[{name: "A", heads: 3}, {name: "B", heads: 4.5}, {name: "C", heads: 1}, {name: "D", heads: 2}]'},
    )  # fmt: skip
    yield Case(
        "sequential-instances-of-a-sub-process-in-a-sub-process",
        diagram(
            START,
            node(
                "subProcess",
                "outer",
                many("<loopCardinality>3</loopCardinality>", sequential=True)
                + node("startEvent", "os")
                + node(
                    "subProcess",
                    "inner",
                    many("<loopCardinality>2</loopCardinality>")
                    + node("startEvent", "is")
                    + users("visit", "report")
                    + ends("ie")
                    + chain("is", "visit", "report", "ie"),
                )
                + ends("oe")
                + chain("os", "inner", "oe"),
            ),
            users("last"),
            ends("e"),
            chain("s", "outer", "last", "e"),
        ),
        (
            complete("visit", 0),
            complete("visit", 1),
            complete("report", 1),
            complete("report", 0),
            complete("visit", 1),
        ),
        {
            "": (
                complete("report", 1),
                complete("visit", 0),
                complete("report", 0),
                complete("visit", 0),
                complete("visit", 1),
                complete("report", 0),
                complete("report", 1),
                complete("last"),
            )
        },
    )
    yield Case(
        "loops-of-both-kinds",
        diagram(
            START,
            node(
                "userTask",
                "meeting",
                '<standardLoopCharacteristics loopMaximum="5">'
                "<loopCondition>not(quorum)</loopCondition></standardLoopCharacteristics>",
            ),
            users("write", "check"),
            node("exclusiveGateway", "back"),
            node("exclusiveGateway", "again", default="again_default"),
            ends("e"),
            chain("s", "meeting", "back", "write", "check", "again"),
            flow("again", "back", "wrong"),
            flow("again", "e", default=True),
        ),
        (complete("meeting", 0, quorum="false"),),
        {
            "": (
                complete("meeting", 1, quorum="false"),
                complete("meeting", 2, quorum="true"),
                complete("write"),
                complete("check", wrong="true"),
                complete("write"),
                complete("check", wrong="false"),
            )
        },
    )
    yield Case(
        "boundary-timers-that-wait",
        diagram(
            START,
            users("work", "remind", "replace", "last"),
            node("boundaryEvent", "soon", timer("P1D"), attachedToRef="work", cancelActivity="false"),
            node("boundaryEvent", "late", timer("P7D"), attachedToRef="work", cancelActivity="true"),
            node("exclusiveGateway", "join"),
            ends("e", "reminded"),
            chain("s", "work", "join", "last", "e"),
            chain("soon", "remind", "reminded"),
            chain("late", "replace", "join"),
        ),
        (),
        {
            "in time": (complete("work"), complete("last")),
            "reminded": (wait(25), complete("remind"), complete("work"), complete("last")),
            "too late, after a server that stood still": (
                wait(24 * 30),
                complete("remind"),
                complete("replace"),
                complete("last"),
            ),
        },
    )
    yield Case(
        "boundary-timer-half-fired",
        diagram(
            START,
            users("work", "remind", "replace"),
            node("boundaryEvent", "soon", timer("P1D"), attachedToRef="work", cancelActivity="false"),
            node("boundaryEvent", "late", timer("P7D"), attachedToRef="work", cancelActivity="true"),
            ends("e", "reminded", "replaced"),
            chain("s", "work", "e"),
            chain("soon", "remind", "reminded"),
            chain("late", "replace", "replaced"),
        ),
        (wait(48),),
        {
            "in time": (complete("work"), complete("remind")),
            "too late": (wait(24 * 6), complete("replace"), complete("remind")),
        },
    )
    yield Case(
        "timer-between-tasks",
        diagram(
            START,
            users("before", "after", "beside"),
            node("parallelGateway", "fork"),
            node("intermediateCatchEvent", "pause", timer("pause")),
            ends("e", "e2"),
            chain("s", "fork", "before", "pause", "after", "e"),
            chain("fork", "beside", "e2"),
        ),
        (complete("before"),),
        {"": (wait(1), wait(72), complete("after"), complete("beside"))},
        {"pause": 'duration("P2D")'},
    )
    yield Case(
        "messages",
        diagram(
            START,
            users("work", "note"),
            node("receiveTask", "receive", messageRef="m_letter"),
            node("intermediateCatchEvent", "catch", message("m_letter")),
            node("boundaryEvent", "called", message("m_call"), attachedToRef="work", cancelActivity="false"),
            ends("e", "noted"),
            chain("s", "receive", "work", "catch", "e"),
            chain("called", "note", "noted"),
        ),
        (deliver("letter", sender='"A"'), deliver("call")),
        {
            "": (
                deliver("call"),
                complete("note"),
                complete("work"),
                deliver("letter", sender='"B"'),
                complete("note"),
            ),
        },
    )
    yield Case(
        "event-based-gateway",
        diagram(
            START,
            node("eventBasedGateway", "first"),
            node("intermediateCatchEvent", "letter", message("m_letter")),
            node("intermediateCatchEvent", "silence", timer("P3D")),
            users("answer", "ask"),
            ends("e", "e2"),
            chain("s", "first", "letter", "answer", "e"),
            chain("first", "silence", "ask", "e2"),
        ),
        (),
        {
            "letter": (deliver("letter"), complete("answer")),
            "silence": (wait(72), complete("ask")),
        },
    )
    yield Case(
        "error-and-terminate-in-sub-processes",
        diagram(
            START,
            node(
                "subProcess",
                "sp",
                node("startEvent", "ss")
                + users("try", "other")
                + node("parallelGateway", "fork")
                + node("exclusiveGateway", "how", default="how_default")
                + node("endEvent", "failed", '<errorEventDefinition errorRef="x_no"/>')
                + node("endEvent", "stop", "<terminateEventDefinition/>")
                + ends("oe")
                + chain("ss", "fork", "try", "how")
                + flow("how", "failed", "no")
                + flow("how", "stop", default=True)
                + chain("fork", "other", "oe"),
            ),
            node("boundaryEvent", "caught", '<errorEventDefinition errorRef="x_no"/>', attachedToRef="sp"),
            users("repair", "last"),
            ends("e", "e2"),
            chain("s", "sp", "last", "e"),
            chain("caught", "repair", "e2"),
        ),
        (),
        {
            "error": (complete("try", no="true"), complete("repair")),
            "terminate": (complete("try", no="false"), complete("last")),
            "the other first": (complete("other"), complete("try", no="false"), complete("last")),
        },
    )
    yield Case(
        "incident",
        diagram(
            START,
            users("first", "beside", "last"),
            node("parallelGateway", "fork"),
            node("scriptTask", "divide", "<script>share = number(amount)</script>"),
            node("exclusiveGateway", "choose"),
            ends("e", "e2"),
            chain("s", "first", "fork", "divide", "choose"),
            flow("choose", "last", "ready = true"),
            chain("last", "e"),
            chain("fork", "beside", "e2"),
        ).replace(b"</process>", b'<endEvent id="e3"/>' + flow("choose", "e3", "ready = 7").encode() + b"</process>"),
        (complete("first", ready="false"),),
        {
            "the reason stays": (retry(),),
            "the reason is gone": (complete("beside", ready="true"), retry(), complete("last")),
        },
        {"amount": '"12"'},
    )  # fmt: skip
    yield from _newer_cases()


def _newer_cases() -> Iterator[Case]:
    """What release 0.1.0 did not execute yet."""
    yield Case(
        "called-processes",
        diagram(
            START,
            node("callActivity", "call", many("<loopCardinality>2</loopCardinality>"), calledElement="q"),
            node("boundaryEvent", "escalated", late(), attachedToRef="call", cancelActivity="false"),
            users("look", "last"),
            ends("e", "e2"),
            chain("s", "call", "last", "e"),
            chain("escalated", "look", "e2"),
            called=node("startEvent", "qs")
            + users("count", "weigh")
            + node("intermediateThrowEvent", "tell", late())
            + ends("qe")
            + chain("qs", "count", "tell", "weigh", "qe"),
        ),
        (complete("count", 0, total="4"),),
        {
            "": (
                complete("weigh", 0),
                complete("count", 1, total="6"),
                complete("look"),
                complete("weigh", 1),
                complete("look"),
                complete("last"),
            )
        },
        {"total": "0"},
    )
    yield Case(
        "signals-and-conditions",
        diagram(
            START,
            node("parallelGateway", "fork"),
            node("parallelGateway", "join"),
            users("dig", "measure", "pump", "last"),
            node("intermediateCatchEvent", "wet", raining()),
            node("intermediateCatchEvent", "deep", waiting_for("depth &gt;= 8")),
            node("boundaryEvent", "stormy", raining(), attachedToRef="dig", cancelActivity="false"),
            ends("e", "e2"),
            chain("s", "fork", "dig", "join", "last", "e"),
            chain("fork", "wet", "join"),
            chain("fork", "measure", "join"),
            chain("fork", "deep", "join"),
            chain("stormy", "pump", "e2"),
        ),
        (signal("rain", millimetres="12"), complete("pump")),
        {
            "rain again": (
                signal("rain"),
                complete("measure", depth="5"),
                complete("dig", depth="8.5"),
                complete("last"),
                complete("pump"),
            ),
            "deep at once": (complete("measure", depth="9"), complete("dig"), complete("last")),
        },
    )
    yield Case(
        "transaction-and-event-sub-processes",
        diagram(
            START,
            node(
                "transaction",
                "deal",
                node("startEvent", "ts")
                + users("offer", "sign")
                + node("exclusiveGateway", "how", default="how_default")
                + node("endEvent", "off", "<cancelEventDefinition/>")
                + ends("te")
                + chain("ts", "offer", "how")
                + flow("how", "off", "no")
                + flow("how", "sign", default=True)
                + chain("sign", "te")
                + node(
                    "subProcess",
                    "asked",
                    node("startEvent", "as", message("m_call"), isInterrupting="false")
                    + users("explain")
                    + ends("ae")
                    + chain("as", "explain", "ae"),
                    triggeredByEvent="true",
                )
                + node(
                    "subProcess",
                    "expired",
                    node("startEvent", "xs", timer("P10D"), isInterrupting="true")
                    + users("apologise")
                    + ends("xe")
                    + chain("xs", "apologise", "xe"),
                    triggeredByEvent="true",
                ),
            ),
            node("boundaryEvent", "cancelled", "<cancelEventDefinition/>", attachedToRef="deal"),
            users("undo", "last"),
            ends("e", "e2"),
            chain("s", "deal", "last", "e"),
            chain("cancelled", "undo", "e2"),
        ),
        (deliver("call"),),
        {
            "signed": (
                complete("offer", no="false"),
                complete("sign"),
                deliver("call"),
                complete("explain"),
                complete("explain"),
                complete("last"),
            ),
            "cancelled": (complete("offer", no="true"), complete("undo")),
            "too late": (wait(241), complete("apologise"), complete("last")),
        },
    )
    yield Case(
        "ad-hoc",
        diagram(
            START,
            node(
                "adHocSubProcess",
                "free",
                users("sweep", "paint", "report")
                + flow("paint", "report")
                + "<completionCondition>clean</completionCondition>",
                ordering="Parallel",
                cancelRemainingInstances="false",
            ),
            node(
                "adHocSubProcess",
                "turns",
                users("one", "two"),
                ordering="Sequential",
            ),
            ends("e"),
            chain("s", "free", "turns", "e"),
        ),
        (complete("paint", clean="false"),),
        {
            "clean": (complete("sweep", clean="true"), complete("report"), complete("one"), complete("two")),
            "all again": (
                complete("sweep"),
                complete("report"),
                complete("sweep", clean="true"),
                complete("paint"),
                complete("report"),
                complete("one"),
                complete("two"),
            ),
        },
    )


# Playing ----------------------------------------------------------------------------------------------


class Player:
    """An instance that is at rest between any two moves."""

    def __init__(self, bpmn: bytes, now: datetime = NOW) -> None:
        reading = read(bpmn)
        assert reading.definition is not None, reading.problems
        self.program = engine.program(reading.definition)
        self.now = now
        self.step: engine.Step

    def start(self, data: Mapping[str, str]) -> None:
        self.step = engine.start(self.program, values(data), now=self.now)

    def resume(self, state: engine.InstanceState) -> None:
        """Go on with a state at rest; sweeping for due timers changes nothing while none is due."""
        self.step = engine.fire_timers(self.program, state, now=self.now)

    def play(self, move: Move) -> None:
        state = self.step.state
        match move["do"]:
            case "complete":
                sought = (move["node"], move["index"])
                task = next(i.task_id for i in self.step.ready if (i.node_id, i.loop_index) == sought)
                self.step = engine.complete(self.program, state, task, values(move["data"]), now=self.now)
            case "deliver":
                self.step = engine.deliver(
                    self.program, state, move["message"], values(move["data"]), now=self.now
                )
            case "signal":
                self.step = engine.signal(
                    self.program, state, move["signal"], values(move["data"]), now=self.now
                )
            case "wait":
                self.now += timedelta(hours=move["hours"])
                self.step = engine.fire_timers(self.program, state, now=self.now)
            case "retry":
                self.step = engine.retry(self.program, state, now=self.now)

    def seen(self) -> dict[str, Any]:
        """What can be observed of the instance, as JSON."""
        step = self.step
        return {
            "status": step.status,
            "ready": sorted(
                ([item.node_id, item.loop_index] for item in step.ready), key=lambda each: [str(e) for e in each]
            ),
            "data": shown(dict(step.data)),
            "next_due": step.next_due.isoformat() if step.next_due else None,
            "messages": list(step.messages),
            "incidents": sorted([each.node_id, each.code] for each in step.incidents),
        }  # fmt: skip


def values(data: Mapping[str, str]) -> dict[str, Any]:
    """Data from its FEEL."""
    return {name: feel.evaluate(text) for name, text in data.items()}


def shown(value: object) -> Any:
    """A value of FEEL as JSON that tells the types apart."""
    if isinstance(value, list):
        return [shown(each) for each in value]
    if isinstance(value, dict):
        return {name: shown(each) for name, each in sorted(value.items())}
    if value is None or isinstance(value, (bool, str)):
        return value
    name = "number" if isinstance(value, Decimal) else type(value).__name__
    return [name, str(value)]


# Writing ----------------------------------------------------------------------------------------------


def kept(case: Case) -> dict[str, Any]:
    """A case brought into mid-flight, and what is seen on each way from there."""
    player = Player(case.bpmn)
    player.start(case.data)
    for move in case.moves:
        player.play(move)
    state, now = player.step.state, player.now
    made: dict[str, Any] = {
        "engine": state.engine,
        "state": json.loads(state.document),
        "now": now.isoformat(),
        "seen": player.seen(),
        "ways": {},
    }
    for name, moves in case.ways.items():
        on_the_way = Player(case.bpmn, now)
        on_the_way.resume(state)
        steps = []
        for move in moves:
            on_the_way.play(move)
            steps.append({"move": move, "seen": on_the_way.seen()})
        made["ways"][name] = steps
    return made


def create_instances(folder: Path) -> int:
    """Write a diagram and a JSON file for each case; returns how many."""
    count = 0
    for case in cases():
        (folder / f"{case.name}.bpmn").write_bytes(case.bpmn)
        text = json.dumps(kept(case), ensure_ascii=False, indent=1) + "\n"
        (folder / f"{case.name}.json").write_text(text, encoding="utf-8")
        count += 1
    return count


def create_installation(folder: Path) -> None:
    """Write the database of an installation in which villages are half done, as SQL; and who acts in it."""
    from server.clock import SetClock
    from server.demo import run, story

    clock = SetClock(story.START)
    with (
        tempfile.TemporaryDirectory() as temporary,
        run.installation_for(f"sqlite:///{temporary}/kept.db", clock, SEED) as runtime,
    ):
        told = story.begin(runtime, clock, seed=SEED, villages=VILLAGES)
        told.version_id = story.publish(told, "1.0.0")
        story.import_prices(told)
        story.fund(told)
        story.plan(told)
        story.start(told)
        story.work_on(told, story.MAX_DAYS, lambda _done, _all: None, days=DAYS)
        runtime.engine.dispose()
        with closing(sqlite3.connect(f"{temporary}/kept.db")) as connection:
            sql = "\n".join(connection.iterdump()) + "\n"
    (folder / "installation.sql.xz").write_bytes(lzma.compress(sql.encode(), preset=9 | lzma.PRESET_EXTREME))
    facts = {
        "now": clock.now().isoformat(),
        "instances": told.instance_ids,
        "members": told.world.members,
        "version": told.version_id,
        "project": told.project_id,
        "submissions": told.tally.sent,
    }
    (folder / "installation.json").write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")


# Going on ---------------------------------------------------------------------------------------------


def releases() -> list[Path]:
    return sorted(path for path in FIXTURES.iterdir() if path.is_dir())


@contextmanager
def installation(folder: Path, temporary: Path) -> Iterator[tuple[Any, Mapping[str, Any]]]:
    """A release's installation, upgraded to today's schema: (story to go on with, its facts)."""
    from server.accounts import service as accounts
    from server.actor import SYSTEM, Actor, Grant, Role
    from server.clock import SetClock
    from server.demo import run, story, world

    facts = json.loads((folder / "installation.json").read_text("utf-8"))
    sql = lzma.decompress((folder / "installation.sql.xz").read_bytes()).decode()
    with closing(sqlite3.connect(temporary / "kept.db")) as connection:
        connection.executescript(sql)
    clock = SetClock(datetime.fromisoformat(facts["now"]))
    with run.installation_for(f"sqlite:///{temporary}/kept.db", clock, SEED + 1) as runtime:
        acting = world.World(members=facts["members"])
        for user in (*world.USERS, world.NATIONAL):
            name = "national" if user is world.NATIONAL else user.role.value
            actor = runtime.read(SYSTEM, accounts.actor_of_email, user.email)
            assert actor is not None, user.email
            acting.actors[name] = actor
        for person in acting.members:
            facilitator = (Grant(Role.FACILITATOR, ""),)
            acting.actors[person] = Actor(f"person:{person}", "", facilitator, person, "fr")
        told = story.Story(runtime, clock, random.Random(SEED), acting, VILLAGES)
        told.version_id, told.project_id = facts["version"], facts["project"]
        told.instance_ids = facts["instances"]
        yield told, facts


def version() -> str:
    """The version in pyproject.toml; the installed one lags behind when it was just raised."""
    return str(tomllib.loads(PROJECT.read_text("utf-8"))["project"]["version"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("command", choices=["create"])
    parser.add_argument("--release", default=version(), help="the name of the folder")
    options = parser.parse_args()
    folder = FIXTURES / options.release
    if folder.exists():
        parser.error(f"{folder} exists: what a release has written is never written again")
    folder.mkdir(parents=True)
    print(f"{create_instances(folder)} instances and an installation in {folder}")
    create_installation(folder)


if __name__ == "__main__":
    main()
