"""The zones of Parquet files as views in a warehouse, so that dbt reads them as sources.

A view always has the declared columns, whatever lies in the zone: nothing, or files from before a column was declared.
"""

from __future__ import annotations

import glob
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import duckdb

from ingest.contract import LINEAGE_COLUMNS
from ingest.files import glob_of, quoted
from ingest.superseded import EMPTY, PART, SUPERSEDED, files_of, partition_of
from orchestration.settings import Settings

_LISTED = "loads.listed"
_DAY = re.compile(r"\d{4}-\d\d-\d\d")
MOVE_AWAY = "Move copies out of raw, history and ledger."


def state_files(zones: Settings) -> Iterator[Path]:
    """Every file that the zones hold in their own form: Parquet, and what is in quarantine."""
    for table in zones.raw.glob("*/*"):
        yield from files_of(table)
    for zone in (zones.history, zones.home / "restated", zones.ledger):
        yield from zone.glob("*/*/*.parquet")
    yield from zones.quarantine.glob("*/*/*/rejects.*")
    # An erasure that was broken off.
    yield from zones.home.glob("erasing.parquet")


class StrayFileError(Exception):
    """Something lies among the partitions that is none of theirs. The message names it and says what to do."""


def stray_files(zones: Settings) -> list[Path]:
    """The files of the state that would be read, or stumbled over, and that nothing here has written: copies that
    somebody has left beside the files themselves or their folders.
    """
    return sorted(path for path in state_files(zones) if _is_stray(path, zones))


def _is_stray(path: Path, zones: Settings) -> bool:
    folder = partition_of(path)
    _, is_partition, day = folder.name.partition("_date=")
    is_second = path.parent == folder and path.is_relative_to(zones.raw) and path.name != PART
    return is_second or bool(is_partition and not _DAY.fullmatch(day))


@cache
def ensure_readable(zones: Settings) -> None:
    """Hold the zones to the key that is set, once per process: nothing is written beside what it does not open.

    Raises:
        VaultError: a file was written with another key, or without one.
        StrayFileError: a copy of a file or a partition lies beside it: its rows would count twice.
    """
    zones.vault.ensure_opens(sorted(state_files(zones)))
    if stray := stray_files(zones):
        more = f", and {len(stray) - 1} more" if len(stray) > 1 else ""
        raise StrayFileError(f"{stray[0]} is of no partition{more}. {MOVE_AWAY} Nothing was changed.")


@dataclass(frozen=True)
class Known:
    """The files of raw and history that a run is given, by source and table; of the ledger it reads what there is."""

    files: Mapping[tuple[str, str], Sequence[Path]]


def create_views(
    connection: duckdb.DuckDBPyConnection, manifest: Mapping[str, Any], zones: Settings, known: Known | None = None
) -> None:
    """Create or replace a view for each source of the manifest: `raw_<source>.<table>`, `history.*` and so on.

    Each sees what its zone holds whenever it is read or, with `known`, those files and no others.
    The list of what is loaded, `loads.extracts`, is of this moment; of what is loaded later the next call knows.
    """
    for source in manifest["sources"].values():
        columns = _columns(source)
        zone = source["config"]["meta"].get("zone")
        rows = (
            _extracts(manifest, zones, known)
            if zone == "loads"
            else _rows(source, columns, zones, _given(source, zones, known))
        )
        _create_view(connection, source, columns, rows)


def create_pulse_views(
    connection: duckdb.DuckDBPyConnection, manifest: Mapping[str, Any], zones: Settings, day: date, new: Path
) -> None:
    """The same views for a pulse of `day`, `loads` apart: the extracts in `new`, and of the zones the recent days.

    `new` is laid out as the raw zone is. `config.meta.pulse_days` of a source says how many days before `day` are read;
    where it does not, of extracts none, of history the last, and of the ledger all.
    """
    for source in manifest["sources"].values():
        zone = source["config"]["meta"].get("zone")
        if zone == "loads":
            continue
        columns = _columns(source)
        reach = source["config"]["meta"].get("pulse_days", {None: 0, "history": 1}.get(zone))
        folders = _partitions(_folder(source, zones))
        if reach is not None:
            folders = {d: f for d, f in folders.items() if day - timedelta(days=reach) <= d <= day}
        if zone != "ledger":
            folders.pop(day, None)
        if zone is None:
            folders |= _partitions(new / source["source_name"] / source["name"])
        patterns = [f"{_glob(f)}/*.parquet" for f in folders.values() if any(f.glob("*.parquet"))]
        _create_view(connection, source, columns, _rows(source, columns, zones, patterns))


