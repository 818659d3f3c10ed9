"""The sweep: what has to happen without a person asking, found again every few seconds.

Truth is in the tables; the sweep only looks and calls the same service functions. A sweep that is missed is
made up by the next one.
"""

from __future__ import annotations

import threading

import structlog
from sqlalchemy.exc import SQLAlchemyError

from server.actor import SYSTEM
from server.runtime import Runtime
from server.transparency import service as transparency

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
    """One sweep: seal the journal. A failure is logged and left to the next sweep."""
    try:
        runtime.run(SYSTEM, transparency.seal)
    except SQLAlchemyError as error:
        log.error("sweep_failed", exc_info=error)
