"""The one partitioning: a partition is a day, and its `as_of` is the end of that day."""

from datetime import date

import dagster as dg

from orchestration.settings import settings

BACKFILL_TAG = "dagster/backfill"
daily = dg.DailyPartitionsDefinition(start_date=settings().first_day.isoformat())

# A backfill runs each day on its own, from its extracts to its outbox. The policy must be the same for every asset:
# with another one upstream, Dagster would take dbt's models apart into runs of a few models each.
one_day_a_run = dg.BackfillPolicy.multi_run(max_partitions_per_run=1)


# A run that builds a day anew after somebody was erased.
ERASURE_TAG = "postroom/erasure"


def is_backfill(context: dg.AssetExecutionContext) -> bool:
    """Whether the run is one of a backfill's, started over days that have passed."""
    return BACKFILL_TAG in context.run.tags


def days_of(context: dg.AssetExecutionContext) -> list[date]:
    """The days the run covers, in order: one, or a range when a backfill runs as one."""
    return sorted(date.fromisoformat(key) for key in context.partition_keys)


def is_rebuild(context: dg.AssetExecutionContext) -> bool:
    """Whether the run builds a day anew from what its last run was given, less those who were erased since."""
    return ERASURE_TAG in context.run.tags
