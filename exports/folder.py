"""A folder of the outbox: files that know their hash, and appear as a whole or not at all.

Knows nothing of what the files hold. One writer per folder at a time.
"""

import filecmp
import hashlib
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import orjson

from disk import make_folder, sync_folder

MANIFEST = "manifest.json"
BUFFER_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class FileEntry:
    """One file of an outbox. `rows` counts messages or profiles: a CSV's header is not a row.

    `send_at` is before when a service's file may not be handed over; those of the exporter's own have none.
    """

    name: str
    rows: int
    bytes: int
    sha256: str
    send_at: str | None = None

    def record(self) -> dict[str, Any]:
        """The entry as the manifest has it."""
        return {key: value for key, value in asdict(self).items() if value is not None}


def manifest_bytes(manifest: Mapping[str, Any]) -> bytes:
    """A manifest as written: indented, keys in a fixed order, newline at the end."""
    return orjson.dumps(manifest, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE)


class FileWriter:
    """A file that knows its size and hash when it is done, and is on disk by then."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = path.open("wb", buffering=BUFFER_BYTES)
        self._digest = hashlib.sha256()
        self._bytes = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._file:
            if error is None:
                self._file.flush()
                os.fsync(self._file.fileno())

    def write(self, text: str) -> None:
        self.write_bytes(text.encode())

    def write_json(self, value: object) -> None:
        self.write_bytes(orjson.dumps(value, option=orjson.OPT_APPEND_NEWLINE))

    def write_bytes(self, data: bytes) -> None:
        self._file.write(data)
        self._digest.update(data)
        self._bytes += len(data)

    def entry(self, rows: int) -> FileEntry:
        return FileEntry(self.path.name, rows, self._bytes, self._digest.hexdigest())


@contextmanager
def replaced(directory: Path) -> Iterator[Path]:
    """A hidden directory to write into, which then takes the place of `directory` by rename: after any failure that is
    as it was before. One that holds the very bytes already is left untouched.
    """
    make_folder(directory.parent)
    restore(directory)
    partial = _sibling(directory, "partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir()
    try:
        yield partial
        if not _holds(directory, partial):
            _replace(directory, partial)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _holds(directory: Path, partial: Path) -> bool:
    """True when `directory` has the very bytes just written."""
    names = [path.relative_to(partial).as_posix() for path in partial.rglob("*") if path.is_file()]
    matches, _, _ = filecmp.cmpfiles(directory, partial, names, shallow=False)
    return len(matches) == len(names)


def _replace(directory: Path, partial: Path) -> None:
    """Renames `partial` into place; what was there is kept aside until that has worked."""
    for folder in (*filter(Path.is_dir, partial.iterdir()), partial):
        sync_folder(folder)
    previous = _sibling(directory, "previous")
    if directory.exists():
        directory.rename(previous)
    try:
        partial.rename(directory)
    except OSError:
        restore(directory)
        raise
    sync_folder(directory.parent)
    shutil.rmtree(previous, ignore_errors=True)


def restore(directory: Path) -> None:
    """Puts back a directory that was set aside by a writer that died before its own was in place."""
    previous = _sibling(directory, "previous")
    if previous.exists():
        if directory.exists():
            shutil.rmtree(previous)
        else:
            previous.rename(directory)


def recover(parent: Path) -> None:
    """Puts back what writers that died have set aside in a folder of directories, and removes what they had begun."""
    for left in parent.glob(".*.previous"):
        restore(parent / left.name.removeprefix(".").removesuffix(".previous"))
    for left in parent.glob(".*.partial"):
        shutil.rmtree(left)


def _sibling(directory: Path, purpose: str) -> Path:
    return directory.with_name(f".{directory.name}.{purpose}")


def write_synced(path: Path, data: bytes) -> None:
    """Writes a file that is on disk on return."""
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
