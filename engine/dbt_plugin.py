"""What dbt's connection gets besides the settings of profiles.yml; named there under `plugins`."""

from __future__ import annotations

import duckdb
from dbt.adapters.duckdb.plugins import BasePlugin

from engine.functions import register


class Plugin(BasePlugin):
    """Gives dbt's connection the functions of engine.functions."""

    def configure_connection(self, conn: duckdb.DuckDBPyConnection) -> None:
        register(conn)
