from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pricing.calendars import EVERY_DAY, MONDAY_TO_FRIDAY, Calendar, Timeline

FRIDAY = date(2026, 11, 20)


def finish(calendar, starts, work, first=FRIDAY):
    return list(Timeline(calendar, first).finish(np.array(starts, dtype=float), np.array(work, dtype=float)))


def test_work_that_begins_on_a_friday_is_done_after_the_weekend():
    assert finish(Calendar(MONDAY_TO_FRIDAY), [0, 0, 0], [1, 2, 3]) == [1, 4, 5]


def test_work_that_could_begin_on_a_sunday_begins_on_monday():
    assert finish(Calendar(MONDAY_TO_FRIDAY), [2.0, 1.5], [0.5, 1]) == [3.5, 4]


def test_a_holiday_is_no_working_day():
    calendar = Calendar(MONDAY_TO_FRIDAY, frozenset({date(2026, 11, 24)}))
    assert finish(calendar, [0], [3]) == [6]


def test_parts_of_days_add_up_over_a_weekend():
    assert finish(Calendar(MONDAY_TO_FRIDAY), [0.5], [1]) == [3.5]


def test_no_work_takes_no_time():
    assert finish(Calendar(MONDAY_TO_FRIDAY), [1.25], [0]) == [1.25]


def test_work_that_goes_on_every_day_takes_its_days():
    assert finish(Calendar(), [0.5], [10]) == [10.5]
    assert finish(Calendar(EVERY_DAY, frozenset({date(2026, 11, 21)})), [0], [2]) == [3]


def test_a_calendar_without_working_days_is_refused():
    with pytest.raises(ValueError, match="weekdays"):
        Calendar(frozenset())
    with pytest.raises(ValueError, match="weekdays"):
        Calendar(frozenset({7}))


@given(
    st.sets(st.integers(0, 6), min_size=1),
    st.lists(st.tuples(st.integers(0, 400), st.integers(1, 300)), min_size=1, max_size=5),
)
def test_whole_days_are_those_counted_one_by_one(weekdays, work):
    calendar = Calendar(frozenset(weekdays), frozenset({date(2026, 12, 25)}))
    found = finish(calendar, [start for start, _ in work], [days for _, days in work])
    for (start, days), end in zip(work, found, strict=True):
        worked = [
            d
            for d in range(start, int(end) + 1)
            if calendar.works_on(date.fromordinal(FRIDAY.toordinal() + d))
        ]
        assert end == worked[days - 1] + 1
