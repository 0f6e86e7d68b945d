"""`postroom doctor` as it is typed: what it prints, its exit code, what it alerts, and that it writes nothing."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from doctor import examine, installation
from doctor.finding import Level
from orchestration import dbt_project
from orchestration.cli import app
from orchestration.settings import settings
from tests.conftest import REPO
from tests.delivery.faulty import Answer, Faulty, refused, running
from tests.doctor.conftest import Sound, the_wrong, wrong


def _doctor(*options: str) -> tuple[int, list[dict[str, str]]]:
    result = CliRunner().invoke(app, ["doctor", "--json", *options])
    return result.exit_code, json.loads(result.stdout)


def _wrong(findings: list[dict[str, str]]) -> list[tuple[str, str, str]]:
    return [(f["level"], f["check"], f["subject"]) for f in findings if f["level"] != "ok"]


def _bytes(home: Path) -> dict[str, str]:
    return {str(f): hashlib.sha256(f.read_bytes()).hexdigest() for f in sorted(home.rglob("*")) if f.is_file()}


@pytest.fixture
def parsed(sound: Sound, manifest: dict[str, Any]) -> Sound:
    """The sound home with the project parsed, of days long ago."""
    (sound.path / "dbt").mkdir()
    (sound.path / "dbt/manifest.json").write_text(json.dumps(manifest))
    return sound


LONG_AGO = [
    ("warning", "unsubscribe_key", ""),
    ("fault", "schedule", "daily"),
    ("fault", "freshness", "crm.contacts"),
    ("fault", "freshness", "esp.events"),
]


def test_a_sound_home_whose_days_are_long_past_is_late_and_no_more(parsed: Sound) -> None:
    before = _bytes(parsed.path)
    code, findings = _doctor()
    assert code == 1 and _wrong(findings) == LONG_AGO
    assert {f["check"] for f in findings} >= {"python", "packages", "dbt", "definitions", "room", "files", "send_log"}
    assert all(f["mend"] for f in findings if f["level"] != "ok")
    assert _bytes(parsed.path) == before, "it writes nothing"
    printed = CliRunner().invoke(app, ["doctor"]).stdout
    assert "fault   schedule        The last day that ran live is 2026-01-05" in printed
    assert "-> Keep Dagster's daemon up (make ui), or start the day: postroom run" in printed


def test_of_a_home_in_ruins_each_check_still_says_something(parsed: Sound) -> None:
    names = {f["check"] for f in _doctor()[1]}
    for path in [f for f in parsed.path.rglob("*") if f.is_file() and f.name != "manifest.json"]:
        path.write_bytes(b"\x00ruins\xff")
    (parsed.path / "dagster/history").mkdir()
    (parsed.path / "dagster/history/runs.db").write_bytes(b"ruins")
    for name in ("alerts.jsonl", "erasing.parquet", "deliver.lock"):
        (parsed.path / name).write_bytes(b"ruins")
    code, findings = _doctor()
    assert code == 1 and {f["check"] for f in findings} == names | {"dagster"}
    faults = {check for level, check, _ in _wrong(findings) if level == "fault"}
    assert faults >= {"dagster", "files", "schedule", "warehouse", "send_log", "outbox", "erasures", "quarantine"}


@pytest.fixture
def nowhere(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home that is not there yet."""
    monkeypatch.setenv("POSTROOM_HOME", str(tmp_path / "nowhere"))
    settings.cache_clear()
    return tmp_path / "nowhere"


