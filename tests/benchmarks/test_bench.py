"""Each row of `make bench` on a handful of people, so that it can be measured when asked for. Nothing is timed."""

from __future__ import annotations

import json
from pathlib import Path

import duckdb
import pytest

from benchmarks import __main__ as bench_command
from benchmarks import components, harness, increment, job, models
from benchmarks.harness import Bench, Measured, Row, Spent
from benchmarks.rows import ROWS
from orchestration.settings import settings
from tests.conftest import REPO


@pytest.mark.parametrize("name", ["ingest", "rendering", "components"])
def test_a_row_is_measured(name: str, tmp_path: Path) -> None:
    result = ROWS[name].result(Bench(400, 2, tmp_path))
    rounds = result["rounds"]
    assert len(rounds["ours"]) == len(rounds["yardstick"]) == 2
    assert all(spent["seconds"] > 0 for spent in (*rounds["ours"], *rounds["yardstick"]))
    assert result["is_met"] == (result["ratio"] <= ROWS[name].goal)


def test_both_find_the_same_components(tmp_path: Path) -> None:
    components.measure(Bench(400, 1, tmp_path))
    with duckdb.connect(str(tmp_path / "components/bare.duckdb")) as connection:
        ours, other = (connection.execute(f"from {name} order by all").fetchall() for name in ("bare", "by_scipy"))
    assert ours == other and len(ours) == 400


@pytest.mark.heavy
def test_dbt_the_script_and_pandas_make_the_same_tables(tmp_path: Path) -> None:
    shop = models.Shop(tmp_path, 200)
    for make in (shop.by_dbt, shop.by_hand, shop.by_pandas):
        make()
    with duckdb.connect(str(tmp_path / "warehouse.duckdb")) as connection:
        for table in models.TABLES:
            names = f"select column_name from (describe marts.{table}) intersect select column_name from "
            by_hand = [f'"{n}"' for (n,) in connection.execute(f"{names} (describe by_hand.{table})").fetchall()]
            rows = f"select {', '.join(by_hand)} from"
            ours, script = (
                connection.execute(f"{rows} {schema}.{table} order by all").fetchall()
                for schema in ("marts", "by_hand")
            )
            assert "customer_id" in "".join(by_hand) and ours == script
            pandas = connection.execute(f"select count(*) from '{tmp_path}/by_pandas/{table}.parquet'").fetchone()
            assert pandas == (len(ours),)


@pytest.mark.heavy
def test_postroom_and_pandas_do_the_same_job(tmp_path: Path) -> None:
    ours, by_pandas = job.measure(bench := Bench(200, 1, tmp_path)), job.measure_pandas(bench)
    assert ours.ours is by_pandas.ours and ours.yardstick != by_pandas.yardstick
    assert ours.peak_bytes and 10**8 < ours.peak_bytes < 8 * 10**9
    home = tmp_path / "job"
    columns = "id, timestamp::timestamp, price::double, event, user_id, context_page_path, cart_id, quantity::bigint"
    with duckdb.connect() as connection:
        loaded, typed = (
            connection.execute(f"select {columns}, query from '{path}' order by all").fetchall()
            for path in (home / "raw/web/events/*/part.parquet", home / "by_pandas/events.parquet")
        )
    assert loaded == typed and len(loaded) == 200
    messages = [
        [json.loads(line) for line in (home / folder / "payloads.jsonl").read_text().splitlines()]
        for folder in ("outbox", "by_pandas")
    ]
    assert len(messages[0]) == 10
    for mine, other in zip(*messages, strict=True):
        assert mine["subject"] == other["subject"] and mine["preheader"] == other["preheader"]
        links = [each["headers"]["List-Unsubscribe"].split(">")[0][1:] for each in (mine, other)]
        assert mine["html"].replace(links[0], "") == other["html"].replace(links[1], "")


@pytest.mark.heavy
def test_an_increment_is_measured_on_a_day_more_than_before(tmp_path: Path) -> None:
    history = increment.History(tmp_path, 2, events=50, people=20)
    assert history.rows() == 100
    assert history.add_day() > 0
    assert history.rows() == 150


def test_the_command_prints_a_table_and_writes_what_was_measured(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(bench_command, "PEOPLE", {"S": 200})
    monkeypatch.setattr("sys.argv", ["bench", "--size", "S", "--rounds", "1", "ingest"])
    bench_command.main()
    folder = settings().home / "bench"
    told = json.loads((folder / "S.json").read_text())
    (row,) = told["rows"]
    assert (row["row"], told["people"], told["machine"]["versions"]["duckdb"]) == ("ingest", 200, duckdb.__version__)
    assert f"{row['ratio']:.2f}" in capsys.readouterr().out
    assert [path.name for path in folder.iterdir()] == ["S.json"]


def test_the_ratio_is_of_the_medians() -> None:
    measured = Measured([Spent(1, 4), Spent(9, 4), Spent(3)], [Spent(2, 2), Spent(1, 2), Spent(1.5, 2)], "")
    assert (measured.ratio, measured.cpu_ratio) == (2, 2)
    assert Measured([Spent(1)], [Spent(1, 2)], "").cpu_ratio is None


@pytest.mark.parametrize(
    ("seconds", "held", "is_met"), [(2, 99, True), (3, 99, False), (2, 100, False), (2, None, False)]
)
def test_a_row_may_have_a_limit_of_memory(seconds: float, held: int | None, is_met: bool, tmp_path: Path) -> None:
    measured = Measured([Spent(seconds)], [Spent(1)], "", held)
    result = Row("", 2, lambda _: measured, memory=100).result(Bench(1, 1, tmp_path))
    assert (result["is_met"], result["rounds"]["peak_bytes"]) == (is_met, held)
    assert Row("", 2, lambda _: measured).is_met(measured) == (seconds == 2)


def test_the_make_target_passes_the_size_on() -> None:
    assert "python -m benchmarks --size $(or $(SIZE),S)" in (REPO / "Makefile").read_text()
    assert list(harness.PEOPLE) == ["S", "M", "L"]
