"""The zones of Parquet files as views in a warehouse, so that dbt reads them as sources.

A view always has the declared columns, whatever lies in the zone: nothing, or files from before a column was declared.
"""

from __future__ import annotations

import glob
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import duckdb

from ingest.contract import LINEAGE_COLUMNS
from ingest.files import glob_of, quoted
from ingest.superseded import EMPTY, PART, SUPERSEDED, files_of
from orchestration.settings import Settings


def state_files(zones: Settings) -> Iterator[Path]:
    """Every file that the zones hold in their own form: Parquet, and what is in quarantine."""
    for table in zones.raw.glob("*/*"):
        yield from files_of(table)
    for zone in (zones.history, zones.home / "restated", zones.ledger):
        yield from zone.glob("*/*/*.parquet")
    yield from zones.quarantine.glob("*/*/*/rejects.*")
    # An erasure that was broken off.
    yield from zones.home.glob("erasing.parquet")


@cache
def ensure_readable(zones: Settings) -> None:
    """Hold the zones to the key that is set, once per process: nothing is written beside what it does not open.

    Raises:
        VaultError: a file was written with another key, or without one.
    """
    zones.vault.ensure_opens(sorted(state_files(zones)))


@dataclass(frozen=True)
class Known:
    """The files of raw and history that a run is given, by source and table; of the ledger it reads what there is."""

    files: Mapping[tuple[str, str], Sequence[Path]]


def create_views(
    connection: duckdb.DuckDBPyConnection, manifest: Mapping[str, Any], zones: Settings, known: Known | None = None
) -> None:
    """Create or replace a view for each source of the manifest: `raw_<source>.<table>`, `history.*` and so on.

    Each sees what its zone holds whenever it is read or, with `known`, those files and no others.
    """
    for source in manifest["sources"].values():
        columns = {name: column["data_type"] for name, column in source["columns"].items()}
        zone = source["config"]["meta"].get("zone")
        if zone is None:
            columns |= {"extract_date": "date", **dict(LINEAGE_COLUMNS)}
        nulls = ", ".join(f'null as "{name}"' for name in columns)
        rows = _extracts(manifest, zones, known) if zone == "loads" else _rows(zone, source, columns, zones, known)
        rows = rows or f"select {nulls} where false"
        typed = ", ".join(f'cast("{name}" as {data_type}) as "{name}"' for name, data_type in columns.items())
        connection.execute(f"create schema if not exists {source['schema']}")
        connection.execute(
            f"create or replace view {source['schema']}.{source['identifier']} as select {typed} from ({rows})"
        )


def unfit_values(connection: duckdb.DuckDBPyConnection, manifest: Mapping[str, Any], zones: Settings) -> list[str]:
    """What is stored and cannot be read as its column is declared now, one line per source: why a view of it fails.

    It reads every file, so it is for when something has failed.
    """
    problems = []
    for source in manifest["sources"].values():
        declared = {name: column["data_type"] for name, column in source["columns"].items()}
        counts: Counter[str] = Counter()
        for path in _files(source, zones):
            counts.update(_unfit(connection, zones.vault.read_parquet(quoted(glob.escape(str(path)))), declared))
        if counts:
            found = "; ".join(f"{count} values of {name} are no {declared[name]}" for name, count in counts.items())
            problems.append(
                f"{source['source_name']}.{source['name']}: {found}. They were stored before the column was "
                f"declared so in {source['original_file_path']}. Declare it as it was, or load the table's "
                "earlier days again (in the UI, materialise their partitions): what does not fit then goes to "
                "quarantine."
            )
    return problems


def _unfit(connection: duckdb.DuckDBPyConnection, files: str, declared: Mapping[str, str]) -> dict[str, int]:
    """How many values of a file's columns cannot be cast to the declared type, for those of which there are any."""
    held = {n for (n,) in connection.execute(f"select column_name from (describe select * from {files})").fetchall()}
    names = [name for name in declared if name in held]
    counts = ", ".join(
        f'count(*) filter (where "{name}" is not null and try_cast("{name}" as {declared[name]}) is null)'
        for name in names
    )
    row = connection.execute(f"select {counts} from {files}").fetchone() if names else None
    return {name: count for name, count in zip(names, row or (), strict=True) if count}


