"""Loading with a key: nothing that was in a row is left on disk in plain text."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from engine import Vault, is_encrypted
from ingest import LoadReport, load_partition
from ingest.files import scratch_folder
from ingest.quarantine import read_rejects
from tests.ingest.conftest import DAY, Loader

VAULT = Vault("a secret of thirty-two characters")
FITS = b"1,ada.lovelace@example.com,2026-01-05\n"
DOES_NOT_FIT = b"2,grace.hopper@example.com,never\n"


def _load(loader: Loader, rows: bytes, vault: Vault) -> LoadReport:
    loader.land("crm.contacts", "contacts.csv", b"id,email,lastmodifieddate\n" + rows)
    return load_partition(
        loader.contracts["crm.contacts"],
        DAY,
        landing=loader.root / "landing",
        raw=loader.root / "raw",
        quarantine=loader.root / "quarantine",
        adapters=loader.adapters,
        vault=vault,
    )


def _files(loader: Loader, zone: str) -> list[Path]:
    return [path for path in (loader.root / zone).rglob("*") if path.is_file()]


def test_rows_and_rejects_are_encrypted_and_expectations_are_checked(loader: Loader) -> None:
    report = _load(loader, FITS + DOES_NOT_FIT, VAULT)
    assert (report.rows, report.quarantined) == (1, 1)
    assert report.expectations
    (part,), (rejects,) = _files(loader, "raw"), _files(loader, "quarantine")
    assert is_encrypted(part)
    assert is_encrypted(rejects)
    (reject,) = read_rejects(rejects, VAULT)
    assert (reject.file, reject.line, reject.text) == ("contacts.csv", 3, DOES_NOT_FIT.decode().strip())
    with VAULT.connect() as connection:
        rows = connection.execute(f"select id, email from {VAULT.read_parquet(str(part))}").fetchall()
    assert rows == [("1", "ada.lovelace@example.com")]


def test_a_load_replaces_what_was_rejected_before_in_either_form(loader: Loader) -> None:
    _load(loader, FITS + DOES_NOT_FIT, Vault())
    assert [path.name for path in _files(loader, "quarantine")] == ["rejects.jsonl"]
    _load(loader, FITS + DOES_NOT_FIT, VAULT)
    assert [path.name for path in _files(loader, "quarantine")] == ["rejects.parquet"]
    _load(loader, FITS, VAULT)
    assert _files(loader, "quarantine") == []


def test_what_a_crash_left_is_removed_and_what_another_process_writes_is_not(tmp_path: Path) -> None:
    hold = (
        "import sys; from pathlib import Path; from ingest.files import scratch_folder\n"
        "with scratch_folder(Path(sys.argv[1])) as folder: print(folder, flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", hold, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        theirs = Path(other.stdout.readline().strip())
        with scratch_folder(tmp_path) as mine:
            assert theirs.exists()
            assert mine != theirs
        other.kill()
    assert theirs.exists()
    with scratch_folder(tmp_path) as mine:
        assert list(tmp_path.iterdir()) == [mine]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("vault", [Vault(), VAULT])
def test_no_scratch_stays_behind(loader: Loader, vault: Vault) -> None:
    _load(loader, FITS, vault)
    assert not list(loader.root.rglob(".*"))
