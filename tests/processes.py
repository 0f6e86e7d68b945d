"""Processes as the system lists them."""

from __future__ import annotations

import subprocess
from pathlib import Path


def children(pid: int) -> list[int]:
    """The processes that this one has started."""
    return _listed("--ppid", str(pid))


def group(leader: int) -> list[int]:
    """The processes of a group."""
    return _listed("-g", str(leader))


def _listed(*which: str) -> list[int]:
    listed = subprocess.run(["ps", "-o", "pid=", *which], capture_output=True, text=True, check=False)
    return [int(pid) for pid in listed.stdout.split()]


def is_alive(pid: int) -> bool:
    """Whether it runs: one that has ended and nobody has waited for is not."""
    stat = Path(f"/proc/{pid}/stat")
    return stat.exists() and stat.read_text().rpartition(")")[2].split()[0] != "Z"
