"""The CRM's contacts: the full base on the first day, then whoever changed."""

from __future__ import annotations

from samples import clock, phones
from samples.people import Person, make_postal_code
from samples.tables import CONTACTS
from samples.world import World
from samples.writers import Landing

_GENDER_AS_GIVEN = {"female": ("Female", "F", "f"), "male": ("Male", "M", "m"), "other": ("Other", "x", "")}


class ContactCard:
    """One person's contacts as the CRM holds them."""

    def __init__(self, person: Person, first_order_at: int | None, world: World) -> None:
        rng = person.rng
        self._person = person
        self._world = world
        self._first_order_at = first_order_at
        self._phone = phones.as_typed(person.phones[0], rng) if person.phones else ""
        self._gender = _gender_as_given(person)
        self._country = person.country.name if rng.random() < 0.1 else person.country.code
        self._opt_out_known = rng.random() < 0.2
        self._next_postal_code = make_postal_code(rng, person.country, person.next_city)
        self._owner = 9001 + int(6 * rng.random())
        # The second contact came about later, by another e-mail.
        spread = max(0, min(world.first_ms, person.merged_at or world.first_ms) - person.joined_at)
        self._second_at = person.joined_at + int(rng.random() * spread)
        self._changes = self._moments()

    def write(self, landing: Landing) -> None:
        """Write the contact as it stands at the end of each day on which it changed."""
        latest = {self._world.day_of(at): at for at in self._changes if at < self._world.end_ms}
        for at in latest.values():
            landing.add(CONTACTS, at, self._row(at))
        person = self._person
        if len(person.contact_ids) > 1 and (person.merged_at is None or person.merged_at >= self._world.first_ms):
            landing.add(CONTACTS, self._second_at, self._second_row())

    def _moments(self) -> list[int]:
        """When the first contact changed, in order, its making included."""
        person = self._person
        if person.is_guest:
            return []
        made = person.joined_at
        later = [person.merged_at, person.moved_at, person.opted_out_at, self._first_order_at]
        later += [since for since, _ in person.emails[1:]]
        return [made, *sorted(at for at in later if at is not None and at > made)]

    def _row(self, at: int) -> tuple[object, ...]:
        person = self._person
        has_moved = person.moved_at is not None and person.moved_at <= at
        city = person.next_city if has_moved else person.city
        is_merged = person.merged_at is not None and person.merged_at <= at
        has_opted_out = person.opted_out_at is not None and person.opted_out_at <= at
        is_customer = self._first_order_at is not None and self._first_order_at <= at
        return (
            person.contact_ids[0],
            person.email_at(at) if person.has_crm_email else "",
            ";".join(self._additional_emails(at, is_merged=is_merged)),
            person.first_name,
            person.surname,
            self._phone,
            person.birth_on,
            self._gender,
            city[0],
            city[1],
            self._next_postal_code if has_moved else person.postal_code,
            self._country,
            person.language,
            person.country.timezone,
            "customer" if is_customer else "subscriber",
            "true" if has_opted_out else "false" if self._opt_out_known else "",
            person.contact_ids[1] if is_merged else "",
            clock.iso(person.joined_at),
            clock.iso(at),
            self._owner,
            "",
        )

    def _additional_emails(self, at: int, *, is_merged: bool) -> list[str]:
        """Old primary e-mails and the others; what the second contact holds comes along with the merge."""
        person = self._person
        old = [email for since, email in person.emails if since <= at and email != person.email_at(at)]
        own = person.more_emails[1:] if len(person.contact_ids) > 1 and not is_merged else person.more_emails
        return old + own if person.has_crm_email else []

    def _second_row(self) -> tuple[object, ...]:
        person = self._person
        return (
            person.contact_ids[1],
            person.more_emails[0],
            "",
            person.first_name,
            person.surname,
            person.phones[0] if person.phones else "",
            "",
            "",
            person.city[0],
            "",
            "",
            person.country.code,
            person.language,
            "",
            "lead",
            "",
            "",
            clock.iso(self._second_at),
            clock.iso(self._second_at),
            self._owner,
            "",
        )


def _gender_as_given(person: Person) -> str:
    chance = person.rng.random()
    if chance < 0.2:
        return ""
    if chance < 0.28:
        variants = _GENDER_AS_GIVEN[person.gender]
        return variants[int(len(variants) * person.rng.random())]
    return person.gender
