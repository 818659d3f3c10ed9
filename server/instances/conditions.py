"""Conditions that the passing of time fulfils: looked at by the sweep, as nothing else happens that would wake them.

Idea: only versions with a condition that asks the clock concern the sweep, and of those only instances in which such
an event waits. Each is looked at in memory; a command is carried out only where the answer has changed.
"""

from __future__ import annotations

import threading
from typing import Final

from sqlalchemy import select

from server.instances import commands
from server.instances.models import EngineTaskRow, InstanceRow
from server.runtime import Tx

_LIMIT: Final = 10_000
_asking: dict[tuple[str, str], frozenset[str]] = {}
"""Database and service version -> names of its events that ask the clock; versions never change."""
_lock = threading.Lock()


def waiting_for_time(tx: Tx) -> list[str]:
    """Running instances in which an event waits for a condition that asks the clock."""
    running = select(InstanceRow.service_version_id).where(InstanceRow.status == "running").distinct()
    found: list[str] = []
    for version_id in tx.session.scalars(running):
        names = _names(tx, version_id)
        if names:
            query = (
                select(InstanceRow.id)
                .join(EngineTaskRow, EngineTaskRow.instance_id == InstanceRow.id)
                .where(
                    InstanceRow.service_version_id == version_id, InstanceRow.status == "running",
                    EngineTaskRow.node.in_(names),
                )
                .distinct()
            )  # fmt: skip
            found += tx.session.scalars(query.limit(_LIMIT))
    return found


def _names(tx: Tx, version_id: str) -> frozenset[str]:
    key = (str(tx.session.get_bind().engine.url), version_id)
    with _lock:
        known = _asking.get(key)
    if known is None:
        known = commands.programs(tx)(version_id).asking_the_clock
        with _lock:
            _asking[key] = known
    return known


def recheck(tx: Tx, instance_id: str) -> None:
    """Let the instance look at its conditions again, if time has changed what one of them says."""
    row = tx.session.get(InstanceRow, instance_id, populate_existing=True)
    if row is None or row.status != "running" or row.pending:
        return
    _, live = commands.work(tx).open(instance_id, commands.programs(tx), tx.now)
    if live.is_overtaken(tx.now):
        commands.carry_out(tx, row, commands.ask(tx, "recheck"), lambda each: each.recheck(tx.now))
