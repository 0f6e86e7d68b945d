"""One campaign of a published day: rehearsed, logged if the day is live, and put into its outbox."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC
from pathlib import Path
from typing import Any

import duckdb

from exports import Manifest, Run, write_outbox
from orchestration import export_tables
from orchestration.rehearsal import rehearse
from orchestration.send_log import record
from orchestration.settings import settings
from orchestration.site import Site


def export(
    connection: duckdb.DuckDBPyConnection,
    site: Site,
    folder: Path,
    manifest: Mapping[str, Any],
    models: Sequence[export_tables.Model],
) -> Manifest:
    """Render the campaign of a folder from its export tables, which have passed the gate. A replay logs no sends.

    Raises:
        DataError: a message cannot be made; then nothing of the campaign leaves.
    """
    campaign = export_tables.load(folder, models)
    run = Run(as_of=site.as_of.replace(tzinfo=UTC), as_of_date=site.day)
    key = settings().unsubscribe_key.encode()
    rehearse(campaign, models, manifest, run, key)
    rows = export_tables.rows_of(connection, campaign, models)
    if site.is_live:
        record(connection, site, folder.name, export_tables.table(models[0]), settings().ledger)
    return write_outbox(campaign, rows, site.outbox(folder.name), run=run, secret=key)
