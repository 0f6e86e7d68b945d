"""Who the people are: names, addresses, devices, habits and households.

A person's life comes from a random source of its own, seeded by the world's seed and the person's index. A household
comes from the block of indexes that it lies in. So person i does not depend on how many people there are.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from random import Random
from typing import TypeVar

from samples import clock, phones, words
from samples.world import HABITS, HISTORY_DAYS, PASSER_BY, SHARES, Habit, World

Choice = TypeVar("Choice")

BLOCK = 6  # people among whom households form
_CONTACT_BASE = 50_000_000_000
_HABIT_BOUNDS = list(accumulate(habit.share for habit in HABITS))
_COUNTRY_BOUNDS = list(accumulate(country.share for country in words.COUNTRIES))


@dataclass(frozen=True)
class Household:
    """People at one address; a shared device or phone is None where everyone has their own."""

    key: str
    surname: str
    country: words.Country
    city: tuple[str, str, str]
    postal_code: str
    device_id: str | None
    phone: str | None


@dataclass(slots=True)
class Device:
    """A browser. `has_evidence` turns true once an extract ties it to its person."""

    anonymous_id: str
    is_shared: bool = False
    is_logged_in: bool = False
    has_evidence: bool = False


@dataclass(slots=True)
class Person:
    """One person.

    Attributes:
        emails: the primary e-mail with the moment from which it is, oldest first.
        more_emails: e-mails that the person has beside it all the time.
        contact_ids: in the CRM; empty for a guest, the first is the one that stays.
        joined_at: when the first contact was made; for a guest, never used.
        merged_at: when the second contact was merged into the first; None where it was not, or there is none.
        moved_at: when the person went to live in `next_city`; None for those who stay.
        opted_out_at: when the CRM's opt-out was set; None where it was not.
    """

    index: int
    key: str
    rng: Random
    habit: Habit
    household: Household | None
    gender: str
    first_name: str
    surname: str
    birth_on: str
    country: words.Country
    city: tuple[str, str, str]
    next_city: tuple[str, str, str]
    postal_code: str
    language: str
    favourite: int
    emails: list[tuple[int, str]]
    more_emails: list[str]
    phones: list[str]
    devices: list[Device]
    contact_ids: list[str] = field(default_factory=list)
    joined_at: int = 0
    merged_at: int | None = None
    moved_at: int | None = None
    opted_out_at: int | None = None
    has_crm_email: bool = True

    def email_at(self, at: int) -> str:
        """The primary e-mail at a moment."""
        if len(self.emails) == 1:
            return self.emails[0][1]
        return self.emails[max(0, bisect_right(self.emails, at, key=lambda since: since[0]) - 1)][1]

    @property
    def is_guest(self) -> bool:
        """Whether the CRM does not know the person."""
        return not self.contact_ids

    @property
    def all_emails(self) -> list[str]:
        """Every e-mail the person ever used."""
        return [email for _, email in self.emails] + self.more_emails


def make_person(world: World, index: int, household: Household | None) -> Person:
    """Person `index` of the world."""
    rng = Random(world.seed << 40 | index)
    chance = rng.random
    country = household.country if household else words.COUNTRIES[bisect_right(_COUNTRY_BOUNDS[:-1], chance())]
    city = household.city if household else pick(rng, country.cities)
    gender, first_name = _given_name(rng)
    surname = household.surname if household and chance() < 0.8 else make_surname(rng)
    person = Person(
        index=index,
        key=f"p{index:07d}",
        rng=rng,
        habit=HABITS[bisect_right(_HABIT_BOUNDS[:-1], chance())],
        household=household,
        gender=gender,
        first_name=first_name,
        surname=surname,
        birth_on="" if chance() < SHARES.unknown_birth else _birthday(rng, world),
        country=country,
        city=city,
        next_city=pick(rng, country.cities),
        postal_code=household.postal_code if household else make_postal_code(rng, country, city),
        language=country.language if chance() < 0.92 else "en",
        favourite=int(chance() * len(words.GOODS)),
        emails=[],
        more_emails=[],
        phones=_phones(rng, index, country, household),
        devices=_devices(rng, household),
    )
    if chance() < SHARES.guest:
        person.emails.append((0, _addresses(person)[0]))
    else:
        _give_emails(person, world)
        _enter_in_crm(person, world)
    return person


def make_visitor(person: Person) -> Person:
    """Somebody who comes by at the same index and never says who they are."""
    return Person(
        index=person.index,
        key=f"v{person.index:07d}",
        rng=person.rng,
        habit=PASSER_BY,
        household=None,
        gender="",
        first_name="",
        surname="",
        birth_on="",
        country=person.country,
        city=person.city,
        next_city=person.city,
        postal_code="",
        language=person.language,
        favourite=int(person.rng.random() * len(words.GOODS)),
        emails=[],
        more_emails=[],
        phones=[],
        devices=[Device(make_anonymous_id(person.rng))],
    )


def households_of(world: World, block: int) -> list[Household | None]:
    """The household of each of a block's people, None for those who live alone."""
    rng = Random(f"household/{world.seed}/{block}")
    homes: list[Household | None] = []
    while len(homes) < BLOCK:
        size = 2 + (rng.random() < 0.3)
        # Whoever starts a household brings the others along: hence the share of starts is under the share of members.
        if len(homes) + size <= BLOCK and rng.random() < SHARES.household / 2:
            homes += [_make_household(world, rng, block * BLOCK + len(homes))] * size
        else:
            homes.append(None)
    return homes


def make_surname(rng: Random) -> str:
    """An invented surname."""
    return pick(rng, words.SURNAME_STARTS) + pick(rng, words.SURNAME_ENDS)


