"""The sync of profiles: what has changed since it was last written, for the CRM or e-mail service to import.

What is told, and of whom, is the model `exp_profile_sync`'s. Every value written is in `ledger/profile_syncs/`, by day:
so a day run again writes the same file, whatever came later.
"""

from __future__ import annotations

import glob
from collections.abc import Iterator, Mapping
from datetime import UTC
from pathlib import Path
from typing import Any

import duckdb

from exports import FileEntry, Run, write_profiles
from ingest.files import put_in_place, quoted
from orchestration.export_tables import table
from orchestration.gate import open_published
from orchestration.publish import unread_beside
from orchestration.site import Site

MODEL = "exp_profile_sync"
# What every row begins with, so that the other system knows whom it is about.
_KEYS = ("customer_id", "email")
_BATCH_ROWS = 10_000


def model_of(manifest: Mapping[str, Any]) -> Mapping[str, Any]:
    """The model that says what is told."""
    found: Mapping[str, Any] = next(n for n in manifest["nodes"].values() if n["name"] == MODEL)
    return found


def is_daily(manifest: Mapping[str, Any]) -> bool:
    """Whether the daily job writes it."""
    return model_of(manifest)["config"]["meta"]["sync"]["daily"] is True


def sync(site: Site, manifest: Mapping[str, Any], ledger: Path) -> FileEntry:
    """Write `outbox/sync/<day>/profiles.csv`, then what it says to the ledger; a replay's goes nowhere.

    In this order: after a crash in between the next sync says the same once more, and nothing is left out.

    Raises:
        GateClosedError: what is published is not of this day.
    """
    model = model_of(manifest)
    with open_published(site) as connection:
        _make_changes(connection, model, site, ledger)
        columns = list(model["columns"])
        run = Run(as_of=site.as_of.replace(tzinfo=UTC), as_of_date=site.day)
        entry = write_profiles(site.outbox("sync"), columns, _rows(connection, model), run=run)
        if site.is_live:
            _record(connection, site, ledger)
    return entry


def _make_changes(connection: duckdb.DuckDBPyConnection, model: Mapping[str, Any], site: Site, ledger: Path) -> None:
    """Make the table `changes`: each value that is not the one last written before this day.

    What an earlier run of this day has written is written again, as it is now: it may be in the other system already.
    """
    columns = {name: column["config"]["meta"] for name, column in model["columns"].items() if name != "customer_id"}
    lists = [name for name, meta in columns.items() if meta.get("list")]
    # Of a list, nothing is something: it may have been something else before.
    values = [
        f'coalesce("{name}", \'\') as "{name}"'
        if name in lists
        else f'nullif(cast("{name}" as varchar), \'\') as "{name}"'
        for name in columns
    ]
    empty = quoted(model["config"]["meta"]["sync"]["empty_list"])
    connection.execute(f"create temp table written as {_written(site, ledger)}")
    connection.execute(
        f"""
        create temp table changes as
        with now as (
            unpivot (select customer_id, {", ".join(values)} from {table(model)})
            on {", ".join(f'"{name}"' for name in columns)}
            into name attribute value value
        ),
        before as (
            select customer_id, attribute, arg_max(value, as_of_date) as value
            from written where as_of_date < $day group by all
        ),
        today as (select customer_id, attribute, value from written where as_of_date = $day)
        select now.customer_id, now.attribute, coalesce(nullif(now.value, ''), '{empty}') as value
        from now
        left join before using (customer_id, attribute)
        left join today using (customer_id, attribute)
        where
            (now.value <> '' or before.value is not null or today.value is not null)
            and (coalesce(nullif(now.value, ''), '{empty}') is distinct from before.value or today.value is not null)
        """,
        {"day": site.day},
    )


def _written(site: Site, ledger: Path) -> str:
    folder = ledger / "profile_syncs"
    if not any(folder.glob("as_of_date=*/part.parquet")):
        return "select null::date as as_of_date, '' as customer_id, '' as attribute, '' as value where false"
    pattern = f"{quoted(glob.escape(str(folder)))}/as_of_date=*/part.parquet"
    files = site.vault.read_parquet(pattern, "hive_partitioning = true")
    return f"select cast(as_of_date as date) as as_of_date, customer_id, attribute, value from {files}"


def _rows(connection: duckdb.DuckDBPyConnection, model: Mapping[str, Any]) -> Iterator[dict[str, str | None]]:
    """A row for each customer of whom anything has changed: their keys, and what has changed."""
    columns = [name for name in model["columns"] if name not in _KEYS]
    values = ", ".join(f"max(value) filter (where attribute = '{name}') as \"{name}\"" for name in columns)
    batches = connection.execute(
        f"""
        select customer_id, any_value(profiles.email) as email, {values}
        from changes inner join {table(model)} as profiles using (customer_id)
        group by customer_id order by customer_id
        """
    ).to_arrow_reader(_BATCH_ROWS)
    for batch in batches:
        yield from batch.to_pylist()


def _record(connection: duckdb.DuckDBPyConnection, site: Site, ledger: Path) -> None:
    target = ledger / "profile_syncs" / f"as_of_date={site.day}" / "part.parquet"
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = unread_beside(target)
    connection.execute(
        f"copy (from changes order by customer_id, attribute) to '{quoted(temporary)}' ({site.vault.parquet})"
    )
    put_in_place(temporary, target)
