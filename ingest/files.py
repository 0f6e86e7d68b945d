"""Folders to write into, and paths as SQL has them, for every zone that holds state."""

from __future__ import annotations

import fcntl
import glob
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from disk import make_folder

_SCRATCH = ".loading-"


@contextmanager
def scratch_folder(parent: Path) -> Iterator[Path]:
    """A folder for what is being written, on the file system of what it becomes, and gone at the end.

    What a crash has left is removed first: it may hold rows in plain text. A lock on each folder tells whether its
    process still lives.
    """
    make_folder(parent)
    with _locked(parent):
        for left in parent.glob(f"{_SCRATCH}*"):
            with suppress(BlockingIOError, FileNotFoundError), _locked(left, fcntl.LOCK_EX | fcntl.LOCK_NB):
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
    """Until the end, no load is put in place in the tables that the zone has: who reads it twice reads the same."""
    with ExitStack() as held:
        for table in sorted(path for path in zone.glob("[!.]*/*") if path.is_dir()):
            held.enter_context(_locked(table, fcntl.LOCK_SH))
        yield


@contextmanager
def changing(table: Path) -> Iterator[None]:
    """Wait for whoever needs a table to stand still, and keep others from beginning to."""
    make_folder(table)
    with _locked(table):
        yield


@contextmanager
def _locked(folder: Path, how: int = fcntl.LOCK_EX) -> Iterator[None]:
    lock = _lock(folder, how)
    try:
        yield
    finally:
        os.close(lock)


def _lock(folder: Path, how: int = fcntl.LOCK_EX) -> int:
    """A descriptor that holds the folder's lock until it is closed, by whatever end of the process."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, how)
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
