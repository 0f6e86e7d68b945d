"""Each check of what is kept finds the real thing broken, and nothing in a sound home."""

from __future__ import annotations

import fcntl
import json
from datetime import date
from pathlib import Path

import pytest

from delivery.ledger import Ledger
from doctor import feeds, state
from doctor.finding import Finding, Level
from engine import Vault
from ingest import read_contracts
from orchestration.alerts import causes_of
from orchestration.printable import printable
from orchestration.settings import settings
from tests.doctor.conftest import AT, DAY, Sound, the_wrong, wrong

FAULT, WARNING = Level.FAULT, Level.WARNING


def _all(sound: Sound) -> list[Finding]:
    checks = (
        state.files, state.encryption, state.warehouse, state.send_log, state.outbox, state.deliveries, state.erasures,
    )  # fmt: skip
    return [finding for check in checks for finding in check(sound.settings)]


def test_nothing_is_wrong_with_a_sound_home(sound: Sound) -> None:
    assert wrong(_all(sound)) == []
    assert "2 messages, each once" in next(f.found for f in _all(sound) if f.check == "send_log")


def test_nothing_is_wrong_with_an_empty_one(home: Path) -> None:
    assert wrong(_all(Sound(home))) == []


@pytest.mark.parametrize("keep", [0, 3, 40, -1])
def test_a_parquet_file_cut_short_is_found_in_each_zone(sound: Sound, keep: int) -> None:
    names = [
        f"raw/esp/events/extract_date={DAY}/part.parquet",
        f"history/fct_rfm_scores/as_of_date={DAY}/part.parquet",
        f"ledger/sends/as_of_date={DAY}/winback.parquet",
    ]
    for name in names:
        path = sound.path / name
        path.write_bytes(path.read_bytes()[:keep])
    found = list(state.files(sound.settings))
    assert wrong(found) == [(FAULT, name) for name in sorted(names)]
    mends = {finding.subject.split("/")[0]: finding.mend for finding in found}
    assert "it is loaded from" in mends["raw"] and "backup" in mends["ledger"]


def test_a_parquet_file_with_a_footer_of_noise_is_found(sound: Sound) -> None:
    path = sound.log("winback", ["m1", "m2"])
    content = bytearray(path.read_bytes())
    length = int.from_bytes(content[-8:-4], "little")
    content[-8 - length : -8] = bytes(length)
    path.write_bytes(bytes(content))
    assert wrong(state.files(sound.settings)) == [(FAULT, f"ledger/sends/as_of_date={DAY}/winback.parquet")]


def test_many_broken_files_are_counted(sound: Sound) -> None:
    for number in range(7):
        sound.log(f"c{number}", ["m"]).write_bytes(b"PAR1")
    found = wrong(state.files(sound.settings))
    assert len(found) == 4 and found[-1] == (FAULT, "more")


def test_encrypted_and_plain_files_beside_each_other_are_found(sound: Sound, monkeypatch: pytest.MonkeyPatch) -> None:
    Sound(sound.path, Vault("k" * 32)).log("welcome", ["m9"])
    assert wrong(state.encryption(sound.settings)) == [(FAULT, "")]
    monkeypatch.setenv("POSTROOM_ENCRYPTION_KEY", "k" * 32)
    settings.cache_clear()
    found = the_wrong(state.encryption(sound.settings))
    assert found.level is FAULT and "postroom encrypt" in found.found and "kkkk" not in found.found


