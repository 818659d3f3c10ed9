"""The sweep: what has to happen without a person asking, found again every few seconds.

Truth is in the tables; the sweep only looks and calls the same service functions. A sweep that is missed is
made up by the next one. Several may run at once, in one process or in many: what one has done or is doing the
others find done, or leave.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from datetime import datetime
from itertools import islice
from typing import Any

import structlog

from server.actor import SYSTEM
from server.deliveries import service as deliveries
from server.instances import service as instances
from server.runtime import Runtime, Tx
from server.submissions import service as submissions
from server.transparency import service as transparency

log = structlog.get_logger()
EVERY_SECONDS = 30
TOGETHER = 40
"""Instances whose timers fire in one transaction, of some 60 ms: the database is asked once for all of them, and
the disk to keep them; others wait that long."""


class Sweeper:
    """A background thread of the web process."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="sweep", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Stop after the sweep that is running, if any."""
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stop.wait(EVERY_SECONDS):
            sweep(self._runtime)


def sweep(runtime: Runtime) -> None:
    """One sweep over everything that waits, then the journal's seal.

    A failure is logged and left to the next sweep; one instance's failure does not keep the others waiting.
    """
    for instance_id in _try(runtime.read, SYSTEM, instances.pending) or ():
        _try(runtime.run, SYSTEM, instances.proceed, instance_id)
    _fire_timers(runtime)
    for instance_id in _try(runtime.read, SYSTEM, instances.waiting_for_time) or ():
        _try(runtime.run, SYSTEM, instances.recheck, instance_id)
    for request_id in _try(runtime.read, SYSTEM, instances.due_requests) or ():
        _try(instances.perform, runtime, request_id)
    for submission_id in _try(runtime.read, SYSTEM, submissions.unchecked) or ():
        _try(runtime.run, SYSTEM, deliveries.hand_over, submission_id)
    _try(runtime.run, SYSTEM, transparency.seal)


def _fire_timers(runtime: Runtime) -> None:
    """All that are due, a few instances in a transaction; if one of them fails, each for itself."""
    overdue = _overdue(runtime)
    while batch := list(islice(overdue, TOGETHER)):
        try:
            runtime.run(SYSTEM, _fire, batch)
        except Exception as error:  # noqa: BLE001  (whichever instance it was is found, and logged, below)
            log.warning("timers_fired_apart", instances=len(batch), error=repr(error))
            for instance_id in batch:
                _try(runtime.run, SYSTEM, _fire, [instance_id])


def _fire(tx: Tx, instance_ids: list[str]) -> None:
    with instances.together(tx, instance_ids):
        for instance_id in instance_ids:
            instances.fire_timers(tx, instance_id)


def _overdue(runtime: Runtime) -> Iterator[str]:
    """Instances with timers that are due, each once, the longest overdue first; read in batches."""
    seen: set[str] = set()
    after: tuple[datetime, str] | None = None
    while found := _try(runtime.read, SYSTEM, instances.due, after):
        for _, instance_id in found:
            if instance_id not in seen:
                seen.add(instance_id)
                yield instance_id
        after = found[-1]


def _try(step: Callable[..., Any], *arguments: object) -> Any:  # noqa: ANN401  (whatever the step returns)
    try:
        return step(*arguments)
    except Exception as error:  # a defect in one thing must not end the sweeping of all others
        log.error("sweep_failed", step=str(arguments[1:]), exc_info=error)
        return None
