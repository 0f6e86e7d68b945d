"""Time as whole milliseconds since 1970-01-01 UTC, and the ways in which vendors write it."""

from __future__ import annotations

from datetime import date, timedelta
from functools import lru_cache

SECOND = 1_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR

_EPOCH = date(1970, 1, 1)
_MINUTES = tuple(f"{hour:02d}:{minute:02d}" for hour in range(24) for minute in range(60))


def midnight(day: date) -> int:
    """The start of the day in milliseconds since the epoch."""
    return (day - _EPOCH).days * DAY


@lru_cache(maxsize=4_096)
def day_text(number: int) -> str:
    """The ISO date of a day given as whole days since the epoch."""
    return (_EPOCH + timedelta(days=number)).isoformat()


def iso(at: int) -> str:
    """ISO 8601 with milliseconds, `2026-01-05T10:11:12.345Z`, as HubSpot and Segment write it."""
    day, rest = divmod(at, DAY)
    minute, rest = divmod(rest, MINUTE)
    return f"{day_text(day)}T{_MINUTES[minute]}:{rest // SECOND:02d}.{rest % SECOND:03d}Z"


def shopify(at: int) -> str:
    """`2026-01-05 10:11:12 +0000`, as the Shopify export writes it."""
    day, rest = divmod(at, DAY)
    minute, rest = divmod(rest, MINUTE)
    return f"{day_text(day)} {_MINUTES[minute]}:{rest // SECOND:02d} +0000"
