"""Segments, triggers and campaigns are tested on the personas: one on each side of every boundary."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import REPO

PERSONAS = "personas_"
FIXTURES = sorted((REPO / "tests/dbt/fixtures/personas").glob("*.csv"))


def _models(manifest: dict[str, Any], *prefixes: str) -> dict[str, dict[str, Any]]:
    nodes = [n for n in manifest["nodes"].values() if n["resource_type"] == "model"]
    return {n["name"]: n for n in nodes if n["name"].startswith(prefixes)}


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as lines:
        return list(csv.DictReader(lines))


def test_every_segment_trigger_and_campaign_is_tested_on_personas(manifest: dict[str, Any]) -> None:
    tested = {
        test["model"]
        for test in manifest["unit_tests"].values()
        if any((given.get("fixture") or "").startswith(PERSONAS) for given in test["given"])
    }
    assert sorted(set(_models(manifest, "seg_", "trg_", "cmp_")) - tested) == []


def test_a_segment_s_evidence_begins_with_its_own_name(manifest: dict[str, Any]) -> None:
    wrong = []
    for name, model in _models(manifest, "seg_").items():
        segment = name.removeprefix("seg_")
        said = (f"json_text({{\n        'segment': \"'{segment}'\",", f"rfm_segment('{segment}')")
        if not any(text in model["raw_code"] for text in said):
            wrong.append(name)
    assert wrong == []


def test_a_segment_has_a_subject_where_it_says_per_what(manifest: dict[str, Any]) -> None:
    segments = _models(manifest, "seg_").values()
    assert [m["name"] for m in segments if ("subject" in m["columns"]) != ("per" in m["config"]["meta"])] == []
    assert [m["name"] for m in segments if "per" in m["config"]["meta"]] != []


@pytest.mark.parametrize("path", FIXTURES, ids=lambda path: path.stem)
def test_a_persona_has_the_columns_of_its_table_and_is_in_the_cast(path: Path, manifest: dict[str, Any]) -> None:
    name = path.stem.removeprefix(PERSONAS)
    table = next(n for n in manifest["nodes"].values() if n["name"] == name and n["resource_type"] in ("model", "seed"))
    rows = _rows(path)
    assert rows and set(rows[0]) <= set(table["columns"])
    cast = {row["customer_id"] for row in _rows(path.with_name(f"{PERSONAS}dim_customers.csv"))}
    assert {row["customer_id"] for row in rows if row.get("customer_id")} <= cast
