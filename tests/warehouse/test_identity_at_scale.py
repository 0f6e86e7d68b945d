"""The shapes that break identity elsewhere, at the size of the benchmark: one address of all, a chain of merges."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from benchmarks.identity_at_scale import Shape, connect, resolve, write_raw


@pytest.mark.heavy
@pytest.mark.parametrize("shape", [Shape(10_000, 1_000, 1_000), Shape()], ids=["ten_thousand", "a_million"])
def test_a_hub_is_held_apart_and_a_chain_of_merges_is_one(shape: Shape, tmp_path: Path) -> None:
    write_raw(tmp_path, shape)
    resolve(tmp_path)
    with duckdb.connect(str(tmp_path / "warehouse.duckdb"), read_only=True) as connection:
        kinds = dict(
            connection.execute(
                "select substring(split_part(node_id, ':', 2), 1, 1) as kind, count(distinct customer_id)"
                " from marts.dim_identities where node_id like 'crm_id:%' group by kind"
            ).fetchall()
        )
        held_back = connection.execute(
            "select node_id, violation, would_merge_count from marts.fct_identity_violations order by node_id"
        ).fetchall()
        found = connection.execute("select count(distinct customer_id) from marts.dim_identities").fetchone()
    assert kinds == {"h": shape.hub, "c": 1, "p": shape.people}
    assert held_back == [
        ("anonymous_id:kiosk", "over_limit", shape.hub),
        ("email:hub@x.example", "over_limit", shape.hub),
    ]
    assert found == (shape.customers,)


@pytest.mark.heavy
def test_the_materialization_alone_finds_the_components_of_a_million(tmp_path: Path) -> None:
    shape = Shape()
    connect(tmp_path, shape)
    with duckdb.connect(str(tmp_path / "bare.duckdb"), read_only=True) as connection:
        components = "select count(*) as size from bare group by component_id"
        sizes = connection.execute(f"select size, count(*) from ({components}) group by size order by size").fetchall()
    # The chain and the star are as large as each other.
    assert sizes == [(2, (shape.identifiers - shape.hub - shape.chain) // 2), (shape.hub, 2)]
