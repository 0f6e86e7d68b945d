"""Set-up says what is missing, on a machine that lacks it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import REPO

LOCK = "six==1.17.0 \\\n    --hash=sha256:4721f391ed90541fddacab5acf947aa0d3dc7d27b2e1e8eda2be8970586c3274\n"


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    shutil.copytree(REPO / ".ci", tmp_path / ".ci")
    (tmp_path / "lock.txt").write_text(LOCK)
    return tmp_path


def _run(checkout: Path, *command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        cwd=checkout,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_without_a_python_that_fits_it_says_which_ones_do(checkout: Path) -> None:
    done = _run(checkout, "bash", ".ci/make-venv", PYTHON="/bin/false no-such-python")
    assert done.returncode
    assert "Postroom needs Python 3.11, 3.12 or 3.13" in done.stderr
    assert "make run PYTHON=" in done.stderr
    assert not (checkout / ".venv").exists()


def test_without_a_network_it_says_that_it_needs_one(checkout: Path) -> None:
    assert _run(checkout, "bash", ".ci/make-venv", PYTHON=sys.executable).returncode == 0
    # Nothing listens there: what pip meets is what it meets without a network.
    nowhere = {"PIP_INDEX_URL": "http://127.0.0.1:9/simple", "PIP_RETRIES": "0", "PIP_CONFIG_FILE": os.devnull}
    done = _run(checkout, "bash", ".ci/install", "lock.txt", PIP_FIND_LINKS="", PIP_EXTRA_INDEX_URL="", **nowhere)
    assert done.returncode
    assert "Without a network set-up cannot work" in done.stderr
