"""One asset per folder of exports/campaigns. A new campaign needs no line here."""

import dagster as dg

from orchestration.defs.export.assets import CAMPAIGNS, export_asset

defs = dg.Definitions(
    assets=[export_asset(folder) for folder in sorted(CAMPAIGNS.iterdir()) if (folder / "campaign.yml").exists()]
)
