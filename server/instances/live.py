"""Live instances: the engine's instances that this process keeps in memory, so that a step need not load them.

Idea: whoever works with an instance takes it out and puts it back after the commit. So one thread has it at a
time (another one loads a copy of its own), and a transaction that fails or rolls back cannot leave behind what
the database never got: it simply does not put it back. What is kept may be older than the database, where
another process went on with the instance; every write checks the version (server.instances.store).
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from workflows.engine import Instance


@dataclass(slots=True)
class Live:
    """An instance in memory. version: of the change that it is equal to.

    whole: its rows are not in the database yet, it is new or comes from a document of release 0.1.0. pending: what its
    row in `process_instance` says; None = not known.
    """

    instance_id: str
    version: int
    instance: Instance
    whole: bool = False
    pending: bool | None = None


class LiveInstances:
    """At most `size` instances, the least recently used goes first; safe for threads."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._kept: OrderedDict[str, Live] = OrderedDict()
        self._lock = threading.Lock()

    def take(self, instance_id: str) -> Live | None:
        """Take an instance out; None when it is not here, or somebody has it."""
        with self._lock:
            return self._kept.pop(instance_id, None)

    def put(self, live: Live) -> None:
        """Put an instance back that is equal to what is committed; an older copy makes way for a newer one."""
        with self._lock:
            known = self._kept.get(live.instance_id)
            if known is None or known.version < live.version:
                self._kept[live.instance_id] = live
            self._kept.move_to_end(live.instance_id)
            while len(self._kept) > self._size:
                self._kept.popitem(last=False)

    def clear(self) -> None:
        """Forget all."""
        with self._lock:
            self._kept.clear()

    def __len__(self) -> int:
        return len(self._kept)

    def __contains__(self, instance_id: object) -> bool:
        return instance_id in self._kept
