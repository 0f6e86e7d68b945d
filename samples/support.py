"""Whom support hears from: tickets and chats, as Zendesk exports them."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from samples import clock
from samples.people import Person, pick
from samples.tables import CHATS, TICKETS
from samples.words import QUESTIONS
from samples.world import SHARES, World
from samples.writers import JsonLines, Landing

_FIRST_TICKET = 30_000
_ASKS_AT_MOST = 2
# Zendesk closes by itself what has been solved for so long.
_CLOSED_AFTER = 4 * clock.DAY


@dataclass(frozen=True)
class Asker:
    """Who asks, as support gets to know them; an empty address is that of a caller."""

    person: Person
    email: str
    name: str
    is_known_address: bool


def ask(person: Person, world: World, landing: Landing, truth: JsonLines) -> None:
    """Let the person turn to support, if they are one of the few who do; nothing else of their life depends on it."""
    rng = Random(f"support/{world.seed}/{person.index}")
    if rng.random() >= SHARES.asks_support:
        return
    for number in range(1 + (rng.random() < 0.3)):
        at = world.first_ms + int(rng.random() * (world.end_ms - world.first_ms))
        if rng.random() < 0.4:
            _chat(person, number, at, rng, world, landing, truth)
        else:
            _write_in(person, number, at, rng, world, landing, truth)


def _asker(person: Person, at: int, rng: Random, *, may_call: bool) -> Asker:
    """Most write from the address that the shop has, some from one that nobody else ever saw, and callers from none."""
    chance = rng.random()
    if chance < 0.1 and may_call:
        return Asker(person, "", person.first_name, is_known_address=False)
    if chance < 0.25:
        return Asker(person, f"question-{person.index}@example.net", person.first_name, is_known_address=False)
    name = f"{person.first_name} {person.surname}"
    return Asker(person, person.email_at(at), name, is_known_address=True)


def _write_in(
    person: Person, number: int, at: int, rng: Random, world: World, landing: Landing, truth: JsonLines
) -> None:
    """A ticket, exported with each of its changes; some wait for an answer for good."""
    asker = _asker(person, at, rng, may_call=True)
    ticket_id = _FIRST_TICKET + person.index * _ASKS_AT_MOST + number
    channel = pick(rng, ("email", "email", "web", "api")) if asker.email else "voice"
    priority = pick(rng, ("low", "normal", "high", "urgent", None, None))
    question = pick(rng, QUESTIONS)
    moments = list(_moments(at, rng))
    known = {landing.day_of(TICKETS, when): (when, status) for when, status in moments if when < world.end_ms}
    solved_at = next((when for when, status in moments if status == "solved"), None)
    for when, status in known.values():
        is_solved = solved_at is not None and solved_at <= when
        landing.add(
            TICKETS,
            when,
            {
                "id": ticket_id,
                "created_at": clock.iso(at),
                "updated_at": clock.iso(when),
                "status": status,
                "priority": priority,
                "via": {"channel": channel},
                "requester": {"id": 900_000 + person.index, "name": asker.name, "email": asker.email or None},
                "subject": question,
                "description": f"Hello,\n{question}\nThank you, {person.first_name}",
                "metric_set": {"solved_at": clock.iso(solved_at) if is_solved and solved_at is not None else None},
            },
        )
    status = max((when, status) for when, status in moments if when < world.end_ms)[1]
    truth.add(_as_it_stands(f"ticket:{ticket_id}", asker, at, status, is_open=status not in ("solved", "closed")))


def _moments(at: int, rng: Random) -> list[tuple[int, str]]:
    """When the ticket came to stand how, oldest first."""
    moments = [(at, "new")]
    answered_at = at + clock.HOUR + int(rng.expovariate(1 / (20 * clock.HOUR)))
    if rng.random() < 0.9:
        moments.append((answered_at, pick(rng, ("open", "pending", "pending", "hold"))))
    if len(moments) > 1 and rng.random() < 0.75:
        solved_at = answered_at + clock.HOUR + int(rng.expovariate(1 / (2 * clock.DAY)))
        moments += [(solved_at, "solved"), (solved_at + _CLOSED_AFTER, "closed")]
    return moments


def _chat(person: Person, number: int, at: int, rng: Random, world: World, landing: Landing, truth: JsonLines) -> None:
    """A chat; some go on when the last day ends, and some nobody ever ends."""
    if rng.random() < 0.2:
        at = world.end_ms - clock.MINUTE - int(rng.random() * 20 * clock.MINUTE)
        ended_at = world.end_ms + clock.MINUTE
    else:
        ended_at = at + 2 * clock.MINUTE + int(rng.expovariate(1 / (9 * clock.MINUTE)))
    is_missed, is_left_open = rng.random() < 0.1, rng.random() < 0.1
    asker = _asker(person, at, rng, may_call=False)
    month = clock.iso(at)[2:7].replace("-", "")
    chat_id = f"{month}.{person.index * _ASKS_AT_MOST + number}.{rng.getrandbits(40):010x}"
    has_ended = not is_left_open and ended_at < world.end_ms
    landing.add(
        CHATS,
        at,
        {
            "id": chat_id,
            "type": "chat",
            "timestamp": clock.iso(at),
            "end_timestamp": clock.iso(ended_at) if has_ended else None,
            "missed": is_missed,
            "rating": pick(rng, ("good", "good", "bad", None)) if has_ended and not is_missed else None,
            "visitor": {"id": f"{person.index}.{rng.getrandbits(32):08x}", "name": asker.name, "email": asker.email},
        },
    )
    is_open = not has_ended and at > world.end_ms - clock.DAY
    status = "missed" if is_missed else "open" if is_open else "closed"
    truth.add(_as_it_stands(f"chat:{chat_id}", asker, at, status, is_open=is_open))


def _as_it_stands(ticket_id: str, asker: Asker, at: int, status: str, *, is_open: bool) -> dict[str, object]:
    return {
        "ticket_id": ticket_id,
        "person": asker.person.key,
        "email": asker.email or None,
        "is_known_address": asker.is_known_address,
        "opened_at": clock.iso(at),
        "status": status,
        "is_open": is_open,
    }
