"""The sensor that tells of what has gone wrong in any run, and of what was to run and did not."""

from datetime import UTC, datetime

import dagster as dg

from doctor import feeds
from ingest import read_contracts
from orchestration import alerts as alerts_
from orchestration.dbt_project import manifest
from orchestration.settings import settings


@dg.sensor(minimum_interval_seconds=60, default_status=dg.DefaultSensorStatus.RUNNING)
def alerts(context: dg.SensorEvaluationContext) -> dg.SkipReason:
    """Alert each failed run, table over its quarantine limit, audience out of range, late source and missed day."""
    at = datetime.now(UTC)
    found = [
        *feeds.freshness(read_contracts(manifest()), settings(), at),
        *feeds.schedule(settings(), context.instance, at),
    ]
    told = alerts_.look(context.instance, at, alerts_.causes_of(found), alerts_.STANDING.values())
    if told.problem:
        context.log.warning(f"The webhook was not told, and will be the next time: {told.problem}")
    return dg.SkipReason(f"{len(told.raised)} alerts raised, {len(told.resolved)} resolved")


defs = dg.Definitions(sensors=[alerts])
