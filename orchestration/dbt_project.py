"""The dbt project as Dagster and the loader see it: its manifest, kept up to date with the files."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from disk import write_whole
from orchestration.settings import PROJECT, dbt_environment, settings

if TYPE_CHECKING:
    from dagster_dbt import DbtProject

DBT = Path(sys.executable).parent / "dbt"
_PARSE = "parse"
_PARSED = ("models", "seeds", "macros", "tests/dbt", "dbt_project.yml", "profiles.yml")


def project() -> DbtProject:
    # It takes longer to load than most commands take.
    from dagster_dbt import DbtProject

    return DbtProject(PROJECT, target_path=settings().dbt_target, profiles_dir=PROJECT)


@cache
def manifest() -> dict[str, Any]:
    """dbt's manifest, parsed anew when a file of the project is newer.

    Raises:
        RuntimeError: the project does not parse; the message is dbt's own.
    """
    path = settings().dbt_target / "manifest.json"
    if not path.exists() or path.stat().st_mtime < _last_edit():
        _parse(path)
    parsed: dict[str, Any] = json.loads(path.read_text())
    return parsed


def _last_edit() -> float:
    files = (f for name in _PARSED for f in [PROJECT / name, *(PROJECT / name).rglob("*")])
    return max(f.stat().st_mtime for f in files if f.exists())


def _parse(path: Path) -> None:
    """Write the manifest anew, whole: another process may be reading it."""
    scratch = path.with_name(_PARSE)
    dbt_environment(settings().home / "warehouse.duckdb")
    done = subprocess.run(
        [
            DBT,
            "--quiet",
            "parse",
            "--project-dir",
            PROJECT,
            "--profiles-dir",
            PROJECT,
            "--target-path",
            scratch,
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"The dbt project does not parse:\n{done.stdout}{done.stderr}")
    write_whole(path, (scratch / "manifest.json").read_bytes())


def build_in_process(select: Sequence[str], *, target: Path, variables: Mapping[str, Any]) -> None:
    """Build nodes by dbt in this process, with the manifest as it has been parsed: it starts in a second.

    Raises:
        RuntimeError: a model or a test failed; the message says which and how.
    """
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager
    from dbt.cli.main import dbtRunner

    manifest()
    arguments = ["--quiet", "build", "--project-dir", str(PROJECT), "--profiles-dir", str(PROJECT)]
    arguments += ["--target-path", str(target), "--vars", json.dumps(variables), "--no-write-json"]
    arguments += ["--indirect-selection", "empty", "--select", *select]
    try:
        result = dbtRunner(manifest=_parsed_manifest()).invoke(arguments)
    finally:
        # Or this process would hold the file.
        DuckDBConnectionManager.close_all_connections()
    if not result.success:
        failed = [f"{r.node.name}: {r.message}" for r in result.result or () if r.status in ("error", "fail")]
        raise RuntimeError("\n".join(failed) or str(result.exception))


@cache
def _parsed_manifest() -> Any:
    from dbt.contracts.graph.manifest import Manifest

    parsed = Manifest.from_msgpack((settings().dbt_target / _PARSE / "partial_parse.msgpack").read_bytes())
    # What macros see as `graph`; dbt makes it when it parses.
    parsed.build_flat_graph()
    return parsed
