"""A run of a terminal's that is killed does not keep the next one waiting for what it held."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import dagster as dg
from rich.console import Console

from orchestration.daily_run import execute
from tests.conftest import REPO

STARTED = "POSTROOM_TEST_STARTED"


@dg.op(pool="warehouse")
def build() -> None:
    """Says that it has begun and never ends, where it is to be killed."""
    if started := os.environ.get(STARTED):
        Path(started).touch()
        time.sleep(600)


@dg.job
def small() -> None:
    build()


def run(console: Console) -> bool:
    with dg.DagsterInstance.get() as instance:
        return execute(small, "A small job", console, instance=instance)


def _start(**environment: str) -> subprocess.Popen[bytes]:
    code = "import rich.console, tests.orchestration.test_killed_run as t; exit(not t.run(rich.console.Console()))"
    return subprocess.Popen(
        [sys.executable, "-c", code],
        cwd=REPO,
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )


def test_what_a_killed_run_held_is_freed(home: Path, tmp_path: Path) -> None:
    started = tmp_path / "started"
    killed = _start(**{STARTED: str(started)})
    while not started.exists():
        assert killed.poll() is None, "the run ended before it could be killed"
        time.sleep(0.1)
    killed.send_signal(signal.SIGKILL)
    killed.wait()
    following = _start()
    try:
        assert following.wait(timeout=120) == 0
    finally:
        following.kill()
    with dg.DagsterInstance.get() as instance:
        statuses = [r.status for r in instance.get_runs()]
    assert statuses == [dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE]


def test_two_at_once_run_one_after_the_other(home: Path) -> None:
    with (home / "terminal.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        second = _start()
        assert second.stdout
        said = b""
        while b"waiting until it is done" not in said:
            line = second.stdout.readline()
            assert line, "it ran beside the first"
            said += line
        assert second.poll() is None
    try:
        assert second.wait(timeout=120) == 0
    finally:
        second.kill()
