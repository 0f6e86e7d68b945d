"""What differs between two manifests, and what has to be built for it."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from workbench.changes import changed_models, edited_models, to_build

TARGETS = ("fct_campaign_decisions", "fct_segment_memberships")


def _node(manifest: dict[str, Any], name: str) -> dict[str, Any]:
    (node,) = (n for n in manifest["nodes"].values() if n["name"] == name and n["resource_type"] in ("model", "seed"))
    return node


@pytest.fixture
def edited(manifest: dict[str, Any]) -> dict[str, Any]:
    return copy.deepcopy(manifest)


def test_nothing_differs_from_itself(manifest: dict[str, Any], edited: dict[str, Any]) -> None:
    assert changed_models(manifest, edited, {}, {}) == set()


def test_an_edit_of_a_model_is_built_with_what_is_made_of_it_and_no_more(
    manifest: dict[str, Any], edited: dict[str, Any]
) -> None:
    _node(edited, "seg_lapsed")["checksum"]["checksum"] = "another"
    changed = changed_models(manifest, edited, {}, {})
    assert changed == {"seg_lapsed"}
    there = {node["name"] for node in manifest["nodes"].values()}
    built = to_build(edited, changed, TARGETS, there)
    assert {"seg_lapsed", "dim_segments", "fct_segment_memberships", "cmp_winback", *TARGETS} <= built
    assert built & {"fct_rfm_scores", "seg_at_risk", "exp_winback", "fct_orders"} == set()
    assert "fct_rfm_scores" in to_build(edited, changed, TARGETS, there - {"fct_rfm_scores"})


def test_an_edit_of_a_setting_changes_what_reads_settings(manifest: dict[str, Any], edited: dict[str, Any]) -> None:
    _node(edited, "cmp_winback")["config"]["meta"]["priority"] = 5
    changed = changed_models(manifest, edited, {}, {})
    assert edited_models(manifest, edited) == {"cmp_winback"}
    assert {"cmp_winback", "dim_campaigns", "dim_segments"} <= changed
    assert changed & {"fct_orders", "seg_lapsed", "fct_rfm_scores"} == set()


def test_an_edit_of_a_macro_changes_what_uses_it_directly_or_not(
    manifest: dict[str, Any], edited: dict[str, Any]
) -> None:
    (macro,) = (m for m in edited["macros"].values() if m["name"] == "duckdb__json_text")
    macro["macro_sql"] += " "
    # What a model names is json_text, which leads to this one.
    changed = changed_models(manifest, edited, {}, {})
    assert "seg_lapsed" in changed
    assert "fct_orders" not in changed


def test_an_edit_of_a_list_changes_what_reads_it(manifest: dict[str, Any], edited: dict[str, Any]) -> None:
    changed = changed_models(manifest, edited, {"segments": ["a"]}, {"segments": ["a", "b"]})
    assert {"dim_segments", "fct_segment_memberships"} <= changed
    assert "fct_trigger_occasions" not in changed
