"""The one place that opens DuckDB and says how Parquet is read and written."""

from __future__ import annotations

import base64
import glob
import hmac
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path

import duckdb

# What SQL calls the key of Parquet files by: a view holds this name, never the key.
PARQUET_KEY = "postroom"
# How an encrypted Parquet file begins (Apache Parquet Modular Encryption, "Encrypted Footer Mode").
_ENCRYPTED = b"PARE"
_VARIABLE = "POSTROOM_ENCRYPTION_KEY"
# Bytes a warehouse's queries may hold: with Dagster and dbt themselves the daily job stays under 8 GB. DuckDB's own
# limit, four fifths of the machine, is kept where it is lower.
MOST_MEMORY = 6 * 10**9
# How database files are written: as DuckDB has done since this version, in a tenth less time and space than as it does
# by default. What reads them must be of this version at least, which encrypted ones ask for anyway.
STORAGE = "v1.5.0"


class VaultError(Exception):
    """A file that cannot be opened with this key, or without one. The message says what to do and holds no key."""


@dataclass(frozen=True)
class Vault:
    """Opens databases and Parquet files, encrypted where there is a key.

    `key` is a secret of any length. The keys of databases and of Parquet files are 32 bytes each, derived from it.
    """

    key: str | None = field(default=None, repr=False)

    def connect(self, database: Path | None = None, *, read_only: bool = False) -> duckdb.DuckDBPyConnection:
        """A connection to a database file, or to memory, with its clock in UTC.

        A cursor of it begins in memory: there, call a table by its database too (`warehouse.marts.x`).

        Raises:
            VaultError: the file is encrypted and there is no key, the reverse, or it is encrypted with another key.
            duckdb.IOException: another process has the file open.
        """
        connection = duckdb.connect()
        try:
            connection.execute("set TimeZone = 'UTC'")
            self.unlock(connection)
            if database is not None:
                self.attach(connection, database, database.stem, read_only=read_only)
                connection.execute(f'use "{database.stem}"')
        except BaseException:
            connection.close()
            raise
        return connection

    def unlock(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Give the key to a connection and its cursors: for Parquet files, and for what spills to disk."""
        if self.key is None:
            return
        # DuckDB's own cipher only reads; OpenSSL, which writes, comes with this extension.
        connection.execute(f"load '{_quoted(_openssl())}'")
        connection.execute(f"pragma add_parquet_key('{PARQUET_KEY}', '{self._derived('parquet')}')")
        connection.execute("set temp_file_encryption = true")

    def attach(
        self, connection: duckdb.DuckDBPyConnection, database: Path, name: str, *, read_only: bool = False
    ) -> None:
        """Attach a database file under a name; what does not fit in MOST_MEMORY spills beside the file.

        Raises: as `connect`.
        """
        # As a parameter the key is in no text that DuckDB could quote in an error.
        parameters = {"key": self._derived("database")} if self.key else {}
        options = [
            "read_only" if read_only else f"storage_version '{STORAGE}'",
            *["encryption_key $key"] * bool(parameters),
        ]
        try:
            connection.execute(f"attach '{_quoted(database)}' as \"{name}\" ({', '.join(options)})", parameters)
        except (duckdb.CatalogException, duckdb.InvalidInputException) as error:
            raise VaultError(_explained(database, str(error))) from None
        connection.execute(f"set temp_directory = '{_quoted(database)}.tmp'")
        ((limit,),) = connection.execute("select parse_formatted_bytes(current_setting('memory_limit'))").fetchall()
        if limit > MOST_MEMORY:
            connection.execute(f"set memory_limit = '{MOST_MEMORY}B'")

    @property
    def parquet(self) -> str:
        """The options of a `copy ... to` that writes Parquet."""
        encrypted = f", encryption_config {{footer_key: '{PARQUET_KEY}'}}" if self.key else ""
        return f"format parquet, compression zstd{encrypted}"

    def read_parquet(self, pattern: str | Sequence[str], *options: str) -> str:
        """The SQL of a read of Parquet files; patterns are quoted already, `options` are read_parquet's own."""
        encrypted = [f"encryption_config = {{footer_key: '{PARQUET_KEY}'}}"] if self.key else []
        patterns = ", ".join(f"'{each}'" for each in ([pattern] if isinstance(pattern, str) else pattern))
        arguments = ", ".join([f"[{patterns}]", *options, *encrypted])
        return f"read_parquet({arguments})"

    def ensure_opens(self, files: Iterable[Path]) -> None:
        """Hold the files of a zone to this vault: all encrypted with its key, or all plain without one.

        Raises:
            VaultError: a file is not; the first is named.
        """
        kinds = {path: is_encrypted(path) for path in files}
        encrypted = [path for path, is_so in kinds.items() if is_so]
        plain = [path for path, is_so in kinds.items() if not is_so]
        if encrypted and self.key is None:
            raise VaultError(
                f"{encrypted[0]} is encrypted: set {_VARIABLE} to the key that it was written with. "
                "Nothing was changed."
            )
        if encrypted:
            self._ensure_decrypts(encrypted[0])
        if plain and self.key:
            raise VaultError(
                f"{plain[0]} is not encrypted, and {_VARIABLE} is set. Run `postroom encrypt` once to encrypt what was "
                "written without a key, or unset the variable. Nothing was changed."
            )

    def _ensure_decrypts(self, path: Path) -> None:
        with self.connect() as connection:
            try:
                connection.execute(f"select 1 from {self.read_parquet(glob.escape(_quoted(path)))} limit 0")
            except duckdb.InvalidInputException:
                raise VaultError(
                    f"{path} cannot be decrypted: {_VARIABLE} is not the key that it was written with. "
                    "Set the right one. Nothing was changed."
                ) from None

    def _derived(self, purpose: str) -> str:
        """A key of 32 bytes in base64, by HKDF with SHA-256, without salt (RFC 5869; one block of output)."""
        assert self.key is not None
        extracted = hmac.digest(bytes(32), self.key.encode(), "sha256")
        return base64.b64encode(hmac.digest(extracted, f"postroom {purpose}".encode() + b"\x01", "sha256")).decode()


def is_encrypted(path: Path) -> bool:
    """Whether a Parquet file is encrypted, as its first bytes say."""
    with path.open("rb") as stream:
        return stream.read(len(_ENCRYPTED)) == _ENCRYPTED


def _explained(database: Path, said: str) -> str:
    """What DuckDB says when a key and a file do not go together, with what to do."""
    if "without a key" in said:
        return f"{database} is encrypted: set {_VARIABLE} to the key that it was written with."
    if "Wrong encryption key" in said:
        return (
            f"{database} cannot be decrypted: {_VARIABLE} is not the key that it was written with. Set the right one. "
            "If it is right for data/raw/, delete this file: it can be made again."
        )
    if "is not encrypted" in said:
        return (
            f"{database} is not encrypted, and {_VARIABLE} is set. Run `postroom encrypt` once to encrypt what was "
            "written without a key, or unset the variable."
        )
    return f"{database} cannot be opened: {said}"


def _openssl() -> Path:
    package = find_spec("duckdb_extension_httpfs")
    folders = list(package.submodule_search_locations or ()) if package else []
    for folder in folders:
        found = Path(folder) / "extensions" / f"v{duckdb.__version__}" / "httpfs.duckdb_extension"
        if found.exists():
            return found
    raise VaultError(
        f"{_VARIABLE} is set, and encryption needs the package duckdb-extension-httpfs=={duckdb.__version__}. "
        "Install what requirements/run.txt pins."
    )


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")
