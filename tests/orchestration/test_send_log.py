"""The send log only grows."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import duckdb
import pytest

from orchestration.send_log import record
from orchestration.site import Site


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(date(2026, 1, 5), True, tmp_path)


def _export(*message_ids: str) -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    connection.execute(
        "create table e (message_id varchar, campaign varchar, customer_id varchar, occasion_id varchar, "
        "variant varchar, send_at timestamp)"
    )
    for message_id in message_ids:
        connection.execute(
            "insert into e values (?, 'winback', 'c', 'o', 'control', timestamp '2026-01-06')", [message_id]
        )
    return connection


def _logged(ledger: Path) -> list[str]:
    return [
        m for (m,) in duckdb.sql(f"select message_id from '{ledger}/sends/*/winback.parquet' order by 1").fetchall()
    ]


def test_what_is_exported_is_logged_once(site: Site, tmp_path: Path) -> None:
    assert record(_export("a", "b"), site, "winback", "e", tmp_path) == 2
    assert record(_export("a", "b"), site, "winback", "e", tmp_path) == 0
    assert _logged(tmp_path) == ["a", "b"]


def test_a_rerun_adds_and_never_takes_away(site: Site, tmp_path: Path) -> None:
    record(_export("a", "b"), site, "winback", "e", tmp_path)
    assert record(_export("b", "c"), site, "winback", "e", tmp_path) == 1
    assert _logged(tmp_path) == ["a", "b", "c"]


def test_a_rerun_without_news_leaves_the_file_alone(site: Site, tmp_path: Path) -> None:
    record(_export("a"), site, "winback", "e", tmp_path)
    (path,) = tmp_path.glob("sends/*/winback.parquet")
    before = path.stat().st_mtime_ns
    record(_export("a"), site, "winback", "e", tmp_path)
    assert path.stat().st_mtime_ns == before


def test_no_sends_is_an_empty_log(site: Site, tmp_path: Path) -> None:
    assert record(_export(), site, "winback", "e", tmp_path) == 0
    assert not list(tmp_path.glob("sends/*/*"))
