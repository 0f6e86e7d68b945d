"""What publishing leaves behind, and what stands in its way."""

from __future__ import annotations

import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest

from disk import unread_beside
from orchestration.database import WarehouseBusyError
from orchestration.publish import publish
from orchestration.settings import Settings, settings
from orchestration.site import Site
from orchestration.warehouse import begin, is_built_with_other_macros
from orchestration.zones import create_views

DAY = date(2026, 1, 5)
MODEL = {
    "models": {
        "resource_type": "model",
        "name": "fct_x",
        "schema": "main",
        "config": {"meta": {"publish": True}},
    }
}


def _manifest(macro: str = "select 1") -> dict[str, Any]:
    macros = {"m": {"package_name": "postroom", "unique_id": "m", "macro_sql": macro}}
    return {"nodes": MODEL, "macros": macros, "metadata": {"project_name": "postroom"}}


@pytest.fixture(params=["plain", "it's a [b] * 100%"])
def here(request: pytest.FixtureRequest, home: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("POSTROOM_HOME", str(home / request.param))
    settings.cache_clear()
    return settings()


def _site(here: Settings) -> Site:
    here.home.mkdir(parents=True)
    with duckdb.connect(str(here.home / "warehouse.duckdb")) as connection:
        connection.execute(f"create table fct_x as select date '{DAY}' as as_of_date, 1 as x")
        begin(connection, Site(DAY, True, here.home))
    return Site(DAY, True, here.home)


def test_a_published_model_is_in_history_wherever_home_is(here: Settings) -> None:
    assert publish(_site(here), _manifest(), here) == {"fct_x": 1}
    assert [p.name for p in (here.history / "fct_x" / f"as_of_date={DAY}").iterdir()] == ["part.parquet"]


def test_what_a_crash_left_half_written_is_not_read(here: Settings, manifest: dict[str, Any]) -> None:
    whole = here.ledger / "sends" / f"as_of_date={DAY}" / "winback.parquet"
    whole.parent.mkdir(parents=True)
    pattern = str(whole).replace("'", "''")
    with duckdb.connect() as connection:
        connection.execute(f"copy (select 'm' as message_id) to '{pattern}' (format parquet)")
        unread_beside(whole).write_bytes(b"PAR1 and no more")
        create_views(connection, manifest, here)
        assert connection.execute("select as_of_date, message_id from ledger.sends").fetchall() == [(DAY, "m")]


def test_a_warehouse_open_in_another_process_is_busy(here: Settings) -> None:
    site = _site(here)
    hold = "import duckdb, sys; c = duckdb.connect(sys.argv[1]); print('open', flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", hold, str(site.warehouse)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        assert other.stdout is not None
        other.stdout.readline()
        with pytest.raises(WarehouseBusyError, match="open in another process"):
            publish(site, _manifest(), here)
        other.communicate()


def test_a_changed_macro_is_noticed_and_an_unchanged_one_is_not(here: Settings) -> None:
    site = _site(here)
    assert not is_built_with_other_macros(site, _manifest())
    publish(site, _manifest(), here)
    assert not is_built_with_other_macros(site, _manifest())
    assert is_built_with_other_macros(site, _manifest("select 2"))
