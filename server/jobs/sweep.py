"""The sweep: what has to happen without a person asking, found again every few seconds.

Truth is in the tables; the sweep only looks and calls the same service functions. A sweep that is missed is
made up by the next one.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import structlog
from sqlalchemy.exc import SQLAlchemyError

from server.actor import SYSTEM
from server.deliveries import service as deliveries
from server.instances import service as instances
from server.projects import service as projects
from server.runtime import Runtime
from server.submissions import service as submissions
from server.transparency import service as transparency
from workflows.errors import RunError

log = structlog.get_logger()
EVERY_SECONDS = 30


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
    """One sweep: due timers and forgotten submissions, each in a transaction of its own, then the journal's seal.

    A failure is logged and left to the next sweep; one instance's failure does not keep the others waiting.
    """
    for instance_id in _try(runtime.read, SYSTEM, instances.due) or ():
        _try(runtime.run, SYSTEM, projects.fire_timers, instance_id)
    for submission_id in _try(runtime.read, SYSTEM, submissions.unchecked) or ():
        _try(runtime.run, SYSTEM, deliveries.hand_over, submission_id)
    _try(runtime.run, SYSTEM, transparency.seal)


def _try(step: Callable[..., Any], *arguments: object) -> Any:  # noqa: ANN401  (whatever the step returns)
    try:
        return step(*arguments)
    except (RunError, SQLAlchemyError) as error:
        log.error("sweep_failed", step=str(arguments[1:]), exc_info=error)
        return None
