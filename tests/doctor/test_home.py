"""Each check of the installation, the home and Dagster finds the real thing broken."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import pytest

from doctor import home as home_
from doctor import installation, runs
from doctor.finding import Level
from doctor.locks import holders
from orchestration.settings import settings
from tests.conftest import REPO
from tests.doctor.conftest import Sound, the_wrong, wrong

FAULT, WARNING = Level.FAULT, Level.WARNING
NOW = datetime(2026, 1, 6, 4, tzinfo=UTC)


def test_this_installation_is_the_lock_s() -> None:
    assert wrong(installation.packages()) == [] and wrong(installation.python()) == []


def test_a_package_of_another_version_or_none_is_found(tmp_path: Path) -> None:
    lock = tmp_path / "run.txt"
    lock.write_text(
        f"duckdb=={version('duckdb')} \\\n    --hash=sha256:00\nhttpx==0.0.1 \\\n    --hash=sha256:00\n"
        "no-such-thing==1 ; sys_platform == 'win32' \\\n    --hash=sha256:00\n"
        "no-such-other==2 \\\n    --hash=sha256:00\n"
    )
    found = the_wrong(installation.packages(lock))
    assert found.found == (
        f"2 packages are not those of the lock: httpx is {version('httpx')}, pinned ==0.0.1; no-such-other is missing, "
        "pinned ==2."
    )


def test_services_that_do_not_load_are_found_by_line(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "services.yml"
    path.write_text((REPO / "delivery/services.yml").read_text().replace("enabled: false", "enabled: maybe"))
    assert wrong(installation.services(settings())) == []
    monkeypatch.setenv("POSTROOM_SERVICES", str(path))
    settings.cache_clear()
    found = the_wrong(installation.services(settings()))
    assert f"{path}:6" in found.found


def test_a_key_that_everybody_knows_is_found(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert wrong(installation.key(settings())) == [(WARNING, "")]
    monkeypatch.setenv("POSTROOM_UNSUBSCRIBE_KEY", "k" * 32)
    settings.cache_clear()
    assert wrong(installation.key(settings())) == []


def test_a_zone_that_is_a_file_is_found(sound: Sound) -> None:
    assert wrong(home_.zones(sound.settings)) == []
    (sound.path / "dead_letters").touch()
    assert wrong(home_.zones(sound.settings)) == [(FAULT, "dead_letters")]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_zone_that_cannot_be_written_is_found(sound: Sound) -> None:
    (sound.path / "raw").chmod(0o500)
    assert wrong(home_.zones(sound.settings)) == [(FAULT, "raw")]


def test_a_zone_that_others_can_read_is_found(sound: Sound, monkeypatch: pytest.MonkeyPatch) -> None:
    (sound.path / "history").chmod(0o750)
    (sound.path / "landing").chmod(0o770)
    assert wrong(home_.zones(sound.settings)) == [], "the home is closed"
    sound.path.chmod(0o755)
    found = the_wrong(home_.zones(sound.settings))
    assert "can read history in" in found.found and "chmod" in found.mend
    monkeypatch.setenv("POSTROOM_UMASK", "027")
    settings.cache_clear()
    assert wrong(home_.zones(sound.settings)) == [], "the group is meant to"


def test_a_home_that_is_not_there_is_found(tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POSTROOM_HOME", str(tmp_path / "elsewhere"))
    settings.cache_clear()
    assert wrong(home_.zones(settings())) == [(WARNING, "")]


def test_a_disk_without_room_for_the_next_run_is_found(sound: Sound) -> None:
    assert wrong(home_.room(sound.settings)) == []
    before = home_.needed_bytes(sound.settings)
    # Files of which nothing is on the disk.
    with (sound.path / "warehouse.duckdb").open("r+b") as file:
        file.truncate(3_000_000_000)
    with (sound.path / "landing/esp/events/2026-01-05/extract.csv").open("r+b") as file:
        file.truncate(5_000_000)
    assert home_.needed_bytes(sound.settings) - before == pytest.approx(6_010_000_000, rel=0.01)
    with (sound.path / "warehouse.duckdb").open("r+b") as file:
        file.truncate(8_000_000_000_000)
    found = the_wrong(home_.room(sound.settings))
    assert found.level is FAULT and "a run may need 16,000" in found.found


def test_who_is_at_work_is_named_by_process(sound: Sound, at_work: int) -> None:
    (found,) = home_.locks(sound.settings)
    assert found.found == f"a run (process {at_work}); the warehouse is open in process {at_work}"


def test_nobody_at_work_is_said_too(sound: Sound) -> None:
    (sound.path / "terminal.lock").touch()
    (found,) = home_.locks(sound.settings)
    assert found.found == "nobody is at work" and holders(sound.path / "nowhere") == []


@pytest.mark.parametrize(
    "left",
    [
        "raw/.loading-abc/part.parquet",
        "ledger/sends/as_of_date=2026-01-05/.winback.parquet.tmp",
        "published/.warehouse.duckdb.tmp",
        "outbox/winback/.2026-01-05.partial/payloads.jsonl",
    ],
)
def test_what_a_dead_process_left_is_found_and_what_a_living_one_writes_is_not(sound: Sound, left: str) -> None:
    (sound.path / left).parent.mkdir(parents=True, exist_ok=True)
    (sound.path / left).touch()
    assert wrong(home_.leftovers(sound.settings, False)) == [(WARNING, "")]
    assert wrong(home_.leftovers(sound.settings, True)) == []


def test_a_process_at_work_is_seen_by_its_locks_or_by_dagster(sound: Sound, at_work: int) -> None:
    assert runs.is_at_work(None, sound.settings)
