"""Publishing: what has passed every check becomes history, and the copy that readers see."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import duckdb

from disk import written
from ingest.files import quoted
from ingest.superseded import forget
from orchestration import inputs
from orchestration.settings import Settings
from orchestration.site import Site
from orchestration.warehouse import ensure_built_for, macros_fingerprint, open_warehouse


def publish(site: Site, manifest: Mapping[str, Any], settings: Settings) -> dict[str, int]:
    """Write each model with `config.meta.publish` to `history/<model>/as_of_date=<day>/`; replace the readers' copy.

    Gives the rows written per model. Doing it again for the same day replaces that day; but a replay leaves in place
    what a live run has published or read: what was known then stays. What a live run was given is published too, and
    superseded loads that none was given are forgotten.

    Raises:
        OvertakenError: the warehouse was built for another day meanwhile.
        WarehouseBusyError: another process has the warehouse open.
    """
    models = [
        n for n in manifest["nodes"].values() if n["resource_type"] == "model" and n["config"]["meta"].get("publish")
    ]
    with open_warehouse(site) as connection:
        ensure_built_for(connection, site)
        stands = not site.is_live and inputs.is_on_record(site.day, settings)
        counts = {
            m["name"]: _write_history(connection, m, site, settings.history)
            for m in models
            if not (stands and _partition(m, site, settings.history).exists())
        }
        if site.is_live and inputs.is_noted(connection):
            inputs.publish(connection, site, settings)
            forget(settings.raw, inputs.superseded_and_read(settings))
        connection.execute(
            f"create or replace table published.run as "
            f"select timestamp '{site.as_of}' as as_of, '{macros_fingerprint(manifest)}' as macros"
        )
        connection.execute("checkpoint")
    _copy_for_readers(site)
    return counts


def _write_history(connection: duckdb.DuckDBPyConnection, model: Mapping[str, Any], site: Site, history: Path) -> int:
    with written(_partition(model, site, history)) as temporary:
        row = connection.execute(
            f"copy (select * exclude (as_of_date) from {model['schema']}.{model['name']} order by all) "
            f"to '{quoted(temporary)}' ({site.vault.parquet})"
        ).fetchone()
    return int(row[0]) if row else 0


def _partition(model: Mapping[str, Any], site: Site, history: Path) -> Path:
    return history / str(model["name"]) / f"as_of_date={site.day}" / "part.parquet"


def _copy_for_readers(site: Site) -> None:
    with written(site.published) as temporary:
        shutil.copyfile(site.warehouse, temporary)
