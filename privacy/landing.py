"""What landed: the records of a person found as the loader reads them, and taken out of the vendor's own files.

A record is taken out of a text file by leaving its lines blank: blank lines are passed over, and every other record
keeps the line it is known by. Rows rejected for the same partition go with it.
"""

from __future__ import annotations

import gzip
import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import BinaryIO, cast

import pyarrow as pa
import pyarrow.parquet as pq

from disk import written
from ingest import Contract, ExtractError, Tombstones
from ingest.files import scratch_folder
from ingest.landing import LandedFile, landed_days, landed_files
from ingest.quarantine import read_rejects, replace_rejects
from ingest.read import read_file
from ingest.records import BOM, csv_records, guess_delimiter, lines, open_lines
from privacy.person import Identifier, Person
from privacy.records import know, names, orders_of, rows_of
from privacy.zones import Zones


@dataclass
class Found:
    """What one landed file holds: the lines on which records begin that must go."""

    contract: Contract
    day: date
    file: LandedFile
    lines: set[int]


def find(zones: Zones, person: Person, tombstones: Tombstones) -> tuple[Person, list[Found]]:
    """Each landed file that holds records of the person, or of who was erased before and has landed again.

    Gives the person with the orders that were found first: their lines are known by nothing else.
    """
    orders: set[Identifier] = set()
    placing = [c for c in zones.contracts if c.places_orders]
    found = list(_find(zones, placing, person, tombstones, orders))
    person = person.knows(orders)
    others = [c for c in zones.contracts if not c.places_orders]
    return person, found + list(_find(zones, others, person, tombstones, orders))


def _find(
    zones: Zones, contracts: Sequence[Contract], person: Person, tombstones: Tombstones, orders: set[Identifier]
) -> Iterator[Found]:
    with _scratch(zones) as scratch:
        for contract in contracts:
            root = zones.landing / contract.source / contract.table
            for day in landed_days(root) if contract.identifiers else ():
                for file in _files(root / day.isoformat(), contract):
                    if found := _lines(zones, contract, file, person, tombstones, scratch, orders):
                        yield Found(contract, day, file, found)


def _files(folder: Path, contract: Contract) -> list[LandedFile]:
    try:
        return landed_files(folder, contract.adapters)
    except ExtractError:
        # A file of no known format keeps the loader from the folder; what it holds, the last look will say.
        return []


def _lines(
    zones: Zones,
    contract: Contract,
    file: LandedFile,
    person: Person,
    tombstones: Tombstones,
    scratch: Path,
    orders: set[Identifier],
) -> set[int]:
    """The lines on which records of the person begin."""
    with zones.memory() as connection:
        try:
            rows = read_file(connection, contract, file, _by_line(zones, contract, file), scratch)
        except ExtractError:
            return _lines_naming(file, person, tombstones)
        know(connection, person)
        theirs = rows_of(connection, contract, rows.relation, "source_line")
        orders |= orders_of(connection, contract, rows.relation, theirs)
        found = set(theirs)
        found |= set(tombstones.erased_lines(connection, contract, rows.relation))
        found |= {reject.line for reject in rows.rejects if _names(reject.text, person, tombstones)}
    return found


def _by_line(zones: Zones, contract: Contract, file: LandedFile) -> str | None:
    """The file's adapter applied to each line alone: an adapter may make one record of many lines."""
    if file.adapter is None:
        return None
    sql = (zones.adapters / file.adapter / f"{contract.name}.sql").read_text()
    return f"""
        select record.* replace (line as source_line)
        from
            (select source_line as line from stock) as numbers,
            lateral (with stock as (select * from stock where source_line = line) select * from (
                {sql}
            )) as record"""


def _lines_naming(file: LandedFile, person: Person, tombstones: Tombstones) -> set[int]:
    """The lines of a file that cannot be read as rows which name the person."""
    if file.format == "parquet":
        return set()
    try:
        return {
            number for number, line in lines(file.path) if _names(line.decode("utf-8", "replace"), person, tombstones)
        }
    except ExtractError:
        return set()


