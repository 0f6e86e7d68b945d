"""A landing zone and a loader for one contract at a time."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest

from ingest import Contract, LoadReport, load_partition, read_contracts
from tests.conftest import REPO

DAY = date(2026, 1, 5)


@dataclass
class Loader:
    """Lands bytes for a contract and loads them, as the asset does."""

    root: Path
    contracts: dict[str, Contract]
    adapters: Path = REPO / "adapters"

    def folder(self, name: str, day: date = DAY) -> Path:
        folder = self.root / "landing" / name.replace(".", "/") / day.isoformat()
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def land(self, name: str, file: str, content: bytes, day: date = DAY) -> Path:
        path = self.folder(name, day) / file
        path.write_bytes(content)
        return path

    def load(self, name: str, day: date = DAY, settle_seconds: float = 0) -> LoadReport:
        return load_partition(
            self.contracts[name],
            day,
            landing=self.root / "landing",
            raw=self.root / "raw",
            quarantine=self.root / "quarantine",
            adapters=self.adapters,
            settle_seconds=settle_seconds,
        )

    def rows(self, name: str, columns: str = "*") -> list[tuple[Any, ...]]:
        path = self.root / "raw" / name.replace(".", "/") / "*" / "part.parquet"
        return duckdb.sql(f"select {columns} from read_parquet('{path}') order by source_file, source_line").fetchall()

    def rejects(self, name: str, day: date = DAY) -> list[dict[str, Any]]:
        path = self.root / "quarantine" / name.replace(".", "/") / f"extract_date={day}" / "rejects.jsonl"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


@pytest.fixture
def loader(tmp_path: Path, manifest: dict[str, Any]) -> Loader:
    return Loader(tmp_path, {c.name: c for c in read_contracts(manifest)})


@pytest.fixture
def with_contract(loader: Loader) -> Callable[..., None]:
    """Change a contract for one test."""
    from dataclasses import replace

    def change(name: str, **fields: Any) -> None:
        loader.contracts[name] = replace(loader.contracts[name], **fields)

    return change
