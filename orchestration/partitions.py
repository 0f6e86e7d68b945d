"""The one partitioning: a partition is a day, and its `as_of` is the end of that day."""

from datetime import date

import dagster as dg

from orchestration.settings import settings

daily = dg.DailyPartitionsDefinition(start_date=settings().first_day.isoformat())


def days_of(context: dg.AssetExecutionContext) -> list[date]:
    """The days the run covers, in order: one, or a range when a backfill runs as one."""
    return sorted(date.fromisoformat(key) for key in context.partition_keys)
