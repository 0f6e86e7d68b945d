"""The dbt project as Dagster and the loader see it: its manifest, kept up to date with the files."""

from __future__ import annotations

import fcntl
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from disk import make_folder, write_whole
from orchestration.code import hash_of_files
from orchestration.settings import PROJECT, dbt_environment, settings

if TYPE_CHECKING:
    from dagster_dbt import DbtProject
    from dbt.contracts.graph.manifest import Manifest

DBT = Path(sys.executable).parent / "dbt"
# Nothing reads two descriptions of the whole project, a third of dbt's start, nor a log of every statement, a fifth of
# a pulse's build.
LEAN = ("--no-write-json", "--log-level-file", "info")
# What the manifest was parsed from, in its metadata.
_PARSED_FROM = "parsed_from"
_PARSED = ("models", "seeds", "macros", "tests/dbt", "dbt_project.yml", "profiles.yml")


class ProjectError(RuntimeError):
    """The project does not parse: a file of it is at fault, which whoever edits it mends."""


def project() -> DbtProject:
    # It takes longer to load than most commands take.
    from dagster_dbt import DbtProject

    return DbtProject(PROJECT, target_path=settings().dbt_target, profiles_dir=PROJECT)


@cache
def manifest() -> dict[str, Any]:
    """dbt's manifest, parsed anew when a file of the project is not as it was.

    Raises:
        ProjectError: the project does not parse; the message is dbt's own.
    """
    return kept_manifest() or _parsed_manifest()


def kept_manifest() -> dict[str, Any] | None:
    """The manifest of the last parse; None where there is none, or the project is another by now."""
    try:
        kept: dict[str, Any] = json.loads(_manifest_path().read_bytes())
        return kept if kept["metadata"].get(_PARSED_FROM) == _fingerprint() else None
    except (OSError, ValueError, KeyError):
        return None


def _parsed_manifest() -> dict[str, Any]:
    with only_parse() as lock:
        # Another process may have parsed it meanwhile.
        if kept := kept_manifest():
            return kept
        # Before the parse: what is edited meanwhile is parsed again.
        fingerprint = _fingerprint()
        parse(parse_folder(), lock)
        parsed: dict[str, Any] = json.loads((parse_folder() / "manifest.json").read_bytes())
        parsed["metadata"][_PARSED_FROM] = fingerprint
        # Whole: another process may be reading it.
        write_whole(_manifest_path(), json.dumps(parsed).encode())
        return parsed


def parsed_project() -> Manifest:
    """The project as dbt takes it back, so that it is not parsed a second time; at each call another, to be changed.

    Raises:
        ProjectError: as `manifest`.
    """
    from dbt.contracts.graph.manifest import Manifest

    manifest()
    path = parse_folder() / "partial_parse.msgpack"
    with only_parse() as lock:
        if not path.exists():
            parse(parse_folder(), lock)
        content = path.read_bytes()
    return Manifest.from_msgpack(content)


def _manifest_path() -> Path:
    return settings().dbt_target / "manifest.json"


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


def _fingerprint() -> str:
    """A hash of what dbt parses and of its version. Times would not do: an older release, or a home that is put back
    from a copy, is newer or older than what it is not of.
    """
    return hash_of_files(_PARSED, version("dbt-core"))


def parse(target: Path, *locks: int) -> None:
    """Have dbt write the project's manifest into a folder. It holds the locks too: should this process be killed, those
    that wait for them wait until dbt has ended.

    Raises:
        ProjectError: the project does not parse; the message is dbt's own.
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
        raise ProjectError(f"The dbt project does not parse:\n{_said(done.stdout + done.stderr)}")


def _said(output: str) -> str:
    """What dbt says without colours, its clock and a stack of its own."""
    plain = re.sub(r"\x1b\[\d*m|\d\d:\d\d:\d\d +Encountered an error:", "", output).strip()
    return plain.splitlines()[-1] if "Traceback (most recent call last)" in plain else plain
