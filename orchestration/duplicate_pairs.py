"""Comparing a day's contacts with each other, and keeping what was found."""

from __future__ import annotations

import glob
from datetime import date
from pathlib import Path

import pyarrow as pa
from rich.console import Console
from rich.table import Table
from rich.text import Text

from disk import written
from ingest.files import quoted
from orchestration.dbt_project import manifest
from orchestration.printable import printable
from orchestration.settings import Settings, settings
from orchestration.site import Site, last_live_day, published_as_of, site_for

_NOT_INSTALLED = "Splink, which compares contacts, is not installed: run `make duplicates`, which installs it."


class NotComparableError(Exception):
    """The contacts of the day cannot be compared; the message says why and what to do."""


def run(day: date | None, top: int, console: Console) -> bool:
    """Compare the contacts of a day, of the last that ran by default, and print what was found; give whether it was."""
    import dagster as dg

    from orchestration.daily_run import execute
    from orchestration.definitions import defs

    here = settings()
    chosen = day or last_live_day(here)
    if chosen is None:
        console.print("No day has run yet, and so there is nothing to compare: postroom run", markup=False)
        return False
    with dg.DagsterInstance.get() as instance:
        job = defs.resolve_job_def("duplicates")
        what = f"Comparing the contacts of {chosen}"
        if not execute(job, what, console, instance=instance, partition_key=chosen.isoformat()):
            return False
    _show(site_for(chosen, here), here, top, console)
    return True


def _show(site: Site, here: Settings, top: int, console: Console) -> None:
    """The pairs likely enough to be proposed. Of the contacts only the ids: who they are is for `postroom explain`."""
    candidates = manifest()["nodes"]["model.postroom.fct_duplicate_candidates"]
    file = here.vault.read_parquet(quoted(glob.escape(str(kept_at(site, here)))))
    with here.vault.connect() as connection:
        pairs = connection.execute(
            f"select match_probability, contact_id_a, contact_id_b, reasons from {file}"
            " where match_probability >= $least order by match_weight desc, contact_id_a, contact_id_b",
            {"least": candidates["config"]["meta"]["min_probability"]},
        ).fetchall()
    console.print(f"{len(pairs):,} pairs of customers are likely to be one person. None has been merged.")
    if not pairs:
        return
    table = Table("probability", "contact", "contact", "why (what it adds to the base-2 logarithm of the odds)")
    for probability, first, second, reasons in pairs[:top]:
        table.add_row(f"{probability:.3f}", *(Text(printable(value)) for value in (first, second, reasons)))
    console.print(table)
    console.print(
        "From the next day's run on they are in marts.fct_duplicate_candidates, each with the line for "
        "seeds/identity_overrides.csv that accepts it.",
        markup=False,
    )


def find(site: Site, here: Settings) -> pa.Table:
    """Compare the contacts as the day's run published them; write the pairs found to `history/duplicate_pairs/`.

    Gives the pairs, see duplicates.COLUMNS. Doing it again for the same day replaces that day's.

    Raises:
        NotComparableError: Splink is not installed, or the day's run has not been published.
    """
    try:
        from duplicates import propose
    except ModuleNotFoundError as error:
        raise NotComparableError(_NOT_INSTALLED) from error
    if published_as_of(site) != site.as_of:
        raise NotComparableError(f"{site.day} has not been published: run `postroom run --day {site.day}` first.")
    with here.vault.connect(site.published, read_only=True) as connection:
        contacts = connection.execute("select * from intermediate.int_duplicates__contacts").to_arrow_table()
        decided = connection.execute("select * from intermediate.int_duplicates__decided").to_arrow_table()
    with here.vault.connect() as scratch:
        pairs = propose(scratch, contacts, decided)
    _write(pairs, kept_at(site, here), here)
    return pairs


def kept_at(site: Site, here: Settings) -> Path:
    """The file that keeps the pairs of a day."""
    return here.history / "duplicate_pairs" / f"as_of_date={site.day}" / "part.parquet"


def _write(pairs: pa.Table, target: Path, here: Settings) -> None:
    with written(target) as temporary, here.vault.connect() as connection:
        connection.execute(f"copy (select * from pairs) to '{quoted(temporary)}' ({here.vault.parquet})")
