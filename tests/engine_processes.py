"""Another process on the same installation: told what to do line by line, and where to die.

Idea: races and crashes are real only between processes. `Process` starts one that has everything imported; `open`
lets it fork a child that opens an installation, carries out one order after the other, at a moment that several of
them can be given, and answers. An order may name a point at which the child kills itself with SIGKILL: nothing is
closed, flushed or rolled back. The next `open` is another process.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
import traceback
from collections import Counter
from collections.abc import Callable
from datetime import datetime
from itertools import count
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]


# In the test ------------------------------------------------------------------------------------------


SEEDS = count(10_000)


class Killed(Exception):
    """The process died before it answered."""


class Process:
    """A process to give orders to; for one installation at a time."""

    def __init__(self) -> None:
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path])}
        self.running = subprocess.Popen(
            [sys.executable, "-m", "tests.engine_processes"], cwd=ROOT, env=environment, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )  # fmt: skip
        self.is_open = False

    def open(self, world: Any) -> Process:
        """Open the installation of a test's world at its time; no two processes make the same ids."""
        self.end()
        settings = world.runtime.settings
        self.is_open = True
        self.ask(
            "open", url=settings.database_url, files=str(settings.files_dir), seed=next(SEEDS),
            now=world.clock.now().isoformat(),
        )  # fmt: skip
        return self

    def send(self, order: str, **given: Any) -> None:
        assert self.running.stdin is not None
        self.running.stdin.write(json.dumps({"order": order, **given}) + "\n")
        self.running.stdin.flush()

    def answer(self) -> dict[str, Any]:
        """What came of the order; raises Killed."""
        assert self.running.stdout is not None
        line = self.running.stdout.readline()
        assert line, "the process ended; what it said is above"
        answer: dict[str, Any] = json.loads(line)
        if "killed" in answer:
            self.is_open = False
            assert answer["killed"] == signal.SIGKILL, "it failed; what it said is above"
            raise Killed
        return answer

    def ask(self, order: str, **given: Any) -> dict[str, Any]:
        self.send(order, **given)
        return self.answer()

    def end(self) -> None:
        """Leave the installation."""
        if self.is_open:
            self.ask("end")
            self.is_open = False

    def close(self) -> None:
        """End it; a child finds that nobody gives orders any more, and ends too."""
        assert self.running.stdin is not None
        assert self.running.stdout is not None
        self.running.stdin.close()
        self.running.wait()
        self.running.stdout.close()


