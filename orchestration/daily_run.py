"""Starting the daily job from a terminal: the same job that the schedule starts, on the same Dagster instance."""

from __future__ import annotations

import fcntl
import hashlib
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
from rich.console import Console
from rich.markup import escape

from disk import explained, written
from ingest import read_contracts
from ingest.landing import landed_days, listing
from ingest.superseded import SUPERSEDED
from orchestration.alerts import after_run
from orchestration.code import code_hash
from orchestration.dbt_project import manifest
from orchestration.failures import innermost
from orchestration.landed import is_waiting, landing_of
from orchestration.partitions import ERASURE_TAG, daily
from orchestration.progress import condensed
from orchestration.runs import PARTITION_TAG, RANGE_END_TAG, RANGE_START_TAG, TERMINAL_TAG, UNDER_WAY
from orchestration.settings import Settings, settings
from orchestration.site import is_of_pulse, last_live_day, site_for
from orchestration.warehouse import ensure_room_for_run
from orchestration.zones import ensure_readable

INPUTS_TAG = "postroom/inputs"
_LOG_LEVEL = {"loggers": {"console": {"config": {"log_level": "INFO"}}}}


def newest_landed_day(here: Settings) -> date | None:
    """The newest landed day that has ended; where none has, the newest of all."""
    landed = [day for c in read_contracts(manifest()) for day in landed_days(landing_of(here, c))]
    return max([day for day in landed if day <= _last_day()] or landed, default=None)


def _last_day() -> date:
    """The day that ended last. With the first partition not ended there is none, and no day is as early as this."""
    return date.fromisoformat(daily.get_last_partition_key() or date.min.isoformat())


def ensure_clock(here: Settings) -> None:
    """Hold this computer's clock to what has been done already.

    Raises:
        SystemExit: it is behind the last day that ran live, so that what is due now would be taken for a replay.
    """
    last, ended = last_live_day(here), _last_day()
    # A pulse runs on a day that has not ended yet.
    if last and last > ended + timedelta(days=1):
        raise SystemExit(
            f"{last} has run live, and by this computer's clock {ended} is the last day that has ended. Set the clock "
            "right and run again; nothing was changed."
        )


def run(day: date, *, console: Console, force: bool = False) -> bool:
    """Load the backlog before `day`, then run the daily job for it, unless the day has run on these very inputs.

    Gives whether the day stands done.

    Raises:
        VaultError: what is kept was written with another key, or without one.
        DiskFullError: there is no room for a run.
        SystemExit: the day lies before the first partition, or has not ended; or this computer's clock is behind.
    """
    from orchestration.definitions import defs

    here = settings()
    ensure_readable(here)
    if day < here.first_day:
        raise SystemExit(
            f"{day} lies before the first partition, {here.first_day}: set POSTROOM_FIRST_DAY={day} or earlier."
        )
    ensure_clock(here)
    if day > _last_day():
        raise SystemExit(f"{day} has not ended, UTC: its clock would be in the future. Run it when the day is over.")
    ensure_room_for_run(site_for(day, here))
    with dg.DagsterInstance.get() as instance:
        if not _load_backlog(day, defs, instance, here, console):
            return False
        tags = {INPUTS_TAG: _inputs(day, here)}
        if not force and _is_built(day, here) and _has_run(instance, day, tags):
            console.print(f"{day} has run on these inputs already: nothing to do.")
            return True
        return execute(
            defs.resolve_job_def("daily"),
            f"Running the daily job for {day}",
            console,
            instance=instance,
            partition_key=day.isoformat(),
            tags=tags,
        )


def rebuild(day: date, *, console: Console) -> bool:
    """Build and publish a day anew from the state as it is now, without an export. Gives whether that succeeded."""
    from orchestration.definitions import defs
    from orchestration.defs.transform.assets import models, published

    with dg.DagsterInstance.get() as instance:
        return execute(
            defs.resolve_job_def("daily"),
            f"Rebuilding {day}",
            console,
            instance=instance,
            partition_key=day.isoformat(),
            asset_selection=[*models.keys, *published.keys],
            tags={ERASURE_TAG: "rebuild"},
        )


