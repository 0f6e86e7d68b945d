"""A file is written under a name that nobody reads, brought to the disk, and renamed.

A rename is one step for whoever looks, but a power cut may keep it and lose what was written before it: hence the sync
of the file first, and of the folder after, which is what holds the name.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def written(target: Path) -> Iterator[Path]:
    """A path to write a file to, which then takes the place of `target`. After a failure `target` is as it was."""
    make_folder(target.parent)
    temporary = unread_beside(target)
    try:
        yield temporary
        put_in_place(temporary, target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def write_whole(target: Path, content: bytes) -> None:
    """Put a file of this content in place."""
    with written(target) as temporary:
        temporary.write_bytes(content)


def put_in_place(source: Path, target: Path) -> None:
    """Rename a file over `target`, on disk before it is seen: a power cut leaves the old file or the new one."""
    make_folder(target.parent)
    _sync(source)
    source.replace(target)
    sync_folder(target.parent)


def make_folder(folder: Path) -> None:
    """Make a folder and those above it; each that is new is on disk on return."""
    missing = [each for each in (folder, *folder.parents) if not each.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    for each in missing:
        sync_folder(each.parent)


def sync_folder(folder: Path) -> None:
    """Bring to the disk which names a folder holds."""
    _sync(folder)


def unread_beside(target: Path) -> Path:
    """The name a file is written under: no view or glob matches its ending, and a crash may leave it."""
    return target.with_name(f".{target.name}.tmp")


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
