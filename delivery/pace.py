"""When the next request may be made, and how long to wait after one that failed."""

import datetime as dt
from email.utils import parsedate_to_datetime
from random import Random
from threading import Event, Lock
from typing import Protocol


class Clock(Protocol):
    """The time, as it is handed in."""

    def utc(self) -> dt.datetime:
        """The time of day, with its zone, for what is compared with dates."""

    def seconds(self) -> float:
        """Seconds that pass evenly, since whenever."""

    def wait(self, seconds: float, stop: Event) -> None:
        """Returns after so many seconds, or earlier once `stop` is set."""


class Pace:
    """Turns for the requests of one service, whoever makes them: so many a second, and none before a time asked for."""

    def __init__(self, per_second: float, clock: Clock) -> None:
        self._interval = 1 / per_second
        self._clock = clock
        self._next = clock.seconds()
        self._lock = Lock()

    def turn(self, stop: Event) -> bool:
        """Waits for a turn and takes it; False if `stop` was set first."""
        while not stop.is_set():
            with self._lock:
                moment = self._clock.seconds()
                wait = self._next - moment
                if wait <= 0:
                    self._next = moment + self._interval
                    return True
            self._clock.wait(wait, stop)
        return False

    def hold(self, seconds: float) -> None:
        """No turn for so long: the service asked for it."""
        with self._lock:
            self._next = max(self._next, self._clock.seconds() + seconds)


def backoff(attempt: int, first: float, longest: float, random: Random) -> float:
    """Seconds before the attempt after number `attempt` (from 1): doubled each time, half of it by chance, so that
    several do not come back at once.
    """
    ceiling: float = min(longest, first * 2.0 ** min(attempt - 1, 30))
    return ceiling * (0.5 + random.random() / 2)


def retry_after(value: str | None, at: dt.datetime) -> float | None:
    """What a `Retry-After` header asks for, in seconds from `at`: it has seconds or a date (RFC 9110, 10.2.3)."""
    text = (value or "").strip()
    if text.isascii() and text.isdecimal():
        return float(text)
    try:
        date = parsedate_to_datetime(text)
    except ValueError:
        return None
    # A date without a zone is in UTC, as HTTP has all of them.
    date = date if date.tzinfo else date.replace(tzinfo=dt.UTC)
    return max(0.0, (date - at).total_seconds())
