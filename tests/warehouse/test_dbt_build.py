"""Every model, unit test and data test, on a warehouse in which nothing has landed yet."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import duckdb

from orchestration.settings import settings
from orchestration.zones import create_views
from tests.conftest import REPO


def test_everything_builds_and_every_unit_test_holds(tmp_path: Path, home: Path, manifest: dict[str, Any]) -> None:
    warehouse = tmp_path / "warehouse.duckdb"
    with duckdb.connect(str(warehouse)) as connection:
        create_views(connection, manifest, settings())
    paths = {
        "POSTROOM_WAREHOUSE": str(warehouse),
        "DBT_TARGET_PATH": str(tmp_path / "t"),
        "DBT_LOG_PATH": str(tmp_path),
    }
    done = subprocess.run(
        [
            Path(sys.executable).parent / "dbt",
            "build",
            "--profiles-dir",
            REPO,
            "--vars",
            "{as_of: '2026-03-02 00:00:00'}",
        ],
        cwd=REPO,
        env={**os.environ, **paths},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-6000:]
    assert " unit tests" in done.stdout
    assert "WARN=0 ERROR=0 SKIP=0" in done.stdout
