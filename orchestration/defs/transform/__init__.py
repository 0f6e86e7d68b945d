"""dbt's models and tests as assets and checks, and the publishing of their results."""

import dagster as dg
from dagster_dbt import DbtCliResource

from orchestration.dbt_project import DBT, project
from orchestration.defs.transform.assets import models, published

defs = dg.Definitions(
    assets=[models, published],
    resources={"dbt": DbtCliResource(project_dir=project(), dbt_executable=str(DBT))},
)