def together(processes: list[Process], orders: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Let each carry out its order, all at the same moment."""
    at = time.monotonic() + 0.05
    for process, order in zip(processes, orders, strict=True):
        process.send(at=at, **order)
    return [process.answer() for process in processes]


# In the process ---------------------------------------------------------------------------------------


ANSWERS = os.dup(1) if __name__ == "__main__" else -1
"""Where answers go."""


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def die_at(runtime: Any, point: str, times: int) -> None:
    """Arrange that this process kills itself when it comes to the point for the count-th time.

    "before commit" and "after commit" of a transaction that wrote; "outside": an operation was carried out and
    nobody knows yet; "file": bytes or a folder's entry of a kept file are about to be forced to the disk.
    """
    from sqlalchemy import event

    from server.instances import operations
    from server.runtime import Runtime

    left = times

    def come() -> None:
        nonlocal left
        left -= 1
        if left == 0:
            die()

    if point == "before commit":
        event.listen(runtime.engine, "commit", lambda _connection: come())
    elif point == "after commit":
        committed = Runtime._committed

        def dying(self: Any, *given: Any) -> Any:
            result = committed(self, *given)
            come()
            return result

        Runtime._committed = dying  # type: ignore[method-assign]
    elif point == "outside":
        known = dict(operations.OPERATIONS)

        def carried_out(settings: Any, call: Any) -> Any:
            with (Path(settings.files_dir) / "outside.log").open("a") as log:
                log.write(call.id + "\n")
            come()
            return {"heard": True}

        known["webhook"] = operations.Operation(outside=carried_out)
        operations.OPERATIONS = known  # type: ignore[misc]
    elif point == "file":
        from server.files import store

        forced = os.fsync

        def dying_fsync(descriptor: int) -> None:
            come()
            forced(descriptor)

        store.os.fsync = dying_fsync  # type: ignore[assignment]
    else:
        raise ValueError(point)


class Orders:
    """What a process can be told to do."""

    def open(self, url: str, files: str, seed: int, now: str) -> None:
        from server.clock import SetClock
        from tests.conftest import open_runtime

        clock = SetClock(datetime.fromisoformat(now))
        self.runtime = open_runtime(url, Path(files), clock, seed=seed)

    def die_at(self, point: str, times: int = 1) -> None:
        die_at(self.runtime, point, times)

    def complete(self, task: str, by: str, answers: dict[str, Any], command_id: str | None = None) -> None:
        from server.actor import SYSTEM
        from server.instances import service as instances

        self.runtime.run(SYSTEM, instances.complete, task, answers, by=by, command_id=command_id)

    def load(self, task: str) -> int:
        """Have the task's instance in memory; its version."""
        from server.actor import SYSTEM
        from server.instances import commands
        from server.instances import service as instances
        from server.instances.live import Live

        def read(tx: Any) -> tuple[str, int, Any]:
            key = instances.task_row(tx, task).instance_id
            return key, *commands.work(tx).open(key, commands.programs(tx), tx.now)

        key, version, instance = self.runtime.read(SYSTEM, read)
        self.runtime.live.put(Live(key, version, instance))
        return int(version)

    def work(self, tasks: list[str], by: str, die_after: float) -> str:
        """Sweep, then complete tasks, telling of each; a killer comes so many seconds after the first one.

        Not before: a new process needs longer for its first step than for all others.
        """
        killer = threading.Timer(die_after, die)
        killer.daemon = True
        self.sweep()
        for task in tasks:
            answer = carry_out(self, "complete", task=task, by=by, answers={"present_adults": 60})
            if "result" in answer:
                say({"result": task})
            if not killer.is_alive():
                killer.start()
        killer.cancel()
        return "end"

    def sweep(self) -> None:
        from server.jobs.sweep import sweep

        sweep(self.runtime)

    def owe(self, deliveries: list[list[str]], project: str, minor: int) -> dict[str, int]:
        """Owe each delivery (its id, instance, task and person); how often that was done and refused, by code."""
        from payments.posting_rules import Component, Source, delivery_accepted
        from pricing.money import Money
        from server.ledger import service as ledger

        amount = Money(minor, "XOF")

        def one(tx: Any, delivery: str, instance: str, task: str, person: str) -> None:
            source = Source(ledger.rules.reservation(project, "XOF"), ledger.available(
                tx, ledger.rules.reservation(project, "XOF")
            ))  # fmt: skip
            entry = delivery_accepted(
                delivery_id=delivery, project=project, payee=person,
                components=(Component("honorarium", amount),), sources=[source],
            )  # fmt: skip
            ledger.owe(
                tx, entry, delivery_id=delivery, instance_id=instance, task_id=task, person_id=person,
                currency="XOF", debts=[ledger.Debt("honorarium", minor, 0)],
            )  # fmt: skip

        return self._counted(one, deliveries)

    def reserve(self, keys: list[str], fund: str, minor: int) -> dict[str, int]:
        """Commit money of a fund once for each key; how often that was done and refused, by code."""
        from pricing.money import Money
        from server.ledger import service as ledger

        def one(tx: Any, key: str) -> None:
            ledger.commit_money(
                tx, quote_id=key, fund=fund, project=key, amount=Money(minor, "XOF"),
                contingency=Money(0, "XOF"),
            )  # fmt: skip

        return self._counted(one, [[key] for key in keys])

    def export(self, batch: str) -> str:
        """Write the batch's file; its SHA-256."""
        from server.actor import SYSTEM
        from server.batches import service as batches

        return self.runtime.run(SYSTEM, batches.export, batch)

    def _counted(self, one: Callable[..., None], given: list[list[str]]) -> dict[str, int]:
        """Carry out `one` for each, a transaction each."""
        from server.actor import SYSTEM
        from workflows.errors import RunError

        done: Counter[str] = Counter()
        for row in given:
            try:
                self.runtime.run(SYSTEM, one, *row)
                done["done"] += 1
            except RunError as error:
                done[error.code] += 1
        return done

    def fire(self, instances: list[str]) -> None:
        """What a sweep does with timers, all that are named."""
        from server.actor import SYSTEM
        from server.instances import service

        for key in instances:
            self.runtime.run(SYSTEM, service.fire_timers, key)


def carry_out(orders: Orders, order: str, at: float = 0, **given: Any) -> dict[str, Any]:
    from workflows.errors import RunError

    act: Callable[..., Any] = getattr(orders, order)
    while time.monotonic() < at:
        pass
    try:
        return {"result": act(**given)}
    except RunError as error:
        params = {name: str(value) for name, value in error.params.items()}
        return {"refused": error.code, "params": params}


def say(answer: dict[str, Any]) -> None:
    os.write(ANSWERS, (json.dumps(answer) + "\n").encode())


def serve(given: dict[str, Any]) -> None:
    """The child: carry out orders until it is told to end."""
    orders = Orders()
    while given["order"] != "end":
        say(carry_out(orders, **given))
        given = json.loads(sys.stdin.readline() or '{"order": "end"}')
    say({"result": None})


def main() -> None:
    from server.batches import service as _batches  # noqa: F401
    from server.deliveries import service as _deliveries  # noqa: F401  (also what follows a step on the site)
    from tests import conftest as _runtime  # noqa: F401

    os.dup2(2, 1)  # what is logged is no answer
    while line := sys.stdin.readline():
        child = os.fork()
        if not child:
            code = 1
            try:
                serve(json.loads(line))
                code = 0
            except Exception:  # noqa: BLE001  (said, and the test fails)
                traceback.print_exc()
            finally:
                os._exit(code)
        _, status = os.waitpid(child, 0)
        if status:
            say({"killed": os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0})


if __name__ == "__main__":
    main()
