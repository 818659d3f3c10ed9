"""Serving the application with gunicorn: one process, several threads, one write lock (SQLite) inside."""

from __future__ import annotations

from typing import Any

from flask import Flask
from gunicorn.app.base import BaseApplication
from gunicorn.workers.gthread import ThreadWorker

from server.app import create_app
from server.jobs.sweep import Sweeper
from server.runtime import Runtime


class _Worker(ThreadWorker):  # type: ignore[misc]
    """Ends the streams that people follow when it is asked to stop: each would keep it waiting."""

    def handle_exit(self, sig: int, frame: Any) -> None:  # noqa: ANN401
        self._end_streams()
        super().handle_exit(sig, frame)

    def handle_quit(self, sig: int, frame: Any) -> None:  # noqa: ANN401
        self._end_streams()
        super().handle_quit(sig, frame)

    def _end_streams(self) -> None:
        if getattr(self, "wsgi", None) is not None:
            self.wsgi.extensions["tracking"].close()


class _Server(BaseApplication):  # type: ignore[misc]
    def __init__(self, runtime: Runtime, options: dict[str, Any]) -> None:
        self._runtime = runtime
        self._options = options
        super().__init__()

    def load_config(self) -> None:
        for name, value in self._options.items():
            self.cfg.set(name, value)

    def load(self) -> Flask:
        # after the fork: connections and the sweeper's thread belong to the worker
        self._runtime.engine.dispose(close=False)
        Sweeper(self._runtime).start()
        return create_app(self._runtime)


def run(runtime: Runtime, *, host: str, port: int, threads: int) -> None:
    """Serve until interrupted. threads: for pages; those that diagrams are followed by come on top (ADR 18)."""
    options = {
        "bind": f"{host}:{port}", "workers": 1, "threads": threads + runtime.settings.live_streams,
        "worker_class": _Worker,
        "accesslog": None, "control_socket_disable": True, "timeout": 120, "limit_request_field_size": 8190,
    }  # fmt: skip
    print(f"RUN at http://{host}:{port}/ - stop with Ctrl+C", flush=True)
    _Server(runtime, options).run()
