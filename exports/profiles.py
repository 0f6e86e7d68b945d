"""Profiles for another system: `profiles.csv` and its manifest, which appear as a whole or not at all.

What goes into the file, and of whom, is not decided here.
"""

import csv
import re
from collections.abc import Iterable, Mapping, Sequence, Set
from pathlib import Path

import orjson

from exports.folder import MANIFEST, FileEntry, FileWriter, manifest_bytes, replaced, restore, write_synced
from exports.message import Run
from exports.safety import spreadsheet_cell

PROFILES = "profiles.csv"
_SCHEMA_VERSION = 1
# A phone or an amount may begin as a formula does, and computes nothing.
_NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?")


def write_profiles(
    directory: Path, columns: Sequence[str], rows: Iterable[Mapping[str, str | None]], *, run: Run
) -> FileEntry:
    """Writes a row for each profile, with a blank cell where nothing is to be said, and gives what the file has become.

    `columns` begin with `customer_id`. The same rows give the same bytes; a directory that has them is left untouched.
    """
    with replaced(directory) as partial:
        count = 0
        with FileWriter(partial / PROFILES) as file:
            table = csv.writer(file)
            table.writerow(columns)
            for row in rows:
                table.writerow(_cell(row[name]) for name in columns)
                count += 1
        entry = file.entry(count)
        manifest = {
            "schema_version": _SCHEMA_VERSION,
            "as_of": run.as_of.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "as_of_date": run.as_of_date.isoformat(),
            "profiles": count,
            "files": [entry.record()],
        }
        write_synced(partial / MANIFEST, manifest_bytes(manifest))
    return entry


def remove_profiles(directory: Path, customer_ids: Set[str]) -> int:
    """Takes the rows of some customers out of a file of profiles, and gives how many. Without any it is untouched."""
    restore(directory)
    with (directory / PROFILES).open(encoding="utf-8", newline="") as lines:
        header, *rows = csv.reader(lines)
    kept = [row for row in rows if row[0] not in customer_ids]
    if len(kept) < len(rows):
        with replaced(directory) as partial:
            with FileWriter(partial / PROFILES) as file:
                csv.writer(file).writerows([header, *kept])
            manifest = orjson.loads((directory / MANIFEST).read_bytes())
            manifest |= {"profiles": len(kept), "files": [file.entry(len(kept)).record()]}
            write_synced(partial / MANIFEST, manifest_bytes(manifest))
    return len(rows) - len(kept)


def _cell(value: str | None) -> str:
    if value is None or _NUMBER.fullmatch(value):
        return value or ""
    return spreadsheet_cell(value)
