"""Days that ran live, replayed after late, corrected and erased data: the payloads are those that left then."""

from __future__ import annotations

import csv
import dataclasses
import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from ingest import Tombstones, load_partition, read_contracts
from orchestration.dbt_project import manifest
from orchestration.person_commands import _zones
from orchestration.settings import PROJECT, Settings, settings
from privacy import Erasure
from tests.conftest import REPO
from tests.end_to_end.conftest import BIN, Home
from tests.processes import children, is_alive

Bytes = dict[str, bytes]


def _here(home: Home) -> Settings:
    return dataclasses.replace(settings(), home=home.path)


def _load(home: Home, name: str, day: str) -> None:
    """Load what has landed, as the sensor for late extracts does."""
    here = _here(home)
    (contract,) = [c for c in read_contracts(manifest()) if c.name == name]
    report = load_partition(
        contract,
        date.fromisoformat(day),
        landing=here.landing,
        raw=here.raw,
        quarantine=here.quarantine,
        adapters=PROJECT / "adapters",
        tombstones=Tombstones.read(here.ledger, here.vault, PROJECT / "seeds"),
    )
    assert report.is_loaded


def _correct_lines(home: Home, day: str) -> None:
    """The shop sends a day's order lines again, with other names."""
    file = home.path / f"landing/shop/order_lines/{day}/order_lines.csv"
    with file.open(newline="") as lines:
        heading, *rows = csv.reader(lines)
    named = next(position for position, name in enumerate(heading) if name in ("title", "Lineitem name"))
    for row in rows:
        row[named] += " (corrected)"
    with file.open("w", newline="") as lines:
        csv.writer(lines).writerows([heading, *rows])
    _load(home, "shop.order_lines", day)


def _withdraw_late(home: Home, day: str, emails: list[str]) -> None:
    """An extract of consents of a day that has passed: these people had said no."""
    folder = home.path / f"landing/crm/consents/{day}"
    with (folder / "late.csv").open("w") as late:
        late.write("consent_id,email,purpose,status,source,obtained_at\n")
        late.writelines(
            f"late-{n},{email},marketing_email,withdrawn,preference_center,{day}T10:00:00Z\n"
            for n, email in enumerate(emails)
        )
    _load(home, "crm.consents", day)


def _sent(home: Home, day: str) -> dict[str, dict[str, Any]]:
    """The messages of a day in the live outbox, by id."""
    files = home.path.glob(f"outbox/*/{day}/payloads.jsonl")
    return {m["message_id"]: m for f in files for m in map(json.loads, f.read_text().splitlines())}


def _outbox(root: Path, day: str) -> Bytes:
    """Every file of a day's outbox but those of the sync, which tells of changes since it was last written."""
    found = [f for folder in root.glob(f"outbox/*/{day}") for f in folder.rglob("*") if f.is_file()]
    return {str(f.relative_to(root)): f.read_bytes() for f in found if "sync" not in f.parts}


def _who_never_bought(home: Home, *days: str) -> str:
    """The address of somebody who was written to on one of the days, and whose going leaves what is counted over
    everybody as it was.
    """
    quiet = home.query(
        "select customer_id from marts.dim_customers"
        " anti join marts.fct_orders using (customer_id) anti join marts.fct_web_events using (customer_id)"
        " anti join marts.fct_email_events using (customer_id)"
    )
    sent = [message for day in days for message in _sent(home, day).values()]
    return next(str(m["to"]["email"]) for m in sent if (m["customer_id"],) in quiet)


def _untouched(home: Home) -> dict[str, str]:
    return home.bytes_of("raw", "history", "ledger", "outbox", "published", "warehouse.duckdb")


