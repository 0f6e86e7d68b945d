"""The time zones that are known, and how clocks in them run: as Python's data of the IANA database say."""

from __future__ import annotations

import csv
from datetime import datetime, timedelta
from importlib.resources import files
from pathlib import Path
from zoneinfo import ZoneInfo

import duckdb
from dbt.contracts.graph.manifest import Manifest

from .small_warehouse import PROJECT, invoke

UTC = ZoneInfo("UTC")
# Half an hour either side of the changes of 2026, and days without one.
MOMENTS = [
    datetime(2026, month, day, hour, 15) + timedelta(minutes=30 * half)
    for month, day in [(3, 28), (3, 29), (4, 4), (4, 5), (10, 3), (10, 4), (10, 24), (10, 25), (11, 1), (7, 1)]
    for hour in range(24)
    for half in (0, 1)
]
ZONES = [
    "Europe/Berlin", "Europe/Dublin", "America/New_York", "America/St_Johns", "America/Sao_Paulo", "Asia/Kathmandu",
    "Asia/Jerusalem", "Australia/Sydney", "Australia/Lord_Howe", "Pacific/Auckland", "Pacific/Kiritimati", "UTC",
]  # fmt: skip


def _column(seed: str, column: str) -> list[str]:
    with (PROJECT / f"seeds/{seed}.csv").open() as rows:
        return [row[column] for row in csv.DictReader(rows)]


def test_the_known_zones_are_those_of_the_database_and_of_the_engine() -> None:
    listed = _column("time_zones", "time_zone")
    assert listed == sorted({*files("tzdata").joinpath("zones").read_text().split()} - {"Factory"})
    engine = {name for (name,) in duckdb.sql("select name from pg_timezone_names()").fetchall()}
    assert set(listed) - engine == set()


def test_every_country_has_a_zone_that_is_known() -> None:
    countries = _column("country_time_zones", "country_code")
    assert {*_column("country_codes", "country_code"), "ZZ"} <= set(countries)
    assert set(_column("country_time_zones", "time_zone")) <= set(_column("time_zones", "time_zone"))


def test_clocks_run_as_python_s(tmp_path: Path, parsed_project: Manifest) -> None:
    """Every clock at every moment, and every time a clock shows: also those it shows twice, or not at all."""
    local, utc = (f"{{{{ {macro}('moment', 'time_zone') }}}}" for macro in ("local_time", "utc_time"))
    query = f"select {local}, {utc} from moments order by place"
    done = invoke(["compile", "--inline", query], tmp_path / "warehouse.duckdb", parsed_project)
    cases = [(place, *case) for place, case in enumerate((at, zone) for zone in ZONES for at in MOMENTS)]
    with duckdb.connect() as connection:
        connection.execute("set timezone = 'Asia/Tokyo'")
        connection.execute("create table moments (place int, moment timestamp, time_zone varchar)")
        connection.executemany("insert into moments values (?, ?, ?)", cases)
        found = connection.execute(done.results[0].node.compiled_code).fetchall()
    expected = [
        (
            at.replace(tzinfo=UTC).astimezone(ZoneInfo(zone)).replace(tzinfo=None),
            # Of two, the first; of none, as if the clock had not changed yet: that is what fold=0 means.
            at.replace(tzinfo=ZoneInfo(zone), fold=0).astimezone(UTC).replace(tzinfo=None),
        )
        for _, at, zone in cases
    ]
    assert [(c, f, e) for c, f, e in zip(cases, found, expected, strict=True) if f != e] == []
