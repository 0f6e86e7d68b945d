"""Support is no identity evidence: what a ticket states may tie to nobody, and is personal data still."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from engine import Vault
from ingest import LoadReport, Tombstones, load_partition, read_contracts
from privacy import Erasure, Zones
from privacy.access import access
from tests.conftest import REPO

DAY = date(2026, 3, 1)
AT = datetime(2026, 3, 2, tzinfo=UTC)
MOMENT = "2026-03-01T10:00:00Z"


@pytest.fixture
def zones(tmp_path: Path, manifest: dict[str, Any]) -> Zones:
    names = ("landing", "raw", "quarantine", "history", "ledger")
    return Zones(
        home=tmp_path,
        adapters=REPO / "adapters",
        seeds=REPO / "seeds",
        contracts=[c for c in read_contracts(manifest) if c.source == "support"],
        state={},
        vault=Vault(),
        **{name: tmp_path / name for name in names},
    )


def _ask(zones: Zones, table: str, *emails: str) -> LoadReport:
    """Land and load a ticket or a chat from each address."""
    file = zones.landing / "support" / table / DAY.isoformat() / f"{table}.jsonl"
    file.parent.mkdir(parents=True, exist_ok=True)
    records = [
        {"id": number, "status": "open", "created_at": MOMENT, "updated_at": MOMENT, "requester": {"email": email}}
        if table == "tickets"
        else {"id": number, "timestamp": MOMENT, "visitor": {"email": email, "name": "Ann"}}
        for number, email in enumerate(emails)
    ]
    file.write_text("".join(f"{json.dumps(record)}\n" for record in records))
    (contract,) = (c for c in zones.contracts if c.table == table)
    stones = Tombstones.read(zones.ledger, zones.vault, zones.seeds)
    places = {"landing": zones.landing, "raw": zones.raw, "quarantine": zones.quarantine, "adapters": zones.adapters}
    return load_partition(contract, DAY, **places, tombstones=stones)


def _texts(zones: Zones) -> str:
    landed = [path.read_text() for path in zones.landing.rglob("*.jsonl")]
    with zones.memory() as connection:
        for path in zones.raw.rglob("*.parquet"):
            landed.append(repr(connection.execute(f"from {zones.parquet(path)}").fetchall()))
    return "\n".join(landed)


def test_they_are_shown_what_is_held_and_are_erased(zones: Zones) -> None:
    _ask(zones, "tickets", "ann@x.example", "bob@x.example")
    _ask(zones, "chats", "Ann@X.example", "bob@x.example")
    held = access("ann@x.example", zones)["records"]
    assert {table: len(rows) for table, rows in held.items()} == {"support.tickets": 1, "support.chats": 1}
    Erasure.of("ann@x.example", zones, None).remove(AT)
    assert "ann@x.example" not in _texts(zones).lower()
    assert _texts(zones).count("bob@x.example") == 4


def test_every_spelling_of_their_mailbox_goes_and_stays_away(zones: Zones) -> None:
    """Also at the first erasure of all."""
    spellings = ("ann.lind@gmail.com", "annlind+help@googlemail.com")
    _ask(zones, "tickets", *spellings, "ann.lind@x.example", "bobby@gmail.com")
    Erasure.of("annlind@gmail.com", zones, None).remove(AT)
    assert not [spelling for spelling in spellings if spelling in _texts(zones)]
    assert all(_texts(zones).count(other) == 2 for other in ("ann.lind@x.example", "bobby@gmail.com"))
    report = _ask(zones, "chats", "a.n.n.lind@gmail.com", "bobby@gmail.com")
    assert (report.rows, report.erased) == (1, 1)


def test_who_is_erased_by_one_spelling_does_not_come_back_by_another(zones: Zones) -> None:
    _ask(zones, "tickets", "ann.lind+help@gmail.com")
    Erasure.of("ann.lind+help@gmail.com", zones, None).remove(AT)
    assert _ask(zones, "chats", "annlind@gmail.com", "bobby@gmail.com").erased == 1
