"""The daily run killed at many moments and started again leaves what a run that nobody disturbed leaves."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from random import Random

import pytest

from tests.conftest import REPO
from tests.end_to_end.conftest import Home
from tests.faults.whole import ensure_whole, sent, tables

DAYS = ("2026-01-03", "2026-01-04")
ZONES = ("raw", "quarantine", "history", "ledger", "outbox")
KILLS = 50


def _start(home: Home, moment: str, day: str) -> int:
    """Run a day in a process that dies at a moment; give how it ended."""
    environment = os.environ | {
        "POSTROOM_HOME": str(home.path),
        "POSTROOM_SETTLE_SECONDS": "0",
        "DAGSTER_HOME": str(REPO),
    }
    with (home.path / "said").open("w") as said:
        done = subprocess.run(
            [sys.executable, "-m", "tests.faults.killable", moment, "run", "--day", day, "--force"],
            cwd=REPO, env=environment, stdout=said, stderr=said, timeout=1800, check=False, start_new_session=True,
        )  # fmt: skip
    assert done.returncode in (0, -signal.SIGKILL), (home.path / "said").read_text()[-6000:]
    return done.returncode


@pytest.fixture(scope="module")
def landed(tmp_path_factory: pytest.TempPathFactory) -> Home:
    home = Home(tmp_path_factory.mktemp("landed") / "data")
    home.postroom("sample", "--people", "300", "--days", "4")
    return home


@pytest.fixture(scope="module")
def undisturbed(landed: Home, tmp_path_factory: pytest.TempPathFactory) -> tuple[Home, list[dict[str, float]]]:
    """A home in which two days ran in turn, each again when it was done; and how often that touched every zone and how
    many seconds its dbt took.
    """
    home = Home(tmp_path_factory.mktemp("undisturbed") / "data")
    shutil.copytree(landed.path, home.path)
    counts = []
    for day in DAYS:
        home.postroom("run", "--day", day)
        before = home.bytes_of(*ZONES)
        # The first time it touches more, which no run after a kill comes to.
        assert _start(home, f"count:{home.path / 'counted'}", day) == 0
        assert home.bytes_of(*ZONES) == before
        counts.append(json.loads((home.path / "counted").read_text()))
    return home, counts


def _moment(random: Random, counts: dict[str, float]) -> str:
    kind = random.choice([*counts, "orphan"])
    if kind in ("dbt", "orphan"):
        return f"{kind}:{random.uniform(0, counts['dbt']):.2f}"
    return f"{kind}:{random.randint(1, int(counts[kind]))}"


@pytest.mark.heavy
@pytest.mark.parametrize("seed", range(5))
def test_killed_and_started_again_a_run_leaves_the_same_files(
    landed: Home, undisturbed: tuple[Home, list[dict[str, float]]], tmp_path: Path, seed: int
) -> None:
    random, (expected, counts) = Random(seed), undisturbed
    home = Home(tmp_path / "data")
    shutil.copytree(landed.path, home.path)
    shutil.copytree(expected.path / "dbt", home.path / "dbt")
    for day, touched in zip(DAYS, counts, strict=True):
        killed = 0
        while killed < KILLS // 10:
            moment = _moment(random, touched)
            # What is in place is not always touched again: a run may be done before its moment comes.
            is_killed = _start(home, moment, day) != 0
            killed += is_killed
            print(f"{'killed at' if is_killed else 'done before'} {moment} of {day}", flush=True)
            ensure_whole(home.path)
        home.postroom("run", "--day", day)
    assert home.bytes_of(*ZONES) == expected.bytes_of(*ZONES)
    assert tables(home.path) == tables(expected.path)
    assert [path for path in home.path.rglob("*") if path.lstat().st_mode & 0o077] == [], "for others to read"
    messages = sent(home.path)
    assert messages and len(set(messages)) == len(messages)
