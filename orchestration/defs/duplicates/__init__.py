"""The comparison of contacts with each other: a job of its own, started by hand or by its schedule."""

import dagster as dg

from orchestration.defs.duplicates.assets import duplicate_pairs
from orchestration.settings import settings
from orchestration.site import last_live_day

duplicates_job = dg.define_asset_job(
    "duplicates",
    selection=dg.AssetSelection.assets(duplicate_pairs),
    description="Find contacts that are likely one person; the next daily run lists them.",
)


@dg.schedule(job=duplicates_job, cron_schedule="0 6 * * 1", description="Every Monday, for the last day that ran.")
def duplicates_weekly() -> dg.RunRequest | dg.SkipReason:
    day = last_live_day(settings())
    return dg.RunRequest(partition_key=day.isoformat()) if day else dg.SkipReason("no day has run yet")


defs = dg.Definitions(assets=[duplicate_pairs], jobs=[duplicates_job], schedules=[duplicates_weekly])
