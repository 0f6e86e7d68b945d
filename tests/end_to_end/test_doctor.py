"""The doctor in a home in which Postroom has really run: it finds nothing that is not so, and changes nothing."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.end_to_end.conftest import Home

ZONES = ("landing", "raw", "quarantine", "history", "ledger", "outbox", "published", "warehouse.duckdb", "dbt")
# As a run does, for as long as the doctor looks.
HOLDS = "import duckdb, sys; c = duckdb.connect(sys.argv[1]); print('held', flush=True); sys.stdin.read()"


@pytest.fixture(scope="module")
def home(two_days: tuple[Home, dict[str, str]]) -> Home:
    return two_days[0]


def test_a_home_that_ran_lacks_nothing_but_new_days(home: Home) -> None:
    before = home.bytes_of(*ZONES)
    warehouse = str(home.path / "warehouse.duckdb")
    command = [sys.executable, "-c", HOLDS, warehouse]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as run:
        assert run.stdin and run.stdout and run.stdout.readline() == b"held\n"
        findings = json.loads(home.postroom("doctor", "--json", check=False).stdout)
        run.stdin.close()
    assert {f["check"] for f in findings if f["level"] == "fault"} == {"schedule", "freshness"}
    assert {f["check"] for f in findings if f["level"] == "warning"} <= {"unsubscribe_key", "zones", "quarantine"}
    assert f"process {run.pid}" in next(f["found"] for f in findings if f["check"] == "locks")
    assert home.bytes_of(*ZONES) == before


@pytest.mark.heavy
def test_a_run_that_fails_is_alerted_by_the_terminal_and_by_nobody_again(home: Home, tmp_path: Path) -> None:
    landed = home.path / "landing/crm/contacts/2026-01-05"
    kept = shutil.copytree(landed, tmp_path / "kept")
    for path in landed.iterdir():
        path.unlink()
    (landed / "contacts.csv").write_text("id,lastmodifieddate\n" + "poison.person@example.org,no date\n" * 50)
    assert home.postroom("run", check=False).returncode == 1

    def raised() -> list[str]:
        lines = (home.path / "alerts.jsonl").read_text().splitlines()
        return [f"{line['state']} {line['id']}" for line in map(json.loads, lines) if line["kind"] != "doctor"]

    assert raised() == ["raised quarantine_over_share/crm.contacts/2026-01-05"]
    assert b"poison" not in (home.path / "alerts.jsonl").read_bytes()
    home.postroom("doctor", "--alert", check=False)
    assert len([line for line in raised() if "quarantine" in line]) == 1
    shutil.rmtree(landed)
    shutil.copytree(kept, landed)
