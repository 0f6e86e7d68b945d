"""Personal data is tagged wherever it goes, and so shows in dbt's docs."""

from __future__ import annotations

import re
from typing import Any

# What models call it; a source's own columns say it themselves. `direct` names somebody, `indirect` tells of one.
KNOWN = {
    "additional_emails": "direct",
    "additional_emails_as_given": "direct",
    "address": "direct",
    "birth_on": "indirect",
    "cart_id": "indirect",
    "chosen_value": "direct",
    "component_id": "indirect",
    "contact_id": "indirect",
    "country_code": "indirect",
    "country_name": "indirect",
    "customer_id": "indirect",
    "email": "direct",
    "email_as_given": "direct",
    "email_key": "direct",
    "evidence_node_id": "direct",
    "example_contact_ids": "indirect",
    "first_name": "direct",
    "former_customer_id": "indirect",
    "identifier_value": "direct",
    "last_name": "direct",
    "local_part": "direct",
    "mailbox_node_id": "direct",
    "merged_contact_id": "indirect",
    "merged_contact_ids": "indirect",
    "merged_into_contact_id": "indirect",
    "node_a": "direct",
    "node_b": "direct",
    "node_id": "direct",
    "other_customer_id": "indirect",
    "other_value": "direct",
    "override_line": "direct",
    "person_id": "indirect",
    "phone": "direct",
    "phone_as_given": "direct",
    "phone_key": "direct",
    "postal_code": "indirect",
    "record_example": "indirect",
    "record_id": "indirect",
    "region": "indirect",
    "stated_value": "direct",
    "tied_to_example": "direct",
    "to_email": "direct",
    "to_name": "direct",
    "value_as_given": "direct",
    "visitor_id": "indirect",
    "would_merge_examples": "direct",
}
# The name of every table's key says nothing of what it holds.
GENERIC = {"id"}


def _known_as(column: str) -> str:
    """A pair's columns are called `<name>_a` and `<name>_b`."""
    return column if column in KNOWN else re.sub("_[ab]$", "", column)


def _tag(column: dict[str, Any]) -> str | None:
    config = column["config"]
    return config["meta"].get("pii") if "pii" in config["tags"] else None


def _sources(manifest: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {
        f"{source['source_name']}.{source['name']}.{column['name']}": column
        for source in manifest["sources"].values()
        for column in source["columns"].values()
    }


def test_every_pii_column_of_a_source_is_tagged(manifest: dict[str, Any]) -> None:
    declared = {name: c for name, c in _sources(manifest).items() if c["config"]["meta"].get("pii")}
    assert declared
    assert [name for name, column in declared.items() if _tag(column) not in ("direct", "indirect")] == []


def test_every_column_of_a_model_that_carries_it_is_tagged(manifest: dict[str, Any]) -> None:
    names = {c["name"] for c in _sources(manifest).values() if _tag(c)} - GENERIC | KNOWN.keys()
    models = [n for n in manifest["nodes"].values() if n["resource_type"] == "model"]
    columns = [(m["name"], c) for m in models for c in m["columns"].values() if _known_as(c["name"]) in names]
    assert len(columns) > 100
    assert [f"{model}.{c['name']}" for model, c in columns if _tag(c) not in ("direct", "indirect")] == []
