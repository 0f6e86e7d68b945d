"""The asset of one source table: each of its days loaded from landing to raw, checked before it is put in place."""

from collections import Counter
from collections.abc import Iterator
from datetime import date

import dagster as dg

from ingest import (
    Contract,
    ExtractError,
    LoadReport,
    StillBeingWrittenError,
    Tombstones,
    load_partition,
    remove_expired,
)
from orchestration import landed
from orchestration.failures import OVER_LIMIT
from orchestration.partitions import daily, days_of, is_backfill, one_day_a_run
from orchestration.settings import PROJECT, settings
from orchestration.site import site_for
from orchestration.zones import ensure_readable

CHECK = "contract"


def ingest_asset(contract: Contract) -> dg.AssetsDefinition:
    """The asset `<source>/<table>` with its blocking check.

    The check stands before the rename: a partition that fails it is not put in place, and nothing downstream runs.
    """
    key = dg.AssetKey([contract.source, contract.table])

    @dg.asset(
        key=key,
        partitions_def=daily,
        backfill_policy=one_day_a_run,
        group_name="ingest",
        description=contract.description,
        kinds={"parquet"},
        metadata={"declared_in": contract.declared_in},
        check_specs=[
            dg.AssetCheckSpec(
                CHECK,
                asset=key,
                blocking=True,
                description="Great Expectations' suite and the quarantine limit, as the source YAML declares them.",
            )
        ],
        pool=f"load_{contract.source}_{contract.table}",
    )
    def load(context: dg.AssetExecutionContext) -> Iterator[dg.AssetCheckResult | dg.MaterializeResult[None]]:
        reports: list[LoadReport] = []
        problems: list[str] = []
        expired = _remove_expired(context, contract)
        for day in days_of(context):
            try:
                report = _load(contract, day)
            except StillBeingWrittenError as error:
                raise dg.RetryRequested(max_retries=5, seconds_to_wait=30) from error
            except ExtractError as error:
                problems.append(f"{contract.name} {day}: {error}")
                continue
            reports.append(report)
            context.log.info(_say(report))
            if report.problem:
                problems.append(f"{contract.name} {day}: {report.problem}")
        yield _check_result(reports, problems)
        if problems:
            raise dg.Failure(
                "Not put in place; what was loaded before stays.\n" + "\n".join(problems),
                metadata={
                    "problems": problems,
                    OVER_LIMIT: dg.MetadataValue.json([str(r.day) for r in reports if r.is_over_limit]),
                },
                allow_retries=False,
            )
        yield dg.MaterializeResult(metadata=_metadata(reports, expired))

    return load


def _remove_expired(context: dg.AssetExecutionContext, contract: Contract) -> list[date]:
    """Forget what the contract no longer keeps. A replay of a day that has passed forgets nothing."""
    here, day = settings(), days_of(context)[-1]
    if not site_for(day, here, is_backfill=is_backfill(context)).is_live:
        return []
    return remove_expired(contract, day, landing=here.landing, raw=here.raw, quarantine=here.quarantine)


def _load(contract: Contract, day: date) -> LoadReport:
    here = settings()
    ensure_readable(here)
    # Before the load: what lands while it is under way is not in it.
    found = landed.now(here, contract, day)
    report = load_partition(
        contract,
        day,
        landing=here.landing,
        raw=here.raw,
        quarantine=here.quarantine,
        adapters=PROJECT / "adapters",
        settle_seconds=here.settle_seconds,
        vault=here.vault,
        tombstones=Tombstones.read(here.ledger, here.vault, PROJECT / "seeds"),
    )
    if report.is_loaded:
        landed.note(here, contract, day, found)
    return report


def _say(report: LoadReport) -> str:
    if not report.files:
        return f"{report.contract} {report.day}: nothing has landed; what is loaded stays."
    reasons = "".join(f"; {count} x {reason}" for reason, count in report.reasons.items())
    misfits = "".join(f"; loaded though {reason}: {count}" for reason, count in report.misfits.items())
    erased = f"; {report.erased} of erased people left out" if report.erased else ""
    told = f"{reasons}{misfits}{erased}"
    return f"{report.contract} {report.day}: {report.rows} rows, {report.quarantined} in quarantine{told}"


def _check_result(reports: list[LoadReport], problems: list[str]) -> dg.AssetCheckResult:
    columns = [dg.TableColumn(name) for name in ("day", "expectation", "column", "severity", "met", "detail")]
    records = [
        dg.TableRecord(
            {
                "day": str(r.day),
                "expectation": e.type,
                "column": e.column,
                "severity": e.severity,
                "met": e.is_met,
                "detail": e.detail,
            }
        )
        for r in reports
        for e in r.expectations
    ]
    # A warning that nobody sees is no warning: it shows as a failed check, though one that blocks nothing.
    is_clean = not problems and all(e.is_met for r in reports for e in r.expectations)
    return dg.AssetCheckResult(
        check_name=CHECK,
        passed=is_clean,
        severity=dg.AssetCheckSeverity.ERROR if problems else dg.AssetCheckSeverity.WARN,
        description="\n".join(problems) or None,
        metadata={
            "expectations": dg.MetadataValue.table(records, schema=dg.TableSchema(columns)),
            "quarantined": sum(r.quarantined for r in reports),
            "erased": sum(r.erased for r in reports),
        },
    )


def _metadata(reports: list[LoadReport], expired: list[date]) -> dict[str, dg.MetadataValue]:
    reasons, misfits = Counter[str](), Counter[str]()
    for report in reports:
        reasons.update(report.reasons)
        misfits.update(report.misfits)
    undeclared = sorted({name for report in reports for name in report.undeclared_columns})
    return {
        "dagster/row_count": dg.MetadataValue.int(sum(r.rows for r in reports)),
        "quarantined": dg.MetadataValue.int(sum(r.quarantined for r in reports)),
        "erased": dg.MetadataValue.int(sum(r.erased for r in reports)),
        "quarantine_reasons": dg.MetadataValue.json(dict(reasons)),
        "misfits_loaded": dg.MetadataValue.json(dict(misfits)),
        "undeclared_columns": dg.MetadataValue.json(undeclared),
        "files": dg.MetadataValue.int(sum(len(r.files) for r in reports)),
        "expired_days": dg.MetadataValue.json([str(day) for day in expired]),
        "days_without_a_file": dg.MetadataValue.json([str(r.day) for r in reports if not r.files]),
    }
