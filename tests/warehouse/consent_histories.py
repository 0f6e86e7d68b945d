"""Random histories of consent: what many people say, on paper and by what they do, over some extract days.

Facts are kept as the rules of consent see them, for the oracle (consent_oracle.py), and written as extracts, for the
project. What cannot be read in an extract is None in a fact.
"""

from __future__ import annotations

import csv
import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

FIRST_DAY = date(2026, 3, 1)
MIDNIGHT = datetime(2026, 3, 1)
SALT = "a salt"
SOURCES = ("signup_form", "checkout", "preference_centre", "import", "import", "spreadsheet", None)
PURPOSES = ("marketing_email",) * 12 + ("profiling",) * 6 + ("all", "*", None, "marketing_sms", "newsletter")
STATUSES = ("granted",) * 8 + ("denied", "withdrawn", "withdrawn", "expired", None)
GROUPS = (5, 6)


@dataclass(frozen=True)
class Statement:
    """A statement of consent; `term` is its expiry, datetime.min where that cannot be read."""

    day: int
    id: str | None
    contact: str | None
    email: str | None
    purpose: str | None
    status: str | None
    source: str | None
    at: datetime | None
    term: datetime | None = None


@dataclass(frozen=True)
class Event:
    """An event of the e-mail service."""

    day: int
    id: str | None
    email: str
    kind: str
    at: datetime | None
    bounce: str | None = None
    group: int | None = None


@dataclass(frozen=True)
class Contact:
    """A version of a contact in the CRM."""

    day: int
    id: str
    email: str
    at: datetime
    opted_out: bool | None
    merged: str = ""


@dataclass(frozen=True)
class Tombstone:
    """An identifier of a person who was erased."""

    day: int
    kind: str
    value: str


