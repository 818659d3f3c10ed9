"""Keeps the engine's instances: rows -> Instance -> Changes -> rows, each change in the transaction of its caller.

Idea: a change writes one row of history, whose key is the instance's next version. That row is the lock, the
audit trail and the receipt at once: two writers meet at its key and the second one starts anew from what the
first wrote; a command that comes again is found by its id and answered with what it did the first time. Of the
state only the rows that changed are written. A live instance is used when there is one, else it is loaded;
docs/adr/0012 has the reasons.

`Work` is what one transaction does; its `committed` must be called after the commit and only then.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Final, NamedTuple, get_args

import orjson
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from server.errors import Conflict, NotFound
from server.instances.live import Live, LiveInstances
from server.instances.models import ROWS
from server.instances.statements import statements
from workflows.engine import (
    Changes,
    EngineError,
    Event,
    Instance,
    InstanceState,
    Program,
    Records,
    Requested,
    ScopeRecord,
    Status,
    Subscription,
    TaskRecord,
    Timer,
)
from workflows.engine.values import to_json

_TRIES: Final = 8
_STATUS: Mapping[Status, str] = {"running": "running", "completed": "work_done", "cancelled": "cancelled"}
Programs = Callable[[str], Program]
"""Service version -> program; asked only when an instance is loaded."""
Act = Callable[[Instance], Changes]
Events = Sequence[tuple[str, Mapping[str, Any]]]
"""What happened: name and content of each."""


class CommandDiffers(Conflict):
    code = "command-differs"
    message = "The command id %(command)s was used for something else before. Send this with a new one."


class InstanceBusy(Conflict):
    code = "instance-busy"
    message = "Others are changing this instance at the same moment. Try again."


class Command(NamedTuple):
    """What somebody asks of an instance.

    id: UUID; the same id is carried out once. actor: account or person. content: digest of all that is asked.
    """

    id: str
    name: str
    actor: str
    at: datetime
    content: str = ""


class Outcome(NamedTuple):
    """What a command did: the first time, and told again each time it is repeated.

    version: of the instance after it. command: the first one of that id. events: see `read_events`.
    changes: None = it was carried out before, and nothing was done now.
    """

    instance_id: str
    version: int
    command: Command
    events: bytes | str
    changes: Changes | None

    @property
    def repeated(self) -> bool:
        return self.changes is None


def digest(*content: object) -> str:
    """The digest of what a command asks for."""
    try:
        plain = orjson.dumps(content, default=str, option=orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS)
    except TypeError:  # half a character, more than 64 bits, very deep: the engine says what it does not take
        plain = repr(content).encode("utf-8", "backslashreplace")
    return hashlib.sha256(plain).hexdigest()[:32]


def read_events(events: bytes | str) -> tuple[Mapping[str, Any], ...]:
    """What happened, each with its kind in "event"."""
    return tuple({"event": name, **content} for name, content in orjson.loads(events))


class Work:
    """The instances that one transaction changes."""

    def __init__(self, connection: Connection, live: LiveInstances) -> None:
        self._connection = connection
        self._sql = statements(connection.dialect.name)
        self._cursor = connection.connection.cursor()
        self._live = live
        self._held: dict[str, Live] = {}

    def committed(self) -> None:
        """Let others use the instances as they are now; only after the commit."""
        for live in self._held.values():
            if live.instance.status == "running":
                self._live.put(live)
        self._held.clear()

    def close(self) -> None:
        """Give the driver's cursor back."""
        self._cursor.close()

    # Commands

    def begin(self, instance_id: str, instance: Instance, command: Command, act: Act) -> Outcome:
        """The first command of a new instance, whose row is there with version 0."""
        self._held[instance_id] = Live(instance_id, 0, instance, whole=True)
        return self.command(instance_id, lambda _: instance.program, command, act)

    def command(self, instance_id: str, programs: Programs, command: Command, act: Act) -> Outcome:
        """Let the instance `act` and keep what changed; a command that was carried out before does nothing.

        Whoever loses a race acts again on what the winner left. Raises what `act` raises (EngineError: nothing
        has changed), NotFound, CommandDiffers, InstanceBusy.
        """
        for _ in range(_TRIES):
            live = self._held.pop(instance_id, None) or self._live.take(instance_id)
            fresh = live is None
            try:
                if live is None:
                    live = self._load(instance_id, programs, command.at)
                changes = act(live.instance)
            except EngineError:
                known = self._known(command)
                if known is not None:
                    return known
                if live is not None and not live.instance.broken and not self._is_stale(live):
                    self._held[instance_id] = live
                    raise
                if fresh:
                    raise
                continue  # what was in memory is older than the database, or spoilt
            events = _events(changes)
            if self._record(live, command, events):
                self._save(live, command, changes)
                self._held[instance_id] = live
                return Outcome(instance_id, live.version, command, events, changes)
            known = self._known(command)
            if known is not None:
                return known
        raise InstanceBusy

    def note(self, instance_id: str, command: Command, events: Events) -> Outcome:
        """Record a change that does not concern the engine: who took a task, who gave it back."""
        for _ in range(_TRIES):
            live = self._held.pop(instance_id, None) or self._live.take(instance_id)
            version = live.version if live is not None else self._version(instance_id)
            written = orjson.dumps(events).decode()
            row = (instance_id, version + 1, *self._row(command), written)
            if self._execute(self._sql.add_change, row) == 1:
                if live is not None:
                    live.version += 1
                    self._held[instance_id] = live
                changes = _NOTHING
                return Outcome(instance_id, version + 1, command, written, changes)
            known = self._known(command)
            if known is not None:
                return known
        raise InstanceBusy

    def replace(
        self, instance_id: str, version_id: str, instance: Instance, command: Command,
        events: Events, *, at_version: int, pending: bool,
    ) -> Outcome:  # fmt: skip
        """Put another instance in the place of the one at `at_version`: its migration to a service version."""
        self._held.pop(instance_id, None)
        self._live.take(instance_id)
        live = Live(instance_id, at_version, instance, whole=True)
        written = orjson.dumps(events).decode()
        if not self._record(live, command, written):
            known = self._known(command)
            if known is not None:
                return known
            raise InstanceBusy
        self._save_whole(live, pending=pending, version_id=version_id)
        self._held[instance_id] = live
        return Outcome(instance_id, live.version, command, written, _NOTHING)

    def known(self, command: Command) -> Outcome | None:
        """What a command did, if it was carried out before. Raises CommandDiffers."""
        return self._known(command)

    def open(self, instance_id: str, programs: Programs, now: datetime) -> tuple[int, Instance]:
        """A private copy of an instance and its version, for reading and trying."""
        live = self._load(instance_id, programs, now)
        return live.version, live.instance

    # Reading

    def _load(self, instance_id: str, programs: Programs, now: datetime) -> Live:
        head = self._row_of(self._sql.head, instance_id)
        if head is None:
            raise NotFound(what="instance", key=instance_id)
        version, pending, status, engine, document, definition, version_id = head
        program = programs(version_id)
        if engine != ROWS:
            state = InstanceState(bytes(document), engine)
            return Live(instance_id, version, Instance.from_document(program, state, now=now), whole=True)
        records = Records(
            tasks=[TaskRecord(*row) for row in self._rows(self._sql.tasks, instance_id)],
            scopes=[ScopeRecord(*row) for row in self._rows(self._sql.scopes, instance_id)],
            status=_engine_status(status),
            definition=definition,
        )
        return Live(instance_id, version, Instance.load(program, records, now=now), pending=bool(pending))

    def _version(self, instance_id: str) -> int:
        found = self._row_of(self._sql.version, instance_id)
        if found is None:
            raise NotFound(what="instance", key=instance_id)
        return int(found[0])

    def _is_stale(self, live: Live) -> bool:
        return self._version(live.instance_id) != live.version

    def _known(self, command: Command) -> Outcome | None:
        row = self._row_of(self._sql.change, command.id)
        if row is None:
            return None
        instance_id, version, command_id, at, actor, name, content, events = row
        if (name, content) != (command.name, command.content):
            raise CommandDiffers(command=command_id)
        first = Command(command_id, name, actor, self._sql.from_time(at), content)
        return Outcome(instance_id, version, first, events, None)

    # Writing

    def _row(self, command: Command) -> tuple[Any, ...]:
        at = self._sql.to_time(command.at)
        return (command.id, at, command.actor, command.name, command.content)

    def _record(self, live: Live, command: Command, events: str) -> bool:
        """Write the history; False when this version, or this command, is there already."""
        row = (live.instance_id, live.version + 1, *self._row(command), events)
        return self._execute(self._sql.add_change, row) == 1

    def _save(self, live: Live, command: Command, changes: Changes) -> None:
        if live.whole:
            self._save_whole(live, pending=changes.pending)
        else:
            self._save_head(live, changes)
            self._save_rows(live.instance_id, changes)
        requests = [event for event in changes.events if type(event) is Requested]
        if requests:
            self._add_requests(live.instance_id, command, requests)

    def _save_head(self, live: Live, changes: Changes) -> None:
        """The instance's own row, which most steps leave as it is: the history has the version."""
        moved = (live.version + 1, live.instance_id, live.version)
        live.version += 1
        head = (_STATUS[changes.status], changes.pending)
        if changes.data_changed:
            self._moved(self._execute(self._sql.move_data, (*head, _data(live.instance), *moved)))
        elif changes.pending is not live.pending or changes.status != "running":
            self._moved(self._execute(self._sql.move, (*head, *moved)))
        live.pending = changes.pending

    def _save_rows(self, key: str, changes: Changes) -> None:
        if changes.status != "running":
            for text in self._sql.drop_all:  # nothing lives in an instance that is over
                self._execute(text, (key,))
            return
        sql, many = self._sql, self._many
        added, removed = changes.added, changes.removed
        if len(added) == 1 and len(removed) == 1:  # most steps: one statement in place of two
            self._moved(self._execute(sql.take_over, (*added[0], key, removed[0])))
        else:
            many(sql.put["tasks"], [(key, *each) for each in added])
            many(sql.drop["tasks"], [(key, each) for each in removed])
        if changes.tasks:
            many(sql.put["tasks"], [(key, *each) for each in changes.tasks])
        if changes.scopes:
            many(sql.put["scopes"], [_scope(key, each) for each in changes.scopes])
        if changes.removed_scopes:
            many(sql.drop["scopes"], [(key, each) for each in changes.removed_scopes])
        if changes.timers:
            many(sql.put["timers"], [self._timer(key, each) for each in changes.timers])
        if changes.removed_timers:
            many(sql.drop["timers"], [(key, each) for each in changes.removed_timers])
        if changes.subscriptions:
            many(sql.put["subscriptions"], [_subscription(key, each) for each in changes.subscriptions])
        if changes.removed_subscriptions:
            many(sql.drop["subscriptions"], [(key, each) for each in changes.removed_subscriptions])

    def _save_whole(self, live: Live, *, pending: bool, version_id: str = "") -> None:
        """All rows anew: of a new instance, of one that was a document, of one that migrated."""
        sql, key, instance = self._sql, live.instance_id, live.instance
        records = instance.records()
        kept = version_id or str(self._row_of(sql.head, key)[-1])
        head = (kept, _STATUS[records.status], b"", ROWS, records.definition, pending, _data(instance), None)
        self._moved(self._execute(sql.move_whole, (*head, live.version + 1, key, live.version)))
        live.version += 1
        live.pending, live.whole = pending, False
        for text in sql.drop_all:
            self._execute(text, (key,))
        self._many(sql.put["tasks"], [(key, *each) for each in records.tasks])
        self._many(sql.put["scopes"], [_scope(key, each) for each in records.scopes])
        self._many(sql.put["timers"], [self._timer(key, each) for each in instance.timers])
        self._many(sql.put["subscriptions"], [_subscription(key, each) for each in instance.subscriptions])

    def _add_requests(self, instance_id: str, command: Command, requests: Iterable[Requested]) -> None:
        now = self._sql.to_time(command.at)
        rows = [
            (
                f"{command.id}/{number}", instance_id, each.task_id, each.node_id, each.kind, each.name, each.key,
                orjson.dumps(to_json(each.payload)).decode(), now, 0, now, None, "",
            )
            for number, each in enumerate(requests)
        ]  # fmt: skip
        self._many(self._sql.add_request, rows)

    def _timer(self, key: str, timer: Timer) -> tuple[Any, ...]:
        return (key, timer.task_id, timer.node_id, self._sql.to_time(timer.due))

    def _moved(self, rows: int) -> None:
        """The row is newer than the history, or gone, though the history was free: somebody wrote past it."""
        if rows != 1:
            raise InstanceBusy

    # The driver

    def _execute(self, text: str, values: tuple[Any, ...]) -> int:
        """How many rows it changed. The driver's errors come as SQLAlchemy's, which Runtime knows."""
        try:
            self._cursor.execute(text, values)
        except self._driver_error as error:
            raise self._translated(error) from error
        return int(self._cursor.rowcount)

    def _many(self, text: str, rows: Sequence[tuple[Any, ...]]) -> None:
        if not rows:
            return
        try:
            self._cursor.executemany(text, rows)
        except self._driver_error as error:
            raise self._translated(error) from error

    def _rows(self, text: str, key: str) -> list[Any]:
        self._execute(text, (key,))
        return list(self._cursor.fetchall())

    def _row_of(self, text: str, key: str) -> Any:  # noqa: ANN401  (a driver's row)
        found = self._rows(text, key)  # all of them: a statement that is not finished holds SQLite's lock
        return found[0] if found else None

    @property
    def _driver_error(self) -> type[Exception]:
        error: type[Exception] = self._connection.dialect.loaded_dbapi.Error
        return error

    def _translated(self, error: Exception) -> BaseException:
        dialect = self._connection.dialect
        return DBAPIError.instance(None, None, error, dialect.loaded_dbapi.Error, dialect=dialect)


