"""Files that grow while people pass by, at a bounded cost in memory and in open handles.

Each file's lines wait in memory until they are worth a write; then the file is opened, appended to and closed. All
files grow under a hidden folder of the landing zone and are renamed into place at the end, so that no loader ever sees
half a file.
"""

from __future__ import annotations

import csv
import os
import shutil
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from random import Random

from samples import clock
from samples.dirt import Dirt, json_line, kinds_for, spoil_bytes, spoil_csv, spoil_json
from samples.tables import TABLES, Table
from samples.world import SHARES, World

FLUSH_BYTES = 32 * 1024
GZIP_LEVEL = 3
GZIP_WINDOW = 31  # zlib's code for a gzip stream; its header then holds no time and no name
MOST_BAD = 0.05
OTHER_HEADER_DAY = 3  # of each seven days


# A CSV row in the order of the table's columns, or a JSON object.
Row = tuple[object, ...] | dict[str, object]


class GrowingFile:
    """A file written by appending, gzipped if its name says so."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"")
        self.path = path
        self._waiting = bytearray()
        self._gzip = zlib.compressobj(GZIP_LEVEL, zlib.DEFLATED, GZIP_WINDOW) if path.suffix == ".gz" else None

    def write_line(self, line: bytes) -> None:
        """Append the line and its end."""
        self._waiting += line
        self._waiting += b"\n"
        if len(self._waiting) > FLUSH_BYTES:
            self._append(self._take())

    def close(self) -> None:
        """Write what is left."""
        self._append(self._take() + (self._gzip.flush() if self._gzip else b""))

    def _take(self) -> bytes:
        text = bytes(self._waiting)
        self._waiting.clear()
        return self._gzip.compress(text) if self._gzip else text

    def _append(self, data: bytes) -> None:
        with self.path.open("ab") as out:
            out.write(data)


class JsonLines(GrowingFile):
    """A truth file: one JSON object per line."""

    def add(self, record: Mapping[str, object]) -> None:
        """Append one record."""
        self.write_line(json_line(record))


class _Line:
    """Takes the one write that csv makes per row."""

    text = ""

    def write(self, text: str) -> None:
        self.text = text


_line = _Line()
# The writer quotes a line break only where it is the line end it writes itself.
_csv = csv.writer(_line, lineterminator="\n")


def csv_line(row: Sequence[object]) -> bytes:
    """The row as CSV (RFC 4180), without the line end; None is an empty field."""
    _csv.writerow(row)
    return _line.text[:-1].encode()


def _plain(row: Row) -> bytes:
    return csv_line(row) if isinstance(row, tuple) else json_line(row)


class Extract:
    """One day's file of one table: takes clean rows, and dirties some."""

    def __init__(self, table: Table, day: int, name: str, file: GrowingFile, seed: int, dirty: JsonLines) -> None:
        self.table = table
        self.name = name
        self.loaded = self.quarantined = self.skipped = self.lines = 0
        self._file = file
        self._dirty = dirty
        self._rng = Random(f"dirt/{seed}/{name}")
        self._kinds = kinds_for(table)
        self._next_kind = self._rng.randrange(len(self._kinds))
        self._until_dirt = self._gap()
        if table.is_csv:
            other = table.other_header if day % 7 == OTHER_HEADER_DAY else {}
            self._write(csv_line([other.get(column, column) for column in table.columns]))

    def add(self, row: Row, *, is_late: bool = False) -> None:
        """Write one row: a sequence in the order of the table's columns, or for JSONL a mapping."""
        if is_late:
            self._note(Dirt.LATE)
        self.loaded += 1
        self._until_dirt -= 1
        if self._until_dirt > 0:
            self._write(_plain(row))
        else:
            self._add_with_dirt(row)

    def close(self) -> None:
        """Write what is left."""
        self._file.close()

    def _add_with_dirt(self, row: Row) -> None:
        """Write the row, and what the next kind of dirt makes of it after it; a line break goes into the row itself."""
        kind = self._pick()
        if kind is Dirt.QUOTED_NEWLINE:
            self._note(kind)
            self._write(self._spoil(kind, row))
            return
        self._write(_plain(row))
        if kind is None:
            return
        self._note(kind)
        self._write(b"" if kind is Dirt.BLANK_LINE else self._spoil(kind, row))
        outcome = kind.outcome_in(self.table)
        self.loaded += outcome == "loaded"
        self.quarantined += outcome == "quarantined"
        self.skipped += outcome == "skipped"

    def _pick(self) -> Dirt | None:
        """The kind whose turn it is, unless that would leave too large a share of the file bad."""
        self._until_dirt = self._gap()
        kind = self._kinds[self._next_kind % len(self._kinds)]
        if kind.outcome_in(self.table) == "quarantined" and self.quarantined + 1 > MOST_BAD * self.loaded:
            return None
        self._next_kind += 1
        return kind

    def _spoil(self, kind: Dirt, row: Row) -> bytes:
        spoilt = spoil_csv(self.table, kind, row) if isinstance(row, tuple) else spoil_json(self.table, kind, row)
        return spoil_bytes(kind, _plain(spoilt))

    def _write(self, line: bytes) -> None:
        self.lines += 1 + (b"\n" in line and line.count(b"\n"))
        self._file.write_line(line)

    def _note(self, kind: Dirt) -> None:
        """Say of the next line what is wrong with it."""
        self._dirty.add(
            {"file": self.name, "line": self.lines + 1, "kind": kind, "outcome": kind.outcome_in(self.table)}
        )

    def _gap(self) -> int:
        return 1 + int(self._rng.expovariate(SHARES.dirty))


