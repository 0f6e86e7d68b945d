"""Pairs of contacts that are likely one person, as the history that fct_duplicate_candidates reads."""

import dagster as dg

from orchestration.duplicate_pairs import NotComparableError, find
from orchestration.partitions import daily, days_of, one_day_a_run
from orchestration.settings import settings
from orchestration.site import site_for

GROUP = "duplicates"


@dg.asset(
    key=["duplicates", "duplicate_pairs"],
    partitions_def=daily,
    backfill_policy=one_day_a_run,
    group_name=GROUP,
    kinds={"parquet", "splink"},
    description="Customers likely to be one person, from the contacts as the day's run published them. Proposals only.",
)
def duplicate_pairs(context: dg.AssetExecutionContext) -> dg.MaterializeResult[None]:
    """Reads the published copy, and so may run beside anything: it is no part of the daily job."""
    try:
        pairs = find(site_for(days_of(context)[-1], settings()), settings())
    except NotComparableError as error:
        raise dg.Failure(str(error), allow_retries=False) from error
    return dg.MaterializeResult(metadata={"pairs": dg.MetadataValue.int(pairs.num_rows)})
