"""What the tests over a real warehouse share."""

from collections.abc import Callable
from pathlib import Path

import pytest
from dbt.contracts.graph.manifest import Manifest

from .small_warehouse import SmallWarehouse, parse_project


@pytest.fixture(scope="session")
def parsed_project(tmp_path_factory: pytest.TempPathFactory) -> Manifest:
    """The dbt project as it is now, parsed once."""
    return parse_project(tmp_path_factory.mktemp("parse"))


@pytest.fixture
def new_warehouse(tmp_path: Path, parsed_project: Manifest) -> Callable[[str], SmallWarehouse]:
    """Makes empty warehouses, each under a name of its own."""
    return lambda name: SmallWarehouse(tmp_path / name, parsed_project)
