"""What lies in the landing zone for one partition, and whether it has stopped growing."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from ingest.errors import ExtractError, StillBeingWrittenError

UNFINISHED = (".tmp", ".part", ".partial", ".crdownload", ".filepart", ".swp")
CSV = (".csv", ".tsv", ".txt")
JSONL = (".jsonl", ".ndjson", ".json")
PARQUET = (".parquet",)
COMPRESSED = (".gz", ".zst")


@dataclass(frozen=True)
class LandedFile:
    """One file to load; `adapter` names the vendor whose stock file it is, or is None for the contract's own shape."""

    path: Path
    format: str
    adapter: str | None
    size: int
    mtime_ns: int

    def unchanged(self) -> bool:
        """Whether the file is still as it was when it was listed."""
        stat = self.path.stat()
        return (stat.st_size, stat.st_mtime_ns) == (self.size, self.mtime_ns)


def landed_days(table_dir: Path) -> list[date]:
    """The days that have a folder in `<landing>/<source>/<table>`, in order; other names are passed over."""
    days = []
    for folder in table_dir.iterdir() if table_dir.is_dir() else ():
        try:
            day = date.fromisoformat(folder.name)
        except ValueError:
            continue
        # Python takes 20260105 for a day too, but no file is looked for under that name.
        if folder.name == day.isoformat():
            days.append(day)
    return sorted(days)


def passed_over(landing: Path, tables: Iterable[Path]) -> list[Path]:
    """The folders in the landing zone with files that are looked for by no table: of another name, or not of a day."""
    looked_into = {table / day.isoformat() for table in tables for day in landed_days(table)}
    found = {path.parent for path in landing.rglob("*") if _is_finished_name(path)}
    hidden = {folder for folder in found if any(part.startswith(".") for part in folder.relative_to(landing).parts)}
    return sorted(found - looked_into - hidden)


def listing(folder: Path) -> str:
    """The finished files of one partition's folder as `name:size:mtime`, whatever their format."""
    found = []
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        # A file may be taken away while it is looked at.
        with suppress(FileNotFoundError):
            if _is_finished_name(path):
                stat = path.stat()
                found.append(f"{_printable(path.name)}:{stat.st_size}:{stat.st_mtime_ns}")
    return ";".join(found)


def landed_files(folder: Path, adapters: Sequence[str] = ()) -> list[LandedFile]:
    """The finished files of one partition's folder, by name.

    Hidden files, names that start with `_`, and the names that uploads use until they are done are passed over.

    Raises:
        ExtractError: a file is of no format that can be read, a link that leads out of its table's folder, or has a
            name that is no text.
    """
    if not folder.is_dir():
        return []
    return [_describe(path, adapters) for path in sorted(folder.iterdir()) if _is_finished_name(path)]


def _printable(name: str) -> str:
    """A file's name as text: on some systems it can be any bytes."""
    return os.fsencode(name).decode(errors="backslashreplace")


def _is_finished_name(path: Path) -> bool:
    return path.is_file() and not path.name.startswith((".", "_")) and path.suffix.lower() not in UNFINISHED


def _describe(path: Path, adapters: Sequence[str]) -> LandedFile:
    if (printable := _printable(path.name)) != path.name:
        raise ExtractError(
            f"{path.parent}/{printable}: its name is not UTF-8, so it cannot be kept on record. Rename it."
        )
    # Whoever may write here may not therefore have this machine's other files read to them.
    if not path.resolve().is_relative_to(path.parent.parent.resolve()):
        raise ExtractError(f"{path}: a link that leads out of the folder of its table. Put the file itself there.")
    suffixes = [s.lower() for s in path.suffixes]
    if suffixes and suffixes[-1] in COMPRESSED:
        suffixes.pop()
    last = suffixes[-1] if suffixes else ""
    formats = {"csv": CSV, "jsonl": JSONL, "parquet": PARQUET}
    known = [name for name, endings in formats.items() if last in endings]
    if not known:
        raise ExtractError(
            f"{path}: cannot tell the format. Name it *.csv, *.tsv, *.jsonl or *.parquet, "
            "with .gz or .zst after that if it is compressed."
        )
    adapter = next((a for a in adapters if path.name.startswith(a)), None)
    stat = path.stat()
    return LandedFile(path, known[0], adapter, stat.st_size, stat.st_mtime_ns)


def wait_until_settled(files: Iterable[LandedFile], settle_seconds: float) -> None:
    """Wait, at most `settle_seconds`, until every file has gone that long without a change.

    Raises:
        StillBeingWrittenError: a file changed meanwhile.
    """
    files = list(files)
    youngest = max((f.mtime_ns for f in files), default=0) / 1e9
    # A vendor's clock may be ahead of ours: never wait longer than the settle time itself.
    wait = min(settle_seconds, youngest + settle_seconds - time.time())
    if wait > 0:
        time.sleep(wait)
    ensure_unchanged(files)


def ensure_unchanged(files: Iterable[LandedFile]) -> None:
    """Raise StillBeingWrittenError if a file is no longer as it was listed."""
    for file in files:
        if not file.path.exists() or not file.unchanged():
            raise StillBeingWrittenError(
                f"{file.path}: still being written. Run the partition again once the upload is done."
            )


def load_id(files: Iterable[LandedFile], fingerprint: str) -> str:
    """A hash of what is loaded and how: the files' names and bytes and the contract's fingerprint (16 hex digits)."""
    digest = hashlib.sha256(fingerprint.encode())
    for file in files:
        with file.path.open("rb") as stream:
            digest.update(file.path.name.encode())
            digest.update(hashlib.file_digest(stream, "sha256").digest())
    return digest.hexdigest()[:16]
