"""One asset per source table. A new one needs no line here: it is declared in the dbt source YAML."""

import dagster as dg

from ingest import read_contracts
from orchestration.dbt_project import manifest
from orchestration.defs.ingest.assets import ingest_asset

defs = dg.Definitions(assets=[ingest_asset(contract) for contract in read_contracts(manifest())])
