"""Which runs touch the live warehouse, and which are replays."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import duckdb
import pytest

from orchestration.settings import settings
from orchestration.site import last_live_day, site_for

YESTERDAY, TODAY, TOMORROW = date(2026, 1, 1), date(2026, 1, 2), date(2026, 1, 3)


def _publish(home: Path) -> None:
    path = home / "published/warehouse.duckdb"
    path.parent.mkdir(parents=True)
    with duckdb.connect(str(path)) as connection:
        connection.execute(
            "create schema published; create table published.run as select timestamp '2026-01-03' as as_of"
        )


def _log_sends(home: Path) -> None:
    log = home / "ledger/sends/as_of_date=2026-01-02/winback.parquet"
    log.parent.mkdir(parents=True)
    log.touch()


def test_before_anything_has_run_every_day_is_live(home: Path) -> None:
    assert last_live_day(settings()) is None
    assert site_for(YESTERDAY, settings()).is_live


@pytest.mark.parametrize("leave_a_trace", [_publish, _log_sends])
def test_the_last_live_day_and_later_ones_are_live_and_earlier_ones_are_replays(
    home: Path, leave_a_trace: object
) -> None:
    leave_a_trace(home)  # type: ignore[operator]
    assert [site_for(day, settings()).is_live for day in (YESTERDAY, TODAY, TOMORROW)] == [False, True, True]


def test_a_backfill_is_a_replay_whatever_its_day(home: Path) -> None:
    assert not site_for(TOMORROW, settings(), is_backfill=True).is_live


def test_a_replay_has_files_of_its_own_and_the_clock_of_its_day(home: Path) -> None:
    _log_sends(home)
    replay = site_for(YESTERDAY, settings())
    assert replay.warehouse == home / "replay/2026-01-01/warehouse.duckdb"
    assert replay.outbox("winback") == home / "replay/2026-01-01/outbox/winback/2026-01-01"
    assert str(replay.as_of) == "2026-01-02 00:00:00"
