"""The zones of Parquet files as views in a warehouse, so that dbt reads them as sources.

A view always has the declared columns, whatever lies in the zone: nothing, or files from before a column was declared.
"""

from __future__ import annotations

import glob
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import duckdb

from ingest.contract import LINEAGE_COLUMNS
from ingest.files import quoted
from orchestration.settings import Settings


class UnfitValuesError(Exception):
    """Values that were stored do not fit the type that their column is declared with now."""


def create_views(connection: duckdb.DuckDBPyConnection, manifest: Mapping[str, Any], zones: Settings) -> None:
    """Create or replace a view for each source of the manifest: `raw_<source>.<table>`, `history.*` and so on.

    Raises:
        UnfitValuesError: a column's declared type has changed, and not all that is stored can be read as it.
    """
    for source in manifest["sources"].values():
        columns = [(name, column["data_type"]) for name, column in source["columns"].items()]
        zone = source["config"]["meta"].get("zone")
        if zone is None:
            columns += [("extract_date", "date"), *LINEAGE_COLUMNS]
        files = _read(zone, source, zones)
        if files is not None:
            _ensure_fit(connection, source, columns, files)
        connection.execute(f"create schema if not exists {source['schema']}")
        connection.execute(
            f"create or replace view {source['schema']}.{source['identifier']} as {_typed(columns, files)}"
        )


def _ensure_fit(
    connection: duckdb.DuckDBPyConnection, source: Mapping[str, Any], columns: list[tuple[str, str]], files: str
) -> None:
    """Count what would fail to be cast, before a query fails on it: DuckDB's own message quotes the value."""
    found = dict(connection.execute(f"select column_name, column_type from (describe {files})").fetchall())
    declared = connection.execute(f"select column_name, column_type from (describe {_typed(columns, None)})").fetchall()
    changed = [name for name, kind in declared if name in found and found[name] != kind]
    if not changed:
        return
    types = dict(columns)
    counts = ", ".join(
        f'count(*) filter (where "{name}" is not null and try_cast("{name}" as {types[name]}) is null)'
        for name in changed
    )
    row = connection.execute(f"select {counts} from ({files})").fetchone() or ()
    problems = [
        f"{count} values of {name} are no {types[name]}" for name, count in zip(changed, row, strict=True) if count
    ]
    if problems:
        table = f"{source['source_name']}.{source['name']}"
        raise UnfitValuesError(
            f"{table}: {'; '.join(problems)}. They were stored before the column was declared so in "
            f"{source['original_file_path']}. Declare it as it was, or load the table's earlier days again (in the UI, "
            "materialise their partitions): what does not fit then goes to quarantine."
        )


def _typed(columns: list[tuple[str, str]], files: str | None) -> str:
    empty = (
        "select " + ", ".join(f'cast(null as {data_type}) as "{name}"' for name, data_type in columns) + " where false"
    )
    if files is None:
        return empty
    chosen = ", ".join(f'cast("{name}" as {data_type}) as "{name}"' for name, data_type in columns)
    return f"select {chosen} from ({empty} union all by name {files})"


def _read(zone: str | None, source: Mapping[str, Any], zones: Settings) -> str | None:
    """The select over a source's files, or None while there are none."""
    name = source["name"]
    if zone == "loads":
        return _read_extracts(zones.raw)
    folder = {None: zones.raw / source["source_name"], "history": zones.history, "ledger": zones.ledger}[zone] / name
    if next(folder.glob("*/*.parquet"), None) is None:
        return None
    return f"select * from read_parquet('{_glob(folder)}/*/*.parquet', hive_partitioning = true, union_by_name = true)"


def _read_extracts(raw: Path) -> str | None:
    """What each loaded partition says of itself in its Parquet footer."""
    if next(raw.glob("*/*/*/part.parquet"), None) is None:
        return None
    fields = {
        "source_name": "string",
        "table_name": "string",
        "extract_date": "date",
        "load_id": "string",
        "row_count": "bigint",
        "quarantined_count": "bigint",
    }
    columns = ", ".join(f"cast(about ->> '$.{name}' as {kind}) as {name}" for name, kind in fields.items())
    return (
        f"select {columns} from (select decode(value)::json as about "
        f"from parquet_kv_metadata('{_glob(raw)}/*/*/*/part.parquet') where decode(key) = 'postroom')"
    )


def _glob(folder: Path) -> str:
    return quoted(glob.escape(str(folder)))
