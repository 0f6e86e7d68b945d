"""Where things are kept, as this room is told."""

from __future__ import annotations

import glob
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb

from disk import written
from engine import Vault
from exports.profiles import PROFILES
from ingest import Contract
from ingest.files import quoted


@dataclass(frozen=True)
class Zones:
    """The zones' roots, the contracts of what lands, and how files are opened.

    `state` has the (column, identifier type) of what tables of history and ledger declare, by `<zone>/<table>`.

    `journal` is the file that says what an erasure that has begun is taking out; it is gone when that is done.
    """

    home: Path
    landing: Path
    raw: Path
    quarantine: Path
    history: Path
    ledger: Path
    adapters: Path
    seeds: Path
    contracts: Sequence[Contract]
    state: Mapping[str, Sequence[tuple[str, str]]]
    vault: Vault

    @property
    def journal(self) -> Path:
        return self.home / "erasing.parquet"

    @property
    def dead_letters(self) -> Path:
        return self.home / "dead_letters"

    @property
    def published(self) -> Path:
        return self.home / "published" / "warehouse.duckdb"

    def outboxes(self) -> list[Path]:
        """The folder of each campaign and day, the replays' too."""
        return sorted(f for f in self.outbox_folders("*/[!.]*") if (f / "payloads.jsonl").exists())

    def profile_files(self) -> list[Path]:
        """The folder of each day's profiles that another system was told of, the replays' too."""
        return sorted(f for f in self.outbox_folders("sync/[!.]*") if (f / PROFILES).exists())

    def outbox_folders(self, pattern: str) -> Iterator[Path]:
        """The folders below the outbox, the replays' too, whose path there is as the pattern says."""
        for root in (self.home / "outbox", *self.home.glob("replay/*/outbox")):
            yield from (path for path in root.glob(pattern) if path.is_dir())

    def parquet(self, pattern: Path, *options: str) -> str:
        """The SQL of a read of one file."""
        return self.vault.read_parquet(quoted(glob.escape(str(pattern))), "hive_partitioning = false", *options)

    @contextmanager
    def memory(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A database in memory that reads the zones' files."""
        with self.vault.connect() as connection:
            yield connection

    def rewrite(self, connection: duckdb.DuckDBPyConnection, query: str, target: Path) -> None:
        """Put the query's rows in place of a Parquet file, which the query may read."""
        with written(target) as temporary:
            connection.execute(f"copy ({query}) to '{quoted(temporary)}' ({self.vault.parquet})")
