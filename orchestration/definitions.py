"""Everything Dagster runs. A new table, model or campaign appears by its own files; a new stage is a line here."""

import warnings

import dagster as dg

from orchestration.settings import export_environment

# Extracts load a range of days in one run, all after them runs a day at a time: the policies differ on purpose.
warnings.filterwarnings("ignore", category=dg.BetaWarning, message=".*backfill_policy")
warnings.filterwarnings("ignore", message="Asset job .* varying BackfillPolicies")

# Before the definitions are loaded: they parse the dbt project, and dbt's processes read the environment.
export_environment()

from orchestration.defs import export, ingest, jobs, transform  # noqa: E402

defs = dg.Definitions.merge(ingest.defs, transform.defs, export.defs, jobs.defs)