def _load_backlog(
    day: date, defs: dg.Definitions, instance: dg.DagsterInstance, here: Settings, console: Console
) -> bool:
    """Load what has landed for earlier days and is not in the raw zone, in one run."""
    missing = {
        (contract.source, contract.table): days
        for contract in read_contracts(manifest())
        if (days := [d for d in landed_days(landing_of(here, contract)) if d < day and is_waiting(here, contract, d)])
    }
    days = sorted(d for found in missing.values() for d in found if d >= here.first_day)
    if not days:
        return True
    return execute(
        defs.resolve_job_def("load"),
        f"Loading {len(set(days))} earlier days, {days[0]} to {days[-1]}",
        console,
        instance=instance,
        asset_selection=[dg.AssetKey(table) for table in missing],
        tags={RANGE_START_TAG: days[0].isoformat(), RANGE_END_TAG: days[-1].isoformat()},
    )


def execute(job: dg.JobDefinition, what: str, console: Console, *, instance: dg.DagsterInstance, **how: Any) -> bool:
    """Run a job in this process and say which steps failed and why; give whether it succeeded."""
    console.print(what)
    home = settings().home
    tags = {TERMINAL_TAG: "true", **how.pop("tags", {})}
    with _only_run(instance, console), condensed(console, what):
        result = job.execute_in_process(
            run_config=_LOG_LEVEL, raise_on_error=False, instance=instance, tags=tags, **how
        )
    for event in result.all_events:
        if event.is_step_failure:
            cause = _cause(event.step_failure_data)
            told = escape(explained(cause, home) or cause)
            console.print(f"[red]{event.step_key} failed.[/red] {told}", highlight=False)
    after_run(instance, console)
    return result.success


@contextmanager
def _only_run(instance: dg.DagsterInstance, console: Console) -> Iterator[None]:
    """Wait for the run of another terminal; what one that was killed still holds in Dagster's pools is freed."""
    with (settings().home / "terminal.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            console.print("Another postroom command is running; waiting until it is done.")
            fcntl.flock(lock, fcntl.LOCK_EX)
        for run in instance.get_runs(dg.RunsFilter(statuses=UNDER_WAY, tags={TERMINAL_TAG: "true"})):
            instance.report_run_failed(run, "The process ended before the run did.")
            instance.event_log_storage.free_concurrency_slots_for_run(run.run_id)
        yield


def _cause(failure: Any) -> str:
    """The innermost message: what a person can act on, without the stack that led there."""
    if failure.user_failure_data is not None:
        return failure.user_failure_data.description or ""
    return str(innermost(failure.error).message.strip())


def _inputs(day: date, here: Settings) -> str:
    """A hash of what the day's result depends on: the project's files, the key, what has landed, and the state."""
    digest = hashlib.sha256(code_hash(here).encode())
    for contract in read_contracts(manifest()):
        folder = landing_of(here, contract) / day.isoformat()
        digest.update(f"{folder}:{listing(folder)}".encode())
    for path in sorted(p for zone in (here.raw, here.history, here.ledger) for p in zone.rglob("*.parquet")):
        # The day's own partitions are written by the run itself, what pulses wrote was before it or is not for it, and
        # it reads nothing that is superseded.
        is_own = path.parent.name.endswith(f"_date={day}")
        if not is_own and not is_of_pulse(path) and path.parent.name != SUPERSEDED:
            digest.update(f"{path}:{path.stat().st_mtime_ns}".encode())
    return digest.hexdigest()[:32]


def _is_built(day: date, here: Settings) -> bool:
    """Whether what the day's run built is still there: a warehouse may be deleted at any time."""
    site = site_for(day, here)
    return site.warehouse.exists() and site.published.exists()


def _has_run(instance: dg.DagsterInstance, day: date, tags: dict[str, str]) -> bool:
    """Whether the day's last run was one on these inputs and succeeded: of one that was killed, steps are undone."""
    runs = instance.get_runs(dg.RunsFilter(job_name="daily", tags={PARTITION_TAG: day.isoformat()}), limit=1)
    return any(
        run.status is dg.DagsterRunStatus.SUCCESS and all(run.tags.get(name) == value for name, value in tags.items())
        for run in runs
    )


def land_stock_files(folder: Path, adapter: str, tables: Sequence[str], here: Settings) -> list[date]:
    """Copy a vendor's daily files, `<day>.csv`, into the landing folders of the shop's tables, for its adapter to read.

    Raises:
        SystemExit: the folder has no such file.
    """
    files = {date.fromisoformat(path.stem): path for path in sorted(folder.glob("????-??-??.csv"))}
    if not files:
        raise SystemExit(f"{folder} holds no file named as in 2010-12-01.csv.")
    for day, path in files.items():
        for table in tables:
            target = here.landing / "shop" / table / day.isoformat() / f"{adapter}-{path.name}"
            if not target.exists():
                with written(target) as temporary:
                    shutil.copy2(path, temporary)
    return sorted(files)
