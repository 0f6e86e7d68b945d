"""Whether what lies in the zones under its final name is whole."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import duckdb


def ensure_whole(home: Path) -> None:
    """Every Parquet file can be read to its end, every outbox holds what its manifest lists, and what is published
    opens and says of when it is.
    """
    with duckdb.connect() as connection:
        for path in (p for zone in ("raw", "history", "ledger") for p in (home / zone).rglob("*.parquet")):
            if not any(part.startswith(".") for part in path.relative_to(home).parts):
                connection.execute("select count(columns(*)) from read_parquet($path)", {"path": str(path)}).fetchall()
    for path in (home / "outbox").glob("[!.]*/[!.]*/manifest.json"):
        for file in json.loads(path.read_text())["files"]:
            assert hashlib.sha256((path.parent / file["name"]).read_bytes()).hexdigest() == file["sha256"]
    if (home / "published/warehouse.duckdb").exists():
        with duckdb.connect(str(home / "published/warehouse.duckdb"), read_only=True) as connection:
            assert connection.execute("select as_of from published.run").fetchone()


# What a day has spent itself is in the ledger once it runs again, and these say so.
_OF_THE_LEDGER = {"intermediate.int_offers__codes_spent", "marts.fct_offer_codes"}


def tables(home: Path) -> dict[str, str]:
    """A hash of the rows of each published table, in whatever order they stand."""
    with duckdb.connect(str(home / "published/warehouse.duckdb"), read_only=True) as connection:
        names = connection.execute(
            "select table_schema || '.' || table_name from information_schema.tables "
            "where table_type = 'BASE TABLE' order by 1"
        ).fetchall()
        return {name: _hash(connection, name) for (name,) in names if name not in _OF_THE_LEDGER}


def sent(home: Path) -> list[str]:
    """The message ids in the outboxes of all days."""
    return [
        json.loads(line)["message_id"]
        for path in sorted((home / "outbox").glob("[!.]*/[!.]*/payloads.jsonl"))
        for line in path.read_text().splitlines()
    ]


def _hash(connection: duckdb.DuckDBPyConnection, table: str) -> str:
    rows = sorted(repr(row) for row in connection.execute(f"from {table}").fetchall())
    return hashlib.sha256("\n".join(rows).encode()).hexdigest()