def _files(source: Mapping[str, Any], zones: Settings) -> list[Path]:
    zone = source["config"]["meta"].get("zone")
    if zone == "loads":
        return []
    root = {None: zones.raw / source["source_name"], "history": zones.history, "ledger": zones.ledger}[zone]
    return sorted(root.joinpath(source["name"]).glob("*_date=*/*.parquet"))


def _rows(
    zone: str | None, source: Mapping[str, Any], columns: Mapping[str, str], zones: Settings, known: Known | None
) -> str | None:
    """The select over a source's files, or None while there are none."""
    root = {None: zones.raw / source["source_name"], "history": zones.history, "ledger": zones.ledger}[zone]
    day = "extract_date" if zone is None else "as_of_date"
    given = None if zone == "ledger" else known
    patterns = _patterns(root / source["name"], f"{day}=*/*.parquet", (source["source_name"], source["name"]), given)
    if not patterns:
        return None
    files = _read(patterns, {n: t for n, t in columns.items() if n != day}, zones)
    return f"select *, {_day_of('filename', day)} as {day} from {files}"


def _patterns(folder: Path, pattern: str, table: tuple[str, str], known: Known | None) -> list[str]:
    """What to read of a table's folder, quoted: one pattern, or the files that are known."""
    if known is not None:
        return [glob_of(file) for file in known.files.get(table, ())]
    return [f"{_glob(folder)}/{pattern}"] if any(folder.glob(pattern)) else []


def _extracts(manifest: Mapping[str, Any], zones: Settings, known: Known | None) -> str | None:
    """The select over what is loaded, by partition: a row for each file, with what its rows say of their load.

    So one rename puts data and description in place. A file without a row is there and no more: its load_id is `empty`,
    and nothing of it is in quarantine, for a load that has rejected rows only is not put in place.
    """
    selects = []
    for source in manifest["sources"].values():
        table = (source["source_name"], source["name"])
        if "zone" in source["config"]["meta"]:
            continue
        if patterns := _patterns(zones.raw.joinpath(*table), f"extract_date=*/{PART}", table, known):
            selects.append(_extracts_of(*table, patterns, zones))
    return " union all ".join(selects) or None


def _extracts_of(source_name: str, table_name: str, patterns: Sequence[str], zones: Settings) -> str:
    listed = ", ".join(f"'{pattern}'" for pattern in patterns)
    said = {"load_id": "string", "quarantined_count": "bigint"}
    return f"""
        select
            '{source_name}' as source_name,
            '{table_name}' as table_name,
            {_day_of("file", "extract_date")} as extract_date,
            coalesce(load_id, '{EMPTY}') as load_id,
            coalesce(row_count, 0) as row_count,
            coalesce(quarantined_count, 0) as quarantined_count
        from glob([{listed}])
        left join (
            select
                filename,
                any_value(load_id) as load_id,
                any_value(quarantined_count) as quarantined_count,
                count(*) as row_count
            from {_read(patterns, said, zones)}
            group by filename
        ) on file = filename"""


def _read(patterns: Sequence[str], columns: Mapping[str, str], zones: Settings) -> str:
    """The files as these columns and `filename`. A column that a file does not have is null, and of its others none is.

    Declared, the columns need not be looked up in every file's footer, as union_by_name does; encrypted files, it
    cannot read (https://github.com/duckdb/duckdb/issues/21508).
    """
    schema = ", ".join(f"'{n}': {{name: '{n}', type: '{t}', default_value: null}}" for n, t in columns.items())
    return zones.vault.read_parquet(patterns, f"schema = map {{{schema}}}", "filename = true")


def _day_of(path: str, name: str) -> str:
    """The day in a partition's path. DuckDB reads the files only that a condition on it leaves."""
    return f"cast(regexp_extract({path}, '/{name}=([^/]+)/({SUPERSEDED}/)?[^/]+$', 1) as date)"


def _glob(folder: Path) -> str:
    return quoted(glob.escape(str(folder)))
