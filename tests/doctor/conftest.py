"""A small home with something of everything in it, all of it sound, for tests to break."""

from __future__ import annotations

import csv
import hashlib
import json
import subprocess
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import duckdb
import pytest

from doctor.finding import Finding, Level
from engine import Vault
from orchestration.settings import Settings, settings

DAY = "2026-01-05"
# The day's run was due at two, and is over.
AT = datetime(2026, 1, 6, 4)


@dataclass
class Sound:
    """The home, and what is written into it."""

    path: Path
    vault: Vault = Vault()  # noqa: RUF009

    @property
    def settings(self) -> Settings:
        return settings()

    def parquet(self, name: str, rows: str) -> Path:
        """A file of the rows of a query."""
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with self.vault.connect() as connection:
            connection.execute(f"copy ({rows}) to '{path}' ({self.vault.parquet})")
        return path

    def load(self, table: str, day: str = DAY, rows: int = 10, quarantined: int = 0) -> Path:
        """A load of a table, with what landed for it."""
        landed = self.path / "landing" / table / day / "extract.csv"
        landed.parent.mkdir(parents=True, exist_ok=True)
        landed.write_text("id\n")
        query = f"select n as id, {quarantined}::bigint as quarantined_count from range({rows}) as t(n)"
        return self.parquet(f"raw/{table}/extract_date={day}/part.parquet", query)

    def log(self, campaign: str, ids: Iterable[str], day: str = DAY) -> Path:
        """A send log."""
        rows = " union all ".join(f"select '{each}' as message_id" for each in ids)
        return self.parquet(f"ledger/sends/as_of_date={day}/{campaign}.parquet", rows)

    def export(self, campaign: str, ids: Iterable[str], day: str = DAY) -> Path:
        """An outbox."""
        folder = self.path / "outbox" / campaign / day
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / "recipients.csv").open("w", newline="") as file:
            csv.writer(file).writerows([["message_id"], *([each] for each in ids)])
        content = (folder / "recipients.csv").read_bytes()
        entry = {"name": "recipients.csv", "bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
        (folder / "manifest.json").write_text(json.dumps({"files": [entry]}))
        return folder

    def publish(self, as_of: str = "2026-01-06") -> Path:
        """The warehouse, and its copy for readers."""
        for name in ("warehouse.duckdb", "published/warehouse.duckdb"):
            (self.path / name).parent.mkdir(parents=True, exist_ok=True)
            with duckdb.connect(str(self.path / name)) as connection:
                connection.execute(
                    f"create schema published; create table published.run as select timestamp '{as_of}' as as_of"
                )
        return self.path / "published/warehouse.duckdb"


@pytest.fixture
def sound(home: Path, monkeypatch: pytest.MonkeyPatch) -> Sound:
    sound = Sound(home)
    sound.load("esp/events")
    sound.load("crm/contacts")
    sound.parquet(f"history/fct_rfm_scores/as_of_date={DAY}/part.parquet", "select 1 as score")
    sound.log("winback", ["m1", "m2"])
    sound.export("winback", ["m1", "m2"])
    sound.publish()
    return sound


def wrong(findings: Iterable[Finding]) -> list[tuple[Level, str]]:
    """How bad each thing is that is wrong, and what it is about."""
    return [(f.level, f.subject) for f in findings if f.level is not Level.OK]


def the_wrong(findings: Iterable[Finding]) -> Finding:
    """The one thing that is wrong."""
    (found,) = (f for f in findings if f.level is not Level.OK)
    return found


HOLDS = """
import fcntl, sys, duckdb
home = sys.argv[1]
lock = open(f"{home}/terminal.lock", "w")
fcntl.flock(lock, fcntl.LOCK_EX)
warehouse = duckdb.connect(f"{home}/warehouse.duckdb")
print("held", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def at_work(sound: Sound) -> Iterator[int]:
    """The pid of a process that is at work in the home, as a run is."""
    command = [sys.executable, "-c", HOLDS, str(sound.path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin and process.stdout
        assert process.stdout.readline() == b"held\n"
        yield process.pid
        process.stdin.close()
