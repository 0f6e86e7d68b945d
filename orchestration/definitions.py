"""Everything Dagster runs. A new table, model or campaign appears by its own files; a new stage is a line here."""

import warnings

import dagster as dg

from orchestration.journeys import load_journeys
from orchestration.settings import PROJECT, export_environment

# Dagster calls backfill policies beta, once per asset.
warnings.filterwarnings("ignore", category=dg.BetaWarning, message=".*backfill_policy")

# Before the definitions are loaded: they parse the dbt project, and dbt's processes read the environment.
export_environment()
# A journey that does not hold together stops here, by file and line, and not as SQL that nobody wrote.
load_journeys(PROJECT)

from orchestration.defs import alerts, duplicates, export, ingest, jobs, pulse, sync, transform  # noqa: E402

defs = dg.Definitions.merge(
    ingest.defs, transform.defs, export.defs, sync.defs, duplicates.defs, pulse.defs, jobs.defs, alerts.defs
)
