"""What an error means where something is wrong with the disk or a file on it, and what to do."""

from __future__ import annotations

import os
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from disk import DiskFullError, explained
from engine import VaultError
from ingest.files import glob_of
from ingest.landing import listing
from orchestration.database import WarehouseBusyError, WarehouseDamagedError
from orchestration.settings import Settings
from orchestration.zones import StrayFileError, state_files

# How a Parquet file begins and ends, plain and encrypted.
_MAGIC = (b"PAR1", b"PARE")
_SPEAK_FOR_THEMSELVES = (DiskFullError, StrayFileError, VaultError, WarehouseBusyError, WarehouseDamagedError)


def what_to_do(error: Exception, here: Settings) -> str | None:
    """The words for whoever typed a command that failed so; None for an error that this room knows nothing of."""
    if isinstance(error, _SPEAK_FOR_THEMSELVES):
        return str(error)
    if told := explained(error, here.home):
        return told
    problems = damaged_files(here) if isinstance(error, duckdb.Error) else []
    return "\n".join(problems) or None


def damaged_files(here: Settings) -> list[str]:
    """The files of state that are not whole, one line each with what to do.

    It reads every file to its end, so it is for when something has failed.
    """
    with here.vault.connect() as connection:
        return [
            f"{path} is damaged. {remedy(path, here)}"
            for path in sorted(state_files(here))
            if path.suffix == ".parquet" and not (is_complete(path) and _can_be_read(connection, path, here))
        ]


def is_complete(path: Path) -> bool:
    """Whether a Parquet file has its beginning and its end: its footer reads or, encrypted, stands where it must.

    Of what lies between it says nothing; it is quick, and for when nothing has failed.
    """
    try:
        with path.open("rb") as file:
            begins = file.read(4)
            file.seek(-8, os.SEEK_END)
            length, ends = int.from_bytes(file.read(4), "little"), file.read(4)
        if begins != ends or begins not in _MAGIC or length + 12 > path.stat().st_size:
            return False
        if begins == _MAGIC[0]:
            pq.read_metadata(path)
    except FileNotFoundError:
        # Replaced while it was looked at.
        return True
    except (OSError, pa.ArrowException):
        return False
    return True


def _can_be_read(connection: duckdb.DuckDBPyConnection, path: Path, here: Settings) -> bool:
    files = here.vault.read_parquet(glob_of(path), "hive_partitioning = false")
    try:
        connection.execute(f"select count(columns(*)) from {files}").fetchall()
    except duckdb.Error:
        return False
    return True


def remedy(path: Path, here: Settings) -> str:
    """What to do about a file of state that is not whole."""
    if path.is_relative_to(here.raw):
        landed = here.landing / path.parent.relative_to(here.raw)
        landed = landed.with_name(landed.name.removeprefix("extract_date="))
        if listing(landed):
            return f"Remove it and run again: it is loaded from {landed}."
    if path.is_relative_to(here.quarantine):
        return "Remove it: the rows that did not fit are in the extract too, and come back when that is loaded again."
    return "Put it back from a backup. Nothing is built or sent until then."
