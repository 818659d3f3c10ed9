"""What happened to an instance, in the reader's language: incidents and the history."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from server.http.locale import gettext
from server.http.navigation import N_
from server.instances.history import Change
from server.instances.models import IncidentRow

Title = Callable[[str], str]
"""Node -> its title in the reader's language."""
COMMANDS: Mapping[str, str] = {
    "start": N_("Started"),
    "complete": N_("Did: %(task)s"),
    "assign": N_("Gave %(task)s to %(person)s"),
    "claim": N_("Took: %(task)s"),
    "return": N_("Gave back: %(task)s"),
    "proceed": N_("What follows by itself"),
    "fire timer": N_("A moment had come"),
    "deliver": N_("Handed a message on"),
    "signal": N_("Gave a signal"),
    "message arrives": N_("A message of another village's work arrived"),
    "signal arrives": N_("A signal of another village's work arrived"),
    "operation done": N_("The outside has answered"),
    "operation error": N_("The outside has answered with an error"),
    "operation failed": N_("The outside could not be reached"),
    "recheck": N_("Time has changed a condition"),
    "retry": N_("Tried again"),
    "cancel": N_("Cancelled"),
    "migrate": N_("Went over to version %(version)s"),
    "add deadline": N_("Added a deadline"),
}
EVENTS: Mapping[str, str] = {
    "task_ready": N_("Opened: %(task)s"),
    "task_cancelled": N_("Withdrawn: %(task)s"),
    "event_occurred": N_("Happened: %(task)s"),
    "condition_undecided": N_("Neither true nor false at %(task)s: %(condition)s"),
    "incident": N_("Failed: %(task)s"),
    "requested": N_("Asked for: %(task)s"),
    "process_completed": N_("All work is done"),
}
"""What follows from a command; what is not named here is seen on the diagram."""


def incident_text(row: IncidentRow) -> str:
    """What failed; an incident of an early release keeps its English words."""
    if row.params is None:
        return row.message
    words = gettext(row.message)
    try:
        return words % row.params
    except (KeyError, ValueError, TypeError):
        return words


def change_words(change: Change, title: Title, person: Callable[[str], str]) -> str:
    """What a change was. person: id -> name."""
    words = COMMANDS.get(change.command)
    if words is None:
        return change.command
    first = _subject(change)
    return gettext(
        words, task=title(str(first.get("node_id", ""))), person=person(str(first.get("person", ""))),
        version=str(first.get("to", "")),
    )  # fmt: skip


def consequences(change: Change, title: Title) -> Iterator[str]:
    """What followed from it, one line each."""
    for event in change.events:
        words = EVENTS.get(event["event"])
        if words is not None:
            subject = title(str(event.get("node_id", "")))
            yield gettext(words, task=subject, condition=str(event.get("condition", "")))


def _subject(change: Change) -> Mapping[str, Any]:
    """The event that a change is about."""
    about = {"complete": "task_completed", "assign": "task_assigned", "claim": "task_assigned",
             "return": "task_returned", "migrate": "migrated"}  # fmt: skip
    wanted = about.get(change.command)
    return next((e for e in change.events if e["event"] == wanted), {})
