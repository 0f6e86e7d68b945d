"""The one place that opens DuckDB and says how Parquet is read and written."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import duckdb


@dataclass(frozen=True)
class Vault:
    """Opens databases and Parquet files, encrypted where there is a key."""

    key: str | None = None

    def connect(self, database: Path | None = None, *, read_only: bool = False) -> duckdb.DuckDBPyConnection:
        """A connection to a database file, or to memory, with its clock in UTC."""
        connection = duckdb.connect(str(database) if database else ":memory:", read_only=read_only)
        connection.execute("set TimeZone = 'UTC'")
        return connection

    @property
    def parquet(self) -> str:
        """The options of a `copy ... to` that writes Parquet."""
        return "format parquet, compression zstd"

    def read_parquet(self, pattern: str, *options: str) -> str:
        """The SQL of a read of Parquet files; `pattern` is quoted already, `options` are read_parquet's own."""
        arguments = ", ".join((f"'{pattern}'", *options))
        return f"read_parquet({arguments})"
