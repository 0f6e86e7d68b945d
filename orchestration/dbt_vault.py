"""How dbt opens the warehouse, when Dagster runs it and when an analyst does.

profiles.yml names this. The key goes from the settings to DuckDB and is in no profile: `dbt debug` prints those.
"""

from __future__ import annotations

from pathlib import Path

import duckdb
from dbt.adapters.duckdb.credentials import Attachment
from dbt.adapters.duckdb.plugins import BasePlugin
from dbt_common.exceptions import DbtRuntimeError

from engine import VaultError
from orchestration.settings import last_run, settings


class Plugin(BasePlugin):
    """Attaches the profile's one database, encrypted where there is a key."""

    def configure_connection(self, conn: duckdb.DuckDBPyConnection) -> None:
        """Raises DbtRuntimeError, shown without a stack, where the warehouse and the key do not go together."""
        vault = settings().vault
        try:
            vault.unlock(conn)
            if path := last_run():
                vault.attach(conn, path, "last_run", read_only=True)
            vault.attach(conn, Path(self._warehouse.path), str(self._warehouse.alias))
        except VaultError as error:
            raise DbtRuntimeError(str(error)) from None

    def configure_cursor(self, cursor: duckdb.DuckDBPyConnection) -> None:
        cursor.execute(f"use {self._warehouse.alias}")

    @property
    def _warehouse(self) -> Attachment:
        assert self.creds is not None and self.creds.attach, "profiles.yml attaches the warehouse"
        return self.creds.attach[0]
