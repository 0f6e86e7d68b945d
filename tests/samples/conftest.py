"""The worlds that several tests read."""

from __future__ import annotations

import pytest

from tests.samples.made_worlds import Made, make


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """A world with every kind of dirt in it, quick to make."""
    return make(tmp_path_factory.mktemp("small"), people=240, days=8)


@pytest.fixture(scope="session")
def usual(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """The world that the defaults make."""
    return make(tmp_path_factory.mktemp("usual"))
