"""Killing a process at a moment that can be named: the so-and-so-many-th time that it touches a file of a zone.

Python tells of each file it opens, renames, makes or removes, just before it does so. So between two of these lies
every state that a crash can leave of what is written by name; what DuckDB writes by itself is met by kills in time.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

ZONES = ("raw", "quarantine", "history", "ledger", "outbox", "published")
_EVENTS = {"open", "os.rename", "os.mkdir", "os.remove", "os.rmdir", "shutil.copyfile", "shutil.rmtree"}


def watch(home: Path, at: Callable[[str], None]) -> None:
    """Calls `at` with the zone's name whenever this process is about to touch something in it."""
    zones = {f"{home}/{zone}": zone for zone in ZONES}

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if event in _EVENTS:
            path = str(arguments[0])
            for folder, zone in zones.items():
                if path.startswith(folder):
                    at(zone)

    sys.addaudithook(hook)


def die() -> None:
    """The end of this process and of those it has started, as by a power cut."""
    os.killpg(0, signal.SIGKILL)


def die_alone() -> None:
    """The end of this process, which leaves those it has started behind, as by the kernel that is out of memory."""
    os.kill(os.getpid(), signal.SIGKILL)


def die_at(home: Path, zone: str, number: int) -> None:
    """Die the `number`th time that a file of the zone is touched; any zone's if it is empty."""
    left = number

    def at(touched: str) -> None:
        nonlocal left
        left -= zone in ("", touched)
        if left == 0:
            die()

    watch(home, at)


def when_dbt_builds(then: Callable[[], None]) -> None:
    """Calls `then` when this process is about to start a dbt that builds."""

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "subprocess.Popen" and "build" in arguments[1]:
            then()

    sys.addaudithook(hook)


def die_in_dbt(seconds: float, how: Callable[[], None]) -> None:
    """Die so long after dbt has begun to build."""

    def start() -> None:
        timer = threading.Timer(seconds, how)
        timer.daemon = True
        timer.start()

    when_dbt_builds(start)
