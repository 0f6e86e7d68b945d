"""Files that are damaged, gone or held by others, runs that meet, a clock set back: what is said, and what is done."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
from rich.console import Console
from typer.testing import CliRunner

from orchestration import daily_run
from orchestration.cli import app
from orchestration.damage import damaged_files
from orchestration.database import WarehouseBusyError, WarehouseDamagedError, is_whole, open_database
from orchestration.gate import GateClosedError, open_published
from orchestration.publish import publish
from orchestration.settings import settings
from orchestration.site import Site, last_live_day, site_for
from orchestration.warehouse import OvertakenError, prepare
from tests.faults.steps import PROJECT, build

DAY = date(2026, 3, 1)
DAMAGES = {
    "empty": lambda whole: b"",
    "cut off in its header": lambda whole: whole[:5000],
    "cut off": lambda whole: whole[: len(whole) // 2],
    "another file": lambda whole: b"not a warehouse" * 9999,
}


def _site(day: date = DAY) -> Site:
    return Site(day, True, settings().home)


@pytest.fixture
def published(home: Path) -> Site:
    """A home of which a day was built and published, with many rows."""
    site = _site()
    build(site, "select range as x from range(200000)")
    publish(site, PROJECT, settings())
    return site


@contextmanager
def held(path: Path) -> Iterator[int]:
    """Another process has a warehouse open; gives which."""
    hold = "import duckdb, sys; c = duckdb.connect(sys.argv[1]); print('open', flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", hold, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        assert other.stdout is not None
        other.stdout.readline()
        yield other.pid
        other.communicate()


def test_who_holds_the_warehouse_is_named_with_what_to_look_at_instead(published: Site) -> None:
    with held(published.warehouse) as pid:
        said = rf"{re.escape(str(published.warehouse))} is open in another process: .*PID {pid}.*Close it.*published"
        with pytest.raises(WarehouseBusyError, match=said):
            prepare(published, PROJECT | {"sources": {}}, settings())


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_warehouse_is_made_anew_and_nothing_else_is_touched(
    published: Site, manifest: dict[str, Any], damage: str
) -> None:
    state = sorted(settings().history.rglob("*.parquet"))
    before = [path.read_bytes() for path in state]
    published.warehouse.write_bytes(DAMAGES[damage](published.warehouse.read_bytes()))
    with pytest.raises(WarehouseDamagedError, match=f"{published.warehouse} is damaged.*remove it and run"):
        open_database(published.warehouse, settings().vault)
    assert not is_whole(published.warehouse, settings().vault)
    assert prepare(published, manifest, settings())
    with open_database(published.warehouse, settings().vault) as connection:
        assert connection.execute("from duckdb_tables() where table_name = 'fct_x'").fetchall() == []
    assert [path.read_bytes() for path in state] == before
    assert not prepare(published, manifest, settings()), "now it is whole"


def test_damage_in_the_midst_of_a_warehouse_is_found(published: Site) -> None:
    assert is_whole(published.warehouse, settings().vault)
    size = published.warehouse.stat().st_size
    with published.warehouse.open("r+b") as file:
        for place in range(13000, size, 4096):
            file.seek(place)
            file.write(b"scribble")
    assert not is_whole(published.warehouse, settings().vault)


def test_a_warehouse_that_is_deleted_alone_hears_nothing_of_the_log_beside_it(
    published: Site, manifest: dict[str, Any]
) -> None:
    log = published.warehouse.with_name("warehouse.duckdb.wal")
    code = (
        "import duckdb, os, sys; c = duckdb.connect(sys.argv[1]); c.execute(\"set checkpoint_threshold = '1GB'\"); "
        "c.execute('create schema old; create table old.gone as select 1 as x'); os.kill(os.getpid(), 9)"
    )
    subprocess.run([sys.executable, "-c", code, str(published.warehouse)], check=False)
    assert log.stat().st_size > 0
    published.warehouse.unlink()
    prepare(published, manifest, settings())
    with open_database(published.warehouse, settings().vault) as connection:
        assert connection.execute("from duckdb_schemas() where schema_name = 'old'").fetchall() == []


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_copy_for_readers_is_as_one_that_is_not_there(published: Site, damage: str) -> None:
    assert last_live_day(settings()) == DAY
    published.published.write_bytes(DAMAGES[damage](published.published.read_bytes()))
    assert last_live_day(settings()) is None
    with pytest.raises(GateClosedError, match="damaged. Run the daily job"):
        open_published(published)
    (settings().ledger / f"sends/as_of_date={DAY}").mkdir(parents=True)
    assert last_live_day(settings()) == DAY, "what was sent says when"
    publish(published, PROJECT, settings())
    open_published(published).close()


def test_a_run_whose_warehouse_another_has_built_in_since_publishes_nothing(home: Path) -> None:
    site, other = _site(), _site(DAY + timedelta(days=1))
    build(site, "select 1 as x")
    build(other, "select 2 as x")
    with pytest.raises(OvertakenError, match="another run was in between. Run this day again"):
        publish(site, PROJECT, settings())
    assert not site.published.exists() and not list(settings().history.rglob("*.parquet"))
    publish(other, PROJECT, settings())


def _write(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    duckdb.sql(f"copy (select range as x, 'text ' || range as y from range(5000)) to '{path}' (format parquet)")
    return path


@pytest.mark.parametrize(
    ("zone", "is_landed", "said"),
    [
        ("raw/crm/contacts/extract_date=2026-03-01/part.parquet", True, "Remove it and run again: it is loaded from"),
        ("raw/crm/contacts/extract_date=2026-03-01/part.parquet", False, "Put it back from a backup"),
        ("ledger/sends/as_of_date=2026-03-01/winback.parquet", True, "Put it back from a backup"),
        ("history/fct_x/as_of_date=2026-03-01/part.parquet", True, "Put it back from a backup"),
    ],
)
@pytest.mark.parametrize("damage", [0, 3, 100, 0.5])
def test_a_damaged_file_of_state_is_named_with_what_to_do(
    home: Path, zone: str, is_landed: bool, said: str, damage: float
) -> None:
    path, whole = _write(home / zone), _write(home / "ledger/sends/as_of_date=2026-02-01/winback.parquet")
    if is_landed:
        landed = home / "landing/crm/contacts/2026-03-01/contacts.csv"
        landed.parent.mkdir(parents=True)
        landed.write_text("id\n1\n")
    assert damaged_files(settings()) == []
    os.truncate(path, int(damage if damage in (0, 3, 100) else path.stat().st_size * damage))
    (problem,) = damaged_files(settings())
    assert problem.startswith(f"{path} is damaged. {said}") and str(whole) not in problem


def test_a_command_that_meets_a_damaged_file_says_so_and_no_stack(home: Path) -> None:
    path = _write(home / "ledger/switches/as_of_date=2026-03-01/1.parquet")
    os.truncate(path, 1000)
    result = CliRunner().invoke(app, ["switch"])
    assert result.exit_code == 1 and isinstance(result.exception, SystemExit)
    assert (
        str(result.exception) == f"{path} is damaged. Put it back from a backup. Nothing is built or sent until then."
    )


def test_with_the_clock_set_back_nothing_is_run_and_nothing_is_taken_for_a_replay(
    published: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    extract = settings().landing / "crm/contacts/2026-02-20/contacts.csv"
    extract.parent.mkdir(parents=True)
    extract.write_text("id\n1\n")
    before = sorted(settings().home.rglob("*"))
    monkeypatch.setattr(daily_run.daily, "get_last_partition_key", lambda: "2026-02-20")
    assert not site_for(date(2026, 2, 20), settings()).is_live
    with pytest.raises(SystemExit, match="2026-03-01 has run live.*2026-02-20 is the last day.*Set the clock right"):
        daily_run.run(date(2026, 2, 20), console=Console(quiet=True))
    assert sorted(settings().home.rglob("*")) == before
    monkeypatch.setattr(daily_run.daily, "get_last_partition_key", lambda: "2026-02-28")
    daily_run.ensure_clock(settings())
