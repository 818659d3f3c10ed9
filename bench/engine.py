"""The engine against stock SpiffWorkflow and npm bpmn-engine, in a large database, and with many timers at once.

Run: .venv/bin/python -m bench.engine [--rounds 1.0] [--only live,npm,flat,timers].

What is measured is one completion of a task by a person: load the instance, complete, save, commit. The diagram has
N user tasks: an exclusive and a parallel gateway, one task five times, one with an interrupting boundary timer, and
the rest in a row. Ours goes through the product's own store (server.instances.store), which also writes the history
and the command's receipt in the same transaction: `live` finds the instance in memory, `cold` never does. Stock
SpiffWorkflow does deserialize_json, run, do_engine_steps and serialize_json and keeps the text in a table of its own.
All three take turns of 50 completions in one process and on one disk (SQLite, WAL). npm bpmn-engine does
recover, resume, signal and getState in memory and writes nothing.

Judged with synchronous=NORMAL and routing data only (what conditions name; answers and evidence have rows of their
own). FULL, and 330 bytes of data for each completion, are printed beside, without a bar. A completion after which
conditions are to be evaluated is two commits of ours and is timed with both.
"""

from __future__ import annotations

import argparse
import fcntl
import gc
import json
import os
import random
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection, text

from workflows import engine
from workflows.definitions.read import read
from workflows.xml import parse

NOW = datetime(2026, 11, 21, 8, 0, tzinfo=UTC)
TURNS = {10: 10, 50: 10, 200: 4}
"""How often each has its turn, by the number of tasks."""
TURN = 50
"""Completions of a turn, at least those of one instance."""
LIVE_BARS = {10: 12, 50: 45, 200: 100}
COLD_BARS = {10: 3, 50: 5, 200: 7}
PEER, PEER_VERSION, PEER_BAR = "bpmn-engine", "25.0.1", 25
FLAT_BAR = 1.3
TIMERS, TIMERS_BAR, TIMERS_RUNS = 10_000, 60, 5
out = sys.stdout.write

NPM = """
import { readFileSync } from 'node:fs';
import { Engine } from 'bpmn-engine';
const [file, instances] = process.argv.slice(2);
const source = readFileSync(file, 'utf8');
const times = [];
let completions = 0;
for (let round = 0; round < Number(instances); round++) {
  let engine = new Engine({ name: 'bench', source, variables: { ok: true } });
  await engine.execute();
  let state = JSON.stringify(await engine.getState());
  engine.stop();
  for (;;) {
    const start = performance.now();
    const next = new Engine();
    next.recover(JSON.parse(state));
    const execution = await next.resume();
    const [task] = execution.getPostponed().filter(({ type }) => type === 'bpmn:UserTask');
    const inside = task.getExecuting ? task.getExecuting() : [];
    const one = inside.find((each) => each.content.index !== undefined);
    execution.signal({ id: task.id, executionId: one ? one.content.executionId : task.content.executionId });
    state = JSON.stringify(await next.getState());
    times.push(performance.now() - start);
    completions++;
    if (execution.state !== 'running') break;
    next.stop();
  }
}
console.log(JSON.stringify({ times, completions }));
"""


# The diagram ------------------------------------------------------------------------------------------


