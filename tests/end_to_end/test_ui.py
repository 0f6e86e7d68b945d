"""`postroom ui` as an operator uses it: the schedule and the sensor are on, a range backfills, a check can be read."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.conftest import REPO, heeds_signals
from tests.end_to_end.conftest import BIN, Home

if TYPE_CHECKING:
    from playwright.sync_api import Browser

LAUNCH = """mutation($p: LaunchBackfillParams!) { launchPartitionBackfill(backfillParams: $p) {
    __typename ... on LaunchBackfillSuccess { backfillId } } }"""
BACKFILL = """query($b: String!) { partitionBackfillOrError(backfillId: $b) { ... on PartitionBackfill {
    status runs(limit: 50) { status } } } }"""
AUTOMATION = """{ repositoriesOrError { ... on RepositoryConnection { nodes {
    schedules { name scheduleState { status } } sensors { name sensorState { status } } } } } }"""


class Ui:
    """The web server's own API, which its pages use."""

    def __init__(self, home: Home, port: int) -> None:
        self.home = home
        self.address = f"http://127.0.0.1:{port}"

    def ask(self, query: str, **variables: Any) -> Any:
        body = json.dumps({"query": query, "variables": variables}).encode()
        request = urllib.request.Request(f"{self.address}/graphql", body, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=60) as response:
            return json.load(response)["data"]

    def is_up(self) -> bool:
        try:
            return bool(self.ask(AUTOMATION)["repositoriesOrError"]["nodes"])
        except (OSError, KeyError):
            return False


@pytest.fixture(scope="module")
def ui(two_days: tuple[Home, dict[str, str]]) -> Iterator[Ui]:
    home, _ = two_days
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {**os.environ, "POSTROOM_HOME": str(home.path), "POSTROOM_SETTLE_SECONDS": "0"}
    command = [str(BIN / "postroom"), "ui", "--port", str(port)]
    with (home.path / "ui.log").open("w") as log:
        server = subprocess.Popen(
            command,
            cwd=REPO,
            env=environment,
            stdout=log,
            stderr=log,
            start_new_session=True,
            preexec_fn=heeds_signals,
        )
    ui = Ui(home, port)
    try:
        _wait(ui.is_up, 180, home.path / "ui.log")
        yield ui
    finally:
        server.terminate()
        server.wait(60)


def _wait(condition: Any, seconds: float, log: Path) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, log.read_text()[-4000:]
        time.sleep(1)


def test_the_schedule_and_the_sensors_are_on(ui: Ui) -> None:
    (repository,) = ui.ask(AUTOMATION)["repositoriesOrError"]["nodes"]
    states = {s["name"]: s["scheduleState"]["status"] for s in repository["schedules"]}
    states |= {s["name"]: s["sensorState"]["status"] for s in repository["sensors"]}
    on = {"daily": "RUNNING", "landed_extracts": "RUNNING", "alerts": "RUNNING"}
    assert states == {**on, "duplicates_weekly": "STOPPED", "pulse": "STOPPED"}


def test_the_daemon_alerts_once_what_is_late(ui: Ui) -> None:
    alerts = ui.home.path / "alerts.jsonl"
    _wait(alerts.exists, 180, ui.home.path / "ui.log")
    _wait(lambda: "stale_source/esp.events" in alerts.read_text(), 30, ui.home.path / "ui.log")
    ids = [json.loads(line)["id"] for line in alerts.read_text().splitlines()]
    assert len(ids) == len(set(ids))
    assert "missed_run/daily/2026-01-05" in ids


@pytest.mark.heavy
def test_a_range_backfills_as_replays_and_sends_nothing(ui: Ui) -> None:
    before = ui.home.bytes_of("ledger", "outbox", "published")
    nodes = ui.ask("{ assetNodes { assetKey { path } isPartitioned isMaterializable } }")["assetNodes"]
    paths = [n["assetKey"]["path"] for n in nodes if n["isMaterializable"] and n["isPartitioned"]]
    # Possible duplicates are looked for in what is published, by a job of their own.
    assets = [{"path": path} for path in paths if path[0] != "duplicates"]
    days = ["2026-01-03", "2026-01-04"]
    launched = ui.ask(LAUNCH, p={"assetSelection": assets, "partitionNames": days, "tags": []})
    backfill = launched["launchPartitionBackfill"]["backfillId"]

    def state() -> Any:
        return ui.ask(BACKFILL, b=backfill)["partitionBackfillOrError"]

    _wait(lambda: state()["status"] != "REQUESTED", 600, ui.home.path / "ui.log")
    assert state()["status"] == "COMPLETED_SUCCESS"
    assert [run["status"] for run in state()["runs"]] == ["SUCCESS", "SUCCESS"], "each day is one run"
    for day in days:
        assert (ui.home.path / f"replay/{day}/outbox/winback/{day}/manifest.json").exists()
        assert (ui.home.path / f"history/fct_rfm_scores/as_of_date={day}/part.parquet").exists()
    assert ui.home.bytes_of("ledger", "outbox", "published") == before


def test_a_check_s_result_can_be_read_in_the_browser(ui: Ui, browser: Browser) -> None:
    page = browser.new_page()
    page.goto(f"{ui.address}/assets/crm/contacts?view=checks")
    page.get_by_text("expect_column_values_to_match_regex").first.wait_for(timeout=60_000)
    page.goto(f"{ui.address}/assets/outbox/winback?view=checks")
    page.get_by_text("gate").first.wait_for(timeout=60_000)
