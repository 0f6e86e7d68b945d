"""A service on loopback, a clock that only moves when waited for, and the delivery of an outbox to that service."""

from __future__ import annotations

import datetime as dt
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import orjson
import pytest

from delivery import Entry, Office, Row, deliver, look, read_outbox
from delivery.ledger import Ledger
from tests.delivery.faulty import Faulty, running
from tests.delivery.outboxes import AS_OF, CAMPAIGN, DAY, SECRET, ids, rules_for


@dataclass
class Clock:
    """Begins two hours after `AS_OF`, and passes as it is waited for: a wait takes no time."""

    start: dt.datetime = AS_OF + dt.timedelta(hours=2)
    passed: float = 0.0
    waits: list[float] = field(default_factory=list)
    # Time that passes by itself, for what has to wait for it.
    is_real: bool = False
    lock: threading.Lock = field(default_factory=threading.Lock)

    def utc(self) -> dt.datetime:
        return self.start + dt.timedelta(seconds=self.passed)

    def seconds(self) -> float:
        return time.monotonic() if self.is_real else self.passed

    def wait(self, seconds: float, stop: threading.Event) -> None:
        with self.lock:
            self.waits.append(seconds)
            self.passed += seconds


@dataclass
class Desk:
    """A home from which is delivered to `service`."""

    home: Path
    service: Faulty
    clock: Clock = field(default_factory=Clock)
    general: dict[str, Any] = field(default_factory=dict)
    changes: dict[str, Any] = field(default_factory=dict)
    keeps_words: bool = True
    secrets: dict[str, str | None] = field(default_factory=dict)
    logged: set[str] = field(default_factory=lambda: set(ids(2000)))

    def office(self) -> Office:
        return Office(
            rules=rules_for(self.home, self.service.url, general=self.general, **self.changes),
            ledger=self.home / "ledger",
            dead_letters=self.home / "dead_letters",
            secret=lambda name: self.secrets.get(name, SECRET),
            logged=lambda entry: self.logged,
            clock=self.clock,
            random=Random(7),
            keeps_words=self.keeps_words,
        )

    def entries(self) -> list[Entry]:
        return [entry for path in sorted(self.home.glob("outbox/*/*")) for entry in read_outbox(path)]

    def deliver(self, **asked: Any) -> dict[str, Row]:
        return {row.service: row for row in deliver(self.entries(), self.office(), **asked)}

    def look(self) -> dict[str, Row]:
        return {row.service: row for row in look(self.entries(), self.office())}

    def ledger(self, service: str) -> Ledger:
        return Ledger(self.home / "ledger", DAY, CAMPAIGN, service)

    def letters(self, service: str) -> list[dict[str, Any]]:
        path = self.home / "dead_letters" / CAMPAIGN / DAY.isoformat() / f"{service}.jsonl"
        return [orjson.loads(line) for line in path.read_bytes().splitlines()] if path.exists() else []


@pytest.fixture
def service() -> Iterator[Faulty]:
    with running() as server:
        yield server


@pytest.fixture
def desk(tmp_path: Path, service: Faulty) -> Desk:
    return Desk(tmp_path, service)