def diagram(tasks: int) -> bytes:
    """A diagram of which `tasks` user tasks are done, one of them five times."""
    parts = ['<startEvent id="start"/><endEvent id="end"/>']
    flows = 0

    def flow(source: str, target: str, condition: str = "", id_: str = "") -> None:
        nonlocal flows
        flows += 1
        kind = 'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="tFormalExpression"'
        inner = f"<conditionExpression {kind}>{condition}</conditionExpression>" if condition else ""
        name = id_ or f"f{flows}"
        parts.append(
            f'<sequenceFlow id="{name}" sourceRef="{source}" targetRef="{target}">{inner}</sequenceFlow>'
        )

    many = "multiInstanceLoopCharacteristics"
    for number in range(1, tasks + 1):
        inner = f"<{many}><loopCardinality>5</loopCardinality></{many}>" if number == 5 else ""
        parts.append(f'<userTask id="t{number}">{inner}</userTask>')
    parts.append(
        '<userTask id="other"/><userTask id="late"/><exclusiveGateway id="choose" default="no"/>'
        '<exclusiveGateway id="met"/><parallelGateway id="fork"/><parallelGateway id="join"/>'
        '<boundaryEvent id="deadline" attachedToRef="t6"><timerEventDefinition>'
        "<timeDuration>TIMER</timeDuration></timerEventDefinition></boundaryEvent>"
        '<exclusiveGateway id="on"/>'
    )
    flow("start", "t1")
    flow("t1", "choose")
    flow("choose", "t2", "CONDITION")
    flow("choose", "other", id_="no")
    flow("t2", "met")
    flow("other", "met")
    flow("met", "fork")
    flow("fork", "t3")
    flow("fork", "t4")
    flow("t3", "join")
    flow("t4", "join")
    flow("join", "t5")
    flow("t5", "t6")
    flow("t6", "on")
    flow("deadline", "late")
    flow("late", "on")
    row = ["on", *(f"t{number}" for number in range(7, tasks + 1)), "end"]
    for one, two in pairwise(row):
        flow(one, two)
    return (
        '<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" id="d" targetNamespace="t">'
        f'<process id="p" isExecutable="true">{"".join(parts)}</process></definitions>'
    ).encode()


def ours_and_stocks(tasks: int) -> bytes:
    """The diagram as FEEL and Python both understand it."""
    return diagram(tasks).replace(b"TIMER", b'"P7D"').replace(b"CONDITION", b"ok")


def npms(tasks: int) -> bytes:
    return diagram(tasks).replace(b"TIMER", b"P7D").replace(b"CONDITION", b"${environment.variables.ok}")


def answers(number: int, size: int) -> dict[str, Any]:
    """What is answered at the completion of that number; size: bytes of it that nothing reads."""
    given: dict[str, Any] = {"ok": True} if number == 0 else {}
    return given | ({f"answer_{number}": "x" * size} if size else {})


# The three --------------------------------------------------------------------------------------------


class Ours:
    """The engine and the product's store, in a database of their own. live: instances kept in memory."""

    def __init__(self, folder: Path, bpmn: bytes, *, live: int, synchronous: str = "NORMAL") -> None:
        from server.db.engine import open_engine
        from server.instances.live import LiveInstances

        reading = read(bpmn)
        assert reading.definition is not None, reading.problems
        self.program = engine.program(reading.definition)
        self.path = new_database(folder)
        self.engine = open_engine(f"sqlite:///{self.path}")
        self.connection = self.engine.connect()
        pragma(self.connection, f"synchronous={synchronous}")
        self.live = LiveInstances(live)
        self.open: list[engine.WorkItem] = []
        self.instance_id = ""

    def start(self) -> None:
        from server.instances.store import Work

        self.instance_id = str(uuid4())
        pragma(self.connection, "foreign_keys=OFF")
        with self.connection.begin():
            add_instance(self.connection, self.instance_id)
        with self.connection.begin():
            work = Work(self.connection, self.live)
            made = engine.Instance.new(self.program, {}, now=NOW)
            command = new_command("start", (), str(uuid4()))
            outcome = work.begin(self.instance_id, made, command, lambda live: live.start(NOW))
        work.committed()
        self.follow(outcome.changes)
        pragma(self.connection, "foreign_keys=ON")

    def complete(self, number: int, size: int) -> float:
        """Complete the task that waits longest. Returns the seconds of it."""
        item = self.open.pop(0)
        given, command_id, next_id = answers(number, size), str(uuid4()), str(uuid4())  # clients make the ids
        started = time.perf_counter()
        content = (item.task_id, given)
        changes = self.run(
            "complete", content, lambda live: live.complete(item.task_id, given, NOW), command_id
        )
        if changes.pending:
            self.open += changes.opened
            changes = self.run("proceed", (), lambda live: live.proceed(NOW), next_id)
        seconds = time.perf_counter() - started
        self.open += changes.opened
        return seconds

    def follow(self, changes: Any) -> None:
        self.open += changes.opened
        if changes.pending:
            self.open += self.run("proceed", (), lambda live: live.proceed(NOW), str(uuid4())).opened

    def run(self, name: str, content: tuple[object, ...], act: Callable[[Any], Any], command_id: str) -> Any:
        from server.instances.store import Work

        with self.connection.begin():
            work = Work(self.connection, self.live)
            outcome = work.command(
                self.instance_id, lambda _version: self.program, new_command(name, content, command_id), act
            )
        work.committed()
        return outcome.changes

    def close(self) -> None:
        self.connection.close()
        self.engine.dispose()


