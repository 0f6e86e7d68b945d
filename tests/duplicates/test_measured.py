"""What docs/duplicates.md says was measured, a little below: the floors of precision and recall."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import REPO


@pytest.mark.parametrize(
    ("name", "recall"),
    [
        ("febrl1", 0.97),
        pytest.param("febrl3", 0.94, marks=pytest.mark.heavy),
        pytest.param("fake_1000", 0.75, marks=pytest.mark.heavy),
    ],
)
def test_known_duplicates_are_proposed_and_little_else(name: str, recall: float, shared_data: Path) -> None:
    measured = subprocess.run(
        [sys.executable, "-m", "benchmarks.duplicates", shared_data / "identity", name],
        cwd=REPO,
        capture_output=True,
        text=True,
        check=True,
    )
    figures = json.loads(measured.stdout.splitlines()[-1])
    assert figures["precision"] >= 0.98
    assert figures["recall"] >= recall
