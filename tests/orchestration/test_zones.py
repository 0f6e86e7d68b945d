"""The zones as views: declared columns always, whatever lies in the zone."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from doctor.state import files
from ingest import load_partition, read_contracts
from orchestration.cli import app
from orchestration.settings import settings
from orchestration.zones import create_views, ensure_readable, unfit_values


@pytest.fixture(params=["", "a secret of thirty-two characters"])
def warehouse(request: pytest.FixtureRequest, home: Path, monkeypatch: pytest.MonkeyPatch) -> duckdb.DuckDBPyConnection:
    """A connection over zones that are plain, and one over zones that are encrypted."""
    monkeypatch.setenv("POSTROOM_ENCRYPTION_KEY", request.param)
    settings.cache_clear()
    return settings().vault.connect()


def _load_contacts(manifest: dict[str, Any], day: date, rows: str) -> None:
    here = settings()
    folder = here.landing / "crm/contacts" / day.isoformat()
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "contacts.csv").write_text(f"id,lastmodifieddate\n{rows}")
    contract = next(c for c in read_contracts(manifest) if c.name == "crm.contacts")
    load_partition(
        contract,
        day,
        landing=here.landing,
        raw=here.raw,
        quarantine=here.quarantine,
        adapters=here.home,
        vault=here.vault,
    )


def test_an_empty_zone_is_an_empty_typed_view(
    home: Path, manifest: dict[str, Any], warehouse: duckdb.DuckDBPyConnection
) -> None:
    create_views(warehouse, manifest, settings())
    for source in manifest["sources"].values():
        view = warehouse.sql(f"select * from {source['schema']}.{source['identifier']}")
        assert view.fetchall() == []
        assert set(source["columns"]) <= set(view.columns)


def test_every_loaded_partition_is_in_its_view_and_in_the_list(
    home: Path, manifest: dict[str, Any], warehouse: duckdb.DuckDBPyConnection
) -> None:
    for day in (date(2026, 1, 1), date(2026, 1, 2)):
        _load_contacts(manifest, day, f"1,{day}\n")
    create_views(warehouse, manifest, settings())
    assert warehouse.sql("select id, extract_date from raw_crm.contacts order by extract_date").fetchall() == [
        ("1", date(2026, 1, 1)),
        ("1", date(2026, 1, 2)),
    ]
    listed = warehouse.sql(
        "select source_name, table_name, extract_date, row_count from loads.extracts order by extract_date"
    )
    assert listed.fetchall() == [("crm", "contacts", date(2026, 1, 1), 1), ("crm", "contacts", date(2026, 1, 2), 1)]


def test_the_list_says_what_became_of_each_extract(
    home: Path, manifest: dict[str, Any], warehouse: duckdb.DuckDBPyConnection
) -> None:
    _load_contacts(manifest, date(2026, 1, 1), "1,2026-01-01\n2,never\n")
    _load_contacts(manifest, date(2026, 1, 2), "")
    create_views(warehouse, manifest, settings())
    listed = "select extract_date, row_count, quarantined_count, load_id from loads.extracts order by extract_date"
    (*first, load_id), second = warehouse.sql(listed).fetchall()
    assert first == [date(2026, 1, 1), 1, 1]
    assert second == (date(2026, 1, 2), 0, 0, "empty")
    _load_contacts(manifest, date(2026, 1, 1), "1,2026-01-01\n")
    assert warehouse.sql(listed).fetchall()[0][3] == load_id
    create_views(warehouse, manifest, settings())
    assert warehouse.sql(listed).fetchall()[0][:3] == (date(2026, 1, 1), 1, 0)
    assert warehouse.sql(listed).fetchall()[0][3] != load_id


def test_only_the_days_asked_for_are_read(
    home: Path, manifest: dict[str, Any], warehouse: duckdb.DuckDBPyConnection
) -> None:
    for day in (1, 2, 3):
        _load_contacts(manifest, date(2026, 1, day), f"{day},2026-01-01\n")
    create_views(warehouse, manifest, settings())
    ((_, plan),) = warehouse.sql(
        "explain analyze select * from raw_crm.contacts where extract_date in (date '2026-01-02')"
    ).fetchall()
    assert "Total Files Read: 1" in plan


def test_a_column_declared_later_is_null_in_files_from_before(
    home: Path, manifest: dict[str, Any], warehouse: duckdb.DuckDBPyConnection
) -> None:
    path = settings().ledger / "sends/as_of_date=2026-01-01/winback.parquet"
    path.parent.mkdir(parents=True)
    options = settings().vault.parquet
    warehouse.execute(f"copy (select 'm' as message_id, 'winback' as campaign) to '{path}' ({options})")
    create_views(warehouse, manifest, settings())
    assert warehouse.sql("select as_of_date, message_id, customer_id from ledger.sends").fetchall() == [
        (date(2026, 1, 1), "m", None)
    ]


def test_what_a_changed_type_cannot_read_is_counted_and_not_quoted(
    home: Path, manifest: dict[str, Any], warehouse: duckdb.DuckDBPyConnection
) -> None:
    _load_contacts(manifest, date(2026, 1, 1), "1,2026-01-01\n")
    path = settings().raw / "crm/contacts/extract_date=2026-01-01/part.parquet"

    def store(value: str) -> None:
        stored = settings().vault.read_parquet(str(path), "hive_partitioning = false")
        warehouse.execute(
            f"create or replace table changed as select * replace ('{value}' as date_of_birth) from {stored}"
        )
        warehouse.execute(f"copy changed to '{path}' ({settings().vault.parquet})")

    store("1990-01-31")
    assert unfit_values(warehouse, manifest, settings()) == []
    create_views(warehouse, manifest, settings())
    assert warehouse.sql("select date_of_birth from raw_crm.contacts").fetchall() == [(date(1990, 1, 31),)]
    store("a secret")
    (problem,) = unfit_values(warehouse, manifest, settings())
    assert problem.startswith("crm.contacts: 1 values of date_of_birth are no date.")
    assert "secret" not in problem


@pytest.mark.parametrize(
    "name",
    [
        "raw/crm/contacts/extract_date=2026-01-05.bak/part.parquet",
        "raw/crm/contacts/extract_date=2026-01-05/part (1).parquet",
        "history/fct_rfm_scores/as_of_date=2026-01-05 (copy)/part.parquet",
        "ledger/sends/as_of_date=2026-01-05.old/winback.parquet",
    ],
)
def test_a_copy_that_somebody_has_left_among_the_partitions_is_named_and_nothing_is_done(home: Path, name: str) -> None:
    for sound in (
        "raw/crm/contacts/extract_date=2026-01-05/part.parquet",
        "raw/crm/contacts/extract_date=2026-01-05/superseded/0123456789abcdef.parquet",
        "history/fct_rfm_scores/as_of_date=2026-01-05/part.parquet",
        "history/pulse_decisions/as_of_date=2026-01-06/@100000.parquet",
        "ledger/sends/as_of_date=2026-01-05/winback.parquet",
    ):
        _touch(home / sound)
    ensure_readable(settings())
    _touch(home / name)
    ensure_readable.cache_clear()
    result = CliRunner().invoke(app, ["run", "--day", "2026-01-05"])
    assert result.exit_code == 1 and f"{home / name} is of no partition" in str(result.output)
    assert [f.subject for f in files(settings()) if "of no partition" in f.found] == [name]


def _touch(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table({"n": [1]}), path)
