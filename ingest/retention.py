"""Forgetting what a contract says is too old to keep."""

from __future__ import annotations

import shutil
from datetime import date, timedelta
from pathlib import Path

from ingest.contract import Contract


def remove_expired(contract: Contract, day: date, *, landing: Path, raw: Path, quarantine: Path) -> list[date]:
    """Remove the partitions that are older than the contract's retention on `day`; give their days.

    A partition's landed files go too: left there, they would be loaded again as a backlog.
    """
    if contract.retention_days is None:
        return []
    first_kept = day - timedelta(days=contract.retention_days)
    removed = set()
    for zone, prefix in ((landing, ""), (quarantine, "extract_date="), (raw, "extract_date=")):
        root = zone / contract.source / contract.table
        for folder in sorted(root.glob(f"{prefix}????-??-??")):
            try:
                partition = date.fromisoformat(folder.name.removeprefix(prefix))
            except ValueError:
                continue
            if partition < first_kept:
                shutil.rmtree(folder)
                removed.add(partition)
    return sorted(removed)
