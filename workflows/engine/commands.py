"""The commands of the engine: (program, state) in, Step out; nothing else is touched.

A command that raises has changed nothing. `now` is an aware time. Data must be of FEEL's types (int and the
standard date types are turned into them, floats refused) and is copied.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from workflows.engine.instance import Instance, execute
from workflows.engine.programs import Program
from workflows.engine.steps import InstanceState, Step


def start(program: Program, data: Mapping[str, Any], *, now: datetime) -> Step:
    """Create an instance and run it to where it waits for people, messages or time."""
    return execute(lambda: Instance.new(program, data, now), Instance.proceed)


def complete(
    program: Program, state: InstanceState, task_id: str, data: Mapping[str, Any], *, now: datetime
) -> Step:
    """Complete a ready task and run what follows; a failure in what follows is an Incident in the Step.

    Raises TaskNotReady, InstanceEnded, DataRefused, StateUnreadable.
    """
    return execute(
        lambda: Instance.load(program, state, now), lambda instance: instance.complete(task_id, data)
    )


def cancel(program: Program, state: InstanceState, *, now: datetime) -> Step:
    """End the instance; its ready tasks are withdrawn. Raises InstanceEnded, StateUnreadable."""
    return execute(lambda: Instance.load(program, state, now), Instance.cancel)


def deliver(
    program: Program, state: InstanceState, message: str, data: Mapping[str, Any], *, now: datetime
) -> Step:
    """Hand a message to the event or task that has waited for it longest, and run what follows.

    Raises MessageNotExpected, InstanceEnded, DataRefused, StateUnreadable.
    """
    return execute(
        lambda: Instance.load(program, state, now), lambda instance: instance.deliver(message, data)
    )


def fire_timers(program: Program, state: InstanceState, *, now: datetime) -> Step:
    """Fire every timer that is due at `now`, each once, oldest first; nothing due = a Step without events.

    Raises InstanceEnded, StateUnreadable.
    """
    return execute(lambda: Instance.load(program, state, now), Instance.fire_timers)


def retry(program: Program, state: InstanceState, *, now: datetime) -> Step:
    """Try again the automatic steps that failed. Raises InstanceEnded, StateUnreadable."""
    return execute(lambda: Instance.load(program, state, now), Instance.retry)
