"""The dbt project as Dagster and the loader see it: its manifest, kept up to date with the files."""

from __future__ import annotations

import fcntl
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from disk import make_folder, write_whole
from orchestration.settings import PROJECT, dbt_environment, settings

if TYPE_CHECKING:
    from dagster_dbt import DbtProject

DBT = Path(sys.executable).parent / "dbt"
# Nothing reads two descriptions of the whole project, a third of dbt's start, nor a log of every statement, a fifth of
# a pulse's build.
LEAN = ("--no-write-json", "--log-level-file", "info")
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
    if not is_current(path):
        with only_parse() as lock:
            if not is_current(path):
                scratch = parse_folder()
                parse(scratch, lock)
                # Whole: another process may be reading it.
                write_whole(path, (scratch / "manifest.json").read_bytes())
    parsed: dict[str, Any] = json.loads(path.read_text())
    return parsed


@contextmanager
def only_parse() -> Iterator[int]:
    """Wait for the parse of another process: two would write the same files. Gives the lock, for `parse`."""
    make_folder(settings().dbt_target)
    with (settings().dbt_target / "parse.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield lock.fileno()


def parse_folder() -> Path:
    """Where dbt keeps what it has parsed."""
    return settings().dbt_target / "parse"


def is_current(path: Path) -> bool:
    """Whether a manifest is there, and no file of the project is newer."""
    return path.exists() and path.stat().st_mtime >= _last_edit()


def _last_edit() -> float:
    files = (f for name in _PARSED for f in [PROJECT / name, *(PROJECT / name).rglob("*")])
    return max(f.stat().st_mtime for f in files if f.exists())


def parse(target: Path, *locks: int) -> None:
    """Have dbt write the project's manifest into a folder. It holds the locks too: should this process be killed, those
    that wait for them wait until dbt has ended.

    Raises:
        RuntimeError: the project does not parse; the message is dbt's own.
    """
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
            target,
            "--log-path",
            target / "logs",
        ],
        capture_output=True,
        text=True,
        check=False,
        pass_fds=locks,
    )
    if done.returncode:
        raise RuntimeError(f"The dbt project does not parse:\n{done.stdout}{done.stderr}")
