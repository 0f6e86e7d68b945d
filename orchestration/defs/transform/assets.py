"""Build the warehouse at the end of a day, then publish it: dated results to history/, and a copy for readers."""

from collections.abc import Iterator
from contextlib import nullcontext
from typing import Any

import dagster as dg
from dagster_dbt import DagsterDbtCliRuntimeError, DbtCliResource, dbt_assets

from disk import DiskFullError
from ingest.files import standing_still
from orchestration import inputs
from orchestration.damage import damaged_files
from orchestration.database import WarehouseBusyError, WarehouseDamagedError, discard, is_whole
from orchestration.dbt_project import LEAN, manifest, project
from orchestration.partitions import daily, days_of, is_backfill, is_rebuild, one_day_a_run
from orchestration.publish import publish
from orchestration.settings import dbt_environment, settings
from orchestration.site import Site, site_for
from orchestration.warehouse import OvertakenError, is_built_with_other_macros, prepare
from orchestration.zones import unfit_values

WAREHOUSE_POOL = "warehouse"


@dbt_assets(
    manifest=manifest(),
    project=project(),
    # Whom a pulse is about is of no use to the daily run.
    exclude="tag:pulse",
    partitions_def=daily,
    backfill_policy=one_day_a_run,
    pool=WAREHOUSE_POOL,
)
def models(context: dg.AssetExecutionContext, dbt: DbtCliResource) -> Iterator[Any]:
    """Every model, seed and data test. Unit tests are for whoever edits a model, not for the nightly run."""
    site = _site(context)
    # What a live run was given is on record, and a replay of the day is given the same: it must not change meanwhile.
    with standing_still(settings().raw) if site.is_live else nullcontext():
        yield from _build(context, dbt, site)


def _build(context: dg.AssetExecutionContext, dbt: DbtCliResource, site: Site) -> Iterator[Any]:
    try:
        given = inputs.given_to(site, manifest(), settings(), as_it_was=is_rebuild(context))
        if prepare(site, manifest(), settings(), given):
            context.log.warning(f"{site.warehouse} was damaged. It is made anew from raw/, history/ and ledger/.")
        is_outdated = is_built_with_other_macros(site, manifest())
    except WarehouseBusyError as error:
        context.log.warning(f"{error} This waits for it.")
        raise dg.RetryRequested(max_retries=10, seconds_to_wait=30) from error
    except DiskFullError as error:
        raise dg.Failure(str(error), allow_retries=False) from error
    dbt_environment(site.warehouse, is_child=True)
    context.log.info(
        f"as of {site.as_of}, in {site.warehouse}" + ("" if site.is_live else " (a replay: nothing is sent)")
    )
    if given and given.missing:
        context.log.warning(f"What this day read and is gone by now: {', '.join(given.missing)}")
    arguments = ["build", *LEAN, "--exclude-resource-type", "unit_test", "--vars", f"{{as_of: '{site.as_of}'}}"]
    if is_outdated:
        context.log.info("a macro has changed since the last run: every fact is made anew")
        arguments.append("--full-refresh")
    # One folder for all runs, which the pool keeps apart: Dagster's own choice is a new one each time, never removed.
    try:
        yield from dbt.cli(arguments, context=context, target_path=settings().dbt_target / "run").stream()
    except DagsterDbtCliRuntimeError:
        # Of a file that is not whole, and of a value that its column's type no longer fits, dbt names neither.
        with settings().vault.connect() as connection:
            problems = damaged_files(settings()) or unfit_values(connection, manifest(), settings())
        if problems:
            raise dg.Failure("\n".join(problems), allow_retries=False) from None
        if not is_whole(site.warehouse, site.vault):
            context.log.warning(f"{site.warehouse} is damaged. It is made anew from raw/, history/ and ledger/.")
            discard(site.warehouse)
            raise dg.RetryRequested(max_retries=1) from None
        raise


@dg.asset(
    partitions_def=daily,
    backfill_policy=one_day_a_run,
    deps=[models],
    group_name="publish",
    kinds={"parquet", "duckdb"},
    description="Dated results in history/, and the copy of the warehouse that exports read.",
    pool=WAREHOUSE_POOL,
)
def published(context: dg.AssetExecutionContext) -> dg.MaterializeResult[None]:
    try:
        counts = publish(_site(context), manifest(), settings())
    except WarehouseBusyError as error:
        context.log.warning(f"{error} This waits for it.")
        raise dg.RetryRequested(max_retries=10, seconds_to_wait=30) from error
    except (OvertakenError, WarehouseDamagedError) as error:
        raise dg.Failure(str(error), allow_retries=False) from error
    return dg.MaterializeResult(metadata={name: dg.MetadataValue.int(rows) for name, rows in counts.items()})


def _site(context: dg.AssetExecutionContext) -> Site:
    # One run, one clock: of a range, the last day.
    return site_for(days_of(context)[-1], settings(), is_backfill=is_backfill(context))
