"""Each step of a run that leaves files, small, so that it can be killed at each of its moments.

Loaded once in a process that others are forked from: nothing here opens DuckDB on import.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import duckdb

from exports import write_outbox
from ingest import Column, Contract, load_partition
from orchestration.publish import publish
from orchestration.send_log import record
from orchestration.settings import DEVELOPMENT_KEY, Settings
from orchestration.site import Site
from orchestration.warehouse import begin
from tests.conftest import REPO

sys.path.insert(0, str(REPO / "tests/exports"))
import export_rows

DAY = date(2026, 3, 1)
CAMPAIGN = export_rows.load("winback")
CONTACTS = Contract(
    source="crm",
    table="contacts",
    kind="snapshot",
    columns=(Column("id", "string"), Column("age", "integer")),
    required=("id",),
    key=("id",),
    quarantine_limit=1.0,
)
_MODEL = {"resource_type": "model", "name": "fct_x", "schema": "main", "config": {"meta": {"publish": True}}}
_MACRO = {"package_name": "postroom", "unique_id": "m", "macro_sql": "select 1"}
PROJECT: dict[str, Any] = {
    "nodes": {"models": _MODEL},
    "macros": {"m": _MACRO},
    "metadata": {"project_name": "postroom"},
}


def load(home: Path, version: int) -> None:
    """Loads a partition of which a third goes to quarantine."""
    folder = home / "landing/crm/contacts" / str(DAY)
    folder.mkdir(parents=True, exist_ok=True)
    rows = (f"{i},{version}\n{i}x,{i % 90}\n{i}y,none of version {version}\n" for i in range(700))
    (folder / "contacts.csv").write_text("id,age\n" + "".join(rows))
    load_partition(
        CONTACTS,
        DAY,
        landing=home / "landing",
        raw=home / "raw",
        quarantine=home / "quarantine",
        adapters=REPO / "adapters",
    )


def publish_(home: Path, version: int) -> None:
    """Publishes a warehouse of one table."""
    build(_site(home), f"select {version} as x")
    publish(_site(home), PROJECT, _settings(home))


def build(site: Site, rows: str) -> None:
    """Stands in for dbt: the one model that there is has these rows."""
    site.root.mkdir(parents=True, exist_ok=True)
    with duckdb.connect(str(site.warehouse)) as connection:
        connection.execute(f"create or replace table fct_x as select date '{site.day}' as as_of_date, * from ({rows})")
        begin(connection, site)


def hand_over(home: Path, version: int) -> None:
    """Logs messages as sent and renders them into the outbox, one more with each version."""
    rows = [export_rows.winback_row(number) for number in range(1, version + 2)]
    with duckdb.connect() as connection:
        connection.execute(
            "create table e (message_id varchar, campaign varchar, customer_id varchar, occasion_id varchar, "
            "variant varchar, send_at timestamp, offer_code varchar)"
        )
        for row in rows:
            code = f"CODE-{row['message_id'][:4]}"
            sent = [row["message_id"], "winback", row["customer_id"], "o", row["variant"], "2026-03-02", code]
            connection.execute("insert into e values (?, ?, ?, ?, ?, ?, ?)", sent)
        record(connection, _site(home), "winback", "e", home / "ledger")
    target = home / "outbox/winback" / str(DAY)
    write_outbox(CAMPAIGN, rows, target, run=export_rows.RUN, secret=export_rows.SECRET)


STEPS: dict[str, Callable[[Path, int], None]] = {"load": load, "publish": publish_, "hand over": hand_over}


def _site(home: Path) -> Site:
    return Site(DAY, True, home)


def _settings(home: Path) -> Settings:
    from datetime import time

    return Settings(home, DAY, time(2), 0, DEVELOPMENT_KEY, is_production=False)