def new_command(name: str, content: tuple[object, ...], command_id: str) -> Any:
    from server.instances.store import Command, digest

    return Command(command_id, name, "somebody", NOW, digest(name, *content))


class Stock:
    """SpiffWorkflow as it comes, with a table for its text."""

    def __init__(self, folder: Path, bpmn: bytes, *, synchronous: str = "NORMAL") -> None:
        from SpiffWorkflow.bpmn.parser.BpmnParser import BpmnParser
        from SpiffWorkflow.bpmn.serializer import BpmnWorkflowSerializer
        from SpiffWorkflow.bpmn.workflow import BpmnWorkflow
        from SpiffWorkflow.util.task import TaskState

        parser = BpmnParser()
        parser.add_bpmn_xml(parse(bpmn))
        self.new = lambda: BpmnWorkflow(parser.get_spec("p"), parser.get_subprocess_specs("p"))
        self.serializer = BpmnWorkflowSerializer()
        self.ready = {"state": TaskState.READY, "manual": True}
        self.database = sqlite3.connect(folder / f"{uuid4()}.db", isolation_level=None)
        self.database.execute("PRAGMA journal_mode=WAL")
        self.database.execute(f"PRAGMA synchronous={synchronous}")
        self.database.execute("CREATE TABLE instance(id TEXT PRIMARY KEY, state TEXT)")
        self.instance_id = ""

    def start(self) -> None:
        self.instance_id = str(uuid4())
        workflow = self.new()
        workflow.do_engine_steps()
        row = (self.instance_id, self.serializer.serialize_json(workflow))
        self.database.execute("INSERT INTO instance VALUES(?, ?)", row)

    def complete(self, number: int, size: int) -> float:
        started = time.perf_counter()
        select = "SELECT state FROM instance WHERE id = ?"
        (state,) = self.database.execute(select, (self.instance_id,)).fetchone()
        workflow = self.serializer.deserialize_json(state)
        task = workflow.get_tasks(**self.ready)[0]
        task.set_data(**answers(number, size))
        task.run()
        workflow.do_engine_steps()
        row = (self.serializer.serialize_json(workflow), self.instance_id)
        self.database.execute("BEGIN IMMEDIATE")
        self.database.execute("UPDATE instance SET state = ? WHERE id = ?", row)
        self.database.execute("COMMIT")
        return time.perf_counter() - started

    def close(self) -> None:
        self.database.close()


def new_database(folder: Path) -> Path:
    """A copy of a database with today's schema."""
    from server.db import migrate
    from server.db.engine import open_engine

    empty, path = folder / "empty.db", folder / f"{uuid4()}.db"
    if not empty.exists():
        made = open_engine(f"sqlite:///{empty}")
        migrate.upgrade(made)
        made.dispose()
    shutil.copyfile(empty, path)
    return path


def pragma(connection: Connection, setting: str) -> None:
    """Set outside of a transaction, past SQLAlchemy, which would begin one."""
    raw = connection.connection.driver_connection
    assert raw is not None
    raw.execute(f"PRAGMA {setting}")


def add_instance(connection: Connection, instance_id: str) -> None:
    """The row of an instance whose project and request are not measured."""
    from server.instances.models import InstanceRow

    row = {
        "id": instance_id, "request_id": instance_id, "service_version_id": "v", "quote_id": "q",
        "region_code": "r", "status": "running", "state": b"", "engine": "", "data": {}, "started_at": NOW,
        "version": 0,
    }  # fmt: skip
    connection.execute(InstanceRow.__table__.insert().values(row))  # type: ignore[attr-defined]


