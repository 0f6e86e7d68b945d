"""The home: its folders, the room on its disk, what half-done work has left, and who holds its locks."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from doctor.finding import Finding, fault, ok, warning
from doctor.locks import holders
from orchestration.settings import Settings

_ZONES = ("landing", "raw", "quarantine", "history", "ledger", "outbox", "published", "dead_letters", "dagster", "dbt")
# What a run takes beside the data it can be measured by: logs, and what spills to disk.
_ALWAYS = 256_000_000
_OTHERS = 0o007
_LOCKS = {"terminal.lock": "a run", "deliver.lock": "a delivery"}


def zones(here: Settings) -> Iterator[Finding]:
    """Whether the zones are folders that can be written to, and that nobody else can read."""
    if not here.home.is_dir():
        yield warning(
            "zones", f"{here.home} is no folder yet.", "Set POSTROOM_HOME to where your data are; or begin: make run"
        )
        return
    there = [here.home, *(path for name in _ZONES if os.path.lexists(path := here.home / name))]
    for path in there:
        if not path.is_dir():
            yield fault("zones", f"{path} is no folder.", "Move it away: a zone is a folder.", path.name)
        elif not os.access(path, os.R_OK | os.W_OK | os.X_OK):
            yield fault(
                "zones", f"{path} cannot be read and written by this user.", f"chown -R $(id -un) {path}", path.name
            )
    if seen := _seen_by_others(here):
        yield warning(
            "zones",
            f"Other users of this machine can read {', '.join(path.name for path in seen)} in {here.home}.",
            f"chmod -R go-rwx {here.home}; for a group that is to read it, POSTROOM_UMASK=027",
        )
    yield ok("zones", f"{here.home} is private, and its {len(there) - 1} folders can be written to")


def _seen_by_others(here: Settings) -> list[Path]:
    """The zones that are open to more than the umask allows. Who lands files may be a group of its own."""
    masks = {here.home / name: _OTHERS if name == "landing" else here.umask for name in _ZONES}
    if not here.home.stat().st_mode & here.umask:
        return []
    return [path for path, mask in masks.items() if path.is_dir() and path.stat().st_mode & mask]


def room(here: Settings) -> Iterator[Finding]:
    """The room on the home's disk, against what the next run may write: the warehouse grown by as much again, its copy
    for readers, and twice the largest landed day.
    """
    nearest = next(path for path in (here.home, *here.home.parents) if path.exists())
    free = shutil.disk_usage(nearest).free
    needed = needed_bytes(here)
    found = f"{_said(free)} are free, and a run may need {_said(needed)}"
    if free < needed:
        yield fault(
            "room",
            f"{found}.",
            f"Make room on the disk of {here.home}: {here.home}/replay and old days of {here.home}/outbox may be "
            "deleted, or move it to a larger one and set POSTROOM_HOME.",
        )
    elif free < 2 * needed:
        yield warning("room", f"{found}.", f"Make room on the disk of {here.home} soon.")
    yield ok("room", found)


def needed_bytes(here: Settings) -> int:
    """What the next daily run may write."""
    warehouse = here.home / "warehouse.duckdb"
    grown = 2 * warehouse.stat().st_size if warehouse.exists() else 0
    days: dict[str, int] = {}
    for path in here.landing.glob("*/*/*/*"):
        days[path.parent.name] = days.get(path.parent.name, 0) + path.stat().st_size
    return _ALWAYS + grown + 2 * max(days.values(), default=0)


def _said(size: int) -> str:
    return f"{size / 1e9:,.1f} GB"


def leftovers(here: Settings, is_at_work: bool) -> Iterator[Finding]:
    """What was being written when its process died. While something is at work it may be that one's."""
    found = [
        *(path for zone in (here.home, here.raw) for path in zone.glob(".loading-*")),
        *(path for zone in (here.raw, here.history, here.ledger) for path in zone.rglob(".*.tmp")),
        *here.home.glob("published/.*"),
        *here.outbox.glob("*/.*"),
    ]
    left = [path for path in found if not holders(path)]
    if left and not is_at_work:
        yield warning(
            "leftovers",
            f"{len(left)} files or folders are half-written, such as {left[0]}: a process died over them.",
            "postroom run replaces them; what is left after that may be deleted.",
        )
    yield ok("leftovers", "something is being written" if found else "nothing is half-written")


def locks(here: Settings) -> Iterator[Finding]:
    """Who is at work in the home. A lock goes with its process, and so is never left."""
    held = {name: holders(here.home / name) for name in _LOCKS}
    writing = holders(here.home / "warehouse.duckdb")
    said = [f"{_LOCKS[name]} (process {_pids(pids)})" for name, pids in held.items() if pids]
    said += [f"the warehouse is open in process {_pids(writing)}"] if writing else []
    yield ok("locks", "; ".join(said) or "nobody is at work")


def _pids(pids: list[int]) -> str:
    return ", ".join(map(str, pids))
