"""What a world is made of: its size, its days, its seed, and the shares of everything in it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property

from samples import clock

HISTORY_DAYS = 730


@dataclass(frozen=True)
class World:
    """The arguments of a world.

    Attributes:
        people: how many people; person i is the same in every world that is at least so large.
        days: how many extract days.
        start: the first extract day; its extracts hold the backlog of all that was before.
        seed: another seed is another world.
    """

    people: int = 2000
    days: int = 60
    start: date = date(2026, 1, 1)
    seed: int = 7

    def __post_init__(self) -> None:
        """Refuse a size that cannot be.

        Raises:
            ValueError: people or days is under 1.
        """
        if self.people < 1 or self.days < 1:
            raise ValueError(f"people and days must be at least 1, not {self.people} and {self.days}")

    @cached_property
    def first_ms(self) -> int:
        """When the first extract day starts."""
        return clock.midnight(self.start)

    @cached_property
    def end_ms(self) -> int:
        """When the last extract day ends; nothing of this moment or later is in any extract."""
        return self.first_ms + self.days * clock.DAY

    def date_of(self, day: int) -> date:
        """The date of an extract day counted from 0."""
        return self.start + timedelta(days=day)

    def day_of(self, at: int) -> int:
        """The extract day, counted from 0, that brings what happened at `at`; the backlog comes on day 0."""
        return (at - self.first_ms) // clock.DAY if at > self.first_ms else 0


@dataclass(frozen=True)
class Shares:
    """How often each thing happens, as a share of those to whom it can happen."""

    guest: float = 0.08
    second_email: float = 0.22
    third_email: float = 0.05
    email_changed: float = 0.05
    no_crm_email: float = 0.015
    phone: float = 0.65
    second_phone: float = 0.12
    second_device: float = 0.45
    third_device: float = 0.12
    household: float = 0.18
    household_device: float = 0.5
    household_phone: float = 0.35
    duplicate_contact: float = 0.05
    merged_before: float = 0.25
    merged_meanwhile: float = 0.6
    moved: float = 0.03
    opted_out_in_crm: float = 0.025
    unknown_birth: float = 0.35
    visitor: float = 0.35
    placeholder_email: float = 0.003
    test_order: float = 0.004
    cancelled: float = 0.02
    pending_first: float = 0.05
    returned: float = 0.06
    guest_checkout: float = 0.12
    lost_order_event: float = 0.1
    no_cart_token: float = 0.08
    late: float = 0.004
    dirty: float = 0.005
    reads_article: float = 0.08
    asks_support: float = 0.015


SHARES = Shares()


@dataclass(frozen=True)
class Habit:
    """How somebody shops.

    Attributes:
        share: of all people.
        order_gap: mean days between orders.
        visit_gap: mean days between visits to the site.
        first: days before the last order (before the start for habits that go on) within which the first one falls.
        last: days before the end within which the last order falls; None: goes on to the end.
    """

    name: str
    share: float
    order_gap: float
    visit_gap: float
    first: tuple[int, int]
    last: tuple[int, int] | None = None


HABITS = (
    Habit("loyal", 0.13, 45, 7, (200, HISTORY_DAYS)),
    Habit("occasional", 0.24, 140, 14, (60, HISTORY_DAYS)),
    Habit("one_off", 0.17, 10_000, 30, (0, 1), (0, 600)),
    Habit("at_risk", 0.13, 45, 40, (180, 450), (95, 180)),
    Habit("lapsed", 0.14, 60, 60, (20, 200), (300, 600)),
    Habit("new", 0.06, 20, 7, (0, 1)),
    Habit("never", 0.13, 0, 18, (0, 1)),
)

PASSER_BY = Habit("passer_by", 0.0, 0, 90, (0, 1))
