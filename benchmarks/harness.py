"""What a row of the table is: Postroom and its yardstick, timed in turns on the same data, and a goal for the ratio."""

from __future__ import annotations

import os
import platform
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

PEOPLE = {"S": 20_000, "M": 200_000, "L": 1_000_000}
PACKAGES = ("duckdb", "dbt-core", "dbt-duckdb", "dagster", "great-expectations", "jinja2", "orjson", "pandas", "scipy")


@dataclass(frozen=True)
class Bench:
    """How many people the data are of, how many rounds are timed, and a folder for it all."""

    people: int
    rounds: int
    scratch: Path

    def folder(self, name: str) -> Path:
        """A folder of the row's own."""
        folder = self.scratch / name
        folder.mkdir(parents=True)
        return folder


@dataclass(frozen=True)
class Spent:
    """Seconds by the clock and, where it is known, of processor time, child processes included."""

    seconds: float
    cpu: float | None = None

    def less(self, other: Spent) -> Spent:
        """What is left without what a part of it takes alone."""
        return Spent(self.seconds - other.seconds, (self.cpu or 0) - (other.cpu or 0))


@dataclass(frozen=True)
class Measured:
    """What each round took, in words what it was, and where it is known the most memory that Postroom held."""

    ours: Sequence[Spent]
    yardstick: Sequence[Spent]
    what: str
    peak_bytes: int | None = None

    @property
    def ratio(self) -> float:
        """How many times as long Postroom takes, by the medians."""
        return statistics.median(s.seconds for s in self.ours) / statistics.median(s.seconds for s in self.yardstick)

    @property
    def cpu_ratio(self) -> float | None:
        """The same of processor time: what other programs take of the machine hardly changes it."""
        ours, other = ([spent.cpu for spent in side if spent.cpu] for side in (self.ours, self.yardstick))
        return statistics.median(ours) / statistics.median(other) if ours and other else None


@dataclass(frozen=True)
class Row:
    """A row of the table: `measure` must take at most `goal` times as long as its yardstick, in less than `memory`."""

    yardstick: str
    goal: float
    measure: Callable[[Bench], Measured]
    memory: int | None = None

    def is_met(self, measured: Measured) -> bool:
        """Whether it does."""
        fits = self.memory is None or (measured.peak_bytes is not None and measured.peak_bytes < self.memory)
        return measured.ratio <= self.goal and fits

    def result(self, bench: Bench) -> dict[str, Any]:
        """The row measured, as the JSON has it."""
        measured = self.measure(bench)
        return {
            "yardstick": self.yardstick,
            "what": measured.what,
            "goal": self.goal,
            "ratio": round(measured.ratio, 3),
            "cpu_ratio": round(measured.cpu_ratio, 3) if measured.cpu_ratio else None,
            "memory_goal_bytes": self.memory,
            "is_met": self.is_met(measured),
            "median_seconds": statistics.median(spent.seconds for spent in measured.ours),
            "yardstick_median_seconds": statistics.median(spent.seconds for spent in measured.yardstick),
            "rounds": asdict(measured),
        }


def timed(work: Callable[[], object]) -> Spent:
    """What it takes."""
    begun, before = time.perf_counter(), os.times()
    work()
    seconds, after = time.perf_counter() - begun, os.times()
    # User and system time, of this process and of its children.
    return Spent(seconds, sum(after[:4]) - sum(before[:4]))


def in_turns(rounds: int, ours: Callable[[], object], yardstick: Callable[[], object], what: str) -> Measured:
    """Times both, one right after the other: whatever else the machine does, it does to both.

    A first turn is not counted: it imports, compiles and warms what later ones find ready.
    """
    ours(), yardstick()
    pairs = [(timed(ours), timed(yardstick)) for _ in range(rounds)]
    return Measured([mine for mine, _ in pairs], [other for _, other in pairs], what)


def machine() -> dict[str, Any]:
    """What it was measured on and with. The load says how far the machine was anyone else's, too."""
    return {
        "cpus": os.cpu_count(),
        "load": os.getloadavg()[0],
        "memory_bytes": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "versions": {name: version(name) for name in PACKAGES},
    }


def lines(results: Sequence[dict[str, Any]]) -> list[str]:
    """The table, for people."""
    head = f"{'':12} {'ratio':>7} {'goal':>5}       {'of cpu':>6} {'median':>9} {'yardstick':>10} {'memory':>7}"
    return [head] + [
        f"{r['row']:12} {r['ratio']:7.2f} {r['goal']:5.2f}  {'met' if r['is_met'] else 'not'}"
        f" {r['cpu_ratio'] or float('nan'):7.2f} {r['median_seconds']:8.2f}s {r['yardstick_median_seconds']:9.2f}s"
        f" {_gigabytes(r['rounds']['peak_bytes']):>7}  {r['yardstick']}: {r['what']}"
        for r in results
    ]


def _gigabytes(count: int | None) -> str:
    return "" if count is None else f"{count / 1e9:.1f} GB"
