"""The commands over documents: (program, state) in, Step out; nothing else is touched.

A thin layer over `Instance`: a command and all that follows from it, in one.

A command that raises has changed nothing. `now` is an aware time. Data must be of FEEL's types (int and the
standard date types are turned into them, floats refused) and is copied.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from workflows.engine.instance import MAX_STEPS, Instance
from workflows.engine.programs import Program
from workflows.engine.records import Changes
from workflows.engine.steps import Event, InstanceState, Step


def start(program: Program, data: Mapping[str, Any], *, now: datetime) -> Step:
    """Create an instance and run it to where it waits for people, messages or time."""
    instance = Instance.new(program, data, now=now)
    return _step(instance, _all(instance, instance.start(now), now))


def complete(
    program: Program, state: InstanceState, task_id: str, data: Mapping[str, Any], *, now: datetime
) -> Step:
    """Complete a ready task and run what follows; a failure in what follows is an Incident in the Step.

    Raises TaskNotReady, InstanceEnded, DataRefused, StateUnreadable.
    """
    return _command(program, state, now, lambda instance: instance.complete(task_id, data, now))


def cancel(program: Program, state: InstanceState, *, now: datetime) -> Step:
    """End the instance; its ready tasks are withdrawn. Raises InstanceEnded, StateUnreadable."""
    return _command(program, state, now, lambda instance: instance.cancel(now))


def deliver(
    program: Program,
    state: InstanceState,
    message: str,
    data: Mapping[str, Any],
    *,
    now: datetime,
    key: str = "",
) -> Step:
    """Hand a message to the event or task that has waited for it longest, and run what follows.

    Raises MessageNotExpected, InstanceEnded, DataRefused, StateUnreadable.
    """
    return _command(program, state, now, lambda instance: instance.deliver(message, data, now, key))


def signal(
    program: Program, state: InstanceState, name: str, data: Mapping[str, Any], *, now: datetime
) -> Step:
    """Let everything that waits for the signal have it, and run what follows; nothing may wait for it.

    Raises InstanceEnded, DataRefused, StateUnreadable.
    """
    return _command(program, state, now, lambda instance: instance.signal(name, data, now))


def fire_timers(program: Program, state: InstanceState, *, now: datetime) -> Step:
    """Fire every timer that is due at `now`, each once, oldest first; also those that this makes due.

    Nothing due = a Step without events. Raises InstanceEnded, StateUnreadable.
    """
    instance = Instance.from_document(program, state, now=now)
    events = _all(instance, None, now)
    for _ in range(MAX_STEPS):
        due = min(instance.timers, key=lambda timer: timer.due, default=None)
        if instance.status != "running" or due is None or due.due > now:
            break
        events += _all(instance, instance.fire_timer(due.task_id, now), now)
    return _step(instance, events)


def retry(program: Program, state: InstanceState, *, now: datetime) -> Step:
    """Try again the automatic steps that failed. Raises InstanceEnded, StateUnreadable."""
    return _command(program, state, now, lambda instance: instance.retry(now))


def _command(
    program: Program, state: InstanceState, now: datetime, act: Callable[[Instance], Changes]
) -> Step:
    instance = Instance.from_document(program, state, now=now)
    return _step(instance, _all(instance, act(instance), now))


def _all(instance: Instance, changes: Changes | None, now: datetime) -> list[Event]:
    """What a command caused and what follows from it."""
    events = [] if changes is None else list(changes.events)
    if instance.pending and instance.status == "running":
        events += instance.proceed(now).events
    return events


def _step(instance: Instance, events: list[Event]) -> Step:
    messages = {each.name for each in instance.subscriptions if each.kind == "message"}
    return Step(
        state=instance.document(),
        ready=instance.ready,
        events=tuple(events),
        data=instance.data,
        status=instance.status,
        next_due=min((timer.due for timer in instance.timers), default=None),
        messages=tuple(sorted(messages)),
        incidents=instance.incidents,
    )
