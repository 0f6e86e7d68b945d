"""The real campaigns, and copies of them to break."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from export_rows import LIBRARY, load

from exports import Campaign


@pytest.fixture(scope="session")
def winback() -> Campaign:
    return load("winback")


@pytest.fixture(scope="session")
def cart_reminder() -> Campaign:
    return load("cart_reminder")


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        pytest.skip("no Chromium on this machine (Debian and Ubuntu: apt-get install chromium)")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield browser
        browser.close()


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
