"""A disk that is full: found before a run begins, or known by what was said when a write failed."""

from __future__ import annotations

import shutil
from pathlib import Path

# What a failed write says for itself: the system, a quota, SQLite.
_SIGNS = ("no space left on device", "disk quota exceeded", "database or disk is full")
# What may be said of any failure, and of a full disk too: SQLite's and DuckDB's.
_HINTS = ("disk i/o error", "could not write all bytes", "failed to offload data block", "could not write file")
# Beside what a run is known to write: logs, its own events, small files.
SPARE_BYTES = 64 << 20
_AGAIN = "Free some, then run the same again: what was whole before is whole, and what is missing is made then."


class DiskFullError(Exception):
    """There is no room for what is to be written. The message says on which disk and what to do."""


def ensure_room(folder: Path, needed_bytes: int) -> None:
    """Hold the disk of a folder to having room for so many bytes and some to spare.

    Raises:
        DiskFullError: it has not.
    """
    free, needed = _free_bytes(folder), needed_bytes + SPARE_BYTES
    if free < needed:
        raise DiskFullError(
            f"The disk of {folder} has {free >> 20:,} MiB free, and this takes {needed >> 20:,}. Nothing was begun. "
            "Free some, then run the same again."
        )


def explained(error: BaseException | str, folder: Path) -> str | None:
    """What to do about an error, or what was said of one, that a full disk has caused; None for any other."""
    said = "\n".join(map(str, _chain(error))) if isinstance(error, BaseException) else error
    is_sure = any(sign in said.lower() for sign in _SIGNS)
    is_likely = any(hint in said.lower() for hint in _HINTS) and _free_bytes(folder) < SPARE_BYTES
    if not (is_sure or is_likely):
        return None
    return f"The disk of {folder} is full: {_free_bytes(folder) >> 20:,} MiB are free. {_AGAIN}"


def _free_bytes(folder: Path) -> int:
    return shutil.disk_usage(next(each for each in (folder, *folder.parents) if each.exists())).free


def _chain(error: BaseException | None) -> list[BaseException]:
    found: list[BaseException] = []
    while error is not None and error not in found:
        found.append(error)
        error = error.__cause__ or error.__context__
    return found