class Landing:
    """All extracts of a world."""

    def __init__(self, world: World, folder: Path, dirty: JsonLines) -> None:
        self._world = world
        self._folder = folder
        self._dirty = dirty
        self._extracts: dict[Table, dict[int, Extract]] = {table: {} for table in TABLES}
        for table in TABLES:
            if table.every == 1:
                self._extracts[table] = {day: self._open(table, day) for day in range(world.days)}

    def add(self, table: Table, at: int, row: Row, *, is_late: bool = False) -> None:
        """Put the row into the extract of the day that `at` is in; what comes after the last day is in none."""
        if at < self._world.end_ms:
            self.add_on(table, self.day_of(table, at), row, is_late=is_late)

    def add_on(self, table: Table, day: int, row: Row, *, is_late: bool = False) -> None:
        """Put the row into the extract of the day, counted from 0."""
        extracts = self._extracts[table]
        if day not in extracts:
            extracts[day] = self._open(table, day)
        extracts[day].add(row, is_late=is_late)

    def day_of(self, table: Table, at: int) -> int:
        """The day, counted from 0, of the table's extract that brings what happened at `at`."""
        day = self._world.day_of(at)
        return day + (self._world.days - 1 - day) % table.every

    def close(self, files: JsonLines) -> None:
        """Finish every file, set its time to the end of its day, and write its counts to `files`."""
        for table, extracts in self._extracts.items():
            for day, extract in sorted(extracts.items()):
                extract.close()
                end = (self._world.first_ms + (day + 1) * clock.DAY) // clock.SECOND
                os.utime(self._folder / extract.name, (end, end))
                files.add(
                    {
                        "file": extract.name,
                        "table": f"{table.source}.{table.name}",
                        "lines": extract.lines,
                        "loaded": extract.loaded,
                        "quarantined": extract.quarantined,
                        "skipped": extract.skipped,
                    }
                )

    def _open(self, table: Table, day: int) -> Extract:
        name = f"{table.source}/{table.name}/{self._world.date_of(day)}/{table.file}"
        return Extract(table, day, name, GrowingFile(self._folder / name), self._world.seed, self._dirty)


@contextmanager
def staged(folder: Path) -> Iterator[Path]:
    """A hidden folder inside `folder`; at the end its files are renamed into `folder`, after an error deleted."""
    growing = folder / ".growing"
    shutil.rmtree(growing, ignore_errors=True)
    growing.mkdir(parents=True)
    try:
        yield growing
        for path in sorted(path for path in growing.rglob("*") if path.is_file()):
            target = folder / path.relative_to(growing)
            target.parent.mkdir(parents=True, exist_ok=True)
            path.replace(target)
    finally:
        shutil.rmtree(growing)