# Rows -------------------------------------------------------------------------------------------------


def _engine_status(status: str) -> Status:
    if status in ("running", "cancelled"):
        return status  # type: ignore[return-value]  # both are the engine's words too
    return "completed"


def _scope(key: str, scope: ScopeRecord) -> tuple[Any, ...]:
    return (key, scope.number, scope.up, scope.index, scope.values)


def _subscription(key: str, each: Subscription) -> tuple[Any, ...]:
    return (key, each.task_id, each.node_id, each.kind, each.name, each.key)


def _json(value: object) -> str:
    """JSON; numbers and moments of FEEL as text."""
    return orjson.dumps(value, default=str, option=orjson.OPT_PASSTHROUGH_DATETIME).decode()


def _data(instance: Instance) -> str:
    return _json(dict(instance.data))


def _events(changes: Changes) -> str:
    """What happened as JSON: pairs of name and content, without what is sent to others."""
    return orjson.dumps(
        [
            (_NAMES[type(event)], replace(event, payload={}) if type(event) is Requested else event)
            for event in changes.events
        ]
    ).decode()


def _name(kind: type) -> str:
    return "".join(f"_{c.lower()}" if c.isupper() else c for c in kind.__name__).lstrip("_")


_NAMES: Final = {kind: _name(kind) for kind in get_args(Event)}


_NOTHING: Final = Changes(
    added=(), tasks=(), removed=(), scopes=(), removed_scopes=(), timers=(), removed_timers=(), subscriptions=(),
    removed_subscriptions=(), opened=(), closed=(), events=(), status="running", pending=False,
    data_changed=False,
)  # fmt: skip
