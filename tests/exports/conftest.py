"""The real campaigns, and copies of them to break."""

import shutil
from pathlib import Path

import pytest
from export_rows import LIBRARY, load

from exports import Campaign


@pytest.fixture(scope="session")
def winback() -> Campaign:
    return load("winback")


@pytest.fixture(scope="session")
def cart_reminder() -> Campaign:
    return load("cart_reminder")


@pytest.fixture
def library(tmp_path: Path) -> Path:
    """A copy of layouts, blocks and campaigns that a test may break."""
    for part in ("layouts", "blocks", "campaigns"):
        shutil.copytree(LIBRARY / part, tmp_path / "library" / part)
    return tmp_path / "library"
