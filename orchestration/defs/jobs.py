"""What starts runs: the daily job and its schedule, the loading job and its sensor; on from the start."""

import json

import dagster as dg

from ingest import read_contracts
from ingest.landing import landed_days, listing
from orchestration.dbt_project import manifest
from orchestration.defs.duplicates import assets as duplicates
from orchestration.defs.sync import assets as sync
from orchestration.landed import landing_of
from orchestration.partitions import daily
from orchestration.profile_sync import is_daily
from orchestration.settings import settings

_APART = [duplicates.GROUP] if is_daily(manifest()) else [duplicates.GROUP, sync.GROUP]

daily_job = dg.define_asset_job(
    "daily",
    selection=dg.AssetSelection.all() - dg.AssetSelection.groups(*_APART),
    description="Load the day's extracts, build, publish, export.",
)

load_job = dg.define_asset_job(
    "load",
    selection=dg.AssetSelection.groups("ingest"),
    description="Load landed extracts only.",
)

daily_schedule = dg.build_schedule_from_partitioned_job(
    daily_job,
    name="daily",
    hour_of_day=settings().daily_at.hour,
    minute_of_hour=settings().daily_at.minute,
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="The daily job for the day that has ended.",
)


@dg.sensor(job=load_job, minimum_interval_seconds=60, default_status=dg.DefaultSensorStatus.RUNNING)
def landed_extracts(context: dg.SensorEvaluationContext) -> dg.SensorResult:
    """Load late and corrected extracts: whatever has landed or changed since the sensor last looked.

    Its first look only takes note: the days that lie there already are the daily job's or a backfill's.
    """
    seen = json.loads(context.cursor) if context.cursor else None
    found = {
        f"{contract.source}/{contract.table}/{day}": listing(landing_of(settings(), contract) / day.isoformat())
        for contract in read_contracts(manifest())
        for day in landed_days(landing_of(settings(), contract))
        if daily.has_partition_key(day.isoformat())
    }
    requests = (
        [] if seen is None else [_request(name, print_) for name, print_ in found.items() if seen.get(name) != print_]
    )
    return dg.SensorResult(run_requests=requests, cursor=json.dumps(found))


def _request(name: str, fingerprint: str) -> dg.RunRequest:
    source, table, day = name.split("/")
    return dg.RunRequest(
        run_key=f"{name}:{fingerprint}", partition_key=day, asset_selection=[dg.AssetKey([source, table])]
    )


defs = dg.Definitions(
    jobs=[daily_job, load_job],
    schedules=[daily_schedule],
    sensors=[landed_extracts],
    # The steps share one DuckDB file: a process for each would cost its start and gain nothing.
    executor=dg.in_process_executor,
)
