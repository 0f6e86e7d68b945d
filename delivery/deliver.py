"""A delivery: everything checked, then service after service handed over, and all messages accounted for."""

import datetime as dt
from collections.abc import Callable, Iterable, Sequence, Set
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from delivery import dead_letters
from delivery.auth import check_secret
from delivery.handover import Handover, address, is_due
from delivery.ledger import Ledger
from delivery.outbox import Entry
from delivery.pace import Clock
from delivery.services import SERVICES
from delivery.terms import Rules, Terms

Told = Callable[[str, int], None]
_Part = tuple[Entry, Ledger]


@dataclass(frozen=True)
class Office:
    """What a delivery is given from outside.

    `ledger` and `dead_letters` are folders. `secret` gives that of a service; `logged` the ids that the send log has of
    a campaign and day. Without `keeps_words`, what services say is kept nowhere but for its status and code.
    """

    rules: Rules
    ledger: Path
    dead_letters: Path
    secret: Callable[[str], str | None]
    logged: Callable[[Entry], Set[str]]
    clock: Clock
    random: Random
    keeps_words: bool = True


@dataclass
class Row:
    """How the messages of one service stand. Each is one of accepted, dead, unknown and waiting."""

    service: str
    parts: int
    messages: int
    accepted: int = 0
    dead: int = 0
    unknown: int = 0
    waiting: int = 0
    retried: int = 0
    notes: list[str] = field(default_factory=list)
    is_stopped: bool = False

    @property
    def is_well(self) -> bool:
        """Whether there is nothing for a person to look at."""
        return not (self.dead or self.unknown or self.is_stopped)


def look(entries: Sequence[Entry], office: Office) -> list[Row]:
    """How the messages stand, and how many would be handed over now. Nothing is sent, and nothing written."""
    rows = []
    for name, parts in _by_service(entries, office).items():
        row = _row(name, parts, office)
        ready = _ready(name, parts, office)
        if ready:
            count = sum(entry.rows - _at_rest(entry, ledger, office.rules.services[name]) for entry, ledger in ready)
            row.notes.insert(0, f"{count:,} messages of {len(ready):,} parts would be handed over now")
        rows.append(row)
    return rows


def deliver(
    entries: Sequence[Entry], office: Office, *, resend_unknown: bool = False, retry_dead: bool = False,
    told: Told = lambda service, count: None,
) -> list[Row]:  # fmt: skip
    """Hands over what is due, and gives a row for each service. `told` hears how many messages came to rest.

    Raises DeliveryError before anything has left: a service has no url or secret, a file is not the one its manifest
    lists. Later: a file has changed meanwhile, or holds what is not in the send log.
    """
    by_service = _by_service(entries, office)
    for ledger in _ledgers(part for parts in by_service.values() for part in parts):
        if resend_unknown:
            ledger.release("unknown", office.clock.utc())
        if retry_dead:
            ledger.release("dead", office.clock.utc())
    ready = {name: _ready(name, parts, office) for name, parts in by_service.items()}
    secrets = {name: _checked(name, parts, office) for name, parts in ready.items() if parts}
    rows, is_interrupted = [], False
    for name, parts in by_service.items():
        handover = None
        try:
            if ready[name] and not is_interrupted:
                handover = _handover(name, secrets[name], office, told)
                handover.run(ready[name])
                is_interrupted = handover.is_interrupted
        finally:
            for ledger in _ledgers(parts):
                dead_letters.write(office.dead_letters, ledger)
        rows.append(_row(name, parts, office, handover))
    return rows


def _by_service(entries: Sequence[Entry], office: Office) -> dict[str, list[_Part]]:
    """The parts of each service, each with its ledger: one for all parts of a campaign and day."""
    ledgers: dict[tuple[dt.date, str, str], Ledger] = {}
    found: dict[str, list[_Part]] = {}
    for entry in entries:
        key = (entry.day, entry.campaign, entry.service)
        if key not in ledgers:
            ledgers[key] = Ledger(office.ledger, *key, keeps_words=office.keeps_words)
        found.setdefault(entry.service, []).append((entry, ledgers[key]))
    return found


def _ledgers(parts: Iterable[_Part]) -> list[Ledger]:
    return list({ledger.path: ledger for _, ledger in parts}.values())


def _ready(name: str, parts: Sequence[_Part], office: Office) -> list[_Part]:
    """The parts that may be handed over by now and have something left. Raises DeliveryError for a changed one."""
    terms = office.rules.services.get(name)
    if name not in SERVICES or terms is None:
        return []
    latest = office.clock.utc() + dt.timedelta(hours=terms.hours_ahead)
    ready = [
        (entry, ledger)
        for entry, ledger in parts
        if entry.send_at <= latest and _at_rest(entry, ledger, terms) < entry.rows
    ]
    for entry, _ in ready:
        entry.check()
    return ready


def _at_rest(entry: Entry, ledger: Ledger, terms: Terms) -> int:
    """How many messages of a part are known to be in no further request."""
    return sum(not is_due(ledger, message_id, terms) for message_id in ledger.parts.get(entry.sha256, ()))


def _checked(name: str, parts: Sequence[_Part], office: Office) -> str:
    """The secret of a service that has a url for each part. Raises DeliveryError."""
    terms = office.rules.services[name]
    for entry, _ in parts:
        address(terms, entry)
    return check_secret(name, terms.auth, office.secret(name))


def _handover(name: str, secret: str, office: Office, told: Told) -> Handover:
    return Handover(
        name, office.rules, secret, logged=office.logged, clock=office.clock, random=office.random,
        told=lambda count: told(name, count),
    )  # fmt: skip


def _row(name: str, parts: Sequence[_Part], office: Office, handover: Handover | None = None) -> Row:
    row = Row(name, len(parts), sum(entry.rows for entry, _ in parts))
    for entry, ledger in parts:
        known = ledger.parts.get(entry.sha256, set())
        row.waiting += entry.rows - len(known)
        for message_id in known:
            state = ledger.state(message_id)
            setattr(row, state, getattr(row, state) + 1)
    if handover:
        row.retried, row.is_stopped = handover.retried, bool(handover.why_stopped)
        row.notes += [f"{name} {handover.why_stopped}"] if handover.why_stopped else []
    row.notes += _notes(name, parts, office)
    return row


def _notes(name: str, parts: Sequence[_Part], office: Office) -> list[str]:
    """Why something waits, other than for the next delivery."""
    if name not in SERVICES:
        return [f"{name} fetches its file itself: docs/delivery.md says how"]
    terms = office.rules.services.get(name)
    if terms is None:
        return [f"{name} has no section in services.yml"]
    now = office.clock.utc()
    later = [entry.send_at for entry, _ in parts if entry.send_at > now + dt.timedelta(hours=terms.hours_ahead)]
    if not later:
        return []
    first = min(later) - dt.timedelta(hours=terms.hours_ahead)
    return [f"{len(later):,} parts wait for their time, the first until {first:%Y-%m-%d %H:%M} UTC"]
