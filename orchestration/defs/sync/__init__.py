"""The sync of profiles, an asset of the daily job once it is switched on."""

import dagster as dg

from orchestration.defs.sync.assets import profiles

defs = dg.Definitions(assets=[profiles])
