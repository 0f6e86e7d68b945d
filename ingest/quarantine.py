"""The quarantine zone: the rows that do not fit their contract, with file, line, reason and their own text.

One file a partition: JSON lines, which any editor opens; with a key Parquet, which alone can be encrypted.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa

from disk import put_in_place
from engine import Vault
from ingest.files import glob_of, quoted
from ingest.records import Reject

PLAIN = "rejects.jsonl"
ENCRYPTED = "rejects.parquet"
_SCHEMA = pa.schema([("file", pa.string()), ("line", pa.int64()), ("reason", pa.string()), ("text", pa.string())])


def read_rejects(path: Path, vault: Vault) -> list[Reject]:
    """The rows of one partition's file, as it was written, by file and line."""
    if path.name == PLAIN:
        with path.open(encoding="utf-8") as lines:
            return [Reject(**json.loads(line)) for line in lines]
    with vault.connect() as connection:
        files = vault.read_parquet(glob_of(path), "hive_partitioning = false")
        found = connection.execute(f"select file, line, reason, text from {files} order by file, line").fetchall()
    return [Reject(*row) for row in found]


def replace_rejects(rejects: Sequence[Reject], folder: Path, scratch: Path, vault: Vault) -> None:
    """Put the partition's rejected rows in place of those of before; without any, there is no file.

    `scratch` is a folder on the same file system.
    """
    name, other = (ENCRYPTED, PLAIN) if vault.key else (PLAIN, ENCRYPTED)
    if rejects:
        _write(sorted(rejects, key=lambda r: (r.file, r.line)), scratch / name, vault)
        put_in_place(scratch / name, folder / name)
    else:
        (folder / name).unlink(missing_ok=True)
    (folder / other).unlink(missing_ok=True)


def _write(rejects: Sequence[Reject], target: Path, vault: Vault) -> None:
    if not vault.key:
        with target.open("w", encoding="utf-8") as out:
            out.writelines(json.dumps(vars(reject), ensure_ascii=False) + "\n" for reject in rejects)
        return
    with vault.connect() as connection:
        connection.register("rejects", pa.Table.from_pylist([vars(reject) for reject in rejects], _SCHEMA))
        connection.execute(f"copy (from rejects) to '{quoted(target)}' ({vault.parquet})")
