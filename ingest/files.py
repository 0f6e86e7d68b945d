"""Folders to write into, and paths as SQL has them, for every zone that holds state."""

from __future__ import annotations

import fcntl
import glob
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_SCRATCH = ".loading-"
_STILL = ".still"


@contextmanager
def scratch_folder(parent: Path) -> Iterator[Path]:
    """A folder for what is being written, on the file system of what it becomes, and gone at the end.

    What a crash has left is removed first: it may hold rows in plain text. A lock on each folder tells whether its
    process still lives.
    """
    parent.mkdir(parents=True, exist_ok=True)
    with _locked(parent):
        for left in parent.glob(f"{_SCRATCH}*"):
            with suppress(BlockingIOError, FileNotFoundError), _locked(left, fcntl.LOCK_NB):
                shutil.rmtree(left)
        folder = Path(tempfile.mkdtemp(prefix=_SCRATCH, dir=parent))
        lock = _lock(folder)
    try:
        yield folder
    finally:
        shutil.rmtree(folder)
        os.close(lock)


@contextmanager
def standing_still(zone: Path) -> Iterator[None]:
    """Until the end, nothing is put in place of what the zone holds: who reads it at several times reads the same."""
    with _held(zone, fcntl.LOCK_SH):
        yield


@contextmanager
def changing(zone: Path) -> Iterator[None]:
    """Wait for whoever needs the zone to stand still, and keep others from beginning to."""
    with _held(zone, fcntl.LOCK_EX):
        yield


@contextmanager
def _held(zone: Path, how: int) -> Iterator[None]:
    zone.mkdir(parents=True, exist_ok=True)
    with (zone / _STILL).open("a") as lock:
        fcntl.flock(lock, how)
        yield


@contextmanager
def _locked(folder: Path, how: int = 0) -> Iterator[None]:
    lock = _lock(folder, how)
    try:
        yield
    finally:
        os.close(lock)


def _lock(folder: Path, how: int = 0) -> int:
    """A descriptor that holds the folder's lock until it is closed, by whatever end of the process."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | how)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def glob_of(path: Path) -> str:
    """The path, of whatever characters, as the one file of a pattern between single quotes in SQL."""
    return quoted(glob.escape(str(path)))


def quoted(path: Path | str) -> str:
    """The path as it stands between single quotes in SQL."""
    return str(path).replace("'", "''")
