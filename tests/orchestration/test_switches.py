"""Switching triggers, campaigns and journeys off and on, as people type it and as the next run reads it."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
from typer.testing import CliRunner

from engine.vault import is_encrypted
from orchestration.cli import app
from orchestration.settings import export_environment, settings
from orchestration.zones import create_views


def _switch(*arguments: str) -> str:
    done = CliRunner(env={"COLUMNS": "200"}).invoke(app, ["switch", *arguments])
    assert done.exit_code == 0, done.output
    return done.output


def _refused(*arguments: str) -> str:
    done = CliRunner().invoke(app, ["switch", *arguments])
    assert done.exit_code != 0
    return str(done.exception) + done.output


def _rows(ledger: Path) -> list[tuple[Any, ...]]:
    return duckdb.sql(
        "select as_of_date::varchar, kind, name, is_on, reason"
        f" from read_parquet('{ledger}/switches/*/*.parquet', hive_partitioning = true) order by switched_at"
    ).fetchall()


def _ran_live(home: Path, day: date) -> None:
    """What a day's live run leaves: the copy for readers says for when it is."""
    published = home / "published/warehouse.duckdb"
    published.parent.mkdir(parents=True, exist_ok=True)
    with duckdb.connect(str(published)) as connection:
        connection.execute("create schema if not exists published")
        connection.execute(
            f"create or replace table published.run as select timestamp '{day + timedelta(days=1)}' as as_of"
        )


def _land(home: Path, day: str) -> None:
    landed = home / "landing/shop/orders" / day / "orders.csv"
    landed.parent.mkdir(parents=True)
    landed.write_text("Id\n")


def test_a_switch_holds_from_the_day_after_the_last_that_ran(home: Path) -> None:
    _ran_live(home, date(2026, 1, 5))
    said = _switch("campaign", "cart_reminder", "off", "--because", "prices are wrong; 'all' of them")
    assert "campaign cart_reminder is off from the run of 2026-01-06 on." in said
    assert _rows(home / "ledger") == [
        ("2026-01-06", "campaign", "cart_reminder", False, "prices are wrong; 'all' of them")
    ]
    listed = _switch()
    # A terminal wraps the reason over the lines of its column.
    for shown in ("cart_reminder", "2026-01-06", "prices", "are", "wrong;", "'all'", "them"):
        assert shown in listed
    _ran_live(home, date(2026, 1, 8))
    _switch("campaign", "cart_reminder", "on")
    assert _rows(home / "ledger")[1:] == [("2026-01-09", "campaign", "cart_reminder", True, None)]
    assert "is on" in _switch()


def test_before_the_first_run_it_holds_for_that_run(home: Path) -> None:
    _land(home, "2026-01-03")
    _switch("trigger", "cart_abandoned", "off", "--because", "not yet")
    assert [day for day, *_ in _rows(home / "ledger")] == ["2026-01-03"]


def test_what_stands_so_already_is_not_written_again(home: Path) -> None:
    assert "already" in _switch("trigger", "cart_abandoned", "on")
    _switch("trigger", "cart_abandoned", "off", "--because", "a reason")
    assert "already" in _switch("trigger", "cart_abandoned", "off", "--because", "another")
    assert len(_rows(home / "ledger")) == 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["campaign", "cart_remainder", "off", "--because", "x"], "Did you mean cart_reminder"),
        (["campaign", "cart_abandoned", "off", "--because", "x"], "It is a trigger."),
        (["campain", "winback", "off", "--because", "x"], "Did you mean campaign"),
        (["campaign", "winback", "off"], "--because"),
        (["campaign", "winback", "of", "--because", "x"], "off or on"),
        (["campaign"], "off or on"),
        (["campaign", "\x1b[2J", "off", "--because", "x"], "\\x1b[2J"),
    ],
)
def test_what_is_not_there_or_not_said_is_refused(home: Path, arguments: list[str], said: str) -> None:
    assert said in _refused(*arguments)
    assert not (home / "ledger/switches").exists()


def test_the_run_reads_what_was_written(home: Path, manifest: dict[str, Any]) -> None:
    _ran_live(home, date(2026, 1, 5))
    _switch("trigger", "cart_abandoned", "off", "--because", "x")
    with duckdb.connect() as connection:
        create_views(connection, manifest, settings())
        read = connection.execute("select as_of_date, kind, name, is_on, reason from ledger.switches").fetchall()
    assert read == [(date(2026, 1, 6), "trigger", "cart_abandoned", False, "x")]


def test_with_a_key_a_switch_is_encrypted(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POSTROOM_ENCRYPTION_KEY", "a key that is thirty-two characters long")
    settings.cache_clear()
    export_environment()
    _switch("trigger", "cart_abandoned", "off", "--because", "x")
    (path,) = (home / "ledger/switches").glob("*/*.parquet")
    assert is_encrypted(path)
    assert "cart_abandoned" in _switch()
