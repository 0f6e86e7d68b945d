"""The warehouse file of a site: made ready for dbt, and read by others only once it is published."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import duckdb

from disk import ensure_room
from orchestration import inputs
from orchestration.database import WarehouseDamagedError, discard, open_database
from orchestration.settings import Settings
from orchestration.site import Site
from orchestration.zones import create_views, ensure_readable


class OvertakenError(Exception):
    """Another run has built in the same warehouse between a run's build and its publishing."""


def prepare(site: Site, manifest: Mapping[str, Any], settings: Settings, given: inputs.Inputs | None = None) -> bool:
    """Give the warehouse its source views as the zones are now or, with `given`, of what that names. For a live run
    what it is given is noted. A replay begins from nothing, and so does one that is damaged: gives whether it was.

    Raises:
        DiskFullError: there is no room for what a run writes.
        VaultError: what is kept was written with another key, or without one.
        WarehouseBusyError: another process writes to it.
    """
    ensure_readable(settings)
    site.warehouse.parent.mkdir(parents=True, exist_ok=True)
    if not (site.is_live and site.warehouse.exists()):
        discard(site.warehouse)
    ensure_room_for_run(site)
    is_damaged = False
    try:
        open_warehouse(site).close()
    except WarehouseDamagedError:
        discard(site.warehouse)
        is_damaged = True
    with open_warehouse(site) as connection:
        create_views(connection, manifest, settings, given.known if given else None)
        begin(connection, site)
        if site.is_live:
            inputs.note(connection, site, manifest)
    return is_damaged


def ensure_room_for_run(site: Site) -> None:
    """Hold the disk to having room for a run: the warehouse is copied for its readers.

    Raises:
        DiskFullError: it has not.
    """
    ensure_room(site.root, site.warehouse.stat().st_size if site.warehouse.exists() else 0)


def begin(connection: duckdb.DuckDBPyConnection, site: Site) -> None:
    """Note in the warehouse for which clock it is built from here on."""
    connection.execute(
        "create schema if not exists published; "
        f"create or replace table published.building as select timestamp '{site.as_of}' as as_of"
    )


def ensure_built_for(connection: duckdb.DuckDBPyConnection, site: Site) -> None:
    """Hold the warehouse to having been prepared last for this very clock: another run may have been in between.

    Raises:
        OvertakenError: it was prepared for another.
    """
    ((as_of,),) = connection.execute("select as_of from published.building").fetchall()
    if as_of != site.as_of:
        raise OvertakenError(
            f"The warehouse is as of {as_of} by now, not {site.as_of}: another run was in between. Run this day again."
        )


def macros_fingerprint(manifest: Mapping[str, Any]) -> str:
    """A hash of the project's own macros."""
    macros = [m for m in manifest["macros"].values() if m["package_name"] == manifest["metadata"]["project_name"]]
    text = "\n".join(m["macro_sql"] for m in sorted(macros, key=lambda m: str(m["unique_id"])))
    return hashlib.sha256(text.encode()).hexdigest()


def is_built_with_other_macros(site: Site, manifest: Mapping[str, Any]) -> bool:
    """Whether a macro has changed since the warehouse was published: its facts must then be made anew.

    A model's own edits dbt sees by itself; the text of a macro it cannot look at.
    """
    with open_warehouse(site) as connection:
        try:
            row = connection.execute("select macros from published.run").fetchone()
        except duckdb.CatalogException:
            return False
    return row is not None and row[0] != macros_fingerprint(manifest)


def open_warehouse(site: Site) -> duckdb.DuckDBPyConnection:
    """The warehouse, for writing.

    Raises:
        VaultError: it is encrypted and there is no key, the reverse, or it is encrypted with another key.
        WarehouseBusyError: another process has it open.
        WarehouseDamagedError: it is not whole.
    """
    return open_database(site.warehouse, site.vault)