# Paired -----------------------------------------------------------------------------------------------


def paired(tasks: int, turns: int, size: int = 0, synchronous: str = "NORMAL") -> dict[str, list[float]]:
    """Seconds of each completion: live, cold and stock, taking turns."""
    bpmn = ours_and_stocks(tasks)
    times: dict[str, list[float]] = {"live": [], "cold": [], "stock": []}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        contestants: dict[str, Ours | Stock] = {
            "live": Ours(folder, bpmn, live=100, synchronous=synchronous),
            "cold": Ours(folder, bpmn, live=0, synchronous=synchronous),
            "stock": Stock(folder, bpmn, synchronous=synchronous),
        }
        order = list(contestants)
        for _ in range(turns):
            order.append(order.pop(0))
            for who in order:
                gc.collect()  # nobody clears up after another
                for _ in range(TURN // tasks or 1):
                    contestants[who].start()
                    times[who] += [contestants[who].complete(number, size) for number in range(tasks + 4)]
        for each in contestants.values():
            each.close()
    return times


def median_ms(times: list[float]) -> float:
    return statistics.median(times) * 1_000


def told(label: str, times: dict[str, list[float]]) -> dict[str, float]:
    """Print the medians; gives how often ours fits into stock's."""
    medians = {who: median_ms(each) for who, each in times.items()}
    ratios = {who: medians["stock"] / medians[who] for who in ("live", "cold")}
    p95 = {who: statistics.quantiles(each, n=20)[-1] * 1_000 for who, each in times.items()}
    out(
        f"{label}: live {medians['live']:.3f} ms (p95 {p95['live']:.3f}), cold {medians['cold']:.3f} ms "
        f"(p95 {p95['cold']:.3f}), stock {medians['stock']:.3f} ms (p95 {p95['stock']:.3f}); "
        f"live {ratios['live']:.1f}x, cold {ratios['cold']:.1f}x\n"
    )
    return ratios


def against_stock(rounds: float) -> None:
    """Print the lines against stock SpiffWorkflow."""
    ratios = {}
    out(f"floor: one row of 1 KB and its commit, by the bare driver: {floor_us():.0f} us\n")
    for tasks, number in TURNS.items():
        times = paired(tasks, max(1, round(number * rounds)))
        ratios[tasks] = told(f"{tasks} tasks", times)
    for tasks, number in TURNS.items():
        told(f"{tasks} tasks, 330 bytes each", paired(tasks, max(1, round(number * rounds / 3)), size=330))
        told(
            f"{tasks} tasks, synchronous=FULL",
            paired(tasks, max(1, round(number * rounds / 3)), synchronous="FULL"),
        )
    for kind, bars in (("live", LIVE_BARS), ("cold", COLD_BARS)):
        for tasks, bar in bars.items():
            out(f"bench engine-{kind}-{tasks} ratio {ratios[tasks][kind]:.1f} bar {bar}\n")


def floor_us(commits: int = 3_000) -> float:
    """Median microseconds of one update and commit of the bare driver, WAL, synchronous=NORMAL."""
    with tempfile.TemporaryDirectory() as folder:
        database = sqlite3.connect(f"{folder}/floor.db", isolation_level=None)
        database.execute("PRAGMA journal_mode=WAL")
        database.execute("PRAGMA synchronous=NORMAL")
        database.execute("CREATE TABLE t(a INTEGER PRIMARY KEY, b TEXT)")
        database.execute("INSERT INTO t VALUES(1, '')")
        times = []
        for number in range(commits):
            started = time.perf_counter()
            database.execute("BEGIN IMMEDIATE")
            database.execute("UPDATE t SET b = ? WHERE a = 1", (f"{number}" + "x" * 1_000,))
            database.execute("COMMIT")
            times.append(time.perf_counter() - started)
        database.close()
        return statistics.median(times) * 1e6


# npm bpmn-engine --------------------------------------------------------------------------------------


def peer_folder() -> Path | str:
    """The folder in which npm bpmn-engine is installed, outside of the repository; or why it is not."""
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
    from hatch_build import FrontEndError, find_node, run

    folder = Path.home() / ".cache" / "run-bench" / f"{PEER}-{PEER_VERSION}"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if (folder / "node_modules" / PEER / "package.json").is_file():
            return folder
        (folder / "package.json").write_text('{"private": true, "type": "module"}\n')
        try:
            node, npm = find_node()
            environment = {**os.environ, "PATH": f"{node.parent}{os.pathsep}{os.environ.get('PATH', '')}"}
            wanted = f"{PEER}@{PEER_VERSION}"
            run(
                [node, npm, "install", "--ignore-scripts", "--no-audit", "--no-fund", wanted],
                folder,
                environment,
            )
        except FrontEndError as error:
            return str(error)
    return folder


def cold_times(rounds: float) -> list[float]:
    """Seconds of our cold completions at 50 tasks."""
    times = []
    with tempfile.TemporaryDirectory() as name:
        ours = Ours(Path(name), ours_and_stocks(50), live=0)
        for _ in range(max(1, round(6 * rounds))):
            ours.start()
            times += [ours.complete(number, 0) for number in range(54)]
        ours.close()
    return times


def against_npm(rounds: float) -> None:
    """Print the line against npm bpmn-engine at 50 tasks, ours cold before and after it."""
    from hatch_build import find_node

    folder = peer_folder()
    if isinstance(folder, str):
        out(f"bench engine-npm-50 skipped: {PEER} {PEER_VERSION} could not be installed. {folder}\n")
        return
    (folder / "bench.mjs").write_text(NPM)
    (folder / "diagram.bpmn").write_bytes(npms(50))
    node, _ = find_node()
    instances = str(max(1, round(4 * rounds)))
    ours = cold_times(rounds)
    done = subprocess.run(
        [node, "bench.mjs", "diagram.bpmn", instances],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    if done.returncode:
        out(f"bench engine-npm-50 skipped: {PEER} failed: {done.stderr[-1_000:]}\n")
        return
    answer = json.loads(done.stdout)
    assert answer["completions"] == 54 * int(instances), f"{PEER} did {answer['completions']} completions"
    cold_ms, theirs = median_ms(ours + cold_times(rounds)), statistics.median(answer["times"])
    out(
        f"50 tasks, npm {PEER} {PEER_VERSION} recover, resume, signal, getState: {theirs:.2f} ms; "
        f"ours cold {cold_ms:.3f} ms\n"
    )
    out(f"bench engine-npm-50 ratio {theirs / cold_ms:.1f} bar {PEER_BAR}\n")


# A large database -------------------------------------------------------------------------------------


def grow(path: Path, template: str, instances: int) -> None:
    """Copy an instance's rows so many times, under ids of its own."""
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        database.execute("PRAGMA synchronous=OFF")
        database.execute("BEGIN")
        database.execute("CREATE TEMP TABLE copy(id TEXT, number INTEGER)")
        ids = [(str(uuid4()), number) for number in range(instances)]
        database.executemany("INSERT INTO copy VALUES(?, ?)", ids)
        changed = {
            "process_instance": {"id": "copy.id", "request_id": "copy.id"},
            "engine_task": {"instance_id": "copy.id"},
            "engine_scope": {"instance_id": "copy.id"},
            "timer": {"instance_id": "copy.id"},
            "instance_change": {"instance_id": "copy.id", "command_id": "copy.id || row.version"},
        }
        for table, keys in changed.items():
            names = [row[1] for row in database.execute(f"PRAGMA table_info({table})")]
            values = ", ".join(keys.get(name, f'row."{name}"') for name in names)
            where = "id" if table == "process_instance" else "instance_id"
            database.execute(
                f'INSERT INTO {table} SELECT {values} FROM copy, {table} row WHERE row."{where}" = ? ORDER BY copy.id',
                (template,),
            )
        database.execute("DROP TABLE copy")
        database.execute("COMMIT")
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        database.execute("ANALYZE")


@contextmanager
def stored(folder: Path, tasks: int) -> Iterator[tuple[Ours, list[str], str]]:
    """A database in which so many tasks are stored: ids of its instances, and of a task that is open in each."""
    ours = Ours(folder, ours_and_stocks(50), live=0)
    ours.start()
    for number in range(5):  # five instances of the task that is done five times, and what is around them
        ours.complete(number, 0)
    (rows,) = ours.connection.execute(text("SELECT count(*) FROM engine_task")).one()
    ours.connection.commit()
    grow(ours.path, ours.instance_id, tasks // rows)
    (count,) = ours.connection.execute(text("SELECT count(*) FROM engine_task")).one()
    ids = list(ours.connection.execute(text("SELECT id FROM process_instance")).scalars())
    ours.connection.commit()
    out(f"flat: {count} stored tasks of {len(ids)} instances, {ours.path.stat().st_size / 1e6:.0f} MB\n")
    yield ours, ids, ours.open[0].task_id
    ours.close()


def flat(rounds: float) -> None:
    """A cold completion of an instance picked at random, in a small and in a large database, taking turns."""
    chance = random.Random(1)
    times: dict[int, list[float]] = {10_000: [], 1_000_000: []}
    with (
        tempfile.TemporaryDirectory() as name,
        stored(Path(name), 10_000) as small,
        stored(Path(name), 1_000_000) as large,
    ):
        for _ in range(max(1, round(40 * rounds))):
            for (ours, ids, task_id), tasks in ((small, 10_000), (large, 1_000_000)):
                gc.collect()
                for _ in range(TURN // 2):
                    ours.instance_id = ids.pop(chance.randrange(len(ids)))
                    ours.open = [Item(task_id)]
                    times[tasks].append(ours.complete(5, 0))
    medians = {tasks: median_ms(each) for tasks, each in times.items()}
    out(
        f"flat: cold completion {medians[10_000]:.3f} ms in the small, {medians[1_000_000]:.3f} ms in the large\n"
    )
    out(f"bench engine-flat limit {medians[1_000_000] / medians[10_000]:.2f} x bar {FLAT_BAR}\n")


class Item:
    """A work item by its id alone."""

    def __init__(self, task_id: str) -> None:
        self.task_id = task_id


# Timers -----------------------------------------------------------------------------------------------

BOUNDARY = b"""<bpmn:boundaryEvent id="too_late" name="Two days gone" attachedToRef="announce"><bpmn:extensionElements>
<run:estimate xmlns:run="https://w3id.org/run-services/bpmn/1.0" probability="0.1"/></bpmn:extensionElements>
<bpmn:timerEventDefinition><bpmn:timeDuration>P2D</bpmn:timeDuration></bpmn:timerEventDefinition></bpmn:boundaryEvent>
<bpmn:sequenceFlow id="flow_too_late" sourceRef="too_late" targetRef="hold_meeting"/></bpmn:process>"""


def waiting_villages(path: Path, files: Path) -> datetime:
    """An installation in which villages wait, each with a timer. Returns when all of them are due."""
    from server.catalogue import service as catalogue
    from server.clock import SetClock
    from server.demo import run, story
    from service_library import library

    clock = SetClock(story.START)
    with run.installation_for(f"sqlite:///{path}", clock, 46, files_dir=files) as runtime:
        told = story.begin(runtime, clock, seed=46, villages=1)
        shipped = library.load(story.SERVICE, "1.0.0")
        timed = shipped.bpmn.replace(b"</bpmn:process>", BOUNDARY).replace(b"1.0.0", b"9.0.0")
        forms = {ref: source.replace(b"1.0.0", b"9.0.0") for ref, source in shipped.form_sources.items()}
        row = runtime.run(told.actor("expert"), catalogue.publish, timed, forms, version="9.0.0")
        told.version_id = row.id
        story.import_prices(told)
        story.fund(told)
        story.plan(told)
        story.start(told)
        (instance_id,) = told.instance_ids
    multiply(path, instance_id, TIMERS - 1)
    clock.advance(days=3)
    return clock.now()


def multiply(path: Path, instance_id: str, copies: int) -> None:
    """Copy an instance with its request, its open task and its timer."""
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        database.execute("PRAGMA synchronous=OFF")
        database.execute("BEGIN")
        database.execute("CREATE TEMP TABLE copy(id TEXT)")
        database.executemany("INSERT INTO copy VALUES(?)", [(str(uuid4()),) for _ in range(copies)])
        (request_id,) = database.execute(
            "SELECT request_id FROM process_instance WHERE id = ?", (instance_id,)
        ).fetchone()
        instance = {"instance_id": "copy.id"}
        for table, key, value, keys in (
            ("service_request", "id", request_id, {"id": "copy.id"}),
            ("process_instance", "id", instance_id, {"id": "copy.id", "request_id": "copy.id"}),
            ("engine_task", "instance_id", instance_id, instance),
            ("engine_scope", "instance_id", instance_id, instance),
            ("timer", "instance_id", instance_id, instance),
            ("task", "instance_id", instance_id, {"id": "copy.id", **instance}),
            (
                "instance_change",
                "instance_id",
                instance_id,
                {**instance, "command_id": "copy.id || row.version"},
            ),
        ):
            names = [row[1] for row in database.execute(f"PRAGMA table_info({table})")]
            values = ", ".join(keys.get(name, f'row."{name}"') for name in names)
            database.execute(
                f'INSERT INTO {table} SELECT {values} FROM copy, {table} row WHERE row."{key}" = ?', (value,)
            )
        database.execute("DROP TABLE copy")
        database.execute("COMMIT")


def timers_seconds(template: Path, files: Path, now: datetime) -> float:
    """Seconds of one sweep that finds all timers due, as the server does it: synchronous=FULL."""
    from server.clock import SetClock
    from server.demo import run
    from server.instances.models import TimerRow
    from server.jobs.sweep import sweep

    path = template.with_name(f"{uuid4()}.db")
    shutil.copyfile(template, path)
    with run.installation_for(f"sqlite:///{path}", SetClock(now), 47, files_dir=files) as runtime:
        started = time.perf_counter()
        sweep(runtime)
        seconds = time.perf_counter() - started
        with runtime.engine.connect() as connection:
            left = connection.execute(text(f"SELECT count(*) FROM {TimerRow.__tablename__}")).scalar()
            done = connection.execute(
                text("SELECT count(*) FROM task WHERE node_id = 'hold_meeting'")
            ).scalar()
        assert (left, done) == (0, TIMERS), f"{left} timers wait, {done} tasks came of them"
    path.unlink()
    return seconds


def timers(runs: int) -> None:
    """Print how long it takes until all due timers have fired, and as many bare commits beside."""
    from bench.demo import floor_seconds

    with tempfile.TemporaryDirectory() as name:
        template, files = Path(name) / "template.db", Path(name) / "files"
        now = waiting_villages(template, files)
        measured = [timers_seconds(template, files, now) for _ in range(runs)]
    out(f"timers: {TIMERS} due, {', '.join(f'{seconds:.1f}' for seconds in measured)} s\n")
    out(f"floor: {TIMERS} bare commits of one row, synchronous=FULL: {floor_seconds(TIMERS):.1f} s\n")
    out(f"bench engine-timers limit {statistics.median(measured):.1f} s bar {TIMERS_BAR}\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=float, default=1.0, help="how much is measured; 1.0 = as judged")
    parser.add_argument("--only", default="live,npm,flat,timers")
    options = parser.parse_args()
    chosen = options.only.split(",")
    warnings.simplefilter("ignore", DeprecationWarning)
    if "live" in chosen:
        against_stock(options.rounds)
    if "npm" in chosen:
        against_npm(options.rounds)
    if "flat" in chosen:
        flat(options.rounds)
    if "timers" in chosen:
        timers(TIMERS_RUNS if options.rounds >= 1 else 1)


if __name__ == "__main__":
    main()
