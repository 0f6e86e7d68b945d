"""The last look: every file under the home, opened as what it is, searched for what was to be erased.

Only what is distinctive is searched for: an id that is short may stand anywhere by chance, and is matched by column
alone when it is taken out. A find is a whole word, not a part of another.
"""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from ingest import ExtractError
from ingest.identifiers import SHORTEST_DISTINCTIVE
from ingest.records import open_lines
from privacy.person import Person
from privacy.zones import Zones

# A number with fewer digits is too often another number.
_SHORTEST_NUMBER = 9
_SHORTEST_PHONE = 8
_CHUNK = 1 << 24
_OVERLAP = 1 << 10
_SEPARATORS = b" ()./-+"
# How a SQLite file begins.
_SQLITE = b"SQLite format 3\x00"
# The sample extracts' ground truth is no zone: it is what a test holds the zones against.
_NO_ZONE = ("truth",)
# dbt's own copies of the project's text: a number in an example there is no find.
_PROJECT_TEXT = ("manifest.json", "partial_parse.msgpack", "graph.gpickle")


@dataclass(frozen=True)
class Left:
    """Something still to be found: in which file, and what kind of thing."""

    path: Path
    kind: str


@dataclass(frozen=True)
class _Sought:
    kind: str
    text: bytes
    pattern: re.Pattern[bytes]


def look(zones: Zones, person: Person) -> list[Left]:
    """What is left of the person, by file and kind."""
    sought, phones = _sought(person), _phones(person)
    found = set()
    for path in sorted(p for p in zones.home.rglob("*") if p.is_file()):
        place = path.relative_to(zones.home).parts[0]
        if path == zones.journal or place in _NO_ZONE or (place == "dbt" and path.name in _PROJECT_TEXT):
            continue
        for content in _contents(path, zones):
            found |= {Left(path, kind) for kind in _kinds(content, sought, phones)}
    return sorted(found, key=lambda left: (str(left.path), left.kind))


def named_in(paths: list[Path], person: Person) -> list[Left]:
    """Which of some text files name the person."""
    sought, phones = _sought(person), _phones(person)
    return [Left(p, kind) for p in paths for kind in sorted(_kinds(p.read_bytes(), sought, phones))]


def _sought(person: Person) -> list[_Sought]:
    wanted = {("name", name) for name in person.names}
    wanted |= {("customer_id", value) for value in person.customer_ids}
    wanted |= {("message_id", value) for value in person.message_ids}
    wanted |= {(kind, value) for kind, value in person.own if kind != "phone" and _is_distinctive(value)}
    # JSON may write what is not ASCII as \\u00fc.
    wanted |= {(kind, json.dumps(text)[1:-1]) for kind, text in wanted if not text.isascii()}
    return [_Sought(kind, text.lower().encode(), _whole(kind, text.lower())) for kind, text in sorted(wanted)]


def _is_distinctive(value: str) -> bool:
    return len(value) >= (_SHORTEST_NUMBER if value.isdecimal() else SHORTEST_DISTINCTIVE)


def _whole(kind: str, text: str) -> re.Pattern[bytes]:
    escaped = re.escape(text.encode())
    if kind == "email":
        return re.compile(rb"(?<![\w.+-])" + escaped + rb"(?![\w-])(?!\.\w)")
    return re.compile(rb"(?<!\w)" + escaped + rb"(?!\w)")


def _phones(person: Person) -> list[bytes]:
    digits = {value.lstrip("+").lstrip("0") for kind, value in person.own if kind == "phone"}
    return sorted(d.encode() for d in digits if len(d) >= _SHORTEST_PHONE)


def _kinds(content: bytes, sought: list[_Sought], phones: list[bytes]) -> set[str]:
    lower = content.lower() if content.isascii() else content.decode(errors="replace").lower().encode()
    # Looking for the bytes first is many times faster than the pattern, and mostly finds nothing.
    found = {s.kind for s in sought if s.text in lower and s.pattern.search(lower)}
    if phones:
        digits = content.translate(None, _SEPARATORS)
        if any(p in digits and re.search(rb"(?<![1-9])0*" + p + rb"(?!\d)", digits) for p in phones):
            found.add("phone")
    return found


def _contents(path: Path, zones: Zones) -> Iterator[bytes]:
    """The file's text in pieces, decompressed and decoded."""
    suffix = path.suffix.lower()
    if suffix == ".parquet":
        yield from _parquet_texts(path, zones)
    elif suffix == ".duckdb":
        yield from _warehouse_texts(path, zones)
    elif _is_sqlite(path):
        yield from _sqlite_texts(path)
    yield from _chunks(path)


def _chunks(path: Path) -> Iterator[bytes]:
    try:
        with open_lines(path) as stream:
            tail = b""
            while piece := stream.read(_CHUNK):
                yield tail + piece
                tail = piece[-_OVERLAP:]
    except (ExtractError, OSError):
        yield path.read_bytes()


def _parquet_texts(path: Path, zones: Zones) -> Iterator[bytes]:
    try:
        if zones.landing in path.parents:
            yield from _column_texts(pq.ParquetFile(path).read())
        else:
            with zones.memory() as connection:
                for batch in connection.execute(f"select * from {zones.parquet(path)}").to_arrow_reader(100_000):
                    yield from _column_texts(batch)
    except (duckdb.Error, pa.ArrowException):
        # Half a file: its bytes are looked at all the same.
        return


def _warehouse_texts(path: Path, zones: Zones) -> Iterator[bytes]:
    with zones.vault.connect(path, read_only=True) as connection:
        tables = connection.execute("select schema_name, table_name from duckdb_tables() where not internal").fetchall()
        for schema, table in tables:
            for batch in connection.execute(f'select * from "{schema}"."{table}"').to_arrow_reader(100_000):
                yield from _column_texts(batch)


def _column_texts(batch: pa.RecordBatch | pa.Table) -> Iterator[bytes]:
    for column in batch.columns:
        if not pa.types.is_string(column.type) and not pa.types.is_large_string(column.type):
            if not pa.types.is_nested(column.type):
                continue
            yield repr(column.to_pylist()).encode()
            continue
        yield "\n".join(v for v in column.to_pylist() if v is not None).encode()


def _is_sqlite(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(len(_SQLITE)) == _SQLITE


def _sqlite_texts(path: Path) -> Iterator[bytes]:
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    try:
        tables = connection.execute("select name from sqlite_master where type = 'table'").fetchall()
        for (table,) in tables:
            for row in connection.execute(f'select * from "{table}"'):
                yield "\n".join(v for v in row if isinstance(v, str)).encode()
    finally:
        connection.close()
