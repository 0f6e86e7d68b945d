"""The layers of DESIGN's table, held against dbt's manifest."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.conftest import REPO

# What each layer's models may depend on, besides seeds.
MAY_READ = {
    "staging": set(),
    "intermediate": {"staging", "intermediate"},
    "marts": {"intermediate", "marts"},
    "exports": {"marts"},
}
# Marts hold the decisions, which need what was sent and decided before: state, not extracts.
STATE = {"history", "ledger", "loads"}
PREFIXES = {
    "staging": ("stg_",),
    "intermediate": ("int_",),
    "marts": ("dim_", "fct_", "seg_", "trg_", "cmp_", "jrn_"),
    "exports": ("exp_",),
}


def _models(manifest: dict[str, Any]) -> list[dict[str, Any]]:
    return [n for n in manifest["nodes"].values() if n["resource_type"] == "model"]


def _layer(model: dict[str, Any]) -> str:
    return str(model["fqn"][1])


def _parents(manifest: dict[str, Any], model: dict[str, Any]) -> list[dict[str, Any]]:
    return [manifest["nodes"].get(p) or manifest["sources"][p] for p in model["depends_on"]["nodes"]]


def test_each_layer_reads_only_what_it_may(manifest: dict[str, Any]) -> None:
    wrong = [
        f"{model['name']} reads {parent['name']}"
        for model in _models(manifest)
        for parent in _parents(manifest, model)
        if parent["resource_type"] == "model" and _layer(parent) not in MAY_READ[_layer(model)]
    ]
    assert wrong == []


def test_only_staging_reads_sources_and_only_its_own(manifest: dict[str, Any]) -> None:
    wrong = [
        f"{model['name']} reads {parent['source_name']}.{parent['name']}"
        for model in _models(manifest)
        for parent in _parents(manifest, model)
        if parent["resource_type"] == "source"
        and [_layer(model), model["fqn"][2]] != ["staging", parent["source_name"]]
    ]
    assert wrong == []


def test_a_model_is_named_as_its_layer_says(manifest: dict[str, Any]) -> None:
    wrong = [m["name"] for m in _models(manifest) if not m["name"].startswith(PREFIXES[_layer(m)])]
    assert wrong == []


def test_each_model_has_one_yml_beside_it_with_its_grain(manifest: dict[str, Any]) -> None:
    for model in _models(manifest):
        assert model["patch_path"], f"{model['name']} has no .yml"
        described_in = Path(model["patch_path"].split("://")[1])
        assert described_in == Path(model["original_file_path"]).with_suffix(".yml")
        assert model["description"], f"{model['name']} has no description"


def test_every_column_of_a_contract_is_described(manifest: dict[str, Any]) -> None:
    missing = [
        f"{model['name']}.{column['name']}"
        for model in _models(manifest)
        for column in model["columns"].values()
        if not column["description"]
    ]
    assert missing == []


def test_what_the_exporter_reads_has_an_enforced_contract(manifest: dict[str, Any]) -> None:
    exports = [m for m in _models(manifest) if _layer(m) == "exports"]
    assert exports
    assert [m["name"] for m in exports if not m["contract"]["enforced"]] == []


@pytest.mark.parametrize(
    ("variable", "folder", "prefix"),
    [
        ("segments", "segments", "seg_"),
        ("triggers", "triggers", "trg_"),
        ("campaigns", "campaigns", "cmp_"),
        ("journeys", "journeys", "jrn_"),
    ],
)
def test_the_lists_in_vars_are_complete(manifest: dict[str, Any], variable: str, folder: str, prefix: str) -> None:
    import yaml

    listed = yaml.safe_load((REPO / "dbt_project.yml").read_text())["vars"][variable]
    files = sorted(p.stem.removeprefix(prefix) for p in (REPO / "models/marts" / folder).glob(f"{prefix}*.sql"))
    assert sorted(listed) == files


def test_each_campaign_has_its_model_its_export_and_its_templates(manifest: dict[str, Any]) -> None:
    names = {m["name"] for m in _models(manifest)}
    modelled = {name.removeprefix("cmp_") for name in names if name.startswith("cmp_")}
    # Profiles for another system are no campaign's.
    exported = {name.removeprefix("exp_") for name in names if name.startswith("exp_") and "__" not in name}
    exported -= {"profile_sync"}
    templated = {p.parent.name for p in (REPO / "exports/campaigns").glob("*/campaign.yml")}
    assert modelled == exported == templated


def test_a_campaign_s_templates_and_its_policy_agree(manifest: dict[str, Any]) -> None:
    import yaml

    for model in _models(manifest):
        if model["name"].startswith("cmp_"):
            folder = REPO / "exports/campaigns" / model["name"].removeprefix("cmp_")
            definition = yaml.safe_load((folder / "campaign.yml").read_text())
            policy = model["config"]["meta"]
            assert (definition["message_class"], definition["purpose"]) == (policy["message_class"], policy["purpose"])


def test_each_list_of_recommendations_has_its_table_and_room_for_its_products(manifest: dict[str, Any]) -> None:
    import csv

    import yaml

    with (REPO / "seeds/recommendation_lists.csv").open(newline="") as lines:
        lists = {(row["campaign"], row["list_name"]): int(row["maximum_items"]) for row in csv.DictReader(lines)}
    filled = {
        tuple(m["name"].removeprefix("exp_").split("__"))
        for m in _models(manifest)
        if "__" in m["name"] and "model.postroom.fct_recommendations" in m["depends_on"]["nodes"]
    }
    assert lists.keys() == filled
    for (campaign, name), maximum in lists.items():
        definition = yaml.safe_load((REPO / f"exports/campaigns/{campaign}/campaign.yml").read_text())
        assert definition["lists"][name]["maximum"] >= maximum, f"{campaign} does not show all that it recommends"


def test_a_campaign_that_makes_an_offer_tells_of_it(manifest: dict[str, Any]) -> None:
    import csv

    import yaml

    told = {"offer_code", "offer_percent", "offer_expires_at"}
    models = {m["name"]: m for m in _models(manifest)}
    with (REPO / "seeds/offers.csv").open(newline="") as lines:
        campaigns = {row["campaign"] for row in csv.DictReader(lines)}
    reading = {name for name, m in models.items() if "model.postroom.fct_offer_codes" in m["depends_on"]["nodes"]}
    assert {f"exp_{campaign}" for campaign in campaigns} == {name for name in reading if name.startswith("exp_")}
    for campaign in campaigns:
        definition = yaml.safe_load((REPO / f"exports/campaigns/{campaign}/campaign.yml").read_text())
        assert told <= set(models[f"exp_{campaign}"]["columns"]) & set(definition["tokens"]), campaign


def test_published_models_are_dated(manifest: dict[str, Any]) -> None:
    published = [m for m in _models(manifest) if m["config"]["meta"].get("publish")]
    assert {m["name"] for m in published} >= {"dim_identities", "fct_segment_memberships", "fct_campaign_decisions"}
    assert [m["name"] for m in published if "as_of_date" not in m["columns"]] == []


def test_history_is_declared_as_it_is_published(manifest: dict[str, Any]) -> None:
    models = {m["name"]: m for m in _models(manifest)}
    for source in manifest["sources"].values():
        if source["source_name"] == "history":
            published = models[source["name"]]
            assert published["config"]["meta"].get("publish"), (
                f"{source['name']} is read from history but not published"
            )
            assert set(source["columns"]) <= set(published["columns"])
