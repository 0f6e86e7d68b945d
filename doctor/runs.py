"""Dagster: whether its storage opens, its daemon lives, and its runs do."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import dagster as dg

from doctor.finding import Finding, fault, ok, warning
from doctor.locks import holders
from orchestration.failures import failures
from orchestration.runs import TERMINAL_TAG, UNDER_WAY
from orchestration.settings import Settings

FAILED = "runs"
# Dagster's daemons write their heartbeat twice a minute.
_SILENT = timedelta(minutes=5)
_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_FREE = "In the UI (make ui): Deployment, Concurrency, the pool, Free run slots."


@contextmanager
def storage(here: Settings) -> Iterator[dg.DagsterInstance | None]:
    """Dagster's instance; None where nothing has run, since to open it would make its files."""
    if not (here.dagster_storage / "history" / "runs.db").exists():
        yield None
        return
    with dg.DagsterInstance.get() as instance:
        instance.get_run_records(limit=1)
        yield instance


def failed(instance: dg.DagsterInstance, at: datetime) -> Iterator[Finding]:
    """What has failed in the last week, and has not been done since."""
    causes = failures(instance, at)
    for cause in causes:
        # A range of days is the backlog's, which is loaded before any day.
        again = f"postroom run --day {cause.day}" if _DAY.fullmatch(cause.day) else "postroom run"
        found = f"{cause.kind.replace('_', ' ')}, {cause.subject}: {cause.text}"
        yield fault(FAILED, found, f"Mend that, then: {again}", cause.id)
    yield ok(FAILED, "no run of the last week has failed for good")


def daemon(instance: dg.DagsterInstance, at: datetime) -> Iterator[Finding]:
    """Whether the daemon that starts the schedule is alive, where one has been."""
    beats = _beats(instance)
    if beats and at - max(beats) > _SILENT:
        yield warning(
            "daemon",
            f"Dagster's daemon was last alive at {max(beats):%Y-%m-%d %H:%M} UTC: no schedule starts.",
            "make ui, kept up by your service manager",
        )
    yield ok(
        "daemon", "Dagster's daemon is alive" if beats else "no daemon has ever run here: nothing starts by itself"
    )


def _beats(instance: dg.DagsterInstance) -> list[datetime]:
    return [datetime.fromtimestamp(beat.timestamp, UTC) for beat in instance.get_daemon_heartbeats().values()]


def stuck(instance: dg.DagsterInstance, here: Settings, at: datetime) -> Iterator[Finding]:
    """Runs that are said to be under way and whose process is gone, and what runs that have ended still hold."""
    is_alive = any(at - beat <= _SILENT for beat in _beats(instance))
    in_terminal = bool(holders(here.home / "terminal.lock"))
    for run in instance.get_runs(dg.RunsFilter(statuses=UNDER_WAY)):
        is_terminal = TERMINAL_TAG in run.tags
        if in_terminal if is_terminal else is_alive:
            continue
        yield warning(
            "stuck_runs",
            f"Run {run.run_id} of {run.job_name} is said to be under way, and its process is gone.",
            "postroom run frees what it holds." if is_terminal else "Start the daemon (make ui), and end it in the UI.",
            run.run_id,
        )
    for pool in sorted(instance.event_log_storage.get_concurrency_keys()):
        for slot in instance.event_log_storage.get_concurrency_info(pool).claimed_slots:
            holder = instance.get_run_by_id(slot.run_id)
            if holder is None or holder.is_finished:
                yield fault(
                    "stuck_runs",
                    f"The pool {pool} is held by run {slot.run_id}, which has ended: whatever needs it waits.",
                    _FREE,
                    pool,
                )
    yield ok("stuck_runs", "no run and no pool is held by a process that is gone")


def is_at_work(instance: dg.DagsterInstance | None, here: Settings) -> bool:
    """Whether a run may be writing: Dagster says so, or a lock is held."""
    if any(holders(here.home / name) for name in ("terminal.lock", "deliver.lock", "warehouse.duckdb")):
        return True
    return instance is not None and bool(instance.get_runs(dg.RunsFilter(statuses=UNDER_WAY), limit=1))
