"""What a run from a terminal takes on: which day, and whether there is anything to do."""

from __future__ import annotations

import shutil
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import dagster as dg
import pytest
from rich.console import Console
from typer.testing import CliRunner

from orchestration import daily_run
from orchestration.cli import app
from orchestration.runs import PARTITION_TAG
from orchestration.settings import settings
from orchestration.site import Site

DAY = date(2026, 1, 5)


def _land(day: date) -> Path:
    path = settings().landing / "crm/contacts" / day.isoformat() / "contacts.csv"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("id,lastmodifieddate\n")
    return path


def test_a_day_that_has_not_ended_is_not_the_newest_and_is_not_run(home: Path) -> None:
    today = datetime.now(UTC).date()
    _land(today)
    assert daily_run.newest_landed_day(settings()) == today, "so that the run says what is the matter with it"
    _land(DAY)
    assert daily_run.newest_landed_day(settings()) == DAY
    with pytest.raises(SystemExit, match="has not ended"):
        daily_run.run(today + timedelta(days=1), console=Console(quiet=True))


def test_a_day_that_is_none_is_refused_with_the_form_it_takes(home: Path) -> None:
    result = CliRunner().invoke(app, ["run", "--day", "yesterday"])
    assert result.exit_code == 2
    assert "%Y-%m-%d" in result.output


def test_a_file_of_no_known_format_does_not_keep_the_inputs_from_being_compared(home: Path) -> None:
    path = _land(DAY)
    before = daily_run._inputs(DAY, settings())
    (path.parent / "contacts.xlsx").write_bytes(b"PK")
    assert daily_run._inputs(DAY, settings()) != before


def test_the_inputs_are_others_with_another_key(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = daily_run._inputs(DAY, settings())
    monkeypatch.setenv("POSTROOM_UNSUBSCRIBE_KEY", "another" * 8)
    settings.cache_clear()
    assert daily_run._inputs(DAY, settings()) != before


@pytest.mark.parametrize("edited", ["engine/functions.py", "models/marts/a.sql", "tests/dbt/a.sql", "profiles.yml"])
def test_the_inputs_are_others_with_another_file_of_the_project(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, edited: str
) -> None:
    monkeypatch.setattr("orchestration.code.PROJECT", tmp_path / "project")
    before = daily_run._inputs(DAY, settings())
    path = tmp_path / "project" / edited
    path.parent.mkdir(parents=True)
    path.write_text("select 1")
    assert daily_run._inputs(DAY, settings()) != before


@pytest.mark.parametrize("zone", ["history/fct_rfm_scores", "ledger/sends"])
def test_the_inputs_are_others_with_the_state_of_another_day(home: Path, zone: str) -> None:
    def write(day: date) -> str:
        path = home / zone / f"as_of_date={day}" / "part.parquet"
        path.parent.mkdir(parents=True)
        path.touch()
        return daily_run._inputs(DAY, settings())

    before = daily_run._inputs(DAY, settings())
    assert write(DAY) == before, "the run's own"
    assert write(DAY - timedelta(days=1)) != before


def test_the_inputs_are_the_same_whatever_pulses_have_sent_since(home: Path) -> None:
    before = daily_run._inputs(DAY, settings())
    log = home / f"ledger/sends/as_of_date={DAY + timedelta(days=1)}/winback@100000.parquet"
    log.parent.mkdir(parents=True)
    log.touch()
    assert daily_run._inputs(DAY, settings()) == before


@pytest.mark.parametrize("deleted", ["warehouse.duckdb", "published/warehouse.duckdb"])
def test_a_day_whose_warehouse_was_deleted_is_not_done(
    home: Path, monkeypatch: pytest.MonkeyPatch, deleted: str
) -> None:
    monkeypatch.setattr(daily_run, "site_for", lambda day, here: Site(day, True, here.home))
    for name in ("warehouse.duckdb", "published/warehouse.duckdb"):
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        (home / name).touch()
    assert daily_run._is_built(DAY, settings())
    (home / deleted).unlink()
    assert not daily_run._is_built(DAY, settings())


def test_a_day_that_was_run_again_and_killed_is_not_done(home: Path) -> None:
    @dg.job(name="daily")
    def job() -> None: ...

    tags = {daily_run.INPUTS_TAG: "these"}
    with dg.DagsterInstance.get() as instance:

        def end(status: dg.DagsterRunStatus) -> bool:
            instance.create_run_for_job(job, status=status, tags=tags | {PARTITION_TAG: DAY.isoformat()})
            return daily_run._has_run(instance, DAY, tags)

        assert end(dg.DagsterRunStatus.SUCCESS)
        assert not daily_run._has_run(instance, DAY, {daily_run.INPUTS_TAG: "others"})
        assert not end(dg.DagsterRunStatus.STARTED)
        assert not end(dg.DagsterRunStatus.FAILURE)
        assert end(dg.DagsterRunStatus.SUCCESS)


@pytest.mark.parametrize("table", ["crm.contact", "../crm", "*"])
def test_rows_in_quarantine_of_a_table_that_is_not_there_are_not_none_but_a_mistake(home: Path, table: str) -> None:
    result = CliRunner().invoke(app, ["quarantine", table])
    assert result.exit_code == 1 and f"No table is called {table}; there are crm.consents" in result.output
    assert CliRunner().invoke(app, ["quarantine", "crm.contacts"]).exit_code == 0


def test_a_stock_file_that_was_half_copied_is_copied_again(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / f"{DAY}.csv").write_text("InvoiceNo,StockCode\n536365,85123A\n")
    landed = settings().landing / "shop/orders" / str(DAY)

    def cut_off(source: Path, target: Path) -> None:
        Path(target).write_text("InvoiceNo,Sto")
        raise OSError("No space left on device")

    with monkeypatch.context() as patched, pytest.raises(OSError, match="No space"):
        patched.setattr(shutil, "copy2", cut_off)
        daily_run.land_stock_files(tmp_path, "online_retail", ["orders"], settings())
    assert list(landed.iterdir()) == []
    assert daily_run.land_stock_files(tmp_path, "online_retail", ["orders"], settings()) == [DAY]
    assert [path.read_text() for path in landed.iterdir()] == ["InvoiceNo,StockCode\n536365,85123A\n"]
