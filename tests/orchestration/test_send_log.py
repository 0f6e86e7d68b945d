"""The send log only grows, and so does the list of the codes that were given."""

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


def _offers(**codes: str | None) -> duckdb.DuckDBPyConnection:
    connection = _export(*codes)
    connection.execute("alter table e add column offer_code varchar")
    for message_id, code in codes.items():
        connection.execute("update e set offer_code = ? where message_id = ?", [code, message_id])
    return connection


def _codes(ledger: Path, table: str) -> list[str | None]:
    files = f"'{ledger}/{table}/*/winback.parquet'"
    return [c for (c,) in duckdb.sql(f"select offer_code from {files} order by 1 nulls last").fetchall()]


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


def test_a_code_is_logged_with_its_message_and_spent_without_it(site: Site, tmp_path: Path) -> None:
    record(_offers(a="A", b=None), site, "winback", "e", tmp_path)
    assert _codes(tmp_path, "sends") == ["A", None]
    files = f"'{tmp_path}/offer_codes/*/winback.parquet'"
    spent = duckdb.sql(f"from read_parquet({files}, hive_partitioning = false)")
    assert (spent.columns, spent.fetchall()) == (["offer_code"], [("A",)])


def test_a_rerun_adds_codes_and_never_takes_one_away(site: Site, tmp_path: Path) -> None:
    record(_offers(a="A", b="B"), site, "winback", "e", tmp_path)
    record(_offers(b="B", c="C"), site, "winback", "e", tmp_path)
    assert _codes(tmp_path, "sends") == _codes(tmp_path, "offer_codes") == ["A", "B", "C"]


def test_a_code_stays_spent_when_its_message_is_erased(site: Site, tmp_path: Path) -> None:
    record(_offers(a="A", b="B"), site, "winback", "e", tmp_path)
    (log,) = tmp_path.glob("sends/*/winback.parquet")
    duckdb.sql(f"copy (from '{log}' where message_id <> 'a') to '{log}.new' (format parquet)")
    Path(f"{log}.new").replace(log)
    record(_offers(b="B", c="C"), site, "winback", "e", tmp_path)
    assert _codes(tmp_path, "sends") == ["B", "C"]
    assert _codes(tmp_path, "offer_codes") == ["A", "B", "C"]


def test_codes_that_a_crash_left_out_are_added_by_the_rerun(site: Site, tmp_path: Path) -> None:
    record(_offers(a="A"), site, "winback", "e", tmp_path)
    (spent,) = tmp_path.glob("offer_codes/*/winback.parquet")
    spent.unlink()
    assert record(_offers(a="A"), site, "winback", "e", tmp_path) == 0
    assert _codes(tmp_path, "offer_codes") == ["A"]


def test_a_log_from_before_there_were_codes_is_added_to(site: Site, tmp_path: Path) -> None:
    record(_export("a"), site, "winback", "e", tmp_path)
    (log,) = tmp_path.glob("sends/*/winback.parquet")
    duckdb.sql(f"copy (select * exclude (offer_code) from '{log}') to '{log}.new' (format parquet)")
    Path(f"{log}.new").replace(log)
    assert not list(tmp_path.glob("offer_codes/*/*"))
    assert record(_offers(b="B"), site, "winback", "e", tmp_path) == 1
    assert _codes(tmp_path, "sends") == ["B", None]
    assert _codes(tmp_path, "offer_codes") == ["B"]
