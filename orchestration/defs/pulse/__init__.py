"""The pulse: a job of one step, and the sensor that starts it; off until somebody turns it on."""

import json
from datetime import UTC, datetime
from functools import cache
from typing import Any

import dagster as dg

from orchestration.dbt_project import manifest
from orchestration.defs.transform.assets import WAREHOUSE_POOL
from orchestration.partitions import BACKFILL_TAG
from orchestration.pulse import NotNowError, PulseFailedError, inputs, last_run, next_due_at, pulse, seen_inputs
from orchestration.pulse_plan import Plan
from orchestration.runs import UNDER_WAY
from orchestration.settings import settings
from orchestration.site import PulseSite

# A pulse with another clock than the time: to try it out.
AS_OF_TAG = "postroom/as_of"
# What failed is tried again, but not at every look.
_RETRY_SECONDS = 600
_BESIDE = {"pulse", "load", "duplicates", "sync"}


# The daily run and a pulse take turns: the pool is that of the warehouse.
@dg.op(name="decide_and_export", pool=WAREHOUSE_POOL)
def pulse_op(context: dg.OpExecutionContext) -> None:
    at = context.run.tags.get(AS_OF_TAG)
    try:
        ensure_alone(context.instance)
        done = pulse(datetime.fromisoformat(at) if at else _now(), manifest(), say=context.log.info)
    except NotNowError as error:
        raise dg.Failure(f"No pulse now. {error}", allow_retries=False) from error
    except PulseFailedError as error:
        raise dg.Failure(str(error), allow_retries=False) from error
    context.log.info(f"{done.payloads} payloads")
    context.add_output_metadata({"payloads": done.payloads, "files": done.files, "as_of": str(done.site.as_of)})
    if done.closed:
        raise dg.Failure("\n".join(done.closed.values()), allow_retries=False)


@dg.job(name="pulse", description="Payloads of triggers that are due, from what has just landed.")
def pulse_job() -> None:
    pulse_op()


@dg.sensor(job=pulse_job, name="pulse", minimum_interval_seconds=15, default_status=dg.DefaultSensorStatus.STOPPED)
def pulse_sensor(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
    """Starts a pulse when files have landed for the day, and when an occasion has become due since the last one."""
    here, now = settings(), _now()
    try:
        ensure_alone(context.instance)
        last_run(now, here)
    except NotNowError as error:
        return dg.SkipReason(str(error))
    site = PulseSite.of(now, here)
    landed = inputs(_plan(), manifest(), site.day, here)
    due_at = next_due_at(site)
    is_due = due_at is not None and due_at <= now
    if seen_inputs(site) == landed and not is_due:
        return dg.SkipReason(f"nothing new; the next occasion is due at {due_at}" if due_at else "nothing new")
    wanted = f"{landed} {due_at if is_due else ''}"
    tried = json.loads(context.cursor) if context.cursor else {}
    if tried.get("wanted") == wanted and now.timestamp() - tried["at"] < _RETRY_SECONDS:
        return dg.SkipReason("a pulse has been started for this a moment ago")
    cursor = json.dumps({"wanted": wanted, "at": now.timestamp()})
    return dg.SensorResult(run_requests=[dg.RunRequest()], cursor=cursor)


def ensure_alone(instance: dg.DagsterInstance) -> None:
    """Raises NotNowError while the daily job, or anything else that may export for a live day, is under way."""
    for run in instance.get_runs(dg.RunsFilter(statuses=[dg.DagsterRunStatus.QUEUED, *UNDER_WAY])):
        if run.job_name not in _BESIDE and BACKFILL_TAG not in run.tags:
            raise NotNowError(f"The run {run.run_id} of {run.job_name} is under way: the next pulse comes after it.")


def _now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)


@cache
def _plan() -> Plan:
    return Plan.of(manifest())


defs: Any = dg.Definitions(jobs=[pulse_job], sensors=[pulse_sensor])
