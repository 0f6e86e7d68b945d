"""The warehouse file of a site: made ready for dbt, and read by others only once it is published."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import duckdb

from orchestration import inputs
from orchestration.settings import Settings
from orchestration.site import Site
from orchestration.zones import create_views, ensure_readable


class WarehouseBusyError(Exception):
    """Another process has the warehouse open for writing; it will let go."""


def prepare(
    site: Site, manifest: Mapping[str, Any], settings: Settings, *, as_it_was: bool = False
) -> inputs.Inputs | None:
    """Give the warehouse its source views: of a live run as the zones are now, and what it is given is noted.

    A replay begins from nothing and, as does a live day that is built anew (`as_it_was`), is given what the day's last
    live run was; that is returned. Where there was none, it is given what there is now.

    Raises:
        VaultError: what is kept was written with another key, or without one.
        WarehouseBusyError: another process writes to it.
    """
    ensure_readable(settings)
    site.warehouse.parent.mkdir(parents=True, exist_ok=True)
    if not site.is_live:
        site.warehouse.unlink(missing_ok=True)
    given = inputs.of_day(site.day, manifest, settings) if as_it_was or not site.is_live else None
    with open_warehouse(site) as connection:
        create_views(connection, manifest, settings, given.known if given else None)
        if site.is_live:
            inputs.note(connection, site, manifest)
    return given


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
    """
    try:
        return site.vault.connect(site.warehouse)
    except duckdb.IOException as error:
        if "lock" in str(error):
            raise WarehouseBusyError(f"{site.warehouse} is open in another process.") from error
        raise
