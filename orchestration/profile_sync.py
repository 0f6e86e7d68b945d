"""The sync of profiles: what has changed since it was last written, for the CRM or e-mail service to import.

What is told, and of whom, is the model `exp_profile_sync`'s. Every value told is in `ledger/profile_syncs/`, by day:
so a day run again writes the same file, whatever came later.
"""

from __future__ import annotations

import glob
from collections.abc import Iterator, Mapping
from datetime import UTC, date
from pathlib import Path
from typing import Any

import duckdb

from disk import put_in_place, written
from exports import FileEntry, Run, write_profiles
from ingest.files import quoted
from orchestration.export_tables import table
from orchestration.gate import open_published
from orchestration.site import Site

MODEL = "exp_profile_sync"
# What every row begins with, so that the other system knows whom it is about.
_KEYS = ("customer_id", "email")
# What a day's file says, once it is there, and while it is made.
_TOLD, _MAY_BE_TOLD = "part.parquet", "intent.parquet"
_BATCH_ROWS = 10_000


def model_of(manifest: Mapping[str, Any]) -> Mapping[str, Any]:
    """The model that says what is told."""
    found: Mapping[str, Any] = next(n for n in manifest["nodes"].values() if n["name"] == MODEL)
    return found


def is_daily(manifest: Mapping[str, Any]) -> bool:
    """Whether the daily job writes it."""
    return model_of(manifest)["config"]["meta"]["sync"]["daily"] is True


def sync(site: Site, manifest: Mapping[str, Any], ledger: Path) -> FileEntry:
    """Write `outbox/sync/<day>/profiles.csv`, and what it says to the ledger; a replay's goes nowhere.

    To the ledger it goes before, as what may be told, and after, as what is. What a crash leaves as the one is told by
    the next sync, whatever it is by then: nobody knows whether the other system has it.

    Raises:
        GateClosedError: what is published is not of this day.
    """
    model = model_of(manifest)
    with open_published(site) as connection:
        _make_changes(connection, model, site, ledger)
        if site.is_live:
            _record(connection, site, ledger)
        columns = list(model["columns"])
        run = Run(as_of=site.as_of.replace(tzinfo=UTC), as_of_date=site.day)
        entry = write_profiles(site.outbox("sync"), columns, _rows(connection, model), run=run)
        if site.is_live:
            _settle(site, ledger)
    return entry


def _make_changes(connection: duckdb.DuckDBPyConnection, model: Mapping[str, Any], site: Site, ledger: Path) -> None:
    """Make the table `changes`: each value that is not the one last told before this day.

    What an earlier run of this day has told, or one that was broken off may have, is told again as it is now. If it is
    not known now, its value is null: nothing is told, and whatever comes next will be.
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
    connection.execute(f"create temp table told as {_told(site, ledger)}", {"day": site.day})
    connection.execute(
        f"""
        create temp table changes as
        with now as (
            unpivot (select customer_id, {", ".join(values)} from {table(model)})
            on {", ".join(f'"{name}"' for name in columns)}
            into name attribute value value
        ),
        before as (
            select customer_id, attribute, arg_max_null(value, as_of_date) as value
            from told where as_of_date < $day group by all
        ),
        again as (select distinct customer_id, attribute from told where not is_sure or as_of_date = $day)
        select now.customer_id, now.attribute, coalesce(nullif(now.value, ''), '{empty}') as value
        from now
        left join before using (customer_id, attribute)
        left join again using (customer_id, attribute)
        where
            again.attribute is not null
            or (
                (now.value <> '' or before.value is not null)
                and coalesce(nullif(now.value, ''), '{empty}') is distinct from before.value
            )
        union all
        select customer_id, attribute, null from again anti join now using (customer_id, attribute)
        """,
        {"day": site.day},
    )


def _told(site: Site, ledger: Path) -> str:
    """The select over what the ledger has up to a day."""
    folder = ledger / "profile_syncs"
    if not any(folder.glob("as_of_date=*/*.parquet")):
        nothing = "null::date as as_of_date, '' as customer_id, '' as attribute, '' as value, true as is_sure"
        return f"select {nothing} where $day is null"
    pattern = f"{quoted(glob.escape(str(folder)))}/as_of_date=*/*.parquet"
    files = site.vault.read_parquet(pattern, "hive_partitioning = true", "filename = true")
    return f"""
        select cast(as_of_date as date) as as_of_date, customer_id, attribute, value,
            parse_filename(filename) = '{_TOLD}' as is_sure
        from {files} where cast(as_of_date as date) <= $day"""


def _rows(connection: duckdb.DuckDBPyConnection, model: Mapping[str, Any]) -> Iterator[dict[str, str | None]]:
    """A row for each customer of whom anything has changed: their keys, and what has changed."""
    columns = [name for name in model["columns"] if name not in _KEYS]
    values = ", ".join(f"max(value) filter (where attribute = '{name}') as \"{name}\"" for name in columns)
    batches = connection.execute(
        f"""
        select customer_id, any_value(profiles.email) as email, {values}
        from changes inner join {table(model)} as profiles using (customer_id)
        group by customer_id having count(value) > 0 order by customer_id
        """
    ).to_arrow_reader(_BATCH_ROWS)
    for batch in batches:
        yield from batch.to_pylist()


def _record(connection: duckdb.DuckDBPyConnection, site: Site, ledger: Path) -> None:
    with written(_folder(site.day, ledger) / _MAY_BE_TOLD) as temporary:
        connection.execute(
            f"copy (from changes order by customer_id, attribute) to '{quoted(temporary)}' ({site.vault.parquet})"
        )


def _settle(site: Site, ledger: Path) -> None:
    """What may be told is; what may have been told on earlier days has been told again by it."""
    folder = _folder(site.day, ledger)
    put_in_place(folder / _MAY_BE_TOLD, folder / _TOLD)
    for left in folder.parent.glob(f"as_of_date=*/{_MAY_BE_TOLD}"):
        left.unlink()


def _folder(day: date, ledger: Path) -> Path:
    return ledger / "profile_syncs" / f"as_of_date={day}"