def test_an_encrypted_home_is_sound_and_with_another_key_it_is_not(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POSTROOM_ENCRYPTION_KEY", "k" * 32)
    settings.cache_clear()
    sound = Sound(home, Vault("k" * 32))
    path = sound.log("winback", ["m1"])
    sound.export("winback", ["m1"])
    assert wrong(_all(sound)) == []
    monkeypatch.setenv("POSTROOM_ENCRYPTION_KEY", "o" * 32)
    settings.cache_clear()
    assert wrong(state.encryption(sound.settings)) == [(FAULT, "")]
    path.write_bytes(path.read_bytes()[:-1])
    assert [level for level, _ in wrong(state.files(sound.settings))] == [FAULT], "seen without the key, too"


@pytest.mark.parametrize("name", ["warehouse.duckdb", "published/warehouse.duckdb"])
def test_a_warehouse_that_is_none_is_found(sound: Sound, name: str) -> None:
    (sound.path / name).write_bytes(b"not a database" * 1000)
    found = the_wrong(state.warehouse(sound.settings))
    assert found.level is FAULT and "Delete" in found.mend and str(sound.path / name) in found.mend


def test_a_message_that_was_logged_twice_is_found(sound: Sound) -> None:
    sound.log("welcome", ["m2"], "2026-01-04")
    assert wrong(state.send_log(sound.settings)) == [(FAULT, "twice")]


def test_an_outbox_that_the_send_log_does_not_know_is_found(sound: Sound) -> None:
    sound.export("winback", ["m1", "m2", "m3"])
    sound.export("welcome", ["m4"])
    found = list(state.send_log(sound.settings))
    assert wrong(found) == [(FAULT, f"welcome/{DAY}"), (FAULT, f"winback/{DAY}")]
    assert found[1].found.startswith("1 messages of ")


def test_a_message_that_never_came_to_the_outbox_is_found(sound: Sound) -> None:
    sound.export("winback", ["m1"])
    assert wrong(state.send_log(sound.settings)) == [(WARNING, f"winback/{DAY}")]


def test_a_pulse_s_outbox_is_held_to_its_own_log(sound: Sound) -> None:
    sound.export("winback", ["m3"], f"{DAY}T101500")
    assert wrong(state.send_log(sound.settings)) == [(FAULT, f"winback/{DAY}T101500")]
    sound.log("winback@101500", ["m3"])
    assert wrong(state.send_log(sound.settings)) == []


def test_a_day_whose_outbox_was_taken_away_is_no_loss(sound: Sound) -> None:
    sound.log("winback", ["m0"], "2026-01-01")
    assert wrong(state.send_log(sound.settings)) == []


def test_a_file_of_the_outbox_that_was_changed_is_found(sound: Sound) -> None:
    path = sound.path / "outbox/winback" / DAY / "recipients.csv"
    path.write_bytes(path.read_bytes().replace(b"m1", b"m9"))
    assert wrong(state.outbox(sound.settings)) == [(FAULT, f"winback/{DAY}")], "by its hash"
    sound.export("winback", ["m1", "m2"], "2026-01-06")
    assert wrong(state.outbox(sound.settings)) == [], "of the last day alone"
    path.write_bytes(path.read_bytes() + b"m8")
    assert wrong(state.outbox(sound.settings)) == [(FAULT, f"winback/{DAY}")], "by its size"
    path.unlink()
    assert wrong(state.outbox(sound.settings)) == [(FAULT, f"winback/{DAY}")]
    (path.parent / "manifest.json").write_text(json.dumps({"files": [{}]}))
    assert wrong(state.outbox(sound.settings)) == [(FAULT, f"winback/{DAY}")]


def test_a_request_without_an_outcome_is_found_unless_it_is_under_way(sound: Sound) -> None:
    ledger = Ledger(sound.path / "ledger", date.fromisoformat(DAY), "winback", "sendgrid")
    ledger.intend("sendgrid/part-0001.json", "hash", ["m1"], AT)
    assert wrong(state.deliveries(sound.settings)) == [(WARNING, "unknown")]
    assert [cause.id for cause in causes_of(list(state.deliveries(sound.settings)))] == ["doctor/deliveries, unknown"]
    with (sound.path / "deliver.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert wrong(state.deliveries(sound.settings)) == []
    ledger.path.write_bytes(b'{"intent"\n' + ledger.path.read_bytes())
    found = the_wrong(state.deliveries(sound.settings))
    assert f"{ledger.path}:1" in found.found


def test_an_erasure_that_was_broken_off_is_found(sound: Sound) -> None:
    sound.parquet("erasing.parquet", "select 1 as person")
    assert wrong(state.erasures(sound.settings)) == [(FAULT, "")]


def test_what_landed_and_was_not_loaded_is_found(sound: Sound, manifest: dict[str, object]) -> None:
    contracts = read_contracts(manifest)
    assert wrong(feeds.backlog(contracts, sound.settings, AT)) == []
    (sound.path / f"raw/esp/events/extract_date={DAY}/part.parquet").unlink()
    # A day that is not due yet, and one before the first.
    for day in ("2026-01-06", "2025-12-31"):
        (sound.path / f"landing/esp/events/{day}").mkdir()
        (sound.path / f"landing/esp/events/{day}/extract.csv").touch()
    found = the_wrong(feeds.backlog(contracts, sound.settings, AT))
    assert found.found == f"Landed and not loaded: esp.events {DAY}."


@pytest.mark.parametrize(
    "folder",
    ["crm/contact/2026-01-05", "crm/contacts/2026-1-5", "crm/contacts", "crm/contacts/2026-01-05/more", "\udcff"],
)
def test_what_landed_where_no_table_looks_for_it_is_found(
    sound: Sound, manifest: dict[str, object], folder: str
) -> None:
    contracts = read_contracts(manifest)
    for passed in ("crm/contact/.hidden/extract.csv", "crm/contact/2026-01-05/extract.csv.part", "crm/contact/_done"):
        path = sound.path / "landing" / passed
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    assert wrong(feeds.landing(contracts, sound.settings)) == []
    stray = sound.path / "landing" / folder / "extract.csv"
    stray.parent.mkdir(parents=True, exist_ok=True)
    stray.touch()
    found = the_wrong(feeds.landing(contracts, sound.settings))
    assert found.found == f"Files in landing/{printable(folder)} are looked for by no table."


def test_a_load_close_to_its_quarantine_limit_is_found(sound: Sound, manifest: dict[str, object]) -> None:
    contracts = read_contracts(manifest)
    sound.load("esp/events", rows=95, quarantined=5)
    assert wrong(feeds.quarantine(contracts, sound.settings)) == []
    sound.load("esp/events", rows=94, quarantined=6)
    assert wrong(feeds.quarantine(contracts, sound.settings)) == [(WARNING, "esp.events")]
    sound.load("esp/events", "2026-01-06")
    assert wrong(feeds.quarantine(contracts, sound.settings)) == [], "the last load counts"
