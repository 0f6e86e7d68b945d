"""The rows of the table, by name, in the order they are measured."""

from __future__ import annotations

from benchmarks import components, increment, ingest, job, models, rendering
from benchmarks.harness import Row

ROWS = {
    "ingest": Row("a bare DuckDB COPY of the file", job.LOADING, ingest.measure),
    "models": Row("one SQL script for the same tables", job.BUILDING, models.measure),
    "increment": Row("the same behind 30 days", 1.2, increment.measure),
    "rendering": Row("writing the same bytes", job.RENDERING, rendering.measure),
    "components": Row("scipy", 1.0, components.measure),
    "job": Row("the goals of ingest, models and rendering together", 1.5, job.measure, memory=8 * 10**9),
    "pandas": Row("the same job by pandas", 1 / 3, job.measure_pandas),
}
