"""Whatever a service does: no message is taken twice, and each is accounted for exactly once."""

from __future__ import annotations

import json
from pathlib import Path
from random import Random

import pytest

from delivery.ledger import Ledger
from tests.delivery.conftest import Clock, Desk
from tests.delivery.faulty import Answer, Faulty, Received, fine, refused, running
from tests.delivery.outboxes import CAMPAIGN, DAY, ids, messages, write

SERVICES = ("klaviyo_events", "listmonk", "postmark", "sendgrid")
COUNT = 14


def any_behaviour(random: Random) -> Answer | None:
    """What is done with a request; None is fine."""
    faults = [
        refused(500),
        refused(503),
        refused(429, Retry_After="0"),
        refused(429, Retry_After="900"),
        refused(400, b'{"message": "no"}'),
        refused(413),
        refused(401),
        Answer(cut="instead", is_taken=random.random() < 0.5),
        Answer(502, is_taken=random.random() < 0.5),
        Answer(202, b"{", cut="amid", is_taken=random.random() < 0.5),
        Answer(hangs=random.random() < 0.3, cut="instead"),
    ]
    return random.choice(faults) if random.random() < 0.4 else None


def in_part(received: Received, random: Random) -> Answer:
    """Postmark's answer, with some messages not taken."""
    codes = {message_id: random.choice([0, 0, 0, 406, 429]) for message_id in received.ids}
    body = [{"ErrorCode": code, "Message": ""} for code in codes.values()]
    return Answer(200, json.dumps(body).encode(), only=tuple(m for m, code in codes.items() if not code))


def misbehave(service: Faulty, random: Random) -> None:
    def script(received: Received) -> Answer:
        with service.lock:
            fault = any_behaviour(random)
            if fault is None and "postmark" in received.path:
                return in_part(received, random)
            return fault or fine(received)

    def hangs_up() -> bool:
        with service.lock:
            return random.random() < 0.03

    service.script, service.hangs_up = script, hangs_up


def check(desk: Desk, name: str) -> None:
    """Holds the ledger to what the service has taken."""
    ledger, is_same_twice = Ledger(desk.home / "ledger", DAY, CAMPAIGN, name), name == "klaviyo_events"
    taken = desk.service.taken_of(name)
    for message_id in ids(COUNT):
        state, count = ledger.state(message_id), taken[message_id]
        if is_same_twice:
            assert count >= (state == "accepted")
        else:
            allowed = {"accepted": {1}, "unknown": {0, 1}, "dead": {0}, "waiting": {0}}
            assert count in allowed[state], (name, message_id, state, count)
    letters = {letter["message_id"]: letter["state"] for letter in desk.letters(name)}
    assert letters == {m: s for m in ids(COUNT) if (s := ledger.state(m)) in ("dead", "unknown")}


def play(home: Path, seed: int) -> None:
    random = Random(seed)
    with running() as service:
        changes = {"timeout_seconds": 0.15, "concurrent": random.choice([1, 3]), "max_attempts": random.choice([2, 4])}
        desk = Desk(home, service, Clock(), {"longest_wait_seconds": 60}, changes)
        write(home, SERVICES, messages(COUNT), max_items=random.choice([1, 3, 20]))
        misbehave(service, random)
        for _ in range(60):
            rows = desk.deliver()
            for name, row in rows.items():
                assert row.accepted + row.dead + row.unknown + row.waiting == row.messages == COUNT
                assert row.is_well == (row.dead + row.unknown == 0 and not row.is_stopped)
                check(desk, name)
            if not any(row.waiting for row in rows.values()):
                break
        assert not any(row.waiting for row in rows.values())
        service.script, service.hangs_up = fine, lambda: False
        # What answers as it should may take its time to: a busy machine is no misbehaving service.
        desk.changes["timeout_seconds"] = 30
        before = {name: service.taken_of(name) for name in SERVICES}
        assert {row.messages - row.accepted for row in desk.deliver(resend_unknown=True, retry_dead=True).values()} == {
            0
        }
        for name in SERVICES:
            again = service.taken_of(name) - before[name]
            assert set(again.values()) <= {1}
            assert set(service.taken_of(name)) == set(ids(COUNT))


@pytest.mark.parametrize("seed", range(12))
def test_no_message_is_taken_twice_and_each_is_accounted_for(tmp_path: Path, seed: int) -> None:
    play(tmp_path, seed)


@pytest.mark.heavy
@pytest.mark.parametrize("seed", range(100, 300))
def test_no_message_is_taken_twice_in_many_worlds(tmp_path: Path, seed: int) -> None:
    play(tmp_path, seed)
