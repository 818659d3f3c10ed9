"""Repeating timers: what they are, and events that happen by them.

Source: ISO 8601-1:2019, 5.6; BPMN 2.0.2, 10.5.5.12 (timer).
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.engine_runs import (
    NOW,
    Live,
    boundary,
    chain,
    cycle,
    element,
    end,
    event_sub_process,
    program,
    start,
    users,
)
from workflows import engine
from workflows.engine.cycles import Cycle
from workflows.engine.cycles import cycle as begun


def dues(text: str, count: int, now: datetime = NOW) -> list[datetime]:
    """The first occurrences, each looked at in time."""
    found = []
    at: Cycle | None = begun(text, now)
    while at is not None and len(found) < count:
        found.append(at.due)
        at = at.after(at.due)
    return found


def on(day: int, hour: int = 8, month: int = 3) -> datetime:
    return datetime(2027, month, day, hour, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("R3/PT1H", [on(1, 9), on(1, 10), on(1, 11)]),
        ("R2/2027-03-05T08:00:00Z/P1D", [on(5), on(6)]),
        ("R2/2027-03-05/P1D", [on(5, 0), on(6, 0)]),
        ("R1/P1D", [on(2)]),
        ("R2/P1M", [on(1, month=4), on(1, month=5)]),
    ],
)
def test_a_cycle_happens_so_many_times(text: str, expected: list[datetime]) -> None:
    assert dues(text, 9) == expected


@pytest.mark.parametrize("text", ["R/P1D", "R/2027-03-05/P1W"])
def test_a_cycle_without_a_number_has_no_end(text: str) -> None:
    assert len(dues(text, 50)) == 50


def test_months_are_counted_from_the_start_so_that_the_end_of_a_short_one_does_not_drift() -> None:
    last = datetime(2027, 1, 31, tzinfo=UTC)
    assert [each.day for each in dues("R4/P1M", 9, last)] == [28, 31, 30, 31]


def test_missed_occurrences_are_passed_over_and_used_up() -> None:
    following = begun("R5/PT1H", NOW).after(NOW + timedelta(hours=3, minutes=30))
    assert following is not None
    assert (following.due, following.number) == (NOW + timedelta(hours=4), 4)
    assert begun("R3/PT1H", NOW).after(NOW + timedelta(hours=9)) is None


@given(
    st.sampled_from(["PT1S", "PT7M", "P1D", "P1M", "P1Y", "P1M3DT2H"]),
    st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=20_000)),
)
def test_the_next_occurrence_is_the_first_that_lies_ahead(every: str, passed: timedelta) -> None:
    now = NOW + passed
    following = begun(f"R/{every}", NOW).after(now)
    assert following is not None
    assert following.due > now
    assert following.number == 2 or Cycle(NOW, every, following.number - 1, None).due <= now


def test_a_cycle_ends_with_the_time_that_can_be_told() -> None:
    assert begun("R/P4500Y", NOW).after(NOW + timedelta(days=1)) is None


@pytest.mark.parametrize(
    "text",
    ["R3", "R3/", "R/P", "R0/P1D", "R/PT0S", "R/soon/P1D", "R/P1D/P1D", "R3/P1D/2027-03-05", "R-1/P1D", "R9999999/P1D",
     "R/2027-02-30/P1D", "R/P9999Y"],
)  # fmt: skip
def test_what_is_no_cycle_is_refused_with_a_reason(text: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        begun(text, NOW)


@given(st.text(alphabet="RPTDHM/0123456789-:Z", max_size=14))
def test_any_text_is_a_cycle_or_not(text: str) -> None:
    try:
        at = begun(f"R{text}", NOW)
    except ValueError:
        return
    assert at.due.tzinfo is not None


# Events


def task_with(event: str) -> engine.Program:
    return program(start(), users("a", "b"), end(), chain("s", "a", "e"), event, chain("t", "b", "e"))


def repeating(text: str) -> engine.Program:
    return task_with(boundary("t", "a", cycle(text), interrupting=False))


def test_a_cycle_beside_an_activity_happens_each_time_until_the_activity_ends() -> None:
    live = Live(repeating("R/P1D"))
    for count in range(1, 4):
        assert live.wait(days=1).ready.count("b") == count
    live.complete("a")
    assert live.due is None
    assert live.wait(days=1).ready.count("b") == 3


def test_a_cycle_that_is_counted_ends() -> None:
    live = Live(repeating("R2/P1D")).wait(days=1).wait(days=1)
    assert (live.ready.count("b"), live.due) == (2, None)


def test_a_server_that_was_off_fires_a_cycle_once_and_goes_on_at_the_next_time() -> None:
    live = Live(repeating("R/P1D")).wait(days=10, hours=3)
    assert live.ready.count("b") == 1
    assert live.due == NOW + timedelta(days=11)


def test_a_cycle_that_interrupts_happens_once() -> None:
    live = Live(task_with(boundary("t", "a", cycle("R/P1D")))).wait(days=1)
    assert (live.ready, live.due) == (["b"], None)


def test_a_cycle_on_a_path_is_its_first_occurrence() -> None:
    made = program(
        start(),
        element("intermediateCatchEvent", "t", cycle("R3/PT2H")),
        users("a"),
        end(),
        chain("s", "t", "a", "e"),
    )
    live = Live(made).wait(hours=2)
    assert (live.ready, live.due) == (["a"], None)


def test_an_event_sub_process_runs_at_each_time_of_its_cycle() -> None:
    made = program(
        start(), users("a"), end(), chain("s", "a", "e"),
        event_sub_process("es", cycle("R/P1D"), "remind", interrupting=False),
    )  # fmt: skip
    live = Live(made).wait(days=1).wait(days=1)
    assert live.ready == ["a", "remind", "remind"]
    live.complete("remind").complete("remind")
    assert live.complete("a").status == "completed"


@pytest.mark.parametrize(("text", "ready"), [("R2/P1D", 2), ("P1D", 1)])
def test_a_cycle_may_come_from_the_data(text: str, ready: int) -> None:
    live = Live(repeating("again"), {"again": text})
    live.wait(days=1).wait(days=1).wait(days=1)
    assert live.ready.count("b") == ready


def test_a_cycle_that_begins_in_the_past_happens_at_once_and_then_at_its_next_time() -> None:
    live = Live(repeating("R/2027-02-01T10:00:00Z/P1D")).wait()
    assert live.ready.count("b") == 1
    assert live.due == on(1, 10)


@pytest.mark.parametrize("text", ["R0/P1D", "R/soon", "R/PT0S", "R3/P1D/P2D"])
def test_a_cycle_that_cannot_be_is_refused(text: str) -> None:
    with pytest.raises(engine.NotExecutable):
        repeating(text)


def test_a_timer_that_lies_in_the_diagram_needs_no_second_commit() -> None:
    live: Any = Live(repeating("R/P1D"))
    changes = live.instance.fire_timer(live.instance.timers[0].task_id, NOW + timedelta(days=1))
    assert not changes.pending