def make_postal_code(rng: Random, country: words.Country, city: tuple[str, str, str]) -> str:
    """A code that begins like the city's."""
    code = f"{city[2]}{int(rng.random() * 10**country.postal_digits):0{country.postal_digits}d}"
    return f"{code}QX" if country.code in ("GB", "IE") else code


def make_anonymous_id(rng: Random) -> str:
    """A device id in the form of a version 4 UUID."""
    digits = f"{rng.getrandbits(128):032x}"
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-a{digits[17:20]}-{digits[20:]}"


def pick(rng: Random, choices: Sequence[Choice]) -> Choice:
    """One of the choices, all alike; a third of the cost of Random.choice."""
    return choices[int(rng.random() * len(choices))]


def _make_household(world: World, rng: Random, first: int) -> Household:
    country = words.COUNTRIES[bisect_right(_COUNTRY_BOUNDS[:-1], rng.random())]
    city = pick(rng, country.cities)
    return Household(
        key=f"h{first:07d}",
        surname=make_surname(rng),
        country=country,
        city=city,
        postal_code=make_postal_code(rng, country, city),
        device_id=make_anonymous_id(rng) if rng.random() < SHARES.household_device else None,
        phone=phones.number(country.code, 4 * first + 3) if rng.random() < SHARES.household_phone else None,
    )


def _given_name(rng: Random) -> tuple[str, str]:
    which = rng.random()
    if which < 0.52:
        return "female", pick(rng, words.FEMALE)
    if which < 0.97:
        return "male", pick(rng, words.MALE)
    return "other", pick(rng, words.NEUTRAL)


def _birthday(rng: Random, world: World) -> str:
    age = 18 + 70 * rng.random() ** 1.4
    return clock.day_text((world.first_ms // clock.DAY) - int(age * 365.25))


def _phones(rng: Random, index: int, country: words.Country, household: Household | None) -> list[str]:
    own = [
        phones.number(country.code, 4 * index + place)
        for place, share in enumerate((SHARES.phone, SHARES.second_phone))
        if rng.random() < share
    ]
    if household and household.phone:
        return [household.phone, *own[:1]]
    return own


def _devices(rng: Random, household: Household | None) -> list[Device]:
    count = 1 + (rng.random() < SHARES.second_device) + (rng.random() < SHARES.third_device)
    own = [Device(make_anonymous_id(rng)) for _ in range(count)]
    if household and household.device_id:
        return [Device(household.device_id, is_shared=True), *own[1:]]
    return own


def _addresses(person: Person) -> list[str]:
    """Three e-mails that nobody else in the world has."""
    first, last, mark = _ascii(person.first_name), person.surname.lower(), _base36(person.index)
    names = (f"{first}.{last}.{mark}", f"{first}{mark}", f"{last}-{mark}")
    return [f"{name}@{pick(person.rng, words.DOMAINS)}" for name in names]


def _give_emails(person: Person, world: World) -> None:
    rng = person.rng
    primary, *spare = _addresses(person)
    person.emails.append((0, primary))
    if rng.random() < SHARES.email_changed:
        since = world.first_ms + int(rng.random() * (world.end_ms - world.first_ms))
        person.emails.append((since, spare.pop()))
    if rng.random() < SHARES.second_email:
        person.more_emails.append(spare.pop(0))
    if spare and rng.random() < SHARES.third_email:
        person.more_emails.append(spare.pop())


def _enter_in_crm(person: Person, world: World) -> None:
    rng = person.rng
    span = world.end_ms - world.first_ms
    person.contact_ids.append(_contact_id(person.index, 0))
    is_new = person.habit.name == "new" or (person.habit.name == "never" and rng.random() < 0.15)
    person.joined_at = (
        world.first_ms + int(rng.random() * span)
        if is_new
        else world.first_ms - int((0.02 + 0.98 * rng.random()) * (HISTORY_DAYS + 90) * clock.DAY)
    )
    has_moved, has_opted_out = rng.random() < SHARES.moved, rng.random() < SHARES.opted_out_in_crm
    after_joining = max(person.joined_at, world.first_ms)
    if has_moved:
        person.moved_at = after_joining + int(rng.random() * (world.end_ms - after_joining))
    if has_opted_out:
        person.opted_out_at = person.joined_at + int(rng.random() * (world.end_ms - person.joined_at))
    person.has_crm_email = rng.random() >= SHARES.no_crm_email or not person.phones
    if not is_new and person.more_emails and person.has_crm_email:
        _maybe_duplicate(person, world)


def _maybe_duplicate(person: Person, world: World) -> None:
    """Some who have two e-mails are two contacts; the share is of all people, so it is larger among them."""
    rng = person.rng
    if rng.random() >= SHARES.duplicate_contact / SHARES.second_email:
        return
    person.contact_ids.append(_contact_id(person.index, 1))
    fate = rng.random()
    if fate < SHARES.merged_before:
        person.merged_at = person.joined_at + int(rng.random() * (world.first_ms - person.joined_at))
    elif fate < SHARES.merged_before + SHARES.merged_meanwhile:
        person.merged_at = world.first_ms + int((0.02 + 0.98 * rng.random()) * (world.end_ms - world.first_ms))


def _contact_id(index: int, place: int) -> str:
    return str(_CONTACT_BASE + 10 * index + place)


def _ascii(name: str) -> str:
    """The name as it goes into an address."""
    return name.lower().translate(str.maketrans("éèëïüöäôç", "eeeiuoaoc"))


def _base36(number: int) -> str:
    digits = ""
    while True:
        number, rest = divmod(number, 36)
        digits = "0123456789abcdefghijklmnopqrstuvwxyz"[rest] + digits
        if not number:
            return digits
