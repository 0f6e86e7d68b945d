"""What has failed in Dagster's runs and has not been done since, as causes to alert."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import dagster as dg

from alerting import Cause
from orchestration.runs import PARTITION_TAG, RANGE_END_TAG, RANGE_START_TAG

FAILED = "failed_run"
QUARANTINE = "quarantine_over_share"
AUDIENCE = "audience_out_of_range"
STALE = "stale_source"
# What a step's failure may say of itself, in its metadata: the gates that are closed, as `ClosedGate` has them, and the
# days of which too much does not fit.
CLOSED = "closed_gates"
OVER_LIMIT = "days_over_quarantine_limit"
# A failure that nobody has seen in so long is not news.
_LOOKED_BACK = timedelta(days=7)
_MOST_RUNS = 100
# Errors of ours, and of the system: their words quote no row. Of any other the name alone is told.
_TOLD = {"DataError", "ExtractError", "GateClosedError", "LoadError", "NotComparableError", "StillBeingWrittenError",
         "UnfitError", "VaultError", "WarehouseBusyError", "OSError", "PermissionError", "DiskFullError",
         "OvertakenError", "WarehouseDamagedError"}  # fmt: skip
# dagster-dbt says first how it called dbt.
_DBT_SAYS = "Errors parsed from dbt logs:"
_RANGE = (RANGE_START_TAG, RANGE_END_TAG)


def failures(instance: dg.DagsterInstance, at: datetime) -> list[Cause]:
    """What has failed in the week before `at`, step by step: of runs of the same, in the last of them."""
    failed = dg.RunsFilter(statuses=[dg.DagsterRunStatus.FAILURE], updated_after=at - _LOOKED_BACK)
    newest: dict[Any, dg.DagsterRun] = {}
    for record in instance.get_run_records(failed, limit=_MOST_RUNS):
        run = record.dagster_run
        newest.setdefault((run.job_name, _day(run), run.asset_selection), run)
    causes = [cause for run in newest.values() for cause in _causes(instance, run)]
    return [cause for cause in causes if not is_mended(instance, cause)]


def is_mended(instance: dg.DagsterInstance, cause: Cause) -> bool:
    """Whether a cause's step has succeeded for its partition in a later run; or the run, if it failed as a whole."""
    record = instance.get_run_record_by_id(cause.run)
    if record is None:
        return True
    run = record.dagster_run
    same: dict[str, Any] = (
        {"tags": {PARTITION_TAG: run.tags[PARTITION_TAG]}} if PARTITION_TAG in run.tags else {"job_name": run.job_name}
    )
    later = instance.get_run_records(dg.RunsFilter(**same, created_after=record.create_timestamp), limit=_MOST_RUNS)
    return any(_has_done(instance, each.dagster_run, run.job_name, cause.step) for each in later)


def _has_done(instance: dg.DagsterInstance, run: dg.DagsterRun, job: str, step: str) -> bool:
    if not step:
        return run.job_name == job and run.status is dg.DagsterRunStatus.SUCCESS
    found = instance.get_run_step_stats(run.run_id, [step])
    return any(stats.status is not None and stats.status.value == "SUCCESS" for stats in found)


def _causes(instance: dg.DagsterInstance, run: dg.DagsterRun) -> Iterator[Cause]:
    events = [e.dagster_event for e in instance.all_logs(run.run_id, of_type=dg.DagsterEventType.STEP_FAILURE)]
    failed = [event for event in events if event]
    if not failed:
        text = "The run ended before its steps did: its process was stopped, or could not start. Run it again."
        yield Cause(FAILED, run.job_name, text, _day(run), run.run_id)
    for event in failed:
        yield from _of_step(run, str(event.step_key), event.step_failure_data)


def _of_step(run: dg.DagsterRun, step: str, failure: Any) -> Iterator[Cause]:
    said = failure.user_failure_data.metadata if failure.user_failure_data else {}
    message, day, where = message_of(failure), _day(run), {"run": run.run_id, "step": step}
    closed = said[CLOSED].value if CLOSED in said else []
    for gate in closed:
        if gate["feed"]:
            text = f"{gate['detail']}. What was to be exported of {day} was not."
            yield Cause(STALE, gate["feed"], text, **where)
        else:
            yield Cause(AUDIENCE, step.removeprefix("outbox__"), f"{gate['detail']}. Not exported.", day, **where)
    over_limit = said[OVER_LIMIT].value if OVER_LIMIT in said else []
    for each in over_limit:
        yield Cause(QUARANTINE, step.replace("__", "."), message, each, **where)
    if not closed and not over_limit:
        yield Cause(FAILED, f"{run.job_name}, {step}", message, day, **where)


def message_of(failure: Any) -> str:
    """The innermost message of a failed step, if it is one that quotes no row; else the error's name."""
    if failure.user_failure_data is not None:
        description = failure.user_failure_data.description or ""
        return (description.partition(_DBT_SAYS)[2] or description).strip()
    error = innermost(failure.error)
    if error.cls_name not in _TOLD:
        return f"{error.cls_name}. The run's log in Dagster's UI says where."
    return str(error.message).partition(": ")[2].strip() or str(error.cls_name)


def innermost(error: Any) -> Any:
    """The error that an error of Dagster's goes back to."""
    while error.cause:
        error = error.cause
    return error


def _day(run: dg.DagsterRun) -> str:
    """The partition of a run, or its range of them."""
    return run.tags.get(PARTITION_TAG) or " to ".join(run.tags[tag] for tag in _RANGE if tag in run.tags)
