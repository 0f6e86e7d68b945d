"""The published copy can be read all through a run, by several processes, and is of one run always."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import duckdb

from orchestration.publish import publish
from orchestration.settings import settings
from orchestration.site import Site
from tests.faults.steps import DAY, PROJECT, build

RUNS = 12
HOW = ("hold", "open anew", "open anew")
# Reads until told to stop, by one connection or a new one each time; prints which versions it met.
READ = """
import sys, duckdb
from pathlib import Path
path, stop, holds = sys.argv[1], Path(sys.argv[2]), sys.argv[3] == "hold"
seen = set()
connection = duckdb.connect(path, read_only=True)
print("reading", flush=True)
while not stop.exists():
    if not holds:
        connection.close()
        connection = duckdb.connect(path, read_only=True)
    (row,) = connection.execute("select min(x), max(x), count(*) from fct_x").fetchall()
    assert row[0] == row[1] and row[2] == 50000, row
    seen.add(row[0])
print(*sorted(seen))
"""


def test_readers_see_one_whole_run_while_others_are_published(home: Path, tmp_path: Path) -> None:
    site, stop = Site(DAY, True, home), tmp_path / "stop"

    def run(version: int) -> None:
        build(site, f"select {version} as x from range(50000)")
        publish(site, PROJECT, settings())

    run(0)
    readers = [
        subprocess.Popen(
            [sys.executable, "-c", READ, str(site.published), str(stop), how], stdout=subprocess.PIPE, text=True
        )
        for how in HOW
    ]
    try:
        for reader in readers:
            assert reader.stdout and reader.stdout.readline() == "reading\n"
        for version in range(1, RUNS):
            run(version)
    finally:
        stop.touch()
        said = [reader.communicate(timeout=60)[0] for reader in readers]
    assert [reader.returncode for reader in readers] == [0] * len(HOW)
    held, *others = [line.split() for line in said]
    assert held == ["0"], "a connection that stays open sees what it saw"
    assert all(len(versions) > 1 for versions in others)
    with duckdb.connect(str(site.published), read_only=True) as connection:
        assert connection.execute("select max(x) from fct_x").fetchall() == [(RUNS - 1,)]
