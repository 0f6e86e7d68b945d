"""Rows come from the export tables with what the campaign's rules decide, and with their lists."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import duckdb

from orchestration import export_tables
from tests.conftest import REPO

WINBACK = REPO / "exports/campaigns/winback"


def test_rows_bring_what_rules_decide_and_their_lists(manifest: dict[str, Any], tmp_path: Path) -> None:
    models = export_tables.export_models(manifest, "winback")
    assert [model["name"] for model in models] == ["exp_winback", "exp_winback__products"]
    campaign = export_tables.load(WINBACK, models, manifest)
    with duckdb.connect(str(tmp_path / f"{models[0]['database']}.duckdb")) as connection:
        for model in models:
            connection.execute(f"create schema if not exists {model['schema']}")
            columns = ", ".join(f"{c['name']} {c['data_type']}" for c in model["columns"].values())
            connection.execute(f"create table {export_tables.table(model)} ({columns})")
        main, products = map(export_tables.table, models)
        connection.execute(
            f"insert into {main} by name select unnest(['b', 'a', 'c']) as message_id, "
            "unnest([400, null, 30]) as days_since_order"
        )
        connection.execute(f"insert into {products} by name select 'b' as message_id, unnest([2, 1]) as position")
        rows = list(export_tables.rows_of(connection, campaign, models))
    assert [(r["message_id"], r["slot_opening"], r["slot_opening_rule"]) for r in rows] == [
        ("a", "discover", "otherwise"),
        ("b", "long_ago", "over_a_year_ago"),
        ("c", "last_order", "ordered_before"),
    ]
    assert [[product["position"] for product in row["products"]] for row in rows] == [[], [1, 2], []]
    assert {*rows[0]} == {*models[0]["columns"], "slot_opening", "slot_opening_rule", "products"}


def test_personal_data_is_what_the_contract_tags(manifest: dict[str, Any]) -> None:
    columns = export_tables.columns_of(export_tables.export_models(manifest, "winback")[0])
    personal = {name for name, column in columns.items() if column.is_personal}
    assert personal == {"customer_id", "first_name", "to_email", "to_name"}
    assert columns["days_since_order"].data_type == "int"


def test_every_fault_of_every_campaign_is_told(manifest: dict[str, Any], tmp_path: Path) -> None:
    assert export_tables.problems(manifest) == []
    for name, old, new in (
        ("winback", "at_least: 365", "at_lest: 365"),
        ("cart_reminder", "item_count,", "itm_count,"),
        ("welcome", "purpose: marketing_email", "purpose: analytics"),
    ):
        shutil.copytree(WINBACK.parent / name, tmp_path / name)
        path = tmp_path / name / "campaign.yml"
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new))
    shutil.copytree(WINBACK, tmp_path / "spring")
    found = {
        (problem.file.parent.name, problem.text.split(";")[0]) for problem in export_tables.problems(manifest, tmp_path)
    }
    assert {
        ("winback", "unknown key 'at_lest'"),
        ("cart_reminder", "the export table has no column 'itm_count'"),
        ("welcome", "purpose is analytics here and marketing_email in cmp_welcome.yml"),
        ("spring", "there is no model exp_spring to read rows from"),
        ("cross_sell", "file is missing: without it nobody is sent what cmp_cross_sell decides"),
    } <= found
