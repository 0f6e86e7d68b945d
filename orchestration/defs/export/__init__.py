"""One asset per folder of exports/campaigns. A new campaign needs no line here."""

import dagster as dg

from orchestration.defs.export.assets import export_asset
from orchestration.export_tables import campaign_folders

defs = dg.Definitions(assets=[export_asset(folder) for folder in campaign_folders()])
