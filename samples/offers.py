"""Codes that the shop makes for an offer, a batch at a time; some run out before anybody gets them."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

from samples import clock
from samples.world import World

OFFER = "winback_15"
PEOPLE_PER_CODE = 20
VALID_DAYS = 45
_LETTERS = "ABCDEFGHJKMNPQRSTVWXYZ23456789"


def batch(world: World, day: int) -> Iterator[tuple[object, ...]]:
    """The rows of an extract day's batch, in the order of tables.OFFER_CODES; a larger world's begins with these."""
    rng = Random(f"offers/{world.seed}/{day}")
    expires_at = clock.iso(world.first_ms + (day + VALID_DAYS) * clock.DAY)
    for _ in range(max(1, world.people // PEOPLE_PER_CODE)):
        yield f"BACK-{''.join(rng.choices(_LETTERS, k=8))}", OFFER, expires_at, f"batch {day}"