def new_extracts(manifest: Mapping[str, Any], zones: Settings, new: Path) -> list[str]:
    """The queries, one per table, over what is loaded in `new`, as `loads.extracts` has it."""
    landed = [s for s in manifest["sources"].values() if "zone" not in s["config"]["meta"]]
    return [
        _extracts_of(
            s["source_name"],
            s["name"],
            [f"{_glob(new / s['source_name'] / s['name'])}/extract_date=*/*.parquet"],
            zones,
        )
        for s in landed
        if any((new / s["source_name"] / s["name"]).glob("extract_date=*/*.parquet"))
    ]


def _columns(source: Mapping[str, Any]) -> dict[str, str]:
    columns = {name: column["data_type"] for name, column in source["columns"].items()}
    is_extract = "zone" not in source["config"]["meta"]
    return columns | ({"extract_date": "date", **dict(LINEAGE_COLUMNS)} if is_extract else {})


def _create_view(
    connection: duckdb.DuckDBPyConnection, source: Mapping[str, Any], columns: Mapping[str, str], rows: str | None
) -> None:
    nulls = ", ".join(f'null as "{name}"' for name in columns)
    rows = rows or f"select {nulls} where false"
    typed = ", ".join(f'cast("{name}" as {data_type}) as "{name}"' for name, data_type in columns.items())
    connection.execute(f"create schema if not exists {source['schema']}")
    if source["config"]["meta"].get("zone") == "loads":
        # Every incremental model asks it several times, and each time it would read all that was ever loaded.
        connection.execute(f"create or replace table {_LISTED} as {rows}")
        rows = f"from {_LISTED}"
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
    is_listing = source["config"]["meta"].get("zone") == "loads"
    return [] if is_listing else sorted(_folder(source, zones).glob("*_date=*/*.parquet"))


def _folder(source: Mapping[str, Any], zones: Settings) -> Path:
    zone = source["config"]["meta"].get("zone")
    root: Path = {None: zones.raw / source["source_name"], "history": zones.history, "ledger": zones.ledger}[zone]
    return root / str(source["name"])


def _partitions(folder: Path) -> dict[date, Path]:
    return {date.fromisoformat(f.name.partition("=")[2]): f for f in sorted(folder.glob("*_date=*"))}


def _everything(source: Mapping[str, Any], zones: Settings) -> list[str]:
    """The pattern of all files of a source, if there are any."""
    folder, day = _folder(source, zones), _day_column(source)
    return [f"{_glob(folder)}/{day}=*/*.parquet"] if any(folder.glob(f"{day}=*/*.parquet")) else []


def _given(source: Mapping[str, Any], zones: Settings, known: Known | None) -> list[str]:
    """The patterns of the files that a run is given of a source."""
    if known is None or source["config"]["meta"].get("zone") == "ledger":
        return _everything(source, zones)
    return [glob_of(file) for file in known.files.get((source["source_name"], source["name"]), ())]


def _day_column(source: Mapping[str, Any]) -> str:
    return "as_of_date" if "zone" in source["config"]["meta"] else "extract_date"


def _rows(
    source: Mapping[str, Any], columns: Mapping[str, str], zones: Settings, patterns: Sequence[str]
) -> str | None:
    """The select over the files of a source, or None where there are none."""
    day = _day_column(source)
    declared = {n: t for n, t in columns.items() if n != day}
    return (
        f"select *, {_day_of('filename', day)} as {day} from {_read(patterns, declared, zones)}" if patterns else None
    )


def _extracts(manifest: Mapping[str, Any], zones: Settings, known: Known | None) -> str | None:
    """The select over what is loaded, by partition: a row for each file, with what its rows say of their load.

    So one rename puts data and description in place. A file without a row is there and no more: its load_id is `empty`,
    and nothing of it is in quarantine, for a load that has rejected rows only is not put in place.
    """
    landed = [s for s in manifest["sources"].values() if "zone" not in s["config"]["meta"]]
    given = {(s["source_name"], s["name"]): _given(s, zones, known) for s in landed}
    return " union all ".join(_extracts_of(*table, files, zones) for table, files in given.items() if files) or None


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
