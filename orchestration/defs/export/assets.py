"""The asset of one campaign: its export table through the gate, rendered, logged and put into the outbox."""

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import dagster as dg

from exports import Manifest
from orchestration import export_tables
from orchestration.dbt_project import manifest
from orchestration.defs.transform.assets import published
from orchestration.export import ensure_may_leave, export
from orchestration.failures import CLOSED
from orchestration.gate import GateClosedError, open_published
from orchestration.partitions import daily, days_of, is_backfill, one_day_a_run
from orchestration.settings import settings
from orchestration.site import Site, site_for

GATE = "gate"


def export_asset(folder: Path) -> dg.AssetsDefinition:
    """The asset `outbox/<campaign>`, one payload for each decision to send."""
    campaign = folder.name
    key = dg.AssetKey(["outbox", campaign])

    @dg.asset(
        key=key,
        partitions_def=daily,
        backfill_policy=one_day_a_run,
        deps=[published],
        group_name="outbox",
        kinds={"json", "csv"},
        description=f"Payloads of {campaign}: payloads.jsonl, recipients.csv, explain.jsonl, manifest.json.",
        check_specs=[
            dg.AssetCheckSpec(
                GATE, asset=key, description="Same clock, fresh suppressions, contract met, usual audience."
            )
        ],
    )
    def exported(context: dg.AssetExecutionContext) -> Iterator[dg.AssetCheckResult | dg.MaterializeResult[None]]:
        site = site_for(days_of(context)[-1], settings(), is_backfill=is_backfill(context))
        try:
            connection = open_published(site)
            with connection:
                models = export_tables.export_models(manifest(), campaign)
                ensure_may_leave(connection, site, campaign, models)
                yield dg.AssetCheckResult(check_name=GATE, passed=True)
                written = export(connection, site, folder, manifest(), models)
        except GateClosedError as error:
            yield dg.AssetCheckResult(check_name=GATE, passed=False, description=str(error))
            raise dg.Failure(
                f"{campaign}, {site.day}: {error}",
                metadata={CLOSED: dg.MetadataValue.json([asdict(gate) for gate in error.closed])},
                allow_retries=False,
            ) from error
        yield dg.MaterializeResult(metadata=_metadata(site, campaign, written))

    return exported


def _metadata(site: Site, campaign: str, written: Manifest) -> dict[str, dg.MetadataValue]:
    return {
        "folder": dg.MetadataValue.path(str(site.outbox(campaign))),
        "payloads": dg.MetadataValue.int(written.messages),
        "template_version": dg.MetadataValue.text(written.template_version),
        "slots": dg.MetadataValue.json(written.slots),
        "fallbacks": dg.MetadataValue.json(written.fallbacks),
        "is_live": dg.MetadataValue.bool(site.is_live),
    }
