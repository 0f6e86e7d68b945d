"""The rows of the table, by name, in the order they are measured."""

from __future__ import annotations

from benchmarks import components, increment, ingest, models, rendering
from benchmarks.harness import Row

ROWS = {
    "ingest": Row("a bare DuckDB COPY of the file", 1.3, ingest.measure),
    "models": Row("one SQL script for the same tables", 1.5, models.measure_script),
    "increment": Row("the same behind 30 days", 1.2, increment.measure),
    "rendering": Row("writing the same bytes", 2.0, rendering.measure),
    "components": Row("scipy", 1.0, components.measure),
    "pandas": Row("the same tables by pandas", 1 / 3, models.measure_pandas),
}
