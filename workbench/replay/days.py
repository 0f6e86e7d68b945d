"""Several days replayed, some at a time, each in a process of its own."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from queue import SimpleQueue

from orchestration import inputs
from orchestration.code import code_hash
from orchestration.dbt_project import manifest
from orchestration.settings import PROJECT, Settings
from workbench.dbt import parsed_project
from workbench.replay.day import fingerprint, report_of, site_of


@dataclass(frozen=True)
class Done:
    """A day that has been replayed (in `seconds`), was already (None), or failed: `problem` says why."""

    day: date
    seconds: float | None = None
    problem: str | None = None


def replay(
    days: Sequence[date], campaigns: Sequence[str], here: Settings, *, jobs: int, told: Callable[[Done], None]
) -> list[Done]:
    """Replay the days that have not been on the same inputs; `told` is called as each is done. Gives those that failed.

    Days that ran live know what they were given, and are replayed in any order. A day that never did is given what the
    days before it have published: these are replayed one after the other, and stop at the first that fails.
    """
    parsed_project()
    code, loads = code_hash(here), inputs.in_place_now(manifest(), here)

    def is_done(day: date) -> bool:
        report = report_of(day, here)
        return (
            report is not None
            and set(campaigns) <= set(report["campaigns"])
            and report["inputs"] == fingerprint(day, code, loads, here)
        )

    live = [[day] for day in days if inputs.has_run_live(day, here)]
    never = [day for day in days if not inputs.has_run_live(day, here)]
    queue: SimpleQueue[Done | None] = SimpleQueue()
    with ThreadPoolExecutor(jobs) as pool, _workers() as start:

        def work(chain: Sequence[date]) -> None:
            try:
                for day in chain:
                    done = Done(day) if is_done(day) else _replayed(day, campaigns, here, start)
                    queue.put(done)
                    if done.problem:
                        break
            finally:
                queue.put(None)

        under_way = [pool.submit(work, chain) for chain in (never, *live) if chain]
        failed, running = [], len(under_way)
        try:
            while running:
                done = queue.get()
                if done is None:
                    running -= 1
                    continue
                told(done)
                failed += [done] if done.problem else []
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    for each in under_way:
        each.result()
    return failed


Start = Callable[[Sequence[str]], "subprocess.Popen[str]"]


@contextmanager
def _workers() -> Iterator[Start]:
    """What starts a process; those that are still there at the end are ended."""
    started: list[subprocess.Popen[str]] = []

    def start(command: Sequence[str]) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            command, cwd=PROJECT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        started.append(process)
        return process

    try:
        yield start
    finally:
        for process in started:
            process.kill()


def _replayed(day: date, campaigns: Sequence[str], here: Settings, start: Start) -> Done:
    began = time.monotonic()
    process = start([sys.executable, "-m", "workbench.replay.day", day.isoformat(), *campaigns])
    assert process.stdout is not None
    said = process.stdout.read()
    if process.wait():
        log = site_of(day, here).root / "replay.log"
        log.parent.mkdir(parents=True, exist_ok=True)
        log.write_text(said)
        lines = said.strip().splitlines()
        return Done(day, problem=f"{lines[-1] if lines else 'its process was ended'} ({log})")
    return Done(day, seconds=time.monotonic() - began)
