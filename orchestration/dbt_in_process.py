"""dbt in this process, with what has been parsed already: it starts in a second, a process of its own in many."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from orchestration.dbt_project import manifest, only_parse, parse, parse_folder
from orchestration.settings import PROJECT


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
    arguments += ["--target-path", str(target), "--vars", json.dumps(variables), "--no-write-json"]
    arguments += ["--indirect-selection", "empty", "--select", *select]
    try:
        result = dbtRunner(manifest=_parsed()).invoke(arguments)
    finally:
        # Or this process would hold the file.
        DuckDBConnectionManager.close_all_connections()  # type: ignore[no-untyped-call]
    if not result.success:
        outcomes: Any = result.result or ()
        failed = [f"{each.node.name}: {each.message}" for each in outcomes if each.status in ("error", "fail")]
        raise BuildFailedError("\n".join(failed) or str(result.exception))


@cache
def _parsed() -> Any:
    from dbt.contracts.graph.manifest import Manifest

    manifest()
    path = parse_folder() / "partial_parse.msgpack"
    if not path.exists():
        with only_parse() as lock:
            parse(parse_folder(), lock)
    parsed = Manifest.from_msgpack(path.read_bytes())
    # What macros see as `graph`; dbt makes it when it parses.
    parsed.build_flat_graph()  # type: ignore[no-untyped-call]
    return parsed
