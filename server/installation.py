"""Putting an installation together: settings -> database, files, clock -> `Runtime`; and `doctor`'s checks."""

from __future__ import annotations

import importlib
from pathlib import Path

from server.clock import Clock, SystemClock
from server.db import migrate
from server.db.engine import open_engine
from server.errors import Misconfigured
from server.files.store import FileStore
from server.ids import Ids
from server.runtime import Runtime
from server.settings import Settings

PACKAGES = ("translations", "workflows", "forms", "pricing", "payments", "service_library", "server")


def open_runtime(settings: Settings, *, clock: Clock | None = None, ids: Ids | None = None) -> Runtime:
    """Open the database (created and upgraded as needed) and the file store."""
    check_packages()
    engine = open_engine(settings.database_url)
    migrate.upgrade(engine)
    settings.files_dir.mkdir(parents=True, exist_ok=True)
    return Runtime(engine, clock or SystemClock(), ids or Ids(), FileStore(settings.files_dir), settings)


def check_packages() -> None:
    """Refuse to run when another distribution has put a package with one of our names in our place."""
    home = Path(__file__).resolve().parent.parent
    for name in PACKAGES:
        found = importlib.import_module(name).__file__
        if found is None or Path(found).resolve().parent.parent != home:
            raise Misconfigured(
                what=f"The package '{name}' is not ours but {found}. Uninstall the other distribution."
            )
