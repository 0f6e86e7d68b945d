"""dbt's manifest is read whole, whatever happened to whoever wrote it."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from orchestration import dbt_project, definition_commands
from orchestration.cli import app
from tests.conftest import REPO
from tests.processes import children


def test_a_parse_that_is_killed_leaves_no_manifest_to_read(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def killed(arguments: list[Any], **_: Any) -> None:
        target = Path(arguments[arguments.index("--target-path") + 1])
        target.mkdir(parents=True)
        (target / "manifest.json").write_text('{"metadata": ')
        raise KeyboardInterrupt

    monkeypatch.setattr(subprocess, "run", killed)
    with pytest.raises(KeyboardInterrupt):
        dbt_project.manifest.__wrapped__()
    assert not (home / "dbt/manifest.json").exists()


def test_processes_that_parse_at_once_all_read_it_whole(home: Path) -> None:
    code = "from orchestration import dbt_project as p; print(len(p.manifest()['nodes']))"
    started = [
        subprocess.Popen([sys.executable, "-c", code], cwd=REPO, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        for _ in range(2)
    ]
    told = [process.communicate() for process in started]
    assert len({out for out, _ in told}) == 1 and all(process.returncode == 0 for process in started), told
    assert sorted(path.name for path in (home / "dbt").iterdir()) == ["manifest.json", "parse", "parse.lock"]


def test_whose_parse_is_killed_leaves_the_lock_with_dbt_until_that_has_ended(home: Path) -> None:
    code = "from orchestration.dbt_project import manifest; manifest()"
    with subprocess.Popen([sys.executable, "-c", code], cwd=REPO) as parent:
        while not (dbt := children(parent.pid)):
            assert parent.poll() is None, "it ended before it could be killed"
            time.sleep(0.05)
        parent.kill()
    with (home / "dbt/parse.lock").open("w") as lock:
        with pytest.raises(BlockingIOError):
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.kill(dbt[0], signal.SIGKILL)
        fcntl.flock(lock, fcntl.LOCK_EX)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project of one model in place of ours."""
    project = tmp_path / "project"
    (project / "models").mkdir(parents=True)
    (project / "dbt_project.yml").write_text("name: small\nversion: '1.0'\nprofile: small\n")
    (project / "profiles.yml").write_text("small: {target: t, outputs: {t: {type: duckdb, path: ':memory:'}}}\n")
    (project / "models/a.sql").write_text("select 1 as one")
    for module in ("code", "dbt_project"):
        monkeypatch.setattr(f"orchestration.{module}.PROJECT", project)
    return project


@pytest.mark.parametrize(
    ("model", "says"),
    [
        (b"select * from {{ ref('none') }}", "depends on a node named 'none' which was not found"),
        ("-- für\nselect 1 as one".encode("latin-1"), "'utf-8' codec can't decode"),
    ],
)
def test_a_project_that_does_not_parse_is_told_without_a_stack(
    home: Path, project: Path, monkeypatch: pytest.MonkeyPatch, model: bytes, says: str
) -> None:
    (project / "models/a.sql").write_bytes(model)
    monkeypatch.setattr(definition_commands, "manifest", dbt_project.manifest.__wrapped__)
    done = CliRunner().invoke(app, ["preview"])
    assert done.exit_code == 1
    first, *others, last = done.output.splitlines()
    assert first == "The dbt project does not parse:"
    assert says in " ".join(others)
    assert "File " not in done.output and "\x1b" not in done.output and "Encountered" not in done.output
    assert last == "`postroom lint` says all that is wrong, by file and line."


def test_another_project_is_parsed_anew_however_old_its_files_are(home: Path, project: Path) -> None:
    model = project / "models/a.sql"
    assert dbt_project.kept_manifest() is None
    parsed = dbt_project.manifest.__wrapped__()
    assert dbt_project.kept_manifest() == parsed
    model.write_text("select 2 as one")
    os.utime(model, (0, 0))
    assert dbt_project.kept_manifest() is None
    assert dbt_project.manifest.__wrapped__()["nodes"]["model.small.a"]["raw_code"] == "select 2 as one"
    model.rename(project / "models/b.sql")
    assert "model.small.b" in dbt_project.manifest.__wrapped__()["nodes"]
    (home / "dbt/manifest.json").write_text('{"metadata": ')
    assert "model.small.b" in dbt_project.manifest.__wrapped__()["nodes"]
