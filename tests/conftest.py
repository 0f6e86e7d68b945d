"""What all tests share: a home of their own, and dbt's manifest parsed once per process."""

from __future__ import annotations

import os
import shutil
import signal
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser

REPO = Path(__file__).resolve().parent.parent
SHARED_DATA = REPO.parent / "shared" / "data"


def heeds_signals() -> None:
    """Before a child's command begins: what was started in the background may have been told to ignore these."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)


@pytest.fixture(scope="session", autouse=True)
def session_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """No test touches the developer's own data/."""
    from orchestration.settings import export_environment, settings

    home = tmp_path_factory.mktemp("home")
    os.environ["POSTROOM_HOME"] = str(home)
    os.environ["POSTROOM_SETTLE_SECONDS"] = "0"
    settings.cache_clear()
    export_environment()
    return home


@pytest.fixture(autouse=True)
def shared_connection(request: pytest.FixtureRequest) -> Iterator[None]:
    """DuckDB has one connection for all of a process: no test leaves it in a transaction that has failed."""
    yield
    try:
        duckdb.execute("select 1")
    except duckdb.TransactionException:
        duckdb.execute("rollback")
        warnings.warn(f"{request.node.nodeid} left DuckDB's shared connection in a failed transaction", stacklevel=1)


@pytest.fixture(scope="session")
def manifest(session_home: Path) -> dict[str, Any]:
    from orchestration.dbt_project import manifest

    return manifest()


@pytest.fixture
def home(tmp_path: Path, session_home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty POSTROOM_HOME for one test."""
    from orchestration.settings import export_environment, settings

    monkeypatch.setenv("POSTROOM_HOME", str(tmp_path / "data"))
    settings.cache_clear()
    export_environment()
    yield tmp_path / "data"
    monkeypatch.undo()
    settings.cache_clear()
    export_environment()


@pytest.fixture(scope="session")
def shared_data() -> Path:
    if not SHARED_DATA.is_dir():
        pytest.skip("the real data sets are not beside this checkout (../shared/data)")
    return SHARED_DATA


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """A real Chromium without a window: one for all tests, for Playwright runs no second one beside it."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        pytest.skip("no Chromium on this machine (Debian and Ubuntu: apt-get install chromium)")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield launched
        launched.close()
