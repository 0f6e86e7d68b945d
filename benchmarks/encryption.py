"""What encryption costs: loading, building and publishing one sample, plain and encrypted in turn.

Run by hand, on a machine with nothing else to do: `.venv/bin/python -m benchmarks.encryption --people 2000 --days 10`.
Prints the medians of wall and of CPU seconds (its own and its children's), their ratios, and the sizes on disk.
"""

from __future__ import annotations

import os
import resource
import shutil
import statistics
import subprocess
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import typer

from ingest import load_partition, read_contracts
from ingest.landing import landed_days
from orchestration.dbt_project import DBT, manifest
from orchestration.landed import landing_of
from orchestration.publish import publish
from orchestration.settings import PROJECT, Settings, dbt_environment, export_environment, settings
from orchestration.site import Site
from orchestration.warehouse import prepare
from samples import World, generate

MODES = {"plain": "", "encrypted": "a secret of thirty-two characters"}
Seconds = tuple[float, float]


def main(people: int = 2000, days: int = 10, rounds: int = 3) -> None:
    """Measure each stage `rounds` times in both modes, in turn."""
    with tempfile.TemporaryDirectory() as scratch:
        home = Path(scratch)
        os.environ["POSTROOM_HOME"] = str(home)
        generate(World(people, days, settings().first_day, 7), home / "landing", home / "truth", lambda _: None)
        took: dict[tuple[str, str], list[Seconds]] = defaultdict(list)
        for _ in range(rounds):
            sizes = {mode: _round(mode, key, days, took) for mode, key in MODES.items()}
    print(f"{'':10}{'plain s':>16}{'encrypted s':>16}{'ratio':>14}   wall, CPU; medians of {rounds}")
    for stage in ("load", "build", "publish"):
        plain, encrypted = (_median(took[mode, stage]) for mode in MODES)
        pairs = [f"{wall:.2f}, {cpu:.2f}" for wall, cpu in (plain, encrypted)]
        ratio = ", ".join(f"{e / p:.2f}" for p, e in zip(plain, encrypted, strict=True))
        print(f"{stage:10}{pairs[0]:>16}{pairs[1]:>16}{ratio:>14}")
    for what in sizes["plain"]:
        plain_bytes, encrypted_bytes = sizes["plain"][what], sizes["encrypted"][what]
        print(f"{what:20}{plain_bytes:>12,} bytes{encrypted_bytes:>14,} bytes  {encrypted_bytes / plain_bytes:.2f}")


def _round(mode: str, key: str, days: int, took: dict[tuple[str, str], list[Seconds]]) -> dict[str, int]:
    os.environ["POSTROOM_ENCRYPTION_KEY"] = key
    settings.cache_clear()
    export_environment()
    here = settings()
    for zone in ("raw", "history", "quarantine", "published", "warehouse.duckdb"):
        shutil.rmtree(here.home / zone, ignore_errors=True)
    (here.home / "warehouse.duckdb").unlink(missing_ok=True)
    site = Site(here.first_day + timedelta(days=days - 1), True, here.home, here.vault)
    stages: dict[str, Callable[[], object]] = {
        "load": lambda: _load(here),
        "build": lambda: _build(site, here),
        "publish": lambda: publish(site, manifest(), here),
    }
    for stage, run in stages.items():
        took[mode, stage].append(_timed(run))
    return {
        "raw and history": sum(p.stat().st_size for z in (here.raw, here.history) for p in z.rglob("*.parquet")),
        "warehouse": site.warehouse.stat().st_size,
    }


def _load(here: Settings) -> None:
    for contract in read_contracts(manifest()):
        for day in landed_days(landing_of(here, contract)):
            load_partition(
                contract,
                day,
                landing=here.landing,
                raw=here.raw,
                quarantine=here.quarantine,
                adapters=PROJECT / "adapters",
                vault=here.vault,
            )


def _build(site: Site, here: Settings) -> None:
    prepare(site, manifest(), here)
    dbt_environment(site.warehouse)
    arguments = ["build", "--exclude-resource-type", "unit_test", "--vars", f"{{as_of: '{site.as_of}'}}"]
    places = ["--project-dir", str(PROJECT), "--profiles-dir", str(PROJECT), "--target-path", str(here.dbt_target)]
    subprocess.run([str(DBT), "--quiet", *arguments, *places], check=True)


def _timed(run: Callable[[], object]) -> Seconds:
    wall, cpu = time.perf_counter(), _cpu()
    run()
    return time.perf_counter() - wall, _cpu() - cpu


def _cpu() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(u.ru_utime + u.ru_stime for u in used)


def _median(found: list[Seconds]) -> Seconds:
    return statistics.median(wall for wall, _ in found), statistics.median(cpu for _, cpu in found)


if __name__ == "__main__":
    typer.run(main)
