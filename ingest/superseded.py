"""Earlier loads of a partition, kept beside the one in place: a day that read them can be replayed as it was.

`extract_date=<day>/superseded/<load_id>.parquet`. No view sees them; who walks the raw zone does, by `files_of`.
"""

from __future__ import annotations

import shutil
from collections.abc import Collection
from pathlib import Path

from disk import written
from engine import Vault, is_encrypted
from ingest.files import glob_of

PART = "part.parquet"
SUPERSEDED = "superseded"
# What the load of a file without rows is called: no row says of which load it is.
EMPTY = "empty"


def keep(folder: Path, replacement: Path, vault: Vault) -> None:
    """Keep what lies in a partition's folder, if what is to replace it is another load."""
    part = folder / PART
    # What was written before there was a key stays in no second copy.
    if not part.exists() or is_encrypted(part) != bool(vault.key):
        return
    load_id = load_id_of(part, vault)
    if load_id == load_id_of(replacement, vault):
        return
    with written(folder / SUPERSEDED / f"{load_id}.parquet") as copy:
        shutil.copyfile(part, copy)


def load_id_of(part: Path, vault: Vault) -> str:
    """The id of the load whose rows a file holds."""
    with vault.connect() as connection:
        rows = vault.read_parquet(glob_of(part), "hive_partitioning = false")
        found = connection.execute(f"select load_id from {rows} limit 1").fetchone()
    return str(found[0]) if found else EMPTY


def files_of(table: Path) -> list[Path]:
    """Every file of a raw table, what was superseded too; by day, the one in place before the others."""
    return [
        file
        for folder in sorted(table.glob("extract_date=*"))
        for file in [*sorted(folder.glob("*.parquet")), *sorted(folder.glob(f"{SUPERSEDED}/*.parquet"))]
    ]


def partition_of(file: Path) -> Path:
    """The folder `extract_date=<day>` that one of these files belongs to."""
    return file.parent.parent if file.parent.name == SUPERSEDED else file.parent


def forget(raw: Path, read: Collection[tuple[str, str, str, str]]) -> int:
    """Remove what nobody has read: all superseded loads but those, as source, table, day and load id; give how many."""
    unread = [
        file
        for file in raw.glob(f"*/*/extract_date=*/{SUPERSEDED}/*.parquet")
        if (*file.parts[-5:-3], file.parts[-3].removeprefix("extract_date="), file.stem) not in read
    ]
    for file in unread:
        file.unlink()
    return len(unread)
