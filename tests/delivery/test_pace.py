"""When a request may be made, and how long is waited after one."""

from __future__ import annotations

import datetime as dt
from random import Random
from threading import Event

import pytest

from delivery.pace import Pace, backoff, retry_after
from tests.delivery.conftest import Clock

AT = dt.datetime(2026, 3, 2, 12, tzinfo=dt.UTC)


def test_turns_come_so_many_a_second_and_none_before_a_time_asked_for() -> None:
    clock, stop = Clock(), Event()
    pace, times = Pace(4, clock), []
    for number in range(6):
        if number == 3:
            pace.hold(10)
        assert pace.turn(stop)
        times.append(clock.passed)
    assert times == pytest.approx([0, 0.25, 0.5, 10.5, 10.75, 11])


def test_who_stops_waits_for_no_turn() -> None:
    clock, stop = Clock(), Event()
    pace = Pace(1, clock)
    stop.set()
    assert not pace.turn(stop) and clock.passed == 0


def test_waits_double_up_to_the_longest_and_half_of_each_is_chance() -> None:
    waits = [[backoff(attempt, 2, 60, Random(seed)) for attempt in range(1, 9)] for seed in range(200)]
    for each in waits:
        for wait, ceiling in zip(each, (2, 4, 8, 16, 32, 60, 60, 60), strict=True):
            assert ceiling / 2 <= wait <= ceiling
    assert len({each[0] for each in waits}) == 200
    assert waits[7] == [backoff(attempt, 2, 60, Random(7)) for attempt in range(1, 9)]
    assert backoff(10_000, 2, 60, Random(1)) <= 60


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("120", 120),
        (" 0 ", 0),
        ("Mon, 02 Mar 2026 12:01:30 GMT", 90),
        ("Mon, 02 Mar 2026 12:01:30 -0000", 90),
        ("Mon, 02 Mar 2026 13:01:30 +0100", 90),
        ("Mon, 02 Mar 2026 11:00:00 GMT", 0),
        ("soon", None),
        ("-5", None),
        ("1.5", None),
        ("٣", None),
        ("", None),
        (None, None),
    ],
)
def test_a_service_may_name_seconds_or_a_date(value: str | None, seconds: float | None) -> None:
    assert retry_after(value, AT) == seconds