def _until(condition: Callable[[], bool], process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + 600
    while not condition():
        assert process.poll() is None, "the replay ended by itself"
        assert time.monotonic() < end
        time.sleep(0.2)


@pytest.fixture(scope="module")
def past(two_days: tuple[Home, dict[str, str]]) -> tuple[Home, str]:
    """Two days that ran live, and what has come since; gives the address of whom was erased."""
    home, _ = two_days
    for day in ("2026-01-02", "2026-01-03", "2026-01-04"):
        _correct_lines(home, day)
    erased = _who_never_bought(home, "2026-01-04")
    _withdraw_late(home, "2026-01-03", [m["to"]["email"] for m in _sent(home, "2026-01-04").values()])
    erasure = Erasure.of(erased, _zones(_here(home)), None)
    published = shutil.copy(home.path / "published/warehouse.duckdb", home.path.parent / "published.duckdb")
    _, removed = erasure.remove(datetime(2026, 1, 6, tzinfo=UTC).replace(tzinfo=None))
    assert {r.zone for r in removed if r.rows} >= {"raw", "outbox", "history", "ledger"}
    # Instead of the rebuild that an erasure ends with.
    (home.path / "published").mkdir(exist_ok=True)
    shutil.copy(published, home.path / "published/warehouse.duckdb")
    return home, erased


def test_days_killed_halfway_are_replayed_to_the_byte_and_send_nothing(past: tuple[Home, str]) -> None:
    home, erased = past
    before = _untouched(home)
    days = ("2026-01-04", "2026-01-05")
    command = [str(BIN / "postroom"), "replay", "--from", days[0], "--to", days[1], "--jobs", "1"]
    environment = {**os.environ, "POSTROOM_HOME": str(home.path), "POSTROOM_SETTLE_SECONDS": "0"}
    with subprocess.Popen(command, cwd=REPO, env=environment, stdout=subprocess.DEVNULL) as process:
        first = home.path / "replay/2026-01-04/report.json"
        _until(lambda: first.exists() and (home.path / "replay/2026-01-05/dbt").exists(), process)
        workers = children(process.pid)
        process.send_signal(signal.SIGKILL)
    written = first.stat().st_mtime_ns
    end = time.monotonic() + 60
    while any(is_alive(worker) for worker in workers):
        assert time.monotonic() < end, "who started it has been killed, and it goes on"
        time.sleep(0.1)

    said = home.postroom(*command[1:]).stdout
    assert "2026-01-04  has been replayed on these inputs" in said
    assert first.stat().st_mtime_ns == written
    for day in days:
        live, replayed = _outbox(home.path, day), _outbox(home.path / "replay" / day, day)
        assert any(
            content for name, content in live.items() if name.endswith("order_thanks/" + day + "/payloads.jsonl")
        )
        assert replayed == live
        assert not any(erased.encode() in content for content in replayed.values())
    assert _untouched(home) == before
    left = {p.name for p in (home.path / "replay/2026-01-04").iterdir()}
    assert left == {"outbox", "report.json", ".lock"}

    report = home.postroom("replay", "--date", "2026-01-04", "--campaign", "order_thanks", "--report").stdout
    report = " ".join(report.split())
    count = len((home.path / "outbox/order_thanks/2026-01-04/payloads.jsonl").read_text().splitlines())
    assert f" {count} what its live run read" in report
    assert "…@example." in report
    assert "not known yet" in report


def test_what_is_asked_for_wrongly_is_said(past: tuple[Home, str]) -> None:
    home, _ = past
    for arguments, message in (
        ((), "Say which day, --date"),
        (("--from", "2026-01-04"), "Say which day, --date"),
        (("--date", "2999-01-01"), "has not ended"),
        (("--date", "2026-01-04", "--campaign", "winbak"), "No campaign is called winbak; there are"),
    ):
        done = home.postroom("replay", *arguments, check=False)
        assert done.returncode
        assert message in " ".join((done.stdout + done.stderr).split())


def test_restated_history_has_what_is_known_today_and_stands_apart(past: tuple[Home, str]) -> None:
    home, _ = past
    before = _untouched(home)
    home.postroom("restate", "--from", "2026-01-04")
    assert _untouched(home) == before

    def rows(zone: str, day: str) -> list[Any]:
        path = home.path / zone / f"fct_rfm_scores/as_of_date={day}/part.parquet"
        return duckdb.sql(f"select * from read_parquet('{path}', hive_partitioning = false) order by all").fetchall()

    # The facts of the day published last are those of its run; on the day before, every order was a day younger.
    marts = home.query("select * exclude (as_of_date) from marts.fct_rfm_scores order by all")
    assert rows("restated", "2026-01-05") == marts
    assert [[*row[:2], row[2] + 1] for row in rows("restated", "2026-01-04")] == [[*row[:3]] for row in marts]
    sizes = home.path / "restated/fct_segment_sizes/as_of_date=2026-01-05/part.parquet"
    assert duckdb.sql(f"select segment, size from '{sizes}' order by all").fetchall() == home.query(
        "select segment, size from marts.fct_segment_sizes order by all"
    )


@pytest.mark.heavy
def test_ten_days_with_late_corrected_and_erased_data_replay_to_the_byte(tmp_path: Path) -> None:
    home = Home(tmp_path / "data")
    home.postroom("sample", "--people", "300", "--days", "11")
    days = [str(date(2026, 1, 2) + timedelta(days=n)) for n in range(10)]
    late = home.path / "landing/web/events/2026-01-05"
    late.rename(tmp_path / "late")
    for day in days:
        home.postroom("run", "--day", day)
        if day == "2026-01-06":
            (tmp_path / "late").rename(late)
            _load(home, "web.events", "2026-01-05")
        if day in ("2026-01-05", "2026-01-08"):
            _correct_lines(home, str(date.fromisoformat(day) - timedelta(days=1)))
            _correct_lines(home, day)
        if day == "2026-01-09":
            _withdraw_late(home, "2026-01-07", [m["to"]["email"] for m in _sent(home, "2026-01-08").values()])
    erased = _who_never_bought(home, *days)
    home.postroom("erase", erased, "--yes")
    before = _untouched(home)
    said = home.postroom("replay", "--from", days[0], "--to", days[-1]).stdout
    assert sum(f"{day}  " in said for day in days) == 10
    for day in days:
        live, replayed = _outbox(home.path, day), _outbox(home.path / "replay" / day, day)
        assert live
        assert replayed == live, day
        assert not any(erased.encode() in content for content in replayed.values())
    assert _untouched(home) == before
