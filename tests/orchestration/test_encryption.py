"""Turning encryption on: every file, by one rename each, and nothing with the wrong key."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from disk import put_in_place
from engine import Vault, VaultError, is_encrypted
from ingest.quarantine import read_rejects
from orchestration.encryption import encrypt_home
from orchestration.settings import Settings, settings
from orchestration.zones import ensure_readable

KEY = "a secret of thirty-two characters"
FILES = (
    "raw/crm/contacts/extract_date=2026-01-01/part.parquet",
    "raw/crm/contacts/extract_date=2026-01-02/part.parquet",
    "history/dim_identities/as_of_date=2026-01-01/part.parquet",
    "ledger/sends/as_of_date=2026-01-01/winback.parquet",
    "erasing.parquet",
)
REJECTS = "quarantine/crm/contacts/extract_date=2026-01-01/rejects.jsonl"


@pytest.fixture
def plain(home: Path) -> Path:
    """A home written without a key."""
    with Vault().connect() as connection:
        for number, name in enumerate(FILES):
            (home / name).parent.mkdir(parents=True, exist_ok=True)
            connection.execute(
                f"copy (select '{number}-' || range as email, null::timestamp as at from range(3000)) "
                f"to '{home / name}' ({Vault().parquet})"
            )
    (home / REJECTS).parent.mkdir(parents=True)
    (home / REJECTS).write_text(json.dumps({"file": "c.csv", "line": 2, "reason": "no id", "text": "\u00e9,1"}) + "\n")
    for name in ("warehouse.duckdb", "published/warehouse.duckdb", "replay/2026-01-01/warehouse.duckdb"):
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        Vault().connect(home / name).close()
    (home / "warehouse.duckdb.wal").write_bytes(b"left by a crash")
    return home


def _with_key(monkeypatch: pytest.MonkeyPatch, key: str) -> Settings:
    monkeypatch.setenv("POSTROOM_ENCRYPTION_KEY", key)
    settings.cache_clear()
    return settings()


def _rows(home: Path, vault: Vault) -> list[list[tuple[Any, ...]]]:
    with vault.connect() as connection:
        return [
            connection.execute(f"from {vault.read_parquet(str(home / n), 'hive_partitioning = false')}").fetchall()
            for n in FILES
        ]


def test_every_file_is_encrypted_with_its_rows_and_the_warehouses_are_gone(
    plain: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = _rows(plain, Vault())
    here = _with_key(monkeypatch, KEY)
    with pytest.raises(VaultError, match="Run `postroom encrypt` once"):
        ensure_readable(here)
    assert encrypt_home(here) == len(FILES) + 1
    ensure_readable(here)
    assert _rows(plain, here.vault) == before
    left = [path for path in plain.rglob("*") if path.is_file() and "dagster" not in path.parts]
    assert sorted(left) == sorted([*(plain / n for n in FILES), (plain / REJECTS).with_suffix(".parquet")])
    assert all(map(is_encrypted, left))
    (reject,) = read_rejects((plain / REJECTS).with_suffix(".parquet"), here.vault)
    assert vars(reject) == {"file": "c.csv", "line": 2, "reason": "no id", "text": "\u00e9,1"}
    assert encrypt_home(here) == 0


def test_stopped_halfway_it_does_the_rest_when_run_again(plain: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = _rows(plain, Vault())
    here = _with_key(monkeypatch, KEY)
    done = []

    def power_cut(source: Path, target: Path) -> None:
        if len(done) == 2:
            raise KeyboardInterrupt
        done.append(target)
        put_in_place(source, target)

    monkeypatch.setattr("disk.durable.put_in_place", power_cut)
    with pytest.raises(KeyboardInterrupt):
        encrypt_home(here)
    monkeypatch.setattr("disk.durable.put_in_place", put_in_place)
    left = [name for name in (*FILES, REJECTS) if (plain / name).exists() and not is_encrypted(plain / name)]
    with pytest.raises(VaultError, match="Run `postroom encrypt` once"):
        ensure_readable(here)
    with pytest.raises(VaultError, match="is not the key"):
        encrypt_home(_with_key(monkeypatch, KEY[::-1]))
    with pytest.raises(VaultError, match="is encrypted: set POSTROOM_ENCRYPTION_KEY"):
        ensure_readable(_with_key(monkeypatch, ""))
    assert encrypt_home(here) == len(left) > 0
    assert _rows(plain, here.vault) == before


def test_without_a_key_nothing_is_done(plain: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = {path: path.read_bytes() for path in plain.rglob("*") if path.is_file()}
    with pytest.raises(VaultError, match="Set POSTROOM_ENCRYPTION_KEY first"):
        encrypt_home(_with_key(monkeypatch, ""))
    assert {path: path.read_bytes() for path in plain.rglob("*") if path.is_file()} == before
