"""Small random worlds for arbitration, many side by side: campaigns, people, shared addresses, what was sent."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from random import Random

# Berlin's and London's clocks go forward on 29 March 2026; in Shanghai quiet hours end at 00:00 UTC.
ZONES = [
    "Europe/Berlin", "Europe/London", "America/New_York", "America/St_Johns", "America/Sao_Paulo", "Asia/Kathmandu",
    "Asia/Tokyo", "Asia/Shanghai", "Australia/Lord_Howe", "Pacific/Kiritimati", "Pacific/Honolulu", "UTC",
]  # fmt: skip
COUNTRIES = {"DE": "Europe/Berlin", "US": "America/New_York", "JP": "Asia/Tokyo", "ZZ": "America/Sao_Paulo"}
CAPS = {3: 2, 6: 3}
QUIET = ("21:00", "08:00")
GLOBAL_HOLDOUT = 0.1
SUPPRESSIONS = ["unsubscribed", "hard_bounced", "complained", "role_address", "disposable_address", "erased"]
SEGMENTS = {"big": True, "small": False}


@dataclass(frozen=True)
class Campaign:
    """The policy of one campaign."""

    name: str
    priority: int
    message_class: str
    needs_profiling: bool
    cap_days: int | None
    holdout_share: float
    minimum_age: int | None
    send_delay: int
    send_at_local: str | None
    delays_others: bool = True
    is_on: bool = True

    @property
    def is_capped(self) -> bool:
        """Whether it is capped and competes."""
        return self.message_class == "marketing" and self.cap_days is not None


@dataclass(frozen=True)
class Person:
    """A customer as the marts know them."""

    id: str
    email: str | None
    birth_on: date | None
    time_zone: str | None
    country: str | None
    consent: str | None
    profiling: str | None
    suppressed: frozenset[str]


@dataclass(frozen=True)
class Occasion:
    """What a trigger or a journey has found."""

    status: str
    expires_at: datetime
    is_fulfilled: bool
    is_on: bool


@dataclass(frozen=True)
class Candidate:
    """Whom a campaign would write to about what; with `occasion` where a trigger found it."""

    campaign: str
    customer: str
    occasion_id: str
    segment: str | None
    has_content: bool | None
    value: Decimal | None
    occasion: Occasion | None = None

    @property
    def key(self) -> tuple[str, str, str]:
        """What a decision is about."""
        return self.campaign, self.customer, self.occasion_id


@dataclass(frozen=True)
class Send:
    """A message that the ledger holds."""

    day: date
    campaign: str
    customer: str
    occasion_id: str


@dataclass
class Day:
    """All that one run is told."""

    as_of: datetime
    campaigns: dict[str, Campaign]
    people: dict[str, Person]
    candidates: list[Candidate]
    ledger: list[Send] = field(default_factory=list)

    @property
    def date(self) -> date:
        """The day the run stands for."""
        return (self.as_of - timedelta(microseconds=1)).date()

    def with_late_campaign(self) -> Day:
        """The same day with one campaign more, behind all others, that would write to everybody."""
        late = Campaign("late", 1_000, "marketing", False, 1, 0, None, 0, None)
        more = [Candidate("late", person, "o", None, True, Decimal("999.00")) for person in self.people]
        return replace(self, campaigns={**self.campaigns, "late": late}, candidates=[*self.candidates, *more])


class Worlds:
    """Worlds told apart by their names' beginnings, over several days."""

    def __init__(self, seed: int, worlds: int, people: int) -> None:
        self._random = Random(seed)
        self._prefixes = [f"w{number}" for number in range(worlds)]
        self._campaigns = {c.name: c for prefix in self._prefixes for c in self._some_campaigns(prefix)}
        self._people = {
            p.id: p for prefix in self._prefixes for p in (self._person(prefix, n, people) for n in range(people))
        }
        self._candidates = [self._candidate(p) for p in self._people for _ in range(self._random.randint(1, 5))]

    def ledger(self, first: date) -> list[Send]:
        """What was sent before the first day, by campaigns that are gone as well."""
        sends = {}
        for person in self._random.sample(sorted(self._people), len(self._people) // 2):
            for _ in range(self._random.randint(1, 3)):
                prefix = person.split("-")[0]
                campaign = self._random.choice([*self._of(prefix), f"{prefix}-gone"])
                occasion = f"{person}:{self._random.randint(1, 3)}"
                day = first - timedelta(days=self._random.randint(1, 7))
                sends[campaign, person, occasion] = Send(day, campaign, person, occasion)
        return list(sends.values())

    def day(self, as_of: datetime, ledger: list[Send]) -> Day:
        """A day: most of what was there the day before, and something new."""
        self._campaigns = {name: self._switched(campaign) for name, campaign in self._campaigns.items()}
        self._people = {name: self._moved(person) for name, person in self._people.items()}
        self._candidates += [self._candidate(p) for p in self._people if self._random.random() < 0.3]
        known = {c.key: self._with_occasion(c, as_of) for c in self._candidates}
        return Day(as_of, dict(self._campaigns), dict(self._people), list(known.values()), list(ledger))

    def _of(self, prefix: str) -> list[str]:
        return [name for name in self._campaigns if name.startswith(f"{prefix}-")]

    def _some_campaigns(self, prefix: str) -> list[Campaign]:
        pick = self._random.choice
        return [
            Campaign(
                name=f"{prefix}-c{number}",
                priority=pick([1, 1, 2, 3]),
                message_class=pick(["marketing"] * 5 + ["transactional"]),
                needs_profiling=pick([True, False, False]),
                cap_days=pick([None, 1, 1, 1, 2, 3]),
                holdout_share=pick([0, 0, 0.2]),
                minimum_age=pick([None, None, 18]),
                send_delay=pick([0, 0, 45, 600]),
                send_at_local=pick([None, None, "09:00", "02:30", "01:45", "20:59", "22:15"]),
                delays_others=pick([True, True, False]),
            )
            for number in range(5)
        ]

    def _person(self, prefix: str, number: int, people: int) -> Person:
        pick = self._random.choice
        return Person(
            id=f"{prefix}-p{number}",
            email=self._address(prefix, number, people),
            birth_on=pick([None, date(1980, 5, 1), date(2008, 3, 29), date(2008, 3, 31), date(2015, 1, 1)]),
            time_zone=pick([None, "Mars/Olympus", *ZONES, *ZONES]),
            country=pick([None, "QQ", "DE", "US", "JP"]),
            consent=pick(["granted"] * 24 + ["withdrawn", "denied", "expired", "maybe", None]),
            profiling=pick(["granted"] * 3 + ["withdrawn", None]),
            suppressed=frozenset(name for name in SUPPRESSIONS if self._random.random() < 0.01),
        )

    def _address(self, prefix: str, number: int, people: int) -> str | None:
        if self._random.random() < 0.4:
            return f"house{number % (people // 5)}@{prefix}.example"
        return self._random.choice([f"p{number}@{prefix}.example"] * 18 + ["no address", None])

    def _candidate(self, person: str) -> Candidate:
        pick = self._random.choice
        prefix = person.split("-")[0]
        return Candidate(
            campaign=pick(self._of(prefix)),
            customer=person,
            occasion_id=f"{person}:{self._random.randint(1, 9)}",
            segment=pick([None] * 6 + ["big", "big", "small", "unlisted"]),
            has_content=pick([True] * 14 + [False, None]),
            value=pick([None, Decimal("9.99"), Decimal("10.00"), Decimal("10.00"), Decimal("250.00")]),
        )

    def _with_occasion(self, candidate: Candidate, as_of: datetime) -> Candidate:
        """Half of them come from a trigger; how its occasion stands is another thing each day."""
        if candidate.segment or int(candidate.occasion_id[-1]) % 2:
            return candidate
        status = self._random.choice(["due"] * 12 + ["pending", "cancelled", "expired"])
        is_fulfilled = status == "cancelled" or self._random.random() < 0.05
        expires_at = as_of + timedelta(hours=self._random.choice([1, 6, 8, 9, 12, 24, 72, 72, 72]))
        return replace(candidate, occasion=Occasion(status, expires_at, is_fulfilled, self._random.random() > 0.05))

    def _switched(self, campaign: Campaign) -> Campaign:
        return replace(campaign, is_on=self._random.random() > 0.05)

    def _moved(self, person: Person) -> Person:
        """Some share another's address from now on."""
        if self._random.random() > 0.03:
            return person
        prefix = person.id.split("-")[0]
        other = self._random.choice([p for p in self._people.values() if p.id.startswith(f"{prefix}-")])
        return replace(person, email=other.email)
