"""What each live run was given to read, as `history/inputs/as_of_date=<day>/`: a replay of the day is given the same.

One row per loaded partition (`zone` raw, with the id of its load) and per published one (`zone` history).
"""

from __future__ import annotations

import glob
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import duckdb

from disk import written
from ingest.files import glob_of, quoted
from ingest.superseded import PART, SUPERSEDED
from orchestration.settings import Settings
from orchestration.site import Site, is_of_pulse
from orchestration.zones import Known, create_views

INPUTS = "inputs"
_COLUMNS = "zone, source_name, table_name, day, load_id"
Loads = Mapping[tuple[str, str, date], str]


@dataclass(frozen=True)
class Inputs:
    """What a day's live run was given, as far as it is still there; `missing` names the partitions that are not."""

    known: Known
    missing: list[str]


def note(connection: duckdb.DuckDBPyConnection, site: Site, manifest: Mapping[str, Any]) -> None:
    """Note in a live warehouse what its source views give a run of the site's day."""
    published = [s for s in manifest["sources"].values() if s["config"]["meta"].get("zone") == "history"]
    selects = [
        "select 'raw' as zone, source_name, table_name, extract_date as day, load_id from loads.extracts",
        *(
            f"select distinct 'history', '{s['source_name']}', '{s['name']}', as_of_date, cast(null as varchar)"
            f" from {s['schema']}.{s['identifier']}"
            for s in published
        ),
    ]
    connection.execute(
        f"create or replace table loads.{INPUTS} as from ({' union all '.join(selects)})"
        " where day < $day or (zone = 'raw' and day = $day)",
        {"day": site.day},
    )


def is_noted(connection: duckdb.DuckDBPyConnection) -> bool:
    """Whether a warehouse was made ready for a live run: one that was made by hand has noted nothing."""
    found = connection.execute(
        "select 1 from duckdb_tables() where schema_name = 'loads' and table_name = $name", {"name": INPUTS}
    )
    return found.fetchone() is not None


def publish(connection: duckdb.DuckDBPyConnection, site: Site, here: Settings) -> None:
    """Put what was noted on record."""
    rows = f"select {_COLUMNS} from loads.{INPUTS} order by all"
    with written(_record(site.day, here)) as temporary:
        connection.execute(f"copy ({rows}) to '{quoted(temporary)}' ({site.vault.parquet})")


def given_to(site: Site, manifest: Mapping[str, Any], here: Settings, *, as_it_was: bool = False) -> Inputs | None:
    """What a run of the site is given: a replay, and a live day built anew (`as_it_was`), what the day's last live run
    was. None stands for what there is now: for any other live run, and where there is no record.
    """
    return of_day(site.day, manifest, here) if as_it_was or not site.is_live else None


def of_day(day: date, manifest: Mapping[str, Any], here: Settings, loads: Loads | None = None) -> Inputs | None:
    """What a day's last live run was given; None where it has none on record. `loads` are those in place, if known."""
    record = _record(day, here)
    if not record.exists():
        return None
    in_place = in_place_now(manifest, here) if loads is None else loads
    files: dict[tuple[str, str], list[Path]] = {}
    missing = []
    with here.vault.connect() as connection:
        rows = here.vault.read_parquet(glob_of(record), "hive_partitioning = false")
        found = connection.execute(f"select {_COLUMNS} from {rows} order by all").fetchall()
    for zone, source, table, partition, load_id in found:
        if zone == "history":
            file = here.history / table / f"as_of_date={partition}" / PART
        else:
            folder = here.raw / source / table / f"extract_date={partition}"
            is_in_place = in_place.get((source, table, partition)) == load_id
            file = folder / PART if is_in_place else folder / SUPERSEDED / f"{load_id}.parquet"
        if file.exists():
            files.setdefault((source, table), []).append(file)
        else:
            missing.append(f"{source}.{table} of {partition}")
    return Inputs(Known(files), missing)


def in_place_now(manifest: Mapping[str, Any], here: Settings) -> Loads:
    """The load that lies in each partition of the raw zone."""
    with here.vault.connect() as connection:
        create_views(connection, manifest, here)
        found = connection.execute("select source_name, table_name, extract_date, load_id from loads.extracts")
        return {(source, table, day): load_id for source, table, day, load_id in found.fetchall()}


def has_run_live(day: date, here: Settings) -> bool:
    """Whether the day has run live: what it was given is on record or, from before that was noted, what it sent."""
    logs = (here.ledger / "sends" / f"as_of_date={day}").glob("*.parquet")
    return _record(day, here).exists() or not all(is_of_pulse(log) for log in logs)


def is_on_record(day: date, here: Settings) -> bool:
    """Whether what the day published stands: it has run live, or a later live run has read it."""
    return has_run_live(day, here) or bool(_rows(here, "zone = 'history' and day = $day", {"day": day}))


def superseded_and_read(here: Settings) -> set[tuple[str, str, str, str]]:
    """The loads that live runs were given of partitions of which others than the one in place are kept."""
    kept = {file.parts[-5:-2] for file in here.raw.glob(f"*/*/extract_date=*/{SUPERSEDED}/*.parquet")}
    if not kept:
        return set()
    partitions = [f"{source}/{table}/{day}" for source, table, day in kept]
    return {
        (source, table, str(day), load_id)
        for _, source, table, day, load_id in _rows(
            here,
            "source_name || '/' || table_name || '/extract_date=' || day in (select unnest($partitions))",
            {"partitions": partitions},
        )
    }


def _rows(here: Settings, condition: str, values: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    """The distinct rows of all records of which a condition holds."""
    folder = here.history / INPUTS
    if not any(folder.glob(f"*/{PART}")):
        return []
    files = here.vault.read_parquet(f"{quoted(glob.escape(str(folder)))}/*/{PART}", "hive_partitioning = false")
    with here.vault.connect() as connection:
        return connection.execute(f"select distinct {_COLUMNS} from {files} where {condition}", values).fetchall()


def _record(day: date, here: Settings) -> Path:
    return here.history / INPUTS / f"as_of_date={day}" / PART
