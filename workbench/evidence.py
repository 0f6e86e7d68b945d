"""Evidence as it may be shown to whoever edits a definition: without what names somebody or tells where they live."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any


def personal_names(manifest: Mapping[str, Any]) -> frozenset[str]:
    """The names of all columns of sources and models that are tagged `pii`."""
    nodes = [*manifest["sources"].values(), *manifest["nodes"].values()]
    columns = [column for node in nodes for column in node["columns"].values()]
    return frozenset(c["name"] for c in columns if "pii" in (*c["config"].get("tags", ()), *c.get("tags", ())))


def without_personal(evidence: str | None, personal: frozenset[str]) -> str:
    """Evidence (JSON) without the keys that are such names; nothing of a text that is no JSON object."""
    try:
        held = json.loads(evidence or "{}")
    except ValueError:
        return ""
    if not isinstance(held, dict):
        return ""
    return json.dumps({key: value for key, value in held.items() if key not in personal}, ensure_ascii=False)
