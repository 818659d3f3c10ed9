"""The SQL of the store: Core statements, compiled once for a database and then given to its driver as text.

Idea: compiling is what makes Core slow, and the session what makes the ORM slow; a step of the engine needs
neither. This is the only place that hands text to a driver. Values go in by position, converted by the
columns' own types where the driver does not know them.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import Dialect, Table, bindparam, delete, func, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql.expression import Executable

from server.db.base import Base, UtcDateTime
from server.instances import models

_DIALECTS: dict[str, Callable[[], Dialect]] = {
    "sqlite": lambda: sqlite.dialect(paramstyle="qmark"),
    "postgresql": lambda: postgresql.dialect(paramstyle="format"),  # type: ignore[no-untyped-call]
}


def table_of(row: type[Base]) -> Table:
    """The table of a row's class, for statements that need no session."""
    table = row.__table__
    assert isinstance(table, Table)
    return table


INSTANCE, TASK, SCOPE = (
    table_of(r) for r in (models.InstanceRow, models.EngineTaskRow, models.EngineScopeRow)
)
TIMER, SUBSCRIPTION = table_of(models.TimerRow), table_of(models.SubscriptionRow)
CHANGE, OUTBOX = table_of(models.ChangeRow), table_of(models.OutboxRow)
_ROWS = {"tasks": TASK, "scopes": SCOPE, "timers": TIMER, "subscriptions": SUBSCRIPTION}


class Statements:
    """The texts for one kind of database; the names of values are in the order in which they are given."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._dialect = _DIALECTS[name]()
        insert = sqlite.insert if name == "sqlite" else postgresql.insert
        self.add_change = self._text(insert(CHANGE).on_conflict_do_nothing(), *CHANGE.c.keys())
        # a column's own name as a parameter would be the value to set
        here = (INSTANCE.c.id == bindparam("at_id"), INSTANCE.c.version <= bindparam("at_version"))
        moved = update(INSTANCE).where(*here)
        self.move = self._text(moved, "status", "pending", "version", "at_id", "at_version")
        self.move_data = self._text(moved, "status", "pending", "data", "version", "at_id", "at_version")
        self.move_whole = self._text(
            moved, "service_version_id", "status", "state", "engine", "definition", "pending", "data", "due_at",
            "version", "at_id", "at_version",
        )  # fmt: skip
        self.put: dict[str, str] = {}
        self.drop: dict[str, str] = {}
        self.drop_all: list[str] = []
        for kind, table in _ROWS.items():
            made = insert(table)
            key = [c.name for c in table.primary_key]
            rest = {c.name: made.excluded[c.name] for c in table.c if c.name not in key}
            self.put[kind] = self._text(
                made.on_conflict_do_update(index_elements=key, set_=rest), *table.c.keys()
            )
            gone = delete(table).where(*(table.c[name] == bindparam(f"at_{name}") for name in key))
            self.drop[kind] = self._text(gone, *(f"at_{name}" for name in key))
            self.drop_all.append(
                self._text(delete(table).where(table.c.instance_id == bindparam("at_id")), "at_id")
            )
        self.take_over = self._take_over()
        self.add_request = self._text(insert(OUTBOX), *OUTBOX.c.keys())
        newest = select(func.max(CHANGE.c.version)).where(CHANGE.c.instance_id == INSTANCE.c.id)
        version = func.coalesce(newest.scalar_subquery(), INSTANCE.c.version)  # no history: of release 0.1.0
        this = INSTANCE.c.id == bindparam("at_id")
        self.version = self._text(select(version).where(this), "at_id")
        columns = ("pending", "status", "engine", "state", "definition", "service_version_id")
        self.head = self._text(select(version, *(INSTANCE.c[name] for name in columns)).where(this), "at_id")
        self.tasks = self._rows_of(TASK)
        self.scopes = self._rows_of(SCOPE)
        self.change = self._text(
            select(CHANGE).where(CHANGE.c.command_id == bindparam("at_command")), "at_command"
        )
        self.to_time: Callable[[datetime | None], Any] = self._bound(UtcDateTime())
        self.from_time: Callable[[Any], datetime] = self._read(UtcDateTime())

    def _text(self, statement: Executable, *names: str) -> str:
        """The statement as text, after checking that its values come in the order of `names`."""
        compiled = statement.compile(  # type: ignore[attr-defined]  # every statement can be compiled
            dialect=self._dialect,
            column_keys=[n for n in names if not n.startswith("at_")] or None,
        )
        assert list(compiled.positiontup or ()) == list(names), (compiled.positiontup, names)
        return str(compiled)

    def _take_over(self) -> str:
        """The row of a task that is gone becomes that of a new one: one statement in place of two."""
        instance, *rest = TASK.c.keys()
        here = (TASK.c[instance] == bindparam("at_instance"), TASK.c.task_id == bindparam("at_task"))
        return self._text(update(TASK).where(*here), *rest, "at_instance", "at_task")

    def _rows_of(self, table: Table) -> str:
        """All rows of an instance, without its id, in the order of the columns."""
        wanted = [c for c in table.c if c.name != "instance_id"]
        return self._text(select(*wanted).where(table.c.instance_id == bindparam("at_id")), "at_id")

    def _bound(self, kind: UtcDateTime) -> Callable[[Any], Any]:
        convert = kind.dialect_impl(self._dialect).bind_processor(self._dialect)
        if convert is None or self._name != "sqlite":
            return convert or (lambda value: value)

        def to_text(value: datetime | None) -> Any:  # noqa: ANN401  (a driver's value)
            # the same text as the type's own, four times as fast
            return (
                value.isoformat(" ", "microseconds")[:26] if value and value.tzinfo is UTC else convert(value)
            )

        return to_text

    def _read(self, kind: UtcDateTime) -> Callable[[Any], Any]:
        read = kind.dialect_impl(self._dialect).result_processor(self._dialect, None)
        return read or (lambda value: value)


@lru_cache(maxsize=4)
def statements(name: str) -> Statements:
    """The statements for "sqlite" or "postgresql"."""
    return Statements(name)
