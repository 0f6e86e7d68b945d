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
    """A copy of layouts, blocks and campaigns that a test may break.

    Its winback is the one in `plain/`, which has MJML of its own, and words that stay.
    """
    for part in ("layouts", "blocks", "campaigns"):
        shutil.copytree(LIBRARY / part, tmp_path / "library" / part)
    shutil.rmtree(tmp_path / "library/campaigns/winback")
    shutil.copytree(Path(__file__).with_name("plain"), tmp_path / "library/campaigns/winback")
    return tmp_path / "library"
