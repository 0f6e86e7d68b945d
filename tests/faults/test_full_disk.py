"""A disk that fills up at each write: what was whole stays, the message says what to do, and a rerun does the rest."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from disk import DiskFullError, ensure_room, explained
from orchestration.damage import what_to_do
from orchestration.settings import settings
from tests.end_to_end.conftest import Home
from tests.faults.moments import ZONES
from tests.faults.steps import STEPS
from tests.faults.whole import ensure_whole

STATE = ("raw", "history", "ledger")
PAGE = 4096


class Disk:
    """A small disk of its own, of which all but so many bytes can be taken."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._ballast = folder / "ballast"

    def leave(self, free: int) -> None:
        """Take what is free but for so many bytes."""
        self.release()
        taken = shutil.disk_usage(self.folder).free - free
        with self._ballast.open("wb") as file:
            os.posix_fallocate(file.fileno(), 0, max(taken, 1))

    def release(self) -> None:
        self._ballast.unlink(missing_ok=True)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", str(folder)], capture_output=True)
    if mounted.returncode:
        pytest.skip("a disk of its own can be mounted by root alone")
    yield Disk(folder)
    subprocess.run(["umount", "-l", str(folder)], check=True)


def _state(home: Home) -> dict[str, str]:
    return {name: "" if name.endswith(".duckdb") else digest for name, digest in home.bytes_of(*ZONES).items()}


@pytest.mark.parametrize(("step", "pages", "failures"), [("load", 1, 10), ("publish", 16, 10), ("hand over", 1, 10)])
def test_a_disk_that_is_full_at_any_write_costs_nothing_that_was_whole(
    disk: Disk, tmp_path: Path, step: str, pages: int, failures: int
) -> None:
    before, undisturbed = Home(tmp_path / "before"), Home(tmp_path / "undisturbed")
    STEPS[step](before.path, 1)
    shutil.copytree(before.path, undisturbed.path)
    STEPS[step](undisturbed.path, 2)
    kept, new = before.bytes_of(*STATE), undisturbed.bytes_of(*STATE)
    failed = 0
    for free in range(0, 16 << 20, pages * PAGE):
        home = Home(disk.folder / "home")
        shutil.copytree(before.path, home.path)
        disk.leave(free)
        try:
            STEPS[step](home.path, 2)
        except Exception as error:
            failed += 1
            assert f"The disk of {home.path} is full" in (explained(error, home.path) or ""), error
            disk.release()
            ensure_whole(home.path)
            # A later write may fail where an earlier one was done; of each file there is the old one or the new one.
            assert all(digest in (kept.get(name), new[name]) for name, digest in home.bytes_of(*STATE).items())
            STEPS[step](home.path, 2)
            assert _state(home) == _state(undisturbed), free
        else:
            break
        finally:
            disk.release()
            shutil.rmtree(home.path)
    assert failed >= failures, "the disk was never full"


def test_a_run_does_not_begin_without_room_for_it(disk: Disk, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ensure_room(home / "not/there/yet", 0)
    with pytest.raises(DiskFullError, match=rf"The disk of {disk.folder} has 1[0-9] MiB free, and this takes 74\."):
        ensure_room(disk.folder, 10 << 20)


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)),
        OSError(errno.EDQUOT, os.strerror(errno.EDQUOT)),
        duckdb.IOException('IO Error: Could not write file "x": No space left on device'),
        RuntimeError("(sqlite3.OperationalError) database or disk is full"),
    ],
)
def test_a_full_disk_is_known_by_what_each_says_of_it(home: Path, error: Exception) -> None:
    said = what_to_do(error, settings())
    assert said and f"The disk of {home} is full" in said and "Free some, then run the same again" in said
    try:
        raise ValueError("something else") from error
    except ValueError as outer:
        assert what_to_do(outer, settings()) == said


def test_what_may_be_a_full_disk_is_none_while_there_is_room(disk: Disk, tmp_path: Path) -> None:
    error = RuntimeError("(sqlite3.OperationalError) disk I/O error")
    assert explained(error, tmp_path) is None
    assert explained(error, disk.folder)
    assert explained(RuntimeError("anything"), disk.folder) is None
