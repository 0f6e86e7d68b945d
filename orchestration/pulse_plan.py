"""What takes part in a pulse, by the manifest: the campaigns that say so, and all that they are made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from orchestration import export_tables

_PEOPLE = "dim_pulse_people"
Node = Mapping[str, Any]


@dataclass(frozen=True)
class Plan:
    """What a pulse builds, in dbt's names, and what it keeps of the last daily run, by the manifest.

    `campaigns` are those with `pulse: true`, `triggers` the ones they come from, directly or by a journey.
    `people` is built first, from what it has `read` of the last daily run: it says whom the pulse is about, and so what
    is `kept`.
    """

    campaigns: list[str]
    triggers: list[str]
    people: list[str]
    read: list[Node]
    built: list[str]
    tests: list[str]
    kept: list[Node]
    tables: set[tuple[str, str]]

    @classmethod
    def of(cls, manifest: Mapping[str, Any]) -> Plan:
        """The exports of the campaigns with all that they are made of, down to what is kept."""
        nodes, package = manifest["nodes"], manifest["metadata"]["project_name"]
        models = {n["name"]: n for n in nodes.values() if n["resource_type"] == "model"}
        campaigns = [n[4:] for n, m in models.items() if n.startswith("cmp_") and m["config"]["meta"].get("pulse")]
        triggers = _triggers(models, campaigns)
        left_out = {
            f"model.{package}.{name}"
            for name in models
            if name.startswith(("cmp_", "trg_")) and name[4:] not in (*campaigns, *triggers)
        }
        seen: set[str] = set()
        exports = [m["unique_id"] for c in campaigns for m in export_tables.export_models(manifest, c)]
        gates = models["fct_campaign_gates"]["unique_id"]
        queue = [*exports, gates, models[_PEOPLE]["unique_id"]]
        while queue:
            node = queue.pop()
            if node not in seen and node not in left_out:
                seen.add(node)
                queue += [] if node in nodes and _is_held(nodes[node]) else manifest["parent_map"].get(node, [])
        found = [nodes[n] for n in seen if n in nodes]
        built = [n for n in found if not _is_held(n)]
        people = _people(manifest, nodes, models[_PEOPLE]["unique_id"])
        beneath = {parent for name in people for parent in manifest["parent_map"][models[name]["unique_id"]]}
        return cls(
            campaigns=sorted(campaigns),
            triggers=sorted(triggers),
            people=sorted(people),
            read=[n for n in found if n["unique_id"] in beneath and n["name"] not in people],
            built=sorted({n["name"] for n in built} - set(people)),
            tests=_tests(manifest, {n["unique_id"] for n in found}, {*exports, gates}),
            kept=[n for n in found if keeps(n) is not None],
            tables={(s["source_name"], s["name"]) for s in (manifest["sources"].get(n) for n in seen) if s},
        )


def _triggers(models: Mapping[str, Node], campaigns: Sequence[str]) -> list[str]:
    own = {models[f"cmp_{c}"]["config"]["meta"].get("trigger") for c in campaigns} - {None}
    journeys = [m["config"]["meta"] for name, m in models.items() if name.startswith("jrn_")]
    return sorted(own | {j["entry"]["trigger"] for j in journeys if _sent_by(j["steps"]) & set(campaigns)})


def _sent_by(steps: Any) -> set[str]:
    """The campaigns among the steps of a journey, however deep."""
    if isinstance(steps, list):
        return {name for step in steps for name in _sent_by(step)}
    if isinstance(steps, dict):
        return {steps["send"]} if "send" in steps else {name for value in steps.values() for name in _sent_by(value)}
    return set()


def keeps(node: Node) -> str | None:
    """The condition on the rows that are kept of the last daily run; None where the model is made anew."""
    return "true" if node["resource_type"] == "seed" else node["config"]["meta"].get("pulse_keeps")


def adds(node: Node) -> bool:
    """Whether a pulse adds to what it keeps: an incremental model does, and one that says so by kept_rows."""
    return node["config"]["materialized"] == "incremental" or "kept_rows(" in node.get("raw_code", "")


def _is_held(node: Node) -> bool:
    return keeps(node) is not None and not adds(node)


def _people(manifest: Mapping[str, Any], nodes: Mapping[str, Node], people: str) -> set[str]:
    """The model that says whom a pulse is about, and what it reads of the new extracts."""
    names = {nodes[people]["name"]}
    queue = [people]
    while queue:
        for parent in manifest["parent_map"][queue.pop()]:
            node = nodes.get(parent)
            if node and node["name"].startswith(("int_pulse__", "stg_")):
                names.add(node["name"])
                queue.append(parent)
    return names


def _tests(manifest: Mapping[str, Any], seen: set[str], guarded: set[str]) -> list[str]:
    """The data tests of what leaves, and of the decisions it was made by: those that need nothing else."""
    decided = {n for n in seen if ".fct_campaign_" in n} | guarded
    return sorted(
        n["name"]
        for n in manifest["nodes"].values()
        if n["resource_type"] == "test"
        and set(n["depends_on"]["nodes"]) <= seen
        and set(n["depends_on"]["nodes"]) & decided
    )
