"""Extracts that come late, all at once, in reverse, or twice leave the raw zone that extracts in time leave."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path

import pytest

from ingest import load_partition
from orchestration.landed import is_waiting
from orchestration.settings import settings
from tests.conftest import REPO
from tests.end_to_end.conftest import Home
from tests.faults.steps import CONTACTS

DAYS = [date(2026, 3, 1) + timedelta(days=n) for n in range(9)]


def _land(home: Path, day: date) -> None:
    folder = home / "landing/crm/contacts" / str(day)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "contacts.csv").write_text("id,age\n" + "".join(f"{n},{day.day}\n" for n in range(9)) + "x,of no age\n")


def _load(home: Path, days: Sequence[date]) -> None:
    for day in days:
        load_partition(
            CONTACTS, day, landing=home / "landing", raw=home / "raw", quarantine=home / "quarantine", adapters=REPO
        )


@pytest.fixture
def in_time(tmp_path: Path) -> dict[str, str]:
    home = Home(tmp_path / "in time")
    for day in DAYS:
        _land(home.path, day)
        _load(home.path, [day])
    return home.bytes_of("raw", "quarantine")


@pytest.mark.parametrize(
    "batches",
    [
        pytest.param([DAYS[:4], [*DAYS[5:], DAYS[4]]], id="a day missing, then there"),
        pytest.param([DAYS[:1], DAYS[8:], DAYS[1:8]], id="a week missing, then there at once"),
        pytest.param([[day] for day in reversed(DAYS)], id="in reverse"),
        pytest.param([DAYS, DAYS], id="twice"),
        pytest.param([DAYS[:5], DAYS[3:], DAYS[:2]], id="some twice, and late"),
    ],
)
def test_whenever_extracts_come_what_is_loaded_is_the_same(
    tmp_path: Path, in_time: dict[str, str], batches: list[list[date]]
) -> None:
    home = Home(tmp_path / "home")
    for batch in batches:
        for day in batch:
            _land(home.path, day)
        # The whole batch is there before any of it is read; days that have not come are asked for as well.
        _load(home.path, [*batch, DAYS[0] - timedelta(days=1)])
    assert home.bytes_of("raw", "quarantine") == in_time


def test_what_was_missing_is_loaded_by_the_next_run_and_what_is_there_is_not_again(home: Path) -> None:
    for day in (DAYS[0], DAYS[2]):
        _land(home, day)
        _load(home, [day])
    for day in (DAYS[1], *DAYS[3:6]):
        _land(home, day)
    missing = [day for day in DAYS if is_waiting(settings(), CONTACTS, day)]
    assert missing == [DAYS[1], *DAYS[3:6]]
