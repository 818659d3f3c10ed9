"""The outbox: what instances ask of the outside and of each other, done after the commit that asked for it.

A request is taken by moving its next attempt into the future, in a transaction of its own; so two sweeps never
do the same one at once, and one that was taken and forgotten comes again. A service is done at least once and
told its request's id each time; a message is delivered in the transaction that ticks it off, so once. A signal is
told to each who waits in a transaction of its own, under an id made of both: one that fails takes it from nobody,
and who has had it does not get it again when the others are tried again.
A service that keeps failing becomes an incident of its task. A message that nothing waits for stays visible.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Any, Final
from uuid import NAMESPACE_URL, uuid5

import orjson
import structlog
from sqlalchemy import or_, select, update

from server.actor import SYSTEM
from server.instances import commands
from server.instances.models import EngineTaskRow, InstanceRow, OutboxRow, SubscriptionRow
from server.instances.operations import Call, CallFailed, find
from server.runtime import Runtime, Tx
from workflows.engine import DataRefused, EngineError, Instance
from workflows.engine.values import from_json

log = structlog.get_logger()
_LONGEST_ERROR: Final = 500
WAITS: Final = tuple(timedelta(minutes=m) for m in (1, 5, 15, 60, 240, 1440))
"""How long to wait after the first, second … attempt; after the last one it is given up."""


def due_requests(tx: Tx, limit: int = 200) -> list[str]:
    """Ids of requests that are to be tried now, oldest first."""
    query = select(OutboxRow.id).where(OutboxRow.next_try_at <= tx.now)
    return list(tx.session.scalars(query.order_by(OutboxRow.next_try_at, OutboxRow.id).limit(limit)))


def try_again(tx: Tx, instance_id: str) -> None:
    """Begin anew with what was given up."""
    tx.session.execute(
        update(OutboxRow)
        .where(OutboxRow.instance_id == instance_id, OutboxRow.done_at.is_(None))
        .values(next_try_at=tx.now, attempts=0)
    )


def perform(runtime: Runtime, request_id: str) -> None:
    """Try a request once: carry an operation out, or deliver a message or signal."""
    call = runtime.run(SYSTEM, _take, request_id)
    if call is None:
        return
    if call == "signal":
        _tell_all(runtime, request_id)
        return
    if not isinstance(call, Call):
        runtime.run(SYSTEM, _deliver, request_id)
        return
    try:
        operation = find(call.operation)
        result = operation.outside(runtime.settings, call) if operation.outside else None
        runtime.run(SYSTEM, _done, request_id, call, result)
    except CallFailed as error:
        runtime.run(SYSTEM, _failed, request_id, str(error))


def _take(tx: Tx, request_id: str) -> Call | str | None:
    """The call of a service, the kind of another request; None when somebody else has taken it."""
    row = tx.session.get(OutboxRow, request_id, with_for_update=True, populate_existing=True)
    if row is None or row.next_try_at is None or row.next_try_at > tx.now:
        return None
    if row.kind == "signal":
        row.next_try_at = tx.now + WAITS[min(row.attempts, len(WAITS) - 1)]
        row.attempts += 1
    if row.kind != "service":
        return row.kind
    if not _still_asked(tx, row):
        _tick_off(tx, row)
        return None
    row.next_try_at = tx.now + WAITS[min(row.attempts, len(WAITS) - 1)]
    row.attempts += 1
    instance = tx.session.get_one(InstanceRow, row.instance_id)
    name, _, argument = row.name.partition(":")
    return Call(
        row.id, row.instance_id, instance.region_code, row.node_id, name, argument, plain(_payload(row))
    )


def _still_asked(tx: Tx, row: OutboxRow) -> bool:
    """Whether the task still waits: a deadline may have ended it, somebody may have cancelled the instance."""
    task_id = row.task_id.replace("-", "")
    return tx.session.get(EngineTaskRow, (row.instance_id, task_id), populate_existing=True) is not None


def _payload(row: OutboxRow) -> Any:  # noqa: ANN401  (any value of FEEL)
    return from_json(orjson.loads(row.payload))


def plain(value: Any) -> Any:  # noqa: ANN401
    """A value of FEEL as JSON for others: whole numbers as numbers, decimals and moments as text."""
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else str(value)
    if isinstance(value, dict):
        return {key: plain(each) for key, each in value.items()}
    if isinstance(value, list):
        return [plain(each) for each in value]
    return value if value is None or isinstance(value, (bool, str)) else str(value)


def _done(tx: Tx, request_id: str, call: Call, result: Any) -> None:  # noqa: ANN401
    row = tx.session.get_one(OutboxRow, request_id, with_for_update=True, populate_existing=True)
    if row.done_at is not None:
        return
    inside = find(call.operation).inside
    if inside is not None:
        result = inside(tx, call)
    _tick_off(tx, row)
    if isinstance(result, Mapping) and isinstance(result.get("error"), str):
        code = result["error"]
        _tell(tx, row, "operation error", lambda live: live.operation_error(row.task_id, code, tx.now))
    else:
        _tell(tx, row, "operation done", lambda live: live.operation_done(row.task_id, result, tx.now))


def _failed(tx: Tx, request_id: str, why: str) -> None:
    row = tx.session.get_one(OutboxRow, request_id, with_for_update=True, populate_existing=True)
    row.last_error = why
    if row.done_at is None and row.attempts >= len(WAITS):
        _tick_off(tx, row)
        _tell(tx, row, "operation failed", lambda live: live.operation_failed(row.task_id, why, tx.now))


def _tick_off(tx: Tx, row: OutboxRow) -> None:
    row.done_at, row.next_try_at = tx.now, None
    tx.session.flush()


def _tell(tx: Tx, row: OutboxRow, name: str, act: commands.Act) -> None:
    """Tell the instance; it may have gone another way in the meantime."""
    instance = tx.session.get_one(InstanceRow, row.instance_id, populate_existing=True)
    try:
        commands.carry_out(tx, instance, commands.ask(tx, name, row.id), act)
    except DataRefused as error:  # what it answered cannot be kept: it was done, so a person has to look
        why = row.last_error = str(error)
        _tell(tx, row, "operation failed", lambda live: live.operation_failed(row.task_id, why, tx.now))
    except EngineError as error:
        row.last_error = str(error)


# Messages and signals ---------------------------------------------------------------------------------


def _tell_all(runtime: Runtime, request_id: str) -> None:
    """Tell a signal to each instance that waits for it; those that fail are tried again with the request."""
    failed = []
    for instance_id in runtime.read(SYSTEM, _listeners, request_id):
        try:
            runtime.run(SYSTEM, _signal, request_id, instance_id)
        except Exception as error:  # whatever it is, the others have their signal
            log.error("signal_failed", request=request_id, instance=instance_id, exc_info=error)
            failed.append(f"{instance_id}: {type(error).__name__}")
    runtime.run(SYSTEM, _told, request_id, "; ".join(failed)[:_LONGEST_ERROR])


def _listeners(tx: Tx, request_id: str) -> list[str]:
    return _waiting_for(tx, tx.session.get_one(OutboxRow, request_id))


def _signal(tx: Tx, request_id: str, instance_id: str) -> None:
    row = tx.session.get_one(OutboxRow, request_id, populate_existing=True)
    if row.done_at is None:
        _hand_over(tx, row, instance_id, command_id=_both(request_id, instance_id))


def _both(request_id: str, instance_id: str) -> str:
    """The id of a signal for one instance: the same at each attempt."""
    return str(uuid5(NAMESPACE_URL, f"signal:{request_id}:{instance_id}"))


def _told(tx: Tx, request_id: str, failed: str) -> None:
    """All had it; or some will be tried again, until it is given up and stays visible."""
    row = tx.session.get_one(OutboxRow, request_id, with_for_update=True, populate_existing=True)
    if not failed:
        _tick_off(tx, row)
        return
    row.last_error = failed
    if row.attempts > len(WAITS):
        row.next_try_at = None
    tx.session.flush()


def _deliver(tx: Tx, request_id: str) -> None:
    row = tx.session.get_one(OutboxRow, request_id, with_for_update=True, populate_existing=True)
    if row.done_at is not None or row.next_try_at is None:
        return
    row.attempts += 1
    found = _waiting_for(tx, row)
    if any(_hand_over(tx, row, instance_id) for instance_id in found):
        row.last_error = ""
        _tick_off(tx, row)
    else:
        row.last_error = "Nothing waits for this message."
        given_up = row.attempts > len(WAITS)
        row.next_try_at = None if given_up else tx.now + WAITS[row.attempts - 1]
    tx.session.flush()


def _waiting_for(tx: Tx, row: OutboxRow) -> list[str]:
    """Instances that wait for it: those that name its key first, then those that take any, oldest first."""
    query = (
        select(SubscriptionRow.instance_id)
        .where(
            SubscriptionRow.kind == row.kind, SubscriptionRow.name == row.name,
            SubscriptionRow.instance_id != row.instance_id,
            or_(SubscriptionRow.key == row.key, SubscriptionRow.key == ""),
        )
        .order_by(SubscriptionRow.key.desc(), SubscriptionRow.instance_id)
    )  # fmt: skip
    return list(dict.fromkeys(tx.session.scalars(query)))


def _hand_over(tx: Tx, row: OutboxRow, instance_id: str, *, command_id: str | None = None) -> bool:
    """Whether the instance took it."""
    instance = tx.session.get_one(InstanceRow, instance_id, populate_existing=True)
    if instance.status != "running":
        return False
    content = _payload(row)
    values = content if isinstance(content, Mapping) else {}

    def act(live: Instance) -> commands.Changes:
        named = commands.named(live, values)
        if row.kind == "signal":
            return live.signal(row.name, named, tx.now)
        return live.deliver(row.name, named, tx.now, key=row.key)

    try:
        command = commands.ask(tx, f"{row.kind} arrives", row.id, instance_id, command_id=command_id)
        commands.carry_out(tx, instance, command, act)
    except EngineError as error:
        row.last_error = str(error)
        return False
    return True


def describe(row: OutboxRow) -> dict[str, object]:
    """A request as the API tells it."""
    return {
        "id": row.id, "kind": row.kind, "name": row.name, "key": row.key, "node": row.node_id,
        "made_at": row.made_at, "attempts": row.attempts, "next_try_at": row.next_try_at,
        "last_error": row.last_error,
    }  # fmt: skip


def exact(values: Mapping[str, Any]) -> Mapping[str, Any]:
    """Values of a JSON body as the engine takes them: numbers with a point are decimals."""
    found: Mapping[str, Any] = json.loads(json.dumps(values, default=str), parse_float=Decimal)
    return found
