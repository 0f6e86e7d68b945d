"""A dbt whose run has been killed neither goes on writing the warehouse nor begins to."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from doctor.locks import holders
from engine import Vault
from orchestration.database import open_database
from tests.conftest import REPO
from tests.end_to_end.conftest import BIN
from tests.processes import group, is_alive

# Starts dbt as the daily run does, and says which process that is.
_RUN = """
import sys
from pathlib import Path
from dagster_dbt import DbtCliResource
from orchestration.settings import dbt_environment

folder, dbt, profiles = sys.argv[1:]
dbt_environment(Path(folder) / "warehouse.duckdb", is_child=True)
resource = DbtCliResource(project_dir=folder, profiles_dir=profiles, dbt_executable=dbt)
started = resource.cli(["run"], target_path=Path(folder) / "target")
print(started.process.pid, flush=True)
started.wait()
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A dbt project of one model, which takes for ever."""
    (tmp_path / "models").mkdir()
    (tmp_path / "models/endless.sql").write_text("select count(*) as n from range(1000000000) a, range(1000000000) b")
    (tmp_path / "dbt_project.yml").write_text("name: small\nprofile: postroom\nmodels: {+materialized: table}\n")
    return tmp_path


@pytest.fixture
def run(project: Path) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-c", _RUN, str(project), str(BIN / "dbt"), str(REPO)]
    with subprocess.Popen(command, cwd=REPO, stdout=subprocess.PIPE, text=True, start_new_session=True) as process:
        yield process
        if any(is_alive(pid) for pid in group(process.pid)):
            os.killpg(process.pid, signal.SIGKILL)


def _until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end, "dbt goes on"
        time.sleep(0.05)


def test_killed_while_dbt_builds_the_warehouse_is_let_go(project: Path, run: subprocess.Popen[str]) -> None:
    assert run.stdout
    dbt = int(run.stdout.readline())
    warehouse = project / "warehouse.duckdb"
    _until(lambda: holders(warehouse) == [dbt])
    run.kill()
    run.wait()
    # A process that ends has its files until the last of its threads has ended.
    _until(lambda: not holders(warehouse))
    open_database(warehouse, Vault()).close()


def test_killed_before_dbt_opens_the_warehouse_it_never_does(project: Path, run: subprocess.Popen[str]) -> None:
    assert run.stdout
    dbt = int(run.stdout.readline())
    run.kill()
    run.wait()
    assert not (project / "warehouse.duckdb").exists()
    _until(lambda: not is_alive(dbt))
    assert not (project / "warehouse.duckdb").exists()
