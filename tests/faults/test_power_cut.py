"""What a power cut may take: nothing that was renamed before it was on the disk, and no name that was not synced."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from privacy.tombstones import leave
from tests.faults.moments import ZONES
from tests.faults.steps import STEPS
from tests.privacy.zones import zones_of


@pytest.fixture
def done(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, Path, frozenset[Path]]]:
    """What this process brings to the disk and renames, in turn: what, which path, and all that lies in it."""
    found: list[tuple[str, Path, frozenset[Path]]] = []
    fsync, rename, replace = os.fsync, os.rename, os.replace

    def synced(descriptor: int) -> None:
        fsync(descriptor)
        found.append(("sync", Path(f"/proc/self/fd/{descriptor}").readlink(), frozenset()))

    def renamed(source: Path, target: Path) -> None:
        found.append(("rename", Path(target), frozenset([Path(source), *Path(source).rglob("*")])))
        rename(source, target)

    def replaced(source: Path, target: Path) -> None:
        found.append(("rename", Path(target), frozenset([Path(source), *Path(source).rglob("*")])))
        replace(source, target)

    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(os, "rename", renamed)
    monkeypatch.setattr(os, "replace", replaced)
    return found


@pytest.mark.parametrize("step", STEPS)
def test_what_is_named_is_on_the_disk_before_and_its_name_after(
    tmp_path: Path, done: list[tuple[str, Path, frozenset[Path]]], step: str
) -> None:
    for version in (1, 2):
        STEPS[step](tmp_path, version)
    zones = [tmp_path / zone for zone in ZONES]
    named = [(i, path, held) for i, (what, path, held) in enumerate(done) if what == "rename" and not _is_aside(path)]
    assert named
    for position, path, held in named:
        assert held <= {synced for what, synced, _ in done[:position] if what == "sync"}, path
        assert path.parent in {synced for what, synced, _ in done[position:] if what == "sync"}, path
    synced_folders = {path for what, path, _ in done if what == "sync"}
    made = [folder for zone in zones if zone.exists() for folder in [zone, *filter(Path.is_dir, zone.rglob("*"))]]
    assert [folder for folder in made if folder.parent not in synced_folders] == []


def test_a_tombstone_s_folders_are_on_the_disk(tmp_path: Path, done: list[tuple[str, Path, frozenset[Path]]]) -> None:
    zones = zones_of(tmp_path)
    assert leave(zones, {("email", "ann@x.example")}, datetime(2026, 3, 1, tzinfo=UTC)) == 1
    (file,) = zones.ledger.glob("tombstones/*/*.parquet")
    assert {tmp_path, *file.parents} - set(tmp_path.parents) <= {path for what, path, _ in done if what == "sync"}


def _is_aside(path: Path) -> bool:
    """Whether it is what was there before, on its way out."""
    return path.name.endswith(".previous")
