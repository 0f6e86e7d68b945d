"""dbt in this process, with what has been parsed already: it starts in a second, a process of its own in many."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from orchestration.dbt_project import LEAN, parsed_project
from orchestration.settings import PROJECT

_BUILT = "built_now"


class BuildFailedError(Exception):
    """A model or a data test failed; the message says which, in dbt's words."""


def build(select: Sequence[str], *, target: Path, variables: Mapping[str, Any]) -> None:
    """Build these nodes and no others.

    Raises:
        BuildFailedError: a model or a test failed.
    """
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager
    from dbt.cli.main import dbtRunner

    arguments = ["--quiet", "build", "--project-dir", str(PROJECT), "--profiles-dir", str(PROJECT)]
    arguments += ["--target-path", str(target), "--vars", json.dumps(variables), *LEAN]
    arguments += ["--indirect-selection", "empty", "--select", f"tag:{_BUILT}"]
    try:
        result = dbtRunner(manifest=_marked(set(select))).invoke(arguments)
    finally:
        # Or this process would hold the file.
        DuckDBConnectionManager.close_all_connections()  # type: ignore[no-untyped-call]
    if not result.success:
        outcomes: Any = result.result or ()
        failed = [f"{each.node.name}: {each.message}" for each in outcomes if each.status in ("error", "fail")]
        raise BuildFailedError("\n".join(failed) or str(result.exception))


def _marked(names: set[str]) -> Any:
    """What has been parsed, with a tag on these nodes and without the tests that are not among them.

    Of names, dbt would hold each to each node; and of every test it would find out what has to wait for it.
    """
    marked = copy.copy(_parsed())
    marked.nodes = {i: n for i, n in marked.nodes.items() if n.resource_type != "test" or n.name in names}
    marked.unit_tests = {}
    for node in marked.nodes.values():
        node.tags = [tag for tag in node.tags if tag != _BUILT] + [_BUILT] * (node.name in names)
    return marked


@cache
def _parsed() -> Any:
    parsed = parsed_project()
    # What macros see as `graph`; dbt makes it when it parses.
    parsed.build_flat_graph()  # type: ignore[no-untyped-call]
    return parsed
