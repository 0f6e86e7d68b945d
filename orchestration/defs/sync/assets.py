"""Changed profiles, as the file that the CRM or the e-mail service imports."""

import dagster as dg

from orchestration.dbt_project import manifest
from orchestration.defs.transform.assets import published
from orchestration.gate import GateClosedError
from orchestration.partitions import daily, days_of, is_backfill, one_day_a_run
from orchestration.profile_sync import sync
from orchestration.settings import settings
from orchestration.site import site_for

GROUP = "sync"


@dg.asset(
    key=["outbox", "sync"],
    partitions_def=daily,
    backfill_policy=one_day_a_run,
    deps=[published],
    group_name=GROUP,
    kinds={"csv"},
    description="profiles.csv: what has changed of each profile since it was last written.",
)
def profiles(context: dg.AssetExecutionContext) -> dg.MaterializeResult[None]:
    site = site_for(days_of(context)[-1], settings(), is_backfill=is_backfill(context))
    try:
        written = sync(site, manifest(), settings().ledger)
    except GateClosedError as error:
        raise dg.Failure(f"sync, {site.day}: {error}", allow_retries=False) from error
    return dg.MaterializeResult(
        metadata={"folder": dg.MetadataValue.path(str(site.outbox("sync"))), "profiles": written.rows}
    )
