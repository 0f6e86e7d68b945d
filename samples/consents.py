"""What people agreed to, and when they changed their minds."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from itertools import accumulate
from random import Random

from samples import clock
from samples.people import Person
from samples.tables import CONSENTS
from samples.world import World
from samples.writers import Landing

MARKETING = "marketing_email"
PROFILING = "profiling"
YEAR = 365 * clock.DAY


@dataclass(frozen=True)
class Story:
    """What people in the CRM state one after the other; `is_limited`: the consent is given for a time only."""

    share: float
    statements: tuple[tuple[str, str], ...]
    is_limited: bool = False


STORIES = (
    Story(0.60, (("granted", "signup_form"),)),
    Story(0.08, (("granted", "import"),)),
    Story(0.04, (("denied", "signup_form"), ("granted", "preference_centre"))),
    Story(0.07, (("denied", "checkout"),)),
    Story(0.05, (("granted", "signup_form"), ("withdrawn", "preference_centre"))),
    Story(0.03, (("granted", "signup_form"), ("withdrawn", "preference_centre"), ("granted", "preference_centre"))),
    Story(0.015, (("granted", "checkout"), ("withdrawn", "preference_centre"), ("granted", "import"))),
    Story(0.06, (("granted", "checkout"),), is_limited=True),
    Story(0.055, ()),
)
_STORY_BOUNDS = list(accumulate(story.share for story in STORIES))
_GUEST_GRANTS = 0.45


@dataclass(slots=True)
class Statement:
    """One statement of consent."""

    id: str
    contact_id: str
    email: str
    purpose: str
    status: str
    source: str
    at: int
    expires_at: int | None = None


@dataclass(frozen=True)
class Verdict:
    """Whether a purpose is allowed; `why` is the status, or what stands against it."""

    is_allowed: bool
    why: str
    statement: Statement | None = None


class ConsentFile:
    """One person's statements, oldest first."""

    def __init__(self, person: Person, known_since: int | None, world: World) -> None:
        self.statements: list[Statement] = []
        self._person = person
        self._world = world
        if known_since is not None:
            self._tell_story(known_since)

    def state(self, status: str, source: str, at: int, purpose: str = MARKETING, expires_at: int | None = None) -> None:
        """Add a statement; a contact who has opted out in the CRM states nothing any more."""
        person, rng = self._person, self._person.rng
        if person.opted_out_at is not None and at >= person.opted_out_at:
            return
        by = rng.random()
        number = len(self.statements)
        self.statements.append(
            Statement(
                id=f"cs{person.index:07d}-{number}",
                contact_id="" if person.is_guest or (person.has_crm_email and by < 0.15) else person.contact_ids[0],
                email="" if not person.is_guest and by > 0.85 else person.email_at(at),
                purpose=purpose,
                status=status,
                source=source,
                at=at,
                expires_at=expires_at,
            )
        )
        self.statements.sort(key=lambda statement: statement.at)

    def verdict(self, at: int, purpose: str = MARKETING) -> Verdict:
        """Whether the purpose is allowed at a moment.

        The latest statement holds until it expires; an import never turns a no into a yes; the CRM's opt-out is a no
        to marketing.
        """
        person = self._person
        current: Statement | None = None
        was_import_refused = False
        for statement in self.statements:
            if statement.purpose != purpose or statement.at > at:
                continue
            is_no = current is not None and current.status != "granted"
            was_import_refused = is_no and statement.status == "granted" and statement.source == "import"
            current = current if was_import_refused else statement
        if purpose == MARKETING and person.opted_out_at is not None and person.opted_out_at <= at:
            return Verdict(False, "opted_out_in_crm", current)
        if current is None:
            return Verdict(False, "unknown")
        if current.status != "granted":
            return Verdict(False, "import_after_no" if was_import_refused else current.status, current)
        if current.expires_at is not None and current.expires_at <= at:
            return Verdict(False, "expired", current)
        return Verdict(True, "granted", current)

    def renewed_at(self, at: int) -> int:
        """When the person last said yes to marketing themselves, as of a moment; -1 where they never did."""
        return max(
            (
                one.at
                for one in self.statements
                if (one.purpose, one.status) == (MARKETING, "granted") and one.source != "import" and one.at < at
            ),
            default=-1,
        )

    def write(self, landing: Landing) -> None:
        """Write each statement on its day."""
        for one in self.statements:
            proof = f"{one.source}-{one.id}" if one.source != "import" else ""
            landing.add(
                CONSENTS,
                one.at,
                (
                    one.id,
                    one.contact_id,
                    one.email,
                    one.purpose,
                    one.status,
                    one.source,
                    clock.iso(one.at),
                    "" if one.expires_at is None else clock.iso(one.expires_at),
                    proof,
                    "v2",
                ),
            )

    def _tell_story(self, since: int) -> None:
        person, rng, end = self._person, self._person.rng, self._world.end_ms
        if person.is_guest:
            if rng.random() < _GUEST_GRANTS:
                self.state("granted", "checkout", since)
            return
        story = STORIES[bisect_right(_STORY_BOUNDS[:-1], rng.random())]
        moments = _moments(rng, since, end, len(story.statements))
        for at, (status, source) in zip(moments, story.statements, strict=True):
            self.state(status, source, at, expires_at=self._expiry(at) if story.is_limited else None)
        if rng.random() < 0.6:
            self.state("granted" if rng.random() < 0.85 else "denied", "signup_form", since, PROFILING)

    def _expiry(self, at: int) -> int:
        """Some time before the last day ends, or a year or more after it."""
        rng, end = self._person.rng, self._world.end_ms
        if rng.random() < 0.5:
            return at + int((end - at) * (0.1 + 0.9 * rng.random()))
        return end + int((1 + rng.random()) * YEAR)


def _moments(rng: Random, since: int, end: int, count: int) -> list[int]:
    """The first statement is made on arrival, the others any time after."""
    later = sorted(since + 1 + int(rng.random() * (end - since - 1)) for _ in range(count - 1))
    return [since, *later][:count]