def test_a_home_that_is_not_there_is_not_made_and_no_fault(nowhere: Path) -> None:
    code, findings = _doctor()
    assert code == 0 and _wrong(findings) == [("warning", "unsubscribe_key", ""), ("warning", "zones", "")]
    assert not nowhere.exists()
    assert "the project parses" in {f["found"] for f in findings}


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("POSTROOM_ENV", "production", "set POSTROOM_UNSUBSCRIBE_KEY"),
        ("POSTROOM_ENCRYPTION_KEY", "short", "POSTROOM_ENCRYPTION_KEY is too short"),
        ("POSTROOM_DAILY_AT", "noon", "POSTROOM_DAILY_AT is 'noon'"),
    ],
)
def test_a_setting_that_cannot_be_is_a_fault_like_others(
    nowhere: Path, monkeypatch: pytest.MonkeyPatch, variable: str, value: str, said: str
) -> None:
    monkeypatch.setenv(variable, value)
    settings.cache_clear()
    code, (finding,) = _doctor()
    assert code == 1 and (finding["check"], finding["level"]) == ("settings", "fault") and said in finding["found"]
    assert not nowhere.exists()


def test_a_project_that_does_not_parse_is_a_fault_and_the_rest_is_looked_at(
    sound: Sound, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "project").mkdir()
    for name in ("dbt_project.yml", "profiles.yml"):
        shutil.copyfile(REPO / name, tmp_path / "project" / name)
    with (tmp_path / "project/dbt_project.yml").open("a") as file:
        file.write("name: [\n")
    monkeypatch.setattr(dbt_project, "PROJECT", tmp_path / "project")
    code, findings = _doctor()
    assert code == 1 and ("fault", "dbt", "") in _wrong(findings)
    assert "send_log" in {f["check"] for f in findings}


def test_a_definition_that_is_not_sound_is_named(
    home: Path, manifest: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert wrong(installation.definitions(manifest)) == []
    for name in ("models", "macros", "seeds"):
        shutil.copytree(REPO / name, tmp_path / name)
    shutil.copyfile(REPO / "dbt_project.yml", tmp_path / "dbt_project.yml")
    (tmp_path / "models/marts/segments/seg_unsound.sql").write_text("select customer_id from {{ ref('nowhere') }}\n")
    monkeypatch.setattr(installation, "PROJECT", tmp_path)
    found = the_wrong(installation.definitions(manifest))
    assert found.level is Level.FAULT and "models/marts/segments/seg_unsound.sql:1: " in found.found


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Iterator[Faulty]:
    with running() as service:
        service.script = lambda received: Answer(200)
        monkeypatch.setenv("POSTROOM_ALERT_WEBHOOK", f"{service.url}/s3cret")
        yield service


def test_faults_are_alerted_once_and_resolved_once_mended(parsed: Sound, service: Faulty) -> None:
    broken = parsed.path / "outbox/winback/2026-01-05/recipients.csv"
    content = broken.read_bytes()
    broken.unlink()
    _doctor("--alert")
    _doctor("--alert")
    (received,) = service.received
    ids = [alert["id"] for alert in json.loads(received.body)["alerts"]]
    assert sorted(ids) == [
        "doctor/outbox, winback/2026-01-05",
        "missed_run/daily/2026-01-05",
        "stale_source/crm.contacts",
        "stale_source/esp.events",
    ]
    broken.write_bytes(content)
    _doctor("--alert")
    (_, second) = service.received
    assert [(a["id"], a["state"]) for a in json.loads(second.body)["alerts"]] == [
        ("doctor/outbox, winback/2026-01-05", "resolved")
    ]


def test_a_webhook_that_is_not_told_is_a_fault_and_its_address_is_nowhere(parsed: Sound, service: Faulty) -> None:
    service.script = lambda received: refused(404)
    code, findings = _doctor("--alert")
    assert code == 1 and findings[-1]["check"] == "alerts" and "it answers 404" in findings[-1]["found"]
    found = the_wrong(examine.alerts(settings()))
    assert found.level is Level.FAULT and "3 alerts could not be told" in found.found
    assert "s3cret" not in json.dumps(findings) + str(found) + (parsed.path / "alerts.jsonl").read_text()


def test_an_address_that_is_none_is_a_fault(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert wrong(examine.alerts(settings())) == []
    monkeypatch.setenv("POSTROOM_ALERT_WEBHOOK", "http://example.com/s3cret")
    found = the_wrong(examine.alerts(settings()))
    assert found.level is Level.FAULT and "https://" in found.found and "s3cret" not in str(found)
