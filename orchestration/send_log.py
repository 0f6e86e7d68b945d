"""The send log: which messages were handed over, by day. Entries are added and never taken away."""

from __future__ import annotations

from pathlib import Path

import duckdb

from ingest.files import glob_of, put_in_place, quoted
from orchestration.publish import unread_beside
from orchestration.site import Site

COLUMNS = "message_id, campaign, customer_id, occasion_id, variant, send_at"


def record(connection: duckdb.DuckDBPyConnection, site: Site, campaign: str, export_table: str, ledger: Path) -> int:
    """Add what this export holds to `ledger/sends/as_of_date=<day>/<campaign>.parquet`; give the messages new to it.

    Written before the outbox appears: a crash in between can lose a message until the rerun, but never send one twice.
    """
    target = ledger / "sends" / f"as_of_date={site.day}" / f"{campaign}.parquet"
    target.parent.mkdir(parents=True, exist_ok=True)
    files = site.vault.read_parquet(glob_of(target))
    logged = f"select {COLUMNS} from {files}" if target.exists() else None
    before = _count(connection, logged) if logged else 0
    exported = f"select {COLUMNS} from {export_table}"
    if logged:
        exported = f"{logged} union all {exported} anti join ({logged}) using (message_id)"
    after = _count(connection, exported)
    if after > before:
        temporary = unread_beside(target)
        connection.execute(f"copy ({exported} order by message_id) to '{quoted(temporary)}' ({site.vault.parquet})")
        put_in_place(temporary, target)
    return after - before


def message_ids(site: Site, campaign: str, ledger: Path) -> set[str]:
    """What the log holds of a campaign and day."""
    path = ledger / "sends" / f"as_of_date={site.day}" / f"{campaign}.parquet"
    if not path.exists():
        return set()
    with site.vault.connect() as connection:
        found = connection.execute(f"select message_id from {site.vault.read_parquet(glob_of(path))}").fetchall()
    return {message_id for (message_id,) in found}


def _count(connection: duckdb.DuckDBPyConnection, query: str) -> int:
    row = connection.execute(f"select count(*) from ({query})").fetchone()
    return int(row[0]) if row else 0
