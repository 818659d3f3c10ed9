"""Loads the demonstration into an installation that people then click through: some work done, some to do."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from server.actor import SYSTEM
from server.clock import SetClock
from server.demo import finance
from server.demo import story as chapters
from server.ids import Ids
from server.regions import service as regions
from server.runtime import Runtime, Tx

SEED = 46
DAYS_WORKED = 6
DAYS_FOR_PAYING = 12
"""Working days before and after the villages' work: the meeting, the advance, the batches and the statement."""


def is_loaded(runtime: Runtime) -> bool:
    """Whether the installation has any regions."""
    return bool(runtime.read(SYSTEM, _regions))


def _regions(tx: Tx) -> int:
    return len(regions.regions(tx))


def _start(now: datetime, days: int) -> datetime:
    """The morning from which `days` working days, and some for paying, end shortly before now."""
    start = now.replace(hour=7, minute=0, second=0, microsecond=0)
    back = days + DAYS_FOR_PAYING
    while back > 0:
        start -= timedelta(days=1)
        back -= start.weekday() < 5
    return start if start.year == now.year == chapters.START.year else chapters.START


def load(
    runtime: Runtime, say: Callable[[str], None], *, villages: int = 46, days: int = DAYS_WORKED
) -> None:
    """Tell the story's first chapters and stop in the middle of the work, with one batch paid.

    The story ends about now, so that what waits is not months late; outside the year in which the
    demonstration's prices are valid it keeps its own date.
    """
    clock = SetClock(_start(runtime.clock.now(), days))
    told = Runtime(runtime.engine, clock, Ids.seeded(SEED), runtime.files, runtime.settings)
    story = chapters.begin(told, clock, seed=SEED, villages=villages)
    say("people, places, items")
    story.version_id = chapters.publish(story, "1.0.0")
    chapters.publish_other(story)
    chapters.import_prices(story)
    chapters.fund(story)
    finance.register_organisations(story)
    finance.agree_on_approvers(story)
    finance.hold_a_meeting_twice(story)
    finance.advance_money(story)
    say("a first meeting held, an advance paid")
    chapters.plan(story)
    chapters.start(story)
    finance.set_reserves_aside(story)
    say(f"{len(story.instance_ids)} villages started")
    chapters.work_on(story, 4, lambda done, of: None, days=days)
    say(f"{days} days of work, {story.tally.accepted} deliveries accepted")
    chapters.pay_first(story)
    say("a first batch paid")
    finance.pay_the_meeting(story)
    finance.read_a_statement(story)
    finance.change_an_account(story)
    finance.claim_money_back(story)
    finance.owe_tax_and_overheads(story)
    finance.receive_contributions(story)
    chapters.leave_open(story)
    say("a statement read, tax and overheads owed, contributions received")