def remove(found: Found) -> None:
    """Take the records out of the file."""
    if found.file.format == "parquet":
        _drop_rows(found.file.path, found.lines)
    else:
        _blank_lines(found)


def remove_rejects(zones: Zones, found: Sequence[Found], person: Person, tombstones: Tombstones) -> int:
    """Take out of the quarantine the rows that name the person and those from the lines found; give how many went.

    To be done before the lines are taken out: once a line is blank, nothing says whose row was rejected from it.
    """
    removed = 0
    for path in sorted(zones.quarantine.glob("*/*/*/rejects.*")):
        theirs = {(f.file.path.name, n) for f in found if _quarantine(zones, f) == path.parent for n in f.lines}
        rejects = read_rejects(path, zones.vault)
        kept = [r for r in rejects if (r.file, r.line) not in theirs and not _names(r.text, person, tombstones)]
        if len(kept) < len(rejects):
            removed += len(rejects) - len(kept)
            with _scratch(zones) as scratch:
                replace_rejects(kept, path.parent, scratch, zones.vault)
    return removed


def _quarantine(zones: Zones, found: Found) -> Path:
    return zones.quarantine / found.contract.source / found.contract.table / f"extract_date={found.day}"


def _names(text: str, person: Person, tombstones: Tombstones) -> bool:
    return names(person, text) or tombstones.is_mentioned_in(text)


@contextmanager
def _scratch(zones: Zones) -> Iterator[Path]:
    """A folder beside the zones, from which a file is renamed into them; elsewhere for who may only read."""
    if os.access(zones.home, os.W_OK):
        with scratch_folder(zones.home) as folder:
            yield folder
    else:
        with tempfile.TemporaryDirectory() as name:
            yield Path(name)


def _blank_lines(found: Found) -> None:
    """Leave the lines of the records blank, in the same compression."""
    path, physical = found.file.path, _physical_lines(found)
    with (
        written(path) as temporary,
        open_lines(path) as source,
        _compressed(temporary, path.suffix.lower()) as target,
    ):
        for number, line in enumerate(source, start=1):
            if number in physical:
                mark = BOM if number == 1 and line.startswith(BOM) else b""
                target.write(mark + line[len(line.rstrip(b"\r\n")) :])
            else:
                target.write(line)


def _physical_lines(found: Found) -> set[int]:
    """Every line that the records span: a quoted CSV field may hold line ends."""
    if found.file.format != "csv":
        return found.lines
    path, contract = found.file.path, found.contract
    known = [name for column in contract.columns for name in column.names]
    delimiter = contract.delimiter.encode() if contract.delimiter else guess_delimiter(path, known)
    return found.lines | {
        line
        for number, record in csv_records(path, delimiter, [])
        if number in found.lines
        for line in range(number, number + record.count(b"\n") + 1)
    }


@contextmanager
def _compressed(path: Path, suffix: str) -> Iterator[BinaryIO]:
    if suffix == ".gz":
        # No name and no time in the header: the same content gives the same bytes.
        with path.open("wb") as raw, gzip.GzipFile(filename="", mode="wb", fileobj=raw, mtime=0) as stream:
            yield cast(BinaryIO, stream)
    elif suffix == ".zst":
        with pa.OSFile(str(path), "wb") as raw, pa.CompressedOutputStream(raw, "zstd") as stream:
            yield cast(BinaryIO, stream)
    else:
        with path.open("wb") as stream:
            yield stream


def _drop_rows(path: Path, numbers: set[int]) -> None:
    """Rewrite a vendor's Parquet file without the rows of these numbers, counted from 1."""
    whole = pq.ParquetFile(path)
    codec = whole.metadata.row_group(0).column(0).compression
    table = whole.read()
    keep = pa.array([number not in numbers for number in range(1, table.num_rows + 1)])
    with written(path) as temporary:
        pq.write_table(table.filter(keep), temporary, compression=codec if codec != "UNCOMPRESSED" else "none")
