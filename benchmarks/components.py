"""Connected components in the warehouse beside scipy's, of the same edges: a hub, a chain and pairs.

Both begin with edges between texts in a DuckDB file and end with a table of nodes and the smallest of their component.
"""

from __future__ import annotations

from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
from scipy.sparse import coo_matrix  # type: ignore[import-untyped]
from scipy.sparse.csgraph import connected_components  # type: ignore[import-untyped]

from benchmarks.harness import Bench, Measured, Spent, timed
from benchmarks.identity_at_scale import Shape, connect, edges_sql


def shape_of(identifiers: int) -> Shape:
    """A tenth of the identifiers in a hub, and a tenth in a chain."""
    return Shape(identifiers, identifiers // 10, identifiers // 10)


def by_scipy(database: Path, shape: Shape) -> None:
    """What the materialization makes, made by pandas' factorize and scipy."""
    with duckdb.connect(str(database)) as connection:
        connection.execute("set threads = 2")
        edges = connection.execute(edges_sql(shape)).to_arrow_table()
        both = pa.chunked_array([*edges["node_a"].chunks, *edges["node_b"].chunks]).to_pandas()
        codes, nodes = pd.factorize(both, sort=True)
        a, b = np.split(codes, 2)
        graph = coo_matrix((np.ones(len(a), dtype=np.int8), (a, b)), shape=(len(nodes), len(nodes)))
        count, labels = connected_components(graph, directed=False)
        smallest = np.full(count, len(nodes))
        np.minimum.at(smallest, labels, np.arange(len(nodes)))
        table = pa.table({"node_id": pa.array(nodes), "component_id": pa.array(nodes.take(smallest[labels]))})
        connection.register("found", table)
        connection.execute("create or replace table by_scipy as from found")


def by_dbt(home: Path, shape: Shape) -> float:
    """Seconds of the model that the materialization makes; dbt's start is not of it."""
    return connect(home, shape).models["bare"]


def measure(bench: Bench) -> Measured:
    """The row of the table: as many identifiers as people."""
    home, shape = bench.folder("components"), shape_of(bench.people)
    ours, other = [], []
    for _ in range(bench.rounds):
        ours.append(Spent(by_dbt(home, shape)))
        other.append(timed(lambda: by_scipy(home / "bare.duckdb", shape)))
    return Measured(ours, other, f"{shape.identifiers:,} nodes, a hub, a chain and pairs")
