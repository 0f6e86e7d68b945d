"""One campaign's export: its table through the gate, rendered, logged and put into the outbox."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC
from pathlib import Path
from typing import Any

import duckdb

from exports import Manifest, Run, write_outbox
from orchestration import export_tables
from orchestration.gate import GateClosedError, ensure_open
from orchestration.rehearsal import rehearse
from orchestration.send_log import SentMeanwhileError, ensure_not_sent_meanwhile, record
from orchestration.settings import most_processes, settings
from orchestration.site import Site

# From so many messages on several processes are done sooner than one: with fewer, to start them takes longer.
SEVERAL_FROM = 10_000


def ensure_may_leave(
    connection: duckdb.DuckDBPyConnection, site: Site, campaign: str, models: list[Mapping[str, Any]]
) -> None:
    """Hold a campaign to its gate and, where it would be sent, to what other runs have sent meanwhile.

    Raises:
        GateClosedError: it must not be exported now.
    """
    ensure_open(connection, campaign, models)
    if site.is_live:
        try:
            ensure_not_sent_meanwhile(connection, site, campaign, export_tables.table(models[0]), settings().ledger)
        except SentMeanwhileError as error:
            raise GateClosedError(f"{campaign} is not exported.\n{error}") from error


def export(
    connection: duckdb.DuckDBPyConnection,
    site: Site,
    folder: Path,
    manifest: Mapping[str, Any],
    models: list[Mapping[str, Any]],
) -> Manifest:
    """Render what the export table holds, log it where it is to be sent, and put it into the outbox."""
    campaign = export_tables.load(folder, models, manifest)
    run = Run(as_of=site.as_of.replace(tzinfo=UTC), as_of_date=site.day)
    key = settings().unsubscribe_key.encode()
    rehearse(campaign, models, manifest, run, key)
    rows = export_tables.rows_of(connection, campaign, models)
    if site.is_live:
        record(connection, site, folder.name, export_tables.table(models[0]), settings().ledger)
    processes = processes_for(export_tables.count(connection, models[0]))
    return write_outbox(campaign, rows, site.outbox(folder.name), run=run, secret=key, processes=processes)


def processes_for(messages: int) -> int:
    """How many processes render so many messages."""
    return most_processes() if messages >= SEVERAL_FROM else 1
