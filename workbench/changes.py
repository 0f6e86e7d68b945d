"""Which models two versions of the project would build differently, as their manifests say."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from orchestration.warehouse import macros_fingerprint

Manifest = Mapping[str, Any]
_VARIABLE = re.compile(r"\bvar\(\s*['\"](\w+)['\"]")
# What no row depends on.
_SHOWN_ONLY = ("docs", "tags", "group", "access")


def edited_models(old: Manifest, new: Manifest) -> set[str]:
    """The names of the models and seeds that are in one only, or whose own code, macros or settings differ."""
    before, after = _nodes(old), _nodes(new)
    return (before.keys() ^ after.keys()) | {
        name
        for name in before.keys() & after.keys()
        if _own(before[name]) != _own(after[name]) or code_of(old, before[name]) != code_of(new, after[name])
    }


def changed_models(
    old: Manifest, new: Manifest, old_variables: Mapping[str, Any], new_variables: Mapping[str, Any]
) -> set[str]:
    """Those edited, those that read a variable that differs, and those that read other models' settings if any differs.

    Settings are read from dbt's graph, where dbt knows no edge.
    """
    before, after = _nodes(old), _nodes(new)
    edited = edited_models(old, new)
    variables = {n for n in {*old_variables, *new_variables} if old_variables.get(n) != new_variables.get(n)}
    both = before.keys() & after.keys()
    is_reconfigured = bool(before.keys() ^ after.keys()) or any(_config(before[n]) != _config(after[n]) for n in both)
    return edited | {
        name
        for name in both
        if (is_reconfigured and _reads_settings(after[name], code_of(new, after[name])))
        or variables & set(_VARIABLE.findall(code_of(new, after[name])))
    }


def to_build(manifest: Manifest, changed: Iterable[str], targets: Iterable[str], there: set[str]) -> set[str]:
    """What must be built for the targets: what has changed or is not there yet, and what is made of that."""
    nodes = _nodes(manifest)
    needed = _ancestors(nodes, targets)
    stale = {name for name in needed if name in set(changed) or name not in there}
    while True:
        more = {name for name in needed - stale if stale & _parents(nodes[name])}
        if not more:
            return stale
        stale |= more


def is_macro_changed(old: Manifest, new: Manifest) -> bool:
    """Whether incremental models must be made anew: dbt does not see a macro's edit in them."""
    return macros_fingerprint(old) != macros_fingerprint(new)


def _nodes(manifest: Manifest) -> dict[str, Mapping[str, Any]]:
    return {n["name"]: n for n in manifest["nodes"].values() if n["resource_type"] in ("model", "seed")}


def _parents(node: Mapping[str, Any]) -> set[str]:
    return {parent.rsplit(".", 1)[1] for parent in (node.get("depends_on") or {}).get("nodes") or ()}


def _ancestors(nodes: Mapping[str, Mapping[str, Any]], targets: Iterable[str]) -> set[str]:
    found: set[str] = set()
    left = [name for name in targets if name in nodes]
    while left:
        name = left.pop()
        if name not in found:
            found.add(name)
            left += [parent for parent in _parents(nodes[name]) if parent in nodes]
    return found


def _config(node: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in node["config"].items() if key not in _SHOWN_ONLY}


def _own(node: Mapping[str, Any]) -> tuple[Any, ...]:
    return node["checksum"]["checksum"], _config(node), sorted(_parents(node))


def _reads_settings(node: Mapping[str, Any], text: str) -> bool:
    """Whether a node reads other models' settings, by itself or by the macro for that."""
    return "graph." in (node.get("raw_code") or "") or "macro policy(" in text


def code_of(manifest: Manifest, node: Mapping[str, Any]) -> str:
    """A node's code with that of the project's macros it uses, those that these use too."""
    macros, package = manifest["macros"], manifest["metadata"]["project_name"]
    found: set[str] = set()
    left = list((node.get("depends_on") or {}).get("macros") or ())
    while left:
        macro = left.pop()
        if macro not in found and macro in macros and macros[macro]["package_name"] == package:
            found.add(macro)
            left += macros[macro]["depends_on"]["macros"]
    return "\n".join([node.get("raw_code") or "", *(macros[macro]["macro_sql"] for macro in sorted(found))])