@dataclass
class Histories:
    """Everything that is known of `people` people after `days` days."""

    seed: int
    people: int
    days: int
    contacts: list[Contact] = field(default_factory=list)
    statements: list[Statement] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    tombstones: list[Tombstone] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._random = Random(self.seed)
        for number in range(self.people):
            self._live(number)

    def _live(self, number: int) -> None:
        random = self._random
        contact, email = f"k{number}", self._address(number)
        neighbour = f"k{number - 1}" if number else contact
        neighbours_email = self.contacts[-1].email if self.contacts else email
        fate = random.random()
        if fate < 0.08:  # one address in two contacts, which may be one person, and in a third later, which may not
            email = neighbours_email
            self._contact(contact, email, day=random.choice((0, 0, self.days - 1)))
        elif fate < 0.14:  # the CRM merges
            self._contact(contact, email)
            self.contacts.append(Contact(self._day(), contact, email, self._time(), None, merged=neighbour))
        elif fate < 0.24:  # another address, and perhaps the first again
            self._contact(contact, email)
            moved = replace(
                self.contacts[-1], day=1, email=f"moved{number}@home.example", at=MIDNIGHT + timedelta(days=1)
            )
            self.contacts.append(moved)
            if fate < 0.19:
                self.contacts.append(replace(moved, day=2, email=email, at=MIDNIGHT + timedelta(days=2)))
        else:
            self._contact(contact, email)
        self._talk(contact, (email, email, email, neighbours_email))
        if random.random() < 0.03:
            kind, value = random.choice((("email", email), ("crm_id", contact), ("phone", f"+49{number}")))
            self.tombstones.append(Tombstone(self._day(), kind, value))

    def _address(self, number: int) -> str:
        part = self._random.random()
        if part < 0.02:
            return f"info@shop{number}.example"
        if part < 0.04:
            return f"p{number}@{self._random.choice(('', 'mx.'))}mailinator.com"
        return f"p{number}@nowhere" if part < 0.06 else f"p{number}@home.example"

    def _contact(self, contact: str, email: str, day: int = 0) -> None:
        opted_out = self._random.choice((None, *[False] * 11, True))
        self.contacts.append(Contact(day, contact, email, MIDNIGHT - timedelta(days=300), opted_out))
        if self._random.random() < 0.2:
            self.contacts.append(Contact(self._day(), contact, email, self._time(), self._random.random() < 0.2))

    def _talk(self, contact: str, emails: tuple[str, ...]) -> None:
        random = self._random
        early = MIDNIGHT - timedelta(days=250)
        for purpose, share in (("marketing_email", 0.95), ("profiling", 0.7)):
            if random.random() < share:
                self._say(contact, emails[0], purpose, "granted", random.choice(SOURCES[:4]), early)
                self.statements[-1] = replace(self.statements[-1], day=0)
        for _ in range(random.choice((0, 0, 0, 1, 1, 2, 3))):
            source = random.choice(SOURCES)
            self._say(
                contact, random.choice(emails), random.choice(PURPOSES), random.choice(STATUSES), source, self._time()
            )
        for _ in range(random.choice((0, 0, 0, 0, 1, 1, 2))):
            self._react(random.choice(emails))

    def _say(
        self, contact: str, email: str, purpose: str | None, status: str | None, source: str | None, at: datetime
    ) -> None:
        random = self._random
        who = random.choice(((contact, None), (contact, email), (None, email)))
        term = random.choice((*[None] * 12, self._time(), self._time(), MIDNIGHT + timedelta(days=900), datetime.min))
        said = Statement(self._day(), f"s{len(self.statements)}", *who, purpose, status, source, at, term)
        if random.random() < 0.05:
            said = replace(said, id=None)
        if random.random() < 0.05:
            self.statements.append(replace(said, at=None))
            if random.random() < 0.5 or said.id is None:
                return
            said = replace(said, day=self._day())  # sent again, mended
        self.statements.append(said)

    def _react(self, email: str) -> None:
        random = self._random
        kind = random.choice(
            ("unsubscribe", "unsubscribe", "group_unsubscribe", "group_unsubscribe", "spamreport", "bounce", "open")
        )
        bounce = random.choice(("bounce", "blocked", None)) if kind == "bounce" else None
        group = random.choice((None, *GROUPS)) if "unsubscribe" in kind else None
        event = Event(self._day(), f"e{len(self.events)}", email, kind, self._time(), bounce, group)
        if random.random() < 0.05:
            event = replace(event, id=None)
        if random.random() < 0.05:
            self.events.append(replace(event, at=None))
            if random.random() < 0.5 or event.id is None:
                return
        self.events.append(event)
        if kind == "group_unsubscribe" and random.random() < 0.5:
            back = Event(self._day(), f"e{len(self.events)}", email, "group_resubscribe", self._time(), None, group)
            self.events.append(back)

    def _day(self) -> int:
        return self._random.randrange(self.days)

    def _time(self) -> datetime:
        """On a coarse grid, so that times tie; some lie in the days of the extracts, and some after them."""
        if self._random.random() < 0.3:
            return MIDNIGHT + timedelta(hours=12 * self._random.randrange(2 * self.days))
        return MIDNIGHT - timedelta(days=self._random.choice((1, 2, 10, 100, 240, 260)))

    def land(self, landing: Path, ledger: Path, day: int) -> None:
        """Write the extracts of a day and the tombstones made on it."""
        on = FIRST_DAY + timedelta(days=day)
        clock = iter(range(1_000_000))
        contacts = [
            {
                "id": c.id,
                "email": c.email,
                "lastmodifieddate": c.at.isoformat(),
                "hs_email_optout": {None: "", True: ("true", "who knows")[next(clock) % 50 == 0], False: "false"}[
                    c.opted_out
                ],
                "hs_merged_object_ids": c.merged,
            }
            for c in self.contacts
            if c.day == day
        ]
        consents = [
            {
                "consent_id": s.id,
                "customer_key": s.contact,
                "email": s.email and (s.email, s.email.upper() + " ")[next(clock) % 9 == 0],
                "purpose": s.purpose,
                "status": s.status,
                "source": s.source,
                "obtained_at": s.at.isoformat() if s.at else ("", "unknown", "2199-12-31T00:00:00")[next(clock) % 3],
                "expires_at": "some day" if s.term == datetime.min else s.term and s.term.isoformat(),
            }
            for s in self.statements
            if s.day == day
        ]
        events = [
            {
                "sg_event_id": e.id,
                "email": e.email,
                "event": e.kind,
                "timestamp": int(e.at.replace(tzinfo=UTC).timestamp())
                if e.at
                else (None, "now", 99999999999)[next(clock) % 3],
                "type": e.bounce,
                "asm_group_id": e.group,
            }
            for e in self.events
            if e.day == day
        ]
        _csv(landing / f"crm/contacts/{on}/contacts.csv", contacts)
        _csv(landing / f"crm/consents/{on}/consents.csv", consents)
        _jsonl(landing / f"esp/events/{on}/events.jsonl", events)
        if day == 0:
            self._land_shop(landing)
        tombstones = [t for t in self.tombstones if t.day == day]
        if tombstones:
            target = ledger / f"tombstones/as_of_date={on}/part.parquet"
            target.parent.mkdir(parents=True)
            rows = [
                {"identifier_type": t.kind, "digest": _digest(t), "salt": SALT, "erased_at": MIDNIGHT}
                for t in tombstones
            ]
            pq.write_table(pa.Table.from_pylist(rows), target)

    def _land_shop(self, landing: Path) -> None:
        """Everybody bought long ago, every second left a cart; a few others buy now, which makes products popular."""
        orders, lines, events = [], [], []
        for number in range(self.people + 30):
            contact, is_recent = f"k{number}", number >= self.people
            at = MIDNIGHT - timedelta(days=20 if is_recent else 300)
            orders.append({"id": f"o{number}", "customer_id": contact, "currency": "EUR", "created_at": at.isoformat()})
            for product in range(1, 6) if is_recent else (1,):
                line = {"id": f"l{number}-{product}", "order_id": f"o{number}", "product_id": f"p{product}"}
                lines.append(line | {"title": f"Product {product}", "quantity": 1, "price": 5})
            if number % 2 and not is_recent:
                when = (MIDNIGHT + timedelta(hours=20)).isoformat()
                call = {
                    "messageId": f"w{number}",
                    "type": "track",
                    "event": "Product Added",
                    "anonymousId": f"a{number}",
                }
                call |= {"userId": contact, "timestamp": when, "receivedAt": when}
                events.append(
                    call
                    | {"properties": {"cart_id": f"c{number}", "product_id": "p2", "quantity": 1, "currency": "EUR"}}
                )
        products = [
            {
                "id": f"p{n}",
                "title": f"Product {n}",
                "link": "https://x.example",
                "image_link": "https://x.example/i.png",
            }
            | {"availability": "in_stock", "price": f"{n}.00 EUR"}
            for n in range(1, 6)
        ]
        _csv(landing / f"shop/orders/{FIRST_DAY}/orders.csv", orders)
        _csv(landing / f"shop/order_lines/{FIRST_DAY}/order_lines.csv", lines)
        _csv(landing / f"shop/products/{FIRST_DAY}/products.csv", products)
        _jsonl(landing / f"web/events/{FIRST_DAY}/events.jsonl", events)


def _digest(tombstone: Tombstone) -> str:
    return hashlib.sha256(f"{SALT}:{tombstone.kind}:{tombstone.value}".encode()).hexdigest()


def _csv(path: Path, rows: list[dict[str, Any]]) -> None:
    path.parent.mkdir(parents=True)
    with path.open("w", newline="") as out:
        writer = csv.DictWriter(out, rows[0])
        writer.writeheader()
        writer.writerows(rows)


def _jsonl(path: Path, rows: Iterable[dict[str, Any]]) -> None:
    path.parent.mkdir(parents=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


def by_email(pairs: Iterable[tuple[str, str]]) -> dict[str, set[str]]:
    """The customers of each address."""
    readers = defaultdict(set)
    for email, customer in pairs:
        readers[email].add(customer)
    return readers
