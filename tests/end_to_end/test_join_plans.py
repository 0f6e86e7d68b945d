"""No join of two tables that grow with the customers compares every row of one with every row of the other."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import duckdb

from engine.functions import register
from tests.end_to_end.conftest import Home

COMPARES_ALL = {"BLOCKWISE_NL_JOIN", "CROSS_PRODUCT", "NESTED_LOOP_JOIN"}
# More than any table that people keep by hand has; fewer than the sample has of anything about customers.
FEW_ROWS = 300


def _rows(plan: dict[str, Any]) -> int:
    """How many rows the planner expects of a part; where it does not say, as many as go into it."""
    expected = plan.get("extra_info", {}).get("Estimated Cardinality")
    return int(expected) if expected else max(map(_rows, plan["children"]), default=0)


def _comparing_all(plan: dict[str, Any]) -> Iterator[str]:
    if plan["name"].strip() in COMPARES_ALL and all(_rows(child) > FEW_ROWS for child in plan["children"]):
        yield f"{plan['name'].strip()} of {' and '.join(str(_rows(child)) for child in plan['children'])} rows"
    for child in plan["children"]:
        yield from _comparing_all(child)


def test_no_model_and_no_test_compares_every_row_with_every_other(sample_home: tuple[Home, str]) -> None:
    path = sample_home[0].path
    compiled = {file.name: file.read_text() for file in (path / "dbt/run/compiled").rglob("*.sql")}
    assert len(compiled) > 500
    found = {}
    with duckdb.connect() as connection:
        register(connection)
        connection.execute(f"set TimeZone = 'UTC'; attach '{path}/warehouse.duckdb' as warehouse (read_only)")
        connection.execute("use warehouse")
        for name, sql in compiled.items():
            rows = connection.execute(f"explain (format json) {sql}").fetchall()
            if joins := [join for plan in json.loads(rows[0][1]) for join in _comparing_all(plan)]:
                found[name] = joins
    assert found == {}
