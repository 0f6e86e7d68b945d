"""Turning encryption on for a home that was written without a key."""

from __future__ import annotations

import shutil
from pathlib import Path

from disk import written
from engine import Vault, VaultError, is_encrypted
from ingest.files import glob_of, quoted, scratch_folder
from ingest.quarantine import PLAIN, read_rejects, replace_rejects
from orchestration.settings import Settings
from orchestration.zones import state_files


def encrypt_home(here: Settings) -> int:
    """Encrypt what the zones hold, file by file, and remove the warehouses, which the next run makes again.

    Each file is put in place by one rename: stopped halfway it has lost nothing, and run again it does the rest. Gives
    the number of files encrypted.

    Raises:
        VaultError: there is no key, or some files are encrypted with another one; then nothing is changed.
    """
    if not here.vault.key:
        raise VaultError("Set POSTROOM_ENCRYPTION_KEY first, to a secret of at least 32 characters.")
    files = sorted(state_files(here))
    here.vault.ensure_opens(path for path in files if is_encrypted(path))
    plain = [path for path in files if not is_encrypted(path)]
    for path in plain:
        (_encrypt_rejects if path.name == PLAIN else _encrypt_parquet)(path, here.vault)
    for site in (here.home, *here.home.glob("replay/*")):
        _remove_warehouses(site)
    # What pulses have loaded and built; the next makes it anew.
    shutil.rmtree(here.pulse, ignore_errors=True)
    # What a crash has left half-written.
    for left in [p for zone in (here.history, here.ledger) for p in zone.rglob(".*.tmp")]:
        left.unlink()
    return len(plain)


def _encrypt_parquet(path: Path, vault: Vault) -> None:
    source = Vault().read_parquet(glob_of(path), "hive_partitioning = false")
    with written(path) as temporary, vault.connect() as connection:
        connection.execute(f"copy (from {source}) to '{quoted(temporary)}' ({vault.parquet})")


def _encrypt_rejects(path: Path, vault: Vault) -> None:
    with scratch_folder(path.parent) as scratch:
        replace_rejects(read_rejects(path, Vault()), path.parent, scratch, vault)


def _remove_warehouses(site: Path) -> None:
    """Remove a site's warehouses, with what DuckDB has left beside them: spilled rows, too."""
    for left in site.glob("warehouse.duckdb*"):
        if left.is_dir():
            shutil.rmtree(left)
        else:
            left.unlink()
    shutil.rmtree(site / "published", ignore_errors=True)
