"""Homes in which Postroom has really run, by the commands people type."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pytest
from filelock import FileLock

from tests.conftest import REPO

BIN = Path(sys.executable).parent


@dataclass(frozen=True)
class Home:
    """A POSTROOM_HOME and the commands run in it."""

    path: Path

    def run(self, *command: str, check: bool = True, **environment: str) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            command,
            cwd=REPO,
            env={
                **os.environ,
                "POSTROOM_HOME": str(self.path),
                "POSTROOM_SETTLE_SECONDS": "0",
                "COLUMNS": "200",
                **environment,
            },
            capture_output=True,
            text=True,
            timeout=1800,
            check=False,
        )
        if check and done.returncode:
            raise AssertionError(
                f"{command} exited with {done.returncode}\n{done.stdout[-6000:]}\n{done.stderr[-6000:]}"
            )
        return done

    def postroom(self, *arguments: str, check: bool = True, **environment: str) -> subprocess.CompletedProcess[str]:
        return self.run(str(BIN / "postroom"), *arguments, check=check, **environment)

    def dagster(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        storage = self.path / "dagster"
        return self.run(
            str(BIN / "dagster"),
            *arguments,
            check=check,
            DAGSTER_HOME=str(REPO),
            POSTROOM_DAGSTER_STORAGE=str(storage),
            POSTROOM_DAGSTER_LOGS=str(storage / "logs"),
        )

    def query(self, sql: str, published: Path | None = None) -> list[tuple[object, ...]]:
        warehouse = published or self.path / "published/warehouse.duckdb"
        with duckdb.connect(str(warehouse), read_only=True) as connection:
            return connection.execute(sql).fetchall()

    def bytes_of(self, *zones: str) -> dict[str, str]:
        """The hash of every file of the zones, by its path."""
        files = (f for zone in zones for f in (self.path / zone).rglob("*") if f.is_file())
        return {str(f.relative_to(self.path)): hashlib.sha256(f.read_bytes()).hexdigest() for f in sorted(files)}


@pytest.fixture(scope="session")
def sample_home(tmp_path_factory: pytest.TempPathFactory) -> tuple[Home, str]:
    """A home after the first `make run`, and what that printed."""
    home = Home(tmp_path_factory.mktemp("make_run") / "data")
    return home, home.run("make", "run").stdout


@pytest.fixture(scope="module")
def two_days(tmp_path_factory: pytest.TempPathFactory) -> tuple[Home, dict[str, str]]:
    """A home in which the daily job ran for two days in turn, and the outbox's hashes after the first.

    It is made once for all workers, and each module works on a copy of its own: some tests run more days in it, or
    have a run fail there.
    """
    made = _two_days_made(tmp_path_factory)
    home = Home(tmp_path_factory.mktemp("two_days") / "data")
    shutil.copytree(made / "data", home.path)
    return home, json.loads((made / "first.json").read_text())


@pytest.fixture(scope="module")
def one_day(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """The same home after the first of those days, 2026-01-04; the extracts of the next have landed."""
    home = Home(tmp_path_factory.mktemp("one_day") / "data")
    shutil.copytree(_two_days_made(tmp_path_factory) / "first", home.path)
    return home


def _two_days_made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    base = tmp_path_factory.getbasetemp()
    made = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "two_days_made"
    with FileLock(f"{made}.lock"):
        if not (made / "first.json").exists():
            home = Home(made / "data")
            home.postroom("sample", "--people", "1500", "--days", "5")
            home.postroom("run", "--day", "2026-01-04")
            first = home.bytes_of("outbox")
            shutil.copytree(home.path, made / "first")
            home.postroom("run")
            (made / "first.json").write_text(json.dumps(first))
    return made
