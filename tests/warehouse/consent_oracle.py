"""The rules of consent in plain Python, told as a story in the order of time: what the models must come to."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from .consent_histories import Contact, Event, Histories, Statement

OWN = {"signup_form", "checkout", "preference_centre"}
LISTED = {
    "marketing_email", "marketing_sms", "marketing_phone", "marketing_post", "profiling", "analytics",
    "third_party_sharing",
}  # fmt: skip
# In the order of a moment: what is said at the same time as a no does not undo it.
YES, RESUBSCRIBE, NO, UNSUBSCRIBE, COMPLAIN = range(5)


@dataclass(frozen=True)
class Said:
    """One thing that counts for one customer and purpose; `at` is None where nobody knows when."""

    at: datetime | None
    what: int
    is_own: bool = False
    term: datetime | None = None
    place: tuple[str, int | None] | None = None


@dataclass(frozen=True)
class People:
    """Who is who on a day: the customer of each identifier, those who read each address, and each customer's own."""

    customer_of: Mapping[str, str]
    readers_of: Mapping[str, set[str]]
    address_of: Mapping[str, str | None]


class Oracle:
    """Whom the histories allow what, as of the midnight that ends `day`."""

    def __init__(self, histories: Histories, people: People, day: int, as_of: datetime) -> None:
        self._people = people
        self._as_of = as_of
        self._statements = [s for s in histories.statements if s.day <= day]
        self._events = [e for e in histories.events if e.day <= day]
        self._contacts = [c for c in histories.contacts if c.day <= day]
        self._said: dict[tuple[str, str], list[Said]] = {}
        for purpose in ("marketing_email", "profiling"):
            for customer, said in self._all_said(purpose):
                self._said.setdefault((customer, purpose), []).append(said)
        self._bounced = {e.email for e in self._events if e.kind == "bounce" and e.bounce != "blocked"}
        self._complained = {c for e in self._events if e.kind == "spamreport" for c in self._readers(e.email)}
        graves = {f"{t.kind}:{t.value}" for t in histories.tombstones if t.day <= day and t.kind != "phone"}
        self._erased = {people.customer_of[node] for node in graves if node in people.customer_of}

    def allows(self, customer: str, purpose: str) -> bool:
        """Whether the customer has said yes to the purpose and it still holds."""
        return self._why_not(customer, purpose) is None

    def why_no_mail(self, customer: str) -> str | None:
        """What stands against any marketing mail to the customer; None where nothing does."""
        address = self._people.address_of.get(customer)
        if customer in self._erased:
            return "erased"
        if why := self._why_not(customer, "marketing_email"):
            return why
        if address is None or not re.fullmatch(r"[a-z0-9]+@([a-z0-9]+\.)+[a-z]+", address):
            return "address"
        if address.startswith("info@"):
            return "role"
        if address.endswith("mailinator.com"):
            return "disposable"
        if customer in self._complained:
            return "complained"
        return "bounced" if address in self._bounced else None

    def _why_not(self, customer: str, purpose: str) -> str | None:
        said = self._said.get((customer, purpose), [])
        if any(one.at is None and one.what == NO for one in said):
            return "timeless no"
        has_refused = any(one.at is None for one in said)
        left: set[object] = {"for good"} if any(one.at is None and one.what == UNSUBSCRIBE for one in said) else set()
        yes: list[Said] = []
        dated = [(one.at, one) for one in said if one.at is not None]
        for moment in sorted({at for at, _ in dated}):
            now = [one for at, one in dated if at == moment]
            has_refused = has_refused or any(one.what in (NO, UNSUBSCRIBE, COMPLAIN) for one in now)
            new = [one for one in now if one.what == YES and moment < self._as_of and (one.is_own or not has_refused)]
            yes = new or yes
            if any(one.is_own for one in new):
                left &= {"for good"}
            if moment < self._as_of:
                left -= {one.place for one in now if one.what == RESUBSCRIBE}
            left |= {one.place for one in now if one.what == UNSUBSCRIBE}
            if any(one.what == NO for one in now):
                yes = []
        if not yes:
            return "refused" if has_refused else "unknown"
        if any(one.term is not None and one.term <= self._as_of for one in yes):
            return "expired"
        return "unsubscribed" if left else None

    def _all_said(self, purpose: str) -> Iterator[tuple[str, Said]]:
        for statement in self._statements:
            yield from self._from_statement(statement, purpose)
        if purpose == "marketing_email":
            for contact in self._contacts:
                if contact.opted_out:
                    yield from self._from_opt_out(contact)
            for event in self._events:
                yield from self._from_event(event)

    def _from_statement(self, said: Statement, purpose: str) -> Iterator[tuple[str, Said]]:
        node = f"crm_id:{said.contact}" if said.contact else f"email:{said.email}"
        speaker = self._people.customer_of.get(node)
        if said.status == "granted":
            if said.purpose == purpose and said.at is not None and speaker is not None:
                yield speaker, Said(said.at, YES, said.source in OWN, said.term)
        elif said.purpose == purpose or said.purpose not in LISTED:
            is_mended = said.at is None and any(s.id == said.id and s.at for s in self._statements if said.id)
            if not is_mended:
                for customer in {speaker, *self._readers(said.email)} - {None}:
                    yield str(customer), Said(said.at, NO)

    def _from_opt_out(self, contact: Contact) -> Iterator[tuple[str, Said]]:
        for customer in {self._people.customer_of[f"crm_id:{contact.id}"], *self._readers(contact.email)}:
            yield customer, Said(contact.at, NO)

    def _from_event(self, event: Event) -> Iterator[tuple[str, Said]]:
        if event.at is None and event.id and any(e.id == event.id and e.at for e in self._events):
            return
        place = (event.email, event.group if event.kind.startswith("group") else None)
        what = {
            "unsubscribe": UNSUBSCRIBE,
            "group_unsubscribe": UNSUBSCRIBE,
            "group_resubscribe": RESUBSCRIBE,
            "spamreport": COMPLAIN,
        }.get(event.kind)
        if what is None or (what == RESUBSCRIBE and (event.at is None or event.group is None)):
            return
        for customer in self._readers(event.email):
            yield customer, Said(event.at, what, place=place)

    def _readers(self, email: str | None) -> set[str]:
        return self._people.readers_of.get(email, set()) if email else set()
