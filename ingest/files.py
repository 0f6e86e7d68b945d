"""Putting Parquet files in place, for every zone that holds state."""

from __future__ import annotations

import os
from pathlib import Path


def put_in_place(source: Path, target: Path) -> None:
    """Rename `source` over `target`, on disk before it is seen: a power cut leaves the old file or the new one."""
    target.parent.mkdir(parents=True, exist_ok=True)
    _sync(source)
    source.replace(target)
    _sync(target.parent)


def quoted(path: Path | str) -> str:
    """The path as it stands between single quotes in SQL."""
    return str(path).replace("'", "''")


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
