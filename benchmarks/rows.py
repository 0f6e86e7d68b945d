"""The rows of the table, by name, in the order they are measured."""

from __future__ import annotations

from benchmarks import components, increment, ingest, rendering
from benchmarks.harness import Row

ROWS = {
    "ingest": Row("a bare DuckDB COPY of the file", 1.3, ingest.measure),
    "increment": Row("the same behind 30 days", 1.2, increment.measure),
    "rendering": Row("writing the same bytes", 2.0, rendering.measure),
    "components": Row("scipy", 1.0, components.measure),
}
