"""A warehouse file that does not open: held by another process, or not whole. Each says so, and what to do."""

from __future__ import annotations

import re
from pathlib import Path

import duckdb

from engine import Vault

# DuckDB's words for a file that is cut off, scribbled over, none of its own, or of another version.
_DAMAGE = re.compile(
    "not a valid DuckDB database|could not read enough bytes|corrupt database file|replaying WAL|version number", re.I
)
_NOT_OPENED = (duckdb.IOException, duckdb.SerializationException, duckdb.InternalException, duckdb.FatalException)
_HOLDER = re.compile(r"held in (.+ \(PID \d+\))")


class WarehouseBusyError(Exception):
    """Another process has the warehouse open; it will let go."""


class WarehouseDamagedError(Exception):
    """The file is no whole warehouse. It holds nothing that cannot be made again."""


def open_database(path: Path, vault: Vault, *, read_only: bool = False) -> duckdb.DuckDBPyConnection:
    """A connection to a warehouse file.

    Raises:
        VaultError: it is encrypted and there is no key, the reverse, or it is encrypted with another key.
        WarehouseBusyError: another process has it open.
        WarehouseDamagedError: it is not whole.
    """
    try:
        return vault.connect(path, read_only=read_only)
    except _NOT_OPENED as error:
        said = str(error)
        if "set lock on file" in said:
            holder = found[1] if (found := _HOLDER.search(said)) else "another process"
            raise WarehouseBusyError(
                f"{path} is open in another process: {holder}. Close it there, and look at published/warehouse.duckdb "
                "instead, read-only."
            ) from error
        if isinstance(error, duckdb.IOException) and not _DAMAGE.search(said):
            raise
        raise WarehouseDamagedError(
            f"{path} is damaged. It can be made again from raw/, history/ and ledger/: remove it and run the last day "
            "again."
        ) from error


def is_whole(path: Path, vault: Vault) -> bool:
    """Whether all that a warehouse file holds can be read. It reads all of it: for when something has failed."""
    try:
        with open_database(path, vault, read_only=True) as connection:
            tables = connection.execute("select schema_name, table_name from duckdb_tables() where not internal")
            for schema, table in tables.fetchall():
                connection.execute(f'select count(columns(*)) from "{schema}"."{table}"').fetchall()
    except (WarehouseDamagedError, duckdb.Error):
        return False
    return True


def discard(path: Path) -> None:
    """Remove a warehouse file with the log beside it, of which a new file would be told."""
    for left in (path, path.with_name(f"{path.name}.wal")):
        left.unlink(missing_ok=True)
