"""dbt in this process, on a warehouse and a project of one's choice."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from dbt.adapters.duckdb.connections import DuckDBConnectionManager
from dbt.cli.main import dbtRunner
from dbt.contracts.graph.manifest import Manifest

from orchestration import dbt_project
from orchestration.settings import PROJECT, dbt_environment
from workbench.errors import WorkbenchError


def parsed_project() -> Manifest:
    """The project as it is now, in the form that dbt takes back.

    Raises:
        WorkbenchError: the project does not parse; dbt's own words say which file and line.
    """
    try:
        return dbt_project.parsed_project()
    except dbt_project.ProjectError as error:
        raise WorkbenchError(str(error)) from None


def parse(project_dir: Path, target: Path) -> Manifest:
    """A project parsed; `target` takes what dbt writes meanwhile, manifest.json among it.

    Raises:
        WorkbenchError: as `run`.
    """
    manifest: Manifest = run(["parse"], target / "none.duckdb", target, project_dir=project_dir)
    return manifest


def run(
    arguments: Sequence[str],
    warehouse: Path,
    target: Path,
    *,
    as_of: datetime | None = None,
    variables: str = "",
    manifest: Manifest | None = None,
    project_dir: Path = PROJECT,
) -> Any:
    """Run a dbt command and give its result; the profile and the plugins are today's, whatever the project.

    `variables` are further ones, as in `minimum_segment_size: 0`.

    Raises:
        WorkbenchError: it failed; the message has the nodes that did, with file and line as far as dbt says.
    """
    dbt_environment(warehouse)
    clock = [f"as_of: '{as_of}'"] if as_of else []
    given = ", ".join([*clock, *([variables] if variables else [])])
    if manifest is not None:
        # What macros see as `graph`; dbt makes it of what it has parsed itself only.
        manifest.build_flat_graph()  # type: ignore[no-untyped-call]
    outcome = dbtRunner(manifest=manifest).invoke(
        [
            *arguments,
            *(["--vars", f"{{{given}}}"] if given else []),
            *("--project-dir", str(project_dir), "--profiles-dir", str(PROJECT), "--target-path", str(target)),
            *("--log-level", "none", "--quiet"),
            # Nobody reads what a run says of itself; of a parse the manifest is wanted.
            *([] if arguments[0] == "parse" else ["--no-write-json"]),
        ]
    )
    # dbt keeps the warehouse open in its process; it is opened next.
    DuckDBConnectionManager.close_all_connections()  # type: ignore[no-untyped-call]
    if not outcome.success:
        raise WorkbenchError(_said(outcome))
    return outcome.result


def _said(outcome: Any) -> str:
    failed = [
        f"{result.node.original_file_path}: {result.message.strip()}"
        for result in getattr(outcome.result, "results", None) or []
        if result.status in ("error", "fail")
    ]
    return "\n".join(failed) or str(outcome.exception).strip()
